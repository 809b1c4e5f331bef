//! The open journal: appending, reading back, snapshots, verification.

use std::ops::Range;
use std::sync::Arc;

use redb::{
    Database, Durability, ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition,
    WriteTransaction,
};

use crate::error::{JournalError, guarded};
use crate::frame::{self, Hash, Head, frame_hash, hex, write_row};
use crate::frames::{FRAMES, Frames, check_chunk, hash_at, table_of};
use crate::manifest::Manifest;
use crate::snapshot::{self, RejectedSnapshot, SNAPSHOTS_KEPT, Snapshot};
use crate::storage::Storage;
use crate::witness::Witness;

/// Snapshots: the sequence each was taken at, to its row.
pub(crate) const SNAPSHOTS: TableDefinition<u64, &[u8]> = TableDefinition::new("snapshots");

/// A chain of frames on disk, and the only handle to it.
///
/// Dropping the handle closes the file; [`Journal::close`] does the same and answers errors. Both
/// keep every acknowledged frame.
#[derive(Debug)]
pub struct Journal {
    // Declared, and so dropped, before the storage it writes to.
    pub(crate) database: Database,
    pub(crate) storage: Arc<Storage>,
    pub(crate) manifest: Manifest,
    pub(crate) genesis: Hash,
    pub(crate) head: Head,
    /// None while the journal is being filled by a creation or an import.
    pub(crate) witness: Option<Witness>,
    /// Snapshots that the open found ruined and set aside.
    pub(crate) set_aside: Vec<RejectedSnapshot>,
    pub(crate) poisoned: bool,
}

/// Where a start begins: a snapshot, if one is sound, and the frames after it.
#[derive(Debug)]
pub struct Recovery<'a> {
    /// The newest sound snapshot; none means replay from the first frame.
    pub snapshot: Option<Snapshot>,
    /// Newer snapshots that were passed over, newest first, and why. Not empty means that a
    /// start is slower than it should be and that the file or its disk deserves a look.
    pub rejected: Vec<RejectedSnapshot>,
    /// The frames after the snapshot, or all of them.
    pub suffix: Frames<'a>,
}

/// What [`Journal::verify`] found; every figure comes from reading the file again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// Frames in the chain, all of them checked.
    pub frames: u64,
    /// Where the chain ends.
    pub head: Head,
    /// Sum of the payloads' lengths, in bytes.
    pub payload_bytes: u64,
    /// Each snapshot in the file, oldest first.
    pub snapshots: Vec<SnapshotCheck>,
}

/// One snapshot as verification found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotCheck {
    /// The sequence it was taken at.
    pub sequence: u64,
    /// The caller's hash of the state and the state's length in bytes, or what is wrong.
    pub content: Result<(Hash, u64), String>,
}

impl Journal {
    /// What the journal was begun by and for.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The last acknowledged frame's sequence and hash; zero and the genesis hash for none.
    pub fn head(&self) -> Head {
        self.head
    }

    /// Whether a write or sync has failed, after which this handle only refuses.
    pub fn is_poisoned(&self) -> bool {
        self.poisoned
    }

    /// Appends a batch as one durable transaction and answers the sequences it was given.
    ///
    /// On `Ok` the whole batch is on disk: power may fail. On an error nothing of it is
    /// acknowledged, and on disk it is whole or absent, which the next open finds out. An empty
    /// batch writes nothing.
    ///
    /// # Errors
    /// [`JournalError::TooLong`] and [`JournalError::OutOfRange`] leave the journal usable;
    /// every other error poisons it.
    pub fn append(&mut self, payloads: &[impl AsRef<[u8]>]) -> Result<Range<u64>, JournalError> {
        self.refuse_if_poisoned()?;
        let first = self.next_sequence(payloads.len())?;
        for (index, payload) in payloads.iter().enumerate() {
            frame::check_length(index, payload.as_ref())?;
        }
        if payloads.is_empty() {
            return Ok(first..first);
        }
        let before = self.head;
        let head = self.write("appending frames", |transaction| {
            insert_frames(transaction, before, payloads)
        })?;
        self.acknowledge(head)?;
        // `next_sequence` has shown that one past the last still fits.
        Ok(first..head.sequence + 1)
    }

