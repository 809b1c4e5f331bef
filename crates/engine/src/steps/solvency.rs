//! Guards on what the pool takes on: gates, breakers, caps, and what usage does to interest.

use super::{assess::exposed, defences, retry, settle};
use crate::Engine;
use crate::engine::{Fault, Gated};
use crate::event::{Cause, Outcome, What};
use crate::invariant::Invariant;
use crate::tape::{Tape, Trip};
use breakwater_liquidation::{
    AssetInfo, Call, Effects, Gate, Overlay, Policy, Rejected, Rejection, View,
    solvency::RateResponse,
};
use breakwater_margin::Band;
use breakwater_money::{AccountId, AssetId, Class, Holder, Price, Time, Unit};
use std::collections::BTreeMap;

/// The operator opens, freezes or pauses an asset.
pub(super) fn set_gate(
    engine: &mut Engine,
    at: Time,
    asset: AssetId,
    gate: Gate,
    outcome: &mut Outcome,
) -> Result<(), Fault> {
    if asset.index() >= engine.assets.len() {
        return Err(Rejection::UnknownAsset.because(asset.to_string()).into());
    }
    let before = engine.guarded.gates.get(&asset).copied().unwrap_or_default();
    let nanos = engine.policy().map_or(0, |policy| policy.solvency.unpause_grace_nanos);
    let opened =
        (before.gate == Gate::Paused && gate != Gate::Paused && nanos > 0).then(|| at.after(nanos));
    let grace_until = if gate == Gate::Paused { None } else { opened.or(before.grace_until) };
    let after = Gated { gate, grace_until };
    if after == Gated::default() {
        engine.guarded.gates.remove(&asset);
    } else {
        engine.guarded.gates.insert(asset, after);
    }
    let told = What::GateMoved { asset, from: before.gate, to: gate, grace_until: opened };
    Engine::tell(outcome, Cause::Command, told);
    if gate == Gate::Paused {
        call_off(engine, asset, outcome);
    }
    retry(engine);
    Ok(())
}

/// A pause calls off what is left of the sales of whoever holds or owes the asset. They are due
/// again once it is over.
pub(super) fn call_off(engine: &mut Engine, asset: AssetId, outcome: &mut Outcome) {
    let touched = |open: &crate::OpenLeg| has(engine, open.account, asset);
    let open = engine.legs.all().iter().filter(|(_, open)| touched(open));
    let open: Vec<(u64, AccountId)> = open.map(|(number, open)| (*number, open.account)).collect();
    for (number, account) in open {
        if engine.auctions.contains_key(&number) {
            // Where somebody has bid, the clock stands still instead.
            if !super::auction::is_bound(engine, number) {
                engine.watch.mark_pending(account);
                super::auction::take_off(engine, number, Cause::Command, outcome);
            }
        } else if let Some(open) = engine.legs.remove(number) {
            let unsold = open.leg.quantity - open.filled;
            Engine::tell(outcome, Cause::Command, What::Cancelled { leg: number, unsold });
            engine.watch.mark_pending(account);
        }
    }
}

/// True if the account holds or owes the asset, or has a position that settles in it.
fn has(engine: &Engine, account: AccountId, asset: AssetId) -> bool {
    engine
        .ledger
        .holdings(account)
        .iter()
        .any(|held| held.unit.asset == asset && held.unit.class != Class::Deficit)
}

fn symbol(engine: &Engine, asset: AssetId) -> &str {
    engine.assets.get(asset.index()).map_or("?", |info| info.symbol.as_str())
}

/// Refuses to liquidate while something the account holds or owes is paused, or was until lately.
pub(super) fn may_liquidate(
    engine: &Engine,
    now: Time,
    account: AccountId,
) -> Result<(), Rejected> {
    for (asset, gated) in &engine.guarded.gates {
        let grace = gated.grace_until.filter(|until| now < *until);
        if (gated.gate != Gate::Paused && grace.is_none()) || !has(engine, account, *asset) {
            continue;
        }
        let symbol = symbol(engine, *asset);
        return Err(match grace {
            None => Rejection::AssetPaused.because(symbol),
            Some(until) => Rejection::UnpauseGrace.because(format!("{symbol} until {}", until.0)),
        });
    }
    for (asset, until) in defences::bands::paused(engine, now) {
        if has(engine, account, asset) {
            let detail = format!("{} until {}", self::symbol(engine, asset), until.0);
            return Err(Rejection::BandPaused.because(detail));
        }
    }
    Ok(())
}

