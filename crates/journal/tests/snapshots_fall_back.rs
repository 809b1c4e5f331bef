//! A damaged snapshot costs time and not frames: the one before it serves, or a full replay, and
//! the answer says so.

mod disk;

use disk::{Disk, manifest, payload, payloads};

use breakwater_journal::{Journal, JournalError, SNAPSHOTS_KEPT};

/// Forty frames and snapshots at 10, 20 and 30 whose bytes are easy to find in the file.
fn build() -> Vec<u8> {
    let disk = Disk::new();
    let mut journal = Journal::create_on(disk.clone(), &manifest()).unwrap();
    for number in 1..=40 {
        journal.append(&[payload(number)]).unwrap();
        if number % 10 == 0 && number < 40 {
            journal.write_snapshot(number, [number as u8; 32], &state(number)).unwrap();
        }
    }
    journal.close().unwrap();
    disk.image()
}

fn state(number: u64) -> Vec<u8> {
    format!("<state after {number}>").into_bytes().repeat(700)
}

/// Damages every copy of a snapshot's bytes in the file.
fn ruin(image: &mut [u8], number: u64) {
    let needle = state(number);
    let mut found = 0;
    for at in 0..image.len() - needle.len() {
        if image[at] == b'<' && image[at..].starts_with(&needle) {
            image[at + needle.len() / 2] ^= 1;
            found += 1;
        }
    }
    assert!(found > 0, "the snapshot at {number} is not in the file");
}

/// What a recovery answers: the snapshot's sequence, those passed over, the suffix.
fn recover(image: &[u8]) -> (Option<u64>, Vec<u64>, Vec<u64>) {
    let journal = Journal::open_on(Disk::holding(image.to_vec())).unwrap();
    assert_eq!(payloads(&journal).len(), 40);
    let recovery = journal.recover().unwrap();
    if let Some(snapshot) = &recovery.snapshot {
        assert_eq!(snapshot.bytes, state(snapshot.sequence));
        assert_eq!(snapshot.state_hash, [snapshot.sequence as u8; 32]);
    }
    assert_eq!(journal.latest_snapshot().unwrap(), recovery.snapshot);
    (
        recovery.snapshot.map(|snapshot| snapshot.sequence),
        recovery.rejected.iter().map(|rejected| rejected.sequence).collect(),
        recovery.suffix.map(|frame| frame.unwrap().sequence).collect(),
    )
}

#[test]
fn a_sound_newest_is_used() {
    assert_eq!(recover(&build()), (Some(30), vec![], (31..=40).collect()));
}

#[test]
fn the_one_before_serves_for_a_damaged_newest() {
    let mut image = build();
    ruin(&mut image, 30);
    assert_eq!(recover(&image), (Some(20), vec![30], (21..=40).collect()));
}

#[test]
fn a_damaged_older_one_does_not_matter() {
    let mut image = build();
    ruin(&mut image, 20);
    assert_eq!(recover(&image), (Some(30), vec![], (31..=40).collect()));
}

#[test]
fn a_full_replay_serves_for_both() {
    let mut image = build();
    ruin(&mut image, 20);
    ruin(&mut image, 30);
    assert_eq!(recover(&image), (None, vec![30, 20], (1..=40).collect()));
}

#[test]
fn damage_to_a_frame_beside_a_damaged_snapshot_is_still_refused() {
    let mut image = build();
    ruin(&mut image, 30);
    let needle = payload(33);
    for at in 0..image.len() - needle.len() {
        if image[at] == needle[0] && image[at..].starts_with(&needle) {
            image[at + 20] ^= 1;
        }
    }
    let refused = Journal::open_on(Disk::holding(image));
    assert!(matches!(refused, Err(JournalError::Corrupted { .. })), "{refused:?}");
}

#[test]
fn only_the_newest_are_kept_and_order_is_enforced() {
    let disk = Disk::new();
    let mut journal = Journal::create_on(disk.clone(), &manifest()).unwrap();
    journal.write_snapshot(0, [0; 32], b"before the first").unwrap();
    journal.append(&(1..=9).map(payload).collect::<Vec<_>>()).unwrap();
    for sequence in [3, 5, 5, 7] {
        journal.write_snapshot(sequence, [1; 32], &[sequence as u8]).unwrap();
    }
    for (sequence, range) in [(6, "from 7 to 9"), (10, "from 7 to 9")] {
        let text = journal.write_snapshot(sequence, [1; 32], b"").unwrap_err().to_string();
        assert!(text.contains(&format!("snapshot sequence is {sequence}")), "{text}");
        assert!(text.contains(range), "{text}");
    }
    assert!(!journal.is_poisoned());
    let verified = journal.verify().unwrap();
    let kept: Vec<u64> = verified.snapshots.iter().map(|snapshot| snapshot.sequence).collect();
    assert_eq!(kept, [5, 7]);
    assert_eq!(kept.len(), SNAPSHOTS_KEPT);
    let recovery = journal.recover().unwrap();
    assert_eq!(recovery.suffix.map(|frame| frame.unwrap().sequence).collect::<Vec<_>>(), [8, 9]);
}
