//! Volatilities of many prices: all of them by the same few steps in one plain loop, and those that
//! were not met by then, or have none, one at a time.

use super::arithmetic::{decay, log_ratio, root_and_inverse, scaled_tail};
use super::every;
use crate::error::{NOT_NEGATIVE, OptionError, POSITIVE, PRICE};
use crate::error::{is_not_negative, is_positive, is_price};
use crate::implied_volatility::{CONDITION_MAX, Implied, beyond_intrinsic, solve};
use crate::normal::ROOT_HALF;

/// Undiscounted prices of options on forwards, one entry an option in each column.
#[derive(Debug, Clone, Copy)]
pub struct Prices<'a> {
    /// +1 for a call, -1 for a put; see [`Kind::sign`](crate::Kind::sign).
    pub sign: &'a [f64],
    /// Forward prices.
    pub forward: &'a [f64],
    /// Strikes.
    pub strike: &'a [f64],
    /// Years to expiry, above zero.
    pub years: &'a [f64],
    /// Undiscounted prices, in quote units.
    pub price: &'a [f64],
}

/// Whether a price has a volatility; see [`Implied`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// The volatility stands in its column.
    Volatility,
    /// One that gives the price stands in its column, as do many others.
    IllConditioned,
    /// None: zero stands there.
    AtOrBelowIntrinsic,
    /// None: the largest float stands there.
    AtOrAboveCap,
    /// None: zero stands there.
    Underflow,
}

/// How far a volatility of [`implied_into`] may be from that of
/// [`implied_volatility`](crate::implied_volatility()), as a share of it times the larger of one and
/// its condition.
pub const IMPLIED_ERROR: f64 = 1e-11;

/// Volatilities of prices into `volatility`, and whether each is one into `status`, within
/// [`IMPLIED_ERROR`] of those of one option at a time. An entry has the same bits alone as among
/// others.
///
/// # Errors
/// Columns of different lengths, or the first entry that no option has; nothing is then written.
pub fn implied_into(
    prices: &Prices<'_>,
    volatility: &mut [f64],
    status: &mut [Status],
) -> Result<(), OptionError> {
    prices.check(volatility.len(), status.len())?;
    let Prices { sign, forward, strike, years, price } = *prices;
    let inputs = sign.iter().zip(forward).zip(strike).zip(years).zip(price);
    for (found, ((((sign, forward), strike), years), price)) in volatility.iter_mut().zip(inputs) {
        *found = quick(*sign, *forward, *strike, *years, *price);
    }
    let inputs = sign.iter().zip(forward).zip(strike).zip(years).zip(price);
    let out = volatility.iter_mut().zip(status.iter_mut());
    for ((found, status), ((((sign, forward), strike), years), price)) in out.zip(inputs) {
        *status = Status::Volatility;
        if *found <= 0.0 {
            let root_years = libm::sqrt(*years);
            (*found, *status) = told(solve(*sign, *forward, *strike, root_years, *price));
        }
    }
    Ok(())
}

fn told(implied: Implied) -> (f64, Status) {
    match implied {
        Implied::Volatility { volatility, .. } => (volatility, Status::Volatility),
        Implied::IllConditioned { volatility, .. } => (volatility, Status::IllConditioned),
        Implied::AtOrBelowIntrinsic => (0.0, Status::AtOrBelowIntrinsic),
        Implied::AtOrAboveCap => (f64::MAX, Status::AtOrAboveCap),
        Implied::Underflow => (0.0, Status::Underflow),
    }
}

/// A last step of less than this share of the deviation leaves, at a cubic rate, nothing of it.
const LAST_STEP: f64 = 1e-5;

/// Above this share of the cap what is left up to it says more than the value.
const TARGET_MAX: f64 = 0.75;

/// Below this deviation the difference of two tails has too few digits.
const DEVIATION_MIN: f64 = 1e-3;

/// An exponent of more, 1.7 deviations out of the money, is far out.
const FAR: f64 = 1.5;

const ROOT_TAU_INVERSE: f64 = 0.398_942_280_401_432_7;
const HALF_ROOT_TAU: f64 = 1.253_314_137_315_500_3;

