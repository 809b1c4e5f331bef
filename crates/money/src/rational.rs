//! Exact rationals for roots and for judging the integer core. Not used in the hot path.

use crate::decimal::{Decimal, DecimalError};
use crate::rounding::Rounding;
use crate::{MoneyError, U256};
use num_bigint::{BigInt, BigUint, Sign};
use num_integer::Integer;
use num_traits::{Signed, Zero};

/// An exact fraction of big integers, always in lowest terms.
pub type Rational = num_rational::BigRational;

/// Reads `a/b` or a plain decimal.
///
/// # Errors
/// Either part is not a decimal, or `b` is zero.
pub fn parse(text: &str) -> Result<Rational, DecimalError> {
    match text.split_once('/') {
        None => Ok(from_decimal(Decimal::parse(text)?)),
        Some((n, d)) => {
            let n = from_decimal(Decimal::parse(n.trim())?);
            let d = from_decimal(Decimal::parse(d.trim())?);
            if d.is_zero() {
                return Err(DecimalError::NoDigits { text: text.to_owned() });
            }
            Ok(n / d) // division: exact, rationals do not round
        }
    }
}

/// The exact value of a decimal.
#[must_use]
pub fn from_decimal(d: Decimal) -> Rational {
    let digits = big(d.digits);
    let numer = BigInt::from_biguint(if d.negative { Sign::Minus } else { Sign::Plus }, digits);
    Rational::new(numer, BigInt::from(10u8).pow(u32::from(d.decimals)))
}

/// `raw / 10^decimals`.
#[must_use]
pub fn from_raw(raw: i128, decimals: u8) -> Rational {
    Rational::new(BigInt::from(raw), BigInt::from(10u8).pow(u32::from(decimals)))
}

/// A 256-bit integer as a big one.
#[must_use]
pub fn big(v: U256) -> BigUint {
    BigUint::from_bytes_be(&v.to_be_bytes::<32>())
}

/// The integer at `decimals` nearest in the direction named, for a value of zero or more.
///
/// # Errors
/// Negative, or too large for 128 bits.
pub fn to_raw(value: &Rational, decimals: u8, rounding: Rounding) -> Result<u128, MoneyError> {
    if value.is_negative() {
        return Err(MoneyError::Underflow);
    }
    let scaled = value * Rational::from_integer(BigInt::from(10u8).pow(u32::from(decimals)));
    let (q, r) = scaled.numer().div_rem(scaled.denom());
    let up = match rounding {
        Rounding::Floor => false,
        Rounding::Ceil => !r.is_zero(),
        Rounding::HalfUp => &r + &r >= *scaled.denom(),
    };
    let q = if up { q + 1 } else { q };
    u128::try_from(q).map_err(|_| MoneyError::Overflow)
}

/// Prints the value with `places` digits after the point, rounded towards zero, and a trailing
/// `…` when something was cut.
#[must_use]
pub fn format(value: &Rational, places: u8) -> String {
    let scaled = value.abs() * Rational::from_integer(BigInt::from(10u8).pow(u32::from(places)));
    let whole = scaled.to_integer();
    let sign = if value.is_negative() { "-" } else { "" };
    let cut = if scaled.is_integer() { "" } else { "…" };
    let digits = whole.to_string();
    let padded = format!("{digits:0>width$}", width = usize::from(places) + 1);
    let (head, tail) = padded.split_at(padded.len() - usize::from(places));
    let point = if tail.is_empty() { "" } else { "." };
    format!("{sign}{head}{point}{tail}{cut}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_and_decimals_read_alike() {
        assert_eq!(parse("100/50").unwrap(), parse("2").unwrap());
        assert_eq!(parse("-1.5").unwrap(), parse("-3/2").unwrap());
        assert!(parse("1/0").is_err());
        let third = parse("1/3").unwrap();
        assert_eq!(to_raw(&third, 2, Rounding::Floor), Ok(33));
        assert_eq!(to_raw(&third, 2, Rounding::Ceil), Ok(34));
        assert_eq!(to_raw(&parse("1/2").unwrap(), 0, Rounding::HalfUp), Ok(1));
        assert_eq!(to_raw(&parse("-1").unwrap(), 0, Rounding::Floor), Err(MoneyError::Underflow));
        assert_eq!(format(&third, 4), "0.3333…");
        assert_eq!(format(&parse("-5/4").unwrap(), 2), "-1.25");
        assert_eq!(format(&parse("7").unwrap(), 0), "7");
    }
}
