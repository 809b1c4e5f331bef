//! The volatility of an undiscounted price, or why there is none.
//!
//! The price is the very float that is given. What it is worth beyond intrinsic value is formed
//! exactly (a difference of two floats keeps its rest), so an option in the money is solved as the
//! one out of the money at the same strike, and nothing is lost by subtracting. With `h =
//! |ln(F/K)|/v`, `t = v/2`, `v = s sqrt T` and prices in units of `sqrt(FK)`, an option out of the
//! money is worth
//!
//! ```text
//! b = e^(-(h^2+t^2)/2) [erfcx((h-t)/sqrt 2) - erfcx((h+t)/sqrt 2)] / 2      db/dv = n(h) e^(-t^2/2)
//! ```
//!
//! and `ln b = ln b*` is solved, or the same of what is left up to the cap where that is less, by
//! Halley's steps kept inside a bracket. Both sides of the equation are near a straight line in `v`
//! there, and `b` keeps its relative digits, so the volatility is as good as the price allows: its
//! relative error is the condition number times a few units in the last place.

use crate::black76::{Kind, log_moneyness, tail_difference};
use crate::error::{NOT_NEGATIVE, OptionError, POSITIVE, PRICE};
use crate::error::{is_not_negative, is_positive, is_price, require};
use crate::normal::{ROOT_HALF, decay, scaled_tail};
use crate::pair::Pair;

/// A price of which the volatility is asked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PriceQuote {
    /// Call or put.
    pub kind: Kind,
    /// Forward price of the underlying at expiry, in quote units.
    pub forward: f64,
    /// Strike, in quote units.
    pub strike: f64,
    /// Time to expiry in years, above zero.
    pub years: f64,
    /// Undiscounted price, in quote units: for one settled in coin, its price in coin by the
    /// forward.
    pub price: f64,
}

/// The volatility of a price, or why no volatility gives it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Implied {
    /// The volatility, within about `condition` times 1e-15 of itself.
    Volatility {
        /// A year, 1.0 for 100 %.
        volatility: f64,
        /// What the relative error of a price is multiplied by, `price / (volatility vega)`.
        condition: f64,
    },
    /// The price is so near intrinsic value or the cap that its last place decides
    /// ([`CONDITION_MAX`]). `volatility` gives this price, as do many others: quote the option out
    /// of the money at the same strike, whose price says more.
    IllConditioned {
        /// A volatility that gives the price.
        volatility: f64,
        /// See [`Implied::Volatility`].
        condition: f64,
    },
    /// In the money, and not above `|F - K|`: compared exactly. The volatility would be zero or
    /// less.
    AtOrBelowIntrinsic,
    /// Not below the forward of a call or the strike of a put: it would be infinite.
    AtOrAboveCap,
    /// Out of the money and zero, or so small that its digits are gone ([`PRICE_MIN`]).
    Underflow,
}

impl Implied {
    /// The volatility if the price says what it is.
    #[must_use]
    pub fn volatility(self) -> Option<f64> {
        match self {
            Implied::Volatility { volatility, .. } => Some(volatility),
            _ => None,
        }
    }
}

/// The condition number from which a volatility is ill-conditioned: six digits of sixteen are left.
pub const CONDITION_MAX: f64 = 1e10;

/// Prices below are taken as zero.
pub const PRICE_MIN: f64 = 1e-290;

/// The volatility that gives a price.
///
/// # Errors
/// The field that is no number an option has, with its value. A price that no volatility gives is
/// an answer, not an error: see [`Implied`].
pub fn implied_volatility(quote: &PriceQuote) -> Result<Implied, OptionError> {
    let PriceQuote { kind, forward, strike, years, price } = *quote;
    require("forward", forward, is_price(forward), PRICE)?;
    require("strike", strike, is_price(strike), PRICE)?;
    require("years", years, is_positive(years), POSITIVE)?;
    require("price", price, is_not_negative(price), NOT_NEGATIVE)?;
    Ok(solve(kind.sign(), forward, strike, libm::sqrt(years), price))
}

