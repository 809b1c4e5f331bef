//! The full book of 1,309 accounts, which is not shipped: BREAKWATER_SHARED names the folder that
//! has it. Without it these tests say that they were skipped.

use breakwater_simulate::assess::{AssessOptions, Assessment, assess, read};
use breakwater_simulate::keeper_plan::{PlanOptions, plan};
use breakwater_simulate::scenario::read_file;

fn shared(file: &str) -> Option<String> {
    let Some(folder) = std::env::var_os("BREAKWATER_SHARED") else {
        println!("SKIPPED: BREAKWATER_SHARED is not set, {file} is not here");
        return None;
    };
    Some(read_file(&std::path::Path::new(&folder).join("data").join(file)).unwrap())
}

fn at(text: &str, fall: u32) -> Assessment {
    let book = read("v2_positions.csv", text, None).unwrap();
    let shock = (fall > 0).then(|| format!("collateral={fall}%").parse().unwrap());
    assess(&book, &AssessOptions { shock, ..AssessOptions::default() }).unwrap()
}

#[test]
fn a_uniform_fall_of_the_full_book_gives_the_published_accounts_and_debt() {
    let Some(text) = shared("aave-steth-positions-2023-06/v2_positions.csv.gz") else { return };
    let published = [
        (0, 4, None),
        (5, 14, Some(40_432)),
        (10, 32, Some(42_801)),
        (20, 167, Some(139_801)),
        (30, 318, Some(255_488)),
        (40, 480, Some(341_126)),
    ];
    for (fall, accounts, debt) in published {
        let totals = at(&text, fall).totals;
        assert_eq!(totals.accounts, 1_309);
        assert_eq!(totals.liquidatable, accounts, "at {fall} %");
        if let Some(debt) = debt {
            let found: f64 = totals.liquidatable_debt.parse().unwrap();
            assert_eq!(found.round() as u64, debt, "at {fall} %");
        }
    }
    assert_eq!(at(&text, 0).totals.warned, 13);
}

const PRICES: &str = include_str!("../../../scenarios/black-thursday/prices.csv");
const BOOK: &str = include_str!("../../../scenarios/black-thursday/book.csv");

#[test]
fn the_shipped_books_health_is_the_sources() {
    let book = read("book.csv", BOOK, Some(("prices.csv", PRICES))).unwrap();
    let found = assess(&book, &AssessOptions::default()).unwrap();
    let (mut coarse, mut far) = (0, 0);
    for (account, health) in book.accounts.iter().zip(&found.accounts) {
        let source: f64 = account.source_health.as_ref().unwrap().parse().unwrap();
        let ours: f64 = health.health.parse().unwrap();
        let miss = (ours / source - 1.0).abs();
        // A unit of value in the eighth decimal is more than 1e-9 of an account below ten dollars.
        let debt: f64 = health.debt_value.parse().unwrap();
        coarse += u32::from(miss > 1e-9 && debt > 10.0);
        far += u32::from(miss > 1e-5);
    }
    assert_eq!(far, 0);
    assert!(coarse <= 10, "{coarse} accounts miss the ninth digit");
}

#[test]
fn a_proposed_call_reaches_its_target_or_says_why_not() {
    let book = read("book.csv", BOOK, Some(("prices.csv", PRICES))).unwrap();
    let options = AssessOptions {
        shock: Some("ETH/USD=40%".parse().unwrap()),
        target_ratio: Some("1.05".to_owned()),
        ..AssessOptions::default()
    };
    let options = PlanOptions { assess: options, ..PlanOptions::default() };
    let plans = plan(&book, &options).unwrap().accounts;
    assert_eq!(plans.len(), 1_034);
    let acted: Vec<_> = plans.iter().filter(|p| !p.repay.is_empty()).collect();
    assert!(acted.len() > 100);
    for plan in &acted {
        let (before, after) = (&plan.health_before, &plan.health_after);
        if plan.reason.contains("reaches the target") && !plan.reason.contains("no amount") {
            let after: f64 = after.parse().unwrap_or(f64::INFINITY);
            assert!(after >= 1.05, "{}: {before} to {after}", plan.account);
        }
    }
    assert!(plans.iter().filter(|p| p.repay.is_empty()).all(|p| p.reason.starts_with("401")));
}

#[test]
fn malformed_books_are_refused_by_line_field_and_value() {
    let good = "account,liquidation_threshold_bps,side,asset,amount\na,8000,collateral,WETH,1\n";
    let says =
        |text: &str| read("book.csv", text, Some(("prices.csv", PRICES))).unwrap_err().to_string();
    let with = |from: &str, to: &str| says(&good.replacen(from, to, 1));
    assert!(read("book.csv", good, Some(("prices.csv", PRICES))).is_ok());
    assert!(with(",1\n", ",-1\n").contains("line 2: amount: '-1' is negative"));
    assert!(with(",1\n", ",0\n").contains("line 2: amount is 0"));
    assert!(with(",1\n", ",NaN\n").contains("'NaN' is not a decimal"));
    assert!(with(",1\n", ",1e5\n").contains("unexpected 'e'"));
    assert!(with(",1\n", ",99999999999999999999999999999999999999\n").contains("too large"));
    assert!(with(",1\n", ",0.0000000000000000001\n").contains("18 digits after the point"));
    assert!(with("8000", "10001").contains("liquidation_threshold_bps is 10001"));
    assert!(with("collateral", "both").contains("side is 'both'"));
    assert!(with("WETH", "XYZ").contains("asset 'XYZ' has no price"));
    assert!(with("amount\n", "amounts\n").contains("neither JSON nor a known table"));
    assert!(says("").contains("neither JSON nor a known table"));
    assert!(says("account,liquidation_threshold_bps,side,asset,amount\n").contains("no rows"));
    assert!(with(",1\n", "\n").contains("line 2"));
    let twice = format!("{good}a,8000,collateral,WETH,2\n");
    assert!(says(&twice).contains("line 3: asset WETH stands twice"));
    let other = format!("{good}a,7000,debt,USDC,2\n");
    assert!(says(&other).contains("line 3: liquidation_threshold_bps is 7000"));
    assert!(read("b.csv", good, None).unwrap_err().to_string().contains("--prices"));
    assert!(read("b.json", "{\"assets\":[],", None).is_err());
    let twice = "user,collateral_eth,debt_eth,liq_threshold_bps\nu,1,1,8000\nu,1,1,8000\n";
    assert!(read("t.csv", twice, None).unwrap_err().to_string().contains("first in line 2"));
}
