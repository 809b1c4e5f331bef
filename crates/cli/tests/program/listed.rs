use crate::started::{folder_with, run, run_in, text, workspace};
use serde_json::Value;
use std::fs;

#[test]
fn a_friday_of_expiry_is_played_written_and_proved() {
    let folder = folder_with("unused", "");
    let told = run_in(folder.path(), &["agreement", "run", "expiry-friday"]).with(0).out;
    for line in [
        "07:00  BTC-10OCT25            roll        Basis: out at 121353.29, into BTC-26DEC25",
        "07:30  BTC-10OCT25            fixing      averaging of the settlement price began",
        "07:45  BTC-10OCT25-121000-C   refused     Holder: the series is exercised at expiry only",
        "08:00  BTC-PERPETUAL          session     profit and loss became cash",
        "08:00  BTC-10OCT25            delivery    delivered at 121113.26, the mean of 300 samples",
        "12:00  BTC-PERPETUAL          transfer    Desk A: 45000 to Desk B at the mark of 121643.04",
        "21:18  BTC-PERPETUAL          sale        Levered: the venue sold 80000 BTC-PERPETUAL",
        "       BTC-PERPETUAL          funding     24 payments",
        "1,440 of 1,440 minutes balance: yes",
        "replay of the journal gives the same hash: yes",
    ] {
        assert!(told.contains(line), "{line}\n{told}");
    }
    let out = folder.path().join("out/expiry-friday");
    let json: Value = serde_json::from_str(&text(&out.join("run.json"))).unwrap();
    assert_eq!(json["schema"], "breakwater.listed-run/1");
    assert_eq!(json["contracts"][1]["delivered_at"], "121113.26");
    assert_eq!(json["state_hash"], json["replay_hash"]);
    let rows = json["happenings"].as_array().unwrap().len();
    assert_eq!(text(&out.join("happenings.csv")).lines().count(), rows + 1);
    let page = text(&out.join("report.html"));
    assert!(page.contains("How the settlement price came about"));
    assert!(!page.contains("<script"), "a report runs nothing");
    // What the journal says by itself.
    let journal = out.join("journal.redb").display().to_string();
    let verified = run(&["verify", &journal, "--json"]).with(0).json();
    assert_eq!(verified["state_hash"], json["state_hash"]);
    let why = run(&["why", &journal, "Levered"]).with(0).out;
    assert!(why.contains("80,000.00 BTC-PERPETUAL sold for"), "{why}");
    let taxed = run(&["tax", &journal, "--json"]).with(0).json();
    assert_eq!(taxed["holders"].as_array().unwrap().len(), 7);
    assert_eq!(taxed["holders"][1]["by_cause"]["settled"], "0.00790178");
}

