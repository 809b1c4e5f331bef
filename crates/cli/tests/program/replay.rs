use crate::started::{run_in, small, text, workspace};
use serde_json::Value;
use std::fs;
use tempfile::TempDir;

/// The story of the shipped scenario: everything that is promised of it, in the room promised.
#[test]
fn the_shipped_replay_tells_its_story_in_thirty_lines_and_proves_it() {
    let folder = TempDir::new().unwrap();
    let told = run_in(folder.path(), &["replay", "black-thursday"]).with(0);
    let lines: Vec<&str> = told.out.lines().collect();
    assert!(lines.len() <= 30, "{} lines:\n{}", lines.len(), told.out);
    assert!(lines.iter().all(|line| line.chars().count() <= 100), "{}", told.out);
    for word in [
        "price fall",
        "accounts warned",
        "accounts called",
        "accounts liquidated",
        "accounts closed",
        "accounts under water",
        "debt repaid",
        "collateral seized",
        "incentive paid",
        "price impact",
        "gas",
        "bad debt booked",
        "bad debt open",
        "borne by",
        "largest liquidation",
        "second",
        "third",
        "cascade rounds",
    ] {
        assert!(told.out.contains(word), "'{word}' is not in:\n{}", told.out);
    }
    assert!(lines.contains(&"books balance: yes"), "{}", told.out);
    assert!(lines.contains(&"replay of the journal gives the same hash: yes"), "{}", told.out);
    let hash = lines.iter().find_map(|line| line.strip_prefix("state hash: ")).unwrap();
    assert!(hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit()), "{hash}");
    assert_eq!(*lines.last().unwrap(), "report: out/black-thursday/report.html");
    assert_eq!(told.err, "", "no progress where nobody looks");

    let out = folder.path().join("out/black-thursday");
    let report = text(&out.join("report.html"));
    assert!(report.contains("Books balance: yes") && report.contains("Replay hash equal: yes"));
    assert!(report.contains(&hash[..16]) && report.contains("<svg"));
    assert!(!report.contains("class=\"absent\""), "a part of the report is missing");

    let journal = out.join("journal.redb");
    let verified = run_in(folder.path(), &["verify", journal.to_str().unwrap(), "--json"]).with(0);
    assert_eq!(verified.json()["state_hash"], hash);
    assert_eq!(verified.json()["state_recorded_same"], true);
}

#[test]
fn two_runs_write_the_same_bytes_wherever_they_write() {
    let folder = small();
    run_in(folder.path(), &["replay", "small.toml", "--out", "one"]).with(0);
    run_in(folder.path(), &["replay", "small.toml", "--out", "deep/two", "--quiet"]).with(0);
    for file in ["report.html", "events.jsonl", "liquidations.csv"] {
        let read = |out: &str| fs::read(folder.path().join(out).join(file)).unwrap();
        assert!(read("one") == read("deep/two"), "{file} differs");
        let content = String::from_utf8(read("one")).unwrap();
        assert!(!content.contains(folder.path().to_str().unwrap()), "{file} names its folder");
    }
}

#[test]
fn the_json_answer_and_the_files_say_the_same() {
    let folder = small();
    let told = run_in(folder.path(), &["replay", "small.toml", "--json", "--seed", "7"]).with(0);
    let json = told.json();
    assert_eq!(json["schema"], "breakwater.replay/1");
    assert_eq!(json["seed"], 7);
    assert_eq!(json["books_balance"], true);
    assert_eq!(json["replay_hash_equal"], true);
    assert_eq!(json["replay_hash"], json["state_hash"]);
    assert!(json["totals"]["debt_repaid"].is_string(), "money is text");
    let liquidations = json["totals"]["liquidations"].as_u64().unwrap();
    assert!(liquidations > 0, "nothing was liquidated, so nothing was tested");

    let out = folder.path().join("out/small");
    let table = text(&out.join("liquidations.csv"));
    assert!(table.starts_with("sequence,at_seconds,at,round,account,"));
    assert_eq!(table.lines().count() as u64, liquidations + 1);

    let events = text(&out.join("events.jsonl"));
    let lines: Vec<Value> =
        events.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["schema"], "breakwater.events/1");
    assert_eq!(lines.len() as u64 - 1, json["files"]["event_lines"].as_u64().unwrap());
    let seized = lines.iter().filter(|line| line["event"] == "seized").count() as u64;
    assert_eq!(seized, liquidations);
    for line in &lines[1..] {
        for field in ["sequence", "at", "command", "rulebook", "policy", "event"] {
            assert!(!line[field].is_null(), "{field} is missing: {line}");
        }
    }
    let sequences: Vec<u64> =
        lines[1..].iter().map(|line| line["sequence"].as_u64().unwrap()).collect();
    assert!(sequences.windows(2).all(|pair| pair[0] <= pair[1]));
    let moved = |to: &str| lines.iter().any(|line| line["to"] == to && !line["cause"].is_null());
    assert!(moved("warned") && moved("called"));
}

