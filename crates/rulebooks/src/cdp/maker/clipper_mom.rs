//! Who may stop auctions without a vote (`ClipperMom`, makerdao/clipper-mom).
//!
//! The feed publishes its next price an hour before it becomes the current one. If it is too far
//! below, anybody may stop auctions from starting and from being reset, since they would start from
//! a price that is known to be wrong.

use super::clip::Peek;
use super::clip_revert::Revert;
use super::dog::add;
use breakwater_money::rounding::Rounding;
use breakwater_money::{Ray, U256};
use serde::{Deserialize, Serialize};

/// The level to which anybody may trip the breaker.
pub const TRIPPED: u64 = 2;

/// Greatest level an administrator may set.
const LEVEL_MAX: u64 = 3;

/// The guard of one collateral's auctions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ClipperMom {
    tolerance: U256,
    locked: U256,
}

impl ClipperMom {
    /// Share of the current price (ray) below which the next one trips the breaker.
    #[must_use]
    pub const fn tolerance(&self) -> U256 {
        self.tolerance
    }

    /// Second up to which, inclusive, nobody may trip the breaker.
    #[must_use]
    pub const fn locked(&self) -> U256 {
        self.locked
    }

    /// Sets the tolerance (ray).
    ///
    /// # Errors
    /// [`Revert::ToleranceOutOfBounds`] above one.
    pub fn set_price_tolerance(&mut self, value: U256) -> Result<(), Revert> {
        if value > Ray::one().raw {
            return Err(Revert::ToleranceOutOfBounds);
        }
        self.tolerance = value;
        Ok(())
    }

    /// An administrator sets the breaker and keeps others from tripping it for `delay` seconds.
    /// Returns the level for [`super::clip::Clip::set_stopped`].
    ///
    /// # Errors
    /// [`Revert::NonexistentLevel`], [`Revert::Arithmetic`].
    pub fn set_breaker(&mut self, level: U256, delay: U256, now: u64) -> Result<U256, Revert> {
        if level > U256::from(LEVEL_MAX) {
            return Err(Revert::NonexistentLevel);
        }
        self.locked = add(U256::from(now), delay)?;
        Ok(level)
    }

    /// Anybody trips the breaker, which stands at `stopped`. Returns the level for
    /// [`super::clip::Clip::set_stopped`].
    ///
    /// # Errors
    /// [`Revert::AlreadyStopped`], [`Revert::TemporarilyLocked`], [`Revert::InvalidCurrentPrice`],
    /// [`Revert::InvalidNextPrice`], [`Revert::PriceWithinBounds`], in this order;
    /// [`Revert::Arithmetic`].
    pub fn trip(&self, stopped: U256, current: Peek, next: Peek, now: u64) -> Result<U256, Revert> {
        if stopped >= U256::from(TRIPPED) {
            return Err(Revert::AlreadyStopped);
        }
        if U256::from(now) <= self.locked {
            return Err(Revert::TemporarilyLocked);
        }
        if !current.has {
            return Err(Revert::InvalidCurrentPrice);
        }
        if !next.has {
            return Err(Revert::InvalidNextPrice);
        }
        let least = Ray::from_raw(self.tolerance).of(current.val, Rounding::Floor)?;
        if next.val >= least {
            return Err(Revert::PriceWithinBounds);
        }
        Ok(U256::from(TRIPPED))
    }
}
