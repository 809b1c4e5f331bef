//! Hedging and surfaces: the whole reference file, and what happens when a digit of it is wrong.

use breakwater_conformance::{FileReport, adapters, run_text};
use serde_json::{Value, json};

fn file() -> Value {
    serde_json::from_str(include_str!("../../../conformance/options/dynamic_hedging.json")).unwrap()
}

fn run(file: &Value) -> FileReport {
    run_text("renamed.json", &file.to_string(), &adapters())
}

const INPUTS: [&str; 24] = [
    "S",
    "S0",
    "K",
    "T",
    "r",
    "sigma",
    "N",
    "kappa_round_trip",
    "dt",
    "cost_one_way",
    "risk_aversion",
    "name",
    "a",
    "b",
    "rho",
    "m",
    "k",
    "eta",
    "gamma",
    "theta",
    "sigma_implied",
    "sigma_realised",
    "position",
    "note",
];

#[test]
fn every_case_of_every_list_agrees() {
    let report = run(&file());
    assert_eq!((report.passed, report.total, &report.failures[..]), (32, 32, &[][..]));
}

/// One part in a million more, another word, the other flag.
fn broken(value: &Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64().unwrap() * (1.0 + 3e-6) + 1e-8),
        Value::Bool(flag) => json!(!flag),
        Value::String(_) => json!("other"),
        Value::Array(list) => {
            let mut list = list.clone();
            let last = list.len() - 1;
            list[last] = broken(&list[last]);
            json!(list)
        }
        other => other.clone(),
    }
}

#[test]
fn a_digit_that_is_wrong_is_found_in_every_output_of_every_list() {
    let whole = file();
    let mut outputs = 0;
    for (list, cases) in whole.as_object().unwrap() {
        let Some(cases) = cases.as_array() else { continue };
        // One file a list, so that each broken digit costs one case.
        let single = |case: &Value| json!({"kind": "dynamic_hedging", list: [case]});
        let case = &cases[0];
        for name in case.as_object().unwrap().keys() {
            // In the table of directions gamma is an output.
            let input = INPUTS.contains(&name.as_str()) && list != "hedge_sign";
            if input || name == "position" {
                continue;
            }
            outputs += 1;
            let mut changed = case.clone();
            changed[name] = broken(&case[name]);
            let report = run(&single(&changed));
            assert_eq!((report.passed, report.failures.len()), (0, 1), "{list}.{name}");
            assert!(report.failures[0].field.starts_with(&format!("{list}.{name}")));
        }
    }
    assert_eq!(outputs, 49);
}

#[test]
fn an_unknown_list_an_unknown_output_and_bad_inputs_are_named() {
    let change = |change: fn(&mut Value)| {
        let mut file = file();
        change(&mut file);
        let report = run(&file);
        assert_eq!(report.failures.len(), 1, "{report:?}");
        format!("{}: {}", report.failures[0].field, report.failures[0].got)
    };
    assert_eq!(change(|file| file["sabr"] = json!([{"alpha": 1}])), "sabr: no such list");
    assert_eq!(change(|file| file["sabr"] = json!(3)), "sabr: no such list");
    assert_eq!(change(|file| file["leland"][0]["more"] = json!(1)), "leland.more: 1");
    assert_eq!(change(|file| file["leland"][0]["dt"] = json!("1")), "leland.dt: \"1\"");
    assert_eq!(
        change(|file| file["leland"][0]["dt"] = json!(0.0)),
        "leland: interval_years is 0.0; a finite number above zero is right"
    );
    assert_eq!(
        change(|file| file["hedge_sign"][0]["position"] = json!("flat")),
        "hedge_sign.position: \"flat\""
    );
    assert_eq!(
        change(|file| file["leland"] = json!([{
            "sigma": 0.2, "kappa_round_trip": 0.01, "dt": 0.02
        }])),
        "leland: none is listed"
    );
}
