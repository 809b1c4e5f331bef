//! Aave v3 in the versions that are mirrored: `liquidationCall` and `accrue` cases.

use super::SCHEMA;
use crate::node::{Node, differs, differs_refusal, differs_text};
use crate::{Adapter, Mismatch};
use breakwater_money::{Ray, U256, Wad};
use breakwater_rulebooks::lending::aave_v3::{
    Call, CloseFactor, Emode, Outcome, Reserve, ReserveFlow, Revert, Rule, Totals, UserReserve,
    Version, accrue, liquidation_call, rates, totals,
};
use breakwater_rulebooks::lending::rates::KinkedRate;
use serde_json::Value;

/// The adapter of Aave v3 files. A file names its version; one that is not mirrored is not known.
#[derive(Debug, Clone, Copy)]
pub struct AaveV3;

/// The version that `file` is of, by the first two numbers of its `protocol_version`.
fn version(file: &Value) -> Option<Version> {
    let text = file.get("protocol_version").and_then(Value::as_str)?;
    let text = text.strip_prefix('v').unwrap_or(text);
    let numbers = text.split(|next: char| !(next.is_ascii_digit() || next == '.')).next()?;
    let mut parts = numbers.split('.');
    let (major, minor) = (parts.next()?, parts.next()?);
    Version::named(&format!("{major}.{minor}")).ok()
}

impl Adapter for AaveV3 {
    fn knows(&self, file: &Value) -> bool {
        let says = |field: &str| file.get(field).and_then(Value::as_str).unwrap_or_default();
        says("schema") == SCHEMA && says("protocol") == "aave-v3" && version(file).is_some()
    }

    fn check(&self, file: &Value, case: &Value) -> Result<(), Vec<Mismatch>> {
        let input = Node::root("input", case.get("input"));
        let expected = Node::root("expected", case.get("expected"));
        let one = |mismatch| vec![mismatch];
        let version = version(file).ok_or_else(|| {
            let versions = Version::ALL.map(Version::name).join(", ");
            let found = Node::root("protocol_version", file.get("protocol_version"));
            one(found.wrong(&format!("a text that starts with one of {versions}")))
        })?;
        let kind = Node::root("kind", case.get("kind"));
        match kind.text().map_err(one)? {
            "liquidationCall" => {
                let constants = Node::root("constants", file.get("constants"));
                let rule = rule(version, &constants).map_err(one)?;
                check_liquidation(&rule, &input, &expected)
            }
            "accrue" => check_accrual(&input, &expected),
            _ => Err(one(kind.wrong("liquidationCall or accrue"))),
        }
    }
}

/// The rule with the file's constants, where it states any.
fn rule(version: Version, constants: &Node<'_>) -> Result<Rule, Mismatch> {
    let mut rule = Rule::of(version);
    if constants.is_absent() {
        return Ok(rule);
    }
    rule.close_factor_bps = constants.get("default_close_factor_bps").small(SMALL)?;
    rule.close_factor_health = Wad::from_raw(constants.get("close_factor_hf_threshold").number()?);
    rule.close_factor_from = constants.get("min_base_max_close_factor_threshold").number()?;
    rule.least_leftover = constants.get("min_leftover_base").number()?;
    Ok(rule)
}

/// What a basis point field must be.
const SMALL: &str = "basis points below 65536";

/// A `liquidationCall` input.
struct Scene<'a> {
    ids: Vec<&'a str>,
    reserves: Vec<Reserve>,
    users: Vec<UserReserve>,
    emode: Option<Emode>,
    call: Call,
}

/// The instant that the cases' remaining grace seconds are counted from; any would do.
const NOW: u64 = 1;

impl<'a> Scene<'a> {
    fn read(input: &Node<'a>) -> Result<Self, Mismatch> {
        let list = input.get("reserves").list()?;
        let ids = list.iter().map(|r| r.get("id").text()).collect::<Result<Vec<_>, _>>()?;
        let reserves = list.iter().map(read_reserve).collect::<Result<Vec<_>, _>>()?;
        let users =
            list.iter().map(|r| read_user(&r.get("user"))).collect::<Result<Vec<_>, _>>()?;
        let emode = read_emode(&input.get("user_emode"), &ids)?;
        let call = read_call(&input.get("call"), &ids)?;
        Ok(Scene { ids, reserves, users, emode, call })
    }
}

