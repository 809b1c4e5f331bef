//! Why a part of an index or a mark has no answer.

use breakwater_money::{MoneyError, Time};

/// What is wrong with the inputs of one part. Sources are counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PartError {
    /// Nothing to take a price from.
    #[error("no source: at least one price is needed")]
    NoSource,
    /// A source reports a price of zero, which is a broken feed.
    #[error("the price of source {place} is 0; a price is above 0, leave a dead source out")]
    ZeroPrice {
        /// The source, counted from 1.
        place: usize,
    },
    /// The sources that count have no weight together.
    #[error("the sources that count weigh 0 together; at least one needs a weight above 0")]
    NoWeight,
    /// A price that must be above zero is zero or would be negative.
    #[error("{what} is {value}; a price is above 0")]
    NotPositive {
        /// What it would have been.
        what: &'static str,
        /// Its value, or 0 where it falls below every number that fits.
        value: i128,
    },
    /// A length or duration of zero.
    #[error("{field} is 0; it is at least 1")]
    Zero {
        /// The parameter.
        field: &'static str,
    },
    /// More time is left than the interval has.
    #[error("remaining is {remaining}; the interval it is left of has {interval}")]
    RemainingBeyondInterval {
        /// What is left, in the unit of the interval.
        remaining: u64,
        /// The interval.
        interval: u64,
    },
    /// A sample older than the last one.
    #[error("a sample at {} ns follows one at {} ns; samples arrive in their order", at.0, last.0)]
    OutOfOrder {
        /// Time of the sample.
        at: Time,
        /// Time of the last one.
        last: Time,
    },
    /// An average that has not seen a sample.
    #[error("no sample yet: the average has nothing to average")]
    NoSample,
    /// Arithmetic left its width.
    #[error("{0}; expected smaller prices")]
    Money(#[from] MoneyError),
}

impl PartError {
    /// Whether the price is merely absent, for want of a source or a sample: what a part that can do
    /// without one of its prices leaves out. Anything else is a bad input and stops the whole.
    #[must_use]
    pub fn is_absence(&self) -> bool {
        matches!(self, PartError::NoSource | PartError::NoSample)
    }
}
