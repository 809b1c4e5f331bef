//! Auctions a second time, from their pages: one file a format, fractions and sorted lists, and what
//! every bidder has put down in a purse of his own.
//!
//! Of the auction crate only the digest of a sealed bid is used, which is a convention and no rule.

mod batch;
mod falling;
mod rising;
mod sealed;

pub use batch::{Batch, Order};
pub use falling::{Falling, in_units};
pub use rising::Rising;
pub use sealed::Sealed;

use crate::number::{Int, Result, ceil, narrow};
use breakwater_liquidation::auctions::{Format, Raises};
use breakwater_liquidation::{AuctionTerms, Bid, Policy, Rejection, Seller};
use breakwater_money::{Price, Time};
use num_traits::Zero;
use std::collections::BTreeMap;

/// Nanoseconds of a second.
const SECOND: u64 = 1_000_000_000;

/// One auction.
#[derive(Debug, Clone)]
pub struct Auction {
    /// What it is worth at the mark, in units of what it brings.
    pub fair: Int,
    /// The same in the numeraire.
    pub value: Int,
    /// What is owed of it; none for as much as possible.
    pub due: Option<Int>,
    /// What it is to raise, penalty included; none for as much as possible.
    pub wanted: Option<Int>,
    /// What it has raised.
    pub raised: Int,
    /// Nanoseconds in which prices could be acted on since it was opened.
    pub lived: u64,
    /// Up to when they are counted.
    pub seen_to: Time,
    /// What each bidder has put down.
    pub purses: BTreeMap<u64, Int>,
    /// The format's own.
    pub state: State,
}

/// The format's own.
#[derive(Debug, Clone)]
pub enum State {
    /// Ascending.
    Rising(Rising),
    /// Descending.
    Falling(Falling),
    /// Sealed bids.
    Sealed(Sealed),
    /// One price for all.
    Batch(Batch),
}

/// What a bid or time makes of an auction.
#[derive(Debug, Clone, Default)]
pub struct Turn {
    /// Who pays in how much.
    pub paid_in: Vec<(u64, Int)>,
    /// Who gets how much back.
    pub refunds: Vec<(u64, Int)>,
    /// Who loses how much.
    pub lost: Vec<(u64, Int)>,
    /// Who buys how much of the lot for how much.
    pub bought: Vec<(u64, Int, Int)>,
    /// A winner who has not paid.
    pub late: Option<u64>,
    /// What becomes of it.
    pub next: Next,
}

/// What becomes of an auction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Next {
    /// It goes on.
    #[default]
    Goes,
    /// From the start.
    Again,
    /// Somebody has won and owes the rest.
    Won(u64),
    /// It is over.
    Over,
}

impl Turn {
    /// Whoever would have bought gets the money back, and it is over.
    #[must_use]
    pub fn without_sale(mut self) -> Turn {
        for (bidder, _, paid) in std::mem::take(&mut self.bought) {
            if !paid.is_zero() {
                self.refunds.push((bidder, paid));
            }
        }
        self.next = Next::Over;
        self
    }
}

/// The sum of amounts.
pub fn sum<'a>(amounts: impl Iterator<Item = &'a Int>) -> Int {
    amounts.fold(Int::zero(), |sum, amount| sum + amount)
}

/// A share of an amount, rounded up.
fn share(amount: &Int, bps: u32) -> Result<Int> {
    ceil(&(amount * Int::from(bps)), &Int::from(10_000))
}

/// What is offered.
pub struct Offered<'a> {
    /// Its number, which is its leg's.
    pub number: u64,
    /// On which terms.
    pub terms: &'a AuctionTerms,
    /// Units of the lot.
    pub lot: Int,
    /// What they are worth at the mark.
    pub fair: Int,
    /// What is to be raised at most.
    pub wanted: Option<Int>,
    /// The mark in what the lot brings, with the decimals of lot and money.
    pub mark: (Price, u8, u8),
}

/// What the format starts with.
///
/// # Errors
/// A falling price that would start at nothing.
pub fn opened(offered: &Offered<'_>) -> Result<State> {
    Ok(match &offered.terms.format {
        Format::English(terms) => State::Rising(Rising::open(terms, offered)?),
        Format::Dutch(terms) => State::Falling(Falling::open(terms, offered)?),
        Format::Sealed(terms) => State::Sealed(Sealed::open(terms, offered)?),
        Format::Batch(terms) => State::Batch(Batch::open(terms, offered)?),
    })
}

/// Whether one auction can count a lot and its reserve.
///
/// # Errors
/// None is known.
pub fn can_count(terms: &AuctionTerms, lot: &Int, fair: &Int) -> Result<bool> {
    let Format::Batch(batch) = &terms.format else { return Ok(true) };
    let end = Int::from(1u128 << 96);
    Ok(*lot < end && share(fair, batch.reserve_bps)? < end)
}

/// Where an auction stands in its own time.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// Nanoseconds.
    pub nanos: u64,
    /// Whole seconds.
    pub seconds: u64,
}

impl Auction {
    /// Its own time.
    #[must_use]
    pub fn now(&self) -> Now {
        // division: whole seconds, rounded down
        Now { nanos: self.lived, seconds: self.lived / SECOND }
    }

    /// All that is put down.
    #[must_use]
    pub fn held(&self) -> Int {
        sum(self.purses.values())
    }

