//! Morpho Blue: isolated markets of one collateral and one loan asset, with no close factor, no
//! protocol cut and no dust rule.
//!
//! Mirrors `Morpho.sol` of `morpho-blue` at commit 3085651. Scales: the loan-to-value at which a
//! position is liquidated, the fee, the incentive and the rate per second 1e18; the price 1e36,
//! loan base units per collateral base unit, so that decimals are inside it; a debt is shares of
//! the market's total debt, converted with a million virtual shares and one virtual unit.
//!
//! The functions are pure: they read the stored totals of one market and one position, and return
//! what stands there afterwards. The contract keeps both in 128 bits and computes in 256.
//!
//! What the venue does not promise: a call may lower the health of the position; a loss is booked
//! only when not a single unit of collateral is left, so that whoever leaves one postpones it;
//! and a call that asks for a unit too much is refused, not clamped.

mod accrual;
mod health;
mod liquidation;
mod parameters;
mod plan;
mod rulebook;
#[cfg(test)]
mod tests;

pub use accrual::{Accrued, accrue};
pub use health::{Health, health};
pub use liquidation::{Outcome, liquidate};
pub use parameters::{AssetParameters, MarketParameters, Parameters, RULE};
pub use plan::largest_call;
pub use rulebook::{build, column, shape, table};

use breakwater_money::rounding::{Rounding, div_wide, narrow_u128};
use breakwater_money::share::{ShareTotals, VirtualShares};
use breakwater_money::{MoneyError, Result as MoneyResult, U256, Wad};

/// The virtual part of every market's supply and debt (`SharesMathLib`, `VIRTUAL_SHARES` and
/// `VIRTUAL_ASSETS`).
pub const VIRTUAL: VirtualShares = VirtualShares { assets: 1, shares: 1_000_000 };

/// One loan unit per collateral unit, in the scale of the price (`ORACLE_PRICE_SCALE`, 1e36).
pub const PRICE_ONE: u128 = 1_000_000_000_000_000_000_000_000_000_000_000_000;

/// The most collateral per value repaid: 1.15 (`MAX_LIQUIDATION_INCENTIVE_FACTOR`).
const INCENTIVE_MAX: u128 = 1_150_000_000_000_000_000;

/// The slope of the incentive in the distance of the loan-to-value from one: 0.3
/// (`LIQUIDATION_CURSOR`).
const CURSOR: u128 = 300_000_000_000_000_000;

/// What a market is created with and its owner may set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Debt per collateral value from above which a position may be liquidated (wad, below one).
    pub lltv: Wad,
    /// The protocol's share of the interest (wad; the venue allows at most a quarter).
    pub fee: Wad,
}

/// The stored totals of a market. Assets are loan base units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Market {
    /// What suppliers have in the market, interest included.
    pub total_supply_assets: u128,
    /// Shares issued to suppliers and to the receiver of the fee.
    pub total_supply_shares: u128,
    /// What borrowers owe, interest included.
    pub total_borrow_assets: u128,
    /// Shares of that debt.
    pub total_borrow_shares: u128,
}

/// A borrower's position in a market.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Position {
    /// Collateral base units.
    pub collateral: u128,
    /// Shares of the market's debt.
    pub borrow_shares: u128,
    /// A loan-to-value that replaces the market's for this position's health, and for nothing
    /// else. The venue has none (`None`); it carries books that record an account's own threshold.
    pub own_lltv: Option<Wad>,
}

/// What the contract reads outside its own storage at the instant of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Seconds since the market's totals were last brought up to date.
    pub elapsed_seconds: u64,
    /// What the market's rate model answers (wad per second).
    pub borrow_rate_per_second: U256,
    /// Loan base units per collateral base unit (1e36).
    pub collateral_price: U256,
}

/// A liquidation as anyone may send it: exactly one of the two is not zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    /// Collateral base units to take, or zero.
    pub seized_assets: U256,
    /// Debt shares to repay, or zero.
    pub repaid_shares: U256,
}

