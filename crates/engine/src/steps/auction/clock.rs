//! Auctions' own time: it is counted while prices may be acted on, and only then.

use super::super::solvency;
use crate::{Engine, OpenLeg};
use breakwater_liquidation::auctions::{Live, Running};
use breakwater_liquidation::{Rejected, Rejection};
use breakwater_money::{AssetId, Time};

/// Times of auctions before a command, for the case that it is refused.
pub(crate) type Clocks = Vec<(u64, u64, Time)>;

/// Counts every auction's time up to `at`, by the state that has stood since the last command.
pub(crate) fn count(engine: &mut Engine, at: Time) -> Clocks {
    // What is counted up to now gains nothing: many bids come at one moment.
    let behind = engine.auctions.iter().filter(|(_, running)| running.counted_to < at);
    let numbers: Vec<u64> = behind.map(|(number, _)| *number).collect();
    let mut before = Vec::with_capacity(numbers.len());
    for number in numbers {
        let live = engine.legs.get(number).and_then(|open| live(engine, open));
        let Some(running) = engine.auctions.get_mut(&number) else { continue };
        before.push((number, running.elapsed_nanos, running.counted_to));
        running.count_to(at, live);
    }
    before
}

/// Takes back what was counted for a command that is refused.
pub(crate) fn uncount(engine: &mut Engine, before: Clocks) {
    for (number, elapsed_nanos, counted_to) in before {
        if let Some(running) = engine.auctions.get_mut(&number) {
            (running.elapsed_nanos, running.counted_to) = (elapsed_nanos, counted_to);
        }
    }
}

/// Refuses what comes while an auction stands still.
pub(super) fn runs(engine: &Engine, at: Time, number: u64, open: &OpenLeg) -> Result<(), Rejected> {
    let why = match live(engine, open) {
        Some(live) if live.has(at) => return Ok(()),
        Some(live) if at < live.from => format!("a grace period runs until {}", live.from.0),
        Some(live) => format!("a price is too old since {}", live.to.0),
        None => "halted, paused, or without a price".to_owned(),
    };
    Err(Rejection::AuctionPaused.because(format!("auction {number}: {why}")))
}

/// When prices of the leg may be acted on, as things stand; none if not before something changes.
pub(crate) fn live(engine: &Engine, open: &OpenLeg) -> Option<Live> {
    let guards = engine.policy()?.guards;
    if engine.halted {
        return None;
    }
    let from = solvency::liquidates_from(engine, open.account)?;
    let mut live = Live { from, to: Time::MAX };
    for asset in [open.leg.asset, open.leg.proceeds_asset] {
        // What no market prices is the numeraire itself.
        let Some((info, state)) = market_of(engine, asset) else { continue };
        match state.mark {
            None if guards.fresh_marks => return None,
            Some(mark) if guards.fresh_marks => {
                live.to = live.to.min(mark.observed_at.after(info.guard.age_max_nanos));
            }
            _ => {}
        }
        if guards.grace {
            live.from = live.from.max(state.grace_until.unwrap_or_default());
        }
    }
    Some(live)
}

fn market_of(
    engine: &Engine,
    asset: AssetId,
) -> Option<(&breakwater_liquidation::MarketInfo, &breakwater_market::GuardState)> {
    let market = engine.assets.get(asset.index())?.market?;
    Some((engine.markets.get(market.index())?, engine.marks.get(market.index())?))
}

impl Engine {
    /// An auction's own time at `at`, in nanoseconds, if nothing but time goes on until then; none if it
    /// is not open.
    #[must_use]
    pub fn auction_nanos(&self, number: u64, at: Time) -> Option<u64> {
        let running: &Running = self.auctions.get(&number)?;
        let live = self.legs.get(number).and_then(|open| live(self, open));
        Some(running.elapsed_at(at, live))
    }
}
