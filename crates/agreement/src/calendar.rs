//! Civil time for agreements: dates, business days, cycles, schedules and day counts.
//!
//! A [`Date`] is a count of days, so that comparing and adding are one instruction. A [`Moment`] is
//! a date with a second of the day and no time zone: agreements of this kind state local civil time.
//! Schedules, business-day shifts and day counts follow the ACTUS technical specification
//! (sections 3.1 to 3.7 of version 1.0) and the ACTUS dictionary.

mod date;
mod day_count;
mod schedule;
mod working_days;

pub use date::{Date, Moment, SECONDS_A_DAY};
pub use day_count::DayCount;
pub use schedule::{Cycle, EndOfMonth, Period, SCHEDULE_DATES_MAX, Stub, Unit, schedule};
pub use working_days::{BusinessDay, Calendar, SHIFT_DAYS_MAX};
