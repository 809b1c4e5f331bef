//! A discount that grows as a position gets worse: the clock is the position's health.
//!
//! The rule of the Euler vault kit (Liquidation module and whitepaper): the lot is sold at the
//! reference price times the health, but never below one less the greatest discount. Whoever asks
//! for the least moves first, as in an ascending auction of discounts, and no timer is needed.

use super::Refusal;
use breakwater_money::rounding::Rounding;
use breakwater_money::{MoneyError, U256, Wad};
use serde::{Deserialize, Serialize};

/// The price rule of a sale by health.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthDiscount {
    /// Greatest discount.
    pub discount_max: Wad,
}

impl HealthDiscount {
    /// The share of the reference price that is asked of a position of this health.
    ///
    /// # Errors
    /// [`Refusal::Healthy`] at a health of one or more; [`MoneyError::Underflow`] of a discount
    /// above one.
    pub fn share(&self, health: Wad) -> Result<Wad, Refusal> {
        if health >= Wad::one() {
            return Err(Refusal::Healthy { health });
        }
        let least = Wad::one().raw.checked_sub(self.discount_max.raw);
        Ok(health.max(Wad::from_raw(least.ok_or(MoneyError::Underflow)?)))
    }

    /// The price asked, in the unit of `reference`, rounded up: against the buyer.
    ///
    /// # Errors
    /// Those of [`HealthDiscount::share`], and [`MoneyError::Overflow`].
    pub fn price(&self, reference: U256, health: Wad) -> Result<U256, Refusal> {
        Ok(self.share(health)?.of(reference, Rounding::Ceil)?)
    }

    /// Holds that the discount leaves a price.
    ///
    /// # Errors
    /// [`Refusal::BadTerm`] of a discount of one or more.
    pub fn check(&self) -> Result<(), Refusal> {
        if self.discount_max < Wad::one() {
            return Ok(());
        }
        let right = "a discount is below 1 (1e18)";
        Err(Refusal::BadTerm { field: "discount_max", found: self.discount_max.raw, right })
    }
}
