//! A rule that breaks a promise stops the engine under the promise's own number; every later
//! command is refused, and what happened stays readable. Each fault is planted in a lending rule
//! that is sound otherwise.

use crate::support::broken::Planted;
use crate::support::lending;
use crate::support::shelf::Shelf;
use crate::support::stage::*;
use breakwater_engine::{Body, Engine, Invariant, Stop};
use breakwater_liquidation::{Call, Close, Policy, Rejection};
use breakwater_money::{AccountId, U256};
use std::sync::Arc;

/// The stop is final, told with every refusal, and the state can still be encoded and restored.
#[track_caller]
fn stays_stopped(stage: &mut Stage, stop: &Stop) {
    assert_eq!(stage.engine.stop(), Some(stop));
    let bytes = stage.engine.encode().unwrap();
    let restored = Engine::restore(&bytes, Arc::new(Shelf)).unwrap();
    assert_eq!(restored.stop(), Some(stop));
    assert_eq!(restored.state_hash(), stage.engine.state_hash());
    for body in [
        Body::AdvanceTime,
        deposit(0, CASH, 1),
        Body::Halt { on: false },
        Body::Tick(stage.tick(ETH, at(2_000))),
        install(lending::RULE, "", Policy::as_is()),
    ] {
        let outcome = stage.apply(body);
        let rejected = outcome.rejected.unwrap();
        assert_eq!(rejected.rejection, Rejection::Stopped);
        assert!(!rejected.rejection.may_retry());
        assert!(rejected.detail.contains(stop.invariant.id()), "{rejected}");
        assert_eq!(outcome.stop.as_ref(), Some(stop));
    }
    assert_eq!(stage.engine.stop(), Some(stop), "the first word is the last");
}

fn configure(account: u32) -> Body {
    Body::Call(Call::Configure { account: AccountId(account), column: 0, value: U256::ZERO })
}

#[test]
fn effects_that_no_book_can_carry_stop_it() {
    for (planted, invariant) in [
        (Planted::TransferToSelf, Invariant::WellFormed),
        (Planted::TransferOfNothing, Invariant::WellFormed),
        (Planted::OutsideLayout, Invariant::WellFormed),
        (Planted::OutsideTables, Invariant::WellFormed),
        (Planted::StrangersColumn, Invariant::WellFormed),
        (Planted::UnknownAssetsColumn, Invariant::WellFormed),
        (Planted::OverdrawsReserve, Invariant::Backed),
        (Planted::OverdrawsTreasury, Invariant::Backed),
        (Planted::OverdrawsFund, Invariant::FundNotNegative),
        (Planted::NegativeShares, Invariant::ReduceOnly),
        (Planted::UnbookedLoss, Invariant::LossBorne),
    ] {
        let mut stage = Stage::broken(planted, Policy::as_is(), 2);
        stage.done(fund(5 * ONE_CASH));
        let stop = stage.stopped(configure(1));
        assert_eq!(stop.invariant, invariant, "{planted:?}: {stop}");
        assert_eq!(stop.sequence, stage.engine.sequence());
        stays_stopped(&mut stage, &stop);
    }
}

#[test]
fn a_liquidation_that_breaks_its_rules_own_word_stops_it() {
    for (planted, price, amount, invariant) in [
        (Planted::SeizesFromHealthy, 2_000, 1, Invariant::LiquidatedInBreach),
        (Planted::SeizesForNothing, 1_800, 1_000_000_000_000_000, Invariant::NeverWorse),
        (Planted::EarlyDeficit, 1_800, 1, Invariant::DeficitLast),
        (Planted::KeepsDebt, 1_800, ONE_ETH, Invariant::DebtBooked),
    ] {
        let mut stage = Stage::broken(planted, Policy::as_is(), 2);
        stage.owes(1, ETH, ONE_ETH, 1_500 * ONE_CASH);
        stage.price(ETH, at(price));
        let stop = stage.stopped(seize(1, ETH, amount));
        assert_eq!(stop.invariant, invariant, "{planted:?}: {stop}");
        stays_stopped(&mut stage, &stop);
    }
}

#[test]
fn two_sales_of_one_asset_stop_it() {
    let policy = Policy { close: Close::Full, ..venue_sells() };
    let mut stage = Stage::broken(Planted::SellsTwice, policy, 2);
    stage.owes(1, ETH, ONE_ETH, 1_500 * ONE_CASH);
    let tick = stage.tick(ETH, at(1_200));
    let stop = stage.stopped(Body::Tick(tick));
    assert_eq!(stop.invariant, Invariant::OneLiquidation, "{stop}");
    stays_stopped(&mut stage, &stop);
}

#[test]
fn a_sale_that_leaves_more_than_there_was_stops_it() {
    let policy = Policy { close: Close::Full, ..venue_sells() };
    let mut stage = Stage::broken(Planted::BuysInstead, policy, 2);
    stage.owes(1, ETH, ONE_ETH, 1_500 * ONE_CASH);
    let order = orders(&stage.price(ETH, at(1_200)))[0];
    let stop = stage.stopped(fill(order.leg, 1, at(1_200), false));
    assert_eq!(stop.invariant, Invariant::ReduceOnly, "{stop}");
    stays_stopped(&mut stage, &stop);
}

/// I-52: at the first unit, when something is taken and when something is due.
#[test]
fn a_rule_that_takes_what_bidders_have_put_down_stops_it() {
    use crate::support::auctions::*;
    use breakwater_liquidation::auctions::{Format, Raises};
    let formats = [Format::English(ENGLISH), Format::English(WITH_DEPOSIT), Format::Dutch(DUTCH)];
    for (at_end, format) in [true, false, false].into_iter().zip(formats) {
        let policy = auctions(terms(format, Raises::Most));
        let mut stage = Stage::broken(Planted::TakesFromEscrow, policy, 2);
        stage.owes(1, ETH, ONE_ETH, 1_500 * ONE_CASH);
        stage.price(ETH, at(1_800));
        let stop = match format {
            Format::Dutch(_) => stage.stopped(take(7, ONE_ETH, 9_999)),
            _ => {
                stage.done(raise(7, 1_000));
                stage.wait(10 * SECOND);
                let tick = Body::Tick(stage.tick(ETH, at(1_800)));
                if at_end {
                    stage.stopped(tick)
                } else {
                    stage.done(tick);
                    stage.stopped(pay(7))
                }
            }
        };
        assert_eq!(stop.invariant, Invariant::BidsHeld, "{stop}");
        stays_stopped(&mut stage, &stop);
    }
}

/// The planted faults are what stops it: the same commands on the sound rule pass.
#[test]
fn the_sound_rule_is_not_stopped() {
    let mut stage = Stage::lending("", Policy::as_is(), 2);
    stage.done(fund(5 * ONE_CASH));
    stage.done(configure(1));
    stage.owes(1, ETH, ONE_ETH, 1_500 * ONE_CASH);
    stage.price(ETH, at(1_800));
    stage.done(seize(1, ETH, 100 * ONE_CASH));
    assert_eq!(stage.engine.stop(), None);
}

#[test]
fn every_promise_has_its_own_number_and_sentence() {
    let mut ids: Vec<&str> = Invariant::ALL.iter().map(|invariant| invariant.id()).collect();
    assert!(ids.is_sorted(), "{ids:?}");
    ids.dedup();
    assert_eq!(ids.len(), Invariant::ALL.len());
    assert!(Invariant::ALL.iter().all(|invariant| invariant.sentence().ends_with('.')));
}
