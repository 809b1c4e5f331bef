//! NAM, negative amortiser: a fixed payment takes interest first, and what is left of it redeems
//! principal, or adds to it.

use super::lam::{
    base_fixings, first_redemption, redemption_amount, redemption_anchor, redemption_cycle,
    too_long,
};
use super::lending::{Loan, Redemption};
use super::pam::{capitalised, frame, last_before, run, status};
use super::schedules::Schedules;
use super::terms::Terms;
use super::timeline::{Due, Question};
use super::{Event, EventType, InterestBase};
use crate::Error;
use crate::calendar::{Moment, SCHEDULE_DATES_MAX};

pub(super) fn rows(terms: &Terms, asked: &Question) -> Result<Vec<(u16, Event)>, Error> {
    let mut loan = Loan::new(terms, asked)?;
    let schedules = Schedules::new(terms);
    redemption_amount(terms)?;
    let anchor = redemption_anchor(terms, &schedules, loan.start)?;
    let end = match terms.maturity {
        Some(end) => end,
        None => repaid_at(&loan, &schedules, anchor)?,
    };
    loan.maturity = Some(end);
    loan.base = terms.interest_base.unwrap_or(InterestBase::Notional);
    loan.redemption = Redemption::Total;
    let mut due = frame(&mut loan, &schedules, end)?;
    due.extend(base_fixings(&loan, &schedules, end)?);
    due.extend(schedules.before_end(EventType::Pr, anchor, terms.redemption_cycle, end)?);
    let interest = capitalised(terms, interest(&loan, &schedules, anchor, end)?);
    let last = last_before(&interest, status(terms)?, loan.start);
    due.extend(interest);
    due.push(Due::fixed(EventType::Md, end));
    run(&loan, due, Some(last))
}

/// Interest payments: a cycle of their own until one period before redemptions begin, then one
/// with every redemption and one at the end (technical specification, NAM, IP).
pub(super) fn interest(
    loan: &Loan,
    schedules: &Schedules,
    first_redemption: Moment,
    end: Moment,
) -> Result<Vec<Due>, Error> {
    let terms = loan.terms;
    if terms.rate.is_none() {
        return Ok(Vec::new());
    }
    let mut due = Vec::new();
    let anchor = schedules.anchor(terms.interest_anchor, terms.interest_cycle, loan.start)?;
    if let (Some(anchor), Some(cycle)) = (anchor, terms.redemption_cycle) {
        let until = schedules.after(cycle.period, first_redemption, -1)?;
        if anchor <= until {
            due = schedules.before_end(EventType::Ip, anchor, terms.interest_cycle, until)?;
            due.push(schedules.shifted(EventType::Ip, until)?);
        }
    }
    let with = terms.redemption_cycle;
    due.extend(schedules.with_end(EventType::Ip, first_redemption, with, end)?);
    Ok(due)
}

/// The redemption with which the fixed payment has repaid everything at the stated rate.
pub(super) fn repaid_at(
    loan: &Loan,
    schedules: &Schedules,
    anchor: Moment,
) -> Result<Moment, Error> {
    let terms = loan.terms;
    let payment = redemption_amount(terms)?;
    let cycle = redemption_cycle(terms)?;
    let (first, mut times) = first_redemption(terms, schedules, anchor)?;
    let mut left = terms.notional.unwrap_or(0.0);
    let mut from = loan.start.max(status(terms)?).min(first);
    let mut at = first;
    let rate = terms.rate.unwrap_or(0.0);
    let least = payment * 1e-9;
    for _ in 0..SCHEDULE_DATES_MAX {
        let interest = left * rate * loan.years(from, at);
        left -= payment - interest;
        if left <= least {
            return Ok(at);
        }
        if payment <= interest && from != loan.start {
            let expected = "without a maturityDate the payment must be more than the interest";
            return Err(Error::contradiction(
                format!("nextPrincipalRedemptionPayment {payment}"),
                format!("nominalInterestRate {rate}"),
                expected,
            ));
        }
        from = at;
        times += 1;
        at = schedules.after(cycle.period, anchor, times)?;
    }
    Err(too_long(SCHEDULE_DATES_MAX as f64))
}
