//! What a policy states of the planner.

use breakwater_margin::Ratio;
use serde::{Deserialize, Serialize};

/// The largest confidence: six standard deviations.
pub const CONFIDENCE_PPM_MAX: u32 = 6_000_000;

/// How sales are planned over the depth that is observed. The target is the policy's
/// `target_ratio`, the lot its `lot_value`, and the price band its `slippage_bps`: no sale is made
/// further from the mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannerTerms {
    /// Most of a market's depth within the band that all sales together may take at once, basis
    /// points.
    pub participation_bps: u32,
    /// Most that all sales together may move a market's price from the mark, basis points. An
    /// auction, a keeper and a vault move no price.
    pub impact_max_bps: u32,
    /// Standard deviations of a further loss that waiting is charged with, millionths; zero is
    /// indifferent to risk.
    pub confidence_ppm: u32,
    /// Time between two slices.
    pub pace_nanos: u64,
    /// Older observations are not believed: the market is then taken to pay the worst price of the
    /// band.
    pub age_max_nanos: u64,
    /// When the planner gives the account up.
    #[serde(default)]
    pub hand_over: HandOver,
}

/// When an account goes to the policy's vault, or without one is sold whole by the policy's
/// disposal, whatever the market takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HandOver {
    /// So long after it was called.
    #[serde(default)]
    pub after_nanos: Option<u64>,
    /// Below this ratio (1e18).
    #[serde(default)]
    pub below_ratio: Option<Ratio>,
}

impl PlannerTerms {
    /// The first field that makes no sense.
    ///
    /// # Errors
    /// A sentence naming field, value and what would be right.
    pub fn validate(&self) -> Result<(), String> {
        let field = "policy.planner";
        if !(1..=10_000).contains(&self.participation_bps) {
            let given = self.participation_bps;
            return Err(format!("{field}.participation_bps {given}: 1 to 10000"));
        }
        if self.impact_max_bps >= 10_000 {
            let given = self.impact_max_bps;
            return Err(format!("{field}.impact_max_bps {given} leaves no price; below 10000"));
        }
        if self.confidence_ppm > CONFIDENCE_PPM_MAX {
            let given = self.confidence_ppm;
            return Err(format!("{field}.confidence_ppm {given}: at most {CONFIDENCE_PPM_MAX}"));
        }
        if self.pace_nanos == 0 {
            return Err(format!("{field}.pace_nanos 0 never ends; at least 1"));
        }
        match self.hand_over.below_ratio {
            Some(ratio) if ratio > Ratio::one() => {
                Err(format!("{field}.hand_over.below_ratio {ratio} is above 1"))
            }
            _ => Ok(()),
        }
    }
}
