//! What a whole sale moves the price: the square-root law.

use super::{PowerMarket, Sale};
use crate::ModelError;
use crate::model_error::{finite, not_negative, positive};

/// Exponents that measurements support.
pub const EXPONENTS: (f64, f64) = (0.4, 0.7);

/// Peak impact `Y sigma (Q / V)^delta`, as a share of the price, `delta` about a half: Toth and
/// others, "Anomalous price impact and the critical nature of liquidity" (2011), after Torre's
/// BARRA handbook. It holds for the sale as a whole, not for its parts, and hardly depends on how
/// fast it is made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SquareRootLaw {
    /// `Y`, about 1, above 0.
    pub coefficient: f64,
    /// `sigma`: standard deviation of a day's return, as a share of the price, at least 0.
    pub volatility_per_day: f64,
    /// `V`: what trades in a day, in units or in value as the quantity is, above 0.
    pub volume_per_day: f64,
    /// `delta`, 0.4 to 0.7.
    pub exponent: f64,
}

impl SquareRootLaw {
    /// # Errors
    /// The field that is wrong, its value and what would be right.
    pub fn check(&self) -> Result<(), ModelError> {
        positive("coefficient", self.coefficient)?;
        not_negative("volatility_per_day", self.volatility_per_day)?;
        positive("volume_per_day", self.volume_per_day)?;
        match self.exponent >= EXPONENTS.0 && self.exponent <= EXPONENTS.1 {
            true => Ok(()),
            false => Err(ModelError::field("exponent", self.exponent, "0.4 to 0.7")),
        }
    }

    /// Share of the price by which a sale of `quantity` has moved it at its end.
    ///
    /// # Errors
    /// A parameter that is wrong, or a negative quantity.
    pub fn peak(&self, quantity: f64) -> Result<f64, ModelError> {
        self.check()?;
        not_negative("quantity", quantity)?;
        let share = libm::pow(quantity / self.volume_per_day, self.exponent);
        finite("impact", self.coefficient * self.volatility_per_day * share)
    }

    /// Share of the price that the sale pays on average: the mean of the law over its course,
    /// `peak / (1 + delta)`, which is two thirds of the peak at one half.
    ///
    /// # Errors
    /// As [`SquareRootLaw::peak`].
    pub fn average(&self, quantity: f64) -> Result<f64, ModelError> {
        Ok(self.peak(quantity)? / (1.0 + self.exponent))
    }

    /// Expected cost of selling `quantity` at `price`, in quote; with the quantity as value, a
    /// price of 1.
    ///
    /// # Errors
    /// As [`SquareRootLaw::peak`]; a price that is not above 0.
    pub fn cost(&self, quantity: f64, price: f64) -> Result<f64, ModelError> {
        positive("price", price)?;
        finite("cost", self.average(quantity)? * quantity * price)
    }

    /// The law read as an impact of pace, so that schedules can be compared under it: temporary
    /// impact of the same power, scaled so that selling `sale` evenly costs exactly
    /// [`SquareRootLaw::cost`], and no permanent part.
    ///
    /// # Errors
    /// As [`SquareRootLaw::cost`].
    pub fn by_pace(
        &self,
        sale: &Sale,
        price: f64,
        half_spread: f64,
    ) -> Result<PowerMarket, ModelError> {
        sale.check()?;
        let average = positive("impact of the sale", self.average(sale.quantity)?)? * price;
        let pace = sale.quantity / sale.horizon_days;
        Ok(PowerMarket {
            volatility: self.volatility_per_day * positive("price", price)?,
            half_spread: not_negative("half_spread", half_spread)?,
            temporary: finite("impact of pace", average / libm::pow(pace, self.exponent))?,
            exponent: self.exponent,
            permanent: 0.0,
            drift_per_day: 0.0,
        })
    }
}
