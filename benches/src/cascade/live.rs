//! One tick over a standing book.

use super::{Plan, SEED, refused};
use crate::histogram::Histogram;
use crate::print::{Table, grouped, nanos, whole_nanos};
use crate::{Failure, Result};
use breakwater_simulate::monte_carlo::{Book, LiveBook, Rules, Terms};
use std::time::Instant;

/// Sizes of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LivePlan {
    /// Accounts of each book.
    pub accounts: Vec<u32>,
    /// Ticks that liquidate nobody.
    pub quiet_ticks: u32,
    /// Ticks that liquidate somebody, for each number.
    pub busy_ticks: u32,
    /// Accounts that a tick liquidates.
    pub counts: Vec<usize>,
    /// Ticks of each kind that are proved by a rescan.
    pub judged: u32,
}

impl LivePlan {
    /// The sizes that a plan asks for.
    #[must_use]
    pub fn of(plan: &Plan) -> LivePlan {
        let [accounts, counts] = if plan.quick {
            [vec![5_000], vec![0, 10, 100]]
        } else {
            [vec![1_000_000, 10_000_000], vec![0, 10, 1_000]]
        };
        let (quiet_ticks, busy_ticks) = if plan.quick { (1_000, 10) } else { (200_000, 400) };
        let counts = counts.into_iter().map(|count| count as usize).collect();
        LivePlan { accounts, quiet_ticks, busy_ticks, counts, judged: 2 }
    }
}

/// Ticks that liquidate about as many accounts as each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveFigures {
    /// Accounts of the book.
    pub accounts: u32,
    /// Bytes an account that the standing book took.
    pub bytes_per_account: u64,
    /// Accounts that each tick was to liquidate.
    pub count: usize,
    /// Accounts that the ticks liquidated.
    pub liquidated: u64,
    /// Times.
    pub times: Histogram,
}

pub(super) fn print(all: &[LiveFigures]) {
    let mut table = Table::new(&[
        "standing book",
        "liquidated a tick",
        "ticks",
        "p50",
        "p99",
        "worst",
        "liquidated",
        "bytes/account",
    ]);
    for figures in all {
        table.row(vec![
            grouped(figures.accounts.into()),
            grouped(figures.count as u64),
            grouped(figures.times.count()),
            nanos(figures.times.percentile(50)),
            nanos(figures.times.percentile(99)),
            nanos(figures.times.most()),
            grouped(figures.liquidated),
            grouped(figures.bytes_per_account),
        ]);
    }
    println!("{table}");
    println!("Times on the wall: what else the machine does is in p99 and worst.");
}

/// Ticks over every book.
///
/// # Errors
/// A tick and a rescan differ.
pub fn measure(plan: &LivePlan) -> Result<Vec<LiveFigures>> {
    let mut all = Vec::new();
    for accounts in &plan.accounts {
        let book = Book::drawn(*accounts, SEED).map_err(refused)?;
        let rules = Rules::headline();
        let mut live = LiveBook::new(&book, &rules).map_err(refused)?;
        let bytes_per_account = live.bytes() as u64 / u64::from(*accounts);
        let terms = Terms::new(&rules, book.one()).map_err(refused)?;
        let mut falling: Vec<u64> = (0..*accounts).map(|a| live.breach_price(a)).collect();
        falling.sort_unstable_by_key(|price| std::cmp::Reverse(*price));
        let mut walk = Walk { falling, next: 0, price: book.price() };
        for count in &plan.counts {
            let ticks = if *count == 0 { plan.quiet_ticks } else { plan.busy_ticks };
            let mut figures = LiveFigures {
                accounts: *accounts,
                bytes_per_account,
                count: *count,
                liquidated: 0,
                times: Histogram::default(),
            };
            for tick in 0..ticks {
                let price = walk.advance(*count, tick);
                let expected =
                    (tick < plan.judged).then(|| in_breach(&live, &terms, price, *accounts));
                let begun = Instant::now();
                let liquidated = live.tick(price).map_err(refused)?;
                figures.times.record(whole_nanos(begun.elapsed()));
                figures.liquidated += liquidated.len() as u64;
                if let Some(expected) = expected {
                    let mut found: Vec<u32> = liquidated.iter().map(|one| one.account).collect();
                    found.sort_unstable();
                    if found != expected {
                        let (found, expected) = (found.len(), expected.len());
                        let told = format!("a tick liquidated {found}, a rescan finds {expected}");
                        return Err(Failure::Differs(told));
                    }
                }
            }
            all.push(figures);
        }
    }
    Ok(all)
}

fn in_breach(live: &LiveBook, terms: &Terms, price: u64, accounts: u32) -> Vec<u32> {
    let breach = |account: &u32| {
        live.loan(*account).is_some_and(|loan| terms.in_breach(loan.collateral, loan.debt, price))
    };
    (0..accounts).filter(breach).collect()
}

/// Prices that bring a given number of untouched accounts into breach, one tick after another.
struct Walk {
    falling: Vec<u64>,
    next: usize,
    price: u64,
}

impl Walk {
    fn advance(&mut self, count: usize, tick: u32) -> u64 {
        if count == 0 {
            // Up and down, never below the next account's breach price.
            let next = self.falling.get(self.next).copied().unwrap_or(0);
            return next + 1 + u64::from(tick % 1_000) * 1_000_000;
        }
        self.next += count;
        // With the first at or below the price the last of the count is in breach.
        self.price = self.falling.get(self.next - 1).copied().unwrap_or(1).max(1);
        self.price
    }
}
