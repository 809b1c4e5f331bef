//! Chains of marks: volatility and delta of each option, no price and no underlying. The forward follows:
//! `N(d1)` is the call's delta, so `ln(F/K) = d1 v - v^2/2`.

use super::chain::{
    Chain, ChainQuote, ExpiryQuotes, Snapshot, float, float_or_none, is_due, kind, median, seconds,
    strike, strike_key,
};
use crate::ScenarioError;
use crate::table::Table;
use breakwater_options::Kind;
use breakwater_options::normal::cumulative;
use std::collections::BTreeMap;

/// Hour of the day at which options expire.
const EXPIRY_HOUR: i8 = 8;

/// Deltas of a call between which a forward is read: beyond them five decimals say too little.
const DELTAS: std::ops::RangeInclusive<f64> = 0.1..=0.9;

struct Mark {
    kind: Kind,
    delta: f64,
    quote: ChainQuote,
}

pub(super) fn read(table: &Table, every: i64, chain: &mut Chain) -> Result<(), ScenarioError> {
    let mut by_time: BTreeMap<i64, BTreeMap<i64, Vec<Mark>>> = BTreeMap::new();
    for row in &table.rows {
        let (at, expiry) = (seconds(row, "time", 0)?, seconds(row, "expiry_date", EXPIRY_HOUR)?);
        let (kind, strike) = (kind(row, "type")?, strike(row)?);
        let delta = float(row, "delta")?;
        let percent = |name| Ok::<_, ScenarioError>(float_or_none(row, name)?.map(|v| v / 100.0));
        let (bid, ask) = (percent("bid_iv")?, percent("ask_iv")?);
        let Some(volatility) = percent("mark_iv")?.filter(|v| *v > 0.0 && *v <= 100.0) else {
            chain.leave_out("no mark volatility above zero");
            continue;
        };
        if expiry <= at {
            chain.leave_out("expired");
            continue;
        }
        let sides = bid.zip(ask).filter(|(bid, ask)| *bid > 0.0 && *ask > 0.0);
        if sides.is_some_and(|(bid, ask)| bid > ask) {
            chain.leave_out("bid above ask");
            continue;
        }
        let quote = ChainQuote { strike, volatility, sides };
        let expiries = by_time.entry(at).or_default();
        expiries.entry(expiry).or_default().push(Mark { kind, delta, quote });
    }
    let mut before = None;
    for (at, expiries) in by_time {
        if !is_due(before, at, every) {
            continue;
        }
        before = Some(at);
        let mut snapshot = Snapshot { at_seconds: at, expiries: BTreeMap::new() };
        for (expiry, marks) in expiries {
            let years = snapshot.years_to(expiry);
            let forwards = marks.iter().filter_map(|mark| forward(mark, years)).collect();
            let Some((forward, forward_spread)) = median(forwards) else {
                chain.leave_out("expiry without a delta to read the forward from");
                continue;
            };
            let keyed = |mark: Mark| ((strike_key(mark.quote.strike), mark.kind), mark.quote);
            let quotes = marks.into_iter().map(keyed).collect();
            let quotes = ExpiryQuotes { forward, forward_spread, quotes };
            snapshot.expiries.insert(expiry, quotes);
        }
        chain.snapshots.push(snapshot);
    }
    Ok(())
}

/// The forward that a mark's delta says.
fn forward(mark: &Mark, years: f64) -> Option<f64> {
    let of_call = match mark.kind {
        Kind::Call => mark.delta,
        Kind::Put => mark.delta + 1.0,
    };
    if !DELTAS.contains(&of_call) {
        return None;
    }
    let deviation = mark.quote.volatility * libm::sqrt(years);
    let log = deviation * quantile(of_call) - 0.5 * deviation * deviation;
    Some(mark.quote.strike * libm::exp(log))
}

/// Where the normal distribution function has this value, halved down.
fn quantile(share: f64) -> f64 {
    let (mut low, mut high) = (-9.0, 9.0);
    for _ in 0..56 {
        let middle = 0.5 * (low + high);
        if cumulative(middle) < share { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}
