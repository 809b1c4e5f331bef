//! On-chain lending: schema `breakwater-lending-vectors/1`, where every integer is a decimal
//! string, every output is exact, and a refusal is compared by its class.

mod aave_v3;
mod decimal_string;

pub use aave_v3::AaveV3;

/// The adapters of the lending protocols that have a mirror.
#[must_use]
pub fn adapters() -> Vec<Box<dyn crate::Adapter>> {
    vec![Box::new(AaveV3)]
}

/// The schema that the lending files declare.
const SCHEMA: &str = "breakwater-lending-vectors/1";
