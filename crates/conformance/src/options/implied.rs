//! Volatilities of undiscounted prices on a forward: kind `implied_vol_black76_undiscounted`.
//!
//! `status` is compared as a text. `sigma` of a case that is `ok` must be within `8 * 2.2e-16
//! max(1, condition)` of the reference, its condition number within a part in 100,000. Of one that
//! is `ill_conditioned`, `sigma` is for information: what was found must give the price back within
//! two units in its last place. `sigma_generating` is for information.

use super::tiers::{exactly, magnitude, scientific, units};
use super::{is_of_kind, kind, number};
use crate::fields::describe;
use crate::{Adapter, Mismatch};
use breakwater_money::{Rational, rational};
use breakwater_options::{Black76, Implied, PriceQuote, Quote, implied_volatility};
use serde_json::Value;

/// The adapter.
#[derive(Debug, Clone, Copy)]
pub struct ImpliedVolatility;

/// Members of a case that are inputs or information.
const NOT_JUDGED: [&str; 8] =
    ["id", "regime", "kind", "F", "K", "T", "undiscounted_price", "sigma_generating"];

impl Adapter for ImpliedVolatility {
    fn knows(&self, file: &Value) -> bool {
        is_of_kind(file, "implied_vol_black76_undiscounted")
    }

    fn check(&self, _file: &Value, case: &Value) -> Result<(), Vec<Mismatch>> {
        let one = |mismatch| vec![mismatch];
        let quote = quote(case).map_err(one)?;
        let found = implied_volatility(&quote)
            .map_err(|error| one(Mismatch::new("case", "an option", error.to_string())))?;
        let members = case.as_object().into_iter().flatten();
        let judged = members.filter(|(name, _)| !NOT_JUDGED.contains(&name.as_str()));
        let mut wrong: Vec<Mismatch> =
            judged.filter_map(|(name, value)| judge(name, value, case, found).err()).collect();
        if case.get("status").is_none() {
            wrong.push(Mismatch::new("status", "a status", describe(None)));
        }
        if let Implied::Volatility { .. } = found
            && case.get("sigma").is_none()
        {
            wrong.push(Mismatch::new("sigma", "a decimal", describe(None)));
        }
        if let Implied::IllConditioned { volatility, .. } = found {
            wrong.extend(gives_back(&quote, volatility).err());
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }
}

fn quote(case: &Value) -> Result<PriceQuote, Mismatch> {
    Ok(PriceQuote {
        kind: kind(case)?,
        forward: number(case, "F")?,
        strike: number(case, "K")?,
        years: number(case, "T")?,
        price: number(case, "undiscounted_price")?,
    })
}

fn status(found: Implied) -> &'static str {
    match found {
        Implied::Volatility { .. } => "ok",
        Implied::IllConditioned { .. } => "ill_conditioned",
        Implied::AtOrBelowIntrinsic => "at_or_below_intrinsic",
        Implied::AtOrAboveCap => "at_or_above_cap",
        Implied::Underflow => "underflow_or_zero",
    }
}

fn judge(name: &str, value: &Value, case: &Value, found: Implied) -> Result<(), Mismatch> {
    let decimal = |name: &str| {
        let value = case.get(name);
        scientific(value).ok_or_else(|| Mismatch::new(name, "a decimal", describe(value)))
    };
    match (name, found) {
        ("status", _) if value.as_str() == Some(status(found)) => Ok(()),
        ("status", _) => Err(Mismatch::new(name, describe(Some(value)), status(found))),
        ("sigma", Implied::Volatility { volatility, .. }) => {
            let (right, condition) = (decimal("sigma")?, decimal("condition_number")?);
            let allowed = units(8) * condition.max(rational::from_raw(1, 0)) * magnitude(&right);
            within(name, value, volatility, &right, allowed)
        }
        ("condition_number", Implied::Volatility { condition, .. }) => {
            let right = decimal(name)?;
            let allowed = rational::from_raw(1, 5) * magnitude(&right);
            within(name, value, condition, &right, allowed)
        }
        ("sigma" | "condition_number", Implied::IllConditioned { .. }) => decimal(name).map(drop),
        ("sigma" | "condition_number", _) => {
            Err(Mismatch::new(name, describe(Some(value)), status(found)))
        }
        _ => Err(Mismatch::new(name, describe(Some(value)), "no such output")),
    }
}

fn within(
    name: &str,
    value: &Value,
    found: f64,
    right: &Rational,
    allowed: Rational,
) -> Result<(), Mismatch> {
    let exact = exactly(found, name, value)?;
    match magnitude(&(exact - right)) <= allowed {
        true => Ok(()),
        false => Err(Mismatch::new(name, describe(Some(value)), format!("{found:e}"))),
    }
}

/// Whether a volatility gives the price it was found for, within two units in its last place.
fn gives_back(quote: &PriceQuote, volatility: f64) -> Result<(), Mismatch> {
    let PriceQuote { kind, forward, strike, years, price } = *quote;
    let option = Black76::new(&Quote { kind, forward, strike, years, volatility, rate: 0.0 });
    let given = option.map(|option| option.price_undiscounted());
    let near = |given: f64| (given - price).abs() <= 2.0 * f64::EPSILON * price;
    match given {
        Ok(given) if near(given) => Ok(()),
        Ok(given) => Err(Mismatch::new("sigma", format!("gives {price:e}"), format!("{given:e}"))),
        Err(error) => Err(Mismatch::new("sigma", "a volatility", error.to_string())),
    }
}
