//! The published cases of the standard: every row and every field of each must come out.

use breakwater_agreement::contracts::{Case, cases_in};
use std::path::PathBuf;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../conformance/actus")
}

fn cases() -> Vec<Case> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "json"))
        .collect();
    files.sort();
    assert_eq!(files.len(), 18, "one file a contract type");
    let mut cases = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let value = serde_json::from_str(&text).unwrap();
        cases.extend(cases_in(&value).unwrap_or_else(|error| panic!("{file:?}: {error}")));
    }
    cases
}

#[test]
fn every_row_of_every_published_case_comes_out() {
    let cases = cases();
    assert_eq!(cases.len(), 142);
    let mut wrong = Vec::new();
    let mut rows = 0;
    for case in &cases {
        rows += case.expected.len();
        match case.events() {
            Err(error) => wrong.push(format!("{}: {error}", case.name)),
            Ok(events) => {
                let differences = case.differences(&events);
                for difference in differences.iter().take(3) {
                    wrong.push(format!("{}: {difference:?}", case.name));
                }
            }
        }
    }
    assert!(rows > 2000, "{rows} rows compared");
    assert!(wrong.is_empty(), "{} differences\n{}", wrong.len(), wrong.join("\n"));
}
