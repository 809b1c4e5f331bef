//! Positions in contracts: what is realised when they shrink, by average entry and by lots.
//!
//! A contract is linear (its value moves with the price) or inverse (quoted in one currency, settled in
//! the coin it prices, so that its value in coin moves against the price). Both are kept alike: a
//! position is a signed quantity with the value in the settle asset at which it was entered. Closing
//! compares that value with the value at the exit; only the sign differs.
//!
//! Formulas, `q` the signed quantity closed and `s` the size of one contract:
//! linear `s q (exit - entry)`, inverse `s q (1 / entry - 1 / exit)`; funding received, `q` the position:
//! linear `-s q mark rate`, inverse `-s q rate / mark`. They are what exchanges publish for contracts of
//! the two kinds.
//!
//! Values are exact decimals of [`PLACES`] places: a product or a quotient with more is rounded to the
//! nearest, half away from zero, where it first arises. Every other step adds or subtracts, so that what
//! was added equals what was removed and what is left to the last place.
//!
//! ```
//! use breakwater_accounting::derivatives::{Form, Matching, Position, Terms};
//! use breakwater_money::rational::parse;
//!
//! let number = |text| parse(text).unwrap();
//! let terms = Terms::new(Form::Linear, number("1")).unwrap();
//! let mut position = Position::flat(terms, Matching::AverageEntry);
//! position.fill(&number("2"), &number("100"), &number("0.1")).unwrap();
//! let sold = position.fill(&number("-1"), &number("103"), &number("0.1")).unwrap();
//! assert_eq!(sold.price_pnl, number("3"));
//! assert_eq!(position.unrealised(&number("99")).unwrap(), number("-1"));
//! ```

mod position;
#[cfg(test)]
mod tests;

pub use crate::names::Form;
pub use position::{Closed, Filled, Funded, Marked, OpenLot, Position, Totals};

use breakwater_money::Rational;
use num_bigint::BigInt;
use num_traits::{Signed, Zero};

/// Places after the point that values keep: far below any unit that money is counted in, so that a
/// million roundings stay below the smallest of them.
pub const PLACES: u32 = 30;

/// Which part of a position a reducing fill closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Matching {
    /// A share of the whole, at the average entry, which stays: what exchanges report.
    AverageEntry,
    /// The oldest fills first.
    Fifo,
}

/// What a contract is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    form: Form,
    size: Rational,
}

/// An input that no position can take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DerivativeError {
    /// A number that must be above zero: correct it at its source.
    #[error("{field} {found}: above 0 is right")]
    NotPositive {
        /// Which number.
        field: &'static str,
        /// What it was.
        found: String,
    },
    /// A fill of nothing: leave it out.
    #[error("quantity 0: a fill buys (above 0) or sells (below 0)")]
    Nothing,
}

impl Terms {
    /// A contract of this form, one of which counts for `size` units.
    ///
    /// # Errors
    /// A size of zero or less.
    pub fn new(form: Form, size: Rational) -> Result<Self, DerivativeError> {
        positive("contract size", &size)?;
        Ok(Terms { form, size })
    }

    /// How value follows price.
    #[must_use]
    pub const fn form(&self) -> Form {
        self.form
    }

    /// Units that one contract counts for.
    #[must_use]
    pub const fn size(&self) -> &Rational {
        &self.size
    }

    /// Value of a quantity at a price, in the settle asset; below zero for a quantity below zero.
    ///
    /// # Errors
    /// A price of zero or less.
    pub fn value(
        &self,
        quantity: &Rational,
        price: &Rational,
    ) -> Result<Rational, DerivativeError> {
        positive("price", price)?;
        let units = quantity * &self.size;
        Ok(match self.form {
            Form::Linear => nearest(&(units * price)),
            Form::Inverse => nearest(&(units / price)), // division: rounded by name on this line
        })
    }

    /// The price at which `quantity` has `value`; zero for no quantity.
    #[must_use]
    pub fn price_of(&self, quantity: &Rational, value: &Rational) -> Rational {
        let units = quantity * &self.size;
        if units.is_zero() || value.is_zero() {
            return Rational::zero();
        }
        match self.form {
            Form::Linear => value / units, // division: exact, rationals do not round
            Form::Inverse => units / value, // division: exact, rationals do not round
        }
    }

    /// Profit of holding what was entered at one value and left at another, both signed as the
    /// quantity is.
    pub(crate) fn profit(&self, entered: &Rational, left: &Rational) -> Rational {
        match self.form {
            Form::Linear => left - entered,
            Form::Inverse => entered - left,
        }
    }
}

/// The nearest value of [`PLACES`] places, half away from zero.
#[must_use]
pub fn nearest(value: &Rational) -> Rational {
    let scale = BigInt::from(10u8).pow(PLACES);
    if (&scale % value.denom()).is_zero() {
        return value.clone();
    }
    let scaled = value * Rational::from_integer(scale.clone());
    Rational::new(scaled.round().to_integer(), scale)
}

pub(crate) fn positive(field: &'static str, found: &Rational) -> Result<(), DerivativeError> {
    if found.is_positive() {
        return Ok(());
    }
    let found = breakwater_money::rational::format(found, 12);
    Err(DerivativeError::NotPositive { field, found })
}
