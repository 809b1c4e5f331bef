//! What a run hands over when it is done.

use super::PerpetualRun;
use super::options::rule_name;
use super::stage::{SETTLE, Stage};
use crate::market::overflow;
use crate::perpetuals::PRICE_DECIMALS;
use crate::{ScenarioError, story};
use breakwater_money::rounding::{Rounding, mul_div};
use breakwater_money::{AccountId, decimal};

impl Stage<'_> {
    /// Everything that was written down.
    ///
    /// # Errors
    /// A total that does not fit 128 bits.
    pub fn end(mut self) -> Result<PerpetualRun, ScenarioError> {
        let fund_end = self.fund();
        let (warned, called) = (self.warned(), self.called());
        let engine = &self.host.engine;
        let totals = &mut self.totals;
        (totals.warned, totals.called) = (warned, called);
        totals.liquidated = self.hit.len() as u64;
        totals.bankrupt = self.bankrupt.len() as u64;
        totals.winners_hurt = self.hurt.len() as u64;
        totals.haircut_sum_most = self.hurt.values().copied().max().unwrap_or(0);
        totals.fund_end = fund_end;
        if totals.sold_low == u128::MAX {
            totals.sold_low = 0;
        }
        // Only fees come in and only losses go out.
        let paid = totals.fund_end.saturating_add(totals.bearers.insurance);
        totals.fees = paid.saturating_sub(totals.fund_start);
        let sold = totals.sold_value.max(1);
        let bps = mul_div(totals.price_impact, 10_000, sold, Rounding::HalfUp);
        totals.discount_bps = u64::try_from(bps.map_err(overflow)?).unwrap_or(u64::MAX);
        for account in (0..).map(AccountId).take(engine.accounts()) {
            let Ok(health) = engine.health(account) else { continue };
            if health.equity < 0 {
                totals.under_water += 1;
                totals.deficit_open += health.equity.unsigned_abs();
            }
        }
        let balances = story::balances(&self.host.engine);
        let settings = &self.scenario.settings;
        let settle = engine.assets().get(SETTLE.index()).map(|info| info.symbol.clone());
        let fund_share =
            self.options.fund_share.clone().unwrap_or_else(|| settings.venue.fund_share.clone());
        Ok(PerpetualRun {
            scenario: settings.name.clone(),
            title: settings.title.clone(),
            question: settings.question.clone(),
            shock: self.shock(),
            rulebook: engine.rulebook().map_or_else(String::new, |r| r.name().to_owned()),
            policy: self.policy.name.clone(),
            deleveraging: rule_name(self.policy.backstop.deleverage).to_owned(),
            schedule: self.options.schedule.name().to_owned(),
            fund_share,
            start: story::timestamp(self.start),
            driver: settings.market.name.clone(),
            contract: settings.market.contract.clone(),
            settle: settle.unwrap_or_default(),
            seed: self.seed(),
            book_hash: self.book.hash(),
            depth: self.scenario.path().depth_report().sentences(),
            books_balance: balances.iter().all(|row| row.sum == "0"),
            balances,
            state_hash: engine.state_hash().hex(),
            commands: self.host.commands,
            totals: self.totals,
            prices: self.prices,
            sales: self.sales,
            waves: self.waves,
        })
    }

    /// The path in words.
    fn shock(&self) -> String {
        let totals = &self.totals;
        let fall = totals.mark_start.saturating_sub(totals.path_low);
        let bps = mul_div(fall, 10_000, totals.mark_start.max(1), Rounding::Floor).unwrap_or(0);
        let percent = decimal::format_raw(bps, 2);
        let price = |raw| decimal::format_raw(raw, PRICE_DECIMALS);
        let name = &self.scenario.settings.market.name;
        let (from, to) = (price(totals.mark_start), price(totals.path_low));
        format!("{name} -{percent} % at the trough, {from} to {to}, path as it was")
    }
}
