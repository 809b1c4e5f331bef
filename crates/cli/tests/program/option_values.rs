use crate::started::{folder_with, run, run_in};
use serde_json::Value;
use std::fs;

fn number(value: &Value) -> f64 {
    value.as_str().unwrap_or_else(|| panic!("{value}")).parse().unwrap()
}

const CALL: [&str; 9] =
    ["price-options", "--kind", "call", "--spot", "100", "--strike", "100", "--years", "1"];

fn call(more: &[&str]) -> Vec<&'static str> {
    CALL.into_iter().chain(more.iter().map(|word| &*word.to_string().leak())).collect()
}

#[test]
fn one_option_by_flags_has_its_price_and_greeks() {
    let flags = call(&["--volatility", "20%", "--rate", "0.05"]);
    let json = run(&[&flags[..], &["--json"]].concat()).with(0).json();
    assert_eq!(json["schema"], "breakwater.price-options/1");
    let option = &json["options"][0];
    // Hull, Options, Futures and Other Derivatives: this call is worth 10.4506.
    assert!((number(&option["price"]) - 10.450_583_572_185_565).abs() < 1e-12, "{option}");
    assert!((number(&option["delta"]) - 0.636_830_651_175_619).abs() < 1e-12, "{option}");
    assert!((number(&option["theta"]) + 6.414_027_546_438_197).abs() < 1e-10, "{option}");
    let told = run(&flags).with(0);
    assert!(told.out.contains("price            10.4506"), "{}", told.out);
    assert!(told.out.lines().all(|line| line.chars().count() <= 100), "{}", told.out);
}

#[test]
fn a_price_gives_its_volatility_back_in_cash_and_in_coin() {
    let flags = call(&["--rate", "0.05", "--implied", "--price", "10.450583572185565", "--json"]);
    let json = run(&flags).with(0).json();
    assert!((number(&json["options"][0]["volatility"]) - 0.2).abs() < 1e-13, "{json}");
    let coin = ["--kind", "put", "--forward", "60000", "--strike", "55000", "--years", "0.1"];
    let coin = [&["price-options", "--settlement", "coin", "--json"][..], &coin].concat();
    let priced = run(&[&coin[..], &["--volatility", "0.7"]].concat()).with(0).json();
    let price = priced["options"][0]["price"].as_str().unwrap();
    assert!((0.02..0.06).contains(&price.parse::<f64>().unwrap()), "{price}");
    let found = run(&[&coin[..], &["--implied", "--price", price]].concat()).with(0).json();
    assert!((number(&found["options"][0]["volatility"]) - 0.7).abs() < 1e-13, "{found}");
}

const BOOK: &str = "\
id,underlying,kind,forward,spot,strike,expiry,volatility,rate,dividend_yield,style,settlement,quantity
BTC-60,BTC,call,60000,,60000,2026-03-27T08:00:00Z,0.6,,,,coin,2
BTC-50,BTC,put,60000,,50000,2026-03-27T08:00:00Z,0.7,,,,coin,-3
XYZ-P,XYZ,put,,100,110,2027-01-02T08:00:00Z,0.25,0.05,0.01,american,,10
XYZ-C,XYZ,call,,100,110,2027-01-02T08:00:00Z,0.25,0.05,0.01,,,-1
";

#[test]
fn a_book_has_totals_by_what_it_is_written_on_and_paid_in() {
    let folder = folder_with("book.csv", BOOK);
    let asked = ["price-options", "book.csv", "--as-of", "2026-01-02T08:00:00Z"];
    let more = ["--steps", "100", "--json", "--csv", "out.csv"];
    let json = run_in(folder.path(), &[&asked[..], &more].concat()).with(0).json();
    let options = json["options"].as_array().unwrap();
    assert_eq!(options.len(), 4);
    assert_eq!(options[2]["exercise_now"], false);
    // 84 of 365 days.
    assert!((number(&options[0]["years"]) - 84.0 / 365.0).abs() < 1e-15);
    let totals = json["totals"].as_array().unwrap();
    assert_eq!(totals.len(), 2);
    for (total, places) in totals.iter().zip([[0, 1], [2, 3]]) {
        for field in ["price", "delta", "gamma", "vega", "theta", "rho"] {
            let sum: f64 = places
                .map(|at: usize| number(&options[at]["quantity"]) * number(&options[at][field]))
                .iter()
                .sum();
            assert!((number(&total[field]) - sum).abs() <= 1e-12 * sum.abs(), "{field}: {total}");
        }
    }
    // The American put is worth more than the European one, which parity gives.
    let table = fs::read_to_string(folder.path().join("out.csv")).unwrap();
    assert_eq!(table.lines().count(), 5);
    assert!(table.starts_with("id,underlying,kind,forward,spot,strike,years,"), "{table}");
    let told = run_in(folder.path(), &asked).with(0);
    assert!(told.out.contains("total of BTC in coin") && told.out.contains("total of XYZ in cash"));
    assert!(told.out.lines().count() <= 30, "{}", told.out);
    assert!(told.out.lines().all(|line| line.chars().count() <= 100), "{}", told.out);
    // The file is there: it is not written over.
    let again = [&asked[..], &["--csv", "out.csv"]].concat();
    run_in(folder.path(), &again).complains(3, &["out.csv"]);
}

