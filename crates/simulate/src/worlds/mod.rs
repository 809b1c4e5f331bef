//! Worlds: many paths of a book under a file that names everything.
//!
//! A world file (TOML, [`settings`]) names a book, markets with their depth and its recovery, how prices
//! move (as they did, in blocks of real days, or by a law; alone or together), whose rule liquidates,
//! who else sells, what stands against a cascade, what is told, and what is run again with other
//! values. A file that contradicts itself is refused with the reason.
//!
//! Decisions and amounts are whole numbers and come from one place, [`rule`]: the plain rule of
//! [`crate::monte_carlo`], or a venue's own functions. The fast way looks at accounts that prices have
//! reached; asking everybody gives the same rows, bit for bit ([`World::scan`]). Draws are counted, so
//! rows are the same for any number of threads. Every path balances its books: what is left and what
//! was moved is what there was.
//!
//! ```
//! use breakwater_simulate::worlds::{Metric, World, value};
//!
//! let paths = ("run.paths".to_owned(), value("20"));
//! let world = World::open_with("black-thursday", &[paths])?;
//! let outcome = world.run(1)?;
//! assert_eq!((outcome.rows.len(), outcome.unbalanced()), (20, 0));
//! assert_eq!(outcome.rows[3], world.scan(3).unwrap());
//! let bad_debt = outcome.figures(Metric::BadDebt, world.driver, 0);
//! assert!(bad_debt.iter().any(|loss| *loss > 0.0));
//! # Ok::<(), breakwater_simulate::ScenarioError>(())
//! ```

mod bars;
mod book;
mod build;
mod engine;
mod fast;
pub mod process;
pub mod results;
pub mod rule;
pub mod search;
pub mod settings;
mod simple;
pub mod stats;
mod tables;
#[cfg(test)]
mod tests;
pub mod world;

pub use results::{BANDS, Engine, Grid, Metric, Outcome, PathRow, ROUNDS, Seen};
pub use search::{Cell, FundRow, Plan, Table, front, fund_for, sizes, table};
pub use settings::value;
pub use stats::{CONFIDENCE, Interval, Tail, tail};
pub use world::{GENERATOR, World};
