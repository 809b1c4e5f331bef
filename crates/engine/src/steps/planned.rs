//! A planned liquidation: slices that are planned again as fills, depth and marks change, until the
//! account is at its target or is given up.

use super::{assess, ladder};
use crate::Engine;
use crate::engine::Fault;
use crate::event::{Cause, Outcome, What};
use breakwater_liquidation::plan::plan_sale;
use breakwater_liquidation::planner::PlannerTerms;
use breakwater_liquidation::{Call, Close, Policy, Reason, Rejected, Rejection, plan_optimal};
use breakwater_money::{AccountId, Time};

fn terms(engine: &Engine) -> Option<PlannerTerms> {
    let policy = engine.policy()?;
    policy.planner.filter(|_| policy.close == Close::Planned)
}

/// Until when the account's plan stands if it is a slice; none for what an account is given up to.
pub(super) fn slice_until(engine: &Engine, account: AccountId, reason: Reason) -> Option<Time> {
    let slice = terms(engine).is_some() && reason != Reason::FullClose;
    slice.then(|| engine.standings[account.index()].retry_at)
}

/// Calls off what is left of the account's slice once the next is due, so that it is planned again over
/// what the market is now. True if nothing is under way any more.
pub(super) fn stale_slice(
    engine: &mut Engine,
    account: AccountId,
    cause: Cause,
    outcome: &mut Outcome,
) -> bool {
    let own = engine.legs.of(account);
    let own: Vec<(u64, Option<Time>)> = own.map(|(number, open)| (number, open.until)).collect();
    // The legs of one plan end together; what was given up goes on.
    let Some(until) = own.first().and_then(|(_, until)| *until) else { return false };
    if engine.now < until {
        // An assessment in between has taken the last wake-up off.
        engine.watch.wake(account, until);
        return false;
    }
    for (number, _) in own {
        if let Some(open) = engine.legs.remove(number) {
            let unsold = open.leg.quantity - open.filled;
            Engine::tell(outcome, cause, What::Cancelled { leg: number, unsold });
        }
    }
    true
}

/// Orders the account's next slice, or gives the account up.
pub(super) fn act(
    engine: &mut Engine,
    account: AccountId,
    cause: Cause,
    outcome: &mut Outcome,
) -> Result<(), Fault> {
    let Some(terms) = terms(engine) else { return Ok(()) };
    if hands_over(engine, &terms, account)? {
        return hand_over(engine, account, cause, outcome);
    }
    let under_way = engine.under_way(account);
    let installed = engine.in_force()?;
    let planned = engine.look(|view| {
        let view = view.with_conditions(&engine.observed, &under_way);
        plan_optimal(&*installed.rulebook, &view, account, &installed.policy)
    });
    let waits = |refused: &Rejected| refused.rejection == Rejection::WaitsForDepth;
    let next = engine.now.after(terms.pace_nanos);
    // Nothing may be sold now: time brings depth back, and so may an observation before.
    if planned.is_ok() || planned.as_ref().is_err_and(waits) {
        engine.watch.wake(account, next);
    }
    if planned.is_ok() {
        engine.standings[account.index()].retry_at = next;
    }
    assess::sell(engine, account, planned, cause, outcome)
}

fn hands_over(engine: &Engine, terms: &PlannerTerms, account: AccountId) -> Result<bool, Fault> {
    let called_at = engine.standings[account.index()].climbed.called_at;
    let after = terms.hand_over.after_nanos;
    let late = after.is_some_and(|nanos| engine.now >= called_at.after(nanos));
    let below = match terms.hand_over.below_ratio {
        Some(line) => engine.health(account)?.ratio < line,
        None => false,
    };
    Ok(late || below)
}

/// The vault takes the account; without one, or where the rule does not let it, the account is sold
/// whole by the policy's disposal.
fn hand_over(
    engine: &mut Engine,
    account: AccountId,
    cause: Cause,
    outcome: &mut Outcome,
) -> Result<(), Fault> {
    let (ratio, installed) = (engine.health(account)?.ratio, engine.in_force()?);
    let called_at = engine.standings[account.index()].climbed.called_at;
    let told = What::HandedOver { account, ratio, called_at };
    let vault = installed.policy.backstop.vault;
    let vault = vault.filter(|vault| vault.index() < engine.standings.len() && *vault != account);
    let takes = vault.is_some_and(|vault| {
        let asked = Call::TakeOver { account, vault };
        engine.look(|view| installed.rulebook.execute(view, &asked)).is_ok()
    });
    if takes {
        Engine::tell(outcome, cause, told);
        return ladder::take_over(engine, account, cause, outcome);
    }
    let whole = Policy { close: Close::Full, planner: None, ..installed.policy.clone() };
    let planned = engine.look(|view| plan_sale(&*installed.rulebook, view, account, &whole));
    if planned.is_ok() {
        Engine::tell(outcome, cause, told);
    }
    assess::sell(engine, account, planned, cause, outcome)
}
