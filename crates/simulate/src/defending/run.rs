//! Every set on every path, on all cores; the answer does not depend on how many there are.

use super::flows;
use super::people::People;
use super::play::play;
use super::score::{Point, RunScore, Scored};
use super::settings::{PATHS_MAX, RunSettings};
use super::{DefenceSettings, DefendScenario};
use crate::ScenarioError;
use breakwater_liquidation::Policy;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What a command line may change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DefendOptions {
    /// Another seed.
    pub seed: Option<u64>,
    /// Another number of paths.
    pub paths: Option<u32>,
}

/// All sets, scored.
#[derive(Debug, Clone, PartialEq)]
pub struct Defended {
    /// In the scenario's order.
    pub sets: Vec<Scored>,
    /// The seed that was used.
    pub seed: u64,
    /// Paths.
    pub paths: u32,
    /// Unit of values.
    pub unit: String,
    /// Unit of the price.
    pub price_of: String,
    /// One hash over the state that every run ended in, and over every score.
    pub hash: String,
}

/// A set with what it becomes.
struct Set {
    policy: Policy,
    parameters: String,
}

/// One run to make: which set, which path, with the shock or without.
type Job = (usize, u32, bool);

/// One run made.
type Made = Result<(RunScore, Vec<Point>), ScenarioError>;

/// Scores every set. `told` hears of every run that is done.
///
/// # Errors
/// An option that makes no sense, a pool that the rulebook cannot take, or an invariant that broke.
pub fn run(
    scenario: &DefendScenario,
    options: &DefendOptions,
    told: &(dyn Fn(usize, usize) + Sync),
) -> Result<Defended, ScenarioError> {
    let settings = &scenario.settings;
    let seed = options.seed.unwrap_or(settings.seed);
    let paths = options.paths.unwrap_or(settings.paths);
    if let (Some(flows), Some(hours)) = (&settings.flows, &scenario.hours) {
        let changed = [("seed", options.seed.is_some()), ("paths", options.paths.is_some())];
        if let Some((name, _)) = changed.iter().find(|(_, changed)| *changed) {
            let reason = "given; flows are as recorded, nothing is drawn".to_owned();
            return Err(ScenarioError::setting(*name, reason));
        }
        let sets = flows::score(settings, flows, hours)?;
        let unit = flows.unit.clone();
        return Ok(Defended::of(sets, seed, paths, unit.clone(), unit));
    }
    let Some(run) = &settings.run else {
        let reason = "is missing; one of [run] and [flows] is right".to_owned();
        return Err(ScenarioError::setting("run", reason));
    };
    if !(1..=PATHS_MAX).contains(&paths) {
        let reason = format!("{paths}; expected 1 to {PATHS_MAX}");
        return Err(ScenarioError::setting("paths", reason));
    }
    let sets = settings.defences.iter().map(|set| made_of(set, run));
    let sets: Vec<Set> = sets.collect::<Result<_, _>>()?;
    let people: Vec<People> = (0..paths).map(|path| People::drawn(run, seed, path)).collect();
    let jobs: Vec<Job> = (0..settings.defences.len())
        .flat_map(|set| (0..paths).flat_map(move |path| [(set, path, true), (set, path, false)]))
        .collect();
    let mut done = all(run, &sets, &people, &jobs, told).into_iter();
    let mut scored = Vec::with_capacity(sets.len());
    for set in &settings.defences {
        let mut one = Scored {
            name: set.name.clone(),
            told: set.told(),
            runs: Vec::new(),
            false_trips: Vec::new(),
            track: Vec::new(),
        };
        for path in 0..paths {
            let missing = || ScenarioError::Stopped("a run ended abnormally".to_owned());
            let (score, track) = done.next().ok_or_else(missing)??;
            let (calm, _) = done.next().ok_or_else(missing)??;
            one.runs.push(score);
            one.false_trips.push(calm.trips);
            if path == 0 {
                one.track = track;
            }
        }
        scored.push(one);
    }
    let (unit, price_of) = (run.pool.debt.clone(), run.pool.collateral.clone());
    Ok(Defended::of(scored, seed, paths, unit, price_of))
}

impl Defended {
    fn of(sets: Vec<Scored>, seed: u64, paths: u32, unit: String, price_of: String) -> Defended {
        let mut hasher = blake3::Hasher::new();
        for set in &sets {
            hasher.update(set.name.as_bytes());
            for (run, false_trips) in set.runs.iter().zip(&set.false_trips) {
                hasher.update(run.state_hash.as_bytes());
                for value in [run.bad_debt, run.trapped_value_hours, run.trough_price, run.got_out]
                {
                    hasher.update(&value.to_bits().to_le_bytes());
                }
                hasher.update(
                    &[run.trips, *false_trips, run.users_hurt].map(u32::to_le_bytes).concat(),
                );
            }
        }
        let hash = hasher.finalize().to_hex().to_string();
        Defended { sets, seed, paths, unit, price_of, hash }
    }
}

/// The policy of a set, and the parameters that it runs under.
fn made_of(set: &DefenceSettings, run: &RunSettings) -> Result<Set, ScenarioError> {
    let mut parameters = run.pool.parameters.clone();
    if let Some(rates) = &set.rates {
        let debt = parameters
            .get_mut("assets")
            .and_then(|assets| assets.get_mut(&run.pool.debt))
            .and_then(toml::Value::as_table_mut);
        let Some(debt) = debt else {
            let reason = format!("no assets.{} to give rates to", run.pool.debt);
            return Err(ScenarioError::setting("run.pool.parameters", reason));
        };
        debt.insert("rates".to_owned(), toml::Value::Table(rates.clone()));
    }
    let parameters = toml::to_string(&parameters)
        .map_err(|error| ScenarioError::setting("run.pool.parameters", error.to_string()))?;
    Ok(Set { policy: set.policy(run)?, parameters })
}

fn all(
    run: &RunSettings,
    sets: &[Set],
    people: &[People],
    jobs: &[Job],
    told: &(dyn Fn(usize, usize) + Sync),
) -> Vec<Made> {
    let (next, finished) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let done: Mutex<Vec<(usize, Made)>> = Mutex::new(Vec::with_capacity(jobs.len()));
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(jobs.len());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some((set, path, shocked)) = jobs.get(at).copied() else { return };
                    let Set { policy, parameters } = &sets[set];
                    let made = play(run, parameters, policy, &people[path as usize], shocked);
                    told(finished.fetch_add(1, Ordering::Relaxed) + 1, jobs.len());
                    if let Ok(mut done) = done.lock() {
                        done.push((at, made));
                    }
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_default();
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, made)| made).collect()
}
