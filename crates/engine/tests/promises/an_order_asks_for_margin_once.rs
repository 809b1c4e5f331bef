//! An account's own orders ask for the margin of what they may become, once: a fill moves it from the
//! order to the position. They go with what they are for.

use crate::support::perpetual;
use crate::support::stage::*;
use breakwater_engine::{Body, What};
use breakwater_liquidation::contract::ContractTerms;
use breakwater_liquidation::{AssetKind, Call, Policy, Rejection};
use breakwater_money::{AccountId, AssetId, Price, Time, Unit};

/// A tenth is the initial margin: 200 for one ETH at 2,000.
fn stage(policy: Policy, accounts: u32, each: u128) -> Stage {
    let mut stage = Stage::perpetual(policy, accounts);
    for account in 0..accounts {
        stage.done(deposit(account, CASH, each * ONE_CASH));
    }
    stage
}

fn initial(stage: &Stage, account: u32) -> u128 {
    let rulebook = stage.engine.rulebook().unwrap();
    stage.engine.look(|view| rulebook.initial(view, AccountId(account))).unwrap()
}

fn left(stage: &Stage, order: u64) -> Option<u128> {
    stage.engine.orders().get(order).map(|order| order.quantity)
}

const ONE: i128 = ONE_ETH as i128;

#[test]
fn what_fills_is_asked_for_as_a_position_and_no_longer_as_an_order() {
    let mut stage = stage(Policy::as_is(), 2, 400);
    let outcome = stage.done(place(0, ETH, 2 * ONE, at(2_000)));
    let placed = outcome.facts().next().unwrap();
    assert!(matches!(placed, What::OrderPlaced { order: 1, .. }), "{placed:?}");
    assert_eq!(initial(&stage, 0), 400 * ONE_CASH);
    // A base unit more is worth nothing, two thousand of a billionth of one are worth a unit.
    assert_eq!(stage.refused(place(0, ETH, ONE / 1_000_000, at(2_000))), Rejection::BelowInitial);
    assert_eq!(stage.refused(withdraw(0, CASH, 1)), Rejection::InsufficientBalance);
    // The other side makes nothing larger.
    stage.done(place(0, ETH, -2 * ONE, at(2_000)));
    for (fill, after) in [(ONE_ETH / 2, 3 * ONE_ETH / 2), (ONE_ETH / 2, ONE_ETH)] {
        let outcome = stage.done(match_order(1, fill, at(2_000), None));
        let told = What::OrderFilled {
            order: 1,
            quantity: fill,
            price: Price::new(at(2_000), 6),
            left: after,
        };
        assert!(outcome.facts().any(|fact| *fact == told), "{outcome:?}");
        assert_eq!(left(&stage, 1), Some(after));
        assert_eq!(initial(&stage, 0), 400 * ONE_CASH, "a part that filled is not asked twice");
    }
    assert_eq!(stage.own(0, Unit::token(ETH)), ONE);
    stage.done(match_order(1, ONE_ETH, at(2_000), None));
    assert_eq!((left(&stage, 1), initial(&stage, 0)), (None, 400 * ONE_CASH));
    assert_eq!(stage.refused(match_order(1, 1, at(2_000), None)), Rejection::UnknownOrder);
    assert_eq!(stage.refused(take_off(1)), Rejection::UnknownOrder);
    // Numbers are never given twice.
    stage.done(take_off(2));
    let outcome = stage.done(reduce(0, ETH, -ONE, at(2_000)));
    assert!(matches!(outcome.facts().next(), Some(What::OrderPlaced { order: 3, .. })));
}

