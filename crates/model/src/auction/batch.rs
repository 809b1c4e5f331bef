//! One price for all: orders from the dearest to the cheapest, until the money of all so far buys the
//! whole lot at the limit of the last.

use super::{Next, Offered, SECOND, Turn, share};
use crate::number::{Fraction, Int, Result};
use breakwater_liquidation::auctions::BatchTerms;
use breakwater_liquidation::{Bid, Rejection};
use num_traits::Zero;
use std::collections::BTreeMap;

/// An order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Whose.
    pub bidder: u64,
    /// Its most.
    pub pay: Int,
    /// What it wants for that.
    pub least: Int,
}

/// A batch. Times are nanoseconds of its own.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Units of the lot.
    pub lot: Int,
    lowest: Int,
    back_until: u64,
    until: u64,
    /// Bidders in the order of their first orders.
    known: BTreeMap<u64, usize>,
    /// Orders that stand.
    pub orders: Vec<Order>,
}

impl Batch {
    pub(super) fn open(terms: &BatchTerms, offered: &Offered<'_>) -> Result<Batch> {
        let lowest = share(&offered.fair, terms.reserve_bps)?.max(Int::from(1));
        let (back_until, until) = (terms.cancel_seconds * SECOND, terms.place_seconds * SECOND);
        let (known, orders) = (BTreeMap::new(), Vec::new());
        Ok(Batch { lot: offered.lot.clone(), lowest, back_until, until, known, orders })
    }

    /// True while orders may be taken back.
    #[must_use]
    pub fn gives_back(&self, now: u64) -> bool {
        now < self.back_until
    }

    pub(super) fn bid(&mut self, bidder: u64, bid: &Bid, now: u64) -> Result<Turn> {
        let (until, pay, least) = match bid {
            Bid::Order { pay, min_receive } => (self.until, *pay, *min_receive),
            Bid::Withdraw { pay, min_receive } => (self.back_until, *pay, *min_receive),
            _ => return Err(Rejection::WrongFormat),
        };
        if now >= until {
            return Err(Rejection::AuctionOver);
        }
        let counts = |amount: u128| amount > 0 && amount < 1 << 96;
        let order = Order { bidder, pay: pay.into(), least: least.into() };
        if matches!(bid, Bid::Withdraw { .. }) {
            if self.known.contains_key(&bidder) && !(counts(pay) && counts(least)) {
                return Err(Rejection::BadParameter);
            }
            let place = self.orders.iter().position(|stands| *stands == order);
            let order = self.orders.remove(place.ok_or(Rejection::UnknownOrder)?);
            return Ok(Turn { refunds: vec![(bidder, order.pay)], ..Turn::default() });
        }
        if !(counts(pay) && counts(least)) {
            return Err(Rejection::BadParameter);
        }
        // A limit above the lowest price, not at it.
        if &order.pay * &self.lot <= &order.least * &self.lowest {
            return Err(Rejection::BidTooLow);
        }
        if self.orders.contains(&order) {
            return Err(Rejection::BadParameter);
        }
        let next = self.known.len();
        self.known.entry(bidder).or_insert(next);
        let paid_in = vec![(bidder, order.pay.clone())];
        self.orders.push(order);
        Ok(Turn { paid_in, ..Turn::default() })
    }

    /// Dearest first; of equal limits the smaller, then whoever came first.
    fn served(&self) -> Vec<Order> {
        let mut served = self.orders.clone();
        let number = |order: &Order| self.known.get(&order.bidder).copied().unwrap_or(usize::MAX);
        served.sort_by(|a, b| {
            let dearer = (&b.pay * &a.least).cmp(&(&a.pay * &b.least));
            dearer.then(a.least.cmp(&b.least)).then(number(a).cmp(&number(b)))
        });
        served
    }

    pub(super) fn due(&mut self, now: u64) -> Result<Option<Turn>> {
        if now < self.until {
            return Ok(None);
        }
        let served = self.served();
        let mut turn = Turn { next: Next::Over, ..Turn::default() };
        let (price, pays) = self.clear(&served)?;
        for (order, pays) in served.into_iter().zip(pays) {
            // What the money buys at the price; whoever would get nothing pays nothing.
            let gets = Fraction::new(pays.clone(), Int::from(1))?.over(&price)?.down();
            let pays = if gets.is_zero() { Int::zero() } else { pays };
            let back = &order.pay - &pays;
            if !back.is_zero() {
                turn.refunds.push((order.bidder, back));
            }
            if !gets.is_zero() {
                turn.bought.push((order.bidder, gets, pays));
            }
        }
        Ok(Some(turn))
    }

    /// Price of a unit of the lot, and what each order pays.
    fn clear(&self, served: &[Order]) -> Result<(Fraction, Vec<Int>)> {
        let mut pays: Vec<Int> = Vec::new();
        let mut before = Int::zero();
        for order in served {
            let limit = Fraction::new(order.pay.clone(), order.least.clone())?;
            let buys_all = limit.of(&self.lot);
            // The money so far with this order's, against the whole lot at its limit.
            if &before + &order.pay >= buys_all.up() {
                let needed = buys_all.down();
                if needed >= before {
                    pays.push(needed - before);
                    pays.resize(served.len(), Int::zero());
                    return Ok((limit, pays));
                }
                // Those before it pay more for the lot than its limit already.
                pays.resize(served.len(), Int::zero());
                return Ok((Fraction::new(before, self.lot.clone())?, pays));
            }
            pays.push(order.pay.clone());
            before += &order.pay;
        }
        Ok((Fraction::new(before.max(self.lowest.clone()), self.lot.clone())?, pays))
    }
}