/// The same of checked numbers.
pub(crate) fn solve(sign: f64, forward: f64, strike: f64, root_years: f64, price: f64) -> Implied {
    let inside = sign * (forward - strike) > 0.0;
    let (cap, time_value) = match inside {
        true => (forward.max(strike), beyond_intrinsic(sign, forward, strike, price)),
        false => (forward.min(strike), price),
    };
    if inside && time_value <= 0.0 {
        return Implied::AtOrBelowIntrinsic;
    }
    if price >= cap {
        return Implied::AtOrAboveCap;
    }
    if time_value < PRICE_MIN {
        return Implied::Underflow;
    }
    // The roots apart: their product may leave the range of floats in units of 1e100.
    let scale = libm::sqrt(forward) * libm::sqrt(strike);
    let distance = log_moneyness(forward, strike).abs();
    let target = match (time_value <= 0.5 * forward.min(strike), time_value / scale) {
        (true, value) if value > 0.0 => Target::Value(value),
        // The digits are gone once the unit is that of the strike.
        (true, _) => return Implied::Underflow,
        (false, _) => Target::Left((cap - price) / scale),
    };
    let deviation = root(distance, target);
    let slope = deviation * Shape::new(distance, deviation).slope;
    let condition = (price / scale / slope).min(f64::MAX);
    let volatility = (deviation / root_years).min(f64::MAX);
    match condition > CONDITION_MAX {
        true => Implied::IllConditioned { volatility, condition },
        false => Implied::Volatility { volatility, condition },
    }
}

/// `price - |F - K|` of an option in the money, its sign exact.
#[inline]
pub(crate) fn beyond_intrinsic(sign: f64, forward: f64, strike: f64, price: f64) -> f64 {
    let intrinsic = Pair::sum(sign * forward, -sign * strike);
    let rest = Pair::sum(price, -intrinsic.high);
    rest.high + (rest.low - intrinsic.low)
}

/// What is to be met, in units of `sqrt(FK)`.
#[derive(Clone, Copy)]
enum Target {
    /// The value of the option out of the money.
    Value(f64),
    /// What it is short of the smaller of forward and strike.
    Left(f64),
}

/// An option out of the money at a deviation.
struct Shape {
    /// Deviations out of the money, and half a deviation.
    h: f64,
    t: f64,
    /// `e^(-(h^2+t^2)/2)`.
    decay: f64,
    /// `db/dv`.
    slope: f64,
}

/// `1 / sqrt(2 pi)`.
const ROOT_TAU_INVERSE: f64 = 0.398_942_280_401_432_7;

/// Up to this half deviation, and this product with the distance, the two tails are a series.
const SERIES: f64 = 0.25;
const SERIES_PRODUCT: f64 = 1.0;

/// Up to this half deviation two error functions about zero lose less than two tails.
const NEAR: f64 = 0.7;

impl Shape {
    fn new(distance: f64, deviation: f64) -> Self {
        let (h, t) = (distance / deviation, 0.5 * deviation);
        let decay = decay(-0.5 * (h * h + t * t));
        Shape { h, t, decay, slope: ROOT_TAU_INVERSE * decay }
    }

    /// The value, with its relative digits.
    fn value(&self, distance: f64) -> f64 {
        let Shape { h, t, .. } = *self;
        let half = 0.5 * self.decay;
        if t < SERIES && h * t < SERIES_PRODUCT {
            return half * tail_difference::<17>(h * ROOT_HALF, t * ROOT_HALF);
        }
        if h > t {
            return half * (scaled_tail((h - t) * ROOT_HALF) - scaled_tail((h + t) * ROOT_HALF));
        }
        if t < NEAR {
            let (less, more) = (libm::exp(-0.5 * distance), libm::exp(0.5 * distance));
            let near = less * libm::erf((t - h) * ROOT_HALF);
            return 0.5 * (near + more * libm::erf((t + h) * ROOT_HALF))
                - libm::sinh(0.5 * distance);
        }
        libm::exp(-0.5 * distance) - self.left(distance)
    }

