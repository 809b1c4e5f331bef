//! How numbers are written for readers: separators, suffixes, rounded labels.

use crate::decimal::Decimal;

/// Typographic minus; the hyphen of raw digits is narrower than a figure.
const MINUS: char = '\u{2212}';

/// Suffixes for labels, largest first.
const SUFFIXES: [(f64, &str); 4] = [(1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")];

/// From here on labels use powers of ten.
const POWERS_FROM: f64 = 1e15;

/// Sets separators into the whole part of a plain decimal; other text is returned as it is.
pub(crate) fn grouped(text: &str) -> String {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = match digits.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (digits, None),
    };
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !is_number(whole) || fraction.is_some_and(|f| !is_number(f)) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() * 4 / 3 + 2);
    if sign {
        out.push(MINUS);
    }
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

/// The number in full, with separators; very large and very small ones as powers of ten.
pub(crate) fn full(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-9..POWERS_FROM).contains(&size) {
        return power(value, 6);
    }
    grouped(&format!("{value}"))
}

/// The number rounded to `digits` significant digits, with a suffix from ten thousand on.
pub(crate) fn short(value: f64, digits: usize) -> String {
    rounded(value, digits, trim_zeros)
}

fn rounded(value: f64, digits: usize, finish: impl Fn(&str) -> String) -> String {
    let size = value.abs();
    if size == 0.0 {
        return "0".to_owned();
    }
    if !(1e-6..POWERS_FROM).contains(&size) {
        return power(value, digits);
    }
    // A value that rounds up to the next suffix must take it: 999,999 is 1M, not 1000k.
    let rounded = round_significant(size, digits);
    let (divisor, suffix) = if rounded < 1e4 {
        (1.0, "")
    } else {
        SUFFIXES.iter().copied().find(|(from, _)| rounded >= *from).unwrap_or((1.0, ""))
    };
    let places = usize::try_from(digits as i32 - 1 - exponent(rounded / divisor)).unwrap_or(0);
    let text = finish(&format!("{:.places$}", rounded / divisor));
    let sign = if value < 0.0 { "-" } else { "" };
    grouped(&format!("{sign}{text}")) + suffix
}

/// Longest figure that is shown in full where space is short.
const LONGEST: usize = 8;

/// An exact decimal for a narrow place: in full if it is short, else rounded to four significant
/// digits, zeros kept, so that figures in a column look alike.
pub(crate) fn figure(value: &Decimal) -> String {
    let exact = grouped(value.as_str());
    let axis = value.axis();
    if exact.chars().count() <= LONGEST || !axis.is_finite() {
        return exact;
    }
    rounded(axis, 4, |text| text.to_owned())
}

/// Labels of evenly spaced ticks, all with the same suffix and number of decimals.
pub(crate) fn tick_labels(ticks: &[f64], step: f64) -> Vec<String> {
    let largest = ticks.iter().fold(0.0_f64, |largest, tick| largest.max(tick.abs()));
    if largest >= POWERS_FROM || (largest != 0.0 && largest < 1e-6) {
        return ticks.iter().map(|tick| power(*tick, 3)).collect();
    }
    let (divisor, suffix) = if largest < 1e4 {
        (1.0, "")
    } else {
        SUFFIXES.iter().copied().find(|(from, _)| largest >= *from).unwrap_or((1.0, ""))
    };
    let places = places_of(step / divisor);
    let label = |tick: &f64| {
        let scaled = tick / divisor;
        // Rounding may leave a negative zero, which must not print a sign.
        let text = format!("{scaled:.places$}");
        if text.bytes().all(|b| matches!(b, b'-' | b'0' | b'.')) {
            return "0".to_owned();
        }
        grouped(&text) + suffix
    };
    ticks.iter().map(label).collect()
}

/// Decimal exponent: 3 for 1,000 to 9,999. Zero has exponent 0.
pub(crate) fn exponent(value: f64) -> i32 {
    // Reading it off the printed form is exact on every platform, unlike a logarithm.
    let text = format!("{value:e}");
    text.split_once('e').and_then(|(_, exponent)| exponent.parse().ok()).unwrap_or(0)
}

/// Ten to a whole power, exact wherever a float can be.
pub(crate) fn power_of_ten(exponent: i32) -> f64 {
    // A literal of this shape always parses.
    format!("1e{exponent}").parse().unwrap_or(1.0)
}

/// How many decimals a step needs so that its multiples print exactly; at most 9.
fn places_of(step: f64) -> usize {
    let text = trim_zeros(&format!("{step:.9}"));
    text.split_once('.').map_or(0, |(_, fraction)| fraction.len())
}

fn round_significant(size: f64, digits: usize) -> f64 {
    // Printing and reading back rounds correctly; the text always parses.
    format!("{size:.*e}", digits.saturating_sub(1)).parse().unwrap_or(size)
}

fn trim_zeros(text: &str) -> String {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text.to_owned()
    }
}

fn power(value: f64, digits: usize) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let text = format!("{value:.*e}", digits.saturating_sub(1));
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    format!("{}e{exponent}", trim_zeros(mantissa)).replace('-', &MINUS.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_decimals_and_leaves_other_text() {
        assert_eq!(grouped("1234567.8901"), "1,234,567.8901");
        assert_eq!(grouped("-123"), "\u{2212}123");
        assert_eq!(grouped("12:40"), "12:40");
        assert_eq!(grouped("yes"), "yes");
        assert_eq!(grouped("-"), "-");
    }

    #[test]
    fn short_labels_round_and_carry_into_the_next_suffix() {
        assert_eq!(short(229_134_511.0, 4), "229.1M");
        assert_eq!(short(999_999.0, 3), "1M");
        assert_eq!(short(9_999.6, 4), "10k");
        assert_eq!(short(1_723.474, 4), "1,723");
        assert_eq!(short(-2_700_000.0, 3), "\u{2212}2.7M");
        assert_eq!(short(0.01234, 3), "0.0123");
        assert_eq!(short(0.0, 3), "0");
        assert_eq!(short(1.5e21, 3), "1.5e21");
        assert_eq!(short(-0.0, 3), "0");
    }

    #[test]
    fn figures_are_exact_while_short_and_alike_when_long() {
        let figure = |text| figure(&Decimal::parse(text).expect("a decimal"));
        assert_eq!(figure("4118"), "4,118");
        assert_eq!(figure("843.11"), "843.11");
        assert_eq!(figure("210034.118203551"), "210.0k");
        assert_eq!(figure("-1830035.43"), "\u{2212}1.830M");
        assert_eq!(figure("0.000000000000"), "0");
        assert_eq!(figure("1234.567890123"), "1,235");
    }

    #[test]
    fn tick_labels_share_suffix_and_decimals() {
        assert_eq!(tick_labels(&[0.0, 2.5e6, 5e6], 2.5e6), ["0", "2.5M", "5.0M"]);
        assert_eq!(tick_labels(&[0.0, 500.0, 1500.0], 500.0), ["0", "500", "1,500"]);
        assert_eq!(tick_labels(&[-0.5, 0.0, 0.5], 0.5), ["\u{2212}0.5", "0", "0.5"]);
        assert_eq!(tick_labels(&[0.0, 2e18], 2e18), ["0", "2e18"]);
    }
}
