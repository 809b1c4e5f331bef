//! What can go wrong, and the exit code it has.

use breakwater_conformance::ConformanceError;
use breakwater_journal::JournalError;
use breakwater_report::ReportError;
use breakwater_simulate::ScenarioError;
use breakwater_simulate::auctions::games::GameError;
use std::path::Path;

/// Done.
pub const OK: u8 = 0;
/// A command that checks something found it wanting.
pub const FINDING: u8 = 1;
/// The command line makes no sense.
pub const USAGE: u8 = 2;
/// A file makes no sense, or cannot be read or written.
pub const DATA: u8 = 3;
/// Something is not what it was when it was written, or books and hashes differ.
pub const INTEGRITY: u8 = 4;
/// A fault of this program.
pub const INTERNAL: u8 = 5;

/// How a command ended that told its answer itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing to complain of.
    Fine,
    /// A check found something, and said what.
    Finding,
    /// Integrity is broken, and it was said how.
    Broken,
}

impl Verdict {
    /// The program's exit code.
    pub const fn exit_code(self) -> u8 {
        match self {
            Verdict::Fine => OK,
            Verdict::Finding => FINDING,
            Verdict::Broken => INTEGRITY,
        }
    }
}

/// Why a command could not do what it was asked for. The text is for the operator: the field, the
/// value, and what would be right.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The command line asks for something that does not exist. Correct the command line.
    #[error("{0}")]
    Usage(String),
    /// A file cannot be read or written, or its content makes no sense. Correct the file.
    #[error("{0}")]
    Data(String),
    /// What was written is not what is there. Restore a good copy.
    #[error("{0}")]
    Integrity(String),
    /// A fault of this program. Report it.
    #[error("{0}")]
    Internal(String),
}

impl Failure {
    /// The program's exit code.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Failure::Usage(_) => USAGE,
            Failure::Data(_) => DATA,
            Failure::Integrity(_) => INTEGRITY,
            Failure::Internal(_) => INTERNAL,
        }
    }

    /// A file that could not be read or written.
    pub fn file(doing: &str, path: &Path, error: &std::io::Error) -> Self {
        Failure::Data(format!("cannot {doing} {}: {error}", path.display()))
    }

    /// An error of a journal at `path`.
    pub fn journal(path: &Path, error: &JournalError) -> Self {
        let text = match error {
            // These name the path themselves.
            JournalError::NotFound { .. } | JournalError::AlreadyExists { .. } => error.to_string(),
            _ => format!("{}: {error}", path.display()),
        };
        match error {
            JournalError::Corrupted { .. } => Failure::Integrity(text),
            JournalError::Database { .. } | JournalError::OutOfRange { .. } => {
                Failure::Internal(text)
            }
            _ => Failure::Data(text),
        }
    }

    /// An error of running a scenario that was opened well, so that a setting it complains of is
    /// one of the command line.
    pub fn of_run(error: ScenarioError) -> Self {
        match error {
            ScenarioError::Setting { .. } => Failure::Usage(error.to_string()),
            other => other.into(),
        }
    }
}

impl From<ScenarioError> for Failure {
    fn from(error: ScenarioError) -> Self {
        let text = error.to_string();
        match error {
            ScenarioError::Unknown { .. } => Failure::Usage(text),
            ScenarioError::Stopped(_) => {
                Failure::Integrity(format!("an invariant broke and the engine stopped: {text}"))
            }
            _ => Failure::Data(text),
        }
    }
}

impl From<GameError> for Failure {
    fn from(error: GameError) -> Self {
        match error.is_setting() {
            true => Failure::Usage(error.to_string()),
            false => Failure::Internal(error.to_string()),
        }
    }
}

impl From<ReportError> for Failure {
    fn from(error: ReportError) -> Self {
        match error {
            ReportError::Csv(_) | ReportError::Io(_) => Failure::Data(error.to_string()),
            // A run gave something that cannot be drawn.
            other => Failure::Internal(format!("the report cannot be drawn: {other}")),
        }
    }
}

impl From<ConformanceError> for Failure {
    fn from(error: ConformanceError) -> Self {
        Failure::Data(error.to_string())
    }
}
