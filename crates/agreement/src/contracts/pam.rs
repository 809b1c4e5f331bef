//! PAM, principal at maturity: interest on the way, the principal at the end. Its schedule is the
//! frame of the other lending contracts.

use super::lending::{Loan, State};
use super::schedules::Schedules;
use super::terms::Terms;
use super::timeline::{Due, Question};
use super::{Event, EventType, PenaltyType, PrepaymentEffect};
use crate::Error;
use crate::calendar::Moment;

/// Rows of the contract, its analysis dates included.
pub(super) fn rows(terms: &Terms, asked: &Question) -> Result<Vec<(u16, Event)>, Error> {
    let mut loan = Loan::new(terms, asked)?;
    let schedules = Schedules::new(terms);
    let end = maturity(terms)?;
    loan.maturity = Some(end);
    let mut due = frame(&mut loan, &schedules, end)?;
    let interest = capitalised(terms, interest(&loan, &schedules, end)?);
    let last = last_before(&interest, status(terms)?, loan.start);
    due.extend(interest);
    due.push(Due::fixed(EventType::Md, end));
    run(&loan, due, Some(last))
}

/// The time for which the terms are stated.
pub(super) fn status(terms: &Terms) -> Result<Moment, Error> {
    terms
        .status_date
        .ok_or_else(|| Error::missing("statusDate", "the time for which the terms are stated"))
}

fn maturity(terms: &Terms) -> Result<Moment, Error> {
    terms
        .maturity
        .ok_or_else(|| Error::missing("maturityDate", "the time at which the principal comes back"))
}

/// Runs a lending contract from its status date.
pub(super) fn run(
    loan: &Loan,
    due: Vec<Due>,
    last_interest: Option<Moment>,
) -> Result<Vec<(u16, Event)>, Error> {
    let state = loan.opening(status(loan.terms)?, last_interest);
    run_from(loan, state, due)
}

/// Runs a lending contract from a state.
pub(super) fn run_from(
    loan: &Loan,
    state: State,
    mut due: Vec<Due>,
) -> Result<Vec<(u16, Event)>, Error> {
    // A cycle may be anchored before the principal is paid out; until then there is nothing to do.
    // With the maturity the contract is over; only its state can still be asked for.
    let own = [EventType::Ad, EventType::Prd, EventType::Td, EventType::Ce];
    due.retain(|event| event.acts >= loan.start || own.contains(&event.kind));
    let end = loan.maturity;
    let lasting = [EventType::Ad, EventType::Std];
    let alive = |event: &Due| end.is_none_or(|end| event.acts <= end);
    due.retain(|event| alive(event) || lasting.contains(&event.kind));
    loan.run(state, due)
}

/// What every lending contract has: exchange, fees, purchase, termination, resets, scaling,
/// prepayments, observed credit events and analysis dates.
pub(super) fn frame(
    loan: &mut Loan,
    schedules: &Schedules,
    end: Moment,
) -> Result<Vec<Due>, Error> {
    let terms = loan.terms;
    let mut due = vec![Due::fixed(EventType::Ied, loan.start)];
    due.extend(loan.asked.analyses.iter().map(|at| Due::fixed(EventType::Ad, *at)));
    due.extend(terms.purchase.map(|at| Due::fixed(EventType::Prd, at)));
    due.extend(terms.termination.map(|at| Due::fixed(EventType::Td, at)));
    due.extend(fees(loan, schedules, end)?);
    due.extend(resets(terms, schedules, loan.start, end)?);
    due.extend(scalings(terms, schedules, loan.start, end)?);
    due.extend(prepayments(loan));
    let id = terms.contract_id.as_deref();
    let credit = loan.asked.observed.events_of(EventType::Ce, id);
    due.extend(credit.map(|event| Due::fixed(EventType::Ce, event.time)));
    Ok(due)
}

fn fees(loan: &mut Loan, schedules: &Schedules, end: Moment) -> Result<Vec<Due>, Error> {
    let terms = loan.terms;
    if terms.fee_rate.is_none_or(|rate| rate == 0.0) {
        return Ok(Vec::new());
    }
    let anchor = schedules.anchor(terms.fee_anchor, terms.fee_cycle, loan.start)?;
    let Some(anchor) = anchor else { return Ok(Vec::new()) };
    let due = schedules.with_end(EventType::Fp, anchor, terms.fee_cycle, end)?;
    loan.fees = due.iter().map(|fee| fee.computed).collect();
    Ok(due)
}

