//! Which lists of rungs are ladders.

use super::bounds::{Bounds, Range, Value};
use super::rung::{Act, BPS_ONE, PriceBound, RUNGS_MAX, Rung};
use std::fmt::Display;

/// Why a list of rungs is no ladder. Rungs are counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LadderError {
    /// The list is empty. Give the ladder at least one rung.
    #[error("rungs: the list is empty; a ladder has at least one rung")]
    Empty,
    /// The list is too long. Merge rungs.
    #[error("rungs: {rungs} rungs; a ladder has at most {RUNGS_MAX}")]
    TooMany {
        /// How many there are.
        rungs: usize,
    },
    /// A parameter is outside its range. Correct it.
    #[error("rung {rung}: {field} {value}: must be {right}")]
    OutOfRange {
        /// Which rung.
        rung: usize,
        /// The parameter's name.
        field: &'static str,
        /// Its value.
        value: u64,
        /// What would be right.
        right: &'static str,
    },
    /// Two bounds on the same side. Remove one.
    #[error("rung {rung}: {field} has {bounds}; one bound a side is right")]
    BoundTwice {
        /// Which rung.
        rung: usize,
        /// What is bounded.
        field: &'static str,
        /// The two names.
        bounds: &'static str,
    },
    /// Nothing lies between the bounds. Exchange or widen them.
    #[error("rung {rung}: nothing has {field} {bounds}; the lower bound must be below the upper")]
    NothingInside {
        /// Which rung.
        rung: usize,
        /// What is bounded.
        field: &'static str,
        /// The bounds as written.
        bounds: String,
    },
    /// A rung sells and states no worst price. State `at`.
    #[error("rung {rung}: sells without a worst price; state `at`")]
    PriceMissing {
        /// Which rung.
        rung: usize,
    },
    /// A rung that does not sell states a worst price. Remove `at`.
    #[error("rung {rung}: does not sell; remove `at`")]
    PriceUseless {
        /// Which rung.
        rung: usize,
    },
    /// A rung stands below one that always acts where it could. Move it up, or bound the other.
    #[error("rung {rung}: is never reached: rung {by} acts wherever it could")]
    NeverReached {
        /// Which rung.
        rung: usize,
        /// The rung above that always acts first.
        by: usize,
    },
    /// The last rung may have nothing to do while the account is still in breach. End with
    /// `whole`, `take-over`, `fraction` or `per-block`, without bounds.
    #[error(
        "rung {rung}: the last one must end: whole, take-over, fraction or per-block, without \
         bounds"
    )]
    NoEnd {
        /// The last rung.
        rung: usize,
    },
}

/// Refuses the first rung that makes no sense.
pub(super) fn validate(rungs: &[Rung]) -> Result<(), LadderError> {
    if rungs.len() > RUNGS_MAX {
        return Err(LadderError::TooMany { rungs: rungs.len() });
    }
    let Some(last) = rungs.last() else { return Err(LadderError::Empty) };
    for (number, rung) in (1..).zip(rungs) {
        parameters(number, rung)?;
        bounds(number, &rung.bounds)?;
        // What cancels orders acts first as long as there are any; what always acts does so always.
        let covers = |above: &Rung| {
            let always = above.stops() || (above.act == rung.act && rung.act == Act::CancelOrders);
            always && above.bounds.contains(&rung.bounds)
        };
        if let Some((by, _)) = (1..number).zip(rungs).find(|(_, above)| covers(above)) {
            return Err(LadderError::NeverReached { rung: number, by });
        }
    }
    if !last.act.ends() || !last.bounds.is_open() {
        return Err(LadderError::NoEnd { rung: rungs.len() });
    }
    Ok(())
}

/// Holds that a parameter lies in a range.
fn within(
    rung: usize,
    field: &'static str,
    value: u64,
    (least, most): (u64, u64),
    right: &'static str,
) -> Result<(), LadderError> {
    let inside = (least..=most).contains(&value);
    if inside { Ok(()) } else { Err(LadderError::OutOfRange { rung, field, value, right }) }
}

fn parameters(rung: usize, stated: &Rung) -> Result<(), LadderError> {
    let one = u64::from(BPS_ONE);
    let share = |field, bps: u32| within(rung, field, bps.into(), (1, one), "1 to 10000");
    let part = |field, bps: u32| within(rung, field, bps.into(), (0, one), "0 to 10000");
    match stated.act {
        Act::Fraction { bps } => share("bps", bps)?,
        Act::PerBlock { share_bps, least_value } => {
            // A share of nothing with a least value of nothing would sell a lot a block at best.
            if least_value == Value::default() {
                share("share_bps", share_bps)?;
            }
            part("share_bps", share_bps)?;
        }
        Act::TierDown { tiers } => {
            within(rung, "tiers", tiers.into(), (1, u8::MAX.into()), "at least 1")?;
        }
        Act::ToMaintenance { buffer_bps } => part("buffer_bps", buffer_bps)?,
        Act::Ramp { first_bps, nanos, buffer_bps, .. } => {
            part("first_bps", first_bps)?;
            part("buffer_bps", buffer_bps)?;
            if first_bps < BPS_ONE {
                let right = "at least 1 where first_bps is below 10000";
                within(rung, "nanos", nanos, (1, u64::MAX), right)?;
            }
        }
        Act::CancelOrders | Act::ToInitial | Act::Whole | Act::TakeOver => {}
    }
    match stated.at {
        None if stated.act.sells() => Err(LadderError::PriceMissing { rung }),
        Some(_) if !stated.act.sells() => Err(LadderError::PriceUseless { rung }),
        Some(PriceBound::Mark { slippage_bps }) => {
            let right = "below 10000: no price is left";
            within(rung, "slippage_bps", slippage_bps.into(), (0, one - 1), right)
        }
        Some(PriceBound::Bankruptcy) | None => Ok(()),
    }
}

fn bounds(rung: usize, stated: &Bounds) -> Result<(), LadderError> {
    // Equity may be anything; a position has some value, and steps are counted from none.
    ordered(rung, "equity", &stated.equity, |_| false)?;
    ordered(rung, "notional", &stated.notional, |most| most == (Value::default(), false))?;
    ordered(rung, "steps", &stated.steps, |most| most == (0, false))
}

/// Refuses two bounds on one side and bounds with nothing between them; `none_below` says which
/// bound from above nothing can be under.
fn ordered<T: Copy + Ord + Display>(
    rung: usize,
    field: &'static str,
    range: &Range<T>,
    none_below: impl Fn((T, bool)) -> bool,
) -> Result<(), LadderError> {
    if range.above.is_some() && range.at_least.is_some() {
        return Err(LadderError::BoundTwice { rung, field, bounds: "above and at_least" });
    }
    if range.below.is_some() && range.at_most.is_some() {
        return Err(LadderError::BoundTwice { rung, field, bounds: "below and at_most" });
    }
    let Some((most, most_inside)) = range.upper() else { return Ok(()) };
    let upper = format!("{} {most}", if most_inside { "at most" } else { "below" });
    let nothing = |bounds| Err(LadderError::NothingInside { rung, field, bounds });
    match range.lower() {
        Some((least, outside)) if least > most || (least == most && (outside || !most_inside)) => {
            nothing(format!("{} {least} and {upper}", if outside { "above" } else { "at least" }))
        }
        _ if none_below((most, most_inside)) => nothing(upper),
        _ => Ok(()),
    }
}
