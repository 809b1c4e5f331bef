//! How near an output must be to its reference: the harshest of the tiers that apply to it, judged
//! in rationals (options reference, section 3).

use crate::Mismatch;
use crate::compare::Tolerance;
use crate::fields::describe;
use breakwater_money::{Rational, rational};
use serde_json::Value;

/// Tiers beyond the machine tier, which every output is held to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Tier {
    /// No other.
    Machine,
    /// A price: within 16 units in the last place of this scale.
    Price(f64),
    /// A delta: the same, or the machine tier where that is wider and the condition sum exceeds 16,
    /// as floats that enter `ln(S/K) + (r-q)T` allow no better.
    Delta(f64),
    /// An undiscounted price of this scale and this `d1`: within `1e-13 (1 + d1^2)` of itself
    /// unless it is below 1e-290.
    Sharp(f64, f64),
}

/// A computed output and how it is held.
#[derive(Debug, Clone, Copy)]
pub(super) struct Computed {
    pub name: &'static str,
    pub value: f64,
    pub tier: Tier,
}

impl Computed {
    pub fn new(name: &'static str, value: f64, tier: Tier) -> Self {
        Computed { name, value, tier }
    }
}

/// Holds each output that `case` lists under `out` against what was computed.
pub(super) fn judge(case: &Value, computed: &[Computed]) -> Result<(), Vec<Mismatch>> {
    let object = |name: &str| {
        let found = case.get(name).and_then(Value::as_object);
        found.ok_or_else(|| vec![Mismatch::new(name, "an object", describe(case.get(name)))])
    };
    let (expected, conditions) = (object("out")?, object("cond")?);
    let judged = expected.iter().map(|(name, value)| {
        let found = computed.iter().find(|output| output.name == name);
        judge_one(name, value, conditions.get(name), found)
    });
    let mut wrong: Vec<Mismatch> = judged.filter_map(Result::err).collect();
    if expected.is_empty() {
        wrong.push(Mismatch::new("out", "at least one output", "an empty object"));
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

fn judge_one(
    name: &str,
    value: &Value,
    condition: Option<&Value>,
    found: Option<&Computed>,
) -> Result<(), Mismatch> {
    let path = format!("out.{name}");
    let expected = scientific(Some(value))
        .ok_or_else(|| Mismatch::new(path.as_str(), "a decimal", describe(Some(value))))?;
    let condition = scientific(condition)
        .ok_or_else(|| Mismatch::new(format!("cond.{name}"), "a decimal", describe(condition)))?;
    let Some(found) = found else {
        return Err(Mismatch::new(path, describe(Some(value)), "no such output"));
    };
    let exact = exactly(found.value, &path, value)?;
    let abs = allowed(found.tier, &expected, condition);
    let abs = abs.ok_or_else(|| Mismatch::new(path.as_str(), "a tier", "a scale of no number"))?;
    match (Tolerance { abs, rel: zero() }).allows(&expected, &exact) {
        true => Ok(()),
        false => Err(Mismatch::new(path, describe(Some(value)), format!("{:e}", found.value))),
    }
}

/// A float as the rational it is.
pub(super) fn exactly(found: f64, path: &str, expected: &Value) -> Result<Rational, Mismatch> {
    Rational::from_float(found)
        .ok_or_else(|| Mismatch::new(path, describe(Some(expected)), found.to_string()))
}

/// The widest deviation that every tier which applies allows.
fn allowed(tier: Tier, expected: &Rational, condition: Rational) -> Option<Rational> {
    let size = magnitude(expected);
    let wide = condition > rational::from_raw(16, 0);
    let machine = units(64) * (condition + &size) + ten_to(-290);
    let desk = |scale: f64| Some(units(16) * Rational::from_float(scale)?);
    Some(match tier {
        Tier::Machine => machine,
        Tier::Price(scale) => machine.min(desk(scale)?),
        Tier::Delta(scale) if wide => machine.max(desk(scale)?),
        Tier::Delta(scale) => machine.min(desk(scale)?),
        Tier::Sharp(scale, _) if size <= ten_to(-290) => machine.min(desk(scale)?),
        Tier::Sharp(scale, d1) => {
            let d1 = Rational::from_float(d1)?;
            let sharp = size * ten_to(-13) * (rational::from_raw(1, 0) + &d1 * &d1);
            machine.min(desk(scale)?).min(sharp)
        }
    })
}

/// So many units of `2.2e-16`.
pub(super) fn units(count: i128) -> Rational {
    rational::from_raw(count * 22, 17)
}

pub(super) fn zero() -> Rational {
    rational::from_raw(0, 0)
}

pub(super) fn magnitude(value: &Rational) -> Rational {
    if *value < zero() { -value } else { value.clone() }
}

fn ten_to(power: i32) -> Rational {
    Rational::from_integer(10.into()).pow(power)
}

/// Exponents below this are taken as this: such a value is zero to the tier's `1e-290` either way,
/// and the files have some of twelve digits.
const EXPONENT_MIN: i64 = -1_000;

/// A decimal with or without an exponent of at most 1,000, exactly but for [`EXPONENT_MIN`].
pub(super) fn scientific(value: Option<&Value>) -> Option<Rational> {
    let text = value?.as_str()?;
    let (digits, power) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let power: i64 = power.parse().ok().filter(|power| *power <= 1_000)?;
    let power = i32::try_from(power.max(EXPONENT_MIN)).ok()?;
    Some(rational::parse(digits).ok()? * ten_to(power))
}
