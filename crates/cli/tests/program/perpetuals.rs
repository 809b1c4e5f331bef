//! `replay` and `compare` of a scenario over perpetuals, `verify` and `why` on what they write.

use crate::started::{Ended, run_in, small as loans, text, workspace};
use breakwater_money::decimal::parse_raw;
use serde_json::Value;
use std::fs;
use tempfile::TempDir;

/// A folder with `small.toml`: the shipped day over the first thousand of its traders.
fn small() -> TempDir {
    let folder = TempDir::new().unwrap();
    let shipped = workspace().join("scenarios");
    let settings = text(&shipped.join("october-2025.toml"))
        .replace("name = \"october-2025\"", "name = \"small\"")
        .replace("traders = 20000", "traders = 1000")
        .replace("open_interest = \"20000\"", "open_interest = \"2000\"");
    fs::write(folder.path().join("small.toml"), settings).unwrap();
    let tables = folder.path().join("october-2025");
    fs::create_dir(&tables).unwrap();
    for table in ["index.csv", "depth.csv"] {
        fs::copy(shipped.join("october-2025").join(table), tables.join(table)).unwrap();
    }
    folder
}

fn raw(value: &Value) -> u128 {
    parse_raw(value.as_str().unwrap(), 6).unwrap()
}

/// Losses equal their bearers to the unit, and the fund its books.
#[track_caller]
fn adds_up(totals: &Value) {
    let borne = &totals["borne_by"];
    let bearers = ["insurance", "deleveraged", "outstanding"].map(|bearer| raw(&borne[bearer]));
    assert_eq!(raw(&totals["deficit"]), bearers.iter().sum::<u128>());
    let paid_in = raw(&totals["fund_start"]) + raw(&totals["fees"]);
    assert_eq!(paid_in, raw(&totals["fund_end"]) + raw(&borne["insurance"]));
}

fn replay(folder: &TempDir, more: &[&str]) -> Ended {
    let mut arguments = vec!["replay", "small.toml", "--quiet"];
    arguments.extend(more);
    run_in(folder.path(), &arguments)
}

#[test]
fn a_replay_tells_its_story_in_thirty_lines_and_proves_it() {
    let folder = small();
    let told = replay(&folder, &["--fund", "0.001"]).with(0);
    let lines: Vec<&str> = told.out.lines().collect();
    assert!(lines.len() <= 30, "{} lines:\n{}", lines.len(), told.out);
    assert!(lines.iter().all(|line| line.chars().count() <= 100), "{}", told.out);
    for word in [
        "price fall",
        "open interest",
        "accounts called",
        "accounts bankrupt",
        "sold in the market",
        "clearance fees",
        "insurance fund",
        "winners",
        "deleveraged",
        "overshoot",
        "largest haircut",
        "changed: --fund 0.001",
        "books balance: yes",
        "replay of the journal gives the same hash: yes",
    ] {
        assert!(told.out.contains(word), "'{word}' is not in:\n{}", told.out);
    }
    assert!(!told.out.contains('\u{2026}'), "a line was cut:\n{}", told.out);
    let hash = lines.iter().find_map(|line| line.strip_prefix("state hash: ")).unwrap();
    let report = text(&folder.path().join("out/small/report.html"));
    assert!(report.contains("Books balance: yes") && report.contains("Replay hash equal: yes"));
    assert!(report.contains(&hash[..16]) && report.contains("not the scenario as it is written"));
    assert!(report.contains("The bids were refused in 505 of 1440 minutes"));
    assert!(!report.contains("class=\"absent\""), "a part of the report is missing");
    let journal = "out/small/journal.redb";
    let verified = run_in(folder.path(), &["verify", journal, "--json"]).with(0).json();
    assert_eq!(verified["state_hash"], hash);
    assert_eq!(verified["state_recorded_same"], true);
}

