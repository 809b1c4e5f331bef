//! What the passing of time does to an auction.

use super::running::{Auctioned, Running, Sold, Step, Verdict, english_step, feed, narrow, no};
use crate::plan::{Leg, at_mark};
use crate::{Rejected, Rejection, View};
use breakwater_auction::{batch, dutch, english, sealed};
use breakwater_money::Time;

impl Running {
    /// Does what is due by now: settles, restarts, takes a deposit from whoever has not paid, closes.
    /// `leg` is what is left of the lot. None if nothing is due.
    ///
    /// # Errors
    /// Overflow, which no amounts that were taken in lead to; the auction is then as it was only if the
    /// caller keeps a copy.
    pub fn due(&mut self, view: &View<'_>, leg: &Leg) -> Result<Option<Step>, Rejected> {
        if !self.is_due() {
            return Ok(None);
        }
        let (instant, seconds) = (self.instant(), self.seconds());
        let step = match &mut self.kind {
            Auctioned::English { terms, auction } => ascending(terms, auction, seconds)?,
            Auctioned::Dutch { terms, sale, restarts, restarts_max } => {
                let feed = at_mark(view, leg).and_then(|marked| feed(view, &marked)).ok();
                let again = *restarts < *restarts_max;
                let step = descending(terms, sale, &dutch::Moment { seconds, feed }, again);
                *restarts += u32::from(step.verdict == Verdict::Restarted);
                step
            }
            Auctioned::Sealed(sealed) => unsealed(sealed, instant, leg.quantity)?,
            Auctioned::Batch(batch) => cleared(batch, instant)?,
        };
        self.held = step.totals()?.after(self.held).ok_or(Rejection::Overflow)?;
        Ok(Some(step))
    }
}

fn ascending(
    terms: &english::Terms,
    auction: &mut english::Auction<u64>,
    seconds: u64,
) -> Result<Step, Rejected> {
    match (auction.stage, auction.leader) {
        (english::Stage::Awarded { .. }, Some(bidder)) => {
            defaulted(terms, auction, bidder, seconds)
        }
        (_, Some(bidder)) => won(terms, auction, bidder, seconds),
        (_, None) => again(terms, auction, seconds),
    }
}

/// The winner has not paid: the lot goes to the next on record, or to everybody again, or home.
fn defaulted(
    terms: &english::Terms,
    auction: &mut english::Auction<u64>,
    bidder: u64,
    seconds: u64,
) -> Result<Step, Rejected> {
    let step = auction.default_of_winner(terms, seconds).map_err(no)?;
    let (mut told, lost, after) = english_step(step)?;
    if lost > 0 {
        told.forfeits.push((bidder, lost));
    }
    told.defaulted = Some(bidder);
    told.verdict = match (after.stage, after.leader) {
        (english::Stage::Awarded { .. }, Some(bidder)) => Verdict::Awarded { bidder },
        (english::Stage::Bidding, _) => Verdict::Restarted,
        _ => Verdict::Closed,
    };
    *auction = after;
    Ok(told)
}

/// Bidding is over and somebody leads.
fn won(
    terms: &english::Terms,
    auction: &mut english::Auction<u64>,
    bidder: u64,
    seconds: u64,
) -> Result<Step, Rejected> {
    let quantity = narrow(auction.lot)?;
    let step = auction.settle(terms, seconds).map_err(no)?;
    let (mut told, paid, after) = english_step(step)?;
    told.verdict = match after.stage {
        english::Stage::Awarded { .. } => Verdict::Awarded { bidder },
        _ => Verdict::Closed,
    };
    if after.stage == english::Stage::Sold {
        told.sold.push(Sold { bidder, quantity, paid });
    }
    *auction = after;
    Ok(told)
}

/// Bidding is over and nobody has bid.
fn again(
    terms: &english::Terms,
    auction: &mut english::Auction<u64>,
    seconds: u64,
) -> Result<Step, Rejected> {
    let (step, verdict) = match auction.restart(terms, seconds) {
        Ok(step) => (step, Verdict::Restarted),
        Err(english::Refusal::RestartsSpent { .. }) => {
            (auction.cancel(terms).map_err(no)?, Verdict::Closed)
        }
        Err(other) => return Err(no(other)),
    };
    let (told, _, after) = english_step(step)?;
    *auction = after;
    Ok(Step { verdict, ..told })
}

/// The price holds no longer: from the mark again, or home where no start is left or there is no mark
/// to start from.
fn descending(
    terms: &dutch::Terms,
    sale: &mut dutch::Sale<()>,
    moment: &dutch::Moment,
    again: bool,
) -> Step {
    match sale.reset(terms, moment) {
        Ok((fresh, _)) if again => {
            *sale = fresh;
            Step { verdict: Verdict::Restarted, ..Step::open() }
        }
        _ => Step::closed(),
    }
}

/// The seals are broken: the winner pays, and whoever has revealed gets the rest back.
fn unsealed(sealed: &mut sealed::Sealed, now: Time, lot: u128) -> Result<Step, Rejected> {
    let mut step = Step::closed();
    for (bidder, deposit) in sealed.unrevealed() {
        if !deposit.is_zero() {
            step.forfeits.push((bidder, narrow(deposit)?));
        }
    }
    let outcome = sealed.close(now).map_err(no)?;
    for (bidder, amount) in outcome.refunds {
        step.refunds.push((bidder, narrow(amount)?));
    }
    if let Some(winner) = outcome.winner {
        let paid = narrow(winner.price)?;
        step.sold.push(Sold { bidder: winner.bidder, quantity: lot, paid });
    }
    Ok(step)
}

/// One price is found. What rounding leaves of the money is the seller's, and of the lot the owner's;
/// but whoever would get nothing pays nothing.
fn cleared(batch: &mut batch::Batch<u64>, now: Time) -> Result<Step, Rejected> {
    let mut step = Step::closed();
    batch.settle(now).map_err(no)?;
    let orders: Vec<(u64, u128, u128)> =
        batch.placed().map(|(bidder, order)| (*bidder, order.pay(), order.min_receive())).collect();
    for (bidder, pay, min_receive) in orders {
        let share = batch.claim(&bidder, pay, min_receive).map_err(no)?;
        let refunded = if share.received == 0 { pay } else { share.refunded };
        if refunded > 0 {
            step.refunds.push((bidder, refunded));
        }
        if share.received > 0 {
            let paid = pay.checked_sub(refunded).ok_or(Rejection::Overflow)?;
            step.sold.push(Sold { bidder, quantity: share.received, paid });
        }
    }
    Ok(step)
}
