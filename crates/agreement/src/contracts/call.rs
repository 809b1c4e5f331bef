//! What CLM and UMP share: interest is added to the principal, and the end is not agreed but
//! called for.

use super::lending::Loan;
use super::pam::{frame, run};
use super::schedules::Schedules;
use super::timeline::Due;
use super::{Event, EventType};
use crate::Error;
use crate::calendar::{Moment, Unit};

/// How the contract ends.
pub(super) enum End {
    /// At a date that is set.
    Set(Moment),
    /// Called at the first moment, paid at the second.
    Called(Moment, Moment),
    /// Not within the question, which ends here.
    Open(Moment),
}

/// Runs a callable contract. More events of its own come in `due`.
pub(super) fn rows(
    loan: &mut Loan,
    end: &End,
    mut due: Vec<Due>,
) -> Result<Vec<(u16, Event)>, Error> {
    let terms = loan.terms;
    let schedules = Schedules::new(terms);
    let last = match end {
        End::Set(at) | End::Called(at, _) | End::Open(at) => *at,
    };
    let set = matches!(end, End::Set(_) | End::Called(_, _));
    loan.maturity = set.then_some(last);
    due.extend(frame(loan, &schedules, last)?);
    // Where no anchor is stated the published results begin these cycles with the exchange itself.
    let anchored = terms.reset_anchor.is_some() || terms.reset_cycle.is_none();
    if !anchored {
        due.retain(|event| !matches!(event.kind, EventType::Rr | EventType::Rrf));
        let started = super::Terms { reset_anchor: Some(loan.start), ..terms.clone() };
        due.extend(super::pam::resets(&started, &schedules, loan.start, last)?);
    }
    if terms.rate.is_some() && terms.interest_cycle.is_some() {
        let anchor = terms.interest_anchor.unwrap_or(loan.start);
        let cycle = terms.interest_cycle;
        due.extend(schedules.before_end(EventType::Ipci, anchor, cycle, last)?);
    }
    match *end {
        End::Set(at) => {
            if terms.rate.is_some() {
                due.push(Due::fixed(EventType::Ip, at));
            }
            due.push(Due::fixed(EventType::Md, at));
        }
        End::Called(at, paid) => {
            // Interest is fixed with the call and paid when the notice has run out.
            if terms.rate.is_some() {
                due.push(Due { at: paid, ..Due::fixed(EventType::Ip, at) });
            }
            due.push(Due::fixed(EventType::Xd, at));
            due.push(Due { computed: at, ..Due::fixed(EventType::Std, paid) });
        }
        End::Open(_) => {}
    }
    // Interest that had accrued before the status date is what the terms state, or nothing: no
    // interest payment precedes the end (published results of CLM).
    run(loan, due, None)
}

/// When a call is paid: the notice after it. Days of notice run by the calendar of days; the
/// business-day convention moves the payment.
pub(super) fn paid_after_notice(loan: &Loan, called: Moment) -> Result<Moment, Error> {
    let notice = loan.terms.x_day_notice;
    if let Some(period) = notice
        && period.unit == Unit::Day
        && period.is_zero()
    {
        return Ok(called);
    }
    Schedules::new(loan.terms).settlement(called, notice)
}
