//! Winners are closed against a bankrupt account, after the fund and before anybody else pays.

use crate::support::stage::*;
use breakwater_engine::Outcome;
use breakwater_liquidation::backstop::Deleverage;
use breakwater_liquidation::effects::Bearer;
use breakwater_liquidation::policy::{BackstopPolicy, Socialise};
use breakwater_liquidation::{CallState, Close, Fact, Policy};
use breakwater_money::{AccountId, Holder, Unit};

fn policy(deleverage: Option<Deleverage>, socialise: bool) -> Policy {
    let socialise = if socialise { Socialise::Cash } else { Socialise::Nobody };
    let backstop =
        BackstopPolicy { insurance: true, deleverage, socialise, ..BackstopPolicy::default() };
    Policy { backstop, close: Close::Full, slippage_bps: 500, ..venue_sells() }
}

/// Account 0 is long 2 ETH and short 0.1 BTC with a margin of 1,000, and lacks 200 at 1,400 for
/// ETH. Accounts 1 and 2 are short 1.5 ETH each, the first with a fifth of the other's margin;
/// account 3 is long the BTC and no winner, account 4 is long the rest of the ETH.
fn bankrupt(policy: Policy, in_fund: u128) -> (Stage, Vec<Order>) {
    let mut stage = Stage::perpetual(policy, 5);
    for (account, cash) in [(0, 1_000), (1, 2_000), (2, 10_000), (3, 5_000), (4, 20_000)] {
        stage.done(deposit(account, CASH, cash * ONE_CASH));
    }
    stage.done(trade(Some(0), Some(1), ETH, ONE_ETH * 3 / 2, at(2_000)));
    stage.done(trade(Some(0), Some(2), ETH, ONE_ETH / 2, at(2_000)));
    stage.done(trade(Some(4), Some(2), ETH, ONE_ETH, at(2_000)));
    stage.done(trade(Some(3), Some(0), BTC, ONE_BTC / 10, at(30_000)));
    if in_fund > 0 {
        stage.done(fund(in_fund));
    }
    let outcome = stage.price(ETH, at(1_400));
    assert_eq!(stage.health(0).equity, -200_000_000);
    let orders = orders(&outcome);
    let sold: Vec<_> = orders.iter().map(|o| (o.account, o.asset, o.quantity)).collect();
    assert_eq!(sold, [(0, ETH, 2 * ONE_ETH), (0, BTC, ONE_BTC / 10)]);
    (stage, orders)
}

/// What winners gave, by account.
fn given(outcome: &Outcome) -> Vec<(u32, u128)> {
    let told = facts(outcome);
    let given = told.iter().filter_map(|fact| match fact {
        Fact::Borne { bearer: Bearer::Deleveraged(winner), amount, .. } => {
            Some((winner.0, amount.raw))
        }
        _ => None,
    });
    given.collect()
}

fn size(stage: &Stage, account: u32, asset: breakwater_money::AssetId) -> i128 {
    stage.own(account, Unit::token(asset))
}

/// 0.7 of 2 ETH are sold at the mark, and no more.
fn market_takes_a_part(stage: &mut Stage, orders: &[Order]) -> Outcome {
    let sold = ONE_ETH * 7 / 10;
    stage.done(fill(orders[0].leg, sold, 980 * ONE_CASH, true))
}

#[test]
fn the_queue_closes_the_most_levered_winner_first() {
    let (mut stage, orders) = bankrupt(policy(Some(Deleverage::Queue), false), 50 * ONE_CASH);
    let outcome = market_takes_a_part(&mut stage, &orders);
    // 1.3 ETH are left. The first in the queue had 1.5.
    assert_eq!(size(&stage, 0, ETH), 0);
    assert_eq!(size(&stage, 1, ETH), -(ONE_ETH.cast_signed()) / 5);
    assert_eq!(size(&stage, 2, ETH), -(ONE_ETH.cast_signed()) * 3 / 2);
    // The fund has 50 of the 200, so 150 over 1.3 ETH: 115.384615 a piece, rounded down.
    assert_eq!(given(&outcome), [(1, 149_999_999)]);
    // A fall of 600 made 780 on 1.3 ETH; what the winner realises is that less what it gave.
    assert_eq!(stage.own(1, Unit::token(CASH)), 2_000_000_000 + 780_000_000 - 149_999_999);
}

#[test]
fn pro_rata_closes_every_winner_by_size() {
    let (mut stage, orders) = bankrupt(policy(Some(Deleverage::ProRata), false), 50 * ONE_CASH);
    let outcome = market_takes_a_part(&mut stage, &orders);
    let closed = ONE_ETH.cast_signed() * 65 / 100;
    for winner in [1, 2] {
        assert_eq!(size(&stage, winner, ETH), -(ONE_ETH.cast_signed()) * 3 / 2 + closed);
    }
    assert_eq!(given(&outcome), [(1, 74_999_999), (2, 74_999_999)]);
    assert_eq!(size(&stage, 0, ETH), 0);
    assert_eq!(size(&stage, 4, ETH), ONE_ETH.cast_signed(), "a loser is not touched");
}

