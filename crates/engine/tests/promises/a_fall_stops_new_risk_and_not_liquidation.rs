//! I-51: after a fall as deep as its breaker's, an asset takes no new risk until the hold is over.
//! Liquidation and cures go on.

use crate::support::stage::*;
use breakwater_engine::{Outcome, What};
use breakwater_liquidation::solvency::{AssetGuard, Breaker};
use breakwater_liquidation::{Policy, Rejection};
use breakwater_money::{AssetId, Price, Time};

const WINDOW: u64 = 30 * SECOND;
const HOLD: u64 = 40 * SECOND;

fn breaker(fall_bps: u32) -> Breaker {
    Breaker { fall_bps, window_nanos: WINDOW, hold_nanos: HOLD }
}

fn policy(fall_bps: u32) -> Policy {
    let guard = AssetGuard { breaker: Some(breaker(fall_bps)), ..AssetGuard::default() };
    let policy = Policy { lot_value: ONE_CASH, ..Policy::guarded() };
    guarding("ETH", guard, policy)
}

/// Account 1 owes 1,500 against one ETH at 2,000 and has some bitcoin; account 2 has a bitcoin and
/// account 0 some ETH, both owing nothing.
fn pool(fall_bps: u32) -> Stage {
    let mut stage = Stage::lending("", policy(fall_bps), 3);
    stage.done(deposit(0, ETH, ONE_ETH));
    stage.owes(1, ETH, ONE_ETH, 1_500 * ONE_CASH);
    stage.done(deposit(1, BTC, ONE_BTC / 100));
    stage.done(deposit(2, BTC, ONE_BTC));
    stage
}

fn trips(outcome: &Outcome) -> Vec<(AssetId, Price, Price, Time)> {
    let told = outcome.facts().filter_map(|what| match what {
        What::BreakerTripped { asset, highest, mark, until } => {
            Some((*asset, *highest, *mark, *until))
        }
        _ => None,
    });
    told.collect()
}

#[test]
fn it_trips_at_its_fall_and_not_a_tick_above_and_tells_until_when() {
    let mut stage = pool(1_000);
    assert_eq!(trips(&stage.price(ETH, at(1_800) + 1)), []);
    stage.done(borrow(1, 1));
    let outcome = stage.price(ETH, at(1_800));
    let until = Time(stage.now + HOLD);
    let price = |raw| Price::new(raw, 6);
    assert_eq!(trips(&outcome), [(ETH, price(at(2_000)), price(at(1_800)), until)]);
    assert_eq!(stage.engine.breaker_until(ETH), Some(until));
    // A higher mark that still lies beyond the fall holds on from its own time.
    stage.wait(SECOND);
    assert_eq!(trips(&stage.price(ETH, at(1_750))).len(), 1);
    // Back above it the hold stays what it was.
    let until = stage.engine.breaker_until(ETH);
    assert_eq!(trips(&stage.price(ETH, at(1_900))), []);
    assert_eq!(stage.engine.breaker_until(ETH), until);
}

#[test]
fn it_refuses_new_risk_for_its_hold_and_lets_cures_and_liquidation_through() {
    let mut stage = pool(1_000);
    stage.price(ETH, at(1_750));
    let refused = stage.refused_because(borrow(1, 1));
    assert_eq!(refused.rejection, Rejection::BreakerHolds);
    assert!(refused.detail.contains(&(stage.now + HOLD).to_string()), "{refused}");
    assert_eq!(stage.refused(withdraw(1, ETH, 1)), Rejection::BreakerHolds);
    assert_eq!(stage.refused(withdraw(1, BTC, 1)), Rejection::BreakerHolds);
    assert_eq!(stage.refused(withdraw(0, ETH, 1)), Rejection::BreakerHolds);
    // Without debt what has not fallen may go, and who has nothing of it goes on.
    stage.done(withdraw(0, CASH, 1));
    stage.done(borrow(2, 1));
    stage.done(withdraw(2, BTC, 1));
    // Cures and new supply go on.
    stage.done(deposit(1, ETH, 1));
    stage.done(deposit(2, CASH, 1));
    stage.done(repay(1, 1));
    // And so does liquidation.
    stage.price(ETH, at(1_500));
    stage.done(seize(1, ETH, 100 * ONE_CASH));
    stage.wait(HOLD - 1);
    assert_eq!(stage.refused(withdraw(0, ETH, 1)), Rejection::BreakerHolds);
    stage.wait(1);
    stage.done(withdraw(0, ETH, 1));
}

#[test]
fn a_fall_slower_than_its_window_does_not_trip_it() {
    for (wait, tripped) in [(WINDOW - 1, 1), (WINDOW, 0)] {
        let mut stage = pool(1_000);
        stage.price(ETH, at(1_900));
        stage.wait(wait);
        // The window has left the 2,000 that the 1,900 superseded.
        assert_eq!(trips(&stage.price(ETH, at(1_800))).len(), tripped, "after {wait}");
    }
}

/// The same breaker goes on under a new policy; another begins with the mark in force.
#[test]
fn a_new_policy_keeps_the_breakers_that_it_does_not_change() {
    let rule = crate::support::lending::RULE;
    let mut stage = pool(1_000);
    stage.price(ETH, at(1_900));
    stage.done(install(rule, "", policy(1_000)));
    assert_eq!(trips(&stage.price(ETH, at(1_800))).len(), 1);
    stage.done(install(rule, "", policy(1_000)));
    assert!(stage.engine.breaker_until(ETH).is_some());
    stage.done(install(rule, "", policy(1_001)));
    assert_eq!(stage.engine.breaker_until(ETH), None);
    assert_eq!(trips(&stage.price(ETH, at(1_700))), []);
    assert_eq!(trips(&stage.price(ETH, at(1_600))).len(), 1);
    stage.done(install(rule, "", Policy::guarded()));
    stage.done(borrow(2, 1));
    assert_eq!(trips(&stage.price(ETH, at(1_000))), []);
}

#[test]
fn positions_are_closed_and_not_opened() {
    let mut stage = Stage::perpetual(policy(1_000), 2);
    stage.done(deposit(0, CASH, 2_000 * ONE_CASH));
    stage.done(deposit(1, CASH, 2_000 * ONE_CASH));
    stage.done(trade(Some(0), Some(1), ETH, ONE_ETH, at(2_000)));
    stage.price(ETH, at(1_800));
    let more = trade(Some(0), Some(1), ETH, 1, at(1_800));
    assert_eq!(stage.refused(more), Rejection::BreakerHolds);
    let against_it = trade(Some(0), Some(1), BTC, 1, at(30_000));
    assert_eq!(stage.refused(against_it), Rejection::BreakerHolds);
    stage.done(trade(Some(1), Some(0), ETH, ONE_ETH, at(1_800)));
    stage.done(trade(Some(0), Some(1), BTC, ONE_BTC / 100, at(30_000)));
}
