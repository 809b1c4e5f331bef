//! The state of stress, and what it asks of new risk.

use super::in_force;
use crate::Engine;
use crate::event::{Cause, Outcome, What};
use crate::steps::solvency;
use crate::tape::Tape;
use breakwater_liquidation::solvency::Defences;
use breakwater_liquidation::solvency::defences::{StressMeasure, StressTerms};
use breakwater_liquidation::solvency::stress_state::StressState;
use breakwater_liquidation::solvency::{AssetTotals, Breaker};
use breakwater_liquidation::{Call, Effects, Overlay, Rejected, Rejection, View};
use breakwater_money::rounding::{Rounding, mul_div};
use breakwater_money::time::NANOS_PER_SECOND;
use breakwater_money::{AssetId, Price, Time};

/// All of something, in basis points.
const WHOLE_BPS: u128 = 10_000;

/// A tape begins anew unless it is the same; without a measure there is no stress.
pub(super) fn installed(engine: &mut Engine, defences: &Defences) {
    let Some(terms) = &defences.stress else {
        engine.defended.stress = StressState::Normal;
        engine.defended.tape = None;
        return;
    };
    engine.defended.tape = match &terms.measure {
        StressMeasure::Usage { .. } => None,
        StressMeasure::Fall { asset, window_seconds } => {
            let window_nanos = window_seconds.saturating_mul(NANOS_PER_SECOND);
            // The tape is asked how far the mark has fallen; its own trip is nobody's.
            let breaker = Breaker { fall_bps: 9_999, window_nanos, hold_nanos: 1 };
            let place = engine.assets.iter().position(|info| info.symbol == *asset);
            // A policy that names what the pool does not have was refused.
            let number = place.and_then(|place| u16::try_from(place).ok()).map(AssetId);
            let Some(number) = number else { return };
            let kept = engine.defended.tape.take();
            let kept = kept.filter(|(of, tape)| *of == number && tape.breaker() == breaker);
            let market = engine.assets[number.index()].market;
            let mark = market.and_then(|market| engine.marks[market.index()].mark);
            let begin = || (number, Tape::begin(breaker, mark.map(|mark| mark.price)));
            Some(kept.unwrap_or_else(begin))
        }
    };
}

fn measured(engine: &Engine) -> Option<(&StressTerms, AssetId)> {
    let terms = in_force(engine)?.stress.as_ref()?;
    let named = |info: &&breakwater_liquidation::AssetInfo| info.symbol == terms.measure.asset();
    let place = engine.assets.iter().position(|info| named(&info))?;
    Some((terms, AssetId(u16::try_from(place).ok()?)))
}

/// A mark of the measured asset.
pub(super) fn marked(engine: &mut Engine, at: Time, asset: AssetId, mark: Price) {
    if measured(engine).is_some_and(|(_, of)| of == asset)
        && let Some((_, tape)) = &mut engine.defended.tape
    {
        tape.mark(mark, at);
    }
}

/// The measure after a command may move the state.
pub(super) fn moved(engine: &mut Engine, cause: Cause, outcome: &mut Outcome) {
    let Some((terms, asset)) = measured(engine) else { return };
    let measure_bps = match &engine.defended.tape {
        Some((_, tape)) => tape.fallen_bps(),
        None => {
            let rulebook = engine.rulebook();
            let totals =
                rulebook.and_then(|rulebook| engine.look(|view| rulebook.totals(view, asset)).ok());
            usage_bps(totals.unwrap_or_default())
        }
    };
    let from = engine.defended.stress;
    let to = terms.lines.after(from, measure_bps);
    if from != to {
        engine.defended.stress = to;
        Engine::tell(outcome, cause, What::StressMoved { from, to, measure_bps });
    }
}

fn usage_bps(totals: AssetTotals) -> u32 {
    let AssetTotals { supplied, borrowed } = totals;
    if borrowed == 0 {
        return 0;
    }
    let share = mul_div(borrowed, WHOLE_BPS, supplied.max(1), Rounding::Floor);
    share.ok().and_then(|share| u32::try_from(share).ok()).unwrap_or(u32::MAX)
}

/// Refuses new risk that the scaled margin, and the scaled haircut on top, do not allow. Nothing more is
/// asked in the normal state.
pub(crate) fn admits(
    engine: &Engine,
    view: &View<'_>,
    call: &Call,
    effects: &Effects,
) -> Result<(), Rejected> {
    let state = engine.defended.stress;
    let Some((terms, _)) = measured(engine).filter(|_| state != StressState::Normal) else {
        return Ok(());
    };
    let rulebook = &*engine.in_force()?.rulebook;
    for account in solvency::at_risk(engine, call) {
        let overlay = Overlay::new(*view, account, effects)?;
        let seen = overlay.view();
        let (health, initial) =
            (rulebook.assess(&seen, account)?, rulebook.initial(&seen, account)?);
        let scaled = terms.lines.margin(state, initial)?;
        let more = terms.lines.haircut_bps(state, terms.haircut_bps) - terms.haircut_bps;
        let cut = match more {
            0 => 0,
            more => {
                let collateral = rulebook.sides(&seen, account)?.collateral;
                mul_div(collateral, more.into(), WHOLE_BPS, Rounding::Ceil)?
            }
        };
        let needed = scaled.checked_add(cut).ok_or(Rejection::Overflow)?;
        if health.equity < 0 || health.equity.unsigned_abs() < needed {
            let detail = format!("{account} would have {}, needs {needed}", health.equity);
            return Err(Rejection::BelowStressed.because(detail));
        }
    }
    Ok(())
}
