//! The stage of one run: the engine, the minute's depth, and what is written down.

use super::market::Consumed;
use super::options::{Schedule, Venue};
use super::winners::Held;
use super::{PerpetualOptions, PerpetualTotals, Sale, Wave};
use crate::ScenarioError;
use crate::perpetuals::{MarkPoint, Minute, PerpetualBook, PerpetualScenario};
use crate::planning::Variance;
use crate::record::PricePoint;
use crate::watcher::Progress;
use crate::world::Host;
use breakwater_engine::{Body, Outcome, What};
use breakwater_liquidation::effects::Bearer;
use breakwater_liquidation::{CallState, Fact, Policy};
use breakwater_margin::Health;
use breakwater_market::{MarketId, Quote, Tick};
use breakwater_money::{AccountId, AssetId, Holder, Price, Time, Unit, decimal};
use std::collections::{BTreeMap, BTreeSet};

/// The settle asset.
pub(super) const SETTLE: AssetId = AssetId(0);
/// The contract.
pub(super) const CONTRACT: AssetId = AssetId(1);
/// The contract's market.
pub(super) const MARKET: MarketId = MarketId(0);

/// Since when an account has something left to sell.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waiting {
    at: Time,
    point: u64,
}

impl Waiting {
    /// Marks since.
    pub fn points(self, now: u64) -> u64 {
        now.saturating_sub(self.point)
    }
}

pub(super) struct Stage<'a> {
    pub scenario: &'a PerpetualScenario,
    pub options: &'a PerpetualOptions,
    pub host: Host<'a>,
    pub policy: Policy,
    pub book: PerpetualBook,
    pub consumed: Consumed,
    feedback: u128,
    /// Positions as they were before the command under way.
    pub held: Vec<Held>,
    pub start: Time,
    pub now: Time,
    /// The mark in force and the one before it.
    pub mark: Price,
    mark_before: Price,
    pub totals: PerpetualTotals,
    pub prices: Vec<PricePoint>,
    pub sales: Vec<Sale>,
    pub waves: Vec<Wave>,
    /// What each winner gave so far.
    pub hurt: BTreeMap<AccountId, u128>,
    pub hit: BTreeSet<AccountId>,
    pub bankrupt: BTreeSet<AccountId>,
    warned: BTreeSet<AccountId>,
    called: BTreeSet<AccountId>,
    pub reasons: BTreeMap<AccountId, String>,
    /// Random starts drawn so far.
    pub draws: u64,
    /// Marks sent so far; the first set the book up.
    ticks: u64,
    /// The path's price at the mark in force.
    pub index: Price,
    /// Accounts with something left to sell, and since which mark.
    pub waiting: BTreeMap<AccountId, Waiting>,
    /// Marks played.
    pub points: u64,
    /// Volatility as it is observed, only where sales are planned.
    pub variance: Option<Variance>,
}

/// The `sequence`th mark.
pub(super) fn tick(sequence: u64, at: Time, mark: Price) -> Tick {
    Tick {
        market: MARKET,
        quote: Quote::Single(mark.raw),
        decimals: mark.decimals,
        sequence,
        observed_at: at,
    }
}

impl<'a> Stage<'a> {
    pub fn new(
        scenario: &'a PerpetualScenario,
        options: &'a PerpetualOptions,
        host: Host<'a>,
        venue: Venue,
        book: PerpetualBook,
        held: Vec<Held>,
        totals: PerpetualTotals,
    ) -> Self {
        let Venue { policy, left_after_minute, feedback, variance, .. } = venue;
        let none = Price::new(0, crate::perpetuals::PRICE_DECIMALS);
        Stage {
            scenario,
            options,
            host,
            policy,
            book,
            consumed: Consumed::new(left_after_minute),
            feedback,
            held,
            start: Time(0),
            now: Time(0),
            mark: none,
            mark_before: none,
            totals,
            prices: Vec::new(),
            sales: Vec::new(),
            waves: Vec::new(),
            hurt: BTreeMap::new(),
            hit: BTreeSet::new(),
            bankrupt: BTreeSet::new(),
            warned: BTreeSet::new(),
            called: BTreeSet::new(),
            reasons: BTreeMap::new(),
            draws: 0,
            ticks: 1,
            index: none,
            waiting: BTreeMap::new(),
            points: 0,
            variance,
        }
    }

    /// What is known before the first move.
    pub fn opening(&mut self, start: Time, mark: Price) {
        (self.start, self.now) = (start, start);
        (self.mark, self.mark_before) = (mark, mark);
        // Who opened below a line was warned by its own trade.
        let engine = &self.host.engine;
        for account in (0..).map(AccountId).take(engine.accounts()) {
            match engine.margin_call(account).map(|call| call.state) {
                Some(CallState::Warned) => {
                    self.warned.insert(account);
                }
                Some(CallState::Called | CallState::Liquidating) => {
                    self.called.insert(account);
                    let reason = "below the line already at the start".to_owned();
                    self.reasons.insert(account, reason);
                }
                _ => {}
            }
        }
    }

    /// One minute: depth recovers, then each of its marks in order, and what follows from each.
    pub fn minute(&mut self, minute: &Minute) -> Result<(), ScenarioError> {
        if minute.number > 0 {
            self.consumed.recover();
        }
        for point in &minute.marks {
            self.point(minute, point)?;
        }
        Ok(())
    }

