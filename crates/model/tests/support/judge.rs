//! Engine and model side by side: one command to both, and everything compared.

use super::world::Plugged;
use breakwater_engine::{Cause, Command, Engine, Event, Outcome, Registry, StateHash, What};
use breakwater_liquidation::effects::Bearer;
use breakwater_liquidation::{
    AssetKind, Call, Close, Fact, Leg, Order, Reason, Rejection, StateKey,
};
use breakwater_margin::Ratio;
use breakwater_model::number::{of_word, word};
use breakwater_model::rule::{Library, Rule};
use breakwater_model::{Freedom, Model, Verdict};
use breakwater_money::{AccountId, AssetId, Holder, Time, U256, Unit};
use num_bigint::BigInt;
use num_traits::Zero;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// An event that was not expected, whose cures were told to be forgotten, and all in words.
type Unexpected = (Option<Box<Event>>, Vec<AccountId>, String);

/// What was found to differ, in words; the whole difference.
pub type Found = Result<(), String>;

/// An engine, a second one that replays it, and the model.
pub struct Bench {
    pub engine: Engine,
    pub model: Model,
    /// What was told how often, in a word or two: a search that never meets it proves nothing of it.
    pub told: BTreeMap<String, u64>,
    twin: Engine,
    registry: Arc<dyn Registry>,
    /// Formats of the auctions so far.
    formats: BTreeMap<u64, &'static str>,
}

impl Bench {
    pub fn new(library: &Rc<Library>, registry: &Arc<dyn Registry>) -> Self {
        Bench {
            engine: Engine::new(Arc::clone(registry)),
            model: Model::new(Rc::clone(library)),
            told: BTreeMap::new(),
            twin: Engine::new(Arc::clone(registry)),
            registry: Arc::clone(registry),
            formats: BTreeMap::new(),
        }
    }

    /// Gives a command to all three and compares. The reason if all refused it.
    pub fn step(&mut self, command: &Command) -> Result<Option<Rejection>, String> {
        let quiet = self.engine.now() == command.at;
        let before = self.model.clone();
        let mut verdict = self.model.apply(command);
        let hash = verdict.rejected.map(|_| self.engine.state_hash());
        let ratios = if quiet { self.ratios() } else { Vec::new() };
        let outcome = self.engine.apply(command);
        if outcome != self.twin.apply(command) {
            return Err("I-38: the same journal had another outcome".to_owned());
        }
        // What the engine checks by itself after every command never breaks: I-02, I-04, I-08, I-10,
        // I-11, I-18, I-22, I-23, I-26, I-27, I-42 and I-44 among them.
        if let Some(stop) = self.engine.stop() {
            return Err(format!("the engine stopped: {stop}; the model says {verdict:?}"));
        }
        // A sale that waits may be tried at any assessment, a cure forgotten at any, and the model is
        // told when it was.
        let mut freedom = Freedom::default();
        if self.engine.policy().is_some_and(|policy| policy.close == Close::Planned) {
            freedom.planned = slices(&outcome);
        }
        if !freedom.planned.is_empty() {
            self.model = before.clone();
            verdict = self.model.apply_with(command, &freedom);
        }
        same_answer(&outcome, &verdict)?;
        while let Err((event, forgot, found)) = self.same_events(&outcome, &verdict) {
            let before_it = freedom.clone();
            freedom.forget.extend(forgot);
            if freedom == before_it {
                let concerned =
                    event.map_or(Vec::new(), |event| concerned(&before, &outcome, &event));
                let mut waits = concerned.into_iter().filter(|a| before.waits(*a));
                freedom.sell.extend(waits.find(|a| !freedom.sell.contains(a)));
            }
            if freedom == before_it {
                return Err(found);
            }
            self.model = before.clone();
            verdict = self.model.apply_with(command, &freedom);
        }
        // I-43: a rejected command changes nothing but its record.
        let refused = |_: &StateHash| outcome.rejected.is_some();
        if let Some(hash) = hash.filter(refused).filter(|h| *h != self.engine.state_hash()) {
            let now = self.engine.state_hash();
            let parts: Vec<_> = hash.parts.iter().zip(&now.parts).filter(|(a, b)| a != b).collect();
            return Err(format!("I-43: refused with {:?}, but {parts:?}", outcome.rejected));
        }
        if outcome.accepted() {
            self.count(&outcome);
            self.same_balances()?;
            self.same_standings()?;
            self.same_auctions()?;
            self.same_losses()?;
            self.same_guards()?;
            self.same_memory()?;
            self.monotone(command, &outcome, &ratios)?;
        }
        // The watch list is never late: assessed plus pending equals the rescan.
        let late = self.engine.rescan();
        if !late.is_empty() {
            let told = late.iter().map(|a| (self.engine.margin_call(*a), self.engine.health(*a)));
            return Err(format!(
                "the watch list is late for {late:?}: {:?}",
                told.collect::<Vec<_>>()
            ));
        }
        Ok(verdict.rejected)
    }

