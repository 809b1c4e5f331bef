//! A Monte Carlo of cascades: accounts times minutes times paths, and the same book under ticks.
//!
//! The headline benchmark: 100,000 loans, a thousand paths of a day by the minute, forced sales that
//! move the price, in three regimes. Before a figure counts, some paths are run again by asking every
//! account in every round, and every field of their rows must be equal; every number of threads must
//! give the same hash. Account-minutes are an equivalent, most of them covered by not looking, so
//! liquidations stand beside them. Then the standing book: one tick over many accounts of which none,
//! some or a thousand are liquidated, each of the first ones proved by a rescan.

mod arguments;
mod inputs;
mod live;
mod variants;

pub use arguments::Plan;
pub use live::{LiveFigures, LivePlan, measure as measure_live};
pub use variants::{VariantFigures, measure as measure_variants};

use crate::print::{Table, grouped, machine, megabytes};
use crate::{Failure, Result};
use breakwater_simulate::ScenarioError;
use breakwater_simulate::monte_carlo::{
    Book, Impact, Measure, MonteCarlo, PathLaw, Results, Row, Rules,
};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Steps of a path: a day by the minute.
pub const MINUTES: u32 = 1_440;

/// The seed of the book and of all paths.
const SEED: u64 = 1;

/// A market.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Regime {
    /// Without drift.
    Calm,
    /// Falling by 2 basis points a minute.
    Stress,
    /// Falling by 5.
    Crash,
}

impl Regime {
    /// All of them.
    pub const ALL: [Regime; 3] = [Regime::Calm, Regime::Stress, Regime::Crash];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Regime::Calm => "calm",
            Regime::Stress => "stress",
            Regime::Crash => "crash",
        }
    }

    fn law(self) -> PathLaw {
        match self {
            Regime::Calm => PathLaw::CALM,
            Regime::Stress => PathLaw::STRESS,
            Regime::Crash => PathLaw::CRASH,
        }
    }
}

/// One timed run.
#[derive(Debug, Clone)]
pub struct Figures {
    /// The market.
    pub regime: Regime,
    /// Threads that worked.
    pub threads: usize,
    /// Paths that were run again by asking everybody.
    pub judged: u64,
    /// Time on the wall.
    pub wall: Duration,
    /// Processor time of the process, to a hundredth of a second; of a run of one thread, exact.
    pub processor: Duration,
    /// The rows.
    pub results: Results,
}

