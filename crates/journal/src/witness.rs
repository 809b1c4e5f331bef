//! The witness: what was acknowledged, kept outside the database it testifies about.
//!
//! A copy-on-write database that finds its newest commit damaged falls back to the commit before
//! it, because it cannot tell damage from a commit that a crash cut short. For a journal the
//! first is the loss of acknowledged frames. The witness tells them apart: it is written only
//! after a commit is durable, so whatever it names must still be in the chain.
//!
//! It is not synced by itself. It reaches the disk with the next commit or the close, so that
//! an append costs one sync and not two; what the last append before a power loss added is
//! protected by the database's own checksums alone.

use crate::error::JournalError;
use crate::frame::{Hash, Head};
use crate::manifest::FORMAT_VERSION;

/// First bytes of a journal file.
pub(crate) const MAGIC: [u8; 8] = *b"BWJRNL\r\n";
/// Offsets of the two slots, written in turn, so that a torn write spares the other.
pub(crate) const SLOT_OFFSETS: [u64; 2] = [0, 4096];
/// Where the database begins: a multiple of its page size.
pub(crate) const PREFIX_BYTES: u64 = 8192;
/// A slot is one disk sector; what follows the checksum is zero.
pub(crate) const SLOT_BYTES: usize = 512;

/// The content of a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Witness {
    /// Counts writes; the slot with the greater one is the newer, and its parity names the slot.
    pub(crate) generation: u64,
    /// The acknowledged head.
    pub(crate) head: Head,
}

impl Witness {
    /// The slot this generation belongs in.
    pub(crate) fn offset(&self) -> u64 {
        SLOT_OFFSETS[usize::from(self.generation % 2 == 1)]
    }

    pub(crate) fn encode(&self) -> [u8; SLOT_BYTES] {
        let mut slot = [0; SLOT_BYTES];
        slot[..8].copy_from_slice(&MAGIC);
        slot[8] = FORMAT_VERSION;
        slot[9..17].copy_from_slice(&self.generation.to_le_bytes());
        slot[17..25].copy_from_slice(&self.head.sequence.to_le_bytes());
        slot[25..57].copy_from_slice(&self.head.hash);
        let checksum = *blake3::hash(&slot[..57]).as_bytes();
        slot[57..89].copy_from_slice(&checksum);
        slot
    }

    /// Reads one slot: none when it is torn, damaged or was never written.
    fn decode(slot: &[u8; SLOT_BYTES]) -> Result<Option<Self>, JournalError> {
        if slot[57..89] != *blake3::hash(&slot[..57]).as_bytes() || slot[..8] != MAGIC {
            return Ok(None);
        }
        if slot[8] != FORMAT_VERSION {
            return Err(JournalError::UnsupportedVersion {
                what: "journal file",
                found: slot[8],
                known: FORMAT_VERSION,
            });
        }
        let integer = |at: usize| {
            let mut bytes = [0; 8];
            bytes.copy_from_slice(&slot[at..at + 8]);
            u64::from_le_bytes(bytes)
        };
        let mut hash: Hash = [0; 32];
        hash.copy_from_slice(&slot[25..57]);
        Ok(Some(Self { generation: integer(9), head: Head { sequence: integer(17), hash } }))
    }

    /// The newer of the two slots.
    ///
    /// # Errors
    /// [`JournalError::Unfinished`] when neither was ever written, which is how creation and
    /// import leave the file until they end; [`JournalError::NotAJournal`] when the file begins
    /// with something else; damage when both are unreadable.
    pub(crate) fn newest(slots: &[[u8; SLOT_BYTES]; 2]) -> Result<Self, JournalError> {
        let (one, two) = (Self::decode(&slots[0])?, Self::decode(&slots[1])?);
        let newest = match (one, two) {
            (Some(one), Some(two)) => Some(if one.generation > two.generation { one } else { two }),
            (one, two) => one.or(two),
        };
        if let Some(newest) = newest {
            return Ok(newest);
        }
        if slots.iter().flatten().all(|byte| *byte == 0) {
            return Err(JournalError::Unfinished);
        }
        if slots.iter().any(|slot| slot[..8] == MAGIC) {
            return Err(JournalError::damage("both witness slots are unreadable"));
        }
        Err(JournalError::NotAJournal {
            reason: format!(
                "it begins with \"{}\", a journal begins with \"{}\"",
                slots[0][..8].escape_ascii(),
                MAGIC.escape_ascii()
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn witness(generation: u64) -> Witness {
        Witness { generation, head: Head { sequence: generation * 3, hash: [7; 32] } }
    }

    proptest! {
        #[test]
        fn one_damaged_slot_leaves_the_other(at in 0usize..89, bit in 0u8..8, newer: bool) {
            let mut slots = [witness(8).encode(), witness(9).encode()];
            slots[usize::from(newer)][at] ^= 1 << bit;
            let read = Witness::newest(&slots).unwrap();
            prop_assert_eq!(read, witness(if newer { 8 } else { 9 }));
        }
    }

    #[test]
    fn slots_take_turns_and_the_greater_generation_wins() {
        assert_eq!(witness(8).offset(), SLOT_OFFSETS[0]);
        assert_eq!(witness(9).offset(), SLOT_OFFSETS[1]);
        let slots = [witness(10).encode(), witness(9).encode()];
        assert_eq!(Witness::newest(&slots).unwrap(), witness(10));
    }

    #[test]
    fn never_written_foreign_and_ruined_are_told_apart() {
        let blank = [0; SLOT_BYTES];
        assert!(matches!(Witness::newest(&[blank, blank]), Err(JournalError::Unfinished)));
        let mut foreign = blank;
        foreign[..4].copy_from_slice(b"redb");
        let answer = Witness::newest(&[foreign, blank]);
        assert!(matches!(answer, Err(JournalError::NotAJournal { .. })));
        let mut ruined = witness(1).encode();
        ruined[30] ^= 1;
        let answer = Witness::newest(&[blank, ruined]);
        assert!(matches!(answer, Err(JournalError::Corrupted { .. })));
        let mut later = witness(1).encode();
        later[8] = 2;
        let checksum = *blake3::hash(&later[..57]).as_bytes();
        later[57..89].copy_from_slice(&checksum);
        let answer = Witness::newest(&[blank, later]);
        assert!(matches!(answer, Err(JournalError::UnsupportedVersion { found: 2, .. })));
    }
}
