use super::*;
use proptest::prelude::*;

const AUCTION: u64 = 7;
const SALT: [u8; 32] = [3; 32];

fn money(amount: u64) -> U256 {
    U256::from(amount)
}

fn terms(pricing: Pricing, reserve: u64) -> Terms {
    Terms {
        auction: AUCTION,
        pricing,
        reserve: money(reserve),
        deposit: money(10),
        commit_until: Time(100),
        reveal_until: Time(200),
    }
}

/// An auction in which everybody commits in the order given, and those of `bids` that are `shown`
/// reveal, in the opposite order, paying in what their bid exceeds the deposit by.
fn played(terms: Terms, bids: &[(u64, u64, bool)]) -> Sealed {
    let mut auction = Sealed::open(terms).unwrap();
    for (bidder, bid, _) in bids {
        let digest = commitment(AUCTION, *bidder, money(*bid), &SALT);
        auction.commit(Time(99), *bidder, digest, money(10)).unwrap();
    }
    for (bidder, bid, _) in bids.iter().rev().filter(|(_, _, shown)| *shown) {
        let added = money(bid.saturating_sub(10));
        auction.reveal(Time(100), *bidder, money(*bid), &SALT, added).unwrap();
    }
    auction
}

fn outcome(pricing: Pricing, reserve: u64, bids: &[(u64, u64, bool)]) -> Outcome {
    played(terms(pricing, reserve), bids).close(Time(200)).unwrap()
}

fn won(bidder: u64, bid: u64, price: u64) -> Option<Winner> {
    Some(Winner { bidder, bid: money(bid), price: money(price) })
}

#[test]
fn the_highest_bid_pays_itself_or_the_next_one() {
    let bids = [(1, 70, true), (2, 95, true), (3, 80, true)];
    assert_eq!(outcome(Pricing::First, 50, &bids).winner, won(2, 95, 95));
    assert_eq!(outcome(Pricing::Second, 50, &bids).winner, won(2, 95, 80));
    let second = outcome(Pricing::Second, 50, &bids);
    assert_eq!(second.refunds, [(1, money(70)), (2, money(15)), (3, money(80))]);
    assert_eq!((second.proceeds, second.forfeited), (money(80), money(0)));
}

#[test]
fn the_reserve_is_reached_by_its_exact_amount_and_is_the_least_price() {
    let one = |bid, reserve| outcome(Pricing::Second, reserve, &[(1, bid, true), (2, 20, true)]);
    assert_eq!(one(49, 50).winner, None);
    assert_eq!(one(50, 50).winner, won(1, 50, 50));
    assert_eq!(one(90, 50).winner, won(1, 90, 50));
    assert_eq!(one(90, 20).winner, won(1, 90, 20));
    assert_eq!(one(90, 19).winner, won(1, 90, 20));
    let unsold = one(49, 50);
    assert_eq!((unsold.proceeds, unsold.refunds), (money(0), vec![(1, money(49)), (2, money(20))]));
}

#[test]
fn of_equal_bids_the_earlier_commitment_wins_and_pays_the_same_bid() {
    let bids = [(9, 80, true), (1, 80, true), (5, 80, true)];
    assert_eq!(outcome(Pricing::Second, 1, &bids).winner, won(9, 80, 80));
    let bids = [(1, 80, true), (9, 80, true)];
    assert_eq!(outcome(Pricing::First, 1, &bids).winner, won(1, 80, 80));
    // A commitment that is never opened is as if it were not there.
    let bids = [(9, 80, false), (1, 80, true), (5, 80, true)];
    assert_eq!(outcome(Pricing::Second, 1, &bids).winner, won(1, 80, 80));
}

#[test]
fn whoever_does_not_reveal_loses_the_deposit_to_the_seller() {
    let bids = [(1, 70, true), (2, 95, false), (3, 60, true)];
    let outcome = outcome(Pricing::Second, 50, &bids);
    assert_eq!(outcome.winner, won(1, 70, 60));
    assert_eq!((outcome.forfeited, outcome.proceeds), (money(10), money(70)));
    assert_eq!(outcome.refunds, [(1, money(10)), (3, money(60))]);
}

