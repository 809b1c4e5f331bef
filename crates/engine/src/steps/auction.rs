//! Lots on auction: opened for a plan's leg, bid for, and closed when their time has come.
//!
//! What bidders put down is held in the ledger under [`Holder::Escrow`] until it is refunded or paid on.
//! A lot stays with its account until it is sold: a sale is the same fill that a market's is, so that
//! no rulebook knows of auctions. An auction's clock stands still while prices may not be acted on; then
//! nobody bids, and nothing is due.

use super::{fill, settle, solvency};
use crate::engine::Fault;
use crate::event::{Cause, Outcome, What};
use crate::invariant::Invariant;
use crate::{Body, Engine, OpenLeg};
use breakwater_liquidation::auctions::{Bid, Opening, Raises, Running, Step, Verdict};
use breakwater_liquidation::plan::{at_mark, proceeds};
use breakwater_liquidation::{AuctionTerms, Disposal, Effects, Leg, Rejected, Rejection};
use breakwater_market::MarkStatus;
use breakwater_money::rounding::{Rounding, mul_div};
use breakwater_money::{AccountId, AssetId, Holder, Time, Transfer, TransferCode, Unit};

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
) -> Result<bool, Fault> {
    let now = engine.now;
    let installed = engine.in_force()?;
    let owed =
        match terms.raises {
            Raises::Most => None,
            Raises::Debt => Some(engine.with_view(now, |view| {
                installed.rulebook.owes(view, account, leg.proceeds_asset)
            })?),
        };
    let symbol = engine.assets.get(leg.asset.index()).map(|info| info.symbol.as_str());
    let lot_max = symbol.and_then(|symbol| terms.lots_max.get(symbol)).copied();
    let lot_max = lot_max.unwrap_or(leg.quantity).max(1);
    let (mut left, mut owed_left, mut any) = (leg.quantity, owed, false);
    while left > 0 {
        let quantity = left.min(lot_max);
        // Each lot is to raise its share of what is owed; what rounding leaves, the last does.
        let wanted = owed_left.map(|owed| mul_div(owed, quantity, left, Rounding::Ceil));
        let wanted = wanted.transpose()?;
        let lot = Leg { quantity, ..leg };
        let Some(opened) = open_lot(engine, account, lot, wanted, (terms, cause), outcome)? else {
            break;
        };
        any = true;
        left = left.saturating_sub(opened);
        owed_left = owed_left.zip(wanted).map(|(owed, wanted)| owed.saturating_sub(wanted));
        if opened < quantity {
            break;
        }
    }
    Ok(any)
}

/// Opens one auction. What of the lot is on auction now; none if there is no room for any of it.
fn open_lot(
    engine: &mut Engine,
    account: AccountId,
    lot: Leg,
    due: Option<u128>,
    (terms, cause): (&AuctionTerms, Cause),
    outcome: &mut Outcome,
) -> Result<Option<u128>, Fault> {
    let number = engine.next_leg;
    let opened = engine.with_view(engine.now, |view| {
        let Some((leg, value)) = cut(engine, view, lot, terms)? else { return Ok(None) };
        let marked = at_mark(view, &leg)?;
        let fair = proceeds(view, &marked, leg.quantity, marked.worst_price)?;
        let share = |owed| mul_div(owed, leg.quantity, lot.quantity, Rounding::Ceil);
        let due = due.map(share).transpose()?;
        if fair == 0 || due == Some(0) {
            return Ok(None);
        }
        let penalised =
            |due| mul_div(due, 10_000 + u128::from(terms.penalty_bps), 10_000, Rounding::Ceil);
        let wanted = due.map(penalised).transpose()?;
        let opening = Opening { number, at_mark: marked, fair, value, due, wanted };
        Ok::<_, Rejected>(Some((leg, terms.open(view, &opening)?)))
    })?;
    let Some((leg, running)) = opened else { return Ok(None) };
    let (fair, wanted, format) = (running.fair, running.wanted, running.format());
    engine.next_leg += 1;
    engine.legs.insert(number, OpenLeg { account, leg, filled: 0 });
    engine.auctions.insert(number, running);
    let told = What::AuctionOpened { leg: number, account, sale: leg, format, fair, wanted };
    Engine::tell(outcome, cause, told);
    Ok(Some(leg.quantity))
}

