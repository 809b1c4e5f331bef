//! A venue's index or mark as data: a tree of the parts of [`index`] and [`mark_price`] over named
//! inputs.
//!
//! A [`Recipe`] is a name or a part; a part has recipes for its own inputs. A [`Construction`] is a
//! list of named prices, each of which may use those above it, and of averages that are kept from
//! one evaluation to the next. All prices are integers at one scale that the caller chooses.
//!
//! What is absent is not an error until something needs it: a source without a price is left out of
//! a part that says how many it needs at least (`present_min`), and the error of a price that is
//! absent for good names the part and the input. A price of zero or less is a bad input wherever it
//! stands.
//!
//! ```
//! use breakwater_market::mark_recipe::{Inputs, Recipe};
//!
//! let recipe: Recipe = serde_json::from_str(
//!     r#"{"part": "median", "of": ["bid", "ask", {"part": "offset", "price": "index", "by": "basis"}]}"#,
//! ).unwrap();
//! let mut inputs = Inputs::from([("bid".into(), 99), ("ask".into(), 103), ("index".into(), 90)]);
//! assert_eq!(
//!     recipe.evaluate(&inputs).unwrap_err().to_string(),
//!     "median.of[3].offset.by: \"basis\" is missing; it must be among the inputs"
//! );
//! inputs.insert("basis".into(), 12);
//! assert_eq!(recipe.evaluate(&inputs), Ok(102));
//! ```
//!
//! [`index`]: crate::index
//! [`mark_price`]: crate::mark_price

mod construction;
mod error;
mod evaluate;
mod text;

pub use construction::{
    Average, Averages, Construction, ConstructionError, NamedPrice, Over, Prices,
};
pub use error::{RecipeError, Why};

use crate::index::OutlierRule;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Values by name: prices and differences of prices at one scale, rates in 1e-18, times in the unit
/// of the part that reads them.
pub type Inputs = BTreeMap<String, i128>;

/// How deep parts may stand in one another: more than any venue needs, far less than a stack holds.
pub const DEPTH_MAX: usize = 16;

/// A price by name, or a part that computes one. A text stands for a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipe {
    /// The price of that name.
    Named(String),
    /// A part.
    Part(Box<Part>),
}

/// A recipe with the weight of its price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weighted {
    /// The price.
    pub price: Recipe,
    /// Its weight, at least 1.
    pub weight: u64,
}

/// One part. `present_min` is how many of the prices listed must be there; without it, all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "part", rename_all = "snake_case", deny_unknown_fields)]
pub enum Part {
    /// The middle price; the mean of the middle two, rounded down, of an even number.
    Median {
        /// The prices.
        of: Vec<Recipe>,
        /// How many must be present.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        present_min: Option<usize>,
        /// A price that joins when exactly one is absent, and must be there then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        standby: Option<Recipe>,
    },
    /// The first price, ascending, at which cumulated weight reaches half.
    WeightedMedian {
        /// The prices.
        of: Vec<Weighted>,
        /// How many must be present.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        present_min: Option<usize>,
    },
    /// The weighted mean, rounded down.
    WeightedMean {
        /// The prices.
        of: Vec<Weighted>,
        /// How many must be present.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        present_min: Option<usize>,
    },
    /// The weighted mean without outliers, or the median, rounded down.
    Index {
        /// The prices.
        of: Vec<Weighted>,
        /// What an outlier is, and how many are left out.
        outliers: OutlierRule,
        /// How many must be present.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        present_min: Option<usize>,
    },
    /// A price plus a signed difference by name: an average, as a rule.
    Offset {
        /// The price.
        price: Recipe,
        /// Name of the difference.
        by: String,
    },
    /// `index * (1 + rate * remaining / interval)`, rounded down.
    Funding {
        /// The price that funding is on.
        index: Recipe,
        /// Name of the rate for one interval, signed, in 1e-18.
        rate: String,
        /// Name of what is left of the interval, in nanoseconds.
        remaining: String,
        /// The interval in nanoseconds, above 0.
        interval_nanos: u64,
    },
    /// A price kept within a band around another.
    Clamp {
        /// The price.
        price: Recipe,
        /// The middle of the band.
        around: Recipe,
        /// Half the width of the band, in basis points of its middle.
        band_bps: u32,
    },
    /// A price that moves from its last value by no more than a share a step.
    StepCap {
        /// Where it wants to be.
        target: Recipe,
        /// Where it was; without a last price it is at its target.
        last: String,
        /// Largest move a step, in basis points of the last price.
        cap_bps_per_step: u32,
        /// Name of the number of steps since.
        steps: String,
    },
}

impl Recipe {
    /// A part as a recipe.
    #[must_use]
    pub fn part(part: Part) -> Self {
        Recipe::Part(Box::new(part))
    }

    /// The price over `inputs`.
    ///
    /// # Errors
    /// A part that cannot work, a missing or bad input, or arithmetic out of range, with the place in
    /// the tree.
    pub fn evaluate(&self, inputs: &Inputs) -> Result<u128, RecipeError> {
        self.check(0)?;
        evaluate::price(self, &evaluate::Names::of(inputs))
    }

    /// Whether the tree can work whatever the inputs are.
    ///
    /// # Errors
    /// Names the part and the parameter that cannot.
    pub fn validate(&self) -> Result<(), RecipeError> {
        self.check(0)
    }
}

#[cfg(test)]
mod tests;
