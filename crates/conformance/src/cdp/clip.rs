//! Maker's descending auctions: scenarios of one collateral, the full state compared after each step.

use super::abaci::{curve, differs_reason};
use super::declares;
use crate::node::{Node, differs, differs_flag, differs_text};
use crate::{Adapter, Mismatch};
use breakwater_money::{Ray, U256, Wad};
use breakwater_rulebooks::cdp::maker::clip::Peek;
use breakwater_rulebooks::cdp::maker::clip_house::{Collateral, House, Take};
use breakwater_rulebooks::cdp::maker::clip_revert::Revert;
use breakwater_rulebooks::cdp::maker::dog::{Ilk, Urn};
use serde_json::Value;
use std::collections::BTreeMap;

/// The one collateral of a case.
const ILK: () = ();

/// Whom a withdrawn lot goes to. What he holds is not listed.
const ADMIN: &str = "";

/// What a configuration may state.
const CONFIG: [&str; 19] = [
    "calc",
    "buf",
    "tail",
    "cusp",
    "chip",
    "tip",
    "chop",
    "hole",
    "Hole",
    "dust",
    "rate",
    "mat",
    "par",
    "initial_price",
    "urns",
    "start",
    "chost",
    "spot",
    "takers_start_dai",
];

/// The adapter of these files.
#[derive(Debug, Clone, Copy)]
pub struct Clip;

impl Adapter for Clip {
    fn knows(&self, file: &Value) -> bool {
        declares(file, "dss-clip")
    }

    fn check(&self, _: &Value, case: &Value) -> Result<(), Vec<Mismatch>> {
        let mut found = Vec::new();
        check(&Node::root("case", Some(case)), &mut found).map_err(|wrong| vec![wrong])?;
        if found.is_empty() { Ok(()) } else { Err(found) }
    }
}

type Sales<'a> = House<(), &'a str>;

fn check(case: &Node<'_>, found: &mut Vec<Mismatch>) -> Result<(), Mismatch> {
    let mut house = configured(&case.get("config"), found)?;
    found.extend(only(&case.get("config"), &CONFIG)?);
    for (place, step) in case.get("steps").list()?.iter().enumerate() {
        if place == 0 {
            endow(&mut house, &case.get("config"), &step.get("state"))?;
        }
        check_step(&mut house, step, found)?;
    }
    Ok(())
}

/// The system before the first step.
fn configured<'a>(config: &Node<'a>, found: &mut Vec<Mismatch>) -> Result<Sales<'a>, Mismatch> {
    let number = |name: &str| config.get(name).number();
    let refused = |revert: Revert| config.wrong(&format!("a configuration without {revert}"));
    let calc = config.get("calc");
    let calc = curve(&calc.get("kind"), &calc)?.map_err(refused)?;
    let ilk = Ilk {
        rate: number("rate")?,
        spot: U256::ZERO,
        dust: number("dust")?,
        mat: Ray::from_raw(number("mat")?),
        chop: Wad::from_raw(number("chop")?),
    };
    let mut house: Sales<'a> = House::new(number("Hole")?);
    house.par = number("par")?;
    house.add(ILK, ilk, calc, number("hole")?).map_err(refused)?;
    let collateral = house.collateral_mut(&ILK).map_err(refused)?;
    collateral.feed = Peek::valid(number("initial_price")?);
    for (name, urn) in config.get("urns").fields()? {
        let urn = Urn { ink: urn.get("ink").number()?, art: urn.get("art").number()? };
        collateral.urns.insert(name, urn);
    }
    let clip = &mut collateral.clip;
    clip.set_buf(number("buf")?);
    clip.set_tail(number("tail")?);
    clip.set_cusp(number("cusp")?);
    clip.set_chip(number("chip")?);
    clip.set_tip(number("tip")?);
    found.extend(differs(&config.get("chost"), clip.terms().remainder_least));
    house.poke(&ILK).map_err(refused)?;
    found.extend(differs(&config.get("spot"), sold(&house).map_err(refused)?.ilk.spot));
    Ok(house)
}

