//! The kinds about marks, collateral and whole accounts: the repository's vectors, those vectors
//! tampered with, edges that no vector shows, and inputs that are refused.

use breakwater_conformance::{FileReport, adapters, run_text};
use breakwater_money::{Rational, rational};
use serde_json::{Value, json};
use std::path::Path;

const FILES: [(&str, usize); 7] = [
    ("binance-collateral", 4),
    ("binance-mark", 3),
    ("binance-pm", 1),
    ("gmx-v2", 2),
    ("mango-v4", 4),
    ("nautilus", 6),
    ("synthetix-v3", 2),
];

fn file(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance/exchange");
    let text = std::fs::read_to_string(folder.join(format!("{name}.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn r(text: &str) -> Rational {
    rational::parse(text).unwrap()
}

fn run(file: &Value) -> FileReport {
    run_text("exchange.json", &file.to_string(), &adapters())
}

#[test]
fn the_repositorys_vectors_pass_in_full() {
    for (name, cases) in FILES {
        let report = run(&file(name));
        assert_eq!((report.passed, report.total), (cases, cases), "{name}: {:?}", report.failures);
    }
}

/// `value` made wrong by as little as is easy, or by more than any tolerance of these files.
fn altered(value: &Value) -> Value {
    match value {
        Value::Bool(flag) => json!(!flag),
        Value::String(text) => match rational::parse(text) {
            Ok(number) => {
                json!((number + rational::from_raw(1, 6)).to_string())
            }
            Err(_) => json!(format!("{text}x")),
        },
        _ => panic!("{value} is no output of these kinds"),
    }
}

#[test]
fn an_altered_expected_value_is_found_for_every_output() {
    let mut found = 0;
    for (name, cases) in FILES {
        let file = file(name);
        for index in 0..cases {
            let expected = file["vectors"][index]["expected"].as_object().unwrap().clone();
            for (output, value) in &expected {
                let mut file = file.clone();
                file["vectors"][index]["expected"][output] = altered(value);
                let report = run(&file);
                let failure = &report.failures[0];
                assert_eq!((report.passed, report.failures.len()), (cases - 1, 1), "{name}");
                assert_eq!(failure.field, format!("expected.{output}"), "{name}");
                found += 1;
            }
        }
    }
    // Collateral 4, marks 7, portfolio margin 2, 2 x 3, 4, 5 + 3, and 2 x 4.
    assert_eq!(found, 4 + 7 + 2 + 6 + 4 + 8 + 8);
}

fn case(kind: &str, input: Value, expected: Value) -> FileReport {
    run(&json!({"schema": "breakwater.exchange-vector/1", "vectors": [
        {"id": "a", "kind": kind, "input": input, "expected": expected}]}))
}

#[track_caller]
fn agrees(kind: &str, input: Value, expected: Value) {
    let report = case(kind, input, expected);
    assert_eq!((report.passed, &report.failures[..]), (1, &[][..]));
}

fn refusal(kind: &str, input: Value) -> String {
    let report = case(kind, input, json!({"nothing": "0"}));
    assert_eq!(report.failures.len(), 1, "{:?}", report.failures);
    format!("{}: {}", report.failures[0].field, report.failures[0].got)
}

#[test]
fn an_index_need_not_be_whole_and_five_per_cent_off_still_counts() {
    let index = |prices: Value, weights: Value| json!({"prices": prices, "weights": weights});
    let thirds = json!(["1/3", "1/3", "1/3"]);
    agrees("index_outlier", index(json!(["100", "95", "105"]), thirds), json!({"index": "100"}));
    let weights = json!(["0.5", "0.25", "0.25"]);
    let off = json!(["100", "94.99", "104"]);
    agrees("index_outlier", index(off, weights), json!({"index": "304/3"}));
    let even = index(json!(["100", "101.5"]), json!(["3", "1"]));
    agrees("index_outlier", even, json!({"index": "100.375"}));
    let apart = index(json!(["100", "200"]), json!(["3", "1"]));
    agrees("index_outlier", apart, json!({"index": "150"}));
}

#[test]
fn marks_are_exact_for_fractions_and_negative_rates() {
    let input = json!({"index": "9876.54", "funding_rate": "-0.00012345", "hours_to_funding": "7/2",
        "basis_ma": "-1/3", "contract_price": "9999"});
    let first = r("9876.54") * (r("1") - r("0.00012345") * r("7/16"));
    let second = r("9876.54") - r("1/3");
    assert!(first < second);
    let expected = json!({"price1": first.to_string(), "price2": second.to_string(),
        "mark": second.to_string()});
    agrees("mark_median_binance", input, expected);
    let input = json!({"oracle": "100.5", "ema_basis": "-0.25", "bid": "100", "ask": "100.75",
        "last": "101", "external": [["100.1", "0.5"], ["100.2", "0.5"]]});
    let expected = json!({"book": "100.75", "external": "100.1", "mark": "100.25"});
    agrees("mark_median_hyperliquid", input, expected);
}

#[test]
fn a_debt_counts_in_full_and_an_edge_belongs_below() {
    let input = |amount: &str| {
        json!({"amount": amount, "price": "3.5", "tiers": [{"to": "10", "ratio": "0.98"},
            {"to": "20.5", "ratio": "0.95"}]})
    };
    for (amount, value) in [
        ("0", "0"),
        ("10", "34.3"),
        ("10.001", "34.303325"),
        ("20.5", "69.2125"),
        ("99", "69.2125"),
        ("-2", "-7"),
        ("1/3", "343/300"),
    ] {
        agrees("tiered_collateral", input(amount), json!({"collateral_value": value}));
    }
    let flat = json!({"value": "-12.34", "ratio": "0.5"});
    agrees("flat_collateral", flat, json!({"collateral_value": "-12.34"}));
    let equity = json!({"balances": [{"usd": "0.01", "haircut": "0.123456789"},
        {"usd": "-7", "haircut": "0.5"}], "upnl": "-1/3"});
    let exact = r("0.00876543211") - r("22/3");
    agrees("margin_equity", equity, json!({"margin_equity": exact.to_string()}));
}

#[test]
fn lines_are_reached_as_their_venues_say() {
    let uni = |equity: &str, maintenance: &str| json!({"adjusted_equity": equity, "maintenance": maintenance});
    for (equity, liquidate) in [("210.0001", false), ("210", true), ("209.9999", true)] {
        agrees("uni_mmr", uni(equity, "200"), json!({"liquidate": liquidate}));
    }
    agrees("uni_mmr", uni("1", "0"), json!({"ratio": null, "liquidate": false}));
    let buffer =
        |initial: &str| json!({"available": "1500", "threshold": "1000", "initial": initial});
    agrees("liquidation_buffer", buffer("2000"), json!({"buffer": "0.5"}));
    agrees("liquidation_buffer", buffer("4000"), json!({"buffer": "1/6"}));
    agrees("liquidation_buffer", buffer("1000"), json!({"buffer": null}));
    agrees("margin_plus", json!({"margin_plus": "0.01"}), json!({"top_up_below": "0.0125"}));
    let legs = json!({"long": "0.1", "short": "1/3"});
    agrees("margin_netting", legs, json!({"requirement": "1/3"}));
    let trigger =
        |upnl: &str| json!({"balance": "1", "upnl": upnl, "maintenance": "0.5", "ratio": "1"});
    agrees("nautilus_trigger", trigger("-0.5"), json!({"liquidate": true}));
    agrees("nautilus_trigger", trigger("-0.49"), json!({"liquidate": false}));
}

#[test]
fn each_reason_of_a_liquidation_is_told() {
    let position = |collateral: &str, least: &str| {
        json!({"collateral": collateral, "pnl": "0", "price_impact": "0", "fees": "0",
            "size_usd": "1000.5", "min_collateral_factor": "0.01", "min_collateral_usd": least})
    };
    for (collateral, least, liquidatable, reason) in [
        ("10.005", "1", false, ""),
        ("10.0049", "1", true, "min collateral for leverage"),
        ("0.9", "1", true, "min collateral"),
        ("0", "0", true, "< 0"),
    ] {
        let expected = json!({"remaining": collateral, "liquidatable": liquidatable,
            "reason": reason});
        agrees("gmx_liquidatable", position(collateral, least), expected);
    }
}

#[test]
fn bad_inputs_are_named_with_their_field() {
    let index = |prices: Value, weights: Value| {
        refusal("index_outlier", json!({"prices": prices, "weights": weights}))
    };
    assert_eq!(
        index(json!([]), json!([])),
        "input.prices: no source: at least one price is needed"
    );
    assert_eq!(index(json!(["1"]), json!([])), "input.weights: []");
    assert_eq!(index(json!(["1"]), json!(["-1"])), "input.weights: [\"-1\"]");
    assert_eq!(index(json!(["1", "x"]), json!(["1", "1"])), "input.prices: \"x\"");
    let zero = index(json!(["1", "0"]), json!(["1", "1"]));
    assert!(zero.starts_with("input.prices: the price of source 2 is 0"), "{zero}");
    let weightless = index(json!(["1"]), json!(["0"]));
    assert!(weightless.starts_with("input.prices: the sources that count weigh 0"), "{weightless}");
    let tiers = |tiers: Value| {
        refusal("tiered_collateral", json!({"amount": "1", "price": "1", "tiers": tiers}))
    };
    let table = "input.tiers: ";
    assert!(tiers(json!([])).starts_with(&format!("{table}tiers: the list is empty")));
    let open = json!([{"to": null, "ratio": "1"}, {"to": "5", "ratio": "1"}]);
    assert!(tiers(open).starts_with(&format!("{table}tier 1: to is missing")));
    let double = json!([{"to": "5", "ratio": "1"}, {"to": "5.0", "ratio": "1"}]);
    assert!(tiers(double).starts_with(&format!("{table}tier 2: to 5 is not above 5")));
    let above = json!([{"to": "5", "ratio": "1.01"}]);
    assert!(tiers(above).starts_with(&format!("{table}tier 1: ratio_e9 1010000000 is above")));
    for ratio in ["-0.1", "0.0000000001"] {
        let row = json!([{"to": "5", "ratio": ratio}]);
        assert_eq!(tiers(row), format!("input.tiers[0].ratio: \"{ratio}\""));
    }
    let uni = json!({"adjusted_equity": "1", "maintenance": "-1"});
    assert_eq!(refusal("uni_mmr", uni), "input.maintenance: \"-1\"");
    let late = json!({"index": "1", "funding_rate": "0", "hours_to_funding": "9", "basis_ma": "0",
        "contract_price": "1"});
    let late = refusal("mark_median_binance", late);
    assert!(late.contains("the interval it is left of"), "{late}");
}
