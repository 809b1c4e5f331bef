//! The naive engine: one command in, what it does out, everybody looked at again.

mod auctions;
mod climb;
mod defences;
mod define;
mod loss;
mod orders;
mod pauses;
mod planned;
mod sales;
mod solvency;

use crate::auction::{self, Auction};
use crate::depth::Depths;
use crate::ladder::Climbed;
use crate::number::{Int, Result};
use crate::pool::Pool;
use crate::rule::{Library, Rule, look_up};
use crate::{call, guard, plan};
use breakwater_engine::{Body, Cause, Command, Event, OpenLeg, What};
use breakwater_liquidation::effects::Bearer;
use breakwater_liquidation::{
    Call, CallState, Close, Fact, Leg, MarginCall, Policy, Reason, Rejection, Seller,
};
use breakwater_market::Tick;
use breakwater_money::{AccountId, Amount, AssetId, Holder, Time, Unit};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

pub use loss::Borne;

/// Most accounts that one call names.
const NAMED_MAX: usize = 256;
/// Longest parameter text.
const TEXT_MAX: usize = 1 << 20;

/// An event that the engine must tell, or may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The event.
    pub event: Event,
    /// True where the engine is free: a cured account is forgotten whenever it is next assessed,
    /// and that depends on the watch list.
    pub optional: bool,
}

/// What becomes of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Why it is refused, if it is.
    pub rejected: Option<Rejection>,
    /// What must happen, in order.
    pub told: Vec<Told>,
}

/// One account beside its balances.
#[derive(Debug, Clone, Default)]
struct Account {
    call: MarginCall,
    /// Count of prices at its last liquidation.
    liquidated_at: u64,
    /// When a sale is tried again that the market did not take whole.
    retry_at: Time,
    /// What a ladder has done since it was called.
    climbed: Climbed,
}

/// The rule in force with its policy.
#[derive(Debug, Clone)]
struct InForce {
    name: String,
    rule: Rc<Rule>,
    policy: Rc<Policy>,
}

/// The naive engine.
#[derive(Debug, Clone)]
pub struct Model {
    library: Rc<Library>,
    pool: Pool,
    in_force: Option<InForce>,
    epoch: u64,
    halted: bool,
    prices: u64,
    accounts: Vec<Account>,
    legs: BTreeMap<u64, OpenLeg>,
    /// By the number of their leg.
    auctions: BTreeMap<u64, Auction>,
    next_leg: u64,
    losses: BTreeMap<AssetId, Borne>,
    guarded: solvency::Guards,
    defended: defences::Defended,
    /// Due accounts whose sale could not be ordered; tried again at the next price, passage of
    /// time or resumption, when something of theirs changes, or at the time here.
    waiting: BTreeMap<AccountId, Time>,
    next_order: u64,
    /// What markets would pay.
    depths: Depths,
    /// The last entropy that came in.
    entropy: u64,
    /// What the fund had from when on, by asset, since the policy came into force.
    funds: BTreeMap<AssetId, Vec<(Time, Int)>>,
    /// Accounts liquidated by the command under way, and whether a loss was booked for them.
    hits: Vec<(AccountId, bool)>,
    told: Vec<Told>,
    /// What the engine was free to do with this command.
    freedom: Freedom,
}

/// What the engine is free to do at any assessment, and is known to have done with a command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Freedom {
    /// Waiting accounts whose sale it has tried again.
    pub sell: BTreeSet<AccountId>,
    /// Accounts whose cure it has forgotten.
    pub forget: BTreeSet<AccountId>,
    /// Slices that it has planned, in order, each with its reason.
    pub planned: BTreeMap<AccountId, Vec<(Vec<Leg>, Reason)>>,
}

