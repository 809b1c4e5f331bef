//! An exchange: longs and shorts, orders and fills, and losses that reach others.

use super::stage::*;
use crate::why::record::{BearerKind, Cause, Did, Receiver, Taker};
use breakwater_engine::Body;
use breakwater_liquidation::backstop::Deleverage;
use breakwater_liquidation::policy::{BackstopPolicy, Socialise};
use breakwater_liquidation::{Call, CallState, Close, Policy, Seller};
use breakwater_market::MarketId;
use breakwater_money::{AccountId, AssetId, Holder, Price, Unit};

const ONE: u128 = 1_000_000;
const CASH: AssetId = AssetId(0);
const BTC: AssetId = AssetId(1);

fn sells(backstop: BackstopPolicy) -> Policy {
    Policy {
        seller: Seller::Venue,
        close: Close::Full,
        slippage_bps: 2_000,
        backstop,
        ..Policy::as_is()
    }
}

fn insured() -> BackstopPolicy {
    BackstopPolicy { insurance: true, ..BackstopPolicy::default() }
}

/// Account 0 buys 0.1 of the contract from account 1 at 50,000, each with its margin.
fn traded(policy: Policy, long: u128, short: u128) -> Stage {
    let mut stage = Stage::exchange(policy, &["long", "short", "rich"]);
    stage.done(deposit(0, 0, long));
    stage.done(deposit(1, 0, short));
    let (buyer, seller) = (Some(AccountId(0)), Some(AccountId(1)));
    let price = Price::new(5_000_000, 2);
    stage.done(Body::Call(Call::Trade { buyer, seller, contract: BTC, quantity: 100, price }));
    stage.now += SECOND;
    stage
}

#[test]
fn longs_and_shorts_know_the_least_that_would_have_kept_them() {
    for (account, fallen) in [(0u32, 4_000_000u128), (1, 6_500_000)] {
        let mut stage = traded(sells(insured()), 1_000 * ONE, 1_000 * ONE);
        stage.price(0, fallen, 2);
        let fall = stage.fall(account);
        assert_eq!(fall.causes, [Cause::Price(MarketId(0))]);
        let quoted = fall.markets[0];
        let clear = quoted.clear.unwrap();
        assert_eq!(clear.safe_above, account == 0);
        let worse = if clear.safe_above { clear.price.raw - 1 } else { clear.price.raw + 1 };
        assert!(!stage.with_last_price(clear.price.raw).called(account));
        assert!(stage.with_last_price(worse).called(account), "one tick further");
        // The exact line leaves out the roundings of health: never further than a tick away.
        assert!(quoted.line.unwrap().price.raw.abs_diff(clear.price.raw) <= 1);
        // Equality is a breach here, so that the shortfall alone is not enough.
        let top_up = fall.top_up.unwrap();
        assert_eq!(top_up, fall.after.health.unwrap().shortfall + 1);
        assert!(!stage.with_before_last(deposit(account, 0, top_up)).called(account));
        assert!(stage.with_before_last(deposit(account, 0, top_up - 1)).called(account));
    }
}

#[test]
fn a_sale_is_told_from_its_order_to_its_fee() {
    let mut stage = traded(sells(insured()), 1_000 * ONE, 1_000 * ONE);
    stage.price(0, 4_010_000, 2);
    let leg = *stage.engine.open_legs().keys().next().unwrap();
    stage.done(fill(leg, 100, 4_008 * ONE, true));
    let story = stage.story(0);
    let steps: Vec<_> = story.steps.kept().collect();
    assert!(matches!(steps[0].did, Did::Ordered { sale, .. } if sale.quantity == 100));
    assert!(matches!(steps[1].did, Did::Sold { buy_back: false, .. }));
    assert_eq!((steps.len(), steps[1].state), (2, CallState::Closed));
    // 2 lost of 4,010 at the mark; the 8 left of the margin do not pay the whole fee of 50.1.
    let sums = &story.sums;
    assert_eq!(sums.lost[&Taker::Market], i128::try_from(2 * ONE).unwrap());
    assert_eq!(sums.lost(), i128::try_from(10 * ONE).unwrap());
    let fund = stage.engine.ledger().balance(Holder::Insurance, Unit::token(CASH));
    assert_eq!(sums.fees[&(Receiver::Insurance, CASH)], fund.unsigned_abs());
    assert!(fund > 0);
    let (before, after) = (story.before.unwrap().worth(), story.last.unwrap().1.worth());
    assert_eq!(before, i128::try_from(1_000 * ONE).unwrap());
    // A fall of 9,900 on a tenth is the price's part.
    assert_eq!(before - after - sums.lost(), i128::try_from(990 * ONE).unwrap());
    assert_eq!(story.liquidated.unwrap().sequence, stage.commands.len() as u64);
}

