//! Multiplication and division with the rounding named where it happens.
//!
//! This is the one module of the pure crates where integers are divided; everything else calls
//! it, so that each rounding can be read at its call site.

use crate::{MoneyError, Result, U256, U512};
use serde::{Deserialize, Serialize};

/// Where a quotient that is not whole goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rounding {
    /// Towards zero (all operands are unsigned).
    Floor,
    /// Away from zero.
    Ceil,
    /// To the nearest, halves up: `floor((n + floor(d/2)) / d)`, as on-chain half-up maths.
    HalfUp,
}

/// `n / d` of 128-bit integers.
///
/// # Errors
/// `d` is zero, or the rounded quotient overflows.
pub fn div(n: u128, d: u128, rounding: Rounding) -> Result<u128> {
    mul_div(n, 1, d, rounding)
}

/// `a * b / d` of 128-bit integers through a 256-bit product.
///
/// # Errors
/// `d` is zero, or the quotient does not fit 128 bits.
pub fn mul_div(a: u128, b: u128, d: u128, rounding: Rounding) -> Result<u128> {
    if d == 0 {
        return Err(MoneyError::DivisionByZero);
    }
    // Most products of amounts and prices fit 128 bits: the narrow division is several times
    // cheaper and gives the same answer.
    if let Some(product) = a.checked_mul(b) {
        return narrow(product, d, rounding);
    }
    let wide = div_wide(U256::from(a) * U256::from(b), U256::from(d), rounding)?;
    u128::try_from(wide).map_err(|_| MoneyError::Overflow)
}

/// `a * b / d` rounded down and rounded up, of one division.
///
/// # Errors
/// As [`mul_div`].
pub fn mul_div_bounds(a: u128, b: u128, d: u128) -> Result<(u128, u128)> {
    if d == 0 {
        return Err(MoneyError::DivisionByZero);
    }
    if let Some(product) = a.checked_mul(b) {
        let (q, r) = quotient(product, d);
        let up = q.checked_add(u128::from(r != 0)).ok_or(MoneyError::Overflow)?;
        return Ok((q, up));
    }
    Ok((mul_div(a, b, d, Rounding::Floor)?, mul_div(a, b, d, Rounding::Ceil)?))
}

/// Quotient and rest, the rest by a product: a second division of 128 bits would cost as much as the
/// first. The product is at most `n`, so that nothing wraps.
fn quotient(n: u128, d: u128) -> (u128, u128) {
    let q = n / d;
    (q, n.wrapping_sub(q.wrapping_mul(d)))
}

fn narrow(n: u128, d: u128, rounding: Rounding) -> Result<u128> {
    let (q, r) = quotient(n, d);
    let up = match rounding {
        Rounding::Floor => false,
        Rounding::Ceil => r != 0,
        Rounding::HalfUp => r >= d - d / 2,
    };
    q.checked_add(u128::from(up)).ok_or(MoneyError::Overflow)
}

/// `n / d` of 256-bit integers.
///
/// # Errors
/// `d` is zero, or the rounded quotient overflows.
pub fn div_wide(n: U256, d: U256, rounding: Rounding) -> Result<U256> {
    if d.is_zero() {
        return Err(MoneyError::DivisionByZero);
    }
    // Most values of real books fit 128 bits, where division is several times cheaper.
    if let (Some(n), Some(d)) = (small(n), small(d)) {
        return narrow(n, d, rounding).map(U256::from);
    }
    let (q, r) = n.div_rem(d);
    let up = match rounding {
        Rounding::Floor => false,
        Rounding::Ceil => !r.is_zero(),
        // floor((n + floor(d/2)) / d) is q + 1 exactly when r >= d - floor(d/2).
        Rounding::HalfUp => r >= d - (d >> 1),
    };
    if up { q.checked_add(U256::ONE).ok_or(MoneyError::Overflow) } else { Ok(q) }
}

fn small(v: U256) -> Option<u128> {
    let limbs = v.as_limbs();
    let fits = limbs[2] == 0 && limbs[3] == 0;
    fits.then(|| u128::from(limbs[0]) | (u128::from(limbs[1]) << 64))
}

/// `a * b / d` of 256-bit integers. The product must fit 256 bits, as on the EVM, where a larger
/// one reverts; use [`mul_div_full`] where the true quotient is wanted whatever the product.
///
/// # Errors
/// `d` is zero, or the product or the quotient overflows 256 bits.
pub fn mul_div_wide(a: U256, b: U256, d: U256, rounding: Rounding) -> Result<U256> {
    let product = a.checked_mul(b).ok_or(MoneyError::Overflow)?;
    div_wide(product, d, rounding)
}

/// `a * b / d` of 256-bit integers through a 512-bit product.
///
/// # Errors
/// `d` is zero, or the quotient overflows 256 bits.
pub fn mul_div_full(a: U256, b: U256, d: U256, rounding: Rounding) -> Result<U256> {
    if d.is_zero() {
        return Err(MoneyError::DivisionByZero);
    }
    // Most products fit 256 bits, and many of those 128, where division is far cheaper.
    if let Some(product) = a.checked_mul(b) {
        return div_wide(product, d, rounding);
    }
    let product: U512 = a.widening_mul(b);
    let divisor = widen(d);
    let (q, r) = product.div_rem(divisor);
    let up = match rounding {
        Rounding::Floor => false,
        Rounding::Ceil => !r.is_zero(),
        Rounding::HalfUp => r >= divisor - (divisor >> 1),
    };
    let q = if up { q.checked_add(U512::ONE).ok_or(MoneyError::Overflow)? } else { q };
    let limbs = q.as_limbs();
    if limbs[4..].iter().any(|limb| *limb != 0) {
        return Err(MoneyError::Overflow);
    }
    Ok(U256::from_limbs([limbs[0], limbs[1], limbs[2], limbs[3]]))
}

