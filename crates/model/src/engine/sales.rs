//! The venue's own sales: ordered, filled, called off.

use super::climb::OPEN_END;
use super::{InForce, Model, has_deficit};
use crate::number::Result;
use crate::plan;
use breakwater_engine::{Cause, OpenLeg, What};
use breakwater_liquidation::{Call, Close, Leg, Policy, Reason, Rejection, Seller};
use breakwater_money::{AccountId, Time};

impl Model {
    /// What follows from where an account stands: a closed call calls its sales off; a due one is
    /// sold for, unless a sale is under way. A sale that waits is tried where `again` says so.
    pub(super) fn sell_if_due(
        &mut self,
        in_force: &InForce,
        account: AccountId,
        again: bool,
        cause: Cause,
    ) -> Result<()> {
        let call = self.accounts[account.index()].call;
        if !call.state.is_open() {
            self.waiting.remove(&account);
            self.call_off(account, cause);
            return Ok(());
        }
        let planned = in_force.policy.close == Close::Planned;
        let due = self.pool.now >= call.deadline.unwrap_or_default();
        if due && in_force.policy.seller == Seller::Venue {
            self.end_slice(account, cause);
        }
        let again = again || self.freedom.planned.contains_key(&account);
        let retry_at = self.accounts[account.index()].retry_at;
        let too_early = self.pool.now < call.deadline.unwrap_or_default().max(retry_at);
        let under_way = self.legs.values().any(|open| open.account == account);
        let tried = self.waiting.contains_key(&account) && !again;
        if too_early || under_way || tried || in_force.policy.seller != Seller::Venue {
            return Ok(());
        }
        self.waiting.insert(account, OPEN_END);
        let waits = self.halted || self.unpaused(account).is_err();
        if waits || self.prices_usable(&in_force.policy, account).is_err() {
            return Ok(());
        }
        let holds = !self.pool.positions(account).is_empty();
        if holds && in_force.policy.backstop.vault == Some(account) {
            // The vault keeps what it has taken over; winners are asked for what it lacks.
            self.deleverage(account);
            return Ok(());
        }
        if planned {
            return self.plan_slice(in_force, account, cause);
        }
        match in_force.ladder() {
            Some(ladder) => self.climb(in_force, ladder, account, cause),
            None => self.sell(in_force, &in_force.policy, account, cause),
        }
    }

    /// Orders what the policy would sell; where there is nothing, what is owed is booked.
    pub(super) fn sell(
        &mut self,
        in_force: &InForce,
        policy: &Policy,
        account: AccountId,
        cause: Cause,
    ) -> Result<()> {
        match plan::sale(&in_force.rule, &self.pool, account, policy) {
            Ok((legs, reason)) => self.order_sales(account, legs, reason, cause),
            Err(Rejection::NothingToSell) => self.write_off(in_force, account, cause),
            Err(_) => Ok(()),
        }
    }

    /// The account's own orders come off, and its sales are ordered.
    pub(super) fn order_sales(
        &mut self,
        account: AccountId,
        legs: Vec<Leg>,
        reason: Reason,
        cause: Cause,
    ) -> Result<()> {
        self.cancel_all(account, cause)?;
        let auctioned = |model: &Model, sale: &Leg| model.auction_terms(sale).is_some();
        if let Some(first) = legs.first().filter(|first| auctioned(self, first)).copied() {
            if self.put_up(account, first, cause) {
                self.waiting.remove(&account);
            }
            return Ok(());
        }
        self.waiting.remove(&account);
        // What is auctioned waits until what is sold into a market is gone.
        let sold: Vec<Leg> = legs.into_iter().filter(|sale| !auctioned(self, sale)).collect();
        for sale in sold {
            let leg = self.next_leg;
            self.next_leg += 1;
            self.legs.insert(leg, OpenLeg { account, leg: sale, filled: 0, until: None });
            self.tell(cause, What::Ordered { leg, account, sale, reason });
        }
        Ok(())
    }

