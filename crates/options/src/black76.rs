//! A European option on a forward (Black 1976), and the same settled in coin.
//!
//! ```text
//! v = s sqrt T    d1 = ln(F/K)/v + v/2    d2 = d1 - v    w = +1 call, -1 put
//! V = w (F N(w d1) - K N(w d2))           price = e^(-rT) V
//! ```
//!
//! `V` is computed on the side that is out of the money and intrinsic value is added for the other,
//! so nothing cancels between them. Out of the money, with `h = |ln(F/K)|/v` and `t = v/2`,
//!
//! ```text
//! V = sqrt(FK)/2 e^(-(h^2+t^2)/2) [erfcx((h-t)/sqrt 2) - erfcx((h+t)/sqrt 2)]
//! ```
//!
//! where the bracket is a series in `t` if `t` is small, and `min N(t-h) - max N(-t-h)` takes its
//! place where `t` exceeds `h` (the form and its limits: options reference, section 3).
//!
//! An inverse option's value is `c = V/F` coins. `dc/dF = (D - c)/F` with `D = w N(w d1)`, and
//! `D - c = w (K/F) N(w d2)` without a difference; `d2c/dF2 = G/F - 2 (D - c)/F^2`.

use crate::error::{NOT_NEGATIVE, OptionError, PRICE, is_not_negative, is_price, require};
use crate::normal::{ROOT_HALF, cumulative, decay, density, scaled_tail};
use serde::{Deserialize, Serialize};

/// The right that an option gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// To buy at the strike.
    Call,
    /// To sell at the strike.
    Put,
}

impl Kind {
    /// +1 for a call, -1 for a put.
    #[must_use]
    pub fn sign(self) -> f64 {
        match self {
            Kind::Call => 1.0,
            Kind::Put => -1.0,
        }
    }
}

/// What determines an option's value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quote {
    /// Call or put.
    pub kind: Kind,
    /// Forward price of the underlying at expiry, in quote units.
    pub forward: f64,
    /// Strike, in quote units.
    pub strike: f64,
    /// Time to expiry in years.
    pub years: f64,
    /// Implied volatility a year, 1.0 for 100 %.
    pub volatility: f64,
    /// Continuously compounded rate a year at which values are discounted.
    pub rate: f64,
}

/// An option that can be priced: every number is finite, prices are from 1e-100 to 1e100.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Black76 {
    kind: Kind,
    forward: f64,
    strike: f64,
    years: f64,
    root_years: f64,
    volatility: f64,
    deviation: f64,
    log_moneyness: f64,
    rate: f64,
    discount: f64,
}

/// An option settled in its underlying coin, undiscounted, for one coin of underlying.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coin {
    /// Value in coin, `V / F`.
    pub price: f64,
    /// Black delta minus price: how many coins of exposure the option adds to its holder.
    pub net_delta: f64,
    /// First derivative of the price by the forward.
    pub slope: f64,
    /// Second derivative of the price by the forward.
    pub curvature: f64,
    /// Derivative of the price by volatility, for 1.00 of it.
    pub vega: f64,
}

/// `ln(forward / strike)`, by the difference where the two are close: the quotient would lose what
/// lies between them.
#[must_use]
pub fn log_moneyness(forward: f64, strike: f64) -> f64 {
    let away = (forward - strike) / strike;
    if away.abs() < 0.1 {
        return libm::log1p(away);
    }
    libm::log(forward / strike)
}

impl Black76 {
    /// The option of `quote`.
    ///
    /// # Errors
    /// The field that is no number an option has, with its value.
    pub fn new(quote: &Quote) -> Result<Self, OptionError> {
        let Quote { kind, forward, strike, years, volatility, rate } = *quote;
        require("forward", forward, is_price(forward), PRICE)?;
        require("strike", strike, is_price(strike), PRICE)?;
        require("years", years, is_not_negative(years), NOT_NEGATIVE)?;
        require("volatility", volatility, is_not_negative(volatility), NOT_NEGATIVE)?;
        let root_years = libm::sqrt(years);
        let deviation = volatility * root_years;
        require("volatility", volatility, deviation.is_finite(), "less than 1e154 is right")?;
        let discount = libm::exp(-rate * years);
        let bounded = is_not_negative(discount);
        require("rate", rate, bounded, "a rate whose discount is finite is right")?;
        let log_moneyness = log_moneyness(forward, strike);
        let option = Black76 {
            kind,
            forward,
            strike,
            years,
            root_years,
            volatility,
            deviation,
            log_moneyness,
            rate,
            discount,
        };
        Ok(option)
    }

    /// What one quote unit at expiry is worth now, `e^(-rT)`.
    #[must_use]
    pub fn discount(&self) -> f64 {
        self.discount
    }

    /// `(ln(F/K) + v^2/2) / v`. Without any deviation it is the sign of moneyness times infinity, or
    /// zero at the strike.
    #[must_use]
    pub fn d1(&self) -> f64 {
        self.distance() + 0.5 * self.deviation
    }

    /// `d1 - v`.
    #[must_use]
    pub fn d2(&self) -> f64 {
        self.distance() - 0.5 * self.deviation
    }

    fn distance(&self) -> f64 {
        match self.log_moneyness == 0.0 {
            true => 0.0,
            // An infinite deviation was refused; a deviation of zero gives a signed infinity.
            false => self.log_moneyness / self.deviation,
        }
    }

    /// Value at expiry expected under the forward measure, in quote units.
    #[must_use]
    pub fn price_undiscounted(&self) -> f64 {
        let intrinsic = (self.kind.sign() * (self.forward - self.strike)).max(0.0);
        intrinsic + self.time_value()
    }

