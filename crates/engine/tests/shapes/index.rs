//! An index moves under everybody; rows stay, and whoever it carries over a line is found.

use crate::support::lending::Lending;
use crate::support::stage::*;
use breakwater_engine::{Body, Cause, What};
use breakwater_liquidation::{CallState, Policy};
use breakwater_money::{AccountId, Holding, Unit};

const HOUR: u64 = 3_600 * SECOND;

fn rows(stage: &Stage) -> Vec<Vec<Holding>> {
    (0..4).map(|a| stage.engine.ledger().holdings(AccountId(a)).to_vec()).collect()
}

fn owed(stage: &Stage, account: u32) -> u128 {
    stage.engine.look(|view| Lending::owed(view, AccountId(account))).unwrap()
}

/// Ten per cent a year; the third account is one hundredth of a unit of cash from its line.
fn lent() -> Stage {
    let mut stage = Stage::lending("rate_bps = 1000", Policy::as_is(), 4);
    stage.owes(1, ETH, 10 * ONE_ETH, 1_000 * ONE_CASH);
    stage.owes(2, BTC, ONE_BTC, 10_000 * ONE_CASH);
    stage.owes(3, ETH, ONE_ETH, 1_600 * ONE_CASH - 10_000);
    stage
}

#[test]
fn interest_is_owed_by_all_and_rewrites_nobody() {
    let mut stage = lent();
    let (before, posted) = (rows(&stage), stage.engine.ledger().posted());
    stage.wait(HOUR / 2);
    stage.done(Body::AdvanceTime);
    assert_eq!(rows(&stage), before);
    assert_eq!(stage.engine.ledger().posted(), posted);
    // 1,000 at ten per cent for half an hour is 5,707.76 units, and the pool rounds up.
    assert_eq!(owed(&stage, 1), 1_000 * ONE_CASH + 5_708);
    assert_eq!(owed(&stage, 2), 10_000 * ONE_CASH + 57_078);
    assert_eq!(stage.health(1).requirement, 1_000 * ONE_CASH + 5_708);
}

#[test]
fn far_from_their_lines_nobody_is_looked_at() {
    let mut stage = lent();
    stage.done(repay(3, 1_000 * ONE_CASH));
    stage.wait(HOUR / 2);
    assert_eq!(stage.done(Body::AdvanceTime).assessed, 0);
    stage.wait(HOUR / 2);
    assert_eq!(stage.done(Body::AdvanceTime).assessed, 3, "the arming of all three has expired");
}

#[test]
fn interest_alone_carries_an_account_over_its_line() {
    let mut stage = lent();
    assert_eq!(stage.state(3), CallState::Warned);
    // 10,000 units of slack last for 1,971 seconds.
    stage.wait(1_900 * SECOND);
    stage.done(Body::AdvanceTime);
    assert_eq!(stage.state(3), CallState::Warned);
    stage.wait(100 * SECOND);
    let outcome = stage.done(Body::AdvanceTime);
    assert_eq!(moves(&outcome), [(3, CallState::Called)]);
    let moved = outcome.events.iter().find(|e| matches!(e.what, What::CallMoved { .. })).unwrap();
    assert_eq!(moved.cause, Cause::Time);
}

#[test]
fn a_call_and_a_price_carry_the_index_with_them() {
    let mut stage = lent();
    stage.wait(HOUR / 2);
    stage.done(deposit(1, ETH, 1));
    assert_eq!(owed(&stage, 2), 10_000 * ONE_CASH + 57_078);
    stage.wait(HOUR / 2);
    stage.price(ETH, at(2_000));
    let grown = owed(&stage, 2) - 10_000 * ONE_CASH;
    assert!((114_155..=114_157).contains(&grown), "{grown}");
    // Repaying all is repaying the grown debt.
    stage.done(repay(2, u128::MAX));
    assert_eq!(stage.own(2, Unit::debt(CASH)), 0);
}
