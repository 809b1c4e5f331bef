//! What a parameter file may say.

use super::super::{Parameters, Rule, shape};
use super::{RATES, Wad, build, file};
use breakwater_liquidation::{AssetInfo, AssetKind, Reach};
use breakwater_money::U256;

const SHIPPED: &str = include_str!("../../../../../../rulebooks/compound-v2.toml");

fn said(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "the file has no {from}");
    Parameters::parse(&text.replacen(from, to, 1)).err().unwrap_or_default()
}

#[test]
fn the_shipped_file_is_valid_and_holds_the_deployed_settings() {
    let parameters = Parameters::parse(SHIPPED).unwrap();
    assert_eq!(parameters.rule(), Rule::deployed());
    assert_eq!(parameters.assets["USDC"].collateral_factor_bps, 8_550);
    assert!(parameters.assets.values().all(|asset| asset.rates.is_none()));
    let rate = |symbol: &str| {
        let decimals = parameters.assets[symbol].decimals;
        parameters.constants.initial_exchange_rate(decimals).unwrap()
    };
    // 0.02 whole units a whole share: 2e26 for 18 decimals, 2e14 for 6.
    assert_eq!(rate("WETH"), U256::from(200_000_000_000_000_000_000_000_000u128));
    assert_eq!(rate("USDC"), U256::from(200_000_000_000_000u128));
}

#[test]
fn every_parameter_of_the_shipped_file_has_a_source() {
    let parameters = Parameters::parse(SHIPPED).unwrap();
    let value: toml::Value = toml::from_str(SHIPPED).unwrap();
    let covered = |path: &str| {
        parameters.source.keys().any(|key| {
            let (key, path): (Vec<_>, Vec<_>) =
                (key.split('.').collect(), path.split('.').collect());
            key.len() == path.len() && key.iter().zip(&path).all(|(k, p)| *k == "*" || k == p)
        })
    };
    for (name, _) in value["constants"].as_table().unwrap() {
        assert!(covered(&format!("constants.{name}")), "constants.{name} has no source");
    }
    for (symbol, asset) in value["assets"].as_table().unwrap() {
        for (name, _) in asset.as_table().unwrap() {
            let path = format!("assets.{symbol}.{name}");
            assert!(covered(&path), "{path} has no source");
        }
    }
}

#[test]
fn what_may_secure_what_follows_from_the_factors() {
    let shape = shape(SHIPPED).unwrap();
    assert_eq!((shape.collaterals, shape.debts), (Reach::Many, Reach::Many));
    assert!(shape.secured_by["USDT"].contains(&"WETH".to_owned()));
    assert!(!shape.secured_by["WETH"].contains(&"USDT".to_owned()), "no factor, no collateral");
    assert_eq!((shape.currency, shape.debt_least), (None, 0));
}

#[test]
fn constants_are_refused_at_their_bounds() {
    let text = file("", "");
    let cases = [
        ("close_factor_bps = 5000", "close_factor_bps", &[500, 9_000][..], &[499, 9_001][..]),
        ("protocol_share_bps = 280", "protocol_share_bps", &[0, 10_000], &[10_001]),
        ("share_decimals = 8", "share_decimals", &[1, 18], &[0, 19]),
        ("initial_exchange_bps = 200", "initial_exchange_bps", &[1, 10_000], &[0, 10_001]),
        ("seconds_per_block = 12", "seconds_per_block", &[1, 60], &[0, 61]),
        ("incentive_bps = 10800", "incentive_bps", &[10_000, 11_764], &[9_999, 15_001]),
    ];
    for (from, name, right, wrong) in cases {
        for value in right {
            let said = said(&text, from, &format!("{name} = {value}"));
            // A share of eighteen decimals leaves too few for a fiftieth of an asset of six.
            assert!(said.is_empty() || said.contains("too few decimals"), "{said}");
        }
        for value in wrong {
            let said = said(&text, from, &format!("{name} = {value}"));
            assert!(said.starts_with(&format!("constants.{name} = {value}: must be")), "{said}");
        }
    }
}

