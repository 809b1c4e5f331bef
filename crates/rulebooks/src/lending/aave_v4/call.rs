//! The liquidation call: validation, sizing, and the shares and flags it leaves.
//!
//! Reserves and holdings are those of the older version's mirror, read in this version's terms: a
//! threshold is the collateral factor, a bonus the largest bonus.

use super::health::{Totals, factor_bps, is_collateral, owed, supplied, totals};
use super::sizing::{Amounts, liquidation_bonus, size, validate};
use super::{Position, Revert, Rule, Side, Terms};
use crate::lending::aave_v3::{Deficit, Reserve, UserReserve};
use breakwater_money::rounding::{Rounding, mul_div_wide, product};
use breakwater_money::share::to_shares;
use breakwater_money::{U256, Wad};

/// A liquidation call as anyone may send it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    /// The reserve whose collateral is taken.
    pub collateral: usize,
    /// The reserve whose debt is repaid. May be the same.
    pub debt: usize,
    /// Units offered; lowered to what the target needs, so [`U256::MAX`] asks for that.
    pub debt_to_cover: U256,
    /// Whether the caller takes supplied shares instead of the asset itself.
    pub receive_shares: bool,
    /// Whether the caller is the borrower.
    pub self_liquidation: bool,
}

/// What an accepted call does. Amounts are in units of their asset unless said to be shares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The account before the call.
    pub totals: Totals,
    /// What is repaid and taken.
    pub amounts: Amounts,
    /// Debt shares of the named reserve that the repayment cancels.
    pub debt_shares: U256,
    /// Supplied shares that leave the account.
    pub collateral_shares: U256,
    /// Of these, what the caller takes: cancelled against the asset, or moved to the caller.
    pub liquidator_shares: U256,
    /// Of these, what the protocol takes: the rest.
    pub fee_shares: U256,
    /// Whether the account keeps debt and no collateral, judged by its shares.
    pub reports_deficit: bool,
    /// Debts written off, in the reserves' order.
    pub deficits: Vec<Deficit>,
    /// The account's holdings after the call, in the order given.
    pub users_after: Vec<UserReserve>,
}

/// Executes one call against one account, or says why the venue refuses it.
///
/// `users` follows the order of `reserves`; both are left untouched, the holdings after the call
/// stand in the outcome.
///
/// # Errors
/// The first reason in the venue's own order: unlisted, arithmetic of the totals, self, nothing
/// offered, paused, not supplied, not owed, healthy, not collateral, and after the sizing dust,
/// arithmetic, and cash that does not suffice.
pub fn liquidation_call(
    rule: &Rule,
    reserves: &[Reserve],
    users: &[UserReserve],
    call: &Call,
) -> Result<Outcome, Revert> {
    let collateral = reserves.get(call.collateral).filter(|r| r.active);
    let debt = reserves.get(call.debt).filter(|r| r.active);
    let (collateral, debt) = collateral.zip(debt).ok_or(Revert::NotListed)?;
    let totals = totals(reserves, users)?;
    if call.self_liquidation {
        return Err(Revert::SelfLiquidation);
    }
    if call.debt_to_cover.is_zero() {
        return Err(Revert::NothingOffered);
    }
    if collateral.paused || debt.paused {
        return Err(Revert::Paused);
    }
    let holds = users.get(call.collateral).copied().unwrap_or_default();
    let owes = users.get(call.debt).copied().unwrap_or_default();
    let position = Position {
        health: totals.health,
        debt_value: totals.debt_value,
        collateral: side(collateral, supplied(collateral, &holds)?),
        debt: side(debt, owed(debt, &owes)?),
        active_collaterals: totals.active_collaterals,
        borrowed: totals.borrowed,
    };
    validate(&position, is_collateral(collateral, &holds))?;
    let amounts = size(
        rule,
        &terms(rule, collateral, &holds, totals.health)?,
        &position,
        call.debt_to_cover,
    )?;
    settle(&totals, &amounts, reserves, users, call)
}

fn side(reserve: &Reserve, balance: U256) -> Side {
    Side { decimals: reserve.decimals, price: reserve.price, balance }
}

