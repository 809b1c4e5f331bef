//! A crash, step by step, with guards around its liquidations.
//!
//! A step is a minute. The price is a stated path without sales, times `exp(-x)`, where `x` grows by
//! units sold over depth and is forgotten at a stated rate: unlike in [`crate::stress::cascade`], the
//! market recovers, so that slowing sales down can help, and can cost.

use super::Score;
use crate::stress::StressError;
use crate::stress::cascade::{Position, Terms};
use crate::stress::error::{Range, check, check_all};
use breakwater_liquidation::solvency::bands::{Bands, Reference, Trading};
use breakwater_liquidation::solvency::outflow::Throttle;
use breakwater_liquidation::solvency::stress_state::{CloseFactor, Grace};

/// Seconds of a step.
const STEP: u64 = 60;

/// Base units of the integer rules to one of the model.
const SCALE: f64 = 1e6;

/// Largest value or price that the integer rules are asked about.
const VALUE_MAX: f64 = 1e24;

/// A book before a crash, and the market that it is sold into.
#[derive(Debug, Clone, PartialEq)]
pub struct Crash {
    /// Its accounts.
    pub positions: Vec<Position>,
    /// How they are liquidated, unless a guard says otherwise.
    pub terms: Terms,
    /// The price at each step if nobody sold.
    pub prices: Vec<f64>,
    /// Units that move it by a factor of e.
    pub depth: f64,
    /// Share of what sales took off the logarithm of the price that comes back in a step, 0 to 1.
    pub recovery: f64,
}

/// Guards around the liquidations. The default guards nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CascadeGuards {
    /// Most value that is repaid in any window: value in units of the price, and seconds.
    pub throttle: Option<(u64, u64)>,
    /// Closes little of a debt just below its line; its whole-debt bound is in millionths.
    pub close_factor: Option<CloseFactor>,
    /// Nobody is liquidated so soon after falling below the line.
    pub grace: Option<Grace>,
    /// Width of limit bands around the five-minute mean, basis points; at one, trading pauses.
    pub band_bps: Option<u32>,
}

/// What a crash is while it goes on.
struct Course<'a> {
    crash: &'a Crash,
    guards: CascadeGuards,
    positions: Vec<Position>,
    throttle: Option<Throttle>,
    /// Second at which each account fell below its line.
    called: Vec<Option<u64>>,
    /// Value repaid of accounts that would have been healthy without sales.
    dragged: f64,
    repaid: f64,
    /// Units sold in this step.
    sold: f64,
    /// Value that should have been repaid in this step and was not.
    blocked: f64,
}

/// A value as the integer rules take it, rounded down.
fn raw(value: f64) -> u128 {
    (value * SCALE).clamp(0.0, VALUE_MAX * SCALE) as u128
}

impl Crash {
    /// Plays the crash with guards. Trapped is debt that could have been liquidated and was held back;
    /// a trip is false if the price without sales was lower when the pause ended than when it began, so
    /// that waiting made it worse; hurt is the share of all repaid value that was repaid for accounts
    /// which would have been healthy if nobody had sold.
    ///
    /// # Errors
    /// A field that the model does not have, or a guard that makes no sense.
    pub fn score(&self, guards: CascadeGuards) -> Result<Score, StressError> {
        self.validate(&guards)?;
        let throttle = guards.throttle.map(|(value, seconds)| {
            Throttle::new(raw(value as f64), seconds).map_err(StressError::Rule)
        });
        let mut course = Course {
            crash: self,
            guards,
            positions: self.positions.clone(),
            throttle: throttle.transpose()?,
            called: vec![None; self.positions.len()],
            dragged: 0.0,
            repaid: 0.0,
            sold: 0.0,
            blocked: 0.0,
        };
        let mut score = Score { trough_price: f64::INFINITY, ..Score::default() };
        let (mut pressed, mut reference, mut trading) = (0.0, Reference::default(), Trading::Open);
        let mut paused_at: Option<f64> = None;
        let mut price = 0.0;
        for (number, without) in self.prices.iter().enumerate() {
            let second = number as u64 * STEP;
            price = without * libm::exp(-pressed);
            if let Some(width) = guards.band_bps {
                let mean = reference.at(second).unwrap_or(raw(price));
                let bands = Bands::share_of(mean, width)
                    .map_err(|error| StressError::Rule(error.to_string()))?;
                let before = trading;
                trading = trading.after(second, raw(price), &bands);
                let paused = |trading| matches!(trading, Trading::Paused { .. });
                if paused(trading) && !paused(before) {
                    score.trips += 1;
                    paused_at = Some(*without);
                } else if paused(before) && !paused(trading) {
                    let began = paused_at.take();
                    score.false_trips += u32::from(began.is_some_and(|began| *without < began));
                }
                reference.trade(second, raw(price));
            }
            let open = !matches!(trading, Trading::Paused { .. });
            course.step(second, price, *without, open);
            pressed = pressed * (1.0 - self.recovery) + course.sold / self.depth;
            score.trough_price = score.trough_price.min(without * libm::exp(-pressed));
            score.trapped_value_hours += course.blocked / 60.0;
        }
        score.trough_price = score.trough_price.min(price);
        score.bad_debt = course.positions.iter().map(|p| p.uncovered(price)).sum();
        if course.repaid > 0.0 {
            score.users_hurt = course.dragged / course.repaid;
        }
        Ok(score)
    }

