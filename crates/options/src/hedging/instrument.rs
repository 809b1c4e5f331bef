//! What is traded to hedge.

use super::{HedgeError, Neutral};
use crate::error::{POSITIVE, PRICE, is_positive, is_price, require};
use serde::{Deserialize, Serialize};

/// What is traded.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", deny_unknown_fields)]
pub enum Instrument {
    /// The underlying itself.
    Spot {
        /// Units of the underlying in a lot.
        lot: f64,
    },
    /// A future or perpetual that settles in the quote currency.
    Future {
        /// Units of the underlying in a contract.
        lot: f64,
    },
    /// A perpetual that settles in coin.
    InversePerpetual {
        /// Quote units in a contract.
        lot: f64,
    },
}

impl Instrument {
    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Instrument::Spot { .. } => "spot",
            Instrument::Future { .. } => "future",
            Instrument::InversePerpetual { .. } => "inverse perpetual",
        }
    }

    /// Refuses a lot that is none, and spot where neutrality is in the coin itself.
    ///
    /// # Errors
    /// The lot and what would be right, or that spot does not move in coin.
    pub fn check(&self, neutral: Neutral) -> Result<(), HedgeError> {
        let (Instrument::Spot { lot }
        | Instrument::Future { lot }
        | Instrument::InversePerpetual { lot }) = *self;
        require("lot", lot, is_positive(lot), POSITIVE)?;
        if matches!(self, Instrument::Spot { .. }) && neutral == Neutral::Coin {
            return Err(HedgeError::SpotInCoin);
        }
        Ok(())
    }

    /// Delta of one lot at `price`, in units of the underlying: an inverse contract of `N` quote units
    /// has `N / F`.
    ///
    /// # Errors
    /// A price or lot out of range.
    pub fn delta_of_lot(&self, price: f64) -> Result<f64, HedgeError> {
        require("price", price, is_price(price), PRICE)?;
        let delta = match *self {
            Instrument::Spot { lot } | Instrument::Future { lot } => lot,
            Instrument::InversePerpetual { lot } => lot / price,
        };
        require("lot", delta, is_positive(delta), POSITIVE)?;
        Ok(delta)
    }

    /// What holding `lots` gains from `before` to `after`, in quote units at `after`.
    ///
    /// # Errors
    /// A price out of range.
    pub fn gain(&self, lots: i64, before: f64, after: f64) -> Result<f64, HedgeError> {
        for (field, price) in [("before", before), ("after", after)] {
            require(field, price, is_price(price), PRICE)?;
        }
        let lots = lots as f64;
        Ok(match *self {
            Instrument::Spot { lot } | Instrument::Future { lot } => lots * lot * (after - before),
            // N (1/F0 - 1/F1) coins, each worth F1.
            Instrument::InversePerpetual { lot } => lots * lot * (after - before) / before,
        })
    }

    /// What holding `lots` pays in quote units for a period of funding at `rate`, a share of the value
    /// held: above zero where longs pay. Spot pays none.
    ///
    /// # Errors
    /// A price or a rate that is none.
    pub fn funding(&self, lots: i64, price: f64, rate: f64) -> Result<f64, HedgeError> {
        require("price", price, is_price(price), PRICE)?;
        require("funding_rate", rate, rate.abs() <= 1.0, "a share within 1 is right")?;
        let lots = lots as f64;
        Ok(match *self {
            Instrument::Spot { .. } => 0.0,
            Instrument::Future { lot } => lots * lot * price * rate,
            Instrument::InversePerpetual { lot } => lots * lot * rate,
        })
    }
}
