//! A European option on a spot price that pays a yield (Black and Scholes 1973, Merton 1973).
//!
//! ```text
//! A = S e^(-qT)   B = K e^(-rT)   v = s sqrt T   x = ln(S/K) + (r - q) T
//! d1 = x/v + v/2  d2 = d1 - v     price = w (A N(w d1) - B N(w d2))    w = +1 call, -1 put
//! ```
//!
//! The price is intrinsic value of `A` against `B` plus what the option out of the money is worth,
//! in the forms of [`Black76`](crate::Black76). Where the two terms of `x` cancel, `x` is formed
//! with twice the digits, as a small `v` would divide its rounding (options reference, section 3).
//!
//! Derivatives are per 1.00 of what they are by; theta and charm are by calendar time, a year of
//! it: minus the derivative by `T`. Without any deviation a value is its payoff, and what would be
//! a density at the strike is taken as zero.

use crate::black76::{Kind, bounded, density_times, log_moneyness, out_of_the_money};
use crate::error::{NOT_NEGATIVE, OptionError, PRICE, is_not_negative, is_price, require};
use crate::normal::{cumulative, density};
use crate::pair::{Pair, logarithm_of_quotient};

/// What determines the value of an option on a spot price.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SpotQuote {
    /// Call or put.
    pub kind: Kind,
    /// Price of the underlying now, in quote units.
    pub spot: f64,
    /// Strike, in quote units.
    pub strike: f64,
    /// Time to expiry in years.
    pub years: f64,
    /// Volatility a year, 1.0 for 100 %.
    pub volatility: f64,
    /// Continuously compounded rate a year at which quote units grow.
    pub rate: f64,
    /// Continuously compounded rate a year that the underlying pays to whoever holds it.
    pub dividend_yield: f64,
}

/// An option on a spot price that can be priced: every number is finite, prices are from 1e-100 to
/// 1e100.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BlackScholes {
    quote: SpotQuote,
    root_years: f64,
    deviation: f64,
    /// `x / v`.
    distance: f64,
    /// `e^(-qT)` and `e^(-rT)`.
    yield_discount: f64,
    discount: f64,
}

/// Everything about one option on a spot price, computed together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SpotGreeks {
    /// Value now, in quote units.
    pub price: f64,
    /// `x/v + v/2`.
    pub d1: f64,
    /// `x/v - v/2`.
    pub d2: f64,
    /// Derivative by spot.
    pub delta: f64,
    /// Second derivative by spot.
    pub gamma: f64,
    /// Derivative by volatility.
    pub vega: f64,
    /// What a year of calendar time adds: minus the derivative by the years left.
    pub theta: f64,
    /// Derivative by the rate.
    pub rho: f64,
    /// Derivative by the dividend yield.
    pub phi: f64,
    /// Derivative of delta by volatility.
    pub vanna: f64,
    /// Second derivative by volatility.
    pub volga: f64,
    /// What a year of calendar time adds to delta.
    pub charm: f64,
    /// Derivative of gamma by spot.
    pub speed: f64,
    /// Derivative by the strike.
    pub dual_delta: f64,
}

/// `e^(-a b)`, the rest of the product included: for a large exponent its rounding would show.
fn discount_of(rate: f64, years: f64) -> f64 {
    let exponent = Pair::product(-rate, years);
    let main = libm::exp(exponent.high);
    // The rest of a product is no number where its halves overflow: such a rate is refused below.
    main + main * exponent.low
}

/// `x / v`: signed infinity without any deviation, zero at the forward.
fn distance(x: Pair, deviation: f64) -> f64 {
    let main = if x.high == 0.0 { 0.0 } else { x.high / deviation };
    if main.is_finite() && deviation > 0.0 { main + x.low / deviation } else { main }
}

