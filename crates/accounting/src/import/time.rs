//! Times as files write them.

use crate::date::Date;
use breakwater_money::Time;

/// A time as stated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stated {
    /// With a zone, or as a count since 1970.
    Utc(Time),
    /// Nanoseconds since 1970 on the clock of a zone that is not stated.
    Local(i128),
}

/// Reads `2025-04-07T03:00:00[.123][Z|+02:00|UTC]` (with a blank for the `T` as well), a date
/// alone, or a count of seconds, milliseconds, microseconds or nanoseconds since 1970 with 10, 13,
/// 16 or 19 digits. `None` where it is nothing of these.
#[must_use]
pub fn instant(text: &str) -> Option<Stated> {
    let text = text.trim();
    if !text.is_ascii() {
        return None;
    }
    if text.bytes().all(|b| b.is_ascii_digit()) {
        let count: u64 = text.parse().ok()?;
        let unit = match text.len() {
            9 | 10 => 1_000_000_000,
            12 | 13 => 1_000_000,
            16 => 1_000,
            19 => 1,
            _ => return None,
        };
        return count.checked_mul(unit).map(|nanos| Stated::Utc(Time(nanos)));
    }
    let date = Date::parse(text.get(..10)?).ok()?;
    let day = i128::from(date.0) * 86_400_000_000_000;
    let rest = text.get(10..)?;
    let Some(clock) = rest.strip_prefix(['T', ' ']) else {
        return rest.is_empty().then_some(Stated::Local(day));
    };
    let zone_at = clock.find(|c: char| !(c.is_ascii_digit() || c == ':' || c == '.'));
    let (clock, zone) = clock.split_at(zone_at.unwrap_or(clock.len()));
    let local = day + nanos_of_day(clock)?;
    let minutes = match zone.trim() {
        "" => return Some(Stated::Local(local)),
        "Z" | "UTC" => 0,
        offset => offset_minutes(offset)?,
    };
    let utc = local - i128::from(minutes) * 60_000_000_000;
    u64::try_from(utc).ok().map(|nanos| Stated::Utc(Time(nanos)))
}

/// Minutes of `+02:00`, `-0530` or `+02`.
pub(crate) fn offset_minutes(text: &str) -> Option<i32> {
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let digits: String = digits.chars().filter(|c| *c != ':').collect();
    if !digits.bytes().all(|b| b.is_ascii_digit()) || ![2, 4].contains(&digits.len()) {
        return None;
    }
    let hours: i32 = digits.get(..2)?.parse().ok()?;
    let minutes: i32 =
        digits.get(2..).filter(|m| !m.is_empty()).map_or(Some(0), |m| m.parse().ok())?;
    (hours <= 14 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

fn nanos_of_day(text: &str) -> Option<i128> {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut parts = clock.split(':');
    let mut part = |limit: i128| {
        let part = parts.next()?;
        let digits = part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
        let value: i128 = digits.then(|| part.parse().ok())??;
        (value < limit).then_some(value)
    };
    let (hour, minute) = (part(24)?, part(60)?);
    let second = if clock.len() > 5 { part(60)? } else { 0 };
    let all_digits = fraction.bytes().all(|b| b.is_ascii_digit());
    if parts.next().is_some() || fraction.len() > 9 || !all_digits {
        return None;
    }
    let nanos: i128 = format!("{fraction:0<9}").parse().ok()?;
    Some((hour * 3_600 + minute * 60 + second) * 1_000_000_000 + nanos)
}
