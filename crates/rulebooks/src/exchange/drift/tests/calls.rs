//! Calls to liquidate a perpetual position: sizes, limits, and that nothing is minted.

use super::*;
use proptest::prelude::*;

fn call(slot: u64) -> Call {
    Call { market: 0, slot, base_max_e9: u64::MAX, limit_price_e6: None }
}

fn liquidate(account: &Account, call: &Call) -> Result<Taken, Revert> {
    liquidate_perp(&markets(), &SETTINGS, account, &liquidator(), call)
}

/// 100 long bought at 140.07, with `deposit` of the quote token: the requirement is 700.14 and with the
/// buffer 980.20.
fn long(deposit: i128) -> Account {
    account(&[(0, deposit)], &[(0, 100_000_000_000, -14_007_000_000)])
}

#[test]
fn a_first_call_takes_the_first_tenth_and_later_ones_what_has_opened() {
    let first = liquidate(&long(400_000_000), &call(1_000)).unwrap();
    let margin = long(400_000_000).margin(&markets(), &Purpose::liquidation(200, Some(0))).unwrap();
    assert_eq!(first.shortage_e6, margin.buffered_e6 - 399_880_000);
    assert_eq!(first.liquidator_fee_ppm, 10_000);
    // The tenth of the shortage is rounded down twice, so that its share may be a basis point less.
    let share = allowed_bps(first.shortage_e6, 0, 0, 1_000, 150).unwrap();
    assert!(share == 999 || share == 1_000, "{share}");
    let tenth = u128::from(first.base_to_cover_e9) * share / 10_000;
    assert_eq!(u128::from(first.base_e9), up_to(tenth));
    assert_eq!(first.progress, Progress::Continues);
    assert_eq!(first.account_after.last_active_slot, 1_000);
    assert_eq!(first.account_after.margin_freed_e6, first.margin_freed_e6);
    // In the same slot the first tenth is used up, but for what rounding leaves.
    let again = liquidate(&first.account_after, &call(1_000)).unwrap();
    assert!(again.base_e9 <= 10_000_000, "{}", again.base_e9);
    let later = liquidate(&first.account_after, &call(1_075)).unwrap();
    assert!(later.base_e9 > 4 * first.base_e9 && later.progress == Progress::Continues);
    let last = liquidate(&later.account_after, &call(1_150)).unwrap();
    assert_eq!((last.base_e9, last.progress), (last.base_to_cover_e9, Progress::Freed));
    assert!(!last.account_after.being_liquidated && last.account_after.margin_freed_e6 == 0);
    assert_eq!(last.account_after.is_liquidatable(&markets(), 200), Ok(false));
}

fn up_to(base: u128) -> u128 {
    base.div_ceil(10_000_000) * 10_000_000
}

#[test]
fn the_insurance_fee_bears_the_markets_own_part_of_a_shortage() {
    // A second position takes most of the shortage, so the first leaves more to the fund than if the
    // whole of it were its own.
    let held = account(
        &[(0, 740_000_000)],
        &[(0, 100_000_000_000, -14_007_000_000), (7, 300_000_000, -18_370_350_000)],
    );
    let purpose = Purpose::liquidation(200, Some(0));
    let margin = held.margin(&markets(), &purpose).unwrap();
    let taken = liquidate(&held, &call(0)).unwrap();
    let own = taken.shortage_e6 * margin.tracked_e6 / margin.requirement_e6;
    let terms = PerpTerms {
        margin_ratio_bps: 700,
        liquidator_fee_ppm: 10_000,
        price_e6: 140_070_000,
        quote_price_e6: 999_700,
    };
    let fee = |shortage| terms.insurance_fee_ppm(shortage, 100_000_000_000, 15_000).unwrap();
    assert_eq!(taken.insurance_fee_ppm, fee(own));
    assert!(fee(own) > fee(taken.shortage_e6) && fee(own) < 15_000, "{}", fee(own));
}

#[test]
fn the_liquidators_fee_grows_while_the_liquidation_runs() {
    let started = Account { being_liquidated: true, last_active_slot: 50, ..long(400_000_000) };
    let fee = |slot| liquidate(&started, &call(slot)).unwrap().liquidator_fee_ppm;
    assert_eq!((fee(50), fee(1_549), fee(1_550), fee(99_999)), (10_000, 10_000, 11_500, 30_000));
    assert_eq!(liquidate(&started, &call(49)), Err(Revert::Arithmetic));
}

