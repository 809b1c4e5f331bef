//! Many paths of one book: forced sales move the price, and the price forces more sales.
//!
//! A step moves the price by its [`PathLaw`]; then, in rounds, everybody in breach is liquidated at
//! one price and what was sold moves the price by its [`Impact`], until nobody is in breach or the
//! [`Rules`] end the step. Decisions and amounts are whole numbers ([`rules`]); a float proposes only
//! the next price, which is a whole number again. So a path is the same on every machine, with any
//! number of threads, and equal to [`scan`], which asks every account in every round.
//!
//! A run is fast because it looks only at accounts that come into breach: all paths share one
//! read-only book in order of breach prices, and a path keeps one number for it and a queue of the
//! accounts that it has liquidated before.
//!
//! ```
//! use breakwater_simulate::monte_carlo::{Book, Impact, Measure, MonteCarlo, PathLaw, Rules};
//!
//! let book = Book::drawn(1_000, 1)?;
//! let depth = 2.0 * book.collateral() as f64;
//! let run = MonteCarlo {
//!     rules: Rules::headline(),
//!     impact: Impact::Exponential { depth },
//!     law: PathLaw::CRASH,
//!     steps: 1_440,
//!     paths: 8,
//!     seed: 7,
//!     threads: 2,
//! };
//! let results = run.run(&book)?;
//! assert!(results.complete() && results.liquidations() > 8_000);
//! let median = results.quantile(Measure::Trough, 500).unwrap();
//! assert!(median < book.price() / 2);
//! let slow = run.scan(&book, 3)?;
//! assert_eq!(results.rows[3], slow);
//! # Ok::<(), breakwater_simulate::ScenarioError>(())
//! ```

pub mod baskets;
pub mod book;
pub mod contracts;
pub(crate) mod error;
pub mod impact;
pub mod law;
pub mod live;
pub mod observe;
mod path;
mod queue;
pub mod results;
mod rounds;
pub mod rules;
pub mod run;
mod scan;
#[cfg(test)]
mod tests;

pub use book::{Book, Loan, TOTAL_LIMIT};
pub use impact::Impact;
pub use law::{Jumps, PathLaw, Steps};
pub use live::{Liquidated, LiveBook};
pub use observe::{Observer, Round};
pub use results::{Measure, Results, Row};
pub use rules::{AMOUNT_LIMIT, ONE_MAX, PRICE_MAX, Rules, Taken, Terms};
pub use run::{Done, MonteCarlo};
pub use scan::scan;
