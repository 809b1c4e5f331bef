//! Kinds about marks and indices.

use super::Kind;
use super::scaled::{Scaled, fixed};
use crate::Mismatch;
use crate::compare::{Output, Outputs};
use crate::fields::{Fields, describe, number_text};
use breakwater_market::PartError;
use breakwater_market::index::{self, Source};
use breakwater_market::mark_recipe::{Inputs, Recipe, RecipeError};
use breakwater_money::{Rational, rational};
use breakwater_rulebooks::exchange::marks::{BINANCE, BINANCE_OUTLIERS, HYPERLIQUID, MarkFile};
use serde_json::Value;

/// The kinds of this module.
pub(super) const RULES: &[Kind] = &[
    ("index_outlier", index_outlier),
    ("mark_median_binance", binance),
    ("mark_median_hyperliquid", hyperliquid),
];

/// Decimals of funding rates in recipes.
const RATE_DECIMALS: u8 = 18;

/// `mark_median_binance`: the shipped construction, with the average of the basis given
/// -> price1, price2, mark.
pub fn binance(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let [index, basis, contract] = ["index", "basis_ma", "contract_price"];
    let prices = [input.positive(index)?, input.rational(basis)?, input.positive(contract)?];
    let (rate, hours) = (input.rational("funding_rate")?, input.rational("hours_to_funding")?);
    let nanos = &hours * rational::from_raw(3_600_000_000_000, 0);
    // Fine enough for the product of index, rate and share of the interval, so that rounding down to
    // the scale takes nothing.
    let share = &hours * rational::from_raw(125, 3);
    let scale = Scaled::common(&prices).times(&rate).times(&share);
    let mut names = Inputs::new();
    for (name, value) in [index, basis, contract].into_iter().zip(&prices) {
        names.insert(name.to_owned(), scale.raw(input, name, value)?);
    }
    names.insert("funding_rate_e18".into(), fixed(input, "funding_rate", &rate, RATE_DECIMALS)?);
    names.insert("to_funding_nanos".into(), fixed(input, "hours_to_funding", &nanos, 0)?);
    named_prices(input, BINANCE, &["price1", "price2", "mark"], names, &scale)
}

/// `mark_median_hyperliquid`: the shipped construction, with the average of the basis and the external
/// sources given -> book, external, mark.
pub fn hyperliquid(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    const NAMES: [&str; 5] = ["oracle", "ema_basis", "bid", "ask", "last"];
    let given = NAMES.iter().map(|name| input.rational(name)).collect::<Result<Vec<_>, _>>()?;
    let external = pairs(input, "external")?;
    let scale = Scaled::common(given.iter().chain(external.iter().map(|(price, _)| price)));
    let mut names = Inputs::new();
    for (name, value) in NAMES.iter().zip(&given) {
        names.insert((*name).to_owned(), scale.raw(input, name, value)?);
    }
    let sources = sources(input, "external", "external", &external, &scale)?;
    let external = index::weighted_median(&sources);
    let external = external.map_err(|error| part_refusal(input, "external", error))?;
    let external = i128::try_from(external).map_err(|_| input.wrong("external", "127 bits"))?;
    names.insert("external".to_owned(), external);
    let mut outputs =
        named_prices(input, HYPERLIQUID, &["book", "oracle_basis", "mark"], names, &scale)?;
    outputs.push(("external", Output::Number(scale.number(external))));
    Ok(outputs)
}

/// `index_outlier`: the weighted mean without the one source that is more than 5 % off the median;
/// with more such sources the median -> index.
pub fn index_outlier(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let (prices, weights) = (numbers(input, "prices")?, numbers(input, "weights")?);
    if prices.len() != weights.len() {
        return Err(input.wrong("weights", &format!("{} weights, one a price", prices.len())));
    }
    let rows: Vec<_> = prices.into_iter().zip(weights).collect();
    let scale = Scaled::common(rows.iter().map(|(price, _)| price));
    let sources = sources(input, "prices", "weights", &rows, &scale)?;
    let index = BINANCE_OUTLIERS.index(&sources);
    let index = index.map_err(|error| part_refusal(input, "prices", error))?;
    let price = scale.quotient(index.numerator, index.denominator);
    Ok(vec![("index", Output::Number(price))])
}

