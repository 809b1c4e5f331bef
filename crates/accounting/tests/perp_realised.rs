//! Vectors of realised profit in contracts, row by row.

use breakwater_accounting::derivatives::{Form, Matching, Position, Terms};
use breakwater_money::{Rational, rational};
use num_traits::Signed;
use serde_json::Value;

const VECTORS: &str = include_str!("../../../conformance/tax/perp-realised.json");

fn number(value: &Value) -> Rational {
    rational::parse(value.as_str().unwrap()).unwrap()
}

/// Amounts are printed to twelve decimals.
fn near(found: &Rational, expected: &Value) -> bool {
    (found - number(expected)).abs() <= rational::parse("0.00000000001").unwrap()
}

/// Average entries are printed to seventeen significant digits.
fn near_by_digits(found: &Rational, expected: &Value) -> bool {
    let expected = number(expected);
    (found - &expected).abs() <= expected.abs() * rational::parse("0.0000000000000001").unwrap()
}

#[test]
fn every_row_and_total_of_every_case() {
    let vectors: Value = serde_json::from_str(VECTORS).unwrap();
    let cases = vectors["cases"].as_array().unwrap();
    assert_eq!(vectors["count"].as_u64(), Some(cases.len() as u64));
    let mut rows = 0;
    for case in cases {
        let (input, expect) = (&case["input"], &case["expect"]);
        let form = match input["kind"].as_str() {
            Some("linear") => Form::Linear,
            Some("inverse") => Form::Inverse,
            other => panic!("kind {other:?}"),
        };
        let terms = Terms::new(form, number(&input["contract_size"])).unwrap();
        let mut position = Position::flat(terms, Matching::AverageEntry);
        let events = input["events"].as_array().unwrap();
        let expected = expect["rows"].as_array().unwrap();
        assert_eq!(events.len(), expected.len());
        for (event, row) in events.iter().zip(expected) {
            let at = format!("{} {}", case["id"], event["id"]);
            if event["type"] == "funding" {
                let funded = position.fund(&number(&event["mark"]), &number(&event["rate"]));
                assert!(near(&funded.unwrap().funding, &row["funding"]), "{at}");
            } else {
                let (quantity, price) = (number(&event["qty"]), number(&event["price"]));
                let filled = position.fill(&quantity, &price, &number(&event["fee"])).unwrap();
                assert!(near(&filled.price_pnl, &row["realised_price_pnl"]), "{at}");
                assert!(near(&filled.fee, &row["fee"]), "{at}");
            }
            assert!(near(position.quantity(), &row["position"]), "{at}");
            assert!(near_by_digits(&position.average_entry(), &row["avg_entry"]), "{at}");
            rows += 1;
        }
        let totals = position.totals();
        assert!(near(&totals.price_pnl, &expect["realised_price_pnl"]), "{}", case["id"]);
        assert!(near(&totals.fees, &expect["fees"]), "{}", case["id"]);
        assert!(near(&totals.funding, &expect["funding"]), "{}", case["id"]);
        assert!(near(&totals.net_realised(), &expect["net_realised"]), "{}", case["id"]);
    }
    assert!(rows >= 57, "{rows} rows");
}
