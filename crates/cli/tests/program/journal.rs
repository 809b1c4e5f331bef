use crate::started::{run_in, small};
use breakwater_engine::{Body, Command, Engine};
use breakwater_journal::{Journal, Manifest};
use breakwater_liquidation::AssetKind;
use breakwater_money::Time;
use breakwater_simulate::{encode, registry};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// A folder in which the small scenario was replayed.
fn replayed() -> TempDir {
    let folder = small();
    run_in(folder.path(), &["replay", "small.toml", "--out", "run", "--quiet"]).with(0);
    folder
}

fn find(bytes: &[u8], text: &str) -> Vec<usize> {
    bytes
        .windows(text.len())
        .enumerate()
        .filter(|(_, w)| *w == text.as_bytes())
        .map(|(i, _)| i)
        .collect()
}

#[test]
fn a_journal_goes_out_and_comes_back_and_is_what_it_was() {
    let folder = replayed();
    let run = |arguments: &[&str]| run_in(folder.path(), arguments);
    let first = run(&["verify", "run/journal.redb", "--json"]).with(0).json();
    assert_eq!(first["schema"], "breakwater.verify/1");
    for field in ["sound", "books_balance", "watch_list_complete", "state_recorded_same"] {
        assert_eq!(first[field], true, "{field}");
    }
    let told = run(&["journal", "export", "run/journal.redb", "stream"]).with(0);
    assert!(told.out.contains("exported") && told.out.contains("frames"), "{}", told.out);
    run(&["journal", "export", "run/journal.redb", "stream"]).complains(3, &["already exists"]);
    let json = run(&["journal", "import", "stream", "copy.redb", "--json"]).with(0).json();
    assert_eq!(json["frames"], first["frames"]);
    assert!(json["cut"].is_null());
    run(&["journal", "import", "stream", "copy.redb"])
        .complains(3, &["copy.redb", "already exists"]);

    let second = run(&["verify", "copy.redb", "--json"]).with(0).json();
    for field in ["state_hash", "head_hash", "frames", "accepted", "rejected"] {
        assert_eq!(first[field], second[field], "{field}");
    }
    assert!(second["state_recorded_same"].is_null(), "a stream carries no state");
    let hash = first["state_hash"].as_str().unwrap();
    run(&["verify", "copy.redb", "--state-hash", hash]).with(0);
    let other = "0".repeat(64);
    let told = run(&["verify", "copy.redb", "--state-hash", &other]).with(4);
    assert!(told.out.contains("expected 0000"), "{}", told.out);
}

#[test]
fn a_cut_stream_gives_what_was_whole_and_says_so() {
    let folder = replayed();
    let run = |arguments: &[&str]| run_in(folder.path(), arguments);
    run(&["journal", "export", "run/journal.redb", "stream"]).with(0);
    let bytes = fs::read(folder.path().join("stream")).unwrap();
    fs::write(folder.path().join("cut"), &bytes[..bytes.len() / 2]).unwrap();
    let told = run(&["journal", "import", "cut", "part.redb"]).with(4);
    assert!(told.out.contains("was cut inside frame"), "{}", told.out);
    let part = run(&["verify", "part.redb", "--json"]).with(0).json();
    assert_eq!(part["sound"], true);

    let label = find(&bytes, "0x")[0];
    let mut altered = bytes;
    altered[label] ^= 1;
    fs::write(folder.path().join("altered"), altered).unwrap();
    run(&["journal", "import", "altered", "no.redb"]).complains(4, &["altered", "corrupted"]);
    assert!(!folder.path().join("no.redb").exists());
    fs::write(folder.path().join("foreign"), "hello").unwrap();
    run(&["journal", "import", "foreign", "no.redb"]).complains(3, &["foreign", "not a journal"]);
    run(&["journal", "import", "nowhere", "no.redb"]).complains(3, &["nowhere"]);
}

