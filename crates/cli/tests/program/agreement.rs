use crate::started::{folder_with, run, run_in, text, workspace};
use serde_json::Value;

const LOAN: &str = r#"{"contractType": "PAM", "contractID": "loan", "contractRole": "RPA",
"statusDate": "2024-01-01", "initialExchangeDate": "2024-01-02", "maturityDate": "2025-01-02",
"currency": "USD", "notionalPrincipal": 1000, "nominalInterestRate": 0.05,
"cycleOfInterestPayment": "P6ML1", "dayCountConvention": "30E360", "creditLineAmount": 5}"#;

fn shipped(path: &str) -> String {
    workspace().join(path).display().to_string()
}

#[test]
fn bare_terms_give_their_events_as_text_json_and_csv() {
    let folder = folder_with("loan.json", LOAN);
    let told = run_in(folder.path(), &["agreement", "events", "loan.json"]).with(0);
    assert!(told.out.contains("loan (PAM)"), "{}", told.out);
    assert!(told.out.contains("USD: received 1,050.00, paid 1,000.00"), "{}", told.out);
    assert!(told.out.lines().all(|line| line.chars().count() <= 100), "{}", told.out);
    assert!(told.err.contains("creditLineAmount"), "{}", told.err);
    let asked = ["agreement", "events", "loan.json", "--until", "2024-07-02", "--csv", "rows.csv"];
    let json = run_in(folder.path(), &[&asked[..], &["--json", "-q"]].concat()).with(0).json();
    assert_eq!(json["schema"], "breakwater.agreement-events/1");
    let events = json["contracts"][0]["events"].as_array().unwrap();
    let kinds: Vec<&Value> = events.iter().map(|event| &event["eventType"]).collect();
    assert_eq!(kinds, ["IED", "IP"]);
    assert_eq!(events[1]["payoff"], 25.0);
    let table = text(&folder.path().join("rows.csv"));
    assert_eq!(table.lines().count(), 3, "{table}");
    assert!(table.contains("loan,2024-07-02T00:00:00,IP,25,USD,1000,0.05,0,,"), "{table}");
}

#[test]
fn the_shipped_examples_are_called_and_covered() {
    let file = shipped("scenarios/agreements/margin-loan.json");
    let json = run(&["agreement", "events", &file, "--json"]).with(0).json();
    let contracts = json["contracts"].as_array().unwrap();
    assert_eq!(contracts.len(), 2);
    let kinds = |contract: &Value| -> Vec<String> {
        let events = contract["events"].as_array().unwrap();
        events.iter().map(|event| event["eventType"].as_str().unwrap().to_owned()).collect()
    };
    // The loan is called on a Friday; interest stops then, and notice ends on the Monday.
    let loan = kinds(&contracts[0]);
    assert_eq!(loan[loan.len() - 3..], ["XD", "IP", "STD"]);
    assert_eq!(kinds(&contracts[1]), ["XD", "STD"]);
    let cover = &contracts[1]["events"][1];
    // The coins are worth 216,000, less than the loan.
    assert_eq!(cover["payoff"], 216_000.0);
    run(&["agreement", "check", &file]).with(0);
    let one = run(&["agreement", "events", &file, "--case", "pledged-coins", "--json"]).with(0);
    assert_eq!(one.json()["contracts"].as_array().unwrap().len(), 1);
}

#[test]
fn published_cases_are_sound_and_a_changed_row_is_a_finding() {
    let file = shipped("conformance/actus/clm.json");
    let told = run(&["agreement", "check", &file]).with(0);
    assert!(told.out.contains("8 of 8 contracts are sound"), "{}", told.out);
    let changed = text(&workspace().join("conformance/actus/clm.json"));
    let changed = changed.replacen("0.667091889538821", "0.667093889538821", 1);
    let folder = folder_with("clm.json", &changed);
    let told = run_in(folder.path(), &["agreement", "check", "clm.json"]).with(1);
    assert!(told.out.contains("finding  clm03 (CLM)"), "{}", told.out);
    assert!(told.out.contains("row 4, payoff: 0.667093889538821 stated"), "{}", told.out);
    assert!(told.out.contains("7 of 8 contracts are sound"), "{}", told.out);
    let json = run_in(folder.path(), &["agreement", "check", "clm.json", "--json"]).with(1).json();
    assert_eq!((&json["sound"], &json["total"]), (&7.into(), &8.into()));
}

#[test]
fn files_and_flags_that_make_no_sense_are_named() {
    let folder = folder_with("loan.json", &LOAN.replace("\"PAM\"", "\"PAMM\""));
    run_in(folder.path(), &["agreement", "events", "loan.json"])
        .complains(3, &["loan.json", "contractType", "PAMM"]);
    run_in(folder.path(), &["agreement", "check", "loan.json"]).with(1);
    run_in(folder.path(), &["agreement", "events", "none.json"]).complains(3, &["none.json"]);
    let folder = folder_with("list.json", "[1]");
    run_in(folder.path(), &["agreement", "check", "list.json"]).complains(3, &["a list", "terms"]);
    let file = shipped("scenarios/agreements/margin-loan.json");
    run(&["agreement", "events", &file, "--until", "soon"]).complains(2, &["--until", "soon"]);
    run(&["agreement", "events", &file, "--case", "x"]).complains(2, &["'x'", "margin-loan"]);
}
