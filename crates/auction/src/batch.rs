//! One clearing price for all, whatever the order of arrival.
//!
//! A lot of `sell` units is offered for at least `min_buy` units of money. An order pays up to `pay`
//! and wants at least `min_receive` of the lot for it. Everybody who wins pays the same price, the one
//! at which the orders before it just take the whole lot; one order at the margin may be filled in
//! part. What a batch prevents is a race: nothing is gained by being early, or by being seen late,
//! because a stretch before the end takes orders and lets none be withdrawn.
//!
//! The rule, its roundings and its order of branches are those of the batch auction of
//! gnosis/ido-contracts (EasyAuction, commit e5ec2e69). Amounts are raw integers below 2^96, so that a
//! product of two fits 192 bits; nothing here knows decimals.
//!
//! - [`Book`]: orders in columns, and [`Book::clear`], which finds the price by selection.
//! - [`Clearing`]: the price found, and what it means to an order and to the seller.
//! - [`Batch`]: the auction around it: who may place, withdraw, settle and claim when.
//!
//! ```
//! use breakwater_auction::batch::{Book, Order, Terms};
//!
//! let terms = Terms { sell: 100, min_buy: 50, min_funding: 0, fee_per_mille: 0 };
//! let mut book = Book::default();
//! let wants_half = Order::new(1, 60, 50)?;
//! let wants_all = Order::new(2, 80, 100)?;
//! book.push(wants_half)?;
//! book.push(wants_all)?;
//! let clearing = book.clear(&terms)?;
//! // The second order is at the margin: 80 for 100 is the price, and only 20 of its 80 are needed.
//! assert_eq!((clearing.paid, clearing.sold), (80, 100));
//! assert_eq!(clearing.share(&wants_half)?.received, 75);
//! assert_eq!(clearing.share(&wants_all)?.refunded, 60);
//! # Ok::<(), breakwater_auction::batch::Refusal>(())
//! ```

mod auction;
mod book;
mod clearing;
#[cfg(test)]
mod tests;

pub use auction::{Batch, Settlement, Window};
pub use book::Book;
pub use clearing::{Clearing, Marginal, Proceeds, Share};

use breakwater_money::{MoneyError, Time, U256};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// Amounts are below this: the source packs two of them and a number of 64 bits into one word.
pub const AMOUNT_END: u128 = 1 << 96;

/// Orders a book takes. So many payments below 2^96 add up to less than 2^128, and a place in the
/// columns fits 32 bits.
pub const ORDERS_MAX: usize = u32::MAX as usize;

/// Largest fee, in thousandths of the amount sold, as in the source.
pub const FEE_PER_MILLE_MAX: u16 = 15;

/// Why a batch does not take a call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// A field is out of its range.
    #[error("{field} is {found}: it must be {right}")]
    Field {
        /// Name of the field.
        field: &'static str,
        /// As given.
        found: u128,
        /// What would be right.
        right: &'static str,
    },
    /// The limit price is not above the lowest price of the auction.
    #[error(
        "limit price is {pay} for {min_receive}: it must be above {min_buy} for {sell}, the lowest"
    )]
    Limit {
        /// What the order pays.
        pay: u128,
        /// What it wants for that.
        min_receive: u128,
        /// What the seller wants at least.
        min_buy: u128,
        /// What it sells for that.
        sell: u128,
    },
    /// The bidder has the same order in the book.
    #[error("order of {pay} for {min_receive} stands already: it must differ in an amount")]
    Repeated {
        /// What the order pays.
        pay: u128,
        /// What it wants for that.
        min_receive: u128,
    },
    /// The bidder has no such order.
    #[error("order of {pay} for {min_receive} is not known: it must stand, unclaimed")]
    Unknown {
        /// What the order pays.
        pay: u128,
        /// What it wants for that.
        min_receive: u128,
    },
    /// The book holds as many orders as it can.
    #[error("orders are {found}: a book takes {ORDERS_MAX}")]
    Full {
        /// Orders in the book.
        found: usize,
    },
    /// The call comes too early or too late.
    #[error("time of {call} is {} ns: it must be {side} {} ns", .now.0, .limit.0)]
    Clock {
        /// The call.
        call: &'static str,
        /// When it came.
        now: Time,
        /// On which side of the limit it has to be.
        side: &'static str,
        /// The limit.
        limit: Time,
    },
    /// The auction is settled, or is not yet, and the call wants the opposite.
    #[error("{call}: the auction must be {right}")]
    Phase {
        /// The call.
        call: &'static str,
        /// What would be right.
        right: &'static str,
    },
    /// A quantity does not fit.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// What is sold and on which conditions. Amounts are raw units below [`AMOUNT_END`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Units of the lot.
    pub sell: u128,
    /// Units of money that the whole lot must bring at least; `min_buy / sell` is the lowest price.
    pub min_buy: u128,
    /// Units of money below which nothing is sold and everybody is refunded.
    pub min_funding: u128,
    /// Fee in thousandths of what is sold, which the seller deposits on top of the lot.
    pub fee_per_mille: u16,
}

