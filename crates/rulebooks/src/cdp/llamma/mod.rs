//! Soft liquidation by price bands: the automated market of crvUSD, to the last unit.
//!
//! Mirrors the band market of `curvefi/curve-stablecoin` at commit cf1d05fb (LlamaLend v2 AMM). A
//! loan's collateral lies in up to fifty bands of price. While the oracle's price falls through a
//! band, the market offers that band's collateral ever cheaper, and anybody swaps it into the
//! borrowed coin; while the price rises again, the coin is swapped back. Band `n + 1` lies below
//! band `n` by the factor `(A - 1) / A`.
//!
//! Scales: prices, fees and ratios 1e18; the contents of bands in units of 18 decimals whatever
//! the tokens have; amounts of calls and results in units of their token. Every division rounds
//! down unless its site says otherwise, and a product beyond 256 bits is refused.
//!
//! The functions are pure: they read a [`Market`], a [`Pool`] and a [`Feed`] and return what a call
//! would change. What the venue does not promise: a price that jumps past all bands meets no
//! trader on its way, and each way down and up again costs the borrower the fee and the spread.

mod band;
mod book;
pub mod controller;
mod edge;
mod exchange;
mod liquidity;
mod loans;
mod oracle;
mod parameters;
mod rulebook;
mod target;
mod value;
mod walk;

#[cfg(test)]
mod rulebook_tests;
#[cfg(test)]
mod tests;

pub use band::{BandPrices, band_prices, price};
pub use edge::{BadTerms, Market, Terms};
pub use exchange::{Quote, Swap, exchange, quote, quote_in, quote_out};
pub use liquidity::{Deposit, Withdrawal, deposit, withdraw};
pub use oracle::{Limited, limited};
pub use parameters::{Constants, Discounts, MarketParameters, Parameters, RULE};
pub use rulebook::{build, shape};
pub use target::{Target, amount_for_price};
pub use value::{Claim, Value, claim, value};
pub use walk::Wanted;

use breakwater_money::{MoneyError, U256};
use std::collections::BTreeMap;

/// One in the scale of prices, fees and band contents.
pub const ONE: u64 = 1_000_000_000_000_000_000;

/// Most bands of one position, and most bands that one swap trades in.
pub const BANDS_MAX: usize = 50;

/// Most bands that one swap or deposit walks over without counting them.
pub const SKIPPED_MAX: usize = 1_024;

/// Shares of each band that belong to nobody, so that the first depositor cannot set their price.
pub const DEAD_SHARES: u64 = 1_000;

/// Base units of 18 decimals of which each band of a deposit must receive more.
pub const PART_MIN: u64 = 100;

/// A coin of the market.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coin {
    /// The coin that is owed.
    Borrowed,
    /// The coin that secures it.
    Collateral,
}

/// What the price feed and the clock say at the instant of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Feed {
    /// Price of one whole collateral token in borrowed tokens (wad).
    pub price: U256,
    /// Unix time, seconds.
    pub now: u64,
}

/// What the market remembers of the oracle at its last swap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// Limited price (wad).
    pub price: U256,
    /// Fee that the price's last move left behind (wad, below one).
    pub fee: U256,
    /// Unix time, seconds.
    pub at: u64,
}

/// The contents of one band.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Band {
    /// Borrowed coin, 18 decimals.
    pub borrowed: U256,
    /// Collateral, 18 decimals.
    pub collateral: U256,
    /// Shares of all depositors, dead shares not included.
    pub shares: U256,
}

impl Band {
    /// Whether the band holds neither coin.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.borrowed.is_zero() && self.collateral.is_zero()
    }

    /// All shares, the dead ones included.
    fn all_shares(&self) -> Result<U256, Revert> {
        add(self.shares, U256::from(DEAD_SHARES))
    }
}

/// The part of a market's state that is not in its bands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The band that trades now; above it (smaller numbers) lies only borrowed coin, below it only
    /// collateral.
    pub active: i64,
    /// The highest-priced band a swap may reach.
    pub lowest: i64,
    /// The lowest-priced band a swap may reach.
    pub highest: i64,
    /// Growth of the base price by interest since the start (wad).
    pub multiplier: U256,
    /// What is remembered of the oracle.
    pub memory: Memory,
}

/// A market's state. A band that is not listed is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    /// All but the bands.
    pub head: Head,
    /// The bands by number.
    pub bands: BTreeMap<i64, Band>,
}

impl Pool {
    /// A pool without any deposit, created at `feed`.
    #[must_use]
    pub fn new(feed: Feed) -> Self {
        let memory = Memory { price: feed.price, fee: U256::ZERO, at: feed.now };
        let head = Head { active: 0, lowest: 0, highest: 0, multiplier: U256::from(ONE), memory };
        Pool { head, bands: BTreeMap::new() }
    }

    /// Takes over what a call changes.
    pub fn apply(&mut self, changes: &Changes) {
        self.head = changes.head;
        for (n, band) in &changes.bands {
            if *band == Band::default() {
                self.bands.remove(n);
            } else {
                self.bands.insert(*n, *band);
            }
        }
    }
}

/// Where a market's state is read from.
pub trait Bands {
    /// All but the bands.
    fn head(&self) -> Head;
    /// The contents of band `n`; empty where nothing is known of it.
    fn band(&self, n: i64) -> Band;
}