/// The volatility, or zero if it takes another way. Prices are in units of the smaller of forward
/// and strike; with `u = |h - t|`, `w = h + t` and `m` Mills' ratio an option out of the money is
/// worth `n(u) (m(u) - m(w))` where `h > t`, else `1 - n(u) (m(u) + m(w))`, and its slope is
/// `n(u)`.
#[inline(always)]
fn quick(sign: f64, forward: f64, strike: f64, years: f64, price: f64) -> f64 {
    let (lower, higher) = (forward.min(strike), forward.max(strike));
    let inside = sign * (forward - strike) > 0.0;
    let beyond = beyond_intrinsic(sign, forward, strike, price);
    let time_value = if inside { beyond } else { price };
    let target = time_value / lower;
    let fits = (1e-250..=TARGET_MAX).contains(&target);
    let target = target.clamp(1e-250, TARGET_MAX);
    let x = -log_ratio(lower, higher);
    // Steps are written out: a loop inside would keep the outer one from taking several at once.
    let (first, _, _) = closer(x, target, guess(x, target, higher / lower));
    let (second, _, _) = closer(x, target, first);
    let (deviation, step, slope) = closer(x, target, second);
    let (_, inverse_root) = root_and_inverse(years);
    let volatility = deviation * inverse_root;
    let conditioned = price <= 0.5 * CONDITION_MAX * lower * slope * deviation;
    let met = step.abs() <= LAST_STEP && deviation >= DEVIATION_MIN;
    let plain = (1e-250..=1e250).contains(&years);
    if fits && met && conditioned && plain { volatility } else { 0.0 }
}

/// The deviation after one of Halley's steps, the step as a share of it, and the slope before.
#[inline(always)]
fn closer(x: f64, target: f64, deviation: f64) -> (f64, f64, f64) {
    let inverse = 1.0 / deviation;
    let (h, t) = (x * inverse, 0.5 * deviation);
    let (near, far) = ((h - t).abs().min(1e150), (h + t).min(1e150));
    let density = ROOT_TAU_INVERSE * decay(-0.5 * near * near);
    let (mill_near, mill_far) = (scaled_tail(near * ROOT_HALF), scaled_tail(far * ROOT_HALF));
    let half = HALF_ROOT_TAU * density;
    let outside = half * (mill_near - mill_far);
    let value = if h > t { outside } else { 1.0 - half * (mill_near + mill_far) };
    let value = value.max(1e-300);
    let newton = log_ratio(value, target) * value / density.max(1e-300);
    let bend = (h * h - t * t) * inverse - density / value;
    let step = newton / (1.0 - 0.5 * newton * bend).clamp(0.5, 2.0) * inverse;
    let step = step.clamp(-1.0, 0.5);
    (deviation - deviation * step, step, density)
}

/// Where to begin: as for one at a time, far out by `value = v^3 / (x^2 sqrt(2 pi)) e^(-(x -
/// v^2/2)^2/(2 v^2))` of the smaller price, else by the formula of Corrado and Miller.
#[inline(always)]
fn guess(x: f64, target: f64, ratio: f64) -> f64 {
    let log = -log_ratio(target, 1.0);
    let far = x * root_and_inverse((2.0 * log).max(1.0)).1;
    let (far, _) = farther(x, log, far);
    let (far, exponent) = farther(x, log, far);
    let half = 0.5 * (ratio - 1.0);
    let middle = target + half;
    let under = middle * middle - 4.0 * half * half * std::f64::consts::FRAC_1_PI;
    let (root, _) = root_and_inverse(under.max(1e-300));
    let near = (middle + root) / (ROOT_TAU_INVERSE * (1.0 + ratio));
    if exponent > FAR { far } else { near }
}

#[inline(always)]
fn farther(x: f64, log: f64, far: f64) -> (f64, f64) {
    let scale = (ROOT_TAU_INVERSE * far * far * far).max(1e-250);
    let shift = log_ratio(scale, (x * x).max(1e-250));
    let exponent = log + shift + 0.5 * x - 0.125 * far * far;
    (x * root_and_inverse((2.0 * exponent).max(1.0)).1, exponent)
}