impl Terms {
    /// Refuses terms under which no price could be found.
    ///
    /// # Errors
    /// The field that is out of its range.
    pub fn check(&self) -> Result<(), Refusal> {
        amount("sell", self.sell)?;
        amount("min_buy", self.min_buy)?;
        if self.fee_per_mille > FEE_PER_MILLE_MAX {
            let found = u128::from(self.fee_per_mille);
            return Err(Refusal::Field { field: "fee_per_mille", found, right: "at most 15" });
        }
        Ok(())
    }

    /// Whether an order offers more than the lowest price. Offering exactly the lowest is not enough.
    #[must_use]
    pub fn admits(&self, order: &Order) -> bool {
        product(order.min_receive, self.min_buy) < product(self.sell, order.pay)
    }
}

/// What a bidder offers: up to `pay` units of money for at least `min_receive` units of the lot. The
/// order of orders is the order in which they are served: highest limit price first, of equal ones
/// the smaller, then the bidder with the lower number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Order {
    bidder: u64,
    pay: u128,
    min_receive: u128,
}

impl Order {
    /// An order of the bidder with that number.
    ///
    /// # Errors
    /// An amount is zero or not below [`AMOUNT_END`].
    pub fn new(bidder: u64, pay: u128, min_receive: u128) -> Result<Order, Refusal> {
        let (pay, min_receive) = (amount("pay", pay)?, amount("min_receive", min_receive)?);
        Ok(Order { bidder, pay, min_receive })
    }

    /// Number of the bidder.
    #[must_use]
    pub const fn bidder(&self) -> u64 {
        self.bidder
    }

    /// Units of money that the order pays at most.
    #[must_use]
    pub const fn pay(&self) -> u128 {
        self.pay
    }

    /// Units of the lot that it wants for all of that.
    #[must_use]
    pub const fn min_receive(&self) -> u128 {
        self.min_receive
    }
}

impl Ord for Order {
    fn cmp(&self, other: &Order) -> Ordering {
        // Both amounts are above zero, so cross products order the prices; equal prices and equal
        // amounts received mean equal payments, and nothing is left after the bidder.
        let own = product(self.min_receive, other.pay);
        let others = product(other.min_receive, self.pay);
        own.cmp(&others)
            .then(self.min_receive.cmp(&other.min_receive))
            .then(self.bidder.cmp(&other.bidder))
    }
}

impl PartialOrd for Order {
    fn partial_cmp(&self, other: &Order) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// An order as it is written down, before its amounts are checked.
#[derive(Serialize, Deserialize)]
struct Written {
    bidder: u64,
    pay: u128,
    min_receive: u128,
}

impl TryFrom<Written> for Order {
    type Error = Refusal;

    fn try_from(written: Written) -> Result<Order, Refusal> {
        Order::new(written.bidder, written.pay, written.min_receive)
    }
}

impl From<Order> for Written {
    fn from(order: Order) -> Written {
        Written { bidder: order.bidder, pay: order.pay, min_receive: order.min_receive }
    }
}

fn amount(field: &'static str, found: u128) -> Result<u128, Refusal> {
    if found == 0 || found >= AMOUNT_END {
        return Err(Refusal::Field { field, found, right: "above zero and below 2^96" });
    }
    Ok(found)
}

/// The product of two 128-bit integers, which always fits.
fn product(a: u128, b: u128) -> U256 {
    U256::from(a) * U256::from(b)
}
