//! Walking the tree: which prices are there, and what each part makes of them.

use super::error::{RecipeError, Why};
use super::{DEPTH_MAX, Inputs, Part, Recipe, Weighted};
use crate::index::{self, Source};
use crate::mark_price::{clamp_to_band, funding_adjusted, step_cap, with_offset};
use crate::part_error::PartError;
use breakwater_money::{MoneyError, Rounding};

/// What a named price or average came to.
pub(super) type Outcome = Result<i128, RecipeError>;

/// Everything that has a name: inputs, and what was derived from them so far.
pub(super) struct Names<'a> {
    inputs: &'a Inputs,
    derived: Vec<(&'a str, Outcome)>,
}

impl<'a> Names<'a> {
    pub(super) fn of(inputs: &'a Inputs) -> Self {
        Names { inputs, derived: Vec::new() }
    }

    pub(super) fn add(&mut self, name: &'a str, outcome: Outcome) {
        self.derived.push((name, outcome));
    }

    fn find(&self, name: &str) -> Result<i128, Why> {
        let derived = self.derived.iter().find(|(derived, _)| *derived == name);
        match (derived, self.inputs.get(name)) {
            (Some((_, Ok(value))), _) | (None, Some(value)) => Ok(*value),
            (Some((_, Err(because))), _) => {
                Err(Why::Absent { name: name.to_owned(), because: Box::new(because.clone()) })
            }
            (None, None) => Err(Why::Missing { name: name.to_owned() }),
        }
    }

    fn price(&self, name: &str) -> Result<u128, Why> {
        let value = self.find(name)?;
        let price = u128::try_from(value).ok().filter(|price| *price > 0);
        price.ok_or_else(|| Why::NotAPrice { name: name.to_owned(), value })
    }

    fn count(&self, name: &str) -> Result<u64, Why> {
        let value = self.find(name)?;
        u64::try_from(value).map_err(|_| Why::NotACount { name: name.to_owned(), value })
    }
}

/// A price as a named value.
pub(super) fn as_value(price: u128) -> Result<i128, Why> {
    i128::try_from(price).map_err(|_| PartError::from(MoneyError::Overflow).into())
}

/// The price of `recipe`.
pub(super) fn price(recipe: &Recipe, names: &Names<'_>) -> Result<u128, RecipeError> {
    match recipe {
        Recipe::Named(name) => names.price(name).map_err(|why| RecipeError::here("", why)),
        Recipe::Part(part) => part.price(names).map_err(|error| error.inside(part.name())),
    }
}

impl Part {
    /// Its name as it is written.
    fn name(&self) -> &'static str {
        match self {
            Part::Median { .. } => "median",
            Part::WeightedMedian { .. } => "weighted_median",
            Part::WeightedMean { .. } => "weighted_mean",
            Part::Index { .. } => "index",
            Part::Offset { .. } => "offset",
            Part::Funding { .. } => "funding",
            Part::Clamp { .. } => "clamp",
            Part::StepCap { .. } => "step_cap",
        }
    }

    fn price(&self, names: &Names<'_>) -> Result<u128, RecipeError> {
        let inner = |recipe: &Recipe, field: &str| {
            price(recipe, names).map_err(|error| error.inside(field))
        };
        let count = |name: &str, field: &str| {
            names.count(name).map_err(|why| RecipeError::here(field, why))
        };
        let value =
            |name: &str, field: &str| names.find(name).map_err(|why| RecipeError::here(field, why));
        let result = match self {
            Part::Median { of, present_min, standby } => {
                return median(of, *present_min, standby.as_ref(), names);
            }
            Part::WeightedMedian { of, present_min } => {
                index::weighted_median(&sources(of, *present_min, names)?)
            }
            Part::WeightedMean { of, present_min } => {
                index::weighted_mean(&sources(of, *present_min, names)?).and_then(down)
            }
            Part::Index { of, outliers, present_min } => {
                outliers.index(&sources(of, *present_min, names)?).and_then(down)
            }
            Part::Offset { price, by } => with_offset(inner(price, "price")?, value(by, "by")?),
            Part::Funding { index, rate, remaining, interval_nanos } => {
                let index = inner(index, "index")?;
                let (rate, left) = (value(rate, "rate")?, count(remaining, "remaining")?);
                funding_adjusted(index, rate, left, *interval_nanos)
            }
            Part::Clamp { price, around, band_bps } => {
                clamp_to_band(inner(price, "price")?, inner(around, "around")?, *band_bps)
            }
            Part::StepCap { target, last, cap_bps_per_step, steps } => {
                let target = inner(target, "target")?;
                match names.price(last) {
                    Ok(last) => {
                        Ok(step_cap(last, target, *cap_bps_per_step, count(steps, "steps")?))
                    }
                    Err(Why::Missing { .. } | Why::Absent { .. }) => Ok(target),
                    Err(why) => return Err(RecipeError::here("last", why)),
                }
            }
        };
        result.map_err(|error| RecipeError::here("", error))
    }
}

