//! The throttle, the dynamic close factor, limit bands and states of stress, as an engine keeps them:
//! to the unit, for outsiders and for the venue's own sales.

use crate::support::stage::*;
use breakwater_engine::{Body, What};
use breakwater_liquidation::solvency::Defences;
use breakwater_liquidation::solvency::defences::{
    BandTerms, StressMeasure, StressTerms, ThrottleTerms,
};
use breakwater_liquidation::solvency::stress_state::{CloseFactor, StressLines, StressState};
use breakwater_liquidation::{Call, Policy, Rejection};
use breakwater_money::{AccountId, Time};
use std::collections::BTreeMap;

fn defended(defences: Defences, policy: Policy) -> Policy {
    Policy { defences: Some(defences), ..policy }
}

fn keepers() -> Policy {
    Policy { lot_value: ONE_CASH, ..Policy::as_is() }
}

fn throttle(value: u128) -> Defences {
    let throttle = Some(ThrottleTerms { value_max: value * ONE_CASH, window_seconds: 60 });
    Defences { throttle, ..Defences::default() }
}

/// Two accounts with ten ETH each against 15,000, both in breach at 1,800.
fn two(policy: Policy) -> Stage {
    let mut stage = Stage::lending("", policy, 3);
    for account in [1, 2] {
        stage.owes(account, ETH, 10 * ONE_ETH, 15_000 * ONE_CASH);
    }
    stage.wait(SECOND);
    stage
}

#[test]
fn outsiders_repay_up_to_the_throttle_and_not_a_unit_more() {
    let mut stage = two(defended(throttle(1_000), keepers()));
    stage.price(ETH, at(1_800));
    let refused = stage.refused_because(seize(1, ETH, 1_000 * ONE_CASH + 1));
    assert_eq!(refused.rejection, Rejection::Throttled);
    assert!(refused.detail.contains("value of 1000000001, 1000000000 is left"), "{refused}");
    stage.done(seize(1, ETH, 600 * ONE_CASH));
    assert_eq!(stage.engine.liquidation_room(), Some(400 * ONE_CASH));
    assert_eq!(stage.refused(seize(2, ETH, 400 * ONE_CASH + 1)), Rejection::Throttled);
    // What a keeper is told fits.
    let told = stage.engine.best_call(AccountId(2)).unwrap();
    assert_eq!(told.repaid.raw, 400 * ONE_CASH);
    stage.done(Body::Call(told.call));
    let nothing = stage.engine.best_call(AccountId(2)).unwrap_err();
    assert_eq!(nothing.rejection, Rejection::Throttled);
    stage.wait(59 * SECOND);
    assert_eq!(stage.refused(seize(2, ETH, 1)), Rejection::Throttled);
    stage.wait(SECOND);
    stage.done(seize(2, ETH, 1_000 * ONE_CASH));
}

#[test]
fn the_venue_sells_up_to_the_throttle_and_goes_on_when_the_window_moves() {
    let mut stage = two(defended(throttle(900), venue_sells()));
    let ordered = orders(&stage.price(ETH, at(1_800)));
    // Half an ETH at the mark, of the first account alone.
    assert_eq!(ordered.len(), 1);
    let worth = |quantity: u128| quantity * at(1_800) / ONE_ETH;
    assert_eq!((ordered[0].account, worth(ordered[0].quantity)), (1, 900 * ONE_CASH));
    stage.done(fill(ordered[0].leg, ordered[0].quantity, 900 * ONE_CASH, true));
    let mut sold = vec![];
    for _ in 0..5 {
        stage.wait(30 * SECOND);
        let tick = stage.tick(ETH, at(1_800));
        let next = orders(&stage.done(Body::Tick(tick)));
        for order in &next {
            stage.done(fill(order.leg, order.quantity, worth(order.quantity), true));
        }
        sold.push(next.iter().map(|order| worth(order.quantity)).sum::<u128>());
    }
    assert_eq!(sold, [0, 900 * ONE_CASH, 0, 900 * ONE_CASH, 0]);
}

#[test]
fn little_of_a_debt_is_closed_just_below_the_line() {
    let factor = CloseFactor { least_bps: 1_000, full_at_health_bps: 9_000, whole_up_to: 0 };
    let defences = Defences { close_factor: Some(factor), ..Defences::default() };
    let mut stage = two(defended(defences, keepers()));
    // Health of 0.96: 40 of 100 parts of the way from 10 % to all of it, 46 % of 15,000.
    stage.price(ETH, at(1_800));
    assert_eq!(stage.refused(seize(1, ETH, 6_900 * ONE_CASH + 1)), Rejection::AboveCloseFactor);
    let told = stage.engine.best_call(AccountId(1)).unwrap();
    assert_eq!(told.repaid.raw, 6_900 * ONE_CASH);
    stage.done(Body::Call(told.call));
    // The venue's own half stays the most, however low the health.
    stage.wait(SECOND);
    stage.price(ETH, at(1_600));
    let told = stage.engine.best_call(AccountId(2)).unwrap();
    assert_eq!(told.repaid.raw, 7_500 * ONE_CASH);
}

fn banded() -> Defences {
    let terms =
        BandTerms { width_bps: 500, reference_seconds: 300, limit_seconds: 15, pause_seconds: 120 };
    Defences { bands: BTreeMap::from([("ETH".to_owned(), terms)]), ..Defences::default() }
}