#[test]
fn each_phase_ends_at_its_instant() {
    let mut auction = Sealed::open(terms(Pricing::Second, 1)).unwrap();
    let digest = commitment(AUCTION, 1, money(30), &SALT);
    let late = auction.commit(Time(100), 1, digest, money(10)).unwrap_err();
    assert_eq!(late.to_string(), "time of committing is 100 ns: it must be before 100 ns");
    auction.commit(Time(99), 1, digest, money(10)).unwrap();
    let reveal = |now| {
        let mut copy = auction.clone();
        copy.reveal(Time(now), 1, money(30), &SALT, money(20)).map_err(|r| r.to_string())
    };
    let early = "time of revealing is 99 ns: it must be at or after 100 ns".to_owned();
    assert_eq!(reveal(99), Err(early));
    assert_eq!((reveal(100), reveal(199)), (Ok(()), Ok(())));
    assert!(reveal(200).is_err());
    assert!(auction.close(Time(199)).is_err());
    auction.close(Time(200)).unwrap();
    let twice = auction.close(Time(200)).unwrap_err();
    assert_eq!(twice.to_string(), "closing: the auction must be open");
    assert!(auction.commit(Time(0), 2, digest, money(10)).is_err());
    assert!(auction.reveal(Time(150), 1, money(30), &SALT, money(20)).is_err());
    let wrong = Terms { reveal_until: Time(100), ..terms(Pricing::First, 1) };
    assert!(Sealed::open(wrong).is_err());
}

#[test]
fn only_the_committed_bid_of_the_same_bidder_opens_a_commitment() {
    let mut auction = Sealed::open(terms(Pricing::First, 1)).unwrap();
    let digest = commitment(AUCTION, 1, money(30), &SALT);
    auction.commit(Time(0), 1, digest, money(10)).unwrap();
    // Somebody copies the commitment without knowing the bid.
    auction.commit(Time(0), 2, digest, money(10)).unwrap();
    let before = auction.clone();
    let mut reveal = |bidder, bid, salt: &[u8; 32], added| {
        auction.reveal(Time(100), bidder, money(bid), salt, money(added)).map_err(|r| r.to_string())
    };
    let told = |bid, bidder| {
        Err(format!(
            "bid of {bid}: amount and salt must give the digest that bidder {bidder} committed to"
        ))
    };
    assert_eq!(reveal(1, 31, &SALT, 30), told(31, 1));
    assert_eq!(reveal(1, 30, &[4; 32], 30), told(30, 1));
    assert_eq!(reveal(2, 30, &SALT, 30), told(30, 2));
    assert_eq!(reveal(3, 30, &SALT, 30), Err("bidder 3: must have committed".to_owned()));
    let short = "added is 19: it must be at least the bid less the deposit".to_owned();
    assert_eq!(reveal(1, 30, &SALT, 19), Err(short));
    assert_eq!(reveal(1, 30, &SALT, 20), Ok(()));
    let twice = "bidder 1: must have a bid that is still sealed".to_owned();
    assert_eq!(reveal(1, 30, &SALT, 20), Err(twice));
    assert_ne!(auction, before);
    assert_eq!(auction.bids().collect::<Vec<_>>(), [(1, money(30))]);
    assert_ne!(digest, commitment(AUCTION + 1, 1, money(30), &SALT));
}

#[test]
fn a_refused_commitment_changes_nothing() {
    let mut auction = Sealed::open(terms(Pricing::First, 1)).unwrap();
    auction.commit(Time(0), 1, [0; 32], money(10)).unwrap();
    let before = auction.clone();
    let deposit = auction.commit(Time(0), 2, [1; 32], money(11)).unwrap_err();
    assert_eq!(deposit.to_string(), "deposit is 11: it must be the deposit of the terms");
    let twice = auction.commit(Time(0), 1, [1; 32], money(10)).unwrap_err();
    assert_eq!(twice.to_string(), "bidder 1: must have no commitment yet");
    assert_eq!((auction.bidders(), auction.held()), (1, money(10)));
    assert_eq!(auction, before);
}

#[test]
fn money_beyond_256_bits_is_refused_and_a_bid_of_nothing_never_wins() {
    let everything = Terms { deposit: U256::MAX, ..terms(Pricing::First, 0) };
    let mut auction = Sealed::open(everything).unwrap();
    let nothing = commitment(AUCTION, 1, U256::ZERO, &SALT);
    auction.commit(Time(0), 1, nothing, U256::MAX).unwrap();
    let before = auction.clone();
    let more = auction.commit(Time(0), 2, nothing, U256::MAX);
    assert_eq!(more, Err(Refusal::Money(MoneyError::Overflow)));
    let zero = auction.reveal(Time(100), 1, U256::ZERO, &SALT, U256::ZERO).unwrap_err();
    assert_eq!(zero.to_string(), "amount is 0: it must be above zero");
    assert_eq!(auction, before);
}