/// `ln(S/K) + (r - q) T` without what its two terms lose where they cancel.
fn log_forward_moneyness(quote: &SpotQuote) -> Pair {
    let SpotQuote { spot, strike, years, rate, dividend_yield, .. } = *quote;
    let carry = Pair::sum(rate, -dividend_yield).times(Pair::new(years));
    let log = log_moneyness(spot, strike);
    let sum = carry.plus(Pair::new(log));
    if sum.high.abs() < 0.5 * log.abs() {
        return carry.plus(logarithm_of_quotient(spot, strike));
    }
    sum
}

impl BlackScholes {
    /// The option of `quote`.
    ///
    /// # Errors
    /// The field that is no number an option has, with its value.
    pub fn new(quote: &SpotQuote) -> Result<Self, OptionError> {
        let SpotQuote { spot, strike, years, volatility, rate, dividend_yield, .. } = *quote;
        require("spot", spot, is_price(spot), PRICE)?;
        require("strike", strike, is_price(strike), PRICE)?;
        require("years", years, is_not_negative(years), NOT_NEGATIVE)?;
        require("volatility", volatility, is_not_negative(volatility), NOT_NEGATIVE)?;
        let root_years = libm::sqrt(years);
        let deviation = volatility * root_years;
        require("volatility", volatility, deviation.is_finite(), "less than 1e154 is right")?;
        let right = "a rate that times the years is from -450 to 450 is right";
        let fits = |rate: f64| (rate * years).abs() <= EXPONENT_MAX && rate.abs() <= RATE_MAX;
        require("rate", rate, fits(rate), right)?;
        require("dividend_yield", dividend_yield, fits(dividend_yield), right)?;
        let x = log_forward_moneyness(quote);
        let distance = distance(x, deviation);
        Ok(BlackScholes {
            quote: *quote,
            root_years,
            deviation,
            distance,
            yield_discount: discount_of(dividend_yield, years),
            discount: discount_of(rate, years),
        })
    }

    /// `x/v + v/2`. Without any deviation it is the sign of moneyness times infinity, or zero where
    /// the forward is the strike.
    #[must_use]
    pub fn d1(&self) -> f64 {
        self.distance + 0.5 * self.deviation
    }

    /// `d1 - v`.
    #[must_use]
    pub fn d2(&self) -> f64 {
        self.distance - 0.5 * self.deviation
    }

    /// What one quote unit at expiry is worth now, `e^(-rT)`.
    #[must_use]
    pub fn discount(&self) -> f64 {
        self.discount
    }

    /// What spot at expiry is worth now in units of spot, `e^(-qT)`.
    #[must_use]
    pub fn yield_discount(&self) -> f64 {
        self.yield_discount
    }

    /// The forward price, `S e^((r-q)T)`.
    #[must_use]
    pub fn forward(&self) -> f64 {
        bounded(self.quote.spot * self.yield_discount / self.discount)
    }

    /// Value now, in quote units.
    #[must_use]
    pub fn price(&self) -> f64 {
        let (spot, strike) = (self.spot_now(), self.strike_now());
        let intrinsic = (self.quote.kind.sign() * (spot - strike)).max(0.0);
        let time = out_of_the_money(spot, strike, self.distance.abs(), self.deviation);
        bounded(intrinsic + time)
    }

    /// Derivative by spot.
    #[must_use]
    pub fn delta(&self) -> f64 {
        let sign = self.quote.kind.sign();
        bounded(sign * self.yield_discount * cumulative(sign * self.d1()))
    }

    /// Second derivative by spot.
    #[must_use]
    pub fn gamma(&self) -> f64 {
        if self.deviation == 0.0 {
            return 0.0;
        }
        bounded(self.yield_discount * density(self.d1()) / self.quote.spot / self.deviation)
    }

    /// Derivative by volatility, for 1.00 of it.
    #[must_use]
    pub fn vega(&self) -> f64 {
        bounded(self.spot_now() * density(self.d1()) * self.root_years)
    }

