//! Kinds of an exchange whose margin fraction scales with open interest.

use super::Kind;

/// The kinds of this module.
pub(super) const RULES: &[Kind] = &[];
