//! Every row of the shipped day against the archive's own files, which are not shipped:
//! BREAKWATER_SHARED names the folder that has them. Without it these tests say that they were skipped.

use breakwater_market::{Band, BandGuard, BandSnapshot, Decimals};
use breakwater_money::{Price, Rounding, Time, decimal::Decimal, rational};
use breakwater_simulate::scenario::read_file;
use std::collections::BTreeMap;

const INDEX: &str = include_str!("../../../scenarios/october-2025/index.csv");
const DEPTH: &str = include_str!("../../../scenarios/october-2025/depth.csv");
const DAY: &str = "2025-10-10 ";

fn shared(file: &str) -> Option<String> {
    let Some(folder) = std::env::var_os("BREAKWATER_SHARED") else {
        println!("SKIPPED: BREAKWATER_SHARED is not set, {file} is not here");
        return None;
    };
    Some(read_file(&std::path::Path::new(&folder).join("data").join(file)).unwrap())
}

/// A decimal with as many digits as it likes at `decimals`, half up.
fn raw(text: &str, decimals: u8) -> u128 {
    let exact = rational::from_decimal(Decimal::parse(text).unwrap());
    rational::to_raw(&exact, decimals, Rounding::HalfUp).unwrap()
}

/// Rows of a shipped table without its preamble and header.
fn rows(text: &str) -> Vec<Vec<u128>> {
    let numbers = |line: &str| line.split(',').map(|field| field.parse().unwrap()).collect();
    text.lines().filter(|line| !line.starts_with('#')).skip(1).map(numbers).collect()
}

/// Snapshots of the source by second of the day: (percentage, quantity, value) as text.
fn snapshots(source: &str) -> BTreeMap<u64, Vec<(i32, String, String)>> {
    let mut snapshots: BTreeMap<u64, Vec<_>> = BTreeMap::new();
    for line in source.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let clock = fields[0].strip_prefix(DAY).unwrap().strip_suffix("+00:00").unwrap();
        let parts: Vec<u64> = clock.split(':').map(|part| part.parse().unwrap()).collect();
        let second = parts[0] * 3_600 + parts[1] * 60 + parts[2];
        let band = (fields[1].parse().unwrap(), fields[2].to_owned(), fields[3].to_owned());
        snapshots.entry(second).or_default().push(band);
    }
    snapshots
}

#[test]
fn every_bar_is_the_sources_rounded_to_a_cent() {
    let Some(source) = shared("prices-minute/btc_index_1m_2025-10-09_10.csv.gz") else { return };
    let expected: Vec<Vec<u128>> = source
        .lines()
        .filter(|line| line.starts_with(DAY))
        .enumerate()
        .map(|(minute, line)| {
            let prices = line.split(',').skip(1).map(|price| raw(price, 2));
            std::iter::once(minute as u128).chain(prices).collect()
        })
        .collect();
    assert_eq!(expected.len(), 1_440);
    assert_eq!(rows(INDEX), expected);
}

#[test]
fn every_minute_has_the_sources_last_snapshot() {
    let Some(source) = shared("book-depth-2025-10-10/btcusdt_depth_bands.csv.gz") else { return };
    let snapshots = snapshots(&source);
    assert_eq!(snapshots.len(), 2_879);
    let rows = rows(DEPTH);
    assert_eq!(rows.len(), 1_440);
    for (minute, row) in (0u64..).zip(&rows) {
        let within = snapshots.range(minute * 60..(minute + 1) * 60);
        let (second, bands) = within.last().unwrap();
        let mut expected = vec![minute.into(), u128::from(second % 60)];
        for percentage in [-1, -2, -3, -4, -5, 1, 2, 3, 4, 5] {
            let band = bands.iter().find(|band| band.0 == percentage).unwrap();
            // Quantities have at most three decimals: exact.
            let quantity = Decimal::parse(&band.1).unwrap().to_raw(3).unwrap();
            expected.extend([quantity, raw(&band.2, 2)]);
        }
        assert_eq!(*row, expected, "minute {minute}");
    }
}

/// The whole source through the guard: of 2,879 snapshots 969 have bids whose average is above that
/// of the asks (the count published with the data), the first at 15:30:42, and all are refused.
#[test]
fn no_crossed_snapshot_of_the_source_is_believed() {
    let Some(source) = shared("book-depth-2025-10-10/btcusdt_depth_bands.csv.gz") else { return };
    let guard = BandGuard {
        decimals: Decimals { base: 3, quote: 4, price: 2 },
        age_max_nanos: 1,
        ahead_max_nanos: 0,
        crossed_max_bps: 10,
        beyond_max_bps: 600,
    };
    let bars = rows(INDEX);
    let (mut crossed, mut asks_refused) = (Vec::new(), Vec::new());
    let (mut believed_late, mut refused_early) = (0, 0);
    for (second, bands) in &snapshots(&source) {
        let side = |sign: i32| -> Vec<Band> {
            let band = |step: i32| {
                let found = bands.iter().find(|band| band.0 == sign * step).unwrap();
                let width_bps = 100 * step as u32;
                Band { width_bps, quantity: raw(&found.1, 3), value: raw(&found.2, 4) }
            };
            (1..=5).map(band).collect()
        };
        let observed_at = Time::from_seconds(*second);
        let snapshot = BandSnapshot { observed_at, bids: side(-1), asks: side(1) };
        let close = bars[(second / 60) as usize][4];
        let judged = guard.judge(&snapshot, Price::new(close, 2), observed_at);
        let (bid, ask) = (snapshot.bids[0], snapshot.asks[0]);
        if bid.value * ask.quantity > ask.value * bid.quantity {
            crossed.push(*second);
            assert!(judged.bids.is_err(), "second {second}");
        }
        if let Err(refusal) = judged.asks {
            asks_refused.push((*second, refusal.name()));
        }
        let late = *second >= 15 * 3_600 + 30 * 60 + 42;
        believed_late += u32::from(late && judged.bids.is_ok());
        refused_early += u32::from(!late && judged.bids.is_err());
    }
    assert_eq!(crossed.len(), 969);
    assert_eq!(crossed.first(), Some(&(15 * 3_600 + 30 * 60 + 42)));
    // A minute's close is no fair reference for its first snapshot while the index runs: so five bids
    // early and two asks at the worst are refused, none of them the last of its minute.
    assert_eq!((believed_late, refused_early), (8, 5));
    assert_eq!(asks_refused, [(76_741, "out of band"), (76_924, "crossed")]);
}
