//! A keeper: takes what a call offers when it pays.

use crate::ScenarioError;
use crate::market::{Kind, Markets, Marks, Way, overflow};
use breakwater_engine::Engine;
use breakwater_execution::profit::most_profitable;
use breakwater_liquidation::plan::option_of;
use breakwater_liquidation::{Call, CallOption, Overlay, Rulebook, View};
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
    /// Value that what is taken will fetch.
    pub fetched: u128,
    /// How it is sold.
    pub way: Way,
    /// Marks at the time.
    pub marks: Marks,
    /// True if the call pays only by what the pool then sells.
    pub follows: bool,
}

impl Deal {
    /// What it brings before gas, zero for a loss.
    #[must_use]
    pub fn gain(&self) -> u128 {
        let got = self.fetched.saturating_add(self.option.reward_value);
        got.saturating_sub(self.option.repaid_value)
    }
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

/// Times a trade with the pool is halved in search of what pays most: a market maker's price
/// worsens with size, so that the largest trade may not pay where a smaller does.
const HALVINGS: u32 = 6;

impl Keeper<'_> {
    /// Sizes the planned call to what pays most and can be spent: the whole, else the part whose
    /// last unit still fetches what it costs. A call that hands its caller nothing to sell pays by
    /// its reward, or by what the pool sells after it.
    ///
    /// # Errors
    /// Overflow.
    pub fn decide(&self, engine: &Engine, planned: CallOption) -> Result<Decision, ScenarioError> {
        let Some(rulebook) = engine.rulebook() else { return Ok(Decision::Leave) };
        engine.look(|view| {
            let best = match planned.call.pair() {
                Some(_) => self.best(rulebook, view, std::slice::from_ref(&planned))?,
                None => self.whole(rulebook, view, planned)?,
            };
            Ok(best.map_or(Decision::Leave, |deal| Decision::Act(Box::new(deal))))
        })
    }

    /// The best deal of these options, each at the size that pays most; none if none pays.
    ///
    /// # Errors
    /// Overflow.
    pub fn best(
        &self,
        rulebook: &dyn Rulebook,
        view: &View<'_>,
        options: &[CallOption],
    ) -> Result<Option<Deal>, ScenarioError> {
        let mut best: Option<Deal> = None;
        for planned in options {
            let Some((way, marks)) = self.way(view, planned) else { continue };
            for amount in self.sizes(planned, way, &marks)? {
                let Some(option) = resize(rulebook, view, planned, amount) else { continue };
                if self.capital.is_some_and(|capital| option.repaid_value > capital) {
                    continue;
                }
                let Some(fetched) = self.markets.fetches(way, option.seized_value, &marks)? else {
                    continue;
                };
                let deal = Deal { option, fetched, way, marks, follows: false };
                let pays = deal.gain() > self.gas_value;
                if pays && best.as_ref().is_none_or(|b| deal.gain() > b.gain()) {
                    best = Some(deal);
                }
            }
        }
        Ok(best)
    }

    /// A call whose size is not the caller's to choose, if it pays.
    ///
    /// # Errors
    /// Overflow.
    pub fn whole(
        &self,
        rulebook: &dyn Rulebook,
        view: &View<'_>,
        option: CallOption,
    ) -> Result<Option<Deal>, ScenarioError> {
        let Some((way, marks)) = self.way(view, &option) else { return Ok(None) };
        if self.capital.is_some_and(|capital| option.repaid_value > capital) {
            return Ok(None);
        }
        let Some(fetched) = self.markets.fetches(way, option.seized_value, &marks)? else {
            return Ok(None);
        };
        let mut deal = Deal { option, fetched, way, marks, follows: false };
        if deal.gain() > self.gas_value {
            return Ok(Some(deal));
        }
        // What the pool takes over it may sell at a discount: who absorbs means to buy.
        let account = deal.option.call.liquidates().first().copied().unwrap_or_default();
        let Ok(effects) = rulebook.execute(view, &deal.option.call) else { return Ok(None) };
        let Ok(overlay) = Overlay::new(*view, account, &effects) else { return Ok(None) };
        let mut options = Vec::new();
        if rulebook.pool_calls(&overlay.view(), &mut options).is_err() {
            return Ok(None);
        }
        let next = self.best(rulebook, &overlay.view(), &options)?;
        let gain = deal.gain().saturating_add(next.as_ref().map_or(0, Deal::gain));
        let gas = self.gas_value.saturating_mul(2);
        deal.follows = true;
        Ok((next.is_some() && gain > gas).then_some(deal))
    }

    /// What an option would bring at the size it has, whether it pays or not; none if the market has
    /// no quote for what it hands over.
    ///
    /// # Errors
    /// Overflow.
    pub fn priced(
        &self,
        view: &View<'_>,
        option: CallOption,
    ) -> Result<Option<Deal>, ScenarioError> {
        let Some((way, marks)) = self.way(view, &option) else { return Ok(None) };
        let fetched = self.markets.fetches(way, option.seized_value, &marks)?;
        Ok(fetched.map(|fetched| Deal { option, fetched, way, marks, follows: false }))
    }

    /// How what the call hands over is sold for what it costs; for dollars where it costs nothing.
    fn way(&self, view: &View<'_>, option: &CallOption) -> Option<(Way, Marks)> {
        let price = |asset| view.price(asset).ok();
        let (sold, bought) = option
            .call
            .pair()
            .map_or_else(|| (option.seized.asset, option.repaid.asset), |(paid, got)| (got, paid));
        let marks =
            Marks { staked: price(self.staked)?, sold: price(sold)?, bought: price(bought)? };
        let kind = |asset: AssetId| self.kinds.get(asset.index()).copied();
        let way = match option.call.pair() {
            Some(_) => Markets::way(kind(sold)?, kind(bought)?, sold == bought),
            None => Markets::way(kind(sold)?, Kind::Dollar, false),
        };
        Some((way, marks))
    }

    /// Amounts worth asking about: the planned one, the one that the curve favours, the one that
    /// the capital affords; smaller ones of a trade whose price worsens with size.
    fn sizes(
        &self,
        option: &CallOption,
        way: Way,
        marks: &Marks,
    ) -> Result<Vec<u128>, ScenarioError> {
        let whole = option.repaid.raw;
        let mut sizes = vec![whole];
        let part =
            |of: u128, all: u128| mul_div(whole, of, all.max(1), Rounding::Floor).map_err(overflow);
        if let Some(capital) = self.capital.filter(|c| *c < option.repaid_value) {
            sizes.push(part(capital, option.repaid_value)?);
        }
        if matches!(option.call, Call::Swap { .. }) {
            sizes.extend((1..=HALVINGS).map(|times| whole >> times));
        }
        if let Some(pool) = self.markets.pool(way)
            && self.markets.impact
            && option.seized_value > 0
        {
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
fn resize(
    rulebook: &dyn Rulebook,
    view: &View<'_>,
    option: &CallOption,
    amount: u128,
) -> Option<CallOption> {
    if amount == option.repaid.raw {
        return Some(option.clone());
    }
    let call = option.call.with_amount(amount);
    option_of(rulebook, view, &call, option.toxic).ok()
}
