//! The runner: what it finds, counts, refuses and prints.

use breakwater_conformance::{
    FileReport, adapters, all_passed, print, print_json, run_dir, run_text,
};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// A vector that passes: 10 at 100 long on a margin of 100, 1 %, has its price at 90.90...
fn case(id: &str) -> Value {
    json!({"id": id, "kind": "liq_price_linear_cum", "input": {"side": "long", "wallet": "100",
        "cum": "0", "qty": "10", "entry": "100", "mmr": "0.01"},
        "expected": {"price": "1000/11"}})
}

fn exchange(vectors: Vec<Value>) -> Value {
    json!({"schema": "breakwater.exchange-vector/1", "venue": "any", "count": vectors.len(),
        "vectors": vectors})
}

fn run(file: &Value) -> FileReport {
    run_text("folder/name.json", &file.to_string(), &adapters())
}

fn counts(report: &FileReport) -> (usize, usize, bool) {
    (report.passed, report.total, report.known)
}

/// `id field: expected / got` of each failure.
fn failures(report: &FileReport) -> Vec<String> {
    let line = |f: &breakwater_conformance::Failure| {
        format!("{} {}: {} / {}", f.id, f.field, f.expected, f.got)
    };
    report.failures.iter().map(line).collect()
}

#[test]
fn the_sound_case_of_these_tests_passes() {
    let report = run(&exchange(vec![case("a"), case("b")]));
    assert_eq!((counts(&report), failures(&report)), ((2, 2, true), vec![]));
    assert_eq!((report.name.as_str(), report.path.as_str()), ("name", "folder/name.json"));
    assert!(all_passed(&[report]));
}

#[test]
fn the_repositorys_own_folder_passes_in_full() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance");
    let reports = run_dir(&folder).unwrap();
    let mut lines = Vec::new();
    print(&reports, true, &mut lines).unwrap();
    assert!(all_passed(&reports), "{}", String::from_utf8_lossy(&lines));
}

#[test]
fn a_file_that_no_adapter_knows_is_unknown_with_its_number_of_cases() {
    for (file, total) in [
        (json!({"schema": "other/1", "vectors": [1, 2, 3]}), 3),
        (json!({"family": "uk", "cases": [{}, {}]}), 2),
        (json!({"family": "theory", "cases": 2, "vectors": [{}]}), 1),
        (json!([{}, {}, {}, {}]), 4),
        (json!({"id": "one", "formula": "x"}), 1),
        (json!({"vectors": []}), 1),
        (json!(7), 1),
        (exchange(vec![json!({"id": "x", "kind": "moon_phase", "input": {}, "expected": {}})]), 1),
    ] {
        let report = run(&file);
        assert_eq!(counts(&report), (0, total, false), "{file}");
        assert_eq!(report.failures.len(), 1);
        assert!(!all_passed(&[report]));
    }
    let report = run(&json!({"schema": "other/1", "protocol": "p", "vectors": []}));
    let says = "schema \"other/1\", protocol \"p\"";
    assert!(failures(&report)[0].ends_with(says), "{:?}", failures(&report));
}

#[test]
fn an_unknown_kind_among_known_ones_is_a_failure_of_its_case() {
    let mut odd = case("b");
    odd["kind"] = json!("moon_phase");
    let mut none = case("c");
    none.as_object_mut().unwrap().remove("kind");
    let report = run(&exchange(vec![case("a"), odd, none]));
    assert_eq!(counts(&report), (1, 3, true));
    assert_eq!(
        failures(&report),
        [
            "b kind: a kind with an adapter / no adapter for kind moon_phase",
            "c kind: a text / nothing: the field is missing",
        ]
    );
}

#[test]
fn malformed_json_is_a_failure_with_its_position() {
    let report = run_text("bad.json", "{\"schema\": \n  oops}", &adapters());
    assert_eq!(counts(&report), (0, 1, true));
    assert_eq!(failures(&report), ["(file) contents: JSON / expected value at line 2 column 3"]);
    for text in ["", "[", "{\"a\": \"\u{1}\"}", "nul", &"[".repeat(100_000)] {
        let report = run_text("bad.json", text, &adapters());
        assert_eq!((counts(&report), report.failures.len()), ((0, 1, true), 1));
    }
}