#[test]
fn a_mark_that_stays_at_its_band_pauses_and_the_pause_ends_on_its_second() {
    let mut stage = two(defended(banded(), keepers()));
    stage.price(ETH, at(1_800));
    assert_eq!(stage.engine.band_pause(ETH), None);
    // At the band, not yet for fifteen seconds: liquidation goes on.
    stage.done(seize(1, ETH, ONE_CASH));
    stage.wait(15 * SECOND);
    let outcome = stage.price(ETH, at(1_790));
    let until = Time(stage.now + 120 * SECOND);
    assert!(outcome.facts().any(
        |what| matches!(what, What::BandPaused { asset: ETH, until: told, .. } if *told == until)
    ));
    assert_eq!(stage.engine.band_pause(ETH), Some(until));
    for (body, right) in [
        (seize(1, ETH, ONE_CASH), Some(Rejection::BandPaused)),
        (borrow(1, 1), Some(Rejection::BandPaused)),
        (withdraw(1, ETH, 1), Some(Rejection::BandPaused)),
        (repay(1, ONE_CASH), None),
        (deposit(1, ETH, 1), None),
        (withdraw(0, CASH, 1), None),
    ] {
        let told = format!("{body:?}");
        assert_eq!(stage.apply(body).rejected.map(|r| r.rejection), right, "{told}");
    }
    stage.wait(120 * SECOND - 1);
    assert_eq!(stage.refused(seize(1, ETH, ONE_CASH)), Rejection::BandPaused);
    stage.wait(1);
    stage.done(seize(1, ETH, ONE_CASH));
}

#[test]
fn a_pause_at_a_band_calls_off_what_is_under_way_and_time_orders_it_again() {
    let mut stage = two(defended(banded(), venue_sells()));
    let ordered = orders(&stage.price(ETH, at(1_800)));
    assert_eq!(ordered.len(), 2);
    stage.wait(15 * SECOND);
    let outcome = stage.price(ETH, at(1_800));
    let mut legs: Vec<u64> = ordered.iter().map(|order| order.leg).collect();
    legs.sort_unstable();
    assert_eq!(cancelled(&outcome), legs);
    // Marks go on, within the band, so that none is too old at the end.
    for wait in [50 * SECOND, 50 * SECOND, 20 * SECOND - 1] {
        stage.wait(wait);
        let tick = stage.tick(ETH, at(1_800));
        assert_eq!(orders(&stage.done(Body::Tick(tick))), []);
    }
    stage.wait(1);
    assert_eq!(orders(&stage.done(Body::AdvanceTime)).len(), 2);
}

#[test]
fn stress_asks_more_of_new_risk_and_nothing_of_old() {
    let lines = StressLines {
        soft_bps: 500,
        hard_bps: 1_000,
        release_bps: 100,
        soft_scale_bps: 12_500,
        hard_scale_bps: 20_000,
    };
    let measure = StressMeasure::Fall { asset: "ETH".to_owned(), window_seconds: 600 };
    let stress = Some(StressTerms { lines, measure, haircut_bps: 0 });
    let mut stage =
        Stage::lending("", defended(Defences { stress, ..Defences::default() }, keepers()), 3);
    stage.done(deposit(1, ETH, 10 * ONE_ETH));
    stage.done(deposit(2, CASH, ONE_CASH));
    stage.wait(SECOND);
    let outcome = stage.price(ETH, at(1_900));
    let told =
        What::StressMoved { from: StressState::Normal, to: StressState::Soft, measure_bps: 500 };
    assert!(outcome.facts().any(|what| *what == told), "{outcome:?}");
    // 15,200 of margin value: 12,160 are enough 1.25 times.
    let refused = stage.refused_because(borrow(1, 12_160 * ONE_CASH + 1));
    assert_eq!(refused.rejection, Rejection::BelowStressed);
    stage.done(borrow(1, 12_160 * ONE_CASH));
    assert_eq!(stage.refused(withdraw(1, ETH, 1)), Rejection::BelowStressed);
    // Who owes nothing takes out as ever, and so does who repays.
    stage.done(withdraw(2, CASH, ONE_CASH));
    stage.done(repay(1, ONE_CASH));
    stage.wait(SECOND);
    stage.price(ETH, at(1_962));
    assert_eq!(stage.engine.stress_state(), StressState::Normal);
    stage.done(borrow(1, ONE_CASH));
}

#[test]
fn stress_by_usage_scales_a_haircut_as_well() {
    let lines = StressLines {
        soft_bps: 100,
        hard_bps: 10_000,
        release_bps: 0,
        soft_scale_bps: 20_000,
        hard_scale_bps: 20_000,
    };
    let measure = StressMeasure::Usage { asset: "CASH".to_owned() };
    let terms = StressTerms { lines, measure, haircut_bps: 1_000 };
    let defences = Defences { stress: Some(terms), ..Defences::default() };
    let mut stage = Stage::lending("", defended(defences, keepers()), 3);
    stage.done(deposit(1, ETH, 1_000 * ONE_ETH));
    stage.done(borrow(1, 100_000 * ONE_CASH));
    // One per cent of ten millions is owed.
    assert_eq!(stage.engine.stress_state(), StressState::Soft);
    // 1,600,000 of margin value less a tenth more of 2,000,000, over two.
    stage.done(deposit(2, ETH, 1_000 * ONE_ETH));
    let most = 700_000 * ONE_CASH;
    let own = |amount| Body::Call(Call::Borrow { account: AccountId(2), asset: CASH, amount });
    assert_eq!(stage.refused(own(most + 1)), Rejection::BelowStressed);
    stage.done(own(most));
}

#[test]
fn a_pool_without_defences_has_the_hash_that_it_had() {
    let stage = two(keepers());
    assert!(stage.engine.state_hash().parts.iter().all(|part| part.part != "defences"));
    let none = two(defended(Defences::default(), keepers()));
    assert_ne!(stage.engine.state_hash(), none.engine.state_hash());
    let limited = two(defended(throttle(1), keepers()));
    assert!(limited.engine.state_hash().parts.iter().any(|part| part.part == "defences"));
}
