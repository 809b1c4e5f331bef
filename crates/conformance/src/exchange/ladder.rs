//! Kinds about which step a venue takes with an account short of margin.

use super::Kind;

/// The kinds of this module.
pub(super) const RULES: &[Kind] = &[];
