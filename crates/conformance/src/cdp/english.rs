//! What the files of the three English auctions share: names, steps, reasons, and a full state that is
//! written as the schema writes it and held against the listed one, leaf by leaf.

use crate::Mismatch;
use crate::node::{Node, differs, differs_flag, differs_text};
use breakwater_auction::english::Bid;
use breakwater_money::{AccountId, U256, Wad};
use breakwater_rulebooks::cdp::maker::english::{Bidding, Revert, Setting};
use breakwater_rulebooks::cdp::maker::system::{Purse, System};
use serde_json::{Map, Value};

/// A family of files: what its steps do and what its state shows.
pub(super) trait Family<'a>: Sized {
    /// The scene that the case describes, before its first step.
    fn open(names: Names<'a>, config: &Node<'a>) -> Result<Self, Mismatch>;

    /// Does what the step asks, at `now`.
    fn execute(&mut self, step: &Node<'a>, now: u64) -> Result<Result<(), Revert>, Mismatch>;

    /// The full state, apart from the clock.
    fn state(&self) -> Map<String, Value>;
}

/// Checks every step of `case`.
pub(super) fn check<'a, F: Family<'a>>(case: &'a Value) -> Result<(), Vec<Mismatch>> {
    let one = |mismatch| vec![mismatch];
    let steps = Node::root("steps", case.get("steps")).list().map_err(one)?;
    let config = Node::root("config", case.get("config"));
    let names = Names::of(&config, &steps).map_err(one)?;
    let mut scene = F::open(names, &config).map_err(one)?;
    let mut found = Vec::new();
    for step in &steps {
        check_step(&mut scene, step, &mut found).map_err(one)?;
    }
    if found.is_empty() { Ok(()) } else { Err(found) }
}

/// Executes one step and compares its answer, its reason and the state after it.
fn check_step<'a, F: Family<'a>>(
    scene: &mut F,
    step: &Node<'a>,
    found: &mut Vec<Mismatch>,
) -> Result<(), Mismatch> {
    let state = step.get("state");
    let clock = state.get("now");
    let now: u64 = clock.small("a time of at most 64 bits")?;
    let result = scene.execute(step, now)?;
    if let Some(mismatch) = differs_flag(&step.get("ok"), result.is_ok()) {
        let why = result.err().map_or("accepted", Revert::contract_name);
        found.push(Mismatch { got: format!("{} ({why})", mismatch.got), ..mismatch });
    }
    for (name, node) in step.fields()? {
        match name {
            // What the step asks has been read above.
            "op" | "ok" | "state" | "urn" | "who" | "id" | "lot" | "bid" => {}
            "error" => found.extend(check_reason(&node, result.err())),
            _ => found.push(node.wrong("a field of the schema")),
        }
    }
    let mut got = scene.state();
    got.insert("now".to_owned(), Value::String(now.to_string()));
    differences(&state, &Value::Object(got), found);
    Ok(())
}

/// A reason must be the mirror's own. A text that is none of its reasons may come from a token, which
/// knows no others than too small a balance.
fn check_reason(node: &Node<'_>, got: Option<Revert>) -> Option<Mismatch> {
    let text = match node.text() {
        Ok(text) => text,
        Err(wrong) => return Some(wrong),
    };
    let known = Revert::ALL.iter().any(|revert| revert.contract_name() == text);
    let same = got.is_some_and(|revert| match revert {
        Revert::TokenBalance => !known || [revert.contract_name(), "arith"].contains(&text),
        _ => revert.contract_name() == text,
    });
    let shown = got.map_or("accepted", Revert::contract_name);
    (!same).then(|| Mismatch::new(node.path.as_str(), text, shown))
}

/// Every leaf of `got` that the field does not have equal, and every field that `got` has not.
fn differences(node: &Node<'_>, got: &Value, found: &mut Vec<Mismatch>) {
    let map = match got {
        Value::Object(map) => map,
        Value::String(text) => {
            let digits = text.bytes().all(|byte| byte.is_ascii_digit());
            let number = U256::from_str_radix(text, 10).ok().filter(|_| digits);
            found.extend(match number {
                Some(number) => differs(node, number),
                None => differs_text(node, text),
            });
            return;
        }
        _ => return found.push(node.wrong("a text or an object")),
    };
    match node.fields() {
        Ok(listed) => {
            for (name, field) in listed.iter().filter(|(name, _)| !map.contains_key(*name)) {
                let got = format!("no such field ({name})");
                found.push(Mismatch { got, ..field.wrong("nothing: no such field in the state") });
            }
        }
        Err(wrong) => return found.push(wrong),
    }
    for (name, value) in map {
        differences(&node.get(name), value, found);
    }
}

/// Everybody whom a case names, by number: his place in the list.
#[derive(Debug, Clone)]
pub(super) struct Names<'a> {
    all: Vec<&'a str>,
    /// So many of them are bidders, and stand first.
    bidders: usize,
    /// Owners of vaults, who may be bidders as well.
    owners: Vec<usize>,
}

