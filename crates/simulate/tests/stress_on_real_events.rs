//! How endogenous real liquidations are, and what limits would have done to a real drain. The data is
//! not shipped: BREAKWATER_SHARED names the folder that has it. Without it these tests say that they were
//! skipped.

use breakwater_liquidation::solvency::outflow::{Counted, Excess, OutflowLimit};
use breakwater_liquidation::solvency::stress_state::{CloseFactor, Grace};
use breakwater_simulate::stress::cascade::{Position, Terms};
use breakwater_simulate::stress::defences::{
    CascadeGuards, Crash, DrainDefence, FlowHour, Pool, ScoreTable, replay,
};
use breakwater_simulate::stress::hawkes::{Ties, estimate, fitness, untie, windows};

const DAY: f64 = 86_400.0;

fn table(file: &str) -> Option<csv::Reader<flate2::read::GzDecoder<std::fs::File>>> {
    let Some(folder) = std::env::var_os("BREAKWATER_SHARED") else {
        println!("SKIPPED: BREAKWATER_SHARED is not set, {file} is not here");
        return None;
    };
    let file = std::fs::File::open(std::path::Path::new(&folder).join("data").join(file)).unwrap();
    Some(csv::Reader::from_reader(flate2::read::GzDecoder::new(file)))
}

fn seconds(stamp: &str) -> f64 {
    let stamp: jiff::Timestamp = stamp.replacen(' ', "T", 1).parse().unwrap();
    stamp.as_second() as f64
}

#[test]
fn branching_of_real_liquidations_by_windows() {
    let Some(mut rows) = table("aave-v2-liquidations/liquidations.csv.gz") else { return };
    let mut times: Vec<f64> = rows
        .records()
        .map(|row| row.unwrap())
        .filter(|row| row.get(1) == Some("main"))
        .map(|row| seconds(row.get(0).unwrap()))
        .collect();
    times.sort_by(f64::total_cmp);
    // 2022-01-20 to 26 is not in the data: nothing is estimated across it.
    let gap = seconds("2022-01-20 00:00:00Z");
    let resume = seconds("2022-01-27 00:00:00Z");
    let parts: [Vec<f64>; 2] = [
        times.iter().copied().filter(|t| *t < gap).collect(),
        times.iter().copied().filter(|t| *t >= resume).collect(),
    ];
    let origin = times[0];
    println!("{} events of the main market; a stamp is a block of about 13 s", times.len());
    for (name, ties) in [
        ("spread over 13 s", Ties::Spread { resolution: 13.0, seed: 1 }),
        ("one event a block", Ties::Merge),
    ] {
        println!("\n{name}, windows of 30 days:");
        println!(
            "{:>6} {:>7} {:>7} {:>16} {:>8} {:>9} {:>7}",
            "day", "events", "n", "95 %", "to 1", "1/beta s", "KS p"
        );
        let mut estimated = 0;
        for part in &parts {
            let (free, weights) = untie(part, ties).unwrap();
            for window in windows(&free, weights.as_deref(), 30.0 * DAY).unwrap() {
                let day = (window.from - origin) / DAY;
                let Some((found, fit)) = window.found else { continue };
                let n = found.process.branching_ratio();
                let (low, high) = found.branching_interval;
                let high = high.unwrap_or(f64::INFINITY);
                estimated += 1;
                println!(
                    "{day:>6.0} {:>7} {n:>7.3} {:>16} {:>8.3} {:>9.0} {:>7.4}",
                    window.events,
                    format!("{low:.3} to {high:.3}"),
                    found.process.distance_to_critical(),
                    1.0 / found.process.beta(),
                    fit.probability,
                );
                assert!(low <= n && n <= high && n > 0.0);
                // Liquidations come in cascades: a Poisson process explains them far worse.
                assert!(found.log_likelihood > found.log_likelihood_poisson + 10.0);
            }
        }
        assert!(estimated >= 10, "{estimated}");
        let (free, weights) = untie(&parts[0], ties).unwrap();
        let first = free[0];
        let all: Vec<f64> = free.iter().map(|t| t - first).collect();
        let horizon = all[all.len() - 1] + 13.0;
        let found = estimate(&all, weights.as_deref(), horizon).unwrap();
        let fit = fitness(&found.process, &all, weights.as_deref(), horizon).unwrap();
        println!("all until 2022-01-19: {found:?}\n{fit:?}");
    }
}