/// Bidders with their bids, some equal, some not opened.
fn any_bids() -> impl Strategy<Value = Vec<(u64, u64, bool)>> {
    let one = (10u64..40, (0u8..5).prop_map(|drawn| drawn > 0));
    prop::collection::vec(one, 0..9).prop_map(|bids| {
        // Numbers fall while places rise, so that a tie by number and one by place differ.
        let count = bids.len() as u64;
        (0..).zip(bids).map(|(place, (bid, shown))| (count - place, bid, shown)).collect()
    })
}

fn any_pricing() -> impl Strategy<Value = Pricing> {
    prop_oneof![Just(Pricing::First), Just(Pricing::Second)]
}

proptest! {
    #[test]
    fn what_was_held_is_paid_out_to_the_unit(
        pricing in any_pricing(), reserve in 0u64..45, bids in any_bids()
    ) {
        let mut auction = played(terms(pricing, reserve), &bids);
        let held = auction.held();
        let silent: Vec<u64> = auction.unrevealed().map(|(bidder, _)| bidder).collect();
        let at_stake = auction.unrevealed().fold(U256::ZERO, |sum, (_, deposit)| sum + deposit);
        let outcome = auction.close(Time(200)).unwrap();
        prop_assert_eq!(outcome.forfeited, at_stake);
        prop_assert!(bids.iter().all(|(bidder, _, shown)| silent.contains(bidder) != *shown));
        let refunds = outcome.refunds.iter().fold(U256::ZERO, |sum, (_, back)| sum + back);
        prop_assert_eq!(held, outcome.proceeds + refunds);
        let price = outcome.winner.map_or(U256::ZERO, |winner| winner.price);
        prop_assert_eq!(outcome.proceeds, price + outcome.forfeited);
        prop_assert_eq!(auction.held(), U256::ZERO);
        let hidden = bids.iter().filter(|(_, _, shown)| !shown).count() as u64;
        prop_assert_eq!(outcome.forfeited, money(10 * hidden));
    }

    #[test]
    fn winner_and_price_are_those_of_a_sort(
        pricing in any_pricing(), reserve in 0u64..45, bids in any_bids()
    ) {
        let mut eligible: Vec<(u64, u64)> = bids.iter()
            .filter(|(_, bid, shown)| *shown && *bid >= reserve)
            .map(|(bidder, bid, _)| (*bidder, *bid))
            .collect();
        // Stable, so that the earlier commitment stays first among equals.
        eligible.sort_by_key(|(_, bid)| std::cmp::Reverse(*bid));
        let second = eligible.get(1).map_or(reserve, |(_, bid)| *bid);
        let expected = eligible.first().and_then(|(bidder, bid)| {
            let price = if pricing == Pricing::First { *bid } else { second };
            won(*bidder, *bid, price)
        });
        prop_assert_eq!(outcome(pricing, reserve, &bids).winner, expected);
    }

    #[test]
    fn at_second_price_no_other_bid_gains_more_than_the_true_value(
        reserve in 0u64..45, bids in any_bids(), value in 10u64..45, other in 10u64..50,
        place in 0usize..9
    ) {
        let gain = |bid: u64| {
            let mut all = bids.clone();
            all.insert(place.min(all.len()), (100, bid, true));
            match outcome(Pricing::Second, reserve, &all).winner {
                Some(winner) if winner.bidder == 100 => {
                    i128::from(value) - i128::try_from(winner.price).unwrap()
                }
                _ => 0,
            }
        };
        prop_assert!(gain(value) >= gain(other), "{} {}", gain(value), gain(other));
        prop_assert!(gain(value) >= 0);
    }
}

#[test]
fn at_first_price_shading_a_bid_gains() {
    let gain = |bid| match outcome(Pricing::First, 1, &[(1, bid, true), (2, 50, true)]).winner {
        Some(winner) if winner.bidder == 1 => 80 - u64::try_from(winner.price).unwrap(),
        _ => 0,
    };
    assert_eq!((gain(80), gain(51), gain(49)), (0, 29, 0));
}
