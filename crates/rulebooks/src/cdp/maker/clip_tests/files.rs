use super::super::clip_parameters::RULE;
use super::*;
use breakwater_auction::dutch::Book;

#[test]
fn the_shipped_file_is_valid_and_holds_ten_markets() {
    let parameters = parameters();
    assert_eq!((parameters.head.rule.as_str(), parameters.markets.len()), (RULE, 10));
    assert_eq!(parameters.constants.on_sale_coins_max, 150_000_000);
    for (name, market) in &parameters.markets {
        let clip = parameters.clip::<&str>(market).unwrap();
        assert_eq!(clip.terms().check(), Ok(()), "{name}");
        assert_eq!(clip.book(), &Book::new());
    }
    let house = parameters.house::<&str>().unwrap();
    let gno = house.collateral(&"GNO-A".to_owned()).unwrap();
    let terms = gno.clip.terms();
    assert_eq!((terms.start.raw, terms.price_least.raw), (ray(1_200), ray(250)));
    assert_eq!(terms.age_seconds_max, raw(8_400));
    assert_eq!(terms.incentive.flat, rad(250_000));
    assert_eq!(terms.incentive.share.raw, wad(1));
    assert_eq!(terms.remainder_least, rad(113_000_000));
    assert_eq!((gno.ilk.mat.raw, gno.ilk.chop.raw), (ray(3_500), wad(1_130)));
    assert_eq!(house.limits.market(&"GNO-A".to_owned()).unwrap().most, rad(2_000_000_000));
    assert_eq!(parameters.clip::<&str>(&parameters.markets["GNO-A"]).unwrap(), gno.clip);
}

#[test]
fn every_parameter_of_the_shipped_file_has_a_source_and_every_source_a_parameter() {
    let value: toml::Value = toml::from_str(FILE).unwrap();
    let mut paths: Vec<String> = Vec::new();
    for (name, _) in value["constants"].as_table().unwrap() {
        paths.push(format!("constants.{name}"));
    }
    for (_, market) in value["markets"].as_table().unwrap() {
        paths.extend(market.as_table().unwrap().keys().map(|name| format!("markets.*.{name}")));
    }
    let sources = value["source"].as_table().unwrap();
    for path in &paths {
        assert!(sources.contains_key(path), "{path} has no source");
    }
    for (key, source) in sources {
        assert!(paths.contains(key), "nothing has source {key}");
        assert!(source.as_str().is_some_and(|text| text.len() > 9), "{key} says nothing");
    }
}

#[test]
fn bad_parameters_are_refused_by_path_value_and_what_would_be_right() {
    for (from, to, says) in [
        ("rule = \"maker-clip\"", "rule = \"other\"", "rule = \"other\": must be \"maker-clip\""),
        ("currency = \"DAI\"", "currency = \"\"", "constants.currency = \"\": must name"),
        ("currency = \"DAI\"", "currency = \"WETH\"", "markets.ETH-A.asset = \"WETH\": must not"),
        ("currency_decimals = 18", "currency_decimals = 19", "constants.currency_decimals = 19"),
        ("max = 150000000", "max = 1000000000001", "constants.on_sale_coins_max = 1000000000001"),
        ("max = 150000000", "max = 1\nsurprise = 1", "surprise"),
        ("[markets.ETH-A]", "[markets.ETH-A]\ncap = 1", "cap"),
        ("ratio_bps = 14500\n", "", "missing field `ratio_bps`"),
        ("ratio_bps = 14500", "ratio_bps = -1", "invalid value"),
        ("asset = \"WETH\"", "asset = \"\"", "markets.ETH-A.asset = \"\": must name the token"),
    ] {
        assert!(FILE.contains(from), "{from}");
        let error = Parameters::parse(&FILE.replacen(from, to, 1)).unwrap_err();
        assert!(error.contains(says), "{error}");
    }
    let head = &FILE[..FILE.find("[markets.").unwrap()];
    let none = Parameters::parse(&format!("{head}\n[markets]\n")).unwrap_err();
    assert_eq!(none, "markets: at least one market must be listed");
}

