//! Planned slices. The model does not look for the best plan: it takes the engine's and judges it by
//! what a plan promises. Nothing is sold that is not held, but in whole lots, outside the band, beyond
//! what the limits leave of the depth, or that the target is reached without; and no plan changes kind
//! where the fewest lots at the worst price of the band reach the target.

use super::climb::OPEN_END;
use super::{InForce, Model};
use crate::number::{Int, Result, floor, narrow, positive};
use crate::{contract, plan};
use breakwater_engine::{Cause, OpenLeg, What};
use breakwater_liquidation::planner::PlannerTerms;
use breakwater_liquidation::rulebook::Saleable;
use breakwater_liquidation::{Call, Close, Conditions, Leg, Policy, Reason, Rejection};
use breakwater_market::MarketId;
use breakwater_money::{AccountId, Time};

impl Model {
    /// Takes an observation of a market.
    pub(super) fn observe_market(
        &mut self,
        market: MarketId,
        conditions: &Conditions,
        correlations: &[(MarketId, i32)],
    ) -> Result<()> {
        let defined = |market: &MarketId| market.index() < self.pool.markets.len();
        if !defined(&market) || !correlations.iter().all(|(other, _)| defined(other)) {
            return Err(Rejection::UnknownMarket);
        }
        self.depths.observe(self.pool.now, market, conditions, correlations)?;
        self.waiting.clear();
        let observed_at = conditions.observed_at;
        self.tell(Cause::Command, What::Observed { market, observed_at });
        Ok(())
    }

    /// A slice whose time is over is called off.
    pub(super) fn end_slice(&mut self, account: AccountId, cause: Cause) {
        let now = self.pool.now;
        let over = |open: &OpenLeg| {
            open.account == account && open.until.is_some_and(|until| now >= until)
        };
        let own: Vec<u64> = self.legs.iter().filter(|(_, l)| over(l)).map(|(n, _)| *n).collect();
        for leg in own {
            if let Some(open) = self.legs.remove(&leg) {
                let unsold = open.leg.quantity - open.filled;
                self.tell(cause, What::Cancelled { leg, unsold });
            }
        }
    }

    /// The engine's slice if it is one, or what follows where the planner gives up.
    pub(super) fn plan_slice(
        &mut self,
        in_force: &InForce,
        account: AccountId,
        cause: Cause,
    ) -> Result<()> {
        let Some(terms) = in_force.policy.planner else { return Ok(()) };
        let known = &self.accounts[account.index()];
        let health = in_force.rule.health(&self.pool, account)?;
        let called_at = known.climbed.called_at;
        let after = |nanos: u64| Time(called_at.0.saturating_add(nanos));
        let late = terms.hand_over.after_nanos.is_some_and(|nanos| self.pool.now >= after(nanos));
        let low = terms.hand_over.below_ratio.is_some_and(|line| health.ratio < line);
        if late || low {
            let told = What::HandedOver { account, ratio: health.ratio, called_at };
            return self.give_up(in_force, account, told, cause);
        }
        let planned = self
            .freedom
            .planned
            .get_mut(&account)
            .and_then(|plans| if plans.is_empty() { None } else { Some(plans.remove(0)) });
        let next = Time(self.pool.now.0.saturating_add(terms.pace_nanos));
        let Some((legs, reason)) = planned else {
            if in_force.rule.saleable(&self.pool, account)?.is_empty() {
                return self.write_off(in_force, account, cause);
            }
            self.waiting.insert(account, next.min(OPEN_END));
            return self.may_wait(in_force, &terms, account);
        };
        self.judge(in_force, &terms, account, &legs, reason)?;
        self.cancel_all(account, cause)?;
        self.waiting.remove(&account);
        self.accounts[account.index()].retry_at = next;
        for sale in legs {
            let leg = self.next_leg;
            self.next_leg += 1;
            self.legs.insert(leg, OpenLeg { account, leg: sale, filled: 0, until: Some(next) });
            self.tell(cause, What::Ordered { leg, account, sale, reason });
        }
        Ok(())
    }

    fn give_up(
        &mut self,
        in_force: &InForce,
        account: AccountId,
        told: What,
        cause: Cause,
    ) -> Result<()> {
        let vault = in_force.policy.backstop.vault;
        let vault = vault.filter(|vault| vault.0 < self.pool.accounts && *vault != account);
        let takes = vault.is_some_and(|vault| {
            let call = Call::TakeOver { account, vault };
            in_force.rule.perform(&mut self.pool.clone(), &call).is_ok()
        });
        if takes {
            self.tell(cause, told);
            return self.hand_over(in_force, account, cause);
        }
        let whole = Policy { close: Close::Full, planner: None, ..(*in_force.policy).clone() };
        if plan::sale(&in_force.rule, &self.pool, account, &whole).is_ok() {
            self.tell(cause, told);
        }
        self.sell(in_force, &whole, account, cause)
    }

    /// What is believed of a market.
    fn believed(&self, terms: &PlannerTerms, item: &Saleable) -> Option<&Conditions> {
        let market = self.pool.asset(item.asset).ok()?.market?;
        let known = self.depths.known(market)?;
        let age = self.pool.now.0.saturating_sub(known.observed_at.0);
        (age <= terms.age_max_nanos).then_some(known)
    }

