use crate::started::{Ended, run_in, small, text};
use breakwater_engine::{Body, Command};
use breakwater_journal::{Journal, Manifest};
use breakwater_money::Time;
use breakwater_money::decimal::parse_raw;
use breakwater_simulate::{decode, encode};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

const LINES: usize = 40;
const COLUMNS: usize = 100;

/// A folder in which the small scenario was replayed, and the liquidations of each account.
fn replayed() -> (TempDir, BTreeMap<String, Vec<csv::StringRecord>>) {
    let folder = small();
    run_in(folder.path(), &["replay", "small.toml", "--out", "run", "--quiet"]).with(0);
    let table = text(&folder.path().join("run/liquidations.csv"));
    let mut rows: BTreeMap<String, Vec<csv::StringRecord>> = BTreeMap::new();
    for row in csv::Reader::from_reader(table.as_bytes()).records() {
        let row = row.unwrap();
        rows.entry(row[4].to_owned()).or_default().push(row);
    }
    (folder, rows)
}

fn why(folder: &TempDir, more: &[&str]) -> Ended {
    let mut arguments = vec!["why", "run/journal.redb"];
    arguments.extend(more);
    run_in(folder.path(), &arguments)
}

fn cents(value: &Value) -> u128 {
    parse_raw(value.as_str().unwrap(), 8).unwrap()
}

fn steps(json: &Value) -> Vec<Value> {
    assert_eq!(json["steps"]["left_out"], 0);
    let ends = ["first", "last"].map(|end| json["steps"][end].as_array().unwrap().clone());
    ends.concat()
}

#[test]
fn every_account_fits_on_a_screen_and_all_of_them_add_up_to_the_run() {
    let (folder, rows) = replayed();
    let again = ["replay", "small.toml", "--out", "again", "--json", "--quiet"];
    let totals = run_in(folder.path(), &again).with(0).json()["totals"].clone();
    let (mut repaid, mut seized, mut deficit, mut called) = (0, 0, 0, 0u64);
    for number in 0..totals["accounts"].as_u64().unwrap() {
        let number = number.to_string();
        let told = why(&folder, &[&number]).with(0).out;
        assert!(told.lines().count() <= LINES, "{told}");
        assert!(told.lines().all(|line| line.chars().count() <= COLUMNS), "{told}");
        let json = why(&folder, &[&number, "--json"]).with(0).json();
        assert_eq!(json["schema"], "breakwater.why/1");
        assert_eq!(json["account"].to_string(), number);
        let owner = json["owner"].as_str().unwrap();
        assert!(told.starts_with(&format!("account {number} of {owner}: ")), "{told}");
        let of_owner = rows.get(owner).map_or(&[][..], Vec::as_slice);
        assert_eq!(json["sum"]["liquidations"], of_owner.len() as u64, "{owner}");
        let places: Vec<u64> = steps(&json)
            .iter()
            .filter(|step| step["step"] == "seized")
            .map(|step| step["sequence"].as_u64().unwrap())
            .collect();
        let expected: Vec<u64> = of_owner.iter().map(|row| row[0].parse().unwrap()).collect();
        assert_eq!(places, expected, "{owner}");
        repaid += cents(&json["sum"]["got_value"]);
        seized += cents(&json["sum"]["given_value"]);
        deficit += cents(&json["sum"]["deficit_value"]);
        called += u64::from(!json["called"].is_null());
    }
    assert_eq!(repaid, cents(&totals["debt_repaid"]));
    assert_eq!(seized, cents(&totals["collateral_seized"]));
    assert_eq!(deficit, cents(&totals["bad_debt_booked"]));
    assert_eq!(called, totals["called"].as_u64().unwrap());
    assert!(deficit > 0 && called > 0, "nothing to add up");
}

#[test]
fn an_account_that_was_liquidated_several_times_is_told_from_its_line_to_its_loss() {
    let (folder, rows) = replayed();
    let (owner, of_owner) = rows.iter().max_by_key(|(_, rows)| rows.len()).unwrap();
    assert!(of_owner.len() > 8, "too few to leave any out");
    let told = why(&folder, &[owner]).with(0).out;
    for word in [
        "rulebook    aave-v3.7 with parameters ",
        "policy 'as it is'",
        "\nended       ",
        "\nwarned      ",
        "\ncalled      ",
        "\nwhy         the price alone: ",
        "; the line was at ",
        "\nbefore      equity ",
        "\nthen        equity ",
        "\navoided by  ",
        "\nliquidated  first 20",
        " repaid, ",
        " lost to a keeper; ratio ",
        " more like these: ",
        "\ntaken       ",
        "\nfor         ",
        "\nlost        ",
        "\nworth       ",
    ] {
        assert!(told.contains(word), "'{word}' is not in:\n{told}");
    }

    let json = why(&folder, &[owner, "--json"]).with(0).json();
    let crossing = &json["called"]["crossing"];
    let price = |text: &Value| parse_raw(text.as_str().unwrap(), 8).unwrap();
    let cause = &crossing["causes"][0];
    assert_eq!(cause["kind"], "price");
    let mut quoted = crossing["markets"].as_array().unwrap().iter();
    let quoted = quoted.find(|quoted| quoted["market"] == cause["market"]).unwrap();
    let (before, line, mark) =
        (price(&quoted["mark_before"]), price(&quoted["line_before"]), price(&quoted["mark"]));
    assert!(before >= line && line > mark, "{quoted}");
    assert_eq!(crossing["before"]["breach"], false);
    assert_eq!(crossing["after"]["breach"], true);
    assert_eq!(json["avoided_by"]["prices"][0]["market"], cause["market"]);
    assert!(price(&json["avoided_by"]["prices"][0]["price"]).abs_diff(line) <= 1);
    assert_eq!(json["avoided_by"]["top_up"], crossing["after"]["shortfall"]);
    assert_eq!(json["sum"]["lost_to"][0]["to"]["kind"], "outside");
    let lost = cents(&json["sum"]["given_value"]) - cents(&json["sum"]["got_value"]);
    assert_eq!(cents(&json["sum"]["lost"]), lost);
}

