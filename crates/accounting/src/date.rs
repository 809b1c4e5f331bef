//! Calendar dates, for rules that count days, years and tax years.

use crate::AccountingError;
use breakwater_money::Time;
use std::fmt;

/// Nanoseconds in a day.
const DAY_NS: u64 = 86_400_000_000_000;

/// A date of the Gregorian calendar as days since 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(pub i32);

/// Year, month (1 to 12) and day (1 to 31).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Civil {
    /// Year.
    pub year: i32,
    /// Month, from 1.
    pub month: u32,
    /// Day, from 1.
    pub day: u32,
}

impl Date {
    /// The UTC date of an instant.
    #[must_use]
    pub fn of(at: Time) -> Date {
        Date(i32::try_from(at.0 / DAY_NS).unwrap_or(i32::MAX))
    }

    /// The first instant of the date, or the first of all for dates before 1970.
    #[must_use]
    pub fn start(self) -> Time {
        Time(u64::try_from(self.0).unwrap_or(0).saturating_mul(DAY_NS))
    }

    /// The date of these numbers; `None` if there is no such day.
    #[must_use]
    pub fn new(year: i32, month: u32, day: u32) -> Option<Date> {
        let right = (1..=9999).contains(&year) && (1..=12).contains(&month);
        if !right || day == 0 || day > days_in_month(year, month) {
            return None;
        }
        // Days of a year that starts in March: then the odd day comes last (Hinnant, "chrono-
        // compatible low-level date algorithms").
        let year = if month <= 2 { year - 1 } else { year };
        let era = year.div_euclid(400);
        let of_era = year.rem_euclid(400);
        let month = i32::try_from(month).ok()?;
        let day = i32::try_from(day).ok()?;
        let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        let day_of_era = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
        Some(Date(era * 146_097 + day_of_era - 719_468))
    }

    /// Year, month and day.
    #[must_use]
    pub fn civil(self) -> Civil {
        let days = i64::from(self.0) + 719_468;
        let era = days.div_euclid(146_097);
        let of_era = days.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * of_year + 2) / 153;
        let day = of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        Civil {
            year: i32::try_from(year).unwrap_or(i32::MAX),
            month: u32::try_from(month).unwrap_or(1),
            day: u32::try_from(day).unwrap_or(1),
        }
    }

    /// The calendar year.
    #[must_use]
    pub fn year(self) -> i32 {
        self.civil().year
    }

    /// So many days later, or earlier when below zero.
    #[must_use]
    pub fn plus_days(self, days: i32) -> Date {
        Date(self.0.saturating_add(days))
    }

    /// The same day `years` later; of 29 February in a year without one, 1 March.
    #[must_use]
    pub fn plus_years(self, years: i32) -> Date {
        let Civil { year, month, day } = self.civil();
        let later = year.saturating_add(years);
        Date::new(later, month, day).or_else(|| Date::new(later, 3, 1)).unwrap_or(self)
    }

    /// Reads `YYYY-MM-DD`.
    ///
    /// # Errors
    /// Another shape, or no such day.
    pub fn parse(text: &str) -> Result<Date, AccountingError> {
        let wrong = || AccountingError::NoDate { found: text.chars().take(40).collect() };
        let mut parts = text.split('-');
        let mut part = |digits: usize| {
            let part = parts.next().filter(|part| part.len() == digits)?;
            part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse::<u32>().ok())?
        };
        let (year, month, day) = (part(4), part(2), part(2));
        if parts.next().is_some() {
            return Err(wrong());
        }
        let (Some(year), Some(month), Some(day)) = (year, month, day) else { return Err(wrong()) };
        let year = i32::try_from(year).map_err(|_| wrong())?;
        Date::new(year, month, day).ok_or_else(wrong)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Civil { year, month, day } = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

fn days_in_month(year: i32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_four_centuries_comes_back() {
        let first = Date::new(1999, 12, 31).unwrap();
        assert_eq!(Date::new(1970, 1, 1), Some(Date(0)));
        assert_eq!(first.to_string(), "1999-12-31");
        for days in -150_000..150_000 {
            let date = Date(days);
            let Civil { year, month, day } = date.civil();
            assert_eq!(Date::new(year, month, day), Some(date), "{date}");
            assert_eq!(Date::parse(&date.to_string()).unwrap(), date);
        }
    }

    #[test]
    fn a_year_after_the_odd_day_is_the_first_of_march() {
        let date = |text| Date::parse(text).unwrap();
        assert_eq!(date("2024-02-29").plus_years(1), date("2025-03-01"));
        assert_eq!(date("2024-02-29").plus_years(4), date("2028-02-29"));
        assert_eq!(date("2023-02-28").plus_years(1), date("2024-02-28"));
    }

    #[test]
    fn what_is_no_day_is_refused() {
        for text in ["2023-02-29", "2023-13-01", "2023-1-1", "2023-01-01T00:00", "", "23-01-01"] {
            assert!(Date::parse(text).is_err(), "{text}");
        }
    }
}
