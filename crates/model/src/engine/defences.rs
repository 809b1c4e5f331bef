//! Rules against a drain and against a fall, each asked of everything that has ever happened.

use super::Model;
use crate::number::{Int, Result, ceil, floor, narrow, positive, ten, wad};
use breakwater_engine::{Body, Cause, What};
use breakwater_liquidation::solvency::Defences;
use breakwater_liquidation::solvency::defences::{BandTerms, StressMeasure};
use breakwater_liquidation::solvency::outflow::{Counted, Excess, OutflowLimit};
use breakwater_liquidation::solvency::stress_state::StressState;
use breakwater_liquidation::{AssetKind, Call, Policy, Rejection};
use breakwater_money::{AccountId, Amount, AssetId, Holder, Time, Unit};
use num_traits::{Signed, Zero};
use std::collections::BTreeMap;

const SECOND: u64 = 1_000_000_000;
pub(super) const WHOLE: u32 = 10_000;

/// A withdrawal that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Whose.
    pub account: AccountId,
    /// Of what.
    pub asset: AssetId,
    reclaim: bool,
    asked: Int,
    paid: Int,
    since: u64,
}

/// Where a banded asset is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stand {
    Free,
    AtBand(u64),
    Paused(u64),
}

/// Terms, every mark since they began with its second, and where the asset is.
pub(super) type Banded = (BandTerms, Vec<(u64, Int)>, Stand);

/// The measured asset, the second in which the measure began, and its marks since.
pub(super) type Measured = (AssetId, u64, Vec<(Time, Int)>);

/// Everything that the rules ask about.
#[derive(Debug, Clone, Default)]
pub(super) struct Defended {
    limit: Option<OutflowLimit>,
    /// Second, value, and whether it came in, since the limit began.
    flows: Vec<(u64, Int, bool)>,
    closed_until: u64,
    claims: BTreeMap<u64, Claim>,
    claimed: u64,
    throttle: Option<(u128, u64)>,
    /// Second and value, since the throttle began.
    taken: Vec<(u64, Int)>,
    /// Terms, every mark since they began with its second, and where the asset is.
    pub bands: BTreeMap<AssetId, Banded>,
    pub stress: StressState,
    /// The measured asset's marks, since the measure began; the first counts as always there.
    pub marks: Option<Measured>,
}

/// How a request is answered.
pub(super) struct Answer {
    pub call: Option<Call>,
    paid: Int,
    claim: Option<Claim>,
    leaves: Option<Int>,
    trips: bool,
}

/// A request that may be limited.
struct Request {
    account: AccountId,
    asset: AssetId,
    amount: u128,
    reclaim: bool,
    borrows: bool,
}

impl Request {
    fn of(call: &Call) -> Option<Request> {
        let (account, asset, amount, reclaim, borrows) = match *call {
            Call::Withdraw { account, asset, amount } => (account, asset, amount, false, false),
            Call::Reclaim { account, asset, amount } => (account, asset, amount, true, false),
            Call::Borrow { account, asset, amount } => (account, asset, amount, false, true),
            _ => return None,
        };
        Some(Request { account, asset, amount, reclaim, borrows })
    }

    fn call(&self, amount: u128) -> Call {
        let Request { account, asset, .. } = *self;
        match (self.borrows, self.reclaim) {
            (true, _) => Call::Borrow { account, asset, amount },
            (_, true) => Call::Reclaim { account, asset, amount },
            _ => Call::Withdraw { account, asset, amount },
        }
    }
}

impl Model {
    pub(super) fn second(&self) -> u64 {
        self.pool.now.0 / SECOND
    }

    pub(super) fn rules(&self) -> Option<Defences> {
        self.policy()?.defences.clone()
    }

    /// Withdrawals that wait, by number: whose, of what, and how much is still to come.
    #[must_use]
    pub fn waiting_withdrawals(&self) -> Vec<(u64, AccountId, AssetId, Int)> {
        let claims = self.defended.claims.iter();
        claims.map(|(n, c)| (*n, c.account, c.asset, &c.asked - &c.paid)).collect()
    }

    /// The state of stress.
    #[must_use]
    pub fn stress_state(&self) -> StressState {
        self.defended.stress
    }

    /// Until when an asset is paused at its band; long ago if it is not.
    #[must_use]
    pub fn band_pause(&self, asset: AssetId) -> Time {
        match self.defended.bands.get(&asset) {
            Some((_, _, Stand::Paused(until))) => Time(until.saturating_mul(SECOND)),
            _ => Time(0),
        }
    }

