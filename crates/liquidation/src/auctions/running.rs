//! An auction that runs.

use super::terms::{Opening, ray_price};
use super::{AuctionFormat, Bid};
use crate::plan::Leg;
use crate::{Rejected, Rejection, View};
use breakwater_auction::{batch, dutch, english, sealed};
use breakwater_money::rounding::{Rounding, div_wide, narrow_u128};
use breakwater_money::{MoneyError, Ray, Time, U256};
use serde::{Deserialize, Serialize};

/// The state of the format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Auctioned {
    /// Ascending.
    English {
        /// Its terms, in units.
        terms: english::Terms,
        /// Its state.
        auction: english::Auction<u64>,
    },
    /// Descending; proceeds are carried in 1e-27 of a base unit.
    Dutch {
        /// Its terms, in units.
        terms: dutch::Terms,
        /// Its state.
        sale: dutch::Sale<()>,
        /// Times it may start again.
        restarts_max: u32,
    },
    /// Sealed bids.
    Sealed(sealed::Sealed),
    /// One price for all.
    Batch(batch::Batch<u64>),
}

/// The auction of one leg's lot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// The format with its state.
    pub kind: Auctioned,
    /// The lot's value at the mark when it was opened, in base units of the proceeds.
    pub fair: u128,
    /// The same in the numeraire.
    pub value: u128,
    /// The lot's share of what is owed; none for as much as possible.
    pub due: Option<u128>,
    /// What it is to raise at most, the penalty included; none for as much as possible.
    pub wanted: Option<u128>,
    /// What it has raised.
    pub raised: u128,
    /// When it was opened.
    pub opened_at: Time,
    /// Times it started again.
    pub restarts: u32,
    /// Money put down by bidders and neither refunded nor paid on.
    pub held: u128,
    /// Nanoseconds since the opening, without those in which prices could not be acted on.
    pub clock: dutch::Clock,
}

/// Something sold to a bidder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sold {
    /// To whom.
    pub bidder: u64,
    /// Of the lot.
    pub quantity: u128,
    /// For how much, out of what is held.
    pub paid: u128,
}

/// How an auction goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// As before.
    Open,
    /// Nobody bought: from the start again.
    Restarted,
    /// A winner owes the rest of the price.
    Awarded {
        /// Who.
        bidder: u64,
    },
    /// A winner has not paid; the lot goes to the next on record, or to everybody again.
    Defaulted {
        /// Who has not.
        bidder: u64,
    },
    /// It is over.
    Closed,
}

/// What an accepted bid, or the passing of time, takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Paid in by bidders.
    pub paid_in: Vec<(u64, u128)>,
    /// Paid back to bidders.
    pub refunds: Vec<(u64, u128)>,
    /// Sold.
    pub sold: Vec<Sold>,
    /// Deposits that bidders have lost.
    pub forfeited: u128,
    /// How it goes on.
    pub verdict: Verdict,
}

impl Step {
    pub(super) fn open() -> Self {
        Step {
            paid_in: Vec::new(),
            refunds: Vec::new(),
            sold: Vec::new(),
            forfeited: 0,
            verdict: Verdict::Open,
        }
    }

    /// The same, but that nothing is sold: everybody who would have bought is refunded. For a lot
    /// that cannot be handed over.
    #[must_use]
    pub fn voided(mut self) -> Self {
        self.refunds.extend(self.sold.drain(..).map(|sold| (sold.bidder, sold.paid)));
        self.refunds.retain(|(_, amount)| *amount > 0);
        self.verdict = Verdict::Closed;
        self
    }

    /// Quantity and money of everything sold.
    ///
    /// # Errors
    /// Overflow.
    pub fn total(&self) -> Result<(u128, u128), Rejected> {
        self.sold.iter().try_fold((0u128, 0u128), |(quantity, paid), sold| {
            let quantity = quantity.checked_add(sold.quantity).ok_or(Rejection::Overflow)?;
            let paid = paid.checked_add(sold.paid).ok_or(Rejection::Overflow)?;
            Ok((quantity, paid))
        })
    }
}

/// A refusal of a format as one of ours.
pub(super) fn no(refusal: impl Into<Refused>) -> Rejected {
    let Refused(rejection, detail) = refusal.into();
    rejection.because(detail)
}

/// A class and a sentence.
pub(super) struct Refused(Rejection, String);

