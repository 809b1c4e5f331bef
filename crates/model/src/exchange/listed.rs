//! Positions that change accounts as they stand, rolls, and options used before their end.

use super::Terms;
use super::call::Leg;
use super::session::parties;
use crate::contract::{self, owned};
use crate::number::{Int, Result, ceil, floor, narrow};
use crate::pool::Pool;
use breakwater_liquidation::effects::Fact;
use breakwater_liquidation::{Form, Rejection};
use breakwater_money::{AccountId, Amount, AssetId, Holder, Price, Unit};
use num_traits::{Signed, Zero};

impl Terms {
    /// The receiver takes over the giver's share of what was paid or got, so rounded that the giver
    /// has neither won nor lost. Both must have their initial margin after it.
    pub(super) fn transfer(
        &self,
        pool: &mut Pool,
        (from, to): (AccountId, AccountId),
        contract: AssetId,
        quantity: u128,
    ) -> Result<Vec<Fact>> {
        if from == to {
            return Err(Rejection::SelfDealing);
        }
        self.contract(pool, contract)?;
        Self::trades(pool, contract)?;
        let units = Int::from(quantity);
        let size = pool.own(from, Unit::token(contract));
        Self::at_most(&units, &size)?;
        let terms = contract::terms(pool, contract)?;
        let paid = pool.quote(from, contract, terms.settle).abs() * &units;
        let long = size.is_positive();
        let entry = if owned(&terms, long) { ceil } else { floor }(&paid, &size.abs())?;
        let change = if long { units } else { -units };
        let cash = pool.own(from, Unit::token(terms.settle));
        self.take(pool, from, contract, &-change.clone(), &entry)?;
        // What the naive way must come to as well.
        if pool.own(from, Unit::token(terms.settle)) != cash {
            return Err(Rejection::Overflow);
        }
        let grows = self.take(pool, to, contract, &change, &entry)?;
        Self::recount(pool, contract);
        if grows {
            self.may_grow(pool, to, contract)?;
        }
        let sums = self.sums(pool, from, true)?;
        if sums.equity < sums.initial {
            return Err(Rejection::BelowInitial);
        }
        let quantity = Amount::new(contract, quantity);
        let entry = Amount::new(terms.settle, narrow(&entry)?);
        Ok(vec![Fact::Moved { from, to, quantity, entry }])
    }

    /// Two trades, and then the margin of everybody whom either gave new risk.
    pub(super) fn roll(
        &self,
        pool: &mut Pool,
        (account, against): (AccountId, Option<AccountId>),
        [near, far]: [Leg; 2],
    ) -> Result<Vec<Fact>> {
        if against == Some(account) {
            return Err(Rejection::SelfDealing);
        }
        self.contract(pool, near.contract)?;
        self.contract(pool, far.contract)?;
        let (one, other) =
            (contract::terms(pool, near.contract)?, contract::terms(pool, far.contract)?);
        let is_option = |form: Form| matches!(form, Form::Option(_));
        let sides = contract::buyer_pays(&one) == contract::buyer_pays(&other);
        let options = is_option(one.form) || is_option(other.form);
        if near.contract == far.contract || one.settle != other.settle || !sides || options {
            return Err(Rejection::BadParameter);
        }
        let size = pool.own(account, Unit::token(near.contract));
        Self::at_most(&Int::from(near.quantity), &size)?;
        let own = Some(account);
        let (long, short) = if size.is_positive() { (own, against) } else { (against, own) };
        let (first, mut facts) = self.change_hands(pool, (short, long), &near)?;
        let (second, told) = self.change_hands(pool, (long, short), &far)?;
        facts.extend(told);
        for account in first {
            self.may_grow(pool, account, near.contract)?;
        }
        for account in second {
            self.may_grow(pool, account, far.contract)?;
        }
        Ok(facts)
    }

    /// The holder gets what the option pays at the price, rounded down; everybody who is short pays
    /// for a share of it, rounded up, and the insurance fund keeps what is between.
    pub(super) fn exercise(
        &self,
        pool: &mut Pool,
        holder: AccountId,
        contract: AssetId,
        quantity: u128,
        price: Price,
    ) -> Result<Vec<Fact>> {
        let early = self.contract(pool, contract)?.early;
        let terms = contract::terms(pool, contract)?;
        let Form::Option(option) = terms.form else { return Err(Rejection::BadParameter) };
        if !early {
            return Err(Rejection::BadParameter);
        }
        Self::trades(pool, contract)?;
        Self::price_fits(pool, option.underlying, price)?;
        let units = Int::from(quantity);
        let size = pool.own(holder, Unit::token(contract));
        if size.is_negative() {
            return Err(Rejection::NotReduceOnly);
        }
        Self::at_most(&units, &size)?;
        let gets = contract::payoff(pool, contract, &units, price)?.down();
        if gets.is_zero() {
            return Err(Rejection::BadParameter);
        }
        let settled = Unit::token(terms.settle);
        let mut facts = Vec::new();
        let mut fund = Int::zero();
        for (writer, part) in Self::assigned(pool, contract, &units) {
            let pays = contract::payoff(pool, contract, &part, price)?.up();
            fund += &pays;
            // The outside has what accounts give up, without anything being moved.
            if let Some(writer) = writer {
                self.take(pool, writer, contract, &part, &pays)?;
            }
            facts.push(Fact::Exercised {
                holder,
                writer,
                quantity: Amount::new(contract, narrow(&part)?),
                price,
                paid: Amount::new(terms.settle, narrow(&pays)?),
            });
        }
        self.take(pool, holder, contract, &-units, &gets)?;
        // Each took from or gave to the outside; what writers paid above is the fund's.
        pool.transfer(Holder::External, Holder::Insurance, settled, &(fund - gets))?;
        Self::recount(pool, contract);
        Ok(facts)
    }

    /// Shares of a quantity in proportion to who is short, whole units first; then a unit each to
    /// the largest remainders, until nothing is left.
    fn assigned(pool: &Pool, contract: AssetId, units: &Int) -> Vec<(Option<AccountId>, Int)> {
        let short: Vec<(Option<AccountId>, Int)> = parties(pool, contract)
            .into_iter()
            .filter(|(_, size)| size.is_negative())
            .map(|(party, size)| (party, -size))
            .collect();
        let all: Int = short.iter().map(|(_, size)| size).sum();
        let mut shares: Vec<(Option<AccountId>, Int, Int)> = short
            .into_iter()
            .map(|(party, size)| (party, units * &size / &all, units * &size % &all))
            .collect();
        let mut left: Int = units - shares.iter().map(|(_, whole, _)| whole).sum::<Int>();
        while left.is_positive() {
            let Some(largest) = shares.iter().map(|(.., rest)| rest.clone()).max() else { break };
            let Some(next) = shares.iter_mut().find(|(.., rest)| *rest == largest) else { break };
            next.1 += 1;
            next.2 = Int::from(-1);
            left -= 1;
        }
        let named = shares.into_iter().map(|(party, part, _)| (party, part));
        named.filter(|(_, part)| part.is_positive()).collect()
    }

    fn at_most(quantity: &Int, size: &Int) -> Result<()> {
        if quantity.is_zero() {
            return Err(Rejection::AmountZero);
        }
        if *quantity > size.abs() { Err(Rejection::NotReduceOnly) } else { Ok(()) }
    }
}
