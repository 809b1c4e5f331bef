//! A disk in memory that forgets what was not synced, tears writes, fails on cue and fills up.
#![allow(dead_code, reason = "each test file uses its part of the disk")]

use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use breakwater_journal::{Journal, JournalError, Manifest, StorageBackend};

const SECTOR: usize = 512;

/// A small counter-based generator: every draw is a function of the seed and the draws before.
#[derive(Debug, Clone)]
pub struct Draws(u64);

impl Draws {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x1234_5678_9abc_def1))
    }

    /// SplitMix64.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

/// What goes wrong, counted from 1 over the life of the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    None,
    /// The n-th write fails and writes nothing.
    Write(u64),
    /// The n-th sync fails; of what it should have kept, some is lost for good.
    Sync(u64),
    /// Power fails before the n-th operation of any kind.
    Power(u64),
}

#[derive(Debug, Clone)]
enum Change {
    Write(usize, Vec<u8>),
    SetLength(usize),
}

impl Change {
    fn apply(&self, image: &mut Vec<u8>) {
        match self {
            Self::Write(offset, bytes) => {
                let end = offset + bytes.len();
                if image.len() < end {
                    image.resize(end, 0);
                }
                image[*offset..end].copy_from_slice(bytes);
            }
            Self::SetLength(length) => image.resize(*length, 0),
        }
    }

    /// Applies all, none, or for a write the sectors before or after a tear.
    fn apply_torn(&self, image: &mut Vec<u8>, draws: &mut Draws) {
        match (draws.below(4), self) {
            (0, _) => self.apply(image),
            (1, _) => {}
            (_, Self::SetLength(_)) => self.apply(image),
            (side, Self::Write(offset, bytes)) => {
                let sectors = bytes.len().div_ceil(SECTOR) as u64;
                let cut = (draws.below(sectors + 1) as usize * SECTOR).min(bytes.len());
                let kept = if side == 2 { 0..cut } else { cut..bytes.len() };
                if !kept.is_empty() {
                    Self::Write(offset + kept.start, bytes[kept].to_vec()).apply(image);
                }
            }
        }
    }
}

#[derive(Debug, Default)]
pub struct Counts {
    pub writes: u64,
    pub syncs: u64,
    pub operations: u64,
}

#[derive(Debug)]
struct State {
    seen: Vec<u8>,
    durable: Vec<u8>,
    unsynced: Vec<Change>,
    longest: usize,
    counts: Counts,
    fault: Fault,
    capacity: usize,
    draws: Draws,
    off: bool,
    /// Set by the first fault that struck.
    struck: bool,
    /// Writes and syncs that were tried after a fault struck.
    tried_after: u64,
}

/// A handle to the disk; clones share it.
#[derive(Debug, Clone)]
pub struct Disk(Arc<Mutex<State>>);

impl Disk {
    pub fn new() -> Self {
        Self::holding(Vec::new())
    }

    pub fn holding(image: Vec<u8>) -> Self {
        Self(Arc::new(Mutex::new(State {
            seen: image.clone(),
            durable: image,
            unsynced: Vec::new(),
            longest: 0,
            counts: Counts::default(),
            fault: Fault::None,
            capacity: usize::MAX,
            draws: Draws::new(0),
            off: false,
            struck: false,
            tried_after: 0,
        })))
    }

    pub fn with_fault(self, fault: Fault, seed: u64) -> Self {
        let mut state = self.state();
        state.fault = fault;
        state.draws = Draws::new(seed);
        drop(state);
        self
    }

    pub fn with_capacity(self, bytes: usize) -> Self {
        self.state().capacity = bytes;
        self
    }

    pub fn counts(&self) -> Counts {
        std::mem::take(&mut self.state().counts)
    }

    pub fn struck(&self) -> bool {
        self.state().struck
    }

    pub fn tried_after(&self) -> u64 {
        self.state().tried_after
    }

    /// The greatest length the disk was ever given, in bytes.
    pub fn longest(&self) -> usize {
        self.state().longest
    }

    /// The bytes as a process that is still running sees them.
    pub fn image(&self) -> Vec<u8> {
        self.state().seen.clone()
    }