    /// Saves the caller's state as of the frame `sequence`, zero for the state before the first,
    /// and drops all but the newest [`SNAPSHOTS_KEPT`]. Durable on return. A snapshot at the
    /// sequence of the newest replaces it.
    ///
    /// # Errors
    /// [`JournalError::OutOfRange`] when `sequence` is behind the newest snapshot or ahead of the
    /// head, and [`JournalError::TooLong`], leave the journal usable; every other error poisons.
    pub fn write_snapshot(
        &mut self,
        sequence: u64,
        state_hash: Hash,
        bytes: &[u8],
    ) -> Result<(), JournalError> {
        self.refuse_if_poisoned()?;
        snapshot::check_length(bytes)?;
        let low = snapshot_sequences(&self.database)?.last().copied().unwrap_or(0);
        let high = self.head.sequence;
        if sequence < low || sequence > high {
            let field = "snapshot sequence";
            return Err(JournalError::OutOfRange { field, value: sequence, low, high });
        }
        let hash = hash_at(&table_of(&self.database)?, sequence, self.genesis)?;
        let row = snapshot::encode(Head { sequence, hash }, &state_hash, bytes);
        self.write("writing a snapshot", |transaction| insert_snapshot(transaction, sequence, &row))
    }

    /// The frames from `from` to the head. One past the head is allowed and answers none.
    ///
    /// # Errors
    /// [`JournalError::OutOfRange`] when `from` is zero or further than one past the head.
    pub fn frames(&self, from: u64) -> Result<Frames<'_>, JournalError> {
        self.refuse_if_poisoned()?;
        let high = self.head.sequence.saturating_add(1);
        if from == 0 || from > high {
            return Err(JournalError::OutOfRange { field: "from", value: from, low: 1, high });
        }
        let table = table_of(&self.database)?;
        let before = Head { sequence: from - 1, hash: hash_at(&table, from - 1, self.genesis)? };
        Ok(Frames::after(table, before, self.head.sequence))
    }

    /// The newest sound snapshot, if any; [`Journal::recover`] also says what was passed over.
    ///
    /// # Errors
    /// Those of reading.
    pub fn latest_snapshot(&self) -> Result<Option<Snapshot>, JournalError> {
        Ok(self.choose_snapshot()?.0)
    }

    /// The newest sound snapshot and the frames after it. A snapshot whose checksum is wrong, or
    /// that does not belong to this chain, is passed over for the one before, and the lack of
    /// any means every frame; what was passed over is in the answer.
    ///
    /// # Errors
    /// Those of reading. A damaged snapshot is not an error.
    pub fn recover(&self) -> Result<Recovery<'_>, JournalError> {
        let (snapshot, rejected) = self.choose_snapshot()?;
        let after = snapshot.as_ref().map_or(0, |snapshot| snapshot.sequence);
        // A chosen snapshot's sequence is at most the head's, and the head's has a successor.
        let suffix = self.frames(after + 1)?;
        Ok(Recovery { snapshot, rejected, suffix })
    }

    /// Reads the whole file again: every frame against its hash and the one before, from the
    /// genesis to the head, and every snapshot against its checksum and its frame.
    ///
    /// # Errors
    /// [`JournalError::Corrupted`] with the first frame that is not as written.
    pub fn verify(&self) -> Result<Verification, JournalError> {
        self.refuse_if_poisoned()?;
        let table = table_of(&self.database)?;
        let mut head = Head { sequence: 0, hash: self.genesis };
        let mut payload_bytes = 0;
        loop {
            let next =
                check_chunk(&table, head, u64::MAX, |_, _, p| payload_bytes += p.len() as u64)?;
            if next == head {
                break;
            }
            head = next;
        }
        require_head(head, self.head)?;
        let mut snapshots = Vec::new();
        for sequence in snapshot_sequences(&self.database)? {
            let read = read_snapshot(&self.database, self.genesis, head, sequence)?;
            let content = match read {
                Ok(snapshot) => Ok((snapshot.state_hash, snapshot.bytes.len() as u64)),
                Err(rejected) => Err(rejected.reason),
            };
            snapshots.push(SnapshotCheck { sequence, content });
        }
        Ok(Verification { frames: head.sequence, head, payload_bytes, snapshots })
    }

    /// Closes the journal and answers what dropping it would swallow. Nothing acknowledged
    /// depends on it: a journal that is never closed opens again, only slower.
    ///
    /// # Errors
    /// Those of writing the last marks, and [`JournalError::Poisoned`].
    pub fn close(self) -> Result<(), JournalError> {
        const DOING: &str = "closing the journal";
        let Self { database, storage, poisoned, .. } = self;
        let closed = guarded(DOING, || {
            database.close().map_err(|error| JournalError::database(DOING, error))
        });
        // A file that is already complete may still owe its newest witness to the disk.
        let synced = storage.sync().map_err(|error| JournalError::io(DOING, error));
        if poisoned {
            return Err(JournalError::Poisoned);
        }
        closed.and(synced)
    }

    pub(crate) fn refuse_if_poisoned(&self) -> Result<(), JournalError> {
        if self.poisoned { Err(JournalError::Poisoned) } else { Ok(()) }
    }

    /// Runs one durable transaction. Any failure poisons the handle: which of the writes reached
    /// the disk is no longer known to it.
    pub(crate) fn write<T>(
        &mut self,
        doing: &'static str,
        work: impl FnOnce(&WriteTransaction) -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        let database = &self.database;
        let result = guarded(doing, || {
            let mut transaction =
                database.begin_write().map_err(|e| JournalError::database(doing, e))?;
            transaction
                .set_durability(Durability::Immediate)
                .map_err(|e| JournalError::database(doing, e))?;
            let value = work(&transaction)?;
            transaction.commit().map_err(|e| JournalError::database(doing, e))?;
            Ok(value)
        });
        result.inspect_err(|_| self.poison())
    }

    fn poison(&mut self) {
        self.poisoned = true;
        self.storage.fail();
    }

    /// Notes a durable head in memory and in the witness.
    fn acknowledge(&mut self, head: Head) -> Result<(), JournalError> {
        if let Some(witness) = self.witness {
            let next = Witness { generation: witness.generation.saturating_add(1), head };
            if let Err(error) = self.storage.write_witness(&next) {
                self.poison();
                return Err(JournalError::io("noting what was acknowledged", error));
            }
            self.witness = Some(next);
        }
        self.head = head;
        Ok(())
    }

    /// The next sequence, given that `count` frames and one number past them must fit.
    fn next_sequence(&self, count: usize) -> Result<u64, JournalError> {
        let room = u64::MAX - 1 - self.head.sequence.min(u64::MAX - 1);
        if count as u64 > room {
            return Err(JournalError::OutOfRange {
                field: "frames in the batch",
                value: count as u64,
                low: 0,
                high: room,
            });
        }
        Ok(self.head.sequence + 1)
    }

    fn choose_snapshot(&self) -> Result<(Option<Snapshot>, Vec<RejectedSnapshot>), JournalError> {
        self.refuse_if_poisoned()?;
        let mut rejected = self.set_aside.clone();
        let mut chosen = None;
        for sequence in snapshot_sequences(&self.database)?.into_iter().rev() {
            match read_snapshot(&self.database, self.genesis, self.head, sequence)? {
                Ok(snapshot) => {
                    chosen = Some(snapshot);
                    break;
                }
                Err(reason) => rejected.push(reason),
            }
        }
        let floor = chosen.as_ref().map(|snapshot| snapshot.sequence);
        rejected.retain(|passed| Some(passed.sequence) > floor);
        rejected.sort_by_key(|passed| std::cmp::Reverse(passed.sequence));
        Ok((chosen, rejected))
    }
}

