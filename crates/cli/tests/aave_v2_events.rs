//! The replay of real liquidations follows the venue's rule, dates its incentives and explains itself:
//! its parts on made-up rows, so that the test needs no data that is not shipped.

#[path = "../examples/aave_v2_events/replay/mod.rs"]
mod replay;

use std::collections::BTreeSet;
use std::io::Write as _;

use breakwater_money::U256;
use breakwater_money::rational::parse;
use flate2::Compression;
use flate2::write::GzEncoder;
use replay::events::{Event, decimal, read_events, read_reserves};
use replay::incentives::{Incentives, Standing, Table, step};
use replay::judge::{Class, judge};
use replay::neighbours::{Series, compare};
use replay::seizure::{Seizure, Terms, collateral_for, debt_for, seize};

const RESERVES: &str = "\
symbol,market,decimals,liquidation_bonus_bps
WETH,main,18,10500.0
USDC,main,6,10500.0
LINK,main,18,11000.0
GUSD,main,2,0.0
AmmUniX,amm,18,11500.0
AmmUSDC,amm,6,10500.0
";

const HEADING: &str = "time,market,collateral,collateral_amount,debt,debt_amount,\
collateral_price_usd,debt_price_usd,collateral_price_eth,debt_price_eth,vintage";

/// Read against the reserves above.
fn events(rows: &[&str]) -> Result<Vec<Event>, String> {
    let reserves = read_reserves("reserves", RESERVES.as_bytes()).map_err(|e| e.to_string())?;
    let text = format!("{HEADING}\n{}\n", rows.join("\n"));
    read_events("events", text.as_bytes(), &reserves).map_err(|error| error.to_string())
}

/// LINK at a hundredth of an ETH for a thousand USDC at a two-thousandth.
fn link(time: &str, amount: &str) -> String {
    format!("{time},main,LINK,{amount},USDC,1000,20,1,0.01,0.0005,B")
}

#[test]
fn collateral_follows_from_debt_prices_and_bonus() {
    let terms = Terms {
        collateral_price: U256::from(10_000_000_000_000_000u64),
        debt_price: U256::from(500_000_000_000_000u64),
        collateral_decimals: 18,
        debt_decimals: 6,
        bonus_bps: 11_000,
    };
    let debt = U256::from(1_000_000_000u64);
    let collateral = U256::from(55_000_000_000_000_000_000u128);
    assert_eq!(collateral_for(debt, &terms), Ok(collateral));
    assert_eq!(debt_for(collateral, &terms), Ok(debt));
    assert_eq!(seize(debt, collateral, &terms), Ok(Seizure { collateral, debt }));
    let more = collateral + U256::ONE;
    assert_eq!(seize(debt, more, &terms), Ok(Seizure { collateral, debt }));
    // One unit short: everything goes, and the debt is worked back from it. Its value is cut to
    // 1,099,999,999 before the bonus divides it: 999,999,999.09, half up.
    let less = collateral - U256::ONE;
    let short = Seizure { collateral: less, debt: U256::from(999_999_999u64) };
    assert_eq!(seize(debt, less, &terms), Ok(short));
    let half = U256::from(27_500_000_000_000_000_000u128);
    let worked_back = Seizure { collateral: half, debt: U256::from(500_000_000u64) };
    assert_eq!(seize(debt, half, &terms), Ok(worked_back));
    assert!(collateral_for(debt, &Terms { collateral_price: U256::ZERO, ..terms }).is_err());
    assert!(debt_for(debt, &Terms { bonus_bps: 0, ..terms }).is_err());
    assert!(collateral_for(U256::MAX, &terms).is_err());
}

#[test]
fn the_bonus_is_rounded_half_up_before_the_price_divides() {
    let terms = |debt_price: u32, bonus_bps| Terms {
        collateral_price: U256::ONE,
        debt_price: U256::from(debt_price),
        collateral_decimals: 0,
        debt_decimals: 0,
        bonus_bps,
    };
    // 10 and a half becomes 11, and a hair less 10.
    assert_eq!(collateral_for(U256::from(10), &terms(1, 10_500)), Ok(U256::from(11)));
    assert_eq!(collateral_for(U256::from(10), &terms(1, 10_499)), Ok(U256::from(10)));
    // 21 / 2 is 10 before the bonus takes its part: 10 / 1.05 = 9.52, half up to 10.
    assert_eq!(debt_for(U256::from(21), &terms(2, 10_500)), Ok(U256::from(10)));
}

