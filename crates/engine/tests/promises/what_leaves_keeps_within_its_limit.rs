//! What a policy's outflow limit and withdrawal queue let out: to the unit, in proportion, and never more
//! in any window than stated, as a plain sum over everything that left tells.

use crate::support::chance::Chance;
use crate::support::lending::RULE;
use crate::support::stage::*;
use breakwater_engine::{Body, Engine, Outcome, What};
use breakwater_liquidation::solvency::Defences;
use breakwater_liquidation::solvency::defences::OutflowTerms;
use breakwater_liquidation::solvency::outflow::{Counted, Excess, OutflowLimit};
use breakwater_liquidation::solvency::release::Staged;
use breakwater_liquidation::{Call, Gate, Policy, Rejection};
use breakwater_money::{AccountId, Holder, Unit};
use std::sync::Arc;

const WINDOW: u64 = 100;

fn limit(excess: Excess) -> OutflowLimit {
    OutflowLimit {
        retained_bps: 9_000,
        window_seconds: WINDOW,
        begin_threshold: 0,
        minimum_amount: 0,
        cooldown_seconds: 0,
        excess,
        counted: Counted::Gross,
    }
}

fn policy(limit: OutflowLimit, staged: Option<Staged>) -> Policy {
    let outflow = Some(OutflowTerms { limit, staged });
    let defences = Some(Defences { outflow, ..Defences::default() });
    Policy { lot_value: ONE_CASH, defences, ..Policy::guarded() }
}

/// Ten millions lent by account 0, and a hundred ETH put up by account 1: 10,200,000 held.
fn pool(policy: Policy, accounts: u32) -> Stage {
    let mut stage = Stage::lending("", policy, accounts);
    stage.done(deposit(1, ETH, 100 * ONE_ETH));
    stage
}

/// Claims that a command queued, with what it paid at once and what waits.
fn queued(outcome: &Outcome) -> Vec<(u64, u128, u128)> {
    let told = outcome.facts().filter_map(|what| match what {
        What::WithdrawalQueued { claim, paid, waits, .. } => Some((*claim, *paid, waits.raw)),
        _ => None,
    });
    told.collect()
}

/// What claims were paid, and what they still wait for.
fn paid(outcome: &Outcome) -> Vec<(u64, u128, u128)> {
    let told = outcome.facts().filter_map(|what| match what {
        What::WithdrawalPaid { claim, amount, left, .. } => Some((*claim, amount.raw, *left)),
        _ => None,
    });
    told.collect()
}

#[test]
fn a_request_beyond_the_limit_is_refused_and_one_on_it_is_paid() {
    let mut stage = pool(policy(limit(Excess::Revert), None), 3);
    let most = 1_020_000 * ONE_CASH;
    assert_eq!(stage.engine.outflow_room(), Some(most));
    let refused = stage.refused_because(withdraw(0, CASH, most + 1));
    assert_eq!(refused.rejection, Rejection::OutflowLimited);
    assert!(refused.detail.contains("value of 1020000000001, 1020000000000 may"), "{refused}");
    stage.done(withdraw(0, CASH, most));
    assert_eq!(stage.refused(withdraw(0, CASH, 1)), Rejection::OutflowLimited);
    // Loans count as well, and so does the other asset, by its value.
    assert_eq!(stage.refused(borrow(1, 1)), Rejection::OutflowLimited);
    assert_eq!(stage.refused(withdraw(1, ETH, ONE_ETH)), Rejection::OutflowLimited);
    stage.wait((WINDOW - 1) * SECOND);
    assert_eq!(stage.refused(withdraw(0, CASH, 1)), Rejection::OutflowLimited);
    stage.wait(SECOND);
    // A tenth of the 9,180,000 that are left.
    assert_eq!(stage.refused(withdraw(0, CASH, 918_000 * ONE_CASH + 1)), Rejection::OutflowLimited);
    stage.done(borrow(1, 100_000 * ONE_CASH));
    stage.done(withdraw(0, CASH, 818_000 * ONE_CASH));
    // Repaying and depositing are never in its way.
    stage.done(repay(1, ONE_CASH));
    stage.done(deposit(2, CASH, ONE_CASH));
}

#[test]
fn the_limit_is_a_value_at_the_marks() {
    let mut stage = pool(policy(limit(Excess::Revert), None), 2);
    stage.price(ETH, at(2_500));
    assert_eq!(stage.engine.outflow_room(), Some(1_025_000 * ONE_CASH));
    stage.price(ETH, at(1_500));
    assert_eq!(stage.engine.outflow_room(), Some(1_015_000 * ONE_CASH));
}

