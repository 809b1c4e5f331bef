//! Runs what was asked for, with progress, and stops between two paths when it is interrupted.

use super::arguments::Stress;
use crate::failure::Failure;
use crate::screen::Screen;
use breakwater_simulate::monte_carlo::Done;
use breakwater_simulate::worlds::search::{LEVELS, Plan, Table};
use breakwater_simulate::worlds::{
    FundRow, Metric, Outcome, Tail, World, sizes, table, tail, value,
};
use indicatif::ProgressBar;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// What was run.
#[derive(Debug)]
pub struct Ran {
    /// The world.
    pub world: World,
    /// Its paths.
    pub outcome: Outcome,
    /// Hash over them.
    pub hash: String,
    /// Tail of the bad debt.
    pub bad_debt: Tail,
    /// Tail of what the fund leaves.
    pub uncovered: Tail,
    /// Funds by level.
    pub funds: Vec<FundRow>,
    /// The sweep, as far as it came.
    pub sweep: Option<Table>,
    /// The search, as far as it came.
    pub search: Option<Table>,
    /// Paths run again the slow way, and those of them that differ.
    pub judged: (u64, Vec<u64>),
    /// Whether somebody stopped it.
    pub interrupted: bool,
}

impl Ran {
    /// Whether books balance and no judged path differs.
    pub fn sound(&self) -> bool {
        self.outcome.unbalanced() == 0 && self.judged.1.is_empty()
    }
}

/// The world with what the command line sets.
pub fn open(asked: &Stress) -> Result<World, Failure> {
    let mut changes: Vec<_> =
        asked.set.iter().map(|(field, text)| (field.clone(), value(text))).collect();
    let whole = |number: u64| value(&number.to_string());
    changes.extend(asked.paths.map(|paths| ("run.paths".to_owned(), whole(paths))));
    changes.extend(asked.seed.map(|seed| ("run.seed".to_owned(), whole(seed))));
    // The file is judged by itself first, so that its faults are not taken for the command line's.
    let world = World::open(&asked.world)?;
    if changes.is_empty() { Ok(world) } else { world.with(&changes).map_err(Failure::of_run) }
}

/// Values between commas.
fn plan(fields: &[(String, String)]) -> Result<Plan, Failure> {
    let of = |(field, values): &(String, String)| {
        (field.clone(), values.split(',').map(value).collect())
    };
    Plan::new(fields.iter().map(of).collect()).map_err(Failure::of_run)
}

/// Most paths of a combination unless they are asked for.
const SWEEP_PATHS: u64 = 100;

impl Ran {
    /// Runs it.
    pub fn of(world: World, asked: &Stress, screen: &Screen) -> Result<Ran, Failure> {
        let sweep = match (&asked.sweep[..], &world.file.sweep) {
            ([], Some(own)) if !asked.no_sweep => {
                Some((Plan::of(&own.keys).map_err(Failure::of_run)?, own.paths))
            }
            ([], _) => None,
            (fields, own) => Some((plan(fields)?, own.as_ref().and_then(|own| own.paths))),
        };
        let search = if asked.search.is_empty() { None } else { Some(plan(&asked.search)?) };
        // What makes no sense is refused before anything runs.
        for plan in sweep.iter().map(|(plan, _)| plan).chain(&search) {
            for cell in [0, plan.len() - 1] {
                world.with(&plan.cell(cell)).map_err(Failure::of_run)?;
            }
        }
        let threads = match asked.threads {
            Some(threads) => threads,
            None => std::thread::available_parallelism().map_or(1, usize::from),
        };
        let stop = interrupts();
        let outcome = {
            let bar = Told::new(screen, "paths");
            world.watched(threads, |done| bar.tell(done, &stop)).map_err(Failure::of_run)?
        };
        let level = world.file.run.level_bps;
        let losses = |metric| outcome.figures(metric, world.driver, world.fund);
        let bad_debts = losses(Metric::BadDebt);
        let mut levels =
            if asked.size_fund.is_empty() { LEVELS.to_vec() } else { asked.size_fund.clone() };
        levels.sort_unstable();
        levels.dedup();
        let of_table = |plan: &Plan, paths: Option<u64>, what: &str| {
            let paths = asked.sweep_paths.or(paths).unwrap_or(world.paths.min(SWEEP_PATHS));
            let bar = Told::new(screen, what);
            table(&world, plan, paths, threads, |done| bar.tell(done, &stop))
                .map_err(Failure::of_run)
        };
        let goes_on = || !stop.load(Ordering::Relaxed);
        let sweep = match sweep.filter(|_| goes_on()) {
            Some((plan, paths)) => Some(of_table(&plan, paths, "paths of the sweep")?),
            None => None,
        };
        let search = match search.filter(|_| goes_on()) {
            Some(plan) => Some(of_table(&plan, None, "paths of the search")?),
            None => None,
        };
        let judged = judge(&world, &outcome, asked.judge, &stop);
        Ok(Ran {
            hash: outcome.hash(),
            bad_debt: tail(&bad_debts, level, world.seed)?,
            uncovered: tail(&losses(Metric::Uncovered), level, world.seed)?,
            funds: sizes(&bad_debts, &levels).map_err(Failure::of_run)?,
            interrupted: stop.load(Ordering::Relaxed),
            outcome,
            sweep,
            search,
            judged,
            world,
        })
    }
}

/// Runs the first paths again by asking everybody.
fn judge(world: &World, outcome: &Outcome, count: u64, stop: &AtomicBool) -> (u64, Vec<u64>) {
    let (mut judged, mut differ) = (0, Vec::new());
    for row in outcome.rows.iter().take(usize::try_from(count).unwrap_or(usize::MAX)) {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        if let Some(same) = world.judge(row) {
            judged += 1;
            differ.extend((!same).then_some(row.path));
        }
    }
    (judged, differ)
}

/// A flag that an interrupt raises; a second interrupt ends the program at once.
fn interrupts() -> Arc<AtomicBool> {
    let raised = Arc::new(AtomicBool::new(false));
    let flag = raised.clone();
    // Where no handler can be set, an interrupt ends the program, as it would without us.
    let _ = ctrlc::set_handler(move || {
        if flag.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    });
    raised
}

/// Progress of paths, drawn ten times a second at most.
struct Told {
    bar: ProgressBar,
    what: &'static str,
    begun: Instant,
}

impl Told {
    fn new(screen: &Screen, what: &str) -> Told {
        let what = match what {
            "paths" => "paths",
            "paths of the sweep" => "paths of the sweep",
            _ => "paths of the search",
        };
        Told { bar: screen.bar(), what, begun: Instant::now() }
    }

    fn tell(&self, done: Done, stop: &AtomicBool) -> ControlFlow<()> {
        self.bar.set_length(done.of);
        self.bar.set_position(done.paths);
        let left = done.of.saturating_sub(done.paths);
        let each = self.begun.elapsed().as_secs_f64() / done.paths.max(1) as f64;
        let eta = Duration::try_from_secs_f64(each * left as f64).unwrap_or(Duration::MAX);
        let liquidations = crate::figures::count(done.liquidations);
        let eta = indicatif::HumanDuration(eta);
        self.bar.set_message(format!("{}, {liquidations} liquidations, {eta} left", self.what));
        match stop.load(Ordering::Relaxed) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
