//! Premiums, rates and settlement prices: averages of samples that are counted, not stored.
//!
//! Between two observations all samples are equal, so that any number of them is taken at once.

use super::lifecycle::Weights;
use breakwater_money::{Price, Rounding, U256, rounding};

/// Most samples of one average. A day of samples each 100 ms is 864,000. With prices below
/// [`PRICE_RAW_MAX`] their sum stays within 128 bits.
pub const SAMPLES_MAX: u32 = 1_000_000;

/// Largest raw price of an index or a mark: ten to 14 whole units at 18 decimals.
pub const PRICE_RAW_MAX: u128 = 10u128.pow(32);

/// Most decimals of a price. With [`PRICE_RAW_MAX`], a price brought to another's scale and a rate's
/// stays within 256 bits.
pub const PRICE_DECIMALS_MAX: u8 = 27;

/// One, as a rate.
pub const ONE_E12: i64 = 1_000_000_000_000;

/// How far the mark lies above the index, as a share of the index, in 1e-12: down towards minus
/// infinity, and held within 64 bits. Both prices are above zero and within the bounds above.
pub(super) fn premium(mark: Price, index: Price) -> i64 {
    let scale = |price: Price, decimals: u8| {
        U256::from(price.raw) * U256::from(10u8).pow(U256::from(decimals))
    };
    let (mark, index) = (scale(mark, index.decimals), scale(index, mark.decimals));
    let (negative, apart) = match mark.checked_sub(index) {
        Some(above) => (false, above),
        None => (true, index - mark),
    };
    let away = if negative { Rounding::Ceil } else { Rounding::Floor };
    let share = apart * U256::from(ONE_E12.unsigned_abs());
    // An index of zero is refused at the door; it would be infinitely far away.
    let share = rounding::div_wide(share, index, away).unwrap_or(U256::MAX);
    match (negative, i64::try_from(share)) {
        (false, share) => share.unwrap_or(i64::MAX),
        (true, share) => share.map_or(i64::MIN, |share| -share),
    }
}

/// The rate of one payment, in 1e-12: `premium + clamp(interest - premium, ±band)`, held within
/// `±cap`. Longs pay shorts where it is above zero.
///
/// Source: Binance, "Introduction to Binance Futures Funding Rates", and others alike. With an
/// interest of zero it is the dead band that Deribit states for its perpetuals,
/// `max(band, premium) + min(-band, premium)`.
pub(super) fn rate(premium: i64, interest: i64, band: i64, cap: i64) -> i64 {
    let wide = i128::from;
    let pull = (wide(interest) - wide(premium)).clamp(-wide(band), wide(band));
    let held = (wide(premium) + pull).clamp(-wide(cap), wide(cap));
    // What lies within `±cap` fits, as `cap` does.
    i64::try_from(held).unwrap_or(cap)
}

/// What one payment is of a rate that is stated for another time: `rate x every / of`, towards zero, so
/// that many payments never come to more than the rate.
pub(super) fn part_of(rate: i64, (every, of): (u64, u64)) -> i64 {
    // division: towards zero; 63 and 64 bits fit 128, and `of` is above zero where it was read.
    let part = (i128::from(rate) * i128::from(every)).checked_div(i128::from(of)).unwrap_or(0);
    // What was read pays at most all of a position.
    let most = i128::from(ONE_E12);
    i64::try_from(part.clamp(-most, most)).unwrap_or(0)
}

/// The premiums of one period so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Premiums {
    /// Samples whose moment has passed.
    pub passed: u32,
    /// Those at which a mark was known.
    pub samples: u32,
    sum: i128,
    weights: u64,
}

impl Premiums {
    /// Lets the moments up to the `to`-th pass, each at this premium.
    pub fn take(&mut self, to: u32, premium: Option<i64>, weights: Weights) {
        let Some(count) = to.checked_sub(self.passed).filter(|count| *count > 0) else { return };
        if let Some(premium) = premium {
            let weight = match weights {
                Weights::Plain => u64::from(count),
                Weights::Rising => sum_to(to) - sum_to(self.passed),
            };
            // A million samples weigh less than 2^39, and a premium less than 2^63.
            self.sum += i128::from(premium) * i128::from(weight);
            self.weights += weight;
            self.samples += count;
        }
        self.passed = to;
    }

    /// Their average, down towards minus infinity; none without a sample.
    pub fn mean(&self) -> Option<i64> {
        // division: weights are positive, so that the Euclidean quotient is the floor.
        let mean = self.sum.checked_div_euclid(i128::from(self.weights))?;
        i64::try_from(mean).ok()
    }
}

