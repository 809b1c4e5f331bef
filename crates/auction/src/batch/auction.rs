//! The auction around a batch: orders are placed and withdrawn, then only placed, then settled, then
//! claimed.

use super::{Book, Clearing, ORDERS_MAX, Order, Proceeds, Refusal, Share, Terms};
use breakwater_money::{MoneyError, Time};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// When what is allowed. Each limit is the first instant at which it is no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Orders may be withdrawn before this. From here to the end a bidder is bound, so that a price
    /// that others saw and followed cannot be taken away at the last moment.
    pub cancel_until: Time,
    /// Orders may be placed before this; the auction may be settled from here on.
    pub place_until: Time,
}

/// A uniform-price batch. Its state holds the orders in the order of service and no trace of the
/// order in which they came, but for the numbers of bidders, which decide between equal orders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch<B: Ord> {
    terms: Terms,
    window: Window,
    numbers: BTreeMap<B, u64>,
    orders: BTreeSet<Order>,
    settlement: Option<Settlement>,
}

/// What a settled batch owes, and what rounding leaves with whoever holds the deposits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settlement {
    /// Price and margin.
    pub clearing: Clearing,
    /// To the seller, and the fee.
    pub proceeds: Proceeds,
    /// Units of money paid in that are neither the seller's nor refunded.
    pub dust_money: u128,
    /// Units of the lot and of the fee's escrow that nobody gets: less than one a winner, one of the
    /// fee, and what a unit of money buys where the payment at the margin was rounded down.
    pub dust_lot: u128,
}

impl<B: Ord + Clone> Batch<B> {
    /// An auction without orders. The seller deposits [`Terms::deposit`].
    ///
    /// # Errors
    /// The terms, or a window that closes to withdrawals after it closes to orders.
    pub fn open(terms: Terms, window: Window) -> Result<Self, Refusal> {
        terms.check()?;
        if window.cancel_until > window.place_until {
            return Err(Refusal::Field {
                field: "cancel_until",
                found: u128::from(window.cancel_until.0),
                right: "at most place_until",
            });
        }
        let (numbers, orders) = (BTreeMap::new(), BTreeSet::new());
        Ok(Batch { terms, window, numbers, orders, settlement: None })
    }

    /// The conditions.
    #[must_use]
    pub const fn terms(&self) -> &Terms {
        &self.terms
    }

    /// When what is allowed.
    #[must_use]
    pub const fn window(&self) -> Window {
        self.window
    }

    /// Orders that stand or, once settled, are unclaimed, in the order of service.
    pub fn orders(&self) -> impl ExactSizeIterator<Item = &Order> {
        self.orders.iter()
    }

    /// The number under which a bidder stands. Numbers are given in the order of first orders, from 2
    /// without a fee and from 3 with one: the seller is the first, whoever takes the fee the second.
    #[must_use]
    pub fn number(&self, bidder: &B) -> Option<u64> {
        self.numbers.get(bidder).copied()
    }

    /// What was found, once settled.
    #[must_use]
    pub const fn settlement(&self) -> Option<&Settlement> {
        self.settlement.as_ref()
    }

    /// Takes an order; the bidder deposits its `pay`. Returns the bidder's number.
    ///
    /// # Errors
    /// Too late, an amount out of range, a limit price that is not above the lowest, the same order
    /// again, or a full book. Nothing changes then, and no number is given.
    pub fn place(
        &mut self,
        now: Time,
        bidder: &B,
        pay: u128,
        min_receive: u128,
    ) -> Result<u64, Refusal> {
        before("placing", now, self.window.place_until)?;
        self.unsettled("placing")?;
        let known = self.number(bidder);
        let number = match known {
            Some(number) => number,
            None => self.next_number()?,
        };
        let order = Order::new(number, pay, min_receive)?;
        if !self.terms.admits(&order) {
            let Terms { sell, min_buy, .. } = self.terms;
            return Err(Refusal::Limit { pay, min_receive, min_buy, sell });
        }
        if self.orders.len() >= ORDERS_MAX {
            return Err(Refusal::Full { found: self.orders.len() });
        }
        if !self.orders.insert(order) {
            return Err(Refusal::Repeated { pay, min_receive });
        }
        if known.is_none() {
            self.numbers.insert(bidder.clone(), number);
        }
        Ok(number)
    }

