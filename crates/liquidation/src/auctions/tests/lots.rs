//! How much is offered: by number, by value in whole lots, by what a format can count.

use super::*;
use crate::Policy;

/// Lots of 500 of the numeraire: 0.2777... of the lot asset.
fn policy() -> Policy {
    Policy { lot_value: 50_000_000_000, ..Policy::guarded() }
}

const ONE: u128 = 1_000_000_000_000_000_000;
const LOT_UNITS: u128 = 277_777_777_777_777_778;

fn offered(terms: &AuctionTerms, quantity: u128, others: OnAuction) -> Option<u128> {
    let pool = Pool::plain();
    let opening = pool.offer(&policy(), terms, quantity, others).unwrap();
    opening.map(|opening| opening.at_mark.quantity)
}

fn bounded(open_max: u32, value_max: u128) -> AuctionTerms {
    AuctionTerms { open_max, value_max, ..terms(Format::Dutch(DUTCH), Raises::Most) }
}

#[test]
fn by_number() {
    for (count, expected) in [(0, Some(ONE)), (1, Some(ONE)), (2, None), (3, None)] {
        assert_eq!(offered(&bounded(2, 0), ONE, OnAuction { count, value: 0 }), expected);
    }
}

#[test]
fn by_value_to_the_unit() {
    // One of the lot is worth 1,800 of the numeraire, at eight decimals.
    let whole = 180_000_000_000;
    let room =
        |room: u128| offered(&bounded(9, 1_000 + room), ONE, OnAuction { count: 1, value: 1_000 });
    assert_eq!(room(whole), Some(ONE));
    assert_eq!(room(whole - 1), Some(3 * LOT_UNITS), "a unit too little for all of it");
    assert_eq!(room(3 * 50_000_000_000), Some(2 * LOT_UNITS), "lots are rounded up");
    assert_eq!(room(3 * 50_000_000_000 + 1), Some(3 * LOT_UNITS));
    assert_eq!(room(50_000_000_000 - 1), None, "less than a lot");
    assert_eq!(room(0), None);
    let full = OnAuction { count: 1, value: 2_000 };
    assert_eq!(offered(&bounded(9, 1_000), ONE, full), None, "more than the bound already");
}

#[test]
fn one_lot_always_where_nothing_else_is() {
    let alone = OnAuction::default();
    assert_eq!(offered(&bounded(9, 1), ONE, alone), Some(LOT_UNITS));
    // The last of a holding may be less than a lot.
    assert_eq!(offered(&bounded(9, 1), LOT_UNITS - 1, alone), Some(LOT_UNITS - 1));
}

#[test]
fn a_batch_takes_what_it_can_count() {
    let end = 1u128 << 96;
    let money = Pool::new((18, 18), Price::new(1, 0), None);
    let batch =
        |reserve_bps| terms(Format::Batch(BatchTerms { reserve_bps, ..BATCH }), Raises::Most);
    let quantity = |terms: &AuctionTerms, quantity| {
        let opening = money.offer(&policy(), terms, quantity, OnAuction::default());
        let opening = opening.unwrap().unwrap();
        // And what is offered can be opened.
        terms.open(&money.view(), &opening).unwrap();
        opening.at_mark.quantity
    };
    assert_eq!(quantity(&batch(0), end - 1), end - 1);
    assert_eq!(quantity(&batch(0), end), end >> 1);
    assert_eq!(quantity(&batch(0), u128::MAX), end - 1);
    // The reserve counts too: twice the mark has a bit more.
    assert_eq!(quantity(&batch(20_000), end - 1), (end - 1) >> 1);
    let other = terms(Format::Dutch(DUTCH), Raises::Most);
    assert_eq!(quantity(&other, end), end);
}

#[test]
fn what_is_wanted() {
    let pool = Pool::plain();
    let wanted = |pool: &Pool, raises| {
        let terms = terms(Format::Dutch(DUTCH), raises);
        let opening = pool.offer(&policy(), &terms, ONE, OnAuction::default());
        opening.unwrap().unwrap().wanted
    };
    assert_eq!(wanted(&pool, Raises::Most), None);
    assert_eq!(wanted(&pool, Raises::Debt), Some(1_500_000_000));
    // Sold for another reason than a debt in this asset: there is nothing to stop at.
    let free = Pool { owed: 0, ..Pool::plain() };
    assert_eq!(wanted(&free, Raises::Debt), None);
}

/// Dust that is worth nothing in the money is offered like everything else.
#[test]
fn dust() {
    let pool = Pool::plain();
    for terms in all() {
        let mut auction = pool.open(&terms, 3);
        assert_eq!(auction.running.fair, 0, "{terms:?}");
        let bid = match terms.format {
            Format::English(_) => Bid::Raise { amount: 1 },
            Format::Dutch(_) => Bid::Take { quantity: 3, price_max: Price::new(10_000, 0) },
            Format::Sealed(_) => Bid::Commit { digest: [0; 32] },
            Format::Batch(_) => Bid::Order { pay: 2, min_receive: 3 },
        };
        assert!(auction.bid(7, bid).is_ok(), "{terms:?}");
    }
}
