//! Maker's price curves: one price a case, or the refusal of a configuration.

use super::declares;
use crate::node::{Node, differs};
use crate::{Adapter, Mismatch};
use breakwater_auction::dutch::Curve;
use breakwater_money::U256;
use breakwater_rulebooks::cdp::maker::abaci::{exponential, linear, price, stairstep};
use breakwater_rulebooks::cdp::maker::clip_revert::Revert;
use serde_json::Value;

/// The adapter of these files.
#[derive(Debug, Clone, Copy)]
pub struct Abaci;

impl Adapter for Abaci {
    fn knows(&self, file: &Value) -> bool {
        declares(file, "dss-abaci")
    }

    fn check(&self, _: &Value, case: &Value) -> Result<(), Vec<Mismatch>> {
        let mut found = Vec::new();
        check(&Node::root("case", Some(case)), &mut found).map_err(|wrong| vec![wrong])?;
        if found.is_empty() { Ok(()) } else { Err(found) }
    }
}

fn check(case: &Node<'_>, found: &mut Vec<Mismatch>) -> Result<(), Mismatch> {
    let (asked, out) = (case.get("in"), case.get("out"));
    let answer = match curve(&case.get("curve"), &case.get("params"))? {
        Ok(_) if !case.get("configure_error").is_absent() => {
            found.extend(differs_reason(&case.get("configure_error"), None));
            return Ok(());
        }
        Ok(curve) => price(&curve, asked.get("top").number()?, asked.get("dur").number()?),
        Err(revert) => {
            // A curve that is refused gives no price, and the case must not list one.
            found.extend(differs_reason(&case.get("configure_error"), Some(revert)));
            found.extend(
                [out, case.get("error")]
                    .into_iter()
                    .filter(|node| !node.is_absent())
                    .map(|node| node.wrong("nothing: the configuration is refused")),
            );
            return Ok(());
        }
    };
    match answer {
        Ok(price) => {
            found.extend(differs(&out.get("price"), price));
            let error = case.get("error");
            if !error.is_absent() {
                found.extend(differs_reason(&error, None));
            }
        }
        Err(revert) => {
            found.extend(differs_reason(&case.get("error"), Some(revert)));
            if !out.is_absent() {
                found.push(out.wrong(&format!("nothing: {revert}")));
            }
        }
    }
    Ok(())
}

/// The curve of these parameters, or the contract's refusal of them.
pub(super) fn curve(kind: &Node<'_>, params: &Node<'_>) -> Result<Result<Curve, Revert>, Mismatch> {
    let number = |name: &str| params.get(name).number();
    Ok(match kind.text()? {
        "linear" => Ok(linear(number("tau")?)),
        // A step that was never set is zero.
        "stairstep" if params.get("step").is_absent() => stairstep(number("cut")?, U256::ZERO),
        "stairstep" => stairstep(number("cut")?, number("step")?),
        "exponential" => exponential(number("cut")?),
        _ => return Err(kind.wrong("linear, stairstep or exponential")),
    })
}

/// Compares a refusal's reason, where the text is one that the mirror knows; any refusal agrees with
/// a text that it does not.
pub(super) fn differs_reason(node: &Node<'_>, got: Option<Revert>) -> Option<Mismatch> {
    let text = match node.text() {
        Ok(text) => text,
        Err(wrong) => return Some(wrong),
    };
    let known = Revert::NAMED.iter().any(|revert| revert.contract_name() == text);
    match got.map(Revert::contract_name) {
        None => Some(Mismatch::new(node.path.as_str(), text, "accepted")),
        Some(got) if known && got != text => Some(Mismatch::new(node.path.as_str(), text, got)),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn said(case: &Value) -> Vec<String> {
        let found = Abaci.check(&Value::Null, case).err().unwrap_or_default();
        found.iter().map(|m| format!("{}: {} / {}", m.field, m.expected, m.got)).collect()
    }

    fn case() -> Value {
        json!({"id": "a", "curve": "linear", "params": {"tau": "10"},
            "in": {"top": "1000", "dur": "4"}, "out": {"price": "600"}})
    }

    fn with(path: &str, value: Value) -> Value {
        let mut case = case();
        *case.pointer_mut(path).unwrap() = value;
        case
    }

    #[test]
    fn a_price_that_is_off_by_one_is_found() {
        assert_eq!(said(&case()), Vec::<String>::new());
        assert_eq!(said(&with("/out/price", json!("599"))), ["case.out.price: 599 / 600"]);
        assert_eq!(said(&with("/params/tau", json!("11"))), ["case.out.price: 600 / 636"]);
    }

    #[test]
    fn answers_of_the_other_kind_are_found() {
        let mut refused = case();
        refused["error"] = json!("arith");
        assert_eq!(said(&refused), ["case.error: arith / accepted"]);
        refused["configure_error"] = json!("cut-gt-RAY");
        assert_eq!(said(&refused), ["case.configure_error: cut-gt-RAY / accepted"]);
        let overflow = with("/in/top", json!(U256::MAX.to_string()));
        let told = said(&overflow);
        assert_eq!(told[0], "case.error: a text / nothing: the field is missing");
        assert_eq!(told.len(), 2);
        let mut halt = with("/curve", json!("stairstep"));
        halt["params"] = json!({"cut": "1"});
        halt["error"] = json!("arith");
        halt.as_object_mut().unwrap().remove("out");
        assert_eq!(said(&halt), ["case.error: arith / halt"]);
        halt["error"] = json!("halt");
        assert_eq!(said(&halt), Vec::<String>::new());
        halt["params"] = json!({"cut": "1000000000000000000000000001"});
        let told = said(&halt);
        assert_eq!(told[0], "case.configure_error: a text / nothing: the field is missing");
        assert_eq!(told[1], "case.error: nothing: the configuration is refused / \"halt\"");
    }

    #[test]
    fn wrong_shapes_are_named() {
        for (path, value, field) in [
            ("/curve", json!("cubic"), "case.curve"),
            ("/curve", json!(3), "case.curve"),
            ("/params", json!([]), "case.params.tau"),
            ("/params/tau", json!("-1"), "case.params.tau"),
            ("/in", json!("x"), "case.in.top"),
            ("/in/dur", json!(null), "case.in.dur"),
            ("/out", json!({}), "case.out.price"),
        ] {
            let told = said(&with(path, value));
            assert!(told[0].starts_with(field), "{told:?}");
        }
        assert!(!said(&json!(null)).is_empty());
        assert!(!Abaci.knows(&json!({"schema": "auction-vectors/1", "family": "dss-clip"})));
        assert!(!Abaci.knows(&json!({"schema": "other", "family": "dss-abaci"})));
    }
}