    pub fn point(&mut self, minute: &Minute, point: &MarkPoint) -> Result<(), ScenarioError> {
        (self.now, self.index) = (point.at, point.mark);
        self.points += 1;
        let mark = self.consumed.carried(minute.depth.as_ref(), point.mark, self.feedback)?;
        self.mark_before = self.mark;
        self.ticks += 1;
        self.observe_market(minute, mark)?;
        let outcome = self.host.apply(self.now, Body::Tick(tick(self.ticks, self.now, mark)))?;
        self.totals.ticks_refused += u64::from(!outcome.accepted());
        if outcome.accepted() {
            self.mark = mark;
        }
        self.read(&outcome)?;
        self.settle_pending()?;
        match self.options.schedule {
            Schedule::Alone => self.market_takes(minute)?,
            Schedule::Pooled(pooling) => self.round(minute, &pooling)?,
        }
        self.wait();
        self.note(point)
    }

    /// What one command left pending is taken with the next.
    pub fn settle_pending(&mut self) -> Result<(), ScenarioError> {
        while self.host.engine.pending() > 0 {
            let outcome = self.host.must(self.now, Body::AdvanceTime)?;
            self.read(&outcome)?;
        }
        Ok(())
    }

    /// Who has something left to sell after this mark, and how long those had who have not any more.
    fn wait(&mut self) {
        let (now, point) = (self.now, self.points);
        let legs = self.host.engine.open_legs().values();
        let waiting: BTreeMap<AccountId, Waiting> = legs
            .map(|open| {
                let since = self.waiting.get(&open.account).copied();
                (open.account, since.unwrap_or(Waiting { at: now, point }))
            })
            .collect();
        let ended = self.waiting.iter().filter(|(account, _)| !waiting.contains_key(account));
        for (_, since) in ended {
            let seconds = now.seconds_since(since.at);
            self.totals.waited_seconds += seconds;
            self.totals.waited_seconds_max = self.totals.waited_seconds_max.max(seconds);
        }
        self.waiting = waiting;
    }

    fn note(&mut self, point: &MarkPoint) -> Result<(), ScenarioError> {
        let mark = self.mark.raw;
        self.totals.mark_low = self.totals.mark_low.min(mark);
        self.totals.mark_end = mark;
        let at_seconds = point.at.seconds_since(self.start);
        self.prices.push(PricePoint { at_seconds, path: point.mark.raw, mark });
        Ok(())
    }

    pub fn tell_progress(&mut self, number: u64, points: u64, minute: &Minute) {
        let minutes = u64::from(minute.number);
        let progress = Progress {
            point: number,
            points,
            at: format!("{:02}:{:02}", minutes / 60, minutes % 60),
            driver: decimal::format_raw(self.mark.raw, self.mark.decimals),
            called: self.called.len() as u64,
            liquidated: self.hit.len() as u64,
        };
        self.host.watcher.progress(&progress);
    }

    /// What the fund has.
    pub fn fund(&self) -> u128 {
        let balance = self.host.engine.ledger().balance(Holder::Insurance, Unit::token(SETTLE));
        u128::try_from(balance).unwrap_or(0)
    }

    /// Takes from an outcome what totals count.
    pub fn read(&mut self, outcome: &Outcome) -> Result<(), ScenarioError> {
        for event in &outcome.events {
            match &event.what {
                What::CallMoved { account, to, health, .. } => self.moved(*account, *to, health),
                What::Happened(Fact::Deficit { account, amount, .. }) => {
                    self.totals.deficit += amount.raw;
                    self.bankrupt.insert(*account);
                }
                What::Happened(Fact::Borne { account, bearer, amount }) => {
                    let bearers = &mut self.totals.bearers;
                    *match bearer {
                        Bearer::Insurance => &mut bearers.insurance,
                        Bearer::Vault => &mut bearers.vault,
                        Bearer::Deleveraged(_) => {
                            self.totals.deficit += amount.raw;
                            self.bankrupt.insert(*account);
                            &mut bearers.deleveraged
                        }
                        Bearer::Socialised(_)
                        | Bearer::Lenders
                        | Bearer::Borrowers
                        | Bearer::Winners => &mut bearers.socialised,
                        Bearer::Outstanding => &mut bearers.outstanding,
                    } += amount.raw;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn moved(&mut self, account: AccountId, to: CallState, health: &Health) {
        match to {
            CallState::Warned => {
                self.warned.insert(account);
            }
            CallState::Called => {
                // A gap may call an account that had no time to be warned.
                self.warned.insert(account);
                self.called.insert(account);
                let told = self.reason(health);
                self.reasons.insert(account, told);
            }
            _ => {}
        }
    }

    /// Which move called the account, and what it had then.
    fn reason(&self, health: &Health) -> String {
        let price = |price: Price| decimal::format_raw(price.raw, price.decimals);
        let cents = |raw: u128| decimal::format_raw(raw / 10_000, 2);
        let sign = if health.equity < 0 { "-" } else { "" };
        format!(
            "{} went from {} to {}; equity {sign}{} against a maintenance margin of {}",
            self.scenario.settings.market.name,
            price(self.mark_before),
            price(self.mark),
            cents(health.equity.unsigned_abs()),
            cents(health.requirement)
        )
    }

    pub fn label(&self, account: AccountId) -> String {
        self.host.engine.owner(account).unwrap_or_default().to_owned()
    }

    pub fn warned(&self) -> u64 {
        self.warned.len() as u64
    }

    pub fn called(&self) -> u64 {
        self.called.len() as u64
    }
}