    /// True for what an account of an exchange has of one margin asset, sold for another.
    fn pays_in_token(&self, sale: &Leg) -> bool {
        let kind = self.engine.assets().get(sale.asset.index()).map(|asset| asset.kind);
        let is_exchange = matches!(self.model.rule(), Some(Rule::Exchange(_)));
        is_exchange && kind == Some(AssetKind::Token)
    }

    fn count(&mut self, outcome: &Outcome) {
        let backstop = self.model.policy().map(|policy| policy.backstop);
        let close = backstop.and_then(|backstop| backstop.deleverage);
        self.count_auctions(outcome);
        for event in &outcome.events {
            let word = match &event.what {
                What::Ordered { sale, .. } if self.pays_in_token(sale) => {
                    "ordered of collateral".to_owned()
                }
                What::Ordered { reason, .. } => format!("ordered for {reason:?}"),
                What::HandedOver { .. } => "handed over".to_owned(),
                What::WithdrawalQueued { .. } => "withdrawal queued".to_owned(),
                What::WithdrawalPaid { .. } => "withdrawal paid".to_owned(),
                What::WithdrawalDropped { .. } => "withdrawal dropped".to_owned(),
                What::BandPaused { .. } => "band paused".to_owned(),
                What::StressMoved { .. } => "stress moved".to_owned(),
                What::OrderCancelled { .. } if event.cause != Cause::Command => {
                    "order off by liquidation".to_owned()
                }
                What::Happened(fact) => match fact {
                    Fact::Borne { account, bearer: Bearer::Deleveraged(_), amount } => {
                        let vault = backstop.and_then(|backstop| backstop.vault);
                        let fund = Unit::token(amount.asset);
                        let fund = self.engine.ledger().balance(Holder::Insurance, fund);
                        let pays = backstop.is_some_and(|backstop| backstop.insurance) && fund > 0;
                        for (word, met) in [
                            ("closed for a vault under water", vault == Some(*account)),
                            ("closed beside a fund with something", pays),
                        ] {
                            if met {
                                *self.told.entry(word.to_owned()).or_default() += 1;
                            }
                        }
                        format!("closed {close:?}")
                    }
                    Fact::Borne { bearer: Bearer::Socialised(_), .. } => {
                        format!("socialised {:?}", backstop.map(|backstop| backstop.socialise))
                    }
                    Fact::Borne { bearer, .. } => format!("borne by {bearer:?}"),
                    Fact::Deficit { .. } => "deficit".to_owned(),
                    Fact::TakenOver { .. } => format!("taken over by {}", cause_of(event)),
                    Fact::Settled { delivered, .. } => format!("settled, delivered {delivered}"),
                    _ => continue,
                },
                _ => continue,
            };
            *self.told.entry(word).or_default() += 1;
        }
    }

