//! What a venue that plans its sales is told of its markets at every price: depth, volatility,
//! recovery, and how its markets move together.
//!
//! Depth is what this host would pay: each outlet sells one asset for one that is owed, at the corners of
//! the ladder behind it less what earlier sales left of it. Outlets that share a ladder are told of it
//! one by one, because an account sells for what it owes most of. Volatility is observed from the marks as
//! they come, so that a plan knows no more of the day than was known then.

use super::Stage;
use crate::ScenarioError;
use crate::book::PRICE_DECIMALS;
use crate::market::{Marks, Way, overflow};
use crate::planning::steps;
use crate::world::{asset_id, market_id};
use breakwater_engine::Body;
use breakwater_liquidation::conditions::{PPM_ONE, STEPS_MAX};
use breakwater_liquidation::{Conditions, Outlet, OutletKind};
use breakwater_market::MarketId;
use breakwater_money::rounding::{Rounding, pow10};
use breakwater_money::time::NANOS_PER_SECOND;

/// Whole units that are sold at par without an end in sight.
const PAR_UNITS: u128 = 1_000_000_000;

impl Stage<'_> {
    /// Tells the engine what each market of collateral is like at marks that are about to be sent.
    pub(super) fn observe_markets(&mut self, marks: &[u128]) -> Result<(), ScenarioError> {
        let Some(mut variance) = self.variance else { return Ok(()) };
        variance.observe(self.now, marks[self.driver]);
        self.variance = Some(variance);
        for sold in self.collateral.clone() {
            let mut outlets = Vec::with_capacity(self.owed.len());
            for bought in &self.owed {
                outlets.extend(self.outlet(sold, *bought, marks)?);
            }
            let moves = self.moving[sold];
            let conditions = Conditions {
                outlets,
                volatility_ppm_per_sqrt_day: if moves { variance.volatility_ppm() } else { 0 },
                half_life_nanos: u64::from(self.scenario.settings.depth.recovery_half_life_minutes)
                    * 60
                    * NANOS_PER_SECOND,
                observed_at: self.now,
            };
            let correlations = if moves { self.with_driver(sold) } else { Vec::new() };
            let market = market_id(sold);
            let body = Body::ObserveMarket { market, conditions, correlations };
            let outcome = self.host.must(self.now, body)?;
            self.read(&outcome)?;
        }
        Ok(())
    }

    /// Everything that moves here moves with the one driver.
    fn with_driver(&self, sold: usize) -> Vec<(MarketId, i32)> {
        let others = self.moving.iter().enumerate().filter(|(i, moves)| **moves && *i != sold);
        others.map(|(i, _)| (market_id(i), PPM_ONE)).collect()
    }

    /// What selling one asset for another pays, as steps; none where nothing is left.
    fn outlet(
        &self,
        sold: usize,
        bought: usize,
        marks: &[u128],
    ) -> Result<Option<Outlet>, ScenarioError> {
        let price = |asset: usize| breakwater_money::Price::new(marks[asset], PRICE_DECIMALS);
        let at = Marks { staked: price(self.staked), sold: price(sold), bought: price(bought) };
        let way = crate::market::Markets::way(self.kinds[sold], self.kinds[bought], sold == bought);
        let decimals = self.book.assets[sold].decimals;
        let mut corners = Vec::with_capacity(STEPS_MAX);
        for quantity in self.corners(way, &at, decimals)? {
            let value = at.sold.value(quantity, decimals, Rounding::Floor).map_err(overflow)?;
            let Some(fetched) = self.markets.fetches(way, value, &at)? else { break };
            corners.push((quantity, fetched));
        }
        let bids = steps(corners, pow10(decimals).map_err(overflow)?, false)?;
        if bids.is_empty() {
            return Ok(None);
        }
        let pays = Some(asset_id(bought));
        Ok(Some(Outlet { kind: OutletKind::Pool, bids, asks: Vec::new(), wait_nanos: 0, pays }))
    }

    /// Quantities at which the price of a way changes, ascending.
    fn corners(&self, way: Way, at: &Marks, decimals: u8) -> Result<Vec<u128>, ScenarioError> {
        let Some(pool) = self.markets.pool(way).filter(|_| self.markets.impact) else {
            return Ok(vec![pow10(decimals).map_err(overflow)?.saturating_mul(PAR_UNITS)]);
        };
        let wrapped = self.markets.wrapped_price(at.staked)?;
        let left: Vec<u128> =
            pool.ladder().hull_amounts().filter_map(|a| a.checked_sub(pool.consumed)).collect();
        let every = left.len().div_ceil(STEPS_MAX).max(1);
        let last = left.len().saturating_sub(1);
        let kept = left.iter().enumerate().filter(|(i, _)| (last - i).is_multiple_of(every));
        let mut corners = Vec::with_capacity(STEPS_MAX);
        for (_, amount) in kept {
            let value = wrapped
                .value(*amount, crate::market::WRAPPED_DECIMALS, Rounding::Floor)
                .map_err(overflow)?;
            corners.push(at.sold.amount_for(value, decimals, Rounding::Floor).map_err(overflow)?);
        }
        corners.dedup();
        corners.retain(|quantity| *quantity > 0);
        Ok(corners)
    }
}

/// Assets that the book holds as collateral, and those that it owes, ascending.
pub(super) fn sides(book: &crate::book::Book) -> (Vec<usize>, Vec<usize>) {
    let of = |held: &dyn Fn(usize) -> bool| (0..book.assets.len()).filter(|i| held(*i)).collect();
    let collateral: Vec<usize> =
        of(&|i| book.accounts.iter().any(|a| a.collateral.iter().any(|(asset, _)| *asset == i)));
    let owed: Vec<usize> =
        of(&|i| book.accounts.iter().any(|a| a.debt.iter().any(|(asset, _)| *asset == i)));
    (collateral, owed)
}
