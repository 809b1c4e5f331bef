//! What the venue does to everybody in a contract: funding, the end of a session, delivery; and
//! interest.
//!
//! Who pays, pays the next whole unit up, who gets, the next one down, and the insurance fund keeps
//! what is between. Where the accounts' sides do not match, the outside is the other party.

use super::{DELIVERED, Terms, VOLATILITY, cash};
use crate::contract::{self, owned};
use crate::number::{Fraction, Int, Result, narrow, ten};
use crate::pool::Pool;
use breakwater_liquidation::effects::Fact;
use breakwater_liquidation::{Form, Rejection, StateKey};
use breakwater_money::{AccountId, Amount, AssetId, Holder, Price, Unit};
use num_traits::{One, Signed, Zero};

/// A party to payments: who, and what it holds; the outside holds what nobody else does.
pub(super) type Party = (Option<AccountId>, Int);

fn holders(pool: &Pool, contract: AssetId) -> Vec<(AccountId, Int)> {
    let size = |account| (account, pool.own(account, Unit::token(contract)));
    pool.everybody().map(size).filter(|(_, size)| !size.is_zero()).collect()
}

pub(super) fn parties(pool: &Pool, contract: AssetId) -> Vec<Party> {
    let inside = holders(pool, contract);
    let outside: Int = -inside.iter().map(|(_, size)| size).sum::<Int>();
    let named = inside.into_iter().map(|(account, size)| (Some(account), size));
    named.chain([(None, outside)].into_iter().filter(|(_, size)| !size.is_zero())).collect()
}

impl Terms {
    fn alive(&self, pool: &Pool, contract: AssetId) -> Result<()> {
        self.contract(pool, contract)?;
        if Self::delivered(pool, contract) { Err(Rejection::ContractEnded) } else { Ok(()) }
    }

    /// Everybody pays or gets a share of the value of what they hold at the mark, itself rounded
    /// the same way.
    pub(super) fn fund(
        &self,
        pool: &mut Pool,
        contract: AssetId,
        rate_e12: i64,
    ) -> Result<Vec<Fact>> {
        self.alive(pool, contract)?;
        let terms = contract::terms(pool, contract)?;
        let most = self.contract(pool, contract)?.funding_max_e12;
        let rate = Int::from(rate_e12).abs();
        let too_much = most.is_some_and(|most| rate > Int::from(most));
        let perpetual = !matches!(terms.form, Form::Option(_)) && terms.expires.is_none();
        if rate.is_zero() || too_much || !perpetual {
            return Err(Rejection::BadParameter);
        }
        let price = pool.price(contract)?;
        let share = |value: Int| Fraction::scaled(value * &rate, 12);
        let mut paid = Int::zero();
        let unit = Unit::token(terms.settle);
        let mut all = Vec::new();
        for (party, size) in parties(pool, contract) {
            let worth = contract::worth(pool, contract, &size.abs(), price)?;
            let holder = party.map_or(Holder::External, Holder::Account);
            // Above zero longs pay.
            if size.is_positive() == (rate_e12 > 0) {
                let pays = share(worth.up()).up();
                // What the outside pays is not told.
                if party.is_some() {
                    paid += &pays;
                }
                all.push((holder, Holder::Insurance, pays));
            } else {
                all.push((Holder::Insurance, holder, share(worth.down()).down()));
            }
        }
        for (from, to, amount) in all {
            pool.transfer(from, to, unit, &amount)?;
        }
        let paid = Amount::new(terms.settle, narrow(&paid)?);
        Ok(vec![Fact::Charged { asset: contract, rate_e12, paid }])
    }

