//! What was acknowledged survives failed writes, failed syncs and power loss at any operation,
//! and what was not is there wholly or not at all.

mod disk;

use disk::{Disk, Fault, check_survivors, manifest, payload, payloads, run};

use breakwater_journal::{Journal, JournalError};

const BATCHES: [u64; 12] = [1, 3, 1, 10, 2, 1, 40, 1, 5, 1, 2, 1];
const SEEDS: u64 = 6;

/// Runs the workload with the fault, then crashes the disk in several ways.
fn survive(fault: Fault) -> (u64, u64) {
    let (mut struck, mut retried) = (0, 0);
    for seed in 0..SEEDS {
        let disk = Disk::new().with_fault(fault, seed);
        let account = run(&disk, &BATCHES);
        struck += u64::from(disk.struck());
        retried += disk.tried_after();
        assert_eq!(disk.struck(), account.error.is_some(), "{fault:?}: {:?}", account.error);
        check_survivors(disk.crash(seed), &account, &format!("{fault:?}, seed {seed}"));
    }
    (struck, retried)
}

fn counts() -> disk::Counts {
    let disk = Disk::new();
    let account = run(&disk, &BATCHES);
    assert!(account.error.is_none(), "{:?}", account.error);
    disk.counts()
}

#[test]
fn whichever_write_fails() {
    let counts = counts();
    for n in 1..=counts.writes {
        let (struck, retried) = survive(Fault::Write(n));
        assert_eq!((struck, retried), (SEEDS, 0), "write {n} of {}", counts.writes);
    }
}

#[test]
fn whichever_sync_fails() {
    let counts = counts();
    for n in 1..=counts.syncs {
        let (struck, retried) = survive(Fault::Sync(n));
        assert_eq!((struck, retried), (SEEDS, 0), "sync {n} of {}", counts.syncs);
    }
}

#[test]
fn wherever_the_power_fails() {
    let counts = counts();
    for n in 1..=counts.operations {
        let (struck, retried) = survive(Fault::Power(n));
        assert_eq!((struck, retried), (SEEDS, 0), "operation {n} of {}", counts.operations);
    }
}

/// Opening repairs, and the repair may be cut short too.
#[test]
fn when_the_power_fails_again_during_the_repair() {
    let mut repairs_cut = 0;
    for first in [9, 17, 26, 38, 51, 64] {
        let disk = Disk::new().with_fault(Fault::Power(first), first);
        let account = run(&disk, &BATCHES);
        let image = disk.crash(first);
        for second in 1..=12 {
            for fault in [Fault::Power(second), Fault::Write(second), Fault::Sync(second)] {
                let disk = Disk::holding(image.clone()).with_fault(fault, second);
                let opened = Journal::open_on(disk.clone());
                repairs_cut += u64::from(disk.struck() && opened.is_err());
                drop(opened);
                let context = format!("power {first}, then {fault:?}");
                check_survivors(disk.crash(second), &account, &context);
            }
        }
    }
    assert!(repairs_cut > 50, "only {repairs_cut} repairs were cut short");
}

#[test]
fn a_full_disk_refuses_cleanly_and_goes_on_after_space_is_made() {
    // Long enough to outgrow the length that a new journal is given.
    let batches: Vec<u64> = BATCHES.iter().cycle().take(240).copied().collect();
    let new = Disk::new();
    drop(Journal::create_on(new.clone(), &manifest()).unwrap());
    let needed = new.longest();
    let mut refused_while_appending = 0;
    for quarter in 1..8 {
        let disk = Disk::new().with_capacity(needed * quarter / 4);
        let account = run(&disk, &batches);
        let error = account.error.as_ref().expect("the disk is too small for the run");
        assert!(matches!(error, JournalError::NoSpace { .. }), "{error}");
        refused_while_appending += u64::from(account.created);
        check_survivors(disk.image(), &account, "full disk, still running");
        check_survivors(disk.crash(7), &account, "full disk, then power loss");
        if account.created {
            let mut journal = Journal::open_on(Disk::holding(disk.image())).unwrap();
            let next = journal.head().sequence + 1;
            assert_eq!(journal.append(&[payload(next)]).unwrap(), next..next + 1);
            assert_eq!(payloads(&journal).len() as u64, next);
        }
    }
    assert!(refused_while_appending > 0, "no disk was full in the middle of the run");
}

#[test]
fn a_creation_cut_short_is_never_taken_for_a_journal() {
    let disk = Disk::new();
    drop(Journal::create_on(disk.clone(), &manifest()).unwrap());
    let operations = disk.counts().operations;
    let mut unfinished = 0;
    for n in 1..=operations {
        let disk = Disk::new().with_fault(Fault::Power(n), n);
        let created = Journal::create_on(disk.clone(), &manifest()).is_ok();
        match Journal::open_on(Disk::holding(disk.crash(n))) {
            Ok(journal) => assert_eq!(journal.head().sequence, 0),
            Err(error) => {
                assert!(!created, "{error}");
                unfinished += u64::from(matches!(error, JournalError::Unfinished));
            }
        }
    }
    assert!(unfinished > 0);
}
