//! Parameter files: what is shipped, and what is refused.

use super::super::{Parameters, shape};
use super::*;
use breakwater_liquidation::{Kept, Promise, Reach};

fn said(from: &str, to: &str) -> String {
    assert!(PARAMETERS.contains(from), "the file has no {from}");
    Parameters::parse(&PARAMETERS.replacen(from, to, 1)).err().unwrap_or_default()
}

#[test]
fn the_shipped_file_is_valid_and_its_incentives_are_the_venues() {
    let parameters = Parameters::parse(SHIPPED).unwrap();
    assert_eq!(parameters.numeraire_decimals, 8);
    let factor =
        |name: &str| parameters.markets[name].terms().incentive_factor().unwrap().to_string();
    assert_eq!(factor("steth-usdc"), "1.043841336116910229");
    assert_eq!(factor("steth-weth"), "1.01677681748856126");
    assert_eq!(factor("wbtc-weth"), "1.026167265264238070".trim_end_matches('0'));
}

#[test]
fn every_parameter_of_the_shipped_file_has_a_source() {
    let value: toml::Value = toml::from_str(SHIPPED).unwrap();
    let sources = value["source"].as_table().unwrap();
    let covered = |path: &str| {
        sources.keys().any(|key| {
            let (key, path): (Vec<_>, Vec<_>) =
                (key.split('.').collect(), path.split('.').collect());
            key.len() == path.len() && key.iter().zip(&path).all(|(k, p)| *k == "*" || k == p)
        })
    };
    for group in ["assets", "markets"] {
        for (name, table) in value[group].as_table().unwrap() {
            for (field, _) in table.as_table().unwrap() {
                let path = format!("{group}.{name}.{field}");
                assert!(covered(&path), "{path} has no source");
            }
        }
    }
}

#[test]
fn the_shipped_file_binds_to_pools_with_other_assets_and_with_fewer() {
    let mut book = Book::with(SHIPPED);
    book.import(A, (STETH, ETHER), (DAI, 1_000 * ETHER));
    assert!(!book.health(A).breach);
    let two = book.assets[..2].to_vec();
    assert!(build(SHIPPED, &two).is_ok());
    assert!(build(SHIPPED, &[]).is_ok());
    book.assets[2].decimals = 18;
    let error = build(SHIPPED, &book.assets).err().unwrap();
    assert_eq!(error, "assets.USDC.decimals = 6: the pool's asset has 18");
}

#[test]
fn an_account_has_one_collateral_and_one_debt_of_a_listed_pair() {
    let shape = shape(SHIPPED).unwrap();
    assert_eq!((shape.collaterals, shape.debts), (Reach::One, Reach::One));
    assert_eq!(shape.secured_by["USDC"], ["STETH", "WBTC", "WETH"]);
    assert_eq!(shape.secured_by["WETH"], ["STETH", "WBTC"]);
    assert!(!shape.secured_by.contains_key("WBTC"));
    assert_eq!((shape.currency, shape.debt_least), (None, 0));
}

#[test]
fn the_file_of_another_rule_or_with_unknown_keys_is_refused() {
    assert!(said("rule = \"morpho-blue\"", "rule = \"other\"").starts_with("rule = \"other\""));
    assert!(said("lltv_bps = 8600", "lltv_bps = 8600\nsurprise = 1").contains("surprise"));
    assert!(said("version = \"3085651\"\n", "").contains("version"));
    assert!(said("numeraire_decimals = 8", "numeraire_decimals = 19").contains("= 19"));
    assert!(said("loan = \"USDC\"\n", "").contains("loan"));
}

#[test]
fn bad_parameters_are_refused_by_name_and_value() {
    for (from, to, says) in [
        ("decimals = 18", "decimals = 0", "assets.STETH.decimals = 0: must be 1 to 36"),
        ("decimals = 18", "decimals = 37", "assets.STETH.decimals = 37: must be 1 to 36"),
        ("lltv_bps = 8600", "lltv_bps = 0", "lltv_bps = 0: must be 1 to 9999"),
        ("lltv_bps = 8600", "lltv_bps = 10000", "lltv_bps = 10000: must be 1 to 9999"),
        ("fee_bps = 1000", "fee_bps = 2501", "fee_bps = 2501: must be at most 2500"),
        (
            "wad = 31709791983",
            "wad = 253678335871",
            "markets.growing.borrow_rate_per_second_wad = 253678335871: must be at most",
        ),
        (
            "collateral = \"STETH\"",
            "collateral = \"NOPE\"",
            "collateral = \"NOPE\": must be one of the assets DAI, STETH, USDC, WETH",
        ),
        ("loan = \"USDC\"", "loan = \"STETH\"", "loan = \"STETH\": must not be the collateral"),
        (
            "lltv_bps = 7700",
            "lltv_bps = 8600",
            "markets.low: collateral STETH, loan USDC and lltv_bps 8600 are already those of \
             markets.high",
        ),
    ] {
        let error = said(from, to);
        assert!(error.contains(says), "{error}");
    }
    for (from, to) in [
        ("decimals = 18", "decimals = 36"),
        ("lltv_bps = 8600", "lltv_bps = 1"),
        ("lltv_bps = 8600", "lltv_bps = 9999"),
        ("fee_bps = 1000", "fee_bps = 2500"),
        ("wad = 31709791983", "wad = 253678335870"),
    ] {
        assert_eq!(said(from, to), "");
    }
    let none = &PARAMETERS[..PARAMETERS.find("[markets.high]").unwrap()];
    let error = Parameters::parse(&format!("{none}[markets]\n")).unwrap_err();
    assert_eq!(error, "markets: at least one market must be listed");
}

#[test]
fn the_venue_says_how_it_stands_to_every_promise() {
    let book = Book::new();
    let told: Vec<Promise> = book.rulebook.promises().iter().map(|(p, _)| *p).collect();
    assert_eq!(told, Promise::ALL);
    let kept = |promise| book.rulebook.promises().contains(&(promise, Kept::Keeps));
    assert!(kept(Promise::NoUnbookedDebt) && !kept(Promise::Minimal));
}
