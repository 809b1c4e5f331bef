//! The Flipper: collateral for a rising bid up to the debt, then a shrinking lot for the debt.
//!
//! Mirrors `Flipper` (dss at fa4f6630) on the two-phase form of the auction crate; money is passed on
//! at once. A restart of an auction that does not exist is taken and changes nothing that anybody can
//! see, as there.

use super::english::{Bidding, Revert, Setting, next};
use breakwater_auction::english::{Auction, Bid, Form, Move, Payment, Step, Terms};
use breakwater_money::{AccountId, U256, Wad};
use std::collections::BTreeMap;

/// An auction of collateral.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sale {
    /// Bids, lot and times; its leader is `guy`, nobody standing for the Cat that started it.
    pub auction: Bidding,
    /// Whose vault it was (`usr`).
    pub usr: AccountId,
    /// The debt wanted (`tab`, rad).
    pub tab: U256,
    /// What of it counts as debt on auction.
    pub litter: U256,
}

/// The auctions of one kind of collateral.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Flip {
    /// What governance set.
    pub setting: Setting,
    /// Auctions started so far.
    pub kicks: u64,
    /// Auctions that run, by number from 1.
    pub sales: BTreeMap<u64, Sale>,
}

/// An auction that is over, and what it leaves to move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The auction as it was.
    pub sale: Sale,
    /// What moves.
    pub moves: Vec<Move<AccountId>>,
}

impl Flip {
    /// The terms of its auctions.
    #[must_use]
    pub fn terms(&self) -> Terms {
        self.setting.terms(Payment::PassedOn, Wad::one())
    }

    /// Starts an auction over `lot` (wad) and returns its number.
    ///
    /// # Errors
    /// The contract's refusal.
    pub fn kick(&mut self, sale: NewSale, now: u64) -> Result<u64, Revert> {
        let NewSale { usr, tab, lot, litter } = sale;
        let id = next(self.kicks)?;
        self.setting.ends(now)?;
        let auction = Auction::open(&self.terms(), Form::TwoPhase { wanted: tab }, lot, now)?;
        self.kicks = id;
        self.sales.insert(id, Sale { auction, usr, tab, litter });
        Ok(id)
    }

    /// A higher bid for the whole lot.
    ///
    /// # Errors
    /// The contract's refusal, the first guard first.
    pub fn tend(
        &mut self,
        id: u64,
        bid: &Bid<AccountId>,
        now: u64,
    ) -> Result<Vec<Move<AccountId>>, Revert> {
        let step = self.sale(id)?.auction.raise(&self.terms(), bid, now)?;
        self.bidden(id, step, now)
    }

    /// A smaller lot for the whole debt.
    ///
    /// # Errors
    /// The contract's refusal, the first guard first.
    pub fn dent(
        &mut self,
        id: u64,
        bid: &Bid<AccountId>,
        now: u64,
    ) -> Result<Vec<Move<AccountId>>, Revert> {
        let step = self.sale(id)?.auction.shrink(&self.terms(), bid, now)?;
        self.bidden(id, step, now)
    }

    /// Restarts an auction without bids.
    ///
    /// # Errors
    /// The contract's refusal.
    pub fn tick(&mut self, id: u64, now: u64) -> Result<(), Revert> {
        let terms = self.terms();
        if let Some(sale) = self.sales.get_mut(&id) {
            sale.auction = sale.auction.restart(&terms, now)?.auction;
        }
        self.setting.ends(now)
    }

    /// Settles: the lot goes to the leader.
    ///
    /// # Errors
    /// The contract's refusal; an auction that does not exist has not finished.
    pub fn deal(&mut self, id: u64, now: u64) -> Result<Ended, Revert> {
        let sale = self.sales.get(&id).ok_or(Revert::NotFinished)?;
        let step = sale.auction.settle(&self.terms(), now)?;
        self.ended(id, step)
    }

    /// Ends an auction whose debt is not all bid: whoever may do so repays the leader and takes the lot.
    ///
    /// # Errors
    /// The contract's refusal.
    pub fn yank(&mut self, id: u64) -> Result<Ended, Revert> {
        let step = self.sale(id)?.auction.cancel(&self.terms())?;
        self.ended(id, step)
    }

    fn sale(&self, id: u64) -> Result<&Sale, Revert> {
        self.sales.get(&id).ok_or(Revert::GuyNotSet)
    }

    fn bidden(
        &mut self,
        id: u64,
        step: Step<AccountId>,
        now: u64,
    ) -> Result<Vec<Move<AccountId>>, Revert> {
        self.setting.lapses(now)?;
        let sale = self.sales.get_mut(&id).ok_or(Revert::GuyNotSet)?;
        sale.auction = step.auction;
        Ok(step.moves)
    }

    fn ended(&mut self, id: u64, step: Step<AccountId>) -> Result<Ended, Revert> {
        let sale = self.sales.remove(&id).ok_or(Revert::GuyNotSet)?;
        Ok(Ended { sale, moves: step.moves })
    }
}

/// What an auction is started with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewSale {
    /// Whose vault it was.
    pub usr: AccountId,
    /// The debt wanted (rad).
    pub tab: U256,
    /// The collateral (wad).
    pub lot: U256,
    /// What of the debt counts as debt on auction (rad).
    pub litter: U256,
}
