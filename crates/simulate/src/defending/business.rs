//! What people do on any day, in a run and in calm alike.

use super::draws::Purpose;
use super::play::{DEBT, DUST, Play, account};
use crate::ScenarioError;
use breakwater_engine::{Body, What};
use breakwater_liquidation::Call;

impl Play<'_> {
    /// What people do on any day: a part of a deposit goes out and comes back, loans grow and shrink.
    pub(super) fn business(&mut self, step: u32) -> Result<(), ScenarioError> {
        let (business, hours) = (self.run.business, self.run.step_hours());
        let (draws, many) = (self.people.draws, self.members.len() as u64);
        let chance = |rate: f64| 1.0 - libm::exp(-rate * hours);
        for at in 0..self.members.len() {
            if self.members[at].wants_since.is_some() {
                continue;
            }
            let drawn = draws.uniform(Purpose::Business, u64::from(step) * many + at as u64);
            let (asset, account) = (DEBT, account(at));
            if drawn <= chance(business.withdraw_hour) {
                let amount = (self.members[at].left as f64 * business.share) as u128;
                let amount = amount.min(self.members[at].left.saturating_sub(DUST));
                if amount == 0 || self.members[at].claimed > 0 {
                    continue;
                }
                let asked = Body::Call(Call::Withdraw { account, asset, amount });
                let outcome = self.apply(asked)?;
                if outcome.accepted() {
                    let queued = outcome.facts().find_map(|what| match what {
                        What::WithdrawalQueued { paid, waits, .. } => Some((*paid, waits.raw)),
                        _ => None,
                    });
                    let (paid, waits) = queued.unwrap_or((amount, 0));
                    let member = &mut self.members[at];
                    member.claimed += waits;
                    member.left = member.left.saturating_sub(paid);
                    member.outside += paid;
                }
            } else if drawn > 1.0 - chance(business.back_hour) && self.members[at].outside > 0 {
                let amount = self.members[at].outside;
                let outcome = self.apply(Body::Call(Call::Deposit { account, asset, amount }))?;
                if outcome.accepted() {
                    let member = &mut self.members[at];
                    member.outside = 0;
                    member.left += amount;
                }
            }
        }
        self.borrowing(step)
    }

    fn borrowing(&mut self, step: u32) -> Result<(), ScenarioError> {
        let (business, hours) = (self.run.business, self.run.step_hours());
        let rate = self.borrow_rate();
        let repays = business.borrow_hour + business.repay_at_rate * rate;
        let chance = |rate: f64| 1.0 - libm::exp(-rate * hours);
        let (draws, many) = (self.people.draws, self.people.borrowers.len() as u64);
        for at in 0..self.people.borrowers.len() {
            let drawn = draws.uniform(Purpose::Borrowing, u64::from(step) * many + at as u64);
            let (asset, account) = (DEBT, self.borrower(at));
            let amount = (self.people.borrowers[at].debt as f64 * business.borrow_share) as u128;
            if amount == 0 {
                continue;
            }
            if drawn <= chance(business.borrow_hour) {
                self.apply(Body::Call(Call::Borrow { account, asset, amount }))?;
            } else if drawn > 1.0 - chance(repays) {
                self.apply(Body::Call(Call::Repay { account, asset, amount }))?;
            }
        }
        Ok(())
    }

    /// The borrow rate a year by the rulebook's two slopes and what the policy adds.
    fn borrow_rate(&self) -> f64 {
        let added = f64::from(self.engine.surcharge(DEBT)) / 10_000.0;
        let Some(slopes) = self.slopes else { return added };
        let usage = self.usage();
        let gentle = slopes.gentle * (usage / slopes.best).min(1.0);
        let steep = slopes.steep * ((usage - slopes.best).max(0.0) / (1.0 - slopes.best));
        added + slopes.base + gentle + steep
    }
}

/// A kinked rate as people see it, shares a year.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Slopes {
    base: f64,
    gentle: f64,
    steep: f64,
    best: f64,
}

impl Slopes {
    /// Those of an asset in the parameters of a rulebook; none where it states none.
    pub(super) fn of(parameters: &str, asset: &str) -> Option<Slopes> {
        let parameters: toml::Table = toml::from_str(parameters).ok()?;
        let rates = parameters.get("assets")?.get(asset)?.get("rates")?.as_table()?;
        let share = |field: &str| {
            let bps = rates.get(field).and_then(toml::Value::as_integer).unwrap_or(0);
            bps as f64 / 10_000.0
        };
        Some(Slopes {
            base: share("base_bps"),
            gentle: share("slope1_bps"),
            steep: share("slope2_bps"),
            best: share("optimal_usage_bps").clamp(0.01, 0.99),
        })
    }
}
