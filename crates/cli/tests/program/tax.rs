//! `tax` on files: forms, elections, assumptions and refusals.

use crate::started::{Ended, run_in, workspace};
use breakwater_money::{Rational, rational};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// A folder with the files of the worked page and one more.
fn folder(extra: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    for name in ["margin-long.csv", "inverse-perpetual.csv", "lending-seizure.csv"] {
        fs::copy(workspace().join("docs/tax").join(name), folder.path().join(name)).unwrap();
    }
    fs::write(folder.path().join("extra.csv"), extra).unwrap();
    folder
}

fn tax(folder: &Path, file: &str, profile: &str, more: &[&str]) -> Ended {
    let mut arguments = vec!["tax", file, "--profile", profile, "--year", "2025", "--cash", "CASH"];
    arguments.extend(more);
    run_in(folder, &arguments)
}

fn answer(folder: &Path, file: &str, profile: &str, more: &[&str]) -> Value {
    let mut more = more.to_vec();
    more.push("--json");
    let json = tax(folder, file, profile, &more).with(0).json();
    assert_eq!(json["schema"], "breakwater.tax/1");
    json
}

fn figure(answer: &Value, label: &str) -> String {
    let figures = answer["figures"].as_array().unwrap();
    let found = figures.iter().find(|figure| figure["label"] == label);
    found.unwrap_or_else(|| panic!("{label}: {figures:?}"))["value"].as_str().unwrap().to_owned()
}

fn rows(answer: &Value, table: &str) -> Vec<Value> {
    let tables = answer["tables"].as_array().unwrap();
    let found = tables.iter().find(|found| found["name"] == table).unwrap();
    found["rows"].as_array().unwrap().clone()
}

#[test]
fn the_worked_files_have_the_figures_of_the_page() {
    let folder = folder("");
    let path = folder.path();
    let us = answer(path, "margin-long.csv", "us", &[]);
    assert_eq!(figure(&us, "short-term gain or loss (Form 8949)"), "-15529");
    let uk = answer(path, "margin-long.csv", "uk", &[]);
    assert_eq!(figure(&uk, "net gain or loss of tokens"), "-14126");
    assert_eq!((&uk["year"], &uk["currency"]), (&json!("2025/26"), &json!("GBP")));
    let us = answer(path, "lending-seizure.csv", "us", &[]);
    assert_eq!(figure(&us, "long-term gain or loss (Form 8949)"), "-6090.5");
    let passed = ["--pledged", "pool", "--elect", "posted-collateral=passed"];
    let uk = answer(path, "lending-seizure.csv", "uk", &passed);
    assert_eq!(rows(&uk, "matches").len(), 0);
    let wash = answer(path, "margin-long.csv", "us", &["--elect", "wash-sales=on"]);
    let disallowed = rows(&wash, "wash-sales");
    // One of the 4.02 units of the first slice is replaced within 30 days: a share of 6,072.06.
    assert!(
        disallowed.len() == 1 && disallowed[0].to_string().contains("1510.46"),
        "{disallowed:?}"
    );
    let stands = wash["elections"].as_array().unwrap();
    let wash = stands.iter().find(|stands| stands["election"] == "wash-sales").unwrap();
    assert_eq!((&wash["choice"], &wash["by_default"]), (&json!("on"), &json!(false)));
}

#[test]
fn the_text_has_the_notice_elections_and_what_was_assumed() {
    let extra = "time,kind,asset,quantity,value,id\n\
        2025-03-01 01:00:00,sell,ETH,2,5000,s1\n";
    let folder = folder(extra);
    let flags = ["--missing-basis", "zero", "--time-zone", "+02:00"];
    let told = tax(folder.path(), "extra.csv", "us", &flags).with(0);
    for part in [
        "A calculation aid, not advice.",
        "United States, tax year 2025 (2025-01-01 to 2025-12-31), in USD",
        "5000.00",
        "wash-sales            off (default; uncertain, decides 1 events)",
        "1 times had no zone and were taken as UTC+02:00",
        "s1: 2 ETH went out that had not come in",
        "2025-02-28",
    ] {
        assert!(told.out.contains(part), "'{part}' is not in: {}", told.out);
    }
}

