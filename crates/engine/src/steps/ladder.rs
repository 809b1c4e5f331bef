//! A ladder's step on an account: what the executor says is due becomes orders, cancellations, a
//! takeover, or a time to look again.

use super::{assess, call, order, settle};
use crate::Engine;
use crate::engine::Fault;
use crate::event::{Cause, Outcome};
use crate::grounds::Acted;
use breakwater_liquidation::ladder::{Act, Ladder, Standing, Step, plan_ladder};
use breakwater_liquidation::plan::plan_sale;
use breakwater_liquidation::{Call, Close, Plan, Policy, Rejected, Rejection};
use breakwater_margin::Health;
use breakwater_money::AccountId;
use breakwater_money::rounding::{Rounding, mul_div};

/// The ladder in force: the policy's, or the rulebook's where the policy sells what the venue does.
fn in_force(engine: &Engine) -> Option<&Ladder> {
    let installed = engine.installed.as_ref()?;
    let own = installed.policy.ladder.as_ref();
    own.or_else(|| {
        let venue = installed.policy.close == Close::VenueMaximum;
        if venue { installed.rulebook.ladder() } else { None }
    })
}

/// What is due of the account's ladder; none where no ladder is in force.
pub(super) fn next(engine: &Engine, account: AccountId) -> Option<Result<Step<Plan>, Rejected>> {
    let ladder = in_force(engine)?;
    let installed = engine.installed.as_ref()?;
    let climbed = engine.standings[account.index()].climbed;
    let standing = Standing {
        called_at: climbed.called_at,
        last_step_at: climbed.last_step_at,
        now: engine.now,
        steps: climbed.steps,
        orders_open: engine.orders.of(account).next().is_some(),
        freed: climbed.freed,
    };
    let (rulebook, policy) = (&*installed.rulebook, &installed.policy);
    Some(engine.look(|view| plan_ladder(rulebook, view, account, policy, ladder, &standing)))
}

/// Takes the step.
pub(super) fn take(
    engine: &mut Engine,
    account: AccountId,
    step: Result<Step<Plan>, Rejected>,
    cause: Cause,
    outcome: &mut Outcome,
) -> Result<(), Fault> {
    let step = match step {
        Ok(Step::CancelOrders) => {
            order::cancel_all(engine, account, cause, outcome);
            // What follows is due at once: orders are cancelled once.
            match next(engine, account) {
                Some(step) => step,
                None => return Ok(()),
            }
        }
        step => step,
    };
    match step {
        Ok(Step::Sell(plan)) => {
            let (rung, next_leg) = (plan.rung, engine.next_leg);
            assess::sell(engine, account, Ok(plan), cause, outcome)?;
            // What finds no room on auction is tried again, and was no step.
            if engine.next_leg > next_leg {
                climb(engine, account, rung);
            }
            Ok(())
        }
        Ok(Step::TakeOver) => {
            climb(engine, account, handing_over(engine));
            take_over(engine, account, cause, outcome)
        }
        Ok(Step::Wait { until }) => {
            engine.watch.wake(account, until);
            // A price may make another rung due before.
            engine.retry.insert(account);
            Ok(())
        }
        Ok(Step::Nothing | Step::CancelOrders) => {
            // Nothing is left that a rung could sell.
            let nothing = Err(Rejection::NothingToSell.because(account.to_string()));
            assess::sell(engine, account, nothing, cause, outcome)
        }
        Err(refused) => assess::sell(engine, account, Err(refused), cause, outcome),
    }
}

/// The rung that hands over; none where several do, which the executor does not tell apart.
fn handing_over(engine: &Engine) -> Option<usize> {
    let rungs = in_force(engine)?.rungs();
    let mut over = (0..).zip(rungs).filter(|(_, rung)| rung.act == Act::TakeOver);
    let (place, _) = over.next()?;
    over.next().is_none().then_some(place)
}

/// Counts the step, and notes which rung it is of.
fn climb(engine: &mut Engine, account: AccountId, rung: Option<usize>) {
    let now = engine.now;
    let before = engine.standings[account.index()].climbed;
    let rungs = in_force(engine).map(Ladder::rungs).unwrap_or_default();
    if let Some((place, rung)) = rung.and_then(|place| Some((place, rungs.get(place)?))) {
        let acted = Acted {
            account,
            rung: place,
            of: rungs.len(),
            act: rung.act,
            wait_nanos: rung.wait_nanos,
            called_at: before.called_at,
            last_step_at: before.last_step_at,
        };
        engine.scratch.grounds.rungs.push(acted);
    }
    let climbed = &mut engine.standings[account.index()].climbed;
    climbed.last_step_at = Some(now);
    climbed.steps = climbed.steps.saturating_add(1);
}

/// Hands the account to the policy's vault; without one, or while it is not open, it is sold whole.
pub(super) fn take_over(
    engine: &mut Engine,
    account: AccountId,
    cause: Cause,
    outcome: &mut Outcome,
) -> Result<(), Fault> {
    let installed = engine.in_force()?;
    let vault = installed.policy.backstop.vault;
    let Some(vault) = vault.filter(|vault| vault.index() < engine.standings.len()) else {
        let whole = Policy { close: Close::Full, ..installed.policy.clone() };
        let planned = engine.look(|view| plan_sale(&*installed.rulebook, view, account, &whole));
        return assess::sell(engine, account, planned, cause, outcome);
    };
    let asked = Call::TakeOver { account, vault };
    let taken = engine.look(|view| installed.rulebook.execute(view, &asked));
    let Ok(effects) = taken else {
        engine.retry.insert(account);
        return Ok(());
    };
    let deficit = call::deficit_accounts(&effects).contains(&account);
    order::cancel_all(engine, account, cause, outcome);
    settle::commit(engine, effects, cause, outcome)?;
    engine.standings[account.index()].liquidated_at = engine.prices;
    engine.scratch.hits.push((account, deficit));
    engine.watch.mark_pending(account);
    Ok(())
}

/// What a fill freed of the shortage that a ramp frees by and by.
pub(super) fn count_freed(
    engine: &mut Engine,
    account: AccountId,
    before: &Health,
    after: &Health,
) -> Result<(), Rejected> {
    let Some(buffer_bps) = in_force(engine).and_then(Ladder::ramp_buffer_bps) else {
        return Ok(());
    };
    let short = |health: &Health| -> Result<u128, Rejected> {
        let bps = 10_000 + u128::from(buffer_bps);
        let line = mul_div(health.requirement, bps, 10_000, Rounding::Ceil)?;
        let line = i128::try_from(line).map_err(|_| Rejection::Overflow)?;
        Ok(line.saturating_sub(health.equity).max(0).unsigned_abs())
    };
    let freed = short(before)?.saturating_sub(short(after)?);
    let climbed = &mut engine.standings[account.index()].climbed;
    climbed.freed = climbed.freed.saturating_add(freed);
    Ok(())
}
