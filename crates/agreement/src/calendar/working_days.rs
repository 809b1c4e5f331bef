//! Which days are business days, and where an event goes that falls on another.

use super::{Date, Moment};
use crate::Error;

/// The furthest a business day may be from the day that asks for it. A calendar without a business
/// day in two years is a mistake, not a calendar.
pub const SHIFT_DAYS_MAX: usize = 731;

/// The days on which nobody works.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Calendar {
    weekends_off: bool,
    holidays: Vec<Date>,
}

impl Calendar {
    /// Every day is a business day.
    #[must_use]
    pub const fn every_day() -> Self {
        Self { weekends_off: false, holidays: Vec::new() }
    }

    /// Monday to Friday are business days.
    #[must_use]
    pub const fn monday_to_friday() -> Self {
        Self { weekends_off: true, holidays: Vec::new() }
    }

    /// The same calendar with these further days off.
    #[must_use]
    pub fn with_holidays(mut self, mut days: Vec<Date>) -> Self {
        self.holidays.append(&mut days);
        self.holidays.sort_unstable();
        self.holidays.dedup();
        self
    }

    /// Whether people work on this day.
    #[must_use]
    pub fn is_business_day(&self, date: Date) -> bool {
        !(self.weekends_off && date.weekday() > 5) && self.holidays.binary_search(&date).is_err()
    }

    /// This day, or the next business day after it.
    ///
    /// # Errors
    /// When none comes within [`SHIFT_DAYS_MAX`] days.
    pub fn following(&self, date: Date) -> Result<Date, Error> {
        self.nearest(date, 1)
    }

    /// This day, or the last business day before it.
    ///
    /// # Errors
    /// When none lies within [`SHIFT_DAYS_MAX`] days.
    pub fn preceding(&self, date: Date) -> Result<Date, Error> {
        self.nearest(date, -1)
    }

    /// The business day so many business days after this day; negative counts go back. Zero gives
    /// this day, or the next business day after it.
    ///
    /// # Errors
    /// When a gap between two business days passes [`SHIFT_DAYS_MAX`].
    pub fn plus_business_days(&self, date: Date, days: i32) -> Result<Date, Error> {
        let step = if days < 0 { -1 } else { 1 };
        let mut at = if days == 0 { self.following(date)? } else { date };
        for _ in 0..days.unsigned_abs() {
            let next = at.plus_days(step).ok_or_else(|| out_of_calendar(at))?;
            at = self.nearest(next, step)?;
        }
        Ok(at)
    }

    fn nearest(&self, date: Date, step: i64) -> Result<Date, Error> {
        let mut at = date;
        for _ in 0..=SHIFT_DAYS_MAX {
            if self.is_business_day(at) {
                return Ok(at);
            }
            at = at.plus_days(step).ok_or_else(|| out_of_calendar(date))?;
        }
        Err(Error::TooMany {
            what: format!("the days from {date} to the nearest business day"),
            limit: SHIFT_DAYS_MAX,
            expected: "a calendar has business days".to_owned(),
        })
    }
}

fn out_of_calendar(date: Date) -> Error {
    Error::value("date", date, "followed by a business day before the end of year 9999")
}

/// Where an event goes that falls on a day off, and whether its amount is computed for the day it
/// was scheduled (`C` first) or the day it was moved to (`S` first). ACTUS dictionary,
/// businessDayConvention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BusinessDay {
    /// Nothing moves.
    #[default]
    Nos,
    /// Shift to the following business day, then calculate.
    Scf,
    /// As `Scf`, but to the preceding one where the following lies in the next month.
    Scmf,
    /// Calculate, then shift to the following business day.
    Csf,
    /// As `Csf`, but to the preceding one where the following lies in the next month.
    Csmf,
    /// Shift to the preceding business day, then calculate.
    Scp,
    /// As `Scp`, but to the following one where the preceding lies in the month before.
    Scmp,
    /// Calculate, then shift to the preceding business day.
    Csp,
    /// As `Csp`, but to the following one where the preceding lies in the month before.
    Csmp,
}

impl BusinessDay {
    /// Whether amounts are computed for the day before the shift.
    #[must_use]
    pub const fn calculates_first(self) -> bool {
        matches!(self, Self::Csf | Self::Csmf | Self::Csp | Self::Csmp)
    }

    /// Where an event of this day takes place.
    ///
    /// # Errors
    /// When the calendar has no business day near.
    pub fn shift(self, calendar: &Calendar, date: Date) -> Result<Date, Error> {
        let same_month = |moved: Date| (moved.year(), moved.month()) == (date.year(), date.month());
        match self {
            Self::Nos => Ok(date),
            Self::Scf | Self::Csf => calendar.following(date),
            Self::Scp | Self::Csp => calendar.preceding(date),
            Self::Scmf | Self::Csmf => {
                let moved = calendar.following(date)?;
                if same_month(moved) { Ok(moved) } else { calendar.preceding(date) }
            }
            Self::Scmp | Self::Csmp => {
                let moved = calendar.preceding(date)?;
                if same_month(moved) { Ok(moved) } else { calendar.following(date) }
            }
        }
    }

    /// The moment at which an event takes place that is scheduled for this moment.
    ///
    /// # Errors
    /// When the calendar has no business day near.
    pub fn shift_moment(self, calendar: &Calendar, at: Moment) -> Result<Moment, Error> {
        Ok(at.on(self.shift(calendar, at.date())?))
    }

    /// The moment for which the amount of an event is computed.
    ///
    /// # Errors
    /// When the calendar has no business day near.
    pub fn calculation_moment(self, calendar: &Calendar, at: Moment) -> Result<Moment, Error> {
        if self.calculates_first() { Ok(at) } else { self.shift_moment(calendar, at) }
    }
}
