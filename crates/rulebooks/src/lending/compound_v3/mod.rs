//! Compound III: one market of a single base asset, to the last unit.
//!
//! Mirrors `Comet.sol` and `CometCore.sol` of `compound-finance/comet` at commit d5a30b0a.
//! Scales: prices 1e8, factors and rates per second 1e18, indices 1e15 in 64 bits. An account has
//! one signed principal in the base asset, positive when it supplies and negative when it owes,
//! and balances of collateral that earn nothing. Present values are rounded down on both sides:
//! debts too, in favour of whoever owes. Principals are rounded down when positive and away from
//! zero when negative.
//!
//! Liquidation has two halves. Anyone may have an account absorbed: the market takes all of its
//! collateral, cancels all of its debt and turns what is left over into a supplied balance; a
//! shortage is the reserves' at once. Later, while its reserves are below their target, the market
//! sells that collateral at a discount to whoever pays in the base asset.
//!
//! The functions are pure and read plain structs. Collateral is named by its place in the list,
//! and the order of the list matters: the health check stops as soon as it may, so that the price
//! of a later asset is never asked for and cannot fail it.
//!
//! What the venue does not promise: an absorption takes the whole account however little is
//! missing, and the caller is not paid in any asset. Rewards and points of absorbers are not
//! mirrored, nor are transfers of supplied balances between accounts.

mod absorb;
mod accrual;
mod business;
mod counter;
mod health;
mod parameters;
mod pool;
mod rulebook;
mod store;
#[cfg(test)]
mod tests;

pub use absorb::{Absorbed, Absorption, Seized, absorb};
pub use accrual::{
    INDEX_ONE, Indices, RateModel, Totals, accrue, present_borrow, present_supply, present_value,
    principal_value, usage,
};
pub use business::{Moved, supply_base, supply_collateral, withdraw_base, withdraw_collateral};
pub use health::{debt_value, is_borrow_collateralized, is_liquidatable, weighted};
pub use parameters::{CollateralParameters, CometParameters, CurveParameters, Parameters};
pub use rulebook::{RULE, build, shape};
pub use store::{Order, Purchase, Quote, StoreFront, buy_collateral, quote, reserves};

use breakwater_money::{MoneyError, Rounding, U256, Wad, rounding};

/// The base asset and the books of the market, its indices already accrued to the instant asked
/// about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Base {
    /// Decimals of the base asset; the venue allows 6 to 18.
    pub decimals: u8,
    /// Price of one whole token (1e8). Zero stands for any feed that answers zero or below.
    pub price: U256,
    /// What a unit of principal is worth on either side (1e15).
    pub indices: Indices,
    /// Principals of all accounts together.
    pub totals: Totals,
}

/// One asset that the market takes as collateral.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Collateral {
    /// Decimals of the asset.
    pub decimals: u8,
    /// Price of one whole token (1e8). Zero stands for any feed that answers zero or below.
    pub price: U256,
    /// Share of the value against which may be borrowed (1e18).
    pub borrow_factor: Wad,
    /// Share of the value that counts before an account is liquidatable (1e18).
    pub liquidate_factor: Wad,
    /// Share of the value that an absorbed account is credited with (1e18).
    pub liquidation_factor: Wad,
    /// Units that all accounts have put up together.
    pub total_supply: U256,
    /// Most units that all accounts may put up together.
    pub supply_cap: U256,
}

/// One account of the market.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Account {
    /// Base units at an index of one: positive supplied, negative owed. 104 bits on the venue.
    pub principal: i128,
    /// Units of each collateral in the order of the market's list; a shorter list holds nothing of
    /// the rest. A zero balance is not held: its price is never read.
    pub balances: Vec<U256>,
    /// A liquidate factor that replaces those of all assets for this account alone, and bounds the
    /// borrow factors (1e18). The venue has none (`None`); it carries books that record an
    /// account's own average threshold.
    pub own_factor: Option<Wad>,
}

