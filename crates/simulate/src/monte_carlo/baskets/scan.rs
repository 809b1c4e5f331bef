//! One path, the slow way: written from the rule, no bound and no queue.

use super::super::impact::Price;
use super::{ASSETS, BasketBook, BasketRow, BasketRun, BasketSteps, BasketTerms};

pub(super) fn scan(
    book: &BasketBook,
    terms: &BasketTerms,
    run: &BasketRun,
    mut steps: BasketSteps<'_>,
) -> BasketRow {
    let mut baskets = book.baskets.clone();
    let mut touched = vec![false; baskets.len()];
    let mut prices = book.prices.map(|units| Price { units, held: 0 });
    let mut row = BasketRow { troughs: book.prices, ..BasketRow::default() };
    for _ in 0..run.steps {
        let factors = steps.advance().map(libm::exp);
        move_all(&mut prices, factors, &mut row);
        let mut rounds = 0;
        while rounds < run.rules.rounds_max {
            let before = row.liquidations;
            let marks = prices.map(|price| price.units);
            let mut sold = [0u64; ASSETS];
            for (basket, touched) in baskets.iter_mut().zip(&mut touched) {
                row.looked_at += 1;
                if terms.in_breach(basket, &marks) {
                    let (asset, repaid, seized) = terms.liquidate(basket, &marks);
                    sold[asset] += seized;
                    row.repaid += u128::from(repaid);
                    row.liquidations += 1;
                    *touched = true;
                }
            }
            if row.liquidations == before {
                break;
            }
            rounds += 1;
            for (total, sold) in row.sold.iter_mut().zip(sold) {
                *total += u128::from(sold);
            }
            let factors = [0, 1, 2].map(|asset| run.impacts[asset].factor(sold[asset]));
            move_all(&mut prices, factors, &mut row);
        }
        row.rounds_max = row.rounds_max.max(rounds);
    }
    row.prices = prices.map(|price| price.units);
    row.held = prices.iter().map(|price| price.held).sum();
    row.touched = touched.iter().filter(|touched| **touched).count() as u64;
    row.bad_debt = baskets.iter().map(|basket| terms.uncovered(basket, &row.prices)).sum();
    row
}

/// Moves every price and notes the lowest.
pub(super) fn move_all(prices: &mut [Price; ASSETS], factors: [f64; ASSETS], row: &mut BasketRow) {
    for ((price, factor), trough) in prices.iter_mut().zip(factors).zip(&mut row.troughs) {
        *price = price.moved(factor);
        *trough = price.units.min(*trough);
    }
}