#[test]
fn the_json_answer_and_the_files_say_the_same() {
    let folder = small();
    let json = replay(&folder, &["--json", "--fund", "0.001"]).with(0).json();
    assert_eq!(json["schema"], "breakwater.replay-perpetuals/1");
    assert_eq!(json["replay_hash_equal"], true);
    assert_eq!(json["seed"], 20_251_010);
    let totals = &json["totals"];
    adds_up(totals);
    assert!(raw(&totals["deficit"]) > 0 && totals["waves"].as_u64() > Some(0));
    let rows = |file: &str| {
        let table = text(&folder.path().join("out/small").join(file));
        let rows = csv::Reader::from_reader(table.as_bytes()).into_records();
        rows.map(Result::unwrap).collect::<Vec<_>>()
    };
    let sum = |rows: &[csv::StringRecord], at: usize| -> u128 {
        rows.iter().map(|row| parse_raw(&row[at], 6).unwrap()).sum()
    };
    let sales = rows("liquidations.csv");
    assert_eq!(sales.len() as u64, totals["sales"].as_u64().unwrap());
    assert_eq!(sum(&sales, 7), raw(&totals["sold_value"]));
    let waves = rows("deleveraging.csv");
    assert_eq!(waves.len() as u64, totals["waves"].as_u64().unwrap());
    assert_eq!(sum(&waves, 8), raw(&totals["borne_by"]["deleveraged"]));
    let events = text(&folder.path().join("out/small/events.jsonl"));
    let lines: Vec<Value> =
        events.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len() as u64 - 1, json["files"]["event_lines"].as_u64().unwrap());
    let sold = lines.iter().filter(|line| line["event"] == "sold").count();
    assert_eq!(sold, sales.len());
    let given = lines.iter().filter(|line| line["bearer"] == "deleveraged");
    let given: u128 = given.map(|line| raw(&line["borne"]["amount"])).sum();
    assert_eq!(given, raw(&totals["borne_by"]["deleveraged"]));
}

#[test]
fn two_runs_write_the_same_bytes_wherever_they_write() {
    let folder = small();
    for out in ["one", "deep/two"] {
        replay(&folder, &["--out", out]).with(0);
        let compared = format!("{out}-compare");
        run_in(folder.path(), &["compare", "small.toml", "--out", &compared, "--quiet"]).with(0);
    }
    let read = |out: &str, file: &str| fs::read(folder.path().join(out).join(file)).unwrap();
    for file in ["report.html", "events.jsonl", "liquidations.csv", "deleveraging.csv"] {
        assert!(read("one", file) == read("deep/two", file), "{file} differs");
    }
    for file in ["compare.html", "compare.json"] {
        assert!(read("one-compare", file) == read("deep/two-compare", file), "{file} differs");
    }
}

#[test]
fn why_tells_of_a_liquidated_and_of_a_deleveraged_account() {
    let folder = small();
    replay(&folder, &["--fund", "0", "--out", "run"]).with(0);
    let first = |file: &str, at: usize| {
        let table = text(&folder.path().join("run").join(file));
        let row = csv::Reader::from_reader(table.as_bytes()).into_records().next().unwrap();
        row.unwrap()[at].to_owned()
    };
    let why = |account: &str, more: &[&str]| {
        let mut arguments = vec!["why", "run/journal.redb", account];
        arguments.extend(more);
        run_in(folder.path(), &arguments).with(0)
    };
    let liquidated = why(&first("liquidations.csv", 3), &[]).out;
    for word in ["called      ", "BTC/USD fell from", "the line was at", " BTCUSDT sold for "] {
        assert!(liquidated.contains(word), "'{word}' is not in:\n{liquidated}");
    }
    let (bankrupt, winner) = (first("deleveraging.csv", 3), first("deleveraging.csv", 12));
    let told = why(&bankrupt, &[]).out;
    assert!(told.contains("closed against") && told.contains("by deleveraged winners"), "{told}");
    let told = why(&winner, &[]).out;
    assert!(told.contains(&format!("against {bankrupt}")), "{told}");
    assert!(told.contains("of others' losses"), "{told}");
    let json = why(&winner, &["--json"]).json();
    assert_eq!(json["schema"], "breakwater.why/1");
    assert!(told.contains("given up against") && told.contains(", score "), "{told}");
    // Each closing cost what the events say that it bore, to the unit.
    let events = text(&folder.path().join("run/events.jsonl"));
    let lines = events.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let borne: Vec<String> = lines
        .filter(|line| line["event"] == "borne" && line["bearer_account"] == winner.as_str())
        .map(|line| line["borne"]["amount"].as_str().unwrap().to_owned())
        .collect();
    let steps = json["steps"]["first"].as_array().unwrap();
    let closings: Vec<&Value> = steps.iter().filter(|step| step["step"] == "deleveraged").collect();
    assert_eq!(closings.len(), borne.len());
    assert!(!borne.is_empty());
    for (step, borne) in closings.into_iter().zip(borne) {
        let near = raw(&step["lost_to_taker"]).abs_diff(parse_raw(&borne, 6).unwrap());
        assert!(near <= 1, "{step} {borne}");
        let queue = &step["queue"];
        assert!(queue["place"].as_u64() <= queue["of"].as_u64(), "{queue}");
        assert_eq!(queue["chosen_by"], "queue");
    }
}

