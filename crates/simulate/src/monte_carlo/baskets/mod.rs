//! The same with three collaterals: an account is safe while no price has fallen by its slack.
//!
//! An account is in breach if its debt is above the worth of its three collaterals times the
//! threshold (strict). A liquidation is that of one collateral, [`super::Terms::liquidate`], on the one
//! that is worth most at the round's prices (the first of equals); what is sold of each moves its own
//! price. There is no order of breach prices here, but a bound: if an account's worth is `x` times what
//! it must be, then it stays safe while every price keeps above `1 / x` of what it is. So an account is
//! armed in three queues at those prices, and whoever is reached by one of them is decided exactly, by
//! whole numbers, and armed again. [`BasketRow::looked_at`] counts these decisions: what was not
//! skipped.
//!
//! Prices are one law for a common factor and one for each own: `step = w common + sqrt(1 - w^2) own`
//! with the drift of the own; the correlation of any two is `w^2`.

mod path;
mod scan;
#[cfg(test)]
mod tests;

use super::error::{refuse, within};
use super::impact::Impact;
use super::law::{PathLaw, Steps};
use super::rules::{AMOUNT_LIMIT, PRICE_MAX, Rules, Terms};
use super::run::{Done, Paths, spread};
use crate::ScenarioError;
use crate::perpetuals::draw::{above_zero, philox};
use path::{Overlay, Ranked};
use std::f64::consts::TAU;
use std::ops::ControlFlow;

/// Collaterals of an account.
pub const ASSETS: usize = 3;

const DRAW_COLLATERAL: u32 = 0x4D43_1200;
const DRAW_RATIO: u32 = 0x4D43_1210;

/// One account, base units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Basket {
    /// What it holds of each collateral.
    pub collateral: [u64; ASSETS],
    /// What it owes.
    pub debt: u64,
}

/// Accounts and the prices they begin at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BasketBook {
    one: u64,
    prices: [u64; ASSETS],
    baskets: Vec<Basket>,
}

/// What is run, as in [`super::MonteCarlo`].
#[derive(Debug, Clone, PartialEq)]
pub struct BasketRun {
    /// When accounts are liquidated and what is taken.
    pub rules: Rules,
    /// What sales of each collateral do to its price.
    pub impacts: [Impact; ASSETS],
    /// How a price moves by itself.
    pub law: PathLaw,
    /// Weight of the common factor, 0 to 1.
    pub common: f64,
    /// Steps of a path, 1 to 2^31.
    pub steps: u32,
    /// Paths, at most 2^61.
    pub paths: u64,
    /// Of all draws.
    pub seed: u64,
    /// Threads, at least one.
    pub threads: usize,
}

/// What one path gave. Prices in price units, amounts in base units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BasketRow {
    /// Number of the path.
    pub path: u64,
    /// The last prices.
    pub prices: [u64; ASSETS],
    /// The lowest prices.
    pub troughs: [u64; ASSETS],
    /// Liquidations.
    pub liquidations: u64,
    /// Accounts that were liquidated at least once.
    pub touched: u64,
    /// Accounts that were decided exactly, each time; a scan decides all of them in every round. No
    /// part of the hash.
    pub looked_at: u64,
    /// Most rounds of one step.
    pub rounds_max: u32,
    /// How often a price was held at [`PRICE_MAX`].
    pub held: u32,
    /// Debt repaid.
    pub repaid: u128,
    /// Collateral sold.
    pub sold: [u128; ASSETS],
    /// Debt that collateral does not cover at the last prices.
    pub bad_debt: u64,
}

impl BasketBook {
    /// A book. `one` price units make one base unit of debt for one base unit of a collateral.
    ///
    /// # Errors
    /// A price or an amount is out of range, or amounts together are.
    pub fn new(
        one: u64,
        prices: [u64; ASSETS],
        baskets: Vec<Basket>,
    ) -> Result<BasketBook, ScenarioError> {
        if let Some(price) = prices.iter().find(|price| !(1..=PRICE_MAX).contains(*price)) {
            return Err(refuse("book.prices", price, &format!("1 to {PRICE_MAX} price units")));
        }
        for (number, basket) in baskets.iter().enumerate() {
            let largest = basket.collateral.iter().copied().fold(basket.debt, u64::max);
            if largest >= AMOUNT_LIMIT {
                let right = format!("below {AMOUNT_LIMIT} base units");
                return Err(refuse(&format!("book.baskets[{number}]"), largest, &right));
            }
        }

        let book = BasketBook { one, prices, baskets };
        let largest = book.collateral().into_iter().chain([book.debt()]).max().unwrap_or(0);
        let most = u128::from(super::TOTAL_LIMIT);
        match largest < most && u32::try_from(book.baskets.len()).is_ok() {
            true => Ok(book),
            false => Err(refuse("book", largest, &format!("below {most} base units in all"))),
        }
    }

