//! Shares of a growing pool: what a raw share is worth under an index, and back.
//!
//! Accounts hold raw shares, so that a move of the index rewrites nobody. Every venue names its
//! own rounding for each of the two directions; the arguments here are those names.
//!
//! Where a pool keeps no index but the totals of assets and shares, [`VirtualShares`] converts at
//! their quotient.

use crate::rounding::{Rounding, div_wide, mul_div_wide};
use crate::{MoneyError, Ray, Result, U256};

/// Underlying base units of `shares` under `index` (ray).
///
/// # Errors
/// The product overflows 256 bits.
pub fn to_underlying(shares: U256, index: U256, rounding: Rounding) -> Result<U256> {
    mul_div_wide(shares, index, Ray::one().raw, rounding)
}

/// Shares that `underlying` base units buy or burn under `index` (ray).
///
/// # Errors
/// The index is zero or the product overflows 256 bits.
pub fn to_shares(underlying: U256, index: U256, rounding: Rounding) -> Result<U256> {
    mul_div_wide(underlying, Ray::one().raw, index, rounding)
}

/// What a pool holds and what it has issued against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ShareTotals {
    /// Base units of the asset, supplied or owed.
    pub assets: U256,
    /// Shares issued against them.
    pub shares: U256,
}

/// Assets and shares that belong to nobody and are added to the totals of a pool wherever one is
/// turned into the other: an empty pool has a price, and a first holder cannot drive it far by
/// giving assets away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VirtualShares {
    /// Base units added to the assets. Not zero, or an empty pool cannot issue shares.
    pub assets: u64,
    /// Shares added to the shares. Not zero, or an empty pool's shares have no worth.
    pub shares: u64,
}

impl VirtualShares {
    /// `shares x (assets + virtual assets) / (shares of the pool + virtual shares)`.
    ///
    /// # Errors
    /// A sum or product overflows 256 bits, or the pool and its virtual part have no shares. When
    /// rounding up, the product with the divisor less one on top must fit as well, which is how
    /// the contracts round up.
    pub fn to_assets(self, shares: U256, totals: ShareTotals, rounding: Rounding) -> Result<U256> {
        let (all_assets, all_shares) = self.with(totals)?;
        convert(shares, all_assets, all_shares, rounding)
    }

    /// `assets x (shares of the pool + virtual shares) / (assets + virtual assets)`.
    ///
    /// # Errors
    /// A sum or product overflows 256 bits, or the pool and its virtual part have no assets. When
    /// rounding up, the product with the divisor less one on top must fit as well, which is how
    /// the contracts round up.
    pub fn to_shares(self, assets: U256, totals: ShareTotals, rounding: Rounding) -> Result<U256> {
        let (all_assets, all_shares) = self.with(totals)?;
        convert(assets, all_shares, all_assets, rounding)
    }

    /// The totals with the virtual part.
    fn with(self, totals: ShareTotals) -> Result<(U256, U256)> {
        let sum = |real: U256, own| real.checked_add(U256::from(own)).ok_or(MoneyError::Overflow);
        Ok((sum(totals.assets, self.assets)?, sum(totals.shares, self.shares)?))
    }
}

