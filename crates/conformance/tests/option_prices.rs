//! Prices, greeks and volatilities of options: the reference files whole, and what their judges
//! refuse.

use breakwater_conformance::{FileReport, adapters, run_text};
use serde_json::{Value, json};
use std::path::Path;

fn file(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance/options");
    serde_json::from_str(&std::fs::read_to_string(folder.join(name)).unwrap()).unwrap()
}

/// The file with one of its cases.
fn one(name: &str, id: &str) -> Value {
    let mut file = file(name);
    let case = file["cases"].as_array().unwrap().iter().find(|case| case["id"] == id);
    file["cases"] = json!([case.unwrap()]);
    file
}

fn run(file: &Value) -> FileReport {
    run_text("options.json", &file.to_string(), &adapters())
}

#[test]
fn every_output_of_every_case_is_within_its_harshest_tier() {
    for name in ["bsm_greeks.json", "black76_inverse.json", "implied_vol.json"] {
        let report = run(&file(name));
        assert_eq!((report.passed, report.total, &report.failures[..]), (240, 240, &[][..]));
    }
}

#[test]
fn a_value_off_by_more_than_its_tier_is_found_in_every_output() {
    for (name, outputs) in [("bsm_greeks.json", 14), ("black76_inverse.json", 18)] {
        let file = one(name, "ordinary-1");
        let names: Vec<String> =
            file["cases"][0]["out"].as_object().unwrap().keys().cloned().collect();
        assert_eq!(names.len(), outputs);
        for name in names {
            let mut changed = file.clone();
            let number: f64 = changed["cases"][0]["out"][&name].as_str().unwrap().parse().unwrap();
            // A relative 1e-9 is beyond any tier of an ordinary case.
            changed["cases"][0]["out"][&name] = json!(format!("{:e}", number * (1.0 + 1e-9)));
            let report = run(&changed);
            assert_eq!((report.passed, report.failures.len()), (0, 1), "{name}");
            assert_eq!(report.failures[0].field, format!("out.{name}"));
        }
    }
}

#[test]
fn a_price_is_held_to_the_desk_and_a_small_one_to_the_sharp_tier_as_well() {
    // With condition sums of 15 and 1 the machine tier lets these changes pass; another does not.
    for (name, id, output, condition, off) in [
        ("bsm_greeks.json", "ordinary-1", "delta", "15", 1e-13),
        ("black76_inverse.json", "deep_otm-20", "price_undiscounted", "1", 1e-10),
    ] {
        let mut changed = one(name, id);
        let case = &mut changed["cases"][0];
        case["cond"][output] = json!(condition);
        assert!(run(&changed).failures.is_empty(), "{id}");
        let case = &mut changed["cases"][0];
        let right: f64 = case["out"][output].as_str().unwrap().parse().unwrap();
        case["out"][output] = json!(format!("{:e}", right * (1.0 + off)));
        let report = run(&changed);
        assert_eq!(report.failures.len(), 1, "{id}");
        assert_eq!(report.failures[0].field, format!("out.{output}"));
    }
}

#[test]
fn a_changed_volatility_or_status_is_found() {
    let change = |id: &str, change: &dyn Fn(&mut Value)| {
        let mut file = one("implied_vol.json", id);
        change(&mut file["cases"][0]);
        let report = run(&file);
        report.failures.into_iter().map(|failure| failure.field).collect::<Vec<_>>()
    };
    let off = |case: &mut Value| {
        let sigma: f64 = case["sigma"].as_str().unwrap().parse().unwrap();
        case["sigma"] = json!(format!("{:.17}", sigma * (1.0 + 1e-14)));
    };
    assert_eq!(change("ordinary-0", &off), ["sigma"]);
    let condition = |case: &mut Value| case["condition_number"] = json!("0.3");
    assert_eq!(change("ordinary-0", &condition), ["condition_number"]);
    assert_eq!(
        change("ordinary-0", &|case| case["status"] = json!("underflow_or_zero")),
        ["status"]
    );
    assert_eq!(change("ordinary-0", &|case| case["vega"] = json!("1")), ["vega"]);
    let without = |name: &'static str| {
        move |case: &mut Value| drop(case.as_object_mut().unwrap().remove(name))
    };
    assert_eq!(change("ordinary-0", &without("sigma")), ["sigma"]);
    assert_eq!(change("ordinary-0", &without("status")), ["status"]);
    // The price one float above the exact difference of forward and strike has a volatility.
    let above = |case: &mut Value| {
        case["undiscounted_price"] = json!(case["undiscounted_price"].as_f64().unwrap().next_up());
    };
    assert_eq!(change("deep_itm-21", &above), ["status"]);
}

#[test]
fn an_output_without_a_rule_and_an_input_that_is_no_option_are_named() {
    let change = |change: fn(&mut Value)| {
        let mut file = one("black76_inverse.json", "ordinary-0");
        change(&mut file["cases"][0]);
        let report = run(&file);
        assert_eq!(report.failures.len(), 1, "{report:?}");
        format!("{}: {}", report.failures[0].field, report.failures[0].got)
    };
    let colour = change(|case| {
        case["out"]["zomma"] = json!("1");
        case["cond"]["zomma"] = json!("1");
    });
    assert_eq!(colour, "out.zomma: no such output");
    assert_eq!(change(|case| case["kind"] = json!("binary")), "kind: \"binary\"");
    assert_eq!(change(|case| case["F"] = json!("1")), "F: \"1\"");
    assert_eq!(
        change(|case| case["F"] = json!(-1.0)),
        "case: forward is -1.0; a price from 1e-100 to 1e100 is right"
    );
    assert_eq!(change(|case| case["out"] = json!({})), "out: an empty object");
}
