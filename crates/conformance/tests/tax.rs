//! The files of lots, pools and tax years in the repository's own copies, and tampered ones.

use breakwater_conformance::{FileReport, adapters, run_text};
use serde_json::{Value, json};
use std::path::Path;

const FILES: [(&str, usize); 9] = [
    ("tax/us-lots.json", 34),
    ("tax/collateral-seizure.json", 3),
    ("tax/us-1256.json", 4),
    ("tax/perp-realised.json", 6),
    ("tax/uk-s104.json", 19),
    ("tax/ca-acb.json", 7),
    ("tax/de-23.json", 7),
    ("tax/au-cgt.json", 5),
    ("tax-rp2/us-lots-rp2.json", 39),
];

fn file(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance");
    let text = std::fs::read_to_string(folder.join(name)).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn run(file: &Value) -> FileReport {
    run_text("renamed.json", &file.to_string(), &adapters())
}

#[test]
fn every_case_is_met_row_by_row_under_any_name() {
    for (name, cases) in FILES {
        let report = run(&file(name));
        assert_eq!(report.failures, [], "{name}");
        assert_eq!((report.passed, report.total), (cases, cases), "{name}");
    }
}

/// Every expected number, flag or date, by the path that leads to it.
fn values(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::String(_) | Value::Bool(_) => found.push(path.to_owned()),
        Value::Array(list) => {
            for (at, value) in list.iter().enumerate() {
                values(value, &format!("{path}/{at}"), found);
            }
        }
        Value::Object(map) => {
            for (name, value) in map {
                let escaped = name.replace('~', "~0").replace('/', "~1");
                values(value, &format!("{path}/{escaped}"), found);
            }
        }
        _ => {}
    }
}

/// Something else of the same kind: a hundredth more, another date, another word.
fn other(value: &Value) -> Value {
    match value {
        Value::Bool(flag) => json!(!flag),
        Value::String(text) => match text.parse::<f64>() {
            Ok(_) => {
                json!(format!("{text}{}", if text.contains('.') { "" } else { ".01" }).replacen(
                    |c: char| c.is_ascii_digit(),
                    "77",
                    1
                ))
            }
            Err(_) => json!(format!("{text}x")),
        },
        other => other.clone(),
    }
}

#[test]
fn one_expected_value_that_is_wrong_is_found_in_every_field() {
    for (name, _) in FILES {
        let whole = file(name);
        // The last case of each file is enough: the same code reads all of them.
        let case = whole["cases"].as_array().unwrap().last().unwrap().clone();
        let mut paths = Vec::new();
        values(&case["expect"], "/cases/0/expect", &mut paths);
        assert!(!paths.is_empty(), "{name}");
        for path in paths {
            let idle = path.contains("/published") || path.ends_with("/term_365d");
            let mut tampered = json!({"family": whole["family"], "count": 1, "cases": [case]});
            let place = tampered.pointer_mut(&path).unwrap();
            *place = other(place);
            let found = !run(&tampered).failures.is_empty();
            assert_eq!(found, !idle, "{name} {path}");
        }
    }
}
