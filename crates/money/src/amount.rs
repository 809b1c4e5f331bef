//! A quantity of one asset, in its base units.

use crate::{AssetId, MoneyError, Result};
use serde::{Deserialize, Serialize};

/// `raw` base units of `asset`. Unlike assets never add. 128 bits hold 3.4e20 whole units of an
/// 18-decimal token, nine orders above the 1e11 the house promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amount {
    /// What it is an amount of.
    pub asset: AssetId,
    /// Base units: whole units times ten to the asset's decimals.
    pub raw: u128,
}

impl Amount {
    /// `raw` base units of `asset`.
    #[must_use]
    pub const fn new(asset: AssetId, raw: u128) -> Self {
        Amount { asset, raw }
    }

    /// Nothing of `asset`.
    #[must_use]
    pub const fn zero(asset: AssetId) -> Self {
        Amount { asset, raw: 0 }
    }

    /// True if it is nothing.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.raw == 0
    }

    fn same_asset(self, other: Amount) -> Result<()> {
        if self.asset == other.asset {
            Ok(())
        } else {
            Err(MoneyError::AssetsDiffer { left: self.asset, right: other.asset })
        }
    }

    /// The sum.
    ///
    /// # Errors
    /// Assets differ, or the sum overflows.
    pub fn plus(self, other: Amount) -> Result<Amount> {
        self.same_asset(other)?;
        let raw = self.raw.checked_add(other.raw).ok_or(MoneyError::Overflow)?;
        Ok(Amount { asset: self.asset, raw })
    }

    /// The difference.
    ///
    /// # Errors
    /// Assets differ, or `other` is larger.
    pub fn minus(self, other: Amount) -> Result<Amount> {
        self.same_asset(other)?;
        let raw = self.raw.checked_sub(other.raw).ok_or(MoneyError::Underflow)?;
        Ok(Amount { asset: self.asset, raw })
    }

    /// The smaller of two amounts of one asset.
    ///
    /// # Errors
    /// Assets differ.
    pub fn min(self, other: Amount) -> Result<Amount> {
        self.same_asset(other)?;
        Ok(Amount { asset: self.asset, raw: self.raw.min(other.raw) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unlike_assets_never_add() {
        let a = Amount::new(AssetId(1), 5);
        let b = Amount::new(AssetId(2), 5);
        assert_eq!(
            a.plus(b),
            Err(MoneyError::AssetsDiffer { left: AssetId(1), right: AssetId(2) })
        );
        assert_eq!(a.plus(Amount::new(AssetId(1), 7)).unwrap().raw, 12);
        assert_eq!(a.minus(Amount::new(AssetId(1), 6)), Err(MoneyError::Underflow));
        assert_eq!(
            Amount::new(AssetId(1), u128::MAX).plus(Amount::new(AssetId(1), 1)),
            Err(MoneyError::Overflow)
        );
    }

    #[test]
    fn a_token_of_eighteen_decimals_and_1e11_whole_units_fits_with_room() {
        let supply = 10u128.pow(29);
        assert!(Amount::new(AssetId(0), supply).plus(Amount::new(AssetId(0), supply)).is_ok());
        assert!(supply.checked_mul(1_000_000_000).is_some());
    }
}
