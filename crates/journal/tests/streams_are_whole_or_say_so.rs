//! An exported stream carries the chain exactly. Cut, it imports what is whole and says so;
//! altered, it is refused.

mod disk;

use disk::{Disk, Draws, manifest, payload, payloads};

use breakwater_journal::{ImportReport, Journal, JournalError, PAYLOAD_BYTES_MAX, frame_hash};

const FRAMES: u64 = 12;
const FRAME_OVERHEAD: usize = 1 + 4 + 8 + 32 + 32;
const END_BYTES: usize = 73;

fn small_payload(number: u64) -> Vec<u8> {
    let mut bytes = payload(number);
    bytes.truncate(8 + number as usize % 40);
    bytes
}

fn exported() -> Vec<u8> {
    let mut journal = Journal::create_on(Disk::new(), &manifest()).unwrap();
    journal.append(&(1..=FRAMES).map(small_payload).collect::<Vec<_>>()).unwrap();
    let mut stream = Vec::new();
    let report = journal.export(&mut stream).unwrap();
    assert_eq!((report.frames, report.bytes), (FRAMES, stream.len() as u64));
    assert_eq!(report.head, journal.head());
    stream
}

/// Offsets at which each frame begins, then where the end mark begins.
fn bounds(stream: &[u8]) -> Vec<usize> {
    let manifest_bytes = u32::from_le_bytes(stream[9..13].try_into().unwrap()) as usize;
    let mut at = 13 + manifest_bytes + 32;
    let mut bounds = vec![at];
    for number in 1..=FRAMES {
        at += FRAME_OVERHEAD + small_payload(number).len();
        bounds.push(at);
    }
    assert_eq!(at + END_BYTES, stream.len());
    bounds
}

fn import(stream: &[u8]) -> Result<(Journal, ImportReport), JournalError> {
    Journal::import_on(stream, Disk::new())
}

fn require_prefix(journal: &Journal, frames: u64) {
    assert_eq!(payloads(journal), (1..=frames).map(small_payload).collect::<Vec<_>>());
}

#[test]
fn a_whole_stream_brings_the_same_chain() {
    let stream = exported();
    let disk = Disk::new();
    let (mut journal, report) = Journal::import_on(&stream[..], disk.clone()).unwrap();
    assert_eq!((report.frames, report.torn), (FRAMES, None));
    assert_eq!(report.bytes, stream.len() as u64);
    require_prefix(&journal, FRAMES);
    assert_eq!(journal.manifest(), &manifest());
    let mut again = Vec::new();
    journal.export(&mut again).unwrap();
    assert!(again == stream, "an export of the import differs");
    journal.append(&[b"and on"]).unwrap();
    journal.close().unwrap();
    let journal = Journal::open_on(Disk::holding(disk.image())).unwrap();
    assert_eq!(journal.head().sequence, FRAMES + 1);
}

#[test]
fn a_stream_cut_anywhere_brings_its_whole_frames_and_says_so() {
    let stream = exported();
    let bounds = bounds(&stream);
    for length in 0..stream.len() {
        let answer = import(&stream[..length]);
        if length < bounds[0] {
            let error = answer.unwrap_err();
            let expected =
                matches!(error, JournalError::NotAJournal { .. } | JournalError::Corrupted { .. });
            assert!(expected, "cut to {length}: {error}");
            continue;
        }
        let whole = bounds.iter().filter(|bound| **bound <= length).count() as u64 - 1;
        let (journal, report) = answer.unwrap();
        let torn = report.torn.expect("a cut stream is torn");
        assert_eq!((report.frames, torn.sequence), (whole, whole + 1), "cut to {length}");
        assert_eq!(torn.offset, bounds[whole as usize] as u64, "cut to {length}");
        assert_eq!(report.bytes, torn.offset);
        assert!(torn.reason.starts_with("the stream ends"), "{}", torn.reason);
        require_prefix(&journal, whole);
    }
}

