//! What a feed says, and what is left of it once accepted.

use breakwater_money::{Price, Time};
use serde::{Deserialize, Serialize};

/// A market: one base asset priced in one numeraire. Dense from zero in the order of definition.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct MarketId(pub u16);

impl MarketId {
    /// Position in columns that hold one entry a market.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl std::fmt::Display for MarketId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "market {}", self.0)
    }
}

/// What was observed, raw at the tick's decimals. A book with one side missing cannot be
/// expressed: the parser refuses it, or falls back to a last trade as [`Quote::Single`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Quote {
    /// One price: an oracle's answer, an index, a last trade.
    Single(u128),
    /// Best bid and best ask.
    TwoSided {
        /// The best price somebody buys at.
        bid: u128,
        /// The best price somebody sells at.
        ask: u128,
    },
}

/// A raw price message. Nothing about it has been checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tick {
    /// Which market.
    pub market: MarketId,
    /// What was observed.
    pub quote: Quote,
    /// Decimals of the raw prices in `quote`.
    pub decimals: u8,
    /// The feed's own counter; rises by at least one from tick to tick.
    pub sequence: u64,
    /// When the source observed it.
    pub observed_at: Time,
}

/// An accepted price with its age and confidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The single price, or `floor((bid + ask) / 2)`.
    pub price: Price,
    /// Confidence in `price`, at its scale: `ceil((ask - bid) / 2)`, so that `price` less or plus
    /// it covers both sides; zero for a single price.
    pub half_spread: u128,
    /// When the source observed it. Age counts from here.
    pub observed_at: Time,
    /// When it was judged and accepted.
    pub accepted_at: Time,
    /// The feed's counter.
    pub sequence: u64,
}