/// `1 + 2 + … + n`: the n-th sample of a period weighs n.
///
/// Source: Binance, as above: `(1 P1 + 2 P2 + … + n Pn) / (1 + 2 + … + n)`.
fn sum_to(n: u32) -> u64 {
    // division: exact, one of two neighbours is even.
    u64::from(n) * (u64::from(n) + 1) / 2
}

/// The samples of a settlement price so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Fixings {
    /// Samples whose moment has passed.
    pub passed: u32,
    /// Those at which an index was known that was not too old.
    pub taken: u32,
    sum: u128,
}

impl Fixings {
    /// Lets the moments up to the `to`-th pass at an index of `raw`, which is fresh enough up to the
    /// `fresh`-th.
    pub fn take(&mut self, to: u32, fresh: u32, raw: u128) {
        if to <= self.passed {
            return;
        }
        let count = fresh.min(to).saturating_sub(self.passed);
        // A million prices of at most ten to 32 stay below 2^128.
        self.sum += raw * u128::from(count);
        self.taken += count;
        self.passed = to;
    }

    /// Samples that passed without a price.
    pub const fn missing(&self) -> u32 {
        self.passed - self.taken
    }

    /// Their mean, to the nearest unit, half up; none without a sample.
    pub fn mean(&self) -> Option<u128> {
        rounding::div(self.sum, u128::from(self.taken), Rounding::HalfUp).ok()
    }