#[test]
fn a_stream_altered_anywhere_is_refused_and_leaves_no_journal() {
    let stream = exported();
    let bounds = bounds(&stream);
    let end = bounds[FRAMES as usize];
    for at in 0..stream.len() {
        for bit in 0..8 {
            let mut altered = stream.clone();
            altered[at] ^= 1 << bit;
            let disk = Disk::new();
            match Journal::import_on(&altered[..], disk.clone()) {
                // The end mark carries no frame: without it the stream is whole and torn.
                Ok((journal, report)) => {
                    assert!(at >= end, "byte {at}");
                    require_prefix(&journal, FRAMES);
                    assert!(report.torn.is_some(), "byte {at}");
                }
                Err(JournalError::Corrupted { sequence, offset, reason }) => {
                    if at >= bounds[0] {
                        let frame = bounds.iter().filter(|bound| **bound <= at).count();
                        assert_eq!(sequence, Some(frame as u64), "byte {at}: {reason}");
                        assert_eq!(offset, Some(bounds[frame - 1] as u64), "byte {at}: {reason}");
                    }
                    let left = Journal::open_on(disk);
                    let expected = matches!(
                        left,
                        Err(JournalError::Unfinished | JournalError::NotAJournal { .. })
                    );
                    assert!(expected, "byte {at}: {left:?}");
                }
                Err(JournalError::NotAJournal { .. }) => assert!(at < 8),
                Err(JournalError::UnsupportedVersion { .. }) => assert_eq!(at, 8),
                Err(error) => panic!("byte {at}: {error}"),
            }
        }
    }
}

/// Sectors of zeros or noise over the tail are a cut, over the middle they are damage.
#[test]
fn a_garbled_tail_is_torn_and_a_garbled_middle_is_refused() {
    let stream = exported();
    let bounds = bounds(&stream);
    let mut draws = Draws::new(5);
    for frame in 0..FRAMES as usize {
        for zero in [true, false] {
            let from = bounds[frame] + 3;
            let mut garbled = stream.clone();
            for byte in &mut garbled[from..] {
                *byte = if zero { 0 } else { draws.next() as u8 };
            }
            let (journal, report) = import(&garbled).unwrap();
            require_prefix(&journal, frame as u64);
            assert_eq!(report.torn.unwrap().offset, bounds[frame] as u64);

            let mut garbled = stream.clone();
            for byte in &mut garbled[from..bounds[frame + 1]] {
                *byte = if zero { 0 } else { draws.next() as u8 };
            }
            let error = import(&garbled).unwrap_err().to_string();
            assert!(error.contains("altered and not cut"), "{error}");
        }
    }
}

#[test]
fn frames_repeated_swapped_or_left_out_are_refused() {
    let stream = exported();
    let bounds = bounds(&stream);
    let header = &stream[..bounds[0]];
    let frame = |number: usize| &stream[bounds[number - 1]..bounds[number]];
    let end = &stream[bounds[FRAMES as usize]..];
    let with = |order: &[usize], end: &[u8]| {
        let mut built = header.to_vec();
        order.iter().for_each(|number| built.extend_from_slice(frame(*number)));
        built.extend_from_slice(end);
        import(&built)
    };
    let all: Vec<usize> = (1..=FRAMES as usize).collect();
    assert!(with(&all, end).is_ok());
    for (order, expected) in [
        (vec![1, 2, 2, 3], "frame 2 is followed by frame 2"),
        (vec![1, 3, 2, 4], "frame 1 is followed by frame 3"),
        (vec![2, 3], "frame 0 is followed by frame 2"),
        (vec![1, 2, 4], "frame 2 is followed by frame 4"),
        (vec![1, 2, 3], "its end mark names frame 12"),
    ] {
        let error = with(&order, end).unwrap_err();
        assert!(matches!(error, JournalError::Corrupted { .. }), "{error}");
        assert!(error.to_string().contains(expected), "{error}");
    }
    let mut twice = end.to_vec();
    twice.extend_from_slice(frame(1));
    let error = with(&all, &twice).unwrap_err().to_string();
    assert!(error.contains("behind the end mark"), "{error}");
}

#[test]
fn a_frame_of_another_chain_is_refused() {
    let mut other = Journal::create_on(Disk::new(), &disk_manifest("another run")).unwrap();
    other.append(&[small_payload(1)]).unwrap();
    let mut foreign = Vec::new();
    other.export(&mut foreign).unwrap();
    let stream = exported();
    let mut spliced = stream[..bounds(&stream)[0]].to_vec();
    let from = foreign.len() - END_BYTES - FRAME_OVERHEAD - small_payload(1).len();
    spliced.extend_from_slice(&foreign[from..]);
    let error = import(&spliced).unwrap_err().to_string();
    assert!(error.contains("its previous hash is"), "{error}");
}

