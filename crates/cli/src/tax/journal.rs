//! Accounts out of a journal: the file is read back command by command, as `verify` does.

use crate::failure::Failure;
use crate::rebuilt;
use breakwater_accounting::journal::{JournalAccounts, JournalBooks, JournalError};
use breakwater_engine::{Command, Engine};
use breakwater_simulate::registry;
use std::path::{Path, PathBuf};

/// The journal that is meant: the file itself, or that of a run's folder.
pub fn path_of(given: &Path) -> PathBuf {
    if given.is_dir() { given.join(crate::replay::JOURNAL) } else { given.to_path_buf() }
}

/// Accounts of every holder of the journal at `path`, with every identity checked.
pub fn accounts(path: &Path) -> Result<JournalAccounts, Failure> {
    let journal = rebuilt::open(path)?;
    let (mut engine, mut books) = (Engine::new(registry()), JournalBooks::new());
    let mut failed = None;
    rebuilt::each(&journal, path, |_, command: Command| {
        if failed.is_none() {
            failed = books.apply(&mut engine, &command).err();
        }
    })?;
    journal.close().map_err(|error| Failure::journal(path, &error))?;
    if let Some(stop) = engine.stop() {
        let path = path.display();
        return Err(Failure::Integrity(format!(
            "{path}: an invariant broke and stopped the engine: {stop}"
        )));
    }
    let accounts = match failed {
        Some(error) => Err(error),
        None => books.finish(&engine),
    };
    accounts.map_err(|error| failure(path, &error))
}

fn failure(path: &Path, error: &JournalError) -> Failure {
    let text = format!("{}: {error}", path.display());
    match error {
        JournalError::Identity(_) => Failure::Integrity(text),
        JournalError::Unpriced { .. } | JournalError::Entry(_) => Failure::Data(text),
        _ => Failure::Internal(text),
    }
}
