//! I-09, I-49: an auction's own time is counted while prices may be acted on. In an outage and its
//! grace, in a halt, in a pause and its grace it stands still: nobody bids, nothing is due, and no time
//! is lost. What is counted does not depend on who looks when.

use crate::support::auctions::*;
use crate::support::chance::Chance;
use crate::support::stage::*;
use breakwater_engine::{Body, What};
use breakwater_liquidation::auctions::{Format, Raises};
use breakwater_liquidation::policy::Guards;
use breakwater_liquidation::{CallState, Gate, Policy, Rejection, Solvency};
use breakwater_money::{AssetId, Time};

const PAUSE_GRACE: u64 = 20;

fn policy(format: Format) -> Policy {
    let plain = auctions(terms(format, Raises::Most));
    let unpause_grace_nanos = PAUSE_GRACE * SECOND;
    Policy { solvency: Solvency { unpause_grace_nanos, ..Solvency::default() }, ..plain }
}

/// An ascending auction of a thousand seconds, with a bid that lasts until its end.
fn bound() -> Stage {
    let mut stage = open();
    stage.done(raise(7, 1_000));
    stage
}

/// The same without a bid.
fn open() -> Stage {
    let long = breakwater_liquidation::auctions::EnglishTerms {
        lifetime_seconds: None,
        duration_seconds: 1_000,
        ..ENGLISH
    };
    let mut stage = lent(policy(Format::English(long)), 3);
    stage.price(ETH, at(1_800));
    stage
}

#[track_caller]
fn stands_still(stage: &mut Stage, why: &str) {
    let refused = stage.refused_because(raise(8, 1_200));
    assert_eq!(refused.rejection, Rejection::AuctionPaused);
    assert!(refused.detail.contains(why), "{refused}");
}

/// Seconds of the auction's own time, after time was looked at.
fn seconds(stage: &mut Stage) -> u64 {
    stage.done(Body::AdvanceTime);
    stage.seconds(1)
}

#[test]
fn in_an_outage_and_the_grace_after_it() {
    let mut stage = bound();
    // A price of now is good for sixty seconds, to the nanosecond.
    stage.wait(60 * SECOND);
    stage.done(raise(8, 1_100));
    stage.wait(1);
    stands_still(&mut stage, "too old since");
    stage.wait(500 * SECOND);
    assert_eq!(seconds(&mut stage), 60);
    stage.again(ETH);
    stands_still(&mut stage, "grace period runs until");
    stage.wait(30 * SECOND - 1);
    stands_still(&mut stage, "grace period runs until");
    stage.wait(1);
    stage.done(raise(7, 1_200));
    assert_eq!(stage.seconds(1), 60);
    stage.live(940);
    assert!(stage.engine.auctions().is_empty(), "a thousand seconds are a thousand seconds");
}

#[test]
fn in_a_halt() {
    let mut stage = bound();
    stage.live(10);
    stage.done(Body::Halt { on: true });
    for _ in 0..50 {
        stage.live(30);
        stands_still(&mut stage, "halted");
    }
    assert_eq!(stage.seconds(1), 10);
    stage.done(Body::Halt { on: false });
    stage.live(20);
    assert_eq!(stage.seconds(1), 30);
    assert!(stage.engine.auctions().contains_key(&1));
}

#[test]
fn in_a_pause_and_the_grace_after_it() {
    // Of the lot, and of what is owed.
    for asset in [ETH, CASH] {
        let mut stage = bound();
        stage.live(10);
        stage.done(gate(asset, Gate::Paused));
        stage.live(40);
        stands_still(&mut stage, "paused");
        stage.done(gate(asset, Gate::Open));
        stands_still(&mut stage, "grace period runs until");
        stage.live(PAUSE_GRACE - 1);
        stands_still(&mut stage, "grace period runs until");
        // Nobody has to look for the clock to go on.
        stage.live(6);
        assert_eq!(stage.seconds(1), 15, "{asset}");
        stage.done(raise(8, 1_200));
    }
    // What neither is the lot nor owed may be paused.
    let mut stage = bound();
    stage.done(gate(BTC, Gate::Paused));
    stage.live(10);
    assert_eq!(stage.seconds(1), 10);
}

