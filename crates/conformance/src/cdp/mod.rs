//! Collateralised debt positions: schema `auction-vectors/1`, where every integer is a decimal string
//! and the full observable state is compared after every step.

mod english;
mod flap_flop;
mod flip;
mod liquity_v1;
mod llamma;

pub use flap_flop::DssFlapFlop;
pub use flip::DssFlip;
pub use liquity_v1::LiquityV1;
pub use llamma::Llamma;

/// The adapters of the CDP protocols that have a mirror.
#[must_use]
pub fn adapters() -> Vec<Box<dyn crate::Adapter>> {
    vec![Box::new(LiquityV1), Box::new(Llamma), Box::new(DssFlip), Box::new(DssFlapFlop)]
}

/// The schema that these files declare.
const SCHEMA: &str = "auction-vectors/1";
