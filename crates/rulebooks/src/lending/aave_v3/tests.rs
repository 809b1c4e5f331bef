//! Promises of the rule, case by case and over random accounts. The venue's own numbers are
//! checked by the conformance crate.

#![cfg(test)]

use super::sizing::Pair;
use super::*;
use crate::lending::rates::KinkedRate;
use proptest::prelude::*;

const RAY: u128 = 1_000_000_000_000_000_000_000_000_000;

/// A reserve of whole tokens: no decimals, `price` in units of the base currency.
fn tokens(price: u64) -> Reserve {
    Reserve {
        decimals: 0,
        price: U256::from(price),
        liquidation_threshold_bps: 8_000,
        liquidation_bonus_bps: 10_500,
        liquidation_protocol_fee_bps: 0,
        liquidity_index: Ray::one(),
        variable_borrow_index: Ray::one(),
        active: true,
        paused: false,
        grace_until: None,
        available: None,
    }
}

fn supplies(amount: u64) -> UserReserve {
    UserReserve {
        scaled_collateral: U256::from(amount),
        use_as_collateral: true,
        ..UserReserve::default()
    }
}

fn owes(amount: u64) -> UserReserve {
    UserReserve { scaled_debt: U256::from(amount), borrowing: true, ..UserReserve::default() }
}

/// Collateral in reserve 0, debt in reserve 1, as much as allowed, for the supplied balance.
fn call_for(amount: u64) -> Call {
    Call {
        collateral: 0,
        debt: 1,
        debt_to_cover: U256::from(amount),
        receive_atoken: true,
        self_liquidation: false,
        now: 1_000,
    }
}

const DOLLAR: u64 = 100_000_000;

/// 10,000 of collateral against `debt`, one dollar a unit: weighted 8,000.
fn account(debt: u64) -> ([Reserve; 2], [UserReserve; 2]) {
    ([tokens(DOLLAR), tokens(DOLLAR)], [supplies(10_000), owes(debt)])
}

fn run(reserves: &[Reserve], users: &[UserReserve], call: &Call) -> Result<Outcome, Revert> {
    liquidation_call(&Rule::v3_7(), reserves, users, None, call)
}

#[test]
fn health_of_exactly_one_is_healthy_and_one_unit_below_is_not() {
    let (reserves, users) = account(8_000);
    assert_eq!(totals(&reserves, &users, None).unwrap().health_factor, Wad::one());
    assert_eq!(run(&reserves, &users, &call_for(1)), Err(Revert::Healthy));
    let (reserves, users) = account(8_001);
    assert!(run(&reserves, &users, &call_for(1)).is_ok());
}

#[test]
fn an_account_without_debt_has_no_health_to_speak_of() {
    let (reserves, users) = account(0);
    let all = totals(&reserves, &users, None).unwrap();
    assert_eq!((all.health_factor, all.is_liquidatable()), (Wad::max(), false));
}

#[test]
fn collateral_without_its_flag_does_not_count_and_debt_is_rounded_up() {
    let (mut reserves, mut users) = account(1);
    reserves[1].price = U256::ONE;
    reserves[1].decimals = 18;
    users[0].use_as_collateral = false;
    let all = totals(&reserves, &users, None).unwrap();
    assert_eq!((all.collateral_base, all.debt_base), (U256::ZERO, U256::ONE));
}