impl From<english::Refusal> for Refused {
    fn from(refusal: english::Refusal) -> Self {
        use english::Refusal as R;
        let class = match refusal {
            R::Overflow => Rejection::Overflow,
            R::NotBidding | R::Lapsed { .. } | R::Ended { .. } | R::Overdue { .. } => {
                Rejection::AuctionOver
            }
            R::NotWinner | R::NotAwarded => Rejection::NotWinner,
            _ => Rejection::BidTooLow,
        };
        Refused(class, refusal.to_string())
    }
}

impl From<dutch::Refusal> for Refused {
    fn from(refusal: dutch::Refusal) -> Self {
        use dutch::Refusal as R;
        let class = match refusal {
            R::Arithmetic(_) => Rejection::Overflow,
            R::NeedsReset { .. } => Rejection::AuctionOver,
            R::TooDear { .. } => Rejection::PriceAboveLimit,
            R::NoPart { .. } => Rejection::PartTooSmall,
            R::FeedMissing { .. } | R::TopZero => Rejection::MarkMissing,
            _ => Rejection::BadParameter,
        };
        Refused(class, refusal.to_string())
    }
}

impl From<sealed::Refusal> for Refused {
    fn from(refusal: sealed::Refusal) -> Self {
        use sealed::Refusal as R;
        let class = match refusal {
            R::Clock { .. } | R::Closed { .. } => Rejection::AuctionOver,
            R::Money(_) => Rejection::Overflow,
            _ => Rejection::SealBroken,
        };
        Refused(class, refusal.to_string())
    }
}

impl From<batch::Refusal> for Refused {
    fn from(refusal: batch::Refusal) -> Self {
        use batch::Refusal as R;
        let class = match refusal {
            R::Clock { .. } | R::Phase { .. } => Rejection::AuctionOver,
            R::Limit { .. } => Rejection::BidTooLow,
            R::Money(_) => Rejection::Overflow,
            _ => Rejection::BadParameter,
        };
        Refused(class, refusal.to_string())
    }
}

pub(super) fn narrow(wide: U256) -> Result<u128, Rejected> {
    Ok(narrow_u128(wide)?)
}

/// What a falling price starts from: the mark of now.
pub(super) fn feed(view: &View<'_>, at_mark: &Leg) -> Result<dutch::Feed, Rejected> {
    Ok(dutch::Feed { price: ray_price(view, at_mark, at_mark.worst_price)?, health: None })
}

impl Running {
    pub(super) fn new(kind: Auctioned, opening: &Opening, now: Time) -> Self {
        Running {
            kind,
            fair: opening.fair,
            value: opening.value,
            due: opening.due,
            wanted: opening.wanted,
            raised: 0,
            opened_at: now,
            restarts: 0,
            held: 0,
            clock: dutch::Clock::running(),
        }
    }

    /// The format.
    #[must_use]
    pub const fn format(&self) -> AuctionFormat {
        match self.kind {
            Auctioned::English { .. } => AuctionFormat::English,
            Auctioned::Dutch { .. } => AuctionFormat::Dutch,
            Auctioned::Sealed(_) => AuctionFormat::Sealed,
            Auctioned::Batch(_) => AuctionFormat::Batch,
        }
    }

    /// Seconds that the auction has run until `now`, those in which its clock stood still left out.
    ///
    /// # Errors
    /// A time before one that the clock has seen.
    pub fn seconds(&self, now: Time) -> Result<u64, Rejected> {
        let nanos = self.clock.seconds(now.since(self.opened_at)).map_err(no)?;
        Ok(Time(nanos).seconds_since(Time(0)))
    }

    /// Whether something may be due at `now`; what it is, [`Running::due`] finds out.
    #[must_use]
    pub fn is_due(&self, now: Time) -> bool {
        let Ok(seconds) = self.seconds(now) else { return false };
        match &self.kind {
            Auctioned::English { terms, auction } => match auction.stage {
                english::Stage::Awarded { due_by } => seconds > due_by,
                _ => auction.is_over(terms, seconds),
            },
            Auctioned::Dutch { terms, sale, .. } => {
                let moment = dutch::Moment { seconds, feed: None };
                sale.status(terms, &moment).is_ok_and(|status| status.needs_reset)
            }
            Auctioned::Sealed(sealed) => Time(seconds) >= sealed.terms().reveal_until,
            Auctioned::Batch(batch) => Time(seconds) >= batch.window().place_until,
        }
    }

