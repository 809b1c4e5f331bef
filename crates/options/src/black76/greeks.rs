//! The other derivatives of a discounted option on a forward, the forward held fixed.
//!
//! ```text
//! theta = -dP/dT = r P - e^(-rT) F n(d1) s / (2 sqrt T)     rho = dP/dr = -T P
//! vanna = -e^(-rT) n(d1) d2 / s    volga = vega d1 d2 / s    dual delta = -w e^(-rT) N(w d2)
//! ```
//!
//! (Black 1976; signs and units: options reference, section 3.) Without any deviation a value is
//! its payoff: what would be a density at the strike is taken as zero, as [`Black76::gamma`] does.

use super::{Black76, bounded};
use crate::normal::{cumulative, density};

/// Everything about one discounted option on a forward, computed together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ForwardGreeks {
    /// Value now, in quote units.
    pub price: f64,
    /// Derivative by the forward.
    pub delta: f64,
    /// Second derivative by the forward.
    pub gamma: f64,
    /// Derivative by volatility, for 1.00 of it.
    pub vega: f64,
    /// What a year of calendar time adds: minus the derivative by the years left.
    pub theta: f64,
    /// Derivative by the rate, for 1.00 of it.
    pub rho: f64,
    /// Derivative of delta by volatility.
    pub vanna: f64,
    /// Second derivative by volatility.
    pub volga: f64,
    /// Derivative by the strike.
    pub dual_delta: f64,
}

impl Black76 {
    /// Minus the derivative by years, discounted, a year.
    #[must_use]
    pub fn theta(&self) -> f64 {
        bounded(self.rate * self.price() - self.decay_per_year())
    }

    /// `dP/dr` for 1.00 of the rate.
    #[must_use]
    pub fn rho(&self) -> f64 {
        bounded(-self.years * self.price())
    }

    /// Derivative of [`Black76::delta`] by volatility, for 1.00 of it.
    #[must_use]
    pub fn vanna(&self) -> f64 {
        if self.deviation == 0.0 {
            return 0.0;
        }
        bounded(-self.discount * density_times(self.d1(), self.d2()) / self.volatility)
    }

    /// Second derivative by volatility, for 1.00 of it twice.
    #[must_use]
    pub fn volga(&self) -> f64 {
        if self.deviation == 0.0 {
            return 0.0;
        }
        let (d1, d2) = (self.d1(), self.d2());
        let bend = density_times(d1, d1) * bounded(d2 / self.volatility);
        bounded(self.discount * self.forward * self.root_years * bend)
    }

    /// Derivative by the strike.
    #[must_use]
    pub fn dual_delta(&self) -> f64 {
        let sign = self.kind.sign();
        bounded(-sign * self.discount * cumulative(sign * self.d2()))
    }

    /// All of them.
    #[must_use]
    pub fn greeks(&self) -> ForwardGreeks {
        ForwardGreeks {
            price: self.price(),
            delta: self.delta(),
            gamma: self.gamma(),
            vega: self.vega(),
            theta: self.theta(),
            rho: self.rho(),
            vanna: self.vanna(),
            volga: self.volga(),
            dual_delta: self.dual_delta(),
        }
    }

    fn decay_per_year(&self) -> f64 {
        if self.deviation == 0.0 {
            return 0.0;
        }
        let slope = bounded(self.volatility / (2.0 * self.root_years));
        bounded(self.discount * self.forward * density_times(self.d1(), slope))
    }
}

/// `n(d) times`: zero where the density is, however large the factor.
pub(crate) fn density_times(d: f64, times: f64) -> f64 {
    let density = density(d);
    if density == 0.0 { 0.0 } else { density * times }
}
