//! A ladder's step on an account.

use super::{InForce, Model, has_deficit};
use crate::ladder::{self, Climbed, Step, short_of_ramp};
use crate::number::{Result, positive};
use crate::plan;
use breakwater_engine::Cause;
use breakwater_liquidation::{Call, Close, Ladder, Policy, Rejection};
use breakwater_margin::Health;
use breakwater_money::{AccountId, Time};

impl InForce {
    /// The policy's ladder; the venue's own where the policy takes what the venue does.
    pub(super) fn ladder(&self) -> Option<&Ladder> {
        let venue = || self.rule.ladder().filter(|_| self.policy.close == Close::VenueMaximum);
        self.policy.ladder.as_ref().or_else(venue)
    }
}

impl Model {
    /// Climbs one step. What cannot be done now waits.
    pub(super) fn climb(
        &mut self,
        in_force: &InForce,
        ladder: &Ladder,
        account: AccountId,
        cause: Cause,
    ) -> Result<()> {
        let (rule, policy) = (&in_force.rule, &in_force.policy);
        let due = |model: &Model| {
            let climbed = &model.accounts[account.index()].climbed;
            ladder::next(ladder, rule, &model.pool, account, policy, climbed)
        };
        let mut step = due(self);
        if step == Ok(Step::Cancel) {
            self.cancel_all(account, cause)?;
            step = due(self);
        }
        match step {
            Ok(Step::Sell(legs, reason)) => {
                // What would not fill as it is planned is not ordered.
                let fills = plan::sold(rule, &self.pool, account, &legs);
                if fills.and_then(|pool| rule.health(&pool, account)).is_err() {
                    return Ok(());
                }
                let orders = self.next_leg;
                self.order_sales(account, legs, reason, cause)?;
                // What found no room on auction was no step.
                if self.next_leg > orders {
                    self.stepped(account);
                }
                Ok(())
            }
            Ok(Step::TakeOver) => {
                self.stepped(account);
                self.hand_over(in_force, account, cause)
            }
            Ok(Step::Wait(until)) => {
                self.waiting.insert(account, until);
                Ok(())
            }
            Ok(Step::Nothing | Step::Cancel) | Err(Rejection::NothingToSell) => {
                self.write_off(in_force, account, cause)
            }
            Err(_) => Ok(()),
        }
    }

    fn stepped(&mut self, account: AccountId) {
        let climbed = &mut self.accounts[account.index()].climbed;
        climbed.last = Some(self.pool.now);
        climbed.steps += 1;
    }

    /// To the vault; without one everything is sold.
    pub(super) fn hand_over(
        &mut self,
        in_force: &InForce,
        account: AccountId,
        cause: Cause,
    ) -> Result<()> {
        let Some(vault) = in_force.policy.backstop.vault else {
            let whole = Policy { close: Close::Full, ..(*in_force.policy).clone() };
            return self.sell(in_force, &whole, account, cause);
        };
        let mut pool = self.pool.clone();
        let call = Call::TakeOver { account, vault };
        let Ok(facts) = in_force.rule.perform(&mut pool, &call) else { return Ok(()) };
        self.cancel_all(account, cause)?;
        let orders = std::mem::take(&mut self.pool.orders);
        self.pool = pool;
        self.pool.orders = orders;
        self.waiting.remove(&account);
        self.commit(&facts, cause)?;
        self.accounts[account.index()].liquidated_at = self.prices;
        self.hits.push((account, has_deficit(&facts, account)));
        Ok(())
    }

    /// An account was called: its climb begins.
    pub(super) fn called(&mut self, account: AccountId) {
        let called_at = self.pool.now;
        self.accounts[account.index()].climbed = Climbed { called_at, ..Climbed::default() };
    }

    /// What a fill freed of what a ramp frees by and by.
    pub(super) fn count_freed(&mut self, account: AccountId, before: &Health, after: &Health) {
        let Some(in_force) = self.in_force.clone() else { return };
        let Some(ladder) = in_force.ladder() else { return };
        if let (Some(before), Some(after)) =
            (short_of_ramp(ladder, before), short_of_ramp(ladder, after))
        {
            self.accounts[account.index()].climbed.freed += positive(before - after);
        }
    }

    /// Whether a waiting account is to be tried whatever else happens.
    pub(super) fn wait_is_over(&self, account: AccountId) -> bool {
        self.waiting.get(&account).is_some_and(|until| self.pool.now >= *until)
    }
}

/// Until something else happens.
pub(super) const OPEN_END: Time = Time(u64::MAX);