#[test]
fn a_position_worth_at_most_fifty_is_taken_whole() {
    // 0.36 at about 138.89 and 50 below what was paid: a hundredth of what would cover it is less.
    let taken = |base: i128, price_e6, initial_bps| {
        let mut near = markets();
        near.perps[0].price_e6 = price_e6;
        let held = account(&[(0, 0)], &[(0, base, -base.signum() * 50_000_000 - 50_000_000)]);
        let settings = Settings { initial_bps, ..SETTINGS };
        liquidate_perp(&near, &settings, &held, &liquidator(), &call(0)).unwrap()
    };
    // Worth 49.999999, 50 and 50.000001.
    let (whole, part) = (360_000_000, 70_000_000);
    let base = |price| taken(360_000_000, price, 100).base_e9;
    assert_eq!((base(138_888_888), base(138_888_889), base(138_888_892)), (whole, whole, part));
    // So for a short that cost 50 as well.
    assert_eq!(taken(-360_000_000, 138_888_889, 100).base_e9, whole);
    // While nothing is open, nothing is taken of it, but the clock runs.
    let none = taken(360_000_000, 138_888_888, 0);
    assert_eq!((none.base_e9, none.account_after.being_liquidated), (0, true));
}

#[test]
fn refusals_come_in_the_programs_order() {
    let healthy = liquidate(&long(701_000_000), &call(0)).unwrap_err();
    assert!(matches!(healthy, Revert::SufficientCollateral { .. }), "{healthy}");
    let broke = account(&[(0, -5)], &[(0, 0, -5)]);
    assert_eq!(liquidate(&broke, &call(0)), Err(Revert::Bankrupt));
    let elsewhere = Call { market: 7, ..call(0) };
    let missing = Err(Revert::PositionCount { market: 7, found: 0 });
    assert_eq!(liquidate(&long(400_000_000), &elsewhere), missing);
    let unknown = Call { market: 3, ..call(0) };
    assert_eq!(liquidate(&long(0), &unknown), Err(Revert::PerpMarketMissing(3)));
    let little = Call { base_max_e9: 9_999_999, ..call(0) };
    let step_e9 = 10_000_000;
    let bound = Err(Revert::BaseMaxBelowStep { base_max_e9: 9_999_999, step_e9 });
    assert_eq!(liquidate(&long(400_000_000), &little), bound);
    let off = account(&[], &[(0, 100_000_000_001, -14_007_000_000)]);
    let refused = Err(Revert::OffStep { base_e9: 100_000_000_001, step_e9 });
    assert_eq!(liquidate(&off, &call(0)), refused);
    let mut stepless = markets();
    stepless.perps[0].step_e9 = 0;
    let refused = liquidate_perp(&stepless, &SETTINGS, &long(0), &liquidator(), &call(0));
    assert!(matches!(refused, Err(Revert::OffStep { step_e9: 0, .. })));
    let poor = account(&[(0, 1)], &[]);
    let refused = liquidate_perp(&markets(), &SETTINGS, &long(0), &poor, &call(0)).unwrap_err();
    assert!(matches!(refused, Revert::LiquidatorCollateral { .. }), "{refused}");
}

#[test]
fn the_limit_price_includes_the_fee() {
    // A long is bought at 140.07 less 1 %, a short sold at that more.
    let limit = |limit| Call { limit_price_e6: Some(limit), ..call(0) };
    assert!(liquidate(&long(400_000_000), &limit(138_669_300)).is_ok());
    let refused = Err(Revert::LimitPrice { price_e6: 138_669_300, limit_e6: 138_669_299 });
    assert_eq!(liquidate(&long(400_000_000), &limit(138_669_299)), refused);
    let short = account(&[(0, 400_000_000)], &[(0, -100_000_000_000, 14_007_000_000)]);
    assert!(liquidate(&short, &limit(141_470_700)).is_ok());
    let refused = Err(Revert::LimitPrice { price_e6: 141_470_700, limit_e6: 141_470_701 });
    assert_eq!(liquidate(&short, &limit(141_470_701)), refused);
}

#[test]
fn an_account_that_recovered_leaves_without_a_trade() {
    let begun = |deposit| Account { being_liquidated: true, ..long(deposit) };
    let freed = liquidate(&begun(981_000_000), &call(9)).unwrap();
    assert_eq!((freed.progress, freed.base_e9), (Progress::Freed, 0));
    assert_eq!(freed.account_after, long(981_000_000));
    assert_eq!(liquidate(&begun(980_000_000), &call(9)).unwrap().progress, Progress::Freed);
    assert!(liquidate(&begun(980_000_000), &call(9)).unwrap().base_e9 > 0);
}

