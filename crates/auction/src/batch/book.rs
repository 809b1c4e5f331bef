//! Orders in columns, and the price at which they clear.

use super::{Clearing, ORDERS_MAX, Order, Refusal, Share, Terms, product};
use breakwater_money::rounding::{self, Rounding};
use breakwater_money::{MoneyError, Result as MoneyResult};
use std::cmp::Ordering;

/// Orders in columns. What it knows of an order is what clearing needs; whether an order may stand is
/// the auction's question.
#[derive(Debug, Clone, Default)]
pub struct Book {
    bidder: Vec<u64>,
    pay: Vec<u128>,
    min_receive: Vec<u128>,
    /// Every order once, in any order.
    ranks: Vec<Rank>,
    sum: u128,
}

/// An order's place in the columns behind a number that orders by price as far as 55 bits can.
#[derive(Debug, Clone, Copy)]
struct Rank {
    key: u64,
    place: u32,
}

/// Bits of a key that are mantissa; the rest is its exponent.
const MANTISSA_BITS: u32 = 55;

impl Book {
    /// An empty book with room for so many orders.
    #[must_use]
    pub fn with_capacity(orders: usize) -> Book {
        Book {
            bidder: Vec::with_capacity(orders),
            pay: Vec::with_capacity(orders),
            min_receive: Vec::with_capacity(orders),
            ranks: Vec::with_capacity(orders),
            sum: 0,
        }
    }

    /// Adds an order.
    ///
    /// # Errors
    /// The book is full.
    pub fn push(&mut self, order: Order) -> Result<(), Refusal> {
        let found = self.pay.len();
        let place = u32::try_from(found).ok().filter(|_| found < ORDERS_MAX);
        let place = place.ok_or(Refusal::Full { found })?;
        let key = key(&order)?;
        self.sum = self.sum.checked_add(order.pay).ok_or(MoneyError::Overflow)?;
        self.bidder.push(order.bidder);
        self.pay.push(order.pay);
        self.min_receive.push(order.min_receive);
        self.ranks.push(Rank { key, place });
        Ok(())
    }

    /// Number of orders.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pay.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pay.is_empty()
    }

    /// Money that all orders offer together.
    #[must_use]
    pub const fn sum(&self) -> u128 {
        self.sum
    }

    /// The orders, in the order in which they were added.
    pub fn orders(&self) -> impl ExactSizeIterator<Item = Order> + '_ {
        let columns = self.bidder.iter().zip(&self.pay).zip(&self.min_receive);
        columns.map(|((bidder, pay), min_receive)| Order {
            bidder: *bidder,
            pay: *pay,
            min_receive: *min_receive,
        })
    }

    /// The price at which the lot is sold. Linear in the number of orders: what is served before the
    /// margin need not be sorted, so the margin is found by halving with a selection each time. Does
    /// not allocate. Equal orders of one bidder share a rank, so that which of them is at the margin
    /// is not told; an auction refuses the second of two.
    ///
    /// # Errors
    /// The terms are not [`Terms::check`]ed, or a quantity does not fit.
    pub fn clear(&mut self, terms: &Terms) -> Result<Clearing, Refusal> {
        terms.check()?;
        match self.margin(terms)? {
            Some((order, sum)) => Ok(Clearing::at_margin(terms, order, sum)?),
            None => Ok(Clearing::of_all(terms, self.sum)?),
        }
    }

    /// What every order gets and gets back, in the order in which they were added.
    ///
    /// # Errors
    /// A quantity does not fit.
    pub fn shares(&self, clearing: &Clearing) -> MoneyResult<Vec<Share>> {
        self.orders().map(|order| clearing.share(&order)).collect()
    }

    /// The first order, in the order of service, at whose limit price all money so far buys the whole
    /// lot, with that money. Along the order of service the money rises and the limit falls, so once
    /// this holds it holds for all after, and the first can be found by halving.
    fn margin(&mut self, terms: &Terms) -> MoneyResult<Option<(Order, u128)>> {
        let Book { bidder, pay, min_receive, ranks, .. } = self;
        let order = |rank: &Rank| {
            let at = rank.place as usize;
            Order { bidder: bidder[at], pay: pay[at], min_receive: min_receive[at] }
        };
        let compare = |a: &Rank, b: &Rank| match a.key.cmp(&b.key) {
            Ordering::Equal => order(a).cmp(&order(b)),
            unequal => unequal,
        };
        let (mut low, mut high) = (0, ranks.len());
        let (mut below, mut found) = (0u128, None);
        while low < high {
            let half = (high - low) >> 1;
            let (before, middle, _) = ranks[low..high].select_nth_unstable_by(half, compare);
            let middle = order(middle);
            let sum = before.iter().try_fold(below, |sum, rank| {
                sum.checked_add(pay[rank.place as usize]).ok_or(MoneyError::Overflow)
            })?;
            let sum = sum.checked_add(middle.pay).ok_or(MoneyError::Overflow)?;
            if product(sum, middle.min_receive) >= product(terms.sell, middle.pay) {
                found = Some((middle, sum));
                high = low + half;
            } else {
                below = sum;
                low += half + 1;
            }
        }
        Ok(found)
    }
}

