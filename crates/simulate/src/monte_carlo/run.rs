//! Many paths on some threads, with a stop between any two.

use super::book::{Book, Ranked};
use super::error::refuse;
use super::impact::Impact;
use super::law::{PathLaw, Steps};
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
    /// Steps of a path, 1 to 2^31.
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
        let ranked = Ranked::new(book, &self.rules)?;
        let desk = Desk {
            run: self,
            book: &ranked,
            next: AtomicU64::new(0),
            stopped: AtomicBool::new(false),
            watch: Mutex::new((Done { paths: 0, of: self.paths, liquidations: 0 }, watch)),
        };
        let mut rows = match self.threads {
            1 => desk.work(),
            threads => std::thread::scope(|scope| {
                let workers: Vec<_> = (0..threads).map(|_| scope.spawn(|| desk.work())).collect();
                let rows = workers.into_iter().map(|worker| match worker.join() {
                    Ok(rows) => rows,
                    Err(panic) => std::panic::resume_unwind(panic),
                });
                rows.flatten().collect()
            }),
        };
        rows.sort_unstable_by_key(|row| row.path);
        let accounts = book.loans().len() as u64;
        Ok(Results { rows, paths: self.paths, steps: self.steps, accounts })
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
        if !(1..=1 << 31).contains(&self.steps) {
            return Err(refuse("steps", self.steps, "1 to 2147483648"));
        }
        match self.threads {
            0 => Err(refuse("threads", 0, "at least 1")),
            _ => Ok(()),
        }
    }
}

/// What the threads of a run share.
struct Desk<'a, W> {
    run: &'a MonteCarlo,
    book: &'a Ranked,
    next: AtomicU64,
    stopped: AtomicBool,
    watch: Mutex<(Done, W)>,
}

impl<W: FnMut(Done) -> ControlFlow<()>> Desk<'_, W> {
    /// Takes paths until there are none left.
    fn work(&self) -> Vec<Row> {
        let mut overlay = Overlay::new(self.book);
        let mut rows = Vec::new();
        while !self.stopped.load(Ordering::Relaxed) {
            let path = self.next.fetch_add(1, Ordering::Relaxed);
            if path >= self.run.paths {
                break;
            }
            let steps = Steps::new(&self.run.law, self.run.seed, path);
            let row = overlay.run(self.book, &self.run.impact, steps, self.run.steps);
            rows.push(Row { path, ..row });
            self.tell(row.liquidations);
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
