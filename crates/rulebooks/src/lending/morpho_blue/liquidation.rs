//! The liquidation: input, interest, health, sizing, and the totals and position it leaves.

use super::{
    Call, Health, Market, Now, PRICE_ONE, Position, Revert, Terms, VIRTUAL, accrue, health,
    mul_div_up, stored,
};
use breakwater_money::rounding::{Rounding, mul_div_wide};
use breakwater_money::{U256, Wad};

/// What an accepted call does. Assets are loan base units, unless said to be of the collateral.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// What debt and supply grew by before anything else.
    pub interest: u128,
    /// Supply shares issued for the fee on it.
    pub fee_shares: u128,
    /// The position when the call was judged, after the interest.
    pub health_before: Health,
    /// Collateral value per value repaid (wad).
    pub incentive_factor: Wad,
    /// Collateral base units that the caller receives.
    pub seized_assets: u128,
    /// What the caller pays; may exceed the market's whole debt by one.
    pub repaid_assets: U256,
    /// Debt shares that disappear for it.
    pub repaid_shares: u128,
    /// The loss of the suppliers.
    pub bad_debt_assets: u128,
    /// Debt shares that disappear with it.
    pub bad_debt_shares: u128,
    /// The market after the call.
    pub market_after: Market,
    /// The position after the call.
    pub position_after: Position,
}

/// Executes one call against one position, or says why the venue refuses it
/// (`Morpho.liquidate`). The totals given are the stored ones, before interest.
///
/// # Errors
/// The first reason in the contract's own order: the input, the interest, healthy, the sizing,
/// shares that the position or the market does not have, collateral that it does not have, and a
/// loss that the supply cannot bear.
pub fn liquidate(
    terms: &Terms,
    market: &Market,
    position: &Position,
    now: &Now,
    call: &Call,
) -> Result<Outcome, Revert> {
    if call.seized_assets.is_zero() == call.repaid_shares.is_zero() {
        return Err(Revert::InconsistentInput);
    }
    let accrued = accrue(terms, market, now)?;
    let market = accrued.market;
    let health_before = health(terms, &market, position, now.collateral_price)?;
    if health_before.is_healthy() {
        return Err(Revert::Healthy);
    }
    let incentive_factor = terms.incentive_factor()?;
    let (seized, shares) = size(&market, incentive_factor, now.collateral_price, call)?;
    let mut book = Book { market, position: *position };
    let (repaid_assets, repaid_shares) = book.repay(shares)?;
    let seized_assets = book.seize(seized)?;
    let (bad_debt_assets, bad_debt_shares) = book.write_off()?;
    Ok(Outcome {
        interest: accrued.interest,
        fee_shares: accrued.fee_shares,
        health_before,
        incentive_factor,
        seized_assets,
        repaid_assets,
        repaid_shares,
        bad_debt_assets,
        bad_debt_shares,
        market_after: book.market,
        position_after: book.position,
    })
}

/// Collateral taken and debt shares repaid. The one that the call names stands, and the other is
/// rounded against the caller; nothing is clamped to what there is.
pub(super) fn size(
    market: &Market,
    factor: Wad,
    price: U256,
    call: &Call,
) -> Result<(U256, U256), Revert> {
    let (one, price_one) = (Wad::one().raw, U256::from(PRICE_ONE));
    if call.repaid_shares.is_zero() {
        let quoted = mul_div_up(call.seized_assets, price, price_one)?;
        let worth = mul_div_up(quoted, one, factor.raw)?;
        let shares = VIRTUAL.to_shares(worth, market.borrow(), Rounding::Ceil)?;
        return Ok((call.seized_assets, shares));
    }
    let paid = VIRTUAL.to_assets(call.repaid_shares, market.borrow(), Rounding::Floor)?;
    let worth = factor.of(paid, Rounding::Floor)?;
    let seized = mul_div_wide(worth, price_one, price, Rounding::Floor)?;
    Ok((seized, call.repaid_shares))
}

/// The market and the position while a call changes them.
struct Book {
    market: Market,
    position: Position,
}

impl Book {
    /// Burns `shares` for what they are worth under the totals before, rounded up; the market's
    /// debt ends at zero when that is a unit more than there is.
    fn repay(&mut self, shares: U256) -> Result<(U256, u128), Revert> {
        let assets = VIRTUAL.to_assets(shares, self.market.borrow(), Rounding::Ceil)?;
        let burnt = stored(shares)?;
        self.burn(burnt)?;
        let debt = U256::from(self.market.total_borrow_assets);
        self.market.total_borrow_assets = stored(debt.saturating_sub(assets))?;
        Ok((assets, burnt))
    }

    /// Takes collateral from the position.
    fn seize(&mut self, assets: U256) -> Result<u128, Revert> {
        let taken = stored(assets)?;
        self.position.collateral =
            self.position.collateral.checked_sub(taken).ok_or(Revert::Arithmetic)?;
        Ok(taken)
    }

    /// Writes off what a position without any collateral still owes, at the totals after the
    /// repayment: suppliers bear it, and the market's debt bounds it.
    fn write_off(&mut self) -> Result<(u128, u128), Revert> {
        if self.position.collateral != 0 {
            return Ok((0, 0));
        }
        let shares = self.position.borrow_shares;
        let worth = self.market.owed(shares)?;
        let assets = stored(worth.min(U256::from(self.market.total_borrow_assets)))?;
        // Never negative by the bound above; the supply is only as large as its own history.
        let left = |total: u128| total.checked_sub(assets).ok_or(Revert::Arithmetic);
        self.market.total_borrow_assets = left(self.market.total_borrow_assets)?;
        self.market.total_supply_assets = left(self.market.total_supply_assets)?;
        self.burn(shares)?;
        Ok((assets, shares))
    }

    /// Removes debt shares from the position and from the market's total.
    fn burn(&mut self, shares: u128) -> Result<(), Revert> {
        let left = |held: u128| held.checked_sub(shares).ok_or(Revert::Arithmetic);
        self.position.borrow_shares = left(self.position.borrow_shares)?;
        self.market.total_borrow_shares = left(self.market.total_borrow_shares)?;
        Ok(())
    }
}