#[test]
fn in_a_liquidation_collateral_leaves_whatever_the_limit() {
    let mut stage =
        pool(policy(OutflowLimit { retained_bps: 9_999, ..limit(Excess::Revert) }, None), 3);
    let open = Policy { lot_value: ONE_CASH, ..Policy::guarded() };
    let limited = stage.engine.policy().unwrap().clone();
    stage.done(install(RULE, "", open));
    stage.owes(2, ETH, 10 * ONE_ETH, 15_000 * ONE_CASH);
    stage.done(install(RULE, "", limited));
    stage.price(ETH, at(1_800));
    assert!(stage.engine.outflow_room().unwrap() < 1_100 * ONE_CASH);
    stage.done(seize(2, ETH, 2_000 * ONE_CASH));
}

#[test]
fn what_is_beyond_the_limit_waits_and_is_paid_in_proportion() {
    let mut stage = pool(policy(limit(Excess::Delay), None), 4);
    stage.done(deposit(2, CASH, 600_000 * ONE_CASH));
    stage.done(deposit(3, CASH, 200_000 * ONE_CASH));
    // 11,000,000 held: 1,100,000 may leave.
    let first = stage.done(withdraw(0, CASH, 2_000_000 * ONE_CASH));
    assert_eq!(queued(&first), [(1, 1_100_000 * ONE_CASH, 900_000 * ONE_CASH)]);
    // Whoever comes later waits as well, whole, and once.
    for (account, amount) in [(2, 600_000), (3, 200_000)] {
        let later = stage.done(withdraw(account, CASH, amount * ONE_CASH));
        assert_eq!(queued(&later), [(u64::from(account), 0, amount * ONE_CASH)]);
    }
    assert_eq!(stage.refused(withdraw(3, CASH, 1)), Rejection::AlreadyWaiting);
    assert_eq!(stage.refused(borrow(1, 1)), Rejection::OutflowLimited);
    stage.wait((WINDOW - 1) * SECOND);
    assert_eq!(paid(&stage.done(Body::AdvanceTime)), []);
    stage.wait(SECOND);
    // A tenth of 9,900,000 over 900,000, 600,000 and 200,000: 9, 6 and 2 parts of 17.
    let shared = stage.done(Body::AdvanceTime);
    let amounts: Vec<u128> = paid(&shared).iter().map(|(_, amount, _)| *amount).collect();
    assert_eq!(amounts.iter().sum::<u128>(), 990_000 * ONE_CASH);
    for (amount, parts) in amounts.iter().zip([9u128, 6, 2]) {
        assert!(amount.abs_diff(990_000 * ONE_CASH * parts / 17) <= 1, "{amounts:?}");
    }
    // Their deposits are theirs until then.
    let left = stage.own(3, Unit::supply(CASH));
    assert_eq!(left.unsigned_abs(), 200_000 * ONE_CASH - amounts[2]);
    stage.wait(WINDOW * SECOND);
    let rest = stage.done(Body::AdvanceTime);
    assert_eq!(paid(&rest).iter().map(|(_, _, left)| left).sum::<u128>(), 0);
    assert!(stage.engine.waiting_withdrawals().is_empty());
    // With nobody in line who comes is paid at once again.
    stage.wait(WINDOW * SECOND);
    assert_eq!(queued(&stage.done(withdraw(0, CASH, ONE_CASH))), []);
}

#[test]
fn what_waits_is_released_in_stages() {
    let staged = Staged { delay_seconds: 200, stages: 2, interval_seconds: 300 };
    let mut stage = pool(policy(limit(Excess::Delay), Some(staged)), 2);
    stage.done(withdraw(0, CASH, 1_220_000 * ONE_CASH));
    let waits = 200_000 * ONE_CASH;
    let mut got = Vec::new();
    for _ in 0..8 {
        stage.wait(100 * SECOND);
        got.push(paid(&stage.done(Body::AdvanceTime)).iter().map(|p| p.1).sum::<u128>());
    }
    assert_eq!(got, [0, waits / 2, 0, 0, waits / 2, 0, 0, 0]);
}

