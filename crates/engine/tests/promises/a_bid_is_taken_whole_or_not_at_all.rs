//! Every refusal of a bid, by its number; the stage compares the state's hash around each of them. What
//! is refused pays nothing in and leaves no mark.

use crate::support::auctions::*;
use crate::support::stage::*;
use breakwater_engine::{Body, What};
use breakwater_liquidation::auctions::{EnglishTerms, Extension, Format, Raises, SealedTerms};
use breakwater_liquidation::{AuctionTerms, Bid, Rejection};
use breakwater_money::Price;

const BIDS: fn() -> [Bid; 8] = || {
    [
        Bid::Raise { amount: at(1_000) },
        Bid::Shrink { lot: 1 },
        Bid::Take { quantity: 1, price_max: Price::new(at(9_999), 6) },
        Bid::Commit { digest: [0; 32] },
        Bid::Reveal { amount: 1, salt: [0; 32] },
        Bid::Order { pay: at(1_000), min_receive: 1 },
        Bid::Withdraw { pay: 1, min_receive: 1 },
        Bid::Pay,
    ]
};

/// 601: no such auction, over, or a leg that is sold into a market.
#[test]
fn an_unknown_auction() {
    let mut stage = most(Format::Dutch(DUTCH));
    for number in [0, 2, u64::MAX] {
        let refused = stage.refused_because(bid(number, 7, Bid::Pay));
        assert_eq!(refused.rejection, Rejection::UnknownAuction);
        assert!(refused.detail.contains(&number.to_string()), "{refused}");
    }
    stage.done(take(7, ONE_ETH, 9_999));
    assert_eq!(stage.refused(take(7, ONE_ETH, 9_999)), Rejection::UnknownAuction);
    let mut market = lent(venue_sells(), 2);
    let leg = orders(&market.price(ETH, at(1_800)))[0].leg;
    assert_eq!(market.refused(bid(leg, 7, Bid::Pay)), Rejection::UnknownAuction);
    // Nor does a market report of what is auctioned.
    let mut stage = most(Format::Dutch(DUTCH));
    assert_eq!(stage.refused(fill(1, 1, at(1), false)), Rejection::UnknownLeg);
}

/// 602: each format understands its own bids and no others.
#[test]
fn a_bid_of_another_format() {
    let understood: [(Format, &[&str]); 4] = [
        (FORMATS[0], &["raise", "shrink", "pay"]),
        (FORMATS[1], &["take"]),
        (FORMATS[2], &["commit", "reveal"]),
        (FORMATS[3], &["order", "withdraw"]),
    ];
    for (format, own) in understood {
        for foreign in BIDS().into_iter().filter(|bid| !own.contains(&bid.kind())) {
            let refused = most(format).refused_because(bid(1, 7, foreign));
            assert_eq!(refused.rejection, Rejection::WrongFormat, "{foreign:?}");
            assert_eq!(refused.detail, foreign.kind());
        }
    }
    // A lot that is sold whole does not shrink.
    assert_eq!(most(FORMATS[0]).refused(shrink(7, 1)), Rejection::WrongFormat);
}

/// 603: too early or too late for it.
#[test]
fn a_bid_at_the_wrong_time() {
    let over = Rejection::AuctionOver;
    let mut stage = most(Format::English(ENGLISH));
    stage.done(raise(7, 1_000));
    stage.wait(10 * SECOND - 1);
    stage.done(raise(8, 1_100));
    stage.wait(10 * SECOND);
    // Nobody has looked yet, and it has been won all the same.
    assert_eq!(stage.refused(raise(7, 1_500)), over);
    // The lot shrinks once all that is wanted is bid.
    assert_eq!(debt(Format::English(ENGLISH)).refused(shrink(7, ONE_ETH / 2)), over);
    let mut stage = most(Format::Sealed(SEALED));
    stage.done(commit(1, 7, at(1_000)));
    assert_eq!(stage.refused(reveal(1, 7, at(1_000))), over);
    stage.wait(10 * SECOND - 1);
    stage.done(commit(1, 8, at(1_000)));
    stage.wait(1);
    let late = stage.refused_because(commit(1, 9, at(1_000)));
    assert_eq!(late.rejection, over);
    assert!(late.detail.contains("10000000000 ns"), "{late}");
    stage.done(reveal(1, 7, at(1_000)));
    stage.wait(10 * SECOND);
    assert_eq!(stage.refused(reveal(1, 8, at(1_000))), over);
    let mut stage = most(Format::Batch(BATCH));
    stage.wait(20 * SECOND - 1);
    stage.done(order(7, 1_000, ONE_ETH / 2));
    stage.wait(1);
    assert_eq!(stage.refused(order(8, 1_000, ONE_ETH / 2)), over);
    let mut stage = most(Format::Dutch(DUTCH));
    stage.live(50);
    stage.wait(SECOND);
    assert_eq!(stage.refused(take(7, ONE_ETH, 9_999)), over);
}

