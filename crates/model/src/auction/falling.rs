//! Descending: the price falls from a share of the mark until somebody takes the lot, or a part of it.
//! Money is counted in 1e-27 of a unit, so that a slice times a price is exact.

use super::{Next, Offered, Turn, share};
use crate::number::{Fraction, Int, Result, ceil, floor, ray, ten};
use breakwater_liquidation::auctions::{DutchCurve, DutchTerms};
use breakwater_liquidation::{Bid, Rejection};
use breakwater_money::Price;
use num_traits::Zero;

/// A descending auction. Times are seconds of its own.
#[derive(Debug, Clone)]
pub struct Falling {
    terms: DutchTerms,
    restarts_max: u32,
    top: Int,
    started: u64,
    lot: Int,
    /// What is still wanted, 1e-27; none for as much as possible.
    wanted: Option<Int>,
    least: Int,
    /// Times it started again.
    pub restarts: u32,
}

/// True if the curve makes sense.
pub(super) fn sound(curve: &DutchCurve) -> bool {
    let seconds = |s: u64| (1..=31_536_000).contains(&s);
    let kept = |kept: u32| (1..=1_000_000_000).contains(&kept);
    match curve {
        DutchCurve::Linear { seconds: it } => seconds(*it),
        DutchCurve::Stairs { kept_e9, step_seconds } => kept(*kept_e9) && seconds(*step_seconds),
        DutchCurve::Exponential { kept_e9 } => kept(*kept_e9),
    }
}

/// What one unit of the lot costs in units of the money, 1e27, rounded down.
#[must_use]
pub fn in_units((price, lot, money): (Price, u8, u8)) -> Int {
    let whole = Fraction::scaled(Int::from(price.raw), price.decimals);
    let unit = whole.times(&Fraction::scaled(ten(money), lot));
    unit.of(&ray()).down()
}

impl Falling {
    pub(super) fn open(terms: &DutchTerms, offered: &Offered<'_>) -> Result<Falling> {
        let top = first_price(terms, offered.mark)?;
        let fine = |amount: &Int| amount * ray();
        let least = match &offered.wanted {
            Some(wanted) => fine(&share(wanted, terms.remainder_least_bps)?),
            None => Int::zero(),
        };
        Ok(Falling {
            terms: *terms,
            restarts_max: offered.terms.restarts_max,
            top,
            started: 0,
            lot: offered.lot.clone(),
            wanted: offered.wanted.as_ref().map(fine),
            least,
            restarts: 0,
        })
    }

    /// What is left of the lot.
    #[must_use]
    pub fn left(&self) -> &Int {
        &self.lot
    }

    /// The price at a second, for a unit of the lot, 1e27.
    ///
    /// # Errors
    /// None is known.
    pub fn price(&self, now: u64) -> Result<Int> {
        let passed = now - self.started;
        let kept = |kept_e9: u32| Int::from(kept_e9) * ten(18);
        let left = match self.terms.curve {
            DutchCurve::Linear { seconds } if passed >= seconds => return Ok(Int::zero()),
            DutchCurve::Linear { seconds } => {
                floor(&(Int::from(seconds - passed) * ray()), &Int::from(seconds))?
            }
            DutchCurve::Stairs { kept_e9, step_seconds } => {
                // division: whole steps, rounded down
                power(&kept(kept_e9), passed / step_seconds)?
            }
            DutchCurve::Exponential { kept_e9 } => power(&kept(kept_e9), passed)?,
        };
        floor(&(&self.top * left), &ray())
    }

    /// True if it is too old, or too cheap, to be sold at.
    fn is_stale(&self, now: u64) -> Result<bool> {
        let of_top = floor(&(self.price(now)? * ray()), &self.top)?;
        let least = Fraction::new(Int::from(self.terms.price_least_bps), Int::from(10_000))?;
        Ok(now - self.started > self.terms.age_seconds_max || of_top < least.of(&ray()).down())
    }