/// The place of the reserve that `node` names.
fn place(node: &Node<'_>, ids: &[&str]) -> Result<usize, Mismatch> {
    let id = node.text()?;
    let missing = || node.wrong(&format!("one of the reserves {}", ids.join(", ")));
    ids.iter().position(|known| *known == id).ok_or_else(missing)
}

fn read_reserve(node: &Node<'_>) -> Result<Reserve, Mismatch> {
    let grace = node.get("grace_seconds_left");
    let left: u64 = grace.small("seconds of at most 64 bits")?;
    Ok(Reserve {
        decimals: node.get("decimals").small("at most 255")?,
        price: node.get("price").number()?,
        liquidation_threshold_bps: node.get("liquidation_threshold").small(SMALL)?,
        liquidation_bonus_bps: node.get("liquidation_bonus").small(SMALL)?,
        liquidation_protocol_fee_bps: node.get("liquidation_protocol_fee").small(SMALL)?,
        liquidity_index: Ray::from_raw(node.get("liquidity_index").number()?),
        variable_borrow_index: Ray::from_raw(node.get("variable_borrow_index").number()?),
        active: node.get("active").boolean_or(true)?,
        paused: node.get("paused").boolean()?,
        grace_until: (left > 0).then(|| NOW.saturating_add(left)),
        available: None,
    })
}

fn read_user(node: &Node<'_>) -> Result<UserReserve, Mismatch> {
    Ok(UserReserve {
        scaled_collateral: node.get("scaled_collateral").number()?,
        scaled_debt: node.get("scaled_debt").number()?,
        use_as_collateral: node.get("use_as_collateral").boolean()?,
        borrowing: node.get("borrowing").boolean()?,
        own_threshold_bps: None,
    })
}

fn read_emode(node: &Node<'_>, ids: &[&str]) -> Result<Option<Emode>, Mismatch> {
    if node.is_absent() {
        return Ok(None);
    }
    let mut collateral_bitmap = 0u128;
    for id in node.get("collateral_ids").list()? {
        // A category may hold assets that the account does not touch; the case leaves them out.
        let named = id.text()?;
        let Some(place) = ids.iter().position(|known| *known == named) else { continue };
        let bit = u32::try_from(place).ok().and_then(|place| 1u128.checked_shl(place));
        collateral_bitmap |= bit.ok_or_else(|| id.wrong("one of the first 128 reserves"))?;
    }
    Ok(Some(Emode {
        liquidation_threshold_bps: node.get("liquidation_threshold").small(SMALL)?,
        liquidation_bonus_bps: node.get("liquidation_bonus").small(SMALL)?,
        collateral_bitmap,
    }))
}

fn read_call(node: &Node<'_>, ids: &[&str]) -> Result<Call, Mismatch> {
    Ok(Call {
        collateral: place(&node.get("collateral"), ids)?,
        debt: place(&node.get("debt"), ids)?,
        debt_to_cover: node.get("debt_to_cover").number_or_max()?,
        receive_atoken: node.get("receive_atoken").boolean()?,
        self_liquidation: node.get("self").boolean_or(false)?,
        now: NOW,
    })
}

