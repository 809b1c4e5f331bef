//! Commands made durable a second: the journal, the bare database and a raw file, in the same run.
//!
//! All three get the same payloads in the same batches and make each batch durable before the next.
//! The bare database has the journal's cache and commits with the same setting; what the journal adds
//! is a hash chain, a witness of the head and its checks. The raw file, appended to and synced, is
//! what the disk gives. Runs take turns, so that a busy machine is busy for all; afterwards each store
//! is read back and must hold the payloads in order, and the journal's commands must bring a second
//! engine to the first one's state.

use crate::histogram::Histogram;
use crate::lending_pool::{LendingPool, Spec};
use crate::print::{Table, grouped, machine, nanos, per_second, whole_nanos};
use crate::runs::Runs;
use crate::{Failure, Options, Result, draw::Draw};
use breakwater_engine::Command;
use breakwater_journal::{Journal, Manifest};
use breakwater_simulate::{decode, encode};
use redb::{Database, Durability, ReadableDatabase, TableDefinition};
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

/// Length of the drawn payloads: the commands of the reference measurements were as long.
const PAYLOAD_BYTES: usize = 208;

/// The cache that the journal gives its database.
const CACHE_BYTES: usize = 64 << 20;

const ROWS: TableDefinition<u64, &[u8]> = TableDefinition::new("rows");

/// Sizes of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Commands in a batch, and batches.
    pub batches: Vec<(usize, usize)>,
    /// How often each is run.
    pub runs: usize,
}

/// Where the batches go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// The journal.
    Journal,
    /// The database that the journal is made on.
    Database,
    /// A file, appended to and synced.
    File,
}

const STORES: [Store; 3] = [Store::Journal, Store::Database, Store::File];

/// What one store gave for one size of batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// What the payloads are.
    pub payloads: &'static str,
    /// Their mean length in bytes.
    pub bytes: u64,
    /// Commands in a batch.
    pub batch: usize,
    /// Commands of one run.
    pub commands: u64,
    /// The store.
    pub store: Store,
    /// Times of whole runs.
    pub runs: Runs,
    /// Times of commits, of all runs.
    pub commits: Histogram,
}

impl Plan {
    /// The sizes that the options ask for.
    #[must_use]
    pub fn of(options: &Options) -> Plan {
        if options.quick {
            return Plan { batches: vec![(1, 5), (10, 4), (100, 2)], runs: 1 };
        }
        let batches = vec![(1, 1_000), (10, 1_000), (100, 400), (1_000, 100), (10_000, 20)];
        Plan { batches, runs: 3 }
    }
}

impl Store {
    fn name(self) -> &'static str {
        match self {
            Store::Journal => "journal",
            Store::Database => "bare database",
            Store::File => "raw file",
        }
    }
}

/// Times every commit of one run on a new file, and the run; then reads it back.
fn run_once(
    store: Store,
    folder: &Path,
    payloads: &[Vec<u8>],
    batch: usize,
    commits: &mut Histogram,
) -> Result<Duration> {
    let path = folder.join("measured");
    let took = match store {
        Store::Journal => run_journal(&path, payloads, batch, commits)?,
        Store::Database => run_database(&path, payloads, batch, commits)?,
        Store::File => run_file(&path, payloads, batch, commits)?,
    };
    std::fs::remove_file(&path).map_err(Failure::io("removing the measured file"))?;
    Ok(took)
}

/// Hands over batch after batch, each timed.
fn commit_all(
    payloads: &[Vec<u8>],
    batch: usize,
    commits: &mut Histogram,
    mut commit: impl FnMut(&[Vec<u8>]) -> Result<()>,
) -> Result<Duration> {
    let begun = Instant::now();
    let mut last = begun;
    for batch in payloads.chunks(batch) {
        commit(batch)?;
        let now = Instant::now();
        commits.record(whole_nanos(now - last));
        last = now;
    }
    Ok(last - begun)
}

fn same<'a>(
    store: Store,
    expected: &[Vec<u8>],
    found: impl Iterator<Item = Result<std::borrow::Cow<'a, [u8]>>>,
) -> Result<()> {
    let mut count = 0;
    for row in found {
        let row = row?;
        if expected.get(count).is_none_or(|payload| payload[..] != row[..]) {
            let told = format!("{}: payload {} is another", store.name(), count + 1);
            return Err(Failure::Differs(told));
        }
        count += 1;
    }
    if count == expected.len() {
        return Ok(());
    }
    let told = format!("{}: {count} payloads of {}", store.name(), expected.len());
    Err(Failure::Differs(told))
}

