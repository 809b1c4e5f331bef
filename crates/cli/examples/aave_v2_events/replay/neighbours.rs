//! Events without prices: what price each implies, against the events just before and after it.
//!
//! An event of one pair gives `debt * bonus / collateral`, the price of the collateral in the debt. The
//! bonus is the snapshot's and cancels between neighbours. ETH against any dollar token is one series,
//! the price of ETH in dollars, whichever side it stands on; every other pair is a series of its own.

use std::collections::BTreeMap;

use breakwater_money::rational::{Rational, from_raw};
use jiff::SignedDuration;

use super::deviation;
use super::events::{AssetKey, Event, Reserve};

/// Tokens that stand for a dollar.
const DOLLARS: [&str; 11] =
    ["BUSD", "DAI", "FEI", "FRAX", "GUSD", "PAX", "SUSD", "TUSD", "USDC", "USDT", "UST"];

/// ETH as the venue holds it.
const ETH: &str = "WETH";

/// A spike is an event whose neighbours on both sides lie within this time,
const SPIKE_BESIDE: SignedDuration = SignedDuration::from_mins(10);
/// agree with each other to this many parts per million,
const SPIKE_AGREE_PPM: i128 = 10_000;
/// and are left by it by more than this.
pub const SPIKE_PPM: i128 = 20_000;

/// Which events are compared with each other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Series {
    /// ETH in dollars.
    EthInDollars,
    /// One asset in another of the same market.
    Pair(String, String, String),
}

/// One event beside its neighbours.
#[derive(Debug, Clone)]
pub struct Beside<'a> {
    /// The event.
    pub event: &'a Event,
    /// Its series.
    pub series: Series,
    /// The price it implies.
    pub price: Rational,
    /// Time to the nearer neighbour; none for an event alone in its series.
    pub away: Option<SignedDuration>,
    /// How far the price lies from the nearer neighbour's.
    pub from_nearer: Option<Rational>,
    /// How far it lies outside what its two neighbours span, when both are close and agree.
    pub spike: Option<Rational>,
}

/// The price an event implies and the series it belongs to. Same-asset events imply none.
#[must_use]
pub fn implied(
    event: &Event,
    reserves: &BTreeMap<AssetKey, Reserve>,
) -> Option<(Series, Rational)> {
    if event.is_of_one_asset() {
        return None;
    }
    let (taken, repaid) = (&event.collateral, &event.debt);
    let key = (event.market.clone(), taken.symbol.clone());
    let snapshot = reserves.get(&key).map_or(0, |reserve| reserve.bonus_bps);
    let bonus = from_raw(i128::from(if snapshot == 0 { 10_000 } else { snapshot }), 4);
    let price = repaid.whole() * bonus / taken.whole();
    let is_dollar = |symbol: &str| DOLLARS.contains(&symbol);
    if taken.symbol == ETH && is_dollar(&repaid.symbol) {
        return Some((Series::EthInDollars, price));
    }
    if repaid.symbol == ETH && is_dollar(&taken.symbol) {
        return Some((Series::EthInDollars, price.recip()));
    }
    let (market, taken, repaid) = (&event.market, &taken.symbol, &repaid.symbol);
    Some((Series::Pair(market.clone(), taken.clone(), repaid.clone()), price))
}

/// Puts every event that implies a price beside its neighbours. `events` must be in the order of time.
#[must_use]
pub fn compare<'a>(
    events: impl Iterator<Item = &'a Event>,
    reserves: &BTreeMap<AssetKey, Reserve>,
) -> Vec<Beside<'a>> {
    let mut by_series: BTreeMap<Series, Vec<(&Event, Rational)>> = BTreeMap::new();
    for event in events {
        if let Some((series, price)) = implied(event, reserves) {
            by_series.entry(series).or_default().push((event, price));
        }
    }
    let mut all = Vec::new();
    for (series, list) in &by_series {
        for (at, (event, price)) in list.iter().enumerate() {
            let before = at.checked_sub(1).and_then(|before| list.get(before));
            let neighbours = [before, list.get(at + 1)];
            let away = |other: &(&Event, Rational)| event.time.duration_since(other.0.time).abs();
            let nearer = neighbours.into_iter().flatten().min_by_key(|other| away(other));
            all.push(Beside {
                event,
                series: series.clone(),
                price: price.clone(),
                away: nearer.map(away),
                from_nearer: nearer.map(|other| deviation(price, &other.1)),
                spike: match neighbours {
                    [Some(before), Some(after)]
                        if away(before).max(away(after)) <= SPIKE_BESIDE =>
                    {
                        outside(price, &before.1, &after.1)
                    }
                    _ => None,
                },
            });
        }
    }
    all
}

fn outside(price: &Rational, before: &Rational, after: &Rational) -> Option<Rational> {
    let (low, high) = if before < after { (before, after) } else { (after, before) };
    if deviation(high, low) > from_raw(SPIKE_AGREE_PPM, 6) {
        return None;
    }
    Some(if price > high {
        deviation(price, high)
    } else if price < low {
        deviation(price, low)
    } else {
        from_raw(0, 0)
    })
}
