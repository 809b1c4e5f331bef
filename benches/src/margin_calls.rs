//! Margin calls a second, on one core: a book of agreements of all three forms in integer columns
//! against the exact formula in rationals.
//!
//! Every call of the columns is first held against the exact formula, over exposures that move as they
//! do while it is timed: all rows of the book once, a share of them at every further valuation.

use crate::draw::Draw;
use crate::print::{Table, grouped, machine, per_second, time};
use crate::runs::Runs;
use crate::{Failure, Options, Result};
use breakwater_agreement::support::columns::{Book, Due, INFINITE, Item, Row};
use breakwater_agreement::support::formula::{
    Approach, Call, Form, Limit, PostedItem, Requirement, Step, TransferRule,
};
use breakwater_money::{Rational, Rounding, rational};
use std::hint::black_box;

/// Sizes of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Agreements in the book.
    pub agreements: u32,
    /// Times each measurement is taken.
    pub rounds: usize,
    /// Every so many agreements one is judged by the exact formula at every valuation.
    pub judged_every: usize,
}

impl Plan {
    /// The sizes that the options ask for.
    #[must_use]
    pub fn of(options: &Options) -> Plan {
        let usual = if options.quick { 300 } else { 100_000 };
        Plan {
            agreements: options.accounts.unwrap_or(usual),
            rounds: if options.quick { 2 } else { 51 },
            judged_every: if options.quick { 1 } else { 97 },
        }
    }
}

/// What one measurement gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// What was done.
    pub name: &'static str,
    /// Calls evaluated in one run.
    pub calls: u64,
    /// Of these, calls in which something moves.
    pub moved: u64,
    /// Calls that were held against the exact formula.
    pub judged: u64,
    /// Times.
    pub runs: Runs,
}

/// Measures and prints a table.
///
/// # Errors
/// A call of the columns differs from the exact formula.
pub fn run(options: &Options) -> Result<()> {
    println!("margin_calls: {}", machine());
    let mut table =
        Table::new(&["step", "calls", "that move", "judged", "calls/s", "median", "fastest"]);
    for figures in measure(&Plan::of(options))? {
        table.row(vec![
            figures.name.to_owned(),
            grouped(figures.calls),
            grouped(figures.moved),
            grouped(figures.judged),
            per_second(figures.calls, figures.runs.median()),
            time(figures.runs.median()),
            time(figures.runs.least()),
        ]);
    }
    println!("{table}");
    println!("One core; the median run counts. An agreement has one to six posted items.");
    Ok(())
}

/// A drawn book: rows, their items, and exposures of two valuations.
struct Drawn {
    rows: Vec<(Row, Vec<Item>)>,
    exposures: [Vec<i64>; 2],
}

fn below(draw: &mut Draw, most: u64) -> i64 {
    i64::try_from(draw.below(most)).unwrap_or(0)
}

fn drawn(count: u32) -> Drawn {
    let mut draw = Draw::new(23, 7);
    let mut rows = Vec::new();
    let mut exposures = [Vec::new(), Vec::new()];
    for number in 0..count {
        let form = Form::ALL[number as usize % 3];
        let initial = form == Form::Initial2018;
        let mut exposure = || {
            let size = below(&mut draw, 5_000_000_000);
            if initial { size } else { size - 2_000_000_000 }
        };
        exposures[0].push(exposure());
        exposures[1].push(exposure());
        let count = 1 + draw.below(6);
        let items: Vec<Item> = (0..count)
            .map(|_| Item {
                market_value: below(&mut draw, 800_000_000),
                haircuts_ppm: 10_000 * draw.below(50) as u32,
            })
            .collect();
        let infinite = draw.below(50) == 0;
        let row = Row {
            form,
            approach: Approach::ALL[draw.below(3) as usize],
            exposure: 0,
            independent: below(&mut draw, 100_000_000),
            threshold: if infinite { INFINITE } else { below(&mut draw, 4) * 100_000_000 },
            pending_delivery: below(&mut draw, 3) * 25_000_000,
            pending_return: below(&mut draw, 3) * 10_000_000,
            disputed: below(&mut draw, 3) * 7_500_000,
            minimum: [below(&mut draw, 4) * 25_000_000, below(&mut draw, 4) * 25_000_000],
            multiple: [100, 100_000, 1_000_000, 5_000_000][draw.below(4) as usize],
            rounding: [Rounding::Ceil, Rounding::Floor],
        };
        rows.push((row, items));
    }
    Drawn { rows, exposures }
}