#[test]
fn the_venues_checks_are_made_in_the_venues_order() {
    let (mut reserves, mut users) = account(1);
    users[0].use_as_collateral = false;
    users[1].scaled_debt = U256::ZERO;
    reserves[0].active = false;
    reserves[1].paused = true;
    reserves[0].grace_until = Some(1_000);
    let mut call = Call { self_liquidation: true, ..call_for(1) };

    assert_eq!(run(&reserves, &users, &call), Err(Revert::SelfLiquidation));
    call.self_liquidation = false;
    assert_eq!(run(&reserves, &users, &call), Err(Revert::ReserveInactive));
    reserves[0].active = true;
    assert_eq!(run(&reserves, &users, &call), Err(Revert::ReservePaused));
    reserves[1].paused = false;
    assert_eq!(run(&reserves, &users, &call), Err(Revert::GracePeriod));
    call.now = 1_001;
    assert_eq!(run(&reserves, &users, &call), Err(Revert::Healthy));
    // Another debt makes the account unhealthy without the named pair being a pair.
    let mut reserves = reserves.to_vec();
    let mut users = users.to_vec();
    reserves.push(tokens(DOLLAR));
    users.push(owes(5));
    assert_eq!(run(&reserves, &users, &call), Err(Revert::NotCollateral));
    users[0].use_as_collateral = true;
    users[2] = owes(9_000);
    assert_eq!(run(&reserves, &users, &call), Err(Revert::NotBorrowed));
    call.debt = 2;
    assert!(run(&reserves, &users, &call).is_ok());
    call.debt = 3;
    assert_eq!(run(&reserves, &users, &call), Err(Revert::ReserveInactive));
}

#[test]
fn the_close_factor_binds_only_when_debt_collateral_and_health_are_all_large() {
    // 8,001 of debt, health 0.9999: half of all debt, rounded half up in base units.
    let (reserves, users) = account(8_001);
    let out = run(&reserves, &users, &call_for(u64::MAX)).unwrap();
    assert_eq!((out.close_factor, out.debt_repaid), (CloseFactor::Half, U256::from(4_000)));
    // The label follows the cap, not what is offered.
    let out = run(&reserves, &users, &call_for(10)).unwrap();
    assert_eq!((out.close_factor, out.debt_repaid), (CloseFactor::Half, U256::from(10)));

    // Health of exactly 0.95 is not above it: weighted 7,600 against 8,000.
    let (mut reserves, users) = account(8_000);
    reserves[0].liquidation_threshold_bps = 7_600;
    let out = run(&reserves, &users, &call_for(u64::MAX)).unwrap();
    assert_eq!((out.close_factor, out.debt_repaid), (CloseFactor::Full, U256::from(8_000)));
    reserves[0].liquidation_threshold_bps = 7_601;
    let out = run(&reserves, &users, &call_for(u64::MAX)).unwrap();
    assert_eq!(out.close_factor, CloseFactor::Half);

    // A debt of 1,999 is below the floor, one of 2,000 is not.
    for (debt, expected) in [(1_999, CloseFactor::Full), (2_000, CloseFactor::Half)] {
        let (reserves, mut users) = account(debt);
        users[0].scaled_collateral = U256::from(debt * 5 / 4 - 1);
        let out = run(&reserves, &users, &call_for(1)).unwrap();
        assert_eq!(out.close_factor, expected, "{debt}");
    }
}

#[test]
fn dust_is_refused_on_either_side_and_allowed_once_a_side_is_cleared() {
    // Debt of 2,400 against 2,520, health 0.84: everything may be repaid.
    let (reserves, mut users) = account(2_400);
    users[0].scaled_collateral = U256::from(2_520);
    // Leaves 1,000 of debt and 2,520 - 1,470 = 1,050 of collateral.
    assert!(run(&reserves, &users, &call_for(1_400)).is_ok());
    assert_eq!(run(&reserves, &users, &call_for(1_401)), Err(Revert::Dust));
    assert_eq!(run(&reserves, &users, &call_for(2_399)), Err(Revert::Dust));
    let out = run(&reserves, &users, &call_for(2_400)).unwrap();
    assert_eq!(out.collateral_to_liquidator, U256::from(2_520));

    // 2,000 of collateral: 951 leaves 1,449 of debt but 2,000 - 998 = 1,002 of collateral; 953
    // takes 1,000 and 954 takes 1,001, which leaves 999.
    users[0].scaled_collateral = U256::from(2_000);
    assert!(run(&reserves, &users, &call_for(953)).is_ok());
    assert_eq!(run(&reserves, &users, &call_for(954)), Err(Revert::Dust));
}

