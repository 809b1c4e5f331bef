//! A chain of perpetuals that liquidates against its own order book, with limits a block, and
//! deleverages against a random start when the insurance fund cannot pay.
//!
//! Everything here is a function of its arguments: the chain's own integers and roundings
//! (dydxprotocol/v4-chain, `x/perpetuals`, `x/subaccounts/lib` and
//! `x/clob/keeper/{liquidations,deleveraging}.go`). Quote quantums are 1e-6 of the quote token, base
//! quantums the perpetual's own unit, fractions millionths (`_ppm`). The chain has unbounded integers;
//! here a value of more than 127 bits is refused, never wrapped.
//!
//! Not mirrored: funding that is not settled yet, assets other than the quote token, a leverage that a
//! trader set for itself, collateral pools of isolated markets, and ticks of the order book.
//!
//! ```
//! use breakwater_rulebooks::exchange::dydx_v4::LiquidityTier;
//!
//! let tier = LiquidityTier {
//!     initial_ppm: 200_000,
//!     maintenance_fraction_ppm: 500_000,
//!     open_interest_lower: 1_000_000,
//!     open_interest_upper: 2_000_000,
//! };
//! assert_eq!(tier.maintenance_ppm(), Ok(100_000));
//! assert_eq!(tier.scaled_initial_ppm(1_234_567), Ok(387_653));
//! ```

mod account;
mod bankruptcy;
mod deleverage;
mod fill;
mod limits;
mod perpetual;
#[cfg(test)]
mod tests;
mod tier;

pub use account::{Position, Risk, Subaccount, transition_allowed};
pub use bankruptcy::{Closing, FillablePrice, insurance_delta};
pub use deleverage::{Deleveraging, DeleveragingFill, Settlement, deleverage, overlap, settlement};
pub use fill::{FilledOrder, LiquidationFill, fill_quote, liquidate};
pub use limits::{BlockLimits, BlockUsage, PositionLimits, size_delta};
pub use perpetual::{Perpetual, Perpetuals};
pub use tier::LiquidityTier;

use breakwater_money::rounding::{Rounding, div_wide, narrow_u128};
use breakwater_money::{MoneyError, U256};

/// One, in millionths (`OneMillion`).
pub const PPM: u32 = 1_000_000;

/// Decimals of a quote quantum (`QuoteCurrencyAtomicResolution`, negated).
pub const QUOTE_DECIMALS: i32 = 6;

