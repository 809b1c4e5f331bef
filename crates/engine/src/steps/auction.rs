//! Lots on auction: opened for a plan's leg, bid for, and closed when their time has come.
//!
//! What bidders put down is held in the ledger under [`Holder::Escrow`] until it is refunded or paid on.
//! A lot stays with its account until it is sold: a sale is the same fill that a market's is, so that
//! no rulebook knows of auctions. An auction's clock stands still while prices may not be acted on; then
//! nobody bids, and nothing is due.

pub(crate) mod clock;

use super::{fill, settle};
use crate::engine::Fault;
use crate::event::{Cause, Outcome, What};
use crate::invariant::Invariant;
use crate::{Body, Engine, OpenLeg};
use breakwater_liquidation::auctions::{
    Bid, Offer, OnAuction, Opening, Running, Step, Totals, Verdict,
};
use breakwater_liquidation::{
    AuctionTerms, Call, Disposal, Effects, Leg, Rejected, Rejection, View,
};
use breakwater_money::rounding::{Rounding, mul_div};
use breakwater_money::{AccountId, Holder, Time, Transfer, TransferCode, Unit};

/// The terms under which the leg is auctioned; none if it is sold into a market. Contracts always are:
/// whoever takes a position over has to be margined for it.
pub(super) fn terms_for(engine: &Engine, leg: &Leg) -> Option<AuctionTerms> {
    let Disposal::Auction(terms) = &engine.policy()?.disposal else { return None };
    let contract = engine.assets.get(leg.asset.index())?.kind.contract().is_some();
    (!contract).then(|| terms.clone())
}

/// Opens the auctions of a leg's lots, as many as may be on auction at once. False if there is no room
/// for any.
pub(super) fn open(
    engine: &mut Engine,
    account: AccountId,
    leg: Leg,
    terms: &AuctionTerms,
    cause: Cause,
    outcome: &mut Outcome,
) -> Result<bool, Rejected> {
    let (owed, lot_max) = offer(engine, account, terms, |offer, view| {
        Ok((offer.owed(view, &leg)?, offer.lot_max(view, &leg)?))
    })?;
    let (mut left, mut owed_left, mut any) = (leg.quantity, owed, false);
    while left > 0 {
        let lot = Leg { quantity: left.min(lot_max), ..leg };
        // Each lot is to raise its share of what is owed; what rounding leaves, the last does.
        let due = owed_left.map(|owed| mul_div(owed, lot.quantity, left, Rounding::Ceil));
        let due = due.transpose()?;
        let opened = match open_lot(engine, account, lot, due, (terms, cause), outcome) {
            // What is on auction already stays there.
            Err(_) if any => None,
            other => other?,
        };
        let Some(opened) = opened else { break };
        any = true;
        left = left.saturating_sub(opened);
        owed_left = owed_left.zip(due).map(|(owed, due)| owed.saturating_sub(due));
        if opened < lot.quantity || owed_left == Some(0) {
            break;
        }
    }
    Ok(any)
}

/// Looks at the pool with what surrounds a lot of the account.
fn offer<T>(
    engine: &Engine,
    account: AccountId,
    terms: &AuctionTerms,
    look: impl FnOnce(&Offer<'_>, &View<'_>) -> Result<T, Rejected>,
) -> Result<T, Rejected> {
    let installed = engine.in_force()?;
    let value = |sum: u128, running: &Running| sum.saturating_add(running.value);
    let others = OnAuction {
        count: engine.auctions.len(),
        value: engine.auctions.values().fold(0u128, value),
    };
    let (rulebook, policy) = (&*installed.rulebook, &installed.policy);
    let offer = Offer { rulebook, policy, terms, account, others };
    engine.with_view(engine.now, |view| look(&offer, view))
}

/// Opens one auction. What of the lot is on auction now; none if there is no room for any of it.
fn open_lot(
    engine: &mut Engine,
    account: AccountId,
    lot: Leg,
    due: Option<u128>,
    (terms, cause): (&AuctionTerms, Cause),
    outcome: &mut Outcome,
) -> Result<Option<u128>, Rejected> {
    let number = engine.next_leg;
    let opened = offer(engine, account, terms, |offer, view| {
        let Some(opening) = offer.of(view, &lot, (number, due))? else { return Ok(None) };
        let running = terms.open(view, &opening)?;
        Ok(Some((opening, running)))
    })?;
    let Some((opening, running)) = opened else { return Ok(None) };
    let Opening { at_mark, fair, wanted, .. } = opening;
    let (sale, format) = (Leg { quantity: at_mark.quantity, ..lot }, running.format());
    engine.next_leg += 1;
    engine.legs.put_up(number, OpenLeg { account, leg: sale, filled: 0, until: None });
    engine.auctions.insert(number, running);
    let told = What::AuctionOpened { leg: number, account, sale, format, fair, wanted };
    Engine::tell(outcome, cause, told);
    Ok(Some(sale.quantity))
}

