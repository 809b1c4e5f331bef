//! Kinds of liquidation and bankruptcy prices: the repository's files in full, numbers worked by hand
//! where no file has a case, and inputs that make no sense.

use breakwater_conformance::{FileReport, adapters, run_dir, run_text};
use serde_json::{Value, json};
use std::path::Path;

#[test]
fn the_files_of_these_kinds_pass_in_full() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance");
    let reports = run_dir(&folder).unwrap();
    for (name, cases) in [("binance-coinm", 5), ("generic", 2), ("lfest", 4), ("okx-gate", 4)] {
        let path = format!("exchange/{name}.json");
        let report = reports.iter().find(|report| report.path == path).unwrap();
        assert_eq!((report.passed, report.total, &report.failures[..]), (cases, cases, &[][..]));
    }
}

fn run(kind: &str, input: &Value, expected: &Value) -> FileReport {
    let case = json!({"id": "case", "venue": "any", "kind": kind, "input": input,
        "expected": expected});
    let file = json!({"schema": "breakwater.exchange-vector/1", "set": "any", "venue": "any",
        "count": 1, "vectors": [case]});
    run_text("exchange.json", &file.to_string(), &adapters())
}

#[track_caller]
fn gives(kind: &str, input: &Value, expected: &Value) {
    let report = run(kind, input, expected);
    assert_eq!(report.failures, [], "{kind}");
    assert_eq!(report.passed, 1);
}

#[test]
fn prices_worked_by_hand() {
    // E - s (QE/L - QE mmr + deduction + extra)/Q
    gives(
        "liq_price_entry_based",
        &json!({"side": "short", "qty": "2", "entry": "100", "leverage": "10", "mmr": "0.01",
            "mm_deduction": "1", "extra_margin": "3"}),
        &json!({"price": "111"}),
    );
    gives(
        "liq_price_entry_based",
        &json!({"side": "long", "qty": "2", "entry": "100", "leverage": "10", "mmr": "0.01"}),
        &json!({"price": "91"}),
    );
    // A share of initial margin other than half: 100 (1 - 0.2/5).
    let share = |against: &str| {
        json!({"side": "long", "entry": "100", "leverage": "5",
        "maintenance_fraction": "0.2", "best_against": against})
    };
    gives("liq_price_mm_of_entry", &share("96"), &json!({"price": "96", "liquidate": false}));
    gives("liq_price_mm_of_entry", &share("95.99"), &json!({"liquidate": true}));
    // 1000 (1 - 0.01) / (10 - 1 - 0.5/(1 - 0.001)), and its fee at bankruptcy.
    let inverse = json!({"side": "short", "qty_usd": "1000", "entry": "100", "leverage": "10",
        "mmr": "0.01", "extra_margin": "0.5", "taker": "0.001"});
    gives("liq_price_inverse_mark_based", &inverse, &json!({"price": "989010/8491"}));
    gives(
        "liq_price_inverse_entry_based",
        &json!({"side": "long", "qty_usd": "1000", "entry": "100", "leverage": "10", "mmr": "0.01"}),
        &json!({"position_value": "10", "initial_margin": "1", "maintenance_margin": "0.1",
            "price": "1000/10.9"}),
    );
    // A short shown at the tick below: 0.999 x 1000 / 9, and 1/x = (10 - 1 + 0.1 + 0.001 x 1000/111)/1000.
    gives(
        "liq_price_inverse_cross_fee",
        &json!({"side": "short", "qty_usd": "1000", "entry": "100", "balance": "1", "mmr": "0.01",
            "taker": "0.001"}),
        &json!({"bankruptcy_price": "111", "price": "109.5"}),
    );
    gives(
        "bankruptcy_inverse_isolated",
        &json!({"side": "short", "entry": "100", "leverage": "5"}),
        &json!({"price": "125"}),
    );
    gives(
        "bankruptcy_linear",
        &json!({"side": "short", "qty": "10", "entry": "100", "position_margin": "50", "wallet": "10"}),
        &json!({"price": "106"}),
    );
    gives(
        "liq_price_inverse_margin",
        &json!({"side": "short", "qty_usd": "1000", "entry": "100", "margin": "1", "mmr": "0.01"}),
        &json!({"price": "110", "bankruptcy_price": "1000/9"}),
    );
    // (5 + 100 - 2) / 1.004 for a short.
    gives(
        "cross_liq_general",
        &json!({"side": "short", "qty": "1", "mark": "100", "equity": "5", "mmr": "0.004",
            "other_mm": "2"}),
        &json!({"price": "103/1.004"}),
    );
    // A price that is none.
    gives(
        "cross_liq_general",
        &json!({"side": "long", "qty": "1", "mark": "100", "equity": "500", "mmr": "0.004",
            "other_mm": "2"}),
        &json!({"price": null}),
    );
    gives(
        "fractional_liquidation",
        &json!({"equity": "900", "invested": "1200", "requirement": "0.6"}),
        &json!({"invested_after": "1200"}),
    );
    // A notional on a cap belongs to the tier below.
    let tiers = |notional: &str| {
        json!({"asset": "any", "notional": notional, "tiers": [
        {"cap": "100", "max_leverage": "10"}, {"cap": "200", "max_leverage": "3"}]})
    };
    gives("tier_deduction", &tiers("100"), &json!({"maintenance_margin": "5", "tier": "1"}));
    gives(
        "tier_deduction",
        &tiers("130"),
        &json!({"deductions": ["0", "35/3"], "maintenance_margin": "10", "tier": "2"}),
    );
}