#[test]
fn bad_debt_is_told_with_its_bearers() {
    let (folder, rows) = replayed();
    let lossy = rows.iter().find(|(_, rows)| rows.iter().any(|row| &row[19] != "0"));
    let (owner, _) = lossy.expect("an account with bad debt");
    let told = why(&folder, &[owner]).with(0).out;
    let first = told.lines().next().unwrap();
    assert!(first.ends_with(", bankrupt"), "{first}");
    for word in ["a deficit was booked: ", "\ndeficit     ", "\nborne       ", "by nobody yet"] {
        assert!(told.contains(word), "'{word}' is not in:\n{told}");
    }
    let json = why(&folder, &[owner, "--json"]).with(0).json();
    assert_eq!(json["ended"]["state"], "bankrupt");
    assert_eq!(json["ended"]["owes"], serde_json::json!([]));
    assert_eq!(json["sum"]["after"]["worth"], "0");
    let sum = |name: &str| {
        let list = json["sum"][name].as_array().unwrap();
        let amounts = list.iter().map(|entry| parse_raw(entry["amount"].as_str().unwrap(), 18));
        amounts.map(Result::unwrap).sum::<u128>()
    };
    assert_eq!(sum("deficit"), sum("borne"));
}

#[test]
fn an_account_that_was_never_called_hears_how_far_it_is() {
    let (folder, _) = replayed();
    let found = (0..40).find_map(|number| {
        let json = why(&folder, &[&number.to_string(), "--json"]).with(0).json();
        (json["calls"] == 0).then_some((number.to_string(), json))
    });
    let (number, json) = found.expect("an account that was never called");
    assert!(json["called"].is_null() && json["liquidated"].is_null());
    assert!(json["avoided_by"].is_null() && json["sum"]["before"].is_null());
    let lines = json["lines"].as_array().unwrap();
    assert!(!lines.is_empty());
    let told = why(&folder, &[&number]).with(0).out;
    assert!(told.contains(": never called, nothing was liquidated\n"), "{told}");
    assert!(told.contains("\nlines       ") && told.contains(" the mark of "), "{told}");
    for line in lines {
        assert!(told.contains(line["market"].as_str().unwrap()), "{line} is not in:\n{told}");
        let (mark, at) = (cents(&line["mark"]), cents(&line["line"]));
        assert_eq!(line["safe"] == "above", mark > at, "{line}");
        let bps = mark.abs_diff(at) * 10_000 / mark;
        assert_eq!(line["distance_bps"], bps.to_string());
    }
}

/// The journal of the run with more commands behind it.
fn longer(folder: &Path, name: &str, more: &[Body]) {
    let run = Journal::open(folder.join("run/journal.redb")).unwrap();
    let mut commands: Vec<Vec<u8>> =
        run.frames(1).unwrap().map(|frame| frame.unwrap().payload).collect();
    let at: Time = decode(commands.last().unwrap()).unwrap().at;
    run.close().unwrap();
    commands.extend(more.iter().map(|body| encode(&Command { at, body: body.clone() })));
    let mut longer =
        Journal::create(folder.join(name), &Manifest::new("test", "a longer run")).unwrap();
    longer.append(&commands).unwrap();
    longer.close().unwrap();
}

