//! Kinds about what a whole account must hold under a venue's own rule.

use super::Kind;

/// The kinds of this module.
pub(super) const RULES: &[Kind] = &[];