#[test]
fn inputs_that_make_no_sense_are_named() {
    let inverse = json!({"side": "long", "qty_usd": "1000", "entry": "100", "leverage": "10",
        "mmr": "0.01", "taker": "0.001", "balance": "1", "margin": "1"});
    let linear = json!({"side": "long", "qty": "1", "entry": "100", "leverage": "10", "mmr": "0.01",
        "taker": "0.001", "margin": "1", "price": "1", "max_leverage": "5"});
    let tiers = json!({"notional": "1", "tiers": [{"cap": "5", "max_leverage": "1"},
        {"cap": "5", "max_leverage": "1"}]});
    for (kind, input, name, bad, field) in [
        ("liq_price_inverse_margin", &inverse, "side", json!("up"), "input.side"),
        ("liq_price_inverse_margin", &inverse, "entry", json!("0"), "input.entry"),
        ("liq_price_inverse_margin", &inverse, "qty_usd", json!("-1"), "input.qty_usd"),
        ("liq_price_inverse_margin", &inverse, "margin", json!(null), "input.margin"),
        ("liq_price_inverse_mark_based", &inverse, "leverage", json!("0"), "input.leverage"),
        ("liq_price_inverse_mark_based", &inverse, "taker", json!("-1"), "input.taker"),
        (
            "liq_price_inverse_mark_based",
            &inverse,
            "extra_margin",
            json!("x"),
            "input.extra_margin",
        ),
        ("liq_price_inverse_cross_fee", &inverse, "taker", json!("-1"), "input.positions[0].fee"),
        ("liq_price_taker_in_rate", &linear, "taker", json!("-0.1"), "input.positions[0].fee"),
        ("liq_price_mark_step", &linear, "max_leverage", json!("0"), "input.max_leverage"),
        ("liq_price_entry_based", &linear, "mm_deduction", json!([]), "input.mm_deduction"),
        ("tier_deduction", &tiers, "notional", json!("1"), "input.tiers"),
    ] {
        let mut input = input.clone();
        input[name] = bad;
        let report = run(kind, &input, &json!({"price": "1"}));
        assert_eq!(report.failures.len(), 1, "{kind} {name}");
        assert_eq!(report.failures[0].field, field, "{kind}");
    }
}

/// A checker that cannot fail proves nothing: each listed value off by a little is found.
#[test]
fn an_altered_value_is_found() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance/exchange");
    for name in ["binance-coinm", "generic", "lfest", "okx-gate"] {
        let text = std::fs::read_to_string(folder.join(format!("{name}.json"))).unwrap();
        let whole: Value = serde_json::from_str(&text).unwrap();
        for index in 0..whole["vectors"].as_array().unwrap().len() {
            let mut file = whole.clone();
            for (_, value) in file["vectors"][index]["expected"].as_object_mut().unwrap() {
                *value = match value.as_str() {
                    Some(number) => {
                        let number = breakwater_money::rational::parse(number).unwrap();
                        json!((number * breakwater_money::rational::from_raw(1001, 3)).to_string())
                    }
                    None => json!(!value.as_bool().unwrap()),
                };
            }
            let report = run_text("exchange.json", &file.to_string(), &adapters());
            assert_eq!(report.total - report.passed, 1, "{name} {index}");
        }
    }
}
