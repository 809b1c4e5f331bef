//! The guard between ticks and marks: a pure judgement that keeps nothing itself.
//!
//! Order of the questions, so that a tick with several faults is always refused for the same one:
//! scale, sign, crossed sides, spread (the tick alone); future, stale (the tick and the clock);
//! duplicate, out of order, out of band (the tick and the last mark).

use crate::tick::{Mark, Quote, Tick};
use breakwater_money::{Price, Time, U256, decimal::format_raw};
use serde::{Deserialize, Serialize};

/// Basis points in one.
const BPS: u32 = 10_000;

/// Most decimals a price may have: ten to the 38th still fits 128 bits.
const DECIMALS_MAX: u8 = 38;

/// What one market accepts. Every bound is inclusive: a tick exactly at it is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guard {
    /// Decimals every tick of the market must have, 0 to 38.
    pub decimals: u8,
    /// Oldest a tick or a mark may be, in nanoseconds since it was observed.
    pub age_max_nanos: u64,
    /// Furthest ahead of now a tick may claim to have been observed, in nanoseconds.
    pub ahead_max_nanos: u64,
    /// Greatest move from one mark to the next, in basis points of the former.
    pub band_bps: u32,
    /// Widest spread of a two-sided quote, in basis points of its mid.
    pub spread_max_bps: u32,
    /// How long after an outage the market stays in grace, in nanoseconds; zero for no grace.
    pub grace_nanos: u64,
}

/// A guard's parameter that cannot work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("guard.{field} is {value}; expected {right}")]
pub struct GuardError {
    /// The parameter.
    pub field: &'static str,
    /// Its value.
    pub value: u64,
    /// What it may be.
    pub right: &'static str,
}

/// What the guard of one market remembers; the caller keeps it. The default is a market that has
/// not seen a price yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct GuardState {
    /// The last accepted price.
    pub mark: Option<Mark>,
    /// End of the grace period that the last outage opened.
    pub grace_until: Option<Time>,
}

/// What a mark is good for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum MarkStatus {
    /// No price was accepted yet.
    Missing,
    /// Young enough, and no grace period runs.
    Fresh,
    /// Young enough, but the feed came back from an outage only just now: time to top up, not to
    /// liquidate. Holds while now is before `until`; at `until` it is over.
    Grace {
        /// When it ends.
        until: Time,
    },
    /// Older than the guard allows.
    Stale {
        /// Nanoseconds since the mark was observed.
        age_nanos: u64,
    },
}

/// Why a tick did not become a mark. A refusal changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Refusal {
    /// Observed longer ago than the guard allows.
    #[error("stale: observed {age_nanos} ns ago, at most {age_max_nanos} ns is accepted")]
    Stale {
        /// Nanoseconds since it was observed.
        age_nanos: u64,
        /// The guard's bound.
        age_max_nanos: u64,
    },
    /// Claims to have been observed later than now, by more than clocks may differ.
    #[error("future: observed {ahead_nanos} ns from now, at most {ahead_max_nanos} ns is accepted")]
    Future {
        /// Nanoseconds from now to the claimed observation.
        ahead_nanos: u64,
        /// The guard's bound.
        ahead_max_nanos: u64,
    },
    /// Behind the last mark by its counter or by its time.
    #[error(
        "out of order: sequence {sequence} observed at {} ns, the last mark is sequence {last_sequence} at {} ns",
        observed_at.0, last_observed_at.0
    )]
    OutOfOrder {
        /// The tick's counter.
        sequence: u64,
        /// The last mark's counter.
        last_sequence: u64,
        /// The tick's time.
        observed_at: Time,
        /// The last mark's time.
        last_observed_at: Time,
    },
    /// The last mark again: same counter, same time, same price. Harmless; no effect.
    #[error("duplicate: sequence {sequence} is the last mark already")]
    Duplicate {
        /// The counter of both.
        sequence: u64,
    },
    /// The bid is above the ask. Equal sides are a locked book, which is accepted.
    #[error("crossed: bid {} above ask {}", format_raw(*bid, *decimals), format_raw(*ask, *decimals))]
    Crossed {
        /// The bid, raw.
        bid: u128,
        /// The ask, raw.
        ask: u128,
        /// Decimals of both.
        decimals: u8,
    },
    /// Further from the last mark than the band allows.
    #[error(
        "out of band: {price} against the last mark {last}, at most {band_bps} bps is accepted"
    )]
    OutOfBand {
        /// The tick's price.
        price: Price,
        /// The last mark's price.
        last: Price,
        /// The guard's bound.
        band_bps: u32,
    },
    /// A price of zero, on either side.
    #[error("not positive: a price is zero, expected more than zero")]
    NotPositive,
    /// Decimals other than the market's.
    #[error("wrong scale: {decimals} decimals, expected {expected}")]
    WrongScale {
        /// The tick's decimals.
        decimals: u8,
        /// The guard's.
        expected: u8,
    },
    /// The two sides are too far apart to trust their middle.
    #[error(
        "spread too wide: bid {}, ask {}, at most {spread_max_bps} bps of the mid is accepted",
        format_raw(*bid, *decimals), format_raw(*ask, *decimals)
    )]
    SpreadTooWide {
        /// The bid, raw.
        bid: u128,
        /// The ask, raw.
        ask: u128,
        /// Decimals of both.
        decimals: u8,
        /// The guard's bound.
        spread_max_bps: u32,
    },
}

