//! Events that bring events.
//!
//! The intensity is `mu + sum alpha w_i exp(-beta (t - t_i))` over the events so far, where the weights
//! `w_i` of marked events have mean 1 and those of plain ones are 1 (Hawkes, "Spectra of some
//! self-exciting and mutually exciting point processes", Biometrika 58, 1971). Each event has
//! `n = alpha / beta` direct children in the mean; at 1 a cascade has no end. As families, events are
//! immigrants at rate `mu`, each with a tree of children (Hawkes and Oakes, 1974).
//!
//! ```
//! use breakwater_simulate::stress::hawkes::{Hawkes, estimate, thinning};
//!
//! let process = Hawkes::new(0.5, 0.6, 1.0)?;
//! assert_eq!(process.branching_ratio(), 0.6);
//! let times = thinning(&process, 4_000.0, 1)?;
//! let found = estimate(&times, None, 4_000.0)?;
//! let (low, high) = found.branching_interval;
//! assert!(low < 0.6 && 0.6 < high.unwrap());
//! # Ok::<(), breakwater_simulate::stress::StressError>(())
//! ```

pub mod closeness;
pub mod fit;
pub mod read;
pub mod sample;
#[cfg(test)]
mod tests;
pub mod ties;
pub mod windows;

pub use closeness::{Fitness, fitness};
pub use fit::{Estimate, estimate, log_likelihood};
pub use read::read_times;
pub use sample::{Event, clusters, marked, thinning};
pub use ties::{Ties, untie};
pub use windows::{WindowEstimate, windows};

use crate::stress::StressError;
use crate::stress::error::{Range, check};

/// A process with an exponential kernel. Rates are per unit of time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hawkes {
    mu: f64,
    alpha: f64,
    beta: f64,
}

impl Hawkes {
    /// A process.
    ///
    /// # Errors
    /// A rate that is negative, a decay that is not above 0, or no numbers.
    pub fn new(mu: f64, alpha: f64, beta: f64) -> Result<Hawkes, StressError> {
        check("mu", mu, Range::ZeroOrMore)?;
        check("alpha", alpha, Range::ZeroOrMore)?;
        check("beta", beta, Range::AboveZero)?;
        Ok(Hawkes { mu, alpha, beta })
    }

    /// Immigrants per unit of time.
    #[must_use]
    pub fn mu(&self) -> f64 {
        self.mu
    }

    /// What an event adds to the intensity at once.
    #[must_use]
    pub fn alpha(&self) -> f64 {
        self.alpha
    }

    /// How fast that decays.
    #[must_use]
    pub fn beta(&self) -> f64 {
        self.beta
    }

    /// Direct children of an event in the mean, `alpha / beta`.
    #[must_use]
    pub fn branching_ratio(&self) -> f64 {
        self.alpha / self.beta
    }

    /// What is left to 1; below 0 every cascade may go on for ever.
    #[must_use]
    pub fn distance_to_critical(&self) -> f64 {
        1.0 - self.branching_ratio()
    }

    fn below_critical(&self, value: f64) -> Option<f64> {
        (self.branching_ratio() < 1.0).then_some(value)
    }

    /// Events per unit of time in the long run, `mu / (1 - n)`; none from `n = 1` on.
    #[must_use]
    pub fn mean_intensity(&self) -> Option<f64> {
        self.below_critical(self.mu / self.distance_to_critical())
    }

    /// Mean size of a family, its immigrant included, `1 / (1 - n)`.
    #[must_use]
    pub fn mean_cluster_size(&self) -> Option<f64> {
        self.below_critical(1.0 / self.distance_to_critical())
    }

    /// Variance of that size, `n / (1 - n)^3`: sizes have the distribution of Borel.
    #[must_use]
    pub fn var_cluster_size(&self) -> Option<f64> {
        let left = self.distance_to_critical();
        self.below_critical(self.branching_ratio() / (left * left * left))
    }

    /// Variance over mean of the count in a long window, `1 / (1 - n)^2`.
    #[must_use]
    pub fn fano_infinity(&self) -> Option<f64> {
        let left = self.distance_to_critical();
        self.below_critical(1.0 / (left * left))
    }

    /// How fast the autocovariance of the intensity decays, `beta - alpha`.
    #[must_use]
    pub fn autocov_decay_rate(&self) -> f64 {
        self.beta - self.alpha
    }

    /// Probability that a family has `size` members, `e^(-n s) (n s)^(s - 1) / s!` (Borel).
    #[must_use]
    pub fn cluster_size_probability(&self, size: u32) -> f64 {
        if size == 0 {
            return 0.0;
        }
        let (s, n) = (f64::from(size), self.branching_ratio());
        if n == 0.0 {
            return if size == 1 { 1.0 } else { 0.0 };
        }
        libm::exp(-n * s + (s - 1.0) * libm::log(n * s) - libm::lgamma(s + 1.0))
    }
}
