//! Where bids are deposits, whoever wins and does not pay loses his to the insurance fund, and the lot
//! is offered to the next on record, then to everybody again, then goes home. Whoever cannot be given
//! the lot loses nothing.

use crate::support::auctions::*;
use crate::support::broken::{self, Planted};
use crate::support::stage::*;
use breakwater_engine::What;
use breakwater_liquidation::auctions::{Format, Raises};
use breakwater_liquidation::{AuctionTerms, Bid, Rejection};
use breakwater_money::Unit;

fn with(restarts_max: u32, raises: Raises) -> AuctionTerms {
    AuctionTerms { restarts_max, ..terms(Format::English(WITH_DEPOSIT), raises) }
}

/// Three have bid 1,000, 1,100 and 1,200, of which a tenth is put down; the best has won.
fn won(terms: AuctionTerms) -> Stage {
    let mut stage = offered(terms);
    for (bidder, amount, refunded) in [(7, 1_000, None), (8, 1_100, Some(7)), (9, 1_200, Some(8))] {
        let told = auctioned(&stage.done(raise(bidder, amount)));
        let paid = told.iter().any(
            |what| matches!(what, What::BidPlaced { paid_in, .. } if *paid_in == at(amount) / 10),
        );
        assert!(paid, "{told:?}");
        let back = told.iter().find_map(|what| match what {
            What::BidRefunded { bidder, .. } => Some(*bidder),
            _ => None,
        });
        assert_eq!(back, refunded);
    }
    assert_eq!(stage.escrow(), at(120).cast_signed());
    let told = stage.live(10);
    assert_eq!(of_auctions(&told), [What::AuctionAwarded { leg: 1, bidder: 9 }]);
    stage
}

fn of_auctions(told: &[What]) -> Vec<What> {
    told.iter().filter(|what| is_of_auction(what)).cloned().collect()
}

fn defaulted(bidder: u64, forfeited: u128) -> What {
    What::WinnerDefaulted { leg: 1, bidder, forfeited }
}

fn awarded(bidder: u64) -> What {
    What::AuctionAwarded { leg: 1, bidder }
}

#[test]
fn a_winner_pays_the_rest_in_time() {
    let mut stage = won(with(0, Raises::Most));
    assert_eq!(stage.refused(pay(8)), Rejection::NotWinner);
    assert_eq!(stage.refused(raise(8, 2_000)), Rejection::AuctionOver);
    stage.live(20);
    let told = auctioned(&stage.done(pay(9)));
    let (bid, paid_in) = (Bid::Pay, at(1_080));
    assert_eq!(
        told,
        [
            What::BidPlaced { leg: 1, bidder: 9, bid, paid_in },
            What::LotSold { leg: 1, bidder: 9, quantity: ONE_ETH, paid: at(1_200) },
            What::AuctionClosed { leg: 1, unsold: 0 },
        ]
    );
    assert_eq!((stage.escrow(), stage.own(OWNER, Unit::supply(ETH))), (0, 0));
}

#[test]
fn the_lot_is_offered_to_the_next_then_to_everybody_then_goes_home() {
    let mut stage = won(with(1, Raises::Most));
    let before = stage.fund_balance();
    assert_eq!(of_auctions(&stage.live(20)), []);
    // A second too late; and so is whoever is next, who has nothing down to lose.
    assert_eq!(of_auctions(&stage.live(1)), [defaulted(9, at(120)), awarded(8)]);
    assert_eq!(stage.fund_balance() - before, at(120).cast_signed());
    assert_eq!(stage.refused(pay(9)), Rejection::NotWinner);
    assert_eq!(of_auctions(&stage.live(21)), [defaulted(8, 0), awarded(7)]);
    let again = What::AuctionRestarted { leg: 1, restarts: 1 };
    assert_eq!(of_auctions(&stage.live(21)), [defaulted(7, 0), again]);
    assert_eq!(stage.escrow(), 0);
    // Nobody is remembered, and the second round has no start left after it.
    stage.done(raise(10, 900));
    assert_eq!(of_auctions(&stage.live(10)), [awarded(10)]);
    let home = What::AuctionClosed { leg: 1, unsold: ONE_ETH };
    assert_eq!(of_auctions(&stage.live(21)), [defaulted(10, at(90)), home]);
    assert_eq!(stage.fund_balance() - before, at(210).cast_signed());
    assert_eq!(stage.own(OWNER, Unit::supply(ETH)), ONE_ETH.cast_signed());
    for ((_, bidder), own) in accounts(&stage.told()) {
        assert_eq!(own.paid_in, own.refunded + own.paid + own.lost, "{bidder}: {own:?}");
    }
}

