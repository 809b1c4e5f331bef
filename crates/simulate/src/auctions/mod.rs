//! What floats say about auctions: closed forms with roots and exponentials, and what two price series
//! say about each other. Nothing here decides; measures in integers are the auction crate's.
//!
//! And a day of auctions, simulated: a venue auctions what it liquidates ([`scenario`], [`vaults`],
//! [`day`]) to bidders with values, capital and transactions of their own ([`bidders`], [`chain`]);
//! [`runner`] drives the engine. [`games`] play the formats alone, many times over.

pub mod bidders;
pub mod chain;
pub mod day;
pub mod discovery;
pub mod games;
mod regression;
pub mod runner;
pub mod scenario;
pub mod settings;
pub mod theory;
pub mod vaults;

/// Why a measure has no value.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MeasureError {
    /// A number is out of its range.
    #[error("{field} is {found}: it must be {right}")]
    Number {
        /// Name of the argument.
        field: &'static str,
        /// As given.
        found: f64,
        /// What would be right.
        right: &'static str,
    },
    /// A price of a series is not a positive number.
    #[error("price {at} of the {series} series is {found}: it must be finite and above 0")]
    Price {
        /// Which series.
        series: &'static str,
        /// Place, counted from zero.
        at: usize,
        /// As given.
        found: f64,
    },
    /// There is too little data, or series of different length.
    #[error("{field} has {found} prices: it must have {right}")]
    Length {
        /// Which series.
        field: &'static str,
        /// Its length.
        found: usize,
        /// What would be right.
        right: String,
    },
    /// The data do not tell what is asked: a series stands still, or two move as one.
    #[error("{what}: the data must vary in more directions than they do")]
    Degenerate {
        /// What could not be told.
        what: &'static str,
    },
}

/// A finite number for which `holds`, or the refusal that names it.
fn number(
    field: &'static str,
    found: f64,
    holds: bool,
    right: &'static str,
) -> Result<f64, MeasureError> {
    if found.is_finite() && holds {
        return Ok(found);
    }
    Err(MeasureError::Number { field, found, right })
}
