//! What markets would pay, and what sales have taken of it.

use crate::number::{Int, Result, ceil, floor};
use breakwater_liquidation::{Conditions, Rejection};
use breakwater_market::MarketId;
use breakwater_money::Time;
use std::collections::BTreeMap;

/// What is known of markets.
#[derive(Debug, Clone, Default)]
pub struct Depths {
    known: BTreeMap<MarketId, Conditions>,
    /// What was missing of a side, and when.
    eaten: BTreeMap<(MarketId, bool), (Int, Time)>,
}

impl Depths {
    /// Takes an observation.
    ///
    /// # Errors
    /// What makes it none, in the order in which the engine looks.
    pub fn observe(
        &mut self,
        now: Time,
        market: MarketId,
        conditions: &Conditions,
        correlations: &[(MarketId, i32)],
    ) -> Result<()> {
        if conditions.outlets.len() > 16 {
            return Err(Rejection::LimitReached);
        }
        if conditions.volatility_ppm_per_sqrt_day > 10_000_000 {
            return Err(Rejection::BadParameter);
        }
        for outlet in &conditions.outlets {
            for side in [&outlet.bids, &outlet.asks] {
                if side.len() > 64 {
                    return Err(Rejection::LimitReached);
                }
                for step in side {
                    if step.quantity == 0 {
                        return Err(Rejection::AmountZero);
                    }
                    if step.price == 0 {
                        return Err(Rejection::PriceNotPositive);
                    }
                }
            }
            let bids: Vec<u128> = outlet.bids.iter().map(|step| step.price).collect();
            let asks: Vec<u128> = outlet.asks.iter().map(|step| step.price).collect();
            let (mut best_bids, mut best_asks) = (bids.clone(), asks.clone());
            best_bids.sort_unstable_by(|one, other| other.cmp(one));
            best_bids.dedup();
            best_asks.sort_unstable();
            best_asks.dedup();
            if best_bids != bids || best_asks != asks {
                return Err(Rejection::DepthUnordered);
            }
            if bids.first().zip(asks.first()).is_some_and(|(bid, ask)| bid > ask) {
                return Err(Rejection::DepthCrossed);
            }
        }
        if correlations.len() > 256 {
            return Err(Rejection::LimitReached);
        }
        let sound =
            |(other, ppm): &(MarketId, i32)| *other != market && ppm.unsigned_abs() <= 1_000_000;
        if !correlations.iter().all(sound) {
            return Err(Rejection::BadParameter);
        }
        if conditions.observed_at > now {
            return Err(Rejection::DepthFuture);
        }
        if self.known.get(&market).is_some_and(|k| k.observed_at > conditions.observed_at) {
            return Err(Rejection::DepthOutOfOrder);
        }
        self.known.insert(market, conditions.clone());
        self.eaten.retain(|(of, _), _| *of != market);
        Ok(())
    }

    /// What is known of a market.
    #[must_use]
    pub fn known(&self, market: MarketId) -> Option<&Conditions> {
        self.known.get(&market)
    }

    /// A sale takes so much.
    ///
    /// # Errors
    /// None is known.
    pub fn eat(&mut self, market: MarketId, buy: bool, quantity: u128, now: Time) -> Result<()> {
        if self.known.contains_key(&market) {
            let sum = self.missing(market, buy, now)? + quantity;
            self.eaten.insert((market, buy), (sum, now));
        }
        Ok(())
    }

    /// What was taken and is not back: half of it is after each half-life, evenly within one.
    ///
    /// # Errors
    /// None is known.
    pub fn missing(&self, market: MarketId, buy: bool, now: Time) -> Result<Int> {
        let nothing = (Int::from(0), Time(0));
        let (quantity, at) = self.eaten.get(&(market, buy)).unwrap_or(&nothing);
        let half = Int::from(self.known.get(&market).map_or(0, |known| known.half_life_nanos));
        if half == Int::from(0) {
            return Ok(Int::from(0));
        }
        let lived = Int::from(now.0 - at.0.min(now.0));
        let halvings = floor(&lived, &half)?;
        if halvings >= Int::from(127) {
            return Ok(Int::from(0));
        }
        let rest = lived - &halvings * &half;
        let mut left = ceil(&(quantity * (&half * 2 - rest)), &(half * 2))?;
        let mut done = Int::from(0);
        while done < halvings {
            left = ceil(&left, &Int::from(2))?;
            done += 1;
        }
        Ok(left)
    }
}
