//! Quantiles of the normal, the chi-square and Student's distribution.
//!
//! Each is found by bisection of its distribution function, so that its precision is that
//! function's: about twelve digits.

use crate::ModelError;

/// Halvings that separate any two floats of a bracket here.
const HALVINGS_MAX: usize = 200;

/// Terms of a continued fraction or a series; those here need fewer than a thousand.
const TERMS_MAX: usize = 100_000;

/// A probability strictly between 0 and 1.
pub(crate) fn check(field: &'static str, probability: f64) -> Result<f64, ModelError> {
    match probability > 0.0 && probability < 1.0 {
        true => Ok(probability),
        false => Err(ModelError::field(field, probability, "above 0 and below 1")),
    }
}

/// `z` with `P(Z <= z) = probability`.
///
/// # Errors
/// A probability outside 0 to 1, both excluded.
pub fn normal(probability: f64) -> Result<f64, ModelError> {
    check("confidence", probability)?;
    let below = |z: f64| 0.5 * libm::erfc(-z * core::f64::consts::FRAC_1_SQRT_2) >= probability;
    Ok(bisected(-40.0, 40.0, below))
}

/// Value that a chi-square variable of `freedom` degrees stays below with `probability`.
pub(crate) fn chi_square(probability: f64, freedom: f64) -> f64 {
    let mut high = freedom + 1.0;
    while lower_gamma(0.5 * freedom, 0.5 * high) < probability {
        high *= 2.0;
    }
    bisected(0.0, high, |value| lower_gamma(0.5 * freedom, 0.5 * value) >= probability)
}

/// Value that Student's variable of `freedom` degrees stays below with `probability`, which is at
/// least a half.
pub(crate) fn student(probability: f64, freedom: f64) -> f64 {
    let below = |value: f64| {
        let tail = beta_share(0.5 * freedom, 0.5, freedom / (freedom + value * value));
        1.0 - 0.5 * tail >= probability
    };
    let mut high = 2.0;
    while !below(high) && high < 1e12 {
        high *= 2.0;
    }
    bisected(0.0, high, below)
}

/// The least value at which `reached` holds.
fn bisected(mut low: f64, mut high: f64, reached: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..HALVINGS_MAX {
        let middle = low + 0.5 * (high - low);
        if middle <= low || middle >= high {
            break;
        }
        if reached(middle) { high = middle } else { low = middle }
    }
    high
}

/// Regularised lower incomplete gamma function: its series below `shape + 1`, the continued fraction
/// of the upper one above (NIST Digital Library of Mathematical Functions, 8.11.4 and 8.9.2).
fn lower_gamma(shape: f64, value: f64) -> f64 {
    if value <= 0.0 {
        return 0.0;
    }
    let scale = libm::exp(shape * libm::log(value) - value - libm::lgamma(shape));
    if value < shape + 1.0 {
        let (mut term, mut sum) = (1.0 / shape, 1.0 / shape);
        for index in 1..TERMS_MAX {
            term *= value / (shape + index as f64);
            sum += term;
            if term < sum * f64::EPSILON {
                break;
            }
        }
        return sum * scale;
    }
    let mut fraction = Fraction::new(value + 1.0 - shape);
    for index in 1..TERMS_MAX {
        let index = index as f64;
        let above = index * (shape - index);
        if fraction.step(above, value + 1.0 - shape + 2.0 * index) {
            break;
        }
    }
    1.0 - scale / fraction.value
}

/// Regularised incomplete beta function (NIST Digital Library of Mathematical Functions, 8.17.22).
fn beta_share(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    // The fraction converges fast below the mean; above it, the mirrored one does.
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - beta_share(b, a, 1.0 - x);
    }
    let logs = libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b);
    let scale = libm::exp(logs + a * libm::log(x) + b * libm::log1p(-x)) / a;
    let mut fraction = Fraction::new(1.0);
    for index in 0..TERMS_MAX {
        let m = libm::floor(0.5 * index as f64);
        let above = if index % 2 == 0 {
            -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0))
        } else {
            (m + 1.0) * (b - m - 1.0) * x / ((a + 2.0 * m + 1.0) * (a + 2.0 * m + 2.0))
        };
        if fraction.step(above, 1.0) {
            break;
        }
    }
    scale / fraction.value
}

/// A continued fraction from the front (Lentz, 1976).
struct Fraction {
    value: f64,
    above: f64,
    below: f64,
}

impl Fraction {
    fn new(first: f64) -> Fraction {
        Fraction { value: first, above: first, below: 0.0 }
    }

    /// Takes one more pair of coefficients; whether the value stands still.
    fn step(&mut self, numerator: f64, denominator: f64) -> bool {
        let safe = |value: f64| if value.abs() < 1e-290 { 1e-290 } else { value };
        self.below = 1.0 / safe(denominator + numerator * self.below);
        self.above = safe(denominator + numerator / self.above);
        let factor = self.above * self.below;
        self.value *= factor;
        (factor - 1.0).abs() < 2.0 * f64::EPSILON
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_printed_tables() {
        let close = |found: f64, table: f64| {
            assert!((found - table).abs() < 6e-4 * table.abs().max(1.0), "{found} {table}");
        };
        close(normal(0.95).unwrap(), 1.6449);
        close(normal(0.99).unwrap(), 2.3263);
        close(normal(0.5).unwrap(), 0.0);
        close(normal(0.025).unwrap(), -1.96);
        close(chi_square(0.95, 1.0), 3.841);
        close(chi_square(0.05, 10.0), 3.940);
        close(chi_square(0.975, 100.0), 129.561);
        close(chi_square(0.5, 2.0), 1.3863);
        close(student(0.975, 1.0), 12.706);
        close(student(0.975, 10.0), 2.228);
        close(student(0.95, 30.0), 1.697);
        close(student(0.975, 1e6), 1.96);
        for wrong in [0.0, 1.0, -1.0, f64::NAN] {
            assert!(normal(wrong).is_err());
        }
    }
}
