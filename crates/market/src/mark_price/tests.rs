use super::*;
use num_bigint::BigInt;
use proptest::prelude::*;

const HOUR: u64 = 3_600_000_000_000;
const SECOND: u64 = 1_000_000_000;

#[test]
fn the_first_price_of_a_mark_carries_the_funding_left() {
    // 10,000 (1 + 0.0001 4/8) = 10,000.5 and 3,000 (1 + 0.00375 2/8) = 3,002.8125, at 4 decimals.
    let e18 = |rate_e8: i128| rate_e8 * 10_000_000_000;
    let adjusted = |index, rate, hours| funding_adjusted(index, rate, hours * HOUR, 8 * HOUR);
    assert_eq!(adjusted(100_000_000, e18(10_000), 4), Ok(100_005_000));
    assert_eq!(adjusted(30_000_000, e18(375_000), 2), Ok(30_028_125));
    assert_eq!(adjusted(100_000_000, e18(-10_000), 8), Ok(99_990_000));
    assert_eq!(adjusted(100_000_000, e18(10_000), 0), Ok(100_000_000));
    // Down, on both sides of par.
    assert_eq!(funding_adjusted(10, e18(10_000_000), 1, 3), Ok(10));
    assert_eq!(funding_adjusted(10, e18(-10_000_000), 1, 3), Ok(9));
    assert_eq!(funding_adjusted(u128::MAX, 0, 1, 1), Ok(u128::MAX));
}

#[test]
fn funding_that_cannot_be_carried_is_refused_by_name() {
    let one = RATE_ONE_E18 as i128;
    let message = |index, rate, remaining, interval| {
        funding_adjusted(index, rate, remaining, interval).unwrap_err().to_string()
    };
    assert_eq!(message(1, 0, 0, 0), "interval is 0; it is at least 1");
    assert_eq!(message(1, 0, 9, 8), "remaining is 9; the interval it is left of has 8");
    let below = "the index with funding is 0; a price is above 0";
    assert_eq!(message(10, -one, 1, 1), below);
    assert_eq!(message(10, -2 * one, 1, 1), below);
    assert_eq!(message(10, i128::MIN, u64::MAX, u64::MAX), below);
    assert_eq!(message(0, 0, 1, 1), below);
    let overflow = "overflow: the result does not fit; expected smaller prices";
    assert_eq!(message(u128::MAX, 1, 1, 1), overflow);
    assert_eq!(message(u128::MAX, i128::MAX, u64::MAX, u64::MAX), overflow);
}

#[test]
fn an_offset_may_go_down_to_one_unit_and_no_further() {
    assert_eq!(with_offset(10, -9), Ok(1));
    assert_eq!(
        with_offset(10, -10).unwrap_err().to_string(),
        "the price with its offset is 0; a price is above 0"
    );
    assert_eq!(
        with_offset(10, -11),
        Err(PartError::NotPositive { what: "the price with its offset", value: -1 })
    );
    assert!(with_offset(1, i128::MIN).is_err());
    assert_eq!(with_offset(u128::MAX, 1), Err(MoneyError::Overflow.into()));
    assert_eq!(with_offset(u128::MAX, i128::MIN), Ok(u128::MAX - (1 << 127)));
}

#[test]
fn a_band_includes_its_edges_and_rounds_them_inwards() {
    for (price, clamped) in [(949, 950), (950, 950), (951, 951), (1_050, 1_050), (1_051, 1_050)] {
        assert_eq!(clamp_to_band(price, 1_000, 500), Ok(clamped), "{price}");
    }
    // Exactly 999 x 0.95 = 949.05 and 999 x 1.05 = 1,048.95.
    assert_eq!(clamp_to_band(1, 999, 500), Ok(950));
    assert_eq!(clamp_to_band(u128::MAX, 999, 500), Ok(1_048));
    assert_eq!(clamp_to_band(7, 9, 0), Ok(9));
    // A band of all and more has no lower edge.
    assert_eq!(clamp_to_band(1, 1_000, 10_000), Ok(1));
    assert_eq!(clamp_to_band(1, 1_000, u32::MAX), Ok(1));
    assert_eq!(clamp_to_band(5, u128::MAX, 500).map(|price| price > u128::MAX / 20 * 19), Ok(true));
    assert_eq!(clamp_to_band(u128::MAX, u128::MAX - 1, 500), Ok(u128::MAX));
    assert_eq!(
        clamp_to_band(5, 0, 500).unwrap_err().to_string(),
        "the price to stay around is 0; a price is above 0"
    );
}

