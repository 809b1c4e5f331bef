//! Compound III (Comet): `absorb` and `buyCollateral` cases.

use super::SCHEMA;
use crate::node::{Node, differs, differs_refusal, differs_signed, differs_text};
use crate::{Adapter, Mismatch};
use breakwater_money::{U256, Wad};
use breakwater_rulebooks::lending::compound_v3::{
    Absorbed, Absorption, Account, Base, Collateral, Indices, Order, Purchase, RateModel, Revert,
    Seized, StoreFront, Totals, absorb, accrue, buy_collateral, reserves,
};
use breakwater_rulebooks::lending::rates::TwoSlopes;
use serde_json::Value;

/// The adapter of Compound III files.
#[derive(Debug, Clone, Copy)]
pub struct CompoundV3;

impl Adapter for CompoundV3 {
    fn knows(&self, file: &Value) -> bool {
        let says = |field: &str| file.get(field).and_then(Value::as_str).unwrap_or_default();
        says("schema") == SCHEMA && says("protocol") == "compound-v3-comet"
    }

    fn check(&self, _: &Value, case: &Value) -> Result<(), Vec<Mismatch>> {
        let input = Node::root("input", case.get("input"));
        let expected = Node::root("expected", case.get("expected"));
        let kind = Node::root("kind", case.get("kind"));
        let found = match kind.text() {
            Ok("absorb") => check_absorb(&input, &expected),
            Ok("buyCollateral") => check_purchase(&input, &expected),
            Ok(_) => Err(kind.wrong("absorb or buyCollateral")),
            Err(wrong) => Err(wrong),
        };
        match found {
            Ok(found) if found.is_empty() => Ok(()),
            Ok(found) => Err(found),
            Err(wrong) => Err(vec![wrong]),
        }
    }
}

/// The market of a case, before and after interest up to the call.
struct Scene<'a> {
    ids: Vec<&'a str>,
    base: Base,
    collaterals: Vec<Collateral>,
    model: RateModel,
    seconds: u64,
}

impl<'a> Scene<'a> {
    fn read(input: &Node<'a>) -> Result<Self, Mismatch> {
        let base = input.get("base");
        let assets = input.get("assets").list()?;
        let ids =
            assets.iter().map(|asset| asset.get("id").text()).collect::<Result<Vec<_>, _>>()?;
        if let Some(second) = (1..ids.len()).find(|place| ids[..*place].contains(&ids[*place])) {
            return Err(assets[second].get("id").wrong("an asset that is listed once"));
        }
        let curve = |side: &str| read_curve(&base.get("interest_model"), side);
        Ok(Scene {
            ids,
            base: read_base(&base)?,
            collaterals: assets.iter().map(read_asset).collect::<Result<_, _>>()?,
            model: RateModel { supply: curve("supply")?, borrow: curve("borrow")? },
            seconds: base.get("elapsed_seconds").small("seconds of at most 64 bits")?,
        })
    }

    /// The base asset with its indices at the call.
    fn accrued(&self) -> Result<Base, Revert> {
        let Base { indices, totals, .. } = &self.base;
        Ok(Base { indices: accrue(*indices, totals, &self.model, self.seconds)?, ..self.base })
    }
}

fn read_base(node: &Node<'_>) -> Result<Base, Mismatch> {
    const INDEX: &str = "an index of at most 64 bits";
    Ok(Base {
        decimals: node.get("decimals").small(DECIMALS)?,
        price: read_price(&node.get("price"))?,
        indices: Indices {
            supply: node.get("base_supply_index").small(INDEX)?,
            borrow: node.get("base_borrow_index").small(INDEX)?,
        },
        totals: Totals {
            supply: node.get("total_supply_base").number()?,
            borrow: node.get("total_borrow_base").number()?,
        },
    })
}

/// What a field of decimals must be.
const DECIMALS: &str = "at most 255";

/// A price, or zero for one that is negative: the venue treats both alike.
fn read_price(node: &Node<'_>) -> Result<U256, Mismatch> {
    match node.signed() {
        Ok(price) if price < 0 => Ok(U256::ZERO),
        _ => node.number(),
    }
}