/// The terms of a collateral for one account of that health. The venue admits no factor that
/// reaches one with its bonus, so that every target can be reached. An account's own factor, which
/// the venue does not know, may: then the largest that stays below the target stands for it, and
/// all that is owed is too little to reach it.
fn terms(rule: &Rule, reserve: &Reserve, user: &UserReserve, health: Wad) -> Result<Terms, Revert> {
    let terms = Terms {
        collateral_factor_bps: factor_bps(reserve, user),
        max_bonus_bps: reserve.liquidation_bonus_bps,
        fee_bps: reserve.liquidation_protocol_fee_bps,
    };
    let bonus = liquidation_bonus(rule, &terms, health)?;
    let below = rule.target_health.raw.checked_sub(U256::ONE).ok_or(Revert::Arithmetic)?;
    let most =
        mul_div_wide(below, U256::ONE, product(&[bonus, HUNDRED_MILLIONTH])?, Rounding::Floor)?;
    let most = u16::try_from(most).unwrap_or(u16::MAX);
    Ok(Terms { collateral_factor_bps: terms.collateral_factor_bps.min(most), ..terms })
}

/// A basis point of a basis point (wad).
const HUNDRED_MILLIONTH: U256 = U256::from_limbs([10_000_000_000, 0, 0, 0]);

/// Moves the amounts on a copy of the account: collateral to the caller and the protocol, then
/// debt, then bad debt. An emptied collateral keeps its flag, as on the venue.
fn settle(
    totals: &Totals,
    amounts: &Amounts,
    reserves: &[Reserve],
    users: &[UserReserve],
    call: &Call,
) -> Result<Outcome, Revert> {
    let mut after = users.to_vec();
    let collateral = reserves.get(call.collateral).ok_or(Revert::NotListed)?;
    let holds = after.get_mut(call.collateral).ok_or(Revert::NotSupplied)?;
    let (collateral_shares, liquidator_shares) = take(collateral, amounts, call)?;
    let left = holds.scaled_collateral.checked_sub(collateral_shares);
    holds.scaled_collateral = left.ok_or(Revert::Arithmetic)?;
    let emptied = holds.scaled_collateral.is_zero();

    let debt = reserves.get(call.debt).ok_or(Revert::NotListed)?;
    let owes = after.get_mut(call.debt).ok_or(Revert::NotBorrowed)?;
    let debt_shares = to_shares(amounts.debt, debt.variable_borrow_index.raw, Rounding::Floor)?;
    owes.scaled_debt = owes.scaled_debt.checked_sub(debt_shares).ok_or(Revert::Arithmetic)?;
    let repaid = owes.scaled_debt.is_zero();
    owes.borrowing = owes.borrowing && !repaid;

    let reports_deficit =
        emptied && totals.active_collaterals <= 1 && (!repaid || totals.borrowed > 1);
    let deficits = if reports_deficit { write_off(reserves, &mut after)? } else { Vec::new() };
    Ok(Outcome {
        totals: *totals,
        amounts: *amounts,
        debt_shares,
        collateral_shares,
        liquidator_shares,
        fee_shares: collateral_shares.checked_sub(liquidator_shares).ok_or(Revert::Arithmetic)?,
        reports_deficit,
        deficits,
        users_after: after,
    })
}

/// Supplied shares that leave the account, rounded up, and those of the caller: rounded up where
/// they are cancelled against the asset, down where they move. The repayment comes in only after
/// the collateral has gone out, so that it adds nothing to the cash.
fn take(reserve: &Reserve, amounts: &Amounts, call: &Call) -> Result<(U256, U256), Revert> {
    let index = reserve.liquidity_index.raw;
    let all = to_shares(amounts.collateral, index, Rounding::Ceil)?;
    let rounding = if call.receive_shares { Rounding::Floor } else { Rounding::Ceil };
    let out = to_shares(amounts.to_liquidator, index, rounding)?;
    let short = reserve.available.is_some_and(|cash| amounts.to_liquidator > cash);
    if short && !call.receive_shares { Err(Revert::ShortOfCash) } else { Ok((all, out)) }
}

/// Writes every debt of the account off, paused reserves included.
fn write_off(reserves: &[Reserve], after: &mut [UserReserve]) -> Result<Vec<Deficit>, Revert> {
    let mut deficits = Vec::new();
    for (i, (reserve, user)) in reserves.iter().zip(after).enumerate() {
        if user.borrowing {
            let amount = owed(reserve, user)?;
            if !amount.is_zero() {
                deficits.push(Deficit { reserve: i, amount });
            }
            (user.scaled_debt, user.borrowing) = (U256::ZERO, false);
        }
    }
    Ok(deficits)
}
