//! The venue's own sales: what the market takes of what the engine ordered.

use super::Sale;
use super::found::in_settle;
use super::market::Taken;
use super::stage::{SETTLE, Stage};
use super::winners::Held;
use crate::ScenarioError;
use crate::market::overflow;
use crate::perpetuals::draw::{Draw, Field};
use crate::perpetuals::{BASE_DECIMALS, Minute, PRICE_DECIMALS};
use breakwater_engine::{Body, OpenLeg, Outcome, What};
use breakwater_liquidation::backstop::Deleverage;
use breakwater_liquidation::plan::proceeds;
use breakwater_liquidation::{ContractTerms, Fact};
use breakwater_margin::Health;
use breakwater_market::BookSide;
use breakwater_money::rounding::{Rounding, mul_div};
use breakwater_money::{AccountId, Price};
use std::collections::BTreeMap;

/// Sales of one account that are tried at one mark: one limited by an older mark, one more step of
/// a ladder, and one that the fund stands behind.
const TRIES_MAX: u32 = 3;

impl Stage<'_> {
    /// The venue's orders go to the market, in their order; what one of them sets off is taken in the
    /// same round.
    pub fn market_takes(&mut self, minute: &Minute) -> Result<(), ScenarioError> {
        let mut tries: BTreeMap<AccountId, u32> = BTreeMap::new();
        let mut from = 0u64;
        loop {
            let mut legs = self.host.engine.open_legs().range(from..);
            let Some((number, open)) = legs.next().map(|(number, open)| (*number, open.clone()))
            else {
                return self.settle_pending();
            };
            from = number.saturating_add(1);
            let tried = tries.entry(open.account).or_default();
            *tried += 1;
            if *tried <= TRIES_MAX {
                self.fill(number, &open, minute)?;
            }
        }
    }

    fn fill(&mut self, leg: u64, open: &OpenLeg, minute: &Minute) -> Result<(), ScenarioError> {
        let before = self.host.engine.health(open.account).ok();
        let left = open.leg.quantity.saturating_sub(open.filled);
        let taken = match self.bears(before.as_ref()) {
            Some(bears) => self.taken(open, minute, left, bears)?,
            None => Taken::default(),
        };
        self.report(leg, open, taken, true)
    }

    /// Tells the engine what the market took of a leg, and whether that is all of it.
    pub fn report(
        &mut self,
        leg: u64,
        open: &OpenLeg,
        taken: Taken,
        done: bool,
    ) -> Result<(), ScenarioError> {
        let left = open.leg.quantity.saturating_sub(open.filled);
        if done
            && taken.quantity < left
            && self.policy.backstop.deleverage == Some(Deleverage::RandomStart)
        {
            let [bits, _] = Draw::new(self.seed(), self.draws).words(Field::Start, 0);
            self.draws += 1;
            self.host.must(self.now, Body::Entropy { bits })?;
        }
        let paid = in_settle(taken.cents)?;
        self.consumed.consume(side_of(open), taken.quantity);
        self.filled(leg, open, (taken.quantity, paid), done)
    }

    /// Tells the engine of a fill, whoever was on its other side.
    pub fn filled(
        &mut self,
        leg: u64,
        open: &OpenLeg,
        (quantity, paid): (u128, u128),
        done: bool,
    ) -> Result<(), ScenarioError> {
        let account = open.account;
        let before = self.host.engine.health(account).ok();
        let body = Body::ReportFill { leg, quantity, proceeds: paid, done };
        let outcome = self.host.must(self.now, body)?;
        self.read(&outcome)?;
        if quantity > 0 {
            self.write(&outcome, open, (quantity, paid), before.as_ref())?;
        }
        self.deleveraged(account, &outcome)?;
        self.held[account.index()] = Held::of(&self.host.engine, account);
        Ok(())
    }

    pub fn seed(&self) -> u64 {
        self.options.seed.unwrap_or(self.scenario.settings.book.seed)
    }

    /// The largest part of a leg, up to `most`, that the market takes no worse than the leg allows and
    /// that loses no more than a part may, or the whole.
    pub fn taken(
        &self,
        open: &OpenLeg,
        minute: &Minute,
        most: u128,
        (own, backed): (u128, u128),
    ) -> Result<Taken, ScenarioError> {
        let left = open.leg.quantity.saturating_sub(open.filled);
        let most = match self.quoted(open, minute, most)? {
            0 => return Ok(Taken::default()),
            most => most,
        };
        let stands = |quantity: u128, bears: u128| -> Result<Option<Taken>, ScenarioError> {
            let taken = self.fetches(open, minute, quantity)?;
            let value = self.value(quantity, self.mark)?;
            let lost = in_settle(taken.cents)?.abs_diff(value);
            Ok((lost <= bears).then_some(taken))
        };
        let mut best = stands(most, if most == left { backed } else { own })?;
        if best.is_none() {
            let (mut low, mut high) = (0u128, most);
            while high - low > 1 {
                let middle = low + ((high - low) >> 1);
                match stands(middle, own)? {
                    Some(taken) => (low, best) = (middle, Some(taken)),
                    None => high = middle,
                }
            }
        }
        let Some(taken) = best else { return Ok(Taken::default()) };
        // Cents are coarser than the limit: a sale of next to nothing may miss it by its rounding.
        let paid = in_settle(taken.cents)?;
        let limit = self
            .host
            .engine
            .look(|view| proceeds(view, &open.leg, taken.quantity, open.leg.worst_price));
        let worse = |limit| if open.leg.buy_back { paid > limit } else { paid < limit };
        Ok(if limit.is_ok_and(|limit| !worse(limit)) { taken } else { Taken::default() })
    }

    /// What a sale may lose against the mark where winners are asked for the rest: a part the account's
    /// own equity, the whole the fund as well. A part that the fund stood behind would leave its loss on
    /// the rest, and whoever is closed against that would pay for it. None if the account lacks more
    /// than the fund has already.
    pub fn bears(&self, health: Option<&Health>) -> Option<(u128, u128)> {
        if self.policy.backstop.deleverage.is_none() {
            return Some((u128::MAX, u128::MAX));
        }
        let equity = health.map_or(0, |health| health.equity);
        let fund = i128::try_from(self.fund()).unwrap_or(i128::MAX);
        let backed = u128::try_from(equity.saturating_add(fund)).ok()?;
        Some((u128::try_from(equity).unwrap_or(0), backed))
    }

    fn quoted(&self, open: &OpenLeg, minute: &Minute, left: u128) -> Result<u128, ScenarioError> {
        let worst = open.leg.worst_price;
        let side = side_of(open);
        if !self.options.impact {
            let crosses = match side {
                BookSide::Bids => self.mark.raw >= worst.raw,
                BookSide::Asks => self.mark.raw <= worst.raw,
            };
            return Ok(if crosses { left } else { 0 });
        }
        match &minute.depth {
            None => Ok(0),
            Some(depth) => self.consumed.within(depth, side, (self.mark, worst), left),
        }
    }

    fn fetches(
        &self,
        open: &OpenLeg,
        minute: &Minute,
        quantity: u128,
    ) -> Result<Taken, ScenarioError> {
        let side = side_of(open);
        if let Some(depth) = minute.depth.as_ref().filter(|_| self.options.impact) {
            return self.consumed.fetches(depth, side, self.mark, quantity);
        }
        let rounding = match side {
            BookSide::Bids => Rounding::Floor,
            BookSide::Asks => Rounding::Ceil,
        };
        let unit = 10u128.pow(u32::from(BASE_DECIMALS));
        let cents = mul_div(quantity, self.mark.raw, unit, rounding).map_err(overflow)?;
        Ok(Taken { quantity, cents })
    }

    /// Value at a price in base units of the settle asset, exact.
    pub fn value(&self, quantity: u128, price: Price) -> Result<u128, ScenarioError> {
        ContractTerms::linear_perpetual(SETTLE)
            .value(quantity, BASE_DECIMALS, price, super::SETTLE_DECIMALS, Rounding::Floor)
            .map_err(overflow)
    }

    fn write(
        &mut self,
        outcome: &Outcome,
        open: &OpenLeg,
        (quantity, paid): (u128, u128),
        before: Option<&Health>,
    ) -> Result<(), ScenarioError> {
        let account = open.account;
        let value = self.value(quantity, self.mark)?;
        let long = !open.leg.buy_back;
        let lost = if long { value.saturating_sub(paid) } else { paid.saturating_sub(value) };
        let deficit = outcome.facts().filter_map(|what| match what {
            What::Happened(Fact::Deficit { account: of, amount, .. }) if *of == account => {
                Some(amount.raw)
            }
            _ => None,
        });
        let deficit = deficit.sum();
        let ratio = |health: Option<&Health>| {
            health.map_or(0, |h| u128::try_from(h.ratio.raw).unwrap_or(u128::MAX))
        };
        self.totals.sales += 1;
        if long {
            // From settle units for base units to cents for a contract.
            let scale = super::SETTLE_DECIMALS - BASE_DECIMALS - PRICE_DECIMALS;
            let units = quantity.max(1).saturating_mul(10u128.pow(u32::from(scale)));
            let got = mul_div(paid, 1, units, Rounding::Floor).map_err(overflow)?;
            self.totals.sold_low = self.totals.sold_low.min(got);
        }
        self.totals.sold_value += value;
        self.totals.price_impact += lost;
        self.hit.insert(account);
        let discount = mul_div(lost, 10_000, value.max(1), Rounding::HalfUp).map_err(overflow)?;
        self.sales.push(Sale {
            sequence: outcome.sequence,
            at_seconds: self.now.seconds_since(self.start),
            account: self.label(account),
            long,
            quantity,
            value,
            proceeds: paid,
            discount_bps: i64::try_from(discount).unwrap_or(i64::MAX),
            left: Held::of(&self.host.engine, account).size.unsigned_abs(),
            health_before: ratio(before),
            health_after: ratio(self.host.engine.health(account).ok().as_ref()),
            deficit,
            mark: self.mark.raw,
            reason: self.reasons.get(&account).cloned().unwrap_or_default(),
        });
        Ok(())
    }
}

/// Which side of the book a leg trades with.
fn side_of(open: &OpenLeg) -> BookSide {
    if open.leg.buy_back { BookSide::Asks } else { BookSide::Bids }
}
