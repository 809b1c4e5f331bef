//! Files about prices and greeks of options: `kind` names the model, inputs are JSON numbers that are
//! taken as the very floats they are, outputs have 30 digits with a condition sum each.

mod black76;
mod hedging;

pub use black76::Black76Inverse;
pub use hedging::DynamicHedging;

/// The adapters of the models that have a rule.
#[must_use]
pub fn adapters() -> Vec<Box<dyn crate::Adapter>> {
    vec![Box::new(Black76Inverse), Box::new(DynamicHedging)]
}
