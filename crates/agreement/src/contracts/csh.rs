//! CSH, cash: an amount that is there.

use super::lending::needed_currency;
use super::pam::status;
use super::terms::Terms;
use super::timeline::Question;
use super::{Event, EventType};
use crate::Error;
use crate::calendar::Moment;

/// One row an analysis date; cash pays nothing.
pub(super) fn rows(terms: &Terms, asked: &Question) -> Result<Vec<(u16, Event)>, Error> {
    let role = terms
        .contract_role
        .ok_or_else(|| Error::missing("contractRole", "RPA for an asset or RPL for a liability"))?;
    let amount =
        terms.notional.ok_or_else(|| Error::missing("notionalPrincipal", "the amount of cash"))?;
    let currency = needed_currency(terms)?;
    let status = status(terms)?;
    let shown = asked.analyses.iter().filter(|at| **at > status);
    let row = |at: &Moment| Event {
        time: *at,
        kind: EventType::Ad,
        payoff: 0.0,
        currency: currency.clone(),
        notional: role.sign() * amount,
        rate: 0.0,
        accrued: 0.0,
        exercise: None,
    };
    Ok(shown.map(|at| (EventType::Ad.rank(), row(at))).collect())
}
