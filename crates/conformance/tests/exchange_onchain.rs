//! The kinds of the two on-chain perpetual exchanges against their vectors, and the vectors against
//! tampering.

use breakwater_conformance::{FileReport, adapters, run_text};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// Files with their cases and the outputs that these list together.
const FILES: [(&str, usize, usize); 2] = [("drift.json", 22, 22), ("dydx-v4.json", 36, 41)];

fn vectors(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance/exchange");
    serde_json::from_str(&fs::read_to_string(folder.join(name)).unwrap()).unwrap()
}

fn run(file: &Value) -> FileReport {
    run_text("exchange.json", &file.to_string(), &adapters())
}

#[test]
fn every_case_passes() {
    for (name, cases, _) in FILES {
        let report = run(&vectors(name));
        assert_eq!((report.passed, report.total, &report.failures[..]), (cases, cases, &[][..]));
    }
}

/// Another value than the one given, off by as little as is easy.
fn altered(value: &Value) -> Value {
    match value.as_str() {
        Some(number) => {
            let nudge = breakwater_money::rational::parse("0.000000000001").unwrap();
            json!((breakwater_money::rational::parse(number).unwrap() + nudge).to_string())
        }
        None => json!(!value.as_bool().unwrap()),
    }
}

#[test]
fn an_altered_expected_value_is_found_for_every_output() {
    for (name, cases, outputs) in FILES {
        let file = vectors(name);
        let mut found = 0;
        for index in 0..cases {
            let case = &file["vectors"][index];
            for (output, value) in case["expected"].as_object().unwrap() {
                let mut file = file.clone();
                file["vectors"][index]["expected"][output] = altered(value);
                let report = run(&file);
                assert_eq!((report.passed, report.failures.len()), (cases - 1, 1), "{name}");
                assert_eq!(report.failures[0].id, case["id"].as_str().unwrap());
                assert_eq!(report.failures[0].field, format!("expected.{output}"));
                found += 1;
            }
        }
        assert_eq!(found, outputs, "{name}");
    }
}

/// The first failure of the first case of `kind` in `name`, with one input changed.
fn failure(name: &str, kind: &str, field: &str, value: Value) -> String {
    let mut file = vectors(name);
    let mut cases = file["vectors"].as_array().unwrap().clone();
    cases.retain(|case| case["kind"] == kind);
    cases.truncate(1);
    cases[0]["input"][field] = value;
    (file["vectors"], file["count"]) = (json!(cases), json!(1));
    let report = run(&file);
    assert_eq!(report.failures.len(), 1, "{kind} {field}");
    format!("{}: {}", report.failures[0].field, report.failures[0].got)
}

#[test]
fn a_wrong_input_is_named_with_its_value() {
    for (name, kind, field, value, expected) in [
        (
            "drift.json",
            "drift_base_to_cover",
            "shortage",
            json!("-1"),
            "input.shortage: '-1' is negative; expected zero or more",
        ),
        (
            "drift.json",
            "drift_liq_fee",
            "base_fee",
            json!("4294967296"),
            "input.base_fee: \"4294967296\"",
        ),
        (
            "drift.json",
            "drift_swap_within",
            "asset_mult",
            json!("1.0100001"),
            "input.asset_mult: '1.0100001' has more than 6 digits after the point; the scale has no \
             finer unit",
        ),
        (
            "drift.json",
            "drift_asset_transfer",
            "asset_price",
            json!("0"),
            "input: math error: a price, amount or multiplier is 0 and is divided by; it must be \
             above 0",
        ),
        ("drift.json", "drift_socialise_perp", "base_long", json!(null), "input.base_long: null"),
        (
            "dydx-v4.json",
            "dydx_bankruptcy_quote",
            "close_market",
            json!("DOGE"),
            "input.close_market: \"DOGE\"",
        ),
        (
            "dydx-v4.json",
            "dydx_bankruptcy_quote",
            "delta",
            json!("-0.1"),
            "input: delta -1 does not close a part of the position -1",
        ),
        (
            "dydx-v4.json",
            "dydx_fillable_price",
            "ba",
            json!("4294.967296"),
            "input.ba: \"4294.967296\"",
        ),
        (
            "dydx-v4.json",
            "dydx_oi_imf",
            "upper",
            json!("999999"),
            "input: open interest caps: lower 1000000 exceeds upper 999999",
        ),
        (
            "dydx-v4.json",
            "dydx_mmf",
            "fraction_ppm",
            json!("1000001"),
            "input: a fraction of the liquidity tier is 1000001 ppm; it must be at most 1000000",
        ),
    ] {
        assert_eq!(failure(name, kind, field, value), expected);
    }
}
