//! Files about prices, greeks and volatilities of options: `kind` names the model, inputs are JSON
//! numbers that are taken as the very floats they are, outputs have 30 digits with a condition sum
//! each.

mod black76;
mod black_scholes;
mod hedging;
mod implied;
mod tiers;

pub use black_scholes::BlackScholesGreeks;
pub use black76::Black76Inverse;
pub use hedging::DynamicHedging;
pub use implied::ImpliedVolatility;

use crate::Mismatch;
use crate::fields::describe;
use breakwater_options::Kind;
use serde_json::Value;

/// The adapters of the models that have a rule.
#[must_use]
pub fn adapters() -> Vec<Box<dyn crate::Adapter>> {
    vec![
        Box::new(Black76Inverse),
        Box::new(BlackScholesGreeks),
        Box::new(ImpliedVolatility),
        Box::new(DynamicHedging),
    ]
}

/// Whether a file calls itself `kind`.
fn is_of_kind(file: &Value, kind: &str) -> bool {
    file.get("kind").and_then(Value::as_str) == Some(kind)
}

/// The float that stands in `case` under `name`.
fn number(case: &Value, name: &str) -> Result<f64, Mismatch> {
    let value = case.get(name).filter(|value| value.is_number()).and_then(Value::as_f64);
    value.ok_or_else(|| Mismatch::new(name, "a JSON number", describe(case.get(name))))
}

/// Call or put.
fn kind(case: &Value) -> Result<Kind, Mismatch> {
    match case.get("kind").and_then(Value::as_str) {
        Some("call") => Ok(Kind::Call),
        Some("put") => Ok(Kind::Put),
        _ => Err(Mismatch::new("kind", "call or put", describe(case.get("kind")))),
    }
}
