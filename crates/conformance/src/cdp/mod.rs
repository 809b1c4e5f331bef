//! Collateralised debt positions: schema `auction-vectors/1`, where every integer is a decimal string
//! and the full observable state is compared after every step.

mod abaci;
mod clip;
mod liquity_v1;
mod llamma;

pub use abaci::Abaci;
pub use clip::Clip;
pub use liquity_v1::LiquityV1;
pub use llamma::Llamma;

/// The adapters of the CDP protocols that have a mirror.
#[must_use]
pub fn adapters() -> Vec<Box<dyn crate::Adapter>> {
    vec![Box::new(Abaci), Box::new(Clip), Box::new(LiquityV1), Box::new(Llamma)]
}

/// The schema that these files declare.
const SCHEMA: &str = "auction-vectors/1";

/// Whether `file` declares this schema and `family`.
fn declares(file: &serde_json::Value, family: &str) -> bool {
    let says = |field: &str| file.get(field).and_then(serde_json::Value::as_str);
    says("schema") == Some(SCHEMA) && says("family") == Some(family)
}
