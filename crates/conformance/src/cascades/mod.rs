//! Files about cascades: deleveraging policies, impact, fire sales. Told apart by their `id`.

/// The adapters of this family.
#[must_use]
pub fn adapters() -> Vec<Box<dyn crate::Adapter>> {
    Vec::new()
}
