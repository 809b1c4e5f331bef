//! A tick's way through the engine over many accounts, against assessing everybody again.
//!
//! Four phases on one book: a random walk of all markets; a gap of a third in the market most
//! accounts hold, with the ticks until nobody waits; the moment at which armings that bound interest
//! expire, in a book with interest; and the same walk while a policy lets only a few accounts be assessed in one command.
//! What the engine knows is proved equal to what looking at everybody finds before the first phase,
//! within each and after each, outside of the time measured.

use crate::histogram::Histogram;
use crate::judge::judge;
use crate::lending_pool::{LendingPool, RESERVES, Setup, Spec};
use crate::print::{Table, grouped, machine, nanos, per_second, time, whole_nanos};
use crate::runs::Runs;
use crate::{Options, Result};
use breakwater_engine::{Body, Outcome};
use breakwater_liquidation::Policy;
use breakwater_market::MarketId;
use breakwater_money::time::NANOS_PER_SECOND;
use std::time::Duration;

/// Time of the pool between two ticks.
const PAUSE_NANOS: u64 = 50_000_000;

/// More than the time for which the rulebook bounds interest.
const EXPIRY_NANOS: u64 = 90_000 * NANOS_PER_SECOND;

/// One book and how long prices walk over it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Book {
    /// Its accounts.
    pub accounts: u32,
    /// Whether its reserves have an interest model.
    pub interest: bool,
    /// Ticks of the walk.
    pub ticks: u64,
}

/// Sizes of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The books.
    pub books: Vec<Book>,
    /// How often the walk is interrupted to prove the answer.
    pub checks: u64,
    /// How often everybody is assessed for comparison.
    pub rescans: usize,
    /// Accounts assessed in one command in the last phase.
    pub low_bound: u32,
    /// Ticks of the last phase.
    pub low_ticks: u64,
    /// Accounts that the model judges.
    pub judged: usize,
}

/// What one phase gave.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Phase {
    /// Which one.
    pub name: &'static str,
    /// Times of commands that assessed nobody.
    pub quiet: Histogram,
    /// Times of commands that assessed somebody.
    pub busy: Histogram,
    /// Accounts assessed exactly.
    pub assessed: u64,
    /// Most accounts that waited after a command.
    pub pending_most: u32,
    /// Accounts that waited after the last command.
    pub pending_last: u32,
    /// How often the answer was proved.
    pub checks: u64,
    /// Accounts in breach at the last proof.
    pub breaches: u64,
}

/// What one book gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// The book.
    pub book: Book,
    /// Accounts whose health the model found equal.
    pub judged: usize,
    /// What setting the book up took.
    pub setup: Setup,
    /// Accounts in breach before the first tick.
    pub breaches: u64,
    /// Times for assessing everybody and comparing.
    pub rescan: Runs,
    /// The phases, in order.
    pub phases: Vec<Phase>,
}

impl Plan {
    /// The sizes that the options ask for.
    #[must_use]
    pub fn of(options: &Options) -> Plan {
        let usual = if options.quick { vec![400] } else { vec![10_000, 100_000, 1_000_000] };
        let sizes = options.accounts.map_or(usual, |accounts| vec![accounts]);
        // Interest makes ticks dearer, so fewer of them give as good a figure.
        let ticks = if options.quick { [600, 600] } else { [100_000, 10_000] };
        let books = sizes.into_iter().flat_map(|accounts| {
            [false, true].into_iter().zip(ticks).map(move |(interest, ticks)| Book {
                accounts,
                interest,
                ticks,
            })
        });
        let books = books.collect();
        if options.quick {
            let (rescans, low_bound, low_ticks) = (1, 3, 200);
            Plan { books, checks: 30, rescans, low_bound, low_ticks, judged: 400 }
        } else {
            let (rescans, low_bound, low_ticks) = (3, 64, 20_000);
            Plan { books, checks: 4, rescans, low_bound, low_ticks, judged: 500 }
        }
    }
}

impl Phase {
    fn new(name: &'static str) -> Phase {
        Phase { name, ..Phase::default() }
    }

    /// Times of all commands.
    #[must_use]
    pub fn times(&self) -> Histogram {
        let mut all = self.quiet.clone();
        all.add(&self.busy);
        all
    }

    fn note(&mut self, outcome: &Outcome, took: Duration) {
        let times = if outcome.assessed == 0 { &mut self.quiet } else { &mut self.busy };
        times.record(whole_nanos(took));
        self.assessed += u64::from(outcome.assessed);
        self.pending_most = self.pending_most.max(outcome.pending);
        self.pending_last = outcome.pending;
    }

    fn prove(&mut self, book: &LendingPool) -> Result<()> {
        self.breaches = book.pool.prove()?;
        self.checks += 1;
        Ok(())
    }
}

/// Applies the next command of a phase.
fn apply(book: &mut LendingPool, phase: &mut Phase, body: Body) -> Result<()> {
    let (outcome, took) = book.pool.timed(body)?;
    phase.note(&outcome, took);
    Ok(())
}

fn step(book: &mut LendingPool, phase: &mut Phase) -> Result<()> {
    book.pool.now = book.pool.now.after(PAUSE_NANOS);
    let body = book.walk.step(book.pool.now);
    apply(book, phase, body)
}

/// Steps until nobody waits.
fn drain(book: &mut LendingPool, phase: &mut Phase) -> Result<()> {
    while book.pool.engine.pending() > 0 {
        step(book, phase)?;
    }
    phase.prove(book)
}

