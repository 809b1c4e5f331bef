//! What one liquidation of this venue takes for what it repays.
//!
//! The rule is that of Aave v2, `LendingPoolCollateralManager.sol` and `PercentageMath.sol`
//! (aave/protocol-v2, commits 044b492f and 98ac8791): the bonus is applied to the value of the debt,
//! half up to a ten-thousandth, and the division by the price of the collateral comes last. If the
//! borrower has less, everything goes and the debt is worked back from it, again half up.

use breakwater_money::rounding::{Rounding, div_wide, mul_div_wide, pow10, product};
use breakwater_money::{Result, U256};

/// Ten-thousandths of a whole: a bonus of 10500 is five per cent on top of the debt repaid.
const WHOLE_BPS: u32 = 10_000;

/// Prices and scales in force at one liquidation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Price of one whole unit of the collateral, in the oracle's smallest unit.
    pub collateral_price: U256,
    /// Price of one whole unit of the debt, in the same.
    pub debt_price: U256,
    /// Decimals of the collateral.
    pub collateral_decimals: u8,
    /// Decimals of the debt.
    pub debt_decimals: u8,
    /// Incentive in force, the whole included: 10500 is five per cent.
    pub bonus_bps: u32,
}

/// Both sides of a liquidation, in smallest units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seizure {
    /// Collateral taken.
    pub collateral: U256,
    /// Debt repaid.
    pub debt: U256,
}

/// Collateral that `debt` earns when the borrower has enough.
///
/// # Errors
/// A price of zero, or a product beyond 256 bits, where the venue reverts as well.
pub fn collateral_for(debt: U256, terms: &Terms) -> Result<U256> {
    let value = product(&[terms.debt_price, debt, unit(terms.collateral_decimals)?])?;
    let bonus = U256::from(terms.bonus_bps);
    let with_bonus = mul_div_wide(value, bonus, U256::from(WHOLE_BPS), Rounding::HalfUp)?;
    let price = product(&[terms.collateral_price, unit(terms.debt_decimals)?])?;
    div_wide(with_bonus, price, Rounding::Floor)
}

/// Debt that has to be repaid for exactly `collateral`.
///
/// # Errors
/// A price or a bonus of zero, or a product beyond 256 bits.
pub fn debt_for(collateral: U256, terms: &Terms) -> Result<U256> {
    let value = product(&[terms.collateral_price, collateral, unit(terms.debt_decimals)?])?;
    let price = product(&[terms.debt_price, unit(terms.collateral_decimals)?])?;
    let whole = div_wide(value, price, Rounding::Floor)?;
    let bonus = U256::from(terms.bonus_bps);
    mul_div_wide(whole, U256::from(WHOLE_BPS), bonus, Rounding::HalfUp)
}

/// The liquidation of up to `debt` against a borrower who has `balance` of the collateral.
///
/// # Errors
/// As [`collateral_for`] and [`debt_for`].
pub fn seize(debt: U256, balance: U256, terms: &Terms) -> Result<Seizure> {
    let collateral = collateral_for(debt, terms)?;
    if collateral > balance {
        return Ok(Seizure { collateral: balance, debt: debt_for(balance, terms)? });
    }
    Ok(Seizure { collateral, debt })
}

fn unit(decimals: u8) -> Result<U256> {
    pow10(decimals).map(U256::from)
}
