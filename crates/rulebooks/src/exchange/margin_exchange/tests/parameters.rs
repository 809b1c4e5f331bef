//! Parameter files, and books, that are refused.

use super::*;
use breakwater_liquidation::AssetInfo;

fn refusal(from: &str, to: &str) -> String {
    assert!(PARAMETERS.contains(from), "{from}");
    let text = PARAMETERS.replacen(from, to, 1);
    build(&text, &assets()).map(|_| ()).unwrap_err()
}

#[test]
fn the_shipped_file_is_taken_and_names_itself() {
    let pool = Pool::new();
    assert_eq!(pool.rulebook.name(), "binance-usdm");
    assert_eq!(pool.rulebook.numeraire_decimals(), 6);
    assert_eq!(pool.look(|view| pool.rulebook.admits(view)), Ok(()));
}

#[test]
fn a_refused_parameter_is_named_with_its_value_and_what_is_right() {
    for (from, to, expected) in [
        (
            "rule = \"margin-exchange\"",
            "rule = \"bybit\"",
            "rule = \"bybit\": must be \"margin-exchange\"",
        ),
        ("settle = \"USDT\"", "settle = \"USDX\"", "settle = \"USDX\": the pool has no token"),
        ("settle = \"USDT\"", "settle = \"\"", "settle = \"\": must say the symbol"),
        ("settle = \"USDT\"", "settle = \"USDT\"\nfee = 1", "unknown field `fee`"),
        ("leverage_max = 125", "leverage = 125", "unknown field `leverage`"),
        ("clearance_fee_bps = 125", "clearance_fee_bps = 10000", "= 10000: must be 0 to 9999"),
        ("cap = \"600000\"", "cap = \"50000\"", "tier 2: cap 50000000000 is not above"),
        (
            "cap = \"600000\"",
            "cap = \"60000.0000001\"",
            "tier 2: cap: '60000.0000001' has more than 6",
        ),
        ("cap = \"600000\"", "cap = \"6e5\"", "tier 2: cap: '6e5' is not a decimal"),
        ("rate = \"0.005\"", "rate = \"0.003\"", "tier 2: rate_e9 3000000 is below the 4000000"),
        ("rate = \"0.5\"", "rate = \"1.5\"", "rate_e9 1500000000 is outside 1 to 1000000000"),
        ("leverage_max = 125", "leverage_max = 0", "tier 1: leverage_max is 0"),
        (
            "deduction = \"50\"",
            "deduction = \"51\"",
            "tier 2: deduction 51000000 is stated; continuity",
        ),
        ("deduction = \"50\"", "deduction = \"-50\"", "tier 2: deduction: '-50' is negative"),
        (
            "\"contracts.*.tiers\"",
            "\"contracts.*.tier\"",
            "source: nothing for \"contracts.1000PEPEUSDT.tiers\"",
        ),
    ] {
        let found = refusal(from, to);
        assert!(found.contains(expected), "{from} -> {to}: {found}");
    }
}

#[test]
fn effective_date_and_sources_must_be_stated() {
    let line = |start: &str| PARAMETERS.lines().find(|line| line.starts_with(start)).unwrap();
    let date = line("effective_from");
    assert!(refusal(date, "").contains("missing field `effective_from`"));
    assert!(refusal(date, "effective_from = \" \"").contains("effective_from = \"\": must say"));
    let fee = line("\"contracts.*.clearance_fee_bps\"");
    let found = refusal(fee, "");
    assert!(found.contains("nothing for \"contracts.AXLUSDT.clearance_fee_bps\""), "{found}");
    let found = refusal(fee, "\"contracts.*.clearance_fee_bps\" = \"\"");
    assert!(found.contains("clearance_fee_bps\" = \"\": must say a source"), "{found}");
    let empty = "name = \"x\"\nrule = \"margin-exchange\"\neffective_from = \"x\"\nsettle = \"USDT\"\n\
                 [source]\n[contracts]\n";
    assert!(build(empty, &assets()).map(|_| ()).unwrap_err().contains("at least one contract"));
}

fn bound(assets: &[AssetInfo]) -> Result<(), String> {
    build(PARAMETERS, assets).map(|_| ())
}

#[test]
fn every_contract_of_the_pool_needs_tiers_and_the_settle_asset() {
    let mut more = assets();
    more.push(asset("DOGEUSDT", 0, Some(USDT)));
    assert!(bound(&more).unwrap_err().contains("nothing for \"DOGEUSDT\""));
    more.pop();
    more.push(asset("SOLUSDT", 0, Some(COIN)));
    let found = bound(&more).unwrap_err();
    assert!(found.contains("\"SOLUSDT\" of the pool settles in \"BTC\""), "{found}");
    more.pop();
    more.push(asset("AXLUSDT", 0, None));
    assert!(bound(&more).unwrap_err().contains("\"AXLUSDT\" is a token of the pool"));
    assert!(bound(&more[1..2]).unwrap_err().contains("settle = \"USDT\""));
    assert_eq!(bound(&more[..1]), Ok(()));
}

#[test]
fn a_book_with_other_margin_or_a_priced_settle_asset_is_not_admitted() {
    let mut pool = Pool::new();
    pool.rows.add(Holder::Account(B), Unit::token(COIN), 7);
    let refused = pool.look(|view| pool.rulebook.admits(view)).unwrap_err().to_string();
    assert!(refused.contains("margin in BTC, held by account 1"), "{refused}");
    pool.rows.add(Holder::Account(B), Unit::token(COIN), -7);
    pool.rows.add(Holder::Account(B), Unit::debt(USDT), 7);
    assert!(pool.look(|view| pool.rulebook.admits(view)).is_err());
    let mut pool = Pool::new();
    pool.assets[USDT.index()].market = Some(MarketId(0));
    let refused = pool.look(|view| pool.rulebook.admits(view)).unwrap_err().to_string();
    assert!(refused.contains("a market of USDT itself"), "{refused}");
}
