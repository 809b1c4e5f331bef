//! The same for perpetual contracts: longs and shorts of one contract, closed by force.
//!
//! An account holds `q` base units long or short and cash `k`, which is its margin less what a long
//! paid, or plus what a short received, at entry. Its equity is `k + q p` or `k - q p`; it is in breach
//! if that is below `maintenance q p` (strict). Longs come into breach as the price falls and shorts
//! as it rises, so there are two orders and two queues; all else is as for loans. In a round everybody
//! in breach, on both sides, closes a part of the position at one price: the close factor's part,
//! rounded up, or all of it once equity is not above zero; a fee on what is closed is taken. What longs
//! sold less what shorts bought moves the price by [`Impact`], up if it is negative.

mod path;
mod scan;
#[cfg(test)]
mod tests;

use super::error::refuse;
use super::impact::Impact;
use super::law::{PathLaw, Steps};
use super::observe::Observer;
use super::results::{Results, Row};
use super::rules::{AMOUNT_LIMIT, BPS, ONE_MAX, PRICE_MAX};
use super::run::{Done, Paths, spread};
use crate::ScenarioError;
use crate::perpetuals::draw::{above_zero, philox};
use path::{Overlay, Ranked};
use std::f64::consts::TAU;
use std::ops::ControlFlow;

const DRAW_SIZE: u32 = 0x4D43_1100;
const DRAW_LEVERAGE: u32 = 0x4D43_1101;

/// A position with its cash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contract {
    /// Long, or short.
    pub long: bool,
    /// Base units.
    pub size: u64,
    /// Base units of the money, at either side of zero below [`AMOUNT_LIMIT`].
    pub cash: i64,
}

/// When positions are closed and how much of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContractRules {
    /// Equity over value of the position below which an account is in breach, 0 to 5,000 bps.
    pub maintenance_bps: u32,
    /// Part that one liquidation closes, 1 to 10,000 bps.
    pub close_factor_bps: u32,
    /// Fee on the value that is closed, 0 to 5,000 bps.
    pub fee_bps: u32,
    /// Most rounds of one step, at least one.
    pub rounds_max: u32,
}

/// What is run, as in [`super::MonteCarlo`].
#[derive(Debug, Clone, PartialEq)]
pub struct ContractRun {
    /// When positions are closed and how much of them.
    pub rules: ContractRules,
    /// What net sales do to the price.
    pub impact: Impact,
    /// How the price moves by itself.
    pub law: PathLaw,
    /// Steps of a path, at least one.
    pub steps: u32,
    /// Paths.
    pub paths: u64,
    /// Of all draws.
    pub seed: u64,
    /// Threads, at least one.
    pub threads: usize,
}

/// Positions and the price they begin at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContractBook {
    one: u64,
    price: u64,
    contracts: Vec<Contract>,
}

impl ContractBook {
    /// A book. `one` price units make one base unit of money for one base unit of the contract.
    ///
    /// # Errors
    /// A price, a size or cash is out of range, or the sizes together are.
    pub fn new(
        one: u64,
        price: u64,
        contracts: Vec<Contract>,
    ) -> Result<ContractBook, ScenarioError> {
        if !(1..=ONE_MAX).contains(&one) {
            return Err(refuse("book.one", one, &format!("1 to {ONE_MAX} price units")));
        }
        if !(1..=PRICE_MAX).contains(&price) {
            return Err(refuse("book.price", price, &format!("1 to {PRICE_MAX} price units")));
        }
        let right = format!("below {AMOUNT_LIMIT} base units");
        for (number, contract) in contracts.iter().enumerate() {
            if contract.size >= AMOUNT_LIMIT {
                let field = format!("book.contracts[{number}].size");
                return Err(refuse(&field, contract.size, &right));
            }
            if contract.cash.unsigned_abs() >= AMOUNT_LIMIT {
                let field = format!("book.contracts[{number}].cash");
                return Err(refuse(&field, contract.cash, &right));
            }
        }
        let book = ContractBook { one, price, contracts };
        let most = u128::from(super::TOTAL_LIMIT);
        match book.open_interest() {
            total if total < most => Ok(book),
            total => Err(refuse("book.size", total, &format!("below {most} base units"))),
        }
    }

