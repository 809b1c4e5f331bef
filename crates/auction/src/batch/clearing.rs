//! The price a batch found, and what it means to each side.

use super::{Order, Terms, product};
use breakwater_money::rounding::{self, Rounding};
use breakwater_money::{MoneyError, Result};
use serde::{Deserialize, Serialize};

/// The outcome of a batch: `sold` units of the lot for `paid` units of money, and who is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clearing {
    /// Numerator of what a unit of money buys.
    pub sold: u128,
    /// Its denominator: `paid / sold` is the price.
    pub paid: u128,
    /// The order whose limit is the price, if one is.
    pub marginal: Option<Marginal>,
    /// Money of the orders that are served: in full, and in part at the margin.
    pub money: u128,
    /// Units of the lot that are sold.
    pub fill: u128,
    /// Whether the money reaches the funding minimum. Where not, everybody is refunded, and price and
    /// margin say only what they would have been.
    pub funded: bool,
}

/// The order at the margin and how much of its money is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marginal {
    /// The order.
    pub order: Order,
    /// Units of money taken of it.
    pub pays: u128,
}

/// What one order gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Share {
    /// Units of the lot.
    pub received: u128,
    /// Units of its money that come back.
    pub refunded: u128,
}

/// What the seller and whoever takes the fee get.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Proceeds {
    /// Units of money to the seller.
    pub received: u128,
    /// Units of the lot and of the fee's deposit that come back to the seller.
    pub returned: u128,
    /// Units of the lot paid as a fee.
    pub fee: u128,
}

impl Terms {
    /// Units that the seller deposits on top of the lot, of which the fee is paid.
    ///
    /// # Errors
    /// The lot is no amount of a batch.
    pub fn fee_escrow(&self) -> Result<u128> {
        rounding::mul_div(self.sell, u128::from(self.fee_per_mille), 1_000, Rounding::Floor)
    }

    /// All that the seller deposits: the lot and the fee's escrow.
    ///
    /// # Errors
    /// The lot is no amount of a batch.
    pub fn deposit(&self) -> Result<u128> {
        self.sell.checked_add(self.fee_escrow()?).ok_or(MoneyError::Overflow)
    }
}

impl Clearing {
    /// Where `order` is the first at whose limit the money up to and with it, `sum`, buys the lot.
    pub(super) fn at_margin(terms: &Terms, order: Order, sum: u128) -> Result<Clearing> {
        let buys = rounding::mul_div(terms.sell, order.pay, order.min_receive, Rounding::Floor)?;
        let uncovered = sum.checked_sub(buys).ok_or(MoneyError::Underflow)?;
        if order.pay >= uncovered {
            let (sold, paid) = (order.min_receive, order.pay);
            let marginal = Some(Marginal { order, pays: order.pay - uncovered });
            return Ok(Clearing::at(terms, sold, paid, buys).with_margin(marginal));
        }
        // Without this order the others already pay more for the lot than its limit.
        let money = sum.checked_sub(order.pay).ok_or(MoneyError::Underflow)?;
        Ok(Clearing::at(terms, terms.sell, money, money))
    }

    /// Where all orders together, of `sum`, do not buy the lot at the last one's limit.
    pub(super) fn of_all(terms: &Terms, sum: u128) -> Result<Clearing> {
        if sum > terms.min_buy {
            return Ok(Clearing::at(terms, terms.sell, sum, sum));
        }
        let clearing = Clearing::at(terms, terms.sell, terms.min_buy, sum);
        let fill = rounding::mul_div(sum, terms.sell, terms.min_buy, Rounding::Floor)?;
        Ok(Clearing { fill, ..clearing })
    }

    const fn at(terms: &Terms, sold: u128, paid: u128, money: u128) -> Clearing {
        let funded = money >= terms.min_funding;
        Clearing { sold, paid, marginal: None, money, fill: terms.sell, funded }
    }

    const fn with_margin(self, marginal: Option<Marginal>) -> Clearing {
        Clearing { marginal, ..self }
    }

    /// Money that `order` pays.
    fn charge(&self, order: &Order) -> u128 {
        let wins = match &self.marginal {
            _ if !self.funded => false,
            Some(marginal) if marginal.order == *order => return marginal.pays,
            Some(marginal) => *order < marginal.order,
            // No order has its limit at such a price: it lies strictly between two of them, or below
            // all, at the lowest price, above which every order had to be.
            None => product(order.min_receive, self.paid) < product(order.pay, self.sold),
        };
        if wins { order.pay } else { 0 }
    }

    /// What an order of the book gets of the lot, rounded down, and of its money.
    ///
    /// # Errors
    /// A quantity does not fit, which cannot be for orders of the book that was cleared.
    pub fn share(&self, order: &Order) -> Result<Share> {
        let pays = self.charge(order);
        let received = rounding::mul_div(pays, self.sold, self.paid, Rounding::Floor)?;
        let refunded = order.pay.checked_sub(pays).ok_or(MoneyError::Underflow)?;
        Ok(Share { received, refunded })
    }

    /// What the seller gets, from the price and not from the payments, which is up to a price of one
    /// unit less when the lot is not sold out; and the fee. The fee's escrow is divided by two floors,
    /// so one unit of it may stay behind.
    ///
    /// # Errors
    /// A quantity does not fit, which cannot be for the terms that were cleared.
    pub fn proceeds(&self, terms: &Terms) -> Result<Proceeds> {
        if !self.funded {
            return Ok(Proceeds { received: 0, returned: terms.deposit()?, fee: 0 });
        }
        let escrow = terms.fee_escrow()?;
        let unsold = terms.sell.checked_sub(self.fill).ok_or(MoneyError::Underflow)?;
        let part = |of: u128| rounding::mul_div(escrow, of, terms.sell, Rounding::Floor);
        Ok(Proceeds {
            received: rounding::mul_div(self.fill, self.paid, self.sold, Rounding::Floor)?,
            returned: unsold.checked_add(part(unsold)?).ok_or(MoneyError::Overflow)?,
            fee: part(self.fill)?,
        })
    }
}
