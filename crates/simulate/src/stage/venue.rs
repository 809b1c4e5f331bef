//! The venue's own sales: what the market takes of what the engine ordered.

use super::{Sale, Stage};
use crate::ScenarioError;
use crate::market::{Markets, Marks, Way, overflow};
use crate::world::asset_id;
use breakwater_engine::{Body, OpenLeg};
use breakwater_liquidation::plan::proceeds;
use breakwater_money::{Amount, Rounding};
use std::collections::BTreeSet;

impl Stage<'_> {
    /// The venue's own orders go to the market: whole, or as much as it takes at the worst price
    /// allowed.
    pub(super) fn venue(&mut self) -> Result<(), ScenarioError> {
        // Filling one leg may order another: those are taken in the same round.
        let mut done = BTreeSet::new();
        while let Some((number, open)) = self.next_leg(&done) {
            done.insert(number);
            self.fill(number, &open)?;
        }
        Ok(())
    }

    fn next_leg(&self, done: &BTreeSet<u64>) -> Option<(u64, OpenLeg)> {
        let legs = self.host.engine.open_legs();
        let auctions = self.host.engine.auctions();
        let market = |n: &u64| !done.contains(n) && !auctions.contains_key(n);
        legs.iter().find(|(n, _)| market(n)).map(|(n, open)| (*n, open.clone()))
    }

    fn fill(&mut self, number: u64, open: &OpenLeg) -> Result<(), ScenarioError> {
        let account = open.account;
        let before = self.host.engine.health(account).ok();
        let Some((quantity, paid, value, fetched, wrapped)) = self.market_takes(open)? else {
            let body = Body::ReportFill { leg: number, quantity: 0, proceeds: 0, done: true };
            let outcome = self.host.must(self.now, body)?;
            return self.read(&outcome);
        };
        let body = Body::ReportFill { leg: number, quantity, proceeds: paid, done: true };
        let outcome = self.host.must(self.now, body)?;
        self.read(&outcome)?;
        self.totals.borrower_loss += value.saturating_sub(fetched);
        let sale = Sale {
            account,
            debt: Amount::new(open.leg.proceeds_asset, paid),
            debt_value: fetched,
            collateral: Amount::new(open.leg.asset, quantity),
            collateral_value: value,
            proceeds_value: fetched,
            gas_value: 0,
            gain: 0,
            wrapped,
        };
        self.write(&outcome, sale, before)
    }

    /// The largest quantity of a leg that the market takes no worse than the leg allows: quantity,
    /// proceeds, value at the mark, value fetched, wrapped units sold.
    #[allow(clippy::type_complexity)] // One caller takes it apart at once.
    fn market_takes(
        &mut self,
        open: &OpenLeg,
    ) -> Result<Option<(u128, u128, u128, u128, u128)>, ScenarioError> {
        let (sold, bought) = (open.leg.asset, open.leg.proceeds_asset);
        let marks = Marks {
            staked: self.price(asset_id(self.staked))?,
            sold: self.price(sold)?,
            bought: self.price(bought)?,
        };
        let way =
            Markets::way(self.kinds[sold.index()], self.kinds[bought.index()], sold == bought);
        let decimals = self.book.assets[bought.index()].decimals;
        let left = open.leg.quantity - open.filled;
        let quote = |quantity: u128| -> Result<Option<(u128, u128, u128)>, ScenarioError> {
            let value = self.value(Amount::new(sold, quantity), Rounding::Floor)?;
            let Some(fetched) = self.markets.fetches(way, value, &marks)? else { return Ok(None) };
            let paid = if way == Way::Same {
                quantity
            } else {
                marks.bought.amount_for(fetched, decimals, Rounding::Floor).map_err(overflow)?
            };
            let limit = self
                .host
                .engine
                .look(|view| proceeds(view, &open.leg, quantity, open.leg.worst_price));
            Ok(limit.is_ok_and(|limit| paid >= limit && paid > 0).then_some((paid, value, fetched)))
        };
        let mut best = quote(left)?.map(|found| (left, found));
        if best.is_none() {
            let (mut low, mut high) = (0u128, left);
            while high - low > 1 {
                let middle = low + ((high - low) >> 1);
                match quote(middle)? {
                    Some(found) => {
                        low = middle;
                        best = Some((middle, found));
                    }
                    None => high = middle,
                }
            }
        }
        let Some((quantity, (paid, value, fetched))) = best else { return Ok(None) };
        let wrapped = self.markets.sold(way, value, &marks)?;
        Ok(Some((quantity, paid, value, fetched, wrapped)))
    }
}
