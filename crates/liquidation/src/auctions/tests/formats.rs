//! Steps of the four formats: what is paid, refunded, sold and lost, and that nothing else is.

use super::*;
use crate::auctions::{Auctioned, Verdict};
use breakwater_money::{Time, U256};
use proptest::prelude::*;

const ONE: u128 = 1_000_000_000_000_000_000;
const fn cash(whole: u128) -> u128 {
    whole * 1_000_000
}

fn sold(step: &Step) -> Vec<(u64, u128, u128)> {
    step.sold.iter().map(|sold| (sold.bidder, sold.quantity, sold.paid)).collect()
}

fn closed(step: Option<Step>) -> Step {
    let step = step.expect("something is due");
    assert_eq!(step.verdict, Verdict::Closed);
    step
}

#[test]
fn ascending_money_goes_through_what_is_held() {
    let pool = Pool::plain();
    let mut auction = pool.open(&terms(Format::English(ENGLISH), Raises::Most), ONE);
    let step = auction.bid(7, Bid::Raise { amount: cash(1_000) }).unwrap();
    assert_eq!((step.paid_in, step.refunds), (vec![(7, cash(1_000))], vec![]));
    assert!(auction.running.has_bids());
    let step = auction.bid(8, Bid::Raise { amount: cash(1_200) }).unwrap();
    assert_eq!(step.paid_in.iter().map(|(_, paid)| paid).sum::<u128>(), cash(1_200));
    assert_eq!(step.refunds, [(7, cash(1_000))]);
    assert_eq!(auction.running.held, cash(1_200));
    // A second before its time nothing is due.
    assert_eq!(auction.pass_seconds(9), None);
    let step = closed(auction.pass_seconds(1));
    assert_eq!(sold(&step), [(8, ONE, cash(1_200))]);
}

#[test]
fn ascending_opening_and_reserve_are_shares_of_the_mark_rounded_up() {
    // 1,800.000001 a piece: a half is 900.0000005.
    let pool = Pool::new((18, 6), Price::new(1_800_000_001, 6), None);
    let format = EnglishTerms { opening_bps: 5_000, reserve_bps: 5_000, ..ENGLISH };
    let mut auction = pool.open(&terms(Format::English(format), Raises::Most), ONE);
    let low = auction.bid(7, Bid::Raise { amount: 900_000_000 });
    assert_eq!(low, Err(Rejection::BidTooLow));
    auction.bid(7, Bid::Raise { amount: 900_000_001 }).unwrap();
    assert_eq!(sold(&closed(auction.pass_seconds(10))), [(7, ONE, 900_000_001)]);
    // For a debt neither asks for more than is owed.
    let format = EnglishTerms { opening_bps: 12_000, reserve_bps: 12_000, ..ENGLISH };
    let pool = Pool::plain();
    let mut auction = pool.open(&terms(Format::English(format), Raises::Debt), ONE);
    auction.bid(7, Bid::Raise { amount: cash(1_500) }).unwrap();
    assert_eq!(sold(&closed(auction.pass_seconds(10))), [(7, ONE, cash(1_500))]);
}

#[test]
fn ascending_a_deposit_is_rounded_up_and_the_rest_is_paid_for_the_lot() {
    let pool = Pool::plain();
    let format = EnglishTerms { deposit: Some(DEPOSIT), ..ENGLISH };
    let mut auction = pool.open(&terms(Format::English(format), Raises::Most), ONE);
    let step = auction.bid(7, Bid::Raise { amount: cash(1_000) + 1 }).unwrap();
    assert_eq!(step.paid_in, [(7, cash(100) + 1)]);
    let step = auction.pass_seconds(10).unwrap();
    assert_eq!(
        (step.verdict, auction.running.held),
        (Verdict::Awarded { bidder: 7 }, cash(100) + 1)
    );
    assert_eq!(auction.bid(8, Bid::Pay), Err(Rejection::NotWinner));
    assert_eq!(auction.pass_seconds(20), None);
    let step = auction.bid(7, Bid::Pay).unwrap();
    assert_eq!(step.paid_in, [(7, cash(900))]);
    assert_eq!(sold(&step), [(7, ONE, cash(1_000) + 1)]);
    assert_eq!(step.verdict, Verdict::Closed);
}

