//! Prices and greeks of a book of options on forwards, in one plain loop.
//!
//! One exponential serves all: with `u = |h - t|` and `w = h + t` of the option out of the money,
//! `n(w) = n(u) lower/higher`, and the two tails are `n(u)` and `n(w)` times Mills' ratio. Roots
//! and logarithms are plain arithmetic as well, so that the compiler takes several options a step.

use super::arithmetic::{decay, growth, log_ratio, root_and_inverse, scaled_tail};
use super::every;
use crate::error::{OptionError, PRICE, is_not_negative, is_price};
use crate::normal::ROOT_HALF;

/// A book of options, one entry an option in each column.
#[derive(Debug, Clone, Copy)]
pub struct Book<'a> {
    /// +1 for a call, -1 for a put; see [`Kind::sign`](crate::Kind::sign).
    pub sign: &'a [f64],
    /// Forward prices.
    pub forward: &'a [f64],
    /// Strikes.
    pub strike: &'a [f64],
    /// Years to expiry, at most 1e100; below 1e-200 an option is expired.
    pub years: &'a [f64],
    /// Volatilities a year, at most 1e50; below 1e-200 there is none.
    pub volatility: &'a [f64],
    /// Continuously compounded rates a year, times the years at most 450 either way.
    pub rate: &'a [f64],
}

/// What a book is worth, one entry an option in each column: discounted, by the forward, as
/// [`Black76`](crate::Black76) has it.
#[derive(Debug)]
pub struct Values<'a> {
    /// Values now, in quote units.
    pub price: &'a mut [f64],
    /// Derivatives by the forward.
    pub delta: &'a mut [f64],
    /// Second derivatives by the forward.
    pub gamma: &'a mut [f64],
    /// Derivatives by volatility, for 1.00 of it.
    pub vega: &'a mut [f64],
    /// What a year of calendar time adds.
    pub theta: &'a mut [f64],
}

/// How far what [`greeks_into`] gives may be from what [`Black76`](crate::Black76) gives, in units
/// of the scale of each: with `D` the discount, `M` the larger of forward and strike, `m` the
/// smaller,
///
/// ```text
/// price  D M       delta  D       vega  D m sqrt T       gamma  D m / (F^2 v)
/// theta  D (|r| M + m s / (2 sqrt T))
/// ```
pub const GREEKS_ERROR: f64 = 64.0 * f64::EPSILON;

/// Years and volatilities below this are none.
const LEAST: f64 = 1e-200;

/// Prices and four greeks of a book into `values`, within [`GREEKS_ERROR`] of those of one option
/// at a time. An entry has the same bits alone as among others.
///
/// # Errors
/// Columns of different lengths, or the first entry that no option has; nothing is then written.
pub fn greeks_into(book: &Book<'_>, values: &mut Values<'_>) -> Result<(), OptionError> {
    book.check(values)?;
    let first = book.sign.iter().zip(book.forward).zip(book.strike);
    let second = book.years.iter().zip(book.volatility).zip(book.rate);
    let written = values.price.iter_mut().zip(values.delta.iter_mut()).zip(values.gamma.iter_mut());
    let written = written.zip(values.vega.iter_mut().zip(values.theta.iter_mut()));
    for ((((sign, forward), strike), ((years, volatility), rate)), out) in
        first.zip(second).zip(written)
    {
        let (((price, delta), gamma), (vega, theta)) = out;
        let option = one(*sign, *forward, *strike, *years, *volatility, *rate);
        [*price, *delta, *gamma, *vega, *theta] = option;
    }
    Ok(())
}

/// `1 / sqrt(2 pi)` and half the root of `2 pi`, by which a density gives a tail.
const ROOT_TAU_INVERSE: f64 = 0.398_942_280_401_432_7;
const HALF_ROOT_TAU: f64 = 1.253_314_137_315_500_3;