fn read_asset(node: &Node<'_>) -> Result<Collateral, Mismatch> {
    let factor = |name: &str| node.get(name).number().map(Wad::from_raw);
    // Only cases that take collateral from accounts say what accounts hold.
    let total = node.get("total_supply_asset");
    Ok(Collateral {
        decimals: node.get("decimals").small(DECIMALS)?,
        price: read_price(&node.get("price"))?,
        borrow_factor: factor("borrow_collateral_factor")?,
        liquidate_factor: factor("liquidate_collateral_factor")?,
        liquidation_factor: factor("liquidation_factor")?,
        total_supply: if total.is_absent() { U256::ZERO } else { total.number()? },
        supply_cap: U256::MAX,
    })
}

fn read_curve(model: &Node<'_>, side: &str) -> Result<TwoSlopes, Mismatch> {
    let field = |name: &str| model.get(&format!("{side}_{name}")).number();
    Ok(TwoSlopes {
        base: field("base")?,
        slope_low: field("slope_low")?,
        kink: field("kink")?,
        slope_high: field("slope_high")?,
    })
}

fn read_account(node: &Node<'_>, ids: &[&str]) -> Result<Account, Mismatch> {
    let mut balances = vec![U256::ZERO; ids.len()];
    let mut named = Vec::new();
    for holding in node.get("collateral").list()? {
        let asset = holding.get("asset");
        let place = place(&asset, ids)?.ok_or_else(|| asset.wrong(&one_of(ids)))?;
        if named.contains(&place) {
            return Err(asset.wrong("an asset that is named once an account"));
        }
        named.push(place);
        balances[place] = holding.get("balance").number()?;
    }
    Ok(Account { principal: node.get("principal").signed()?, balances, own_factor: None })
}

/// The place of the asset that `node` names, if it is listed.
fn place(node: &Node<'_>, ids: &[&str]) -> Result<Option<usize>, Mismatch> {
    let id = node.text()?;
    Ok(ids.iter().position(|known| *known == id))
}

fn one_of(ids: &[&str]) -> String {
    format!("one of the assets {}", ids.join(", "))
}

/// Compares a refusal by class: the contract's error name, or arithmetic for whatever leaves its
/// width, be it a panic or one of the contract's own narrowings.
fn check_revert(node: &Node<'_>, got: Option<Revert>) -> Option<Mismatch> {
    differs_refusal(node, got, Revert::contract_name, |text, revert| {
        if revert.is_arithmetic() {
            let arithmetic = ["Panic", "InvalidUInt", "InvalidInt", "arithmetic"];
            arithmetic.iter().any(|start| text.starts_with(start))
        } else {
            text.trim_end_matches("()") == revert.contract_name()
        }
    })
}

