//! At what pace: models of impact, and the schedules that are best under them.
//!
//! Models compute in floats: quantities in units of the asset, prices in quote per unit, times in
//! days, volatility in quote per unit and square root of a day. A model gives a [`Proposal`];
//! [`Proposal::schedule`] turns it into base units that add up, and nothing else is ever sold.
//!
//! | model | impact | optimum |
//! |---|---|---|
//! | [`AlmgrenChriss`] | linear, temporary and permanent | closed form |
//! | [`Perpetual`] | the same, with funding paid on what is held | tridiagonal system |
//! | [`PowerLaw`] | temporary impact a power of the pace | shooting, to a stated tolerance |
//! | [`ObizhaevaWang`] | a block book that refills exponentially | closed form |
//! | [`TransientImpact`] | any decay kernel that is positive definite | Gram system |
//! | [`SquareRootLaw`] | of the whole sale, whatever its schedule | its cost; by pace, [`PowerLaw`] |
//!
//! Beside them the [`baselines`]: even, by a volume profile, a share of volume, at once.

pub mod almgren_chriss;
pub mod baselines;
pub mod frontier;
pub mod kernel;
pub mod linear;
pub mod obizhaeva_wang;
pub mod perpetual;
pub mod power_law;
pub(crate) mod sell_only;
pub mod square_root;
pub(crate) mod symmetric;
pub mod transient;

pub use almgren_chriss::AlmgrenChriss;
pub use frontier::{FrontierPoint, frontier, z_of_confidence};
pub use kernel::Kernel;
pub use linear::LinearMarket;
pub use obizhaeva_wang::{Continuous, ObizhaevaWang};
pub use perpetual::{Funding, Perpetual, Side};
pub use power_law::{PowerLaw, PowerMarket};
pub use square_root::SquareRootLaw;
pub use transient::{Caution, TransientImpact};

use crate::model_error::{finite, not_negative, number, positive};
use crate::schedule::{NANOS_A_DAY, SLICES_MAX};
use crate::{ModelError, Schedule};

/// Trades smaller than this share of the whole, of either sign, are rounding and count as nothing.
const ROUNDING_SHARE: f64 = 1e-9;

/// What a model proposes to sell when: floats, which decide nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// When each trade is made, in days after the start, ascending.
    pub at_days: Vec<f64>,
    /// What each sells, in units; negative where it buys.
    pub trades: Vec<f64>,
    /// What is held before the first trade and after each: one more than trades, the last 0.
    pub holdings: Vec<f64>,
}

impl Proposal {
    /// Of trades at given times. Holdings follow from the end, so that the last is exactly 0.
    ///
    /// # Errors
    /// Lists of different or no length; times that do not ascend from 0 or more; a trade that is no
    /// number.
    pub fn of_trades(at_days: Vec<f64>, trades: Vec<f64>) -> Result<Proposal, ModelError> {
        check_times("at_days", &at_days)?;
        if trades.len() != at_days.len() {
            let (found, expected) = (trades.len(), at_days.len());
            return Err(ModelError::Length { field: "trades", found, of: "at_days", expected });
        }
        let mut holdings = Vec::with_capacity(trades.len() + 1);
        let mut held = 0.0;
        holdings.push(held);
        for (index, trade) in trades.iter().enumerate().rev() {
            if !trade.is_finite() {
                return Err(ModelError::entry("trades", index, *trade, "a number"));
            }
            held += trade;
            holdings.push(finite("holdings", held)?);
        }
        holdings.reverse();
        Ok(Proposal { at_days, trades, holdings })
    }

    /// Of holdings at the ends of equal intervals of `interval_days`, the first being all there is:
    /// each trade is made at the start of its interval, as Almgren and Chriss (2000, section 1.2)
    /// have it.
    pub(crate) fn of_holdings(holdings: Vec<f64>, interval_days: f64) -> Proposal {
        let trades = holdings.windows(2).map(|pair| difference(pair)).collect::<Vec<f64>>();
        let at_days = (0..trades.len()).map(|index| index as f64 * interval_days).collect();
        Proposal { at_days, trades, holdings }
    }

    /// Units to sell in all.
    #[must_use]
    pub fn quantity(&self) -> f64 {
        self.holdings.first().copied().unwrap_or(0.0)
    }

    /// The first trade that buys more than rounding explains, and how much it sells (negative).
    #[must_use]
    pub fn first_purchase(&self) -> Option<(usize, f64)> {
        let least = -ROUNDING_SHARE * self.quantity().abs();
        self.trades.iter().copied().enumerate().find(|(_, trade)| *trade < least)
    }

    /// `quantity` base units in lots of `lot`, in proportion to the trades and at their times,
    /// rounded to the nanosecond.
    ///
    /// # Errors
    /// The proposal buys; times closer than a nanosecond or beyond 584 years; as
    /// [`Schedule::apportioned`].
    pub fn schedule(&self, quantity: u128, lot: u128) -> Result<Schedule, ModelError> {
        if let Some((index, sold)) = self.first_purchase() {
            let advice = "a longer horizon, less drift or funding, or a convex kernel does not buy";
            return Err(ModelError::Buys { index, quantity: sold, advice });
        }
        if quantity == 0 {
            return Ok(Schedule::default());
        }
        let shares: Vec<f64> = self.trades.iter().map(|trade| trade.max(0.0)).collect();
        let mut after_nanos = Vec::with_capacity(self.at_days.len());
        for (index, days) in self.at_days.iter().enumerate() {
            after_nanos.push(nanos(index, *days)?);
        }
        Schedule::apportioned(quantity, lot, &after_nanos, &shares)
    }

