//! Square root, natural logarithm and exponential of fixed-point numbers, each rounded down exactly.
//!
//! One is 1e18. The transcendental functions compute a bracket around the true value and widen
//! their precision until both ends round to the same integer. That ends for every argument: the
//! exponential of a rational other than 0 and the logarithm of one other than 1 are transcendental,
//! so no true value sits on an integer, and those two points are answered without a bracket.
//!
//! The divisions and shifts inside the brackets have no rounding to name: each loses less than one
//! unit of the working precision, and the stated slack of the bracket covers their sum.
//!
//! ```
//! use breakwater_money::{U256, fixed};
//!
//! let e = fixed::exp_wad(1_000_000_000_000_000_000).unwrap();
//! assert_eq!(e, U256::from(2_718_281_828_459_045_235u64));
//! assert_eq!(fixed::ln_wad(e), Ok(999_999_999_999_999_999));
//! assert_eq!(fixed::square_root(U256::from(24)), U256::from(4));
//! ```

use crate::{MoneyError, Result, U256, U512};
use num_bigint::{BigInt, BigUint};
use num_integer::Integer;
use num_traits::{One, Zero};

/// One, as these functions count it.
const ONE: u64 = 1_000_000_000_000_000_000;

/// The largest integer whose square is at most `n`.
#[must_use]
pub fn square_root(n: U256) -> U256 {
    if let Ok(small) = u128::try_from(n) {
        return U256::from(small.isqrt());
    }
    // Newton's method from above: it falls strictly until the floor of the root is reached.
    let mut root = U256::ONE << n.bit_len().div_ceil(2);
    loop {
        // division: a Newton step; its floor keeps the sequence at or above the root's floor.
        let next = (root + n / root) >> 1;
        if next >= root {
            return root;
        }
        root = next;
    }
}

/// `floor(1e18 * exp(x / 1e18))`.
///
/// # Errors
/// The result exceeds 256 bits, which is so from about 136 (1.36e20) on.
pub fn exp_wad(x: i128) -> Result<U256> {
    if x == 0 {
        return Ok(U256::from(ONE));
    }
    if x <= SMALLEST_EXPONENT {
        return Ok(U256::ZERO);
    }
    if x >= LARGEST_EXPONENT {
        return Err(MoneyError::Overflow);
    }
    if let Some(value) = exp_narrow(x) {
        return Ok(value);
    }
    let mut bits = BITS_FIRST;
    loop {
        if let Some(value) = exp_bracket(x, bits) {
            return narrow(&value);
        }
        bits *= 2;
    }
}

/// `floor(1e18 * ln(x / 1e18))`; negative below one.
///
/// # Errors
/// `x` is zero, whose logarithm is below every number.
pub fn ln_wad(x: U256) -> Result<i128> {
    if x.is_zero() {
        return Err(MoneyError::Overflow);
    }
    if x == U256::from(ONE) {
        return Ok(0);
    }
    let x = BigInt::from(BigUint::from_bytes_be(&x.to_be_bytes::<32>()));
    let mut bits = BITS_FIRST;
    loop {
        if let Some(value) = ln_bracket(&x, bits) {
            return i128::try_from(value).map_err(|_| MoneyError::Overflow);
        }
        bits *= 2;
    }
}

/// At or below this argument the exponential is less than 1e-18: 18 ln 10 is 41.446.
const SMALLEST_EXPONENT: i128 = -42 * ONE as i128;

/// From this argument on the result exceeds 256 bits: ln(2^256 / 1e18) is 135.999.
const LARGEST_EXPONENT: i128 = 136 * ONE as i128;

/// The first precision of the wide brackets: 256 bits of result and 64 to tell them apart.
const BITS_FIRST: u64 = 320;

/// Half the width of the wide brackets, as a power of two of their last unit. Each of at most
/// `bits` terms loses at most four units, at most 320 halvings of ln 2 lose two units each, and the
/// tail beyond the last term is less than two; that is far below 2^24 up to `bits` = 2^20.
const SLACK_BITS: u32 = 24;

/// Fraction bits of the narrow exponential.
const NARROW_BITS: usize = 192;

