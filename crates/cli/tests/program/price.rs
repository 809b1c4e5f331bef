use crate::started::{Ended, folder_with, run, run_in};
use serde_json::{Value, json};

const LONG: [&str; 11] = [
    "price",
    "--side",
    "long",
    "--quantity",
    "0.5",
    "--entry",
    "60996",
    "--margin",
    "5000",
    "--rate",
    "0.004",
];

fn asked(base: &[&str], more: &[&str]) -> Ended {
    let mut arguments = base.to_vec();
    arguments.extend(more);
    run(&arguments)
}

fn only(told: Ended) -> Value {
    let json = told.with(0).json();
    assert_eq!(json["schema"], "breakwater.price/1");
    assert_eq!(json["markets"].as_array().unwrap().len(), 1);
    json["markets"][0].clone()
}

/// The venue's own example: (60996 - 10000) / (1 - 0.0045).
#[test]
fn a_position_that_is_only_thought_of_has_its_prices() {
    let told = asked(&LONG, &["--fee", "0.0005", "--distance", "20%"]).with(0);
    for words in [
        "the position: long 0.5 from 60,996, mark 60,996",
        "healthy: equity 5,000.00 and maintenance 137.24 quote",
        "liquidation price   51,226.52, 16.02 % below the mark, falling market",
        "bankruptcy price    50,996, 16.39 % below the mark",
        "add 1,209.40 quote for 48,796.8, 20 % below the mark",
    ] {
        assert!(told.out.contains(words), "'{words}' is not in:\n{}", told.out);
    }
    let market = only(asked(&LONG, &["--fee", "0.0005", "--distance", "20%", "--json"]));
    assert_eq!(market["state"], "healthy");
    assert_eq!(market["healthy"], "within");
    assert_eq!(
        market["positions"][0],
        json!({"form": "linear", "side": "long",
        "quantity": "0.5", "entry": "60996"})
    );
    let price = &market["liquidation"][0];
    assert_eq!(price["exact"], "9272000/181");
    assert_eq!(price["price"], "51226.519337016574585636");
    assert_eq!((&price["market"], &price["tiers"]), (&json!("falling"), &json!([null])));
    assert_eq!(price["distance_percent"], "16.016592");
    assert_eq!(market["bankruptcy"]["price"], "50996");
    // 0.5 x (60996 x 0.2) + 0.5 x 48796.8 x 0.0045 - 5000
    assert_eq!(market["wanted"][0]["margin"], "1209.3928");
    assert_eq!(market["wanted"].as_array().unwrap().len(), 1);

    // With that margin the price lies there.
    let moved = asked(
        &LONG[..7],
        &["--margin", "6209.3928", "--rate", "0.004", "--fee", "0.0005", "--json"],
    );
    assert_eq!(only(moved)["liquidation"][0]["distance_percent"], "20");
}

#[test]
fn tiers_of_a_rulebook_hold_at_the_price_itself() {
    let base = [
        "price",
        "--side",
        "short",
        "--quantity",
        "10",
        "--entry",
        "60996",
        "--leverage",
        "10",
        "--rulebook",
        "binance-usdm",
        "--contract",
        "BTCUSDT",
    ];
    let json = asked(&base, &["--json"]).with(0).json();
    assert_eq!(json["unit"], "USDT");
    let price = &json["markets"][0]["liquidation"][0];
    // (670956 + 950) / (10 x 1.0065), in the third tier.
    assert_eq!((&price["tiers"], &price["market"]), (&json!([3]), &json!("rising")));
    assert_eq!(price["exact"], "134381200/2013");
    assert!(asked(&base, &[]).with(0).out.contains("rising market, tier 3"));
}

