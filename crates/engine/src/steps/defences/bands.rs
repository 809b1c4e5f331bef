//! Pauses after a mark has stood at a band around its mean.

use super::second;
use crate::Engine;
use crate::defended::Banded;
use crate::event::{Cause, Outcome, What};
use crate::steps::solvency;
use breakwater_liquidation::solvency::Defences;
use breakwater_liquidation::solvency::bands::{Bands, Reference, Trading};
use breakwater_money::{AssetId, Price, Time};

/// Assets that are paused, and until when.
pub(crate) fn paused(engine: &Engine, now: Time) -> impl Iterator<Item = (AssetId, Time)> + '_ {
    engine.defended.bands.iter().filter_map(move |(asset, banded)| {
        let until = banded.trading.paused_until(second(now))?;
        Some((*asset, Time::from_seconds(until)))
    })
}

/// Bands that stay as they were go on; others begin with the mark in force.
pub(super) fn installed(engine: &mut Engine, defences: &Defences) {
    let mut before = std::mem::take(&mut engine.defended.bands);
    let now = second(engine.scratch.at);
    for (asset, info) in (0..).map(AssetId).zip(&engine.assets) {
        let Some(terms) = defences.bands.get(&info.symbol).copied() else { continue };
        let kept = before.remove(&asset).filter(|banded| banded.terms == terms);
        let banded = kept.unwrap_or_else(|| {
            let mut reference = Reference::over(terms.reference_seconds);
            let mark = info.market.and_then(|market| engine.marks[market.index()].mark);
            if let Some(mark) = mark {
                reference.trade(now, mark.price.raw);
            }
            Banded { terms, reference, trading: Trading::Open }
        });
        engine.defended.bands.insert(asset, banded);
    }
}

/// A mark against the mean of those before it. A pause calls off what is under way, as an operator's
/// does.
pub(super) fn marked(
    engine: &mut Engine,
    at: Time,
    asset: AssetId,
    mark: Price,
    outcome: &mut Outcome,
) {
    let now = second(at);
    let Some(banded) = engine.defended.bands.get_mut(&asset) else { return };
    let mean = banded.reference.at(now).unwrap_or(mark.raw);
    banded.reference.trade(now, mark.raw);
    // A mark too large for a band has none.
    let Ok(bands) = Bands::share_of(mean, banded.terms.width_bps) else { return };
    let before = banded.trading;
    let terms = banded.terms;
    banded.trading =
        before.after_within(now, mark.raw, &bands, terms.limit_seconds, terms.pause_seconds);
    let until = banded.trading.paused_until(now);
    if let Some(until) = until.filter(|_| before.paused_until(now).is_none()) {
        let until = Time::from_seconds(until);
        let told = What::BandPaused { asset, mark, reference: mean, until };
        Engine::tell(outcome, Cause::Command, told);
        solvency::call_off(engine, asset, outcome);
    }
}
