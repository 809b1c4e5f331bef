//! Liquity v1: scenarios of troves and the stability pool, the full state compared after each step.

use super::SCHEMA;
use crate::node::{Node, differs, differs_flag, differs_text};
use crate::{Adapter, Mismatch};
use breakwater_money::{U256, Wad};
use breakwater_rulebooks::cdp::liquity_v1::{
    Deposit, Revert, Rule, System, Trove, Walk, liquidate, open, provide, rising, withdraw,
};
use serde_json::Value;

/// The adapter of these files. They follow the head of 2025, whose pool keeps one whole coin; a file
/// that says anything else of what the pool keeps is not known.
#[derive(Debug, Clone, Copy)]
pub struct LiquityV1;

impl Adapter for LiquityV1 {
    fn knows(&self, file: &Value) -> bool {
        let says = |field: &str| file.get(field).and_then(Value::as_str).unwrap_or_default();
        says("schema") == SCHEMA && says("family") == "liquity-v1"
    }

    fn check(&self, file: &Value, case: &Value) -> Result<(), Vec<Mismatch>> {
        let rule = rule(&Node::root("constants", file.get("constants"))).map_err(one)?;
        let config = Node::root("config", case.get("config"));
        let price = config.get("price").number().map_err(one)?;
        let mut scene = Scene { rule, price, ..Scene::default() };
        let steps = Node::root("steps", case.get("steps")).list().map_err(one)?;
        let mut found = Vec::new();
        for step in steps {
            check_step(&mut scene, &step, &mut found).map_err(one)?;
        }
        if found.is_empty() { Ok(()) } else { Err(found) }
    }
}

fn one(mismatch: Mismatch) -> Vec<Mismatch> {
    vec![mismatch]
}

/// The rule with the file's constants, where it states any.
fn rule(constants: &Node<'_>) -> Result<Rule, Mismatch> {
    let mut rule = Rule::v1();
    if constants.is_absent() {
        return Ok(rule);
    }
    for (name, node) in constants.fields()? {
        let value = node.number()?;
        match name {
            "MCR" => rule.minimum_ratio = Wad::from_raw(value),
            "CCR" => rule.critical_ratio = Wad::from_raw(value),
            "gas_comp_stable" => rule.stable_compensation = value,
            "gas_comp_coll_divisor" => rule.collateral_compensation_divisor = value,
            "min_net_debt" => rule.net_debt_least = value,
            "scale_factor" => rule.scale_factor = value,
            "min_left_in_pool" => rule.pool_least = value,
            "borrow_fee_floor" => rule.borrowing_fee = Wad::from_raw(value),
            _ => return Err(node.wrong("a constant of the schema")),
        }
    }
    Ok(rule)
}

/// A case under way: everything by name, in order of the first step that named it.
struct Scene<'a> {
    rule: Rule,
    price: U256,
    system: System,
    /// Owners in order of opening, the last opened last.
    owners: Vec<(&'a str, Trove)>,
    depositors: Vec<(&'a str, Deposit)>,
}

impl Default for Scene<'_> {
    fn default() -> Self {
        Scene {
            rule: Rule::v1(),
            price: U256::ZERO,
            system: System::default(),
            owners: Vec::new(),
            depositors: Vec::new(),
        }
    }
}

/// What an accepted step pays to whoever liquidates.
#[derive(Debug, Clone, Copy, Default)]
struct Gain {
    collateral: U256,
    stable: U256,
}

