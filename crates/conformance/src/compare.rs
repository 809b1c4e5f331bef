//! Holding computed outputs against those that a case lists.
//!
//! Everything is compared as exact rationals. A case may allow a deviation, absolute or relative to
//! the expected value; where it states both, the wider of the two holds. What counts or names (a
//! tier, a flag, a text) is compared exactly under any tolerance.

use crate::Mismatch;
use crate::fields::{Fields, describe, number_text};
use breakwater_money::{Rational, rational};
use serde_json::Value;

/// Digits after the point of a number in a message.
const PLACES_SHOWN: u8 = 20;

/// One computed output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// A quantity; the tolerance applies.
    Number(Rational),
    /// A count or a place in an order; compared exactly.
    Count(u64),
    /// A name.
    Text(String),
    /// Yes or no.
    Flag(bool),
    /// Several outputs in order.
    List(Vec<Output>),
    /// Outputs with names of their own, of which those listed are compared.
    Record(Outputs),
    /// There is no such value, as a liquidation price of an account that has none. Listed as `null`.
    Nothing,
}

impl Output {
    /// The value, or [`Output::Nothing`].
    #[must_use]
    pub fn number_or_nothing(value: Option<Rational>) -> Self {
        value.map_or(Output::Nothing, Output::Number)
    }
}

impl std::fmt::Display for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Output::Number(value) => f.write_str(&show(value)),
            Output::Count(count) => write!(f, "{count}"),
            Output::Text(text) => f.write_str(text),
            Output::Flag(flag) => write!(f, "{flag}"),
            Output::List(list) => write!(f, "a list of {}", list.len()),
            Output::Record(parts) => {
                let names: Vec<&str> = parts.iter().map(|(name, _)| *name).collect();
                write!(f, "an object of {}", names.join(", "))
            }
            Output::Nothing => f.write_str("null: there is no such value"),
        }
    }
}

/// A named output.
pub type Outputs = Vec<(&'static str, Output)>;

/// How far a number may be from the expected one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tolerance {
    /// Absolute deviation allowed.
    pub abs: Rational,
    /// Deviation allowed as a share of the expected value.
    pub rel: Rational,
}

impl Tolerance {
    /// No deviation.
    #[must_use]
    pub fn exact() -> Self {
        Tolerance { abs: zero(), rel: zero() }
    }

    /// The `tolerance` of `case`, exact if it has none.
    ///
    /// # Errors
    /// It is no object, has another member than `abs` and `rel`, or a number that is negative.
    pub fn of(case: &Value) -> Result<Self, Mismatch> {
        let mut tolerance = Tolerance::exact();
        if case.get("tolerance").is_none_or(Value::is_null) {
            return Ok(tolerance);
        }
        let fields = Fields::of(case, "tolerance")?;
        for (name, _) in fields.entries() {
            let value = fields.rational(name)?;
            if value < zero() {
                return Err(fields.wrong(name, "a number of zero or more"));
            }
            match name {
                "abs" => tolerance.abs = value,
                "rel" => tolerance.rel = value,
                _ => return Err(fields.wrong(name, "no such member: abs and rel are known")),
            }
        }
        Ok(tolerance)
    }

    /// Whether `got` is close enough to `expected`; the edge itself is.
    #[must_use]
    pub fn allows(&self, expected: &Rational, got: &Rational) -> bool {
        let deviation = magnitude(&(got - expected));
        deviation <= self.abs || deviation <= &self.rel * magnitude(expected)
    }
}

/// Compares the outputs that `case` lists under `expected`, and only those.
///
/// # Errors
/// Each output that differs, or is none of the computed ones; or an `expected` or `tolerance` that
/// cannot be read. A case that lists no output proves nothing and fails.
pub fn compare(case: &Value, outputs: &Outputs) -> Result<(), Vec<Mismatch>> {
    let expected = Fields::of(case, "expected").map_err(|error| vec![error])?;
    let tolerance = Tolerance::of(case).map_err(|error| vec![error])?;
    let mut mismatches = Vec::new();
    let mut listed = 0;
    for (name, value) in expected.entries() {
        listed += 1;
        let path = expected.path(name);
        match outputs.iter().find(|(output, _)| *output == name) {
            Some((_, output)) => compare_one(path, value, output, &tolerance, &mut mismatches),
            None => {
                let names: Vec<&str> = outputs.iter().map(|(output, _)| *output).collect();
                let got = format!("no such output; computed: {}", names.join(", "));
                mismatches.push(Mismatch::new(path, describe(Some(value)), got));
            }
        }
    }
    if listed == 0 {
        mismatches.push(Mismatch::new("expected", "at least one output", "an empty object"));
    }
    if mismatches.is_empty() { Ok(()) } else { Err(mismatches) }
}

