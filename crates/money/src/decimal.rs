//! Reading and printing decimals without loss.
//!
//! Reading is total: every text is either exactly one number or an error that says what is wrong
//! with it. No exponents: a price feed that sends `1e400` is refused at the door.

use crate::rounding::{Rounding, div_wide};
use crate::{MoneyError, U256};

/// Most digits a decimal may have, fraction included: what 256 bits always hold.
pub const DIGITS_MAX: usize = 77;

/// Why a text is not the decimal that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecimalError {
    /// Nothing there.
    #[error("empty: expected a decimal such as 12.5")]
    Empty,
    /// A character that is not a digit, one leading sign or one point.
    #[error("'{text}' is not a decimal: unexpected '{found}' at character {at}")]
    Unexpected {
        /// The text as given.
        text: String,
        /// The offending character.
        found: char,
        /// Its place, counted from 1.
        at: usize,
    },
    /// A sign or point without digits.
    #[error("'{text}' has no digits")]
    NoDigits {
        /// The text as given.
        text: String,
    },
    /// More digits than 256 bits hold.
    #[error("'{text}' has more than {DIGITS_MAX} digits")]
    TooLong {
        /// The start of the text as given.
        text: String,
    },
    /// More digits after the point than the scale has.
    #[error(
        "'{text}' has more than {decimals} digits after the point; the scale has no finer unit"
    )]
    TooPrecise {
        /// The number as given.
        text: String,
        /// Decimals of the scale.
        decimals: u8,
    },
    /// Negative where only zero or more makes sense.
    #[error("'{text}' is negative; expected zero or more")]
    Negative {
        /// The number as given.
        text: String,
    },
    /// Too large for the type it was asked as.
    #[error("'{text}' is too large: {limit}")]
    TooLarge {
        /// The number as given.
        text: String,
        /// What it had to fit.
        limit: &'static str,
    },
}

/// An exact decimal: `±digits / 10^decimals`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimal {
    /// True for a number below zero. Zero is never negative.
    pub negative: bool,
    /// All digits as one integer.
    pub digits: U256,
    /// How many of them stand after the point.
    pub decimals: u8,
}

impl Decimal {
    /// Reads `[+-]digits[.digits]`; either side of the point may be empty, not both.
    ///
    /// # Errors
    /// See [`DecimalError`].
    pub fn parse(text: &str) -> Result<Decimal, DecimalError> {
        if text.is_empty() {
            return Err(DecimalError::Empty);
        }
        let mut digits = U256::ZERO;
        let (mut count, mut significant, mut decimals) = (0usize, 0usize, 0usize);
        let (mut negative, mut point) = (false, false);
        for (i, c) in text.chars().enumerate() {
            match c {
                '-' | '+' if i == 0 => negative = c == '-',
                '.' if !point => point = true,
                '0'..='9' => {
                    count += 1;
                    significant += usize::from(significant > 0 || c != '0');
                    decimals += usize::from(point);
                    if significant > DIGITS_MAX || decimals > DIGITS_MAX {
                        let text = text.chars().take(40).collect();
                        return Err(DecimalError::TooLong { text });
                    }
                    // At most 77 significant digits stay below 2^256.
                    digits = digits * U256::from(10u8) + U256::from(c as u32 - '0' as u32);
                }
                _ => {
                    let text = text.chars().take(40).collect();
                    return Err(DecimalError::Unexpected { text, found: c, at: i + 1 });
                }
            }
        }
        if count == 0 {
            return Err(DecimalError::NoDigits { text: text.to_owned() });
        }
        Ok(Decimal {
            negative: negative && !digits.is_zero(),
            digits,
            // At most DIGITS_MAX, which fits.
            decimals: u8::try_from(decimals).unwrap_or(u8::MAX),
        })
    }

    /// The same number as an unsigned integer at `decimals`; digits beyond the scale must be zero.
    ///
    /// # Errors
    /// Negative, too precise, or too large for 128 bits.
    pub fn to_raw(self, decimals: u8) -> Result<u128, DecimalError> {
        if self.negative {
            return Err(DecimalError::Negative { text: self.to_string() });
        }
        let exact = self.rescale(decimals)?;
        u128::try_from(exact)
            .map_err(|_| DecimalError::TooLarge { text: self.to_string(), limit: "128 bits" })
    }

    /// The same number as a signed integer at `decimals`; digits beyond the scale must be zero.
    ///
    /// # Errors
    /// Too precise, or too large for 127 bits.
    pub fn to_raw_signed(self, decimals: u8) -> Result<i128, DecimalError> {
        let exact = self.rescale(decimals)?;
        let raw = i128::try_from(exact)
            .map_err(|_| DecimalError::TooLarge { text: self.to_string(), limit: "127 bits" })?;
        Ok(if self.negative { -raw } else { raw })
    }

