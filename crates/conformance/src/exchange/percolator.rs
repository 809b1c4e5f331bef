//! Kinds of an engine with junior profit and side indices.

use super::Kind;

/// The kinds of this module.
pub(super) const RULES: &[Kind] = &[];
