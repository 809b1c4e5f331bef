//! Aave v4: `liquidation_amounts` cases, the sizing of one call.

use super::SCHEMA;
use crate::node::{Node, differs, differs_flag, differs_refusal, differs_text};
use crate::{Adapter, Mismatch};
use breakwater_money::{U256, Wad};
use breakwater_rulebooks::lending::aave_v4::{
    Adjustment, Amounts, Position, Revert, Rule, Side, Terms, debt_to_target, least_leftover,
    liquidation_amounts, liquidation_bonus,
};
use serde_json::Value;

/// The adapter of Aave v4 files. The venue's roundings were turned more than once while it was
/// written, so a file must name the commit that is mirrored.
#[derive(Debug, Clone, Copy)]
pub struct AaveV4;

/// The commit whose rule is mirrored, as files name it.
const COMMIT: &str = "0051c6e1";

impl Adapter for AaveV4 {
    fn knows(&self, file: &Value) -> bool {
        let says = |field: &str| file.get(field).and_then(Value::as_str).unwrap_or_default();
        says("schema") == SCHEMA
            && says("protocol") == "aave-v4"
            && says("protocol_version").contains(COMMIT)
    }

    fn check(&self, file: &Value, case: &Value) -> Result<(), Vec<Mismatch>> {
        let one = |mismatch| vec![mismatch];
        let kind = Node::root("kind", case.get("kind"));
        if kind.text().map_err(one)? != "liquidation_amounts" {
            return Err(one(kind.wrong("liquidation_amounts")));
        }
        let constants = Node::root("constants", file.get("constants"));
        let input = Node::root("input", case.get("input"));
        let scene = Scene::read(&constants, &input).map_err(one)?;
        scene.compare(&Node::root("expected", case.get("expected")))
    }
}

/// What a basis point field must be.
const SMALL: &str = "basis points below 65536";

/// A case's input.
struct Scene {
    rule: Rule,
    terms: Terms,
    position: Position,
    debt_to_cover: U256,
}

impl Scene {
    fn read(constants: &Node<'_>, input: &Node<'_>) -> Result<Self, Mismatch> {
        let wad = |name: &str| input.get(name).number().map(Wad::from_raw);
        let bps = |name: &str| input.get(name).small(SMALL);
        let count = |name: &str| input.get(name).small("a count of at most 32 bits");
        let side = |name: &str| {
            Ok(Side {
                decimals: input.get(&format!("{name}_decimals")).small("at most 255")?,
                price: input.get(&format!("{name}_price")).number()?,
                balance: input.get(&format!("{name}_balance")).number()?,
            })
        };
        let dust = constants.get("dust_liquidation_threshold");
        let rule = Rule {
            target_health: wad("target_health_factor")?,
            full_bonus_health: wad("health_factor_for_max_bonus")?,
            bonus_factor_bps: bps("liquidation_bonus_factor")?,
            least_leftover: if dust.is_absent() { least_leftover() } else { dust.number()? },
        };
        let terms = Terms {
            collateral_factor_bps: bps("collateral_factor")?,
            max_bonus_bps: bps("max_liquidation_bonus")?,
            fee_bps: bps("liquidation_fee")?,
        };
        let position = Position {
            health: wad("health_factor")?,
            debt_value: input.get("total_debt_value").number()?,
            collateral: side("collateral")?,
            debt: side("debt")?,
            active_collaterals: count("active_collateral_count")?,
            borrowed: count("borrowed_count")?,
        };
        let debt_to_cover = input.get("debt_to_cover").number_or_max()?;
        Ok(Scene { rule, terms, position, debt_to_cover })
    }

    fn compare(&self, expected: &Node<'_>) -> Result<(), Vec<Mismatch>> {
        let result =
            liquidation_amounts(&self.rule, &self.terms, &self.position, self.debt_to_cover);
        let mut found = Vec::new();
        let says_revert = !expected.get("revert").is_absent();
        if let (false, Err(revert)) = (says_revert, &result) {
            found.push(Mismatch::new("expected.revert", "no revert", revert.contract_name()));
        }
        for (name, node) in expected.fields().map_err(|wrong| vec![wrong])? {
            match (name, &result) {
                ("revert", result) => found.extend(check_revert(&node, result.as_ref().err())),
                (_, Ok(amounts)) => found.extend(check_amount(name, &node, amounts)),
                // A refusal where amounts were expected has been reported above, once.
                (_, Err(_)) if !says_revert => {}
                // What the contract has worked out before it refuses for dust.
                ("liquidation_bonus", Err(_)) => found.extend(known(&node, self.bonus())),
                ("debt_to_target", Err(_)) => found.extend(known(&node, self.to_target())),
                (_, Err(_)) => found.push(node.wrong("no amounts beside a revert")),
            }
        }
        if found.is_empty() { Ok(()) } else { Err(found) }
    }

