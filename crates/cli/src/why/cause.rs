//! What pushed an account over a line: asked of the rulebook, not read off the last event.

use super::record::{Cause, Payment};
use super::steps::payment;
use breakwater_engine::{Body, Command, Engine, Event, Part, What};
use breakwater_liquidation::effects::Bearer;
use breakwater_liquidation::{Call, Effects, Fact, Policy};
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
        Body::Call(call) => Some((Part::Business, business(engine, command, call, account))),
        Body::FillOrder { order, against, price, .. } => {
            let own = [Some(*order), *against].into_iter().flatten();
            let own = own.into_iter().find(|number| owns_order(engine, *number, account));
            let another = Cause::Another(command.body.kind());
            let cause = own.map_or(another, |order| Cause::Order { order, price: *price });
            Some((Part::Business, cause))
        }
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
        causes.push(passing(engine, command, account));
    }
    if causes.is_empty() {
        causes.push(Cause::Together);
    }
    causes
}

/// True if the order is the account's.
pub fn owns_order(engine: &Engine, order: u64, account: AccountId) -> bool {
    engine.orders().get(order).is_some_and(|order| order.account == account)
}

/// What passes with time: interest for whoever owes; else funding, where the rule books something for
/// whoever holds a contract; else time itself, which brings an option nearer to its end.
fn passing(engine: &Engine, command: &Command, account: AccountId) -> Cause {
    let holdings = engine.ledger().holdings(account);
    if holdings.iter().any(|held| held.unit.class == Class::Debt) {
        return Cause::Interest;
    }
    let at = command.at.max(engine.now());
    let books = engine.rulebook().is_some_and(|rulebook| {
        let booked = engine.look(|view| rulebook.accrue(&view.at(at)));
        booked.is_ok_and(|effects| effects != Effects::default())
    });
    match (books, holdings.iter().any(|held| held.contract.is_some())) {
        (true, true) => Cause::Funding,
        (true, false) => Cause::Interest,
        (false, _) => Cause::Time,
    }
}

fn business(engine: &Engine, command: &Command, call: &Call, account: AccountId) -> Cause {
    match call {
        Call::Fund { .. } | Call::Charge { .. } => {
            let effects = engine.business(command).ok();
            let paid = effects.and_then(|effects| payment(call, &effects, account));
            return paid.map_or(Cause::Another(call.kind()), |paid: Payment| Cause::Paid(paid));
        }
        Call::Settle { contract } => return Cause::Session(*contract),
        Call::Deliver { contract, price } => {
            return Cause::Delivery { contract: *contract, price: *price };
        }
        Call::Quote { contract, volatility_e6 } => {
            return Cause::Volatility { contract: *contract, volatility_e6: *volatility_e6 };
        }
        Call::TakeOver { account: of, vault } if *vault == account => return Cause::TookOver(*of),
        Call::TakeOver { account: of, .. } if *of == account => {
            return Cause::Liquidation(call.kind());
        }
        _ => {}
    }
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
        let cause = match &event.what {
            What::Happened(Fact::TakenOver { account: of, vault, .. }) if *vault == account => {
                Cause::TookOver(*of)
            }
            What::Happened(Fact::Borne { account: of, bearer, .. }) if *of != account => {
                match bearer {
                    Bearer::Deleveraged(winner) if *winner == account => Cause::Deleveraged,
                    Bearer::Socialised(sharer) if *sharer == account => Cause::Socialised,
                    _ => continue,
                }
            }
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
