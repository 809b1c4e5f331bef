//! `auction`: formats side by side, their proof, and what is refused.

use crate::started::{Ended, run, run_in, text, workspace};
use breakwater_money::decimal::parse_raw;
use serde_json::Value;
use std::fs;
use tempfile::TempDir;

/// A folder with `small.toml`: the shipped day over a few of its vaults, edited.
fn edited(edits: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    let shipped = workspace().join("scenarios");
    let mut settings = text(&shipped.join("auction-black-thursday.toml"));
    let small = [
        ("name = \"auction-black-thursday\"", "name = \"small\""),
        ("vaults = 2000", "vaults = 120"),
        ("in_flight_max = 400", "in_flight_max = 20"),
        ("bidders = [1, 3, 10, 30]", "bidders = [1, 4]"),
    ];
    for (from, to) in small.iter().chain(edits) {
        assert!(settings.contains(from), "no '{from}' in the shipped scenario");
        settings = settings.replace(from, to);
    }
    fs::write(folder.path().join("small.toml"), settings).unwrap();
    let tables = folder.path().join("auction-black-thursday");
    fs::create_dir(&tables).unwrap();
    for table in ["path.csv", "vaults.toml"] {
        fs::copy(shipped.join("auction-black-thursday").join(table), tables.join(table)).unwrap();
    }
    folder
}

fn auction(folder: &TempDir, more: &[&str]) -> Ended {
    let mut arguments = vec!["auction", "run", "small.toml", "--quiet"];
    arguments.extend(more);
    run_in(folder.path(), &arguments)
}

fn raw(value: &Value) -> u128 {
    parse_raw(value.as_str().unwrap(), 18).unwrap()
}

#[test]
fn every_format_is_told_beside_the_published_marks_and_proved() {
    let folder = edited(&[]);
    let told = auction(&folder, &[]).with(0);
    assert!(told.out.lines().all(|line| line.chars().count() <= 100), "{}", told.out);
    for word in [
        "English, that day",
        "English, later",
        "Dutch",
        "Sealed, second price",
        "Batch, one price",
        "won at",
        "As published, beside English, that day",
        "8,320,000",
        "5,670,000",
        "whiterabbit",
        "books balance: yes",
        "replay of each journal gives the same hash: yes",
    ] {
        assert!(told.out.contains(word), "'{word}' is not in:\n{}", told.out);
    }
    // Two numbers of bidders, two of gas and two of capital.
    let rows = told.out.lines().filter(|line| line.contains(" x1 ") || line.contains(" x3 "));
    assert_eq!(rows.count(), 8, "{}", told.out);
    let report = text(&folder.path().join("out/small/report.html"));
    assert!(report.contains("won at zero") && report.contains("unverified"));
    assert!(!report.contains("class=\"absent\""), "a part of the report is missing");
    for format in ["english-that-day", "english-later", "dutch", "sealed", "batch"] {
        let journal = format!("out/small/{format}.redb");
        let verified = run_in(folder.path(), &["verify", &journal, "--json"]).with(0).json();
        assert_eq!(verified["state_recorded_same"], true, "{format}");
    }
}

#[test]
fn the_json_answer_and_the_files_say_the_same() {
    let folder = edited(&[]);
    let json = auction(&folder, &["--json"]).with(0).json();
    assert_eq!(json["schema"], "breakwater.auction/1");
    let kept: Value =
        serde_json::from_str(&text(&folder.path().join("out/small/auction.json"))).unwrap();
    assert_eq!(kept, json);
    let lots = text(&folder.path().join("out/small/lots.csv"));
    let rows: Vec<csv::StringRecord> =
        csv::Reader::from_reader(lots.as_bytes()).into_records().map(Result::unwrap).collect();
    for run in json["formats"].as_array().unwrap() {
        let (name, totals) = (run["format"].as_str().unwrap(), &run["totals"]);
        assert_eq!(run["replay_hash_equal"], true, "{name}");
        assert_eq!(run["books_balance"], true, "{name}");
        let own = || rows.iter().filter(|row| &row[0] == name);
        assert_eq!(own().count() as u64, totals["lots_opened"].as_u64().unwrap(), "{name}");
        let paid: u128 = own().map(|row| parse_raw(&row[12], 18).unwrap()).sum();
        assert_eq!(paid, raw(&totals["paid"]), "{name}");
        let value: u128 = own().map(|row| parse_raw(&row[11], 18).unwrap()).sum();
        assert_eq!(value + raw(&totals["overpaid"]), paid + raw(&totals["owners_lost"]), "{name}");
        let bidders = run["bidders"].as_array().unwrap();
        let bought: u128 = bidders.iter().map(|bidder| raw(&bidder["paid"])).sum();
        assert_eq!(bought, paid, "{name}");
    }
    assert_eq!(json["sensitivity"].as_array().unwrap().len(), 16);
}

