//! Kinds of a perpetual exchange with spot margin and time-ramped liquidation.

use super::Kind;

/// The kinds of this module.
pub(super) const RULES: &[Kind] = &[];
