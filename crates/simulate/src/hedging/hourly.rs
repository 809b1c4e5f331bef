//! Chains of marks: volatility and delta of each option, no price and no underlying. The forward follows:
//! `N(d1)` is the call's delta, so `ln(F/K) = d1 v - v^2/2`.

use super::chain::{
    Chain, ChainQuote, ExpiryQuotes, Snapshot, float, float_or_none, is_due, kind, median, seconds,
    strike, strike_key,
};
use crate::ScenarioError;
use crate::table::Table;
use breakwater_execution::estimate::quantile::normal;
use breakwater_options::Kind;
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
    for (stamp, expiries) in by_time {
        let at = stamp + later_than_stamped(stamp, &expiries);
        if before.is_some_and(|before| at <= before) {
            chain.leave_out("snapshot that says what the one before said");
            continue;
        }
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

/// How far from its stamp the time of a snapshot is looked for, and in which steps.
const STAMP_OFF_MAX: i64 = 3_600;
const STAMP_STEP: i64 = 300;

/// Expiries nearer than this tell the time of a snapshot: a quarter of an hour is much of theirs.
const TELLING_SECONDS: i64 = 5 * 86_400;

/// Seconds from a snapshot's stamp to the time its marks were made: stamps of such files are cut to the
/// hour. At the right time all strikes of an expiry say the same forward, so it is the time at which they
/// agree best; zero if fewer than two near expiries tell.
fn later_than_stamped(stamp: i64, expiries: &BTreeMap<i64, Vec<Mark>>) -> i64 {
    type Telling = (f64, f64, f64);
    let near: Vec<(i64, Vec<Telling>)> = expiries
        .range(stamp + 2 * STAMP_OFF_MAX..stamp + TELLING_SECONDS)
        .map(|(expiry, marks)| (*expiry, marks.iter().filter_map(telling).collect()))
        .filter(|(_, marks): &(i64, Vec<_>)| marks.len() >= 4)
        .collect();
    if near.len() < 2 {
        return 0;
    }
    let spread = |off: i64| {
        let of_expiry = |(expiry, marks): &(i64, Vec<(f64, f64, f64)>)| {
            let years = (*expiry - stamp - off) as f64 / super::legs::YEAR_SECONDS;
            let forwards = marks.iter().map(|mark| forward_of(*mark, years)).collect();
            median(forwards).map_or(0.0, |(_, spread)| spread)
        };
        near.iter().map(of_expiry).sum::<f64>()
    };
    let steps = STAMP_OFF_MAX / STAMP_STEP;
    let offs = (-steps..=steps).map(|step| step * STAMP_STEP);
    let best = offs.map(|off| (spread(off), off)).min_by(|a, b| a.0.total_cmp(&b.0));
    best.map_or(0, |(_, off)| off)
}

/// Strike, volatility and `d1` of a mark whose delta says enough.
fn telling(mark: &Mark) -> Option<(f64, f64, f64)> {
    let of_call = match mark.kind {
        Kind::Call => mark.delta,
        Kind::Put => mark.delta + 1.0,
    };
    let quote = mark.quote;
    if !DELTAS.contains(&of_call) {
        return None;
    }
    Some((quote.strike, quote.volatility, normal(of_call).ok()?))
}

/// The forward that a mark's delta says.
fn forward(mark: &Mark, years: f64) -> Option<f64> {
    telling(mark).map(|mark| forward_of(mark, years))
}

fn forward_of((strike, volatility, d1): (f64, f64, f64), years: f64) -> f64 {
    let deviation = volatility * libm::sqrt(years);
    strike * libm::exp(deviation * d1 - 0.5 * deviation * deviation)
}
