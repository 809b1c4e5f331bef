//! The stage of one run: the pool, the markets around it, and what is written down.

use crate::book::PRICE_DECIMALS;
use crate::keeper::{Deal, Decision, Keeper};
use crate::market::{self, Kind, Markets, Marks, ONE, Pool, overflow, share};
use crate::options::{PolicyChoice, RunOptions};
use crate::path::{PathPoint, price_at};
use crate::plugged::registry;
use crate::record::{
    AtRiskRow, BalanceRow, Bearers, DepthRow, HealthMoment, Liquidation, PricePoint, Round, Run,
    Totals,
};
use crate::watcher::{Progress, Watcher};
use crate::world::{self, Host, asset_id, market_id};
use crate::{Scenario, ScenarioError, risk, story};
use breakwater_engine::{Body, Engine, OpenLeg, Outcome, What};
use breakwater_liquidation::effects::Bearer;
use breakwater_liquidation::plan::proceeds;
use breakwater_liquidation::policy::Guards;
use breakwater_liquidation::{CallState, Close, Fact, Policy, Seller};
use breakwater_margin::{Health, Ratio};
use breakwater_market::Guard;
use breakwater_money::rounding::{Rounding, mul_div, pow10};
use breakwater_money::time::NANOS_PER_SECOND;
use breakwater_money::{AccountId, Amount, AssetId, Class, Price, Time, U256, decimal};
use std::collections::{BTreeMap, BTreeSet};

/// Rounds at one price point after which a run gives up: impact falls geometrically, so that a
/// cascade ends long before.
const ROUNDS_MAX: u32 = 64;
/// Calls on one account in one round: half of the debt each time leaves dust long before.
const CALLS_MAX: u32 = 64;
/// Falls of the liquidations-at-risk curve, basis points.
const FALLS: std::ops::RangeInclusive<u32> = 0..=60;
/// Amounts of the depth curve that are shown.
const DEPTH_ROWS: u128 = 48;

