//! What is wrong with a recipe or its inputs, and where in the tree.

use super::DEPTH_MAX;
use crate::part_error::PartError;

/// A refusal with its place in the tree, as `mark.median.of[2].offset`; lists count from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}{}{why}", if place.is_empty() { "" } else { ": " })]
pub struct RecipeError {
    /// Parts from the root to where it happened; empty for the root itself.
    pub place: String,
    /// What happened.
    pub why: Why,
}

/// What is wrong there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Why {
    /// Nothing has this name, neither an input nor a price above.
    #[error("{name:?} is missing; it must be among the inputs")]
    Missing {
        /// The name.
        name: String,
    },
    /// A named price or average exists and has no value for now.
    #[error("{name:?} has no value: {because}")]
    Absent {
        /// The name.
        name: String,
        /// What it lacks.
        because: Box<RecipeError>,
    },
    /// Fewer of the prices listed are present than the part needs.
    #[error("{present} of its prices are present and {least} must be; {first_absent}")]
    TooFewPresent {
        /// How many are there.
        present: usize,
        /// How many must be.
        least: usize,
        /// Why the first of the others is not.
        first_absent: Box<RecipeError>,
    },
    /// An input that is used as a price is zero or less.
    #[error("{name:?} is {value}; a price is above 0")]
    NotAPrice {
        /// The input.
        name: String,
        /// Its value.
        value: i128,
    },
    /// An input that is used as a count or a duration is negative or too large.
    #[error("{name:?} is {value}; it must be 0 to 18446744073709551615")]
    NotACount {
        /// The input.
        name: String,
        /// Its value.
        value: i128,
    },
    /// A part's own arithmetic or sources.
    #[error(transparent)]
    Part(#[from] PartError),
    /// A weight of zero, which a list had better not mention.
    #[error("weight is 0; it is at least 1, leave the source out")]
    WeightZero,
    /// More prices must be present than are listed, or none.
    #[error("present_min is {present_min}; it is 1 to {listed}, the number of prices listed")]
    PresentMin {
        /// What is asked for.
        present_min: usize,
        /// How many are listed.
        listed: usize,
    },
    /// An input has the name of a price or an average of the construction.
    #[error("{name:?} is computed here; it cannot be an input as well")]
    Defined {
        /// The name.
        name: String,
    },
    /// A standby that no absence could ever call, because all prices must be present.
    #[error("a standby is set and present_min asks for all {listed} prices; it must ask for fewer")]
    StandbyUnused {
        /// How many are listed.
        listed: usize,
    },
    /// The tree is too deep.
    #[error("parts stand more than {DEPTH_MAX} deep in one another")]
    TooDeep,
}

impl RecipeError {
    pub(super) fn here(place: &str, why: impl Into<Why>) -> Self {
        RecipeError { place: place.to_owned(), why: why.into() }
    }

    /// The same error seen from one level further out.
    pub(super) fn inside(mut self, outer: &str) -> Self {
        self.place = if self.place.is_empty() {
            outer.to_owned()
        } else {
            format!("{outer}.{}", self.place)
        };
        self
    }

    /// Whether only something is missing, so that a part may do without.
    #[must_use]
    pub fn is_absence(&self) -> bool {
        match &self.why {
            Why::Missing { .. } | Why::Absent { .. } | Why::TooFewPresent { .. } => true,
            Why::Part(part) => part.is_absence(),
            _ => false,
        }
    }
}
