//! Dates as day numbers, and moments as a date with a second of the day.

use crate::Error;
use std::fmt;
use std::str::FromStr;

/// Seconds of one civil day.
pub const SECONDS_A_DAY: u32 = 86_400;

/// The last second of a day. Agreements write it where they mean the midnight that follows.
const LAST_SECOND: u32 = SECONDS_A_DAY - 1;

const YEAR_MIN: i32 = 1;
const YEAR_MAX: i32 = 9999;

/// A day of the Gregorian calendar, from year 1 to year 9999.
///
/// The number inside counts days from 1970-01-01. Conversions follow the era arithmetic of
/// H. Hinnant, "chrono-Compatible Low-Level Date Algorithms".
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(i32);

impl Date {
    /// The first representable day.
    pub const MIN: Self = Self(-719_162);
    /// The last representable day.
    pub const MAX: Self = Self(2_932_896);

    /// The day of a year, month (1 to 12) and day of the month.
    ///
    /// # Errors
    /// When no such day exists or the year is outside 1 to 9999.
    pub fn new(year: i32, month: u32, day: u32) -> Result<Self, Error> {
        let exists = (YEAR_MIN..=YEAR_MAX).contains(&year)
            && (1..=12).contains(&month)
            && day >= 1
            && day <= days_of_month(year, month);
        if !exists {
            let found = format!("{year:04}-{month:02}-{day:02}");
            return Err(Error::value("date", found, "a day of the calendar"));
        }
        Ok(Self::of_existing(year, month, day))
    }

    fn of_existing(year: i32, month: u32, day: u32) -> Self {
        let shifted = if month <= 2 { year - 1 } else { year };
        let era = shifted.div_euclid(400);
        let of_era = shifted.rem_euclid(400);
        let from_march = (month + 9) % 12;
        let day_of_year = (153 * from_march as i32 + 2) / 5 + day as i32 - 1;
        let day_of_era = of_era * 365 + of_era / 4 - of_era / 100 + day_of_year;
        Self(era * 146_097 + day_of_era - 719_468)
    }

    /// The day with this number, counted from 1970-01-01, if it is representable.
    #[must_use]
    pub fn from_number(number: i64) -> Option<Self> {
        let inside = (i64::from(Self::MIN.0)..=i64::from(Self::MAX.0)).contains(&number);
        i32::try_from(number).ok().filter(|_| inside).map(Self)
    }

    /// Days from 1970-01-01; negative before it.
    #[must_use]
    pub const fn number(self) -> i32 {
        self.0
    }

    /// Year, month and day of the month.
    #[must_use]
    pub const fn civil(self) -> (i32, u32, u32) {
        let shifted = self.0 + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * day_of_year + 2) / 153;
        let day = (day_of_year - (153 * from_march + 2) / 5 + 1) as u32;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 } as u32;
        let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
        (year, month, day)
    }

    /// The year.
    #[must_use]
    pub const fn year(self) -> i32 {
        self.civil().0
    }

    /// The month, 1 to 12.
    #[must_use]
    pub const fn month(self) -> u32 {
        self.civil().1
    }

    /// The day of the month, 1 to 31.
    #[must_use]
    pub const fn day(self) -> u32 {
        self.civil().2
    }

    /// The day of the week: 1 is Monday, 7 is Sunday.
    #[must_use]
    pub const fn weekday(self) -> u32 {
        (self.0 + 3).rem_euclid(7) as u32 + 1
    }

    /// Whether this is the last day of its month.
    #[must_use]
    pub fn is_month_end(self) -> bool {
        let (year, month, day) = self.civil();
        day == days_of_month(year, month)
    }

    /// The last day of this day's month.
    #[must_use]
    pub fn month_end(self) -> Self {
        let (year, month, _) = self.civil();
        Self::of_existing(year, month, days_of_month(year, month))
    }

    /// This day and so many days more (or fewer), if that is representable.
    #[must_use]
    pub fn plus_days(self, days: i64) -> Option<Self> {
        i64::from(self.0).checked_add(days).and_then(Self::from_number)
    }

    /// The same day so many months later, or the last of that month where it has no such day.
    #[must_use]
    pub fn plus_months(self, months: i64) -> Option<Self> {
        let (year, month, day) = self.civil();
        let count = (i64::from(year) * 12 + i64::from(month) - 1).checked_add(months)?;
        let year = i32::try_from(count.div_euclid(12)).ok()?;
        let month = u32::try_from(count.rem_euclid(12)).ok()? + 1;
        if !(YEAR_MIN..=YEAR_MAX).contains(&year) {
            return None;
        }
        Some(Self::of_existing(year, month, day.min(days_of_month(year, month))))
    }

    /// Days from this day until the other; negative when the other is earlier.
    #[must_use]
    pub const fn days_until(self, other: Self) -> i32 {
        other.0 - self.0
    }
}