/// `min_receive / pay` as an exponent of 8 bits and the first 55 binary places of the mantissa,
/// rounded down: a smaller key is a strictly higher price, and equal keys have to be told apart by
/// cross products.
fn key(order: &Order) -> MoneyResult<u64> {
    // Both amounts shifted until bit 95 is the highest, so that their quotient lies in (1/2, 2).
    let (up, down) = (order.min_receive.leading_zeros() - 32, order.pay.leading_zeros() - 32);
    let (wanted, paid) = (order.min_receive << up, order.pay << down);
    let short = u32::from(wanted < paid);
    // Now in [1, 2); two steps of a long division, because 97 + 55 bits would not fit 128.
    let numerator = wanted << (short + 31);
    let first = rounding::div(numerator, paid, Rounding::Floor)?;
    let rest = (numerator - first * paid) << 24;
    let second = rounding::div(rest, paid, Rounding::Floor)?;
    let mantissa = (first << 24 | second) & ((1 << MANTISSA_BITS) - 1);
    let exponent = 96 + down - up - short;
    let key = (u128::from(exponent) << MANTISSA_BITS) | mantissa;
    u64::try_from(key).map_err(|_| MoneyError::Overflow)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_amount() -> impl Strategy<Value = u128> {
        (1u128..1 << 96, 0u32..96).prop_map(|(amount, shift)| (amount >> shift).max(1))
    }

    fn near(amount: u128, step: u128) -> u128 {
        (amount + step).min((1 << 96) - 1)
    }

    proptest! {
        #[test]
        fn keys_never_contradict_prices(
            pay in any_amount(), min in any_amount(), other_pay in any_amount(),
            other_min in any_amount(), step in 0u128..3, by in 0u128..3
        ) {
            let order = Order::new(1, pay, min).unwrap();
            for (pay, min) in [(other_pay, other_min), (near(pay, step), near(min, by))] {
                let other = Order::new(1, pay, min).unwrap();
                let keys = key(&order).unwrap().cmp(&key(&other).unwrap());
                let prices = product(order.min_receive, other.pay)
                    .cmp(&product(other.min_receive, order.pay));
                prop_assert!(keys == Ordering::Equal || keys == prices, "{:?} {:?}", keys, prices);
            }
        }
    }

    #[test]
    fn keys_at_the_ends_of_the_range() {
        let top = (1 << 96) - 1;
        let key_of = |pay, min| key(&Order::new(1, pay, min).unwrap()).unwrap();
        assert_eq!(key_of(1, 1), 96 << MANTISSA_BITS);
        assert_eq!(key_of(7, 7), 96 << MANTISSA_BITS);
        assert_eq!(key_of(2, 3), (96 << MANTISSA_BITS) | (1 << (MANTISSA_BITS - 1)));
        assert_eq!(key_of(1, top) >> MANTISSA_BITS, 96 + 95);
        assert_eq!(key_of(top, 1) >> MANTISSA_BITS, 0);
    }
}