#[inline(always)]
fn one(sign: f64, forward: f64, strike: f64, years: f64, volatility: f64, rate: f64) -> [f64; 5] {
    let live = if years >= LEAST && volatility >= LEAST { 1.0 } else { 0.0 };
    let (years, volatility) = (years.max(LEAST), volatility.max(LEAST));
    let (root, inverse_root) = root_and_inverse(years);
    let deviation = volatility * root * live + (1.0 - live) * 1e-300;
    let inverse = 1.0 / deviation;
    let (lower, higher) = (forward.min(strike), forward.max(strike));
    // Distance out of the money, half a deviation, and the arguments of the two tails.
    let h = -log_ratio(lower, higher) * inverse;
    let t = 0.5 * deviation;
    let (near, far) = ((h - t).abs().min(1e150), (h + t).min(1e150));
    let density_near = ROOT_TAU_INVERSE * decay(-0.5 * near * near);
    let density_far = density_near * (lower / higher);
    let tail_near = HALF_ROOT_TAU * density_near * scaled_tail(near * ROOT_HALF);
    let tail_far = HALF_ROOT_TAU * density_far * scaled_tail(far * ROOT_HALF);
    let likely = if h > t { tail_near } else { 1.0 - tail_near };
    let out = (lower * likely - higher * tail_far).max(0.0);
    let discount = growth(-rate * years);
    let price = discount * ((sign * (forward - strike)).max(0.0) + out);
    // N(d1), of which the far tail is the rest where the forward is above the strike.
    let above = if forward > strike { 1.0 - tail_far } else { likely };
    let delta = discount * (above - if sign < 0.0 { 1.0 } else { 0.0 });
    let weight = discount * lower * density_near * live;
    let inverse_forward = 1.0 / forward;
    let gamma = (weight * inverse_forward) * (inverse_forward * inverse).min(f64::MAX);
    let vega = weight * root;
    let theta = rate * price - weight * (0.5 * volatility * inverse_root);
    [price, delta, gamma.min(f64::MAX), vega, theta]
}