#[test]
fn the_last_collateral_writes_every_active_debt_off() {
    // Seven reserves: collateral, named debt, paused debt, inactive debt, a stale flag, an
    // unmarked debt, and a collateral that is worth nothing.
    let mut reserves = [tokens(DOLLAR); 7];
    reserves[2].paused = true;
    reserves[3].active = false;
    reserves[6].price = U256::ZERO;
    let unmarked = UserReserve { scaled_debt: U256::from(4), ..UserReserve::default() };
    let users = [supplies(105), owes(200), owes(30), owes(40), owes(0), unmarked, supplies(9)];

    let out = run(&reserves, &users, &call_for(u64::MAX)).unwrap();
    assert_eq!(out.debt_repaid, U256::from(100));
    assert_eq!(out.collateral_to_liquidator, U256::from(105));
    assert!(out.no_collateral_left);
    let loss = |reserve, amount: u64| Deficit { reserve, amount: U256::from(amount) };
    assert_eq!(out.deficits, [loss(1, 100), loss(2, 30)]);
    assert_eq!(out.scaled_debt_burnt, U256::from(200));
    let after = &out.users_after;
    assert_eq!(after[0], UserReserve::default());
    assert_eq!(after[1], UserReserve::default());
    assert_eq!(after[2], UserReserve::default());
    assert_eq!(after[3], owes(40), "an inactive reserve is left as it is");
    assert_eq!(after[4], UserReserve::default(), "a flag without debt goes");
    assert_eq!(after[5], unmarked, "what is not marked as borrowed is not looked at");
    assert_eq!(after[6], supplies(9), "worth nothing, so it neither counts nor is touched");
}

#[test]
fn a_worthless_remainder_counts_as_nothing_left() {
    // 18 decimals at one dollar: below 10^10 units the value is 0 base units. The whole debt's
    // collateral is taken but for a remainder of that size.
    let (mut reserves, mut users) = account(0);
    reserves[0].decimals = 18;
    reserves[1].decimals = 18;
    let unit = 10u128.pow(18);
    users[1].scaled_debt = U256::from(unit);
    users[0].scaled_collateral = U256::from(unit + unit / 20 + 1);
    let out = run(&reserves, &users, &Call { debt_to_cover: U256::MAX, ..call_for(0) }).unwrap();
    assert!(out.no_collateral_left);
    assert_eq!(out.users_after[0].scaled_collateral, U256::ONE);
    assert!(!out.users_after[0].use_as_collateral);
    assert!(out.deficits.is_empty(), "all debt was repaid");

    users[0].scaled_collateral += U256::from(10_000_000_000u64);
    let out = run(&reserves, &users, &Call { debt_to_cover: U256::MAX, ..call_for(0) }).unwrap();
    assert!(!out.no_collateral_left);
    assert!(out.users_after[0].use_as_collateral);
}

/// Runs one call under every version, oldest first.
fn run_all(
    reserves: &[Reserve],
    users: &[UserReserve],
    call: &Call,
) -> [Result<Outcome, Revert>; 3] {
    Version::ALL.map(|v| liquidation_call(&Rule::of(v), reserves, users, None, call))
}

#[test]
fn up_to_v3_6_a_half_goes_to_the_liquidator_and_from_v3_7_it_never_does() {
    // 10 of debt are worth 10 of collateral, 10.5 with the bonus; 9 are worth 9.45.
    let (mut reserves, users) = account(9_000);
    let taken = |reserves: &[Reserve], amount| {
        run_all(reserves, &users, &call_for(amount))
            .map(|out| u64::try_from(out.unwrap().collateral_to_liquidator).unwrap())
    };
    assert_eq!(taken(&reserves, 10), [11, 11, 10]);
    assert_eq!(taken(&reserves, 9), [9, 9, 9]);
    // The fee is a tenth of the bonus; 1,050 hold 50 of it.
    reserves[0].liquidation_protocol_fee_bps = 1_000;
    let fees = |amount| {
        run_all(&reserves, &users, &call_for(amount))
            .map(|out| u64::try_from(out.unwrap().protocol_fee).unwrap())
    };
    assert_eq!(fees(1_000), [5, 5, 5]);
    // 95 of debt take 100, or 99 from v3.7. 100 / 1.05 is 95 to the nearest, 99 / 1.05 is 94 down:
    // a bonus of 5 either way, and half a unit of fee goes up by both rules.
    assert_eq!(fees(95), [1, 1, 1]);
    // 39 take 41 or 40: 41 / 1.05 is 39, 40 / 1.05 is 38. A bonus of 2, and 0.2 of fee is none to
    // the nearest and one upwards.
    assert_eq!(fees(39), [0, 0, 1]);
    // 21 take 22: 22 / 1.05 is 21 to the nearest and 20 down, a bonus of 1 or of 2.
    assert_eq!(fees(21), [0, 0, 1]);
}

