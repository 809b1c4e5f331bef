//! How far a hedge at intervals misses.
//!
//! An option is sold at its Black-Scholes value and its delta held in the underlying, renewed at
//! `i T / N` for `i` from 0 to `N - 1`, without costs, the underlying's drift being the rate. The error
//! is what is left at expiry, discounted to the start. A put misses by what the call of the same strike
//! does, since their difference is hedged without error.
//!
//! The exact deviation is our own derivation (options reference, section 4): with the discounted price
//! `S`, which is a martingale, and the strike discounted likewise,
//!
//! ```text
//! Var = E[payoff^2] - V0^2 - 2 sum E[D_i S_i (V(S_i e^(s^2 dt), t_i) - V(S_i, t_i))]
//!       + (e^(s^2 dt) - 1) sum E[D_i^2 S_i^2]
//! ```

use super::HedgeError;
use super::quadrature::expected;
use crate::error::{POSITIVE, PRICE, is_positive, is_price, require};
use crate::normal::{cumulative, density};
use crate::{Black76, Kind, Quote};

/// A call that is sold and hedged at intervals.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hedged {
    /// Price of the underlying at the start.
    pub spot: f64,
    /// Strike.
    pub strike: f64,
    /// Time to expiry in years.
    pub years: f64,
    /// Rate a year, and the underlying's drift.
    pub rate: f64,
    /// Volatility a year, at which it is valued and which comes about.
    pub volatility: f64,
    /// Times that the hedge is set, evenly from the start.
    pub intervals: u32,
}

/// Most intervals: bounds the quadrature.
pub const INTERVALS_MAX: u32 = 20_000;

/// `E[(payoff)^2]` must be a float.
const DEVIATION_MAX: f64 = 5.0;

impl Hedged {
    fn check(&self) -> Result<(), HedgeError> {
        let Hedged { spot, strike, years, rate, volatility, intervals } = *self;
        require("spot", spot, is_price(spot), PRICE)?;
        require("strike", strike, is_price(strike), PRICE)?;
        require("years", years, is_positive(years), POSITIVE)?;
        require("volatility", volatility, is_positive(volatility), POSITIVE)?;
        let deviation = volatility * libm::sqrt(years);
        let fits = deviation <= DEVIATION_MAX;
        require("volatility", volatility, fits, "at most 5 over the root of the years is right")?;
        require("rate", rate, (rate * years).abs() <= 100.0, "100 over the years is right")?;
        let some = (1..=INTERVALS_MAX).contains(&intervals);
        Ok(require("intervals", f64::from(intervals), some, "1 to 20000 is right")?)
    }

    /// The call at the start, with its greeks by the spot price.
    ///
    /// # Errors
    /// An input out of range.
    pub fn call(&self) -> Result<Black76, HedgeError> {
        self.check()?;
        let Hedged { spot, strike, years, rate, volatility, .. } = *self;
        let forward = spot * libm::exp(rate * years);
        Ok(Black76::new(&Quote { kind: Kind::Call, forward, strike, years, volatility, rate })?)
    }

    fn strike_discounted(&self) -> f64 {
        self.strike * libm::exp(-self.rate * self.years)
    }

    /// Deviation of the error, discounted, within about 1e-9 of itself.
    ///
    /// # Errors
    /// An input out of range.
    pub fn exact_deviation(&self) -> Result<f64, HedgeError> {
        let value = self.call()?.price();
        let Hedged { spot, years, volatility, intervals, .. } = *self;
        let strike = self.strike_discounted();
        let step = years / f64::from(intervals);
        let variance = volatility * volatility * step;
        let growth = libm::exp(variance);
        let mut sum = self.payoff_square() - value * value;
        for index in 0..intervals {
            let passed = f64::from(index) * step;
            let left = volatility * libm::sqrt(step * f64::from(intervals - index));
            let at = |price: f64| {
                let d1 = crate::log_moneyness(price, strike) / left + 0.5 * left;
                let delta = cumulative(d1);
                let raised = call(price * growth, strike, left) - call(price, strike, left);
                let held = delta * price;
                libm::expm1(variance) * held * held - 2.0 * held * raised
            };
            sum += self.at(passed, spot, left, at);
        }
        Ok(libm::sqrt(sum.max(0.0)))
    }

