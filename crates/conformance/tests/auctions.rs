//! Files about batches and closed forms against the repository's own copies, and the copies against
//! tampering.

use breakwater_conformance::{FileReport, adapters, all_passed, run_text};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

fn file(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance/auctions");
    serde_json::from_str(&fs::read_to_string(folder.join(format!("{name}.json"))).unwrap()).unwrap()
}

fn run(file: &Value) -> FileReport {
    run_text("x.json", &file.to_string(), &adapters())
}

/// A copy of a file with the one case at a place, changed.
fn with(name: &str, at: usize, change: impl FnOnce(&mut Value)) -> FileReport {
    let mut file = file(name);
    let mut case = file["vectors"][at].clone();
    change(&mut case);
    file["vectors"] = json!([case]);
    file["cases"] = json!(1);
    run(&file)
}

/// Fields that fail.
fn fields(report: &FileReport) -> Vec<&str> {
    assert!(report.known);
    report.failures.iter().map(|failure| failure.field.as_str()).collect()
}

#[test]
fn the_repositorys_files_pass_in_full_under_any_name() {
    for (name, cases, checks) in [("batch-uniform", 25, 156), ("theory", 92, 92)] {
        let file = file(name);
        let report = run(&file);
        assert!(all_passed(std::slice::from_ref(&report)), "{:?}", report.failures);
        assert_eq!((report.passed, report.total), (cases, cases), "{name}");
        assert_eq!(file["checks"], json!(checks));
    }
}

/// Every text and flag of a value, by the path that leads to it.
fn leaves(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                leaves(value, &format!("{path}/{name}"), found);
            }
        }
        Value::Array(list) => {
            for (at, value) in list.iter().enumerate() {
                leaves(value, &format!("{path}/{at}"), found);
            }
        }
        _ => found.push(path.to_owned()),
    }
}

/// The value with its last digit or its truth changed.
fn altered(value: &Value) -> Value {
    match value {
        Value::Bool(flag) => json!(!flag),
        Value::String(text) if text.contains('/') => json!(format!("1{text}")),
        // Beyond the first ten digits a decimal may differ by its tolerance.
        Value::String(text) => {
            let digit = text.find(|c: char| ('1'..='9').contains(&c)).unwrap_or(0);
            let other = if text[digit..].starts_with('1') { "2" } else { "1" };
            json!(format!("{}{other}{}", &text[..digit], &text[digit + 1..]))
        }
        other => panic!("{other} has no place in these files"),
    }
}

/// Alters every leaf below `parts` of every case, one at a time, and counts what was altered.
fn every_alteration_is_found(name: &str, parts: &[&str], except: &[&str]) -> usize {
    let file = file(name);
    let mut altered_leaves = 0;
    for (at, case) in file["vectors"].as_array().unwrap().iter().enumerate() {
        let mut paths = Vec::new();
        for part in parts {
            leaves(&case[part], &format!("/{part}"), &mut paths);
        }
        for path in paths {
            if except.iter().any(|name| path.ends_with(name)) {
                continue;
            }
            let report = with(name, at, |case| {
                let leaf = case.pointer_mut(&path).unwrap();
                *leaf = altered(leaf);
            });
            assert_eq!(report.passed, 0, "{} {path}", case["id"]);
            altered_leaves += 1;
        }
    }
    altered_leaves
}

#[test]
fn every_output_of_every_closed_form_is_compared() {
    assert!(every_alteration_is_found("theory", &["out"], &[]) > 600);
}

#[test]
fn every_answer_of_every_batch_is_compared() {
    // What goes into a batch may change without changing what comes out.
    let inputs = ["/bidder", "/pay", "/min_receive", "/error"];
    assert!(every_alteration_is_found("batch-uniform", &["orders", "result"], &inputs) > 500);
}

