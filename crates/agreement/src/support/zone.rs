//! Where an agreement's clock hangs: time zones as rules, without a database.
//!
//! An agreement says "10:00 New York time". The rules are few and stated here, so that the same
//! document means the same instants on every machine: the United States since 2007 (second Sunday of
//! March, first Sunday of November, at 02:00 local), Europe since 1996 (last Sundays of March and
//! October, at 01:00 UTC), and zones that never change.

use crate::calendar::{Date, SECONDS_A_DAY};
use breakwater_money::Time;

/// When clocks are set forward by an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Daylight {
    Never,
    /// Second Sunday of March to first Sunday of November, 02:00 local time.
    UnitedStates,
    /// Last Sunday of March to last Sunday of October, 01:00 UTC.
    Europe,
}

/// A time zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    name: String,
    /// Seconds ahead of UTC without daylight saving.
    offset: i64,
    daylight: Daylight,
}

const HOUR: i64 = 3_600;
const DAY: i64 = SECONDS_A_DAY as i64;

/// Zones known by name: name, hours ahead of UTC, rule.
const NAMED: [(&str, i64, Daylight); 13] = [
    ("UTC", 0, Daylight::Never),
    ("America/New_York", -5, Daylight::UnitedStates),
    ("America/Chicago", -6, Daylight::UnitedStates),
    ("America/Los_Angeles", -8, Daylight::UnitedStates),
    ("America/Toronto", -5, Daylight::UnitedStates),
    ("Europe/London", 0, Daylight::Europe),
    ("Europe/Paris", 1, Daylight::Europe),
    ("Europe/Berlin", 1, Daylight::Europe),
    ("Europe/Zurich", 1, Daylight::Europe),
    ("Asia/Dubai", 4, Daylight::Never),
    ("Asia/Singapore", 8, Daylight::Never),
    ("Asia/Hong_Kong", 8, Daylight::Never),
    ("Asia/Tokyo", 9, Daylight::Never),
];

/// The furthest a fixed offset may lie from UTC, in minutes.
const OFFSET_MINUTES_MAX: i64 = 14 * 60;

impl Zone {
    /// The zone of a name, or of a fixed offset as `UTC+05:30`.
    #[must_use]
    pub fn named(name: &str) -> Option<Zone> {
        if let Some((name, hours, daylight)) = NAMED.into_iter().find(|(known, ..)| *known == name)
        {
            return Some(Zone { name: name.to_owned(), offset: hours * HOUR, daylight });
        }
        let offset = fixed(name.strip_prefix("UTC")?)?;
        Some(Zone { name: name.to_owned(), offset, daylight: Daylight::Never })
    }

    /// Every zone known by name, for messages.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMED.into_iter().map(|(name, ..)| name)
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The local day and second of the day at `at`.
    #[must_use]
    pub fn local(&self, at: Time) -> (Date, u32) {
        let utc = i64::try_from(at.seconds_since(Time(0))).unwrap_or(i64::MAX);
        let local = utc + self.offset_at(utc);
        // Times end in 2554, so that the day exists and the second is below a day's.
        let date = Date::from_number(local.div_euclid(DAY)).unwrap_or(Date::MAX);
        (date, u32::try_from(local.rem_euclid(DAY)).unwrap_or(0))
    }

    /// The instant of a local day and second. A local time that clocks skip is read with the offset
    /// of before; one that comes twice is the first of the two. Before 1970 it is the first instant.
    #[must_use]
    pub fn instant(&self, date: Date, second: u32) -> Time {
        let local = i64::from(date.number()) * DAY + i64::from(second);
        let summer = local - self.offset - HOUR;
        let winter = local - self.offset;
        let utc = if self.offset_at(summer) == self.offset + HOUR { summer } else { winter };
        Time::from_seconds(u64::try_from(utc).unwrap_or(0))
    }

    fn offset_at(&self, utc: i64) -> i64 {
        let year = |local: i64| Date::from_number(local.div_euclid(DAY)).map(Date::year);
        let Some(year) = year(utc + self.offset) else { return self.offset };
        let between = match self.daylight {
            Daylight::Never => None,
            Daylight::UnitedStates => {
                // 02:00 standard time in March; 02:00 daylight time, one hour less, in November.
                let start = sunday(year, 3, 8).map(|day| day * DAY + 2 * HOUR - self.offset);
                let end = sunday(year, 11, 1).map(|day| day * DAY + HOUR - self.offset);
                start.zip(end)
            }
            Daylight::Europe => {
                let start = sunday(year, 3, 25).map(|day| day * DAY + HOUR);
                let end = sunday(year, 10, 25).map(|day| day * DAY + HOUR);
                start.zip(end)
            }
        };
        match between {
            Some((start, end)) if start <= utc && utc < end => self.offset + HOUR,
            _ => self.offset,
        }
    }
}

/// Number of the first Sunday on or after a day.
fn sunday(year: i32, month: u32, day: u32) -> Option<i64> {
    let from = Date::new(year, month, day).ok()?;
    Some(i64::from(from.number()) + i64::from(7 - from.weekday()))
}

/// Seconds of `+05:30` or `-03:00`.
fn fixed(text: &str) -> Option<i64> {
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':')?;
    let two = |digits: &str| {
        let plain = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse::<i64>().ok().filter(|_| plain)
    };
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    let total = hours * 60 + minutes;
    (minutes < 60 && total <= OFFSET_MINUTES_MAX).then_some(sign * total * 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn clock(zone: &Zone, date: &str, hour: u32) -> u64 {
        let second = zone.instant(date.parse().unwrap(), hour * 3600).seconds_since(Time(0));
        second % 86_400 / 3600
    }

    #[test]
    fn clocks_change_on_the_days_the_rules_say() {
        let zone = Zone::named("America/New_York").unwrap();
        // 8 March 2020 and 1 November 2020.
        assert_eq!(clock(&zone, "2020-03-07", 12), 17);
        assert_eq!(clock(&zone, "2020-03-08", 12), 16);
        assert_eq!(clock(&zone, "2020-10-31", 12), 16);
        assert_eq!(clock(&zone, "2020-11-01", 12), 17);
        let zone = Zone::named("Europe/Paris").unwrap();
        // 29 March 2020 and 25 October 2020.
        assert_eq!(clock(&zone, "2020-03-28", 12), 11);
        assert_eq!(clock(&zone, "2020-03-29", 12), 10);
        assert_eq!(clock(&zone, "2020-10-25", 12), 11);
        assert_eq!(clock(&Zone::named("UTC+05:30").unwrap(), "2020-03-28", 12), 6);
        for wrong in ["Mars/Olympus", "UTC+5:30", "UTC+15:00", "UTC+05:60", "UTC", "UTC+-1:00"] {
            assert_eq!(Zone::named(wrong).is_some(), wrong == "UTC", "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn local_time_and_instant_are_inverse(
            at in 1_200_000_000u64..4_000_000_000, place in 0usize..13
        ) {
            let zone = Zone::named(NAMED[place].0).unwrap();
            let (date, second) = zone.local(Time::from_seconds(at));
            let back = zone.instant(date, second).seconds_since(Time(0));
            // The hour that comes twice in autumn is read as its first.
            prop_assert!(back == at || back + 3600 == at);
            prop_assert_eq!(zone.local(Time::from_seconds(back)), (date, second));
        }
    }
}
