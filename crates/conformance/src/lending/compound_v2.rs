//! Compound v2: `liquidateBorrow` cases.

use super::SCHEMA;
use crate::node::{Node, differs, differs_flag, differs_refusal};
use crate::{Adapter, Mismatch};
use breakwater_money::{U256, Wad};
use breakwater_rulebooks::lending::compound_v2::{
    Call, Liquidity, Market, Outcome, Position, Revert, Rule, accrued, borrow_balance,
    liquidate_borrow, liquidity,
};
use breakwater_rulebooks::lending::rates::TwoSlopes;
use serde_json::Value;

/// The adapter of Compound v2 files. The contracts are immutable, so that no version is asked for.
#[derive(Debug, Clone, Copy)]
pub struct CompoundV2;

impl Adapter for CompoundV2 {
    fn knows(&self, file: &Value) -> bool {
        let says = |field: &str| file.get(field).and_then(Value::as_str).unwrap_or_default();
        says("schema") == SCHEMA && says("protocol") == "compound-v2"
    }

    fn check(&self, _: &Value, case: &Value) -> Result<(), Vec<Mismatch>> {
        let input = Node::root("input", case.get("input"));
        let expected = Node::root("expected", case.get("expected"));
        let kind = Node::root("kind", case.get("kind"));
        let one = |mismatch| vec![mismatch];
        match kind.text().map_err(one)? {
            "liquidateBorrow" => check_liquidation(&Scene::read(&input).map_err(one)?, &expected),
            _ => Err(one(kind.wrong("liquidateBorrow"))),
        }
    }
}

/// A `liquidateBorrow` input.
struct Scene<'a> {
    rule: Rule,
    ids: Vec<&'a str>,
    markets: Vec<Market>,
    positions: Vec<Position>,
    call: Call,
}

impl<'a> Scene<'a> {
    fn read(input: &Node<'a>) -> Result<Self, Mismatch> {
        let list = input.get("markets").list()?;
        let ids = list.iter().map(|m| m.get("id").text()).collect::<Result<Vec<_>, _>>()?;
        let markets = list.iter().map(read_market).collect::<Result<Vec<_>, _>>()?;
        let positions = list
            .iter()
            .map(|market| read_position(&market.get("account")))
            .collect::<Result<Vec<_>, _>>()?;
        let rule = read_rule(&input.get("comptroller"))?;
        let call = read_call(&input.get("call"), &ids)?;
        Ok(Scene { rule, ids, markets, positions, call })
    }
}

fn wad(node: &Node<'_>) -> Result<Wad, Mismatch> {
    node.number().map(Wad::from_raw)
}

fn read_rule(node: &Node<'_>) -> Result<Rule, Mismatch> {
    Ok(Rule {
        close_factor: wad(&node.get("close_factor"))?,
        incentive: wad(&node.get("liquidation_incentive"))?,
        protocol_share: wad(&node.get("protocol_seize_share"))?,
        seize_paused: node.get("seize_paused").boolean_or(false)?,
    })
}

fn read_market(node: &Node<'_>) -> Result<Market, Mismatch> {
    // Prices carry the asset's decimals; the field is only held to be one.
    let _: u8 = node.get("underlying_decimals").small("at most 255")?;
    let model = node.get("interest_model");
    Ok(Market {
        price: node.get("price").number()?,
        collateral_factor: wad(&node.get("collateral_factor"))?,
        reserve_factor: wad(&node.get("reserve_factor"))?,
        borrow_paused: node.get("borrow_paused").boolean()?,
        listed: node.get("listed").boolean_or(true)?,
        initial_exchange_rate: node.get("initial_exchange_rate").number()?,
        cash: node.get("cash").number()?,
        total_borrows: node.get("total_borrows").number()?,
        total_reserves: node.get("total_reserves").number()?,
        total_supply: node.get("total_supply").number()?,
        borrow_index: wad(&node.get("borrow_index"))?,
        blocks: node.get("accrual_blocks").number()?,
        rates: TwoSlopes {
            base: model.get("base_per_block").number()?,
            slope_low: model.get("multiplier_per_block").number()?,
            kink: model.get("kink").number()?,
            slope_high: model.get("jump_multiplier_per_block").number()?,
        },
    })
}

