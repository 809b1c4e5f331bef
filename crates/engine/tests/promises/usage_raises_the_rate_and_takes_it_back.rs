//! At or above its usage an asset's borrow rate bears a surcharge, below it does not; whoever owes
//! is watched at the rate that holds.

use crate::support::stage::*;
use breakwater_engine::{Body, Outcome, What};
use breakwater_liquidation::solvency::{AssetGuard, RateResponse};
use breakwater_liquidation::{CallState, Policy};
use breakwater_money::AssetId;

const RULE: &str = crate::support::lending::RULE;

/// 20 % a year from a usage of one in ten thousand: 1,000 of the ten millions lent.
fn policy(surcharge_bps_a_year: u32) -> Policy {
    let rate = Some(RateResponse { usage_bps: 1, surcharge_bps_a_year });
    let guard = AssetGuard { rate, ..AssetGuard::default() };
    guarding("CASH", guard, Policy { lot_value: ONE_CASH, ..Policy::guarded() })
}

fn surcharges(outcome: &Outcome) -> Vec<u32> {
    let told = outcome.facts().filter_map(|what| match what {
        What::Surcharged { asset: CASH, bps_a_year, .. } => Some(*bps_a_year),
        _ => None,
    });
    told.collect()
}

fn ignored(outcome: &Outcome) -> Vec<AssetId> {
    let told = outcome.facts().filter_map(|what| match what {
        What::SurchargeIgnored { asset } => Some(*asset),
        _ => None,
    });
    told.collect()
}

#[test]
fn it_comes_at_the_line_and_goes_one_unit_below() {
    let mut stage = Stage::lending("", policy(2_000), 2);
    stage.done(deposit(1, ETH, ONE_ETH));
    assert_eq!(surcharges(&stage.done(borrow(1, 1_000 * ONE_CASH - 1))), []);
    let outcome = stage.done(borrow(1, 1));
    assert_eq!(surcharges(&outcome), [2_000]);
    let told = What::Surcharged {
        asset: CASH,
        bps_a_year: 2_000,
        supplied: 10_000_000 * ONE_CASH,
        borrowed: 1_000 * ONE_CASH,
    };
    assert!(outcome.facts().any(|what| *what == told), "{outcome:?}");
    assert_eq!(stage.engine.surcharge(CASH), 2_000);
    // It is told when it moves, not while it lasts.
    assert_eq!(surcharges(&stage.done(borrow(1, 1))), []);
    assert_eq!(surcharges(&stage.done(repay(1, 1))), []);
    assert_eq!(surcharges(&stage.done(repay(1, 1))), [0]);
    assert_eq!(stage.engine.surcharge(CASH), 0);
    // Supply moves usage as well.
    assert_eq!(surcharges(&stage.done(withdraw(0, CASH, 10_000))), [2_000]);
}

#[test]
fn borrowers_pay_it_and_the_watch_list_knows() {
    let mut stage = Stage::lending("", policy(10_000), 2);
    // In breach above 1,600 of debt; 100 % a year on 1,599 is half a cent a second.
    stage.owes(1, ETH, ONE_ETH, 1_599 * ONE_CASH + 999_900);
    assert_eq!(stage.state(1), CallState::Warned);
    let before = stage.health(1).requirement;
    stage.wait(10 * SECOND);
    let outcome = stage.done(Body::AdvanceTime);
    assert!(stage.health(1).requirement > before + 100, "{:?}", stage.health(1));
    assert_eq!(moves(&outcome), [(1, CallState::Called)]);
    // Taken off, nothing grows any more.
    stage.done(repay(1, 1_500 * ONE_CASH));
    assert_eq!(stage.engine.surcharge(CASH), 0);
    let before = stage.health(1).requirement;
    stage.wait(1_000 * SECOND);
    stage.done(Body::AdvanceTime);
    assert_eq!(stage.health(1).requirement, before);
}

#[test]
fn another_policy_changes_it_or_takes_it_off() {
    let mut stage = Stage::lending("", policy(2_000), 2);
    stage.owes(1, ETH, ONE_ETH, 1_000 * ONE_CASH);
    assert_eq!(surcharges(&stage.done(install(RULE, "", policy(300)))), [300]);
    assert_eq!(surcharges(&stage.done(install(RULE, "", policy(300)))), []);
    assert_eq!(surcharges(&stage.done(install(RULE, "", Policy::guarded()))), [0]);
}

#[test]
fn a_rulebook_without_such_a_rate_says_so_once() {
    let mut stage = Stage::lending("", Policy::as_is(), 2);
    let rate = Some(RateResponse { usage_bps: 1, surcharge_bps_a_year: 1 });
    let guard = AssetGuard { rate, ..AssetGuard::default() };
    let both = guarding("ETH", guard.clone(), policy(2_000));
    assert_eq!(ignored(&stage.done(install(RULE, "", both))), [ETH]);
    stage.owes(1, ETH, ONE_ETH, 1_500 * ONE_CASH);
    assert_eq!(stage.engine.surcharge(ETH), 0);
    let perpetual = crate::support::perpetual::RULE;
    let policy = guarding("CASH", guard, Policy::guarded());
    let mut stage = Stage::of(perpetual, "", Policy::as_is(), 1);
    assert_eq!(ignored(&stage.done(install(perpetual, "", policy))), [CASH]);
}
