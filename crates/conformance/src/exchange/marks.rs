//! Kinds about marks and indices.

use super::Kind;

/// The kinds of this module.
pub(super) const RULES: &[Kind] = &[];
