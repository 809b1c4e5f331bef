//! What a venue that plans its sales is told of the market at every mark: the minute's depth less what
//! earlier sales left of it, and volatility as it is observed.

use super::stage::{MARKET, Stage};
use crate::ScenarioError;
use crate::market::overflow;
use crate::perpetuals::{BASE_DECIMALS, Minute, VALUE_DECIMALS};
use breakwater_engine::Body;
use breakwater_liquidation::conditions::STEPS_MAX;
use breakwater_liquidation::{Conditions, Outlet, OutletKind};
use breakwater_market::{BookSide, Level};
use breakwater_money::Price;
use breakwater_money::rounding::{Rounding, mul_div, pow10};
use breakwater_money::time::NANOS_PER_SECOND;

/// Seconds in which the depth that is left of what was consumed is believed to halve: what is told is
/// a half-life, what is played is a share a minute.
const MINUTE: u64 = 60;

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
            half_life_nanos: self.consumed.half_life_seconds(MINUTE) * NANOS_PER_SECOND,
            observed_at: self.now,
        };
        let body = Body::ObserveMarket { market: MARKET, conditions, correlations: Vec::new() };
        let outcome = self.host.must(self.now, body)?;
        self.read(&outcome)
    }

    /// What is left of a side as steps, each at the average price of a slice of the curve, rounded
    /// against whoever trades.
    fn steps(
        &self,
        minute: &Minute,
        side: BookSide,
        mark: Price,
    ) -> Result<Vec<Level>, ScenarioError> {
        let Some(depth) = minute.depth.as_ref().filter(|_| self.options.impact) else {
            return Ok(Vec::new());
        };
        let consumed = self.consumed.of(side);
        let curve = match side {
            BookSide::Bids => depth.bids(),
            BookSide::Asks => depth.asks(),
        };
        let unit = pow10(VALUE_DECIMALS - crate::perpetuals::PRICE_DECIMALS).map_err(overflow)?;
        debug_assert_eq!(unit, 10u128.pow(u32::from(BASE_DECIMALS)));
        let mut steps: Vec<Level> = Vec::new();
        let (mut before, mut cents_before) = (0u128, 0u128);
        let left = curve.quantities().filter_map(|quantity| quantity.checked_sub(consumed));
        for quantity in left.filter(|quantity| *quantity > 0).take(STEPS_MAX) {
            let cents = self.consumed.fetches(depth, side, mark, quantity)?.cents;
            let more = quantity - before;
            let paid = cents.saturating_sub(cents_before);
            let rounding = match side {
                BookSide::Bids => Rounding::Floor,
                BookSide::Asks => Rounding::Ceil,
            };
            let price = mul_div(paid, unit, more, rounding).map_err(overflow)?;
            (before, cents_before) = (quantity, cents);
            let worse = |last: &Level| match side {
                BookSide::Bids => price < last.price,
                BookSide::Asks => price > last.price,
            };
            match steps.last_mut() {
                // Roundings may hide that a slice is worse: then the one before stands for both.
                Some(last) if !worse(last) => last.quantity += more,
                _ if price > 0 => steps.push(Level { price, quantity: more }),
                _ => break,
            }
        }
        Ok(steps)
    }
}