#[test]
fn quotes_of_two_sides_have_a_volatility_each() {
    let folder = folder_with(
        "quotes.csv",
        "id,kind,forward,strike,years,bid,ask\n\
         a,call,100,110,0.5,2.1,2.3\n\
         b,put,100,120,0.5,19.9,21.4\n",
    );
    let asked = ["price-options", "quotes.csv", "--implied", "--json"];
    let json = run_in(folder.path(), &asked).with(0).json();
    let side = |at: usize, name: &str| json["options"][at]["implied"][name].clone();
    let [bid, ask] = ["bid_volatility", "ask_volatility"].map(|name| number(&side(0, name)));
    let middle = number(&json["options"][0]["volatility"]);
    assert!(bid < middle && middle < ask && (middle - bid) < 0.02, "{json}");
    // Nobody has to bid what exercise is worth: such a bid has none.
    assert_eq!(side(1, "bid_volatility"), Value::Null);
    assert!(number(&side(1, "ask_volatility")) > 0.1);
}

#[test]
fn what_is_no_option_is_refused_with_line_field_value_and_reason() {
    let head = "kind,forward,strike,years,volatility\n";
    for (row, words) in [
        ("call,100,100,1,-0.1", ["line 2", "volatility is -0.1", "zero or more"]),
        ("call,100,0,1,0.1", ["line 2", "strike is 0.0", "a price from"]),
        ("call,100,100,0,0.1", ["line 2", "years is '0'", "expired"]),
        ("call,100,100,-1,0.1", ["line 2", "years is '-1'", "expired"]),
        ("call,1e999,100,1,0.1", ["line 2", "forward is '1e999'", "a number"]),
        ("call,nan,100,1,0.1", ["line 2", "forward is 'nan'", "a number"]),
        ("binary,100,100,1,0.1", ["line 2", "kind is 'binary'", "call or put"]),
        ("call,100,,1,0.1", ["line 2", "strike is missing", "a number"]),
        ("call,100,100,1", ["line 2", "4 fields", "expected 5"]),
    ] {
        let folder = folder_with("book.csv", &format!("{head}{row}\n"));
        run_in(folder.path(), &["price-options", "book.csv"]).complains(3, &words);
    }
    let head = "kind,forward,strike,years,bid,ask,price\n";
    for (row, words) in [
        ("call,100,100,1,5,4,", ["bid is '5'", "at most the ask of 4", "crossed"]),
        ("call,100,90,1,,,10", ["price is '10'", "above 10 and below 100", "low enough"]),
        ("call,100,90,1,,,100", ["price is '100'", "above 10 and below 100", "high enough"]),
        ("put,100,90,1,1,95,", ["ask is '95'", "above 0 and below 90", "high enough"]),
        ("put,100,90,1,,,0", ["price is '0'", "above 0 and below 90", "low enough"]),
        ("put,100,90,1,,,-2", ["price is '-2'", "zero or more", ""]),
        ("put,100,90,1,,,", ["price is missing", "bid and ask", ""]),
    ] {
        let folder = folder_with("book.csv", &format!("{head}{row}\n"));
        let asked = ["price-options", "book.csv", "--implied"];
        run_in(folder.path(), &asked).complains(3, &words);
    }
    let folder = folder_with("book.csv", "kind,colour\ncall,red\n");
    run_in(folder.path(), &["price-options", "book.csv"]).complains(3, &["'colour'", "settlement"]);
    run(&call(&["--volatility", "x"])).complains(2, &["--volatility is 'x'", "65%"]);
    run(&call(&["--volatility", "-0.2"])).complains(2, &["volatility is -0.2"]);
    run(&call(&[])).complains(2, &["--volatility is missing"]);
}

#[test]
fn an_american_put_says_when_to_exercise_it() {
    let put = ["price-options", "--kind", "put", "--spot", "60", "--strike", "100", "--years", "1"];
    let more = ["--volatility", "0.2", "--rate", "0.08", "--style", "american", "--steps", "50"];
    let told = run(&[&put[..], &more].concat()).with(0);
    assert!(told.out.contains("exercise it now") && told.out.contains("40"), "{}", told.out);
}
