//! The same world with other values: tables, a front of the best, and the size of a fund.
//!
//! Every combination has the same seed, so that differences are those of the values and not of the
//! draws (common random numbers). A front keeps whatever nothing else beats in every aim.

use super::results::{Metric, Outcome};
use super::stats::{Interval, Tail, quantile, tail};
use super::world::World;
use crate::ScenarioError;
use crate::monte_carlo::Done;
use crate::monte_carlo::error::refuse;
use serde::Serialize;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use toml::Value;

/// Most combinations of one table.
pub const CELLS_MAX: usize = 1_000;

/// Values to try, by the path of their field.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    /// Fields and their values.
    pub keys: Vec<(String, Vec<Value>)>,
}

impl Plan {
    /// A plan of what a file says.
    ///
    /// # Errors
    /// No field, a field without values, or too many combinations.
    pub fn of(keys: &BTreeMap<String, Vec<Value>>) -> Result<Plan, ScenarioError> {
        let keys = keys.iter().map(|(key, values)| (key.clone(), values.clone())).collect();
        Plan::new(keys)
    }

    /// A plan of fields and values, in order.
    ///
    /// # Errors
    /// As [`Plan::of`], and a field that stands twice.
    pub fn new(keys: Vec<(String, Vec<Value>)>) -> Result<Plan, ScenarioError> {
        if keys.is_empty() {
            return Err(refuse("sweep.keys", "nothing", "at least one field with values"));
        }
        let mut cells = 1usize;
        for (number, (key, values)) in keys.iter().enumerate() {
            if values.is_empty() {
                return Err(refuse(&format!("sweep.keys.{key}"), "nothing", "at least one value"));
            }
            if keys[..number].iter().any(|(known, _)| known == key) {
                return Err(refuse(&format!("sweep.keys.{key}"), "twice", "each field once"));
            }
            cells = cells.saturating_mul(values.len());
        }
        match cells <= CELLS_MAX {
            true => Ok(Plan { keys }),
            false => Err(refuse("sweep.keys", cells, &format!("at most {CELLS_MAX} combinations"))),
        }
    }

    /// Combinations.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.iter().map(|(_, values)| values.len()).product()
    }

    /// Whether there is nothing to try.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// One combination; the last field turns fastest.
    #[must_use]
    pub fn cell(&self, number: usize) -> Vec<(String, Value)> {
        let mut left = number;
        let mut cell = Vec::new();
        for (key, values) in self.keys.iter().rev() {
            cell.push((key.clone(), values[left % values.len()].clone()));
            left /= values.len();
        }
        cell.reverse();
        cell
    }
}

/// What one combination gave.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cell {
    /// The values, in the order of the plan, as they are written.
    pub values: Vec<String>,
    /// Paths that were run.
    pub paths: u64,
    /// Bad debt beyond the fund.
    pub loss: Tail,
    /// Mean paid to liquidators.
    pub penalty: f64,
    /// Mean number of liquidations.
    pub liquidations: f64,
    /// Mean of the lowest price.
    pub trough: f64,
    /// Debt of the book at the start.
    pub debt: f64,
    /// The fund.
    pub fund: f64,
    /// Whether nothing else of the table is at least as good in every aim and better in one.
    pub on_front: bool,
    /// Hash over the rows.
    pub hash: String,
}

impl Cell {
    /// Aims, all to be small: shortfall, paid by borrowers, fund, and debt that is not lent.
    fn aims(&self) -> [f64; 4] {
        [self.loss.shortfall.value, self.penalty, self.fund, -self.debt]
    }
}

/// The cells of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// What was tried.
    pub plan: Plan,
    /// Paths of each combination.
    pub paths: u64,
    /// One a combination that was finished, in order.
    pub cells: Vec<Cell>,
}

/// Written as on a command line.
fn written(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Runs every combination of a plan; a break leaves out the one that runs and those after it.
/// Paths are counted over the whole table.
///
/// # Errors
/// A field that does not exist, or a value that makes no sense.
pub fn table(
    world: &World,
    plan: &Plan,
    paths: u64,
    threads: usize,
    mut watch: impl FnMut(Done) -> ControlFlow<()> + Send,
) -> Result<Table, ScenarioError> {
    let mut cells = Vec::new();
    let of = paths * plan.len() as u64;
    let mut liquidations = 0;
    for number in 0..plan.len() {
        let mut changes = plan.cell(number);
        let values = changes.iter().map(|(_, value)| written(value)).collect();
        let count = i64::try_from(paths).unwrap_or(i64::MAX);
        changes.push(("run.paths".to_owned(), Value::Integer(count)));
        let tried = world.with(&changes)?;
        let before = paths * number as u64;
        let mut last = 0;
        let outcome = tried.watched(threads, |done| {
            last = done.liquidations;
            let liquidations = liquidations + done.liquidations;
            watch(Done { paths: before + done.paths, of, liquidations })
        })?;
        liquidations += last;
        if !outcome.complete() {
            break;
        }
        cells.push(cell(&tried, &outcome, values)?);
    }
    let mut table = Table { plan: plan.clone(), paths, cells };
    front(&mut table.cells);
    Ok(table)
}

fn cell(world: &World, outcome: &Outcome, values: Vec<String>) -> Result<Cell, ScenarioError> {
    let figures = |metric| outcome.figures(metric, world.driver, world.fund);
    let mean = |metric| {
        let figures = figures(metric);
        figures.iter().sum::<f64>() / figures.len().max(1) as f64
    };
    Ok(Cell {
        values,
        paths: outcome.rows.len() as u64,
        loss: tail(&figures(Metric::Uncovered), world.file.run.level_bps, world.seed)?,
        penalty: mean(Metric::Penalty),
        liquidations: mean(Metric::Liquidations),
        trough: mean(Metric::Trough),
        debt: world.debt as f64 / super::rule::UNIT as f64,
        fund: world.fund as f64 / super::rule::UNIT as f64,
        on_front: false,
        hash: outcome.hash(),
    })
}

/// Marks what nothing else beats (Pareto): equals stay together.
pub fn front(cells: &mut [Cell]) {
    let aims: Vec<[f64; 4]> = cells.iter().map(Cell::aims).collect();
    for (cell, mine) in cells.iter_mut().zip(&aims) {
        let beats = |other: &[f64; 4]| {
            let pairs = || other.iter().zip(mine);
            pairs().all(|(other, mine)| other <= mine) && pairs().any(|(other, mine)| other < mine)
        };
        cell.on_front = !aims.iter().any(beats);
    }
}

/// A fund that covers a share of paths.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct FundRow {
    /// Share of paths that it covers whole, basis points.
    pub level_bps: u32,
    /// Its size: value at risk of the bad debt.
    pub size: Interval,
    /// Mean of what it does not cover, over all paths.
    pub uncovered: f64,
    /// The same over the paths in which it does not suffice.
    pub uncovered_then: f64,
}