/// Executes one step and compares its answer, its result and the state after it.
fn check_step<'a>(
    scene: &mut Scene<'a>,
    step: &Node<'a>,
    found: &mut Vec<Mismatch>,
) -> Result<(), Mismatch> {
    let result = execute(scene, step)?;
    let mut gain = Gain::default();
    match result {
        Ok(paid) => {
            gain = paid;
            found.extend(differs_flag(&step.get("ok"), true));
        }
        Err(revert) => {
            let says_ok = step.get("ok").boolean()?;
            if says_ok {
                found.push(step.get("ok").wrong(&format!("false: {revert}")));
            }
        }
    }
    for (name, node) in step.fields()? {
        match name {
            // What the step asks has been read above.
            "op" | "ok" | "who" | "borrow" | "coll" | "amount" | "price" | "n" => {}
            "error" => found.extend(check_reason(&node, result.err())),
            "liquidator_gain" => {
                found.extend(differs(&node.get("coll"), gain.collateral));
                found.extend(differs(&node.get("stable"), gain.stable));
                found.extend(only(&node, &["coll", "stable"])?);
            }
            "state" => check_state(scene, &node, found)?,
            _ => found.push(node.wrong("a field of the schema")),
        }
    }
    if step.get("state").is_absent() {
        found.push(step.get("state").wrong("the state after the step"));
    }
    Ok(())
}

/// Fields of `node` that are none of `known`.
fn only(node: &Node<'_>, known: &[&str]) -> Result<Vec<Mismatch>, Mismatch> {
    let fields = node.fields()?.into_iter();
    let foreign = fields.filter(|(name, _)| !known.contains(name));
    Ok(foreign.map(|(_, field)| field.wrong("a field of the schema")).collect())
}

/// What the step does to the scene, which a refusal leaves as it is.
fn execute<'a>(scene: &mut Scene<'a>, step: &Node<'a>) -> Result<Result<Gain, Revert>, Mismatch> {
    let number = |name: &str| step.get(name).number();
    let op = step.get("op");
    let done = match op.text()? {
        "set_price" => {
            scene.price = number("price")?;
            Ok(Gain::default())
        }
        "open_trove" => scene.open(step.get("who").text()?, number("coll")?, number("borrow")?),
        "sp_provide" => scene.provide(step.get("who").text()?, number("amount")?),
        "sp_withdraw" => scene.withdraw(step.get("who").text()?, number("amount")?),
        "liquidate" => {
            let place = scene.place(step.get("who").text()?);
            match place.filter(|place| scene.owners[*place].1.is_open()) {
                Some(place) => scene.liquidate(&[place], Walk::Named),
                None => Err(Revert::TroveClosed),
            }
        }
        "batch_liquidate" => {
            let names = step.get("who").list()?;
            let names = names.iter().map(Node::text).collect::<Result<Vec<_>, _>>()?;
            // A name that never opened a trove is passed by like a closed one.
            let places: Vec<usize> =
                names.iter().map(|name| scene.place(name).unwrap_or(scene.owners.len())).collect();
            scene.liquidate(&places, Walk::Named)
        }
        "liquidate_troves" => {
            let most = step.get("n").small("a number of troves of at most 64 bits")?;
            match rising(&scene.rule, &scene.system, &scene.troves()) {
                Ok(queue) => scene.liquidate(&queue, Walk::Sequence { most }),
                Err(revert) => Err(revert),
            }
        }
        _ => return Err(op.wrong("an operation of the schema")),
    };
    Ok(done)
}

impl<'a> Scene<'a> {
    fn troves(&self) -> Vec<Trove> {
        self.owners.iter().map(|(_, trove)| *trove).collect()
    }

    fn place(&self, who: &str) -> Option<usize> {
        self.owners.iter().position(|(name, _)| *name == who)
    }

    fn open(&mut self, who: &'a str, collateral: U256, borrow: U256) -> Result<Gain, Revert> {
        let owner = self.place(who).map(|place| self.owners[place].1).unwrap_or_default();
        let change = open(&self.rule, &self.system, &owner, collateral, borrow, self.price)?;
        self.owners.retain(|(name, _)| *name != who);
        self.owners.push((who, change.trove));
        self.system = change.system;
        Ok(Gain::default())
    }

    fn deposit(&self, who: &str) -> Deposit {
        let known = self.depositors.iter().find(|(name, _)| *name == who);
        known.map(|(_, deposit)| *deposit).unwrap_or_default()
    }

    fn provide(&mut self, who: &'a str, amount: U256) -> Result<Gain, Revert> {
        let change = provide(&self.rule, &self.system.stability, &self.deposit(who), amount)?;
        self.system.stability = change.pool;
        self.record(who, change.deposit);
        Ok(Gain::default())
    }

