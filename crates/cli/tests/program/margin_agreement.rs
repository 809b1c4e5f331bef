use crate::started::{folder_with, run, run_in, text, workspace};
use serde_json::Value;

fn shipped(name: &str) -> String {
    workspace().join("scenarios/agreements").join(name).display().to_string()
}

#[test]
fn the_call_due_now_is_told_with_its_arithmetic_as_text_json_and_csv() {
    let told = run(&["agreement", "call", &shipped("annex-1994.toml")]).with(0);
    let line = "Harbour Fund delivers 5,050,000 by 2020-03-13T17:00:00";
    assert!(told.out.contains(line), "{}", told.out);
    assert!(told.out.contains("nothing is due"), "{}", told.out);
    let folder = folder_with(
        "call.toml",
        &text(&workspace().join("scenarios/agreements/variation-2016.toml")),
    );
    let asked = ["agreement", "call", "call.toml", "--csv", "call.csv", "--json"];
    let json = run_in(folder.path(), &asked).with(0).json();
    assert_eq!(json["schema"], "breakwater.margin-call/1");
    let call = &json["calls"][0];
    assert_eq!(call["marginCallBase"]["deliveryAmount"]["value"], "640000");
    // Called at 09:30 for transfer by 17:00 of the same day, New York time.
    assert_eq!(call["transferDue"], "2020-03-12T21:00:00Z");
    let table = text(&folder.path().join("call.csv"));
    let row = "south-ridge-vm,South Dealer,delivery amount,640000,\"in steps of 10,000\"";
    assert!(table.contains(row), "{table}");
}

#[test]
fn a_document_is_checked_and_what_is_wrong_with_it_is_a_finding() {
    for name in ["annex-1994.toml", "variation-2016.toml", "initial-2018.toml"] {
        let told = run(&["agreement", "check", &shipped(name)]).with(0);
        assert!(told.out.contains("sound"), "{}", told.out);
    }
    let wrong = text(&workspace().join("scenarios/agreements/annex-1994.toml"));
    let folder =
        folder_with("wrong.toml", &wrong.replace("haircut = \"0.15\"", "haircutt = \"0.15\""));
    let json =
        run_in(folder.path(), &["agreement", "check", "wrong.toml", "--json"]).with(1).json();
    let finding = json["finding"].as_str().unwrap();
    assert!(finding.contains("`collateral[3].haircutt`"), "{finding}");
    run_in(folder.path(), &["agreement", "call", "wrong.toml"]).complains(3, &["haircutt"]);
    let bare = wrong.split("# The position").next().unwrap();
    let folder = folder_with("bare.toml", bare);
    run_in(folder.path(), &["agreement", "call", "bare.toml"])
        .complains(3, &["`position` is missing"]);
    run_in(folder.path(), &["agreement", "call", "none.toml"]).complains(3, &["none.toml"]);
}

#[test]
fn march_2020_is_played_to_its_end_and_every_hour_balances() {
    let folder = folder_with("unused", "");
    let asked = ["agreement", "run", "margin-call", "--json", "-q"];
    let json = run_in(folder.path(), &asked).with(0).json();
    assert_eq!(json["schema"], "breakwater.agreement-run/1");
    assert_eq!(
        (&json["books_balance"], &json["hours"]),
        (&Value::Bool(true), &json["hours_balanced"])
    );
    let all = json["happenings"].as_array().unwrap();
    let whats: std::collections::BTreeSet<&str> =
        all.iter().map(|it| it["what"].as_str().unwrap()).collect();
    for what in
        ["call", "recall", "dispute", "failure", "default", "close-out", "sale", "guarantee"]
    {
        assert!(whats.contains(what), "no {what} in {whats:?}");
    }
    let ways: std::collections::BTreeSet<&str> =
        json["sales"].as_array().unwrap().iter().map(|it| it["way"].as_str().unwrap()).collect();
    assert_eq!(ways.into_iter().collect::<Vec<&str>>(), ["auction", "planner"]);
    let out = folder.path().join("out/margin-call");
    let messages: Value = serde_json::from_str(&text(&out.join("messages.json"))).unwrap();
    let list = messages["messages"].as_array().unwrap();
    assert_eq!(list.len() as u64, json["messages"].as_u64().unwrap());
    assert!(list.iter().any(|it| it["type"] == "MarginCallResponse"));
    // Nobody asked an agreement for what it had to refuse.
    assert!(list.iter().all(|it| it["type"] != "Refusal"), "{messages}");
    let page = text(&out.join("report.html"));
    assert!(page.contains("What became of each agreement"));
    assert!(text(&out.join("happenings.csv")).lines().count() == all.len() + 1);
    // The same answer every time.
    let again = run_in(folder.path(), &asked).with(0).json();
    assert_eq!(again, json);
    run(&["agreement", "run", "nowhere"]).complains(2, &["nowhere", "margin-call"]);
}
