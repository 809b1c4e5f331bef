//! English auctions of the system's surplus and of its debt: families `dss-flap` and `dss-flop`.

use super::SCHEMA;
use super::english::{self, Family, Names, bid_fields, digits, endow, id, setting};
use crate::node::Node;
use crate::{Adapter, Mismatch};
use breakwater_money::{U256, Wad};
use breakwater_rulebooks::cdp::maker::english::{Bidding, Revert};
use breakwater_rulebooks::cdp::maker::system::System;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The adapter of these files.
#[derive(Debug, Clone, Copy)]
pub struct DssFlapFlop;

impl Adapter for DssFlapFlop {
    fn knows(&self, file: &Value) -> bool {
        let says = |field: &str| file.get(field).and_then(Value::as_str).unwrap_or_default();
        says("schema") == SCHEMA && ["dss-flap", "dss-flop"].contains(&says("family"))
    }

    fn check(&self, file: &Value, case: &Value) -> Result<(), Vec<Mismatch>> {
        match file.get("family").and_then(Value::as_str) {
            Some("dss-flap") => english::check::<Flap<'_>>(case),
            _ => english::check::<Flop<'_>>(case),
        }
    }
}

/// A case of surplus under way.
struct Flap<'a>(Scene<'a>);

/// A case of debt under way.
struct Flop<'a>(Scene<'a>);

struct Scene<'a> {
    names: Names<'a>,
    system: System,
}

impl<'a> Scene<'a> {
    fn open(names: Names<'a>, config: &Node<'a>) -> Result<Self, Mismatch> {
        let mut system = System::default();
        endow(&mut system, &names, config)?;
        Ok(Scene { names, system })
    }

    /// What both families show.
    fn state(&self, kicks: u64, live: bool, bids: &BTreeMap<u64, Bidding>) -> Map<String, Value> {
        let Scene { names, system } = self;
        let bids = bids.iter().map(|(id, auction)| {
            let fields = bid_fields(auction, names.guy(auction.leader, "vow"));
            (id.to_string(), Value::Object(fields))
        });
        let mut state = Map::new();
        state.insert("bids".to_owned(), Value::Object(bids.collect()));
        let mut set = |name: &str, value| state.insert(name.to_owned(), value);
        set("kicks", digits(U256::from(kicks)));
        set("live", digits(U256::from(live)));
        set("vow_dai", digits(system.vow.dai));
        set("vow_sin", digits(system.vow.sin));
        set("Ash", digits(system.vow.ash));
        set("dai", names.balances(&system.dai, names.bidders()));
        set("gov", names.balances(&system.gov, names.bidders()));
        set("gov_supply", digits(system.gov_supply()));
        state
    }
}

impl<'a> Family<'a> for Flap<'a> {
    fn open(names: Names<'a>, config: &Node<'a>) -> Result<Self, Mismatch> {
        let mut scene = Scene::open(names, config)?;
        let number = |name: &str| config.get(name).number();
        let System { vow, flap, .. } = &mut scene.system;
        (vow.dai, vow.bump, vow.hump) = (number("surplus")?, number("bump")?, number("hump")?);
        (flap.setting, flap.lid) = (setting(config)?, number("lid")?);
        Ok(Flap(scene))
    }

    fn execute(&mut self, step: &Node<'a>, now: u64) -> Result<Result<(), Revert>, Mismatch> {
        let Scene { names, system } = &mut self.0;
        let op = step.get("op");
        Ok(match op.text()? {
            "start" => system.flap(now).map(|_| ()),
            "tend" => system.flap_tend(id(step)?, &names.bid(step)?, now),
            "tick" => system.flap_tick(id(step)?, now),
            "deal" => system.flap_deal(id(step)?, now),
            "yank" => system.flap_yank(id(step)?),
            _ => return Err(op.wrong("an operation of the schema")),
        })
    }

    fn state(&self) -> Map<String, Value> {
        let flap = &self.0.system.flap;
        let mut state = self.0.state(flap.kicks, flap.live, &flap.bids);
        state.insert("fill".to_owned(), digits(flap.fill));
        state
    }
}

impl<'a> Family<'a> for Flop<'a> {
    fn open(names: Names<'a>, config: &Node<'a>) -> Result<Self, Mismatch> {
        let mut scene = Scene::open(names, config)?;
        let number = |name: &str| config.get(name).number();
        let System { vow, flop, .. } = &mut scene.system;
        (vow.sin, vow.dump, vow.sump) = (number("bad_debt")?, number("dump")?, number("sump")?);
        (flop.setting, flop.pad) = (setting(config)?, Wad::from_raw(number("pad")?));
        Ok(Flop(scene))
    }

    fn execute(&mut self, step: &Node<'a>, now: u64) -> Result<Result<(), Revert>, Mismatch> {
        let Scene { names, system } = &mut self.0;
        let op = step.get("op");
        Ok(match op.text()? {
            "start" => system.flop(now).map(|_| ()),
            "dent" => system.flop_dent(id(step)?, &names.bid(step)?, now),
            "tick" => system.flop_tick(id(step)?, now),
            "deal" => system.flop_deal(id(step)?, now),
            "yank" => system.flop_yank(id(step)?),
            _ => return Err(op.wrong("an operation of the schema")),
        })
    }

    fn state(&self) -> Map<String, Value> {
        let flop = &self.0.system.flop;
        self.0.state(flop.kicks, flop.live, &flop.bids)
    }
}