/// `amount x onto / from`, refusing upwards whatever the contracts' sum before the division does.
fn convert(amount: U256, onto: U256, from: U256, rounding: Rounding) -> Result<U256> {
    let product = amount.checked_mul(onto).ok_or(MoneyError::Overflow)?;
    if rounding == Rounding::Ceil && !from.is_zero() {
        product.checked_add(from - U256::ONE).ok_or(MoneyError::Overflow)?;
    }
    div_wide(product, from, rounding)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const VIRTUAL: VirtualShares = VirtualShares { assets: 1, shares: 1_000_000 };

    fn totals(assets: u128, shares: u128) -> ShareTotals {
        ShareTotals { assets: U256::from(assets), shares: U256::from(shares) }
    }

    #[test]
    fn an_empty_pool_issues_a_million_shares_a_unit() {
        let empty = ShareTotals::default();
        for rounding in [Rounding::Floor, Rounding::Ceil] {
            let shares = VIRTUAL.to_shares(U256::from(7), empty, rounding);
            assert_eq!(shares, Ok(U256::from(7_000_000)));
            assert_eq!(
                VIRTUAL.to_assets(U256::from(7_000_000), empty, rounding),
                Ok(U256::from(7))
            );
        }
        let bare = VirtualShares { assets: 0, shares: 0 };
        let one = U256::ONE;
        for rounding in [Rounding::Floor, Rounding::Ceil] {
            assert_eq!(bare.to_assets(one, empty, rounding), Err(MoneyError::DivisionByZero));
            assert_eq!(bare.to_shares(one, empty, rounding), Err(MoneyError::DivisionByZero));
        }
    }

    #[test]
    fn a_share_more_or_less_than_a_unit_is_worth_turns_the_rounding() {
        // 22 + 1 units over 22 million + 1 million shares: a unit is worth exactly a million.
        let pool = totals(22, 22_000_000);
        for (shares, down, up) in [(999_999, 0, 1), (1_000_000, 1, 1), (1_000_001, 1, 2)] {
            let shares = U256::from(shares);
            assert_eq!(VIRTUAL.to_assets(shares, pool, Rounding::Floor), Ok(U256::from(down)));
            assert_eq!(VIRTUAL.to_assets(shares, pool, Rounding::Ceil), Ok(U256::from(up)));
        }
    }

    #[test]
    fn the_last_unit_of_the_width_is_refused_upwards_only() {
        // 2^128 - 1 shares x (2^128 - 1 + 1) units leave room for 2^128 - 1 more, and the divisor
        // less one is a million above that.
        let full = totals(u128::MAX, u128::MAX);
        let shares = U256::from(u128::MAX);
        assert!(VIRTUAL.to_assets(shares, full, Rounding::Floor).is_ok());
        assert_eq!(VIRTUAL.to_assets(shares, full, Rounding::Ceil), Err(MoneyError::Overflow));
        // 2^128 is the largest divisor that still fits: 10^6 less, and one more for the one.
        let fits = totals(u128::MAX, u128::MAX - 999_999);
        assert!(VIRTUAL.to_assets(shares, fits, Rounding::Ceil).is_ok());
        let over = totals(u128::MAX, u128::MAX - 999_998);
        assert_eq!(VIRTUAL.to_assets(shares, over, Rounding::Ceil), Err(MoneyError::Overflow));
        let beyond = ShareTotals { assets: U256::MAX, shares: U256::ZERO };
        assert_eq!(
            VIRTUAL.to_shares(U256::ONE, beyond, Rounding::Floor),
            Err(MoneyError::Overflow)
        );
        assert_eq!(
            VIRTUAL.to_assets(U256::MAX, totals(1, 1), Rounding::Floor),
            Err(MoneyError::Overflow)
        );
    }

    proptest! {
        #[test]
        fn virtual_shares_never_pay_out_more_than_came_in(
            assets in 0u128..=u128::MAX >> 2, shares in 0u128..=u128::MAX >> 2,
            amount in 0u128..=u128::MAX >> 2, shift in 0u32..120
        ) {
            let pool = totals(assets >> shift, shares);
            let amount = U256::from(amount >> shift);
            let issued = VIRTUAL.to_shares(amount, pool, Rounding::Floor).unwrap();
            prop_assert!(VIRTUAL.to_assets(issued, pool, Rounding::Floor).unwrap() <= amount);
            let burnt = VIRTUAL.to_shares(amount, pool, Rounding::Ceil).unwrap();
            prop_assert!(burnt >= issued && burnt - issued <= U256::ONE);
            prop_assert!(VIRTUAL.to_assets(burnt, pool, Rounding::Ceil).unwrap() >= amount);
        }

        #[test]
        fn repaying_what_shares_are_worth_leaves_the_others_owing_no_more(
            assets in 1u128..=u128::MAX >> 2, shares in 1u128..=u128::MAX >> 2, part in 0u128..=1_000
        ) {
            // Rounded up against the one who repays, the worth of a remaining share never rises.
            let burnt = shares / 1_000 * part;
            let pool = totals(assets, shares);
            let paid = VIRTUAL.to_assets(U256::from(burnt), pool, Rounding::Ceil).unwrap();
            prop_assert!(paid <= pool.assets + U256::ONE);
            let left = ShareTotals {
                assets: pool.assets.saturating_sub(paid),
                shares: pool.shares - U256::from(burnt),
            };
            let one = U256::from(1_000_000);
            let before = VIRTUAL.to_assets(one, pool, Rounding::Ceil).unwrap();
            let after = VIRTUAL.to_assets(one, left, Rounding::Ceil).unwrap();
            // Where the payment exceeds the total, the missing unit is forgiven.
            prop_assert!(after <= before || paid > pool.assets);
        }

        #[test]
        fn virtual_conversions_are_the_quotient_of_the_totals(
            assets in any::<u64>(), shares in any::<u64>(), amount in any::<u64>()
        ) {
            let pool = totals(u128::from(assets), u128::from(shares));
            let (a, s) = (u128::from(assets) + 1, u128::from(shares) + 1_000_000);
            let n = U256::from(amount) * U256::from(a);
            let floor = VIRTUAL.to_assets(U256::from(amount), pool, Rounding::Floor).unwrap();
            let ceil = VIRTUAL.to_assets(U256::from(amount), pool, Rounding::Ceil).unwrap();
            let s = U256::from(s);
            prop_assert!(floor * s <= n && n < (floor + U256::ONE) * s);
            prop_assert!(ceil * s >= n && (ceil.is_zero() || (ceil - U256::ONE) * s < n));
        }
    }

    proptest! {
        #[test]
        fn a_round_trip_never_gains(
            amount in 0u128..=u128::MAX >> 8, index in 1u128..10u128.pow(30)
        ) {
            let index = U256::from(index);
            let amount = U256::from(amount);
            let shares = to_shares(amount, index, Rounding::Floor).unwrap();
            let back = to_underlying(shares, index, Rounding::Floor).unwrap();
            prop_assert!(back <= amount);
            let burnt = to_shares(amount, index, Rounding::Ceil).unwrap();
            prop_assert!(burnt >= shares && burnt - shares <= U256::ONE);
        }
    }
}
