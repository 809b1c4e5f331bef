//! The same thing measured several times.

use std::time::{Duration, Instant};

/// Times of some runs, in order of length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Runs {
    sorted: Vec<Duration>,
}

impl Runs {
    /// From times that were taken elsewhere.
    #[must_use]
    pub fn new(mut times: Vec<Duration>) -> Runs {
        times.sort_unstable();
        Runs { sorted: times }
    }

    /// Times `work`, `count` times.
    pub fn of(count: usize, mut work: impl FnMut()) -> Runs {
        let times = (0..count).map(|_| {
            let begun = Instant::now();
            work();
            begun.elapsed()
        });
        Runs::new(times.collect())
    }

    /// The middle one; of an even number the lower of two; zero for none.
    #[must_use]
    pub fn median(&self) -> Duration {
        let middle = self.sorted.len().saturating_sub(1) / 2;
        self.sorted.get(middle).copied().unwrap_or_default()
    }

    /// The shortest; zero for none.
    #[must_use]
    pub fn least(&self) -> Duration {
        self.sorted.first().copied().unwrap_or_default()
    }

    /// The longest; zero for none.
    #[must_use]
    pub fn most(&self) -> Duration {
        self.sorted.last().copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_one() {
        let runs =
            |times: &[u64]| Runs::new(times.iter().copied().map(Duration::from_nanos).collect());
        assert_eq!(runs(&[5, 1, 3]).median(), Duration::from_nanos(3));
        assert_eq!(runs(&[5, 1, 3, 9]).median(), Duration::from_nanos(3));
        let three = runs(&[5, 1, 3]);
        assert_eq!(
            (three.least(), three.most()),
            (Duration::from_nanos(1), Duration::from_nanos(5))
        );
        assert_eq!(runs(&[]).median(), Duration::ZERO);
        let mut times = 0;
        assert_eq!(Runs::of(4, || times += 1).sorted.len(), 4);
        assert_eq!(times, 4);
    }
}