fn disk_manifest(label: &str) -> breakwater_journal::Manifest {
    breakwater_journal::Manifest::new("0.1.0-test", label)
}

/// A claim of four gigabytes is refused from the claim alone.
#[test]
fn a_length_beyond_the_limit_is_never_allocated() {
    let stream = exported();
    let at = bounds(&stream)[3];
    let mut altered = stream.clone();
    altered[at + 1..at + 5].copy_from_slice(&(PAYLOAD_BYTES_MAX as u32 + 1).to_le_bytes());
    let error = import(&altered).unwrap_err().to_string();
    assert!(error.contains("claims a payload of 16777217 bytes"), "{error}");
}

#[test]
fn large_payloads_and_many_batches_pass_through() {
    let mut journal = Journal::create_on(Disk::new(), &manifest()).unwrap();
    let mut all: Vec<Vec<u8>> = (1..=9500).map(small_payload).collect();
    all.push(vec![7; PAYLOAD_BYTES_MAX]);
    all.push(Vec::new());
    journal.append(&all).unwrap();
    let mut stream = Vec::new();
    journal.export(&mut stream).unwrap();
    let (copy, report) = import(&stream).unwrap();
    assert_eq!((report.frames, report.torn), (9502, None));
    assert!(payloads(&copy) == all);
    let refused = journal.append(&[vec![0; PAYLOAD_BYTES_MAX + 1]]);
    assert!(matches!(refused, Err(JournalError::TooLong { .. })), "{refused:?}");
    assert_eq!(journal.append(&[b"still usable"]).unwrap(), 9503..9504);
}

#[test]
fn an_import_to_a_path_refuses_what_exists_and_removes_what_failed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("copy.journal");
    let stream = exported();
    let mut altered = stream.clone();
    altered[bounds(&stream)[4] + 50] ^= 1;
    assert!(Journal::import(&altered[..], &path).is_err());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    drop(Journal::import(&stream[..], &path).unwrap());
    let refused = Journal::import(&stream[..], &path);
    assert!(matches!(refused, Err(JournalError::AlreadyExists { .. })), "{refused:?}");
    require_prefix(&Journal::open(&path).unwrap(), FRAMES);
}

/// The stream of format 1, built here from the tables of the format page and not by the crate:
/// streams of this release must open in every later one.
#[test]
fn a_stream_written_from_the_format_page_is_read() {
    let mut manifest = b"BWMF\x01\x05\0\0\0".to_vec();
    manifest.extend_from_slice(b"0.1.0\x03\0\0\0run");
    let genesis = *blake3::hash(&manifest).as_bytes();
    let mut stream = b"BWSTRM\r\n\x01".to_vec();
    stream.extend_from_slice(&(manifest.len() as u32).to_le_bytes());
    stream.extend_from_slice(&manifest);
    stream.extend_from_slice(&genesis);
    let mut previous = genesis;
    for (sequence, payload) in [(1u64, b"first".as_slice()), (2, b"")] {
        let hash = frame_hash(sequence, &previous, payload);
        stream.push(b'F');
        stream.extend_from_slice(&(payload.len() as u32).to_le_bytes());
        stream.extend_from_slice(&sequence.to_le_bytes());
        stream.extend_from_slice(&previous);
        stream.extend_from_slice(payload);
        stream.extend_from_slice(&hash);
        previous = hash;
    }
    let mut end = b"BWEN\x01\x02\0\0\0\0\0\0\0".to_vec();
    end.extend_from_slice(&previous);
    stream.push(b'E');
    stream.extend_from_slice(&end[5..]);
    stream.extend_from_slice(blake3::hash(&end).as_bytes());

    let (journal, report) = import(&stream).unwrap();
    assert_eq!((report.frames, report.torn), (2, None));
    assert_eq!(journal.manifest(), &breakwater_journal::Manifest::new("0.1.0", "run"));
    assert_eq!(payloads(&journal), [b"first".to_vec(), Vec::new()]);
    let mut written = Vec::new();
    journal.export(&mut written).unwrap();
    assert!(written == stream);
}
