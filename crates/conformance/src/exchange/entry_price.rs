//! Kinds about liquidation prices whose requirement is that of the entry value.

use super::Kind;

/// The kinds of this module.
pub(super) const RULES: &[Kind] = &[];
