//! What a run hands over when it is done.

use super::Stage;
use crate::book::PRICE_DECIMALS;
use crate::market::{self, overflow};
use crate::record::{DepthRow, Run};
use crate::{ScenarioError, risk, story};
use breakwater_liquidation::{CallState, Sides};
use breakwater_market::Depth;
use breakwater_money::rounding::{Rounding, mul_div, pow10};
use breakwater_money::{AccountId, Price, decimal};
use std::collections::BTreeMap;

/// Amounts of the depth curve that are shown.
const DEPTH_ROWS: u128 = 48;

impl Stage<'_> {
    /// Everything that was written down.
    pub(crate) fn end(mut self) -> Result<Run, ScenarioError> {
        let engine = &self.host.engine;
        let totals = &mut self.totals;
        totals.warned = self.warned.len() as u64;
        totals.called = self.called.len() as u64;
        totals.liquidated = self.hit.len() as u64;
        totals.bankrupt = self.bankrupt.len() as u64;
        totals.unprofitable = self.left_alone.len() as u64;
        totals.ticks_refused = self.host.refused;
        let mut states: BTreeMap<CallState, u64> = BTreeMap::new();
        engine.look(|view| {
            for account in (0..).map(AccountId).take(engine.accounts()) {
                let Sides { collateral, debt } = risk::sides(engine, view, account);
                totals.bad_debt_open += debt.saturating_sub(collateral);
                totals.under_water += u64::from(debt > collateral);
                if let Some(call) = engine.margin_call(account) {
                    *states.entry(call.state).or_default() += 1;
                }
            }
        });
        totals.closed = states.get(&CallState::Closed).copied().unwrap_or(0);
        let balances = story::balances(&self.host.engine);
        let settings = &self.scenario.settings;
        Ok(Run {
            scenario: settings.name.clone(),
            title: settings.title.clone(),
            question: settings.question.clone(),
            shock: self.shock.clone(),
            rulebook: engine.rulebook().map_or_else(String::new, |r| r.name().to_owned()),
            policy: self.policy.name.clone(),
            thresholds: self.thresholds.name().to_owned(),
            mapped: std::mem::take(&mut self.mapped),
            start: story::timestamp(self.start),
            driver: settings.driver.market.clone(),
            value_decimals: PRICE_DECIMALS,
            books_balance: balances.iter().all(|row| row.sum == "0"),
            balances,
            depth: self.depth_rows()?,
            depth_unit: "wstETH".to_owned(),
            sold: self
                .sold
                .iter()
                .map(|(raw, label)| {
                    (decimal::format_raw(*raw, market::WRAPPED_DECIMALS), label.clone())
                })
                .collect(),
            state_hash: engine.state_hash().hex(),
            commands: self.host.commands,
            states: states.into_iter().collect(),
            health: vec![
                self.before.clone(),
                self.trough.clone(),
                risk::distribution(engine, "after"),
            ],
            totals: self.totals,
            prices: self.prices,
            liquidations: self.liquidations,
            at_risk: self.at_risk,
            rounds: self.rounds,
        })
    }

    /// The dollar ladder at even steps of its amount.
    fn depth_rows(&self) -> Result<Vec<DepthRow>, ScenarioError> {
        let ladder = self.markets.dollar.ladder();
        let mark = Price::new(pow10(12).map_err(overflow)?, 8);
        let failed =
            |e: breakwater_market::DepthError| ScenarioError::setting("depth", e.to_string());
        let at = ladder.at(mark).map_err(failed)?;
        let below = |price: Price| {
            let gap = mark.raw.saturating_sub(price.raw);
            mul_div(gap, 10_000, mark.raw, Rounding::HalfUp)
                .map(|bps| i64::try_from(bps).unwrap_or(i64::MAX))
                .map_err(overflow)
        };
        (0..=DEPTH_ROWS)
            .map(|step| {
                let amount = mul_div(ladder.last_amount(), step, DEPTH_ROWS, Rounding::Floor);
                let amount = amount.map_err(overflow)?;
                let sale = at.sell(amount).map_err(failed)?;
                Ok(DepthRow {
                    amount: decimal::format_raw(amount, market::WRAPPED_DECIMALS),
                    average_bps: below(sale.average)?,
                    marginal_bps: below(sale.marginal)?,
                })
            })
            .collect()
    }
}