    /// What became of auctions, by format.
    fn count_auctions(&mut self, outcome: &Outcome) {
        let sold = |leg: u64| {
            outcome.facts().any(|what| matches!(what, What::LotSold { leg: of, .. } if *of == leg))
        };
        for (at, what) in outcome.facts().enumerate() {
            let (leg, word) = match what {
                What::AuctionOpened { leg, format, wanted, .. } => {
                    self.formats.insert(*leg, format.name());
                    let debt = wanted.is_some() && matches!(self.formats[leg], "english" | "dutch");
                    (leg, if debt { "opened for a debt" } else { "opened" })
                }
                What::BidPlaced { leg, bid, .. } => (leg, bid.kind()),
                What::LotSold { leg, paid: 0, .. } => (leg, "sold for nothing"),
                What::LotSold { leg, .. } => (leg, "sold"),
                What::DepositForfeited { leg, .. } => (leg, "forfeited"),
                What::AuctionRestarted { leg, .. } => (leg, "restarted"),
                What::AuctionAwarded { leg, .. } => (leg, "awarded"),
                What::WinnerDefaulted { leg, .. } => {
                    let next = outcome.facts().nth(at + 1);
                    (
                        leg,
                        match next {
                            Some(What::AuctionAwarded { .. }) => "defaulted, next",
                            Some(What::AuctionRestarted { .. }) => "defaulted, again",
                            _ => "defaulted, home",
                        },
                    )
                }
                What::AuctionClosed { leg, unsold } => {
                    let word = match (*unsold > 0, sold(*leg)) {
                        (false, _) => "closed sold out",
                        (true, true) => "closed sold in part",
                        (true, false) => "closed unsold",
                    };
                    (leg, word)
                }
                _ => continue,
            };
            let format = self.formats.get(leg).copied().unwrap_or("no auction");
            *self.told.entry(format!("{format}: {word}")).or_default() += 1;
        }
    }

    /// I-52: auctions stand alike: what is held for bidders, their own time, and what they ask.
    fn same_auctions(&self) -> Found {
        let (engine, model) = (self.engine.auctions(), self.model.auctions());
        if !engine.keys().eq(model.keys()) {
            return Err(format!("auctions {:?}, {:?} in the model", engine.keys(), model.keys()));
        }
        let mut theirs: BTreeMap<AssetId, BigInt> = BTreeMap::new();
        for (number, running) in engine {
            let known = &model[number];
            let asking = running.asking(running.elapsed_nanos).ok().flatten();
            let left = (
                (running.elapsed_nanos, running.restarts(), running.has_bids()),
                (BigInt::from(running.held), BigInt::from(running.fair)),
                (BigInt::from(running.value), running.wanted.map(BigInt::from)),
                asking.map(of_word),
            );
            let right = (
                (known.lived, known.restarts(), known.binds()),
                (known.held(), known.fair.clone()),
                (known.value.clone(), known.wanted.clone()),
                self.model.asking(*number),
            );
            if left != right {
                return Err(format!("auction {number}: {left:?}, {right:?} in the model"));
            }
            let money = self.engine.open_legs()[number].leg.proceeds_asset;
            *theirs.entry(money).or_default() += known.held();
        }
        for asset in (0..).map(AssetId).take(self.engine.assets().len()) {
            let held = self.engine.ledger().balance(Holder::Escrow, Unit::token(asset));
            let due = theirs.remove(&asset).unwrap_or_default();
            if due != held.into() {
                return Err(format!("I-52: {held} of {asset} held, {due} put down"));
            }
        }
        Ok(())
    }

    /// I-38: same journal, same hash. I-39: what is restored from bytes is what was encoded.
    pub fn restart_twin(&mut self) -> Found {
        self.same_hash()?;
        let bytes = self.engine.encode().map_err(|error| error.to_string())?;
        self.twin = Engine::restore(&bytes, Arc::clone(&self.registry))
            .map_err(|error| format!("I-39: {error}"))?;
        self.same_hash()
    }

    /// I-38 and I-39 at the end of a sequence.
    pub fn same_hash(&self) -> Found {
        let (left, right) = (self.engine.state_hash(), self.twin.state_hash());
        if left == right { Ok(()) } else { Err(format!("I-38, I-39: {left:?} and {right:?}")) }
    }

    /// The events, or the first that the model did not expect, and who was told to be no longer
    /// cured where that was free.
    fn same_events(&mut self, outcome: &Outcome, verdict: &Verdict) -> Result<(), Unexpected> {
        let mut told = outcome.events.iter().peekable();
        let mut forgot = Vec::new();
        for expected in &verdict.told {
            if told.peek() == Some(&&expected.event) {
                told.next();
                if expected.optional {
                    self.model.confirm(&expected.event.what);
                    if let What::CallMoved { account, .. } = &expected.event.what {
                        forgot.push(*account);
                    }
                }
            } else if !expected.optional {
                let (event, expected) = (told.next(), &expected.event);
                let found = format!("events differ\nengine {event:#?}\nmodel  {expected:#?}");
                return Err((event.cloned().map(Box::new), forgot, found));
            }
        }
        match told.next() {
            Some(event) => {
                let found = format!("events differ\nengine {event:#?}\nmodel  None");
                Err((Some(Box::new(event.clone())), forgot, found))
            }
            None => Ok(()),
        }
    }

