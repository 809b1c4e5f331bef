//! The liquidation call: validation, sizing, and the balances and flags it leaves.

use super::health::{Totals, owed, totals};
use super::sizing::{CloseFactor, Pair, Sizing};
use super::{Call, Emode, Reserve, Revert, Rule, UserReserve, Version};
use breakwater_money::share::{to_shares, to_underlying};
use breakwater_money::{Rounding, U256};

/// Debt written off as a loss of one reserve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deficit {
    /// The reserve that bears it.
    pub reserve: usize,
    /// Units of the reserve's asset, never zero.
    pub amount: U256,
}

/// What an accepted call does. Amounts are in units of their asset unless said to be scaled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The account before the call.
    pub totals: Totals,
    /// Whether the close factor lowered the most that could be repaid.
    pub close_factor: CloseFactor,
    /// Debt the caller pays.
    pub debt_repaid: U256,
    /// Collateral the caller receives, as underlying or as supplied balance.
    pub collateral_to_liquidator: U256,
    /// Collateral the treasury receives, as supplied balance.
    pub protocol_fee: U256,
    /// Scaled debt of the named reserve that disappears, written-off debt included.
    pub scaled_debt_burnt: U256,
    /// Scaled collateral that leaves the account for the caller: burnt against underlying, or
    /// moved to the caller when the call asks for the supplied balance.
    pub scaled_collateral_moved: U256,
    /// Scaled collateral that moves to the treasury.
    pub treasury_scaled_received: U256,
    /// Scaled collateral that moves to the caller; zero when underlying is paid out.
    pub liquidator_scaled_received: U256,
    /// Whether the account keeps no collateral of value, so that its debts are written off.
    pub no_collateral_left: bool,
    /// Debts written off: that of the named reserve first, the others in the reserves' order.
    pub deficits: Vec<Deficit>,
    /// The account's holdings after the call, in the order given.
    pub users_after: Vec<UserReserve>,
}

/// Executes one call against one account, or says why the venue refuses it.
///
/// The reserves' indices must be accrued to the call. `users` follows the order of `reserves`;
/// both are left untouched, the holdings after the call stand in the outcome.
///
/// # Errors
/// The first reason in the venue's own order: arithmetic of the totals, self, inactive, paused,
/// grace, healthy, collateral, debt, and after the sizing dust, a burn of nothing, arithmetic.
pub fn liquidation_call(
    rule: &Rule,
    reserves: &[Reserve],
    users: &[UserReserve],
    emode: Option<&Emode>,
    call: &Call,
) -> Result<Outcome, Revert> {
    let totals = totals(reserves, users, emode)?;
    let pair = validate(&totals, reserves, users, emode, call)?;
    let sizing = pair.size(rule, &totals, call.debt_to_cover)?;
    if !pair.leaves_no_dust(rule, &sizing)? {
        return Err(Revert::Dust);
    }
    settle(rule, &totals, &pair, &sizing, reserves, users, call)
}

/// The venue's checks before any amount is computed, in its order.
pub(super) fn validate<'a>(
    totals: &Totals,
    reserves: &'a [Reserve],
    users: &[UserReserve],
    emode: Option<&Emode>,
    call: &Call,
) -> Result<Pair<'a>, Revert> {
    if call.self_liquidation {
        return Err(Revert::SelfLiquidation);
    }
    // An unlisted reserve has an empty configuration on the venue, and so is not active.
    let collateral = reserves.get(call.collateral).ok_or(Revert::ReserveInactive)?;
    let debt = reserves.get(call.debt).ok_or(Revert::ReserveInactive)?;
    if !(collateral.active && debt.active) {
        return Err(Revert::ReserveInactive);
    }
    if collateral.paused || debt.paused {
        return Err(Revert::ReservePaused);
    }
    if collateral.in_grace(call.now) || debt.in_grace(call.now) {
        return Err(Revert::GracePeriod);
    }
    if !totals.is_liquidatable() {
        return Err(Revert::Healthy);
    }
    let holds = users.get(call.collateral).copied().unwrap_or_default();
    let owes = users.get(call.debt).copied().unwrap_or_default();
    if !holds.use_as_collateral {
        return Err(Revert::NotCollateral);
    }
    let pair = Pair::new((collateral, debt), (&holds, &owes), emode, call)?;
    if pair.owed.is_zero() {
        return Err(Revert::NotBorrowed);
    }
    Ok(pair)
}