/// Gives takers their coins. They are those whose coins and collateral are both listed: keepers have
/// no collateral, vault owners no coins.
fn endow<'a>(house: &mut Sales<'a>, config: &Node<'a>, state: &Node<'a>) -> Result<(), Mismatch> {
    let coins = config.get("takers_start_dai").number()?;
    let gems = state.get("gem").fields()?;
    for (name, _) in state.get("dai").fields()? {
        if gems.iter().any(|(holder, _)| *holder == name) {
            house.coins.held.insert(name, coins);
        }
    }
    Ok(())
}

fn sold<'h, 'a>(house: &'h Sales<'a>) -> Result<&'h Collateral<&'a str>, Revert> {
    house.collateral(&ILK)
}

fn check_step<'a>(
    house: &mut Sales<'a>,
    step: &Node<'a>,
    found: &mut Vec<Mismatch>,
) -> Result<(), Mismatch> {
    let state = step.get("state");
    let now: u64 = state.get("now").small("seconds of at most 64 bits")?;
    let result = execute(house, step, now)?;
    found.extend(differs_flag(&step.get("ok"), result.is_ok()));
    for (name, node) in step.fields()? {
        match name {
            // What the step asks has been read above.
            "op" | "ok" | "urn" | "kpr" | "id" | "amt" | "max" | "who" | "level" | "dust"
            | "val" | "has" | "state" => {}
            "error" => found.extend(differs_reason(&node, result.err())),
            _ => found.push(node.wrong("a field of the schema")),
        }
    }
    if result.is_err() && step.get("error").is_absent() {
        found.extend(differs_reason(&step.get("error"), result.err()));
    }
    check_state(house, &state, now, found)
}

/// What the step does to the system, which a refusal leaves as it is.
fn execute<'a>(
    house: &mut Sales<'a>,
    step: &Node<'a>,
    now: u64,
) -> Result<Result<(), Revert>, Mismatch> {
    let number = |name: &str| step.get(name).number();
    let name = |field: &str| step.get(field).text();
    let id = || step.get("id").small::<u64>("the number of an auction, of at most 64 bits");
    let op = step.get("op");
    Ok(match op.text()? {
        "bark" => house.bark(&ILK, &name("urn")?, &name("kpr")?, now).map(drop),
        "redo" => house.redo(&ILK, id()?, &name("kpr")?, now),
        "take" => {
            let (amt, max, who) = (number("amt")?, number("max")?, name("who")?);
            house.take(&ILK, &Take { id: id()?, amt, max, who }, now).map(drop)
        }
        "yank" => house.yank(&ILK, id()?, &ADMIN),
        "set_stopped" => {
            let level = number("level")?;
            house.collateral_mut(&ILK).map(|collateral| collateral.clip.set_stopped(level))
        }
        "set_dust_and_upchost" => {
            let dust = number("dust")?;
            let set = house.collateral_mut(&ILK).map(|collateral| collateral.ilk.dust = dust);
            set.and_then(|()| house.upchost(&ILK))
        }
        "set_feed" => {
            let feed = Peek { val: number("val")?, has: step.get("has").boolean()? };
            house.collateral_mut(&ILK).map(|collateral| collateral.feed = feed)
        }
        "advance_time" => Ok(()),
        _ => return Err(op.wrong("an operation of the schema")),
    })
}

