//! A loss and its bearers.

use super::{InForce, Model};
use crate::backstop::{Choice, Ranked, Winner, close, rank, share_out};
use crate::contract;
use crate::number::{Int, Result, floor, narrow, positive, ten};
use crate::rule::Rule;
use breakwater_engine::{Cause, What};
use breakwater_liquidation::effects::Bearer;
use breakwater_liquidation::policy::Socialise;
use breakwater_liquidation::rulebook::Saleable;
use breakwater_liquidation::{Call, Fact};
use breakwater_money::{AccountId, Amount, AssetId, Holder, Price, Unit};
use num_traits::{Signed, Zero};

/// Losses in one asset and who bore them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Borne {
    /// All losses.
    pub deficit: Int,
    /// Paid by the fund.
    pub insurance: Int,
    /// Taken over by a vault.
    pub vault: Int,
    /// Taken from winners.
    pub deleveraged: Int,
    /// Spread over accounts.
    pub socialised: Int,
    /// With nobody.
    pub outstanding: Int,
}

impl Model {
    /// The fund first, then everybody else by what the policy asks of them, then nobody.
    pub(super) fn bear(&mut self, account: AccountId, loss: Amount, cause: Cause) -> Result<()> {
        let InForce { policy, .. } = self.require_rule()?;
        let (asset, whole) = (loss.asset, Int::from(loss.raw));
        let (token, deficit) = (Unit::token(asset), Unit::deficit(asset));
        // A lending pool lacks what it was owed; an exchange has paid already, out of nothing.
        let lacks = !self.pool.balance(Holder::Outstanding, deficit).is_zero();
        let fund = positive(self.pool.balance(Holder::Insurance, token));
        let insurance =
            if policy.backstop.insurance { fund.min(whole.clone()) } else { Int::zero() };
        let mut shares = Vec::new();
        if policy.backstop.socialise != Socialise::Nobody && !lacks {
            let mut others = Vec::new();
            for other in self.pool.everybody().filter(|a| *a != account) {
                let able = match policy.backstop.socialise {
                    Socialise::Session => self.gained(other, asset)?,
                    _ => self.pool.own(other, token),
                };
                others.push((other, positive(able)));
            }
            shares = share_out(&(&whole - &insurance), &others);
        }
        if lacks {
            self.pool.transfer(Holder::Insurance, Holder::Reserve, token, &insurance)?;
            self.pool.transfer(Holder::Outstanding, Holder::Issuer, deficit, &insurance)?;
        } else {
            self.pool.transfer(Holder::Insurance, Holder::Outstanding, token, &insurance)?;
        }
        for (bearer, share) in &shares {
            self.pool.transfer(Holder::Account(*bearer), Holder::Outstanding, token, share)?;
        }
        self.record_funds();
        let socialised: Int = shares.iter().map(|(_, share)| share).sum();
        let outstanding = &whole - &insurance - &socialised;
        let losses = self.losses.entry(asset).or_default();
        losses.deficit += whole;
        losses.insurance += &insurance;
        losses.socialised += socialised;
        losses.outstanding += &outstanding;

        let mut bearers = vec![(Bearer::Insurance, insurance)];
        bearers.extend(shares.into_iter().map(|(a, share)| (Bearer::Socialised(a), share)));
        bearers.push((Bearer::Outstanding, outstanding));
        for (bearer, share) in bearers.into_iter().filter(|(_, share)| !share.is_zero()) {
            let amount = Amount::new(asset, narrow(&share)?);
            self.tell(cause, What::Happened(Fact::Borne { account, bearer, amount }));
        }
        Ok(())
    }

    /// What an account's positions that settle in an asset have gained at the mark and not been
    /// paid.
    fn gained(&self, account: AccountId, settle: AssetId) -> Result<Int> {
        let mut sum = Int::zero();
        for (contract, _) in self.pool.positions(account) {
            if contract::terms(&self.pool, contract)?.settle == settle {
                sum += self.profit(account, contract)?;
            }
        }
        Ok(sum)
    }

    /// Profit of a position at the mark: its value, rounded against it, and its quote side.
    fn profit(&self, account: AccountId, contract: AssetId) -> Result<Int> {
        let terms = contract::terms(&self.pool, contract)?;
        let size = self.pool.own(account, Unit::token(contract));
        let mark = self.pool.price(contract)?;
        let worth = contract::worth(&self.pool, contract, &size.abs(), mark)?;
        let owned = contract::owned(&terms, size.is_positive());
        let value = if owned { worth.down() } else { -worth.up() };
        Ok(value + self.pool.quote(account, contract, terms.settle))
    }