/// The leg as far as there is room for it, with its value in the numeraire.
fn cut(
    engine: &Engine,
    view: &breakwater_liquidation::View<'_>,
    leg: Leg,
    terms: &AuctionTerms,
) -> Result<Option<(Leg, u128)>, Rejected> {
    if engine.auctions.len() >= usize::try_from(terms.open_max).unwrap_or(usize::MAX) {
        return Ok(None);
    }
    let (price, decimals) = (view.price(leg.asset)?, view.asset(leg.asset)?.decimals);
    let value = |quantity| price.value(quantity, decimals, Rounding::Ceil);
    let whole = value(leg.quantity)?;
    if terms.value_max == 0 {
        return Ok(Some((leg, whole)));
    }
    let on_auction =
        engine.auctions.values().fold(0u128, |sum, running| sum.saturating_add(running.value));
    let room = terms.value_max.saturating_sub(on_auction);
    if whole <= room {
        return Ok(Some((leg, whole)));
    }
    let quantity = mul_div(leg.quantity, room, whole, Rounding::Floor)?;
    if quantity == 0 {
        return Ok(None);
    }
    Ok(Some((Leg { quantity, ..leg }, value(quantity)?)))
}

/// Takes a bid.
pub(super) fn bid(
    engine: &mut Engine,
    at: Time,
    (number, bidder): (u64, u64),
    bid: &Bid,
    outcome: &mut Outcome,
) -> Result<(), Fault> {
    let Some(open) = engine.legs.get(&number).cloned() else {
        return Err(Rejection::UnknownAuction.because(format!("auction {number}")).into());
    };
    let Some(mut running) = engine.auctions.remove(&number) else {
        return Err(Rejection::UnknownAuction
            .because(format!("leg {number} is not auctioned"))
            .into());
    };
    // What a bid changes before a sale may be refused: descending auctions are small, and only they
    // and winners' payments sell at once.
    let sells = matches!(bid, Bid::Take { .. } | Bid::Pay);
    let before = sells.then(|| running.clone());
    let clock = running.clock;
    let done = place(engine, at, (number, bidder), &open, &mut running, bid).map_err(Fault::from);
    let place = Place { at, number, cause: Cause::Command };
    let done = done.and_then(|step| {
        let told = What::BidPlaced { leg: number, bidder, bid: *bid };
        Engine::tell(outcome, Cause::Command, told);
        let penalty = running.penalty_in(step.total()?.1);
        follow(engine, place, (&open, penalty), &step, outcome)?;
        Ok(step)
    });
    match done {
        Ok(step) => close(engine, place, running, &step, outcome),
        Err(fault) => {
            running.clock = clock;
            engine.auctions.insert(number, before.unwrap_or(running));
            Err(fault)
        }
    }
}

/// A step of an auction: when, which, why.
#[derive(Clone, Copy)]
struct Place {
    at: Time,
    number: u64,
    cause: Cause,
}

fn place(
    engine: &Engine,
    at: Time,
    (number, bidder): (u64, u64),
    open: &OpenLeg,
    running: &mut Running,
    bid: &Bid,
) -> Result<Step, Rejected> {
    if let Some(since) = dead_since(engine, at, open) {
        let detail = format!("auction {number} stands still since {}", since.0);
        return Err(Rejection::AuctionPaused.because(detail));
    }
    running.turn(true, live_since(engine, at, open));
    let leg = left_of(open);
    engine.with_view(at, |view| running.bid(view, &leg, bidder, bid))
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
    let now = engine.now;
    let numbers: Vec<u64> = engine.auctions.keys().copied().collect();
    for number in numbers {
        let due = match (engine.legs.get(&number), engine.auctions.get(&number)) {
            (Some(open), Some(running)) => {
                running.is_due(now) && dead_since(engine, now, open).is_none()
            }
            _ => false,
        };
        if !due {
            continue;
        }
        let (Some(open), Some(mut running)) =
            (engine.legs.get(&number).cloned(), engine.auctions.remove(&number))
        else {
            continue;
        };
        let before = running.clone();
        let leg = left_of(&open);
        let step = engine.with_view(now, |view| running.due(view, &at_mark(view, &leg)?));
        let Ok(Some(step)) = step else {
            engine.auctions.insert(number, before);
            continue;
        };
        finish(engine, Place { at: now, number, cause }, running, &open, step, outcome)?;
    }
    Ok(())
}