/// A step of an auction: when, which, why.
#[derive(Clone, Copy)]
struct Place {
    at: Time,
    number: u64,
    cause: Cause,
}

/// Takes a bid.
pub(super) fn bid(
    engine: &mut Engine,
    at: Time,
    (number, bidder): (u64, u64),
    bid: &Bid,
    outcome: &mut Outcome,
) -> Result<(), Fault> {
    let (Some(open), Some(before)) = (engine.legs.get(number), engine.auctions.get(&number)) else {
        let detail = format!("auction {number}: an open one is right");
        return Err(Rejection::UnknownAuction.because(detail).into());
    };
    clock::runs(engine, at, number, open)?;
    // Money that is taken in without a sale cannot fail after the bid is taken. What sells at once
    // may be refused by the rulebook: these formats are small.
    let kept = bid.sells().then(|| before.clone());
    let open = open.clone();
    let Some(mut running) = engine.auctions.remove(&number) else { return Ok(()) };
    let held = running.held;
    let leg = left_of(&open);
    let room = room(engine, Unit::token(leg.proceeds_asset));
    let placed = engine
        .with_view(at, |view| running.bid(view, &leg, (bidder, bid), room))
        .and_then(|step| Ok((step.totals()?, step)));
    let (totals, step) = match placed {
        Ok(placed) => placed,
        Err(refused) => {
            engine.auctions.insert(number, running);
            return Err(refused.into());
        }
    };
    let place = Place { at, number, cause: Cause::Command };
    let paid_in = totals.paid_in;
    Engine::tell(outcome, place.cause, What::BidPlaced { leg: number, bidder, bid: *bid, paid_in });
    let told = outcome.events.len();
    let penalty = running.penalty_in(totals.paid);
    match follow(engine, place, &open, (held, penalty, &step), outcome) {
        Ok(()) => close(engine, place, running, &step, outcome),
        // A winner who cannot be given the lot is not to blame.
        Err(Fault::Rejected(_)) if *bid == Bid::Pay && !engine.scratch.committed => {
            outcome.events.truncate(told);
            let voided = step.voided();
            follow(engine, place, &open, (held, 0, &voided), outcome)?;
            close(engine, place, running, &voided, outcome)
        }
        Err(fault) => {
            engine.auctions.insert(number, kept.unwrap_or(running));
            Err(fault)
        }
    }
}

/// What a bid would sell at once, if anything: the fill that it leads to.
///
/// # Errors
/// The refusal of the bid.
pub(crate) fn sale_by(
    engine: &Engine,
    at: Time,
    (number, bidder): (u64, u64),
    bid: &Bid,
) -> Result<Option<Call>, Rejected> {
    let (Some(open), Some(running)) = (engine.legs.get(number), engine.auctions.get(&number))
    else {
        return Err(Rejection::UnknownAuction.because(format!("auction {number}")));
    };
    clock::runs(engine, at, number, open)?;
    if !bid.sells() {
        return Ok(None);
    }
    let mut running = running.clone();
    running.count_to(at, clock::live(engine, open));
    let leg = left_of(open);
    let room = room(engine, Unit::token(leg.proceeds_asset));
    let step = engine.with_view(at, |view| running.bid(view, &leg, (bidder, bid), room))?;
    let Totals { quantity, paid, .. } = step.totals()?;
    let paid = paid.saturating_sub(running.penalty_in(paid));
    let (account, asset, proceeds_asset) = (open.account, leg.asset, leg.proceeds_asset);
    Ok(Some(Call::Fill { account, asset, quantity, proceeds: paid, proceeds_asset }))
}

/// The most that may be paid in before a balance leaves 127 bits.
fn room(engine: &Engine, unit: Unit) -> u128 {
    let held = i128::MAX.saturating_sub(engine.ledger.balance(Holder::Escrow, unit));
    let outside = i128::MAX.saturating_add(engine.ledger.balance(Holder::External, unit));
    held.min(outside).max(0).unsigned_abs()
}

