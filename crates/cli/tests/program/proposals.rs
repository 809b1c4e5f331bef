use crate::started::{folder_with, run, run_in, text, workspace};

fn example() -> String {
    text(&workspace().join("scenarios/planned-sale/book.json"))
}

/// The number in a decimal text.
fn number(value: &serde_json::Value) -> f64 {
    value.as_str().unwrap().parse().unwrap()
}

#[test]
fn a_proposal_says_where_how_much_now_and_later_and_what_else_would_cost() {
    let folder = folder_with("book.json", &example());
    let told = run_in(folder.path(), &["plan", "book.json"]).with(0);
    for words in [
        "Sold by the venue itself (secured-loan",
        "bob  health 0.978974 to 1.05",
        "outlet 0, book",
        "expected cost",
        "risk until the next slice",
        "a full close at once would cost",
        "the fewest lots would cost",
        "slice 1, in 60 s",
    ] {
        assert!(told.out.contains(words), "'{words}' is not in:\n{}", told.out);
    }
    assert!(told.out.lines().all(|line| line.chars().count() <= 100), "{}", told.out);

    let json = run_in(folder.path(), &["plan", "book.json", "--json"]).with(0).json();
    assert_eq!(json["schema"], "breakwater.plan/1");
    let accounts = json["proposals"]["accounts"].as_array().unwrap();
    assert_eq!(accounts.len(), 1, "alice is not in breach");
    let bob = &accounts[0];
    assert_eq!(bob["account"], "bob");
    assert!(number(&bob["health_reached"]) >= 1.05);
    let cost = number(&bob["expected_cost"]);
    for other in ["full_close", "fewest_lots"] {
        assert!(cost <= number(&bob[other]["cost"]), "{bob}");
    }
    // The parts of each leg are the leg, and the parts' costs with the later ones are the cost.
    for (place, leg) in bob["legs"].as_array().unwrap().iter().enumerate() {
        let parts = bob["allocations"].as_array().unwrap().iter();
        let own = parts.filter(|part| part["leg"] == place);
        let sum: f64 = own.map(|part| number(&part["quantity"])).sum();
        assert!((sum - number(&leg["quantity"])).abs() < 1e-9, "{leg}");
    }
    let costs = |name: &str| -> f64 {
        bob[name].as_array().unwrap().iter().map(|part| number(&part["cost"])).sum()
    };
    assert!((costs("allocations") + costs("later") - cost).abs() < 1e-5, "{bob}");
    let bps = cost / number(&bob["value"]) * 1e4;
    assert!((bps - number(&bob["expected_cost_bps"])).abs() <= 0.006, "{bob}");
}

#[test]
fn slices_are_written_as_csv_and_only_where_markets_are_stated() {
    let folder = folder_with("book.json", &example());
    run_in(folder.path(), &["plan", "book.json", "--csv", "sales.csv"]).with(0);
    let csv = text(&folder.path().join("sales.csv"));
    let header = "account,slice,after_seconds,asset,side,outlet,kind,quantity,price,cost";
    assert_eq!(csv.lines().next(), Some(header));
    assert!(csv.lines().any(|row| row.starts_with("bob,0,0,STETH,sell,0,book,")), "{csv}");
    assert!(csv.lines().any(|row| row.starts_with("bob,1,60,")), "{csv}");
    let plain = r#"{"assets": [{"asset": "USDC", "decimals": 6, "price_usd": "1"}], "accounts": [
        {"account": "a", "liquidation_threshold_bps": 8000}]}"#;
    let folder = folder_with("book.json", plain);
    run_in(folder.path(), &["plan", "book.json", "--csv", "sales.csv"])
        .complains(3, &["--csv sales.csv", "states no markets"]);
    let json = run_in(folder.path(), &["plan", "book.json", "--json"]).with(0).json();
    assert!(json.get("proposals").is_none());
}

#[test]
fn a_target_on_the_command_line_and_a_shock_reach_the_proposals() {
    let folder = folder_with("book.json", &example());
    let told = |more: &[&str]| {
        let mut arguments = vec!["plan", "book.json", "--json"];
        arguments.extend(more);
        run_in(folder.path(), &arguments).with(0).json()["proposals"].clone()
    };
    let least = told(&["--target", "1.01"]);
    assert_eq!(least["target_ratio"], "1.01");
    let value = |proposals: &serde_json::Value| number(&proposals["accounts"][0]["value"]);
    assert!(value(&least) < value(&told(&[])), "{least}");
    // Ten percent down alice is in breach as well; what was quoted then is beyond no band.
    assert_eq!(told(&["--shock", "STETH=10%"])["accounts"].as_array().unwrap().len(), 2);
}

