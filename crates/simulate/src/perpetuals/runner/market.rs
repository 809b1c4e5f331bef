//! What the market takes of a sale: a minute's depth, less what earlier sales have consumed.

use crate::ScenarioError;
use crate::market::{ONE, overflow};
use breakwater_market::{BandDepth, BookSide, Depth, DepthError};
use breakwater_money::Price;
use breakwater_money::rounding::{Rounding, mul_div};

/// What was consumed of each side and has not recovered, base units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Consumed {
    bids: u128,
    asks: u128,
    /// Share left after a minute, 1e18.
    left_after_minute: u128,
}

/// A part of a leg that the market takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Taken {
    /// Base units.
    pub quantity: u128,
    /// Cents got for them, or paid.
    pub cents: u128,
}

impl Consumed {
    pub fn new(left_after_minute: u128) -> Self {
        Consumed { bids: 0, asks: 0, left_after_minute }
    }

    /// A minute has passed.
    pub fn recover(&mut self) {
        for side in [&mut self.bids, &mut self.asks] {
            // A share of at most one leaves at most what was there.
            *side = mul_div(*side, self.left_after_minute, ONE, Rounding::Floor).unwrap_or(*side);
        }
    }

    /// Seconds in which half of what was consumed is back; one day where nothing comes back.
    pub fn half_life_seconds(&self) -> u64 {
        let left = self.left_after_minute as f64 / ONE as f64;
        if left >= 1.0 {
            return 86_400;
        }
        // ln 2 over the rate of decay.
        let seconds = libm::round(-60.0 / libm::log2(left.max(f64::MIN_POSITIVE)));
        (seconds as u64).min(86_400)
    }

    pub fn consume(&mut self, side: BookSide, quantity: u128) {
        let consumed = match side {
            BookSide::Bids => &mut self.bids,
            BookSide::Asks => &mut self.asks,
        };
        *consumed = consumed.saturating_add(quantity);
    }

    /// As much of `most` as the side takes with no part worse than `worst`.
    pub fn within(
        &self,
        depth: &BandDepth,
        side: BookSide,
        (mark, worst): (Price, Price),
        most: u128,
    ) -> Result<u128, ScenarioError> {
        let quoted = match side {
            BookSide::Bids => depth.bids_at(mark).map_err(failed)?.sellable_above(worst),
            BookSide::Asks => depth.asks_at(mark).map_err(failed)?.buyable_below(worst),
        };
        Ok(quoted.saturating_sub(self.of(side)).min(most))
    }

    /// What `quantity` fetches or costs, at most what [`Consumed::within`] answers.
    pub fn fetches(
        &self,
        depth: &BandDepth,
        side: BookSide,
        mark: Price,
        quantity: u128,
    ) -> Result<Taken, ScenarioError> {
        let consumed = self.of(side);
        let cents = match side {
            BookSide::Bids => {
                depth
                    .bids_at(mark)
                    .and_then(|bids| bids.sell_after(consumed, quantity))
                    .map_err(failed)?
                    .out
            }
            BookSide::Asks => {
                depth
                    .asks_at(mark)
                    .and_then(|asks| asks.buy_after(consumed, quantity))
                    .map_err(failed)?
                    .cost
            }
        };
        Ok(Taken { quantity, cents })
    }

    /// The mark less a share of what selling has pushed bids down by and not recovered, and more by
    /// the same of asks.
    pub fn carried(
        &self,
        depth: Option<&BandDepth>,
        mark: Price,
        feedback: u128,
    ) -> Result<Price, ScenarioError> {
        let Some(depth) = depth.filter(|_| feedback > 0) else { return Ok(mark) };
        let bids = depth.bids_at(mark).map_err(failed)?;
        let asks = depth.asks_at(mark).map_err(failed)?;
        let bid = |sold: u128| bids.marginal(sold.min(bids.capacity())).map_err(failed);
        let ask = |bought: u128| asks.marginal(bought.min(asks.capacity())).map_err(failed);
        let down = bid(0)?.raw.saturating_sub(bid(self.bids)?.raw);
        let up = ask(self.asks)?.raw.saturating_sub(ask(0)?.raw);
        let part = |moved| mul_div(moved, feedback, ONE, Rounding::Floor).map_err(overflow);
        let raw = mark.raw.saturating_add(part(up)?).saturating_sub(part(down)?).max(1);
        Ok(Price::new(raw, mark.decimals))
    }

    /// What was consumed of a side and has not recovered.
    pub fn of(&self, side: BookSide) -> u128 {
        match side {
            BookSide::Bids => self.bids,
            BookSide::Asks => self.asks,
        }
    }
}

fn failed(error: DepthError) -> ScenarioError {
    ScenarioError::setting("depth", error.to_string())
}
