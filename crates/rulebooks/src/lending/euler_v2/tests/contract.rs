//! The edges of the rule, each at the limit and one unit to either side of it.

use super::super::*;
use breakwater_money::rounding::Rounding;
use breakwater_money::{Ray, Wad};
use proptest::prelude::*;

/// What one base unit of debt is in the contract's units.
const UNIT: u64 = 1 << 31;

fn n(value: u64) -> U256 {
    U256::from(value)
}

/// A price of one unit of account for a base unit.
fn par() -> Quote {
    Quote { price: n(1), scale: n(1) }
}

fn vault() -> Vault {
    Vault {
        discount_most_bps: 1_500,
        socialises: true,
        cool_off_seconds: 0,
        quote: Some(par()),
        total_borrows_exact: n(1_000_000_000 * UNIT),
    }
}

fn held(balance: u64, ltv: u16) -> Collateral {
    Collateral {
        enabled: true,
        recognised: true,
        balance: n(balance),
        assets: n(balance),
        quote: par(),
        ltv: Ltv::fixed(ltv),
    }
}

fn account(owed_exact: u64, collaterals: &[Collateral]) -> Account<'_> {
    Account {
        controller: Controller::ThisVault,
        owed_exact: n(owed_exact),
        seconds_since_check: u64::MAX,
        check_deferred: false,
        collaterals,
    }
}

fn all_of(collateral: usize) -> Call {
    Call {
        collateral,
        repay: U256::MAX,
        least_yield: U256::ZERO,
        self_liquidation: false,
        liquidator_owed_exact: U256::ZERO,
    }
}

fn some_of(repay: u64) -> Call {
    Call { repay: n(repay), ..all_of(0) }
}

#[test]
fn equality_is_a_violation_without_a_discount_and_one_unit_more_is_none() {
    let told = |balance| {
        let collaterals = [held(balance, 8_000)];
        liquidate(&vault(), &account(8_000 * UNIT, &collaterals), &all_of(0)).unwrap()
    };
    // 10,001 weigh 8,000.8, which rounds down to equality: the rounded value decides.
    for balance in [10_000, 10_001] {
        let equal = told(balance);
        assert_eq!(equal.limits.health.adjusted, n(8_000));
        assert_eq!(equal.limits.discount_factor, Wad::one().raw);
        assert_eq!((equal.repaid, equal.yielded), (n(8_000), n(8_000)));
    }
    let above = told(10_002);
    assert_eq!(above.limits.health.adjusted, n(8_001));
    assert_eq!(above.limits.discount_factor, U256::ZERO);
    assert_eq!((above.repaid, above.yielded, above.moved_exact), (n(0), n(0), n(0)));
    // 7,999 of 8,000 is a discount of an eighth of a thousandth.
    let below = told(9_999);
    assert_eq!(below.limits.discount_factor, n(999_875_000_000_000_000));
    assert_eq!((below.repaid, below.yielded), (n(8_000), n(8_001)));
}

#[test]
fn a_liability_without_value_is_no_violation_whatever_secures_it() {
    let worthless = Vault { quote: Some(Quote { price: n(1), scale: n(101) }), ..vault() };
    let none = [held(0, 8_000)];
    let told = check_liquidation(&worthless, &account(100 * UNIT, &none), &all_of(0)).unwrap();
    assert_eq!(told.health.liability_value, U256::ZERO);
    assert!(!told.health.is_violation());
    let told = check_liquidation(&worthless, &account(101 * UNIT, &none), &all_of(0)).unwrap();
    assert_eq!(told.health.liability_value, n(1));
    assert!(told.health.is_violation());
}

#[test]
fn the_asset_that_is_the_unit_of_account_needs_no_price() {
    let own = Vault { quote: None, ..vault() };
    let collaterals = [held(10_000, 8_000)];
    let told = check_liquidation(&own, &account(8_000 * UNIT, &collaterals), &all_of(0)).unwrap();
    assert_eq!(told.health.liability_value, n(8_000));
}

