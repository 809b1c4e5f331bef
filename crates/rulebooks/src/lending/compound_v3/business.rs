//! Supplying and withdrawing, of which repaying and borrowing are the same with another sign.
//!
//! Source: `Comet.sol` (`supplyBase`, `supplyCollateral`, `withdrawBase`, `withdrawCollateral`,
//! `repayAndSupplyAmount`, `withdrawAndBorrowAmount`), d5a30b0a. The calls here move the
//! base asset or one collateral of one account; tokens are the caller's matter.

use super::accrual::{present_value, principal_value, total};
use super::health::is_borrow_collateralized;
use super::{Account, Base, Collateral, Revert, Totals};
use breakwater_money::U256;
use breakwater_money::rounding::narrow_i128;

/// Bits of a balance of collateral.
const BALANCE_BITS: usize = 128;

/// An account's principal and the market's totals after the base asset has moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    /// Principal after.
    pub principal: i128,
    /// Totals after.
    pub totals: Totals,
}

/// `amount` base units come in: a debt is repaid first, the rest is supplied.
///
/// # Errors
/// A number leaves its width.
pub fn supply_base(base: &Base, principal: i128, amount: U256) -> Result<Moved, Revert> {
    let before = present_value(principal, base.indices)?;
    let after = before.checked_add(narrow_i128(amount)?).ok_or(Revert::Arithmetic)?;
    moved(base, principal, principal_value(after, base.indices)?, Way::In)
}

/// `amount` base units go out: a supplied balance shrinks first, the rest is borrowed. A debt that
/// stays must reach `least_debt` base units and be covered at the borrow factors.
///
/// # Errors
/// [`Revert::BorrowTooSmall`], [`Revert::NotCollateralized`], [`Revert::BadPrice`], or a number
/// leaves its width.
pub fn withdraw_base(
    base: &Base,
    collaterals: &[Collateral],
    account: &Account,
    amount: U256,
    least_debt: U256,
) -> Result<Moved, Revert> {
    let (moved, after) = take_out(base, account.principal, amount)?;
    if after < 0 {
        if U256::from(after.unsigned_abs()) < least_debt {
            return Err(Revert::BorrowTooSmall);
        }
        let account = Account { principal: moved.principal, ..account.clone() };
        if !is_borrow_collateralized(base, collaterals, &account)? {
            return Err(Revert::NotCollateralized);
        }
    }
    Ok(moved)
}

/// The first half of a withdrawal, before anything is checked: what moves, and the signed base units
/// that the account has after.
pub(super) fn take_out(
    base: &Base,
    principal: i128,
    amount: U256,
) -> Result<(Moved, i128), Revert> {
    let before = present_value(principal, base.indices)?;
    let after = before.checked_sub(narrow_i128(amount)?).ok_or(Revert::Arithmetic)?;
    let new = principal_value(after, base.indices)?;
    Ok((moved(base, principal, new, Way::Out)?, after))
}

/// Which way a call means to move a principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    In,
    Out,
}

/// The totals that follow one principal from `old` to `new`. A call for nothing at all can move a
/// principal against its way by rounding; the venue's totals do not follow it there.
fn moved(base: &Base, old: i128, new: i128, way: Way) -> Result<Moved, Revert> {
    let against = match way {
        Way::In => new < old,
        Way::Out => new > old,
    };
    if against {
        return Ok(Moved { principal: new, totals: base.totals });
    }
    let supplied = |principal: i128| U256::from(principal.max(0).unsigned_abs());
    let owed = |principal: i128| U256::from(principal.min(0).unsigned_abs());
    let follow = |sum: U256, old: U256, new: U256| {
        if new >= old {
            total(new.checked_sub(old).and_then(|more| sum.checked_add(more)))
        } else {
            total(old.checked_sub(new).and_then(|less| sum.checked_sub(less)))
        }
    };
    Ok(Moved {
        principal: new,
        totals: Totals {
            supply: follow(base.totals.supply, supplied(old), supplied(new))?,
            borrow: follow(base.totals.borrow, owed(old), owed(new))?,
        },
    })
}

/// `amount` units of collateral come in; returns all accounts' units after.
///
/// # Errors
/// [`Revert::SupplyCapExceeded`] above the cap (reaching it is allowed),
/// [`Revert::InvalidUInt128`] when the amount does not fit, [`Revert::Arithmetic`] when the sum
/// does not.
pub fn supply_collateral(collateral: &Collateral, amount: U256) -> Result<U256, Revert> {
    if amount.bit_len() > BALANCE_BITS {
        return Err(Revert::InvalidUInt128);
    }
    let sum = collateral.total_supply.checked_add(amount);
    let sum = sum.filter(|sum| sum.bit_len() <= BALANCE_BITS).ok_or(Revert::Arithmetic)?;
    if sum > collateral.supply_cap { Err(Revert::SupplyCapExceeded) } else { Ok(sum) }
}

/// `amount` units of the collateral at `place` go out; returns the account's and all accounts'
/// units after. The indices of `base` are those last stored: this call accrues nothing.
///
/// # Errors
/// [`Revert::BadAsset`], [`Revert::Arithmetic`] when the account has less,
/// [`Revert::NotCollateralized`] when the rest does not cover the debt at the borrow factors,
/// [`Revert::BadPrice`].
pub fn withdraw_collateral(
    base: &Base,
    collaterals: &[Collateral],
    account: &Account,
    place: usize,
    amount: U256,
) -> Result<(U256, U256), Revert> {
    let collateral = collaterals.get(place).ok_or(Revert::BadAsset)?;
    let mut after = account.clone();
    let balance = after.balances.get_mut(place).ok_or(Revert::Arithmetic)?;
    *balance = balance.checked_sub(amount).ok_or(Revert::Arithmetic)?;
    let left = *balance;
    let sum = collateral.total_supply.checked_sub(amount).ok_or(Revert::Arithmetic)?;
    if !is_borrow_collateralized(base, collaterals, &after)? {
        return Err(Revert::NotCollateralized);
    }
    Ok((left, sum))
}