    /// Sizes `exp(z)`, leverage 2 to 30 evenly in its inverse, entry at the first price of one, longs and
    /// shorts in turn; base units of 10^-9.
    ///
    /// # Errors
    /// More accounts than the total admits, some hundred millions.
    pub fn drawn(accounts: u32, seed: u64) -> Result<ContractBook, ScenarioError> {
        let key = [seed as u32, (seed >> 32) as u32];
        let words = |account: u32, purpose: u32| {
            let [a, b, c, d] = philox([account, 0, 0, purpose], key);
            [u64::from(a) | u64::from(b) << 32, u64::from(c) | u64::from(d) << 32]
        };
        let contract = |account: u32| {
            let [radius, angle] = words(account, DRAW_SIZE);
            let radius = libm::sqrt(-2.0 * libm::log(above_zero(radius)));
            let normal = radius * libm::cos(TAU * (1.0 - above_zero(angle)));
            let size = (1e9 * libm::exp(normal)) as u64;
            let [inverse, _] = words(account, DRAW_LEVERAGE);
            let inverse = 1.0 / 30.0 + (1.0 / 2.0 - 1.0 / 30.0) * above_zero(inverse);
            let margin = (size as f64 * inverse) as i64;
            let value = size as i64;
            let long = account.is_multiple_of(2);
            Contract { long, size, cash: if long { margin - value } else { margin + value } }
        };
        let one = 1_000_000_000_000;
        ContractBook::new(one, one, (0..accounts).map(contract).collect())
    }

    /// The price before the first step, price units.
    #[must_use]
    pub fn price(&self) -> u64 {
        self.price
    }

    /// Positions there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.contracts.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.contracts.is_empty()
    }

    /// Longs and shorts together, base units.
    #[must_use]
    pub fn open_interest(&self) -> u128 {
        self.contracts.iter().map(|contract| u128::from(contract.size)).sum()
    }
}

/// Rules at a price scale. The only place that decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Terms {
    one: u64,
    maintenance: u64,
    close: u64,
    fee: u64,
    rounds_max: u32,
}

/// What closing gave and cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Closed {
    size: u64,
    fee: u64,
}

impl Terms {
    fn new(rules: &ContractRules, one: u64) -> Result<Terms, ScenarioError> {
        let share = |field: &str, value: u32, least: u32, most: u32| match value {
            _ if (least..=most).contains(&value) => Ok(u64::from(value)),
            _ => Err(refuse(field, value, &format!("{least} to {most} basis points"))),
        };
        let maintenance = share("rules.maintenance_bps", rules.maintenance_bps, 0, 5_000)?;
        let close = share("rules.close_factor_bps", rules.close_factor_bps, 1, 10_000)?;
        let fee = share("rules.fee_bps", rules.fee_bps, 0, 5_000)?;
        match rules.rounds_max {
            0 => Err(refuse("rules.rounds_max", 0, "at least 1")),
            rounds_max => Ok(Terms { one, maintenance, close, fee, rounds_max }),
        }
    }

    /// Whether an account is in breach: equity below `maintenance q p`. Both sides times `one` and
    /// 10^4: below 2^50 times 2^54 and 2^49 times 2^14.
    #[inline]
    fn in_breach(&self, contract: &Contract, price: u64) -> bool {
        let cash = i128::from(contract.cash) * i128::from(self.one * BPS);
        let size = i128::from(contract.size);
        let breach = match contract.long {
            true => cash + size * i128::from(price * (BPS - self.maintenance)) < 0,
            false => cash < size * i128::from(price * (BPS + self.maintenance)),
        };
        breach && contract.size > 0
    }

    /// The last price on the way to safety at which an account is in breach: the highest of a long,
    /// the lowest of a short. `None` if it never is.
    fn breach_price(&self, contract: &Contract) -> Option<u64> {
        let cash = i128::from(contract.cash) * i128::from(self.one * BPS);
        let size = i128::from(contract.size);
        let price = match contract.long {
            _ if size == 0 => return None,
            true if cash >= 0 => return None,
            true => (-cash - 1) / (size * i128::from(BPS - self.maintenance)),
            false => cash.max(0) / (size * i128::from(BPS + self.maintenance)) + 1,
        };
        Some(u64::try_from(price).unwrap_or(u64::MAX)).filter(|price| *price > 0)
    }

