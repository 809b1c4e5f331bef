//! What can go wrong with a journal, and what the operator does about it.

use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

/// Everything a journal can answer other than success.
///
/// The doc of each variant says what the operator does. None of these is retried by the journal.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// Another handle, in this process or another, owns the file. Stop that one, or use a
    /// different file; two owners would each acknowledge frames the other never saw.
    #[error("the journal is already open: one owner at a time, in this process or another")]
    AlreadyOpen,

    /// Something exists where a new journal was to be made. Open it instead, or choose another
    /// path; the journal never overwrites.
    #[error("{path} already exists: open it, or choose a path where nothing is")]
    AlreadyExists {
        /// The path, or a description of the storage, that is taken.
        path: PathBuf,
    },

    /// There is no journal at the path. Check the path, or create the journal.
    #[error("{path} does not exist: check the path, or create a journal there")]
    NotFound {
        /// The path that was looked at.
        path: PathBuf,
    },

    /// The bytes are no journal and no exported stream. Check that the right file was named.
    #[error("not a journal: {reason}")]
    NotAJournal {
        /// What was found and what was expected.
        reason: String,
    },

    /// Creating or importing this journal stopped half way, so nothing in it was ever
    /// acknowledged. Delete it and create or import again.
    #[error(
        "the journal was never finished: its creation or import stopped half way; \
         nothing in it was acknowledged, delete it and start again"
    )]
    Unfinished,

    /// The journal or stream was written in a format this build does not know. Use the release
    /// that wrote it to export a stream, or upgrade.
    #[error("format version {found} of the {what} is not known to this build (known: {known})")]
    UnsupportedVersion {
        /// Which structure carries the version.
        what: &'static str,
        /// The version byte found.
        found: u8,
        /// The version byte this build reads and writes.
        known: u8,
    },

    /// The content is not what was written. Do not write to the file; restore the newest good
    /// copy or exported stream. An open that ends here has left the file as it was.
    #[error("corrupted{}{}: {reason}", at_sequence(.sequence), at_offset(.offset))]
    Corrupted {
        /// The frame at which the damage was noticed, where one can be named.
        sequence: Option<u64>,
        /// Byte offset in the stream at which the damage was noticed; none for a database.
        offset: Option<u64>,
        /// What was found and what should have been there.
        reason: String,
    },

    /// An earlier write or sync of this handle failed, so what is on disk is unknown to it. Stop
    /// acknowledging, drop the handle, repair the cause, and open the journal again.
    #[error(
        "poisoned: an earlier write or sync failed; drop this journal and open it again, \
         every acknowledged frame is still there"
    )]
    Poisoned,

    /// The storage is full. The batch is not acknowledged and the handle is poisoned: free
    /// space, then open the journal again; every acknowledged frame is still there.
    #[error("no space left while {doing}: {source}")]
    NoSpace {
        /// The operation that met the limit.
        doing: &'static str,
        /// What the operating system said.
        source: io::Error,
    },

    /// The storage failed. A failed write or sync also poisons the handle: check the device,
    /// then open the journal again.
    #[error("I/O error while {doing}: {source}")]
    Io {
        /// The operation that failed.
        doing: &'static str,
        /// What the operating system said.
        source: io::Error,
    },

    /// The database library refused in a way that is neither damage nor I/O. Report it with the
    /// text; the handle is poisoned if it was writing.
    #[error("the database refused while {doing}: {reason}")]
    Database {
        /// The operation that was refused.
        doing: &'static str,
        /// The library's own words.
        reason: String,
    },

    /// A value is longer than the format allows. Nothing was written; split or shorten it.
    #[error("{field} is {length} bytes long, the limit is {limit}")]
    TooLong {
        /// The field, with its index where it is one of several.
        field: String,
        /// Its length in bytes.
        length: u64,
        /// The greatest length allowed, in bytes.
        limit: u64,
    },

    /// A sequence argument is outside what the journal holds. Nothing was written; ask within
    /// the range.
    #[error("{field} is {value}, it must be from {low} to {high}")]
    OutOfRange {
        /// The argument.
        field: &'static str,
        /// The value given.
        value: u64,
        /// The least value allowed.
        low: u64,
        /// The greatest value allowed.
        high: u64,
    },

    /// The journal was begun by a different engine or for a different run than the one asked
    /// for. Use the build and the configuration that began it, or another path.
    #[error("the journal's {field} is {stored}, this run gave {given}")]
    ManifestMismatch {
        /// The field that differs.
        field: &'static str,
        /// The value in the journal.
        stored: String,
        /// The value given.
        given: String,
    },

    /// The reader or writer of an exported stream failed. The journal itself is unharmed:
    /// repair the other side and run the export or import again.
    #[error("stream I/O error at byte {offset}: {source}")]
    Stream {
        /// Bytes of the stream read or written before the failure.
        offset: u64,
        /// What the operating system said.
        source: io::Error,
    },
}

