//! A descent against a price that moves, through the core: what the closed form says it loses.

use super::super::theory::{Descent, descent_against_brownian};
use super::chance::Purpose;
use super::estimate::Estimate;
use super::trials::Trials;
use super::{GameError, setting};
use breakwater_auction::dutch::{Asking, Curve, Feed, Incentive, Moment, Sale, Terms};
use breakwater_money::{Ray, U256};

/// Loss against the fair price, and time to the sale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Taken<V> {
    /// Share of the fair price that the seller loses.
    pub loss: V,
    /// Seconds until it is taken.
    pub fill_s: V,
}

/// Steps of the curve in a second, so that rounding to whole steps loses nothing that could be seen.
const STEPS_A_SECOND: f64 = 1_000.0;

/// Times to act in one auction after which it counts as endless.
const LOOKS_MAX: u32 = 1_000_000;

/// What the closed form says, under the same checks.
///
/// # Errors
/// A number out of its range.
pub fn expected(terms: &Descent) -> Result<Taken<f64>, GameError> {
    let found = descent_against_brownian(terms)?;
    Ok(Taken { loss: found.loss, fill_s: found.fill_s })
}

/// A ratio as a ray; exact to the 53 bits of the float.
pub(super) fn ray(value: f64) -> Ray {
    // Two factors, each within 2^53 and 128 bits.
    let scaled = (value * 1e15) as u128;
    Ray::from_raw(U256::from(scaled) * U256::from(1_000_000_000_000u64))
}

/// A price in ray as a float.
pub(super) fn float_of(raw: U256) -> f64 {
    u128::try_from(raw).unwrap_or(u128::MAX) as f64 / 1e27
}

/// Sells a lot whose fair price starts at one through the descending core: takers look at times of a
/// Poisson process and take at the first at which the price is not above the fair one.
///
/// # Errors
/// A number out of its range.
pub fn play(trials: &Trials, descent: &Descent) -> Result<Taken<Estimate>, GameError> {
    // The closed form's own checks, and that the curve is one.
    descent_against_brownian(descent)?;
    let fits = descent.log_decay_per_s / STEPS_A_SECOND < 1.0 && descent.log_premium < 5.0;
    setting("log_premium", descent.log_premium, fits, "below 5, with a decay below 1000 a second")?;
    let kept = ray(libm::exp(-descent.log_decay_per_s / STEPS_A_SECOND));
    let terms = Terms {
        asking: Asking::Falling(Curve::Exponential { kept }),
        start: ray(libm::exp(descent.log_premium)),
        age_seconds_max: U256::MAX,
        price_least: Ray::from_raw(U256::ZERO),
        remainder_least: U256::ZERO,
        incentive: Incentive::none(),
    };
    let variance = descent.annual_volatility * descent.annual_volatility / descent.seconds_per_year;
    let ten = |power: u64| U256::from(10).pow(U256::from(power));
    let begun = Moment { seconds: 0, feed: Some(Feed { price: ten(27), health: None }) };
    let sale = Sale::start(&terms, &begun, ten(48), ten(18), ())?;
    let [loss, fill_s] = trials.run(|chance| {
        let (mut fair, mut elapsed) = (0.0, 0.0);
        for look in 0..LOOKS_MAX {
            let wait = descent.mean_gap_s * chance.exponential(Purpose::Wait, 0, look);
            let moved = libm::sqrt(variance * wait) * chance.normal(Purpose::Price, 0, look);
            // A martingale, so that its logarithm falls by half the variance.
            fair += moved - variance / 2.0 * wait;
            elapsed += wait;
            let moment = Moment { seconds: (elapsed * STEPS_A_SECOND) as u64, feed: None };
            let worth = libm::exp(fair);
            if float_of(sale.status(&terms, &moment)?.price) <= worth {
                let taken = sale.take(&terms, &moment, sale.lot, U256::MAX)?;
                return Ok([1.0 - float_of(taken.price) / worth, elapsed]);
            }
        }
        Err(GameError::Play("a descent was not taken".to_owned()))
    })?;
    Ok(Taken { loss, fill_s })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_core_loses_what_the_closed_form_says() {
        let descent = Descent {
            annual_volatility: 1.0,
            seconds_per_year: 31_536_000.0,
            mean_gap_s: 30.0,
            log_decay_per_s: 0.01 / 60.0,
            log_premium: 0.05,
        };
        let (closed, found) = (
            expected(&descent).unwrap(),
            play(&Trials::new(1, 6_000, 2).unwrap(), &descent).unwrap(),
        );
        assert!(found.loss.agrees_with(closed.loss, 1e-6), "{found:?} for {closed:?}");
        assert!(found.fill_s.agrees_with(closed.fill_s, 1e-3), "{found:?} for {closed:?}");
        // Half the decay loses about half: a fault of that size is seen.
        let slower = expected(&Descent { log_decay_per_s: 0.005 / 60.0, ..descent }).unwrap();
        assert!(!found.loss.agrees_with(slower.loss, 1e-6));
    }

    #[test]
    fn rays_keep_the_digits_of_floats() {
        assert_eq!(ray(1.0), Ray::one());
        assert!((float_of(ray(0.987_654_321).raw) - 0.987_654_321).abs() < 1e-15);
        assert_eq!(ray(0.0).raw, U256::ZERO);
    }
}