    fn bonus(&self) -> Result<U256, Revert> {
        liquidation_bonus(&self.rule, &self.terms, self.position.health)
    }

    fn to_target(&self) -> Result<U256, Revert> {
        debt_to_target(&self.rule, &self.terms, &self.position, self.bonus()?)
    }
}

fn known(node: &Node<'_>, got: Result<U256, Revert>) -> Option<Mismatch> {
    match got {
        Ok(value) => differs(node, value),
        Err(revert) => Some(node.wrong(revert.contract_name())),
    }
}

/// Compares a refusal by class: the contract's error name, or arithmetic for any panic and for a
/// conversion that does not fit.
fn check_revert(node: &Node<'_>, got: Option<&Revert>) -> Option<Mismatch> {
    differs_refusal(
        node,
        got,
        |revert: &Revert| revert.contract_name(),
        |text, revert| match revert {
            Revert::Arithmetic => ["Panic", "SafeCast"].iter().any(|start| text.starts_with(start)),
            named => text.trim_end_matches("()") == named.contract_name(),
        },
    )
}

fn check_amount(name: &str, node: &Node<'_>, amounts: &Amounts) -> Option<Mismatch> {
    let amount = match name {
        "liquidation_bonus" => amounts.bonus_bps,
        "debt_to_target" => amounts.debt_to_target,
        "debt_to_liquidate" => amounts.debt,
        "collateral_to_liquidate" => amounts.collateral,
        "collateral_to_liquidator" => amounts.to_liquidator,
        "fee_collateral" => amounts.fee,
        "debt_dust_promoted" => return differs_flag(node, amounts.debt_dust_promoted),
        "reports_deficit" => return differs_flag(node, amounts.reports_deficit),
        "collateral_adjustment" => return check_adjustment(node, amounts.adjustment),
        _ => return Some(node.wrong("a field of the schema")),
    };
    differs(node, amount)
}