    /// `E[of(S)]` of the discounted price after `passed` years, for a function whose steps have a width
    /// of `left` in the log of the price.
    fn at(&self, passed: f64, spot: f64, left: f64, of: impl Fn(f64) -> f64) -> f64 {
        if passed == 0.0 {
            return of(spot);
        }
        let spread = self.volatility * libm::sqrt(passed);
        // Products of two prices and two probabilities put weight at up to two spreads.
        expected(left / spread, 2.0 * spread, |z| of(spot * libm::exp(spread * (z - 0.5 * spread))))
    }

    /// `E[((S - K)+)^2]` of the discounted price and strike.
    fn payoff_square(&self) -> f64 {
        let (spot, strike) = (self.spot, self.strike_discounted());
        let v = self.volatility * libm::sqrt(self.years);
        let d1 = crate::log_moneyness(spot, strike) / v + 0.5 * v;
        spot * spot * libm::exp(v * v) * cumulative(d1 + v) - 2.0 * strike * spot * cumulative(d1)
            + strike * strike * cumulative(d1 - v)
    }

    /// Deviation of the sum of the errors of Boyle and Emanuel ("Discretely adjusted option hedges",
    /// 1980): `sqrt(sum (1/2) (s^2 dt)^2 E[(Gamma_i S_i^2)^2])`.
    ///
    /// # Errors
    /// An input out of range.
    pub fn boyle_emanuel_deviation(&self) -> Result<f64, HedgeError> {
        self.check()?;
        let Hedged { spot, years, volatility, intervals, .. } = *self;
        let strike = self.strike_discounted();
        let step = years / f64::from(intervals);
        let variance = volatility * volatility * step;
        let mut sum = 0.0;
        for index in 0..intervals {
            let passed = f64::from(index) * step;
            let left = volatility * libm::sqrt(step * f64::from(intervals - index));
            let dollar_gamma = |price: f64| {
                let d1 = crate::log_moneyness(price, strike) / left + 0.5 * left;
                let gamma = price * density(d1) / left;
                gamma * gamma
            };
            // The square of a density is a density of a width smaller by the root of two.
            let width = left * crate::normal::ROOT_HALF;
            sum += self.at(passed, spot, width, dollar_gamma);
        }
        Ok(libm::sqrt(0.5 * variance * variance * sum))
    }

    /// `sqrt(pi/4) vega s / sqrt N` (Derman and Kamal, "When you cannot hedge continuously", 1999): within
    /// 5 % at the money for 13 intervals and more, a sixth too low out of the money.
    ///
    /// # Errors
    /// An input out of range.
    pub fn derman_kamal_deviation(&self) -> Result<f64, HedgeError> {
        let vega = self.call()?.vega();
        let root = libm::sqrt(f64::from(self.intervals));
        Ok(ROOT_PI_OVER_4 * vega * self.volatility / root)
    }

    /// Certain profit, discounted, of a call bought at its own volatility and hedged with the deltas of
    /// the one that comes about: `V(realised) - V(implied)`. Under zero drift it is also the mean profit
    /// of hedging with implied deltas, which then depends on the path (Ahmad and Wilmott, "Which free
    /// lunch would you like today, sir?", 2005).
    ///
    /// # Errors
    /// An input or a realised volatility out of range.
    pub fn mismatch_profit(&self, realised: f64) -> Result<f64, HedgeError> {
        let other = Hedged { volatility: realised, ..*self };
        Ok(other.call()?.price() - self.call()?.price())
    }
}

/// `sqrt(pi / 4)`.
const ROOT_PI_OVER_4: f64 = 0.886_226_925_452_758;

/// Value of an undiscounted call with deviation `left` to expiry. By the textbook form: it enters sums
/// whose scale is the price, not its own.
fn call(price: f64, strike: f64, left: f64) -> f64 {
    let d1 = crate::log_moneyness(price, strike) / left + 0.5 * left;
    price * cumulative(d1) - strike * cumulative(d1 - left)
}

/// Error of one interval for a deviation of `z` (Boyle and Emanuel): `(1/2) Gamma S^2 s^2 dt (z^2 - 1)`.
/// Two thirds of the intervals have `|z| < 1`, so a book that is short gamma gains on most and loses
/// much on few.
#[must_use]
pub fn interval_error(dollar_gamma: f64, volatility: f64, step_years: f64, z: f64) -> f64 {
    0.5 * dollar_gamma * volatility * volatility * step_years * (z * z - 1.0)
}
