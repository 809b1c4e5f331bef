//! English auctions of collateral: family `dss-flip`.

use super::SCHEMA;
use super::english::{self, Family, Names, bid_fields, digits, endow, id, setting};
use crate::node::Node;
use crate::{Adapter, Mismatch};
use breakwater_money::{Ray, U256, Wad};
use breakwater_rulebooks::cdp::maker::cat::{Cat, Prices, Sizing, Urn};
use breakwater_rulebooks::cdp::maker::english::Revert;
use breakwater_rulebooks::cdp::maker::system::{Ilk, System};
use serde_json::{Map, Value};

/// The adapter of these files.
#[derive(Debug, Clone, Copy)]
pub struct DssFlip;

impl Adapter for DssFlip {
    fn knows(&self, file: &Value) -> bool {
        let says = |field: &str| file.get(field).and_then(Value::as_str).unwrap_or_default();
        says("schema") == SCHEMA && says("family") == "dss-flip"
    }

    fn check(&self, _: &Value, case: &Value) -> Result<(), Vec<Mismatch>> {
        english::check::<Scene<'_>>(case)
    }
}

/// A case under way: one kind of collateral.
struct Scene<'a> {
    names: Names<'a>,
    system: System,
}

impl<'a> Family<'a> for Scene<'a> {
    fn open(names: Names<'a>, config: &Node<'a>) -> Result<Self, Mismatch> {
        let number = |name: &str| config.get(name).number();
        let ray = |name: &str| Ok(Ray::from_raw(number(name)?));
        let prices = Prices { rate: ray("rate")?, spot: ray("spot")?, dust: number("dust")? };
        let sizing = Sizing::ByDebt { dunk: number("dunk")?, chop: Wad::from_raw(number("chop")?) };
        let mut ilk = Ilk::new(prices, sizing);
        ilk.flip.setting = setting(config)?;
        for (name, owner) in names.owners() {
            let urn = config.get("urns").get(name);
            let urn = Urn { ink: urn.get("ink").number()?, art: urn.get("art").number()? };
            ilk.urns.insert(owner, urn);
        }
        let cat = Cat { litter_most: number("box")?, ..Cat::default() };
        let mut system = System { cat, ilks: vec![ilk], ..System::default() };
        endow(&mut system, &names, config)?;
        // Whoever ends an auction repays its leader; the files do not show from what.
        system.dai.set(names.admin(), U256::MAX >> 1);
        Ok(Scene { names, system })
    }

    fn execute(&mut self, step: &Node<'a>, now: u64) -> Result<Result<(), Revert>, Mismatch> {
        let Scene { names, system } = self;
        let op = step.get("op");
        Ok(match op.text()? {
            "bite" => system.bite(0, names.owner(&step.get("urn"))?, now).map(|_| ()),
            "tend" => system.tend(0, id(step)?, &names.bid(step)?, now),
            "dent" => system.dent(0, id(step)?, &names.bid(step)?, now),
            "tick" => system.tick(0, id(step)?, now),
            "deal" => system.deal(0, id(step)?, now),
            "yank" => system.yank(0, id(step)?, names.admin()),
            _ => return Err(op.wrong("an operation of the schema")),
        })
    }

    fn state(&self) -> Map<String, Value> {
        let Scene { names, system } = self;
        let mut state = Map::new();
        let mut set = |name: &str, value| state.insert(name.to_owned(), value);
        set("litter", digits(system.cat.litter));
        set("vow_dai_gain", digits(system.vow.dai));
        set("dai", names.balances(&system.dai, names.bidders()));
        for ilk in &system.ilks {
            set("kicks", digits(U256::from(ilk.flip.kicks)));
            set("gem", names.balances(&ilk.gem, names.bidders().chain(names.owners())));
            let sales = ilk.flip.sales.iter().map(|(id, sale)| {
                let mut bid = bid_fields(&sale.auction, names.guy(sale.auction.leader, "cat"));
                bid.insert("usr".to_owned(), names.usr(sale.usr));
                bid.insert("tab".to_owned(), digits(sale.tab));
                (id.to_string(), Value::Object(bid))
            });
            set("bids", Value::Object(sales.collect()));
        }
        state
    }
}
