//! What deleveraging took of whom.

use super::Wave;
use super::stage::{CONTRACT, SETTLE, Stage};
use crate::ScenarioError;
use crate::market::overflow;
use breakwater_engine::{Engine, Outcome, What};
use breakwater_liquidation::Fact;
use breakwater_liquidation::effects::Bearer;
use breakwater_money::rounding::{Rounding, mul_div};
use breakwater_money::{AccountId, Holder, Unit};
use std::collections::BTreeMap;

/// A position: contracts, and what was got less what was paid for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Held {
    pub size: i128,
    quote: i128,
}

impl Held {
    pub fn of(engine: &Engine, account: AccountId) -> Held {
        let ledger = engine.ledger();
        Held {
            size: ledger.balance(Holder::Account(account), Unit::token(CONTRACT)),
            quote: ledger.balance(Holder::Position(account, CONTRACT), Unit::token(SETTLE)),
        }
    }

    /// What was got less what was paid.
    #[cfg(test)]
    pub fn quote(self) -> i128 {
        self.quote
    }

    /// Profit where the whole position is worth `value`, zero for a loss.
    fn profit(self, value: u128) -> u128 {
        let value = i128::try_from(value).unwrap_or(i128::MAX);
        let value = if self.size < 0 { -value } else { value };
        u128::try_from(value.saturating_add(self.quote)).unwrap_or(0)
    }
}

impl Stage<'_> {
    /// Writes down what an outcome closed of winners, if it did.
    pub fn deleveraged(
        &mut self,
        bankrupt: AccountId,
        outcome: &Outcome,
    ) -> Result<(), ScenarioError> {
        let mut closed: BTreeMap<AccountId, u128> = BTreeMap::new();
        let mut given: BTreeMap<AccountId, u128> = BTreeMap::new();
        let mut price = self.mark;
        for what in outcome.facts() {
            match what {
                What::Happened(Fact::Traded { buyer, seller, quantity, price: at }) => {
                    let winner = if *buyer == bankrupt { *seller } else { *buyer };
                    *closed.entry(winner).or_default() += quantity.raw;
                    price = *at;
                }
                What::Happened(Fact::Borne {
                    bearer: Bearer::Deleveraged(winner), amount, ..
                }) => *given.entry(*winner).or_default() += amount.raw,
                _ => {}
            }
        }
        if closed.is_empty() {
            return Ok(());
        }
        let mut wave = Wave {
            sequence: outcome.sequence,
            at_seconds: self.now.seconds_since(self.start),
            account: self.label(bankrupt),
            quantity: 0,
            price: price.raw,
            mark: self.mark.raw,
            winners: closed.len() as u64,
            given: 0,
            closed_profit: 0,
            haircut_most: 0,
            haircut_share_e6: 0,
            hit_hardest: String::new(),
        };
        let mut hardest = None;
        for (winner, quantity) in &closed {
            let held = self.held[winner.index()];
            let profit = held.profit(self.value(held.size.unsigned_abs(), self.mark)?);
            let whole = held.size.unsigned_abs().max(1);
            let part = mul_div(profit, *quantity, whole, Rounding::Floor).map_err(overflow)?;
            let gave = given.get(winner).copied().unwrap_or(0);
            let share = mul_div(gave, 1_000_000, profit.max(1), Rounding::Floor);
            let share = u64::try_from(share.map_err(overflow)?).unwrap_or(u64::MAX);
            wave.quantity += quantity;
            wave.given += gave;
            wave.closed_profit += part;
            wave.haircut_most = wave.haircut_most.max(gave);
            if hardest.is_none() || share > wave.haircut_share_e6 {
                (hardest, wave.haircut_share_e6) = (Some(*winner), share);
            }
            self.held[winner.index()] = Held::of(&self.host.engine, *winner);
            let sum = self.hurt.entry(*winner).or_default();
            *sum = sum.saturating_add(gave);
        }
        wave.hit_hardest = hardest.map(|winner| self.label(winner)).unwrap_or_default();
        self.hit.insert(bankrupt);
        self.count(&wave)?;
        self.waves.push(wave);
        Ok(())
    }

    fn count(&mut self, wave: &Wave) -> Result<(), ScenarioError> {
        let value = self.value(wave.quantity, self.mark)?;
        let totals = &mut self.totals;
        totals.waves += 1;
        totals.closes += wave.winners;
        totals.deleveraged += wave.quantity;
        totals.deleveraged_value += value;
        totals.closed_profit += wave.closed_profit;
        totals.haircut_most = totals.haircut_most.max(wave.haircut_most);
        totals.haircut_share_e6 = totals.haircut_share_e6.max(wave.haircut_share_e6);
        Ok(())
    }
}