#[test]
fn numbers_are_read_exactly_with_their_exponents() {
    let raw = |text: &str| decimal(text).unwrap().to_raw(18).unwrap();
    assert_eq!(raw("1.45257e-05"), 14_525_700_000_000);
    assert_eq!(raw("1e-18"), 1);
    assert_eq!(raw("2.5E+3"), 2_500_000_000_000_000_000_000);
    for wrong in ["", "1e", "1e1.5", "1e-41", "1e99999", "e5", "nan", "inf", "1,5"] {
        assert!(decimal(wrong).is_err(), "{wrong} was read");
    }
}

#[test]
fn a_bad_row_is_named_by_line_field_and_value() {
    let good = link("2021-08-01 00:00:00+00:00", "55");
    let read = |row: &str| events(&[&good, row]).unwrap_err();
    let swap = |from: &str, to: &str| read(&good.replacen(from, to, 1));
    assert_eq!(
        swap(",55,", ",-55,"),
        "events, line 3, field collateral_amount: '-55': expected a number above zero"
    );
    assert_eq!(
        swap(",1000,", ",0,"),
        "events, line 3, field debt_amount: '0': expected a number above zero"
    );
    assert_eq!(
        swap(",1000,", ",0.0000001,"),
        "events, line 3, field debt_amount: '0.0000001': '0.0000001' has more than 6 digits after \
         the point; the scale has no finer unit"
    );
    assert_eq!(
        swap(",LINK,", ",DOGE,"),
        "events, line 3, field collateral: 'DOGE': unknown asset: not a reserve of the market 'main'"
    );
    assert_eq!(swap(",B", ",C"), "events, line 3, field vintage: 'C': expected A or B");
    assert!(
        swap("2021-08-01", "2021-13-01").starts_with("events, line 3, field time: '2021-13-01")
    );
    assert!(
        swap(",0.01,", ",NaN,").starts_with("events, line 3, field collateral_price_eth: 'NaN'")
    );
    // Too few fields, where the reader of the format knows the line.
    assert!(read("2021-08-01 00:00:00+00:00,main").contains("line: 3"));
}

#[test]
fn a_missing_column_or_a_double_asset_is_named() {
    let reserves = read_reserves("reserves", RESERVES.as_bytes()).unwrap();
    let heading = HEADING.replace(",debt_price_eth", "");
    let error = read_events("events", heading.as_bytes(), &reserves).unwrap_err().to_string();
    assert!(error.starts_with("events: no column 'debt_price_eth'; found time, market"), "{error}");
    let twice = format!("{RESERVES}WETH,main,18,10500\n");
    let error = read_reserves("reserves", twice.as_bytes()).unwrap_err().to_string();
    assert_eq!(error, "reserves, line 8, field symbol: 'WETH': the asset stands in the file twice");
    let wide = RESERVES.replace("WETH,main,18", "WETH,main,25");
    let error = read_reserves("reserves", wide.as_bytes()).unwrap_err().to_string();
    assert_eq!(error, "reserves, line 2, field decimals: '25': expected at most 24");
}

#[test]
fn unpriced_rows_keep_no_price() {
    let row = link("2021-05-01 00:00:00+00:00", "55").replace(",B", ",A");
    let event = &events(&[&row]).unwrap()[0];
    assert_eq!((event.collateral.price_eth, event.debt.price_eth), (None, None));
    assert_eq!(event.implied_bonus(), None);
    assert!(!event.month_is_even());
}

#[test]
fn only_a_ratio_close_to_a_plausible_step_shows_an_incentive() {
    let shown = |text: &str| step(&parse(text).unwrap());
    assert_eq!(shown("1.05"), Some(10_500));
    // A hundredth of a per cent is still near, at the limit and one part below and above.
    assert_eq!(shown("1.050105"), Some(10_500));
    assert_eq!(shown("1.050105001"), None);
    assert_eq!(shown("1.0525"), None);
    assert_eq!(shown("1.00"), None);
    assert_eq!(shown("1.60"), None);
}

