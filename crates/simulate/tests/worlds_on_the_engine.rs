//! A path of a world is what the engine does: the same accounts at the same prices, every amount equal
//! to the last unit, where the world runs a venue's rule.

use breakwater_engine::{Body, Command, Engine};
use breakwater_liquidation::{Call, Policy};
use breakwater_market::Guard;
use breakwater_money::{AccountId, AssetId, Time, Unit};
use breakwater_simulate::assess::read;
use breakwater_simulate::world::{Host, Setting, found, market_id};
use breakwater_simulate::worlds::World;
use breakwater_simulate::worlds::rule::Account;
use breakwater_simulate::{Nobody, Thresholds, registry};
use std::fmt::Write;
use std::path::{Path, PathBuf};

const ASSETS: [&str; 3] = ["WETH", "USDC", "WBTC"];
/// Markets of a world are in order of their names: BTC, ETH, USD.
const PLACES: [usize; 3] = [1, 2, 0];

/// A counted draw from 0 to below `below`.
fn drawn(number: u64, below: u64) -> u64 {
    let mut state = number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    state = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (state ^ (state >> 31)) % below
}

/// Positions of one account: WETH and WBTC held, USDC and sometimes WETH owed; six decimals each.
fn position(account: u64) -> ([u64; 3], [u64; 3], u64) {
    let draw = |what: u64, below: u64| drawn(account * 16 + what, below);
    // From dust to large, so that every branch of the close factor is met.
    let size = [400_000_000, 3_000_000_000, 90_000_000_000][draw(0, 3) as usize];
    let weth = size / 2 + draw(1, size);
    let wbtc = if draw(2, 3) == 0 { draw(3, size) } else { 0 };
    let threshold = 7_500 + draw(4, 1_000);
    let allowed = (weth + wbtc) * threshold / 10_000;
    let owed = allowed * (70 + draw(5, 30)) / 100;
    let in_weth = if draw(6, 4) == 0 { owed / 3 } else { 0 };
    ([weth, 0, wbtc], [in_weth, owed - in_weth, 0], threshold)
}

const ACCOUNTS: u64 = 300;
const STEPS: usize = 60;

/// Falls and recovers by steps of up to 3 %, with one gap of 40 % that leaves accounts under water.
fn closes() -> Vec<f64> {
    let mut price = 1.0f64;
    let mut closes = vec![price];
    for step in 0..STEPS as u64 {
        if step == 20 {
            price *= 0.6;
        }
        price *= 1.0 - 0.012 + (drawn(step + 7_000, 1_000) as f64 - 500.0) / 25_000.0;
        closes.push(price);
    }
    closes
}

/// The shipped rulebook with six decimals for every asset, as a world counts.
fn parameters() -> String {
    let (_, text) = breakwater_rulebooks::shipped()[0];
    let mut table: toml::Table = toml::from_str(text).unwrap();
    let assets = table["assets"].as_table_mut().unwrap();
    for (_, asset) in assets.iter_mut() {
        asset.as_table_mut().unwrap().insert("decimals".into(), toml::Value::Integer(6));
    }
    toml::to_string(&table).unwrap()
}

fn amount(units: u64) -> String {
    format!("{}.{:06}", units / 1_000_000, units % 1_000_000)
}

fn world(folder: &Path) -> World {
    let mut positions = String::from("account,liquidation_threshold_bps,side,asset,amount\n");
    for account in 0..ACCOUNTS {
        let (held, owed, threshold) = position(account);
        for (side, amounts) in [("collateral", held), ("debt", owed)] {
            for (asset, units) in ASSETS.iter().zip(amounts).filter(|(_, units)| *units > 0) {
                writeln!(positions, "a{account},{threshold},{side},{asset},{}", amount(units))
                    .unwrap();
            }
        }
    }
    let prices: String = ASSETS.iter().map(|asset| format!("{asset},6,1,true\n")).collect();
    let prices = format!("asset,decimals,price_usd,moves_with_eth\n{prices}");
    let path: String = closes().iter().map(|close| format!("{close:.8}\n")).collect();
    let world = r#"
name = "engine"
title = "A small book on the engine"
question = "?"
rulebook = "rulebook.toml"
[run]
paths = 1
seed = 1
step_seconds = 60
[book]
positions = "positions.csv"
prices = "prices.csv"
[markets.BTC]
assets = ["WBTC"]
bonus_bps = 500
price = { law = "fixed" }
[markets.ETH]
assets = ["WETH"]
bonus_bps = 500
price = { law = "historical", file = "path.csv" }
[markets.USD]
assets = ["USDC"]
bonus_bps = 450
price = { law = "fixed" }
"#;
    for (file, text) in [
        ("positions.csv", positions.as_str()),
        ("prices.csv", prices.as_str()),
        ("path.csv", &format!("close\n{path}")),
        ("rulebook.toml", &parameters()),
        ("world.toml", world),
    ] {
        std::fs::write(folder.join(file), text).unwrap();
    }
    World::open(folder.join("world.toml").to_str().unwrap()).unwrap()
}

