//! How much of a year lies between two days.

use super::date::is_leap;
use super::{Date, Moment};

/// A day count convention (ACTUS dictionary, dayCountConvention).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayCount {
    /// Actual days; those in a leap year count 1/366, others 1/365 (ISDA 2006 4.16(b)).
    ActualActual,
    /// Actual days over 360.
    Actual360,
    /// Actual days over 365.
    Actual365,
    /// Months of 30 days; the end of February counts as the 30th, except as a maturity date
    /// (ISDA 2006 4.16(h)).
    ThirtyE360Isda,
    /// Months of 30 days; a 31st counts as the 30th (ISDA 2006 4.16(g)).
    ThirtyE360,
    /// Months of 28 days and years of 336; a day past the 28th counts as the 28th.
    TwentyEightE336,
}

impl DayCount {
    /// Years from one moment to another, by the days that they count for ([`Moment::counted`]).
    /// Negative when `to` is earlier. `maturity` matters to [`DayCount::ThirtyE360Isda`] alone.
    #[must_use]
    pub fn years(self, from: Moment, to: Moment, maturity: Option<Moment>) -> f64 {
        self.years_between(from.counted(), to.counted(), maturity.map(Moment::counted))
    }

    /// Years from one day to another; negative when `to` is earlier.
    #[must_use]
    pub fn years_between(self, from: Date, to: Date, maturity: Option<Date>) -> f64 {
        if to < from {
            return -self.years_between(to, from, maturity);
        }
        let actual = f64::from(from.days_until(to));
        match self {
            Self::ActualActual => actual_actual(from, to),
            Self::Actual360 => actual / 360.0,
            Self::Actual365 => actual / 365.0,
            Self::ThirtyE360Isda => {
                let ends_month = |date: Date| date.is_month_end() && maturity != Some(date);
                let first = if from.is_month_end() { 30 } else { from.day() };
                let last = if ends_month(to) { 30 } else { to.day().min(30) };
                months_alike(from, to, (first, last), 30)
            }
            Self::ThirtyE360 => months_alike(from, to, (from.day().min(30), to.day().min(30)), 30),
            Self::TwentyEightE336 => {
                months_alike(from, to, (from.day().min(28), to.day().min(28)), 28)
            }
        }
    }
}

/// Years when every month has the same number of days and a year has twelve of them.
fn months_alike(from: Date, to: Date, (first, last): (u32, u32), month: i32) -> f64 {
    let months = (to.year() - from.year()) * 12 + to.month() as i32 - from.month() as i32;
    let days = months * month + last as i32 - first as i32;
    f64::from(days) / f64::from(month * 12)
}

fn actual_actual(from: Date, to: Date) -> f64 {
    let length = |year| if is_leap(year) { 366.0 } else { 365.0 };
    let (first, last) = (from.year(), to.year());
    if first == last {
        return f64::from(from.days_until(to)) / length(first);
    }
    let start_of = |year| Date::new(year, 1, 1).unwrap_or(Date::MAX);
    let head = f64::from(from.days_until(start_of(first + 1))) / length(first);
    let tail = f64::from(start_of(last).days_until(to)) / length(last);
    head + f64::from(last - first - 1) + tail
}