/// The prices `wanted` of a shipped construction over `names`, each joining the names for the next.
fn named_prices(
    input: &Fields<'_>,
    text: &str,
    wanted: &[&'static str],
    mut names: Inputs,
    scale: &Scaled,
) -> Result<Outputs, Mismatch> {
    let broken = |why: String| Mismatch::new("kind", "a construction that is shipped whole", why);
    let file = MarkFile::parse(text).map_err(|error| broken(error.to_string()))?;
    let mut outputs = Vec::with_capacity(wanted.len());
    for name in wanted {
        let recipe = file.construction.recipe(name);
        let recipe = recipe.ok_or_else(|| broken(format!("{name} is not in it")))?;
        let price = evaluate(input, recipe, &names)?;
        outputs.push((*name, Output::Number(scale.number(price))));
        names.insert((*name).to_owned(), price);
    }
    Ok(outputs)
}

fn evaluate(input: &Fields<'_>, recipe: &Recipe, names: &Inputs) -> Result<i128, Mismatch> {
    let refused = |error: RecipeError| {
        let right = "inputs that the construction takes (integers at a common scale)";
        Mismatch::new(input.path("index"), right, error.to_string())
    };
    let price = recipe.evaluate(names).map_err(refused)?;
    i128::try_from(price).map_err(|_| input.wrong("index", "a price that fits 127 bits"))
}

/// Sources of integers: prices at `scale`, weights at the least scale of their own.
fn sources(
    input: &Fields<'_>,
    prices: &str,
    weights: &str,
    rows: &[(Rational, Rational)],
    scale: &Scaled,
) -> Result<Vec<Source>, Mismatch> {
    let weight_scale = Scaled::common(rows.iter().map(|(_, weight)| weight));
    let source = |(price, weight): &(Rational, Rational)| {
        let price = scale.raw(input, prices, price)?;
        Ok(Source { price, weight: weight_scale.raw(input, weights, weight)? })
    };
    rows.iter().map(source).collect()
}

fn part_refusal(input: &Fields<'_>, name: &str, error: PartError) -> Mismatch {
    Mismatch::new(input.path(name), "sources with a price and a weight", error.to_string())
}

/// A list of numbers.
pub(super) fn numbers(input: &Fields<'_>, name: &str) -> Result<Vec<Rational>, Mismatch> {
    let right = "a list of texts with a decimal or a/b";
    let list = list(input, name).ok_or_else(|| input.wrong(name, right))?;
    list.iter().map(|value| number(input, name, value)).collect()
}

/// A list of pairs of numbers.
pub(super) fn pairs(input: &Fields<'_>, name: &str) -> Result<Vec<(Rational, Rational)>, Mismatch> {
    let right = "a list of pairs of numbers";
    let rows = list(input, name).ok_or_else(|| input.wrong(name, right))?;
    let pair = |row: &Value| match row.as_array().map(Vec::as_slice) {
        Some([left, right]) => Ok((number(input, name, left)?, number(input, name, right)?)),
        _ => Err(Mismatch::new(input.path(name), right, describe(Some(row)))),
    };
    rows.iter().map(pair).collect()
}

fn list<'a>(input: &Fields<'a>, name: &str) -> Option<&'a Vec<Value>> {
    input.entries().find(|(found, _)| *found == name).and_then(|(_, value)| value.as_array())
}

fn number(input: &Fields<'_>, name: &str, value: &Value) -> Result<Rational, Mismatch> {
    let text = number_text(Some(value));
    let parsed = text.and_then(|text| rational::parse(&text).ok());
    let right = "a text with a decimal or a/b";
    parsed.ok_or_else(|| Mismatch::new(input.path(name), right, describe(Some(value))))
}
