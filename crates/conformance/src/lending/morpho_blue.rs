//! Morpho Blue: `liquidate` cases.

use super::SCHEMA;
use crate::node::{Node, differs, differs_refusal};
use crate::{Adapter, Mismatch};
use breakwater_money::{U256, Wad};
use breakwater_rulebooks::lending::morpho_blue::{
    Call, Market, Now, Outcome, Position, Revert, Terms, liquidate,
};
use serde_json::Value;

/// The adapter of Morpho Blue files. The contract cannot be changed once deployed, so there is no
/// version to tell apart.
#[derive(Debug, Clone, Copy)]
pub struct MorphoBlue;

impl Adapter for MorphoBlue {
    fn knows(&self, file: &Value) -> bool {
        let says = |field: &str| file.get(field).and_then(Value::as_str).unwrap_or_default();
        says("schema") == SCHEMA && says("protocol") == "morpho-blue"
    }

    fn check(&self, _: &Value, case: &Value) -> Result<(), Vec<Mismatch>> {
        let one = |mismatch| vec![mismatch];
        let kind = Node::root("kind", case.get("kind"));
        if kind.text().map_err(one)? != "liquidate" {
            return Err(one(kind.wrong("liquidate")));
        }
        let input = Node::root("input", case.get("input"));
        let expected = Node::root("expected", case.get("expected"));
        let scene = Scene::read(&input).map_err(one)?;
        let Scene { terms, market, position, now, call } = &scene;
        compare(&expected, &liquidate(terms, market, position, now, call))
    }
}

/// The input of a case.
struct Scene {
    terms: Terms,
    market: Market,
    position: Position,
    now: Now,
    call: Call,
}

impl Scene {
    fn read(input: &Node<'_>) -> Result<Self, Mismatch> {
        let (market, call) = (input.get("market"), input.get("call"));
        let ratio = |name: &str| market.get(name).number().map(Wad::from_raw);
        Ok(Scene {
            terms: Terms { lltv: ratio("lltv")?, fee: ratio("fee")? },
            market: read_market(&market)?,
            position: read_position(&input.get("position"))?,
            now: Now {
                elapsed_seconds: input
                    .get("elapsed_seconds")
                    .small("seconds of at most 64 bits")?,
                borrow_rate_per_second: input.get("borrow_rate_per_second").number()?,
                collateral_price: input.get("collateral_price").number()?,
            },
            call: Call {
                seized_assets: call.get("seized_assets").number()?,
                repaid_shares: call.get("repaid_shares").number()?,
            },
        })
    }
}

/// What a stored amount must be.
const STORED: &str = "an amount of at most 128 bits";

fn read_market(node: &Node<'_>) -> Result<Market, Mismatch> {
    let amount = |name: &str| node.get(name).small(STORED);
    Ok(Market {
        total_supply_assets: amount("total_supply_assets")?,
        total_supply_shares: amount("total_supply_shares")?,
        total_borrow_assets: amount("total_borrow_assets")?,
        total_borrow_shares: amount("total_borrow_shares")?,
    })
}

fn read_position(node: &Node<'_>) -> Result<Position, Mismatch> {
    Ok(Position {
        collateral: node.get("collateral").small(STORED)?,
        borrow_shares: node.get("borrow_shares").small(STORED)?,
        own_lltv: None,
    })
}

fn compare(expected: &Node<'_>, result: &Result<Outcome, Revert>) -> Result<(), Vec<Mismatch>> {
    let mut found = Vec::new();
    let says_revert = !expected.get("revert").is_absent();
    if let (false, Err(revert)) = (says_revert, result) {
        found.push(Mismatch::new("expected.revert", "no revert", revert.contract_name()));
    }
    for (name, node) in expected.fields().map_err(|mismatch| vec![mismatch])? {
        match (name, result) {
            ("revert", result) => found.extend(check_revert(&node, result.as_ref().err())),
            ("market_after", Ok(outcome)) => each(&node, &mut found, |name| {
                let after = &outcome.market_after;
                Some(match name {
                    "total_supply_assets" => after.total_supply_assets,
                    "total_supply_shares" => after.total_supply_shares,
                    "total_borrow_assets" => after.total_borrow_assets,
                    "total_borrow_shares" => after.total_borrow_shares,
                    _ => return None,
                })
            }),
            ("position_after", Ok(outcome)) => each(&node, &mut found, |name| {
                Some(match name {
                    "collateral" => outcome.position_after.collateral,
                    "borrow_shares" => outcome.position_after.borrow_shares,
                    _ => return None,
                })
            }),
            (_, Ok(outcome)) => found.extend(match output(name, outcome) {
                Some(got) => differs(&node, got),
                None => Some(node.wrong("a field of the schema")),
            }),
            // A refusal where an outcome was expected has been reported above, once.
            (_, Err(_)) if !says_revert => {}
            (_, Err(_)) => found.push(node.wrong("no outcome beside a revert")),
        }
    }
    if found.is_empty() { Ok(()) } else { Err(found) }
}