    /// Every balance of every holder, and I-01: each unit sums to zero.
    fn same_balances(&self) -> Found {
        let ledger = self.engine.ledger();
        let mut found: BTreeMap<(Holder, Unit), i128> = BTreeMap::new();
        for account in self.model.pool().everybody() {
            for held in ledger.holdings(account) {
                let holder = match held.contract {
                    Some(contract) => Holder::Position(account, contract),
                    None => Holder::Account(account),
                };
                found.insert((holder, held.unit), held.balance);
            }
        }
        found.extend(ledger.pool_balances().map(|(holder, unit, b)| ((holder, unit), b)));
        let known = &self.model.pool().book;
        if found != *known {
            let (engine, model) = (only(&found, known), only(known, &found));
            return Err(format!("balances differ\nengine {engine:#?}\nmodel  {model:#?}"));
        }
        let mut sums: BTreeMap<Unit, BigInt> = BTreeMap::new();
        for ((_, unit), balance) in known {
            *sums.entry(*unit).or_default() += *balance;
        }
        let conserved = sums.values().all(Zero::is_zero)
            && self.engine.trial_balance().iter().all(|row| row.sum == 0);
        if conserved { Ok(()) } else { Err(format!("I-01: {sums:?}")) }
    }

    fn same_standings(&self) -> Found {
        let (engine, model) = (&self.engine, &self.model);
        let accounts = model.pool().accounts as usize;
        if engine.accounts() != accounts || engine.now() != model.pool().now {
            return Err(format!("{} accounts, {accounts} in the model", engine.accounts()));
        }
        for account in model.pool().everybody() {
            let (left, right) = (engine.margin_call(account), model.margin_call(account));
            if left != right {
                return Err(format!("{account}: {left:?}, {right:?} in the model"));
            }
            let health = model.rule().map(|rule| rule.health(model.pool(), account).ok());
            if health.is_some_and(|health| health != engine.health(account).ok()) {
                let engine = engine.health(account);
                return Err(format!("{account}: {engine:?}, {health:?} in the model"));
            }
        }
        if engine.open_legs() != model.legs() {
            return Err(format!("{:?}, {:?} in the model", engine.open_legs(), model.legs()));
        }
        let orders = model.pool().everybody().flat_map(|account| engine.orders().of(account));
        let orders: BTreeMap<u64, Order> = orders.map(|(number, order)| (number, *order)).collect();
        if orders != model.pool().orders {
            return Err(format!("{orders:?}, {:?} in the model", model.pool().orders));
        }
        let seen = engine.marks() == model.pool().seen.as_slice();
        let known = engine.assets() == model.pool().assets.as_slice()
            && engine.markets() == model.pool().markets.as_slice();
        if seen && known { Ok(()) } else { Err("marks, assets or markets differ".to_owned()) }
    }

    /// I-23: the bearers of each loss, and that they bore all of it.
    fn same_losses(&self) -> Found {
        let (engine, model) = (self.engine.losses(), self.model.losses());
        if engine.len() != model.len() {
            return Err(format!("losses {engine:?}, {model:?} in the model"));
        }
        for (asset, losses) in engine {
            let borne = model.get(asset).cloned().unwrap_or_default();
            let equal = borne.deficit == losses.deficit.into()
                && borne.insurance == losses.insurance.into()
                && borne.vault == losses.vault.into()
                && borne.deleveraged == losses.deleveraged.into()
                && borne.socialised == losses.socialised.into()
                && borne.outstanding == losses.outstanding.into();
            let asked = borne.insurance + borne.vault + borne.deleveraged;
            if !equal || asked + borne.socialised + borne.outstanding != borne.deficit {
                return Err(format!("I-23: {asset} {losses:?}, {:?}", model.get(asset)));
            }
        }
        Ok(())
    }

