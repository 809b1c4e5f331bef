//! What guarantees and collateral share: which exposures are covered, what they come to, and which
//! event calls for the cover.

use super::contract::{last_event, state_at};
use super::terms::{Reference, ReferenceRole, Terms};
use super::{ContractType, EventType, Exposure, Observed, Performance};
use crate::Error;
use crate::calendar::Moment;

/// The end of the cover: stated, or the last event of the covered contracts.
pub(super) fn maturity(terms: &Terms, observed: &Observed) -> Result<Moment, Error> {
    if let Some(end) = terms.maturity {
        return Ok(end);
    }
    let mut end: Option<Moment> = None;
    for reference in terms.references(ReferenceRole::Covered) {
        if let Some(covered) = &reference.terms {
            let last = last_event(covered, observed)?;
            end = end.max(last);
        }
    }
    end.ok_or_else(|| {
        let why = "no covered contract has an end from which it could follow";
        Error::missing("maturityDate", why)
    })
}

/// When the cover is called: at the first observed credit event of a covered contract that leaves
/// it as the terms say, not later than the end of the cover.
pub(super) fn called(terms: &Terms, observed: &Observed, end: Moment) -> Option<Moment> {
    let ids: Vec<&str> = terms
        .references(ReferenceRole::Covered)
        .filter_map(|reference| reference.contract.as_deref())
        .collect();
    let meant = terms.credit_event.unwrap_or(Performance::Default);
    observed
        .events_naming(EventType::Ce, &ids)
        .find(|event| event.performance == Some(meant) && event.time <= end)
        .map(|event| event.time)
}

/// The covered part of all exposures at a moment, without the sign of the role.
pub(super) fn exposure(terms: &Terms, observed: &Observed, at: Moment) -> Result<f64, Error> {
    let mut sum = 0.0;
    for reference in terms.references(ReferenceRole::Covered) {
        sum += exposure_of(terms, reference, observed, at)?;
    }
    Ok(terms.coverage.unwrap_or(1.0) * sum)
}

fn exposure_of(
    terms: &Terms,
    reference: &Reference,
    observed: &Observed,
    at: Moment,
) -> Result<f64, Error> {
    let kind = terms.exposure.unwrap_or(Exposure::Notional);
    if kind == Exposure::MarketValue {
        return market_value(reference, observed, at);
    }
    let covered = reference.terms.as_ref().ok_or_else(|| {
        let why = "a covered contract that is only named has no exposure to add up";
        Error::missing("notionalPrincipal", why)
    })?;
    let state = state_at(covered, observed, at)?;
    let interest = if kind == Exposure::NotionalAndInterest { state.accrued } else { 0.0 };
    Ok((state.notional + interest).abs())
}

/// What all covering contracts are worth at a moment.
pub(super) fn cover(terms: &Terms, observed: &Observed, at: Moment) -> Result<f64, Error> {
    let mut sum = 0.0;
    for reference in terms.references(ReferenceRole::Covering) {
        sum += market_value(reference, observed, at)?;
    }
    Ok(sum)
}

/// The market value of a contract: its units times the observed price; the amount itself for cash.
fn market_value(reference: &Reference, observed: &Observed, at: Moment) -> Result<f64, Error> {
    let inner = reference.terms.as_deref();
    let units = inner.and_then(|terms| terms.quantity).unwrap_or(1.0);
    if let Some(code) = reference.market_object.as_deref() {
        let price = observed.needed(code, at, at, "it is the value of a covering contract")?;
        return Ok(units * price);
    }
    match inner {
        Some(terms) if terms.contract_type == Some(ContractType::Csh) => {
            Ok(terms.notional.unwrap_or(0.0))
        }
        _ => {
            Err(Error::missing("marketObjectCode", "the observed value of a contract in the cover"))
        }
    }
}
