//! What pushed an account over a line: asked of the rulebook, not read off the last event.

use super::record::Cause;
use breakwater_engine::{Body, Command, Engine, Event, Part, What};
use breakwater_liquidation::effects::Bearer;
use breakwater_liquidation::{Call, Fact, Policy};
use breakwater_margin::{Band, Ratio};
use breakwater_money::{AccountId, Class};

/// The band that the account would be in if of the command only `part` happened.
pub fn band_after(
    engine: &Engine,
    command: &Command,
    part: Part,
    account: AccountId,
    warn: Ratio,
) -> Option<Band> {
    let assessed = engine.ahead(command, part, account, |rulebook, view| {
        rulebook.assess(view, account).map(|health| health.band(warn))
    });
    assessed.ok()?.ok()
}

/// The warning line once `part` of the command has happened.
pub fn warn_after(command: &Command, part: Part, in_force: &Policy) -> Ratio {
    match (&command.body, part) {
        (Body::InstallRulebook { policy, .. }, Part::Rulebook | Part::Whole) => policy.warn_ratio,
        _ => in_force.warn_ratio,
    }
}

/// What of the command would bring the account as low as `fallen` by itself, judged by the warning
/// line of `policy` where the command brings no other.
pub fn alone(
    engine: &Engine,
    command: &Command,
    account: AccountId,
    fallen: Band,
    policy: &Policy,
) -> Vec<Cause> {
    let enough = |part| {
        let warn = warn_after(command, part, policy);
        band_after(engine, command, part, account, warn).is_some_and(|band| band >= fallen)
    };
    let mut causes = Vec::new();
    let own_part = match &command.body {
        Body::Tick(tick) => Some((Part::Price, Cause::Price(tick.market))),
        Body::Call(call) => Some((Part::Business, business(engine, call, account))),
        Body::ReportFill { leg, .. } => {
            let own = engine.open_legs().get(leg).is_some_and(|open| open.account == account);
            let kind = command.body.kind();
            let cause = if own { Cause::Liquidation(kind) } else { Cause::Another(kind) };
            Some((Part::Business, cause))
        }
        Body::InstallRulebook { .. } => Some((Part::Rulebook, Cause::Parameters)),
        _ => None,
    };
    if let Some((part, cause)) = own_part
        && enough(part)
    {
        causes.push(cause);
    }
    if enough(Part::Time) {
        causes.push(passing(engine, account));
    }
    if causes.is_empty() {
        causes.push(Cause::Together);
    }
    causes
}

/// What passes with time: funding for whoever holds a contract and owes nothing, else interest.
fn passing(engine: &Engine, account: AccountId) -> Cause {
    let holdings = engine.ledger().holdings(account);
    let owes = holdings.iter().any(|held| held.unit.class == Class::Debt);
    let holds = holdings.iter().any(|held| held.contract.is_some());
    if holds && !owes { Cause::Funding } else { Cause::Interest }
}

fn business(engine: &Engine, call: &Call, account: AccountId) -> Cause {
    let targets = engine.rulebook().and_then(|rulebook| {
        let targets = engine.look(|view| rulebook.targets(view, call));
        targets.ok()
    });
    if targets.is_some_and(|targets| targets.contains(&account)) {
        Cause::Liquidation(call.kind())
    } else if call.accounts().contains(&account) {
        Cause::Own(call.kind())
    } else {
        Cause::Another(call.kind())
    }
}

/// What the engine did by itself after the command that reached the account, where the command's
/// own changes do not explain its fall.
pub fn of_others(account: AccountId, command: &Command, events: &[Event]) -> Vec<Cause> {
    let mut causes = Vec::new();
    for event in events {
        let What::Happened(Fact::Borne { account: of, bearer, .. }) = &event.what else { continue };
        let cause = match bearer {
            Bearer::Deleveraged(winner) if *winner == account && *of != account => {
                Cause::Deleveraged
            }
            Bearer::Socialised(sharer) if *sharer == account && *of != account => Cause::Socialised,
            _ => continue,
        };
        if !causes.contains(&cause) {
            causes.push(cause);
        }
    }
    if causes.is_empty() {
        causes.push(Cause::Another(command.body.kind()));
    }
    causes
}
