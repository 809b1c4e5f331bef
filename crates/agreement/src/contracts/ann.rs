//! ANN, annuity: as NAM, with a payment that repays everything in equal parts. It is computed anew
//! one day before redemptions begin and after every rate reset.

use super::lam::{base_fixings, redemption_anchor};
use super::lending::{Loan, Redemption};
use super::nam::{interest, repaid_at};
use super::pam::{capitalised, frame, last_before, run_from, status};
use super::schedules::Schedules;
use super::terms::Terms;
use super::timeline::{Due, Question};
use super::{Event, EventType, InterestBase};
use crate::Error;
use crate::calendar::Moment;

pub(super) fn rows(terms: &Terms, asked: &Question) -> Result<Vec<(u16, Event)>, Error> {
    let mut loan = Loan::new(terms, asked)?;
    let schedules = Schedules::new(terms);
    let anchor = redemption_anchor(terms, &schedules, loan.start)?;
    let end = match terms.maturity.or(terms.amortization) {
        Some(end) => end,
        None => repaid_at(&loan, &schedules, anchor)?,
    };
    loan.maturity = Some(end);
    loan.base = terms.interest_base.unwrap_or(InterestBase::Notional);
    let horizon = terms.amortization.unwrap_or(end);
    let planned = schedules.with_end(EventType::Pr, anchor, terms.redemption_cycle, horizon)?;
    loan.redemption = Redemption::Annuity(planned.iter().map(|due| due.computed).collect());
    let mut due = frame(&mut loan, &schedules, end)?;
    affordable(&due, planned.len())?;
    due.extend(fixings(&loan, anchor, &due));
    due.extend(base_fixings(&loan, &schedules, end)?);
    due.extend(schedules.before_end(EventType::Pr, anchor, terms.redemption_cycle, end)?);
    let interest = capitalised(terms, interest(&loan, &schedules, anchor, end)?);
    let status = status(terms)?;
    let last = last_before(&interest, status, loan.start);
    due.extend(interest);
    due.push(Due::fixed(EventType::Md, end));
    let mut state = loan.opening(status, Some(last));
    if terms.redemption_amount.is_none() && loan.start <= status {
        let later = planned.iter().map(|due| due.computed).filter(|at| *at > status);
        state.payment = loan.annuity(&state, later);
    }
    run_from(&loan, state, due)
}

/// The most redemptions that all computations of the payment together may go through: monthly
/// redemptions and daily resets over 60 years.
const STEPS_MAX: usize = 20_000_000;

/// Refuses a contract whose payment would be computed too often over too many redemptions.
fn affordable(due: &[Due], redemptions: usize) -> Result<(), Error> {
    let resets = due.iter().filter(|event| matches!(event.kind, EventType::Rr | EventType::Rrf));
    if resets.count().saturating_mul(redemptions) <= STEPS_MAX {
        return Ok(());
    }
    Err(Error::TooMany {
        what: "the rate resets times the redemptions".to_owned(),
        limit: STEPS_MAX,
        expected: "use longer cycles or an earlier end".to_owned(),
    })
}

/// Fixings of the payment, for contracts that do not state it: one day before the first redemption,
/// and after every rate reset. The reset computes the payment as well; the fixing is the row that
/// shows it.
fn fixings(loan: &Loan, anchor: Moment, due: &[Due]) -> Vec<Due> {
    if loan.terms.redemption_amount.is_some() {
        return Vec::new();
    }
    let resets = due.iter().filter(|event| matches!(event.kind, EventType::Rr | EventType::Rrf));
    let mut fixings: Vec<Due> = resets
        .map(|reset| Due {
            kind: EventType::Prf,
            rank: EventType::Rr.rank() + 1,
            amount: 0.0,
            ..*reset
        })
        .collect();
    if let Some(day) = anchor.date().plus_days(-1) {
        fixings.push(Due::fixed(EventType::Prf, anchor.on(day)));
    }
    fixings
}