#[test]
fn up_to_v3_6_only_the_amounts_taken_decide_whether_collateral_is_left() {
    // One share is worth 1.5 units. Four shares are 6 units.
    let (mut reserves, mut users) = account(6);
    reserves[0].liquidity_index = Ray::new(RAY + RAY / 2);
    reserves[0].liquidation_bonus_bps = 12_000;
    users[0].scaled_collateral = U256::from(4);
    let call = call_for(4);
    // 4 of debt take 4.8, half up 5 of the 6 units, which are ceil(5 / 1.5) = 4 of the 4 shares.
    reserves[1].price = U256::from(DOLLAR / 1_000);
    reserves[0].price = U256::from(DOLLAR / 1_000);
    let rule = |version| Rule { least_leftover: U256::ZERO, ..Rule::of(version) };
    let out = liquidation_call(&rule(Version::V3_6), &reserves, &users, None, &call).unwrap();
    assert_eq!(out.collateral_to_liquidator, U256::from(5));
    assert_eq!(out.users_after[0].scaled_collateral, U256::ZERO);
    assert!(out.users_after[0].use_as_collateral, "the flag outlives the balance");
    assert!(!out.no_collateral_left && out.deficits.is_empty());
    // With 5 units by every rounding, v3.7 alone counts the shares and finds nothing left.
    reserves[0].liquidation_bonus_bps = 12_500;
    for (version, flag) in [(Version::V3_5, true), (Version::V3_6, true), (Version::V3_7, false)] {
        let out = liquidation_call(&rule(version), &reserves, &users, None, &call).unwrap();
        assert_eq!(out.collateral_to_liquidator, U256::from(5));
        assert_eq!(out.users_after[0].use_as_collateral, flag, "{version:?}");
        assert_eq!(out.no_collateral_left, !flag, "{version:?}");
    }
}

#[test]
fn up_to_v3_6_a_worthless_remainder_keeps_its_flag_while_the_debts_are_written_off() {
    let (mut reserves, mut users) = account(0);
    reserves[0].decimals = 18;
    reserves[1].decimals = 18;
    let unit = 10u128.pow(18);
    users[1].scaled_debt = U256::from(unit);
    users[0].scaled_collateral = U256::from(unit + unit / 20 + 1);
    let call = Call { debt_to_cover: U256::MAX, ..call_for(0) };
    let flags = run_all(&reserves, &users, &call).map(|out| {
        let out = out.unwrap();
        (out.no_collateral_left, out.users_after[0].use_as_collateral)
    });
    assert_eq!(flags, [(true, true), (true, true), (true, false)]);
}

#[test]
fn two_roundings_up_consume_the_balance_and_the_fee_is_clipped() {
    // One scaled unit is worth 1.5. Four scaled units are 6 units; 5 for the caller cost
    // ceil(3.33) = 4 scaled, so that 1 for the fee finds nothing left.
    let (mut reserves, mut users) = account(6);
    reserves[0].liquidity_index = Ray::new(RAY + RAY / 2);
    reserves[0].liquidation_bonus_bps = 12_000;
    reserves[0].liquidation_protocol_fee_bps = 5_000;
    users[0].scaled_collateral = U256::from(4);
    let out = run(&reserves, &users, &call_for(u64::MAX)).unwrap();
    assert_eq!(out.debt_repaid, U256::from(5));
    assert_eq!(out.collateral_to_liquidator, U256::from(5));
    assert_eq!(out.scaled_collateral_moved, U256::from(4));
    assert_eq!((out.protocol_fee, out.treasury_scaled_received), (U256::ZERO, U256::ZERO));
    assert!(out.no_collateral_left);
    assert_eq!(out.deficits, [Deficit { reserve: 1, amount: U256::ONE }]);
}

