//! The run: a book, a day, a venue's rules, and what came of them.
//!
//! The engine is the one that runs live. It is told the rulebook, a policy and the book, then every
//! mark of the day; it orders sales, and what the minute's depth takes of them is told back. What
//! the market does not take of a bankrupt account the engine closes against winners.
//!
//! **The market.** Longs that are closed sell into the minute's bids, shorts buy from its asks, at
//! the depth's distance from the mark in per cent. What is sold consumes depth for those that
//! follow; a stated share of it is back each minute. A stated share of the impact left may be
//! carried into the next mark; by itself none is, because the index has that day's liquidations in
//! it already.
//!
//! **The fund stands behind a sale, or it is not made.** Where winners may be asked, an account is
//! sold as far as its equity and the fund cover what the sale loses, and not at all once it lacks
//! more than the fund has: then the engine asks winners. So nothing is left with nobody that winners
//! could have borne.
//!
//! Everything is an integer and every run is its commands: the same scenario and options give the
//! same state hash.

mod ending;
mod fill;
mod found;
mod market;
pub mod options;
mod planned;
mod pooled;
pub mod record;
mod side_by_side;
mod stage;
#[cfg(test)]
mod tests;
mod winners;

pub use options::{Asked, Closing, PerpetualOptions, Pooling, Schedule, rule_name};
pub use record::{PerpetualRun, PerpetualTotals, Sale, Wave};
pub use side_by_side::{SideBySide, compare};

use super::PerpetualScenario;
use crate::ScenarioError;
use crate::watcher::Watcher;
use stage::Stage;

/// Decimals of the settle asset: a contract's value at a price in cents needs five.
pub const SETTLE_DECIMALS: u8 = 6;

/// Runs the scenario.
///
/// # Errors
/// A setting that makes no sense, an account that the rulebook would not let open its position, a
/// broken invariant, or a watcher that cannot record.
pub fn run(
    scenario: &PerpetualScenario,
    options: &PerpetualOptions,
    watcher: &mut dyn Watcher,
) -> Result<PerpetualRun, ScenarioError> {
    let minutes = &scenario.path().minutes;
    let points = minutes.len() as u64;
    watcher.begin(points);
    let mut stage = Stage::found(scenario, options, watcher)?;
    for (number, minute) in (1u64..).zip(minutes) {
        stage.minute(minute)?;
        stage.tell_progress(number, points, minute);
    }
    let run = stage.end()?;
    watcher.finish().map_err(ScenarioError::Record)?;
    Ok(run)
}
