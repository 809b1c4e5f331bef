//! The engine and its one entry point.

use crate::defended::Defended;
use crate::event::{Cause, Event, Outcome, What};
use crate::invariant::{Invariant, Stop};
use crate::legs::OpenLegs;
use crate::tape::Tape;
use crate::{Body, Command, Watch, steps};
use breakwater_ledger::{Ledger, TrialRow};
use breakwater_liquidation::backstop::drawdown::Drawdown;
use breakwater_liquidation::plan::{Leg, Plan, PlannedCall, largest_option, plan_call, plan_sale};
use breakwater_liquidation::{
    AssetInfo, Balances, CallOption, Close, Gate, MarginCall, MarketInfo, Observed, Orders, Policy,
    PoolState, Proposal, Rejected, Rejection, Rulebook, Running, UnderWay, View, propose,
    solvency::RateResponse,
};
use breakwater_margin::{Band, Health};
use breakwater_market::GuardState;
use breakwater_money::{AccountId, AssetId, Holder, Holding, Rational, Time, Unit};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Where the engine finds rulebooks: hosts plug them in by name.
pub trait Registry: Send + Sync {
    /// Builds the rulebook `rule` from its parameters.
    ///
    /// # Errors
    /// A sentence naming the parameter, its value and what would be right; none if there is no
    /// such rulebook.
    fn build(
        &self,
        rule: &str,
        parameters: &str,
        assets: &[AssetInfo],
    ) -> Result<Option<Box<dyn Rulebook>>, String>;
}

/// A sale under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenLeg {
    /// Whose.
    pub account: AccountId,
    /// As ordered.
    pub leg: Leg,
    /// How much of it is sold.
    pub filled: u128,
    /// When what is left of a planned slice is called off and planned again; none for other sales.
    pub until: Option<Time>,
}

/// The rulebook in force.
pub(crate) struct Installed {
    pub rulebook: Box<dyn Rulebook>,
    pub rule: String,
    pub parameters: String,
    pub hash: [u8; 32],
    pub policy: Policy,
    /// The policy's rate responses by asset.
    pub rates: Vec<(AssetId, RateResponse)>,
}

/// Where an asset's gate stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Gated {
    pub gate: Gate,
    /// Until when nobody is liquidated who holds or owes the asset, after a pause.
    pub grace_until: Option<Time>,
}

/// What the guards of solvency remember, by asset.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Guarded {
    pub gates: BTreeMap<AssetId, Gated>,
    pub tapes: BTreeMap<AssetId, Tape>,
    /// Surcharges in force, basis points a year.
    pub surcharges: BTreeMap<AssetId, u32>,
    /// The insurance fund's balance over time, where a policy looks at how much it has lost.
    pub funds: BTreeMap<AssetId, Drawdown>,
}

/// What the engine knows of an account beside its balances.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Standing {
    pub owner: String,
    pub call: MarginCall,
    pub band: Band,
    /// Price count at which it was last liquidated, for one liquidation at one price.
    pub liquidated_at: u64,
    /// When a sale may be tried again that the market would not take whole.
    pub retry_at: Time,
    /// What a ladder has done since the account was called.
    pub climbed: Climbed,
}

/// What a ladder has done with an account since it was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Climbed {
    pub called_at: Time,
    pub last_step_at: Option<Time>,
    pub steps: u32,
    /// Shortage of the requirement that fills have freed, see `ladder::Standing::freed`.
    pub freed: u128,
}

/// Losses and their bearers so far, in one asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Losses {
    /// All deficits booked.
    pub deficit: u128,
    /// Paid by the insurance fund.
    pub insurance: u128,
    /// Taken over by a backstop vault.
    pub vault: u128,
    /// Taken from winners.
    pub deleveraged: u128,
    /// Spread over accounts.
    pub socialised: u128,
    /// With nobody yet.
    pub outstanding: u128,
}

