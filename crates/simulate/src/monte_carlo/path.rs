//! One path, fast: only accounts that come into breach are looked at.
//!
//! Accounts that were never liquidated come into breach in the order of their breach prices, so of
//! them a path remembers one number, the frontier. Those that were liquidated are in a [`Queue`].
//! All accounts in breach are liquidated at one price and what is sold sums as whole numbers, so
//! their order decides nothing, and the result is that of the scan in [`super::scan`], bit for bit.

use super::book::Ranked;
use super::impact::{Impact, Price};
use super::law::Steps;
use super::observe::{self, Observer};
use super::queue::{Keyed, Queue};
use super::results::Row;
use super::rounds::Round;

/// An account that was liquidated before, base units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Touched {
    collateral: u64,
    debt: u64,
}

impl Keyed for Touched {
    const NOBODY: Touched = Touched { collateral: 0, debt: 0 };

    #[inline]
    fn key(&self) -> Option<f64> {
        // Both are below 2^50, so exact, and the quotient is the nearest float to their ratio. The
        // casts go through signed numbers, for which processors have an instruction.
        let ratio = || self.debt as i64 as f64 / self.collateral as i64 as f64;
        (self.collateral > 0 && self.debt > 0).then(ratio)
    }
}

/// What a path needs beside the book, reused from path to path.
#[derive(Debug, Clone)]
pub(super) struct Overlay {
    queue: Queue<Touched>,
    batch: Vec<Touched>,
    /// Accounts of the book, in order, that were liquidated.
    frontier: usize,
    /// Debt of those that have no collateral left.
    bare: u64,
    /// A price at which nobody is in breach; so nobody is at a higher one. Until the next liquidation.
    quiet: u64,
}

impl Overlay {
    pub(super) fn new(book: &Ranked) -> Overlay {
        let queue = Queue::new(key(book, book.price), book.loans.len());
        Overlay { queue, batch: Vec::new(), frontier: 0, bare: book.bare, quiet: u64::MAX }
    }

    /// Runs one path.
    pub(super) fn run(
        &mut self,
        book: &Ranked,
        impact: &Impact,
        mut steps: Steps<'_>,
        count: u32,
        observer: &mut impl Observer,
    ) -> Row {
        self.queue.clear();
        (self.frontier, self.bare, self.quiet) = (0, book.bare, u64::MAX);
        let mut price = Price { units: book.price, held: 0 };
        let mut row = Row { trough: price.units, ..Row::default() };
        for step in 0..count {
            price = price.moved(libm::exp(steps.advance()));
            row.trough = row.trough.min(price.units);
            let mut rounds = 0;
            while rounds < book.terms.rounds_max()
                && let Some(sums) = self.round(book, price.units, &mut row)
            {
                let before = price.units;
                price = price.moved(impact.factor(sums.seized));
                row.trough = row.trough.min(price.units);
                observer.round(observe::Round {
                    step,
                    round: rounds,
                    before,
                    after: price.units,
                    value: sums.repaid,
                    net: sums.seized,
                });
                rounds += 1;
            }
            row.rounds_max = row.rounds_max.max(rounds);
            observer.stepped(step, price.units);
        }
        row.price = price.units;
        row.held = price.held;
        row.touched = self.frontier as u64;
        row.bad_debt = self.bad_debt(book, price.units);
        row
    }

    /// Liquidates everybody in breach at a price and says what was moved; `None` if nobody is.
    #[inline]
    fn round(&mut self, book: &Ranked, price: u64, row: &mut Row) -> Option<Sums> {
        if price >= self.quiet {
            return None;
        }
        let due = book.breach_price.get(self.frontier).is_some_and(|at| *at >= price);
        let bucket = self.queue.bucket(key(book, price));
        if !due && !self.queue.reaches(bucket) {
            self.quiet = price;
            return None;
        }
        let round = Round::new(&book.terms, price);
        let breach = |a: &Touched| round.in_breach(a.collateral, a.debt);
        let again = self.queue.take(bucket, breach, &mut self.batch);
        let fresh = &book.breach_price[self.frontier..];
        let fresh = fresh.iter().take_while(|at| **at >= price).count();
        if again + fresh == 0 {
            self.quiet = price;
            return None;
        }
        self.quiet = u64::MAX;
        self.batch.truncate(again);
        let begin = self.frontier;
        self.frontier += fresh;
        let loans = book.loans[begin..self.frontier].iter();
        self.batch.extend(loans.map(|a| Touched { collateral: a.collateral, debt: a.debt }));
        let sums = Sums::of(&round, &mut self.batch);
        self.queue.put(&self.batch);
        row.liquidations += self.batch.len() as u64;
        row.repaid += u128::from(sums.repaid);
        row.sold += u128::from(sums.seized);
        self.bare += sums.bare;
        Some(sums)
    }

    /// Debt that collateral does not cover.
    fn bad_debt(&self, book: &Ranked, price: u64) -> u64 {
        let uncovered = |c, d| book.terms.uncovered(c, d, price);
        // Whoever has uncovered debt owes more than collateral times price, so is in breach as well.
        let fresh = book.breach_price[self.frontier..].iter().take_while(|at| **at >= price);
        let fresh = fresh.count();
        let loans = &book.loans[self.frontier..self.frontier + fresh];
        let bucket = self.queue.bucket(key(book, price));
        let untouched: u64 = loans.iter().map(|a| uncovered(a.collateral, a.debt)).sum();
        let touched: u64 = self.queue.from(bucket).map(|a| uncovered(a.collateral, a.debt)).sum();
        self.bare + untouched + touched
    }
}

/// What a round moved, base units; all below the totals of the book.
#[derive(Debug, Default)]
struct Sums {
    repaid: u64,
    seized: u64,
    /// Debt of those that have no collateral left.
    bare: u64,
}

impl Sums {
    /// Liquidates every account once.
    fn of(round: &Round, accounts: &mut [Touched]) -> Sums {
        let mut sums = Sums::default();
        for account in accounts {
            let taken = round.liquidate(account.collateral, account.debt);
            // No more is taken than there is, and totals stay below those of the book.
            account.collateral = account.collateral.wrapping_sub(taken.seized);
            account.debt = account.debt.wrapping_sub(taken.repaid);
            sums.repaid = sums.repaid.wrapping_add(taken.repaid);
            sums.seized = sums.seized.wrapping_add(taken.seized);
            let bare = if account.collateral == 0 { account.debt } else { 0 };
            sums.bare = sums.bare.wrapping_add(bare);
        }
        sums
    }
}

/// A key at or below that of every account in breach at a price: debt over collateral is above
/// `price threshold / one`, of which this is the float, one part in 2^50 lower for its roundings.
fn key(book: &Ranked, price: u64) -> f64 {
    const LOWER: f64 = 1.0 - 1.0 / (1u64 << 50) as f64;
    let collateral_side = book.terms.collateral_side(price) as f64;
    collateral_side / book.terms.debt_side() as f64 * LOWER
}
