//! Who is touched, what their health is, and what follows from it.

use super::defences::pace;
use super::{auction, call, ladder, order, planned, settle, solvency};
use crate::engine::{Climbed, Fault};
use crate::event::{Cause, Outcome, What};
use crate::invariant::Invariant;
use crate::watch::Interval;
use crate::{Engine, OpenLeg};
use breakwater_liquidation::margin_call::Finding;
use breakwater_liquidation::plan::plan_sale;
use breakwater_liquidation::{
    AssetKind, Call, CallState, Close, Leg, Plan, Rejected, Rejection, Seller,
};
use breakwater_margin::health::{Armed, Exposure};
use breakwater_margin::{Band, Health, Ratio};
use breakwater_money::rounding::{Rounding, mul_div, mul_div_full, narrow_u128};
use breakwater_money::{AccountId, Class, Time, U256};

/// Assesses whoever may be in breach, at most as many as the policy allows; the rest stays
/// pending and is taken with the next command.
pub(crate) fn pending(
    engine: &mut Engine,
    cause: Cause,
    outcome: &mut Outcome,
) -> Result<(), Fault> {
    let Some(policy) = engine.policy() else { return Ok(()) };
    let most = policy.assess_max;
    while outcome.assessed < most {
        let Some(account) = engine.watch.take() else { break };
        outcome.assessed += 1;
        one(engine, account, cause, outcome)?;
    }
    Ok(())
}

fn one(
    engine: &mut Engine,
    account: AccountId,
    cause: Cause,
    outcome: &mut Outcome,
) -> Result<(), Fault> {
    let installed = engine.in_force()?;
    let assessed = engine.look(|view| installed.rulebook.assess(view, account));
    let health = match assessed {
        Ok(health) => health,
        Err(rejected) => {
            unassessable(engine, account, rejected.rejection);
            return Ok(());
        }
    };
    let policy = &installed.policy;
    let (warn, notice, seller) = (policy.warn_ratio, policy.notice_nanos, policy.seller);
    // One command may sell the last of an account and then book what it still owes.
    let mut hits = engine.scratch.hits.iter().filter(|(a, _)| *a == account).peekable();
    let finding = Finding {
        band: health.band(warn),
        exposed: exposed(engine, account),
        liquidated: hits.peek().is_some(),
        deficit: hits.any(|(_, deficit)| *deficit),
    };
    let now = engine.now;
    let standing = &mut engine.standings[account.index()];
    standing.band = finding.band;
    let from = standing.call.state;
    if let Some(next) = standing.call.next(finding, now, notice) {
        standing.call = next;
        if next.state == CallState::Called {
            standing.climbed = Climbed { called_at: now, ..Climbed::default() };
        }
        let (to, deadline) = (next.state, next.deadline);
        let moved = What::CallMoved { account, from, to, deadline, health };
        Engine::tell(outcome, cause, moved);
    }
    let standing = standing.call;
    arm(engine, account, &health)?;
    if !standing.state.is_open() {
        return cancel(engine, account, cause, outcome);
    }
    if let Some(deadline) = standing.deadline.filter(|deadline| now < *deadline) {
        engine.watch.wake(account, deadline);
        return Ok(());
    }
    if seller == Seller::Venue {
        act(engine, account, cause, outcome)?;
    }
    Ok(())
}

/// Without a price the account waits for one; anything else waits for the next price anywhere.
fn unassessable(engine: &mut Engine, account: AccountId, rejection: Rejection) {
    engine.watch.disarm(account);
    if rejection == Rejection::MarkMissing {
        let missing: Vec<_> = engine
            .ledger
            .holdings(account)
            .iter()
            .filter_map(|h| engine.assets[h.unit.asset.index()].market)
            .filter(|market| engine.marks[market.index()].mark.is_none())
            .collect();
        if !missing.is_empty() {
            for market in missing {
                engine.watch.blind(account, market);
            }
            return;
        }
    }
    engine.retry.insert(account);
}

pub(super) fn exposed(engine: &Engine, account: AccountId) -> bool {
    engine.ledger.holdings(account).iter().any(|h| {
        h.unit.class == Class::Debt
            || h.contract.is_some()
            || (h.unit.class == Class::Token
                && engine.assets[h.unit.asset.index()].kind != AssetKind::Token)
            || (h.unit.class == Class::Token && h.balance < 0)
    })
}

