//! The one call of the closed form: from what a feed showed to slices.
//!
//! The formula is `breakwater_execution`'s; here are only its units (it counts in days) and what is
//! done where an estimate leaves the range in which the closed form holds.

use super::estimate::Estimates;
use crate::ScenarioError;
use breakwater_execution::models::{AlmgrenChriss, LinearMarket, Sale};
use breakwater_execution::schedule::NANOS_A_DAY;

/// Least share of the temporary impact that is kept where the permanent would take it all.
const TEMPORARY_LEAST: f64 = 0.05;
const SECONDS_A_DAY: f64 = 86_400.0;

/// Where a sale costs nothing while it lasts, so little stands for it that risk over cost still fits a float.
const TEMPORARY_FLOOR: f64 = 1e-200;

/// Slices of `quantity`, one a decision: `steps` decisions, `step_nanos` apart. Prices and
/// quantities are the feed's raw units, and `lambda` is an aversion to a unit of variance of cost in
/// those, so that a schedule does not depend on how many decimals a file has.
///
/// # Errors
/// The setting that the model refuses.
pub fn slices(
    quantity: u64,
    steps: usize,
    step_nanos: u64,
    estimates: &Estimates,
    lambda: f64,
) -> Result<Vec<u64>, ScenarioError> {
    let refuse = |error: breakwater_execution::ModelError| {
        ScenarioError::setting("almgren-chriss", error.to_string())
    };
    let step_days = step_nanos as f64 / NANOS_A_DAY as f64;
    // What a unit more costs at once is what a pace of one unit a step costs: eta = slope * tau.
    let temporary = (estimates.slope * step_days).max(TEMPORARY_FLOOR);
    let most = 2.0 * temporary * (1.0 - TEMPORARY_LEAST) / step_days;
    let market = LinearMarket {
        volatility: estimates.sigma * libm::sqrt(SECONDS_A_DAY),
        half_spread: estimates.half_spread,
        temporary,
        permanent: estimates.permanent.min(most),
        drift_per_day: 0.0,
    };
    let sale = Sale {
        quantity: quantity as f64,
        horizon_days: step_days * steps as f64,
        intervals: steps,
    };
    let model = AlmgrenChriss { sale, market, risk_aversion: lambda };
    let schedule = model
        .propose()
        .and_then(|proposal| proposal.schedule(u128::from(quantity), 1))
        .map_err(refuse)?;
    let mut slices = vec![0u64; steps];
    for slice in &schedule.slices {
        // Times are whole steps up to a nanosecond of rounding.
        let step = (slice.after_nanos + step_nanos / 2) / step_nanos.max(1);
        if let Some(own) = slices.get_mut(step as usize) {
            *own += u64::try_from(slice.quantity).unwrap_or(u64::MAX);
        }
    }
    Ok(slices)
}

#[cfg(test)]
mod tests {
    use super::super::estimate::Refilling;
    use super::*;

    const DAY: u64 = NANOS_A_DAY;

    /// The paper's example: a million shares over five days, one slice a day.
    fn paper() -> Estimates {
        Estimates {
            seconds: 1.0,
            sigma: 0.95 / libm::sqrt(SECONDS_A_DAY),
            volume: 1.0,
            half_spread: 0.0625,
            slope: 2.5e-6,
            permanent: 2.5e-7,
            refilling: Refilling { hits: 0, never: 0, half_life_seconds: None },
        }
    }

    #[test]
    fn the_papers_example_comes_out_one_slice_a_decision() {
        let of = |lambda| slices(1_000_000, 5, DAY, &paper(), lambda).unwrap();
        assert_eq!(of(0.0), [200_000; 5]);
        for (a, b) in of(1e-6).iter().zip([458_044, 252_101, 141_957, 85_756, 62_142]) {
            assert!(a.abs_diff(b) <= 1, "{:?}", of(1e-6));
        }
    }

    #[test]
    fn estimates_at_the_edge_still_give_slices_that_sum_up() {
        let edges = [(0.0, 0.0), (0.0, 1.0), (1e-9, 1e9), (1.0, 0.0)];
        for (slope, permanent) in edges {
            for lambda in [0.0, 1e-12, 1.0] {
                let estimates = Estimates { slope, permanent, ..paper() };
                let all = slices(1_000_003, 60, 1_000_000_000, &estimates, lambda).unwrap();
                assert_eq!((all.len(), all.iter().sum::<u64>()), (60, 1_000_003));
            }
        }
    }
}
