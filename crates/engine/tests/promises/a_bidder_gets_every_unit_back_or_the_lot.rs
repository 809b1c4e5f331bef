//! I-52: whatever bidders pay in comes back, buys a part of a lot, or is lost as a deposit, to the unit
//! and by the events alone; and in the end nothing is held. Stories of every format, and what must be
//! met in them.

use crate::support::auctions::*;
use crate::support::chance::Chance;
use crate::support::shelf::Shelf;
use crate::support::stage::*;
use crate::support::story::{self, VENUES, Venue};
use breakwater_engine::{Body, Command, Engine, What};
use breakwater_liquidation::{Gate, Rejection};
use breakwater_money::Time;
use std::collections::BTreeMap;
use std::sync::Arc;

fn auctioned_venues() -> impl Iterator<Item = Venue> {
    VENUES.into_iter().filter(|venue| venue.auction().is_some())
}

/// Plays a story and lets its auctions end.
fn played(venue: Venue, seed: u64) -> (Stage, Vec<What>, BTreeMap<&'static str, u64>) {
    let mut stage = story::begin(venue, 4_096);
    let (mut chance, mut told) = (Chance::new(seed), Vec::new());
    let mut refused = BTreeMap::new();
    for _ in 0..400 {
        let command = story::next(&stage, venue, &mut chance);
        stage.now = stage.now.max(command.at.0);
        let outcome = stage.apply_command(command);
        told.extend(auctioned(&outcome));
        if let Some(why) = outcome.rejected {
            *refused.entry(why.rejection.name()).or_insert(0) += 1;
        }
    }
    // Prices and nothing else, until the last auction that has a bid is over.
    told.extend(auctioned(&stage.done(Body::Halt { on: false })));
    for asset in [CASH, ETH, BTC] {
        told.extend(auctioned(&stage.done(gate(asset, Gate::Open))));
    }
    let mut left = 60;
    while stage.escrow() != 0 && left > 0 {
        left -= 1;
        stage.wait(10 * SECOND);
        for asset in [ETH, BTC] {
            told.extend(auctioned(&stage.again(asset)));
        }
    }
    (stage, told, refused)
}

#[test]
fn over_any_story_of_every_format() {
    for venue in auctioned_venues() {
        let (mut words, mut refusals) = (BTreeMap::new(), BTreeMap::new());
        for seed in 0..12 {
            let (stage, told, refused) = played(venue, seed);
            assert_eq!(stage.escrow(), 0, "{venue:?} {seed}: held after the last auction");
            assert!(stage.engine.auctions().values().all(|running| running.held == 0));
            for ((auction, bidder), own) in accounts(&told) {
                let gone = own.refunded + own.paid + own.lost;
                assert_eq!(own.paid_in, gone, "{venue:?} {seed}: {bidder} in {auction}: {own:?}");
                assert!(own.paid == 0 || own.bought > 0, "{bidder} paid for nothing: {own:?}");
            }
            // What is sold and what goes home together is what was offered.
            let mut lots: BTreeMap<u64, i128> = BTreeMap::new();
            for what in &told {
                match what {
                    What::AuctionOpened { leg, sale, .. } => {
                        lots.insert(*leg, sale.quantity.cast_signed());
                    }
                    What::LotSold { leg, quantity, .. } => {
                        *lots.get_mut(leg).unwrap() -= quantity.cast_signed();
                    }
                    What::AuctionClosed { leg, unsold } => {
                        assert_eq!(
                            lots.remove(leg),
                            Some(unsold.cast_signed()),
                            "{venue:?} {seed}"
                        );
                    }
                    _ => {}
                }
                *words.entry(name(what)).or_insert(0u64) += 1;
            }
            assert!(lots.keys().eq(stage.engine.auctions().keys()), "{venue:?} {seed}");
            for (why, count) in refused {
                *refusals.entry(why).or_insert(0u64) += count;
            }
        }
        println!("{venue:?}: {words:?}\n  refused {refusals:?}");
        happened(venue, &words, &refusals);
    }
}

/// What the stories of a format must have met for their silence to mean something.
fn happened(
    venue: Venue,
    words: &BTreeMap<&'static str, u64>,
    refusals: &BTreeMap<&'static str, u64>,
) {
    let (told, refused): (&[&str], &[Rejection]) = match venue {
        Venue::English => (&["refunded", "restarted"], &[Rejection::BidTooLow]),
        Venue::Deposits => (
            &["refunded", "restarted", "awarded", "defaulted"],
            &[Rejection::NotWinner, Rejection::BidTooLow],
        ),
        Venue::Dutch => (&["restarted"], &[Rejection::PriceAboveLimit]),
        Venue::Sealed => (&["refunded", "forfeited"], &[Rejection::SealBroken]),
        _ => (&["refunded"], &[Rejection::UnknownOrder]),
    };
    for word in ["opened", "bid", "sold", "closed"].iter().chain(told) {
        assert!(words.get(word).is_some_and(|count| *count >= 3), "{venue:?}: {word} {words:?}");
    }
    let always = [
        Rejection::UnknownAuction,
        Rejection::WrongFormat,
        Rejection::AuctionOver,
        Rejection::AuctionPaused,
    ];
    for why in always.iter().chain(refused) {
        assert!(refusals.contains_key(why.name()), "{venue:?}: never {why:?}: {refusals:?}");
    }
}

/// I-38, I-39: with auctions under way, a snapshot and what comes after it equal the replay.
#[test]
fn a_snapshot_in_the_middle_of_an_auction_equals_the_replay() {
    for format in FORMATS {
        let mut stage = most(format);
        let bids: &[Body] = match named(&format) {
            "english" => &[raise(7, 1_000), raise(8, 1_200)],
            "dutch" => &[take(7, ONE_ETH / 10, 9_999)],
            "sealed" => &[commit(1, 7, at(1_000)), commit(1, 8, at(1_200))],
            _ => &[order(7, 1_000, ONE_ETH / 2), order(8, 700, ONE_ETH / 2)],
        };
        // So far down that a part of the lot is no cure.
        stage.price(ETH, at(1_000));
        for bid in bids {
            stage.done(bid.clone());
        }
        stage.live(7);
        // And while it stands still.
        stage.wait(3 * SECOND);
        stage.done(Body::Halt { on: true });
        let middle = stage.journal.len();
        let bytes = stage.engine.encode().unwrap();
        assert!(stage.engine.auctions().contains_key(&1), "{}", named(&format));
        stage.wait(20 * SECOND);
        stage.done(Body::Halt { on: false });
        if named(&format) == "sealed" {
            stage.done(reveal(1, 8, at(1_200)));
        }
        stage.live(60);
        let mut woken = Engine::restore(&bytes, Arc::new(Shelf)).unwrap();
        for command in &stage.journal[middle..] {
            woken.apply(command);
        }
        let whole = stage.engine.state_hash();
        assert_eq!(woken.state_hash(), whole, "{}", named(&format));
        assert_eq!(stage.replayed().state_hash(), whole, "{}", named(&format));
        assert!(!stage.engine.auctions().contains_key(&1), "{}", named(&format));
    }
}

/// The auctions are a part of the state's hash of their own.
#[test]
fn a_bid_shows_in_the_hash() {
    let mut stage = most(FORMATS[0]);
    let before = stage.part("auctions");
    stage.done(raise(7, 1_000));
    assert_ne!(stage.part("auctions"), before);
    let command = Command { at: Time(stage.now + SECOND), body: Body::AdvanceTime };
    let before = stage.part("auctions");
    stage.engine.apply(&command);
    assert_ne!(stage.part("auctions"), before, "its own time is");
}
