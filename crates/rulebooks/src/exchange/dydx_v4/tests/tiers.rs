//! Margin fractions at and around their caps, and against rationals.

use super::*;

#[test]
fn the_initial_fraction_rises_from_the_lower_cap_to_one() {
    let at = |open| TIER.scaled_initial_ppm(open).unwrap();
    assert_eq!((at(0), at(999_999), at(1_000_000)), (200_000, 200_000, 200_000));
    // A millionth of the way is 0.8 of a millionth, cut; two are 1.6.
    assert_eq!((at(1_000_001), at(1_000_002)), (200_000, 200_001));
    assert_eq!((at(1_999_999), at(2_000_000), at(u128::MAX)), (999_999, 1_000_000, 1_000_000));
    // Equal caps are a step, and caps of zero are none.
    let step = LiquidityTier { open_interest_lower: 5, open_interest_upper: 5, ..TIER };
    assert_eq!(
        (step.scaled_initial_ppm(4), step.scaled_initial_ppm(5)),
        (Ok(200_000), Ok(1_000_000))
    );
    assert_eq!(UNSCALED.scaled_initial_ppm(u128::MAX), Ok(200_000));
    let from_zero = LiquidityTier { open_interest_lower: 0, ..TIER };
    assert_eq!(from_zero.scaled_initial_ppm(1_000_000), Ok(600_000));
}

#[test]
fn requirements_are_rounded_up_twice() {
    // 1 of 20 % is 1, and half of that 1 again: the two roundings do not fold into 10 %.
    assert_eq!((UNSCALED.initial(1, 0), UNSCALED.maintenance(1)), (Ok(1), Ok(1)));
    assert_eq!((UNSCALED.initial(0, 0), UNSCALED.maintenance(0)), (Ok(0), Ok(0)));
    assert_eq!((UNSCALED.initial(11, 0), UNSCALED.maintenance(11)), (Ok(3), Ok(2)));
    assert_eq!((UNSCALED.initial(10, 0), UNSCALED.maintenance(10)), (Ok(2), Ok(1)));
    // Open interest moves the initial requirement only.
    assert_eq!((TIER.initial(1_000, 2_000_000), TIER.maintenance(1_000)), (Ok(1_000), Ok(100)));
    assert_eq!(UNSCALED.initial(u128::MAX, 0).unwrap(), u128::MAX / 5);
}

#[test]
fn fractions_above_one_and_caps_out_of_order_are_named() {
    let above = LiquidityTier { initial_ppm: 1_000_001, ..TIER };
    assert_eq!(above.maintenance(1), Err(Revert::FractionAboveOne(1_000_001)));
    assert_eq!(above.scaled_initial_ppm(1), Err(Revert::FractionAboveOne(1_000_001)));
    let above = LiquidityTier { maintenance_fraction_ppm: u32::MAX, ..TIER };
    assert_eq!(above.maintenance_ppm(), Err(Revert::FractionAboveOne(u32::MAX)));
    let reversed = LiquidityTier { open_interest_lower: 2_000_001, ..TIER };
    let error = reversed.initial(1, 1).unwrap_err();
    assert_eq!(error, Revert::CapsReversed { lower: 2_000_001, upper: 2_000_000 });
    assert_eq!(error.to_string(), "open interest caps: lower 2000001 exceeds upper 2000000");
    let one = LiquidityTier { initial_ppm: 1_000_000, maintenance_fraction_ppm: 1_000_000, ..TIER };
    assert_eq!((one.maintenance_ppm(), one.funding_clamp_ppm(u32::MAX)), (Ok(1_000_000), Ok(0)));
}

fn tiers() -> impl Strategy<Value = LiquidityTier> {
    (0u32..=1_000_000, 0u32..=1_000_000, 0u64..1 << 40, 0u64..1 << 40).prop_map(
        |(initial_ppm, maintenance_fraction_ppm, open_interest_lower, more)| LiquidityTier {
            initial_ppm,
            maintenance_fraction_ppm,
            open_interest_lower,
            open_interest_upper: open_interest_lower + more,
        },
    )
}

proptest! {
    #[test]
    fn fractions_and_requirements_are_those_of_the_formula(
        tier in tiers(), open in 0u128..1 << 42, notional in 0u128..1 << 60, factor in any::<u32>()
    ) {
        let (million, one) = (r(1_000_000), r(1));
        let (lower, upper) = (tier.open_interest_lower, tier.open_interest_upper);
        let base = r(i128::from(tier.initial_ppm)) / &million;
        let way = match (upper, open >= u128::from(upper)) {
            (0, _) => r(0),
            (_, true) => r(1),
            _ => {
                let way = r(open as i128) - r(i128::from(lower));
                (way / r(i128::from(upper - lower).max(1))).clamp(r(0), r(1))
            }
        };
        let scaled = ((&base + (&one - &base) * way) * &million).floor();
        prop_assert_eq!(r(i128::from(tier.scaled_initial_ppm(open).unwrap())), scaled.clone());
        let initial = (r(notional as i128) * scaled / &million).ceil();
        prop_assert_eq!(r(tier.initial(notional, open).unwrap() as i128), initial);
        let share = r(i128::from(tier.maintenance_fraction_ppm)) / &million;
        let maintenance = ((r(notional as i128) * &base).ceil() * &share).ceil();
        prop_assert_eq!(r(tier.maintenance(notional).unwrap() as i128), maintenance);
        let fraction = (&base * share * &million).floor();
        prop_assert_eq!(r(i128::from(tier.maintenance_ppm().unwrap())), fraction.clone());
        let clamp = (r(i128::from(factor)) * (&base * &million - fraction) / million).floor();
        prop_assert_eq!(r(tier.funding_clamp_ppm(factor).unwrap() as i128), clamp);
    }

    #[test]
    fn more_open_interest_or_notional_never_needs_less(
        tier in tiers(), open in 0u128..1 << 42, notional in 0u128..1 << 60, more in 0u128..1 << 42
    ) {
        let initial = |notional, open| tier.initial(notional, open).unwrap();
        prop_assert!(initial(notional, open + more) >= initial(notional, open));
        prop_assert!(initial(notional + more, open) >= initial(notional, open));
        let maintenance = |notional| tier.maintenance(notional).unwrap();
        prop_assert!(maintenance(notional + more) >= maintenance(notional));
        prop_assert!(maintenance(notional) <= initial(notional, open));
    }
}
