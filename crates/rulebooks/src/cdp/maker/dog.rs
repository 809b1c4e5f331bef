//! What is seized of an unsafe vault (`Dog.bark`): all of it, or as much as there is room for.

use super::clip_revert::Revert;
use breakwater_money::rounding::{Rounding, div_wide, mul_div_wide};
use breakwater_money::{Ray, U256, Wad};
use serde::{Deserialize, Serialize};

/// What the system knows of one kind of collateral.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ilk {
    /// Coins owed for each unit of normalised debt (ray).
    pub rate: U256,
    /// Price with the safety margin in it (ray).
    pub spot: U256,
    /// Least debt of a vault (rad).
    pub dust: U256,
    /// Least worth of collateral over debt (ray); how `spot` is found from the feed.
    pub mat: Ray,
    /// Factor on the debt seized: one and the penalty (wad).
    pub chop: Wad,
}

/// A vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Urn {
    /// Collateral (wad).
    pub ink: U256,
    /// Normalised debt (wad).
    pub art: U256,
}

/// What is taken from a vault to be sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seized {
    /// Collateral (wad).
    pub dink: U256,
    /// Normalised debt (wad).
    pub dart: U256,
    /// The debt in coins (rad), owed by the system from now on.
    pub due: U256,
    /// What the auction is to bring: the debt and the penalty on it (rad).
    pub tab: U256,
}

impl Ilk {
    /// Whether the vault may be liquidated: strictly below the safety price, which is above zero.
    ///
    /// # Errors
    /// [`Revert::Arithmetic`].
    pub fn is_unsafe(&self, urn: &Urn) -> Result<bool, Revert> {
        if self.spot.is_zero() {
            return Ok(false);
        }
        Ok(mul(urn.ink, self.spot)? < mul(urn.art, self.rate)?)
    }

    /// The least that may remain wanted of an auction (`chost`, rad): the least debt and its
    /// penalty.
    ///
    /// # Errors
    /// [`Revert::Arithmetic`].
    pub fn chost(&self) -> Result<U256, Revert> {
        Ok(self.chop.of(self.dust, Rounding::Floor)?)
    }

    /// What is seized of `urn` with `room` (rad) left under the limits.
    ///
    /// A part must leave the vault, and be itself, no less than the least debt. Where it would leave
    /// less, the whole vault is taken, beyond the limit by at most about one least debt and its
    /// penalty; where it would be less, nothing is.
    ///
    /// # Errors
    /// [`Revert::NotUnsafe`], [`Revert::LimitHit`], [`Revert::Dusty`], [`Revert::NullAuction`],
    /// [`Revert::TooLarge`], in this order; [`Revert::Arithmetic`] and [`Revert::Halt`] where
    /// numbers are out of all measure.
    pub fn seize(&self, urn: &Urn, room: U256) -> Result<Seized, Revert> {
        if !self.is_unsafe(urn)? {
            return Err(Revert::NotUnsafe);
        }
        if room.is_zero() {
            return Err(Revert::LimitHit);
        }
        let fits = mul_div_wide(room, Wad::one().raw, self.rate, Rounding::Floor)?;
        let mut dart = urn.art.min(div_wide(fits, self.chop.raw, Rounding::Floor)?);
        let left = sub(urn.art, dart)?;
        if !left.is_zero() {
            if mul(left, self.rate)? < self.dust {
                dart = urn.art;
            } else if mul(dart, self.rate)? < self.dust {
                return Err(Revert::Dusty);
            }
        }
        let dink = mul_div_wide(urn.ink, dart, urn.art, Rounding::Floor)?;
        if dink.is_zero() {
            return Err(Revert::NullAuction);
        }
        if dart.max(dink) > U256::ONE << 255 {
            return Err(Revert::TooLarge);
        }
        let due = mul(dart, self.rate)?;
        let tab = self.chop.of(due, Rounding::Floor)?;
        Ok(Seized { dink, dart, due, tab })
    }
}

/// Checked operations of 256 bits, as the contracts' own.
pub(super) fn mul(a: U256, b: U256) -> Result<U256, Revert> {
    a.checked_mul(b).ok_or(Revert::Arithmetic)
}

pub(super) fn sub(a: U256, b: U256) -> Result<U256, Revert> {
    a.checked_sub(b).ok_or(Revert::Arithmetic)
}

pub(super) fn add(a: U256, b: U256) -> Result<U256, Revert> {
    a.checked_add(b).ok_or(Revert::Arithmetic)
}
