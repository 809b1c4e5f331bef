//! The accounts that every path begins with, read only and in order of their breach prices.

use super::error::refuse;
use super::rules::{AMOUNT_LIMIT, PRICE_MAX, Rules, Terms};
use crate::ScenarioError;
use crate::perpetuals::draw::{above_zero, philox};
use std::f64::consts::TAU;

/// Purposes of the draws of a drawn book; never reused.
const DRAW_COLLATERAL: u32 = 0x4D43_1000;
const DRAW_RATIO: u32 = 0x4D43_1001;

/// More than all collateral, and all debt, of a book together, base units.
pub const TOTAL_LIMIT: u64 = 1 << 62;

/// One account, base units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loan {
    /// What it holds.
    pub collateral: u64,
    /// What it owes.
    pub debt: u64,
}

/// Accounts with one collateral and one debt asset, and the price they begin at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Book {
    one: u64,
    price: u64,
    loans: Vec<Loan>,
}

impl Book {
    /// A book. `one` price units make one base unit of debt for one base unit of collateral.
    ///
    /// # Errors
    /// The first price or an amount is out of range, or the amounts together are.
    pub fn new(one: u64, price: u64, loans: Vec<Loan>) -> Result<Book, ScenarioError> {
        if !(1..=PRICE_MAX).contains(&price) {
            return Err(refuse("book.price", price, &format!("1 to {PRICE_MAX} price units")));
        }
        let right = || format!("below {AMOUNT_LIMIT} base units");
        for (number, loan) in loans.iter().enumerate() {
            let name = |of: &str| format!("book.loans[{number}].{of}");
            if loan.collateral >= AMOUNT_LIMIT {
                return Err(refuse(&name("collateral"), loan.collateral, &right()));
            }
            if loan.debt >= AMOUNT_LIMIT {
                return Err(refuse(&name("debt"), loan.debt, &right()));
            }
        }
        let book = Book { one, price, loans };
        for (field, total) in [("book.collateral", book.collateral()), ("book.debt", book.debt())] {
            if total >= u128::from(TOTAL_LIMIT) {
                return Err(refuse(field, total, &format!("below {TOTAL_LIMIT} base units")));
            }
        }
        Ok(book)
    }

    /// The book of the headline benchmark: collateral `exp(z)`, debt 30 to 80 % of it, evenly; base
    /// units of 10^-9 and a first price of one, in units of 10^-12. Account `n` is the same in a book
    /// of any size.
    ///
    /// # Errors
    /// More accounts than [`TOTAL_LIMIT`] admits, some hundred millions.
    pub fn drawn(accounts: u32, seed: u64) -> Result<Book, ScenarioError> {
        let key = [seed as u32, (seed >> 32) as u32];
        let words = |account: u32, purpose: u32| {
            let [a, b, c, d] = philox([account, 0, 0, purpose], key);
            [u64::from(a) | u64::from(b) << 32, u64::from(c) | u64::from(d) << 32]
        };
        let loan = |account: u32| {
            let [radius, angle] = words(account, DRAW_COLLATERAL);
            let radius = libm::sqrt(-2.0 * libm::log(above_zero(radius)));
            let normal = radius * libm::cos(TAU * (1.0 - above_zero(angle)));
            let [ratio, _] = words(account, DRAW_RATIO);
            let ratio = 0.3 + 0.5 * above_zero(ratio);
            // At most e^8.6 times 10^9: a word of 53 bits gives no normal beyond 8.6.
            let collateral = (1e9 * libm::exp(normal)) as u64;
            Loan { collateral, debt: (collateral as f64 * ratio) as u64 }
        };
        let one = 1_000_000_000_000;
        Book::new(one, one, (0..accounts).map(loan).collect())
    }

    /// Price units that make a price of one.
    #[must_use]
    pub fn one(&self) -> u64 {
        self.one
    }

    /// The price before the first step, price units.
    #[must_use]
    pub fn price(&self) -> u64 {
        self.price
    }

    /// The accounts, as given.
    #[must_use]
    pub fn loans(&self) -> &[Loan] {
        &self.loans
    }

    /// All collateral, base units.
    #[must_use]
    pub fn collateral(&self) -> u128 {
        self.loans.iter().map(|loan| u128::from(loan.collateral)).sum()
    }

    /// All debt, base units.
    #[must_use]
    pub fn debt(&self) -> u128 {
        self.loans.iter().map(|loan| u128::from(loan.debt)).sum()
    }
}

/// A book under its terms: whoever can come into breach, the highest breach price first.
#[derive(Debug, Clone)]
pub(super) struct Ranked {
    pub(super) terms: Terms,
    /// The highest price at which each is in breach, falling.
    pub(super) breach_price: Vec<u64>,
    pub(super) loans: Vec<Loan>,
    /// Debt of accounts without collateral.
    pub(super) bare: u64,
    /// The price before the first step.
    pub(super) price: u64,
}

impl Ranked {
    pub(super) fn new(book: &Book, rules: &Rules) -> Result<Ranked, ScenarioError> {
        let terms = Terms::new(rules, book.one)?;
        let alive = |loan: &&Loan| loan.collateral > 0 && loan.debt > 0;
        let mut ranked: Vec<(u64, Loan)> = (book.loans.iter().filter(alive))
            .map(|loan| (terms.breach_price(loan.collateral, loan.debt), *loan))
            .collect();
        // The order of equals decides nothing: they are liquidated together and sums are of whole
        // numbers.
        ranked.sort_unstable_by_key(|(price, _)| std::cmp::Reverse(*price));
        let bare = book.loans.iter().filter(|loan| loan.collateral == 0).map(|loan| loan.debt);
        Ok(Ranked {
            terms,
            bare: bare.sum(),
            price: book.price,
            breach_price: ranked.iter().map(|(price, _)| *price).collect(),
            loans: ranked.into_iter().map(|(_, loan)| loan).collect(),
        })
    }
}