/// From when on the account may be liquidated, as things stand: the end of the last grace period after
/// a pause; none while something that it holds or owes is paused.
pub(super) fn liquidates_from(engine: &Engine, account: AccountId) -> Option<Time> {
    let gates = engine.guarded.gates.iter();
    let mut own = gates.filter(|(asset, _)| has(engine, account, **asset)).map(|(_, gated)| gated);
    let banded = band_end(engine, engine.now, account).unwrap_or_default();
    own.try_fold(banded, |from, gated| {
        let open = gated.gate != Gate::Paused;
        open.then(|| from.max(gated.grace_until.unwrap_or_default()))
    })
}

/// When the last grace period of the account's assets ends, if one runs.
pub(super) fn grace_end(engine: &Engine, now: Time, account: AccountId) -> Option<Time> {
    let gates = engine.guarded.gates.iter();
    let graces = gates.filter_map(|(asset, gated)| {
        gated.grace_until.filter(|until| now < *until && has(engine, account, *asset))
    });
    graces.max().max(band_end(engine, now, account))
}

/// When the last pause at a band of the account's assets ends, if one runs.
fn band_end(engine: &Engine, now: Time, account: AccountId) -> Option<Time> {
    let own = defences::bands::paused(engine, now);
    own.filter(|(asset, _)| has(engine, account, *asset)).map(|(_, until)| until).max()
}

/// I-49: a sale that was ordered is called off by a pause, so that none is under way in it.
pub(super) fn sells_in_no_pause(
    engine: &Engine,
    now: Time,
    account: AccountId,
) -> Result<(), Fault> {
    may_liquidate(engine, now, account).map_err(|rejected| {
        let found = format!("a sale of {account} is under way: {rejected}");
        Fault::Broken(Invariant::PauseKept, found)
    })
}

/// What a call would add or take out.
#[derive(Default)]
struct Adds {
    /// Accounts whose burden would grow, or that take out.
    accounts: Vec<AccountId>,
    /// More of this would be supplied.
    supplied: Option<AssetId>,
    /// More of these would be owed, or positions in them would grow.
    owed: Vec<AssetId>,
    /// This would be taken out by its owner.
    taken: Option<AssetId>,
    /// These would change hands with the pool or in it.
    exchanged: Option<(AssetId, AssetId)>,
}

impl Adds {
    fn of(engine: &Engine, call: &Call) -> Adds {
        let adds = Adds { accounts: call.accounts(), ..Adds::default() };
        match *call {
            Call::Deposit { asset, .. } | Call::Provide { asset, .. } => {
                Adds { supplied: Some(asset), ..adds }
            }
            Call::Import { asset, collateral, debt, .. } => Adds {
                supplied: (collateral > 0).then_some(asset),
                owed: (debt > 0).then_some(asset).into_iter().collect(),
                ..adds
            },
            Call::Borrow { asset, .. } => Adds { owed: vec![asset], ..adds },
            Call::Withdraw { asset, .. } | Call::Reclaim { asset, .. } => {
                Adds { taken: Some(asset), ..adds }
            }
            Call::BuyReserves { asset, pays, .. } => {
                Adds { exchanged: Some((asset, pays)), ..adds }
            }
            Call::Swap { sold, bought, .. } => Adds { exchanged: Some((sold, bought)), ..adds },
            Call::Trade { buyer, seller, contract, quantity, .. } => {
                let traded = Adds::traded(engine, (buyer, seller), contract, quantity);
                Adds { exchanged: Some((contract, contract)), ..traded }
            }
            Call::Transfer { from, to, contract, quantity } => {
                let gives_long = long(engine, from, contract);
                let (to, from) = (Some(to), Some(from));
                let parties = if gives_long { (to, from) } else { (from, to) };
                let moved = Adds::traded(engine, parties, contract, quantity);
                Adds { exchanged: Some((contract, contract)), ..moved }
            }
            // The other party may grow in the near contract, as whoever rolls does in the far one.
            Call::Roll { account, against, near, far, near_quantity, far_quantity, .. } => {
                let account_is_long = long(engine, account, near);
                let account = Some(account);
                let (buyer, seller) =
                    if account_is_long { (account, against) } else { (against, account) };
                let closed = Adds::traded(engine, (seller, buyer), near, near_quantity);
                let opened = Adds::traded(engine, (buyer, seller), far, far_quantity);
                let mut accounts = [closed.accounts, opened.accounts].concat();
                accounts.sort_unstable();
                accounts.dedup();
                let owed = [closed.owed, opened.owed].concat();
                Adds { accounts, owed, exchanged: Some((near, far)), ..adds }
            }
            Call::Exercise { contract, .. } => {
                Adds { exchanged: Some((contract, contract)), ..adds }
            }
            _ => adds,
        }
    }

