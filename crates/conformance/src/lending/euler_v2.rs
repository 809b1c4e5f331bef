//! Euler v2 (EVK): `liquidate` and `accrue` cases.

use super::SCHEMA;
use crate::node::{Node, differs, differs_refusal};
use crate::{Adapter, Mismatch};
use breakwater_money::{U256, Wad};
use breakwater_rulebooks::lending::euler_v2::{
    Account, Call, Collateral, Controller, Limits, Ltv, Outcome, Quote, Revert, Vault, VaultTotals,
    accrue, check_liquidation, liquidate,
};
use serde_json::Value;

/// The adapter of Euler v2 files.
#[derive(Debug, Clone, Copy)]
pub struct EulerV2;

impl Adapter for EulerV2 {
    fn knows(&self, file: &Value) -> bool {
        let says = |field: &str| file.get(field).and_then(Value::as_str).unwrap_or_default();
        says("schema") == SCHEMA && says("protocol") == "euler-v2-evk"
    }

    fn check(&self, _: &Value, case: &Value) -> Result<(), Vec<Mismatch>> {
        let input = Node::root("input", case.get("input"));
        let expected = Node::root("expected", case.get("expected"));
        let one = |mismatch| vec![mismatch];
        let kind = Node::root("kind", case.get("kind"));
        match kind.text().map_err(one)? {
            "liquidate" => check_liquidate(&input, &expected),
            "accrue" => check_accrue(&input, &expected),
            _ => Err(one(kind.wrong("liquidate or accrue"))),
        }
    }
}

/// What a basis point field must be.
const SMALL: &str = "basis points below 65536";

/// What a field of seconds must be.
const SECONDS: &str = "seconds of at most 64 bits";

/// A `liquidate` input. Shares are one to one with assets in this schema.
struct Scene<'a> {
    ids: Vec<&'a str>,
    vault: Vault,
    collaterals: Vec<Collateral>,
    owed_exact: U256,
    seconds_since_check: u64,
    call: Call,
}

impl<'a> Scene<'a> {
    fn read(input: &Node<'a>) -> Result<Self, Mismatch> {
        let list = input.get("collaterals").list()?;
        let ids = list.iter().map(|c| c.get("id").text()).collect::<Result<Vec<_>, _>>()?;
        let collaterals = list.iter().map(read_collateral).collect::<Result<Vec<_>, _>>()?;
        let (cool_off, liability) = (input.get("cool_off"), input.get("liability"));
        let vault = Vault {
            discount_most_bps: input.get("max_liquidation_discount").small(SMALL)?,
            socialises: !input.get("dont_socialize_debt").boolean()?,
            cool_off_seconds: cool_off.get("cool_off_time").small(SECONDS)?,
            quote: Some(quote(&liability.get("price"))?),
            total_borrows_exact: liability.get("total_borrows_exact").number()?,
        };
        let call = input.get("call");
        let named = call.get("collateral");
        let missing = || named.wrong(&format!("one of the collaterals {}", ids.join(", ")));
        let id = named.text()?;
        Ok(Scene {
            vault,
            collaterals,
            owed_exact: liability.get("violator_owed_exact").number()?,
            seconds_since_check: cool_off.get("seconds_since_last_status_check").small(SECONDS)?,
            call: Call {
                collateral: ids.iter().position(|known| *known == id).ok_or_else(missing)?,
                repay: call.get("repay_assets").number_or_max()?,
                least_yield: call.get("min_yield_balance").number()?,
                self_liquidation: call.get("self").boolean_or(false)?,
                liquidator_owed_exact: liability.get("liquidator_owed_exact").number()?,
            },
            ids,
        })
    }

    fn account(&self) -> Account<'_> {
        Account {
            controller: Controller::ThisVault,
            owed_exact: self.owed_exact,
            seconds_since_check: self.seconds_since_check,
            check_deferred: false,
            collaterals: &self.collaterals,
        }
    }
}

/// Values of the schema are `floor(base units x price / 1e18)`.
fn quote(price: &Node<'_>) -> Result<Quote, Mismatch> {
    Ok(Quote { price: price.number()?, scale: Wad::one().raw })
}

