use crate::started::{Ended, folder_with, run_in, text, workspace};
use breakwater_options::{Black76, Kind, Quote};
use serde_json::{Value, json};

fn ask(book: &str, more: &[&str]) -> Ended {
    let folder = folder_with("book.toml", book);
    let mut arguments = vec!["price", "--book", "book.toml"];
    arguments.extend(more);
    run_in(folder.path(), &arguments)
}

fn market(book: &str, more: &[&str]) -> Value {
    let mut arguments = more.to_vec();
    arguments.push("--json");
    let json = ask(book, &arguments).with(0).json();
    assert_eq!(
        (&json["schema"], &json["book"]),
        (&json!("breakwater.price/1"), &json!("book.toml"))
    );
    assert_eq!(json["markets"].as_array().unwrap().len(), 1);
    json["markets"][0].clone()
}

/// A number of the answer as a float, for the judge.
fn number(value: &Value) -> f64 {
    value.as_str().unwrap().parse().unwrap()
}

const STRANGLE: &str = r#"wallet = "1.5"
unit = "BTC"
as_of = "2025-11-28T08:00:00Z"

[options]
underlying = "BTC"
mark = "90000"
settle = "coin"
rulebook = "deribit-btc"

[[positions]]
contract = "BTC-26DEC25-100000-C"
form = "option"
kind = "call"
strike = "100000"
expiry = 2025-12-26T08:00:00Z
side = "short"
quantity = "5"
volatility = "0.55"

[[positions]]
contract = "BTC-26DEC25-80000-P"
form = "option"
kind = "put"
strike = "80000"
expiry = "2025-12-26T08:00:00Z"
side = "short"
quantity = "5"
mark = "0.0192"
"#;

/// Equity of the strangle in coin, anew by Black-76.
fn strangle_equity(price: f64, put_volatility: f64) -> f64 {
    let coin = |kind, strike, volatility| {
        let years = 28.0 / 365.0;
        let quote = Quote { kind, forward: price, strike, years, volatility, rate: 0.0 };
        Black76::new(&quote).unwrap().price_undiscounted() / price
    };
    let call = coin(Kind::Call, 100_000.0, 0.55);
    1.5 - 5.0 * call - 5.0 * coin(Kind::Put, 80_000.0, put_volatility)
}

/// The formulas are 7.5 % of a coin beside the mark, for each of ten: 0.75 at every price at which the put is
/// worth less than a coin.
#[test]
fn a_short_strangle_has_a_price_on_both_sides_that_the_rule_itself_gives() {
    let market = market(STRANGLE, &["--distance", "20%"]);
    assert_eq!((&market["state"], &market["healthy"]), (&json!("healthy"), &json!("within")));
    assert_eq!(market["requirement"], json!({"by": "standard", "rulebook": "deribit-btc"}));
    assert_eq!(market["positions"][0]["volatility"], "0.55");
    let put = &market["positions"][1];
    assert_eq!((&put["mark"], &put["seconds_left"]), (&json!("0.0192"), &json!(2_419_200)));
    let volatility = number(&put["volatility"]);
    // The millionth is on the writer's cost: worth the mark at least, and less a millionth lower.
    let cost = |volatility| 1.5 - strangle_equity(90_000.0, volatility);
    let call = cost(1e-9);
    assert!(cost(volatility) - call >= 5.0 * 0.0192 - 1e-12);
    assert!(cost(volatility - 1e-6) - call < 5.0 * 0.0192);
    for (list, line) in [("liquidation", 0.75), ("bankruptcies", 0.0)] {
        let found = market[list].as_array().unwrap();
        assert_eq!(found.len(), 2, "{list}");
        for (found, way, inner) in [(&found[0], "falling", 1.0), (&found[1], "rising", -1.0)] {
            assert_eq!(found["market"], way);
            let price = number(&found["price"]);
            let left = |price| strangle_equity(price, volatility) - line;
            assert!(left(price) < 0.0 && left(price + inner) > 0.0, "{found}");
            assert!((number(&found["equity"]) - line - left(price)).abs() < 1e-7, "{found}");
        }
    }
    assert_eq!(market["liquidation"][0]["price"], "70902");
    assert_eq!(market["liquidation"][0]["distance_percent"], "21.22");
    assert_eq!(market["liquidation"][1]["price"], "115891");
    assert_eq!(market["bankruptcy"], market["bankruptcies"][0]);
    let scan = json!({"tick": "1", "step_percent": "0.1", "lowest": "900", "highest": "900000", "ticks": 7_477});
    assert_eq!(market["scan"], scan);
    for (wanted, price) in market["wanted"].as_array().unwrap().iter().zip([72_000.0, 108_000.0]) {
        assert_eq!((number(&wanted["price"]), number(&wanted["needed_at"])), (price, price));
        let needed = 0.75 - strangle_equity(price, volatility);
        let told = number(&wanted["margin"]);
        // Up to a base unit and its roundings above what the rule needs.
        assert!((0.0..2e-7).contains(&(told - needed)), "{told} {needed}");
    }
    let text = ask(STRANGLE, &["--distance", "20%"]).with(0).out;
    for words in [
        "BTC: 2 positions, mark 90,000, settled in BTC, standard margin of deribit-btc",
        "short 5 BTC-26DEC25-80000-P: put 80,000, 28 days left",
        "liquidation price   70,902, 21.22 % below the mark, falling market",
        "take out up to 0.06661124 BTC for no breach down to 72,000",
        "looked at           7,477 ticks of 1 from 900 to 900,000, 0.1 % apart",
    ] {
        assert!(text.contains(words), "'{words}' is not in:\n{text}");
    }
}

