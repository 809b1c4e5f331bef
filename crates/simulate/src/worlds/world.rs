//! A world: a file that was read, checked, and made ready to run.

use super::engine::scan;
use super::fast::{Ranked, Work};
use super::process::{Joint, MARKETS_MAX, Process};
use super::results::{Engine, Grid, Metric, Outcome, PathRow, Seen};
use super::rule::{Account, ONE, PerMarket, Rule, UNIT, sum};
use super::settings::{self, Kind, WorldFile};
use super::{build, tables::Tables};
use crate::ScenarioError;
use crate::monte_carlo::contracts::{ContractBook, ContractRun};
use crate::monte_carlo::{self, Done, Impact, MonteCarlo, Row, Steps};
use std::ops::ControlFlow;
use toml::Table;

/// One market.
#[derive(Debug, Clone, PartialEq)]
pub struct Market {
    /// Its name.
    pub name: String,
    /// What sales do to it.
    pub impact: Impact,
    /// Part of impact that is not permanent which recovers a step; zero if all of it stays.
    pub recovery: f64,
    /// Share of impact that stays.
    pub permanent: f64,
    /// Logarithm of one and the incentive.
    pub reward_log: f64,
}

/// A breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Breaker {
    /// Place of its market.
    pub market: usize,
    /// Fall from the highest price of the window.
    pub fall_bps: u32,
    /// Steps of the window.
    pub window_steps: u32,
    /// Steps without liquidations.
    pub pause_steps: u32,
}

/// Holders outside of the book.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Panic {
    /// Place of their market.
    pub market: usize,
    /// Base units.
    pub holdings: f64,
    /// Hazard a step.
    pub base: f64,
    /// Times the fall.
    pub per_fall: f64,
    /// Times the share of debt liquidated in the step before.
    pub per_liquidation: f64,
}

/// A book at some prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AtPrices {
    /// Accounts in breach.
    pub accounts: u64,
    /// What they owe, base units of the numeraire.
    pub debt: u128,
    /// Debt of all accounts that their collateral does not cover.
    pub bad_debt: u128,
}

/// A world, ready to run.
#[derive(Debug)]
pub struct World {
    /// The file as it is written, with what was set since.
    pub file: WorldFile,
    /// The same as a table.
    pub table: Table,
    /// Markets, by name.
    pub markets: Vec<Market>,
    /// How each price moves by itself.
    pub processes: Vec<Process>,
    /// Prices that move together.
    pub joint: Option<Joint>,
    /// Place of the market whose price is told.
    pub driver: usize,
    /// Accounts of a lending book.
    pub accounts: Vec<Account>,
    /// Positions of a perpetual book.
    pub contracts: Option<(ContractBook, monte_carlo::contracts::ContractRules)>,
    /// Value of all collateral, or open interest, at the first prices, base units.
    pub collateral: u128,
    /// Value of all debt, base units.
    pub debt: u128,
    /// Steps of a path.
    pub steps: u32,
    /// Paths.
    pub paths: u64,
    /// Of all draws.
    pub seed: u64,
    /// Insurance fund, base units.
    pub fund: u64,
    /// What is told.
    pub metrics: Vec<Metric>,
    /// What the file leaves to assumptions: name and value.
    pub assumptions: Vec<(String, String)>,
    pub(super) moving: [bool; MARKETS_MAX],
    pub(super) rule: Rule,
    pub(super) rounds_max: u32,
    pub(super) budget: u64,
    pub(super) limited: bool,
    pub(super) only_at_a_gain: bool,
    pub(super) breaker: Option<Breaker>,
    pub(super) panic: Option<Panic>,
    /// The same book for the headline's engine, where the world is that simple.
    pub(super) simple: Option<(monte_carlo::Book, monte_carlo::Rules)>,
    pub(super) tables: Tables,
}

/// Name of the generator of every draw.
pub const GENERATOR: &str = "Philox4x32-10 by counters: seed, path, step, purpose";

impl World {
    /// Opens a shipped world by name, or any by path.
    ///
    /// # Errors
    /// No such world, or the first thing wrong in it or its files.
    pub fn open(name: &str) -> Result<World, ScenarioError> {
        World::open_with(name, &[])
    }