    /// Whoever owes the asset pays a share of it to the venue.
    pub(super) fn charge(
        &self,
        pool: &mut Pool,
        asset: AssetId,
        rate_e12: u64,
    ) -> Result<Vec<Fact>> {
        pool.asset(asset)?;
        if !self.margin(pool).contains(&asset) {
            return Err(Rejection::NotCollateral);
        }
        let share = Fraction::scaled(rate_e12.into(), 12);
        if rate_e12 == 0 || share.up() > Int::one() {
            return Err(Rejection::BadParameter);
        }
        let mut paid = Int::zero();
        for account in pool.everybody() {
            let owed = -cash(pool, account, asset);
            if owed.is_positive() {
                let interest = share.of(&owed).up();
                paid += &interest;
                let from = Holder::Account(account);
                pool.transfer(from, Holder::Treasury, Unit::token(asset), &interest)?;
            }
        }
        let rate_e12 = i64::try_from(rate_e12).map_err(|_| Rejection::BadParameter)?;
        let paid = Amount::new(asset, narrow(&paid)?);
        Ok(vec![Fact::Charged { asset, rate_e12, paid }])
    }

    /// Profit at the mark becomes cash: the quote side is then minus the value.
    pub(super) fn settle(&self, pool: &mut Pool, contract: AssetId) -> Result<Vec<Fact>> {
        self.alive(pool, contract)?;
        let price = pool.price(contract)?;
        let settle = contract::terms(pool, contract)?.settle;
        for (account, size) in holders(pool, contract) {
            let value = self.position_value(pool, contract, &size)?;
            let profit = value + pool.quote(account, contract, settle);
            let (position, own) = (Holder::Position(account, contract), Holder::Account(account));
            pool.transfer(position, own, Unit::token(settle), &profit)?;
        }
        Ok(vec![Fact::Settled { contract, price, delivered: false }])
    }

    /// Every position is closed at what it pays in the end.
    pub(super) fn deliver(
        &self,
        pool: &mut Pool,
        contract: AssetId,
        price: Price,
    ) -> Result<Vec<Fact>> {
        self.alive(pool, contract)?;
        let terms = contract::terms(pool, contract)?;
        if terms.expires.is_some_and(|end| pool.now < end) {
            return Err(Rejection::ContractLives);
        }
        match terms.form {
            Form::Option(option) => Self::price_fits(pool, option.underlying, price)?,
            Form::Linear | Form::Inverse => Self::price_fits(pool, contract, price)?,
        }
        let (unit, token) = (Unit::token(terms.settle), Unit::token(contract));
        let mut gotten = Vec::new();
        for (party, size) in parties(pool, contract) {
            let pays_off = contract::payoff(pool, contract, &size.abs(), price)?;
            let quote = party.map_or(Holder::External, |a| Holder::Position(a, contract));
            if owned(&terms, size.is_positive()) {
                gotten.push((quote, pays_off.down()));
            } else {
                pool.transfer(quote, Holder::Insurance, unit, &pays_off.up())?;
            }
            if let Some(account) = party {
                pool.transfer(Holder::Account(account), Holder::External, token, &size)?;
            }
        }
        let accounts: Vec<AccountId> = pool.everybody().collect();
        for (quote, amount) in gotten {
            pool.transfer(Holder::Insurance, quote, unit, &amount)?;
        }
        for account in accounts {
            let left = pool.quote(account, contract, terms.settle);
            let position = Holder::Position(account, contract);
            pool.transfer(position, Holder::Account(account), unit, &left)?;
        }
        Self::recount(pool, contract);
        pool.remember(StateKey::Asset(contract, DELIVERED), Int::one());
        Ok(vec![Fact::Settled { contract, price, delivered: true }])
    }

    /// The volatility of an option.
    pub(super) fn quote(&self, pool: &mut Pool, contract: AssetId, e6: u32) -> Result<Vec<Fact>> {
        self.alive(pool, contract)?;
        let option = matches!(contract::terms(pool, contract)?.form, Form::Option(_));
        // A tenth of a per cent to fifty times.
        if !option || Int::from(e6) < ten(3) || Int::from(e6) > ten(6) * 50 {
            return Err(Rejection::BadParameter);
        }
        pool.remember(StateKey::Asset(contract, VOLATILITY), e6.into());
        let holding: Vec<AccountId> =
            holders(pool, contract).into_iter().map(|(account, _)| account).collect();
        pool.moved.extend(holding);
        Ok(Vec::new())
    }
}