/// Runs the benchmark with a program's arguments.
pub fn main(arguments: impl IntoIterator<Item = String>) -> ExitCode {
    match Plan::read(arguments).and_then(|plan| run(&plan)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// Measures and prints tables.
///
/// # Errors
/// Two answers differ, or inputs cannot be written.
pub fn run(plan: &Plan) -> Result<()> {
    if let Some(folder) = &plan.inputs {
        return inputs::write(plan, folder);
    }
    println!("cascade: {}", machine());
    println!(
        "{} accounts, {MINUTES} minutes, {} paths a regime; sales move the price by exp(-Q / depth)",
        grouped(plan.accounts.into()),
        grouped(plan.paths)
    );
    let mut all = Vec::new();
    for regime in &plan.regimes {
        all.extend(measure(plan, *regime)?);
    }
    print_times(&all);
    print_quantiles(&all);
    println!("Peak memory of the process: {}.", megabytes(peak_memory()));
    if plan.variants > 0 {
        let variants = plan.regimes.iter().map(|regime| variants::measure(plan, *regime));
        variants::print(plan, &variants.collect::<Result<Vec<_>>>()?.concat());
    }
    if plan.live {
        live::print(&live::measure(&LivePlan::of(plan))?);
    }
    Ok(())
}

/// Runs one regime with every number of threads, after judging it.
///
/// # Errors
/// Two answers differ.
pub fn measure(plan: &Plan, regime: Regime) -> Result<Vec<Figures>> {
    let book = Book::drawn(plan.accounts, SEED).map_err(refused)?;
    let mut run = monte_carlo(plan, &book, regime);
    let mut figures: Vec<Figures> = Vec::new();
    for threads in &plan.threads {
        run.threads = *threads;
        let (begun, before) = (Instant::now(), processor_time(*threads));
        let results = run.run(&book).map_err(refused)?;
        let (wall, processor) = (begun.elapsed(), processor_time(*threads) - before);
        let hash = results.hash();
        if let Some(first) = figures.first() {
            let known = first.results.hash();
            if known != hash {
                let other = first.threads;
                let name = regime.name();
                return Err(Failure::Differs(format!(
                    "{name}: {known} on {other} threads, {hash} on {threads}"
                )));
            }
        }
        let (threads, judged) = (*threads, plan.judged.min(plan.paths));
        figures.push(Figures { regime, threads, judged, wall, processor, results });
    }
    if let Some(first) = figures.first() {
        judge(plan, &run, &book, &first.results)?;
    }
    Ok(figures)
}

fn monte_carlo(plan: &Plan, book: &Book, regime: Regime) -> MonteCarlo {
    MonteCarlo {
        rules: Rules::headline(),
        impact: Impact::Exponential { depth: 2.0 * book.collateral() as f64 },
        law: regime.law(),
        steps: MINUTES,
        paths: plan.paths,
        seed: SEED,
        threads: 1,
    }
}

/// Runs paths again by asking everybody, on all processors: it takes longer than what is measured.
fn judge(plan: &Plan, run: &MonteCarlo, book: &Book, results: &Results) -> Result<()> {
    let rows: Vec<&Row> = results.rows.iter().take(plan.judged as usize).collect();
    let each = rows.len().div_ceil(2).max(1);
    std::thread::scope(|scope| {
        let halves = rows
            .chunks(each)
            .map(|rows| scope.spawn(move || rows.iter().try_for_each(|row| same(run, book, row))));
        let halves: Vec<_> = halves.collect();
        halves.into_iter().try_for_each(|half| {
            half.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    })
}

fn same(run: &MonteCarlo, book: &Book, row: &Row) -> Result<()> {
    equal(row, &run.scan(book, row.path).map_err(refused)?)
}

fn equal<R: PartialEq + std::fmt::Debug>(fast: &R, slow: &R) -> Result<()> {
    match fast == slow {
        true => Ok(()),
        false => Err(Failure::Differs(format!("{fast:?} by the queue, {slow:?} by asking all"))),
    }
}

fn refused(error: ScenarioError) -> Failure {
    Failure::Refused { what: "cascade", why: error.to_string() }
}

fn print_times(all: &[Figures]) {
    let mut table = Table::new(&[
        "regime",
        "threads",
        "wall s",
        "CPU s",
        "account-minutes/s",
        "liquidations/s",
        "liquidations",
        "CPU ns each",
        "touched",
        "hash",
    ]);
    for figures in all {
        let results = &figures.results;
        let (wall, processor) = (figures.wall.as_secs_f64(), figures.processor.as_secs_f64());
        let count = results.liquidations();
        let covered = results.rows.len() as f64 * results.accounts as f64;
        let touched: u64 = results.rows.iter().map(|row| row.touched).sum();
        table.row(vec![
            figures.regime.name().to_owned(),
            figures.threads.to_string(),
            format!("{wall:.3}"),
            format!("{processor:.3}"),
            format!("{:.3e}", results.account_steps() as f64 / wall),
            grouped((count as f64 / wall) as u64),
            grouped(count),
            format!("{:.1}", processor * 1e9 / count.max(1) as f64),
            format!("{:.2} %", 100.0 * touched as f64 / covered.max(1.0)),
            results.hash().chars().take(16).collect(),
        ]);
    }
    println!("{table}");
    let judged = all.iter().map(|figures| figures.judged).min().unwrap_or(0);
    println!(
        "The first {judged} paths of every regime equal a scan of all accounts, field by field; every"
    );
    println!(
        "number of threads gives the same hash. CPU s is exact for one thread, to 0.01 s for more."
    );
    println!();
}

fn print_quantiles(all: &[Figures]) {
    const AT: [u32; 7] = [10, 50, 250, 500, 750, 950, 990];
    let heads = ["regime", "per path", "1 %", "5 %", "25 %", "50 %", "75 %", "95 %", "99 %"];
    let mut table = Table::new(&heads);
    let mut last = None;
    for figures in all.iter().filter(|figures| last.replace(figures.regime) != Some(figures.regime))
    {
        for (name, measure, one) in [
            ("last price", Measure::Price, 1e12),
            ("trough", Measure::Trough, 1e12),
            ("liquidations", Measure::Liquidations, 0.0),
            ("accounts touched", Measure::Touched, 0.0),
            ("most rounds", Measure::Rounds, 0.0),
            ("bad debt", Measure::BadDebt, 1e9),
        ] {
            let mut cells = vec![figures.regime.name().to_owned(), name.to_owned()];
            cells.extend(AT.iter().map(|at| {
                let value = figures.results.quantile(measure, *at).unwrap_or(0);
                match one {
                    0.0 => grouped(value),
                    one => format!("{:.4}", value as f64 / one),
                }
            }));
            table.row(cells);
        }
    }
    println!("{table}");
}

/// Processor time: of this thread to the nanosecond if one works, else of the process in ticks of a
/// hundredth of a second. Zero where the system does not tell.
fn processor_time(threads: usize) -> Duration {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    if threads == 1 {
        let told = read("/proc/thread-self/schedstat");
        let nanos = told.split_whitespace().next().and_then(|word| word.parse().ok());
        return Duration::from_nanos(nanos.unwrap_or(0));
    }
    let told = read("/proc/self/stat");
    // After the name in parentheses, which may hold spaces: user and system time are the twelfth and
    // the thirteenth.
    let rest = told.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: u64 =
        rest.split_whitespace().skip(11).take(2).filter_map(|word| word.parse::<u64>().ok()).sum();
    Duration::from_millis(10 * ticks)
}

/// The most memory that the process held, bytes; zero where the system does not tell.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = peak.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or(0).saturating_mul(1_024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_is_one_off_is_found() {
        let plan = Plan { accounts: 200, paths: 2, judged: 2, ..Plan::quick() };
        let book = Book::drawn(plan.accounts, SEED).unwrap();
        let run = monte_carlo(&plan, &book, Regime::Crash);
        let mut results = run.run(&book).unwrap();
        judge(&plan, &run, &book, &results).unwrap();
        results.rows[1].price += 1;
        let told = judge(&plan, &run, &book, &results).unwrap_err().to_string();
        assert!(told.contains("by the queue"), "{told}");
    }
}