    /// What a trade adds to the positions of both parties.
    fn traded(
        engine: &Engine,
        (buyer, seller): (Option<AccountId>, Option<AccountId>),
        contract: AssetId,
        quantity: u128,
    ) -> Adds {
        let sides = [(buyer, 1), (seller, -1)].into_iter();
        let named = sides.filter_map(|(side, sign)| Some((side?, sign)));
        let grow =
            named.filter(|(account, sign)| grows(engine, *account, contract, quantity, *sign));
        let accounts: Vec<AccountId> = grow.map(|(account, _)| account).collect();
        let owed = if accounts.is_empty() { Vec::new() } else { vec![contract] };
        Adds { accounts, owed, ..Adds::default() }
    }
}

/// True if the account is long of the contract.
fn long(engine: &Engine, account: AccountId, contract: AssetId) -> bool {
    engine.ledger.balance(Holder::Account(account), Unit::token(contract)) > 0
}

/// True unless the trade only makes the account's position smaller.
fn grows(
    engine: &Engine,
    account: AccountId,
    contract: AssetId,
    quantity: u128,
    sign: i128,
) -> bool {
    let size = engine.ledger.balance(Holder::Account(account), Unit::token(contract));
    let after = i128::try_from(quantity).ok().and_then(|q| size.checked_add(sign * q));
    let smaller = |after: i128| {
        let same_side = after == 0 || (after > 0) == (size > 0);
        size != 0 && same_side && after.unsigned_abs() <= size.unsigned_abs()
    };
    !after.is_some_and(smaller)
}

/// Refuses business that a gate or a breaker is closed to, assets in order, gates first.
pub(super) fn admits(engine: &Engine, at: Time, call: &Call) -> Result<(), Rejected> {
    let held = engine.guarded.tapes.iter().filter(|(_, tape)| tape.holds(at));
    let mut barred: Vec<AssetId> = held.map(|(asset, _)| *asset).collect();
    barred.extend(engine.guarded.gates.keys());
    barred.extend(defences::bands::paused(engine, at).map(|(asset, _)| asset));
    if barred.is_empty() {
        return Ok(());
    }
    barred.sort_unstable();
    barred.dedup();
    let adds = Adds::of(engine, call);
    for asset in barred {
        gate_admits(engine, at, asset, call, &adds)?;
        band_admits(engine, at, asset, call, &adds)?;
        let tape = engine.guarded.tapes.get(&asset).filter(|tape| tape.holds(at));
        let until = tape.and_then(|tape| tape.held_until);
        if let Some(until) = until.filter(|_| burdens(engine, asset, &adds)) {
            let detail = format!("{} until {}", symbol(engine, asset), until.0);
            return Err(Rejection::BreakerHolds.because(detail));
        }
    }
    Ok(())
}

