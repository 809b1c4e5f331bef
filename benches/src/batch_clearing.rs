//! One price for a batch of orders, on one core.
//!
//! The book finds the margin by selection, over keys of 64 bits that fall back to cross products where
//! they tie. It is held against the usual way, a sort of all orders by cross products and a walk from
//! the top, at full size; and against the definition, which asks every order what all at or before it
//! pay, where that is feasible.

use crate::draw::Draw;
use crate::print::{Table, grouped, machine, per_second, time};
use crate::runs::Runs;
use crate::{Failure, Options, Result};
use breakwater_auction::batch::{Book, Clearing, Order, Refusal, Terms};
use breakwater_money::U256;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Sizes of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Orders in the book.
    pub orders: u32,
    /// Orders in the book on which the definition is asked.
    pub judged: u32,
    /// Times each measurement is taken.
    pub rounds: usize,
}

impl Plan {
    /// The sizes that the options ask for.
    #[must_use]
    pub fn of(options: &Options) -> Plan {
        let usual = if options.quick { 3_000 } else { 1_000_000 };
        let (judged, rounds) = if options.quick { (300, 2) } else { (5_000, 7) };
        let orders = options.accounts.unwrap_or(usual);
        Plan { orders, judged: judged.min(orders), rounds }
    }
}

/// What one measurement gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// What was done.
    pub name: String,
    /// Orders in the book.
    pub orders: u64,
    /// Times.
    pub runs: Runs,
}

/// Measures and prints a table.
///
/// # Errors
/// Two answers differ.
pub fn run(options: &Options) -> Result<()> {
    println!("batch_clearing: {}", machine());
    let mut table = Table::new(&["step", "orders", "orders/s", "median", "fastest", "slowest"]);
    for figures in measure(&Plan::of(options))? {
        table.row(vec![
            figures.name,
            grouped(figures.orders),
            per_second(figures.orders, figures.runs.median()),
            time(figures.runs.median()),
            time(figures.runs.least()),
            time(figures.runs.most()),
        ]);
    }
    println!("{table}");
    println!("One core; the median run counts. Every price is that of a sort of all orders.");
    Ok(())
}

/// The figures of every step.
///
/// # Errors
/// Two answers differ.
pub fn measure(plan: &Plan) -> Result<Vec<Figures>> {
    let mut figures = Vec::new();
    let mut step = |name: &str, orders: &[Order], runs: Runs| {
        figures.push(Figures { name: name.to_owned(), orders: orders.len() as u64, runs });
    };
    let small = orders(plan.judged);
    judge(&small, 5)?;
    let slow = Runs::of(1, || {
        black_box(by_definition(black_box(&small), &terms(&small, 5)));
    });
    step("  the same by its definition", &small, slow);
    let all = orders(plan.orders);
    for (name, part) in [("clear, a fifth wins", 5), ("clear, half of them win", 2)] {
        let terms = terms(&all, part);
        let clearing = cleared(&all, &terms)?;
        same(name, &clearing, by_sort(&all, &terms))?;
        step(name, &all, fresh(plan, &all, |book| book.clear(&terms).is_ok())?);
        let slow = Runs::of(plan.rounds, || {
            black_box(by_sort(black_box(&all), &terms));
        });
        step("  the same by a sort of all", &all, slow);
        if part == 2 {
            step("shares of all", &all, fresh(plan, &all, |book| book.shares(&clearing).is_ok())?);
        }
    }
    let build = Runs::of(plan.rounds, || {
        black_box(book(black_box(&all)).is_ok());
    });
    step("build the book", &all, build);
    figures.rotate_left(1);
    Ok(figures)
}

/// Times `work` on books that nothing was done to yet; building them is not counted.
fn fresh(plan: &Plan, orders: &[Order], work: impl Fn(&mut Book) -> bool) -> Result<Runs> {
    let unread = book(orders)?;
    let times: Vec<Duration> = (0..plan.rounds)
        .map(|_| {
            let mut book = unread.clone();
            let begun = Instant::now();
            black_box(work(black_box(&mut book)));
            begun.elapsed()
        })
        .collect();
    Ok(Runs::new(times))
}

