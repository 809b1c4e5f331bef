//! What stands between the database and its storage: room for the witness in front, a stage that
//! keeps the writes of an open in memory until the content is proved, and a latch on failure.

use std::collections::BTreeMap;
use std::io;
use std::ops::Bound;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redb::{BackendError, StorageBackend};

use crate::witness::{PREFIX_BYTES, SLOT_BYTES, SLOT_OFFSETS, Witness};

const PAGE_BYTES: u64 = 4096;

/// One change that the database asked for while staged.
#[derive(Debug)]
enum Change {
    Write { offset: u64, bytes: Vec<u8> },
    SetLength(u64),
    Sync,
}

/// Writes held in memory over an unchanged storage.
///
/// Opening writes even when nothing is wrong: the database marks itself in use, and after a
/// crash it repairs itself, which may mean going back a commit. Held here, those writes are
/// thrown away with an open that is refused, so a refused file keeps every byte for whoever
/// examines it; they are applied, in order and with their syncs, once the content is proved.
#[derive(Debug)]
struct Stage {
    changes: Vec<Change>,
    /// Pages written or partly written, whole.
    pages: BTreeMap<u64, Box<[u8]>>,
    /// The length as the database sees it.
    length: u64,
    /// Bytes of the storage below that still show through: its length, or the least length set.
    visible: u64,
}

/// The journal's storage: the witness slots, then the database.
#[derive(Debug)]
pub(crate) struct Storage {
    inner: Box<dyn StorageBackend>,
    stage: Mutex<Option<Stage>>,
    failed: AtomicBool,
    /// Set when a first database has taken the locks and others follow it on the same storage.
    locks_kept: AtomicBool,
}

/// The database's end of a [`Storage`].
#[derive(Debug)]
pub(crate) struct DatabaseEnd(pub(crate) Arc<Storage>);

impl Storage {
    /// Over storage that is about to be filled: writes go straight through.
    pub(crate) fn direct(inner: Box<dyn StorageBackend>) -> Arc<Self> {
        Arc::new(Self {
            inner,
            stage: Mutex::new(None),
            failed: AtomicBool::new(false),
            locks_kept: AtomicBool::new(false),
        })
    }

    /// Over storage that holds a journal to be proved first.
    pub(crate) fn staged(inner: Box<dyn StorageBackend>) -> io::Result<Arc<Self>> {
        let storage = Self::direct(inner);
        storage.stage_anew()?;
        Ok(storage)
    }

    /// Forgets every staged write and begins again from the unchanged storage.
    pub(crate) fn stage_anew(&self) -> io::Result<()> {
        let length = self.inner.len()?.saturating_sub(PREFIX_BYTES);
        *self.lock() =
            Some(Stage { changes: Vec::new(), pages: BTreeMap::new(), length, visible: length });
        Ok(())
    }

    /// Applies the staged writes in their order, with their syncs; from here on writes go
    /// straight through.
    pub(crate) fn commit_stage(&self) -> io::Result<()> {
        let Some(stage) = self.lock().take() else { return Ok(()) };
        for change in stage.changes {
            match change {
                Change::Write { offset, bytes } => self.write_through(offset, &bytes)?,
                Change::SetLength(length) => self.set_length_through(length)?,
                Change::Sync => self.sync()?,
            }
        }
        Ok(())
    }

    /// Both slots of the witness. A storage too short to hold them has none to read.
    pub(crate) fn read_witness(&self) -> io::Result<[[u8; SLOT_BYTES]; 2]> {
        let mut slots = [[0; SLOT_BYTES]; 2];
        for (slot, offset) in slots.iter_mut().zip(SLOT_OFFSETS) {
            self.inner.read(offset, slot)?;
        }
        Ok(slots)
    }

    /// Writes the witness into its slot, without a sync of its own.
    pub(crate) fn write_witness(&self, witness: &Witness) -> io::Result<()> {
        self.attempt(|inner| inner.write(witness.offset(), &witness.encode()))
    }

