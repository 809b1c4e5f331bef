//! Whole lots: a float proposes a trade, an integer is traded.

use super::{Decision, HedgeError};
use crate::error::{POSITIVE, is_positive, require};

/// Most lots of one trade; an integer below this is exact as a float.
pub const LOTS_MAX: i64 = 1 << 52;

/// What is traded, and where that leaves the holding.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Target {
    /// Lots to buy; below zero to sell.
    pub lots: i64,
    /// Units of the underlying held afterwards.
    pub holding: f64,
}

/// The lots of a decision: the fewest that reach the band where a whole lot fits inside it, else those
/// that come nearest to its edge. Never more lots than it takes, and never a trade that leaves the
/// holding further from the band.
///
/// # Errors
/// A lot that is not above zero, or a trade of more than [`LOTS_MAX`] lots.
pub fn in_lots(decision: &Decision, holding: f64, lot: f64) -> Result<Target, HedgeError> {
    let nearest = nearest_lots(decision.trade, lot)?;
    let after = |lots: i64| holding + lots as f64 * lot;
    if !decision.due || decision.trade == 0.0 {
        return Ok(Target { lots: 0, holding });
    }
    let away = libm::ceil(decision.trade.abs() / lot) as i64;
    let fewest = if decision.trade > 0.0 { away } else { -away };
    let lots = if decision.band.holds(after(fewest)) { fewest } else { nearest };
    Ok(Target { lots, holding: after(lots) })
}

/// The whole number of lots nearest to a trade, halves away from zero.
///
/// # Errors
/// A lot that is not above zero, or more than [`LOTS_MAX`] lots.
pub fn nearest_lots(trade: f64, lot: f64) -> Result<i64, HedgeError> {
    require("lot", lot, is_positive(lot), POSITIVE)?;
    require("trade", trade, trade.is_finite(), "a finite number is right")?;
    let lots = libm::round(trade / lot);
    if lots.abs() >= LOTS_MAX as f64 || lots.is_nan() {
        return Err(HedgeError::TooManyLots { trade, lot });
    }
    // Within 52 bits, so that the conversion is exact.
    Ok(lots as i64)
}