#[test]
fn a_step_reaches_its_cap_and_not_a_unit_more() {
    // 4 bps of 10,000 are 4 a step.
    for (target, steps, mark) in [
        (10_003, 1, 10_003),
        (10_004, 1, 10_004),
        (10_005, 1, 10_004),
        (9_996, 1, 9_996),
        (9_995, 1, 9_996),
        (0, 3, 9_988),
        (20_000, 0, 10_000),
        (20_000, 2_500, 20_000),
        (20_001, 2_500, 20_000),
    ] {
        assert_eq!(step_cap(10_000, target, 4, steps), mark, "{target} in {steps}");
    }
    assert_eq!(step_cap(u128::MAX, 0, u32::MAX, u64::MAX), 0);
    assert_eq!(step_cap(0, u128::MAX, u32::MAX, u64::MAX), 0);
    assert_eq!(step_cap(1, 5, 9_999, 1), 1);
}

#[test]
fn a_window_forgets_its_oldest_sample_and_rounds_down() {
    let mut window = SampleWindow::new(3).unwrap();
    assert_eq!(window.average(), Err(PartError::NoSample));
    for (sample, average) in [(-8, -8), (-9, -9), (4, -5), (4, -1), (4, 4)] {
        window.record(sample);
        assert_eq!(window.average(), Ok(average), "{sample}");
    }
    for sample in [i128::MIN, i128::MIN, i128::MIN] {
        window.record(sample);
    }
    assert_eq!(window.average(), Ok(i128::MIN));
    assert_eq!(SampleWindow::new(0).unwrap_err().to_string(), "samples is 0; it is at least 1");
}

/// The recurrence with 40-digit decimals, done apart: samples 100, -50, 30 and 30 at 0, 3, 6 and 66
/// seconds with a time constant of 150 s.
#[test]
fn the_recurrence_gives_the_sums_of_its_definition() {
    let mut average = ExponentialAverage::new(150 * SECOND).unwrap();
    assert_eq!(average.average(), Err(PartError::NoSample));
    let scale = 1_000_000_000_000i128;
    for (sample, second, expected) in RECURRENCE {
        average.record(sample * scale, Time::from_seconds(second)).unwrap();
        assert_eq!(average.average(), Ok(expected), "at {second} s");
    }
}

const RECURRENCE: [(i128, u64, i128); 4] = [
    (100, 0, 100_000_000_000_000),
    (-50, 3, -50_000_000_000_000),
    (30, 6, -9_600_013_332_800),
    (30, 66, 27_535_385_126_733),
];

#[test]
fn late_samples_are_refused_and_double_ones_count_once() {
    let mut average = ExponentialAverage::new(SECOND).unwrap();
    for (sample, second) in [(5, 10), (8, 11)] {
        average.record(sample, Time::from_seconds(second)).unwrap();
    }
    let before = average.clone();
    average.record(900, Time::from_seconds(11)).unwrap();
    assert_eq!(average, before);
    let error = average.record(900, Time::from_seconds(10)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a sample at 10000000000 ns follows one at 11000000000 ns; samples arrive in their order"
    );
    assert_eq!(average, before);
    assert_eq!(
        ExponentialAverage::new(0).unwrap_err().to_string(),
        "time_constant_nanos is 0; it is at least 1"
    );
}

#[test]
fn the_widest_samples_and_pauses_do_not_overflow() {
    for constant in [1, SECOND, u64::MAX] {
        let mut average = ExponentialAverage::new(constant).unwrap();
        for at in [0, 1, u64::MAX - 1, u64::MAX] {
            average.record(i128::MIN, Time(at)).unwrap();
            let found = average.average().unwrap();
            assert!(found < i128::MIN + (1 << 70), "{constant} {at}: {found}");
        }
    }
}