    /// Whether its clock stands still.
    #[must_use]
    pub const fn is_stopped(&self) -> bool {
        self.clock.is_stopped()
    }

    /// Stops the clock since `at`, or starts it again at `at`. Times before the last turn count as it.
    pub fn turn(&mut self, runs: bool, at: Time) {
        let at = at.since(self.opened_at);
        // A time that lies before the last turn of the clock turns it at once: no stretch is counted
        // twice, and none is lost but the one that a late message would have given back.
        let turned = if runs { self.clock.start(at) } else { self.clock.stop(at) };
        if let Err(dutch::Refusal::TimeBack { last, .. }) = turned {
            let _ = if runs { self.clock.start(last) } else { self.clock.stop(last) };
        }
    }

    /// How much of `paid`, raised now, is penalty: what is raised beyond what is due.
    #[must_use]
    pub fn penalty_in(&self, paid: u128) -> u128 {
        let Some(due) = self.due else { return 0 };
        let beyond = |raised: u128| raised.saturating_sub(due);
        beyond(self.raised.saturating_add(paid)).saturating_sub(beyond(self.raised))
    }

    /// Whether somebody has put money down, or bid.
    #[must_use]
    pub fn has_bids(&self) -> bool {
        match &self.kind {
            Auctioned::English { auction, .. } => auction.leader.is_some(),
            Auctioned::Dutch { .. } => false,
            Auctioned::Sealed(sealed) => sealed.bidders() > 0,
            Auctioned::Batch(batch) => batch.orders().len() > 0,
        }
    }

    /// Price of now in a descending auction, base units of the proceeds for one of the lot (1e27); none
    /// in the other formats.
    ///
    /// # Errors
    /// Overflow.
    pub fn asking(&self, now: Time) -> Result<Option<U256>, Rejected> {
        let Auctioned::Dutch { terms, sale, .. } = &self.kind else { return Ok(None) };
        let moment = dutch::Moment { seconds: self.seconds(now)?, feed: None };
        Ok(Some(sale.status(terms, &moment).map_err(no)?.price))
    }

    /// Takes a bid.
    ///
    /// # Errors
    /// The format's refusal; [`Rejection::WrongFormat`] of a bid that it does not understand. Nothing
    /// has changed then.
    pub fn bid(
        &mut self,
        view: &View<'_>,
        leg: &Leg,
        bidder: u64,
        bid: &Bid,
    ) -> Result<Step, Rejected> {
        let seconds = self.seconds(view.now)?;
        let step = match (&mut self.kind, *bid) {
            (Auctioned::English { terms, auction }, Bid::Raise { amount }) => {
                let bid = english::Bid { bidder, amount: U256::from(amount), lot: auction.lot };
                let step = auction.raise(terms, &bid, seconds).map_err(no)?;
                english_step(auction, step)?
            }
            (Auctioned::English { terms, auction }, Bid::Shrink { lot }) => {
                let bid = english::Bid { bidder, amount: auction.bid, lot: U256::from(lot) };
                if lot == 0 {
                    return Err(Rejection::AmountZero.because("lot 0: above 0 is right"));
                }
                let step = auction.shrink(terms, &bid, seconds).map_err(no)?;
                english_step(auction, step)?
            }
            (Auctioned::English { terms, auction }, Bid::Pay) => {
                let lot = narrow(auction.lot)?;
                let step = auction.pay(terms, bidder, seconds).map_err(no)?;
                let mut step = english_step(auction, step)?;
                sell_to(&mut step, bidder, lot);
                step
            }
            (Auctioned::Dutch { terms, sale, .. }, Bid::Take { quantity, price_max }) => {
                let moment = dutch::Moment { seconds, feed: None };
                let price_max = ray_price(view, leg, price_max)?;
                take(terms, sale, &moment, bidder, (quantity, price_max))?
            }
            (Auctioned::Sealed(sealed), Bid::Commit { digest }) => {
                let deposit = sealed.terms().deposit;
                sealed.commit(Time(seconds), bidder, digest, deposit).map_err(no)?;
                Step { paid_in: paid(bidder, narrow(deposit)?), ..Step::open() }
            }
            (Auctioned::Sealed(sealed), Bid::Reveal { amount, salt }) => {
                let added = U256::from(amount).saturating_sub(sealed.terms().deposit);
                sealed
                    .reveal(Time(seconds), bidder, U256::from(amount), &salt, added)
                    .map_err(no)?;
                Step { paid_in: paid(bidder, narrow(added)?), ..Step::open() }
            }
            (Auctioned::Batch(batch), Bid::Order { pay, min_receive }) => {
                batch.place(Time(seconds), &bidder, pay, min_receive).map_err(no)?;
                Step { paid_in: paid(bidder, pay), ..Step::open() }
            }
            (Auctioned::Batch(batch), Bid::Withdraw { pay, min_receive }) => {
                let back = batch.cancel(Time(seconds), &bidder, pay, min_receive).map_err(no)?;
                Step { refunds: paid(bidder, back), ..Step::open() }
            }
            (_, other) => return Err(Rejection::WrongFormat.because(other.kind())),
        };
        self.count(&step)?;
        Ok(step)
    }