#[test]
fn checks_come_in_the_contracts_order() {
    let bad = Collateral { enabled: false, recognised: false, ..held(10_000, 8_000) };
    let mut collaterals = [bad];
    let mut venue = Vault { cool_off_seconds: 100, ..vault() };
    let mut call = Call { self_liquidation: true, repay: n(9_000), ..all_of(0) };
    let mut who = Account {
        controller: Controller::Several,
        seconds_since_check: 99,
        check_deferred: true,
        ..account(8_000 * UNIT, &[])
    };
    let told = |venue: &Vault, who: &Account<'_>, collaterals: &[Collateral], call: &Call| {
        liquidate(venue, &Account { collaterals, ..*who }, call).unwrap_err()
    };
    assert_eq!(told(&venue, &who, &collaterals, &call), Revert::SelfLiquidation);
    call.self_liquidation = false;
    assert_eq!(told(&venue, &who, &collaterals, &call), Revert::BadCollateral);
    assert_eq!(told(&venue, &who, &collaterals, &all_of(1)), Revert::BadCollateral);
    collaterals[0].recognised = true;
    assert_eq!(told(&venue, &who, &collaterals, &call), Revert::TransientState);
    who.controller = Controller::Nobody;
    assert_eq!(told(&venue, &who, &collaterals, &call), Revert::NoLiability);
    who.controller = Controller::Another;
    assert_eq!(told(&venue, &who, &collaterals, &call), Revert::NotController);
    who.controller = Controller::ThisVault;
    assert_eq!(told(&venue, &who, &collaterals, &call), Revert::CollateralDisabled);
    collaterals[0].enabled = true;
    assert_eq!(told(&venue, &who, &collaterals, &call), Revert::CheckDeferred);
    who.check_deferred = false;
    assert_eq!(told(&venue, &who, &collaterals, &call), Revert::CoolOff);
    // The last second of the cool-off is over when it is reached.
    venue.cool_off_seconds = 99;
    assert_eq!(told(&venue, &who, &collaterals, &call), Revert::ExcessiveRepay);
    call.repay = n(8_000);
    call.least_yield = n(8_001);
    assert_eq!(told(&venue, &who, &collaterals, &call), Revert::LeastYield);
    call.least_yield = n(8_000);
    assert!(liquidate(&venue, &Account { collaterals: &collaterals, ..who }, &call).is_ok());
}

#[test]
fn an_account_that_owes_nothing_takes_any_offer_as_nothing() {
    let broken = Quote { price: U256::MAX, scale: n(1) };
    let collaterals = [Collateral { quote: broken, ..held(10_000, 8_000) }];
    let told = liquidate(&vault(), &account(0, &collaterals), &some_of(5)).unwrap();
    assert_eq!((told.repaid, told.yielded, told.socialised), (n(0), n(0), n(0)));
    // A healthy one that owes does not.
    let collaterals = [held(100_000, 8_000)];
    let told = |repay| liquidate(&vault(), &account(UNIT, &collaterals), &some_of(repay));
    assert_eq!(told(1).unwrap_err(), Revert::ExcessiveRepay);
    assert_eq!(told(0).unwrap().repaid, n(0));
}

#[test]
fn the_discount_stops_at_its_most() {
    // A score of 0.8 under a most of 15 %: 9,000 of collateral pay for 7,650.
    let collaterals = [held(10_000, 6_400), held(9_000, 0)];
    let told = |vault: Vault, call: Call| {
        liquidate(&vault, &account(8_000 * UNIT, &collaterals), &call).unwrap()
    };
    let first = told(vault(), all_of(0));
    assert_eq!(first.limits.discount_factor, n(850_000_000_000_000_000));
    assert_eq!((first.repaid, first.yielded), (n(8_000), n(9_411)));
    let second = told(vault(), all_of(1));
    assert_eq!((second.repaid, second.yielded), (n(7_650), n(9_000)));
    assert_eq!(second.owed_exact_after, n(350 * UNIT));
    let none = Vault { discount_most_bps: 0, ..vault() };
    assert_eq!(told(none, all_of(0)).yielded, n(8_000));
    // What the venue forbids divides by zero once nothing of weight is left.
    let all = Vault { discount_most_bps: 10_000, ..vault() };
    let free = [held(0, 6_400), held(10_000, 0)];
    let told = check_liquidation(&all, &account(8_000 * UNIT, &free), &all_of(1));
    assert_eq!(told, Err(Revert::Arithmetic));
}