#[test]
fn an_inverse_contract_is_told_in_coin() {
    let base = [
        "price",
        "--side",
        "long",
        "--quantity",
        "10000",
        "--entry",
        "8000",
        "--margin",
        "0.5",
        "--inverse",
        "--rate",
        "0.005",
        "--basis",
        "entry",
        "--fee",
        "0.00075",
        "--fee-at",
        "bankruptcy",
    ];
    let json = asked(&base, &["--json"]).with(0).json();
    assert_eq!(json["unit"], "coin");
    let market = &json["markets"][0];
    assert_eq!(market["positions"][0]["form"], "inverse");
    assert_eq!(market["equity"], "0.5");
    // 1.00075 x 10000 / (1.25 + 0.5)
    assert_eq!(market["bankruptcy"]["exact"], "40030/7");
    assert!(market["liquidation"][0]["price"].as_str().unwrap().starts_with("5739.08"));
    assert!(asked(&base, &[]).with(0).out.contains("long 10,000 (inverse)"));
    // Against 1 x leverage a short has none.
    let short = [
        "price",
        "--side",
        "short",
        "--quantity",
        "100",
        "--entry",
        "50",
        "--leverage",
        "0.5",
        "--inverse",
        "--rate",
        "0.01",
    ];
    let told = asked(&short, &["--distance", "1%"]).with(0);
    assert!(told.out.contains("no price of this market makes it liquidatable"), "{}", told.out);
    assert!(told.out.contains("take out up to 3."), "{}", told.out);
}

#[test]
fn what_is_past_saving_is_said_in_words() {
    let at = |margin: &str, mark: &str| {
        asked(
            &["price", "--side", "long", "--quantity", "1", "--entry", "100", "--rate", "0.01"],
            &["--margin", margin, "--mark", mark],
        )
        .with(0)
        .out
    };
    assert!(at("500", "100").contains("none: no price of this market makes it liquidatable"));
    let passed = at("5", "95.5");
    assert!(passed.contains("liquidatable already: equity 0.50"), "{passed}");
    assert!(passed.contains("0.48 % above the mark, falling market (passed)"), "{passed}");
    assert!(at("5", "80").contains("bankrupt already: equity -15.00"));
    let owing = folder_with(
        "book.toml",
        "wallet = \"-50\"\n[[positions]]\ncontract = \"X\"\nside = \"short\"\nquantity = \"1\"\n\
         entry = \"40\"\nmark = \"40\"\nrate = \"0.01\"\n",
    );
    let told = run_in(owing.path(), &["price", "--book", "book.toml"]).with(0);
    assert!(told.out.contains("none: at every price of this market it is liquidatable"));
    let json = run_in(owing.path(), &["price", "--book", "book.toml", "--json"]).with(0).json();
    assert_eq!(json["markets"][0]["healthy"], "nowhere");
    assert_eq!(json["markets"][0]["liquidation"], json!([]));
    assert_eq!(json["markets"][0]["bankruptcy"], json!(null));
}

#[test]
fn the_edge_of_the_requirement_is_liquidatable() {
    // At 95/0.99 equity and requirement are equal.
    let at = |margin: &str| {
        only(asked(
            &[
                "price",
                "--side",
                "long",
                "--quantity",
                "1",
                "--entry",
                "100",
                "--rate",
                "0.05",
                "--mark",
                "100",
                "--json",
            ],
            &["--margin", margin],
        ))["state"]
            .clone()
    };
    assert_eq!((at("5"), at("5.000000000000000001")), (json!("liquidatable"), json!("healthy")));
}

#[test]
fn usage_that_makes_no_sense_ends_with_two() {
    for (more, word) in [
        (&["--distance", "20"][..], "20%"),
        (&["--distance", "0%"], "above 0%"),
        (&["--distance", "100%"], "expected less"),
        (&["--fee", "1.5"], "to below 1"),
        (&["--fee-at", "mark"], "--fee"),
        (&["--leverage", "5"], "--margin"),
        (&["--rulebook", "binance-usdm"], "--rate"),
        (&["--mark", "0"], "above zero"),
        (&["--basis", "index"], "entry"),
        (&["--book", "book.toml"], "--book"),
    ] {
        let told = asked(&LONG, more).with(2);
        assert!(told.err.contains(word) && told.out.is_empty(), "{more:?}: {}", told.err);
    }
    for (place, value, word) in [
        (2, "up", "long"),
        (4, "0", "above zero"),
        (4, "1e5", "above zero"),
        (6, "-1", "--entry"),
        (8, "much", "zero or more"),
        (10, "1", "to below 1"),
    ] {
        let mut arguments = LONG;
        arguments[place] = value;
        let told = run(&arguments).with(2);
        assert!(told.err.contains(word), "{value}: {}", told.err);
    }
    run(&LONG[..9]).with(2);
    run(&["price"]).with(2);
    let from = |rulebook: &str, contract: &str| {
        asked(&LONG[..9], &["--rulebook", rulebook, "--contract", contract])
    };
    from("binance-usdm", "XUSDT").complains(2, &["XUSDT", "BTCUSDT"]);
    from("aave-v3.7", "BTCUSDT").complains(2, &["aave-v3", "binance-usdm"]);
    from("nowhere", "BTCUSDT").complains(2, &["nowhere", "binance-usdm"]);
}

