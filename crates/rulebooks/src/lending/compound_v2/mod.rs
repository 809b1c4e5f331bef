//! Compound v2: the venue's liquidation of a borrow to the last unit.
//!
//! Mirrors the comptroller, the token contract and the jump rate model of `compound-protocol`
//! (commit a3214f6). Scales: factors, indices and rates a block 1e18; a price is the value of one
//! base unit of the asset at 1e36, so that values come out at 1e18; the exchange rate is base
//! units a share at 1e18. Every product and quotient rounds down. Time is counted in blocks.
//!
//! The functions are pure and read two slices in the same order: the markets of the pool and one
//! account's positions in them. A market is named by its place in the slice.
//!
//! What the venue does not promise: a call repays up to a share of one borrow rather than the
//! least that restores health, it may lower health, it may take the repayment for no share at
//! all, it judges markets that it does not name by what they stored last, and what an account
//! owes beyond its collateral stays owed for ever.

mod accrual;
mod business;
mod call;
mod health;
mod market;
mod parameters;
mod plan;
mod pool;
mod rulebook;
#[cfg(test)]
mod tests;

pub use accrual::{BORROW_RATE_MOST, accrue, borrow_rate};
pub use call::{Outcome, accrued, liquidate_borrow};
pub use health::{Liquidity, borrow_balance, exchange_rate, liquidity, worst};
pub use market::{Part, Redeemed, borrow, redeem, repay, supply};
pub use parameters::{AssetParameters, Constants, Parameters, RateParameters};
pub use plan::{Proposal, Terms, largest_call, lasting_call};
pub use rulebook::{RULE, build, shape};

use crate::lending::rates::TwoSlopes;
use breakwater_money::{MoneyError, U256, Wad};

/// A market without interest.
const STILL: TwoSlopes =
    TwoSlopes { base: U256::ZERO, slope_low: U256::ZERO, kink: U256::ZERO, slope_high: U256::ZERO };

/// What one setting of the pool applies to every market.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Share of one borrow that a call may repay (wad).
    pub close_factor: Wad,
    /// Collateral per value repaid (wad); 1.08 is a bonus of 8 %.
    pub incentive: Wad,
    /// The protocol's share of the shares seized (wad).
    pub protocol_share: Wad,
    /// Whether seizing is paused, which refuses every liquidation.
    pub seize_paused: bool,
}

impl Rule {
    /// The deployed settings: half of a borrow, a bonus of 8 %, and the contracts' constant of
    /// 2.8 % for the protocol.
    #[must_use]
    pub fn deployed() -> Self {
        Rule {
            close_factor: Wad::new(500_000_000_000_000_000),
            incentive: Wad::new(1_080_000_000_000_000_000),
            protocol_share: Wad::new(28_000_000_000_000_000),
            seize_paused: false,
        }
    }
}

/// One market as it stored itself last, and the blocks that have passed since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Market {
    /// Value of one base unit of the asset (1e36); zero where the oracle has no price.
    pub price: U256,
    /// Share of the collateral's value that may be owed (wad).
    pub collateral_factor: Wad,
    /// The protocol's share of the interest (wad).
    pub reserve_factor: Wad,
    /// Whether new borrows are paused.
    pub borrow_paused: bool,
    /// Whether the pool lists the market.
    pub listed: bool,
    /// Base units a share while no share exists (1e18).
    pub initial_exchange_rate: U256,
    /// Base units at hand.
    pub cash: U256,
    /// Base units lent out, interest included.
    pub total_borrows: U256,
    /// Base units of cash and borrows that belong to the protocol.
    pub total_reserves: U256,
    /// Shares in existence.
    pub total_supply: U256,
    /// What a base unit borrowed at the start has grown to (wad).
    pub borrow_index: Wad,
    /// Blocks since the market last accrued.
    pub blocks: U256,
    /// The interest rate model, a block.
    pub rates: TwoSlopes,
}

impl Market {
    /// Whether the market asks for interest at all.
    #[must_use]
    pub fn earns(&self) -> bool {
        let TwoSlopes { base, slope_low, slope_high, .. } = self.rates;
        !(base.is_zero() && slope_low.is_zero() && slope_high.is_zero())
    }

    /// Whether the pool has given the market up: no collateral factor, borrowing paused and all
    /// interest kept. Its borrows may be repaid by anyone, whatever the borrower's health.
    #[must_use]
    pub fn is_deprecated(&self) -> bool {
        self.collateral_factor.raw.is_zero()
            && self.borrow_paused
            && self.reserve_factor == Wad::one()
    }
}

/// One account's position in one market.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Position {
    /// Whether the account has entered the market. Only entered markets count, for and against.
    pub entered: bool,
    /// Shares supplied.
    pub shares: U256,
    /// Base units owed when the position last changed.
    pub principal: U256,
    /// The market's borrow index then (wad); zero for a position that never borrowed.
    pub interest_index: Wad,
    /// A collateral factor that replaces the market's for this account alone. The venue has none
    /// (`None`); it carries books that record an account's own average threshold.
    pub own_factor: Option<Wad>,
}

