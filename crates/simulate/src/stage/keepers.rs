//! Keepers: whom they liquidate, how far, and when they trade with the pool itself.

use super::Stage;
use crate::ScenarioError;
use crate::keeper::{Decision, Keeper};
use crate::market::{Markets, ONE, overflow};
use crate::world::asset_id;
use breakwater_liquidation::plan::plan_cleaning;
use breakwater_money::rounding::{Rounding, mul_div};
use breakwater_money::{AccountId, Class, U256};

/// Calls on one account in one round: half of the debt each time leaves dust long before.
const CALLS_MAX: u32 = 64;

impl Stage<'_> {
    /// Keepers act on every account that may be liquidated, worst health first, on each as often
    /// as it pays and is allowed; then on the pool itself.
    pub(super) fn keepers(&mut self) -> Result<(), ScenarioError> {
        let gas_value = self.gas_value()?;
        for (account, debt) in self.open_accounts() {
            if self.cannot_pay(account, debt, gas_value)? {
                self.left_alone.insert(account);
                self.clean(account, gas_value)?;
                continue;
            }
            for _ in 0..CALLS_MAX {
                let Ok(option) = self.host.engine.best_call(account) else { break };
                let Decision::Act(deal) =
                    self.keeper(gas_value).decide(&self.host.engine, option)?
                else {
                    self.left_alone.insert(account);
                    self.clean(account, gas_value)?;
                    break;
                };
                if !self.call(&deal, gas_value)? {
                    break;
                }
                if deal.follows {
                    self.pool_keepers(gas_value)?;
                }
            }
        }
        self.pool_keepers(gas_value)
    }

    /// Takes the last collateral of an account under water at a loss that the policy bears, so that
    /// its bad debt is recognised.
    fn clean(&mut self, account: AccountId, gas_value: u128) -> Result<(), ScenarioError> {
        if self.policy.cleaning_loss_max == 0 {
            return Ok(());
        }
        let engine = &self.host.engine;
        let Some(rulebook) = engine.rulebook() else { return Ok(()) };
        let planned = engine.look(|view| {
            let planned = plan_cleaning(rulebook, view, account, &self.policy, gas_value).ok()?;
            self.keeper(gas_value).priced(view, planned.option).transpose()
        });
        let Some(deal) = planned.transpose()? else { return Ok(()) };
        let got = deal.fetched.saturating_add(deal.option.reward_value);
        let cost = deal.option.repaid_value.saturating_add(gas_value).saturating_sub(got);
        if cost <= self.policy.cleaning_loss_max && self.call(&deal, gas_value)? {
            self.totals.cleanings += 1;
            self.totals.cleaning_cost += cost;
        }
        Ok(())
    }

    /// Keepers trade with the pool itself while that pays: they buy what it has taken over, and
    /// bring its own market maker to the price.
    fn pool_keepers(&mut self, gas_value: u128) -> Result<(), ScenarioError> {
        for _ in 0..CALLS_MAX {
            let engine = &self.host.engine;
            let Some(rulebook) = engine.rulebook() else { break };
            let mut options = Vec::new();
            if engine.look(|view| rulebook.pool_calls(view, &mut options)).is_err() {
                break;
            }
            let keeper = self.keeper(gas_value);
            let Some(deal) = engine.look(|view| keeper.best(rulebook, view, &options))? else {
                break;
            };
            if !self.call(&deal, gas_value)? {
                break;
            }
        }
        Ok(())
    }

    fn keeper(&self, gas_value: u128) -> Keeper<'_> {
        Keeper {
            markets: &self.markets,
            kinds: &self.kinds,
            staked: asset_id(self.staked),
            gas_value,
            capital: self.capital_left,
        }
    }

    /// True if no call on the account can pay, whatever its size: the largest incentive on all of
    /// its debt is less than the gas, or the next unit sold already fetches less than the largest
    /// incentive makes up for (marginal prices only fall with size).
    fn cannot_pay(
        &self,
        account: AccountId,
        debt: u128,
        gas_value: u128,
    ) -> Result<bool, ScenarioError> {
        let most = self.host.engine.rulebook().and_then(|r| r.incentive_most_bps());
        let Some(most) = most else { return Ok(false) };
        let gain = mul_div(debt, u128::from(most.saturating_sub(10_000)), 10_000, Rounding::Ceil);
        if gain.map_err(overflow)? <= gas_value {
            return Ok(gas_value > 0);
        }
        if !self.markets.impact {
            return Ok(false);
        }
        let holdings = self.host.engine.ledger().holdings(account);
        let of = |class: Class| {
            holdings.iter().filter(move |h| h.unit.class == class).map(|h| h.unit.asset)
        };
        for sold in of(Class::Supply) {
            for bought in of(Class::Debt) {
                let kinds = (self.kinds[sold.index()], self.kinds[bought.index()]);
                let way = Markets::way(kinds.0, kinds.1, sold == bought);
                let Some(pool) = self.markets.pool(way) else { return Ok(false) };
                let share = pool.next_unit()?;
                let worth = mul_div(share, u128::from(most), 10_000, Rounding::Ceil);
                if worth.map_err(overflow)? > ONE {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// Accounts that may be liquidated with their debt, worst health first.
    fn open_accounts(&self) -> Vec<(AccountId, u128)> {
        let engine = &self.host.engine;
        let mut open: Vec<(U256, AccountId, u128)> = (0..)
            .map(AccountId)
            .take(engine.accounts())
            .filter(|a| engine.margin_call(*a).is_some_and(|call| call.state.is_open()))
            .filter_map(|a| engine.health(a).ok().map(|h| (h.ratio.raw, a, h.requirement)))
            .collect();
        open.sort_unstable();
        open.into_iter().map(|(_, account, debt)| (account, debt)).collect()
    }

    pub(super) fn gas_value(&self) -> Result<u128, ScenarioError> {
        if !self.gas_on {
            return Ok(0);
        }
        let wei = self.gas_units.saturating_mul(self.gas_wei);
        self.driver_mark()?.value(wei, 18, Rounding::Ceil).map_err(overflow)
    }
}