/// Whether a Gregorian year has 366 days.
#[must_use]
pub(crate) const fn is_leap(year: i32) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

const fn days_of_month(year: i32, month: u32) -> u32 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl fmt::Display for Date {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.civil();
        write!(out, "{year:04}-{month:02}-{day:02}")
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl FromStr for Date {
    type Err = Error;

    /// Reads `YYYY-MM-DD`; blanks around it are ignored.
    fn from_str(text: &str) -> Result<Self, Error> {
        let trimmed = text.trim();
        let wrong = || Error::value("date", text, "a date as YYYY-MM-DD");
        let bytes = trimmed.as_bytes();
        if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
            return Err(wrong());
        }
        let year = digits(&bytes[0..4]).ok_or_else(wrong)?;
        let month = digits(&bytes[5..7]).ok_or_else(wrong)?;
        let day = digits(&bytes[8..10]).ok_or_else(wrong)?;
        Self::new(i32::try_from(year).map_err(|_| wrong())?, month, day)
    }
}

fn digits(bytes: &[u8]) -> Option<u32> {
    bytes.iter().try_fold(0_u32, |sum, byte| {
        byte.is_ascii_digit().then(|| sum * 10 + u32::from(byte - b'0'))
    })
}

/// A civil time: a date and a second of that day, without a zone.
///
/// `23:59:59` stands for the midnight that ends the day (ACTUS technical specification, section
/// 2.8), because many writers of dates have no `24:00:00`. It is kept and printed as it was
/// written; [`Moment::counted`] gives the day that day counts see.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment {
    date: Date,
    second: u32,
}

impl Moment {
    /// The first second of a day.
    #[must_use]
    pub const fn start_of(date: Date) -> Self {
        Self { date, second: 0 }
    }

    /// A date and a second of the day, 0 to 86,399.
    ///
    /// # Errors
    /// When the second is past the day.
    pub fn new(date: Date, second: u32) -> Result<Self, Error> {
        if second > LAST_SECOND {
            return Err(Error::value("second of the day", second, "0 to 86399"));
        }
        Ok(Self { date, second })
    }

    /// The date as written.
    #[must_use]
    pub const fn date(self) -> Date {
        self.date
    }

    /// The second of the day, 0 to 86,399.
    #[must_use]
    pub const fn second(self) -> u32 {
        self.second
    }

    /// The same second of another day.
    #[must_use]
    pub const fn on(self, date: Date) -> Self {
        Self { date, second: self.second }
    }

    /// The day that day counts see: the next one when this is the last second of a day.
    #[must_use]
    pub fn counted(self) -> Date {
        if self.second == LAST_SECOND {
            return self.date.plus_days(1).unwrap_or(self.date);
        }
        self.date
    }
}

impl From<Date> for Moment {
    fn from(date: Date) -> Self {
        Self::start_of(date)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hour, minute, second) = (self.second / 3600, self.second / 60 % 60, self.second % 60);
        write!(out, "{}T{hour:02}:{minute:02}:{second:02}", self.date)
    }
}

impl fmt::Debug for Moment {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl FromStr for Moment {
    type Err = Error;

    /// Reads `YYYY-MM-DD`, `YYYY-MM-DDTHH:MM` or `YYYY-MM-DDTHH:MM:SS`; blanks around it are
    /// ignored, and `T24:00:00` is the start of the next day.
    fn from_str(text: &str) -> Result<Self, Error> {
        let trimmed = text.trim();
        let wrong = || Error::value("time", text, "a time as YYYY-MM-DDTHH:MM:SS");
        let Some((date, time)) = trimmed.split_once('T') else {
            return trimmed.parse().map(Self::start_of).map_err(|_| wrong());
        };
        let date: Date = date.parse().map_err(|_| wrong())?;
        let mut parts = [0_u32; 3];
        let mut count = 0;
        for part in time.split(':') {
            let place = parts.get_mut(count).ok_or_else(wrong)?;
            if part.len() != 2 {
                return Err(wrong());
            }
            *place = digits(part.as_bytes()).ok_or_else(wrong)?;
            count += 1;
        }
        let [hour, minute, second] = parts;
        if count < 2 || minute > 59 || second > 59 || hour > 24 {
            return Err(wrong());
        }
        if hour == 24 {
            let next = date.plus_days(1).filter(|_| minute == 0 && second == 0);
            return next.map(Self::start_of).ok_or_else(wrong);
        }
        Ok(Self { date, second: hour * 3600 + minute * 60 + second })
    }
}
