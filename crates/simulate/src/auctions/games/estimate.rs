//! Means of trials, and how far they can be trusted.

/// Deviations of the normal distribution that hold 95 % of it.
pub const DEVIATIONS_95: f64 = 1.96;

/// Standard errors within which a simulated mean agrees with a closed form. A table of fifty true
/// statements is told false by chance once in three hundred runs; at 1.96 it would be in nine of ten.
pub const DEVIATIONS_AGREE: f64 = 4.0;

/// Count, mean and sum of squared deviations, which two parts of a sample can be joined from (Chan,
/// Golub and LeVeque, "Algorithms for Computing the Sample Variance", American Statistician 1983).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    /// Adds one value.
    pub fn add(&mut self, value: f64) {
        self.count += 1.0;
        let apart = value - self.mean;
        self.mean += apart / self.count;
        self.squares += apart * (value - self.mean);
    }

    /// Adds another part of the sample.
    pub fn join(&mut self, other: &Moments) {
        let count = self.count + other.count;
        if count == 0.0 {
            return;
        }
        let apart = other.mean - self.mean;
        self.squares += other.squares + apart * apart * self.count * other.count / count;
        self.mean += apart * other.count / count;
        self.count = count;
    }

    /// The mean with its standard error.
    #[must_use]
    pub fn estimate(&self) -> Estimate {
        let variance = if self.count > 1.0 { self.squares / (self.count - 1.0) } else { 0.0 };
        let error = if self.count > 0.0 { libm::sqrt(variance / self.count) } else { 0.0 };
        Estimate { count: self.count as u64, mean: self.mean, error }
    }
}

/// A mean over independent trials.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// Trials; zero where nothing was drawn and the mean is exact.
    pub count: u64,
    /// Their mean.
    pub mean: f64,
    /// Its standard error: the sample deviation over the root of the number of trials.
    pub error: f64,
}

impl Estimate {
    /// Something that no chance enters.
    #[must_use]
    pub const fn exact(mean: f64) -> Estimate {
        Estimate { count: 0, mean, error: 0.0 }
    }

    /// The 95 % confidence interval: the mean and 1.96 standard errors to either side.
    #[must_use]
    pub fn interval(&self) -> [f64; 2] {
        let half = DEVIATIONS_95 * self.error;
        [self.mean - half, self.mean + half]
    }

    /// The 95 % confidence interval of a probability, of trials that were each 0 or 1 (Wilson,
    /// "Probable Inference", JASA 1927): that of an event that never happened has a width too.
    #[must_use]
    pub fn share_interval(&self) -> [f64; 2] {
        if self.count == 0 {
            return [self.mean, self.mean];
        }
        let (n, p, z) = (self.count as f64, self.mean, DEVIATIONS_95);
        let spread = z * libm::sqrt(p * (1.0 - p) / n + z * z / (4.0 * n * n));
        let (middle, scale) = (p + z * z / (2.0 * n), 1.0 + z * z / n);
        [((middle - spread) / scale).max(0.0), ((middle + spread) / scale).min(1.0)]
    }

    /// Whether `closed` lies within four standard errors and what a format may be off by itself.
    #[must_use]
    pub fn agrees_with(&self, closed: f64, allowance: f64) -> bool {
        (self.mean - closed).abs() <= DEVIATIONS_AGREE * self.error + allowance
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[f64]) -> Moments {
        let mut moments = Moments::default();
        values.iter().for_each(|value| moments.add(*value));
        moments
    }

    #[test]
    fn moments_worked_by_hand() {
        // Mean 4, squared deviations 9, 1, 0 and 16: variance 26 / 3, over 4 trials.
        let found = of(&[1.0, 3.0, 4.0, 8.0]).estimate();
        assert_eq!((found.count, found.mean), (4, 4.0));
        assert!((found.error - libm::sqrt(26.0 / 12.0)).abs() < 1e-15);
        let [low, high] = found.interval();
        assert!((high - low - 2.0 * 1.96 * found.error).abs() < 1e-15);
        assert_eq!(of(&[0.1; 7]).estimate().error, 0.0);
        assert_eq!(of(&[]).estimate(), Estimate::exact(0.0));
    }

    #[test]
    fn parts_join_to_the_whole() {
        let values: Vec<f64> = (0..100).map(|n| f64::from(n * n % 17)).collect();
        let whole = of(&values).estimate();
        for cut in [0, 1, 37, 100] {
            let mut joined = of(&values[..cut]);
            joined.join(&of(&values[cut..]));
            let joined = joined.estimate();
            assert_eq!(joined.count, 100);
            assert!((joined.mean - whole.mean).abs() < 1e-12, "{cut}");
            assert!((joined.error - whole.error).abs() < 1e-12, "{cut}");
        }
    }

    #[test]
    fn an_event_never_seen_is_still_possible() {
        let never = Estimate { count: 100, mean: 0.0, error: 0.0 };
        let [low, high] = never.share_interval();
        // z^2 / (n + z^2).
        assert_eq!(low, 0.0);
        assert!((high - 3.8416 / 103.8416).abs() < 1e-12, "{high}");
        let always = Estimate { count: 100, mean: 1.0, error: 0.0 };
        assert!((always.share_interval()[0] - 100.0 / 103.8416).abs() < 1e-12);
    }

    #[test]
    fn agreement_ends_at_four_errors_and_the_allowance() {
        let found = Estimate { count: 10, mean: 1.0, error: 0.25 };
        assert!(found.agrees_with(2.5, 0.5) && found.agrees_with(-0.5, 0.5));
        assert!(!found.agrees_with(2.501, 0.5) && !found.agrees_with(f64::NAN, 9.0));
    }
}