    fn worth(&self, asset: AssetId, amount: &Int, up: bool) -> Result<Int> {
        if amount.is_zero() {
            return Ok(Int::zero());
        }
        let info = self.pool.asset(asset)?;
        let (price, unit) = match info.market {
            Some(_) => (Int::from(self.pool.price(asset)?.raw), ten(info.decimals)),
            None => {
                let rule = self.require_rule()?.rule;
                (ten(rule.numeraire_decimals(&self.pool)), ten(info.decimals))
            }
        };
        if up { ceil(&(amount * price), &unit) } else { floor(&(amount * price), &unit) }
    }

    /// Tokens of an asset in the pool.
    fn inside(&self, asset: AssetId) -> Int {
        positive(-self.pool.balance(Holder::External, Unit::token(asset)))
    }

    fn held(&self) -> Int {
        let assets = (0..).map(AssetId).zip(self.pool.assets.iter());
        let tokens = assets.filter(|(_, info)| info.kind == AssetKind::Token);
        tokens
            .map(|(asset, _)| self.worth(asset, &self.inside(asset), false).unwrap_or_default())
            .sum()
    }

    /// What may still leave now, by every flow since the limit began.
    fn outflow_room(&self, limit: &OutflowLimit) -> Int {
        let now = self.second();
        if now < self.defended.closed_until {
            return Int::zero();
        }
        let sum = |inward: bool| -> Int {
            let recent = |flow: &&(u64, Int, bool)| now - flow.0 < limit.window_seconds;
            let flows = self.defended.flows.iter().filter(recent);
            flows.filter(|flow| flow.2 == inward).map(|flow| &flow.1).sum()
        };
        let (came, left, held) = (sum(true), sum(false), self.held());
        let start = positive(&held + &left - &came);
        let change = if limit.counted == Counted::Net { came - left } else { -left };
        let after = positive(&start + change);
        if start < Int::from(limit.begin_threshold) {
            return after.min(held);
        }
        let stays = ceil(&(&start * limit.retained_bps), &Int::from(WHOLE)).unwrap_or(start);
        positive(after - stays).min(held)
    }

    /// How a withdrawal or a loan is answered; none if nothing limits it.
    pub(super) fn answer(&self, call: &Call) -> Result<Option<Answer>> {
        let Some(rules) = self.rules() else { return Ok(None) };
        let Some(request) = Request::of(call) else { return Ok(None) };
        if rules.outflow.is_none() && rules.queue_seconds.is_none() {
            return Ok(None);
        }
        let delays = rules.outflow.is_some_and(|terms| terms.limit.excess == Excess::Delay);
        let queues = !request.borrows && (delays || rules.queue_seconds.is_some());
        let same = |claim: &Claim| {
            claim.account == request.account
                && claim.asset == request.asset
                && claim.reclaim == request.reclaim
        };
        if queues && self.defended.claims.values().any(same) {
            return Err(Rejection::AlreadyWaiting);
        }
        let rule = self.require_rule()?.rule;
        let cash = self.inside(request.asset);
        let wants = Int::from(request.amount);
        let short = queues && cash.is_positive() && wants > cash && request.amount != u128::MAX;
        let tried = if short { request.call(narrow(&cash)?) } else { call.clone() };
        let mut after = self.clone();
        rule.perform(&mut after.pool, &tried)?;
        let leaves = &cash - after.inside(request.asset);
        if !short && !leaves.is_positive() {
            return Ok(None);
        }
        let whole = if short { wants } else { leaves };
        let worth = self.worth(request.asset, &whole, true)?;
        let claim = |paid: &Int| Claim {
            account: request.account,
            asset: request.asset,
            reclaim: request.reclaim,
            asked: &whole - paid,
            paid: Int::zero(),
            since: self.second(),
        };
        let limit = self.defended.limit;
        let small = limit.is_some_and(|limit| worth <= Int::from(limit.minimum_amount));
        let line = rules.queue_seconds.is_some() || !self.defended.claims.is_empty();
        let nothing = Int::zero();
        if queues && !small && line {
            let claim = Some(claim(&nothing));
            return Ok(Some(Answer {
                call: None,
                paid: nothing,
                claim,
                leaves: None,
                trips: false,
            }));
        }
        let answered = |call: Call, leaves: Option<Int>| Answer {
            call: Some(call),
            paid: whole.clone(),
            claim: None,
            leaves,
            trips: false,
        };
        let Some(limit) = limit else { return Ok(Some(answered(tried, None))) };
        let room = self.outflow_room(&limit);
        let closed = self.second() < self.defended.closed_until;
        let now = if small { worth.clone() } else { worth.clone().min(room.clone()) };
        let now = now.min(self.held());
        if now < worth && !queues {
            return Err(Rejection::OutflowLimited);
        }
        if now == worth && !short {
            return Ok(Some(answered(tried, Some(worth))));
        }
        let trips = !closed && !small && worth > room;
        let part = floor(&(&whole * now), &worth.max(Int::from(1)))?.min(cash);
        let mut after = self.clone();
        let call = request.call(narrow(&part)?);
        let takes = part.is_positive() && rule.perform(&mut after.pool, &call).is_ok();
        let part = if takes { part } else { Int::zero() };
        let leaves = Some(self.worth(request.asset, &part, true)?);
        let (call, claim) = (takes.then_some(call), Some(claim(&part)));
        Ok(Some(Answer { call, paid: part, claim, leaves, trips }))
    }

