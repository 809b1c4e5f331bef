//! One set, one path: the engine, step by step, with people around it.

use super::business::Slopes;
use super::draws::Purpose;
use super::people::{ONE_COLLATERAL, ONE_DEBT, People};
use super::score::{Point, RunScore};
use super::sets::{DEBT_DECIMALS, VALUE_DECIMALS};
use super::settings::RunSettings;
use crate::ScenarioError;
use crate::plugged::registry;
use breakwater_engine::{Body, Command, Engine, Outcome, What};
use breakwater_liquidation::{AssetKind, Call, Policy, Rejection};
use breakwater_market::{Guard, MarketId, Quote, Tick};
use breakwater_money::{AccountId, AssetId, Class, Holder, Time, Unit};

pub(super) const DEBT: AssetId = AssetId(0);
pub(super) const COLLATERAL: AssetId = AssetId(1);

/// Seconds since 1970 at which every run begins: any time would do.
const START: u64 = 1_700_000_000;

/// Left in the pool by who takes all out, so that rounding of shares never asks for a unit too much.
pub(super) const DUST: u128 = 4;

/// Times that one tries again in a step with what there is.
const TRIES: u32 = 3;

/// Recent events below this share count as none, and no herd is drawn for them.
const NOTHING: f64 = 1e-12;

/// What one depositor is about.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Member {
    /// Still in the pool, base units.
    pub left: u128,
    /// Wants all out since this hour.
    pub wants_since: Option<f64>,
    /// What of it a claim waits for.
    pub claimed: u128,
    /// Wanted out, and paid of it.
    wanted: u128,
    paid: u128,
    /// When all of it was paid.
    done_at: Option<f64>,
    /// Outside on business.
    pub outside: u128,
}

/// A run in course.
pub(super) struct Play<'a> {
    pub run: &'a RunSettings,
    pub people: &'a People,
    pub engine: Engine,
    pub now: Time,
    pub score: RunScore,
    /// Logarithm that sales have taken off the price.
    pub pressed: f64,
    /// Price without sales in this step.
    pub without: f64,
    /// The mark in this step.
    pub price: f64,
    /// Whether a defence has bound in this step.
    pub bound: bool,
    /// Value liquidated in this step.
    pub liquidated: f64,
    /// Who was liquidated without need.
    pub dragged: Vec<bool>,
    pub members: Vec<Member>,
    /// How dear loans are.
    pub slopes: Option<Slopes>,
    shocked: bool,
    sequences: [u64; 2],
    peak: f64,
    recent_liquidated: f64,
    recent_exits: f64,
    usage_start: f64,
    first_deposits: f64,
    threshold: Option<f64>,
    /// Units sold by the predator, the price it got, and the step of buying back.
    struck: Option<(f64, f64, u32)>,
}

/// Plays a path.
///
/// # Errors
/// A rulebook or parameters that cannot take the pool, or an invariant that broke.
pub(super) fn play(
    run: &RunSettings,
    parameters: &str,
    policy: &Policy,
    people: &People,
    shocked: bool,
) -> Result<(RunScore, Vec<Point>), ScenarioError> {
    let mut play = Play::found(run, parameters, policy, people, shocked)?;
    let mut track = Vec::with_capacity(run.steps as usize);
    for step in 0..run.steps {
        track.push(play.step(step)?);
    }
    Ok((play.ended(), track))
}