    /// What the value is short of its cap, with its relative digits.
    fn left(&self, distance: f64) -> f64 {
        let Shape { h, t, .. } = *self;
        if h > t {
            return libm::exp(-0.5 * distance) - self.value(distance);
        }
        let tails = scaled_tail((t - h) * ROOT_HALF) + scaled_tail((t + h) * ROOT_HALF);
        0.5 * self.decay * tails
    }
}

/// A step of less is the last: the next would be of the size of its cube. To ask for less than the
/// rounding of the equation itself would go on for nothing.
const LAST_STEP: f64 = 1e-7;

/// The deviation at which `target` is met.
fn root(distance: f64, target: Target) -> f64 {
    let (mut low, mut high) = (0.0, f64::INFINITY);
    let mut deviation = guess(distance, target);
    for _ in 0..STEPS_MAX {
        let shape = Shape::new(distance, deviation);
        // The logarithm of value over target grows with the deviation; its slope and bend.
        let (excess, slope, bend) = match target {
            Target::Value(target) => {
                let value = shape.value(distance);
                let slope = shape.slope / value;
                (libm::log(value / target), slope, -slope)
            }
            Target::Left(target) => {
                let left = shape.left(distance);
                let slope = shape.slope / left;
                (libm::log(target / left), slope, slope)
            }
        };
        if excess == 0.0 {
            break;
        }
        if excess > 0.0 {
            high = deviation
        } else {
            low = deviation
        }
        let bend = bend + (shape.h * shape.h - shape.t * shape.t) / deviation;
        let newton = excess / slope;
        let next = deviation - newton / (1.0 - 0.5 * newton * bend).clamp(0.5, 2.0);
        if (next - deviation).abs() <= LAST_STEP * deviation {
            return next;
        }
        let inside = next > low && next < high;
        deviation = if inside { next } else { between(low, high, deviation) };
    }
    deviation
}

/// Steps after which a bracket has shrunk to a unit in the last place even if each one halves it.
const STEPS_MAX: u32 = 200;

/// Where to look next when a step left the bracket: in its geometric middle, as its ends may differ
/// by many powers of ten.
fn between(low: f64, high: f64, deviation: f64) -> f64 {
    match (low > 0.0, high < f64::INFINITY) {
        (true, true) if high > 4.0 * low => libm::sqrt(low) * libm::sqrt(high),
        (true, true) => 0.5 * (low + high),
        (true, false) => 2.0 * deviation,
        _ => 0.5 * deviation,
    }
}

/// Where to begin.
fn guess(distance: f64, target: Target) -> f64 {
    // Where the value bends from convex to concave.
    let middle = libm::sqrt(2.0 * distance);
    match target {
        Target::Left(left) => {
            // About e^(-t^2/2) of the unit is left.
            let t = libm::sqrt((-2.0 * libm::log(left)).max(0.0));
            middle.max(2.0 * t).max(0.5)
        }
        Target::Value(value) => {
            // Far out, b = v^3 / (x^2 sqrt(2 pi)) e^(-x^2/(2 v^2) - v^2/8).
            let log = -libm::log(value);
            let (mut far, mut exponent) = (distance / libm::sqrt(2.0 * log.max(0.5)), log);
            for _ in 0..2 {
                let shift = libm::log(ROOT_TAU_INVERSE * far * far * far / (distance * distance));
                exponent = log + shift - 0.125 * far * far;
                far = distance / libm::sqrt(2.0 * exponent.max(0.5));
            }
            if distance > 0.0 && exponent > FAR { far } else { near_the_money(distance, value) }
        }
    }
}

/// An exponent of more, 1.7 deviations out of the money, is far out.
const FAR: f64 = 1.5;

/// The deviation by the rational formula of Corrado and Miller (Journal of Banking and Finance 20,
/// 1996), of the option out of the money in units of `sqrt(FK)`.
fn near_the_money(distance: f64, value: f64) -> f64 {
    let root = libm::exp(0.5 * distance);
    let (sum, half) = (root + 1.0 / root, 0.5 * (root - 1.0 / root));
    let middle = value + half;
    let under = middle * middle - 4.0 * half * half * std::f64::consts::FRAC_1_PI;
    (middle + libm::sqrt(under.max(0.0))) / (ROOT_TAU_INVERSE * sum)
}

#[cfg(test)]
mod tests;
