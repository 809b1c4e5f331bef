//! The closed form of Almgren and Chriss, "Optimal execution of portfolio transactions" (2000),
//! section 2.2: what to hold after each of the steps of a horizon.

/// What the closed form needs; prices and quantities in any unit, all of the same.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Market {
    /// Volatility, price a square root of a second.
    pub sigma: f64,
    /// Temporary impact: price for a unit a second.
    pub eta: f64,
    /// Permanent impact: price a unit.
    pub gamma: f64,
}

/// Least share of the temporary impact that is kept where the permanent takes it away: the closed
/// form holds only above nought.
const TEMPORARY_LEAST: f64 = 0.05;

/// Slices of `quantity`, one at the end of each of `steps` steps of `seconds`, for an aversion of
/// `lambda` to a unit of variance of cost. They sum up to the quantity.
#[must_use]
pub fn slices(quantity: u64, steps: usize, seconds: f64, market: &Market, lambda: f64) -> Vec<u64> {
    let steps = steps.max(1);
    let temporary = (market.eta - market.gamma * seconds / 2.0).max(market.eta * TEMPORARY_LEAST);
    let squared = lambda * market.sigma * market.sigma / temporary;
    let kappa = libm::acosh(1.0 + squared * seconds * seconds / 2.0) / seconds;
    let horizon = steps as f64 * seconds;
    let mut held = quantity;
    let mut slices = Vec::with_capacity(steps);
    for step in 1..=steps {
        let left = horizon - step as f64 * seconds;
        // sinh(kappa left) / sinh(kappa horizon), written so that neither overflows.
        let share = match kappa.is_finite() && kappa * horizon > 1e-9 {
            true => {
                let ahead = libm::exp(-kappa * (horizon - left));
                ahead * libm::expm1(-2.0 * kappa * left) / libm::expm1(-2.0 * kappa * horizon)
            }
            false if kappa.is_finite() => left / horizon,
            false => 0.0,
        };
        // A share of at most one; the last leaves nothing.
        let next = if step == steps { 0 } else { libm::rint(quantity as f64 * share) as u64 };
        let next = next.min(held);
        slices.push(held - next);
        held = next;
    }
    slices
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The paper's example: a million shares over five days.
    const PAPER: Market = Market { sigma: 0.95, eta: 2.5e-6, gamma: 2.5e-7 };

    #[test]
    fn the_papers_example_comes_out() {
        let of = |lambda| slices(1_000_000, 5, 1.0, &PAPER, lambda);
        assert_eq!(of(0.0), [200_000; 5]);
        let near = |found: Vec<u64>, expected: [u64; 5]| {
            for (a, b) in found.iter().zip(expected) {
                assert!(a.abs_diff(b) <= 1, "{found:?}");
            }
        };
        near(of(1e-6), [458_044, 252_101, 141_957, 85_756, 62_142]);
        near(of(5e-6), [724_075, 199_819, 55_218, 15_532, 5_356]);
    }

    #[test]
    fn extremes_sum_up_and_stay_finite() {
        for lambda in [0.0, 1e-12, 1.0, 1e12, f64::INFINITY] {
            for eta in [1e-9, 0.0, 10.0] {
                let market = Market { eta, ..PAPER };
                let all = slices(1_000_003, 60, 1.0, &market, lambda);
                assert_eq!((all.len(), all.iter().sum::<u64>()), (60, 1_000_003));
            }
        }
    }
}
