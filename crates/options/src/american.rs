//! An option on a spot price that may be exercised at any time, by a tree.
//!
//! The tree is binomial with steps `s = volatility sqrt(dt)` up and down about a drift that puts
//! the strike on a node at expiry (the tilt of Tian, Journal of Futures Markets 19, 1999), so that
//! its error changes smoothly with the number of steps. The last step is the closed form, and two
//! trees are extrapolated (Broadie and Detemple, Review of Financial Studies 9, 1996, section 2).
//! The tree begins two steps before now, which gives delta and gamma from three nodes of now; theta
//! follows from the equation that a value kept alive obeys.

use crate::error::{OptionError, require};
use crate::{BlackScholes, Kind, SpotQuote};

/// What an option that may be exercised at any time is worth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct American {
    /// Value now, in quote units; never below that of the European option or of exercise.
    pub price: f64,
    /// Derivative by spot.
    pub delta: f64,
    /// Second derivative by spot.
    pub gamma: f64,
    /// What a year of calendar time adds; zero for an option to be exercised now.
    pub theta: f64,
    /// The same option without early exercise.
    pub european: f64,
    /// Whether exercise now is worth as much as keeping it.
    pub exercise_now: bool,
}

/// Steps that leave less than 2e-5 of the strike for a year at ordinary volatilities.
pub const STEPS: u32 = 400;

/// Fewest and most steps: a tree of the most takes about a tenth of a second.
const STEPS_RANGE: std::ops::RangeInclusive<u32> = 8..=10_000;

/// The largest deviation: beyond, a step up of the smallest tree passes what a probability allows.
const DEVIATION_MAX: f64 = 5.0;

/// Price and greeks of an American option by trees of `steps` and half as many steps.
///
/// # Errors
/// The field that is no number an option has, steps that are odd or not from 8 to 10,000, or a
/// volatility that times the root of the years exceeds 5.
pub fn american(quote: &SpotQuote, steps: u32) -> Result<American, OptionError> {
    let option = BlackScholes::new(quote)?;
    let fits = STEPS_RANGE.contains(&steps) && steps.is_multiple_of(2);
    let right = "an even number from 8 to 10000 is right";
    require("steps", f64::from(steps), fits, right)?;
    let deviation = quote.volatility * libm::sqrt(quote.years);
    let right = "a volatility that times the root of the years is at most 5 is right";
    require("volatility", quote.volatility, deviation <= DEVIATION_MAX, right)?;
    let european = option.price();
    let exercise = exercise(quote, quote.spot);
    if never_early(quote) {
        return Ok(American {
            price: european,
            delta: option.delta(),
            gamma: option.gamma(),
            theta: option.theta(),
            european,
            exercise_now: quote.years == 0.0 && exercise > 0.0,
        });
    }
    let kept = match deviation < DEVIATION_MIN {
        true => certain(quote),
        false => {
            let (coarse, fine) = (tree(quote, steps / 2)?, tree(quote, steps)?);
            extrapolated(coarse, fine)
        }
    };
    Ok(settled(quote, kept, european, exercise))
}

/// A deviation of less is none: a tree of it would not resolve its own steps.
const DEVIATION_MIN: f64 = 1e-7;

/// Whether a rate and a yield make it a loss to exercise early, whatever the price does: the holder
/// of the call would give up interest on the strike and gain no yield (Merton 1973), and the like.
fn never_early(quote: &SpotQuote) -> bool {
    let SpotQuote { rate, dividend_yield, years, .. } = *quote;
    let (earned, given_up) = match quote.kind {
        Kind::Call => (dividend_yield, rate),
        Kind::Put => (rate, dividend_yield),
    };
    years == 0.0 || (earned <= 0.0 && given_up >= 0.0)
}

fn exercise(quote: &SpotQuote, spot: f64) -> f64 {
    (quote.kind.sign() * (spot - quote.strike)).max(0.0)
}

/// Value, delta and gamma of an option that is kept now, optimally exercised later.
#[derive(Clone, Copy)]
struct Kept {
    price: f64,
    delta: f64,
    gamma: f64,
}

fn extrapolated(coarse: Kept, fine: Kept) -> Kept {
    Kept {
        price: 2.0 * fine.price - coarse.price,
        delta: 2.0 * fine.delta - coarse.delta,
        gamma: 2.0 * fine.gamma - coarse.gamma,
    }
}

