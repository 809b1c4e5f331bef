//! When what is due: business days, cut-off times and the waits of an agreement, each with its end.

use super::zone::Zone;
use crate::Error;
use crate::calendar::{Calendar, Date};
use breakwater_money::Time;

/// Most business days that one wait may take.
pub const WAIT_DAYS_MAX: u32 = 90;

/// The waits of an agreement. Days are business days of its calendar; times are seconds of the
/// local day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timing {
    /// Where the clock hangs.
    pub zone: Zone,
    /// Which days count.
    pub calendar: Calendar,
    /// A demand that arrives by this time is made that day; a later one, the next.
    pub notification_time: u32,
    /// Close of business: by this time transfers, payments and decisions are due.
    pub close_time: u32,
    /// A demand in time is met so many business days later: 1 under most annexes, 0 for same-day
    /// variation margin.
    pub transfer_days: u32,
    /// Business days until the close of which a call may be answered; silence agrees.
    pub response_days: u32,
    /// Time of the resolution day by which a dispute is settled.
    pub resolution_time: u32,
    /// Business days to settle a dispute.
    pub resolution_days: u32,
    /// Business days after a failure before it is an event of default.
    pub grace_days: u32,
    /// Business days to consent to a substitution, and to bring the new collateral.
    pub substitution_days: u32,
    /// Business days from an event of default to early termination.
    pub termination_days: u32,
    /// Business days to state the close-out amount.
    pub valuation_days: u32,
    /// Business days to sell posted collateral.
    pub liquidation_days: u32,
    /// Business days for a guarantor to pay.
    pub guarantee_days: u32,
    /// Business days for a decision that the agreement leaves to people.
    pub decision_days: u32,
}

impl Timing {
    /// The business day on which something told at `at` is told, and whether in time. A day off
    /// counts as the start of the next business day.
    fn told_on(&self, at: Time) -> (Date, bool) {
        let (date, second) = self.zone.local(at);
        match self.calendar.is_business_day(date) {
            true => (date, second <= self.notification_time),
            false => (self.later(date, 0), true),
        }
    }

    /// When collateral demanded at `at` has to arrive: one day later if the demand was late.
    #[must_use]
    pub fn transfer_due(&self, at: Time) -> Time {
        let (date, in_time) = self.told_on(at);
        let days = self.transfer_days + u32::from(!in_time);
        let due = self.zone.instant(self.later(date, days), self.close_time);
        // A demand in time on a day whose close has passed is possible only if the document puts the
        // notification time after the close; then the next close counts.
        if due >= at { due } else { self.close_after(at, 1) }
    }

    /// The close of business `days` business days after the business day of `at`; the day itself
    /// where `days` is zero and its close is not past.
    #[must_use]
    pub fn close_after(&self, at: Time, days: u32) -> Time {
        self.moment_after(at, days, self.close_time)
    }

    /// When a dispute raised at `at` is settled at the latest.
    #[must_use]
    pub fn resolution_due(&self, at: Time) -> Time {
        self.moment_after(at, self.resolution_days, self.resolution_time)
    }

    /// `second` of the business day `days` after that of `at`, or of the next where that is past.
    #[must_use]
    pub fn moment_after(&self, at: Time, days: u32, second: u32) -> Time {
        let (date, _) = self.zone.local(at);
        let due = self.zone.instant(self.later(date, days), second);
        if due >= at { due } else { self.zone.instant(self.later(date, days.max(1)), second) }
    }

    /// The first business day of the month after that of `at`, at the notification time.
    #[must_use]
    pub fn next_month(&self, at: Time) -> Time {
        let (date, _) = self.zone.local(at);
        let first = date.month_end().plus_days(1).unwrap_or(Date::MAX);
        self.zone.instant(self.later(first, 0), self.notification_time)
    }

    /// So many business days later. A calendar without business days was refused when it was read;
    /// at the end of calendars the last day stands.
    fn later(&self, date: Date, days: u32) -> Date {
        // A day off counts as the next business day when days are counted from it.
        let from = self.calendar.following(date).unwrap_or(Date::MAX);
        let days = i32::try_from(days.min(WAIT_DAYS_MAX)).unwrap_or(0);
        self.calendar.plus_business_days(from, days).unwrap_or(Date::MAX)
    }

    /// Holds that the waits hang together.
    ///
    /// # Errors
    /// The field, its value and what would be right.
    pub fn check(&self) -> Result<(), Error> {
        let start: Date = Date::from_number(0).unwrap_or(Date::MIN);
        self.calendar.following(start)?;
        for (field, days) in [
            ("timing.transfer_days", self.transfer_days),
            ("timing.response_days", self.response_days),
            ("timing.resolution_days", self.resolution_days),
            ("timing.grace_days", self.grace_days),
            ("timing.substitution_days", self.substitution_days),
            ("timing.termination_days", self.termination_days),
            ("timing.valuation_days", self.valuation_days),
            ("timing.liquidation_days", self.liquidation_days),
            ("timing.guarantee_days", self.guarantee_days),
            ("timing.decision_days", self.decision_days),
        ] {
            if days > WAIT_DAYS_MAX {
                return Err(Error::value(field, days, "0 to 90 business days"));
            }
        }
        if self.notification_time > self.close_time {
            let right = "no later than timing.close_time: a demand is made while transfers are";
            return Err(Error::value(
                "timing.notification_time",
                clock(self.notification_time),
                right,
            ));
        }
        Ok(())
    }
}

/// A second of the day as `HH:MM`.
#[must_use]
pub fn clock(second: u32) -> String {
    format!("{:02}:{:02}", second / 3600, second / 60 % 60)
}