fn run_journal(
    path: &Path,
    payloads: &[Vec<u8>],
    batch: usize,
    commits: &mut Histogram,
) -> Result<Duration> {
    let mut journal = Journal::create(path, &Manifest::new("measurement", "durable"))?;
    let took = commit_all(payloads, batch, commits, |batch| {
        journal.append(batch).map(drop).map_err(Failure::from)
    })?;
    journal.close()?;
    let journal = Journal::open(path)?;
    let rows = journal.frames(1)?.map(|frame| Ok(frame?.payload.into()));
    same(Store::Journal, payloads, rows)?;
    journal.close()?;
    Ok(took)
}

fn run_database(
    path: &Path,
    payloads: &[Vec<u8>],
    batch: usize,
    commits: &mut Histogram,
) -> Result<Duration> {
    let database =
        Database::builder().set_cache_size(CACHE_BYTES).create(path).map_err(Failure::database)?;
    let mut next = 1u64;
    let took = commit_all(payloads, batch, commits, |batch| {
        let mut transaction = database.begin_write().map_err(Failure::database)?;
        transaction.set_durability(Durability::Immediate).map_err(Failure::database)?;
        {
            let mut table = transaction.open_table(ROWS).map_err(Failure::database)?;
            for payload in batch {
                table.insert(next, payload.as_slice()).map_err(Failure::database)?;
                next += 1;
            }
        }
        transaction.commit().map_err(Failure::database)
    })?;
    let transaction = database.begin_read().map_err(Failure::database)?;
    let table = transaction.open_table(ROWS).map_err(Failure::database)?;
    let rows = table.range::<u64>(..).map_err(Failure::database)?.map(|row| {
        let (_, value) = row.map_err(Failure::database)?;
        Ok(value.value().to_vec().into())
    });
    same(Store::Database, payloads, rows)?;
    Ok(took)
}

fn run_file(
    path: &Path,
    payloads: &[Vec<u8>],
    batch: usize,
    commits: &mut Histogram,
) -> Result<Duration> {
    let mut file = File::create(path).map_err(Failure::io("creating the raw file"))?;
    let mut buffer = Vec::new();
    let took = commit_all(payloads, batch, commits, |batch| {
        buffer.clear();
        batch.iter().for_each(|payload| buffer.extend_from_slice(payload));
        file.write_all(&buffer).map_err(Failure::io("appending to the raw file"))?;
        file.sync_data().map_err(Failure::io("syncing the raw file"))
    })?;
    let bytes = std::fs::read(path).map_err(Failure::io("reading the raw file"))?;
    let mut rest = &bytes[..];
    let rows = payloads.iter().map(|payload| {
        let (row, after) = rest.split_at(payload.len().min(rest.len()));
        rest = after;
        Ok(row.into())
    });
    same(Store::File, payloads, rows)?;
    Ok(took)
}

/// Payloads of [`PAYLOAD_BYTES`] that no page compresses.
fn drawn(count: usize) -> Vec<Vec<u8>> {
    (0..count as u64)
        .map(|place| {
            let mut draw = Draw::new(3, place);
            let bytes = std::iter::repeat_with(|| draw.number().to_le_bytes()).flatten();
            bytes.take(PAYLOAD_BYTES).collect()
        })
        .collect()
}

/// Ticks of a small book as a host would journal them, and the book they belong to.
fn commands(count: usize) -> Result<(LendingPool, Vec<Command>)> {
    let mut book = LendingPool::found(&Spec { accounts: 50, interest: true, seed: 2 })?;
    let (mut at, mut commands) = (book.pool.now, Vec::with_capacity(count));
    for _ in 0..count {
        at = at.after(50_000_000);
        commands.push(Command { at, body: book.walk.step(at) });
    }
    Ok((book, commands))
}