fn compare_one(
    path: String,
    value: &Value,
    output: &Output,
    tolerance: &Tolerance,
    mismatches: &mut Vec<Mismatch>,
) {
    let same = match (output, value) {
        (Output::List(outputs), Value::Array(values)) if outputs.len() == values.len() => {
            for (index, (value, output)) in values.iter().zip(outputs).enumerate() {
                compare_one(format!("{path}[{index}]"), value, output, tolerance, mismatches);
            }
            return;
        }
        (Output::List(_), Value::Array(values)) => {
            let expected = format!("a list of {}", values.len());
            return mismatches.push(Mismatch::new(path, expected, output.to_string()));
        }
        (Output::Record(outputs), Value::Object(values)) if !values.is_empty() => {
            for (name, value) in values {
                let path = format!("{path}.{name}");
                match outputs.iter().find(|(output, _)| output == name) {
                    Some((_, output)) => compare_one(path, value, output, tolerance, mismatches),
                    None => {
                        let got = format!("no such output in {output}");
                        mismatches.push(Mismatch::new(path, describe(Some(value)), got));
                    }
                }
            }
            return;
        }
        (Output::Number(got), _) => {
            read_number(value).is_some_and(|expected| tolerance.allows(&expected, got))
        }
        (Output::Count(got), _) => read_number(value)
            .is_some_and(|expected| expected == Rational::from_integer((*got).into())),
        (Output::Text(got), Value::String(expected)) => got == expected,
        (Output::Flag(got), Value::Bool(expected)) => got == expected,
        (Output::Nothing, Value::Null) => true,
        _ => false,
    };
    if !same {
        let expected = value.as_str().map_or_else(|| describe(Some(value)), str::to_owned);
        mismatches.push(Mismatch::new(path, expected, output.to_string()));
    }
}

fn read_number(value: &Value) -> Option<Rational> {
    rational::parse(&number_text(Some(value))?).ok()
}