    /// Keeps the sum of what is held.
    pub(super) fn count(&mut self, step: &Step) -> Result<(), Rejected> {
        let mut held = Some(self.held);
        for (_, amount) in &step.paid_in {
            held = held.and_then(|held| held.checked_add(*amount));
        }
        let out = step.refunds.iter().map(|(_, amount)| *amount);
        let out = out.chain(step.sold.iter().map(|sold| sold.paid)).chain([step.forfeited]);
        for amount in out {
            held = held.and_then(|held| held.checked_sub(amount));
        }
        self.held = held.ok_or(Rejection::Overflow)?;
        Ok(())
    }
}

fn paid(bidder: u64, amount: u128) -> Vec<(u64, u128)> {
    if amount == 0 { Vec::new() } else { vec![(bidder, amount)] }
}

/// A step of the ascending format: the auction goes on as it says, and all money goes through what is
/// held. What the seller gets is told by `sold` and `forfeited`, which the caller fills in.
pub(super) fn english_step(
    auction: &mut english::Auction<u64>,
    step: english::Step<u64>,
) -> Result<Step, Rejected> {
    use english::{Matter, Party};
    let mut told = Step::open();
    for moved in step.moves.iter().filter(|moved| moved.matter == Matter::Money) {
        let amount = narrow(moved.amount)?;
        if let Party::Bidder(bidder) = moved.from {
            told.paid_in.push((bidder, amount));
        }
        match moved.to {
            Party::Bidder(bidder) => told.refunds.push((bidder, amount)),
            Party::Seller => {
                told.forfeited = told.forfeited.checked_add(amount).ok_or(Rejection::Overflow)?;
            }
            Party::Escrow | Party::Owner | Party::Canceller => {}
        }
    }
    *auction = step.auction;
    Ok(told)
}

/// What the seller gets is a price and not a forfeit.
pub(super) fn sell_to(step: &mut Step, bidder: u64, quantity: u128) {
    step.sold.push(Sold { bidder, quantity, paid: std::mem::take(&mut step.forfeited) });
    step.verdict = Verdict::Closed;
}

/// A part of a lot at the price of now.
fn take(
    terms: &dutch::Terms,
    sale: &mut dutch::Sale<()>,
    moment: &dutch::Moment,
    bidder: u64,
    (quantity, price_max): (u128, U256),
) -> Result<Step, Rejected> {
    let taken = sale.take(terms, moment, U256::from(quantity), price_max).map_err(no)?;
    let quantity = narrow(taken.slice)?;
    if quantity == 0 {
        return Err(Rejection::AmountZero.because("quantity 0 of the lot"));
    }
    // Money is whole base units: the taker pays the unit above.
    let paid = narrow(div_wide(taken.owed, Ray::one().raw, Rounding::Ceil)?)?;
    let mut step = Step {
        paid_in: self::paid(bidder, paid),
        sold: vec![Sold { bidder, quantity, paid }],
        ..Step::open()
    };
    match taken.outcome {
        dutch::Outcome::Open(left) => *sale = left,
        dutch::Outcome::SoldOut { .. } | dutch::Outcome::Paid { .. } => {
            step.verdict = Verdict::Closed;
        }
    }
    Ok(step)
}

impl From<MoneyError> for Refused {
    fn from(error: MoneyError) -> Self {
        Refused(Rejection::Overflow, error.to_string())
    }
}