/// Applies commands as they are, and as a journal gives them back, to two engines that begin alike.
fn prove_replay(count: usize, folder: &Path) -> Result<()> {
    let (mut first, commands) = commands(count)?;
    let (mut second, _) = self::commands(0)?;
    let path = folder.join("replayed");
    let mut journal = Journal::create(&path, &Manifest::new("measurement", "replay"))?;
    let payloads: Vec<Vec<u8>> = commands.iter().map(encode).collect();
    journal.append(&payloads)?;
    for command in &commands {
        first.pool.engine.apply(command);
    }
    for frame in journal.frames(1)? {
        second.pool.engine.apply(&decode(&frame?.payload).map_err(Failure::Differs)?);
    }
    journal.close()?;
    let (first, second) = (first.pool.engine.state_hash(), second.pool.engine.state_hash());
    if first == second {
        return Ok(());
    }
    Err(Failure::Differs(format!("state {} applied, {} replayed", first.hex(), second.hex())))
}

/// The figures of every size of batch, store by store.
///
/// # Errors
/// A store does not hold what was handed over, a replay ends elsewhere, or the disk failed.
pub fn measure(plan: &Plan, folder: &Path) -> Result<Vec<Figures>> {
    let folder = tempfile::tempdir_in(folder).map_err(Failure::io("making a folder"))?;
    prove_replay(1_000, folder.path())?;
    let most = plan.batches.iter().map(|(batch, count)| batch * count).max().unwrap_or(0);
    let encoded = commands(most)?.1.iter().map(encode).collect();
    let mut figures = Vec::new();
    for (name, payloads) in [("drawn, 208 bytes", drawn(most)), ("encoded ticks", encoded)] {
        for (batch, count) in &plan.batches {
            let payloads = &payloads[..batch * count];
            figures.extend(measure_batch(plan.runs, folder.path(), name, payloads, *batch)?);
        }
    }
    Ok(figures)
}

fn measure_batch(
    runs: usize,
    folder: &Path,
    name: &'static str,
    payloads: &[Vec<u8>],
    batch: usize,
) -> Result<Vec<Figures>> {
    let mut times: [Vec<Duration>; STORES.len()] = Default::default();
    let mut commits: [Histogram; STORES.len()] = Default::default();
    for _ in 0..runs {
        for ((store, times), commits) in STORES.iter().zip(&mut times).zip(&mut commits) {
            times.push(run_once(*store, folder, payloads, batch, commits)?);
        }
    }
    let bytes: u64 = payloads.iter().map(|payload| payload.len() as u64).sum();
    let figures = STORES.iter().zip(times).zip(commits).map(|((store, times), commits)| Figures {
        payloads: name,
        bytes: bytes / (payloads.len() as u64).max(1),
        batch,
        commands: payloads.len() as u64,
        store: *store,
        runs: Runs::new(times),
        commits,
    });
    Ok(figures.collect())
}

/// Measures every size of batch and prints a table. Files go to the build folder.
///
/// # Errors
/// A store does not hold what was handed over, a replay ends elsewhere, or the disk failed.
pub fn run(options: &Options, folder: &Path) -> Result<()> {
    println!("durable: {}", machine());
    let plan = Plan::of(options);
    let figures = measure(&plan, folder)?;
    let headings = [
        "payloads",
        "bytes",
        "batch",
        "store",
        "commands/s",
        "least",
        "most",
        "commit p50",
        "p99",
        "max",
        "of the database",
    ];
    let mut table = Table::new(&headings);
    for group in figures.chunks(STORES.len()) {
        let base = group.iter().find(|figures| figures.store == Store::Database);
        let base = base.map(|figures| figures.runs.median().as_secs_f64());
        for one in group {
            let ratio = base.map_or(0.0, |base| base / one.runs.median().as_secs_f64());
            table.row(vec![
                one.payloads.to_owned(),
                one.bytes.to_string(),
                grouped(one.batch as u64),
                one.store.name().to_owned(),
                per_second(one.commands, one.runs.median()),
                per_second(one.commands, one.runs.most()),
                per_second(one.commands, one.runs.least()),
                nanos(one.commits.percentile(50)),
                nanos(one.commits.percentile(99)),
                nanos(one.commits.most()),
                format!("{:.2}", ratio),
            ]);
        }
    }
    println!("{table}");
    println!(
        "Median of {} runs, with the least and the most; every store was read back and held the \
         payloads in order.",
        plan.runs
    );
    Ok(())
}
