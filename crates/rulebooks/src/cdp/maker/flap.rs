//! The Flapper: surplus stablecoin for a rising bid in governance tokens, which are burnt.
//!
//! Mirrors `Flapper` (dss at fa4f6630) on the rising form of the auction crate; bids are held until
//! settlement.

use super::english::{Bidding, Revert, Setting, add, next, sub};
use breakwater_auction::english::{Auction, Bid, Form, Move, Payment, Terms};
use breakwater_money::{AccountId, U256, Wad};
use std::collections::BTreeMap;

/// The auctions of surplus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flap {
    /// What governance set.
    pub setting: Setting,
    /// False once the system is stopped.
    pub live: bool,
    /// Most surplus on auction (`lid`, rad).
    pub lid: U256,
    /// Surplus on auction (`fill`, rad).
    pub fill: U256,
    /// Stablecoin that the contract holds (rad).
    pub dai: U256,
    /// Governance tokens that it holds (wad).
    pub gov: U256,
    /// Auctions started so far.
    pub kicks: u64,
    /// Auctions that run, by number from 1; the lot in rad, bids in wad.
    pub bids: BTreeMap<u64, Bidding>,
}

impl Default for Flap {
    fn default() -> Self {
        Flap {
            setting: Setting::default(),
            live: true,
            lid: U256::ZERO,
            fill: U256::ZERO,
            dai: U256::ZERO,
            gov: U256::ZERO,
            kicks: 0,
            bids: BTreeMap::new(),
        }
    }
}

impl Flap {
    /// The terms of its auctions.
    #[must_use]
    pub fn terms(&self) -> Terms {
        self.setting.terms(Payment::Held, Wad::one())
    }

    /// Starts an auction over `lot` and returns its number. The lot is the caller's to bring.
    ///
    /// # Errors
    /// The contract's refusal.
    pub fn kick(&mut self, lot: U256, now: u64) -> Result<u64, Revert> {
        self.running()?;
        let id = next(self.kicks)?;
        let fill = add(self.fill, lot)?;
        if fill > self.lid {
            return Err(Revert::OverLid);
        }
        self.setting.ends(now)?;
        let auction = Auction::open(&self.terms(), Form::Rising, lot, now)?;
        (self.fill, self.kicks) = (fill, id);
        self.bids.insert(id, auction);
        Ok(id)
    }

    /// A higher bid.
    ///
    /// # Errors
    /// The contract's refusal, the first guard first.
    pub fn tend(
        &mut self,
        id: u64,
        bid: &Bid<AccountId>,
        now: u64,
    ) -> Result<Vec<Move<AccountId>>, Revert> {
        self.running()?;
        let terms = self.terms();
        let auction = self.bids.get_mut(&id).ok_or(Revert::GuyNotSet)?;
        let step = auction.raise(&terms, bid, now)?;
        *auction = step.auction;
        self.setting.lapses(now)?;
        Ok(step.moves)
    }

    /// Restarts an auction without bids, also in a stopped system.
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

    /// Settles: the surplus goes to the leader, his tokens to the fire.
    ///
    /// # Errors
    /// The contract's refusal.
    pub fn deal(&mut self, id: u64, now: u64) -> Result<Vec<Move<AccountId>>, Revert> {
        self.running()?;
        let auction = self.bids.get(&id).ok_or(Revert::NotFinished)?;
        let lot = auction.lot;
        let step = auction.settle(&self.terms(), now)?;
        self.fill = sub(self.fill, lot)?;
        self.bids.remove(&id);
        Ok(step.moves)
    }

    /// Returns the leader's tokens once the system is stopped; the lot has gone with the stop.
    ///
    /// # Errors
    /// The contract's refusal.
    pub fn yank(&mut self, id: u64) -> Result<Vec<Move<AccountId>>, Revert> {
        if self.live {
            return Err(Revert::StillLive);
        }
        let auction = self.bids.get(&id).ok_or(Revert::GuyNotSet)?;
        let step = auction.cancel(&self.terms())?;
        self.bids.remove(&id);
        Ok(step.moves)
    }

    fn running(&self) -> Result<(), Revert> {
        if self.live { Ok(()) } else { Err(Revert::NotLive) }
    }
}
