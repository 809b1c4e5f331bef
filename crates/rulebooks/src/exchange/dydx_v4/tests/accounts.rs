//! What an account counts for, and which changes it may make.

use super::*;

#[test]
fn values_are_cut_towards_zero_on_both_sides() {
    let perpetuals = perpetuals();
    let large = perpetuals.get(0).unwrap();
    // A base quantum of 1e-10 is worth 5 quote quantums; at 3,001.7 one of 1e-9 is worth 3.0017.
    assert_eq!((large.net_notional(7), large.net_notional(-7)), (Ok(35), Ok(-35)));
    let middle = perpetuals.get(3).unwrap();
    assert_eq!((middle.net_notional(1), middle.net_notional(-1)), (Ok(3), Ok(-3)));
    assert_eq!(middle.net_notional(-600), Ok(-1_801));
    // And back: 3 quote quantums buy none of it, 4 buy one.
    assert_eq!((middle.quantums_of(3), middle.quantums_of(4)), (Ok(0), Ok(1)));
    // Whole units at 0.0071.
    let small = perpetuals.get(8).unwrap();
    assert_eq!((small.net_notional(-3), small.quantums_of(7_099)), (Ok(-21_300), Ok(0)));
    assert_eq!(small.quantums_of(7_100), Ok(1));
    let free = Perpetual { price: 0, ..small.clone() };
    assert_eq!((free.notional(9), free.quantums_of(9)), (Ok(0), Err(Revert::DivisionByZero)));
}

#[test]
fn scales_beyond_all_integers_are_refused_or_vanish() {
    let perpetuals = perpetuals();
    let at = |atomic_resolution, quantums| {
        Perpetual { atomic_resolution, ..perpetuals.get(0).unwrap().clone() }.notional(quantums)
    };
    assert_eq!(at(-90, u128::MAX), Ok(0));
    assert_eq!((at(90, 0), at(90, 1)), (Ok(0), Err(Revert::Arithmetic)));
    assert_eq!(
        (at(i32::MAX, 1), at(i32::MIN, 1)),
        (Err(Revert::Arithmetic), Err(Revert::Arithmetic))
    );
    assert_eq!(perpetuals.get(8).unwrap().net_notional(i128::MIN), Err(Revert::Arithmetic));
}

#[test]
fn equality_is_healthy_and_nothing_required_is_never_liquidated() {
    // Short 0.1 at 50,000: the requirement is 500.
    let at = |quote| account(quote, &[(0, -1_000_000_000)]).risk(&perpetuals()).unwrap();
    assert_eq!(
        at(0),
        Risk { net: -5_000_000_000, initial: 1_000_000_000, maintenance: 500_000_000 }
    );
    assert!(!at(5_500_000_000).is_liquidatable() && at(5_499_999_999).is_liquidatable());
    assert!(at(6_000_000_000).is_initial_collateralized());
    assert!(!at(5_999_999_999).is_initial_collateralized());
    let empty = account(-1, &[]).risk(&perpetuals()).unwrap();
    assert!(!empty.is_liquidatable() && empty.net == -1);
}

#[test]
fn changes_of_an_account_short_of_margin_must_not_make_it_riskier() {
    let risk = |net, initial, maintenance| Risk { net, initial, maintenance };
    let before = risk(50, 200, 100);
    for (after, allowed) in [
        // Well collateralised afterwards, whatever the ratio was.
        (risk(300, 300, 150), true),
        // The ratio of a half, exactly and a unit to either side.
        (risk(25, 100, 50), true),
        (risk(24, 100, 50), false),
        (risk(26, 100, 50), true),
        // A larger requirement is refused at any ratio.
        (risk(150, 202, 101), false),
        (risk(199, 200, 100), true),
        // Without a requirement only what is left at zero or above goes through.
        (risk(0, 0, 0), true),
        (risk(-1, 0, 0), false),
    ] {
        assert_eq!(transition_allowed(&before, &after), allowed, "{after:?}");
    }
    let bankrupt = risk(-50, 200, 100);
    assert!(transition_allowed(&bankrupt, &risk(-25, 100, 50)));
    assert!(!transition_allowed(&bankrupt, &risk(-26, 100, 50)));
    assert!(transition_allowed(&risk(-5, 0, 0), &risk(-4, 0, 0)));
    assert!(!transition_allowed(&risk(-5, 0, 0), &risk(-5, 0, 0)));
    assert!(!transition_allowed(&risk(-5, 0, 0), &risk(-4, 2, 1)));
    let wide = risk(i128::MIN, i128::MAX, i128::MAX);
    assert!(transition_allowed(&wide, &wide) && !wide.is_riskier_than(&wide));
}

