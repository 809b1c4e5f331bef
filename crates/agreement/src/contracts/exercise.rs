//! What options and futures share: a right that is fixed at one time and settled at another.

use super::lending::needed_currency;
use super::pam::status;
use super::schedules::Schedules;
use super::terms::{ReferenceRole, Terms};
use super::timeline::{Due, Question, in_order, sort_rows};
use super::{Event, EventType, Exercise, ExerciseType, Observed};
use crate::Error;
use crate::calendar::Moment;

/// Rows of a contract whose right is worth `value` of the price of the underlying.
pub(super) fn rows(
    terms: &Terms,
    asked: &Question,
    value: impl Fn(f64) -> f64,
) -> Result<Vec<(u16, Event)>, Error> {
    let role = terms.contract_role.ok_or_else(|| {
        Error::missing("contractRole", "BUY for the holder or SEL for the writer")
    })?;
    let currency = needed_currency(terms)?;
    let status = status(terms)?;
    let mut state =
        Exercise { date: terms.exercise_date, amount: terms.exercise_amount.unwrap_or(0.0) };
    let due = schedule(terms, asked)?;
    let mut rows = Vec::new();
    for event in in_order(due, status, asked)? {
        let payoff = match event.kind {
            EventType::Prd | EventType::Td => role.sign() * event.amount,
            EventType::Md => {
                let worth = value(underlying(terms, asked.observed, &event)?);
                if state.date.is_none() && worth != 0.0 {
                    state.date = Some(event.computed);
                }
                0.0
            }
            EventType::Xd => {
                state.amount = value(underlying(terms, asked.observed, &event)?);
                if state.date.is_none() && state.amount != 0.0 {
                    state.date = Some(event.computed);
                }
                0.0
            }
            EventType::Std => {
                let paid = role.sign() * state.amount;
                state.amount = 0.0;
                paid
            }
            _ => 0.0,
        };
        rows.push((event.rank, row(&event, payoff, &currency, 0.0, state)));
    }
    sort_rows(&mut rows);
    Ok(rows)
}

/// One row of a contract that is exercised.
pub(super) fn row(
    due: &Due,
    payoff: f64,
    currency: &str,
    notional: f64,
    exercise: Exercise,
) -> Event {
    Event {
        time: due.at,
        kind: due.kind,
        payoff,
        currency: currency.to_owned(),
        notional,
        rate: 0.0,
        accrued: 0.0,
        exercise: Some(exercise),
    }
}

/// Purchase, termination, exercise and settlement. A European right is exercised at maturity; the
/// others when an exercise was observed, or at maturity.
fn schedule(terms: &Terms, asked: &Question) -> Result<Vec<Due>, Error> {
    let maturity = terms.maturity.or(terms.exercise_end);
    let maturity = maturity.ok_or_else(|| {
        Error::missing("maturityDate", "the last time at which the right can be exercised")
    })?;
    let early = terms.exercise_type.is_some_and(|kind| kind != ExerciseType::European);
    let seen = asked
        .observed
        .events_of(EventType::Xd, terms.contract_id.as_deref())
        .map(|event| event.time)
        .find(|at| early && *at <= maturity);
    let exercised = terms.exercise_date.or(seen).unwrap_or(maturity);
    let settled = settled(terms, exercised)?;
    let mut due = super::stk::held(terms, asked);
    if exercised >= maturity {
        due.push(Due::fixed(EventType::Md, maturity));
    }
    due.push(Due::fixed(EventType::Xd, exercised));
    due.push(Due::fixed(EventType::Std, settled));
    Ok(due)
}

fn underlying(terms: &Terms, observed: &Observed, due: &Due) -> Result<f64, Error> {
    let reference = terms.references(ReferenceRole::Underlying).next();
    let code = reference.and_then(|reference| reference.market_object.as_deref());
    let code = code.or(terms.market_object.as_deref()).ok_or_else(|| {
        Error::missing("contractStructure", "a reference UDL with the code of the underlying")
    })?;
    observed.needed(code, due.computed, due.at, "it is the price of the underlying")
}

/// When a right is settled that was exercised at `at`: on the date that is stated, or the
/// settlement period later, on a business day.
pub(super) fn settled(terms: &Terms, at: Moment) -> Result<Moment, Error> {
    match terms.settlement_date {
        Some(stated) => Ok(stated),
        None => Schedules::new(terms).settlement(at, terms.settlement_period),
    }
}