/// A liquidation as anyone may send it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    /// The market whose borrow is repaid.
    pub borrowed: usize,
    /// The market whose shares are seized. May be the same.
    pub collateral: usize,
    /// Base units repaid. Never clamped: too much is refused.
    pub repay: U256,
    /// Whether the caller is the borrower.
    pub self_liquidation: bool,
}

/// Why the venue refuses a call, by the name or the sentence of the contract's error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Revert {
    /// A market's rate a block exceeds the most that the contract accepts.
    #[error("borrow rate is absurdly high: above 0.0005 % a block")]
    RateTooHigh,
    /// A named market is not listed.
    #[error("MARKET_NOT_LISTED: the borrowed or the collateral market is not listed")]
    NotListed,
    /// More than all of a borrow in a deprecated market.
    #[error("Can not repay more than the total borrow: the market is deprecated")]
    MoreThanOwed,
    /// A market that the account has entered has no price.
    #[error("PRICE_ERROR: a market that the account has entered has no price")]
    NoPrice,
    /// The account is healthy. Exact equality is healthy.
    #[error("INSUFFICIENT_SHORTFALL: the account may owe what it owes")]
    Healthy,
    /// More than the close factor's share of the borrow.
    #[error("TOO_MUCH_REPAY: more than the close factor allows")]
    TooMuch,
    /// The caller is the borrower.
    #[error("LiquidateLiquidatorIsBorrower: the caller is the borrower")]
    SelfLiquidation,
    /// Nothing is repaid.
    #[error("LiquidateCloseAmountIsZero: nothing is repaid")]
    Zero,
    /// The largest integer, which elsewhere means all, is no amount here.
    #[error("LiquidateCloseAmountIsUintMax: an exact amount is needed")]
    Unbounded,
    /// The borrowed or the collateral asset has no price, so that nothing can be sized.
    #[error("LIQUIDATE_COMPTROLLER_CALCULATE_AMOUNT_SEIZE_FAILED: a named market has no price")]
    NoSeizePrice,
    /// The account has fewer shares than the repayment buys.
    #[error("LIQUIDATE_SEIZE_TOO_MUCH: the account has fewer shares than the repayment buys")]
    SeizeTooMuch,
    /// Seizing is paused.
    #[error("seize is paused")]
    SeizePaused,
    /// Borrowing is paused in the market.
    #[error("borrow is paused")]
    BorrowPaused,
    /// The market's borrows would reach its cap. Exact equality is too much.
    #[error("market borrow cap reached")]
    CapReached,
    /// The account would owe more than it may.
    #[error("INSUFFICIENT_LIQUIDITY: the account would owe more than it may")]
    Insufficient,
    /// An amount to redeem rounds to no share.
    #[error("redeemTokens zero: the amount rounds to no share")]
    ZeroShares,
    /// The market has less cash than is to be paid out.
    #[error("RedeemTransferOutNotPossible or BorrowCashNotAvailable: too little cash")]
    NoCash,
    /// A checked operation of the contract fails: overflow, underflow or division by zero.
    #[error("Panic: arithmetic overflow, underflow or division by zero")]
    Arithmetic,
}

impl Revert {
    /// The contract's own name or sentence for the error, without the comptroller's prefix.
    #[must_use]
    pub const fn contract_name(self) -> &'static str {
        match self {
            Revert::RateTooHigh => "borrow rate is absurdly high",
            Revert::NotListed => "MARKET_NOT_LISTED",
            Revert::MoreThanOwed => "Can not repay more than the total borrow",
            Revert::NoPrice => "PRICE_ERROR",
            Revert::Healthy => "INSUFFICIENT_SHORTFALL",
            Revert::TooMuch => "TOO_MUCH_REPAY",
            Revert::SelfLiquidation => "LiquidateLiquidatorIsBorrower",
            Revert::Zero => "LiquidateCloseAmountIsZero",
            Revert::Unbounded => "LiquidateCloseAmountIsUintMax",
            Revert::NoSeizePrice => "LIQUIDATE_COMPTROLLER_CALCULATE_AMOUNT_SEIZE_FAILED",
            Revert::SeizeTooMuch => "LIQUIDATE_SEIZE_TOO_MUCH",
            Revert::SeizePaused => "seize is paused",
            Revert::BorrowPaused => "borrow is paused",
            Revert::CapReached => "market borrow cap reached",
            Revert::Insufficient => "INSUFFICIENT_LIQUIDITY",
            Revert::ZeroShares => "redeemTokens zero",
            Revert::NoCash => "RedeemTransferOutNotPossible",
            Revert::Arithmetic => "Panic",
        }
    }
}

impl From<MoneyError> for Revert {
    fn from(_: MoneyError) -> Self {
        Revert::Arithmetic
    }
}
