//! The sales that are open at once.

use super::{Moment, Outcome, Refusal, Sale, Status, Taken, Terms};
use breakwater_money::{MoneyError, U256};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A call that the breaker may stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// Starting a sale.
    Start,
    /// Resetting one.
    Reset,
    /// Taking from one.
    Take,
}

/// Where the breaker stands: each level stops what the one before it does, and more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub enum Stop {
    /// Nothing is stopped.
    #[default]
    Nothing,
    /// No sale starts.
    Starts,
    /// No sale starts or is reset.
    Resets,
    /// Nothing is taken either.
    Everything,
}

impl Stop {
    /// The level that others number: 0, 1, 2, and 3 for all above.
    #[must_use]
    pub fn level(number: U256) -> Self {
        match u8::try_from(number) {
            Ok(0) => Stop::Nothing,
            Ok(1) => Stop::Starts,
            Ok(2) => Stop::Resets,
            _ => Stop::Everything,
        }
    }

    /// Whether the call is possible at this level.
    ///
    /// # Errors
    /// [`Refusal::Stopped`].
    pub fn allow(self, call: Call) -> Result<(), Refusal> {
        let stopped_from = match call {
            Call::Start => Stop::Starts,
            Call::Reset => Stop::Resets,
            Call::Take => Stop::Everything,
        };
        if self < stopped_from { Ok(()) } else { Err(Refusal::Stopped { stop: self, call }) }
    }
}

/// An open sale and where it stands in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed<O> {
    /// Its place in [`Book::active`].
    pub place: usize,
    /// The sale.
    pub sale: Sale<O>,
}

/// Open sales by number, and the level of the breaker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Book<O> {
    /// Where the breaker stands.
    pub stop: Stop,
    last_id: u64,
    active: Vec<u64>,
    sales: BTreeMap<u64, Listed<O>>,
}

/// What a call makes of one sale. It fits the book it was computed from and no other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change<O> {
    id: u64,
    before: Option<Sale<O>>,
    after: Option<Sale<O>>,
}

/// A sale that starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started<O> {
    /// Its number: 1, 2, and so on, never given twice.
    pub id: u64,
    /// Price at which it starts (ray).
    pub top: U256,
    /// For whoever starts it (rad).
    pub incentive: U256,
    /// To be applied.
    pub change: Change<O>,
}

/// A sale that is reset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reset<O> {
    /// Price at which it starts again (ray).
    pub top: U256,
    /// For whoever resets it (rad).
    pub incentive: U256,
    /// To be applied.
    pub change: Change<O>,
}

/// What a taker pays and gets, and what follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purchase<O> {
    /// Price of a unit (ray).
    pub price: U256,
    /// What the taker gets (wad).
    pub slice: U256,
    /// What the taker owes (rad).
    pub owed: U256,
    /// What no longer counts as on sale (rad).
    pub released: U256,
    /// Who gets the rest of the lot (wad), if all that was wanted is paid.
    pub returned: Option<(O, U256)>,
    /// What was wanted and never will be paid (rad), since the lot is gone.
    pub unrecovered: U256,
    /// To be applied.
    pub change: Change<O>,
}

/// A sale that is called off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawn<O> {
    /// The sale as it stood.
    pub sale: Sale<O>,
    /// To be applied.
    pub change: Change<O>,
}

impl<O> Default for Book<O> {
    fn default() -> Self {
        let (active, sales) = (Vec::new(), BTreeMap::new());
        Book { stop: Stop::Nothing, last_id: 0, active, sales }
    }
}

impl<O: Clone + Eq> Book<O> {
    /// A book without a sale.
    #[must_use]
    pub fn new() -> Self {
        Book::default()
    }

    /// Number of the sale that started last; zero if none has.
    #[must_use]
    pub const fn last_id(&self) -> u64 {
        self.last_id
    }

    /// Numbers of the open sales. One that closes gives its place to the last.
    #[must_use]
    pub fn active(&self) -> &[u64] {
        &self.active
    }

    /// An open sale.
    ///
    /// # Errors
    /// [`Refusal::NotOpen`].
    pub fn listed(&self, id: u64) -> Result<&Listed<O>, Refusal> {
        self.sales.get(&id).ok_or(Refusal::NotOpen { id })
    }

    /// Open sales by rising number.
    pub fn sales(&self) -> impl Iterator<Item = (u64, &Listed<O>)> {
        self.sales.iter().map(|(id, listed)| (*id, listed))
    }

    /// All that is wanted of open sales (rad).
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn wanted(&self) -> Result<U256, MoneyError> {
        self.sales.values().try_fold(U256::ZERO, |sum, listed| {
            sum.checked_add(listed.sale.wanted).ok_or(MoneyError::Overflow)
        })
    }

