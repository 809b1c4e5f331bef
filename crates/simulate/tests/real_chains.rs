//! Chains that are not shipped: BREAKWATER_SHARED names the folder that has them. Without it these tests
//! say that they were skipped.

use breakwater_options::Kind;
use breakwater_options::hedging::{Instrument, Neutral, Policy};
use breakwater_simulate::hedging::{
    BacktestSettings, Book, Chain, Market, Position, Settlement, backtest, chain,
};

fn shared(file: &str, every_seconds: u64) -> Option<Chain> {
    let Some(folder) = std::env::var_os("BREAKWATER_SHARED") else {
        println!("SKIPPED: BREAKWATER_SHARED is not set, {file} is not here");
        return None;
    };
    let path = std::path::Path::new(&folder).join("data").join(file);
    let text = breakwater_simulate::scenario::read_file(&path).unwrap();
    Some(chain::read(file, &text, every_seconds).unwrap())
}

const HOURLY: &str = "options-deribit-2026-01/btc_chain_hourly_2026-01-23.csv.gz";

fn expiry(text: &str) -> i64 {
    text.parse::<jiff::Timestamp>().unwrap().as_second()
}

fn position(kind: Kind, strike: f64, expires: &str, quantity: f64) -> Position {
    let expiry_seconds = expiry(expires);
    Position {
        instrument: format!("{strike}"),
        kind,
        strike,
        expiry_seconds,
        quantity,
        volatility: None,
    }
}

#[test]
fn the_hourly_chains_forwards_are_the_published_ones() {
    let Some(chain) = shared(HOURLY, 0) else { return };
    // The stamps are cut to the hour; the second hour repeats the first.
    assert_eq!((chain.rows, chain.snapshots.len()), (15_342, 22));
    let first = &chain.snapshots[0];
    assert_eq!(chain::told(first.at_seconds), "2026-01-23T01:50:00Z");
    let forward = |at: &str| first.expiries[&expiry(at)].forward;
    // Published, by the stamps: 89,746 (25 January) to 93,950 (25 December) at 01:00.
    assert!((forward("2026-01-25T08:00:00Z") - 89_746.0).abs() < 3.0);
    assert!((forward("2026-12-25T08:00:00Z") - 93_950.0).abs() < 3.0);
    // Strikes agree to 4.6e-5 on average by the stamps, and better at the time they were made.
    let spreads: Vec<f64> = chain
        .snapshots
        .iter()
        .flat_map(|snapshot| snapshot.expiries.values().map(|quotes| quotes.forward_spread))
        .collect();
    let mean = spreads.iter().sum::<f64>() / spreads.len() as f64;
    println!("{mean:e}");
    assert!(mean < 2.5e-5, "{mean:e}");
}

#[test]
fn slices_of_the_hourly_chain_fit_without_arbitrage_or_say_where() {
    let Some(chain) = shared(HOURLY, 0) else { return };
    let (mut fitted, mut refused) = (0, 0);
    for snapshot in chain.snapshots.iter().step_by(6) {
        for (expiry, quotes) in &snapshot.expiries {
            match snapshot.fit(*expiry) {
                Ok(fit) => {
                    fitted += 1;
                    let years = snapshot.years_to(*expiry);
                    let off = fit.error / (2.0 * 0.4 * years);
                    println!(
                        "{} {years:.4} {off:.5} {} {:?}",
                        chain::told(*expiry),
                        quotes.quotes.len(),
                        fit
                    );
                }
                Err(error) => {
                    refused += 1;
                    println!("{}: {error}", chain::told(*expiry));
                }
            }
        }
    }
    println!("{fitted} slices fitted, {refused} refused");
    assert!(fitted > 10 * refused, "{fitted} {refused}");
}

