//! What forced sales do to the price.

use super::error::within;
use super::rules::PRICE_MAX;
use crate::ScenarioError;

/// The factor on the price after `Q` base units were sold in a round.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Impact {
    /// Sales move nothing.
    None,
    /// `exp(-Q / depth)`.
    Exponential {
        /// Base units.
        depth: f64,
    },
    /// `1 - Q / depth`, not below zero.
    Linear {
        /// Base units.
        depth: f64,
    },
    /// `1 - scale sqrt(Q / volume)`, not below zero: the square-root law with `scale = Y sigma`.
    SquareRoot {
        /// The fall at `Q = volume`, as a part of one.
        scale: f64,
        /// Base units traded in the time that the volatility is of.
        volume: f64,
    },
}

impl Impact {
    pub(crate) fn check(&self) -> Result<(), ScenarioError> {
        match *self {
            Impact::None => Ok(()),
            Impact::Exponential { depth } | Impact::Linear { depth } => {
                within("impact.depth", depth, 1.0, 1e30)
            }
            Impact::SquareRoot { scale, volume } => {
                within("impact.scale", scale, 0.0, 100.0)?;
                within("impact.volume", volume, 1.0, 1e30)
            }
        }
    }

    /// The factor on the price, zero to one.
    #[must_use]
    pub fn factor(&self, sold: u64) -> f64 {
        let sold = sold as f64;
        match *self {
            Impact::None => 1.0,
            Impact::Exponential { depth } => libm::exp(-(sold / depth)),
            Impact::Linear { depth } => (1.0 - sold / depth).max(0.0),
            Impact::SquareRoot { scale, volume } => {
                (1.0 - scale * libm::sqrt(sold / volume)).max(0.0)
            }
        }
    }
}

/// A price, and how often it would have passed [`PRICE_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Price {
    pub(crate) units: u64,
    pub(crate) held: u32,
}

impl Price {
    /// The price times a factor, rounded down, at least one unit and at most [`PRICE_MAX`].
    pub(crate) fn moved(self, factor: f64) -> Price {
        // Below 2^49, so exact; a cast saturates, and takes what is not a number for zero.
        let units = (self.units as f64 * factor) as u64;
        let held = self.held + u32::from(units > PRICE_MAX);
        Price { units: units.clamp(1, PRICE_MAX), held }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_are_those_of_their_formulas_and_stay_between_zero_and_one() {
        assert_eq!(Impact::None.factor(9), 1.0);
        assert_eq!(Impact::Exponential { depth: 10.0 }.factor(10), libm::exp(-1.0));
        assert_eq!(Impact::Linear { depth: 10.0 }.factor(4), 0.6);
        assert_eq!(Impact::Linear { depth: 10.0 }.factor(11), 0.0);
        let root = Impact::SquareRoot { scale: 0.02, volume: 10_000.0 };
        // The square-root law's own example: 1 % of the volume at 2 % moves by 20 basis points.
        assert!((root.factor(100) - 0.998).abs() < 1e-15);
        assert_eq!(Impact::SquareRoot { scale: 50.0, volume: 1.0 }.factor(1), 0.0);
        for impact in [Impact::Linear { depth: 0.0 }, Impact::Exponential { depth: f64::NAN }] {
            assert!(impact.check().unwrap_err().to_string().contains("impact.depth"));
        }
    }

    #[test]
    fn a_price_stays_in_its_range_and_says_when_it_was_held() {
        let price = Price { units: 1_000, held: 0 };
        assert_eq!(price.moved(0.0015).units, 1);
        assert_eq!(price.moved(0.0), Price { units: 1, held: 0 });
        assert_eq!(price.moved(f64::INFINITY), Price { units: PRICE_MAX, held: 1 });
        assert_eq!(price.moved(f64::NAN).units, 1);
    }
}
