//! Collateralised debt positions: schema `auction-vectors/1`, where every integer is a decimal string
//! and the full observable state is compared after every step. The batch auction and the closed forms
//! about auctions come in the same schema.

mod abaci;
mod batch;
mod clip;
mod english;
mod flap_flop;
mod flip;
mod liquity_v1;
mod llamma;
mod theory;

pub use abaci::Abaci;
pub use batch::UniformBatch;
pub use clip::Clip;
pub use flap_flop::DssFlapFlop;
pub use flip::DssFlip;
pub use liquity_v1::LiquityV1;
pub use llamma::Llamma;
pub use theory::ClosedForms;

/// The adapters of the CDP protocols that have a mirror.
#[must_use]
pub fn adapters() -> Vec<Box<dyn crate::Adapter>> {
    vec![
        Box::new(Abaci),
        Box::new(Clip),
        Box::new(DssFlip),
        Box::new(DssFlapFlop),
        Box::new(LiquityV1),
        Box::new(Llamma),
        Box::new(UniformBatch),
        Box::new(ClosedForms),
    ]
}

/// The schema that these files declare.
const SCHEMA: &str = "auction-vectors/1";

/// Whether `file` declares this schema and `family`.
fn declares(file: &serde_json::Value, family: &str) -> bool {
    let says = |field: &str| file.get(field).and_then(serde_json::Value::as_str);
    says("schema") == Some(SCHEMA) && says("family") == Some(family)
}
