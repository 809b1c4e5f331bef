//! The stage of one run: the pool, the markets around it, and what is written down.

mod auctions;
mod ending;
mod keepers;
mod planned;
pub(crate) mod setup;
mod venue;

use crate::book::Book;
use crate::fitting::Mapped;
use crate::keeper::Deal;
use crate::market::{Kind, Markets, ONE, overflow};
use crate::options::Thresholds;
use crate::path::{PathPoint, price_at};
use crate::record::{AtRiskRow, Bearers, HealthMoment, Liquidation, PricePoint, Round, Totals};
use crate::watcher::Progress;
use crate::world::{Host, asset_id, market_id};
use crate::{Scenario, ScenarioError, risk, story};
use breakwater_engine::{Body, Outcome, What};
use breakwater_liquidation::effects::Bearer;
use breakwater_liquidation::{Call, CallState, Fact, Policy, Seller};
use breakwater_margin::Health;
use breakwater_money::rounding::{Rounding, mul_div};
use breakwater_money::{AccountId, Amount, AssetId, Price, Time, decimal};
use std::collections::{BTreeMap, BTreeSet};

/// Rounds at one price point after which a run gives up: impact falls geometrically, so that a
/// cascade ends long before.
const ROUNDS_MAX: u32 = 64;

pub(crate) struct Stage<'a> {
    scenario: &'a Scenario,
    /// The scenario's book as the rulebook takes it.
    book: Book,
    mapped: Vec<Mapped>,
    thresholds: Thresholds,
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
    /// What of it is left at this price point.
    capital_left: Option<u128>,
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
    on_auction: BTreeMap<u64, auctions::OnAuction>,
    driver_before: Price,
    /// Whether curves and distributions are wanted beside totals.
    curves: bool,
    /// Lowest factor of the path.
    lowest: u128,
    /// Variance as it is observed; only where sales are planned.
    variance: Option<crate::planning::Variance>,
    /// Assets held as collateral, and assets owed.
    collateral: Vec<usize>,
    owed: Vec<usize>,
}

