//! The auctions of one kind of collateral (`Clipper`): the core's sales under the contract's names,
//! with its reasons, its units and what its configuration does to numbers.

use super::clip_revert::Revert;
use super::dog::mul;
use breakwater_auction::dutch::{
    Asking, Book, Change, Curve, Feed, Incentive, Moment, Purchase, Reset, Started, Status, Stop,
    Terms, Withdrawn,
};
use breakwater_money::rounding::{Rounding, mul_div_wide};
use breakwater_money::{Ray, U256, Wad};
use serde::{Deserialize, Serialize};

/// Units of a ray in one of a wad.
const RAY_PER_WAD: u64 = 1_000_000_000;

/// What a price feed answers (`peek`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Peek {
    /// The price (wad).
    pub val: U256,
    /// Whether it is valid.
    pub has: bool,
}

impl Peek {
    /// A valid price (wad).
    #[must_use]
    pub const fn valid(val: U256) -> Self {
        Peek { val, has: true }
    }

    /// The price in ray of the coin, whose own reference price is `par` (ray).
    ///
    /// # Errors
    /// [`Revert::InvalidPrice`] if the feed is flagged invalid, [`Revert::Arithmetic`],
    /// [`Revert::Halt`].
    pub fn price(&self, par: U256) -> Result<U256, Revert> {
        if !self.has {
            return Err(Revert::InvalidPrice);
        }
        let ray = mul(self.val, U256::from(RAY_PER_WAD))?;
        Ok(mul_div_wide(ray, Ray::one().raw, par, Rounding::Floor)?)
    }
}

/// The auctions of one collateral. `N` names vault owners.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clip<N> {
    terms: Terms,
    stopped: U256,
    book: Book<N>,
}

impl<N: Clone + Eq> Clip<N> {
    /// As deployed, with this curve: starts at the feed's price and holds for no time, at any price;
    /// no incentive, nothing stopped, no cached dust.
    #[must_use]
    pub fn new(calc: Curve) -> Self {
        let terms = Terms {
            asking: Asking::Falling(calc),
            start: Ray::one(),
            age_seconds_max: U256::ZERO,
            price_least: Ray::from_raw(U256::ZERO),
            remainder_least: U256::ZERO,
            incentive: Incentive::none(),
        };
        Clip { terms, stopped: U256::ZERO, book: Book::new() }
    }

    /// What it is configured with. In the contract's names: `calc`, `buf`, `tail`, `cusp`, `chost`,
    /// and `tip` and `chip`.
    #[must_use]
    pub const fn terms(&self) -> &Terms {
        &self.terms
    }

    /// Level of the breaker: 1 stops `kick`, 2 `redo` as well, 3 `take` as well.
    #[must_use]
    pub const fn stopped(&self) -> U256 {
        self.stopped
    }

    /// The open auctions.
    #[must_use]
    pub const fn book(&self) -> &Book<N> {
        &self.book
    }

    /// Sets the curve. Auctions under way follow it at once.
    pub const fn set_calc(&mut self, calc: Curve) {
        self.terms.asking = Asking::Falling(calc);
    }

    /// Sets the factor on the feed's price at start (ray).
    pub const fn set_buf(&mut self, buf: U256) {
        self.terms.start = Ray::from_raw(buf);
    }

    /// Sets the seconds for which an auction holds.
    pub const fn set_tail(&mut self, tail: U256) {
        self.terms.age_seconds_max = tail;
    }

    /// Sets the share of the top price down to which an auction holds (ray).
    pub const fn set_cusp(&mut self, cusp: U256) {
        self.terms.price_least = Ray::from_raw(cusp);
    }

    /// Sets the keeper's share (wad). The contract keeps its lowest 64 bits, at most 18.4, and says
    /// nothing.
    pub const fn set_chip(&mut self, chip: U256) {
        let [low, ..] = *chip.as_limbs();
        self.terms.incentive.share = Wad::from_raw(U256::from_limbs([low, 0, 0, 0]));
    }

    /// Sets the keeper's flat fee (rad). The contract keeps its lowest 192 bits and says nothing.
    pub const fn set_tip(&mut self, tip: U256) {
        let [low, middle, high, _] = *tip.as_limbs();
        self.terms.incentive.flat = U256::from_limbs([low, middle, high, 0]);
    }