    /// Writes down what the fund has, where it has moved and the policy looks at its losses.
    pub(super) fn record_funds(&mut self) {
        let moved = std::mem::take(&mut self.pool.fund_moved);
        if self.policy().is_none_or(|policy| policy.backstop.drawdown.is_none()) {
            return;
        }
        for asset in moved {
            let balance = self.pool.balance(Holder::Insurance, Unit::token(asset));
            self.funds.entry(asset).or_default().push((self.pool.now, balance));
        }
    }

    /// Whether the fund has lost the share of its highest balance of the window that the policy
    /// names; a balance counts as long as it was in force, both edges of the window included.
    fn drawn_down(&self, asset: AssetId) -> bool {
        let trigger = self.policy().and_then(|policy| policy.backstop.drawdown);
        let (Some(trigger), Some(records)) = (trigger, self.funds.get(&asset)) else {
            return false;
        };
        let begin = self.pool.now.0.saturating_sub(trigger.window_nanos);
        let ends = records.iter().skip(1).map(|(at, _)| at.0).chain([u64::MAX]);
        let counts = records.iter().zip(ends).filter(|(_, end)| *end >= begin);
        let high = counts.map(|((_, balance), _)| balance).max();
        let (Some(high), Some((_, now))) = (high, records.last()) else { return false };
        let lost = high - now;
        lost.is_positive() && lost * ten(9) >= positive(high.clone()) * Int::from(trigger.lost_e9)
    }

    /// Closes winners against what is left of a bankrupt account, unless the fund covers what it
    /// lacks. Where something refuses, what was closed before stays closed.
    pub(super) fn deleverage(&mut self, account: AccountId) {
        let Some(in_force) = self.in_force.clone() else { return };
        // What the account owns pays before anybody else does.
        let token = |item: &Saleable| contract::terms(&self.pool, item.asset).is_err();
        match in_force.rule.saleable(&self.pool, account) {
            Ok(items) if !items.iter().any(token) => {}
            _ => return,
        }
        for (contract, _) in self.pool.positions(account) {
            match self.close_winners(account, contract) {
                Ok(true) => {}
                Ok(false) | Err(_) => return,
            }
        }
    }

    /// False if the account lacks nothing that the fund would not pay.
    fn close_winners(&mut self, account: AccountId, contract: AssetId) -> Result<bool> {
        let InForce { rule, policy, .. } = self.require_rule()?;
        let Some(order) = policy.backstop.deleverage else { return Ok(false) };
        let settle = contract::terms(&self.pool, contract)?.settle;
        let equity = Int::from(rule.health(&self.pool, account)?.equity);
        let lacking = rule.amount_for(&self.pool, settle, &positive(-equity))?;
        let fund = self.pool.balance(Holder::Insurance, Unit::token(settle));
        let pays = policy.backstop.insurance && !self.drawn_down(settle);
        let lacking = if pays { lacking - positive(fund) } else { lacking };
        if !lacking.is_positive() {
            return Ok(false);
        }
        let size = self.pool.own(account, Unit::token(contract));
        let winners = self.winners(&rule, account, contract, size.is_positive())?;
        let share_max_bps = policy.backstop.share_max_bps.unwrap_or(10_000);
        let choice = Choice { order, share_max_bps, entropy: self.entropy };
        let closed = close(&choice, &size.abs(), &lacking, &winners);
        let quantity: Int = closed.iter().map(|(_, part)| part).sum();
        if quantity.is_zero() {
            return Ok(true);
        }
        let mark = self.pool.price(contract)?;
        let price = self.price_of_nothing(contract, mark, &size, &quantity, &lacking)?;
        let winners: Vec<(AccountId, u128)> = closed
            .iter()
            .map(|(winner, part)| Ok((*winner, narrow(part)?)))
            .collect::<Result<_>>()?;
        let call = Call::Deleverage { account, contract, winners: winners.clone(), price };
        let mut pool = self.pool.clone();
        let facts = rule.perform(&mut pool, &call)?;
        let mut given = Vec::new();
        for (winner, part) in winners {
            given.push((winner, self.gap(contract, &Int::from(part), mark, price)?));
        }
        self.pool = pool;
        self.commit(&facts, Cause::Command)?;
        // Closed against winners is liquidated too.
        self.hits.push((account, false));
        for (winner, given) in given {
            let losses = self.losses.entry(settle).or_default();
            losses.deficit += &given;
            losses.deleveraged += &given;
            let bearer = Bearer::Deleveraged(winner);
            let amount = Amount::new(settle, narrow(&given)?);
            let fact = Fact::Borne { account, bearer, amount };
            self.tell(Cause::Command, What::Happened(fact));
        }
        Ok(true)
    }

