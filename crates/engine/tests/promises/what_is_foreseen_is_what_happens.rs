//! Looking ahead changes nothing, and all of a command laid over the pool is what the command does.

use crate::support::stage::*;
use crate::support::story::{self, VENUES};
use breakwater_engine::{Body, Command, Engine, Part, What};
use breakwater_liquidation::{Fact, Policy, Rejected};
use breakwater_margin::Health;
use breakwater_money::{AccountId, Time};

fn foreseen(
    engine: &Engine,
    command: &Command,
    part: Part,
    account: u32,
) -> Result<Health, Rejected> {
    let account = AccountId(account);
    engine.ahead(command, part, account, |rulebook, view| rulebook.assess(view, account))?
}

/// True if the engine did something by itself after the command: wrote a loss off and found its
/// bearers, closed winners, or sold to whoever had bid before.
fn went_on(events: &[breakwater_engine::Event], bids: bool) -> bool {
    events.iter().any(|event| match event.what {
        What::LotSold { .. } => !bids,
        What::Happened(Fact::Borne { .. } | Fact::Deficit { .. } | Fact::Traded { .. }) => true,
        _ => false,
    })
}

#[test]
fn every_account_is_as_it_was_foreseen() {
    let (mut compared, mut moved) = (0, 0);
    for venue in VENUES {
        for seed in 0..3 {
            let planned = story::play(venue, seed, 250, 4_096);
            let mut stage = Stage::empty();
            for command in planned.journal {
                let accounts = 0..u32::try_from(stage.engine.accounts()).unwrap();
                let before: Vec<_> =
                    accounts.clone().map(|a| stage.engine.health(AccountId(a))).collect();
                let hash = stage.engine.state_hash();
                let ahead: Vec<_> = accounts
                    .clone()
                    .map(|account| foreseen(&stage.engine, &command, Part::Whole, account))
                    .collect();
                for (account, before) in accounts.clone().zip(&before) {
                    let nothing = foreseen(&stage.engine, &command, Part::Nothing, account);
                    assert_eq!(nothing, *before, "{account} before {command:?}");
                }
                assert_eq!(stage.engine.state_hash(), hash, "{command:?}");
                stage.now = stage.now.max(command.at.0);
                let told = format!("{venue:?} {seed}: {command:?}");
                let bids = matches!(command.body, Body::Bid { .. });
                let outcome = stage.apply_command(command);
                if !outcome.accepted() || went_on(&outcome.events, bids) {
                    continue;
                }
                for ((account, ahead), before) in accounts.zip(ahead).zip(before) {
                    let Ok(ahead) = ahead else { continue };
                    assert_eq!(Ok(ahead), stage.engine.health(AccountId(account)), "{told}");
                    compared += 1;
                    moved += u32::from(before != Ok(ahead));
                }
            }
        }
    }
    assert!(compared > 5_000 && moved > 1_000, "{compared} compared, {moved} moved");
}

#[test]
fn the_parts_of_a_command_are_told_apart() {
    let mut stage = Stage::lending("rate_bps = 5000", Policy::as_is(), 2);
    stage.owes(1, ETH, ONE_ETH, 1_500 * ONE_CASH);
    let before = stage.health(1);
    stage.wait(40 * SECOND);
    let tick = Command { at: Time(stage.now), body: Body::Tick(stage.tick(ETH, at(1_900))) };
    let look = |command: &Command, part| foreseen(&stage.engine, command, part, 1).unwrap();
    let (time, price) = (look(&tick, Part::Time), look(&tick, Part::Price));
    assert_eq!(time.equity, before.equity);
    assert!(time.requirement > before.requirement, "interest");
    assert_eq!(price.requirement, before.requirement);
    assert!(price.equity < before.equity, "a fall");
    let whole = look(&tick, Part::Whole);
    assert_eq!((whole.equity, whole.requirement), (price.equity, time.requirement));
    assert_eq!(look(&tick, Part::Business), before);
    assert_eq!(look(&tick, Part::Rulebook), before);

    let call = Command { at: Time(stage.now), body: borrow(1, 10 * ONE_CASH) };
    let lent = look(&call, Part::Business);
    assert_eq!(lent.requirement, before.requirement + 10 * ONE_CASH);
    assert_eq!(look(&call, Part::Price), before);
    assert_eq!(stage.engine.business(&call).unwrap().transfers.len(), 2);

    let parameters = "threshold_bps = 7000";
    let body = install(crate::support::lending::RULE, parameters, Policy::as_is());
    let changed = Command { at: Time(stage.now), body };
    let ruled = look(&changed, Part::Rulebook);
    assert!(ruled.equity < before.equity && ruled.requirement == before.requirement, "{ruled:?}");
    assert_eq!(look(&changed, Part::Time), before, "an installation books no interest");
}

#[test]
fn what_cannot_be_looked_at_is_refused_by_name() {
    let stage = Stage::lending("", Policy::as_is(), 2);
    let told = |body: Body, account| {
        let command = Command { at: Time(stage.now), body };
        foreseen(&stage.engine, &command, Part::Whole, account).unwrap_err().to_string()
    };
    assert!(told(Body::AdvanceTime, 9).contains("account 9"));
    assert!(told(borrow(7, 1), 1).contains("account 7"));
    assert!(told(fill(5, 1, 1, true), 1).contains("leg 5"));
    let other = install(crate::support::perpetual::RULE, "", Policy::as_is());
    assert!(told(other, 1).contains("another rule"));
    let mut tick = stage.tick(ETH, at(1_900));
    tick.decimals = 2;
    assert!(told(Body::Tick(tick), 1).contains("scale"));
    let empty = Engine::new(std::sync::Arc::new(crate::support::shelf::Shelf));
    let command = Command { at: Time(1), body: Body::AdvanceTime };
    assert!(empty.business(&command).is_err());
    // Time before the engine's is taken for the engine's: such a command is refused anyway.
    let late = Command { at: Time(0), body: Body::AdvanceTime };
    assert_eq!(foreseen(&stage.engine, &late, Part::Whole, 1).unwrap(), stage.health(1));
}
