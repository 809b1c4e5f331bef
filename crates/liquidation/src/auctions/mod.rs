//! A leg that is auctioned instead of sold into a market.
//!
//! The formats are those of `breakwater_auction`; here they meet an account's lot: terms in shares of
//! the mark become terms in units ([`AuctionTerms`]), a running auction takes bids and says what has
//! to be paid in, refunded and sold ([`Running`]), and its clock stands still while prices may not be
//! acted on. Nothing is moved here: the engine holds what bidders put down and sells to them as to any
//! market, by [`Call::Fill`](crate::Call::Fill).
//!
//! Bidders are outsiders under numbers of their own. All money is in base units of what the leg brings
//! in, all lots in base units of what it sells.

mod bidding;
mod closing;
mod lots;
mod running;
mod terms;
#[cfg(test)]
mod tests;

pub use lots::{Offer, OnAuction};
pub use running::{Auctioned, Live, Running, Sold, Step, Totals, Verdict};
pub use terms::{
    AuctionTerms, BatchTerms, Deposit, Disposal, DutchCurve, DutchTerms, EnglishTerms, Extension,
    Format, Opening, Raises, SealedTerms,
};

use breakwater_money::Price;
use serde::{Deserialize, Serialize};

/// The formats by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuctionFormat {
    /// Ascending.
    English,
    /// Descending.
    Dutch,
    /// Sealed bids.
    Sealed,
    /// One price for all.
    Batch,
}

impl AuctionFormat {
    /// The name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            AuctionFormat::English => "english",
            AuctionFormat::Dutch => "dutch",
            AuctionFormat::Sealed => "sealed",
            AuctionFormat::Batch => "batch",
        }
    }
}

/// What a bidder says. Which of them an auction understands is its format's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Bid {
    /// Ascending: so much for the whole lot.
    Raise {
        /// Money.
        amount: u128,
    },
    /// Ascending, once all that is wanted is bid: the same sum for so much of the lot.
    Shrink {
        /// Of the lot.
        lot: u128,
    },
    /// Descending: buys at the price of now.
    Take {
        /// Of the lot, at most.
        quantity: u128,
        /// Money for one whole unit, at most.
        price_max: Price,
    },
    /// Sealed: the digest of a bid, with the deposit of the terms.
    Commit {
        /// See [`commitment`](breakwater_auction::sealed::commitment).
        digest: [u8; 32],
    },
    /// Sealed: what the digest was of.
    Reveal {
        /// Money for the whole lot.
        amount: u128,
        /// As it went into the digest.
        salt: [u8; 32],
    },
    /// Batch: pays at most so much for at least so much of the lot, all of it at one price.
    Order {
        /// Money.
        pay: u128,
        /// Of the lot.
        min_receive: u128,
    },
    /// Batch: takes such an order back.
    Withdraw {
        /// Its money.
        pay: u128,
        /// Its part of the lot.
        min_receive: u128,
    },
    /// Ascending with deposits: the winner pays the rest.
    Pay,
}

impl Bid {
    /// Whether such a bid, once taken, sells at once. Others wait for the auction's end.
    #[must_use]
    pub const fn sells(&self) -> bool {
        matches!(self, Bid::Take { .. } | Bid::Pay)
    }

    /// Kind of the bid, for messages.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Bid::Raise { .. } => "raise",
            Bid::Shrink { .. } => "shrink",
            Bid::Take { .. } => "take",
            Bid::Commit { .. } => "commit",
            Bid::Reveal { .. } => "reveal",
            Bid::Order { .. } => "order",
            Bid::Withdraw { .. } => "withdraw",
            Bid::Pay => "pay",
        }
    }
}