    fn withdraw(&mut self, who: &'a str, amount: U256) -> Result<Gain, Revert> {
        let mut waiting = false;
        for trove in self.troves() {
            let below = trove.ratio(&self.system, self.price)? < self.rule.minimum_ratio;
            waiting |= below;
        }
        let pool = &self.system.stability;
        let change = withdraw(&self.rule, pool, &self.deposit(who), amount, waiting)?;
        self.system.stability = change.pool;
        self.record(who, change.deposit);
        Ok(Gain::default())
    }

    fn record(&mut self, who: &'a str, deposit: Deposit) {
        match self.depositors.iter_mut().find(|(name, _)| *name == who) {
            Some((_, known)) => *known = deposit,
            None => self.depositors.push((who, deposit)),
        }
    }

    fn liquidate(&mut self, queue: &[usize], walk: Walk) -> Result<Gain, Revert> {
        let troves = self.troves();
        let done = liquidate(&self.rule, &self.system, &troves, queue, walk, self.price)?;
        for taken in &done.taken {
            let closed = troves[taken.trove].closed(taken.surplus)?;
            self.owners[taken.trove].1 = closed;
        }
        self.system = done.system;
        Ok(Gain { collateral: done.collateral_compensation, stable: done.stable_compensation })
    }
}

/// Compares a refusal's reason, where the text is one that the mirror knows; any refusal agrees with
/// a text that it does not, such as those of the token.
fn check_reason(node: &Node<'_>, got: Option<Revert>) -> Option<Mismatch> {
    let text = match node.text() {
        Ok(text) => text,
        Err(wrong) => return Some(wrong),
    };
    let known = Revert::NAMED.into_iter().find(|revert| text.ends_with(revert.contract_name()));
    match (known, got) {
        (_, None) => Some(Mismatch::new(node.path.as_str(), text, "accepted")),
        (Some(known), Some(got)) if known != got => {
            Some(Mismatch::new(node.path.as_str(), text, got.contract_name()))
        }
        _ => None,
    }
}

/// Compares the whole observable state.
fn check_state(
    scene: &Scene<'_>,
    state: &Node<'_>,
    found: &mut Vec<Mismatch>,
) -> Result<(), Mismatch> {
    let system = &scene.system;
    let refused = |revert: Revert| state.wrong(&format!("a state without {revert}"));
    let ratio = system.ratio(scene.price).map_err(refused)?;
    let recovering = system.is_recovering(&scene.rule, scene.price).map_err(refused)?;
    let pool = &system.stability;
    let numbers = [
        ("price", scene.price),
        ("TCR", ratio.raw),
        ("active_coll", system.active.collateral),
        ("active_debt", system.active.debt),
        ("default_coll", system.default.collateral),
        ("default_debt", system.default.debt),
        ("L_coll", system.per_stake.collateral),
        ("L_debt", system.per_stake.debt),
        ("total_stakes", system.total_stakes),
        ("total_stakes_snapshot", system.stakes_snapshot),
        ("total_collateral_snapshot", system.collateral_snapshot),
        ("sp_deposits", pool.deposits),
        ("sp_coll", pool.collateral),
        ("P", pool.product),
        ("scale", U256::from(pool.scale)),
        ("S_at_scale", pool.sum(pool.scale)),
        // Only redemptions move it, and these files have none.
        ("base_rate", U256::ZERO),
    ];
    for (name, got) in numbers {
        found.extend(differs(&state.get(name), got));
    }
    found.extend(differs_flag(&state.get("recovery_mode"), recovering));
    let names = numbers.map(|(name, _)| name);
    let known: Vec<&str> =
        names.into_iter().chain(["recovery_mode", "troves", "depositors"]).collect();
    found.extend(only(state, &known)?);
    check_troves(scene, &state.get("troves"), found)?;
    check_depositors(scene, &state.get("depositors"), found)
}

