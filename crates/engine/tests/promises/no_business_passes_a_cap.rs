//! I-50: new business takes no total above its cap, to the unit; cures and liquidations are not
//! measured.

use crate::support::stage::*;
use breakwater_engine::Body;
use breakwater_liquidation::solvency::{AssetGuard, Breaker, RateResponse};
use breakwater_liquidation::{Call, Policy, Rejection};
use breakwater_money::AccountId;

/// Ten millions of cash are supplied before anybody comes.
const LENT: u128 = 10_000_000 * ONE_CASH;

fn capped(supply_cap: Option<u128>, borrow_cap: Option<u128>) -> AssetGuard {
    AssetGuard { supply_cap, borrow_cap, ..AssetGuard::default() }
}

fn policy() -> Policy {
    Policy { lot_value: ONE_CASH, ..Policy::guarded() }
}

#[test]
fn supply_ends_at_its_cap_to_the_unit() {
    let guard = capped(Some(LENT + 1_000), None);
    let mut stage = Stage::lending("", guarding("CASH", guard, policy()), 2);
    let refused = stage.refused_because(deposit(1, CASH, 1_001));
    assert_eq!(refused.rejection, Rejection::SupplyCapped);
    assert!(refused.detail.contains("CASH 10000000001001, cap 10000000001000"), "{refused}");
    stage.done(deposit(1, CASH, 1_000));
    assert_eq!(stage.refused(deposit(1, CASH, 1)), Rejection::SupplyCapped);
    let carried = Call::Import { account: AccountId(1), asset: CASH, collateral: 1, debt: 0 };
    assert_eq!(stage.refused(Body::Call(carried)), Rejection::SupplyCapped);
    stage.done(withdraw(1, CASH, 1));
    stage.done(deposit(1, CASH, 1));
    // Other assets have their own.
    stage.done(deposit(1, ETH, ONE_ETH));
}

#[test]
fn borrowing_ends_at_its_cap_to_the_unit() {
    let guard = capped(None, Some(1_000));
    let mut stage = Stage::lending("", guarding("CASH", guard, policy()), 2);
    stage.done(deposit(1, ETH, ONE_ETH));
    assert_eq!(stage.refused(borrow(1, 1_001)), Rejection::BorrowCapped);
    stage.done(borrow(1, 1_000));
    assert_eq!(stage.refused(borrow(1, 1)), Rejection::BorrowCapped);
    let carried = Call::Import { account: AccountId(1), asset: CASH, collateral: 0, debt: 1 };
    assert_eq!(stage.refused(Body::Call(carried)), Rejection::BorrowCapped);
    stage.done(repay(1, 1));
    stage.done(borrow(1, 1));
}

/// Interest takes a total above its cap without anybody's doing: nothing new is lent, all else goes
/// on.
#[test]
fn interest_above_a_cap_stops_new_debt_only() {
    let guard = capped(Some(LENT), Some(1_000_000 * ONE_CASH));
    let mut stage = Stage::lending("rate_bps = 1000", guarding("CASH", guard, policy()), 2);
    stage.owes(1, ETH, 1_000 * ONE_ETH, 1_000_000 * ONE_CASH);
    stage.wait(3_600 * SECOND);
    stage.done(Body::AdvanceTime);
    assert_eq!(stage.refused(borrow(1, 1)), Rejection::BorrowCapped);
    stage.done(repay(1, ONE_CASH));
    stage.done(withdraw(1, ETH, 1));
    stage.done(deposit(1, ETH, 1));
}

/// Below the warning line a top-up is a cure, whatever the cap.
#[test]
fn a_top_up_below_the_warning_line_is_not_measured() {
    let guard = capped(Some(ONE_ETH), None);
    let mut stage = Stage::lending("", guarding("ETH", guard, policy()), 2);
    stage.owes(1, ETH, ONE_ETH, 1_500 * ONE_CASH);
    assert_eq!(stage.refused(deposit(1, ETH, 1)), Rejection::SupplyCapped);
    // The warning line is 1.05: 1,968.75 of ETH against 1,500.
    stage.price(ETH, at(1_968) + 750_000);
    assert_eq!(stage.refused(deposit(1, ETH, 1)), Rejection::SupplyCapped);
    stage.price(ETH, at(1_968) + 749_999);
    stage.done(deposit(1, ETH, 1));
    stage.price(ETH, at(1_800));
    stage.done(deposit(1, ETH, 1));
}

#[test]
fn a_cap_stops_no_liquidation() {
    let guard = capped(Some(0), Some(0));
    let mut stage = Stage::lending("", policy(), 2);
    stage.owes(1, ETH, ONE_ETH, 1_500 * ONE_CASH);
    let capped = guarding("ETH", guard.clone(), guarding("CASH", guard, policy()));
    stage.done(install(crate::support::lending::RULE, "", capped));
    assert_eq!(stage.refused(borrow(1, 1)), Rejection::BorrowCapped);
    stage.price(ETH, at(1_800));
    stage.done(seize(1, ETH, 100 * ONE_CASH));
}

#[test]
fn a_guard_that_makes_no_sense_is_refused_with_its_field() {
    let mut stage = Stage::lending("", policy(), 1);
    let breaker = Breaker { fall_bps: 10_000, window_nanos: 1, hold_nanos: 1 };
    let rate = RateResponse { usage_bps: 0, surcharge_bps_a_year: 1 };
    for (symbol, guard, named) in [
        ("NOBODY", AssetGuard::default(), "names 'NOBODY', which the pool does not have"),
        ("ETH", AssetGuard { breaker: Some(breaker), ..AssetGuard::default() }, "fall_bps 10000"),
        ("ETH", AssetGuard { rate: Some(rate), ..AssetGuard::default() }, "usage_bps 0"),
    ] {
        let policy = guarding(symbol, guard, policy());
        let refused = stage.refused_because(install(crate::support::lending::RULE, "", policy));
        assert_eq!(refused.rejection, Rejection::BadParameter);
        assert!(refused.detail.contains(named), "{refused}");
    }
}