/// Holds what the trees say against what is certain.
fn settled(quote: &SpotQuote, kept: Kept, european: f64, exercise: f64) -> American {
    let SpotQuote { spot, rate, dividend_yield, volatility, .. } = *quote;
    let price = kept.price.max(european).max(exercise);
    let exercise_now = exercise > 0.0 && kept.price <= exercise * (1.0 + 4.0 * f64::EPSILON);
    if exercise_now {
        let delta = quote.kind.sign();
        return American { price, delta, gamma: 0.0, theta: 0.0, european, exercise_now };
    }
    let gamma = kept.gamma.max(0.0);
    let drift = (rate - dividend_yield) * spot * kept.delta;
    let theta = rate * price - drift - 0.5 * volatility * volatility * spot * spot * gamma;
    American { price, delta: kept.delta, gamma, theta, european, exercise_now }
}

/// Without volatility the best time is now, expiry, or where the yield lost is the interest won:
/// `q S e^(-qt) = r K e^(-rt)`.
fn certain(quote: &SpotQuote) -> Kept {
    let SpotQuote { spot, strike, years, rate, dividend_yield, .. } = *quote;
    let sign = quote.kind.sign();
    let turn = libm::log(rate * strike / (dividend_yield * spot)) / (rate - dividend_yield);
    let turn = if turn > 0.0 && turn < years { turn } else { 0.0 };
    let mut best = Kept { price: 0.0, delta: 0.0, gamma: 0.0 };
    for time in [0.0, turn, years] {
        let share = libm::exp(-dividend_yield * time);
        let price = sign * (spot * share - strike * libm::exp(-rate * time));
        if price > best.price {
            best = Kept { price, delta: sign * share, gamma: 0.0 };
        }
    }
    best
}

/// Nodes above this are taken as this: nothing reaches them, and their values must stay finite.
const NODE_MAX: f64 = 1e200;

/// One tree of `steps` steps from now, begun two steps earlier.
fn tree(quote: &SpotQuote, steps: u32) -> Result<Kept, OptionError> {
    let SpotQuote { spot, strike, years, volatility, rate, dividend_yield, .. } = *quote;
    let count = f64::from(steps);
    let step_years = years / count;
    let step = volatility * libm::sqrt(step_years);
    let carry = (rate - dividend_yield) * step_years;
    // The drift of the logarithm a step, tilted so that the strike is the node nearest to it.
    let free = carry - 0.5 * step * step;
    let away = libm::log(strike / spot);
    let node = libm::round(((away - free * count) / step + count) * 0.5).clamp(0.0, count);
    let tilt = (away - step * (2.0 * node - count)) / count - free;
    let drift = free + tilt.clamp(-step / count, step / count);
    let (up, down) = (libm::expm1(step), libm::expm1(-step));
    let probability = ((libm::expm1(carry - drift) - down) / (up - down)).clamp(0.0, 1.0);
    let discount = libm::exp(-rate * step_years);
    let (rise, fall) = (discount * probability, discount * (1.0 - probability));

    let levels = steps as usize + 2;
    // e^(k s) for k from -levels to levels.
    let reach = i64::from(steps) + 2;
    let powers: Vec<f64> = (-reach..=reach).map(|k| libm::exp(k as f64 * step)).collect();
    // Prices of level `at`, from the lowest: every second power about the middle.
    let prices = |at: usize| {
        let scale = spot * libm::exp(drift * (at as f64 - 2.0));
        powers
            .iter()
            .skip(levels - at)
            .step_by(2)
            .take(at + 1)
            .map(move |power| (scale * power).min(NODE_MAX))
    };
    let mut values = Vec::with_capacity(levels);
    for price in prices(levels - 1) {
        values.push(last_step(quote, price, step_years)?.max(exercise(quote, price)));
    }
    let mut next = Vec::with_capacity(levels);
    for at in (2..levels - 1).rev() {
        next.clear();
        let pairs = values.iter().zip(values.iter().skip(1));
        next.extend(pairs.zip(prices(at)).map(|((low, high), price)| {
            let kept = rise * high + fall * low;
            // Now is not exercised here: whether it is worth it is what the caller asks.
            let middle = at == 2;
            if middle { kept } else { kept.max(exercise(quote, price)) }
        }));
        std::mem::swap(&mut values, &mut next);
    }
    Ok(around(&values, spot, step, |price| exercise(quote, price)))
}

/// The value one step before expiry, by the closed form.
fn last_step(quote: &SpotQuote, price: f64, years: f64) -> Result<f64, OptionError> {
    // Nodes may leave the range of prices where their value is certain to be that of exercise.
    let price = price.clamp(1e-100, 1e100);
    Ok(BlackScholes::new(&SpotQuote { spot: price, years, ..*quote })?.price())
}

