//! Numbers drawn by counting: a draw is a function of seed, trial, bidder, purpose and turn alone.

use crate::perpetuals::draw::{above_zero, philox};

/// What a draw is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Purpose {
    /// What the lot is worth to a bidder.
    Value = 0,
    /// A bid of a mixed strategy.
    Bid = 1,
    /// What acting costs a bidder.
    Cost = 2,
    /// Whether a transaction lands.
    Lands = 3,
    /// Who comes first.
    Order = 4,
    /// How the price moves.
    Price = 5,
    /// Which way a liquidation takes.
    Route = 6,
    /// How long somebody waits.
    Wait = 7,
}

/// Bits of a counter's third word that hold the purpose; the bidder has the others.
const PURPOSE_BITS: u32 = 4;

/// Keeps these draws apart from those of a book drawn under the same seed.
const DOMAIN: u64 = 0x6175_6374_696F_6E73;

/// The draws of one trial. Trials may run in any order and on any number of threads; bidder 3 of five
/// draws what bidder 3 of ten does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chance {
    seed: u64,
    trial: u64,
}

impl Chance {
    /// The draws of a trial under a seed.
    #[must_use]
    pub const fn new(seed: u64, trial: u64) -> Chance {
        Chance { seed, trial }
    }

    fn words(self, purpose: Purpose, bidder: u32, turn: u32) -> [u64; 2] {
        let halves = |whole: u64| (whole as u32, (whole >> 32) as u32);
        let (trial_low, trial_high) = halves(self.trial);
        let (key_low, key_high) = halves(self.seed ^ DOMAIN);
        let whom = bidder << PURPOSE_BITS | purpose as u32;
        let [a, b, c, d] = philox([trial_low, trial_high, whom, turn], [key_low, key_high]);
        [u64::from(a) | u64::from(b) << 32, u64::from(c) | u64::from(d) << 32]
    }

    /// Even on 0 to 1, above zero.
    #[must_use]
    pub fn uniform(self, purpose: Purpose, bidder: u32, turn: u32) -> f64 {
        above_zero(self.words(purpose, bidder, turn)[0])
    }

    /// True with this probability; never at 0, always at 1.
    #[must_use]
    pub fn happens(self, purpose: Purpose, bidder: u32, turn: u32, probability: f64) -> bool {
        self.uniform(purpose, bidder, turn) <= probability
    }

    /// One of `count` equally likely; zero if there are none.
    #[must_use]
    pub fn pick(self, purpose: Purpose, bidder: u32, turn: u32, count: u32) -> u32 {
        let [word, _] = self.words(purpose, bidder, turn);
        ((u128::from(word) * u128::from(count)) >> 64) as u32
    }

    /// Normal with mean 0 and deviation 1 (Box and Muller, 1958).
    #[must_use]
    pub fn normal(self, purpose: Purpose, bidder: u32, turn: u32) -> f64 {
        let [radius, angle] = self.words(purpose, bidder, turn);
        let radius = libm::sqrt(-2.0 * libm::log(above_zero(radius)));
        radius * libm::cos(std::f64::consts::TAU * (1.0 - above_zero(angle)))
    }

    /// Exponential with mean 1.
    #[must_use]
    pub fn exponential(self, purpose: Purpose, bidder: u32, turn: u32) -> f64 {
        -libm::log(self.uniform(purpose, bidder, turn))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_the_key_changes_the_draw() {
        let of = |seed, trial, purpose, bidder, turn| {
            Chance::new(seed, trial).words(purpose, bidder, turn)
        };
        let base = of(1, 2, Purpose::Value, 3, 4);
        let others = [
            of(2, 2, Purpose::Value, 3, 4),
            of(1, 3, Purpose::Value, 3, 4),
            of(1, 1 << 32 | 2, Purpose::Value, 3, 4),
            of(1, 2, Purpose::Wait, 3, 4),
            of(1, 2, Purpose::Value, 4, 4),
            of(1, 2, Purpose::Value, 3, 5),
        ];
        assert!(others.iter().all(|other| *other != base));
        assert_eq!(base, of(1, 2, Purpose::Value, 3, 4));
    }

    #[test]
    fn certain_and_impossible_are_exact_and_picks_are_even() {
        let mut picked = [0u32; 3];
        for trial in 0..30_000 {
            let chance = Chance::new(9, trial);
            assert!(chance.happens(Purpose::Lands, 0, 0, 1.0));
            assert!(!chance.happens(Purpose::Lands, 0, 0, 0.0));
            picked[chance.pick(Purpose::Order, 0, 0, 3) as usize] += 1;
        }
        // Four standard errors of 10,000 of 30,000: sqrt(30,000 * 2/9) is 82.
        assert!(picked.iter().all(|count| count.abs_diff(10_000) < 330), "{picked:?}");
        assert_eq!(Chance::new(9, 0).pick(Purpose::Order, 0, 0, 0), 0);
    }
}
