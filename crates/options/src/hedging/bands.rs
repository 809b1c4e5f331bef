//! Bands around a delta inside which it costs more to trade than not to.

use super::HedgeError;
use super::leland::adjusted;
use super::policy::Exposure;
use crate::Side;
use serde::{Deserialize, Serialize};

/// Holdings that are left alone, in units of the underlying.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Band {
    /// Least holding.
    pub lower: f64,
    /// Largest holding.
    pub upper: f64,
}

impl Band {
    /// The band of a half-width around a centre.
    #[must_use]
    pub fn around(centre: f64, half_width: f64) -> Band {
        Band { lower: centre - half_width, upper: centre + half_width }
    }

    /// Whether a holding is left alone.
    #[must_use]
    pub fn holds(&self, holding: f64) -> bool {
        holding >= self.lower && holding <= self.upper
    }

    /// The holding after trading: itself inside the band, the nearest edge outside, never the centre
    /// (Whalley and Wilmott, 1997; Davis, Panas and Zariphopoulou, 1993).
    #[must_use]
    pub fn nearest(&self, holding: f64) -> f64 {
        holding.max(self.lower).min(self.upper)
    }
}

/// Half-width of the band of Whalley and Wilmott ("An asymptotic analysis of an optimal hedging model
/// for option pricing with transaction costs", Mathematical Finance 7, 1997), in units of the
/// underlying: `(3/2 e^(-rT) lambda S Gamma^2 / gamma)^(1/3)`, `lambda` one way. Gamma is that of the
/// whole position.
///
/// # Errors
/// An exposure or a risk aversion out of its range, or a width that is no float.
pub fn whalley_wilmott(exposure: &Exposure, risk_aversion: f64) -> Result<f64, HedgeError> {
    exposure.check()?;
    check_aversion(risk_aversion)?;
    let Exposure { price, gamma, years, rate, cost_one_way, .. } = *exposure;
    let cube =
        1.5 * libm::exp(-rate * years) * cost_one_way * price * gamma * gamma / risk_aversion;
    finite("half_width", libm::cbrt(cube))
}

/// Coefficients and powers of Zakamouline's fit. Others have fitted other numbers, so they are data.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ZakamoulineCoefficients {
    /// Of the adjustment of variance; its powers of cost, time, discount over volatility, and of the
    /// risk aversion times gamma.
    pub variance: [f64; 5],
    /// Of the half-width `H1`; its powers of cost, time, discount over volatility, and of gamma over
    /// risk aversion.
    pub width: [f64; 5],
}

impl Default for ZakamoulineCoefficients {
    fn default() -> Self {
        ZAKAMOULINE
    }
}

/// Those of Zakamouline, "Efficient analytic approximation of the optimal hedging strategy for a
/// European call option with transaction costs", Quantitative Finance 6, 2006.
pub const ZAKAMOULINE: ZakamoulineCoefficients = ZakamoulineCoefficients {
    variance: [-4.76, 0.78, -0.02, 0.25, 0.15],
    width: [1.12, 0.31, 0.05, 0.25, 0.5],
};

/// The hedge of Zakamouline: a delta at another volatility, and a band around it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Zakamouline {
    /// `K`: share of variance added, below zero for a long position.
    pub variance_adjustment: f64,
    /// `sqrt(1 + K)`: times the volatility at which the delta at the centre is taken.
    pub volatility_factor: f64,
    /// `H0`: half-width that does not depend on gamma.
    pub h0: f64,
    /// `H1`: half-width that does.
    pub h1: f64,
}

impl Zakamouline {
    /// `H0 + H1`, in units of the underlying.
    #[must_use]
    pub fn half_width(&self) -> f64 {
        self.h0 + self.h1
    }
}

/// Volatility and band of Zakamouline for a position whose gamma is long (`K` below zero) or short (`K`
/// above zero). The paper treats one side; that costs add variance to a short and take it from a long
/// option is as with Leland.
///
/// ```text
/// K  = -+4.76 lambda^0.78 T^-0.02 (e^(-rT)/s)^0.25 (gamma S^2 |Gamma|)^0.15
/// H0 = lambda / (gamma S s^2 T)
/// H1 = 1.12 lambda^0.31 T^0.05 (e^(-rT)/s)^0.25 (|Gamma|/gamma)^0.5
/// ```
///
/// # Errors
/// An exposure, a risk aversion or a coefficient out of its range, and a long position that has no
/// volatility to be hedged at.
pub fn zakamouline(
    exposure: &Exposure,
    risk_aversion: f64,
    coefficients: &ZakamoulineCoefficients,
) -> Result<Zakamouline, HedgeError> {
    exposure.check()?;
    check_aversion(risk_aversion)?;
    let Exposure { price, gamma, years, volatility, rate, cost_one_way } = *exposure;
    require("years", years, is_positive(years), POSITIVE)?;
    require("volatility", volatility, is_positive(volatility), POSITIVE)?;
    for value in coefficients.variance.iter().chain(&coefficients.width) {
        require("coefficients", *value, value.abs() <= 1e3, "numbers within 1000 are right")?;
    }
    let discounted = libm::exp(-rate * years) / volatility;
    let gamma_size = gamma.abs();
    let [scale, cost, time, discount, curve] = coefficients.variance;
    let adjustment = scale
        * libm::pow(cost_one_way, cost)
        * libm::pow(years, time)
        * libm::pow(discounted, discount)
        * libm::pow(risk_aversion * price * price * gamma_size, curve);
    let adjustment = match exposure.side() {
        Side::Long => adjustment,
        Side::Short => -adjustment,
    };
    let variance_adjustment = finite("variance_adjustment", adjustment)?;
    let [scale, cost, time, discount, curve] = coefficients.width;
    let h1 = scale
        * libm::pow(cost_one_way, cost)
        * libm::pow(years, time)
        * libm::pow(discounted, discount)
        * libm::pow(gamma_size / risk_aversion, curve);
    let h0 = cost_one_way / (risk_aversion * price * volatility * volatility * years);
    Ok(Zakamouline {
        variance_adjustment,
        volatility_factor: adjusted("Zakamouline", variance_adjustment)?,
        h0: finite("h0", h0)?,
        h1: finite("h1", h1)?,
    })
}

fn check_aversion(risk_aversion: f64) -> Result<(), HedgeError> {
    Ok(require("risk_aversion", risk_aversion, is_positive(risk_aversion), POSITIVE)?)
}

fn finite(field: &'static str, value: f64) -> Result<f64, HedgeError> {
    require(field, value, value.is_finite(), "inputs that give a finite number are right")?;
    Ok(value)
}

use crate::error::{POSITIVE, is_positive, require};