impl Book<'_> {
    fn check(&self, values: &Values<'_>) -> Result<(), OptionError> {
        let expected = self.forward.len();
        let lengths = [
            ("sign", self.sign.len()),
            ("strike", self.strike.len()),
            ("years", self.years.len()),
            ("volatility", self.volatility.len()),
            ("rate", self.rate.len()),
            ("price", values.price.len()),
            ("delta", values.delta.len()),
            ("gamma", values.gamma.len()),
            ("vega", values.vega.len()),
            ("theta", values.theta.len()),
        ];
        if let Some((field, found)) = lengths.into_iter().find(|(_, found)| *found != expected) {
            return Err(OptionError::Lengths { field, found, expected });
        }
        every("sign", self.sign, |sign| sign.abs() == 1.0, "1 for a call, -1 for a put is right")?;
        every("forward", self.forward, is_price, PRICE)?;
        every("strike", self.strike, is_price, PRICE)?;
        let years = |years: f64| is_not_negative(years) && years <= 1e100;
        every("years", self.years, years, "a time from 0 to 1e100 is right")?;
        let volatility = |value: f64| is_not_negative(value) && value <= 1e50;
        every("volatility", self.volatility, volatility, "a volatility from 0 to 1e50 is right")?;
        every("rate", self.rate, |rate| rate.abs() <= 1e100, "a rate of at most 1e100 is right")?;
        let far = |(rate, years): (&f64, &f64)| (rate * years).abs() > 450.0;
        match self.rate.iter().zip(self.years).position(far) {
            None => Ok(()),
            Some(index) => {
                let value = self.rate.get(index).copied().unwrap_or_default();
                let right = "a rate that times the years is from -450 to 450 is right";
                Err(OptionError::Entry { field: "rate", index, value, right })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Black76, Kind, Quote};
    use proptest::prelude::*;

    fn columns(options: &[Quote]) -> Result<[Vec<f64>; 5], OptionError> {
        let column = |of: fn(&Quote) -> f64| options.iter().map(of).collect::<Vec<f64>>();
        let book = Book {
            sign: &column(|quote| quote.kind.sign()),
            forward: &column(|quote| quote.forward),
            strike: &column(|quote| quote.strike),
            years: &column(|quote| quote.years),
            volatility: &column(|quote| quote.volatility),
            rate: &column(|quote| quote.rate),
        };
        let mut out: [Vec<f64>; 5] = std::array::from_fn(|_| vec![f64::NAN; options.len()]);
        let [price, delta, gamma, vega, theta] = &mut out;
        greeks_into(&book, &mut Values { price, delta, gamma, vega, theta })?;
        Ok(out)
    }

    fn scalar(quote: &Quote) -> ([f64; 5], [f64; 5]) {
        let option = Black76::new(quote).unwrap();
        let greeks = option.greeks();
        let values = [greeks.price, greeks.delta, greeks.gamma, greeks.vega, greeks.theta];
        let Quote { forward, strike, years, volatility, rate, .. } = *quote;
        let (more, less) = (forward.max(strike), forward.min(strike));
        let (discount, root) = (option.discount(), years.sqrt());
        let decay = less * volatility / (2.0 * root.max(1e-300));
        let gamma = less / forward / forward / (volatility * root).max(1e-300);
        let scales = [more, 1.0, gamma, less * root, rate.abs() * more + decay];
        (values, scales.map(|scale| discount * scale))
    }

    fn quote() -> impl Strategy<Value = Quote> {
        let log = prop_oneof![-1e-6..1e-6f64, -0.3..0.3f64, -20.0..20.0f64];
        let years = prop_oneof![1 => Just(0.0), 9 => 1e-6..10.0f64];
        let volatility = prop_oneof![1 => Just(0.0), 4 => 1e-7..1e-3f64, 9 => 0.01..30.0f64];
        let forward = (-20i32..20, 1.0..10.0f64).prop_map(|(power, x)| x * 10f64.powi(power));
        let call = any::<bool>();
        (call, forward, log, years, volatility, -5.0..5.0f64).prop_map(
            |(call, forward, log, years, volatility, rate)| Quote {
                kind: if call { Kind::Call } else { Kind::Put },
                forward,
                strike: forward * log.exp(),
                years,
                volatility,
                rate,
            },
        )
    }

    proptest! {
        #[test]
        fn a_column_is_what_one_option_at_a_time_gives(book in prop::collection::vec(quote(), 1..9)) {
            let found = columns(&book).unwrap();
            for (at, quote) in book.iter().enumerate() {
                let (values, scales) = scalar(quote);
                for (place, (value, scale)) in values.into_iter().zip(scales).enumerate() {
                    let found = found[place][at];
                    let near = (found - value).abs() <= GREEKS_ERROR * scale;
                    prop_assert!(near, "{place}: {found:e} {value:e} {scale:e} {quote:?}");
                }
                let alone = columns(&book[at..=at]).unwrap();
                for (alone, among) in alone.iter().zip(&found) {
                    prop_assert_eq!(alone[0].to_bits(), among[at].to_bits());
                }
            }
        }
    }

    #[test]
    fn an_entry_that_no_option_has_is_named_and_nothing_is_written() {
        let good = Quote {
            kind: Kind::Call,
            forward: 1.0,
            strike: 1.0,
            years: 1.0,
            volatility: 0.1,
            rate: 0.0,
        };
        let refused = |bad| columns(&[good, bad]).unwrap_err().to_string();
        assert_eq!(
            refused(Quote { volatility: -0.1, ..good }),
            "volatility[1] is -0.1; a volatility from 0 to 1e50 is right"
        );
        assert_eq!(
            refused(Quote { rate: 500.0, ..good }),
            "rate[1] is 500.0; a rate that times the years is from -450 to 450 is right"
        );
        assert!(refused(Quote { years: f64::NAN, ..good }).starts_with("years[1] is NaN"));
        assert!(refused(Quote { strike: 0.0, ..good }).starts_with("strike[1] is 0.0"));
    }

    #[test]
    fn the_ends_of_every_column_give_numbers() {
        let mut book = Vec::new();
        for kind in [Kind::Call, Kind::Put] {
            for (forward, strike) in
                [(1e-100, 1e100), (1e100, 1e-100), (1e-100, 1e-100), (1.0, 1.0)]
            {
                for years in [0.0, 1e-308, 1e-11, 1.0, 1e100] {
                    for volatility in [0.0, 1e-308, 1e-8, 1.0, 1e50] {
                        let rate = 450.0 / f64::max(years, 4.5);
                        for rate in [-rate, 0.0, rate] {
                            book.push(Quote { kind, forward, strike, years, volatility, rate });
                        }
                    }
                }
            }
        }
        let found = columns(&book).unwrap();
        for column in &found {
            for (value, quote) in column.iter().zip(&book) {
                assert!(value.is_finite(), "{value} {quote:?}");
            }
        }
    }
}