    fn validate(&self, guards: &CascadeGuards) -> Result<(), StressError> {
        self.terms.validate()?;
        check("depth", self.depth, Range::AboveZero)?;
        check("recovery", self.recovery, Range::Share)?;
        check_all("prices", self.prices.iter().copied(), Range::AboveZero)?;
        check_all("collateral", self.positions.iter().map(|p| p.collateral), Range::ZeroOrMore)?;
        check_all("debt", self.positions.iter().map(|p| p.debt), Range::ZeroOrMore)?;
        if let Some(factor) = guards.close_factor {
            factor.validate().map_err(StressError::Rule)?;
        }
        if self.prices.is_empty() {
            let right = "at least one is right".to_owned();
            return Err(StressError::Length { field: "prices", found: 0, right });
        }
        Ok(())
    }
}

impl Course<'_> {
    /// Liquidates the accounts of one step, in their order.
    fn step(&mut self, second: u64, price: f64, without: f64, open: bool) {
        (self.sold, self.blocked) = (0.0, 0.0);
        let terms = self.crash.terms;
        for at in 0..self.positions.len() {
            let position = self.positions[at];
            if !position.is_liquidatable(price, terms.threshold) {
                self.called[at] = None;
                continue;
            }
            let called = *self.called[at].get_or_insert(second);
            let health = position.collateral * price * terms.threshold / position.debt;
            let health_bps = (10_000.0 * health).clamp(0.0, 9_999.0) as u32;
            let wanted = match self.guards.close_factor {
                Some(factor) => {
                    let closes = factor.closes(raw(position.debt), health_bps) as f64 / SCALE;
                    closes.min(position.debt)
                }
                None => terms.close_factor * position.debt,
            };
            let waited = self.guards.grace.is_none_or(|g| g.over(called, second, health_bps));
            let may = match &mut self.throttle {
                _ if !open || !waited => 0.0,
                // Below a millionth nothing is counted, and nothing is sold.
                Some(throttle) => throttle.take(second, raw(wanted)) as f64 / SCALE,
                None => wanted,
            };
            self.blocked += wanted - may;
            if may > 0.0 {
                let own = Terms { close_factor: (may / position.debt).min(1.0), ..terms };
                let (units, value) = own.liquidate(&mut self.positions[at], price);
                self.sold += units;
                self.repaid += value;
                if !position.is_liquidatable(without, terms.threshold) {
                    self.dragged += value;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crash(fall: f64) -> Crash {
        let positions = (0..60u32)
            .map(|at| Position { collateral: 10.0, debt: 6.0 + 0.03 * f64::from(at) })
            .collect();
        // Down over ten minutes, and level for two hours.
        let prices = (0..130u32).map(|at| 1.0 - fall * f64::from(at.min(10)) / 10.0).collect();
        let terms = Terms { threshold: 0.85, close_factor: 0.5, bonus: 0.05 };
        Crash { positions, terms, prices, depth: 700.0, recovery: 0.05 }
    }

    #[test]
    fn a_throttle_raises_the_trough_and_hurts_fewer_where_the_market_recovers() {
        let crash = crash(0.12);
        let none = crash.score(CascadeGuards::default()).unwrap();
        let slow = CascadeGuards { throttle: Some((5, 60)), ..CascadeGuards::default() };
        let slow = crash.score(slow).unwrap();
        assert!(slow.trough_price > none.trough_price + 0.01);
        assert!(slow.users_hurt < none.users_hurt, "{slow:?} {none:?}");
        assert!(slow.trapped_value_hours > 0.0 && none.trapped_value_hours == 0.0);
    }

    #[test]
    fn every_guard_holds_back_and_none_pays_beyond_what_is_owed() {
        let crash = crash(0.15);
        let none = crash.score(CascadeGuards::default()).unwrap();
        let factor = CloseFactor { least_bps: 1_000, full_at_health_bps: 9_000, whole_up_to: 0 };
        for guards in [
            CascadeGuards { close_factor: Some(factor), ..CascadeGuards::default() },
            CascadeGuards {
                grace: Some(Grace { seconds: 600, least_health_bps: 5_000 }),
                ..CascadeGuards::default()
            },
            CascadeGuards { band_bps: Some(300), ..CascadeGuards::default() },
        ] {
            let score = crash.score(guards).unwrap();
            assert_ne!(score, none, "{guards:?}");
            assert!((0.0..=1.0).contains(&score.users_hurt) && score.bad_debt >= 0.0);
        }
        let band = CascadeGuards { band_bps: Some(300), ..CascadeGuards::default() };
        let band = crash.score(band).unwrap();
        assert!(band.trips > 0 && band.false_trips > 0, "{band:?}");
    }

    #[test]
    fn a_throttle_of_nothing_leaves_the_debt_and_says_so() {
        let crash = crash(0.5);
        let closed = CascadeGuards { throttle: Some((0, 60)), ..CascadeGuards::default() };
        let score = crash.score(closed).unwrap();
        let owed: f64 = crash.positions.iter().map(|p| p.uncovered(0.5)).sum();
        assert!((score.bad_debt - owed).abs() < 1e-9 && owed > 0.0);
        assert!((score.trough_price - 0.5).abs() < 1e-12);
        let never = CascadeGuards { throttle: Some((1, 0)), ..CascadeGuards::default() };
        assert!(crash.score(never).is_err());
        assert!(Crash { prices: vec![], ..crash }.score(CascadeGuards::default()).is_err());
    }
}