/// 604, see also the promise about standing still.
#[test]
fn a_bid_while_it_stands_still() {
    for format in FORMATS {
        let mut stage = most(format);
        stage.done(Body::Halt { on: true });
        for any in BIDS() {
            assert_eq!(stage.refused(bid(1, 7, any)), Rejection::AuctionPaused);
        }
    }
}

/// 605: the opening, the standing bid, the step, a batch's lowest price.
#[test]
fn a_bid_that_is_too_low() {
    let low = Rejection::BidTooLow;
    let mut stage = most(Format::English(ENGLISH));
    let amount = |amount| bid(1, 7, Bid::Raise { amount });
    assert_eq!(stage.refused(amount(0)), low);
    assert_eq!(stage.refused(amount(at(900) - 1)), low);
    stage.done(amount(at(900)));
    assert_eq!(stage.refused(amount(at(900))), low);
    assert_eq!(stage.refused(amount(at(945) - 1)), low);
    stage.done(amount(at(945)));
    let mut stage = debt(Format::English(ENGLISH));
    let refused = stage.refused_because(amount(at(1_500) + 1));
    assert_eq!(refused.rejection, Rejection::BadParameter);
    assert!(refused.detail.contains("at most 1500000000"), "{refused}");
    stage.done(amount(at(1_500) - 1));
    // All that is wanted is always enough.
    stage.done(amount(at(1_500)));
    assert_eq!(stage.refused(amount(at(1_500))), low);
    assert_eq!(stage.refused(shrink(8, ONE_ETH)), low);
    // A twentieth less than 1.05 times: one unit more is too little.
    let least = ONE_ETH * 100 / 105;
    assert_eq!(stage.refused(shrink(8, least + 1)), low);
    stage.done(shrink(8, least));
    assert_eq!(stage.refused(shrink(8, 0)), Rejection::AmountZero);
    let mut stage = most(Format::Batch(BATCH));
    assert_eq!(stage.refused(order(7, 900, ONE_ETH)), low);
    stage.done(bid(1, 7, Bid::Order { pay: at(900) + 1, min_receive: ONE_ETH }));
}

/// 606 and 607: descending.
#[test]
fn a_take_that_is_too_dear_or_leaves_too_little() {
    let mut stage = debt(Format::Dutch(DUTCH));
    let take_at = |quantity, raw| bid(1, 7, Bid::Take { quantity, price_max: Price::new(raw, 6) });
    assert_eq!(stage.refused(take_at(ONE_ETH, at(2_160) - 1)), Rejection::PriceAboveLimit);
    assert_eq!(stage.refused(take_at(0, at(2_160))), Rejection::AmountZero);
    stage.price(ETH, at(1_000));
    stage.price(ETH, at(600));
    stage.live(20);
    // 1,500 are wanted at 1,728 each: 1,400 are 0.8101..., which would leave less than 150.
    let told = stage.done(take_at(82 * ONE_ETH / 100, at(1_728)));
    let left = told.facts().find_map(|what| match what {
        What::LotSold { paid, .. } => Some(at(1_500) - paid),
        _ => None,
    });
    assert_eq!(left, Some(at(150)), "cut so that just the least remains");
    let refused = stage.refused(take_at(ONE_ETH / 100, at(1_728)));
    assert_eq!(refused, Rejection::PartTooSmall);
    stage.done(take_at(ONE_ETH, at(1_728)));
}

/// 608: sealed.
#[test]
fn a_seal_that_is_broken() {
    let broken = Rejection::SealBroken;
    let mut stage = most(Format::Sealed(SEALED));
    stage.done(commit(1, 7, at(1_000)));
    assert_eq!(stage.refused(commit(1, 7, at(1_000))), broken);
    stage.done(commit(1, 8, 0));
    // A digest that was copied is no use to whoever copied it.
    let Body::Bid { bid: copied, .. } = commit(1, 7, at(1_000)) else { panic!("a bid") };
    stage.done(bid(1, 9, copied));
    stage.wait(10 * SECOND);
    assert_eq!(stage.refused(reveal(1, 7, at(1_001))), broken);
    assert_eq!(stage.refused(bid(1, 9, Bid::Reveal { amount: at(1_000), salt: salt(7) })), broken);
    assert_eq!(stage.refused(reveal(1, 10, at(1_000))), broken);
    assert_eq!(stage.refused(reveal(1, 8, 0)), Rejection::AmountZero);
    stage.done(reveal(1, 7, at(1_000)));
    assert_eq!(stage.refused(reveal(1, 7, at(1_000))), broken);
}

