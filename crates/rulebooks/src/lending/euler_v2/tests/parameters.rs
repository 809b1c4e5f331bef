//! Parameter files: what is shipped, and what is refused.

use super::super::{MAX_INTEREST_RATE, Parameters, cap_of, shape};
use super::*;
use breakwater_liquidation::{Kept, Promise, Reach};

fn said(from: &str, to: &str) -> String {
    assert!(PARAMETERS.contains(from), "the file has no {from}");
    Parameters::parse(&PARAMETERS.replacen(from, to, 1)).err().unwrap_or_default()
}

#[test]
fn the_shipped_file_is_valid_and_binds_to_pools_with_other_assets_and_with_fewer() {
    let parameters = Parameters::parse(SHIPPED).unwrap();
    assert_eq!(parameters.numeraire_decimals, 8);
    assert_eq!(parameters.vaults.len(), 6);
    let mut book = Book::with(SHIPPED);
    book.import(A, (STETH, ETHER), (DAI, 1_000 * ETHER));
    assert!(!book.health(A).breach);
    let two = book.assets[..2].to_vec();
    assert!(build(SHIPPED, &two).is_ok());
    assert!(build(SHIPPED, &[]).is_ok());
    book.assets[2].decimals = 18;
    let error = build(SHIPPED, &book.assets).err().unwrap();
    assert_eq!(error, "vaults.USDC.decimals = 6: the pool's asset has 18");
    let many = vec![book.assets[0].clone(); 257];
    assert_eq!(build(SHIPPED, &many).err().unwrap(), "257 assets: at most 256 in one pool");
}

#[test]
fn every_parameter_of_the_shipped_file_has_a_source() {
    fn walk(path: &str, value: &toml::Value, covered: &dyn Fn(&str) -> bool) {
        match value.as_table() {
            Some(table) => {
                table.iter().for_each(|(k, v)| walk(&format!("{path}.{k}"), v, covered));
            }
            None => assert!(covered(path), "{path} has no source"),
        }
    }
    let value: toml::Value = toml::from_str(SHIPPED).unwrap();
    let sources = value["source"].as_table().unwrap();
    let covered = |path: &str| {
        sources.keys().any(|key| {
            let (key, path): (Vec<_>, Vec<_>) =
                (key.split('.').collect(), path.split('.').collect());
            key.len() == path.len() && key.iter().zip(&path).all(|(k, p)| *k == "*" || k == p)
        })
    };
    walk("vaults", &value["vaults"], &covered);
}

#[test]
fn an_account_has_one_debt_and_the_collaterals_of_its_vault() {
    let shape = shape(SHIPPED).unwrap();
    assert_eq!((shape.collaterals, shape.debts), (Reach::Many, Reach::One));
    assert_eq!(shape.secured_by["USDC"], ["DAI", "STETH", "USDT", "WBTC", "WETH"]);
    assert_eq!((shape.currency, shape.debt_least), (None, 0));
    // What has no weight secures nothing, and what lends nothing is owed by nobody.
    let shape = super::super::shape(PARAMETERS).unwrap();
    assert_eq!(shape.secured_by["USDC"], ["DAI", "STETH", "WETH"]);
    assert!(!shape.secured_by.contains_key("STETH"));
    assert!(super::super::shape("").is_err());
}

#[test]
fn every_promise_is_declared_once() {
    let book = Book::new();
    let declared: Vec<Promise> = book.rulebook.promises().iter().map(|(p, _)| *p).collect();
    assert_eq!(declared, Promise::ALL);
    assert!(book.rulebook.promises().contains(&(Promise::NoUnbookedDebt, Kept::Refuses)));
    assert_eq!(book.rulebook.name(), "test");
    assert_eq!(book.rulebook.incentive_most_bps(), Some(12_500));
}

#[test]
fn what_governance_could_not_set_is_refused_at_the_bound() {
    let one = "max_liquidation_discount_bps = 0";
    assert_eq!(said(one, "max_liquidation_discount_bps = 9999"), "");
    assert_eq!(
        said(one, "max_liquidation_discount_bps = 10000"),
        "vaults.STETH.max_liquidation_discount_bps = 10000: must be at most 9999: at 100 % \
         collateral would go for nothing"
    );
    assert_eq!(said("interest_fee_bps = 2000", "interest_fee_bps = 10000"), "");
    assert_eq!(
        said("interest_fee_bps = 2000", "interest_fee_bps = 10001"),
        "vaults.DAI.interest_fee_bps = 10001: must be at most 10000 (100 %)"
    );
    assert_eq!(said("decimals = 2", "decimals = 0"), "vaults.GUSD.decimals = 0: must be 1 to 36");
    assert!(said("decimals = 2", "decimals = 37").starts_with("vaults.GUSD.decimals = 37"));
    let weights = "borrow_ltv_bps = 9000\nliquidation_ltv_bps = 9300";
    assert_eq!(said(weights, "borrow_ltv_bps = 10000\nliquidation_ltv_bps = 10000"), "");
    assert!(said(weights, "borrow_ltv_bps = 9000\nliquidation_ltv_bps = 10001").starts_with(
        "vaults.WETH.collaterals.STETH.liquidation_ltv_bps = 10001: must be at most 10000"
    ));
    assert_eq!(said(weights, "borrow_ltv_bps = 9300\nliquidation_ltv_bps = 9300"), "");
    assert_eq!(
        said(weights, "borrow_ltv_bps = 9301\nliquidation_ltv_bps = 9300"),
        "vaults.WETH.collaterals.STETH.borrow_ltv_bps = 9301: must not exceed \
         liquidation_ltv_bps = 9300"
    );
}

