//! A lending book drawn to the shape of any rulebook, from a seed.
//!
//! Assets, with decimals and prices, are those of the shipped scenario that the shape names, and the
//! venue's own currency at one. Every account has as many collaterals and debts as the shape lets it
//! have, at most four and three, chosen in proportion to `1 / (rank + 1)`, debts that do not move with
//! the driver six times as often. Collateral is lognormal around 5,000 of the numeraire (deviation
//! 2), health `1.05 + 0.45 exp(z)` with a normal `z`. One account in a hundred is dust, at a health of
//! 1.05, where the venue has no least debt: small enough to try every amount of a call. Account 0 is
//! as large as all others together may be expected to be, at a health of ten, so that a venue that
//! looks at the pool as a whole finds it sound.
//!
//! How much a collateral counts for a debt is asked of the rulebook itself: an account a pair, first
//! with a tenth of its collateral owed and then at a health of about 1.5, assessed. Where health is
//! not linear in the debt the drawn one is met only roughly.

use crate::draw::Draw;
use crate::lending_pool::open_guard;
use crate::pool::{BEGINNING, Pool};
use crate::{Failure, Result};
use breakwater_engine::{Command, Engine, Outcome};
use breakwater_liquidation::{AccountShape, Policy, Reach};
use breakwater_money::AccountId;
use breakwater_simulate::book::{Book, BookAccount, BookAsset, PRICE_DECIMALS};
use breakwater_simulate::world::{self, Host, Setting};
use breakwater_simulate::{Scenario, ScenarioError, Thresholds, Watcher, registry};
use std::collections::BTreeMap;
use std::time::Instant;

/// The scenario whose assets and prices books are drawn over.
const SCENARIO: &str = "black-thursday";

/// Least health of a drawn account, but for rounding.
const HEALTH_LEAST: f64 = 1.05;

/// Health of account 0, and what each other account adds to its collateral: about their mean.
const HEALTH_FIRST: f64 = 10.0;
const VALUE_EACH: f64 = 40_000.0;

/// One account in so many is dust, by lot.
const DUST_ONE_IN: u64 = 100;

/// Collateral of an account that asks, in the numeraire.
const VALUE_ASKED: f64 = 1e7;

/// Commands between two looks at the clock while a book is set up.
const LOOK_EVERY: u64 = 1_024;

/// A shipped rulebook that takes a lending book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shaped {
    /// Name of its file.
    pub name: &'static str,
    /// Name under which its rule is plugged in.
    pub rule: String,
    /// Its parameters.
    pub text: &'static str,
    /// What an account can hold and owe.
    pub shape: AccountShape,
}

/// Every shipped rulebook with an account shape, in the order of shipping.
///
/// # Errors
/// A shipped file that does not parse.
pub fn shipped() -> Result<Vec<Shaped>> {
    let refused = |why: String| Failure::Refused { what: "parameters", why };
    let mut all = Vec::new();
    for (name, text) in breakwater_rulebooks::shipped() {
        let table: toml::Table = toml::from_str(text).map_err(|why| refused(why.to_string()))?;
        let rule = table.get("rule").and_then(toml::Value::as_str).unwrap_or_default().to_owned();
        if let Some(shape) = breakwater_rulebooks::shape(&rule, text).map_err(refused)? {
            all.push(Shaped { name, rule, text, shape });
        }
    }
    Ok(all)
}

/// Something that may be owed, with what may secure it.
#[derive(Debug, Clone, PartialEq)]
struct Owable {
    place: usize,
    weight: u64,
    /// What a collateral counts, by place.
    counts: BTreeMap<usize, f64>,
}

/// From what books of one rulebook are drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawer<'a> {
    shaped: &'a Shaped,
    assets: Vec<BookAsset>,
    owables: Vec<Owable>,
}

/// Follows a set-up and ends it when its time is over.
struct Clock {
    ends: Option<Instant>,
    commands: u64,
    opened: u64,
    over: bool,
}

