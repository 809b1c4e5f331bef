//! What is wrong with an agreement, in a sentence that says what would be right.

/// Why terms, observations or a schedule were refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A value cannot be read. Correct the value of the named field.
    #[error("`{field}` is `{found}`, which is not {expected}")]
    Value {
        /// Name of the field as it stands in the file.
        field: String,
        /// The value found.
        found: String,
        /// What would be right.
        expected: String,
    },
    /// A field that the agreement needs is not there. Add it.
    #[error("`{field}` is missing: {expected}")]
    Missing {
        /// Name of the field.
        field: String,
        /// What it would hold and why it is needed.
        expected: String,
    },
    /// A field that this kind of agreement does not have. Remove it or correct its name.
    #[error("`{field}` (`{found}`) is not a field of {of}; {expected}")]
    Unknown {
        /// Name of the field.
        field: String,
        /// The value found.
        found: String,
        /// The kind of agreement.
        of: String,
        /// What would be right.
        expected: String,
    },
    /// Two values cannot both hold. Correct one of them.
    #[error("`{first}` and `{second}` contradict each other: {expected}")]
    Contradiction {
        /// One field with its value.
        first: String,
        /// The other field with its value.
        second: String,
        /// What would be right.
        expected: String,
    },
    /// A bound of this program is passed. Ask for less, or shorten the agreement.
    #[error("{what} would be more than {limit}: {expected}")]
    TooMany {
        /// What is counted.
        what: String,
        /// The bound.
        limit: usize,
        /// What would be right.
        expected: String,
    },
    /// An observation is needed and was not given. Add it to the observations.
    #[error("no observation of `{code}` at {at}: {expected}")]
    Unobserved {
        /// Code of what is observed.
        code: String,
        /// When.
        at: String,
        /// What it is needed for.
        expected: String,
    },
    /// The text is not JSON, or a number in it is out of range. Correct the file.
    #[error("the text is not readable: {0}")]
    Json(String),
}

impl Error {
    /// A value that cannot be read.
    #[must_use]
    pub fn value(field: &str, found: impl ToString, expected: &str) -> Self {
        Self::Value {
            field: field.to_owned(),
            found: found.to_string(),
            expected: expected.to_owned(),
        }
    }

    /// A field that is needed and absent.
    #[must_use]
    pub fn missing(field: &str, expected: &str) -> Self {
        Self::Missing { field: field.to_owned(), expected: expected.to_owned() }
    }

    /// Two values that cannot both hold.
    #[must_use]
    pub fn contradiction(first: impl ToString, second: impl ToString, expected: &str) -> Self {
        Self::Contradiction {
            first: first.to_string(),
            second: second.to_string(),
            expected: expected.to_owned(),
        }
    }
}
