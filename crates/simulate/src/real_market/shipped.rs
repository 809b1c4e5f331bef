//! Feeds that travel in the binary.

use super::read::FeedFile;
use crate::ScenarioError;
use crate::scenario::read_file;
use std::io::Read;
use std::path::Path;

/// Most bytes that a shipped feed unpacks to.
const UNPACKED_MAX: u64 = 1 << 26;

/// Name and packed file.
const FEEDS: &[(&str, &[u8])] = &[(
    "btc-spot-2024-08-08",
    include_bytes!("../../../../scenarios/real-market/btc-spot-2024-08-08.csv.gz"),
)];

/// Names of the feeds that travel with the program.
#[must_use]
pub fn shipped_names() -> Vec<&'static str> {
    FEEDS.iter().map(|(name, _)| *name).collect()
}

/// A shipped feed by its name, or a file by its path, packed if it ends in `.gz`.
///
/// # Errors
/// No such name or file, a damaged or cut file, or a row that is not right: see [`FeedFile::read`].
pub fn open(name: &str) -> Result<FeedFile, ScenarioError> {
    let Some((_, packed)) = FEEDS.iter().find(|(own, _)| *own == name) else {
        let path = Path::new(name);
        if !path.exists() {
            let shipped = shipped_names().join(", ");
            let reason = format!("no such file, and shipped are: {shipped}");
            return Err(ScenarioError::Read { path: name.to_owned(), reason });
        }
        return FeedFile::read(name, &read_file(path)?);
    };
    let mut text = String::new();
    let mut unpacked = flate2::read::GzDecoder::new(*packed).take(UNPACKED_MAX);
    unpacked.read_to_string(&mut text).map_err(|error| ScenarioError::Read {
        path: name.to_owned(),
        reason: error.to_string(),
    })?;
    FeedFile::read(name, &text)
}
