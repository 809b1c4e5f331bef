//! The contracts together: vaults, balances and books, each call taken whole or not at all.
//!
//! A call that a contract would revert leaves everything as it was. Money is the internal stablecoin
//! (rad), collateral and governance tokens are wad.

use super::cat::{Cat, Prices, Sizing, Urn};
use super::english::{Revert, add, sub};
use super::flap::Flap;
use super::flip::{Ended, Flip, NewSale};
use super::flop::Flop;
use super::vow::Vow;
use breakwater_auction::english::{Bid, Matter, Move, Party};
use breakwater_money::{AccountId, U256};
use std::collections::BTreeMap;

/// Balances by account; whoever is not in it has nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Purse(BTreeMap<AccountId, U256>);

impl Purse {
    /// The balance of `who`.
    #[must_use]
    pub fn of(&self, who: AccountId) -> U256 {
        self.0.get(&who).copied().unwrap_or_default()
    }

    /// Sets the balance of `who`.
    pub fn set(&mut self, who: AccountId, amount: U256) {
        self.0.insert(who, amount);
    }

    fn slot(&mut self, who: AccountId) -> &mut U256 {
        self.0.entry(who).or_default()
    }
}

/// One kind of collateral.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ilk {
    /// What the accounting says of it.
    pub prices: Prices,
    /// What a bite takes.
    pub sizing: Sizing,
    /// Vaults by owner.
    pub urns: BTreeMap<AccountId, Urn>,
    /// Its auctions.
    pub flip: Flip,
    /// Collateral outside vaults and auctions.
    pub gem: Purse,
    /// Collateral in auctions.
    pub gem_on_auction: U256,
}

impl Ilk {
    /// A kind of collateral without vaults and auctions.
    #[must_use]
    pub fn new(prices: Prices, sizing: Sizing) -> Self {
        Ilk {
            prices,
            sizing,
            urns: BTreeMap::new(),
            flip: Flip::default(),
            gem: Purse::default(),
            gem_on_auction: U256::ZERO,
        }
    }
}

/// All contracts of the English auctions, and everybody's balances.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct System {
    /// Liquidations.
    pub cat: Cat,
    /// The system's books.
    pub vow: Vow,
    /// Kinds of collateral.
    pub ilks: Vec<Ilk>,
    /// Auctions of surplus.
    pub flap: Flap,
    /// Auctions of debt.
    pub flop: Flop,
    /// Stablecoin outside the system (rad).
    pub dai: Purse,
    /// Governance tokens (wad).
    pub gov: Purse,
    /// Governance tokens ever issued and burnt (wad).
    pub gov_issued: U256,
    /// See `gov_issued`.
    pub gov_burnt: U256,
}

impl System {
    /// Governance tokens there are.
    #[must_use]
    pub fn gov_supply(&self) -> U256 {
        self.gov_issued.saturating_sub(self.gov_burnt)
    }

    /// Liquidates of the vault of `owner` what one auction takes, and returns its number.
    ///
    /// # Errors
    /// The contract's refusal, as of every call here.
    pub fn bite(&mut self, ilk: usize, owner: AccountId, now: u64) -> Result<u64, Revert> {
        self.attempt(|it| {
            let System { cat, vow, ilks, .. } = it;
            let kind = ilks.get_mut(ilk).ok_or(Revert::NotUnsafe)?;
            let urn = kind.urns.get(&owner).copied().unwrap_or_default();
            let bite = cat.bite(&kind.prices, kind.sizing, &urn)?;
            let left = Urn { ink: sub(urn.ink, bite.dink)?, art: sub(urn.art, bite.dart)? };
            kind.urns.insert(owner, left);
            vow.sin = add(vow.sin, bite.due)?;
            vow.fess(bite.due, now)?;
            cat.scratch(bite.litter)?;
            kind.gem_on_auction = add(kind.gem_on_auction, bite.dink)?;
            let (usr, tab, lot, litter) = (owner, bite.tab, bite.dink, bite.litter);
            kind.flip.kick(NewSale { usr, tab, lot, litter }, now)
        })
    }

    /// Bids more for the collateral of auction `id`.
    ///
    /// # Errors
    /// As [`System::bite`].
    pub fn tend(
        &mut self,
        ilk: usize,
        id: u64,
        bid: &Bid<AccountId>,
        now: u64,
    ) -> Result<(), Revert> {
        self.attempt(|it| {
            let usr = it.usr(ilk, id);
            let moves = it.ilk(ilk)?.flip.tend(id, bid, now)?;
            it.settle_flip(ilk, &moves, usr, bid.bidder)
        })
    }

    /// Takes less of the collateral of auction `id` for its whole debt.
    ///
    /// # Errors
    /// As [`System::bite`].
    pub fn dent(
        &mut self,
        ilk: usize,
        id: u64,
        bid: &Bid<AccountId>,
        now: u64,
    ) -> Result<(), Revert> {
        self.attempt(|it| {
            let usr = it.usr(ilk, id);
            let moves = it.ilk(ilk)?.flip.dent(id, bid, now)?;
            it.settle_flip(ilk, &moves, usr, bid.bidder)
        })
    }