/// Stories of clocks that were turned by hand: a grace that had ended before was taken for the end of
/// what came after it.
#[test]
fn reasons_that_follow_one_another_or_overlap() {
    let mut stage = bound();
    stage.wait(100 * SECOND);
    stage.again(ETH);
    stage.live(40);
    // Sixty until the outage, ten since its grace.
    assert_eq!(stage.seconds(1), 70);
    stage.done(gate(ETH, Gate::Paused));
    stage.live(100);
    stage.done(gate(ETH, Gate::Open));
    stage.live(PAUSE_GRACE + 5);
    assert_eq!(stage.seconds(1), 75);
    stage.done(Body::Halt { on: true });
    stage.live(10);
    stage.done(gate(CASH, Gate::Paused));
    stage.live(10);
    stage.done(Body::Halt { on: false });
    stage.live(10);
    stage.done(gate(CASH, Gate::Open));
    // Prices stop in the grace of the pause, and come back with a grace of their own.
    stage.wait(100 * SECOND);
    stage.again(ETH);
    stage.wait(29 * SECOND);
    stands_still(&mut stage, "grace");
    // The grace of the pause was over forty seconds before prices were too old.
    assert_eq!(seconds(&mut stage), 115);
    stage.wait(11 * SECOND);
    assert_eq!(seconds(&mut stage), 125);
}

#[test]
fn nothing_is_due_meanwhile() {
    let mut stage = most(Format::English(WITH_DEPOSIT));
    stage.done(raise(7, 1_000));
    stage.live(9);
    stage.done(Body::Halt { on: true });
    assert_eq!(stage.live(100), only_marks(100), "the bid would have won");
    stage.done(Body::Halt { on: false });
    let told = stage.live(1);
    assert!(told.contains(&What::AuctionAwarded { leg: 1, bidder: 7 }), "{told:?}");
    // Nor is a winner late while he could not pay.
    stage.live(20);
    stage.done(gate(ETH, Gate::Paused));
    stage.live(300);
    assert_eq!(stage.refused(pay(7)), Rejection::AuctionPaused);
    stage.done(gate(ETH, Gate::Open));
    let told = auctioned(&stage.done(pay(7)));
    assert!(matches!(told[1], What::LotSold { bidder: 7, .. }), "{told:?}");
}

/// How many prices `live` gives in so many seconds, and nothing else.
fn only_marks(seconds: u64) -> Vec<What> {
    let mut stage = lent(auctions(terms(Format::English(WITH_DEPOSIT), Raises::Most)), 2);
    stage.price(ETH, at(1_800));
    stage.done(raise(7, 1_000));
    stage.live(9);
    stage.done(Body::Halt { on: true });
    let told = stage.live(seconds);
    let marked = |what: &What| matches!(what, What::Marked { .. });
    assert!(told.iter().all(marked), "{told:?}");
    told
}

/// What nobody has bid for is called off instead, and offered again when the pause is over.
#[test]
fn a_pause_calls_off_what_has_no_bid() {
    let mut stage = open();
    let told = stage.done(gate(ETH, Gate::Paused));
    assert_eq!(auctioned(&told), [What::AuctionClosed { leg: 1, unsold: ONE_ETH }]);
    stage.live(30);
    assert_eq!(stage.refused(raise(7, 1_000)), Rejection::UnknownAuction);
    stage.done(gate(ETH, Gate::Open));
    assert!(stage.live(PAUSE_GRACE - 1).iter().all(|what| !is_of_auction(what)));
    // Time alone is enough.
    stage.wait(SECOND);
    let told = auctioned(&stage.done(Body::AdvanceTime));
    assert!(matches!(told[..], [What::AuctionOpened { leg: 2, .. }]), "{told:?}");
    // A price of another asset, which the account has nothing to do with, does not matter.
    assert_eq!(stage.state(OWNER), CallState::Called);
}

