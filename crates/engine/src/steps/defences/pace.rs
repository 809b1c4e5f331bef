//! How fast is liquidated, and how much of a debt at once.

use super::{in_force, second, value_of};
use crate::Engine;
use breakwater_liquidation::plan::{PlannedCall, after_call, at_mark, option_of, proceeds};
use breakwater_liquidation::{
    Call, CallOption, Effects, Fact, Leg, Plan, Rejected, Rejection, View,
};
use breakwater_margin::{Health, Ratio};
use breakwater_money::rounding::{Rounding, div_wide, mul_div};
use breakwater_money::{AccountId, Time, U256};

/// Health of 1, in basis points.
const WHOLE_BPS: u32 = 10_000;

/// A ratio of 1e18 to a basis point.
const RATIO_BPS: u64 = 100_000_000_000_000;

fn health_bps(ratio: Ratio) -> u32 {
    let bps = div_wide(ratio.raw, U256::from(RATIO_BPS), Rounding::Floor);
    bps.ok().and_then(|bps| u32::try_from(bps).ok()).unwrap_or(u32::MAX)
}

/// Most value of the account's debt that one step may close, where the policy says so. A debt in breach
/// whose ratio rounds to 1 counts as one just below it.
fn closes(
    engine: &Engine,
    view: &View<'_>,
    account: AccountId,
    health: &Health,
) -> Result<Option<u128>, Rejected> {
    let Some(factor) = in_force(engine).and_then(|defences| defences.close_factor) else {
        return Ok(None);
    };
    let debt = engine.in_force()?.rulebook.sides(view, account)?.debt;
    // A margin account may owe nothing by name: then nothing is limited.
    if debt == 0 {
        return Ok(None);
    }
    Ok(Some(factor.closes(debt, health_bps(health.ratio).min(WHOLE_BPS - 1))))
}

fn room(engine: &Engine, now: Time) -> Option<u128> {
    Some(engine.defended.throttle.as_ref()?.room(second(now)))
}

/// Most value that may be liquidated for the account now and why not more; none without a limit.
fn most(
    engine: &Engine,
    view: &View<'_>,
    account: AccountId,
    health: &Health,
) -> Result<Option<(u128, Rejection)>, Rejected> {
    let throttled = room(engine, view.now).map(|room| (room, Rejection::Throttled));
    let closed = closes(engine, view, account, health)?;
    let closed = closed.map(|most| (most, Rejection::AboveCloseFactor));
    Ok([throttled, closed].into_iter().flatten().min_by_key(|(most, _)| *most))
}

/// Refuses a liquidator's call beyond the throttle or the close factor; the value that it takes, to be
/// counted once it has happened.
pub(crate) fn may_take(
    engine: &Engine,
    seen: &View<'_>,
    call: &Call,
    before: &[(AccountId, Health)],
    own: &Effects,
) -> Result<u128, Rejected> {
    let limited = engine.defended.throttle.is_some()
        || in_force(engine).is_some_and(|defences| defences.close_factor.is_some());
    if before.is_empty() || !limited {
        return Ok(0);
    }
    let decimals = engine.in_force()?.rulebook.numeraire_decimals();
    let paid = CallOption::of(seen, call.clone(), own, decimals, false)?.repaid_value;
    let told = own.facts.iter().map(|fact| match fact {
        Fact::Seized { repaid_value, .. } => *repaid_value,
        _ => 0,
    });
    let value = paid.max(told.fold(0, u128::saturating_add));
    if let Some(room) = room(engine, seen.now).filter(|room| value > *room) {
        return Err(Rejection::Throttled.because(format!("a value of {value}, {room} is left")));
    }
    if let (Call::RepayAndSeize { account, .. }, [(_, health)]) = (call, before)
        && let Some(most) = closes(engine, seen, *account, health)?
        && value > most
    {
        let detail = format!("repays a value of {value}, at a ratio of {} {most}", health.ratio);
        return Err(Rejection::AboveCloseFactor.because(detail));
    }
    Ok(value)
}

