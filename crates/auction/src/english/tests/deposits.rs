//! Deposits, and winners who do not pay.

use super::super::{Form, Matter, Move, Party, Payment, Refusal, Restarts, Stage, Terms};
use super::{Who, bid, raised, refusal, terms, two_phase, units};
use breakwater_money::Wad;

/// A tenth down, rounded up; fifty seconds to pay the rest.
fn tenth() -> Terms {
    terms(Payment::Deposit { rate: Wad::new(100_000_000_000_000_000), pay_within: 50 })
}

fn money(from: Party<Who>, to: Party<Who>, amount: u128) -> Move<Who> {
    Move { matter: Matter::Money, from, to, amount: units(amount) }
}

fn lot(from: Party<Who>, to: Party<Who>, amount: u128) -> Move<Who> {
    Move { matter: Matter::Lot, from, to, amount: units(amount) }
}

const FIRST: Party<Who> = Party::Bidder(1);
const SECOND: Party<Who> = Party::Bidder(2);

#[test]
fn a_deposit_is_rounded_up_and_returned_in_full_when_outbid() {
    let terms = tenth();
    let first = two_phase(&terms).raise(&terms, &bid(1, 101, 200), 0).unwrap();
    assert_eq!(first.moves, [money(FIRST, Party::Escrow, 11)]);
    let second = first.auction.raise(&terms, &bid(2, 200, 200), 1).unwrap();
    assert_eq!(second.moves, [money(SECOND, FIRST, 11), money(SECOND, Party::Escrow, 9)]);
    let third = second.auction.raise(&terms, &bid(2, 300, 200), 2).unwrap();
    assert_eq!(third.moves, [money(SECOND, Party::Escrow, 10)]);
    assert_eq!(third.auction.held(&terms), units(30));
}

#[test]
fn a_winner_pays_the_rest_in_time_and_the_spared_lot_goes_home() {
    let terms = tenth();
    let full = raised(&two_phase(&terms), &terms, 1, 1_000, 0);
    let shrunk = full.shrink(&terms, &bid(2, 1_000, 150), 1).unwrap();
    assert_eq!(shrunk.moves, [money(SECOND, FIRST, 100)], "the lot stays whole meanwhile");
    let awarded = shrunk.auction.settle(&terms, 101).unwrap();
    assert_eq!((awarded.moves.len(), awarded.auction.stage), (0, Stage::Awarded { due_by: 151 }));
    let it = awarded.auction;
    assert_eq!(refusal(it.pay(&terms, 1, 151)), Refusal::NotWinner);
    assert_eq!(refusal(it.pay(&terms, 2, 152)), Refusal::Overdue { now: 152, due_by: 151 });
    assert_eq!(refusal(it.default_of_winner(&terms, 151)), Refusal::NotOver { now: 151, at: 151 });
    assert_eq!(refusal(it.raise(&terms, &bid(1, 1_000, 100), 120)), Refusal::NotBidding);
    let paid = it.pay(&terms, 2, 151).unwrap();
    assert_eq!(
        paid.moves,
        [
            money(SECOND, Party::Seller, 900),
            money(Party::Escrow, Party::Seller, 100),
            lot(Party::Escrow, SECOND, 150),
            lot(Party::Escrow, Party::Owner, 50),
        ]
    );
    assert_eq!(refusal(paid.auction.pay(&terms, 2, 151)), Refusal::NotAwarded);
    assert_eq!(refusal(paid.auction.default_of_winner(&terms, 999)), Refusal::NotAwarded);
}