#[test]
fn in_a_queue_every_withdrawal_waits_its_time() {
    let defences = Some(Defences { queue_seconds: Some(50), ..Defences::default() });
    let policy = Policy { lot_value: ONE_CASH, defences, ..Policy::guarded() };
    let mut stage = pool(policy, 3);
    let asked = stage.done(withdraw(0, CASH, u128::MAX));
    assert_eq!(queued(&asked), [(1, 0, 10_000_000 * ONE_CASH)]);
    stage.done(borrow(1, 60_000 * ONE_CASH));
    stage.wait(49 * SECOND);
    assert_eq!(paid(&stage.done(Body::AdvanceTime)), []);
    stage.wait(SECOND);
    // What is lent is not there.
    let there = 9_940_000 * ONE_CASH;
    assert_eq!(paid(&stage.done(Body::AdvanceTime)), [(1, there, 60_000 * ONE_CASH)]);
    stage.done(repay(1, 10_000 * ONE_CASH));
    stage.wait(SECOND);
    assert_eq!(paid(&stage.done(Body::AdvanceTime)), [(1, 10_000 * ONE_CASH, 50_000 * ONE_CASH)]);
    // A pause keeps it waiting.
    stage.done(gate(CASH, Gate::Paused));
    stage.done(repay(1, 50_000 * ONE_CASH));
    stage.wait(SECOND);
    assert_eq!(paid(&stage.done(Body::AdvanceTime)), []);
    stage.done(gate(CASH, Gate::Open));
    stage.wait(SECOND);
    assert_eq!(paid(&stage.done(Body::AdvanceTime)), [(1, 50_000 * ONE_CASH, 0)]);
}

/// What has been taken for a debt in the meantime cannot be paid, and nobody waits for it.
#[test]
fn a_claim_on_what_is_gone_is_dropped() {
    let defences = Some(Defences { queue_seconds: Some(1_000), ..Defences::default() });
    let policy = Policy { lot_value: ONE_CASH, defences, ..Policy::as_is() };
    let mut stage = pool(policy, 3);
    stage.owes(2, ETH, ONE_ETH, 1_200 * ONE_CASH);
    stage.done(withdraw(2, ETH, ONE_ETH / 5));
    stage.price(ETH, at(1_450));
    while stage.own(2, Unit::supply(ETH)).unsigned_abs() >= ONE_ETH / 5 {
        stage.apply(seize(2, ETH, u128::MAX));
        let fallen = stage.engine.marks()[0].mark.unwrap().price.raw * 9 / 10;
        stage.wait(SECOND);
        stage.price(ETH, fallen);
    }
    stage.wait(1_000 * SECOND);
    let outcome = stage.done(Body::AdvanceTime);
    let dropped = outcome.facts().any(|what| matches!(what, What::WithdrawalDropped { .. }));
    assert!(dropped || stage.engine.waiting_withdrawals().is_empty(), "{outcome:?}");
    assert!(stage.engine.waiting_withdrawals().is_empty());
}

#[test]
fn a_cooldown_closes_the_pool_and_small_requests_go_on() {
    let cooling = OutflowLimit {
        cooldown_seconds: 1_000,
        minimum_amount: 5 * ONE_CASH,
        ..limit(Excess::Delay)
    };
    let mut stage = pool(policy(cooling, None), 3);
    stage.done(deposit(2, CASH, 50 * ONE_CASH));
    let first = stage.done(withdraw(0, CASH, 2_000_000 * ONE_CASH));
    assert_eq!(queued(&first).len(), 1);
    stage.wait(999 * SECOND);
    assert_eq!(paid(&stage.done(Body::AdvanceTime)), []);
    assert_eq!(queued(&stage.done(withdraw(2, CASH, 5 * ONE_CASH))), []);
    stage.wait(SECOND);
    assert_eq!(paid(&stage.done(Body::AdvanceTime)).len(), 1);
}

#[test]
fn inflows_make_room_where_the_net_counts() {
    let net = OutflowLimit { counted: Counted::Net, ..limit(Excess::Revert) };
    let mut stage = pool(policy(net, None), 2);
    stage.wait(WINDOW * SECOND);
    stage.done(Body::AdvanceTime);
    assert_eq!(stage.engine.outflow_room(), Some(1_020_000 * ONE_CASH));
    stage.done(deposit(1, CASH, 500_000 * ONE_CASH));
    assert_eq!(stage.engine.outflow_room(), Some(1_520_000 * ONE_CASH));
    stage.done(withdraw(1, CASH, 500_000 * ONE_CASH));
    assert_eq!(stage.engine.outflow_room(), Some(1_020_000 * ONE_CASH));
}