#[test]
fn an_account_whose_position_is_gone_with_a_loss_is_bankrupt() {
    // 10,000 below with everything open.
    let lost = account(&[], &[(0, 100_000_000_000, -24_007_000_000)]);
    let taken = liquidate(&Account { being_liquidated: true, ..lost }, &call(150)).unwrap();
    assert_eq!((taken.base_e9, taken.progress), (100_000_000_000, Progress::Bankrupt));
    assert_eq!(taken.insurance_fee_e6, 0);
    // The value comes in, the liquidator's 1 % goes out.
    assert_eq!(taken.account_after.perps[0].quote_e6, -10_000_000_000 - 140_070_000);
}

fn accounts() -> impl Strategy<Value = Account> {
    let spots = (-3_000_000_000i128..3_000_000_000, -8_000_000_000i128..8_000_000_000);
    let perps = (-9_000i128..9_000, -2_000i128..2_000, -60i128..60);
    (spots, perps, any::<bool>(), 0u128..400_000_000).prop_map(
        |((usd, nine), perps, begun, freed)| {
            let (small, large, off) = perps;
            // Bought and sold around the marks, so that many are near their requirement.
            let small = (0, small * 10_000_000, -small * 1_400_700 * (100 + off) / 100);
            let large = (7, large * 100_000, -large * 6_123_450);
            let mut held = account(&[(0, usd), (1, nine)], &[small, large]);
            held.being_liquidated = begun;
            held.margin_freed_e6 = if begun { freed } else { 0 };
            held
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_024))]
    #[test]
    fn nothing_is_minted_and_no_bound_is_passed(
        held in accounts(), slot in 0u64..3_000, base_max in 10_000_000u64..1 << 40
    ) {
        let asked = Call { slot, base_max_e9: base_max, ..call(0) };
        let Ok(taken) = liquidate(&held, &asked) else { return Ok(()) };
        let (before, after) = (held.perp(0).unwrap(), taken.account_after.perp(0).unwrap());
        let got = taken.liquidator_after.perp(0).copied();
        let got = got.unwrap_or(Perp { market: 0, base_e9: 0, quote_e6: 0 });
        let insurance = i128::try_from(taken.insurance_fee_e6).unwrap();
        // To the unit: what leaves the account is what liquidator and fund receive.
        prop_assert_eq!(before.base_e9, after.base_e9 + got.base_e9);
        prop_assert_eq!(before.quote_e6, after.quote_e6 + got.quote_e6 + insurance);
        prop_assert_eq!(&held.spots, &taken.account_after.spots);
        prop_assert_eq!(held.perp(7), taken.account_after.perp(7));
        // The position only shrinks, in whole steps, by at most what was asked.
        prop_assert_eq!(got.base_e9.unsigned_abs(), u128::from(taken.base_e9));
        prop_assert!(got.base_e9 == 0 || got.base_e9.signum() == before.base_e9.signum());
        prop_assert!(u128::from(taken.base_e9) <= before.base_e9.unsigned_abs());
        prop_assert!(taken.base_e9 <= base_max && taken.base_e9 % 10_000_000 == 0);
        // Fees are at most their rates of the value.
        let rate = u128::from(taken.insurance_fee_ppm);
        prop_assert!(rate <= 15_000 && taken.insurance_fee_e6 * 1_000_000 <= taken.value_e6 * rate);
        prop_assert!((10_000..=30_000).contains(&taken.liquidator_fee_ppm) || taken.base_e9 == 0);
        if taken.progress == Progress::Bankrupt {
            prop_assert!(taken.account_after.is_bankrupt());
        }
    }

    #[test]
    fn later_calls_may_take_no_less(held in accounts(), slot in 0u64..150) {
        let begun = Account { being_liquidated: true, ..held };
        let base = |slot| liquidate(&begun, &call(slot)).map(|taken| taken.base_e9);
        if let (Ok(now), Ok(later)) = (base(slot), base(slot + 1)) {
            prop_assert!(later >= now);
        }
    }
}

#[test]
fn the_random_accounts_are_liquidated_in_fair_numbers() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let (mut taken, mut partly, mut freed) = (0, 0, 0);
    for slot in (0..500).map(|draw| draw % 2 * 180 + 20) {
        let held = accounts().new_tree(&mut runner).unwrap().current();
        if let Ok(done) = liquidate(&held, &call(slot)) {
            taken += u32::from(done.base_e9 > 0);
            partly += u32::from(done.progress == Progress::Continues && done.base_e9 > 0);
            freed += u32::from(done.progress == Progress::Freed && done.base_e9 > 0);
        }
    }
    assert!(taken >= 100 && partly >= 30 && freed >= 5, "{taken} {partly} {freed}");
}