    /// Price of an open sale and whether it holds.
    ///
    /// # Errors
    /// [`Refusal::NotOpen`] and those of [`Sale::status`].
    pub fn status(&self, terms: &Terms, moment: &Moment, id: u64) -> Result<Status, Refusal> {
        self.listed(id)?.sale.status(terms, moment)
    }

    /// Starts a sale.
    ///
    /// # Errors
    /// [`Refusal::Stopped`], then those of [`Sale::start`].
    pub fn start(
        &self,
        terms: &Terms,
        moment: &Moment,
        wanted: U256,
        lot: U256,
        owner: O,
    ) -> Result<Started<O>, Refusal> {
        self.stop.allow(Call::Start)?;
        let sale = Sale::start(terms, moment, wanted, lot, owner)?;
        let id = self.last_id.checked_add(1).ok_or(MoneyError::Overflow)?;
        let incentive = terms.incentive.amount(wanted)?;
        let top = sale.top;
        Ok(Started { id, top, incentive, change: Change { id, before: None, after: Some(sale) } })
    }

    /// Resets a sale that is too old or too cheap.
    ///
    /// # Errors
    /// [`Refusal::Stopped`], [`Refusal::NotOpen`], then those of [`Sale::reset`].
    pub fn reset(&self, terms: &Terms, moment: &Moment, id: u64) -> Result<Reset<O>, Refusal> {
        self.stop.allow(Call::Reset)?;
        let before = &self.listed(id)?.sale;
        let (sale, incentive) = before.reset(terms, moment)?;
        let top = sale.top;
        let change = Change { id, before: Some(before.clone()), after: Some(sale) };
        Ok(Reset { top, incentive, change })
    }

    /// Takes at most `amount` (wad) of a sale at no more than `price_max` (ray).
    ///
    /// # Errors
    /// [`Refusal::Stopped`], [`Refusal::NotOpen`], then those of [`Sale::take`].
    pub fn take(
        &self,
        terms: &Terms,
        moment: &Moment,
        id: u64,
        amount: U256,
        price_max: U256,
    ) -> Result<Purchase<O>, Refusal> {
        self.stop.allow(Call::Take)?;
        let before = &self.listed(id)?.sale;
        let Taken { price, slice, owed, released, outcome } =
            before.take(terms, moment, amount, price_max)?;
        let (after, returned, unrecovered) = match outcome {
            Outcome::Open(sale) => (Some(sale), None, U256::ZERO),
            Outcome::SoldOut { unrecovered } => (None, None, unrecovered),
            Outcome::Paid { owner, returned } => (None, Some((owner, returned)), U256::ZERO),
        };
        let change = Change { id, before: Some(before.clone()), after };
        Ok(Purchase { price, slice, owed, released, returned, unrecovered, change })
    }

    /// Calls a sale off, whatever the breaker says. What is left of the lot is the host's to place.
    ///
    /// # Errors
    /// [`Refusal::NotOpen`].
    pub fn withdraw(&self, id: u64) -> Result<Withdrawn<O>, Refusal> {
        let sale = self.listed(id)?.sale.clone();
        let change = Change { id, before: Some(sale.clone()), after: None };
        Ok(Withdrawn { sale, change })
    }

    /// Makes a change that this book has computed.
    ///
    /// # Errors
    /// [`Refusal::Changed`] if the sale is not as it was then. Nothing has changed.
    pub fn apply(&mut self, change: &Change<O>) -> Result<(), Refusal> {
        let Change { id, before, after } = change;
        let changed = Refusal::Changed { id: *id };
        if self.sales.get(id).map(|listed| &listed.sale) != before.as_ref() {
            return Err(changed);
        }
        if before.is_none() && self.last_id.checked_add(1) != Some(*id) {
            return Err(changed);
        }
        match (before, after) {
            (_, None) => self.remove(*id),
            (Some(_), Some(sale)) => {
                if let Some(listed) = self.sales.get_mut(id) {
                    listed.sale = sale.clone();
                }
            }
            (None, Some(sale)) => {
                self.last_id = *id;
                self.sales.insert(*id, Listed { place: self.active.len(), sale: sale.clone() });
                self.active.push(*id);
            }
        }
        Ok(())
    }

    /// Removes a sale; the last of the list takes its place.
    fn remove(&mut self, id: u64) {
        let Some(listed) = self.sales.remove(&id) else { return };
        // A book that was read from elsewhere may be inconsistent; it must not bring the host down.
        if self.active.get(listed.place) != Some(&id) {
            return self.active.retain(|other| *other != id);
        }
        self.active.swap_remove(listed.place);
        let moved = self.active.get(listed.place).and_then(|moved| self.sales.get_mut(moved));
        if let Some(moved) = moved {
            moved.place = listed.place;
        }
    }
}