    /// Variance of the proceeds: `sigma^2` times the sum of what is held squared, each for as long
    /// as it is held, in quote squared. Almgren and Chriss (2000), equation 5, for any times.
    #[must_use]
    pub fn variance(&self, volatility: f64) -> f64 {
        let after = self.holdings.iter().skip(1);
        let waits = self.at_days.windows(2).map(|pair| -difference(pair));
        let sum: f64 = after.zip(waits).map(|(held, wait)| held * held * wait).sum();
        volatility * volatility * sum
    }

    /// Sum of what is held times how long, in units times days: what drift and funding act on.
    #[must_use]
    pub fn held_days(&self) -> f64 {
        let after = self.holdings.iter().skip(1);
        let waits = self.at_days.windows(2).map(|pair| -difference(pair));
        after.zip(waits).map(|(held, wait)| held * wait).sum()
    }
}

/// First less second of a pair.
pub(crate) fn difference(pair: &[f64]) -> f64 {
    match pair {
        [first, second] => first - second,
        _ => 0.0,
    }
}

fn nanos(index: usize, days: f64) -> Result<u64, ModelError> {
    let nanos = libm::rint(days * NANOS_A_DAY as f64);
    // 2^64 is exact as a float; below it the cast is.
    match nanos >= 0.0 && nanos < 18_446_744_073_709_551_616.0 {
        true => Ok(nanos as u64),
        false => Err(ModelError::entry("at_days", index, days, "at least 0 and within 584 years")),
    }
}

/// What a proposal costs against selling everything at the price of the start.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cost {
    /// Expected shortfall, in quote.
    pub expected: f64,
    /// Variance of the shortfall, in quote squared.
    pub variance: f64,
}

impl Cost {
    /// Standard deviation of the shortfall, in quote.
    #[must_use]
    pub fn deviation(&self) -> f64 {
        libm::sqrt(self.variance.max(0.0))
    }

    /// Expected shortfall plus `risk_aversion` (per quote) times its variance: what a seller of that
    /// aversion minimises.
    #[must_use]
    pub fn utility(&self, risk_aversion: f64) -> f64 {
        self.expected + risk_aversion * self.variance
    }

    /// Shortfall that is not exceeded in the share of cases that `z` standard deviations stand for:
    /// liquidity-adjusted value at risk, Almgren and Chriss (2000), section 3.1.
    #[must_use]
    pub fn value_at_risk(&self, z: f64) -> f64 {
        self.expected + z * self.deviation()
    }

    /// Expected shortfall in basis points of `value`, the worth at the start in quote.
    #[must_use]
    pub fn expected_bps(&self, value: f64) -> f64 {
        self.expected / value * 10_000.0
    }
}

/// Times that ascend from 0 or more, at least one.
pub(crate) fn check_times(field: &'static str, at_days: &[f64]) -> Result<(), ModelError> {
    if at_days.is_empty() {
        return Err(ModelError::Empty { field, expected: "at least one time" });
    }
    if at_days.len() > SLICES_MAX {
        return Err(ModelError::too_many(field, at_days.len(), SLICES_MAX));
    }
    let mut before = None;
    for (index, at) in at_days.iter().copied().enumerate() {
        if !(at.is_finite() && at >= 0.0) {
            return Err(ModelError::entry(field, index, at, "a number of at least 0"));
        }
        if before.is_some_and(|before| before >= at) {
            return Err(ModelError::entry(field, index, at, "later than the one before"));
        }
        before = Some(at);
    }
    Ok(())
}

/// A number of intervals between 1 and the bound.
pub(crate) fn check_intervals(intervals: usize) -> Result<(), ModelError> {
    match intervals {
        0 => Err(ModelError::field("intervals", 0.0, "at least 1")),
        many if many > SLICES_MAX => Err(ModelError::too_many("intervals", many, SLICES_MAX)),
        _ => Ok(()),
    }
}

/// What every schedule over equal intervals is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sale {
    /// Units to sell, above 0.
    pub quantity: f64,
    /// Days until all is sold, above 0.
    pub horizon_days: f64,
    /// Equal intervals of the horizon; one trade at the start of each.
    pub intervals: usize,
}

impl Sale {
    /// Days an interval lasts.
    #[must_use]
    pub fn interval_days(&self) -> f64 {
        self.horizon_days / self.intervals as f64
    }

    pub(crate) fn check(&self) -> Result<(), ModelError> {
        positive("quantity", self.quantity)?;
        positive("horizon_days", self.horizon_days)?;
        check_intervals(self.intervals)?;
        positive("days an interval", self.interval_days())?;
        Ok(())
    }
}

pub(crate) fn check_risk_aversion(value: f64) -> Result<f64, ModelError> {
    not_negative("risk_aversion", value)
}

pub(crate) fn check_drift(value: f64) -> Result<f64, ModelError> {
    number("drift_per_day", value)
}

#[cfg(test)]
mod tests;