    /// What an answer leaves behind.
    pub(super) fn keep_answer(&mut self, answer: Answer) {
        let now = self.second();
        let cooldown = self.defended.limit.map_or(0, |limit| limit.cooldown_seconds);
        if answer.trips && cooldown > 0 {
            self.defended.closed_until = now + cooldown;
        }
        if let Some(leaves) = answer.leaves {
            self.defended.flows.push((now, leaves, false));
        }
        let Some(claim) = answer.claim.filter(|claim| claim.asked.is_positive()) else { return };
        self.defended.claimed += 1;
        let (number, account) = (self.defended.claimed, claim.account);
        let asked = narrow(&claim.asked).unwrap_or(u128::MAX);
        let waits = Amount::new(claim.asset, asked);
        self.defended.claims.insert(number, claim);
        let paid = narrow(&answer.paid).unwrap_or(u128::MAX);
        self.tell(Cause::Command, What::WithdrawalQueued { claim: number, account, paid, waits });
    }

    /// Counts what a call has brought in since `before`, where inflows make room.
    pub(super) fn count_inflow(&mut self, call: &Call, before: &Model) {
        let net = self.defended.limit.is_some_and(|limit| limit.counted == Counted::Net);
        let asset = match call {
            Call::Deposit { asset, .. }
            | Call::Provide { asset, .. }
            | Call::Repay { asset, .. } => *asset,
            _ => return,
        };
        let came = self.inside(asset) - before.inside(asset);
        let worth = self.worth(asset, &came, false).unwrap_or_default();
        if net && worth.is_positive() {
            self.defended.flows.push((self.second(), worth, true));
        }
    }

    /// Those who wait are paid when a price comes or time passes.
    pub(super) fn pay_waiting(&mut self, body: &Body, cause: Cause) -> Result<()> {
        if !matches!(body, Body::Tick(_) | Body::AdvanceTime) || self.halted {
            return Ok(());
        }
        let rules = self.rules().unwrap_or_default();
        let now = self.second();
        let mut due: Vec<(u64, AssetId, Int, Int)> = Vec::new();
        for (number, claim) in &self.defended.claims {
            let waited = now - claim.since;
            let mut free = claim.asked.clone();
            if let Some(staged) = rules.outflow.and_then(|terms| terms.staged) {
                let stages = u64::from(staged.stages);
                let reached = match waited.checked_sub(staged.delay_seconds) {
                    None => 0,
                    Some(_) if staged.interval_seconds == 0 => stages,
                    Some(since) => (since / staged.interval_seconds + 1).min(stages),
                };
                free = floor(&(&claim.asked * reached), &Int::from(stages))?;
            }
            let free = positive(free - &claim.paid);
            let Ok(worth) = self.worth(claim.asset, &free, true) else { continue };
            if waited >= rules.queue_seconds.unwrap_or(0) && free.is_positive() {
                due.push((*number, claim.asset, free, worth));
            }
        }
        let all: Vec<Int> = due.iter().map(|claim| claim.3.clone()).collect();
        let shares = match self.defended.limit {
            Some(limit) => share_out(&self.outflow_room(&limit), &all)?,
            None => all,
        };
        let mut gets: Vec<(u64, AssetId, Int)> = Vec::new();
        for ((number, asset, free, worth), share) in due.into_iter().zip(shares) {
            let part = if share == worth { free } else { floor(&(free * share), &worth)? };
            gets.push((number, asset, part));
        }
        let mut amounts = BTreeMap::new();
        for asset in (0..).map(AssetId).take(self.pool.assets.len()) {
            let own: Vec<&(u64, AssetId, Int)> = gets.iter().filter(|g| g.1 == asset).collect();
            let wanted: Vec<Int> = own.iter().map(|g| g.2.clone()).collect();
            let parts = share_out(&self.inside(asset), &wanted)?;
            amounts.extend(own.iter().map(|g| g.0).zip(parts));
        }
        for (number, amount) in amounts {
            if amount.is_positive() {
                self.pay_one(number, &amount, cause)?;
            }
        }
        Ok(())
    }