impl<'a> Play<'a> {
    fn found(
        run: &'a RunSettings,
        parameters: &str,
        policy: &Policy,
        people: &'a People,
        shocked: bool,
    ) -> Result<Play<'a>, ScenarioError> {
        let members = people.depositors.iter();
        let members: Vec<Member> =
            members.map(|it| Member { left: it.deposit, ..Member::default() }).collect();
        let first_deposits = people.depositors.iter().map(|it| it.deposit as f64).sum();
        let threshold = match &run.panic.threshold {
            Some(threshold) => Some(threshold.stays_up_to()?),
            None => None,
        };
        let mut play = Play {
            run,
            people,
            engine: Engine::new(registry()),
            now: Time::from_seconds(START),
            score: RunScore { trough_price: f64::INFINITY, ..RunScore::default() },
            pressed: 0.0,
            without: run.market.price,
            price: run.market.price,
            bound: false,
            liquidated: 0.0,
            dragged: vec![false; people.borrowers.len()],
            members,
            slopes: Slopes::of(parameters, &run.pool.debt),
            shocked,
            sequences: [0; 2],
            peak: 0.0,
            recent_liquidated: 0.0,
            recent_exits: 0.0,
            usage_start: 0.0,
            first_deposits,
            threshold,
            struck: None,
        };
        play.set_up(parameters, policy)?;
        play.usage_start = play.usage();
        Ok(play)
    }

    /// The pool under a policy that limits nothing, and then under the one that is scored.
    fn set_up(&mut self, parameters: &str, policy: &Policy) -> Result<(), ScenarioError> {
        let pool = &self.run.pool;
        let guard = Guard {
            decimals: VALUE_DECIMALS,
            age_max_nanos: u64::MAX / 4,
            ahead_max_nanos: 1,
            band_bps: 9_999,
            spread_max_bps: 1_000,
            grace_nanos: 0,
        };
        for (symbol, decimals) in [(&pool.debt, DEBT_DECIMALS), (&pool.collateral, 18)] {
            let (symbol, kind) = (symbol.clone(), AssetKind::Token);
            self.must(Body::DefineAsset { symbol, decimals, kind })?;
        }
        for (asset, symbol) in [(DEBT, &pool.debt), (COLLATERAL, &pool.collateral)] {
            let symbol = format!("{symbol}/USD");
            self.must(Body::DefineMarket { symbol, asset, guard, volatility_weight: 1 })?;
        }
        let install = |policy: &Policy| Body::InstallRulebook {
            rule: pool.rule.clone(),
            parameters: parameters.to_owned(),
            hash: *blake3::hash(parameters.as_bytes()).as_bytes(),
            policy: policy.clone(),
        };
        self.must(install(&Policy::as_is()))?;
        self.tick(DEBT, 1.0)?;
        self.tick(COLLATERAL, self.run.market.price)?;
        for at in 0..self.people.depositors.len() + self.people.borrowers.len() {
            self.must(Body::OpenAccount { owner: format!("account {at}") })?;
        }
        for at in 0..self.people.depositors.len() {
            let (account, amount) = (account(at), self.people.depositors[at].deposit);
            self.must(Body::Call(Call::Deposit { account, asset: DEBT, amount }))?;
        }
        for at in 0..self.people.borrowers.len() {
            let (account, borrower) = (self.borrower(at), self.people.borrowers[at]);
            let (asset, amount) = (COLLATERAL, borrower.collateral);
            self.must(Body::Call(Call::Deposit { account, asset, amount }))?;
            if borrower.debt > 0 {
                let (asset, amount) = (DEBT, borrower.debt);
                self.must(Body::Call(Call::Borrow { account, asset, amount }))?;
            }
        }
        if pool.insurance > 0 {
            let amount = u128::from(pool.insurance) * 1_000_000;
            self.must(Body::FundInsurance { asset: DEBT, amount })?;
        }
        self.must(install(policy))?;
        Ok(())
    }

    pub(super) fn borrower(&self, at: usize) -> AccountId {
        account(self.people.depositors.len() + at)
    }

    /// Applies a command; an invariant that breaks ends the run.
    pub(super) fn apply(&mut self, body: Body) -> Result<Outcome, ScenarioError> {
        let outcome = self.engine.apply(&Command { at: self.now, body });
        if let Some(stop) = &outcome.stop {
            return Err(ScenarioError::Stopped(stop.to_string()));
        }
        self.follow(&outcome);
        Ok(outcome)
    }

    fn must(&mut self, body: Body) -> Result<Outcome, ScenarioError> {
        let what = body.kind().to_owned();
        let outcome = self.apply(body)?;
        match &outcome.rejected {
            Some(why) => Err(ScenarioError::Refused { what, why: why.to_string() }),
            None => Ok(outcome),
        }
    }

    fn tick(&mut self, asset: AssetId, price: f64) -> Result<Outcome, ScenarioError> {
        let at = usize::from(asset.0);
        self.sequences[at] += 1;
        let raw = ((price * 1e8) as u128).max(1);
        let tick = Tick {
            market: MarketId(asset.0),
            quote: Quote::Single(raw),
            decimals: VALUE_DECIMALS,
            sequence: self.sequences[at],
            observed_at: self.now,
        };
        self.apply(Body::Tick(tick))
    }

    /// What an outcome says of those who wait, and whether a defence has bound.
    fn follow(&mut self, outcome: &Outcome) {
        if let Some(rejected) = &outcome.rejected {
            self.bound |= is_defence(rejected.rejection);
        }
        let hours = self.hours();
        for what in outcome.facts() {
            match what {
                What::WithdrawalPaid { account, amount, .. } => {
                    if let Some(member) = self.members.get_mut(account.index()) {
                        member.claimed = member.claimed.saturating_sub(amount.raw);
                        member.pays(amount.raw, hours);
                    }
                }
                What::WithdrawalQueued { .. } | What::BandPaused { .. } => self.bound = true,
                What::BreakerTripped { .. } => self.bound = true,
                What::WithdrawalDropped { account, .. } => {
                    if let Some(member) = self.members.get_mut(account.index()) {
                        member.claimed = 0;
                    }
                }
                _ => {}
            }
        }
    }

    /// Hours since the start.
    pub(super) fn hours(&self) -> f64 {
        self.now.seconds_since(Time::from_seconds(START)) as f64 / 3_600.0
    }

    /// Cash of what is lent in the pool, base units.
    pub(super) fn cash(&self) -> u128 {
        let unit = Unit { asset: DEBT, class: Class::Token };
        u128::try_from(self.engine.ledger().balance(Holder::Reserve, unit)).unwrap_or(0)
    }

    pub(super) fn usage(&self) -> f64 {
        let Some(rulebook) = self.engine.rulebook() else { return 0.0 };
        let totals = self.engine.look(|view| rulebook.totals(view, DEBT)).unwrap_or_default();
        let (lent, supplied) = (totals.borrowed as f64, totals.supplied as f64);
        if lent <= 0.0 { 0.0 } else { (lent / supplied.max(1.0)).min(1.0) }
    }

    fn step(&mut self, step: u32) -> Result<Point, ScenarioError> {
        let hours = self.run.step_hours();
        self.now = self.now.after(self.run.step_seconds.saturating_mul(1_000_000_000));
        (self.bound, self.liquidated) = (false, 0.0);
        let prices = if self.shocked { &self.people.shocked } else { &self.people.calm };
        self.without = prices[step as usize];
        self.price = self.without * libm::exp(-self.pressed);
        self.peak = self.peak.max(self.price);
        self.score.trough_price = self.score.trough_price.min(self.price);
        self.tick(COLLATERAL, self.price)?;
        if self.shocked {
            self.prey(step)?;
        }
        self.liquidate(hours)?;
        let exits = self.decide(step);
        self.serve(step)?;
        self.business(step)?;
        let forgets = libm::exp(-self.run.panic.decay * hours);
        let whole = self.first_deposits / ONE_DEBT;
        self.recent_liquidated = self.recent_liquidated * forgets + self.liquidated / whole;
        self.recent_exits = self.recent_exits * forgets + exits / self.first_deposits;
        self.pressed *= libm::exp(-self.run.market.recovery_hour * hours);
        let waiting = self.members.iter().map(Member::waits).sum::<u128>() as f64 / ONE_DEBT;
        self.score.trapped_value_hours += waiting * hours;
        self.score.trips += u32::from(self.bound);
        Ok(Point {
            hours: self.hours(),
            price: self.price,
            without: self.without,
            cash: self.cash() as f64 / ONE_DEBT,
            waiting,
        })
    }

    /// A predator that sees whom its sale would liquidate strikes once, and buys back later.
    fn prey(&mut self, step: u32) -> Result<(), ScenarioError> {
        let Some(predator) = self.run.predator else { return Ok(()) };
        if let Some((units, sold_at, until)) = self.struck {
            if step == until {
                self.pressed -= units / self.run.market.depth;
                self.score.predator_gain = units * (sold_at - self.price);
            }
            return Ok(());
        }
        let push = predator.units / self.run.market.depth;
        let after = libm::exp(-push);
        let mut debt = 0.0;
        for at in 0..self.people.borrowers.len() {
            let account = self.borrower(at);
            let Ok(health) = self.engine.health(account) else { continue };
            let ratio = ratio_of(&health);
            // One collateral and one debt: the ratio moves as the price does.
            if !health.breach && ratio * after < 1.0 {
                debt += health.requirement as f64 / 1e8;
            }
        }
        if debt >= predator.debt_least && debt > 0.0 {
            let mean = self.price * (1.0 - after) / push.max(f64::MIN_POSITIVE);
            self.struck = Some((predator.units, mean, step + predator.hold_steps));
            self.pressed += push;
        }
        Ok(())
    }

    /// Who wants out from now on; returns what they hold, base units.
    fn decide(&mut self, step: u32) -> f64 {
        if !self.shocked {
            return 0.0;
        }
        let hours = self.run.step_hours();
        let panic = &self.run.panic;
        let fallen = 1.0 - self.price / self.peak;
        let used = (self.usage() - self.usage_start).max(0.0);
        let recent = |share: f64| if share > NOTHING { share } else { 0.0 };
        let (liquidated, exited) = (recent(self.recent_liquidated), recent(self.recent_exits));
        let rate = panic.hazard().rate(fallen, used, liquidated, exited);
        let out: f64 = self.members.iter().map(|member| member.wanted as f64).sum();
        let out = out / self.first_deposits;
        let (draws, many) = (self.people.draws, self.members.len() as u64);
        let herd = draws.uniform(Purpose::Herd, u64::from(step) * (many + 1) + many);
        let (now, mut exits) = (self.hours(), 0.0);
        for (at, (member, person)) in
            self.members.iter_mut().zip(&self.people.depositors).enumerate()
        {
            if member.wants_since.is_some() || member.left <= DUST {
                continue;
            }
            let place = u64::from(step) * (many + 1) + at as u64;
            let runs = self.threshold.is_some_and(|most| out + person.belief > most);
            let more = match &panic.threshold {
                Some(threshold) if runs => threshold.rate_hour,
                _ => 0.0,
            };
            let follows =
                panic.herding > 0.0 && draws.uniform(Purpose::Herd, place) <= panic.herding;
            let own = if follows { herd } else { draws.uniform(Purpose::Exits, place) };
            if own > libm::exp(-(rate * person.nervous + more) * hours) {
                member.wants_since = Some(now);
                member.wanted = member.left - DUST;
                exits += member.left as f64;
            }
        }
        exits
    }

    /// Those who want out ask, whoever is first by draw.
    fn serve(&mut self, step: u32) -> Result<(), ScenarioError> {
        let many = self.members.len() as u64;
        let waits = |at: &usize| self.members[*at].wants_since.is_some();
        let mut turns: Vec<(u64, usize)> = (0..self.members.len())
            .filter(|at| waits(at) && self.members[*at].asks() > 0)
            .map(|at| {
                let place = u64::from(step) * many + at as u64;
                (self.people.draws.uniform(Purpose::Turns, place).to_bits(), at)
            })
            .collect();
        turns.sort_unstable();
        for (_, at) in turns {
            self.ask(at)?;
        }
        Ok(())
    }

    /// One asks for all that it still wants, and takes what it can get.
    fn ask(&mut self, at: usize) -> Result<(), ScenarioError> {
        let mut amount = self.members[at].asks();
        for _ in 0..TRIES {
            if amount == 0 {
                return Ok(());
            }
            let call = Call::Withdraw { account: account(at), asset: DEBT, amount };
            let outcome = self.apply(Body::Call(call))?;
            let Some(rejected) = &outcome.rejected else {
                let queued = outcome.facts().find_map(|what| match what {
                    What::WithdrawalQueued { paid, waits, .. } => Some((*paid, waits.raw)),
                    _ => None,
                });
                let (paid, waits) = queued.unwrap_or((amount, 0));
                let hours = self.hours();
                self.members[at].claimed += waits;
                self.members[at].pays(paid, hours);
                return Ok(());
            };
            amount = match rejected.rejection {
                Rejection::InsufficientLiquidity => self.cash().min(amount.saturating_sub(1)),
                Rejection::OutflowLimited => {
                    let room = self.engine.outflow_room().unwrap_or(0);
                    // Values have two decimals more, and are rounded against whoever asks.
                    (room / 100).min(amount.saturating_sub(1))
                }
                _ => 0,
            };
        }
        Ok(())
    }

    fn ended(mut self) -> RunScore {
        let hours = self.hours();
        let patience = self.run.patience_hours;
        let late = |member: &&Member| {
            let since = member.wants_since.unwrap_or(hours);
            member.wanted > 0 && member.done_at.unwrap_or(hours) - since > patience
        };
        let hurt = self.members.iter().filter(late).count();
        let dragged = self.dragged.iter().filter(|dragged| **dragged).count();
        let count = |many: usize| u32::try_from(many).unwrap_or(u32::MAX);
        self.score.dragged = count(dragged);
        self.score.users_hurt = count(hurt + dragged);
        self.score.users = count(self.members.len() + self.dragged.len());
        let mut order: Vec<usize> = (0..self.members.len()).collect();
        order.sort_by_key(|at| std::cmp::Reverse(self.people.depositors[*at].deposit));
        let share = |of: &[usize]| {
            let (wanted, paid) = of
                .iter()
                .map(|at| &self.members[*at])
                .fold((0, 0), |sum, it| (sum.0 + it.wanted, sum.1 + it.paid.min(it.wanted)));
            (wanted > 0).then(|| paid as f64 / wanted as f64)
        };
        let tenth = self.members.len().div_ceil(10);
        let half = self.members.len() - self.members.len().div_ceil(2);
        self.score.got_out_large = share(&order[..tenth]);
        self.score.got_out_small = share(&order[self.members.len() - half..]);
        self.score.got_out = share(&order).unwrap_or(1.0);
        let wanted: u128 = self.members.iter().map(|member| member.wanted).sum();
        self.score.wanted = wanted as f64 / ONE_DEBT;
        self.score.bad_debt = self.bad_debt();
        self.score.state_hash = self.engine.state_hash().hex();
        self.score
    }

    /// Losses that lie with nobody, and debt beyond its collateral at the last mark.
    fn bad_debt(&self) -> f64 {
        let losses = self.engine.losses().get(&DEBT).copied().unwrap_or_default();
        let mut sum = losses.outstanding as f64 / ONE_DEBT;
        let Some(rulebook) = self.engine.rulebook() else { return sum };
        for at in 0..self.people.borrowers.len() {
            let account = self.borrower(at);
            if let Ok(sides) = self.engine.look(|view| rulebook.sides(view, account)) {
                sum += sides.debt.saturating_sub(sides.collateral) as f64 / 1e8;
            }
        }
        sum
    }

    /// Collateral of a borrower, whole units, and debt at the mark.
    pub(super) fn debt_value(&self, account: AccountId) -> f64 {
        let Some(rulebook) = self.engine.rulebook() else { return 0.0 };
        let sides = self.engine.look(|view| rulebook.sides(view, account)).unwrap_or_default();
        sides.debt as f64 / 1e8
    }

    /// Units of collateral as sales count them.
    pub(super) fn units(raw: u128) -> f64 {
        raw as f64 / ONE_COLLATERAL
    }
}