    /// Sets the breaker. The contract takes any number; all above 3 stop what 3 does.
    pub fn set_stopped(&mut self, level: U256) {
        self.stopped = level;
        self.book.stop = Stop::level(level);
    }

    /// Caches the least that may remain wanted (`upchost`, rad). It goes stale when dust or penalty
    /// change, until it is cached again.
    pub const fn set_chost(&mut self, chost: U256) {
        self.terms.remainder_least = chost;
    }

    /// Price of an auction and whether it needs a reset, at second `now`.
    ///
    /// # Errors
    /// [`Revert::NotRunning`], [`Revert::Arithmetic`], [`Revert::Halt`].
    pub fn status(&self, id: u64, now: u64) -> Result<Status, Revert> {
        let moment = Moment { seconds: now, feed: None };
        Ok(self.book.status(&self.terms, &moment, id)?)
    }

    /// An auction of `lot` (wad) for `tab` (rad), to be applied. `feed` is the price (ray) or why
    /// there is none, which matters only once it is read.
    ///
    /// # Errors
    /// [`Revert::Stopped`], [`Revert::ZeroTab`], [`Revert::ZeroLot`], `feed`'s,
    /// [`Revert::ZeroTopPrice`], [`Revert::Arithmetic`], in this order.
    pub fn kick(
        &self,
        tab: U256,
        lot: U256,
        usr: N,
        feed: Result<U256, Revert>,
        now: u64,
    ) -> Result<Started<N>, Revert> {
        let started = self.book.start(&self.terms, &moment(feed, now), tab, lot, usr);
        started.map_err(|refusal| reason(refusal.into(), feed))
    }

    /// The auction begun again, to be applied.
    ///
    /// # Errors
    /// [`Revert::Stopped`], [`Revert::NotRunning`], [`Revert::CannotReset`], `feed`'s,
    /// [`Revert::ZeroTopPrice`], in this order; [`Revert::Arithmetic`], [`Revert::Halt`].
    pub fn redo(&self, id: u64, feed: Result<U256, Revert>, now: u64) -> Result<Reset<N>, Revert> {
        let reset = self.book.reset(&self.terms, &moment(feed, now), id);
        reset.map_err(|refusal| reason(refusal.into(), feed))
    }

    /// What a taker of at most `amt` (wad) at no more than `max` (ray) pays and gets, to be applied.
    ///
    /// # Errors
    /// [`Revert::Stopped`], [`Revert::NotRunning`], [`Revert::NeedsReset`],
    /// [`Revert::TooExpensive`], [`Revert::NoPartialPurchase`], in this order;
    /// [`Revert::Arithmetic`], [`Revert::Halt`].
    pub fn take(&self, id: u64, amt: U256, max: U256, now: u64) -> Result<Purchase<N>, Revert> {
        let moment = Moment { seconds: now, feed: None };
        Ok(self.book.take(&self.terms, &moment, id, amt, max)?)
    }

    /// An auction called off, to be applied. The breaker does not stop it.
    ///
    /// # Errors
    /// [`Revert::NotRunning`].
    pub fn yank(&self, id: u64) -> Result<Withdrawn<N>, Revert> {
        Ok(self.book.withdraw(id)?)
    }

    /// Makes a change that these auctions have computed.
    ///
    /// # Errors
    /// [`Revert::NotRunning`] if the auction is not as it was then.
    pub fn apply(&mut self, change: &Change<N>) -> Result<(), Revert> {
        self.book.apply(change).map_err(|_| Revert::NotRunning)
    }
}

fn moment(feed: Result<U256, Revert>, now: u64) -> Moment {
    let feed = feed.ok().map(|price| Feed { price, health: None });
    Moment { seconds: now, feed }
}

/// The core knows only that the price is missing; the contract fails for the reason it has.
fn reason(revert: Revert, feed: Result<U256, Revert>) -> Revert {
    match (revert, feed) {
        (Revert::InvalidPrice, Err(why)) => why,
        (revert, _) => revert,
    }
}
