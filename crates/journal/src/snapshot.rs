//! State saved at a sequence, so that a start need not replay from the first frame.

use crate::error::JournalError;
use crate::frame::{Hash, Head};
use crate::manifest::FORMAT_VERSION;

/// Greatest length of a snapshot, in bytes. A value of the database may hold up to 3 GiB; the
/// limit keeps one transaction in memory.
pub const SNAPSHOT_BYTES_MAX: usize = 1 << 30;
/// How many snapshots are kept: the newest, and the one before it in case the newest is damaged.
pub const SNAPSHOTS_KEPT: usize = 2;

const TAG: &[u8; 4] = b"BWSN";
/// Version, frame hash, state hash, checksum; the bytes follow.
const ROW_HEAD_BYTES: usize = 1 + 32 + 32 + 32;

/// The state after a frame, as the caller encoded it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The last frame that the state includes; zero for the state before the first.
    pub sequence: u64,
    /// Hash of that frame, which binds the snapshot to this chain.
    pub frame_hash: Hash,
    /// The caller's hash of the state. The journal stores it and does not recompute it.
    pub state_hash: Hash,
    /// The state, as the caller encoded it.
    pub bytes: Vec<u8>,
}

/// A snapshot that could not be used, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedSnapshot {
    /// The sequence it stood under.
    pub sequence: u64,
    /// What is wrong with it.
    pub reason: String,
}

/// Refuses a snapshot that the format cannot carry.
pub(crate) fn check_length(bytes: &[u8]) -> Result<(), JournalError> {
    if bytes.len() > SNAPSHOT_BYTES_MAX {
        return Err(JournalError::TooLong {
            field: "snapshot".to_owned(),
            length: bytes.len() as u64,
            limit: SNAPSHOT_BYTES_MAX as u64,
        });
    }
    Ok(())
}

fn checksum(sequence: u64, frame_hash: &Hash, state_hash: &Hash, bytes: &[u8]) -> Hash {
    *blake3::Hasher::new()
        .update(TAG)
        .update(&[FORMAT_VERSION])
        .update(&sequence.to_le_bytes())
        .update(frame_hash)
        .update(state_hash)
        .update(&(bytes.len() as u64).to_le_bytes())
        .update(bytes)
        .finalize()
        .as_bytes()
}

pub(crate) fn encode(at: Head, state_hash: &Hash, bytes: &[u8]) -> Vec<u8> {
    let mut row = Vec::with_capacity(ROW_HEAD_BYTES + bytes.len());
    row.push(FORMAT_VERSION);
    row.extend_from_slice(&at.hash);
    row.extend_from_slice(state_hash);
    row.extend_from_slice(&checksum(at.sequence, &at.hash, state_hash, bytes));
    row.extend_from_slice(bytes);
    row
}

/// Reads the row under `key`, or says what is wrong with it.
pub(crate) fn decode(key: u64, row: &[u8]) -> Result<Snapshot, RejectedSnapshot> {
    let reject = |reason: String| Err(RejectedSnapshot { sequence: key, reason });
    let Some((head, bytes)) = row.split_at_checked(ROW_HEAD_BYTES) else {
        return reject(format!("the row is {} bytes long, its fixed part alone is 97", row.len()));
    };
    if head[0] != FORMAT_VERSION {
        return reject(format!("format version {} is not known", head[0]));
    }
    let hash_at = |at: usize| {
        let mut hash = [0; 32];
        hash.copy_from_slice(&head[at..at + 32]);
        hash
    };
    let (frame_hash, state_hash) = (hash_at(1), hash_at(33));
    if hash_at(65) != checksum(key, &frame_hash, &state_hash, bytes) {
        return reject("its checksum is not that of its content".to_owned());
    }
    Ok(Snapshot { sequence: key, frame_hash, state_hash, bytes: bytes.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_snapshot_is_read_as_written_and_any_flip_is_rejected(
            sequence: u64, hash: [u8; 32], state: [u8; 32], bytes: Vec<u8>,
            at: prop::sample::Index, bit in 0u8..8,
        ) {
            let row = encode(Head { sequence, hash }, &state, &bytes);
            let read = decode(sequence, &row).unwrap();
            let written = Snapshot { sequence, frame_hash: hash, state_hash: state, bytes };
            prop_assert_eq!(read, written);
            prop_assert!(decode(sequence.wrapping_add(1), &row).is_err());

            let mut altered = row.clone();
            let at = at.index(row.len());
            altered[at] ^= 1 << bit;
            prop_assert!(decode(sequence, &altered).is_err());
            prop_assert!(decode(sequence, &row[..at]).is_err());
        }
    }
}
