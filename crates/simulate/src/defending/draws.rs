//! Counted draws: a draw is a function of seed, path, purpose and place alone, so that every defence set
//! meets the same people, prices and decisions.

use crate::perpetuals::draw::{above_zero, philox};

/// What a draw is for. The numbers are part of every seeded result: they are never reused. They lie
/// above those of the stress models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Purpose {
    /// Sizes of deposits.
    Deposits = 0x4446_0001,
    /// How nervous their owners are.
    Nerves = 0x4446_0002,
    /// What they believe of how many have left.
    Beliefs = 0x4446_0003,
    /// Sizes of loans, and how far they are lent against.
    Loans = 0x4446_0004,
    /// The path of the price.
    Prices = 0x4446_0005,
    /// Who leaves.
    Exits = 0x4446_0006,
    /// Whether one does as the herd does.
    Herd = 0x4446_0007,
    /// Whose turn it is.
    Turns = 0x4446_0008,
    /// Business of depositors.
    Business = 0x4446_0009,
    /// Business of borrowers.
    Borrowing = 0x4446_000A,
}

/// Draws of one path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draws {
    seed: u64,
    path: u32,
}

impl Draws {
    /// Draws of a path under a seed.
    pub fn new(seed: u64, path: u32) -> Draws {
        Draws { seed, path }
    }

    /// A number above 0 and at most 1.
    pub fn uniform(self, purpose: Purpose, place: u64) -> f64 {
        let halves = |whole: u64| [whole as u32, (whole >> 32) as u32];
        let [low, high] = halves(place);
        let counter = [low, high, purpose as u32, self.path];
        let [a, b, ..] = philox(counter, halves(self.seed));
        above_zero(u64::from(a) | u64::from(b) << 32)
    }

    /// A number of the normal distribution with mean 0 and deviation 1 (Box and Muller, 1958), of two
    /// places.
    pub fn normal(self, purpose: Purpose, place: u64) -> f64 {
        let radius = libm::sqrt(-2.0 * libm::log(self.uniform(purpose, 2 * place)));
        radius * libm::cos(std::f64::consts::TAU * self.uniform(purpose, 2 * place + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_differ_by_seed_path_purpose_and_place_and_by_nothing_else() {
        let of = |seed, path, purpose, place| Draws::new(seed, path).uniform(purpose, place);
        let base = of(1, 0, Purpose::Exits, 5);
        assert_eq!(base, of(1, 0, Purpose::Exits, 5));
        for other in [
            of(2, 0, Purpose::Exits, 5),
            of(1, 1, Purpose::Exits, 5),
            of(1, 0, Purpose::Herd, 5),
            of(1, 0, Purpose::Exits, 6),
        ] {
            assert_ne!(base, other);
        }
        let normals: Vec<f64> =
            (0..20_000).map(|place| Draws::new(3, 0).normal(Purpose::Prices, place)).collect();
        let mean = normals.iter().sum::<f64>() / 20_000.0;
        let variance = normals.iter().map(|z| z * z).sum::<f64>() / 20_000.0;
        assert!(mean.abs() < 0.0283 && (variance - 1.0).abs() < 0.04, "{mean} {variance}");
    }
}