#[test]
fn ascending_a_default_goes_to_the_next_then_round_again_then_home() {
    let pool = Pool::plain();
    let format = EnglishTerms { deposit: Some(DEPOSIT), ..ENGLISH };
    let terms = AuctionTerms { restarts_max: 1, ..terms(Format::English(format), Raises::Most) };
    let mut auction = pool.open(&terms, ONE);
    auction.bid(7, Bid::Raise { amount: cash(1_000) }).unwrap();
    auction.bid(8, Bid::Raise { amount: cash(1_100) }).unwrap();
    auction.pass_seconds(10);
    let step = auction.pass_seconds(21).unwrap();
    assert_eq!((step.defaulted, step.verdict), (Some(8), Verdict::Awarded { bidder: 7 }));
    assert_eq!(step.forfeits, [(8, cash(110))]);
    assert!(auction.running.has_bids(), "whoever is next may count on it");
    let step = auction.pass_seconds(21).unwrap();
    assert_eq!((step.defaulted, step.verdict), (Some(7), Verdict::Restarted));
    assert_eq!((step.forfeits, auction.running.restarts()), (vec![], 1));
    assert!(!auction.running.has_bids());
    auction.bid(9, Bid::Raise { amount: cash(500) }).unwrap();
    auction.pass_seconds(10);
    let step = closed(auction.pass_seconds(21));
    assert_eq!((step.defaulted, step.forfeits), (Some(9), vec![(9, cash(50))]));
}

#[test]
fn descending_curves_fall_as_they_say() {
    let pool = Pool::plain();
    let asking = |curve: DutchCurve, seconds: u64| {
        let format = DutchTerms { curve, start_bps: 10_000, ..DUTCH };
        let auction = pool.open(&terms(Format::Dutch(format), Raises::Most), ONE);
        let ray = auction.running.asking(Time::from_seconds(seconds).0).unwrap().unwrap();
        // For a whole lot, in base units of the money.
        u128::try_from(ray).unwrap() / 1_000_000_000
    };
    assert_eq!(asking(DutchCurve::Linear { seconds: 100 }, 25), cash(1_350));
    let stairs = DutchCurve::Stairs { kept_e9: 900_000_000, step_seconds: 10 };
    assert_eq!([9, 10, 19, 20].map(|s| asking(stairs, s)), [1_800, 1_620, 1_620, 1_458].map(cash));
    let curve = DutchCurve::Exponential { kept_e9: 500_000_000 };
    assert_eq!([0, 1, 2, 3].map(|s| asking(curve, s)), [1_800, 900, 450, 225].map(cash));
    for format in [Format::English(ENGLISH), Format::Sealed(SEALED), Format::Batch(BATCH)] {
        let auction = pool.open(&terms(format, Raises::Most), ONE);
        assert_eq!(auction.running.asking(0), Ok(None));
    }
}

#[test]
fn descending_a_taker_pays_the_unit_above() {
    // Three base units of money for ten of the lot.
    let pool = Pool { owed: 5, ..Pool::new((1, 0), Price::new(3, 0), None) };
    let format = DutchTerms { start_bps: 10_000, remainder_least_bps: 0, ..DUTCH };
    let mut auction = pool.open(&terms(Format::Dutch(format), Raises::Debt), 100);
    let limit = Price::new(3, 0);
    let step = auction.bid(7, Bid::Take { quantity: 1, price_max: limit }).unwrap();
    assert_eq!((sold(&step), step.verdict), (vec![(7, 1, 1)], Verdict::Open));
    // 4.7 are still wanted: fifteen units and a fraction, which is not handed out.
    let step = auction.bid(8, Bid::Take { quantity: 100, price_max: limit }).unwrap();
    assert_eq!((sold(&step), step.verdict), (vec![(8, 15, 5)], Verdict::Closed));
    assert_eq!(auction.left, 84);
}

#[test]
fn descending_a_unit_that_is_dearer_than_what_is_wanted_waits() {
    let pool = Pool { owed: 5, ..Pool::new((0, 0), Price::new(8, 0), None) };
    let format = DutchTerms { start_bps: 10_000, ..DUTCH };
    let mut auction = pool.open(&terms(Format::Dutch(format), Raises::Debt), 10);
    let take = Bid::Take { quantity: 10, price_max: Price::new(9, 0) };
    assert_eq!(auction.bid(7, take), Err(Rejection::PartTooSmall));
    auction.pass_seconds(40);
    let step = auction.bid(7, take).unwrap();
    assert_eq!((sold(&step), step.verdict), (vec![(7, 1, 5)], Verdict::Closed));
}