#[test]
fn a_loss_is_what_its_bearers_bore() {
    for (order, socialise) in [
        (Some(Deleverage::Queue), true),
        (Some(Deleverage::ProRata), true),
        (Some(Deleverage::Queue), false),
        (None, true),
        (None, false),
    ] {
        let (mut stage, orders) = bankrupt(policy(order, socialise), 50 * ONE_CASH);
        market_takes_a_part(&mut stage, &orders);
        if order.is_none() {
            stage.wait(11 * SECOND);
            let outcome = stage.price(ETH, at(1_400));
            let again = crate::support::stage::orders(&outcome);
            assert_eq!(again, [], "the other leg is still under way");
        }
        // The BTC is bought back at the mark.
        let outcome = stage.done(fill(orders[1].leg, ONE_BTC / 10, 3_000 * ONE_CASH, true));
        if order.is_none() {
            let again = crate::support::stage::orders(&outcome);
            assert_eq!(again[0].quantity, ONE_ETH * 13 / 10);
            stage.done(fill(again[0].leg, again[0].quantity, 1_820 * ONE_CASH, true));
        }
        // What is left is booked with the next price after the pause that an unsold leg brings.
        stage.wait(11 * SECOND);
        stage.price(ETH, at(1_400));
        assert_eq!(stage.state(0), CallState::Bankrupt);
        assert_eq!(stage.engine.ledger().holdings(AccountId(0)), []);
        let losses = stage.engine.losses()[&CASH];
        let winners: u128 = if order.is_some() { 149_999_998 } else { 0 };
        assert_eq!(losses.insurance, 50 * ONE_CASH, "the fund pays first");
        assert!(losses.deleveraged >= winners && losses.deleveraged <= 150 * ONE_CASH);
        // Roundings in the winners' favour make the loss no smaller, and larger by a few units.
        let rest = losses.deficit - losses.insurance - losses.deleveraged;
        let (from, to) = if order.is_some() { (0, 4) } else { (150_000_000, 150_000_000) };
        assert!((from..=to).contains(&rest), "{order:?}: {losses:?}");
        assert_eq!(if socialise { losses.socialised } else { losses.outstanding }, rest);
        assert!((200_000_000..=200_000_004).contains(&losses.deficit), "{losses:?}");
        let outstanding = stage.balance(Holder::Outstanding, Unit::token(CASH));
        assert_eq!(outstanding.unsigned_abs(), losses.outstanding);
        assert_eq!(stage.fund_balance(), 0);
    }
}

/// I-25.
#[test]
fn nobody_is_deleveraged_while_the_fund_covers() {
    for in_fund in [200 * ONE_CASH, 201 * ONE_CASH, 1_000 * ONE_CASH] {
        let (mut stage, orders) = bankrupt(policy(Some(Deleverage::Queue), true), in_fund);
        let outcome = stage.done(fill(orders[0].leg, 0, 0, true));
        assert_eq!(given(&outcome), []);
        assert_eq!(size(&stage, 0, ETH), 2 * ONE_ETH.cast_signed());
        assert_eq!(size(&stage, 1, ETH), -(ONE_ETH.cast_signed()) * 3 / 2);
    }
    // One unit less does not cover.
    let (mut stage, orders) = bankrupt(policy(Some(Deleverage::Queue), true), 199_999_999);
    stage.done(fill(orders[0].leg, 0, 0, true));
    assert_eq!(size(&stage, 0, ETH), 0);
}

#[test]
fn a_bankrupt_short_is_closed_below_the_mark() {
    let mut stage = Stage::perpetual(policy(Some(Deleverage::Queue), false), 2);
    stage.done(deposit(0, CASH, 1_000 * ONE_CASH));
    stage.done(deposit(1, CASH, 1_000 * ONE_CASH));
    stage.done(trade(Some(1), Some(0), ETH, 2 * ONE_ETH, at(2_000)));
    let outcome = stage.price(ETH, at(2_600));
    let order = orders(&outcome)[0];
    assert_eq!(stage.health(0).equity, -200_000_000);
    let outcome = stage.done(fill(order.leg, 0, 0, true));
    assert_eq!(given(&outcome), [(1, 200_000_000)]);
    // 2,500 instead of 2,600.
    assert_eq!(stage.own(1, Unit::token(CASH)), 2_000_000_000);
    assert_eq!(stage.engine.ledger().holdings(AccountId(0)), []);
    assert_eq!(stage.state(0), CallState::Closed);
    assert_eq!(stage.engine.losses()[&CASH].deficit, 200 * ONE_CASH);
}

/// The market's fill stands where the rule will not close winners; the loss goes on to the next.
#[test]
fn a_rule_without_deleveraging_leaves_the_loss_to_the_next_bearer() {
    let mut stage = Stage::of(
        crate::support::perpetual::RULE,
        "deleverages = 0",
        policy(Some(Deleverage::Queue), false),
        2,
    );
    stage.done(deposit(0, CASH, 1_000 * ONE_CASH));
    stage.done(deposit(1, CASH, 1_000 * ONE_CASH));
    stage.done(trade(Some(1), Some(0), ETH, 2 * ONE_ETH, at(2_000)));
    let outcome = stage.price(ETH, at(2_600));
    let order = orders(&outcome)[0];
    let outcome = stage.done(fill(order.leg, ONE_ETH, 2_600 * ONE_CASH, true));
    assert_eq!(given(&outcome), []);
    assert_eq!(size(&stage, 0, ETH), -(ONE_ETH.cast_signed()));
    stage.wait(11 * SECOND);
    let outcome = stage.price(ETH, at(2_600));
    let order = orders(&outcome)[0];
    stage.done(fill(order.leg, ONE_ETH, 2_600 * ONE_CASH, true));
    assert_eq!(stage.engine.losses()[&CASH].outstanding, 200 * ONE_CASH);
}
