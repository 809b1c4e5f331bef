//! A market whose impact is linear in the pace and in the quantity.

use super::sell_only::{SellOnly, sell_only};
use super::{Cost, Proposal, Sale, check_drift};
use crate::ModelError;
use crate::model_error::{finite, not_negative};

/// Prices that fall by `temporary` times the pace while a sale lasts and by `permanent` times the
/// quantity for good: Almgren and Chriss, "Optimal Execution of Portfolio Transactions" (2000),
/// section 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LinearMarket {
    /// Standard deviation of the price, quote per unit and square root of a day, at least 0.
    pub volatility: f64,
    /// Quote per unit that every sale pays, at least 0: half the spread, and fees.
    pub half_spread: f64,
    /// `eta`: quote per unit, per unit a day of pace, above 0.
    pub temporary: f64,
    /// `gamma`: quote per unit, per unit sold, at least 0.
    pub permanent: f64,
    /// `alpha`: quote per unit by which the price is expected to rise each day, of either sign.
    pub drift_per_day: f64,
}

impl LinearMarket {
    /// `eta~ = eta - gamma tau / 2`: the temporary impact less what permanent impact of the same
    /// trade it would count twice.
    #[must_use]
    pub fn adjusted_temporary(&self, interval_days: f64) -> f64 {
        self.temporary - 0.5 * self.permanent * interval_days
    }

    /// That every figure is one, and that trading faster costs more over this interval.
    ///
    /// # Errors
    /// Names the figure.
    pub fn check(&self, interval_days: f64) -> Result<(), ModelError> {
        not_negative("volatility", self.volatility)?;
        not_negative("half_spread", self.half_spread)?;
        not_negative("permanent", self.permanent)?;
        check_drift(self.drift_per_day)?;
        if !(self.temporary.is_finite() && self.temporary > 0.0) {
            return Err(ModelError::field("temporary", self.temporary, "a number above 0"));
        }
        let adjusted = self.adjusted_temporary(interval_days);
        if adjusted > 0.0 {
            return Ok(());
        }
        let expected = "above 0: more intervals, more temporary impact or less permanent impact";
        Err(ModelError::field("temporary less half of permanent a trade", adjusted, expected))
    }

    /// Expected shortfall and variance of `proposal`, whose trades each last `interval_days`:
    /// `gamma X^2/2 + eps sum |n| + (eta~/tau) sum n^2 - alpha tau sum x` and
    /// `sigma^2 tau sum x^2` (2000, equations 4, 5 and 20).
    ///
    /// # Errors
    /// As [`LinearMarket::check`], or a figure beyond the range of floats.
    pub fn cost(&self, proposal: &Proposal, interval_days: f64) -> Result<Cost, ModelError> {
        self.check(interval_days)?;
        let quantity = proposal.quantity();
        let pace = self.adjusted_temporary(interval_days) / interval_days;
        let sizes: f64 = proposal.trades.iter().map(|trade| trade.abs()).sum();
        let squares: f64 = proposal.trades.iter().map(|trade| trade * trade).sum();
        let expected =
            0.5 * self.permanent * quantity * quantity + self.half_spread * sizes + pace * squares
                - self.drift_per_day * proposal.held_days();
        Ok(Cost {
            expected: finite("expected cost", expected)?,
            variance: finite("variance", proposal.variance(self.volatility))?,
        })
    }

    /// The best sale that never buys, where a unit held over the interval after trade k (from 1) is
    /// expected to gain `drift(k)`.
    pub(crate) fn sell_only(
        &self,
        sale: &Sale,
        risk_aversion: f64,
        drift: &dyn Fn(usize) -> f64,
    ) -> Result<Proposal, ModelError> {
        let tau = sale.interval_days();
        let slope = 2.0 * self.adjusted_temporary(tau) / tau;
        let spread = self.half_spread;
        let holdings = sell_only(&SellOnly {
            quantity: sale.quantity,
            intervals: sale.intervals,
            least_price: spread,
            most_price: spread + slope * sale.quantity,
            sold_at: &|price| (price - spread) / slope,
            risk: 2.0 * risk_aversion * self.volatility * self.volatility * tau,
            drift,
        })?;
        Ok(Proposal::of_holdings(holdings, tau))
    }

    pub(crate) fn check_for(&self, sale: &Sale) -> Result<(), ModelError> {
        sale.check()?;
        self.check(sale.interval_days())
    }
}
