//! How far a price moves in a day.

use super::{Estimate, check_many, check_samples, quantile};
use crate::ModelError;
use crate::model_error::{finite, positive};

/// Fewest returns or bars: with fewer the interval spans more than half the figure either way.
pub const SAMPLES_LEAST: usize = 10;

/// What happened in one interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bar {
    /// First price.
    pub open: f64,
    /// Highest price.
    pub high: f64,
    /// Lowest price.
    pub low: f64,
    /// Last price.
    pub close: f64,
}

/// Standard deviation of log returns, as a share of the price per square root of a day, from
/// prices `interval_days` apart: `s^2 = sum (r - mean)^2 / (n - 1)`.
///
/// The interval takes returns as normal: `(n - 1) s^2 / sigma^2` is then chi-square of `n - 1`
/// degrees. The standard error is `s / sqrt(2 (n - 1))`.
///
/// # Errors
/// Fewer than 11 prices; a price or interval that is not above 0; a confidence outside 0 to 1.
pub fn realised(
    prices: &[f64],
    interval_days: f64,
    confidence: f64,
) -> Result<Estimate, ModelError> {
    quantile::check("confidence", confidence)?;
    positive("interval_days", interval_days)?;
    check_samples("prices", prices.iter().copied(), true)?;
    check_many("returns", prices.len().saturating_sub(1), SAMPLES_LEAST)?;
    let logs: Vec<f64> = prices.iter().map(|price| libm::log(*price)).collect();
    let returns: Vec<f64> = logs.windows(2).map(|pair| -crate::models::difference(pair)).collect();
    let many = returns.len() as f64;
    let mean = returns.iter().sum::<f64>() / many;
    let squares: f64 = returns.iter().map(|r| (r - mean) * (r - mean)).sum();
    let freedom = many - 1.0;
    let scale = libm::sqrt(interval_days);
    let point = libm::sqrt(squares / freedom) / scale;
    let end =
        |probability| libm::sqrt(squares / quantile::chi_square(probability, freedom)) / scale;
    let tail = 0.5 * (1.0 - confidence);
    Estimate {
        point,
        standard_error: point / libm::sqrt(2.0 * freedom),
        low: end(1.0 - tail),
        high: end(tail),
        samples: returns.len(),
    }
    .checked()
}

/// The same from the ranges of bars: `sigma^2 = mean (ln H/L)^2 / (4 ln 2)` (Parkinson, 1980). About
/// five times as precise a bar where trading is continuous; low where it is not.
///
/// The error is that of the mean of the bars' own figures, the interval Student's, carried through
/// the root: `se(sigma) = se(sigma^2) / (2 sigma)`.
///
/// # Errors
/// Fewer than 10 bars; a bar that is none; as [`realised`].
pub fn parkinson(
    bars: &[Bar],
    interval_days: f64,
    confidence: f64,
) -> Result<Estimate, ModelError> {
    of_bars(bars, interval_days, confidence, |bar| {
        let range = libm::log(bar.high / bar.low);
        range * range / (4.0 * core::f64::consts::LN_2)
    })
}

/// The same from ranges and closes: `(ln H/L)^2 / 2 - (2 ln 2 - 1) (ln C/O)^2` a bar (Garman and
/// Klass, 1980). About seven times as precise a bar as closes alone.
///
/// # Errors
/// As [`parkinson`]; bars whose mean is not above 0.
pub fn garman_klass(
    bars: &[Bar],
    interval_days: f64,
    confidence: f64,
) -> Result<Estimate, ModelError> {
    of_bars(bars, interval_days, confidence, |bar| {
        let range = libm::log(bar.high / bar.low);
        let close = libm::log(bar.close / bar.open);
        0.5 * range * range - (2.0 * core::f64::consts::LN_2 - 1.0) * close * close
    })
}

fn of_bars(
    bars: &[Bar],
    interval_days: f64,
    confidence: f64,
    variance: impl Fn(&Bar) -> f64,
) -> Result<Estimate, ModelError> {
    quantile::check("confidence", confidence)?;
    positive("interval_days", interval_days)?;
    check_many("bars", bars.len(), SAMPLES_LEAST)?;
    check_samples("low", bars.iter().map(|bar| bar.low), true)?;
    check_samples("high", bars.iter().map(|bar| bar.high), true)?;
    for (index, bar) in bars.iter().enumerate() {
        for (field, price) in [("open", bar.open), ("close", bar.close)] {
            if !(price >= bar.low && price <= bar.high) {
                return Err(ModelError::entry(field, index, price, "between low and high"));
            }
        }
    }
    let figures: Vec<f64> = bars.iter().map(|bar| variance(bar) / interval_days).collect();
    let many = figures.len() as f64;
    let mean = finite("variance", figures.iter().sum::<f64>() / many)?;
    if mean <= 0.0 {
        let reason = "the bars show no range; expected some";
        return Err(ModelError::Undetermined { what: "volatility", reason });
    }
    let spread: f64 = figures.iter().map(|figure| (figure - mean) * (figure - mean)).sum();
    let error = libm::sqrt(spread / (many - 1.0) / many);
    let point = libm::sqrt(mean);
    let student = quantile::student(0.5 + 0.5 * confidence, many - 1.0);
    Estimate {
        point,
        standard_error: error / (2.0 * point),
        low: libm::sqrt((mean - student * error).max(0.0)),
        high: libm::sqrt(mean + student * error),
        samples: bars.len(),
    }
    .checked()
}