#[test]
fn a_real_drain_with_and_without_limits() {
    let Some(mut rows) = table("terra-anchor-2022-05/anchor_flows_hourly.csv.gz") else { return };
    let hours: Vec<FlowHour> = rows
        .records()
        .map(|row| {
            let row = row.unwrap();
            let whole = |at: usize| row.get(at).unwrap().parse::<f64>().unwrap() as u128;
            FlowHour { inflow: whole(1), outflow: whole(2) }
        })
        .collect();
    assert_eq!(hours.len(), 552);
    let net: f64 = hours.iter().map(|h| h.outflow as f64 - h.inflow as f64).sum();
    println!("552 hours, net outflow {:.2} bn", net / 1e9);
    // Assumptions, none of them measured here: cash before the run, what is sold of what leaves, and
    // how deep and how quick the market was.
    let pool = Pool {
        cash: 9_000_000_000,
        sold_share: 0.5,
        depth: 3_000_000_000.0,
        recovery: 0.05,
        patience_hours: 24,
        horizon_hours: 72,
        drain_share: 0.10,
    };
    let limit = |retained_bps: u32, counted: Counted, cooldown_hours: u64, excess: Excess| {
        DrainDefence::Limit(OutflowLimit {
            retained_bps,
            window_seconds: 24 * 3_600,
            begin_threshold: 0,
            minimum_amount: 0,
            cooldown_seconds: cooldown_hours * 3_600,
            excess,
            counted,
        })
    };
    let mut table = ScoreTable::default();
    for (name, defence) in [
        ("none", DrainDefence::None),
        ("net, 5 % a day", limit(9_500, Counted::Net, 0, Excess::Delay)),
        ("net, 10 % a day", limit(9_000, Counted::Net, 0, Excess::Delay)),
        ("gross, 10 % a day", limit(9_000, Counted::Gross, 0, Excess::Delay)),
        ("gross, 20 % a day", limit(8_000, Counted::Gross, 0, Excess::Delay)),
        ("net, 10 % a day, 24 h shut", limit(9_000, Counted::Net, 24, Excess::Delay)),
        ("net, 10 % a day, refused", limit(9_000, Counted::Net, 0, Excess::Revert)),
        ("queue of 24 h", DrainDefence::Queue { delay_seconds: 24 * 3_600 }),
        ("queue of 7 days", DrainDefence::Queue { delay_seconds: 7 * 24 * 3_600 }),
    ] {
        table.rows.push((name.to_owned(), replay(&pool, &hours, defence).unwrap()));
    }
    println!("{table}");
    let (none, tight) = (table.rows[0].1, table.rows[1].1);
    assert!(tight.trough_price > none.trough_price);
    assert!(tight.trapped_value_hours > none.trapped_value_hours);
}

/// A made-up book and fall: its figures compare guards with each other and nothing else.
#[test]
fn a_made_up_crash_with_and_without_guards() {
    let positions: Vec<Position> = (0..2_000u32)
        .map(|at| Position { collateral: 1.0, debt: 0.55 + 0.28 * f64::from(at) / 2_000.0 })
        .collect();
    // Down by 15 % in half an hour, then up by a third of it over four hours.
    let prices = (0..270u32).map(|minute| {
        let down = 0.15 * f64::from(minute.min(30)) / 30.0;
        1.0 - down + 0.05 * f64::from(minute.saturating_sub(30)) / 240.0
    });
    let terms = Terms { threshold: 0.85, close_factor: 0.5, bonus: 0.05 };
    let prices = prices.collect();
    let crash = Crash { positions, terms, prices, depth: 3_000.0, recovery: 0.02 };
    let none = CascadeGuards::default();
    let factor = CloseFactor { least_bps: 2_000, full_at_health_bps: 9_500, whole_up_to: 0 };
    let mut table = ScoreTable::default();
    for (name, guards) in [
        ("none", none),
        ("throttle of 10 a minute", CascadeGuards { throttle: Some((10, 60)), ..none }),
        ("throttle of 2 a minute", CascadeGuards { throttle: Some((2, 60)), ..none }),
        ("dynamic close factor", CascadeGuards { close_factor: Some(factor), ..none }),
        (
            "grace of 10 minutes",
            CascadeGuards { grace: Some(Grace { seconds: 600, least_health_bps: 9_500 }), ..none },
        ),
        ("bands of 5 %", CascadeGuards { band_bps: Some(500), ..none }),
        ("bands of 10 %", CascadeGuards { band_bps: Some(1_000), ..none }),
    ] {
        table.rows.push((name.to_owned(), crash.score(guards).unwrap()));
    }
    println!("{table}");
    let troughs: Vec<f64> = table.rows.iter().take(3).map(|row| row.1.trough_price).collect();
    assert!(troughs.is_sorted_by(|a, b| a < b), "a tighter throttle has a higher trough");
}