#[test]
fn a_part_of_the_debt_brings_its_part_of_the_shares_rounded_down() {
    let collaterals = [held(9_000, 8_000)];
    let told = |call: &Call| liquidate(&vault(), &account(8_000 * UNIT, &collaterals), call);
    let whole = told(&all_of(0)).unwrap();
    // The score is 0.9: 8,000 would bring 8,888.
    assert_eq!((whole.repaid, whole.yielded), (n(8_000), n(8_888)));
    assert_eq!(told(&some_of(8_000)).unwrap(), whole);
    let part = told(&some_of(7_999)).unwrap();
    assert_eq!((part.repaid, part.yielded), (n(7_999), n(8_886)));
    assert_eq!(part.owed_exact_after, n(UNIT));
    assert_eq!(told(&some_of(8_001)), Err(Revert::ExcessiveRepay));
    let nothing = told(&some_of(0)).unwrap();
    assert_eq!((nothing.repaid, nothing.yielded), (n(0), n(0)));
}

#[test]
fn collateral_without_value_goes_for_nothing_and_may_write_the_debt_off() {
    let free = Collateral { quote: Quote { price: n(1), scale: n(101) }, ..held(100, 8_000) };
    let owed = 2_000_000 * UNIT + 7;
    let one = [free];
    let told = liquidate(&vault(), &account(owed, &one), &all_of(0)).unwrap();
    assert_eq!((told.repaid, told.moved_exact, told.yielded), (n(0), n(0), n(100)));
    assert_eq!(told.socialised, n(2_000_001));
    assert_eq!(told.owed_exact_after, U256::ZERO);
    // The exact debt leaves the total, not its rounding up.
    assert_eq!(told.total_borrows_exact_after, vault().total_borrows_exact - n(owed));
    // An offer of nothing takes the whole all the same; any other is too much.
    assert_eq!(liquidate(&vault(), &account(owed, &one), &some_of(0)).unwrap(), told);
    let more = liquidate(&vault(), &account(owed, &one), &some_of(1));
    assert_eq!(more, Err(Revert::ExcessiveRepay));
    let two = [free, held(1, 0)];
    let told = liquidate(&vault(), &account(owed, &two), &all_of(0)).unwrap();
    assert_eq!((told.yielded, told.socialised, told.owed_exact_after), (n(100), n(0), n(owed)));
}

#[test]
fn debt_within_a_base_unit_of_the_whole_moves_whole() {
    // Enough collateral for all: 999 and a fraction is asked for as 1,000.
    let enough = [held(1_100, 9_000)];
    let owed = 999 * UNIT + 1;
    let told = liquidate(&vault(), &account(owed, &enough), &all_of(0)).unwrap();
    assert_eq!((told.repaid, told.moved_exact), (n(1_000), n(owed)));
    // 999 leaves less than a unit, so that it moves whole; 998 leaves more.
    let told = liquidate(&vault(), &account(owed, &enough), &some_of(999)).unwrap();
    assert_eq!((told.moved_exact, told.owed_exact_after), (n(owed), U256::ZERO));
    let told = liquidate(&vault(), &account(owed, &enough), &some_of(998)).unwrap();
    assert_eq!((told.moved_exact, told.owed_exact_after), (n(998 * UNIT), n(UNIT + 1)));
    // Exactly a unit less is not dust.
    let told = liquidate(&vault(), &account(1_000 * UNIT, &enough), &some_of(999)).unwrap();
    assert_eq!(told.owed_exact_after, n(UNIT));
}

