//! One run, or many that differ in one thing.

use crate::options::{AuctionName, PolicyChoice, RunOptions, Shock, Thresholds};
use crate::record::{Run, Totals};
use crate::stage::Stage;
use crate::watcher::{Nobody, Watcher};
use crate::{Scenario, ScenarioError};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Runs the scenario.
///
/// # Errors
/// A setting that makes no sense, a refusal the run cannot do without, a broken invariant, or a
/// watcher that cannot record.
pub fn run(
    scenario: &Scenario,
    options: &RunOptions,
    watcher: &mut dyn Watcher,
) -> Result<Run, ScenarioError> {
    perform(scenario, options, watcher, true)
}

/// A run without curves and distributions is for its totals only.
fn perform(
    scenario: &Scenario,
    options: &RunOptions,
    watcher: &mut dyn Watcher,
    curves: bool,
) -> Result<Run, ScenarioError> {
    let path = scenario.path(fall_of(scenario, options)?)?;
    let points = path.len() as u64;
    watcher.begin(points);
    let mut stage = Stage::found(scenario, options, watcher, &path, curves)?;
    for (number, point) in (1u64..).zip(&path) {
        stage.point(point)?;
        stage.tell_progress(number, points, point);
    }
    let run = stage.end()?;
    watcher.finish().map_err(ScenarioError::Record)?;
    Ok(run)
}

fn fall_of(scenario: &Scenario, options: &RunOptions) -> Result<Option<u128>, ScenarioError> {
    let driver = &scenario.settings.driver.market;
    match &options.shock {
        None => Ok(None),
        Some(Shock::Named { name, fall }) if name == driver => Ok(Some(*fall)),
        Some(other) => {
            let reason = format!("'{other}': a replay's path is {driver}, so say {driver}=X");
            Err(ScenarioError::setting("shock", reason))
        }
    }
}

/// One cell of the sensitivity table.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct SensitivityCell {
    /// Scale of depth.
    pub depth: String,
    /// Share of impact carried into the next mark.
    pub feedback: String,
    /// What came of it.
    pub totals: Totals,
}

/// Depth scales of the sensitivity table.
pub const DEPTHS: [&str; 3] = ["0.5", "1", "2"];
/// Feedbacks of the sensitivity table.
pub const FEEDBACKS: [&str; 3] = ["0", "0.25", "0.5"];

/// The run at every combination of depth and feedback, rows by feedback. `base` is the run at
/// `options` themselves, which is one of the cells unless they say otherwise.
///
/// # Errors
/// As [`run`].
pub fn sensitivity(
    scenario: &Scenario,
    options: &RunOptions,
    base: &Run,
) -> Result<Vec<SensitivityCell>, ScenarioError> {
    let feedback_base = options.feedback.as_ref().unwrap_or(&scenario.settings.depth.feedback);
    let depth_base = options.depth_scale.as_deref().unwrap_or("1");
    let cells: Vec<(&str, &str)> = FEEDBACKS
        .iter()
        .flat_map(|feedback| DEPTHS.iter().map(move |depth| (*feedback, *depth)))
        .collect();
    in_parallel(&cells, |(feedback, depth)| {
        let mut options = options.clone();
        options.depth_scale = Some((*depth).to_owned());
        options.feedback = Some((*feedback).to_owned());
        let totals = if feedback == feedback_base && *depth == depth_base {
            base.totals.clone()
        } else {
            perform(scenario, &options, &mut Nobody, false)?.totals
        };
        Ok(SensitivityCell { depth: (*depth).to_owned(), feedback: (*feedback).to_owned(), totals })
    })
}

/// Runs independent jobs on all cores; results come in the order of the jobs, whatever the
/// threads did.
pub(crate) fn in_parallel<J: Sync, T: Send>(
    jobs: &[J],
    one: impl Fn(&J) -> Result<T, ScenarioError> + Sync,
) -> Result<Vec<T>, ScenarioError> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(jobs.len());
    let next = AtomicUsize::new(0);
    let mut done: Vec<(usize, Result<T, ScenarioError>)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    let mut mine = Vec::new();
                    loop {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        let Some(job) = jobs.get(at) else { return mine };
                        mine.push((at, one(job)));
                    }
                })
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap_or_default()).collect()
    });
    done.sort_by_key(|(at, _)| *at);
    if done.len() < jobs.len() {
        return Err(ScenarioError::setting("threads", "a run ended abnormally"));
    }
    done.into_iter().map(|(_, result)| result).collect()
}

/// One mechanism of a comparison.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Variant {
    /// The mechanism.
    pub name: String,
    /// The policy around it.
    pub variant: String,
    /// The same, as it was asked for.
    #[serde(skip)]
    pub choice: PolicyChoice,
    /// Whose thresholds held.
    pub thresholds: String,
    /// Its run.
    pub run: Run,
}

/// The same book and shock under every mechanism: each rulebook of `rulebooks` that can take a
/// lending book, with each account's own thresholds and with the rulebook's, as the venue is and with
/// our guards; and the scenario's own rulebook sold by the venue itself: in two ways to the market, with
/// `planner` planned over depth as well, and by each of the scenario's auctions.
///
/// # Errors
/// As [`run`].
pub fn compare(
    scenario: &Scenario,
    options: &RunOptions,
    rulebooks: &[(String, String)],
    planner: bool,
) -> Result<Vec<Variant>, ScenarioError> {
    let mut jobs = Vec::new();
    for rulebook in rulebooks {
        for thresholds in [Thresholds::SameRisk, Thresholds::AsDeployed] {
            for policy in [PolicyChoice::AsIs, PolicyChoice::Guarded] {
                jobs.push((Some(rulebook.clone()), thresholds, policy));
            }
        }
    }
    for thresholds in [Thresholds::SameRisk, Thresholds::AsDeployed] {
        let mut sold = vec![PolicyChoice::VenueFull, PolicyChoice::VenueTarget];
        sold.extend(planner.then_some(PolicyChoice::VenuePlanned));
        let stated = |name: &AuctionName| scenario.settings.auctions.contains_key(name.key());
        let auctioned = AuctionName::ALL.into_iter().filter(stated).map(PolicyChoice::Auction);
        for policy in sold.into_iter().chain(auctioned) {
            jobs.push((options.rulebook.clone(), thresholds, policy));
        }
    }
    in_parallel(&jobs, |(rulebook, thresholds, policy)| {
        let options = RunOptions {
            policy: *policy,
            thresholds: *thresholds,
            rulebook: rulebook.clone(),
            ..options.clone()
        };
        let run = perform(scenario, &options, &mut Nobody, false)?;
        let (name, variant) = (run.rulebook.clone(), run.policy.clone());
        Ok(Variant { name, variant, choice: *policy, thresholds: run.thresholds.clone(), run })
    })
}
