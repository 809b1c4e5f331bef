//! CEC, collateral: after a credit event the covering contracts pay for the covered exposures, as
//! far as they reach.

use super::credit::{called, cover, exposure, maturity};
use super::exercise::{row, settled};
use super::lending::needed_currency;
use super::pam::status;
use super::terms::Terms;
use super::timeline::{Due, Question, in_order, sort_rows};
use super::{Event, EventType, Exercise, Observed};
use crate::Error;
use crate::calendar::Moment;

pub(super) fn rows(terms: &Terms, asked: &Question) -> Result<Vec<(u16, Event)>, Error> {
    let role = terms.contract_role.ok_or_else(|| {
        Error::missing("contractRole", "BUY for the protected side or SEL for the other")
    })?;
    let currency = needed_currency(terms)?;
    let status = status(terms)?;
    let end = maturity(terms, asked.observed)?;
    let exercised = terms.exercise_date.or_else(|| called(terms, asked.observed, end));
    let mut due: Vec<Due> =
        asked.analyses.iter().map(|at| Due::fixed(EventType::Ad, *at)).collect();
    match exercised {
        Some(at) => {
            due.push(Due::fixed(EventType::Xd, at));
            due.push(Due::fixed(EventType::Std, settled(terms, at)?));
        }
        None => due.push(Due::fixed(EventType::Md, end)),
    }
    let mut notional = terms.exercise_amount.unwrap_or(0.0);
    let mut right =
        Exercise { date: terms.exercise_date.filter(|at| *at <= status), amount: notional };
    let mut rows = Vec::new();
    for event in in_order(due, status, asked)? {
        let mut payoff = 0.0;
        match event.kind {
            EventType::Xd => {
                notional = role.sign() * covered(terms, asked.observed, event.computed)?;
                right = Exercise { date: Some(event.computed), amount: notional };
            }
            EventType::Ad if event.computed < end && right.date.is_none() => {
                notional = role.sign() * covered(terms, asked.observed, event.computed)?;
            }
            EventType::Std => {
                payoff = notional;
                notional = 0.0;
            }
            EventType::Md => notional = 0.0,
            _ => {}
        }
        rows.push((event.rank, row(&event, payoff, &currency, notional, right)));
    }
    sort_rows(&mut rows);
    Ok(rows)
}

/// What the cover pays: the covered exposure, and no more than the cover is worth.
fn covered(terms: &Terms, observed: &Observed, at: Moment) -> Result<f64, Error> {
    Ok(cover(terms, observed, at)?.min(exposure(terms, observed, at)?))
}
