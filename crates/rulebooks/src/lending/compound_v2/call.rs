//! The liquidation of a borrow: accrual, the comptroller's checks, repayment, and the seizure.

use super::accrual::accrue;
use super::health::{Liquidity, borrow_balance, exchange_rate, liquidity};
use super::market::repay;
use super::{Call, Market, Position, Revert, Rule};
use breakwater_money::{Rounding, U256, Wad};

/// What an accepted call does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The account before the call, its two named markets accrued. A deprecated market is
    /// liquidated whatever it is, so that it may be missing there: another market may have no
    /// price.
    pub liquidity: Option<Liquidity>,
    /// Base units that the account owed in the borrowed market, accrued.
    pub owed_before: U256,
    /// Base units of the borrowed asset that the caller pays.
    pub repaid: U256,
    /// Shares that leave the account; may be zero.
    pub seized: U256,
    /// Shares of these that the caller receives.
    pub to_liquidator: U256,
    /// Shares of these that are burnt for the protocol.
    pub to_protocol: U256,
    /// Base units of the collateral asset that the burnt shares add to the market's reserves.
    pub reserves_added: U256,
    /// Every market after the call, in the order given. Those not named are unchanged, blocks
    /// included.
    pub markets_after: Vec<Market>,
    /// The account's positions after the call, in the order given.
    pub positions_after: Vec<Position>,
}

/// The markets at the call: the two that it names accrued, the others as they stored themselves.
///
/// # Errors
/// [`Revert::NotListed`] for a place without a market, otherwise as [`accrue`], the borrowed
/// market first.
pub fn accrued(markets: &[Market], call: &Call) -> Result<Vec<Market>, Revert> {
    let mut markets = markets.to_vec();
    for place in [call.borrowed, call.collateral] {
        let market = markets.get_mut(place).ok_or(Revert::NotListed)?;
        *market = accrue(market)?;
    }
    Ok(markets)
}

/// Executes one call against one account, or says why the venue refuses it. `positions` follows
/// the order of `markets`; both are left untouched, what they become stands in the outcome.
///
/// # Errors
/// The first reason in the venue's own order: accrual; listing; in a deprecated market more than
/// owed, in any other health and the close factor; self, zero, the largest integer; then, with
/// the repayment booked, prices, shares, pause. [`Revert::Arithmetic`] wherever it happens.
pub fn liquidate_borrow(
    rule: &Rule,
    markets: &[Market],
    positions: &[Position],
    call: &Call,
) -> Result<Outcome, Revert> {
    let mut markets = accrued(markets, call)?;
    let mut positions = positions.to_vec();
    let (liquidity, owed_before) = allowed(rule, &markets, &positions, call)?;
    if call.self_liquidation {
        return Err(Revert::SelfLiquidation);
    }
    if call.repay.is_zero() {
        return Err(Revert::Zero);
    }
    if call.repay == U256::MAX {
        return Err(Revert::Unbounded);
    }
    let named = (markets.get_mut(call.borrowed), positions.get_mut(call.borrowed));
    let (Some(market), Some(position)) = named else { return Err(Revert::Arithmetic) };
    (*market, *position) = repay(market, position, call.repay)?;

    let named = |place: usize| markets.get(place).ok_or(Revert::NotListed);
    let ratio = seize_ratio(rule, named(call.borrowed)?, named(call.collateral)?)?;
    let seized = ratio.of(call.repay, Rounding::Floor)?;
    let held = positions.get_mut(call.collateral).ok_or(Revert::SeizeTooMuch)?;
    let shares = held.shares.checked_sub(seized).ok_or(Revert::SeizeTooMuch)?;
    if rule.seize_paused {
        return Err(Revert::SeizePaused);
    }
    held.shares = shares;
    let market = markets.get_mut(call.collateral).ok_or(Revert::NotListed)?;
    let (to_protocol, reserves_added) = burn(rule, market, seized)?;
    Ok(Outcome {
        liquidity,
        owed_before,
        repaid: call.repay,
        seized,
        to_liquidator: seized.checked_sub(to_protocol).ok_or(Revert::Arithmetic)?,
        to_protocol,
        reserves_added,
        markets_after: markets,
        positions_after: positions,
    })
}

/// The comptroller's checks on accrued markets, in its order. Returns the account's sums and
/// what it owes in the borrowed market.
pub(super) fn allowed(
    rule: &Rule,
    markets: &[Market],
    positions: &[Position],
    call: &Call,
) -> Result<(Option<Liquidity>, U256), Revert> {
    let borrowed = markets.get(call.borrowed).ok_or(Revert::NotListed)?;
    let collateral = markets.get(call.collateral).ok_or(Revert::NotListed)?;
    if !(borrowed.listed && collateral.listed) {
        return Err(Revert::NotListed);
    }
    let position = positions.get(call.borrowed).copied().unwrap_or_default();
    let owed = borrow_balance(borrowed, &position)?;
    let liquidity = liquidity(markets, positions);
    if borrowed.is_deprecated() {
        if call.repay > owed {
            return Err(Revert::MoreThanOwed);
        }
        return Ok((liquidity.ok(), owed));
    }
    let liquidity = liquidity?;
    if !liquidity.is_liquidatable() {
        return Err(Revert::Healthy);
    }
    if call.repay > rule.close_factor.of(owed, Rounding::Floor)? {
        return Err(Revert::TooMuch);
    }
    Ok((Some(liquidity), owed))
}

/// Shares of the collateral market that one base unit of the borrowed asset buys (1e18), the
/// incentive included. The exchange rate is the accrued one: a repayment into the same market
/// turns borrows into cash and leaves it as it is.
pub(super) fn seize_ratio(
    rule: &Rule,
    borrowed: &Market,
    collateral: &Market,
) -> Result<Wad, Revert> {
    if borrowed.price.is_zero() || collateral.price.is_zero() {
        return Err(Revert::NoSeizePrice);
    }
    let paid = rule.incentive.of(borrowed.price, Rounding::Floor)?;
    let share = Wad::from_raw(collateral.price).of(exchange_rate(collateral)?, Rounding::Floor)?;
    Ok(Wad::ratio(paid, share, Rounding::Floor)?)
}

/// Burns the protocol's part of the seized shares into the reserves at the rate before the burn;
/// returns the shares burnt and the base units added. The cash stays where it is.
fn burn(rule: &Rule, market: &mut Market, seized: U256) -> Result<(U256, U256), Revert> {
    let burnt = rule.protocol_share.of(seized, Rounding::Floor)?;
    let added = Wad::from_raw(exchange_rate(market)?).of(burnt, Rounding::Floor)?;
    market.total_reserves = market.total_reserves.checked_add(added).ok_or(Revert::Arithmetic)?;
    market.total_supply = market.total_supply.checked_sub(burnt).ok_or(Revert::Arithmetic)?;
    Ok((burnt, added))
}
