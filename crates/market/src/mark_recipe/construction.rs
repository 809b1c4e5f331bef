//! Named prices with the averages that live between evaluations.

use super::error::{RecipeError, Why};
use super::evaluate::{self, Names, as_value};
use super::{Inputs, Recipe};
use crate::mark_price::{ExponentialAverage, SampleWindow};
use crate::part_error::PartError;
use breakwater_money::{MoneyError, Time};
use serde::{Deserialize, Serialize};

/// An average of a price, or of what a price is above another, under a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Average {
    /// The name by which recipes use it.
    pub name: String,
    /// The price that is averaged. It may use inputs and those named prices that need no average.
    pub of: Recipe,
    /// What is taken off it first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub less: Option<Recipe>,
    /// Over what.
    pub over: Over,
}

/// What an average is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Over {
    /// The last so many samples, each counting the same.
    Samples(u32),
    /// All samples with a weight that falls with this time constant, in nanoseconds.
    TimeConstantNanos(u64),
}

/// A price under a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedPrice {
    /// The name by which prices below use it.
    pub name: String,
    /// How it is made.
    pub recipe: Recipe,
}

/// A venue's index or mark: averages, then prices of which each may use those above it. The last
/// one is the result. Names are distinct, and the tree of every recipe is valid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Construction {
    averages: Vec<Average>,
    prices: Vec<NamedPrice>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    #[serde(default)]
    averages: Vec<Average>,
    prices: Vec<NamedPrice>,
}

/// Why averages and prices are no construction.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConstructionError {
    /// There is nothing to compute.
    #[error("prices: the list is empty; the last one is the mark")]
    NoPrice,
    /// Two things have one name.
    #[error("{name:?} is the name of two averages or prices; each has its own")]
    NameTwice {
        /// The name.
        name: String,
    },
    /// A recipe or an average cannot work.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
}

impl TryFrom<Unchecked> for Construction {
    type Error = ConstructionError;

    fn try_from(unchecked: Unchecked) -> Result<Self, ConstructionError> {
        Construction::new(unchecked.averages, unchecked.prices)
    }
}

/// What the averages of one construction have seen; the caller keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Averages(Vec<Memory>);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Memory {
    Window(SampleWindow),
    Exponential(ExponentialAverage),
}

impl Memory {
    fn new(over: Over) -> Result<Self, PartError> {
        Ok(match over {
            Over::Samples(length) => Memory::Window(SampleWindow::new(length)?),
            Over::TimeConstantNanos(nanos) => Memory::Exponential(ExponentialAverage::new(nanos)?),
        })
    }

    fn record(&mut self, sample: i128, at: Time) -> Result<(), PartError> {
        match self {
            Memory::Window(window) => {
                window.record(sample);
                Ok(())
            }
            Memory::Exponential(average) => average.record(sample, at),
        }
    }

    fn average(&self) -> Result<i128, PartError> {
        match self {
            Memory::Window(window) => window.average(),
            Memory::Exponential(average) => average.average(),
        }
    }
}

/// Every price of a construction, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prices(Vec<Row>);

/// A name with its price, or why that is absent.
type Row = (String, Result<u128, RecipeError>);

impl Prices {
    /// The price of that name; none if the construction has no such name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Result<u128, RecipeError>> {
        self.0.iter().find(|(found, _)| found == name).map(|(_, price)| price)
    }

    /// Names and prices in their order; an absent price says why.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Result<u128, RecipeError>)> {
        self.0.iter().map(|(name, price)| (name.as_str(), price))
    }

    /// The last price: the mark.
    ///
    /// # Errors
    /// Why it is absent.
    pub fn mark(&self) -> Result<u128, RecipeError> {
        let missing = Why::Missing { name: "prices".to_owned() };
        let last = self.0.last().map(|(_, price)| price.clone());
        last.unwrap_or_else(|| Err(RecipeError::here("", missing)))
    }
}

impl Construction {
    /// A construction of `averages` and `prices`.
    ///
    /// # Errors
    /// No price, a name twice, or a recipe or average that cannot work.
    pub fn new(averages: Vec<Average>, prices: Vec<NamedPrice>) -> Result<Self, ConstructionError> {
        if prices.is_empty() {
            return Err(ConstructionError::NoPrice);
        }
        let names = averages.iter().map(|average| &average.name);
        let mut names: Vec<&String> = names.chain(prices.iter().map(|price| &price.name)).collect();
        names.sort_unstable();
        if let Some((name, _)) = names.iter().zip(names.iter().skip(1)).find(|(a, b)| a == b) {
            return Err(ConstructionError::NameTwice { name: (*name).clone() });
        }
        for average in &averages {
            let inside = |error: RecipeError| error.inside(&average.name);
            Memory::new(average.over).map_err(|error| inside(RecipeError::here("over", error)))?;
            average.of.validate().map_err(|error| inside(error.inside("of")))?;
            if let Some(less) = &average.less {
                less.validate().map_err(|error| inside(error.inside("less")))?;
            }
        }
        for price in &prices {
            price.recipe.validate().map_err(|error| error.inside(&price.name))?;
        }
        Ok(Construction { averages, prices })
    }

