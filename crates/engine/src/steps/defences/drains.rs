//! What may leave, who waits for the rest, and how they are paid.
//!
//! Counted are withdrawals, loans and what is taken back of money for liquidations; what a liquidation
//! takes out is not stopped by it. Whoever waits is paid in proportion to what they wait for, so that
//! neither size nor order buys a place.

use super::{held, in_force, second, tokens, value_of};
use crate::Engine;
use crate::defended::Waiting;
use crate::engine::Fault;
use crate::event::{Cause, Outcome, What};
use crate::limits::CLAIMS_MAX;
use crate::steps::{auction, settle, solvency};
use breakwater_liquidation::solvency::outflow::{Counted, OutflowWindow};
use breakwater_liquidation::solvency::release::pro_rata;
use breakwater_liquidation::{Call, Effects, Overlay, Rejected, Rejection, View};
use breakwater_money::rounding::{Rounding, mul_div};
use breakwater_money::{AccountId, Amount, AssetId, Class, Holder, Time};
use std::collections::BTreeMap;

/// How a request is answered.
pub(crate) struct Split {
    /// What happens now; none if all of it waits.
    pub now: Option<Call>,
    /// Base units paid now.
    paid: u128,
    waits: Option<Waiting>,
    window: Option<OutflowWindow>,
}

/// A counted request: whose, of what, how much, and whether it may wait.
struct Asked {
    account: AccountId,
    asset: AssetId,
    amount: u128,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Withdraw,
    Reclaim,
    Borrow,
}

impl Asked {
    fn of(call: &Call) -> Option<Asked> {
        let (account, asset, amount, kind) = match *call {
            Call::Withdraw { account, asset, amount } => (account, asset, amount, Kind::Withdraw),
            Call::Reclaim { account, asset, amount } => (account, asset, amount, Kind::Reclaim),
            Call::Borrow { account, asset, amount } => (account, asset, amount, Kind::Borrow),
            _ => return None,
        };
        Some(Asked { account, asset, amount, kind })
    }

    fn call(&self, amount: u128) -> Call {
        let Asked { account, asset, .. } = *self;
        match self.kind {
            Kind::Withdraw => Call::Withdraw { account, asset, amount },
            Kind::Reclaim => Call::Reclaim { account, asset, amount },
            Kind::Borrow => Call::Borrow { account, asset, amount },
        }
    }
}

/// What effects move between the pool and the world outside, by asset: in, or out.
fn across(effects: &Effects, outward: bool) -> BTreeMap<AssetId, u128> {
    let mut sums: BTreeMap<AssetId, u128> = BTreeMap::new();
    for transfer in effects.transfers.iter().filter(|t| t.unit.class == Class::Token) {
        let side = if outward { transfer.credit } else { transfer.debit };
        if side == Holder::External {
            let sum = sums.entry(transfer.unit.asset).or_default();
            *sum = sum.saturating_add(transfer.amount);
        }
    }
    sums
}

fn value(
    engine: &Engine,
    view: &View<'_>,
    sums: &BTreeMap<AssetId, u128>,
    rounding: Rounding,
) -> Result<u128, Rejected> {
    sums.iter().try_fold(0u128, |sum, (asset, amount)| {
        let worth = value_of(engine, view, *asset, *amount, rounding)?;
        sum.checked_add(worth).ok_or_else(|| Rejection::Overflow.into())
    })
}

/// The window with what the pool holds at the marks.
fn window(engine: &Engine, view: &View<'_>) -> Option<OutflowWindow> {
    let mut window = engine.defended.outflow.clone()?;
    window.revalue(held(engine, view));
    Some(window)
}

