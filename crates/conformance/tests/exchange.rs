//! The exchange kinds against the repository's own vectors, and the vectors against tampering.

use breakwater_conformance::{FileReport, adapters, all_passed, run_dir, run_text};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance")
}

fn vectors() -> Value {
    let text = fs::read_to_string(folder().join("exchange/binance-usdm.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn run(file: &Value) -> FileReport {
    run_text("exchange.json", &file.to_string(), &adapters())
}

#[test]
fn the_repositorys_exchange_vectors_pass_in_full() {
    let reports = run_dir(&folder()).unwrap();
    let report = reports.iter().find(|report| report.path == "exchange/binance-usdm.json").unwrap();
    assert_eq!((report.passed, report.total, &report.failures[..]), (19, 19, &[][..]));
}

#[test]
fn a_renamed_file_is_recognised_by_its_content() {
    let elsewhere = tempfile::tempdir().unwrap();
    fs::copy(folder().join("exchange/binance-usdm.json"), elsewhere.path().join("x.json")).unwrap();
    let reports = run_dir(elsewhere.path()).unwrap();
    assert_eq!((reports[0].name.as_str(), reports[0].passed, reports[0].total), ("x", 19, 19));
    assert!(all_passed(&reports));
    // The venue does not choose the rule either.
    let mut file = vectors();
    file["venue"] = json!("another");
    assert!(all_passed(&[run(&file)]));
}

/// The text of a number that is off by more than the case's tolerance, by as little as is easy.
fn nudged(number: &str, case: &Value) -> Value {
    let exact = case.get("tolerance").is_none();
    let nudge = if exact { "0.000000000001" } else { "0.02" };
    let sum = breakwater_money::rational::parse(number).unwrap()
        + breakwater_money::rational::parse(nudge).unwrap();
    json!(sum.to_string())
}

#[test]
fn an_altered_expected_value_is_found_for_every_output_field() {
    let file = vectors();
    let mut altered = 0;
    for (index, case) in file["vectors"].as_array().unwrap().iter().enumerate() {
        for (name, value) in case["expected"].as_object().unwrap() {
            let places = value.as_array().map_or(1, Vec::len);
            for place in 0..places {
                let mut file = file.clone();
                let expected = &mut file["vectors"][index]["expected"][name];
                let list = expected.is_array();
                let slot = if list { &mut expected[place] } else { expected };
                *slot = nudged(slot.as_str().unwrap(), case);
                let report = run(&file);
                let field = if list { format!("{name}[{place}]") } else { name.clone() };
                assert_eq!((report.passed, report.total, report.failures.len()), (18, 19, 1));
                assert_eq!(report.failures[0].id, case["id"].as_str().unwrap());
                assert_eq!(report.failures[0].field, format!("expected.{field}"));
                altered += 1;
            }
        }
    }
    // 6 prices, 12 + 10 + 9 deductions, 6 x 2 of requirements, 4 x 2 of bracketed prices.
    assert_eq!(altered, 6 + 31 + 12 + 8);
}

#[test]
fn a_bad_bracket_is_named_with_its_row_and_value() {
    let rows = |cap: &str, mmr: &str, leverage: &str| {
        json!([{"cap": "100.5", "mmr": "0.01", "max_leverage": "20"},
            {"cap": cap, "mmr": mmr, "max_leverage": leverage}])
    };
    let message = |brackets: Value, notional: &str| {
        let file = json!({"schema": "breakwater.exchange-vector/1", "vectors": [{
            "id": "a", "kind": "bracket_mm", "expected": {"tier": "1"},
            "input": {"brackets": brackets, "notional": notional}}]});
        let report = run(&file);
        assert_eq!(report.failures.len(), 1);
        format!("{}: {}", report.failures[0].field, report.failures[0].got)
    };
    let table = "input.brackets: ";
    for (brackets, expected) in [
        (
            json!([]),
            format!(
                "{table}tiers: the list is empty; a table needs at least one tier (amounts at 0 decimals)"
            ),
        ),
        (
            rows("100.50", "0.02", "10"),
            format!(
                "{table}tier 2: cap 10050 is not above 10050; caps rise strictly from 0 \
                 (amounts at 2 decimals)"
            ),
        ),
        (
            rows("200", "0.001", "10"),
            format!(
                "{table}tier 2: rate_e9 1000000 is below the 10000000 of the tier before; rates never fall (amounts at 1 decimals)"
            ),
        ),
        (
            rows("200", "0.02", "0"),
            format!("{table}tier 2: leverage_max is 0; it is at least 1 (amounts at 1 decimals)"),
        ),
        (
            rows("200", "0.0000000001", "5"),
            "input.brackets[1].mmr: '0.0000000001' has more than 9 digits after the point; the \
             scale has no finer unit"
                .to_owned(),
        ),
        (
            rows("-200", "0.02", "5"),
            "input.brackets[1].cap: '-200' is negative; expected zero or more".to_owned(),
        ),
        (
            rows("200", "0.02", "2.5"),
            "input.brackets[1].max_leverage: '2.5' has more than 0 digits after the point; the \
             scale has no finer unit"
                .to_owned(),
        ),
    ] {
        assert_eq!(message(brackets, "1"), expected);
    }
    assert_eq!(
        message(rows("200", "0.02", "10"), "200.01"),
        "input.notional: notional 20001 is above the last tier's cap 20000, the position limit \
         (amounts at 2 decimals)"
    );
}

#[test]
fn an_account_without_a_liquidation_price_says_so() {
    let case = |expected: Value| {
        json!({"schema": "breakwater.exchange-vector/1", "vectors": [{"id": "a",
            "kind": "liq_price_linear_cum", "expected": {"price": expected}, "input": {
            "side": "long", "wallet": "1000", "cum": "0", "qty": "1", "entry": "999", "mmr": "0.1"}}]})
    };
    assert!(all_passed(&[run(&case(json!(null)))]));
    let report = run(&case(json!("-10/9")));
    assert_eq!(report.failures[0].got, "null: there is no such value");
}
