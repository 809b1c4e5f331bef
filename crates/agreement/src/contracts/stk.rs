//! STK, stock: bought, paid dividends on, sold.

use super::clm::no_end;
use super::lam::short;
use super::lending::needed_currency;
use super::pam::status;
use super::schedules::Schedules;
use super::terms::Terms;
use super::timeline::{Due, Question, in_order, sort_rows};
use super::{Event, EventType, Observed};
use crate::Error;
use crate::calendar::Moment;

pub(super) fn rows(terms: &Terms, asked: &Question) -> Result<Vec<(u16, Event)>, Error> {
    let mut due = held(terms, asked);
    due.extend(dividends(terms, asked.until)?);
    let units = terms.quantity.unwrap_or(1.0);
    run(terms, asked, due, |event| match event.kind {
        EventType::Dv => Ok(units * dividend(terms, asked.observed, event)?),
        _ => Ok(units * event.amount),
    })
}

/// Purchase, termination and analysis dates of a thing that is held.
pub(super) fn held(terms: &Terms, asked: &Question) -> Vec<Due> {
    let bought = terms.purchase_price.unwrap_or(0.0);
    let sold = terms.termination_price.unwrap_or(0.0);
    let mut due = Vec::new();
    due.extend(terms.purchase.map(|at| Due::fixed(EventType::Prd, at).with_amount(-bought)));
    due.extend(terms.termination.map(|at| Due::fixed(EventType::Td, at).with_amount(sold)));
    due.extend(asked.analyses.iter().map(|at| Due::fixed(EventType::Ad, *at)));
    due
}

/// Rows of a thing that is held: what an asset receives by `amount`, and what a liability pays.
pub(super) fn run(
    terms: &Terms,
    asked: &Question,
    due: Vec<Due>,
    amount: impl Fn(&Due) -> Result<f64, Error>,
) -> Result<Vec<(u16, Event)>, Error> {
    let role = terms
        .contract_role
        .ok_or_else(|| Error::missing("contractRole", "RPA for an asset or RPL for a liability"))?;
    let currency = needed_currency(terms)?;
    let mut rows = Vec::with_capacity(due.len());
    for event in in_order(due, status(terms)?, asked)? {
        let row = Event {
            time: event.at,
            kind: event.kind,
            payoff: role.sign() * amount(&event)?,
            currency: currency.clone(),
            notional: 0.0,
            rate: 0.0,
            accrued: 0.0,
            exercise: None,
        };
        rows.push((event.rank, row));
    }
    sort_rows(&mut rows);
    Ok(rows)
}

/// Dividends from the anchor until the end of the question or the sale, both included.
fn dividends(terms: &Terms, until: Option<Moment>) -> Result<Vec<Due>, Error> {
    let Some(anchor) = terms.dividend_anchor else { return Ok(Vec::new()) };
    let schedules = Schedules::new(terms);
    let Some(cycle) = terms.dividend_cycle else {
        return Ok(vec![schedules.shifted(EventType::Dv, anchor)?]);
    };
    let end = match (until, terms.termination) {
        (Some(until), Some(sold)) => until.min(sold),
        (Some(end), None) | (None, Some(end)) => end,
        (None, None) => return Err(no_end()),
    };
    // The last moment is one of the schedule only where the cycle meets it.
    let past = crate::calendar::Period { count: 1, unit: crate::calendar::Unit::Day };
    let just_after = past.shifted(end, 1)?;
    let moments = schedules.moments(anchor, Some(short(cycle)), just_after, false)?;
    let inside = moments.into_iter().filter(|at| *at <= end);
    inside.map(|at| schedules.shifted(EventType::Dv, at)).collect()
}

/// A dividend a unit: the amount stated for the next one (at the anchor), else the observed one,
/// else the stated amount again (dictionary, nextDividendPaymentAmount).
fn dividend(terms: &Terms, observed: &Observed, due: &Due) -> Result<f64, Error> {
    let stated = terms.dividend_next;
    if let Some(amount) = stated.filter(|_| terms.dividend_anchor == Some(due.scheduled)) {
        return Ok(amount);
    }
    match (&terms.dividend_code, stated) {
        (None, Some(amount)) => Ok(amount),
        (Some(code), _) => observed.needed(code, due.scheduled, due.at, "it is the dividend"),
        (None, None) => {
            let code = format!("{}-DV", terms.contract_id.as_deref().unwrap_or_default());
            observed.needed(&code, due.scheduled, due.at, "it is the dividend")
        }
    }
}
