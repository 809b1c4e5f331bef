//! What the passing of time does to an auction.

use super::running::{
    Auctioned, Running, Sold, Step, Verdict, english_step, feed, narrow, no, sell_to,
};
use crate::plan::Leg;
use crate::{Rejected, Rejection, View};
use breakwater_auction::{batch, dutch, english, sealed};
use breakwater_money::Time;

impl Running {
    /// Does what is due at the view's time: settles, restarts, takes a deposit from whoever has not
    /// paid, closes. None if nothing is.
    ///
    /// # Errors
    /// Overflow, or a missing mark for a new start; the auction is then as it was only if the caller
    /// keeps a copy.
    pub fn due(&mut self, view: &View<'_>, at_mark: &Leg) -> Result<Option<Step>, Rejected> {
        let seconds = self.seconds(view.now)?;
        let restarts = self.restarts;
        let step = match &mut self.kind {
            Auctioned::English { terms, auction } => ascending(terms, auction, seconds)?,
            Auctioned::Dutch { terms, sale, restarts_max } => {
                let feed = feed(view, at_mark)?;
                let moment = dutch::Moment { seconds, feed: Some(feed) };
                descending(terms, sale, &moment, restarts < *restarts_max)?
            }
            Auctioned::Sealed(sealed) if Time(seconds) >= sealed.terms().reveal_until => {
                Some(unsealed(sealed, seconds, at_mark.quantity)?)
            }
            Auctioned::Batch(batch) if Time(seconds) >= batch.window().place_until => {
                Some(cleared(batch, seconds)?)
            }
            Auctioned::Sealed(_) | Auctioned::Batch(_) => None,
        };
        if let Some(step) = &step {
            self.count(step)?;
            if step.verdict == Verdict::Restarted {
                self.restarts = self.restarts.saturating_add(1);
            }
        }
        Ok(step)
    }
}

fn ascending(
    terms: &english::Terms,
    auction: &mut english::Auction<u64>,
    seconds: u64,
) -> Result<Option<Step>, Rejected> {
    match (auction.stage, auction.leader) {
        (english::Stage::Awarded { due_by }, Some(bidder)) if seconds > due_by => {
            let step = auction.default_of_winner(terms, seconds).map_err(no)?;
            let mut told = english_step(auction, step)?;
            told.verdict = match auction.stage {
                english::Stage::Unsold => Verdict::Closed,
                _ => Verdict::Defaulted { bidder },
            };
            Ok(Some(told))
        }
        (english::Stage::Bidding, leader) if auction.is_over(terms, seconds) => match leader {
            Some(bidder) => won(terms, auction, bidder, seconds).map(Some),
            None => again(terms, auction, seconds).map(Some),
        },
        _ => Ok(None),
    }
}

/// Bidding is over and somebody leads.
fn won(
    terms: &english::Terms,
    auction: &mut english::Auction<u64>,
    bidder: u64,
    seconds: u64,
) -> Result<Step, Rejected> {
    let lot = narrow(auction.lot)?;
    let step = auction.settle(terms, seconds).map_err(no)?;
    let mut told = english_step(auction, step)?;
    match auction.stage {
        english::Stage::Awarded { .. } => told.verdict = Verdict::Awarded { bidder },
        english::Stage::Sold => sell_to(&mut told, bidder, lot),
        _ => told.verdict = Verdict::Closed,
    }
    Ok(told)
}

/// Bidding is over and nobody has bid.
fn again(
    terms: &english::Terms,
    auction: &mut english::Auction<u64>,
    seconds: u64,
) -> Result<Step, Rejected> {
    match auction.restart(terms, seconds) {
        Ok(step) => {
            let told = english_step(auction, step)?;
            Ok(Step { verdict: Verdict::Restarted, ..told })
        }
        Err(english::Refusal::RestartsSpent { .. }) => {
            let step = auction.cancel(terms).map_err(no)?;
            let told = english_step(auction, step)?;
            Ok(Step { verdict: Verdict::Closed, ..told })
        }
        Err(other) => Err(no(other)),
    }
}

fn descending(
    terms: &dutch::Terms,
    sale: &mut dutch::Sale<()>,
    moment: &dutch::Moment,
    may_restart: bool,
) -> Result<Option<Step>, Rejected> {
    if !sale.status(terms, moment).map_err(no)?.needs_reset {
        return Ok(None);
    }
    if !may_restart {
        return Ok(Some(Step { verdict: Verdict::Closed, ..Step::open() }));
    }
    let (again, _) = sale.reset(terms, moment).map_err(no)?;
    *sale = again;
    Ok(Some(Step { verdict: Verdict::Restarted, ..Step::open() }))
}

/// The seals are broken: the winner pays, everybody else gets his money back.
fn unsealed(sealed: &mut sealed::Sealed, seconds: u64, lot: u128) -> Result<Step, Rejected> {
    let outcome = sealed.close(Time(seconds)).map_err(no)?;
    let mut step = Step { verdict: Verdict::Closed, ..Step::open() };
    for (bidder, amount) in outcome.refunds {
        step.refunds.push((bidder, narrow(amount)?));
    }
    step.forfeited = narrow(outcome.forfeited)?;
    if let Some(winner) = outcome.winner {
        let paid = narrow(winner.price)?;
        step.sold.push(Sold { bidder: winner.bidder, quantity: lot, paid });
    }
    Ok(step)
}

/// One price is found. What rounding leaves of the money is the seller's, and of the lot the owner's.
fn cleared(batch: &mut batch::Batch<u64>, seconds: u64) -> Result<Step, Rejected> {
    let mut step = Step { verdict: Verdict::Closed, ..Step::open() };
    batch.settle(Time(seconds)).map_err(no)?;
    let orders: Vec<(u64, u128, u128)> =
        batch.placed().map(|(bidder, order)| (*bidder, order.pay(), order.min_receive())).collect();
    for (bidder, pay, min_receive) in orders {
        let share = batch.claim(&bidder, pay, min_receive).map_err(no)?;
        if share.refunded > 0 {
            step.refunds.push((bidder, share.refunded));
        }
        let paid = pay.checked_sub(share.refunded).ok_or(Rejection::Overflow)?;
        if paid > 0 || share.received > 0 {
            step.sold.push(Sold { bidder, quantity: share.received, paid });
        }
    }
    Ok(step)
}
