//! What an account owns and owes, and by how much it may owe more or owes too much.

use super::{Market, Position, Revert};
use breakwater_money::{Rounding, U256, Wad};

/// An account's sums over the markets it has entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Liquidity {
    /// Value of its collateral, each market's times its factor (1e18).
    pub collateral: U256,
    /// Value of what it owes (1e18).
    pub owed: U256,
}

impl Liquidity {
    /// What it may still borrow (1e18).
    #[must_use]
    pub fn spare(&self) -> U256 {
        self.collateral.saturating_sub(self.owed)
    }

    /// What it owes too much (1e18).
    #[must_use]
    pub fn shortfall(&self) -> U256 {
        self.owed.saturating_sub(self.collateral)
    }

    /// Whether the account can be liquidated: something is owed too much. Equality is healthy.
    #[must_use]
    pub fn is_liquidatable(&self) -> bool {
        self.owed > self.collateral
    }
}

/// Base units a share (1e18): what belongs to the lenders over the shares in existence; the
/// initial rate while there is none.
///
/// # Errors
/// [`Revert::Arithmetic`] when reserves exceed cash and borrows, or a value leaves 256 bits.
pub fn exchange_rate(market: &Market) -> Result<U256, Revert> {
    if market.total_supply.is_zero() {
        return Ok(market.initial_exchange_rate);
    }
    Ok(Wad::ratio(market.lenders()?, market.total_supply, Rounding::Floor)?.raw)
}

/// Base units that the position owes by the market's index as it stands, rounded down.
///
/// # Errors
/// [`Revert::Arithmetic`] when the position has a principal without an index, or a product
/// leaves 256 bits.
pub fn borrow_balance(market: &Market, position: &Position) -> Result<U256, Revert> {
    use breakwater_money::rounding::mul_div_wide;
    if position.principal.is_zero() {
        return Ok(U256::ZERO);
    }
    let (grown, from) = (market.borrow_index.raw, position.interest_index.raw);
    Ok(mul_div_wide(position.principal, grown, from, Rounding::Floor)?)
}

/// Sums one account over the markets as they stand: whoever wants interest counted accrues them
/// first. Positions and markets are in one order.
///
/// # Errors
/// [`Revert::NoPrice`] for an entered market without a price, even an empty one;
/// [`Revert::Arithmetic`] when a value leaves 256 bits.
pub fn liquidity(markets: &[Market], positions: &[Position]) -> Result<Liquidity, Revert> {
    sum(markets.iter().zip(positions).map(|(market, position)| (*market, *position)))
}

/// The same over positions as they come, each with its market.
///
/// # Errors
/// As [`liquidity`].
pub fn sum(held: impl IntoIterator<Item = (Market, Position)>) -> Result<Liquidity, Revert> {
    let mut all = Liquidity::default();
    for (market, position) in held {
        if !position.entered {
            continue;
        }
        let owed = borrow_balance(&market, &position)?;
        let rate = exchange_rate(&market)?;
        if market.price.is_zero() {
            return Err(Revert::NoPrice);
        }
        let share = market.share_weight(rate)?;
        let collateral = share.of(position.shares, Rounding::Floor)?;
        let owed = Wad::from_raw(market.price).of(owed, Rounding::Floor)?;
        all.collateral = all.collateral.checked_add(collateral).ok_or(Revert::Arithmetic)?;
        all.owed = all.owed.checked_add(owed).ok_or(Revert::Arithmetic)?;
    }
    Ok(all)
}

impl Market {
    /// What one share at `rate` lets its owner owe (1e18 a share, times 1e18): the factor times
    /// the rate, then times the price, each product rounded down.
    pub(super) fn share_weight(&self, rate: U256) -> Result<Wad, Revert> {
        let weighted = self.collateral_factor.of(rate, Rounding::Floor)?;
        Ok(Wad::from_raw(Wad::from_raw(weighted).of(self.price, Rounding::Floor)?))
    }
}
