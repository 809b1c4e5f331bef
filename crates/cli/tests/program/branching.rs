use crate::started::{folder_with, run_in};
use std::fmt::Write as _;

/// Families of events: each of the first kind brings two more within a minute.
fn table() -> String {
    let mut text = "time,market\n".to_owned();
    for at in 0..60u64 {
        let start = 1_600_000_000 + at * at * 40 + at * 900;
        for (after, market) in [(0, "main"), (12, "main"), (12, "main"), (50, "side")] {
            let _ = writeln!(text, "{},{market}", start + after);
        }
    }
    text
}

#[test]
fn a_table_of_events_has_its_branching_ratio_with_an_interval() {
    let folder = folder_with("events.csv", &table());
    let asked = ["branching", "events.csv", "--only", "market=main", "--resolution", "12"];
    let told = run_in(folder.path(), &asked).with(0);
    for words in ["180 events of events.csv", "120 stamps", "branching ratio", "distance to 1"] {
        assert!(told.out.contains(words), "'{words}' is not in:\n{}", told.out);
    }
    let json = |more: &[&str]| {
        let asked: Vec<&str> = asked.iter().chain(&["--json"]).chain(more).copied().collect();
        run_in(folder.path(), &asked).with(0).json()
    };
    let found = json(&[]);
    assert_eq!(found["schema"], "breakwater.branching/1");
    let number = |name: &str| found["all"][name].as_str().unwrap().parse::<f64>().unwrap();
    // Two of three events are children.
    let ratio = number("branching_ratio");
    assert!((0.5..0.75).contains(&ratio), "{ratio}");
    assert!(number("low") < ratio && ratio < number("high"));
    assert_eq!(found, json(&[]), "the same seed gives the same answer");
    let merged = json(&["--ties", "merge", "--days", "1"]);
    assert_eq!((&merged["stamps"], &merged["ties"]), (&found["stamps"], &"merge".into()));
    assert_eq!(merged["windows"].as_array().unwrap().len(), 2);
}

#[test]
fn a_table_that_says_nothing_is_refused_by_name_and_line() {
    let few = "time\n1\n2\nsoon\n";
    let folder = folder_with("few.csv", few);
    std::fs::write(folder.path().join("short.csv"), "time\n1\n2\n").unwrap();
    let told = |asked: &[&str], code| run_in(folder.path(), asked).with(code).err;
    assert!(told(&["branching", "few.csv"], 3).contains("few.csv, line 4: time 'soon'"));
    assert!(told(&["branching", "short.csv"], 3).contains("at least 10 are right"));
    assert!(told(&["branching", "few.csv", "--column", "at"], 3).contains("no column 'at'"));
    assert!(told(&["branching", "gone.csv"], 3).contains("gone.csv"));
    let wide = ["branching", "short.csv", "--resolution", "0"];
    assert!(told(&wide, 2).contains("resolution is 0.0"));
    assert!(told(&["branching", "few.csv", "--only", "main"], 2).contains("market=main"));
}