/// `floor(ln 2 * 2^192)`.
const NARROW_LN_2: U512 = U512::from_limbs([
    0x40f3_4326_7298_b62d,
    0xc9e3_b398_03f2_f6af,
    0xb172_17f7_d1cf_79ab,
    0,
    0,
    0,
    0,
    0,
]);

/// Multiples of ln 2 that are added first, so that every argument above -44 becomes positive.
const NARROW_OFFSET: usize = 64;

/// The argument is divided by this power of two before the series and the sum squared as often.
const NARROW_HALVINGS: usize = 8;

/// The exponential in 512-bit integers; none where their precision does not decide the last unit.
///
/// Error in units of 2^-192: the argument is off by at most one, plus one for each ln 2, together
/// below 512, and halving it loses less than 256 more. Each of at most 24 terms of the series loses
/// at most two; eight squarings double the loss each time and add one. With a sum below two the
/// whole stays below 2^16.
fn exp_narrow(x: i128) -> Option<U256> {
    let one = U512::ONE << NARROW_BITS;
    // division: see the error above; so are the others of this function.
    let scaled = (U512::from(x.unsigned_abs()) << NARROW_BITS) / U512::from(ONE);
    let offset = NARROW_LN_2 * U512::from(NARROW_OFFSET);
    let shifted = if x < 0 { offset.checked_sub(scaled)? } else { offset + scaled };
    let (doublings, rest) = shifted.div_rem(NARROW_LN_2);
    let doublings = usize::try_from(doublings).ok()?;
    let small = rest >> NARROW_HALVINGS;

    let (mut term, mut sum, mut place) = (one, one, 1u64);
    while !term.is_zero() {
        // division: see the error above.
        term = ((term * small) >> NARROW_BITS) / U512::from(place);
        sum += term;
        place += 1;
    }
    for _ in 0..NARROW_HALVINGS {
        sum = (sum * sum) >> NARROW_BITS;
    }

    let slack = U512::ONE << 16;
    let down = (NARROW_BITS + NARROW_OFFSET).checked_sub(doublings)?;
    let low: U512 = ((sum - slack) * U512::from(ONE)) >> down;
    let high: U512 = ((sum + slack) * U512::from(ONE)) >> down;
    if low != high {
        return None;
    }
    let limbs = low.as_limbs();
    // The sum has 193 bits and 1e18 has 60, so the product fits the four limbs that are kept.
    Some(U256::from_limbs([limbs[0], limbs[1], limbs[2], limbs[3]]))
}

/// The exponential with `bits` fraction bits; none if the bracket holds more than one integer.
fn exp_bracket(x: i128, bits: u64) -> Option<BigInt> {
    let (doublings, rest) =
        ((BigInt::from(x) << bits).div_floor(&BigInt::from(ONE))).div_mod_floor(&ln_2(bits));
    let mut term = BigInt::one() << bits;
    let mut sum = term.clone();
    let mut place = 1u32;
    while !term.is_zero() {
        // division: one term of the series, see `SLACK_BITS`.
        term = ((term * &rest) >> bits) / place;
        sum += &term;
        place += 1;
    }
    let doublings = i64::try_from(doublings).ok()?;
    let down = u64::try_from(i64::try_from(bits).ok()?.checked_sub(doublings)?).ok()?;
    decide(&(sum * ONE), &BigInt::from(ONE), down)
}

/// The logarithm with `bits` fraction bits; none if the bracket holds more than one integer.
fn ln_bracket(x: &BigInt, bits: u64) -> Option<BigInt> {
    // x / 1e18 is `ratio * 2^halvings` with a ratio between 0.57 and 1.16.
    let one = BigInt::from(ONE);
    let halvings = i64::try_from(x.bits()).ok()? - i64::try_from(one.bits()).ok()?;
    let (numerator, denominator) = if halvings < 0 {
        (x << halvings.unsigned_abs(), one.clone())
    } else {
        (x.clone(), &one << halvings.unsigned_abs())
    };
    // ln r is twice the inverse hyperbolic tangent of (r - 1) / (r + 1).
    let argument = (&numerator - &denominator) << bits;
    let sum = inverse_tanh(&argument.div_floor(&(numerator + denominator)), bits);
    let value = (sum << 1u32) + ln_2(bits) * halvings;
    decide(&(value * ONE), &one, bits)
}

