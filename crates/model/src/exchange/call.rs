//! What a call does to the book.

use super::{ISOLATED, Margin, Terms, cash};
use crate::contract::{self, owned};
use crate::number::{Int, Result, ceil, floor, narrow, positive, ten};
use crate::pool::Pool;
use breakwater_liquidation::effects::Fact;
use breakwater_liquidation::{Call, Rejection, StateKey};
use breakwater_money::{AccountId, Amount, AssetId, Holder, Price, Unit};
use num_traits::{Signed, Zero};

/// One contract that changes hands.
pub(super) struct Leg {
    pub contract: AssetId,
    pub quantity: u128,
    pub price: Price,
}

impl Terms {
    /// Does what a call asks for.
    ///
    /// # Errors
    /// The venue's refusal.
    pub fn perform(&self, pool: &mut Pool, call: &Call) -> Result<Vec<Fact>> {
        if call.accounts().iter().any(|account| account.0 >= pool.accounts) {
            return Err(Rejection::UnknownAccount);
        }
        match *call {
            Call::Deposit { account, asset, amount } => {
                self.pay_in(pool, account, asset, amount)?;
            }
            Call::Import { account, asset, collateral, debt } => {
                if debt != 0 {
                    return Err(Rejection::BadParameter);
                }
                self.pay_in(pool, account, asset, collateral)?;
            }
            Call::Withdraw { account, asset, amount } => {
                self.withdraw(pool, account, asset, amount)?;
            }
            Call::Configure { account, column, value } => {
                let switch = column == ISOLATED && value <= breakwater_money::U256::ONE;
                if !switch || !pool.positions(account).is_empty() {
                    return Err(Rejection::BadParameter);
                }
                let value = crate::number::of_word(value);
                pool.remember(StateKey::Account(account, column), value);
            }
            Call::Trade { buyer, seller, contract, quantity, price } => {
                return self.trade(pool, (buyer, seller), contract, quantity, price);
            }
            Call::Fill { account, asset, quantity, proceeds, proceeds_asset } => {
                if self.margin(pool).contains(&asset) {
                    let (sold, got) = ((asset, quantity), (proceeds_asset, proceeds));
                    return self.sell(pool, account, sold, got);
                }
                self.contract(pool, asset)?;
                if proceeds_asset != contract::terms(pool, asset)?.settle {
                    return Err(Rejection::BadParameter);
                }
                return self.fill(pool, account, asset, quantity, proceeds);
            }
            Call::Deleverage { account, contract, ref winners, price } => {
                return self.deleverage(pool, account, contract, winners, price);
            }
            Call::WriteOff { account } => return self.write_off(pool, account),
            Call::Fund { contract, rate_e12 } => return self.fund(pool, contract, rate_e12),
            Call::Charge { asset, rate_e12 } => return self.charge(pool, asset, rate_e12),
            Call::Settle { contract } => return self.settle(pool, contract),
            Call::Deliver { contract, price } => return self.deliver(pool, contract, price),
            Call::Quote { contract, volatility_e6 } => {
                return self.quote(pool, contract, volatility_e6);
            }
            Call::TakeOver { account, vault } => return self.take_over(pool, account, vault),
            Call::Transfer { from, to, contract, quantity } => {
                return self.transfer(pool, (from, to), contract, quantity);
            }
            Call::Roll {
                account,
                against,
                near,
                far,
                near_quantity,
                far_quantity,
                near_price,
                far_price,
            } => {
                let near = Leg { contract: near, quantity: near_quantity, price: near_price };
                let far = Leg { contract: far, quantity: far_quantity, price: far_price };
                return self.roll(pool, (account, against), [near, far]);
            }
            Call::Exercise { account, contract, quantity, price } => {
                return self.exercise(pool, account, contract, quantity, price);
            }
            _ => return Err(Rejection::Unsupported),
        }
        Ok(Vec::new())
    }

    fn margin_unit(&self, pool: &Pool, asset: AssetId, amount: u128) -> Result<Unit> {
        pool.asset(asset)?;
        if !self.margin(pool).contains(&asset) {
            return Err(Rejection::NotCollateral);
        }
        if amount == 0 { Err(Rejection::AmountZero) } else { Ok(Unit::token(asset)) }
    }

