//! Fund, winners, the session's winners, nobody: after each, what was missing is what they bore.

use crate::support::shelf::Shelf;
use crate::support::stage::*;
use breakwater_engine::{Body, Engine};
use breakwater_liquidation::backstop::Deleverage;
use breakwater_liquidation::policy::{BackstopPolicy, DrawdownTrigger, Socialise};
use breakwater_liquidation::{Call, Close, Policy, Rejection};
use breakwater_money::{AccountId, Holder, Unit};
use std::sync::Arc;

fn policy(backstop: BackstopPolicy) -> Policy {
    Policy { backstop, close: Close::Full, slippage_bps: 500, ..venue_sells() }
}

/// Account 0 is long 1 ETH on 300, and lacks 100 at 1,600; accounts 1 and 2 are short one each.
fn stage(backstop: BackstopPolicy, in_fund: u128) -> Stage {
    let mut stage = Stage::perpetual(policy(backstop), 4);
    for (account, cash) in [(0, 300), (1, 2_000), (2, 3_000), (3, 4_000)] {
        stage.done(deposit(account, CASH, cash * ONE_CASH));
    }
    stage.done(trade(Some(0), Some(1), ETH, ONE_ETH, at(2_000)));
    stage.done(trade(None, Some(2), ETH, ONE_ETH, at(2_000)));
    if in_fund > 0 {
        stage.done(fund(in_fund * ONE_CASH));
    }
    stage
}

/// What the market takes of account 0 at the mark, whole.
fn sold_whole(stage: &mut Stage) {
    let order = orders(&stage.price(ETH, at(1_600)))[0];
    stage.done(fill(order.leg, ONE_ETH, at(1_600), true));
}

#[test]
fn winners_are_asked_before_the_fund_is_empty_once_it_has_lost_its_share() {
    let trigger = DrawdownTrigger { window_nanos: 100 * SECOND, lost_e9: 500_000_000 };
    let backstop = BackstopPolicy {
        insurance: true,
        drawdown: Some(trigger),
        deleverage: Some(Deleverage::Queue),
        ..BackstopPolicy::default()
    };
    // Half of 360 is lost on account 3 first; a unit less does not set it off, and time forgets it.
    for (more, wait, asked) in [(0, 0, true), (1, 0, false), (0, 101 * SECOND, false)] {
        let mut stage = Stage::perpetual(policy(backstop), 4);
        for (account, cash) in [(0, 300), (1, 2_000), (2, 3_000), (3, 300)] {
            stage.done(deposit(account, CASH, cash * ONE_CASH));
        }
        stage.done(fund(360 * ONE_CASH));
        for (long, short) in [(0, 1), (3, 2)] {
            stage.done(trade(Some(long), Some(short), ETH, ONE_ETH, at(2_000)));
        }
        let legs = orders(&stage.price(ETH, at(1_600)));
        assert_eq!(legs.iter().map(|leg| leg.account).collect::<Vec<_>>(), [0, 3]);
        stage.done(fill(legs[1].leg, ONE_ETH, at(1_520) + more, true));
        assert_eq!(stage.fund_balance(), 180_000_000 + i128::try_from(more).unwrap());
        stage.wait(wait);
        stage.done(fill(legs[0].leg, 0, 0, true));
        // Account 0 lacks 100, which the fund could pay.
        let closed = stage.own(0, Unit::token(ETH)) == 0;
        assert_eq!(closed, asked, "{more} more after {wait}");
        let losses = stage.engine.losses()[&CASH];
        assert_eq!(losses.deleveraged, if asked { 100 * ONE_CASH } else { 0 });
        assert_eq!(losses.insurance, 180 * ONE_CASH - more);
        let bytes = stage.engine.encode().unwrap();
        let restored = Engine::restore(&bytes, Arc::new(Shelf)).unwrap();
        assert_eq!(restored.state_hash(), stage.engine.state_hash());
    }
}

#[test]
fn the_sessions_winners_pay_in_proportion_to_what_they_have_gained() {
    let backstop = BackstopPolicy {
        insurance: true,
        socialise: Socialise::Session,
        ..BackstopPolicy::default()
    };
    // Account 1 gained 300 before the session began, and 100 in it; account 2 the same, and had half
    // of it closed.
    let mut stage = stage(backstop, 40);
    stage.price(ETH, at(1_700));
    let order = stage.engine.open_legs().keys().next().copied();
    assert_eq!(order, Some(1));
    stage.done(Body::Call(Call::Settle { contract: ETH }));
    stage.done(trade(Some(2), None, ETH, ONE_ETH / 2, at(1_700)));
    let before = [1, 2, 3].map(|account| stage.own(account, Unit::token(CASH)));
    stage.wait(SECOND);
    stage.price(ETH, at(1_600));
    stage.done(fill(1, ONE_ETH, at(1_615), true));
    // 85 lost: the fund has 40, the rest is spread as 100 to 50; account 3 has gained nothing.
    let found = stage.engine.losses()[&CASH];
    assert_eq!((found.deficit, found.insurance), (85 * ONE_CASH, 40 * ONE_CASH));
    assert_eq!((found.socialised, found.outstanding), (45 * ONE_CASH, 0));
    let after = [1, 2, 3].map(|account| stage.own(account, Unit::token(CASH)));
    let paid: Vec<i128> = before.iter().zip(after).map(|(was, is)| was - is).collect();
    assert_eq!(paid, [30_000_000, 15_000_000, 0]);
}

#[test]
fn what_the_session_has_not_gained_stays_with_nobody_until_the_fund_can_cover() {
    let backstop = BackstopPolicy {
        insurance: true,
        socialise: Socialise::Session,
        ..BackstopPolicy::default()
    };
    let mut stage = stage(backstop, 0);
    stage.price(ETH, at(1_650));
    stage.done(Body::Call(Call::Settle { contract: ETH }));
    stage.price(ETH, at(1_640));
    // 350 lost of 300, and 40 more below the mark; two winners have gained 10 each since.
    stage.done(fill(1, ONE_ETH, at(1_600), true));
    let found = stage.engine.losses()[&CASH];
    assert_eq!((found.deficit, found.socialised), (100 * ONE_CASH, 20 * ONE_CASH));
    assert_eq!(found.outstanding, 80 * ONE_CASH);
    let owed = stage.balance(Holder::Outstanding, Unit::token(CASH));
    assert_eq!(owed, -80_000_000);
    assert_eq!(stage.refused(cover(1)), Rejection::InsufficientBalance);
    stage.done(fund(100 * ONE_CASH));
    stage.done(cover(u128::MAX));
    let found = stage.engine.losses()[&CASH];
    assert_eq!((found.insurance, found.outstanding), (80 * ONE_CASH, 0));
    assert_eq!(stage.fund_balance(), 20_000_000);
    assert_eq!(stage.refused(cover(1)), Rejection::NothingToCover);
}

#[test]
fn without_anybody_the_whole_loss_is_named_as_nobodys() {
    let mut stage = stage(BackstopPolicy::default(), 1_000);
    sold_whole(&mut stage);
    let found = stage.engine.losses()[&CASH];
    assert_eq!((found.deficit, found.outstanding), (100 * ONE_CASH, 100 * ONE_CASH));
    assert_eq!(stage.fund_balance(), 1_000_000_000, "a policy without insurance leaves the fund");
    assert!(stage.engine.ledger().holdings(AccountId(0)).is_empty());
}