/// The integer that both ends of the bracket around `scaled / 2^down` round down to, if it is one.
/// `unit` is what one unit of the working precision has been scaled by.
fn decide(scaled: &BigInt, unit: &BigInt, down: u64) -> Option<BigInt> {
    let slack = unit << SLACK_BITS;
    let low: BigInt = (scaled - &slack) >> down;
    let high: BigInt = (scaled + &slack) >> down;
    (low == high).then_some(low)
}

/// ln 2 with `bits` fraction bits, off by less than one unit.
fn ln_2(bits: u64) -> BigInt {
    const GUARD: u64 = 32;
    let third = (BigInt::one() << (bits + GUARD)).div_floor(&BigInt::from(3));
    inverse_tanh(&third, bits + GUARD) >> (GUARD - 1)
}

/// `z + z^3/3 + z^5/5 + ...` of a `z` between -1/2 and 1/2 with `bits` fraction bits.
fn inverse_tanh(z: &BigInt, bits: u64) -> BigInt {
    let square = (z * z) >> bits;
    let (mut power, mut sum, mut place) = (z.clone(), z.clone(), 3u32);
    loop {
        // A shift of a negative power goes down for ever at -1, so its size decides the end.
        power = (power * &square) >> bits;
        if power.bits() <= 1 {
            return sum;
        }
        sum += power.div_floor(&BigInt::from(place));
        place += 2;
    }
}

