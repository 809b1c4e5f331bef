//! The run: the same vaults, the same day, the same bidders, and one format of auction.
//!
//! The engine is the one that runs live. It is told the rulebook, a policy whose disposal is the
//! format, and the vaults; then the venue's price, and what of the bidders' transactions has landed. It
//! opens the auctions, takes or refuses the bids, and settles. So a run is its commands, and its journal
//! gives the same state again.
//!
//! What is not modelled: owners who top up or repay; interest; a price of the money other than one;
//! bidders' sales moving the day's price beyond what they themselves reckon with; transactions of one
//! sender waiting for each other beyond the stated number in flight.

mod ending;
mod found;
mod land;
mod outside;
mod play;
mod read;
mod record;
mod stage;
#[cfg(test)]
mod tests;
mod varied;

pub use record::{
    AuctionRun, AuctionTotals, BidPoint, BidderEnd, Lot, PairedPrice, PriceLeadership,
};
pub use varied::{Cell, vary};

use super::scenario::AuctionScenario;
use crate::ScenarioError;
use crate::watcher::{Progress, Watcher};
use stage::Stage;

/// What a caller may change about a run; the scenario's own setting stands where there is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuctionOptions {
    /// Another seed: other vaults and other bidders.
    pub seed: Option<u64>,
    /// Another number of bidders.
    pub bidders: Option<u32>,
    /// Times the day's gas.
    pub gas: Option<String>,
    /// Times each bidder's capital.
    pub capital: Option<String>,
}

/// Runs the scenario under one of its formats.
///
/// # Errors
/// No such format, a setting that makes no sense, a command that the engine refuses although the run
/// cannot do without it, a broken invariant, or a watcher that cannot record.
pub fn run(
    scenario: &AuctionScenario,
    format: &str,
    options: &AuctionOptions,
    watcher: &mut dyn Watcher,
) -> Result<AuctionRun, ScenarioError> {
    let steps = scenario.steps();
    watcher.begin(steps);
    let mut stage = Stage::found(scenario, format, options, watcher)?;
    for step in 0..=steps {
        let seconds = step * scenario.settings.market.step_seconds;
        stage.step(seconds)?;
        if step.is_multiple_of(PROGRESS_STEPS) {
            stage.tell_progress(step, steps);
        }
        if stage.is_over(seconds) {
            break;
        }
    }
    let run = stage.end()?;
    watcher_finished(watcher)?;
    Ok(run)
}

/// Steps between two words of progress.
const PROGRESS_STEPS: u64 = 20;

fn watcher_finished(watcher: &mut dyn Watcher) -> Result<(), ScenarioError> {
    watcher.finish().map_err(ScenarioError::Record)
}

impl Stage<'_> {
    fn tell_progress(&mut self, step: u64, steps: u64) {
        let seconds = step * self.scenario.settings.market.step_seconds;
        let progress = Progress {
            point: step,
            points: steps,
            at: format!("{:02}:{:02}", seconds / 3_600, seconds / 60 % 60),
            driver: breakwater_money::decimal::format_raw(
                self.outside.mid,
                crate::book::PRICE_DECIMALS,
            ),
            called: self.open.len() as u64,
            liquidated: self.totals.sold,
        };
        self.host.watcher.progress(&progress);
    }
}