/// New risk on an asset whose price or standing is in doubt: more of it owed, it taken out, or
/// more owed against it; also what somebody who owes takes out against it.
fn burdens(engine: &Engine, asset: AssetId, adds: &Adds) -> bool {
    let has = |account: &&AccountId| has(engine, **account, asset);
    adds.owed.contains(&asset)
        || adds.taken == Some(asset)
        || (!adds.owed.is_empty() && adds.accounts.iter().any(|account| has(&account)))
        || (adds.taken.is_some()
            && adds.accounts.iter().filter(has).any(|account| exposed(engine, *account)))
}

fn gate_admits(
    engine: &Engine,
    at: Time,
    asset: AssetId,
    call: &Call,
    adds: &Adds,
) -> Result<(), Rejected> {
    let Some(gated) = engine.guarded.gates.get(&asset) else { return Ok(()) };
    let symbol = symbol(engine, asset);
    let owes = |account: &AccountId| exposed(engine, *account);
    let tops_up = matches!(call, Call::Deposit { .. }) && adds.accounts.iter().all(owes);
    let here = adds.accounts.iter().all(|account| has(engine, *account, asset));
    let exchanged = adds.exchanged.is_some_and(|(one, other)| one == asset || other == asset);
    let grace = gated.grace_until.filter(|until| at < *until);
    match gated.gate {
        // Who does not have the asset would buy a time without liquidation by topping up with it.
        Gate::Paused => {
            let supplies = adds.supplied == Some(asset) && !(tops_up && here);
            if supplies || exchanged || burdens(engine, asset, adds) {
                return Err(Rejection::AssetPaused.because(symbol));
            }
        }
        Gate::Frozen => {
            let supplies = adds.supplied == Some(asset) && !tops_up;
            if supplies || adds.owed.contains(&asset) {
                return Err(Rejection::AssetFrozen.because(symbol));
            }
        }
        Gate::Open => {}
    }
    let Some(until) = grace else { return Ok(()) };
    // Nobody can be liquidated for it yet, so nobody may owe more against it either.
    let buys_time = adds.supplied == Some(asset) && tops_up && !here;
    let owes_more = !adds.owed.is_empty()
        && (adds.owed.contains(&asset)
            || adds.accounts.iter().any(|account| has(engine, *account, asset)));
    if buys_time || owes_more {
        let detail = format!("{symbol} until {}", until.0);
        return Err(Rejection::UnpauseGrace.because(detail));
    }
    Ok(())
}

/// In a pause at a band nobody owes more of the asset or against it, trades it, or buys a time without
/// liquidation with it. Who owes nothing takes out as ever.
fn band_admits(
    engine: &Engine,
    at: Time,
    asset: AssetId,
    call: &Call,
    adds: &Adds,
) -> Result<(), Rejected> {
    let Some((_, until)) = defences::bands::paused(engine, at).find(|(of, _)| *of == asset) else {
        return Ok(());
    };
    let here = adds.accounts.iter().all(|account| has(engine, *account, asset));
    let owes = |account: &AccountId| exposed(engine, *account);
    let tops_up = matches!(call, Call::Deposit { .. }) && here;
    // Who owes nothing is not liquidated: supplying buys no time.
    let buys_time = adds.supplied == Some(asset) && !tops_up && adds.accounts.iter().any(owes);
    let exchanged = adds.exchanged.is_some_and(|(one, other)| one == asset || other == asset);
    let any_here = adds.accounts.iter().any(|account| has(engine, *account, asset));
    let owes_more = adds.owed.contains(&asset) || (!adds.owed.is_empty() && any_here);
    let takes = adds.taken.is_some()
        && adds.accounts.iter().any(|account| has(engine, *account, asset) && owes(account));
    if buys_time || exchanged || owes_more || takes {
        let detail = format!("{} until {}", symbol(engine, asset), until.0);
        return Err(Rejection::BandPaused.because(detail));
    }
    Ok(())
}

/// Accounts that a call puts new risk on: those that owe more, or take out while they owe.
pub(super) fn at_risk(engine: &Engine, call: &Call) -> Vec<AccountId> {
    let adds = Adds::of(engine, call);
    let takes = adds.taken.is_some();
    if adds.owed.is_empty() && !takes {
        return Vec::new();
    }
    let owes_more = !adds.owed.is_empty();
    adds.accounts.into_iter().filter(|account| owes_more || exposed(engine, *account)).collect()
}