/// Commits what was due. Where the lot cannot be handed over, everybody gets his money back.
fn finish(
    engine: &mut Engine,
    place: Place,
    mut running: Running,
    open: &OpenLeg,
    step: Step,
    outcome: &mut Outcome,
) -> Result<(), Fault> {
    let (committed, told) = (engine.scratch.committed, outcome.events.len());
    engine.scratch.committed = false;
    let penalty = running.penalty_in(step.total()?.1);
    let followed = follow(engine, place, (open, penalty), &step, outcome);
    let step = match followed {
        Err(Fault::Rejected(_)) if !engine.scratch.committed && !step.sold.is_empty() => {
            outcome.events.truncate(told);
            let voided = step.voided();
            running.held = 0;
            follow(engine, place, (open, 0), &voided, outcome)?;
            voided
        }
        other => {
            other?;
            step
        }
    };
    engine.scratch.committed |= committed;
    close(engine, place, running, &step, outcome)
}

/// Moves the money of a step, sells what it sells, and tells it.
fn follow(
    engine: &mut Engine,
    place: Place,
    (open, penalty): (&OpenLeg, u128),
    step: &Step,
    outcome: &mut Outcome,
) -> Result<(), Fault> {
    let Place { at, number, cause } = place;
    let unit = Unit::token(open.leg.proceeds_asset);
    let before = engine.ledger.balance(Holder::Escrow, unit);
    let (quantity, total) = step.total()?;
    let mut effects = Effects::default();
    let mut moves = |debit, credit, amount: u128, code| {
        if amount > 0 {
            effects.transfers.push(Transfer { debit, credit, unit, amount, code });
        }
    };
    let paid_in = step.paid_in.iter().try_fold(0u128, |sum, (_, amount)| sum.checked_add(*amount));
    let refunded = step.refunds.iter().try_fold(0u128, |sum, (_, amount)| sum.checked_add(*amount));
    let (Some(paid_in), Some(refunded)) = (paid_in, refunded) else {
        return Err(Rejection::Overflow.into());
    };
    moves(Holder::External, Holder::Escrow, paid_in, TransferCode::Bid);
    moves(Holder::Escrow, Holder::External, refunded, TransferCode::Refund);
    moves(Holder::Escrow, Holder::Insurance, step.forfeited, TransferCode::Forfeit);
    moves(Holder::Escrow, Holder::Insurance, penalty, TransferCode::Fee);
    // The buyers' money comes in by the fill, as any market's does.
    let price = total.checked_sub(penalty).ok_or(Rejection::Overflow)?;
    moves(Holder::Escrow, Holder::External, price, TransferCode::Sale);
    for (bidder, amount) in &step.refunds {
        let told = What::BidRefunded { leg: number, bidder: *bidder, amount: *amount };
        Engine::tell(outcome, cause, told);
    }
    for sold in &step.sold {
        let (bidder, quantity, paid) = (sold.bidder, sold.quantity, sold.paid);
        Engine::tell(outcome, cause, What::LotSold { leg: number, bidder, quantity, paid });
    }
    if quantity > 0 {
        fill::sell(engine, at, open, (quantity, price), Some(effects), outcome)?;
        if let Some(open) = engine.legs.get_mut(&number) {
            open.filled = open.filled.saturating_add(quantity);
        }
    } else {
        settle::commit(engine, effects, cause, outcome)?;
    }
    escrow_agrees(engine, unit, before, paid_in, &[refunded, step.forfeited, total])
}

