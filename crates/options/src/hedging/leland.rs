//! Volatility that carries the cost of hedging at intervals (Leland, "Option pricing and replication
//! with transactions costs", Journal of Finance 40, 1985).
//!
//! `s_hat = s sqrt(1 +- Le)`, `Le = sqrt(2/pi) kappa / (s sqrt dt)`, plus for the short option. `kappa`
//! is the cost of a round trip as a share of the value traded.

use super::HedgeError;
use crate::Side;
use crate::error::{NOT_NEGATIVE, POSITIVE, is_not_negative, is_positive, require};

/// `sqrt(2 / pi)`.
const ROOT_TWO_OVER_PI: f64 = 0.797_884_560_802_865_4;

/// Leland's number: the share of variance that costs add or take.
///
/// # Errors
/// A volatility or an interval that is not above zero, a negative cost, or a quotient that is no float.
pub fn leland_number(
    volatility: f64,
    cost_round_trip: f64,
    interval_years: f64,
) -> Result<f64, HedgeError> {
    require("volatility", volatility, is_positive(volatility), POSITIVE)?;
    require("cost_round_trip", cost_round_trip, is_not_negative(cost_round_trip), NOT_NEGATIVE)?;
    require("interval_years", interval_years, is_positive(interval_years), POSITIVE)?;
    let number = ROOT_TWO_OVER_PI * cost_round_trip / (volatility * libm::sqrt(interval_years));
    require("interval_years", interval_years, number.is_finite(), "a longer interval is right")?;
    Ok(number)
}

/// The volatility at which a position is hedged: above its own for a short option, below for a long.
///
/// # Errors
/// As [`leland_number`], and a long option with a number of 1 or more has no volatility.
pub fn leland_volatility(
    side: Side,
    volatility: f64,
    cost_round_trip: f64,
    interval_years: f64,
) -> Result<f64, HedgeError> {
    let number = leland_number(volatility, cost_round_trip, interval_years)?;
    let adjustment = if side == Side::Short { number } else { -number };
    Ok(volatility * adjusted("Leland", adjustment)?)
}

/// `sqrt(1 + adjustment)`.
pub(super) fn adjusted(model: &'static str, adjustment: f64) -> Result<f64, HedgeError> {
    if adjustment <= -1.0 {
        return Err(HedgeError::NoVolatility { model, adjustment });
    }
    Ok(libm::sqrt(1.0 + adjustment))
}