#[test]
fn markets_are_refused_at_their_bounds() {
    let text = file("reserve_factor_bps = 10000", "");
    let usd = "decimals = 6\ncollateral_factor_bps = 8500";
    let with = |decimals: u8, factor: u16| {
        said(&text, usd, &format!("decimals = {decimals}\ncollateral_factor_bps = {factor}"))
    };
    assert_eq!(with(6, 9_000), "");
    assert!(with(6, 9_001).starts_with("assets.USD.collateral_factor_bps = 9001: must be at most"));
    assert!(with(0, 0).starts_with("assets.USD.decimals = 0: must be 1 to 18"));
    assert!(with(19, 0).starts_with("assets.USD.decimals = 19: must be 1 to 18"));
    let factor = said(&text, "reserve_factor_bps = 10000", "reserve_factor_bps = 10001");
    assert!(factor.starts_with("assets.ETH.reserve_factor_bps = 10001: must be"), "{factor}");
    // 0.9 x 1.1111 = 0.99999 and 0.9 x 1.1112 = 1.00008.
    let toxic = text.replace("collateral_factor_bps = 8500", "collateral_factor_bps = 9000");
    assert_eq!(said(&toxic, "incentive_bps = 10800", "incentive_bps = 11111"), "");
    let toxic = said(&toxic, "incentive_bps = 10800", "incentive_bps = 11112");
    assert!(toxic.starts_with("assets.USD: threshold 9000"), "{toxic}");
    let none = text.split("[assets.ETH]").next().unwrap().to_owned() + "[assets]\n";
    assert_eq!(Parameters::parse(&none).unwrap_err(), "assets: at least one asset must be listed");
}

#[test]
fn rate_models_are_refused_at_their_bounds() {
    let text = file("", RATES);
    assert_eq!(said(&text, "kink_wad = 800000000000000000", "kink_wad = 1000000000000000000"), "");
    for kink in ["0", "1000000000000000001"] {
        let said = said(&text, "kink_wad = 800000000000000000", &format!("kink_wad = {kink}"));
        assert!(
            said.starts_with(&format!("assets.USD.rates.kink_wad = {kink}: must be")),
            "{said}"
        );
    }
    let jump = |value: u64| {
        let to = format!("jump_multiplier_per_block_wad = {value}");
        said(&text, "jump_multiplier_per_block_wad = 2000000000000", &to)
    };
    assert_eq!(jump(100_000_000_000), "");
    assert!(jump(99_999_999_999).contains("must not be below multiplier_per_block_wad"));
    // 1e10 + 0.8e11 + a fifth of the jump may be 5e12.
    assert_eq!(jump(24_550_000_000_000), "");
    let fast = jump(24_550_000_000_005);
    assert!(fast.starts_with("assets.USD.rates = 5000000000001: the rate a block"), "{fast}");
}

#[test]
fn a_file_of_another_rule_unknown_fields_and_other_decimals_are_refused() {
    let text = file("", "");
    let other = said(&text, "rule = \"compound-v2\"", "rule = \"other\"");
    assert_eq!(other, "rule = \"other\": must be \"compound-v2\"");
    for (from, to) in [
        ("share_decimals = 8", "share_decimals = 8\nsurprise = 1"),
        ("share_decimals = 8", ""),
        ("[assets.ETH]", "surprise = 1\n[assets.ETH]"),
        ("[assets.BTC]", "[assets.ETH]"),
    ] {
        let said = said(&text, from, to);
        assert!(said.starts_with("not a parameter file of compound-v2"), "{said}");
    }
    let asset = |decimals| AssetInfo {
        symbol: "ETH".to_owned(),
        decimals,
        kind: AssetKind::Token,
        market: None,
    };
    assert!(build(&text, &[asset(18)]).is_ok());
    let differs = build(&text, &[asset(8)]).err().unwrap();
    assert_eq!(differs, "assets.ETH.decimals = 18: the pool's asset has 8");
    assert!(build(&text, &vec![asset(18); 257]).is_err());
    assert_eq!(super::super::parameters::wad(10_000), Wad::one());
}
