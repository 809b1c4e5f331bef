//! What the models need to know, from what a market showed.
//!
//! Every [`Estimate`] carries its error, an interval and the number of samples behind it; too few
//! samples are refused. Nothing here is drawn: intervals come from formulas, which are stated.

pub mod depth_curve;
pub mod quantile;
pub(crate) mod regression;
pub mod resilience;
pub mod trades;
pub mod volatility;

pub use depth_curve::{DepthImpact, impact_of_depth, spread_quantities};
pub use resilience::{RefillPoint, Resilience, resilience};
pub use trades::{Fill, KyleLambda, TradeImpact, impact_of_trades, kyle_lambda};
pub use volatility::{Bar, garman_klass, parkinson, realised};

use crate::ModelError;

/// A figure with what is known of its error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The figure.
    pub point: f64,
    /// Its standard error, in the same unit.
    pub standard_error: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
    /// Samples behind it.
    pub samples: usize,
}

impl Estimate {
    /// With a symmetric interval of Student's `quantile`.
    pub(crate) fn student(
        point: f64,
        standard_error: f64,
        quantile: f64,
        samples: usize,
    ) -> Result<Estimate, ModelError> {
        let half = quantile * standard_error;
        let estimate =
            Estimate { point, standard_error, low: point - half, high: point + half, samples };
        estimate.checked()
    }

    /// That every figure is one.
    pub(crate) fn checked(self) -> Result<Estimate, ModelError> {
        for value in [self.point, self.standard_error, self.low, self.high] {
            crate::model_error::finite("estimate", value)?;
        }
        Ok(self)
    }

    /// The same in another unit, `factor` above 0 of which make one of this.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Estimate {
        Estimate {
            point: self.point * factor,
            standard_error: self.standard_error * factor,
            low: self.low * factor,
            high: self.high * factor,
            samples: self.samples,
        }
    }
}

/// Samples that are numbers and, where asked, above 0.
pub(crate) fn check_samples(
    field: &'static str,
    values: impl Iterator<Item = f64>,
    above_zero: bool,
) -> Result<(), ModelError> {
    for (index, value) in values.enumerate() {
        if !value.is_finite() || (above_zero && value <= 0.0) {
            let expected = if above_zero { "a number above 0" } else { "a number" };
            return Err(ModelError::entry(field, index, value, expected));
        }
    }
    Ok(())
}

pub(crate) fn check_many(
    field: &'static str,
    found: usize,
    least: usize,
) -> Result<(), ModelError> {
    match found < least {
        true => Err(ModelError::TooFew { field, found, least }),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests;
