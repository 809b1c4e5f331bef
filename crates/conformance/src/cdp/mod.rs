//! Collateralised debt positions: schema `auction-vectors/1`, where every integer is a decimal string
//! and the full observable state is compared after every step. The batch auction and the closed forms
//! about auctions come in the same schema.

mod batch;
mod liquity_v1;
mod llamma;
mod theory;

pub use batch::UniformBatch;
pub use liquity_v1::LiquityV1;
pub use llamma::Llamma;
pub use theory::ClosedForms;

/// The adapters of the CDP protocols that have a mirror.
#[must_use]
pub fn adapters() -> Vec<Box<dyn crate::Adapter>> {
    vec![Box::new(LiquityV1), Box::new(Llamma), Box::new(UniformBatch), Box::new(ClosedForms)]
}

/// The schema that these files declare.
const SCHEMA: &str = "auction-vectors/1";