#[test]
fn every_missing_or_wrong_input_is_named() {
    let good = case("a");
    for name in ["side", "wallet", "cum", "qty", "entry", "mmr"] {
        let mut missing = good.clone();
        missing["input"].as_object_mut().unwrap().remove(name);
        for (broken, got) in [
            (missing, "nothing: the field is missing".to_owned()),
            (with(&good, name, json!(["1"])), "[\"1\"]".to_owned()),
            (with(&good, name, json!(null)), "null".to_owned()),
        ] {
            let report = run(&exchange(vec![broken]));
            assert_eq!(counts(&report), (0, 1, true));
            let failure = &report.failures[0];
            let field = format!("input.{name}");
            assert_eq!((failure.id.as_str(), &failure.field, &failure.got), ("a", &field, &got));
        }
    }
    for (name, value, message) in [
        ("side", json!("up"), "a input.side: long or short / \"up\""),
        ("qty", json!("-1"), "a input.qty: a number above zero / \"-1\""),
        (
            "entry",
            json!("1/0"),
            "a input.entry: a text with a decimal or a/b / '1/0' has no digits",
        ),
        ("wallet", json!(0.1), "a input.wallet: a text with a decimal or a/b / 0.1"),
    ] {
        assert_eq!(failures(&run(&exchange(vec![with(&good, name, value)]))), [message]);
    }
    for (case, message) in [
        (json!("text"), "#1 id: a text of its own / nothing: the field is missing"),
        (without(&good, "id"), "#1 id: a text of its own / nothing: the field is missing"),
        (without(&good, "input"), "a input: an object / nothing: the field is missing"),
        (without(&good, "expected"), "a expected: an object / nothing: the field is missing"),
    ] {
        let report = run(&exchange(vec![case, self::case("z")]));
        assert_eq!((counts(&report), failures(&report)[0].as_str()), ((1, 2, true), message));
    }
}

fn with(case: &Value, input: &str, value: Value) -> Value {
    let mut case = case.clone();
    case["input"][input] = value;
    case
}

fn without(case: &Value, member: &str) -> Value {
    let mut case = case.clone();
    case.as_object_mut().unwrap().remove(member);
    case
}

#[test]
fn a_second_case_of_the_same_id_fails() {
    let report = run(&exchange(vec![case("a"), case("b"), case("a")]));
    assert_eq!(counts(&report), (2, 3, true));
    assert_eq!(failures(&report), ["a id: a text of its own / \"a\" at #3, already the id of #1"]);
}

#[test]
fn a_count_that_is_not_the_number_of_cases_fails_the_file() {
    for count in [json!(1), json!(3), json!("2"), json!(-2), json!(null)] {
        let mut file = exchange(vec![case("a"), case("b")]);
        file["count"] = count.clone();
        let report = run(&file);
        assert_eq!(counts(&report), (2, 3, true));
        let message = format!("(file) count: 2, the number of cases in the file / {count}");
        assert_eq!(failures(&report), [message]);
        assert!(!all_passed(&[report]));
    }
    let report = run(&exchange(vec![]));
    assert_eq!(counts(&report), (0, 1, true));
    assert_eq!(failures(&report), ["(file) vectors: a list of at least one case / []"]);
}

#[test]
fn a_folder_is_walked_in_the_order_of_paths_and_reported_a_line_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("b/deep/er/z.json", &exchange(vec![case("a")]).to_string());
    write("b/a.json", "{");
    write("a.json", r#"{"cases": [1, 2]}"#);
    write("b/readme.md", "not a vector file");
    let reports = run_dir(folder.path()).unwrap();
    let paths: Vec<&str> = reports.iter().map(|report| report.path.as_str()).collect();
    assert_eq!(paths, ["a.json", "b/a.json", "b/deep/er/z.json"]);
    assert!(!all_passed(&reports));

    let mut short = Vec::new();
    print(&reports, false, &mut short).unwrap();
    assert_eq!(String::from_utf8(short).unwrap(), "a 0/2 unknown\na 0/1\nz 1/1\n");
    let mut long = Vec::new();
    print(&reports, true, &mut long).unwrap();
    let long = String::from_utf8(long).unwrap();
    let position =
        "  (file) contents: expected JSON, got EOF while parsing an object at line 1 column 1";
    assert!(long.lines().any(|line| line == position), "{long}");

    let mut object = Vec::new();
    print_json(&reports, &mut object).unwrap();
    let object: Value = serde_json::from_slice(&object).unwrap();
    assert_eq!(object["all_passed"], json!(false));
    assert_eq!((&object["passed"], &object["total"]), (&json!(1), &json!(4)));
    assert_eq!(object["files"][0]["known"], json!(false));
    assert_eq!(object["files"][2]["path"], json!("b/deep/er/z.json"));
}

#[test]
fn a_folder_without_vector_files_is_an_error_not_a_success() {
    let folder = tempfile::tempdir().unwrap();
    let error = run_dir(folder.path()).unwrap_err().to_string();
    assert!(error.ends_with("no *.json file in it or beneath it"), "{error}");
    let error = run_dir(Path::new("/no/such/folder")).unwrap_err().to_string();
    assert!(error.starts_with("/no/such/folder: cannot be listed: "), "{error}");
    assert!(!all_passed(&[]));
}
