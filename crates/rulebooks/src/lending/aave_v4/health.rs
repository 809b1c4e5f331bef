//! The account's totals and its health.

use super::{Revert, value};
use crate::lending::aave_v3::{Reserve, UserReserve};
use breakwater_money::rounding::{Rounding, div_wide, pow10};
use breakwater_money::share::to_underlying;
use breakwater_money::{Bps, U256, Wad};

/// An account's totals over all reserves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    /// Value of what counts as collateral (1e26).
    pub collateral_value: U256,
    /// Value of what is owed (1e26).
    pub debt_value: U256,
    /// Sum of collateral value times factor (1e26 times basis points).
    pub weighted: U256,
    /// Weighted collateral over debt (wad); [`Wad::max`] without debt. Liquidatable below 1.
    pub health: Wad,
    /// Reserves whose supplied balance counts as collateral, whatever its value.
    pub active_collaterals: u32,
    /// Reserves in which the account owes.
    pub borrowed: u32,
}

/// Sums one account over the reserves; allocates nothing.
///
/// # Errors
/// [`Revert::Arithmetic`] when a value leaves 256 bits.
pub fn totals(reserves: &[Reserve], users: &[UserReserve]) -> Result<Totals, Revert> {
    sum(reserves.iter().copied().zip(users.iter().copied()))
}

/// The same over holdings as they come.
///
/// A reserve's threshold is the collateral factor. A balance counts if the account uses it as
/// collateral and its factor is not zero; supplied value is rounded down and owed value up, at
/// eighteen decimals more than the price has.
///
/// # Errors
/// [`Revert::Arithmetic`] when a value leaves 256 bits.
pub fn sum(holdings: impl IntoIterator<Item = (Reserve, UserReserve)>) -> Result<Totals, Revert> {
    let mut totals = Totals {
        collateral_value: U256::ZERO,
        debt_value: U256::ZERO,
        weighted: U256::ZERO,
        health: Wad::max(),
        active_collaterals: 0,
        borrowed: 0,
    };
    for (reserve, user) in holdings {
        let unit = U256::from(pow10(reserve.decimals)?);
        if is_collateral(&reserve, &user) && !user.scaled_collateral.is_zero() {
            let units = supplied(&reserve, &user)?;
            let worth = value(units, reserve.price, unit, Rounding::Floor)?;
            let factor = U256::from(factor_bps(&reserve, &user));
            totals.collateral_value = plus(totals.collateral_value, Some(worth))?;
            totals.weighted = plus(totals.weighted, worth.checked_mul(factor))?;
            totals.active_collaterals = totals.active_collaterals.saturating_add(1);
        }
        if user.borrowing {
            let units = owed(&reserve, &user)?;
            let worth = value(units, reserve.price, unit, Rounding::Ceil)?;
            totals.debt_value = plus(totals.debt_value, Some(worth))?;
            totals.borrowed = totals.borrowed.saturating_add(1);
        }
    }
    totals.health = health(totals.weighted, totals.debt_value)?;
    Ok(totals)
}

fn plus(sum: U256, more: Option<U256>) -> Result<U256, Revert> {
    more.and_then(|more| sum.checked_add(more)).ok_or(Revert::Arithmetic)
}

/// The health of a weighted sum against a debt, rounded down twice: at eighteen decimals, and when
/// the basis points are taken out.
fn health(weighted: U256, debt: U256) -> Result<Wad, Revert> {
    if debt.is_zero() {
        return Ok(Wad::max());
    }
    let in_bps = Wad::ratio(weighted, debt, Rounding::Floor)?.raw;
    Ok(Wad::from_raw(div_wide(in_bps, Bps::one().raw, Rounding::Floor)?))
}

/// Units the account has supplied, rounded down.
pub(super) fn supplied(reserve: &Reserve, user: &UserReserve) -> Result<U256, Revert> {
    Ok(to_underlying(user.scaled_collateral, reserve.liquidity_index.raw, Rounding::Floor)?)
}

/// Units the account owes, rounded up.
pub(super) fn owed(reserve: &Reserve, user: &UserReserve) -> Result<U256, Revert> {
    Ok(to_underlying(user.scaled_debt, reserve.variable_borrow_index.raw, Rounding::Ceil)?)
}

/// The factor of a reserve for this account: its own, else the reserve's.
pub(super) fn factor_bps(reserve: &Reserve, user: &UserReserve) -> u16 {
    user.own_threshold_bps.unwrap_or(reserve.liquidation_threshold_bps)
}

/// Whether what the account has supplied counts.
pub(super) fn is_collateral(reserve: &Reserve, user: &UserReserve) -> bool {
    user.use_as_collateral && factor_bps(reserve, user) > 0
}
