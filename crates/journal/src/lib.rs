//! Durable frames and snapshots for an event-sourced engine.
//!
//! A [`Journal`] is an append-only chain of [`Frame`]s in one file. It knows nothing of what it
//! carries: a payload is bytes, and time, if it matters, is inside them. What it promises:
//!
//! - **Acknowledged survives.** [`Journal::append`] returns only after its batch is on disk. A
//!   batch that was not acknowledged is there wholly or not at all.
//! - **Nothing is half-read.** Every frame hashes its content and the frame before it, from a
//!   genesis hash of the [`Manifest`]; the whole chain is checked on open. A file that was cut or
//!   altered is refused, and left as it was, or its content is what was written.
//! - **One owner.** A second open of the same file is refused.
//! - **No retry.** A failed write or sync poisons the handle. The caller stops and opens again.
//!
//! Snapshots only shorten a start: [`Journal::recover`] answers the newest sound one and the
//! frames after it, and says which it had to pass over. [`Journal::export`] and
//! [`Journal::import`] carry the chain through a portable stream.
//!
//! The layouts, byte by byte, are in `docs/journal.md`.
//!
//! ```
//! use breakwater_journal::{Journal, Manifest};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("pool.journal");
//! let mut journal = Journal::create(&path, &Manifest::new("0.1.0", "doc"))?;
//! assert_eq!(journal.append(&["first", "second"])?, 1..3);
//! journal.write_snapshot(1, [0; 32], b"state after one")?;
//! journal.close()?;
//!
//! let journal = Journal::open(&path)?;
//! let recovery = journal.recover()?;
//! assert_eq!(recovery.snapshot.map(|s| s.sequence), Some(1));
//! for frame in recovery.suffix {
//!     assert_eq!(frame?.payload, b"second");
//! }
//! # Ok(())
//! # }
//! ```

mod error;
mod frame;
mod frames;
mod journal;
mod manifest;
mod open;
mod placement;
mod snapshot;
mod storage;
mod stream;
mod window;
mod witness;

pub use error::JournalError;
pub use frame::{Frame, Hash, Head, PAYLOAD_BYTES_MAX, frame_hash};
pub use frames::Frames;
pub use journal::{Journal, Recovery, SnapshotCheck, Verification};
pub use manifest::{ENGINE_VERSION_BYTES_MAX, FORMAT_VERSION, LABEL_BYTES_MAX, Manifest};
/// The storage that [`Journal::create_on`], [`Journal::open_on`] and [`Journal::import_on`] run
/// on, re-exported so that a host or a test can bring its own.
pub use redb::StorageBackend;
pub use snapshot::{RejectedSnapshot, SNAPSHOT_BYTES_MAX, SNAPSHOTS_KEPT, Snapshot};
pub use stream::{ExportReport, ImportReport, Torn};
