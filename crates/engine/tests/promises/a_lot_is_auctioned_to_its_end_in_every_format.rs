//! Each format from the price that opens an auction to the bearer of what it did not raise, told event
//! by event and to the unit.

use crate::support::auctions::*;
use crate::support::stage::*;
use breakwater_engine::What;
use breakwater_liquidation::auctions::{AuctionFormat, Format, Raises};
use breakwater_liquidation::effects::Bearer;
use breakwater_liquidation::{Bid, CallState, Fact};
use breakwater_money::{Amount, Unit};

/// The events of auctions among these.
fn only(told: Vec<What>) -> Vec<What> {
    told.into_iter().filter(is_of_auction).collect()
}

fn sold(bidder: u64, quantity: u128, paid: u128) -> What {
    What::LotSold { leg: 1, bidder, quantity, paid }
}

fn closed(unsold: u128) -> What {
    What::AuctionClosed { leg: 1, unsold }
}

fn refunded(bidder: u64, amount: u128) -> What {
    What::BidRefunded { leg: 1, bidder, amount }
}

fn debt_left(stage: &Stage) -> i128 {
    stage.own(OWNER, Unit::debt(CASH))
}

fn lot_left(stage: &Stage) -> i128 {
    stage.own(OWNER, Unit::supply(ETH))
}

#[test]
fn what_is_offered_is_told() {
    for format in FORMATS {
        let stage = most(format);
        let told = stage.told();
        let [What::AuctionOpened { leg, account, sale, format: kind, fair, wanted }] = &told[..]
        else {
            panic!("{told:?}")
        };
        assert_eq!((*leg, account.0, sale.asset, sale.quantity), (1, OWNER, ETH, ONE_ETH));
        assert_eq!((kind.name(), *fair, *wanted), (named(&format), at(1_800), None));
        assert_eq!(stage.engine.auctions()[&1].format(), *kind);
        assert_eq!(stage.engine.open_legs()[&1].filled, 0);
    }
    let told = debt(Format::Dutch(DUTCH)).told();
    assert!(
        matches!(told[0], What::AuctionOpened { wanted: Some(wanted), .. } if wanted == at(1_500))
    );
    let with_index = "rate_bps = 5000";
    let policy = auctions(terms(Format::Dutch(DUTCH), Raises::Debt));
    let mut stage = Stage::lending(with_index, policy, 2);
    stage.owes(OWNER, ETH, ONE_ETH, at(1_500));
    stage.wait(50 * SECOND);
    stage.price(ETH, at(1_800));
    let told = stage.told();
    let owed = stage.health(OWNER).requirement;
    assert!(owed > at(1_500), "interest has accrued");
    assert!(matches!(told[0], What::AuctionOpened { wanted: Some(wanted), .. } if wanted == owed));
}

#[test]
fn ascending_the_bid_that_nobody_beats_wins_and_the_rest_is_a_loss() {
    let mut stage = most(Format::English(ENGLISH));
    stage.done(fund(at(300)));
    assert_eq!(auctioned(&stage.done(raise(7, 1_000))), [bid_placed(7, at(1_000), at(1_000))]);
    let outbid = auctioned(&stage.done(raise(8, 1_100)));
    assert_eq!(outbid, [bid_placed(8, at(1_100), at(1_100)), refunded(7, at(1_000))]);
    // A leader who raises adds what is new.
    let more = auctioned(&stage.done(raise(8, 1_155)));
    assert_eq!(more, [bid_placed(8, at(1_155), at(55))]);
    assert_eq!(stage.escrow(), at(1_155).cast_signed());
    assert_eq!(only(stage.live(9)), []);
    stage.wait(SECOND);
    let end = stage.again(ETH);
    assert_eq!(auctioned(&end), [sold(8, ONE_ETH, at(1_155)), closed(0)]);
    assert_eq!((stage.escrow(), lot_left(&stage), debt_left(&stage)), (0, 0, 0));
    // Sold, and what is left of the debt finds its bearers in the same command.
    let told = facts(&end);
    assert!(
        matches!(told[0], Fact::Sold { proceeds, .. } if proceeds == Amount::new(CASH, at(1_155)))
    );
    let bearer = |bearer, amount| Fact::Borne {
        account: breakwater_money::AccountId(OWNER),
        bearer,
        amount: Amount::new(CASH, amount),
    };
    assert!(told.contains(&bearer(Bearer::Insurance, at(300))), "{told:?}");
    assert!(told.contains(&bearer(Bearer::Outstanding, at(45))), "{told:?}");
    assert_eq!(stage.state(OWNER), CallState::Bankrupt);
}

