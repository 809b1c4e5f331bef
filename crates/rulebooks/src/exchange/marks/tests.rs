use super::*;
use breakwater_market::mark_recipe::{Inputs, Part, Recipe};
use breakwater_money::Time;

const HOUR: i128 = 3_600_000_000_000;

fn file(name: &str) -> MarkFile {
    let (_, text) = shipped().iter().find(|(shipped, _)| *shipped == name).unwrap();
    MarkFile::parse(text).unwrap()
}

fn inputs(rows: &[(&str, i128)]) -> Inputs {
    rows.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect()
}

#[test]
fn every_shipped_file_is_named_as_it_says_and_survives_being_written() {
    for (name, text) in shipped() {
        let read = MarkFile::parse(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(read.name, *name);
        assert!(read.source.values().all(|source| source.len() > 9), "{name}");
        assert!(!read.effective_from.is_empty(), "{name}");
        assert_eq!(MarkFile::parse(&toml::to_string(&read).unwrap()).unwrap(), read);
    }
}

#[test]
fn the_index_rule_is_that_of_its_file() {
    let file = file("binance-index");
    let Some(Recipe::Part(part)) = file.construction.recipe("index") else { panic!() };
    let Part::Index { outliers, .. } = part.as_ref() else { panic!() };
    assert_eq!(*outliers, BINANCE_OUTLIERS);
    let seen = file.construction.start();
    let mut rows = inputs(&[
        ("spot_1", 100_000),
        ("spot_2", 94_000),
        ("spot_3", 99_500),
        ("spot_4", 104_000),
        ("spot_5", 100_500),
    ]);
    let mark = |rows: &Inputs| file.construction.evaluate(rows, &seen).unwrap().mark();
    // One of five is more than 5 % from 100,000; then a second one is.
    assert_eq!(mark(&rows), Ok(101_000));
    rows.insert("spot_4".to_owned(), 106_000);
    assert_eq!(mark(&rows), Ok(100_000));
    rows.remove("spot_1");
    rows.remove("spot_3");
    assert_eq!(mark(&rows), Ok(100_500));
    rows.remove("spot_5");
    let error = mark(&rows).unwrap_err().to_string();
    let right =
        "index.index: 2 of its prices are present and 3 must be; of[1]: \"spot_1\" is missing";
    assert!(error.starts_with(right), "{error}");
}

#[test]
fn the_median_of_three_takes_the_basis_of_the_last_thirty_samples() {
    let construction = file("binance").construction;
    let mut rows = inputs(&[
        ("index", 1_000_000),
        ("funding_rate_e18", 100_000_000_000_000),
        ("to_funding_nanos", 4 * HOUR),
        ("contract_price", 997_000),
        ("bid", 1_000_200),
        ("ask", 1_000_400),
    ]);
    let mut seen = construction.start();
    // An old basis of +300, then thirty of -800: the first has left the window.
    for second in 0..31u64 {
        seen = construction.record(&seen, &rows, Time::from_seconds(5 * second)).unwrap();
        rows.insert("bid".to_owned(), 999_100);
        rows.insert("ask".to_owned(), 999_300);
    }
    let prices = construction.evaluate(&rows, &seen).unwrap();
    assert_eq!(prices.get("price1"), Some(&Ok(1_000_050)));
    assert_eq!(prices.get("price2"), Some(&Ok(999_200)));
    assert_eq!(prices.mark(), Ok(999_200));
}

#[test]
fn two_of_three_call_the_average_of_the_book() {
    let construction = file("hyperliquid").construction;
    let mut rows = inputs(&[
        ("oracle", 10_000),
        ("bid", 10_005),
        ("ask", 10_015),
        ("last", 10_010),
        ("binance", 9_990),
        ("okx", 10_002),
        ("bybit", 10_008),
        ("gate", 10_011),
        ("mexc", 9_960),
    ]);
    let mut seen = construction.start();
    for second in [0, 3, 6] {
        seen = construction.record(&seen, &rows, Time::from_seconds(second)).unwrap();
    }
    let prices = construction.evaluate(&rows, &seen).unwrap();
    assert_eq!(prices.get("oracle_basis"), Some(&Ok(10_010)));
    assert_eq!(prices.get("external"), Some(&Ok(10_002)));
    assert_eq!(prices.mark(), Ok(10_010));
    for name in ["binance", "okx", "bybit", "gate", "mexc"] {
        rows.remove(name);
    }
    rows.insert("last".to_owned(), 10_030);
    rows.insert("bid".to_owned(), 10_025);
    // Oracle with basis 10,010, book 10,025, and the book's average 10,010.
    assert_eq!(construction.evaluate(&rows, &seen).unwrap().mark(), Ok(10_010));
    rows.remove("last");
    assert!(construction.evaluate(&rows, &seen).unwrap().mark().unwrap_err().is_absence());
}

#[test]
fn the_premium_is_averaged_on_a_clamped_index_and_bounded_by_it() {
    let construction = file("deribit").construction;
    let mut rows =
        inputs(&[("spot_1", 100_000), ("spot_2", 100_200), ("spot_3", 120_000), ("fair", 100_300)]);
    let seen = construction.record(&construction.start(), &rows, Time(1)).unwrap();
    let prices = construction.evaluate(&rows, &seen).unwrap();
    // The median is 100,200; the third source comes down to 100,701.
    assert_eq!(prices.get("index"), Some(&Ok(100_300)));
    assert_eq!(prices.mark(), Ok(100_300));
    rows.insert("fair".to_owned(), 200_000);
    let seen = construction.record(&seen, &rows, Time::from_seconds(90)).unwrap();
    assert_eq!(construction.evaluate(&rows, &seen).unwrap().mark(), Ok(110_330));
}

#[test]
fn the_funding_basis_decays_to_the_index() {
    let construction = file("bitmex").construction;
    let at = |hours: i128| {
        let rows = inputs(&[
            ("index", 2_000_000),
            ("funding_rate_e18", 2_000_000_000_000_000),
            ("to_funding_nanos", hours * HOUR),
        ]);
        construction.evaluate(&rows, &construction.start()).unwrap().mark()
    };
    assert_eq!((at(8), at(2), at(0)), (Ok(2_004_000), Ok(2_001_000), Ok(2_000_000)));
}

#[test]
fn a_file_without_a_source_or_with_one_too_many_is_refused() {
    let (_, text) = shipped().iter().find(|(name, _)| *name == "bitmex").unwrap();
    let renamed = text.replace("\"mark\" = ", "\"fair\" = ");
    assert_eq!(
        MarkFile::parse(&renamed).unwrap_err().to_string(),
        "source: nothing for \"mark\"; add where it comes from, or \"unverified\""
    );
    let more = text.replace("[source]", "[source]\n\"index\" = \"nobody knows\"");
    assert_eq!(
        MarkFile::parse(&more).unwrap_err().to_string(),
        "source.index: no average or price has this name"
    );
    let broken = text.replace("\"funding\"", "\"fundings\"");
    let error = MarkFile::parse(&broken).unwrap_err().to_string();
    assert!(error.contains("unknown variant `fundings`"), "{error}");
}
