//! How much may be on sale at once, over all markets and in each.
//!
//! A market can take only so much in the life of a sale. What does not fit waits for room rather than
//! being sold into itself. Amounts are proceeds wanted (rad).

use super::Refusal;
use breakwater_money::{MoneyError, U256};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A limit and what counts against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Limit {
    /// Most that may be on sale.
    pub most: U256,
    /// What is on sale.
    pub open: U256,
}

impl Limit {
    /// What may be added; nothing at the limit and, after it was lowered, beyond it.
    #[must_use]
    pub fn room(&self) -> U256 {
        self.most.saturating_sub(self.open)
    }
}

/// One limit over everything, and one for each market.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound(deserialize = "M: Ord + Deserialize<'de>"))]
pub struct Limits<M: Ord> {
    all: Limit,
    markets: BTreeMap<M, Limit>,
}

impl<M: Ord + Clone> Limits<M> {
    /// At most `most` in all, and no market yet.
    #[must_use]
    pub const fn new(most: U256) -> Self {
        Limits { all: Limit { most, open: U256::ZERO }, markets: BTreeMap::new() }
    }

    /// Over all markets.
    #[must_use]
    pub const fn all(&self) -> Limit {
        self.all
    }

    /// In one market.
    ///
    /// # Errors
    /// [`Refusal::UnknownMarket`].
    pub fn market(&self, market: &M) -> Result<Limit, Refusal> {
        self.markets.get(market).copied().ok_or(Refusal::UnknownMarket)
    }

    /// Changes the limit over everything. What is on sale stays, even beyond it.
    pub const fn set_all(&mut self, most: U256) {
        self.all.most = most;
    }

    /// Changes or adds the limit of a market. What is on sale stays, even beyond it.
    pub fn set_market(&mut self, market: M, most: U256) {
        self.markets.entry(market).or_default().most = most;
    }

    /// What may be added in this market: the smaller of the two rooms.
    ///
    /// # Errors
    /// [`Refusal::UnknownMarket`].
    pub fn room(&self, market: &M) -> Result<U256, Refusal> {
        Ok(self.market(market)?.room().min(self.all.room()))
    }

    /// Counts `amount` as on sale.
    ///
    /// # Errors
    /// [`Refusal::NoRoom`] if it is more than the room, [`Refusal::UnknownMarket`].
    pub fn add(&mut self, market: &M, amount: U256) -> Result<(), Refusal> {
        let room = self.room(market)?;
        if amount > room {
            return Err(Refusal::NoRoom { asked: amount, room });
        }
        self.add_beyond(market, amount)
    }

    /// Counts `amount` as on sale, room or not: for a rule that takes the rest of a position along
    /// rather than leave dust.
    ///
    /// # Errors
    /// [`Refusal::UnknownMarket`], [`MoneyError::Overflow`].
    pub fn add_beyond(&mut self, market: &M, amount: U256) -> Result<(), Refusal> {
        self.change(market, |open| open.checked_add(amount).ok_or(MoneyError::Overflow))
    }

    /// Counts `amount` as no longer on sale.
    ///
    /// # Errors
    /// [`Refusal::UnknownMarket`], [`MoneyError::Underflow`] of more than is on sale.
    pub fn remove(&mut self, market: &M, amount: U256) -> Result<(), Refusal> {
        self.change(market, |open| open.checked_sub(amount).ok_or(MoneyError::Underflow))
    }

    fn change(
        &mut self,
        market: &M,
        to: impl Fn(U256) -> Result<U256, MoneyError>,
    ) -> Result<(), Refusal> {
        let own = self.markets.get_mut(market).ok_or(Refusal::UnknownMarket)?;
        (self.all.open, own.open) = (to(self.all.open)?, to(own.open)?);
        Ok(())
    }
}
