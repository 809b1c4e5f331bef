//! Dynamic hedging and surfaces: kind `dynamic_hedging`. Several lists in one file, one a rule; what a
//! case is follows from the list that it stands in.
//!
//! Closed forms agree within 1e-10 of themselves, what the file's maker integrated within 1e-6. Values
//! that may cross zero (derivatives and the butterfly function of a slice, the place of its minimum) have
//! a floor as well, since what is left of a difference has no digits of its own.

mod rules;

use crate::cascades::number::differs;
use crate::compare::{Outputs, Tolerance};
use crate::fields::describe;
use crate::{Adapter, Mismatch};
use breakwater_money::{Rational, rational};
use serde_json::{Map, Value};

/// The adapter.
#[derive(Debug, Clone, Copy)]
pub struct DynamicHedging;

/// What the file calls itself.
const KIND: &str = "dynamic_hedging";

/// A rule: from a case's inputs to its outputs.
type Rule = fn(&Inputs<'_>) -> Result<Outputs, Mismatch>;

/// One list of the file: its name, what its cases give, and the rule.
struct Family {
    list: &'static str,
    inputs: &'static [&'static str],
    rule: Rule,
}

const MARKET: [&str; 8] = ["S", "K", "T", "r", "sigma", "cost_one_way", "risk_aversion", "note"];

static FAMILIES: [Family; 9] = [
    Family {
        list: "discrete",
        inputs: &["S0", "K", "T", "r", "sigma", "N"],
        rule: rules::discrete,
    },
    Family { list: "leland", inputs: &["sigma", "kappa_round_trip", "dt"], rule: rules::leland },
    Family { list: "whalley_wilmott", inputs: &MARKET, rule: rules::whalley },
    Family { list: "zakamouline", inputs: &MARKET, rule: rules::zakamouline_band },
    Family { list: "svi", inputs: &["name", "a", "b", "rho", "m", "sigma", "k"], rule: rules::svi },
    Family { list: "ssvi", inputs: &["rho", "eta", "gamma", "theta", "k"], rule: rules::ssvi },
    Family {
        list: "vol_mismatch",
        inputs: &["S", "K", "T", "r", "sigma_implied", "sigma_realised"],
        rule: rules::mismatch,
    },
    Family {
        list: "mean_mismatch",
        inputs: &["S0", "K", "T", "r", "sigma_implied", "sigma_realised", "N"],
        rule: rules::mean_mismatch,
    },
    Family { list: "hedge_sign", inputs: &["position"], rule: rules::hedge_sign },
];

/// Members of the file that are no lists of cases.
const REMARKS: [&str; 3] = ["kind", "conventions", "suggested_tolerance"];

impl Adapter for DynamicHedging {
    fn knows(&self, file: &Value) -> bool {
        file.get("kind").and_then(Value::as_str) == Some(KIND)
    }

    fn cases<'a>(&self, file: &'a Value) -> Vec<&'a Value> {
        let members = file.as_object().into_iter().flatten();
        let lists = members.filter(|(name, _)| !REMARKS.contains(&name.as_str()));
        lists.flat_map(|(_, value)| listed(value)).collect()
    }

    fn cases_have_ids(&self) -> bool {
        false
    }

    fn check(&self, file: &Value, case: &Value) -> Result<(), Vec<Mismatch>> {
        let mut members = file.as_object().into_iter().flatten();
        let holds = |value: &Value| listed(value).into_iter().any(|it| std::ptr::eq(it, case));
        let member = members.find(|member| holds(member.1));
        let list = member.map_or("(file)", |(name, _)| name.as_str());
        let Some(family) = FAMILIES.iter().find(|family| family.list == list) else {
            let names: Vec<&str> = FAMILIES.iter().map(|family| family.list).collect();
            let right = format!("one of {}", names.join(", "));
            return Err(vec![Mismatch::new(list, right, "no such list")]);
        };
        let Some(map) = case.as_object() else {
            return Err(vec![Mismatch::new(list, "an object", describe(Some(case)))]);
        };
        let inputs = Inputs { map, list };
        let outputs = (family.rule)(&inputs).map_err(|mismatch| vec![mismatch])?;
        inputs.compare(family.inputs, &outputs)
    }
}

/// The elements of a list; of anything else itself, so that it is not passed over.
fn listed(value: &Value) -> Vec<&Value> {
    value.as_array().map_or_else(|| vec![value], |list| list.iter().collect())
}

/// The members of a case, each refusal named by its path.
struct Inputs<'a> {
    map: &'a Map<String, Value>,
    list: &'a str,
}

impl Inputs<'_> {
    fn path(&self, name: &str) -> String {
        format!("{}.{name}", self.list)
    }

    fn wrong(&self, name: &str, right: &str) -> Mismatch {
        Mismatch::new(self.path(name), right, describe(self.map.get(name)))
    }

    fn number(&self, name: &str) -> Result<f64, Mismatch> {
        let value = self.map.get(name).filter(|value| value.is_number()).and_then(Value::as_f64);
        value.ok_or_else(|| self.wrong(name, "a JSON number"))
    }

    fn count(&self, name: &str) -> Result<u32, Mismatch> {
        let value = self.map.get(name).and_then(Value::as_u64);
        let value = value.and_then(|value| u32::try_from(value).ok());
        value.ok_or_else(|| self.wrong(name, "a whole number"))
    }

    fn numbers(&self, name: &str) -> Result<Vec<f64>, Mismatch> {
        let list = self.map.get(name).and_then(Value::as_array);
        let list = list.and_then(|list| list.iter().map(Value::as_f64).collect());
        list.ok_or_else(|| self.wrong(name, "a list of JSON numbers"))
    }

    fn text(&self, name: &str) -> Result<&str, Mismatch> {
        self.map.get(name).and_then(Value::as_str).ok_or_else(|| self.wrong(name, "a text"))
    }

    /// A refusal of the rule.
    fn refused(&self, error: impl std::fmt::Display) -> Mismatch {
        Mismatch::new(self.list, "inputs that the rule takes", error.to_string())
    }

    /// Compares every member that is no input with the output of its name.
    fn compare(&self, inputs: &[&str], outputs: &Outputs) -> Result<(), Vec<Mismatch>> {
        let (mut wrong, mut compared) = (Vec::new(), 0);
        for (name, value) in self.map.iter().filter(|(name, _)| !inputs.contains(&name.as_str())) {
            compared += 1;
            match outputs.iter().find(|(output, _)| output == name) {
                Some((_, output)) => {
                    differs(&self.path(name), value, output, &tolerance(name), &mut wrong);
                }
                None => wrong.push(self.wrong(name, "a member that the rule knows")),
            }
        }
        if compared == 0 {
            wrong.push(Mismatch::new(self.list, "at least one output", "none is listed"));
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }
}

/// What was integrated by the file's maker.
const INTEGRATED: [&str; 4] =
    ["exact_std_pv", "boyle_emanuel_sum_std", "ratio_dk_over_exact", "std_over_premium"];

/// What may cross zero.
const CROSSING: [&str; 3] = ["dw", "g", "g_min_on_pm3"];

fn tolerance(name: &str) -> Tolerance {
    let ten_to = |power: i32| Rational::from_integer(10.into()).pow(power);
    let rel = ten_to(if INTEGRATED.contains(&name) { -6 } else { -10 });
    let abs = match name {
        // The step of the grid, as sums of steps give it.
        "k_at_g_min" => ten_to(-9),
        _ if CROSSING.contains(&name) => ten_to(-14),
        _ => rational::from_raw(0, 0),
    };
    Tolerance { abs, rel }
}