/// The leg with what is left of it.
fn left_of(open: &OpenLeg) -> Leg {
    Leg { quantity: open.leg.quantity.saturating_sub(open.filled), ..open.leg }
}

/// Whether auctions are looked at after a command: where time or prices moved. A bid is judged by the
/// clock in any case, so that none comes late.
pub(crate) const fn may_be_due(body: &Body) -> bool {
    matches!(body, Body::Tick(_) | Body::AdvanceTime | Body::Halt { .. } | Body::SetGate { .. })
}

/// Does everything that is due by now in any auction.
pub(crate) fn due(engine: &mut Engine, cause: Cause, outcome: &mut Outcome) -> Result<(), Fault> {
    let at = engine.now;
    let all = engine.auctions.iter().filter(|(_, running)| running.is_due());
    let numbers: Vec<u64> = all.map(|(number, _)| *number).collect();
    for number in numbers {
        let (Some(open), Some(before)) = (engine.legs.get(number), engine.auctions.get(&number))
        else {
            continue;
        };
        if clock::runs(engine, at, number, open).is_err() {
            continue;
        }
        let (open, mut running) = (open.clone(), before.clone());
        let held = running.held;
        let leg = left_of(&open);
        let step = engine.with_view(at, |view| running.due(view, &leg));
        let Ok(Some(step)) = step else { continue };
        engine.auctions.remove(&number);
        finish(engine, Place { at, number, cause }, running, &open, (held, step), outcome)?;
    }
    Ok(())
}

/// Commits what was due. Where the lot cannot be handed over, whoever would have bought gets the money
/// back.
fn finish(
    engine: &mut Engine,
    place: Place,
    running: Running,
    open: &OpenLeg,
    (held, step): (u128, Step),
    outcome: &mut Outcome,
) -> Result<(), Fault> {
    let told = outcome.events.len();
    let before = std::mem::replace(&mut engine.scratch.committed, false);
    let penalty = running.penalty_in(step.totals()?.paid);
    let followed = follow(engine, place, open, (held, penalty, &step), outcome);
    let begun = engine.scratch.committed;
    engine.scratch.committed |= before;
    let step = match followed {
        Err(Fault::Rejected(_)) if !begun && !step.sold.is_empty() => {
            outcome.events.truncate(told);
            let voided = step.voided();
            follow(engine, place, open, (held, 0, &voided), outcome).map_err(broken)?;
            voided
        }
        other => {
            other.map_err(broken)?;
            step
        }
    };
    close(engine, place, running, &step, outcome)
}

/// The command that led here has happened and cannot be refused any more.
fn broken(fault: Fault) -> Fault {
    match fault {
        Fault::Rejected(refused) => Fault::Broken(Invariant::BidsHeld, refused.to_string()),
        broken => broken,
    }
}

/// Moves the money of a step, sells what it sells, and tells it. `held` is what was held before,
/// `penalty` the part of the price that is one.
fn follow(
    engine: &mut Engine,
    place: Place,
    open: &OpenLeg,
    (held, penalty, step): (u128, u128, &Step),
    outcome: &mut Outcome,
) -> Result<(), Fault> {
    let Place { at, number, cause } = place;
    let unit = Unit::token(open.leg.proceeds_asset);
    let before = engine.ledger.balance(Holder::Escrow, unit);
    let totals = step.totals()?;
    let price = totals.paid.checked_sub(penalty).ok_or(Rejection::Overflow)?;
    let effects = moves(unit, &totals, penalty, price);
    tell(place, step, outcome);
    if totals.quantity > 0 {
        let sale = fill::Sale { quantity: totals.quantity, paid: price, cause };
        fill::sell(engine, at, open, sale, Some(effects), outcome)?;
        engine.legs.fill(number, totals.quantity);
    } else {
        settle::commit(engine, effects, cause, outcome)?;
    }
    // I-52: what bidders have put down is held for them, to the unit.
    let change = |held: u128| i128::try_from(held).ok();
    let expected = totals
        .after(held)
        .and_then(|after| before.checked_sub(change(held)?)?.checked_add(change(after)?));
    let now = engine.ledger.balance(Holder::Escrow, unit);
    if expected == Some(now) && now >= 0 {
        return Ok(());
    }
    let found = format!("{now} of {unit:?} held for bidders, {expected:?} are theirs");
    Err(Fault::Broken(Invariant::BidsHeld, found))
}

