//! Exact assessments and planned calls a second, under every shipped rulebook that takes a lending
//! book, on one core.
//!
//! A book drawn to the rulebook's shape is put into an engine. Then everything that moves with the
//! driver falls at once, by the fewest whole per cent that bring three accounts in a hundred into
//! breach, and the engine assesses whom that touches. What it then knows is proved equal to looking
//! at everybody, and the calls planned for all accounts in breach are held to what `proposals` proves;
//! only then both are timed.
//!
//! Books are measured from the small to the large, within a budget of time for the whole run: a book
//! that would not end within its share, by what the next smaller one took, is left out, and so is
//! one that memory may not hold. What is left out is printed with its reason.

use crate::pool::Pool;
use crate::print::{Table, grouped, machine, per_second, time, whole_nanos};
use crate::proposals::{self, Proved};
use crate::runs::Runs;
use crate::shaped_book::{Drawer, Founded, Shaped, shipped};
use crate::{Failure, Options, Result};
use breakwater_engine::Body;
use breakwater_liquidation::plan::plan_call;
use breakwater_liquidation::{Policy, Rejection};
use breakwater_market::{Quote, Tick};
use breakwater_money::time::NANOS_PER_SECOND;
use breakwater_money::{AccountId, Price};
use breakwater_simulate::book::{Book, PRICE_DECIMALS};
use breakwater_simulate::world::market_id;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Time in which a whole run of the usual sizes shall end.
const BUDGET: Duration = Duration::from_secs(13 * 60);

/// Memory that an account may need: the most that was seen is a third of it.
const BYTES_AN_ACCOUNT: u64 = 6 << 10;

/// Share of accounts that a fall shall bring into breach, one in this many.
const BREACH_ONE_IN: usize = 33;

/// Largest fall that is tried, per cent.
const FALL_MOST: u32 = 90;

/// Time of the pool between its beginning and the fall.
const PAUSE_NANOS: u64 = 60 * NANOS_PER_SECOND;

/// Sizes of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Accounts of each book, from the small to the large.
    pub accounts: Vec<u32>,
    /// How many assessments a book is measured over, at least; three rounds are the least.
    pub assessments: usize,
    /// The same for planned calls.
    pub calls: usize,
    /// Time in which the run shall end; none measures everything.
    pub budget: Option<Duration>,
}

/// What one book gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// Name of the rulebook.
    pub rulebook: &'static str,
    /// Accounts in the book, those of the vault's providers included.
    pub accounts: u64,
    /// Positions in it, collaterals and debts.
    pub positions: u64,
    /// By how much prices fell.
    pub fall_percent: u32,
    /// Accounts that the fall made the engine assess.
    pub assessed: u64,
    /// Accounts in breach before and after the fall.
    pub breaches: (u64, u64),
    /// What was proved of the planned calls.
    pub proved: Proved,
    /// Setting up, drawing included.
    pub setup: Duration,
    /// Times for assessing all accounts.
    pub assess: Runs,
    /// Times for planning the calls of all accounts in breach.
    pub plans: Runs,
    /// Everything, proofs included.
    pub took: Duration,
}

/// What became of one book of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// It was measured.
    Measured(Box<Figures>),
    /// It was left out: rulebook, accounts, why.
    Skipped(&'static str, u32, String),
}

/// What a fall did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fall {
    /// By how much.
    pub percent: u32,
    /// Accounts that the engine assessed.
    pub assessed: u64,
    /// Accounts in breach, in order.
    pub breached: Vec<AccountId>,
}

impl Plan {
    /// The sizes that the options ask for. Who names a size waits until it is measured.
    #[must_use]
    pub fn of(options: &Options) -> Plan {
        if options.quick {
            let accounts = vec![options.accounts.unwrap_or(200)];
            return Plan { accounts, assessments: 400, calls: 1, budget: None };
        }
        let (assessments, calls) = (300_000, 5_000);
        match options.accounts {
            Some(named) => Plan { accounts: vec![named], assessments, calls, budget: None },
            None => {
                let accounts = vec![1_000, 100_000, 1_000_000];
                Plan { accounts, assessments, calls, budget: Some(BUDGET) }
            }
        }
    }
}

