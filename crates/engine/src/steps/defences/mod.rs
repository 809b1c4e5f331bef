//! The rules against a drain and against a fall that a policy states.
//!
//! `drains` limits what leaves and keeps who waits; `pace` limits how fast and how much at once is
//! liquidated; `bands` pauses an asset; `stress` asks more of new risk. A command that is refused leaves
//! no trace in any of them.

pub(crate) mod bands;
pub(crate) mod drains;
pub(crate) mod pace;
pub(crate) mod stress;

use crate::engine::Fault;
use crate::event::{Cause, Outcome};
use crate::{Body, Engine};
use breakwater_liquidation::solvency::Defences;
use breakwater_liquidation::solvency::outflow::{OutflowWindow, Throttle};
use breakwater_liquidation::{AssetInfo, AssetKind, Policy, Rejected, Rejection, View};
use breakwater_money::rounding::{Rounding, pow10};
use breakwater_money::{AssetId, Holder, Price, Time, Unit};

/// Whole second of a time.
pub(crate) fn second(at: Time) -> u64 {
    at.seconds_since(Time::default())
}

/// The rules in force, if any.
fn in_force(engine: &Engine) -> Option<&Defences> {
    engine.policy()?.defences.as_ref()
}

/// Symbols that a policy's defences name and the pool does not have.
pub(super) fn known(assets: &[AssetInfo], policy: &Policy) -> Result<(), Rejected> {
    let Some(defences) = &policy.defences else { return Ok(()) };
    let known = |symbol: &&str| assets.iter().any(|asset| asset.symbol == **symbol);
    match defences.symbols().find(|symbol| !known(symbol)) {
        None => Ok(()),
        Some(stranger) => {
            let detail =
                format!("policy.defences names '{stranger}', which the pool does not have");
            Err(Rejection::BadParameter.because(detail))
        }
    }
}

/// A policy has come into force: rules that stay as they were remember what they did, others begin anew.
/// Withdrawals that wait go on waiting.
pub(super) fn installed(engine: &mut Engine) -> Result<(), Fault> {
    let defences = in_force(engine).cloned().unwrap_or_default();
    let held = engine.look(|view| held(engine, view));
    let refused = |why: String| Fault::Rejected(Rejection::BadParameter.because(why));
    let limit = defences.outflow.map(|terms| terms.limit);
    let kept = engine.defended.outflow.take().filter(|window| Some(*window.limit()) == limit);
    engine.defended.outflow = match (kept, limit) {
        (None, Some(limit)) => Some(OutflowWindow::new(limit, held).map_err(refused)?),
        (kept, _) => kept,
    };
    let terms = defences.throttle.map(|terms| (terms.value_max, terms.window_seconds));
    let kept = engine.defended.throttle.take().filter(|throttle| Some(throttle.terms()) == terms);
    engine.defended.throttle = match (kept, terms) {
        (None, Some((value, seconds))) => Some(Throttle::new(value, seconds).map_err(refused)?),
        (kept, _) => kept,
    };
    bands::installed(engine, &defences);
    stress::installed(engine, &defences);
    Ok(())
}

/// An accepted mark.
pub(super) fn marked(
    engine: &mut Engine,
    at: Time,
    asset: AssetId,
    mark: Price,
    outcome: &mut Outcome,
) {
    bands::marked(engine, at, asset, mark, outcome);
    stress::marked(engine, at, asset, mark);
}

/// What follows from a command: the state of stress, and with a price or with time those who wait are
/// paid.
pub(crate) fn respond(
    engine: &mut Engine,
    body: &Body,
    cause: Cause,
    outcome: &mut Outcome,
) -> Result<(), Fault> {
    if matches!(body, Body::Tick(_) | Body::AdvanceTime) && !engine.halted {
        drains::settle(engine, cause, outcome)?;
    }
    stress::moved(engine, cause, outcome);
    Ok(())
}

/// Value of an amount at the mark; what no market prices is the numeraire itself.
fn value_of(
    engine: &Engine,
    view: &View<'_>,
    asset: AssetId,
    amount: u128,
    rounding: Rounding,
) -> Result<u128, Rejected> {
    if amount == 0 {
        return Ok(0);
    }
    let info = view.asset(asset)?;
    let price = match info.market {
        Some(_) => view.price(asset)?,
        None => {
            let decimals = engine.in_force()?.rulebook.numeraire_decimals();
            Price::new(pow10(decimals)?, decimals)
        }
    };
    Ok(price.value(amount, info.decimals, rounding)?)
}

/// Tokens of an asset that the pool holds.
fn tokens(view: &View<'_>, asset: AssetId) -> u128 {
    // The world outside has minus what the pool holds.
    let outside = view.balances.balance(Holder::External, Unit::token(asset));
    if outside < 0 { outside.unsigned_abs() } else { 0 }
}

/// Value of all tokens that the pool holds, at the marks; what has no mark yet counts as nothing.
pub(crate) fn held(engine: &Engine, view: &View<'_>) -> u128 {
    let numbered = (0..).map(AssetId).zip(view.assets);
    let tokens = numbered.filter(|(_, info)| info.kind == AssetKind::Token).map(|(asset, _)| {
        value_of(engine, view, asset, tokens(view, asset), Rounding::Floor).unwrap_or(0)
    });
    tokens.fold(0u128, u128::saturating_add)
}
