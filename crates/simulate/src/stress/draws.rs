//! A stream of counted draws for models that need one after another.

use crate::perpetuals::draw::{above_zero, philox};

/// What a stream is for. The numbers are part of every seeded result: they are never reused. They lie
/// above those of books and bidders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Purpose {
    /// Times of events.
    Events = 0x5354_0001,
    /// Children of an event.
    Children = 0x5354_0002,
    /// Places of events that share a stamp.
    Ties = 0x5354_0003,
    /// Who withdraws.
    Withdrawals = 0x5354_0004,
    /// Prices.
    Prices = 0x5354_0005,
    /// Marks of events.
    Marks = 0x5354_0006,
    /// Sizes of deposits and how nervous their owners are.
    Depositors = 0x5354_0007,
    /// Samples that are drawn again for an interval.
    Resamples = 0x5354_0008,
}

/// Draws of one purpose and lane under a seed, in order. Any place can be drawn alone with
/// [`Stream::word_at`].
#[derive(Debug, Clone)]
pub struct Stream {
    seed: u64,
    purpose: Purpose,
    lane: u32,
    next: u64,
}

impl Stream {
    /// The stream from its beginning.
    #[must_use]
    pub fn new(seed: u64, purpose: Purpose, lane: u32) -> Stream {
        Stream { seed, purpose, lane, next: 0 }
    }

    /// The word at a place.
    #[must_use]
    pub fn word_at(&self, place: u64) -> u64 {
        let halves = |whole: u64| [whole as u32, (whole >> 32) as u32];
        let [low, high] = halves(place);
        let [a, b, ..] = philox([low, high, self.purpose as u32, self.lane], halves(self.seed));
        u64::from(a) | u64::from(b) << 32
    }

    /// A number above 0 and at most 1.
    pub fn uniform(&mut self) -> f64 {
        let word = self.word_at(self.next);
        self.next = self.next.wrapping_add(1);
        above_zero(word)
    }

    /// A number above 0 and at most 1, of a place of its own.
    #[must_use]
    pub fn uniform_at(&self, place: u64) -> f64 {
        above_zero(self.word_at(place))
    }

    /// A number of the exponential distribution with mean 1.
    pub fn exponential(&mut self) -> f64 {
        -libm::log(self.uniform())
    }

    /// A number of the normal distribution with mean 0 and deviation 1 (Box and Muller, 1958).
    pub fn normal(&mut self) -> f64 {
        let radius = libm::sqrt(2.0 * self.exponential());
        radius * libm::cos(std::f64::consts::TAU * self.uniform())
    }

    /// How many events of a mean of `mean`, by counting exponential waits: exact, and as slow as the
    /// mean is large.
    pub fn poisson(&mut self, mean: f64) -> u64 {
        let (mut count, mut waited) = (0, self.exponential());
        while waited < mean {
            count += 1;
            waited += self.exponential();
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_its_places_in_order_and_lanes_differ() {
        let mut stream = Stream::new(3, Purpose::Events, 0);
        let at: Vec<f64> = (0..5).map(|place| stream.uniform_at(place)).collect();
        let drawn: Vec<f64> = (0..5).map(|_| stream.uniform()).collect();
        assert_eq!(at, drawn);
        for other in [
            Stream::new(4, Purpose::Events, 0),
            Stream::new(3, Purpose::Ties, 0),
            Stream::new(3, Purpose::Events, 1),
        ] {
            assert_ne!(other.uniform_at(0), at[0]);
        }
    }

    #[test]
    fn moments_are_those_of_the_distributions() {
        let n = 20_000u32;
        let mut stream = Stream::new(11, Purpose::Prices, 0);
        let mean_of = |draw: &mut dyn FnMut() -> f64| {
            let values: Vec<f64> = (0..n).map(|_| draw()).collect();
            let mean = values.iter().sum::<f64>() / f64::from(n);
            let spread = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>();
            (mean, spread / f64::from(n))
        };
        let (mean, variance) = mean_of(&mut || stream.normal());
        assert!(mean.abs() < 0.0283 && (variance - 1.0).abs() < 0.04, "{mean} {variance}");
        let (mean, variance) = mean_of(&mut || stream.poisson(2.5) as f64);
        assert!((mean - 2.5).abs() < 0.0448 && (variance - 2.5).abs() < 0.12, "{mean} {variance}");
    }
}
