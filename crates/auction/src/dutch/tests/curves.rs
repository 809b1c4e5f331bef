use super::*;
use breakwater_money::MoneyError;
use proptest::prelude::*;

fn linear(seconds: u64) -> Curve {
    Curve::Linear { seconds: U256::from(seconds) }
}

fn price(curve: Curve, top: U256, elapsed: u64) -> Result<U256, MoneyError> {
    curve.price(top, U256::from(elapsed))
}

#[test]
fn a_line_reaches_nothing_at_its_end_and_one_unit_before_it_does_not() {
    let top = ray_milli(3_000);
    assert_eq!(price(linear(3), top, 0), Ok(top));
    // Two thirds of three, the third rounded down first.
    let third = raw(666_666_666_666_666_666_666_666_666);
    assert_eq!(price(linear(3), top, 1), Ok(third * raw(3)));
    assert_eq!(price(linear(3), top, 2), Ok(raw(999_999_999_999_999_999_999_999_999)));
    assert_eq!(price(linear(3), top, 3), Ok(U256::ZERO));
    assert_eq!(price(linear(3), top, 4), Ok(U256::ZERO));
    assert_eq!(price(linear(0), top, 0), Ok(U256::ZERO));
}

#[test]
fn a_line_multiplies_before_it_divides_and_says_when_that_overflows() {
    assert_eq!(price(linear(10), U256::MAX, 10), Ok(U256::ZERO));
    assert_eq!(price(linear(10), U256::MAX, 1), Err(MoneyError::Overflow));
    let long = Curve::Linear { seconds: U256::MAX };
    assert_eq!(long.price(ray_milli(1), U256::MAX - raw(1)), Ok(U256::ZERO));
    assert_eq!(long.price(ray_milli(1), U256::ZERO), Err(MoneyError::Overflow));
}

#[test]
fn stairs_are_level_until_the_last_second_of_a_step() {
    let top = ray_milli(1_000);
    assert_eq!(price(stairs(990, 90), top, 89), Ok(top));
    assert_eq!(price(stairs(990, 90), top, 90), Ok(ray_milli(990)));
    assert_eq!(price(stairs(990, 90), top, 179), Ok(ray_milli(990)));
    assert_eq!(price(stairs(990, 90), top, 180), Ok(raw(980_100_000_000_000_000_000_000_000)));
    assert_eq!(price(stairs(990, 0), top, 1), Err(MoneyError::DivisionByZero));
    assert_eq!(price(stairs(990, 0), top, 0), Err(MoneyError::DivisionByZero));
    assert_eq!(price(stairs(1_000, 90), U256::MAX, 0), Err(MoneyError::Overflow));
}

#[test]
fn a_curve_that_keeps_nothing_is_whole_at_the_start_and_nothing_after() {
    let nothing = Curve::Exponential { kept: Ray::from_raw(U256::ZERO) };
    let top = ray_milli(5);
    assert_eq!(price(nothing, top, 0), Ok(top));
    assert_eq!(price(nothing, top, 1), Ok(U256::ZERO));
    assert_eq!(nothing.price(top, U256::MAX), Ok(U256::ZERO));
    // Nothing of the greatest top does not overflow.
    assert_eq!(price(nothing, U256::MAX, 1), Ok(U256::ZERO));
}

#[test]
fn a_power_takes_the_lowest_bit_first_and_rounds_half_up() {
    let power_of = |base: u128, exponent: u64| {
        power(Ray::new(base), U256::from(exponent)).map(|power| power.raw)
    };
    let one = 10u128.pow(27);
    assert_eq!(power_of(0, 0), Ok(raw(one)));
    assert_eq!(power_of(one, u64::MAX), Ok(raw(one)));
    assert_eq!(power_of(one / 2, 3), Ok(raw(one / 8)));
    // The square of 1e-27 times a root of a half: 0.5 rounds up to one unit, less to none.
    assert_eq!(power_of(22_360_679_774_998, 2), Ok(raw(1)));
    assert_eq!(power_of(22_360_679_774_997, 2), Ok(raw(0)));
    // Seven: base, times the square, times the fourth power. From the highest bit down the last
    // digit is another one.
    let base = raw(979_943_671_893_669_681_417_034_882);
    let half_up = |a: U256, b: U256| (a * b + raw(one / 2)) / raw(one);
    let (two, four) = (half_up(base, base), half_up(half_up(base, base), half_up(base, base)));
    let lowest = half_up(half_up(base, two), four);
    let highest = half_up(half_up(half_up(two, base), half_up(two, base)), base);
    assert_eq!(highest, lowest + raw(1));
    assert_eq!(power(Ray::from_raw(base), U256::from(7)).unwrap().raw, lowest);
    // A base of two: 2^16 in ray still fits 128 bits and may be squared, 2^64 does not.
    assert!(power_of(2 * one, 38).is_ok());
    assert_eq!(power_of(2 * one, 128), Err(MoneyError::Overflow));
    // A base of 129 bits alone is never squared.
    let wide = Ray::from_raw(U256::from(1) << 128);
    assert_eq!(power(wide, U256::from(1)), Ok(wide));
    assert_eq!(power(wide, U256::from(2)), Err(MoneyError::Overflow));
    let narrow = Ray::from_raw((U256::from(1) << 128) - raw(1));
    assert!(power(narrow, U256::from(2)).is_ok());
}

