//! I-43: a rejected command changes nothing but its record. The stage compares the state's hash
//! around every refusal; here the refusals that come late, and stories full of them.

use crate::support::broken::{self, Planted};
use crate::support::stage::*;
use crate::support::story::{self, VENUES};
use breakwater_engine::Invariant;
use breakwater_liquidation::{AssetKind, Call, CallState, Policy, Rejection};
use breakwater_money::AccountId;

#[test]
fn over_any_story_refusals_leave_the_state_as_it_was() {
    for venue in VENUES {
        let (mut refused, mut accepted) = (0, 0);
        for seed in 0..10 {
            let mut stage = story::begin(venue, 4_096);
            let mut chance = crate::support::chance::Chance::new(seed);
            for _ in 0..300 {
                let command = story::next(&stage, venue, &mut chance);
                stage.now = stage.now.max(command.at.0);
                // The stage asserts that the hash is what it was.
                let outcome = stage.apply_command(command);
                match outcome.rejected {
                    Some(_) => refused += 1,
                    None => accepted += 1,
                }
            }
        }
        assert!(refused > 300 && accepted > 1_000, "{venue:?}: {refused} and {accepted}");
    }
}

/// A snapshot before and after differs in the count of commands alone, so that a later command
/// meets the same engine.
#[test]
fn a_refusal_leaves_no_trace_in_what_comes_after() {
    for venue in VENUES {
        let stage = story::play(venue, 7, 200, 4_096);
        let mut clean = story::begin(venue, 4_096);
        clean.journal.clear();
        let accepted: Vec<_> = {
            let mut again = story::begin(venue, 4_096);
            let begun = again.journal.len();
            let told = stage.journal[begun..].iter().cloned();
            told.filter(|command| again.apply_command(command.clone()).accepted()).collect()
        };
        assert!(accepted.len() < 200);
        for command in accepted {
            clean.now = clean.now.max(command.at.0);
            assert!(clean.apply_command(command).accepted());
        }
        assert_eq!(clean.engine.state_hash(), stage.engine.state_hash(), "{venue:?}");
    }
}

/// The price that leads to a write-off has happened, whatever the rule says to the write-off.
#[test]
fn a_refused_write_off_does_not_refuse_the_price_behind_it() {
    let policy = Policy { close: breakwater_liquidation::Close::Full, ..venue_sells() };
    let mut stage = Stage::broken(Planted::RefusesWriteOff, policy, 2);
    stage.owes(1, ETH, ONE_ETH, 1_500 * ONE_CASH);
    let order = orders(&stage.price(ETH, at(1_200)))[0];
    let outcome = stage.done(fill(order.leg, ONE_ETH, 1_200 * ONE_CASH, true));
    assert_eq!(outcome.rejected, None);
    assert_eq!(stage.state(1), CallState::Liquidating);
    stage.wait(SECOND);
    let outcome = stage.price(ETH, at(1_100));
    assert!(outcome.accepted(), "{outcome:?}");
    assert_eq!(stage.engine.marks()[0].mark.unwrap().price.raw, at(1_100));
}

#[test]
fn a_newcomer_that_the_rule_will_not_take_is_not_defined() {
    let mut stage = Stage::broken(Planted::RefusesNewcomers, Policy::as_is(), 1);
    let refused = stage.refused(asset("SOL", 9, AssetKind::Token));
    assert_eq!(refused, Rejection::RulebookCannotTake);
    assert_eq!(stage.engine.assets().len(), 3);
    // The rule goes on as it was.
    stage.done(deposit(0, CASH, 1));
}

/// Where a command can no more be taken back and cannot be finished, the engine stops rather than
/// call it refused.
#[test]
fn what_has_begun_is_not_called_refused() {
    let mut stage = Stage::empty();
    stage.done(asset("CASH", 6, AssetKind::Token));
    let parameters = Planted::FoundsAStranger.parameters();
    let stop = stage.stopped(install(broken::RULE, &parameters, Policy::as_is()));
    assert_eq!(stop.invariant, Invariant::RejectedChangesNothing);
    assert!(stop.found.contains("not open"), "{stop}");
}

/// Of a call over several accounts that the rule refuses for the last, none is touched.
#[test]
fn a_call_is_whole_or_not_at_all() {
    let mut stage = Stage::lending("", Policy::as_is(), 3);
    stage.owes(1, ETH, ONE_ETH, 1_500 * ONE_CASH);
    stage.price(ETH, at(1_200));
    assert_eq!(stage.refused(absorb(&[1, 2])), Rejection::Healthy);
    let stranger = Call::Absorb { accounts: vec![AccountId(1), AccountId(3)] };
    let refused = stage.refused(breakwater_engine::Body::Call(stranger));
    assert_eq!(refused, Rejection::UnknownAccount);
}