impl Bands for Pool {
    fn head(&self) -> Head {
        self.head
    }

    fn band(&self, n: i64) -> Band {
        self.bands.get(&n).copied().unwrap_or_default()
    }
}

/// A state after some changes that nobody has taken over yet.
#[derive(Debug, Clone, Copy)]
pub struct After<'a, B> {
    /// The state before.
    pub before: &'a B,
    /// What happened since.
    pub changes: &'a Changes,
}

impl<B: Bands> Bands for After<'_, B> {
    fn head(&self) -> Head {
        self.changes.head
    }

    fn band(&self, n: i64) -> Band {
        // A call changes at most fifty bands.
        let changed = self.changes.bands.iter().find(|(number, _)| *number == n);
        changed.map_or_else(|| self.before.band(n), |(_, band)| *band)
    }
}

/// What a call changes in a pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// The head after the call.
    pub head: Head,
    /// The touched bands after the call, each once.
    pub bands: Vec<(i64, Band)>,
}

/// One depositor's shares, of every band from `first` on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The highest-priced band.
    pub first: i64,
    /// Shares of each band in the order of the numbers; at least one, at most [`BANDS_MAX`].
    pub shares: Vec<U256>,
}

impl Position {
    /// The lowest-priced band.
    #[must_use]
    pub fn last(&self) -> i64 {
        let bands = i64::try_from(self.shares.len()).unwrap_or(i64::MAX);
        self.first.saturating_add(bands.saturating_sub(1))
    }

    /// The bands and the shares of each.
    fn each(&self) -> impl Iterator<Item = (i64, U256)> + '_ {
        (self.first..).zip(self.shares.iter().copied())
    }
}

/// Why the venue refuses a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Revert {
    /// More bands than a position may have, or none.
    #[error("Too many bands: a position has 1 to 50 bands")]
    BandCount,
    /// A hundred base units of 18 decimals or fewer for each band.
    #[error("Amount too low: each band must receive more than 100 units of 18 decimals")]
    AmountTooLow,
    /// The depositor already has a position.
    #[error("User must have no liquidity: the depositor already holds a position")]
    HasLiquidity,
    /// A band at or above the named ones holds borrowed coin, or too many lie between.
    #[error(
        "Deposit below current band: a band that would be skipped or filled holds borrowed coin"
    )]
    BelowActive,
    /// A band would give no share for its part.
    #[error("Amount too low: a band would give no share")]
    NoShares,
    /// More than the whole position was asked for.
    #[error("Fraction too large: at most the whole position can be withdrawn")]
    FractionTooLarge,
    /// There is no position to withdraw.
    #[error("No deposits: the account holds no position")]
    NoPosition,
    /// The swap gives less, or takes more, than the caller allows.
    #[error("Slippage: the swap is worse than the caller's limit")]
    Slippage,
    /// The bands within reach do not hold what is wanted.
    #[error("Slippage: the bands within reach hold less than is wanted")]
    NotFilled,
    /// The band lies so low that its price has no digits left.
    #[error("limit: the band's edge is out of the range of the exponential")]
    EdgeOutOfRange,
    /// There is no debt to place a position for.
    #[error("No loan: there is no debt")]
    NoLoan,
    /// The debt needs a band above the price, or one that cannot be reached.
    #[error("Debt too high: the collateral would have to lie above the price, or above coin")]
    DebtTooHigh,
    /// A part of the collateral has been swapped already, so that the bands cannot be moved.
    #[error("Underwater: a part of the collateral has been swapped already")]
    Underwater,
    /// The loan's health is not below zero.
    #[error("Not enough rekt: the loan's health is not below zero")]
    Healthy,
    /// A checked operation of the contract fails: overflow, underflow or division by zero.
    #[error("arithmetic: overflow, underflow or division by zero")]
    Arithmetic,
}

impl Revert {
    /// The contract's own text of the error, or its kind where the contract gives none.
    #[must_use]
    pub const fn contract_name(self) -> &'static str {
        match self {
            Revert::BandCount => "Too many bands",
            Revert::AmountTooLow | Revert::NoShares => "Amount too low",
            Revert::HasLiquidity => "User must have no liquidity",
            Revert::BelowActive => "Deposit below current band",
            Revert::FractionTooLarge => "Fraction too large",
            Revert::NoPosition => "No deposits",
            Revert::Slippage | Revert::NotFilled => "Slippage",
            Revert::EdgeOutOfRange => "limit",
            Revert::NoLoan => "No loan",
            Revert::DebtTooHigh => "Debt too high",
            Revert::Underwater => "Underwater",
            Revert::Healthy => "Not enough rekt",
            Revert::Arithmetic => "arith",
        }
    }
}

impl From<MoneyError> for Revert {
    fn from(_: MoneyError) -> Self {
        Revert::Arithmetic
    }
}

/// A checked sum.
fn add(a: U256, b: U256) -> Result<U256, Revert> {
    a.checked_add(b).ok_or(Revert::Arithmetic)
}

/// A checked difference.
fn sub(a: U256, b: U256) -> Result<U256, Revert> {
    a.checked_sub(b).ok_or(Revert::Arithmetic)
}