    /// The averages.
    #[must_use]
    pub fn averages(&self) -> &[Average] {
        &self.averages
    }

    /// The prices; the last one is the mark.
    #[must_use]
    pub fn prices(&self) -> &[NamedPrice] {
        &self.prices
    }

    /// The recipe of that name.
    #[must_use]
    pub fn recipe(&self, name: &str) -> Option<&Recipe> {
        self.prices.iter().find(|price| price.name == name).map(|price| &price.recipe)
    }

    /// Averages that have seen nothing yet.
    #[must_use]
    pub fn start(&self) -> Averages {
        // `new` has built each memory once, so none is refused here.
        Averages(self.averages.iter().filter_map(|a| Memory::new(a.over).ok()).collect())
    }

    /// The averages after the sample of `inputs` at `at`. An average whose prices are absent takes
    /// no sample. Samples are taken before the averages are used: at any instant, [`record`] first
    /// and [`evaluate`] then.
    ///
    /// [`record`]: Construction::record
    /// [`evaluate`]: Construction::evaluate
    ///
    /// # Errors
    /// A bad input, or a sample out of order; `seen` is what remains.
    pub fn record(
        &self,
        seen: &Averages,
        inputs: &Inputs,
        at: Time,
    ) -> Result<Averages, RecipeError> {
        let mut names = self.names(inputs)?;
        for average in &self.averages {
            let missing = Why::Missing { name: average.name.clone() };
            names.add(&average.name, Err(RecipeError::here("", missing)));
        }
        self.add_prices(&mut names)?;
        let mut after = seen.clone();
        for (average, memory) in self.averages.iter().zip(&mut after.0) {
            let inside = |error: RecipeError| error.inside(&average.name);
            match sample(average, &names) {
                Ok(sample) => memory
                    .record(sample, at)
                    .map_err(|error| inside(RecipeError::here("", error)))?,
                Err(error) if error.is_absence() => {}
                Err(error) => return Err(inside(error)),
            }
        }
        Ok(after)
    }

    /// Every price, over `inputs` and what the averages have seen.
    ///
    /// # Errors
    /// A bad input, with its place. A price that is merely absent is told in its own row.
    pub fn evaluate(&self, inputs: &Inputs, seen: &Averages) -> Result<Prices, RecipeError> {
        let mut names = self.names(inputs)?;
        for (average, memory) in self.averages.iter().zip(&seen.0) {
            let value = memory.average().map_err(|error| RecipeError::here("", error));
            names.add(&average.name, value);
        }
        Ok(Prices(self.add_prices(&mut names)?))
    }

    /// The names of `inputs`, of which none may be one that the construction defines.
    fn names<'a>(&self, inputs: &'a Inputs) -> Result<Names<'a>, RecipeError> {
        let own = self.averages.iter().map(|average| &average.name);
        let mut own = own.chain(self.prices.iter().map(|price| &price.name));
        match own.find(|name| inputs.contains_key(*name)) {
            None => Ok(Names::of(inputs)),
            Some(name) => Err(RecipeError::here("inputs", Why::Defined { name: name.clone() })),
        }
    }

    fn add_prices<'a>(&'a self, names: &mut Names<'a>) -> Result<Vec<Row>, RecipeError> {
        let mut prices = Vec::with_capacity(self.prices.len());
        for NamedPrice { name, recipe } in &self.prices {
            let price = evaluate::price(recipe, names).map_err(|error| error.inside(name));
            if let Err(error) = &price
                && !error.is_absence()
            {
                return Err(error.clone());
            }
            let value = price
                .clone()
                .and_then(|price| as_value(price).map_err(|why| RecipeError::here(name, why)));
            names.add(name, value);
            prices.push((name.clone(), price));
        }
        Ok(prices)
    }
}

/// What `average` samples now.
fn sample(average: &Average, names: &Names<'_>) -> Result<i128, RecipeError> {
    let value = |recipe: &Recipe, field: &str| {
        evaluate::price(recipe, names)
            .and_then(|price| as_value(price).map_err(|why| RecipeError::here("", why)))
            .map_err(|error| error.inside(field))
    };
    let of = value(&average.of, "of")?;
    let Some(less) = &average.less else { return Ok(of) };
    let difference = of.checked_sub(value(less, "less")?);
    difference.ok_or_else(|| RecipeError::here("", PartError::from(MoneyError::Overflow)))
}