#[test]
fn what_is_missing_or_twice_is_named() {
    let error = |positions: &[_]| account(0, positions).risk(&perpetuals());
    assert_eq!(error(&[(5, 1)]), Err(Revert::PerpetualMissing(5)));
    let twice = Err(Revert::PositionCount { perpetual: 0, found: 2 });
    assert_eq!(error(&[(0, 1), (0, 1)]), twice);
    assert_eq!(error(&[(0, i128::MAX)]), Err(Revert::Arithmetic));
    assert_eq!(account(i128::MAX, &[(0, 1)]).risk(&perpetuals()), Err(Revert::Arithmetic));
    let none = account(0, &[]).after(0, 1, 1);
    assert_eq!(none, Err(Revert::PositionCount { perpetual: 0, found: 0 }));
}

#[test]
fn the_position_to_liquidate_is_the_first_from_the_start_that_was_not() {
    let held = account(0, &[(0, 1), (3, 1), (8, 1)]);
    let next = |seed, liquidated: &[u32]| held.position_to_liquidate(seed, liquidated);
    assert_eq!((next(0, &[]), next(1, &[]), next(2, &[])), (Some(0), Some(3), Some(8)));
    assert_eq!((next(3, &[]), next(u64::MAX, &[])), (Some(0), Some(0)));
    assert_eq!((next(2, &[8]), next(1, &[3, 8]), next(1, &[0, 3, 8])), (Some(0), Some(0), None));
    assert_eq!(account(0, &[]).position_to_liquidate(7, &[]), None);
}

proptest! {
    #[test]
    fn risk_is_the_sum_of_what_each_position_counts_for(held in accounts()) {
        let (perpetuals, risk) = (perpetuals(), held.risk(&perpetuals()).unwrap());
        let (mut net, mut maintenance) = (r(held.quote), r(0));
        for position in &held.positions {
            let perpetual = perpetuals.get(position.perpetual).unwrap();
            let exponent = perpetual.price_exponent + perpetual.atomic_resolution + 6;
            let value = r(position.quantums) * r(i128::from(perpetual.price));
            // Rational's own truncation towards zero.
            let value = (value * r(10).pow(exponent)).trunc();
            let size = if value < r(0) { -value.clone() } else { value.clone() };
            let tier = perpetual.tier;
            let initial = (size * r(i128::from(tier.initial_ppm)) / r(1_000_000)).ceil();
            let share = r(i128::from(tier.maintenance_fraction_ppm)) / r(1_000_000);
            maintenance += (initial * share).ceil();
            net += value;
        }
        prop_assert_eq!((r(risk.net), r(risk.maintenance)), (net, maintenance));
        prop_assert_eq!(risk.is_liquidatable(), risk.maintenance > 0 && risk.net < risk.maintenance);
    }

    #[test]
    fn riskier_is_a_comparison_of_ratios(
        a in any::<i64>(), b in any::<i64>(), c in 1i64.., d in 1i64..
    ) {
        let risk = |net: i64, maintenance: i64| {
            Risk { net: net.into(), initial: 0, maintenance: maintenance.into() }
        };
        let ratio = |net: i64, of: i64| r(net.into()) / r(of.into());
        prop_assert_eq!(risk(a, c).is_riskier_than(&risk(b, d)), ratio(a, c) < ratio(b, d));
    }
}