fn engine() -> Engine {
    let mut book = String::from(r#"{"assets": ["#);
    let asset = |asset: &&str| {
        format!(
            r#"{{"asset": "{asset}", "decimals": 6, "price_usd": "1", "moves_with_eth": true}}"#
        )
    };
    book += &ASSETS.iter().map(asset).collect::<Vec<_>>().join(",");
    book += r#"], "accounts": ["#;
    let account = |account: u64| {
        let (held, owed, threshold) = position(account);
        let side = |amounts: [u64; 3]| {
            let one = |(asset, units): (&&str, u64)| {
                format!(r#"{{"asset": "{asset}", "amount": "{}"}}"#, amount(units))
            };
            let some = ASSETS.iter().zip(amounts).filter(|(_, units)| *units > 0);
            some.map(one).collect::<Vec<_>>().join(",")
        };
        format!(
            r#"{{"account": "a{account}", "liquidation_threshold_bps": {threshold}, "collateral": [{}], "debt": [{}]}}"#,
            side(held),
            side(owed)
        )
    };
    book += &(0..ACCOUNTS).map(account).collect::<Vec<_>>().join(",");
    book += "]}";
    let book = read("book", &book, None).unwrap();
    let guard = Guard {
        decimals: 8,
        age_max_nanos: 1_000_000_000_000,
        ahead_max_nanos: 0,
        band_bps: 5_000,
        spread_max_bps: 100,
        grace_nanos: 0,
    };
    let mut nobody = Nobody;
    let mut host = Host::new(Engine::new(registry()), &mut nobody);
    let parameters = parameters();
    let rule: toml::Table = toml::from_str(&parameters).unwrap();
    let setting = Setting {
        rule: rule["rule"].as_str().unwrap(),
        parameters: &parameters,
        policy: &Policy::as_is(),
        guard: &guard,
        thresholds: Thresholds::SameRisk,
        vault_share: 0,
    };
    found(&mut host, &book, Time(1_000_000_000), &setting).unwrap();
    host.engine
}

/// What an account has at the engine, in the places of the world's markets.
fn standing(engine: &Engine, account: u32) -> Account {
    let mut standing = Account { collateral: [0; 6], debt: [0; 6], threshold_bps: 0 };
    engine.look(|view| {
        for (asset, place) in (0..).map(AssetId).zip(PLACES) {
            let owned = |unit| u64::try_from(view.owned(AccountId(account), unit)).unwrap();
            standing.collateral[place] = owned(Unit::supply(asset));
            standing.debt[place] = owned(Unit::debt(asset));
        }
    });
    standing
}

/// The collateral and the debt that are worth most, the first of a world's markets of equals.
fn pair(account: &Account, eth: u64) -> (AssetId, AssetId) {
    let prices = [100_000_000, eth, 100_000_000];
    let most = |side: &[u64; 6]| {
        let mut best = 0;
        for place in 1..3 {
            let worth = |at: usize| u128::from(side[at]) * u128::from(prices[at]);
            if worth(place) > worth(best) {
                best = place;
            }
        }
        AssetId(PLACES.iter().position(|place| *place == best).unwrap() as u16)
    };
    (most(&account.collateral), most(&account.debt))
}

#[test]
fn every_amount_of_a_path_is_the_engine_s_to_the_last_unit() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("worlds-on-the-engine");
    std::fs::create_dir_all(&folder).unwrap();
    let world = world(&folder);
    let (row, accounts) = world.scan_accounts(0).unwrap();
    assert_eq!(row, world.run(1).unwrap().rows[0]);
    // So few steps are all kept.
    assert_eq!(row.seen.prices.len(), STEPS);

    let mut engine = engine();
    let (mut liquidations, mut repaid) = (0u64, 0u128);
    for (step, price) in row.seen.prices.iter().enumerate() {
        let at = Time(2_000_000_000 + step as u64 * 1_000_000_000);
        let tick = breakwater_market::Tick {
            market: market_id(0),
            quote: breakwater_market::Quote::Single(u128::from(*price)),
            decimals: 8,
            sequence: step as u64 + 2,
            observed_at: at,
        };
        let ticked = engine.apply(&Command { at, body: Body::Tick(tick) });
        assert!(ticked.accepted(), "{:?}", ticked.rejected);
        for _ in 0..8 {
            let before = liquidations;
            for account in 0..ACCOUNTS as u32 {
                let id = AccountId(account);
                if !engine.health(id).unwrap().breach {
                    continue;
                }
                let (collateral, debt) = pair(&standing(&engine, account), *price);
                let call = Call::RepayAndSeize {
                    account: id,
                    debt,
                    collateral,
                    amount: u128::MAX,
                    shares: false,
                    liquidator: None,
                };
                // Where the most would leave dust, a keeper asks for the venue's own smaller offer.
                let offers = engine.look(|view| {
                    let mut offers = Vec::new();
                    engine.rulebook().unwrap().calls(view, id, &mut offers).unwrap();
                    offers
                });
                let offer = offers.into_iter().find(|offer| {
                    matches!(&offer.call, Call::RepayAndSeize { debt: d, collateral: c, .. } if *d == debt && *c == collateral)
                });
                let call = offer.map_or(call, |offer| offer.call);
                let held = standing(&engine, account);
                let done = engine.apply(&Command { at, body: Body::Call(call) });
                if !done.accepted() {
                    continue;
                }
                let left = standing(&engine, account);
                let place = PLACES[debt.0 as usize];
                let emptied = left.collateral == [0; 6];
                if !emptied {
                    let mark = if place == 1 { u128::from(*price) } else { 100_000_000 };
                    let paid = u128::from(held.debt[place] - left.debt[place]);
                    repaid += paid * mark / 100_000_000;
                }
                liquidations += 1;
            }
            if liquidations == before {
                break;
            }
        }
    }
    assert!(liquidations > 250, "{liquidations}");
    assert_eq!(liquidations, row.liquidations);
    let mut emptied = 0;
    for (number, account) in (0u32..).zip(&accounts) {
        let engine = standing(&engine, number);
        assert_eq!(engine.collateral, account.collateral, "account {number}");
        if account.collateral == [0; 6] {
            // The venue books what is left as its deficit; the world counts it as bad debt.
            emptied += 1;
            assert_eq!(engine.debt, [0; 6], "account {number}");
        } else {
            assert_eq!(engine.debt, account.debt, "account {number}");
        }
    }
    assert!(emptied > 0 && repaid > 0 && repaid <= row.repaid, "{emptied} {repaid} {}", row.repaid);
}

/// The shipped world with its tables where they lie, and one fall of its price without impact.
fn fallen(folder: &Path, fall_bps: u32) -> World {
    let scenarios = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios/");
    let text = include_str!("../../../scenarios/stress/black-thursday.toml");
    let mut table: toml::Table = toml::from_str(text).unwrap();
    let book = table["book"].as_table_mut().unwrap();
    for (key, file) in [("positions", "book.csv"), ("prices", "prices.csv")] {
        book.insert(key.into(), format!("{scenarios}black-thursday/{file}").into());
    }
    let left = f64::from(10_000 - fall_bps) / 10_000.0;
    std::fs::write(folder.join("fall.csv"), format!("close\n1\n{left:.8}\n")).unwrap();
    let price: toml::Table = toml::from_str("law = \"historical\"\nfile = \"fall.csv\"").unwrap();
    let ether = table["markets"]["ETH"].as_table_mut().unwrap();
    ether.insert("price".into(), price.into());
    ether.remove("depth");
    let run = table["run"].as_table_mut().unwrap();
    run.remove("steps");
    run.insert("paths".into(), 1.into());
    table.remove("sweep");
    std::fs::write(folder.join("fallen.toml"), toml::to_string(&table).unwrap()).unwrap();
    World::open(folder.join("fallen.toml").to_str().unwrap()).unwrap()
}

#[test]
fn without_impact_a_fall_is_the_curve_of_debt_at_risk() {
    use breakwater_simulate::Scenario;
    use breakwater_simulate::at_risk::{AtRiskOptions, curve};
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("worlds-at-risk");
    std::fs::create_dir_all(&folder).unwrap();
    let scenario = Scenario::open("black-thursday").unwrap();
    let options = AtRiskOptions {
        rulebook: scenario.rulebook.clone(),
        thresholds: Thresholds::SameRisk,
        falls: "ETH/USD".to_owned(),
        most_bps: 6_000,
        step_bps: 1_500,
    };
    let curve = curve(&scenario.book, &options).unwrap();
    // The engine values in hundred-millionths, a world in millionths, rounded against the account.
    let near = |engine: u128, world: u128| (engine / 100).abs_diff(world) <= 3_000;
    for at in curve.rows.iter().filter(|row| row.fall_bps > 0) {
        let world = fallen(&folder, at.fall_bps);
        let (row, _) = world.scan_accounts(0).unwrap();
        let prices = row.prices;
        assert_eq!(prices[0], u64::from(10_000 - at.fall_bps) * 10_000);
        let told = world.at_prices(&prices);
        assert!(told.accounts.abs_diff(at.accounts) <= 3, "{told:?} {at:?}");
        assert!(near(at.debt, told.debt) && near(at.bad_debt, told.bad_debt), "{told:?} {at:?}");
        assert!(row.touched <= told.accounts && row.touched * 10 > told.accounts * 9);
    }
}