fn check_liquidation(
    rule: &Rule,
    input: &Node<'_>,
    expected: &Node<'_>,
) -> Result<(), Vec<Mismatch>> {
    let one = |mismatch| vec![mismatch];
    let scene = Scene::read(input).map_err(one)?;
    let emode = scene.emode.as_ref();
    let before = totals(&scene.reserves, &scene.users, emode);
    let result = liquidation_call(rule, &scene.reserves, &scene.users, emode, &scene.call);

    let mut found = Vec::new();
    let says_revert = !expected.get("revert").is_absent();
    if let (false, Err(revert)) = (says_revert, &result) {
        found.push(Mismatch::new("expected.revert", "no revert", revert.contract_name()));
    }
    for (name, node) in expected.fields().map_err(one)? {
        match (name, &before, &result) {
            ("revert", _, result) => found.extend(check_revert(&node, result.as_ref().err())),
            ("total_collateral_base" | "total_debt_base" | "health_factor", totals, _) => {
                found.extend(check_totals(name, &node, totals));
            }
            (_, _, Ok(outcome)) => check_outcome(name, &node, &scene, outcome, &mut found),
            // A refusal where an outcome was expected has been reported above, once.
            (_, _, Err(_)) if !says_revert => {}
            (_, _, Err(_)) => found.push(node.wrong("no outcome beside a revert")),
        }
    }
    if found.is_empty() { Ok(()) } else { Err(found) }
}

fn check_totals(
    name: &str,
    node: &Node<'_>,
    computed: &Result<Totals, Revert>,
) -> Option<Mismatch> {
    match computed {
        Ok(totals) => differs(
            node,
            match name {
                "total_collateral_base" => totals.collateral_base,
                "total_debt_base" => totals.debt_base,
                _ => totals.health_factor.raw,
            },
        ),
        Err(revert) => Some(node.wrong(revert.contract_name())),
    }
}

/// Compares a refusal by class: the contract's error name, or arithmetic for any panic and for
/// a conversion that does not fit.
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

fn check_outcome(
    name: &str,
    node: &Node<'_>,
    scene: &Scene<'_>,
    outcome: &Outcome,
    found: &mut Vec<Mismatch>,
) {
    let amount = match name {
        "debt_repaid" => outcome.debt_repaid,
        "collateral_to_liquidator" => outcome.collateral_to_liquidator,
        "protocol_fee" => outcome.protocol_fee,
        "treasury_scaled_received" => outcome.treasury_scaled_received,
        "liquidator_scaled_received" => outcome.liquidator_scaled_received,
        "close_factor" => return found.extend(check_close_factor(node, outcome.close_factor)),
        "deficit_created" => return each_reserve(node, scene, found, check_deficit(outcome)),
        "user_after" => return each_reserve(node, scene, found, check_user(outcome)),
        _ => return found.push(node.wrong("a field of the schema")),
    };
    found.extend(differs(node, amount));
}

fn check_close_factor(node: &Node<'_>, got: CloseFactor) -> Option<Mismatch> {
    let label = match got {
        CloseFactor::Half => "half",
        CloseFactor::Full => "full",
    };
    differs_text(node, label)
}