/// Rate resets before the end. The first one after the status date takes the rate that is known
/// already, where one is.
pub(super) fn resets(
    terms: &Terms,
    schedules: &Schedules,
    start: Moment,
    end: Moment,
) -> Result<Vec<Due>, Error> {
    let anchor = schedules.anchor(terms.reset_anchor, terms.reset_cycle, start)?;
    let Some(anchor) = anchor else { return Ok(Vec::new()) };
    let mut due = schedules.before_end(EventType::Rr, anchor, terms.reset_cycle, end)?;
    for reset in &mut due {
        reset.amount = terms.reset_spread.unwrap_or(0.0);
    }
    if let Some(known) = terms.next_reset_rate {
        let status = status(terms)?;
        if let Some(first) = due.iter_mut().find(|reset| reset.at > status) {
            first.kind = EventType::Rrf;
            first.rank = EventType::Rrf.rank();
            first.amount = known;
        }
    }
    Ok(due)
}

fn scalings(
    terms: &Terms,
    schedules: &Schedules,
    start: Moment,
    end: Moment,
) -> Result<Vec<Due>, Error> {
    let scales = terms.scaling_effect.is_some_and(|effect| effect.interest || effect.notional);
    if !scales {
        return Ok(Vec::new());
    }
    let anchor = schedules.anchor(terms.scaling_anchor, terms.scaling_cycle, start)?;
    let Some(anchor) = anchor else { return Ok(Vec::new()) };
    schedules.before_end(EventType::Sc, anchor, terms.scaling_cycle, end)
}

/// Observed prepayments, each with its penalty before it.
fn prepayments(loan: &Loan) -> Vec<Due> {
    let terms = loan.terms;
    if matches!(terms.prepayment_effect, None | Some(PrepaymentEffect::None)) {
        return Vec::new();
    }
    let penalty = terms.penalty_type.is_some_and(|kind| kind != PenaltyType::None);
    let mut due = Vec::new();
    for event in loan.asked.observed.events_of(EventType::Pp, terms.contract_id.as_deref()) {
        if penalty {
            due.push(Due::fixed(EventType::Py, event.time));
        }
        due.push(Due::fixed(EventType::Pp, event.time).with_amount(event.value));
    }
    due
}

/// Interest payments: a cycle, and one at the end. Without cycle and anchor only the one at the
/// end (dictionary, cycleOfInterestPayment).
pub(super) fn interest(loan: &Loan, schedules: &Schedules, end: Moment) -> Result<Vec<Due>, Error> {
    let terms = loan.terms;
    if terms.rate.is_none() {
        return Ok(Vec::new());
    }
    let anchor = schedules.anchor(terms.interest_anchor, terms.interest_cycle, loan.start)?;
    match anchor {
        None => Ok(vec![Due::fixed(EventType::Ip, end)]),
        Some(anchor) => schedules.with_end(EventType::Ip, anchor, terms.interest_cycle, end),
    }
}

/// Turns interest payments until the end of capitalisation into capitalisations. The end itself
/// capitalises even where no interest payment was due on it.
pub(super) fn capitalised(terms: &Terms, mut interest: Vec<Due>) -> Vec<Due> {
    let Some(end) = terms.capitalization_end else { return interest };
    for payment in &mut interest {
        if payment.scheduled <= end {
            payment.kind = EventType::Ipci;
            payment.rank = EventType::Ipci.rank();
        }
    }
    if interest.iter().all(|payment| payment.scheduled != end) {
        interest.push(Due::fixed(EventType::Ipci, end));
    }
    interest
}

/// The last interest payment before the status date; the start where there was none.
pub(super) fn last_before(interest: &[Due], status: Moment, start: Moment) -> Moment {
    let before = interest.iter().map(|payment| payment.computed).filter(|at| *at < status);
    before.max().map_or(start, |last| last.max(start))
}
