//! One path, the slow way: written from the rule, no order and no queue.

use super::super::impact::{Impact, Price};
use super::super::law::Steps;
use super::super::results::Row;
use super::{ContractBook, Terms, factor};

pub(super) fn scan(
    book: &ContractBook,
    terms: &Terms,
    impact: &Impact,
    mut steps: Steps<'_>,
    count: u32,
) -> Row {
    let mut contracts = book.contracts.clone();
    let mut touched = vec![false; contracts.len()];
    let mut price = Price { units: book.price, held: 0 };
    let mut row = Row { trough: price.units, ..Row::default() };
    for _ in 0..count {
        price = price.moved(libm::exp(steps.advance()));
        row.trough = row.trough.min(price.units);
        let mut rounds = 0;
        while rounds < terms.rounds_max {
            let before = row.liquidations;
            let (mut sold, mut bought) = (0, 0);
            for (contract, touched) in contracts.iter_mut().zip(&mut touched) {
                if terms.in_breach(contract, price.units) {
                    let closed = terms.close(contract, price.units);
                    *if contract.long { &mut sold } else { &mut bought } += closed.size;
                    row.sold += u128::from(closed.size);
                    row.repaid += u128::from(closed.fee);
                    row.liquidations += 1;
                    *touched = true;
                }
            }
            if row.liquidations == before {
                break;
            }
            rounds += 1;
            price = price.moved(factor(impact, sold, bought));
            row.trough = row.trough.min(price.units);
        }
        row.rounds_max = row.rounds_max.max(rounds);
    }
    row.price = price.units;
    row.held = price.held;
    row.touched = touched.iter().filter(|touched| **touched).count() as u64;
    row.bad_debt = contracts.iter().map(|contract| terms.deficit(contract, price.units)).sum();
    row
}
