//! Why a model cannot propose.

use breakwater_market::DepthError;

/// Why a model, an estimate or a schedule cannot be worked out. Every variant names what was found
/// and what would be right.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// A parameter is not what it must be: correct it.
    #[error("{field} is {value}; expected {expected}")]
    Field {
        /// The parameter.
        field: &'static str,
        /// The value found.
        value: f64,
        /// What would be right.
        expected: &'static str,
    },
    /// An entry of a list is not what it must be: correct it.
    #[error("{field} of entry {index} is {value}; expected {expected}")]
    Entry {
        /// The list.
        field: &'static str,
        /// Place in the list, counted from 0.
        index: usize,
        /// The value found.
        value: f64,
        /// What would be right.
        expected: &'static str,
    },
    /// A list that needs entries has none.
    #[error("{field} is empty; expected {expected}")]
    Empty {
        /// The list.
        field: &'static str,
        /// What would be right.
        expected: &'static str,
    },
    /// Two lists that belong together differ in length.
    #[error("{field} has {found} entries; expected {expected} as {of} has")]
    Length {
        /// The list.
        field: &'static str,
        /// Its entries.
        found: usize,
        /// The list it belongs to.
        of: &'static str,
        /// That one's entries.
        expected: usize,
    },
    /// A list is longer than its bound.
    #[error("{field} has {found} entries; expected at most {most}")]
    TooMany {
        /// The list.
        field: &'static str,
        /// Its entries.
        found: usize,
        /// The bound.
        most: usize,
    },
    /// An estimate has too few samples to have an error of its own.
    #[error("{field} has {found} samples; expected at least {least}")]
    TooFew {
        /// The samples.
        field: &'static str,
        /// How many there are.
        found: usize,
        /// How many it takes.
        least: usize,
    },
    /// The optimum buys at times. A schedule only sells, so it is refused rather than bent.
    #[error(
        "trade {index} is {quantity}; expected at least 0, since a schedule never buys: {advice}"
    )]
    Buys {
        /// Number of the trade, counted from 0.
        index: usize,
        /// What it would sell, in base units: negative.
        quantity: f64,
        /// What removes the cause.
        advice: &'static str,
    },
    /// Impact under this kernel could be traded for a profit, or has no unique optimum.
    #[error(
        "smallest eigenvalue of the kernel on these times is {eigenvalue}; expected more than \
         {floor}: {reason}"
    )]
    NotPositiveDefinite {
        /// Smallest eigenvalue of the Gram matrix, in price per base unit.
        eigenvalue: f64,
        /// What rounding alone may take.
        floor: f64,
        /// What that means.
        reason: &'static str,
    },
    /// The samples say nothing about what is asked.
    #[error("{what} cannot be estimated: {reason}")]
    Undetermined {
        /// The parameter.
        what: &'static str,
        /// Why.
        reason: &'static str,
    },
    /// A search did not come to its tolerance within its bound of steps.
    #[error("{what} was not found within {steps} steps; expected milder parameters")]
    NoConvergence {
        /// What was searched.
        what: &'static str,
        /// The bound.
        steps: usize,
    },
    /// A figure leaves the range of its type. Nothing wraps and no infinity leaves.
    #[error("{what} does not fit; expected smaller amounts, prices or times")]
    Overflow {
        /// The figure.
        what: &'static str,
    },
    /// A curve refused.
    #[error(transparent)]
    Depth(#[from] DepthError),
}

impl ModelError {
    pub(crate) fn field(field: &'static str, value: f64, expected: &'static str) -> ModelError {
        ModelError::Field { field, value, expected }
    }

    pub(crate) fn entry(
        field: &'static str,
        index: usize,
        value: f64,
        expected: &'static str,
    ) -> ModelError {
        ModelError::Entry { field, index, value, expected }
    }

    pub(crate) fn too_many(field: &'static str, found: usize, most: usize) -> ModelError {
        ModelError::TooMany { field, found, most }
    }
}

/// `value` where it is a number above 0.
pub(crate) fn positive(field: &'static str, value: f64) -> Result<f64, ModelError> {
    match value.is_finite() && value > 0.0 {
        true => Ok(value),
        false => Err(ModelError::field(field, value, "a number above 0")),
    }
}

/// `value` where it is a number of at least 0.
pub(crate) fn not_negative(field: &'static str, value: f64) -> Result<f64, ModelError> {
    match value.is_finite() && value >= 0.0 {
        true => Ok(value),
        false => Err(ModelError::field(field, value, "a number of at least 0")),
    }
}

/// `value` where it is a number.
pub(crate) fn number(field: &'static str, value: f64) -> Result<f64, ModelError> {
    match value.is_finite() {
        true => Ok(value),
        false => Err(ModelError::field(field, value, "a number")),
    }
}

/// `value` where the arithmetic stayed within range.
pub(crate) fn finite(what: &'static str, value: f64) -> Result<f64, ModelError> {
    match value.is_finite() {
        true => Ok(value),
        false => Err(ModelError::Overflow { what }),
    }
}
