//! What can be wrong with a scenario or its files.

/// Why a scenario cannot run. The operator corrects the file it names.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScenarioError {
    /// No scenario of that name is shipped and no file has that path.
    #[error("no scenario '{name}': shipped are {shipped}; a path to a .toml file works too")]
    Unknown {
        /// As asked for.
        name: String,
        /// What there is.
        shipped: String,
    },
    /// A file could not be read.
    #[error("cannot read {path}: {reason}")]
    Read {
        /// The file.
        path: String,
        /// What the system says.
        reason: String,
    },
    /// A file is not what it should be.
    #[error("{file}, line {line}: {reason}")]
    Row {
        /// The file.
        file: String,
        /// Its line, counted from 1.
        line: u64,
        /// Field, value and what would be right.
        reason: String,
    },
    /// A setting makes no sense.
    #[error("{field}: {reason}")]
    Setting {
        /// The setting.
        field: String,
        /// Its value and what would be right.
        reason: String,
    },
    /// The engine refused something the run cannot do without.
    #[error("the engine refused {what}: {why}")]
    Refused {
        /// The command.
        what: String,
        /// Its reason.
        why: String,
    },
    /// An invariant broke; the journal up to there is whole.
    #[error("{0}")]
    Stopped(String),
    /// Commands could not be recorded.
    #[error("cannot record: {0}")]
    Record(String),
}

impl ScenarioError {
    /// A setting that makes no sense.
    pub fn setting(field: impl Into<String>, reason: impl Into<String>) -> Self {
        ScenarioError::Setting { field: field.into(), reason: reason.into() }
    }
}