const BOOK: &str = r#"wallet = "0"
unit = "USDT"
rulebook = "binance-usdm"

[[collateral]]
token = "BTC"
amount = "10"
weight = "1"
price = "100"
follows = ["BTCUSDT"]

[[positions]]
contract = "BTCUSDT"
side = "long"
quantity = "1"
entry = "110"
mark = "100"
rate = "0.01"

[[positions]]
contract = "ETHUSDT"
side = "short"
quantity = "2"
entry = "50"
mark = "60"

[[positions]]
contract = "BTCUSD"
form = "inverse"
settle = "BTC"
side = "short"
quantity = "1000"
entry = "100"
mark = "100"
tiers = [{ cap = "5", rate = "0.01" }, { rate = "0.02" }]
"#;

/// Worked by hand: seen from BTCUSDT 10 P + P - 110 - 20 against 0.01 P, 120 x 0.004 and, in coin,
/// 0.15, 0.15 P.
#[test]
fn an_account_is_asked_about_market_by_market() {
    let folder = folder_with("book.toml", BOOK);
    let json = run_in(folder.path(), &["price", "--book", "book.toml", "--json"]).with(0).json();
    assert_eq!((&json["unit"], &json["book"]), (&json!("USDT"), &json!("book.toml")));
    let markets = json["markets"].as_array().unwrap();
    assert_eq!(markets.len(), 3);
    assert!(markets.iter().all(|it| it["equity"] == "970" && it["maintenance"] == "16.48"));
    // 130.48 / 10.84
    assert_eq!(markets[0]["liquidation"][0]["exact"], "3262/271");
    // 1000 - 10 - 2 (P - 50) = 1 + 15 + 2 P x 0.004, in the first tier.
    assert_eq!(markets[1]["liquidation"][0]["exact"], "134250/251");
    assert_eq!(markets[1]["liquidation"][0]["tiers"], json!([1]));
    // Sold for good at 100: 10 coins short and 10 held are 1000 dollars at every price.
    assert_eq!(markets[2]["healthy"], "everywhere");
    assert_eq!(markets[2]["bankruptcy"], json!(null));
    let text = run_in(folder.path(), &["price", "--book", "book.toml"]).with(0).out;
    assert_eq!(text.matches("at the mark").count(), 3, "{text}");
}