    fn pay_in(&self, pool: &mut Pool, to: AccountId, asset: AssetId, amount: u128) -> Result<()> {
        let unit = self.margin_unit(pool, asset, amount)?;
        pool.transfer(Holder::External, Holder::Account(to), unit, &Int::from(amount))
    }

    /// At most the cash, and at most what leaves equity at the initial margin.
    fn withdraw(
        &self,
        pool: &mut Pool,
        account: AccountId,
        asset: AssetId,
        amount: u128,
    ) -> Result<()> {
        let unit = self.margin_unit(pool, asset, amount)?;
        let cash = positive(cash(pool, account, asset));
        let (own, out) = (Holder::Account(account), Holder::External);
        let free = match self.margin {
            Margin::One(_) => {
                let sums = self.sums(pool, account, true)?;
                positive(positive(sums.equity) - sums.initial).min(cash.clone())
            }
            Margin::Several(..) => {
                let leaves_enough = |amount: &Int| -> Result<bool> {
                    let mut after = pool.clone();
                    after.transfer(own, out, unit, amount)?;
                    let sums = self.sums(&after, account, true)?;
                    Ok(!sums.equity.is_negative() && sums.equity >= sums.initial)
                };
                most_that(&cash, leaves_enough)?
            }
        };
        let wanted = if amount == u128::MAX { free.clone() } else { Int::from(amount) };
        if wanted.is_zero() || wanted > cash {
            return Err(Rejection::InsufficientBalance);
        }
        if wanted > free {
            return Err(Rejection::BelowInitial);
        }
        pool.transfer(own, out, unit, &wanted)
    }

    /// The price is above zero and at its market's scale.
    pub(super) fn price_fits(pool: &Pool, asset: AssetId, price: Price) -> Result<()> {
        let market = pool.asset(asset)?.market.ok_or(Rejection::MarkMissing)?;
        let decimals = pool.markets.get(market.index()).map(|market| market.guard.decimals);
        let fits = decimals == Some(price.decimals) && price.raw != 0;
        if fits { Ok(()) } else { Err(Rejection::BadParameter) }
    }

    /// The contract has neither ended nor been delivered.
    pub(super) fn trades(pool: &Pool, asset: AssetId) -> Result<()> {
        let terms = contract::terms(pool, asset)?;
        let ended = terms.expires.is_some_and(|end| pool.now >= end);
        if ended || Self::delivered(pool, asset) { Err(Rejection::ContractEnded) } else { Ok(()) }
    }

    /// Value of a deal: one integer for both sides, the nearest unit.
    fn deal(&self, pool: &Pool, asset: AssetId, quantity: &Int, price: Price) -> Result<Int> {
        if quantity.is_zero() {
            return Err(Rejection::AmountZero);
        }
        self.contract(pool, asset)?;
        Self::price_fits(pool, asset, price)?;
        Self::trades(pool, asset)?;
        Ok(contract::worth(pool, asset, quantity, price)?.nearest())
    }

    /// Moves a signed quantity into an account's position against its value, and realises what the
    /// closed part made. Its counterparty is moved by a second call. True if new risk was taken.
    pub(super) fn take(
        &self,
        pool: &mut Pool,
        account: AccountId,
        asset: AssetId,
        change: &Int,
        value: &Int,
    ) -> Result<bool> {
        let terms = contract::terms(pool, asset)?;
        let (unit, settled) = (Unit::token(asset), Unit::token(terms.settle));
        let (own, position) = (Holder::Account(account), Holder::Position(account, asset));
        let size = pool.own(account, unit);
        let quote = pool.quote(account, asset, terms.settle);
        let (bought, moved) = (change.is_positive(), change.abs());

        // Against the outside, which nets to nothing when the counterparty does the same.
        pool.transfer(Holder::External, own, unit, change)?;
        let pays = owned(&terms, bought);
        let (from, to) =
            if pays { (position, Holder::External) } else { (Holder::External, position) };
        pool.transfer(from, to, settled, value)?;

        if size.is_zero() || size.is_positive() == bought {
            return Ok(!change.is_zero());
        }
        let closed = size.abs().min(moved.clone());
        let part_of_entry = quote.abs() * &closed;
        let part_of_value = value * &closed;
        // What was owned went for its part of the value; what was owed cost it.
        let realised = if owned(&terms, size.is_positive()) {
            floor(&part_of_value, &moved)? - ceil(&part_of_entry, &size.abs())?
        } else {
            floor(&part_of_entry, &size.abs())? - ceil(&part_of_value, &moved)?
        };
        pool.transfer(position, own, settled, &realised)?;
        Ok(moved > size.abs())
    }