    /// Restarts auction `id` of collateral.
    ///
    /// # Errors
    /// As [`System::bite`].
    pub fn tick(&mut self, ilk: usize, id: u64, now: u64) -> Result<(), Revert> {
        self.attempt(|it| it.ilk(ilk)?.flip.tick(id, now))
    }

    /// Settles auction `id` of collateral.
    ///
    /// # Errors
    /// As [`System::bite`].
    pub fn deal(&mut self, ilk: usize, id: u64, now: u64) -> Result<(), Revert> {
        self.attempt(|it| {
            let Ended { sale, moves } = it.ilk(ilk)?.flip.deal(id, now)?;
            it.cat.claw(sale.litter)?;
            it.settle_flip(ilk, &moves, sale.usr, sale.usr)
        })
    }

    /// Ends auction `id` of collateral by decision of `admin`, who repays its leader and takes its lot.
    ///
    /// # Errors
    /// As [`System::bite`].
    pub fn yank(&mut self, ilk: usize, id: u64, admin: AccountId) -> Result<(), Revert> {
        self.attempt(|it| {
            let Ended { sale, moves } = it.ilk(ilk)?.flip.yank(id)?;
            it.cat.claw(sale.litter)?;
            it.settle_flip(ilk, &moves, sale.usr, admin)
        })
    }

    /// Puts surplus to auction and returns its number.
    ///
    /// # Errors
    /// As [`System::bite`].
    pub fn flap(&mut self, now: u64) -> Result<u64, Revert> {
        self.attempt(|it| {
            it.vow.may_auction_surplus()?;
            let lot = it.vow.bump;
            let id = it.flap.kick(lot, now)?;
            it.vow.dai = sub(it.vow.dai, lot)?;
            it.flap.dai = add(it.flap.dai, lot)?;
            Ok(id)
        })
    }

    /// Bids more for the surplus of auction `id`.
    ///
    /// # Errors
    /// As [`System::bite`].
    pub fn flap_tend(&mut self, id: u64, bid: &Bid<AccountId>, now: u64) -> Result<(), Revert> {
        self.attempt(|it| {
            let moves = it.flap.tend(id, bid, now)?;
            it.settle_flap(&moves)
        })
    }

    /// Restarts auction `id` of surplus.
    ///
    /// # Errors
    /// As [`System::bite`].
    pub fn flap_tick(&mut self, id: u64, now: u64) -> Result<(), Revert> {
        self.attempt(|it| it.flap.tick(id, now))
    }

    /// Settles auction `id` of surplus.
    ///
    /// # Errors
    /// As [`System::bite`].
    pub fn flap_deal(&mut self, id: u64, now: u64) -> Result<(), Revert> {
        self.attempt(|it| {
            let moves = it.flap.deal(id, now)?;
            it.settle_flap(&moves)
        })
    }

    /// Returns the bid of auction `id` of surplus, once the system is stopped.
    ///
    /// # Errors
    /// As [`System::bite`].
    pub fn flap_yank(&mut self, id: u64) -> Result<(), Revert> {
        self.attempt(|it| {
            let moves = it.flap.yank(id)?;
            let money: Vec<_> = moves.into_iter().filter(|it| it.matter == Matter::Money).collect();
            it.settle_flap(&money)
        })
    }

    /// Puts bad debt to auction and returns its number.
    ///
    /// # Errors
    /// As [`System::bite`].
    pub fn flop(&mut self, now: u64) -> Result<u64, Revert> {
        self.attempt(|it| {
            it.vow.auction_debt()?;
            it.flop.kick(it.vow.dump, it.vow.sump, now)
        })
    }

    /// Takes fewer tokens for the debt of auction `id`. The first bid's money cancels bad debt at once.
    ///
    /// # Errors
    /// As [`System::bite`].
    pub fn flop_dent(&mut self, id: u64, bid: &Bid<AccountId>, now: u64) -> Result<(), Revert> {
        self.attempt(|it| {
            let dent = it.flop.dent(id, bid, now)?;
            it.settle_flop(&dent.moves)?;
            if dent.first {
                it.vow.kiss(bid.amount.min(it.vow.ash))?;
            }
            Ok(())
        })
    }

    /// Restarts auction `id` of debt over a larger lot.
    ///
    /// # Errors
    /// As [`System::bite`].
    pub fn flop_tick(&mut self, id: u64, now: u64) -> Result<(), Revert> {
        self.attempt(|it| it.flop.tick(id, now))
    }

    /// Settles auction `id` of debt: the tokens are issued.
    ///
    /// # Errors
    /// As [`System::bite`].
    pub fn flop_deal(&mut self, id: u64, now: u64) -> Result<(), Revert> {
        self.attempt(|it| {
            let moves = it.flop.deal(id, now)?;
            it.settle_flop(&moves)
        })
    }

