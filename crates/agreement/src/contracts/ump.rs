//! UMP, undefined maturity profile: a balance that the client raises and lowers at will.

use super::call::{self, End};
use super::clm::no_end;
use super::lending::Loan;
use super::terms::Terms;
use super::timeline::{Due, Question};
use super::{Event, EventType};
use crate::Error;

pub(super) fn rows(terms: &Terms, asked: &Question) -> Result<Vec<(u16, Event)>, Error> {
    let mut loan = Loan::new(terms, asked)?;
    let id = terms.contract_id.as_deref();
    let mut due = Vec::new();
    for kind in [EventType::Pr, EventType::Pi] {
        let moved = asked.observed.events_of(kind, id);
        due.extend(moved.map(|event| Due::fixed(kind, event.time).with_amount(event.value)));
    }
    let end = match (terms.maturity, asked.until.or(terms.termination)) {
        (Some(at), _) => End::Set(at),
        (None, Some(until)) => End::Open(until),
        (None, None) => return Err(no_end()),
    };
    call::rows(&mut loan, &end, due)
}