    /// Nobody waits for depth where nothing is known of any and the fewest lots could be sold.
    fn may_wait(&self, in_force: &InForce, terms: &PlannerTerms, account: AccountId) -> Result<()> {
        let items = in_force.rule.saleable(&self.pool, account)?;
        let blind = items.iter().all(|item| self.believed(terms, item).is_none());
        let fewest = self.fewest(in_force, account);
        if blind && fewest.is_ok() { Err(Rejection::NothingToSell) } else { Ok(()) }
    }

    fn fewest(&self, in_force: &InForce, account: AccountId) -> Result<(Vec<Leg>, Reason)> {
        let fewest = Policy { close: Close::Target, planner: None, ..(*in_force.policy).clone() };
        plan::sale(&in_force.rule, &self.pool, account, &fewest)
    }

    /// What a plan promises. A breach of it is no refusal that an engine gives here, so that the two
    /// differ.
    fn judge(
        &self,
        in_force: &InForce,
        terms: &PlannerTerms,
        account: AccountId,
        legs: &[Leg],
        reason: Reason,
    ) -> Result<()> {
        let (rule, policy) = (&in_force.rule, &in_force.policy);
        let items = rule.saleable(&self.pool, account)?;
        let mut assets: Vec<_> = legs.iter().map(|leg| leg.asset).collect();
        assets.sort_unstable();
        assets.dedup();
        if assets.len() != legs.len() {
            return Err(Rejection::ExceedsPlan);
        }
        for (at, leg) in legs.iter().enumerate() {
            let item = items.iter().find(|item| item.asset == leg.asset);
            let item = item.ok_or(Rejection::NotReduceOnly)?;
            let held = leg.quantity <= item.quantity && leg.quantity > 0;
            if !held || (item.buy_back, item.proceeds_asset) != (leg.buy_back, leg.proceeds_asset) {
                return Err(Rejection::NotReduceOnly);
            }
            let lot = plan::lot(rule, &self.pool, policy, item.asset)?;
            let lot = lot.min(Int::from(item.quantity));
            let quantity = Int::from(leg.quantity);
            let whole = leg.quantity == item.quantity || &quantity % &lot == Int::from(0);
            if !whole || quantity > self.room(terms, policy, account, item)? {
                return Err(Rejection::ExceedsPlan);
            }
            if !self.in_band(policy, item, leg)? {
                return Err(Rejection::WorseThanLimit);
            }
            if reason == Reason::Planned {
                // At its worst prices it is reached less easily than at those expected.
                let mut less = legs.to_vec();
                let rest = &quantity - lot.min(quantity.clone());
                less[at].quantity = narrow(&rest)?;
                less.retain(|leg| leg.quantity > 0);
                if plan::reached(rule, &self.pool, account, policy, &less) {
                    return Err(Rejection::LowersHealth);
                }
            }
        }
        let target = self.fewest(in_force, account).is_ok_and(|(_, r)| r == Reason::TargetHealth);
        if target && reason != Reason::Planned { Err(Rejection::Healthy) } else { Ok(()) }
    }

    /// No worse than the band, but for a unit of rounding.
    fn in_band(&self, policy: &Policy, item: &Saleable, leg: &Leg) -> Result<bool> {
        let fair = contract::exact(plan::fair(&self.pool, item)?);
        let worst = contract::exact(leg.worst_price);
        let bps = Int::from(policy.slippage_bps);
        let one = Int::from(10_000);
        let factor = if leg.buy_back { &one + bps } else { &one - bps };
        let band = fair.of(&factor);
        let scaled = worst.of(&one);
        // Both prices were cut to a unit of theirs; six digits or more are left.
        let room =
            fair.of(&one).over(&contract::exact(breakwater_money::Price::new(100_000, 0)))?;
        let (above, below) = if leg.buy_back { (band, scaled) } else { (scaled, band) };
        Ok(above.plus(&room).less(&below).up() > Int::from(0))
    }

    /// What the limits leave of a holding's depth.
    fn room(
        &self,
        terms: &PlannerTerms,
        policy: &Policy,
        account: AccountId,
        item: &Saleable,
    ) -> Result<Int> {
        let Some(known) = self.believed(terms, item) else { return Ok(Int::from(item.quantity)) };
        let mark = Int::from(self.pool.price(item.asset)?.raw);
        let band = plan::slipped(&mark, policy.slippage_bps, item.buy_back)?;
        let impact = plan::slipped(&mark, terms.impact_max_bps, item.buy_back)?;
        let within = |price: u128, bound: &Int| {
            if item.buy_back { Int::from(price) <= *bound } else { Int::from(price) >= *bound }
        };
        let (mut quoted, mut market, mut others) = (Int::from(0), Int::from(0), Int::from(0));
        for outlet in &known.outlets {
            for step in outlet.side(item.buy_back).iter().filter(|s| within(s.price, &band)) {
                if !outlet.kind.is_market() {
                    others += step.quantity;
                    continue;
                }
                quoted += step.quantity;
                if within(step.price, &impact) {
                    market += step.quantity;
                }
            }
        }
        let share = floor(&(quoted * terms.participation_bps), &Int::from(10_000))?;
        let id = self.pool.asset(item.asset)?.market.ok_or(Rejection::MarkMissing)?;
        let mut taken = self.depths.missing(id, item.buy_back, self.pool.now)?;
        for (number, open) in &self.legs {
            let same = open.leg.asset == item.asset && open.leg.buy_back == item.buy_back;
            if same && open.account != account && !self.auctions.contains_key(number) {
                taken += open.leg.quantity - open.filled;
            }
        }
        Ok(positive(market.min(share) + others - taken))
    }
}