#[test]
fn what_makes_no_sense_is_refused_by_name() {
    let folder = folder("time,kind,asset,quantity,value\n2025-03-01T00:00:00Z,sell,ETH,2,5000\n");
    let path = folder.path();
    let run = |more: &[&str]| tax(path, "extra.csv", "us", more);
    run(&[]).complains(3, &["extra.csv", "line 2", "2 ETH go out", "0 are held"]);
    run(&["--elect", "wash-sales=perhaps"]).complains(2, &["wash-sales", "off or on"]);
    run(&["--elect", "colour=red"]).complains(2, &["colour", "no election of profile us"]);
    run(&["--order", "main:fefo"]).complains(2, &["--order", "fefo"]);
    run(&["--order", "average"]).complains(2, &["average", "fifo, lifo, hifo or lofo"]);
    run(&["--time-zone", "Mars"]).complains(2, &["--time-zone", "Mars"]);
    tax(path, "extra.csv", "xx", &[]).complains(2, &["--profile", "us, uk, de, ca or au"]);
    run_in(path, &["tax", "extra.csv"]).complains(2, &["--profile is missing"]);
    run_in(path, &["tax", "extra.csv", "--profile", "us"]).complains(2, &["--year is missing"]);
    run_in(path, &["tax", "none.csv", "--profile", "us", "--year", "2025"])
        .complains(3, &["none.csv"]);
    run_in(path, &["tax", "extra.csv", "--profile", "us", "--year", "25"])
        .complains(2, &["year 25"]);
}

/// A posting's weight in the currency: its total cost, or its amount.
fn weight(posting: &str) -> Rational {
    let amount = posting.trim().split_once("  ").unwrap().1;
    let words: Vec<&str> = amount.split_whitespace().collect();
    let number = |text: &str| rational::parse(text).unwrap();
    let zero = rational::from_raw(0, 0);
    match words.iter().position(|word| *word == "@@") {
        Some(at) => {
            let cost = number(words[at + 1]);
            if number(words[0]) < zero { -cost } else { cost }
        }
        None => number(words[0]),
    }
}

#[test]
fn the_folder_has_forms_a_page_and_ledgers_that_balance() {
    let folder = folder("");
    for (file, profile) in
        [("margin-long.csv", "us"), ("inverse-perpetual.csv", "uk"), ("lending-seizure.csv", "de")]
    {
        let out = format!("out-{profile}");
        tax(folder.path(), file, profile, &["--out", &out]).with(0);
        // Again, over what the first run wrote.
        tax(folder.path(), file, profile, &["--out", &out]).with(0);
        let read = |name: &str| fs::read_to_string(folder.path().join(&out).join(name)).unwrap();
        let page = read("report.html");
        assert!(page.contains("not advice") && page.contains("posted-collateral"));
        let json: Value = serde_json::from_str(&read("tax.json")).unwrap();
        for table in json["tables"].as_array().unwrap() {
            let csv = read(&format!("{}.csv", table["name"].as_str().unwrap()));
            assert_eq!(csv.lines().count(), 1 + table["rows"].as_array().unwrap().len());
        }
        let ledger = read("ledger.journal");
        let blocks = ledger.split("\n\n").skip(1);
        let mut seen = 0;
        for block in blocks {
            let sum: Rational = block.lines().skip(1).map(weight).sum();
            assert_eq!(sum, rational::from_raw(0, 0), "{block}");
            seen += 1;
        }
        assert!(seen >= 2, "{ledger}");
        let beancount = read("ledger.beancount");
        assert!(beancount.contains("option \"operating_currency\""), "{beancount}");
        assert_eq!(beancount.matches("\n20").count(), seen, "{beancount}");
    }
}
