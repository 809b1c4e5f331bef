//! I-42: engine time never goes back, and a command from the past is refused whatever it is.

use crate::support::stage::*;
use crate::support::story::{self, VENUES};
use breakwater_engine::{Body, Command};
use breakwater_liquidation::{Policy, Rejection};
use breakwater_money::Time;

#[test]
fn a_command_from_the_past_is_refused_and_one_of_the_same_instant_is_not() {
    let mut stage = Stage::lending("", Policy::as_is(), 2);
    stage.wait(SECOND);
    stage.done(Body::AdvanceTime);
    let now = stage.now;
    let bodies = [
        Body::AdvanceTime,
        deposit(1, ETH, 1),
        Body::Tick(stage.tick(ETH, at(2_000))),
        fund(1),
        open("late"),
        Body::Halt { on: true },
        asset("LATE", 6, breakwater_liquidation::AssetKind::Token),
        install(crate::support::lending::RULE, "", Policy::as_is()),
    ];
    for body in bodies {
        let command = Command { at: Time(now - 1), body: body.clone() };
        let outcome = stage.apply_command(command);
        let rejected = outcome.rejected.unwrap();
        assert_eq!(rejected.rejection, Rejection::TimeBackwards, "{body:?}");
        assert!(rejected.detail.contains(&(now - 1).to_string()), "{rejected}");
        assert_eq!(stage.engine.now(), Time(now));
    }
    stage.done(deposit(1, ETH, 1));
    assert_eq!(stage.engine.now(), Time(now));
}

#[test]
fn a_refused_command_does_not_move_time_forward_either() {
    let mut stage = Stage::lending("", Policy::as_is(), 2);
    let now = stage.engine.now();
    stage.wait(5 * SECOND);
    stage.refused(deposit(1, ETH, 0));
    assert_eq!(stage.engine.now(), now);
}

#[test]
fn over_any_story_time_and_sequence_only_rise() {
    for venue in VENUES {
        let mut stage = story::begin(venue, 4_096);
        let mut chance = crate::support::chance::Chance::new(42);
        let (mut last, mut sequence) = (stage.engine.now(), stage.engine.sequence());
        for _ in 0..400 {
            let command = story::next(&stage, venue, &mut chance);
            stage.now = stage.now.max(command.at.0);
            let at = command.at;
            let outcome = stage.apply_command(command);
            sequence += 1;
            assert_eq!((outcome.sequence, stage.engine.sequence()), (sequence, sequence));
            assert_eq!(outcome.at, stage.engine.now());
            assert_eq!(outcome.at, if outcome.accepted() { at } else { last });
            assert!(outcome.at >= last);
            last = outcome.at;
        }
    }
}