#[test]
fn two_runs_write_the_same_bytes_and_changes_are_told() {
    let folder = edited(&[]);
    let asked = ["--format", "dutch", "--bidders", "5", "--gas", "3", "--capital", "0.5"];
    let flags = [&asked[..], &["--seed", "7", "--no-sensitivity"]].concat();
    let at = |out: &str| {
        let mut flags = flags.clone();
        flags.extend(["--out", out]);
        auction(&folder, &flags).with(0)
    };
    let (one, two) = (at("first-run"), at("second-run"));
    assert_eq!(one.out.replace("first-run", "second-run"), two.out);
    let line = one.out.replace('\n', " ");
    assert!(line.contains("changed: --format dutch --bidders 5 --gas 3 --capital 0.5 --seed 7"));
    assert!(!one.out.contains("As published"), "what was published is of another format");
    assert!(one.out.contains("5 bidders drawn with seed 7") && !one.out.contains("English"));
    for file in ["report.html", "lots.csv"] {
        let [one, two] =
            ["first-run", "second-run"].map(|out| text(&folder.path().join(out).join(file)));
        assert_eq!(one, two, "{file}");
    }
    assert!(!folder.path().join("first-run/sensitivity.csv").exists());
    assert!(!folder.path().join("first-run/batch.redb").exists());
    let other = auction(&folder, &["--format", "dutch", "--no-sensitivity", "--out", "other"]);
    assert_ne!(other.with(0).out, one.out);
}

#[test]
fn a_command_line_that_makes_no_sense_is_refused_before_anything_is_written() {
    let folder = edited(&[]);
    auction(&folder, &["--format", "tulips"])
        .complains(2, &["--format: 'tulips'", "english-that-day"]);
    auction(&folder, &["--bidders", "0"]).complains(2, &["bidders: 0", "expected 1 to 1000"]);
    assert_eq!(auction(&folder, &["--gas", "0"]).with(2).out, "");
    assert_eq!(auction(&folder, &["--capital", "-1"]).with(2).out, "");
    assert!(!folder.path().join("out").exists());
    run(&["auction", "run", "nothing"])
        .complains(2, &["no scenario 'nothing'", "auction-black-thursday"]);
    run(&["replay", "auction-black-thursday"])
        .complains(2, &["breakwater auction run auction-black-thursday"]);
    run(&["compare", "auction-black-thursday"]).complains(2, &["is a scenario of auctions"]);
}

#[test]
fn a_scenario_that_makes_no_sense_is_refused_with_field_value_and_what_is_right() {
    for (from, to, words) in [
        ("vaults = 120", "vaults = 0", vec!["book.vaults: 0", "expected 1 to 100000"]),
        (
            "ratio_least = \"1.5\"",
            "ratio_least = \"0.9\"",
            vec!["book.ratio_least: 0.9", "above 1"],
        ),
        ("entry_share = \"0.8\"", "entry_share = \"1.5\"", vec!["bidders.entry_share: 1.5"]),
        (
            "margin_bps = [150, 600]",
            "margin_bps = [600, 150]",
            vec!["bidders.margin_bps", "ascending"],
        ),
        ("path_falls_bps = 4825", "path_falls_bps = 4000", vec!["path_falls_bps: 4000", "4825"]),
        ("\"proxy\", \"jump\"", "\"proxie\", \"jump\"", vec!["unknown variant", "proxie"]),
        (
            "step_bps = 500, lifetime_seconds = 600,",
            "step_bps = 500, lifetime_seconds = 0,",
            vec!["formats.english-that-day", "lifetime_seconds 0", "1 to"],
        ),
        (
            "raises = \"most\"\npenalty_bps = 0\nrestarts_max = 0\nlot = \"50\"\nstays_on_cure = true\nopen_max = 100000\nformat = { batch",
            "raises = \"debt\"\npenalty_bps = 0\nrestarts_max = 0\nlot = \"50\"\nstays_on_cure = true\nopen_max = 100000\nformat = { batch",
            vec!["formats.batch", "raises debt"],
        ),
        ("lot = \"500\"", "lot = \"none\"", vec!["formats.english-later.lot", "'none'"]),
        (
            "status = \"unverified\"",
            "status = \"sure\"",
            vec!["formats.english-later.status: 'sure'"],
        ),
        (
            "inclusion_seconds = 60 ",
            "inclusion_seconds = 0 ",
            vec!["bidders.chain.inclusion_seconds: 0"],
        ),
        (
            "\"english-later\", \"dutch\"",
            "\"english-never\", \"dutch\"",
            vec!["run.formats: 'english-never'"],
        ),
    ] {
        let folder = edited(&[(from, to)]);
        let ended = auction(&folder, &[]).with(3);
        for word in words {
            assert!(ended.err.contains(word), "'{word}' is not in: {}", ended.err);
        }
        assert!(!folder.path().join("out").exists(), "{to}");
    }
}

#[test]
fn a_folder_that_is_not_ours_is_left_alone() {
    let folder = edited(&[]);
    let out = folder.path().join("mine");
    fs::create_dir(&out).unwrap();
    fs::write(out.join("lots.csv"), "my own").unwrap();
    auction(&folder, &["--out", "mine"]).complains(3, &["it holds lots.csv"]);
    assert_eq!(text(&out.join("lots.csv")), "my own");
}