fn walk(book: &mut LendingPool, ticks: u64, checks: u64) -> Result<Phase> {
    let mut phase = Phase::new("walk");
    let every = (ticks / checks.max(1)).max(1);
    for tick in 1..=ticks {
        step(book, &mut phase)?;
        if tick % every == 0 {
            phase.prove(book)?;
        }
    }
    Ok(phase)
}

/// One price falls by a third; the proof holds while most of those touched still wait.
fn gap(book: &mut LendingPool) -> Result<[Phase; 2]> {
    let mut fall = Phase::new("gap: the tick");
    book.pool.now = book.pool.now.after(PAUSE_NANOS);
    let body = book.walk.gap(book.pool.now, MarketId(0), 67);
    apply(book, &mut fall, body)?;
    fall.prove(book)?;
    let mut after = Phase::new("gap: ticks until nobody waits");
    drain(book, &mut after)?;
    Ok([fall, after])
}

/// Every arming that was made at the beginning expires at once.
fn expiry(book: &mut LendingPool) -> Result<[Phase; 2]> {
    let mut moment = Phase::new("expiry: the command");
    book.pool.now = book.pool.now.after(EXPIRY_NANOS);
    apply(book, &mut moment, Body::AdvanceTime)?;
    moment.prove(book)?;
    let mut after = Phase::new("expiry: ticks until nobody waits");
    drain(book, &mut after)?;
    Ok([moment, after])
}

/// A walk on which the rulebook is installed anew, so that everybody waits, and few are taken at once.
fn bounded(book: &mut LendingPool, plan: &Plan) -> Result<Phase> {
    let mut phase = Phase::new("walk, few a command");
    book.install(&Policy { assess_max: plan.low_bound, ..Policy::as_is() })?;
    for _ in 0..plan.low_ticks {
        step(book, &mut phase)?;
    }
    phase.prove(book)?;
    Ok(phase)
}

/// The figures of one book.
///
/// # Errors
/// An answer differs from the slow one, or the engine refused a command.
pub fn measure(plan: &Plan, of: Book) -> Result<Figures> {
    let spec = Spec { accounts: of.accounts, interest: of.interest, seed: 1 };
    let mut book = LendingPool::found(&spec)?;
    let judged = judge(&book.rule, &book.pool.engine, plan.judged)?;
    let breaches = book.pool.prove()?;
    let rescan = Runs::of(plan.rescans, || drop(book.pool.engine.rescan()));
    let mut phases = vec![walk(&mut book, of.ticks, plan.checks)?];
    phases.extend(gap(&mut book)?);
    judge(&book.rule, &book.pool.engine, plan.judged)?;
    if of.interest {
        phases.extend(expiry(&mut book)?);
    }
    phases.push(bounded(&mut book, plan)?);
    phases.retain(|phase| phase.times().count() > 0);
    Ok(Figures { book: of, judged, setup: book.setup, breaches, rescan, phases })
}

/// Measures each book and prints its tables.
///
/// # Errors
/// An answer differs from the slow one, or the engine refused a command.
pub fn run(options: &Options) -> Result<()> {
    println!("watch: {}", machine());
    let plan = Plan::of(options);
    for book in &plan.books {
        print(&measure(&plan, *book)?, &plan);
    }
    println!(
        "Assessed is per command, beside the accounts covered. Rescan by mean: the time of \
         assessing everybody over the mean time of a command."
    );
    Ok(())
}

fn print(figures: &Figures, plan: &Plan) {
    let setup = &figures.setup;
    let (opened, imported) = setup.means();
    println!(
        "\n{} accounts, {} positions, {RESERVES} markets, {} interest; {} in breach at the start; health of {} \
         accounts equal to the model's",
        grouped(u64::from(figures.book.accounts)),
        grouped(setup.imported.0),
        if figures.book.interest { "with" } else { "without" },
        grouped(figures.breaches),
        figures.judged,
    );
    println!(
        "set up in {}: {} an account opened, {} a position imported",
        time(setup.took()),
        nanos(opened),
        nanos(imported),
    );
    println!(
        "assessing everybody: median {} of {} (least {}, most {}); at most {} a command in the last \
         phase",
        time(figures.rescan.median()),
        plan.rescans,
        time(figures.rescan.least()),
        time(figures.rescan.most()),
        plan.low_bound,
    );
    let headings = [
        "phase",
        "commands",
        "commands/s",
        "p50",
        "p99",
        "max",
        "p50 none",
        "p50 some",
        "assessed",
        "waiting most",
        "last",
        "proofs",
        "in breach",
        "rescan by mean",
    ];
    let mut table = Table::new(&headings);
    for phase in &figures.phases {
        table.row(row(phase, &figures.rescan));
    }
    println!("{table}");
}

fn row(phase: &Phase, rescan: &Runs) -> Vec<String> {
    let times = phase.times();
    let took = Duration::from_nanos(u64::try_from(times.sum()).unwrap_or(u64::MAX));
    let some = |times: &Histogram| match times.count() {
        0 => "-".to_owned(),
        _ => nanos(times.percentile(50)),
    };
    vec![
        phase.name.to_owned(),
        grouped(times.count()),
        per_second(times.count(), took),
        nanos(times.percentile(50)),
        nanos(times.percentile(99)),
        nanos(times.most()),
        some(&phase.quiet),
        some(&phase.busy),
        format!("{:.1}", phase.assessed as f64 / times.count().max(1) as f64),
        grouped(u64::from(phase.pending_most)),
        grouped(u64::from(phase.pending_last)),
        grouped(phase.checks),
        grouped(phase.breaches),
        format!("{:.0} x", whole_nanos(rescan.median()) as f64 / times.mean().max(1.0)),
    ]
}
