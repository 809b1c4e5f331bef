//! English auctions: the files as they are, and whether the adapters find what is wrong in them.

use breakwater_conformance::{FileReport, adapters, run_text};
use serde_json::{Value, json};

fn file(name: &str) -> Value {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../conformance/auctions");
    let text = std::fs::read_to_string(format!("{folder}/{name}.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn run(file: &Value) -> FileReport {
    run_text("a/b.json", &file.to_string(), &adapters())
}

/// The file with the one case at `place`.
fn single(name: &str, place: usize) -> Value {
    let mut file = file(name);
    let case = file["vectors"][place].take();
    file["vectors"] = json!([case]);
    file["cases"] = json!(1);
    file
}

const FILES: [(&str, usize, usize); 3] =
    [("dss-flip", 30, 274), ("dss-flap", 15, 84), ("dss-flop", 15, 76)];

#[test]
fn every_step_of_the_contracts_runs_is_agreed_with() {
    for (name, cases, steps) in FILES {
        let file = file(name);
        let report = run(&file);
        assert_eq!((report.passed, report.total, report.known), (cases, cases, true));
        let counted = file["vectors"].as_array().unwrap().iter();
        let counted: usize = counted.map(|case| case["steps"].as_array().unwrap().len()).sum();
        assert_eq!(counted, steps);
    }
}

/// Pointers to every leaf under `value`.
fn leaves(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (name, value) in map {
                leaves(value, &format!("{path}/{name}"), found);
            }
        }
        Value::Array(list) => {
            for (place, value) in list.iter().enumerate() {
                leaves(value, &format!("{path}/{place}"), found);
            }
        }
        _ => found.push(path.to_owned()),
    }
}

/// Changes the leaf by one, or to another text, or the other flag.
fn off_by_one(leaf: &mut Value) {
    *leaf = match leaf {
        Value::Bool(flag) => json!(!*flag),
        Value::String(text) => match text.parse::<u128>() {
            Ok(number) => json!((number + 1).to_string()),
            Err(_) if text.bytes().all(|byte| byte.is_ascii_digit()) => json!(format!("{text}0")),
            Err(_) => json!(format!("{text}-not")),
        },
        // The empty list of auctions.
        _ => json!({"7": {}}),
    };
}

#[test]
fn every_value_of_every_state_answer_and_reason_is_compared() {
    for (name, place) in [("dss-flip", 0), ("dss-flip", 3), ("dss-flap", 1), ("dss-flop", 0)] {
        let file = single(name, place);
        assert_eq!(run(&file).failures, []);
        let mut paths = Vec::new();
        leaves(&file["vectors"][0]["steps"], "/vectors/0/steps", &mut paths);
        paths.retain(|path| {
            let answer = path.ends_with("/ok") || path.ends_with("/error");
            // Moving the clock changes what is asked.
            answer || path.contains("/state/") && !path.ends_with("/now")
        });
        assert!(paths.len() > 50, "{name}: {}", paths.len());
        for path in paths {
            let mut wrong = file.clone();
            off_by_one(wrong.pointer_mut(&path).unwrap());
            assert!(!run(&wrong).failures.is_empty(), "{name}: {path} is not compared");
        }
    }
}

#[test]
fn fields_that_are_missing_or_too_many_are_found() {
    let file = single("dss-flip", 0);
    for (holder, field) in [
        ("/vectors/0/steps/0", "state"),
        ("/vectors/0/steps/0", "ok"),
        ("/vectors/0/steps/0/state", "litter"),
        ("/vectors/0/steps/0/state", "now"),
        ("/vectors/0/steps/0/state/bids", "1"),
        ("/vectors/0/steps/0/state/bids/1", "usr"),
        ("/vectors/0/steps/3", "lot"),
        ("/vectors/0/config", "beg"),
        ("/vectors/0/config", "urns"),
        ("/vectors/0", "steps"),
    ] {
        let mut wrong = file.clone();
        let map = wrong.pointer_mut(holder).unwrap().as_object_mut().unwrap();
        assert!(map.remove(field).is_some(), "{holder} has no {field}");
        assert!(!run(&wrong).failures.is_empty(), "{holder} without {field}");
    }
    for holder in ["/steps/0", "/steps/0/state", "/steps/0/state/bids", "/steps/0/state/bids/1"] {
        let mut wrong = file.clone();
        let map = wrong.pointer_mut(&format!("/vectors/0{holder}")).unwrap();
        map["surplus"] = json!("0");
        assert!(!run(&wrong).failures.is_empty(), "{holder} with a foreign field");
    }
}

#[test]
fn a_wrong_shape_anywhere_is_a_mismatch_and_no_panic() {
    for (name, place) in [("dss-flip", 0), ("dss-flap", 0), ("dss-flop", 0)] {
        let file = single(name, place);
        let mut paths = Vec::new();
        leaves(&file["vectors"][0], "/vectors/0", &mut paths);
        // The clock of the start is not read: each step says its own.
        paths.retain(|path| !path.ends_with("/config/start") && path != "/vectors/0/id");
        for path in paths {
            let others = [json!(null), json!([]), json!({}), json!("-1"), json!("1e9"), json!(1.5)];
            for other in others {
                let mut wrong = file.clone();
                let leaf = wrong.pointer_mut(&path).unwrap();
                // Any text names a vault: one that is not there is safe.
                if *leaf == other || path.ends_with("/urn") && other.is_string() {
                    continue;
                }
                *leaf = other.clone();
                assert!(!run(&wrong).failures.is_empty(), "{name}: {path} = {other}");
            }
        }
    }
}