impl Watcher for Clock {
    fn command(&mut self, command: &Command) -> std::result::Result<(), String> {
        self.commands += 1;
        self.opened +=
            u64::from(matches!(command.body, breakwater_engine::Body::OpenAccount { .. }));
        if self.commands.is_multiple_of(LOOK_EVERY) {
            self.over = self.ends.is_some_and(|ends| Instant::now() >= ends);
        }
        if self.over { Err("the time is over".to_owned()) } else { Ok(()) }
    }

    fn outcome(&mut self, _: &Command, _: &Outcome) {}
}

/// What became of a set-up.
#[derive(Debug)]
pub enum Founded {
    /// The book is in, everybody assessed.
    Whole(Box<Pool>),
    /// The time was over after so many accounts.
    Unfinished(u64),
}

fn refused(why: &ScenarioError) -> Failure {
    Failure::Refused { what: "set-up", why: why.to_string() }
}

/// Base units of an asset worth `value` in the numeraire, at least one.
fn units(asset: &BookAsset, value: f64) -> u128 {
    let price = asset.price as f64 / 10f64.powi(i32::from(PRICE_DECIMALS));
    ((value / price * 10f64.powi(i32::from(asset.decimals))) as u128).max(1)
}

fn account(label: String, collateral: Vec<(usize, u128)>, debt: Vec<(usize, u128)>) -> BookAccount {
    BookAccount { label, threshold_bps: 0, source_health: None, collateral, debt }
}

/// Different places, chosen by weight, each with its share of one.
fn choose(draw: &mut Draw, mut weights: Vec<(usize, u64)>, count: usize) -> Vec<(usize, f64)> {
    let mut chosen = Vec::new();
    while chosen.len() < count && !weights.is_empty() {
        let bare: Vec<u64> = weights.iter().map(|(_, weight)| *weight).collect();
        let (place, _) = weights.remove(draw.weighted(&bare));
        chosen.push((place, draw.unit()));
    }
    let whole: f64 = chosen.iter().map(|(_, part)| part).sum();
    chosen.iter_mut().for_each(|(_, part)| *part /= whole);
    chosen
}