#[test]
fn a_burn_of_nothing_is_refused_but_a_move_of_nothing_is_not() {
    // A unit of debt worth 1 against a collateral token worth 1,000,000: repaying 1 takes 0.
    let (mut reserves, mut users) = account(10_000_000);
    reserves[0].price = U256::from(1_000_000 * DOLLAR);
    users[0].scaled_collateral = U256::from(10);
    let underlying = Call { receive_atoken: false, ..call_for(1) };
    assert_eq!(run(&reserves, &users, &underlying), Err(Revert::ZeroBurn));
    let out = run(&reserves, &users, &call_for(1)).unwrap();
    assert_eq!((out.debt_repaid, out.collateral_to_liquidator), (U256::ONE, U256::ZERO));
    assert_eq!(run(&reserves, &users, &call_for(0)), Err(Revert::ZeroBurn));

    // One unit under an index of 2 is half a scaled unit.
    reserves[1].variable_borrow_index = Ray::new(2 * RAY);
    assert_eq!(run(&reserves, &users, &call_for(1)), Err(Revert::ZeroBurn));
    assert!(run(&reserves, &users, &call_for(2)).is_ok());
}

#[test]
fn the_same_asset_may_be_debt_and_collateral_and_its_repayment_adds_to_its_cash() {
    let mut reserve = tokens(DOLLAR);
    reserve.liquidation_threshold_bps = 5_000;
    reserve.available = Some(U256::from(50));
    let user = UserReserve {
        scaled_collateral: U256::from(10_000),
        scaled_debt: U256::from(8_000),
        use_as_collateral: true,
        borrowing: true,
        own_threshold_bps: None,
    };
    let call = Call { debt: 0, receive_atoken: false, ..call_for(1_000) };
    let out = run(&[reserve], &[user], &call).unwrap();
    assert_eq!(out.collateral_to_liquidator, U256::from(1_050));
    assert_eq!(out.users_after[0].scaled_collateral, U256::from(8_950));
    assert_eq!(out.users_after[0].scaled_debt, U256::from(7_000));

    reserve.available = Some(U256::from(49));
    assert_eq!(run(&[reserve], &[user], &call), Err(Revert::Arithmetic));
    assert!(run(&[reserve], &[user], &Call { receive_atoken: true, ..call }).is_ok());
}

#[test]
fn a_category_replaces_threshold_and_bonus_of_its_collaterals_only() {
    let reserves = [tokens(DOLLAR); 3];
    let users = [supplies(10_000), owes(15_300), supplies(8_000)];
    let emode = Emode {
        liquidation_threshold_bps: 9_000,
        liquidation_bonus_bps: 10_200,
        collateral_bitmap: 0b001,
    };
    let rule = Rule::v3_7();
    let all = totals(&reserves, &users, Some(&emode)).unwrap();
    assert_eq!(all.weighted, U256::from((9_000 * 10_000 + 8_000 * 8_000) * DOLLAR));
    let taken = |collateral| {
        let call = Call { collateral, ..call_for(1_000) };
        let emodes = liquidation_call(
            &rule,
            &reserves,
            &users,
            Some(&Emode { liquidation_threshold_bps: 8_500, ..emode }),
            &call,
        );
        emodes.unwrap().collateral_to_liquidator
    };
    assert_eq!((taken(0), taken(2)), (U256::from(1_020), U256::from(1_050)));
    assert!(!Emode { collateral_bitmap: u128::MAX, ..emode }.covers(128));
    assert!(Emode { collateral_bitmap: 1 << 127, ..emode }.covers(127));
}