impl Guard {
    /// Whether the parameters can work together.
    ///
    /// # Errors
    /// Names the parameter, its value and what it may be.
    pub fn validate(&self) -> Result<(), GuardError> {
        let wrong = |field, value, right| Err(GuardError { field, value, right });
        if self.decimals > DECIMALS_MAX {
            return wrong("decimals", self.decimals.into(), "0 to 38");
        }
        if self.age_max_nanos == 0 {
            return wrong("age_max_nanos", 0, "more than 0: every mark would be stale at once");
        }
        if self.ahead_max_nanos > self.age_max_nanos {
            return wrong("ahead_max_nanos", self.ahead_max_nanos, "at most age_max_nanos");
        }
        if self.band_bps == 0 {
            return wrong("band_bps", 0, "more than 0: no price could ever move");
        }
        Ok(())
    }

    /// The state after `tick` arrives at `now`: its price as the new mark, and a grace period if
    /// the last mark had gone stale.
    ///
    /// The band is measured against the last mark as long as that is not stale at `now`. After an
    /// outage it does not bind, or a real gap could never be left; the grace period stands in for
    /// it. A first mark has nothing to be measured against and opens no grace period.
    ///
    /// # Errors
    /// See [`Refusal`]; `state` remains what it was.
    pub fn judge(&self, state: &GuardState, tick: &Tick, now: Time) -> Result<GuardState, Refusal> {
        let (price, half_spread) = self.read(tick)?;
        self.check_time(tick, now)?;
        let mark = Mark {
            price,
            half_spread,
            observed_at: tick.observed_at,
            accepted_at: now,
            sequence: tick.sequence,
        };
        let Some(last) = state.mark else {
            return Ok(GuardState { mark: Some(mark), grace_until: None });
        };
        check_order(&last, &mark)?;
        if self.is_stale(&last, now) {
            let grace_until = (self.grace_nanos > 0).then(|| now.after(self.grace_nanos));
            return Ok(GuardState { mark: Some(mark), grace_until });
        }
        if self.leaves_band(last.price, price) {
            return Err(Refusal::OutOfBand { price, last: last.price, band_bps: self.band_bps });
        }
        let grace_until = state.grace_until.filter(|until| now < *until);
        Ok(GuardState { mark: Some(mark), grace_until })
    }

    /// What the mark in `state` is good for at `now`. A mark exactly `age_max_nanos` old is not
    /// stale; at the very end of a grace period the grace is over.
    #[must_use]
    pub fn status(&self, state: &GuardState, now: Time) -> MarkStatus {
        let Some(mark) = &state.mark else {
            return MarkStatus::Missing;
        };
        if self.is_stale(mark, now) {
            return MarkStatus::Stale { age_nanos: now.since(mark.observed_at) };
        }
        match state.grace_until {
            Some(until) if now < until => MarkStatus::Grace { until },
            _ => MarkStatus::Fresh,
        }
    }

    fn is_stale(&self, mark: &Mark, now: Time) -> bool {
        now.since(mark.observed_at) > self.age_max_nanos
    }

    /// The tick's price and half spread, judged on their own.
    fn read(&self, tick: &Tick) -> Result<(Price, u128), Refusal> {
        let decimals = tick.decimals;
        if decimals != self.decimals {
            return Err(Refusal::WrongScale { decimals, expected: self.decimals });
        }
        let (bid, ask) = match tick.quote {
            Quote::Single(raw) => (raw, raw),
            Quote::TwoSided { bid, ask } => (bid, ask),
        };
        if bid == 0 || ask == 0 {
            return Err(Refusal::NotPositive);
        }
        let Some(spread) = ask.checked_sub(bid) else {
            return Err(Refusal::Crossed { bid, ask, decimals });
        };
        // A shift halves and floors: bid + floor((ask - bid) / 2) is floor((bid + ask) / 2), and
        // it cannot overflow.
        let mid = bid + (spread >> 1);
        if exceeds_bps(spread, mid, self.spread_max_bps) {
            let spread_max_bps = self.spread_max_bps;
            return Err(Refusal::SpreadTooWide { bid, ask, decimals, spread_max_bps });
        }
        Ok((Price::new(mid, decimals), ask - mid))
    }

    fn check_time(&self, tick: &Tick, now: Time) -> Result<(), Refusal> {
        let ahead_nanos = tick.observed_at.since(now);
        if ahead_nanos > self.ahead_max_nanos {
            return Err(Refusal::Future { ahead_nanos, ahead_max_nanos: self.ahead_max_nanos });
        }
        let age_nanos = now.since(tick.observed_at);
        if age_nanos > self.age_max_nanos {
            return Err(Refusal::Stale { age_nanos, age_max_nanos: self.age_max_nanos });
        }
        Ok(())
    }

    /// Prices of both marks have the guard's decimals unless the guard was changed in between; a
    /// mark of another scale cannot be compared and counts as outside the band.
    fn leaves_band(&self, last: Price, new: Price) -> bool {
        last.decimals != new.decimals
            || exceeds_bps(new.raw.abs_diff(last.raw), last.raw, self.band_bps)
    }
}

/// Whether `part * 10,000 > bps * whole`, exactly.
fn exceeds_bps(part: u128, whole: u128, bps: u32) -> bool {
    U256::from(part) * U256::from(BPS) > U256::from(whole) * U256::from(bps)
}

fn check_order(last: &Mark, new: &Mark) -> Result<(), Refusal> {
    let same_time = new.observed_at == last.observed_at;
    if new.sequence == last.sequence && same_time && new.price == last.price {
        return Err(Refusal::Duplicate { sequence: new.sequence });
    }
    if new.sequence <= last.sequence || new.observed_at < last.observed_at {
        return Err(Refusal::OutOfOrder {
            sequence: new.sequence,
            last_sequence: last.sequence,
            observed_at: new.observed_at,
            last_observed_at: last.observed_at,
        });
    }
    Ok(())
}