/// What both kinds share: a refusal that is expected or not, and then each other field.
fn check_fields<T>(
    expected: &Node<'_>,
    result: &Result<T, Revert>,
    mut field: impl FnMut(&str, &Node<'_>, Option<&T>) -> Vec<Mismatch>,
) -> Result<Vec<Mismatch>, Mismatch> {
    let mut found = Vec::new();
    let refused = result.as_ref().err().copied();
    let says_revert = !expected.get("revert").is_absent();
    if let (false, Some(revert)) = (says_revert, refused) {
        found.push(Mismatch::new("expected.revert", "no revert", revert.contract_name()));
    }
    let fields = expected.fields()?;
    if fields.is_empty() {
        found.push(Mismatch::new("expected", "at least one output", "an empty object"));
    }
    for (name, node) in fields {
        if name == "revert" {
            found.extend(check_revert(&node, refused));
        } else {
            found.extend(field(name, &node, result.as_ref().ok()));
        }
    }
    Ok(found)
}

fn check_absorb(input: &Node<'_>, expected: &Node<'_>) -> Result<Vec<Mismatch>, Mismatch> {
    let scene = Scene::read(input)?;
    let accounts = input.get("accounts").list()?;
    let accounts = accounts
        .iter()
        .map(|account| read_account(account, &scene.ids))
        .collect::<Result<Vec<_>, _>>()?;
    let named: Vec<usize> = (0..accounts.len()).collect();
    let result = scene
        .accrued()
        .and_then(|base| Ok((base.indices, absorb(&base, &scene.collaterals, &accounts, &named)?)));
    let is_refusal = !expected.get("revert").is_absent();
    check_fields(expected, &result, |name, node, outcome| match outcome {
        Some((indices, outcome)) => check_absorption(name, node, &scene.ids, *indices, outcome),
        None if is_refusal => vec![node.wrong("no outcome beside a revert")],
        // A refusal where an outcome was expected has been reported once.
        None => Vec::new(),
    })
}

fn check_absorption(
    name: &str,
    node: &Node<'_>,
    ids: &[&str],
    indices: Indices,
    outcome: &Absorption,
) -> Vec<Mismatch> {
    let number = match name {
        "base_supply_index_after" => U256::from(indices.supply),
        "base_borrow_index_after" => U256::from(indices.borrow),
        "total_supply_base_after" => outcome.totals.supply,
        "total_borrow_base_after" => outcome.totals.borrow,
        "accounts" => {
            return each(node, &outcome.accounts, |node, got| check_account(node, ids, got));
        }
        "total_supply_asset_after" => return check_totals(node, ids, &outcome.total_collateral),
        _ => return vec![node.wrong("a field of the schema")],
    };
    differs(node, number).into_iter().collect()
}

/// Compares a list with as many computed elements, in order.
fn each<T>(
    node: &Node<'_>,
    got: &[T],
    check: impl Fn(&Node<'_>, &T) -> Vec<Mismatch>,
) -> Vec<Mismatch> {
    match node.list() {
        Ok(list) if list.len() == got.len() => {
            list.iter().zip(got).flat_map(|(node, got)| check(node, got)).collect()
        }
        Ok(list) => {
            let lists = [list.len(), got.len()].map(|length| format!("a list of {length}"));
            let [expected, got] = lists;
            vec![Mismatch::new(node.path.as_str(), expected, got)]
        }
        Err(wrong) => vec![wrong],
    }
}

/// Compares each field of an object by its name.
fn each_field(node: &Node<'_>, check: impl Fn(&str, &Node<'_>) -> Vec<Mismatch>) -> Vec<Mismatch> {
    match node.fields() {
        Ok(fields) => fields.iter().flat_map(|(name, field)| check(name, field)).collect(),
        Err(wrong) => vec![wrong],
    }
}

fn check_account(node: &Node<'_>, ids: &[&str], got: &Absorbed) -> Vec<Mismatch> {
    each_field(node, |name, field| {
        let number = match name {
            "principal_after" => {
                return differs_signed(field, got.principal_after).into_iter().collect();
            }
            "seized" => return each(field, &got.seized, |node, got| check_seized(node, ids, got)),
            "base_paid_out" => got.base_paid_out,
            "usd_value_of_base_paid_out" => got.value_of_base_paid_out,
            "supplied_balance_after" => got.supplied_balance,
            "unbacked_debt_absorbed" => got.unbacked_debt,
            _ => return vec![field.wrong("a field of the schema")],
        };
        differs(field, number).into_iter().collect()
    })
}

fn check_seized(node: &Node<'_>, ids: &[&str], got: &Seized) -> Vec<Mismatch> {
    each_field(node, |name, field| {
        let differing = match name {
            "asset" => differs_text(field, ids.get(got.place).copied().unwrap_or("none")),
            "amount" => differs(field, got.amount),
            "usd_value" => differs(field, got.value),
            _ => Some(field.wrong("a field of the schema")),
        };
        differing.into_iter().collect()
    })
}

/// Compares what accounts still hold of each asset; the list must name all assets in their order.
fn check_totals(node: &Node<'_>, ids: &[&str], got: &[U256]) -> Vec<Mismatch> {
    let named: Vec<(&str, U256)> = ids.iter().copied().zip(got.iter().copied()).collect();
    each(node, &named, |node, (id, amount)| {
        each_field(node, |name, field| {
            let differing = match name {
                "asset" => differs_text(field, id),
                "amount" => differs(field, *amount),
                _ => Some(field.wrong("a field of the schema")),
            };
            differing.into_iter().collect()
        })
    })
}

fn check_purchase(input: &Node<'_>, expected: &Node<'_>) -> Result<Vec<Mismatch>, Mismatch> {
    let scene = Scene::read(input)?;
    let base_node = input.get("base");
    let front = StoreFront {
        target_reserves: base_node.get("target_reserves").number()?,
        price_factor: Wad::from_raw(input.get("store_front_price_factor").number()?),
        base_balance: base_node.get("base_balance").number()?,
    };
    let order = read_order(input, &scene.ids)?;
    let accrued = scene.accrued();
    let result = accrued.and_then(|base| buy_collateral(&base, &scene.collaterals, &front, &order));
    // The venue tells its reserves whether or not it sells.
    let told = accrued.and_then(|base| reserves(&base, front.base_balance));
    let is_refusal = !expected.get("revert").is_absent();
    check_fields(expected, &result, |name, node, purchase| match (name, told, purchase) {
        ("reserves", Ok(reserves), _) => differs_signed(node, reserves).into_iter().collect(),
        ("reserves", Err(revert), _) => vec![node.wrong(revert.contract_name())],
        (_, _, Some(purchase)) => check_quote(name, node, purchase),
        (_, _, None) if is_refusal => vec![node.wrong("no outcome beside a revert")],
        // A refusal where an outcome was expected has been reported once.
        (_, _, None) => Vec::new(),
    })
}

fn read_order(input: &Node<'_>, ids: &[&str]) -> Result<Order, Mismatch> {
    let call = input.get("call");
    let place = place(&call.get("asset"), ids)?;
    let assets = input.get("assets").list()?;
    let owned =
        place.and_then(|place| assets.get(place)).map(|asset| asset.get("collateral_reserves"));
    Ok(Order {
        // An asset that is not listed has no place, which the venue refuses as it should.
        place: place.unwrap_or(ids.len()),
        base_amount: call.get("base_amount").number_or_max()?,
        least: call.get("min_amount").number_or_max()?,
        collateral_reserves: owned.map_or(Ok(U256::ZERO), |owned| owned.number())?,
    })
}

fn check_quote(name: &str, node: &Node<'_>, purchase: &Purchase) -> Vec<Mismatch> {
    let number = match name {
        "discount_factor" => purchase.quote.discount_factor.raw,
        "discounted_price" => purchase.quote.discounted_price,
        "collateral_amount" => purchase.quote.amount,
        _ => return vec![node.wrong("a field of the schema")],
    };
    differs(node, number).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// One dollar each, six decimals, indices at one: 100 of A and 50 of B against 150.
    fn absorption() -> Value {
        let asset = |id: &str| {
            json!({
                "id": id, "decimals": "6", "price": "100000000",
                "borrow_collateral_factor": "800000000000000000",
                "liquidate_collateral_factor": "900000000000000000",
                "liquidation_factor": "950000000000000000", "total_supply_asset": "1000",
            })
        };
        json!({
            "id": "made-1", "kind": "absorb",
            "input": {
                "base": base(), "assets": [asset("A"), asset("B")],
                "accounts": [{"principal": "-140", "collateral": [
                    {"asset": "B", "balance": "50"}, {"asset": "A", "balance": "100"}]}],
            },
            "expected": {
                "base_supply_index_after": "1000000000000000",
                "base_borrow_index_after": "1000000000000000",
                "total_supply_base_after": "1002", "total_borrow_base_after": "860",
                "accounts": [{
                    "principal_after": "2", "base_paid_out": "142",
                    "usd_value_of_base_paid_out": "14200",
                    "seized": [
                        {"asset": "A", "amount": "100", "usd_value": "10000"},
                        {"asset": "B", "amount": "50", "usd_value": "5000"}],
                    "supplied_balance_after": "2", "unbacked_debt_absorbed": "0",
                }],
                "total_supply_asset_after": [
                    {"asset": "A", "amount": "900"}, {"asset": "B", "amount": "950"}],
            },
        })
    }

    fn base() -> Value {
        json!({
            "decimals": "6", "price": "100000000", "base_supply_index": "1000000000000000",
            "base_borrow_index": "1000000000000000", "total_supply_base": "1000",
            "total_borrow_base": "1000", "elapsed_seconds": "0",
            "interest_model": {
                "supply_kink": "800000000000000000", "supply_base": "0",
                "supply_slope_low": "0", "supply_slope_high": "0",
                "borrow_kink": "800000000000000000", "borrow_base": "0",
                "borrow_slope_low": "0", "borrow_slope_high": "1000000000",
            },
        })
    }

    /// The same market sells 40 of A, of which it owns 40.
    fn purchase() -> Value {
        let mut case = absorption();
        case["kind"] = json!("buyCollateral");
        for asset in case["input"]["assets"].as_array_mut().unwrap() {
            asset.as_object_mut().unwrap().remove("total_supply_asset");
            asset["collateral_reserves"] = json!("40");
        }
        case["input"]["base"]["base_balance"] = json!("7");
        case["input"]["base"]["target_reserves"] = json!("8");
        case["input"]["store_front_price_factor"] = json!("500000000000000000");
        case["input"]["call"] = json!({"asset": "A", "base_amount": "39", "min_amount": "40"});
        case["expected"] = json!({
            "reserves": "7", "discount_factor": "25000000000000000",
            "discounted_price": "97500000", "collateral_amount": "40",
        });
        case
    }

    fn check(case: &Value) -> Vec<Mismatch> {
        CompoundV3.check(&json!({}), case).err().unwrap_or_default()
    }

    fn fields(found: &[Mismatch]) -> Vec<&str> {
        found.iter().map(|mismatch| mismatch.field.as_str()).collect()
    }

    /// Every leaf below `at`, as a JSON pointer.
    fn leaves(value: &Value, at: String, out: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                map.iter().for_each(|(k, v)| leaves(v, format!("{at}/{k}"), out));
            }
            Value::Array(list) => {
                list.iter().enumerate().for_each(|(i, v)| leaves(v, format!("{at}/{i}"), out));
            }
            _ => out.push(at),
        }
    }

    #[test]
    fn every_output_that_is_altered_is_found_alone() {
        for (good, count) in [(absorption(), 4 + 5 + 6 + 4), (purchase(), 4)] {
            assert_eq!(check(&good), []);
            let mut paths = Vec::new();
            leaves(&good["expected"], "/expected".to_owned(), &mut paths);
            assert_eq!(paths.len(), count);
            for path in paths {
                let mut bad = good.clone();
                let leaf = bad.pointer_mut(&path).unwrap();
                *leaf = if path.ends_with("asset") { json!("Z") } else { json!("8") };
                assert_eq!(check(&bad).len(), 1, "{path}");
            }
        }
    }

    #[test]
    fn fields_and_rows_that_are_not_computed_are_mismatches() {
        let mut more = absorption();
        more["expected"]["bonus"] = json!("1");
        more["expected"]["accounts"][0]["points"] = json!("1");
        more["expected"]["accounts"][0]["seized"][0]["bonus"] = json!("1");
        more["expected"]["total_supply_asset_after"][1]["bonus"] = json!("1");
        let mut named = fields(&check(&more)).iter().map(|f| (*f).to_owned()).collect::<Vec<_>>();
        named.sort();
        assert_eq!(
            named,
            [
                "expected.accounts[0].points",
                "expected.accounts[0].seized[0].bonus",
                "expected.bonus",
                "expected.total_supply_asset_after[1].bonus",
            ]
        );
        let mut fewer = absorption();
        fewer["expected"]["accounts"][0]["seized"].as_array_mut().unwrap().pop();
        assert_eq!(fields(&check(&fewer)), ["expected.accounts[0].seized"]);
        fewer["expected"] = json!({});
        assert_eq!(fields(&check(&fewer)), ["expected"]);
        let mut surprise = purchase();
        surprise["expected"]["rebate"] = json!("1");
        assert_eq!(fields(&check(&surprise)), ["expected.rebate"]);
    }

    #[test]
    fn a_refusal_and_an_acceptance_are_never_taken_for_each_other() {
        let mut healthy = absorption();
        healthy["input"]["accounts"][0]["principal"] = json!("-135");
        assert_eq!(check(&healthy)[0].got, "NotLiquidatable");
        healthy["expected"] = json!({"revert": "NotLiquidatable"});
        assert_eq!(check(&healthy), []);
        healthy["expected"] = json!({"revert": "BadPrice"});
        assert_eq!(fields(&check(&healthy)), ["expected.revert"]);
        healthy["expected"] = json!({"revert": "NotLiquidatable", "accounts": []});
        assert_eq!(fields(&check(&healthy)), ["expected.accounts"]);
        let mut accepted = absorption();
        accepted["expected"] = json!({"revert": "NotLiquidatable"});
        assert_eq!(check(&accepted)[0].got, "accepted");

        let mut sold_out = purchase();
        sold_out["input"]["assets"][0]["collateral_reserves"] = json!("39");
        assert_eq!(check(&sold_out)[0].got, "InsufficientReserves");
        sold_out["expected"] = json!({"revert": "InsufficientReserves", "reserves": "7"});
        assert_eq!(check(&sold_out), []);
        sold_out["expected"]["reserves"] = json!("8");
        assert_eq!(fields(&check(&sold_out)), ["expected.reserves"]);
        sold_out["input"]["call"]["asset"] = json!("Z");
        sold_out["expected"] = json!({"revert": "BadAsset"});
        assert_eq!(check(&sold_out), []);
    }

    #[test]
    fn whatever_leaves_its_width_is_one_class_and_a_negative_price_is_a_bad_one() {
        let mut wide = absorption();
        wide["input"]["base"]["elapsed_seconds"] = json!(u64::MAX.to_string());
        for revert in ["Panic(0x11)", "InvalidUInt64", "InvalidUInt64()", "InvalidUInt104"] {
            wide["expected"] = json!({"revert": revert});
            assert_eq!(check(&wide), [], "{revert}");
        }
        let mut below = absorption();
        below["input"]["assets"][1]["price"] = json!("-5");
        below["expected"] = json!({"revert": "BadPrice()"});
        assert_eq!(check(&below), []);
    }

    #[test]
    fn bad_input_is_named_with_what_would_be_right() {
        for (path, value, name) in [
            ("/input/base/decimals", json!("256"), "input.base.decimals"),
            ("/input/base/price", json!("x"), "input.base.price"),
            (
                "/input/base/base_borrow_index",
                json!("18446744073709551616"),
                "input.base.base_borrow_index",
            ),
            ("/input/assets/1/id", json!("A"), "input.assets[1].id"),
            (
                "/input/accounts/0/collateral/0/asset",
                json!("Z"),
                "input.accounts[0].collateral[0].asset",
            ),
            (
                "/input/accounts/0/collateral/1/asset",
                json!("B"),
                "input.accounts[0].collateral[1].asset",
            ),
            ("/input/accounts/0/principal", json!(1.5), "input.accounts[0].principal"),
            ("/kind", json!("supply"), "kind"),
        ] {
            let mut bad = absorption();
            *bad.pointer_mut(path).unwrap() = value;
            assert_eq!(fields(&check(&bad)), [name]);
        }
        assert_eq!(fields(&check(&json!({}))), ["kind"]);
        let mut priceless = purchase();
        priceless["input"].as_object_mut().unwrap().remove("store_front_price_factor");
        assert_eq!(fields(&check(&priceless)), ["input.store_front_price_factor"]);
    }

    #[test]
    fn a_file_is_known_by_what_it_says() {
        let file = |schema: &str, protocol: &str| json!({"schema": schema, "protocol": protocol});
        assert!(CompoundV3.knows(&file(SCHEMA, "compound-v3-comet")));
        assert!(!CompoundV3.knows(&file(SCHEMA, "compound-v2")));
        assert!(!CompoundV3.knows(&file("another/1", "compound-v3-comet")));
        assert!(!CompoundV3.knows(&json!([])));
    }
}