#[test]
fn markets_that_make_no_sense_are_refused_with_field_and_value() {
    for (from, to, words) in [
        ("[\"1698\", \"100\"]", "[\"1703\", \"100\"]", &["outlets[0]", "1703", "crossed"][..]),
        ("[\"1695\", \"150\"]", "[\"1699\", \"150\"]", &["bids[1]", "1699 after 1698"]),
        ("[\"1705\", \"150\"]", "[\"1702\", \"150\"]", &["asks[1]", "1702 after 1702"]),
        ("[\"1690\", \"250\"]", "[\"1690\", \"0\"]", &["bids[2] quantity", "above zero"]),
        ("[\"1690\", \"250\"]", "[\"0\", \"250\"]", &["bids[2] price", "above zero"]),
        ("[\"1690\", \"250\"]", "[\"1690\", \"-2\"]", &["bids[2] quantity", "-2"]),
        ("[\"1690\", \"250\"]", "[\"1690\", \"NaN\"]", &["bids[2] quantity", "NaN"]),
        (
            "{\"asset\": \"WBTC\", \"volatility\"",
            "{\"asset\": \"GOLD\", \"volatility\"",
            &["markets[1].asset", "GOLD"],
        ),
        (
            "{\"asset\": \"WBTC\", \"volatility\"",
            "{\"asset\": \"STETH\", \"volatility\"",
            &["markets[1].asset", "twice"],
        ),
        ("\"pays\": \"USDC\"", "\"pays\": \"EUR\"", &["outlets[1].pays", "EUR"]),
        ("\"kind\": \"keeper\"", "\"kind\": \"friend\"", &["friend"]),
        ("\"volatility\": \"0.05\"", "\"volatility\": \"-0.05\"", &["volatility", "-0.05"]),
        ("\"volatility\": \"0.05\"", "\"volatility\": \"11\"", &["volatility", "11", "at most 10"]),
        ("\"0.8\"", "\"1.8\"", &["correlations[0]", "1.8", "-1 to 1"]),
        ("[\"STETH\", \"WBTC\", ", "[\"STETH\", \"STETH\", ", &["correlations[0]", "itself"]),
        ("[\"STETH\", \"WBTC\", ", "[\"STETH\", \"USDC\", ", &["correlations[0]", "no market"]),
        ("\"participation_bps\": 1500", "\"participation_bps\": 0", &["planner", "bps 0"]),
        ("\"confidence\": \"1.645\"", "\"confidence\": \"7\"", &["planner", "7000000"]),
        ("\"target_ratio\": \"1.05\"", "\"target_ratio\": \"0.9\"", &["target_ratio", "0.9"]),
        ("\"pace_seconds\": 60", "\"pace_seconds\": 0", &["planner", "pace"]),
        ("\"markets\": [", "\"sources\": [", &["sources"]),
    ] {
        let changed = example().replacen(from, to, 1);
        assert_ne!(changed, example(), "{from}");
        let folder = folder_with("book.json", &changed);
        run_in(folder.path(), &["plan", "book.json"]).complains(3, words);
    }
    let mut book: serde_json::Value = serde_json::from_str(&example()).unwrap();
    let without = |book: &serde_json::Value, words: &[&str]| {
        let folder = folder_with("book.json", &book.to_string());
        run_in(folder.path(), &["plan", "book.json"]).complains(3, words);
    };
    let planner = book.as_object_mut().unwrap().remove("planner").unwrap();
    without(&book, &["planner", "missing"]);
    book["planner"] = planner;
    book.as_object_mut().unwrap().remove("markets");
    without(&book, &["markets", "missing"]);
}

#[test]
fn the_example_is_planned_from_where_it_is() {
    let path = workspace().join("scenarios/planned-sale/book.json");
    let told = run(&["plan", path.to_str().unwrap(), "--rulebook", "compound-v3"]).with(0);
    assert!(told.out.contains("the venue can sell by itself"), "{}", told.out);
}
