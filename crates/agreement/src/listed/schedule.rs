//! Moments at equal distances, and what a series has planned.

use super::series::Series;
use crate::Error;
use breakwater_money::Time;

/// Most planned events of one answer: a year of hourly payments is 8,760. A page that asks for more
/// asks for a shorter time.
pub const PLANNED_MAX: usize = 10_000;

/// What a series does by itself. The order decides among those of one moment: what is owed for the
/// past comes before what changes the position, and nothing comes after delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PlannedKind {
    /// A payment of funding.
    Funding,
    /// The end of a session.
    Session,
    /// Standing instructions to roll are carried out.
    Roll,
    /// Averaging of the settlement price begins.
    Fixing,
    /// Expiry and delivery.
    Delivery,
}

impl PlannedKind {
    /// Every kind, in the order of one moment.
    pub const ALL: [PlannedKind; 5] = [
        PlannedKind::Funding,
        PlannedKind::Session,
        PlannedKind::Roll,
        PlannedKind::Fixing,
        PlannedKind::Delivery,
    ];

    /// The word for it, the same as that of the event it leads to.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            PlannedKind::Funding => "funding",
            PlannedKind::Session => "session",
            PlannedKind::Roll => "roll",
            PlannedKind::Fixing => "fixing",
            PlannedKind::Delivery => "delivery",
        }
    }
}

/// An event that will come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Planned {
    /// When.
    pub at: Time,
    /// What.
    pub kind: PlannedKind,
}

/// What `series` does by itself after `after`, up to and including `until`, in order of time. A roll
/// is planned whether or not anybody has asked for it.
///
/// # Errors
/// The series contradicts itself, or has more than [`PLANNED_MAX`] events in that time.
pub fn planned(series: &Series, after: Time, until: Time) -> Result<Vec<Planned>, Error> {
    series.check()?;
    let count = |kind: PlannedKind| series.count(kind, Some(after), until);
    let all = PlannedKind::ALL.into_iter().map(count).fold(0u64, u64::saturating_add);
    if all > PLANNED_MAX as u64 {
        return Err(Error::TooMany {
            what: format!("the planned events of {}", series.symbol),
            limit: PLANNED_MAX,
            expected: "ask for a shorter time".to_owned(),
        });
    }
    let mut planned = Vec::new();
    for kind in PlannedKind::ALL {
        let mut next = series.moment(kind, Some(after));
        while let Some(at) = next.filter(|at| *at <= until) {
            planned.push(Planned { at, kind });
            next = series.moment(kind, Some(at));
        }
    }
    planned.sort_unstable();
    Ok(planned)
}

/// Moments `every` nanoseconds apart without an end; one of them is `phase` after 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cycle {
    pub every: u64,
    phase: u64,
}

impl Cycle {
    /// `every` is above one; a moment of the cycle lies `at` nanoseconds after 1970.
    pub const fn new(every: u64, at: u64) -> Cycle {
        Cycle { every, phase: at % every }
    }

    /// How many moments lie at or before `until`.
    pub fn count(&self, until: Time) -> u64 {
        let past = until.0.checked_sub(self.phase);
        // division: whole periods since the first moment; the first one counts as well.
        past.map_or(0, |past| (past / self.every).saturating_add(1))
    }

    /// The first moment after `after`, if time can still tell it; `None` is before all time.
    pub fn next(&self, after: Option<Time>) -> Option<Time> {
        let passed = after.map_or(0, |after| self.count(after));
        passed.checked_mul(self.every)?.checked_add(self.phase).map(Time)
    }

    /// How many moments lie after `after`, up to and including `until`.
    pub fn between(&self, after: Option<Time>, until: Time) -> u64 {
        let passed = after.map_or(0, |after| self.count(after));
        self.count(until).saturating_sub(passed)
    }
}

/// The moments at which one average is sampled: `planned` of them, `step` nanoseconds apart, the
/// last at `last`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Grid {
    pub last: Time,
    pub step: u64,
    pub planned: u32,
}

impl Grid {
    /// How many samples lie at or before `over`; `None` is before all time. A grid may begin before
    /// 1970, and such samples are past from the start.
    pub fn up_to(&self, over: Option<Time>) -> u32 {
        // Before 1970 counts as the nanosecond before it.
        let ahead = over.map_or(self.last.0.saturating_add(1), |over| self.last.since(over));
        // Most of the time a series is far from its window. What a table may state keeps the product
        // within some hundred days.
        if ahead >= self.step * u64::from(self.planned) {
            return 0;
        }
        // division: samples still to come, a begun step counts as one of them: at most all.
        let left = u32::try_from(ahead.div_ceil(self.step)).unwrap_or(self.planned);
        self.planned - left
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn cycles_have_the_moments_that_they_state() {
        // Every eight hours, one of them at 16:00: also at 00:00 and 08:00.
        let hour = 3_600_000_000_000;
        let cycle = Cycle::new(8 * hour, 16 * hour);
        assert_eq!(cycle.next(None), Some(Time(0)));
        assert_eq!(cycle.next(Some(Time(0))), Some(Time(8 * hour)));
        assert_eq!(cycle.next(Some(Time(8 * hour - 1))), Some(Time(8 * hour)));
        assert_eq!(cycle.between(Some(Time(0)), Time(24 * hour)), 3);
        assert_eq!(cycle.between(None, Time(24 * hour)), 4);
        // Every week at 08:00 counts from the first of January 1970, a Thursday.
        let weekly = Cycle::new(7 * 24 * hour, 8 * hour);
        assert_eq!(weekly.next(Some(Time(8 * hour))), Some(Time((7 * 24 + 8) * hour)));
        // After the last moment that can be told there is none.
        assert_eq!(cycle.next(Some(Time::MAX)), None);
    }

    #[test]
    fn a_grid_may_begin_before_time_does() {
        let grid = Grid { last: Time(5), step: 2, planned: 4 };
        // At -1, 1, 3 and 5. Nothing precedes all time but nothing.
        assert_eq!(
            [None, Some(0), Some(1), Some(4), Some(5), Some(9)].map(up(grid)),
            [1, 1, 2, 3, 4, 4]
        );
        let early = Grid { last: Time(0), step: 1, planned: 3 };
        assert_eq!([None, Some(0)].map(up(early)), [2, 3]);
    }

    fn up(grid: Grid) -> impl Fn(Option<u64>) -> u32 {
        move |over| grid.up_to(over.map(Time))
    }

    proptest! {
        #[test]
        fn counting_agrees_with_looking_at_every_moment(
            every in 1u64..40, at in 0u64..80, after in 0u64..300, until in 0u64..300
        ) {
            let cycle = Cycle::new(every, at);
            let is_moment = |t: &u64| (t + 1_000 * every - at % every).is_multiple_of(every);
            let moments = (after + 1..=until).filter(is_moment).count();
            prop_assert_eq!(cycle.between(Some(Time(after)), Time(until)), moments as u64);
            let next = (after + 1..).find(is_moment).map(Time);
            prop_assert_eq!(cycle.next(Some(Time(after))), next);
        }

        #[test]
        fn grids_agree_with_looking_at_every_sample(
            last in 200u64..400, step in 1u64..20, planned in 1u32..10, over in 0u64..500
        ) {
            let grid = Grid { last: Time(last), step, planned };
            let samples = (0..u64::from(planned)).map(|n| last - n * step);
            let passed = samples.filter(|at| *at <= over).count();
            prop_assert_eq!(grid.up_to(Some(Time(over))) as usize, passed);
        }
    }
}
