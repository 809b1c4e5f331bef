//! Schedules a second, on one core.
//!
//! Closed forms are held against the optimum of an equality-constrained quadratic programme that
//! knows nothing of them: the costs written out by their definition, solved with full rows and
//! pivots. The programme is timed beside them at the sizes at which it is feasible.

use crate::print::{Table, grouped, machine, per_second, time};
use crate::runs::Runs;
use crate::{Failure, Options, Result};
use breakwater_execution::ModelError;
use breakwater_execution::models::{
    AlmgrenChriss, Kernel, LinearMarket, ObizhaevaWang, PowerLaw, PowerMarket, Proposal, Sale,
    TransientImpact,
};
use std::hint::black_box;
use std::time::Duration;

/// Units that every schedule sells.
const QUANTITY: f64 = 1e6;

/// Trades agree to this share of the quantity.
const AGREEMENT: f64 = 1e-9;

/// Sizes of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Slices of a schedule.
    pub sizes: Vec<usize>,
    /// Most slices of a programme or a Gram system.
    pub dense_most: usize,
    /// Schedules of one measurement, over slices.
    pub slices_timed: usize,
    /// Times each measurement is taken.
    pub rounds: usize,
}

impl Plan {
    /// The sizes that the options ask for.
    #[must_use]
    pub fn of(options: &Options) -> Plan {
        match options.quick {
            true => Plan { sizes: vec![10, 40], dense_most: 40, slices_timed: 400, rounds: 2 },
            false => Plan {
                sizes: vec![10, 100, 1_000],
                dense_most: 1_000,
                slices_timed: 1_000_000,
                rounds: 5,
            },
        }
    }
}

/// What one measurement gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    /// The model and the way.
    pub name: &'static str,
    /// Slices of each schedule.
    pub slices: usize,
    /// Schedules of one measurement.
    pub schedules: usize,
    /// Furthest that a trade was from the programme's, as a share of the quantity; none of what is
    /// the programme itself.
    pub apart: Option<f64>,
    /// Times.
    pub runs: Runs,
}

/// Measures and prints a table.
///
/// # Errors
/// Two answers differ.
pub fn run(options: &Options) -> Result<()> {
    println!("schedules: {}", machine());
    let mut table = Table::new(&["model", "slices", "schedules/s", "one takes", "from programme"]);
    for figures in measure(&Plan::of(options))? {
        let many = u32::try_from(figures.schedules).unwrap_or(u32::MAX).max(1);
        let one: Duration = figures.runs.median() / many;
        table.row(vec![
            figures.name.to_owned(),
            grouped(figures.slices as u64),
            per_second(figures.schedules as u64, figures.runs.median()),
            time(one),
            figures.apart.map_or_else(String::new, |apart| format!("{apart:.1e}")),
        ]);
    }
    println!("{table}");
    println!(
        "One core; the median run counts. The last column is the furthest trade, of the whole."
    );
    Ok(())
}

/// The figures of every model.
///
/// # Errors
/// Two answers differ.
pub fn measure(plan: &Plan) -> Result<Vec<Figures>> {
    let mut figures = Vec::new();
    for slices in plan.sizes.iter().copied() {
        let dense = slices <= plan.dense_most;
        for model in models(slices)? {
            let exact = match dense {
                true => Some((model.programme)()),
                false => None,
            };
            let found = (model.propose)().map_err(refused)?;
            let apart =
                exact.as_ref().map(|exact| furthest(model.name, &found, exact)).transpose()?;
            let many = (plan.slices_timed / (slices * model.weight)).max(1);
            let runs = Runs::of(plan.rounds, || {
                (0..many).for_each(|_| {
                    black_box((model.propose)().is_ok());
                });
            });
            let (name, schedules) = (model.name, many);
            figures.push(Figures { name, slices, schedules, apart, runs });
            if let (Some(name), true) = (model.programme_name, dense) {
                let runs = Runs::of(1, || {
                    black_box((model.programme)());
                });
                figures.push(Figures { name, slices, schedules: 1, apart: None, runs });
            }
        }
    }
    Ok(figures)
}

/// What a model proposes.
type Propose = Box<dyn Fn() -> core::result::Result<Proposal, ModelError>>;

/// One model at one size, with the programme that it is held against.
struct Model {
    name: &'static str,
    programme_name: Option<&'static str>,
    /// Work of a slice against one of a closed form, roughly, so that runs take alike.
    weight: usize,
    propose: Propose,
    programme: Box<dyn Fn() -> Vec<f64>>,
}

