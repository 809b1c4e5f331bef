//! Counter-based draws: any number of a stream is computed from its place alone.
//!
//! Number `n` of stream `s` under seed `d` is `mix(key + (n + 1) * G)`, where `mix` is the finaliser
//! of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014),
//! `G` its odd constant, and `key = mix(mix(d) + s)`. A book's account `n` draws from stream `n`, so
//! an account is the same in a book of any size.

/// The odd constant by which SplitMix64 steps: 2^64 over the golden ratio.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// A stream of draws and the place in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draw {
    key: u64,
    place: u64,
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Draw {
    /// The beginning of a stream.
    #[must_use]
    pub fn new(seed: u64, stream: u64) -> Draw {
        Draw { key: mix(mix(seed).wrapping_add(stream)), place: 0 }
    }

    /// The next number, any of 64 bits.
    pub fn number(&mut self) -> u64 {
        self.place += 1;
        mix(self.key.wrapping_add(self.place.wrapping_mul(STEP)))
    }

    /// The next number, zero to below `bound`; zero for a bound of zero.
    pub fn below(&mut self, bound: u64) -> u64 {
        // The high half of the product: a bias of at most bound over 2^64.
        let product = u128::from(self.number()) * u128::from(bound);
        u64::try_from(product >> 64).unwrap_or(0)
    }

    /// The next number above zero and up to one.
    pub fn unit(&mut self) -> f64 {
        const SCALE: f64 = 1.0 / (1u64 << 53) as f64;
        ((self.number() >> 11) + 1) as f64 * SCALE
    }

    /// The next two numbers as one that is normal with mean zero and deviation one (Box and Muller
    /// 1958), from the pinned library: the same on every machine.
    pub fn normal(&mut self) -> f64 {
        let (radius, angle) = (self.unit(), self.unit());
        libm::sqrt(-2.0 * libm::log(radius)) * libm::cos(std::f64::consts::TAU * angle)
    }

    /// A place among weights, each as likely as its share of their sum.
    pub fn weighted(&mut self, weights: &[u64]) -> usize {
        let mut left = self.below(weights.iter().sum());
        for (place, weight) in weights.iter().enumerate() {
            if left < *weight {
                return place;
            }
            left -= weight;
        }
        weights.len().saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_gives_the_same_number_and_streams_differ() {
        let all: Vec<u64> = {
            let mut draw = Draw::new(7, 3);
            (0..100).map(|_| draw.number()).collect()
        };
        let mut late = Draw { place: 60, ..Draw::new(7, 3) };
        assert_eq!(late.number(), all[60]);
        assert_ne!(Draw::new(7, 4).number(), all[0]);
        assert_ne!(Draw::new(8, 3).number(), all[0]);
    }

    #[test]
    fn normals_have_mean_zero_and_deviation_one() {
        let mut draw = Draw::new(1, 1);
        let drawn: Vec<f64> = (0..100_000).map(|_| draw.normal()).collect();
        let mean = drawn.iter().sum::<f64>() / 1e5;
        let variance = drawn.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / 1e5;
        assert!(mean.abs() < 0.02 && (variance - 1.0).abs() < 0.02, "{mean} {variance}");
    }

    #[test]
    fn weights_are_kept_and_bounds_hold() {
        let mut draw = Draw::new(2, 9);
        let mut counts = [0u32; 3];
        (0..10_000).for_each(|_| counts[draw.weighted(&[1, 0, 3])] += 1);
        assert_eq!(counts[1], 0);
        assert!((2_200..2_800).contains(&counts[0]), "{counts:?}");
        assert!((0..1_000).all(|_| draw.below(7) < 7));
        assert_eq!(draw.below(0), 0);
    }
}
