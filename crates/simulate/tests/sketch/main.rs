//! Checks the shipped tables of the Black Thursday scenario and the float sketch that judges its replay.

mod sketch;

use sketch::{Tables, size_call, starting_health};

macro_rules! table {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios/black-thursday/", $name))
    };
}

fn tables() -> Tables {
    Tables::read(table!("prices.csv"), table!("book.csv"), table!("path.csv")).unwrap()
}

fn close(left: f64, right: f64) -> bool {
    (left - right).abs() <= 1e-9 * right.abs().max(1.0)
}

#[test]
fn the_book_is_whole() {
    let tables = tables();
    assert_eq!(tables.accounts.len(), 1_034);
    assert_eq!(table!("book.csv").lines().count(), 1 + 2_865);
    let sum = |rows: fn(&sketch::Account) -> &Vec<(usize, f64)>, name: &str| {
        let asset = tables.asset(name).unwrap();
        tables.accounts.iter().flat_map(rows).filter(|row| row.0 == asset).map(|row| row.1).sum()
    };
    assert!(close(sum(|a| &a.collateral, "STETH"), 880_093.810_960_602_8));
    assert!(close(sum(|a| &a.collateral, "OTHER"), 116_163.499_847_420_78));
    assert!(close(sum(|a| &a.debt, "OTHER"), 30_008.564_475_516_655));
    assert!(close(sum(|a| &a.debt, "USDC"), 181_152_478.454_043));
}

/// The accounts whose health misses the source's by more than 1e-9: each holds a token of few decimals, whose last unit
/// is a larger share of the account.
const COARSE: [&str; 10] = [
    "0x0f2454000f80244cfb1c90172c5fc569df3c8482",
    "0x19867b9760b9493e56e15a603ca18ce28f2ae488",
    "0x1ccc30a58dfffc6934592fa78b5ec1bf83cdade5",
    "0x1f72b8e6bbd61936949a5d933420be193b77c663",
    "0x7568614a27117eeeb6e06022d74540c3c5749b84",
    "0x7725ad7692a574542d2d384c0d738272a1c3dc8a",
    "0x812670d5b1a9b8fcf0bcd19f2807cced4df1a866",
    "0xa434ef6ea314d4c11aa41de68c0498d5590834ac",
    "0xa7239faa09a5d5125fb6174fb6c22f92d4ab1abc",
    "0xe9daebb99b1d29e1ae32f44fdfccbc8df0ef3aa7",
];

/// Each account's label with the relative distance of its health, at the shipped prices, from the source's.
fn health_misses(tables: &Tables) -> Vec<(&str, f64)> {
    let pairs = tables.accounts.iter().zip(&tables.source_health);
    pairs
        .map(|(account, source)| {
            let ratio = starting_health(&tables.assets, account) / source;
            (account.label.as_str(), (ratio - 1.0).abs())
        })
        .collect()
}

#[test]
fn every_starting_health_is_the_sources_to_one_in_a_hundred_thousand() {
    for (label, miss) in health_misses(&tables()) {
        assert!(miss < 1e-5, "{label} misses by {miss}");
    }
}

#[test]
fn only_ten_accounts_miss_the_ninth_digit_of_the_sources_health() {
    let tables = tables();
    let mut coarse: Vec<(&str, f64)> = health_misses(&tables);
    coarse.retain(|&(_, miss)| miss > 1e-9);
    coarse.sort_by_key(|&(label, _)| label);
    let labels: Vec<&str> = coarse.iter().map(|&(label, _)| label).collect();
    assert_eq!(labels, COARSE);
    assert!(coarse.iter().all(|&(_, miss)| miss < 1.5e-7));
}

