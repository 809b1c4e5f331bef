//! Which of two prices leads: information and component shares, and the variance ratio.
//!
//! Two markets for one asset follow one efficient price. Each price corrects a part of the gap
//! between them, and whoever corrects less leads. With `z = ln(p1) - ln(p2)`,
//!
//! ```text
//! change of ln(p1) = c1 + a1 z + lagged changes + e1
//! change of ln(p2) = c2 + a2 z + lagged changes + e2
//! ```
//!
//! is estimated by least squares. The component share (Gonzalo and Granger, "Estimation of Common
//! Long-Memory Components in Cointegrated Systems", JBES 1995) of the first is `a2 / (a2 - a1)`. The
//! information share (Hasbrouck, "One Security, Many Markets", Journal of Finance 1995) is its part of
//! the variance of the efficient price, `([psi F]_1)^2 / psi Omega psi'` with `psi` proportional to
//! `(a2, -a1)` and `F` the Cholesky factor of the errors' covariance `Omega`. Where errors are
//! correlated it depends on which market comes first in `F`, so that there are two bounds.

use super::regression::{dot, least_squares};
use super::{MeasureError, number};

/// What the error-correction regression of two price series says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Leadership {
    /// Part of the gap that each logarithm takes up in one step: `a1` (negative where the first
    /// follows) and `a2` (positive where the second does).
    pub adjustment: [f64; 2],
    /// Covariance of the errors: of the first, of both, of the second.
    pub covariance: [f64; 3],
    /// Component shares; they sum to one and may leave 0 to 1 in a small sample.
    pub component: [f64; 2],
    /// Lower bounds of the information shares. Of one order of markets the two shares sum to one, so a
    /// lower bound and the other's upper bound do.
    pub information_low: [f64; 2],
    /// Upper bounds of the information shares.
    pub information_high: [f64; 2],
}

/// Estimates who leads, from two series of prices at the same times and a number of lagged changes.
///
/// # Errors
/// Series of different or too small length, a price that is not above zero, or prices of which one
/// stands still or that always move as one.
pub fn leadership(first: &[f64], second: &[f64], lags: usize) -> Result<Leadership, MeasureError> {
    let columns = 2 + 2 * lags;
    let least = lags.saturating_add(columns).saturating_add(3);
    let length = |field, found, right: String| MeasureError::Length { field, found, right };
    if first.len() != second.len() {
        let right = format!("{} as the first series has", first.len());
        return Err(length("the second series", second.len(), right));
    }
    if first.len() < least {
        let right = format!("at least {least} for {lags} lags");
        return Err(length("each series", first.len(), right));
    }
    let logs = [logarithms("first", first)?, logarithms("second", second)?];
    let changes = [differences(&logs[0]), differences(&logs[1])];
    // Change `t` is from price `t` to the next, so the gap before it is that at price `t`.
    let rows = lags..changes[0].len();
    let gap = rows.clone().map(|t| logs[0][t] - logs[1][t]);
    let mut design = vec![vec![1.0; rows.len()], gap.collect()];
    for lag in 1..=lags {
        for change in &changes {
            design.push(change[lags - lag..change.len() - lag].to_vec());
        }
    }
    let mut residuals = changes.map(|change| change[lags..].to_vec());
    let coefficients = least_squares(&design, &mut residuals)?;
    let adjustment = [coefficients[0][1], coefficients[1][1]];
    let freedom = (rows.len() - columns) as f64;
    let [one, two] = &residuals;
    let covariance = [dot(one, one), dot(one, two), dot(two, two)].map(|sum| sum / freedom);
    shares(adjustment, covariance)
}

/// The shares that adjustments and the covariance of errors imply.
fn shares(adjustment: [f64; 2], covariance: [f64; 3]) -> Result<Leadership, MeasureError> {
    let [a1, a2] = adjustment;
    let [own, both, others] = covariance;
    // A weight of the first and of the second in the efficient price, up to a common factor.
    let [w1, w2] = [a2, -a1];
    let whole = w1 * w1 * own + 2.0 * w1 * w2 * both + w2 * w2 * others;
    let degenerate = |what| MeasureError::Degenerate { what };
    if a2 - a1 == 0.0 {
        return Err(degenerate("adjustment to the gap"));
    }
    if !(whole > 0.0 && own > 0.0 && others > 0.0) {
        return Err(degenerate("variance of the efficient price"));
    }
    // Of the market that comes last only what the other does not explain.
    let last_first = w1 * w1 * (own - both * both / others) / whole;
    let last_second = w2 * w2 * (others - both * both / own) / whole;
    let of_first = [last_first, 1.0 - last_second];
    let of_second = [last_second, 1.0 - last_first];
    let low = |bounds: [f64; 2]| bounds[0].min(bounds[1]);
    let high = |bounds: [f64; 2]| bounds[0].max(bounds[1]);
    Ok(Leadership {
        adjustment,
        covariance,
        component: [w1 / (w1 + w2), w2 / (w1 + w2)],
        information_low: [low(of_first), low(of_second)],
        information_high: [high(of_first), high(of_second)],
    })
}