#[test]
fn a_short_buys_back_and_pays_the_market() {
    let mut stage = traded(sells(insured()), 1_000 * ONE, 1_000 * ONE);
    stage.price(0, 5_990_000, 2);
    let leg = *stage.engine.open_legs().keys().next().unwrap();
    stage.done(fill(leg, 100, 6_000 * ONE, true));
    let story = stage.story(1);
    assert!(story.steps.kept().any(|s| matches!(s.did, Did::Sold { buy_back: true, .. })));
    assert_eq!(story.sums.lost[&Taker::Market], i128::try_from(10 * ONE).unwrap());
    assert_eq!(story.sums.given[&CASH], 6_000 * ONE);
    assert_eq!(story.sums.got[&BTC], 100);
}

#[test]
fn a_winner_that_is_deleveraged_knows_by_whom() {
    let backstop = BackstopPolicy { deleverage: Some(Deleverage::Queue), ..insured() };
    let mut stage = traded(sells(backstop), 500 * ONE, 5_000 * ONE);
    stage.price(0, 4_000_000, 2);
    let leg = *stage.engine.open_legs().keys().next().unwrap();
    stage.done(fill(leg, 0, 0, true));
    let (loser, winner) = (stage.story(0), stage.story(1));
    let closed = loser.steps.kept().find(|s| matches!(s.did, Did::ClosedAgainst { .. })).unwrap();
    // At the price that leaves it with nothing, 45,000, and not at the mark of 40,000.
    let Did::ClosedAgainst { winner: against, price, .. } = &closed.did else { unreachable!() };
    assert_eq!((against.0, price.raw), (1, 4_500_000));
    assert_eq!(closed.lost(), -i128::try_from(500 * ONE).unwrap());
    assert_eq!(loser.sums.borne[&(BearerKind::Deleveraged, CASH)], 500 * ONE);
    let told = winner.steps.kept().find_map(|step| match &step.did {
        Did::Deleveraged { bankrupt, quantity, queued, .. } => {
            Some((bankrupt.0, quantity.raw, queued.place, queued.of, queued.held, step.lost()))
        }
        _ => None,
    });
    assert_eq!(told, Some((0, 100, 1, 1, 100, i128::try_from(500 * ONE).unwrap())));
    assert_eq!((winner.sums.deleveraged, winner.sums.liquidations), (1, 0));
    assert_eq!(winner.sums.bore[&CASH], 500 * ONE);
    assert!(winner.called.is_none() && winner.liquidated.is_none());
}

#[test]
fn a_share_of_anothers_loss_is_named_as_the_cause() {
    let backstop = BackstopPolicy { socialise: Socialise::Cash, ..BackstopPolicy::default() };
    let mut stage = traded(sells(backstop), 500 * ONE, 5_000 * ONE);
    // Account 2 is long as well, against the outside: at 40,000 it has 100 and needs 16.
    stage.done(deposit(2, 0, 1_100 * ONE));
    let (buyer, seller, price) = (Some(AccountId(2)), None, Price::new(5_000_000, 2));
    stage.done(Body::Call(Call::Trade { buyer, seller, contract: BTC, quantity: 100, price }));
    stage.price(0, 4_000_000, 2);
    assert!(!stage.called(2));
    let leg = *stage.engine.open_legs().keys().next().unwrap();
    stage.done(fill(leg, 100, 3_900 * ONE, true));
    // A loss of 600 over 6,100 of cash, of which it has 1,100.
    let story = stage.story(2);
    let share = story.sums.bore[&CASH];
    assert!(share.abs_diff(600 * ONE * 11 / 61) <= 1, "{share}");
    let fall = story.called.unwrap().crossing.unwrap();
    assert_eq!(fall.causes, [Cause::Socialised]);
    assert!(fall.markets[0].line.is_some(), "its line before");
    assert_eq!(fall.markets[0].before, fall.markets[0].after);
    assert!(story.steps.kept().any(|s| matches!(s.did, Did::Bore { of, .. } if of.0 == 0)));
    assert_eq!(stage.story(0).sums.borne[&(BearerKind::Socialised, CASH)], 600 * ONE);
}

#[test]
fn a_loss_is_borne_by_the_fund_and_the_rest_by_nobody() {
    let mut stage = traded(sells(insured()), 500 * ONE, 5_000 * ONE);
    stage.done(Body::FundInsurance { asset: CASH, amount: 100 * ONE });
    stage.price(0, 4_000_000, 2);
    let leg = *stage.engine.open_legs().keys().next().unwrap();
    stage.done(fill(leg, 100, 3_900 * ONE, true));
    let story = stage.story(0);
    assert_eq!(story.sums.deficit[&CASH], 600 * ONE);
    assert_eq!(story.sums.borne[&(BearerKind::Insurance, CASH)], 100 * ONE);
    assert_eq!(story.sums.borne[&(BearerKind::Outstanding, CASH)], 500 * ONE);
    assert_eq!(story.steps.kept().last().unwrap().state, CallState::Bankrupt);
}
