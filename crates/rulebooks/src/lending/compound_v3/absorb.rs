//! Absorbing accounts: all collateral taken, all debt cancelled, one refusal refuses all.
//!
//! Source: `Comet.sol` (`absorb`, `absorbInternal`, `repayAndSupplyAmount`), d5a30b0a.

use super::accrual::{present_supply, present_value, principal_value, total};
use super::health::{held, is_liquidatable};
use super::{Account, Base, Collateral, Revert, Totals, signed};
use breakwater_money::{Rounding, U256};

/// Collateral taken from one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seized {
    /// Place of the asset in the market's list.
    pub place: usize,
    /// Units taken: all that the account held.
    pub amount: U256,
    /// Their worth (1e8), rounded down and not discounted.
    pub value: U256,
}

/// What an absorption does to one account. Amounts are in base units unless said otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absorbed {
    /// The account among those given.
    pub account: usize,
    /// What it owed at present value, rounded down.
    pub debt: U256,
    /// Principal before.
    pub principal_before: i128,
    /// Principal after: zero, or what collateral was left over, as a supply.
    pub principal_after: i128,
    /// What the reserves paid for the account: its debt, and the balance it is left with.
    pub base_paid_out: U256,
    /// The worth of that (1e8), rounded down.
    pub value_of_base_paid_out: U256,
    /// Every asset taken, in the market's order.
    pub seized: Vec<Seized>,
    /// Worth of the principal after.
    pub supplied_balance: U256,
    /// Debt that the credited collateral did not cover: the reserves' loss.
    pub unbacked_debt: U256,
}

/// What one call does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absorption {
    /// The accounts in the order named.
    pub accounts: Vec<Absorbed>,
    /// Principals of all accounts after.
    pub totals: Totals,
    /// Units of each collateral that accounts still hold, in the market's order. What they no
    /// longer do has become the market's own.
    pub total_collateral: Vec<U256>,
}

/// Absorbs the accounts `named` by their places, one after the other, or none of them.
///
/// The indices of `base` must be accrued to the call: they move once, whatever the number of
/// accounts. An account named twice is healthy the second time, and so refuses the call.
///
/// # Errors
/// The first of any account: [`Revert::NotLiquidatable`] (also for a place that is none),
/// [`Revert::BadPrice`], or a number that leaves its width.
pub fn absorb(
    base: &Base,
    collaterals: &[Collateral],
    accounts: &[Account],
    named: &[usize],
) -> Result<Absorption, Revert> {
    let mut books = *base;
    let mut total_collateral: Vec<U256> = collaterals.iter().map(|c| c.total_supply).collect();
    let mut absorbed: Vec<Absorbed> = Vec::with_capacity(named.len());
    for &place in named {
        // An unknown address has no principal on the venue, and a repeated one no debt any more.
        let account = accounts.get(place).ok_or(Revert::NotLiquidatable)?;
        if absorbed.iter().any(|done| done.account == place) {
            return Err(Revert::NotLiquidatable);
        }
        if !is_liquidatable(&books, collaterals, account)? {
            return Err(Revert::NotLiquidatable);
        }
        absorbed.push(settle(&mut books, collaterals, &mut total_collateral, account, place)?);
    }
    Ok(Absorption { accounts: absorbed, totals: books.totals, total_collateral })
}

/// Takes one account over, in the order of the contract.
fn settle(
    books: &mut Base,
    collaterals: &[Collateral],
    total_collateral: &mut [U256],
    account: &Account,
    place: usize,
) -> Result<Absorbed, Revert> {
    let old = present_value(account.principal, books.indices)?;
    let mut seized = Vec::new();
    let mut credited = U256::ZERO;
    for (place, collateral, amount) in held(collaterals, account) {
        let sum = total_collateral.get_mut(place).ok_or(Revert::Arithmetic)?;
        *sum = sum.checked_sub(amount).ok_or(Revert::Arithmetic)?;
        let value = collateral.value(amount)?;
        let credit = collateral.liquidation_factor.of(value, Rounding::Floor)?;
        credited = credited.checked_add(credit).ok_or(Revert::Arithmetic)?;
        seized.push(Seized { place, amount, value });
    }
    let debt = U256::from(old.unsigned_abs());
    let covered = signed(books.units_worth(credited)?)?;
    // What the collateral does not cover is the reserves': the balance never stays negative.
    let surplus = covered.checked_sub(debt).unwrap_or_default();
    let unbacked_debt = debt.checked_sub(covered).unwrap_or_default();

    let surplus_units = i128::try_from(surplus).map_err(|_| Revert::InvalidUInt104)?;
    let principal_after = principal_value(surplus_units, books.indices)?;
    let supplied = U256::from(principal_after.unsigned_abs());
    let repaid = U256::from(account.principal.unsigned_abs());
    books.totals.supply = total(books.totals.supply.checked_add(supplied))?;
    books.totals.borrow = total(books.totals.borrow.checked_sub(repaid))?;

    let base_paid_out = debt.checked_add(surplus).ok_or(Revert::Arithmetic)?;
    Ok(Absorbed {
        account: place,
        debt,
        principal_before: account.principal,
        principal_after,
        base_paid_out,
        value_of_base_paid_out: books.value(base_paid_out)?,
        seized,
        supplied_balance: present_supply(supplied, books.indices)?,
        unbacked_debt,
    })
}
