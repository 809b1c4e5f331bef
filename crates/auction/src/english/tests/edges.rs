//! One unit and one second to either side of every limit.

use super::super::{
    Auction, Bid, Edge, Extension, Form, Matter, Move, Party, Payment, Refusal, Restarts, Stage,
    Terms, TermsError,
};
use super::{bid, five_per_cent, raised, refusal, terms, two_phase, units};
use breakwater_money::{U256, Wad};

#[test]
fn an_increment_is_exact_and_the_last_one_may_be_smaller() {
    let terms = terms(Payment::Held);
    let auction = raised(&two_phase(&terms), &terms, 1, 100, 0);
    assert!(auction.raise(&terms, &bid(2, 105, 200), 1).is_ok());
    let (amount, standing, step) = (units(104), units(100), five_per_cent());
    assert_eq!(
        refusal(auction.raise(&terms, &bid(2, 104, 200), 1)),
        Refusal::IncrementTooSmall { amount, standing, step }
    );
    let near = raised(&auction, &terms, 2, 999, 1);
    assert!(near.raise(&terms, &bid(1, 1_000, 200), 2).is_ok(), "exactly what is wanted");
    let (amount, wanted) = (units(1_001), units(1_000));
    assert_eq!(
        refusal(near.raise(&terms, &bid(1, 1_001, 200), 2)),
        Refusal::AboveWanted { amount, wanted }
    );
    let (amount, standing) = (units(999), units(999));
    assert_eq!(
        refusal(near.raise(&terms, &bid(1, 999, 200), 2)),
        Refusal::NotHigher { amount, standing }
    );
}

#[test]
fn a_decrement_is_exact_and_waits_for_the_whole_sum() {
    let terms = terms(Payment::Held);
    let auction = raised(&two_phase(&terms), &terms, 1, 999, 0);
    let (standing, wanted) = (units(999), units(1_000));
    assert_eq!(
        refusal(auction.shrink(&terms, &bid(2, 999, 100), 1)),
        Refusal::WantedNotBid { standing, wanted }
    );
    let full = raised(&auction, &terms, 1, 1_000, 1);
    // 200 / 1.05 is 190.47.
    assert!(full.shrink(&terms, &bid(2, 1_000, 190), 2).is_ok());
    let (lot, standing, step) = (units(191), units(200), five_per_cent());
    assert_eq!(
        refusal(full.shrink(&terms, &bid(2, 1_000, 191), 2)),
        Refusal::DecrementTooSmall { lot, standing, step }
    );
    let (lot, standing) = (units(200), units(200));
    assert_eq!(
        refusal(full.shrink(&terms, &bid(2, 1_000, 200), 2)),
        Refusal::LotNotLower { lot, standing }
    );
    let (amount, standing) = (units(999), units(1_000));
    assert_eq!(
        refusal(full.shrink(&terms, &bid(2, 999, 190), 2)),
        Refusal::BidDiffers { amount, standing }
    );
    // Times are asked before the bid is looked at, and the lot before the amount.
    let late = refusal(full.shrink(&terms, &bid(2, 999, 200), 101));
    assert_eq!(late, Refusal::Lapsed { now: 101, lapsed_at: 101 });
    let (lot, standing) = (units(199), units(200));
    assert_eq!(
        refusal(full.raise(&terms, &bid(2, 5_000, 199), 2)),
        Refusal::LotDiffers { lot, standing }
    );
}

/// What is taken in the second before, in, and after the one in which the bid lapses.
fn taken(edge: Edge) -> [(bool, bool); 3] {
    let terms = Terms { edge, ..terms(Payment::Held) };
    let auction = raised(&two_phase(&terms), &terms, 1, 100, 0);
    [99, 100, 101].map(|now| {
        let bid_taken = auction.raise(&terms, &bid(2, 200, 200), now).is_ok();
        (bid_taken, auction.settle(&terms, now).is_ok())
    })
}

#[test]
fn each_edge_gives_the_last_second_to_whom_it_says() {
    assert_eq!(taken(Edge::BidsBefore), [(true, false), (false, true), (false, true)]);
    assert_eq!(taken(Edge::BidsThrough), [(true, false), (true, false), (false, true)]);
    assert_eq!(taken(Edge::DeadSecond), [(true, false), (false, false), (false, true)]);
}