    /// What closing a quantity at a price rather than at the mark costs: for an inverse contract the
    /// difference of two values, for the others the value of the difference, each rounded down.
    fn gap(&self, contract: AssetId, quantity: &Int, mark: Price, price: Price) -> Result<Int> {
        let worth = |price| Ok(contract::worth(&self.pool, contract, quantity, price)?.down());
        if contract::buyer_pays(&contract::terms(&self.pool, contract)?) {
            let raw = mark.raw.max(price.raw) - mark.raw.min(price.raw);
            return worth(Price { raw, decimals: mark.decimals });
        }
        let (one, other): (Int, Int) = (worth(mark)?, worth(price)?);
        Ok((one - other).abs())
    }

    /// Everybody on the other side who is in profit at the mark, with the place that the venue's
    /// ranking gives; where it has none, profit over entry value times value over cash, both at
    /// 1e9.
    fn winners(
        &self,
        rule: &Rule,
        bankrupt: AccountId,
        contract: AssetId,
        bankrupt_is_long: bool,
    ) -> Result<Vec<Winner>> {
        let settle = contract::terms(&self.pool, contract)?.settle;
        let mark = self.pool.price(contract)?;
        let largest = Int::from(i128::MAX);
        let mut winners = Vec::new();
        for account in self.pool.everybody().filter(|a| *a != bankrupt) {
            let size = self.pool.own(account, Unit::token(contract));
            if size.is_zero() || size.is_positive() == bankrupt_is_long {
                continue;
            }
            let profit = self.profit(account, contract)?;
            if !profit.is_positive() {
                continue;
            }
            let value = contract::worth(&self.pool, contract, &size.abs(), mark)?.down();
            let entry = self.pool.quote(account, contract, settle).abs();
            let cash = self.pool.own(account, Unit::token(settle));
            let least_one = |n: Int| n.max(Int::from(1));
            let lever = floor(&(&value * ten(9)), &least_one(cash))?;
            let score = match rule.ranking() {
                Some(ranking) => rank(ranking, &self.ranked(rule, account, contract, value)?),
                None => {
                    let gain = floor(&(&profit * ten(9)), &least_one(entry))?;
                    (gain * &lever).min(largest.clone())
                }
            };
            let leverage_e9 = lever.min(Int::from(u64::MAX));
            winners.push(Winner { account, quantity: size.abs(), score, profit, leverage_e9 });
        }
        Ok(winners)
    }

    fn ranked(
        &self,
        rule: &Rule,
        account: AccountId,
        contract: AssetId,
        value: Int,
    ) -> Result<Ranked> {
        let terms = contract::terms(&self.pool, contract)?;
        let size = self.pool.own(account, Unit::token(contract));
        let owned = contract::owned(&terms, size.is_positive());
        let health = rule.health(&self.pool, account)?;
        let equity = Int::from(health.equity);
        let in_settle = |value: &Int| rule.amount_for(&self.pool, terms.settle, value);
        let worth = in_settle(&equity.abs())?;
        Ok(Ranked {
            mark: if owned { value } else { -value },
            entry: -self.pool.quote(account, contract, terms.settle),
            wallet: self.pool.own(account, Unit::token(terms.settle)),
            maintenance: in_settle(&health.requirement.into())?,
            initial: in_settle(&rule.initial(&self.pool, account)?)?,
            equity: if equity.is_negative() { -worth } else { worth },
            one: ten(self.pool.asset(terms.settle)?.decimals),
        })
    }

    /// The price at which what is closed makes up for what the account lacks, rounded in the
    /// winners' favour and never below one unit.
    fn price_of_nothing(
        &self,
        contract: AssetId,
        mark: Price,
        size: &Int,
        quantity: &Int,
        lacking: &Int,
    ) -> Result<Price> {
        let one = Int::from(1);
        let terms = contract::terms(&self.pool, contract)?;
        let price_of =
            |value: &Int| contract::price_of(&self.pool, contract, quantity, value, mark.decimals);
        let long = size.is_positive();
        let raw = if contract::buyer_pays(&terms) {
            let by = price_of(lacking)?.down();
            if long { by + mark.raw } else { (Int::from(mark.raw) - by).max(one) }
        } else {
            let worth = contract::worth(&self.pool, contract, quantity, mark)?;
            if long {
                price_of(&(worth.up() - lacking).max(one))?.down()
            } else {
                price_of(&(worth.down() + lacking))?.up().max(one)
            }
        };
        Ok(Price { raw: narrow(&raw)?, decimals: mark.decimals })
    }
}