/// Variance of changes over `horizon` steps, over `horizon` times that of one step, of the logarithms
/// of prices: one for a random walk, below where changes are taken back, above where they go on. With
/// overlapping changes and without bias (Lo and MacKinlay, "Stock Market Prices Do Not Follow Random
/// Walks", Review of Financial Studies 1988).
///
/// # Errors
/// A horizon below one, too few prices for it, a price that is not above zero, or prices that change
/// evenly.
pub fn variance_ratio(prices: &[f64], horizon: usize) -> Result<f64, MeasureError> {
    number("horizon", horizon as f64, horizon >= 1, "at least 1")?;
    let least = horizon.saturating_add(2);
    if prices.len() < least {
        let right = format!("at least {least} for a horizon of {horizon}");
        return Err(MeasureError::Length { field: "the series", found: prices.len(), right });
    }
    let logs = logarithms("only", prices)?;
    let steps = (logs.len() - 1) as f64;
    let wide = horizon as f64;
    let mean = (logs[logs.len() - 1] - logs[0]) / steps;
    let squares = |span: usize| -> f64 {
        let drift = mean * span as f64;
        logs.iter().zip(&logs[span..]).map(|(a, b)| (b - a - drift) * (b - a - drift)).sum()
    };
    let single = squares(1) / (steps - 1.0);
    // What rounding leaves of even changes is no variance.
    let size = logs.iter().fold(0.0f64, |most, log| most.max(log.abs()));
    if single <= (size * f64::EPSILON) * (size * f64::EPSILON) {
        return Err(MeasureError::Degenerate { what: "variance of changes" });
    }
    let freedom = wide * (steps - wide + 1.0) * (1.0 - wide / steps);
    Ok(squares(horizon) / freedom / single)
}

fn logarithms(series: &'static str, prices: &[f64]) -> Result<Vec<f64>, MeasureError> {
    let log = |(at, found): (usize, &f64)| match found.is_finite() && *found > 0.0 {
        true => Ok(libm::log(*found)),
        false => Err(MeasureError::Price { series, at, found: *found }),
    };
    prices.iter().enumerate().map(log).collect()
}

