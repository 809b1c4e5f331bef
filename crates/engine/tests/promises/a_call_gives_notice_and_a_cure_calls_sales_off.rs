//! I-19: a margin call comes before a liquidation with the notice promised, and a cure ends it.

use crate::support::stage::*;
use breakwater_engine::{Body, What};
use breakwater_liquidation::{CallState, Policy, Rejection};
use breakwater_money::{AccountId, Time};

const NOTICE: u64 = 20 * SECOND;

fn pool(policy: Policy) -> Stage {
    let mut stage = Stage::lending("", Policy { notice_nanos: NOTICE, ..policy }, 2);
    stage.owes(1, ETH, ONE_ETH, 1_500 * ONE_CASH);
    stage
}

fn keepers() -> Policy {
    Policy { lot_value: ONE_CASH, ..Policy::guarded() }
}

#[test]
fn a_keeper_waits_until_the_deadline_and_not_longer() {
    let mut stage = pool(keepers());
    let outcome = stage.price(ETH, at(1_800));
    let deadline = outcome.facts().find_map(|what| match what {
        What::CallMoved { deadline, .. } => *deadline,
        _ => None,
    });
    assert_eq!(deadline, Some(Time(stage.now + NOTICE)));
    assert_eq!(stage.refused(seize(1, ETH, 100 * ONE_CASH)), Rejection::NotYetDue);
    stage.wait(NOTICE - 1);
    let refused = stage.refused_because(seize(1, ETH, 100 * ONE_CASH));
    assert_eq!(refused.rejection, Rejection::NotYetDue);
    assert!(refused.detail.contains(&deadline.unwrap().0.to_string()), "{refused}");
    stage.wait(1);
    stage.done(seize(1, ETH, 100 * ONE_CASH));
}

/// Whoever waits to be assessed has had no call, and so no notice; nor has whoever interest alone
/// carried over the line since the last look.
#[test]
fn nobody_is_liquidated_before_the_call() {
    let policy = Policy { notice_nanos: NOTICE, assess_max: 1, ..keepers() };
    let mut stage = Stage::lending("", policy, 3);
    stage.owes(1, ETH, ONE_ETH, 1_500 * ONE_CASH);
    stage.owes(2, ETH, ONE_ETH, 1_500 * ONE_CASH);
    while stage.engine.pending() > 0 {
        stage.done(Body::AdvanceTime);
    }
    stage.price(ETH, at(1_800));
    assert_eq!((stage.state(1), stage.state(2)), (CallState::Called, CallState::Healthy));
    let refused = stage.refused_because(seize(2, ETH, 100 * ONE_CASH));
    assert_eq!(refused.rejection, Rejection::NotYetDue);
    assert!(refused.detail.contains("not called yet"), "{refused}");
    stage.done(Body::AdvanceTime);
    assert_eq!(stage.state(2), CallState::Called);

    let mut stage =
        Stage::lending("rate_bps = 10000", Policy { notice_nanos: NOTICE, ..keepers() }, 2);
    stage.owes(1, ETH, ONE_ETH, 1_600 * ONE_CASH);
    stage.wait(SECOND);
    assert_eq!(stage.refused(seize(1, ETH, 100 * ONE_CASH)), Rejection::NotYetDue);
    // Without notice there is nothing to wait for.
    stage.done(install(crate::support::lending::RULE, "rate_bps = 10000", keepers()));
    stage.wait(SECOND);
    stage.done(seize(1, ETH, 100 * ONE_CASH));
}

#[test]
fn the_venue_sells_at_the_deadline_without_a_price() {
    let mut stage = pool(venue_sells());
    let outcome = stage.price(ETH, at(1_800));
    assert_eq!((moves(&outcome), orders(&outcome)), (vec![(1, CallState::Called)], vec![]));
    stage.wait(NOTICE - 1);
    assert_eq!(orders(&stage.done(Body::AdvanceTime)), []);
    stage.wait(1);
    assert_eq!(orders(&stage.done(Body::AdvanceTime)).len(), 1);
}