impl<'a> Names<'a> {
    fn of(config: &Node<'a>, steps: &[Node<'a>]) -> Result<Self, Mismatch> {
        let mut all = Vec::new();
        for step in steps {
            for (name, _) in step.get("state").get("dai").fields()? {
                place(&mut all, name);
            }
            let who = step.get("who");
            if !who.is_absent() {
                place(&mut all, who.text()?);
            }
        }
        let bidders = all.len();
        let urns = config.get("urns");
        let urns = if urns.is_absent() { Vec::new() } else { urns.fields()? };
        let owners = urns.into_iter().map(|(name, _)| place(&mut all, name)).collect();
        Ok(Names { all, bidders, owners })
    }

    fn number(place: usize) -> AccountId {
        AccountId(u32::try_from(place).unwrap_or(u32::MAX))
    }

    /// Bidders and their numbers.
    pub(super) fn bidders(&self) -> impl Iterator<Item = (&'a str, AccountId)> {
        let all = self.all.iter().enumerate().take(self.bidders);
        all.map(|(place, name)| (*name, Names::number(place)))
    }

    /// Owners of vaults and their numbers.
    pub(super) fn owners(&self) -> impl Iterator<Item = (&'a str, AccountId)> {
        let name = |place: &usize| self.all.get(*place).map(|name| (*name, Names::number(*place)));
        self.owners.iter().filter_map(name)
    }

    /// Whoever may end auctions.
    pub(super) fn admin(&self) -> AccountId {
        Names::number(self.all.len())
    }

    /// The number of the owner that the field names; one of nobody for a vault that is not there.
    pub(super) fn owner(&self, node: &Node<'a>) -> Result<AccountId, Mismatch> {
        let name = node.text()?;
        let known = self.owners().find(|(other, _)| *other == name);
        Ok(known.map_or(AccountId(u32::MAX), |(_, number)| number))
    }

    /// The bid that the step makes.
    pub(super) fn bid(&self, step: &Node<'a>) -> Result<Bid<AccountId>, Mismatch> {
        let who = step.get("who");
        let name = who.text()?;
        let known = self.bidders().find(|(other, _)| *other == name);
        let (_, bidder) = known.ok_or_else(|| who.wrong("a bidder of the case"))?;
        let number = |field: &str| step.get(field).number();
        Ok(Bid { bidder, amount: number("bid")?, lot: number("lot")? })
    }

    /// The name of the bidder `number`, or `nobody` where no bid stands.
    pub(super) fn guy(&self, number: Option<AccountId>, nobody: &str) -> Value {
        let mut bidders = self.bidders();
        let known = bidders.find(|(_, other)| Some(*other) == number).map(|(name, _)| name);
        Value::String(known.unwrap_or(nobody).to_owned())
    }

    /// The name of the vault's owner `number`.
    pub(super) fn usr(&self, number: AccountId) -> Value {
        let known = self.owners().find(|(_, other)| *other == number);
        Value::String(known.map_or("nobody", |(name, _)| name).to_owned())
    }

    /// Balances of everybody in `who`, by name.
    pub(super) fn balances(
        &self,
        purse: &Purse,
        who: impl Iterator<Item = (&'a str, AccountId)>,
    ) -> Value {
        Value::Object(who.map(|(name, id)| (name.to_owned(), digits(purse.of(id)))).collect())
    }
}

/// The place of `name` in the list, at its end if it is new.
fn place<'a>(all: &mut Vec<&'a str>, name: &'a str) -> usize {
    all.iter().position(|other| *other == name).unwrap_or_else(|| {
        all.push(name);
        all.len() - 1
    })
}

/// A number as the schema writes it.
pub(super) fn digits(number: U256) -> Value {
    Value::String(number.to_string())
}

/// The members that an auction of every family shows.
pub(super) fn bid_fields(auction: &Bidding, guy: Value) -> Map<String, Value> {
    let time = |at: u64| Value::String(at.to_string());
    Map::from_iter([
        ("bid".to_owned(), digits(auction.bid)),
        ("lot".to_owned(), digits(auction.lot)),
        ("guy".to_owned(), guy),
        ("tic".to_owned(), time(auction.lapses_at.unwrap_or(0))),
        ("end".to_owned(), time(auction.ends_at)),
    ])
}

/// The setting that all families state.
pub(super) fn setting(config: &Node<'_>) -> Result<Setting, Mismatch> {
    let seconds = |name: &str| config.get(name).small("seconds of at most 64 bits");
    let beg = Wad::from_raw(config.get("beg").number()?);
    Ok(Setting { beg, ttl: seconds("ttl")?, tau: seconds("tau")? })
}

/// The number of the auction that the step concerns.
pub(super) fn id(step: &Node<'_>) -> Result<u64, Mismatch> {
    step.get("id").small("the number of an auction, of at most 64 bits")
}

/// Gives every bidder what the case lets it start with.
pub(super) fn endow(
    system: &mut System,
    names: &Names<'_>,
    config: &Node<'_>,
) -> Result<(), Mismatch> {
    let dai = config.get("bidder_start_dai").number()?;
    let gov = config.get("bidder_start_gov");
    let gov = if gov.is_absent() { U256::ZERO } else { gov.number()? };
    for (_, bidder) in names.bidders() {
        system.dai.set(bidder, dai);
        system.gov.set(bidder, gov);
        system.gov_issued = system.gov_issued.saturating_add(gov);
    }
    Ok(())
}