    /// Of each collateral `exp(z)`; debt 30 to 80 % of their worth, evenly; prices of one.
    ///
    /// # Errors
    /// More accounts than the total admits, some hundred millions.
    pub fn drawn(accounts: u32, seed: u64) -> Result<BasketBook, ScenarioError> {
        let key = [seed as u32, (seed >> 32) as u32];
        let words = |account: u32, purpose: u32| {
            let [a, b, c, d] = philox([account, 0, 0, purpose], key);
            [u64::from(a) | u64::from(b) << 32, u64::from(c) | u64::from(d) << 32]
        };
        let basket = |account: u32| {
            let collateral = [0, 1, 2].map(|asset| {
                let [radius, angle] = words(account, DRAW_COLLATERAL + asset);
                let radius = libm::sqrt(-2.0 * libm::log(above_zero(radius)));
                let normal = radius * libm::cos(TAU * (1.0 - above_zero(angle)));
                (1e9 * libm::exp(normal)) as u64
            });
            let [ratio, _] = words(account, DRAW_RATIO);
            let ratio = 0.3 + 0.5 * above_zero(ratio);
            let worth: u64 = collateral.iter().sum();
            Basket { collateral, debt: (worth as f64 * ratio) as u64 }
        };
        let one = 1_000_000_000_000;
        BasketBook::new(one, [one; ASSETS], (0..accounts).map(basket).collect())
    }

    /// All of each collateral, base units.
    #[must_use]
    pub fn collateral(&self) -> [u128; ASSETS] {
        let mut sums = [0; ASSETS];
        for basket in &self.baskets {
            for (sum, amount) in sums.iter_mut().zip(basket.collateral) {
                *sum += u128::from(amount);
            }
        }
        sums
    }

    fn debt(&self) -> u128 {
        self.baskets.iter().map(|basket| u128::from(basket.debt)).sum()
    }
}

/// The only place that decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct BasketTerms {
    terms: Terms,
    one: u64,
}

impl BasketTerms {
    /// Worth of the collaterals times the threshold, in units of [`Terms::debt_side`]: three times 2^50
    /// times 2^63 at most.
    #[inline]
    fn allowed(&self, basket: &Basket, prices: &[u64; ASSETS]) -> u128 {
        let each = basket.collateral.iter().zip(prices);
        let worth = |(amount, price): (&u64, &u64)| {
            u128::from(*amount) * u128::from(self.terms.collateral_side(*price))
        };
        each.map(worth).sum()
    }

    #[inline]
    fn owed(&self, basket: &Basket) -> u128 {
        u128::from(basket.debt) * u128::from(self.terms.debt_side())
    }

    #[inline]
    fn in_breach(&self, basket: &Basket, prices: &[u64; ASSETS]) -> bool {
        basket.collateral != [0; ASSETS] && self.owed(basket) > self.allowed(basket, prices)
    }

    /// Liquidates once: says which collateral, what was repaid and what was taken.
    #[inline]
    fn liquidate(&self, basket: &mut Basket, prices: &[u64; ASSETS]) -> (usize, u64, u64) {
        let worth = |asset: usize| u128::from(basket.collateral[asset]) * u128::from(prices[asset]);
        let mut most = 0;
        for asset in 1..ASSETS {
            if worth(asset) > worth(most) {
                most = asset;
            }
        }
        let taken = self.terms.liquidate(basket.collateral[most], basket.debt, prices[most]);
        basket.collateral[most] -= taken.seized;
        basket.debt -= taken.repaid;
        (most, taken.repaid, taken.seized)
    }

