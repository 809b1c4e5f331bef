//! The three ways over the path.

use super::pool::{ACCOUNT, COIN, HEDGE, Nothing, OPTION, Pool};
use super::settings::OptionBookScenario;
use crate::ScenarioError;
use breakwater_liquidation::conditions::still_missing;
use breakwater_liquidation::hedge_first::{
    AtRisk, HedgePlan, HedgeStep, StepKind, at_risk, close_at_market, close_minimal,
    plan_hedge_first,
};
use breakwater_liquidation::{
    Call, Conditions, Effects, HedgeFill, Observed, Overlay, PoolState, Rejected, Rulebook, View,
};
use breakwater_margin::Health;
use breakwater_market::{GuardState, MarketId};
use breakwater_money::{AssetId, Holder, Time, Unit};
use std::collections::BTreeMap;

const MINUTE: u64 = 60_000_000_000;

/// A way to liquidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// Every option at once, whatever the market takes.
    AtMarket,
    /// As few options as reach the target, as depth allows, without a hedge.
    OptionsOnly,
    /// To neutral delta first.
    HedgeFirst,
}

impl Way {
    /// All, in the order in which they are told.
    pub const ALL: [Way; 3] = [Way::AtMarket, Way::OptionsOnly, Way::HedgeFirst];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Way::AtMarket => "options at market, all at once",
            Way::OptionsOnly => "options only, minimal",
            Way::HedgeFirst => "hedge first",
        }
    }

    /// Its name in an answer.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Way::AtMarket => "options-at-market",
            Way::OptionsOnly => "options-only",
            Way::HedgeFirst => "hedge-first",
        }
    }
}

/// A minute of one way, after its trades.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    /// Of the path's file.
    pub minute: u32,
    /// Index, cents.
    pub cents: u64,
    /// Equity and requirement.
    pub health: Health,
    /// Delta and loss at risk.
    pub risk: AtRisk,
    /// True from the breach until the target is met.
    pub liquidating: bool,
}

/// A trade with its minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Traded {
    /// Of the path's file.
    pub minute: u32,
    /// The trade.
    pub step: HedgeStep,
}

/// One way over the whole path. Amounts are base units of the coin (1e-8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WayRun {
    /// Which.
    pub way: Way,
    /// Every minute.
    pub points: Vec<Point>,
    /// Every trade.
    pub trades: Vec<Traded>,
    /// First minute in breach, with health and risk before anything was traded; none without a breach.
    pub breach: Option<Point>,
    /// Risk after the trades of that minute.
    pub risk_after: Option<AtRisk>,
    /// Minute in which the target was met first after it.
    pub reached: Option<u32>,
    /// Minutes in liquidation, those without a trade included.
    pub minutes: u32,
    /// Requirement that trades relieved, each at its own minute's marks.
    pub relieved: i128,
    /// Equity that trades cost, at unchanged marks and fees included.
    pub cost: i128,
    /// Part of it that is the hedge's.
    pub hedge_cost: i128,
    /// Largest loss at risk after the trades of a minute, from the breach until the target was met.
    pub worst_loss: u128,
    /// What moves of the path took from the breach to the end, beside the cost: below zero for a gain.
    pub moved: i128,
    /// Equity at the end.
    pub equity_end: i128,
    /// Lowest equity.
    pub equity_low: i128,
    /// Whether every unit nets to zero.
    pub books_balance: bool,
}

impl WayRun {
    /// What is missing at the end.
    #[must_use]
    pub fn deficit(&self) -> u128 {
        if self.equity_end < 0 { self.equity_end.unsigned_abs() } else { 0 }
    }
}