#[test]
fn the_fit_dates_changes_and_ignores_one_stray() {
    let rows = [
        link("2021-08-01 00:00:00+00:00", "55"),
        link("2021-08-02 00:00:00+00:00", "54"),
        link("2021-08-03 00:00:00+00:00", "55"),
        link("2021-08-04 00:00:00+00:00", "54.3"),
        link("2021-10-05 00:00:00+00:00", "53.75"),
        link("2021-10-06 00:00:00+00:00", "53.75"),
    ];
    let events = events(&rows.each_ref().map(String::as_str)).unwrap();
    let fit = Incentives::fit(events.iter());
    let link = &fit.rows[&("main".to_owned(), "LINK".to_owned())];
    let found: Vec<_> = link.iter().map(|row| (row.bonus_bps, row.events)).collect();
    assert_eq!(found, [(11_000, 2), (10_750, 2)]);
    let standing = |time: &str| fit.at("main", "LINK", time.parse().unwrap());
    assert_eq!(standing("2021-07-31T23:59:59Z"), Standing::Unknown);
    assert_eq!(standing("2021-08-01T00:00:00Z"), Standing::Settled(&link[0]));
    assert_eq!(standing("2021-08-03T00:00:00Z"), Standing::Settled(&link[0]));
    assert_eq!(standing("2021-08-03T00:00:01Z"), Standing::Changing(&link[0]));
    assert_eq!(standing("2021-10-05T00:00:00Z"), Standing::Settled(&link[1]));
    assert_eq!(standing("2021-10-06T00:00:01Z"), Standing::Carried(&link[1]));
    assert_eq!(fit.at("amm", "LINK", "2021-10-06T00:00:00Z".parse().unwrap()), Standing::Unknown);
    // What the fit prints is what the table reads.
    let head = "name = \"n\"\nlabel = \"inferred\"\nfitted_on = \"f\"\n\
                [wrong_feeds]\nassets = []\nreason = \"r\"\n";
    let table = Table::parse(&format!("{head}{}", fit.to_toml())).unwrap();
    assert_eq!(table.incentives, fit);
}

#[test]
fn the_shipped_table_reads_and_every_row_is_labelled() {
    let table = Table::parse(replay::TABLE).unwrap();
    assert_eq!(replay::TABLE.matches("label = \"inferred\"").count(), table.incentives.len() + 1);
    let wrong = |from: &str, to: &str| {
        Table::parse(&replay::TABLE.replacen(from, to, 2)).unwrap_err().to_string()
    };
    assert!(
        wrong("label = \"inferred\"", "label = \"known\"").contains("label is 'known'"),
        "a label that claims more was accepted"
    );
    assert!(wrong("bonus_bps = 11000", "bonus_bps = 1100").contains("expected 10050 to 12500"));
    assert!(wrong("from = \"2", "from = \"x2").contains("from 'x2"));
    let backwards = wrong("last_seen = \"20", "last_seen = \"19");
    assert!(backwards.contains("not later than what stands before it"), "{backwards}");
}

#[test]
fn every_class_of_misfit_is_found() {
    let rows = [
        // Two incentives, seen in even months.
        link("2021-08-01 00:00:00+00:00", "55"),
        link("2021-10-01 00:00:00+00:00", "53.75"),
        link("2021-12-01 00:00:00+00:00", "53.75"),
        // Before the first sighting; between the two; with a price of half an hour ago; with another.
        link("2021-07-01 00:00:00+00:00", "55"),
        link("2021-09-01 00:00:00+00:00", "53.75"),
        link("2021-11-01 00:00:00+00:00", "53.75"),
        "2021-11-01 00:30:00+00:00,main,LINK,53.75,USDC,1000,20,1,0.011,0.0005,B".to_owned(),
        "2021-11-02 00:30:00+00:00,main,LINK,53.75,USDC,1000,20,1,0.011,0.0005,B".to_owned(),
        "2021-11-03 00:30:00+00:00,main,LINK,53.75,GUSD,1000,20,1,0.01,0.0004,B".to_owned(),
        "2021-11-04 00:30:00+00:00,amm,AmmUniX,1,AmmUSDC,1000,20,1,1,0.0005,B".to_owned(),
        "2021-11-05 00:30:00+00:00,main,LINK,53.75,USDC,1000,20,1,,0.0005,B".to_owned(),
        // Within the limit of 0.1 % and a part beyond it.
        link("2021-11-06 00:00:00+00:00", "53.80375"),
        link("2021-11-07 00:00:00+00:00", "53.803750000000000001"),
    ];
    let events = events(&rows.each_ref().map(String::as_str)).unwrap();
    let incentives = Incentives::fit(events.iter().filter(|event| event.month_is_even()));
    let wrong_feeds = BTreeSet::from(["GUSD".to_owned()]);
    let verdicts = judge(&events, &incentives, &wrong_feeds).unwrap();
    let classes: Vec<_> =
        verdicts.iter().map(|verdict| (verdict.event.line, verdict.class)).collect();
    assert_eq!(
        classes,
        [
            (5, Class::NoIncentive),
            (2, Class::Fits),
            (6, Class::Changed),
            (3, Class::Fits),
            (7, Class::Fits),
            (8, Class::PriceBeside),
            (9, Class::PriceOff),
            (10, Class::WrongFeed),
            (11, Class::PoolShare),
            (12, Class::NoPrice),
            (13, Class::Fits),
            (14, Class::PriceOff),
            (4, Class::Fits),
        ]
    );
    let beside = verdicts.iter().find_map(|verdict| verdict.beside);
    assert_eq!(beside, Some(("LINK", 7)));
    let clean = verdicts.iter().filter(|verdict| verdict.is_clean()).count();
    assert_eq!(clean, 11);
    assert!(verdicts[1].to_one_unit && !verdicts[10].to_one_unit);
}

