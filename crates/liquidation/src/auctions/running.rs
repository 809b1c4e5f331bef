//! An auction that runs.

use super::AuctionFormat;
use super::terms::{Opening, ray_price};
use crate::plan::Leg;
use crate::{Rejected, Rejection, View};
use breakwater_auction::{batch, dutch, english, sealed};
use breakwater_money::rounding::{Rounding, mul_div_full, narrow_u128};
use breakwater_money::{MoneyError, Ray, Time, U256};
use serde::{Deserialize, Serialize};

/// The state of the format.
#[allow(clippy::large_enum_variant)] // An auction is one of them all its life, and there are few.
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
        /// Times it started again.
        restarts: u32,
        /// Times it may.
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
    /// Money put down by bidders and neither refunded nor paid on.
    pub held: u128,
    /// Its own time: nanoseconds since the opening in which prices could be acted on.
    pub elapsed_nanos: u64,
    /// Up to when they are counted.
    pub counted_to: Time,
}

/// The stretch of time in which prices may be acted on, as things stand. Both ends belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Live {
    /// When the last grace period ends.
    pub from: Time,
    /// When the first price grows too old.
    pub to: Time,
}

impl Live {
    /// Whether `at` lies in it.
    #[must_use]
    pub fn has(&self, at: Time) -> bool {
        (self.from..=self.to).contains(&at)
    }
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
    pub forfeits: Vec<(u64, u128)>,
    /// A winner who has not paid in time.
    pub defaulted: Option<u64>,
    /// How it goes on.
    pub verdict: Verdict,
}

impl Step {
    pub(super) fn open() -> Self {
        Step {
            paid_in: Vec::new(),
            refunds: Vec::new(),
            sold: Vec::new(),
            forfeits: Vec::new(),
            defaulted: None,
            verdict: Verdict::Open,
        }
    }

    pub(super) fn closed() -> Self {
        Step { verdict: Verdict::Closed, ..Step::open() }
    }

    /// The same, but that nothing is sold: whoever would have bought is refunded. For a lot that
    /// cannot be handed over. Deposits that were lost before stay lost.
    #[must_use]
    pub fn voided(mut self) -> Self {
        self.refunds.extend(self.sold.drain(..).map(|sold| (sold.bidder, sold.paid)));
        self.refunds.retain(|(_, amount)| *amount > 0);
        self.verdict = Verdict::Closed;
        self
    }

    /// Its sums.
    ///
    /// # Errors
    /// Overflow.
    pub fn totals(&self) -> Result<Totals, Rejected> {
        let sum = |amounts: &[(u64, u128)]| add(amounts.iter().map(|(_, amount)| *amount));
        Ok(Totals {
            paid_in: sum(&self.paid_in)?,
            refunded: sum(&self.refunds)?,
            forfeited: sum(&self.forfeits)?,
            quantity: add(self.sold.iter().map(|sold| sold.quantity))?,
            paid: add(self.sold.iter().map(|sold| sold.paid))?,
        })
    }
}

/// Sums of a step: of the lot where it says so, else money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    /// Paid in by bidders.
    pub paid_in: u128,
    /// Paid back to them.
    pub refunded: u128,
    /// Lost by them.
    pub forfeited: u128,
    /// Sold, of the lot.
    pub quantity: u128,
    /// Paid for that.
    pub paid: u128,
}

impl Totals {
    /// What is held after the step, if `held` was before it; none if it takes more than there is.
    #[must_use]
    pub fn after(&self, held: u128) -> Option<u128> {
        let outs = [self.refunded, self.forfeited, self.paid];
        let full = held.checked_add(self.paid_in)?;
        outs.iter().try_fold(full, |left, out| left.checked_sub(*out))
    }
}