/// Why the venue refuses a call, by the name of the contract's error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Revert {
    /// The account owes nothing, or its collateral suffices. Exact equality suffices.
    #[error("NotLiquidatable: the weighted collateral covers the debt")]
    NotLiquidatable,
    /// A feed that had to be read answers zero or below.
    #[error("BadPrice: a price that is needed is zero or negative")]
    BadPrice,
    /// Reserves have reached their target. Exact equality has.
    #[error("NotForSale: the reserves are not below their target")]
    NotForSale,
    /// Less collateral than the buyer asks for at least.
    #[error("TooMuchSlippage: the payment buys less than the least amount asked for")]
    TooMuchSlippage,
    /// More collateral than the market owns.
    #[error("InsufficientReserves: the payment buys more collateral than the market owns")]
    InsufficientReserves,
    /// The market does not list the asset.
    #[error("BadAsset: the market does not take the asset as collateral")]
    BadAsset,
    /// All accounts together would put up more than the market takes.
    #[error("SupplyCapExceeded: the collateral would exceed its supply cap")]
    SupplyCapExceeded,
    /// A debt would be smaller than the market allows.
    #[error("BorrowTooSmall: the debt would be below the least that may be owed")]
    BorrowTooSmall,
    /// The collateral does not cover the debt at the factors for borrowing.
    #[error("NotCollateralized: the collateral does not cover the debt at the borrow factors")]
    NotCollateralized,
    /// An index or a rate leaves 64 bits.
    #[error("InvalidUInt64: an index or a rate does not fit 64 bits")]
    InvalidUInt64,
    /// A principal leaves 104 bits.
    #[error("InvalidUInt104: a principal does not fit 104 bits")]
    InvalidUInt104,
    /// A balance of collateral leaves 128 bits.
    #[error("InvalidUInt128: a balance of collateral does not fit 128 bits")]
    InvalidUInt128,
    /// A principal leaves the signed 104 bits in which an account keeps it.
    #[error("InvalidInt104: a principal does not fit 104 bits with a sign")]
    InvalidInt104,
    /// A value leaves the signed 256 bits in which health is summed.
    #[error("InvalidInt256: a value does not fit 256 bits with a sign")]
    InvalidInt256,
    /// A checked operation of the contract fails: overflow, underflow or division by zero.
    #[error("Panic: arithmetic overflow, underflow or division by zero")]
    Arithmetic,
}

impl Revert {
    /// The contract's own name of the error.
    #[must_use]
    pub const fn contract_name(self) -> &'static str {
        match self {
            Revert::NotLiquidatable => "NotLiquidatable",
            Revert::BadPrice => "BadPrice",
            Revert::NotForSale => "NotForSale",
            Revert::TooMuchSlippage => "TooMuchSlippage",
            Revert::InsufficientReserves => "InsufficientReserves",
            Revert::BadAsset => "BadAsset",
            Revert::SupplyCapExceeded => "SupplyCapExceeded",
            Revert::BorrowTooSmall => "BorrowTooSmall",
            Revert::NotCollateralized => "NotCollateralized",
            Revert::InvalidUInt64 => "InvalidUInt64",
            Revert::InvalidUInt104 => "InvalidUInt104",
            Revert::InvalidUInt128 => "InvalidUInt128",
            Revert::InvalidInt104 => "InvalidInt104",
            Revert::InvalidInt256 => "InvalidInt256",
            Revert::Arithmetic => "Panic",
        }
    }

    /// Whether a number left the width that the contract gives it, by whatever name.
    #[must_use]
    pub const fn is_arithmetic(self) -> bool {
        matches!(
            self,
            Revert::InvalidUInt64
                | Revert::InvalidUInt104
                | Revert::InvalidUInt128
                | Revert::InvalidInt104
                | Revert::InvalidInt256
                | Revert::Arithmetic
        )
    }
}

impl From<MoneyError> for Revert {
    fn from(_: MoneyError) -> Self {
        Revert::Arithmetic
    }
}

impl Base {
    /// Base units of one whole token.
    fn unit(&self) -> Result<U256, Revert> {
        Ok(U256::from(rounding::pow10(self.decimals)?))
    }

    /// The price, where the feed gives one.
    fn read_price(&self) -> Result<U256, Revert> {
        readable(self.price)
    }

    /// Worth (1e8) of `amount` base units, rounded down.
    ///
    /// # Errors
    /// [`Revert::BadPrice`] without a price, [`Revert::Arithmetic`] on overflow.
    pub fn value(&self, amount: U256) -> Result<U256, Revert> {
        let price = self.read_price()?;
        Ok(rounding::mul_div_wide(amount, price, self.unit()?, Rounding::Floor)?)
    }

    /// Base units worth `value` (1e8), rounded down.
    ///
    /// # Errors
    /// [`Revert::BadPrice`] without a price, [`Revert::Arithmetic`] on overflow.
    pub fn units_worth(&self, value: U256) -> Result<U256, Revert> {
        let price = self.read_price()?;
        Ok(rounding::mul_div_wide(value, self.unit()?, price, Rounding::Floor)?)
    }
}

impl Collateral {
    /// Base units of one whole token.
    fn unit(&self) -> Result<U256, Revert> {
        Ok(U256::from(rounding::pow10(self.decimals)?))
    }

    /// Worth (1e8) of `amount` units, rounded down.
    ///
    /// # Errors
    /// [`Revert::BadPrice`] without a price, [`Revert::Arithmetic`] on overflow.
    pub fn value(&self, amount: U256) -> Result<U256, Revert> {
        let price = readable(self.price)?;
        Ok(rounding::mul_div_wide(amount, price, self.unit()?, Rounding::Floor)?)
    }
}

/// A price as the venue reads it.
fn readable(price: U256) -> Result<U256, Revert> {
    if price.is_zero() { Err(Revert::BadPrice) } else { Ok(price) }
}

/// A value that must fit 256 bits with a sign.
fn signed(value: U256) -> Result<U256, Revert> {
    if value.bit_len() > 255 { Err(Revert::InvalidInt256) } else { Ok(value) }
}
