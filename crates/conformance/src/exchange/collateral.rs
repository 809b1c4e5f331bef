//! Kinds about what collateral counts for.

use super::Kind;

/// The kinds of this module.
pub(super) const RULES: &[Kind] = &[];