#[test]
fn defences_that_make_no_sense_are_refused_with_their_field() {
    let mut stage = Stage::lending("", Policy::guarded(), 1);
    let unknown = OutflowLimit { retained_bps: 10_001, ..limit(Excess::Delay) };
    let refused = stage.refused_because(install(RULE, "", policy(unknown, None)));
    assert_eq!(refused.rejection, Rejection::BadParameter);
    assert!(
        refused.detail.contains("policy.defences.outflow.limit.retained_bps 10001"),
        "{refused}"
    );
}

/// Random business under random limits: what left in any window is a plain sum of the journal, and it is
/// never more than the limit lets out of what was held when the window began, at one price.
#[test]
fn no_window_lets_more_out_than_its_limit_and_a_snapshot_remembers_it() {
    let (mut bound, mut delayed, mut refused) = (0u32, 0u32, 0u32);
    for seed in 0..24 {
        let mut chance = Chance::new(seed);
        let excess = if chance.below(100) < 60 { Excess::Delay } else { Excess::Revert };
        let retained_bps = u32::try_from(8_000 + chance.below(1_900)).unwrap();
        let stated = OutflowLimit { retained_bps, ..limit(excess) };
        let staged = (excess == Excess::Delay && chance.below(100) < 40).then_some(Staged {
            delay_seconds: 30,
            stages: 3,
            interval_seconds: 40,
        });
        let mut stage = pool(policy(stated, staged), 6);
        for account in 2..6 {
            stage.done(deposit(
                account,
                CASH,
                u128::from(1 + chance.below(899)) * 10_000 * ONE_CASH,
            ));
        }
        let held = |stage: &Stage| -> u128 {
            let out = |asset| stage.balance(Holder::External, Unit::token(asset)).unsigned_abs();
            out(CASH) + out(ETH) * 2_000 * ONE_CASH / ONE_ETH
        };
        // Second, held after, and left by counted business in it.
        let mut told: Vec<(u64, u128, u128)> = vec![(stage.now / SECOND, held(&stage), 0)];
        for _ in 0..160 {
            stage.wait(chance.below(30) * SECOND);
            let account = u32::try_from(chance.below(6)).unwrap();
            let amount = u128::from(1 + chance.below(399)) * 5_000 * ONE_CASH;
            let body = match chance.below(10) {
                0..=4 => withdraw(account, CASH, amount),
                5 => deposit(account, CASH, amount),
                6 => borrow(1, u128::from(1 + chance.below(19)) * 1_000 * ONE_CASH),
                7 => repay(1, 1_000 * ONE_CASH),
                _ => Body::AdvanceTime,
            };
            let (before, brings) = (
                held(&stage),
                matches!(&body, Body::Call(Call::Deposit { .. } | Call::Repay { .. })),
            );
            let outcome = stage.apply(body);
            match outcome.rejected.as_ref().map(|r| r.rejection) {
                Some(Rejection::OutflowLimited) => refused += 1,
                _ => delayed += u32::try_from(queued(&outcome).len()).unwrap(),
            }
            bound += u32::try_from(paid(&outcome).len()).unwrap();
            let left = if brings { 0 } else { before - held(&stage) };
            told.push((stage.now / SECOND, held(&stage), left));
            if chance.below(100) < 10 {
                let bytes = stage.engine.encode().unwrap();
                let shelf = Arc::new(crate::support::shelf::Shelf);
                let restored = Engine::restore(&bytes, shelf).unwrap();
                assert_eq!(restored.state_hash(), stage.engine.state_hash());
                stage.engine = restored;
            }
        }
        for (end, _, _) in &told {
            let inside = |second: u64| second <= *end && second + WINDOW > *end;
            let out: u128 = told.iter().filter(|t| inside(t.0)).map(|t| t.2).sum();
            let came: u128 = told
                .windows(2)
                .filter(|w| inside(w[1].0) && w[1].1 > w[0].1)
                .map(|w| w[1].1 - w[0].1)
                .sum();
            let began = told.iter().rev().find(|t| t.0 + WINDOW <= *end).unwrap_or(&told[0]).1;
            // Deposits of the window that are still there count as held at its start.
            let most = (began + came) * u128::from(10_000 - retained_bps) / 10_000 + 1;
            assert!(out <= most, "seed {seed}, window to {end}: {out} of {began} + {came}");
        }
        assert_eq!(stage.replayed().state_hash(), stage.engine.state_hash(), "seed {seed}");
        let owners = stage.engine.waiting_withdrawals().values().map(|claim| claim.account);
        assert!(owners.into_iter().all(|account| account < AccountId(6)));
    }
    assert!(bound > 50 && delayed > 50 && refused > 50, "{bound} {delayed} {refused}");
}
