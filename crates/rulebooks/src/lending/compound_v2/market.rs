//! Ordinary business of one market: supplying, redeeming, borrowing, repaying (`CToken`). The
//! market is accrued by the caller first, as the contract does; whether the account may is the
//! comptroller's question, asked apart.

use super::health::{borrow_balance, exchange_rate};
use super::{Market, Position, Revert};
use breakwater_money::{Rounding, U256, Wad};

/// What is to be redeemed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// As many shares.
    Shares(U256),
    /// As many base units of the asset.
    Units(U256),
}

/// What a redemption moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Redeemed {
    /// Shares burnt.
    pub shares: U256,
    /// Base units paid out.
    pub units: U256,
}

/// The market after `amount` base units are supplied, and the shares that buys, rounded down. An
/// amount that buys none is taken all the same.
///
/// # Errors
/// [`Revert::Arithmetic`], also for an exchange rate of zero.
pub fn supply(market: &Market, amount: U256) -> Result<(Market, U256), Revert> {
    let shares = Wad::from_raw(exchange_rate(market)?).divide(amount, Rounding::Floor)?;
    let add = |stored: U256, more: U256| stored.checked_add(more).ok_or(Revert::Arithmetic);
    let after = Market {
        cash: add(market.cash, amount)?,
        total_supply: add(market.total_supply, shares)?,
        ..*market
    };
    Ok((after, shares))
}

/// Base units that `shares` are worth, rounded down.
///
/// # Errors
/// [`Revert::Arithmetic`].
pub(super) fn worth(market: &Market, shares: U256) -> Result<U256, Revert> {
    Ok(Wad::from_raw(exchange_rate(market)?).of(shares, Rounding::Floor)?)
}

/// The shares that a redemption burns and the base units that it pays. Units are turned into
/// shares rounded down, in the redeemer's favour.
///
/// # Errors
/// [`Revert::Arithmetic`].
pub(super) fn part(market: &Market, part: Part) -> Result<Redeemed, Revert> {
    match part {
        Part::Shares(shares) => Ok(Redeemed { shares, units: worth(market, shares)? }),
        Part::Units(units) => {
            let shares = Wad::from_raw(exchange_rate(market)?).divide(units, Rounding::Floor)?;
            Ok(Redeemed { shares, units })
        }
    }
}

/// The market after a redemption, and what that moves.
///
/// # Errors
/// [`Revert::NoCash`]; [`Revert::ZeroShares`] where base units would be paid for no share;
/// [`Revert::Arithmetic`].
pub fn redeem(market: &Market, asked: Part) -> Result<(Market, Redeemed), Revert> {
    let redeemed = part(market, asked)?;
    let cash = market.cash.checked_sub(redeemed.units).ok_or(Revert::NoCash)?;
    let total_supply =
        market.total_supply.checked_sub(redeemed.shares).ok_or(Revert::Arithmetic)?;
    if redeemed.shares.is_zero() && !redeemed.units.is_zero() {
        return Err(Revert::ZeroShares);
    }
    Ok((Market { cash, total_supply, ..*market }, redeemed))
}

/// The market and the position after `amount` base units are borrowed out of the market's cash.
/// What was owed is written up to the market's index on the way.
///
/// # Errors
/// [`Revert::NoCash`] or [`Revert::Arithmetic`].
pub fn borrow(
    market: &Market,
    position: &Position,
    amount: U256,
) -> Result<(Market, Position), Revert> {
    let cash = market.cash.checked_sub(amount).ok_or(Revert::NoCash)?;
    let (market, position) = owe(market, position, amount)?;
    Ok((Market { cash, ..market }, position))
}

/// The same where the base units left elsewhere: only the claim is booked.
///
/// # Errors
/// [`Revert::Arithmetic`].
pub(super) fn owe(
    market: &Market,
    position: &Position,
    amount: U256,
) -> Result<(Market, Position), Revert> {
    let owed = borrow_balance(market, position)?;
    let add = |stored: U256, more: U256| stored.checked_add(more).ok_or(Revert::Arithmetic);
    let total_borrows = add(market.total_borrows, amount)?;
    let position = Position {
        principal: add(owed, amount)?,
        interest_index: market.borrow_index,
        ..*position
    };
    Ok((Market { total_borrows, ..*market }, position))
}

/// The market and the position after `amount` base units are repaid into the market's cash. The
/// market's borrows are a sum of rounded interest and may be below what its last borrower owes;
/// then the contract's subtraction fails.
///
/// # Errors
/// [`Revert::Arithmetic`], also for more than is owed.
pub fn repay(
    market: &Market,
    position: &Position,
    amount: U256,
) -> Result<(Market, Position), Revert> {
    let owed = borrow_balance(market, position)?;
    let less = |stored: U256, amount: U256| stored.checked_sub(amount).ok_or(Revert::Arithmetic);
    let after = Market {
        cash: market.cash.checked_add(amount).ok_or(Revert::Arithmetic)?,
        total_borrows: less(market.total_borrows, amount)?,
        ..*market
    };
    let principal = less(owed, amount)?;
    Ok((after, Position { principal, interest_index: market.borrow_index, ..*position }))
}
