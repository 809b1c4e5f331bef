//! The contracts together: limits over all collaterals, vaults, auctions, and whose coins and
//! collateral move. Each call does all of it or nothing.

use super::clip::{Clip, Peek};
use super::clip_revert::Revert;
use super::dog::{Ilk, Urn, add, sub};
use breakwater_auction::dutch::{Curve, Limits};
use breakwater_money::rounding::{Rounding, mul_div_wide};
use breakwater_money::{Ray, U256, Wad};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One kind of collateral: what the system knows of it, its feed, its vaults and its auctions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound(deserialize = "N: Ord + Clone + Deserialize<'de>"))]
pub struct Collateral<N: Ord> {
    /// Rate, safety price, least debt, margin and penalty.
    pub ilk: Ilk,
    /// What the auctions' feed answers.
    pub feed: Peek,
    /// Vaults by owner.
    pub urns: BTreeMap<N, Urn>,
    /// Auctions, whose owners are those of the vaults.
    pub clip: Clip<N>,
    /// Collateral outside vaults and auctions, by holder (wad).
    pub gems: BTreeMap<N, U256>,
}

/// Whom the system pays and what it owes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound(deserialize = "N: Ord + Deserialize<'de>"))]
pub struct Coins<N: Ord> {
    /// By holder (rad).
    pub held: BTreeMap<N, U256>,
    /// What the system has collected (rad).
    pub surplus: U256,
    /// What the system owes: debt seized, and incentives created for keepers (rad).
    pub debt: U256,
}

/// What a taker asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Take<N> {
    /// The auction.
    pub id: u64,
    /// Most of the lot (wad).
    pub amt: U256,
    /// Greatest price (ray).
    pub max: U256,
    /// Who pays, and gets the collateral.
    pub who: N,
}

/// `I` names collaterals and `N` everybody who holds something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound(deserialize = "I: Ord + Deserialize<'de>, N: Ord + Clone + Deserialize<'de>"))]
pub struct House<I: Ord, N: Ord> {
    /// False once the system is shut down.
    pub live: bool,
    /// Reference price of the coin (ray).
    pub par: U256,
    /// Most that may be on sale and what is (`Hole`, `Dirt`, `hole`, `dirt`; rad).
    pub limits: Limits<I>,
    /// Everybody's coins.
    pub coins: Coins<N>,
    collaterals: BTreeMap<I, Collateral<N>>,
}

impl<I: Ord + Clone, N: Ord + Clone> House<I, N> {
    /// A system of no collateral, with the reference price of the coin at one and `hole` (rad) as
    /// the limit over all collaterals.
    #[must_use]
    pub fn new(hole: U256) -> Self {
        House {
            live: true,
            par: Ray::one().raw,
            limits: Limits::new(hole),
            coins: Coins { held: BTreeMap::new(), surplus: U256::ZERO, debt: U256::ZERO },
            collaterals: BTreeMap::new(),
        }
    }

    /// Adds a collateral that sells along `calc`, with `hole` (rad) as its limit, and caches its
    /// least remainder.
    ///
    /// # Errors
    /// [`Revert::PenaltyBelowOne`], [`Revert::Arithmetic`].
    pub fn add(&mut self, name: I, ilk: Ilk, calc: Curve, hole: U256) -> Result<(), Revert> {
        penalty(ilk.chop)?;
        let mut clip = Clip::new(calc);
        clip.set_chost(ilk.chost()?);
        let (urns, gems) = (BTreeMap::new(), BTreeMap::new());
        self.limits.set_market(name.clone(), hole);
        let feed = Peek::default();
        self.collaterals.insert(name, Collateral { ilk, feed, urns, clip, gems });
        Ok(())
    }

    /// A collateral.
    ///
    /// # Errors
    /// [`Revert::UnknownIlk`].
    pub fn collateral(&self, name: &I) -> Result<&Collateral<N>, Revert> {
        self.collaterals.get(name).ok_or(Revert::UnknownIlk)
    }

    /// A collateral, to be configured or given vaults.
    ///
    /// # Errors
    /// [`Revert::UnknownIlk`].
    pub fn collateral_mut(&mut self, name: &I) -> Result<&mut Collateral<N>, Revert> {
        self.collaterals.get_mut(name).ok_or(Revert::UnknownIlk)
    }

    /// Sets the factor on debt seized. The cached least remainder stays until
    /// [`House::upchost`].
    ///
    /// # Errors
    /// [`Revert::PenaltyBelowOne`], [`Revert::UnknownIlk`].
    pub fn set_chop(&mut self, name: &I, chop: Wad) -> Result<(), Revert> {
        penalty(chop)?;
        self.collateral_mut(name)?.ilk.chop = chop;
        Ok(())
    }

    /// Caches the least that may remain wanted of an auction.
    ///
    /// # Errors
    /// [`Revert::UnknownIlk`], [`Revert::Arithmetic`].
    pub fn upchost(&mut self, name: &I) -> Result<(), Revert> {
        let collateral = self.collateral_mut(name)?;
        collateral.clip.set_chost(collateral.ilk.chost()?);
        Ok(())
    }

    /// Takes the safety price from the feed (`Spotter.poke`): zero if the feed is invalid, at which
    /// no vault is liquidated.
    ///
    /// # Errors
    /// [`Revert::UnknownIlk`], [`Revert::Arithmetic`], [`Revert::Halt`].
    pub fn poke(&mut self, name: &I) -> Result<(), Revert> {
        let par = self.par;
        let Collateral { ilk, feed, .. } = self.collateral_mut(name)?;
        ilk.spot = match feed.price(par) {
            Err(Revert::InvalidPrice) => U256::ZERO,
            price => mul_div_wide(price?, Ray::one().raw, ilk.mat.raw, Rounding::Floor)?,
        };
        Ok(())
    }

