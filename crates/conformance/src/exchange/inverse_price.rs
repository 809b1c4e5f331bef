//! Kinds about contracts that settle in their base asset.

use super::Kind;

/// The kinds of this module.
pub(super) const RULES: &[Kind] = &[];