/// Why the chain refuses, or would stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Revert {
    /// A value exceeds the 127 bits that are kept here; the chain's integers are unbounded.
    #[error("a sum, difference or product does not fit 127 bits")]
    Arithmetic,
    /// A price of zero is divided by.
    #[error("a price is 0 and is divided by; it must be above 0")]
    DivisionByZero,
    /// A fraction of the tier exceeds one (`ErrInitialMarginPpmExceedsMax`,
    /// `ErrMaintenanceFractionPpmExceedsMax`).
    #[error("a fraction of the liquidity tier is {0} ppm; it must be at most 1000000")]
    FractionAboveOne(u32),
    /// The caps of the tier are out of order (`ErrOpenInterestLowerCapLargerThanUpperCap`).
    #[error("open interest caps: lower {lower} exceeds upper {upper}")]
    CapsReversed {
        /// Where the initial fraction starts to rise.
        lower: u64,
        /// Where it has become one.
        upper: u64,
    },
    /// The account or call names a perpetual that was not given.
    #[error("perpetual {0} is not among the perpetuals given")]
    PerpetualMissing(u32),
    /// The account has two positions, or none, in the perpetual where it must have one.
    #[error("the account has {found} positions in perpetual {perpetual}; it must have exactly one")]
    PositionCount {
        /// Number of the perpetual.
        perpetual: u32,
        /// How many there are.
        found: usize,
    },
    /// The change does not close a part of the position (`ErrInvalidPerpetualPositionSizeDelta`).
    #[error("delta {delta} does not close a part of the position {position}")]
    SizeDelta {
        /// The change (base quantums).
        delta: i128,
        /// The position (base quantums).
        position: i128,
    },
    /// Nothing is required, so there is no bankruptcy price and no rating; the chain would stop.
    #[error("the account's maintenance requirement is 0; it must be above 0")]
    NoRequirement,
    /// The requirement would rise as the position closes; the chain would stop.
    #[error("the maintenance requirement rises although the position closes")]
    RequirementRises,
    /// The spread exceeds the position's value; the chain would stop.
    #[error("the fillable price is negative: the spread exceeds the value of the position")]
    NegativePrice,
    /// Nothing was filled (`ErrInvalidQuantumsForInsuranceFundDeltaCalculation`).
    #[error("fill amount is 0; it must be above 0")]
    NoFill,
    /// The account has its maintenance margin, or needs none (`ErrSubaccountNotLiquidatable`).
    #[error("not liquidatable: net collateral {net} covers the requirement {requirement}")]
    NotLiquidatable {
        /// Net collateral (quote quantums).
        net: i128,
        /// Maintenance requirement (quote quantums).
        requirement: i128,
    },
    /// This perpetual of the account has been liquidated in this block
    /// (`ErrSubaccountHasLiquidatedPerpetual`).
    #[error("perpetual {0} of the account has already been liquidated in this block")]
    AlreadyLiquidated(u32),
    /// More notional than the block allows the account
    /// (`ErrLiquidationExceedsSubaccountMaxNotionalLiquidated`).
    #[error("notional {notional} exceeds the {left} that the block leaves the account")]
    NotionalLimit {
        /// Of the fill at the oracle's price (quote quantums).
        notional: u128,
        /// What is left (quote quantums).
        left: u128,
    },
    /// More insurance than the block allows the account
    /// (`ErrLiquidationExceedsSubaccountMaxInsuranceLost`).
    #[error("insurance of {lost} exceeds the {left} that the block leaves the account")]
    InsuranceLimit {
        /// What the fund would pay (quote quantums).
        lost: u128,
        /// What is left (quote quantums).
        left: u128,
    },
    /// The fund cannot pay (`ErrInsuranceFundHasInsufficientFunds`).
    #[error("the insurance fund has {balance}; the fill needs {lost}")]
    InsuranceShort {
        /// What it has (quote quantums).
        balance: u128,
        /// What it would pay (quote quantums).
        lost: u128,
    },
    /// More was used in this block than its limit; the chain would stop.
    #[error("{used} was used in this block; the limit is {limit}")]
    UsageAboveLimit {
        /// Used before.
        used: u64,
        /// The limit.
        limit: u64,
    },
    /// The least order of a market is zero.
    #[error("step_base_quantums is 0; it must be above 0")]
    StepZero,
    /// An account that must not get riskier would (`StillUndercollateralized`,
    /// `NewlyUndercollateralized`).
    #[error("the account would be undercollateralized and riskier than before")]
    Riskier,
}

impl From<MoneyError> for Revert {
    fn from(error: MoneyError) -> Self {
        match error {
            MoneyError::DivisionByZero => Revert::DivisionByZero,
            _ => Revert::Arithmetic,
        }
    }
}

fn plus(a: i128, b: i128) -> Result<i128, Revert> {
    a.checked_add(b).ok_or(Revert::Arithmetic)
}

fn minus(a: i128, b: i128) -> Result<i128, Revert> {
    a.checked_sub(b).ok_or(Revert::Arithmetic)
}

fn signed(a: u128) -> Result<i128, Revert> {
    i128::try_from(a).map_err(|_| Revert::Arithmetic)
}

/// `a x b / d` through 256 bits; the largest such product is below 2^256.
fn part(a: u128, b: u128, d: u128, rounding: Rounding) -> Result<u128, Revert> {
    let product = U256::from(a).checked_mul(U256::from(b)).ok_or(Revert::Arithmetic)?;
    Ok(narrow_u128(div_wide(product, U256::from(d), rounding)?)?)
}

/// `amount x ppm / 1e6`.
fn of_ppm(amount: u128, ppm: u32, rounding: Rounding) -> Result<u128, Revert> {
    part(amount, u128::from(ppm), u128::from(PPM), rounding)
}

/// `a x b / d` of a signed `a`, towards minus infinity, as the chain's Euclidean division by a
/// positive divisor.
fn floor_part(a: i128, b: u128, d: u128) -> Result<i128, Revert> {
    let rounding = if a < 0 { Rounding::Ceil } else { Rounding::Floor };
    let magnitude = signed(part(a.unsigned_abs(), b, d, rounding)?)?;
    Ok(if a < 0 { -magnitude } else { magnitude })
}