#[test]
fn a_curve_that_would_rise_or_divide_by_zero_is_refused_by_field_and_value() {
    assert_eq!(stairs(1_000, 1).check(), Ok(()));
    let above = Ray::from_raw(Ray::one().raw + raw(1));
    for curve in
        [Curve::Exponential { kept: above }, Curve::Stairs { kept: above, step_seconds: raw(1) }]
    {
        let said = curve.check().unwrap_err().to_string();
        assert_eq!(said, "kept = 1000000000000000000000000001: at most 1 is kept (1e27)");
    }
    let said = stairs(990, 0).check().unwrap_err().to_string();
    assert_eq!(said, "step_seconds = 0: a step lasts 1 second or more");
}

#[test]
fn one_percent_every_ninety_seconds_falls_to_the_feed_after_ten_steps_and_to_45_percent_after_80() {
    let curve = stairs(990, 90);
    let (top, reference) = (ray_milli(1_100), ray_milli(1_000));
    assert!(price(curve, top, 9 * 90 + 89).unwrap() > reference);
    assert!(price(curve, top, 10 * 90).unwrap() < reference);
    let share = |elapsed| price(curve, Ray::one().raw, elapsed).unwrap() / ten(22);
    assert_eq!((share(79 * 90), share(80 * 90)), (raw(45_204), raw(44_752)));
}

#[test]
fn a_discount_follows_health_down_to_its_greatest() {
    let discount = HealthDiscount { discount_max: Wad::from_raw(wad_milli(150)) };
    let price = |health_milli| discount.price(ray_milli(2_000), Wad::from_raw(health_milli));
    let just_below = Wad::one().raw - raw(1);
    // Rounded up: one unit of 1e18 of two is two units of 1e27, and they are taken off whole.
    assert_eq!(price(just_below), Ok(ray_milli(2_000) - raw(2_000_000_000)));
    assert_eq!(price(wad_milli(900)), Ok(ray_milli(1_800)));
    assert_eq!(price(wad_milli(850)), Ok(ray_milli(1_700)));
    assert_eq!(price(wad_milli(849)), Ok(ray_milli(1_700)));
    assert_eq!(price(U256::ZERO), Ok(ray_milli(1_700)));
    assert_eq!(price(wad_milli(1_000)), Err(Refusal::Healthy { health: Wad::one() }));
    assert_eq!(discount.price(raw(1), Wad::from_raw(wad_milli(900))), Ok(raw(1)));
    assert_eq!(discount.price(U256::MAX, Wad::new(2)), Err(MoneyError::Overflow.into()));
    let whole = HealthDiscount { discount_max: Wad::one() };
    assert_eq!(whole.price(ray_milli(2_000), Wad::new(0)), Ok(U256::ZERO));
    let said = whole.check().unwrap_err().to_string();
    assert_eq!(said, "discount_max = 1000000000000000000: a discount is below 1 (1e18)");
    let over = HealthDiscount { discount_max: Wad::from_raw(wad_milli(1_001)) };
    assert_eq!(over.price(raw(1), Wad::new(0)), Err(MoneyError::Underflow.into()));
}

pub(super) fn any_curve() -> impl Strategy<Value = Curve> {
    let kept = prop_oneof![
        (0..=10u128.pow(27)).prop_map(Ray::new),
        (0..10u128.pow(22)).prop_map(|less| Ray::new(10u128.pow(27) - less)),
    ];
    prop_oneof![
        (0u64..20_000).prop_map(linear),
        (kept.clone(), 1u64..500)
            .prop_map(|(kept, step)| Curve::Stairs { kept, step_seconds: U256::from(step) }),
        kept.prop_map(|kept| Curve::Exponential { kept }),
    ]
}

proptest! {
    /// Up to a million seconds, which is eleven days; rounding half up can lift the last digit of a
    /// share that is kept to within a hundred billionths of it only over centuries.
    #[test]
    fn no_curve_rises_or_exceeds_its_top(
        curve in any_curve(), top in 0u128.., first in 0u64..1_000_000, more in 0u64..1_000,
    ) {
        let (before, after) =
            (price(curve, raw(top), first).unwrap(), price(curve, raw(top), first + more).unwrap());
        prop_assert!(after <= before && before <= raw(top));
    }

    #[test]
    fn a_discounted_price_never_rises_as_health_falls(
        discount in 0u128..10u128.pow(18), reference in any::<u128>(),
        better in 0u128..10u128.pow(18), worse in 0u128..10u128.pow(18),
    ) {
        prop_assume!(worse <= better);
        let rule = HealthDiscount { discount_max: Wad::new(discount) };
        let price = |health| rule.price(raw(reference), Wad::new(health)).unwrap();
        prop_assert!(price(worse) <= price(better) && price(better) <= raw(reference));
        prop_assert!(price(worse) >= rule.price(raw(reference), Wad::new(0)).unwrap());
    }
}
