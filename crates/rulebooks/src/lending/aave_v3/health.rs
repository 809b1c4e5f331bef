//! The account's totals and its health factor.

use super::{Emode, Reserve, Revert, UserReserve};
use breakwater_money::rounding::{Rounding, div_wide};
use breakwater_money::share::to_underlying;
use breakwater_money::{Bps, U256, Wad};

/// An account's totals over all reserves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    /// Value of what counts as collateral (base currency).
    pub collateral_base: U256,
    /// Value of what is owed (base currency).
    pub debt_base: U256,
    /// Sum of collateral value times threshold (base currency times basis points).
    pub weighted: U256,
    /// Weighted collateral over debt (wad); [`Wad::max`] without debt. Liquidatable below 1.
    pub health_factor: Wad,
}

impl Totals {
    /// Whether the account can be liquidated: health strictly below one.
    #[must_use]
    pub fn is_liquidatable(&self) -> bool {
        self.health_factor < Wad::one()
    }
}

/// Sums one account over the reserves; allocates nothing.
///
/// Only a balance flagged as collateral counts, and only a debt flagged as borrowed. A reserve
/// without holdings and holdings without a reserve are skipped.
///
/// # Errors
/// [`Revert::Arithmetic`] when a value leaves 256 bits.
pub fn totals(
    reserves: &[Reserve],
    users: &[UserReserve],
    emode: Option<&Emode>,
) -> Result<Totals, Revert> {
    sum(reserves.iter().copied().zip(users.iter().copied()).enumerate(), emode)
}

/// The same over holdings as they come, each with the place of its reserve in the pool.
///
/// # Errors
/// [`Revert::Arithmetic`] when a value leaves 256 bits.
pub fn sum(
    holdings: impl IntoIterator<Item = (usize, (Reserve, UserReserve))>,
    emode: Option<&Emode>,
) -> Result<Totals, Revert> {
    let (mut collateral_base, mut debt_base, mut weighted) = (U256::ZERO, U256::ZERO, U256::ZERO);
    for (i, (reserve, user)) in holdings {
        if user.use_as_collateral {
            let value = reserve.supplied_value(supplied(&reserve, &user)?)?;
            let threshold = U256::from(threshold_bps(i, &reserve, &user, emode));
            let weight = value.checked_mul(threshold).ok_or(Revert::Arithmetic)?;
            collateral_base = collateral_base.checked_add(value).ok_or(Revert::Arithmetic)?;
            weighted = weighted.checked_add(weight).ok_or(Revert::Arithmetic)?;
        }
        if user.borrowing {
            let value = reserve.owed_value(owed(&reserve, &user)?)?;
            debt_base = debt_base.checked_add(value).ok_or(Revert::Arithmetic)?;
        }
    }
    let health_factor = health_factor(weighted, debt_base)?;
    Ok(Totals { collateral_base, debt_base, weighted, health_factor })
}

/// The health factor of a weighted sum against a debt, rounded twice as the contract does: the
/// wad quotient half up, then the basis points taken out downwards.
fn health_factor(weighted: U256, debt_base: U256) -> Result<Wad, Revert> {
    if debt_base.is_zero() {
        return Ok(Wad::max());
    }
    let in_bps = Wad::ratio(weighted, debt_base, Rounding::HalfUp)?.raw;
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

/// The threshold of reserve `i` for this account: its own, else its category's where the
/// category covers the reserve, else the reserve's.
fn threshold_bps(i: usize, reserve: &Reserve, user: &UserReserve, emode: Option<&Emode>) -> u16 {
    let category = emode.filter(|e| e.covers(i)).map(|e| e.liquidation_threshold_bps);
    user.own_threshold_bps.or(category).unwrap_or(reserve.liquidation_threshold_bps)
}
