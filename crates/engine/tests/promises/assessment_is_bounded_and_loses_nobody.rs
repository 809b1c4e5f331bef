//! One command assesses at most as many accounts as its policy says; the rest waits and is taken
//! next, so that assessed plus pending is what a rescan finds.

use crate::support::chance::Chance;
use crate::support::lending;
use crate::support::stage::*;
use crate::support::story::{self, VENUES, Venue};
use breakwater_engine::{Body, Cause, What};
use breakwater_liquidation::{CallState, Policy};
use breakwater_money::AccountId;

/// Accounts in breach by an exact look at every one of them.
fn in_breach(stage: &Stage) -> Vec<u32> {
    let all = 0..stage.engine.accounts() as u32;
    all.filter(|a| stage.engine.health(AccountId(*a)).is_ok_and(|h| h.breach)).collect()
}

#[test]
fn one_account_a_command_and_the_rest_is_taken_next() {
    let policy = Policy { assess_max: 1, ..Policy::as_is() };
    let mut stage = Stage::lending("", policy, 21);
    for account in 1..=20 {
        stage.done(deposit(account, ETH, ONE_ETH));
        stage.done(borrow(account, 1_500 * ONE_CASH));
    }
    while stage.engine.pending() > 0 {
        stage.done(Body::AdvanceTime);
    }
    let outcome = stage.price(ETH, at(1_800));
    assert_eq!((outcome.assessed, outcome.pending), (1, 19));
    let mut called = moves(&outcome);
    for left in (0..19).rev() {
        let known: Vec<u32> = called.iter().map(|(account, _)| *account).collect();
        let waiting: Vec<u32> =
            (0..21).filter(|a| stage.engine.is_pending(AccountId(*a))).collect();
        let mut found = [known, waiting].concat();
        found.sort_unstable();
        assert_eq!(found, in_breach(&stage));
        let outcome = stage.done(Body::AdvanceTime);
        assert_eq!((outcome.assessed, outcome.pending), (1, left));
        called.extend(moves(&outcome));
    }
    let all: Vec<_> = (1..=20).map(|account| (account, CallState::Called)).collect();
    assert_eq!(called, all);
}

#[test]
fn a_change_under_everybody_is_taken_in_pieces_too() {
    let policy = Policy { assess_max: 3, ..Policy::as_is() };
    let mut stage = Stage::lending("", policy.clone(), 11);
    for account in 1..=10 {
        stage.owes(account, ETH, ONE_ETH, 1_500 * ONE_CASH);
    }
    while stage.engine.pending() > 0 {
        stage.done(Body::AdvanceTime);
    }
    // A lower threshold breaches all ten at once.
    let outcome = stage.done(install(lending::RULE, "threshold_bps = 7000", policy));
    assert_eq!((outcome.assessed, outcome.pending), (3, 8));
    let mut called = moves(&outcome);
    // A price that fires triggers as well takes nobody out of the sweep.
    let outcome = stage.price(ETH, at(1_900));
    assert_eq!((outcome.assessed, outcome.pending), (3, 5));
    called.extend(moves(&outcome));
    while stage.engine.pending() > 0 {
        called.extend(moves(&stage.done(Body::AdvanceTime)));
    }
    assert_eq!(called.len(), 10);
    assert_eq!(in_breach(&stage).len(), 10);
}

/// The bound moves findings to later commands and changes none of them: once nobody waits, each
/// account stands where it would have without a bound.
#[test]
fn with_any_bound_accounts_end_where_they_would_without() {
    for bound in [1, 2, 7] {
        let (mut waited, mut compared) = (0, 0);
        for seed in 0..6 {
            let mut bounded = story::begin(Venue::Keepers, bound);
            let mut chance = Chance::new(seed);
            for _ in 0..300 {
                let command = story::next(&bounded, Venue::Keepers, &mut chance);
                bounded.now = bounded.now.max(command.at.0);
                // The stage's rescan is the test: whoever's band is not the recorded one waits.
                let outcome = bounded.apply_command(command);
                assert!(outcome.assessed <= bound);
                waited += usize::from(outcome.pending > 0);
            }
            while bounded.engine.pending() > 0 {
                bounded.done(Body::AdvanceTime);
            }
            for account in 0..story::ACCOUNTS {
                let open = bounded.state(account).is_open();
                let health = bounded.engine.health(AccountId(account)).unwrap();
                assert_eq!(open, health.breach, "seed {seed}, account {account}");
                compared += usize::from(open);
            }
        }
        // Six accounts never wait for a bound of seven.
        assert_eq!(
            waited > 0,
            bound < 7,
            "with a bound of {bound} {waited} commands left somebody"
        );
        assert!(compared > 0, "no story ended with an account in breach");
    }
}

#[test]
fn what_an_earlier_command_left_pending_is_told_with_what_took_it_up() {
    let policy = Policy { assess_max: 1, ..Policy::as_is() };
    let mut stage = Stage::lending("", policy, 3);
    stage.owes(1, ETH, ONE_ETH, 1_500 * ONE_CASH);
    stage.owes(2, ETH, ONE_ETH, 1_500 * ONE_CASH);
    while stage.engine.pending() > 0 {
        stage.done(Body::AdvanceTime);
    }
    stage.price(ETH, at(1_800));
    let outcome = stage.done(Body::AdvanceTime);
    let moved = outcome.events.iter().find(|e| matches!(e.what, What::CallMoved { .. })).unwrap();
    assert!(matches!(moved.cause, Cause::Time | Cause::Pending), "{moved:?}");
}

#[test]
fn over_any_story_the_watch_list_is_never_late() {
    for venue in VENUES {
        for (seed, bound) in [(1, 1), (2, 2), (3, 4_096), (4, 1), (5, 4_096)] {
            // Judged by the stage after every command.
            let stage = story::play(venue, seed, 300, bound);
            assert_eq!(stage.engine.stop(), None);
        }
    }
}
