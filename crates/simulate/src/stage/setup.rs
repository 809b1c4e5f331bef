//! Setting a run up, and refusing what makes no sense.

use super::{Stage, planned};
use crate::book::{Book, PRICE_DECIMALS};
use crate::fitting::{self, Fitted, Mapped};
use crate::market::{self, Kind, Markets, ONE, Pool, overflow, share};
use crate::options::{AuctionName, PolicyChoice, RunOptions};
use crate::path::{PathPoint, price_at, trough};
use crate::plugged::registry;
use crate::record::Totals;
use crate::watcher::Watcher;
use crate::world::{self, Host, Setting};
use crate::{Scenario, ScenarioError, planning, risk, story};
use breakwater_engine::Engine;
use breakwater_liquidation::policy::Guards;
use breakwater_liquidation::{AuctionTerms, CallState, Close, Disposal, Policy, Seller, Sides};
use breakwater_margin::Ratio;
use breakwater_market::Guard;
use breakwater_money::rounding::{Rounding, mul_div};
use breakwater_money::time::NANOS_PER_SECOND;
use breakwater_money::{AccountId, Price, Time, decimal};
use std::collections::{BTreeMap, BTreeSet};

/// Falls of the liquidations-at-risk curve, per cent.
const FALLS: std::ops::RangeInclusive<u32> = 0..=60;

