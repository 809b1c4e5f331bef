//! Numbers as people read them: grouped thousands, cents, percent.

use breakwater_money::decimal::{Decimal, format_raw};

/// A decimal with its thousands grouped by commas; digits and sign stay as they are.
pub fn grouped(text: &str) -> String {
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text),
    };
    let (whole, fraction) = match unsigned.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (unsigned, None),
    };
    let mut out = sign.to_owned();
    let digits = whole.chars().count();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (digits - index) % 3 == 0 {
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

/// A count.
pub fn count(number: u64) -> String {
    grouped(&number.to_string())
}

/// `raw / 10^decimals` with `places` after the point, half up, grouped.
pub fn rounded(raw: u128, decimals: u8, places: u8) -> String {
    let cut = u32::from(decimals.saturating_sub(places));
    let kept = match 10u128.checked_pow(cut) {
        Some(unit) => raw / unit + u128::from(raw % unit >= unit.div_ceil(2) && cut > 0),
        // Fewer digits than are cut.
        None => 0,
    };
    let shown = decimals.min(places);
    let mut text = format_raw(kept, shown);
    if places > 0 {
        if !text.contains('.') {
            text.push('.');
        }
        let after = text.len() - text.find('.').unwrap_or(text.len()) - 1;
        text.extend(std::iter::repeat_n('0', usize::from(places).saturating_sub(after)));
    }
    grouped(&text)
}

/// A value of the numeraire to the cent.
pub fn money(raw: u128, decimals: u8) -> String {
    rounded(raw, decimals, 2)
}

/// A signed value of the numeraire to the cent.
pub fn signed_money(raw: i128, decimals: u8) -> String {
    let text = money(raw.unsigned_abs(), decimals);
    if raw < 0 { format!("-{text}") } else { text }
}

/// A decimal text with `places` after the point, grouped; the text itself where it is no decimal
/// of 128 bits. A mark that digits were cut off behind it is dropped.
pub fn rounded_text(text: &str, places: u8) -> String {
    let parsed = Decimal::parse(text.trim_end_matches('\u{2026}')).ok().and_then(|d| {
        let raw = u128::try_from(d.digits).ok()?;
        Some((d.negative, rounded(raw, d.decimals, places)))
    });
    match parsed {
        Some((true, text)) => format!("-{text}"),
        Some((false, text)) => text,
        None => text.to_owned(),
    }
}

/// How far `to` lies below `from`, in basis points, rounded down; zero if it does not.
pub fn fall_bps(from: u128, to: u128) -> u128 {
    let fall = from.saturating_sub(to);
    fall.checked_mul(10_000).and_then(|scaled| scaled.checked_div(from)).unwrap_or(0)
}

/// Basis points as percent, such as `48.31 %`.
pub fn percent(bps: u128) -> String {
    format!("{} %", rounded(bps, 2, 2))
}

/// An account's label short enough for a line.
pub fn short_label(label: &str) -> String {
    let length = label.chars().count();
    if length <= 16 {
        return label.to_owned();
    }
    let head: String = label.chars().take(6).collect();
    let tail: String = label.chars().skip(length - 4).collect();
    format!("{head}\u{2026}{tail}")
}

/// Words in lines of at most `width` characters; a longer word stands alone.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// `1 account`, `2 accounts`.
pub fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_grouped_and_nothing_else_changes() {
        for (plain, shown) in [
            ("0", "0"),
            ("999", "999"),
            ("1000", "1,000"),
            ("-1234567.8900", "-1,234,567.8900"),
            ("123456", "123,456"),
        ] {
            assert_eq!(grouped(plain), shown);
        }
    }

    #[test]
    fn cents_round_half_up_and_small_scales_are_filled() {
        assert_eq!(money(123_456_500_000, 8), "1,234.57");
        assert_eq!(money(123_456_499_999, 8), "1,234.56");
        assert_eq!(money(99_999_999, 8), "1.00");
        assert_eq!(money(0, 8), "0.00");
        assert_eq!(money(5, 0), "5.00");
        assert_eq!(money(15, 1), "1.50");
        assert_eq!(money(u128::MAX, 0), "340,282,366,920,938,463,463,374,607,431,768,211,455.00");
        assert_eq!(signed_money(-150_000_000, 8), "-1.50");
        assert_eq!(rounded(1_999, 3, 0), "2");
        assert_eq!(rounded(1, 60, 2), "0.00");
        assert_eq!(rounded_text("37887.22051631522", 2), "37,887.22");
        assert_eq!(rounded_text("no number", 2), "no number");
    }

    #[test]
    fn falls_are_in_percent() {
        assert_eq!(percent(fall_bps(100, 52)), "48.00 %");
        assert_eq!(fall_bps(0, 5), 0);
        assert_eq!(fall_bps(5, 6), 0);
    }

    #[test]
    fn lines_hold_whole_words() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("longword a", 3), ["longword", "a"]);
        assert!(wrapped("", 3).is_empty());
        assert_eq!(short_label("0x9600a48ed0f931d0c422d574e3275a90d8b22745"), "0x9600\u{2026}2745");
        assert_eq!(short_label("short"), "short");
    }
}