    /// Whether at least a share `min_e12` of `planned` samples was there. At equality it was.
    pub fn enough(&self, planned: u32, min_e12: u64) -> bool {
        let there = u128::from(self.taken) * u128::from(ONE_E12.unsigned_abs());
        there >= u128::from(planned) * u128::from(min_e12)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn price(raw: u128, decimals: u8) -> Price {
        Price::new(raw, decimals)
    }

    #[test]
    fn premiums_go_down_on_both_sides_of_the_index() {
        assert_eq!(premium(price(101, 0), price(100, 0)), 10_000_000_000);
        assert_eq!(premium(price(100, 0), price(100, 0)), 0);
        // A third above and a third below.
        assert_eq!(premium(price(4, 0), price(3, 0)), 333_333_333_333);
        assert_eq!(premium(price(2, 0), price(3, 0)), -333_333_333_334);
        // The scales of mark and index need not be the same.
        assert_eq!(premium(price(10_100, 2), price(100, 0)), 10_000_000_000);
        assert_eq!(premium(price(101, 0), price(10_000_000_000, 8)), 10_000_000_000);
    }

    #[test]
    fn premiums_at_the_bounds_stay_within_their_width() {
        let (least, most) = (price(1, PRICE_DECIMALS_MAX), price(PRICE_RAW_MAX, 0));
        assert_eq!(premium(most, least), i64::MAX);
        // Nothing lies further below than all of it.
        assert_eq!(premium(least, most), -ONE_E12);
        // 9,223,372 whole shares above are the last that 64 bits hold.
        assert_eq!(premium(price(9_223_373, 0), price(1, 0)), 9_223_372_000_000_000_000);
        assert_eq!(premium(price(9_223_374, 0), price(1, 0)), i64::MAX);
    }

    #[test]
    fn the_band_ends_where_it_says() {
        let (interest, band, cap) = (100, 500, 7_500);
        // Within the band the rate is the interest.
        for premium in [-400, 0, 100, 600] {
            assert_eq!(rate(premium, interest, band, cap), interest);
        }
        assert_eq!(rate(601, interest, band, cap), 101);
        assert_eq!(rate(-401, interest, band, cap), 99);
        // Without a band the rate is the premium.
        assert_eq!(rate(321, interest, 0, cap), 321);
    }

    #[test]
    fn the_cap_ends_where_it_says() {
        let (band, cap) = (500, 7_500);
        assert_eq!([7_999, 8_000, 8_001].map(|p| rate(p, 0, band, cap)), [7_499, 7_500, 7_500]);
        assert_eq!(
            [-7_999, -8_000, -8_001].map(|p| rate(p, 0, band, cap)),
            [-7_499, -7_500, -7_500]
        );
        // An interest above the cap is capped as well, and no premium is too far away.
        assert_eq!(rate(0, 9_000, 9_000, cap), cap);
        assert_eq!(rate(i64::MAX, -ONE_E12, ONE_E12, ONE_E12), ONE_E12);
        assert_eq!(rate(i64::MIN, ONE_E12, ONE_E12, ONE_E12), -ONE_E12);
    }

    #[test]
    fn a_payment_is_a_part_of_its_rate_towards_zero() {
        let hours = |every: u64, of: u64| (every * 3_600, of * 3_600);
        assert_eq!(part_of(801, hours(8, 8)), 801);
        assert_eq!(part_of(801, hours(1, 8)), 100);
        assert_eq!(part_of(-807, hours(1, 8)), -100);
        assert_eq!(part_of(-7, hours(1, 8)), 0);
        // Paid less often than the rate is stated for.
        assert_eq!(part_of(5, hours(24, 8)), 15);
    }

    #[test]
    fn rising_weights_weigh_the_last_most() {
        let mut premiums = Premiums::default();
        assert_eq!(premiums.mean(), None);
        premiums.take(1, Some(60), Weights::Rising);
        premiums.take(3, Some(0), Weights::Rising);
        // (1·60 + 2·0 + 3·0) / 6.
        assert_eq!((premiums.mean(), premiums.samples), (Some(10), 3));
        premiums.take(4, Some(-71), Weights::Rising);
        // (60 - 4·71) / 10 = -22.4, down to -23.
        assert_eq!(premiums.mean(), Some(-23));
        // A moment that has passed does not pass again.
        premiums.take(4, Some(1_000), Weights::Rising);
        premiums.take(2, Some(1_000), Weights::Rising);
        assert_eq!((premiums.mean(), premiums.passed), (Some(-23), 4));
    }

    #[test]
    fn missing_samples_keep_their_weight_to_themselves() {
        let mut premiums = Premiums::default();
        premiums.take(2, None, Weights::Rising);
        premiums.take(4, Some(7), Weights::Rising);
        assert_eq!((premiums.mean(), premiums.samples, premiums.passed), (Some(7), 2, 4));
    }

    #[test]
    fn the_longest_average_of_the_largest_samples_fits() {
        let mut premiums = Premiums::default();
        premiums.take(SAMPLES_MAX, Some(i64::MIN), Weights::Rising);
        assert_eq!(premiums.mean(), Some(i64::MIN));
        let mut fixings = Fixings::default();
        fixings.take(SAMPLES_MAX, SAMPLES_MAX, PRICE_RAW_MAX);
        assert_eq!(fixings.mean(), Some(PRICE_RAW_MAX));
        assert!(fixings.enough(SAMPLES_MAX, ONE_E12.unsigned_abs()));
    }

    #[test]
    fn half_a_unit_goes_up() {
        let mean = |prices: &[u128]| {
            let mut fixings = Fixings::default();
            for (to, raw) in (1u32..).zip(prices) {
                fixings.take(to, to, *raw);
            }
            fixings.mean()
        };
        assert_eq!(mean(&[10, 11]), Some(11));
        assert_eq!(mean(&[10, 10, 11]), Some(10));
        assert_eq!(mean(&[10, 11, 11]), Some(11));
        assert_eq!(mean(&[1, 1, 1, 2]), Some(1));
        assert_eq!(mean(&[1, 1, 2, 2]), Some(2));
        assert_eq!(mean(&[]), None);
    }

    #[test]
    fn stale_samples_are_missing_and_half_is_enough_for_half() {
        let mut fixings = Fixings::default();
        fixings.take(3, 2, 50);
        assert_eq!((fixings.taken, fixings.missing()), (2, 1));
        // Stale before the first of these.
        fixings.take(5, 2, 90);
        assert_eq!((fixings.taken, fixings.missing(), fixings.mean()), (2, 3, Some(50)));
        let half = ONE_E12.unsigned_abs() / 2;
        assert!(fixings.enough(4, half));
        assert!(!fixings.enough(5, half));
        assert!(!fixings.enough(4, half + 1));
        assert!(Fixings::default().enough(4, 0));
    }

    proptest! {
        #[test]
        fn the_dead_band_is_the_clamp_without_interest(
            premium in -20_000i64..20_000, band in 0i64..3_000
        ) {
            let dead = premium.max(band) + premium.min(-band);
            prop_assert_eq!(rate(premium, 0, band, ONE_E12), dead);
        }

        #[test]
        fn the_premium_is_the_floor_of_its_fraction(
            mark in 1i128..1_000_000_000, index in 1i128..1_000_000_000, more in 0u8..4
        ) {
            let floor = (mark - index) * i128::from(ONE_E12);
            let floor = floor.div_euclid(index).clamp(i64::MIN.into(), i64::MAX.into());
            let mark = price(mark.unsigned_abs() * 10u128.pow(more.into()), more);
            prop_assert_eq!(i128::from(premium(mark, price(index.unsigned_abs(), 0))), floor);
        }
    }
}