/// The output `name` of a call, if the schema has it.
fn output(name: &str, outcome: &Outcome) -> Option<U256> {
    Some(match name {
        "interest_accrued" => U256::from(outcome.interest),
        "fee_shares" => U256::from(outcome.fee_shares),
        "seized_assets" => U256::from(outcome.seized_assets),
        "repaid_assets" => outcome.repaid_assets,
        "repaid_shares" => U256::from(outcome.repaid_shares),
        "bad_debt_assets" => U256::from(outcome.bad_debt_assets),
        "bad_debt_shares" => U256::from(outcome.bad_debt_shares),
        "borrowed_assets_before" => outcome.health_before.borrowed,
        "max_borrow_before" => outcome.health_before.max_borrow,
        "liquidation_incentive_factor" => outcome.incentive_factor.raw,
        _ => return None,
    })
}

/// Compares every field of `node` with what `got` has under its name.
fn each(node: &Node<'_>, found: &mut Vec<Mismatch>, got: impl Fn(&str) -> Option<u128>) {
    match node.fields() {
        Ok(fields) => {
            for (name, field) in fields {
                found.extend(match got(name) {
                    Some(value) => differs(&field, U256::from(value)),
                    None => Some(field.wrong("a field of the schema")),
                });
            }
        }
        Err(wrong) => found.push(wrong),
    }
}

