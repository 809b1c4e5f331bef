//! The highest mark of a time window: what a circuit breaker compares with.
//!
//! A mark is in force from its acceptance until the next one's. Only marks above all later ones
//! can still be the highest, so those alone are kept, falling from the front; each knows when it
//! was superseded and leaves once that lies before the window.

use crate::limits::BREAKER_MARKS_MAX;
use breakwater_liquidation::solvency::Breaker;
use breakwater_money::rounding::{Rounding, mul_div};
use breakwater_money::{Price, Time};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// A mark that may still be the highest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Peak {
    price: Price,
    /// When the next mark was accepted; none for the one in force.
    superseded: Option<Time>,
}

/// What a breaker remembers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tape {
    breaker: Breaker,
    peaks: VecDeque<Peak>,
    /// Until when new risk is refused.
    pub held_until: Option<Time>,
}

/// A breaker has tripped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Trip {
    /// The highest mark of the window.
    pub highest: Price,
    /// Until when new risk is refused.
    pub until: Time,
}

impl Tape {
    /// Begins with the mark in force, if there is one.
    pub fn begin(breaker: Breaker, mark: Option<Price>) -> Self {
        let peaks = mark.map(|price| Peak { price, superseded: None });
        Tape { breaker, peaks: peaks.into_iter().collect(), held_until: None }
    }

    /// The breaker it serves.
    pub fn breaker(&self) -> Breaker {
        self.breaker
    }

    /// True while new risk is refused.
    pub fn holds(&self, now: Time) -> bool {
        self.held_until.is_some_and(|until| now < until)
    }

    /// How far the mark in force is below the highest of the window, basis points, rounded down.
    pub fn fallen_bps(&self) -> u32 {
        let (Some(highest), Some(mark)) = (self.peaks.front(), self.peaks.back()) else { return 0 };
        let fall = highest.price.raw.saturating_sub(mark.price.raw);
        let share = mul_div(fall, 10_000, highest.price.raw.max(1), Rounding::Floor);
        share.ok().and_then(|share| u32::try_from(share).ok()).unwrap_or(10_000)
    }

    /// Takes an accepted mark. Every mark beyond the fall trips the breaker, so that a hold lasts
    /// from the last of them.
    pub fn mark(&mut self, price: Price, now: Time) -> Option<Trip> {
        let begin = now.0.saturating_sub(self.breaker.window_nanos);
        if let Some(last) = self.peaks.back_mut() {
            last.superseded = Some(now);
        }
        while self.peaks.front().and_then(|p| p.superseded).is_some_and(|at| at.0 <= begin) {
            self.peaks.pop_front();
        }
        let highest = self.peaks.front().map(|peak| peak.price);
        while self.peaks.back().is_some_and(|peak| peak.price.raw <= price.raw) {
            self.peaks.pop_back();
        }
        if self.peaks.len() >= BREAKER_MARKS_MAX
            && let (Some(first), Some(second)) = (self.peaks.pop_front(), self.peaks.front_mut())
        {
            // The two oldest count as one under the higher price: early rather than late.
            second.price = first.price;
        }
        self.peaks.push_back(Peak { price, superseded: None });
        let highest = highest.filter(|highest| self.breaker.trips(highest.raw, price.raw))?;
        let until = now.after(self.breaker.hold_nanos);
        self.held_until = Some(until);
        Some(Trip { highest, until })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tape(fall_bps: u32, window_nanos: u64) -> Tape {
        Tape::begin(Breaker { fall_bps, window_nanos, hold_nanos: 10 }, None)
    }

    fn price(raw: u128) -> Price {
        Price::new(raw, 0)
    }

    /// The highest mark in force within the window before `now`, by looking at every mark.
    fn naive(marks: &[(u64, u128)], window: u64, now: u64) -> Option<u128> {
        let ends = marks.iter().skip(1).map(|(at, _)| *at).chain([now]);
        let in_force = marks.iter().zip(ends).filter(|(_, end)| *end + window > now);
        in_force.map(|((_, price), _)| *price).max()
    }

    #[test]
    fn the_highest_is_the_one_that_looking_at_every_mark_gives() {
        let mut seed = 7u64;
        let mut next = |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040);
            (seed >> 33) % below
        };
        for window in [1, 5, 40, 400] {
            let (mut tape, mut marks, mut now) = (tape(200, window), Vec::new(), 1_000);
            let mut trips = 0;
            for _ in 0..3_000 {
                now += next(4) * next(7);
                let raw = 10_000 + u128::from(next(300));
                let expected = naive(&marks, window, now).filter(|highest| {
                    // A fall of two per cent or more.
                    raw * 100 <= highest * 98
                });
                let found = tape.mark(price(raw), Time(now)).map(|trip| trip.highest.raw);
                assert_eq!(found, expected, "window {window}, after {} marks", marks.len());
                trips += usize::from(found.is_some());
                marks.push((now, raw));
            }
            assert!((50..2_500).contains(&trips), "{trips} trips of 3,000 marks");
        }
    }

    #[test]
    fn a_mark_counts_until_the_window_has_left_it() {
        for (now, trips) in [(109, true), (110, false)] {
            let mut tape = tape(1_000, 100);
            assert_eq!(tape.mark(price(1_000), Time(0)), None);
            // In force until 10: at 110 the window begins where it ended.
            assert_eq!(tape.mark(price(950), Time(10)), None);
            let trip = tape.mark(price(900), Time(now));
            assert_eq!(trip.is_some(), trips, "at {now}");
        }
        // However old, the mark in force is the one to compare with.
        let mut tape = tape(1_000, 100);
        tape.mark(price(1_000), Time(0));
        let trip = tape.mark(price(900), Time(1_000_000)).unwrap();
        assert_eq!(tape.fallen_bps(), 1_000);
        assert_eq!(trip, Trip { highest: price(1_000), until: Time(1_000_010) });
        assert!(tape.holds(Time(1_000_009)) && !tape.holds(Time(1_000_010)));
    }

    #[test]
    fn memory_is_bounded_and_errs_towards_early() {
        let mut tape = tape(9_000, u64::MAX);
        for step in 0..3 * BREAKER_MARKS_MAX as u128 {
            assert_eq!(tape.mark(price(1_000_000 - step), Time(1)), None);
        }
        assert_eq!(tape.peaks.len(), BREAKER_MARKS_MAX);
        let trip = tape.mark(price(100_000), Time(2)).unwrap();
        assert_eq!(trip.highest, price(1_000_000));
    }
}