#[test]
fn two_orders_of_the_pool_fill_against_each_other_at_a_price_both_take() {
    let mut stage = stage(Policy::as_is(), 3, 1_000);
    stage.done(place(0, ETH, ONE, at(2_010)));
    stage.done(place(1, ETH, -2 * ONE, at(1_990)));
    for price in [at(2_010) + 1, at(1_990) - 1] {
        let worse = match_order(1, ONE_ETH, price, Some(2));
        assert_eq!(stage.refused(worse), Rejection::WorseThanLimit);
    }
    let other_scale =
        Body::FillOrder { order: 1, quantity: 1, price: Price::new(2_000, 0), against: Some(2) };
    assert_eq!(stage.refused(other_scale), Rejection::WorseThanLimit);
    let most = |quantity| match_order(1, quantity, at(2_000), Some(2));
    assert_eq!(stage.refused(most(ONE_ETH + 1)), Rejection::ExceedsPlan);
    assert_eq!(stage.refused(most(0)), Rejection::ExceedsPlan);
    stage.done(match_order(1, ONE_ETH, at(2_000), Some(2)));
    assert_eq!((left(&stage, 1), left(&stage, 2)), (None, Some(ONE_ETH)));
    assert_eq!((stage.own(0, Unit::token(ETH)), stage.own(1, Unit::token(ETH))), (ONE, -ONE));
    // The same side, another contract, the same order, the same account, no order at all.
    stage.done(place(0, ETH, -ONE / 4, at(1_990)));
    stage.done(place(0, BTC, 1, at(30_000)));
    stage.done(place(1, ETH, ONE / 4, at(2_010)));
    let refused = stage.refused_because(match_order(3, 1, at(2_000), Some(2)));
    assert_eq!(refused.rejection, Rejection::BadParameter);
    assert!(refused.detail.contains("against order 2"), "{refused}");
    assert_eq!(stage.refused(match_order(4, 1, at(30_000), Some(2))), Rejection::BadParameter);
    assert_eq!(stage.refused(match_order(3, 1, at(2_000), Some(3))), Rejection::SelfDealing);
    assert_eq!(stage.refused(match_order(5, 1, at(2_000), Some(2))), Rejection::SelfDealing);
    assert_eq!(stage.refused(match_order(3, 1, at(2_000), Some(99))), Rejection::UnknownOrder);
    assert_eq!(stage.refused(match_order(99, 1, at(2_000), Some(3))), Rejection::UnknownOrder);
}

#[test]
fn a_fill_that_margin_does_not_cover_leaves_both_orders_as_they_were() {
    let mut stage = stage(Policy::as_is(), 2, 1_000);
    stage.done(place(0, ETH, 2 * ONE, at(2_000)));
    stage.done(place(1, ETH, -2 * ONE, at(2_000)));
    // Bought at 2,000 and marked at 1,500: 1,000 lost of 1,000, with 300 to have.
    stage.price(ETH, at(1_500));
    let fill = match_order(1, 2 * ONE_ETH, at(2_000), Some(2));
    assert_eq!(stage.refused(fill), Rejection::BelowInitial);
    assert_eq!((left(&stage, 1), left(&stage, 2)), (Some(2 * ONE_ETH), Some(2 * ONE_ETH)));
    stage.done(match_order(1, ONE_ETH, at(2_000), Some(2)));
}

#[test]
fn an_order_that_only_reduces_is_held_to_the_position_there_is() {
    let mut stage = stage(Policy::as_is(), 2, 1_000);
    assert_eq!(stage.refused(reduce(0, ETH, -1, at(2_000))), Rejection::NotReduceOnly);
    stage.done(trade(Some(0), Some(1), ETH, ONE_ETH, at(2_000)));
    assert_eq!(stage.refused(reduce(0, ETH, 1, at(2_000))), Rejection::NotReduceOnly);
    assert_eq!(stage.refused(reduce(0, ETH, -ONE - 1, at(2_000))), Rejection::NotReduceOnly);
    stage.done(reduce(0, ETH, -ONE, at(2_000)));
    stage.done(reduce(0, ETH, -ONE, at(2_000)));
    // Half is sold otherwise: the rest of the order is more than there is.
    stage.done(trade(Some(1), Some(0), ETH, ONE_ETH / 2, at(2_000)));
    let whole = match_order(1, ONE_ETH, at(2_000), None);
    assert_eq!(stage.refused(whole), Rejection::NotReduceOnly);
    stage.done(match_order(1, ONE_ETH / 2, at(2_000), None));
    assert_eq!(stage.own(0, Unit::token(ETH)), 0);
    assert_eq!(stage.refused(match_order(2, 1, at(2_000), None)), Rejection::NotReduceOnly);
    assert_eq!(initial(&stage, 0), 0);
}

#[test]
fn a_liquidation_takes_the_accounts_orders_off_first() {
    let mut stage = stage(venue_sells(), 2, 250);
    stage.done(deposit(1, CASH, 10_000 * ONE_CASH));
    stage.done(trade(Some(0), Some(1), ETH, ONE_ETH, at(2_000)));
    stage.done(place(0, ETH, ONE / 4, at(1_900)));
    stage.done(place(0, ETH, -ONE, at(2_200)));
    stage.done(place(1, ETH, -ONE, at(2_200)));
    let outcome = stage.price(ETH, at(1_840));
    assert_eq!(taken_off(&outcome), [(1, ONE_ETH / 4), (2, ONE_ETH)]);
    let first = outcome.facts().position(|fact| matches!(fact, What::OrderCancelled { .. }));
    let sold = outcome.facts().position(|fact| matches!(fact, What::Ordered { .. }));
    assert!(first < sold && sold.is_some(), "{outcome:?}");
    assert_eq!(left(&stage, 3), Some(ONE_ETH), "another account keeps its own");
    assert_eq!(stage.refused(match_order(1, 1, at(1_840), None)), Rejection::UnknownOrder);
}

