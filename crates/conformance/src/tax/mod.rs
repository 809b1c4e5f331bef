//! Files about lots, pools, contracts and tax years: `family` tells them apart.
//!
//! Amounts may be a millionth off, because expected values are printed with few decimals; amounts in
//! coin are held to 1e-11. Rows are compared in order and their number must agree. Members that are
//! only information (`published`, the term by another program's rule) are not compared.

mod dated;
mod lots;
mod perpetuals;
mod pools;
mod section_1256;
mod seizure;

use crate::compare::{Output, Outputs, compare};
use crate::node::Node;
use crate::{Adapter, Mismatch};
use breakwater_accounting::{Date, Price, Quantity, Value as Money};
use breakwater_money::{Rational, Time};
use serde_json::{Map, Value, json};

/// The adapters of this family.
#[must_use]
pub fn adapters() -> Vec<Box<dyn Adapter>> {
    vec![
        Box::new(Family { name: "us-lots", check: lots::check }),
        Box::new(Family { name: "collateral-seizure", check: seizure::check }),
        Box::new(Family { name: "us-1256", check: section_1256::check }),
        Box::new(Family { name: "perp-realised", check: perpetuals::check }),
        Box::new(Family { name: "uk-s104", check: pools::check_uk }),
        Box::new(Family { name: "ca-acb", check: pools::check_ca }),
        Box::new(Family { name: "de-23", check: dated::check_de }),
        Box::new(Family { name: "au-cgt", check: dated::check_au }),
    ]
}

/// What a case should give, in the form that is compared, and what it gives.
type Checked = Result<(Value, Outputs), Mismatch>;

/// One family of files.
struct Family {
    name: &'static str,
    check: fn(&Value) -> Checked,
}

impl Adapter for Family {
    fn knows(&self, file: &Value) -> bool {
        let is = |value: &Value| value.get("family").and_then(Value::as_str) == Some(self.name);
        is(file) && crate::case_list(file).is_some_and(|list| list.iter().all(is))
    }

    fn check(&self, _file: &Value, case: &Value) -> Result<(), Vec<Mismatch>> {
        let (expected, outputs) = (self.check)(case).map_err(|error| vec![error])?;
        let tolerance = if self.name == "perp-realised" { "0.00000000001" } else { "0.000001" };
        let case = json!({"expected": expected, "tolerance": {"abs": tolerance}});
        compare(&case, &outputs)
    }
}

/// An error of the crates beneath, as a mismatch of the whole case.
fn refused(error: impl std::fmt::Display) -> Mismatch {
    Mismatch::new("(case)", "accounts that close", error.to_string())
}

/// The expected members of a case.
fn expected(case: &Value) -> Result<Map<String, Value>, Mismatch> {
    let members = case.get("expect").and_then(Value::as_object).cloned();
    members.ok_or_else(|| Mismatch::new("expect", "an object", "none"))
}

/// An object of objects as a list of those, each with its name as a member, by name.
fn listed(value: Option<&Value>, name: &str) -> Value {
    let mut list: Vec<(String, Value)> = match value.and_then(Value::as_object) {
        Some(members) => members.iter().map(|(key, value)| (key.clone(), value.clone())).collect(),
        None => Vec::new(),
    };
    list.sort_by(|a, b| a.0.cmp(&b.0));
    let with_name = |(key, value): (String, Value)| {
        let mut members = match value {
            Value::Object(members) => members,
            other => Map::from_iter([("value".to_owned(), other)]),
        };
        members.insert(name.to_owned(), Value::String(key));
        Value::Object(members)
    };
    Value::Array(list.into_iter().map(with_name).collect())
}

fn quantity(node: &Node<'_>) -> Result<Quantity, Mismatch> {
    Quantity::parse(&node.digits()?).map_err(|_| node.wrong("a decimal of 18 places at most"))
}

fn money(node: &Node<'_>) -> Result<Money, Mismatch> {
    quantity(node).map(|value| Money(value.0))
}

fn money_or_zero(node: &Node<'_>) -> Result<Money, Mismatch> {
    if node.is_absent() { Ok(Money::ZERO) } else { money(node) }
}

fn price(node: &Node<'_>) -> Result<Price, Mismatch> {
    quantity(node).map(|value| Price(value.0))
}

fn date(node: &Node<'_>) -> Result<Date, Mismatch> {
    Date::parse(node.text()?).map_err(|_| node.wrong("a date such as 2025-04-07"))
}

fn instant(node: &Node<'_>) -> Result<Time, Mismatch> {
    use breakwater_accounting::import::{Stated, instant};
    match instant(node.text()?) {
        Some(Stated::Utc(at)) => Ok(at),
        _ => Err(node.wrong("a time with its zone")),
    }
}

/// A time as the files write it.
fn told(at: Time) -> String {
    let text = breakwater_tax::common::instant(at);
    let text = text.trim_end_matches('Z');
    match text.split_once('.') {
        Some((whole, fraction)) => format!("{whole}.{fraction:0<6}+00:00"),
        None => format!("{text}+00:00"),
    }
}

fn text(value: impl Into<String>) -> Output {
    Output::Text(value.into())
}

fn text_or_nothing(value: Option<String>) -> Output {
    value.map_or(Output::Nothing, Output::Text)
}

fn number(value: Money) -> Output {
    Output::Number(value.rational())
}

fn units(value: Quantity) -> Output {
    Output::Number(value.rational())
}

fn exact(value: Rational) -> Output {
    Output::Number(value)
}