#[test]
fn descending_starts_again_from_the_mark_of_now_and_ends_where_there_is_none() {
    let mut pool = Pool::plain();
    let terms = AuctionTerms { restarts_max: 2, ..terms(Format::Dutch(DUTCH), Raises::Most) };
    let mut running = pool.open(&terms, ONE).running;
    let live = Some(Live { from: Time(0), to: Time::MAX });
    let seconds = |seconds| Time::from_seconds(seconds);
    running.count_to(seconds(50), live);
    assert_eq!(running.due(&pool.view(), &leg(ONE)), Ok(None));
    pool.marks[0].mark.as_mut().unwrap().price = Price::new(1_000_000_000, 6);
    running.count_to(seconds(51), live);
    let step = running.due(&pool.view(), &leg(ONE)).unwrap().unwrap();
    assert_eq!((step.verdict, running.restarts()), (Verdict::Restarted, 1));
    let ray = running.asking(running.elapsed_nanos).unwrap().unwrap();
    assert_eq!(ray, U256::from(cash(1_200)) * U256::from(1_000_000_000u32));
    pool.marks[0].mark = None;
    running.count_to(seconds(102), live);
    let step = running.due(&pool.view(), &leg(ONE)).unwrap().unwrap();
    assert_eq!(step.verdict, Verdict::Closed);
}

#[test]
fn sealed_the_deposit_is_a_share_of_the_mark_and_the_number_is_in_the_digest() {
    let pool = Pool::plain();
    let mut auction = pool.open(&terms(Format::Sealed(SEALED), Raises::Most), ONE);
    let seal = |number, bidder, amount: u128| {
        let amount = U256::from(amount);
        breakwater_auction::sealed::commitment(number, bidder, amount, &[5; 32])
    };
    let amount = cash(2_000);
    for (bidder, number) in [(7, 9), (8, 8)] {
        let digest = seal(number, bidder, amount);
        let step = auction.bid(bidder, Bid::Commit { digest }).unwrap();
        assert_eq!(step.paid_in, [(bidder, cash(180))]);
    }
    auction.pass_seconds(10);
    let step = auction.bid(7, Bid::Reveal { amount, salt: [5; 32] }).unwrap();
    assert_eq!(step.paid_in, [(7, cash(1_820))]);
    // The digest of another auction.
    let wrong = auction.bid(8, Bid::Reveal { amount, salt: [5; 32] });
    assert_eq!(wrong, Err(Rejection::SealBroken));
    let step = closed(auction.pass_seconds(10));
    // A fifth of the mark is reserved, which is what a single bidder pays.
    assert_eq!(sold(&step), [(7, ONE, cash(360))]);
    assert_eq!((step.refunds, step.forfeits), (vec![(7, cash(1_640))], vec![(8, cash(180))]));
}

/// Where rounding would leave the last order money paid and nothing received, it pays nothing.
#[test]
fn in_a_batch_nobody_pays_for_nothing() {
    let pool = Pool::new((0, 0), Price::new(1, 0), None);
    let batch = BatchTerms { reserve_bps: 0, ..BATCH };
    let mut auction = pool.open(&terms(Format::Batch(batch), Raises::Most), 1);
    auction.bid(7, Bid::Order { pay: 5, min_receive: 3 }).unwrap();
    let step = closed(auction.pass_seconds(20));
    assert_eq!((sold(&step), step.refunds), (vec![], vec![(7, 5)]));
}

#[test]
fn time_counts_in_parts_as_in_one() {
    let pool = Pool::plain();
    let mut whole = pool.open(&terms(Format::English(ENGLISH), Raises::Most), ONE).running;
    let mut parts = whole.clone();
    let live = Some(Live { from: Time(30), to: Time(70) });
    for at in [10, 30, 31, 69, 70, 71, 90] {
        assert_eq!(parts.elapsed_at(Time(at), live), Time(at.clamp(30, 70) - 30).0);
        parts.count_to(Time(at), live);
    }
    whole.count_to(Time(90), live);
    assert_eq!((whole.elapsed_nanos, &whole), (40, &parts));
    // Time before what is counted, or without prices, counts for nothing.
    parts.count_to(Time(80), Some(Live { from: Time(0), to: Time::MAX }));
    assert_eq!((parts.elapsed_nanos, parts.counted_to), (40, Time(90)));
    parts.count_to(Time(100), None);
    assert_eq!((parts.elapsed_nanos, parts.counted_to), (40, Time(100)));
    let stretch = Live { from: Time(2), to: Time(4) };
    assert_eq!([1, 2, 3, 4, 5].map(|at| stretch.has(Time(at))), [false, true, true, true, false]);
}

