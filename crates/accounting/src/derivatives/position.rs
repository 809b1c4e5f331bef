//! One account's position in one contract.

use super::{DerivativeError, Matching, Terms, nearest, positive};
use breakwater_money::Rational;
use num_traits::{Signed, Zero};
use std::collections::VecDeque;

/// A part of a position that was entered at once, or all of it under average entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenLot {
    /// Number of the fill that entered it, from zero; under average entry that of the first.
    pub fill: u64,
    /// What is left of it, above zero if bought.
    pub quantity: Rational,
    /// Value at entry of what is left, in the settle asset, signed as the quantity.
    pub value: Rational,
}

/// What a fill has closed of one lot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// Number of the fill that entered it, from zero; under average entry that of the first.
    pub fill: u64,
    /// The quantity closed, signed as the position was.
    pub quantity: Rational,
    /// Its value at entry, signed as the quantity.
    pub entered: Rational,
    /// Its value at the exit, signed as the quantity.
    pub left: Rational,
    /// Profit, or loss below zero, in the settle asset.
    pub price_pnl: Rational,
}

/// What a fill did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filled {
    /// Its number, from zero.
    pub fill: u64,
    /// What it closed, in the order of closing; empty where it only opened.
    pub closed: Vec<Closed>,
    /// Profit of all that it closed, before fees, in the settle asset.
    pub price_pnl: Rational,
    /// The fee as given; below zero for a rebate.
    pub fee: Rational,
    /// What it opened, signed; zero where it only closed.
    pub opened: Rational,
}

/// A funding payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Funded {
    /// Received, or paid below zero, in the settle asset.
    pub funding: Rational,
}

/// A position that goes on as if entered at the mark: what a session's settlement or a year end does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marked {
    /// One entry a lot, as if each had been closed and entered again.
    pub closed: Vec<Closed>,
    /// Profit of all lots since they were entered or last marked.
    pub price_pnl: Rational,
}

/// What a position has come to since it was first flat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Totals {
    /// Profit of what was closed, before fees.
    pub price_pnl: Rational,
    /// Fees paid, rebates off.
    pub fees: Rational,
    /// Funding received, payments off.
    pub funding: Rational,
    /// Value entered, both sides added up without sign.
    pub entered: Rational,
    /// Value at entry of what was closed, without sign.
    pub removed: Rational,
}

impl Totals {
    /// Price profit less fees with funding.
    #[must_use]
    pub fn net_realised(&self) -> Rational {
        &self.price_pnl - &self.fees + &self.funding
    }
}

/// A signed position with what it has realised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    terms: Terms,
    matching: Matching,
    lots: VecDeque<OpenLot>,
    quantity: Rational,
    entered: Rational,
    fills: u64,
    totals: Totals,
}

impl Position {
    /// No position yet.
    #[must_use]
    pub fn flat(terms: Terms, matching: Matching) -> Self {
        let zero = Rational::zero;
        let totals = Totals {
            price_pnl: zero(),
            fees: zero(),
            funding: zero(),
            entered: zero(),
            removed: zero(),
        };
        Position {
            terms,
            matching,
            lots: VecDeque::new(),
            quantity: zero(),
            entered: zero(),
            fills: 0,
            totals,
        }
    }

    /// Buys (`quantity` above zero) or sells at a price. What is against the position closes first; what
    /// goes through zero opens the other side at the same price.
    ///
    /// # Errors
    /// No quantity, or a price of zero or less.
    pub fn fill(
        &mut self,
        quantity: &Rational,
        price: &Rational,
        fee: &Rational,
    ) -> Result<Filled, DerivativeError> {
        let value = self.terms.value(quantity, price)?;
        self.trade(quantity, &value.abs(), fee)
    }

    /// Like [`Position::fill`] where the value of the whole fill is known and not its price, such as in a
    /// ledger of integers.
    ///
    /// # Errors
    /// No quantity, or a value below zero.
    pub fn trade(
        &mut self,
        quantity: &Rational,
        value: &Rational,
        fee: &Rational,
    ) -> Result<Filled, DerivativeError> {
        if quantity.is_zero() {
            return Err(DerivativeError::Nothing);
        }
        if value.is_negative() {
            positive("value", value)?;
        }
        let fill = self.fills;
        self.fills += 1;
        let against =
            !self.quantity.is_zero() && self.quantity.is_negative() != quantity.is_negative();
        let closing =
            if against { quantity.abs().min(self.quantity.abs()) } else { Rational::zero() };
        let opening = quantity.abs() - &closing;
        // The closing part has its share of the value; the rest of it opens, so that nothing is lost.
        let left = share(value, &closing, &quantity.abs());
        let closed = self.close(&closing, &left);
        let opened = signed(&opening, quantity);
        if !opening.is_zero() {
            self.open(fill, &opened, &signed(&(value - &left), quantity));
        }
        let price_pnl = sum(closed.iter().map(|closed| &closed.price_pnl));
        self.totals.price_pnl += &price_pnl;
        self.totals.fees += fee;
        Ok(Filled { fill, closed, price_pnl, fee: fee.clone(), opened })
    }