impl Model {
    /// An empty pool that knows these rules.
    #[must_use]
    pub fn new(library: Rc<Library>) -> Self {
        Model {
            library,
            pool: Pool::default(),
            in_force: None,
            epoch: 0,
            halted: false,
            prices: 0,
            accounts: Vec::new(),
            legs: BTreeMap::new(),
            auctions: BTreeMap::new(),
            next_leg: 1,
            losses: BTreeMap::new(),
            guarded: solvency::Guards::new(),
            defended: defences::Defended::default(),
            waiting: BTreeMap::new(),
            next_order: 1,
            depths: Depths::default(),
            entropy: 0,
            funds: BTreeMap::new(),
            hits: Vec::new(),
            told: Vec::new(),
            freedom: Freedom::default(),
        }
    }

    /// Applies one command, whole or not at all.
    pub fn apply(&mut self, command: &Command) -> Verdict {
        self.apply_with(command, &Freedom::default())
    }

    /// Applies one command as it must go where the engine has used its freedom so.
    pub fn apply_with(&mut self, command: &Command, freedom: &Freedom) -> Verdict {
        let mut next = self.clone();
        next.freedom.clone_from(freedom);
        next.hits.clear();
        next.told.clear();
        next.pool.moved.clear();
        match next.step(command) {
            Ok(()) => {
                let told = std::mem::take(&mut next.told);
                *self = next;
                Verdict { rejected: None, told }
            }
            Err(rejection) => Verdict { rejected: Some(rejection), told: Vec::new() },
        }
    }

    /// Why a command would be refused, if it would: the command alone, without what follows.
    #[must_use]
    pub fn refusal(&self, command: &Command) -> Option<Rejection> {
        let mut next = self.clone();
        next.hits.clear();
        next.pool.moved.clear();
        next.act(command).err()
    }

    /// Tells the model that the engine did forget a cure.
    pub fn confirm(&mut self, what: &What) {
        if let What::CallMoved { account, to, .. } = what {
            let now = self.pool.now;
            if let Some(known) = self.accounts.get_mut(account.index()) {
                known.call = MarginCall { state: *to, since: now, deadline: None };
            }
        }
    }

    /// True if a sale for the account could not be ordered and waits.
    #[must_use]
    pub fn waits(&self, account: AccountId) -> bool {
        self.waiting.contains_key(&account)
    }

    /// The pool.
    #[must_use]
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// The rule in force.
    #[must_use]
    pub fn rule(&self) -> Option<&Rule> {
        self.in_force.as_ref().map(|in_force| &*in_force.rule)
    }

    /// The policy in force.
    #[must_use]
    pub fn policy(&self) -> Option<&Policy> {
        self.in_force.as_ref().map(|in_force| &*in_force.policy)
    }

    /// Epochs so far.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// True while the pool is halted.
    #[must_use]
    pub fn halted(&self) -> bool {
        self.halted
    }

    /// An account's margin call.
    #[must_use]
    pub fn margin_call(&self, account: AccountId) -> Option<MarginCall> {
        self.accounts.get(account.index()).map(|known| known.call)
    }

    /// Sales under way.
    #[must_use]
    pub fn legs(&self) -> &BTreeMap<u64, OpenLeg> {
        &self.legs
    }

    /// Auctions under way, by the number of their leg.
    #[must_use]
    pub fn auctions(&self) -> &BTreeMap<u64, Auction> {
        &self.auctions
    }

    /// Losses and their bearers so far.
    #[must_use]
    pub fn losses(&self) -> &BTreeMap<AssetId, Borne> {
        &self.losses
    }

    fn tell(&mut self, cause: Cause, what: What) {
        self.told.push(Told { event: Event { cause, what }, optional: false });
    }

    fn require_rule(&self) -> Result<InForce> {
        self.in_force.clone().ok_or(Rejection::NoRulebook)
    }

    fn step(&mut self, command: &Command) -> Result<()> {
        let cause = self.act(command)?;
        let moved = matches!(
            command.body,
            Body::Tick(_) | Body::AdvanceTime | Body::Halt { .. } | Body::SetGate { .. }
        );
        if moved {
            self.end_auctions(cause)?;
        }
        self.answer_usage(cause)?;
        self.pay_waiting(&command.body, cause)?;
        self.measure_stress(cause);
        self.look_at_everybody(cause)
    }

