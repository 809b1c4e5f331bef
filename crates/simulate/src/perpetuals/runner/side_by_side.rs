//! The same book on the same day under every way to deleverage, and under every size of the fund.

use super::options::{Asked, Closing, PerpetualOptions, Pooling, Schedule};
use super::{PerpetualRun, run};
use crate::ScenarioError;
use crate::perpetuals::PerpetualScenario;
use crate::replay::in_parallel;
use crate::watcher::Nobody;
use breakwater_liquidation::backstop::Deleverage;
use serde::Serialize;

/// The runs of a comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SideBySide {
    /// One run for each way to deleverage, and one in which nobody is asked, at the same fund.
    pub ways: Vec<PerpetualRun>,
    /// One run for each size of the fund, the smallest first, all deleveraged the same way.
    pub funds: Vec<PerpetualRun>,
    /// One run for each way to sell an account in breach, all with the stated fund and winners: whole,
    /// by the venue's ladder, to the target, planned over depth, and the planner's sales scheduled
    /// together. None unless it was asked for.
    pub sales: Vec<PerpetualRun>,
    /// What the ways to sell are called, in the order of `sales`.
    pub sold: Vec<&'static str>,
}

impl SideBySide {
    /// Every run, in the order of the fields.
    pub fn runs(&self) -> impl Iterator<Item = &PerpetualRun> {
        self.ways.iter().chain(&self.funds).chain(&self.sales)
    }
}

/// The ways to sell that are compared, with what they are called.
fn ways_to_sell() -> Vec<(&'static str, Closing, Schedule)> {
    let pooled = || Schedule::Pooled(Pooling::default());
    vec![
        ("full close", Closing::Full, Schedule::Alone),
        ("venue's ladder", Closing::Ladder, Schedule::Alone),
        ("target health", Closing::Target, Schedule::Alone),
        ("target health, pooled", Closing::Target, pooled()),
        ("planned over depth", Closing::Planned, Schedule::Alone),
        ("planned and pooled", Closing::Planned, pooled()),
    ]
}

/// In the order in which they are shown.
const WAYS: [Asked; 7] = [
    Asked::Winners(Deleverage::Queue),
    Asked::Winners(Deleverage::RandomStart),
    Asked::Winners(Deleverage::ProRata),
    Asked::Winners(Deleverage::Capped),
    Asked::Winners(Deleverage::RiskAware),
    Asked::Winners(Deleverage::MinimumOvershoot),
    Asked::Nobody,
];

/// Runs the scenario under each, and with `planner` under each way to sell.
///
/// # Errors
/// As [`run`].
pub fn compare(
    scenario: &PerpetualScenario,
    options: &PerpetualOptions,
    planner: bool,
) -> Result<SideBySide, ScenarioError> {
    let ways = WAYS.iter().map(|asked| PerpetualOptions { asked: *asked, ..options.clone() });
    let funds = scenario
        .settings
        .venue
        .fund_shares
        .iter()
        .map(|share| PerpetualOptions { fund_share: Some(share.clone()), ..options.clone() });
    // Without impact nobody is in another's way, and depth has nothing to say.
    let sold = if planner && options.impact { ways_to_sell() } else { Vec::new() };
    let sales = sold.iter().map(|(_, closing, schedule)| PerpetualOptions {
        closing: *closing,
        schedule: *schedule,
        ..options.clone()
    });
    let jobs: Vec<PerpetualOptions> = ways.chain(funds).chain(sales).collect();
    let mut ways = in_parallel(&jobs, |options| run(scenario, options, &mut Nobody))?;
    let mut funds = ways.split_off(WAYS.len().min(ways.len()));
    let sales = funds.split_off(funds.len().saturating_sub(sold.len()));
    let sold = sold.iter().map(|(name, ..)| *name).collect();
    Ok(SideBySide { ways, funds, sales, sold })
}