#[test]
fn an_accounts_own_threshold_goes_before_the_category_and_the_reserve() {
    let (reserves, mut users) = account(7_000);
    users[0].own_threshold_bps = Some(6_900);
    let emode = Emode {
        liquidation_threshold_bps: 9_000,
        liquidation_bonus_bps: 10_100,
        collateral_bitmap: 1,
    };
    let all = totals(&reserves, &users, Some(&emode)).unwrap();
    assert_eq!(all.weighted, U256::from(10_000 * 6_900 * DOLLAR));
}

#[test]
fn overflow_and_a_zero_price_are_refused_not_wrapped() {
    let (mut reserves, mut users) = account(9_000);
    reserves[0].price = U256::MAX;
    assert_eq!(run(&reserves, &users, &call_for(1)), Err(Revert::Arithmetic));
    let (mut reserves, _) = account(9_000);
    reserves[0].price = U256::ZERO;
    assert_eq!(run(&reserves, &users, &call_for(1)), Err(Revert::Arithmetic));
    reserves[0].decimals = 255;
    assert_eq!(run(&reserves, &users, &call_for(1)), Err(Revert::Arithmetic));
    // A deficit beyond 128 bits, which the venue cannot store.
    let (mut reserves, _) = account(9_000);
    reserves[1].decimals = 38;
    users[0].scaled_collateral = U256::ONE;
    users[1].scaled_debt = U256::from(1) << 130;
    let everything = Call { debt_to_cover: U256::MAX, ..call_for(0) };
    assert_eq!(run(&reserves, &users, &everything), Err(Revert::Arithmetic));
}

#[test]
fn a_shorter_account_holds_nothing_in_the_rest() {
    let (reserves, users) = account(9_000);
    let call = Call { debt: 5, ..call_for(1) };
    let many = [reserves[0], reserves[1], tokens(1), tokens(1), tokens(1), tokens(1)];
    assert_eq!(run(&many, &users, &call), Err(Revert::NotBorrowed));
    assert_eq!(run(&many, &users, &Call { collateral: 5, ..call }), Err(Revert::NotCollateral));
    assert_eq!(run(&reserves, &[], &call_for(1)), Err(Revert::Healthy));
}

#[test]
fn without_debt_the_borrow_index_stands_and_a_deficit_lowers_only_what_suppliers_earn() {
    let mut flow = ReserveFlow {
        liquidity_index: Ray::one(),
        liquidity_rate: Ray::new(RAY / 50),
        variable_borrow_index: Ray::one(),
        variable_borrow_rate: Ray::new(RAY / 20),
        scaled_variable_debt: U256::ZERO,
        virtual_underlying_balance: U256::from(1_000),
        deficit: U256::ZERO,
        reserve_factor_bps: 1_000,
    };
    let model =
        KinkedRate { optimal_usage_bps: 8_000, base_bps: 100, slope1_bps: 400, slope2_bps: 6_000 };
    let year = accrue(&flow, 31_536_000).unwrap();
    assert_eq!(year.liquidity_index, Ray::new(RAY + RAY / 50));
    assert_eq!(year.variable_borrow_index, Ray::one());
    let idle = rates(&flow, &model).unwrap();
    assert_eq!((idle.liquidity.raw, idle.variable_borrow), (U256::ZERO, Ray::new(RAY / 100)));

    flow.scaled_variable_debt = U256::from(1_000);
    assert!(accrue(&flow, 1).unwrap().variable_borrow_index > Ray::one());
    let sound = rates(&flow, &model).unwrap();
    flow.deficit = U256::from(1_000);
    let hurt = rates(&flow, &model).unwrap();
    assert_eq!(sound.variable_borrow, hurt.variable_borrow);
    assert!(hurt.liquidity < sound.liquidity);
    flow.reserve_factor_bps = 10_001;
    assert_eq!(rates(&flow, &model), Err(Revert::Arithmetic));
}

/// True nine times in ten: most accounts should be worth looking at.
fn mostly() -> impl Strategy<Value = bool> {
    (0u8..10).prop_map(|tenth| tenth != 0)
}