#[test]
fn with_the_margin_told_the_same_scan_finds_nothing_and_with_a_unit_less_it_does() {
    let with = |wallet: &str, range: &str| {
        let wallet = format!("wallet = \"{wallet}\"");
        let book = STRANGLE.replace("wallet = \"1.5\"", &wallet);
        market(&book.replace("settle = \"coin\"", &format!("settle = \"coin\"\n{range}")), &[])
    };
    let (to, up) =
        ("lowest = \"72000\"\nhighest = \"90000\"", "lowest = \"90000\"\nhighest = \"108000\"");
    // 1.5 less 0.06661124 and less 0.22898742.
    assert_eq!(with("1.43338876", to)["healthy"], "everywhere");
    assert_eq!(with("1.43338875", to)["liquidation"][0]["price"], "72000");
    assert_eq!(with("1.27101258", up)["healthy"], "everywhere");
    assert_eq!(with("1.27101257", up)["liquidation"][0]["price"], "108000");
}

const COVERED: &str = r#"wallet = "20000"
unit = "USDC"

[options]
underlying = "BTC"
mark = "90000"
settle = "quote"
settle_decimals = 6
rates = { maintenance = "0.075", maintenance_of_mark = "puts", futures = "0.01", futures_per_unit = "0.00005" }

[[positions]]
contract = "BTC-26DEC25"
side = "long"
quantity = "1"
entry = "88000"
mark = "90500"
expiry = 2419200

[[positions]]
contract = "BTC-26DEC25-100000-C"
form = "option"
kind = "call"
strike = "100000"
expiry = "2419200"
side = "short"
quantity = "1"
volatility = "0.55"
"#;

#[test]
fn a_covered_call_falls_with_its_future_and_rises_into_its_own_requirement() {
    let market = market(COVERED, &[]);
    // The option's forward is the mark of the future that expires with it.
    assert_eq!(market["positions"][1]["forward"], "90500");
    assert_eq!(market["requirement"], json!({"by": "standard", "rulebook": null}));
    // 7.5 % of 90,500 and 1.005 % of it, the call's and the future's.
    assert_eq!(market["maintenance"], "7697.025001");
    // Far above the call costs what the future brings: 20,000 + 100,000 - 88,000 against 8.505 % of F.
    let upper = number(&market["liquidation"][1]["price"]);
    let forward = |price: f64| price * 90_500.0 / 90_000.0;
    assert!(0.08505 * forward(upper) > 32_000.0 && 0.08505 * forward(upper - 1.0) < 32_000.0);
    let left = |price: f64| {
        let quote = Quote {
            kind: Kind::Call,
            forward: forward(price),
            strike: 100_000.0,
            years: 28.0 / 365.0,
            volatility: 0.55,
            rate: 0.0,
        };
        let call = Black76::new(&quote).unwrap().price_undiscounted();
        forward(price) - 68_000.0 - call - 0.08505 * forward(price)
    };
    let lower = number(&market["liquidation"][0]["price"]);
    assert!(left(lower) < 0.0 && left(lower + 1.0) > 0.0, "{lower}");
    // Covered above: only a fall takes all of it.
    let bankrupt = market["bankruptcies"].as_array().unwrap();
    assert_eq!((bankrupt.len(), &bankrupt[0]["market"]), (1, &json!("falling")));
    let text = ask(COVERED, &[]).with(0).out;
    assert!(
        text.contains("long 1 BTC-26DEC25: linear from 88,000, 28 days left, mark 90,500"),
        "{text}"
    );
    assert!(text.contains("standard margin as stated"), "{text}");
}