#[test]
fn a_coin_book_over_the_hourly_chain_is_narrowed_by_each_policy_in_either_unit() {
    let Some(chain) = shared(HOURLY, 0) else { return };
    for neutral in [Neutral::Coin, Neutral::Quote] {
        let market = Market {
            settlement: Settlement::Inverse,
            neutral,
            instrument: Instrument::InversePerpetual { lot: 10.0 },
            cost_one_way: 5e-4,
            funding_8h: 1e-4,
            cash: 10.0,
        };
        let positions = vec![
            position(Kind::Call, 90_000.0, "2026-01-30T08:00:00Z", -40.0),
            position(Kind::Put, 86_000.0, "2026-01-30T08:00:00Z", -20.0),
            position(Kind::Call, 95_000.0, "2026-02-27T08:00:00Z", 30.0),
            // Expires within the day.
            position(Kind::Put, 90_000.0, "2026-01-23T08:00:00Z", 5.0),
        ];
        let policies = vec![
            Policy::Unhedged,
            // Snapshots are 20 minutes to an hour and a half apart.
            Policy::Interval { seconds: 1_200 },
            Policy::DeltaBand { half_width: 1.0 },
            Policy::WhalleyWilmott { risk_aversion: 1e-4 },
            Policy::Zakamouline { risk_aversion: 1e-4, coefficients: Default::default() },
            Policy::Leland { seconds: 1_200 },
        ];
        let settings = BacktestSettings { policies, splits: Vec::new() };
        let found = backtest(&chain, &Book { positions, market }, &settings).unwrap();
        assert_eq!(found.unchanged, 0);
        let unhedged = found.runs[0].step_deviation;
        for run in &found.runs {
            let total = run.gained.total() as f64 / 1e9;
            println!(
                "{neutral:?} {:<16} total {total:>12.4} deviation {:>10.5} trades {:>3} {:?}",
                run.policy.name(),
                run.step_deviation,
                run.trades,
                run.gained.parts().map(|(name, part)| (name, part as f64 / 1e9))
            );
            if run.policy != Policy::Unhedged {
                assert!(run.step_deviation < 0.9 * unhedged, "{:?}", run.policy);
            }
            // Greeks explain all but a small part of what moved.
            let moved: f64 = run
                .steps
                .iter()
                .map(|step| {
                    let [delta, gamma, theta, vega, ..] = step.gained.parts();
                    [delta, gamma, theta, vega]
                        .iter()
                        .map(|(_, part)| part.abs() as f64)
                        .sum::<f64>()
                })
                .sum();
            let left: f64 = run.steps.iter().map(|step| step.gained.residual.abs() as f64).sum();
            assert!(left < 0.2 * moved, "{left} {moved}");
        }
    }
}

#[test]
fn the_whole_share_chain_is_refused_over_its_split_and_runs_when_told() {
    let Some(chain) = shared("options-us-equity/aapl_chain_daily_iv_greeks.csv.gz", 0) else {
        return;
    };
    let market = Market {
        settlement: Settlement::Linear,
        neutral: Neutral::Quote,
        instrument: Instrument::Spot { lot: 1.0 },
        cost_one_way: 1e-4,
        funding_8h: 0.0,
        cash: 0.0,
    };
    let positions = vec![position(Kind::Call, 650.0, "2014-07-19T16:00:00Z", -100.0)];
    let book = Book { positions, market };
    let policies = vec![Policy::Interval { seconds: 3_600 }];
    let mut settings = BacktestSettings { policies, splits: Vec::new() };
    let june = Chain {
        snapshots: chain
            .snapshots
            .iter()
            .filter(|it| it.at_seconds < expiry("2014-06-17T00:00:00Z"))
            .cloned()
            .collect(),
        ..chain
    };
    let refused = backtest(&june, &book, &settings).unwrap_err().to_string();
    assert!(refused.contains("to 1; if shares were split"), "{refused}");
    let at_seconds = expiry("2014-06-06T00:00:00Z");
    settings.splits = vec![breakwater_simulate::hedging::Split { at_seconds, ratio: 7.0 }];
    let found = backtest(&june, &book, &settings).unwrap();
    assert!(found.runs[0].steps.iter().all(|step| (600.0..700.0).contains(&step.price)));
}

#[test]
fn minute_quotes_hedged_more_often_miss_less() {
    let Some(chain) = shared("options-us-equity/spxw_minute_quotes_2021-01-04_07.csv.gz", 0) else {
        return;
    };
    let market = Market {
        settlement: Settlement::Linear,
        neutral: Neutral::Quote,
        instrument: Instrument::Future { lot: 1.0 },
        cost_one_way: 0.0,
        funding_8h: 0.0,
        cash: 0.0,
    };
    let positions = vec![
        position(Kind::Call, 3_700.0, "2021-01-08T16:00:00Z", -1_000.0),
        position(Kind::Put, 3_700.0, "2021-01-08T16:00:00Z", -1_000.0),
    ];
    let policies = [60, 3_600, 86_400].map(|seconds| Policy::Interval { seconds }).to_vec();
    let settings = BacktestSettings { policies, splits: Vec::new() };
    let found = backtest(&chain, &Book { positions, market }, &settings).unwrap();
    let delta = |at: usize| found.runs[at].gained.delta.abs();
    println!("{:?} left out {:?}", [0, 1, 2].map(delta), chain.left_out);
    for pair in found.runs.windows(2) {
        assert!(pair[0].turnover > pair[1].turnover);
    }
    assert!(found.runs[0].step_deviation < found.runs[2].step_deviation);
}
