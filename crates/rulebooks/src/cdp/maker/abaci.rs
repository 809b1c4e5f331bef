//! The price curves (`abaci.sol`), as their contracts are configured and called.

use super::clip_revert::Revert;
use breakwater_auction::dutch::Curve;
use breakwater_money::{Ray, U256};

/// `LinearDecrease`: to nothing in `tau` seconds.
#[must_use]
pub const fn linear(tau: U256) -> Curve {
    Curve::Linear { seconds: tau }
}

/// `StairstepExponentialDecrease`: `cut` (ray) of the price is kept at each of its steps of `step`
/// seconds. A step of zero is taken, and every price then fails with [`Revert::Halt`].
///
/// # Errors
/// [`Revert::CutAboveOne`].
pub fn stairstep(cut: U256, step: U256) -> Result<Curve, Revert> {
    Ok(Curve::Stairs { kept: at_most_one(cut)?, step_seconds: step })
}

/// `ExponentialDecrease`: `cut` (ray) of the price is kept each second.
///
/// # Errors
/// [`Revert::CutAboveOne`].
pub fn exponential(cut: U256) -> Result<Curve, Revert> {
    Ok(Curve::Exponential { kept: at_most_one(cut)? })
}

fn at_most_one(cut: U256) -> Result<Ray, Revert> {
    let cut = Ray::from_raw(cut);
    if cut > Ray::one() { Err(Revert::CutAboveOne) } else { Ok(cut) }
}

/// The price (ray) `dur` seconds after a start at `top` (ray).
///
/// # Errors
/// [`Revert::Arithmetic`], [`Revert::Halt`].
pub fn price(curve: &Curve, top: U256, dur: U256) -> Result<U256, Revert> {
    Ok(curve.price(top, dur)?)
}
