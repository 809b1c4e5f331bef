//! Descending auctions against the repository's vectors, and the vectors against tampering.

use breakwater_conformance::{FileReport, adapters, run_text};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

fn vectors(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance/auctions");
    serde_json::from_str(&fs::read_to_string(folder.join(name)).unwrap()).unwrap()
}

fn run(file: &Value) -> FileReport {
    run_text("x.json", &file.to_string(), &adapters())
}

/// A file with one of its cases only.
fn alone(file: &Value, case: Value) -> Value {
    let mut alone = file.clone();
    alone["vectors"] = json!([case]);
    alone["cases"] = json!(1);
    alone
}

/// Every leaf below `at` but those named `skip`, as a JSON pointer.
fn leaves(value: &Value, at: &str, skip: &[&str], out: &mut Vec<String>) {
    let beneath: Vec<(String, &Value)> = match value {
        Value::Object(map) => map.iter().map(|(name, value)| (name.clone(), value)).collect(),
        Value::Array(list) => list.iter().enumerate().map(|(i, v)| (i.to_string(), v)).collect(),
        _ => return out.push(at.to_owned()),
    };
    for (name, value) in beneath.iter().filter(|(name, _)| !skip.contains(&name.as_str())) {
        leaves(value, &format!("{at}/{name}"), skip, out);
    }
}

/// The smallest change of a value that keeps its shape.
fn nudged(value: &Value) -> Value {
    match value {
        Value::Bool(flag) => json!(!flag),
        Value::String(text) => match text.strip_suffix(|last: char| last.is_ascii_digit()) {
            Some(rest) if text.bytes().all(|byte| byte.is_ascii_digit()) => {
                json!(format!("{rest}{}", if text.ends_with('7') { 8 } else { 7 }))
            }
            _ => json!(format!("{text}x")),
        },
        _ => json!("7"),
    }
}

#[test]
fn the_repositorys_vectors_pass_in_full() {
    for (name, cases, steps) in [("dss-abaci.json", 250, 0), ("dss-clip.json", 40, 283)] {
        let file = vectors(name);
        let report = run(&file);
        assert_eq!((report.passed, report.total, &report.failures[..]), (cases, cases, &[][..]));
        let all = file["vectors"].as_array().unwrap().iter();
        assert_eq!(
            all.map(|case| case["steps"].as_array().map_or(0, Vec::len)).sum::<usize>(),
            steps
        );
    }
}

#[test]
fn an_altered_price_is_found_in_every_case() {
    let mut file = vectors("dss-abaci.json");
    for case in file["vectors"].as_array_mut().unwrap() {
        if let Some(price) = case.pointer_mut("/out/price") {
            *price = nudged(price);
        } else {
            case["error"] = json!("neither");
            case["configure_error"] = Value::Null;
            case["out"] = json!({"price": "0"});
        }
    }
    let report = run(&file);
    assert_eq!((report.passed, report.total), (0, 250));
}

#[test]
fn an_altered_state_is_found_in_every_step_and_named() {
    let file = vectors("dss-clip.json");
    let mut altered = 0;
    for case in file["vectors"].as_array().unwrap() {
        let mut paths = Vec::new();
        for (step, told) in case["steps"].as_array().unwrap().iter().enumerate() {
            let at = format!("/steps/{step}/state");
            // The time of a step is asked, not told.
            leaves(&told["state"], &at, &["now"], &mut paths);
        }
        // A sample, and never the same fields of every step.
        for path in paths.iter().skip(altered % 29).step_by(29) {
            let mut bad = case.clone();
            let leaf = bad.pointer_mut(path).unwrap();
            *leaf = nudged(leaf);
            let report = run(&alone(&file, bad));
            assert_eq!((report.passed, report.total), (0, 1), "{path}");
            let field = &report.failures[0].field;
            let step = path.split('/').nth(2).unwrap();
            let named = field.starts_with(&format!("case.steps[{step}].state."));
            assert!(named && report.failures.len() == 1, "{path}: {field}");
            altered += 1;
        }
    }
    assert!(altered > 250, "{altered}");
}

#[test]
fn an_answer_turned_round_or_given_another_reason_is_found_in_every_step() {
    let file = vectors("dss-clip.json");
    let mut refused = 0;
    for case in file["vectors"].as_array().unwrap() {
        for step in 0..case["steps"].as_array().unwrap().len() {
            let mut bad = case.clone();
            let ok = &mut bad["steps"][step]["ok"];
            let was = ok.as_bool().unwrap();
            *ok = json!(!was);
            let report = run(&alone(&file, bad));
            assert_eq!(report.failures[0].field, format!("case.steps[{step}].ok"));
            if !was {
                let mut bad = case.clone();
                bad["steps"][step]["error"] = json!("zero-tab");
                let report = run(&alone(&file, bad));
                assert_eq!(report.failures[0].field, format!("case.steps[{step}].error"));
                refused += 1;
            }
        }
    }
    assert_eq!(refused, 81);
}

#[test]
fn an_altered_configuration_shows_in_the_states() {
    let file = vectors("dss-clip.json");
    let case = &file["vectors"][0];
    for name in ["chop", "dust", "mat", "par", "initial_price", "spot", "chost", "takers_start_dai"]
    {
        let mut bad = case.clone();
        bad["config"][name] = nudged(&bad["config"][name]);
        let report = run(&alone(&file, bad));
        assert_eq!((report.passed, report.total), (0, 1), "{name}");
    }
}

#[test]
fn wrong_shapes_are_named_and_never_bring_the_checker_down() {
    let file = vectors("dss-clip.json");
    let case = file["vectors"][0].clone();
    let mut paths = vec!["/config".to_owned(), "/steps".to_owned(), "/steps/0".to_owned()];
    leaves(&case["config"], "/config", &["start"], &mut paths);
    leaves(&case["steps"][0], "/steps/0", &[], &mut paths);
    for path in ["sales", "active", "dai", "gem", "sales/1", "sales/1/status"] {
        paths.push(format!("/steps/0/state/{path}"));
    }
    for path in &paths {
        for wrong in [json!(null), json!([0]), json!({"a": {}}), json!("-"), json!(1.5)] {
            let mut bad = case.clone();
            *bad.pointer_mut(path).unwrap() = wrong.clone();
            let report = run(&alone(&file, bad));
            assert_eq!((report.passed, report.total), (0, 1), "{path} = {wrong}");
        }
    }
    for (path, name) in [("/config", "surprise"), ("/steps/0", "surprise"), ("/steps/0/state", "x")]
    {
        let mut bad = case.clone();
        bad.pointer_mut(path).unwrap()[name] = json!("1");
        let report = run(&alone(&file, bad));
        assert_eq!(report.failures.len(), 1, "{path}");
        assert!(report.failures[0].field.ends_with(name), "{path}");
    }
}