fn bid_placed(bidder: u64, amount: u128, paid_in: u128) -> What {
    What::BidPlaced { leg: 1, bidder, bid: Bid::Raise { amount }, paid_in }
}

#[test]
fn ascending_for_a_debt_the_lot_shrinks_and_the_rest_goes_home() {
    let mut stage = debt(Format::English(ENGLISH));
    stage.done(raise(7, 1_500));
    let nine = 9 * ONE_ETH / 10;
    let told = auctioned(&stage.done(shrink(8, nine)));
    assert_eq!(told[1], refunded(7, at(1_500)));
    stage.done(shrink(9, 85 * ONE_ETH / 100));
    let told = only(stage.live(10));
    assert_eq!(told, [sold(9, 85 * ONE_ETH / 100, at(1_500)), closed(15 * ONE_ETH / 100)]);
    assert_eq!(lot_left(&stage), (15 * ONE_ETH / 100).cast_signed());
    assert_eq!((debt_left(&stage), stage.escrow()), (0, 0));
    assert_eq!(stage.state(OWNER), CallState::Closed);
}

#[test]
fn ascending_without_a_bid_starts_again_and_then_goes_home() {
    let terms = breakwater_liquidation::AuctionTerms {
        restarts_max: 1,
        ..terms(Format::English(ENGLISH), Raises::Most)
    };
    let mut stage = offered(terms);
    assert_eq!(only(stage.live(99)), []);
    assert_eq!(only(stage.live(1)), [What::AuctionRestarted { leg: 1, restarts: 1 }]);
    assert_eq!(only(stage.live(99)), []);
    assert_eq!(only(stage.live(1)), [closed(ONE_ETH)]);
    assert!(stage.engine.open_legs().is_empty());
    // It is offered anew when a sale that failed is tried again.
    assert_eq!(only(stage.live(9)), []);
    let told = only(stage.live(1));
    assert!(matches!(told[..], [What::AuctionOpened { leg: 2, .. }]), "{told:?}");
}

#[test]
fn ascending_below_the_reserve_nothing_is_sold() {
    let reserved = breakwater_liquidation::auctions::EnglishTerms { reserve_bps: 7_000, ..ENGLISH };
    for (bid, sells) in [(1_259, false), (1_260, true)] {
        let mut stage = most(Format::English(reserved));
        stage.done(raise(7, bid));
        let told = only(stage.live(10));
        let expected = if sells {
            [sold(7, ONE_ETH, at(bid)), closed(0)]
        } else {
            [refunded(7, at(bid)), closed(ONE_ETH)]
        };
        assert_eq!(told, expected, "{bid}");
        assert_eq!(stage.escrow(), 0);
    }
}

#[test]
fn descending_parts_are_taken_until_what_is_owed_is_paid() {
    let mut stage = debt(Format::Dutch(DUTCH));
    // Far below, so that no part of the sale is a cure; the falling price does not follow.
    stage.price(ETH, at(1_000));
    assert_eq!(only(stage.live(20)), []);
    // 1.2 times 1,800, less a fifth.
    let half = auctioned(&stage.done(take(7, ONE_ETH / 2, 1_728)));
    assert_eq!(half[1..], [sold(7, ONE_ETH / 2, at(864))]);
    assert!(matches!(half[0], What::BidPlaced { paid_in, .. } if paid_in == at(864)));
    let open = &stage.engine.open_legs()[&1];
    assert_eq!((open.filled, open.leg.quantity), (ONE_ETH / 2, ONE_ETH));
    assert_eq!(debt_left(&stage), at(636).cast_signed());
    assert_eq!((stage.escrow(), lot_left(&stage)), (0, (ONE_ETH / 2).cast_signed()));
    stage.live(10);
    let rest = auctioned(&stage.done(take(8, ONE_ETH, 1_512)));
    let slice = 636 * ONE_ETH / 1_512;
    assert_eq!(rest[1..], [sold(8, slice, at(636)), closed(ONE_ETH / 2 - slice)]);
    assert_eq!((debt_left(&stage), stage.escrow()), (0, 0));
}