const PUT: &str = r#"wallet = "0.6"
as_of = "2025-11-28T08:00:00+00:00"

[options]
underlying = "BTC"
mark = "90000.5"
settle = "coin"
tick = "0.5"
step = "0"
lowest = "30000"
highest = "90001"
rates = { maintenance = "0.075", maintenance_of_mark = "puts" }

[[positions]]
contract = "P"
form = "option"
settle = "coin"
underlying = "BTC"
kind = "put"
strike = "80000"
expiry = "2025-12-05T08:00:00Z"
forward = "90100"
side = "short"
quantity = "2"
volatility = "0.6"
"#;

/// A put settled in coin owes `K / P - 1` coins: the further it falls the faster.
#[test]
fn a_put_settled_in_coin_is_liquidated_by_a_fall_with_every_tick_looked_at() {
    let market = market(PUT, &["--distance", "100%"]);
    assert_eq!((&market["settled"], &market["equity"]), (&json!("coin"), &market["equity"]));
    assert_eq!(market["scan"]["step_percent"], "0");
    // 60,000 ticks of 1/2 below to 30,000 and one above.
    assert_eq!(market["scan"]["ticks"], 120_002);
    let left = |price: f64, line: f64| {
        let forward = price * 90_100.0 / 90_000.5;
        let quote = Quote {
            kind: Kind::Put,
            forward,
            strike: 80_000.0,
            years: 7.0 / 365.0,
            volatility: 0.6,
            rate: 0.0,
        };
        0.6 - 2.0 * Black76::new(&quote).unwrap().price_undiscounted() / forward - line
    };
    for (found, line) in [(&market["liquidation"], 0.15), (&market["bankruptcies"], 0.0)] {
        assert_eq!((found.as_array().unwrap().len(), &found[0]["market"]), (1, &json!("falling")));
        let price = number(&found[0]["price"]);
        assert!(left(price, line) < 0.0 && left(price + 0.5, line) > 0.0, "{price}");
    }
    // No fall of 100 %; up nothing is missing but at the mark.
    let wanted = market["wanted"].as_array().unwrap();
    assert_eq!((wanted.len(), &wanted[0]["market"]), (1, &json!("rising")));
    assert_eq!(wanted[0]["needed_at"], "90000.5");
    assert!(ask(PUT, &[]).with(0).out.contains("settled in coin"));
}

#[test]
fn a_portfolio_is_told_by_its_scenarios_and_where_it_is_safe_again() {
    let book = STRANGLE.replace("\"deribit-btc\"", "\"deribit-btc-portfolio\"");
    let market = market(&book, &["--distance", "10%"]);
    let requirement = json!({"by": "portfolio", "rulebook": "deribit-btc-portfolio"});
    assert_eq!(market["requirement"], requirement);
    assert_eq!((&market["state"], &market["healthy"]), (&json!("liquidatable"), &json!("within")));
    assert_eq!(market["liquidation"], json!([]));
    let safe = &market["recovery"][0];
    assert_eq!(safe["market"], "rising");
    assert!(number(&safe["equity"]) > number(&safe["maintenance"]));
    // At the tick before it the same book is still in breach.
    let before = number(&safe["price"]) - 1.0;
    let moved = format!("mark = \"{before}\"");
    let volatile = book.replace("mark = \"0.0192\"", "volatility = \"0.564628\"");
    let there = self::market(&volatile.replace("mark = \"90000\"", &moved), &[]);
    assert_eq!(there["state"], "liquidatable");
    let text = ask(&book, &[]).with(0).out;
    assert!(
        text.contains("liquidatable already") && text.contains("safe again at       102,828"),
        "{text}"
    );
    // Four coins more and it is healthy, with a price.
    let rich = self::market(&book.replace("\"1.5\"", "\"5.5\""), &[]);
    assert_eq!(
        (&rich["state"], rich["recovery"].as_array().unwrap().len()),
        (&json!("healthy"), 0)
    );
    assert_eq!(rich["liquidation"][0]["market"], "falling");
    // The same scenarios stated in the file.
    let rulebook = text_of("rulebooks/deribit-btc-portfolio.toml");
    let grid = &rulebook[rulebook.find("[portfolio]").unwrap()..];
    let own = book.replace("rulebook = \"deribit-btc-portfolio\"\n", "");
    let own = self::market(&format!("{own}\n{grid}"), &["--distance", "10%"]);
    assert_eq!(own["requirement"], json!({"by": "portfolio", "rulebook": null}));
    for field in ["equity", "maintenance", "recovery", "bankruptcies", "wanted"] {
        assert_eq!(own[field], market[field], "{field}");
    }
}

