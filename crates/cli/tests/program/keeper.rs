use crate::started::{folder_with, run_in};

/// One account just below the line, one under water with dust.
const BOOK: &str = r#"{
  "assets": [
    {"asset": "WETH", "decimals": 18, "price_usd": "1000", "moves_with_eth": true},
    {"asset": "USDC", "decimals": 6, "price_usd": "1"}
  ],
  "accounts": [
    {"account": "a", "liquidation_threshold_bps": 8000,
     "collateral": [{"asset": "WETH", "amount": "10"}],
     "debt": [{"asset": "USDC", "amount": "8100"}]},
    {"account": "b", "liquidation_threshold_bps": 8000,
     "collateral": [{"asset": "WETH", "amount": "0.000000000000000001"}],
     "debt": [{"asset": "USDC", "amount": "5000"}]}
  ]
}"#;

fn number(value: &serde_json::Value) -> f64 {
    value.as_str().unwrap().parse().unwrap()
}

#[test]
fn a_plan_counts_gas_and_impact_and_names_the_venues_call() {
    let folder = folder_with("book.json", BOOK);
    let plan = |more: &[&str]| {
        let mut arguments = vec!["plan", "book.json", "--json"];
        arguments.extend(more);
        run_in(folder.path(), &arguments).with(0).json()
    };
    let free = plan(&[]);
    let call = &free["plans"][0]["calls"][0];
    assert!(call["arguments"].as_str().unwrap().starts_with("liquidationCall(collateral WETH"));
    let gain = number(&call["seize_value"]) - number(&call["repay_value"]);
    assert!((number(&call["profit"]) - gain).abs() < 1e-6, "{call}");
    let costly = plan(&["--gas", "7", "--market", "black-thursday"]);
    let call = &costly["plans"][0]["calls"][0];
    assert_eq!(call["gas_value"], "7");
    assert!(number(&call["fetched_value"]) < number(&call["seize_value"]), "{call}");
    let gain = number(&call["fetched_value"]) - number(&call["repay_value"]) - 7.0;
    assert!((number(&call["profit"]) - gain).abs() < 1e-6, "{call}");
    assert!(free["plans"][0]["two_step"]["extra_value"].is_string(), "a close factor binds");
}

#[test]
fn dust_is_cleaned_only_where_its_loss_is_borne() {
    let folder = folder_with("book.json", BOOK);
    for (more, says) in [(vec![], "it does not pay"), (vec!["--cleaning-loss", "5"], "recognised")]
    {
        let mut arguments = vec!["plan", "book.json", "--json", "--gas", "3"];
        arguments.extend(more);
        let json = run_in(folder.path(), &arguments).with(0).json();
        let plan = &json["plans"][1];
        assert!(plan["reason"].as_str().unwrap().contains(says), "{plan}");
        assert_eq!(number(&plan["profit"]), -3.0, "{plan}");
        assert_eq!(plan["calls"][0]["deficit_value"], "5000", "{plan}");
    }
}

#[test]
fn whoever_absorbs_means_to_buy_what_the_pool_then_sells() {
    let folder = folder_with("book.json", BOOK);
    let arguments = ["plan", "book.json", "--rulebook", "compound-v3", "--gas", "3", "--json"];
    let json = run_in(folder.path(), &arguments).with(0).json();
    let calls = json["plans"][0]["calls"].as_array().unwrap();
    let kinds: Vec<&str> = calls.iter().map(|call| call["call"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["absorb", "buy reserves"]);
    assert!(number(&json["plans"][0]["profit"]) > 0.0);
    for rulebook in ["compound-v2", "morpho-blue", "euler-v2", "liquity-v1", "crvusd-llamma"] {
        let told = run_in(folder.path(), &["plan", "book.json", "--rulebook", rulebook]).with(0);
        assert!(told.out.contains("to liquidate"), "{}", told.out);
    }
}
