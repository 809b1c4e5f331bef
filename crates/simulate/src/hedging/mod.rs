//! Hedged books of options: simulated, and held against recorded chains.
//!
//! - [`simulate`]: many paths of a geometric Brownian motion, one option sold or bought and hedged by
//!   each policy; what that costs, and how far it misses.
//! - [`chain::read`] and [`backtest`]: a recorded chain, hour by hour, day by day or minute by minute, a
//!   book of its options, hedged by each policy.
//! - [`propose`]: the trade of each policy now.
//! - [`Attribution`]: where profit came from, in billionths of the unit; the parts are the total.
//!
//! Prices and greeks are floats that propose; trades are whole lots and the attribution is in integers.

pub mod attribution;
pub mod backtest;
pub mod book;
pub mod book_file;
pub mod chain;
mod daily;
mod hourly;
mod legs;
mod minutes;
pub mod monte_carlo;
mod paths;
pub mod propose;
pub mod shipped;

#[cfg(test)]
mod tests;

pub use attribution::{Attribution, NANOS, Terms};
pub use backtest::{Backtest, BacktestSettings, PolicyRun, Split, StepRow, backtest};
pub use book::{Book, Market, Position, Settlement};
pub use chain::{Chain, ChainQuote, ExpiryQuotes, Snapshot};
pub use monte_carlo::{Outcome, Simulated, SimulationSettings, simulate};
pub use propose::{Proposal, propose};

use crate::ScenarioError;

/// A refusal of the options crate, as one of a setting.
pub(crate) fn refused(what: &str, error: impl std::fmt::Display) -> ScenarioError {
    ScenarioError::setting(what, error.to_string())
}
