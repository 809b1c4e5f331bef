//! Creating a journal, and opening one only after all of it is proved.

use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use redb::backends::FileBackend;
use redb::{Builder, Database, ReadableDatabase, StorageBackend, TableDefinition};

use crate::error::{JournalError, guarded};
use crate::frame::{Hash, Head, hex};
use crate::frames::{FRAMES, check_chunk, table_of};
use crate::journal::{Journal, SNAPSHOTS, read_snapshot, snapshot_sequences};
use crate::manifest::{Manifest, genesis_of};
use crate::placement::Placement;
use crate::snapshot::RejectedSnapshot;
use crate::storage::{DatabaseEnd, Storage};
use crate::witness::{PREFIX_BYTES, Witness};

/// One row: the encoded manifest.
const MANIFEST: TableDefinition<&str, &[u8]> = TableDefinition::new("manifest");
const MANIFEST_KEY: &str = "manifest";
/// Pages the database keeps in memory. Frames are written once and read in order, so more would
/// only hold what is not asked for again.
const CACHE_BYTES: usize = 64 << 20;

const OPENING: &str = "opening the journal";
const CREATING: &str = "creating the journal";

impl Journal {
    /// Creates a journal at `path`, where nothing may be. The file appears under its name only
    /// when it is complete, and durably.
    ///
    /// # Errors
    /// [`JournalError::AlreadyExists`], [`JournalError::TooLong`] for a field of the manifest,
    /// and those of writing.
    pub fn create(path: impl AsRef<Path>, manifest: &Manifest) -> Result<Self, JournalError> {
        let (placement, file) = Placement::begin(path.as_ref())?;
        let backend = FileBackend::new(file).map_err(|e| JournalError::database(CREATING, e))?;
        let journal = Self::create_on(backend, manifest)?;
        placement.settle()?;
        Ok(journal)
    }

    /// Creates a journal on empty storage. Until it is complete, [`Journal::open_on`] answers
    /// [`JournalError::Unfinished`].
    ///
    /// # Errors
    /// As [`Journal::create`].
    pub fn create_on(
        backend: impl StorageBackend,
        manifest: &Manifest,
    ) -> Result<Self, JournalError> {
        let mut journal = Self::begin(backend, manifest)?;
        journal.finish()?;
        Ok(journal)
    }