    /// Debt above the worth of all collaterals.
    fn uncovered(&self, basket: &Basket, prices: &[u64; ASSETS]) -> u64 {
        let each = basket.collateral.iter().zip(prices);
        let worth: u128 =
            each.map(|(amount, price)| u128::from(*amount) * u128::from(*price)).sum();
        let worth = worth / u128::from(self.one);
        basket.debt.saturating_sub(u64::try_from(worth).unwrap_or(u64::MAX))
    }
}

/// The steps of the three prices of a path.
#[derive(Debug)]
struct BasketSteps<'a> {
    common: Steps<'a>,
    own: [Steps<'a>; ASSETS],
    weights: [f64; 2],
}

impl<'a> BasketSteps<'a> {
    fn new(run: &'a BasketRun, path: u64) -> BasketSteps<'a> {
        // Four streams a path.
        let steps = |number: u64| Steps::new(&run.law, run.seed, path * 4 + number);
        let own = libm::sqrt(1.0 - run.common * run.common);
        BasketSteps {
            common: steps(3),
            own: [steps(0), steps(1), steps(2)],
            weights: [run.common, own],
        }
    }

    fn advance(&mut self) -> [f64; ASSETS] {
        let common = self.common.advance();
        let [shared, alone] = self.weights;
        self.own.each_mut().map(|own| shared * common + alone * own.advance())
    }
}

impl BasketRun {
    /// Runs every path.
    ///
    /// # Errors
    /// A setting is out of range.
    pub fn run(&self, book: &BasketBook) -> Result<Vec<BasketRow>, ScenarioError> {
        self.watched(book, |_| ControlFlow::Continue(()))
    }

    /// The same, followed as in [`super::MonteCarlo::watched`].
    ///
    /// # Errors
    /// A setting is out of range.
    pub fn watched(
        &self,
        book: &BasketBook,
        watch: impl FnMut(Done) -> ControlFlow<()> + Send,
    ) -> Result<Vec<BasketRow>, ScenarioError> {
        let terms = self.check(book)?;
        let work = Work { run: self, book: Ranked::new(book, terms) };
        spread(&work, self.paths, self.threads, watch)
    }

    /// One path the slow way: every account is asked in every round.
    ///
    /// # Errors
    /// A setting is out of range.
    pub fn scan(&self, book: &BasketBook, path: u64) -> Result<BasketRow, ScenarioError> {
        let terms = self.check(book)?;
        Ok(BasketRow { path, ..scan::scan(book, &terms, self, BasketSteps::new(self, path)) })
    }

    fn check(&self, book: &BasketBook) -> Result<BasketTerms, ScenarioError> {
        self.impacts.iter().try_for_each(Impact::check)?;
        self.law.check()?;
        within("common", self.common, 0.0, 1.0)?;
        if self.steps == 0 {
            return Err(refuse("steps", 0, "at least 1"));
        }
        if self.paths > 1 << 61 {
            return Err(refuse("paths", self.paths, "at most 2305843009213693952"));
        }
        Ok(BasketTerms { terms: Terms::new(&self.rules, book.one)?, one: book.one })
    }
}

/// BLAKE3 over every row but [`BasketRow::looked_at`].
#[must_use]
pub fn hash(rows: &[BasketRow]) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"breakwater.monte_carlo.baskets/1");
    for row in rows {
        let counts = [row.path, row.liquidations, row.touched, row.bad_debt];
        let bounds = [row.rounds_max.into(), row.held.into()];
        let narrow = counts.iter().chain(&row.prices).chain(&row.troughs).chain(&bounds);
        narrow.for_each(|number: &u64| {
            hasher.update(&number.to_le_bytes());
        });
        row.sold.iter().chain([&row.repaid]).for_each(|number| {
            hasher.update(&number.to_le_bytes());
        });
    }
    hasher.finalize().to_hex().to_string()
}

struct Work<'a> {
    run: &'a BasketRun,
    book: Ranked,
}

impl Paths for Work<'_> {
    type Overlay = Overlay;
    type Row = BasketRow;

    fn overlay(&self) -> Overlay {
        Overlay::new(&self.book)
    }

    fn path(&self, overlay: &mut Overlay, path: u64) -> BasketRow {
        let steps = BasketSteps::new(self.run, path);
        BasketRow { path, ..overlay.run(&self.book, self.run, steps) }
    }

    fn liquidations(row: &BasketRow) -> u64 {
        row.liquidations
    }
}