    fn trade(
        &self,
        pool: &mut Pool,
        (buyer, seller): (Option<AccountId>, Option<AccountId>),
        contract: AssetId,
        quantity: u128,
        price: Price,
    ) -> Result<Vec<Fact>> {
        if buyer.is_none() && seller.is_none() {
            return Err(Rejection::BadParameter);
        }
        if buyer == seller {
            return Err(Rejection::SelfDealing);
        }
        let leg = Leg { contract, quantity, price };
        let (growing, facts) = self.change_hands(pool, (buyer, seller), &leg)?;
        for account in growing {
            self.may_grow(pool, account, contract)?;
        }
        Ok(facts)
    }

    /// A trade without its margin: who took new risk, and what is told.
    pub(super) fn change_hands(
        &self,
        pool: &mut Pool,
        (buyer, seller): (Option<AccountId>, Option<AccountId>),
        &Leg { contract, quantity, price }: &Leg,
    ) -> Result<(Vec<AccountId>, Vec<Fact>)> {
        let units = Int::from(quantity);
        let value = self.deal(pool, contract, &units, price)?;
        let mut growing = Vec::new();
        for (party, change) in [(buyer, units.clone()), (seller, -units)] {
            if let Some(account) = party
                && self.take(pool, account, contract, &change, &value)?
            {
                growing.push(account);
            }
        }
        Self::recount(pool, contract);
        let amount = Amount::new(contract, quantity);
        let facts = match (buyer, seller) {
            (Some(buyer), Some(seller)) => {
                vec![Fact::Traded { buyer, seller, quantity: amount, price }]
            }
            _ => Vec::new(),
        };
        Ok((growing, facts))
    }

    pub(super) fn may_grow(
        &self,
        pool: &Pool,
        account: AccountId,
        contract: AssetId,
    ) -> Result<()> {
        let isolated = !pool.recall(StateKey::Account(account, ISOLATED)).is_zero();
        let positions = pool.positions(account);
        if isolated && positions.iter().any(|(asset, _)| *asset != contract) {
            return Err(Rejection::IsolatedHoldsOne);
        }
        let size = pool.own(account, Unit::token(contract)).abs();
        self.within_limits(pool, contract, &size)?;
        let sums = self.sums(pool, account, true)?;
        if sums.equity < sums.initial { Err(Rejection::BelowInitial) } else { Ok(()) }
    }

    /// A size is below the end of the last tier, and it and the open interest below the contract's
    /// limits.
    pub(super) fn within_limits(&self, pool: &Pool, asset: AssetId, size: &Int) -> Result<()> {
        let notional = self.notional(pool, asset, size)?;
        narrow(&notional)?;
        let contract = self.contract(pool, asset)?;
        let beyond = self.caps(pool, asset)?.iter().all(|cap| notional > *cap);
        if contract.option.is_none() && beyond {
            return Err(Rejection::AboveLastTier);
        }
        let one = ten(pool.asset(asset)?.decimals);
        let above =
            |size: &Int, most: Option<u64>| most.is_some_and(|most| *size > Int::from(most) * &one);
        let interest = self.open_interest(pool, asset);
        if above(size, contract.position_max) || above(&interest, contract.interest_max) {
            return Err(Rejection::AbovePositionLimit);
        }
        Ok(())
    }

