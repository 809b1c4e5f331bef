//! Files of margin calls under the ISDA credit support annexes: `family` is `csa-margin-call`.
//!
//! Amounts are decimals in texts and compared exactly. A haircut, threshold or independent amount that
//! is absent is zero, a threshold may be `infinity`, and deliveries round up and returns down unless a
//! case says otherwise. `defaulting` takes the minimum transfer amount away, and nothing else.

use crate::adapter::{Adapter, Mismatch};
use crate::compare::{Output, Outputs, compare};
use crate::fields::Fields;
use breakwater_agreement::support::formula::{
    Approach, Call, Form, Limit, PostedItem, Requirement, Step, TransferRule,
};
use breakwater_money::{Rational, Rounding, rational};
use serde_json::{Value, json};

/// The family's name inside a file.
const FAMILY: &str = "csa-margin-call";

/// The adapters of this family.
#[must_use]
pub fn adapters() -> Vec<Box<dyn Adapter>> {
    vec![Box::new(MarginCalls)]
}

/// Checks margin calls.
struct MarginCalls;

impl Adapter for MarginCalls {
    fn knows(&self, file: &Value) -> bool {
        file.get("family").and_then(Value::as_str) == Some(FAMILY)
    }

    fn check(&self, _file: &Value, case: &Value) -> Result<(), Vec<Mismatch>> {
        let outputs = Fields::of(case, "input").and_then(|input| outputs(&input));
        let outputs = outputs.map_err(|mismatch| vec![mismatch])?;
        let listed = json!({"expected": case.get("expect").unwrap_or(&Value::Null)});
        compare(&listed, &outputs).map_err(|mismatches| {
            let named = |mismatch: Mismatch| Mismatch {
                field: mismatch.field.replacen("expected", "expect", 1),
                ..mismatch
            };
            mismatches.into_iter().map(named).collect()
        })
    }
}

fn outputs(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let figures = call(input)?.figures();
    Ok(vec![
        ("credit_support_amount", Output::Number(figures.credit_support_amount)),
        ("adjusted_posted_value", Output::Number(figures.adjusted_posted_value)),
        ("undisputed_delivery", Output::Number(figures.undisputed_delivery)),
        ("undisputed_return", Output::Number(figures.undisputed_return)),
        ("delivery_amount", Output::Number(figures.delivery_amount)),
        ("return_amount", Output::Number(figures.return_amount)),
    ])
}

fn call(input: &Fields<'_>) -> Result<Call, Mismatch> {
    let items = input.rows("posted")?;
    let item = |row: &Fields<'_>| {
        Ok(PostedItem {
            market_value: row.rational("market_value")?,
            haircut: or_zero(row, "haircut")?,
            fx_haircut: or_zero(row, "fx_haircut")?,
            additional_haircut: or_zero(row, "additional_haircut")?,
        })
    };
    let defaulting = has(input, "defaulting") && input.flag("defaulting")?;
    let minimum = or_zero(input, "mta")?;
    let minimum = if defaulting { rational::from_raw(0, 0) } else { minimum };
    let multiple = input.positive("rounding")?;
    let rule = |rounding| TransferRule {
        minimum: minimum.clone(),
        step: Step { multiple: multiple.clone(), rounding },
    };
    Ok(Call {
        requirement: requirement(input)?,
        posted: items.iter().map(item).collect::<Result<_, Mismatch>>()?,
        pending_delivery: or_zero(input, "pending_delivery")?,
        pending_return: or_zero(input, "pending_return")?,
        disputed: or_zero(input, "disputed")?,
        delivery: rule(direction(input, "delivery_rounding", Rounding::Ceil)?),
        returning: rule(direction(input, "return_rounding", Rounding::Floor)?),
    })
}

fn requirement(input: &Fields<'_>) -> Result<Requirement, Mismatch> {
    let forms = Form::ALL.map(Form::name).join(", ");
    let form = Form::named(input.text("form")?);
    Ok(match form.ok_or_else(|| input.wrong("form", &format!("one of {forms}")))? {
        Form::Annex1994 => Requirement::Annex {
            exposure: input.rational("exposure")?,
            independent_pledgor: or_zero(input, "ia_pledgor")?,
            independent_secured: or_zero(input, "ia_secured")?,
            threshold: threshold(input)?,
        },
        Form::Variation2016 => Requirement::Variation { exposure: input.rational("exposure")? },
        Form::Initial2018 => {
            let names = Approach::ALL.map(Approach::name).join(", ");
            let approach = Approach::named(input.text("approach")?);
            Requirement::Initial {
                margin_amount: or_zero(input, "margin_amount_im")?,
                independent_amount: or_zero(input, "margin_amount_ia")?,
                approach: approach
                    .ok_or_else(|| input.wrong("approach", &format!("one of {names}")))?,
                threshold: threshold(input)?,
            }
        }
    })
}

fn threshold(input: &Fields<'_>) -> Result<Limit, Mismatch> {
    match input.text("threshold") {
        Ok("infinity") => Ok(Limit::Infinite),
        _ => or_zero(input, "threshold").map(Limit::Amount),
    }
}

fn direction(input: &Fields<'_>, name: &str, usual: Rounding) -> Result<Rounding, Mismatch> {
    if !has(input, name) {
        return Ok(usual);
    }
    match input.text(name)? {
        "up" => Ok(Rounding::Ceil),
        "down" => Ok(Rounding::Floor),
        "nearest" => Ok(Rounding::HalfUp),
        _ => Err(input.wrong(name, "one of up, down, nearest")),
    }
}

fn has(input: &Fields<'_>, name: &str) -> bool {
    input.entries().any(|(known, _)| known == name)
}

fn or_zero(input: &Fields<'_>, name: &str) -> Result<Rational, Mismatch> {
    if has(input, name) { input.rational(name) } else { Ok(rational::from_raw(0, 0)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = include_str!("../../../conformance/csa/csa-margin-call.json");

    #[test]
    fn the_shipped_file_passes_and_a_planted_fault_is_found() {
        let report = crate::run_text("csa.json", FILE, &adapters());
        assert_eq!((report.passed, report.failures.len()), (24, 0));
        let wrong = FILE.replacen(
            "\"delivery_amount\": \"2819743\"",
            "\"delivery_amount\": \"2819742\"",
            1,
        );
        assert_ne!(wrong, FILE);
        let report = crate::run_text("csa.json", &wrong, &adapters());
        assert_eq!((report.passed, report.failures.len()), (23, 1));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (old, new, field) in [
            ("\"form\": \"1994\"", "\"form\": \"1995\"", "input.form"),
            ("\"haircut\": \"0.15\"", "\"haircut\": \"15%\"", "input.posted[0].haircut"),
            ("\"rounding\": \"1\"", "\"rounding\": \"0\"", "input.rounding"),
            ("\"threshold\": \"0\"", "\"threshold\": \"none\"", "input.threshold"),
        ] {
            let report = crate::run_text("csa.json", &FILE.replacen(old, new, 1), &adapters());
            assert_eq!(report.failures.len(), 1, "{field}");
            assert!(format!("{:?}", report.failures[0]).contains(field), "{field}");
        }
    }
}
