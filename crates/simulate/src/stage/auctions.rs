//! Lots on auction: what outsiders bid for them, and what they do with what they buy.
//!
//! There are always two bidders alike, so that a price is what competition makes of it and never a
//! gift. Each bids what the lot would fetch in the market at this moment, after everything that has been
//! bid for and not delivered yet, less gas; nobody foresees a price. Whoever gets a lot sells it at
//! once, at the market of then: what the market has done since the bid is the buyer's gain or loss.

use super::{Sale, Stage, signed};
use crate::ScenarioError;
use crate::market::{Markets, Marks, overflow};
use crate::world::asset_id;
use breakwater_auction::sealed::commitment;
use breakwater_engine::{Body, OpenLeg, Outcome, What};
use breakwater_liquidation::Leg;
use breakwater_liquidation::auctions::{AuctionFormat, Auctioned, Bid};
use breakwater_money::rounding::{Rounding, mul_div, mul_div_full, narrow_u128};
use breakwater_money::{AccountId, Amount, Price, Ray, U256};

/// The two bidders.
const FIRST: u64 = 1;
const SECOND: u64 = 2;

/// What seals hide their bids under: the simulation keeps no secrets.
const SALT: [u8; 32] = [0; 32];

/// Halvings of a lot until the least part that is worth the whole price is known closely enough.
const HALVINGS: u32 = 24;

/// An auction as the stage remembers it.
#[derive(Debug, Clone, Copy)]
pub(super) struct OnAuction {
    account: AccountId,
    leg: Leg,
    /// Value at the mark of what has been bid for and not been delivered.
    promised: u128,
    /// Bid under seal.
    sealed: u128,
}