#[test]
fn markets_are_refused_one_unit_beyond_their_bounds() {
    // The first market of the file is ETH-A; each line stands there as written.
    for (field, value, good, bad) in [
        ("decimals", "18", vec!["1", "18"], vec!["0", "19"]),
        ("ratio_bps", "14500", vec!["10000", "10000000"], vec!["9999", "10000001"]),
        ("penalty_bps", "1300", vec!["0", "10000"], vec!["10001"]),
        ("on_sale_coins_max", "40000000", vec!["0", "1000000000000"], vec!["1000000000001"]),
        ("debt_coins_min", "7500", vec!["0", "1000000000000"], vec!["1000000000001"]),
        ("start_bps", "11000", vec!["10000", "10000000"], vec!["9999", "10000001"]),
        ("age_seconds_max", "7200", vec!["1", "31536000"], vec!["0", "31536001"]),
        ("price_least_bps", "4500", vec!["1", "9999"], vec!["0", "10000"]),
        ("keeper_share_bps", "10", vec!["0", "184467"], vec!["184468"]),
        ("keeper_flat_coins", "250", vec!["0", "6277101735386"], vec!["6277101735387"]),
        ("step_seconds", "90", vec!["1", "9223372036854775807"], vec!["0"]),
        ("kept_bps", "9900", vec!["1", "9999"], vec!["0", "10000"]),
        ("trip_bps", "5000", vec!["0", "10000"], vec!["10001"]),
    ] {
        let start = FILE.find("[markets.ETH-A]").unwrap();
        let with = |other: &str| {
            let line = format!("\n{field} = {value}\n");
            let market = &FILE[start..];
            assert!(market.contains(&line), "{field}");
            let changed = market.replacen(&line, &format!("\n{field} = {other}\n"), 1);
            Parameters::parse(&format!("{}{changed}", &FILE[..start]))
        };
        for other in good {
            let parameters = with(other).unwrap();
            // Nothing that passes is cut by the contract, nor overflows it.
            let clip = parameters.clip::<&str>(&parameters.markets["ETH-A"]).unwrap();
            if field == "keeper_flat_coins" {
                let coins = U256::from(other.parse::<u64>().unwrap());
                assert_eq!(clip.terms().incentive.flat, coins * ten(45));
            }
            if field == "keeper_share_bps" {
                let share = U256::from(other.parse::<u64>().unwrap());
                assert_eq!(clip.terms().incentive.share.raw, share * ten(14));
            }
        }
        for other in bad {
            let error = with(other).unwrap_err();
            let says = format!("markets.ETH-A.{field} = {other}: must be");
            assert!(error.starts_with(&says), "{error}");
        }
    }
}

#[test]
fn a_system_under_way_survives_being_written_and_read() {
    let mut house: House<String, String> = parameters().house().unwrap();
    let collateral = house.collateral_mut(&eth_a()).unwrap();
    collateral.feed = Peek::valid(wad(2_000_000));
    collateral.urns.insert("v".to_owned(), Urn { ink: wad(10_000), art: wad(14_000_000) });
    house.poke(&eth_a()).unwrap();
    house.bark(&eth_a(), &"v".to_owned(), &"keeper".to_owned(), 7).unwrap();
    let written = serde_json::to_string(&house).unwrap();
    assert_eq!(serde_json::from_str::<House<String, String>>(&written).unwrap(), house);
    // A book that was tampered with does not bring the host down.
    let broken = written.replace("\"place\":0", "\"place\":5");
    assert_ne!(broken, written);
    let mut broken: House<String, String> = serde_json::from_str(&broken).unwrap();
    broken.yank(&eth_a(), 1, &"admin".to_owned()).unwrap();
    assert!(broken.collateral(&eth_a()).unwrap().clip.book().active().is_empty());
}
