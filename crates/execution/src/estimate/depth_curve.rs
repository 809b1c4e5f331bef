//! Impact from a curve of depth: an order book, a pool, a ladder of quotes.

use super::regression::least_squares;
use super::{Estimate, check_many};
use crate::ModelError;
use breakwater_market::Depth;

/// Fewest quantities that cost something: a power has two figures.
pub const SAMPLES_LEAST: usize = 4;

/// Most quantities asked of a curve.
pub const SAMPLES_MOST: usize = 1_000;

/// How what a sale pays below the best price grows with it: `coefficient * units ^ exponent`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DepthImpact {
    /// Quote per unit lost on average by a sale of one unit.
    pub coefficient: Estimate,
    /// Power of the quantity, 1 where the book is a block.
    pub exponent: Estimate,
    /// Quote per unit, per unit, of the straight line through 0 that fits best: temporary impact of
    /// a sale made at once. Times the days a trade lasts it is `eta` of a
    /// [`crate::models::LinearMarket`].
    pub linear: Estimate,
    /// Best price, quote per unit.
    pub best: f64,
    /// Share of the variance of the logarithms that the power explains.
    pub r_squared: f64,
}

/// `many` quantities, even in logarithms, from a thousandth of what the curve quotes to all of it.
#[must_use]
pub fn spread_quantities(depth: &dyn Depth, many: usize) -> Vec<u128> {
    let capacity = depth.capacity() as f64;
    let many = many.clamp(2, SAMPLES_MOST);
    let at = |index: usize| {
        let share = libm::pow(1e-3, 1.0 - index as f64 / (many - 1) as f64);
        // A share of at most 1; a float above 128 bits saturates and is then cut to the capacity.
        (libm::floor(capacity * share) as u128).min(depth.capacity())
    };
    let mut quantities: Vec<u128> = (0..many).map(at).filter(|quantity| *quantity > 0).collect();
    quantities.dedup();
    quantities
}

/// Fits a power by least squares in logarithms, and a straight line, to what sales of `quantities`
/// base units pay below the best price on average. Quantities that cost nothing have no logarithm
/// and bear on the line alone.
///
/// The error is that of the fit: how far the curve is from a power. It knows nothing of how the
/// curve changes from one hour to the next.
///
/// # Errors
/// Fewer than 4 different quantities that cost something, or more than 1,000; one that is 0 or
/// beyond the curve; a best price of 0.
pub fn impact_of_depth(
    depth: &dyn Depth,
    quantities: &[u128],
    confidence: f64,
) -> Result<DepthImpact, ModelError> {
    if quantities.len() > SAMPLES_MOST {
        return Err(ModelError::too_many("quantities", quantities.len(), SAMPLES_MOST));
    }
    let unit = |decimals: u8| libm::pow(10.0, f64::from(decimals));
    let (base, quote) = (unit(depth.base_decimals()), unit(depth.quote_decimals()));
    let price = depth.marginal(0)?;
    let best = crate::model_error::positive("best price", price.raw as f64 / unit(price.decimals))?;
    let mut line = Vec::with_capacity(quantities.len());
    let mut logs = Vec::with_capacity(quantities.len());
    for (index, quantity) in quantities.iter().enumerate() {
        if *quantity == 0 {
            return Err(ModelError::entry("quantities", index, 0.0, "at least 1 base unit"));
        }
        let units = *quantity as f64 / base;
        // What the floor of the proceeds takes is no impact.
        let lost = best - (depth.out(*quantity)? as f64 + 1.0) / quote / units;
        line.push((units, lost.max(0.0)));
        if lost > 0.0 {
            logs.push((1.0, libm::log(units), libm::log(lost)));
        }
    }
    check_many("quantities that cost something", logs.len(), SAMPLES_LEAST)?;
    let fit = least_squares("exponent of impact", &logs, confidence)?;
    let log = fit.first;
    let coefficient = Estimate {
        point: libm::exp(log.point),
        standard_error: libm::exp(log.point) * log.standard_error,
        low: libm::exp(log.low),
        high: libm::exp(log.high),
        samples: log.samples,
    };
    Ok(DepthImpact {
        coefficient: coefficient.checked()?,
        exponent: fit.second,
        linear: through_origin(&line, confidence)?,
        best,
        r_squared: fit.r_squared,
    })
}

/// Slope of a line through 0, Student's interval with `n - 1` degrees.
fn through_origin(line: &[(f64, f64)], confidence: f64) -> Result<Estimate, ModelError> {
    let squares: f64 = line.iter().map(|(units, _)| units * units).sum();
    let slope = line.iter().map(|(units, lost)| units * lost).sum::<f64>() / squares;
    let rest: f64 = line
        .iter()
        .map(|(units, lost)| {
            let off = lost - slope * units;
            off * off
        })
        .sum();
    let freedom = line.len() as f64 - 1.0;
    let error = libm::sqrt(rest / freedom / squares);
    let student = super::quantile::student(0.5 + 0.5 * confidence, freedom);
    Estimate::student(slope, error, student, line.len())
}
