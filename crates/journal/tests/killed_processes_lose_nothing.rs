//! A process killed under load loses nothing that it had acknowledged.
//!
//! A kill keeps the kernel's page cache, so this says nothing of power loss, which the disk in
//! memory covers; it says that no acknowledgement runs ahead of the journal, that the lock goes
//! with its owner, and that the same file goes through any number of deaths.

mod disk;

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use disk::{Draws, manifest, payload};

use breakwater_journal::Journal;

const PATH: &str = "BREAKWATER_JOURNAL_TEST_CHILD_PATH";
const SEED: &str = "BREAKWATER_JOURNAL_TEST_CHILD_SEED";
const KILLS: u64 = 60;

/// Run by the test below in a process of its own; alone it has nothing to do. It appends until
/// it is killed and prints each head after it was acknowledged.
#[test]
fn as_a_child() {
    let Some(path) = env::var_os(PATH) else { return };
    let mut draws = Draws::new(env::var(SEED).unwrap().parse().unwrap());
    let mut journal = Journal::open_or_create(path, &manifest()).unwrap();
    let mut out = std::io::stdout().lock();
    writeln!(out, "\nhead {}", journal.head().sequence).unwrap();
    loop {
        let first = journal.head().sequence + 1;
        let batch: Vec<Vec<u8>> = (first..=first + draws.below(30)).map(payload).collect();
        let given = journal.append(&batch).unwrap();
        writeln!(out, "head {}", given.end - 1).unwrap();
        out.flush().unwrap();
        if draws.below(10) == 0 {
            journal.write_snapshot(given.end - 1, [3; 32], &payload(first * 11)).unwrap();
        }
    }
}

fn start(path: &Path, seed: u64) -> (Child, BufReader<ChildStdout>) {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["as_a_child", "--exact", "--nocapture"])
        .env(PATH, path)
        .env(SEED, seed.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap());
    (child, lines)
}

/// The heads in the lines that follow; a last line cut by the kill was not acknowledged.
fn head_in(line: &str) -> Option<u64> {
    line.strip_suffix('\n')?.strip_prefix("head ")?.parse().ok()
}

#[test]
fn over_many_kills_of_one_journal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pool.journal");
    let mut acknowledged = 0;
    let mut acknowledgements = 0;
    let mut beyond = 0;
    for seed in 0..KILLS {
        let (mut child, mut lines) = start(&path, seed);
        let patience = Draws::new(seed + 1000).below(40);
        let mut heard = 0;
        let mut line = String::new();
        while lines.read_line(&mut line).unwrap() > 0 {
            if let Some(head) = head_in(&line) {
                assert!(head >= acknowledged, "kill {seed}: head {head} after {acknowledged}");
                acknowledged = head;
                heard += 1;
            }
            // Killed by count and not by the clock; what it was doing then is up to the machine.
            if heard > patience {
                child.kill().unwrap();
            }
            line.clear();
        }
        child.wait().unwrap();
        assert!(heard > patience, "the child of seed {seed} ended by itself");
        acknowledgements += heard;

        let journal = Journal::open(&path).unwrap();
        let head = journal.head().sequence;
        assert!(head >= acknowledged, "kill {seed}: {head} found, {acknowledged} acknowledged");
        beyond += u64::from(head > acknowledged);
        let verified = journal.verify().unwrap();
        assert_eq!(verified.frames, head);
        assert!(verified.snapshots.iter().all(|snapshot| snapshot.content.is_ok()));
        // Each life appends after what it found, so every frame is known by its place.
        for (place, frame) in (1..).zip(journal.frames(1).unwrap()) {
            let frame = frame.unwrap();
            assert!(frame.sequence == place && frame.payload == payload(place), "frame {place}");
        }
    }
    println!(
        "{KILLS} kills, {acknowledgements} acknowledgements, {acknowledged} frames, \
         {beyond} kills left a whole batch beyond the last acknowledgement"
    );
}
