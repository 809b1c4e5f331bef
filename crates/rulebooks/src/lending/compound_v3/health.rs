//! Whether collateral covers a debt, asset by asset and no further than needed.
//!
//! Source: `Comet.sol` (`isLiquidatable`, `isBorrowCollateralized`), d5a30b0a.

use super::{Account, Base, Collateral, Revert, present_value, signed};
use breakwater_money::{Rounding, U256, Wad};

/// The two factors that a sum can weigh collateral by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Factor {
    Borrow,
    Liquidate,
}

impl Factor {
    fn of(self, collateral: &Collateral) -> Wad {
        match self {
            Factor::Borrow => collateral.borrow_factor,
            Factor::Liquidate => collateral.liquidate_factor,
        }
    }
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
    let held = held(collaterals, account).map(|(_, collateral, balance)| (collateral, balance));
    Ok(missing(base, held, account.principal, Factor::Liquidate)?.is_some())
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
    let held = held(collaterals, account).map(|(_, collateral, balance)| (collateral, balance));
    Ok(missing(base, held, account.principal, Factor::Borrow)?.is_none())
}

/// What weighted collateral misses of the debt (1e8), for holdings as they come in the order of
/// the market's list; none when the account is healthy.
///
/// # Errors
/// As [`is_liquidatable`].
pub fn shortage(
    base: &Base,
    held: impl IntoIterator<Item = (Collateral, U256)>,
    principal: i128,
) -> Result<Option<U256>, Revert> {
    missing(base, held, principal, Factor::Liquidate)
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
    held: impl IntoIterator<Item = (Collateral, U256)>,
    principal: i128,
    factor: Factor,
) -> Result<Option<U256>, Revert> {
    if principal >= 0 {
        return Ok(None);
    }
    let debt = U256::from(present_value(principal, base.indices)?.unsigned_abs());
    let mut missing = signed(base.value(debt)?)?;
    for (collateral, balance) in held {
        // The venue asks before each price, and does not need the next one once it is covered.
        if missing.is_zero() {
            return Ok(None);
        }
        let weighted = factor.of(&collateral).of(collateral.value(balance)?, Rounding::Floor)?;
        match missing.checked_sub(signed(weighted)?) {
            Some(left) => missing = left,
            None => return Ok(None),
        }
    }
    Ok(Some(missing).filter(|missing| !missing.is_zero()))
}
