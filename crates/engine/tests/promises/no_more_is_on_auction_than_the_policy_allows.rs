//! What may be on auction at once is bounded by number and by value: what does not fit waits, is cut to
//! whole lots, and is offered when there is room; and nobody's lot is too large to be sold at all.

use crate::support::auctions::*;
use crate::support::stage::*;
use breakwater_engine::{Body, Outcome, What};
use breakwater_liquidation::auctions::{BatchTerms, Format, Raises};
use breakwater_liquidation::{AssetKind, AuctionTerms, CallState, Policy};
use breakwater_money::{AssetId, Holder, Unit};

/// Account and quantity of everything that was put on auction.
fn opened(outcome: &Outcome) -> Vec<(u32, u128)> {
    let opened = outcome.facts().filter_map(|what| match what {
        What::AuctionOpened { account, sale, .. } => Some((account.0, sale.quantity)),
        _ => None,
    });
    opened.collect()
}

/// Three accounts that owe 1,500 against an ETH each, at 1,800.
fn three(policy: Policy) -> (Stage, Outcome) {
    let mut stage = Stage::lending("", policy, 4);
    for account in 1..=3 {
        stage.owes(account, ETH, ONE_ETH, at(1_500));
    }
    let told = stage.price(ETH, at(1_800));
    (stage, told)
}

fn descending(open_max: u32, value_max: u128) -> AuctionTerms {
    AuctionTerms { open_max, value_max, ..terms(Format::Dutch(DUTCH), Raises::Most) }
}

#[test]
fn by_number() {
    let (mut stage, told) = three(auctions(descending(2, 0)));
    assert_eq!(opened(&told), [(1, ONE_ETH), (2, ONE_ETH)]);
    assert_eq!(opened(&stage.again(ETH)), []);
    stage.done(take(7, ONE_ETH, 9_999));
    // The third has waited for room, and is looked at with the next price.
    assert_eq!(opened(&stage.again(ETH)), [(3, ONE_ETH)]);
    assert_eq!(stage.state(3), CallState::Called);
}

#[test]
fn by_value_in_whole_lots() {
    // Room for 4,000; lots of 500 are 0.2777... ETH each.
    let policy = Policy { lot_value: at(500), ..auctions(descending(9, at(4_000))) };
    let (mut stage, told) = three(policy);
    // Six lots would be 1.66 ETH: all of one is less than that, and nothing owed needs 0.85 at 2 % less.
    let lot = (500 * ONE_ETH).div_ceil(1_800);
    assert_eq!(opened(&told), [(1, ONE_ETH), (2, ONE_ETH)]);
    let value: u128 = stage.engine.auctions().values().map(|running| running.value).sum();
    assert_eq!(value, at(3_600));
    // Less than a lot is room for nothing.
    assert_eq!(opened(&stage.again(ETH)), []);
    stage.done(bid_in(1, 7));
    assert_eq!(opened(&stage.again(ETH)), [(3, ONE_ETH)]);
    let policy = Policy { lot_value: at(500), ..auctions(descending(9, at(3_000))) };
    let (stage, told) = three(policy);
    // 1,200 are left for the second: two lots of it.
    assert_eq!(opened(&told), [(1, ONE_ETH), (2, 2 * lot)]);
    assert_eq!(stage.engine.auctions()[&2].fair, 2 * lot * at(1_800) / ONE_ETH);
}

fn bid_in(auction: u64, bidder: u64) -> Body {
    let price_max = breakwater_money::Price::new(at(9_999), 6);
    bid(auction, bidder, breakwater_liquidation::Bid::Take { quantity: ONE_ETH, price_max })
}

#[test]
fn a_lot_that_is_dearer_than_the_bound_is_offered_where_nothing_else_is() {
    let policy = Policy { lot_value: at(500), ..auctions(descending(9, at(100))) };
    let (mut stage, told) = three(policy);
    let lot = (500 * ONE_ETH).div_ceil(1_800);
    assert_eq!(opened(&told), [(1, lot)]);
    stage.done(bid_in(1, 7));
    assert_eq!(opened(&stage.again(ETH)).len(), 1);
}

/// Values are in the numeraire, whatever decimals the marks have.
#[test]
fn the_value_of_what_is_on_auction_is_in_the_numeraire() {
    let (stage, _) = three(auctions(descending(9, 0)));
    for running in stage.engine.auctions().values() {
        assert_eq!((running.value, running.fair), (at(1_800), at(1_800)));
    }
}

/// A batch counts in 96 bits: half of a lot beyond them is offered, then the next.
#[test]
fn a_lot_beyond_what_a_batch_can_count_is_offered_in_parts() {
    let batch = BatchTerms { reserve_bps: 0, ..BATCH };
    let policy = auctions(terms(Format::Batch(batch), Raises::Most));
    let mut stage = Stage::empty();
    let dust = AssetId(1);
    stage.done(asset("CASH", 6, AssetKind::Token));
    stage.done(asset("DUST", 28, AssetKind::Token));
    stage.done(market("DUST/CASH", dust));
    for owner in ["lender", "owner"] {
        stage.done(open(owner));
    }
    stage.done(install(crate::support::lending::RULE, "", policy));
    stage.price(dust, at(100));
    stage.done(deposit(0, CASH, at(1_000_000)));
    // Twenty whole units of 28 decimals are more than 2^96 base units.
    let lot = 20 * 10u128.pow(28);
    assert!(lot > 1 << 96);
    stage.owes(OWNER, dust, lot, at(1_500));
    let told = stage.price(dust, at(90));
    let [(account, part)] = opened(&told)[..] else { panic!("{told:?}") };
    assert_eq!(account, OWNER);
    assert!(part < 1 << 96 && part > 1 << 94, "{part}");
    stage.done(order(7, 300, part / 2));
    for _ in 0..2 {
        stage.wait(10 * SECOND);
        stage.price(dust, at(90));
    }
    assert_eq!(stage.own(OWNER, Unit::debt(CASH)), at(1_200).cast_signed());
    assert_eq!(stage.balance(Holder::Escrow, Unit::token(CASH)), 0);
    assert!(stage.engine.auctions().contains_key(&2), "the rest is offered");
}
