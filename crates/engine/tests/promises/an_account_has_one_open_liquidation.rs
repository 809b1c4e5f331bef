//! I-18: at most one plan's legs are open for an account, each of another asset; and under our
//! guards it is liquidated once at one price.

use crate::support::chance::Chance;
use crate::support::stage::*;
use crate::support::story::{self, Venue};
use breakwater_engine::Body;
use breakwater_liquidation::{Policy, Rejection};
use std::collections::BTreeSet;

#[test]
fn further_falls_order_nothing_while_a_sale_is_under_way() {
    let mut stage = Stage::lending("", venue_sells(), 2);
    stage.owes(1, ETH, ONE_ETH, 1_500 * ONE_CASH);
    assert_eq!(orders(&stage.price(ETH, at(1_800))).len(), 1);
    for price in [1_700, 1_600, 1_500] {
        stage.wait(SECOND);
        assert_eq!(orders(&stage.price(ETH, at(price))), []);
        assert_eq!(stage.engine.open_legs().len(), 1);
    }
    stage.wait(SECOND);
    assert_eq!(orders(&stage.done(Body::AdvanceTime)), []);
}

#[test]
fn a_leg_the_market_did_not_take_is_ordered_again_after_its_pause() {
    let mut stage = Stage::lending("", venue_sells(), 2);
    stage.owes(1, ETH, ONE_ETH, 1_500 * ONE_CASH);
    let order = orders(&stage.price(ETH, at(1_800)))[0];
    let outcome = stage.done(fill(order.leg, 0, 0, true));
    assert_eq!((cancelled(&outcome), orders(&outcome)), (vec![order.leg], vec![]));
    stage.wait(10 * SECOND - 1);
    assert_eq!(orders(&stage.price(ETH, at(1_799))), []);
    stage.wait(1);
    let again = orders(&stage.done(Body::AdvanceTime));
    assert_eq!(again.len(), 1);
    assert!(again[0].leg > order.leg, "numbers of legs are never given twice");
}

#[test]
fn over_any_story_legs_of_an_account_are_of_different_assets() {
    for venue in [Venue::Sales, Venue::Perpetuals] {
        let (mut opened, mut twice) = (0, 0);
        for seed in 0..8 {
            let mut stage = story::begin(venue, 4_096);
            let mut chance = Chance::new(seed);
            for _ in 0..300 {
                let command = story::next(&stage, venue, &mut chance);
                stage.now = stage.now.max(command.at.0);
                let outcome = stage.apply_command(command);
                opened += orders(&outcome).len();
                let legs: Vec<_> =
                    stage.engine.open_legs().values().map(|l| (l.account, l.leg.asset)).collect();
                let distinct: BTreeSet<_> = legs.iter().collect();
                assert_eq!(distinct.len(), legs.len(), "{legs:?}");
                twice += usize::from(legs.len() > 1);
            }
        }
        assert!(opened > 20 && twice > 20, "{venue:?}: {opened} orders, {twice} with company");
    }
}

#[test]
fn a_keeper_liquidates_an_account_once_at_one_price() {
    let policy = Policy { lot_value: ONE_CASH, ..Policy::guarded() };
    let mut stage = Stage::lending("", policy, 3);
    stage.owes(1, ETH, ONE_ETH, 1_500 * ONE_CASH);
    stage.owes(2, ETH, ONE_ETH, 1_500 * ONE_CASH);
    stage.price(ETH, at(1_800));
    stage.done(seize(1, ETH, 10 * ONE_CASH));
    assert_eq!(stage.refused(seize(1, ETH, 10 * ONE_CASH)), Rejection::OncePerTick);
    stage.done(seize(2, ETH, 10 * ONE_CASH));
    stage.wait(SECOND);
    stage.done(Body::AdvanceTime);
    assert_eq!(stage.refused(seize(1, ETH, 10 * ONE_CASH)), Rejection::OncePerTick);
    stage.price(ETH, at(1_800) - 1);
    stage.done(seize(1, ETH, 10 * ONE_CASH));
}