fn read_collateral(node: &Node<'_>) -> Result<Collateral, Mismatch> {
    let balance = node.get("balance").number()?;
    Ok(Collateral {
        enabled: node.get("enabled").boolean()?,
        recognised: node.get("recognized").boolean()?,
        balance,
        assets: balance,
        quote: quote(&node.get("price"))?,
        ltv: Ltv {
            target_bps: node.get("liquidation_ltv").small(SMALL)?,
            initial_bps: node.get("initial_liquidation_ltv").small(SMALL)?,
            seconds_left: node.get("ramp_seconds_remaining").small(SECONDS)?,
            ramp_seconds: node.get("ramp_duration").small(SECONDS)?,
        },
    })
}

fn check_liquidate(input: &Node<'_>, expected: &Node<'_>) -> Result<(), Vec<Mismatch>> {
    let one = |mismatch| vec![mismatch];
    let scene = Scene::read(input).map_err(one)?;
    let limits = check_liquidation(&scene.vault, &scene.account(), &scene.call);
    let result = liquidate(&scene.vault, &scene.account(), &scene.call);

    let mut found = Vec::new();
    let says_revert = !expected.get("revert").is_absent();
    if let (false, Err(revert)) = (says_revert, &result) {
        found.push(Mismatch::new("expected.revert", "no revert", revert.contract_name()));
    }
    for (name, node) in expected.fields().map_err(one)? {
        match (name, &result) {
            ("revert", result) => found.extend(check_revert(&node, result.as_ref().err())),
            ("max_repay" | "max_yield", _) => found.extend(check_limit(name, &node, &limits)),
            (_, Ok(outcome)) => check_outcome(name, &node, &scene, outcome, &mut found),
            // A refusal where an outcome was expected has been reported above, once.
            (_, Err(_)) if !says_revert => {}
            (_, Err(_)) => found.push(node.wrong("no outcome beside a revert")),
        }
    }
    if found.is_empty() { Ok(()) } else { Err(found) }
}

/// The limits, which the venue tells even where it refuses an offer.
fn check_limit(name: &str, node: &Node<'_>, limits: &Result<Limits, Revert>) -> Option<Mismatch> {
    match limits {
        Ok(limits) if name == "max_repay" => differs(node, limits.repay_most),
        Ok(limits) => differs(node, limits.yield_most),
        Err(revert) => Some(node.wrong(revert.contract_name())),
    }
}

/// Compares a refusal by class: the contract's error name, or arithmetic for any panic.
fn check_revert(node: &Node<'_>, got: Option<&Revert>) -> Option<Mismatch> {
    differs_refusal(
        node,
        got,
        |revert: &Revert| revert.contract_name(),
        |text, revert| match revert {
            Revert::Arithmetic => text.starts_with("Panic"),
            named => text.trim_end_matches("()") == named.contract_name(),
        },
    )
}

fn check_outcome(
    name: &str,
    node: &Node<'_>,
    scene: &Scene<'_>,
    outcome: &Outcome,
    found: &mut Vec<Mismatch>,
) {
    let got = match name {
        "collateral_adjusted_value" => outcome.limits.health.adjusted,
        "liability_value" => outcome.limits.health.liability_value,
        "discount_factor" => outcome.limits.discount_factor,
        "repay_assets" => outcome.repaid,
        "yield_balance" => outcome.yielded,
        "socialized_assets" => outcome.socialised,
        "violator_owed_exact_after" => outcome.owed_exact_after,
        "liquidator_owed_exact_after" => outcome.liquidator_owed_exact_after,
        "total_borrows_exact_after" => outcome.total_borrows_exact_after,
        "violator_collateral_after" => return check_balances(node, scene, outcome, found),
        _ => return found.push(node.wrong("a field of the schema")),
    };
    found.extend(differs(node, got));
}

fn check_balances(
    node: &Node<'_>,
    scene: &Scene<'_>,
    outcome: &Outcome,
    found: &mut Vec<Mismatch>,
) {
    let fields = match node.fields() {
        Ok(fields) => fields,
        Err(wrong) => return found.push(wrong),
    };
    for (id, field) in fields {
        let place = scene.ids.iter().position(|known| *known == id);
        let held = place.and_then(|place| Some((place, scene.collaterals.get(place)?.balance)));
        match held {
            Some((place, _)) if place == scene.call.collateral => {
                found.extend(differs(&field, outcome.balance_after));
            }
            Some((_, balance)) => found.extend(differs(&field, balance)),
            None => found.push(field.wrong("a collateral of the case")),
        }
    }
}