/// A cure calls off what is left of the account's sales.
fn cancel(
    engine: &mut Engine,
    account: AccountId,
    cause: Cause,
    outcome: &mut Outcome,
) -> Result<(), Fault> {
    engine.retry.remove(&account);
    let open: Vec<u64> = engine.legs.of(account).map(|(number, _)| number).collect();
    for number in open {
        if engine.auctions.contains_key(&number) {
            // Whoever has bid may count on the lot.
            if !auction::is_bound(engine, number) {
                auction::take_off(engine, number, cause, outcome);
            }
        } else if let Some(open) = engine.legs.remove(number) {
            let unsold = open.leg.quantity - open.filled;
            Engine::tell(outcome, cause, What::Cancelled { leg: number, unsold });
        }
    }
    Ok(())
}

/// Orders the sales of a due account, unless some are under way or prices may not be acted on.
fn act(
    engine: &mut Engine,
    account: AccountId,
    cause: Cause,
    outcome: &mut Outcome,
) -> Result<(), Fault> {
    if engine.legs.has(account) && !planned::stale_slice(engine, account, cause, outcome) {
        return Ok(());
    }
    let retry_at = engine.standings[account.index()].retry_at;
    if engine.now < retry_at {
        engine.watch.wake(account, retry_at);
        return Ok(());
    }
    let installed = engine.in_force()?;
    let waits = engine.halted
        || solvency::may_liquidate(engine, engine.now, account).is_err()
        || engine.look(|view| call::fresh(engine, view, account)).is_err();
    if waits {
        engine.retry.insert(account);
        // Where only time is missing, time alone wakes it.
        if let Some(until) = solvency::grace_end(engine, engine.now, account) {
            engine.watch.wake(account, until);
        }
        return Ok(());
    }
    let holds = !super::backstop::contracts_of(engine, account).is_empty();
    if holds && installed.policy.backstop.vault == Some(account) {
        // The vault holds what it has taken over; once it is under water itself, winners are asked.
        return ask_winners(engine, account, outcome);
    }
    if installed.policy.close == Close::Planned {
        return planned::act(engine, account, cause, outcome);
    }
    match ladder::next(engine, account) {
        Some(step) => ladder::take(engine, account, step, cause, outcome),
        None => {
            let planned = engine
                .look(|view| plan_sale(&*installed.rulebook, view, account, &installed.policy));
            sell(engine, account, planned, cause, outcome)
        }
    }
}

/// Closes winners against the account where the fund does not cover what it lacks.
fn ask_winners(
    engine: &mut Engine,
    account: AccountId,
    outcome: &mut Outcome,
) -> Result<(), Fault> {
    engine.retry.insert(account);
    match super::backstop::deleverage(engine, engine.now, account, outcome) {
        Ok(()) | Err(Fault::Rejected(_)) => Ok(()),
        Err(broken) => Err(broken),
    }
}

/// Orders the sales of a plan; where nothing is left to sell, what is owed is booked.
pub(super) fn sell(
    engine: &mut Engine,
    account: AccountId,
    planned: Result<Plan, Rejected>,
    cause: Cause,
    outcome: &mut Outcome,
) -> Result<(), Fault> {
    let planned = match planned {
        Ok(plan) => pace::cut(engine, account, plan),
        Err(rejected) => Err(rejected),
    };
    match planned {
        Ok(plan) => {
            order::cancel_all(engine, account, cause, outcome);
            // Planned slices go to market whatever the policy's disposal: that comes after them.
            let until = planned::slice_until(engine, account, plan.reason);
            let disposed = until.is_none();
            let auctioned = |leg: &Leg| {
                let terms = if disposed { auction::terms_for(engine, leg) } else { None };
                terms.map(|terms| (*leg, terms))
            };
            let first = plan.legs.first().and_then(auctioned);
            if let Some((leg, terms)) = first {
                // One holding at a time: what the next has to raise is known when this one is sold.
                let opened = auction::open(engine, account, leg, &terms, cause, outcome);
                if opened.as_ref().is_ok_and(|opened| *opened) {
                    pace::ordered(engine, &leg);
                }
                if !opened.unwrap_or(false) {
                    engine.retry.insert(account);
                }
                return one_liquidation(engine, account);
            }
            // What is auctioned waits until what is sold into a market is gone.
            let sold: Vec<Leg> =
                plan.legs.iter().filter(|leg| auctioned(leg).is_none()).copied().collect();
            for leg in sold {
                let number = engine.next_leg;
                engine.next_leg += 1;
                engine.legs.sell(number, OpenLeg { account, leg, filled: 0, until });
                pace::ordered(engine, &leg);
                let reason = plan.reason;
                let told = What::Ordered { leg: number, account, sale: leg, reason };
                Engine::tell(outcome, cause, told);
            }
            one_liquidation(engine, account)
        }
        Err(rejected) if rejected.rejection == Rejection::NothingToSell => {
            write_off(engine, account, cause, outcome)
        }
        Err(rejected) => {
            engine.retry.insert(account);
            // Where only time is missing, time alone wakes it.
            if rejected.rejection == Rejection::Throttled
                && let Some(until) = pace::frees_at(engine)
            {
                engine.watch.wake(account, until);
            }
            Ok(())
        }
    }
}