#[test]
fn an_owner_with_several_accounts_is_asked_which() {
    let (folder, rows) = replayed();
    let owner = rows.keys().next().unwrap();
    let open = |owner: &str| Body::OpenAccount { owner: owner.to_owned() };
    let many: Vec<Body> = std::iter::repeat_n(open("many"), 50).collect();
    longer(folder.path(), "j", &[&[open(owner), open("1")], &many[..]].concat());
    let run = |arguments: &[&str]| {
        let arguments: Vec<&str> = ["why", "j"].iter().chain(arguments).copied().collect();
        run_in(folder.path(), &arguments)
    };
    let told = run(&[owner]).with(0).out;
    assert!(told.starts_with(&format!("{owner} has 2 accounts\n")), "{told}");
    assert_eq!(told.lines().count(), 4, "{told}");
    assert!(told.contains("\n  40      healthy "), "{told}");
    assert!(told.ends_with("--number\n"), "{told}");
    let json = run(&[owner, "--json"]).with(0).json();
    assert_eq!(json["accounts_of_owner"], 2);
    assert_eq!(json["accounts"][1]["account"], 40);
    // Each of them has its own story.
    let second = run(&["40", "--json"]).with(0).json();
    assert_eq!((&second["owner"], &second["calls"]), (&owner.as_str().into(), &0.into()));
    let first = json["accounts"][0]["account"].to_string();
    assert!(run(&[&first]).with(0).out.contains(" of "));

    // A name goes before a number, unless it is said that it is none.
    assert_eq!(run(&["1", "--json"]).with(0).json()["account"], 41);
    assert_eq!(run(&["1", "--number", "--json"]).with(0).json()["account"], 1);
    let told = run(&["many"]).with(0).out;
    assert!(told.lines().count() <= LINES && told.contains("  and 20 more\n"), "{told}");
}

#[test]
fn what_is_not_there_is_said_and_what_is_nearest() {
    let (folder, rows) = replayed();
    let owner = rows.keys().next().unwrap();
    let (short, wrong) = (&owner[..20], format!("{}zz", &owner[..40]));
    why(&folder, &[short]).complains(2, &["no account", "40 accounts, numbered 0 to 39", owner]);
    why(&folder, &[&wrong]).complains(2, &["nearest by name", owner]);
    why(&folder, &["40"]).complains(2, &["no account '40'", "numbered 0 to 39"]);
    why(&folder, &["40", "--number"]).complains(2, &["no account number 40"]);
    why(&folder, &["bob", "--number"]).complains(2, &["'bob' is no account's number"]);
    assert_eq!(why(&folder, &[]).code, 2);

    let run = |journal: &str| run_in(folder.path(), &["why", journal, "0"]);
    run("nowhere.redb").complains(3, &["does not exist"]);
    run("run").complains(3, &["run is a folder"]);
    fs::write(folder.path().join("foreign"), "hello ".repeat(4_000)).unwrap();
    run("foreign").complains(3, &["not a journal"]);
    let mut journal =
        Journal::create(folder.path().join("odd"), &Manifest::new("test", "odd")).unwrap();
    journal.append(&["not a command"]).unwrap();
    journal.close().unwrap();
    run("odd").complains(3, &["frame 1", "no command"]);
    let journal =
        Journal::create(folder.path().join("empty"), &Manifest::new("test", "empty")).unwrap();
    journal.close().unwrap();
    run("empty").complains(2, &["has no accounts at all"]);
}

#[test]
fn a_damaged_journal_tells_no_story() {
    let (folder, rows) = replayed();
    let bytes = fs::read(folder.path().join("run/journal.redb")).unwrap();
    let owner = rows.keys().next().unwrap().as_bytes();
    let places = bytes.windows(owner.len()).enumerate().filter(|(_, w)| *w == owner);
    let mut refused = 0;
    for (place, _) in places {
        let mut bytes = bytes.clone();
        bytes[place + 5] ^= 1;
        fs::write(folder.path().join("altered.redb"), &bytes).unwrap();
        let told = run_in(folder.path(), &["why", "altered.redb", "0"]);
        // A page that the database no longer uses may differ, and so may the state at the end.
        assert!([0, 4].contains(&told.code), "{} {}", told.out, told.err);
        if told.code == 4 {
            refused += 1;
            told.complains(4, &["altered.redb", "corrupted"]);
        }
    }
    assert!(refused > 0, "no altered frame was found out");
}

#[test]
fn a_venue_that_sells_is_told_from_order_to_fill() {
    let folder = small();
    let run = |arguments: &[&str]| run_in(folder.path(), arguments);
    run(&["replay", "small.toml", "--policy", "venue-full", "--out", "run", "-q"]).with(0);
    let table = text(&folder.path().join("run/liquidations.csv"));
    let owner = table.lines().nth(1).unwrap().split(',').nth(4).unwrap().to_owned();
    let told = why(&folder, &[&owner]).with(0).out;
    assert!(told.contains("secured-loan on aave-v3.7"), "{told}");
    for word in ["ordered to sell ", " at no less than ", " sold for ", " lost to the market; "] {
        assert!(told.contains(word), "'{word}' is not in:\n{told}");
    }
    let json = why(&folder, &[&owner, "--json"]).with(0).json();
    let kinds: Vec<String> =
        steps(&json).iter().map(|step| step["step"].as_str().unwrap().to_owned()).collect();
    let first = |kind: &str| kinds.iter().position(|known| known == kind);
    assert!(first("ordered").unwrap() < first("sold").unwrap(), "{kinds:?}");
    assert_eq!(json["sum"]["lost_to"][0]["to"]["kind"], "market");
}