#[test]
fn descending_a_part_may_cure_and_what_is_left_is_called_off() {
    let mut stage = debt(Format::Dutch(DUTCH));
    stage.live(20);
    let half = auctioned(&stage.done(take(7, ONE_ETH / 2, 1_728)));
    assert_eq!(half[1..], [sold(7, ONE_ETH / 2, at(864)), closed(ONE_ETH / 2)]);
    assert_eq!((debt_left(&stage), lot_left(&stage)), (636_000_000, (ONE_ETH / 2).cast_signed()));
    assert!(!stage.state(OWNER).is_open());
}

#[test]
fn descending_it_starts_again_from_the_mark_of_now() {
    let mut stage = offered(terms_again());
    assert_eq!(only(stage.live(50)), []);
    assert_eq!(
        stage.refused(take(7, ONE_ETH, 1_079)),
        breakwater_liquidation::Rejection::PriceAboveLimit
    );
    stage.wait(SECOND);
    // Too old from this second on, whether or not a price has told so.
    let over = breakwater_liquidation::Rejection::AuctionOver;
    assert_eq!(stage.refused(take(7, ONE_ETH, 2_000)), over);
    let told = auctioned(&stage.price(ETH, at(1_500)));
    assert_eq!(told, [What::AuctionRestarted { leg: 1, restarts: 1 }]);
    stage.live(20);
    let told = auctioned(&stage.done(take(7, ONE_ETH, 1_440)));
    assert_eq!(told[1..], [sold(7, ONE_ETH, at(1_440)), closed(0)]);
    let mut stage = offered(terms_again());
    stage.live(51);
    assert_eq!(only(stage.live(51)), [closed(ONE_ETH)]);
}

fn terms_again() -> breakwater_liquidation::AuctionTerms {
    breakwater_liquidation::AuctionTerms {
        restarts_max: 1,
        ..terms(Format::Dutch(DUTCH), Raises::Most)
    }
}

#[test]
fn sealed_the_second_price_is_paid_and_silence_costs_the_deposit() {
    let mut stage = most(Format::Sealed(SEALED));
    for (bidder, amount) in [(7, at(1_200)), (8, at(1_500)), (9, at(1_600)), (10, at(100))] {
        let told = auctioned(&stage.done(commit(1, bidder, amount)));
        assert!(matches!(told[..], [What::BidPlaced { paid_in, .. }] if paid_in == at(180)));
    }
    stage.live(10);
    for (bidder, amount) in [(7, at(1_200)), (8, at(1_500)), (10, at(100))] {
        let told = auctioned(&stage.done(reveal(1, bidder, amount)));
        let added = amount.saturating_sub(at(180));
        assert!(matches!(told[..], [What::BidPlaced { paid_in, .. }] if paid_in == added));
    }
    let told = only(stage.live(10));
    assert_eq!(
        told,
        [
            refunded(7, at(1_200)),
            refunded(8, at(300)),
            refunded(10, at(180)),
            What::DepositForfeited { leg: 1, bidder: 9, amount: at(180) },
            sold(8, ONE_ETH, at(1_200)),
            closed(0),
        ]
    );
    assert_eq!(stage.escrow(), 0);
    // The deposit went to the fund, which pays its part of what was not raised.
    let losses = stage.engine.losses()[&CASH];
    assert_eq!((losses.deficit, losses.insurance), (at(300), at(180)));
}

