//! The best pace in a market of linear impact.

use super::{Cost, LinearMarket, Proposal, Sale, check_risk_aversion};
use crate::ModelError;
use crate::model_error::finite;

/// Below this `kappa T` the limit without risk aversion is nearer than the closed form's rounding:
/// they differ by its square.
const KAPPA_LEAST: f64 = 1e-7;

/// Sells `sale` at the least `E + lambda V`: Almgren and Chriss (2000), sections 2.2 and 4.1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AlmgrenChriss {
    /// What is sold by when.
    pub sale: Sale,
    /// Where.
    pub market: LinearMarket,
    /// `lambda`: what a unit of variance is worth avoiding, per quote, at least 0.
    pub risk_aversion: f64,
}

impl AlmgrenChriss {
    /// `kappa = arccosh(1 + lambda sigma^2 tau^2 / (2 eta~)) / tau`, per day: the rate at which the
    /// holdings fall. Its inverse is the half-life of the paper.
    ///
    /// # Errors
    /// As [`AlmgrenChriss::propose`].
    pub fn kappa_per_day(&self) -> Result<f64, ModelError> {
        self.check()?;
        let tau = self.sale.interval_days();
        let adjusted = self.market.adjusted_temporary(tau);
        let volatility = self.market.volatility;
        let root = tau * volatility * libm::sqrt(self.risk_aversion / adjusted);
        // arccosh(1 + y) = 2 arsinh(sqrt(y / 2)), which keeps the digits of a small y.
        finite("kappa", 2.0 * libm::asinh(0.5 * root) / tau)
    }

    /// 1 / kappa in days: the time in which a sale without end would sell all but 1/e; none without
    /// risk aversion.
    ///
    /// # Errors
    /// As [`AlmgrenChriss::propose`].
    pub fn half_life_days(&self) -> Result<Option<f64>, ModelError> {
        let kappa = self.kappa_per_day()?;
        Ok((kappa > 0.0 && (1.0 / kappa).is_finite()).then(|| 1.0 / kappa))
    }

    /// The holdings at the ends of the intervals, in closed form:
    /// `x = X sinh(kappa (T - t)) / sinh(kappa T)`, and with drift as much more as the way to the
    /// relaxed level `alpha / (2 lambda sigma^2)` adds. With a strong drift it may buy at times;
    /// [`AlmgrenChriss::propose_sell_only`] does not.
    ///
    /// # Errors
    /// The field that is wrong, its value and what would be right.
    pub fn propose(&self) -> Result<Proposal, ModelError> {
        let kappa = self.kappa_per_day()?;
        let Sale { quantity, horizon_days, intervals } = self.sale;
        let tau = self.sale.interval_days();
        let last = self.relaxation(kappa)?;
        let mut holdings = Vec::with_capacity(intervals + 1);
        for index in 0..=intervals {
            // Counted from each end, so that both are exact.
            let (gone, left) = (index as f64 * tau, (intervals - index) as f64 * tau);
            let sold_down = if kappa * horizon_days < KAPPA_LEAST {
                (intervals - index) as f64 / intervals as f64
            } else {
                sinh_ratio(kappa * left, kappa * gone, kappa * horizon_days)
            };
            holdings.push(finite("holdings", quantity * sold_down + last.at(gone, left))?);
        }
        Ok(Proposal::of_holdings(holdings, tau))
    }

    /// The same optimum under the condition that nothing is ever bought, found by shooting: equal
    /// to the closed form where that buys nothing.
    ///
    /// # Errors
    /// As [`AlmgrenChriss::propose`]; a search that does not end.
    pub fn propose_sell_only(&self) -> Result<Proposal, ModelError> {
        self.check()?;
        let drift = self.market.drift_per_day * self.sale.interval_days();
        self.market.sell_only(&self.sale, self.risk_aversion, &|_| drift)
    }

    /// What a proposal over the same intervals costs in this market.
    ///
    /// # Errors
    /// As [`LinearMarket::cost`].
    pub fn cost(&self, proposal: &Proposal) -> Result<Cost, ModelError> {
        self.market.cost(proposal, self.sale.interval_days())
    }

    fn check(&self) -> Result<(), ModelError> {
        self.market.check_for(&self.sale)?;
        check_risk_aversion(self.risk_aversion)?;
        Ok(())
    }

    /// What drift adds. From `2 eta~ (second difference of x) = tau^2 (2 lambda sigma^2 x - alpha)`
    /// with both ends 0: `alpha / (2 lambda sigma^2) (1 - cosh(kappa (T/2 - t)) / cosh(kappa T/2))`,
    /// and `alpha t (T - t) / (4 eta~)` where risk aversion vanishes.
    fn relaxation(&self, kappa: f64) -> Result<Relaxation, ModelError> {
        let alpha = self.market.drift_per_day;
        let variance = self.market.volatility * self.market.volatility;
        if kappa * self.sale.horizon_days < KAPPA_LEAST {
            let adjusted = self.market.adjusted_temporary(self.sale.interval_days());
            return Ok(Relaxation { kappa: 0.0, scale: finite("drift", 0.25 * alpha / adjusted)? });
        }
        let scale = 0.5 * alpha / (self.risk_aversion * variance);
        Ok(Relaxation { kappa, scale: finite("drift over risk aversion", scale)? })
    }
}

struct Relaxation {
    kappa: f64,
    scale: f64,
}

impl Relaxation {
    fn at(&self, gone: f64, left: f64) -> f64 {
        if self.kappa == 0.0 {
            return self.scale * gone * left;
        }
        // 1 - cosh((b - a)/2) / cosh((a + b)/2) as a product without cancellation or overflow.
        let (a, b) = (self.kappa * gone, self.kappa * left);
        let share = libm::expm1(-a) * libm::expm1(-b) / (1.0 + libm::exp(-(a + b)));
        self.scale * share
    }
}

/// `sinh(left) / sinh(whole)` with `gone = whole - left`, at any size: both exponentials are taken
/// out, so nothing overflows.
fn sinh_ratio(left: f64, gone: f64, whole: f64) -> f64 {
    libm::exp(-gone) * libm::expm1(-2.0 * left) / libm::expm1(-2.0 * whole)
}
