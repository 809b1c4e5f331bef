//! The guarantor: a CEG contract over the claim that a close-out left open.

use super::exposure::contract;
use super::settings::MarginCallScenario;
use crate::ScenarioError;
use breakwater_agreement::calendar::Moment;
use breakwater_agreement::contracts::{EventType, Observed, ObservedEvent, Performance, forward};
use breakwater_agreement::support::zone::Zone;
use breakwater_money::Time;
use toml::{Table, Value};

/// What the guarantor will pay, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Drawn {
    /// When.
    pub due: Time,
    /// Cents.
    pub cents: u128,
}

/// Calls the guarantee for `cents` of a claim at `at`: the claim is a loan that defaulted, the guarantee
/// covers it, and its settlement is what is paid.
pub(super) fn call(
    scenario: &MarginCallScenario,
    zone: &Zone,
    at: Time,
    cents: u128,
) -> Result<Option<Drawn>, ScenarioError> {
    let (date, second) = zone.local(at);
    let wrong = |error: breakwater_agreement::Error| {
        ScenarioError::setting("guarantee.terms", error.to_string())
    };
    let now = Moment::new(date, second).map_err(wrong)?;
    let before = Moment::start_of(date.plus_days(-1).unwrap_or(date));
    let end = Moment::start_of(date.plus_days(365).unwrap_or(date));
    let text = |moment: Moment| Value::String(moment.to_string());
    let mut claim = Table::new();
    for (key, value) in [
        ("contractType", Value::String("PAM".to_owned())),
        ("contractID", Value::String("claim".to_owned())),
        ("contractRole", Value::String("RPA".to_owned())),
        ("currency", Value::String("USD".to_owned())),
        ("statusDate", text(before)),
        ("initialExchangeDate", text(before)),
        ("maturityDate", text(end)),
        ("notionalPrincipal", Value::String(exact(cents))),
        ("nominalInterestRate", Value::Float(0.0)),
        ("dayCountConvention", Value::String("A365".to_owned())),
    ] {
        claim.insert(key.to_owned(), value);
    }
    let mut covered = Table::new();
    covered.insert("object".to_owned(), Value::Table(claim));
    covered.insert("referenceType".to_owned(), Value::String("CNT".to_owned()));
    covered.insert("referenceRole".to_owned(), Value::String("COVE".to_owned()));
    let mut terms = scenario.settings.guarantee.terms.clone();
    terms.insert("contractStructure".to_owned(), Value::Array(vec![Value::Table(covered)]));
    terms.insert("statusDate".to_owned(), text(before));
    terms.insert("contractDealDate".to_owned(), text(before));
    terms.insert("maturityDate".to_owned(), text(end));
    let guarantee = contract(&terms).map_err(wrong)?;
    let mut observed = Observed::default();
    observed.event(ObservedEvent {
        time: now,
        kind: EventType::Ce,
        value: 0.0,
        contract: Some("claim".to_owned()),
        performance: Some(Performance::Default),
    });
    let paid = forward(&guarantee, &observed, before, Some(end)).map_err(wrong)?;
    let paid = paid.iter().find(|due| due.kind == EventType::Std && due.receives);
    Ok(paid.map(|due| Drawn {
        due: zone.instant(due.due.date(), due.due.second()),
        cents: (libm::round(due.amount * 100.0) as u128).min(cents),
    }))
}

/// Cents as an exact decimal.
fn exact(cents: u128) -> String {
    breakwater_money::decimal::format_raw(cents, 2)
}