/// Payments over six orders of magnitude; limits around one, most within a tenth.
fn orders(count: u32) -> Vec<Order> {
    let drawn = |number: u32| {
        let mut draw = Draw::new(9, u64::from(number));
        // Floats propose amounts; the order is whole numbers.
        let pay = (1e21 * libm::exp(2.0 * draw.normal())) as u128;
        let limit = libm::exp(0.05 * draw.normal());
        let min_receive = (pay as f64 / limit) as u128;
        Order::new(u64::from(number) + 2, pay, min_receive)
    };
    (0..count).filter_map(|number| drawn(number).ok()).collect()
}

/// A lot that a `part` of the money buys at a price of about one, and a lowest price that admits all.
fn terms(orders: &[Order], part: u128) -> Terms {
    let sum: u128 = orders.iter().map(Order::pay).sum();
    // A million orders offer about 7e27, and amounts end at 7.9e28.
    Terms { sell: (sum / part).max(1), min_buy: 1, min_funding: 0, fee_per_mille: 0 }
}

fn refused(refusal: Refusal) -> Failure {
    Failure::Refused { what: "order", why: refusal.to_string() }
}

fn book(orders: &[Order]) -> Result<Book> {
    let mut book = Book::with_capacity(orders.len());
    orders.iter().try_for_each(|order| book.push(*order)).map_err(refused)?;
    Ok(book)
}

fn cleared(orders: &[Order], terms: &Terms) -> Result<Clearing> {
    book(orders)?.clear(terms).map_err(refused)
}

/// Sold, paid and money of all that are served, as the slow ways find them.
type Price = (u128, u128, u128);

/// The usual way: all in order, then from the top.
fn by_sort(orders: &[Order], terms: &Terms) -> Price {
    let mut sorted = orders.to_vec();
    sorted.sort_unstable();
    let mut sum = 0;
    for order in &sorted {
        sum += order.pay();
        if reaches(sum, order, terms) {
            return at_margin(sum, order, terms);
        }
    }
    of_all(sum, terms)
}

/// The definition: of the orders at whose limit all money at or before it buys the lot, the first.
fn by_definition(orders: &[Order], terms: &Terms) -> Price {
    let with =
        |order: &Order| orders.iter().filter(|other| *other <= order).map(Order::pay).sum::<u128>();
    let sums = orders.iter().map(|order| (order, with(order)));
    let first = sums.filter(|(order, sum)| reaches(*sum, order, terms)).min();
    match first {
        Some((order, sum)) => at_margin(sum, order, terms),
        None => of_all(orders.iter().map(Order::pay).sum(), terms),
    }
}

fn reaches(sum: u128, order: &Order, terms: &Terms) -> bool {
    let wide = |a: u128, b: u128| U256::from(a) * U256::from(b);
    wide(sum, order.min_receive()) >= wide(terms.sell, order.pay())
}

fn at_margin(sum: u128, order: &Order, terms: &Terms) -> Price {
    let buys = U256::from(terms.sell) * U256::from(order.pay()) / U256::from(order.min_receive());
    let buys = u128::try_from(buys).unwrap_or(u128::MAX);
    let before = sum - order.pay();
    match buys >= before {
        true => (order.min_receive(), order.pay(), buys),
        false => (terms.sell, before, before),
    }
}

fn of_all(sum: u128, terms: &Terms) -> Price {
    (terms.sell, sum.max(terms.min_buy), sum)
}

fn same(name: &str, fast: &Clearing, slow: Price) -> Result<()> {
    let found = (fast.sold, fast.paid, fast.money);
    if found == slow {
        return Ok(());
    }
    Err(Failure::Differs(format!("{name}: {found:?} by selection, {slow:?} the slow way")))
}

/// All three ways, in the order drawn and backwards.
fn judge(orders: &[Order], part: u128) -> Result<()> {
    let backwards: Vec<Order> = orders.iter().rev().copied().collect();
    let terms = terms(orders, part);
    let price = by_definition(orders, &terms);
    for (name, orders) in [("as drawn", orders), ("backwards", &backwards)] {
        same(name, &cleared(orders, &terms)?, price)?;
        same(name, &cleared(orders, &terms)?, by_sort(orders, &terms))?;
    }
    Ok(())
}