fn text_of(path: &str) -> String {
    text(&workspace().join(path))
}

#[test]
fn what_is_paid_for_is_never_liquidated() {
    let long = STRANGLE.replace("side = \"short\"", "side = \"long\"");
    let market = market(&long, &[]);
    assert_eq!((&market["healthy"], &market["maintenance"]), (&json!("everywhere"), &json!("0")));
    assert_eq!((&market["liquidation"], &market["bankruptcy"]), (&json!([]), &json!(null)));
    let text = ask(&long, &[]).with(0).out;
    assert!(text.contains("none found: no price looked at makes it so"), "{text}");
    assert!(text.contains("bankruptcy price    none found"), "{text}");
    // Without cash it is worth nothing where its options are, and nothing is required there either.
    let call = long[..long.rfind("[[positions]]").unwrap()].replace("\"1.5\"", "\"0\"");
    let market = self::market(&call, &[]);
    assert_eq!(market["bankruptcies"][0]["equity"], "0");
    assert_eq!(market["bankruptcies"][0]["market"], "falling");
    // Owing more than all is worth it is bankrupt, at every price looked at.
    let owing = self::market(&call.replace("wallet = \"0\"", "wallet = \"-9\""), &[]);
    assert_eq!((&owing["state"], &owing["healthy"]), (&json!("bankrupt"), &json!("nowhere")));
    let text = ask(&call.replace("wallet = \"0\"", "wallet = \"-9\""), &[]).with(0).out;
    assert!(
        text.contains("bankrupt already") && text.contains("no price that was looked at"),
        "{text}"
    );
}

#[test]
fn other_rulebooks_with_options_are_taken_and_futures_of_tiers_are_not() {
    let rates = COVERED.find("rates = ").unwrap();
    let end = rates + COVERED[rates..].find('\n').unwrap();
    let with = |rulebook: &str| {
        COVERED.replace(&COVERED[rates..end], &format!("rulebook = \"{rulebook}\""))
    };
    // 3 % of the underlying or of the mark, and a fee of 0.2 %, of 90,000.
    let options = "[[positions]]\ncontract = \"BTC-26DEC25-100000-C\"";
    let alone = |book: String| {
        let (head, tail) = book.split_once("[[positions]]").unwrap();
        format!("{head}{options}{}", tail.split_once(options).unwrap().1)
    };
    let market = market(&alone(with("bybit-uta")), &[]);
    assert_eq!(market["maintenance"], "2880.000001");
    ask(&with("bybit-uta").replace("\"BTC-26DEC25\"", "\"BTCUSDT\""), &[])
        .complains(3, &["positions[0].contract", "20 tiers", "[options.rates]"]);
}