proptest! {
    #[test]
    fn the_median_of_three_is_the_middle_of_the_sorted(prices in any::<[u128; 3]>()) {
        let mut sorted = prices;
        sorted.sort_unstable();
        prop_assert_eq!(median_of_three(prices[0], prices[1], prices[2]), sorted[1]);
    }

    #[test]
    fn funding_agrees_with_big_integers(
        index in 1u128.., shift in 0u32..128, rate in any::<i128>(), small in 0u32..128,
        remaining in any::<u64>(), interval in 1u64..
    ) {
        let (index, rate) = ((index >> shift).max(1), rate >> small);
        let remaining = remaining.min(interval);
        let one = BigInt::from(RATE_ONE_E18) * interval;
        let exact = BigInt::from(index) * (&one + BigInt::from(rate) * remaining);
        let floor = num_integer_floor(&exact, &one);
        match funding_adjusted(index, rate, remaining, interval) {
            Ok(price) => prop_assert_eq!(BigInt::from(price), floor),
            Err(PartError::NotPositive { .. }) => prop_assert!(floor <= BigInt::from(0)),
            Err(error) => {
                prop_assert_eq!(error, MoneyError::Overflow.into());
                prop_assert!(floor > BigInt::from(u128::MAX));
            }
        }
    }

    #[test]
    fn a_clamped_price_is_inside_the_exact_band_and_an_inner_one_stays(
        price in 1u128..1 << 100, around in 1u128..1 << 100, band in 0u32..20_000
    ) {
        let inside = |price: u128| price.abs_diff(around) * BPS <= around * u128::from(band);
        let clamped = clamp_to_band(price, around, band).unwrap();
        prop_assert!(inside(clamped));
        prop_assert_eq!(clamped == price, inside(price));
    }

    #[test]
    fn steps_approach_and_never_pass(
        last in 1u128..1 << 90, target in 1u128..1 << 90, cap in 0u32..20_000, steps in 0u64..99
    ) {
        let mark = step_cap(last, target, cap, steps);
        prop_assert!(mark.abs_diff(target) <= last.abs_diff(target));
        prop_assert!((mark >= last) == (target >= last) || mark == last);
        let most = last * u128::from(cap) * u128::from(steps);
        prop_assert!(mark.abs_diff(last) * BPS <= most);
        prop_assert!(mark == target || (mark.abs_diff(last) + 1) * BPS > most);
    }

    #[test]
    fn averages_lie_between_the_extremes_and_agreeing_samples_are_their_average(
        samples in prop::collection::vec((-1i128 << 50..1 << 50, prop_oneof![1u64..9, 1u64..1 << 40]), 1..20),
        constant in 1u64..1 << 40
    ) {
        let mut window = SampleWindow::new(5).unwrap();
        let mut average = ExponentialAverage::new(constant).unwrap();
        let mut still = ExponentialAverage::new(constant).unwrap();
        let mut at = Time(0);
        for (sample, elapsed) in &samples {
            at = at.after(*elapsed);
            window.record(*sample);
            average.record(*sample, at).unwrap();
            still.record(samples[0].0, at).unwrap();
        }
        let (low, high) = samples.iter().fold((i128::MAX, i128::MIN), |(low, high), (s, _)| {
            (low.min(*s), high.max(*s))
        });
        for found in [window.average().unwrap(), average.average().unwrap()] {
            prop_assert!(low <= found && found <= high);
        }
        let last: Vec<i128> = samples.iter().rev().take(5).map(|(s, _)| *s).collect();
        let mean = last.iter().sum::<i128>().div_euclid(last.len() as i128);
        prop_assert_eq!(window.average(), Ok(mean));
        prop_assert_eq!(still.average(), Ok(samples[0].0));
    }
}

/// The quotient towards minus infinity, by the remainder's sign.
fn num_integer_floor(numerator: &BigInt, denominator: &BigInt) -> BigInt {
    let towards_zero = numerator / denominator;
    let exact = &towards_zero * denominator == *numerator;
    let negative = *numerator < BigInt::from(0);
    if negative && !exact { towards_zero - 1 } else { towards_zero }
}
