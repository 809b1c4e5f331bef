//! Numbers that a model computes in floats, held against those of a file.
//!
//! A deviation is allowed relative to the expected value or absolutely, whichever is wider; where zero
//! is expected, [`ZERO`] absolutely. Counts, flags and texts are compared exactly. What is no finite number
//! agrees with nothing.

use crate::Mismatch;
use crate::fields::describe;
use breakwater_simulate::stress::StressError;
use serde_json::{Map, Value};

/// How far from an expected zero a number may be.
const ZERO: f64 = 1e-13;

/// One computed output.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Found {
    Number(f64),
    Count(u64),
    Text(String),
    Flag(bool),
    List(Vec<Found>),
    Record(Vec<(&'static str, Found)>),
    /// There is no such value; listed as `null`.
    Nothing,
}

impl Found {
    pub(super) fn numbers(values: &[f64]) -> Found {
        Found::List(values.iter().copied().map(Found::Number).collect())
    }

    pub(super) fn number_or_nothing(value: Option<f64>) -> Found {
        value.map_or(Found::Nothing, Found::Number)
    }

    fn told(&self) -> String {
        match self {
            Found::Number(value) => format!("{value:?}"),
            Found::Count(count) => count.to_string(),
            Found::Text(text) => text.clone(),
            Found::Flag(flag) => flag.to_string(),
            Found::List(list) => format!("a list of {}", list.len()),
            Found::Record(parts) => {
                let names: Vec<&str> = parts.iter().map(|(name, _)| *name).collect();
                format!("an object of {}", names.join(", "))
            }
            Found::Nothing => "null: there is no such value".to_owned(),
        }
    }
}

/// Named outputs.
pub(super) type FoundAll = Vec<(&'static str, Found)>;

/// How far a number may be from the expected one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Within {
    pub rel: f64,
    pub abs: f64,
}

impl Within {
    fn allows(self, expected: f64, found: f64) -> bool {
        let deviation = (found - expected).abs();
        if expected == 0.0 {
            return deviation <= ZERO.max(self.abs);
        }
        deviation <= self.abs || deviation <= self.rel * expected.abs()
    }
}

/// The members of a case, or of an object in it.
pub(super) struct Inputs<'a> {
    map: &'a Map<String, Value>,
    path: &'static str,
}

impl<'a> Inputs<'a> {
    /// The case itself if `name` is empty, else its object of that name.
    pub(super) fn of(case: &'a Value, name: &'static str) -> Result<Self, Mismatch> {
        let found = if name.is_empty() { Some(case) } else { case.get(name) };
        match found.and_then(Value::as_object) {
            Some(map) => Ok(Inputs { map, path: name }),
            None => {
                let at = if name.is_empty() { "(case)" } else { name };
                Err(Mismatch::new(at, "an object", describe(found)))
            }
        }
    }

    fn at(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    pub(super) fn value(&self, name: &str) -> Option<&'a Value> {
        self.map.get(name)
    }

    pub(super) fn wrong(&self, name: &str, right: &str) -> Mismatch {
        Mismatch::new(self.at(name), right, describe(self.map.get(name)))
    }

    pub(super) fn number(&self, name: &str) -> Result<f64, Mismatch> {
        let number = self.map.get(name).and_then(Value::as_f64);
        number.ok_or_else(|| self.wrong(name, "a number"))
    }

    pub(super) fn numbers(&self, name: &str) -> Result<Vec<f64>, Mismatch> {
        let list = self.map.get(name).and_then(numbers_of);
        list.ok_or_else(|| self.wrong(name, "a list of numbers"))
    }

    pub(super) fn rows(&self, name: &str) -> Result<Vec<Vec<f64>>, Mismatch> {
        let list = self.map.get(name).and_then(Value::as_array);
        let list = list.and_then(|rows| rows.iter().map(numbers_of).collect());
        list.ok_or_else(|| self.wrong(name, "a list of lists of numbers"))
    }

