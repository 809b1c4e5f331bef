//! How a setting is refused.

use crate::ScenarioError;
use std::fmt::Display;

/// A setting that makes no sense: its value, and what would be right.
pub(crate) fn refuse(field: &str, found: impl Display, right: &str) -> ScenarioError {
    ScenarioError::setting(field, format!("{found} is not possible: {right}"))
}

/// Refuses a number that is not finite or lies outside of a range.
pub(crate) fn within(field: &str, value: f64, least: f64, most: f64) -> Result<(), ScenarioError> {
    // A comparison with what is not a number is false.
    match value >= least && value <= most {
        true => Ok(()),
        false => Err(refuse(field, value, &format!("{least} to {most}"))),
    }
}