/// Moves the sized amounts on a copy of the account, in the order of the contract: collateral
/// flag, debt, collateral to the caller, fee, other bad debt.
fn settle(
    rule: &Rule,
    totals: &Totals,
    pair: &Pair<'_>,
    sizing: &Sizing,
    reserves: &[Reserve],
    users: &[UserReserve],
    call: &Call,
) -> Result<Outcome, Revert> {
    let mut after = users.to_vec();
    let mut deficits = Vec::new();

    let holds = after.get_mut(call.collateral).ok_or(Revert::NotCollateral)?;
    let left = none_left(rule.version, totals, pair, sizing, holds.scaled_collateral)?;
    if left.flag_cleared {
        holds.use_as_collateral = false;
    }

    let owes = after.get_mut(call.debt).ok_or(Revert::NotBorrowed)?;
    let burnt = if left.no_collateral { pair.owed } else { sizing.debt };
    let scaled_debt_burnt = burn_debt(pair.debt, owes, burnt)?;
    let unpaid = pair.owed.checked_sub(sizing.debt).ok_or(Revert::Arithmetic)?;
    if left.no_collateral && !unpaid.is_zero() {
        deficits.push(deficit(call.debt, unpaid)?);
    }

    let holds = after.get_mut(call.collateral).ok_or(Revert::NotCollateral)?;
    let scaled_out = take_collateral(pair, sizing, holds, call)?;
    let (treasury_scaled, protocol_fee) = take_fee(pair.collateral, sizing.fee, holds)?;
    if left.no_collateral {
        write_off(reserves, &mut after, &mut deficits)?;
    }

    Ok(Outcome {
        totals: *totals,
        close_factor: sizing.close_factor,
        debt_repaid: sizing.debt,
        collateral_to_liquidator: sizing.out,
        protocol_fee,
        scaled_debt_burnt,
        scaled_collateral_moved: scaled_out,
        treasury_scaled_received: treasury_scaled,
        liquidator_scaled_received: if call.receive_atoken { scaled_out } else { U256::ZERO },
        no_collateral_left: left.no_collateral,
        deficits,
        users_after: after,
    })
}

/// What a call leaves of the collateral.
struct Left {
    /// The named reserve's supplied balance stops to count as collateral.
    flag_cleared: bool,
    /// Nothing of value is left over all reserves.
    no_collateral: bool,
}

/// Whether collateral remains. Values are compared in the base currency, where a few base units
/// may be worth nothing.
///
/// From v3.7 what the two token moves consume is judged: each rounds its scaled units up, so that
/// together they may use up a balance that the plain amounts do not. Up to v3.6 the plain amounts
/// are, so that a balance used up by those roundings alone keeps its collateral flag; there a flag
/// also stays on a remainder that is worth nothing.
fn none_left(
    version: Version,
    totals: &Totals,
    pair: &Pair<'_>,
    sizing: &Sizing,
    scaled_balance: U256,
) -> Result<Left, Revert> {
    let taken = sizing.out.checked_add(sizing.fee).ok_or(Revert::Arithmetic)?;
    match version {
        Version::V3_5 | Version::V3_6 => Ok(Left {
            flag_cleared: taken == pair.balance,
            no_collateral: pair.collateral.supplied_value(taken)? == totals.collateral_base,
        }),
        Version::V3_7 => {
            let index = pair.collateral.liquidity_index.raw;
            let out = to_shares(sizing.out, index, Rounding::Ceil)?;
            let fee = to_shares(sizing.fee, index, Rounding::Ceil)?;
            let consumed = out.checked_add(fee).ok_or(Revert::Arithmetic)?.min(scaled_balance);
            let amount = to_underlying(consumed, index, Rounding::Floor)?;
            let value = pair.collateral.supplied_value(amount)?;
            let no_collateral = value == totals.collateral_base;
            let flag_cleared = consumed == scaled_balance || no_collateral;
            Ok(Left { flag_cleared, no_collateral })
        }
    }
}