    fn call_off(&mut self, account: AccountId, cause: Cause) {
        let all: Vec<u64> =
            self.legs.iter().filter(|(_, l)| l.account == account).map(|(n, _)| *n).collect();
        for leg in all {
            if self.auctions.contains_key(&leg) {
                if !self.binds(leg) {
                    self.take_off(leg, cause);
                }
            } else if let Some(open) = self.legs.remove(&leg) {
                let unsold = open.leg.quantity - open.filled;
                self.tell(cause, What::Cancelled { leg, unsold });
            }
        }
    }

    /// Books what an account owes that has nothing left to sell. Where the rule refuses, the
    /// account waits.
    pub(super) fn write_off(
        &mut self,
        in_force: &InForce,
        account: AccountId,
        cause: Cause,
    ) -> Result<()> {
        let mut pool = self.pool.clone();
        let Ok(facts) = in_force.rule.perform(&mut pool, &Call::WriteOff { account }) else {
            return Ok(());
        };
        self.waiting.remove(&account);
        self.pool = pool;
        self.cancel_all(account, cause)?;
        self.commit(&facts, cause)?;
        self.hits.push((account, true));
        Ok(())
    }

    /// What came back from the market for a leg.
    pub(super) fn report_fill(
        &mut self,
        number: u64,
        quantity: u128,
        proceeds: u128,
        done: bool,
    ) -> Result<()> {
        let open = self.legs.get(&number).cloned().ok_or(Rejection::UnknownLeg)?;
        if self.auctions.contains_key(&number) {
            return Err(Rejection::UnknownLeg);
        }
        let left = open.leg.quantity - open.filled;
        if quantity > left {
            return Err(Rejection::ExceedsPlan);
        }
        if quantity == 0 && !done {
            return Err(Rejection::AmountZero);
        }
        if quantity > 0 {
            let limit = plan::at_worst(&self.pool, &open.leg, quantity)?;
            let pays = plan::pays(&self.pool, &open.leg)?;
            if if pays { proceeds > limit } else { proceeds < limit } {
                return Err(Rejection::WorseThanLimit);
            }
            self.fill(&open, quantity, proceeds, Cause::Command)?;
            if let Some(market) = self.pool.asset(open.leg.asset)?.market {
                self.depths.eat(market, open.leg.buy_back, quantity, self.pool.now)?;
            }
        }
        let unsold = left - quantity;
        if done || unsold == 0 {
            self.legs.remove(&number);
            if unsold > 0 {
                let InForce { policy, .. } = self.require_rule()?;
                let retry_at = Time(self.pool.now.0.saturating_add(policy.retry_nanos));
                self.accounts[open.account.index()].retry_at = retry_at;
                self.tell(Cause::Command, What::Cancelled { leg: number, unsold });
                // The fill has happened, whether or not winners can be closed.
                self.deleverage(open.account);
            }
        } else if let Some(leg) = self.legs.get_mut(&number) {
            leg.filled += quantity;
        }
        self.pool.moved.insert(open.account);
        Ok(())
    }

    /// The account's sale, at whatever price.
    pub(super) fn fill(
        &mut self,
        open: &OpenLeg,
        quantity: u128,
        proceeds: u128,
        cause: Cause,
    ) -> Result<()> {
        let InForce { rule, .. } = self.require_rule()?;
        let account = open.account;
        let call = Call::Fill {
            account,
            asset: open.leg.asset,
            quantity,
            proceeds,
            proceeds_asset: open.leg.proceeds_asset,
        };
        let before = rule.health(&self.pool, account);
        let facts = rule.perform(&mut self.pool, &call)?;
        self.commit(&facts, cause)?;
        if let (Ok(before), Ok(after)) = (before, rule.health(&self.pool, account)) {
            self.count_freed(account, &before, &after);
        }
        self.accounts[account.index()].liquidated_at = self.prices;
        self.hits.push((account, has_deficit(&facts, account)));
        Ok(())
    }
}