    /// Repays the leader of auction `id` of debt by new bad debt, once the system is stopped. Without
    /// a bid the system leads its own auction.
    ///
    /// # Errors
    /// As [`System::bite`].
    pub fn flop_yank(&mut self, id: u64) -> Result<(), Revert> {
        self.attempt(|it| {
            let auction = it.flop.yank(id)?;
            it.vow.sin = add(it.vow.sin, auction.bid)?;
            let guy = match auction.leader {
                Some(leader) => it.dai.slot(leader),
                None => &mut it.vow.dai,
            };
            *guy = add(*guy, auction.bid)?;
            Ok(())
        })
    }

    /// Stops liquidations, and both auctions of the system's books.
    ///
    /// # Errors
    /// As [`System::bite`].
    pub fn cage(&mut self) -> Result<(), Revert> {
        self.attempt(|it| {
            it.cat.live = false;
            let returned = std::mem::take(&mut it.flap.dai);
            it.vow.cage(returned)?;
            (it.flap.live, it.flop.live) = (false, false);
            Ok(())
        })
    }

    /// Makes a call whole or not at all.
    fn attempt<T>(
        &mut self,
        call: impl FnOnce(&mut System) -> Result<T, Revert>,
    ) -> Result<T, Revert> {
        let mut after = self.clone();
        let result = call(&mut after)?;
        *self = after;
        Ok(result)
    }

    fn ilk(&mut self, ilk: usize) -> Result<&mut Ilk, Revert> {
        self.ilks.get_mut(ilk).ok_or(Revert::GuyNotSet)
    }

    /// Whose vault auction `id` sells; nobody asks if there is none.
    fn usr(&self, ilk: usize, id: u64) -> AccountId {
        let sale = self.ilks.get(ilk).and_then(|kind| kind.flip.sales.get(&id));
        sale.map_or(AccountId(0), |sale| sale.usr)
    }

    fn settle_flip(
        &mut self,
        ilk: usize,
        moves: &[Move<AccountId>],
        usr: AccountId,
        admin: AccountId,
    ) -> Result<(), Revert> {
        self.apply(moves, |it, matter, party| {
            let kind = it.ilks.get_mut(ilk).ok_or(Revert::GuyNotSet)?;
            Ok(match (matter, party) {
                (Matter::Money, Party::Bidder(who)) => it.dai.slot(who),
                (Matter::Money, Party::Canceller) => it.dai.slot(admin),
                (Matter::Money, _) => &mut it.vow.dai,
                (Matter::Lot, Party::Bidder(who)) => kind.gem.slot(who),
                (Matter::Lot, Party::Owner) => kind.gem.slot(usr),
                (Matter::Lot, Party::Canceller) => kind.gem.slot(admin),
                (Matter::Lot, _) => &mut kind.gem_on_auction,
            })
        })
    }

    fn settle_flap(&mut self, moves: &[Move<AccountId>]) -> Result<(), Revert> {
        self.apply(moves, |it, matter, party| {
            Ok(match (matter, party) {
                (Matter::Money, Party::Bidder(who)) => it.gov.slot(who),
                (Matter::Money, Party::Escrow) => &mut it.flap.gov,
                (Matter::Money, _) => &mut it.gov_burnt,
                (Matter::Lot, Party::Bidder(who)) => it.dai.slot(who),
                (Matter::Lot, _) => &mut it.flap.dai,
            })
        })
        // Unlike the accounting of the stablecoin, the token says what is missing.
        .map_err(|_| Revert::TokenBalance)
    }

    fn settle_flop(&mut self, moves: &[Move<AccountId>]) -> Result<(), Revert> {
        for one in moves.iter().filter(|one| one.matter == Matter::Lot) {
            let Party::Bidder(winner) = one.to else { continue };
            let slot = self.gov.slot(winner);
            *slot = add(*slot, one.amount)?;
            self.gov_issued = add(self.gov_issued, one.amount)?;
        }
        let money: Vec<_> = moves.iter().copied().filter(|it| it.matter == Matter::Money).collect();
        self.apply(&money, |it, _, party| {
            Ok(match party {
                Party::Bidder(who) => it.dai.slot(who),
                _ => &mut it.vow.dai,
            })
        })
    }

    /// Makes moves between the balances that `slot` names.
    fn apply<F>(&mut self, moves: &[Move<AccountId>], slot: F) -> Result<(), Revert>
    where
        F: for<'s> Fn(&'s mut System, Matter, Party<AccountId>) -> Result<&'s mut U256, Revert>,
    {
        for one in moves {
            let from = slot(self, one.matter, one.from)?;
            *from = sub(*from, one.amount)?;
            let to = slot(self, one.matter, one.to)?;
            *to = add(*to, one.amount)?;
        }
        Ok(())
    }
}
