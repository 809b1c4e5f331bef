//! A loss and its bearers.

use super::{InForce, Model};
use crate::backstop::{Winner, share_out, take_in_order};
use crate::number::{Int, Result, floor, narrow, positive, ten};
use breakwater_engine::{Cause, What};
use breakwater_liquidation::backstop::Deleverage;
use breakwater_liquidation::effects::Bearer;
use breakwater_liquidation::policy::Socialise;
use breakwater_liquidation::{AssetKind, Call, Fact};
use breakwater_money::{AccountId, Amount, AssetId, Class, Holder, Price, Unit};
use num_traits::{Signed, Zero};

/// Losses in one asset and who bore them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Borne {
    /// All losses.
    pub deficit: Int,
    /// Paid by the fund.
    pub insurance: Int,
    /// Taken from winners.
    pub deleveraged: Int,
    /// Spread over accounts.
    pub socialised: Int,
    /// With nobody.
    pub outstanding: Int,
}

impl Model {
    /// The fund first, then everybody else's cash, then nobody.
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
        if policy.backstop.socialise == Socialise::Cash && !lacks {
            let cash = |a: AccountId| (a, positive(self.pool.own(a, token)));
            let others = self.pool.everybody().filter(|a| *a != account).map(cash);
            shares = share_out(&(&whole - &insurance), &others.collect::<Vec<_>>());
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

    /// Closes winners against what the market did not take of a bankrupt account, unless the fund
    /// covers what it lacks.
    pub(super) fn deleverage(&mut self, account: AccountId) -> Result<()> {
        let InForce { rule, policy, .. } = self.require_rule()?;
        let Some(order) = policy.backstop.deleverage else { return Ok(()) };
        let held = self.pool.holdings(account).into_iter();
        let contracts: Vec<(AssetId, AssetId)> = held
            .filter(|(holder, unit, _)| {
                *holder == Holder::Account(account) && unit.class == Class::Token
            })
            .filter_map(|(_, unit, _)| match self.pool.asset(unit.asset).ok()?.kind {
                AssetKind::Contract(terms) => Some((unit.asset, terms.settle)),
                AssetKind::Token => None,
            })
            .collect();
        for (contract, settle) in contracts {
            let equity = Int::from(rule.health(&self.pool, account)?.equity);
            let fund = self.pool.balance(Holder::Insurance, Unit::token(settle));
            let covered = if policy.backstop.insurance { fund } else { Int::zero() };
            let lacking = positive(-equity) - covered;
            if !lacking.is_positive() {
                return Ok(());
            }
            let size = self.pool.own(account, Unit::token(contract));
            let winners = self.winners(account, contract, settle, size.is_positive())?;
            let closed = match order {
                Deleverage::Queue => take_in_order(&size.abs(), &winners),
                Deleverage::ProRata => {
                    let able: Vec<_> =
                        winners.into_iter().map(|w| (w.account, w.quantity)).collect();
                    share_out(&size.abs(), &able)
                }
                // The model has no rule of its own for these yet.
                Deleverage::RandomStart
                | Deleverage::Capped
                | Deleverage::RiskAware
                | Deleverage::MinimumOvershoot => {
                    return Err(breakwater_liquidation::Rejection::Unsupported);
                }
            };
            let quantity: Int = closed.iter().map(|(_, part)| part).sum();
            if quantity.is_zero() {
                continue;
            }
            let mark = self.pool.price(contract)?;
            let price =
                self.price_of_nothing(contract, settle, mark, &size, &quantity, &lacking)?;
            let winners: Vec<(AccountId, u128)> = closed
                .iter()
                .map(|(winner, part)| Ok((*winner, narrow(part)?)))
                .collect::<Result<_>>()?;
            let call = Call::Deleverage { account, contract, winners: winners.clone(), price };
            let facts = rule.perform(&mut self.pool, &call)?;
            self.commit(&facts, Cause::Command)?;
            // Closed against winners is liquidated too.
            self.hits.push((account, false));
            let gap = Price { raw: mark.raw.abs_diff(price.raw), decimals: mark.decimals };
            for (winner, part) in winners {
                let given = self.worth(contract, settle, &Int::from(part), gap)?;
                let losses = self.losses.entry(settle).or_default();
                losses.deficit += &given;
                losses.deleveraged += &given;
                let bearer = Bearer::Deleveraged(winner);
                let amount = Amount::new(settle, narrow(&given)?);
                let fact = Fact::Borne { account, bearer, amount };
                self.tell(Cause::Command, What::Happened(fact));
            }
        }
        Ok(())
    }

    /// Settle units for a quantity of a contract at a price, rounded down.
    fn worth(
        &self,
        contract: AssetId,
        settle: AssetId,
        quantity: &Int,
        price: Price,
    ) -> Result<Int> {
        let value = quantity * Int::from(price.raw) * ten(self.pool.asset(settle)?.decimals);
        floor(&value, &(ten(self.pool.asset(contract)?.decimals) * ten(price.decimals)))
    }

    /// Everybody on the other side who is in profit at the mark. Place in the queue: profit over
    /// entry value times value over cash, both at 1e9.
    fn winners(
        &self,
        bankrupt: AccountId,
        contract: AssetId,
        settle: AssetId,
        bankrupt_is_long: bool,
    ) -> Result<Vec<Winner>> {
        let mark = self.pool.price(contract)?;
        let mut winners = Vec::new();
        for account in self.pool.everybody().filter(|a| *a != bankrupt) {
            let size = self.pool.own(account, Unit::token(contract));
            if size.is_zero() || size.is_positive() == bankrupt_is_long {
                continue;
            }
            let token = Unit::token(settle);
            let value = self.worth(contract, settle, &size.abs(), mark)?;
            let entry = self.pool.balance(Holder::Position(account, contract), token).abs();
            let profit = if size.is_positive() { &value - &entry } else { &entry - &value };
            if !profit.is_positive() {
                continue;
            }
            let least_one = |n: Int| n.max(Int::from(1));
            let gain = floor(&(profit * ten(9)), &least_one(entry))?;
            let lever = floor(&(value * ten(9)), &least_one(self.pool.own(account, token)))?;
            winners.push(Winner { account, quantity: size.abs(), score: gain * lever });
        }
        Ok(winners)
    }

    /// The price at which the bankrupt account is left with nothing: the mark moved by what it
    /// lacks over the quantity closed, rounded in the winners' favour, and never below one unit.
    fn price_of_nothing(
        &self,
        contract: AssetId,
        settle: AssetId,
        mark: Price,
        size: &Int,
        quantity: &Int,
        lacking: &Int,
    ) -> Result<Price> {
        let scale = ten(self.pool.asset(contract)?.decimals) * ten(mark.decimals);
        let by = floor(&(lacking * scale), &(quantity * ten(self.pool.asset(settle)?.decimals)))?;
        let raw = if size.is_positive() {
            Int::from(mark.raw) + by
        } else {
            (Int::from(mark.raw) - by).max(Int::from(1))
        };
        Ok(Price { raw: narrow(&raw)?, decimals: mark.decimals })
    }
}
