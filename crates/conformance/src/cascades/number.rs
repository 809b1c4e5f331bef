//! JSON numbers as exact fractions, and computed values held against them.

use crate::Mismatch;
use crate::compare::{Output, Outputs, Tolerance};
use crate::fields::describe;
use breakwater_money::{Rational, rational};
use serde_json::{Map, Value};

/// Largest exponent read: what a 64-bit float can have.
const EXPONENT_MAX: i32 = 400;

/// A JSON number, or a text with one, as the decimal it is written as.
pub(super) fn number(value: &Value) -> Option<Rational> {
    match value {
        Value::Number(number) => exact(&number.to_string()),
        Value::String(text) => exact(text),
        _ => None,
    }
}

/// A decimal, with an exponent if it has one.
pub(crate) fn exact(text: &str) -> Option<Rational> {
    let (digits, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let exponent: i32 = exponent.parse().ok()?;
    let value = rational::parse(digits).ok()?;
    if exponent.unsigned_abs() > EXPONENT_MAX.unsigned_abs() {
        return None;
    }
    let power = rational::from_raw(10, 0).pow(exponent);
    Some(value * power)
}

/// A case's members, each refusal named by its path.
pub(super) struct Members<'a>(pub &'a Map<String, Value>);

impl<'a> Members<'a> {
    pub(super) fn of(case: &'a Value) -> Result<Self, Mismatch> {
        let wrong = || Mismatch::new("(case)", "an object", describe(Some(case)));
        case.as_object().map(Members).ok_or_else(wrong)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(super) fn wrong(&self, name: &str, right: &str) -> Mismatch {
        Mismatch::new(name, right, describe(self.0.get(name)))
    }

    pub(super) fn number(&self, name: &str) -> Result<Rational, Mismatch> {
        self.0.get(name).and_then(number).ok_or_else(|| self.wrong(name, "a number"))
    }

    pub(super) fn text(&self, name: &str) -> Result<&'a str, Mismatch> {
        self.0.get(name).and_then(Value::as_str).ok_or_else(|| self.wrong(name, "a text"))
    }

    pub(super) fn numbers(&self, name: &str) -> Result<Vec<Rational>, Mismatch> {
        let list = self.0.get(name).and_then(Value::as_array);
        let list = list.and_then(|list| list.iter().map(number).collect());
        list.ok_or_else(|| self.wrong(name, "a list of numbers"))
    }
}

/// Compares every member of the case that is neither an input nor a remark with the output of its
/// name; a member that is nothing of it is a mismatch too, so that nothing is passed over.
pub(super) fn compare(
    members: &Members<'_>,
    inputs: &[&str],
    outputs: &Outputs,
    tolerance: &Tolerance,
) -> Result<(), Vec<Mismatch>> {
    let mut wrong = Vec::new();
    let mut compared = 0;
    for (name, value) in members.0.iter().filter(|(name, _)| !inputs.contains(&name.as_str())) {
        match outputs.iter().find(|(output, _)| output == name) {
            Some((_, output)) => {
                compared += 1;
                differs(name, value, output, tolerance, &mut wrong);
            }
            None => wrong.push(members.wrong(name, "a member that the rule knows")),
        }
    }
    if compared == 0 {
        wrong.push(Mismatch::new("(case)", "at least one output", "none is listed"));
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

/// Holds one output, with all that is in it, against what the file says.
pub(crate) fn differs(
    path: &str,
    value: &Value,
    output: &Output,
    tolerance: &Tolerance,
    wrong: &mut Vec<Mismatch>,
) {
    let same = match (output, value) {
        (Output::List(outputs), Value::Array(values)) if outputs.len() == values.len() => {
            for (at, (output, value)) in outputs.iter().zip(values).enumerate() {
                differs(&format!("{path}[{at}]"), value, output, tolerance, wrong);
            }
            true
        }
        (Output::Number(got), _) => {
            number(value).is_some_and(|expected| tolerance.allows(&expected, got))
        }
        (Output::Record(outputs), Value::Object(members)) => {
            for (name, value) in members {
                let path = format!("{path}.{name}");
                match outputs.iter().find(|(output, _)| output == name) {
                    Some((_, output)) => differs(&path, value, output, tolerance, wrong),
                    None => wrong.push(Mismatch::new(
                        path,
                        "a member that the rule knows",
                        describe(Some(value)),
                    )),
                }
            }
            true
        }
        (Output::Text(got), Value::String(expected)) => got == expected,
        (Output::Flag(got), Value::Bool(expected)) => got == expected,
        (Output::Nothing, Value::Null) => true,
        (Output::Count(got), _) => value.as_u64() == Some(*got),
        _ => false,
    };
    if !same {
        wrong.push(Mismatch::new(path, describe(Some(value)), output.to_string()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_are_the_decimals_they_are_written_as() {
        let r = |text: &str| rational::parse(text).unwrap();
        assert_eq!(number(&json!(0.1)), Some(r("0.1")));
        assert_eq!(number(&json!(4.7086750033364114e-05)), Some(r("0.000047086750033364114")));
        assert_eq!(number(&json!(1e21)), Some(r("1000000000000000000000")));
        assert_eq!(number(&json!(-12)), Some(r("-12")));
        assert_eq!(number(&json!("2.5")), Some(r("2.5")));
        for nothing in [json!(null), json!("x"), json!("1e401"), json!("1e"), json!([1])] {
            assert_eq!(number(&nothing), None, "{nothing}");
        }
    }
}
