//! Whether the events look like the process: in its own time they are a Poisson process of rate 1.
//!
//! The integral of the intensity from one event to the next is exponential with mean 1 under the
//! process (the time-rescaling theorem; Ogata, "Statistical models for earthquake occurrences", 1988).
//! The largest distance between their distribution and that one is judged after Kolmogorov and Smirnov.

use super::Hawkes;
use super::fit::check_sample;
use crate::stress::StressError;

/// How far rescaled waits are from what they should be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fitness {
    /// Waits judged: one an event.
    pub waits: usize,
    /// Largest distance between the distributions.
    pub distance: f64,
    /// Probability of such a distance or a larger one under the process. For parameters that were
    /// estimated on the same events it is too large: a small one refuses, a large one does not prove.
    pub probability: f64,
    /// Mean of the rescaled waits; 1 is right.
    pub mean_wait: f64,
}

/// Judges events from 0 to a horizon against a process.
///
/// # Errors
/// As [`super::log_likelihood`].
pub fn fitness(
    process: &Hawkes,
    times: &[f64],
    weights: Option<&[f64]>,
    horizon: f64,
) -> Result<Fitness, StressError> {
    check_sample(times, weights, horizon)?;
    let mut shares = Vec::with_capacity(times.len());
    let (mut before, mut excited, mut total) = (0.0, 0.0, 0.0);
    for (at, time) in times.iter().enumerate() {
        let wait = time - before;
        let left = libm::exp(-process.beta() * wait);
        let passed = process.mu() * wait + excited / process.beta() * (1.0 - left);
        let weight = weights.and_then(|weights| weights.get(at)).copied().unwrap_or(1.0);
        excited = excited * left + process.alpha() * weight;
        before = *time;
        total += passed;
        shares.push(1.0 - libm::exp(-passed));
    }
    let count = shares.len() as f64;
    let distance = distance_to_uniform(&mut shares);
    let mean_wait = if count > 0.0 { total / count } else { 0.0 };
    Ok(Fitness { waits: shares.len(), distance, probability: beyond(distance, count), mean_wait })
}

/// The largest distance between the distribution of `values`, sorted here, and that of even ones.
fn distance_to_uniform(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let count = values.len() as f64;
    let gap = |(at, value): (usize, &f64)| {
        let at = at as f64;
        (value - at / count).max((at + 1.0) / count - value)
    };
    values.iter().enumerate().map(gap).fold(0.0, f64::max)
}

/// Kolmogorov's distribution, with Stephens' correction for few values (1970).
fn beyond(distance: f64, count: f64) -> f64 {
    if count < 1.0 {
        return 1.0;
    }
    let root = libm::sqrt(count);
    let x = (root + 0.12 + 0.11 / root) * distance;
    if x < 0.2 {
        return 1.0;
    }
    let (mut sum, mut sign) = (0.0, 1.0);
    for k in 1..=100 {
        let k = f64::from(k);
        sum += sign * libm::exp(-2.0 * k * k * x * x);
        sign = -sign;
    }
    (2.0 * sum).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distribution_of_kolmogorov_has_its_published_quantiles() {
        // 1.2239, 1.3581 and 1.6276 are exceeded by 10, 5 and 1 % of large samples.
        for (x, share) in [(1.2239, 0.10), (1.3581, 0.05), (1.6276, 0.01)] {
            let count = 1e12;
            let found = beyond(x / libm::sqrt(count), count);
            assert!((found - share).abs() < 1e-4, "{x}: {found}");
        }
        assert_eq!((beyond(0.0, 5.0), beyond(1.0, 0.0)), (1.0, 1.0));
        assert_eq!(distance_to_uniform(&mut [0.5]), 0.5);
        assert!((distance_to_uniform(&mut [0.9, 0.95]) - 0.9).abs() < 1e-15);
    }
}