fn widen(v: U256) -> U512 {
    let l = v.as_limbs();
    U512::from_limbs([l[0], l[1], l[2], l[3], 0, 0, 0, 0])
}

/// The product of several factors, in 256 bits.
///
/// # Errors
/// The product overflows 256 bits (the EVM would revert there too).
pub fn product(factors: &[U256]) -> Result<U256> {
    factors.iter().try_fold(U256::ONE, |acc, f| acc.checked_mul(*f)).ok_or(MoneyError::Overflow)
}

/// Narrows to 128 bits.
///
/// # Errors
/// The value does not fit.
pub fn narrow_u128(v: U256) -> Result<u128> {
    u128::try_from(v).map_err(|_| MoneyError::Overflow)
}

/// Narrows to a signed 128-bit balance.
///
/// # Errors
/// The value does not fit.
pub fn narrow_i128(v: U256) -> Result<i128> {
    i128::try_from(narrow_u128(v)?).map_err(|_| MoneyError::Overflow)
}

/// Ten to the power `decimals`.
///
/// # Errors
/// `decimals` above 38 does not fit 128 bits.
pub fn pow10(decimals: u8) -> Result<u128> {
    10u128.checked_pow(u32::from(decimals)).ok_or(MoneyError::Overflow)
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_bigint::BigUint;
    use num_integer::Integer;
    use proptest::prelude::*;

    fn big(v: U256) -> BigUint {
        BigUint::from_bytes_be(&v.to_be_bytes::<32>())
    }

    fn slow(a: U256, b: U256, d: U256, rounding: Rounding) -> BigUint {
        let n = big(a) * big(b);
        let d = big(d);
        match rounding {
            Rounding::Floor => n.div_floor(&d),
            Rounding::Ceil => n.div_ceil(&d),
            Rounding::HalfUp => (n + &d / 2u32).div_floor(&d),
        }
    }

    fn any_rounding() -> impl Strategy<Value = Rounding> {
        prop_oneof![Just(Rounding::Floor), Just(Rounding::Ceil), Just(Rounding::HalfUp)]
    }

    fn any_u256() -> impl Strategy<Value = U256> {
        (any::<[u64; 4]>(), 0usize..256).prop_map(|(limbs, shift)| U256::from_limbs(limbs) >> shift)
    }

    proptest! {
        #[test]
        fn full_product_agrees_with_big_integers(
            a in any_u256(), b in any_u256(), d in any_u256(), r in any_rounding()
        ) {
            match mul_div_full(a, b, d, r) {
                Ok(q) => prop_assert_eq!(big(q), slow(a, b, d, r)),
                Err(MoneyError::DivisionByZero) => prop_assert!(d.is_zero()),
                Err(e) => {
                    prop_assert_eq!(e, MoneyError::Overflow);
                    prop_assert!(slow(a, b, d, r) > big(U256::MAX));
                }
            }
        }

        #[test]
        fn narrow_agrees_with_big_integers(
            a in any::<u128>(), b in any::<u128>(), s in 0u32..128, t in 0u32..128,
            d in any::<u128>(), u in 0u32..128, r in any_rounding()
        ) {
            let (a, b, d) = (a >> s, b >> t, d >> u);
            let each = (mul_div(a, b, d, Rounding::Floor), mul_div(a, b, d, Rounding::Ceil));
            let both = match each {
                (Ok(down), Ok(up)) => Ok((down, up)),
                (Err(error), _) | (_, Err(error)) => Err(error),
            };
            prop_assert_eq!(mul_div_bounds(a, b, d), both);
            match mul_div(a, b, d, r) {
                Ok(q) => prop_assert_eq!(
                    BigUint::from(q),
                    slow(U256::from(a), U256::from(b), U256::from(d), r)
                ),
                Err(MoneyError::DivisionByZero) => prop_assert_eq!(d, 0),
                Err(e) => {
                    prop_assert_eq!(e, MoneyError::Overflow);
                    let q = slow(U256::from(a), U256::from(b), U256::from(d), r);
                    prop_assert!(q > BigUint::from(u128::MAX));
                }
            }
        }
    }

    #[test]
    fn halves_round_up_and_odd_divisors_have_no_half() {
        assert_eq!(div(5, 2, Rounding::HalfUp), Ok(3));
        assert_eq!(div(4, 3, Rounding::HalfUp), Ok(1));
        assert_eq!(div(5, 3, Rounding::HalfUp), Ok(2));
        assert_eq!(div(u128::MAX, 1, Rounding::Ceil), Ok(u128::MAX));
        assert_eq!(div(1, 0, Rounding::Floor), Err(MoneyError::DivisionByZero));
        assert_eq!(
            mul_div_wide(U256::MAX, U256::from(2), U256::from(2), Rounding::Floor),
            Err(MoneyError::Overflow)
        );
        assert_eq!(
            mul_div_full(U256::MAX, U256::from(2), U256::from(2), Rounding::Floor),
            Ok(U256::MAX)
        );
    }
}
