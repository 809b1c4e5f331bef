//! Accept the price, or say why not.

use super::{call, retry, solvency};
use crate::Engine;
use crate::engine::Fault;
use crate::event::{Cause, Outcome, What};
use breakwater_liquidation::Rejection;
use breakwater_market::Tick;
use breakwater_money::Time;

pub(super) fn run(
    engine: &mut Engine,
    at: Time,
    tick: &Tick,
    outcome: &mut Outcome,
) -> Result<Cause, Fault> {
    let index = tick.market.index();
    let (Some(market), Some(state)) = (engine.markets.get(index), engine.marks.get(index)) else {
        return Err(Rejection::UnknownMarket.because(tick.market.to_string()).into());
    };
    let accepted =
        market.guard.judge(state, tick, at).map_err(|refusal| Fault::Rejected(refusal.into()))?;
    let from = state.mark.map(|mark| mark.price);
    let asset = market.asset;
    let Some(mark) = accepted.mark else {
        return Err(Rejection::MarkMissing.into());
    };
    let opened = accepted.grace_until.filter(|_| accepted.grace_until != state.grace_until);
    call::accrue(engine, at, outcome)?;
    engine.marks[index] = accepted;
    engine.prices += 1;
    engine.watch.tick(tick.market, mark.price.raw);
    retry(engine);
    let told = What::Marked { market: tick.market, mark, grace_until: opened };
    Engine::tell(outcome, Cause::Command, told);
    solvency::marked(engine, at, asset, mark.price, outcome);
    Ok(Cause::Price { market: tick.market, from, to: mark.price })
}