impl<'a> Drawer<'a> {
    /// The drawer of a rulebook's books: asks the rulebook what each collateral counts.
    ///
    /// # Errors
    /// The engine refused the book of the question, or no collateral counts.
    pub fn new(shaped: &'a Shaped) -> Result<Drawer<'a>> {
        let shape = &shaped.shape;
        let scenario = Scenario::open(SCENARIO).map_err(|why| refused(&why))?;
        let mut assets = scenario.book.assets;
        if let Some((symbol, decimals)) = &shape.currency {
            assets.retain(|asset| asset.symbol != *symbol);
            assets.push(BookAsset {
                symbol: symbol.clone(),
                decimals: *decimals,
                price: 10u128.pow(u32::from(PRICE_DECIMALS)),
                moves_with_driver: false,
            });
        }
        let named = |symbol: &String| {
            let secures = shape.secured_by.values().any(|list| list.contains(symbol));
            secures || shape.secured_by.contains_key(symbol)
        };
        assets.retain(|asset| named(&asset.symbol));
        let place = |symbol: &String| assets.iter().position(|asset| asset.symbol == *symbol);
        let mut pairs = Vec::new();
        for (debt, collaterals) in &shape.secured_by {
            let Some(debt) = place(debt) else { continue };
            pairs.extend(collaterals.iter().filter_map(place).map(|held| (debt, held)));
        }
        // Nobody owes what it holds.
        pairs.retain(|(debt, held)| debt != held);
        let mut drawer = Drawer { shaped, assets, owables: Vec::new() };
        drawer.ask(&pairs)?;
        Ok(drawer)
    }

    /// Asks what each collateral counts for each debt.
    fn ask(&mut self, pairs: &[(usize, usize)]) -> Result<()> {
        let mut owed = vec![VALUE_ASKED / 10.0; pairs.len()];
        let mut owables: BTreeMap<usize, BTreeMap<usize, f64>> = BTreeMap::new();
        for _ in 0..2 {
            let healths = self.healths(pairs, &owed)?;
            owables.clear();
            for (((debt, held), owed), health) in pairs.iter().zip(&mut owed).zip(healths) {
                let counts = health * *owed / VALUE_ASKED;
                if counts > 0.0 {
                    owables.entry(*debt).or_default().insert(*held, counts);
                    *owed = counts * VALUE_ASKED / 1.5;
                }
            }
        }
        let owable = |(rank, (place, counts)): (u64, (usize, BTreeMap<usize, f64>))| {
            let often = if self.assets[place].moves_with_driver { 1 } else { 6 };
            Owable { place, weight: often * 1_000_000 / rank, counts }
        };
        self.owables = (1..).zip(owables).map(owable).collect();
        if self.owables.is_empty() {
            let why = format!("{}: no collateral counts", self.shaped.name);
            return Err(Failure::Refused { what: "drawing", why });
        }
        Ok(())
    }

    /// Health of an account a pair of debt and collateral.
    fn healths(&self, pairs: &[(usize, usize)], owed: &[f64]) -> Result<Vec<f64>> {
        let one = |((debt, held), owed): (&(usize, usize), &f64)| {
            let held = (*held, units(&self.assets[*held], VALUE_ASKED));
            let owed = (*debt, units(&self.assets[*debt], *owed));
            account("asks".to_owned(), vec![held], vec![owed])
        };
        let accounts = pairs.iter().zip(owed).map(one).collect();
        let book = Book { assets: self.assets.clone(), accounts };
        let Founded::Whole(pool) = self.found(&book, None)? else {
            return Err(Failure::Refused { what: "set-up", why: "no time was set".to_owned() });
        };
        let count = u32::try_from(pairs.len()).unwrap_or(u32::MAX);
        let health = |account| {
            let health = pool
                .engine
                .health(account)
                .map_err(|why| Failure::Refused { what: "assess", why: why.to_string() })?;
            Ok(health.equity as f64 / health.requirement.max(1) as f64)
        };
        (0..count).map(AccountId).map(health).collect()
    }

    /// A book of `accounts`; account `n` is the same in a book of any size, but for the first.
    #[must_use]
    pub fn draw(&self, accounts: u32, seed: u64) -> Book {
        let one = |number| match number {
            0 => self.account(0, seed, Some(f64::from(accounts) * VALUE_EACH)),
            _ => self.account(number, seed, None),
        };
        let accounts = (0..accounts).map(one).collect();
        Book { assets: self.assets.clone(), accounts }
    }

    /// The account of a number; with a value given, the first.
    fn account(&self, number: u32, seed: u64, first: Option<f64>) -> BookAccount {
        let mut draw = Draw::new(seed, u64::from(number));
        let mut most = |reach: Reach, weights: &[u64]| match reach {
            Reach::One => 1,
            Reach::Many => 1 + draw.weighted(weights),
        };
        let held = most(self.shaped.shape.collaterals, &[35, 35, 20, 10]);
        let owed = most(self.shaped.shape.debts, &[70, 25, 5]);
        let all = self.owables.iter().enumerate().map(|(at, owable)| (at, owable.weight));
        let mut debts = choose(&mut draw, all.collect(), owed);
        // What secures all of them and is none of them; else what secures the first.
        let secures = |debts: &[(usize, f64)], place: usize| {
            let owables = || debts.iter().map(|(at, _)| &self.owables[*at]);
            owables().all(|o| o.counts.contains_key(&place) && o.place != place)
        };
        let leading = &self.owables[debts[0].0].counts;
        if !leading.keys().any(|place| secures(&debts, *place)) {
            debts = vec![(debts[0].0, 1.0)];
        }
        let places = leading.keys().copied().filter(|place| secures(&debts, *place));
        let ranked = (1..).zip(places).map(|(rank, place)| (place, 1_000_000 / rank));
        let collaterals = choose(&mut draw, ranked.collect(), held);
        let least = self.shaped.shape.debt_least as f64;
        let dust = draw.below(DUST_ONE_IN) == 0 && least == 0.0;
        let mut value = (5_000.0 * libm::exp(2.0 * draw.normal())).clamp(100.0, 5e7);
        let mut health = HEALTH_LEAST + 0.45 * libm::exp(draw.normal());
        if dust {
            (value, health) = (0.002 + 0.006 * draw.unit(), HEALTH_LEAST);
        }
        if let Some(first) = first {
            (value, health) = (first, HEALTH_FIRST);
        }
        let mut counted = 0.0;
        for (place, part) in &collaterals {
            for (at, share) in &debts {
                counted += value * part * share * self.owables[*at].counts[place];
            }
        }
        // A tenth above the least, so that no rounding falls below it.
        let grown = (1.1 * least * health / counted).max(1.0);
        let debt = grown * counted / health;
        let held = |(place, part): &(usize, f64)| {
            (*place, units(&self.assets[*place], grown * value * part))
        };
        let owed = |(at, share): &(usize, f64)| {
            let place = self.owables[*at].place;
            (place, units(&self.assets[place], debt * share))
        };
        let (held, owed) = (collaterals.iter().map(held), debts.iter().map(owed));
        account(number.to_string(), held.collect(), owed.collect())
    }

    /// Puts a book into an engine as the scenarios do, under the venue as it is, until `ends`.
    ///
    /// # Errors
    /// The engine refused a command.
    pub fn found(&self, book: &Book, ends: Option<Instant>) -> Result<Founded> {
        let setting = Setting {
            rule: &self.shaped.rule,
            parameters: self.shaped.text,
            policy: &Policy::as_is(),
            guard: &open_guard(),
            thresholds: Thresholds::AsDeployed,
            vault_share: 600_000_000_000_000_000,
        };
        let mut clock = Clock { ends, commands: 0, opened: 0, over: false };
        let mut host = Host::new(Engine::new(registry()), &mut clock);
        let founded = world::found(&mut host, book, BEGINNING, &setting);
        let engine = host.engine;
        match founded {
            Err(_) if clock.over => Ok(Founded::Unfinished(clock.opened)),
            Err(why) => Err(refused(&why)),
            Ok(()) => {
                let mut pool = Pool { engine, now: BEGINNING };
                pool.settle()?;
                Ok(Founded::Whole(Box::new(pool)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use breakwater_simulate::fitting::fit;

    #[test]
    fn a_drawn_book_fits_its_shape_as_it_is() {
        let shipped = shipped().unwrap();
        assert!(shipped.len() > 1);
        for shaped in &shipped {
            let book = Drawer::new(shaped).unwrap().draw(300, 1);
            let fitted = fit(&book, &shaped.shape).unwrap();
            assert_eq!(fitted.mapped, [], "{}", shaped.name);
            assert_eq!(fitted.book.accounts.len(), 300, "{}", shaped.name);
        }
    }

    #[test]
    fn an_account_is_the_same_in_a_book_of_any_size() {
        let shipped = shipped().unwrap();
        let drawer = Drawer::new(&shipped[0]).unwrap();
        assert_eq!(drawer.draw(300, 7).accounts[1..20], drawer.draw(20, 7).accounts[1..]);
        assert_ne!(drawer.draw(20, 8).accounts, drawer.draw(20, 7).accounts);
    }

    #[test]
    fn a_set_up_ends_when_its_time_is_over() {
        let shipped = shipped().unwrap();
        let drawer = Drawer::new(&shipped[0]).unwrap();
        let book = drawer.draw(2_000, 1);
        let ended = drawer.found(&book, Some(Instant::now())).unwrap();
        assert!(matches!(ended, Founded::Unfinished(1..2_000)), "{ended:?}");
    }
}