/// The schema has words for two of the three adjustments. A case in which dust raises the debt may
/// call that anything but those two.
fn check_adjustment(node: &Node<'_>, got: Adjustment) -> Option<Mismatch> {
    match (got, node.text()) {
        (Adjustment::None, _) => differs_text(node, "none"),
        (Adjustment::Reduced, _) => differs_text(node, "reduced"),
        (Adjustment::Raised, Ok("none" | "reduced")) => differs_text(node, "raised"),
        (Adjustment::Raised, Ok(_)) => None,
        (Adjustment::Raised, Err(wrong)) => Some(wrong),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Tokens without decimals at one dollar: 1,050 of collateral against 2,000, all of it taken.
    fn case() -> Value {
        json!({
            "id": "made-1", "kind": "liquidation_amounts",
            "input": {
                "health_factor": "420000000000000000",
                "target_health_factor": "1050000000000000000",
                "health_factor_for_max_bonus": "900000000000000000",
                "liquidation_bonus_factor": "2000", "max_liquidation_bonus": "10500",
                "collateral_factor": "8000", "liquidation_fee": "1000",
                "debt_price": "100000000", "collateral_price": "100000000",
                "debt_decimals": "0", "collateral_decimals": "0",
                "debt_balance": "2000", "collateral_balance": "1050",
                "total_debt_value": "200000000000000000000000000000", "debt_to_cover": "max",
                "active_collateral_count": "1", "borrowed_count": "1",
            },
            "expected": {
                // 2,000 x (1.05 - 0.42) / (1.05 - 1.05 x 0.8)
                "liquidation_bonus": "10500", "debt_to_target": "6000",
                "debt_dust_promoted": false, "collateral_adjustment": "reduced",
                "debt_to_liquidate": "1000", "collateral_to_liquidate": "1050",
                "collateral_to_liquidator": "1045", "fee_collateral": "5",
                "reports_deficit": true,
            },
        })
    }

    fn check(case: &Value) -> Vec<Mismatch> {
        AaveV4.check(&json!({}), case).err().unwrap_or_default()
    }

    fn fields(found: &[Mismatch]) -> Vec<&str> {
        found.iter().map(|mismatch| mismatch.field.as_str()).collect()
    }

    #[test]
    fn every_output_that_is_altered_is_found_and_named() {
        let good = case();
        assert_eq!(check(&good), []);
        let names: Vec<String> = good["expected"].as_object().unwrap().keys().cloned().collect();
        assert_eq!(names.len(), 9);
        for name in names {
            let mut bad = good.clone();
            let leaf = &mut bad["expected"][&name];
            *leaf = match &*leaf {
                Value::Bool(flag) => json!(!flag),
                Value::String(text) if text == "reduced" => json!("none"),
                _ => json!("7"),
            };
            assert_eq!(fields(&check(&bad)), [format!("expected.{name}")]);
        }
        let mut more = good;
        more["expected"]["surprise"] = json!("1");
        assert_eq!(fields(&check(&more)), ["expected.surprise"]);
    }

    #[test]
    fn a_refusal_is_compared_by_class_with_what_was_known_before_it() {
        let mut refused = case();
        refused["input"]["debt_to_cover"] = json!("999");
        assert_eq!(check(&refused)[0].got, "MustNotLeaveDust");
        refused["expected"] = json!({"revert": "MustNotLeaveDust", "liquidation_bonus": "10500",
            "debt_to_target": "6000"});
        assert_eq!(check(&refused), []);
        for (field, value) in [("liquidation_bonus", "1"), ("debt_to_target", "1"), ("revert", "x")]
        {
            let mut bad = refused.clone();
            bad["expected"][field] = json!(value);
            assert_eq!(fields(&check(&bad)), [format!("expected.{field}")]);
        }
        refused["expected"]["fee_collateral"] = json!("5");
        assert_eq!(fields(&check(&refused)), ["expected.fee_collateral"]);

        let mut healthy = case();
        healthy["input"]["health_factor"] = json!("1000000000000000000");
        healthy["expected"] = json!({"revert": "HealthFactorNotBelowThreshold"});
        assert_eq!(check(&healthy), []);
        let mut overflow = case();
        overflow["input"]["debt_price"] = json!(U256::MAX.to_string());
        overflow["expected"] = json!({"revert": "Panic(0x11)"});
        assert_eq!(check(&overflow), []);
        let mut accepted = case();
        accepted["expected"] = json!({"revert": "MustNotLeaveDust"});
        assert_eq!(check(&accepted)[0].got, "accepted");
    }

    #[test]
    fn debt_raised_for_dust_may_have_any_word_of_its_own() {
        // 4,000 of 8,000 are asked for and would leave 800 of 5,000: all 5,000 are taken.
        let mut raised = case();
        raised["input"]["collateral_balance"] = json!("5000");
        raised["input"]["debt_balance"] = json!("8000");
        raised["input"]["health_factor"] = json!("890000000000000000");
        raised["input"]["total_debt_value"] = json!("525000000000000000000000000000");
        for (word, right) in [("raised", true), ("dust", true), ("none", false), ("reduced", false)]
        {
            raised["expected"] = json!({"debt_to_target": "4000", "debt_to_liquidate": "4762",
                "collateral_to_liquidate": "5000", "collateral_adjustment": word});
            assert_eq!(check(&raised).is_empty(), right, "{word}");
        }
    }

    #[test]
    fn a_file_is_known_by_what_it_says_and_its_constant_is_taken() {
        let file = |version: &str| json!({"schema": SCHEMA, "protocol": "aave-v4", "protocol_version": version});
        assert!(AaveV4.knows(&file("aave-v4 commit 0051c6e1 (src/...)")));
        assert!(!AaveV4.knows(&file("aave-v4")));
        assert!(!AaveV4.knows(&json!({"schema": SCHEMA, "protocol": "aave-v3",
            "protocol_version": "commit 0051c6e1"})));
        // With no least leftover, part of a small debt may stay.
        let mut partial = case();
        partial["input"]["debt_to_cover"] = json!("100");
        partial["expected"] = json!({"debt_to_liquidate": "100"});
        assert_eq!(fields(&check(&partial)), ["expected.revert"]);
        let constants = json!({"constants": {"dust_liquidation_threshold": "0"}});
        assert_eq!(AaveV4.check(&constants, &partial), Ok(()));
    }

    #[test]
    fn bad_input_is_named_with_what_would_be_right() {
        for (path, value, name) in [
            ("/input/debt_price", json!("-1"), "input.debt_price"),
            ("/input/collateral_decimals", json!("256"), "input.collateral_decimals"),
            ("/input/liquidation_fee", json!("65536"), "input.liquidation_fee"),
            ("/input/debt_to_cover", json!("most"), "input.debt_to_cover"),
            ("/kind", json!("accrue"), "kind"),
        ] {
            let mut bad = case();
            *bad.pointer_mut(path).unwrap() = value;
            assert_eq!(fields(&check(&bad)), [name]);
        }
        assert_eq!(fields(&check(&json!({}))), ["kind"]);
    }
}