fn at_sequence(sequence: &Option<u64>) -> String {
    sequence.map(|s| format!(" at frame {s}")).unwrap_or_default()
}

fn at_offset(offset: &Option<u64>) -> String {
    offset.map(|o| format!(" at byte {o}")).unwrap_or_default()
}

impl JournalError {
    pub(crate) fn damage(reason: impl Into<String>) -> Self {
        Self::Corrupted { sequence: None, offset: None, reason: reason.into() }
    }

    pub(crate) fn damage_at(sequence: u64, reason: impl Into<String>) -> Self {
        Self::Corrupted { sequence: Some(sequence), offset: None, reason: reason.into() }
    }

    /// Names an I/O error: out of space, a file shorter than its own header says, or the rest.
    pub(crate) fn io(doing: &'static str, source: io::Error) -> Self {
        use io::ErrorKind::{FileTooLarge, InvalidData, QuotaExceeded, StorageFull, UnexpectedEof};
        match source.kind() {
            StorageFull | QuotaExceeded | FileTooLarge => Self::NoSpace { doing, source },
            UnexpectedEof | InvalidData => Self::damage(format!("while {doing}: {source}")),
            _ => Self::Io { doing, source },
        }
    }

    /// Names an error of the database library.
    pub(crate) fn database(doing: &'static str, error: impl Into<redb::Error>) -> Self {
        use redb::Error;
        match error.into() {
            Error::DatabaseAlreadyOpen | Error::LockProtocolMismatch => Self::AlreadyOpen,
            Error::Io(source) => Self::io(doing, source),
            Error::PreviousIo | Error::LockPoisoned(_) => Self::Poisoned,
            Error::Corrupted(reason) => Self::damage(format!("while {doing}: {reason}")),
            Error::UpgradeRequired(version) => Self::damage(format!(
                "while {doing}: the database inside names version {version}, \
                 which no release of the journal wrote"
            )),
            // The journal opens its tables with one definition each, so a table of another
            // shape, or none, is one the journal did not write.
            error @ (Error::TableTypeMismatch { .. }
            | Error::TableIsMultimap(_)
            | Error::TableIsNotMultimap(_)
            | Error::TypeDefinitionChanged { .. }
            | Error::TableDoesNotExist(_)) => Self::damage(format!("while {doing}: {error}")),
            error => Self::Database { doing, reason: error.to_string() },
        }
    }
}

/// Runs a stretch of database work and turns a panic inside the library into damage.
///
/// The library trusts pages that it has already accepted, and asserts some of what it trusts, so
/// bytes altered under it can end in a panic. The process-wide panic hook is left alone, because
/// replacing it would race with other threads: such a panic prints its message to standard error
/// before the caller receives [`JournalError::Corrupted`].
pub(crate) fn guarded<T>(
    doing: &'static str,
    work: impl FnOnce() -> Result<T, JournalError>,
) -> Result<T, JournalError> {
    // The work either owns what it builds, which unwinding drops, or writes through a handle
    // that its caller poisons on any error, so no half-changed value is seen afterwards.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let reason = panic_text(panic.as_ref());
        Err(JournalError::damage(format!("while {doing}: the database stopped at: {reason}")))
    })
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    if let Some(text) = panic.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = panic.downcast_ref::<String>() {
        text.clone()
    } else {
        "a failed assertion without text".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_place_value_and_remedy() {
        let error = JournalError::Corrupted {
            sequence: Some(7),
            offset: Some(512),
            reason: "hash differs".to_owned(),
        };
        assert_eq!(error.to_string(), "corrupted at frame 7 at byte 512: hash differs");
        let error =
            JournalError::OutOfRange { field: "from", value: 0, low: 1, high: 9 }.to_string();
        assert_eq!(error, "from is 0, it must be from 1 to 9");
    }

    #[test]
    fn full_storage_is_named_apart_from_broken_storage() {
        let full = io::Error::from(io::ErrorKind::StorageFull);
        assert!(matches!(JournalError::io("x", full), JournalError::NoSpace { .. }));
        let short = io::Error::from(io::ErrorKind::UnexpectedEof);
        assert!(matches!(JournalError::io("x", short), JournalError::Corrupted { .. }));
        let other = io::Error::from(io::ErrorKind::PermissionDenied);
        assert!(matches!(JournalError::io("x", other), JournalError::Io { .. }));
    }

    #[test]
    fn a_panic_becomes_damage_with_its_text() {
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| {}));
        let caught = guarded::<()>("reading", || panic!("page {} is odd", 3));
        std::panic::set_hook(hook);
        let text = caught.unwrap_err().to_string();
        assert!(text.contains("page 3 is odd") && text.contains("reading"), "{text}");
    }
}