#[test]
fn money_that_there_is_no_room_for_is_refused() {
    let pool = Pool::plain();
    let bids = |terms: &AuctionTerms| match terms.format {
        Format::English(EnglishTerms { deposit: Some(_), .. }) => {
            (Bid::Raise { amount: cash(1_000) }, cash(100))
        }
        Format::English(_) => (Bid::Raise { amount: cash(1_000) }, cash(1_000)),
        Format::Dutch(_) => {
            (Bid::Take { quantity: ONE / 2, price_max: Price::new(9_999, 0) }, cash(1_080))
        }
        Format::Sealed(_) => (Bid::Commit { digest: [1; 32] }, cash(180)),
        Format::Batch(_) => (Bid::Order { pay: cash(1_000), min_receive: ONE / 2 }, cash(1_000)),
    };
    for terms in all() {
        let mut auction = pool.open(&terms, ONE);
        let (bid, paid) = bids(&terms);
        assert_eq!(auction.bid_within(7, bid, paid - 1), Err(Rejection::Overflow), "{terms:?}");
        assert!(auction.bid_within(7, bid, paid).is_ok(), "{terms:?}");
    }
}

/// A bid of some kind, near enough to the auction to be taken now and then.
fn any_bid() -> impl Strategy<Value = (u64, u8, u128, u128)> {
    (0u64..4, 0u8..8, 1u128..3_000, 1u128..1_000)
}

fn bid_of(running: &Running, bidder: u64, (kind, a, b): (u8, u128, u128)) -> Bid {
    let amount = cash(a);
    let salt = [u8::try_from(bidder).unwrap_or(0); 32];
    let sealed_amount = cash(400 * (bidder + 1) as u128);
    match (&running.kind, kind) {
        (Auctioned::English { auction, .. }, 0) => {
            Bid::Shrink { lot: u128::try_from(auction.lot).unwrap() * b / 1_000 }
        }
        (Auctioned::English { .. }, 1) => Bid::Pay,
        (Auctioned::English { .. }, 2) => Bid::Raise { amount: running.wanted.unwrap_or(amount) },
        (Auctioned::English { auction, .. }, 3) => {
            let standing = u128::try_from(auction.bid).unwrap();
            Bid::Raise { amount: standing + standing * b / 5_000 + 1 }
        }
        (Auctioned::English { .. }, _) => Bid::Raise { amount },
        (Auctioned::Dutch { .. }, _) => {
            Bid::Take { quantity: ONE * b / 900, price_max: Price::new(amount, 6) }
        }
        (Auctioned::Sealed(_), 0..=3) => {
            let raw = U256::from(sealed_amount);
            let digest = breakwater_auction::sealed::commitment(9, bidder, raw, &salt);
            Bid::Commit { digest }
        }
        (Auctioned::Sealed(_), 4..=6) => Bid::Reveal { amount: sealed_amount, salt },
        (Auctioned::Sealed(_), _) => Bid::Reveal { amount, salt },
        (Auctioned::Batch(batch), 0 | 1) => match batch.placed().next() {
            Some((_, order)) => {
                Bid::Withdraw { pay: order.pay(), min_receive: order.min_receive() }
            }
            None => Bid::Withdraw { pay: amount, min_receive: 1 },
        },
        (Auctioned::Batch(_), _) => Bid::Order { pay: amount, min_receive: ONE * b / 1_000 },
    }
}

proptest! {
    /// Whatever is bid and whenever: what is held is what was paid in and has not gone out, nobody has a
    /// lot that is not there, refused bids change nothing, and every auction ends with nothing held.
    #[test]
    fn all_money_is_accounted_for(
        which in 0usize..9,
        moves in prop::collection::vec((any_bid(), 0u64..4_000_000_000), 1..40)
    ) {
        let pool = Pool::plain();
        let mut auction = pool.open(&all()[which], ONE);
        let mut over = false;
        for ((bidder, kind, a, b), nanos) in moves {
            let bid = bid_of(&auction.running, bidder, (kind, a, b));
            let placed = auction.bid(bidder, bid);
            over = placed.is_ok_and(|step| step.verdict == Verdict::Closed);
            if !over {
                let due = auction.pass(nanos);
                over = due.is_some_and(|step| step.verdict == Verdict::Closed);
            }
            if over {
                break;
            }
        }
        let mut left = 400;
        while !over && left > 0 {
            left -= 1;
            let due = auction.pass_seconds(1);
            over = due.is_some_and(|step| step.verdict == Verdict::Closed);
        }
        prop_assert!(over, "it never ends: {:?}", auction.running);
        prop_assert_eq!(auction.running.held, 0);
    }
}
