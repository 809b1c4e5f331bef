//! Why a game cannot be played.

use super::super::MeasureError;
use breakwater_auction::{batch, dutch, english, sealed, theory};
use breakwater_money::MoneyError;
use std::fmt::Display;

/// Why a game cannot be played.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GameError {
    /// A setting is out of its range. Correct it.
    #[error("{field} is {found}: it must be {right}")]
    Setting {
        /// Name of the setting.
        field: &'static str,
        /// As given.
        found: String,
        /// What would be right.
        right: &'static str,
    },
    /// A formula does not apply to what it is given.
    #[error(transparent)]
    Theory(#[from] theory::TheoryError),
    /// A formula in floats does not apply.
    #[error(transparent)]
    Measure(#[from] MeasureError),
    /// The ascending core refused a call of a simulated bidder: a fault of the simulation.
    #[error("ascending auction: {0}")]
    English(#[from] english::Refusal),
    /// The descending core refused a call: a fault of the simulation.
    #[error("descending auction: {0}")]
    Dutch(#[from] dutch::Refusal),
    /// The sealed core refused a call: a fault of the simulation.
    #[error("sealed auction: {0}")]
    Sealed(#[from] sealed::Refusal),
    /// The batch refused a call: a fault of the simulation.
    #[error("batch auction: {0}")]
    Batch(#[from] batch::Refusal),
    /// A quantity does not fit.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// A game that did not come to an end.
    #[error("{0}")]
    Play(String),
}

impl GameError {
    /// Whether the caller can correct it.
    #[must_use]
    pub const fn is_setting(&self) -> bool {
        matches!(self, GameError::Setting { .. } | GameError::Theory(_) | GameError::Measure(_))
    }
}

/// A setting for which `holds`, or the refusal that names it.
pub(super) fn setting(
    field: &'static str,
    found: impl Display,
    holds: bool,
    right: &'static str,
) -> Result<(), GameError> {
    if holds {
        return Ok(());
    }
    Err(GameError::Setting { field, found: found.to_string(), right })
}