#[test]
fn the_end_is_hard_for_bids_settlement_and_restarts_alike() {
    let terms = Terms { lifetime: None, edge: Edge::DeadSecond, ..terms(Payment::Held) };
    let auction = two_phase(&terms);
    assert!(auction.raise(&terms, &bid(1, 1, 200), 999).is_ok());
    let ended = Refusal::Ended { now: 1_000, ended_at: 1_000 };
    assert_eq!(refusal(auction.raise(&terms, &bid(1, 1, 200), 1_000)), ended);
    let early = Refusal::NotOver { now: 1_000, at: 1_000 };
    assert_eq!(refusal(auction.restart(&terms, 1_000)), early);
    assert_eq!(auction.restart(&terms, 1_001).unwrap().auction.ends_at, 2_001);
    assert_eq!(refusal(auction.settle(&terms, 5_000)), Refusal::NoBid);

    let bidden = raised(&auction, &terms, 1, 1, 999);
    assert_eq!(refusal(bidden.settle(&terms, 1_000)), early);
    assert_eq!(refusal(bidden.restart(&terms, 1_000)), early);
    assert_eq!(refusal(bidden.restart(&terms, 1_001)), Refusal::BidStands);
    assert_eq!(bidden.settle(&terms, 1_001).unwrap().auction.stage, Stage::Sold);
}

#[test]
fn late_bids_move_the_end_by_so_much_and_no_further_than_the_hard_end() {
    let extension = Some(Extension { window: 60, by: 90, total_most: 200 });
    let terms = Terms { extension, lifetime: None, ..terms(Payment::Held) };
    let auction = two_phase(&terms);
    assert_eq!(auction.ends_at_most, 1_200);
    assert_eq!(raised(&auction, &terms, 1, 10, 939).ends_at, 1_000, "61 seconds are left");
    let first = raised(&auction, &terms, 1, 10, 940);
    assert_eq!(first.ends_at, 1_090, "60 seconds are left");
    let second = raised(&first, &terms, 2, 20, 1_089);
    assert_eq!(second.ends_at, 1_180);
    let third = raised(&second, &terms, 1, 30, 1_179);
    assert_eq!(third.ends_at, 1_200, "the hard end");
    let fourth = raised(&third, &terms, 2, 40, 1_199);
    assert_eq!(fourth.ends_at, 1_200);
    let ended = Refusal::Ended { now: 1_200, ended_at: 1_200 };
    assert_eq!(refusal(fourth.raise(&terms, &bid(1, 50, 200), 1_200)), ended);
    assert!(fourth.settle(&terms, 1_200).is_ok());
}

#[test]
fn the_first_bid_reaches_the_opening_and_the_last_the_reserve() {
    let terms = Terms { opening: units(10), reserve: units(50), ..terms(Payment::Held) };
    let auction = two_phase(&terms);
    let (amount, opening) = (units(9), units(10));
    assert_eq!(
        refusal(auction.raise(&terms, &bid(1, 9, 200), 0)),
        Refusal::BelowOpening { amount, opening }
    );
    let missed = raised(&raised(&auction, &terms, 1, 10, 0), &terms, 2, 49, 1);
    let step = missed.settle(&terms, 101).unwrap();
    assert_eq!(step.auction.stage, Stage::Unsold);
    let money = |amount, to| {
        let amount = units(amount);
        Move { matter: Matter::Money, from: Party::Escrow, to, amount }
    };
    let lot =
        |amount, to| Move { matter: Matter::Lot, from: Party::Escrow, to, amount: units(amount) };
    assert_eq!(step.moves, [money(49, Party::Bidder(2)), lot(200, Party::Owner)]);

    let met = raised(&auction, &terms, 1, 50, 0);
    let step = met.settle(&terms, 100).unwrap();
    assert_eq!(step.auction.stage, Stage::Sold);
    assert_eq!(step.moves, [money(50, Party::Seller), lot(200, Party::Bidder(1))]);
    assert_eq!(refusal(step.auction.settle(&terms, 100)), Refusal::NotBidding);
}

