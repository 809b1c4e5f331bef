//! A perpetual exchange with spot margin on Solana whose liquidations open up slot by slot.
//!
//! Everything here is a function of its arguments: the program's own integers, scales and roundings
//! (drift-labs/protocol-v2, `programs/drift/src/math/{liquidation,margin}.rs` and
//! `controller/liquidation.rs`), and no state. Prices and quote amounts are integers of 1e-6 (`_e6`),
//! base amounts of 1e-9 (`_e9`), weights and margin ratios basis points (`_bps`), fees and
//! multipliers millionths (`_ppm`); tokens are integers at their own decimals. What is said to be
//! rounded down goes towards zero. A product that exceeds 128 bits is refused, as the program does.
//!
//! Not mirrored: orders, liquidity shares, borrowed and lent indices (balances here are token
//! amounts), oracle guards, asset tiers, isolated and high-leverage modes, initial asset weights that
//! fall with total deposits, and the cap on imbalance of unsettled profit.
//!
//! ```
//! use breakwater_rulebooks::exchange::drift::PerpTerms;
//!
//! // 10 USD short at a ratio of 10 % and a fee of 1 %: each unit sold at 100 frees 9.
//! let terms = PerpTerms {
//!     margin_ratio_bps: 1_000,
//!     liquidator_fee_ppm: 10_000,
//!     price_e6: 100_000_000,
//!     quote_price_e6: 1_000_000,
//! };
//! assert_eq!(terms.base_to_cover(10_000_000, 0), Ok(1_111_111_111));
//! ```

mod account;
mod bankruptcy;
mod fees;
mod liquidation;
mod spot;
#[cfg(test)]
mod tests;
mod weights;

pub use account::{Account, Margin, Markets, Perp, PerpMarket, Purpose, Spot, SpotMarket};
pub use bankruptcy::{
    OpenInterest, PerpBankruptcy, PerpLossCover, SpotBankruptcy, resolve_perp, resolve_spot,
    socialise_perp, socialise_spot,
};
pub use fees::{PerpTerms, allowed_bps, liquidation_fee_ppm};
pub use liquidation::{Call, Progress, Settings, Taken, liquidate_perp};
pub use spot::{SpotPair, SpotSide};
pub use weights::{asset_weight_bps, liability_weight_bps};

use breakwater_money::rounding::{self, Rounding};
use breakwater_money::{MoneyError, Result as MoneyResult};

/// One, as prices and quote amounts count it (`PRICE_PRECISION`, `QUOTE_PRECISION`).
pub const QUOTE: u128 = 1_000_000;
/// One base unit (`BASE_PRECISION`).
pub const BASE: u128 = 1_000_000_000;
/// One, as weights and margin ratios count it (`MARGIN_PRECISION`, `SPOT_WEIGHT_PRECISION`).
pub const BPS: u128 = 10_000;
/// One, as fees and multipliers count it (`LIQUIDATION_FEE_PRECISION`).
pub const PPM: u128 = 1_000_000;
/// Fees count in hundredths of a basis point (`LIQUIDATION_FEE_TO_MARGIN_PRECISION_RATIO`).
const PPM_PER_BPS: u32 = 100;
/// A shortage or position below this closes in one step: 50 of the quote token.
const SMALL_E6: u128 = 50 * QUOTE;