/// Everything that moves with the driver falls at once, by the fewest whole per cent that bring
/// enough accounts into breach, and the engine assesses whom that touches.
///
/// # Errors
/// The engine refused a price, or no fall breaks enough accounts.
pub fn fall(pool: &mut Pool, book: &Book) -> Result<Fall> {
    pool.now = pool.now.after(PAUSE_NANOS);
    pool.must(Body::AdvanceTime)?;
    let enough = (book.accounts.len() / BREACH_ONE_IN).max(1);
    // Whether a fall is deep enough is told by a part of a large book.
    let step = (book.accounts.len() / 20_000).max(1);
    let deep = |percent: &u32| breached(pool, book, *percent, step).len() * step >= enough;
    let Some(percent) = (1..=FALL_MOST).find(deep) else {
        let why = format!("no fall up to {FALL_MOST} % brings {enough} accounts into breach");
        return Err(Failure::Refused { what: "fall", why });
    };
    let mut assessed = 0;
    for (number, asset) in book.assets.iter().enumerate().filter(|(_, a)| a.moves_with_driver) {
        let tick = Tick {
            market: market_id(number),
            quote: Quote::Single(fallen(asset.price, percent)),
            decimals: PRICE_DECIMALS,
            sequence: 2,
            observed_at: pool.now,
        };
        assessed += u64::from(pool.must(Body::Tick(tick))?.assessed);
    }
    while pool.engine.pending() > 0 {
        assessed += u64::from(pool.must(Body::AdvanceTime)?.assessed);
    }
    Ok(Fall { percent, assessed, breached: breached(pool, book, 0, 1) })
}

fn fallen(price: u128, percent: u32) -> u128 {
    (price * u128::from(100 - percent) / 100).max(1)
}

/// Every `step`th account that would be in breach if prices of the start had fallen so; for no fall,
/// at the prices as they are.
fn breached(pool: &Pool, book: &Book, percent: u32, step: usize) -> Vec<AccountId> {
    let mut marks = pool.engine.marks().to_vec();
    for (asset, state) in book.assets.iter().zip(&mut marks) {
        if let Some(mark) = state.mark.as_mut().filter(|_| asset.moves_with_driver && percent > 0) {
            mark.price = Price::new(fallen(asset.price, percent), PRICE_DECIMALS);
        }
    }
    let Some(rulebook) = pool.engine.rulebook() else { return Vec::new() };
    pool.engine.look(|view| {
        let view = view.with_marks(&marks);
        let breach = |a: &AccountId| rulebook.assess(&view, *a).is_ok_and(|h| h.breach);
        pool.accounts().step_by(step).filter(breach).collect()
    })
}

/// Plans the calls of all accounts in breach: how many, and the sum of their amounts.
fn plan_all(pool: &Pool, breached: &[AccountId], policy: &Policy) -> Result<(u64, u128)> {
    let Some(rulebook) = pool.engine.rulebook() else { return Ok((0, 0)) };
    pool.engine.look(|view| {
        let (mut count, mut sum) = (0, 0u128);
        for account in breached {
            match plan_call(rulebook, view, *account, policy) {
                Ok(plan) => {
                    count += 1;
                    sum = sum.wrapping_add(proposals::sum(&plan));
                }
                Err(none) if none.rejection == Rejection::NothingToSell => {}
                Err(why) => {
                    let why = format!("{account}: {why}");
                    return Err(Failure::Refused { what: "plan", why });
                }
            }
        }
        Ok((count, sum))
    })
}

/// Times `work` until three rounds have covered `least` of what one round covers `each` of. Every
/// round must answer as the first.
fn rounds<T: PartialEq + std::fmt::Debug>(
    each: usize,
    least: usize,
    work: impl Fn() -> Result<T>,
) -> Result<Runs> {
    let first = work()?;
    let mut times = Vec::new();
    while times.len() < 3 || times.len() * each.max(1) < least {
        let begun = Instant::now();
        let found = black_box(work()?);
        times.push(begun.elapsed());
        if found != first {
            return Err(Failure::Differs(format!("{first:?}, then {found:?}")));
        }
    }
    Ok(Runs::new(times))
}