#[test]
fn a_fall_straight_into_breach_is_called_like_any_other_and_told_from_where() {
    let mut stage = pool(keepers());
    let outcome = stage.price(ETH, at(1_200));
    let moved = outcome.facts().find_map(|what| match what {
        What::CallMoved { from, to, .. } => Some((*from, *to)),
        _ => None,
    });
    assert_eq!(moved, Some((CallState::Healthy, CallState::Called)));
    assert_eq!(stage.refused(seize(1, ETH, 100 * ONE_CASH)), Rejection::NotYetDue);
}

#[test]
fn a_warning_comes_first_when_prices_fall_slowly() {
    let mut stage = pool(keepers());
    assert_eq!(moves(&stage.price(ETH, at(1_900))), [(1, CallState::Warned)]);
    assert_eq!(moves(&stage.price(ETH, at(1_850))), [(1, CallState::Called)]);
    assert_eq!(moves(&stage.price(ETH, at(1_900))), [(1, CallState::Cured)]);
    assert_eq!(moves(&stage.price(ETH, at(2_100))), [(1, CallState::Healthy)]);
}

#[test]
fn a_second_call_has_its_own_notice() {
    let mut stage = pool(keepers());
    stage.price(ETH, at(1_850));
    stage.wait(NOTICE - 1);
    stage.price(ETH, at(1_900));
    stage.price(ETH, at(1_850));
    stage.wait(1);
    assert_eq!(stage.refused(seize(1, ETH, 100 * ONE_CASH)), Rejection::NotYetDue);
    let called = stage.engine.margin_call(AccountId(1)).unwrap();
    assert_eq!(called.deadline, Some(Time(called.since.0 + NOTICE)));
}

/// A price, a top-up, a repayment: each cures, and each calls off what is left of the sales.
#[test]
fn every_cure_calls_the_open_sales_off() {
    type Cure = fn(&mut Stage) -> breakwater_engine::Outcome;
    let cures: [(&str, Cure); 3] = [
        ("a price", |stage| stage.price(ETH, at(2_000))),
        ("a top-up", |stage| stage.done(deposit(1, ETH, ONE_ETH))),
        ("a repayment", |stage| stage.done(repay(1, 1_000 * ONE_CASH))),
    ];
    for (name, cure) in cures {
        let mut stage = Stage::lending("", venue_sells(), 2);
        stage.owes(1, ETH, ONE_ETH, 1_500 * ONE_CASH);
        let outcome = stage.price(ETH, at(1_800));
        let order = orders(&outcome)[0];
        let part = order.quantity / 10;
        stage.done(fill(order.leg, part, part * at(1_800) / ONE_ETH, false));
        assert_eq!(stage.state(1), CallState::Liquidating, "{name}");
        let outcome = cure(&mut stage);
        assert_eq!(cancelled(&outcome), [order.leg], "{name}");
        assert_eq!(moves(&outcome).first(), Some(&(1, CallState::Cured)), "{name}");
        let unsold = outcome.facts().find_map(|what| match what {
            What::Cancelled { unsold, .. } => Some(*unsold),
            _ => None,
        });
        assert_eq!(unsold, Some(order.quantity - order.quantity / 10), "{name}");
        assert!(stage.engine.open_legs().is_empty(), "{name}");
    }
}

/// The liquidation itself cures: nothing more is sold once the target is met.
#[test]
fn a_fill_that_cures_is_the_last() {
    let mut stage = Stage::lending("", venue_sells(), 2);
    stage.owes(1, ETH, ONE_ETH, 1_500 * ONE_CASH);
    let outcome = stage.price(ETH, at(1_800));
    let order = orders(&outcome)[0];
    assert!(order.quantity < ONE_ETH, "a part is enough");
    let proceeds = order.quantity * at(1_800) / ONE_ETH;
    let outcome = stage.done(fill(order.leg, order.quantity, proceeds, true));
    assert_eq!(moves(&outcome), [(1, CallState::Cured)]);
    assert!(!stage.health(1).breach);
    assert!(stage.health(1).ratio >= stage.engine.policy().unwrap().target_ratio);
}
