//! Schedules of a contract: its cycles under its own calendar and conventions.

use super::EventType;
use super::terms::Terms;
use super::timeline::Due;
use crate::Error;
use crate::calendar::{BusinessDay, Calendar, Cycle, EndOfMonth, Moment, Period, schedule};

/// The dates of a contract's life that its schedules need, and the conventions that make them.
#[derive(Debug, Clone)]
pub(super) struct Schedules {
    calendar: Calendar,
    business_day: BusinessDay,
    end_of_month: EndOfMonth,
}

impl Schedules {
    pub(super) fn new(terms: &Terms) -> Self {
        Self {
            calendar: terms.calendar.clone().unwrap_or_default(),
            business_day: terms.business_day.unwrap_or_default(),
            end_of_month: terms.end_of_month.unwrap_or_default(),
        }
    }

    /// An event that goes to a business day.
    pub(super) fn shifted(&self, kind: EventType, scheduled: Moment) -> Result<Due, Error> {
        let at = self.business_day.shift_moment(&self.calendar, scheduled)?;
        let computed = self.business_day.calculation_moment(&self.calendar, scheduled)?;
        Ok(Due { scheduled, at, computed, acts: at, ..Due::fixed(kind, scheduled) })
    }

    /// The moment that an accrual counts in place of this one.
    pub(super) fn counted(&self, at: Moment) -> Moment {
        self.business_day.calculation_moment(&self.calendar, at).unwrap_or(at)
    }

    /// The moments of a cycle before its end, unmoved; the end is one of them when `with_end`.
    pub(super) fn moments(
        &self,
        anchor: Moment,
        cycle: Option<Cycle>,
        end: Moment,
        with_end: bool,
    ) -> Result<Vec<Moment>, Error> {
        schedule(anchor, cycle, end, self.end_of_month, with_end)
    }

    /// Events of a kind at the moments of a cycle before its end. Business days move them all.
    pub(super) fn before_end(
        &self,
        kind: EventType,
        anchor: Moment,
        cycle: Option<Cycle>,
        end: Moment,
    ) -> Result<Vec<Due>, Error> {
        let moments = self.moments(anchor, cycle, end, false)?;
        moments.into_iter().map(|at| self.shifted(kind, at)).collect()
    }

    /// The same, and one at the end. The end is a date of its own, which no business day moves
    /// (dictionary, businessDayConvention).
    pub(super) fn with_end(
        &self,
        kind: EventType,
        anchor: Moment,
        cycle: Option<Cycle>,
        end: Moment,
    ) -> Result<Vec<Due>, Error> {
        let mut due = self.before_end(kind, anchor, cycle, end)?;
        due.push(Due::fixed(kind, end));
        Ok(due)
    }

    /// The moment so many periods after an anchor, under the end-of-month convention.
    pub(super) fn after(
        &self,
        period: Period,
        anchor: Moment,
        times: i64,
    ) -> Result<Moment, Error> {
        let date = self.end_of_month.after(period, anchor.date(), times);
        let date = date.ok_or_else(|| {
            let found = format!("{anchor} and {times} times {period}");
            Error::value("time", found, "a time between the years 1 and 9999")
        })?;
        Ok(anchor.on(date))
    }

    /// The anchor of a cycle: the one stated, or one cycle after the start, or nothing when neither
    /// anchor nor cycle is stated (technical specification, the column of comments).
    pub(super) fn anchor(
        &self,
        stated: Option<Moment>,
        cycle: Option<Cycle>,
        start: Moment,
    ) -> Result<Option<Moment>, Error> {
        match (stated, cycle) {
            (Some(anchor), _) => Ok(Some(anchor)),
            (None, Some(cycle)) => self.after(cycle.period, start, 1).map(Some),
            (None, None) => Ok(None),
        }
    }

    /// When something is settled that was fixed at `at`.
    pub(super) fn settlement(&self, at: Moment, period: Option<Period>) -> Result<Moment, Error> {
        let after = match period {
            Some(period) => period.shifted(at, 1)?,
            None => at,
        };
        self.business_day.shift_moment(&self.calendar, after)
    }
}