    /// I-49, I-50, I-51: gates, graces, breakers and surcharges stand alike.
    fn same_guards(&self) -> Found {
        let (engine, model) = (&self.engine, &self.model);
        let now = engine.now();
        let runs = |until: Time| Some(until).filter(|until| now < *until);
        for asset in (0..).map(AssetId).take(engine.assets().len()) {
            let left = (
                engine.gate(asset),
                engine.unpause_grace(asset),
                engine.breaker_until(asset),
                engine.surcharge(asset),
            );
            let right = (
                model.gate(asset),
                runs(model.grace_until(asset)),
                runs(model.held_until(asset)),
                model.surcharge(asset),
            );
            if left != right {
                return Err(format!("{asset}: {left:?}, {right:?} in the model"));
            }
            let pauses = (engine.band_pause(asset), runs(model.band_pause(asset)));
            if pauses.0 != pauses.1 {
                return Err(format!("{asset}: paused at a band until {pauses:?}"));
            }
        }
        let waiting: Vec<_> = engine
            .waiting_withdrawals()
            .iter()
            .map(|(number, it)| (*number, it.account, it.asset, BigInt::from(it.asked - it.paid)))
            .collect();
        if waiting != model.waiting_withdrawals() {
            return Err(format!(
                "wait: {waiting:?}, {:?} in the model",
                model.waiting_withdrawals()
            ));
        }
        let stress = (engine.stress_state(), model.stress_state());
        if stress.0 == stress.1 { Ok(()) } else { Err(format!("stress: {stress:?}")) }
    }

    /// What the rule remembers.
    fn same_memory(&self) -> Found {
        let memory = &self.model.pool().memory;
        let equal = |key: &StateKey, value: U256| {
            memory.get(key).is_some_and(|known| word(known) == Ok(value))
        };
        let mut entries = 0;
        let differs = self.engine.state().entries().find(|(key, value)| {
            entries += 1;
            !equal(key, *value)
        });
        if differs.is_none() && entries == memory.len() {
            return Ok(());
        }
        let all: BTreeMap<_, _> =
            self.engine.state().entries().map(|(key, value)| (key, of_word(value))).collect();
        let (engine, model) = (only(&all, memory), only(memory, &all));
        Err(format!("state differs\nengine {engine:#?}\nmodel  {model:#?}"))
    }

    fn ratios(&self) -> Vec<Option<Ratio>> {
        let health = |account| self.engine.health(account).ok().map(|health| health.ratio);
        self.model.pool().everybody().map(health).collect()
    }

    /// I-33: at one instant, more collateral or less debt never lowers health, and more debt or
    /// less collateral never raises it.
    fn monotone(&self, command: &Command, outcome: &Outcome, before: &[Option<Ratio>]) -> Found {
        let breakwater_engine::Body::Call(call) = &command.body else { return Ok(()) };
        let (account, up): (AccountId, bool) = match call {
            Call::Deposit { account, .. } | Call::Repay { account, .. } => (*account, true),
            Call::Withdraw { account, .. } | Call::Borrow { account, .. } => (*account, false),
            _ => return Ok(()),
        };
        let after = self.engine.health(account).ok().map(|health| health.ratio);
        let Some((before, after)) = before.get(account.index()).copied().flatten().zip(after)
        else {
            return Ok(());
        };
        // So may a takeover, where a withdrawal goes down to a line that is a breach.
        let taken_over = |event: &Event| matches!(&event.what, What::Happened(Fact::TakenOver { account: of, .. }) if *of == account);
        if outcome.events.iter().any(taken_over) {
            return Ok(());
        }
        // A write-off that follows from the command may raise what a withdrawal had lowered.
        let broken = if up { after < before } else { after > before };
        if broken { Err(format!("I-33: {call:?} moved {before} to {after}")) } else { Ok(()) }
    }
}