/// Value and derivatives from three nodes of now: two steps below spot, spot, two steps above.
fn around(values: &[f64], spot: f64, step: f64, exercise: impl Fn(f64) -> f64) -> Kept {
    let &[below, price, above] = values else {
        return Kept { price: 0.0, delta: 0.0, gamma: 0.0 };
    };
    let (lower, upper) = (spot * libm::exp(-2.0 * step), spot * libm::exp(2.0 * step));
    let (below, above) = (below.max(exercise(lower)), above.max(exercise(upper)));
    let middle = price.max(exercise(spot));
    let (fall, rise) = (spot - lower, upper - spot);
    let (left, right) = ((middle - below) / fall, (above - middle) / rise);
    let delta = (left * rise + right * fall) / (rise + fall);
    let gamma = 2.0 * (right - left) / (rise + fall);
    Kept { price, delta, gamma }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn put(spot: f64, strike: f64, years: f64, volatility: f64, rate: f64, paid: f64) -> SpotQuote {
        let kind = Kind::Put;
        SpotQuote { kind, spot, strike, years, volatility, rate, dividend_yield: paid }
    }

    #[test]
    fn puts_are_worth_what_a_published_table_says() {
        // Longstaff and Schwartz (Review of Financial Studies 14, 2001), table 1, finite
        // differences: strike 40, rate 6 %; volatility 20 % for one and two years, 40 % for one and
        // two years. Theirs are exercised on 50 dates a year, which is worth a little less than at
        // any time.
        let table = [
            (36.0, [4.478, 4.840, 7.101, 8.508]),
            (38.0, [3.250, 3.745, 6.148, 7.670]),
            (40.0, [2.314, 2.885, 5.312, 6.920]),
            (42.0, [1.617, 2.212, 4.582, 6.248]),
            (44.0, [1.110, 1.690, 3.948, 5.647]),
        ];
        for (spot, row) in table {
            let columns = [(0.2, 1.0), (0.2, 2.0), (0.4, 1.0), (0.4, 2.0)];
            for ((volatility, years), right) in columns.into_iter().zip(row) {
                let found = american(&put(spot, 40.0, years, volatility, 0.06, 0.0), 200).unwrap();
                let more = found.price - right;
                assert!((-0.001..0.012).contains(&more), "{spot}: {} {right}", found.price);
            }
        }
    }

    #[test]
    fn the_premium_of_early_exercise_is_that_of_a_published_benchmark() {
        // Andersen, Lake and Offengenden (Journal of Computational Finance 20, 2016), section 6:
        // spot and strike 100, a year, 25 %, rate and yield 5 %: 0.106952702747.
        let found = american(&put(100.0, 100.0, 1.0, 0.25, 0.05, 0.05), 1_000).unwrap();
        assert!((found.price - found.european - 0.106_952_702_747).abs() < 1e-4);
    }

    #[test]
    fn more_steps_come_nearer() {
        let quote = put(100.0, 105.0, 0.75, 0.3, 0.04, 0.01);
        let price = |steps| american(&quote, steps).unwrap().price;
        let right = price(3_000);
        let off = [50, 200, 800].map(|steps| (price(steps) - right).abs());
        assert!(off[0] < 5e-3 && off[1] < 1.5e-3 && off[2] < 4e-4, "{off:?}");
    }

    #[test]
    fn a_call_that_nobody_exercises_early_is_the_european_one() {
        let call = SpotQuote { kind: Kind::Call, ..put(100.0, 90.0, 1.0, 0.3, 0.05, 0.0) };
        let (found, right) = (american(&call, 50).unwrap(), BlackScholes::new(&call).unwrap());
        assert_eq!((found.price, found.delta), (right.price(), right.delta()));
        assert!(!found.exercise_now);
    }

    #[test]
    fn a_put_deep_in_the_money_is_exercised_now_and_one_above_the_boundary_is_not() {
        let at = |spot| american(&put(spot, 100.0, 1.0, 0.2, 0.08, 0.0), 200).unwrap();
        let deep = at(60.0);
        assert!(deep.exercise_now);
        assert_eq!((deep.price, deep.delta, deep.gamma, deep.theta), (40.0, -1.0, 0.0, 0.0));
        // There is one boundary: below it all are exercised, above it none; it lies above that of a
        // perpetual put, K / (1 + s^2/(2r)) = 80.
        let exercised: Vec<bool> = (60..120).map(|spot| at(f64::from(spot)).exercise_now).collect();
        let boundary = 60 + exercised.iter().take_while(|now| **now).count();
        assert!(exercised.iter().skip(boundary - 60).all(|now| !now));
        assert!((81..95).contains(&boundary), "{boundary}");
    }

    #[test]
    fn without_volatility_the_best_time_is_chosen() {
        // Yield 10 %, no rate: a call of 100 on 120 is exercised now; a put of 120 on 100 at a rate
        // of 5 % as well.
        let call = SpotQuote { kind: Kind::Call, ..put(120.0, 100.0, 2.0, 0.0, 0.0, 0.1) };
        assert_eq!(american(&call, 50).unwrap().price, 20.0);
        assert_eq!(american(&put(100.0, 120.0, 2.0, 0.0, 0.05, 0.0), 50).unwrap().price, 20.0);
        // A call on what pays 2 % at a rate of 8 %: waiting wins until q S e^(-qt) = r K e^(-rt).
        let call = SpotQuote { kind: Kind::Call, ..put(100.0, 50.0, 30.0, 0.0, 0.08, 0.02) };
        let best = american(&call, 50).unwrap().price;
        let turn = (0.08f64 * 50.0 / (0.02 * 100.0)).ln() / 0.06;
        let right = 100.0 * (-0.02 * turn).exp() - 50.0 * (-0.08 * turn).exp();
        assert!((best - right).abs() < 1e-12, "{best} {right}");
    }

    #[test]
    fn what_no_tree_has_is_refused_by_name() {
        let quote = put(100.0, 100.0, 1.0, 0.2, 0.05, 0.0);
        let refused = |quote: &SpotQuote, steps| american(quote, steps).unwrap_err().to_string();
        assert_eq!(refused(&quote, 7), "steps is 7.0; an even number from 8 to 10000 is right");
        let wild = SpotQuote { volatility: 6.0, ..quote };
        assert!(refused(&wild, 50).starts_with("volatility is 6.0; a volatility that times"));
        assert!(refused(&SpotQuote { spot: -1.0, ..quote }, 50).starts_with("spot is -1.0"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn an_american_option_is_within_its_bounds_and_symmetric(
            call in any::<bool>(), log in -1.0..1.0f64, years in 0.01..3.0f64,
            volatility in 0.02..1.5f64, rate in -0.1..0.2f64, paid in -0.1..0.2f64
        ) {
            let kind = if call { Kind::Call } else { Kind::Put };
            let strike = 100.0 * log.exp();
            let quote = SpotQuote { kind, ..put(100.0, strike, years, volatility, rate, paid) };
            let found = american(&quote, 100).unwrap();
            let European { low, high } = bounds(&quote);
            prop_assert!(found.price >= low && found.price <= high * (1.0 + 1e-3), "{found:?}");
            let steepest = 1.1f64.max((-paid * years).exp() * 1.02);
            prop_assert!(found.delta.abs() <= steepest, "{found:?}");
            // A call is a put with spot and strike, rate and yield exchanged (McDonald and Schroder
            // 1998).
            let mirrored = SpotQuote {
                kind: if call { Kind::Put } else { Kind::Call },
                spot: quote.strike,
                strike: quote.spot,
                rate: paid,
                dividend_yield: rate,
                ..quote
            };
            let mirror = american(&mirrored, 100).unwrap();
            let scale = quote.spot.max(quote.strike);
            prop_assert!((found.price - mirror.price).abs() < 2e-3 * scale, "{found:?} {mirror:?}");
        }

        #[test]
        fn derivatives_are_those_of_the_price(
            log in -0.3..0.3f64, years in 0.2..2.0f64, volatility in 0.15..0.6f64,
        ) {
            let quote = put(100.0, 100.0 * log.exp(), years, volatility, 0.05, 0.02);
            let price = |spot| american(&SpotQuote { spot, ..quote }, 400).unwrap().price;
            let found = american(&quote, 400).unwrap();
            let slope = (price(101.0) - price(99.0)) / 2.0;
            prop_assert!((found.delta - slope).abs() < 6e-3, "{} {slope}", found.delta);
        }
    }

    struct European {
        low: f64,
        high: f64,
    }

    /// At least the European option and exercise; at most the largest payoff that is ever
    /// discounted.
    fn bounds(quote: &SpotQuote) -> European {
        let low = BlackScholes::new(quote).unwrap().price().max(exercise(quote, quote.spot));
        let grown = |rate: f64| (-rate * quote.years).exp().max(1.0);
        let high = match quote.kind {
            Kind::Call => quote.spot * grown(quote.dividend_yield),
            Kind::Put => quote.strike * grown(quote.rate),
        };
        European { low, high }
    }
}
