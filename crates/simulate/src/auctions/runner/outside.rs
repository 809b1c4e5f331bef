//! The market outside, where bidders resell what they buy.

use crate::ScenarioError;
use crate::auctions::settings::{COLLATERAL_MAX, OutsideSettings, PPM, UNIT_DECIMALS, positive};
use crate::book::PRICE_DECIMALS;
use crate::market::{ONE, left_after, overflow};
use breakwater_money::rounding::{Rounding, mul_div};

/// 1e27 over one as a price.
const RAY_PER_PRICE: u128 = 10_000_000_000_000_000_000;

/// Millionths in a hundredth.
const PERCENT: u128 = 10_000;

/// Millionths in half a basis point.
const PPM_PER_HALF_BPS: u128 = 50;

/// A mid price, a spread, and what was sold into it and has not been absorbed.
///
/// A sale moves the price in proportion to its size, so that it fetches the middle between the price
/// before and after. The path is a fact of that day and is not moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outside {
    /// Price of one whole unit of collateral in whole units of money.
    pub mid: u128,
    half_spread_ppm: u128,
    /// Collateral that moves the price by one per cent.
    depth: u128,
    consumed: u128,
    left_after_step: u128,
}

impl Outside {
    /// # Errors
    /// A depth that is no number above zero.
    pub fn new(settings: &OutsideSettings, step_seconds: u64) -> Result<Self, ScenarioError> {
        let half_life = settings.recovery_half_life_minutes.saturating_mul(60);
        Ok(Outside {
            mid: 0,
            half_spread_ppm: u128::from(settings.spread_bps) * PPM_PER_HALF_BPS,
            depth: positive("outside.depth", &settings.depth, UNIT_DECIMALS, COLLATERAL_MAX)?,
            consumed: 0,
            left_after_step: left_after(step_seconds, half_life),
        })
    }

    /// Time goes on by one step.
    pub fn recover(&mut self) {
        // A share of at most one leaves at most what was there.
        let left = mul_div(self.consumed, self.left_after_step, ONE, Rounding::Floor);
        self.consumed = left.unwrap_or(self.consumed);
    }

    /// Somebody resells so much.
    pub fn absorb(&mut self, quantity: u128) {
        self.consumed = self.consumed.saturating_add(quantity);
    }

    /// Value of so much at the mid, base units of money.
    ///
    /// # Errors
    /// Overflow.
    pub fn fair(&self, quantity: u128) -> Result<u128, ScenarioError> {
        let one = 10u128.pow(PRICE_DECIMALS.into());
        mul_div(quantity, self.mid, one, Rounding::Floor).map_err(overflow)
    }

    /// Whether the mid is below a price in base units for one base unit, 1e27.
    pub fn is_below(&self, price: u128) -> bool {
        // Nineteen digits between the scales of the two prices, and both assets have as many decimals.
        price > self.mid.saturating_mul(RAY_PER_PRICE)
    }

    /// What so much would fetch now.
    ///
    /// # Errors
    /// Overflow.
    pub fn resale(&self, quantity: u128) -> Result<u128, ScenarioError> {
        let sold = self.consumed.saturating_add(quantity >> 1);
        let impact = mul_div(sold, PERCENT, self.depth, Rounding::Ceil).unwrap_or(PPM);
        let kept = PPM.saturating_sub(self.half_spread_ppm).saturating_sub(impact);
        mul_div(self.fair(quantity)?, kept, PPM, Rounding::Floor).map_err(overflow)
    }
}