    /// Opens the journal at `path` after checking all of it: every page of the database, every
    /// frame of the chain, and that nothing acknowledged is missing. A refused file is left as
    /// it was.
    ///
    /// # Errors
    /// [`JournalError::NotFound`], [`JournalError::AlreadyOpen`], [`JournalError::NotAJournal`],
    /// [`JournalError::Unfinished`], [`JournalError::UnsupportedVersion`],
    /// [`JournalError::Corrupted`], and those of reading.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, JournalError> {
        let path = path.as_ref();
        let file = OpenOptions::new().read(true).write(true).open(path).map_err(|error| {
            if error.kind() == io::ErrorKind::NotFound {
                JournalError::NotFound { path: path.to_owned() }
            } else {
                JournalError::io(OPENING, error)
            }
        })?;
        Self::open_on(FileBackend::new(file).map_err(|e| JournalError::database(OPENING, e))?)
    }

    /// Opens the journal at `path`, or creates it when nothing is there. An existing journal
    /// must carry the same manifest.
    ///
    /// # Errors
    /// [`JournalError::ManifestMismatch`], and those of [`Journal::open`] and
    /// [`Journal::create`].
    pub fn open_or_create(
        path: impl AsRef<Path>,
        manifest: &Manifest,
    ) -> Result<Self, JournalError> {
        let path = path.as_ref();
        let journal = match Self::open(path) {
            Err(JournalError::NotFound { .. }) => return Self::create(path, manifest),
            opened => opened?,
        };
        journal.manifest.require_same(manifest)?;
        Ok(journal)
    }

    /// Opens the journal on this storage; otherwise as [`Journal::open`].
    ///
    /// # Errors
    /// As [`Journal::open`], except [`JournalError::NotFound`].
    pub fn open_on(backend: impl StorageBackend) -> Result<Self, JournalError> {
        let failed = |error| JournalError::io(OPENING, error);
        let storage = Storage::staged(Box::new(backend)).map_err(failed)?;
        require_beginning(&storage)?;
        // Guarded as a whole: a refused database is dropped in there, and that may stop too.
        let journal = match guarded(OPENING, || Self::prove(&storage, Pages::Check)) {
            Err(refused @ JournalError::Corrupted { .. }) => {
                Self::prove_without_ruined_snapshots(&storage).map_err(|_| refused)?
            }
            proved => proved?,
        };
        storage.commit_stage().map_err(failed)?;
        Ok(journal)
    }

    /// Starts a journal that counts as unfinished until [`Journal::finish`].
    pub(crate) fn begin(
        backend: impl StorageBackend,
        manifest: &Manifest,
    ) -> Result<Self, JournalError> {
        let encoded = manifest.encode()?;
        let storage = Storage::direct(Box::new(backend));
        if storage.total_length().map_err(|error| JournalError::io(CREATING, error))? != 0 {
            return Err(JournalError::AlreadyExists { path: PathBuf::from("the given storage") });
        }
        let database = open_database(&storage, Pages::Trust)?;
        let genesis = genesis_of(&encoded);
        let mut journal = Self {
            database,
            storage,
            manifest: manifest.clone(),
            genesis,
            head: Head { sequence: 0, hash: genesis },
            witness: None,
            set_aside: Vec::new(),
            poisoned: false,
        };
        journal.write(CREATING, |transaction| {
            let failed = |error| JournalError::database(CREATING, error);
            transaction.open_table(FRAMES).map_err(failed)?;
            transaction.open_table(SNAPSHOTS).map_err(failed)?;
            let mut table = transaction.open_table(MANIFEST).map_err(failed)?;
            table
                .insert(MANIFEST_KEY, encoded.as_slice())
                .map_err(|error| JournalError::database(CREATING, error))?;
            Ok(())
        })?;
        Ok(journal)
    }

    /// Declares the journal complete up to its head, durably. Both slots are written, so that
    /// from the first day either may be damaged.
    pub(crate) fn finish(&mut self) -> Result<(), JournalError> {
        let failed = |error| JournalError::io(CREATING, error);
        for generation in [1, 2] {
            let witness = Witness { generation, head: self.head };
            self.storage.write_witness(&witness).map_err(failed)?;
            self.witness = Some(witness);
        }
        self.storage.sync().map_err(failed)
    }

    /// Opens the database within the stage and checks the whole chain.
    fn prove(storage: &Arc<Storage>, pages: Pages) -> Result<Self, JournalError> {
        let database = open_database(storage, pages)?;
        // Read again under the lock that the database has just taken.
        let witness = read_witness(storage)?;
        let encoded = guarded(OPENING, || read_manifest(&database))?;
        let manifest = Manifest::decode(&encoded)?;
        let genesis = genesis_of(&encoded);
        let head = check_chain(&database, genesis, &witness)?;
        Ok(Self {
            database,
            storage: storage.clone(),
            manifest,
            genesis,
            head,
            witness: Some(witness),
            set_aside: Vec::new(),
            poisoned: false,
        })
    }

    /// A second reading of a file in which some page is damaged. If the whole chain is sound and
    /// a snapshot is not, the snapshot is removed; every page that is left must then check out.
    /// A snapshot only shortens a start, so losing it is no reason to refuse the frames.
    fn prove_without_ruined_snapshots(storage: &Arc<Storage>) -> Result<Self, JournalError> {
        let ruined = guarded(OPENING, || find_ruined_snapshots(storage))?;
        storage.stage_anew().map_err(|error| JournalError::io(OPENING, error))?;
        let mut journal = guarded(OPENING, || Self::prove(storage, Pages::Trust))?;
        if let Err(error) = guarded(OPENING, || journal.remove_ruined(&ruined)) {
            // The database writes when it is dropped, from an allocator that nothing has
            // proved, and a second panic on the way out would end the process. So it is not
            // dropped; only its locks are given back.
            storage.release();
            std::mem::forget(journal);
            return Err(error);
        }
        journal.set_aside = ruined;
        Ok(journal)
    }

    fn remove_ruined(&mut self, ruined: &[RejectedSnapshot]) -> Result<(), JournalError> {
        self.write(OPENING, |transaction| {
            let mut table = transaction
                .open_table(SNAPSHOTS)
                .map_err(|error| JournalError::database(OPENING, error))?;
            for snapshot in ruined {
                table
                    .remove(snapshot.sequence)
                    .map_err(|error| JournalError::database(OPENING, error))?;
            }
            Ok(())
        })?;
        self.database.check_integrity().map_err(|error| JournalError::database(OPENING, error))?;
        let witness = read_witness(&self.storage)?;
        self.head = check_chain(&self.database, self.genesis, &witness)?;
        Ok(())
    }
}

