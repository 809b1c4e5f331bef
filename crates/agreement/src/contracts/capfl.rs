//! CAPFL, cap or floor: what interest payments of a contract change when its rate is bounded.

use super::contract::rows_of;
use super::lending::needed_currency;
use super::pam::status;
use super::swaps::bare;
use super::terms::{ReferenceRole, Terms};
use super::timeline::{Question, in_order, sort_rows};
use super::{Event, EventType, Role};
use crate::Error;

pub(super) fn rows(terms: &Terms, asked: &Question) -> Result<Vec<(u16, Event)>, Error> {
    let role = terms.contract_role.ok_or_else(|| {
        Error::missing("contractRole", "BUY for the holder or SEL for the writer")
    })?;
    let status = status(terms)?;
    let inner = Question { analyses: &[], ..*asked };
    let mut free = underlying(terms)?.clone();
    free.contract_role = Some(Role::Rpa);
    let mut bound = free.clone();
    bound.life_cap = terms.life_cap;
    bound.life_floor = terms.life_floor;
    if let (Some(cap), Some(floor)) = (terms.life_cap, terms.life_floor)
        && cap < floor
    {
        let (cap, floor) = (format!("lifeCap {cap}"), format!("lifeFloor {floor}"));
        return Err(Error::contradiction(cap, floor, "the cap must not be below the floor"));
    }
    let free = rows_of(&free, &inner)?;
    let bound = rows_of(&bound, &inner)?;
    let currency = needed_currency(terms)?;
    let mut rows = Vec::new();
    for ((rank, plain), (_, bounded)) in free.into_iter().zip(bound) {
        if plain.kind == EventType::Ip && plain.time > status {
            let payoff = role.sign() * (plain.payoff - bounded.payoff).abs();
            let row = Event { payoff, notional: 0.0, rate: 0.0, accrued: 0.0, ..plain };
            rows.push((rank, Event { currency: currency.clone(), ..row }));
        }
    }
    for event in in_order(super::stk::held(terms, asked), status, asked)? {
        rows.push((event.rank, bare(&event, role.sign() * event.amount, &currency)));
    }
    sort_rows(&mut rows);
    Ok(rows)
}

fn underlying(terms: &Terms) -> Result<&Terms, Error> {
    let mut references = terms.references(ReferenceRole::Underlying);
    references.find_map(|reference| reference.terms.as_deref()).ok_or_else(|| {
        Error::missing("contractStructure", "a reference UDL with the terms of the underlying")
    })
}
