//! Kinds about the order in which winners are deleveraged, and what insurance gets or pays.

use super::Kind;

/// The kinds of this module.
pub(super) const RULES: &[Kind] = &[];