#[test]
fn nothing_repaid_moves_no_debt_however_small_it_is() {
    // A fraction of a unit is owed, which an expensive asset makes worth seizing for.
    let venue = Vault { quote: Some(Quote { price: n(3_000_000), scale: n(1) }), ..vault() };
    let collaterals = [held(1_000_000, 9_000)];
    let told = liquidate(&venue, &account(5, &collaterals), &all_of(0)).unwrap();
    // The collateral pays for less than one unit: it goes for nothing, and the debt is written off.
    assert_eq!((told.repaid, told.moved_exact, told.yielded), (n(0), n(0), n(1_000_000)));
    assert_eq!((told.socialised, told.owed_exact_after), (n(1), U256::ZERO));
    assert_eq!(told.total_borrows_exact_after, venue.total_borrows_exact - n(5));
}

#[test]
fn a_debt_that_moved_whole_leaves_nothing_to_write_off() {
    // 1,000,000 and a fraction is owed; the collateral pays for one unit less than its rounding up.
    let owed = 1_000_000 * UNIT + 1;
    let collaterals = [held(1_000_000, 9_000)];
    let venue = Vault { discount_most_bps: 0, ..vault() };
    let told = liquidate(&venue, &account(owed, &collaterals), &all_of(0));
    assert_eq!(told, Err(Revert::RepayTooMuch));
    let flagged = Vault { socialises: false, ..venue };
    let told = liquidate(&flagged, &account(owed, &collaterals), &all_of(0)).unwrap();
    assert_eq!((told.repaid, told.moved_exact), (n(1_000_000), n(owed)));
    // One unit less can be written off.
    let told = liquidate(&venue, &account(owed, &[held(999_999, 9_000)]), &all_of(0)).unwrap();
    assert_eq!((told.repaid, told.socialised), (n(999_999), n(2)));
}

#[test]
fn a_debt_is_written_off_from_a_million_units_of_account_on() {
    // 1,000 at 0.85 pay for 850.
    for (owed, socialised) in [(999_999, 0), (1_000_000, 999_150), (1_000_001, 999_151)] {
        let collaterals = [held(1_000, 9_000)];
        let told = liquidate(&vault(), &account(owed * UNIT, &collaterals), &all_of(0)).unwrap();
        assert_eq!((told.repaid, told.balance_after), (n(850), U256::ZERO));
        assert_eq!(told.socialised, n(socialised), "owed {owed}");
        let left = if socialised == 0 { owed - 850 } else { 0 };
        assert_eq!(told.owed_exact_after, n(left * UNIT));
    }
}

#[test]
fn collateral_that_is_left_anywhere_keeps_the_debt_unless_it_does_not_count() {
    let owed = 2_000_000 * UNIT;
    let told = |more: Collateral| {
        let collaterals = [held(1_000, 8_000), more];
        liquidate(&vault(), &account(owed, &collaterals), &all_of(0)).unwrap().socialised
    };
    assert_eq!(told(held(1, 0)), U256::ZERO);
    assert_eq!(told(held(0, 8_000)), n(2_000_000 - 850));
    assert_eq!(told(Collateral { enabled: false, ..held(1, 8_000) }), n(2_000_000 - 850));
    assert_eq!(told(Collateral { recognised: false, ..held(1, 8_000) }), n(2_000_000 - 850));
}

#[test]
fn an_account_without_any_collateral_is_written_off_by_a_call_of_nothing() {
    let collaterals = [held(0, 8_000)];
    let told = liquidate(&vault(), &account(2_000_000 * UNIT, &collaterals), &all_of(0)).unwrap();
    assert_eq!((told.repaid, told.yielded, told.socialised), (n(0), n(0), n(2_000_000)));
}

#[test]
fn a_total_below_the_debts_it_sums_stops_at_zero() {
    let venue = Vault { total_borrows_exact: n(5), ..vault() };
    let collaterals = [held(0, 8_000)];
    let told = liquidate(&venue, &account(2_000_000 * UNIT, &collaterals), &all_of(0)).unwrap();
    assert_eq!(told.total_borrows_exact_after, U256::ZERO);
}