    fn next_number(&self) -> Result<u64, Refusal> {
        let first = if self.terms.fee_per_mille == 0 { 2 } else { 3 };
        let given = u64::try_from(self.numbers.len()).map_err(|_| MoneyError::Overflow)?;
        Ok(given.checked_add(first).ok_or(MoneyError::Overflow)?)
    }

    /// Withdraws an order. Returns the money that goes back to the bidder.
    ///
    /// # Errors
    /// Too late, or no such order.
    pub fn cancel(
        &mut self,
        now: Time,
        bidder: &B,
        pay: u128,
        min_receive: u128,
    ) -> Result<u128, Refusal> {
        before("withdrawing", now, self.window.cancel_until)?;
        self.unsettled("withdrawing")?;
        Ok(self.take(bidder, pay, min_receive)?.pay())
    }

    /// Finds the price and what it means to the seller. Anybody may ask for it, once.
    ///
    /// # Errors
    /// Too early, or settled already.
    pub fn settle(&mut self, now: Time) -> Result<Settlement, Refusal> {
        if now < self.window.place_until {
            let limit = self.window.place_until;
            return Err(Refusal::Clock { call: "settling", now, side: "at or after", limit });
        }
        self.unsettled("settling")?;
        let mut book = Book::with_capacity(self.orders.len());
        for order in &self.orders {
            book.push(*order)?;
        }
        let settlement = Settlement::of(&mut book, &self.terms)?;
        self.settlement = Some(settlement);
        Ok(settlement)
    }

    /// Hands out what an order gets, once.
    ///
    /// # Errors
    /// Not settled, or no such order, or claimed already.
    pub fn claim(&mut self, bidder: &B, pay: u128, min_receive: u128) -> Result<Share, Refusal> {
        let Some(settlement) = self.settlement else {
            return Err(Refusal::Phase { call: "claiming", right: "settled" });
        };
        let order = self.take(bidder, pay, min_receive)?;
        Ok(settlement.clearing.share(&order)?)
    }

    fn unsettled(&self, call: &'static str) -> Result<(), Refusal> {
        match self.settlement {
            None => Ok(()),
            Some(_) => Err(Refusal::Phase { call, right: "unsettled" }),
        }
    }

    fn take(&mut self, bidder: &B, pay: u128, min_receive: u128) -> Result<Order, Refusal> {
        let unknown = Refusal::Unknown { pay, min_receive };
        let Some(number) = self.number(bidder) else { return Err(unknown) };
        let order = Order::new(number, pay, min_receive)?;
        if self.orders.remove(&order) { Ok(order) } else { Err(unknown) }
    }
}

impl Settlement {
    /// Clears `book` and adds up what all claims together will take.
    ///
    /// # Errors
    /// The terms, or a quantity that does not fit.
    pub fn of(book: &mut Book, terms: &Terms) -> Result<Settlement, Refusal> {
        let clearing = book.clear(terms)?;
        let proceeds = clearing.proceeds(terms)?;
        let (mut money, mut lot) = (book.sum(), terms.deposit()?);
        let spend = |from: &mut u128, amount: u128| match from.checked_sub(amount) {
            Some(left) => {
                *from = left;
                Ok(())
            }
            None => Err(MoneyError::Underflow),
        };
        for amount in [proceeds.returned, proceeds.fee] {
            spend(&mut lot, amount)?;
        }
        spend(&mut money, proceeds.received)?;
        for order in book.orders() {
            let share = clearing.share(&order)?;
            spend(&mut lot, share.received)?;
            spend(&mut money, share.refunded)?;
        }
        Ok(Settlement { clearing, proceeds, dust_money: money, dust_lot: lot })
    }
}

fn before(call: &'static str, now: Time, limit: Time) -> Result<(), Refusal> {
    if now < limit { Ok(()) } else { Err(Refusal::Clock { call, now, side: "before", limit }) }
}