fn narrow(value: &BigInt) -> Result<U256> {
    let digits = value.to_biguint().ok_or(MoneyError::Underflow)?.to_u64_digits();
    U256::checked_from_limbs_slice(&digits).ok_or(MoneyError::Overflow)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rational;
    use num_traits::Signed;
    use proptest::prelude::*;

    /// A bracket of the exponential of the rational `x` by its plain series, from the definition:
    /// no reduction of the argument, directed rounding of every term.
    fn slow_exp(x: &Rational) -> (Rational, Rational) {
        let scale = BigInt::one() << 700u32;
        let x = x.abs();
        let (mut low, mut high) = (scale.clone(), scale.clone());
        let (mut low_sum, mut high_sum) = (scale.clone(), scale.clone());
        for place in 1u32..2_000 {
            let divisor = x.denom() * BigInt::from(place);
            low = (low * x.numer()).div_floor(&divisor);
            high = (high * x.numer()).div_ceil(&divisor);
            low_sum += &low;
            high_sum += &high;
            // Beyond twice the argument each term is less than half the one before.
            if high <= BigInt::one() && Rational::from_integer((place / 2).into()) > x {
                break;
            }
        }
        let of = |n: BigInt| Rational::new(n, scale.clone());
        (of(low_sum), of(high_sum + high * 4u32))
    }

    fn one() -> Rational {
        Rational::from_integer(BigInt::from(ONE))
    }

    fn wide(value: U256) -> Rational {
        Rational::from_integer(BigUint::from_bytes_be(&value.to_be_bytes::<32>()).into())
    }

    /// Whether `value <= 1e18 * exp(x / 1e18) < value + 1`, shown by the slow bracket.
    fn is_floor_of_exp(x: i128, value: U256) -> bool {
        let (low, high) = slow_exp(&(Rational::from_integer(x.into()) / one()));
        let (low, high) = if x < 0 { (high.recip(), low.recip()) } else { (low, high) };
        let value = wide(value);
        value <= low * one() && high * one() < value + Rational::one()
    }

    /// Whether `ln <= 1e18 * ln(x / 1e18) < ln + 1`, which is `exp(ln) <= x < exp(ln + 1)`.
    fn is_floor_of_ln(x: U256, ln: i128) -> bool {
        let bracket = |n: i128| {
            let (low, high) = slow_exp(&(Rational::from_integer(n.into()) / one()));
            if n < 0 { (high.recip(), low.recip()) } else { (low, high) }
        };
        let x = wide(x) / one();
        bracket(ln).1 <= x && x < bracket(ln + 1).0 || (ln == 0 && x.is_one())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn the_exponential_is_the_floor_of_the_series(
            x in -45_000_000_000_000_000_000i128..140_000_000_000_000_000_000
        ) {
            match exp_wad(x) {
                Ok(value) => prop_assert!(is_floor_of_exp(x, value)),
                Err(error) => {
                    prop_assert_eq!(error, MoneyError::Overflow);
                    let (low, _) = slow_exp(&(Rational::from_integer(x.into()) / one()));
                    prop_assert!(low * one() > wide(U256::MAX));
                }
            }
        }

        #[test]
        fn small_arguments_too(x in -1_000_000_000i128..1_000_000_000) {
            prop_assert!(is_floor_of_exp(x, exp_wad(x).unwrap()));
        }

        #[test]
        fn the_logarithm_is_the_floor_of_the_inverse(
            limbs in any::<[u64; 4]>(), shift in 0usize..256
        ) {
            let x = U256::from_limbs(limbs) >> shift;
            if x.is_zero() {
                prop_assert_eq!(ln_wad(x), Err(MoneyError::Overflow));
            } else {
                prop_assert!(is_floor_of_ln(x, ln_wad(x).unwrap()));
            }
        }

        #[test]
        fn logarithms_near_one_too(off in 1u64..1_000_000, below in any::<bool>()) {
            let x = U256::from(if below { ONE - off } else { ONE + off });
            prop_assert!(is_floor_of_ln(x, ln_wad(x).unwrap()));
        }

        #[test]
        fn the_narrow_exponential_agrees_with_the_wide_one(
            x in -42_000_000_000_000_000_000i128..136_000_000_000_000_000_000
        ) {
            if let Some(value) = exp_narrow(x) {
                let bracket = exp_bracket(x, BITS_FIRST).unwrap();
                prop_assert_eq!(Ok(value), narrow(&bracket));
            }
        }

        #[test]
        fn the_square_root_is_the_floor(limbs in any::<[u64; 4]>(), shift in 0usize..256) {
            let n = U256::from_limbs(limbs) >> shift;
            let root = square_root(n);
            prop_assert!(root * root <= n);
            let above = root + U256::ONE;
            prop_assert!(above.checked_mul(above).is_none_or(|square| square > n));
        }
    }

    #[test]
    fn the_ends_of_each_domain() {
        assert_eq!(exp_wad(0), Ok(U256::from(ONE)));
        assert_eq!(exp_wad(1), Ok(U256::from(ONE + 1)));
        assert_eq!(exp_wad(-1), Ok(U256::from(ONE - 1)));
        // 18 ln 10: the last argument whose exponential rounds to nothing, and the first above.
        assert_eq!(exp_wad(-41_446_531_673_892_822_313), Ok(U256::ZERO));
        assert_eq!(exp_wad(-41_446_531_673_892_822_312), Ok(U256::ONE));
        assert_eq!(exp_wad(i128::MIN), Ok(U256::ZERO));
        assert_eq!(exp_wad(i128::MAX), Err(MoneyError::Overflow));
        let largest = ln_wad(U256::MAX).unwrap();
        assert!(exp_wad(largest).is_ok());
        assert_eq!(exp_wad(largest + 1), Err(MoneyError::Overflow));
        assert_eq!(ln_wad(U256::ZERO), Err(MoneyError::Overflow));
        assert_eq!(ln_wad(U256::ONE), Ok(-41_446_531_673_892_822_313));
        assert_eq!(ln_wad(U256::from(ONE)), Ok(0));
        assert_eq!(ln_wad(U256::from(ONE - 1)), Ok(-2));
        assert_eq!(ln_wad(U256::from(ONE + 1)), Ok(0));
    }

    #[test]
    fn the_square_root_at_squares_and_beside_them() {
        for root in [0u128, 1, 2, 3, u128::from(u64::MAX), u128::from(u64::MAX) + 1, u128::MAX] {
            let square = U256::from(root) * U256::from(root);
            assert_eq!(square_root(square), U256::from(root));
            assert_eq!(square_root(square + U256::ONE), U256::from(root.max(1)));
            if root > 1 {
                assert_eq!(square_root(square - U256::ONE), U256::from(root - 1));
            }
        }
        assert_eq!(square_root(U256::MAX), U256::from(u128::MAX));
    }

    #[test]
    fn the_narrow_logarithm_of_two_is_the_wide_one_cut() {
        let limbs = NARROW_LN_2.as_limbs();
        let wide = ln_2(320) >> 128u32;
        assert_eq!(wide.to_biguint().unwrap().to_u64_digits(), limbs[..3]);
    }
}