    pub(super) fn text(&self, name: &str) -> Result<&'a str, Mismatch> {
        let text = self.map.get(name).and_then(Value::as_str);
        text.ok_or_else(|| self.wrong(name, "a text"))
    }

    /// Every member is one of these, each of which was read.
    pub(super) fn are(&self, names: &[&str]) -> Result<(), Mismatch> {
        match self.map.keys().find(|name| !names.contains(&name.as_str())) {
            None => Ok(()),
            Some(name) => Err(self.wrong(name, "no such member: the rule does not read it")),
        }
    }

    /// Compares every member that is no input with the output of its name.
    pub(super) fn compare(
        &self,
        inputs: &[&str],
        found: &FoundAll,
        within: Within,
    ) -> Result<(), Vec<Mismatch>> {
        let mut wrong = Vec::new();
        let mut compared = 0;
        for (name, value) in self.map.iter().filter(|(name, _)| !inputs.contains(&name.as_str())) {
            compared += 1;
            match found.iter().find(|(output, _)| output == name) {
                Some((_, output)) => differs(&self.at(name), value, output, within, &mut wrong),
                None => wrong.push(self.wrong(name, "a member that the rule knows")),
            }
        }
        if compared == 0 {
            wrong.push(Mismatch::new("(case)", "at least one output", "none is listed"));
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }
}

fn numbers_of(value: &Value) -> Option<Vec<f64>> {
    value.as_array()?.iter().map(Value::as_f64).collect()
}

/// What the model refused.
pub(super) fn refused(error: StressError) -> Mismatch {
    Mismatch::new("(case)", "inputs that the model has", error.to_string())
}

fn differs(path: &str, value: &Value, found: &Found, within: Within, wrong: &mut Vec<Mismatch>) {
    let same = match (found, value) {
        (Found::List(outputs), Value::Array(values)) if outputs.len() == values.len() => {
            for (at, (output, value)) in outputs.iter().zip(values).enumerate() {
                differs(&format!("{path}[{at}]"), value, output, within, wrong);
            }
            true
        }
        (Found::Record(outputs), Value::Object(values)) if !values.is_empty() => {
            for (name, value) in values {
                let path = format!("{path}.{name}");
                match outputs.iter().find(|(output, _)| output == name) {
                    Some((_, output)) => differs(&path, value, output, within, wrong),
                    None => wrong.push(Mismatch::new(path, describe(Some(value)), found.told())),
                }
            }
            true
        }
        (Found::Number(found), _) => {
            value.as_f64().is_some_and(|expected| within.allows(expected, *found))
        }
        (Found::Count(count), _) => value.as_f64() == Some(*count as f64),
        (Found::Text(found), Value::String(expected)) => found == expected,
        (Found::Flag(found), Value::Bool(expected)) => found == expected,
        (Found::Nothing, Value::Null) => true,
        _ => false,
    };
    if !same {
        wrong.push(Mismatch::new(path, describe(Some(value)), found.told()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_deviates_too_far_or_is_no_number_is_found() {
        let case = json!({"in": 1, "x": 2.0, "zero": 0.0, "list": [1.0, {"n": 3}], "none": null});
        let inputs = Inputs::of(&case, "").unwrap();
        let found = |x: f64, zero: f64, n: u64| -> FoundAll {
            let record = Found::Record(vec![("n", Found::Count(n))]);
            vec![
                ("x", Found::Number(x)),
                ("zero", Found::Number(zero)),
                ("list", Found::List(vec![Found::Number(1.0), record])),
                ("none", Found::Nothing),
            ]
        };
        let fields = |outputs: FoundAll| -> Vec<String> {
            let within = Within { rel: 1e-12, abs: 0.0 };
            let wrong = inputs.compare(&["in"], &outputs, within).err().unwrap_or_default();
            wrong.into_iter().map(|mismatch| mismatch.field).collect()
        };
        assert_eq!(fields(found(2.0 + 1e-12, -1e-13, 3)), [] as [&str; 0]);
        assert_eq!(fields(found(2.0 + 3e-12, 2e-13, 4)), ["x", "zero", "list[1].n"]);
        assert_eq!(fields(found(f64::NAN, f64::INFINITY, 3)), ["x", "zero"]);
        assert_eq!(fields(vec![("x", Found::Number(2.0))]), ["zero", "list", "none"]);
    }
}