/// I-18: the legs of one plan at most, each of another asset; the lots of one holding on auction are one
/// leg together.
fn one_liquidation(engine: &Engine, account: AccountId) -> Result<(), Fault> {
    let own = engine.legs.of(account);
    let mut on_auction = false;
    let mut assets: Vec<_> = own
        .filter(|(number, _)| {
            let lot = engine.auctions.contains_key(number);
            let again = lot && on_auction;
            on_auction |= lot;
            !again
        })
        .map(|(_, open)| open.leg.asset)
        .collect();
    let legs = assets.len();
    assets.sort_unstable();
    assets.dedup();
    if assets.len() == legs {
        return Ok(());
    }
    let found = format!("{account} has {legs} legs over {} assets", assets.len());
    Err(Fault::Broken(Invariant::OneLiquidation, found))
}

/// Nothing is left to sell and something is still owed: the rulebook books it.
fn write_off(
    engine: &mut Engine,
    account: AccountId,
    cause: Cause,
    outcome: &mut Outcome,
) -> Result<(), Fault> {
    let installed = engine.in_force()?;
    let written_off =
        engine.look(|view| installed.rulebook.execute(view, &Call::WriteOff { account }));
    let Ok(effects) = written_off else {
        // The command that led here has happened: where the rule refuses, the account waits.
        engine.retry.insert(account);
        return Ok(());
    };
    let facts = effects.facts.clone();
    order::cancel_all(engine, account, cause, outcome);
    settle::commit(engine, effects, cause, outcome)?;
    engine.scratch.hits.push((account, true));
    call::unbooked_debt(engine, account, &facts, true)
}

/// Arms the account for the next price that could move its band.
fn arm(engine: &mut Engine, account: AccountId, health: &Health) -> Result<(), Fault> {
    let mut scratch = std::mem::take(&mut engine.scratch);
    scratch.exposures.clear();
    scratch.intervals.clear();
    let installed = engine.in_force()?;
    let armed =
        engine.look(|view| installed.rulebook.exposures(view, account, &mut scratch.exposures));
    match armed {
        Ok(armed) => {
            let warn = installed.policy.warn_ratio;
            let terms = &scratch.exposures.terms;
            let clear = intervals(engine, health, warn, &armed, terms, &mut scratch.intervals);
            if let Some(reach_bps) = scratch.exposures.reach_bps {
                within_reach(engine, reach_bps, &mut scratch.intervals);
            }
            // Closer to a line than interest may carry it by then: looked at as soon as time passes.
            let soon = engine.now.after(1).min(armed.until);
            let until = if clear || armed.until == Time::MAX { armed.until } else { soon };
            engine.watch.arm(account, &scratch.intervals, until);
        }
        Err(rejected) => unassessable(engine, account, rejected.rejection),
    }
    engine.scratch = scratch;
    Ok(())
}

