//! Exact decimals as text: what tables and CSV print, digit for digit.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::ReportError;

/// An exact decimal number kept as its digits, such as `-1234.50`.
///
/// Tables and CSV print it unchanged, so nothing is lost to binary floating point. It can hold
/// nothing but a number, so a numeric CSV cell can never become a spreadsheet formula. The unit is
/// in the name of the field that holds it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Decimal(String);

impl Decimal {
    /// Takes digits, at most one point and an optional leading minus.
    ///
    /// # Errors
    /// [`ReportError::NotDecimal`] for anything else, exponents, a plus and separators included.
    pub fn parse(text: &str) -> Result<Self, ReportError> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if all_digits(whole) && all_digits(fraction) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ReportError::NotDecimal { value: text.to_owned() })
        }
    }

    /// The number `raw / 10^places`, exactly: `from_scaled(-15, 1)` is `-1.5`.
    /// Use it for amounts that are kept in base units.
    #[must_use]
    pub fn from_scaled(raw: i128, places: u8) -> Self {
        // The digits are all ASCII, so this cannot fail to be a decimal.
        Self(place_point(&raw.unsigned_abs().to_string(), usize::from(places), raw < 0))
    }

    /// The number `digits / 10^places` for digits wider than 128 bits.
    ///
    /// # Errors
    /// [`ReportError::NotDecimal`] if `digits` is not a whole number, with an optional minus, and
    /// [`ReportError::TooManyPlaces`] if `places` is above 255.
    pub fn from_digits(digits: &str, places: usize) -> Result<Self, ReportError> {
        if places > usize::from(u8::MAX) {
            return Err(ReportError::TooManyPlaces { value: places });
        }
        let unsigned = digits.strip_prefix('-').unwrap_or(digits);
        if unsigned.is_empty() || !unsigned.bytes().all(|b| b.is_ascii_digit()) {
            return Err(ReportError::NotDecimal { value: digits.to_owned() });
        }
        Ok(Self(place_point(unsigned, places, digits.starts_with('-'))))
    }

    /// The digits as given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether every digit is zero, whatever the sign and the number of places.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.0.bytes().all(|b| matches!(b, b'0' | b'.' | b'-'))
    }

    /// Whether both stand for the same number: zeros at either end make no difference.
    pub(crate) fn same_value(&self, other: &Self) -> bool {
        fn canonical(value: &Decimal) -> (bool, &str, &str) {
            let (negative, digits) = match value.0.strip_prefix('-') {
                Some(digits) => (true, digits),
                None => (false, value.0.as_str()),
            };
            let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
            let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
            (negative && !value.is_zero(), whole, fraction)
        }
        canonical(self) == canonical(other)
    }

    /// The nearest floating-point number, for axes only.
    pub(crate) fn axis(&self) -> f64 {
        // Digits with at most one point and a leading minus always parse; a value beyond the range
        // becomes infinite, which the checks of the charts refuse with its field named.
        self.0.parse().unwrap_or(f64::NAN)
    }
}

/// Puts a point `places` digits from the end, after filling up with zeros in front.
fn place_point(digits: &str, places: usize, negative: bool) -> String {
    let sign = if negative { "-" } else { "" };
    if places == 0 {
        return format!("{sign}{digits}");
    }
    let padded = format!("{digits:0>width$}", width = places + 1);
    let (whole, fraction) = padded.split_at(padded.len() - places);
    format!("{sign}{whole}.{fraction}")
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Decimal {
    type Err = ReportError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Decimal {
    type Error = ReportError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Decimal> for String {
    fn from(value: Decimal) -> Self {
        value.0
    }
}

impl From<u64> for Decimal {
    fn from(value: u64) -> Self {
        Self(value.to_string())
    }
}

impl From<i64> for Decimal {
    fn from(value: i64) -> Self {
        Self(value.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_plain_decimals_only() {
        for good in ["0", "-0.00", "12", "12.5", "-1234567890123456789012345678901234567890.1"] {
            assert_eq!(Decimal::parse(good).expect(good).as_str(), good);
        }
        for bad in ["", "-", ".", "1.", ".5", "+1", "1e9", "1,000", "=1+1", "NaN", "inf", "1.2.3"] {
            let error = Decimal::parse(bad).expect_err(bad).to_string();
            assert!(error.contains("not an exact decimal"), "{error}");
        }
    }

    #[test]
    fn scales_base_units_exactly() {
        assert_eq!(Decimal::from_scaled(-15, 1).as_str(), "-1.5");
        assert_eq!(Decimal::from_scaled(7, 18).as_str(), "0.000000000000000007");
        assert_eq!(Decimal::from_scaled(0, 2).as_str(), "0.00");
        assert_eq!(Decimal::from_scaled(42, 0).as_str(), "42");
        assert_eq!(
            Decimal::from_scaled(i128::MIN, 38).as_str(),
            "-1.70141183460469231731687303715884105728"
        );
        assert_eq!(Decimal::from_digits("-12345", 2).expect("digits").as_str(), "-123.45");
        assert!(Decimal::from_digits("1.5", 2).is_err());
        assert!(Decimal::from_digits("1", 256).is_err());
    }

    #[test]
    fn zero_is_zero_in_any_spelling() {
        for zero in ["0", "-0", "0.000", "-00.0"] {
            assert!(Decimal::parse(zero).expect(zero).is_zero());
        }
        assert!(!Decimal::parse("0.001").expect("decimal").is_zero());
    }

    #[test]
    fn equal_numbers_are_equal_in_any_spelling() {
        let same = |a: &str, b: &str| {
            let parse = |text| Decimal::parse(text).expect("a decimal");
            parse(a).same_value(&parse(b))
        };
        assert!(same("1.50", "001.5") && same("-0", "0.0") && same("10", "10.0"));
        assert!(!same("10", "1") && !same("-1", "1") && !same("1.05", "1.5"));
    }

    #[test]
    fn json_carries_the_digits_and_refuses_other_text() {
        let value: Decimal = serde_json::from_str("\"1.50\"").expect("decimal");
        assert_eq!(serde_json::to_string(&value).expect("json"), "\"1.50\"");
        assert!(serde_json::from_str::<Decimal>("\"=1\"").is_err());
    }
}
