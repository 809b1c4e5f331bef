use crate::started::{folder_with, run_in};
use serde_json::Value;
use std::fs;
use tempfile::TempDir;

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

const SMALL: [&str; 7] =
    ["stress", "black-thursday", "--paths", "40", "--sweep-paths", "4", "--json"];

fn asked<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&SMALL[..], more].concat()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value}"))
}

#[test]
fn black_thursday_gives_tails_with_intervals_and_every_file_for_any_number_of_threads() {
    let folder = folder();
    let json = run_in(folder.path(), &asked(&["--threads", "1", "--judge", "2"])).with(0).json();
    assert_eq!(json["schema"], "breakwater.stress/1");
    assert_eq!((json["paths_done"].as_u64(), json["complete"].as_bool()), (Some(40), Some(true)));
    assert_eq!(
        (json["books_balance"].as_bool(), json["judged"]["paths"].as_u64()),
        (Some(true), Some(2))
    );
    assert!(json["generator"].as_str().unwrap().contains("Philox4x32-10"), "{json}");
    let tail = &json["bad_debt"];
    let (var, shortfall) = (number(&tail["var"]["value"]), number(&tail["shortfall"]["value"]));
    assert!(var > 0.0 && shortfall >= var && number(&tail["worst"]) >= shortfall, "{tail}");
    // Forty paths cannot bound the worst hundredth from above.
    assert_eq!(tail["var"]["high"], Value::Null);
    assert_eq!(json["sweep"]["cells"].as_array().unwrap().len(), 16);
    assert!(number(&json["worst_paths"]["loss"]) > 0.0);
    let two = run_in(folder.path(), &asked(&["--threads", "3"])).with(0).json();
    assert_eq!(two["hash"], json["hash"]);
    assert_eq!(two["sweep"], json["sweep"]);
    let other = run_in(folder.path(), &asked(&["--seed", "9", "--no-sweep"])).with(0).json();
    assert_ne!(other["hash"], json["hash"]);
    assert_eq!(other["sweep"], Value::Null);
    let out = folder.path().join("out/stress-black-thursday");
    for file in ["stress.json", "report.html", "paths.csv", "fan.csv", "map.csv", "fund.csv"] {
        assert!(out.join(file).exists(), "{file}");
    }
    // The last run had no sweep, and leaves none of an earlier one behind.
    assert!(!out.join("sweep.csv").exists());
    let paths = fs::read_to_string(out.join("paths.csv")).unwrap();
    assert_eq!(paths.lines().count(), 41);
    assert!(paths.starts_with("path,bad_debt_numeraire,"), "{paths}");
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    for part in ["The price over all paths", "Where liquidations fall", "The cascade by round"] {
        assert!(page.contains(part), "{part}");
    }
}

#[test]
fn text_tells_the_same_within_the_width_of_a_screen() {
    let folder = folder();
    let asked =
        ["stress", "black-thursday", "--paths", "20", "--sweep-paths", "2", "--size-fund", "90"];
    let told = run_in(folder.path(), &asked).with(0);
    for part in
        ["value at risk, 99 %", "shortfall, 99 %", "covers", "90 %", "hash", "sweep, 2 paths each"]
    {
        assert!(told.out.contains(part), "{part}: {}", told.out);
    }
    assert!(told.out.lines().all(|line| line.chars().count() <= 100), "{}", told.out);
}

#[test]
fn a_search_marks_its_front_and_a_fund_is_sized_with_an_interval() {
    let folder = folder();
    let asked = [
        "stress",
        "loans",
        "--paths",
        "60",
        "--no-sweep",
        "--size-fund",
        "50",
        "--json",
        "--set",
        "book.drawn.accounts=400",
        "--set",
        "markets.COIN.depth.amount=1300000",
        "--set",
        "markets.COIN.price.drift=-0.0006",
        "--search",
        "rules.bonus_bps=250,500,1000",
        "--search",
        "defences.fund=0,20000",
        "--sweep-paths",
        "10",
    ];
    let json = run_in(folder.path(), &asked).with(0).json();
    assert_eq!(json["engine"], "one order of breach prices");
    let cells = json["search"]["cells"].as_array().unwrap();
    assert_eq!((cells.len(), cells[0]["paths"].as_u64()), (6, Some(10)));
    let front = cells.iter().filter(|cell| cell["on_front"] == true).count();
    assert!((1..=6).contains(&front), "{front}");
    // A fund lowers what is left and no path.
    assert!(
        number(&cells[1]["loss"]["mean"]["value"]) <= number(&cells[0]["loss"]["mean"]["value"])
    );
    assert_eq!(cells[0]["hash"], cells[1]["hash"]);
    let fund = &json["funds"][0];
    assert_eq!(
        (json["funds"].as_array().unwrap().len(), fund["level_bps"].as_u64()),
        (1, Some(5_000))
    );
    assert!(number(&fund["size"]["low"]) <= number(&fund["size"]["high"]), "{fund}");
}

#[test]
fn every_shipped_world_runs_and_is_judged() {
    let folder = folder();
    for (world, more) in [
        ("multi-collateral", ["--set", "book.drawn.accounts=300"]),
        ("perpetuals", ["--set", "book.drawn.accounts=300"]),
        ("loans", ["--set", "book.drawn.accounts=300"]),
    ] {
        let asked = ["stress", world, "--paths", "3", "--no-sweep", "--judge", "3", "--json"];
        let json = run_in(folder.path(), &[&asked[..], &more].concat()).with(0).json();
        assert_eq!(json["judged"]["paths"].as_u64(), Some(3), "{world}");
        assert!(number(&json["book"]["collateral"]) > 0.0, "{world}");
    }
    let listed = run_in(folder.path(), &["scenarios", "--json"]).with(0).json();
    let worlds = listed["worlds"].as_array().unwrap();
    assert_eq!(worlds.len(), 4);
    assert!(worlds[0]["data"].as_array().unwrap().len() == 3, "{worlds:?}");
}

#[test]
fn what_makes_no_sense_is_refused_by_its_field() {
    let folder = folder_with("broken.toml", "name = \"x\"\ntitle = 5\n");
    let refused = |asked: &[&str], code, words: &[&str]| {
        run_in(folder.path(), &[&["stress"][..], asked].concat()).complains(code, words);
    };
    refused(&["no-such"], 2, &["no scenario 'no-such'", "multi-collateral"]);
    refused(&["broken.toml"], 3, &["not a world"]);
    refused(&["loans", "--set", "rules.bonus=1"], 2, &["unknown field", "bonus"]);
    refused(&["loans", "--paths", "0"], 2, &["run.paths", "0", "1 to"]);
    refused(&["loans", "--threads", "0", "--no-sweep"], 2, &["threads"]);
    refused(&["loans", "--search", "rules.bonus_bps=1,2,1e99"], 2, &["bonus_bps"]);
    refused(&["loans", "--sweep", "a.b=1"], 2, &["a"]);
}
