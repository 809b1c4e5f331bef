//! Options on a forward, and the same settled in coin: kind `black76_and_inverse`.
//!
//! A value is right within the file's machine tier, `64 * 2.2e-16 (cond + |ref|) + 1e-290`, judged in
//! rationals. Outputs that options does not have yet (theta, rho, vanna, volga, dual delta) fail by
//! name, so a file that lists them does not pass by what it leaves out.

use crate::compare::Tolerance;
use crate::fields::describe;
use crate::{Adapter, Mismatch};
use breakwater_money::{Rational, rational};
use breakwater_options::{Black76, Kind, Quote};
use serde_json::{Map, Value};

/// The adapter.
#[derive(Debug, Clone, Copy)]
pub struct Black76Inverse;

/// What the file calls itself.
const KIND: &str = "black76_and_inverse";

impl Adapter for Black76Inverse {
    fn knows(&self, file: &Value) -> bool {
        file.get("kind").and_then(Value::as_str) == Some(KIND)
    }

    fn check(&self, _file: &Value, case: &Value) -> Result<(), Vec<Mismatch>> {
        let option = option(case).map_err(|mismatch| vec![mismatch])?;
        let object = |name: &str| {
            let found = case.get(name).and_then(Value::as_object);
            found.ok_or_else(|| vec![Mismatch::new(name, "an object", describe(case.get(name)))])
        };
        let (expected, conditions) = (object("out")?, object("cond")?);
        let outputs = outputs(&option);
        let judged = expected.iter().map(|(name, value)| {
            let found = outputs.iter().find(|(output, _)| output == name);
            judge(name, value, conditions, found.map(|(_, found)| *found))
        });
        let mut wrong: Vec<Mismatch> = judged.filter_map(Result::err).collect();
        if expected.is_empty() {
            wrong.push(Mismatch::new("out", "at least one output", "an empty object"));
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }
}

fn option(case: &Value) -> Result<Black76, Mismatch> {
    let number = |name: &str| {
        let value = case.get(name).filter(|value| value.is_number()).and_then(Value::as_f64);
        value.ok_or_else(|| Mismatch::new(name, "a JSON number", describe(case.get(name))))
    };
    let kind = match case.get("kind").and_then(Value::as_str) {
        Some("call") => Kind::Call,
        Some("put") => Kind::Put,
        _ => return Err(Mismatch::new("kind", "call or put", describe(case.get("kind")))),
    };
    let quote = Quote {
        kind,
        forward: number("F")?,
        strike: number("K")?,
        years: number("T")?,
        volatility: number("sigma")?,
        rate: number("r")?,
    };
    Black76::new(&quote).map_err(|error| Mismatch::new("case", "an option", error.to_string()))
}

fn outputs(option: &Black76) -> [(&'static str, f64); 13] {
    let coin = option.coin();
    [
        ("price", option.price()),
        ("price_undiscounted", option.price_undiscounted()),
        ("d1", option.d1()),
        ("d2", option.d2()),
        ("delta_fwd", option.delta()),
        ("gamma_fwd", option.gamma()),
        ("vega", option.vega()),
        ("inv_price_coin", coin.price),
        ("inv_usd_delta", option.delta_undiscounted()),
        ("inv_net_delta_coin", coin.net_delta),
        ("inv_dcoin_dF", coin.slope),
        ("inv_d2coin_dF2", coin.curvature),
        ("inv_vega_coin", coin.vega),
    ]
}

/// Holds one output against its reference.
fn judge(
    name: &str,
    value: &Value,
    conditions: &Map<String, Value>,
    found: Option<f64>,
) -> Result<(), Mismatch> {
    let path = format!("out.{name}");
    let expected = scientific(Some(value))
        .ok_or_else(|| Mismatch::new(path.as_str(), "a decimal", describe(Some(value))))?;
    let condition = scientific(conditions.get(name)).ok_or_else(|| {
        Mismatch::new(format!("cond.{name}"), "a decimal", describe(conditions.get(name)))
    })?;
    let Some(found) = found else {
        return Err(Mismatch::new(path, describe(Some(value)), "no such output"));
    };
    let exact = Rational::from_float(found)
        .ok_or_else(|| Mismatch::new(path.as_str(), describe(Some(value)), found.to_string()))?;
    let magnitude = if expected < rational::from_raw(0, 0) { -&expected } else { expected.clone() };
    let abs = tier() * (condition + magnitude) + ten_to(-290);
    let allowed = Tolerance { abs, rel: rational::from_raw(0, 0) };
    match allowed.allows(&expected, &exact) {
        true => Ok(()),
        false => Err(Mismatch::new(path, describe(Some(value)), format!("{found:e}"))),
    }
}

/// `64 * 2.2e-16`.
fn tier() -> Rational {
    rational::from_raw(64 * 22, 17)
}

fn ten_to(power: i32) -> Rational {
    Rational::from_integer(10.into()).pow(power)
}

/// Exponents below this are taken as this: such a value is zero to the tier's `1e-290` either way, and
/// the files have some of twelve digits.
const EXPONENT_MIN: i64 = -1_000;

/// A decimal with or without an exponent of at most 1,000, exactly but for [`EXPONENT_MIN`].
fn scientific(value: Option<&Value>) -> Option<Rational> {
    let text = value?.as_str()?;
    let (digits, power) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let power: i64 = power.parse().ok().filter(|power| *power <= 1_000)?;
    let power = i32::try_from(power.max(EXPONENT_MIN)).ok()?;
    Some(rational::parse(digits).ok()? * ten_to(power))
}