fn check_accrue(input: &Node<'_>, expected: &Node<'_>) -> Result<(), Vec<Mismatch>> {
    let one = |mismatch| vec![mismatch];
    let (totals, seconds) = read_totals(input).map_err(one)?;
    let accrued = accrue(&totals, seconds);
    let mut found = Vec::new();
    if let (true, Err(revert)) = (expected.get("revert").is_absent(), &accrued) {
        found.push(Mismatch::new("expected.revert", "no revert", revert.contract_name()));
    }
    for (name, node) in expected.fields().map_err(one)? {
        let got = match (name, &accrued) {
            ("revert", accrued) => {
                found.extend(check_revert(&node, accrued.as_ref().err()));
                continue;
            }
            ("interest_accumulator_after", Ok(after)) => after.accumulator,
            ("total_borrows_exact_after", Ok(after)) => after.total_borrows_exact,
            ("total_shares_after", Ok(after)) => after.total_shares,
            ("accumulated_fees_after", Ok(after)) => after.accumulated_fees,
            // A refusal has been reported above.
            (_, Err(_)) => continue,
            (_, Ok(_)) => {
                found.push(node.wrong("a field of the schema"));
                continue;
            }
        };
        found.extend(differs(&node, got));
    }
    if found.is_empty() { Ok(()) } else { Err(found) }
}