/// The sequences at which snapshots stand, ascending.
pub(crate) fn snapshot_sequences(
    database: &impl ReadableDatabase,
) -> Result<Vec<u64>, JournalError> {
    const DOING: &str = "listing snapshots";
    guarded(DOING, || {
        let transaction = database.begin_read().map_err(|e| JournalError::database(DOING, e))?;
        let table =
            transaction.open_table(SNAPSHOTS).map_err(|e| JournalError::database(DOING, e))?;
        let mut sequences = Vec::new();
        for row in table.iter().map_err(|e| JournalError::database(DOING, e))? {
            sequences.push(row.map_err(|e| JournalError::database(DOING, e))?.0.value());
        }
        Ok(sequences)
    })
}

/// One snapshot, checked against its checksum and its frame, or what is wrong with it.
pub(crate) fn read_snapshot(
    database: &impl ReadableDatabase,
    genesis: Hash,
    head: Head,
    sequence: u64,
) -> Result<Result<Snapshot, RejectedSnapshot>, JournalError> {
    const DOING: &str = "reading a snapshot";
    let read = guarded(DOING, || {
        let transaction = database.begin_read().map_err(|e| JournalError::database(DOING, e))?;
        let table =
            transaction.open_table(SNAPSHOTS).map_err(|e| JournalError::database(DOING, e))?;
        let row = table.get(sequence).map_err(|e| JournalError::database(DOING, e))?;
        let row = row.ok_or_else(|| {
            JournalError::damage(format!("the snapshot at frame {sequence} is listed but missing"))
        })?;
        Ok(snapshot::decode(sequence, row.value()))
    })?;
    let Ok(snapshot) = read else { return Ok(read) };
    let belongs = sequence <= head.sequence
        && hash_at(&table_of(database)?, sequence, genesis)? == snapshot.frame_hash;
    if belongs {
        return Ok(Ok(snapshot));
    }
    let reason = "it was not taken from this chain".to_owned();
    Ok(Err(RejectedSnapshot { sequence, reason }))
}

