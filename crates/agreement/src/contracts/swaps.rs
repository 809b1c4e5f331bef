//! SWAPS: the events of two contracts, one received and one paid; settled in cash, events of both
//! legs that meet become one.

use super::contract::rows_of;
use super::lending::needed_currency;
use super::pam::status;
use super::terms::{ReferenceRole, Terms};
use super::timeline::{Due, Question, bounded, in_order, sort_rows};
use super::{DeliverySettlement, Event, EventType, Role};
use crate::Error;

pub(super) fn rows(terms: &Terms, asked: &Question) -> Result<Vec<(u16, Event)>, Error> {
    let role = terms.contract_role.ok_or_else(|| {
        Error::missing("contractRole", "RFL to receive the first leg or PFL to pay it")
    })?;
    let status = status(terms)?;
    let (received, paid) = (Role::Rpa, Role::Rpl);
    let roles = if role.sign() > 0.0 { [received, paid] } else { [paid, received] };
    let mut legs = Vec::new();
    for (part, role) in [ReferenceRole::FirstLeg, ReferenceRole::SecondLeg].into_iter().zip(roles) {
        let leg = leg(terms, part)?;
        let mut leg = leg.clone();
        leg.contract_role = Some(role);
        let mut rows = rows_of(&leg, &Question { analyses: &[], ..*asked })?;
        rows.retain(|(_, event)| event.time > status);
        legs.push(rows);
    }
    let second = legs.pop().unwrap_or_default();
    let first = legs.pop().unwrap_or_default();
    let mut rows = match terms.delivery {
        Some(DeliverySettlement::Cash) => netted(first, second),
        _ => first.into_iter().chain(second).collect(),
    };
    bounded(rows.len())?;
    rows.extend(own(terms, asked)?);
    sort_rows(&mut rows);
    Ok(rows)
}

fn leg(terms: &Terms, part: ReferenceRole) -> Result<&Terms, Error> {
    let code = if part == ReferenceRole::FirstLeg { "FIL" } else { "SEL" };
    let found = terms.references(part).find_map(|reference| reference.terms.as_deref());
    found.ok_or_else(|| {
        Error::missing("contractStructure", &format!("a reference {code} with the terms of a leg"))
    })
}

/// Joins events of both legs that have the same time and kind. The text joins IED, IP and PR; the
/// published results join MD as well.
fn netted(first: Vec<(u16, Event)>, second: Vec<(u16, Event)>) -> Vec<(u16, Event)> {
    const JOINED: [EventType; 4] = [EventType::Ied, EventType::Ip, EventType::Pr, EventType::Md];
    let mut rows = first;
    let mut alone = Vec::new();
    let mut from = 0;
    for (rank, event) in second {
        // Both lists are in the order of time, so a partner is not before the last one looked at.
        while rows.get(from).is_some_and(|(_, other)| other.time < event.time) {
            from += 1;
        }
        let partner = rows[from..]
            .iter_mut()
            .take_while(|(_, other)| other.time <= event.time)
            .find(|(_, other)| {
                let same = other.kind == event.kind && other.currency == event.currency;
                same && JOINED.contains(&other.kind)
            });
        match partner {
            Some((_, joined)) => {
                joined.payoff += event.payoff;
                joined.notional += event.notional;
                joined.rate = 0.0;
                joined.accrued += event.accrued;
            }
            None => alone.push((rank, event)),
        }
    }
    rows.append(&mut alone);
    rows
}

/// Purchase and termination of the swap itself: the stated price with the sign of the role, for
/// both (published results).
fn own(terms: &Terms, asked: &Question) -> Result<Vec<(u16, Event)>, Error> {
    let sign = terms.contract_role.map_or(1.0, Role::sign);
    let currency = needed_currency(terms)?;
    let due = super::stk::held(terms, asked);
    let mut rows = Vec::new();
    for event in in_order(due, status(terms)?, asked)? {
        let price = match event.kind {
            EventType::Prd => terms.purchase_price.unwrap_or(0.0),
            EventType::Td => terms.termination_price.unwrap_or(0.0),
            _ => 0.0,
        };
        rows.push((event.rank, bare(&event, sign * price, &currency)));
    }
    Ok(rows)
}

/// A row without a state.
pub(super) fn bare(due: &Due, payoff: f64, currency: &str) -> Event {
    Event {
        time: due.at,
        kind: due.kind,
        payoff,
        currency: currency.to_owned(),
        notional: 0.0,
        rate: 0.0,
        accrued: 0.0,
        exercise: None,
    }
}
