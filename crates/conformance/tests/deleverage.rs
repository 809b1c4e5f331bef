//! Kinds about deleveraging and junior profit: the repository's vectors, and what must be found in
//! them when it is altered.

use breakwater_conformance::{FileReport, adapters, all_passed, run_text};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

fn file(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance/exchange");
    serde_json::from_str(&fs::read_to_string(folder.join(name)).unwrap()).unwrap()
}

fn run(file: &Value) -> FileReport {
    run_text("x.json", &file.to_string(), &adapters())
}

fn of(kind: &str, input: Value, expected: Value) -> Value {
    json!({"schema": "breakwater.exchange-vector/1", "vectors": [
        {"id": "a", "kind": kind, "input": input, "expected": expected}]})
}

/// Paths of everything that is no list and no object.
fn leaves(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Array(list) => {
            for (at, value) in list.iter().enumerate() {
                leaves(value, &format!("{path}/{at}"), found);
            }
        }
        Value::Object(map) => {
            for (name, value) in map {
                leaves(value, &format!("{path}/{name}"), found);
            }
        }
        _ => found.push(path.to_owned()),
    }
}

fn queue(size: &str, scores: [&str; 3]) -> Value {
    let accounts: Vec<Value> = (1..)
        .zip(scores)
        .map(|(id, score)| json!({"id": format!("{id}"), "qty": "1.5", "score": score}))
        .collect();
    json!({"size": size, "bankruptcy_price": "640", "accounts": accounts})
}

#[test]
fn the_vectors_pass_and_no_expected_value_can_be_altered() {
    let mut altered = 0;
    for (name, cases) in [("percolator.json", 16), ("binance-adl.json", 3)] {
        let whole = file(name);
        let report = run(&whole);
        assert_eq!((report.passed, report.total, &report.failures[..]), (cases, cases, &[][..]));
        let mut paths = Vec::new();
        leaves(&whole, "", &mut paths);
        for path in paths.iter().filter(|path| path.contains("/expected/")) {
            let mut file = whole.clone();
            let slot = file.pointer_mut(path).unwrap();
            *slot = match slot {
                Value::Bool(flag) => json!(!*flag),
                Value::String(text) => {
                    let more = breakwater_money::rational::parse("0.02").unwrap();
                    let sum = breakwater_money::rational::parse(text).unwrap() + more;
                    json!(sum.to_string())
                }
                other => panic!("{other}"),
            };
            let report = run(&file);
            assert_eq!((report.passed, report.failures.len()), (cases - 1, 1), "{name}{path}");
            altered += 1;
        }
    }
    assert!(altered > 40, "{altered}");
}

#[test]
fn a_queue_names_whom_it_touches_and_what_is_left() {
    let fill = |id: &str, qty: &str, remaining: &str| json!({"id": id, "qty": qty, "remaining": remaining});
    let some = of(
        "adl_queue",
        queue("2", ["0.5", "7/2", "0.5"]),
        json!({"price": "640", "unfilled": "0",
            "fills": [fill("2", "1.5", "0"), fill("1", "0.5", "1")]}),
    );
    assert_eq!(run(&some).failures, []);
    let all = of(
        "adl_queue",
        queue("5.25", ["-3", "-2", "-1"]),
        json!({"unfilled": "0.75", "fills":
            [fill("3", "1.5", "0"), fill("2", "1.5", "0"), fill("1", "1.5", "0")]}),
    );
    assert_eq!(run(&all).failures, []);
    let mut wrong = some.clone();
    wrong["vectors"][0]["expected"]["fills"][1]["remaining"] = json!("0.9");
    let report = run(&wrong);
    assert_eq!(report.failures[0].field, "expected.fills[1].remaining");
    assert_eq!(report.failures[0].got, "1");
    let mut negative = some.clone();
    negative["vectors"][0]["input"]["accounts"][2]["qty"] = json!("-1");
    assert_eq!(run(&negative).failures[0].field, "input.accounts[2].qty");
}

#[test]
fn scores_and_the_funds_result_follow_the_venues_rules() {
    for (kind, input, expected) in [
        (
            "adl_score_bitmex",
            json!({"mark_value": "9500", "bankrupt_value": "9000", "entry_value": "10000"}),
            json!({"effective_leverage": "19", "pnl_percent": "-0.05", "ranking": "-1/380"}),
        ),
        (
            "adl_score_bitmex",
            json!({"mark_value": "9000", "bankrupt_value": "9000", "entry_value": "10000"}),
            json!({"effective_leverage": null, "ranking": null}),
        ),
        (
            "adl_score_hyperliquid",
            json!({"mark": "110", "entry": "100", "notional": "1100", "account_value": "0"}),
            json!({"index": null}),
        ),
        (
            "adl_score_binance",
            json!({"wallet": "-5", "upnl": "4", "maintenance": "9"}),
            json!({"pnl_percent": "4", "leverage_pnl": "0"}),
        ),
        (
            "insurance_result",
            json!({"side": "short", "qty": "3", "bankruptcy": "99", "exec": "99.2"}),
            json!({"fund_change": "-0.6"}),
        ),
    ] {
        assert!(all_passed(&[run(&of(kind, input.clone(), expected))]), "{kind} {input}");
    }
    let side = of(
        "insurance_result",
        json!({"side": "both", "qty": "3", "bankruptcy": "99", "exec": "99.2"}),
        json!({"fund_change": "0"}),
    );
    assert_eq!(run(&side).failures[0].field, "input.side");
}

#[test]
fn what_an_engine_cannot_do_is_named() {
    for (kind, input, field) in [
        (
            "percolator_adl",
            json!({"a": "10", "oi": "5", "close_qty": "6", "deficit": "0", "insurance": "0",
                "pos_scale": "1"}),
            "input.close_qty",
        ),
        (
            "equity_scale_split",
            json!({"principal": "1", "realized": "1", "scale": "1.5", "principal_first": true}),
            "input.scale",
        ),
        (
            "percolator_margin",
            json!({"pos_q": "1", "price": "1", "pos_scale": "0", "mm_bps": "1", "min_mm": "1",
                "equity": "1"}),
            "input.pos_q",
        ),
        (
            "percolator_settle",
            json!({"basis": "1", "a": "1", "a_basis": "0", "k_minus_snap": "1", "pos_scale": "1"}),
            "input.basis",
        ),
        (
            "percolator_h",
            json!({"vault": "1", "capital_total": "0", "insurance": "0",
                "matured_positive_pnl": "1", "released": ["1", "-1"]}),
            "input.released[1]",
        ),
        (
            "crisis_waterfall",
            json!({"principal": "-1", "realized": "0", "warming": "0", "insurance": "0",
                "collateral": "0"}),
            "input.principal",
        ),
    ] {
        let report = run(&of(kind, input, json!({"x": "1"})));
        assert_eq!(report.failures[0].field, field, "{kind}");
    }
    // A third of an odd sum stays exact.
    let split = of(
        "equity_scale_split",
        json!({"principal": "1.5", "realized": "1", "scale": "1/3", "principal_first": false}),
        json!({"principal": "5/6", "realized": "0"}),
    );
    assert_eq!(run(&split).failures, []);
}