/// Burns `amount` units of debt, scaled down; the borrowing flag goes with the last scaled unit.
fn burn_debt(reserve: &Reserve, owes: &mut UserReserve, amount: U256) -> Result<U256, Revert> {
    let scaled = to_shares(amount, reserve.variable_borrow_index.raw, Rounding::Floor)?;
    if scaled.is_zero() {
        return Err(Revert::ZeroBurn);
    }
    owes.scaled_debt = owes.scaled_debt.checked_sub(scaled).ok_or(Revert::Arithmetic)?;
    if owes.scaled_debt.is_zero() {
        owes.borrowing = false;
    }
    Ok(scaled)
}

/// Takes the caller's collateral from the account, scaled up. Underlying is burnt against the
/// reserve's cash, to which the repayment has already been added when both are one asset.
fn take_collateral(
    pair: &Pair<'_>,
    sizing: &Sizing,
    holds: &mut UserReserve,
    call: &Call,
) -> Result<U256, Revert> {
    let index = pair.collateral.liquidity_index.raw;
    let scaled = to_shares(sizing.out, index, Rounding::Ceil)?;
    if !call.receive_atoken {
        if let Some(available) = pair.collateral.available {
            let repaid = if call.collateral == call.debt { sizing.debt } else { U256::ZERO };
            let cash = available.checked_add(repaid).ok_or(Revert::Arithmetic)?;
            cash.checked_sub(sizing.out).ok_or(Revert::Arithmetic)?;
        }
        if scaled.is_zero() {
            return Err(Revert::ZeroBurn);
        }
    }
    holds.scaled_collateral =
        holds.scaled_collateral.checked_sub(scaled).ok_or(Revert::Arithmetic)?;
    Ok(scaled)
}

/// Moves the fee to the treasury, scaled up but clipped to what the account has left; returns
/// the scaled units and the fee, which a clip lowers to what those units are worth.
fn take_fee(reserve: &Reserve, fee: U256, holds: &mut UserReserve) -> Result<(U256, U256), Revert> {
    let index = reserve.liquidity_index.raw;
    let wanted = to_shares(fee, index, Rounding::Ceil)?;
    let (scaled, fee) = if wanted > holds.scaled_collateral {
        let rest = holds.scaled_collateral;
        (rest, to_underlying(rest, index, Rounding::Floor)?)
    } else {
        (wanted, fee)
    };
    holds.scaled_collateral =
        holds.scaled_collateral.checked_sub(scaled).ok_or(Revert::Arithmetic)?;
    Ok((scaled, fee))
}

/// Burns every other debt of an account without collateral into the deficit of its reserve. A
/// paused reserve takes part; an inactive one is left as it is.
fn write_off(
    reserves: &[Reserve],
    after: &mut [UserReserve],
    deficits: &mut Vec<Deficit>,
) -> Result<(), Revert> {
    for (i, (reserve, user)) in reserves.iter().zip(after).enumerate() {
        if !(user.borrowing && reserve.active) {
            continue;
        }
        let amount = owed(reserve, user)?;
        if amount.is_zero() {
            // A flag that outlived its debt is cleared, and nothing is burnt.
            user.borrowing = false;
        } else {
            burn_debt(reserve, user, amount)?;
            deficits.push(deficit(i, amount)?);
        }
    }
    Ok(())
}

/// A deficit, which the venue stores in 128 bits.
fn deficit(reserve: usize, amount: U256) -> Result<Deficit, Revert> {
    if amount.bit_len() > 128 { Err(Revert::Arithmetic) } else { Ok(Deficit { reserve, amount }) }
}
