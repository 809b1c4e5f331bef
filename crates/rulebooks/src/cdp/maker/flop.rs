//! The Flopper: ever fewer new governance tokens for a fixed sum of stablecoin.
//!
//! Mirrors `Flopper` (dss at fa4f6630) on the shrinking form of the auction crate; money is passed on
//! at once.

use super::english::{Bidding, Revert, Setting, next};
use breakwater_auction::english::{Auction, Bid, Form, Move, Payment, Terms};
use breakwater_money::{AccountId, U256, Wad};
use std::collections::BTreeMap;

/// The auctions of debt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flop {
    /// What governance set.
    pub setting: Setting,
    /// Factor by which the lot grows at a restart (`pad`).
    pub pad: Wad,
    /// False once the system is stopped.
    pub live: bool,
    /// Auctions started so far.
    pub kicks: u64,
    /// Auctions that run, by number from 1; the bid in rad, lots in wad.
    pub bids: BTreeMap<u64, Bidding>,
}

impl Default for Flop {
    fn default() -> Self {
        Flop {
            setting: Setting::default(),
            pad: Wad::new(1_500_000_000_000_000_000),
            live: true,
            kicks: 0,
            bids: BTreeMap::new(),
        }
    }
}

/// A bid taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dent {
    /// Whether it is the auction's first: then its money cancels bad debt.
    pub first: bool,
    /// What moves.
    pub moves: Vec<Move<AccountId>>,
}

impl Flop {
    /// The terms of its auctions.
    #[must_use]
    pub fn terms(&self) -> Terms {
        self.setting.terms(Payment::PassedOn, self.pad)
    }

    /// Starts an auction of `lot` for `price` and returns its number.
    ///
    /// # Errors
    /// The contract's refusal.
    pub fn kick(&mut self, lot: U256, price: U256, now: u64) -> Result<u64, Revert> {
        self.running()?;
        let id = next(self.kicks)?;
        self.setting.ends(now)?;
        let auction = Auction::open(&self.terms(), Form::Shrinking { price }, lot, now)?;
        self.kicks = id;
        self.bids.insert(id, auction);
        Ok(id)
    }

    /// A smaller lot for the fixed sum.
    ///
    /// # Errors
    /// The contract's refusal, the first guard first.
    pub fn dent(&mut self, id: u64, bid: &Bid<AccountId>, now: u64) -> Result<Dent, Revert> {
        self.running()?;
        let terms = self.terms();
        let auction = self.bids.get_mut(&id).ok_or(Revert::GuyNotSet)?;
        let first = auction.leader.is_none();
        let step = auction.shrink(&terms, bid, now)?;
        *auction = step.auction;
        self.setting.lapses(now)?;
        Ok(Dent { first, moves: step.moves })
    }

    /// Restarts an auction without bids over a larger lot, also in a stopped system.
    ///
    /// # Errors
    /// The contract's refusal.
    pub fn tick(&mut self, id: u64, now: u64) -> Result<(), Revert> {
        let terms = self.terms();
        if let Some(auction) = self.bids.get_mut(&id) {
            *auction = auction.restart(&terms, now)?.auction;
        }
        self.setting.ends(now)
    }

    /// Settles: the lot is issued to the leader.
    ///
    /// # Errors
    /// The contract's refusal.
    pub fn deal(&mut self, id: u64, now: u64) -> Result<Vec<Move<AccountId>>, Revert> {
        self.running()?;
        let auction = self.bids.get(&id).ok_or(Revert::NotFinished)?;
        let step = auction.settle(&self.terms(), now)?;
        self.bids.remove(&id);
        Ok(step.moves)
    }

    /// Takes an auction off once the system is stopped. Its sum is owed again to whoever leads it.
    ///
    /// # Errors
    /// The contract's refusal.
    pub fn yank(&mut self, id: u64) -> Result<Bidding, Revert> {
        if self.live {
            return Err(Revert::StillLive);
        }
        self.bids.remove(&id).ok_or(Revert::GuyNotSet)
    }

    fn running(&self) -> Result<(), Revert> {
        if self.live { Ok(()) } else { Err(Revert::NotLive) }
    }
}