#[test]
fn widths_are_the_contracts() {
    let most = (U256::ONE << 112) - U256::ONE;
    assert_eq!(owed_exact(most), Ok(most << 31));
    assert_eq!(owed_exact(most + U256::ONE), Err(Revert::AmountTooLarge));
    assert_eq!(owed_units(most << 31), Ok(most));
    assert_eq!(owed_units((most << 31) + U256::ONE), Err(Revert::AmountTooLarge));
    assert_eq!(current_owed((most << 31) + U256::ONE, n(1), n(1)), Err(Revert::DebtTooLarge));
    assert_eq!(current_owed(n(7), n(3), n(2)), Ok(n(10)));
    assert_eq!(current_owed(U256::ZERO, n(3), U256::ZERO), Ok(U256::ZERO));
    assert_eq!(current_owed(n(7), n(3), U256::ZERO), Err(Revert::Arithmetic));
    // The caller's debt may not outgrow the width.
    let collaterals = [held(10_000, 8_000)];
    let call = Call { liquidator_owed_exact: most << 31, ..all_of(0) };
    let told = liquidate(&vault(), &account(8_000 * UNIT, &collaterals), &call);
    assert_eq!(told, Err(Revert::DebtTooLarge));
    // A value beyond 256 bits is arithmetic.
    let dear = Quote { price: U256::MAX, scale: n(1) };
    let told = |collateral| {
        liquidate(&vault(), &account(8_000 * UNIT, &[collateral]), &all_of(0)).unwrap_err()
    };
    assert_eq!(told(Collateral { quote: dear, ..held(2, 8_000) }), Revert::Arithmetic);
    // What has no weight is not valued for health, but is for the call that takes it.
    assert_eq!(told(Collateral { quote: dear, ..held(2, 0) }), Revert::Arithmetic);
}

#[test]
fn a_ramp_falls_in_proportion_and_never_rises() {
    let ramp =
        |left| Ltv { target_bps: 5_000, initial_bps: 9_001, seconds_left: left, ramp_seconds: 4 };
    let told: Vec<u16> = (0..=4).map(|left| ramp(left).now().unwrap()).collect();
    assert_eq!(told, [5_000, 6_000, 7_000, 8_000, 9_001]);
    let up = Ltv { target_bps: 9_000, initial_bps: 5_000, seconds_left: 3, ramp_seconds: 4 };
    assert_eq!(up.now(), Ok(9_000));
    let same = Ltv { initial_bps: 9_000, ..up };
    assert_eq!(same.now(), Ok(9_000));
    assert_eq!(Ltv { ramp_seconds: 0, ..ramp(1) }.now(), Err(Revert::Arithmetic));
    assert_eq!(Ltv { seconds_left: u64::MAX, ..ramp(1) }.now(), Err(Revert::Arithmetic));
}

#[test]
fn caps_are_decimal_floats() {
    assert_eq!(cap_of(0), None);
    // A mantissa of nothing with an exponent is a cap of nothing.
    assert_eq!(cap_of(1), Some(U256::ZERO));
    assert_eq!(cap_of((100 << 6) | 6), Some(n(1_000_000)));
    assert_eq!(cap_of(100 << 6), Some(n(1)));
    assert_eq!(cap_of(99 << 6), Some(U256::ZERO));
    let most = U256::from(10u8).pow(n(61)) * n(1_023);
    assert_eq!(cap_of(u16::MAX), Some(most));
}