pub(crate) struct Stage<'a> {
    scenario: &'a Scenario,
    host: Host<'a>,
    policy: Policy,
    shock: String,
    markets: Markets,
    kinds: Vec<Kind>,
    moving: Vec<bool>,
    staked: usize,
    driver: usize,
    /// Staked over driver at the start, at 1e18.
    peg: u128,
    feedback: u128,
    peg_feedback: u128,
    gas_units: u128,
    gas_on: bool,
    gas_wei: u128,
    capital: Option<u128>,
    start: Time,
    now: Time,
    round: u32,
    totals: Totals,
    prices: Vec<PricePoint>,
    liquidations: Vec<Liquidation>,
    rounds: Vec<Round>,
    before: HealthMoment,
    trough: HealthMoment,
    at_risk: Vec<AtRiskRow>,
    sold: Vec<(u128, String)>,
    warned: BTreeSet<AccountId>,
    called: BTreeSet<AccountId>,
    hit: BTreeSet<AccountId>,
    bankrupt: BTreeSet<AccountId>,
    left_alone: BTreeSet<AccountId>,
    reasons: BTreeMap<AccountId, String>,
    driver_before: Price,
    /// Whether curves and distributions are wanted beside totals.
    curves: bool,
    /// Lowest factor of the path.
    lowest: u128,
}

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
        let book = &scenario.book;
        let place = |symbol: &str| book.asset(symbol).unwrap_or(0);
        let (driver, staked) = (place(&settings.driver.asset), place(&settings.driver.staked));
        let kinds: Vec<Kind> = book
            .assets
            .iter()
            .map(|asset| match &asset.symbol {
                symbol if *symbol == settings.driver.staked => Kind::Staked,
                symbol if settings.driver.ether.contains(symbol) => Kind::Ether,
                _ => Kind::Dollar,
            })
            .collect();
        let start = path.first().map_or(Time(0), |point| point.at);
        let policy = policy(scenario, options)?;
        let (rule, parameters) = rulebook(scenario, options)?;
        let mut host = Host::new(Engine::new(registry()), watcher);
        let guard = Guard {
            decimals: PRICE_DECIMALS,
            age_max_nanos: minutes(settings.guard.age_max_minutes),
            ahead_max_nanos: NANOS_PER_SECOND,
            band_bps: settings.guard.band_bps,
            spread_max_bps: 1_000,
            grace_nanos: minutes(settings.guard.grace_minutes),
        };
        world::found(&mut host, book, start, &guard, (&rule, &parameters), &policy)?;
        let driver_price = Price::new(book.assets[driver].price, PRICE_DECIMALS);
        let table_peg =
            mul_div(book.assets[staked].price, ONE, driver_price.raw, Rounding::HalfUp);
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
        let mut stage = Stage {
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
            driver_before: driver_price,
            curves,
            lowest: crate::path::trough(path),
            scenario,
            moving,
            host,
        };
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
        self.totals.accounts = engine.accounts() as u64;
        engine.look(|view| {
            for account in (0..).map(AccountId).take(engine.accounts()) {
                let (collateral, debt) = risk::sides(view, account);
                self.totals.collateral_start += collateral;
                self.totals.debt_start += debt;
            }
        });
        self.totals.driver_start = start;
        self.totals.driver_low = start;
        self.totals.driver_path_low = price_at(start, crate::path::trough(path))?;
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

    /// One price point: recovery, prices, and rounds of liquidation until nothing more follows.
    pub(crate) fn point(&mut self, point: &PathPoint) -> Result<(), ScenarioError> {
        if point.at > self.start {
            self.markets.recover();
        }
        self.now = point.at;
        self.gas_wei = point.gas_wei;
        self.round = 1;
        let mut marks = self.marks_for(point.factor)?;
        self.send(&marks, point.opens_bar)?;
        let mut rounds = 0;
        loop {
            let before = self.liquidations.len();
            match self.policy.seller {
                Seller::Keepers => self.keepers()?,
                Seller::Venue => self.venue()?,
            }
            let moved = self.liquidations.len() > before;
            rounds += u32::from(moved);
            let next = self.marks_for(point.factor)?;
            if !moved || next == marks || self.round >= ROUNDS_MAX {
                break;
            }
            marks = next;
            self.round += 1;
            self.send(&marks, false)?;
        }
        self.totals.rounds_most = self.totals.rounds_most.max(rounds);
        self.totals.points_with_cascade += u64::from(rounds > 1);
        self.note(point)
    }

    /// Writes the point down, and the distribution of health if it is the lowest so far.
    fn note(&mut self, point: &PathPoint) -> Result<(), ScenarioError> {
        let mark = self.driver_mark()?.raw;
        self.prices.push(PricePoint {
            at_seconds: point.at.seconds_since(self.start),
            path: price_at(self.totals.driver_start, point.factor)?,
            mark,
        });
        self.totals.driver_low = self.totals.driver_low.min(mark);
        if point.factor == self.lowest {
            self.trough = risk::distribution(&self.host.engine, "trough");
        }
        self.totals.driver_end = mark;
        Ok(())
    }

    pub(crate) fn tell_progress(&mut self, number: u64, points: u64, point: &PathPoint) {
        let minutes = point.at.seconds_since(self.start) / 60;
        let driver = self.totals.driver_end;
        let progress = Progress {
            point: number,
            points,
            at: format!("{:02}:{:02}", minutes / 60, minutes % 60),
            driver: story::money(driver, 2),
            called: self.called.len() as u64,
            liquidated: self.hit.len() as u64,
        };
        self.host.watcher.progress(&progress);
    }

    /// Marks by asset: the path's price less what is carried over of unrecovered impact.
    fn marks_for(&self, factor: u128) -> Result<Vec<u128>, ScenarioError> {
        let (dollar, ether) =
            (self.markets.dollar.impact_left()?, self.markets.ether.impact_left()?);
        let part = |of: u128, share: u128| mul_div(of, share, ONE, Rounding::Floor).map_err(overflow);
        let carried = part(dollar, self.feedback)?;
        let to_peg = part(carried, self.peg_feedback)?;
        let ether_left = ONE - (carried - to_peg);
        let peg_impact = to_peg + part(part(ether, self.feedback)?, self.peg_feedback)?;
        let peg = part(self.peg, ONE.saturating_sub(peg_impact))?;
        let assets = &self.scenario.book.assets;
        let driver = part(price_at(assets[self.driver].price, factor)?, ether_left)?;
        let mut marks = Vec::with_capacity(assets.len());
        for (i, asset) in assets.iter().enumerate() {
            let mark = if i == self.staked {
                part(driver, peg)?
            } else if asset.moves_with_driver {
                part(price_at(asset.price, factor)?, ether_left)?
            } else {
                asset.price
            };
            marks.push(mark.max(1));
        }
        Ok(marks)
    }

    /// Sends the prices that move, and at a bar's start the others too so that none grows stale.
    fn send(&mut self, marks: &[u128], all: bool) -> Result<(), ScenarioError> {
        self.driver_before = self.driver_mark()?;
        for (i, mark) in marks.iter().enumerate() {
            if all || self.moving[i] {
                let outcome = self.host.tick(self.now, market_id(i), *mark)?;
                self.read(&outcome)?;
            }
        }
        // What one command left pending is taken with the next.
        while self.host.engine.pending() > 0 {
            let outcome = self.host.must(self.now, Body::AdvanceTime)?;
            self.read(&outcome)?;
        }
        Ok(())
    }

    fn driver_mark(&self) -> Result<Price, ScenarioError> {
        self.price(asset_id(self.driver))
    }

    fn price(&self, asset: AssetId) -> Result<Price, ScenarioError> {
        self.host
            .engine
            .look(|view| view.price(asset))
            .map_err(|why| ScenarioError::Refused { what: "price".to_owned(), why: why.to_string() })
    }

    fn value(&self, amount: Amount, rounding: Rounding) -> Result<u128, ScenarioError> {
        let decimals = self.scenario.book.assets[amount.asset.index()].decimals;
        self.price(amount.asset)?.value(amount.raw, decimals, rounding).map_err(overflow)
    }

    /// Takes from an outcome what totals count.
    fn read(&mut self, outcome: &Outcome) -> Result<(), ScenarioError> {
        for event in &outcome.events {
            match &event.what {
                What::CallMoved { account, to, health, .. } => {
                    self.moved(*account, *to, health)?;
                }
                What::Happened(Fact::Deficit { account, value, .. }) => {
                    self.totals.bad_debt_booked += value;
                    self.bankrupt.insert(*account);
                }
                What::Happened(Fact::Borne { bearer, amount, .. }) => {
                    let value = self.value(*amount, Rounding::Ceil)?;
                    let Bearers { insurance, deleveraged, socialised, outstanding } =
                        &mut self.totals.bearers;
                    *match bearer {
                        Bearer::Insurance | Bearer::Vault => insurance,
                        Bearer::Deleveraged(_) => deleveraged,
                        Bearer::Socialised(_) => socialised,
                        Bearer::Outstanding => outstanding,
                    } += value;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn moved(
        &mut self,
        account: AccountId,
        to: CallState,
        health: &Health,
    ) -> Result<(), ScenarioError> {
        match to {
            CallState::Warned => {
                self.warned.insert(account);
            }
            CallState::Called => {
                // A gap may call an account that had no time to be warned.
                self.warned.insert(account);
                self.called.insert(account);
                let line = risk::driver_line(
                    &self.host.engine, account, &self.moving, self.driver_mark()?,
                );
                let name = &self.scenario.settings.driver.market;
                let told = story::reason(
                    name, self.driver_before, self.driver_mark()?, line, health,
                );
                self.reasons.insert(account, told);
            }
            _ => {}
        }
        Ok(())
    }

    /// Keepers act on every account that may be liquidated, worst health first, on each as often
    /// as it pays and is allowed.
    fn keepers(&mut self) -> Result<(), ScenarioError> {
        let mut left = self.capital;
        let gas_value = self.gas_value()?;
        for (account, debt) in self.open_accounts() {
            if self.cannot_pay(account, debt, gas_value)? {
                self.left_alone.insert(account);
                continue;
            }
            for _ in 0..CALLS_MAX {
                let Ok(option) = self.host.engine.best_call(account) else { break };
                let keeper = Keeper {
                    markets: &self.markets,
                    kinds: &self.kinds,
                    staked: asset_id(self.staked),
                    gas_value,
                    capital: left,
                };
                let Decision::Act(deal) = keeper.decide(&self.host.engine, option)? else {
                    self.left_alone.insert(account);
                    break;
                };
                let Some(spent) = self.call(account, &deal, gas_value)? else { break };
                left = left.map(|left| left.saturating_sub(spent));
            }
        }
        Ok(())
    }

    /// True if no call on the account can pay, whatever its size: the largest incentive on all of
    /// its debt is less than the gas, or the next unit sold already fetches less than the largest
    /// incentive makes up for (marginal prices only fall with size).
    fn cannot_pay(
        &self,
        account: AccountId,
        debt: u128,
        gas_value: u128,
    ) -> Result<bool, ScenarioError> {
        let most = self.host.engine.rulebook().and_then(|r| r.incentive_most_bps());
        let Some(most) = most else { return Ok(false) };
        let gain = mul_div(debt, u128::from(most.saturating_sub(10_000)), 10_000, Rounding::Ceil);
        if gain.map_err(overflow)? <= gas_value {
            return Ok(gas_value > 0);
        }
        if !self.markets.impact {
            return Ok(false);
        }
        let holdings = self.host.engine.ledger().holdings(account);
        let of = |class: Class| {
            holdings.iter().filter(move |h| h.unit.class == class).map(|h| h.unit.asset)
        };
        for sold in of(Class::Supply) {
            for bought in of(Class::Debt) {
                let kinds = (self.kinds[sold.index()], self.kinds[bought.index()]);
                let way = Markets::way(kinds.0, kinds.1, sold == bought);
                let Some(pool) = self.markets.pool(way) else { return Ok(false) };
                let share = pool.next_unit()?;
                let worth = mul_div(share, u128::from(most), 10_000, Rounding::Ceil);
                if worth.map_err(overflow)? > ONE {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// Accounts that may be liquidated with their debt, worst health first.
    fn open_accounts(&self) -> Vec<(AccountId, u128)> {
        let engine = &self.host.engine;
        let mut open: Vec<(U256, AccountId, u128)> = (0..)
            .map(AccountId)
            .take(engine.accounts())
            .filter(|a| engine.margin_call(*a).is_some_and(|call| call.state.is_open()))
            .filter_map(|a| engine.health(a).ok().map(|h| (h.ratio.raw, a, h.requirement)))
            .collect();
        open.sort_unstable();
        open.into_iter().map(|(_, account, debt)| (account, debt)).collect()
    }

    fn gas_value(&self) -> Result<u128, ScenarioError> {
        if !self.gas_on {
            return Ok(0);
        }
        let wei = self.gas_units.saturating_mul(self.gas_wei);
        self.driver_mark()?.value(wei, 18, Rounding::Ceil).map_err(overflow)
    }

    /// Makes a call and writes it down. None if our own policy refused it.
    fn call(
        &mut self,
        account: AccountId,
        deal: &Deal,
        gas_value: u128,
    ) -> Result<Option<u128>, ScenarioError> {
        let before = self.host.engine.health(account);
        let outcome = self.host.apply(self.now, Body::Call(deal.option.call.clone()))?;
        if !outcome.accepted() {
            return Ok(None);
        }
        self.read(&outcome)?;
        let facts = outcome.facts();
        let Some((repaid, seized, repaid_value, seized_value)) = facts
            .filter_map(|what| match what {
                What::Happened(Fact::Seized { repaid, seized, repaid_value, seized_value, .. }) => {
                    Some((*repaid, *seized, *repaid_value, *seized_value))
                }
                _ => None,
            })
            .next()
        else {
            return Ok(None);
        };
        let wrapped = self.markets.sold(deal.way, seized_value, &deal.marks)?;
        self.totals.incentive += seized_value.saturating_sub(repaid_value);
        self.totals.borrower_loss += seized_value.saturating_sub(repaid_value);
        self.totals.gas += gas_value;
        let sale = Sale {
            account,
            debt: repaid,
            debt_value: repaid_value,
            collateral: seized,
            collateral_value: seized_value,
            proceeds_value: deal.fetched,
            gas_value,
            keeper: true,
            wrapped,
        };
        self.write(&outcome, sale, before.ok())?;
        Ok(Some(repaid_value))
    }

    /// The venue's own orders go to the market: whole, or as much as it takes at the worst price
    /// allowed.
    fn venue(&mut self) -> Result<(), ScenarioError> {
        // Filling one leg may order another: those are taken in the same round.
        let mut done = BTreeSet::new();
        while let Some((number, open)) = self.next_leg(&done) {
            done.insert(number);
            self.fill(number, &open)?;
        }
        Ok(())
    }

    fn next_leg(&self, done: &BTreeSet<u64>) -> Option<(u64, OpenLeg)> {
        let legs = self.host.engine.open_legs();
        legs.iter().find(|(n, _)| !done.contains(*n)).map(|(n, open)| (*n, open.clone()))
    }

    fn fill(&mut self, number: u64, open: &OpenLeg) -> Result<(), ScenarioError> {
        let account = open.account;
        let before = self.host.engine.health(account).ok();
        let Some((quantity, paid, value, fetched, wrapped)) = self.market_takes(open)? else {
            let body = Body::ReportFill { leg: number, quantity: 0, proceeds: 0, done: true };
            let outcome = self.host.must(self.now, body)?;
            return self.read(&outcome);
        };
        let body = Body::ReportFill { leg: number, quantity, proceeds: paid, done: true };
        let outcome = self.host.must(self.now, body)?;
        self.read(&outcome)?;
        self.totals.borrower_loss += value.saturating_sub(fetched);
        let sale = Sale {
            account,
            debt: Amount::new(open.leg.proceeds_asset, paid),
            debt_value: fetched,
            collateral: Amount::new(open.leg.asset, quantity),
            collateral_value: value,
            proceeds_value: fetched,
            gas_value: 0,
            keeper: false,
            wrapped,
        };
        self.write(&outcome, sale, before)
    }

    /// The largest quantity of a leg that the market takes no worse than the leg allows: quantity,
    /// proceeds, value at the mark, value fetched, wrapped units sold.
    #[allow(clippy::type_complexity)] // One caller takes it apart at once.
    fn market_takes(
        &mut self,
        open: &OpenLeg,
    ) -> Result<Option<(u128, u128, u128, u128, u128)>, ScenarioError> {
        let (sold, bought) = (open.leg.asset, open.leg.proceeds_asset);
        let marks = Marks {
            staked: self.price(asset_id(self.staked))?,
            sold: self.price(sold)?,
            bought: self.price(bought)?,
        };
        let way = Markets::way(self.kinds[sold.index()], self.kinds[bought.index()], sold == bought);
        let decimals = self.scenario.book.assets[bought.index()].decimals;
        let left = open.leg.quantity - open.filled;
        let quote = |quantity: u128| -> Result<Option<(u128, u128, u128)>, ScenarioError> {
            let value = self.value(Amount::new(sold, quantity), Rounding::Floor)?;
            let Some(fetched) = self.markets.fetches(way, value, &marks)? else { return Ok(None) };
            let paid = if way == crate::market::Way::Same {
                quantity
            } else {
                marks.bought.amount_for(fetched, decimals, Rounding::Floor).map_err(overflow)?
            };
            let limit = self.host.engine.look(|view| {
                proceeds(view, &open.leg, quantity, open.leg.worst_price)
            });
            Ok(limit.is_ok_and(|limit| paid >= limit && paid > 0).then_some((paid, value, fetched)))
        };
        let mut best = quote(left)?.map(|found| (left, found));
        if best.is_none() {
            let (mut low, mut high) = (0u128, left);
            while high - low > 1 {
                let middle = low + ((high - low) >> 1);
                match quote(middle)? {
                    Some(found) => {
                        low = middle;
                        best = Some((middle, found));
                    }
                    None => high = middle,
                }
            }
        }
        let Some((quantity, (paid, value, fetched))) = best else { return Ok(None) };
        let wrapped = self.markets.sold(way, value, &marks)?;
        Ok(Some((quantity, paid, value, fetched, wrapped)))
    }

    fn write(
        &mut self,
        outcome: &Outcome,
        sale: Sale,
        before: Option<Health>,
    ) -> Result<(), ScenarioError> {
        let deficit_value = outcome
            .facts()
            .filter_map(|what| match what {
                What::Happened(Fact::Deficit { account, value, .. }) if *account == sale.account => {
                    Some(*value)
                }
                _ => None,
            })
            .sum();
        self.totals.liquidations += 1;
        self.totals.debt_repaid += sale.debt_value;
        self.totals.collateral_sold += sale.collateral_value;
        let impact = sale.collateral_value.saturating_sub(sale.proceeds_value);
        self.totals.price_impact += impact;
        let gain = if sale.keeper {
            signed(sale.proceeds_value) - signed(sale.debt_value) - signed(sale.gas_value)
        } else {
            0
        };
        self.totals.keeper_gain += gain;
        self.hit.insert(sale.account);
        let round = self.round as usize;
        if self.rounds.len() < round {
            self.rounds.resize(round, Round::default());
        }
        self.rounds[round - 1].liquidations += 1;
        self.rounds[round - 1].debt_repaid += sale.debt_value;
        let assets = &self.scenario.book.assets;
        let label = &self.scenario.book.accounts[sale.account.index()].label;
        let at_seconds = self.now.seconds_since(self.start);
        if sale.wrapped > 0 {
            self.sold.push((sale.wrapped, format!("{} {label}", story::clock(at_seconds))));
        }
        let ratio = |health: Option<Health>| {
            health.map_or(0, |h| u128::try_from(h.ratio.raw).unwrap_or(u128::MAX))
        };
        let amount = |amount: Amount| {
            decimal::format_raw(amount.raw, assets[amount.asset.index()].decimals)
        };
        let discount = mul_div(impact, 10_000, sale.collateral_value.max(1), Rounding::HalfUp);
        self.liquidations.push(Liquidation {
            sequence: outcome.sequence,
            at_seconds,
            round: self.round,
            account: label.clone(),
            debt_asset: assets[sale.debt.asset.index()].symbol.clone(),
            debt_repaid: amount(sale.debt),
            debt_repaid_value: sale.debt_value,
            collateral_asset: assets[sale.collateral.asset.index()].symbol.clone(),
            collateral_sold: amount(sale.collateral),
            collateral_value: sale.collateral_value,
            proceeds_value: sale.proceeds_value,
            gas_value: sale.gas_value,
            keeper_gain: gain,
            health_before: ratio(before),
            health_after: ratio(self.host.engine.health(sale.account).ok()),
            deficit_value,
            driver_mark: self.driver_mark()?.raw,
            discount_bps: i64::try_from(discount.map_err(overflow)?).unwrap_or(i64::MAX),
            reason: self.reasons.get(&sale.account).cloned().unwrap_or_default(),
        });
        Ok(())
    }

    /// Everything that was written down.
    pub(crate) fn end(mut self) -> Result<Run, ScenarioError> {
        let engine = &self.host.engine;
        let totals = &mut self.totals;
        totals.warned = self.warned.len() as u64;
        totals.called = self.called.len() as u64;
        totals.liquidated = self.hit.len() as u64;
        totals.bankrupt = self.bankrupt.len() as u64;
        totals.unprofitable = self.left_alone.len() as u64;
        totals.ticks_refused = self.host.refused;
        let mut states: BTreeMap<CallState, u64> = BTreeMap::new();
        engine.look(|view| {
            for account in (0..).map(AccountId).take(engine.accounts()) {
                let (collateral, debt) = risk::sides(view, account);
                totals.bad_debt_open += debt.saturating_sub(collateral);
                totals.under_water += u64::from(debt > collateral);
                if let Some(call) = engine.margin_call(account) {
                    *states.entry(call.state).or_default() += 1;
                }
            }
        });
        totals.closed = states.get(&CallState::Closed).copied().unwrap_or(0);
        let balances = self.balances();
        let settings = &self.scenario.settings;
        Ok(Run {
            scenario: settings.name.clone(),
            title: settings.title.clone(),
            question: settings.question.clone(),
            shock: self.shock.clone(),
            rulebook: engine.rulebook().map_or_else(String::new, |r| r.name().to_owned()),
            policy: self.policy.name.clone(),
            start: story::timestamp(self.start),
            driver: settings.driver.market.clone(),
            value_decimals: PRICE_DECIMALS,
            books_balance: balances.iter().all(|row| row.sum == "0"),
            balances,
            depth: self.depth_rows()?,
            depth_unit: "wstETH".to_owned(),
            sold: self
                .sold
                .iter()
                .map(|(raw, label)| {
                    (decimal::format_raw(*raw, market::WRAPPED_DECIMALS), label.clone())
                })
                .collect(),
            state_hash: engine.state_hash().hex(),
            commands: self.host.commands,
            states: states.into_iter().collect(),
            health: vec![
                self.before.clone(),
                self.trough.clone(),
                risk::distribution(engine, "after"),
            ],
            totals: self.totals,
            prices: self.prices,
            liquidations: self.liquidations,
            at_risk: self.at_risk,
            rounds: self.rounds,
        })
    }

    fn balances(&self) -> Vec<BalanceRow> {
        let engine = &self.host.engine;
        engine
            .trial_balance()
            .iter()
            .map(|row| {
                let info = &engine.assets()[row.unit.asset.index()];
                let text = |raw| decimal::format_raw_signed(raw, info.decimals);
                BalanceRow {
                    unit: format!("{} {}", info.symbol, story::class(row.unit.class)),
                    positive: text(row.positive),
                    sum: text(row.sum),
                }
            })
            .collect()
    }

    /// The dollar ladder at even steps of its amount.
    fn depth_rows(&self) -> Result<Vec<DepthRow>, ScenarioError> {
        use breakwater_market::Depth;
        let ladder = self.markets.dollar.ladder();
        let mark = Price::new(pow10(12).map_err(overflow)?, 8);
        let failed = |e: breakwater_market::DepthError| ScenarioError::setting("depth", e.to_string());
        let at = ladder.at(mark).map_err(failed)?;
        let below = |price: Price| {
            let gap = mark.raw.saturating_sub(price.raw);
            mul_div(gap, 10_000, mark.raw, Rounding::HalfUp)
                .map(|bps| i64::try_from(bps).unwrap_or(i64::MAX))
                .map_err(overflow)
        };
        (0..=DEPTH_ROWS)
            .map(|step| {
                let amount = mul_div(ladder.last_amount(), step, DEPTH_ROWS, Rounding::Floor);
                let amount = amount.map_err(overflow)?;
                let sale = at.sell(amount).map_err(failed)?;
                Ok(DepthRow {
                    amount: decimal::format_raw(amount, market::WRAPPED_DECIMALS),
                    average_bps: below(sale.average)?,
                    marginal_bps: below(sale.marginal)?,
                })
            })
            .collect()
    }
}

struct Sale {
    account: AccountId,
    debt: Amount,
    debt_value: u128,
    collateral: Amount,
    collateral_value: u128,
    proceeds_value: u128,
    gas_value: u128,
    keeper: bool,
    wrapped: u128,
}

fn signed(value: u128) -> i128 {
    i128::try_from(value).unwrap_or(i128::MAX)
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
        let reason = "has no 'rule'; expected such as rule = \"aave-v3\"".replace("aave-v3", "…");
        return Err(ScenarioError::setting(name.clone(), reason));
    };
    let rule = match options.policy {
        PolicyChoice::AsIs | PolicyChoice::Guarded => rule,
        PolicyChoice::VenueTarget | PolicyChoice::VenueFull => "secured-loan",
    };
    Ok((rule.to_owned(), text.clone()))
}

fn policy(scenario: &Scenario, options: &RunOptions) -> Result<Policy, ScenarioError> {
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
        PolicyChoice::Guarded => Policy { lot_value, ..Policy::guarded() },
        PolicyChoice::VenueTarget => sells("target health, minimal lots", Close::Target),
        PolicyChoice::VenueFull => sells("full close at market", Close::Full),
    };
    Ok(Policy {
        warn_ratio: ratio("policy.warn_ratio", &settings.policy.warn_ratio)?,
        target_ratio: ratio("policy.target_ratio", &settings.policy.target_ratio)?,
        ..policy
    })
}

fn markets(
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
