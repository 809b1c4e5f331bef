//! FXOUT, foreign exchange outright: two amounts in two currencies at one date, delivered or
//! settled net.

use super::lending::needed_currency;
use super::pam::status;
use super::schedules::Schedules;
use super::terms::Terms;
use super::timeline::{Due, Question, in_order, sort_rows};
use super::{DeliverySettlement, Event, EventType};
use crate::Error;

/// Which of the two amounts a row delivers, told apart by the amount of its due event.
const FIRST: f64 = 1.0;
const SECOND: f64 = 2.0;

pub(super) fn rows(terms: &Terms, asked: &Question) -> Result<Vec<(u16, Event)>, Error> {
    let role = terms.contract_role.ok_or_else(|| {
        Error::missing("contractRole", "RPA to receive the first currency or RPL to pay it")
    })?;
    let end =
        terms.maturity.ok_or_else(|| Error::missing("maturityDate", "the time of the exchange"))?;
    let first = needed_currency(terms)?;
    let second = terms
        .currency_2
        .clone()
        .ok_or_else(|| Error::missing("currency2", "the code of the second currency"))?;
    let amount = terms
        .notional
        .ok_or_else(|| Error::missing("notionalPrincipal", "the amount in the first currency"))?;
    let other = terms
        .notional_2
        .ok_or_else(|| Error::missing("notionalPrincipal2", "the amount in the second currency"))?;
    let mut due = super::stk::held(terms, asked);
    if terms.delivery == Some(DeliverySettlement::Cash) {
        let at = match terms.settlement_date {
            Some(at) => at,
            None => Schedules::new(terms).settlement(end, terms.settlement_period)?,
        };
        due.push(Due { scheduled: end, ..Due::fixed(EventType::Std, at) });
    } else {
        due.push(Due::fixed(EventType::Md, end).with_amount(FIRST));
        due.push(Due::fixed(EventType::Md, end).with_amount(SECOND));
    }
    let mut rows = Vec::new();
    for event in in_order(due, status(terms)?, asked)? {
        let mut currency = &first;
        let payoff = match event.kind {
            EventType::Prd => role.sign() * event.amount,
            // The published results take the price of a termination as it is stated, whatever the
            // role; the text multiplies it by the sign of the role.
            EventType::Td => event.amount,
            EventType::Std => {
                let code = format!("{second}/{first}");
                let rate =
                    asked.observed.needed(&code, end, end, "the exchange is settled at it")?;
                role.sign() * (amount - rate * other)
            }
            EventType::Md if event.amount == FIRST => role.sign() * amount,
            EventType::Md => {
                currency = &second;
                -role.sign() * other
            }
            _ => 0.0,
        };
        let row = Event {
            time: event.at,
            kind: event.kind,
            payoff,
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
