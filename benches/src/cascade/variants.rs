//! The same for perpetual contracts and for loans on three collaterals.

use super::{MINUTES, Plan, Regime, SEED, equal, processor_time, refused};
use crate::print::{Table, grouped};
use crate::{Failure, Result};
use breakwater_simulate::ScenarioError;
use breakwater_simulate::monte_carlo::baskets::{self, BasketBook, BasketRow, BasketRun};
use breakwater_simulate::monte_carlo::contracts::{ContractBook, ContractRules, ContractRun};
use breakwater_simulate::monte_carlo::{Impact, Rules};
use std::time::{Duration, Instant};

/// Most paths that are run again by asking everybody.
const JUDGED: u64 = 5;

/// One timed run.
#[derive(Debug, Clone, PartialEq)]
pub struct VariantFigures {
    /// Which book.
    pub name: &'static str,
    /// The market.
    pub regime: Regime,
    /// Threads that worked.
    pub threads: usize,
    /// Time on the wall.
    pub wall: Duration,
    /// Processor time.
    pub processor: Duration,
    /// Liquidations of all paths.
    pub liquidations: u64,
    /// Accounts liquidated at least once, over all paths.
    pub touched: u64,
    /// Accounts decided exactly, over all paths; where they were not counted, `None`.
    pub looked_at: Option<u64>,
    /// Of all rows.
    pub hash: String,
}

/// Runs one regime with every number of threads, after judging it.
///
/// # Errors
/// Two answers differ.
pub fn measure(plan: &Plan, regime: Regime) -> Result<Vec<VariantFigures>> {
    let mut all = contracts(plan, regime)?;
    all.extend(three(plan, regime)?);
    for pair in all.windows(2).filter(|pair| pair[0].name == pair[1].name) {
        if pair[0].hash != pair[1].hash {
            return Err(Failure::Differs(format!("{:?} and {:?}", pair[0], pair[1])));
        }
    }
    Ok(all)
}

fn contracts(plan: &Plan, regime: Regime) -> Result<Vec<VariantFigures>> {
    let book = ContractBook::drawn(plan.accounts, SEED).map_err(refused)?;
    let mut run = ContractRun {
        rules: ContractRules {
            maintenance_bps: 100,
            close_factor_bps: 5_000,
            fee_bps: 10,
            rounds_max: 8,
        },
        impact: Impact::Exponential { depth: book.open_interest() as f64 },
        law: regime.law(),
        steps: MINUTES,
        paths: plan.variants,
        seed: SEED,
        threads: 1,
    };
    let mut all = Vec::new();
    for threads in &plan.threads {
        run.threads = *threads;
        let (results, wall, processor) = timed(*threads, || run.run(&book))?;
        if all.is_empty() {
            for row in results.rows.iter().take(judged(plan)) {
                equal(row, &run.scan(&book, row.path).map_err(refused)?)?;
            }
        }
        all.push(VariantFigures {
            name: "contracts",
            regime,
            threads: *threads,
            wall,
            processor,
            liquidations: results.liquidations(),
            touched: results.rows.iter().map(|row| row.touched).sum(),
            looked_at: None,
            hash: results.hash(),
        });
    }
    Ok(all)
}

fn three(plan: &Plan, regime: Regime) -> Result<Vec<VariantFigures>> {
    let book = BasketBook::drawn(plan.accounts, SEED).map_err(refused)?;
    let depths = book.collateral().map(|sum| 2.0 * sum as f64);
    let mut run = BasketRun {
        rules: Rules::headline(),
        impacts: depths.map(|depth| Impact::Exponential { depth }),
        law: regime.law(),
        common: 0.8,
        steps: MINUTES,
        paths: plan.variants,
        seed: SEED,
        threads: 1,
    };
    let mut all = Vec::new();
    for threads in &plan.threads {
        run.threads = *threads;
        let (rows, wall, processor) = timed(*threads, || run.run(&book))?;
        if all.is_empty() {
            for row in rows.iter().take(judged(plan)) {
                let slow = run.scan(&book, row.path).map_err(refused)?;
                equal(row, &BasketRow { looked_at: row.looked_at, ..slow })?;
            }
        }
        all.push(VariantFigures {
            name: "three collaterals",
            regime,
            threads: *threads,
            wall,
            processor,
            liquidations: rows.iter().map(|row| row.liquidations).sum(),
            touched: rows.iter().map(|row| row.touched).sum(),
            looked_at: Some(rows.iter().map(|row| row.looked_at).sum()),
            hash: baskets::hash(&rows),
        });
    }
    Ok(all)
}

fn judged(plan: &Plan) -> usize {
    plan.judged.min(JUDGED) as usize
}

fn timed<T>(
    threads: usize,
    work: impl FnOnce() -> std::result::Result<T, ScenarioError>,
) -> Result<(T, Duration, Duration)> {
    let (begun, before) = (Instant::now(), processor_time(threads));
    let done = work().map_err(refused)?;
    Ok((done, begun.elapsed(), processor_time(threads) - before))
}

pub(super) fn print(plan: &Plan, all: &[VariantFigures]) {
    let mut table = Table::new(&[
        "book",
        "regime",
        "threads",
        "wall s",
        "CPU s",
        "account-minutes/s",
        "liquidations/s",
        "liquidations",
        "CPU ns each",
        "touched",
        "looked at a minute",
        "hash",
    ]);
    let covered = plan.variants as f64 * f64::from(plan.accounts);
    for figures in all {
        let (wall, processor) = (figures.wall.as_secs_f64(), figures.processor.as_secs_f64());
        let minutes = covered * f64::from(MINUTES);
        table.row(vec![
            figures.name.to_owned(),
            figures.regime.name().to_owned(),
            figures.threads.to_string(),
            format!("{wall:.3}"),
            format!("{processor:.3}"),
            format!("{:.3e}", minutes / wall),
            grouped((figures.liquidations as f64 / wall) as u64),
            grouped(figures.liquidations),
            format!("{:.1}", processor * 1e9 / figures.liquidations.max(1) as f64),
            format!("{:.2} %", 100.0 * figures.touched as f64 / covered),
            figures.looked_at.map_or("-".to_owned(), |looked_at| {
                format!("{:.3} %", 100.0 * looked_at as f64 / minutes)
            }),
            figures.hash.chars().take(16).collect(),
        ]);
    }
    println!("{table}");
    println!(
        "{} paths each, of which the first {} equal a scan of all accounts.",
        plan.variants,
        judged(plan)
    );
    println!();
}
