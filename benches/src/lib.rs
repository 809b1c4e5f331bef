//! Measurements, each of which first proves its answer equal to the slow way.
//!
//! Benchmarks run with `cargo bench -p breakwater-benches --bench <name>`: `watch` (a tick's
//! way through the engine over many accounts, against assessing everybody again), `assess` (exact
//! assessments a second), `durable` (commands made durable a second, against the bare database and
//! a raw file in the same run), `rulebooks` (exact assessments and planned calls a second under
//! every rulebook that takes a lending book), `portfolio_margin` (scenarios of options and of whole
//! accounts a second), `liquidation_prices` (exact liquidation prices a second, by what an account
//! holds), `deleverage_ranking` (a side of positions ranked and its closes chosen, against a sort of
//! them all), `batch_clearing` (the one price of a batch of orders, against a sort of them all and
//! against its definition), `book_feed` (rows of a feed a second, over an array against a tree), `auction_games` (auctions simulated
//! a second, by format), and `auction_bids` (bids a second through the
//! engine). `--quick` after
//! `--` makes each small enough for a test.
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
pub mod contract_pool;
pub mod deleverage_ranking;
pub mod draw;
pub mod durable;
pub mod failure;
pub mod histogram;
pub mod judge;
pub mod lending_pool;
pub mod liquidation_prices;
pub mod margin_pool;
pub mod options;
pub mod pool;
pub mod portfolio_margin;
pub mod print;
pub mod proposals;
pub mod rulebooks;
pub mod runs;
pub mod shaped_book;
pub mod walk;
pub mod watch;

pub use failure::{Failure, Result};
pub use options::Options;