/// I-52: what bidders have put down is held for them, to the unit.
fn escrow_agrees(
    engine: &Engine,
    unit: Unit,
    before: i128,
    paid_in: u128,
    out: &[u128],
) -> Result<(), Fault> {
    let now = engine.ledger.balance(Holder::Escrow, unit);
    let expected = out
        .iter()
        .try_fold(before.checked_add_unsigned(paid_in), |left, amount| {
            Some(left?.checked_sub_unsigned(*amount))
        })
        .flatten();
    if expected == Some(now) && now >= 0 {
        return Ok(());
    }
    let found = format!("{now} of {unit:?} held for bidders, {expected:?} are theirs");
    Err(Fault::Broken(Invariant::BidsHeld, found))
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
    running.raised = running.raised.saturating_add(step.total()?.1);
    let Some(open) = engine.legs.get(&number).cloned() else { return Ok(()) };
    match step.verdict {
        Verdict::Open => {
            engine.auctions.insert(number, running);
        }
        Verdict::Restarted => {
            let restarts = running.restarts;
            engine.auctions.insert(number, running);
            Engine::tell(outcome, cause, What::AuctionRestarted { leg: number, restarts });
        }
        Verdict::Awarded { bidder } => {
            engine.auctions.insert(number, running);
            Engine::tell(outcome, cause, What::AuctionAwarded { leg: number, bidder });
        }
        Verdict::Defaulted { bidder } => {
            engine.auctions.insert(number, running);
            let forfeited = step.forfeited;
            let told = What::WinnerDefaulted { leg: number, bidder, forfeited };
            Engine::tell(outcome, cause, told);
        }
        Verdict::Closed => {
            if running.held != 0 {
                let found = format!("{} of auction {number} held after its end", running.held);
                return Err(Fault::Broken(Invariant::BidsHeld, found));
            }
            if step.sold.is_empty() {
                let retry_nanos = engine.in_force()?.policy.retry_nanos;
                engine.standings[open.account.index()].retry_at = at.after(retry_nanos);
            }
            take_off(engine, number, cause, outcome);
        }
    }
    engine.watch.mark_pending(open.account);
    Ok(())
}

/// Ends an auction that holds nothing.
pub(super) fn take_off(engine: &mut Engine, number: u64, cause: Cause, outcome: &mut Outcome) {
    engine.auctions.remove(&number);
    if let Some(open) = engine.legs.remove(&number) {
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
    let bound =
        engine.legs.iter().find(|(n, open)| open.account == account && is_bound(engine, **n));
    match bound {
        Some((number, _)) => {
            Err(Rejection::LotOnAuction.because(format!("{account}, auction {number}")))
        }
        None => Ok(()),
    }
}

/// Turns every auction's clock to what it is at `at`: before a price is accepted, after it, and where
/// the operator stops or resumes.
pub(super) fn turn_clocks(engine: &mut Engine, at: Time, lifted: bool) {
    if engine.auctions.is_empty() {
        return;
    }
    let numbers: Vec<u64> = engine.auctions.keys().copied().collect();
    for number in numbers {
        let Some(open) = engine.legs.get(&number).cloned() else { continue };
        let (dead, live) = (dead_since(engine, at, &open), live_since(engine, at, &open));
        let Some(running) = engine.auctions.get_mut(&number) else { continue };
        match dead {
            Some(since) => running.turn(false, since),
            None => running.turn(true, if lifted { at } else { live }),
        }
    }
}

/// Since when prices of the leg may not be acted on, if they may not at `at`.
fn dead_since(engine: &Engine, at: Time, open: &OpenLeg) -> Option<Time> {
    let guards = engine.policy()?.guards;
    if engine.halted || solvency::may_liquidate(engine, at, open.account).is_err() {
        return Some(at);
    }
    let since = |asset: AssetId| {
        let market = engine.assets.get(asset.index())?.market?;
        let (info, state) =
            (engine.markets.get(market.index())?, engine.marks.get(market.index())?);
        match info.guard.status(state, at) {
            MarkStatus::Fresh => None,
            MarkStatus::Stale { .. } | MarkStatus::Missing if !guards.fresh_marks => None,
            MarkStatus::Grace { .. } => guards.grace.then_some(at),
            MarkStatus::Stale { .. } | MarkStatus::Missing => {
                let observed = state.mark.map_or(at, |mark| mark.observed_at);
                Some(observed.after(info.guard.age_max_nanos).min(at))
            }
        }
    };
    since(open.leg.asset).into_iter().chain(since(open.leg.proceeds_asset)).min()
}

/// Since when they may be acted on again: the end of the last grace period, or `at`.
fn live_since(engine: &Engine, at: Time, open: &OpenLeg) -> Time {
    let graces = [open.leg.asset, open.leg.proceeds_asset].into_iter().filter_map(|asset| {
        let market = engine.assets.get(asset.index())?.market?;
        engine.marks.get(market.index())?.grace_until.filter(|until| *until <= at)
    });
    let guards = engine.policy().is_some_and(|policy| policy.guards.grace);
    graces.max().filter(|_| guards).unwrap_or(at)
}
