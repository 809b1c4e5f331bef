//! Why a benchmark stopped.

use breakwater_journal::JournalError;

/// What every step of a benchmark answers.
pub type Result<T> = std::result::Result<T, Failure>;

/// Why a benchmark has no figures.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// An argument is not understood. The operator corrects it.
    #[error("argument {given:?}: {right}")]
    Argument {
        /// As given.
        given: String,
        /// What would be right.
        right: &'static str,
    },
    /// The engine refused a command that the benchmark is made of: a fault of the benchmark.
    #[error("the engine refused {what}: {why}")]
    Refused {
        /// Kind of the command.
        what: &'static str,
        /// The engine's reason.
        why: String,
    },
    /// The fast answer is not the slow one. No figure of the run counts.
    #[error("the answers differ: {0}")]
    Differs(String),
    /// A file could not be written or read. The operator looks at the disk.
    #[error("{doing}: {source}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// What the system says.
        source: std::io::Error,
    },
    /// The journal failed. The operator looks at the disk.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The bare database failed. The operator looks at the disk.
    #[error("bare database: {0}")]
    Database(String),
}

impl Failure {
    /// The same, naming the rulebook whose answers differ or whose book was refused.
    #[must_use]
    pub fn of(self, rulebook: &str) -> Failure {
        match self {
            Failure::Refused { what, why } => {
                Failure::Refused { what, why: format!("{rulebook}: {why}") }
            }
            Failure::Differs(told) => Failure::Differs(format!("{rulebook}: {told}")),
            other => other,
        }
    }

    /// What the system said while something was done.
    pub fn io(doing: &'static str) -> impl FnOnce(std::io::Error) -> Failure {
        move |source| Failure::Io { doing, source }
    }

    /// What the bare database said.
    pub fn database(error: impl Into<redb::Error>) -> Failure {
        Failure::Database(error.into().to_string())
    }
}
