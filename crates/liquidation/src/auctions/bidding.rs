//! What a bid does to an auction: all of it, or nothing.

use super::Bid;
use super::running::{Auctioned, Running, Sold, Step, Verdict, english_step, narrow, no};
use super::terms::ray_price;
use crate::plan::Leg;
use crate::{Rejected, Rejection, View};
use breakwater_auction::{batch, dutch, english, sealed};
use breakwater_money::rounding::{Rounding, div_wide};
use breakwater_money::{Ray, Time, U256};

/// What is held for an auction, and what may be held besides.
#[derive(Clone, Copy)]
struct Purse {
    held: u128,
    room: u128,
}

impl Purse {
    /// What is held after the step.
    fn after(self, step: &Step) -> Result<u128, Rejected> {
        let totals = step.totals()?;
        if totals.paid_in > self.room {
            let detail = format!("{} paid in: at most {} can be held", totals.paid_in, self.room);
            return Err(Rejection::Overflow.because(detail));
        }
        Ok(totals.after(self.held).ok_or(Rejection::Overflow)?)
    }
}

/// Who bids, what, and when on the auction's own clock.
#[derive(Clone, Copy)]
struct Placed {
    bidder: u64,
    bid: Bid,
    instant: Time,
    seconds: u64,
}

impl Placed {
    fn wrong(&self) -> Rejected {
        Rejection::WrongFormat.because(self.bid.kind())
    }
}

impl Running {
    /// Takes a bid. `room` is the most that bidders may pay in now.
    ///
    /// # Errors
    /// The format's refusal; [`Rejection::WrongFormat`] of a bid that it does not understand;
    /// [`Rejection::Overflow`] where the money does not fit. Nothing has changed then.
    pub fn bid(
        &mut self,
        view: &View<'_>,
        leg: &Leg,
        (bidder, bid): (u64, &Bid),
        room: u128,
    ) -> Result<Step, Rejected> {
        let (instant, seconds) = (self.instant(), self.seconds());
        let placed = Placed { bidder, bid: *bid, instant, seconds };
        let purse = Purse { held: self.held, room };
        let (step, held) = match &mut self.kind {
            Auctioned::English { terms, auction } => ascend(terms, auction, &placed, purse)?,
            Auctioned::Dutch { terms, sale, .. } => {
                let Bid::Take { quantity, price_max } = *bid else { return Err(placed.wrong()) };
                let price_max = ray_price(view, leg, price_max)?;
                take(terms, sale, &placed, (U256::from(quantity), price_max), purse)?
            }
            Auctioned::Sealed(sealed) => seal(sealed, &placed, purse)?,
            Auctioned::Batch(batch) => order(batch, &placed, purse)?,
        };
        self.held = held;
        Ok(step)
    }
}

fn paid(bidder: u64, amount: u128) -> Vec<(u64, u128)> {
    if amount == 0 { Vec::new() } else { vec![(bidder, amount)] }
}

fn ascend(
    terms: &english::Terms,
    auction: &mut english::Auction<u64>,
    placed: &Placed,
    purse: Purse,
) -> Result<(Step, u128), Rejected> {
    let (bidder, now) = (placed.bidder, placed.seconds);
    let called = match placed.bid {
        Bid::Raise { amount } => {
            let bid = english::Bid { bidder, amount: U256::from(amount), lot: auction.lot };
            auction.raise(terms, &bid, now)
        }
        Bid::Shrink { lot: 0 } => {
            return Err(Rejection::AmountZero.because("lot 0: above 0 is right"));
        }
        Bid::Shrink { lot } => {
            let bid = english::Bid { bidder, amount: auction.bid, lot: U256::from(lot) };
            auction.shrink(terms, &bid, now)
        }
        Bid::Pay => auction.pay(terms, bidder, now),
        _ => return Err(placed.wrong()),
    };
    let (mut step, to_seller, after) = english_step(called.map_err(no)?)?;
    if placed.bid == Bid::Pay {
        let quantity = narrow(auction.lot)?;
        step.sold.push(Sold { bidder, quantity, paid: to_seller });
        step.verdict = Verdict::Closed;
    }
    let held = purse.after(&step)?;
    *auction = after;
    Ok((step, held))
}

/// A part of a lot at the price of now.
fn take(
    terms: &dutch::Terms,
    sale: &mut dutch::Sale<()>,
    placed: &Placed,
    (quantity, price_max): (U256, U256),
    purse: Purse,
) -> Result<(Step, u128), Rejected> {
    if quantity.is_zero() {
        return Err(Rejection::AmountZero.because("quantity 0: above 0 is right"));
    }
    let moment = dutch::Moment { seconds: placed.seconds, feed: None };
    let taken = sale.take(terms, &moment, quantity, price_max).map_err(no)?;
    let (bidder, quantity) = (placed.bidder, narrow(taken.slice)?);
    if quantity == 0 {
        let detail = "a unit of the lot is dearer than what is wanted: the price has to fall";
        return Err(Rejection::PartTooSmall.because(detail));
    }
    // Money is whole base units: the taker pays the unit above.
    let owed = narrow(div_wide(taken.owed, Ray::one().raw, Rounding::Ceil)?)?;
    let mut step = Step {
        paid_in: paid(bidder, owed),
        sold: vec![Sold { bidder, quantity, paid: owed }],
        ..Step::open()
    };
    let held = purse.after(&step)?;
    match taken.outcome {
        dutch::Outcome::Open(left) => *sale = left,
        dutch::Outcome::SoldOut { .. } | dutch::Outcome::Paid { .. } => {
            step.verdict = Verdict::Closed;
        }
    }
    Ok((step, held))
}

/// Money is looked at first: what the format has taken in it does not give back.
fn seal(
    sealed: &mut sealed::Sealed,
    placed: &Placed,
    purse: Purse,
) -> Result<(Step, u128), Rejected> {
    let Placed { bidder, bid, instant, .. } = *placed;
    let deposit = sealed.terms().deposit;
    let added = match bid {
        Bid::Commit { .. } => deposit,
        Bid::Reveal { amount, .. } => U256::from(amount).saturating_sub(deposit),
        _ => return Err(placed.wrong()),
    };
    let step = Step { paid_in: paid(bidder, narrow(added)?), ..Step::open() };
    let held = purse.after(&step)?;
    match bid {
        Bid::Reveal { amount, salt } => {
            sealed.reveal(instant, bidder, U256::from(amount), &salt, added)
        }
        Bid::Commit { digest } => sealed.commit(instant, bidder, digest, deposit),
        _ => return Err(placed.wrong()),
    }
    .map_err(no)?;
    Ok((step, held))
}

fn order(
    batch: &mut batch::Batch<u64>,
    placed: &Placed,
    purse: Purse,
) -> Result<(Step, u128), Rejected> {
    let Placed { bidder, bid, instant, .. } = *placed;
    match bid {
        Bid::Order { pay, min_receive } => {
            let step = Step { paid_in: paid(bidder, pay), ..Step::open() };
            let held = purse.after(&step)?;
            batch.place(instant, &bidder, pay, min_receive).map_err(no)?;
            Ok((step, held))
        }
        Bid::Withdraw { pay, min_receive } => {
            // What stands is part of what is held, so that it can be given back.
            let back = batch.cancel(instant, &bidder, pay, min_receive).map_err(no)?;
            let step = Step { refunds: paid(bidder, back), ..Step::open() };
            let held = purse.after(&step)?;
            Ok((step, held))
        }
        _ => Err(placed.wrong()),
    }
}