    fn fill(
        &self,
        pool: &mut Pool,
        account: AccountId,
        asset: AssetId,
        quantity: u128,
        proceeds: u128,
    ) -> Result<Vec<Fact>> {
        let fee = self.contract(pool, asset)?.fee;
        let settle = contract::terms(pool, asset)?.settle;
        let value = Int::from(proceeds);
        self.close(pool, account, asset, &Int::from(quantity), &value)?;
        Self::recount(pool, asset);
        let fee = ceil(&(value * Int::from(fee)), &Int::from(10_000))?;
        let fee = fee.min(positive(cash(pool, account, settle)));
        let unit = Unit::token(settle);
        pool.transfer(Holder::Account(account), Holder::Insurance, unit, &fee)?;
        let (sold, proceeds) = (Amount::new(asset, quantity), Amount::new(settle, proceeds));
        Ok(vec![Fact::Sold { account, sold, proceeds }])
    }

    /// Closes a part of a position, never more than there is.
    fn close(
        &self,
        pool: &mut Pool,
        account: AccountId,
        asset: AssetId,
        quantity: &Int,
        value: &Int,
    ) -> Result<()> {
        let size = pool.own(account, Unit::token(asset));
        if quantity.is_zero() {
            return Err(Rejection::AmountZero);
        }
        if *quantity > size.abs() {
            return Err(Rejection::NotReduceOnly);
        }
        let change = if size.is_positive() { -quantity } else { quantity.clone() };
        self.take(pool, account, asset, &change, value)?;
        Ok(())
    }

    fn deleverage(
        &self,
        pool: &mut Pool,
        account: AccountId,
        contract: AssetId,
        winners: &[(AccountId, u128)],
        price: Price,
    ) -> Result<Vec<Fact>> {
        if !self.sums(pool, account, false)?.equity.is_negative() {
            return Err(Rejection::Healthy);
        }
        let size_of = |pool: &Pool, of| pool.own(of, Unit::token(contract));
        let long = size_of(pool, account).is_positive();
        let mut facts = Vec::new();
        for (winner, quantity) in winners {
            if size_of(pool, *winner).is_positive() == long {
                return Err(Rejection::NotReduceOnly);
            }
            let units = Int::from(*quantity);
            let value = self.deal(pool, contract, &units, price)?;
            self.close(pool, *winner, contract, &units, &value)?;
            self.close(pool, account, contract, &units, &value)?;
            let (buyer, seller) = if long { (*winner, account) } else { (account, *winner) };
            let quantity = Amount::new(contract, *quantity);
            facts.push(Fact::Traded { buyer, seller, quantity, price });
        }
        Self::recount(pool, contract);
        Ok(facts)
    }

    /// An account below zero that has nothing left to sell is brought back to zero in every asset of
    /// which it has less.
    fn write_off(&self, pool: &mut Pool, account: AccountId) -> Result<Vec<Fact>> {
        let equity = self.sums(pool, account, false)?.equity;
        let sold = self.saleable(pool, account)?.is_empty();
        if !sold || !equity.is_negative() {
            return Err(Rejection::NothingToSell);
        }
        let mut facts = Vec::new();
        for asset in self.margin(pool) {
            let owed = positive(-cash(pool, account, asset));
            if owed.is_zero() {
                continue;
            }
            let value = narrow(&self.value(pool, asset, &owed)?.up())?;
            let (from, to) = (Holder::Outstanding, Holder::Account(account));
            pool.transfer(from, to, Unit::token(asset), &owed)?;
            let amount = Amount::new(asset, narrow(&owed)?);
            facts.push(Fact::Deficit { account, amount, value });
        }
        Ok(facts)
    }
}

/// The most up to `bound` for which something holds that never fails of less where it holds of more.
fn most_that(bound: &Int, holds: impl Fn(&Int) -> Result<bool>) -> Result<Int> {
    if bound.is_zero() || holds(bound)? {
        return Ok(bound.clone());
    }
    let (mut does, mut fails) = (Int::zero(), bound.clone());
    while &fails - &does > Int::from(1) {
        let middle: Int = (&does + &fails) / 2;
        if holds(&middle)? { does = middle } else { fails = middle }
    }
    Ok(does)
}