#[test]
fn shares_convert_with_the_virtual_deposit_against_whoever_asks() {
    let (assets, total) = (n(3_000_000), n(1_000_000));
    // (3 + 1) million for (1 + 1) million: two a share.
    assert_eq!(assets_of_shares(n(7), assets, total), Ok(n(14)));
    assert_eq!(shares_for(n(15), assets, total, Rounding::Floor), Ok(n(7)));
    assert_eq!(shares_for(n(15), assets, total, Rounding::Ceil), Ok(n(8)));
    // An empty vault gives one for one.
    assert_eq!(shares_for(n(15), n(0), n(0), Rounding::Floor), Ok(n(15)));
    assert_eq!(assets_of_shares(U256::MAX, assets, total), Err(Revert::Arithmetic));
}

fn totals() -> VaultTotals {
    VaultTotals {
        interest_rate: Ray::one().raw,
        accumulator: Ray::one().raw,
        total_borrows_exact: n(1_000 * UNIT),
        cash: n(500),
        total_shares: n(1_500),
        accumulated_fees: n(0),
        interest_fee_bps: 1_000,
    }
}

#[test]
fn growth_is_squared_from_the_lowest_bit() {
    let one = Ray::one().raw;
    assert_eq!(growth_factor(n(0), 1_000_000), Some(one));
    assert_eq!(growth_factor(one, 0), Some(one));
    assert_eq!(growth_factor(one, 1), Some(one << 1));
    assert_eq!(growth_factor(one, 10), Some(one << 10));
    // Each product is rounded half up: the square of 1e-14 is a tenth of the last digit, that of
    // 0.75e-13 is 5.625 of them.
    let small = U256::from(10u64.pow(13));
    assert_eq!(growth_factor(small, 2), Some(one + small + small));
    let larger = U256::from(10u64.pow(14) * 3 / 4);
    assert_eq!(growth_factor(larger, 2), Some(one + larger + larger + n(6)));
    assert_eq!(growth_factor(one, 2_000), None);
    assert_eq!(growth_factor(U256::MAX, 1), None);
}

#[test]
fn fees_are_minted_at_a_price_that_counts_the_interest() {
    // Debt doubles: 1,000 of interest, 100 of fee; 2,500 of assets.
    let told = accrue(&totals(), 1).unwrap();
    assert_eq!(told.total_borrows_exact, n(2_000 * UNIT));
    assert_eq!(told.accumulator, Ray::one().raw << 1);
    // 2,500 x 1,500 / 2,400 = 1,562.5
    assert_eq!((told.total_shares, told.accumulated_fees), (n(1_562), n(62)));
    let whole = accrue(&VaultTotals { interest_fee_bps: 10_000, ..totals() }, 1).unwrap();
    assert_eq!(whole.total_shares, n(2_500));
    // A fee below one unit is none: 9.99 units of interest at a tenth.
    let little = VaultTotals { total_borrows_exact: n(10 * UNIT - 1), ..totals() };
    assert_eq!(accrue(&little, 1).unwrap().total_shares, n(1_500));
    let enough = VaultTotals { total_borrows_exact: n(10 * UNIT), ..totals() };
    assert_eq!(accrue(&enough, 1).unwrap().total_shares, n(1_502));
    let still = accrue(&totals(), 0).unwrap();
    assert_eq!(still.total_borrows_exact, totals().total_borrows_exact);
}

#[test]
fn what_would_overflow_stands_still() {
    let one = Ray::one().raw;
    // The factor overflows: time passes, nothing grows.
    let told = accrue(&totals(), 2_000).unwrap();
    assert_eq!((told.accumulator, told.stored), (one, true));
    assert_eq!(told.total_borrows_exact, totals().total_borrows_exact);
    // The accumulator overflows.
    let old = VaultTotals { accumulator: U256::MAX >> 90, ..totals() };
    let told = accrue(&old, 1).unwrap();
    assert_eq!((told.accumulator, told.stored), (old.accumulator, true));
    // The debt would leave its width: not even the time is stored.
    let most = (U256::ONE << 112) - U256::ONE;
    let large = VaultTotals { total_borrows_exact: most << 31, ..totals() };
    let told = accrue(&large, 1).unwrap();
    assert_eq!((told.accumulator, told.stored), (one, false));
    assert_eq!((told.total_borrows_exact, told.total_shares), (most << 31, n(1_500)));
    let fits = VaultTotals { interest_rate: U256::ZERO, ..large };
    assert!(accrue(&fits, 1).unwrap().stored);
    // The fees would take the shares beyond theirs: no fees, everything else moves.
    let full = VaultTotals { total_shares: most, ..totals() };
    let told = accrue(&full, 1).unwrap();
    assert_eq!((told.total_shares, told.accumulated_fees), (most, n(0)));
    assert_eq!(told.total_borrows_exact, n(2_000 * UNIT));
    // The fee's own product is checked.
    let wide = VaultTotals { total_borrows_exact: U256::MAX >> 99, ..totals() };
    let told = accrue(&VaultTotals { total_shares: U256::MAX >> 100, ..wide }, 1);
    assert_eq!(told, Err(Revert::Arithmetic));
}