/// Levels that are told beside the one asked for, basis points.
pub const LEVELS: [u32; 5] = [9_000, 9_500, 9_900, 9_950, 9_990];

/// Funds by the share of paths that they cover.
///
/// # Errors
/// A level that is none.
pub fn sizes(losses: &[f64], levels: &[u32]) -> Result<Vec<FundRow>, ScenarioError> {
    levels.iter().map(|level| fund_for(losses, *level)).collect()
}

/// The fund that covers a share of paths.
///
/// # Errors
/// A level that is none.
pub fn fund_for(losses: &[f64], level_bps: u32) -> Result<FundRow, ScenarioError> {
    if !(1..10_000).contains(&level_bps) {
        return Err(refuse("level", level_bps, "1 to 9999 basis points"));
    }
    let mut sorted = losses.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let size = quantile(&sorted, level_bps);
    let beyond: Vec<f64> =
        sorted.iter().map(|loss| loss - size.value).filter(|rest| *rest > 0.0).collect();
    let sum: f64 = beyond.iter().sum();
    Ok(FundRow {
        level_bps,
        size,
        uncovered: sum / sorted.len().max(1) as f64,
        uncovered_then: sum / beyond.len().max(1) as f64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_turns_its_last_field_fastest_and_refuses_what_makes_none() {
        let numbers =
            |values: &[i64]| values.iter().copied().map(Value::Integer).collect::<Vec<_>>();
        let keys = vec![("a".to_owned(), numbers(&[1, 2])), ("b".to_owned(), numbers(&[3, 4, 5]))];
        let plan = Plan::new(keys.clone()).unwrap();
        let cell = |number| plan.cell(number).iter().map(|(_, v)| written(v)).collect::<Vec<_>>();
        assert_eq!(
            (plan.len(), cell(0), cell(4)),
            (6, vec!["1".into(), "3".into()], vec!["2".into(), "4".into()])
        );
        let wrong = |keys| Plan::new(keys).unwrap_err().to_string();
        assert!(wrong(vec![]).contains("at least one field"));
        assert!(wrong(vec![("a".into(), vec![])]).contains("at least one value"));
        assert!(wrong([keys.clone(), keys].concat()).contains("each field once"));
        assert!(wrong(vec![("a".into(), numbers(&[0; 1_001]))]).contains("at most 1000"));
    }

    #[test]
    fn a_front_keeps_what_nothing_beats() {
        let cell = |shortfall: f64, penalty: f64| Cell {
            values: vec![],
            paths: 1,
            loss: Tail {
                shortfall: Interval { value: shortfall, low: None, high: None },
                ..tail(&[0.0], 9_900, 1).unwrap()
            },
            penalty,
            liquidations: 0.0,
            trough: 1.0,
            debt: 1.0,
            fund: 0.0,
            on_front: false,
            hash: String::new(),
        };
        let mut cells =
            vec![cell(1.0, 5.0), cell(2.0, 2.0), cell(3.0, 3.0), cell(5.0, 1.0), cell(2.0, 2.0)];
        front(&mut cells);
        let on: Vec<bool> = cells.iter().map(|cell| cell.on_front).collect();
        assert_eq!(on, [true, true, false, true, true]);
    }

    #[test]
    fn a_fund_covers_its_share_of_paths() {
        let losses: Vec<f64> = (1..=1_000).map(f64::from).collect();
        let row = fund_for(&losses, 9_900).unwrap();
        assert_eq!(row.size.value, 990.0);
        assert!((row.uncovered - 0.055).abs() < 1e-12 && (row.uncovered_then - 5.5).abs() < 1e-12);
        assert!(row.size.low.unwrap() < 990.0 && row.size.high.unwrap() > 990.0);
        assert!(fund_for(&losses, 0).is_err());
        let none = fund_for(&[], 9_900).unwrap();
        assert_eq!((none.size.value, none.uncovered), (0.0, 0.0));
    }
}
