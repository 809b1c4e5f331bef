//! A journal file that was cut short is refused and left alone; it never answers fewer frames.

mod disk;

use disk::{Disk, Draws, manifest, payload, payloads};

use breakwater_journal::{Journal, JournalError};

fn image(closed: bool) -> (Vec<u8>, Vec<Vec<u8>>) {
    let disk = Disk::new();
    let mut journal = Journal::create_on(disk.clone(), &manifest()).unwrap();
    let all: Vec<Vec<u8>> = (1..=60).map(payload).collect();
    for batch in all.chunks(8) {
        journal.append(batch).unwrap();
    }
    journal.write_snapshot(30, [1; 32], &payload(11)).unwrap();
    if closed {
        journal.close().unwrap();
    }
    (disk.image(), all)
}

fn cut(image: &[u8], all: &[Vec<u8>], length: usize) -> bool {
    let short = &image[..length];
    let disk = Disk::holding(short.to_vec());
    match Journal::open_on(disk.clone()) {
        // What was cut off may have been room that nothing used yet.
        Ok(journal) => {
            assert!(payloads(&journal) == all, "cut to {length}");
            false
        }
        Err(JournalError::Corrupted { .. } | JournalError::NotAJournal { .. }) => {
            assert!(disk.image() == short, "cut to {length}: a refused file was changed");
            true
        }
        Err(error) => panic!("cut to {length}: {error}"),
    }
}

#[test]
fn wherever_it_is_cut() {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if info.location().is_none_or(|at| !at.file().contains("redb")) {
            hook(info);
        }
    }));
    for closed in [true, false] {
        let (image, all) = image(closed);
        let mut draws = Draws::new(3);
        let mut lengths: Vec<usize> = (0..image.len()).step_by(512).collect();
        lengths.extend((0..1000).map(|_| draws.below(image.len() as u64) as usize));
        lengths.extend(0..600);
        lengths.extend(8192 - 50..8192 + 400);
        let refused = lengths.iter().filter(|length| cut(&image, &all, **length)).count();
        println!("closed {closed}: {refused} of {} cuts refused", lengths.len());
        assert!(refused * 2 > lengths.len());
        assert!(!cut(&image, &all, image.len()));
    }
}

#[test]
fn a_file_that_is_something_else_is_called_so() {
    for (bytes, expected) in [
        (b"".to_vec(), "not a journal: it is empty"),
        (b"hello".to_vec(), "corrupted: the file is 5 bytes long, a journal is longer than 8192"),
        (vec![b'x'; 20_000], "not a journal: it begins with \"xxxxxxxx\""),
    ] {
        let text = Journal::open_on(Disk::holding(bytes)).unwrap_err().to_string();
        assert!(text.starts_with(expected), "{text}");
    }
    let unfinished = Journal::open_on(Disk::holding(vec![0; 20_000])).unwrap_err();
    assert!(matches!(unfinished, JournalError::Unfinished), "{unfinished}");
}