#[test]
fn a_ramp_comes_down_and_takes_time() {
    let from = "initial_ltv_bps = 9000";
    assert_eq!(said(from, "initial_ltv_bps = 6001"), "");
    assert!(
        said(from, "initial_ltv_bps = 6000")
            .starts_with("vaults.DAI.collaterals.STETH.ramp.initial_ltv_bps = 6000: must be above")
    );
    assert!(said(from, "initial_ltv_bps = 10001").contains("10001"));
    assert!(
        said("duration_seconds = 20000", "duration_seconds = 0").starts_with(
            "vaults.DAI.collaterals.STETH.ramp.duration_seconds = 0: must be at least 1"
        )
    );
}

#[test]
fn a_vault_lends_against_other_listed_vaults_only() {
    assert_eq!(
        said("[vaults.WETH.collaterals.USDC]", "[vaults.WETH.collaterals.WETH]"),
        "vaults.WETH.collaterals.WETH: a vault must not secure its own debt"
    );
    assert_eq!(
        said("[vaults.WETH.collaterals.USDC]", "[vaults.WETH.collaterals.WHAT]"),
        "vaults.WETH.collaterals.WHAT: must be one of the vaults DAI, GUSD, STETH, USDC, WETH"
    );
    assert!(
        said("[vaults.WETH.collaterals.USDC]", "[vaults.WETH.collaterals.STETH]")
            .contains("duplicate")
    );
    let bare = "name = \"a\"\nrule = \"euler-v2\"\nversion = \"1\"\neffective_from = \"x\"\n\
                numeraire_decimals = 8\n[source]\n[vaults]\n";
    assert_eq!(Parameters::parse(bare).unwrap_err(), "vaults: at least one vault must be listed");
    assert!(said("rule = \"euler-v2\"", "rule = \"aave-v3\"").starts_with("rule = \"aave-v3\""));
    assert!(said("socialises_debt = true", "surprise = 1").contains("surprise"));
    assert!(said("numeraire_decimals = 8", "numeraire_decimals = 19").starts_with("numeraire"));
}

#[test]
fn caps_and_rates_stay_within_what_a_vault_takes() {
    // 2^112 - 1 is 5.19e33, which is told as 5.19 x 10^33 at the most.
    let (fits, exceeds) = ((519u32 << 6) | 33, (520u32 << 6) | 33);
    assert!(cap_of(u16::try_from(fits).unwrap()).unwrap() < (U256::ONE << 112));
    assert_eq!(said("borrow_cap = 6406", &format!("borrow_cap = {fits}")), "");
    let told = said("borrow_cap = 6406", &format!("borrow_cap = {exceeds}"));
    assert!(told.starts_with("vaults.GUSD.borrow_cap = 33313: stands for 52"), "{told}");
    // A supply may be of cash and of debt.
    assert_eq!(said("supply_cap = 6407", &format!("supply_cap = {exceeds}")), "");
    let told = said("supply_cap = 6407", &format!("supply_cap = {}", (100u32 << 6) | 34));
    assert_eq!(told, "");
    let told = said("supply_cap = 6407", &format!("supply_cap = {}", (110u32 << 6) | 34));
    assert!(told.starts_with("vaults.GUSD.supply_cap = 7074"), "{told}");

    assert_eq!(
        said("slope2 = 20000000000", "slope2 = 999999999"),
        "vaults.WETH.rates.slope2 = 999999999: must not be below slope1 = 1000000000, or the kink \
         bends down"
    );
    let full = 5_000_000_000_000_000_000u128
        + 1_000_000_000 * 3_435_973_836
        + 20_000_000_000 * (u128::from(u32::MAX) - 3_435_973_836);
    let base = |more: u128| format!("base_rate = {}", 5_000_000_000_000_000_000 + more);
    let room = MAX_INTEREST_RATE - full;
    assert_eq!(said("base_rate = 5000000000000000000", &base(room)), "");
    let told = said("base_rate = 5000000000000000000", &base(room + 1));
    assert!(
        told.starts_with("vaults.DAI.rates = 291867278914945094176: must be at most"),
        "{told}"
    );
}
