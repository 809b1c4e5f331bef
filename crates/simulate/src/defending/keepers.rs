//! Liquidators: whom they repay for, how much pays, and what a defence keeps them from.

use super::play::{Play, is_defence, ratio_of};
use crate::ScenarioError;
use breakwater_engine::Body;
use breakwater_liquidation::CallState;

/// Calls on one account in a step.
const CALLS_MAX: u32 = 6;

/// Times that an amount is halved until it pays.
const HALVINGS: u32 = 10;

/// Liquidations of one step that are held back by a defence, in value.
type HeldBack = f64;

impl Play<'_> {
    /// Liquidators act on everybody in breach, worst first, as long as it pays and is allowed.
    pub(super) fn liquidate(&mut self, hours: f64) -> Result<(), ScenarioError> {
        let mut due = Vec::new();
        for at in 0..self.people.borrowers.len() {
            let account = self.borrower(at);
            let open = self.engine.margin_call(account).map(|call| call.state);
            if !open.is_some_and(CallState::is_open) {
                continue;
            }
            if let Ok(health) = self.engine.health(account)
                && health.breach
            {
                due.push((ratio_of(&health).to_bits(), at));
            }
        }
        due.sort_unstable();
        for (_, at) in due {
            let held_back = self.one(at)?;
            self.score.held_back_value_hours += held_back * hours;
        }
        Ok(())
    }

    /// One account; returns its debt if a defence has the last word.
    fn one(&mut self, at: usize) -> Result<HeldBack, ScenarioError> {
        let account = self.borrower(at);
        for _ in 0..CALLS_MAX {
            let option = match self.engine.best_call(account) {
                Ok(option) => option,
                Err(rejected) if is_defence(rejected.rejection) => {
                    self.bound = true;
                    return Ok(self.debt_value(account));
                }
                Err(_) => return Ok(0.0),
            };
            let units = Play::units(option.seized.raw);
            let (repaid, reward) =
                (option.repaid_value as f64 / 1e8, option.reward_value as f64 / 1e8);
            let Some(halved) = self.pays(units, repaid, reward) else { return Ok(0.0) };
            let amount = (option.repaid.raw >> halved).max(1);
            let call = if halved == 0 { option.call } else { option.call.with_amount(amount) };
            // If nobody had sold, would the account be in breach? One collateral and one debt: the ratio
            // moves as the price does.
            let ratio = self.engine.health(account).map_or(0.0, |health| ratio_of(&health));
            let needed = ratio * self.without / self.price < 1.0;
            let outcome = self.apply(Body::Call(call))?;
            if let Some(rejected) = &outcome.rejected {
                let held_back = is_defence(rejected.rejection);
                return Ok(if held_back { self.debt_value(account) } else { 0.0 });
            }
            let part = 0.5f64.powi(i32::try_from(halved).unwrap_or(0));
            self.pressed += units * part / self.run.market.depth;
            self.liquidated += repaid * part;
            self.score.liquidated += repaid * part;
            self.dragged[at] |= !needed;
        }
        Ok(0.0)
    }

    /// How often an amount has to be halved until selling what it takes brings more than it costs; none
    /// if no size does. The sale pushes the price further down while it goes.
    fn pays(&self, units: f64, repaid: f64, reward: f64) -> Option<u32> {
        let market = &self.run.market;
        // The mark of this step has what earlier sales of the step took off it still before it.
        let price = self.without * libm::exp(-self.pressed);
        (0..HALVINGS).find(|halved| {
            let part = 0.5f64.powi(i32::try_from(*halved).unwrap_or(0));
            let push = units * part / market.depth;
            let fetched = if push > 1e-12 {
                price * market.depth * (1.0 - libm::exp(-push))
            } else {
                price * units * part
            };
            fetched + reward * part > repaid * part + market.call_cost
        })
    }
}