/// Draws, proves and measures one book.
fn measure_one(
    drawer: &Drawer<'_>,
    of: &Shaped,
    accounts: u32,
    plan: &Plan,
    ends: Option<Instant>,
) -> Result<Entry> {
    let begun = Instant::now();
    let book = drawer.draw(accounts, 1);
    let mut pool = match drawer.found(&book, ends)? {
        Founded::Whole(pool) => pool,
        Founded::Unfinished(opened) => {
            let why = format!(
                "its time was over after {} accounts were set up in {}",
                grouped(opened),
                time(begun.elapsed())
            );
            return Ok(Entry::Skipped(of.name, accounts, why));
        }
    };
    let setup = begun.elapsed();
    let before = breached(&pool, &book, 0, 1).len() as u64;
    let Fall { percent, assessed, breached } = fall(&mut pool, &book)?;
    let breaches = pool.prove()?;
    if breaches != breached.len() as u64 {
        let told = format!("{breaches} accounts in breach, then {}", breached.len());
        return Err(Failure::Differs(told));
    }
    let policy = Policy::as_is();
    let Some(rulebook) = pool.engine.rulebook() else {
        return Err(Failure::Refused { what: "set-up", why: "no rulebook".to_owned() });
    };
    let mut proved =
        pool.engine.look(|view| proposals::prove(rulebook, view, &breached, &policy))?;
    let all = pool.engine.accounts();
    let assess = rounds(all, plan.assessments, || pool.assess_all())?;
    let plans = rounds(breached.len(), plan.calls, || plan_all(&pool, &breached, &policy))?;
    proved.applied = proposals::apply(&mut pool, &breached)?;
    pool.settle()?;
    pool.prove()?;
    let positions = book.accounts.iter().map(|a| a.collateral.len() + a.debt.len()).sum::<usize>();
    Ok(Entry::Measured(Box::new(Figures {
        rulebook: of.name,
        accounts: all as u64,
        positions: positions as u64,
        fall_percent: percent,
        assessed,
        breaches: (before, breaches),
        proved,
        setup,
        assess,
        plans,
        took: begun.elapsed(),
    })))
}

impl Figures {
    /// What a book of so many accounts would take: what grows with the accounts (the set-up, some ten
    /// looks at everybody and six plans of all calls) in proportion, and the rest as it was.
    fn expected(&self, accounts: u32) -> Duration {
        let grows = self.setup + self.assess.median() * 10 + self.plans.median() * 6;
        let times = f64::from(accounts) / self.accounts.max(1) as f64;
        self.took.saturating_sub(grows) + grows.mul_f64(times)
    }
}

/// Bytes of a line of a file of the system, which counts in kibibytes; none where there is no such
/// file.
fn kibibytes(path: &str, name: &str) -> Option<u64> {
    let text = std::fs::read_to_string(path).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? << 10)
}

/// Why a book is not even begun; none if it is.
fn hindrance(accounts: u32, expected: Option<Duration>, share: Option<Duration>) -> Option<String> {
    let needed = u64::from(accounts) * BYTES_AN_ACCOUNT;
    let free = kibibytes("/proc/meminfo", "MemAvailable").unwrap_or(u64::MAX);
    if needed > free {
        let (needed, free) = (grouped(needed >> 20), grouped(free >> 20));
        return Some(format!("it may need {needed} MB of memory, {free} are free"));
    }
    let (expected, share) = (expected?, share?);
    (expected > share).then(|| {
        format!(
            "by the book before it would take {}, its share of the run is {}",
            time(expected),
            time(share)
        )
    })
}