fn read_totals(input: &Node<'_>) -> Result<(VaultTotals, u64), Mismatch> {
    let totals = VaultTotals {
        interest_rate: input.get("interest_rate").number()?,
        accumulator: input.get("interest_accumulator").number()?,
        total_borrows_exact: input.get("total_borrows_exact").number()?,
        cash: input.get("cash").number()?,
        total_shares: input.get("total_shares").number()?,
        accumulated_fees: input.get("accumulated_fees").number()?,
        interest_fee_bps: input.get("interest_fee").small(SMALL)?,
    };
    Ok((totals, input.get("elapsed_seconds").small(SECONDS)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// 1,000 of a collateral against a debt of 2,000,000 at par, and another that is not enabled.
    fn case() -> Value {
        let collateral = |id: &str, enabled: bool, balance: &str| {
            json!({
                "id": id, "decimals": "0", "enabled": enabled, "recognized": true,
                "balance": balance, "price": "1000000000000000000", "liquidation_ltv": "8000",
                "initial_liquidation_ltv": "8000", "ramp_seconds_remaining": "0",
                "ramp_duration": "0",
            })
        };
        json!({
            "id": "made-1", "kind": "liquidate",
            "input": {
                "max_liquidation_discount": "1500", "dont_socialize_debt": false,
                "cool_off": {"cool_off_time": "0", "seconds_since_last_status_check": "0"},
                "liability": {
                    "decimals": "0", "price": "1000000000000000000",
                    "violator_owed_exact": "4294967296000000", "liquidator_owed_exact": "1",
                    "total_borrows_exact": "4294967296000007",
                },
                "collaterals": [collateral("A", true, "1000"), collateral("B", false, "5")],
                "call": {"collateral": "A", "repay_assets": "max", "min_yield_balance": "1000"},
            },
            "expected": {
                "collateral_adjusted_value": "800", "liability_value": "2000000",
                "discount_factor": "850000000000000000", "max_repay": "850", "max_yield": "1000",
                "repay_assets": "850", "yield_balance": "1000", "socialized_assets": "1999150",
                "violator_owed_exact_after": "0", "liquidator_owed_exact_after": "1825361100801",
                "total_borrows_exact_after": "1825361100807",
                "violator_collateral_after": {"A": "0", "B": "5"},
            },
        })
    }

    fn check(case: &Value) -> Vec<Mismatch> {
        EulerV2.check(&json!({}), case).err().unwrap_or_default()
    }

    fn fields(found: &[Mismatch]) -> Vec<&str> {
        found.iter().map(|mismatch| mismatch.field.as_str()).collect()
    }

    #[test]
    fn every_output_that_is_altered_is_found_and_named() {
        assert_eq!(check(&case()), []);
        let names: Vec<String> = case()["expected"].as_object().unwrap().keys().cloned().collect();
        for name in names {
            let mut bad = case();
            let (path, field) = match name.as_str() {
                "violator_collateral_after" => ("A", format!("expected.{name}.A")),
                _ => ("", format!("expected.{name}")),
            };
            let leaf = &mut bad["expected"][name.as_str()];
            if path.is_empty() {
                *leaf = json!("7")
            } else {
                leaf[path] = json!("7")
            }
            assert_eq!(fields(&check(&bad)), [field.as_str()]);
        }
        let mut bad = case();
        bad["expected"]["violator_collateral_after"] = json!({"B": "6", "Z": "0"});
        let both = ["expected.violator_collateral_after.B", "expected.violator_collateral_after.Z"];
        assert_eq!(fields(&check(&bad)), both);
        bad["expected"] = json!({"surprise": "1"});
        assert_eq!(fields(&check(&bad)), ["expected.surprise"]);
    }

    #[test]
    fn a_refusal_and_an_acceptance_are_never_taken_for_each_other() {
        let mut refused = case();
        refused["input"]["call"]["min_yield_balance"] = json!("1001");
        assert_eq!(check(&refused)[0].got, "E_MinYield");
        // Limits are told beside a refusal for what was offered, and compared.
        refused["expected"] = json!({"revert": "E_MinYield", "max_repay": "850", "max_yield": "1"});
        assert_eq!(fields(&check(&refused)), ["expected.max_yield"]);
        refused["expected"] = json!({"revert": "E_ExcessiveRepayAmount"});
        assert_eq!(fields(&check(&refused)), ["expected.revert"]);
        refused["expected"] = json!({"revert": "E_MinYield", "repay_assets": "850"});
        assert_eq!(fields(&check(&refused)), ["expected.repay_assets"]);
        refused["input"]["call"]["self"] = json!(true);
        refused["expected"] = json!({"revert": "E_SelfLiquidation", "max_repay": "850"});
        assert_eq!(fields(&check(&refused)), ["expected.max_repay"]);
        let mut accepted = case();
        accepted["expected"] = json!({"revert": "E_MinYield"});
        assert_eq!(check(&accepted)[0].got, "accepted");
        let mut overflow = case();
        overflow["input"]["collaterals"][0]["price"] = json!(U256::MAX.to_string());
        overflow["expected"] = json!({"revert": "Panic(0x11)"});
        assert_eq!(check(&overflow), []);
    }

    #[test]
    fn bad_input_is_named() {
        let cases = [
            ("/input/call/collateral", json!("Z"), "input.call.collateral"),
            ("/input/call/repay_assets", json!("most"), "input.call.repay_assets"),
            ("/input/collaterals/0/price", json!("-1"), "input.collaterals[0].price"),
            ("/input/collaterals/1/enabled", json!("no"), "input.collaterals[1].enabled"),
            ("/input/max_liquidation_discount", json!("70000"), "input.max_liquidation_discount"),
            ("/kind", json!("borrow"), "kind"),
        ];
        for (path, value, name) in cases {
            let mut bad = case();
            *bad.pointer_mut(path).unwrap() = value;
            assert_eq!(fields(&check(&bad)), [name]);
        }
        assert_eq!(fields(&check(&json!({"kind": "accrue"}))), ["input.interest_rate"]);
    }

    #[test]
    fn accrual_is_compared_field_by_field() {
        let mut accrued = json!({
            "kind": "accrue",
            "input": {
                "interest_rate": "1000000000000000000000000000",
                "interest_accumulator": "1000000000000000000000000000",
                "total_borrows_exact": "2147483648000", "cash": "500", "total_shares": "1500",
                "accumulated_fees": "0", "interest_fee": "1000", "elapsed_seconds": "1",
            },
            "expected": {
                "interest_accumulator_after": "2000000000000000000000000000",
                "total_borrows_exact_after": "4294967296000", "total_shares_after": "1562",
                "accumulated_fees_after": "62",
            },
        });
        assert_eq!(check(&accrued), []);
        accrued["expected"] = json!({"accumulated_fees_after": "63", "surprise": "1"});
        let both = ["expected.accumulated_fees_after", "expected.surprise"];
        assert_eq!(fields(&check(&accrued)), both);
        accrued["expected"] = json!({"revert": "Panic(0x11)"});
        assert_eq!(check(&accrued)[0].got, "accepted");
    }

    #[test]
    fn a_file_is_known_by_what_it_says() {
        assert!(EulerV2.knows(&json!({"schema": SCHEMA, "protocol": "euler-v2-evk"})));
        assert!(!EulerV2.knows(&json!({"schema": SCHEMA, "protocol": "euler-v1"})));
        assert!(!EulerV2.knows(&json!({"protocol": "euler-v2-evk"})));
        assert!(!EulerV2.knows(&json!([])));
    }
}
