//! Prices that fall with time alone: pure functions of the top price and the seconds elapsed.
//!
//! The three curves of abaci in dss (fa4f6630), to the last unit.

use super::Refusal;
use breakwater_money::rounding::{Rounding, div_wide, mul_div_wide};
use breakwater_money::{MoneyError, Ray, U256};
use serde::{Deserialize, Serialize};

/// How a price falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Curve {
    /// In a straight line down to nothing.
    Linear {
        /// Seconds from the top to nothing.
        seconds: U256,
    },
    /// By the same share at the end of each step, level in between.
    Stairs {
        /// What is kept of the price at each step.
        kept: Ray,
        /// Seconds a step lasts. Zero divides by zero.
        step_seconds: U256,
    },
    /// By the same share every second.
    Exponential {
        /// What is kept of the price each second.
        kept: Ray,
    },
}

impl Curve {
    /// The price after `elapsed` seconds from a start at `top`, rounded down, in the unit of `top`.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] where a product leaves 256 bits; [`MoneyError::DivisionByZero`] of
    /// a step of no length.
    pub fn price(&self, top: U256, elapsed: U256) -> Result<U256, MoneyError> {
        let share = match *self {
            Curve::Linear { seconds } => match seconds.checked_sub(elapsed) {
                None | Some(U256::ZERO) => return Ok(U256::ZERO),
                Some(left) => Ray::ratio(left, seconds, Rounding::Floor)?,
            },
            Curve::Stairs { kept, step_seconds } => {
                power(kept, div_wide(elapsed, step_seconds, Rounding::Floor)?)?
            }
            Curve::Exponential { kept } => power(kept, elapsed)?,
        };
        share.of(top, Rounding::Floor)
    }

    /// Holds that the price can be computed at any time and never rises.
    ///
    /// # Errors
    /// [`Refusal::BadTerm`] of a share kept above one, or of a step of no length.
    pub fn check(&self) -> Result<(), Refusal> {
        let (kept, step_seconds) = match *self {
            Curve::Linear { .. } => return Ok(()),
            Curve::Stairs { kept, step_seconds } => (kept, step_seconds),
            Curve::Exponential { kept } => (kept, U256::ONE),
        };
        if kept > Ray::one() {
            let right = "at most 1 is kept (1e27)";
            return Err(Refusal::BadTerm { field: "kept", found: kept.raw, right });
        }
        if step_seconds.is_zero() {
            let right = "a step lasts 1 second or more";
            return Err(Refusal::BadTerm { field: "step_seconds", found: step_seconds, right });
        }
        Ok(())
    }
}

/// `base` to the power `exponent`: squares from the lowest bit up, each product rounded half up, in
/// the order of the contract, on which the last digit depends. The zeroth power of zero is one.
///
/// # Errors
/// [`MoneyError::Overflow`] where the base to be squared reaches 128 bits or a product 256.
pub fn power(base: Ray, exponent: U256) -> Result<Ray, MoneyError> {
    if base.raw.is_zero() && !exponent.is_zero() {
        return Ok(base);
    }
    let mut square = base.raw;
    let mut result = if exponent.bit(0) { square } else { Ray::one().raw };
    for bit in 1..exponent.bit_len() {
        if square.bit_len() > 128 {
            return Err(MoneyError::Overflow);
        }
        square = times(square, square)?;
        if exponent.bit(bit) {
            result = times(result, square)?;
        }
    }
    Ok(Ray::from_raw(result))
}

/// A product of two rays, half up. The half is added within 256 bits, so that it may overflow too.
fn times(a: U256, b: U256) -> Result<U256, MoneyError> {
    let one = Ray::one().raw;
    let product = a.checked_mul(b).ok_or(MoneyError::Overflow)?;
    product.checked_add(one >> 1).ok_or(MoneyError::Overflow)?;
    mul_div_wide(a, b, one, Rounding::HalfUp)
}
