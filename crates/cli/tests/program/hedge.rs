//! `breakwater hedge`: the trade now, a backtest, a simulation.

use crate::started::{run, run_in};
use serde_json::Value;
use std::fs;

fn number(value: &Value) -> f64 {
    value.as_str().unwrap_or_else(|| panic!("{value}")).parse().unwrap()
}

fn narrow(text: &str) {
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    assert!(text.lines().count() <= 30, "{text}");
}

/// The parts of a `gained` and its total, in billionths.
fn sums(gained: &Value) {
    let nanos = |name: &str| {
        let text = gained[name].as_str().unwrap();
        let (sign, text) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        sign * format!("{whole}{fraction:0<9}").parse::<i128>().unwrap()
    };
    let parts = ["delta", "gamma", "theta", "vega", "costs", "funding", "residual"];
    assert_eq!(parts.into_iter().map(nanos).sum::<i128>(), nanos("total"), "{gained}");
}

#[test]
fn the_shipped_coin_book_hears_a_trade_from_each_policy() {
    let told = run(&["hedge", "coin-book"]).with(0);
    narrow(&told.out);
    for word in ["neutral in coin", "short gamma", "whalley-wilmott", "zakamouline", "leland 1 h"] {
        assert!(told.out.contains(word), "{word} is not in:\n{}", told.out);
    }
    let json = run(&["hedge", "coin-book", "--json"]).with(0).json();
    assert_eq!((&json["schema"], &json["kind"]), (&"breakwater.hedge/1".into(), &"now".into()));
    let policies = json["policies"].as_array().unwrap();
    assert_eq!(policies.len(), 6);
    for policy in policies {
        let lots = policy["trade_lots"].as_i64().unwrap();
        let traded = number(&policy["delta_after"]) - number(&policy["delta_before"]);
        assert!((traded - lots as f64 * 10.0 / 90_000.0).abs() < 1e-6, "{policy}");
    }
    assert_eq!(policies[0]["trade_lots"], 0);
    // Neutral in the quote currency the cash is hedged as well.
    let quote = run(&["hedge", "coin-book", "--json", "--neutral", "quote"]).with(0).json();
    let apart = number(&policies[1]["target"]) - number(&quote["policies"][1]["target"]);
    assert!((apart - 25.0 - number(&json["worth"])).abs() < 1e-6, "{apart}");
}

#[test]
fn a_backtest_writes_its_folder_and_its_parts_are_the_total() {
    let folder = tempfile::tempdir().unwrap();
    let book = "index-week-2021-01";
    let told = run_in(folder.path(), &["hedge", book, "--backtest", book]).with(0);
    narrow(&told.out);
    assert!(told.out.contains("108 snapshots of 432 rows"), "{}", told.out);
    let out = folder.path().join("out/hedge-index-week-2021-01");
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(page.contains("Where the profit came from"));
    assert!(page.contains("Hedge error against the width of the band"));
    let steps = fs::read_to_string(out.join("steps.csv")).unwrap();
    assert_eq!(steps.lines().count(), 1 + 6 * 107);
    let json: Value = serde_json::from_slice(&fs::read(out.join("hedge.json")).unwrap()).unwrap();
    for policy in json["policies"].as_array().unwrap() {
        sums(&policy["gained"]);
    }
    let errors: Vec<f64> = json["bands"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| number(&row["step_deviation"]))
        .collect();
    assert!(errors.first() < errors.last(), "{errors:?}");
    // The same again gives the same bytes.
    run_in(folder.path(), &["hedge", book, "--backtest", book]).with(0);
    let again: Value = serde_json::from_slice(&fs::read(out.join("hedge.json")).unwrap()).unwrap();
    assert_eq!(json, again);
}

#[test]
fn a_split_must_be_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let csv = "instrument,kind,strike,expiry,quantity,volatility\n\
               c,call,650,2014-07-19 16:00:00,-100,\n";
    fs::write(folder.path().join("book.csv"), csv).unwrap();
    let asked = ["hedge", "book.csv", "--backtest", "split-2014-06", "--policy", "interval"];
    run_in(folder.path(), &asked).complains(3, &["if shares were split, say when and how"]);
    let told = [&asked[..], &["--split", "2014-06-06=7", "--json"]].concat();
    let json = run_in(folder.path(), &told).with(0).json();
    assert_eq!(json["policies"].as_array().unwrap().len(), 1);
    assert!(number(&json["policies"][0]["gained"]["total"]).abs() < 5_000.0);
    let wrong = [&asked[..], &["--split", "7"]].concat();
    run_in(folder.path(), &wrong).complains(2, &["such as 2014-06-06=7 is right"]);
}

#[test]
fn a_simulation_is_near_the_exact_error_and_depends_on_the_seed_alone() {
    let folder = tempfile::tempdir().unwrap();
    let few = ["hedge", "--simulate", "--paths", "600", "--intervals", "20", "--cost-bps", "0"];
    let run = |more: &[&str]| run_in(folder.path(), &[&few[..], more].concat());
    let told = run(&[]).with(0);
    narrow(&told.out);
    let once = run(&["--json"]).with(0);
    assert_eq!(once.out, run(&["--json"]).with(0).out);
    let json = once.json();
    let exact = number(&json["exact_deviation"]);
    let interval = &json["policies"][1];
    let off = (number(&interval["deviation"]) - exact).abs();
    assert!(off < 4.0 * number(&interval["deviation_error"]), "{off} {interval}");
    sums(&interval["gained_all_paths"]);
    assert_ne!(once.out, run(&["--json", "--seed", "2"]).with(0).out);
}

#[test]
fn what_cannot_be_hedged_is_refused_with_its_reason() {
    run(&["hedge", "nowhere"]).complains(2, &["no book 'nowhere'", "coin-book"]);
    run(&["hedge", "coin-book", "--depth", "0"]).complains(3, &["depth", "nothing can be traded"]);
    run(&["hedge", "coin-book", "--instrument", "spot"]).complains(3, &["a future or a perpetual"]);
    run(&["hedge", "--simulate", "--volatility", "-0.2"]).complains(2, &["volatility is -0.2"]);
    run(&["hedge", "--simulate", "--volatility", "x"]).complains(2, &["--volatility"]);
    run(&["hedge", "coin-book", "--as-of", "2026-02-01T00:00:00"]).complains(3, &["expired"]);
    let dear = ["hedge", "--simulate", "--cost-bps", "900", "--quantity", "1", "--paths", "50"];
    run(&[&dear[..], &["--policy", "leland"]].concat()).complains(2, &["above -1 is right"]);
}