    pub(super) fn bid(
        &mut self,
        bidder: u64,
        bid: &Bid,
        now: u64,
        limit: Option<Int>,
    ) -> Result<Turn> {
        let Bid::Take { quantity, .. } = bid else { return Err(Rejection::WrongFormat) };
        if *quantity == 0 {
            return Err(Rejection::AmountZero);
        }
        if self.is_stale(now)? {
            return Err(Rejection::AuctionOver);
        }
        let price = self.price(now)?;
        if limit.is_none_or(|limit| limit < price) {
            return Err(Rejection::PriceAboveLimit);
        }
        let (slice, owed) = self.slice(&price, Int::from(*quantity).min(self.lot.clone()))?;
        if slice.is_zero() {
            return Err(Rejection::PartTooSmall);
        }
        self.lot -= &slice;
        if let Some(wanted) = &mut self.wanted {
            *wanted -= &owed;
        }
        let paid = ceil(&owed, &ray())?;
        let all_paid = self.wanted.as_ref().is_some_and(Zero::is_zero);
        let next = if self.lot.is_zero() || all_paid { Next::Over } else { Next::Goes };
        let mut paid_in = vec![(bidder, paid.clone())];
        paid_in.retain(|(_, amount)| !amount.is_zero());
        Ok(Turn { paid_in, bought: vec![(bidder, slice, paid)], next, ..Turn::default() })
    }

    /// How much of so much is sold, for what: never more than is wanted, and never so much of it that
    /// dust stays wanted, unless the lot is gone with it.
    fn slice(&self, price: &Int, slice: Int) -> Result<(Int, Int)> {
        let owed = &slice * price;
        let Some(wanted) = &self.wanted else { return Ok((slice, owed)) };
        if owed > *wanted {
            return Ok((floor(wanted, price)?, wanted.clone()));
        }
        let stays = wanted - &owed;
        if stays.is_zero() || stays >= self.least || slice == self.lot {
            return Ok((slice, owed));
        }
        let owed = wanted - &self.least;
        if owed <= Int::zero() {
            return Err(Rejection::PartTooSmall);
        }
        Ok((floor(&owed, price)?, owed))
    }

    pub(super) fn due(&mut self, now: u64, mark: Option<(Price, u8, u8)>) -> Result<Option<Turn>> {
        if !self.is_stale(now)? {
            return Ok(None);
        }
        let top = mark.and_then(|mark| first_price(&self.terms, mark).ok());
        match top.filter(|_| self.restarts < self.restarts_max) {
            Some(top) => {
                (self.top, self.started) = (top, now);
                self.restarts += 1;
                Ok(Some(Turn { next: Next::Again, ..Turn::default() }))
            }
            None => Ok(Some(Turn { next: Next::Over, ..Turn::default() })),
        }
    }
}

/// The mark times the share that it starts at.
fn first_price(terms: &DutchTerms, mark: (Price, u8, u8)) -> Result<Int> {
    let share = Fraction::new(Int::from(terms.start_bps), Int::from(10_000))?;
    let top = share.of(&in_units(mark)).down();
    if top.is_zero() { Err(Rejection::MarkMissing) } else { Ok(top) }
}

/// A share of 1e27 to a power, halves up after every product, squares from the lowest bit on (the
/// exponentiation of dss, in which the last digit depends on the order).
fn power(base: &Int, mut exponent: u64) -> Result<Int> {
    let times = |a: &Int, b: &Int| crate::number::half_up(&(a * b), &ray());
    let (mut square, mut result) = (base.clone(), ray());
    let mut first = true;
    while exponent > 0 {
        if !first {
            square = times(&square, &square)?;
        }
        if exponent & 1 == 1 {
            result = if first { square.clone() } else { times(&result, &square)? };
        }
        first = false;
        exponent >>= 1;
    }
    Ok(result)
}
