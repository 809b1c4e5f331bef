//! Amplification of a small fall, in closed form.
//!
//! If a price lower by one unit makes `density` units sold, and a unit sold lowers the price by
//! `impact`, each fall brings `gain = density x impact` times itself: a geometric series, the algebra of
//! the mean cluster of a self-exciting process and of liquidity spirals.

use crate::stress::StressError;
use crate::stress::error::{Range, check};

/// A round that brings less than this share of the total is no longer counted.
const NEGLIGIBLE: f64 = 1e-9;

/// A fall and what it becomes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Amplified {
    /// Sum of the series; none from a gain of 1 on, where the book runs out before the series does.
    pub total_drop: Option<f64>,
    /// What one unit of fall becomes.
    pub multiplier: Option<f64>,
    /// The smallest `n` with `gain^n` at most 1e-9: rounds after which less than a billionth of the
    /// total is to come. None from a gain of 1 on.
    pub rounds_to_1e9: Option<u64>,
}

/// The gain: units sold per unit of price, by price per unit sold.
///
/// # Errors
/// Either is negative or no number.
pub fn gain(density: f64, impact: f64) -> Result<f64, StressError> {
    check("density", density, Range::ZeroOrMore)?;
    check("impact", impact, Range::ZeroOrMore)?;
    Ok(density * impact)
}

/// What a fall of `exogenous_drop` becomes under a gain.
///
/// # Errors
/// The gain is negative or no number, or the drop no number.
pub fn amplification(gain: f64, exogenous_drop: f64) -> Result<Amplified, StressError> {
    check("gain", gain, Range::ZeroOrMore)?;
    check("exogenous_drop", exogenous_drop, Range::Finite)?;
    if gain >= 1.0 {
        return Ok(Amplified { total_drop: None, multiplier: None, rounds_to_1e9: None });
    }
    Ok(Amplified {
        total_drop: Some(exogenous_drop / (1.0 - gain)),
        multiplier: Some(1.0 / (1.0 - gain)),
        rounds_to_1e9: Some(rounds_to(gain)),
    })
}

/// The smallest `n` with `gain^n <= 1e-9`. A tenth to the ninth is exactly that, and no logarithm says
/// so: a ratio within rounding of a whole number is that number.
fn rounds_to(gain: f64) -> u64 {
    if gain == 0.0 {
        return 1;
    }
    let ratio = libm::log(NEGLIGIBLE) / libm::log(gain);
    let nearest = libm::round(ratio);
    let whole =
        if (ratio - nearest).abs() <= 1e-12 * nearest { nearest } else { libm::ceil(ratio) };
    (whole as u64).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gains_of_the_literature_amplify_by_their_figures() {
        for (gain, multiplier) in [(0.0, 1.0), (0.5, 2.0), (0.8, 5.0), (0.95, 20.0)] {
            let amplified = amplification(gain, 0.01).unwrap();
            assert!((amplified.multiplier.unwrap() - multiplier).abs() < 1e-12 * multiplier);
        }
        for unbounded in [1.0, 1.5] {
            assert_eq!(amplification(unbounded, 0.01).unwrap().total_drop, None);
        }
        assert!(amplification(-0.1, 0.0).is_err() && amplification(0.1, f64::NAN).is_err());
        assert_eq!(gain(20.0, 0.025), Ok(0.5));
    }

    #[test]
    fn rounds_are_the_first_at_which_the_rest_is_a_billionth() {
        for (gain, rounds) in
            [(0.0, 1), (1e-10, 1), (1e-9, 1), (0.1, 9), (0.001, 3), (0.5, 30), (0.8, 93)]
        {
            assert_eq!(amplification(gain, 1.0).unwrap().rounds_to_1e9, Some(rounds), "{gain}");
        }
        for percent in 1..99u32 {
            let gain = f64::from(percent) / 100.0;
            let rounds = rounds_to(gain);
            let left = |n: u64| (0..n).fold(1.0, |left, _| left * gain);
            assert!(left(rounds) <= 1e-9 * (1.0 + 1e-12) && left(rounds - 1) > 1e-9, "{gain}");
        }
    }
}