/// A total that a call was measured by.
pub(super) struct Capped {
    asset: AssetId,
    side: Side,
    cap: u128,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Supply,
    Borrow,
}

/// Measures the totals after a call's effects by their caps; equality is allowed. A top-up below
/// the warning line is a cure and is not measured. What was measured is measured again once the
/// call has happened.
pub(super) fn caps(
    engine: &Engine,
    view: &View<'_>,
    seen: &View<'_>,
    call: &Call,
    effects: &Effects,
) -> Result<Vec<Capped>, Rejected> {
    let installed = engine.in_force()?;
    let mut measured = Vec::new();
    let (supplied, owed) = match *call {
        Call::Deposit { asset, .. } | Call::Provide { asset, .. } => (Some(asset), None),
        Call::Import { asset, collateral, debt, .. } => {
            ((collateral > 0).then_some(asset), (debt > 0).then_some(asset))
        }
        Call::Borrow { asset, .. } => (None, Some(asset)),
        _ => return Ok(measured),
    };
    for (asset, side) in [(supplied, Side::Supply), (owed, Side::Borrow)] {
        let Some(asset) = asset else { continue };
        let guard = installed.policy.solvency.assets.get(&view.asset(asset)?.symbol);
        let cap = guard.and_then(|guard| match side {
            Side::Supply => guard.supply_cap,
            Side::Borrow => guard.borrow_cap,
        });
        let Some(cap) = cap else { continue };
        if let Call::Deposit { account, .. } = call {
            let warn = installed.policy.warn_ratio;
            let health = installed.rulebook.assess(seen, *account);
            if health.is_ok_and(|health| health.band(warn) != Band::Healthy) {
                continue;
            }
        }
        measured.push(Capped { asset, side, cap });
    }
    if measured.is_empty() {
        return Ok(measured);
    }
    let first = call.accounts().first().copied().unwrap_or_default();
    let overlay = Overlay::new(*view, first, effects)?;
    for capped in &measured {
        let total = total(engine, &overlay.view(), capped)?;
        if total > capped.cap {
            let rejection = match capped.side {
                Side::Supply => Rejection::SupplyCapped,
                Side::Borrow => Rejection::BorrowCapped,
            };
            let (symbol, cap) = (symbol(engine, capped.asset), capped.cap);
            return Err(rejection.because(format!("{symbol} {total}, cap {cap}")));
        }
    }
    Ok(measured)
}

fn total(engine: &Engine, view: &View<'_>, capped: &Capped) -> Result<u128, Rejected> {
    let totals = engine.in_force()?.rulebook.totals(view, capped.asset)?;
    Ok(match capped.side {
        Side::Supply => totals.supplied,
        Side::Borrow => totals.borrowed,
    })
}

/// I-50: what the ledger has after the call is within the caps that it was measured by.
pub(super) fn caps_hold(engine: &Engine, at: Time, measured: &[Capped]) -> Result<(), Fault> {
    for capped in measured {
        let total = engine.with_view(at, |view| total(engine, view, capped))?;
        if total > capped.cap {
            let found = format!("{} of {}, cap {}", total, capped.asset, capped.cap);
            return Err(Fault::Broken(Invariant::CapsKept, found));
        }
    }
    Ok(())
}

/// An accepted mark goes through its asset's breaker.
pub(super) fn marked(
    engine: &mut Engine,
    at: Time,
    asset: AssetId,
    mark: Price,
    outcome: &mut Outcome,
) {
    defences::marked(engine, at, asset, mark, outcome);
    let tripped = engine.guarded.tapes.get_mut(&asset).and_then(|tape| tape.mark(mark, at));
    if let Some(Trip { highest, until }) = tripped {
        let told = What::BreakerTripped { asset, highest, mark, until };
        Engine::tell(outcome, Cause::Command, told);
    }
}