fn down(price: index::Quotient) -> Result<u128, PartError> {
    price.rounded(Rounding::Floor)
}

/// The median of those present, and of the standby if exactly one is not.
fn median(
    of: &[Recipe],
    present_min: Option<usize>,
    standby: Option<&Recipe>,
    names: &Names<'_>,
) -> Result<u128, RecipeError> {
    let mut prices = Vec::with_capacity(of.len());
    gather(of.iter(), present_min, names, |_, price| prices.push(price))?;
    if let Some(standby) = standby
        && prices.len() + 1 == of.len()
    {
        prices.push(price(standby, names).map_err(|error| error.inside("standby"))?);
    }
    index::median(&prices).and_then(down).map_err(|error| RecipeError::here("", error))
}

/// The sources of those present.
fn sources(
    of: &[Weighted],
    present_min: Option<usize>,
    names: &Names<'_>,
) -> Result<Vec<Source>, RecipeError> {
    let mut sources = Vec::with_capacity(of.len());
    gather(of.iter().map(|weighted| &weighted.price), present_min, names, |place, price| {
        // `place` counts the entries of this very list.
        let weight = of.get(place).map_or(0, |weighted| weighted.weight);
        sources.push(Source { price, weight });
    })?;
    Ok(sources)
}

/// Hands each price that is present to `take`, with its place from 0. The first that is absent and
/// cannot be spared is the error.
fn gather<'r>(
    of: impl ExactSizeIterator<Item = &'r Recipe>,
    present_min: Option<usize>,
    names: &Names<'_>,
    mut take: impl FnMut(usize, u128),
) -> Result<(), RecipeError> {
    let (mut present, mut absent) = (0, None);
    let least = present_min.unwrap_or(of.len());
    for (place, recipe) in of.enumerate() {
        match price(recipe, names) {
            Ok(price) => {
                present += 1;
                take(place, price);
            }
            Err(error) => {
                let error = error.inside(&format!("of[{}]", place + 1));
                if present_min.is_none() || !error.is_absence() {
                    return Err(error);
                }
                absent = absent.or(Some(error));
            }
        }
    }
    match absent {
        Some(first) if present < least => {
            let first_absent = Box::new(first);
            Err(RecipeError::here("", Why::TooFewPresent { present, least, first_absent }))
        }
        _ => Ok(()),
    }
}

impl Recipe {
    /// As [`Recipe::validate`], `depth` parts down.
    pub(super) fn check(&self, depth: usize) -> Result<(), RecipeError> {
        let Recipe::Part(part) = self else { return Ok(()) };
        if depth >= DEPTH_MAX {
            return Err(RecipeError::here(part.name(), Why::TooDeep));
        }
        part.check(depth + 1).map_err(|error| error.inside(part.name()))
    }
}

impl Part {
    fn check(&self, depth: usize) -> Result<(), RecipeError> {
        let inner =
            |recipe: &Recipe, field: &str| recipe.check(depth).map_err(|error| error.inside(field));
        match self {
            Part::Median { of, present_min, standby } => {
                check_list(of.iter(), *present_min, depth)?;
                let listed = of.len();
                if standby.is_some() && present_min.unwrap_or(listed) == listed {
                    return Err(RecipeError::here("", Why::StandbyUnused { listed }));
                }
                standby.as_ref().map_or(Ok(()), |standby| inner(standby, "standby"))
            }
            Part::WeightedMedian { of, present_min }
            | Part::WeightedMean { of, present_min }
            | Part::Index { of, present_min, .. } => {
                check_list(of.iter().map(|weighted| &weighted.price), *present_min, depth)?;
                match of.iter().position(|weighted| weighted.weight == 0) {
                    None => Ok(()),
                    Some(place) => {
                        Err(RecipeError::here(&format!("of[{}]", place + 1), Why::WeightZero))
                    }
                }
            }
            Part::Offset { price, .. } => inner(price, "price"),
            Part::Funding { index, interval_nanos, .. } => {
                if *interval_nanos == 0 {
                    let zero = PartError::Zero { field: "interval_nanos" };
                    return Err(RecipeError::here("", zero));
                }
                inner(index, "index")
            }
            Part::Clamp { price, around, .. } => {
                inner(price, "price")?;
                inner(around, "around")
            }
            Part::StepCap { target, .. } => inner(target, "target"),
        }
    }
}

fn check_list<'r>(
    of: impl ExactSizeIterator<Item = &'r Recipe>,
    present_min: Option<usize>,
    depth: usize,
) -> Result<(), RecipeError> {
    let listed = of.len();
    if listed == 0 {
        return Err(RecipeError::here("of", PartError::NoSource));
    }
    for (place, recipe) in of.enumerate() {
        recipe.check(depth).map_err(|error| error.inside(&format!("of[{}]", place + 1)))?;
    }
    match present_min {
        Some(present_min) if present_min == 0 || present_min > listed => {
            Err(RecipeError::here("", Why::PresentMin { present_min, listed }))
        }
        _ => Ok(()),
    }
}