    /// The command itself. What it returns is the cause of what follows from it.
    fn act(&mut self, command: &Command) -> Result<Cause> {
        if command.at < self.pool.now {
            return Err(Rejection::TimeBackwards);
        }
        if self.halted && !allowed_in_halt(&command.body) {
            return Err(Rejection::Halted);
        }
        let before = self.pool.now;
        self.age_auctions(command.at);
        self.pool.now = command.at;
        let mut cause = Cause::Command;
        match &command.body {
            Body::DefineAsset { symbol, decimals, kind } => {
                self.define_asset(symbol, *decimals, *kind, before)?;
            }
            Body::DefineMarket { symbol, asset, guard, volatility_weight } => {
                self.define_market(symbol, *asset, guard, *volatility_weight)?;
            }
            Body::OpenAccount { owner } => self.open_account(owner)?,
            Body::InstallRulebook { rule, parameters, hash, policy } => {
                self.install(rule, parameters, hash, policy)?;
            }
            Body::Call(call) => self.business(call)?,
            Body::FundInsurance { asset, amount } => self.fund_insurance(*asset, *amount)?,
            Body::Tick(tick) => cause = self.tick(tick)?,
            Body::Bid { auction, bidder, bid } => self.take_bid(*auction, *bidder, bid)?,
            Body::PlaceOrder { order } => self.place(*order)?,
            Body::CancelOrder { order } => self.cancel(*order, Cause::Command)?,
            Body::FillOrder { order, quantity, price, against } => {
                self.fill_order(*order, *against, *quantity, *price)?;
            }
            Body::Entropy { bits } => self.entropy = *bits,
            Body::AdvanceTime => {
                self.waiting.clear();
                cause = Cause::Time;
            }
            Body::ReportFill { leg, quantity, proceeds, done } => {
                self.report_fill(*leg, *quantity, *proceeds, *done)?;
            }
            Body::Halt { on } => {
                self.halted = *on;
                if !on {
                    self.waiting.clear();
                }
                self.tell(Cause::Command, What::Halted { on: *on });
            }
            Body::SetGate { asset, gate } => self.set_gate(*asset, *gate)?,
            Body::CoverDeficit { asset, amount } => self.cover_deficit(*asset, *amount)?,
            Body::ObserveMarket { market, conditions, correlations } => {
                self.observe_market(*market, conditions, correlations)?;
            }
        }
        Ok(cause)
    }

    fn install(&mut self, name: &str, text: &str, hash: &[u8; 32], policy: &Policy) -> Result<()> {
        if text.len() > TEXT_MAX {
            return Err(Rejection::LimitReached);
        }
        let library = Rc::clone(&self.library);
        let known = look_up(&library, name, text);
        let right = library.values().filter_map(|texts| texts.get(text)).any(|k| k.hash == *hash);
        if !right {
            return Err(Rejection::RulebookHashDiffers);
        }
        if !makes_sense(policy) || !self.knows_guarded(policy) || !self.knows_defended(policy) {
            return Err(Rejection::BadParameter);
        }
        let rule = known?.rule.clone().ok_or(Rejection::BadParameter)?;
        if !rule.fits(&self.pool) {
            return Err(Rejection::BadParameter);
        }
        let same = self.in_force.as_ref().is_some_and(|in_force| in_force.name == name);
        if !same && self.in_force.is_some() && self.pool.used {
            return Err(Rejection::RulebookCannotTake);
        }
        if !same {
            self.pool.memory.clear();
            self.no_surcharges();
        }
        if !rule.admits(&self.pool) {
            return Err(Rejection::RulebookCannotTake);
        }
        rule.found(&mut self.pool);
        self.epoch += 1;
        let (hash, epoch) = (*hash, self.epoch);
        let told = What::RulebookInstalled { name: rule.name().to_owned(), hash, epoch };
        let rc = Rc::new(policy.clone());
        self.in_force = Some(InForce { name: name.to_owned(), rule, policy: rc });
        self.funds.clear();
        self.pool.fund_moved.extend((0..).map(AssetId).take(self.pool.assets.len()));
        self.record_funds();
        // Everything under everybody has changed.
        self.pool.moved.extend(self.pool.everybody());
        self.tell(Cause::Command, told);
        self.defences_begin(policy);
        self.guards_begin(policy);
        Ok(())
    }