#[test]
fn what_is_changed_is_said_and_matters() {
    let folder = small();
    let run = |more: &[&str]| {
        let mut arguments = vec!["--json"];
        arguments.extend(more);
        replay(&folder, &arguments).with(0).json()
    };
    let plain = run(&[]);
    assert_eq!(plain["changes"], serde_json::json!([]));
    let mut hashes = vec![plain["state_hash"].clone()];
    for more in [
        &["--policy", "venue-target"][..],
        &["--policy", "venue-full"],
        &["--deleverage", "pro-rata"],
        &["--deleverage", "nobody"],
        &["--fund", "0"],
        &["--no-impact"],
        &["--seed", "7"],
        &["--schedule", "pooled"],
    ] {
        let json = run(more);
        adds_up(&json["totals"]);
        assert_eq!(json["changes"], serde_json::json!([more.join(" ")]));
        assert!(!hashes.contains(&json["state_hash"]), "{more:?} changes nothing");
        hashes.push(json["state_hash"].clone());
    }
    let fed = run(&["--feedback", "0.5"]);
    assert_eq!(fed["changes"], serde_json::json!(["--feedback 0.5"]));
    adds_up(&fed["totals"]);
    assert_eq!((&plain["schedule"], &plain["totals"]["crossed"]), (&"alone".into(), &"0".into()));
}

#[test]
fn both_schedules_say_what_sharing_the_market_did() {
    let folder = small();
    for way in ["alone", "pooled"] {
        let told = replay(&folder, &["--schedule", way]).with(0).out;
        let lines: Vec<&str> = told.lines().collect();
        assert!(
            lines.len() <= 30 && lines.iter().all(|line| line.chars().count() <= 100),
            "{told}"
        );
        for word in ["crossed at the mark", "lowest price got", "longest wait", way] {
            assert!(told.contains(word), "'{word}' is not in:\n{told}");
        }
        assert!(told.contains("replay of the journal gives the same hash: yes"), "{told}");
    }
    run_in(loans().path(), &["replay", "small.toml", "--schedule", "pooled"])
        .complains(2, &["--schedule: keepers choose"]);
}

#[test]
fn flags_that_do_not_apply_are_refused_with_a_sentence() {
    let folder = small();
    for (more, word) in [
        (&["--shock", "BTC/USD=30%"][..], "--shock does not apply"),
        (&["--peg", "0.9"], "--peg does not apply"),
        (&["--depth-scale", "2"], "--depth-scale does not apply"),
        (&["--keeper-capital", "5"], "--keeper-capital does not apply"),
        (&["--no-gas"], "--no-gas does not apply"),
        (&["--thresholds", "as-deployed"], "--thresholds does not apply"),
        (&["--policy", "guarded"], "--policy guarded does not apply"),
        (&["--rulebook", "aave-v3.7"], "has no 'settle'"),
    ] {
        replay(&folder, more).complains(2, &[word]);
    }
    let compare = |more: &[&str]| {
        let mut arguments = vec!["compare", "small.toml"];
        arguments.extend(more);
        run_in(folder.path(), &arguments)
    };
    compare(&["--shock", "BTC/USD=30%"]).complains(2, &["--shock does not apply"]);
    compare(&["--rulebook", "binance-usdm", "--rulebook", "binance-usdm"])
        .complains(2, &["--rulebook: one at most"]);
    for bad in ["1.1", "-0.1", "x"] {
        replay(&folder, &["--fund", bad]).with(2);
    }
    let lending = loans();
    for command in ["replay", "compare"] {
        for flag in [&["--fund", "0.01"][..], &["--deleverage", "queue"]] {
            let mut arguments = vec![command, "small.toml"];
            arguments.extend(flag);
            run_in(lending.path(), &arguments).complains(2, &[flag[0], "a book of loans"]);
        }
    }
}