fn models(slices: usize) -> Result<Vec<Model>> {
    let sale = Sale { quantity: QUANTITY, horizon_days: 5.0, intervals: slices };
    let market = LinearMarket {
        volatility: 0.95,
        half_spread: 0.0625,
        temporary: 2.5e-6,
        permanent: 2.5e-7,
        drift_per_day: 0.0,
    };
    let linear = AlmgrenChriss { sale, market, risk_aversion: 1e-6 };
    let power = PowerLaw {
        sale,
        market: PowerMarket {
            volatility: market.volatility,
            half_spread: market.half_spread,
            temporary: market.temporary,
            exponent: 1.0,
            permanent: market.permanent,
            drift_per_day: 0.0,
        },
        risk_aversion: linear.risk_aversion,
    };
    let book = ObizhaevaWang {
        quantity: QUANTITY,
        horizon_days: 5.0,
        intervals: slices - 1,
        density: 5_000.0,
        resilience_per_day: 20.0,
        half_spread: 0.0,
        volatility: 0.0,
    };
    let exponential = Kernel::Exponential { rate_per_day: book.resilience_per_day };
    let slow = Kernel::PowerLaw { scale_days: 0.05, exponent: 0.5 };
    let at: Vec<f64> = (0..slices).map(|k| k as f64 * 5.0 / (slices - 1) as f64).collect();
    let gram = |kernel: &Kernel| gram_of(kernel, &at);
    let (of_book, of_slow) = (gram(&exponential), gram(&slow));
    let impact = TransientImpact::new(slow, book.density).map_err(refused)?;
    Ok(vec![
        Model {
            name: "linear impact, closed form",
            programme_name: Some("  the same by a quadratic programme"),
            weight: 1,
            propose: Box::new(move || linear.propose()),
            programme: Box::new(move || linear_programme(&linear)),
        },
        Model {
            name: "linear impact, by shooting",
            programme_name: None,
            weight: 100,
            propose: Box::new(move || power.propose()),
            programme: Box::new(move || linear_programme(&linear)),
        },
        Model {
            name: "block book, closed form",
            programme_name: Some("  the same by a quadratic programme"),
            weight: 1,
            propose: Box::new(move || book.propose()),
            programme: Box::new(move || quadratic_programme(&of_book, &vec![0.0; slices])),
        },
        Model {
            name: "power-law decay, Gram system with its check",
            programme_name: None,
            weight: slices * slices,
            propose: Box::new(move || impact.propose(QUANTITY, &at)),
            programme: Box::new(move || quadratic_programme(&of_slow, &vec![0.0; slices])),
        },
    ])
}

fn refused(error: ModelError) -> Failure {
    Failure::Refused { what: "schedule", why: error.to_string() }
}

fn furthest(name: &str, found: &Proposal, exact: &[f64]) -> Result<f64> {
    let pairs = found.trades.iter().zip(exact);
    let apart = pairs.map(|(found, exact)| (found - exact).abs()).fold(0.0, f64::max) / QUANTITY;
    if apart < AGREEMENT && found.trades.len() == exact.len() {
        return Ok(apart);
    }
    Err(Failure::Differs(format!("{name}: a trade is {apart:e} of the whole from the programme's")))
}

fn gram_of(kernel: &Kernel, at: &[f64]) -> Vec<Vec<f64>> {
    let row = |from: &f64| at.iter().map(|to| kernel.left((from - to).abs())).collect();
    at.iter().map(row).collect()
}

/// Costs of linear impact by their definition, as a programme over the trades.
fn linear_programme(problem: &AlmgrenChriss) -> Vec<f64> {
    let size = problem.sale.intervals;
    let tau = problem.sale.interval_days();
    let market = &problem.market;
    let risk = 2.0 * problem.risk_aversion * market.volatility * market.volatility * tau;
    let pace = 2.0 * (market.temporary - 0.5 * market.permanent * tau) / tau;
    // x_k = X - n_1 - ... - n_k for k < N: n_i and n_j meet in as many of them as follow both.
    let meet = |i: usize, j: usize| risk * (size - 1 - i.max(j)) as f64;
    let row = |i: usize| {
        (0..size).map(|j| meet(i, j) + if i == j { pace } else { 0.0 }).collect::<Vec<f64>>()
    };
    let linear: Vec<f64> = (0..size).map(|i| -QUANTITY * meet(i, i)).collect();
    quadratic_programme(&(0..size).map(row).collect::<Vec<_>>(), &linear)
}

/// `min n'Hn/2 + c'n` with trades that add up to the quantity: Gauss with pivots on the system of
/// its conditions.
fn quadratic_programme(hessian: &[Vec<f64>], linear: &[f64]) -> Vec<f64> {
    let size = linear.len();
    let mut rows: Vec<Vec<f64>> = hessian
        .iter()
        .zip(linear)
        .map(|(row, linear)| row.iter().copied().chain([1.0, -linear]).collect())
        .collect();
    rows.push((0..size).map(|_| 1.0).chain([0.0, QUANTITY]).collect());
    for pivot in 0..=size {
        let best =
            (pivot..=size).max_by(|a, b| rows[*a][pivot].abs().total_cmp(&rows[*b][pivot].abs()));
        rows.swap(pivot, best.unwrap_or(pivot));
        let (above, below) = rows.split_at_mut(pivot + 1);
        let chosen = &above[pivot];
        for row in below {
            let factor = row[pivot] / chosen[pivot];
            for (cell, chosen) in row.iter_mut().zip(chosen).skip(pivot) {
                *cell -= factor * chosen;
            }
        }
    }
    let mut solution = vec![0.0; size + 1];
    for row in (0..=size).rev() {
        let known: f64 = (row + 1..=size).map(|k| rows[row][k] * solution[k]).sum();
        solution[row] = (rows[row][size + 1] - known) / rows[row][row];
    }
    solution.truncate(size);
    solution
}
