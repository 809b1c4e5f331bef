//! Every case of the tax families, run straight through the crate.

mod lots;
mod pools;
mod section_1256;

use breakwater_accounting::{Date, Quantity, Value};
use breakwater_money::{Rational, Time, rational};
use serde_json::Value as Json;
use std::path::Path;

/// Cases of a file of the conformance folder.
fn cases(file: &str) -> Vec<Json> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance").join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let json: Json = serde_json::from_str(&text).unwrap();
    let cases = json["cases"].as_array().unwrap().clone();
    assert_eq!(json["count"].as_u64().unwrap() as usize, cases.len());
    cases
}

fn text<'a>(json: &'a Json, field: &str) -> &'a str {
    json[field].as_str().unwrap_or_else(|| panic!("{field} of {json}"))
}

fn quantity(json: &Json, field: &str) -> Quantity {
    Quantity::parse(text(json, field)).unwrap()
}

fn value(json: &Json, field: &str) -> Value {
    json.get(field).map_or(Value::ZERO, |v| Value::parse(v.as_str().unwrap()).unwrap())
}

fn date(json: &Json, field: &str) -> Date {
    Date::parse(text(json, field)).unwrap()
}

/// `2024-01-15T12:00:00[.342]+00:00`.
fn instant(text: &str) -> Time {
    let date = Date::parse(&text[..10]).unwrap();
    let part = |range: std::ops::Range<usize>| text[range].parse::<u64>().unwrap();
    assert!(text.ends_with("+00:00"), "{text}");
    let seconds = part(11..13) * 3_600 + part(14..16) * 60 + part(17..19);
    let fraction = text[19..text.len() - 6].trim_start_matches('.');
    let nanos = format!("{fraction:0<9}").parse::<u64>().unwrap();
    Time(date.start().0 + seconds * 1_000_000_000 + nanos)
}

/// Whether a computed number is within a millionth of the expected one.
#[track_caller]
fn close(case: &str, what: &str, expected: &Json, got: impl Into<Rational>) {
    let expected = rational::parse(expected.as_str().unwrap()).unwrap();
    let got: Rational = got.into();
    let off = if expected > got { &expected - &got } else { &got - &expected };
    let shown = |value: &Rational| rational::format(value, 12);
    assert!(
        off <= rational::from_raw(1, 6),
        "{case} {what}: {} / {}",
        shown(&expected),
        shown(&got)
    );
}

fn q(value: Quantity) -> Rational {
    value.rational()
}

fn v(value: Value) -> Rational {
    value.rational()
}
