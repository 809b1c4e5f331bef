//! Kinds about margin by worst scenario.

use super::Kind;

/// The kinds of this module.
pub(super) const RULES: &[Kind] = &[];