    fn rescale(self, decimals: u8) -> Result<U256, DecimalError> {
        let too_large = || DecimalError::TooLarge { text: self.to_string(), limit: "256 bits" };
        if self.digits.is_zero() {
            return Ok(U256::ZERO);
        }
        if decimals >= self.decimals {
            let factor = U256::from(10u8)
                .checked_pow(U256::from(decimals - self.decimals))
                .ok_or_else(too_large)?;
            return self.digits.checked_mul(factor).ok_or_else(too_large);
        }
        let factor = U256::from(10u8).pow(U256::from(self.decimals - decimals));
        match div_wide(self.digits, factor, Rounding::Floor) {
            Ok(q) if q * factor == self.digits => Ok(q),
            _ => Err(DecimalError::TooPrecise { text: self.to_string(), decimals }),
        }
    }
}

impl std::fmt::Display for Decimal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.negative {
            f.write_str("-")?;
        }
        f.write_str(&format_wide(self.digits, self.decimals))
    }
}

/// Reads an unsigned integer at `decimals`.
///
/// # Errors
/// See [`DecimalError`].
pub fn parse_raw(text: &str, decimals: u8) -> Result<u128, DecimalError> {
    Decimal::parse(text)?.to_raw(decimals)
}

/// Reads a signed integer at `decimals`.
///
/// # Errors
/// See [`DecimalError`].
pub fn parse_raw_signed(text: &str, decimals: u8) -> Result<i128, DecimalError> {
    Decimal::parse(text)?.to_raw_signed(decimals)
}

/// Prints `raw / 10^decimals` exactly, without trailing zeros after the point.
#[must_use]
pub fn format_raw(raw: u128, decimals: u8) -> String {
    place_point(raw.to_string(), decimals)
}

/// Prints a signed `raw / 10^decimals` exactly.
#[must_use]
pub fn format_raw_signed(raw: i128, decimals: u8) -> String {
    let sign = if raw < 0 { "-" } else { "" };
    format!("{sign}{}", format_raw(raw.unsigned_abs(), decimals))
}

/// Prints a 256-bit `raw / 10^decimals` exactly.
#[must_use]
pub fn format_wide(raw: U256, decimals: u8) -> String {
    place_point(raw.to_string(), decimals)
}

fn place_point(digits: String, decimals: u8) -> String {
    let places = usize::from(decimals);
    if places == 0 {
        return digits;
    }
    let padded = format!("{digits:0>width$}", width = places + 1);
    let (whole, fraction) = padded.split_at(padded.len() - places);
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
}

impl From<MoneyError> for DecimalError {
    fn from(_: MoneyError) -> Self {
        DecimalError::TooLarge { text: String::new(), limit: "256 bits" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_refusal_says_what_is_wrong() {
        for (text, expected) in [
            ("", "empty: expected a decimal such as 12.5"),
            ("-", "'-' has no digits"),
            (".", "'.' has no digits"),
            ("1e9", "'1e9' is not a decimal: unexpected 'e' at character 2"),
            ("NaN", "'NaN' is not a decimal: unexpected 'N' at character 1"),
            ("1.2.3", "'1.2.3' is not a decimal: unexpected '.' at character 4"),
            ("1 000", "'1 000' is not a decimal: unexpected ' ' at character 2"),
            ("--1", "'--1' is not a decimal: unexpected '-' at character 2"),
        ] {
            assert_eq!(Decimal::parse(text).unwrap_err().to_string(), expected);
        }
        assert_eq!(
            parse_raw("1.23", 1).unwrap_err().to_string(),
            "'1.23' has more than 1 digits after the point; the scale has no finer unit"
        );
        assert_eq!(parse_raw("1.230", 2), Ok(123));
        assert_eq!(
            parse_raw("-1", 0).unwrap_err().to_string(),
            "'-1' is negative; expected zero or more"
        );
        assert_eq!(parse_raw("-0.0", 0), Ok(0));
        assert!(matches!(parse_raw(&"9".repeat(78), 0), Err(DecimalError::TooLong { .. })));
        assert!(matches!(parse_raw(&"9".repeat(77), 0), Err(DecimalError::TooLarge { .. })));
        assert!(matches!(parse_raw("1", 200), Err(DecimalError::TooLarge { .. })));
        assert_eq!(parse_raw(&format!("{}7", "0".repeat(500)), 0), Ok(7));
    }

    proptest! {
        #[test]
        fn printing_then_reading_is_the_same_number(
            raw in any::<i128>(), decimals in 0u8..=38
        ) {
            prop_assume!(raw != i128::MIN);
            let text = format_raw_signed(raw, decimals);
            prop_assert_eq!(parse_raw_signed(&text, decimals), Ok(raw));
        }

        #[test]
        fn reading_is_total(text in "\\PC{0,90}") {
            let _ = Decimal::parse(&text).map(|d| (d.to_raw(18), d.to_raw_signed(3), d.to_string()));
        }
    }
}
