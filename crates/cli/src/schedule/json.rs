//! The answer for programs: decimals as texts.

use super::SCHEMA;
use super::market::Market;
use super::text::clock;
use super::worked::{Way, Worked};
use crate::failure::Failure;
use breakwater_execution::estimate::Estimate;
use breakwater_money::decimal;
use serde_json::{Value, json};

/// A float as a decimal that reads back as it.
pub fn plain(value: f64) -> String {
    let text = format!("{value}");
    if text == "-0" { "0".to_owned() } else { text }
}

/// The whole answer.
pub fn answer(market: &Market, worked: &Worked) -> Result<Value, Failure> {
    let raw = |raw: u128| decimal::format_raw(raw, market.decimals);
    let mut left = market.base_units;
    let mut slices = Vec::new();
    for slice in &worked.schedule.slices {
        left = left
            .checked_sub(slice.quantity)
            .ok_or_else(|| Failure::Internal("the slices are more than the quantity".to_owned()))?;
        slices.push(json!({
            "after_nanos": slice.after_nanos.to_string(),
            "after": clock(slice.after_nanos),
            "quantity": raw(slice.quantity),
            "left": raw(left),
        }));
    }
    let linear = market.linear.map(|linear| {
        json!({
            "volatility": plain(linear.volatility),
            "half_spread": plain(linear.half_spread),
            "temporary": plain(linear.temporary),
            "permanent": plain(linear.permanent),
            "drift_per_day": plain(linear.drift_per_day),
            "source": market.source,
        })
    });
    let depth = market.depth.map(|depth| {
        json!({
            "coefficient": estimate(&depth.coefficient),
            "exponent": estimate(&depth.exponent),
            "linear": estimate(&depth.linear),
            "best": plain(depth.best),
            "r_squared": plain(depth.r_squared),
        })
    });
    let frontier: Vec<Value> = worked
        .frontier
        .iter()
        .map(|point| {
            json!({
                "risk_aversion": plain(point.risk_aversion),
                "expected": plain(point.expected),
                "deviation": plain(point.deviation),
            })
        })
        .collect();
    Ok(json!({
        "schema": SCHEMA,
        "model": market.model.name(),
        "quantity": raw(market.base_units),
        "lot": raw(market.lot),
        "price": market.settings.price.as_ref().map(|price| &price.text),
        "horizon_days": plain(market.sale.horizon_days),
        "intervals": market.sale.intervals,
        "confidence": plain(market.confidence),
        "z": plain(worked.z),
        "risk_aversion": worked.risk_aversion.map(plain),
        "risk_aversion_sought": worked.sought,
        "half_life_days": worked.half_life_days.map(plain),
        "linear_market": linear,
        "depth": depth,
        "slices": slices,
        "ways": worked.ways.iter().map(|way| one(market, worked, way)).collect::<Vec<_>>(),
        "frontier": frontier,
        "cautions": worked.cautions,
    }))
}

fn one(market: &Market, worked: &Worked, way: &Way) -> Value {
    let value = market.sale.quantity * market.price;
    json!({
        "name": way.name,
        "expected": plain(way.cost.expected),
        "expected_bps": plain(way.cost.expected_bps(value)),
        "deviation": plain(way.cost.deviation()),
        "value_at_risk": plain(way.cost.value_at_risk(worked.z)),
        "at_days": way.proposal.at_days.iter().copied().map(plain).collect::<Vec<_>>(),
        "trades": way.proposal.trades.iter().copied().map(plain).collect::<Vec<_>>(),
    })
}

fn estimate(estimate: &Estimate) -> Value {
    json!({
        "point": plain(estimate.point),
        "standard_error": plain(estimate.standard_error),
        "low": plain(estimate.low),
        "high": plain(estimate.high),
        "samples": estimate.samples,
    })
}
