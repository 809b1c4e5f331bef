//! Over any order of appends, snapshots, closes and crashes, the journal is the list of payloads
//! that a plain vector holds.

mod disk;

use disk::{Disk, manifest, payloads};
use proptest::prelude::*;

use breakwater_journal::{Frame, Journal, JournalError, frame_hash};

#[derive(Debug, Clone)]
enum Step {
    Append(Vec<Vec<u8>>),
    Snapshot(Vec<u8>),
    Reopen { close: bool },
    Crash(u64),
    Copy,
}

fn step() -> impl Strategy<Value = Step> {
    let payload = prop_oneof![
        6 => prop::collection::vec(any::<u8>(), 0..60),
        1 => prop::collection::vec(any::<u8>(), 3000..9000),
    ];
    prop_oneof![
        6 => prop::collection::vec(payload, 0..8).prop_map(Step::Append),
        2 => prop::collection::vec(any::<u8>(), 0..5000).prop_map(Step::Snapshot),
        1 => any::<bool>().prop_map(|close| Step::Reopen { close }),
        2 => any::<u64>().prop_map(Step::Crash),
        1 => Just(Step::Copy),
    ]
}

fn require_same(journal: &Journal, model: &[Vec<u8>], state: &Option<(u64, Vec<u8>)>, from: u64) {
    assert_eq!(journal.head().sequence, model.len() as u64);
    let mut previous = journal.manifest().genesis().unwrap();
    let mut found = Vec::new();
    for (sequence, frame) in (1..).zip(journal.frames(1).unwrap()) {
        let Frame { sequence: at, previous: before, payload, hash } = frame.unwrap();
        assert_eq!((at, before), (sequence, previous));
        assert_eq!(hash, frame_hash(at, &before, &payload));
        previous = hash;
        found.push(payload);
    }
    assert_eq!(previous, journal.head().hash);
    assert_eq!(found, model);

    let from = from % (model.len() as u64 + 1) + 1;
    let tail: Vec<Vec<u8>> =
        journal.frames(from).unwrap().map(|frame| frame.unwrap().payload).collect();
    assert_eq!(tail, model[from as usize - 1..]);

    let recovery = journal.recover().unwrap();
    assert!(recovery.rejected.is_empty());
    let snapshot = recovery.snapshot.map(|snapshot| (snapshot.sequence, snapshot.bytes));
    assert_eq!(&snapshot, state);
    let after = snapshot.map_or(0, |snapshot| snapshot.0) as usize;
    assert_eq!(recovery.suffix.count(), model.len() - after);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn whatever_the_order_of_steps(
        steps in prop::collection::vec(step(), 1..25), from: u64,
    ) {
        let mut disk = Disk::new();
        let mut journal = Journal::create_on(disk.clone(), &manifest()).unwrap();
        let mut model: Vec<Vec<u8>> = Vec::new();
        let mut state = None;
        for step in steps {
            match step {
                Step::Append(batch) => {
                    let first = model.len() as u64 + 1;
                    let given = journal.append(&batch).unwrap();
                    prop_assert_eq!(given, first..first + batch.len() as u64);
                    model.extend(batch);
                }
                Step::Snapshot(bytes) => {
                    journal.write_snapshot(model.len() as u64, [5; 32], &bytes).unwrap();
                    state = Some((model.len() as u64, bytes));
                }
                Step::Reopen { close } => {
                    if close { journal.close().unwrap() } else { drop(journal) }
                    journal = Journal::open_on(disk.clone()).unwrap();
                }
                Step::Crash(seed) => {
                    disk = Disk::holding(disk.crash(seed));
                    journal = Journal::open_on(disk.clone()).unwrap();
                }
                Step::Copy => {
                    let mut stream = Vec::new();
                    journal.export(&mut stream).unwrap();
                    let copy = Journal::import_on(&stream[..], Disk::new()).unwrap().0;
                    prop_assert_eq!(copy.head(), journal.head());
                    prop_assert_eq!(payloads(&copy), model.clone());
                }
            }
            require_same(&journal, &model, &state, from);
        }
    }
}

#[test]
fn reading_outside_the_chain_is_refused_by_name() {
    let mut journal = Journal::create_on(Disk::new(), &manifest()).unwrap();
    assert_eq!(journal.append(&[[0u8; 0]; 0]).unwrap(), 1..1);
    assert_eq!(journal.frames(1).unwrap().count(), 0);
    assert_eq!(journal.append(&["a", "b"]).unwrap(), 1..3);
    assert_eq!(journal.frames(3).unwrap().count(), 0);
    for from in [0, 4, u64::MAX] {
        let error = journal.frames(from).unwrap_err();
        assert!(matches!(error, JournalError::OutOfRange { .. }), "{error}");
        assert_eq!(error.to_string(), format!("from is {from}, it must be from 1 to 3"));
    }
}
