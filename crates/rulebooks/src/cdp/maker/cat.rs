//! The Cat: which vault may be liquidated, and how much of it in one auction.
//!
//! Mirrors `Cat.bite` and `Cat.claw` (dss at fa4f6630, "Liquidations 1.2"), and the bite of the Cat
//! before it, which sold lots of a fixed size and knew no limit of debt on auction. Until 2020 that
//! one was live; it is read in dss at 016178e5, and no vector covers it.

use super::english::{Revert, add, mul, sub};
use breakwater_money::rounding::{div_wide, mul_div_wide};
use breakwater_money::{Ray, Rounding, U256, Wad};

/// What a bite takes of a vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sizing {
    /// Up to `dunk` of debt, penalty included, within the limit of all auctions together.
    ByDebt {
        /// Most debt of one auction (`dunk`, rad).
        dunk: U256,
        /// One plus the penalty (`chop`).
        chop: Wad,
    },
    /// Up to `lump` of collateral, whatever is on auction already: the rule of the first Cat.
    ByLot {
        /// Most collateral of one auction (`lump`, wad).
        lump: U256,
        /// One plus the penalty (`chop`). In this scale a debt of about 102,000 with 13 % overflows.
        chop: Ray,
    },
}

/// The liquidation contract's own state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cat {
    /// False once the system is stopped.
    pub live: bool,
    /// Most debt on auction, penalties included (`box`, rad).
    pub litter_most: U256,
    /// Debt on auction (`litter`, rad).
    pub litter: U256,
}

impl Default for Cat {
    fn default() -> Self {
        Cat { live: true, litter_most: U256::ZERO, litter: U256::ZERO }
    }
}

/// What the accounting says of a kind of collateral.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prices {
    /// Debt for each unit of normalised debt (`rate`).
    pub rate: Ray,
    /// Price with the safety margin taken off (`spot`).
    pub spot: Ray,
    /// Least debt of a vault (`dust`, rad).
    pub dust: U256,
}

/// A vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Urn {
    /// Collateral (`ink`, wad).
    pub ink: U256,
    /// Normalised debt (`art`, wad).
    pub art: U256,
}

/// What a bite does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bite {
    /// Collateral taken, which is the lot (wad).
    pub dink: U256,
    /// Normalised debt taken (wad).
    pub dart: U256,
    /// Debt that becomes the system's (rad).
    pub due: U256,
    /// What the auction is to bring (rad).
    pub tab: U256,
    /// What is added to the debt on auction (rad): the tab, or nothing under the first Cat.
    pub litter: U256,
}

/// Most of a vault that one call can move: a signed number holds no more.
const HALF: U256 = U256::from_limbs([0, 0, 0, 1 << 63]);

impl Cat {
    /// What a bite of `urn` would do now. The vault may be left with less debt than the least.
    ///
    /// # Errors
    /// The contract's refusal, the first guard first.
    pub fn bite(&self, prices: &Prices, sizing: Sizing, urn: &Urn) -> Result<Bite, Revert> {
        let Urn { ink, art } = *urn;
        if !self.live {
            return Err(Revert::NotLive);
        }
        let (spot, rate) = (prices.spot.raw, prices.rate.raw);
        if spot.is_zero() || mul(ink, spot)? >= mul(art, rate)? {
            return Err(Revert::NotUnsafe);
        }
        let bite = match sizing {
            Sizing::ByDebt { dunk, chop } => self.by_debt(prices, dunk, chop, urn)?,
            Sizing::ByLot { lump, chop } => by_lot(rate, lump, chop, urn)?,
        };
        // The accounting counts the change of debt in a signed number.
        if bite.due >= HALF {
            return Err(Revert::Arithmetic);
        }
        Ok(bite)
    }

    fn by_debt(&self, prices: &Prices, dunk: U256, chop: Wad, urn: &Urn) -> Result<Bite, Revert> {
        let room = sub(self.litter_most, self.litter)?;
        if room.is_zero() || room < prices.dust {
            return Err(Revert::LimitHit);
        }
        let scaled = mul(dunk.min(room), Wad::one().raw)?;
        let normalised = div_wide(scaled, prices.rate.raw, Rounding::Floor)?;
        let dart = urn.art.min(div_wide(normalised, chop.raw, Rounding::Floor)?);
        let dink = urn.ink.min(mul_div_wide(urn.ink, dart, urn.art, Rounding::Floor)?);
        if dart.is_zero() || dink.is_zero() {
            return Err(Revert::NullAuction);
        }
        if dart > HALF || dink > HALF {
            return Err(Revert::Overflow);
        }
        let due = mul(dart, prices.rate.raw)?;
        let tab = chop.of(due, Rounding::Floor)?;
        add(self.litter, tab)?;
        Ok(Bite { dink, dart, due, tab, litter: tab })
    }

    /// Adds what is on auction.
    ///
    /// # Errors
    /// [`Revert::Arithmetic`].
    pub fn scratch(&mut self, litter: U256) -> Result<(), Revert> {
        self.litter = add(self.litter, litter)?;
        Ok(())
    }

    /// Takes out what is on auction no longer (`claw`).
    ///
    /// # Errors
    /// [`Revert::Arithmetic`].
    pub fn claw(&mut self, litter: U256) -> Result<(), Revert> {
        self.litter = sub(self.litter, litter)?;
        Ok(())
    }
}

/// The first Cat's bite: nothing asks whether anything is sold.
fn by_lot(rate: U256, lump: U256, chop: Ray, urn: &Urn) -> Result<Bite, Revert> {
    let dink = urn.ink.min(lump);
    let dart = urn.art.min(mul_div_wide(dink, urn.art, urn.ink, Rounding::Floor)?);
    if dart > HALF || dink > HALF {
        return Err(Revert::Overflow);
    }
    let due = mul(dart, rate)?;
    let tab = chop.of(due, Rounding::Floor)?;
    Ok(Bite { dink, dart, due, tab, litter: U256::ZERO })
}