/// Surveys a file with a damaged page without any write, not even a staged one: the allocator of
/// such a file must not be used. Answers the snapshots that carry the damage.
fn find_ruined_snapshots(storage: &Arc<Storage>) -> Result<Vec<RejectedSnapshot>, JournalError> {
    storage.keep_locks();
    storage.stage_anew().map_err(|error| JournalError::io(OPENING, error))?;
    let database = Builder::new()
        .set_cache_size(CACHE_BYTES)
        .open_read_only_with_backend(DatabaseEnd(storage.clone()))
        .map_err(|error| JournalError::database(OPENING, error))?;
    let genesis = genesis_of(&read_manifest(&database)?);
    let head = check_chain(&database, genesis, &read_witness(storage)?)?;
    let mut ruined = Vec::new();
    for sequence in snapshot_sequences(&database)? {
        ruined.extend(read_snapshot(&database, genesis, head, sequence)?.err());
    }
    if ruined.is_empty() {
        return Err(JournalError::damage("the damage is not in a snapshot"));
    }
    Ok(ruined)
}

/// Whether the database checks each of its pages when it opens, or trusts a clean shutdown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pages {
    Check,
    Trust,
}

fn open_database(storage: &Arc<Storage>, pages: Pages) -> Result<Database, JournalError> {
    guarded(OPENING, || {
        Builder::new()
            .set_cache_size(CACHE_BYTES)
            .set_check_integrity_on_open(pages == Pages::Check)
            .create_with_backend(DatabaseEnd(storage.clone()))
            .map_err(|error| JournalError::database(OPENING, error))
    })
}

/// Refuses what does not begin as a journal does, before a database is looked for in it.
fn require_beginning(storage: &Storage) -> Result<(), JournalError> {
    let length = storage.total_length().map_err(|error| JournalError::io(OPENING, error))?;
    if length == 0 {
        return Err(JournalError::NotAJournal { reason: "it is empty".to_owned() });
    }
    if length <= PREFIX_BYTES {
        return Err(JournalError::damage(format!(
            "the file is {length} bytes long, a journal is longer than {PREFIX_BYTES}"
        )));
    }
    read_witness(storage).map(|_| ())
}

fn read_witness(storage: &Storage) -> Result<Witness, JournalError> {
    Witness::newest(&storage.read_witness().map_err(|error| JournalError::io(OPENING, error))?)
}

fn read_manifest(database: &impl ReadableDatabase) -> Result<Vec<u8>, JournalError> {
    let transaction = database.begin_read().map_err(|e| JournalError::database(OPENING, e))?;
    let table = transaction.open_table(MANIFEST).map_err(|e| JournalError::database(OPENING, e))?;
    let row = table.get(MANIFEST_KEY).map_err(|e| JournalError::database(OPENING, e))?;
    let row = row.ok_or_else(|| JournalError::damage("the manifest is missing"))?;
    Ok(row.value().to_vec())
}

/// Checks every frame, and that the chain contains what was acknowledged; answers its head.
fn check_chain(
    database: &impl ReadableDatabase,
    genesis: Hash,
    witness: &Witness,
) -> Result<Head, JournalError> {
    let table = table_of(database)?;
    let mut head = Head { sequence: 0, hash: genesis };
    let mut witnessed = head;
    loop {
        let next = check_chunk(&table, head, u64::MAX, |seen, _, _| {
            if seen.sequence == witness.head.sequence {
                witnessed = seen;
            }
        })?;
        if next == head {
            break;
        }
        head = next;
    }
    if witnessed != witness.head {
        return Err(JournalError::damage_at(
            witness.head.sequence,
            format!(
                "this frame was acknowledged with hash {}, and the chain, which ends at frame {}, \
                 does not contain it",
                hex(&witness.head.hash),
                head.sequence
            ),
        ));
    }
    Ok(head)
}