/// The figures of every book of the plan, from the small to the large.
///
/// # Errors
/// An answer differs from the slow one, or the engine refused a command.
pub fn measure(plan: &Plan) -> Result<Vec<Entry>> {
    let begun = Instant::now();
    let shipped = shipped()?;
    let drawers = shipped
        .iter()
        .map(|it| Drawer::new(it).map_err(|why| why.of(it.name)))
        .collect::<Result<Vec<_>>>()?;
    // Figures of the largest book measured, by rulebook.
    let mut known: Vec<Option<Figures>> = vec![None; shipped.len()];
    let mut entries = Vec::new();
    for (size, accounts) in plan.accounts.iter().enumerate() {
        let last = size + 1 == plan.accounts.len();
        for (at, (of, drawer)) in shipped.iter().zip(&drawers).enumerate() {
            let share = plan.budget.map(|budget| {
                let left = u32::try_from(shipped.len() - at).unwrap_or(u32::MAX);
                // Larger books need the rest.
                let parts = if last { left } else { left.saturating_mul(3) };
                budget.saturating_sub(begun.elapsed()) / parts
            });
            let expected = known[at].as_ref().map(|figures| figures.expected(*accounts));
            let entry = match hindrance(*accounts, expected, share) {
                Some(why) => Entry::Skipped(of.name, *accounts, why),
                None => {
                    let ends = share.map(|share| Instant::now() + share);
                    measure_one(drawer, of, *accounts, plan, ends).map_err(|why| why.of(of.name))?
                }
            };
            match &entry {
                Entry::Measured(figures) => known[at] = Some((**figures).clone()),
                Entry::Skipped(name, accounts, why) => {
                    println!("{name}, {} accounts: left out, {why}", grouped(u64::from(*accounts)));
                }
            }
            entries.push(entry);
        }
    }
    Ok(entries)
}

/// Measures each book and prints a table.
///
/// # Errors
/// An answer differs from the slow one, or the engine refused a command.
pub fn run(options: &Options) -> Result<()> {
    let begun = Instant::now();
    println!("rulebooks: {}", machine());
    let headings = [
        "rulebook",
        "accounts",
        "positions",
        "set up in",
        "fall",
        "touched",
        "in breach before",
        "after",
        "planned",
        "whole",
        "no call",
        "searched",
        "every amount",
        "tried",
        "dearer",
        "applied",
        "assessments/s",
        "each",
        "planned/s",
        "each",
    ];
    let mut table = Table::new(&headings);
    let mut entries = measure(&Plan::of(options))?;
    let name = |entry: &Entry| match entry {
        Entry::Measured(figures) => figures.rulebook,
        Entry::Skipped(name, ..) => *name,
    };
    // One rulebook's books stand together, in the order of shipping; the sort keeps their order.
    let order: Vec<&str> = entries.iter().map(name).collect();
    entries.sort_by_key(|entry| order.iter().position(|known| *known == name(entry)));
    for entry in &entries {
        table.row(row(entry));
    }
    println!("{table}");
    println!(
        "One core; the median run counts. Touched: accounts that the fall made the engine assess, beside the \
         accounts covered. Searched: accounts whose largest call was searched the slow way, every \
         amount for so many of them; tried: calls executed for it; dearer: those that would repay more and take nothing more. Applied: calls that the engine took, \
         to the health planned."
    );
    let peak = kibibytes("/proc/self/status", "VmHWM").unwrap_or(0) >> 20;
    println!(
        "In all {}, at most {} MB; at the end: {}",
        time(begun.elapsed()),
        grouped(peak),
        machine()
    );
    Ok(())
}

fn row(entry: &Entry) -> Vec<String> {
    let figures = match entry {
        Entry::Measured(figures) => figures,
        Entry::Skipped(name, accounts, _) => {
            let accounts = grouped(u64::from(*accounts));
            return vec![(*name).to_owned(), accounts, "left out, see above".to_owned()];
        }
    };
    let proved = &figures.proved;
    let each = |runs: &Runs, count: u64| match count {
        0 => "-".to_owned(),
        _ => time(Duration::from_nanos(whole_nanos(runs.median()) / count)),
    };
    vec![
        figures.rulebook.to_owned(),
        grouped(figures.accounts),
        grouped(figures.positions),
        time(figures.setup),
        format!("{} %", figures.fall_percent),
        grouped(figures.assessed),
        grouped(figures.breaches.0),
        grouped(figures.breaches.1),
        grouped(proved.planned),
        grouped(proved.whole),
        grouped(proved.unplanned),
        grouped(proved.searched),
        grouped(proved.exhausted),
        grouped(proved.tried),
        grouped(proved.dearer),
        grouped(proved.applied),
        per_second(figures.accounts, figures.assess.median()),
        each(&figures.assess, figures.accounts),
        per_second(proved.planned, figures.plans.median()),
        each(&figures.plans, proved.planned),
    ]
}
