//! A keeper: takes what a call offers when it pays.

use crate::ScenarioError;
use crate::market::{Kind, Markets, Marks, Way, overflow};
use breakwater_engine::Engine;
use breakwater_execution::profit::most_profitable;
use breakwater_liquidation::plan::option_of;
use breakwater_liquidation::{Call, CallOption};
use breakwater_money::rounding::{Rounding, mul_div};
use breakwater_money::{AssetId, Price};

/// What a keeper decided about an account.
#[derive(Debug, Clone)]
pub enum Decision {
    /// Call, with what it expects.
    Act(Box<Deal>),
    /// Nothing pays.
    Leave,
}

/// A call that pays.
#[derive(Debug, Clone)]
pub struct Deal {
    /// The call as the rulebook values it.
    pub option: CallOption,
    /// Value that the collateral will fetch.
    pub fetched: u128,
    /// How it is sold.
    pub way: Way,
    /// Marks at the time.
    pub marks: Marks,
}

/// What the keeper knows of its world.
pub struct Keeper<'a> {
    /// Where collateral is sold.
    pub markets: &'a Markets,
    /// Kind of each asset.
    pub kinds: &'a [Kind],
    /// The staked asset.
    pub staked: AssetId,
    /// Value of one call's gas.
    pub gas_value: u128,
    /// What is left to spend at this price point; none is without bound.
    pub capital: Option<u128>,
}

impl Keeper<'_> {
    /// Sizes the planned call to what pays most and can be spent: the whole, else the part whose
    /// last unit still fetches what it costs.
    ///
    /// # Errors
    /// Overflow.
    pub fn decide(&self, engine: &Engine, planned: CallOption) -> Result<Decision, ScenarioError> {
        let Call::RepayAndSeize { debt, collateral, .. } = planned.call else {
            return Ok(Decision::Leave);
        };
        let price = |asset| engine.look(|view| view.price(asset));
        let (Ok(sold), Ok(bought), Ok(staked)) =
            (price(collateral), price(debt), price(self.staked))
        else {
            return Ok(Decision::Leave);
        };
        let marks = Marks { staked, sold, bought };
        let kinds = (self.kinds[collateral.index()], self.kinds[debt.index()]);
        let way = Markets::way(kinds.0, kinds.1, collateral == debt);
        let mut best: Option<Deal> = None;
        for amount in self.sizes(&planned, way, &marks)? {
            let Some(option) = resize(engine, &planned, amount) else { continue };
            if self.capital.is_some_and(|capital| option.repaid_value > capital) {
                continue;
            }
            let Some(fetched) = self.markets.fetches(way, option.seized_value, &marks)? else {
                continue;
            };
            let gain = |deal: &Deal| deal.fetched.saturating_sub(deal.option.repaid_value);
            let deal = Deal { option, fetched, way, marks };
            let pays = gain(&deal) > self.gas_value;
            if pays && best.as_ref().is_none_or(|b| gain(&deal) > gain(b)) {
                best = Some(deal);
            }
        }
        Ok(best.map_or(Decision::Leave, |deal| Decision::Act(Box::new(deal))))
    }

    /// Amounts worth asking about: the planned one, the one that the curve favours, the one that
    /// the capital affords.
    fn sizes(
        &self,
        option: &CallOption,
        way: Way,
        marks: &Marks,
    ) -> Result<Vec<u128>, ScenarioError> {
        let mut sizes = vec![option.repaid.raw];
        let part = |of: u128, whole: u128| {
            mul_div(option.repaid.raw, of, whole.max(1), Rounding::Floor).map_err(overflow)
        };
        if let Some(capital) = self.capital.filter(|c| *c < option.repaid_value) {
            sizes.push(part(capital, option.repaid_value)?);
        }
        let Some(pool) = self.markets.pool(way) else { return Ok(sizes) };
        if self.markets.impact && option.seized_value > 0 {
            let price = self.markets.wrapped_price(marks.staked)?;
            let wrapped = self.markets.wrapped(option.seized_value, marks)?;
            let cost = mul_div(price.raw, option.repaid_value, option.seized_value, Rounding::Ceil);
            let cost = Price::new(cost.map_err(overflow)?, price.decimals);
            let failed = |e: &dyn std::fmt::Display| ScenarioError::setting("depth", e.to_string());
            let depth = pool.ladder().at(price).map_err(|e| failed(&e))?;
            let most = wrapped.min(pool.left());
            let found =
                most_profitable(&depth, pool.consumed, most, cost, 0).map_err(|e| failed(&e))?;
            if let Some(found) = found.filter(|f| f.quantity < wrapped) {
                sizes.push(part(found.quantity, wrapped)?);
            }
        }
        sizes.retain(|size| *size > 0);
        Ok(sizes)
    }
}

/// The same call for another amount, if the rule takes it.
fn resize(engine: &Engine, option: &CallOption, amount: u128) -> Option<CallOption> {
    if amount == option.repaid.raw {
        return Some(option.clone());
    }
    let mut call = option.call.clone();
    if let Call::RepayAndSeize { amount: size, .. } = &mut call {
        *size = amount;
    }
    let rulebook = engine.rulebook()?;
    engine.look(|view| option_of(rulebook, view, &call, option.toxic)).ok()
}
