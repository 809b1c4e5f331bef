//! One path, the slow way: every account is asked in every round. Judges [`super::path`].
//!
//! Written from the rule and nothing else: a copy of the book, no order, no queue, and a division
//! wherever the rule divides.

use super::book::{Book, Loan};
use super::impact::{Impact, Price};
use super::law::Steps;
use super::results::Row;
use super::rules::{Rules, Terms};
use crate::ScenarioError;

/// Runs one path by asking everybody.
///
/// # Errors
/// A rule is out of range.
pub fn scan(
    book: &Book,
    rules: &Rules,
    impact: &Impact,
    mut steps: Steps<'_>,
    count: u32,
) -> Result<Row, ScenarioError> {
    let terms = Terms::new(rules, book.one())?;
    let mut loans = book.loans().to_vec();
    let mut touched = vec![false; loans.len()];
    let mut price = Price { units: book.price(), held: 0 };
    let mut row = Row { trough: price.units, ..Row::default() };
    for _ in 0..count {
        price = price.moved(libm::exp(steps.advance()));
        row.trough = row.trough.min(price.units);
        let mut rounds = 0;
        while rounds < rules.rounds_max {
            let before = row.liquidations;
            let sold = round(&terms, price.units, &mut loans, &mut touched, &mut row);
            if row.liquidations == before {
                break;
            }
            rounds += 1;
            price = price.moved(impact.factor(sold));
            row.trough = row.trough.min(price.units);
        }
        row.rounds_max = row.rounds_max.max(rounds);
    }
    row.price = price.units;
    row.held = price.held;
    row.touched = touched.iter().filter(|touched| **touched).count() as u64;
    let uncovered = |loan: &Loan| terms.uncovered(loan.collateral, loan.debt, price.units);
    row.bad_debt = loans.iter().map(uncovered).sum();
    Ok(row)
}

fn round(
    terms: &Terms,
    price: u64,
    loans: &mut [Loan],
    touched: &mut [bool],
    row: &mut Row,
) -> u64 {
    let mut sold = 0;
    for (loan, touched) in loans.iter_mut().zip(touched) {
        if terms.in_breach(loan.collateral, loan.debt, price) {
            let taken = terms.liquidate(loan.collateral, loan.debt, price);
            loan.collateral -= taken.seized;
            loan.debt -= taken.repaid;
            sold += taken.seized;
            row.repaid += u128::from(taken.repaid);
            row.liquidations += 1;
            *touched = true;
        }
    }
    row.sold += u128::from(sold);
    sold
}
