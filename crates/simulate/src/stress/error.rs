//! What is no input of a model.

/// Why a model has no answer. Correct the field that it names.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StressError {
    /// A value that the model does not have.
    #[error("{field} is {value:?}; {right}")]
    Input {
        /// Name of the field.
        field: &'static str,
        /// What was given.
        value: f64,
        /// What would be right.
        right: &'static str,
    },
    /// The same inside a list.
    #[error("{field}[{index}] is {value:?}; {right}")]
    Entry {
        /// Name of the list.
        field: &'static str,
        /// Place of the entry, from 0.
        index: usize,
        /// What was given.
        value: f64,
        /// What would be right.
        right: &'static str,
    },
    /// Lists that belong together have different lengths, or one has too few or too many entries.
    #[error("{field} has {found} entries; {right}")]
    Length {
        /// Name of the list.
        field: &'static str,
        /// Its length.
        found: usize,
        /// What would be right.
        right: String,
    },
    /// A limit or a rule of a defence makes no sense.
    #[error("{0}")]
    Rule(String),
}

/// What a number may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Range {
    Finite,
    AboveZero,
    ZeroOrMore,
    /// From 0 to 1, both included.
    Share,
    /// Above 0 and at most 1.
    SomeShare,
    /// From 0 to below 1.
    PartShare,
}

impl Range {
    fn holds(self, value: f64) -> bool {
        value.is_finite()
            && match self {
                Range::Finite => true,
                Range::AboveZero => value > 0.0,
                Range::ZeroOrMore => value >= 0.0,
                Range::Share => (0.0..=1.0).contains(&value),
                Range::SomeShare => value > 0.0 && value <= 1.0,
                Range::PartShare => (0.0..1.0).contains(&value),
            }
    }

    fn right(self) -> &'static str {
        match self {
            Range::Finite => "a finite number is right",
            Range::AboveZero => "a finite number above 0 is right",
            Range::ZeroOrMore => "a finite number of 0 or more is right",
            Range::Share => "0 to 1 is right",
            Range::SomeShare => "above 0 and at most 1 is right",
            Range::PartShare => "0 to below 1 is right",
        }
    }
}

/// Refuses a value outside its range by its name.
pub(super) fn check(field: &'static str, value: f64, range: Range) -> Result<(), StressError> {
    if range.holds(value) {
        return Ok(());
    }
    Err(StressError::Input { field, value, right: range.right() })
}

/// Refuses the first entry outside its range by its name and place.
pub(super) fn check_all(
    field: &'static str,
    values: impl IntoIterator<Item = f64>,
    range: Range,
) -> Result<(), StressError> {
    match values.into_iter().enumerate().find(|(_, value)| !range.holds(*value)) {
        None => Ok(()),
        Some((index, value)) => {
            Err(StressError::Entry { field, index, value, right: range.right() })
        }
    }
}

/// Refuses a list of the wrong length.
pub(super) fn check_length(
    field: &'static str,
    found: usize,
    expected: usize,
    as_many_as: &str,
) -> Result<(), StressError> {
    if found == expected {
        return Ok(());
    }
    let right = format!("{expected} are right, one for each of {as_many_as}");
    Err(StressError::Length { field, found, right })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_named_with_its_value_and_what_would_be_right() {
        let told = |range, value| check("depth", value, range).map_err(|error| error.to_string());
        assert_eq!(told(Range::Share, 1.0), Ok(()));
        assert_eq!(told(Range::PartShare, 0.0), Ok(()));
        assert_eq!(
            told(Range::SomeShare, 0.0),
            Err("depth is 0.0; above 0 and at most 1 is right".into())
        );
        assert!(
            told(Range::Finite, f64::NAN).is_err()
                && told(Range::AboveZero, f64::INFINITY).is_err()
        );
        let entry = check_all("debt", [1.0, -1.0], Range::ZeroOrMore).unwrap_err();
        assert_eq!(entry.to_string(), "debt[1] is -1.0; a finite number of 0 or more is right");
        let length = check_length("debt", 2, 3, "collateral").unwrap_err();
        assert_eq!(
            length.to_string(),
            "debt has 2 entries; 3 are right, one for each of collateral"
        );
    }
}
