//! Sums by calendar year and bucket.

use super::term::{Term, term};
use crate::error::Result;
use breakwater_accounting::{Date, Quantity, Row, RowEvent, Value};
use std::collections::BTreeMap;

/// What a row counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Bucket {
    /// Capital, held one year or less.
    Short,
    /// Capital, held more than one year.
    Long,
    /// Ordinary income.
    Income,
}

impl Bucket {
    /// The bucket in a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Bucket::Short => "short",
            Bucket::Long => "long",
            Bucket::Income => "income",
        }
    }
}

/// Sums of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sums {
    /// Units.
    pub quantity: Quantity,
    /// Proceeds.
    pub proceeds: Value,
    /// Fees in money.
    pub fees: Value,
    /// Basis.
    pub basis: Value,
    /// Proceeds less fees less basis.
    pub gain: Value,
}

/// The term of a row; of an income, short.
#[must_use]
pub fn term_of(row: &Row) -> Term {
    row.acquired.map_or(Term::Short, |acquired| term(Date::of(acquired), Date::of(row.at)))
}

/// The bucket of a row.
#[must_use]
pub fn bucket_of(row: &Row) -> Bucket {
    match (row.event, term_of(row)) {
        (RowEvent::Income(_), _) => Bucket::Income,
        (RowEvent::Out(_), Term::Short) => Bucket::Short,
        (RowEvent::Out(_), Term::Long) => Bucket::Long,
    }
}

/// Sums of every year and bucket.
///
/// # Errors
/// A sum does not fit.
pub fn yearly(rows: &[Row]) -> Result<BTreeMap<i32, BTreeMap<Bucket, Sums>>> {
    let mut years: BTreeMap<i32, BTreeMap<Bucket, Sums>> = BTreeMap::new();
    for row in rows {
        let year = years.entry(Date::of(row.at).year()).or_default();
        let sums = year.entry(bucket_of(row)).or_default();
        sums.quantity = sums.quantity.plus(row.quantity)?;
        sums.proceeds = sums.proceeds.plus(row.proceeds)?;
        sums.fees = sums.fees.plus(row.fee)?;
        sums.basis = sums.basis.plus(row.basis)?;
        sums.gain = sums.gain.plus(row.gain()?)?;
    }
    Ok(years)
}