#[test]
fn what_is_changed_is_said_and_matters() {
    let folder = small();
    let run = |more: &[&str]| {
        let mut arguments = vec!["replay", "small.toml", "--json"];
        arguments.extend(more);
        run_in(folder.path(), &arguments).with(0).json()
    };
    let plain = run(&[]);
    let free = run(&["--no-impact", "--no-gas"]);
    assert_eq!(free["changes"], serde_json::json!(["--no-impact", "--no-gas"]));
    assert_eq!(free["totals"]["price_impact"], "0");
    assert_eq!(free["totals"]["gas"], "0");
    assert_ne!(plain["totals"]["gas"], "0");
    assert_ne!(plain["state_hash"], free["state_hash"]);
    let report = text(&folder.path().join("out/small/report.html"));
    assert!(report.contains("not the scenario as it is written") && report.contains("--no-gas"));

    let mild = run(&["--shock", "ETH/USD=5%"]);
    let count = |json: &Value| json["totals"]["liquidations"].as_u64().unwrap();
    assert!(count(&mild) < count(&plain));
    let guarded = run(&["--policy", "guarded"]);
    assert_ne!(guarded["policy"], plain["policy"]);
    let sold = run(&["--policy", "venue-target"]);
    assert_eq!(sold["totals"]["keeper_gain"], "0");
    let thin = run(&["--depth-scale", "0.5", "--feedback", "0.5", "--peg", "0.97"]);
    assert_ne!(thin["state_hash"], plain["state_hash"]);
    let poor = run(&["--keeper-capital", "0"]);
    assert_eq!(count(&poor), 0);
}

#[test]
fn another_rulebook_is_taken_by_name_or_path_and_refused_if_it_makes_no_sense() {
    let folder = small();
    let mut shipped = text(&workspace().join("rulebooks/aave-v3.7.toml"));
    shipped = shipped.replace("close_factor_bps = 5000", "close_factor_bps = 2500");
    fs::write(folder.path().join("half.toml"), &shipped).unwrap();
    let run =
        |rulebook: &str| run_in(folder.path(), &["replay", "small.toml", "--rulebook", rulebook]);
    run("aave-v3.7").with(0);
    run("half.toml").with(0);
    run("nowhere").complains(2, &["no rulebook 'nowhere'", "aave-v3.7"]);
    fs::write(
        folder.path().join("odd.toml"),
        shipped.replace("[constants]", "[constants]\nodd = 1"),
    )
    .unwrap();
    run("odd.toml").with(3);
    fs::write(folder.path().join("bytes.toml"), [0xff, 0xfe]).unwrap();
    run("bytes.toml").complains(3, &["bytes.toml", "UTF-8"]);
}

#[test]
fn a_folder_that_is_not_ours_is_left_alone() {
    let folder = small();
    let theirs = folder.path().join("theirs");
    fs::create_dir(&theirs).unwrap();
    fs::write(theirs.join("journal.redb"), "precious").unwrap();
    run_in(folder.path(), &["replay", "small.toml", "--out", "theirs"])
        .complains(3, &["theirs", "journal.redb", "choose another folder"]);
    assert_eq!(text(&theirs.join("journal.redb")), "precious");

    fs::write(folder.path().join("file"), "").unwrap();
    run_in(folder.path(), &["replay", "small.toml", "--out", "file"]).complains(3, &["--out file"]);

    let ours = folder.path().join("ours");
    run_in(folder.path(), &["replay", "small.toml", "--out", "ours"]).with(0);
    fs::write(ours.join("notes.txt"), "mine").unwrap();
    run_in(folder.path(), &["replay", "small.toml", "--out", "ours"]).with(0);
    assert_eq!(text(&ours.join("notes.txt")), "mine");
}

#[test]
fn scenarios_that_make_no_sense_are_refused_with_the_place() {
    let folder = small();
    let run = |arguments: &[&str]| {
        let mut all = vec!["replay"];
        all.extend(arguments);
        run_in(folder.path(), &all)
    };
    run(&["nowhere"]).complains(2, &["nowhere", "black-thursday"]);
    run(&["small.toml", "--shock", "STETH=5%"]).complains(2, &["shock", "ETH/USD"]);
    let settings = text(&folder.path().join("small.toml"));
    fs::write(folder.path().join("odd.toml"), format!("{settings}\nodd = 1\n")).unwrap();
    assert!(run(&["odd.toml"]).with(3).err.contains("odd"));

    let path = folder.path().join("black-thursday/path.csv");
    let bars = text(&path);
    for (bad, words) in [
        (bars.replacen("195.21", "-195.21", 1), vec!["path.csv", "line 2"]),
        (bars.replacen("195.21", "NaN", 1), vec!["path.csv", "line 2", "NaN"]),
        (bars.replacen("195.21", "1e400", 1), vec!["path.csv", "line 2"]),
        (bars.lines().take(1).collect(), vec!["path.csv"]),
        (String::new(), vec!["path.csv"]),
        (bars.replacen("open", "first", 1), vec!["path.csv", "open"]),
    ] {
        fs::write(&path, bad).unwrap();
        run(&["small.toml"]).complains(3, &words);
    }
    fs::remove_file(&path).unwrap();
    run(&["small.toml"]).complains(3, &["path.csv"]);
}
