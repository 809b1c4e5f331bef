//! The descending auction against a price that moves.
//!
//! The fair price is a geometric Brownian motion without drift, the auction's price falls by a
//! constant rate in logarithms, and takers can act only at the times of a Poisson process, as when
//! blocks arrive. A taker takes at the first such time at which the auction's price is not above the
//! fair one. The gap between the two is then a Brownian motion with drift observed at exponential
//! times, whose overshoot below zero is exponential. The question is that of Moallemi and Robinson,
//! "Loss-Versus-Fair: Efficiency of Dutch Auctions on Blockchains" (arXiv 2406.00113); the formulas
//! here are derived for this case and agree with simulation.

use super::{MeasureError, number};

/// A descending auction and its market.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Descent {
    /// Deviation of the fair price's logarithm over a year.
    pub annual_volatility: f64,
    /// Seconds in that year.
    pub seconds_per_year: f64,
    /// Mean seconds between two times at which takers can act.
    pub mean_gap_s: f64,
    /// Fall of the auction price's logarithm a second.
    pub log_decay_per_s: f64,
    /// Logarithm of the auction's first price over the fair one, zero or more.
    pub log_premium: f64,
}

/// What to expect of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Expected {
    /// Rate of the exponential overshoot, in inverse logarithm.
    pub overshoot_rate: f64,
    /// Share of the fair price that the seller loses.
    pub loss: f64,
    /// The same as a difference of logarithms.
    pub log_loss: f64,
    /// Seconds until it is taken.
    pub fill_s: f64,
}

/// Loss `1 / (1 + z)`, loss in logarithms `1 / z` and time `(z0 + 1/z) / d`, where `d` is the decay less
/// half the variance and `z = (sqrt(d^2 + 2 s^2 / T) - d) / s^2`.
///
/// # Errors
/// A number out of its range, or a decay that volatility eats up: it must exceed half the variance a
/// second, or the price may never be met.
pub fn descent_against_brownian(terms: &Descent) -> Result<Expected, MeasureError> {
    let at_least_zero = |field, found: f64| number(field, found, found >= 0.0, "0 or more");
    let positive = |field, found: f64| number(field, found, found > 0.0, "above 0");
    let volatility = at_least_zero("annual_volatility", terms.annual_volatility)?;
    let year = positive("seconds_per_year", terms.seconds_per_year)?;
    let gap = positive("mean_gap_s", terms.mean_gap_s)?;
    let premium = at_least_zero("log_premium", terms.log_premium)?;
    let variance = volatility * volatility / year;
    let decay = terms.log_decay_per_s;
    let drift =
        number("log_decay_per_s", decay, decay > variance / 2.0, "above half the variance")?
            - variance / 2.0;
    // The root with its difference rationalised, which stays exact where the variance vanishes.
    let root = libm::sqrt(drift * drift + 2.0 * variance / gap);
    let overshoot_rate = 2.0 / gap / (root + drift);
    let log_loss = 1.0 / overshoot_rate;
    Ok(Expected {
        overshoot_rate,
        loss: 1.0 / (1.0 + overshoot_rate),
        log_loss,
        fill_s: (premium + log_loss) / drift,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::perpetuals::draw::{Draw, Field};

    const TERMS: Descent = Descent {
        annual_volatility: 1.0,
        seconds_per_year: 31_536_000.0,
        mean_gap_s: 12.0,
        log_decay_per_s: 0.01 / 60.0,
        log_premium: 0.048_790_164_169_432,
    };

    fn near(found: f64, expected: f64, relative: f64) {
        assert!((found / expected - 1.0).abs() < relative, "{found} for {expected}");
    }

    #[test]
    fn a_still_price_is_met_one_gap_late() {
        let still = Descent { annual_volatility: 0.0, ..TERMS };
        let expected = descent_against_brownian(&still).unwrap();
        let step = TERMS.log_decay_per_s * TERMS.mean_gap_s;
        near(expected.loss, step / (1.0 + step), 1e-14);
        near(expected.fill_s, TERMS.log_premium / TERMS.log_decay_per_s + TERMS.mean_gap_s, 1e-14);
    }

    #[test]
    fn the_overshoot_solves_its_equation() {
        // E[exp(z gap)] = 1 over one exponential time: (s^2/2) z^2 + d z = 1/T.
        let expected = descent_against_brownian(&TERMS).unwrap();
        let (z, variance) = (expected.overshoot_rate, 1.0 / TERMS.seconds_per_year);
        let drift = TERMS.log_decay_per_s - variance / 2.0;
        near(variance / 2.0 * z * z + drift * z, 1.0 / TERMS.mean_gap_s, 1e-13);
    }

    #[test]
    fn simulated_auctions_lose_what_the_formula_says() {
        let terms = Descent { mean_gap_s: 60.0, annual_volatility: 2.0, ..TERMS };
        let expected = descent_against_brownian(&terms).unwrap();
        let variance = 4.0 / terms.seconds_per_year;
        let (auctions, mut loss, mut squares, mut seconds) = (100_000u32, 0.0, 0.0, 0.0);
        for auction in 0..auctions {
            let (mut gap, mut elapsed) = (terms.log_premium, 0.0);
            for step in 0u64.. {
                let draw = Draw::new(5, u64::from(auction) << 20 | step);
                let wait = terms.mean_gap_s * draw.exponential(Field::Wallet);
                // The fair price is a martingale, so its logarithm falls by half the variance.
                gap += wait * (variance / 2.0 - terms.log_decay_per_s)
                    + libm::sqrt(variance * wait) * draw.normal(Field::Size);
                elapsed += wait;
                if gap <= 0.0 {
                    break;
                }
            }
            let lost = -libm::expm1(gap);
            (loss, squares, seconds) = (loss + lost, squares + lost * lost, seconds + elapsed);
        }
        let count = f64::from(auctions);
        let mean = loss / count;
        let error = libm::sqrt((squares / count - mean * mean) / count);
        assert!((mean - expected.loss).abs() < 4.0 * error, "{mean} {} {error}", expected.loss);
        near(seconds / count, expected.fill_s, 0.01);
    }

    #[test]
    fn a_number_out_of_range_is_named() {
        let told = |terms: Descent| descent_against_brownian(&terms).unwrap_err().to_string();
        assert_eq!(
            told(Descent { mean_gap_s: 0.0, ..TERMS }),
            "mean_gap_s is 0: it must be above 0"
        );
        // Half the variance itself is too slow.
        let half = Descent { seconds_per_year: 2.0, log_decay_per_s: 0.25, ..TERMS };
        assert_eq!(told(half), "log_decay_per_s is 0.25: it must be above half the variance");
        assert!(descent_against_brownian(&Descent { log_decay_per_s: 0.250_001, ..half }).is_ok());
        assert!(told(Descent { log_premium: f64::NAN, ..TERMS }).starts_with("log_premium is NaN"));
        assert!(told(Descent { annual_volatility: -0.1, ..TERMS }).contains("0 or more"));
    }
}
