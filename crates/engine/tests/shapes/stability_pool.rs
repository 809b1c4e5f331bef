//! One liquidation pays every staker by moving the pool's integers, and nobody's row.

use crate::support::stability_pool::{Claim, ERA, PRODUCT, RULE, STAKED, StabilityPool};
use crate::support::stage::*;
use breakwater_engine::Cause;
use breakwater_liquidation::{Policy, Rejection};
use breakwater_money::{AccountId, Holder, Holding, Ray, U256, Unit};

/// Two stakers with 3,000 and 1,000; two debtors that fail at 1,600 and one that does not.
fn staked() -> Stage {
    let mut stage = Stage::of(RULE, "", Policy::as_is(), 6);
    stage.owes(2, ETH, ONE_ETH, 1_500 * ONE_CASH);
    stage.owes(3, ETH, 2 * ONE_ETH, 3_000 * ONE_CASH);
    stage.owes(5, ETH, 10 * ONE_ETH, 1_000 * ONE_CASH);
    stage.done(deposit(0, CASH, 3_000 * ONE_CASH));
    stage.done(deposit(1, CASH, 1_000 * ONE_CASH));
    stage
}

fn claim(stage: &Stage, account: u32) -> Claim {
    stage.engine.look(|view| StabilityPool::claim(view, AccountId(account))).unwrap()
}

fn rows(stage: &Stage) -> Vec<Vec<Holding>> {
    (0..2).map(|a| stage.engine.ledger().holdings(AccountId(a)).to_vec()).collect()
}

/// Nobody can take more than there is.
fn claims_are_covered(stage: &Stage) {
    let claims: Vec<Claim> = (0..6).map(|account| claim(stage, account)).collect();
    let coins: u128 = claims.iter().map(|claim| claim.coins).sum();
    let gained: u128 = claims.iter().map(|claim| claim.gained).sum();
    let there = |asset| stage.balance(Holder::Reserve, Unit::token(asset)).cast_unsigned();
    assert!(coins <= there(CASH), "{coins} of {}", there(CASH));
    let shares = stage.balance(Holder::Issuer, Unit::supply(ETH)).unsigned_abs();
    assert!(gained + shares <= there(ETH), "{gained} and {shares} of {}", there(ETH));
}

#[test]
fn a_liquidation_moves_claims_without_rewriting_rows() {
    let mut stage = staked();
    stage.price(ETH, at(1_600));
    let (before, epoch) = (rows(&stage), stage.engine.policy().map(|_| stage.part("clock")));
    let earlier = stage.apply(breakwater_engine::Body::AdvanceTime).epoch;

    let outcome = stage.done(absorb(&[2]));
    assert_eq!(outcome.epoch, earlier + 1, "a change under everybody opens an epoch");
    assert_eq!(outcome.assessed, 6, "and everybody is looked at once");
    assert!(outcome.events.iter().all(|event| event.cause == Cause::Command));
    assert_ne!(epoch, Some(stage.part("clock")));
    assert_eq!(rows(&stage), before);
    // 1,500 of 4,000 coins are gone, for one ETH.
    let product = stage.engine.state().get(PRODUCT);
    assert_eq!(product, Ray::one().raw * U256::from(625) / U256::from(1_000));
    assert_eq!(claim(&stage, 0), Claim { coins: 1_875 * ONE_CASH, gained: ONE_ETH * 3 / 4 });
    assert_eq!(claim(&stage, 1), Claim { coins: 625 * ONE_CASH, gained: ONE_ETH / 4 });
    assert_eq!(stage.health(0).equity, 1_875_000_000);
    assert_eq!(stage.engine.ledger().holdings(AccountId(2)), []);
    assert_eq!(stage.engine.state().get(STAKED), U256::from(2_500 * ONE_CASH));
    claims_are_covered(&stage);

    let eth = stage.balance(Holder::External, Unit::token(ETH));
    stage.done(withdraw(0, CASH, u128::MAX));
    let gained = stage.balance(Holder::External, Unit::token(ETH)) - eth;
    assert_eq!(gained, (ONE_ETH * 3 / 4).cast_signed());
    assert_eq!(claim(&stage, 0), Claim { coins: 0, gained: 0 });
    assert_eq!(claim(&stage, 1), Claim { coins: 625 * ONE_CASH, gained: ONE_ETH / 4 });
    claims_are_covered(&stage);
}

#[test]
fn a_pool_that_is_emptied_begins_another_era() {
    let mut stage = staked();
    stage.price(ETH, at(1_600));
    stage.done(absorb(&[2]));
    stage.done(withdraw(0, CASH, u128::MAX));
    assert_eq!(stage.refused(absorb(&[3])), Rejection::InsufficientLiquidity);
    stage.done(deposit(4, CASH, 2_375 * ONE_CASH));
    stage.done(absorb(&[3]));
    assert_eq!(stage.engine.state().get(ERA), U256::ONE);
    assert_eq!(stage.engine.state().get(PRODUCT), Ray::one().raw);

    // A newcomer of the new era has lost and gained nothing; those of the old one keep their gains.
    stage.done(deposit(0, CASH, 100 * ONE_CASH));
    assert_eq!(claim(&stage, 0), Claim { coins: 100 * ONE_CASH, gained: 0 });
    let (old, late) = (claim(&stage, 1), claim(&stage, 4));
    assert_eq!((old.coins, late.coins), (0, 0));
    let exact = ONE_ETH / 4 + 2 * ONE_ETH * 625 / 3_000;
    assert!(old.gained <= exact && exact - old.gained < 10_000_000, "{}", old.gained);
    let exact = 2 * ONE_ETH * 2_375 / 3_000;
    assert!(late.gained <= exact && exact - late.gained < 10_000_000, "{}", late.gained);
    claims_are_covered(&stage);
    stage.done(withdraw(1, CASH, 0));
    assert_eq!(claim(&stage, 1), Claim { coins: 0, gained: 0 });
    claims_are_covered(&stage);
}

#[test]
fn a_healthy_debtor_is_not_taken_and_takes_nobody_with_it() {
    let mut stage = staked();
    stage.price(ETH, at(1_600));
    assert_eq!(stage.refused(absorb(&[2, 5])), Rejection::Healthy);
}