#[test]
fn an_account_without_positions_that_owes_has_no_orders_left() {
    let mut stage = stage(venue_sells(), 2, 210);
    stage.done(deposit(1, CASH, 10_000 * ONE_CASH));
    stage.done(trade(Some(0), Some(1), ETH, ONE_ETH, at(2_000)));
    let order = orders(&stage.price(ETH, at(1_750)))[0];
    // While it is sold out of its position it places another: it may not, and what was placed before
    // is gone when what it owes is booked.
    assert_eq!(stage.refused(place(0, BTC, 1_000, at(30_000))), Rejection::BelowInitial);
    stage.done(fill(order.leg, ONE_ETH, at(1_750), true));
    assert_eq!(stage.engine.losses()[&CASH].deficit, 40 * ONE_CASH);
    assert_eq!(stage.engine.orders().len(), 0);
}

#[test]
fn a_contract_that_ends_takes_its_orders_with_it() {
    let mut stage = stage(Policy::as_is(), 2, 1_000);
    let terms =
        ContractTerms { expires: Some(Time(START + 100)), ..ContractTerms::linear_perpetual(CASH) };
    let dated = AssetId(3);
    stage.done(asset("DATED", 18, AssetKind::Contract(terms)));
    stage.done(market("DATED/CASH", dated));
    stage.price(dated, at(2_000));
    stage.done(place(0, dated, ONE, at(2_000)));
    stage.done(place(1, dated, -ONE, at(2_000)));
    stage.done(place(0, ETH, ONE, at(2_000)));
    stage.done(match_order(1, ONE_ETH / 2, at(2_000), Some(2)));
    let deliver = || Body::Call(Call::Deliver { contract: dated, price: Price::new(at(2_100), 6) });
    assert_eq!(stage.refused(deliver()), Rejection::ContractLives);
    stage.wait(100);
    // The contract has expired: its orders wait for the delivery, and fill no more.
    assert_eq!(stage.refused(match_order(1, 1, at(2_000), None)), Rejection::ContractEnded);
    assert_eq!(stage.refused(place(0, dated, ONE, at(2_000))), Rejection::ContractEnded);
    let outcome = stage.done(deliver());
    assert_eq!(taken_off(&outcome), [(1, ONE_ETH / 2), (2, ONE_ETH / 2)]);
    assert_eq!(stage.own(0, Unit::token(CASH)), 1_050_000_000);
    assert_eq!(stage.own(1, Unit::token(CASH)), 950_000_000);
    assert_eq!(left(&stage, 3), Some(ONE_ETH));
    assert_eq!(stage.refused(deliver()), Rejection::ContractEnded);
    assert_eq!(stage.refused(trade(Some(0), None, dated, 1, at(2_000))), Rejection::ContractEnded);
}

#[test]
fn orders_that_may_not_be_there_are_refused_by_number() {
    let limited = "position_max = 1000000000000000000";
    let mut stage = Stage::of(perpetual::RULE, limited, Policy::as_is(), 1);
    stage.done(deposit(0, CASH, 1_000 * ONE_CASH));
    assert_eq!(stage.refused(place(7, ETH, 1, at(2_000))), Rejection::UnknownAccount);
    assert_eq!(stage.refused(place(0, AssetId(9), 1, at(2_000))), Rejection::UnknownAsset);
    assert_eq!(stage.refused(place(0, CASH, 1, at(2_000))), Rejection::BadParameter);
    assert_eq!(stage.refused(place(0, ETH, 0, at(2_000))), Rejection::AmountZero);
    assert_eq!(stage.refused(place(0, ETH, ONE + 1, at(2_000))), Rejection::AbovePositionLimit);
    stage.done(place(0, ETH, ONE, at(2_000)));
    assert_eq!(stage.refused(take_off(2)), Rejection::UnknownOrder);
    stage.done(Body::Halt { on: true });
    assert_eq!(stage.refused(place(0, ETH, -1, at(2_000))), Rejection::Halted);
    assert_eq!(stage.refused(match_order(1, 1, at(2_000), None)), Rejection::Halted);
    // Taking off is a cure.
    let outcome = stage.done(take_off(1));
    assert_eq!(taken_off(&outcome), [(1, ONE_ETH)]);
    let mut empty = Stage::empty();
    empty.done(open("nobody"));
    assert_eq!(empty.refused(place(0, ETH, 1, 1)), Rejection::NoRulebook);
    // A rule without orders takes none.
    let mut lending = Stage::lending("", Policy::as_is(), 1);
    assert_eq!(lending.refused(place(0, ETH, 1, at(2_000))), Rejection::Unsupported);
}
