//! Expectations over a normal variable.
//!
//! The trapezoidal rule: for a function that is smooth on a scale `w` it converges as
//! `e^(-2 pi^2 w^2 / h^2)` in its step `h` (Trefethen and Weideman, "The exponentially convergent
//! trapezoidal rule", SIAM Review 56, 2014), so two steps a scale leave less than 1e-15.

use crate::normal::density;

/// How far the sum goes in deviations from zero, beyond the shift of the weight.
const REACH: f64 = 9.5;

/// Steps a scale.
const STEPS_A_SCALE: f64 = 2.5;

/// Largest step, for the weight itself.
const STEP_MAX: f64 = 0.25;

/// `E[of(z)]` for a function that is smooth on a scale of `scale` deviations and whose weight lies at
/// most `shift` deviations above zero.
pub(super) fn expected(scale: f64, shift: f64, of: impl Fn(f64) -> f64) -> f64 {
    let step = (scale / STEPS_A_SCALE).clamp(STEP_MIN, STEP_MAX);
    let (low, high) = (-REACH, REACH + shift.max(0.0));
    let count = libm::ceil((high - low) / step) as u32;
    let mut sum = 0.0;
    for index in 0..=count {
        let z = low + f64::from(index) * step;
        let weight = density(z);
        if weight > 0.0 {
            sum += weight * of(z);
        }
    }
    sum * step
}

/// Smallest step: bounds the work at a few hundred thousand points.
const STEP_MIN: f64 = 1e-4;

#[cfg(test)]
mod tests {
    use super::expected;
    use crate::normal::cumulative;

    #[test]
    fn moments_and_a_steep_step_are_exact() {
        assert!((expected(1.0, 0.0, |_| 1.0) - 1.0).abs() < 1e-14);
        assert!((expected(1.0, 0.0, |z| z * z * z * z) - 3.0).abs() < 1e-12);
        assert!((expected(1.0, 2.0, |z| libm::exp(2.0 * z)) / libm::exp(2.0) - 1.0).abs() < 1e-12);
        // E[N((z - m)/w)] = N(-m / sqrt(1 + w^2)).
        for (m, w) in [(0.3, 0.05), (-1.0, 0.01), (0.0, 0.5)] {
            let right = cumulative(-m / libm::sqrt(1.0 + w * w));
            assert!(
                (expected(w, 0.0, |z| cumulative((z - m) / w)) - right).abs() < 1e-13,
                "{m} {w}"
            );
        }
    }
}