    /// Seizes what fits of an unsafe vault and auctions it. Returns the number of the auction.
    ///
    /// # Errors
    /// [`Revert::NotLive`], then those of [`Ilk::seize`], then those of [`Clip::kick`].
    pub fn bark(&mut self, name: &I, owner: &N, keeper: &N, now: u64) -> Result<u64, Revert> {
        if !self.live {
            return Err(Revert::NotLive);
        }
        let par = self.par;
        let room = self.limits.room(name)?;
        let collateral = self.collaterals.get_mut(name).ok_or(Revert::UnknownIlk)?;
        let urn = collateral.urns.get(owner).copied().unwrap_or_default();
        let seized = collateral.ilk.seize(&urn, room)?;
        let urn = Urn { ink: sub(urn.ink, seized.dink)?, art: sub(urn.art, seized.dart)? };
        let due = add(self.coins.debt, seized.due)?;
        let mut limits = self.limits.clone();
        limits.add_beyond(name, seized.tab)?;
        let feed = collateral.feed.price(par);
        let started = collateral.clip.kick(seized.tab, seized.dink, owner.clone(), feed, now)?;
        let debt = add(due, started.incentive)?;
        self.coins.pay(keeper, started.incentive)?;
        collateral.clip.apply(&started.change)?;
        collateral.urns.insert(owner.clone(), urn);
        (self.limits, self.coins.debt) = (limits, debt);
        Ok(started.id)
    }

    /// Begins an auction again.
    ///
    /// # Errors
    /// Those of [`Clip::redo`]; [`Revert::UnknownIlk`].
    pub fn redo(&mut self, name: &I, id: u64, keeper: &N, now: u64) -> Result<(), Revert> {
        let par = self.par;
        let collateral = self.collaterals.get_mut(name).ok_or(Revert::UnknownIlk)?;
        let reset = collateral.clip.redo(id, collateral.feed.price(par), now)?;
        let debt = add(self.coins.debt, reset.incentive)?;
        self.coins.pay(keeper, reset.incentive)?;
        self.coins.debt = debt;
        collateral.clip.apply(&reset.change)
    }

    /// Takes from an auction. The contract hands over the collateral before it takes the money, so
    /// that it may be sold for it; here both move at once, and whoever sells first knows from
    /// [`Clip::take`] what will be owed. Returns slice (wad) and what was owed (rad).
    ///
    /// # Errors
    /// Those of [`Clip::take`]; [`Revert::Arithmetic`] of a taker without the money;
    /// [`Revert::UnknownIlk`].
    pub fn take(&mut self, name: &I, take: &Take<N>, now: u64) -> Result<(U256, U256), Revert> {
        let collateral = self.collaterals.get_mut(name).ok_or(Revert::UnknownIlk)?;
        let Take { id, amt, max, who } = take;
        let bought = collateral.clip.take(*id, *amt, *max, now)?;
        let gems = &collateral.gems;
        let got = add(of(gems, who), bought.slice)?;
        let returned = match &bought.returned {
            // An owner who takes from his own lot gets both.
            Some((owner, rest)) if owner == who => Some((owner, add(got, *rest)?)),
            Some((owner, rest)) => Some((owner, add(of(gems, owner), *rest)?)),
            None => None,
        };
        let left = sub(of(&self.coins.held, who), bought.owed)?;
        let surplus = add(self.coins.surplus, bought.owed)?;
        // The last of what may fail leaves everything as it is when it does.
        self.limits.remove(name, bought.released)?;
        collateral.gems.insert(who.clone(), got);
        if let Some((owner, rest)) = returned {
            collateral.gems.insert(owner.clone(), rest);
        }
        self.coins.held.insert(who.clone(), left);
        self.coins.surplus = surplus;
        collateral.clip.apply(&bought.change)?;
        Ok((bought.slice, bought.owed))
    }

    /// An administrator calls an auction off and gets what is left of the lot.
    ///
    /// # Errors
    /// [`Revert::NotRunning`], [`Revert::Arithmetic`], [`Revert::UnknownIlk`].
    pub fn yank(&mut self, name: &I, id: u64, admin: &N) -> Result<(), Revert> {
        let collateral = self.collaterals.get_mut(name).ok_or(Revert::UnknownIlk)?;
        let withdrawn = collateral.clip.yank(id)?;
        let got = add(of(&collateral.gems, admin), withdrawn.sale.lot)?;
        self.limits.remove(name, withdrawn.sale.wanted)?;
        collateral.gems.insert(admin.clone(), got);
        collateral.clip.apply(&withdrawn.change)
    }
}

impl<N: Ord + Clone> Coins<N> {
    /// Coins of one holder (rad).
    #[must_use]
    pub fn of(&self, who: &N) -> U256 {
        of(&self.held, who)
    }

    fn pay(&mut self, who: &N, amount: U256) -> Result<(), Revert> {
        let after = add(self.of(who), amount)?;
        self.held.insert(who.clone(), after);
        Ok(())
    }
}

impl<N: Ord + Clone> Collateral<N> {
    /// Collateral of one holder outside vaults and auctions (wad).
    #[must_use]
    pub fn gems_of(&self, who: &N) -> U256 {
        of(&self.gems, who)
    }
}

fn of<N: Ord>(balances: &BTreeMap<N, U256>, who: &N) -> U256 {
    balances.get(who).copied().unwrap_or_default()
}

fn penalty(chop: Wad) -> Result<(), Revert> {
    if chop < Wad::one() { Err(Revert::PenaltyBelowOne) } else { Ok(()) }
}