/// Safe intervals: see `watch`. Towards the lower line by the slack above it, towards the upper
/// line by what is missing to it. False if there is no slack towards one of them.
fn intervals(
    engine: &Engine,
    health: &Health,
    warn: Ratio,
    armed: &Armed,
    terms: &[Exposure],
    out: &mut Vec<Interval>,
) -> bool {
    let mut clear = true;
    let (lower, upper) = match health.band(warn) {
        Band::Healthy => (Some(warn), None),
        Band::Warned => (Some(Ratio::one()), Some(warn)),
        Band::Breach => (None, Some(Ratio::one())),
    };
    let start = out.len();
    out.extend(terms.iter().map(|t| Interval { market: t.market, below: None, above: None }));
    for (line, down) in [(lower, true), (upper, false)] {
        let Some(line) = line else { continue };
        let slack = slack(health, line, armed.error, down);
        clear &= !slack.is_zero();
        let total = terms
            .iter()
            .fold(U256::ZERO, |sum, term| sum.saturating_add(weighted(engine, term, line)));
        for (term, interval) in terms.iter().zip(&mut out[start..]) {
            let change = change_of(term, line);
            let Some(price) = engine.marks[term.market.index()].mark.map(|m| m.price.raw) else {
                continue;
            };
            if slack.is_zero() {
                // Rounding may hide even which way the price hurts: any move of it fires.
                (interval.below, interval.above) = (Some(price), Some(price));
                continue;
            }
            if change == 0 {
                continue;
            }
            let weight = engine.markets[term.market.index()].volatility_weight;
            // Allowed relative move of this price is slack x weight / total, so the move itself:
            let share = slack.saturating_mul(U256::from(weight));
            let allowed = mul_div_full(U256::from(price), share, total, Rounding::Floor)
                .and_then(narrow_u128)
                .unwrap_or(u128::MAX);
            // Down towards the lower line a fall hurts a long; up towards the upper a rise helps.
            let falls = (change > 0) == down;
            let trigger =
                if falls { price.checked_sub(allowed) } else { price.checked_add(allowed) };
            let side = if falls { &mut interval.below } else { &mut interval.above };
            *side = match (*side, trigger.filter(|t| *t > 0)) {
                (Some(a), Some(b)) if falls => Some(a.max(b)),
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
        }
    }
    clear
}

/// Ends every interval where the statement it rests on ends.
fn within_reach(engine: &Engine, reach_bps: u32, intervals: &mut [Interval]) {
    for interval in intervals {
        let Some(price) = engine.marks[interval.market.index()].mark.map(|m| m.price.raw) else {
            continue;
        };
        let reach = mul_div(price, reach_bps.into(), 10_000, Rounding::Floor).unwrap_or(0);
        let (down, up) = (price.saturating_sub(reach), price.saturating_add(reach));
        interval.below = Some(interval.below.map_or(down, |below| below.max(down)));
        interval.above = Some(interval.above.map_or(up, |above| above.min(up)));
    }
}

/// Value that moves with the price, weighed at a line: equity's part less the line's share of the
/// requirement's.
fn change_of(term: &Exposure, line: Ratio) -> i128 {
    let required = line
        .of(U256::from(term.requirement), Rounding::Ceil)
        .and_then(breakwater_money::rounding::narrow_i128)
        .unwrap_or(i128::MAX);
    term.equity.saturating_sub(required)
}

fn weighted(engine: &Engine, term: &Exposure, line: Ratio) -> U256 {
    let weight = engine.markets[term.market.index()].volatility_weight;
    // One unit more covers the rounding of the line's share.
    let change = U256::from(change_of(term, line).unsigned_abs()).saturating_add(U256::ONE);
    change.saturating_mul(U256::from(weight))
}

/// Equity above (or missing to) a line, less what rounding may hide; zero fires at any move.
fn slack(health: &Health, line: Ratio, error: u128, down: bool) -> U256 {
    let rounding = if down { Rounding::Ceil } else { Rounding::Floor };
    let required = line
        .of(U256::from(health.requirement), rounding)
        .and_then(breakwater_money::rounding::narrow_i128)
        .unwrap_or(i128::MAX);
    let distance = if down {
        health.equity.saturating_sub(required)
    } else {
        required.saturating_sub(health.equity)
    };
    let error = i128::try_from(error).unwrap_or(i128::MAX);
    let clear = distance.saturating_sub(error);
    if clear <= 0 { U256::ZERO } else { U256::from(clear.unsigned_abs()) }
}