#[test]
fn a_default_costs_the_deposit_and_offers_the_lot_down_the_record() {
    let terms = tenth();
    let mut auction = two_phase(&terms);
    // Bidder 1 bids twice and stands on record once, with his last bid; bidder 3 wins.
    for (who, amount, now) in [(1, 100, 0), (2, 200, 1), (1, 300, 2), (3, 400, 3)] {
        auction = raised(&auction, &terms, who, amount, now);
    }
    let record: Vec<_> = auction.recorded.iter().map(|it| (it.bidder, it.amount)).collect();
    assert_eq!(record, [(2, units(200)), (1, units(300))]);
    let won = auction.settle(&terms, 103).unwrap().auction;
    let offered = won.default_of_winner(&terms, 154).unwrap();
    assert_eq!(offered.moves, [money(Party::Escrow, Party::Seller, 40)]);
    let next = offered.auction;
    assert_eq!((next.leader, next.bid), (Some(1), units(300)));
    assert_eq!(next.stage, Stage::Awarded { due_by: 204 });
    let taken = next.pay(&terms, 1, 204).unwrap();
    assert_eq!(taken.moves, [money(FIRST, Party::Seller, 300), lot(Party::Escrow, FIRST, 200)]);

    // Letting an offer pass costs nothing; after the last one the lot is for sale again.
    let last = next.default_of_winner(&terms, 205).unwrap();
    assert_eq!((last.moves.len(), last.auction.leader), (0, Some(2)));
    let again = last.auction.default_of_winner(&terms, 256).unwrap().auction;
    assert_eq!((again.stage, again.leader, again.bid), (Stage::Bidding, None, units(0)));
    assert_eq!((again.lot, again.ends_at, again.restarts), (units(200), 1_256, 1));
}

#[test]
fn whoever_did_not_pay_is_not_offered_his_own_older_bid() {
    let terms = tenth();
    let mut auction = two_phase(&terms);
    for (who, amount) in [(1, 100), (2, 200), (1, 300)] {
        auction = raised(&auction, &terms, who, amount, 0);
    }
    let won = auction.settle(&terms, 100).unwrap().auction;
    let offered = won.default_of_winner(&terms, 151).unwrap().auction;
    assert_eq!((offered.leader, offered.recorded.len()), (Some(2), 0));
    let again = offered.default_of_winner(&terms, 202).unwrap().auction;
    assert_eq!((again.stage, again.leader), (Stage::Bidding, None));
}

#[test]
fn an_offer_below_the_reserve_is_not_made_and_without_restarts_the_lot_goes_home() {
    let restarts = Restarts { most: Some(0), ..tenth().restarts };
    let terms = Terms { reserve: units(150), restarts, ..tenth() };
    let auction = raised(&raised(&two_phase(&terms), &terms, 1, 149, 0), &terms, 2, 200, 1);
    let won = auction.settle(&terms, 101).unwrap().auction;
    let unsold = won.default_of_winner(&terms, 152).unwrap();
    assert_eq!(unsold.auction.stage, Stage::Unsold);
    let home = lot(Party::Escrow, Party::Owner, 200);
    assert_eq!(unsold.moves, [money(Party::Escrow, Party::Seller, 20), home]);
}

#[test]
fn a_fixed_price_is_offered_at_the_lot_that_the_next_bidder_asked_for() {
    let terms = tenth();
    let form = Form::Shrinking { price: units(1_000) };
    let auction = super::Auction::open(&terms, form, units(200), 0).unwrap();
    let first = auction.shrink(&terms, &bid(1, 1_000, 190), 0).unwrap();
    assert_eq!(first.moves, [money(FIRST, Party::Escrow, 100)]);
    let second = first.auction.shrink(&terms, &bid(2, 1_000, 100), 1).unwrap();
    let won = second.auction.settle(&terms, 101).unwrap().auction;
    let next = won.default_of_winner(&terms, 152).unwrap().auction;
    let paid = next.pay(&terms, 1, 152).unwrap();
    assert_eq!(paid.moves, [money(FIRST, Party::Seller, 1_000), lot(Party::Owner, FIRST, 190)]);
}

#[test]
fn the_record_keeps_the_best_bids_only() {
    let terms = Terms { step: Wad::one(), ..tenth() };
    let mut auction = two_phase(&terms);
    for who in 0..20u8 {
        auction = raised(&auction, &terms, who, u128::from(who) + 1, 0);
    }
    assert_eq!(auction.recorded.len(), super::super::RECORDED_MAX);
    assert_eq!(auction.recorded[0].bidder, 3, "the three lowest are forgotten");
}