#[test]
fn a_leader_who_outbids_himself_pays_the_difference_and_for_a_smaller_lot_nothing() {
    for (payment, to) in [(Payment::PassedOn, Party::Seller), (Payment::Held, Party::Escrow)] {
        let terms = terms(payment);
        let auction = raised(&two_phase(&terms), &terms, 1, 400, 0);
        let again = auction.raise(&terms, &bid(1, 1_000, 200), 1).unwrap();
        let from = Party::Bidder(1);
        let more = Move { matter: Matter::Money, from, to, amount: units(600) };
        assert_eq!(again.moves, [more]);
        let less = again.auction.shrink(&terms, &bid(1, 1_000, 100), 2).unwrap();
        let (from, to) = (Party::Escrow, Party::Owner);
        assert_eq!(less.moves, [Move { matter: Matter::Lot, from, to, amount: units(100) }]);
    }
}

#[test]
fn a_fixed_price_buys_ever_less_and_a_restart_makes_the_lot_grow() {
    let restarts = Restarts {
        most: Some(2),
        growth: Wad::new(1_500_000_000_000_000_000),
        lot_most: Some(units(300)),
    };
    let terms = Terms { restarts, ..terms(Payment::PassedOn) };
    let form = Form::Shrinking { price: units(70) };
    let auction = Auction::<u8>::open(&terms, form, units(151), 0).unwrap();
    let once = auction.restart(&terms, 1_000).unwrap().auction;
    assert_eq!((once.lot, once.ends_at, once.lot_opening), (units(226), 2_000, units(226)));
    let twice = once.restart(&terms, 2_000).unwrap().auction;
    assert_eq!(twice.lot, units(300), "no larger than allowed");
    assert_eq!(refusal(twice.restart(&terms, 3_000)), Refusal::RestartsSpent { most: 2 });

    let price = units(70);
    assert_eq!(
        refusal(twice.raise(&terms, &bid(1, 71, 300), 2_000)),
        Refusal::PriceFixed { price }
    );
    let first = twice.shrink(&terms, &bid(1, 70, 285), 2_000).unwrap();
    let money = |from, to| Move { matter: Matter::Money, from, to, amount: units(70) };
    assert_eq!(first.moves, [money(Party::Bidder(1), Party::Seller)]);
    let second = first.auction.shrink(&terms, &bid(2, 70, 271), 2_050).unwrap();
    assert_eq!(second.moves, [money(Party::Bidder(2), Party::Bidder(1))]);
    let sold = second.auction.settle(&terms, 2_150).unwrap();
    let (from, to) = (Party::Owner, Party::Bidder(2));
    assert_eq!(sold.moves, [Move { matter: Matter::Lot, from, to, amount: units(271) }]);
}

#[test]
fn a_rising_auction_has_no_cap_and_no_second_phase() {
    let terms = terms(Payment::Held);
    let auction = Auction::<u8>::open(&terms, Form::Rising, units(7), 0).unwrap();
    let all = Bid { bidder: 1, amount: U256::MAX, lot: units(7) };
    assert_eq!(refusal(auction.raise(&terms, &all, 0)), Refusal::Overflow, "bid times 1e18");
    let high = raised(&auction, &terms, 1, u128::MAX, 0);
    assert_eq!(refusal(high.shrink(&terms, &bid(2, u128::MAX, 6), 1)), Refusal::LotFixed);
}

#[test]
fn cancelling_returns_what_is_held_and_repays_what_was_passed_on_from_the_cancellers_own() {
    let leader = Party::Bidder(1);
    for (payment, payer, taker) in [
        (Payment::Held, Party::Escrow, Party::Owner),
        (Payment::PassedOn, Party::Canceller, Party::Canceller),
    ] {
        let terms = terms(payment);
        let lot = Move { matter: Matter::Lot, from: Party::Escrow, to: taker, amount: units(200) };
        let unbid = two_phase(&terms).cancel(&terms).unwrap();
        assert_eq!((unbid.moves.as_slice(), unbid.auction.stage), (&[lot][..], Stage::Cancelled));
        let money = Move { matter: Matter::Money, from: payer, to: leader, amount: units(999) };
        let near = raised(&two_phase(&terms), &terms, 1, 999, 0);
        assert_eq!(near.cancel(&terms).unwrap().moves, [lot, money]);
        let full = raised(&near, &terms, 1, 1_000, 0);
        let wanted = units(1_000);
        assert_eq!(refusal(full.cancel(&terms)), Refusal::WantedIsBid { wanted });
    }
}

