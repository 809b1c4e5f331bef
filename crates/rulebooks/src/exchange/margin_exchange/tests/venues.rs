//! Every shipped exchange file over a pool of its own contracts, and a published figure of each
//! venue through the whole rule.

use super::*;
use breakwater_liquidation::{ContractTerms, Form, OptionTerms};
use breakwater_money::{Rational, rational};

fn file(name: &str) -> &'static str {
    let shipped = crate::shipped().iter().find(|(known, _)| *known == name);
    shipped.map(|(_, text)| *text).unwrap()
}

fn token(symbol: &str, decimals: u8) -> AssetInfo {
    AssetInfo { symbol: symbol.to_owned(), decimals, kind: AssetKind::Token, market: None }
}

fn contract(symbol: &str, decimals: u8, terms: ContractTerms) -> AssetInfo {
    let kind = AssetKind::Contract(terms);
    AssetInfo { symbol: symbol.to_owned(), decimals, kind, market: None }
}

fn terms(settle: AssetId, form: Form, multiplier: u64) -> ContractTerms {
    ContractTerms { settle, form, multiplier, multiplier_decimals: 0, expires: None }
}

fn linear(settle: AssetId) -> ContractTerms {
    ContractTerms::linear_perpetual(settle)
}

const FIRST: AssetId = AssetId(0);
const SECOND: AssetId = AssetId(1);
const THIRD: AssetId = AssetId(2);

fn give(pool: &mut Pool, asset: AssetId, amount: u128) {
    pool.call(&Call::Deposit { account: A, asset, amount }).unwrap();
}

fn price(pool: &Pool, asset: AssetId) -> Rational {
    pool.look(|view| pool.rulebook.liquidation_price(view, A, asset)).unwrap().unwrap()
}

fn near(found: &Rational, expected: &str, within: &str) {
    let number = |text: &str| rational::parse(text).unwrap();
    let gap = found - number(expected);
    let within = number(within);
    assert!(gap <= within && -within <= gap, "{} for {expected}", rational::format(found, 6));
}

#[test]
fn every_exchange_file_is_read_and_says_how_it_liquidates() {
    let mut seen = Vec::new();
    for (name, text) in crate::shipped() {
        let Ok(parameters) = super::super::Parameters::parse(text) else { continue };
        assert_eq!(&parameters.name, name);
        // One chain begins at random, one venue socialises: they rank nobody.
        let ranks = !["dydx-v4", "deribit-btc", "deribit-btc-portfolio"].contains(name);
        assert_eq!(parameters.ranking.is_some(), ranks, "{name}");
        let margin = parameters.settle.iter().chain(parameters.collateral.keys());
        let assets: Vec<AssetInfo> = margin.map(|coin| token(coin, 8)).collect();
        let rulebook = build(text, &assets).unwrap_or_else(|why| panic!("{name}: {why}"));
        let own_steps = rulebook.ladder().is_some();
        assert_eq!(own_steps, !name.starts_with("deribit"), "{name}");
        seen.push(*name);
    }
    assert_eq!(seen.len(), 11, "{seen:?}");
}

#[test]
fn a_coin_margined_long_has_the_venues_own_calculators_price() {
    // 100,000 contracts of 100 USD long at 45,000 on 101 BTC: 33,599.40 by the venue's calculator.
    let assets = vec![token("BTC", 8), contract("BTCUSD", 0, terms(FIRST, Form::Inverse, 100))];
    let mut pool = Pool::of(file("binance-coinm"), assets, &[(SECOND, 1, 450_000)]);
    give(&mut pool, FIRST, 10_100_000_000);
    pool.call(&trade(A, SECOND, 100_000, Price::new(450_000, 1))).unwrap();
    near(&price(&pool, SECOND), "33599.40", "0.02");
    pool.mark(SECOND, 336_000);
    assert!(!pool.health(A).breach);
    pool.mark(SECOND, 335_989);
    assert!(pool.health(A).breach);
}

#[test]
fn a_linear_position_with_a_closing_fee_has_the_calculators_price() {
    // Long 0.5 BTC from 60,996 on 5,000 USDT at a requirement of 0.4 % and a fee of 0.05 %: 51,226.50.
    let assets =
        vec![token("BTC", 8), token("USDT", 6), contract("BTC-USDT-SWAP", 4, linear(SECOND))];
    let markets = [(FIRST, 2, 6_099_600), (SECOND, 8, 100_000_000), (THIRD, 2, 6_099_600)];
    let mut pool = Pool::of(file("okx"), assets, &markets);
    give(&mut pool, SECOND, 5_000_000_000);
    pool.call(&trade(A, THIRD, 5_000, Price::new(6_099_600, 2))).unwrap();
    near(&price(&pool, THIRD), "51226.50", "0.02");
}

