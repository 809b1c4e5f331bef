//! Portfolio margin: what forwards are, and what the watch list is told of books on several assets.

use super::exposures::walks;
use super::wide::*;
use super::wide_health::filled;
use super::*;
use breakwater_liquidation::{Exposures, Form, Touched};

/// The wide file under portfolio margin: what settles alike and is on one coin is a group.
fn grouped() -> String {
    let mut text = WIDE.to_owned();
    for (symbol, group) in [
        ("BTCUSDT", "BTC-U"),
        ("ETHUSDT", "ETH-U"),
        ("BTCUSD", "BTC-C"),
        ("BTCUSD-DATED", "BTC-C"),
        ("ETHUSD", "ETH-C"),
        ("BTC-CALL", "BTC-C"),
        ("BTC-PUT", "BTC-U"),
    ] {
        let head = format!("[contracts.{symbol}]\n");
        text = text.replace(&head, &format!("{head}group = \"{group}\"\n"));
    }
    text + r#"
[portfolio]
moves_bps = [-1600, -800, 0, 800, 1600]
volatility = { up_bps = 5000, down_bps = 2500, short_power_hundredths = 30, long_power_hundredths = 13 }
extended = { moves_bps = [-5000, 10000], factor_bps = 5000, dampener = 0, range_bps = 1600 }
initial_bps = 10000
maintenance_bps = 8000
charges = { roll = { annual_bps = 750, least_bps = 100 } }
"#
}

/// A day and a bit until whatever ends.
const DAY: Time = Time::from_seconds(90_000);

fn pool_of(markets: &[(AssetId, u8, u128)]) -> Pool {
    let mut assets = wide_assets();
    for asset in &mut assets {
        if let AssetKind::Contract(terms) = &mut asset.kind
            && terms.expires.is_some()
        {
            terms.expires = Some(DAY);
        }
    }
    let mut pool = Pool::of(&grouped(), assets, markets);
    for contract in [CALL, PUT] {
        pool.call(&Call::Quote { contract, volatility_e6: 700_000 }).unwrap();
    }
    pool
}

fn book(seed: u64) -> Pool {
    filled(pool_of(&MARKETS), seed)
}

#[test]
fn no_band_changes_while_prices_and_time_stay_within_what_is_told() {
    for seed in 0..400 {
        let found = walks(book, seed, 3, 100);
        assert!(found.is_ok(), "{seed}: {found:?}");
    }
}

/// The search finds something where there is something to find.
#[test]
fn walks_half_as_far_again_are_found_to_change_bands() {
    let late = (0..200).filter(|seed| walks(book, *seed, 3, 150).is_err()).count();
    assert!(late > 20, "{late} of 200");
}

fn told(pool: &Pool) -> (Exposures, Time) {
    let mut out = Exposures::default();
    let armed = pool.look(|view| pool.rulebook.exposures(view, A, &mut out)).unwrap();
    (out, armed.until)
}

#[test]
fn a_book_is_asked_again_after_a_part_of_the_life_of_what_ends_first() {
    let mut pool = pool_of(&MARKETS);
    pool.give(A, wide::BTC, 100 * one(wide::BTC));
    pool.take(A, BTCUSD, 100);
    // Nothing ends.
    assert_eq!(told(&pool).1, Time::MAX);
    pool.take(A, CALL, -10);
    let (out, until) = told(&pool);
    // A sixty-fourth of 90,000 seconds; all prices may move by three parts in a hundred.
    assert_eq!((until, out.reach_bps), (Time::from_seconds(1_406), Some(300)));
    let mut markets: Vec<_> = out.terms.iter().map(|term| term.market).collect();
    markets.sort_unstable();
    markets.dedup();
    // Its own mark, that of the dated future for its forward, the perpetual's, and the coin's.
    let of = |asset: AssetId| pool.assets[asset.index()].market.unwrap();
    assert_eq!(markets, [wide::BTC, BTCUSD, DATED, CALL].map(of));
    // Over, and not delivered: its last second stays.
    pool.now = DAY.after(1);
    assert_eq!(told(&pool).1, Time::MAX);
}

#[test]
fn without_the_futures_price_the_underlyings_is_the_forward_and_every_price_asks() {
    let mut without = pool_of(&MARKETS);
    let dated = without.assets[DATED.index()].market.unwrap();
    without.marks[dated.index()] = GuardState::default();
    without.give(A, wide::BTC, 100 * one(wide::BTC));
    without.take(A, CALL, -10);
    let (out, until) = told(&without);
    assert_eq!((until, out.reach_bps), (without.now, Some(0)));
    assert!(out.terms.iter().any(|term| term.market == dated));
    let before = without.health(A).requirement;
    without.mark(DATED, 600_000);
    assert_ne!(without.health(A).requirement, before);
    assert_eq!(told(&without).0.reach_bps, Some(300));
}

/// The future that gives the forward may be quoted finer than anything that is held.
#[test]
fn a_forward_of_more_decimals_is_the_same_forward() {
    let required = |decimals: u8, raw: u128| {
        let mut markets = MARKETS;
        markets[DATED.index()] = (DATED, decimals, raw);
        let mut pool = pool_of(&markets);
        pool.give(A, wide::BTC, 100 * one(wide::BTC));
        pool.take(A, CALL, -10);
        pool.health(A)
    };
    assert_eq!(required(1, 505_000), required(5, 5_050_000_000));
    assert_ne!(required(1, 505_000), required(1, 555_000));
}

#[test]
fn a_future_that_is_listed_asks_everybody() {
    let mut pool = pool_of(&MARKETS);
    let found = |pool: &Pool| pool.look(|view| pool.rulebook.found(view)).unwrap().touched;
    // The newest is an option.
    assert_eq!(found(&pool), Touched::default());
    let future = pool.assets[DATED.index()].clone();
    assert!(matches!(future.kind.contract().unwrap().form, Form::Inverse));
    pool.assets.push(future);
    assert_eq!(found(&pool), Touched::Everyone);
}
