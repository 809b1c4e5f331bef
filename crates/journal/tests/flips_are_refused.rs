//! A journal with a flipped byte is refused and left alone, or its content is what was written.

mod disk;

use std::panic;
use std::sync::Once;

use disk::{Disk, Draws, manifest, payload, payloads};

use breakwater_journal::{Hash, Head, Journal, JournalError};

/// The database asserts some of what it reads; the journal turns that into an error, and the
/// message on the way there would drown the test's own output.
fn silence_panics_in_the_database() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let hook = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if info.location().is_none_or(|at| !at.file().contains("redb")) {
                hook(info);
            }
        }));
    });
}

struct Original {
    image: Vec<u8>,
    head: Head,
    payloads: Vec<Vec<u8>>,
}

const STATE: Hash = [9; 32];

/// A journal with more than one page of frames and two snapshots, one of several pages.
fn original(closed: bool) -> Original {
    let disk = Disk::new();
    let mut journal = Journal::create_on(disk.clone(), &manifest()).unwrap();
    let all: Vec<Vec<u8>> = (1..=45).map(payload).collect();
    for batch in all.chunks(7) {
        journal.append(batch).unwrap();
        if journal.head().sequence.is_multiple_of(14) {
            let state = payload(11 * journal.head().sequence);
            journal.write_snapshot(journal.head().sequence, STATE, &state).unwrap();
        }
    }
    let head = journal.head();
    let image = if closed {
        journal.close().unwrap();
        disk.image()
    } else {
        disk.image()
    };
    Original { image, head, payloads: all }
}

#[derive(Debug, Default)]
struct Tally {
    refused: u64,
    harmless: u64,
    without_a_snapshot: u64,
}

fn flip(original: &Original, at: usize, mask: u8, tally: &mut Tally) {
    let mut image = original.image.clone();
    image[at] ^= mask;
    let disk = Disk::holding(image);
    match Journal::open_on(disk.clone()) {
        Ok(mut journal) => {
            assert_eq!(journal.head(), original.head, "byte {at}, mask {mask:#04x}");
            assert!(payloads(&journal) == original.payloads, "byte {at}, mask {mask:#04x}");
            let recovery = journal.recover().unwrap();
            tally.harmless += 1;
            tally.without_a_snapshot += u64::from(!recovery.rejected.is_empty());
            if let Some(snapshot) = recovery.snapshot {
                assert_eq!(snapshot.state_hash, STATE);
                assert_eq!(snapshot.bytes, payload(11 * snapshot.sequence));
            }
            // What was accepted must also be safe to build on.
            journal.append(&[b"one more"]).unwrap();
            drop(journal);
            let again = Journal::open_on(disk).unwrap();
            assert_eq!(again.head().sequence, original.head.sequence + 1);
        }
        Err(error) => {
            tally.refused += 1;
            let expected = matches!(
                error,
                JournalError::Corrupted { .. }
                    | JournalError::NotAJournal { .. }
                    | JournalError::UnsupportedVersion { .. }
            );
            assert!(expected, "byte {at}, mask {mask:#04x}: {error}");
            let mut image = disk.image();
            image[at] ^= mask;
            assert!(image == original.image, "byte {at}: a refused file was changed");
        }
    }
}

/// One bit of one byte in `stride` of those that are not zero, and of a few zeros between.
fn flip_across(original: &Original, stride: u64) -> Tally {
    silence_panics_in_the_database();
    let mut draws = Draws::new(stride);
    let mut tally = Tally::default();
    for at in 0..original.image.len() {
        let one_in = if original.image[at] == 0 { 200 * stride } else { stride };
        if draws.below(one_in) == 0 {
            flip(original, at, 1 << draws.below(8), &mut tally);
        }
    }
    tally
}

#[test]
fn in_a_closed_journal() {
    let tally = flip_across(&original(true), 32);
    println!("closed: {tally:?}");
    assert!(tally.refused > 500 && tally.without_a_snapshot > 100, "{tally:?}");
}

#[test]
fn in_a_journal_that_was_never_closed() {
    let tally = flip_across(&original(false), 48);
    println!("not closed: {tally:?}");
    assert!(tally.refused > 500, "{tally:?}");
}

#[test]
#[ignore = "minutes long: every byte of both files that is not zero"]
fn in_every_byte_that_was_written() {
    for closed in [true, false] {
        println!("every byte, closed {closed}: {:?}", flip_across(&original(closed), 1));
    }
}

/// The first page of the database holds one byte that chooses between its two newest commits,
/// and no checksum covers it. Every bit of the page and of the witness is tried.
#[test]
fn in_every_bit_of_the_headers() {
    silence_panics_in_the_database();
    for closed in [true, false] {
        let original = original(closed);
        let mut tally = Tally::default();
        for at in (0..128).chain(4096..4096 + 128).chain(8192..8192 + 320) {
            for bit in 0..8 {
                flip(&original, at, 1 << bit, &mut tally);
            }
        }
        println!("headers, closed {closed}: {tally:?}");
        assert!(tally.refused > 100, "{tally:?}");
    }
}