impl Prices<'_> {
    fn check(&self, volatility: usize, status: usize) -> Result<(), OptionError> {
        let expected = self.forward.len();
        let lengths = [
            ("sign", self.sign.len()),
            ("strike", self.strike.len()),
            ("years", self.years.len()),
            ("price", self.price.len()),
            ("volatility", volatility),
            ("status", status),
        ];
        if let Some((field, found)) = lengths.into_iter().find(|(_, found)| *found != expected) {
            return Err(OptionError::Lengths { field, found, expected });
        }
        every("sign", self.sign, |sign| sign.abs() == 1.0, "1 for a call, -1 for a put is right")?;
        every("forward", self.forward, is_price, PRICE)?;
        every("strike", self.strike, is_price, PRICE)?;
        every("years", self.years, is_positive, POSITIVE)?;
        every("price", self.price, is_not_negative, NOT_NEGATIVE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Black76, Kind, PriceQuote, Quote, implied_volatility};
    use proptest::prelude::*;

    fn columns(quotes: &[PriceQuote]) -> Result<Vec<(f64, Status)>, OptionError> {
        let column = |of: fn(&PriceQuote) -> f64| quotes.iter().map(of).collect::<Vec<f64>>();
        let prices = Prices {
            sign: &column(|quote| quote.kind.sign()),
            forward: &column(|quote| quote.forward),
            strike: &column(|quote| quote.strike),
            years: &column(|quote| quote.years),
            price: &column(|quote| quote.price),
        };
        let mut volatility = vec![f64::NAN; quotes.len()];
        let mut status = vec![Status::Underflow; quotes.len()];
        implied_into(&prices, &mut volatility, &mut status)?;
        Ok(volatility.into_iter().zip(status).collect())
    }

    fn quote() -> impl Strategy<Value = PriceQuote> {
        let log = prop_oneof![-1e-6..1e-6f64, -0.3..0.3f64, -6.0..6.0f64];
        let deviation = prop_oneof![1e-6..1e-2f64, 0.01..1.0f64, 1.0..8.0f64];
        let off = prop_oneof![4 => Just(1.0), 1 => 0.0..1.2f64, 1 => Just(0.0)];
        (any::<bool>(), -12i32..12, log, 1e-4..5.0f64, deviation, off).prop_map(
            |(call, power, log, years, deviation, off)| {
                let kind = if call { Kind::Call } else { Kind::Put };
                let forward = 3.7 * 10f64.powi(power);
                let strike = forward * log.exp();
                let volatility = deviation / years.sqrt();
                let quote = Quote { kind, forward, strike, years, volatility, rate: 0.0 };
                let price = Black76::new(&quote).unwrap().price_undiscounted() * off;
                PriceQuote { kind, forward, strike, years, price }
            },
        )
    }

    proptest! {
        #[test]
        fn a_column_is_what_one_price_at_a_time_gives(quotes in prop::collection::vec(quote(), 1..9)) {
            let found = columns(&quotes).unwrap();
            for ((volatility, status), quote) in found.iter().zip(&quotes) {
                let alone = implied_volatility(quote).unwrap();
                prop_assert_eq!(told(alone).1, *status, "{:?}", quote);
                if let Implied::Volatility { volatility: right, condition } = alone {
                    let off = (volatility / right - 1.0).abs();
                    prop_assert!(off <= IMPLIED_ERROR * condition.max(1.0), "{} {:?}", off, quote);
                }
                let single = columns(std::slice::from_ref(quote)).unwrap();
                prop_assert_eq!(single[0].0.to_bits(), volatility.to_bits());
            }
        }
    }

    #[test]
    fn an_entry_that_no_option_has_is_named() {
        let good =
            PriceQuote { kind: Kind::Put, forward: 1.0, strike: 1.0, years: 1.0, price: 0.1 };
        let refused = |bad| columns(&[good, bad]).unwrap_err().to_string();
        assert_eq!(
            refused(PriceQuote { price: -0.1, ..good }),
            "price[1] is -0.1; a finite number of zero or more is right"
        );
        assert_eq!(
            refused(PriceQuote { years: 0.0, ..good }),
            "years[1] is 0.0; a finite number above zero is right"
        );
    }
}