/// Counts what has been liquidated.
pub(crate) fn took(engine: &mut Engine, at: Time, value: u128) {
    if let Some(throttle) = &mut engine.defended.throttle {
        throttle.take(second(at), value);
    }
}

/// When more may be liquidated than now.
pub(crate) fn frees_at(engine: &Engine) -> Option<Time> {
    let throttle = engine.defended.throttle.as_ref()?;
    throttle.frees_at(second(engine.now)).map(Time::from_seconds)
}

/// A keeper's call within the limits.
pub(crate) fn fit_option(
    engine: &Engine,
    view: &View<'_>,
    account: AccountId,
    option: CallOption,
) -> Result<CallOption, Rejected> {
    if in_force(engine).is_none() {
        return Ok(option);
    }
    let rulebook = &*engine.in_force()?.rulebook;
    let health = rulebook.assess(view, account)?;
    let Some((most, why)) = most(engine, view, account, &health)? else { return Ok(option) };
    if option.repaid_value <= most {
        return Ok(option);
    }
    let Call::RepayAndSeize { .. } = option.call else {
        return if why == Rejection::Throttled { Err(why.into()) } else { Ok(option) };
    };
    let amount = mul_div(option.repaid.raw, most, option.repaid_value, Rounding::Floor)?;
    if amount == 0 {
        return Err(why.because(account.to_string()));
    }
    option_of(rulebook, view, &option.call.with_amount(amount), option.toxic)
}

/// The same for a planned call.
pub(crate) fn fit_call(
    engine: &Engine,
    view: &View<'_>,
    account: AccountId,
    planned: PlannedCall,
) -> Result<PlannedCall, Rejected> {
    let option = fit_option(engine, view, account, planned.option.clone())?;
    if option == planned.option {
        return Ok(planned);
    }
    let rulebook = &*engine.in_force()?.rulebook;
    let after = after_call(rulebook, view, account, &option.call)?;
    let reason = breakwater_liquidation::Reason::CloseFactor;
    Ok(PlannedCall { option, after, reason, ..planned })
}

/// Value of a leg at the marks.
fn value(engine: &Engine, view: &View<'_>, leg: &Leg) -> Result<u128, Rejected> {
    let fair = at_mark(view, leg)?;
    let brings = proceeds(view, &fair, fair.quantity, fair.worst_price)?;
    value_of(engine, view, fair.proceeds_asset, brings, Rounding::Ceil)
}

/// The venue's own sales within the limits: first legs first, the last of them in part.
pub(crate) fn cut(engine: &Engine, account: AccountId, plan: Plan) -> Result<Plan, Rejected> {
    if in_force(engine).is_none() {
        return Ok(plan);
    }
    engine.look(|view| {
        let Some((most, why)) = most(engine, view, account, &plan.before)? else {
            return Ok(plan.clone());
        };
        let (mut left, mut legs) = (most, Vec::with_capacity(plan.legs.len()));
        for leg in &plan.legs {
            let worth = value(engine, view, leg)?;
            let quantity = if worth <= left {
                leg.quantity
            } else {
                mul_div(leg.quantity, left, worth, Rounding::Floor)?
            };
            left = left.saturating_sub(worth);
            if quantity > 0 {
                legs.push(Leg { quantity, ..*leg });
            }
        }
        if legs.is_empty() {
            return Err(why.because(account.to_string()));
        }
        Ok(Plan { legs, ..plan.clone() })
    })
}

/// Counts a sale that was ordered, whether the market takes it or not.
pub(crate) fn ordered(engine: &mut Engine, leg: &Leg) {
    if engine.defended.throttle.is_none() {
        return;
    }
    // What was planned a moment ago has a mark.
    let worth = engine.look(|view| value(engine, view, leg)).unwrap_or(0);
    let now = engine.now;
    took(engine, now, worth);
}
