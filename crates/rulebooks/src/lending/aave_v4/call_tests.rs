//! Promises of the whole call: its checks, the shares it moves and the flags it leaves.

#![cfg(test)]

use super::*;
use crate::lending::aave_v3::{Deficit, Reserve, UserReserve};
use breakwater_money::Ray;

const DOLLAR: u64 = 100_000_000;
const RAY: u128 = 1_000_000_000_000_000_000_000_000_000;
const PERCENT: u128 = 10_000_000_000_000_000;

fn rule() -> Rule {
    Rule {
        target_health: Wad::new(105 * PERCENT),
        full_bonus_health: Wad::new(90 * PERCENT),
        bonus_factor_bps: 2_000,
        least_leftover: least_leftover(),
    }
}

/// Whole dollars without decimals.
fn dollars() -> Reserve {
    Reserve {
        decimals: 0,
        price: U256::from(DOLLAR),
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

const CALL: Call = Call {
    collateral: 0,
    debt: 1,
    debt_to_cover: U256::MAX,
    receive_shares: false,
    self_liquidation: false,
};

fn run(reserves: &[Reserve], users: &[UserReserve], call: &Call) -> Result<Outcome, Revert> {
    liquidation_call(&rule(), reserves, users, call)
}

#[test]
fn the_venues_checks_are_made_in_the_venues_order() {
    let mut reserves = vec![dollars(), dollars()];
    let mut users = vec![UserReserve::default(), UserReserve::default()];
    (reserves[0].active, reserves[1].paused) = (false, true);
    let mut call = Call { self_liquidation: true, debt_to_cover: U256::ZERO, ..CALL };

    assert_eq!(run(&reserves, &users, &call), Err(Revert::NotListed));
    assert_eq!(run(&reserves, &users, &Call { debt: 2, ..call }), Err(Revert::NotListed));
    reserves[0].active = true;
    assert_eq!(run(&reserves, &users, &call), Err(Revert::SelfLiquidation));
    call.self_liquidation = false;
    assert_eq!(run(&reserves, &users, &call), Err(Revert::NothingOffered));
    call.debt_to_cover = U256::from(1_000);
    assert_eq!(run(&reserves, &users, &call), Err(Revert::Paused));
    reserves[1].paused = false;
    assert_eq!(run(&reserves, &users, &call), Err(Revert::NotSupplied));
    users[0].scaled_collateral = U256::from(10_000);
    assert_eq!(run(&reserves, &users, &call), Err(Revert::NotBorrowed));
    // A debt that no flag marks is owed, and does not weigh.
    users[1].scaled_debt = U256::from(9_000);
    assert_eq!(run(&reserves, &users, &call), Err(Revert::Healthy));
    users[1].borrowing = true;
    assert_eq!(run(&reserves, &users, &call), Err(Revert::NotCollateral));
    users[0].use_as_collateral = true;
    reserves[0].liquidation_threshold_bps = 0;
    assert_eq!(run(&reserves, &users, &call), Err(Revert::NotCollateral));
    reserves[0].liquidation_threshold_bps = 8_000;
    assert!(run(&reserves, &users, &call).is_ok());
}

#[test]
fn health_is_rounded_down_and_exactly_one_is_healthy() {
    let reserves = [dollars(), dollars()];
    let health = |c, d| totals(&reserves, &[supplies(c), owes(d)]).unwrap().health;
    assert_eq!(health(10_000, 8_000), Wad::one());
    assert_eq!(health(10_000, 0), Wad::max());
    // 8,000 / 8,001 to the last digit, which is rounded down.
    assert_eq!(health(10_000, 8_001), Wad::new(999_875_015_623_047_119));
    assert_eq!(run(&reserves, &[supplies(10_000), owes(8_000)], &CALL), Err(Revert::Healthy));
    assert!(run(&reserves, &[supplies(10_000), owes(8_001)], &CALL).is_ok());
    // A unit of an asset with 18 decimals keeps its value, which the older version loses.
    let fine = [Reserve { decimals: 18, price: U256::ONE, ..dollars() }, dollars()];
    let all = totals(&fine, &[supplies(7), owes(1)]).unwrap();
    assert_eq!(all.collateral_value, U256::from(7));
    assert_eq!(all.debt_value, least_leftover() / U256::from(1_000));
    // More than 18 decimals round supplied value down and owed value up.
    let finer = [Reserve { decimals: 19, price: U256::ONE, ..dollars() }; 2];
    let all = totals(&finer, &[supplies(7), owes(7)]).unwrap();
    assert_eq!((all.collateral_value, all.debt_value), (U256::ZERO, U256::ONE));
}

#[test]
fn only_what_counts_is_counted() {
    let mut reserves = [dollars(); 6];
    reserves[1].liquidation_threshold_bps = 0;
    let idle = UserReserve { use_as_collateral: false, ..supplies(5) };
    let stale = UserReserve { borrowing: true, ..UserReserve::default() };
    let users = [supplies(100), supplies(50), idle, supplies(0), owes(3), stale];
    let all = totals(&reserves, &users).unwrap();
    assert_eq!((all.active_collaterals, all.borrowed), (1, 2));
    assert_eq!(all.weighted, all.collateral_value * U256::from(8_000));
    // A threshold of the account's own goes before the reserve's, also where that has none.
    let own = users.map(|user| UserReserve { own_threshold_bps: Some(9_000), ..user });
    let all = totals(&reserves, &own).unwrap();
    assert_eq!(all.active_collaterals, 2);
    assert_eq!(all.weighted, all.collateral_value * U256::from(9_000));
}

#[test]
fn shares_are_rounded_as_the_hub_does() {
    // One supplied share is worth 1.5, one owed share 1.25. Health 8,000 / 8,750 = 0.914285...
    let mut reserves = [dollars(), dollars()];
    reserves[0].liquidity_index = Ray::new(RAY + RAY / 2);
    reserves[0].liquidation_protocol_fee_bps = 1_000;
    reserves[1].variable_borrow_index = Ray::new(RAY + RAY / 4);
    let users = [supplies(6_667), owes(7_000)];
    let call = Call { debt_to_cover: U256::from(1_001), ..CALL };
    let out = run(&reserves, &users, &call).unwrap();
    // Bonus 10,442 on the line: 1,001 take 1,045.24, of which 42.3 x 0.1 is the fee.
    assert_eq!(out.amounts.bonus_bps, U256::from(10_442));
    assert_eq!((out.amounts.collateral, out.amounts.fee), (U256::from(1_045), U256::from(4)));
    // 1,001 / 1.25 = 800.8 down, 1,045 / 1.5 = 696.7 up, and 1,041 / 1.5 = 694 exactly.
    assert_eq!(out.debt_shares, U256::from(800));
    assert_eq!(out.collateral_shares, U256::from(697));
    assert_eq!((out.liquidator_shares, out.fee_shares), (U256::from(694), U256::from(3)));
    assert_eq!(out.users_after[0].scaled_collateral, U256::from(6_667 - 697));
    assert_eq!(out.users_after[1], owes(7_000 - 800));
    // Shares move rounded down, and the fee gets the rest: 1,040 / 1.5 = 693.3.
    reserves[0].liquidation_protocol_fee_bps = 1_200;
    let (paid, moved) = (
        run(&reserves, &users, &call).unwrap(),
        run(&reserves, &users, &Call { receive_shares: true, ..call }).unwrap(),
    );
    assert_eq!((paid.liquidator_shares, paid.fee_shares), (U256::from(694), U256::from(3)));
    assert_eq!((moved.liquidator_shares, moved.fee_shares), (U256::from(693), U256::from(4)));
    assert_eq!(paid.users_after, moved.users_after);
    // A repayment below a share is taken and cancels none: the venue has no check of it.
    let tiny = run(&reserves, &users, &Call { debt_to_cover: U256::ONE, ..call }).unwrap();
    assert_eq!((tiny.amounts.debt, tiny.debt_shares), (U256::ONE, U256::ZERO));
}

#[test]
fn the_last_collateral_books_every_debt_as_a_deficit() {
    // Collateral, named debt, paused debt, a collateral that does not count, a debt without flag.
    let mut reserves = [dollars(); 5];
    reserves[2].paused = true;
    let unmarked = UserReserve { borrowing: false, ..owes(4) };
    let idle = UserReserve { use_as_collateral: false, ..supplies(9) };
    let users = [supplies(1_050), owes(2_000), owes(30), idle, unmarked];
    let out = run(&reserves, &users, &CALL).unwrap();
    assert_eq!(out.amounts.debt, U256::from(1_000));
    assert!(out.reports_deficit && out.amounts.reports_deficit);
    let loss = |reserve, amount: u64| Deficit { reserve, amount: U256::from(amount) };
    assert_eq!(out.deficits, [loss(1, 1_000), loss(2, 30)]);
    let empty = UserReserve { use_as_collateral: true, ..UserReserve::default() };
    assert_eq!(out.users_after[0], empty, "the venue leaves the flag");
    assert_eq!(out.users_after[1..3], [UserReserve::default(); 2]);
    assert_eq!(out.users_after[3..], [idle, unmarked]);

    // One unit of another collateral, even a worthless one, and nothing is booked.
    reserves[3].price = U256::ZERO;
    let mut users = users;
    users[3] = supplies(1);
    let out = run(&reserves, &users, &CALL).unwrap();
    assert!(!out.reports_deficit && out.deficits.is_empty());
    assert_eq!(out.users_after[1], owes(1_000));
}

#[test]
fn collateral_is_gone_when_its_shares_are() {
    // Four shares are 6 units. 5 of them cost ceil(5 / 1.5) = 4 shares, and nothing is left.
    let mut reserves = [dollars(), dollars(), dollars()];
    reserves[0].liquidity_index = Ray::new(RAY + RAY / 2);
    reserves[0].liquidation_bonus_bps = 12_500;
    reserves[0].liquidation_threshold_bps = 7_000;
    let rule = Rule { least_leftover: U256::ZERO, ..rule() };
    let users = [supplies(4), owes(6), owes(3)];
    let call = Call { debt_to_cover: U256::from(4), ..CALL };
    let out = liquidation_call(&rule, &reserves, &users, &call).unwrap();
    assert_eq!((out.amounts.collateral, out.collateral_shares), (U256::from(5), U256::from(4)));
    assert!(out.reports_deficit && !out.amounts.reports_deficit);
    let loss = |reserve, amount: u64| Deficit { reserve, amount: U256::from(amount) };
    assert_eq!(out.deficits, [loss(1, 2), loss(2, 3)]);
}

#[test]
fn cash_that_does_not_suffice_is_refused_and_the_repayment_adds_nothing_to_it() {
    let mut reserve = dollars();
    reserve.liquidation_threshold_bps = 7_000;
    let both = UserReserve { scaled_debt: U256::from(8_000), borrowing: true, ..supplies(10_000) };
    let call = Call { debt: 0, debt_to_cover: U256::from(1_000), ..CALL };
    reserve.available = Some(U256::from(1_050));
    let out = run(&[reserve], &[both], &call).unwrap();
    assert_eq!(out.amounts.to_liquidator, U256::from(1_050));
    assert_eq!(out.users_after[0].scaled_collateral, U256::from(8_950));
    assert_eq!(out.users_after[0].scaled_debt, U256::from(7_000));
    reserve.available = Some(U256::from(1_049));
    assert_eq!(run(&[reserve], &[both], &call), Err(Revert::ShortOfCash));
    assert!(run(&[reserve], &[both], &Call { receive_shares: true, ..call }).is_ok());
}

#[test]
fn an_own_factor_beyond_what_the_venue_admits_still_leaves_a_target() {
    let reserves = [dollars(), dollars()];
    let own = |bps, debt| {
        let holds = UserReserve { own_threshold_bps: Some(bps), ..supplies(100_000) };
        run(&reserves, &[holds, owes(debt)], &CALL).map(|out| out.amounts)
    };
    // 9,500 x 1.05 is 0.9975, below the target of 1.05: it is counted as it is.
    let out = own(9_500, 110_000).unwrap();
    assert_eq!(out.bonus_bps, U256::from(10_500));
    // 110,000 x (1.05 - 0.863636...) / (1.05 - 0.9975)
    assert_eq!(out.debt_to_target, U256::from(390_477));
    // 10,000 x 1.05 is the target itself, which the venue's formula divides by zero for.
    let out = own(10_000, 112_000).unwrap();
    assert!(out.debt_to_target > U256::from(112_000));
    assert_eq!(out.collateral, U256::from(100_000), "out of reach, so that all is taken");
}

#[test]
fn overflow_is_refused_not_wrapped() {
    let mut reserves = [dollars(), dollars()];
    reserves[0].price = U256::MAX;
    let users = [supplies(10_000), owes(9_000)];
    assert_eq!(run(&reserves, &users, &CALL), Err(Revert::Arithmetic));
    reserves[0] = Reserve { decimals: 39, ..dollars() };
    assert_eq!(run(&reserves, &users, &CALL), Err(Revert::Arithmetic));
    reserves[0] = Reserve { price: U256::ZERO, ..dollars() };
    assert_eq!(run(&reserves, &users, &CALL), Err(Revert::Arithmetic), "a price of zero");
    reserves[0] = Reserve { liquidity_index: Ray::from_raw(U256::ZERO), ..dollars() };
    assert_eq!(run(&reserves, &users, &CALL), Err(Revert::NotSupplied));
}
