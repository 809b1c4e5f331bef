//! Cycles and the dates that they make.

use super::{Date, Moment};
use crate::Error;
use std::fmt;
use std::str::FromStr;

/// The most dates that one schedule may have: a daily cycle for 136 years.
pub const SCHEDULE_DATES_MAX: usize = 50_000;

/// The largest count of a period, so that its multiples stay in range.
const PERIOD_COUNT_MAX: u32 = 100_000;

/// The unit of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// `D`
    Day,
    /// `W`
    Week,
    /// `M`
    Month,
    /// `Q`
    Quarter,
    /// `H`
    HalfYear,
    /// `Y`
    Year,
}

/// A length of time, as `P3M`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// How many units.
    pub count: u32,
    /// Of what.
    pub unit: Unit,
}

impl Period {
    /// The months of one period, or `None` when it is made of days.
    #[must_use]
    pub fn months(self) -> Option<i64> {
        let months = match self.unit {
            Unit::Day | Unit::Week => return None,
            Unit::Month => 1,
            Unit::Quarter => 3,
            Unit::HalfYear => 6,
            Unit::Year => 12,
        };
        Some(i64::from(self.count) * months)
    }

    /// The date so many periods after this one, counted from this one: 30 January and two times
    /// `P1M` is 30 March, although one time is 28 February.
    #[must_use]
    pub fn after(self, date: Date, times: i64) -> Option<Date> {
        if let Some(months) = self.months() {
            return date.plus_months(months.checked_mul(times)?);
        }
        let days = if self.unit == Unit::Week { 7 } else { 1 };
        date.plus_days((i64::from(self.count) * days).checked_mul(times)?)
    }

    /// [`Period::after`] at the same second of the day.
    #[must_use]
    pub fn after_moment(self, at: Moment, times: i64) -> Option<Moment> {
        self.after(at.date(), times).map(|date| at.on(date))
    }

    /// [`Period::after`] with an error in place of nothing.
    ///
    /// # Errors
    /// When the moment is outside years 1 to 9999.
    pub fn shifted(self, at: Moment, times: i64) -> Result<Moment, Error> {
        self.after_moment(at, times).ok_or_else(|| {
            Error::value("time", format!("{at} and {times} times {self}"), "before year 10000")
        })
    }

    /// Whether the period has no length.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.count == 0
    }
}

impl fmt::Display for Period {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.unit {
            Unit::Day => 'D',
            Unit::Week => 'W',
            Unit::Month => 'M',
            Unit::Quarter => 'Q',
            Unit::HalfYear => 'H',
            Unit::Year => 'Y',
        };
        write!(out, "P{}{unit}", self.count)
    }
}

impl FromStr for Period {
    type Err = Error;

    /// Reads `P3M`; a stub after it (`P3ML1`) is allowed and has no meaning for a period.
    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = || Error::value("period", text, "a period as P3M (units D, W, M, Q, H, Y)");
        let trimmed = text.trim();
        let body = match trimmed.split_once('L') {
            Some((body, "0" | "1")) => body,
            Some(_) => return Err(wrong()),
            None => trimmed,
        };
        let rest = body.strip_prefix('P').ok_or_else(wrong)?;
        let unit = match rest.chars().next_back() {
            Some('D') => Unit::Day,
            Some('W') => Unit::Week,
            Some('M') => Unit::Month,
            Some('Q') => Unit::Quarter,
            Some('H') => Unit::HalfYear,
            Some('Y') => Unit::Year,
            _ => return Err(wrong()),
        };
        let number = &rest[..rest.len() - 1];
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(wrong());
        }
        let count: u32 = number.parse().map_err(|_| wrong())?;
        if count > PERIOD_COUNT_MAX {
            return Err(Error::value("period", text, "at most 100000 units long"));
        }
        Ok(Self { count, unit })
    }
}

/// What happens to the last, shorter period of a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stub {
    /// `L0`: the last regular date goes, so that the last period is a long one.
    Long,
    /// `L1`: it stays, so that the last period is a short one.
    Short,
}

/// A period that repeats, and what its last period looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cycle {
    /// What repeats; never of zero length.
    pub period: Period,
    /// The last period.
    pub stub: Stub,
}

impl fmt::Display for Cycle {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}L{}", self.period, if self.stub == Stub::Long { 0 } else { 1 })
    }
}

impl FromStr for Cycle {
    type Err = Error;

    /// Reads `P3ML0` (long last period) or `P3ML1` (short); without `L` the last one is short.
    fn from_str(text: &str) -> Result<Self, Error> {
        let period: Period = text.parse().map_err(|_| {
            Error::value("cycle", text, "a cycle as P3ML0 or P3ML1 (units D, W, M, Q, H, Y)")
        })?;
        if period.is_zero() {
            return Err(Error::value("cycle", text, "a cycle of at least one unit"));
        }
        let stub = if text.trim().ends_with("L0") { Stub::Long } else { Stub::Short };
        Ok(Self { period, stub })
    }
}

/// Where the dates of a schedule go that starts at the end of a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EndOfMonth {
    /// `SD`: they keep the day of the month where the month has it.
    #[default]
    SameDay,
    /// `EOM`: they go to the end of their months.
    EndOfMonth,
}

impl EndOfMonth {
    /// The date so many periods after the anchor under this convention.
    #[must_use]
    pub fn after(self, period: Period, anchor: Date, times: i64) -> Option<Date> {
        let date = period.after(anchor, times)?;
        let moves = self == Self::EndOfMonth && period.months().is_some() && anchor.is_month_end();
        Some(if moves { date.month_end() } else { date })
    }
}

/// The moments `anchor`, `anchor` + one cycle, ... before `end`, then `end` itself when
/// `with_end` (ACTUS technical specification, section 3.1, before business days).
///
/// Without a cycle the schedule is the anchor and the end. An anchor after the end gives the end
/// alone, or nothing.
///
/// # Errors
/// When there would be more than [`SCHEDULE_DATES_MAX`] dates.
pub fn schedule(
    anchor: Moment,
    cycle: Option<Cycle>,
    end: Moment,
    convention: EndOfMonth,
    with_end: bool,
) -> Result<Vec<Moment>, Error> {
    let mut moments = Vec::new();
    let Some(cycle) = cycle else {
        if anchor < end {
            moments.push(anchor);
        }
        if with_end {
            moments.push(end);
        }
        return Ok(moments);
    };
    let mut next = Some(anchor);
    let mut times = 0_i64;
    while let Some(at) = next.filter(|at| *at < end) {
        if moments.len() >= SCHEDULE_DATES_MAX {
            return Err(Error::TooMany {
                what: format!("the dates of a schedule of {cycle} from {anchor} until {end}"),
                limit: SCHEDULE_DATES_MAX,
                expected: "use a longer cycle or an earlier end".to_owned(),
            });
        }
        moments.push(at);
        times += 1;
        next = convention.after(cycle.period, anchor.date(), times).map(|date| anchor.on(date));
    }
    let fits = next == Some(end);
    if cycle.stub == Stub::Long && !fits && moments.len() > 1 {
        moments.pop();
    }
    if with_end {
        moments.push(end);
    }
    Ok(moments)
}