    /// Syncs the storage below.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.attempt(|inner| inner.sync_data())
    }

    /// Length of the storage below, witness included.
    pub(crate) fn total_length(&self) -> io::Result<u64> {
        self.inner.len()
    }

    /// Refuses every write from here on.
    pub(crate) fn fail(&self) {
        self.failed.store(true, Ordering::Release);
    }

    /// Keeps the locks that the first database took, whatever the next ones ask for: asking the
    /// system again through the same file could turn an exclusive lock into a shared one.
    pub(crate) fn keep_locks(&self) {
        self.locks_kept.store(true, Ordering::Release);
    }

    /// Gives back the locks: nothing is read or written after this.
    pub(crate) fn release(&self) {
        // What had to be durable was synced before, so an error here loses nothing.
        let _ = self.inner.close();
    }

    fn lock(&self) -> MutexGuard<'_, Option<Stage>> {
        // A panic while the lock was held leaves plain data that the next stage replaces.
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a write or a sync once. After the first failure none is let through: the kernel may
    /// have dropped the unwritten pages and marked them clean, so a later sync that succeeds
    /// proves nothing (Rebello et al., "Can Applications Recover from fsync Failures?", 2020).
    fn attempt(
        &self,
        operation: impl FnOnce(&dyn StorageBackend) -> io::Result<()>,
    ) -> io::Result<()> {
        if self.failed.load(Ordering::Acquire) {
            return Err(io::Error::other("an earlier write or sync of this handle failed"));
        }
        operation(self.inner.as_ref()).inspect_err(|_| self.fail())
    }

    /// Runs a lock operation, or answers `kept` when the locks are already held.
    fn unless_kept<T>(
        &self,
        kept: T,
        operation: impl FnOnce(&dyn StorageBackend) -> Result<T, BackendError>,
    ) -> Result<T, BackendError> {
        if self.locks_kept.load(Ordering::Acquire) {
            return Ok(kept);
        }
        operation(self.inner.as_ref())
    }

    fn write_through(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let at = shifted(offset)?;
        self.attempt(|inner| inner.write(at, bytes))
    }

    fn set_length_through(&self, length: u64) -> io::Result<()> {
        let length = shifted(length)?;
        self.attempt(|inner| inner.set_len(length))
    }
}

impl Drop for Storage {
    fn drop(&mut self) {
        self.release();
    }
}

fn shifted(offset: u64) -> io::Result<u64> {
    offset
        .checked_add(PREFIX_BYTES)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "offset beyond 64 bits"))
}

impl Stage {
    /// Reads what the database would find had the staged writes been applied.
    fn read(&self, inner: &dyn StorageBackend, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let end = offset.checked_add(out.len() as u64).filter(|end| *end <= self.length);
        let Some(end) = end else {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "read beyond the end"));
        };
        // The spans below lie inside `out`, whose length is a `usize`, so no cast loses bits.
        let below = self.visible.clamp(offset, end);
        let (stored, grown) = out.split_at_mut((below - offset) as usize);
        if !stored.is_empty() {
            inner.read(shifted(offset)?, stored)?;
        }
        grown.fill(0);
        for (page, bytes) in self.pages.range(offset / PAGE_BYTES..end.div_ceil(PAGE_BYTES)) {
            let start = page * PAGE_BYTES;
            let (from, to) = (start.max(offset), start.saturating_add(PAGE_BYTES).min(end));
            out[(from - offset) as usize..(to - offset) as usize]
                .copy_from_slice(&bytes[(from - start) as usize..(to - start) as usize]);
        }
        Ok(())
    }

    fn write(&mut self, inner: &dyn StorageBackend, offset: u64, data: &[u8]) -> io::Result<()> {
        let end = offset
            .checked_add(data.len() as u64)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "write beyond 64 bits"))?;
        self.length = self.length.max(end);
        for page in offset / PAGE_BYTES..end.div_ceil(PAGE_BYTES) {
            let start = page * PAGE_BYTES;
            let mut bytes = vec![0; PAGE_BYTES as usize].into_boxed_slice();
            let held = (self.length - start).min(PAGE_BYTES) as usize;
            self.read(inner, start, &mut bytes[..held])?;
            let (from, to) = (start.max(offset), start.saturating_add(PAGE_BYTES).min(end));
            bytes[(from - start) as usize..(to - start) as usize]
                .copy_from_slice(&data[(from - offset) as usize..(to - offset) as usize]);
            self.pages.insert(page, bytes);
        }
        self.changes.push(Change::Write { offset, bytes: data.to_vec() });
        Ok(())
    }

    fn set_length(&mut self, length: u64) {
        self.pages.split_off(&length.div_ceil(PAGE_BYTES));
        if let Some(bytes) = self.pages.get_mut(&(length / PAGE_BYTES)) {
            bytes[(length % PAGE_BYTES) as usize..].fill(0);
        }
        self.visible = self.visible.min(length);
        self.length = length;
        self.changes.push(Change::SetLength(length));
    }
}