impl Stage<'_> {
    /// Everybody looks at every open auction, and bids where that is worth it.
    pub(super) fn bidders(&mut self) -> Result<(), ScenarioError> {
        let open: Vec<u64> = self.on_auction.keys().copied().collect();
        for number in open {
            let Some(open) = self.host.engine.open_legs().get(&number).cloned() else { continue };
            let Some(format) = self.host.engine.auctions().get(&number).map(|a| a.format()) else {
                continue;
            };
            match format {
                AuctionFormat::English => self.raise(number, &open)?,
                AuctionFormat::Dutch => self.take(number, &open)?,
                AuctionFormat::Sealed => self.seal(number, &open)?,
                AuctionFormat::Batch => self.order(number, &open)?,
            }
        }
        Ok(())
    }

    /// What bidders make of an outcome: lots that came up, lots that were delivered.
    pub(super) fn auctions_told(&mut self, outcome: &Outcome) -> Result<(), ScenarioError> {
        for what in outcome.facts() {
            match what {
                What::AuctionOpened { leg, account, sale, .. } => {
                    let on = OnAuction { account: *account, leg: *sale, promised: 0, sealed: 0 };
                    self.on_auction.insert(*leg, on);
                    self.totals.auctions += 1;
                }
                What::AuctionClosed { leg, .. } => {
                    self.on_auction.remove(leg);
                }
                What::AuctionRestarted { .. } => self.totals.auctions_restarted += 1,
                What::LotSold { leg, quantity, paid, .. } => {
                    self.delivered(outcome, *leg, *quantity, *paid)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// A lot changed hands: its buyer sells it.
    fn delivered(
        &mut self,
        outcome: &Outcome,
        number: u64,
        quantity: u128,
        paid: u128,
    ) -> Result<(), ScenarioError> {
        let Some(on) = self.on_auction.get_mut(&number) else { return Ok(()) };
        on.promised = 0;
        let OnAuction { account, leg, .. } = *on;
        let marks = self.marks_of(&leg)?;
        let way = self.way_of(&leg);
        let value = self.value(Amount::new(leg.asset, quantity), Rounding::Floor)?;
        let fetched = self.markets.fetches(way, value, &marks)?;
        // What the market has no quote for stays with the buyer, at the mark.
        let fetched = fetched.unwrap_or(value);
        let wrapped = self.markets.sold(way, value, &marks)?;
        let gas_value = self.gas_value()?;
        let paid_value = self.value(Amount::new(leg.proceeds_asset, paid), Rounding::Floor)?;
        self.totals.gas += gas_value;
        self.totals.borrower_loss += value.saturating_sub(paid_value);
        let sale = Sale {
            account,
            debt: Amount::new(leg.proceeds_asset, paid),
            debt_value: paid_value,
            collateral: Amount::new(leg.asset, quantity),
            collateral_value: value,
            proceeds_value: fetched,
            gas_value,
            gain: signed(fetched) - signed(paid_value) - signed(gas_value),
            wrapped,
        };
        self.write(outcome, sale, None)
    }

    fn way_of(&self, leg: &Leg) -> crate::market::Way {
        let (sold, bought) = (leg.asset.index(), leg.proceeds_asset.index());
        Markets::way(self.kinds[sold], self.kinds[bought], sold == bought)
    }

    fn marks_of(&self, leg: &Leg) -> Result<Marks, ScenarioError> {
        Ok(Marks {
            staked: self.price(asset_id(self.staked))?,
            sold: self.price(leg.asset)?,
            bought: self.price(leg.proceeds_asset)?,
        })
    }

    /// What `quantity` of a lot is worth to a bidder, in base units of what it is paid with: what the
    /// market gives after everything promised, less gas. Nothing where the market has no quote.
    fn worth(&self, number: u64, leg: &Leg, quantity: u128) -> Result<u128, ScenarioError> {
        let (way, marks) = (self.way_of(leg), self.marks_of(leg)?);
        let others = self.on_auction.iter().filter(|(other, on)| {
            **other != number && on.promised > 0 && self.way_of(&on.leg) == way
        });
        let promised = others.fold(0u128, |sum, (_, on)| sum.saturating_add(on.promised));
        let value = self.value(Amount::new(leg.asset, quantity), Rounding::Floor)?;
        let whole = self.markets.fetches(way, value.saturating_add(promised), &marks)?;
        let before =
            if promised == 0 { Some(0) } else { self.markets.fetches(way, promised, &marks)? };
        let (Some(whole), Some(before)) = (whole, before) else { return Ok(0) };
        let fetched = whole.saturating_sub(before).saturating_sub(self.gas_value()?);
        let decimals = self.book.assets[leg.proceeds_asset.index()].decimals;
        marks.bought.amount_for(fetched, decimals, Rounding::Floor).map_err(overflow)
    }

    /// Sends a bid. A refusal is the auction's answer, and costs nothing.
    fn bid(&mut self, number: u64, bidder: u64, bid: Bid) -> Result<bool, ScenarioError> {
        let outcome = self.host.apply(self.now, Body::Bid { auction: number, bidder, bid })?;
        self.read(&outcome)?;
        Ok(outcome.accepted())
    }

    fn promise(&mut self, number: u64, quantity: u128) -> Result<(), ScenarioError> {
        let Some(on) = self.on_auction.get(&number) else { return Ok(()) };
        let promised = self.value(Amount::new(on.leg.asset, quantity), Rounding::Floor)?;
        if let Some(on) = self.on_auction.get_mut(&number) {
            on.promised = promised;
        }
        Ok(())
    }

    /// Ascending: whoever does not lead raises to what the lot is worth; once all that is wanted is
    /// bid, asks for the least of the lot that is worth it.
    fn raise(&mut self, number: u64, open: &OpenLeg) -> Result<(), ScenarioError> {
        let leg = open.leg;
        let worth = self.worth(number, &leg, leg.quantity)?;
        let Some((standing, leader, wanted)) = self.standing(number) else { return Ok(()) };
        let most = wanted.map_or(worth, |wanted| worth.min(wanted));
        let rival = if leader == Some(FIRST) { SECOND } else { FIRST };
        if most > standing && self.bid(number, rival, Bid::Raise { amount: most })? {
            self.promise(number, leg.quantity)?;
        }
        let Some((standing, leader, wanted)) = self.standing(number) else { return Ok(()) };
        if wanted != Some(standing) || worth <= standing {
            return Ok(());
        }
        let rival = if leader == Some(FIRST) { SECOND } else { FIRST };
        let (mut least, mut enough) = (0u128, leg.quantity);
        for _ in 0..HALVINGS {
            let middle = least + ((enough - least) >> 1);
            if self.worth(number, &leg, middle)? >= standing {
                enough = middle
            } else {
                least = middle
            }
        }
        if self.bid(number, rival, Bid::Shrink { lot: enough })? {
            self.promise(number, enough)?;
        }
        Ok(())
    }

    /// Standing bid, leader and what is wanted of an ascending auction.
    fn standing(&self, number: u64) -> Option<(u128, Option<u64>, Option<u128>)> {
        let running = self.host.engine.auctions().get(&number)?;
        let Auctioned::English { auction, .. } = &running.kind else { return None };
        Some((narrow_u128(auction.bid).ok()?, auction.leader, running.wanted))
    }

    /// Descending: takes all that can be had once that is worth its price.
    fn take(&mut self, number: u64, open: &OpenLeg) -> Result<(), ScenarioError> {
        let Some(running) = self.host.engine.auctions().get(&number) else { return Ok(()) };
        // Prices came at this moment, so that its own time is counted up to now.
        let Ok(Some(asking)) = running.asking(running.elapsed_nanos) else { return Ok(()) };
        let left = open.leg.quantity.saturating_sub(open.filled);
        let quantity = left.min(running.wanted_at(asking));
        let cost = mul_div_full(U256::from(quantity), asking, Ray::one().raw, Rounding::Ceil)
            .and_then(narrow_u128)
            .map_err(overflow)?;
        if self.worth(number, &open.leg, quantity)? < cost {
            return Ok(());
        }
        let price_max = Price::new(u128::MAX >> 1, 0);
        self.bid(number, FIRST, Bid::Take { quantity, price_max })?;
        Ok(())
    }

    /// Sealed: both commit to what the lot is worth, and reveal when it is time to.
    fn seal(&mut self, number: u64, open: &OpenLeg) -> Result<(), ScenarioError> {
        let Some(on) = self.on_auction.get(&number).copied() else { return Ok(()) };
        if on.sealed == 0 {
            let amount = self.worth(number, &open.leg, open.leg.quantity)?;
            if amount == 0 {
                return Ok(());
            }
            let mut any = false;
            for bidder in [FIRST, SECOND] {
                let digest = commitment(number, bidder, U256::from(amount), &SALT);
                any |= self.bid(number, bidder, Bid::Commit { digest })?;
            }
            if any && let Some(on) = self.on_auction.get_mut(&number) {
                on.sealed = amount;
                self.promise(number, open.leg.quantity)?;
            }
            return Ok(());
        }
        for bidder in [FIRST, SECOND] {
            self.bid(number, bidder, Bid::Reveal { amount: on.sealed, salt: SALT })?;
        }
        Ok(())
    }

    /// Batch: each orders half of the lot for what half of it is worth.
    fn order(&mut self, number: u64, open: &OpenLeg) -> Result<(), ScenarioError> {
        let Some(on) = self.on_auction.get(&number).copied() else { return Ok(()) };
        if on.sealed > 0 {
            return Ok(());
        }
        let worth = self.worth(number, &open.leg, open.leg.quantity)?;
        let half = mul_div(open.leg.quantity, 1, 2, Rounding::Floor).map_err(overflow)?;
        let pays = mul_div(worth, 1, 2, Rounding::Floor).map_err(overflow)?;
        if half == 0 || pays == 0 {
            return Ok(());
        }
        let mut any = false;
        for bidder in [FIRST, SECOND] {
            any |= self.bid(number, bidder, Bid::Order { pay: pays, min_receive: half })?;
        }
        if any && let Some(on) = self.on_auction.get_mut(&number) {
            on.sealed = worth;
            self.promise(number, open.leg.quantity)?;
        }
        Ok(())
    }
}