fn read_position(node: &Node<'_>) -> Result<Position, Mismatch> {
    Ok(Position {
        entered: node.get("entered").boolean()?,
        shares: node.get("ctoken_balance").number()?,
        principal: node.get("borrow_principal").number()?,
        interest_index: wad(&node.get("borrow_interest_index"))?,
        own_factor: None,
    })
}

fn read_call(node: &Node<'_>, ids: &[&str]) -> Result<Call, Mismatch> {
    let place = |node: Node<'_>| {
        let id = node.text()?;
        let missing = || node.wrong(&format!("one of the markets {}", ids.join(", ")));
        ids.iter().position(|known| *known == id).ok_or_else(missing)
    };
    Ok(Call {
        borrowed: place(node.get("borrowed_market"))?,
        collateral: place(node.get("collateral_market"))?,
        repay: node.get("repay_amount").number_or_max()?,
        self_liquidation: node.get("self").boolean_or(false)?,
    })
}

/// The account at the call, which the venue shows even where it refuses.
struct Facts {
    liquidity: Result<Liquidity, Revert>,
    owed: Result<U256, Revert>,
}

impl Facts {
    fn of(scene: &Scene<'_>) -> Self {
        match accrued(&scene.markets, &scene.call) {
            Err(revert) => Facts { liquidity: Err(revert), owed: Err(revert) },
            Ok(markets) => {
                let place = scene.call.borrowed;
                let named = markets.get(place).zip(scene.positions.get(place));
                let owed = named.ok_or(Revert::NotListed);
                Facts {
                    liquidity: liquidity(&markets, &scene.positions),
                    owed: owed.and_then(|(market, position)| borrow_balance(market, position)),
                }
            }
        }
    }
}

fn check_liquidation(scene: &Scene<'_>, expected: &Node<'_>) -> Result<(), Vec<Mismatch>> {
    let result = liquidate_borrow(&scene.rule, &scene.markets, &scene.positions, &scene.call);
    let facts = Facts::of(scene);
    let mut found = Vec::new();
    let says_revert = !expected.get("revert").is_absent();
    if let (false, Err(revert)) = (says_revert, &result) {
        found.push(Mismatch::new("expected.revert", "no revert", revert.contract_name()));
    }
    for (name, node) in expected.fields().map_err(|mismatch| vec![mismatch])? {
        match (name, &result) {
            ("revert", result) => found.extend(check_revert(&node, result.as_ref().err())),
            ("liquidity", _) => {
                found.extend(check_fact(&node, facts.liquidity.map(|all| all.spare())));
            }
            ("shortfall", _) => {
                found.extend(check_fact(&node, facts.liquidity.map(|all| all.shortfall())));
            }
            ("borrow_balance_before", _) => found.extend(check_fact(&node, facts.owed)),
            (_, Ok(outcome)) => check_outcome(name, &node, scene, outcome, &mut found),
            // A refusal where an outcome was expected has been reported above, once.
            (_, Err(_)) if !says_revert => {}
            (_, Err(_)) => found.push(node.wrong("no outcome beside a revert")),
        }
    }
    if found.is_empty() { Ok(()) } else { Err(found) }
}

fn check_fact(node: &Node<'_>, computed: Result<U256, Revert>) -> Option<Mismatch> {
    match computed {
        Ok(value) => differs(node, value),
        Err(revert) => Some(node.wrong(revert.contract_name())),
    }
}

