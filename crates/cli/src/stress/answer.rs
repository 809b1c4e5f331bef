//! The answer as JSON.

use super::SCHEMA;
use super::run::Ran;
use breakwater_simulate::worlds::rule::UNIT;
use breakwater_simulate::worlds::search::Table;
use breakwater_simulate::worlds::{CONFIDENCE, GENERATOR, Metric, stats};
use serde_json::{Value, json};

/// Quantiles of every metric, basis points.
const QUANTILES: [u32; 5] = [100, 500, 5_000, 9_500, 9_900];

/// A metric over all paths.
pub struct Summary {
    /// Which.
    pub metric: Metric,
    /// Its mean.
    pub mean: f64,
    /// 1, 5, 50, 95 and 99 %.
    pub quantiles: [f64; 5],
    /// The smallest and the largest.
    pub ends: (f64, f64),
}

/// What the world tells of its paths.
pub fn summaries(ran: &Ran) -> Vec<Summary> {
    let of = |metric: &Metric| {
        let mut figures = ran.outcome.figures(*metric, ran.world.driver, ran.world.fund);
        figures.sort_unstable_by(f64::total_cmp);
        let end = |figure: Option<&f64>| figure.copied().unwrap_or(0.0);
        Summary {
            metric: *metric,
            mean: figures.iter().sum::<f64>() / figures.len().max(1) as f64,
            quantiles: QUANTILES.map(|level| stats::quantile(&figures, level).value),
            ends: (end(figures.first()), end(figures.last())),
        }
    };
    ran.world.metrics.iter().map(of).collect()
}

/// Mean loss and where it went, over the paths at and beyond the value at risk: penalties, what of
/// them impact took, bad debt that the fund covers, bad debt that it does not.
pub struct Waterfall {
    /// Paths it is of.
    pub paths: usize,
    /// What borrowers paid beyond their debt, and bad debt.
    pub total: u128,
    /// Kept by liquidators.
    pub kept: u128,
    /// Lost by them to the impact of their own sales, at most what they were paid.
    pub impact: u128,
    /// Bad debt that the fund covers.
    pub covered: u128,
    /// Bad debt that it does not.
    pub open: u128,
}

/// The waterfall of the worst paths.
pub fn waterfall(ran: &Ran) -> Waterfall {
    let level = (ran.bad_debt.var.value * UNIT as f64).round() as u64;
    let worst: Vec<_> = ran.outcome.rows.iter().filter(|row| row.bad_debt >= level).collect();
    let count = worst.len().max(1) as u128;
    let mean = |sum: u128| sum / count;
    let penalty = mean(worst.iter().map(|row| row.penalty()).sum());
    let impact = mean(worst.iter().map(|row| row.impact_cost).sum()).min(penalty);
    let covered = mean(worst.iter().map(|row| u128::from(row.bad_debt.min(ran.world.fund))).sum());
    let open =
        mean(worst.iter().map(|row| u128::from(row.bad_debt.saturating_sub(ran.world.fund))).sum());
    Waterfall {
        paths: worst.len(),
        total: penalty + covered + open,
        kept: penalty - impact,
        impact,
        covered,
        open,
    }
}

/// Mean value repaid by round.
pub fn by_round(ran: &Ran) -> Vec<f64> {
    let count = ran.outcome.rows.len().max(1) as f64;
    let rounds = breakwater_simulate::worlds::ROUNDS;
    let of = |round: usize| {
        let sum: u128 =
            ran.outcome.rows.iter().map(|row| u128::from(row.seen.by_round[round])).sum();
        sum as f64 / UNIT as f64 / count
    };
    (0..rounds).map(of).collect()
}

fn units(raw: u128) -> f64 {
    raw as f64 / UNIT as f64
}

fn table(table: Option<&Table>) -> Value {
    let Some(table) = table else { return Value::Null };
    let keys: Vec<Value> = table
        .plan
        .keys
        .iter()
        .map(|(key, values)| {
            let values: Vec<String> = values.iter().map(ToString::to_string).collect();
            json!({ "field": key, "values": values })
        })
        .collect();
    json!({
        "keys": keys,
        "combinations": table.plan.len(),
        "paths": table.paths,
        "complete": table.cells.len() == table.plan.len(),
        "cells": table.cells,
    })
}

/// The answer.
pub fn of(ran: &Ran) -> Value {
    let world = &ran.world;
    let metrics: Vec<Value> = summaries(ran)
        .iter()
        .map(|one| {
            let [p1, p5, p50, p95, p99] = one.quantiles;
            json!({
                "name": one.metric.name(), "mean": one.mean, "p1": p1, "p5": p5, "p50": p50,
                "p95": p95, "p99": p99, "least": one.ends.0, "most": one.ends.1,
            })
        })
        .collect();
    let pairs = |rows: &[(String, String)]| -> Vec<Value> {
        rows.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect()
    };
    let keeps_sums = ran.outcome.rows.iter().all(|row| row.conserved.is_some());
    let data: Vec<Value> = world
        .provenance()
        .iter()
        .map(|(file, source, licence, hash)| {
            json!({ "file": file, "source": source, "licence": licence, "blake3": hash })
        })
        .collect();
    let losses = waterfall(ran);
    json!({
        "schema": SCHEMA,
        "world": world.file.name,
        "title": world.file.title,
        "rulebook": world.file.rulebook,
        "engine": ran.outcome.engine.name(),
        "generator": GENERATOR,
        "seed": world.seed,
        "paths": ran.outcome.paths,
        "paths_done": ran.outcome.rows.len(),
        "complete": ran.outcome.complete(),
        "steps": world.steps,
        "step_seconds": world.file.run.step_seconds,
        "driver": world.driver_name(),
        "book": { "accounts": world.size(), "collateral": units(world.collateral), "debt": units(world.debt) },
        "fund": units(world.fund.into()),
        "hash": ran.hash,
        "books_balance": keeps_sums.then(|| ran.outcome.unbalanced() == 0),
        "judged": { "paths": ran.judged.0, "differ": ran.judged.1 },
        "confidence": CONFIDENCE,
        "metrics": metrics,
        "bad_debt": ran.bad_debt,
        "uncovered": ran.uncovered,
        "funds": ran.funds,
        "worst_paths": {
            "paths": losses.paths, "loss": units(losses.total), "kept_by_liquidators": units(losses.kept),
            "impact": units(losses.impact), "covered": units(losses.covered), "open": units(losses.open),
        },
        "repaid_by_round": by_round(ran),
        "sweep": table(ran.sweep.as_ref()),
        "search": table(ran.search.as_ref()),
        "assumptions": pairs(&world.assumptions),
        "data": data,
    })
}
