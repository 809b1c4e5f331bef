//! A price with its scale.

use crate::rounding::{self, Rounding, pow10};
use crate::{Result, U256};
use serde::{Deserialize, Serialize};

/// Whole units of the numeraire for one whole unit of the base asset, times ten to `decimals`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// The scaled price.
    pub raw: u128,
    /// Decimals of the scale.
    pub decimals: u8,
}

impl Price {
    /// A price of `raw / 10^decimals`.
    #[must_use]
    pub const fn new(raw: u128, decimals: u8) -> Self {
        Price { raw, decimals }
    }

    /// Value of `amount` base units of an asset of `asset_decimals`, at this price, in the
    /// numeraire at this price's scale.
    ///
    /// # Errors
    /// Overflow, or a scale above 38 decimals.
    pub fn value(self, amount: u128, asset_decimals: u8, rounding: Rounding) -> Result<u128> {
        rounding::mul_div(amount, self.raw, pow10(asset_decimals)?, rounding)
    }

    /// The same in 256 bits, as on-chain venues compute it.
    ///
    /// # Errors
    /// Overflow of 256 bits, or a scale above 38 decimals.
    pub fn value_wide(self, amount: U256, asset_decimals: u8, rounding: Rounding) -> Result<U256> {
        let unit = U256::from(pow10(asset_decimals)?);
        rounding::mul_div_wide(amount, U256::from(self.raw), unit, rounding)
    }

    /// Base units of an asset of `asset_decimals` worth `value` (at this price's scale).
    ///
    /// # Errors
    /// The price is zero, overflow, or a scale above 38 decimals.
    pub fn amount_for(self, value: u128, asset_decimals: u8, rounding: Rounding) -> Result<u128> {
        rounding::mul_div(value, pow10(asset_decimals)?, self.raw, rounding)
    }
}

impl std::fmt::Display for Price {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&crate::decimal::format_raw(self.raw, self.decimals))
    }
}
