//! A day of a perpetual contract: its index and depth by the minute, and a drawn book that held it.
//!
//! No exchange publishes who holds what, so the book is drawn from distributions that the scenario
//! states, by a generator keyed by seed, account and field. Index and depth are facts, judged before
//! they are used: a side of the depth that the guard refuses is mirrored from the other, and
//! [`PerpetualPath::depth_report`] says how often and when.
//!
//! What a runner gets, and what it is expected to do with it:
//!
//! - **The book**, [`PerpetualScenario::book`]: accounts in a fixed order, traders first, then makers.
//!   Of each: `margin_cents` (what the position was opened with), `wallet_cents` (cash beside it),
//!   `isolated` (true: margin and position are an account of their own, the wallet stays with the
//!   owner out of reach; false: both are one cash balance), `side`, and `fills`: quantity in
//!   [`BASE_DECIMALS`] and price in [`PRICE_DECIMALS`]. A fill is one trade against the venue; all of
//!   them together net to zero in contracts and in value at [`VALUE_DECIMALS`], so the venue is flat
//!   once the book is opened, and unrealised profits add up to zero at any mark.
//! - **The path**, [`PerpetualScenario::path`]: for each minute its four marks in order, each a
//!   [`MarkPoint`] with its time, and the minute's [`breakwater_market::BandDepth`] if either side was
//!   believed. The mark is the index. Longs that are closed sell into `depth.bids_at(mark)`, shorts
//!   buy from `depth.asks_at(mark)`; both keep their distance from the minute's reference in per cent
//!   when the mark moves. A minute without depth quotes nothing: what cannot be sold waits.
//! - **What the [`runner`] adds**: what of a minute's depth earlier sales have consumed and how it
//!   recovers, feedback into the mark, the insurance fund (as a share of
//!   [`PerpetualBook::open_interest`] at the first mark), and the way to deleverage.
//!
//! ```
//! use breakwater_simulate::perpetuals::PerpetualScenario;
//!
//! let october = PerpetualScenario::open("october-2025").unwrap();
//! let path = october.path();
//! assert_eq!(path.minutes.len(), 1_440);
//! assert!(path.depth_report().bids.refused > 0);
//! let book = october.book().unwrap();
//! assert_eq!(book.long().size, book.short().size);
//! ```

mod assumptions;
pub mod book;
pub mod draw;
pub mod path;
pub mod runner;
pub mod scenario;
pub mod settings;
#[cfg(test)]
mod tests;

pub use book::{Fill, PerpetualAccount, PerpetualBook, PositionSide, Role, SideTotal};
pub use path::{Bar, DepthReport, MarkPoint, Minute, PerpetualPath};
pub use scenario::PerpetualScenario;
pub use settings::PerpetualSettings;

/// Decimals of quantities: a base unit is a thousandth of the base asset.
pub const BASE_DECIMALS: u8 = 3;

/// Decimals of prices and of money: cents.
pub const PRICE_DECIMALS: u8 = 2;

/// Decimals of the value of a quantity at a price, exact.
pub const VALUE_DECIMALS: u8 = BASE_DECIMALS + PRICE_DECIMALS;
