//! Kinds about margin of options by formula.

use super::Kind;

/// The kinds of this module.
pub(super) const RULES: &[Kind] = &[];