#[test]
fn the_rate_turns_at_the_kink_and_stops_at_its_most() {
    let model = LinearKink { base_rate: 5, slope1: 2, slope2: 10, kink: 1 << 31 };
    let rate = |cash, borrows| model.rate(n(cash), n(borrows)).unwrap();
    assert_eq!(rate(0, 0), n(5));
    assert_eq!(rate(1, 0), n(5));
    // Half of 2^32 - 1 rounds down to 2^31 - 1.
    assert_eq!(rate(1, 1), n(5 + 2 * ((1 << 31) - 1)));
    let full = 5 + 2 * (1u64 << 31) + 10 * ((1 << 31) - 1);
    assert_eq!(rate(0, 1), n(full));
    assert_eq!(model.rate_at_full_use(), Ok(n(full)));
    let at = LinearKink { kink: (1 << 31) - 1, ..model };
    assert_eq!(at.rate(n(1), n(1)), Ok(n(5 + 2 * ((1 << 31) - 1))));
    let steep = LinearKink { slope2: u128::MAX >> 40, ..model };
    assert_eq!(steep.rate(n(0), n(1)), Ok(U256::from(MAX_INTEREST_RATE)));
}

proptest! {
    #[test]
    fn a_call_never_moves_more_than_there_is(
        owed in 1u64..1 << 50, balances in proptest::collection::vec(0u64..1 << 20, 1..4),
        prices in proptest::collection::vec(0u64..5_000, 3), ltvs in proptest::collection::vec(0u16..=10_000, 3),
        discount in 0u16..10_000, which in 0usize..4, part in 0u64..=1_000,
    ) {
        let quote = |i: usize| Quote { price: n(prices[i]), scale: n(1_000) };
        let collaterals: Vec<Collateral> = balances.iter().enumerate()
            .map(|(i, balance)| Collateral { quote: quote(i), ..held(*balance, ltvs[i]) })
            .collect();
        let venue = Vault { discount_most_bps: discount, ..vault() };
        let who = account(owed, &collaterals);
        let call = all_of(which % collaterals.len());
        let limits = check_liquidation(&venue, &who, &call).unwrap();
        let repay = limits.repay_most * n(part) / n(1_000);
        for ask in [call, Call { repay, ..call }] {
            let told = match liquidate(&venue, &who, &ask) {
                Err(revert) => { prop_assert_eq!(revert, Revert::RepayTooMuch); continue }
                Ok(told) => told,
            };
            prop_assert!(told.repaid <= limits.repay_most && told.yielded <= limits.yield_most);
            prop_assert!(told.moved_exact <= n(owed));
            prop_assert_eq!(told.balance_after + told.yielded, collaterals[call.collateral].balance);
            let gone = venue.total_borrows_exact - told.total_borrows_exact_after;
            prop_assert_eq!(gone + told.moved_exact + told.owed_exact_after, n(owed));
            prop_assert_eq!(told.socialised.is_zero(), gone.is_zero());
            let violation = limits.health.is_violation();
            prop_assert!(violation || (told.yielded.is_zero() && told.moved_exact.is_zero()));
        }
    }
}
