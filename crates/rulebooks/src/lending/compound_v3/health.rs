//! Whether collateral covers a debt, asset by asset and no further than needed.
//!
//! Source: `Comet.sol` (`isLiquidatable`, `isBorrowCollateralized`), d5a30b0a.

use super::{Account, Base, Collateral, Revert, present_value, signed};
use breakwater_money::{Rounding, U256, Wad};

/// How a sum weighs collateral.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Factor {
    Borrow,
    Liquidate,
}

impl Factor {
    /// The factor of `collateral`, for an account with a factor of its own or without.
    fn of(self, collateral: &Collateral, own: Option<Wad>) -> Wad {
        match self {
            Factor::Borrow => own.map_or(collateral.borrow_factor, |own| {
                // Nobody may borrow up to where the account could be absorbed at once.
                own.min(collateral.borrow_factor)
            }),
            Factor::Liquidate => own.unwrap_or(collateral.liquidate_factor),
        }
    }
}

/// What `balance` units count for before the account is liquidatable (1e8): their value rounded
/// down, weighted and rounded down again.
///
/// # Errors
/// [`Revert::BadPrice`] without a price, otherwise a number that leaves its width.
pub fn weighted(
    collateral: &Collateral,
    balance: U256,
    own_factor: Option<Wad>,
) -> Result<U256, Revert> {
    weigh(Factor::Liquidate, collateral, balance, own_factor)
}

fn weigh(
    factor: Factor,
    collateral: &Collateral,
    balance: U256,
    own_factor: Option<Wad>,
) -> Result<U256, Revert> {
    let value = collateral.value(balance)?;
    signed(factor.of(collateral, own_factor).of(value, Rounding::Floor)?)
}

/// What `principal` owes, in value (1e8) rounded down, of units rounded down; zero for a supply.
///
/// # Errors
/// [`Revert::BadPrice`] if something is owed and there is no price, otherwise a number that leaves
/// its width.
pub fn debt_value(base: &Base, principal: i128) -> Result<U256, Revert> {
    if principal >= 0 {
        return Ok(U256::ZERO);
    }
    let debt = U256::from(present_value(principal, base.indices)?.unsigned_abs());
    signed(base.value(debt)?)
}

/// Whether the account may be absorbed: its debt is worth more than its collateral weighted by
/// the liquidate factors. Exact equality is healthy.
///
/// # Errors
/// [`Revert::BadPrice`] when a price that has to be read is missing: the base asset's once
/// something is owed, a collateral's once the assets listed before it do not suffice.
pub fn is_liquidatable(
    base: &Base,
    collaterals: &[Collateral],
    account: &Account,
) -> Result<bool, Revert> {
    Ok(missing(base, collaterals, account, Factor::Liquidate)?.is_some())
}

/// Whether the account's collateral, weighted by the borrow factors, covers its debt, as new
/// business requires. Exact equality does.
///
/// # Errors
/// As [`is_liquidatable`].
pub fn is_borrow_collateralized(
    base: &Base,
    collaterals: &[Collateral],
    account: &Account,
) -> Result<bool, Revert> {
    Ok(missing(base, collaterals, account, Factor::Borrow)?.is_none())
}

/// What the account holds: place in the list, asset and units, in the list's order.
pub(super) fn held<'a>(
    collaterals: &'a [Collateral],
    account: &'a Account,
) -> impl Iterator<Item = (usize, Collateral, U256)> + 'a {
    let both = collaterals.iter().zip(&account.balances).enumerate();
    both.filter(|(_, (_, balance))| !balance.is_zero())
        .map(|(place, (collateral, balance))| (place, *collateral, *balance))
}

/// The debt's value less what each asset adds, until nothing is missing. The debt counts for no
/// more than its worth rounded down, and so does every asset, twice: its value and its weight.
fn missing(
    base: &Base,
    collaterals: &[Collateral],
    account: &Account,
    factor: Factor,
) -> Result<Option<U256>, Revert> {
    if account.principal >= 0 {
        return Ok(None);
    }
    let mut missing = debt_value(base, account.principal)?;
    for (_, collateral, balance) in held(collaterals, account) {
        // The venue asks before each price, and does not need the next one once it is covered.
        if missing.is_zero() {
            return Ok(None);
        }
        match missing.checked_sub(weigh(factor, &collateral, balance, account.own_factor)?) {
            Some(left) => missing = left,
            None => return Ok(None),
        }
    }
    Ok(Some(missing).filter(|missing| !missing.is_zero()))
}
