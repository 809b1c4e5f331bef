//! Experiments whose outcome is known in closed form (reference: auctions, 9.7).

use super::{day, once, scenario};

/// Vaults of one lot each that are all called by one fall, and bidders who try once: an opportunist
/// whose bid lands with 99 %, and `rivals` whose bids land with the percentile of `gas`, within the
/// lifetime of a bid.
fn share_won_at_zero(rivals: usize, gas_gwei: &str, opportunist_gas: &str) -> f64 {
    let mut strategies = vec!["\"opportunist\""];
    strategies.extend(vec!["\"proxy\""; rivals]);
    let strategies = format!("[{}]", strategies.join(", "));
    let count = (rivals + 1).to_string();
    let gas = format!("{{ median = \"{gas_gwei}\", sigma = \"0\", largest = \"1000\" }}");
    let opportunist = format!("\"{opportunist_gas}\"");
    let edits = [
        ("book.vaults", "1500"),
        ("book.collateral", "{ median = \"10\", sigma = \"0\", largest = \"10\" }"),
        ("book.ratio_beyond", "{ median = \"0.1\", sigma = \"0\", largest = \"0.1\" }"),
        ("market.path_falls_bps", "2000"),
        ("market.feed_delay_minutes", "0"),
        ("market.tail_hours", "4"),
        ("bidders.count", count.as_str()),
        ("bidders.strategies", strategies.as_str()),
        ("bidders.capital", "{ median = \"900000000\", sigma = \"0\", largest = \"900000000\" }"),
        ("outside.depth", "\"900000000\""),
        ("bidders.chain.gas_gwei", gas.as_str()),
        ("bidders.chain.opportunist_gas", opportunist.as_str()),
        ("bidders.chain.latency_seconds", "0"),
        ("bidders.chain.inclusion_seconds", "600"),
        ("bidders.chain.expires_seconds", "600"),
        ("bidders.chain.attempts_max", "1"),
        ("bidders.chain.in_flight_max", "100000"),
        ("sensitivity.bidders", "[1]"),
    ];
    let scenario = scenario(&edits, &day(&[200, 200, 160, 160, 160, 160])).unwrap();
    let run = once(&scenario, "english-that-day");
    assert_eq!(run.totals.lots, 1_500, "each vault is one lot");
    assert!(run.books_balance);
    run.totals.zero_wins as f64 / 1_500.0
}

/// P(no rival's bid lands) = (1 - q)^m, times the 99 % with which the opportunist's lands.
#[test]
fn zero_wins_are_as_likely_as_that_no_rival_lands() {
    // Gas at the 60th percentile lands with 60 %, at the 30th with 30 %; twice the 90th with 99 %.
    for (rivals, gas, opportunist, q) in
        [(1, "40", "4", 0.6), (2, "40", "4", 0.6), (1, "20", "8", 0.3), (3, "20", "8", 0.3)]
    {
        let expected = 0.99 * f64::powi(1.0 - q, rivals);
        let found = share_won_at_zero(usize::try_from(rivals).unwrap(), gas, opportunist);
        // Four standard errors of a share of 1,500.
        let tolerance = 4.0 * (expected * (1.0 - expected) / 1_500.0).sqrt();
        assert!((found - expected).abs() < tolerance, "{rivals} rivals: {found}, not {expected}");
    }
}

/// Takers who want to earn nothing take a descending price of 110 % and 0.99 every 90 seconds at its
/// tenth step: 1.1 * 0.99^10 = 0.9948, while 1.1 * 0.99^9 = 1.0049.
#[test]
fn takers_without_a_margin_take_at_the_tenth_step() {
    let edits = [
        ("book.vaults", "300"),
        ("market.path_falls_bps", "3000"),
        ("market.feed_delay_minutes", "0"),
        ("market.step_seconds", "30"),
        ("outside.spread_bps", "0"),
        ("outside.depth", "\"900000000\""),
        ("bidders.strategies", "[\"proxy\"]"),
        ("bidders.capital", "{ median = \"900000000\", sigma = \"0\", largest = \"900000000\" }"),
        ("bidders.margin_bps", "[0, 0]"),
        ("bidders.noise_bps", "0"),
        ("bidders.risk_bps_per_hour", "0"),
        ("bidders.chain.gas_units", "0"),
        ("bidders.chain.gas_gwei", "{ median = \"200\", sigma = \"0\", largest = \"200\" }"),
        ("bidders.chain.latency_seconds", "0"),
        ("bidders.chain.inclusion_seconds", "5"),
        ("bidders.chain.in_flight_max", "100000"),
    ];
    // After the fall the price stands still, so that the step alone decides.
    let mut closes = vec![200, 140];
    closes.extend(vec![140; 20]);
    let scenario = scenario(&edits, &day(&closes)).unwrap();
    let run = once(&scenario, "dutch");
    let opened_after_the_fall = run.lots.iter().filter(|lot| lot.price == 14_000_000_000);
    let mut steps: Vec<u64> =
        opened_after_the_fall.filter_map(|lot| Some((lot.sold_at? - lot.opened_at) / 90)).collect();
    steps.sort_unstable();
    assert!(steps.len() > 50, "{} lots", steps.len());
    let median = steps[steps.len() / 2];
    assert!((10..=11).contains(&median), "median step {median} of {steps:?}");
    assert!(steps.iter().all(|step| *step >= 10), "nobody pays more than the market: {steps:?}");
    let fetched = run.totals.revenue_bps().unwrap();
    assert!((9_800..=10_000).contains(&fetched), "{fetched} bps of the value");
}

/// In the same congestion nothing is sold for nothing by a falling price, and less is missing.
#[test]
fn a_falling_price_sells_nothing_at_zero_where_rising_bids_do() {
    // Few transactions at once: rivals come late to most lots, as with more lots.
    let scenario = super::small(&[("bidders.chain.in_flight_max", "20")]);
    let (english, dutch) = (once(&scenario, "english-that-day"), once(&scenario, "dutch"));
    assert!(english.totals.zero_wins > 0);
    assert_eq!(dutch.totals.zero_wins, 0);
    assert!(dutch.totals.lot_shortfall < english.totals.lot_shortfall);
    assert!(dutch.totals.loss_to_fair < english.totals.loss_to_fair);
}
