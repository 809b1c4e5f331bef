//! A limit order book rebuilt from a feed: a snapshot, differences, best quotes and trades.
//!
//! Everything is whole numbers: prices are raw at the feed's price decimals, quantities base units
//! (or contracts) at its quantity decimals. The rule is the one that venues publish for a snapshot
//! beside a stream of differences: differences that arrive first are kept; at the snapshot the book
//! is cleared; of those kept and of those that follow, the ones numbered at or below the snapshot
//! are dropped; a difference states what a level holds now, and zero takes it away.
//!
//! Best quotes never write into the book. A venue sends them at once and differences in batches, so
//! between two batches the newest quote is ahead of the book: [`BookFeed::visible`] clips the
//! side to it, and the next batch finds a book that only batches have touched.
//!
//! Whatever a feed gets wrong has a number ([`FeedFault::number`]): [`Strictness::Refuse`] stops at
//! it, [`Strictness::Flag`] counts it and goes on.
//!
//! ```
//! use breakwater_market::BookSide;
//! use breakwater_market::book_feed::{BookFeed, DenseLevels, FeedEvent, FeedRow, Strictness, take};
//!
//! let mut feed: BookFeed = BookFeed::new(Strictness::Refuse);
//! let mut apply = |at_nanos, event| feed.apply(&FeedRow { at_nanos, event }).unwrap();
//! let level = |side, price, quantity| (side, price, quantity);
//! for (side, price, quantity) in [level(BookSide::Bids, 99, 5), level(BookSide::Asks, 101, 7)] {
//!     apply(1, FeedEvent::Snapshot { update_id: 10, side, price, quantity });
//! }
//! let bid = |update_id, price, quantity| FeedEvent::Difference {
//!     update_id,
//!     previous_id: None,
//!     side: BookSide::Bids,
//!     price,
//!     quantity,
//! };
//! apply(2, bid(9, 99, 0)); // older than the snapshot: dropped
//! apply(3, bid(11, 98, 4));
//! feed.finish().unwrap();
//! let sale = take(feed.visible(BookSide::Bids), BookSide::Bids, 8, Some(98)).unwrap();
//! assert_eq!((sale.taken, sale.value, sale.worst, sale.missing), (8, 5 * 99 + 3 * 98, Some(98), 0));
//! ```

mod dense;
mod fault;
mod feed;
mod levels;
mod take;

pub use dense::DenseLevels;
pub use fault::{FAULTS, FaultCounts, FeedFault, Strictness};
pub use feed::{BestQuotes, BookFeed, Effect, FeedEvent, FeedRow, Traded};
pub use levels::{FeedLevel, Levels, TreeLevels};
pub use take::{Taken, take, take_each};

#[cfg(test)]
mod tests;
