//! Aave v4: a liquidation that repays just enough to reach a target health.
//!
//! Mirrors `LiquidationLogic` of `aave-v4` at commit 0051c6e1. Scales: prices 1e8, values 1e26 (a
//! price times 1e18), health 1e18; factors, bonuses and fees in basis points, where a bonus of
//! 10,500 means 5 %. Products must fit 256 bits, as in the contract; a larger one is refused.
//!
//! The bonus is smallest at a health of one and grows in a line to its largest at a stated health.
//! Debt is repaid until the target is reached, unless dust would stay on either side: then a side
//! is cleared, whatever that does to the target.
//!
//! What the venue does not promise: a call that clears dust repays more than the target needs, and
//! a deficit is booked by counting positions, so that a collateral worth almost nothing keeps the
//! bad debt of its account unbooked.
//!
//! The sizing ([`liquidation_amounts`]) is the venue's to the last unit. The call around it
//! ([`liquidation_call`]) and the rulebook keep balances as shares under an index, rounded as the
//! venue's hub rounds, but leave three of its parts out: the premium on debt by the quality of the
//! collateral, the history of terms an account carries until it borrows again, and interest.

mod call;
#[cfg(test)]
mod call_tests;
mod health;
mod parameters;
mod rulebook;
#[cfg(test)]
mod rulebook_tests;
mod sizing;
#[cfg(test)]
mod tests;

pub use call::{Call, Outcome, liquidation_call};
pub use health::{Totals, sum, totals};
pub use parameters::{AssetParameters, LiquidationParameters, Parameters};
pub use rulebook::{RULE, build, shape};
pub use sizing::{Adjustment, Amounts, debt_to_target, liquidation_amounts, liquidation_bonus};

use breakwater_money::{Bps, MoneyError, Rounding, U256, Wad, rounding};

/// What governance sets once a market, and the contract's constant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Health that a call restores, at least 1 (wad).
    pub target_health: Wad,
    /// Health up to which the bonus is the largest, below 1 (wad).
    pub full_bonus_health: Wad,
    /// The smallest bonus as a share of the largest, paid at a health of one, basis points.
    pub bonus_factor_bps: u16,
    /// Least value that may stay on a side when neither is cleared (1e26).
    pub least_leftover: U256,
}

/// The contract's least leftover: 1,000 of the base currency (1e26).
#[must_use]
pub fn least_leftover() -> U256 {
    // 1,000 at 26 decimals.
    U256::from(100_000_000_000_000_000_000_000_000_000u128)
}

/// A collateral's terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Share of the collateral's value that counts towards health, basis points.
    pub collateral_factor_bps: u16,
    /// Collateral per value repaid at the largest bonus, basis points, at least 10,000.
    pub max_bonus_bps: u16,
    /// The protocol's share of the bonus, basis points.
    pub fee_bps: u16,
}

/// One asset of the pair that a call names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Side {
    /// Decimals of the asset.
    pub decimals: u8,
    /// Price of one whole token (1e8).
    pub price: U256,
    /// Units that the account has supplied, or owes.
    pub balance: U256,
}

/// An account as a call on one of its pairs sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Health of the account (wad); liquidatable below 1.
    pub health: Wad,
    /// Value of all that the account owes (1e26).
    pub debt_value: U256,
    /// The collateral named, and what the account has supplied of it.
    pub collateral: Side,
    /// The debt named, and what the account owes of it.
    pub debt: Side,
    /// Reserves with supplied balance that counts as collateral, the named one included.
    pub active_collaterals: u32,
    /// Reserves in which the account owes, the named one included.
    pub borrowed: u32,
}

/// Why the venue refuses a call, by the name of the contract's error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Revert {
    /// The caller is the borrower.
    #[error("SelfLiquidation: the caller is the borrower")]
    SelfLiquidation,
    /// Nothing is offered.
    #[error("InvalidDebtToCover: the amount offered is zero")]
    NothingOffered,
    /// A named reserve is not listed.
    #[error("ReserveNotListed: the collateral or the debt reserve is not listed")]
    NotListed,
    /// A named reserve is paused.
    #[error("ReservePaused: the collateral or the debt reserve is paused")]
    Paused,
    /// The account has supplied nothing in the named collateral.
    #[error("ReserveNotSupplied: the account has supplied none of the collateral")]
    NotSupplied,
    /// The account owes nothing in the named debt.
    #[error("ReserveNotBorrowed: the account owes none of the debt")]
    NotBorrowed,
    /// The account is healthy. Exact equality is healthy.
    #[error("HealthFactorNotBelowThreshold: the health factor is not below 1")]
    Healthy,
    /// The collateral has no factor, or the account does not use it as collateral.
    #[error("CollateralCannotBeLiquidated: it does not count as collateral of the account")]
    NotCollateral,
    /// The offer is smaller than what must be repaid so that no dust stays.
    #[error("MustNotLeaveDust: the offer does not cover what clears the dust")]
    Dust,
    /// The hub has too little of the collateral in cash.
    #[error("InsufficientLiquidity: the reserve's cash does not cover the collateral")]
    ShortOfCash,
    /// A checked operation of the contract fails: overflow, or division by zero.
    #[error("Panic: arithmetic overflow, underflow or division by zero")]
    Arithmetic,
}

impl Revert {
    /// The contract's own name of the error.
    #[must_use]
    pub const fn contract_name(self) -> &'static str {
        match self {
            Revert::SelfLiquidation => "SelfLiquidation",
            Revert::NothingOffered => "InvalidDebtToCover",
            Revert::NotListed => "ReserveNotListed",
            Revert::Paused => "ReservePaused",
            Revert::NotSupplied => "ReserveNotSupplied",
            Revert::NotBorrowed => "ReserveNotBorrowed",
            Revert::Healthy => "HealthFactorNotBelowThreshold",
            Revert::NotCollateral => "CollateralCannotBeLiquidated",
            Revert::Dust => "MustNotLeaveDust",
            Revert::ShortOfCash => "InsufficientLiquidity",
            Revert::Arithmetic => "Panic",
        }
    }
}

impl From<MoneyError> for Revert {
    fn from(_: MoneyError) -> Self {
        Revert::Arithmetic
    }
}

impl Side {
    /// Base units of one whole token.
    fn unit(&self) -> Result<U256, Revert> {
        Ok(U256::from(rounding::pow10(self.decimals)?))
    }

    /// Worth of `amount` units (1e26), rounded down: the leftover that the dust rule looks at.
    fn value(&self, amount: U256) -> Result<U256, Revert> {
        value(amount, self.price, self.unit()?, Rounding::Floor)
    }
}

/// Worth of `amount` units at `price` (1e8), in the venue's scale of values (1e26).
fn value(amount: U256, price: U256, unit: U256, rounding: Rounding) -> Result<U256, Revert> {
    let price = price.checked_mul(Wad::one().raw).ok_or(Revert::Arithmetic)?;
    Ok(rounding::mul_div_wide(amount, price, unit, rounding)?)
}

/// The share that `bps` is of one.
fn bps(bps: u16) -> Bps {
    Bps::new(u128::from(bps))
}