    fn fund_insurance(&mut self, asset: AssetId, amount: u128) -> Result<()> {
        self.pool.asset(asset)?;
        if amount == 0 {
            return Err(Rejection::AmountZero);
        }
        let token = Unit::token(asset);
        self.pool.transfer(Holder::External, Holder::Insurance, token, &Int::from(amount))?;
        self.record_funds();
        self.tell(Cause::Command, What::InsuranceFunded { amount: Amount::new(asset, amount) });
        Ok(())
    }

    fn tick(&mut self, tick: &Tick) -> Result<Cause> {
        let index = tick.market.index();
        let market = self.pool.markets.get(index).ok_or(Rejection::UnknownMarket)?;
        let seen = self.pool.seen.get(index).copied().ok_or(Rejection::UnknownMarket)?;
        let accepted = guard::judge(&market.guard, &seen, tick, self.pool.now)?;
        let mark = accepted.mark.ok_or(Rejection::MarkMissing)?;
        self.pool.seen[index] = accepted;
        self.prices += 1;
        self.waiting.clear();
        let opened =
            if accepted.grace_until == seen.grace_until { None } else { accepted.grace_until };
        let asset = market.asset;
        let told = What::Marked { market: tick.market, mark, grace_until: opened };
        self.tell(Cause::Command, told);
        self.watch_bands(asset, mark.price);
        self.watch_fall(asset, mark.price);
        let from = seen.mark.map(|last| last.price);
        Ok(Cause::Price { market: tick.market, from, to: mark.price })
    }

    fn business(&mut self, call: &Call) -> Result<()> {
        let InForce { rule, policy, .. } = self.require_rule()?;
        let named = call.accounts();
        if named.len() > NAMED_MAX {
            return Err(Rejection::LimitReached);
        }
        if named.iter().any(|account| account.0 >= self.pool.accounts) {
            return Err(Rejection::UnknownAccount);
        }
        if matches!(call, Call::Fill { .. } | Call::WriteOff { .. } | Call::Deleverage { .. }) {
            return Err(Rejection::Unsupported);
        }
        self.lets_in(call)?;
        self.leaves_lots(call)?;
        let answer = self.answer(call)?;
        let asked = match &answer {
            None => Some(call.clone()),
            Some(answer) => answer.call.clone(),
        };
        let Some(call) = &asked else {
            // All of it waits.
            answer.into_iter().for_each(|answer| self.keep_answer(answer));
            return Ok(());
        };
        for account in call.liquidates() {
            self.may_liquidate(&rule, &policy, call, *account)?;
            rule.health(&self.pool, *account)?;
        }
        let cures = self.cures(call);
        let (before, risky) = (self.clone(), self.risky(call));
        let facts = rule.perform(&mut self.pool, call)?;
        let taken = self.paces(call, &before, &facts)?;
        if !cures {
            self.within_caps(call)?;
        }
        self.bears_stress(&risky, before.stress_state())?;
        self.count_inflow(call, &before);
        self.commit(&facts, Cause::Command)?;
        self.count_taken(taken);
        answer.into_iter().for_each(|answer| self.keep_answer(answer));
        for account in call.liquidates() {
            let deficit = has_deficit(&facts, *account);
            self.hits.push((*account, deficit));
            self.accounts[account.index()].liquidated_at = self.prices;
        }
        Ok(())
    }