/// How a request is answered; none if nothing limits it.
///
/// # Errors
/// It is refused: by the rule, by the limit, or because the account waits already.
pub(crate) fn split(engine: &Engine, at: Time, call: &Call) -> Result<Option<Split>, Rejected> {
    let Some(defences) = in_force(engine) else { return Ok(None) };
    let limited = defences.outflow.is_some() || defences.queue_seconds.is_some();
    let Some(asked) = Asked::of(call).filter(|_| limited) else { return Ok(None) };
    let queues = defences.queues() && asked.kind != Kind::Borrow;
    let reclaim = asked.kind == Kind::Reclaim;
    let waits_already = |claim: &Waiting| {
        claim.account == asked.account && claim.asset == asked.asset && claim.reclaim == reclaim
    };
    if queues && engine.defended.claims.values().any(waits_already) {
        return Err(Rejection::AlreadyWaiting.because(asked.account.to_string()));
    }
    let installed = engine.in_force()?;
    engine.with_view(at, |view| {
        let accrued = installed.rulebook.accrue(view)?;
        let overlay = Overlay::new(*view, asked.account, &accrued)?;
        let seen = overlay.view();
        // Beyond what is there to pay with, the rule is asked about what there is.
        let cash = tokens(&seen, asked.asset);
        let beyond = queues && asked.amount > cash && asked.amount != u128::MAX && cash > 0;
        let tried = if beyond { asked.call(cash) } else { call.clone() };
        let effects = installed.rulebook.execute(&seen, &tried)?;
        let out = across(&effects, true);
        let whole = match out.get(&asked.asset) {
            _ if beyond => asked.amount,
            Some(amount) => *amount,
            // Nothing of it leaves the pool: not ours to limit.
            None => return Ok(None),
        };
        let worth = value_of(engine, &seen, asked.asset, whole, Rounding::Ceil)?;
        let window = window(engine, view);
        let small = window.as_ref().is_some_and(|window| worth <= window.limit().minimum_amount);
        let waiting = |paid: u128| Waiting {
            account: asked.account,
            asset: asked.asset,
            reclaim,
            asked: whole - paid,
            paid: 0,
            since: second(at),
        };
        let others = !engine.defended.claims.is_empty();
        let in_line = queues && !small && (defences.queue_seconds.is_some() || others);
        if in_line {
            room_for_another(engine)?;
            let waits = Some(waiting(0));
            return Ok(Some(Split { now: None, paid: 0, waits, window: None }));
        }
        let Some(mut window) = window else {
            return Ok(Some(Split { now: Some(tried), paid: whole, waits: None, window: None }));
        };
        let judged = window.judge(second(at), worth);
        if judged.now < worth && !queues {
            let room = window.room_at(second(at));
            let detail = format!("a value of {worth}, {room} may leave");
            return Err(Rejection::OutflowLimited.because(detail));
        }
        if judged.now == worth && !beyond {
            window.take_out(second(at), worth);
            let window = Some(window);
            return Ok(Some(Split { now: Some(tried), paid: whole, waits: None, window }));
        }
        room_for_another(engine)?;
        if judged.tripped {
            window.trip(second(at));
        }
        let part = mul_div(whole, judged.now, worth.max(1), Rounding::Floor)?.min(cash);
        // What the rule does not take in part waits whole.
        let part = match part {
            0 => 0,
            part if installed.rulebook.execute(&seen, &asked.call(part)).is_ok() => part,
            _ => 0,
        };
        let leaves = value_of(engine, &seen, asked.asset, part, Rounding::Ceil)?;
        window.take_out(second(at), leaves);
        Ok(Some(Split {
            now: (part > 0).then(|| asked.call(part)),
            paid: part,
            waits: Some(waiting(part)),
            window: Some(window),
        }))
    })
}

fn room_for_another(engine: &Engine) -> Result<(), Rejected> {
    if engine.defended.claims.len() < CLAIMS_MAX {
        return Ok(());
    }
    Err(Rejection::LimitReached.because(format!("{CLAIMS_MAX} withdrawals wait")))
}

/// Keeps what a request has left: its place in the window, and the claim.
pub(crate) fn keep(engine: &mut Engine, split: &Split, outcome: &mut Outcome) {
    if let Some(window) = &split.window {
        engine.defended.outflow = Some(window.clone());
    }
    let Some(waiting) = split.waits.filter(|waiting| waiting.asked > 0) else { return };
    engine.defended.claimed += 1;
    let claim = engine.defended.claimed;
    engine.defended.claims.insert(claim, waiting);
    let Waiting { account, asset, asked, .. } = waiting;
    let waits = Amount::new(asset, asked);
    let told = What::WithdrawalQueued { claim, account, paid: split.paid, waits };
    Engine::tell(outcome, Cause::Command, told);
}

/// Value that a call brings in, where inflows make room; what has no mark makes none.
pub(crate) fn counts_in(engine: &Engine, at: Time, call: &Call, effects: &Effects) -> u128 {
    let net = engine.defended.outflow.as_ref();
    let net = net.is_some_and(|window| window.limit().counted == Counted::Net);
    let brings = matches!(call, Call::Deposit { .. } | Call::Provide { .. } | Call::Repay { .. });
    if !net || !brings {
        return 0;
    }
    let sums = across(effects, false);
    engine.with_view(at, |view| value(engine, view, &sums, Rounding::Floor)).unwrap_or(0)
}

/// Counts it, once it is in.
pub(crate) fn took_in(engine: &mut Engine, at: Time, amount: u128) {
    if amount == 0 {
        return;
    }
    let held = engine.with_view(at, |view| held(engine, view));
    if let Some(window) = &mut engine.defended.outflow {
        // What came in is held already.
        window.revalue(held.saturating_sub(amount));
        window.take_in(second(at), amount);
    }
}

/// Pays those who wait, out of what may leave, in proportion to what of their claims is released.
pub(super) fn settle(
    engine: &mut Engine,
    cause: Cause,
    outcome: &mut Outcome,
) -> Result<(), Fault> {
    if engine.defended.claims.is_empty() {
        return Ok(());
    }
    // Claims that do not fit 128 bits together are shared at another price.
    let Ok(shares) = engine.look(|view| shares(engine, view)) else { return Ok(()) };
    for (claim, amount) in shares.into_iter().filter(|(_, amount)| *amount > 0) {
        pay(engine, claim, amount, cause, outcome)?;
    }
    Ok(())
}

