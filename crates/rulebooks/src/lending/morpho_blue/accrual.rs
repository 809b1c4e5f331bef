//! Interest since the last call: debt and supply grow by the same amount, and the fee is paid to
//! its receiver in new supply shares.

use super::{Market, Now, Revert, Terms, VIRTUAL, stored};
use breakwater_money::rounding::{Rounding, mul_div_wide};
use breakwater_money::{MoneyError, Result as MoneyResult, U256, Wad};

/// What bringing a market up to date does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accrued {
    /// Loan base units that debt and supply grow by.
    pub interest: u128,
    /// Supply shares issued to the receiver of the fee.
    pub fee_shares: u128,
    /// The totals afterwards.
    pub market: Market,
}

/// Brings `market` up to date. Without time passed nothing is asked of the rate model, so nothing
/// can fail (`Morpho._accrueInterest`).
///
/// # Errors
/// An amount does not fit 128 bits, or a product 256.
pub fn accrue(terms: &Terms, market: &Market, now: &Now) -> Result<Accrued, Revert> {
    if now.elapsed_seconds == 0 {
        return Ok(Accrued { interest: 0, fee_shares: 0, market: *market });
    }
    let growth = compounded(now.borrow_rate_per_second, now.elapsed_seconds)?;
    let debt = U256::from(market.total_borrow_assets);
    let interest = Wad::from_raw(growth).of(debt, Rounding::Floor)?;
    let grown = stored(interest)?;
    let mut after = *market;
    after.total_borrow_assets =
        after.total_borrow_assets.checked_add(grown).ok_or(Revert::Arithmetic)?;
    after.total_supply_assets =
        after.total_supply_assets.checked_add(grown).ok_or(Revert::Arithmetic)?;
    let fee_shares = fee_shares(terms, &after, interest)?;
    after.total_supply_shares =
        after.total_supply_shares.checked_add(fee_shares).ok_or(Revert::Arithmetic)?;
    Ok(Accrued { interest: grown, fee_shares, market: after })
}

/// The shares that the fee on `interest` buys. The supply already holds the whole interest, so the
/// fee is taken out of it first: the shares are bought at the price that the suppliers then have.
fn fee_shares(terms: &Terms, market: &Market, interest: U256) -> Result<u128, Revert> {
    if terms.fee.raw.is_zero() {
        return Ok(0);
    }
    let fee = terms.fee.of(interest, Rounding::Floor)?;
    let mut supply = market.supply();
    supply.assets = supply.assets.checked_sub(fee).ok_or(Revert::Arithmetic)?;
    stored(VIRTUAL.to_shares(fee, supply, Rounding::Floor)?)
}

/// Growth over `seconds` at `rate` per second (both wad), less one, by the first three terms of
/// its series, each rounded down (`MathLib.wTaylorCompounded`).
fn compounded(rate: U256, seconds: u64) -> MoneyResult<U256> {
    let times = |n: u8| Wad::one().raw.checked_mul(U256::from(n)).ok_or(MoneyError::Overflow);
    let first = rate.checked_mul(U256::from(seconds)).ok_or(MoneyError::Overflow)?;
    let second = mul_div_wide(first, first, times(2)?, Rounding::Floor)?;
    let third = mul_div_wide(second, first, times(3)?, Rounding::Floor)?;
    first.checked_add(second).and_then(|sum| sum.checked_add(third)).ok_or(MoneyError::Overflow)
}
