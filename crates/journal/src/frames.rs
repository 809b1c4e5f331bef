//! Reading the chain in order, checking each link.

use std::collections::VecDeque;
use std::marker::PhantomData;

use redb::{ReadOnlyTable, ReadableDatabase, TableDefinition};

use crate::error::{JournalError, guarded};
use crate::frame::{Frame, Hash, Head, check_row, hash_of_row};
use crate::journal::Journal;

/// The chain: sequence to row.
pub(crate) const FRAMES: TableDefinition<u64, &[u8]> = TableDefinition::new("frames");

/// A reader fetches frames until either bound is met, so memory stays flat over any journal.
const CHUNK_FRAMES: usize = 1024;
const CHUNK_BYTES: usize = 1 << 20;

pub(crate) type FrameTable = ReadOnlyTable<u64, &'static [u8]>;

/// Opens the chain for reading.
pub(crate) fn table_of(database: &impl ReadableDatabase) -> Result<FrameTable, JournalError> {
    const DOING: &str = "opening the frames for reading";
    let transaction = database.begin_read().map_err(|e| JournalError::database(DOING, e))?;
    transaction.open_table(FRAMES).map_err(|e| JournalError::database(DOING, e))
}

/// Checks the frames after `before` up to the end, or up to `last` and no further, in a chunk at
/// most; `see` receives each. Answers where it stopped.
pub(crate) fn check_chunk(
    table: &FrameTable,
    before: Head,
    last: u64,
    mut see: impl FnMut(Head, Hash, &[u8]),
) -> Result<Head, JournalError> {
    const DOING: &str = "reading frames";
    let Some(first) = before.sequence.checked_add(1) else { return Ok(before) };
    guarded(DOING, || {
        let mut head = before;
        let (mut frames, mut bytes) = (0, 0);
        let rows = table.range(first..=last).map_err(|e| JournalError::database(DOING, e))?;
        for row in rows {
            let (key, value) = row.map_err(|e| JournalError::database(DOING, e))?;
            let previous = head.hash;
            let (next, payload) = check_row(head, key.value(), value.value())?;
            see(next, previous, payload);
            head = next;
            frames += 1;
            bytes += payload.len();
            if frames >= CHUNK_FRAMES || bytes >= CHUNK_BYTES {
                break;
            }
        }
        Ok(head)
    })
}

/// The hash a stored frame carries; zero stands for the genesis.
pub(crate) fn hash_at(
    table: &FrameTable,
    sequence: u64,
    genesis: Hash,
) -> Result<Hash, JournalError> {
    const DOING: &str = "reading a frame's hash";
    if sequence == 0 {
        return Ok(genesis);
    }
    guarded(DOING, || {
        let row = table
            .get(sequence)
            .map_err(|e| JournalError::database(DOING, e))?
            .ok_or_else(|| JournalError::damage_at(sequence, "the frame is missing"))?;
        hash_of_row(sequence, row.value())
    })
}

/// Frames in order of sequence, each checked against the one before, read in bounded chunks.
///
/// After an error the iterator ends. It also ends in an error if the chain stops before the head
/// that the journal acknowledged.
pub struct Frames<'a> {
    table: FrameTable,
    /// The last frame read from the database.
    read: Head,
    /// The last frame to answer.
    end: u64,
    ready: VecDeque<Frame>,
    done: bool,
    journal: PhantomData<&'a Journal>,
}

impl Frames<'_> {
    /// The frames after `before` up to and with `end`.
    pub(crate) fn after(table: FrameTable, before: Head, end: u64) -> Self {
        let done = before.sequence >= end;
        Self { table, read: before, end, ready: VecDeque::new(), done, journal: PhantomData }
    }

    fn fill(&mut self) -> Result<(), JournalError> {
        let ready = &mut self.ready;
        let head = check_chunk(&self.table, self.read, self.end, |head, previous, payload| {
            ready.push_back(Frame {
                sequence: head.sequence,
                previous,
                payload: payload.to_vec(),
                hash: head.hash,
            });
        })?;
        if head == self.read {
            return Err(JournalError::damage_at(
                head.sequence,
                format!("the chain ends here, before its head at frame {}", self.end),
            ));
        }
        self.read = head;
        Ok(())
    }
}

impl Iterator for Frames<'_> {
    type Item = Result<Frame, JournalError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ready.is_empty()
            && !self.done
            && let Err(error) = self.fill()
        {
            // What was checked before the fault is dropped with it: a caller that has seen the
            // error must not be handed frames afterwards.
            self.ready.clear();
            self.done = true;
            return Some(Err(error));
        }
        let frame = self.ready.pop_front()?;
        self.done = frame.sequence >= self.end;
        Some(Ok(frame))
    }
}

impl std::fmt::Debug for Frames<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let next = self.ready.front().map_or(self.read.sequence.saturating_add(1), |f| f.sequence);
        f.debug_struct("Frames").field("next", &next).field("end", &self.end).finish()
    }
}