#[test]
fn the_ten_miss_by_less_than_half_a_unit_of_their_coarse_token() {
    let tables = tables();
    // The last unit in whole tokens: GUSD has two decimals, WBTC eight.
    let units = [(tables.asset("GUSD").unwrap(), 1e-2), (tables.asset("WBTC").unwrap(), 1e-8)];
    for (account, (label, miss)) in tables.accounts.iter().zip(health_misses(&tables)) {
        if !COARSE.contains(&label) {
            continue;
        }
        let share = |rows: &[(usize, f64)]| {
            let total: f64 = rows.iter().map(|&(a, n)| n * tables.assets[a].price_usd).sum();
            let unit = units.iter().filter(|(asset, _)| rows.iter().any(|row| row.0 == *asset));
            unit.map(|&(a, size)| 0.5 * size * tables.assets[a].price_usd / total).sum::<f64>()
        };
        // A hundredth more for the rows of fine tokens and the double's own rounding.
        let bound = 1.01 * (share(&account.collateral) + share(&account.debt));
        assert!(miss < bound, "{label} misses by {miss}, more than {bound}");
    }
}

#[test]
fn the_path_is_the_day() {
    let bars = tables().bars;
    assert_eq!(bars.len(), 144);
    assert!(bars.iter().all(|b| b.low <= b.open.min(b.close) && b.open.max(b.close) <= b.high));
    let (first, last) = (bars.first().unwrap(), bars.last().unwrap());
    assert_eq!((first.open, last.close), (195.21, 107.52));
    assert_eq!(bars.iter().map(|b| b.low).fold(f64::INFINITY, f64::min), 101.01);
}

#[test]
fn the_ladders_grow_and_never_pay_more_a_unit_than_a_twentieth_of_a_percent_above_their_mid() {
    for (text, reach) in [
        (table!("depth-wsteth-usdc.csv"), 72_724.061_951_802_83),
        (table!("depth-wsteth-weth.csv"), 63_823.454_978_145_01),
    ] {
        let points: Vec<[f64; 3]> = text
            .lines()
            .skip(1)
            .map(|line| {
                let cells: Vec<f64> = line.split(',').map(|cell| cell.parse().unwrap()).collect();
                cells.try_into().unwrap()
            })
            .collect();
        assert_eq!(points.len(), 20);
        assert!(close(points[19][0], reach));
        let mid = points[0][1];
        for pair in points.windows(2) {
            assert!(pair[0][0] < pair[1][0], "amounts must grow");
            assert!(pair[0][0] * pair[0][1] < pair[1][0] * pair[1][1], "proceeds must grow");
        }
        for [_, price, fraction] in points {
            assert!((price / mid - fraction).abs() < 2e-9 && fraction < 1.0005);
        }
    }
}

// The expected figures come from a prototype in another language, written before this one from the same rule.

#[test]
fn half_of_the_debt_is_the_most_unless_small_or_very_sick() {
    let size = size_call(8_000.0, 9_000.0, 8_000.0, 0.96, 0.05);
    assert!(size.half && !size.dust);
    assert_eq!((size.repay, size.seize), (4_000.0, 4_200.0));
    assert_eq!(size_call(8_000.0, 9_000.0, 8_000.0, 0.95, 0.05).repay, 8_000.0);
    assert_eq!(size_call(1_999.0, 9_000.0, 9_000.0, 0.99, 0.05).repay, 1_999.0);
    // The cap is half of all the account owes, so a debt below that may go whole.
    assert!(!size_call(4_000.0, 9_000.0, 8_000.0, 0.99, 0.05).half);
}

#[test]
fn a_call_never_leaves_dust_on_both_sides() {
    // Half of 2,400 would leave 1,200 of debt but only 840 of collateral.
    let size = size_call(2_400.0, 2_100.0, 2_400.0, 0.96, 0.05);
    assert!(size.half && size.dust);
    assert!(close(size.repay, 1_100.0 / 1.05) && close(2_100.0 - size.seize, 1_000.0));
    // With a second debt, half of all may be most of the first: 700 would be left of 2,500.
    let size = size_call(2_500.0, 9_000.0, 3_600.0, 0.99, 0.05);
    assert!(size.half && size.dust);
    assert!(close(size.repay, 1_500.0));
}

#[test]
fn short_collateral_is_taken_whole_and_pays_for_what_it_covers() {
    let size = size_call(5_000.0, 4_200.0, 5_000.0, 0.70, 0.05);
    assert!(close(size.repay, 4_000.0));
    assert_eq!((size.seize, size.half, size.dust), (4_200.0, false, false));
}