impl Member {
    /// Still wanted and not paid.
    fn waits(&self) -> u128 {
        if self.wants_since.is_none() {
            self.claimed
        } else {
            self.wanted.saturating_sub(self.paid)
        }
    }

    /// What it would ask for now: what no claim waits for.
    fn asks(&self) -> u128 {
        if self.claimed > 0 { 0 } else { self.waits() }
    }

    /// Counts a payment.
    fn pays(&mut self, amount: u128, hours: f64) {
        self.left = self.left.saturating_sub(amount);
        if self.wants_since.is_none() {
            self.outside += amount;
            return;
        }
        self.paid += amount;
        if self.paid >= self.wanted && self.done_at.is_none() {
            self.done_at = Some(hours);
        }
    }
}

pub(super) fn account(at: usize) -> AccountId {
    AccountId(u32::try_from(at).unwrap_or(u32::MAX))
}

/// A health ratio as a float.
pub(super) fn ratio_of(health: &breakwater_margin::Health) -> f64 {
    let raw = u128::try_from(health.ratio.raw).unwrap_or(u128::MAX);
    raw as f64 / 1e18
}

/// Whether a refusal is a defence's, rather than the venue's own rule.
pub(super) const fn is_defence(rejection: Rejection) -> bool {
    matches!(
        rejection,
        Rejection::OutflowLimited
            | Rejection::BandPaused
            | Rejection::BelowStressed
            | Rejection::Throttled
            | Rejection::AboveCloseFactor
            | Rejection::SupplyCapped
            | Rejection::BorrowCapped
            | Rejection::BreakerHolds
            | Rejection::NotYetDue
    )
}
