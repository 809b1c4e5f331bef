//! Growth of a market's borrows, reserves and index over blocks.

use super::{Market, Revert};
use breakwater_money::{Rounding, U256, Wad};

/// The highest rate a block that a market accepts, 0.0005 % (wad); the contract's
/// `borrowRateMaxMantissa` (`CTokenStorage`).
pub const BORROW_RATE_MOST: U256 = U256::from_limbs([5_000_000_000_000, 0, 0, 0]);

/// The rate a block (wad) that the market's stored state calls for.
///
/// Usage is borrows over cash and borrows less reserves, and may exceed one; without borrows it
/// is zero, whatever the rest (`BaseJumpRateModelV2`).
///
/// # Errors
/// [`Revert::Arithmetic`] when reserves exceed cash and borrows, or reach them exactly while
/// something is borrowed, or a value leaves 256 bits.
pub fn borrow_rate(market: &Market) -> Result<U256, Revert> {
    let usage = if market.total_borrows.is_zero() {
        U256::ZERO
    } else {
        Wad::ratio(market.total_borrows, market.lenders()?, Rounding::Floor)?.raw
    };
    Ok(market.rates.rate(usage)?)
}

/// The market after the blocks that have passed: simple interest on its borrows, a share of it
/// to its reserves, and the index by the same factor. Cash and shares stay. Without a block
/// nothing is read and nothing moves (`CToken.accrueInterest`).
///
/// # Errors
/// [`Revert::RateTooHigh`] above [`BORROW_RATE_MOST`]; [`Revert::Arithmetic`].
pub fn accrue(market: &Market) -> Result<Market, Revert> {
    if market.blocks.is_zero() {
        return Ok(*market);
    }
    let rate = borrow_rate(market)?;
    if rate > BORROW_RATE_MOST {
        return Err(Revert::RateTooHigh);
    }
    let factor = Wad::from_raw(rate.checked_mul(market.blocks).ok_or(Revert::Arithmetic)?);
    let interest = factor.of(market.total_borrows, Rounding::Floor)?;
    let kept = market.reserve_factor.of(interest, Rounding::Floor)?;
    let grown = factor.of(market.borrow_index.raw, Rounding::Floor)?;
    let add = |stored: U256, more: U256| stored.checked_add(more).ok_or(Revert::Arithmetic);
    Ok(Market {
        total_borrows: add(market.total_borrows, interest)?,
        total_reserves: add(market.total_reserves, kept)?,
        borrow_index: Wad::from_raw(add(market.borrow_index.raw, grown)?),
        blocks: U256::ZERO,
        ..*market
    })
}

impl Market {
    /// Base units that belong to the lenders: cash and borrows less reserves.
    pub(super) fn lenders(&self) -> Result<U256, Revert> {
        self.cash
            .checked_add(self.total_borrows)
            .and_then(|whole| whole.checked_sub(self.total_reserves))
            .ok_or(Revert::Arithmetic)
    }
}