#[test]
fn files_that_make_no_sense_are_refused_with_the_field() {
    for (from, to, words) in [
        ("wallet = \"0\"", "wallet = \"zero\"", &["book.toml", "wallet", "zero"][..]),
        ("wallet = \"0\"", "wallet = 0", &["line 1"]),
        ("wallet = \"0\"", "", &["wallet"]),
        ("wallet = \"0\"", "purse = \"0\"", &["line 1", "purse"]),
        ("binance-usdm", "aave-v3.7", &["aave-v3", "binance-usdm"]),
        ("ETHUSDT", "DOGEUSDT", &["DOGEUSDT", "BTCUSDT"]),
        ("weight = \"1\"", "weight = \"1.01\"", &["collateral[0].weight", "1.01", "0 to 1"]),
        ("price = \"100\"", "price = \"0\"", &["collateral[0].price", "above zero"]),
        ("[\"BTCUSDT\"]", "[\"BTCUSDC\"]", &["collateral[0].follows", "BTCUSDC", "ETHUSDT"]),
        ("form = \"inverse\"", "form = \"options\"", &["line", "options", "linear"]),
        ("form = \"inverse\"", "form = \"option\"", &["options: missing", "underlying, mark"]),
        ("settle = \"BTC\"", "settle = \"ETH\"", &["positions[2].settle", "ETH"]),
        ("settle = \"BTC\"", "", &["collateral[0].amount", "kept in coin"]),
        ("side = \"short\"", "side = \"down\"", &["line", "down", "long"]),
        ("quantity = \"2\"", "quantity = \"0\"", &["positions[1].quantity", "'0'"]),
        ("entry = \"110\"", "entry = \"-5\"", &["positions[0].entry", "-5"]),
        ("mark = \"60\"", "mark = \"1e2\"", &["positions[1].mark", "1e2"]),
        ("rate = \"0.01\"", "rate = \"4\"", &["positions[0].rate", "'4'"]),
        ("rate = \"0.01\"", "rate = \"0.01\"\ntiers = []", &["positions[0].rate", "one of both"]),
        ("rate = \"0.01\"", "rate = \"0.01\"\nfee_at = \"mark\"", &["positions[0].fee_at"]),
        (
            "rate = \"0.01\"",
            "rate = \"0.01\"\nfee = \"0.1\"\nfee_at = \"bankruptcy\"",
            &["positions[0].fee", "only position"],
        ),
        ("{ rate = \"0.02\" }", "{ rate = \"0.001\" }", &["positions[2].tiers[1].rate"]),
        ("cap = \"5\"", "cap = \"0\"", &["positions[2].tiers[0].cap", "above zero"]),
        (
            "contract = \"ETHUSDT\"\nside = \"short\"",
            "contract = \"BTCUSDT\"\nside = \"long\"",
            &["positions[1].side", "second position"],
        ),
        ("contract = \"ETHUSDT\"", "contract = \"BTCUSDT\"", &["positions[1].mark", "'60'"]),
        ("contract = \"ETHUSDT\"", "contract = \"\"", &["positions[1].contract", "empty"]),
        (
            "quantity = \"2\"",
            &format!("quantity = \"{}\"", "9".repeat(40)),
            &["positions[1].quantity", "36"],
        ),
        (
            "entry = \"110\"",
            "entry = \"0.0000000000000000001\"",
            &["positions[0].entry", "18 after it"],
        ),
    ] {
        assert!(BOOK.contains(from), "{from}");
        let folder = folder_with("book.toml", &BOOK.replacen(from, to, 1));
        let told = run_in(folder.path(), &["price", "--book", "book.toml"]);
        told.complains(3, words);
    }
    // Without a fee that bends with the quote asset the same is answered.
    let reserved = "wallet = \"0\"\n[[collateral]]\ntoken = \"BTC\"\namount = \"10\"\nprice = \"100\"\n\
        [[positions]]\ncontract = \"BTCUSD\"\nform = \"inverse\"\nsettle = \"BTC\"\nside = \"long\"\n\
        quantity = \"1000\"\nentry = \"100\"\nmark = \"100\"\nrate = \"0.01\"\nfee = \"0.001\"\n";
    let ask = ["price", "--book", "book.toml", "--distance", "10%"];
    let folder = folder_with("book.toml", reserved);
    run_in(folder.path(), &ask).with(0);
    let folder = folder_with("book.toml", &format!("{reserved}fee_at = \"bankruptcy\"\n"));
    run_in(folder.path(), &ask[..3]).with(0);
    run_in(folder.path(), &ask).complains(3, &["--distance", "settles in"]);
    let empty = folder_with("book.toml", "wallet = \"5\"\n");
    run_in(empty.path(), &["price", "--book", "book.toml"]).complains(3, &["positions is empty"]);
    run_in(empty.path(), &["price", "--book", "nowhere.toml"]).complains(3, &["nowhere.toml"]);
    run_in(empty.path(), &["price", "--book", "."]).with(3);
}
