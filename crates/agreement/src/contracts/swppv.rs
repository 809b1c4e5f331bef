//! SWPPV, plain vanilla interest rate swap: a fixed rate against one that resets, on one principal
//! that is never exchanged.

use super::lending::{needed_currency, reset};
use super::pam::{last_before, resets, status};
use super::schedules::Schedules;
use super::terms::Terms;
use super::timeline::{Due, Question, in_order, sort_rows};
use super::{DeliverySettlement, Event, EventType, Observed};
use crate::Error;
use crate::calendar::Moment;

/// State of the two legs. Amounts are signed as the fixed leg.
struct Legs {
    notional: f64,
    fixed_rate: f64,
    floating_rate: f64,
    fixed: f64,
    floating: f64,
    at: Moment,
}

pub(super) fn rows(terms: &Terms, asked: &Question) -> Result<Vec<(u16, Event)>, Error> {
    let role = terms.contract_role.ok_or_else(|| {
        Error::missing("contractRole", "RF to receive the fixed rate or PF to pay it")
    })?;
    let start = terms.initial_exchange.ok_or_else(|| {
        Error::missing("initialExchangeDate", "the time from which interest runs")
    })?;
    let end =
        terms.maturity.ok_or_else(|| Error::missing("maturityDate", "the end of the swap"))?;
    let currency = needed_currency(terms)?;
    let status = status(terms)?;
    let net = terms.delivery == Some(DeliverySettlement::Cash);
    let (due, last) = schedule(terms, start, end, net, asked)?;
    let schedules = Schedules::new(terms);
    let years = |from, to| {
        let (from, to) = (schedules.counted(from), schedules.counted(to));
        terms.day_count.map_or(0.0, |count| count.years(from, to, Some(end)))
    };
    let mut legs = opening(terms, role.sign(), start, status);
    if start <= status {
        let passed = years(last, status);
        legs.fixed = match terms.accrued_interest {
            Some(stated) => role.sign() * stated,
            None => passed * legs.notional * legs.fixed_rate,
        };
        legs.floating = passed * legs.notional * legs.floating_rate;
    }
    let mut rows = Vec::new();
    for event in in_order(due, status, asked)? {
        let passed = years(legs.at, event.computed);
        legs.fixed += passed * legs.notional * legs.fixed_rate;
        legs.floating += passed * legs.notional * legs.floating_rate;
        legs.at = event.computed;
        let payoff = apply(terms, asked.observed, role.sign(), &mut legs, &event)?;
        let row = Event {
            time: event.at,
            kind: event.kind,
            payoff,
            currency: currency.clone(),
            notional: legs.notional,
            rate: legs.floating_rate,
            // Settled net, what has accrued is the difference; else the fixed leg is shown.
            accrued: if net { legs.fixed - legs.floating } else { legs.fixed },
            exercise: None,
        };
        rows.push((event.rank, row));
    }
    sort_rows(&mut rows);
    Ok(rows)
}

fn opening(terms: &Terms, sign: f64, start: Moment, status: Moment) -> Legs {
    let running = start <= status;
    Legs {
        notional: if running { sign * terms.notional.unwrap_or(0.0) } else { 0.0 },
        fixed_rate: terms.rate.unwrap_or(0.0),
        floating_rate: if running { terms.rate_2.unwrap_or(0.0) } else { 0.0 },
        fixed: 0.0,
        floating: 0.0,
        at: status,
    }
}

/// The events, and the last interest payment before the status date.
fn schedule(
    terms: &Terms,
    start: Moment,
    end: Moment,
    net: bool,
    asked: &Question,
) -> Result<(Vec<Due>, Moment), Error> {
    let schedules = Schedules::new(terms);
    let mut due = super::stk::held(terms, asked);
    due.push(Due::fixed(EventType::Ied, start));
    due.push(Due::fixed(EventType::Md, end));
    let anchor = schedules.anchor(terms.interest_anchor, terms.interest_cycle, start)?;
    let kinds: &[EventType] =
        if net { &[EventType::Ip] } else { &[EventType::Ipfx, EventType::Ipfl] };
    let mut last = start;
    for kind in kinds {
        let payments = match anchor {
            Some(anchor) => schedules.with_end(*kind, anchor, terms.interest_cycle, end)?,
            None => vec![Due::fixed(*kind, end)],
        };
        last = last_before(&payments, status(terms)?, start);
        due.extend(payments);
    }
    due.extend(resets(terms, &schedules, start, end)?);
    let own = [EventType::Ad, EventType::Prd, EventType::Td];
    due.retain(|event| event.acts >= start || own.contains(&event.kind));
    Ok((due, last))
}

fn apply(
    terms: &Terms,
    observed: &Observed,
    sign: f64,
    legs: &mut Legs,
    due: &Due,
) -> Result<f64, Error> {
    let payoff = match due.kind {
        EventType::Ied => {
            legs.notional = sign * terms.notional.unwrap_or(0.0);
            legs.floating_rate = terms.rate_2.unwrap_or(0.0);
            0.0
        }
        EventType::Ip => {
            let paid = legs.fixed - legs.floating;
            legs.fixed = 0.0;
            legs.floating = 0.0;
            paid
        }
        EventType::Ipfx => std::mem::take(&mut legs.fixed),
        EventType::Ipfl => -std::mem::take(&mut legs.floating),
        EventType::Prd => sign * due.amount,
        // The published results take this price as it is stated, whatever the role.
        EventType::Td => {
            close(legs);
            due.amount
        }
        EventType::Md => {
            close(legs);
            0.0
        }
        EventType::Rrf => {
            legs.floating_rate = due.amount;
            0.0
        }
        EventType::Rr => {
            legs.floating_rate = reset(terms, observed, due, legs.floating_rate)?;
            0.0
        }
        _ => 0.0,
    };
    Ok(payoff)
}

fn close(legs: &mut Legs) {
    legs.notional = 0.0;
    legs.fixed = 0.0;
    legs.floating = 0.0;
}
