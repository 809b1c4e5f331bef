//! Fills a second through lots that stay open.
//!
//! A holder buys until so many lots are open, then sells and buys in turn, so that the number stays.
//! Each order of lots is held against a list that is searched from end to end, on a smaller stream,
//! row by row; and after each run accounts must close. Input and rows are in memory: nothing is read
//! or written.

use crate::draw::Draw;
use crate::print::{Table, grouped, machine, per_second, time};
use crate::runs::Runs;
use crate::{Failure, Options, Result};
use breakwater_accounting::derivatives::Matching;
use breakwater_accounting::entry::Disposed;
use breakwater_accounting::{
    AccountingError, Accounts, Acquire, Acquired, Dispose, Entry, Kind, Names, Order, Policy,
    Quantity, Scope, Value,
};
use breakwater_money::Time;
use std::hint::black_box;

/// Sizes of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Fills.
    pub fills: usize,
    /// Lots that stay open.
    pub open: usize,
    /// Times each measurement is taken.
    pub rounds: usize,
}

impl Plan {
    /// The sizes that the options ask for; `--accounts` states the open lots.
    #[must_use]
    pub fn of(options: &Options) -> Plan {
        let (fills, open, rounds) =
            if options.quick { (4_000, 400, 2) } else { (1_000_000, 100_000, 5) };
        Plan { fills, open: options.accounts.map_or(open, |open| open as usize), rounds }
    }
}

const ORDERS: [Order; 4] = [Order::Fifo, Order::Lifo, Order::Hifo, Order::Lofo];

/// Measures and prints a table.
///
/// # Errors
/// Rows differ from those of the slow way, or accounts do not close.
pub fn run(options: &Options) -> Result<()> {
    println!("lots: {}", machine());
    let plan = Plan::of(options);
    judge(&Plan { fills: 2_000, open: 200, rounds: 1 })?;
    let (names, entries) = drawn(&plan);
    let mut table = Table::new(&["order", "fills", "open lots", "rows", "fills/s", "median"]);
    for order in ORDERS {
        let accounts = played(&names, &entries, order)?;
        let (rows, open) = (accounts.lots.rows().len(), accounts.lots.open().count());
        let runs = Runs::of(plan.rounds, || {
            black_box(played(&names, black_box(&entries), order).is_ok());
        });
        table.row(vec![
            order.to_string(),
            grouped(entries.len() as u64),
            grouped(open as u64),
            grouped(rows as u64),
            per_second(entries.len() as u64, runs.median()),
            time(runs.median()),
        ]);
    }
    println!("{table}");
    println!("One core; the median run counts. Accounts close after every run.");
    Ok(())
}

fn refused(error: AccountingError) -> Failure {
    Failure::Refused { what: "entry", why: error.to_string() }
}

/// Purchases until so many lots are open, then sales and purchases in turn. A sale takes about one
/// lot, seldom exactly one.
fn drawn(plan: &Plan) -> (Names, Vec<Entry>) {
    let mut draw = Draw::new(17, 0);
    let mut names = Names::new();
    let (asset, wallet, source) = (names.asset("BTC"), names.wallet("main"), names.source("row"));
    let unit = 1_000_000_000_000_i128;
    let mut entries = Vec::with_capacity(plan.fills);
    let mut held = 0_i128;
    for at in 0..plan.fills {
        let size = 500_000 + i128::from(draw.below(1_000_000));
        let worth = 20_000 + i128::from(draw.below(80_000));
        let buys = at < plan.open || at % 2 == 1 || held < size;
        held += if buys { size } else { -size };
        let (quantity, value) = (Quantity(size * unit), Value(size * unit * worth));
        let kind = if buys {
            Kind::Acquire(Acquire {
                asset,
                quantity,
                cost: value,
                fee: Value(unit),
                how: Acquired::Bought,
                acquired: None,
                price: None,
            })
        } else {
            Kind::Dispose(Dispose {
                asset,
                quantity,
                fee_in_kind: Quantity::ZERO,
                proceeds: value,
                fee: Value::ZERO,
                market: None,
                how: Disposed::Sold,
                lots: Vec::new(),
            })
        };
        entries.push(Entry { at: Time(at as u64 * 1_000_000_000), wallet, source, kind });
    }
    (names, entries)
}

fn played(names: &Names, entries: &[Entry], order: Order) -> Result<Accounts> {
    let mut accounts = Accounts::new(Policy::new(order, Scope::Wallet), Matching::AverageEntry);
    entries.iter().try_for_each(|entry| accounts.apply(names, entry)).map_err(refused)?;
    accounts.lots.close().map_err(refused)?;
    Ok(accounts)
}

/// One lot of the slow way.
struct Slow {
    acquired: u64,
    turn: usize,
    quantity: i128,
    basis: i128,
    entered: (i128, i128),
}

/// Holds every order against a list that is searched from end to end.
fn judge(plan: &Plan) -> Result<()> {
    let (names, entries) = drawn(plan);
    for order in ORDERS {
        let accounts = played(&names, &entries, order)?;
        let fast: Vec<(u64, i128, i128)> = accounts
            .lots
            .rows()
            .iter()
            .map(|row| (row.acquired.map_or(0, |at| at.0), row.quantity.0, row.basis.0))
            .collect();
        let slow = slowly(&entries, order)?;
        if fast != slow {
            return Err(Failure::Differs(format!("rows of lots, {order}")));
        }
    }
    Ok(())
}

fn slowly(entries: &[Entry], order: Order) -> Result<Vec<(u64, i128, i128)>> {
    let mut lots: Vec<Slow> = Vec::new();
    let mut rows = Vec::new();
    for (turn, entry) in entries.iter().enumerate() {
        match &entry.kind {
            Kind::Acquire(bought) => {
                let basis = bought.cost.0 + bought.fee.0;
                let entered = (basis, bought.quantity.0);
                let (acquired, quantity) = (entry.at.0, bought.quantity.0);
                lots.push(Slow { acquired, turn, quantity, basis, entered });
            }
            Kind::Dispose(sold) => {
                let mut left = sold.quantity.0;
                while left > 0 {
                    let Some(lot) = best(&mut lots, order) else { break };
                    let taken = left.min(lot.quantity);
                    let share = Value(lot.basis).share(Quantity(taken), Quantity(lot.quantity));
                    let basis = share.map_err(refused)?.0;
                    rows.push((lot.acquired, taken, basis));
                    lot.quantity -= taken;
                    lot.basis -= basis;
                    left -= taken;
                }
                lots.retain(|lot| lot.quantity > 0);
            }
            _ => {}
        }
    }
    Ok(rows)
}

/// The lot that goes next, by comparing each with the best so far.
fn best(lots: &mut [Slow], order: Order) -> Option<&mut Slow> {
    use breakwater_money::{Rational, rational};
    let unit = |lot: &Slow| -> Rational {
        rational::from_raw(lot.entered.0, 0) / rational::from_raw(lot.entered.1, 0)
    };
    let open = lots.iter_mut().filter(|lot| lot.quantity > 0);
    open.reduce(|best, lot| {
        let before = match order {
            Order::Lifo => (lot.acquired, lot.turn) > (best.acquired, best.turn),
            Order::Hifo => unit(lot) > unit(best),
            Order::Lofo => unit(lot) < unit(best),
            Order::Fifo | Order::Average => false,
        };
        if before { lot } else { best }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_takes_the_lots_that_the_slow_way_takes() {
        judge(&Plan { fills: 300, open: 60, rounds: 1 }).unwrap();
    }
}