#[test]
fn times_beyond_their_width_are_refused() {
    let terms = terms(Payment::Held);
    let form = Form::Rising;
    let last = u64::MAX - 1_000;
    assert!(Auction::<u8>::open(&terms, form, units(1), last).is_ok());
    let late = Auction::<u8>::open(&terms, form, units(1), last + 1);
    assert_eq!(late.unwrap_err(), Refusal::Overflow);
    let patient = Terms { lifetime: Some(u64::MAX), ..terms };
    let auction = Auction::<u8>::open(&patient, form, units(1), 1).unwrap();
    assert_eq!(refusal(auction.raise(&patient, &bid(1, 1, 1), 1)), Refusal::Overflow);
}

#[test]
fn terms_that_make_no_sense_are_named() {
    let good = Terms { opening: units(10), reserve: units(10), ..terms(Payment::PassedOn) };
    let wanted = |n| Form::TwoPhase { wanted: units(n) };
    let says = |terms: &Terms, form, lot| {
        terms.check(form, units(lot)).map_err(|error: TermsError| error.to_string())
    };
    let no = |text: &str| Err(text.to_owned());
    assert_eq!(says(&good, wanted(10), 1), Ok(()));
    let small = says(&good, wanted(9), 1);
    assert_eq!(small, no("opening = 10: must be 0 to 9"));
    assert!(says(&good, wanted(10), 0).unwrap_err().starts_with("lot = 0: must be 1 to"));
    let below = Terms { step: Wad::new(999_999_999_999_999_999), ..good };
    assert!(says(&below, Form::Rising, 1).unwrap_err().starts_with("step = 0.999999999999999999"));
    let secret = Terms { reserve: units(11), ..good };
    assert!(
        says(&secret, Form::Rising, 1).unwrap_err().starts_with("reserve = 11: must be at most")
    );
    assert_eq!(says(&Terms { payment: Payment::Held, ..secret }, Form::Rising, 1), Ok(()));
    let fixed = Form::Shrinking { price: units(1) };
    assert_eq!(says(&good, fixed, 1), no("opening = 10: must be 0 to 0"));
    let bare = Terms { opening: units(0), reserve: units(0), ..good };
    assert_eq!(says(&bare, fixed, 1), Ok(()));
    let restarts = Restarts { lot_most: Some(units(4)), ..bare.restarts };
    let capped = Terms { restarts, ..bare };
    assert_eq!(says(&capped, fixed, 4), Ok(()));
    assert_eq!(says(&capped, fixed, 5), no("lot = 5: must be 1 to 4"));
    for (field, broken) in [
        ("duration", Terms { duration: 0, ..bare }),
        ("lifetime", Terms { lifetime: Some(0), ..bare }),
        (
            "window",
            Terms { extension: Some(Extension { window: 0, by: 1, total_most: 1 }), ..bare },
        ),
        (
            "pay_within",
            Terms { payment: Payment::Deposit { rate: Wad::one(), pay_within: 0 }, ..bare },
        ),
    ] {
        let said = says(&broken, Form::Rising, 1).unwrap_err();
        assert!(said.starts_with(&format!("{field} = 0 seconds")), "{said}");
    }
    let deposit = |rate| {
        let payment = Payment::Deposit { rate: Wad::new(rate), pay_within: 1 };
        says(&Terms { payment, ..bare }, Form::Rising, 1)
    };
    let one = 1_000_000_000_000_000_000;
    assert_eq!((deposit(1), deposit(one)), (Ok(()), Ok(())));
    assert!(deposit(0).is_err() && deposit(one + 1).is_err());
}

#[test]
fn an_auction_survives_being_written_and_read() {
    let payment = Payment::Deposit { rate: Wad::new(100_000_000_000_000_000), pay_within: 5 };
    let terms = terms(payment);
    let auction = raised(&raised(&two_phase(&terms), &terms, 1, 10, 0), &terms, 2, 20, 1);
    let text = serde_json::to_string(&(terms, &auction)).unwrap();
    let back: (Terms, Auction<u8>) = serde_json::from_str(&text).unwrap();
    assert_eq!(back, (terms, auction));
}