/// Runs every way over the same path and depth.
///
/// # Errors
/// A setting that makes no sense, or an account that could not have opened its positions.
pub fn compare(scenario: &OptionBookScenario) -> Result<Vec<WayRun>, ScenarioError> {
    let pool = Pool::of(scenario)?;
    let rulebook =
        breakwater_rulebooks::build("margin-exchange", &scenario.parameters, &pool.assets)
            .map_err(|why| ScenarioError::setting("rulebook", why))?;
    let Some(rulebook) = rulebook else {
        return Err(ScenarioError::setting("rulebook", "no margin exchange"));
    };
    Way::ALL.into_iter().map(|way| Host::run(scenario, &pool, rulebook.as_ref(), way)).collect()
}

struct Host<'a> {
    scenario: &'a OptionBookScenario,
    pool: &'a Pool,
    rulebook: &'a dyn Rulebook,
    way: Way,
    log: Effects,
    /// What was taken of a side and is not back.
    missing: BTreeMap<(AssetId, bool), u128>,
    run: WayRun,
    liquidating: bool,
}

/// Prices and depth of a minute.
struct Minute {
    number: u32,
    cents: u64,
    now: Time,
    marks: Vec<GuardState>,
    observed: Observed,
}

fn refused(what: &str) -> impl Fn(Rejected) -> ScenarioError {
    let what = what.to_owned();
    move |why| ScenarioError::Refused { what: what.clone(), why: why.to_string() }
}

impl<'a> Host<'a> {
    fn run(
        scenario: &'a OptionBookScenario,
        pool: &'a Pool,
        rulebook: &'a dyn Rulebook,
        way: Way,
    ) -> Result<WayRun, ScenarioError> {
        let run = WayRun {
            way,
            points: Vec::new(),
            trades: Vec::new(),
            breach: None,
            risk_after: None,
            reached: None,
            minutes: 0,
            relieved: 0,
            cost: 0,
            hedge_cost: 0,
            worst_loss: 0,
            moved: 0,
            equity_end: 0,
            equity_low: i128::MAX,
            books_balance: false,
        };
        let (log, missing) = (Effects::default(), BTreeMap::new());
        let mut host =
            Host { scenario, pool, rulebook, way, log, missing, run, liquidating: false };
        for (place, cents) in scenario.path.iter().enumerate() {
            let place = u32::try_from(place).unwrap_or(u32::MAX);
            host.minute(place, *cents)?;
        }
        host.run.books_balance = host.balances();
        let end = host.run.points.last().map_or(0, |point| point.health.equity);
        host.run.equity_end = end;
        let before = host.run.breach.map_or(end, |point| point.health.equity);
        host.run.moved = before - host.run.cost - end;
        Ok(host.run)
    }

