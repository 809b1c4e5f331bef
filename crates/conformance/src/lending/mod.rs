//! On-chain lending: schema `breakwater-lending-vectors/1`, where every integer is a decimal
//! string, every output is exact, and a refusal is compared by its class.

mod aave_v3;
mod aave_v4;
mod compound_v2;
mod compound_v3;
mod euler_v2;
mod morpho_blue;

pub use aave_v3::AaveV3;
pub use aave_v4::AaveV4;
pub use compound_v2::CompoundV2;
pub use compound_v3::CompoundV3;
pub use euler_v2::EulerV2;
pub use morpho_blue::MorphoBlue;

/// The adapters of the lending protocols that have a mirror.
#[must_use]
pub fn adapters() -> Vec<Box<dyn crate::Adapter>> {
    vec![
        Box::new(AaveV3),
        Box::new(AaveV4),
        Box::new(CompoundV2),
        Box::new(CompoundV3),
        Box::new(EulerV2),
        Box::new(MorphoBlue),
    ]
}

/// The schema that the lending files declare.
const SCHEMA: &str = "breakwater-lending-vectors/1";