/// Random accounts of whole tokens, small enough that every amount can be tried.
fn small_state() -> impl Strategy<Value = (Vec<Reserve>, Vec<UserReserve>, Call)> {
    let reserve =
        (1u64..400, 10_000u16..12_000, 0u16..=10_000, 0u128..=RAY, 0u128..=RAY, 1u16..9_000)
            .prop_map(|(price, bonus, fee, supply_growth, borrow_growth, threshold)| Reserve {
                liquidation_bonus_bps: bonus,
                liquidation_protocol_fee_bps: fee,
                liquidity_index: Ray::new(RAY + supply_growth),
                variable_borrow_index: Ray::new(RAY + borrow_growth),
                liquidation_threshold_bps: threshold,
                ..tokens(price * DOLLAR)
            });
    let user =
        (0u64..80, 0u64..60, mostly(), mostly()).prop_map(|(c, d, uses, owes)| UserReserve {
            scaled_collateral: U256::from(c),
            scaled_debt: if owes { U256::from(d) } else { U256::ZERO },
            use_as_collateral: uses,
            borrowing: owes && d > 0,
            own_threshold_bps: None,
        });
    let pair = (reserve, user);
    let limit = prop_oneof![Just(U256::MAX), (0u64..60).prop_map(U256::from)];
    (proptest::collection::vec(pair, 1..4), 0usize..3, 0usize..3, any::<bool>(), limit).prop_map(
        |(pairs, collateral, debt, receive_atoken, debt_to_cover)| {
            let (reserves, users): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
            let (collateral, debt) = (collateral % reserves.len(), debt % reserves.len());
            let call = Call { collateral, debt, debt_to_cover, receive_atoken, ..call_for(0) };
            (reserves, users, call)
        },
    )
}

/// Accounts near the close factor: one pair, health between 0.9 and 1, a real token's decimals.
fn real_state() -> impl Strategy<Value = (Vec<Reserve>, Vec<UserReserve>, Call)> {
    (
        (6u8..=18, 6u8..=18, 1u64..50_000, 1u64..50_000, 500u64..2_000_000, 880u64..1_001),
        (
            0u128..RAY / 5,
            0u128..RAY / 5,
            10_000u16..11_000,
            0u16..3_000,
            any::<bool>(),
            0u64..1_500,
        ),
    )
        .prop_map(
            |((dc, dd, pc, pd, cents, per_mille), (si, bi, bonus, fee, atoken, other))| {
                let reserve = |decimals, price| Reserve {
                    decimals,
                    liquidation_bonus_bps: bonus,
                    liquidation_protocol_fee_bps: fee,
                    liquidity_index: Ray::new(RAY + si),
                    variable_borrow_index: Ray::new(RAY + bi),
                    ..tokens(price * DOLLAR)
                };
                let reserves = vec![reserve(dc, pc), reserve(dd, pd), tokens(DOLLAR)];
                let units = |dollars_e8: u128, of: &Reserve| {
                    U256::from(dollars_e8) * U256::from(10u128.pow(u32::from(of.decimals)))
                        / of.price
                };
                let debt = u128::from(cents) * 1_000_000;
                let others = debt * u128::from(other) / 1_000;
                let collateral = (debt + others) * u128::from(per_mille) / 800;
                let users = vec![
                    UserReserve {
                        scaled_collateral: units(collateral, &reserves[0]),
                        ..supplies(0)
                    },
                    UserReserve { scaled_debt: units(debt, &reserves[1]), ..owes(0) },
                    UserReserve { scaled_debt: units(others, &reserves[2]), ..owes(0) },
                ];
                let call = Call { debt_to_cover: U256::MAX, receive_atoken: atoken, ..call_for(0) };
                (reserves, users, call)
            },
        )
}

fn any_rule() -> impl Strategy<Value = Rule> {
    (0usize..3).prop_map(|i| Rule::of(Version::ALL[i]))
}