    fn pay_one(&mut self, number: u64, amount: &Int, cause: Cause) -> Result<()> {
        let Some(claim) = self.defended.claims.get(&number).cloned() else { return Ok(()) };
        let Claim { account, asset, reclaim, .. } = claim;
        let request = Request { account, asset, amount: 0, reclaim, borrows: false };
        let call = request.call(narrow(amount)?);
        if self.lets_in(&call).is_err() || self.leaves_lots(&call).is_err() {
            return Ok(());
        }
        let rule = self.require_rule()?.rule;
        let mut after = self.clone();
        let facts = match rule.perform(&mut after.pool, &call) {
            Ok(facts) => facts,
            Err(Rejection::InsufficientBalance | Rejection::NotCollateral) => {
                self.defended.claims.remove(&number);
                let left = Amount::new(asset, narrow(&(claim.asked - claim.paid))?);
                self.tell(cause, What::WithdrawalDropped { claim: number, account, left });
                return Ok(());
            }
            Err(_) => return Ok(()),
        };
        let leaves = self.worth(asset, &(self.inside(asset) - after.inside(asset)), true)?;
        if let Some(limit) = self.defended.limit {
            if self.outflow_room(&limit) < leaves {
                return Ok(());
            }
            self.defended.flows.push((self.second(), leaves, false));
        }
        self.pool = after.pool;
        let left = &claim.asked - &claim.paid - amount;
        if left.is_positive() {
            let paid = &claim.paid + amount;
            self.defended.claims.insert(number, Claim { paid, ..claim });
        } else {
            self.defended.claims.remove(&number);
        }
        self.commit(&facts, cause)?;
        let (amount, left) = (Amount::new(asset, narrow(amount)?), narrow(&positive(left))?);
        self.tell(cause, What::WithdrawalPaid { claim: number, account, amount, left });
        Ok(())
    }

    /// What a liquidator's call takes, unless the throttle or the close factor refuses it.
    pub(super) fn paces(
        &self,
        call: &Call,
        before: &Model,
        facts: &[breakwater_liquidation::Fact],
    ) -> Result<Int> {
        let Some(rules) = before.rules() else { return Ok(Int::zero()) };
        let Call::RepayAndSeize { account, debt, .. } = call else { return Ok(Int::zero()) };
        if rules.throttle.is_none() && rules.close_factor.is_none() {
            return Ok(Int::zero());
        }
        // Paid from outside, or by an account of the pool as the fact tells.
        let mut came = positive(self.inside(*debt) - before.inside(*debt));
        let mut told = Int::zero();
        for fact in facts {
            if let breakwater_liquidation::Fact::Seized { repaid, repaid_value, .. } = fact {
                came = came.max(Int::from(repaid.raw));
                told += *repaid_value;
            }
        }
        let value = before.worth(*debt, &came, true)?.max(told);
        if let Some((most, window)) = before.defended.throttle {
            let now = before.second();
            let recent = before.defended.taken.iter().filter(|taken| now - taken.0 < window);
            let used: Int = recent.map(|taken| &taken.1).sum();
            if &value + used > Int::from(most) {
                return Err(Rejection::Throttled);
            }
        }
        if let Some(factor) = rules.close_factor {
            let rule = before.require_rule()?.rule;
            let mut owed = Int::zero();
            for asset in (0..).map(AssetId).take(before.pool.assets.len()) {
                let units = rule.owes(&before.pool, *account, asset).unwrap_or_default();
                owed += before.worth(asset, &units, true)?;
            }
            let ratio = crate::number::of_word(rule.health(&before.pool, *account)?.ratio.raw);
            // Basis points of health, just below 1 at the most.
            let health = floor(&(ratio * WHOLE), &wad())?.min(Int::from(WHOLE - 1));
            let full = Int::from(factor.full_at_health_bps);
            let most = if owed <= Int::from(factor.whole_up_to) || health <= full {
                owed.clone()
            } else {
                let width = Int::from(WHOLE) - full;
                let more = Int::from(WHOLE - factor.least_bps) * (Int::from(WHOLE) - health);
                let share = Int::from(factor.least_bps) + floor(&more, &width)?;
                ceil(&(&owed * share), &Int::from(WHOLE))?.min(owed.clone())
            };
            if owed.is_positive() && value > most {
                return Err(Rejection::AboveCloseFactor);
            }
        }
        Ok(value)
    }