    /// The same with fields set first: path of the field and value.
    ///
    /// # Errors
    /// As [`World::open`], and a path that names no field.
    pub fn open_with(
        name: &str,
        changes: &[(String, toml::Value)],
    ) -> Result<World, ScenarioError> {
        let (text, tables) = Tables::open(name)?;
        let table = settings::read(name, &text)?;
        build::build(name, changed(table, changes)?, tables)
    }

    /// Names and titles of the shipped worlds.
    #[must_use]
    pub fn shipped() -> &'static [(&'static str, &'static str)] {
        super::tables::SHIPPED_TITLES
    }

    /// The same world with some fields changed.
    ///
    /// # Errors
    /// A path that names no field, or a value that makes no sense.
    pub fn with(&self, changes: &[(String, toml::Value)]) -> Result<World, ScenarioError> {
        build::build(&self.file.name, changed(self.table.clone(), changes)?, self.tables.clone())
    }

    /// Where each table comes from: file, source, licence, blake3 of its bytes.
    #[must_use]
    pub fn provenance(&self) -> Vec<(String, String, String, String)> {
        self.tables.provenance(&self.file.sources)
    }

    /// What is kept of each path.
    #[must_use]
    pub fn grid(&self) -> Grid {
        Grid::new(self.steps, self.simple.is_some() || self.contracts.is_some())
    }

    /// Accounts or positions.
    #[must_use]
    pub fn size(&self) -> usize {
        match &self.contracts {
            Some((book, _)) => book.len(),
            None => self.accounts.len(),
        }
    }

    /// Name of the market whose price is told.
    #[must_use]
    pub fn driver_name(&self) -> &str {
        self.markets.get(self.driver).map_or("", |market| market.name.as_str())
    }

    /// Runs every path.
    ///
    /// # Errors
    /// A setting is out of range.
    pub fn run(&self, threads: usize) -> Result<Outcome, ScenarioError> {
        self.watched(threads, |_| ControlFlow::Continue(()))
    }

    /// Runs every path and tells after each how far it is; a break ends the run, as in
    /// [`MonteCarlo::watched`].
    ///
    /// # Errors
    /// A setting is out of range.
    pub fn watched(
        &self,
        threads: usize,
        watch: impl FnMut(Done) -> ControlFlow<()> + Send,
    ) -> Result<Outcome, ScenarioError> {
        let grid = self.grid();
        let (rows, engine) = if let Some((book, rules)) = &self.contracts {
            let run = self.positions(*rules, threads)?;
            let rows = run.observed(book, || Seen::new(grid), watch)?;
            (self.told(rows), Engine::Positions)
        } else if let Some((book, rules)) = &self.simple {
            let run = self.ordered(*rules, threads)?;
            let rows = run.observed(book, || Seen::new(grid), watch)?;
            (self.told(rows), Engine::Order)
        } else {
            let book = Ranked::new(self);
            let work = Work { book: &book };
            (monte_carlo::run::spread(&work, self.paths, threads, watch)?, Engine::Bounds)
        };
        Ok(Outcome { rows, paths: self.paths, grid, engine })
    }

    /// One path by asking every account in every round: judges the fast way. None for positions, whose
    /// own scan is in [`crate::monte_carlo::contracts`].
    #[must_use]
    pub fn scan(&self, path: u64) -> Option<PathRow> {
        self.scan_accounts(path).map(|(row, _)| row)
    }

    /// The same with the accounts as they are at its end.
    #[must_use]
    pub fn scan_accounts(&self, path: u64) -> Option<(PathRow, Vec<Account>)> {
        self.contracts.is_none().then(|| scan(self, path))
    }

    /// Accounts in breach at some prices, what they owe, and debt that nobody's collateral covers, at
    /// these prices and before anything is sold.
    #[must_use]
    pub fn at_prices(&self, prices: &PerMarket) -> AtPrices {
        let mut at = AtPrices::default();
        for account in &self.accounts {
            at.bad_debt += u128::from(account.uncovered(prices));
            if self.rule.in_breach(account, prices) {
                at.accounts += 1;
                at.debt += sum(&account.debt, prices) / u128::from(ONE);
            }
        }
        at
    }

    /// Whether a row is what asking every account in every round gives; none for a path that cannot be
    /// asked.
    #[must_use]
    pub fn judge(&self, row: &PathRow) -> Option<bool> {
        if let Some((book, rules)) = &self.contracts {
            let slow = self.positions(*rules, 1).ok()?.scan(book, row.path).ok()?;
            return Some(self.is_same(row, &slow));
        }
        if let Some((book, rules)) = &self.simple {
            let slow = self.ordered(*rules, 1).ok()?.scan(book, row.path).ok()?;
            return Some(self.is_same(row, &slow) && row.repaid == slow.repaid);
        }
        self.scan(row.path).map(|slow| slow == *row)
    }

    /// Whether the fields that both have are the same.
    fn is_same(&self, row: &PathRow, slow: &Row) -> bool {
        let prices = (row.prices[self.driver], row.troughs[self.driver]);
        prices == (slow.price, slow.trough)
            && (row.liquidations, row.touched) == (slow.liquidations, slow.touched)
            && (row.rounds_max, row.held) == (slow.rounds_max, slow.held)
            && row.bad_debt == slow.bad_debt
    }

    fn law(&self) -> Result<&monte_carlo::PathLaw, ScenarioError> {
        match self.processes.get(self.driver) {
            Some(Process::Law(law)) => Ok(law),
            _ => Err(ScenarioError::setting("markets", "a law is needed here")),
        }
    }

    fn ordered(
        &self,
        rules: monte_carlo::Rules,
        threads: usize,
    ) -> Result<MonteCarlo, ScenarioError> {
        Ok(MonteCarlo {
            rules,
            impact: self.markets[self.driver].impact,
            law: self.law()?.clone(),
            steps: self.steps,
            paths: self.paths,
            seed: self.seed,
            threads,
        })
    }

    fn positions(
        &self,
        rules: monte_carlo::contracts::ContractRules,
        threads: usize,
    ) -> Result<ContractRun, ScenarioError> {
        Ok(ContractRun {
            rules,
            impact: self.markets[self.driver].impact,
            law: self.law()?.clone(),
            steps: self.steps,
            paths: self.paths,
            seed: self.seed,
            threads,
        })
    }

    /// Rows of the headline's engines as rows of a world.
    fn told(&self, rows: Vec<(Row, Seen)>) -> Vec<PathRow> {
        let Ok(law) = self.law() else { return Vec::new() };
        let perpetual = self.contracts.is_some();
        let row = |(row, seen): (Row, Seen)| {
            let mut prices = [ONE; MARKETS_MAX];
            let mut troughs = prices;
            (prices[self.driver], troughs[self.driver]) = (row.price, row.trough);
            // What was closed, at its prices; the fee on it is what the venue was paid.
            let closed: u128 = seen.by_round.iter().map(|value| u128::from(*value)).sum();
            let (repaid, seized) = match perpetual {
                true => (closed, closed + row.repaid),
                false => (row.repaid, u128::from(seen.seized)),
            };
            PathRow {
                path: row.path,
                prices,
                troughs,
                alone_trough: alone(law, self.seed, row.path, self.steps),
                liquidations: row.liquidations,
                touched: row.touched,
                rounds_max: row.rounds_max,
                held: row.held,
                repaid,
                seized,
                impact_cost: seen.cost.into(),
                bad_debt: row.bad_debt,
                seen,
                ..PathRow::default()
            }
        };
        rows.into_iter().map(row).collect()
    }
}

/// The lowest price of a path that nobody's sales move.
fn alone(law: &monte_carlo::PathLaw, seed: u64, path: u64, count: u32) -> u64 {
    let mut steps = Steps::new(law, seed, path);
    let mut price = monte_carlo::impact::Price { units: ONE, held: 0 };
    let mut trough = ONE;
    for _ in 0..count {
        price = price.moved(libm::exp(steps.advance()));
        trough = trough.min(price.units);
    }
    trough
}

fn changed(mut table: Table, changes: &[(String, toml::Value)]) -> Result<Table, ScenarioError> {
    for (path, value) in changes {
        settings::set(&mut table, path, value.clone())?;
    }
    Ok(table)
}

/// Whether a file is of a perpetual book.
pub(super) fn is_perpetual(file: &WorldFile) -> bool {
    file.kind == Kind::Perpetual
}

/// Base units of an amount of the numeraire, rounded down.
pub(super) fn units(amount: f64) -> u64 {
    (amount * UNIT as f64) as u64
}
