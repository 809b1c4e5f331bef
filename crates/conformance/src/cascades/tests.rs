//! The files of models against the repository's own copies, and the copies against tampering.

use crate::{FileReport, adapters, run_text};
use serde_json::{Value, json};
use std::path::Path;

const FILES: [(&str, usize); 6] = [
    ("cascade_rounds", 2),
    ("amplification", 2),
    ("glt_fire_sale", 2),
    ("toxic_liquidation", 5),
    ("hawkes", 2),
    ("drain_defences", 12),
];

fn file(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance/cascades");
    let text = std::fs::read_to_string(folder.join(format!("{name}.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn run(file: &Value) -> FileReport {
    run_text("renamed.json", &file.to_string(), &adapters())
}

#[test]
fn every_model_has_the_figures_of_its_file_under_any_name() {
    for (name, cases) in FILES {
        let report = run(&file(name));
        assert_eq!(report.failures, [], "{name}");
        assert_eq!((report.passed, report.total), (cases, cases), "{name}");
    }
}

/// Every number and flag of a case, by the path that leads to it.
fn values(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Number(_) | Value::Bool(_) => found.push(path.to_owned()),
        Value::Array(list) => {
            for (at, value) in list.iter().enumerate() {
                values(value, &format!("{path}/{at}"), found);
            }
        }
        Value::Object(map) => {
            for (name, value) in map {
                values(value, &format!("{path}/{name}"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn one_digit_that_is_wrong_is_found_in_every_field() {
    // Inputs that decide nothing where they stand: a limit without effect, a bound that is far away.
    let idle = [
        "/input/lt",
        "/cases/1/input/M",
        "/cases/1/input/L/1",
        "begin_threshold",
        "window_s",
        "liq_start",
        "/events/0/0",
        "/events/1/0",
        "/events/2/0",
        "/events/3/0",
        "/cases/5/slope2",
        "/cases/6/slope2",
        "/cases/8/U",
    ];
    for (name, _) in FILES {
        let whole = file(name);
        let mut paths = Vec::new();
        values(&whole, "", &mut paths);
        let mut altered = 0;
        for path in paths.iter().filter(|path| !idle.iter().any(|idle| path.contains(idle))) {
            let mut file = whole.clone();
            let slot = file.pointer_mut(path).unwrap();
            *slot = match (slot.as_i64(), slot.as_bool()) {
                (_, Some(flag)) => json!(!flag),
                (Some(number), _) if slot.is_i64() => json!(number + 3),
                _ => json!(slot.as_f64().unwrap() * (1.0 + 1e-8) + 1e-8),
            };
            assert_ne!(run(&file).failures, [], "{name}{path}");
            altered += 1;
        }
        assert!(altered >= 8, "{name}: {altered}");
    }
}

fn field(file: &Value) -> String {
    run(file).failures.first().map(|failure| failure.field.clone()).unwrap_or_default()
}

#[test]
fn what_no_rule_reads_is_refused_by_its_name() {
    for (name, path, value, named) in [
        ("cascade_rounds", "/cases/0/input/colour", json!(1), "input.colour"),
        ("cascade_rounds", "/cases/0/expect/colour", json!(1), "expect.colour"),
        ("cascade_rounds", "/cases/0/input/model", json!("cubic"), "input.model"),
        ("cascade_rounds", "/cases/0/input/d", json!([1.0]), "input.d"),
        ("amplification", "/cases/0/colour", json!(1), "colour"),
        ("glt_fire_sale", "/cases/0/input/M", json!([[1.0]]), "(case)"),
        ("glt_fire_sale", "/cases/1/expect", json!({}), "(case)"),
        ("toxic_liquidation", "/step_cases/0/ltv1", json!(null), "ltv1"),
        ("hawkes", "/cases/0/beta", json!(0.0), "(case)"),
        ("hawkes", "/cases/0/beta", json!("x"), "beta"),
        ("drain_defences", "/cases/0/kind", json!("moat"), "kind"),
        ("drain_defences", "/cases/0/phase", json!("noon"), "phase"),
        ("drain_defences", "/cases/4/L3", json!("an hour"), "L3"),
        ("drain_defences", "/cases/4/no_L12_after", json!("15:26"), "no_L12_after"),
        ("drain_defences", "/cases/5/U_opt", json!(0.0), "(case)"),
        ("drain_defences", "/cases/9/tripped_at_event", json!(null), "tripped_at_event"),
        ("drain_defences", "/cases/9/events", json!([[5, 1], [4, 1]]), "events"),
    ] {
        let mut file = file(name);
        let (parent, last) = path.rsplit_once('/').unwrap();
        file.pointer_mut(parent).unwrap()[last] = value;
        assert_eq!(field(&file), named, "{name}{path}");
    }
}

#[test]
fn cases_that_the_files_do_not_have_are_computed_too() {
    // Unbounded, a window that ends exactly on an old flow, one that began below its threshold, none.
    let amplified = json!({"id": "linear-amplification", "cases": [
        {"gain": 1.0, "exogenous_drop": 0.1, "total_drop": null, "rounds_to_1e9": null},
        {"gain": 0.0, "exogenous_drop": 0.1, "total_drop": 0.1, "rounds_to_1e9": 1}]});
    assert_eq!(run(&amplified).failures, []);
    let limit = |events: Value, threshold: u64, tripped: Value| {
        json!({"kind": "rate_limit", "liq_start": 1000, "retained_bps": 7000, "window_s": 100,
            "begin_threshold": threshold, "events": events, "tripped_at_event": tripped})
    };
    let drains = json!({"id": "drain-defences", "cases": [
        limit(json!([[0, -300], [100, -300]]), 0, json!(null)),
        limit(json!([[0, -300], [99, -1]]), 0, json!(1)),
        limit(json!([[0, 50], [1, -350]]), 0, json!(null)),
        limit(json!([[0, -900]]), 1001, json!(null)),
        limit(json!([[0, -900]]), 1000, json!(0)),
        limit(json!([]), 0, json!(null)),
        {"kind": "luld", "tier": 2, "ref": 0.5, "phase": "regular", "lower": 0.35, "upper": 0.65},
        {"kind": "luld", "tier": 2, "ref": 0.1, "phase": "regular", "lower": 0.025, "upper": 0.175},
        {"kind": "luld", "tier": 2, "ref": 3, "phase": "close", "lower": 1.8, "upper": 4.2}]});
    assert_eq!(run(&drains).failures, []);
}