/// 609: nobody pays before an award, nor for another.
#[test]
fn a_payment_by_somebody_else() {
    let mut stage = most(Format::English(WITH_DEPOSIT));
    assert_eq!(stage.refused(pay(7)), Rejection::NotWinner);
    stage.done(raise(7, 1_000));
    assert_eq!(stage.refused(pay(7)), Rejection::NotWinner);
    stage.live(10);
    assert_eq!(stage.refused(pay(8)), Rejection::NotWinner);
    stage.wait(21 * SECOND);
    assert_eq!(stage.refused(pay(7)), Rejection::AuctionOver);
    // Where bids are paid in full nothing is awarded.
    let mut stage = most(Format::English(ENGLISH));
    stage.done(raise(7, 1_000));
    assert_eq!(stage.refused(pay(7)), Rejection::NotWinner);
}

/// 610, see also the promise about what is bid for.
#[test]
fn a_withdrawal_of_what_is_bid_for() {
    let mut stage = most(Format::English(ENGLISH));
    stage.done(raise(7, 1_000));
    assert_eq!(stage.refused(withdraw(OWNER, ETH, 1)), Rejection::LotOnAuction);
}

#[test]
fn an_order_that_is_none() {
    let mut stage = most(Format::Batch(BATCH));
    stage.done(order(7, 1_000, ONE_ETH / 2));
    let bad = Rejection::BadParameter;
    assert_eq!(stage.refused(order(7, 1_000, ONE_ETH / 2)), bad);
    assert_eq!(stage.refused(order(7, 1_000, 0)), bad);
    assert_eq!(stage.refused(bid(1, 8, Bid::Order { pay: 0, min_receive: 1 })), bad);
    assert_eq!(stage.refused(bid(1, 8, Bid::Order { pay: 1 << 96, min_receive: 1 })), bad);
    assert_eq!(stage.refused(withdraw_order(7, 1_000, 1)), Rejection::UnknownOrder);
    assert_eq!(stage.refused(withdraw_order(8, 1_000, ONE_ETH / 2)), Rejection::UnknownOrder);
    stage.done(withdraw_order(7, 1_000, ONE_ETH / 2));
    assert_eq!(stage.refused(withdraw_order(7, 1_000, ONE_ETH / 2)), Rejection::UnknownOrder);
}

/// Story of bids that were refused for their size and stood all the same.
#[test]
fn money_that_cannot_be_held_is_not_taken_in() {
    let too_much = [u128::MAX, 1 << 127];
    for amount in too_much {
        let mut stage = most(Format::English(ENGLISH));
        assert_eq!(stage.refused(bid(1, 7, Bid::Raise { amount })), Rejection::Overflow);
        assert!(!stage.engine.auctions()[&1].has_bids());
        // What is there already counts: two that fit alone do not fit together.
        let most_held = i128::MAX.unsigned_abs() - at(10_000_000);
        stage.done(bid(1, 7, Bid::Raise { amount: most_held }));
        let more = Bid::Raise { amount: u128::MAX };
        assert_eq!(stage.refused(bid(1, 8, more)), Rejection::Overflow);
        let mut stage = most(Format::Sealed(SEALED));
        stage.done(commit(1, 7, amount));
        stage.wait(10 * SECOND);
        assert_eq!(stage.refused(reveal(1, 7, amount)), Rejection::Overflow);
        let mut stage = most(Format::Batch(BATCH));
        let order = Bid::Order { pay: amount, min_receive: 1 };
        assert_eq!(stage.refused(bid(1, 7, order)), Rejection::Overflow);
        assert!(!stage.engine.auctions()[&1].has_bids());
    }
}

/// A late bid moves the end, up to a hard one.
#[test]
fn late_bids_move_the_end() {
    let extension = Extension { window_seconds: 5, by_seconds: 20, total_seconds_max: 30 };
    let format = EnglishTerms { lifetime_seconds: None, extension: Some(extension), ..ENGLISH };
    let mut stage = most(Format::English(format));
    stage.live(95);
    stage.done(raise(7, 1_000));
    stage.live(24);
    stage.done(raise(8, 1_100));
    stage.live(10);
    // 100, then 120, then 130 and no further.
    stage.done(raise(7, 1_200));
    assert!(stage.live(0).is_empty());
    let told = stage.live(1);
    assert!(told.contains(&What::LotSold {
        leg: 1,
        bidder: 7,
        quantity: ONE_ETH,
        paid: at(1_200)
    }));
}

/// A sealed auction may ask for no deposit, and then takes no money before the reveal.
#[test]
fn nothing_is_moved_for_nothing() {
    let free = SealedTerms { deposit_bps: 0, ..SEALED };
    let terms = AuctionTerms { ..terms(Format::Sealed(free), Raises::Most) };
    let mut stage = offered(terms);
    let told = auctioned(&stage.done(commit(1, 7, at(1_000))));
    assert!(matches!(told[..], [What::BidPlaced { paid_in: 0, .. }]));
    stage.live(20);
    assert!(stage.engine.auctions().is_empty(), "nobody has revealed");
    assert!(!stage.told().iter().any(|what| name(what) == "forfeited"));
}