/// The slices that the engine has planned, by account.
pub fn slices(outcome: &Outcome) -> BTreeMap<AccountId, Vec<(Vec<Leg>, Reason)>> {
    let mut found: BTreeMap<AccountId, Vec<(Vec<Leg>, Reason)>> = BTreeMap::new();
    let mut last = None;
    for event in &outcome.events {
        let What::Ordered { account, sale, reason, .. } = &event.what else {
            last = None;
            continue;
        };
        let planned = matches!(reason, Reason::Planned | Reason::Toxic | Reason::TargetOutOfReach);
        if !planned {
            continue;
        }
        let plans = found.entry(*account).or_default();
        match plans.last_mut().filter(|_| last == Some(*account)) {
            Some((legs, _)) => legs.push(*sale),
            None => plans.push((vec![*sale], *reason)),
        }
        last = Some(*account);
    }
    found
}

fn cause_of(event: &Event) -> &'static str {
    if event.cause == Cause::Command { "command" } else { "ladder" }
}

/// For whom something was tried that an event tells.
fn concerned(before: &Model, outcome: &Outcome, event: &Event) -> Vec<AccountId> {
    match &event.what {
        What::Ordered { account, .. }
        | What::AuctionOpened { account, .. }
        | What::HandedOver { account, .. }
        | What::Happened(Fact::Deficit { account, .. } | Fact::TakenOver { account, .. }) => {
            vec![*account]
        }
        // Winners closed against one of the two.
        What::Happened(Fact::Traded { buyer, seller, .. }) => vec![*buyer, *seller],
        What::OrderCancelled { order, .. } => {
            let waited = before.pool().orders.get(order).map(|order| order.account);
            // Or it was placed by this command.
            let placed = outcome.events.iter().find_map(|event| match &event.what {
                What::OrderPlaced { order: number, terms } if number == order => {
                    Some(terms.account)
                }
                _ => None,
            });
            waited.or(placed).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// What one side has and the other has not, or has otherwise.
fn only<K: Ord + Copy, V: Eq + Clone>(a: &BTreeMap<K, V>, b: &BTreeMap<K, V>) -> Vec<(K, V)> {
    a.iter().filter(|(k, v)| b.get(k) != Some(v)).map(|(k, v)| (*k, v.clone())).collect()
}

fn same_answer(outcome: &Outcome, verdict: &Verdict) -> Found {
    let engine = outcome.rejected.as_ref().map(|rejected| rejected.rejection);
    if engine == verdict.rejected {
        return Ok(());
    }
    let (told, model) = (&outcome.rejected, verdict.rejected);
    Err(format!("answers differ: engine {told:?}, model {model:?}"))
}

/// Plays a journal from nothing and gives the first difference with its step.
pub fn play(
    library: &Rc<Library>,
    registry: &Arc<dyn Registry>,
    commands: &[Command],
) -> Result<Bench, (usize, String)> {
    let mut bench = Bench::new(library, registry);
    for (at, command) in commands.iter().enumerate() {
        bench.step(command).map_err(|found| (at, found))?;
        if at == commands.len() / 2 {
            bench.restart_twin().map_err(|found| (at, found))?;
        }
    }
    let end = commands.len().saturating_sub(1);
    bench.same_hash().map_err(|found| (end, found))?;
    Ok(bench)
}

/// The shortest journal that still shows a difference: commands are left out as long as one
/// remains.
pub fn shrink(
    library: &Rc<Library>,
    registry: &Arc<dyn Registry>,
    commands: &[Command],
) -> (Vec<Command>, String) {
    // A shorter journal may show another difference, which is not what was asked for.
    let sort = |found: &str| found.split([':', '{']).next().unwrap_or_default().to_owned();
    let mut best = commands.to_vec();
    let mut found = match play(library, registry, &best) {
        Err((at, found)) => {
            best.truncate(at + 1);
            found
        }
        Ok(_) => return (best, "the difference does not show when replayed".to_owned()),
    };
    let mut width = best.len() / 2;
    while width > 0 {
        let mut from = 0;
        while from < best.len() {
            let mut shorter = best.clone();
            shorter.drain(from..(from + width).min(shorter.len()));
            match play(library, registry, &shorter) {
                Err((at, why)) if sort(&why) == sort(&found) => {
                    shorter.truncate(at + 1);
                    best = shorter;
                    found = why;
                }
                _ => from += width,
            }
        }
        width /= 2;
    }
    (best, found)
}

/// The rulebooks untouched.
pub fn plugged() -> Arc<dyn Registry> {
    Arc::new(Plugged)
}