fn differences(values: &[f64]) -> Vec<f64> {
    values.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::perpetuals::draw::{Draw, Field};

    fn near(found: [f64; 2], expected: [f64; 2], within: f64) {
        let apart = (found[0] - expected[0]).abs().max((found[1] - expected[1]).abs());
        assert!(apart < within, "{found:?} for {expected:?}");
    }

    /// Two prices that take up `adjustment` of their gap and `carried` of their last change, with
    /// errors of deviations 1 and 2 per 10,000 and a covariance of 1.
    fn prices(steps: u64, adjustment: [f64; 2], carried: f64) -> [Vec<f64>; 2] {
        let (mut logs, mut last) = ([0.0, 0.0], [0.0, 0.0]);
        let mut series = [Vec::new(), Vec::new()];
        for step in 0..steps {
            for (prices, log) in series.iter_mut().zip(logs) {
                prices.push(100.0 * libm::exp(log));
            }
            let draw = Draw::new(11, step);
            let (one, other) = (draw.normal(Field::Size), draw.normal(Field::Entry));
            let errors = [one * 1e-4, (one + libm::sqrt(3.0) * other) * 1e-4];
            let gap = logs[0] - logs[1];
            for market in 0..2 {
                last[market] = adjustment[market] * gap + carried * last[market] + errors[market];
                logs[market] += last[market];
            }
        }
        series
    }

    #[test]
    fn shares_worked_by_hand() {
        // Weights 0.3 and 0.1, covariance 1, 1, 4: the efficient price has a variance of 0.19.
        let found = shares([-0.1, 0.3], [1.0, 1.0, 4.0]).unwrap();
        near(found.component, [0.75, 0.25], 1e-15);
        near(found.information_high, [0.16 / 0.19, 0.1225 / 0.19], 1e-15);
        near(found.information_low, [0.0675 / 0.19, 0.03 / 0.19], 1e-15);
        // Errors that have nothing in common leave one answer.
        let apart = shares([-0.2, 0.2], [1.0, 0.0, 3.0]).unwrap();
        near(apart.information_low, [0.25, 0.75], 1e-15);
        near(apart.information_high, [0.25, 0.75], 1e-15);
        assert!(shares([0.1, 0.1], [1.0, 0.0, 1.0]).is_err());
        assert!(shares([-0.1, 0.1], [0.0, 0.0, 1.0]).is_err());
    }

    #[test]
    fn known_loadings_are_found_in_simulated_prices() {
        for (carried, lags) in [(0.0, 0), (0.0, 2), (0.25, 1)] {
            let [first, second] = prices(60_000, [-0.1, 0.3], carried);
            let found = leadership(&first, &second, lags).unwrap();
            near(found.adjustment, [-0.1, 0.3], 0.015);
            near(found.component, [0.75, 0.25], 0.03);
            near(found.information_high, [0.16 / 0.19, 0.1225 / 0.19], 0.03);
            near(found.information_low, [0.0675 / 0.19, 0.03 / 0.19], 0.03);
            let [own, both, others] = found.covariance.map(|value| value * 1e8);
            near([own, both], [1.0, 1.0], 0.03);
            near([others, others], [4.0, 4.0], 0.1);
        }
    }

    #[test]
    fn a_market_that_never_corrects_leads_wholly() {
        let [first, second] = prices(60_000, [0.0, 0.3], 0.0);
        let found = leadership(&first, &second, 1).unwrap();
        near(found.component, [1.0, 0.0], 0.03);
        // In common with the other it has a quarter of its variance, which order may give away.
        near(found.information_high, [1.0, 0.25], 0.03);
        near(found.information_low, [0.75, 0.0], 0.03);
        let swapped = leadership(&second, &first, 1).unwrap();
        near(swapped.component, [found.component[1], found.component[0]], 1e-9);
    }

    #[test]
    fn variance_ratios_worked_by_hand() {
        let of = |changes: &[f64]| {
            let sums = changes.iter().scan(0.0, |sum, change| {
                *sum += change;
                Some(libm::exp(*sum))
            });
            let prices: Vec<f64> = std::iter::once(1.0).chain(sums).collect();
            variance_ratio(&prices, 2)
        };
        assert!(of(&[1.0, -1.0, 1.0, -1.0]).unwrap().abs() < 1e-12);
        // Sums of two: 2, 0, -2, so 8 over 2 * 3 / 2; of one: 4 over 3.
        assert!((of(&[1.0, 1.0, -1.0, -1.0]).unwrap() - 2.0).abs() < 1e-12);
        let still = MeasureError::Degenerate { what: "variance of changes" };
        assert_eq!(of(&[0.0, 0.0, 0.0]), Err(still.clone()));
        assert_eq!(of(&[0.1, 0.1, 0.1, 0.1]), Err(still));
    }

    #[test]
    fn a_random_walk_has_a_ratio_of_one_and_a_trend_above() {
        let walk = |carried: f64| {
            let [first, _] = prices(60_000, [0.0, 0.0], carried);
            first
        };
        let ratio = |prices: &[f64], horizon| variance_ratio(prices, horizon).unwrap();
        assert!((ratio(&walk(0.0), 1) - 1.0).abs() < 1e-3);
        assert!((ratio(&walk(0.0), 10) - 1.0).abs() < 0.06);
        // Changes that go on by 0.3: 1 + 0.3 over two steps.
        assert!((ratio(&walk(0.3), 2) - 1.3).abs() < 0.02);
        assert!((ratio(&walk(-0.3), 2) - 0.7).abs() < 0.02);
    }

    #[test]
    fn what_cannot_be_measured_is_named() {
        let [first, second] = prices(50, [-0.1, 0.3], 0.0);
        let told = |error: Result<Leadership, MeasureError>| error.unwrap_err().to_string();
        assert_eq!(
            told(leadership(&first, &second[1..], 1)),
            "the second series has 49 prices: it must have 50 as the first series has"
        );
        assert_eq!(
            told(leadership(&first[..7], &second[..7], 1)),
            "each series has 7 prices: it must have at least 8 for 1 lags"
        );
        assert!(leadership(&first[..8], &second[..8], 1).is_ok());
        let mut broken = second.clone();
        broken[3] = 0.0;
        assert_eq!(
            told(leadership(&first, &broken, 1)),
            "price 3 of the second series is 0: it must be finite and above 0"
        );
        // Two prices that are one leave no gap to correct.
        assert!(leadership(&first, &first, 0).is_err());
        assert!(variance_ratio(&first, 0).is_err());
        assert!(variance_ratio(&first[..3], 2).is_err());
        assert!(variance_ratio(&first[..4], 2).is_ok());
    }
}
