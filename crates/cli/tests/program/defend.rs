//! `breakwater defend`: one scenario, several sets, one table.

use crate::started::{folder_with, run_in, workspace};

/// The shipped run with fewer people, steps and sets, so that it ends in seconds.
fn small() -> String {
    let path = workspace().join("scenarios/defend/run-on-a-pool.toml");
    let shipped = std::fs::read_to_string(path).unwrap();
    let (head, _) = shipped.split_once("[[defence]]").unwrap();
    let head = head
        .replace("depositors = 200", "depositors = 40")
        .replace("borrowers = 120", "borrowers = 25")
        .replace("steps = 288", "steps = 150")
        .replace("deposit_median = 40000.0", "deposit_median = 200000.0");
    format!(
        "{head}[[defence]]\nname = \"none\"\n\n[[defence]]\nname = \"waits\"\noutflow = {{ leaves_bps = \
         500, window_hours = 24, excess = \"wait\" }}\n\n[[defence]]\nname = \"queue\"\nqueue_hours = 12\n"
    )
}

#[test]
fn sets_are_compared_on_the_same_draws_as_text_json_csv_and_page() {
    let folder = folder_with("run.toml", &small());
    let asked = ["defend", "run.toml", "--paths", "1"];
    let told = run_in(folder.path(), &asked).with(0);
    for words in ["A run on a lending pool", "bad debt", "trapped", "none", "waits", "queue"] {
        assert!(told.out.contains(words), "'{words}' is not in:\n{}", told.out);
    }
    assert!(told.out.lines().all(|line| line.chars().count() <= 100), "{}", told.out);
    let with = |more: &[&str]| {
        let asked: Vec<&str> = asked.iter().chain(more).copied().collect();
        run_in(folder.path(), &asked).with(0)
    };
    let json = with(&["--json"]).json();
    assert_eq!(json["schema"], "breakwater.defend/1");
    assert_eq!((&json["paths"], &json["kind"]), (&1.into(), &"run".into()));
    let sets = json["defences"].as_array().unwrap();
    let number =
        |set: usize, field: &str| sets[set][field].as_str().unwrap().parse::<f64>().unwrap();
    assert!(number(1, "got_out_share") < number(0, "got_out_share"), "{json}");
    assert!(number(1, "trapped_value_hours") > number(0, "trapped_value_hours"));
    assert_eq!(number(0, "false_trips"), 0.0);
    assert!(number(2, "false_trips") > 0.0, "a queue binds on any day");
    assert_eq!(json, with(&["--json"]).json(), "the same seed gives the same answer");
    assert_ne!(json["hash"], with(&["--json", "--seed", "7"]).json()["hash"]);

    let csv = with(&["--csv"]).out;
    assert_eq!(csv.lines().count(), 4);
    assert!(csv.starts_with("defence,rules,bad_debt,bad_debt_worst,trapped_value_hours,"), "{csv}");

    let written = with(&["--out", "out"]);
    assert!(written.out.contains("out/report.html"), "{}", written.out);
    let read = |file: &str| std::fs::read_to_string(folder.path().join("out").join(file)).unwrap();
    assert_eq!(read("defences.csv"), csv);
    assert_eq!(read("runs.csv").lines().count(), 4);
    assert_eq!(read("track.csv").lines().count(), 1 + 3 * 150);
    let page = read("report.html");
    for words in ["A run on a lending pool", "Wanted and not paid", "Changed: --paths 1", "<svg"] {
        assert!(page.contains(words), "'{words}' is not on the page");
    }
    let answer: serde_json::Value = serde_json::from_str(&read("defend.json")).unwrap();
    assert_eq!(answer, json);
    // A folder of somebody else's is left alone.
    std::fs::create_dir(folder.path().join("own")).unwrap();
    std::fs::write(folder.path().join("own/report.html"), "mine").unwrap();
    let theirs = ["defend", "terra-anchor-2022-05", "--out", "own"];
    // The mark is looked for in the answer, which is not there.
    run_in(folder.path(), &theirs).complains(3, &["--out own", "choose another folder"]);
}

#[test]
fn recorded_flows_are_replayed_with_and_without_limits() {
    let folder = folder_with("none.txt", "");
    let told = run_in(folder.path(), &["defend", "terra-anchor-2022-05"]).with(0);
    for words in ["flows as recorded", "5 % a day, net", "queue of a week"] {
        assert!(told.out.contains(words), "'{words}' is not in:\n{}", told.out);
    }
    let json = run_in(folder.path(), &["defend", "terra-anchor-2022-05", "--json"]).with(0).json();
    assert_eq!(json["kind"], "flows");
    let number = |set: usize, field: &str| {
        json["defences"][set][field].as_str().unwrap().parse::<f64>().unwrap()
    };
    assert!(number(1, "trough_price") > number(0, "trough_price"));
    assert!(json["data"][0]["source"].as_str().unwrap().contains("public transactions"));
    let refused = ["defend", "terra-anchor-2022-05", "--seed", "2"];
    run_in(folder.path(), &refused).complains(2, &["seed", "nothing is drawn"]);
}

#[test]
fn what_makes_no_sense_is_refused_with_its_code() {
    let folder = folder_with("bad.toml", &small().replace("queue_hours = 12", "queue = 12"));
    let cases: [(&[&str], i32, &[&str]); 4] = [
        (&["defend", "nowhere"], 2, &["nowhere", "run-on-a-pool, terra-anchor-2022-05"]),
        (&["defend", "bad.toml"], 3, &["bad.toml", "unknown field `queue`"]),
        (&["defend", "bad.toml", "--paths", "x"], 2, &["--paths"]),
        (&["defend", "run-on-a-pool", "--paths", "0"], 2, &["paths: 0; expected 1 to 10000"]),
    ];
    for (asked, code, words) in cases {
        let told = run_in(folder.path(), asked).with(code);
        for word in words {
            assert!(told.err.contains(word), "'{word}' is not in: {}", told.err);
        }
    }
}
