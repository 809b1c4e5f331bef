//! Files of the schema `breakwater.exchange-vector/1`: margin and liquidation rules of exchanges.
//!
//! Each vector names its rule as `kind`. A kind means the same rule in every venue's file, so the
//! registry maps kinds to functions and does not look at the venue.

mod account_margin;
mod brackets;
mod collateral;
mod deleverage;
mod drift;
mod dydx_v4;
mod entry_price;
mod inverse_price;
mod ladder;
mod linear_price;
mod marks;
mod option_margin;
mod percolator;
mod scaled;
mod scenario_margin;

use crate::adapter::{Adapter, Mismatch, case_list};
use crate::compare::{Outputs, compare};
use crate::fields::{Fields, describe};
use serde_json::Value;

/// The schema's name inside a file.
pub const SCHEMA: &str = "breakwater.exchange-vector/1";

/// Computes all outputs of a kind from the `input` of a vector.
pub type Rule = fn(&Fields<'_>) -> Result<Outputs, Mismatch>;

/// A kind with its rule.
type Kind = (&'static str, Rule);

/// Every kind that has a rule, by the module that has it.
const RULES: &[&[Kind]] = &[
    account_margin::RULES,
    brackets::RULES,
    collateral::RULES,
    deleverage::RULES,
    drift::RULES,
    dydx_v4::RULES,
    entry_price::RULES,
    inverse_price::RULES,
    ladder::RULES,
    linear_price::RULES,
    marks::RULES,
    option_margin::RULES,
    percolator::RULES,
    scenario_margin::RULES,
];

/// The adapters of this family.
#[must_use]
pub fn adapters() -> Vec<Box<dyn Adapter>> {
    vec![Box::new(Exchange)]
}

/// Checks vectors of the exchange schema, each by the rule of its kind.
struct Exchange;

impl Adapter for Exchange {
    /// True for the schema, unless the file has cases and the kind of not one of them has a rule.
    fn knows(&self, file: &Value) -> bool {
        let cases = case_list(file).unwrap_or_default();
        file.get("schema").and_then(Value::as_str) == Some(SCHEMA)
            && (cases.is_empty() || cases.iter().any(|case| rule_of(case).is_ok()))
    }

    fn check(&self, _file: &Value, case: &Value) -> Result<(), Vec<Mismatch>> {
        let outputs = rule_of(case).and_then(|rule| rule(&Fields::of(case, "input")?));
        compare(case, &outputs.map_err(|mismatch| vec![mismatch])?)
    }
}

fn rule_of(case: &Value) -> Result<Rule, Mismatch> {
    let kind = case.get("kind").and_then(Value::as_str);
    let kind = kind.ok_or_else(|| Mismatch::new("kind", "a text", describe(case.get("kind"))))?;
    let rule =
        RULES.iter().copied().flatten().find(|(name, _)| *name == kind).map(|(_, rule)| *rule);
    rule.ok_or_else(|| {
        Mismatch::new("kind", "a kind with an adapter", format!("no adapter for kind {kind}"))
    })
}
