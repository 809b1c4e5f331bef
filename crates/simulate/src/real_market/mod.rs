//! Orders worked through a feed of a real market.
//!
//! A feed ([`FeedFile`]) is a book's snapshot, differences, best quotes and trades, as a venue sent
//! them. An order of ours was not there, so two rules say what it would have met:
//!
//! - It eats the book as observed, less what we ate before ([`Debts`], [`Refill`]): a level that we
//!   ate into stays short by it until the feed itself is seen to turn the level over.
//! - Nobody reacts. Quotes, trades and the mid are those of the feed, so a cost here has the book's
//!   depth and the market's own moves in it and no lasting impact of ours: it is a lower bound, and
//!   the more so the larger the order is beside what the market trades.
//!
//! [`compare()`] works sizes by [`Strategy`] from several times of arrival, with everything that a
//! strategy must know ([`Estimates`]) taken from the part of the feed before the first of them.

pub mod almgren_chriss;
mod compare;
mod contract;
mod debts;
mod estimate;
pub mod ladders;
pub mod planned;
mod read;
mod run;
mod shipped;
pub mod strategy;

pub use compare::{Cell, Comparison, Mean, Question, Way, compare};
pub use contract::{Contract, Filled};
pub use debts::{Debts, Refill};
pub use estimate::{Estimates, Refilling, estimate};
pub use read::{COLUMNS, FeedFile, unit};
pub use run::{Sent, Stop, Terms, Worked};
pub use shipped::{open, shipped_names};
pub use strategy::{Order, Strategy, View};