fn check_troves(
    scene: &Scene<'_>,
    node: &Node<'_>,
    found: &mut Vec<Mismatch>,
) -> Result<(), Mismatch> {
    let listed = node.fields()?;
    for (name, _) in &scene.owners {
        if !listed.iter().any(|(other, _)| other == name) {
            found.push(node.get(name).wrong("a trove of every owner"));
        }
    }
    for (name, field) in listed {
        let known = scene.place(name).map(|place| scene.owners[place].1);
        let trove = known.unwrap_or_default();
        let status = match (known, trove.is_open()) {
            (None, _) => "nonexistent",
            (Some(_), true) => "active",
            (Some(_), false) => "closed_by_liquidation",
        };
        found.extend(differs_text(&field.get("status"), status));
        let mut numbers =
            vec![("debt", trove.debt), ("coll", trove.collateral), ("stake", trove.stake)];
        if trove.is_open() {
            let refused = |revert: Revert| field.wrong(&format!("a trove without {revert}"));
            let all = trove.entire(&scene.system).map_err(refused)?.all;
            let ratio = trove.ratio(&scene.system, scene.price).map_err(refused)?;
            numbers.push(("entire_debt", all.debt));
            numbers.push(("entire_coll", all.collateral));
            numbers.push(("icr", ratio.raw));
        }
        // Listed only where there is something to claim.
        if !trove.claimable.is_zero() || !field.get("claimable_surplus").is_absent() {
            numbers.push(("claimable_surplus", trove.claimable));
        }
        found.extend(numbers.iter().filter_map(|(name, got)| differs(&field.get(name), *got)));
        let names = numbers.iter().map(|(name, _)| *name).chain(["status"]).collect::<Vec<_>>();
        found.extend(only(&field, &names)?);
    }
    Ok(())
}

