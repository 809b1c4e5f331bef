//! Contracts marked at the year's end: section 1256 and Form 6781.
//!
//! Open lots are valued at the mark of the year's last business day, which becomes their new price;
//! 60 % of a year's result is long-term and 40 % short-term, whatever the holding (26 USC
//! 1256(a)(1)-(3)). Fees lower the year in which they are paid. The rule against wash sales does
//! not apply (26 USC 1256(f)(5)).

use crate::error::{Result, TaxError};
use breakwater_accounting::derivatives::{Form, Matching, Position, Terms};
use breakwater_accounting::{Date, Price, Quantity};
use breakwater_money::{Rational, rational};
use std::collections::BTreeMap;

/// A fill, or funding, of one contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// Contracts, positive when bought, at a price, with a fee.
    Fill {
        /// Contracts.
        quantity: Quantity,
        /// Price.
        price: Price,
        /// Fee paid.
        fee: Quantity,
    },
    /// Money received.
    Cash(Quantity),
}

/// A year of Form 6781.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Year {
    /// Result of the year in the settle asset.
    pub total: Rational,
    /// 60 % of it.
    pub long_60: Rational,
    /// 40 % of it.
    pub short_40: Rational,
}

/// What a contract comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marked {
    /// Years with a fill or a mark.
    pub years: BTreeMap<i32, Year>,
    /// Lots after the last mark: signed contracts and the price they were last marked at or
    /// entered.
    pub open: Vec<(Rational, Rational)>,
}

/// Follows one contract through its fills and its year-end marks.
///
/// # Errors
/// A position is open at the end of a year that has a later event and no mark, or a number that no
/// position can take.
pub fn marked(
    contract: &str,
    form: Form,
    size: Quantity,
    events: &[(Date, Event)],
    marks: &BTreeMap<i32, Price>,
) -> Result<Marked> {
    let terms = Terms::new(form, size.rational()).map_err(accounting)?;
    let mut position = Position::flat(terms.clone(), Matching::Fifo);
    let mut totals: BTreeMap<i32, Rational> = BTreeMap::new();
    let mut events = events.iter().peekable();
    let first = events.peek().map(|(date, _)| date.year());
    let last = marks.keys().next_back().copied().max(events.clone().map(|e| e.0.year()).max());
    let (Some(first), Some(last)) = (first, last) else {
        return Ok(Marked { years: BTreeMap::new(), open: Vec::new() });
    };
    for year in first..=last {
        while let Some((_, event)) = events.next_if(|(date, _)| date.year() == year) {
            let change = match event {
                Event::Fill { quantity, price, fee } => {
                    let (quantity, price) = (quantity.rational(), price.rational());
                    let filled =
                        position.fill(&quantity, &price, &fee.rational()).map_err(accounting)?;
                    filled.price_pnl - filled.fee
                }
                Event::Cash(amount) => amount.rational(),
            };
            *totals.entry(year).or_insert_with(zero) += change;
        }
        let is_flat = *position.quantity() == zero();
        match marks.get(&year) {
            Some(mark) => {
                let gained = position.mark(&mark.rational()).map_err(accounting)?.price_pnl;
                if !is_flat || totals.contains_key(&year) {
                    *totals.entry(year).or_insert_with(zero) += gained;
                }
            }
            None if !is_flat && (events.peek().is_some() || year < last) => {
                return Err(TaxError::NoMark { contract: contract.to_owned(), year });
            }
            None => {}
        }
    }
    let share = |total: &Rational, percent| total * rational::from_raw(percent, 2);
    let year = |(year, total): (i32, Rational)| {
        let (long_60, short_40) = (share(&total, 60), share(&total, 40));
        (year, Year { total, long_60, short_40 })
    };
    let lots = position
        .lots()
        .map(|lot| (lot.quantity.clone(), terms.price_of(&lot.quantity, &lot.value)));
    Ok(Marked { years: totals.into_iter().map(year).collect(), open: lots.collect() })
}

fn zero() -> Rational {
    rational::from_raw(0, 0)
}

fn accounting(error: breakwater_accounting::derivatives::DerivativeError) -> TaxError {
    TaxError::Accounting(error.into())
}
