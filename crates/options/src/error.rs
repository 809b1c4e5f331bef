//! What is no option, or has no value as an integer.

/// Why there is no price.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum OptionError {
    /// An input that no option has. Correct the field.
    #[error("{field} is {value:?}; {right}")]
    Input {
        /// Name of the field.
        field: &'static str,
        /// What was given.
        value: f64,
        /// What would be right.
        right: &'static str,
    },
    /// The same inside a column. Correct the entry.
    #[error("{field}[{index}] is {value:?}; {right}")]
    Entry {
        /// Name of the column.
        field: &'static str,
        /// Place of the entry, from 0.
        index: usize,
        /// What was given.
        value: f64,
        /// What would be right.
        right: &'static str,
    },
    /// Columns that belong together have different lengths. Give one entry an option.
    #[error("{field} has {found} entries, forward has {expected}; one an option is right")]
    Lengths {
        /// Name of the column.
        field: &'static str,
        /// Its length.
        found: usize,
        /// The length of the first column.
        expected: usize,
    },
    /// A value that no volatility gives: it is not above what the option is worth without any. Correct
    /// the mark or the forward.
    #[error(
        "value is {value:?}; more than {intrinsic:?} is right, what the option is worth without any \
         volatility"
    )]
    NotAboveIntrinsic {
        /// The value.
        value: f64,
        /// What the option is worth without volatility.
        intrinsic: f64,
    },
    /// A value above that of the largest volatility. Correct the mark or the forward.
    #[error("value is {value:?}; at most {most:?} is right, what the largest volatility gives")]
    AboveMost {
        /// The value.
        value: f64,
        /// The value at the largest volatility.
        most: f64,
    },
    /// A value that does not fit 127 bits of base units.
    #[error("value {value:?} at {units:?} base units a unit does not fit 127 bits")]
    TooLarge {
        /// The value, in whole units.
        value: f64,
        /// Base units in one.
        units: f64,
    },
}

/// Refuses a value unless `fits`.
pub(crate) fn require(
    field: &'static str,
    value: f64,
    fits: bool,
    right: &'static str,
) -> Result<(), OptionError> {
    if fits { Ok(()) } else { Err(OptionError::Input { field, value, right }) }
}

/// What a scale must be.
pub(crate) const POSITIVE: &str = "a finite number above zero is right";

/// Smallest and largest price. Quotients of two prices, and those by a price once more, stay inside
/// the range of floats; no unit of account needs more.
const PRICE_RANGE: std::ops::RangeInclusive<f64> = 1e-100..=1e100;

/// What a price must be.
pub(crate) const PRICE: &str = "a price from 1e-100 to 1e100 is right";

/// Whether a number is a price.
pub(crate) fn is_price(value: f64) -> bool {
    PRICE_RANGE.contains(&value)
}

/// What a time, a volatility or a deviation must be.
pub(crate) const NOT_NEGATIVE: &str = "a finite number of zero or more is right";

/// Whether a value is finite and above zero.
pub(crate) fn is_positive(value: f64) -> bool {
    value.is_finite() && value > 0.0
}

/// Whether a value is finite and not below zero.
pub(crate) fn is_not_negative(value: f64) -> bool {
    value.is_finite() && value >= 0.0
}