    fn open(&mut self, fill: u64, quantity: &Rational, value: &Rational) {
        self.totals.entered += value.abs();
        self.quantity += quantity;
        self.entered += value;
        match (self.matching, self.lots.back_mut()) {
            (Matching::AverageEntry, Some(lot)) => {
                lot.quantity += quantity;
                lot.value += value;
            }
            _ => {
                let (quantity, value) = (quantity.clone(), value.clone());
                self.lots.push_back(OpenLot { fill, quantity, value });
            }
        }
    }

    /// Closes a quantity without sign, at most the position's, for its value at the exit.
    fn close(&mut self, quantity: &Rational, left: &Rational) -> Vec<Closed> {
        let (mut rest, mut value) = (quantity.clone(), left.clone());
        let mut closed = Vec::new();
        while rest.is_positive() {
            let Some(lot) = self.lots.front_mut() else { break };
            let held = lot.quantity.abs();
            let part = rest.clone().min(held.clone());
            let exit = share(&value, &part, &rest);
            let entered = signed(&share(&lot.value.abs(), &part, &held), &lot.quantity);
            let (quantity, left) = (signed(&part, &lot.quantity), signed(&exit, &lot.quantity));
            let price_pnl = self.terms.profit(&entered, &left);
            lot.quantity -= &quantity;
            lot.value -= &entered;
            self.quantity -= &quantity;
            self.entered -= &entered;
            self.totals.removed += entered.abs();
            closed.push(Closed { fill: lot.fill, quantity, entered, left, price_pnl });
            if lot.quantity.is_zero() {
                self.lots.pop_front();
            }
            rest -= part;
            value -= exit;
        }
        closed
    }

    /// A funding payment at a mark: above zero is received. Flat positions pay nothing.
    ///
    /// # Errors
    /// A mark of zero or less.
    pub fn fund(&mut self, mark: &Rational, rate: &Rational) -> Result<Funded, DerivativeError> {
        let funding = -nearest(&(self.terms.value(&self.quantity, mark)? * rate));
        self.totals.funding += &funding;
        Ok(Funded { funding })
    }

    /// Funding of a known amount, above zero received.
    pub fn fund_amount(&mut self, amount: &Rational) {
        self.totals.funding += amount;
    }

    /// Realises what the position has gained at a price and goes on as if entered there.
    ///
    /// # Errors
    /// A price of zero or less.
    pub fn mark(&mut self, price: &Rational) -> Result<Marked, DerivativeError> {
        positive("price", price)?;
        let mut closed = Vec::new();
        for lot in &mut self.lots {
            let left = self.terms.value(&lot.quantity, price)?;
            let price_pnl = self.terms.profit(&lot.value, &left);
            self.totals.removed += lot.value.abs();
            self.totals.entered += left.abs();
            self.entered += &left - &lot.value;
            let entered = std::mem::replace(&mut lot.value, left.clone());
            closed.push(Closed {
                fill: lot.fill,
                quantity: lot.quantity.clone(),
                entered,
                left,
                price_pnl,
            });
        }
        let price_pnl = sum(closed.iter().map(|closed| &closed.price_pnl));
        self.totals.price_pnl += &price_pnl;
        Ok(Marked { closed, price_pnl })
    }

    /// Profit that closing at a price would realise, before fees.
    ///
    /// # Errors
    /// A price of zero or less.
    pub fn unrealised(&self, price: &Rational) -> Result<Rational, DerivativeError> {
        let left = self.terms.value(&self.quantity, price)?;
        Ok(self.terms.profit(&self.entered, &left))
    }

    /// The signed quantity held.
    #[must_use]
    pub const fn quantity(&self) -> &Rational {
        &self.quantity
    }

    /// Value at entry of what is held, in the settle asset, signed as the quantity.
    #[must_use]
    pub const fn entered(&self) -> &Rational {
        &self.entered
    }

    /// The average price of what is held: weighted by quantity, for an inverse contract harmonically;
    /// zero when flat. Exact.
    #[must_use]
    pub fn average_entry(&self) -> Rational {
        self.terms.price_of(&self.quantity, &self.entered)
    }

    /// What is held, oldest first.
    pub fn lots(&self) -> impl Iterator<Item = &OpenLot> {
        self.lots.iter()
    }

    /// What it has come to.
    #[must_use]
    pub const fn totals(&self) -> &Totals {
        &self.totals
    }

    /// What the contract is.
    #[must_use]
    pub const fn terms(&self) -> &Terms {
        &self.terms
    }
}

/// The part of a value that belongs to `part` of `whole`; all of it for the whole.
fn share(value: &Rational, part: &Rational, whole: &Rational) -> Rational {
    if part == whole {
        return value.clone();
    }
    nearest(&(value * part / whole)) // division: rounded by name on this line; whole is above zero
}

fn signed(magnitude: &Rational, like: &Rational) -> Rational {
    if like.is_negative() { -magnitude } else { magnitude.clone() }
}

fn sum<'a>(values: impl Iterator<Item = &'a Rational>) -> Rational {
    values.fold(Rational::zero(), |sum, value| sum + value)
}