fn check_depositors(
    scene: &Scene<'_>,
    node: &Node<'_>,
    found: &mut Vec<Mismatch>,
) -> Result<(), Mismatch> {
    let listed = node.fields()?;
    for (name, _) in &scene.depositors {
        if !listed.iter().any(|(other, _)| other == name) {
            found.push(node.get(name).wrong("a record of every depositor"));
        }
    }
    for (name, field) in listed {
        let deposit = scene.deposit(name);
        let pool = &scene.system.stability;
        let refused = |revert: Revert| field.wrong(&format!("a deposit without {revert}"));
        let left = pool.compounded(&scene.rule, &deposit).map_err(refused)?;
        let gained = pool.gained(&scene.rule, &deposit).map_err(refused)?;
        found.extend(differs(&field.get("compounded"), left));
        found.extend(differs(&field.get("coll_gain"), gained));
        found.extend(only(&field, &["compounded", "coll_gain"])?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// One trove is opened at a price of one, its fee and compensation in it, and a batch finds
    /// nothing to liquidate.
    fn case() -> Value {
        let state = || {
            json!({
                "price": "1000000000000000000", "TCR": "2000000000000000000",
                "recovery_mode": false, "active_coll": "4420000000000000000000",
                "active_debt": "2210000000000000000000", "default_coll": "0", "default_debt": "0",
                "L_coll": "0", "L_debt": "0", "total_stakes": "4420000000000000000000",
                "total_stakes_snapshot": "0", "total_collateral_snapshot": "0", "sp_deposits": "0",
                "sp_coll": "0", "P": "1000000000000000000", "scale": "0", "S_at_scale": "0",
                "base_rate": "0", "depositors": {},
                "troves": {"a": {"status": "active", "debt": "2210000000000000000000",
                    "coll": "4420000000000000000000", "stake": "4420000000000000000000",
                    "entire_debt": "2210000000000000000000",
                    "entire_coll": "4420000000000000000000", "icr": "2000000000000000000"}},
            })
        };
        json!({
            "id": "made-1", "config": {"price": "1000000000000000000"},
            "steps": [
                {"op": "open_trove", "who": "a", "coll": "4420000000000000000000",
                    "borrow": "2000000000000000000000", "ok": true,
                    "liquidator_gain": {"coll": "0", "stable": "0"}, "state": state()},
                {"op": "batch_liquidate", "who": ["a", "nobody"], "ok": false,
                    "error": "TroveManager: nothing to liquidate",
                    "liquidator_gain": {"coll": "0", "stable": "0"}, "state": state()},
            ],
        })
    }

    fn check(case: &Value) -> Vec<String> {
        let found = LiquityV1.check(&json!({}), case).err().unwrap_or_default();
        found.into_iter().map(|mismatch| mismatch.field).collect()
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
        assert_eq!(check(&good), [""; 0]);
        for step in 0..2 {
            for output in ["state", "liquidator_gain"] {
                let mut paths = Vec::new();
                let at = format!("/steps/{step}/{output}");
                leaves(good.pointer(&at).unwrap(), at, &mut paths);
                for path in paths.iter().filter(|path| !path.ends_with("depositors")) {
                    let mut bad = good.clone();
                    let leaf = bad.pointer_mut(path).unwrap();
                    *leaf = match &*leaf {
                        Value::Bool(flag) => json!(!flag),
                        _ => json!("7"),
                    };
                    let name = path.trim_start_matches("/steps/").replacen('/', "].", 1);
                    let name = format!("steps[{}", name.replace('/', "."));
                    assert_eq!(check(&bad), [name]);
                }
            }
        }
    }

    #[test]
    fn what_is_missing_or_foreign_is_found() {
        let mut bad = case();
        bad["steps"][0]["state"]["troves"] = json!({});
        assert_eq!(check(&bad), ["steps[0].state.troves.a"]);
        let mut bad = case();
        bad["steps"][0]["state"]["troves"]["a"]["claimable_surplus"] = json!("1");
        assert_eq!(check(&bad), ["steps[0].state.troves.a.claimable_surplus"]);
        for path in ["/steps/0", "/steps/0/state", "/steps/0/state/troves/a"] {
            let mut bad = case();
            bad.pointer_mut(path).unwrap()["surprise"] = json!("1");
            assert_eq!(check(&bad).len(), 1, "{path}");
        }
        let mut bad = case();
        bad["steps"][1].as_object_mut().unwrap().remove("state");
        assert_eq!(check(&bad), ["steps[1].state"]);
        let mut bad = case();
        bad["steps"][1]["op"] = json!("redeem");
        assert_eq!(check(&bad), ["steps[1].op"]);
    }

    #[test]
    fn a_refusal_and_an_acceptance_are_never_taken_for_each_other() {
        let mut bad = case();
        bad["steps"][0]["ok"] = json!(false);
        assert_eq!(check(&bad), ["steps[0].ok"]);
        let mut bad = case();
        bad["steps"][1]["ok"] = json!(true);
        assert_eq!(check(&bad), ["steps[1].ok"]);
        let mut bad = case();
        bad["steps"][0]["error"] = json!("nothing to liquidate");
        assert_eq!(check(&bad), ["steps[0].error"]);
        // A known reason must be the right one; any other text agrees with any refusal.
        let mut other = case();
        other["steps"][1]["error"] = json!("Only one trove in the system");
        assert_eq!(check(&other), ["steps[1].error"]);
        other["steps"][1]["error"] = json!("ERC20: transfer amount exceeds balance");
        assert_eq!(check(&other), [""; 0]);
    }

    #[test]
    fn a_file_is_known_by_what_it_says_and_its_constants_are_the_rules() {
        let file = json!({"schema": SCHEMA, "family": "liquity-v1"});
        assert!(LiquityV1.knows(&file));
        assert!(!LiquityV1.knows(&json!({"schema": SCHEMA, "family": "llamma"})));
        assert!(!LiquityV1.knows(&json!({"family": "liquity-v1"})));
        let checked = |constants: Value| {
            let file = json!({"constants": constants});
            LiquityV1.check(&file, &case()).err().unwrap_or_default().len()
        };
        assert_eq!(checked(json!({"MCR": "1100000000000000000", "scale_factor": "5"})), 0);
        assert!(checked(json!({"borrow_fee_floor": "0"})) > 0);
        assert_eq!(checked(json!({"surprise": "1"})), 1);
        assert_eq!(checked(json!({"MCR": "one"})), 1);
    }
}
