//! What settings on the command line are read as, and what is refused.

use breakwater_money::{Decimal, Rational, decimal, rational};

/// Decimals to which settings are read; more digits than that are refused by the parser.
const SETTING_DECIMALS: u8 = 18;
const SETTING_ONE: u128 = 1_000_000_000_000_000_000;
/// Largest setting that makes sense: a million times the depth, a trillion dollars of capital.
const SETTING_MAX: u128 = 1_000_000_000_000 * SETTING_ONE;

fn setting(
    text: &str,
    range: std::ops::RangeInclusive<u128>,
    right: &str,
) -> Result<String, String> {
    match decimal::parse_raw(text, SETTING_DECIMALS) {
        Ok(raw) if range.contains(&raw) => Ok(text.to_owned()),
        Ok(_) => Err(format!("expected {right}")),
        Err(error) => Err(format!("{error}; expected {right}")),
    }
}

pub(super) fn positive(text: &str) -> Result<String, String> {
    setting(text, 1..=SETTING_MAX, "a decimal above zero, such as 0.95")
}

pub(super) fn not_negative(text: &str) -> Result<String, String> {
    setting(text, 0..=SETTING_MAX, "a decimal of zero or more, such as 5000000")
}

pub(super) fn fraction(text: &str) -> Result<String, String> {
    setting(text, 0..=SETTING_ONE, "a decimal from 0 to 1, such as 0.25")
}

/// An exact decimal within the range of settings, if it is `right`.
fn exact(
    text: &str,
    is_right: impl Fn(&Rational) -> bool,
    right: &str,
) -> Result<Rational, String> {
    let most = rational::from_raw(1, 0) / rational::from_raw(1, SETTING_DECIMALS);
    let parsed = Decimal::parse(text);
    if parsed.as_ref().is_ok_and(|decimal| decimal.decimals > SETTING_DECIMALS) {
        return Err(format!("expected {right}, at most {SETTING_DECIMALS} digits after the point"));
    }
    match parsed.map(rational::from_decimal) {
        Ok(value) if value > most => Err(format!("expected {right}, at most a billion billions")),
        Ok(value) if is_right(&value) => Ok(value),
        Ok(_) => Err(format!("expected {right}")),
        Err(error) => Err(format!("{error}; expected {right}")),
    }
}

pub(super) fn exact_positive(text: &str) -> Result<Rational, String> {
    let nought = rational::from_raw(0, 0);
    exact(text, |value| *value > nought, "a decimal above zero, such as 0.5")
}

pub(super) fn exact_not_negative(text: &str) -> Result<Rational, String> {
    let nought = rational::from_raw(0, 0);
    exact(text, |value| *value >= nought, "a decimal of zero or more, such as 5000")
}

pub(super) fn exact_fraction(text: &str) -> Result<Rational, String> {
    let (nought, one) = (rational::from_raw(0, 0), rational::from_raw(1, 0));
    exact(
        text,
        |value| *value >= nought && *value < one,
        "a share from 0 to below 1, such as 0.004",
    )
}

/// A distance such as `20%` as a share, above zero.
pub(super) fn percent(text: &str) -> Result<Rational, String> {
    const RIGHT: &str = "a distance above 0%, such as 20% or 0.25%";
    let nought = rational::from_raw(0, 0);
    let Some(digits) = text.strip_suffix('%') else { return Err(format!("expected {RIGHT}")) };
    exact(digits.trim(), |value| *value > nought, RIGHT)
        .map(|value| value * rational::from_raw(1, 2))
}

/// A fall such as `60%` or `0.5%` as basis points, above zero and below 100 %.
pub(super) fn fall(text: &str) -> Result<u32, String> {
    const RIGHT: &str = "expected a fall in whole basis points, such as 60% or 0.25%";
    let Some(digits) = text.strip_suffix('%') else { return Err(RIGHT.to_owned()) };
    match decimal::parse_raw(digits.trim(), 2) {
        Ok(bps @ 1..=9_999) => u32::try_from(bps).map_err(|_| RIGHT.to_owned()),
        Ok(_) => Err(format!("above 0 % and below 100 %; {RIGHT}")),
        Err(error) => Err(format!("{error}; {RIGHT}")),
    }
}

pub(super) fn state_hash(text: &str) -> Result<String, String> {
    if text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err("expected 64 hexadecimal digits".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn falls_are_read_in_whole_basis_points() {
        assert_eq!(fall("60%"), Ok(6_000));
        assert_eq!(fall("0.25 %"), Ok(25));
        for bad in ["60", "0%", "100%", "-1%", "0.001%", "%", "x%"] {
            assert!(fall(bad).unwrap_err().contains("expected a fall"), "{bad}");
        }
    }

    #[test]
    fn distances_are_exact_shares() {
        assert_eq!(percent("20%"), Ok(rational::from_raw(2, 1)));
        assert_eq!(percent("0.005 %"), Ok(rational::from_raw(5, 5)));
        assert_eq!(percent("250%"), Ok(rational::from_raw(25, 1)));
        for bad in ["20", "0%", "-1%", "%", "x%", "1e2%"] {
            assert!(percent(bad).unwrap_err().contains("a distance above 0%"), "{bad}");
        }
        for bad in ["1", "-0.1", "0.1.1", ""] {
            assert!(exact_fraction(bad).unwrap_err().contains("to below 1"), "{bad}");
        }
        assert!(exact_positive("0").unwrap_err().contains("above zero"));
        assert!(exact_positive("1000000000000000001").unwrap_err().contains("at most"));
        assert!(exact_not_negative("1000000000000000000").is_ok());
        assert!(exact_positive("0.0000000000000000001").unwrap_err().contains("18 digits after"));
    }

    #[test]
    fn settings_outside_their_range_are_refused_with_what_would_be_right() {
        assert_eq!(fraction("0.25"), Ok("0.25".to_owned()));
        assert_eq!(fraction("1"), Ok("1".to_owned()));
        for bad in ["1.1", "-0.1", "NaN", "inf", "1e-3", "", " "] {
            assert!(fraction(bad).unwrap_err().contains("from 0 to 1"), "{bad}");
        }
        assert!(positive("0").unwrap_err().contains("above zero"));
        assert!(positive("99999999999999999999999").is_err());
        assert_eq!(not_negative("0"), Ok("0".to_owned()));
    }
}