    /// What our policy refuses of a liquidator's call.
    fn may_liquidate(
        &self,
        rule: &Rule,
        policy: &Policy,
        call: &Call,
        account: AccountId,
    ) -> Result<()> {
        let known = &self.accounts[account.index()];
        // Only the venue itself hands accounts to its vault, whole.
        let by_venue = matches!(call, Call::TakeOver { .. });
        if policy.seller == Seller::Venue && !by_venue {
            return Err(Rejection::Unsupported);
        }
        self.unbound(account)?;
        self.unpaused(account)?;
        self.prices_usable(policy, account)?;
        if policy.guards.once_per_tick && known.liquidated_at == self.prices {
            return Err(Rejection::OncePerTick);
        }
        if known.call.deadline.is_some_and(|deadline| self.pool.now < deadline) {
            return Err(Rejection::NotYetDue);
        }
        // Notice binds those too whose call has not been told yet.
        let uncalled = policy.notice_nanos > 0 && !known.call.state.is_open();
        if uncalled && rule.health(&self.pool, account)?.breach {
            return Err(Rejection::NotYetDue);
        }
        if policy.guards.minimal && !by_venue {
            let most = plan::keeper_bound(rule, &self.pool, account, policy)?;
            let asked = plan::value_repaid(&rule.perform(&mut self.pool.clone(), call)?);
            if asked.unwrap_or(0) > most {
                return Err(Rejection::ExceedsPlan);
            }
            self.may_lower_health(rule, call, account)?;
        }
        Ok(())
    }

    /// Refuses a call that lowers health although its pair is not toxic.
    fn may_lower_health(&self, rule: &Rule, call: &Call, account: AccountId) -> Result<()> {
        let pair = |call: &Call| match call {
            Call::RepayAndSeize { debt, collateral, .. } => Some((*debt, *collateral)),
            _ => None,
        };
        let mut tried = self.pool.clone();
        rule.perform(&mut tried, call)?;
        let before = rule.health(&self.pool, account)?.ratio;
        let after = rule.health(&tried, account)?.ratio;
        let options = rule.options(&self.pool, account)?;
        let toxic = options.iter().any(|o| o.toxic && pair(&o.call) == pair(call));
        if after < before && !toxic { Err(Rejection::LowersHealth) } else { Ok(()) }
    }