/// Refuses a chain that ends elsewhere than the head it was read for.
pub(crate) fn require_head(found: Head, expected: Head) -> Result<(), JournalError> {
    if found == expected {
        return Ok(());
    }
    Err(JournalError::damage_at(
        found.sequence,
        format!(
            "the chain ends here with hash {}, its head is frame {} with hash {}",
            hex(&found.hash),
            expected.sequence,
            hex(&expected.hash)
        ),
    ))
}

fn insert_frames(
    transaction: &WriteTransaction,
    mut head: Head,
    payloads: &[impl AsRef<[u8]>],
) -> Result<Head, JournalError> {
    const DOING: &str = "appending frames";
    let mut table = transaction.open_table(FRAMES).map_err(|e| JournalError::database(DOING, e))?;
    let mut row = Vec::new();
    for payload in payloads.iter().map(AsRef::as_ref) {
        // The caller has shown that the batch fits below the last sequence.
        let sequence = head.sequence + 1;
        let hash = frame_hash(sequence, &head.hash, payload);
        write_row(&mut row, &head.hash, &hash, payload);
        table.insert(sequence, row.as_slice()).map_err(|e| JournalError::database(DOING, e))?;
        head = Head { sequence, hash };
    }
    Ok(head)
}

fn insert_snapshot(
    transaction: &WriteTransaction,
    sequence: u64,
    row: &[u8],
) -> Result<(), JournalError> {
    const DOING: &str = "writing a snapshot";
    let mut table =
        transaction.open_table(SNAPSHOTS).map_err(|e| JournalError::database(DOING, e))?;
    table.insert(sequence, row).map_err(|e| JournalError::database(DOING, e))?;
    while table.len().map_err(|e| JournalError::database(DOING, e))? > SNAPSHOTS_KEPT as u64 {
        table.pop_first().map_err(|e| JournalError::database(DOING, e))?;
    }
    Ok(())
}