/// One pool: a rulebook, its accounts, markets and funds.
pub struct Engine {
    pub(crate) registry: Arc<dyn Registry>,
    pub(crate) now: Time,
    pub(crate) sequence: u64,
    pub(crate) epoch: u64,
    pub(crate) halted: bool,
    pub(crate) prices: u64,
    pub(crate) assets: Vec<AssetInfo>,
    pub(crate) markets: Vec<MarketInfo>,
    pub(crate) marks: Vec<GuardState>,
    pub(crate) installed: Option<Installed>,
    pub(crate) ledger: Ledger,
    pub(crate) state: PoolState,
    pub(crate) standings: Vec<Standing>,
    pub(crate) legs: OpenLegs,
    /// Auctions by the number of their leg.
    pub(crate) auctions: BTreeMap<u64, Running>,
    pub(crate) next_leg: u64,
    pub(crate) orders: Orders,
    pub(crate) next_order: u64,
    /// The last entropy that came in.
    pub(crate) entropy: u64,
    /// What is known of the markets that sales go into.
    pub(crate) observed: Observed,
    pub(crate) losses: BTreeMap<AssetId, Losses>,
    pub(crate) guarded: Guarded,
    pub(crate) defended: Defended,
    /// Accounts due for a sale that could not be ordered yet: tried again at every price.
    pub(crate) retry: BTreeSet<AccountId>,
    pub(crate) watch: Watch,
    pub(crate) stop: Option<Stop>,
    pub(crate) scratch: steps::Scratch,
}

pub(crate) struct LedgerBalances<'a>(pub &'a Ledger);

impl Balances for LedgerBalances<'_> {
    fn holdings(&self, account: AccountId) -> &[Holding] {
        self.0.holdings(account)
    }
    fn balance(&self, holder: Holder, unit: Unit) -> i128 {
        self.0.balance(holder, unit)
    }
    fn accounts(&self) -> u32 {
        // Accounts are numbered in 32 bits, see limits.
        u32::try_from(self.0.accounts()).unwrap_or(u32::MAX)
    }
}

impl Engine {
    /// An empty pool.
    #[must_use]
    pub fn new(registry: Arc<dyn Registry>) -> Self {
        Engine {
            registry,
            now: Time::default(),
            sequence: 0,
            epoch: 0,
            halted: false,
            prices: 0,
            assets: Vec::new(),
            markets: Vec::new(),
            marks: Vec::new(),
            installed: None,
            ledger: Ledger::default(),
            state: PoolState::default(),
            standings: Vec::new(),
            legs: OpenLegs::default(),
            auctions: BTreeMap::new(),
            next_leg: 1,
            orders: Orders::default(),
            next_order: 1,
            entropy: 0,
            observed: Observed::default(),
            losses: BTreeMap::new(),
            guarded: Guarded::default(),
            defended: Defended::default(),
            retry: BTreeSet::new(),
            watch: Watch::default(),
            stop: None,
            scratch: steps::Scratch::default(),
        }
    }

    /// Applies one command: total, deterministic, all or nothing.
    pub fn apply(&mut self, command: &Command) -> Outcome {
        self.sequence += 1;
        self.scratch.postings.clear();
        let mut outcome = Outcome {
            sequence: self.sequence,
            at: self.now,
            epoch: self.epoch,
            rejected: None,
            events: Vec::new(),
            assessed: 0,
            pending: 0,
            stop: None,
        };
        if let Some(stop) = &self.stop {
            outcome.rejected = Some(Rejection::Stopped.because(stop.to_string()));
            outcome.stop = Some(stop.clone());
            return outcome;
        }
        match self.step(command, &mut outcome) {
            Ok(()) => {}
            // I-43: what has begun to happen cannot be refused any more.
            Err(Fault::Rejected(rejected)) if self.scratch.committed => {
                let (invariant, found) =
                    (Invariant::RejectedChangesNothing, format!("refused halfway: {rejected}"));
                let stop = Stop { invariant, sequence: self.sequence, found };
                outcome.stop = Some(stop.clone());
                self.stop = Some(stop);
            }
            Err(Fault::Rejected(rejected)) => {
                let clocks = std::mem::take(&mut self.scratch.clocks);
                steps::auction::clock::uncount(self, clocks);
                outcome.events.clear();
                outcome.rejected = Some(rejected);
            }
            Err(Fault::Broken(invariant, found)) => {
                let stop = Stop { invariant, sequence: self.sequence, found };
                outcome.stop = Some(stop.clone());
                self.stop = Some(stop);
            }
        }
        outcome.at = self.now;
        outcome.epoch = self.epoch;
        outcome.pending = u32::try_from(self.watch.pending()).unwrap_or(u32::MAX);
        outcome
    }