/// Until a policy that lets old prices count comes into force, they do not; from then on they do.
#[test]
fn another_policy_counts_from_when_it_comes() {
    let mut stage = bound();
    stage.wait(100 * SECOND);
    let lax = Guards { fresh_marks: false, ..venue_sells().guards };
    let strict = policy(Format::English(ENGLISH));
    let policy = Policy { guards: lax, ..strict.clone() };
    stage.done(install(crate::support::lending::RULE, "", policy));
    assert_eq!(seconds(&mut stage), 60);
    stage.wait(30 * SECOND);
    stage.done(raise(8, 1_200));
    assert_eq!(stage.seconds(1), 90);
    // And back again.
    stage.wait(10 * SECOND);
    stage.done(install(crate::support::lending::RULE, "", strict));
    stands_still(&mut stage, "too old");
    assert_eq!(seconds(&mut stage), 100);
}

#[test]
fn a_price_that_falls_waits_as_well() {
    let mut stage = most(Format::Dutch(DUTCH));
    let asking = |stage: &Stage, later: u64| {
        let at = Time(stage.now + later * SECOND);
        let nanos = stage.engine.auction_nanos(1, at).unwrap();
        let ray = stage.engine.auctions()[&1].asking(nanos).unwrap().unwrap();
        // Base units of cash for one of ETH, 1e27, as whole cash for a whole ETH.
        u128::try_from(ray).unwrap() / 1_000_000_000 / 1_000_000
    };
    assert_eq!(asking(&stage, 0), 2_160);
    assert_eq!(asking(&stage, 10), 1_944);
    // As far as prices reach, and no further.
    assert_eq!(asking(&stage, 60), asking(&stage, 600));
    stage.live(10);
    assert_eq!(asking(&stage, 0), 1_944);
    stage.done(Body::Halt { on: true });
    assert_eq!(asking(&stage, 10), 1_944);
    stage.live(90);
    stage.done(Body::Halt { on: false });
    let told = auctioned(&stage.done(take(7, ONE_ETH, 1_944)));
    assert!(matches!(told[1], What::LotSold { paid, .. } if paid == at(1_944)), "{told:?}");
    assert_eq!(stage.engine.auction_nanos(1, Time(stage.now)), None);
}

/// The same time with more commands in between, accepted or refused, counts the same.
#[test]
fn who_looks_does_not_matter() {
    for seed in 0..40 {
        let mut counts = Vec::new();
        for often in [false, true] {
            let (mut stage, mut chance) = (bound(), Chance::new(seed));
            for _ in 0..40 {
                let nanos = chance.below(40 * SECOND);
                if often {
                    let parts = 1 + chance_of(seed, nanos);
                    for part in 1..=parts {
                        stage.wait(nanos * part / parts - nanos * (part - 1) / parts);
                        match part % 3 {
                            0 => drop(stage.done(Body::AdvanceTime)),
                            1 => drop(stage.apply(raise(9, 1))),
                            _ => drop(stage.apply(deposit(2, BTC, 1))),
                        }
                    }
                } else {
                    stage.wait(nanos);
                }
                match chance.below(8) {
                    0..=2 => drop(stage.again(ETH)),
                    3 => drop(stage.done(Body::Halt { on: chance.below(2) == 0 })),
                    4 => {
                        let asset = AssetId(chance.below(3) as u16);
                        let shut = if chance.below(2) == 0 { Gate::Paused } else { Gate::Open };
                        stage.done(gate(asset, shut));
                    }
                    _ => {}
                }
            }
            counts.push(stage.engine.auction_nanos(1, Time(stage.now)));
        }
        assert_eq!(counts[0], counts[1], "{seed}");
    }
}

fn chance_of(seed: u64, nanos: u64) -> u64 {
    Chance::new(seed ^ nanos).below(5)
}