impl StorageBackend for DatabaseEnd {
    fn len(&self) -> io::Result<u64> {
        match self.0.lock().as_ref() {
            Some(stage) => Ok(stage.length),
            None => Ok(self.0.inner.len()?.saturating_sub(PREFIX_BYTES)),
        }
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        if let Some(stage) = self.0.lock().as_ref() {
            return stage.read(self.0.inner.as_ref(), offset, out);
        }
        self.0.inner.read(shifted(offset)?, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        if let Some(stage) = self.0.lock().as_mut() {
            stage.set_length(len);
            return Ok(());
        }
        self.0.set_length_through(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        if let Some(stage) = self.0.lock().as_mut() {
            stage.changes.push(Change::Sync);
            return Ok(());
        }
        self.0.sync()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        if let Some(stage) = self.0.lock().as_mut() {
            return stage.write(self.0.inner.as_ref(), offset, data);
        }
        self.0.write_through(offset, data)
    }

    // The storage below outlives a refused open, which may be followed by a second, gentler one
    // on the same lock, so its owner closes it and not the database.
    fn close(&self) -> io::Result<()> {
        Ok(())
    }

    // Locks pass unshifted: they name the file as a whole, and bytes far beyond its end.
    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.unless_kept(true, |inner| inner.try_lock_range(start, end))
    }

    fn try_lock_shared_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> Result<bool, BackendError> {
        self.0.unless_kept(true, |inner| inner.try_lock_shared_range(start, end))
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.unless_kept((), |inner| inner.lock_range(start, end))
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.unless_kept((), |inner| inner.lock_shared_range(start, end))
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.unless_kept((), |inner| inner.unlock_range(start, end))
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.unless_kept(false, |inner| inner.query_lock_range(start, end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use redb::backends::InMemoryBackend;

    #[derive(Debug, Clone)]
    enum Step {
        Write(u64, Vec<u8>),
        SetLength(u64),
        Sync,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (0u64..20_000, prop::collection::vec(any::<u8>(), 1..6000))
                .prop_map(|(offset, bytes)| Step::Write(offset, bytes)),
            2 => (0u64..30_000).prop_map(Step::SetLength),
            1 => Just(Step::Sync),
        ]
    }

    /// A write past the end first grows the storage, as the database does.
    fn run(end: &dyn StorageBackend, step: &Step) {
        match step {
            Step::Write(offset, bytes) => {
                let needed = offset + bytes.len() as u64;
                if end.len().unwrap() < needed {
                    end.set_len(needed).unwrap();
                }
                end.write(*offset, bytes).unwrap();
            }
            Step::SetLength(length) => end.set_len(*length).unwrap(),
            Step::Sync => end.sync_data().unwrap(),
        }
    }

    fn content(end: &dyn StorageBackend) -> Vec<u8> {
        let mut bytes = vec![0; end.len().unwrap() as usize];
        end.read(0, &mut bytes).unwrap();
        bytes
    }

    /// Storage whose database part holds `bytes`, and a second handle to it.
    fn holding(bytes: &[u8]) -> (Box<dyn StorageBackend>, Arc<Storage>) {
        let shared = Storage::direct(Box::new(InMemoryBackend::new()));
        let end = DatabaseEnd(shared.clone());
        end.set_len(bytes.len() as u64).unwrap();
        end.write(0, bytes).unwrap();
        (Box::new(Unshifted(shared.clone())), shared)
    }

    /// Lets a test look at one storage from two sides.
    #[derive(Debug)]
    struct Unshifted(Arc<Storage>);

    impl StorageBackend for Unshifted {
        fn len(&self) -> io::Result<u64> {
            self.0.inner.len()
        }
        fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
            self.0.inner.read(offset, out)
        }
        fn set_len(&self, len: u64) -> io::Result<()> {
            self.0.inner.set_len(len)
        }
        fn sync_data(&self) -> io::Result<()> {
            self.0.inner.sync_data()
        }
        fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
            self.0.inner.write(offset, data)
        }
    }

    proptest! {
        #[test]
        fn a_stage_reads_as_if_applied_and_changes_nothing_until_it_is(
            start in prop::collection::vec(any::<u8>(), 0..20_000),
            steps in prop::collection::vec(step(), 0..12),
        ) {
            let model = DatabaseEnd(holding(&start).1);
            let (below, seen) = holding(&start);
            let seen = DatabaseEnd(seen);
            let storage = Storage::staged(below).unwrap();
            let end = DatabaseEnd(storage.clone());
            for step in &steps {
                run(&model, step);
                run(&end, step);
                prop_assert_eq!(content(&end), content(&model));
                prop_assert_eq!(content(&seen), &start[..]);
            }
            storage.commit_stage().unwrap();
            prop_assert_eq!(content(&seen), content(&model));
            prop_assert_eq!(content(&end), content(&model));
        }
    }

    #[test]
    fn nothing_is_written_after_a_failure() {
        let (below, seen) = holding(&[1; 100]);
        let storage = Storage::direct(below);
        let end = DatabaseEnd(storage.clone());
        storage.fail();
        assert!(end.write(0, &[2]).is_err());
        assert!(end.sync_data().is_err());
        assert!(end.set_len(0).is_err());
        assert_eq!(content(&DatabaseEnd(seen)), [1; 100]);
    }
}