    fn step(&mut self, command: &Command, outcome: &mut Outcome) -> Result<(), Fault> {
        self.scratch.committed = false;
        self.scratch.clocks.clear();
        if command.at < self.now {
            let detail = format!("at {}, engine time {}", command.at.0, self.now.0);
            return Err(Rejection::TimeBackwards.because(detail).into());
        }
        self.scratch.clocks = steps::auction::clock::count(self, command.at);
        let cause = steps::run(self, command, outcome)?;
        if steps::auction::may_be_due(&command.body) {
            steps::auction::due(self, cause, outcome)?;
        }
        steps::solvency::respond(self, cause, outcome)?;
        steps::defences::respond(self, &command.body, cause, outcome)?;
        self.watch.advance(self.now);
        steps::assess::pending(self, cause, outcome)
    }

    /// The pool as rulebooks see it, at engine time.
    pub(crate) fn with_view<T>(&self, now: Time, look: impl FnOnce(&View<'_>) -> T) -> T {
        let balances = LedgerBalances(&self.ledger);
        let view = View::new(now, &self.assets, &self.markets, &self.marks, &balances, &self.state);
        look(&view.with_orders(&self.orders))
    }

    /// Looks at the pool as rulebooks see it.
    pub fn look<T>(&self, look: impl FnOnce(&View<'_>) -> T) -> T {
        self.with_view(self.now, look)
    }

    /// The rulebook in force.
    #[must_use]
    pub fn rulebook(&self) -> Option<&dyn Rulebook> {
        self.installed.as_ref().map(|installed| &*installed.rulebook)
    }

    /// The policy in force.
    #[must_use]
    pub fn policy(&self) -> Option<&Policy> {
        self.installed.as_ref().map(|installed| &installed.policy)
    }

    /// Hash of the parameters in force.
    #[must_use]
    pub fn rulebook_hash(&self) -> Option<[u8; 32]> {
        self.installed.as_ref().map(|installed| installed.hash)
    }

    pub(crate) fn in_force(&self) -> Result<&Installed, Rejected> {
        self.installed.as_ref().ok_or_else(|| Rejection::NoRulebook.into())
    }

    /// Exact health of an account at the marks.
    ///
    /// # Errors
    /// No rulebook, or the rulebook's refusal.
    pub fn health(&self, account: AccountId) -> Result<Health, Rejected> {
        let installed = self.in_force()?;
        self.look(|view| installed.rulebook.assess(view, account))
    }

    /// Price of `asset` at which the account reaches the breach line, others held.
    ///
    /// # Errors
    /// No rulebook, or the rulebook's refusal.
    pub fn liquidation_price(
        &self,
        account: AccountId,
        asset: AssetId,
    ) -> Result<Option<Rational>, Rejected> {
        let installed = self.in_force()?;
        self.look(|view| installed.rulebook.liquidation_price(view, account, asset))
    }

    /// The best keeper's call on the account under the policy in force.
    ///
    /// # Errors
    /// See [`plan_call`].
    pub fn plan_call(&self, account: AccountId) -> Result<PlannedCall, Rejected> {
        let installed = self.in_force()?;
        self.look(|view| {
            let planned = plan_call(&*installed.rulebook, view, account, &installed.policy)?;
            steps::defences::pace::fit_call(self, view, account, planned)
        })
    }

    /// The call of [`Engine::plan_call`] without the health around it, which a keeper who only
    /// weighs its gain does not need.
    ///
    /// # Errors
    /// See [`plan_call`].
    pub fn best_call(&self, account: AccountId) -> Result<CallOption, Rejected> {
        let installed = self.in_force()?;
        if installed.policy.close == Close::Target {
            return Ok(self.plan_call(account)?.option);
        }
        self.look(|view| {
            let largest = largest_option(&*installed.rulebook, view, account)?;
            steps::defences::pace::fit_option(self, view, account, largest)
        })
    }

    /// The venue's own sale for the account under the policy in force.
    ///
    /// # Errors
    /// See [`plan_sale`] and, where the policy plans over depth, [`Engine::propose`].
    pub fn plan_sale(&self, account: AccountId) -> Result<Plan, Rejected> {
        let installed = self.in_force()?;
        if installed.policy.close == Close::Planned {
            return Ok(self.propose(account)?.plan);
        }
        self.look(|view| plan_sale(&*installed.rulebook, view, account, &installed.policy))
    }

    /// What the planner proposes for the account under the policy in force, with what other accounts'
    /// sales may still take. Where the account's own are under way, as if they were called off.
    ///
    /// # Errors
    /// See [`breakwater_liquidation::propose`].
    pub fn propose(&self, account: AccountId) -> Result<Proposal, Rejected> {
        let installed = self.in_force()?;
        let under_way = self.under_way(account);
        self.look(|view| {
            let view = view.with_conditions(&self.observed, &under_way);
            propose(&*installed.rulebook, &view, account, &installed.policy)
        })
    }

    /// What the sales of all accounts but one may still take of each asset's depth. What is auctioned
    /// takes none.
    pub(crate) fn under_way(&self, but: AccountId) -> UnderWay {
        self.legs.under_way(but)
    }

    /// What is known of the markets that sales go into.
    #[must_use]
    pub fn observed(&self) -> &Observed {
        &self.observed
    }

    /// Every unit's sums over all holders.
    #[must_use]
    pub fn trial_balance(&self) -> Vec<TrialRow> {
        self.ledger.trial_balance()
    }

    /// The ledger, read only.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The rulebook's state, read only.
    #[must_use]
    pub fn state(&self) -> &PoolState {
        &self.state
    }

    /// Engine time.
    #[must_use]
    pub fn now(&self) -> Time {
        self.now
    }

    /// Commands seen.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Open orders.
    #[must_use]
    pub fn orders(&self) -> &Orders {
        &self.orders
    }

    /// Assets by number.
    #[must_use]
    pub fn assets(&self) -> &[AssetInfo] {
        &self.assets
    }

    /// Markets by number.
    #[must_use]
    pub fn markets(&self) -> &[MarketInfo] {
        &self.markets
    }

    /// Accepted prices by market.
    #[must_use]
    pub fn marks(&self) -> &[GuardState] {
        &self.marks
    }

    /// Number of accounts.
    #[must_use]
    pub fn accounts(&self) -> usize {
        self.standings.len()
    }

    /// Name of the account's owner.
    #[must_use]
    pub fn owner(&self, account: AccountId) -> Option<&str> {
        self.standings.get(account.index()).map(|s| s.owner.as_str())
    }

    /// The account's margin call.
    #[must_use]
    pub fn margin_call(&self, account: AccountId) -> Option<MarginCall> {
        self.standings.get(account.index()).map(|s| s.call)
    }

    /// Sales under way, by number of the leg.
    #[must_use]
    pub fn open_legs(&self) -> &BTreeMap<u64, OpenLeg> {
        self.legs.all()
    }

    /// Auctions under way, by number of their leg.
    #[must_use]
    pub fn auctions(&self) -> &BTreeMap<u64, Running> {
        &self.auctions
    }

    /// Losses and their bearers so far, by asset.
    #[must_use]
    pub fn losses(&self) -> &BTreeMap<AssetId, Losses> {
        &self.losses
    }

    /// What may be done with the asset.
    #[must_use]
    pub fn gate(&self, asset: AssetId) -> Gate {
        self.guarded.gates.get(&asset).map_or(Gate::Open, |gated| gated.gate)
    }

    /// Until when nobody is liquidated who holds or owes the asset, if it was paused until lately.
    #[must_use]
    pub fn unpause_grace(&self, asset: AssetId) -> Option<Time> {
        let grace = self.guarded.gates.get(&asset).and_then(|gated| gated.grace_until);
        grace.filter(|until| self.now < *until)
    }

    /// Until when the asset's breaker refuses new risk, if it does.
    #[must_use]
    pub fn breaker_until(&self, asset: AssetId) -> Option<Time> {
        let tape = self.guarded.tapes.get(&asset).filter(|tape| tape.holds(self.now));
        tape.and_then(|tape| tape.held_until)
    }

    /// The surcharge on the asset's borrow rate, basis points a year; zero for none.
    #[must_use]
    pub fn surcharge(&self, asset: AssetId) -> u32 {
        self.guarded.surcharges.get(&asset).copied().unwrap_or(0)
    }

    /// What the engine's own steps of the last accepted command rested on; none after a restore.
    #[must_use]
    pub fn grounds(&self) -> &crate::Grounds {
        &self.scratch.grounds
    }

    /// What the last command has posted, with the place of what it told about it; nothing after a
    /// refusal or a restore.
    #[must_use]
    pub fn postings(&self) -> &crate::Postings {
        &self.scratch.postings
    }

    /// The broken promise, if one stopped the engine.
    #[must_use]
    pub fn stop(&self) -> Option<&Stop> {
        self.stop.as_ref()
    }

    /// The watch list's judge: assesses every account and compares. Returns accounts whose band
    /// differs from the recorded one although they are not pending; always empty unless the
    /// watch list is late.
    #[must_use]
    pub fn rescan(&self) -> Vec<AccountId> {
        let Ok(installed) = self.in_force() else { return Vec::new() };
        self.look(|view| {
            (0..)
                .map(AccountId)
                .zip(&self.standings)
                .filter_map(|(account, standing)| {
                    if self.watch.is_pending(account) {
                        return None;
                    }
                    let health = installed.rulebook.assess(view, account).ok()?;
                    let band = health.band(installed.policy.warn_ratio);
                    (band != standing.band).then_some(account)
                })
                .collect()
        })
    }

    /// Accounts that wait to be assessed.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.watch.pending()
    }

    /// True if the account waits to be assessed.
    #[must_use]
    pub fn is_pending(&self, account: AccountId) -> bool {
        self.watch.is_pending(account)
    }

    pub(crate) fn tell(outcome: &mut Outcome, cause: Cause, what: What) {
        outcome.events.push(Event { cause, what });
    }
}

/// Why a step did not go through.
pub(crate) enum Fault {
    Rejected(Rejected),
    Broken(Invariant, String),
}

impl From<Rejected> for Fault {
    fn from(rejected: Rejected) -> Self {
        Fault::Rejected(rejected)
    }
}

impl From<Rejection> for Fault {
    fn from(rejection: Rejection) -> Self {
        Fault::Rejected(rejection.into())
    }
}

impl From<breakwater_money::MoneyError> for Fault {
    fn from(error: breakwater_money::MoneyError) -> Self {
        Fault::Rejected(error.into())
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("sequence", &self.sequence)
            .field("now", &self.now)
            .field("accounts", &self.standings.len())
            .finish_non_exhaustive()
    }
}

/// True if nothing about the body can open new risk or liquidate: allowed in a halt.
pub(crate) fn cures(body: &Body) -> bool {
    use breakwater_liquidation::Call;
    match body {
        Body::Call(call) => matches!(call, Call::Deposit { .. } | Call::Repay { .. }),
        Body::InstallRulebook { .. } | Body::PlaceOrder { .. } | Body::FillOrder { .. } => false,
        _ => true,
    }
}