/// Compares the whole observable state.
fn check_state(
    house: &Sales<'_>,
    state: &Node<'_>,
    now: u64,
    found: &mut Vec<Mismatch>,
) -> Result<(), Mismatch> {
    let refused = |revert: Revert| state.wrong(&format!("a state without {revert}"));
    let collateral = sold(house).map_err(refused)?;
    let market = house.limits.market(&ILK).map_err(|refusal| refused(refusal.into()))?;
    let clip = &collateral.clip;
    for (name, node) in state.fields()? {
        match name {
            "now" | "active" | "sales" | "dai" | "gem" => {}
            "Dirt" => found.extend(differs(&node, house.limits.all().open)),
            "dirt" => found.extend(differs(&node, market.open)),
            "stopped" => found.extend(differs(&node, clip.stopped())),
            "chost" => found.extend(differs(&node, clip.terms().remainder_least)),
            "vow_dai_gain" => found.extend(differs(&node, house.coins.surplus)),
            "vow_sin" => found.extend(differs(&node, house.coins.debt)),
            _ => found.push(node.wrong("a field of the schema")),
        }
    }
    for name in ["Dirt", "dirt", "stopped", "chost", "vow_dai_gain", "vow_sin"] {
        if state.get(name).is_absent() {
            found.push(state.get(name).wrong("a field of every state"));
        }
    }
    check_active(clip.book().active(), &state.get("active"), found)?;
    check_sales(collateral, &state.get("sales"), now, found)?;
    check_balances(&house.coins.held, &state.get("dai"), found)?;
    check_balances(&collateral.gems, &state.get("gem"), found)
}

fn check_active(
    active: &[u64],
    node: &Node<'_>,
    found: &mut Vec<Mismatch>,
) -> Result<(), Mismatch> {
    let listed = node.list()?;
    if listed.len() != active.len() {
        found.push(node.wrong(&format!("a list of {}", active.len())));
    }
    for (node, id) in listed.iter().zip(active) {
        found.extend(differs(node, U256::from(*id)));
    }
    Ok(())
}

fn check_sales(
    collateral: &Collateral<&str>,
    node: &Node<'_>,
    now: u64,
    found: &mut Vec<Mismatch>,
) -> Result<(), Mismatch> {
    let listed = node.fields()?;
    for (id, _) in collateral.clip.book().sales() {
        if !listed.iter().any(|(name, _)| *name == id.to_string()) {
            found.push(node.get(&id.to_string()).wrong("every open auction"));
        }
    }
    for (name, field) in listed {
        let open = name.parse::<u64>().ok().filter(|id| id.to_string() == name);
        let sale = open.and_then(|id| Some((id, collateral.clip.book().listed(id).ok()?)));
        let Some((id, sale)) = sale else {
            found.push(field.wrong("nothing: no such auction is open"));
            continue;
        };
        let refused = |revert: Revert| field.wrong(&format!("an auction without {revert}"));
        let status = collateral.clip.status(id, now).map_err(refused)?;
        found.extend(differs_text(&field.get("usr"), sale.sale.owner));
        let numbers = [
            ("pos", U256::from(sale.place)),
            ("tab", sale.sale.wanted),
            ("lot", sale.sale.lot),
            ("tic", U256::from(sale.sale.started)),
            ("top", sale.sale.top),
        ];
        found.extend(numbers.iter().filter_map(|(name, got)| differs(&field.get(name), *got)));
        let told = field.get("status");
        found.extend(differs(&told.get("price"), status.price));
        found.extend(differs_flag(&told.get("needs_redo"), status.needs_reset));
        found.extend(only(&told, &["price", "needs_redo"])?);
        found.extend(only(&field, &["usr", "pos", "tab", "lot", "tic", "top", "status"])?);
    }
    Ok(())
}

/// Everybody listed, and nobody with anything left out but the administrator.
fn check_balances(
    held: &BTreeMap<&str, U256>,
    node: &Node<'_>,
    found: &mut Vec<Mismatch>,
) -> Result<(), Mismatch> {
    let listed = node.fields()?;
    for (name, field) in &listed {
        found.extend(differs(field, held.get(name).copied().unwrap_or_default()));
    }
    for (name, balance) in held.iter().filter(|(name, _)| **name != ADMIN) {
        if !balance.is_zero() && !listed.iter().any(|(other, _)| other == name) {
            found.push(node.get(name).wrong(&format!("{balance}, which is held")));
        }
    }
    Ok(())
}

/// Fields of `node` that are none of `known`.
fn only(node: &Node<'_>, known: &[&str]) -> Result<Vec<Mismatch>, Mismatch> {
    let fields = node.fields()?.into_iter();
    let foreign = fields.filter(|(name, _)| !known.contains(name));
    Ok(foreign.map(|(_, field)| field.wrong("a field of the schema")).collect())
}
