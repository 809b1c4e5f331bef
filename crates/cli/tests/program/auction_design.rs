use crate::started::{folder_with, run, run_in};
use serde_json::Value;

const LOT: [&str; 6] = ["--quantity", "500", "--mark", "200", "--debt", "95000"];

fn design(more: &[&str]) -> Vec<String> {
    let few = ["auction", "design", "--trials", "200"];
    few.iter().chain(&LOT).chain(more).map(|word| (*word).to_owned()).collect()
}

fn words(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).collect()
}

fn number(value: &Value) -> f64 {
    value.as_str().unwrap().parse().unwrap()
}

#[test]
fn a_design_compares_formats_and_recommends_one() {
    let told = run(&words(&design(&[]))).with(0);
    for text in
        ["English 10 min", "Dutch 105 %", "sealed first", "sealed second", "batch 1 h", "market"]
    {
        assert!(told.out.contains(text), "{text} is not in:\n{}", told.out);
    }
    assert!(told.out.contains("\nrecommended: ") && told.out.contains("\nwhy: "), "{}", told.out);
    assert!(told.out.lines().all(|line| line.chars().count() <= 100), "{}", told.out);
}

#[test]
fn json_has_every_estimate_with_its_interval_and_depends_on_the_seed_alone() {
    let of = |more: &[&str]| run(&words(&design(&[&["--json"], more].concat()))).with(0);
    let once = of(&["--threads", "1"]);
    assert_eq!(once.out, of(&["--threads", "3"]).out);
    assert_ne!(once.out, of(&["--seed", "2"]).out);
    let json = once.json();
    assert_eq!(json["schema"], "breakwater.auction-design/1");
    assert_eq!((&json["lot"]["quantity"], &json["trials"]), (&"500".into(), &200.into()));
    let alternatives = json["alternatives"].as_array().unwrap();
    assert!(alternatives.len() > 15, "{}", alternatives.len());
    let fields =
        ["revenue_share", "shortfall", "loss_to_fair", "seconds_to_clear", "unsold", "zero"];
    for alternative in alternatives {
        for field in fields {
            let estimate = &alternative[field];
            let [low, mean, high] = ["low", "mean", "high"].map(|of| number(&estimate[of]));
            assert!(low <= mean + 1e-9 && mean <= high + 1e-9, "{alternative}");
        }
        let lost = number(&alternative["unsold"]["high"]);
        assert!(alternative["format"] == "market" || lost > 0.0, "{alternative}");
    }
    let best = json["recommended"]["alternative"].as_u64().unwrap() as usize;
    assert_eq!(json["recommended"]["name"], alternatives[best]["name"]);
    // Nobody has a shortfall that is less beyond chance.
    let high = number(&alternatives[best]["shortfall"]["high"]);
    let low = |a: &Value| number(&a["shortfall"]["low"]);
    let least = alternatives
        .iter()
        .min_by(|a, b| number(&a["shortfall"]["mean"]).total_cmp(&number(&b["shortfall"]["mean"])))
        .unwrap();
    assert!(number(&least["shortfall"]["high"]) >= low(&alternatives[best]), "{high}");
}

#[test]
fn congestion_and_few_bidders_are_told_from_calm() {
    let more = ["--inclusion", "0.01", "--bidders", "2", "--json"];
    let json = run(&words(&design(&more))).with(0).json();
    let alternatives = json["alternatives"].as_array().unwrap();
    let of = |name: &str| alternatives.iter().find(|a| a["name"] == name).unwrap();
    assert!(number(&of("English 10 min")["zero"]["low"]) > 0.2);
    assert!(number(&of("English 6 h")["zero"]["high"]) < 0.05);
    assert!(json["recommended"]["name"] != "English 10 min", "{}", json["recommended"]);
}

#[test]
fn a_file_gives_settings_and_flags_go_first() {
    let text = "quantity = 500\nmark = \"200\"\ndebt = 95000.5\nbidders = 3\nimpact_bps = 50\n";
    let folder = folder_with("lot.toml", text);
    let base = ["auction", "design", "lot.toml", "--trials", "2", "--json"];
    let json = run_in(folder.path(), &base).with(0).json();
    let lot = &json["lot"];
    assert_eq!((&lot["debt"], &lot["bidders"]), (&"95000.5".into(), &3.into()));
    let flags = [&base[..], &["--bidders", "4"]].concat();
    let json = run_in(folder.path(), &flags).with(0).json();
    assert_eq!((&json["lot"]["bidders"], &json["lot"]["impact_bps"]), (&4.into(), &"50".into()));
}

#[test]
fn bad_settings_are_named_with_what_would_be_right() {
    let flagged = |more: &[&str], words_said: &[&str]| {
        run(&words(&design(more))).complains(2, words_said);
    };
    flagged(&["--inclusion", "0"], &["inclusion is 0", "0.0001 to 1"]);
    flagged(&["--bidders", "2.5"], &["bidders is 2.5", "whole number"]);
    flagged(&["--volatility", "x"], &["--volatility", "expected a decimal"]);
    let one = [&["auction", "design", "--trials", "1"], &LOT[..]].concat();
    run(&one).complains(2, &["trials is 1", "2 to 10000000"]);
    flagged(&["--threads", "0"], &["threads is 0", "1 to 256"]);
    run(&["auction", "design", "--mark", "2", "--debt", "1"]).complains(2, &["no quantity"]);
    for (text, said) in [
        ("quantity = 0\nmark = 1\ndebt = 1", "quantity is 0: it must be above 0"),
        ("quantity = 1\nmark = 1\ndebt = 1\nspeed = 1", "no setting 'speed'"),
        ("quantity = -1\nmark = 1\ndebt = 1", "quantity is -1"),
        ("quantity = true\nmark = 1\ndebt = 1", "quantity is true"),
        ("quantity = 1\nmark = 1\ndebt = 11", "at most ten times the lot's value"),
        ("quantity = ", "lot.toml"),
    ] {
        let folder = folder_with("lot.toml", text);
        let ended = run_in(folder.path(), &["auction", "design", "lot.toml"]).with(3);
        assert!(ended.err.contains(said) && ended.err.contains("lot.toml"), "{}", ended.err);
    }
    let folder = folder_with("unused", "");
    run_in(folder.path(), &["auction", "design", "none.toml"]).complains(3, &["none.toml"]);
}

#[test]
fn every_game_agrees_and_is_told() {
    let told = run(&["auction", "games", "--trials", "1000"]).with(0);
    for game in ["revenue equivalence", "priority gas auction", "collusion ring", "learning"] {
        assert!(told.out.contains(game), "{game} is not in:\n{}", told.out);
    }
    assert!(told.out.lines().all(|line| line.chars().count() <= 102), "{}", told.out);
    let json = run(&["auction", "games", "--trials", "1000", "--json"]).with(0).json();
    assert_eq!(
        (&json["schema"], &json["disagree"]),
        (&"breakwater.auction-games/1".into(), &0.into())
    );
    let rows = json["rows"].as_array().unwrap();
    assert!(rows.len() > 60 && rows.iter().all(|row| row["agrees"] == true));
    run(&["auction", "games", "--trials", "999"]).complains(2, &["trials is 999", "1000"]);
}
