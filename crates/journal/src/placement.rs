//! Making a new file appear whole: filled under a temporary name, then given its own.

use std::fs::{File, OpenOptions, hard_link, remove_file};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::JournalError;

const DOING: &str = "creating the journal's file";

/// Keeps apart the temporary names of two creations in one process.
static TAKEN: AtomicU64 = AtomicU64::new(0);

/// A file on its way to `target`. Dropped before it is settled, it removes its temporary file.
#[derive(Debug)]
pub(crate) struct Placement {
    temporary: PathBuf,
    target: PathBuf,
}

impl Placement {
    /// Opens an empty temporary file beside `target`, which must not exist.
    pub(crate) fn begin(target: &Path) -> Result<(Self, File), JournalError> {
        let failed = |error| JournalError::io(DOING, error);
        if target.try_exists().map_err(failed)? {
            return Err(JournalError::AlreadyExists { path: target.to_owned() });
        }
        let name = target.file_name().ok_or_else(|| {
            failed(io::Error::new(io::ErrorKind::InvalidInput, "the path names no file"))
        })?;
        loop {
            let mut temporary = name.to_owned();
            let number = TAKEN.fetch_add(1, Ordering::Relaxed);
            temporary.push(format!(".creating-{}-{number}", std::process::id()));
            let temporary = target.with_file_name(temporary);
            match OpenOptions::new().read(true).write(true).create_new(true).open(&temporary) {
                Ok(file) => return Ok((Self { temporary, target: target.to_owned() }, file)),
                // Left by a process that died and whose number came round again.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(failed(error)),
            }
        }
    }

    /// Gives the file its name, durably. A link, unlike a rename, refuses a name that is taken.
    pub(crate) fn settle(self) -> Result<(), JournalError> {
        hard_link(&self.temporary, &self.target).map_err(|error| {
            if error.kind() == io::ErrorKind::AlreadyExists {
                JournalError::AlreadyExists { path: self.target.clone() }
            } else {
                JournalError::io(DOING, error)
            }
        })?;
        // Removed before the folder is synced, so that one sync keeps both changes.
        remove_file(&self.temporary).map_err(|error| JournalError::io(DOING, error))?;
        sync_folder(&self.target).map_err(|error| JournalError::io(DOING, error))
    }
}

impl Drop for Placement {
    fn drop(&mut self) {
        // After `settle` there is nothing under the name; before it, the file is half made.
        let _ = remove_file(&self.temporary);
    }
}

/// Makes a new name durable: without it a power loss may take back the name of a file whose
/// content was synced.
#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    File::open(folder)?.sync_all()
}

/// Elsewhere folders cannot be opened for syncing; the file system's own journal keeps names.
#[cfg(not(unix))]
fn sync_folder(_path: &Path) -> io::Result<()> {
    Ok(())
}