impl<'a> Stage<'a> {
    /// Sets everything up at the first instant of the path.
    pub(crate) fn found(
        scenario: &'a Scenario,
        options: &RunOptions,
        watcher: &'a mut dyn Watcher,
        path: &[PathPoint],
        curves: bool,
    ) -> Result<Stage<'a>, ScenarioError> {
        let settings = &scenario.settings;
        let (rule, parameters) = rulebook(scenario, options)?;
        let (book, mapped, debt_whole) = fitted(scenario, &rule, &parameters)?;
        let place = |symbol: &str| book.asset(symbol).unwrap_or(0);
        let (driver, staked) = (place(&settings.driver.asset), place(&settings.driver.staked));
        let kinds = kinds(scenario, &book);
        let start = path.first().map_or(Time(0), |point| point.at);
        let policy = policy(scenario, options, &book.assets)?;
        let mut host = Host::new(Engine::new(registry()), watcher);
        let guard = Guard {
            decimals: PRICE_DECIMALS,
            age_max_nanos: minutes(settings.guard.age_max_minutes),
            ahead_max_nanos: NANOS_PER_SECOND,
            band_bps: settings.guard.band_bps,
            spread_max_bps: 1_000,
            grace_nanos: minutes(settings.guard.grace_minutes),
        };
        let vault_share = share("venue.vault_share", &settings.venue.vault_share, ONE)?;
        let setting = Setting {
            rule: &rule,
            parameters: &parameters,
            policy: &policy,
            guard: &guard,
            thresholds: options.thresholds,
            vault_share,
        };
        world::found(&mut host, &book, start, &setting)?;
        let driver_price = Price::new(book.assets[driver].price, PRICE_DECIMALS);
        let table_peg = mul_div(book.assets[staked].price, ONE, driver_price.raw, Rounding::HalfUp);
        let peg = match &options.peg {
            None => table_peg.map_err(overflow)?,
            Some(text) => above_zero("peg", share("peg", text, 2 * ONE)?, text)?,
        };
        let feedback = options.feedback.as_deref().unwrap_or(&settings.depth.feedback);
        let capital = options.keeper_capital.as_deref().map(|text| {
            decimal::parse_raw(text, PRICE_DECIMALS)
                .map_err(|error| ScenarioError::setting("keeper-capital", error.to_string()))
        });
        let moving: Vec<bool> = book.assets.iter().map(|a| a.moves_with_driver).collect();
        let variance = match (&policy.planner, &settings.planner) {
            (Some(_), Some(stated)) => Some(planning::Variance::stated(stated)?),
            _ => None,
        };
        let (collateral, owed) = planned::sides(&book);
        let mut stage = Stage {
            variance,
            collateral,
            owed,
            policy,
            shock: story::shock(scenario, options, path),
            markets: markets(scenario, options, path)?,
            kinds,
            staked,
            driver,
            peg,
            feedback: share("feedback", feedback, ONE)?,
            peg_feedback: share("depth.peg_feedback", &settings.depth.peg_feedback, ONE)?,
            gas_units: u128::from(settings.keepers.gas_units),
            gas_on: options.gas,
            gas_wei: 0,
            capital: capital.transpose()?,
            capital_left: None,
            start,
            now: start,
            round: 1,
            totals: Totals::default(),
            prices: Vec::with_capacity(path.len()),
            liquidations: Vec::new(),
            rounds: Vec::new(),
            before: risk::distribution(&host.engine, "before"),
            trough: risk::distribution(&host.engine, "trough"),
            at_risk: Vec::new(),
            sold: Vec::new(),
            warned: BTreeSet::new(),
            called: BTreeSet::new(),
            hit: BTreeSet::new(),
            bankrupt: BTreeSet::new(),
            left_alone: BTreeSet::new(),
            reasons: BTreeMap::new(),
            on_auction: BTreeMap::new(),
            driver_before: driver_price,
            curves,
            lowest: trough(path),
            thresholds: options.thresholds,
            mapped,
            scenario,
            book,
            moving,
            host,
        };
        stage.totals.debt_whole = debt_whole;
        stage.opening(path)?;
        Ok(stage)
    }

    /// What is known before the first move.
    fn opening(&mut self, path: &[PathPoint]) -> Result<(), ScenarioError> {
        let engine = &self.host.engine;
        if self.curves {
            let falls: Vec<u32> = FALLS.map(|percent| percent * 100).collect();
            self.at_risk = risk::at_risk(engine, &self.moving, &falls);
        }
        let start = self.driver_before.raw;
        self.totals.accounts = self.book.accounts.len() as u64;
        engine.look(|view| {
            for account in (0..).map(AccountId).take(engine.accounts()) {
                let Sides { collateral, debt } = risk::sides(engine, view, account);
                self.totals.collateral_start += collateral;
                self.totals.debt_start += debt;
            }
        });
        self.totals.driver_start = start;
        self.totals.driver_low = start;
        self.totals.driver_path_low = price_at(start, trough(path))?;
        // Who stands below a line already was warned or called by the first prices.
        for account in (0..).map(AccountId).take(engine.accounts()) {
            match engine.margin_call(account).map(|call| call.state) {
                Some(CallState::Warned) => {
                    self.warned.insert(account);
                }
                Some(CallState::Called) => {
                    self.called.insert(account);
                    let reason = "below the line already at the start".to_owned();
                    self.reasons.insert(account, reason);
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn minutes(count: u32) -> u64 {
    u64::from(count) * 60 * NANOS_PER_SECOND
}

fn above_zero(field: &str, raw: u128, text: &str) -> Result<u128, ScenarioError> {
    match raw {
        0 => Err(ScenarioError::setting(field, format!("{text} leaves no price; above zero"))),
        raw => Ok(raw),
    }
}

/// Name under which the rulebook's file is plugged in, and its text.
fn rulebook(scenario: &Scenario, options: &RunOptions) -> Result<(String, String), ScenarioError> {
    let (name, text) = options.rulebook.as_ref().unwrap_or(&scenario.rulebook);
    let table: toml::Table = toml::from_str(text)
        .map_err(|error| ScenarioError::setting(name.clone(), error.to_string()))?;
    let Some(rule) = table.get("rule").and_then(toml::Value::as_str) else {
        let reason = "has no 'rule'; expected the name of a rulebook this build has";
        return Err(ScenarioError::setting(name.clone(), reason));
    };
    let rule = match options.policy {
        PolicyChoice::AsIs | PolicyChoice::Guarded => rule,
        PolicyChoice::VenueTarget
        | PolicyChoice::VenueFull
        | PolicyChoice::VenuePlanned
        | PolicyChoice::Auction(_) => "secured-loan",
    };
    Ok((rule.to_owned(), text.clone()))
}

/// How each asset of a book is sold, by the scenario's names.
pub(crate) fn kinds(scenario: &Scenario, book: &Book) -> Vec<Kind> {
    let driver = &scenario.settings.driver;
    let kind = |symbol: &String| match symbol {
        symbol if *symbol == driver.staked => Kind::Staked,
        symbol if driver.ether.contains(symbol) => Kind::Ether,
        _ => Kind::Dollar,
    };
    book.assets.iter().map(|asset| kind(&asset.symbol)).collect()
}

/// The book as the rulebook's accounts can take it, what was done to it, and the value of all debt.
fn fitted(
    scenario: &Scenario,
    rule: &str,
    parameters: &str,
) -> Result<(Book, Vec<Mapped>, u128), ScenarioError> {
    let shape = breakwater_rulebooks::shape(rule, parameters).map_err(|why| {
        ScenarioError::Refused { what: "the rulebook's parameters".to_owned(), why }
    })?;
    let Some(shape) = shape else {
        let reason = format!("'{rule}' takes no lending book");
        return Err(ScenarioError::setting("rulebook", reason));
    };
    let Fitted { book, mapped, debt_whole, .. } = fitting::fit(&scenario.book, &shape)?;
    Ok((book, mapped, debt_whole))
}

fn policy(
    scenario: &Scenario,
    options: &RunOptions,
    assets: &[crate::book::BookAsset],
) -> Result<Policy, ScenarioError> {
    let settings = &scenario.settings;
    let ratio = |field: &str, text: &str| {
        decimal::parse_raw(text, 18)
            .map(Ratio::new)
            .map_err(|error| ScenarioError::setting(field, error.to_string()))
    };
    let lot = decimal::parse_raw(&settings.venue.lot_value, PRICE_DECIMALS);
    let lot_value =
        lot.map_err(|error| ScenarioError::setting("venue.lot_value", error.to_string()))?;
    let guarded = Guards { fresh_marks: true, grace: true, ..Guards::default() };
    let sells = |name: &str, close| Policy {
        name: name.to_owned(),
        seller: Seller::Venue,
        close,
        guards: guarded,
        lot_value,
        slippage_bps: settings.venue.slippage_bps,
        ..Policy::as_is()
    };
    let policy = match options.policy {
        PolicyChoice::AsIs => Policy::as_is(),
        PolicyChoice::Guarded => {
            let text = &settings.policy.cleaning_loss;
            let cleaning_loss_max = decimal::parse_raw(text, PRICE_DECIMALS).map_err(|error| {
                ScenarioError::setting("policy.cleaning_loss", error.to_string())
            })?;
            Policy { lot_value, cleaning_loss_max, ..Policy::guarded() }
        }
        PolicyChoice::VenueTarget => sells("to target, minimal lots", Close::Target),
        PolicyChoice::VenueFull => sells("full close at market", Close::Full),
        PolicyChoice::VenuePlanned => Policy {
            planner: Some(planning::terms(
                settings.planner.as_ref(),
                minutes(settings.guard.age_max_minutes),
            )?),
            ..sells("planned over depth", Close::Planned)
        },
        PolicyChoice::Auction(name) => {
            let (title, terms) = auction(scenario, name, assets)?;
            let disposal = Disposal::Auction(terms);
            Policy { disposal, ..sells(&title, Close::Full) }
        }
    };
    Ok(Policy {
        warn_ratio: ratio("policy.warn_ratio", &settings.policy.warn_ratio)?,
        target_ratio: ratio("policy.target_ratio", &settings.policy.target_ratio)?,
        ..policy
    })
}

/// Title and terms of one of the scenario's auctions.
fn auction(
    scenario: &Scenario,
    name: AuctionName,
    assets: &[crate::book::BookAsset],
) -> Result<(String, AuctionTerms), ScenarioError> {
    let key = name.key();
    let Some(stated) = scenario.settings.auctions.get(key) else {
        let reason = format!("missing, expected [auctions.{key}] in the scenario");
        return Err(ScenarioError::setting(format!("auctions.{key}"), reason));
    };
    let mut terms = stated.terms.clone();
    for (symbol, lot) in &stated.lots {
        let field = format!("auctions.{key}.lots.{symbol}");
        // What a rulebook does not take of the book has no lots.
        let Some(asset) = assets.iter().find(|asset| asset.symbol == *symbol) else { continue };
        let lot = decimal::parse_raw(lot, asset.decimals)
            .map_err(|error| ScenarioError::setting(&field, error.to_string()))?;
        terms.lots_max.insert(symbol.clone(), lot);
    }
    Disposal::Auction(terms.clone())
        .validate()
        .map_err(|why| ScenarioError::setting(format!("auctions.{key}"), why))?;
    Ok((stated.title.clone(), terms))
}

pub(crate) fn markets(
    scenario: &Scenario,
    options: &RunOptions,
    path: &[PathPoint],
) -> Result<Markets, ScenarioError> {
    let depth = &scenario.settings.depth;
    let scale = options.depth_scale.as_deref().unwrap_or("1");
    let scale = above_zero("depth-scale", share("depth-scale", scale, 1_000_000 * ONE)?, scale)?;
    let ladder = |at: usize| {
        let (file, text) = &scenario.texts[at];
        // Twelve decimals of the quote: finer than any price here, far from overflow.
        market::read_ladder(file, text, 12, (scale, ONE)).map(Pool::new)
    };
    let step = match path {
        [first, second, ..] => second.at.seconds_since(first.at),
        _ => 0,
    };
    let half_life = u64::from(depth.recovery_half_life_minutes) * 60;
    let wrapped = &depth.staked_per_wrapped;
    let wrapped = above_zero(
        "depth.staked_per_wrapped",
        share("depth.staked_per_wrapped", wrapped, 1_000 * ONE)?,
        wrapped,
    )?;
    if depth.par_discount_bps >= 10_000 {
        let reason = format!("{} leaves nothing; below 10000", depth.par_discount_bps);
        return Err(ScenarioError::setting("depth.par_discount_bps", reason));
    }
    Ok(Markets {
        dollar: ladder(3)?,
        ether: ladder(4)?,
        staked_per_wrapped: wrapped,
        par_discount_bps: u128::from(depth.par_discount_bps),
        left_after_step: market::left_after(step, half_life),
        impact: options.impact,
    })
}