#[test]
fn a_comparison_puts_ways_and_funds_side_by_side() {
    let folder = small();
    let told = run_in(folder.path(), &["compare", "small.toml"]).with(0).out;
    assert!(told.lines().all(|line| line.chars().count() <= 100), "{told}");
    for word in [
        "queue",
        "random-start",
        "pro-rata",
        "capped",
        "risk-aware",
        "minimum-overshoot",
        "nobody",
        "over-",
        "0.25 %",
        "5 %",
        "books balance: yes",
        "The bids were refused in 505 of 1440 minutes",
    ] {
        assert!(told.contains(word), "'{word}' is not in:\n{told}");
    }
    let out = folder.path().join("out/small-compare");
    let json: Value = serde_json::from_str(&text(&out.join("compare.json"))).unwrap();
    assert_eq!(json["schema"], "breakwater.compare-perpetuals/1");
    let rows = |name: &str| json[name].as_array().unwrap().clone();
    let (ways, funds) = (rows("ways"), rows("funds"));
    assert_eq!((ways.len(), funds.len()), (7, 8));
    for row in ways.iter().chain(&funds) {
        adds_up(&row["totals"]);
        assert_eq!(row["books_balance"], true);
    }
    let left = |row: &Value| raw(&row["totals"]["borne_by"]["deleveraged"]);
    assert!(left(&funds[0]) > 0);
    assert_eq!(left(&funds[7]), 0, "a fund of 5 % survives");
    assert!(raw(&funds[7]["totals"]["fund_end"]) > 0);
    let page = text(&out.join("compare.html"));
    assert!(page.contains("minimum-overshoot") && page.contains("<svg"));
    assert!(page.contains("TheGlory"), "the source of the data");
}

#[test]
fn scenarios_are_listed_with_their_sources_and_licences() {
    let folder = TempDir::new().unwrap();
    let told = run_in(folder.path(), &["scenarios"]).with(0).out;
    for word in ["black-thursday", "october-2025", "TheGlory", "states no licence"] {
        assert!(told.contains(word), "'{word}' is not in:\n{told}");
    }
    let json = run_in(folder.path(), &["scenarios", "--json"]).with(0).json();
    let rows = json["scenarios"].as_array().unwrap();
    let october = rows.iter().find(|row| row["name"] == "october-2025").unwrap();
    assert_eq!(october["data"].as_array().unwrap().len(), 2);
    assert!(october["data"][0]["blake3"].as_str().unwrap().len() == 64);
}

#[test]
fn scenarios_that_make_no_sense_are_refused_with_the_place() {
    let folder = small();
    let path = folder.path().join("small.toml");
    let settings = text(&path);
    for (from, to, word) in [
        ("ladder = \"binance\"", "ladder = \"x\"", "venue.ladder: 'x'"),
        ("traders = 1000", "traders = -1", "traders"),
        ("open_interest = \"2000\"", "open_interest = \"1\"", "book.open_interest"),
        ("entry_reach = \"0.19\"", "entry_reach = \"0.9\"", "the position of trader-"),
    ] {
        assert!(settings.contains(from), "{from}");
        fs::write(&path, settings.replace(from, to)).unwrap();
        let ended = replay(&folder, &[]);
        assert!(ended.code == 2 || ended.code == 3, "{} {}", ended.code, ended.err);
        assert!(ended.err.contains(word) && ended.out.is_empty(), "{}", ended.err);
    }
    fs::write(&path, settings).unwrap();
    fs::remove_file(folder.path().join("october-2025/depth.csv")).unwrap();
    replay(&folder, &[]).complains(3, &["depth.csv"]);
}