impl<'a> Stage<'a> {
    /// One price point: recovery, prices, and rounds of liquidation until nothing more follows.
    pub(crate) fn point(&mut self, point: &PathPoint) -> Result<(), ScenarioError> {
        if point.at > self.start {
            self.markets.recover();
        }
        self.now = point.at;
        self.gas_wei = point.gas_wei;
        self.capital_left = self.capital;
        self.round = 1;
        let mut marks = self.marks_for(point.factor)?;
        self.send(&marks, point.opens_bar)?;
        let mut rounds = 0;
        loop {
            let before = self.liquidations.len();
            match self.policy.seller {
                Seller::Keepers => self.keepers()?,
                Seller::Venue => {
                    self.venue()?;
                    self.bidders()?;
                }
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
        let part =
            |of: u128, share: u128| mul_div(of, share, ONE, Rounding::Floor).map_err(overflow);
        let carried = part(dollar, self.feedback)?;
        let to_peg = part(carried, self.peg_feedback)?;
        let ether_left = ONE - (carried - to_peg);
        let peg_impact = to_peg + part(part(ether, self.feedback)?, self.peg_feedback)?;
        let peg = part(self.peg, ONE.saturating_sub(peg_impact))?;
        let assets = &self.book.assets;
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
        self.observe_markets(marks)?;
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
        self.host.engine.look(|view| view.price(asset)).map_err(|why| ScenarioError::Refused {
            what: "price".to_owned(),
            why: why.to_string(),
        })
    }

    fn value(&self, amount: Amount, rounding: Rounding) -> Result<u128, ScenarioError> {
        let decimals = self.book.assets[amount.asset.index()].decimals;
        self.price(amount.asset)?.value(amount.raw, decimals, rounding).map_err(overflow)
    }

    /// Takes from an outcome what totals count.
    fn read(&mut self, outcome: &Outcome) -> Result<(), ScenarioError> {
        self.auctions_told(outcome)?;
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
                    let Bearers { insurance, vault, deleveraged, socialised, outstanding } =
                        &mut self.totals.bearers;
                    *match bearer {
                        Bearer::Insurance => insurance,
                        Bearer::Vault => vault,
                        Bearer::Deleveraged(_) => deleveraged,
                        Bearer::Socialised(_)
                        | Bearer::Lenders
                        | Bearer::Borrowers
                        | Bearer::Winners => socialised,
                        Bearer::Outstanding => outstanding,
                    } += value;
                }
                What::Happened(Fact::Covered { amount, .. }) => {
                    let value = self.value(*amount, Rounding::Ceil)?;
                    let bearers = &mut self.totals.bearers;
                    bearers.insurance += value;
                    // Another price may value it above what it was left at.
                    bearers.outstanding = bearers.outstanding.saturating_sub(value);
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
                    &self.host.engine,
                    account,
                    &self.moving,
                    self.driver_mark()?,
                );
                let name = &self.scenario.settings.driver.market;
                let told =
                    story::reason(name, self.driver_before, self.driver_mark()?, line, health);
                self.reasons.insert(account, told);
            }
            _ => {}
        }
        Ok(())
    }

    /// Makes a call and writes it down. False if our own policy, or the venue, refused it.
    fn call(&mut self, deal: &Deal, gas_value: u128) -> Result<bool, ScenarioError> {
        let targets = deal.option.call.liquidates();
        let before: Vec<(AccountId, Option<Health>)> =
            targets.iter().map(|a| (*a, self.host.engine.health(*a).ok())).collect();
        let outcome = self.host.apply(self.now, Body::Call(deal.option.call.clone()))?;
        if !outcome.accepted() {
            return Ok(false);
        }
        self.read(&outcome)?;
        let wrapped = self.markets.sold(deal.way, deal.option.seized_value, &deal.marks)?;
        self.totals.gas += gas_value;
        self.capital_left =
            self.capital_left.map(|left| left.saturating_sub(deal.option.repaid_value));
        let mut sales = self.seizures(&outcome, deal);
        let got = deal.fetched.saturating_add(deal.option.reward_value);
        if let Some(first) = sales.first_mut() {
            first.gas_value = gas_value;
            first.wrapped = wrapped;
            first.gain = signed(got) - signed(deal.option.repaid_value) - signed(gas_value);
        } else {
            self.exchanged(&outcome, deal, got, gas_value, wrapped)?;
        }
        for sale in sales {
            let account = sale.account;
            let health = before.iter().find(|(known, _)| *known == account);
            self.write(&outcome, sale, health.and_then(|(_, health)| *health))?;
        }
        Ok(true)
    }

    /// What a call took from accounts, one sale an account. Where the caller itself takes the
    /// collateral it is sold at once; what the pool takes over is not.
    fn seizures(&mut self, outcome: &Outcome, deal: &Deal) -> Vec<Sale> {
        let mut sales: Vec<Sale> = Vec::new();
        for what in outcome.facts() {
            let What::Happened(Fact::Seized {
                account,
                repaid,
                seized,
                repaid_value,
                seized_value,
                ..
            }) = what
            else {
                continue;
            };
            let lost = seized_value.saturating_sub(*repaid_value);
            self.totals.incentive += lost;
            self.totals.borrower_loss += lost;
            match sales.iter_mut().find(|sale| sale.account == *account) {
                Some(sale) => {
                    sale.debt_value += repaid_value;
                    sale.collateral_value += seized_value;
                    sale.proceeds_value += seized_value;
                    if sale.debt.asset == repaid.asset {
                        sale.debt.raw = sale.debt.raw.saturating_add(repaid.raw);
                    }
                }
                None => sales.push(Sale {
                    account: *account,
                    debt: *repaid,
                    debt_value: *repaid_value,
                    collateral: *seized,
                    collateral_value: *seized_value,
                    proceeds_value: match deal.option.call.pair() {
                        Some(_) => deal.fetched,
                        None => *seized_value,
                    },
                    gas_value: 0,
                    gain: 0,
                    wrapped: 0,
                }),
            }
        }
        sales
    }

    /// A trade with the pool itself. What the pool's own market maker gives up is its borrowers'
    /// loss; what a reserve gives up was taken over before.
    fn exchanged(
        &mut self,
        outcome: &Outcome,
        deal: &Deal,
        got: u128,
        gas_value: u128,
        wrapped: u128,
    ) -> Result<(), ScenarioError> {
        let option = &deal.option;
        let borrowers = matches!(option.call, Call::Swap { .. });
        for what in outcome.facts() {
            let What::Happened(Fact::Exchanged { paid_value, received_value, .. }) = what else {
                continue;
            };
            self.totals.pool_trades += 1;
            self.totals.pool_traded += received_value;
            if borrowers {
                self.totals.borrower_loss += received_value.saturating_sub(*paid_value);
            }
        }
        let impact = option.seized_value.saturating_sub(deal.fetched);
        self.totals.price_impact += impact;
        self.totals.keeper_gain += signed(got) - signed(option.repaid_value) - signed(gas_value);
        if wrapped > 0 {
            let at = self.now.seconds_since(self.start);
            self.sold.push((wrapped, format!("{} the pool", story::clock(at))));
        }
        Ok(())
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
                What::Happened(Fact::Deficit { account, value, .. })
                    if *account == sale.account =>
                {
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
        let gain = sale.gain;
        self.totals.keeper_gain += gain;
        self.hit.insert(sale.account);
        let round = self.round as usize;
        if self.rounds.len() < round {
            self.rounds.resize(round, Round::default());
        }
        self.rounds[round - 1].liquidations += 1;
        self.rounds[round - 1].debt_repaid += sale.debt_value;
        let assets = &self.book.assets;
        let label = self.host.engine.owner(sale.account).unwrap_or_default().to_owned();
        let at_seconds = self.now.seconds_since(self.start);
        if sale.wrapped > 0 {
            self.sold.push((sale.wrapped, format!("{} {label}", story::clock(at_seconds))));
        }
        let ratio = |health: Option<Health>| {
            health.map_or(0, |h| u128::try_from(h.ratio.raw).unwrap_or(u128::MAX))
        };
        let amount =
            |amount: Amount| decimal::format_raw(amount.raw, assets[amount.asset.index()].decimals);
        let discount = mul_div(impact, 10_000, sale.collateral_value.max(1), Rounding::HalfUp);
        self.liquidations.push(Liquidation {
            sequence: outcome.sequence,
            at_seconds,
            round: self.round,
            account: label,
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
}

struct Sale {
    account: AccountId,
    debt: Amount,
    debt_value: u128,
    collateral: Amount,
    collateral_value: u128,
    proceeds_value: u128,
    gas_value: u128,
    /// What the caller kept; zero where the venue sells.
    gain: i128,
    wrapped: u128,
}

fn signed(value: u128) -> i128 {
    i128::try_from(value).unwrap_or(i128::MAX)
}