/// Applies `check` to each field of `node`, which must name reserves of the case.
fn each_reserve(
    node: &Node<'_>,
    scene: &Scene<'_>,
    found: &mut Vec<Mismatch>,
    check: impl Fn(usize, &Node<'_>) -> Vec<Mismatch>,
) {
    match node.fields() {
        Ok(fields) => {
            for (id, field) in fields {
                match scene.ids.iter().position(|known| *known == id) {
                    Some(place) => found.extend(check(place, &field)),
                    None => found.push(field.wrong("a reserve of the case")),
                }
            }
        }
        Err(wrong) => found.push(wrong),
    }
}

fn check_deficit(outcome: &Outcome) -> impl Fn(usize, &Node<'_>) -> Vec<Mismatch> + '_ {
    |place, node| {
        let created = outcome.deficits.iter().find(|deficit| deficit.reserve == place);
        differs(node, created.map_or(U256::ZERO, |deficit| deficit.amount)).into_iter().collect()
    }
}

fn check_user(outcome: &Outcome) -> impl Fn(usize, &Node<'_>) -> Vec<Mismatch> + '_ {
    |place, node| {
        let expected = match read_user(node) {
            Ok(expected) => expected,
            Err(wrong) => return vec![wrong],
        };
        let Some(got) = outcome.users_after.get(place) else {
            return vec![node.wrong("a reserve of the account")];
        };
        let flag = |name: &str, expected: bool, got: bool| {
            (expected != got)
                .then(|| Mismatch::new(node.get(name).path, expected.to_string(), got.to_string()))
        };
        [
            differs(&node.get("scaled_collateral"), got.scaled_collateral),
            differs(&node.get("scaled_debt"), got.scaled_debt),
            flag("use_as_collateral", expected.use_as_collateral, got.use_as_collateral),
            flag("borrowing", expected.borrowing, got.borrowing),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// An `accrue` input: the state, the seconds, and the rate model.
fn read_flow(input: &Node<'_>) -> Result<(ReserveFlow, u64, KinkedRate), Mismatch> {
    let ray = |name: &str| input.get(name).number().map(Ray::from_raw);
    let flow = ReserveFlow {
        liquidity_index: ray("liquidity_index")?,
        liquidity_rate: ray("liquidity_rate")?,
        variable_borrow_index: ray("variable_borrow_index")?,
        variable_borrow_rate: ray("variable_borrow_rate")?,
        scaled_variable_debt: input.get("scaled_variable_debt").number()?,
        virtual_underlying_balance: input.get("virtual_underlying_balance").number()?,
        deficit: input.get("deficit").number()?,
        reserve_factor_bps: input.get("reserve_factor").small(SMALL)?,
    };
    let params = input.get("rate_params");
    let bps = |name: &str| params.get(name).small::<u32>("basis points of at most 32 bits");
    let model = KinkedRate {
        optimal_usage_bps: bps("optimal_usage_ratio_bps")?,
        base_bps: bps("base_bps")?,
        slope1_bps: bps("slope1_bps")?,
        slope2_bps: bps("slope2_bps")?,
    };
    let seconds = input.get("elapsed_seconds").small("seconds of at most 64 bits")?;
    Ok((flow, seconds, model))
}

fn check_accrual(input: &Node<'_>, expected: &Node<'_>) -> Result<(), Vec<Mismatch>> {
    let one = |mismatch| vec![mismatch];
    let (flow, seconds, model) = read_flow(input).map_err(one)?;
    let accrued = accrue(&flow, seconds);
    let called = rates(&flow, &model);
    let mut found = Vec::new();
    let refused = accrued.as_ref().err().or(called.as_ref().err());
    if let (true, Some(revert)) = (expected.get("revert").is_absent(), refused) {
        found.push(Mismatch::new("expected.revert", "no revert", revert.contract_name()));
    }
    for (name, node) in expected.fields().map_err(one)? {
        let got = match (name, &accrued, &called) {
            ("revert", _, _) => {
                found.extend(check_revert(&node, refused));
                continue;
            }
            ("liquidity_index_after", Ok(after), _) => after.liquidity_index,
            ("variable_borrow_index_after", Ok(after), _) => after.variable_borrow_index,
            ("liquidity_rate_from_state", _, Ok(rates)) => rates.liquidity,
            ("variable_borrow_rate_from_state", _, Ok(rates)) => rates.variable_borrow,
            // A refusal has been reported above; any other field is not of the schema.
            _ if refused.is_some() => continue,
            _ => {
                found.push(node.wrong("a field of the schema"));
                continue;
            }
        };
        found.extend(differs(&node, got.raw));
    }
    if found.is_empty() { Ok(()) } else { Err(found) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Tokens without decimals at one dollar: 105 of collateral against 200 and 30 of debt.
    fn case() -> Value {
        let reserve = |id: &str, collateral: &str, debt: &str| {
            json!({
                "id": id, "decimals": "0", "price": "100000000", "liquidation_threshold": "8000",
                "liquidation_bonus": "10500", "liquidation_protocol_fee": "0",
                "liquidity_index": "1000000000000000000000000000",
                "variable_borrow_index": "1000000000000000000000000000",
                "paused": false, "grace_seconds_left": "0", "user": user(collateral, debt),
            })
        };
        json!({
            "id": "made-1", "kind": "liquidationCall",
            "input": {
                "reserves": [reserve("A", "105", "0"), reserve("B", "0", "200"),
                    reserve("C", "0", "30")],
                "user_emode": null,
                "call": {"collateral": "A", "debt": "B", "debt_to_cover": "max",
                    "receive_atoken": true},
            },
            "expected": {
                "total_collateral_base": "10500000000", "total_debt_base": "23000000000",
                // 84 / 230 in 1e18, rounded half up at four decimals more and then down.
                "health_factor": "365217391304347826",
                "debt_repaid": "100", "collateral_to_liquidator": "105", "protocol_fee": "0",
                "treasury_scaled_received": "0", "liquidator_scaled_received": "105",
                "close_factor": "full", "deficit_created": {"A": "0", "B": "100", "C": "30"},
                "user_after": {"A": user("0", "0"), "B": user("0", "0"), "C": user("0", "0")},
            },
        })
    }

    fn user(collateral: &str, debt: &str) -> Value {
        json!({"scaled_collateral": collateral, "scaled_debt": debt,
            "use_as_collateral": collateral != "0", "borrowing": debt != "0"})
    }

    fn check(case: &Value) -> Vec<Mismatch> {
        AaveV3.check(&of("v3.7"), case).err().unwrap_or_default()
    }

    fn of(version: &str) -> Value {
        json!({"protocol_version": version})
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
        assert_eq!(paths.len(), 9 + 3 + 12);
        for path in paths {
            let mut bad = good.clone();
            let leaf = bad.pointer_mut(&path).unwrap();
            *leaf = match &*leaf {
                Value::Bool(flag) => json!(!flag),
                Value::String(text) if text == "full" => json!("half"),
                _ => json!("7"),
            };
            let name = path.trim_start_matches('/').replace('/', ".");
            assert_eq!(fields(&check(&bad)), [name.as_str()]);
        }
    }

    #[test]
    fn a_refusal_and_an_acceptance_are_never_taken_for_each_other() {
        let mut healthy = case();
        healthy["input"]["reserves"][0]["user"]["scaled_collateral"] = json!("1000");
        assert_eq!(check(&healthy)[0].got, "HealthFactorNotBelowThreshold");
        healthy["expected"] = json!({"revert": "HealthFactorNotBelowThreshold"});
        assert_eq!(check(&healthy), []);
        healthy["expected"] = json!({"revert": "MustNotLeaveDust"});
        assert_eq!(fields(&check(&healthy)), ["expected.revert"]);
        healthy["expected"] =
            json!({"revert": "HealthFactorNotBelowThreshold", "total_debt_base": "1"});
        assert_eq!(fields(&check(&healthy)), ["expected.total_debt_base"]);

        let mut accepted = case();
        accepted["expected"] = json!({"revert": "MustNotLeaveDust"});
        assert_eq!(check(&accepted)[0].got, "accepted");
        accepted["expected"] = json!({"debt_repaid": "100", "surprise": "1"});
        assert_eq!(fields(&check(&accepted)), ["expected.surprise"]);
    }

    #[test]
    fn any_panic_of_the_contract_is_arithmetic() {
        let mut overflow = case();
        overflow["input"]["reserves"][0]["price"] = json!(U256::MAX.to_string());
        for revert in ["Panic(0x11)", "SafeCastOverflowedUintDowncast"] {
            overflow["expected"] = json!({"revert": revert});
            assert_eq!(check(&overflow), []);
        }
        overflow["expected"] = json!({"revert": "SelfLiquidation"});
        assert_eq!(fields(&check(&overflow)), ["expected.revert"]);
    }

    #[test]
    fn bad_input_is_named_with_what_would_be_right() {
        let cases = [
            ("/input/reserves/0/price", json!("-1"), "input.reserves[0].price"),
            ("/input/reserves/0/price", json!("9".repeat(80)), "input.reserves[0].price"),
            ("/input/reserves/1/decimals", json!("256"), "input.reserves[1].decimals"),
            ("/input/reserves/1/paused", json!("no"), "input.reserves[1].paused"),
            ("/input/call/debt", json!("Z"), "input.call.debt"),
            ("/input/call/debt_to_cover", json!("most"), "input.call.debt_to_cover"),
            ("/kind", json!("supply"), "kind"),
        ];
        for (path, value, name) in cases {
            let mut bad = case();
            *bad.pointer_mut(path).unwrap() = value;
            assert_eq!(fields(&check(&bad)), [name]);
        }
        assert_eq!(fields(&check(&json!({}))), ["kind"]);
        assert_eq!(fields(&check(&json!({"kind": "accrue"}))), ["input.liquidity_index"]);
    }

    #[test]
    fn a_file_is_known_by_what_it_says_and_only_in_its_version() {
        let file = |version: &str| json!({"schema": SCHEMA, "protocol": "aave-v3", "protocol_version": version});
        for (known, is) in [
            ("v3.7", Version::V3_7),
            ("3.7", Version::V3_7),
            ("v3.7.0 (tag)", Version::V3_7),
            ("v3.7 (commit fd1fbd91; rounding unlike v3.6)", Version::V3_7),
            ("v3.6.0 (tag v3.6.0; identical in shape to v3.5)", Version::V3_6),
            ("3.6", Version::V3_6),
            ("v3.5.0", Version::V3_5),
        ] {
            let file = file(known);
            assert!(AaveV3.knows(&file), "{known}");
            assert_eq!(version(&file), Some(is), "{known}");
        }
        for foreign in ["v3.4.0", "v3.3", "v3.70", "3.8", "", "4", "3", "v3.", "v 3.7", "vv3.7"] {
            assert!(!AaveV3.knows(&file(foreign)), "{foreign}");
            let found = AaveV3.check(&file(foreign), &case()).unwrap_err();
            assert_eq!(fields(&found), ["protocol_version"], "{foreign}");
        }
        assert!(!AaveV3.knows(&json!({"protocol": "aave-v3", "protocol_version": "v3.7"})));
        assert!(!AaveV3.knows(&json!([])));
    }

    #[test]
    fn the_files_constants_replace_those_of_the_rule() {
        // A least leftover of 1 lets half of the 200 be repaid where 1,000 refuses it.
        let mut partial = case();
        partial["input"]["call"]["debt_to_cover"] = json!("50");
        partial["expected"] = json!({"revert": "MustNotLeaveDust"});
        assert_eq!(check(&partial), []);
        partial["expected"] = json!({"debt_repaid": "50"});
        let mut file = of("v3.7");
        file["constants"] = json!({"default_close_factor_bps": "5000",
            "close_factor_hf_threshold": "950000000000000000",
            "min_base_max_close_factor_threshold": "200000000000", "min_leftover_base": "1"});
        assert_eq!(AaveV3.check(&file, &partial), Ok(()));
        let mut broken = of("v3.7");
        broken["constants"] = json!({"default_close_factor_bps": "70000"});
        let found = AaveV3.check(&broken, &partial).unwrap_err();
        assert_eq!(fields(&found), ["constants.default_close_factor_bps"]);
    }

    #[test]
    fn the_version_of_the_file_decides_about_a_unit() {
        // 10 of debt take 10.5 of collateral: floored from v3.7, half up before.
        let mut case = case();
        case["input"]["reserves"][0]["user"]["scaled_collateral"] = json!("1500");
        case["input"]["reserves"][1]["user"]["scaled_debt"] = json!("1490");
        case["input"]["reserves"][0]["liquidation_threshold"] = json!("9000");
        case["input"]["call"]["debt_to_cover"] = json!("10");
        let taken = |version: &str, amount: &str| {
            let mut case = case.clone();
            case["expected"] = json!({"debt_repaid": "10", "collateral_to_liquidator": amount});
            AaveV3.check(&of(version), &case)
        };
        for (version, amount) in [("v3.7", "10"), ("v3.6.0", "11"), ("v3.5", "11")] {
            assert_eq!(taken(version, amount), Ok(()), "{version}");
            let other = if amount == "10" { "11" } else { "10" };
            assert!(taken(version, other).is_err(), "{version}");
        }
    }
}
