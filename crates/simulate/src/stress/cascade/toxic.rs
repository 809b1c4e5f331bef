//! When a liquidation leaves an account worse than before.
//!
//! Warmuz, Chaudhary and Pinna, "Toxic Liquidation Spirals" (arXiv 2212.07306): seizing 1 + incentive
//! for each unit repaid raises debt over collateral once that is above 1 / (1 + incentive).

use crate::stress::StressError;
use crate::stress::error::{Range, check};

/// Debt over collateral beyond which a liquidation at an incentive is toxic.
///
/// # Errors
/// The incentive is negative or no number.
pub fn frontier(incentive: f64) -> Result<f64, StressError> {
    check("incentive", incentive, Range::ZeroOrMore)?;
    Ok(1.0 / (1.0 + incentive))
}

/// One liquidation of an account with collateral worth 100.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ToxicStep {
    /// Value repaid.
    pub repaid_per_100: f64,
    /// Debt over collateral after it; none where no collateral is left.
    pub ltv_after: Option<f64>,
    /// Whether that is above what it was, or debt is left without collateral.
    pub toxic: bool,
}

/// What repaying `close_factor` of the debt does. Where the collateral does not reach, all of it goes
/// for what it repays.
///
/// # Errors
/// A field that is negative or no number, or a close factor that is no share.
pub fn toxic_step(ltv: f64, incentive: f64, close_factor: f64) -> Result<ToxicStep, StressError> {
    check("ltv", ltv, Range::ZeroOrMore)?;
    check("incentive", incentive, Range::ZeroOrMore)?;
    check("close_factor", close_factor, Range::Share)?;
    let debt = 100.0 * ltv;
    let repaid = close_factor * debt;
    let left = 100.0 - repaid * (1.0 + incentive);
    if left > 0.0 {
        let after = (debt - repaid) / left;
        return Ok(ToxicStep {
            repaid_per_100: repaid,
            ltv_after: Some(after),
            toxic: after > ltv,
        });
    }
    let repaid = repaid.min(100.0 / (1.0 + incentive));
    Ok(ToxicStep { repaid_per_100: repaid, ltv_after: None, toxic: debt > repaid })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_toxic_beyond_the_frontier_and_heal_before_it() {
        for incentive in [0.001, 0.045, 0.05, 0.1] {
            let line = frontier(incentive).unwrap();
            for close_factor in [0.01, 0.25, 0.5] {
                let toxic = |ltv| toxic_step(ltv, incentive, close_factor).unwrap().toxic;
                assert!(toxic(line + 1e-9) && !toxic(line - 1e-9), "{incentive} {close_factor}");
            }
        }
    }

    #[test]
    fn what_the_collateral_does_not_reach_is_left_without_it() {
        let step = toxic_step(1.2, 0.05, 1.0).unwrap();
        assert_eq!((step.ltv_after, step.toxic), (None, true));
        assert!((step.repaid_per_100 - 100.0 / 1.05).abs() < 1e-12);
        assert!(frontier(-0.1).is_err() && toxic_step(0.9, 0.05, 1.1).is_err());
        assert_eq!(frontier(0.0), Ok(1.0));
    }
}