    /// Power fails: what was synced stays, of the rest any part may.
    pub fn crash(&self, seed: u64) -> Vec<u8> {
        let mut state = self.state();
        state.off = true;
        let mut draws = Draws::new(seed);
        let mut image = state.durable.clone();
        for change in &state.unsynced {
            change.apply_torn(&mut image, &mut draws);
        }
        image
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

impl State {
    /// Counts an operation and answers whether the power is still on.
    fn operate(&mut self) -> io::Result<()> {
        self.counts.operations += 1;
        if self.fault == Fault::Power(self.counts.operations) {
            self.struck = true;
            self.off = true;
        }
        if self.off { Err(io::Error::other("the power is off")) } else { Ok(()) }
    }

    fn change(&mut self, change: Change) {
        change.apply(&mut self.seen);
        self.longest = self.longest.max(self.seen.len());
        self.unsynced.push(change);
    }

    fn note_try(&mut self) {
        self.tried_after += u64::from(self.struck);
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state().seen.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.state();
        let bytes = usize::try_from(offset)
            .ok()
            .and_then(|offset| state.seen.get(offset..offset.checked_add(out.len())?))
            .ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?;
        out.copy_from_slice(bytes);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.state();
        state.note_try();
        state.operate()?;
        if len > state.capacity as u64 {
            state.struck = true;
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        state.change(Change::SetLength(len as usize));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.state();
        state.note_try();
        state.operate()?;
        state.counts.syncs += 1;
        let failed = state.fault == Fault::Sync(state.counts.syncs);
        let State { unsynced, durable, draws, .. } = &mut *state;
        for change in unsynced.drain(..) {
            if failed { change.apply_torn(durable, draws) } else { change.apply(durable) }
        }
        if failed {
            state.struck = true;
            return Err(io::Error::other("the sync failed"));
        }
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = self.state();
        state.note_try();
        state.operate()?;
        state.counts.writes += 1;
        if state.fault == Fault::Write(state.counts.writes) {
            state.struck = true;
            return Err(io::Error::other("the write failed"));
        }
        state.change(Change::Write(offset as usize, data.to_vec()));
        Ok(())
    }
}

pub fn manifest() -> Manifest {
    Manifest::new("0.1.0-test", "a run")
}

/// A payload that differs from every other and whose length varies, once in a while over a page.
pub fn payload(number: u64) -> Vec<u8> {
    let mut draws = Draws::new(number);
    let length = if number.is_multiple_of(11) { 6000 } else { draws.below(300) };
    let mut bytes = number.to_le_bytes().to_vec();
    bytes.extend((0..length).map(|_| draws.next() as u8));
    bytes
}

/// What a run was promised, and what was under way when it stopped.
#[derive(Debug, Default)]
pub struct Account {
    pub created: bool,
    pub acknowledged: Vec<Vec<u8>>,
    pub under_way: Vec<Vec<u8>>,
    pub error: Option<JournalError>,
}

/// Creates a journal on the disk, appends batches of several sizes with snapshots between, and
/// stops at the first error, after proving that the handle refuses to go on.
pub fn run(disk: &Disk, batches: &[u64]) -> Account {
    let mut account = Account::default();
    let mut journal = match Journal::create_on(disk.clone(), &manifest()) {
        Ok(journal) => journal,
        Err(error) => return Account { error: Some(error), ..account },
    };
    account.created = true;
    if let Err(error) = append_batches(&mut journal, &mut account, batches) {
        assert!(journal.is_poisoned(), "{error}");
        let refused = journal.append(&[b"once more"]);
        assert!(matches!(refused, Err(JournalError::Poisoned)), "{refused:?}");
        let refused = journal.write_snapshot(0, [0; 32], b"");
        assert!(matches!(refused, Err(JournalError::Poisoned)), "{refused:?}");
        assert_eq!(journal.head().sequence, account.acknowledged.len() as u64);
        account.error = Some(error);
    } else if let Err(error) = journal.close() {
        account.error = Some(error);
    }
    account
}

fn append_batches(
    journal: &mut Journal,
    account: &mut Account,
    batches: &[u64],
) -> Result<(), JournalError> {
    for (index, size) in batches.iter().enumerate() {
        let first = account.acknowledged.len() as u64 + 1;
        account.under_way = (first..first + size).map(payload).collect();
        let given = journal.append(&account.under_way)?;
        assert_eq!(given, first..first + size);
        account.acknowledged.append(&mut account.under_way);
        if index % 3 == 2 {
            let sequence = journal.head().sequence;
            journal.write_snapshot(sequence, [index as u8; 32], &payload(sequence * 11))?;
        }
    }
    Ok(())
}

/// All payloads, read through the checking iterator.
pub fn payloads(journal: &Journal) -> Vec<Vec<u8>> {
    journal.frames(1).unwrap().map(|frame| frame.unwrap().payload).collect()
}

/// Opens what a crash left and holds it against the account.
pub fn check_survivors(image: Vec<u8>, account: &Account, context: &str) {
    let journal = match Journal::open_on(Disk::holding(image)) {
        Ok(journal) => journal,
        Err(error) => {
            assert!(!account.created, "{context}: a created journal did not open: {error}");
            return;
        }
    };
    let found = payloads(&journal);
    let mut whole = account.acknowledged.clone();
    if found != whole {
        whole.extend(account.under_way.iter().cloned());
        assert!(
            found == whole,
            "{context}: {} acknowledged, {} under way, {} found",
            account.acknowledged.len(),
            account.under_way.len(),
            found.len()
        );
    }
    let verified = journal.verify().unwrap();
    assert_eq!(verified.frames, found.len() as u64, "{context}");
    assert!(verified.snapshots.iter().all(|s| s.content.is_ok()), "{context}: {verified:?}");
}