/// Where nobody competes and nothing is reserved, a second price is nothing.
#[test]
fn sealed_a_single_bidder_pays_nothing_without_a_reserve() {
    let mut stage = most(Format::Sealed(SEALED));
    stage.done(commit(1, 7, 1));
    stage.live(10);
    stage.done(reveal(1, 7, 1));
    let told = only(stage.live(10));
    assert_eq!(told, [refunded(7, at(180)), sold(7, ONE_ETH, 0), closed(0)]);
    assert_eq!((lot_left(&stage), stage.engine.losses()[&CASH].deficit), (0, at(1_500)));
}

#[test]
fn sealed_below_the_reserve_nothing_is_sold() {
    let reserved = breakwater_liquidation::auctions::SealedTerms { reserve_bps: 5_000, ..SEALED };
    for (bid, sells) in [(at(900) - 1, false), (at(900), true)] {
        let mut stage = most(Format::Sealed(reserved));
        stage.done(commit(1, 7, bid));
        stage.live(10);
        stage.done(reveal(1, 7, bid));
        let told = only(stage.live(10));
        let expected = if sells {
            [sold(7, ONE_ETH, at(900)), closed(0)]
        } else {
            [refunded(7, bid), closed(ONE_ETH)]
        };
        assert_eq!(told, expected);
    }
}

#[test]
fn in_a_batch_everybody_pays_one_price_and_the_margin_is_served_in_part() {
    let mut stage = most(Format::Batch(BATCH));
    // Limits of 2,000 and 1,600; and one at which nothing is left.
    stage.done(order(7, 1_000, ONE_ETH / 2));
    stage.done(order(8, 800, ONE_ETH / 2));
    stage.done(order(9, 500, ONE_ETH / 2));
    let told = only(stage.live(20));
    assert_eq!(
        told,
        [
            refunded(8, at(200)),
            refunded(9, at(500)),
            sold(7, 625 * ONE_ETH / 1_000, at(1_000)),
            sold(8, 375 * ONE_ETH / 1_000, at(600)),
            closed(0),
        ]
    );
    assert_eq!((stage.escrow(), lot_left(&stage), debt_left(&stage)), (0, 0, 0));
    let unsold = only(most(Format::Batch(BATCH)).live(20));
    assert_eq!(unsold, [closed(ONE_ETH)]);
}

#[test]
fn in_a_batch_what_is_not_asked_for_goes_home_and_is_offered_again_at_once() {
    let mut stage = most(Format::Batch(BATCH));
    stage.done(order(7, 600, ONE_ETH / 2));
    let told = only(stage.live(20));
    // The lowest price is 900 for the lot.
    assert_eq!(told[..2], [sold(7, 2 * ONE_ETH / 3, at(600)), closed(ONE_ETH - 2 * ONE_ETH / 3)]);
    let [.., What::AuctionOpened { leg: 2, sale, .. }] = &told[..] else { panic!("{told:?}") };
    assert_eq!(sale.quantity, ONE_ETH - 2 * ONE_ETH / 3);
    assert_eq!(debt_left(&stage), at(900).cast_signed());
}

#[test]
fn a_batch_lets_orders_be_taken_back_for_a_while() {
    let mut stage = most(Format::Batch(BATCH));
    stage.done(order(7, 1_000, ONE_ETH / 2));
    stage.done(order(8, 1_000, ONE_ETH / 2));
    let told = auctioned(&stage.done(withdraw_order(7, 1_000, ONE_ETH / 2)));
    assert_eq!(told[1..], [refunded(7, at(1_000))]);
    assert!(matches!(told[0], What::BidPlaced { paid_in: 0, .. }));
    stage.live(10);
    let late = stage.refused(withdraw_order(8, 1_000, ONE_ETH / 2));
    assert_eq!(late, breakwater_liquidation::Rejection::AuctionOver);
    assert_eq!(stage.escrow(), at(1_000).cast_signed());
}

#[test]
fn every_format_has_a_name() {
    let names = FORMATS.map(|format| named(&format));
    assert_eq!(names, ["english", "dutch", "sealed", "batch"]);
    assert_eq!(AuctionFormat::English.name(), "english");
}
