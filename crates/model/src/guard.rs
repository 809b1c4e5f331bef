//! What makes a tick a mark: each question asked one after the other, as its page tells it.

use crate::number::{Int, Result};
use breakwater_liquidation::Rejection;
use breakwater_market::{Guard, GuardState, Mark, Quote, Tick};
use breakwater_money::{Price, Time};

/// What a price may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// None was ever accepted.
    Missing,
    /// The last one is too old.
    Stale,
    /// Back after an outage.
    Grace,
    /// Anything.
    Fresh,
}

fn nanos_between(earlier: Time, later: Time) -> i128 {
    i128::from(later.0) - i128::from(earlier.0)
}

fn too_old(guard: &Guard, mark: &Mark, now: Time) -> bool {
    nanos_between(mark.observed_at, now) > i128::from(guard.age_max_nanos)
}

/// True if `part` is more than `bps` basis points of `whole`.
fn more_than(part: &Int, whole: &Int, bps: u32) -> bool {
    part * Int::from(10_000) > whole * Int::from(bps)
}

/// What the guard remembers after the tick.
///
/// # Errors
/// The first of its refusals, in the order scale, sign, crossed, spread, future, stale, duplicate,
/// order, band.
pub fn judge(guard: &Guard, seen: &GuardState, tick: &Tick, now: Time) -> Result<GuardState> {
    if tick.decimals != guard.decimals {
        return Err(Rejection::PriceWrongScale);
    }
    let (bid, ask) = match tick.quote {
        Quote::Single(price) => (price, price),
        Quote::TwoSided { bid, ask } => (bid, ask),
    };
    if bid == 0 || ask == 0 {
        return Err(Rejection::PriceNotPositive);
    }
    if bid > ask {
        return Err(Rejection::PriceCrossed);
    }
    let middle: Int = (Int::from(bid) + Int::from(ask)) >> 1u8;
    let spread = Int::from(ask) - Int::from(bid);
    if more_than(&spread, &middle, guard.spread_max_bps) {
        return Err(Rejection::PriceSpreadTooWide);
    }
    if nanos_between(now, tick.observed_at) > i128::from(guard.ahead_max_nanos) {
        return Err(Rejection::PriceFuture);
    }
    if nanos_between(tick.observed_at, now) > i128::from(guard.age_max_nanos) {
        return Err(Rejection::PriceStale);
    }
    let raw = u128::try_from(&middle).map_err(|_| Rejection::Overflow)?;
    let mark = Mark {
        price: Price { raw, decimals: tick.decimals },
        half_spread: ask - raw,
        observed_at: tick.observed_at,
        accepted_at: now,
        sequence: tick.sequence,
    };
    let Some(last) = seen.mark else {
        return Ok(GuardState { mark: Some(mark), grace_until: None });
    };
    let same = |a: &Mark, b: &Mark| {
        a.sequence == b.sequence && a.observed_at == b.observed_at && a.price == b.price
    };
    if same(&mark, &last) {
        return Err(Rejection::PriceDuplicate);
    }
    if mark.sequence <= last.sequence || mark.observed_at < last.observed_at {
        return Err(Rejection::PriceOutOfOrder);
    }
    if too_old(guard, &last, now) {
        let until = Time(now.0.saturating_add(guard.grace_nanos));
        let grace_until = if guard.grace_nanos == 0 { None } else { Some(until) };
        return Ok(GuardState { mark: Some(mark), grace_until });
    }
    let moved = Int::from(raw.max(last.price.raw) - raw.min(last.price.raw));
    let last_raw = Int::from(last.price.raw);
    if last.price.decimals != tick.decimals || more_than(&moved, &last_raw, guard.band_bps) {
        return Err(Rejection::PriceOutOfBand);
    }
    let grace_until = match seen.grace_until {
        Some(until) if until > now => Some(until),
        _ => None,
    };
    Ok(GuardState { mark: Some(mark), grace_until })
}

/// What the market's price may be used for at `now`.
#[must_use]
pub fn standing(guard: &Guard, seen: &GuardState, now: Time) -> Standing {
    match (seen.mark, seen.grace_until) {
        (None, _) => Standing::Missing,
        (Some(mark), _) if too_old(guard, &mark, now) => Standing::Stale,
        (Some(_), Some(until)) if now < until => Standing::Grace,
        _ => Standing::Fresh,
    }
}

/// True if the guard's own numbers make sense together.
#[must_use]
pub fn sound(guard: &Guard) -> bool {
    guard.decimals <= 38
        && guard.age_max_nanos > 0
        && guard.ahead_max_nanos <= guard.age_max_nanos
        && guard.band_bps > 0
}