    /// Counts what was taken.
    pub(super) fn count_taken(&mut self, value: Int) {
        if self.defended.throttle.is_some() {
            self.defended.taken.push((self.second(), value));
        }
    }

    /// A policy came into force: rules that stay as they were remember what they did.
    pub(super) fn defences_begin(&mut self, policy: &Policy) {
        let rules = policy.defences.clone().unwrap_or_default();
        let now = self.second();
        let limit = rules.outflow.map(|terms| terms.limit);
        if self.defended.limit != limit {
            self.defended.limit = limit;
            self.defended.flows.clear();
            self.defended.closed_until = 0;
        }
        let throttle = rules.throttle.map(|terms| (terms.value_max, terms.window_seconds));
        if self.defended.throttle != throttle {
            self.defended.throttle = throttle;
            self.defended.taken.clear();
        }
        let before = std::mem::take(&mut self.defended.bands);
        let assets = std::rc::Rc::clone(&self.pool.assets);
        for (asset, info) in (0..).map(AssetId).zip(assets.iter()) {
            let Some(terms) = rules.bands.get(&info.symbol).copied() else { continue };
            let kept = before.get(&asset).filter(|(had, _, _)| *had == terms).cloned();
            let mark = self.pool.price(asset).ok();
            let marks = mark.map(|mark| (now, Int::from(mark.raw))).into_iter().collect();
            self.defended.bands.insert(asset, kept.unwrap_or((terms, marks, Stand::Free)));
        }
        let Some((terms, asset)) = self.measured() else {
            self.defended.stress = StressState::Normal;
            self.defended.marks = None;
            return;
        };
        self.defended.marks = match terms.measure {
            StressMeasure::Usage { .. } => None,
            StressMeasure::Fall { window_seconds, .. } => {
                let window = window_seconds * SECOND;
                let kept = self.defended.marks.take();
                let kept = kept.filter(|(of, had, _)| *of == asset && *had == window);
                let mark = self.pool.price(asset).ok();
                let mark = mark.map(|mark| (Time(0), Int::from(mark.raw)));
                Some(kept.unwrap_or((asset, window, mark.into_iter().collect())))
            }
        };
    }

    /// True if the policy's defences name only what the pool has.
    pub(super) fn knows_defended(&self, policy: &Policy) -> bool {
        let Some(rules) = &policy.defences else { return true };
        rules.symbols().all(|symbol| self.pool.assets.iter().any(|info| info.symbol == symbol))
    }
}

/// Shares in proportion; what rounding leaves goes to the largest remainders, the first among equals.
fn share_out(available: &Int, claims: &[Int]) -> Result<Vec<Int>> {
    let all: Int = claims.iter().sum();
    if all <= *available {
        return Ok(claims.to_vec());
    }
    let mut shares = Vec::new();
    let mut rests: Vec<(Int, usize)> = Vec::new();
    for (place, claim) in claims.iter().enumerate() {
        let exact = claim * available;
        let share = floor(&exact, &all)?;
        rests.push((&exact - &share * &all, place));
        shares.push(share);
    }
    let mut left = available - shares.iter().sum::<Int>();
    rests.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    for (_, place) in rests {
        if left.is_positive() {
            shares[place] += 1;
            left -= 1;
        }
    }
    Ok(shares)
}

/// True if every number of a policy's defences makes sense.
pub(super) fn sound(policy: &Policy) -> bool {
    let Some(rules) = &policy.defences else { return true };
    let outflow = rules.outflow.is_none_or(|terms| {
        let limit = terms.limit;
        let staged = terms.staged.is_none_or(|staged| {
            staged.stages > 0 && (staged.stages == 1 || staged.interval_seconds > 0)
        });
        let refuses = limit.excess == Excess::Revert;
        limit.retained_bps <= WHOLE
            && limit.window_seconds > 0
            && staged
            && !(refuses && (limit.cooldown_seconds > 0 || terms.staged.is_some()))
    });
    let factor = rules.close_factor.is_none_or(|factor| {
        (1..=WHOLE).contains(&factor.least_bps) && factor.full_at_health_bps < WHOLE
    });
    let bands = rules.bands.values().all(|terms| {
        (1..WHOLE).contains(&terms.width_bps)
            && terms.reference_seconds > 0
            && terms.pause_seconds > 0
    });
    let throttle = rules.throttle.is_none_or(|terms| terms.window_seconds > 0);
    outflow && factor && bands && throttle && rules.queue_seconds != Some(0)
}