    /// Times it started again.
    #[must_use]
    pub fn restarts(&self) -> u32 {
        match &self.state {
            State::Rising(rising) => rising.restarts,
            State::Falling(falling) => falling.restarts,
            State::Sealed(_) | State::Batch(_) => 0,
        }
    }

    /// True if somebody counts on the lot.
    #[must_use]
    pub fn binds(&self) -> bool {
        match &self.state {
            State::Rising(rising) => rising.leader.is_some(),
            State::Falling(_) => false,
            State::Sealed(sealed) => !sealed.bids.is_empty(),
            State::Batch(batch) => !batch.orders.is_empty(),
        }
    }

    /// What a bid makes of it. The purses follow.
    ///
    /// # Errors
    /// The format's refusal; the auction is then to be thrown away.
    pub fn bid(&mut self, bidder: u64, bid: &Bid, limit: Option<Int>) -> Result<Turn> {
        let now = self.now();
        let turn = match &mut self.state {
            State::Rising(rising) => {
                let down = self.purses.get(&bidder).cloned().unwrap_or_default();
                let leads = rising
                    .leader
                    .map(|leader| (leader, self.purses.get(&leader).cloned().unwrap_or_default()));
                rising.bid(bidder, bid, now.seconds, (down, leads))?
            }
            State::Falling(falling) => falling.bid(bidder, bid, now.seconds, limit)?,
            State::Sealed(sealed) => sealed.bid(bidder, bid, now.nanos)?,
            State::Batch(batch) => batch.bid(bidder, bid, now.nanos)?,
        };
        self.settle_purses(&turn);
        Ok(turn)
    }

    /// What is due by now, if anything. `mark` is what a falling price starts from again.
    ///
    /// # Errors
    /// None is known.
    pub fn due(&mut self, mark: Option<(Price, u8, u8)>) -> Result<Option<Turn>> {
        let now = self.now();
        let purses = self.purses.clone();
        let turn = match &mut self.state {
            State::Rising(rising) => rising.due(now.seconds, &purses)?,
            State::Falling(falling) => falling.due(now.seconds, mark)?,
            State::Sealed(sealed) => sealed.due(now.nanos, &purses)?,
            State::Batch(batch) => batch.due(now.nanos)?,
        };
        if let Some(turn) = &turn {
            self.settle_purses(turn);
        }
        Ok(turn)
    }

    /// Money paid in lies in its bidder's purse until it goes out of it.
    fn settle_purses(&mut self, turn: &Turn) {
        for (bidder, amount) in &turn.paid_in {
            *self.purses.entry(*bidder).or_default() += amount;
        }
        let bought = turn.bought.iter().map(|(bidder, _, paid)| (bidder, paid));
        let out = turn.refunds.iter().chain(&turn.lost).map(|(bidder, amount)| (bidder, amount));
        for (bidder, amount) in out.chain(bought) {
            *self.purses.entry(*bidder).or_default() -= amount;
        }
        self.purses.retain(|_, amount| !amount.is_zero());
    }
}

/// True if a policy's auctions make sense.
#[must_use]
pub fn sound(policy: &Policy) -> bool {
    let breakwater_liquidation::Disposal::Auction(terms) = &policy.disposal else { return true };
    let (bps, seconds) = (|bps: u32| bps <= 1_000_000, |s: u64| (1..=31_536_000).contains(&s));
    let whole_lots = matches!(terms.format, Format::Sealed(_) | Format::Batch(_));
    let format = match &terms.format {
        Format::English(it) => {
            bps(it.opening_bps)
                && bps(it.reserve_bps)
                && bps(it.step_bps)
                && seconds(it.duration_seconds)
                && it.lifetime_seconds.is_none_or(seconds)
                && it.extension.is_none_or(|late| {
                    seconds(late.window_seconds)
                        && seconds(late.by_seconds)
                        && seconds(late.total_seconds_max)
                        && late.total_seconds_max >= late.by_seconds
                })
                && it.deposit.is_none_or(|deposit| {
                    (1..=10_000).contains(&deposit.share_bps) && seconds(deposit.pay_within_seconds)
                })
        }
        Format::Dutch(it) => {
            bps(it.start_bps)
                && it.start_bps > 0
                && (1..=10_000).contains(&it.price_least_bps)
                && it.remainder_least_bps <= 10_000
                && seconds(it.age_seconds_max)
                && falling::sound(&it.curve)
        }
        Format::Sealed(it) => {
            bps(it.reserve_bps)
                && bps(it.deposit_bps)
                && seconds(it.commit_seconds)
                && seconds(it.reveal_seconds)
        }
        Format::Batch(it) => {
            bps(it.reserve_bps)
                && seconds(it.place_seconds)
                && it.cancel_seconds <= it.place_seconds
        }
    };
    format
        && policy.seller == Seller::Venue
        && terms.open_max > 0
        && !(whole_lots && (terms.raises == Raises::Debt || terms.restarts_max > 0))
}

/// In the events' own width.
///
/// # Errors
/// [`Rejection::Overflow`].
pub fn told(all: &[(u64, Int)]) -> std::result::Result<Vec<(u64, u128)>, Rejection> {
    all.iter().map(|(bidder, amount)| Ok((*bidder, narrow(amount)?))).collect()
}
