use crate::started::{run, run_in, text, workspace};
use std::fs;
use tempfile::TempDir;

#[test]
fn the_shipped_cases_all_pass() {
    let folder = workspace().join("conformance");
    let told = run(&["conformance", folder.to_str().unwrap()]).with(0);
    assert!(told.out.contains("aave-v3 240/240"), "{}", told.out);
    let json = run(&["conformance", folder.to_str().unwrap(), "--json"]).with(0).json();
    assert_eq!(json["schema"], "breakwater.conformance/1");
    assert_eq!(json["all_passed"], true);
    assert_eq!(json["passed"], json["total"]);
    assert!(json["total"].as_u64().unwrap() >= 240);
}

#[test]
fn an_altered_case_is_a_finding_that_names_its_field() {
    let folder = TempDir::new().unwrap();
    let cases = text(&workspace().join("conformance/lending/aave-v3.json"));
    let mut cases: serde_json::Value = serde_json::from_str(&cases).unwrap();
    let changed = alter_first_output(&mut cases);
    fs::write(folder.path().join("altered.json"), cases.to_string()).unwrap();
    let told = run_in(folder.path(), &["conformance", ".", "--verbose"]).with(1);
    assert!(told.out.contains("altered 239/240") && told.out.contains("expected"), "{}", told.out);
    assert!(told.out.contains(&changed), "{changed}: {}", told.out);
    let json = run_in(folder.path(), &["conformance", ".", "--json"]).with(1).json();
    assert_eq!(json["all_passed"], false);
}

/// Changes the first number among the expected outputs of the first case; answers what it says now.
fn alter_first_output(file: &mut serde_json::Value) -> String {
    let list = if file["vectors"].is_array() { "vectors" } else { "cases" };
    let case = &mut file[list][0];
    for name in ["out", "outputs", "output", "expected", "expect"] {
        if let Some(outputs) = case[name].as_object_mut() {
            for value in outputs.values_mut() {
                if value.as_str().is_some_and(|text| text.bytes().all(|b| b.is_ascii_digit())) {
                    *value = "987654321987654321".into();
                    return "987654321987654321".to_owned();
                }
            }
        }
    }
    panic!("no output found in {case}")
}

#[test]
fn nothing_to_check_is_no_success() {
    let folder = TempDir::new().unwrap();
    run_in(folder.path(), &["conformance", "."]).complains(3, &["no *.json file"]);
    run_in(folder.path(), &["conformance", "nowhere"]).complains(3, &["nowhere"]);
    fs::write(folder.path().join("broken.json"), "{").unwrap();
    let told = run_in(folder.path(), &["conformance", ".", "--verbose"]).with(1);
    assert!(told.out.contains("broken 0/1"), "{}", told.out);
}
