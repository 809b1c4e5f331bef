//! Numbers drawn by counting: a draw is a function of seed, account, field and attempt alone.
//!
//! The generator is Philox4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy
//! as 1, 2, 3", SC 2011). No draw depends on how many there were before it, so account 7 of a
//! thousand is account 7 of a million, whatever the order and the number of threads.

/// What a draw is for. The numbers are part of every drawn book: they are never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Field {
    /// Long or short.
    Side = 0,
    /// Isolated or cross.
    Isolated = 1,
    /// Size of the position.
    Size = 2,
    /// Leverage.
    Leverage = 3,
    /// Distance of the entry from the first price.
    Entry = 4,
    /// Whether there is cash beyond the margin.
    WalletNone = 5,
    /// How much.
    Wallet = 6,
    /// Where a random start among winners begins; the account is the number of the draw.
    Start = 7,
    /// Collateral of a vault that is auctioned.
    VaultCollateral = 8,
    /// Its collateral over its debt.
    VaultRatio = 9,
    /// What a bidder wants to earn.
    Margin = 10,
    /// A bidder's money.
    Capital = 11,
    /// What a bidder pays for gas.
    Gas = 12,
    /// How far one lot's value lies from a bidder's usual.
    Value = 13,
    /// Whether and when a transaction is taken.
    Inclusion = 14,
    /// Salt of a sealed bid.
    Salt = 15,
}

/// Whom a draw is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draw {
    seed: u64,
    account: u64,
}

const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
const ROUNDS: usize = 10;

/// Ten rounds over a counter under a key.
#[must_use]
pub fn philox(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    let [mut a, mut b, mut c, mut d] = counter;
    let [mut left, mut right] = key;
    for _ in 0..ROUNDS {
        let (high_a, low_a) = wide(MULTIPLIERS[0], a);
        let (high_c, low_c) = wide(MULTIPLIERS[1], c);
        (a, b, c, d) = (high_c ^ b ^ left, low_c, high_a ^ d ^ right, low_a);
        (left, right) = (left.wrapping_add(WEYL[0]), right.wrapping_add(WEYL[1]));
    }
    [a, b, c, d]
}

fn wide(a: u32, b: u32) -> (u32, u32) {
    let (low, high) = halves(u64::from(a) * u64::from(b));
    (high, low)
}

/// The lower and the upper half.
fn halves(whole: u64) -> (u32, u32) {
    (whole as u32, (whole >> 32) as u32)
}

impl Draw {
    /// Draws of one account under a seed.
    #[must_use]
    pub fn new(seed: u64, account: u64) -> Draw {
        Draw { seed, account }
    }

    /// Two words of 64 even bits.
    #[must_use]
    pub fn words(self, field: Field, attempt: u32) -> [u64; 2] {
        let (account_low, account_high) = halves(self.account);
        let (seed_low, seed_high) = halves(self.seed);
        let [a, b, c, d] =
            philox([account_low, account_high, field as u32, attempt], [seed_low, seed_high]);
        [u64::from(a) | u64::from(b) << 32, u64::from(c) | u64::from(d) << 32]
    }

    /// True with probability `share / one`; always if they are equal.
    #[must_use]
    pub fn happens(self, field: Field, share: u128, one: u128) -> bool {
        let [word, _] = self.words(field, 0);
        // 64 bits by a scale of at most 10^18 stay far below 128.
        (u128::from(word) * one) >> 64 < share
    }

    /// Which of the `weights`, each with its probability. Zero if there are none.
    #[must_use]
    pub fn pick(self, field: Field, weights: &[u32]) -> usize {
        let total: u128 = weights.iter().copied().map(u128::from).sum();
        let [word, _] = self.words(field, 0);
        let mut left = (u128::from(word) * total) >> 64;
        for (index, weight) in weights.iter().copied().map(u128::from).enumerate() {
            if left < weight {
                return index;
            }
            left -= weight;
        }
        0
    }

    /// A number of the normal distribution with mean 0 and deviation 1 (Box and Muller, 1958).
    #[must_use]
    pub fn normal(self, field: Field) -> f64 {
        let [radius, angle] = self.words(field, 0);
        let radius = libm::sqrt(-2.0 * libm::log(above_zero(radius)));
        radius * libm::cos(std::f64::consts::TAU * (1.0 - above_zero(angle)))
    }

    /// A number of the exponential distribution with mean 1.
    #[must_use]
    pub fn exponential(self, field: Field) -> f64 {
        let [word, _] = self.words(field, 0);
        -libm::log(above_zero(word))
    }
}

/// The upper 53 bits as a number above zero and at most one.
pub(crate) fn above_zero(word: u64) -> f64 {
    ((word >> 11) + 1) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known answers that the authors publish with their library (kat_vectors of Random123).
    #[test]
    fn philox_gives_its_authors_known_answers() {
        let max = u32::MAX;
        assert_eq!(philox([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(
            philox([max; 4], [max; 2]),
            [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
        );
        assert_eq!(
            philox(
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xa409_3822, 0x299f_31d0]
            ),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }

    #[test]
    fn shares_of_none_and_of_all_are_certain() {
        for account in 0..1_000 {
            let draw = Draw::new(1, account);
            assert!(!draw.happens(Field::Side, 0, 100));
            assert!(draw.happens(Field::Side, 100, 100));
            assert_eq!(draw.pick(Field::Side, &[0, 5, 0]), 1);
        }
    }

    #[test]
    fn every_part_of_the_key_changes_the_draw() {
        let base = Draw::new(1, 2).words(Field::Size, 0);
        let others = [
            Draw::new(2, 2).words(Field::Size, 0),
            Draw::new(1 << 32 | 1, 2).words(Field::Size, 0),
            Draw::new(1, 3).words(Field::Size, 0),
            Draw::new(1, 1 << 32 | 2).words(Field::Size, 0),
            Draw::new(1, 2).words(Field::Entry, 0),
            Draw::new(1, 2).words(Field::Size, 1),
        ];
        assert!(others.iter().all(|other| *other != base));
    }

    #[test]
    fn the_ends_of_a_word_stay_in_the_range_of_the_logarithm() {
        assert_eq!(above_zero(u64::MAX), 1.0);
        assert!(above_zero(0) > 0.0 && libm::log(above_zero(0)).is_finite());
    }

    #[test]
    fn normals_and_exponentials_have_their_moments() {
        let n = 100_000u32;
        let draws = |of: fn(Draw) -> f64| -> (f64, f64) {
            let values: Vec<f64> = (0..n).map(|i| of(Draw::new(7, i.into()))).collect();
            let mean = values.iter().sum::<f64>() / f64::from(n);
            let spread = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>();
            (mean, spread / f64::from(n))
        };
        // Four standard errors: of means sd / sqrt(n), of variances sqrt(kurtosis - 1) / sqrt(n).
        let (mean, variance) = draws(|draw| draw.normal(Field::Size));
        assert!(mean.abs() < 0.0127 && (variance - 1.0).abs() < 0.0179, "{mean} {variance}");
        let (mean, variance) = draws(|draw| draw.exponential(Field::Wallet));
        assert!(
            (mean - 1.0).abs() < 0.0127 && (variance - 1.0).abs() < 0.0358,
            "{mean} {variance}"
        );
    }
}