#[test]
fn a_wrong_feed_cancels_against_itself() {
    let row = "2021-08-01 00:00:00+00:00,main,GUSD,1.1,GUSD,1,9,9,0.0004,0.0004,B";
    let events = events(&[row]).unwrap();
    let wrong_feeds = BTreeSet::from(["GUSD".to_owned()]);
    let incentives = Incentives::fit(events.iter());
    assert_eq!(judge(&events, &incentives, &wrong_feeds).unwrap()[0].class, Class::Fits);
}

#[test]
fn an_implied_price_is_compared_with_its_neighbours_alone() {
    let row = |minute: u32, collateral: &str, taken: &str, debt: &str, repaid: &str| {
        format!(
            "2021-05-19 12:{minute:02}:00+00:00,main,{collateral},{taken},{debt},{repaid},,,,,A"
        )
    };
    let rows = [
        // An ETH at 2,100 dollars, at 2,205, and at 2,100 again, the last with the sides exchanged.
        row(0, "WETH", "1", "USDC", "2000"),
        row(5, "WETH", "1", "USDC", "2100"),
        row(6, "USDC", "2205", "WETH", "1"),
        row(7, "LINK", "1", "USDC", "20"),
        row(8, "USDC", "105", "USDC", "100"),
    ];
    let reserves = read_reserves("reserves", RESERVES.as_bytes()).unwrap();
    let events = events(&rows.each_ref().map(String::as_str)).unwrap();
    let all = compare(events.iter(), &reserves);
    assert_eq!(all.len(), 4, "the same asset on both sides implies no price");
    let prices: Vec<_> = all.iter().map(|one| one.price.to_string()).collect();
    assert_eq!(prices, ["2100", "2205", "2100", "22"]);
    assert_eq!(all[1].from_nearer, Some(parse("0.05").unwrap()));
    assert_eq!(all[1].spike, Some(parse("0.05").unwrap()));
    assert_eq!(all[0].spike, None);
    assert_eq!((all[3].away, &all[3].from_nearer), (None, &None));
    assert_eq!(all[0].series, Series::EthInDollars);
}

#[test]
fn the_whole_replay_runs_on_a_made_up_folder() {
    let folder = tempfile::tempdir().unwrap();
    assert!(!replay::is_present(folder.path()));
    let rows = [
        link("2021-08-06 00:00:00+00:00", "55"),
        link("2021-09-06 00:00:00+00:00", "55"),
        link("2021-05-06 00:00:00+00:00", "55").replace(",B", ",A"),
    ];
    let text = format!("{HEADING}\n{}\n", rows.join("\n"));
    for (name, text) in replay::FILES.into_iter().zip([text.as_str(), RESERVES]) {
        let file = std::fs::File::create(folder.path().join(name)).unwrap();
        let mut packer = GzEncoder::new(file, Compression::fast());
        packer.write_all(text.as_bytes()).unwrap();
        packer.finish().unwrap();
    }
    assert!(replay::is_present(folder.path()));
    let table = Table::parse(replay::TABLE).unwrap();
    let mut out = Vec::new();
    replay::run(folder.path(), &table, &mut out).unwrap();
    let out = String::from_utf8(out).unwrap();
    assert!(out.starts_with("3 events, 2 with prices (vintage B), 1 without (A); "), "{out}");
    assert!(out.contains("ATTENTION"), "other rows than the shipped table's went unnoticed: {out}");
    let held_out = out.lines().find(|line| line.starts_with("ODD MONTHS")).unwrap();
    let words: Vec<_> = held_out.split_whitespace().skip(4).take(5).collect();
    assert_eq!(words, ["1", "1", "1", "1", "100.0%"]);
    let mut fit = Vec::new();
    replay::print_fit(folder.path(), &table, &mut fit).unwrap();
    let fit = String::from_utf8(fit).unwrap();
    assert_eq!(fit.matches("[[incentive]]").count(), 1, "{fit}");
    assert!(fit.contains("bonus_bps = 11000\nlabel = \"inferred\"\nevents = 1\n"), "{fit}");
}

#[test]
fn a_file_that_is_not_packed_is_an_error_and_no_panic() {
    let folder = tempfile::tempdir().unwrap();
    for name in replay::FILES {
        std::fs::write(folder.path().join(name), HEADING).unwrap();
    }
    let table = Table::parse(replay::TABLE).unwrap();
    let error = replay::run(folder.path(), &table, &mut Vec::new()).unwrap_err().to_string();
    assert!(error.starts_with("reserves.csv.gz: "), "{error}");
}
