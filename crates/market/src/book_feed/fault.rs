//! What a feed can get wrong, by number.

use crate::band_depth::BookSide;

/// What is done about a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strictness {
    /// It is an error; the row changes nothing but what the fault's text says.
    Refuse,
    /// It is counted. The row is taken or left as the fault's text says.
    Flag,
}

/// How many faults there are.
pub const FAULTS: usize = 10;

/// A fault of a feed. Prices and quantities are raw, at the feed's decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FeedFault {
    /// Flagged, the row is taken: what orders a book is its update numbers.
    #[error("local time {at} ns is before {last} ns of the row before; expected rows in order")]
    TimeBackwards {
        /// The row's.
        at: u64,
        /// That of the row before.
        last: u64,
    },
    /// Flagged, the difference is dropped: the book is newer.
    #[error(
        "update {update_id} follows {last}; expected differences in the order of their numbers"
    )]
    OutOfOrder {
        /// The difference's.
        update_id: u64,
        /// The last one applied.
        last: u64,
    },
    /// Flagged, the difference is applied, and the book is not whole until the next snapshot.
    #[error(
        "update {update_id} says it follows {previous}, the book is at {last}: updates are missing"
    )]
    Gap {
        /// The difference's number.
        update_id: u64,
        /// The one it names as before it.
        previous: u64,
        /// Where the book is.
        last: u64,
    },
    /// Found when the next update begins. Flagged, the book stays as it is.
    #[error("after update {update_id} the best bid {bid} is not below the best ask {ask}")]
    Crossed {
        /// The update after which it is so.
        update_id: u64,
        /// Best bid.
        bid: u64,
        /// Best ask.
        ask: u64,
    },
    /// Flagged, the trade is not counted again.
    #[error("trade {trade_id} follows trade {last}: it is repeated or out of order")]
    TradeRepeated {
        /// The trade's number.
        trade_id: u64,
        /// That of the trade before.
        last: u64,
    },
    /// Flagged, the trade counts; those missing cannot.
    #[error("trade {trade_id} follows trade {last}: trades between them are missing")]
    TradeGap {
        /// The trade's number.
        trade_id: u64,
        /// That of the trade before.
        last: u64,
    },
    /// Flagged, the snapshot is left out.
    #[error("snapshot {update_id} is not newer than the book, which is at {last}")]
    SnapshotOld {
        /// The snapshot's number.
        update_id: u64,
        /// Where the book is.
        last: u64,
    },
    /// Flagged, the quotes are left out.
    #[error("best quotes {update_id}: the bid {bid} is not below the ask {ask}")]
    QuotesCrossed {
        /// Their number.
        update_id: u64,
        /// The bid.
        bid: u64,
        /// The ask.
        ask: u64,
    },
    /// Flagged, the row is left out.
    #[error("the price of a row on the side of the {side:?} is 0; expected more than 0")]
    PriceZero {
        /// The row's side.
        side: BookSide,
    },
    /// Flagged, the difference is dropped and the book is not whole.
    #[error("{kept} differences arrived before any snapshot; expected a snapshot sooner")]
    NoSnapshot {
        /// How many are kept.
        kept: usize,
    },
}

impl FeedFault {
    /// Its number, from 1; never given to another fault.
    #[must_use]
    pub const fn number(&self) -> usize {
        match self {
            FeedFault::TimeBackwards { .. } => 1,
            FeedFault::OutOfOrder { .. } => 2,
            FeedFault::Gap { .. } => 3,
            FeedFault::Crossed { .. } => 4,
            FeedFault::TradeRepeated { .. } => 5,
            FeedFault::TradeGap { .. } => 6,
            FeedFault::SnapshotOld { .. } => 7,
            FeedFault::QuotesCrossed { .. } => 8,
            FeedFault::PriceZero { .. } => 9,
            FeedFault::NoSnapshot { .. } => 10,
        }
    }
}

/// How often each fault was flagged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FaultCounts([u64; FAULTS]);

impl FaultCounts {
    /// Name of each fault, in the order of the numbers.
    pub const NAMES: [&'static str; FAULTS] = [
        "time backwards",
        "out of order",
        "gap",
        "crossed",
        "trade repeated",
        "trades missing",
        "snapshot old",
        "quotes crossed",
        "price zero",
        "no snapshot",
    ];

    pub(super) fn count(&mut self, fault: &FeedFault) {
        if let Some(count) = self.0.get_mut(fault.number() - 1) {
            *count += 1;
        }
    }

    /// How often the fault of `number` was flagged; zero for a number that none has.
    #[must_use]
    pub fn of(&self, number: usize) -> u64 {
        number.checked_sub(1).and_then(|at| self.0.get(at)).copied().unwrap_or(0)
    }

    /// All together.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }
}