fn add(mut amounts: impl Iterator<Item = u128>) -> Result<u128, Rejected> {
    let sum = amounts.try_fold(0u128, u128::checked_add);
    Ok(sum.ok_or(Rejection::Overflow)?)
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
            // A lot that is sold whole does not shrink; one that may, not yet.
            R::LotFixed => Rejection::WrongFormat,
            R::WantedNotBid { .. } => Rejection::AuctionOver,
            R::AboveWanted { .. } => Rejection::BadParameter,
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
            R::Field { field: "bidders", .. } => Rejection::LimitReached,
            R::Field { field: "amount", .. } => Rejection::AmountZero,
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
            R::Unknown { .. } => Rejection::UnknownOrder,
            R::Full { .. } => Rejection::LimitReached,
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
            held: 0,
            elapsed_nanos: 0,
            counted_to: now,
        }
    }

    /// How much of `paid`, raised now, is penalty: what is raised beyond what is due.
    #[must_use]
    pub fn penalty_in(&self, paid: u128) -> u128 {
        let Some(due) = self.due else { return 0 };
        let beyond = |raised: u128| raised.saturating_sub(due);
        beyond(self.raised.saturating_add(paid)).saturating_sub(beyond(self.raised))
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

    /// Times it started again.
    #[must_use]
    pub const fn restarts(&self) -> u32 {
        match &self.kind {
            Auctioned::English { auction, .. } => auction.restarts,
            Auctioned::Dutch { restarts, .. } => *restarts,
            Auctioned::Sealed(_) | Auctioned::Batch(_) => 0,
        }
    }

    /// Its own time at `at`, nanoseconds: what is counted, and what of the time since lies in `live`.
    #[must_use]
    pub fn elapsed_at(&self, at: Time, live: Option<Live>) -> u64 {
        let Some(Live { from, to }) = live else { return self.elapsed_nanos };
        let since = at.min(to).since(self.counted_to.max(from));
        self.elapsed_nanos.saturating_add(since)
    }

    /// Counts its time up to `at`. Stretches of one state of prices may be counted in parts.
    pub fn count_to(&mut self, at: Time, live: Option<Live>) {
        self.elapsed_nanos = self.elapsed_at(at, live);
        self.counted_to = self.counted_to.max(at);
    }

    /// Its own time as the formats that know instants take it.
    pub(super) const fn instant(&self) -> Time {
        Time(self.elapsed_nanos)
    }

    /// Its own time in whole seconds, rounded down.
    #[must_use]
    pub const fn seconds(&self) -> u64 {
        self.instant().seconds_since(Time(0))
    }

    /// Whether something may be due by now; what it is, [`Running::due`] finds out.
    #[must_use]
    pub fn is_due(&self) -> bool {
        let seconds = self.seconds();
        match &self.kind {
            Auctioned::English { terms, auction } => match auction.stage {
                english::Stage::Awarded { due_by } => seconds > due_by,
                _ => auction.is_over(terms, seconds),
            },
            Auctioned::Dutch { terms, sale, .. } => {
                let moment = dutch::Moment { seconds, feed: None };
                // What has no price any more holds no longer either.
                sale.status(terms, &moment).map_or(true, |status| status.needs_reset)
            }
            Auctioned::Sealed(sealed) => self.instant() >= sealed.terms().reveal_until,
            Auctioned::Batch(batch) => self.instant() >= batch.window().place_until,
        }
    }

    /// Whether somebody has bid and counts on the lot.
    #[must_use]
    pub fn has_bids(&self) -> bool {
        match &self.kind {
            Auctioned::English { auction, .. } => auction.leader.is_some(),
            Auctioned::Dutch { .. } => false,
            Auctioned::Sealed(sealed) => sealed.bidders() > 0,
            Auctioned::Batch(batch) => batch.orders().len() > 0,
        }
    }

    /// Price of a descending auction when it has run for `elapsed_nanos`, in base units of the proceeds
    /// for one of the lot (1e27), whether or not it still holds then; none in the other formats.
    ///
    /// # Errors
    /// Overflow, or a time before it started again.
    pub fn asking(&self, elapsed_nanos: u64) -> Result<Option<U256>, Rejected> {
        let Auctioned::Dutch { terms, sale, .. } = &self.kind else { return Ok(None) };
        let seconds = Time(elapsed_nanos).seconds_since(Time(0));
        let moment = dutch::Moment { seconds, feed: None };
        Ok(Some(sale.status(terms, &moment).map_err(no)?.price))
    }

    /// Base units of the lot that raise all that is still wanted at an asking price, rounded up; the
    /// largest number where the auction raises as much as it can, or asks for nothing.
    #[must_use]
    pub fn wanted_at(&self, asking: U256) -> u128 {
        let missing = self.wanted.map(|wanted| wanted.saturating_sub(self.raised));
        match missing.filter(|_| !asking.is_zero()) {
            None => u128::MAX,
            Some(missing) => {
                mul_div_full(U256::from(missing), Ray::one().raw, asking, Rounding::Ceil)
                    .and_then(narrow_u128)
                    .unwrap_or(u128::MAX)
            }
        }
    }
}

/// A step of the ascending format: all money goes through what is held. What goes to the seller is a
/// price or a forfeit, as the caller says.
pub(super) fn english_step(
    step: english::Step<u64>,
) -> Result<(Step, u128, english::Auction<u64>), Rejected> {
    use english::{Matter, Party};
    let (mut told, mut to_seller) = (Step::open(), 0u128);
    for moved in step.moves.iter().filter(|moved| moved.matter == Matter::Money) {
        let amount = narrow(moved.amount)?;
        if let Party::Bidder(bidder) = moved.from {
            told.paid_in.push((bidder, amount));
        }
        match moved.to {
            Party::Bidder(bidder) => told.refunds.push((bidder, amount)),
            Party::Seller => {
                to_seller = to_seller.checked_add(amount).ok_or(Rejection::Overflow)?;
            }
            Party::Escrow | Party::Owner | Party::Canceller => {}
        }
    }
    Ok((told, to_seller, step.auction))
}

impl From<MoneyError> for Refused {
    fn from(error: MoneyError) -> Self {
        Refused(Rejection::Overflow, error.to_string())
    }
}