#[test]
fn early_exercise_is_paid_by_all_who_are_short() {
    let folder = folder_with("unused", "");
    let asked = ["agreement", "run", "early-exercise", "--out", "there", "--json", "-q"];
    let json = run_in(folder.path(), &asked).with(0).json();
    let used: Vec<&Value> = json["happenings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| it["what"] == "exercise")
        .collect();
    assert_eq!(used.len(), 6);
    assert!(used.iter().all(|it| it["account"] == "Pension" || it["account"] == "Trader"));
    let events = text(&folder.path().join("there/events.jsonl"));
    for kind in ["\"exercised\"", "\"moved\"", "\"sold\""] {
        assert!(events.contains(kind), "{kind}");
    }
    let journal = folder.path().join("there/journal.redb").display().to_string();
    run(&["verify", &journal]).with(0);
    // Whoever was short and called tells of it too.
    let why = run(&["why", &journal, "Small"]).with(0).out;
    assert!(why.contains("Small"), "{why}");
}

#[test]
fn a_calendar_is_told_as_text_json_and_csv() {
    let folder = folder_with("unused", "");
    let told = run(&["agreement", "events", "expiry-friday"]).with(0).out;
    assert!(told.contains("2025-10-10T07:30:00Z  BTC-10OCT25            fixing"), "{told}");
    let asked = ["agreement", "events", "expiry-friday", "--until", "2025-10-10T09:30:00"];
    let asked = [&asked[..], &["--csv", "due.csv", "--json"]].concat();
    let json = run_in(folder.path(), &asked).with(0).json();
    assert_eq!(json["schema"], "breakwater.listed-events/1");
    assert_eq!(json["until"], "2025-10-10T09:30:00Z");
    let events = json["events"].as_array().unwrap();
    assert_eq!(events.last().unwrap()["at"], "2025-10-10T09:00:00Z");
    assert_eq!(text(&folder.path().join("due.csv")).lines().count(), events.len() + 1);
    run(&["agreement", "events", "expiry-friday", "--until", "noon"])
        .complains(2, &["--until", "noon"]);
    run(&["agreement", "events", "expiry-friday", "--case", "x"]).complains(2, &["--case"]);
}

#[test]
fn a_file_of_ones_own_is_checked_and_refused_by_name() {
    let shipped = text(&workspace().join("scenarios/early-exercise.toml"));
    let folder = folder_with("own.toml", &shipped);
    for name in ["october-2025", "early-exercise"] {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    for file in ["october-2025/index.csv", "early-exercise/venue.toml"] {
        let from = workspace().join("scenarios").join(file);
        fs::copy(from, folder.path().join(file)).unwrap();
    }
    let told = run_in(folder.path(), &["agreement", "check", "own.toml"]).with(0).out;
    assert!(told.contains("sound    own.toml: 2 listed contracts"), "{told}");
    run_in(folder.path(), &["agreement", "run", "own.toml", "-q"]).with(0);
    // A folder that is not ours is left alone.
    fs::create_dir(folder.path().join("mine")).unwrap();
    fs::write(folder.path().join("mine/events.jsonl"), "mine").unwrap();
    run_in(folder.path(), &["agreement", "run", "own.toml", "--out", "mine"])
        .complains(3, &["events.jsonl"]);
    // What no setting but the file's can mend is a matter of data.
    let poor = shipped.replacen("cash = \"150000\"", "cash = \"1\"", 1);
    fs::write(folder.path().join("own.toml"), poor).unwrap();
    run_in(folder.path(), &["agreement", "run", "own.toml", "-q"])
        .complains(3, &["the position of Small", "402"]);
    fs::write(folder.path().join("own.toml"), &shipped).unwrap();
    let venue = folder.path().join("early-exercise/venue.toml");
    let often = text(&venue).replacen("every = \"1d\"", "every = \"1ms\"", 1);
    fs::write(&venue, often).unwrap();
    run_in(folder.path(), &["agreement", "run", "own.toml", "-q"])
        .complains(3, &["contracts[0].lifecycle", "more than 10000"]);
    let changed = shipped.replacen("kind = \"linear\"", "kind = \"cubic\"", 1);
    fs::write(folder.path().join("own.toml"), changed).unwrap();
    let json = run_in(folder.path(), &["agreement", "check", "own.toml", "--json"]).with(1).json();
    assert!(json["finding"].as_str().unwrap().contains("cubic"), "{json}");
    for what in ["run", "events"] {
        let told = run_in(folder.path(), &["agreement", what, "own.toml"]).with(3);
        assert!(
            told.err.contains("unknown variant `cubic`") && told.out.is_empty(),
            "{}",
            told.err
        );
    }
}

#[test]
fn what_can_be_played_is_listed_with_where_it_is_from() {
    let told = run(&["scenarios"]).with(0).out;
    assert!(told.contains("breakwater agreement run NAME plays one"), "{told}");
    let json = run(&["scenarios", "--json"]).with(0).json();
    let names: Vec<&str> = json["agreements"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|it| it["name"].as_str())
        .collect();
    assert_eq!(names, ["margin-call", "expiry-friday", "early-exercise"]);
    let data = json["agreements"][0]["data"].as_array().unwrap();
    assert!(data.iter().all(|it| it["source"] != "not stated"), "{data:?}");
}