/// Compares a refusal by class: the contract's text, or arithmetic for any panic and for an amount
/// that does not fit its storage.
fn check_revert(node: &Node<'_>, got: Option<&Revert>) -> Option<Mismatch> {
    differs_refusal(
        node,
        got,
        |revert: &Revert| revert.contract_name(),
        |text, revert| {
            if revert.is_arithmetic() {
                text.starts_with("Panic") || text == Revert::TooWide.contract_name()
            } else {
                text == revert.contract_name()
            }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// 100 units of collateral at one loan unit against 500 owed of 1,000, at 80 %: the 100 repay
    /// 95, and 405 are lost.
    fn case() -> Value {
        json!({
            "id": "made-1", "kind": "liquidate",
            "input": {
                "market": {"total_supply_assets": "2000", "total_supply_shares": "2000000000",
                    "total_borrow_assets": "1000", "total_borrow_shares": "1000000000",
                    "fee": "0", "lltv": "800000000000000000"},
                "elapsed_seconds": "0", "borrow_rate_per_second": "0",
                "position": {"collateral": "100", "borrow_shares": "500000000"},
                "collateral_price": "1000000000000000000000000000000000000",
                "call": {"seized_assets": "100", "repaid_shares": "0"},
            },
            "expected": {
                "interest_accrued": "0", "fee_shares": "0", "seized_assets": "100",
                "repaid_assets": "95", "repaid_shares": "95000000",
                "bad_debt_assets": "405", "bad_debt_shares": "405000000",
                "market_after": {"total_supply_assets": "1595",
                    "total_supply_shares": "2000000000", "total_borrow_assets": "500",
                    "total_borrow_shares": "500000000"},
                "position_after": {"collateral": "0", "borrow_shares": "0"},
                "borrowed_assets_before": "500", "max_borrow_before": "80",
                "liquidation_incentive_factor": "1063829787234042553",
            },
        })
    }

    fn check(case: &Value) -> Vec<Mismatch> {
        MorphoBlue.check(&json!({}), case).err().unwrap_or_default()
    }

    fn fields(found: &[Mismatch]) -> Vec<&str> {
        found.iter().map(|mismatch| mismatch.field.as_str()).collect()
    }

    /// Every leaf below `at`, as a JSON pointer.
    fn leaves(value: &Value, at: String, out: &mut Vec<String>) {
        match value.as_object() {
            Some(map) => map.iter().for_each(|(k, v)| leaves(v, format!("{at}/{k}"), out)),
            None => out.push(at),
        }
    }

    #[test]
    fn every_output_that_is_altered_is_found_and_named() {
        let good = case();
        assert_eq!(check(&good), []);
        let mut paths = Vec::new();
        leaves(&good["expected"], "/expected".to_owned(), &mut paths);
        assert_eq!(paths.len(), 10 + 4 + 2);
        for path in paths {
            let mut bad = good.clone();
            *bad.pointer_mut(&path).unwrap() = json!("7");
            let name = path.trim_start_matches('/').replace('/', ".");
            assert_eq!(fields(&check(&bad)), [name.as_str()]);
        }
    }

    #[test]
    fn a_field_that_the_schema_lacks_is_a_mismatch_at_every_level() {
        for path in ["/expected", "/expected/market_after", "/expected/position_after"] {
            let mut bad = case();
            bad.pointer_mut(path).unwrap()["surprise"] = json!("0");
            let name = format!("{}.surprise", path.trim_start_matches('/').replace('/', "."));
            assert_eq!(fields(&check(&bad)), [name.as_str()]);
        }
        let mut bad = case();
        bad["expected"]["market_after"] = json!("0");
        assert_eq!(fields(&check(&bad)), ["expected.market_after"]);
    }

    #[test]
    fn a_refusal_and_an_acceptance_are_never_taken_for_each_other() {
        let mut healthy = case();
        healthy["input"]["position"]["collateral"] = json!("625");
        assert_eq!(check(&healthy)[0].got, "position is healthy");
        healthy["expected"] = json!({"revert": "position is healthy"});
        assert_eq!(check(&healthy), []);
        for other in ["inconsistent input", "Panic(0x11)", "position is healthy."] {
            healthy["expected"] = json!({"revert": other});
            assert_eq!(fields(&check(&healthy)), ["expected.revert"]);
        }
        healthy["expected"] = json!({"revert": "position is healthy", "fee_shares": "0"});
        assert_eq!(fields(&check(&healthy)), ["expected.fee_shares"]);

        let mut accepted = case();
        accepted["expected"] = json!({"revert": "position is healthy"});
        assert_eq!(check(&accepted)[0].got, "accepted");
    }

    #[test]
    fn any_panic_and_any_cast_is_arithmetic() {
        let mut refused = case();
        refused["input"]["call"]["seized_assets"] = json!("101");
        for text in ["Panic(0x11)", "Panic(0x12)", "max uint128 exceeded"] {
            refused["expected"] = json!({"revert": text});
            assert_eq!(check(&refused), []);
        }
        refused["expected"] = json!({"revert": "inconsistent input"});
        assert_eq!(fields(&check(&refused)), ["expected.revert"]);
    }

    #[test]
    fn bad_input_is_named_with_what_would_be_right() {
        let wide = U256::from(u128::MAX).to_string() + "0";
        let cases = [
            ("/input/market/total_borrow_shares", json!(wide), "input.market.total_borrow_shares"),
            ("/input/position/collateral", json!("-1"), "input.position.collateral"),
            ("/input/market/lltv", json!("80%"), "input.market.lltv"),
            ("/input/elapsed_seconds", json!("36893488147419103232"), "input.elapsed_seconds"),
            ("/input/call/repaid_shares", json!(null), "input.call.repaid_shares"),
            ("/kind", json!("supply"), "kind"),
        ];
        for (path, value, name) in cases {
            let mut bad = case();
            *bad.pointer_mut(path).unwrap() = value;
            assert_eq!(fields(&check(&bad)), [name]);
        }
        assert_eq!(fields(&check(&json!({}))), ["kind"]);
    }

    #[test]
    fn a_file_is_known_by_what_it_says() {
        assert!(MorphoBlue.knows(&json!({"schema": SCHEMA, "protocol": "morpho-blue"})));
        for foreign in [
            json!({"schema": SCHEMA, "protocol": "aave-v3"}),
            json!({"schema": "other/1", "protocol": "morpho-blue"}),
            json!({"protocol": "morpho-blue"}),
            json!([]),
        ] {
            assert!(!MorphoBlue.knows(&foreign));
        }
    }
}
