//! Amounts and their units: debts in fractions of a base unit, shares of a vault, values, caps.

use super::Revert;
use breakwater_money::rounding::{Rounding, div_wide, mul_div_wide};
use breakwater_money::{MoneyError, U256};

/// Bits by which a debt is finer than a base unit of its asset (`Constants.sol`,
/// `INTERNAL_DEBT_PRECISION_SHIFT`).
const DEBT_SHIFT: usize = 31;

/// Bits of the contract's amounts (`Constants.sol`, `MAX_SANE_AMOUNT`).
const AMOUNT_BITS: usize = 112;

/// Assets and shares that every conversion adds to a vault's own, so that the first depositor
/// cannot move the price at will (`ConversionHelpers.sol`).
pub const VIRTUAL_DEPOSIT: u64 = 1_000_000;

/// What an oracle says an asset is worth: `floor(base units x price / scale)` units of account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quote {
    /// Units of account for `scale` base units.
    pub price: U256,
    /// Base units that `price` is for, not zero.
    pub scale: U256,
}

impl Quote {
    /// Value of `units`, rounded down.
    ///
    /// # Errors
    /// [`Revert::Arithmetic`] if the product leaves 256 bits or the scale is zero.
    pub fn value(&self, units: U256) -> Result<U256, Revert> {
        Ok(mul_div_wide(units, self.price, self.scale, Rounding::Floor)?)
    }
}

/// Base units of a debt, rounded up.
///
/// # Errors
/// [`Revert::AmountTooLarge`] beyond 112 bits.
pub fn owed_units(exact: U256) -> Result<U256, Revert> {
    let one = U256::ONE << DEBT_SHIFT;
    let units = div_wide(exact, one, Rounding::Ceil)?;
    if units.bit_len() > AMOUNT_BITS { Err(Revert::AmountTooLarge) } else { Ok(units) }
}

/// Base units of a debt, rounded down.
pub(crate) fn owed_units_down(exact: U256) -> U256 {
    exact >> DEBT_SHIFT
}

/// A debt of whole base units (base units times 2^31).
///
/// # Errors
/// [`Revert::AmountTooLarge`] beyond 112 bits.
pub fn owed_exact(units: U256) -> Result<U256, Revert> {
    if units.bit_len() > AMOUNT_BITS {
        Err(Revert::AmountTooLarge)
    } else {
        Ok(units << DEBT_SHIFT)
    }
}

/// A debt as it stands under the vault's accumulator now, from what it was under the accumulator
/// `since`; rounded down to 2^-31 of a base unit.
///
/// # Errors
/// [`Revert::DebtTooLarge`] beyond 112 bits of base units, [`Revert::Arithmetic`] if `since` is
/// zero.
pub fn current_owed(exact: U256, now: U256, since: U256) -> Result<U256, Revert> {
    if exact.is_zero() || now == since {
        return checked_debt(exact);
    }
    checked_debt(mul_div_wide(exact, now, since, Rounding::Floor)?)
}

/// The debt itself if the contract can store it.
///
/// # Errors
/// [`Revert::DebtTooLarge`].
pub(crate) fn checked_debt(exact: U256) -> Result<U256, Revert> {
    if exact > debt_most() { Err(Revert::DebtTooLarge) } else { Ok(exact) }
}

/// Largest debt that the contract stores: 112 bits of base units, the fraction zero.
pub(super) fn debt_most() -> U256 {
    amount_most() << DEBT_SHIFT
}

/// Largest amount that the contract stores.
pub(crate) fn amount_most() -> U256 {
    (U256::ONE << AMOUNT_BITS) - U256::ONE
}

/// True if a difference of debts is less than a base unit.
pub(super) fn is_dust(exact: U256) -> bool {
    exact.bit_len() <= DEBT_SHIFT
}

/// What one base unit of debt is in the contract's units.
pub(super) fn one_unit() -> U256 {
    U256::ONE << DEBT_SHIFT
}

/// Base units that `shares` redeem for, rounded down. `assets` are the vault's cash and debts
/// (rounded up), `total` its shares; the virtual deposit is added to both here.
///
/// # Errors
/// [`Revert::Arithmetic`] on overflow.
pub fn assets_of_shares(shares: U256, assets: U256, total: U256) -> Result<U256, Revert> {
    let (assets, total) = (with_virtual(assets)?, with_virtual(total)?);
    Ok(mul_div_wide(shares, assets, total, Rounding::Floor)?)
}

/// Shares for `units` of the asset: rounded down where they are issued, up where they are given
/// back. The totals are those of [`assets_of_shares`].
///
/// # Errors
/// [`Revert::Arithmetic`] on overflow.
pub fn shares_for(
    units: U256,
    assets: U256,
    total: U256,
    rounding: Rounding,
) -> Result<U256, Revert> {
    let (assets, total) = (with_virtual(assets)?, with_virtual(total)?);
    Ok(mul_div_wide(units, total, assets, rounding)?)
}

fn with_virtual(total: U256) -> Result<U256, Revert> {
    Ok(total.checked_add(U256::from(VIRTUAL_DEPOSIT)).ok_or(MoneyError::Overflow)?)
}

/// The amount of a 16-bit cap: ten bits of mantissa in hundredths, six of a decimal exponent; none
/// for zero, which is no cap (`AmountCap.sol`). A cap of nothing has an exponent.
#[must_use]
pub fn cap_of(encoded: u16) -> Option<U256> {
    if encoded == 0 {
        return None;
    }
    let power = U256::from(10u8).pow(U256::from(encoded & 63));
    let scaled = power.saturating_mul(U256::from(encoded >> 6));
    // At most 1,023 x 10^63 / 100, which 256 bits hold; the quotient drops what is below one unit.
    div_wide(scaled, U256::from(100u8), Rounding::Floor).ok()
}