#[test]
fn files_that_make_no_sense_are_refused_with_the_field() {
    let coin = [
        ("\"1.5\"", "\"much\"", &["wallet", "much"][..]),
        ("mark = \"90000\"", "mark = \"0\"", &["options.mark", "above zero"]),
        ("mark = \"90000\"", "mark = \"9000000000000\"", &["options.mark", "12 digits"]),
        ("underlying = \"BTC\"", "underlying = \" \"", &["options.underlying", "empty"]),
        ("underlying = \"BTC\"", "underlying = \"ETH\"", &["options.underlying", "'ETH'", "'BTC'"]),
        ("settle = \"coin\"", "settle = \"quote\"", &["options.settle", "settles in BTC"]),
        ("settle = \"coin\"", "settle = \"cash\"", &["line 8", "coin"]),
        (
            "settle = \"coin\"",
            "settle = \"coin\"\nsettle_decimals = 13",
            &["settle_decimals", "12"],
        ),
        ("settle = \"coin\"", "settle = \"coin\"\ntick = \"-1\"", &["options.tick", "'-1'"]),
        (
            "settle = \"coin\"",
            "settle = \"coin\"\nstep = \"0.00001\"",
            &["options.step", "hundredths"],
        ),
        (
            "settle = \"coin\"",
            "settle = \"coin\"\ntick = \"0.01\"\nstep = \"0\"",
            &["options.step", "'0'", "200000"],
        ),
        (
            "settle = \"coin\"",
            "settle = \"coin\"\nlowest = \"90001\"",
            &["options.lowest", "90000"],
        ),
        (
            "settle = \"coin\"",
            "settle = \"coin\"\nhighest = \"89999\"",
            &["options.highest", "above"],
        ),
        ("rulebook = \"deribit-btc\"", "", &["options.rulebook", "missing", "[portfolio]"]),
        ("\"deribit-btc\"", "\"aave-v3.7\"", &["options.rulebook", "no options", "deribit-btc, "]),
        ("\"deribit-btc\"", "\"nowhere\"", &["options.rulebook", "nowhere"]),
        (
            "rulebook = \"deribit-btc\"",
            "rulebook = \"deribit-btc\"\nrates = { maintenance = \"0.1\" }",
            &["options.rulebook", "one of rulebook, rates"],
        ),
        (
            "rulebook = \"deribit-btc\"",
            "rulebook = \"deribit-btc-portfolio\"\nsettle_decimals = 6",
            &["options.settle_decimals", "expected 8"],
        ),
        ("unit = \"BTC\"", "rulebook = \"deribit-btc\"", &["rulebook", "inside"]),
        ("unit = \"BTC\"", "collateral = []", &["collateral", "wallet alone"]),
        ("BTC-26DEC25-100000-C", "ETH-26DEC25-100000-C", &["positions[0].contract", "ETH-26DEC25"]),
        ("BTC-26DEC25-100000-C", "BTC-26DEC25", &["positions[0].contract", "is a future"]),
        ("BTC-26DEC25-100000-C", "BTC-26DEC25-80000-P", &["positions[1].contract", "second row"]),
        ("BTC-26DEC25-100000-C", "", &["positions[0].contract", "empty"]),
        ("kind = \"call\"", "kind = \"straddle\"", &["line", "straddle", "call"]),
        ("kind = \"call\"\n", "", &["positions[0].kind", "call or put"]),
        (
            "kind = \"call\"",
            "kind = \"call\"\nunderlying = \"ETH\"",
            &["positions[0].underlying", "'ETH'"],
        ),
        (
            "kind = \"call\"",
            "kind = \"call\"\nsettle = \"quote\"",
            &["positions[0].settle", "one book"],
        ),
        ("kind = \"call\"", "kind = \"call\"\nentry = \"5\"", &["positions[0].entry", "wallet"]),
        ("kind = \"call\"", "kind = \"call\"\nrate = \"0.1\"", &["line", "rate", "volatility"]),
        ("strike = \"100000\"", "strike = \"0\"", &["positions[0].strike", "'0'", "above zero"]),
        ("strike = \"100000\"\n", "", &["positions[0].strike", "missing"]),
        (
            "2025-12-26T08:00:00Z\nside",
            "2025-11-28T08:00:00Z\nside",
            &["positions[0].expiry", "it expired"],
        ),
        ("2025-12-26T08:00:00Z\nside", "0\nside", &["positions[0].expiry", "'0'", "it expired"]),
        ("2025-12-26T08:00:00Z\nside", "-5\nside", &["positions[0].expiry", "'-5'"]),
        (
            "2025-12-26T08:00:00Z\nside",
            "\"26DEC25\"\nside",
            &["positions[0].expiry", "26DEC25", "seconds left"],
        ),
        (
            "2025-12-26T08:00:00Z\nside",
            "2225-12-26T08:00:00Z\nside",
            &["positions[0].expiry", "hundred years"],
        ),
        (
            "expiry = 2025-12-26T08:00:00Z\n",
            "",
            &["positions[0].expiry", "missing", "2025-12-26T08"],
        ),
        ("as_of = \"2025-11-28T08:00:00Z\"", "", &["as_of", "missing", "2025-12-26T08:00:00Z"]),
        ("\"2025-11-28T08:00:00Z\"", "\"2025-11-28\"", &["as_of", "2025-11-28", "offset"]),
        (
            "volatility = \"0.55\"",
            "volatility = \"0\"",
            &["positions[0].volatility", "'0'", "above zero"],
        ),
        ("volatility = \"0.55\"", "volatility = \"-0.5\"", &["positions[0].volatility", "'-0.5'"]),
        (
            "volatility = \"0.55\"",
            "volatility = \"101\"",
            &["positions[0].volatility", "up to 100"],
        ),
        (
            "volatility = \"0.55\"",
            "volatility = \"0.5500001\"",
            &["positions[0].volatility", "6 digits"],
        ),
        ("volatility = \"0.55\"\n", "", &["positions[0].volatility", "missing"]),
        (
            "volatility = \"0.55\"",
            "volatility = \"0.55\"\nmark = \"0.02\"",
            &["positions[0].volatility", "one of both"],
        ),
        ("mark = \"0.0192\"", "mark = \"0\"", &["positions[1].mark", "above zero"]),
        // A put at 100,000 is worth a ninth of a coin if it ends at 90,000, and ten ninths at most.
        (
            "strike = \"80000\"",
            "strike = \"100000\"",
            &["positions[1].mark", "'0.0192'", "more than 0.111111111112", "90000"],
        ),
        ("mark = \"0.0192\"", "mark = \"0.9\"", &["positions[1].mark", "less than 0.888888888888"]),
        ("quantity = \"5\"", "quantity = \"0\"", &["positions[0].quantity", "'0'"]),
        (
            "quantity = \"5\"",
            "quantity = \"1234567890123456789.5\"",
            &["positions[0].quantity", "1234567890123456789.5", "63 bits"],
        ),
    ];
    for (from, to, words) in coin {
        assert!(STRANGLE.contains(from), "{from}");
        ask(&STRANGLE.replacen(from, to, 1), &[]).complains(3, words);
    }
    for (from, to, words) in [
        (
            "side = \"long\"",
            "form = \"inverse\"\nside = \"long\"",
            &["positions[0].form", "'inverse'", "quote"][..],
        ),
        ("entry = \"88000\"\n", "", &["positions[0].entry", "missing"]),
        ("mark = \"90500\"\n", "", &["positions[0].mark", "missing"]),
        (
            "entry = \"88000\"",
            "entry = \"88000\"\nstrike = \"1\"",
            &["positions[0].strike", "future"],
        ),
        (", futures = \"0.01\"", "", &["options.rates.futures", "'BTC-26DEC25'"]),
        ("\"0.075\"", "\"7.5\"", &["options.rates.maintenance", "0 to 1"]),
        ("\"0.075\"", "\"0.0750000001\"", &["options.rates.maintenance", "9 digits"]),
        ("\"puts\"", "\"calls\"", &["line", "calls", "puts"]),
        (
            "form = \"option\"\nkind = \"call\"\nstrike = \"100000\"\n",
            "entry = \"1\"\nmark = \"1\"\n",
            &["positions", "no option"],
        ),
    ] {
        assert!(COVERED.contains(from), "{from}");
        ask(&COVERED.replacen(from, to, 1), &[]).complains(3, words);
    }
    let many =
        "[[positions]]\ncontract = \"C\"\nform = \"option\"\nside = \"long\"\nquantity = \"1\"\n";
    ask(&format!("{STRANGLE}{}", many.repeat(199)), &[]).complains(3, &["201 rows", "at most 200"]);
    let fine = STRANGLE.replace("mark = \"90000\"", "mark = \"90000.000000000001\"");
    ask(&fine, &["--distance", "99999999999999999%"])
        .complains(2, &["--distance", "expected less"]);
    // Profits of one option are kept in 63 bits: what does not fit says what would.
    let huge = STRANGLE.replace("\"deribit-btc\"", "\"deribit-btc-portfolio\"");
    let huge = huge.replace(
        "settle = \"coin\"",
        "settle = \"coin\"\nlowest = \"0.000001\"\ntick = \"0.000001\"",
    );
    ask(&huge, &[]).complains(3, &["positions: scenarios", "options.lowest"]);
}

/// The page's own file and what it says comes out.
#[test]
fn the_example_of_the_page_is_what_the_program_says() {
    let page = text_of("docs/cli.md");
    let start = page.find("```toml\nwallet = \"1.5\"").unwrap() + "```toml\n".len();
    let book = &page[start..start + page[start..].find("```").unwrap()];
    let command = "$ breakwater price --book strangle.toml --distance 20%\n";
    let start = page.find(command).unwrap() + command.len();
    let told = &page[start..start + page[start..].find("```").unwrap()];
    let folder = folder_with("strangle.toml", book);
    let arguments = ["price", "--book", "strangle.toml", "--distance", "20%"];
    assert_eq!(run_in(folder.path(), &arguments).with(0).out, told);
}
