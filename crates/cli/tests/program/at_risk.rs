use crate::started::{folder_with, run_in, text};
use std::fs;

const BOOK: &str = r#"{
  "assets": [
    {"asset": "WETH", "decimals": 18, "price_usd": "1000", "moves_with_eth": true},
    {"asset": "USDC", "decimals": 6, "price_usd": "1"}
  ],
  "accounts": [
    {"account": "a", "liquidation_threshold_bps": 8000,
     "collateral": [{"asset": "WETH", "amount": "10"}],
     "debt": [{"asset": "USDC", "amount": "7200"}]},
    {"account": "b", "liquidation_threshold_bps": 8000,
     "collateral": [{"asset": "WETH", "amount": "10"}],
     "debt": [{"asset": "USDC", "amount": "4000"}]}
  ]
}"#;

#[test]
fn every_rulebook_has_its_curve_as_text_json_table_and_page() {
    let folder = folder_with("book.json", BOOK);
    let told = run_in(folder.path(), &["at-risk", "book.json", "--step", "5%"]).with(0);
    for name in ["aave-v3.7", "compound-v3", "morpho-blue", "euler-v2", "liquity-v1", "crvusd"] {
        assert!(told.out.contains(name), "{name} is not in:\n{}", told.out);
    }
    assert!(told.out.lines().all(|line| line.chars().count() <= 100), "{}", told.out);
    assert!(told.out.ends_with("report: out/at-risk/at-risk.html\n"), "{}", told.out);

    let json = run_in(folder.path(), &["at-risk", "book.json", "--step", "5%", "--json"]).with(0);
    let out = folder.path().join("out/at-risk");
    assert_eq!(json.out, text(&out.join("at-risk.json")));
    let json = json.json();
    assert_eq!(json["schema"], "breakwater.at-risk/1");
    let curve = &json["curves"][0];
    assert_eq!(curve["rulebook"], "aave-v3.7");
    assert_eq!(curve["debt"], "11200");
    // 7,200 is reached at 900 and exact equality is healthy; at 850 it is not.
    let row = |fall: u64| {
        let rows = curve["rows"].as_array().unwrap();
        rows.iter().find(|row| row["fall_bps"] == fall).unwrap()
    };
    assert_eq!(row(1_000)["liquidatable_debt"], "0");
    assert_eq!(row(1_500)["liquidatable_debt"], "7200");
    assert_eq!(row(6_000)["bad_debt"], "3200");
    let page = text(&out.join("at-risk.html"));
    assert!(page.contains("<svg") && page.contains("morpho-blue"));
    assert!(text(&out.join("at-risk.csv")).starts_with("rulebook,fall_bps,accounts,"));
    // The same again gives the same bytes, over the files of the run before.
    let read = || fs::read(out.join("at-risk.html")).unwrap();
    let before = read();
    run_in(folder.path(), &["at-risk", "book.json", "--step", "5%"]).with(0);
    assert!(before == read());
}

#[test]
fn what_cannot_be_drawn_is_refused() {
    let folder = folder_with("book.json", BOOK);
    let at_risk = |more: &[&str]| {
        let mut arguments = vec!["at-risk", "book.json"];
        arguments.extend(more);
        run_in(folder.path(), &arguments)
    };
    at_risk(&["--falls", "DOGE"]).complains(3, &["'DOGE'", "WETH"]);
    at_risk(&["--most", "100%"]).complains(2, &["--most", "below 100 %"]);
    at_risk(&["--step", "0%"]).complains(2, &["--step"]);
    at_risk(&["--rulebook", "nowhere"]).complains(2, &["nowhere"]);
    at_risk(&["--rulebook", "binance-usdm"]).complains(3, &["takes no lending book"]);
    run_in(folder.path(), &["at-risk", "none.json"]).complains(3, &["none.json"]);
    fs::write(folder.path().join("bad.json"), "{").unwrap();
    run_in(folder.path(), &["at-risk", "bad.json"]).complains(3, &["bad.json"]);
    fs::create_dir_all(folder.path().join("theirs")).unwrap();
    fs::write(folder.path().join("theirs/at-risk.csv"), "precious").unwrap();
    at_risk(&["--out", "theirs"]).complains(3, &["at-risk.csv"]);
}

#[test]
fn a_scenarios_book_is_taken_by_name() {
    let folder = folder_with("unused", "");
    let arguments = ["at-risk", "black-thursday", "--rulebook", "aave-v3.7", "--most", "20%"];
    let told = run_in(folder.path(), &[&arguments[..], &["--step", "20%", "--json"]].concat());
    let told = told.with(0).json();
    assert_eq!(told["curves"][0]["rows"][1]["accounts"], 40);
}