/// The most the close factor allows for the call's pair.
fn most(reserves: &[Reserve], users: &[UserReserve], call: &Call) -> U256 {
    let all = totals(reserves, users, None).unwrap();
    let pair = (&reserves[call.collateral], &reserves[call.debt]);
    let held = (&users[call.collateral], &users[call.debt]);
    let pair = Pair::new(pair, held, None, call).unwrap();
    pair.close_factor(&Rule::v3_7(), &all).unwrap().1
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_largest_call_is_the_largest_that_trying_every_amount_finds(
        (reserves, users, call) in small_state(), rule in any_rule()
    ) {
        let found = largest_call(&rule, &reserves, &users, None, &call);
        let top = most(&reserves, &users, &call).min(call.debt_to_cover);
        let mut amount = top;
        let tried = loop {
            let attempt = Call { debt_to_cover: amount, ..call };
            match liquidation_call(&rule, &reserves, &users, None, &attempt) {
                Ok(outcome) => break Some(Proposal { call: attempt, outcome, most: amount == top }),
                Err(_) if amount.is_zero() => break None,
                Err(_) => amount -= U256::ONE,
            }
        };
        prop_assert_eq!(found.ok(), tried);
    }

    #[test]
    fn a_proposed_call_is_accepted(
        (reserves, users, call) in prop_oneof![small_state(), real_state()],
        rule in any_rule()
    ) {
        if let Ok(proposal) = largest_call(&rule, &reserves, &users, None, &call) {
            prop_assert_eq!(accepted(&rule, &reserves, &users, None, &proposal.call), Ok(()));
            prop_assert!(proposal.outcome.debt_repaid <= proposal.call.debt_to_cover);
        }
    }

    #[test]
    fn real_accounts_always_get_a_proposal_and_none_larger_is_accepted(
        (reserves, users, call) in real_state(), rule in any_rule()
    ) {
        let all = totals(&reserves, &users, None).unwrap();
        let found = largest_call(&rule, &reserves, &users, None, &call);
        match found {
            Err(Revert::Healthy) => prop_assert!(!all.is_liquidatable()),
            Ok(proposal) => {
                let top = most(&reserves, &users, &call);
                let next = proposal.call.debt_to_cover + U256::ONE;
                if next <= top {
                    let next = Call { debt_to_cover: next, ..call };
                    let next = liquidation_call(&rule, &reserves, &users, None, &next);
                    prop_assert!(next.is_err());
                }
            }
            // Fewer than two thousand on each side may be closed whole; above it, more than a
            // thousand may stay on both; so a refusal can only come from rounding to nothing.
            Err(other) => prop_assert!(other == Revert::ZeroBurn, "{other}"),
        }
    }

    #[test]
    fn nothing_is_created_or_lost_and_only_the_named_pair_and_bad_debt_move(
        (reserves, users, call) in prop_oneof![small_state(), real_state()],
        rule in any_rule()
    ) {
        let out = liquidation_call(&rule, &reserves, &users, None, &call);
        let Ok(out) = out else { return Ok(()) };
        for (i, (before, after)) in users.iter().zip(&out.users_after).enumerate() {
            let taken = before.scaled_collateral - after.scaled_collateral;
            if i == call.collateral {
                prop_assert_eq!(taken, out.scaled_collateral_moved + out.treasury_scaled_received);
            } else {
                prop_assert!(taken.is_zero());
                prop_assert_eq!(before.use_as_collateral, after.use_as_collateral);
            }
            let lost: U256 = out.deficits.iter().filter(|d| d.reserve == i).map(|d| d.amount).sum();
            let owed = health::owed(&reserves[i], before).unwrap();
            if i == call.debt {
                prop_assert_eq!(before.scaled_debt - after.scaled_debt, out.scaled_debt_burnt);
                if out.no_collateral_left {
                    prop_assert_eq!(out.debt_repaid + lost, owed);
                    prop_assert!(after.scaled_debt.is_zero());
                }
            } else if !lost.is_zero() {
                prop_assert_eq!(lost, owed);
                prop_assert!(after.scaled_debt.is_zero() && !after.borrowing);
            }
            prop_assert!(out.no_collateral_left || lost.is_zero());
        }
        prop_assert!(out.debt_repaid <= call.debt_to_cover);
    }
}