/// Why the program refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Revert {
    /// A checked operation fails (`MathError`).
    #[error("math error: a sum, difference or product does not fit its integer")]
    Arithmetic,
    /// A price, amount or multiplier by which is divided is zero.
    #[error("math error: a price, amount or multiplier is 0 and is divided by; it must be above 0")]
    DivisionByZero,
    /// The account or call names a spot market that was not given.
    #[error("spot market {0} is not among the markets given")]
    SpotMarketMissing(u16),
    /// The account or call names a perpetual market that was not given.
    #[error("perp market {0} is not among the markets given")]
    PerpMarketMissing(u16),
    /// The account has two positions, or none, in the market where it must have one.
    #[error("the account has {found} positions in market {market}; it must have exactly one")]
    PositionCount {
        /// Index of the market.
        market: u16,
        /// How many there are.
        found: usize,
    },
    /// The account meets its maintenance requirement (`SufficientCollateral`).
    #[error("sufficient collateral: {collateral_e6} covers the requirement of {requirement_e6}")]
    SufficientCollateral {
        /// What the account counts for (1e-6).
        collateral_e6: i128,
        /// What it must hold (1e-6).
        requirement_e6: u128,
    },
    /// A bankrupt account is resolved, not liquidated (`UserBankrupt`).
    #[error("user bankrupt: only its bankruptcy can be resolved")]
    Bankrupt,
    /// The account still has something, or owes nothing (`UserNotBankrupt`).
    #[error("user not bankrupt: it has a deposit, an open position or profit, or owes nothing")]
    NotBankrupt,
    /// The position to be resolved is no loss (`InvalidPerpPositionToLiquidate`,
    /// `UserHasInvalidBorrow`).
    #[error("market {market}: the balance is {balance}; only a negative one can be resolved")]
    NoLoss {
        /// Index of the market.
        market: u16,
        /// What it stands at.
        balance: i128,
    },
    /// The loss has nobody to bear it (`CantResolvePerpBankruptcy`).
    #[error("cannot resolve the bankruptcy: the open interest of the market is 0")]
    NoOpenInterest,
    /// The market's least order is zero, or a position is no multiple of it.
    #[error("position {base_e9} is no multiple of the step size {step_e9}, which must be above 0")]
    OffStep {
        /// Size of the position (1e-9).
        base_e9: u128,
        /// The market's least order (1e-9).
        step_e9: u64,
    },
    /// The liquidator's own bound is below the least order.
    #[error("base_max_e9 is {base_max_e9}; it must be at least the step size {step_e9}")]
    BaseMaxBelowStep {
        /// The most that the liquidator takes (1e-9).
        base_max_e9: u64,
        /// The market's least order (1e-9).
        step_e9: u64,
    },
    /// The price of the transfer is worse than the liquidator's limit
    /// (`LiquidationDoesntSatisfyLimitPrice`).
    #[error("transfer price {price_e6} is worse than the limit price {limit_e6}")]
    LimitPrice {
        /// What the liquidator would get or pay (1e-6).
        price_e6: u128,
        /// Its limit (1e-6).
        limit_e6: u64,
    },
    /// The liquidator does not meet the initial requirement afterwards (`InsufficientCollateral`).
    #[error("liquidator: {collateral_e6} does not cover the initial requirement {requirement_e6}")]
    LiquidatorCollateral {
        /// What the liquidator counts for (1e-6).
        collateral_e6: i128,
        /// What it must hold (1e-6).
        requirement_e6: u128,
    },
}

impl From<MoneyError> for Revert {
    fn from(error: MoneyError) -> Self {
        match error {
            MoneyError::DivisionByZero => Revert::DivisionByZero,
            _ => Revert::Arithmetic,
        }
    }
}

fn add(a: u128, b: u128) -> Result<u128, Revert> {
    a.checked_add(b).ok_or(Revert::Arithmetic)
}

fn sub(a: u128, b: u128) -> Result<u128, Revert> {
    a.checked_sub(b).ok_or(Revert::Arithmetic)
}

fn mul(a: u128, b: u128) -> Result<u128, Revert> {
    a.checked_mul(b).ok_or(Revert::Arithmetic)
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

fn narrow(a: u128) -> Result<u32, Revert> {
    u32::try_from(a).map_err(|_| Revert::Arithmetic)
}

/// `a x b / d` rounded down, with the product in 128 bits as the program has it.
fn part(a: u128, b: u128, d: u128) -> Result<u128, Revert> {
    Ok(rounding::div(mul(a, b)?, d, Rounding::Floor)?)
}

fn floor(n: u128, d: u128) -> MoneyResult<u128> {
    rounding::div(n, d, Rounding::Floor)
}

fn ceil(n: u128, d: u128) -> MoneyResult<u128> {
    rounding::div(n, d, Rounding::Ceil)
}

/// `a x b / d` of a signed `a`, towards zero.
fn signed_part(a: i128, b: u128, d: u128) -> Result<i128, Revert> {
    let magnitude = signed(part(a.unsigned_abs(), b, d)?)?;
    Ok(if a < 0 { -magnitude } else { magnitude })
}
