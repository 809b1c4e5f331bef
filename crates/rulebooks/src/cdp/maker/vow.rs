//! The Vow: the system's surplus and bad debt, and when either goes to auction.
//!
//! Mirrors `Vow` (dss at fa4f6630). Bad debt is queued first, so that the auction of the collateral
//! behind it can end; what is neither queued nor on auction is free.

use super::english::{Revert, add, sub};
use breakwater_money::U256;
use std::collections::BTreeMap;

/// The system's books, all amounts in rad but `dump`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vow {
    /// False once the system is stopped.
    pub live: bool,
    /// Stablecoin in hand.
    pub dai: U256,
    /// Bad debt, queued and on auction included.
    pub sin: U256,
    /// Queued debt by the second in which it was queued.
    pub queue: BTreeMap<u64, U256>,
    /// All queued debt (`Sin`).
    pub queued: U256,
    /// Debt on auction (`Ash`).
    pub ash: U256,
    /// Seconds that debt is queued.
    pub wait: u64,
    /// Governance tokens that a debt auction starts with (wad).
    pub dump: U256,
    /// What a debt auction brings.
    pub sump: U256,
    /// What a surplus auction sells.
    pub bump: U256,
    /// Surplus that is kept.
    pub hump: U256,
}

impl Default for Vow {
    fn default() -> Self {
        let zero = U256::ZERO;
        Vow {
            live: true,
            dai: zero,
            sin: zero,
            queue: BTreeMap::new(),
            queued: zero,
            ash: zero,
            wait: 0,
            dump: zero,
            sump: zero,
            bump: zero,
            hump: zero,
        }
    }
}

impl Vow {
    /// Bad debt that is neither queued nor on auction.
    ///
    /// # Errors
    /// [`Revert::Arithmetic`] if more is queued and on auction than is owed.
    pub fn free_debt(&self) -> Result<U256, Revert> {
        sub(sub(self.sin, self.queued)?, self.ash)
    }

    /// Queues debt (`fess`).
    ///
    /// # Errors
    /// [`Revert::Arithmetic`].
    pub fn fess(&mut self, debt: U256, now: u64) -> Result<(), Revert> {
        let queued = self.queue.get(&now).copied().unwrap_or_default();
        let (entry, all) = (add(queued, debt)?, add(self.queued, debt)?);
        self.queue.insert(now, entry);
        self.queued = all;
        Ok(())
    }

    /// Frees the debt that was queued in the second `era` (`flog`).
    ///
    /// # Errors
    /// The contract's refusal.
    pub fn flog(&mut self, era: u64, now: u64) -> Result<(), Revert> {
        let due = era.checked_add(self.wait).ok_or(Revert::Arithmetic)?;
        if due > now {
            return Err(Revert::WaitNotFinished);
        }
        let entry = self.queue.get(&era).copied().unwrap_or_default();
        self.queued = sub(self.queued, entry)?;
        self.queue.remove(&era);
        Ok(())
    }

    /// Cancels free debt against stablecoin (`heal`).
    ///
    /// # Errors
    /// The contract's refusal.
    pub fn heal(&mut self, amount: U256) -> Result<(), Revert> {
        if amount > self.dai {
            return Err(Revert::InsufficientSurplus);
        }
        if amount > self.free_debt()? {
            return Err(Revert::InsufficientDebt);
        }
        self.cancel(amount)
    }

    /// Cancels debt on auction against stablecoin (`kiss`).
    ///
    /// # Errors
    /// The contract's refusal.
    pub fn kiss(&mut self, amount: U256) -> Result<(), Revert> {
        if amount > self.ash {
            return Err(Revert::AshTooSmall);
        }
        if amount > self.dai {
            return Err(Revert::InsufficientSurplus);
        }
        let ash = sub(self.ash, amount)?;
        self.cancel(amount)?;
        self.ash = ash;
        Ok(())
    }

    /// Holds that debt may go to auction, and puts it there.
    ///
    /// # Errors
    /// The contract's refusal.
    pub fn auction_debt(&mut self) -> Result<(), Revert> {
        if self.sump > self.free_debt()? {
            return Err(Revert::InsufficientDebt);
        }
        if !self.dai.is_zero() {
            return Err(Revert::SurplusNotZero);
        }
        self.ash = add(self.ash, self.sump)?;
        Ok(())
    }

    /// Holds that surplus may go to auction.
    ///
    /// # Errors
    /// The contract's refusal.
    pub fn may_auction_surplus(&self) -> Result<(), Revert> {
        if self.dai < add(add(self.sin, self.bump)?, self.hump)? {
            return Err(Revert::InsufficientSurplus);
        }
        if !self.free_debt()?.is_zero() {
            return Err(Revert::DebtNotZero);
        }
        Ok(())
    }

    /// Stops the books: nothing is queued or on auction any more, and what can be cancelled is.
    /// `returned` is what the stopped surplus auctions held.
    ///
    /// # Errors
    /// The contract's refusal.
    pub fn cage(&mut self, returned: U256) -> Result<(), Revert> {
        if !self.live {
            return Err(Revert::NotLive);
        }
        self.dai = add(self.dai, returned)?;
        self.live = false;
        (self.queued, self.ash) = (U256::ZERO, U256::ZERO);
        self.cancel(self.dai.min(self.sin))
    }

    fn cancel(&mut self, amount: U256) -> Result<(), Revert> {
        let (dai, sin) = (sub(self.dai, amount)?, sub(self.sin, amount)?);
        (self.dai, self.sin) = (dai, sin);
        Ok(())
    }
}