#[test]
fn whoever_is_next_pays_all_of_his_own_bid() {
    let mut stage = won(with(0, Raises::Most));
    stage.live(21);
    let told = auctioned(&stage.done(pay(8)));
    assert!(matches!(told[0], What::BidPlaced { paid_in, .. } if paid_in == at(1_100)), "{told:?}");
    assert!(matches!(told[1], What::LotSold { bidder: 8, paid, .. } if paid == at(1_100)));
    assert_eq!(stage.escrow(), 0);
}

#[test]
fn whoever_is_next_gets_the_lot_that_he_had_bid_for() {
    let mut stage = offered(with(0, Raises::Debt));
    stage.done(raise(7, 1_500));
    stage.done(shrink(8, 9 * ONE_ETH / 10));
    stage.live(10);
    assert_eq!(of_auctions(&stage.live(21)), [defaulted(8, at(150)), awarded(7)]);
    let told = auctioned(&stage.done(pay(7)));
    assert!(matches!(told[1], What::LotSold { quantity: ONE_ETH, .. }), "{told:?}");
}

#[test]
fn nobody_below_the_reserve_is_next() {
    let format =
        breakwater_liquidation::auctions::EnglishTerms { reserve_bps: 6_500, ..WITH_DEPOSIT };
    let terms = terms(Format::English(format), Raises::Most);
    // The reserve is 1,170: only the best bid meets it.
    let mut stage = won(terms);
    let home = What::AuctionClosed { leg: 1, unsold: ONE_ETH };
    assert_eq!(of_auctions(&stage.live(21)), [defaulted(9, at(120)), home]);
}

/// The rulebook is replaced by one that takes no sale: the winner would pay and cannot be given the
/// lot, and is not to blame.
#[test]
fn a_winner_who_cannot_be_given_the_lot_gets_the_deposit_back() {
    let policy = auctions(with(3, Raises::Most));
    let mut stage = Stage::broken(Planted::TransferToSelf, policy.clone(), 2);
    stage.owes(OWNER, ETH, ONE_ETH, at(1_500));
    stage.price(ETH, at(1_800));
    stage.done(raise(7, 1_000));
    stage.live(10);
    let refuses = Planted::RefusesFills.parameters();
    stage.done(install(broken::RULE, &refuses, policy.clone()));
    let before = stage.fund_balance();
    let told = auctioned(&stage.done(pay(7)));
    assert_eq!(
        told,
        [
            What::BidPlaced { leg: 1, bidder: 7, bid: Bid::Pay, paid_in: at(900) },
            What::BidRefunded { leg: 1, bidder: 7, amount: at(1_000) },
            What::AuctionClosed { leg: 1, unsold: ONE_ETH },
        ]
    );
    assert_eq!((stage.escrow(), stage.fund_balance()), (0, before));
    // Nothing is offered that the rule would not sell; later what is offered waits as for any sale
    // that failed.
    assert_eq!(of_auctions(&stage.live(30)), []);
    let sound = Planted::TransferToSelf.parameters();
    let told = auctioned(&stage.done(install(broken::RULE, &sound, policy)));
    assert!(matches!(told[..], [What::AuctionOpened { leg: 2, .. }]), "{told:?}");
}
