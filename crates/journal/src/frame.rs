//! One link of the chain: its hash, and its row in the database.

use crate::error::JournalError;
use crate::manifest::FORMAT_VERSION;

/// A BLAKE3 digest.
pub type Hash = [u8; 32];

/// Greatest length of a payload, in bytes. It bounds what a damaged length field can make a
/// reader allocate.
pub const PAYLOAD_BYTES_MAX: usize = 16 << 20;

const TAG: &[u8; 4] = b"BWFR";
/// Version, previous hash, hash; the payload follows.
const ROW_HEAD_BYTES: usize = 1 + 32 + 32;

/// One durable entry of the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Place in the journal: 1 for the first, then without gaps.
    pub sequence: u64,
    /// The hash of the frame before, or the manifest's genesis hash for the first.
    pub previous: Hash,
    /// What the caller appended. The journal does not look inside.
    pub payload: Vec<u8>,
    /// [`frame_hash`] of the three fields above.
    pub hash: Hash,
}

/// Where a chain ends: the last frame's sequence and hash, or zero and the genesis hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Sequence of the last frame, zero for none.
    pub sequence: u64,
    /// Hash of the last frame, or the genesis hash.
    pub hash: Hash,
}

/// The hash of a frame: BLAKE3 over tag, format version, sequence, previous hash, payload length
/// and payload, with integers as eight little-endian bytes. Every field has a fixed width or
/// stands behind its length, so no two frames share an encoding.
pub fn frame_hash(sequence: u64, previous: &Hash, payload: &[u8]) -> Hash {
    let mut head = [0u8; 53];
    head[..4].copy_from_slice(TAG);
    head[4] = FORMAT_VERSION;
    head[5..13].copy_from_slice(&sequence.to_le_bytes());
    head[13..45].copy_from_slice(previous);
    head[45..].copy_from_slice(&(payload.len() as u64).to_le_bytes());
    *blake3::Hasher::new().update(&head).update(payload).finalize().as_bytes()
}

/// Refuses a payload that the format cannot carry. `index` is its place in the batch.
pub(crate) fn check_length(index: usize, payload: &[u8]) -> Result<(), JournalError> {
    if payload.len() > PAYLOAD_BYTES_MAX {
        return Err(JournalError::TooLong {
            field: format!("payload {index} of the batch"),
            length: payload.len() as u64,
            limit: PAYLOAD_BYTES_MAX as u64,
        });
    }
    Ok(())
}

/// Writes the row of a frame into `row`, replacing what was there.
pub(crate) fn write_row(row: &mut Vec<u8>, previous: &Hash, hash: &Hash, payload: &[u8]) {
    row.clear();
    row.push(FORMAT_VERSION);
    row.extend_from_slice(previous);
    row.extend_from_slice(hash);
    row.extend_from_slice(payload);
}

/// Checks that `row`, found under the key `key`, is the frame after `before`; answers the new
/// head and the payload.
pub(crate) fn check_row(before: Head, key: u64, row: &[u8]) -> Result<(Head, &[u8]), JournalError> {
    let expected = before.sequence.checked_add(1);
    if expected != Some(key) {
        return Err(JournalError::damage_at(
            key,
            format!("frame {} is followed by frame {key}", before.sequence),
        ));
    }
    let Some((head, payload)) = row.split_at_checked(ROW_HEAD_BYTES) else {
        return Err(JournalError::damage_at(
            key,
            format!("the row is {} bytes long, its fixed part alone is 65", row.len()),
        ));
    };
    if head[0] != FORMAT_VERSION {
        return Err(JournalError::UnsupportedVersion {
            what: "frame",
            found: head[0],
            known: FORMAT_VERSION,
        });
    }
    if payload.len() > PAYLOAD_BYTES_MAX {
        return Err(JournalError::damage_at(
            key,
            format!("the payload is {} bytes, the limit is {PAYLOAD_BYTES_MAX}", payload.len()),
        ));
    }
    if head[1..33] != before.hash {
        return Err(JournalError::damage_at(
            key,
            "its previous hash is not that of the frame before",
        ));
    }
    let hash = frame_hash(key, &before.hash, payload);
    if head[33..] != hash {
        return Err(JournalError::damage_at(key, "its hash is not that of its content"));
    }
    Ok((Head { sequence: key, hash }, payload))
}

/// The hash a row carries, unchecked; for rows the open has already checked.
pub(crate) fn hash_of_row(key: u64, row: &[u8]) -> Result<Hash, JournalError> {
    row.get(33..ROW_HEAD_BYTES)
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| JournalError::damage_at(key, "the row is too short to carry a hash"))
}

/// Lower-case hexadecimal, for messages and reports.
pub(crate) fn hex(hash: &Hash) -> String {
    blake3::Hash::from_bytes(*hash).to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn row_of(before: Head, payload: &[u8]) -> Vec<u8> {
        let hash = frame_hash(before.sequence + 1, &before.hash, payload);
        let mut row = Vec::new();
        write_row(&mut row, &before.hash, &hash, payload);
        row
    }

    proptest! {
        #[test]
        fn a_row_is_read_as_written_and_any_flip_is_refused(
            sequence in 0u64..u64::MAX - 1, previous: [u8; 32], payload: Vec<u8>,
            at: prop::sample::Index, bit in 0u8..8,
        ) {
            let before = Head { sequence, hash: previous };
            let row = row_of(before, &payload);
            let (head, read) = check_row(before, sequence + 1, &row).unwrap();
            prop_assert_eq!(read, &payload[..]);
            prop_assert_eq!(head.sequence, sequence + 1);
            prop_assert_eq!(head.hash, hash_of_row(sequence + 1, &row).unwrap());

            let mut altered = row.clone();
            let at = at.index(row.len());
            altered[at] ^= 1 << bit;
            prop_assert!(check_row(before, sequence + 1, &altered).is_err());
            prop_assert!(check_row(before, sequence + 1, &row[..at]).is_err());
            prop_assert!(check_row(before, sequence.wrapping_add(2), &row).is_err());
        }
    }

    #[test]
    fn the_last_sequence_has_no_successor() {
        let before = Head { sequence: u64::MAX, hash: [0; 32] };
        assert!(check_row(before, 0, &[0; 65]).is_err());
    }

    /// The hash is the published layout and nothing else: built here from the table in the
    /// format page, field by field.
    #[test]
    fn the_hash_covers_exactly_the_documented_bytes() {
        let mut bytes = b"BWFR\x01".to_vec();
        bytes.extend_from_slice(&[2, 0, 0, 0, 0, 0, 0, 0]);
        bytes.extend_from_slice(&[0xab; 32]);
        bytes.extend_from_slice(&[3, 0, 0, 0, 0, 0, 0, 0]);
        bytes.extend_from_slice(b"abc");
        assert_eq!(frame_hash(2, &[0xab; 32], b"abc"), *blake3::hash(&bytes).as_bytes());
    }
}