#[test]
fn a_position_under_half_the_initial_rate_has_the_venues_price() {
    // Long 1 BTC from 100,000 on 10,000 USDC: P = (E - M/Q) / (1 - 1/80).
    let assets = vec![token("USDC", 6), contract("BTC", 5, linear(FIRST))];
    let mut pool = Pool::of(file("hyperliquid"), assets, &[(SECOND, 1, 1_000_000)]);
    give(&mut pool, FIRST, 10_000_000_000);
    pool.call(&trade(A, SECOND, 100_000, Price::new(1_000_000, 1))).unwrap();
    near(&price(&pool, SECOND), "91139.24", "0.11");
    // Exactly the requirement is not below it: 1,000 of 80,000.
    pool.mark(SECOND, 800_000);
    let health = pool.health(A);
    let spare = i128::try_from(health.requirement).unwrap() - health.equity;
    pool.rows.add(Holder::Account(A), Unit::token(FIRST), spare);
    assert!(!pool.health(A).breach);
    pool.rows.add(Holder::Account(A), Unit::token(FIRST), -1);
    assert!(pool.health(A).breach);
}

#[test]
fn coin_counts_by_the_published_slices_and_what_is_owed_counts_whole() {
    // 15 BTC at 100,000: 10 at 98 % and 5 at 95 %.
    let assets = vec![token("BTC", 8), token("USDT", 6), contract("BTCUSDT", 3, linear(SECOND))];
    let markets = [(FIRST, 2, 10_000_000), (SECOND, 8, 100_000_000), (THIRD, 1, 1_000_000)];
    let mut pool = Pool::of(file("bybit-uta"), assets, &markets);
    give(&mut pool, FIRST, 1_500_000_000);
    assert_eq!(pool.health(A).equity, 1_455_000 * 100_000_000);
    // Long 10 BTC that lose 10,000 each: 100,000 USDT are owed, and all of them count.
    pool.call(&trade(A, THIRD, 10_000, Price::new(1_000_000, 1))).unwrap();
    pool.mark(THIRD, 900_000);
    assert_eq!(pool.health(A).equity, 1_355_000 * 100_000_000);
    assert_eq!(pool.health(A).requirement, 4_500 * 100_000_000);
}

#[test]
fn margin_equity_is_collateral_after_haircut_and_unrealised_profit() {
    let assets = vec![token("BTC", 8), token("USD", 2), contract("PF_XBTUSD", 4, linear(SECOND))];
    let markets = [(FIRST, 0, 50_000), (SECOND, 8, 100_000_000), (THIRD, 1, 500_000)];
    let mut pool = Pool::of(file("kraken-futures"), assets, &markets);
    give(&mut pool, FIRST, 100_000_000);
    pool.call(&trade(A, THIRD, 10_000, Price::new(500_000, 1))).unwrap();
    pool.mark(THIRD, 510_000);
    // 0.96 of 50,000, and 1,000.
    assert_eq!(pool.health(A).equity, 49_000 * 100_000_000);
    assert_eq!(pool.health(A).requirement, 510 * 100_000_000);
}

fn option(call: bool, strike: u128) -> Form {
    let strike = Price::new(strike, 0);
    Form::Option(OptionTerms { call, strike, underlying: SECOND, coin: true })
}

/// BTC; its index; the perpetual of 10 USD a contract; a call and a put.
fn coin_book(name: &str) -> Pool {
    let ends = |mut terms: ContractTerms| {
        terms.expires = Some(Time::from_seconds(30 * 86_400));
        terms
    };
    let assets = vec![
        token("BTC", 8),
        token("BTC-INDEX", 8),
        contract("BTC-PERPETUAL", 0, terms(FIRST, Form::Inverse, 10)),
        contract("BTC-30JAN70-60000-C", 1, ends(terms(FIRST, option(true, 60_000), 1))),
        contract("BTC-30JAN70-50000-P", 1, ends(terms(FIRST, option(false, 50_000), 1))),
    ];
    let marks =
        [(SECOND, 2, 5_000_000), (THIRD, 2, 5_000_000), (AssetId(3), 4, 100), (AssetId(4), 4, 400)];
    let mut pool = Pool::of(file(name), assets, &marks);
    give(&mut pool, FIRST, 100 * 100_000_000);
    pool
}

