//! CLM, call money: a loan that runs until one side calls it, and a period of notice longer.

use super::call::{self, End};
use super::lending::Loan;
use super::terms::Terms;
use super::timeline::Question;
use super::{Event, EventType};
use crate::Error;

pub(super) fn rows(terms: &Terms, asked: &Question) -> Result<Vec<(u16, Event)>, Error> {
    let mut loan = Loan::new(terms, asked)?;
    let called = asked.observed.events_of(EventType::Xd, terms.contract_id.as_deref()).next();
    let end = match (terms.maturity, called, asked.until) {
        (Some(at), _, _) => End::Set(at),
        (None, Some(call), _) => End::Called(call.time, call::paid_after_notice(&loan, call.time)?),
        (None, None, Some(until)) => End::Open(until),
        (None, None, None) => return Err(no_end()),
    };
    call::rows(&mut loan, &end, Vec::new())
}

/// A contract without an end, asked without one.
pub(super) fn no_end() -> Error {
    Error::missing("to", "a contract without an end needs a time until which it is asked")
}