    /// The pool at a minute, with what has happened so far.
    fn seen<T>(
        &self,
        minute: &Minute,
        look: impl FnOnce(&View<'_>) -> Result<T, Rejected>,
    ) -> Result<T, Rejected> {
        let state = PoolState::new(self.rulebook.layout());
        let (assets, markets) = (&self.pool.assets, &self.pool.markets);
        let view = View::new(minute.now, assets, markets, &minute.marks, &Nothing, &state);
        let none = BTreeMap::new();
        let view = view.with_conditions(&minute.observed, &none);
        let overlay = Overlay::new(view, ACCOUNT, &self.log)?;
        look(&overlay.view())
    }

    fn happen(&mut self, minute: &Minute, call: &Call) -> Result<(), ScenarioError> {
        let effects = self.seen(minute, |view| self.rulebook.execute(view, call));
        self.log.then(effects.map_err(refused(call.kind()))?);
        Ok(())
    }

    fn minute(&mut self, place: u32, cents: u64) -> Result<(), ScenarioError> {
        let minute = self.prices(place, cents)?;
        self.quote(&minute)?;
        if place == 0 {
            self.open(&minute)?;
        }
        let (mut health, mut risk) = self.stands(&minute)?;
        if health.breach && self.run.breach.is_none() {
            let (number, cents) = (minute.number, minute.cents);
            let point = Point { minute: number, cents, health, risk, liquidating: true };
            self.run.breach = Some(point);
        }
        let first = health.breach && self.run.risk_after.is_none();
        self.liquidating |= health.breach;
        if self.liquidating {
            self.run.minutes += 1;
            self.liquidate(&minute, &health)?;
            (health, risk) = self.stands(&minute)?;
            self.run.worst_loss = self.run.worst_loss.max(risk.loss);
            if first {
                self.run.risk_after = Some(risk);
            }
            self.liquidating = health.breach || health.ratio < self.pool.target;
            if !self.liquidating && self.run.reached.is_none() {
                self.run.reached = Some(minute.number);
            }
        }
        self.run.equity_low = self.run.equity_low.min(health.equity);
        let (number, liquidating) = (minute.number, self.liquidating);
        self.run.points.push(Point { minute: number, cents, health, risk, liquidating });
        self.recover();
        Ok(())
    }

    fn prices(&self, place: u32, cents: u64) -> Result<Minute, ScenarioError> {
        let now = self.scenario.start.after(u64::from(place) * MINUTE);
        let volatilities = self.pool.volatilities(self.scenario, cents);
        let marks = self.pool.marks(cents, now, &volatilities);
        let mut observed = Observed::default();
        for (number, market) in self.pool.markets.iter().enumerate() {
            let id = MarketId(u16::try_from(number).unwrap_or(u16::MAX));
            let price = marks.get(number).and_then(|state| state.mark).map(|mark| mark.price);
            let Some(price) = price else { continue };
            let Some(known) = self.pool.conditions(number, price, now) else { continue };
            // What is missing has to come back over time, and is told anew with each observation.
            let known = Conditions { half_life_nanos: MINUTE, ..known };
            observed.observe(now, id, &known, &[]).map_err(refused("depth"))?;
            for buy in [false, true] {
                if let Some(missing) = self.missing.get(&(market.asset, buy)) {
                    observed.eat(id, buy, *missing, now);
                }
            }
        }
        let number = self.scenario.settings.market.from_minute.saturating_add(place);
        Ok(Minute { number, cents, now, marks, observed })
    }

    /// The venue's volatilities of the minute.
    fn quote(&mut self, minute: &Minute) -> Result<(), ScenarioError> {
        let volatilities = self.pool.volatilities(self.scenario, minute.cents);
        for (contract, volatility_e6) in (OPTION..).map(AssetId).zip(volatilities) {
            self.happen(minute, &Call::Quote { contract, volatility_e6 })?;
        }
        Ok(())
    }

    /// The account as it was opened: against the outside, at the marks, within initial margin.
    fn open(&mut self, minute: &Minute) -> Result<(), ScenarioError> {
        let (account, asset, amount) = (ACCOUNT, COIN, self.pool.cash);
        self.happen(minute, &Call::Deposit { account, asset, amount })?;
        // What is bought first covers what is written.
        let mut positions: Vec<(AssetId, i128)> =
            (OPTION..).map(AssetId).zip(self.pool.sizes.iter().copied()).collect();
        positions.sort_by_key(|(asset, size)| (*size < 0, *asset));
        for (contract, size) in positions.into_iter().filter(|(_, size)| *size != 0) {
            let price = self.seen(minute, |view| view.price(contract)).map_err(refused("trade"))?;
            let (buyer, seller) =
                if size > 0 { (Some(ACCOUNT), None) } else { (None, Some(ACCOUNT)) };
            let quantity = size.unsigned_abs();
            self.happen(minute, &Call::Trade { buyer, seller, contract, quantity, price })?;
        }
        Ok(())
    }

    fn stands(&self, minute: &Minute) -> Result<(Health, AtRisk), ScenarioError> {
        let found = self.seen(minute, |view| {
            let health = self.rulebook.assess(view, ACCOUNT)?;
            Ok((health, at_risk(self.rulebook, view, ACCOUNT, &self.pool.terms)?))
        });
        found.map_err(refused("the account"))
    }

    fn liquidate(&mut self, minute: &Minute, before: &Health) -> Result<(), ScenarioError> {
        if !before.breach && before.ratio >= self.pool.target {
            return Ok(());
        }
        let plan = match self.way {
            Way::AtMarket => close_at_market,
            Way::OptionsOnly => close_minimal,
            Way::HedgeFirst => plan_hedge_first,
        };
        let (target, terms) = (self.pool.target, &self.pool.terms);
        let plan: HedgePlan = self
            .seen(minute, |view| plan(self.rulebook, view, ACCOUNT, target, terms))
            .map_err(refused("a plan"))?;
        for step in &plan.steps {
            self.trade(minute, step)?;
        }
        let (after, _) = self.stands(minute)?;
        if after != plan.after {
            let told = format!(
                "minute {}: a plan ends at {:?}, the account at {after:?}",
                minute.number, plan.after
            );
            return Err(ScenarioError::Stopped(told));
        }
        self.run.relieved += plan.relieved();
        self.run.cost += plan.cost();
        Ok(())
    }

    /// A step is executed as the plan has it.
    fn trade(&mut self, minute: &Minute, step: &HedgeStep) -> Result<(), ScenarioError> {
        let HedgeStep { asset, buy, quantity, proceeds, .. } = *step;
        let account = ACCOUNT;
        if step.kind == StepKind::Close {
            let proceeds_asset = COIN;
            self.happen(
                minute,
                &Call::Fill { account, asset, quantity, proceeds, proceeds_asset },
            )?;
        } else {
            let fill = HedgeFill { account, contract: HEDGE, buy, quantity, proceeds };
            let effects = self.seen(minute, |view| self.rulebook.hedge(view, &fill));
            self.log.then(effects.map_err(refused("hedge"))?);
            self.run.hedge_cost += step.cost;
        }
        *self.missing.entry((asset, buy)).or_default() += quantity;
        self.run.trades.push(Traded { minute: minute.number, step: *step });
        Ok(())
    }

    /// What of the depth is back a minute later.
    fn recover(&mut self) {
        let half_life = u64::from(self.scenario.settings.depth.half_life_seconds) * 1_000_000_000;
        for missing in self.missing.values_mut() {
            *missing = still_missing(*missing, MINUTE, half_life);
        }
    }

    /// Whether the log nets to zero in every unit: what the account, the fund and the outside have.
    fn balances(&self) -> bool {
        let mut sums: BTreeMap<Unit, i128> = BTreeMap::new();
        let mut holders: BTreeMap<(Holder, Unit), i128> = BTreeMap::new();
        for transfer in &self.log.transfers {
            let amount = i128::try_from(transfer.amount).unwrap_or(i128::MAX);
            *holders.entry((transfer.debit, transfer.unit)).or_default() -= amount;
            *holders.entry((transfer.credit, transfer.unit)).or_default() += amount;
        }
        for ((_, unit), balance) in holders {
            *sums.entry(unit).or_default() += balance;
        }
        sums.values().all(|sum| *sum == 0)
    }
}

/// The first minute with the account opened, for tests of plans.
#[cfg(test)]
pub(super) struct Opened<'a>(Host<'a>, Minute);

#[cfg(test)]
impl<'a> Opened<'a> {
    pub fn of(
        scenario: &'a OptionBookScenario,
        pool: &'a Pool,
        rulebook: &'a dyn Rulebook,
    ) -> Self {
        let (log, missing) = (Effects::default(), BTreeMap::new());
        let run = Host::run(scenario, pool, rulebook, Way::AtMarket).unwrap();
        let way = Way::AtMarket;
        let mut host =
            Host { scenario, pool, rulebook, way, log, missing, run, liquidating: false };
        let minute = host.prices(0, scenario.path[0]).unwrap();
        host.quote(&minute).unwrap();
        host.open(&minute).unwrap();
        Opened(host, minute)
    }

    pub fn look<T>(&self, look: impl FnOnce(&View<'_>) -> Result<T, Rejected>) -> T {
        self.0.seen(&self.1, look).unwrap()
    }
}
