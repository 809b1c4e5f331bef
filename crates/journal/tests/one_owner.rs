//! A journal has one owner at a time, in one process and between processes, and a creation never
//! overwrites.

use std::env;
use std::process::Command;

use breakwater_journal::{Journal, JournalError, Manifest};

const PATH: &str = "BREAKWATER_JOURNAL_TEST_OWNED_PATH";

fn manifest() -> Manifest {
    Manifest::new("0.1.0-test", "one owner")
}

#[test]
fn a_second_open_in_the_same_process_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pool.journal");
    let mut first = Journal::create(&path, &manifest()).unwrap();
    first.append(&[b"one"]).unwrap();
    for _ in 0..2 {
        let second = Journal::open(&path);
        assert!(matches!(second, Err(JournalError::AlreadyOpen)), "{second:?}");
    }
    first.append(&[b"two"]).unwrap();
    drop(first);
    assert_eq!(Journal::open(&path).unwrap().head().sequence, 2);
}

/// Run by the test below in a process of its own; alone it has nothing to do.
#[test]
fn as_another_process() {
    let Some(path) = env::var_os(PATH) else { return };
    let answer = match Journal::open(&path) {
        Ok(journal) => format!("opened at {}", journal.head().sequence),
        Err(error) => format!("refused: {error}"),
    };
    println!("<{answer}>");
}

fn ask_another_process(path: &std::path::Path) -> String {
    let output = Command::new(env::current_exe().unwrap())
        .args(["as_another_process", "--exact", "--nocapture"])
        .env(PATH, path)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let answer = text.split_once('<').unwrap().1.split_once('>').unwrap().0;
    answer.to_owned()
}

#[test]
fn a_second_open_in_another_process_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pool.journal");
    let mut journal = Journal::create(&path, &manifest()).unwrap();
    journal.append(&[b"one"]).unwrap();
    let answer = ask_another_process(&path);
    assert!(answer.starts_with("refused: the journal is already open"), "{answer}");
    journal.append(&[b"two"]).unwrap();
    journal.close().unwrap();
    assert_eq!(ask_another_process(&path), "opened at 2");
}

#[test]
fn a_creation_never_overwrites_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pool.journal");
    std::fs::write(&path, b"something else").unwrap();
    let refused = Journal::create(&path, &manifest());
    assert!(matches!(refused, Err(JournalError::AlreadyExists { .. })), "{refused:?}");
    assert_eq!(std::fs::read(&path).unwrap(), b"something else");
    let refused = Journal::open_or_create(&path, &manifest());
    assert!(matches!(refused, Err(JournalError::Corrupted { .. })), "{refused:?}");
    std::fs::remove_file(&path).unwrap();

    let too_long = Manifest::new("1", vec![0; 5000]);
    let refused = Journal::create(&path, &too_long);
    assert!(matches!(refused, Err(JournalError::TooLong { .. })), "{refused:?}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);

    drop(Journal::create(&path, &manifest()).unwrap());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn opening_for_another_run_is_refused_by_field() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pool.journal");
    let missing = Journal::open(&path);
    assert!(matches!(missing, Err(JournalError::NotFound { .. })), "{missing:?}");
    drop(Journal::open_or_create(&path, &manifest()).unwrap());
    drop(Journal::open_or_create(&path, &manifest()).unwrap());
    for (other, field) in [
        (Manifest::new("0.2.0", "one owner"), "engine_version is \"0.1.0-test\""),
        (Manifest::new("0.1.0-test", b"x\0".to_vec()), "label is \"one owner\""),
    ] {
        let text = Journal::open_or_create(&path, &other).unwrap_err().to_string();
        assert!(text.contains(field), "{text}");
    }
}