    /// Minus the derivative by years, a year.
    #[must_use]
    pub fn theta(&self) -> f64 {
        let SpotQuote { rate, dividend_yield, volatility, .. } = self.quote;
        let decay = match self.deviation == 0.0 {
            true => 0.0,
            false => {
                let slope = bounded(volatility / (2.0 * self.root_years));
                self.spot_now() * density_times(self.d1(), slope)
            }
        };
        let carry = rate * self.strike_now() * self.signed(self.d2());
        bounded(dividend_yield * self.spot_now() * self.signed(self.d1()) - carry - bounded(decay))
    }

    /// Derivative by the rate, for 1.00 of it.
    #[must_use]
    pub fn rho(&self) -> f64 {
        bounded(self.quote.years * self.strike_now() * self.signed(self.d2()))
    }

    /// Derivative by the dividend yield, for 1.00 of it.
    #[must_use]
    pub fn phi(&self) -> f64 {
        bounded(-self.quote.years * self.spot_now() * self.signed(self.d1()))
    }

    /// Derivative of delta by volatility, for 1.00 of it.
    #[must_use]
    pub fn vanna(&self) -> f64 {
        if self.deviation == 0.0 {
            return 0.0;
        }
        let density = density_times(self.d1(), self.d2());
        bounded(-self.yield_discount * density / self.quote.volatility)
    }

    /// Second derivative by volatility, for 1.00 of it twice.
    #[must_use]
    pub fn volga(&self) -> f64 {
        if self.deviation == 0.0 {
            return 0.0;
        }
        let bend = density_times(self.d1(), self.d1()) * bounded(self.d2() / self.quote.volatility);
        bounded(self.spot_now() * self.root_years * bend)
    }

    /// Minus the derivative of delta by years, a year.
    #[must_use]
    pub fn charm(&self) -> f64 {
        let SpotQuote { rate, dividend_yield, years, .. } = self.quote;
        let carried = dividend_yield * self.yield_discount * self.signed(self.d1());
        if self.deviation == 0.0 {
            return bounded(carried);
        }
        let moved = (rate - dividend_yield) / self.deviation - self.d2() / (2.0 * years);
        let drift = density_times(self.d1(), bounded(moved));
        bounded(carried - self.yield_discount * drift)
    }

    /// Derivative of gamma by spot.
    #[must_use]
    pub fn speed(&self) -> f64 {
        if self.deviation == 0.0 {
            return 0.0;
        }
        let factor = bounded(self.d1() / self.deviation + 1.0);
        bounded(-(self.gamma() * factor) / self.quote.spot)
    }

    /// Derivative by the strike.
    #[must_use]
    pub fn dual_delta(&self) -> f64 {
        bounded(-self.discount * self.signed(self.d2()))
    }

    /// All of them.
    #[must_use]
    pub fn greeks(&self) -> SpotGreeks {
        SpotGreeks {
            price: self.price(),
            d1: self.d1(),
            d2: self.d2(),
            delta: self.delta(),
            gamma: self.gamma(),
            vega: self.vega(),
            theta: self.theta(),
            rho: self.rho(),
            phi: self.phi(),
            vanna: self.vanna(),
            volga: self.volga(),
            charm: self.charm(),
            speed: self.speed(),
            dual_delta: self.dual_delta(),
        }
    }

    /// `S e^(-qT)`.
    fn spot_now(&self) -> f64 {
        self.quote.spot * self.yield_discount
    }

    /// `K e^(-rT)`.
    fn strike_now(&self) -> f64 {
        self.quote.strike * self.discount
    }

    /// `w N(w d)`.
    fn signed(&self, d: f64) -> f64 {
        let sign = self.quote.kind.sign();
        sign * cumulative(sign * d)
    }
}

/// The largest rate by its years: a discount and its product with a price stay inside the range of
/// floats. e^450 is 3e195: nothing is discounted by that.
const EXPONENT_MAX: f64 = 450.0;

/// The largest rate: its products keep all their digits.
const RATE_MAX: f64 = 1e100;

#[cfg(test)]
mod tests;
