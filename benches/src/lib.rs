//! Measurements, each of which first proves its answer equal to the slow way.
//!
//! Run one with `cargo bench -p breakwater-benches --bench <name>`; `--quick` after `--` makes it small
//! enough for a test.
//!
//! | name | measures |
//! |---|---|
//! | `assess` | exact assessments a second |
//! | `auction_bids` | bids a second through the engine |
//! | `auction_games` | auctions simulated a second, by format |
//! | `batch_clearing` | the one price of a batch of orders, against a sort of them all and against its definition |
//! | `book_feed` | updates of an order book a second, against a tree |
//! | `cascade` | paths of a cascade over a large book, against a scan of all accounts; the live twin |
//! | `contract_events` | events of financial contracts a second, each case first held against its published rows |
//! | `deleverage_ranking` | a side of positions ranked and its closes chosen, against a sort of them all |
//! | `durable` | commands made durable a second, against the bare database and a raw file |
//! | `liquidation_prices` | exact liquidation prices a second, by what an account holds |
//! | `margin_calls` | margin calls of a book of agreements a second, in integer columns against the exact formula |
//! | `option_prices` | options with greeks and implied volatilities a second, in columns against one at a time |
//! | `plans` | sales planned over observed depth a second, against every combination of lots |
//! | `pooled_schedule` | rounds over the legs of many accounts in one market, against the naive way |
//! | `portfolio_margin` | scenarios of options and of whole accounts a second |
//! | `rulebooks` | exact assessments and planned calls a second, under every rulebook that takes a lending book |
//! | `schedules` | schedules of sales a second, by model, against a quadratic programme |
//! | `watch` | a tick's way through the engine over many accounts, against assessing everybody again |
//!
//! Nothing here asserts a time: a benchmark fails only where two answers differ. What the figures
//! cover and what they do not is in `docs/performance.md`.
//!
//! ```
//! use breakwater_benches::histogram::Histogram;
//!
//! let mut times = Histogram::default();
//! (1..=1_000).for_each(|nanos| times.record(nanos));
//! assert!((500..=516).contains(&times.percentile(50)));
//! assert_eq!(times.most(), 1_000);
//! ```

pub mod assess;
pub mod auction_bids;
pub mod auction_games;
pub mod batch_clearing;
pub mod book_feed;
pub mod cascade;
pub mod contract_events;
pub mod contract_pool;
pub mod deleverage_ranking;
pub mod draw;
pub mod durable;
pub mod failure;
pub mod histogram;
pub mod judge;
pub mod lending_pool;
pub mod liquidation_prices;
pub mod lots;
pub mod margin_calls;
pub mod margin_pool;
pub mod option_prices;
pub mod options;
pub mod plans;
pub mod pool;
pub mod pooled_schedule;
pub mod portfolio_margin;
pub mod print;
pub mod proposals;
pub mod rulebooks;
pub mod runs;
pub mod schedules;
pub mod shaped_book;
pub mod walk;
pub mod watch;

pub use failure::{Failure, Result};
pub use options::Options;
