//! Portfolio margin: the worst loss of a whole book over a grid of scenarios.
//!
//! A scenario moves every forward by one share `k` and every volatility up, down or not at all:
//!
//! ```text
//! F' = F (1 + k)        vol up: max(s (1 + up f), floor)   vol down: s (1 - down f)   f = (30 / days)^power
//! future, settled in quote   N k              with N the value at the mark
//! future, settled in coin    N k / (1 + k)    with N the coins that its notional is at the mark
//! option                     value at F' and s' less its mark; settled in coin, value / F'
//! ```
//!
//! The requirement is the worst loss, or a minimum where that is larger, plus charges for what the grid
//! does not show (see [`Charges`]), times a factor each for initial and maintenance margin. Moves, powers,
//! extended moves and charges are data ([`Grid`]); the shipped tests hold two venues' sets.
//!
//! What all accounts share is computed once: [`Table`] prices every listed option in every scenario, in
//! columns, and keeps each profit as an integer rounded down for a holder and up for a writer. An
//! account is then integers times integers ([`Table::assess`]), and needs no allocation of its own.
//! Floats propose the option values; the integers of the table decide. How far a requirement may move
//! while prices stay near their marks is bounded by [`Table::envelope`].
//!
//! Sources: Deribit and OKX portfolio margin, and SPAN's risk array ([`mod@array`]): exchange reference,
//! section 6. What those pages leave open is said where it is decided.

mod account;
pub mod array;
mod charges;
mod envelope;
mod grid;
mod listing;
mod table;
mod volatility;

pub use account::{Assessment, Holding, Positions, Scratch};
pub use charges::{Charge, Charges, Concentration, Minimum, MinimumTier, Roll, contingency};
pub use envelope::{Envelope, Reach, Slope};
pub use grid::{Extended, Grid, Scenario, VolatilityMove, VolatilityShock};
pub use listing::{Expiry, Listing, OptionLine};
pub use table::Table;
pub use volatility::{factor_e12, factor_of_days_e12, shock};

use breakwater_money::MoneyError;
use breakwater_options::OptionError;

/// Units of a rate in basis points that make one.
const ONE_BPS: u32 = 10_000;

/// Decimals that the table keeps beyond those of the settle asset.
const FINER_DECIMALS: u8 = 3;

/// Why there is no requirement by scenarios.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ScenarioError {
    /// The grid has a number that none may have. Correct the field.
    #[error("grid.{field} is {found}; {right}")]
    Grid {
        /// The field.
        field: &'static str,
        /// What was found.
        found: i64,
        /// What would be right.
        right: &'static str,
    },
    /// A line of the listing has a number that none may have. Correct it.
    #[error("{list}[{index}].{field} is {found}; {right}")]
    Line {
        /// The list.
        list: &'static str,
        /// Place in it, from 0.
        index: usize,
        /// The field.
        field: &'static str,
        /// What was found.
        found: u128,
        /// What would be right.
        right: &'static str,
    },
    /// A scale is finer than the arithmetic carries. Use a coarser one.
    #[error("decimals.{field} is {found}; at most {most} is right")]
    Decimals {
        /// Which of them.
        field: &'static str,
        /// What was found.
        found: u8,
        /// The most that is carried.
        most: u8,
    },
    /// A holding names no line of the listing.
    #[error("{list}: a holding is of line {index}, the listing has {lines}")]
    NoLine {
        /// The list.
        list: &'static str,
        /// The line named.
        index: usize,
        /// How many there are.
        lines: usize,
    },
    /// An option has no value. The listing's checks leave only values too large for their scale.
    #[error("options[{index}]: {error}")]
    Option {
        /// The line, or that of the columns where the error names its own.
        index: usize,
        /// What the pricing says.
        error: OptionError,
    },
    /// A value left the width of its integer. Use a coarser scale, or smaller positions.
    #[error("scenarios: {0}")]
    Money(#[from] MoneyError),
}

#[cfg(test)]
mod tests;