#[test]
fn written_options_are_required_for_by_the_published_formulas() {
    let mut pool = coin_book("deribit-btc");
    // The formulas hold the premium against what a short must have, so that its mark is counted once:
    // here as owed. What is left over cash is the published figure.
    let spare = |pool: &Pool| {
        let health = pool.health(A);
        health.equity - i128::try_from(health.requirement).unwrap()
    };
    let to_open = |pool: &Pool| {
        let initial = pool.look(|view| pool.rulebook.initial(view, A)).unwrap();
        pool.health(A).equity - i128::try_from(initial).unwrap()
    };
    // A call 20 % out of the money at 0.01: 0.075 + 0.01, and max(0.15 - 0.2, 0.1) + 0.01 to open.
    pool.call(&trade(A, AssetId(3), -10, Price::new(100, 4))).unwrap();
    let cash = 10_000_000_000 + 1_000_000;
    assert_eq!((spare(&pool), to_open(&pool)), (cash - 8_500_000, cash - 11_000_000));
    // A put at the money at 0.04: max(0.075, 0.075 x 0.04) + 0.04, and 0.15 + 0.04 to open.
    pool.call(&trade(A, AssetId(4), -10, Price::new(400, 4))).unwrap();
    let (cash, held) = (cash + 4_000_000, 8_500_000 + 11_500_000);
    assert_eq!((spare(&pool), to_open(&pool)), (cash - held, cash - 11_000_000 - 19_000_000));
    // The perpetual: 1 % and 0.005 % for each BTC, of 10 BTC.
    pool.call(&trade(A, THIRD, 50_000, Price::new(5_000_000, 2))).unwrap();
    assert_eq!(spare(&pool), cash - held - 10_500_000);
}

#[test]
fn a_portfolio_is_required_for_by_its_worst_bucket() {
    let mut pool = coin_book("deribit-btc-portfolio");
    // Long 500,000 USD of the perpetual, 10 BTC: at -16 % it loses 10 x 0.16 / 0.84.
    pool.call(&trade(A, THIRD, 50_000, Price::new(5_000_000, 2))).unwrap();
    // At -66 % it loses 19.41 BTC less a dampener of 1.5 x (66 / 16 - 1) = 4.6875.
    // 1,000,000,000 x 0.66 / 0.34 - 468,750,000 = 1,472,426,470.59, of which maintenance is 0.8.
    let health = pool.health(A);
    let above = health.requirement - 1_177_941_176;
    assert!((1..=4).contains(&above), "{}", health.requirement);
    // An option without a volatility has no requirement yet.
    let put = trade(A, AssetId(4), 10, Price::new(400, 4));
    assert_eq!(pool.refused(&put), Rejection::MarkMissing);
    pool.call(&Call::Quote { contract: AssetId(4), volatility_e6: 600_000 }).unwrap();
    pool.call(&Call::Quote { contract: AssetId(3), volatility_e6: 600_000 }).unwrap();
    // Puts against the long: the book requires less than the long alone.
    pool.call(&trade(A, AssetId(4), 100, Price::new(400, 4))).unwrap();
    assert!(pool.health(A).requirement < health.requirement);
}

#[test]
fn a_ladder_is_named_or_written_out_and_an_unknown_name_is_refused() {
    let text = PARAMETERS;
    let named = super::super::Parameters::parse(text).unwrap().ladder.unwrap();
    let rungs = "[[ladder.rungs]]\ndo = \"whole\"\nat = { mark = { slippage_bps = 100 } }\n";
    let own = format!("{}\n{rungs}", text.replace("ladder = \"binance\"\n", ""));
    let own = super::super::Parameters::parse(&own).unwrap().ladder.unwrap();
    assert!(named.rungs().len() > own.rungs().len());
    let refused = |text: &str| build(text, &assets()).map(|_| ()).unwrap_err();
    let found = refused(&text.replace("\"binance\"", "\"nobody\""));
    assert!(found.contains("ladder = \"nobody\": one of binance, bitmex"), "{found}");
    let found = refused(&text.replace("margin-ratio", "best-hair"));
    assert!(found.contains("unknown variant `best-hair`"), "{found}");
}