/// Compares a refusal by class: the contract's name or sentence, after the contract that said it
/// where the case names one, or arithmetic for any panic.
fn check_revert(node: &Node<'_>, got: Option<&Revert>) -> Option<Mismatch> {
    differs_refusal(
        node,
        got,
        |revert: &Revert| revert.contract_name(),
        |text, revert| {
            let said = text.rsplit_once(':').map_or(text, |(_, said)| said).trim();
            match revert {
                Revert::Arithmetic => said.starts_with("Panic"),
                named => said.trim_end_matches("()") == named.contract_name(),
            }
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
    let amount = match name {
        "repaid" => outcome.repaid,
        "seize_tokens" => outcome.seized,
        "liquidator_seize_tokens" => outcome.to_liquidator,
        "protocol_seize_tokens" => outcome.to_protocol,
        "protocol_seize_amount" => outcome.reserves_added,
        "markets_after" => return check_markets(node, scene, outcome, found),
        _ => return found.push(node.wrong("a field of the schema")),
    };
    found.extend(differs(node, amount));
}

/// Every field of `node` must name a market of the case.
fn check_markets(node: &Node<'_>, scene: &Scene<'_>, outcome: &Outcome, found: &mut Vec<Mismatch>) {
    let fields = match node.fields() {
        Ok(fields) => fields,
        Err(wrong) => return found.push(wrong),
    };
    for (id, field) in fields {
        let place = scene.ids.iter().position(|known| *known == id);
        let after = place.and_then(|place| {
            outcome.markets_after.get(place).zip(outcome.positions_after.get(place))
        });
        match after {
            Some((market, position)) => check_market(&field, market, position, found),
            None => found.push(field.wrong("a market of the case")),
        }
    }
}

fn check_market(node: &Node<'_>, market: &Market, position: &Position, found: &mut Vec<Mismatch>) {
    let fields = match node.fields() {
        Ok(fields) => fields,
        Err(wrong) => return found.push(wrong),
    };
    for (name, field) in fields {
        let got = match name {
            "cash" => market.cash,
            "total_borrows" => market.total_borrows,
            "total_reserves" => market.total_reserves,
            "total_supply" => market.total_supply,
            "borrow_index" => market.borrow_index.raw,
            "account" => {
                check_position(&field, position, found);
                continue;
            }
            _ => {
                found.push(field.wrong("a field of a market"));
                continue;
            }
        };
        found.extend(differs(&field, got));
    }
}

fn check_position(node: &Node<'_>, position: &Position, found: &mut Vec<Mismatch>) {
    let fields = match node.fields() {
        Ok(fields) => fields,
        Err(wrong) => return found.push(wrong),
    };
    for (name, field) in fields {
        let got = match name {
            "ctoken_balance" => position.shares,
            "borrow_principal" => position.principal,
            "borrow_interest_index" => position.interest_index.raw,
            "entered" => {
                found.extend(differs_flag(&field, position.entered));
                continue;
            }
            _ => {
                found.push(field.wrong("a field of an account's position"));
                continue;
            }
        };
        found.extend(differs(&field, got));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const WAD: &str = "1000000000000000000";

    /// One base unit a share and one of value a base unit: 100 shares at a factor of 60 % against
    /// 80 owed, 20 too much; another market is entered and empty. 40 repaid buy 42 shares.
    fn case() -> Value {
        let market = |id: &str, factor: &str, borrows: &str, supply: &str, account: Value| {
            json!({
                "id": id, "underlying_decimals": "18", "price": WAD, "collateral_factor": factor,
                "reserve_factor": "0", "borrow_paused": false, "initial_exchange_rate": WAD,
                "cash": "1000", "total_borrows": borrows, "total_reserves": "0",
                "total_supply": supply, "borrow_index": WAD, "accrual_blocks": "0",
                "interest_model": {"base_per_block": "0", "multiplier_per_block": "0",
                    "jump_multiplier_per_block": "0", "kink": WAD},
                "account": account,
            })
        };
        let account = |shares: &str, owed: &str, index: &str| {
            json!({"entered": true, "ctoken_balance": shares, "borrow_principal": owed,
                "borrow_interest_index": index})
        };
        let after = |cash: &str, borrows: &str, supply: &str, account: Value| {
            json!({"cash": cash, "total_borrows": borrows, "total_reserves": "0",
                "total_supply": supply, "borrow_index": WAD, "account": account})
        };
        json!({
            "id": "made-1", "kind": "liquidateBorrow",
            "input": {
                "comptroller": {"close_factor": "500000000000000000",
                    "liquidation_incentive": "1050000000000000000",
                    "protocol_seize_share": "28000000000000000"},
                "markets": [
                    market("A", "600000000000000000", "0", "1000", account("100", "0", "0")),
                    market("B", "0", "80", "1080", account("0", "80", WAD)),
                    market("C", "0", "0", "1000", account("0", "0", "0")),
                ],
                "call": {"borrowed_market": "B", "collateral_market": "A", "repay_amount": "40"},
            },
            "expected": {
                "liquidity": "0", "shortfall": "20", "borrow_balance_before": "80",
                "repaid": "40", "seize_tokens": "42", "liquidator_seize_tokens": "41",
                "protocol_seize_tokens": "1", "protocol_seize_amount": "1",
                "markets_after": {
                    "A": {"cash": "1000", "total_borrows": "0", "total_reserves": "1",
                        "total_supply": "999", "borrow_index": WAD,
                        "account": account("58", "0", "0")},
                    "B": after("1040", "40", "1080", account("0", "40", WAD)),
                    "C": after("1000", "0", "1000", account("0", "0", "0")),
                },
            },
        })
    }

    fn check(case: &Value) -> Vec<Mismatch> {
        CompoundV2.check(&json!({}), case).err().unwrap_or_default()
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
        assert_eq!(paths.len(), 8 + 3 * 9);
        for path in paths {
            let mut bad = good.clone();
            let leaf = bad.pointer_mut(&path).unwrap();
            *leaf = match &*leaf {
                Value::Bool(flag) => json!(!flag),
                _ => json!("7"),
            };
            let name = path.trim_start_matches('/').replace('/', ".");
            assert_eq!(fields(&check(&bad)), [name.as_str()]);
        }
    }

    #[test]
    fn a_refusal_and_an_acceptance_are_never_taken_for_each_other() {
        let mut healthy = case();
        healthy["input"]["markets"][0]["collateral_factor"] = json!("800000000000000000");
        assert_eq!(check(&healthy)[0].got, "INSUFFICIENT_SHORTFALL");
        for said in ["comptroller:INSUFFICIENT_SHORTFALL", "INSUFFICIENT_SHORTFALL"] {
            healthy["expected"] = json!({"revert": said, "liquidity": "0", "shortfall": "0",
                "borrow_balance_before": "80"});
            assert_eq!(check(&healthy), []);
        }
        healthy["expected"] = json!({"revert": "comptroller:TOO_MUCH_REPAY"});
        assert_eq!(fields(&check(&healthy)), ["expected.revert"]);
        healthy["expected"] = json!({"revert": "INSUFFICIENT_SHORTFALL", "repaid": "40"});
        assert_eq!(fields(&check(&healthy)), ["expected.repaid"]);

        let mut accepted = case();
        accepted["expected"] = json!({"revert": "LIQUIDATE_SEIZE_TOO_MUCH"});
        assert_eq!(check(&accepted)[0].got, "accepted");
        accepted["expected"] = json!({"repaid": "40", "surprise": "1",
            "markets_after": {"A": {"surprise": "1", "account": {"surprise": "1"}}, "Z": {}}});
        let surprises = fields(&check(&accepted)).join(" ");
        assert_eq!(surprises.matches("surprise").count(), 3);
        assert!(surprises.contains("expected.markets_after.Z"));
    }

    #[test]
    fn refusals_are_compared_by_class() {
        let mut overflow = case();
        overflow["input"]["markets"][2]["total_reserves"] = json!("1001");
        for said in ["Panic(0x11)", "borrowed:Panic(0x11)"] {
            overflow["expected"] = json!({"revert": said});
            assert_eq!(check(&overflow), []);
        }
        overflow["expected"] = json!({"revert": "LIQUIDATE_SEIZE_TOO_MUCH"});
        assert_eq!(fields(&check(&overflow)), ["expected.revert"]);
        let mut zero = case();
        zero["input"]["call"]["repay_amount"] = json!("0");
        zero["expected"] = json!({"revert": "LiquidateCloseAmountIsZero()"});
        assert_eq!(check(&zero), []);
    }

    #[test]
    fn bad_input_is_named_with_what_would_be_right() {
        let cases = [
            ("/input/markets/0/price", json!("-1"), "input.markets[0].price"),
            (
                "/input/markets/0/underlying_decimals",
                json!("256"),
                "input.markets[0].underlying_decimals",
            ),
            ("/input/markets/1/borrow_paused", json!("no"), "input.markets[1].borrow_paused"),
            ("/input/markets/1/account/entered", json!(1), "input.markets[1].account.entered"),
            ("/input/call/borrowed_market", json!("Z"), "input.call.borrowed_market"),
            ("/input/call/repay_amount", json!("most"), "input.call.repay_amount"),
            ("/kind", json!("mint"), "kind"),
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
        let file = |schema: &str, protocol: &str| json!({"schema": schema, "protocol": protocol});
        assert!(CompoundV2.knows(&file(SCHEMA, "compound-v2")));
        for (schema, protocol) in
            [(SCHEMA, "compound-v3"), (SCHEMA, "aave-v3"), ("", "compound-v2")]
        {
            assert!(!CompoundV2.knows(&file(schema, protocol)));
        }
        assert!(!CompoundV2.knows(&json!([])));
    }
}