/// Why the venue refuses a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Revert {
    /// Both sizes of the call are given, or neither.
    #[error("inconsistent input: exactly one of seized assets and repaid shares must not be zero")]
    InconsistentInput,
    /// The collateral allows for the debt. Exact equality is healthy.
    #[error("position is healthy: what may be borrowed is not below what is owed")]
    Healthy,
    /// An amount does not fit the 128 bits of the contract's storage.
    #[error("max uint128 exceeded: an amount does not fit 128 bits")]
    TooWide,
    /// A checked operation fails: an overflow, or more shares or collateral taken than there are.
    #[error("Panic(0x11): arithmetic overflow or underflow")]
    Arithmetic,
    /// The price by which the collateral is divided is zero.
    #[error("Panic(0x12): division by zero")]
    DivisionByZero,
}

impl Revert {
    /// The contract's own text of the refusal.
    #[must_use]
    pub const fn contract_name(self) -> &'static str {
        match self {
            Revert::InconsistentInput => "inconsistent input",
            Revert::Healthy => "position is healthy",
            Revert::TooWide => "max uint128 exceeded",
            Revert::Arithmetic => "Panic(0x11)",
            Revert::DivisionByZero => "Panic(0x12)",
        }
    }

    /// Whether the refusal is one of arithmetic, not of the rule.
    #[must_use]
    pub const fn is_arithmetic(self) -> bool {
        matches!(self, Revert::TooWide | Revert::Arithmetic | Revert::DivisionByZero)
    }
}

impl From<MoneyError> for Revert {
    fn from(error: MoneyError) -> Self {
        match error {
            MoneyError::DivisionByZero => Revert::DivisionByZero,
            _ => Revert::Arithmetic,
        }
    }
}

impl Market {
    /// The totals of what is lent.
    fn supply(&self) -> ShareTotals {
        totals(self.total_supply_assets, self.total_supply_shares)
    }

    /// The totals of the debt.
    fn borrow(&self) -> ShareTotals {
        totals(self.total_borrow_assets, self.total_borrow_shares)
    }

    /// What `shares` of the market's debt come to in loan base units, rounded up.
    ///
    /// # Errors
    /// A product overflows.
    pub fn owed(&self, shares: u128) -> Result<U256, Revert> {
        Ok(VIRTUAL.to_assets(U256::from(shares), self.borrow(), Rounding::Ceil)?)
    }
}

impl Terms {
    /// Collateral value that a call takes per value repaid (wad): one over the loan-to-value moved
    /// towards one, `1 / (1 - 0.3 x (1 - lltv))`, and 1.15 at most.
    ///
    /// # Errors
    /// The loan-to-value exceeds one.
    pub fn incentive_factor(&self) -> Result<Wad, Revert> {
        let one = Wad::one().raw;
        let distance = one.checked_sub(self.lltv.raw).ok_or(Revert::Arithmetic)?;
        let moved = Wad::new(CURSOR).of(distance, Rounding::Floor)?;
        // The cursor is below one, so the difference is positive.
        let base = one.checked_sub(moved).ok_or(Revert::Arithmetic)?;
        Ok(Wad::ratio(one, base, Rounding::Floor)?.min(Wad::new(INCENTIVE_MAX)))
    }
}

fn totals(assets: u128, shares: u128) -> ShareTotals {
    ShareTotals { assets: U256::from(assets), shares: U256::from(shares) }
}

/// `a x b / d` rounded up as the contract does it: the divisor less one joins the product first,
/// and the sum must fit 256 bits (`MathLib.mulDivUp`).
fn mul_div_up(a: U256, b: U256, d: U256) -> MoneyResult<U256> {
    let product = a.checked_mul(b).ok_or(MoneyError::Overflow)?;
    let most = d.checked_sub(U256::ONE).ok_or(MoneyError::Underflow)?;
    let sum = product.checked_add(most).ok_or(MoneyError::Overflow)?;
    div_wide(sum, d, Rounding::Floor)
}

/// Narrows to what the contract stores (`UtilsLib.toUint128`).
fn stored(amount: U256) -> Result<u128, Revert> {
    narrow_u128(amount).map_err(|_| Revert::TooWide)
}