/// A number as a message shows it: a short decimal if it is one, else the fraction and about what.
fn show(value: &Rational) -> String {
    let decimal = rational::format(value, PLACES_SHOWN);
    if decimal.ends_with('…') {
        return format!("{value} (about {decimal})");
    }
    decimal.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn zero() -> Rational {
    rational::from_raw(0, 0)
}

fn magnitude(value: &Rational) -> Rational {
    if *value < zero() { -value } else { value.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn r(text: &str) -> Rational {
        rational::parse(text).unwrap()
    }

    fn outputs() -> Outputs {
        vec![
            ("price", Output::Number(r("1/3"))),
            ("tier", Output::Count(2)),
            ("side", Output::Text("long".to_owned())),
            ("healthy", Output::Flag(true)),
            ("cum", Output::List(vec![Output::Number(r("0")), Output::Number(r("50.25"))])),
            ("limit", Output::Nothing),
        ]
    }

    fn fields(case: Value) -> Vec<String> {
        let mismatches = compare(&case, &outputs()).err().unwrap_or_default();
        mismatches.into_iter().map(|m| format!("{}: {} / {}", m.field, m.expected, m.got)).collect()
    }

    #[test]
    fn only_listed_outputs_are_compared_each_in_its_own_way() {
        let right = json!({"price": "1/3", "tier": "2", "side": "long", "healthy": true,
            "cum": ["0", "50.250"], "limit": null});
        assert_eq!(fields(json!({"expected": right})), Vec::<String>::new());
        assert_eq!(fields(json!({"expected": {"tier": 2}})), Vec::<String>::new());
        let wrong = json!({"price": "0.333", "tier": "3", "side": "short", "healthy": "true",
            "cum": ["0", "50"], "limit": "0", "colour": "red"});
        assert_eq!(
            fields(json!({"expected": wrong})),
            [
                "expected.price: 0.333 / 1/3 (about 0.33333333333333333333…)",
                "expected.tier: 3 / 2",
                "expected.side: short / long",
                "expected.healthy: true / true",
                "expected.cum[1]: 50 / 50.25",
                "expected.limit: 0 / null: there is no such value",
                "expected.colour: \"red\" / no such output; computed: price, tier, side, healthy, \
                 cum, limit",
            ]
        );
        assert_eq!(
            fields(json!({"expected": {"cum": ["0"]}})),
            ["expected.cum: a list of 1 / a list of 2"]
        );
        assert_eq!(
            fields(json!({"expected": {}})),
            ["expected: at least one output / an empty object"]
        );
        assert_eq!(
            fields(json!({"expected": {"price": null}})),
            ["expected.price: null / 1/3 (about 0.33333333333333333333…)"]
        );
    }

    #[test]
    fn a_record_is_compared_name_by_name() {
        let parts = vec![("id", Output::Text("2".to_owned())), ("qty", Output::Number(r("0.5")))];
        let outputs = vec![("fills", Output::List(vec![Output::Record(parts)]))];
        let found = |fills: Value| {
            let mismatches = compare(&json!({"expected": {"fills": fills}}), &outputs).err();
            let list = mismatches.unwrap_or_default();
            list.into_iter().map(|m| format!("{}: {}", m.field, m.got)).collect::<Vec<_>>()
        };
        assert_eq!(found(json!([{"id": "2", "qty": "1/2"}])), Vec::<String>::new());
        assert_eq!(found(json!([{"qty": "0.50"}])), Vec::<String>::new());
        assert_eq!(
            found(json!([{"id": "3", "qty": "1"}])),
            ["expected.fills[0].id: 2", "expected.fills[0].qty: 0.5"]
        );
        assert_eq!(
            found(json!([{"left": "1"}])),
            ["expected.fills[0].left: no such output in an object of id, qty"]
        );
        assert_eq!(found(json!([{}])), ["expected.fills[0]: an object of id, qty"]);
        assert_eq!(found(json!(["2"])), ["expected.fills[0]: an object of id, qty"]);
    }

    #[test]
    fn the_edge_of_a_tolerance_is_inside_and_the_wider_one_holds() {
        let tolerance = |abs, rel| Tolerance { abs: r(abs), rel: r(rel) };
        assert!(tolerance("0.005", "0").allows(&r("-1114.78"), &r("-1114.775")));
        assert!(!tolerance("0.005", "0").allows(&r("1114.78"), &r("1114.774999999999999999")));
        assert!(tolerance("0", "0.01").allows(&r("-200"), &r("-202")));
        assert!(!tolerance("0", "0.01").allows(&r("-200"), &r("-202.0000000000000001")));
        assert!(tolerance("3", "0.01").allows(&r("200"), &r("203")));
        assert!(tolerance("1", "0.01").allows(&r("200"), &r("202")));
        assert!(!Tolerance::exact().allows(&r("1"), &r("1.00000000000000000000000000001")));
    }

    #[test]
    fn a_tolerance_never_loosens_a_count() {
        let case = json!({"expected": {"tier": "3"}, "tolerance": {"abs": "5"}});
        assert_eq!(fields(case), ["expected.tier: 3 / 2"]);
    }

    #[test]
    fn a_tolerance_that_cannot_be_read_is_named() {
        for (tolerance, message) in [
            (json!({"abs": "-1"}), "tolerance.abs: a number of zero or more / \"-1\""),
            (json!({"ulp": "1"}), "tolerance.ulp: no such member: abs and rel are known / \"1\""),
            (json!({"rel": 1e-6}), "tolerance.rel: a text with a decimal or a/b / 1e-6"),
            (json!("1"), "tolerance: an object / \"1\""),
        ] {
            let case = json!({"expected": {"tier": "2"}, "tolerance": tolerance});
            assert_eq!(fields(case), [message]);
        }
    }
}