#[test]
fn a_field_that_is_missing_or_unknown_is_named() {
    let gone = |case: &mut Value, part: &str, name: &str| {
        case[part].as_object_mut().unwrap().remove(name).unwrap();
    };
    let report = with("batch-uniform", 0, |case| gone(case, "result", "fee_paid"));
    assert_eq!(fields(&report), ["case.result.fee_paid"]);
    let report = with("batch-uniform", 0, |case| case["result"]["colour"] = json!("red"));
    assert_eq!(fields(&report), ["case.result.colour"]);
    let report = with("batch-uniform", 0, |case| case["orders"][2]["received"] = json!("0"));
    assert_eq!(fields(&report), ["case.orders[2].received"]);
    let report = with("batch-uniform", 0, |case| case["config"]["sell_amount"] = json!("0"));
    assert_eq!(fields(&report), ["case.config"]);
    let report = with("theory", 0, |case| gone(case, "out", "prob_sold"));
    assert_eq!(fields(&report), ["case.out.prob_sold"]);
    let report = with("theory", 0, |case| case["out"]["colour"] = json!("red"));
    assert_eq!(fields(&report), ["case.out.colour"]);
    let report = with("theory", 0, |case| case["kind"] = json!("other"));
    assert_eq!(fields(&report), ["case.kind"]);
    let report = with("theory", 0, |case| case["applies_to"] = json!(["candle"]));
    assert_eq!(fields(&report), ["case.applies_to[0]"]);
}

#[test]
fn wrong_shapes_are_mismatches() {
    for name in ["batch-uniform", "theory"] {
        for wrong in [json!(null), json!([]), json!("x"), json!(1.5), json!({"in": {}})] {
            for part in ["config", "orders", "result", "in", "out", "kind"] {
                if file(name)["vectors"][0].get(part).is_none() {
                    continue;
                }
                let report = with(name, 0, |case| case[part] = wrong.clone());
                assert!(!all_passed(&[report]), "{name} {part} {wrong}");
            }
        }
    }
    for wrong in ["1e400", "NaN", "", "0x", "1/0"] {
        let report = with("theory", 91, |case| case["in"]["annual_vol"] = json!(wrong));
        assert!(!all_passed(&[report]), "{wrong}");
    }
}

#[test]
fn a_stated_tolerance_takes_the_place_of_the_usual_one() {
    let off = |case: &mut Value| {
        case["out"]["expected_revenue"]["decimal"] = json!("0.3334");
    };
    let at = 4;
    assert_eq!(
        fields(&with("theory", at, off)),
        ["case.out.expected_revenue.decimal"],
        "1/3 is expected"
    );
    let wide = with("theory", at, |case| {
        off(case);
        case["tolerance"] = json!({"abs": "0.0001"});
    });
    assert!(all_passed(&[wide]));
    let exact = with("theory", at, |case| case["tolerance"] = json!({"abs": "0"}));
    assert_eq!(exact.passed, 0);
}

/// A repeated order is refused in silence, and a rejected bidder takes no number.
#[test]
fn a_repeated_order_is_checked_like_the_source_lists_it() {
    let order = |bidder: &str, accepted: bool| json!({"bidder": bidder, "pay": "60", "min_receive": "50", "accepted": accepted});
    let mut first = order("b0", true);
    first["id"] = json!("3");
    first["received"] = json!("100");
    first["refunded"] = json!("0");
    let mut low = order("b1", false);
    low["pay"] = json!("25");
    let case = json!({"id": "x",
        "config": {"sell_amount": "100", "min_buy_amount": "50", "fee_per_mille": "10",
            "min_funding": "60"},
        "orders": [low, first, order("b0", false)],
        "result": {"clearing_num_sold": "100", "clearing_den_paid": "60",
            "clearing_is_an_order": false, "clearing_order_filled_pay": "0",
            "funding_not_reached": false, "auctioneer_received": "60",
            "auctioneer_returned": "0", "fee_paid": "1"}});
    let of = |case: Value| {
        run(&json!({"schema": "auction-vectors/1", "family": "batch-uniform", "vectors": [case]}))
    };
    let report = of(case.clone());
    assert!(all_passed(std::slice::from_ref(&report)), "{:?}", report.failures);
    let mut other = case;
    other["orders"][2]["accepted"] = json!(true);
    assert_eq!(fields(&of(other)), ["case.orders[2].accepted"]);
}
