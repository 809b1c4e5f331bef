//! CEG, guarantee: pays the covered part of exposures after a credit event, for a fee.

use super::credit::{called, exposure, maturity};
use super::exercise::{row, settled};
use super::lending::needed_currency;
use super::pam::status;
use super::schedules::Schedules;
use super::terms::Terms;
use super::timeline::{Due, Question, in_order, sort_rows};
use super::{Event, EventType, Exercise, FeeBasis};
use crate::Error;
use crate::calendar::Moment;

pub(super) fn rows(terms: &Terms, asked: &Question) -> Result<Vec<(u16, Event)>, Error> {
    let role = terms.contract_role.ok_or_else(|| {
        Error::missing("contractRole", "BUY for the protected side or SEL for the guarantor")
    })?;
    let currency = needed_currency(terms)?;
    let status = status(terms)?;
    let end = maturity(terms, asked.observed)?;
    let exercised = terms.exercise_date.or_else(|| called(terms, asked.observed, end));
    let fees = Fees::new(terms, exercised, end)?;
    let due = schedule(terms, &fees, exercised, end, asked)?;
    let covered = |at: Moment| match terms.notional {
        Some(stated) => Ok(role.sign() * terms.coverage.unwrap_or(1.0) * stated),
        None => exposure(terms, asked.observed, at).map(|amount| role.sign() * amount),
    };
    let mut right = Exercise {
        date: terms.exercise_date.filter(|at| *at <= status),
        amount: terms.exercise_amount.unwrap_or(0.0),
    };
    let mut notional = if status < end { covered(status)? } else { 0.0 };
    let mut accrued_fee = 0.0;
    let mut at = status;
    let mut rows = Vec::new();
    for event in in_order(due, status, asked)? {
        let mut payoff = 0.0;
        match event.kind {
            EventType::Prd => {
                notional = covered(event.computed)?;
                payoff = role.sign() * event.amount;
            }
            EventType::Td => {
                payoff = role.sign() * event.amount;
                notional = 0.0;
            }
            EventType::Fp => {
                payoff = fees.payment(role.sign(), notional, at, event.computed);
                notional = covered(event.computed)?;
                at = event.computed;
            }
            EventType::Ad => notional = covered(event.computed)?,
            EventType::Xd => {
                accrued_fee = fees.accrued(role.sign(), notional, at, event.computed);
                notional = covered(event.computed)?;
                right = Exercise { date: Some(event.computed), amount: notional };
            }
            EventType::Std => {
                payoff = right.amount + accrued_fee;
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

fn schedule(
    terms: &Terms,
    fees: &Fees,
    exercised: Option<Moment>,
    end: Moment,
    asked: &Question,
) -> Result<Vec<Due>, Error> {
    let mut due = super::stk::held(terms, asked);
    due.extend(fees.due.iter().copied());
    match exercised {
        Some(at) => {
            due.push(Due::fixed(EventType::Xd, at));
            due.push(Due::fixed(EventType::Std, settled(terms, at)?));
        }
        None => due.push(Due::fixed(EventType::Md, end)),
    }
    Ok(due)
}

/// The fee of a guarantee.
struct Fees<'a> {
    terms: &'a Terms,
    due: Vec<Due>,
    /// When fees would be paid if nothing called the guarantee.
    planned: Vec<Moment>,
}

impl<'a> Fees<'a> {
    fn new(terms: &'a Terms, exercised: Option<Moment>, end: Moment) -> Result<Self, Error> {
        let mut fees = Self { terms, due: Vec::new(), planned: Vec::new() };
        if terms.fee_rate.is_none_or(|rate| rate == 0.0) {
            return Ok(fees);
        }
        let schedules = Schedules::new(terms);
        let start = terms.purchase.or(terms.status_date).unwrap_or(end);
        let anchor = schedules.anchor(terms.fee_anchor, terms.fee_cycle, start)?;
        let Some(anchor) = anchor else { return Ok(fees) };
        let planned = schedules.with_end(EventType::Fp, anchor, terms.fee_cycle, end)?;
        // A fee accrues over its own cycle, also where a stub leaves out the payment of the next.
        fees.planned =
            schedules.moments(anchor, terms.fee_cycle.map(super::lam::short), end, true)?;
        let before = |due: &Due| exercised.is_none_or(|at| due.at < at);
        fees.due = planned.into_iter().filter(before).collect();
        Ok(fees)
    }

    fn years(&self, from: Moment, to: Moment) -> f64 {
        self.terms.day_count.map_or(0.0, |count| count.years(from, to, self.terms.maturity))
    }

    fn payment(&self, sign: f64, notional: f64, from: Moment, at: Moment) -> f64 {
        let rate = self.terms.fee_rate.unwrap_or(0.0);
        match self.terms.fee_basis {
            Some(FeeBasis::Notional) => notional * self.years(from, at) * rate,
            _ => sign * rate,
        }
    }

    /// The fee that has accrued when the guarantee is called. The published result
    /// (`guarantee14`) pays a fee of basis A in whole units of the currency, rounded towards zero:
    /// 80 of 92 days of 10,000 are 8,695, not 8,695.65. The text names no rounding.
    fn accrued(&self, sign: f64, notional: f64, from: Moment, at: Moment) -> f64 {
        let rate = self.terms.fee_rate.unwrap_or(0.0);
        if self.terms.fee_basis == Some(FeeBasis::Notional) {
            return notional * self.years(from, at) * rate;
        }
        let last = self.planned.iter().rev().find(|fee| **fee <= at);
        let next = self.planned.iter().find(|fee| **fee > at);
        match (last, next) {
            (Some(last), Some(next)) => {
                let share = self.years(*last, at) / self.years(*last, *next);
                libm::trunc(share * sign * rate)
            }
            _ => 0.0,
        }
    }
}