#[test]
fn an_altered_journal_is_found_out() {
    let folder = replayed();
    let path = folder.path().join("run/journal.redb");
    let bytes = fs::read(&path).unwrap();
    let label = {
        let book = fs::read_to_string(folder.path().join("black-thursday/book.csv")).unwrap();
        book.lines().nth(1).unwrap().split(',').next().unwrap().to_owned()
    };
    let places = find(&bytes, &label);
    assert!(!places.is_empty());
    let altered = folder.path().join("altered.redb");
    let (mut refused, mut found) = (0, 0);
    for place in places {
        let mut bytes = bytes.clone();
        bytes[place + 5] ^= 1;
        fs::write(&altered, &bytes).unwrap();
        let told = run_in(folder.path(), &["verify", "altered.redb"]);
        // A place that the database no longer uses may differ; a snapshot that is lost is a
        // finding; a frame that is altered is a broken chain.
        assert!([0, 1, 4].contains(&told.code), "{} {}", told.out, told.err);
        if told.code == 4 {
            refused += 1;
            assert!(told.err.contains("corrupted"), "{}", told.err);
        } else {
            assert!(told.out.contains("same as kept"), "{}", told.out);
            found += usize::from(told.code == 1 && told.out.contains("the snapshot at frame"));
        }
    }
    assert!(refused > 0, "no altered frame was found out");
    assert!(found > 0, "no altered snapshot was found out");

    fs::write(&altered, &bytes[..bytes.len() / 2]).unwrap();
    let told = run_in(folder.path(), &["verify", "altered.redb"]);
    assert!([3, 4].contains(&told.code), "{}", told.err);
    fs::write(&altered, "hello ".repeat(4_000)).unwrap();
    run_in(folder.path(), &["verify", "altered.redb"]).complains(3, &["not a journal"]);
    run_in(folder.path(), &["verify", "nowhere.redb"]).complains(3, &["does not exist"]);
    run_in(folder.path(), &["verify", "run"]).complains(3, &["run is a folder"]);
}

fn define(symbol: &str) -> Command {
    let (symbol, kind) = (symbol.to_owned(), AssetKind::Token);
    Command { at: Time(1), body: Body::DefineAsset { symbol, decimals: 18, kind } }
}

/// A journal of two commands, with what `keep` says of the state at its end.
fn kept(path: &Path, keep: impl Fn(&Engine) -> ([u8; 32], Vec<u8>)) {
    let mut engine = Engine::new(registry());
    let mut journal = Journal::create(path, &Manifest::new("test", "a test")).unwrap();
    for command in [define("WETH"), define("USDC")] {
        assert!(engine.apply(&command).accepted());
        journal.append(&[encode(&command)]).unwrap();
    }
    let (hash, state) = keep(&engine);
    journal.write_snapshot(2, hash, &state).unwrap();
    journal.close().unwrap();
}

#[test]
fn a_state_that_the_commands_do_not_give_is_found_out() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("j");
    let verify = || run_in(folder.path(), &["verify", "j"]);
    kept(&path, |engine| (engine.state_hash().combined, engine.encode().unwrap()));
    verify().with(0);

    fs::remove_file(&path).unwrap();
    kept(&path, |engine| ([7; 32], engine.encode().unwrap()));
    let told = verify().with(4);
    assert!(told.out.contains("at frame 2 the recorded state hash is 0707"), "{}", told.out);

    fs::remove_file(&path).unwrap();
    kept(&path, |engine| {
        let other = Engine::new(registry());
        (engine.state_hash().combined, other.encode().unwrap())
    });
    let told = verify().with(4);
    assert!(told.out.contains("the state kept at frame 2 does not have its hash"), "{}", told.out);
}

#[test]
fn a_journal_of_something_else_is_refused_with_the_frame() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("j");
    let mut journal = Journal::create(&path, &Manifest::new("test", "a test")).unwrap();
    journal.append(&["not a command"]).unwrap();
    journal.close().unwrap();
    run_in(folder.path(), &["verify", "j"]).complains(3, &["frame 1", "no command"]);
}
