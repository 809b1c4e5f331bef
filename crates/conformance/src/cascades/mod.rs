//! Files about cascades: deleveraging policies, impact, fire sales. Told apart by their `id`, or by
//! the members of their rows where they have none.
//!
//! Numbers in these files are JSON numbers, some with an exponent: they are read as the decimals they
//! are written as. Cases have no ids of their own.

pub(crate) mod number;
mod policies;
mod schedules;
mod waves;

use crate::Adapter;

/// The adapters of this family.
#[must_use]
pub fn adapters() -> Vec<Box<dyn Adapter>> {
    vec![
        Box::new(policies::Policies),
        Box::new(waves::Waves),
        Box::new(waves::Gaps),
        Box::new(schedules::LinearImpact),
        Box::new(schedules::BlockBook),
        Box::new(schedules::SquareRoot),
        Box::new(schedules::DecayKernel),
    ]
}
