//! The best pace where temporary impact is a power of it.

use super::sell_only::{SellOnly, sell_only};
use super::{Cost, Proposal, Sale, check_drift, check_risk_aversion};
use crate::ModelError;
use crate::model_error::{finite, not_negative, positive};

/// Least exponent: below it impact hardly knows the pace and the optimum is all but one block.
pub const EXPONENT_LEAST: f64 = 0.1;
/// Largest exponent: twice linear.
pub const EXPONENT_MOST: f64 = 2.0;

/// Most steps of Newton's method for one trade; it gains on the answer from one side, doubling its
/// digits.
const STEPS_MAX: usize = 100;

/// Temporary impact `temporary * pace ^ exponent`: Almgren, "Optimal Execution with Nonlinear
/// Impact Functions and Trading-Enhanced Risk" (2003), section 2. Permanent impact stays linear,
/// as it must where round trips may not pay (Huberman and Stanzl, 2004).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PowerMarket {
    /// Standard deviation of the price, quote per unit and square root of a day, at least 0.
    pub volatility: f64,
    /// Quote per unit that every sale pays, at least 0.
    pub half_spread: f64,
    /// Quote per unit at a pace of one unit a day, above 0.
    pub temporary: f64,
    /// Power of the pace, 0.1 to 2; 1 is linear.
    pub exponent: f64,
    /// Quote per unit, per unit sold, at least 0; 0 where the exponent is above 1.
    pub permanent: f64,
    /// Quote per unit by which the price is expected to rise each day.
    pub drift_per_day: f64,
}

impl PowerMarket {
    fn check(&self, sale: &Sale) -> Result<(), ModelError> {
        sale.check()?;
        not_negative("volatility", self.volatility)?;
        not_negative("half_spread", self.half_spread)?;
        positive("temporary", self.temporary)?;
        not_negative("permanent", self.permanent)?;
        check_drift(self.drift_per_day)?;
        if !(self.exponent >= EXPONENT_LEAST && self.exponent <= EXPONENT_MOST) {
            return Err(ModelError::field("exponent", self.exponent, "0.1 to 2"));
        }
        if self.exponent > 1.0 && self.permanent > 0.0 {
            let expected = "0 where the exponent is above 1: small trades would pay for themselves";
            return Err(ModelError::field("permanent", self.permanent, expected));
        }
        // The marginal cost must still rise at the largest trade there could be.
        let rise = self.marginal_slope(sale.quantity, sale.interval_days());
        if rise > 0.0 && rise.is_finite() {
            return Ok(());
        }
        let expected = "above 0: more intervals, more temporary impact or less permanent impact";
        Err(ModelError::field("slope of the marginal cost of selling all at once", rise, expected))
    }

    /// `f'(n) - eps = (1 + beta) c (n / tau)^beta - gamma n`.
    fn marginal(&self, trade: f64, tau: f64) -> f64 {
        (1.0 + self.exponent) * self.temporary * libm::pow(trade / tau, self.exponent)
            - self.permanent * trade
    }

    fn marginal_slope(&self, trade: f64, tau: f64) -> f64 {
        let power = libm::pow(trade / tau, self.exponent - 1.0) / tau;
        (1.0 + self.exponent) * self.exponent * self.temporary * power - self.permanent
    }

    /// Inverse of [`PowerMarket::marginal`], at most `most`.
    fn sold_at(&self, above_spread: f64, tau: f64, most: f64) -> f64 {
        let level = above_spread / ((1.0 + self.exponent) * self.temporary);
        let mut trade = tau * libm::pow(level, 1.0 / self.exponent);
        if self.permanent == 0.0 {
            return trade;
        }
        // The marginal is concave here, so a tangent from below stays below the answer.
        for _ in 0..STEPS_MAX {
            if trade >= most {
                return most;
            }
            let step = (above_spread - self.marginal(trade, tau)) / self.marginal_slope(trade, tau);
            let next = trade + step;
            if !(next > trade) {
                break;
            }
            trade = next;
        }
        trade
    }

    /// Expected shortfall and variance of `proposal`, whose trades each last `interval_days`:
    /// `gamma X^2/2 - gamma sum n^2/2 + eps sum |n| + sum |n| c |n/tau|^beta - alpha tau sum x`,
    /// the permanent part counted as in the linear market.
    ///
    /// # Errors
    /// A figure that leaves the range of floats; an interval that is not above 0.
    pub fn cost(&self, proposal: &Proposal, interval_days: f64) -> Result<Cost, ModelError> {
        positive("interval_days", interval_days)?;
        let quantity = proposal.quantity();
        let mut expected = 0.5 * self.permanent * quantity * quantity;
        for trade in proposal.trades.iter().map(|trade| trade.abs()) {
            let impact = self.temporary * libm::pow(trade / interval_days, self.exponent);
            expected += trade * (self.half_spread + impact) - 0.5 * self.permanent * trade * trade;
        }
        expected -= self.drift_per_day * proposal.held_days();
        Ok(Cost {
            expected: finite("expected cost", expected)?,
            variance: finite("variance", proposal.variance(self.volatility))?,
        })
    }
}

/// Sells `sale` at the least `E + lambda V` in a [`PowerMarket`], never buying.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PowerLaw {
    /// What is sold by when.
    pub sale: Sale,
    /// Where.
    pub market: PowerMarket,
    /// `lambda`, per quote, at least 0.
    pub risk_aversion: f64,
}

impl PowerLaw {
    /// The optimum over the grid, holdings to about 1e-12 of the quantity: the conditions of
    /// optimality are solved by shooting, which is exact but for rounding.
    ///
    /// # Errors
    /// The field that is wrong, its value and what would be right; a search that does not end.
    pub fn propose(&self) -> Result<Proposal, ModelError> {
        self.market.check(&self.sale)?;
        check_risk_aversion(self.risk_aversion)?;
        let (market, quantity) = (&self.market, self.sale.quantity);
        let tau = self.sale.interval_days();
        let most = market.marginal(quantity, tau);
        let holdings = sell_only(&SellOnly {
            quantity,
            intervals: self.sale.intervals,
            least_price: market.half_spread,
            most_price: finite("cost of selling all at once", market.half_spread + most)?,
            sold_at: &|price| market.sold_at(price - market.half_spread, tau, quantity),
            risk: 2.0 * self.risk_aversion * market.volatility * market.volatility * tau,
            drift: &|_| market.drift_per_day * tau,
        })?;
        Ok(Proposal::of_holdings(holdings, tau))
    }

    /// What a proposal over the same intervals costs in this market.
    ///
    /// # Errors
    /// As [`PowerMarket::cost`].
    pub fn cost(&self, proposal: &Proposal) -> Result<Cost, ModelError> {
        self.market.check(&self.sale)?;
        self.market.cost(proposal, self.sale.interval_days())
    }
}