    /// Closes a part of the position, or all of it without equity.
    #[inline]
    fn close(&self, contract: &mut Contract, price: u64) -> Closed {
        let worth = i128::from(contract.size) * i128::from(price);
        let cash = i128::from(contract.cash) * i128::from(self.one);
        let equity = if contract.long { cash + worth } else { cash - worth };
        let part = (contract.size * self.close).div_ceil(BPS);
        let size = if equity > 0 { part } else { contract.size };
        // Below 2^50 times 2^49: the value may pass the limit of an amount, and then cash does, which
        // 64 bits still hold for 2^63 / 2^50 of them at a price of one.
        let value = u128::from(size) * u128::from(price);
        let one = u128::from(self.one);
        let got = if contract.long { value / one } else { value.div_ceil(one) };
        let fee = (value * u128::from(self.fee)).div_ceil(one * u128::from(BPS));
        let got = i64::try_from(got).unwrap_or(i64::MAX);
        let fee = u64::try_from(fee).unwrap_or(u64::MAX);
        let after = match contract.long {
            true => contract.cash.saturating_add(got),
            false => contract.cash.saturating_sub(got),
        };
        contract.cash = after.saturating_sub_unsigned(fee);
        contract.size -= size;
        Closed { size, fee }
    }

    /// What an account owes beyond what it has: `max(0, -floor(equity))`.
    fn deficit(&self, contract: &Contract, price: u64) -> u64 {
        let value = u128::from(contract.size) * u128::from(price);
        let one = u128::from(self.one);
        let equity = match contract.long {
            true => i128::from(contract.cash) + (value / one) as i128,
            false => i128::from(contract.cash) - value.div_ceil(one) as i128,
        };
        u64::try_from(-equity).unwrap_or(0)
    }
}

/// The factor on the price after longs sold and shorts bought: the impact of the difference, or one
/// over it.
fn factor(impact: &Impact, sold: u64, bought: u64) -> f64 {
    match sold >= bought {
        true => impact.factor(sold - bought),
        false => 1.0 / impact.factor(bought - sold),
    }
}

impl ContractRun {
    /// Runs every path. In the rows `repaid` is the fees, `sold` what was closed on both sides, and
    /// `bad_debt` the deficits.
    ///
    /// # Errors
    /// A setting is out of range.
    pub fn run(&self, book: &ContractBook) -> Result<Results, ScenarioError> {
        self.watched(book, |_| ControlFlow::Continue(()))
    }

    /// The same, followed as in [`super::MonteCarlo::watched`].
    ///
    /// # Errors
    /// A setting is out of range.
    pub fn watched(
        &self,
        book: &ContractBook,
        watch: impl FnMut(Done) -> ControlFlow<()> + Send,
    ) -> Result<Results, ScenarioError> {
        let rows = self.observed(book, || (), watch)?.into_iter().map(|(row, ())| row).collect();
        let accounts = book.contracts.len() as u64;
        Ok(Results { rows, paths: self.paths, steps: self.steps, accounts })
    }

    /// The same, each path followed by an observer of its own, which is given back with its row.
    ///
    /// # Errors
    /// A setting is out of range.
    pub fn observed<O: Observer + Send>(
        &self,
        book: &ContractBook,
        observer: impl Fn() -> O + Sync,
        watch: impl FnMut(Done) -> ControlFlow<()> + Send,
    ) -> Result<Vec<(Row, O)>, ScenarioError> {
        self.check()?;
        let book = Ranked::new(book, Terms::new(&self.rules, book.one)?);
        spread(&Work { run: self, book, observer }, self.paths, self.threads, watch)
    }

    /// One path the slow way: every account is asked in every round.
    ///
    /// # Errors
    /// A setting is out of range.
    pub fn scan(&self, book: &ContractBook, path: u64) -> Result<Row, ScenarioError> {
        self.check()?;
        let terms = Terms::new(&self.rules, book.one)?;
        let steps = Steps::new(&self.law, self.seed, path);
        Ok(Row { path, ..scan::scan(book, &terms, &self.impact, steps, self.steps) })
    }

    fn check(&self) -> Result<(), ScenarioError> {
        self.impact.check()?;
        self.law.check()?;
        match self.steps {
            0 => Err(refuse("steps", 0, "at least 1")),
            _ => Ok(()),
        }
    }
}

struct Work<'a, F> {
    run: &'a ContractRun,
    book: Ranked,
    observer: F,
}

impl<O: Observer + Send, F: Fn() -> O + Sync> Paths for Work<'_, F> {
    type Overlay = Overlay;
    type Row = (Row, O);

    fn overlay(&self) -> Overlay {
        Overlay::new(&self.book)
    }

    fn path(&self, overlay: &mut Overlay, path: u64) -> (Row, O) {
        let steps = Steps::new(&self.run.law, self.run.seed, path);
        let mut observer = (self.observer)();
        let row = overlay.run(&self.book, &self.run.impact, steps, self.run.steps, &mut observer);
        (Row { path, ..row }, observer)
    }

    fn liquidations((row, _): &(Row, O)) -> u64 {
        row.liquidations
    }
}