/// Symbols that a policy guards and the pool does not have.
pub(super) fn known(assets: &[AssetInfo], policy: &Policy) -> Result<(), Rejected> {
    let known = |symbol: &String| assets.iter().any(|asset| asset.symbol == *symbol);
    match policy.solvency.assets.keys().find(|symbol| !known(symbol)) {
        None => Ok(()),
        Some(stranger) => {
            let detail =
                format!("policy.solvency.assets names '{stranger}', which the pool does not have");
            Err(Rejection::BadParameter.because(detail))
        }
    }
}

/// The policy's rate responses by the number of their asset.
pub(crate) fn rates(assets: &[AssetInfo], policy: &Policy) -> Vec<(AssetId, RateResponse)> {
    let numbered = (0..).map(AssetId).zip(assets);
    let guards = numbered
        .filter_map(|(asset, info)| Some((asset, policy.solvency.assets.get(&info.symbol)?.rate?)));
    guards.collect()
}

/// A policy has come into force. A breaker that stays as it was goes on; any other begins with the
/// mark in force. Guards that this rulebook cannot serve are told once.
pub(super) fn installed(engine: &mut Engine, outcome: &mut Outcome) -> Result<(), Fault> {
    let guards = engine.in_force()?.policy.solvency.assets.clone();
    let mut before = std::mem::take(&mut engine.guarded.tapes);
    for (asset, info) in (0..).map(AssetId).zip(&engine.assets) {
        let Some(breaker) = guards.get(&info.symbol).and_then(|guard| guard.breaker) else {
            continue;
        };
        let mark = info.market.and_then(|market| engine.marks[market.index()].mark);
        let kept = before.remove(&asset).filter(|tape| tape.breaker() == breaker);
        let tape = kept.unwrap_or_else(|| Tape::begin(breaker, mark.map(|mark| mark.price)));
        engine.guarded.tapes.insert(asset, tape);
    }
    let installed = engine.in_force()?;
    let without: Vec<AssetId> = installed
        .rates
        .iter()
        .filter(|(asset, _)| {
            let tried = engine.look(|view| installed.rulebook.surcharge(view, *asset, 0));
            tried.is_err_and(|rejected| rejected.rejection == Rejection::Unsupported)
        })
        .map(|(asset, _)| *asset)
        .collect();
    for asset in without {
        Engine::tell(outcome, Cause::Command, What::SurchargeIgnored { asset });
    }
    Ok(())
}

/// Sets or takes off surcharges by the usage that a command has left.
pub(crate) fn respond(
    engine: &mut Engine,
    cause: Cause,
    outcome: &mut Outcome,
) -> Result<(), Fault> {
    let Some(installed) = &engine.installed else { return Ok(()) };
    if installed.rates.is_empty() && engine.guarded.surcharges.is_empty() {
        return Ok(());
    }
    let mut asked: BTreeMap<AssetId, Option<RateResponse>> =
        engine.guarded.surcharges.keys().map(|asset| (*asset, None)).collect();
    asked.extend(installed.rates.iter().map(|(asset, response)| (*asset, Some(*response))));
    for (asset, response) in asked {
        let installed = engine.in_force()?;
        let Ok(totals) = engine.look(|view| installed.rulebook.totals(view, asset)) else {
            continue;
        };
        let response = response.filter(|response| response.responds(totals));
        let wanted = response.map_or(0, |response| response.surcharge_bps_a_year);
        if wanted == engine.surcharge(asset) {
            continue;
        }
        let tried = engine.look(|view| installed.rulebook.surcharge(view, asset, wanted));
        // A rulebook that cannot was told of when it came; the command itself has happened.
        let Ok(effects) = tried else { continue };
        settle::commit(engine, effects, cause, outcome)?;
        if wanted == 0 {
            engine.guarded.surcharges.remove(&asset);
        } else {
            engine.guarded.surcharges.insert(asset, wanted);
        }
        let (supplied, borrowed) = (totals.supplied, totals.borrowed);
        let told = What::Surcharged { asset, bps_a_year: wanted, supplied, borrowed };
        Engine::tell(outcome, cause, told);
    }
    Ok(())
}
