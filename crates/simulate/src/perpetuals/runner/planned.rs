//! What a venue that plans its sales is told of the market at every mark: the minute's depth less what
//! earlier sales left of it, and volatility as it is observed.

use super::stage::{MARKET, Stage};
use crate::ScenarioError;
use crate::market::overflow;
use crate::perpetuals::{BASE_DECIMALS, Minute};
use crate::planning::steps;
use breakwater_engine::Body;
use breakwater_liquidation::conditions::STEPS_MAX;
use breakwater_liquidation::{Conditions, Outlet, OutletKind};
use breakwater_market::{BookSide, Level};
use breakwater_money::Price;
use breakwater_money::rounding::pow10;
use breakwater_money::time::NANOS_PER_SECOND;

/// Whole units that are taken at the mark where sales have no impact.
const WITHOUT_END: u128 = 1_000_000_000;

impl Stage<'_> {
    /// Tells the engine what a sale would meet at a mark that is about to be sent.
    pub(super) fn observe_market(
        &mut self,
        minute: &Minute,
        mark: Price,
    ) -> Result<(), ScenarioError> {
        let Some(mut variance) = self.variance else { return Ok(()) };
        variance.observe(self.now, mark.raw);
        self.variance = Some(variance);
        let bids = self.steps(minute, BookSide::Bids, mark)?;
        let asks = self.steps(minute, BookSide::Asks, mark)?;
        let mut outlets = Vec::new();
        if !bids.is_empty() || !asks.is_empty() {
            let kind = OutletKind::Book;
            outlets.push(Outlet { kind, bids, asks, wait_nanos: 0, pays: None });
        }
        let conditions = Conditions {
            outlets,
            volatility_ppm_per_sqrt_day: variance.volatility_ppm(),
            half_life_nanos: self.consumed.half_life_seconds() * NANOS_PER_SECOND,
            observed_at: self.now,
        };
        let body = Body::ObserveMarket { market: MARKET, conditions, correlations: Vec::new() };
        let outcome = self.host.must(self.now, body)?;
        self.read(&outcome)
    }

    /// What is left of a side as steps.
    fn steps(
        &self,
        minute: &Minute,
        side: BookSide,
        mark: Price,
    ) -> Result<Vec<Level>, ScenarioError> {
        let unit = pow10(BASE_DECIMALS).map_err(overflow)?;
        let buy = side == BookSide::Asks;
        if !self.options.impact {
            let all = unit.saturating_mul(WITHOUT_END);
            let worth = all.saturating_mul(mark.raw) / unit;
            return steps([(all, worth)], unit, buy);
        }
        let Some(depth) = minute.depth.as_ref() else { return Ok(Vec::new()) };
        let consumed = self.consumed.of(side);
        let curve = match side {
            BookSide::Bids => depth.bids(),
            BookSide::Asks => depth.asks(),
        };
        let mut corners = Vec::with_capacity(STEPS_MAX);
        for quantity in curve.quantities().filter_map(|all| all.checked_sub(consumed)) {
            let cents = self.consumed.fetches(depth, side, mark, quantity)?.cents;
            corners.push((quantity, cents));
        }
        steps(corners, unit, buy)
    }
}
