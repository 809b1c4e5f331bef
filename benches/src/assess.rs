//! Exact assessments a second, on one core.

use crate::contract_pool::{ContractPool, Held};
use crate::judge::judge;
use crate::lending_pool::{LendingPool, Spec};
use crate::margin_pool::{self, MarginPool};
use crate::pool::Pool;
use crate::print::{Table, grouped, machine, megabytes, memory, per_second, time, whole_nanos};
use crate::runs::Runs;
use crate::{Failure, Options, Result};
use std::hint::black_box;
use std::time::Instant;

/// Sizes of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Accounts of each book.
    pub accounts: Vec<u32>,
    /// Accounts of each book of accounts with three contracts.
    pub three_each: Vec<u32>,
    /// Accounts of each book with several margin assets.
    pub several: Vec<u32>,
    /// How many assessments a book is measured over, at least; five rounds are the least.
    pub assessments: usize,
    /// Accounts of each book that the model judges.
    pub judged: usize,
}

/// What one book gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// Which book.
    pub book: String,
    /// Accounts in it.
    pub accounts: u64,
    /// Positions in it.
    pub positions: u64,
    /// Accounts whose health the model found equal.
    pub judged: usize,
    /// Accounts in breach.
    pub breaches: u64,
    /// Memory of the process while the book stands, bytes; zero where the system does not tell.
    pub memory: u64,
    /// Times for all accounts.
    pub runs: Runs,
}

impl Plan {
    /// The sizes that the options ask for.
    #[must_use]
    pub fn of(options: &Options) -> Plan {
        let usual = if options.quick { vec![200] } else { vec![1_000, 100_000] };
        let wide = if options.quick { vec![200] } else { vec![100_000, 1_000_000] };
        let several = if options.quick { vec![200] } else { vec![1_000, 100_000] };
        let sized = |usual| options.accounts.map_or(usual, |accounts| vec![accounts]);
        let (accounts, three_each, several) = (sized(usual), sized(wide), sized(several));
        let (assessments, judged) = if options.quick { (400, 200) } else { (500_000, 500) };
        Plan { accounts, three_each, several, assessments, judged }
    }
}

/// Measures each book and prints a table.
///
/// # Errors
/// The model finds another health, or the engine refused a command.
pub fn run(options: &Options) -> Result<()> {
    println!("assess: {}", machine());
    let headings = [
        "book",
        "accounts",
        "positions",
        "judged",
        "in breach",
        "accounts/s",
        "per account",
        "fastest",
        "slowest",
        "memory",
    ];
    let mut table = Table::new(&headings);
    for figures in measure(&Plan::of(options))? {
        let accounts = figures.accounts.max(1);
        table.row(vec![
            figures.book,
            grouped(figures.accounts),
            grouped(figures.positions),
            grouped(figures.judged as u64),
            grouped(figures.breaches),
            per_second(figures.accounts, figures.runs.median()),
            format!("{} ns", whole_nanos(figures.runs.median()) / accounts),
            time(figures.runs.least()),
            time(figures.runs.most()),
            megabytes(figures.memory),
        ]);
    }
    println!("{table}");
    println!(
        "One core; the median run counts. Judged: health equal to the naive model's, every field; with\n\
         several margin assets equity, requirement and breach by exact fractions. Memory: the process."
    );
    Ok(())
}

/// The figures of every book of the plan.
///
/// # Errors
/// The model finds another health, or the engine refused a command.
pub fn measure(plan: &Plan) -> Result<Vec<Figures>> {
    let mut figures = Vec::new();
    for accounts in &plan.accounts {
        for interest in [false, true] {
            let mut book = LendingPool::found(&Spec { accounts: *accounts, interest, seed: 1 })?;
            // Interest is carried forward from the last change; a minute later it is not zero.
            book.pool.now = book.pool.now.after(60_000_000_000);
            book.pool.must(breakwater_engine::Body::AdvanceTime)?;
            let name = if interest { "lending, with interest" } else { "lending" };
            let positions = book.setup.imported.0;
            let judged = judge(&book.rule, &book.pool.engine, plan.judged)?;
            figures.push(measure_one(name, &book.pool, positions, judged, plan)?);
        }
        let book = ContractPool::found(*accounts, Held::Drawn, 1)?;
        figures.push(contracts("contracts", &book, plan)?);
    }
    for accounts in &plan.several {
        let book = MarginPool::found(*accounts, 1)?;
        let judged = margin_pool::judge(&book.pool.engine, plan.judged)?;
        let name = "several margin assets";
        figures.push(measure_one(name, &book.pool, book.positions, judged, plan)?);
    }
    for accounts in &plan.three_each {
        let book = ContractPool::found(*accounts, Held::Each(3), 1)?;
        figures.push(contracts("three contracts each", &book, plan)?);
    }
    Ok(figures)
}

fn contracts(name: &str, book: &ContractPool, plan: &Plan) -> Result<Figures> {
    let judged = judge(&book.rule, &book.pool.engine, plan.judged)?;
    measure_one(name, &book.pool, book.positions, judged, plan)
}

fn measure_one(
    name: &str,
    pool: &Pool,
    positions: u64,
    judged: usize,
    plan: &Plan,
) -> Result<Figures> {
    let breaches = pool.prove()?;
    let first = pool.assess_all()?;
    if first.1 != breaches {
        let told = format!("{breaches} accounts in breach, then {}", first.1);
        return Err(Failure::Differs(told));
    }
    let mut times = Vec::new();
    while times.len() < 5 || times.len() * pool.engine.accounts() < plan.assessments {
        let begun = Instant::now();
        let found = black_box(pool.assess_all()?);
        times.push(begun.elapsed());
        if found != first {
            return Err(Failure::Differs(format!("{name}: {first:?}, then {found:?}")));
        }
    }
    Ok(Figures {
        book: name.to_owned(),
        accounts: pool.engine.accounts() as u64,
        positions,
        judged,
        breaches,
        memory: memory(),
        runs: Runs::new(times),
    })
}
