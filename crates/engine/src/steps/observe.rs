//! What a sale would meet in a market is taken, or refused.

use super::retry;
use crate::Engine;
use crate::engine::Fault;
use crate::event::{Cause, Outcome, What};
use breakwater_liquidation::{Conditions, Rejection};
use breakwater_market::MarketId;
use breakwater_money::Time;

pub(super) fn run(
    engine: &mut Engine,
    at: Time,
    market: MarketId,
    conditions: &Conditions,
    correlations: &[(MarketId, i32)],
    outcome: &mut Outcome,
) -> Result<(), Fault> {
    let named = correlations.iter().map(|(other, _)| *other);
    let stranger = std::iter::once(market).chain(named).find(|m| m.index() >= engine.markets.len());
    if let Some(stranger) = stranger {
        return Err(Rejection::UnknownMarket.because(stranger.to_string()).into());
    }
    engine.observed.observe(at, market, conditions, correlations)?;
    // Who waits for depth looks again.
    retry(engine);
    let observed_at = conditions.observed_at;
    Engine::tell(outcome, Cause::Command, What::Observed { market, observed_at });
    Ok(())
}
