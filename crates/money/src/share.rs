//! Shares of a growing pool: what a raw share is worth under an index, and back.
//!
//! Accounts hold raw shares, so that a move of the index rewrites nobody. Every venue names its
//! own rounding for each of the two directions; the arguments here are those names.

use crate::rounding::{Rounding, mul_div_wide};
use crate::{Ray, Result, U256};

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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
