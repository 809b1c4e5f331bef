//! Prices and greeks of options on a forward: part of the reference file, without the outputs that no
//! rule gives yet.

use breakwater_conformance::{FileReport, adapters, run_text};
use serde_json::{Value, json};

fn part() -> Value {
    serde_json::from_str(include_str!("cases/black76_inverse_part.json")).unwrap()
}

fn run(file: &Value) -> FileReport {
    run_text("options.json", &file.to_string(), &adapters())
}

#[test]
fn four_regimes_are_within_the_files_machine_tier() {
    let report = run(&part());
    assert_eq!((report.passed, report.total, &report.failures[..]), (4, 4, &[][..]));
}

#[test]
fn a_value_off_by_more_than_the_tier_is_found_in_every_output() {
    let file = part();
    // Of the case at ordinary prices: none of its outputs is below the tier's absolute part.
    let place = file["cases"].as_array().unwrap().iter().position(|c| c["id"] == "ordinary-1");
    let place = place.unwrap();
    let names: Vec<String> =
        file["cases"][place]["out"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(names.len(), 13);
    for name in names {
        let mut changed = file.clone();
        let value = changed["cases"][place]["out"][&name].as_str().unwrap();
        let number: f64 = value.parse().unwrap();
        // A relative 1e-9 is beyond any tier of an ordinary case.
        changed["cases"][place]["out"][&name] = json!(format!("{:e}", number * (1.0 + 1e-9)));
        let report = run(&changed);
        assert_eq!((report.passed, report.failures.len()), (3, 1), "{name}");
        assert_eq!(report.failures[0].field, format!("out.{name}"));
    }
}

#[test]
fn an_output_without_a_rule_and_an_input_that_is_no_option_are_named() {
    let change = |change: fn(&mut Value)| {
        let mut file = part();
        change(&mut file["cases"][0]);
        let report = run(&file);
        assert_eq!(report.failures.len(), 1, "{report:?}");
        format!("{}: {}", report.failures[0].field, report.failures[0].got)
    };
    let theta = change(|case| {
        case["out"]["theta"] = json!("1");
        case["cond"]["theta"] = json!("1");
    });
    assert_eq!(theta, "out.theta: no such output");
    assert_eq!(change(|case| case["kind"] = json!("binary")), "kind: \"binary\"");
    assert_eq!(change(|case| case["F"] = json!("1")), "F: \"1\"");
    assert_eq!(
        change(|case| case["F"] = json!(-1.0)),
        "case: forward is -1.0; a price from 1e-100 to 1e100 is right"
    );
    assert_eq!(change(|case| case["out"] = json!({})), "out: an empty object");
}
