//! Chains of bids and asks: the forward by the parity of calls and puts, `F = K + C - P`, the volatility
//! from the middle price of whichever is out of the money.

use super::chain::{
    Chain, ChainQuote, ExpiryQuotes, Snapshot, float, float_or_none, is_due, kind, median, seconds,
    strike, strike_key,
};
use crate::ScenarioError;
use crate::table::Table;
use breakwater_options::{Kind, Quote, Side, implied_volatility_ppm};
use std::collections::BTreeMap;

/// Hour of the day at which options expire, in the clock of the quotes.
pub(super) const EXPIRY_HOUR: i8 = 16;

/// Largest volatility that is looked for: 1,000 %.
const VOLATILITY_MAX_PPM: u64 = 10_000_000;

/// Strikes nearest to the money whose parity is believed.
const PARITIES: usize = 3;

/// Bid, ask and middle of one option.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Prices {
    pub bid: f64,
    pub ask: f64,
}

impl Prices {
    fn middle(&self) -> f64 {
        0.5 * (self.bid + self.ask)
    }
}

/// Prices of one expiry by strike and kind.
pub(super) type Strikes = BTreeMap<(i64, Kind), (f64, Prices)>;

pub(super) fn read(table: &Table, every: i64, chain: &mut Chain) -> Result<(), ScenarioError> {
    let mut by_time: BTreeMap<i64, BTreeMap<i64, Strikes>> = BTreeMap::new();
    for row in &table.rows {
        let (at, expiry) = (seconds(row, "time_ny", 0)?, seconds(row, "expiry", EXPIRY_HOUR)?);
        let (kind, strike) = (kind(row, "right")?, strike(row)?);
        let (bid, ask) = (float_or_none(row, "bid")?, float_or_none(row, "ask")?);
        let (bid_size, ask_size) = (float(row, "bid_size")?, float(row, "ask_size")?);
        let (Some(bid), Some(ask)) = (bid, ask) else {
            chain.leave_out("one side only");
            continue;
        };
        if bid_size <= 0.0 || ask_size <= 0.0 {
            chain.leave_out("no depth");
        } else if bid > ask || bid < 0.0 {
            chain.leave_out("bid above ask");
        } else if expiry <= at {
            chain.leave_out("expired");
        } else {
            let strikes = by_time.entry(at).or_default().entry(expiry).or_default();
            strikes.insert((strike_key(strike), kind), (strike, Prices { bid, ask }));
        }
    }
    push(by_time, every, chain);
    Ok(())
}

/// Adds the snapshots of prices by time and expiry.
pub(super) fn push(by_time: BTreeMap<i64, BTreeMap<i64, Strikes>>, every: i64, chain: &mut Chain) {
    let mut before = None;
    for (at, expiries) in by_time {
        if !is_due(before, at, every) {
            continue;
        }
        let mut snapshot = Snapshot { at_seconds: at, expiries: BTreeMap::new() };
        for (expiry, strikes) in expiries {
            let Some((forward, forward_spread)) = parity(&strikes) else {
                chain.leave_out("expiry without a strike that has call and put");
                continue;
            };
            let years = snapshot.years_to(expiry);
            let mut quotes = BTreeMap::new();
            for (strike, call_or_put) in outside(&strikes, forward) {
                match volatilities(call_or_put, strike, forward, years) {
                    // Call and put of a strike have one volatility.
                    Some(quote) => {
                        quotes.insert((strike_key(strike), Kind::Call), quote);
                        quotes.insert((strike_key(strike), Kind::Put), quote);
                    }
                    None => chain.leave_out("price that no volatility gives"),
                }
            }
            snapshot.expiries.insert(expiry, ExpiryQuotes { forward, forward_spread, quotes });
        }
        if !snapshot.expiries.is_empty() {
            before = Some(at);
            chain.snapshots.push(snapshot);
        }
    }
}

/// The forward by parity of the strikes where call and put are closest.
fn parity(strikes: &Strikes) -> Option<(f64, f64)> {
    let both = strikes.iter().filter_map(|((key, kind), (strike, call))| {
        let (_, put) = (*kind == Kind::Call).then(|| strikes.get(&(*key, Kind::Put)))??;
        let difference = call.middle() - put.middle();
        Some((difference.abs(), strike + difference))
    });
    let mut both: Vec<(f64, f64)> = both.filter(|(_, forward)| *forward > 0.0).collect();
    both.sort_by(|a, b| a.0.total_cmp(&b.0));
    median(both.into_iter().take(PARITIES).map(|(_, forward)| forward).collect())
}

/// The out-of-the-money option of each strike that has it.
fn outside(strikes: &Strikes, forward: f64) -> Vec<(f64, (Kind, Prices))> {
    let is_outside = |kind: Kind, strike: f64| (strike >= forward) == (kind == Kind::Call);
    let those = strikes.iter().filter(|((_, kind), (strike, _))| is_outside(*kind, *strike));
    those.map(|((_, kind), (strike, prices))| (*strike, (*kind, *prices))).collect()
}

fn volatilities(
    (kind, prices): (Kind, Prices),
    strike: f64,
    forward: f64,
    years: f64,
) -> Option<ChainQuote> {
    let quote = Quote { kind, forward, strike, years, volatility: 0.0, rate: 0.0 };
    let implied = |price: f64| {
        let ppm = implied_volatility_ppm(&quote, price, Side::Long, VOLATILITY_MAX_PPM).ok()?;
        Some(ppm as f64 * 1e-6)
    };
    let sides = implied(prices.bid).zip(implied(prices.ask));
    Some(ChainQuote { strike, volatility: implied(prices.middle())?, sides })
}
