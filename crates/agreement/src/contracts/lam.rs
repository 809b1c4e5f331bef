//! LAM, linear amortiser: principal in equal parts, interest on what is left.

use super::lending::Loan;
use super::pam::{capitalised, frame, interest, last_before, run, status};
use super::schedules::Schedules;
use super::terms::Terms;
use super::timeline::{Due, Question};
use super::{Event, EventType, InterestBase};
use crate::Error;
use crate::calendar::{Cycle, Moment};

pub(super) fn rows(terms: &Terms, asked: &Question) -> Result<Vec<(u16, Event)>, Error> {
    let mut loan = Loan::new(terms, asked)?;
    let schedules = Schedules::new(terms);
    let anchor = redemption_anchor(terms, &schedules, loan.start)?;
    let end = maturity(terms, &schedules, anchor)?;
    loan.maturity = Some(end);
    loan.base = terms.interest_base.unwrap_or(InterestBase::Notional);
    let redemptions = schedules.before_end(EventType::Pr, anchor, terms.redemption_cycle, end)?;
    let status = status(terms)?;
    let remaining = redemptions.iter().filter(|due| due.at > status && due.at >= loan.start);
    let parts = remaining.count() + 1;
    let mut due = frame(&mut loan, &schedules, end)?;
    due.extend(base_fixings(&loan, &schedules, end)?);
    let interest = capitalised(terms, interest(&loan, &schedules, end)?);
    let last = last_before(&interest, status, loan.start);
    due.extend(interest);
    due.extend(redemptions);
    due.push(Due::fixed(EventType::Md, end));
    if terms.redemption_amount.is_some() {
        return run(&loan, due, Some(last));
    }
    let mut state = loan.opening(status, Some(last));
    state.payment = loan.signed_notional() / parts as f64;
    super::pam::run_from(&loan, state, due)
}

/// Where redemptions begin: the anchor, or one cycle after the exchange.
pub(super) fn redemption_anchor(
    terms: &Terms,
    schedules: &Schedules,
    start: Moment,
) -> Result<Moment, Error> {
    let anchor = schedules.anchor(terms.redemption_anchor, terms.redemption_cycle, start)?;
    anchor.ok_or_else(|| {
        Error::missing("cycleOfPrincipalRedemption", "how often principal is redeemed")
    })
}

/// The cycle of redemptions, where an end must be counted from it.
pub(super) fn redemption_cycle(terms: &Terms) -> Result<Cycle, Error> {
    terms.redemption_cycle.ok_or_else(|| {
        Error::missing("cycleOfPrincipalRedemption", "the end of the contract follows from it")
    })
}

/// The amount of a redemption, where an end must be counted from it.
pub(super) fn redemption_amount(terms: &Terms) -> Result<f64, Error> {
    let amount = terms.redemption_amount.ok_or_else(|| {
        let why = "without a maturityDate the end of the contract follows from it";
        Error::missing("nextPrincipalRedemptionPayment", why)
    })?;
    if amount > 0.0 {
        return Ok(amount);
    }
    Err(Error::value("nextPrincipalRedemptionPayment", amount, "a positive amount"))
}

/// The first redemption that counts: the anchor, or the first one after the status date.
pub(super) fn first_redemption(
    terms: &Terms,
    schedules: &Schedules,
    anchor: Moment,
) -> Result<(Moment, i64), Error> {
    let status = status(terms)?;
    let cycle = redemption_cycle(terms)?;
    if anchor > status {
        return Ok((anchor, 0));
    }
    let past = schedules.moments(anchor, Some(short(cycle)), status, false)?.len();
    let mut times = i64::try_from(past).unwrap_or(i64::MAX);
    let mut first = schedules.after(cycle.period, anchor, times)?;
    if first <= status {
        times += 1;
        first = schedules.after(cycle.period, anchor, times)?;
    }
    Ok((first, times))
}

/// The cycle without a stub correction, to count its dates.
pub(super) fn short(cycle: Cycle) -> Cycle {
    Cycle { stub: crate::calendar::Stub::Short, ..cycle }
}

/// The end: the one stated, or the redemption that leaves nothing. The specification counts
/// `ceil(NT / PRNXT)` cycles from the anchor; the published results have the anchor itself as the
/// first of these redemptions.
fn maturity(terms: &Terms, schedules: &Schedules, anchor: Moment) -> Result<Moment, Error> {
    if let Some(end) = terms.maturity {
        return Ok(end);
    }
    let cycle = redemption_cycle(terms)?;
    let parts = (terms.notional.unwrap_or(0.0) / redemption_amount(terms)?).ceil().max(1.0);
    if parts > crate::calendar::SCHEDULE_DATES_MAX as f64 {
        return Err(too_long(parts));
    }
    let (_, before) = first_redemption(terms, schedules, anchor)?;
    schedules.after(cycle.period, anchor, before + parts as i64 - 1)
}

/// A contract that would be redeemed in more steps than a schedule has.
pub(super) fn too_long(parts: f64) -> Error {
    Error::TooMany {
        what: format!("the redemptions ({parts})"),
        limit: crate::calendar::SCHEDULE_DATES_MAX,
        expected: "state a maturityDate or a larger nextPrincipalRedemptionPayment".to_owned(),
    }
}

/// Fixings of the base of interest, for contracts whose base lags behind the principal.
pub(super) fn base_fixings(
    loan: &Loan,
    schedules: &Schedules,
    end: Moment,
) -> Result<Vec<Due>, Error> {
    let terms = loan.terms;
    if loan.base != InterestBase::NotionalLagged {
        return Ok(Vec::new());
    }
    let cycle = terms.interest_base_cycle;
    let anchor = schedules.anchor(terms.interest_base_anchor, cycle, loan.start)?;
    let Some(anchor) = anchor else { return Ok(Vec::new()) };
    schedules.before_end(EventType::Ipcb, anchor, cycle, end)
}
