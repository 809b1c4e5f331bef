//! The same events as data for a host that keeps accounts: who pays whom how much and when.

use super::{Contract, Event, EventType, Observed};
use crate::Error;
use crate::calendar::Moment;

/// One payment that a contract will ask for, as a host books it.
#[derive(Debug, Clone, PartialEq)]
pub struct Forward {
    /// Identifier of the contract, empty where it has none.
    pub contract: String,
    /// Place among the payments of the contract, from 0: with the identifier a key that a second
    /// delivery does not change.
    pub sequence: usize,
    /// When it is due.
    pub due: Moment,
    /// Why.
    pub kind: EventType,
    /// Whether the keeper of the record receives it.
    pub receives: bool,
    /// How much, never negative.
    pub amount: f64,
    /// In what.
    pub currency: String,
    /// Outstanding principal after it, signed: the exposure that stays.
    pub notional: f64,
}

/// The payments of a contract after a moment and until another (included), in the order in which
/// they are due. Events that pay nothing are left out.
///
/// # Errors
/// As [`Contract::events`].
pub fn forward(
    contract: &Contract,
    observed: &Observed,
    after: Moment,
    until: Option<Moment>,
) -> Result<Vec<Forward>, Error> {
    let id = contract.terms().contract_id.clone().unwrap_or_default();
    let events = contract.events(observed, until)?;
    let paying = events.into_iter().filter(|event| event.payoff != 0.0).enumerate();
    let later = paying.filter(|(_, event)| event.time > after);
    Ok(later.map(|(sequence, event)| of(&id, sequence, event)).collect())
}

fn of(contract: &str, sequence: usize, event: Event) -> Forward {
    Forward {
        contract: contract.to_owned(),
        sequence,
        due: event.time,
        kind: event.kind,
        receives: event.payoff > 0.0,
        amount: event.payoff.abs(),
        currency: event.currency,
        notional: event.notional,
    }
}