    /// Refuses while a price that the account depends on may not be acted on.
    fn prices_usable(&self, policy: &Policy, account: AccountId) -> Result<()> {
        for (_, unit, _) in self.pool.holdings(account) {
            let info = self.pool.asset(unit.asset)?;
            let Some(market) = info.market else { continue };
            let (index, now) = (market.index(), self.pool.now);
            let standing =
                guard::standing(&self.pool.markets[index].guard, &self.pool.seen[index], now);
            match standing {
                guard::Standing::Stale if policy.guards.fresh_marks => {
                    return Err(Rejection::MarkStale);
                }
                guard::Standing::Missing if policy.guards.fresh_marks => {
                    return Err(Rejection::MarkMissing);
                }
                guard::Standing::Grace if policy.guards.grace => {
                    return Err(Rejection::MarkInGrace);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Tells facts and finds the bearers of the losses among them that they do not name themselves.
    fn commit(&mut self, facts: &[Fact], cause: Cause) -> Result<()> {
        self.record_funds();
        for fact in facts {
            self.tell(cause, What::Happened(fact.clone()));
            // Orders go with what they are for.
            match fact {
                Fact::TakenOver { account, .. } => self.cancel_all(*account, cause)?,
                Fact::Settled { contract, delivered: true, .. } => {
                    self.cancel_ended(*contract, cause)?;
                }
                _ => {}
            }
        }
        for (at, fact) in facts.iter().enumerate() {
            let Fact::Deficit { account, amount, .. } = fact else { continue };
            let vault = |fact: &&Fact| matches!(fact, Fact::Borne { account: of, bearer: Bearer::Vault, .. } if of == account);
            match facts.get(at + 1).filter(vault) {
                // A vault that has taken the account over bears it whole.
                Some(_) => {
                    let losses = self.losses.entry(amount.asset).or_default();
                    losses.deficit += amount.raw;
                    losses.vault += amount.raw;
                }
                None => self.bear(*account, *amount, cause)?,
            }
        }
        Ok(())
    }

    /// Looks at every account, and again at those that a look has changed.
    fn look_at_everybody(&mut self, cause: Cause) -> Result<()> {
        let Some(in_force) = self.in_force.clone() else { return Ok(()) };
        let mut touched = std::mem::take(&mut self.pool.moved);
        let mut queue: BTreeSet<AccountId> = self.pool.everybody().collect();
        while let Some(account) = queue.pop_first() {
            self.look_at(&in_force, account, touched.contains(&account), cause)?;
            let moved = std::mem::take(&mut self.pool.moved);
            queue.extend(&moved);
            touched.extend(moved);
        }
        Ok(())
    }

    fn look_at(
        &mut self,
        in_force: &InForce,
        account: AccountId,
        touched: bool,
        cause: Cause,
    ) -> Result<()> {
        // Without health nothing is known, and nothing is done.
        let Ok(health) = in_force.rule.health(&self.pool, account) else { return Ok(()) };
        let policy = &in_force.policy;
        let hits = self.hits.iter().filter(|(a, _)| *a == account);
        let look = call::Look {
            band: call::band(&health, policy.warn_ratio),
            exposed: self.pool.exposed(account),
            liquidated: hits.clone().count() > 0,
            deficit: hits.clone().any(|(_, deficit)| *deficit),
        };
        let was = self.accounts[account.index()].call;
        if let Some(next) = call::next(was, look, self.pool.now, policy.notice_nanos) {
            let forgets = was.state == CallState::Cured && !next.state.is_open();
            let free = !touched && !self.freedom.forget.contains(&account);
            let optional = forgets && free;
            if !optional {
                self.accounts[account.index()].call = next;
            }
            if next.state == CallState::Called {
                self.called(account);
            }
            let (from, to, deadline) = (was.state, next.state, next.deadline);
            let what = What::CallMoved { account, from, to, deadline, health };
            self.told.push(Told { event: Event { cause, what }, optional });
        }
        let again = touched || self.freedom.sell.contains(&account) || self.wait_is_over(account);
        self.sell_if_due(in_force, account, again, cause)
    }
}

fn has_deficit(facts: &[Fact], of: AccountId) -> bool {
    facts.iter().any(|fact| matches!(fact, Fact::Deficit { account, .. } if *account == of))
}

fn makes_sense(policy: &Policy) -> bool {
    let one = breakwater_margin::Ratio::one();
    policy.warn_ratio >= one
        && policy.target_ratio >= one
        && policy.slippage_bps < 10_000
        && policy.assess_max > 0
        && (1..=64).contains(&policy.name.len())
        && policy.warn_ratio.raw <= (one.raw + one.raw)
        && policy.backstop.share_max_bps.is_none_or(|bps| (1..=10_000).contains(&bps))
        && policy
            .backstop
            .drawdown
            .is_none_or(|trigger| (1..=1_000_000_000).contains(&trigger.lost_e9))
        && auction::sound(policy)
        && solvency::sound(policy)
        && defences::sound(policy)
        && planner_is_sound(policy)
}

/// Terms and choice of the planner go together, for the venue's own sales without a ladder.
fn planner_is_sound(policy: &Policy) -> bool {
    let Some(terms) = policy.planner else { return policy.close != Close::Planned };
    policy.close == Close::Planned
        && policy.seller == Seller::Venue
        && policy.ladder.is_none()
        && (1..=10_000).contains(&terms.participation_bps)
        && terms.impact_max_bps < 10_000
        && terms.confidence_ppm <= 6_000_000
        && terms.pace_nanos > 0
        && terms.hand_over.below_ratio.is_none_or(|r| r <= breakwater_margin::Ratio::one())
}

/// In a halt topping up and repaying go on, and so does everything that is neither new risk nor a
/// liquidator's call.
fn allowed_in_halt(body: &Body) -> bool {
    match body {
        Body::Call(Call::Deposit { .. } | Call::Repay { .. }) => true,
        Body::Call(_)
        | Body::InstallRulebook { .. }
        | Body::PlaceOrder { .. }
        | Body::FillOrder { .. } => false,
        _ => true,
    }
}