    /// Value now, `e^(-rT) V`, in quote units.
    #[must_use]
    pub fn price(&self) -> f64 {
        bounded(self.discount * self.price_undiscounted())
    }

    /// `dV/dF`, discounted.
    #[must_use]
    pub fn delta(&self) -> f64 {
        bounded(self.discount * self.delta_undiscounted())
    }

    /// `w N(w d1)`: the Black delta of an option that settles in coin, before its price is taken off.
    #[must_use]
    pub fn delta_undiscounted(&self) -> f64 {
        let sign = self.kind.sign();
        sign * cumulative(sign * self.d1())
    }

    /// `d2V/dF2`, discounted. Zero without any deviation: an option whose value is its payoff has no
    /// curvature off the strike, and none that is a number at it.
    #[must_use]
    pub fn gamma(&self) -> f64 {
        bounded(self.discount * self.gamma_undiscounted())
    }

    fn gamma_undiscounted(&self) -> f64 {
        if self.deviation == 0.0 {
            return 0.0;
        }
        // Two quotients: the product of forward and deviation may leave the range of floats.
        bounded(density(self.d1()) / self.forward / self.deviation)
    }

    /// `dV/ds`, discounted, for 1.00 of volatility.
    #[must_use]
    pub fn vega(&self) -> f64 {
        bounded(self.discount * self.forward * density(self.d1()) * self.root_years)
    }

    /// The same option settled in coin.
    #[must_use]
    pub fn coin(&self) -> Coin {
        let sign = self.kind.sign();
        let net_delta = sign * (self.strike / self.forward) * cumulative(sign * self.d2());
        let net_delta = bounded(net_delta);
        let slope = bounded(net_delta / self.forward);
        let bend = self.gamma_undiscounted() * self.forward;
        let curvature = (bend - 2.0 * net_delta) / self.forward / self.forward;
        Coin {
            price: bounded(self.price_undiscounted() / self.forward),
            net_delta,
            slope,
            curvature: bounded(curvature),
            vega: density(self.d1()) * self.root_years,
        }
    }

    /// How far [`Black76::price_undiscounted`] may be from the value of the very numbers given: 16
    /// units in the last place of the larger of forward and strike.
    #[must_use]
    pub fn price_error(&self) -> f64 {
        bounded(16.0 * f64::EPSILON * self.forward.max(self.strike))
    }

    /// The same for the price in coin.
    #[must_use]
    pub fn coin_error(&self) -> f64 {
        bounded(16.0 * f64::EPSILON * (self.strike / self.forward).max(1.0))
    }

    fn time_value(&self) -> f64 {
        let distance = self.distance().abs();
        out_of_the_money(self.forward, self.strike, distance, self.deviation)
    }
}

/// What an option is worth beyond its intrinsic value, which is that of the call or put that is out
/// of the money: `distance` is `|ln(forward/strike)| / deviation`.
pub(crate) fn out_of_the_money(forward: f64, strike: f64, distance: f64, deviation: f64) -> f64 {
    let (lower, higher) = (forward.min(strike), forward.max(strike));
    let half = 0.5 * deviation;
    if deviation == 0.0 || distance >= DISTANCE_MAX {
        return 0.0;
    }
    if half > distance && half >= HALF_MIN {
        let value = lower * cumulative(half - distance) - higher * cumulative(-half - distance);
        return value.max(0.0);
    }
    let scale = libm::sqrt(lower) * libm::sqrt(higher);
    let scale = 0.5 * scale * decay(-0.5 * (distance * distance + half * half));
    let bracket = match half < HALF_MIN {
        true => tail_difference::<11>(distance * ROOT_HALF, half * ROOT_HALF),
        false => {
            scaled_tail((distance - half) * ROOT_HALF) - scaled_tail((distance + half) * ROOT_HALF)
        }
    };
    (scale * bracket).max(0.0)
}

/// Beyond so many deviations out of the money a value is below 1e-330 of the smaller price.
const DISTANCE_MAX: f64 = 39.0;

/// Below this half deviation the two tails are so close that their difference is a series.
const HALF_MIN: f64 = 0.05;

/// `2 / sqrt pi`.
const TWO_OVER_ROOT_PI: f64 = std::f64::consts::FRAC_2_SQRT_PI;

/// `erfcx(m - d) - erfcx(m + d)` for `m >= 0` and small `d`: minus twice the odd terms of the Taylor
/// series at `m`. With `y = erfcx`, `y' = 2 m y - 2/sqrt pi` and `y[n+1] = 2 m y[n] + 2 n y[n-1]`.
/// Eleven derivatives leave less than 1e-17 for `d` up to 0.036, seventeen for `d` up to 0.18.
pub(crate) fn tail_difference<const ORDER: u8>(m: f64, d: f64) -> f64 {
    let (mut before, mut derivative) =
        (scaled_tail(m), 2.0 * m * scaled_tail(m) - TWO_OVER_ROOT_PI);
    let (mut sum, mut power) = (0.0, d);
    for order in 1..=ORDER {
        let n = f64::from(order);
        if order % 2 == 1 {
            sum -= derivative * power;
        }
        (before, derivative) = (derivative, 2.0 * m * derivative + 2.0 * n * before);
        power *= d / (n + 1.0);
    }
    2.0 * sum
}

/// A result that left the range of floats, at its end: never infinite.
pub(crate) fn bounded(value: f64) -> f64 {
    value.clamp(-f64::MAX, f64::MAX)
}

mod greeks;

pub use greeks::ForwardGreeks;
pub(crate) use greeks::density_times;

#[cfg(test)]
mod tests;