fn moves(unit: Unit, totals: &Totals, penalty: u128, price: u128) -> Effects {
    let mut effects = Effects::default();
    for (debit, credit, amount, code) in [
        (Holder::External, Holder::Escrow, totals.paid_in, TransferCode::Bid),
        (Holder::Escrow, Holder::External, totals.refunded, TransferCode::Refund),
        (Holder::Escrow, Holder::Insurance, totals.forfeited, TransferCode::Forfeit),
        (Holder::Escrow, Holder::Insurance, penalty, TransferCode::Fee),
        // The buyers' money comes in by the fill, as any market's does.
        (Holder::Escrow, Holder::External, price, TransferCode::Sale),
    ] {
        if amount > 0 {
            effects.transfers.push(Transfer { debit, credit, unit, amount, code });
        }
    }
    effects
}

fn tell(place: Place, step: &Step, outcome: &mut Outcome) {
    let Place { number: leg, cause, .. } = place;
    for (bidder, amount) in step.refunds.iter().copied() {
        Engine::tell(outcome, cause, What::BidRefunded { leg, bidder, amount });
    }
    if let Some(bidder) = step.defaulted {
        let forfeited =
            step.forfeits.iter().fold(0u128, |sum, (_, lost)| sum.saturating_add(*lost));
        Engine::tell(outcome, cause, What::WinnerDefaulted { leg, bidder, forfeited });
    } else {
        for (bidder, amount) in step.forfeits.iter().copied() {
            Engine::tell(outcome, cause, What::DepositForfeited { leg, bidder, amount });
        }
    }
    for sold in &step.sold {
        let (bidder, quantity, paid) = (sold.bidder, sold.quantity, sold.paid);
        Engine::tell(outcome, cause, What::LotSold { leg, bidder, quantity, paid });
    }
}

/// Keeps the auction as it is now, or takes it off with what is left of its leg.
fn close(
    engine: &mut Engine,
    place: Place,
    mut running: Running,
    step: &Step,
    outcome: &mut Outcome,
) -> Result<(), Fault> {
    let Place { at, number, cause } = place;
    running.raised = running.raised.saturating_add(step.totals()?.paid);
    let Some(account) = engine.legs.get(number).map(|open| open.account) else {
        let found = format!("auction {number} has no leg");
        return Err(Fault::Broken(Invariant::WellFormed, found));
    };
    engine.watch.mark_pending(account);
    let told = match step.verdict {
        Verdict::Open => None,
        Verdict::Restarted => {
            Some(What::AuctionRestarted { leg: number, restarts: running.restarts() })
        }
        Verdict::Awarded { bidder } => Some(What::AuctionAwarded { leg: number, bidder }),
        Verdict::Closed => {
            if running.held != 0 {
                let found = format!("{} of auction {number} held after its end", running.held);
                return Err(Fault::Broken(Invariant::BidsHeld, found));
            }
            if step.sold.is_empty() {
                let retry_nanos = engine.in_force()?.policy.retry_nanos;
                engine.standings[account.index()].retry_at = at.after(retry_nanos);
            }
            take_off(engine, number, cause, outcome);
            return Ok(());
        }
    };
    engine.auctions.insert(number, running);
    if let Some(told) = told {
        Engine::tell(outcome, cause, told);
    }
    Ok(())
}

/// Ends an auction that holds nothing.
pub(super) fn take_off(engine: &mut Engine, number: u64, cause: Cause, outcome: &mut Outcome) {
    engine.auctions.remove(&number);
    if let Some(open) = engine.legs.remove(number) {
        let unsold = open.leg.quantity.saturating_sub(open.filled);
        Engine::tell(outcome, cause, What::AuctionClosed { leg: number, unsold });
    }
}

/// True if the leg is auctioned and somebody has bid, or what was offered stays so: it binds the
/// account too.
pub(super) fn is_bound(engine: &Engine, number: u64) -> bool {
    let stays = engine.policy().is_some_and(|policy| match &policy.disposal {
        Disposal::Auction(terms) => terms.stays_on_cure,
        Disposal::Market => false,
    });
    engine.auctions.get(&number).is_some_and(|running| stays || running.has_bids())
}

/// Refuses what would take from under bidders what they have bid for.
pub(super) fn may_take_out(engine: &Engine, account: AccountId) -> Result<(), Rejected> {
    let bound = engine.legs.of(account).find(|(number, _)| is_bound(engine, *number));
    match bound {
        Some((number, _)) => {
            Err(Rejection::LotOnAuction.because(format!("{account}, auction {number}")))
        }
        None => Ok(()),
    }
}
