//! Margin of options and of whole books: the venue's own figures pass, a changed one is found in every
//! output, and what cannot be read is named.

use breakwater_conformance::{FileReport, adapters, all_passed, run_text};
use breakwater_money::rational;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

fn file(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance/exchange");
    serde_json::from_str(&fs::read_to_string(folder.join(name)).unwrap()).unwrap()
}

fn run(file: &Value) -> FileReport {
    run_text("exchange.json", &file.to_string(), &adapters())
}

fn case(kind: &str, input: Value, expected: Value) -> Value {
    json!({"schema": "breakwater.exchange-vector/1", "vectors": [
        {"id": "a", "kind": kind, "input": input, "expected": expected}]})
}

/// The field and what was found there, of a case that fails once.
fn failure(kind: &str, input: Value) -> String {
    let report = run(&case(kind, input, json!({"none": "0"})));
    assert_eq!(report.failures.len(), 1, "{report:?}");
    format!("{}: {}", report.failures[0].field, report.failures[0].expected)
}

#[test]
fn two_files_pass_in_full_and_a_changed_value_is_found_in_every_output() {
    let mut altered = 0;
    for (name, total) in [("deribit.json", 15), ("cme-span.json", 2)] {
        let file = file(name);
        let report = run(&file);
        assert_eq!((report.passed, report.total), (total, total), "{report:?}");
        for (index, case) in file["vectors"].as_array().unwrap().iter().enumerate() {
            for (output, value) in case["expected"].as_object().unwrap() {
                for place in 0..value.as_array().map_or(1, Vec::len) {
                    let mut changed = file.clone();
                    let slot = &mut changed["vectors"][index]["expected"][output];
                    let slot = if slot.is_array() { &mut slot[place] } else { slot };
                    let number = rational::parse(slot.as_str().unwrap()).unwrap();
                    *slot = json!((number + rational::parse("0.001").unwrap()).to_string());
                    let report = run(&changed);
                    assert_eq!((report.passed, report.failures.len()), (total - 1, 1));
                    assert_eq!(report.failures[0].id, case["id"].as_str().unwrap());
                    altered += 1;
                }
            }
        }
    }
    // 4 x 2 rates and margins, 5 x 2 margins, 4 profits, 3 shocks, 2 charges; 16 rows and 2 risks.
    assert_eq!(altered, 8 + 10 + 4 + 3 + 2 + 18);
}

#[test]
fn kinds_of_files_with_other_rules_hold_the_sources_figures() {
    let tier = |to: &str, ratio: &str| json!({"to": to, "ratio": ratio});
    let open = json!([tier("5000000", "0.20"), {"to": null, "ratio": "0.1"}]);
    for (kind, input, expected) in [
        (
            "option_mm_bybit",
            json!({"index": "30000", "mark": "300", "mm_factor": "0.03", "liq_fee_rate": "0.002",
                "size": "-1", "balance": "10000"}),
            json!({"maintenance_margin": "1260", "mm_rate": "0.126"}),
        ),
        (
            // The mark is above the index: a share of it counts.
            "option_mm_bybit",
            json!({"index": "100", "mark": "200", "mm_factor": "0.03", "liq_fee_rate": "0.002",
                "size": "2", "balance": "824.8"}),
            json!({"maintenance_margin": "412.4", "mm_rate": "0.5"}),
        ),
        (
            "option_buy_cost",
            json!({"size": "0.3", "price": "3500", "index": "42000", "taker": "0.0003",
                "fee_cap": "0.125"}),
            json!({"premium": "1050", "fee": "3.78", "cost": "1053.78"}),
        ),
        (
            "option_buy_cost",
            json!({"size": "2", "price": "8", "index": "42000", "taker": "0.0003",
                "fee_cap": "0.125"}),
            json!({"premium": "16", "fee": "2", "cost": "18"}),
        ),
        (
            "option_margin_okx",
            json!({"type": "call", "forward": "60000", "strike": "66000", "mark": "0.031",
                "multiplier": "0.01", "contracts": "10"}),
            json!({"position_margin": "0.0131"}),
        ),
        (
            "option_margin_okx",
            json!({"type": "put", "forward": "60000", "strike": "70000", "mark": "1.9",
                "multiplier": "0.01", "contracts": "4"}),
            json!({"position_margin": "0.0876"}),
        ),
        (
            "position_limit_tiered",
            json!({"open_interest": "5000010", "tiers": open}),
            json!({"limit": "1000001"}),
        ),
        (
            "position_limit_max",
            json!({"open_interest": "500000", "threshold": "0.20", "floor": "250000"}),
            json!({"limit": "250000"}),
        ),
    ] {
        let report = run(&case(kind, input, expected));
        assert!(all_passed(std::slice::from_ref(&report)), "{kind}: {report:?}");
    }
}

#[test]
fn what_cannot_be_read_is_named() {
    let option = |name: &str, value: &str| {
        let mut input = json!({"type": "put", "underlying": "1", "strike": "1", "mark": "1",
            "size": "1"});
        input[name] = json!(value);
        failure("option_margin_coin", input)
    };
    assert_eq!(option("type", "straddle"), "input.type: call or put");
    assert_eq!(option("underlying", "0"), "input.underlying: a number above zero");
    let power =
        |power: &str| failure("pm_vol_shock", json!({"factor": "1", "days": "7", "power": power}));
    let right = "input.power: zero to one, with at most 2 decimals";
    assert_eq!([power("0.305"), power("1.01"), power("-0.3")], [right; 3]);
    assert_eq!(
        failure("pm_inverse_grid", json!({"position_coin": "1", "shocks": ["0", "-1"]})),
        "input.shocks: moves above -1"
    );
    assert_eq!(
        failure("pm_worst", json!({"array": ["0", true]})),
        "input.array[1]: a text with a decimal or a/b"
    );
    let tiers = json!([{"to": "5", "ratio": "1"}, {"to": "5", "ratio": "1"}]);
    assert_eq!(
        failure("position_limit_tiered", json!({"open_interest": "1", "tiers": tiers})),
        "input.tiers: tiers with rising edges"
    );
}