/// What each claim gets now, by number.
fn shares(engine: &Engine, view: &View<'_>) -> Result<Vec<(u64, u128)>, Rejected> {
    let now = second(view.now);
    let defences = in_force(engine).cloned().unwrap_or_default();
    let wait = defences.queue_seconds.unwrap_or(0);
    let staged = defences.outflow.and_then(|terms| terms.staged);
    let mut due = Vec::new();
    for (number, claim) in &engine.defended.claims {
        let waited = now.saturating_sub(claim.since);
        let released = staged.map_or(claim.asked, |staged| staged.released(claim.asked, waited));
        let released = released.saturating_sub(claim.paid);
        // What has no mark waits for one.
        let worth = value_of(engine, view, claim.asset, released, Rounding::Ceil);
        if let (true, Ok(worth)) = (waited >= wait && released > 0, worth) {
            due.push((*number, claim.asset, released, worth));
        }
    }
    let room = window(engine, view).map_or(u128::MAX, |mut window| window.room_at(now));
    let worths: Vec<u128> = due.iter().map(|(.., worth)| *worth).collect();
    let mut amounts = Vec::with_capacity(due.len());
    for ((number, asset, released, worth), share) in due.iter().zip(pro_rata(room, &worths)?) {
        let amount = if share == *worth {
            *released
        } else {
            mul_div(*released, share, (*worth).max(1), Rounding::Floor)?
        };
        amounts.push((*number, *asset, amount));
    }
    within_cash(view, amounts)
}

/// The same within what there is of each asset to pay with.
fn within_cash(
    view: &View<'_>,
    amounts: Vec<(u64, AssetId, u128)>,
) -> Result<Vec<(u64, u128)>, Rejected> {
    let mut by_asset: BTreeMap<AssetId, Vec<(u64, u128)>> = BTreeMap::new();
    for (number, asset, amount) in amounts {
        by_asset.entry(asset).or_default().push((number, amount));
    }
    let mut paid = Vec::new();
    for (asset, claims) in by_asset {
        let wanted: Vec<u128> = claims.iter().map(|(_, amount)| *amount).collect();
        let parts = pro_rata(tokens(view, asset), &wanted)?;
        paid.extend(claims.into_iter().zip(parts).map(|((number, _), part)| (number, part)));
    }
    paid.sort_unstable();
    Ok(paid)
}

/// Pays one claim, if gates, auctions and the rule allow it; who has nothing left waits no longer.
fn pay(
    engine: &mut Engine,
    number: u64,
    amount: u128,
    cause: Cause,
    outcome: &mut Outcome,
) -> Result<(), Fault> {
    let Some(claim) = engine.defended.claims.get(&number).copied() else { return Ok(()) };
    let Waiting { account, asset, reclaim, asked, paid, .. } = claim;
    let kind = if reclaim { Kind::Reclaim } else { Kind::Withdraw };
    let call = Asked { account, asset, amount, kind }.call(amount);
    let now = engine.now;
    if solvency::admits(engine, now, &call).is_err()
        || auction::may_take_out(engine, account).is_err()
    {
        return Ok(());
    }
    let installed = engine.in_force()?;
    let effects = match engine.look(|view| installed.rulebook.execute(view, &call)) {
        Ok(effects) => effects,
        Err(rejected) => {
            let gone = matches!(
                rejected.rejection,
                Rejection::InsufficientBalance | Rejection::NotCollateral
            );
            if gone {
                engine.defended.claims.remove(&number);
                let left = Amount::new(asset, asked - paid);
                Engine::tell(
                    outcome,
                    cause,
                    What::WithdrawalDropped { claim: number, account, left },
                );
            }
            return Ok(());
        }
    };
    let leaves = engine.look(|view| value(engine, view, &across(&effects, true), Rounding::Ceil));
    let Ok(leaves) = leaves else { return Ok(()) };
    if let Some(mut window) = engine.look(|view| window(engine, view)) {
        // The rule may pay a unit more than was asked: then it waits for more room.
        if window.room_at(second(now)) < leaves {
            return Ok(());
        }
        window.take_out(second(now), leaves);
        engine.defended.outflow = Some(window);
    }
    let left = asked.saturating_sub(paid).saturating_sub(amount);
    if left == 0 {
        engine.defended.claims.remove(&number);
    } else if let Some(claim) = engine.defended.claims.get_mut(&number) {
        claim.paid += amount;
    }
    settle::commit(engine, effects, cause, outcome)?;
    let amount = Amount::new(asset, amount);
    Engine::tell(outcome, cause, What::WithdrawalPaid { claim: number, account, amount, left });
    Ok(())
}