/// The same row by the exact formula.
fn exact(row: &Row, items: &[Item]) -> Call {
    let minor = |raw: i64| rational::from_raw(i128::from(raw), 2);
    let threshold = match row.threshold {
        INFINITE => Limit::Infinite,
        amount => Limit::Amount(minor(amount)),
    };
    let requirement = match row.form {
        Form::Annex1994 => Requirement::Annex {
            exposure: minor(row.exposure),
            independent_pledgor: minor(row.independent),
            independent_secured: minor(0),
            threshold,
        },
        Form::Variation2016 => Requirement::Variation { exposure: minor(row.exposure) },
        Form::Initial2018 => Requirement::Initial {
            margin_amount: minor(row.exposure),
            independent_amount: minor(row.independent),
            approach: row.approach,
            threshold,
        },
    };
    let item = |item: &Item| PostedItem {
        market_value: minor(item.market_value),
        haircut: rational::from_raw(i128::from(item.haircuts_ppm), 6),
        fx_haircut: minor(0),
        additional_haircut: minor(0),
    };
    let rule = |place: usize| TransferRule {
        minimum: minor(row.minimum[place]),
        step: Step { multiple: minor(row.multiple), rounding: row.rounding[place] },
    };
    Call {
        requirement,
        posted: items.iter().map(item).collect(),
        pending_delivery: minor(row.pending_delivery),
        pending_return: minor(row.pending_return),
        disputed: minor(row.disputed),
        delivery: rule(0),
        returning: rule(1),
    }
}

/// The figures of both ways.
///
/// # Errors
/// A call of the columns differs from the exact formula.
pub fn measure(plan: &Plan) -> Result<Vec<Figures>> {
    let drawn = drawn(plan.agreements);
    let mut book = Book::new();
    for (row, items) in &drawn.rows {
        book.push(*row, items).map_err(refused)?;
    }
    let mut due = Vec::new();
    let (mut judged, mut moved) = (0, 0);
    for (valuation, every) in [(0, 1), (1, plan.judged_every)] {
        book.expose(&drawn.exposures[valuation]).map_err(refused)?;
        book.evaluate(&mut due);
        judged += judge(&drawn, valuation, &due, every)?;
        moved = due.iter().filter(|due| **due != Due::default()).count() as u64;
    }
    let calls = u64::from(plan.agreements);
    let mut at = 0;
    let columns = Runs::of(plan.rounds, || {
        at = 1 - at;
        // The bounds were held above; a refusal cannot come here.
        let _ = book.expose(black_box(&drawn.exposures[at]));
        book.evaluate(&mut due);
        black_box(&due);
    });
    let few = drawn.rows.len().min(1_000);
    let slow = Runs::of(plan.rounds.min(11), || {
        for (row, items) in &drawn.rows[..few] {
            black_box(exact(row, items).figures());
        }
    });
    Ok(vec![
        Figures { name: "integer columns", calls, moved, judged, runs: columns },
        Figures { name: "exact rationals", calls: few as u64, moved: 0, judged: 0, runs: slow },
    ])
}

fn judge(drawn: &Drawn, valuation: usize, due: &[Due], every: usize) -> Result<u64> {
    let mut judged = 0;
    for (place, (row, items)) in drawn.rows.iter().enumerate().step_by(every.max(1)) {
        let row = Row { exposure: drawn.exposures[valuation][place], ..*row };
        let figures = exact(&row, items).figures();
        let minor = |raw: i64| -> Rational { rational::from_raw(i128::from(raw), 2) };
        let same = minor(due[place].delivery) == figures.delivery_amount
            && minor(due[place].returning) == figures.return_amount;
        if !same {
            let (delivery, returning) = (&figures.delivery_amount, &figures.return_amount);
            return Err(Failure::Differs(format!(
                "call of agreement {place}: {:?}, exactly {delivery} and {returning}",
                due[place]
            )));
        }
        judged += 1;
    }
    Ok(judged)
}

fn refused(why: breakwater_agreement::support::columns::BookError) -> Failure {
    Failure::Refused { what: "agreement", why: why.to_string() }
}
