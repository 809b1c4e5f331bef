//! The same book on the same day under every way to deleverage, and under every size of the fund.

use super::options::{Asked, PerpetualOptions};
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

/// Runs the scenario under each.
///
/// # Errors
/// As [`run`].
pub fn compare(
    scenario: &PerpetualScenario,
    options: &PerpetualOptions,
) -> Result<SideBySide, ScenarioError> {
    let ways = WAYS.iter().map(|asked| PerpetualOptions { asked: *asked, ..options.clone() });
    let funds = scenario
        .settings
        .venue
        .fund_shares
        .iter()
        .map(|share| PerpetualOptions { fund_share: Some(share.clone()), ..options.clone() });
    let jobs: Vec<PerpetualOptions> = ways.chain(funds).collect();
    let mut ways = in_parallel(&jobs, |options| run(scenario, options, &mut Nobody))?;
    let funds = ways.split_off(WAYS.len().min(ways.len()));
    Ok(SideBySide { ways, funds })
}
