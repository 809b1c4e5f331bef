//! Many paths on some threads, with a stop between any two.

use super::book::{Book, Ranked};
use super::error::refuse;
use super::impact::Impact;
use super::law::{PathLaw, Steps};
use super::observe::Observer;
use super::path::Overlay;
use super::results::{Results, Row};
use super::rules::Rules;
use super::scan::scan;
use crate::ScenarioError;
use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// What is run. Results depend on everything but `threads`.
#[derive(Debug, Clone, PartialEq)]
pub struct MonteCarlo {
    /// When accounts are liquidated and what is taken.
    pub rules: Rules,
    /// What sales do to the price.
    pub impact: Impact,
    /// How the price moves by itself.
    pub law: PathLaw,
    /// Steps of a path, at least one.
    pub steps: u32,
    /// Paths, numbered from zero.
    pub paths: u64,
    /// Of all draws.
    pub seed: u64,
    /// Threads, at least one. One means the thread that asks.
    pub threads: usize,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Done {
    /// Paths done.
    pub paths: u64,
    /// Paths in all.
    pub of: u64,
    /// Liquidations in them.
    pub liquidations: u64,
}

impl MonteCarlo {
    /// Runs every path.
    ///
    /// # Errors
    /// A setting is out of range.
    pub fn run(&self, book: &Book) -> Result<Results, ScenarioError> {
        self.watched(book, |_| ControlFlow::Continue(()))
    }

    /// Runs every path and tells after each how far it is; a break ends the run, and the results are
    /// those of the paths done by then. Which these are depends on the threads; each is what it would
    /// have been in a whole run.
    ///
    /// # Errors
    /// A setting is out of range.
    pub fn watched(
        &self,
        book: &Book,
        watch: impl FnMut(Done) -> ControlFlow<()> + Send,
    ) -> Result<Results, ScenarioError> {
        self.check()?;
        let rows = self.observed(book, || (), watch)?.into_iter().map(|(row, ())| row).collect();
        let accounts = book.loans().len() as u64;
        Ok(Results { rows, paths: self.paths, steps: self.steps, accounts })
    }

    /// The same, each path followed by an observer of its own, which is given back with its row.
    ///
    /// # Errors
    /// A setting is out of range.
    pub fn observed<O: Observer + Send>(
        &self,
        book: &Book,
        observer: impl Fn() -> O + Sync,
        watch: impl FnMut(Done) -> ControlFlow<()> + Send,
    ) -> Result<Vec<(Row, O)>, ScenarioError> {
        self.check()?;
        let work = Loans { run: self, book: Ranked::new(book, &self.rules)?, observer };
        spread(&work, self.paths, self.threads, watch)
    }

    /// One path the slow way.
    ///
    /// # Errors
    /// A setting is out of range.
    pub fn scan(&self, book: &Book, path: u64) -> Result<Row, ScenarioError> {
        self.check()?;
        let steps = Steps::new(&self.law, self.seed, path);
        let row = scan(book, &self.rules, &self.impact, steps, self.steps)?;
        Ok(Row { path, ..row })
    }

    fn check(&self) -> Result<(), ScenarioError> {
        self.impact.check()?;
        self.law.check()?;
        match self.steps {
            0 => Err(refuse("steps", 0, "at least 1")),
            _ => Ok(()),
        }
    }
}

/// Work of which every path is a function of its number.
pub(crate) trait Paths: Sync {
    /// What a thread reuses from path to path.
    type Overlay;
    /// What a path gives.
    type Row: Send;

    fn overlay(&self) -> Self::Overlay;

    fn path(&self, overlay: &mut Self::Overlay, path: u64) -> Self::Row;

    fn liquidations(row: &Self::Row) -> u64;
}

struct Loans<'a, F> {
    run: &'a MonteCarlo,
    book: Ranked,
    observer: F,
}

impl<O: Observer + Send, F: Fn() -> O + Sync> Paths for Loans<'_, F> {
    type Overlay = Overlay;
    type Row = (Row, O);

    fn overlay(&self) -> Overlay {
        Overlay::new(&self.book)
    }

    fn path(&self, overlay: &mut Overlay, path: u64) -> (Row, O) {
        let steps = Steps::new(&self.run.law, self.run.seed, path);
        let mut observer = (self.observer)();
        let row = overlay.run(&self.book, &self.run.impact, steps, self.run.steps, &mut observer);
        (Row { path, ..row }, observer)
    }

    fn liquidations((row, _): &(Row, O)) -> u64 {
        row.liquidations
    }
}

/// Runs paths on threads and gives their rows in order.
pub(crate) fn spread<P: Paths>(
    work: &P,
    paths: u64,
    threads: usize,
    watch: impl FnMut(Done) -> ControlFlow<()> + Send,
) -> Result<Vec<P::Row>, ScenarioError> {
    if threads == 0 {
        return Err(refuse("threads", 0, "at least 1"));
    }
    let desk = Desk {
        work,
        paths,
        next: AtomicU64::new(0),
        stopped: AtomicBool::new(false),
        watch: Mutex::new((Done { paths: 0, of: paths, liquidations: 0 }, watch)),
    };
    let mut rows: Vec<(u64, P::Row)> = match threads {
        1 => desk.take(),
        threads => std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(|| desk.take())).collect();
            let rows = workers.into_iter().map(|worker| match worker.join() {
                Ok(rows) => rows,
                Err(panic) => std::panic::resume_unwind(panic),
            });
            rows.flatten().collect()
        }),
    };
    rows.sort_unstable_by_key(|(path, _)| *path);
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

/// What the threads of a run share.
struct Desk<'a, P, W> {
    work: &'a P,
    paths: u64,
    next: AtomicU64,
    stopped: AtomicBool,
    watch: Mutex<(Done, W)>,
}

impl<P: Paths, W: FnMut(Done) -> ControlFlow<()>> Desk<'_, P, W> {
    /// Takes paths until there are none left.
    fn take(&self) -> Vec<(u64, P::Row)> {
        let mut overlay = self.work.overlay();
        let mut rows = Vec::new();
        while !self.stopped.load(Ordering::Relaxed) {
            let path = self.next.fetch_add(1, Ordering::Relaxed);
            if path >= self.paths {
                break;
            }
            let row = self.work.path(&mut overlay, path);
            let liquidations = P::liquidations(&row);
            rows.push((path, row));
            self.tell(liquidations);
        }
        rows
    }

    fn tell(&self, liquidations: u64) {
        // A watcher that panicked on another thread ends the run: its panic is passed on there.
        let Ok(mut watch) = self.watch.lock() else {
            return self.stopped.store(true, Ordering::Relaxed);
        };
        let (done, watch) = &mut *watch;
        done.paths += 1;
        done.liquidations += liquidations;
        if watch(*done).is_break() {
            self.stopped.store(true, Ordering::Relaxed);
        }
    }
}
