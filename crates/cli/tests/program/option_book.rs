use crate::started::{run_in, text, workspace};
use std::fs;
use tempfile::TempDir;

/// A decimal as a number: what is compared here is further apart than a float loses.
fn number(value: &serde_json::Value) -> f64 {
    value.as_str().unwrap_or_else(|| panic!("no decimal: {value}")).parse().unwrap()
}

#[test]
fn an_option_book_is_hedged_before_it_is_sold_and_that_costs_less_than_selling_it_at_market() {
    let folder = TempDir::new().unwrap();
    let told = run_in(folder.path(), &["compare", "option-book"]).with(0);
    for words in ["breach", "relieved", "at market", "hedge", "books balance: yes"] {
        assert!(told.out.contains(words), "'{words}' is not in:\n{}", told.out);
    }
    assert!(told.out.lines().all(|line| line.chars().count() <= 100), "{}", told.out);

    let answer = text(&folder.path().join("out/option-book-compare/compare.json"));
    let json: serde_json::Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(json["schema"], "breakwater.option-book/1");
    let ways = json["ways"].as_array().unwrap();
    assert_eq!(ways.len(), 3);
    for way in ways {
        assert_eq!(way["books_balance"], true);
        assert!(number(&way["margin_relieved"]) > 0.0, "{}", way["way"]);
        let costs = way["trades"].as_array().unwrap().iter().map(|trade| number(&trade["cost"]));
        assert!((costs.sum::<f64>() - number(&way["cost"])).abs() < 1e-6, "{}", way["way"]);
    }
    let of = |key: &str| ways.iter().find(|way| way["way"] == key).unwrap();
    let (market, first) = (of("options-at-market"), of("hedge-first"));
    assert!(number(&first["cost"]) < number(&market["cost"]));
    // Before the first option is closed the hedge has taken delta away, and never turned it around.
    let trades = first["trades"].as_array().unwrap();
    assert_eq!(trades[0]["kind"], "hedge");
    for trade in trades.iter().filter(|trade| trade["kind"] == "hedge") {
        let (before, after) = (number(&trade["delta_before"]), number(&trade["delta_after"]));
        assert!(after.abs() <= before.abs() && after * before >= 0.0, "{trade}");
    }

    let page = text(&folder.path().join("out/option-book-compare/report.html"));
    assert!(page.contains("<svg"), "the page has no chart");
    let listed = run_in(folder.path(), &["scenarios"]).with(0);
    assert!(listed.out.contains("option-book"), "{}", listed.out);
}

#[test]
fn option_books_that_make_no_sense_are_refused_with_the_field() {
    let shipped = text(&workspace().join("scenarios/option-book.toml"));
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("october-2025")).unwrap();
    let index = "october-2025/index.csv";
    fs::copy(workspace().join("scenarios").join(index), folder.path().join(index)).unwrap();
    let with = |from: &str, to: &str| {
        assert!(shipped.contains(from), "{from}");
        fs::write(folder.path().join("book.toml"), shipped.replacen(from, to, 1)).unwrap();
        run_in(folder.path(), &["compare", "book.toml"])
    };
    with("cash = \"28\"", "cash = \"much\"").complains(3, &["cash", "much"]);
    with("strike = \"112000\"", "strike = \"0\"").complains(3, &["strike"]);
    with("size = \"-120\"", "size = \"0\"").complains(3, &["size"]);
    with("volatility_ppm = 480000", "volatility_ppm = 0").complains(3, &["volatility_ppm"]);
    with("to_minute = 1439", "to_minute = 0").complains(3, &["minute"]);
    with("symbol = \"BTC-17OCT25-108000-P\"", "symbol = \"BTC-17OCT25-112000-P\"")
        .complains(3, &["options[1].symbol", "twice"]);
    with("{ bps = 8, ", "{ bps = 1, ").complains(3, &["depth.hedge[1].bps", "rising"]);
    with("to_minute = 1439", "to_minute = 9999").complains(3, &["minute"]);
    with("expires_days = 7", "expires_days = 0").complains(3, &["expires_days"]);
    // What the reader of the file says takes a few lines.
    let told = with("[terms]", "[terms]\nlots = 1").with(3);
    assert!(told.err.contains("unknown field `lots`"), "{}", told.err);
    with("rulebook = \"deribit-btc-portfolio\"", "rulebook = \"nowhere\"")
        .complains(3, &["rulebook", "nowhere"]);
    run_in(folder.path(), &["compare", "option-book", "--peg", "0.9"]).complains(2, &["--peg"]);
}
