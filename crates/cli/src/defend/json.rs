//! The answer as JSON: decimals as texts, counts as numbers.

use super::tables::{money, share};
use super::{SCHEMA, Told};
use breakwater_simulate::defending::{Measure, RunScore, Scored};
use serde_json::{Value, json};

/// The answer.
pub fn answer(told: &Told<'_>) -> Value {
    let (settings, found) = (&told.scenario.settings, told.found);
    let sets: Vec<Value> = found.sets.iter().map(set).collect();
    json!({
        "schema": SCHEMA,
        "scenario": settings.name,
        "kind": if told.replays() { "flows" } else { "run" },
        "seed": found.seed,
        "paths": found.paths,
        "unit": found.unit,
        "price_of": found.price_of,
        "changes": told.changes,
        "hash": found.hash,
        "defences": sets,
        "data": told.scenario.provenance().iter().map(|(file, source, licence, hash)| {
            json!({ "file": file, "source": source, "licence": licence, "blake3": hash })
        }).collect::<Vec<_>>(),
    })
}

fn set(set: &Scored) -> Value {
    let maybe = |value: Option<f64>| value.map(share);
    let paths: Vec<Value> = set
        .runs
        .iter()
        .zip(&set.false_trips)
        .map(|(run, false_trips)| path(run, *false_trips))
        .collect();
    json!({
        "name": set.name,
        "rules": set.told,
        "bad_debt": money(set.mean(Measure::BadDebt)),
        "bad_debt_worst": money(set.worst(Measure::BadDebt)),
        "trapped_value_hours": money(set.mean(Measure::Trapped)),
        "held_back_value_hours": money(set.mean(Measure::HeldBack)),
        "trips": money(set.mean(Measure::Trips)),
        "false_trips": money(set.false_trips_mean()),
        "trough_price": format!("{:.4}", set.mean(Measure::Trough)),
        "trough_price_worst": format!("{:.4}", set.worst(Measure::Trough)),
        "users_hurt_share": share(set.mean(Measure::Hurt)),
        "got_out_share": share(set.mean(Measure::GotOut)),
        "got_out_large_share": maybe(set.mean_of(|run| run.got_out_large)),
        "got_out_small_share": maybe(set.mean_of(|run| run.got_out_small)),
        "liquidated": money(set.mean(Measure::Liquidated)),
        "runs": paths,
    })
}

fn path(run: &RunScore, false_trips: u32) -> Value {
    json!({
        "bad_debt": money(run.bad_debt),
        "trapped_value_hours": money(run.trapped_value_hours),
        "held_back_value_hours": money(run.held_back_value_hours),
        "trips": run.trips,
        "false_trips": false_trips,
        "trough_price": format!("{:.4}", run.trough_price),
        "users_hurt": run.users_hurt,
        "dragged": run.dragged,
        "users": run.users,
        "wanted": money(run.wanted),
        "got_out_share": share(run.got_out),
        "liquidated": money(run.liquidated),
        "predator_gain": money(run.predator_gain),
        "state_hash": run.state_hash,
    })
}
