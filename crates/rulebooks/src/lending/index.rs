//! Growth of a share index with time, shared by the lending protocols that keep one.
//!
//! An index (ray) turns raw shares into underlying units. It moves by a factor (ray) that
//! depends on a yearly rate (ray) and the seconds elapsed; the year has 365 days.

use breakwater_money::rounding::{Rounding, mul_div_wide};
use breakwater_money::{MoneyError, Ray, Result, U256};

/// Seconds of the 365-day year that the rates refer to.
pub const SECONDS_PER_YEAR: u64 = 31_536_000;

/// The part of a yearly `rate` (ray) that falls on `seconds`, rounded down.
///
/// # Errors
/// The product overflows 256 bits.
pub fn elapsed_rate(rate: U256, seconds: u64) -> Result<U256> {
    mul_div_wide(rate, U256::from(seconds), U256::from(SECONDS_PER_YEAR), Rounding::Floor)
}

/// The simple-interest factor `1 + rate * t` (ray), for suppliers.
///
/// # Errors
/// The factor overflows 256 bits.
pub fn linear_factor(rate: U256, seconds: u64) -> Result<U256> {
    let x = elapsed_rate(rate, seconds)?;
    Ray::one().raw.checked_add(x).ok_or(MoneyError::Overflow)
}

/// The third-order Taylor factor `1 + x + x^2/2 + x^3/6` (ray) with `x = rate * t`, for
/// borrowers, in nested form: the divisions by 2 and 6 round down, the two products half up,
/// the innermost first (Aave v3.5 and later, `MathUtils`).
///
/// # Errors
/// The factor overflows 256 bits.
pub fn compounded_factor(rate: U256, seconds: u64) -> Result<U256> {
    let one = Ray::one();
    let x = elapsed_rate(rate, seconds)?;
    let sixth = mul_div_wide(x, U256::ONE, U256::from(6), Rounding::Floor)?;
    let half = mul_div_wide(x, U256::ONE, U256::from(2), Rounding::Floor)?;
    let third_order = Ray::from_raw(x).of(sixth, Rounding::HalfUp)?;
    let inner = half.checked_add(third_order).ok_or(MoneyError::Overflow)?;
    let second_order = Ray::from_raw(x).of(inner, Rounding::HalfUp)?;
    one.raw.checked_add(x).and_then(|sum| sum.checked_add(second_order)).ok_or(MoneyError::Overflow)
}

/// The `index` (ray) after growing by `factor` (ray), half up. The contracts keep indices in
/// 128 bits, and so does this.
///
/// # Errors
/// The new index does not fit 128 bits.
pub fn grow(index: U256, factor: U256) -> Result<U256> {
    let grown = Ray::from_raw(factor).of(index, Rounding::HalfUp)?;
    if grown.bit_len() > 128 { Err(MoneyError::Overflow) } else { Ok(grown) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RAY: u128 = 1_000_000_000_000_000_000_000_000_000;

    #[test]
    fn no_time_or_no_rate_leaves_the_index_alone() {
        let index = U256::from(RAY + 123);
        for (rate, seconds) in [(0, 1_000), (RAY, 0)] {
            let rate = U256::from(rate);
            assert_eq!(grow(index, linear_factor(rate, seconds).unwrap()), Ok(index));
            assert_eq!(grow(index, compounded_factor(rate, seconds).unwrap()), Ok(index));
        }
    }

    #[test]
    fn a_year_at_one_hundred_per_cent_is_two_simple_and_two_and_two_thirds_compounded() {
        let rate = U256::from(RAY);
        assert_eq!(linear_factor(rate, SECONDS_PER_YEAR), Ok(U256::from(2 * RAY)));
        // 1 + 1 + 1/2 + 1/6: the sixth is rounded down, twice a product is rounded half up.
        assert_eq!(
            compounded_factor(rate, SECONDS_PER_YEAR),
            Ok(U256::from(2 * RAY + RAY / 2 + RAY / 6))
        );
    }

    #[test]
    fn an_index_beyond_its_width_is_an_error() {
        let index = U256::from(u128::MAX);
        assert_eq!(grow(index, U256::from(RAY)), Ok(index));
        assert_eq!(grow(index, U256::from(RAY + 1)), Err(MoneyError::Overflow));
        assert_eq!(elapsed_rate(U256::MAX, 2), Err(MoneyError::Overflow));
    }

    proptest! {
        #[test]
        fn borrowers_never_owe_less_than_suppliers_earn_at_one_rate(
            rate in 0u128..10 * RAY, seconds in 0u64..10 * SECONDS_PER_YEAR
        ) {
            let rate = U256::from(rate);
            let simple = linear_factor(rate, seconds).unwrap();
            prop_assert!(compounded_factor(rate, seconds).unwrap() >= simple);
        }
    }
}
