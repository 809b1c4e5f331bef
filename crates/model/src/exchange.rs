//! Perpetual contracts under maintenance tiers, liquidated by their venue.
//!
//! Equity is cash, plus the quote sides of positions, plus positions at their marks. The
//! requirement is the sum, over the slices between the tiers' caps, of the slice of each position's
//! notional times the slice's rate. Exact equality is a breach.

use crate::number::{Int, Result, ceil, floor, half_up, narrow, narrow_signed, positive, ten};
use crate::number::{largest_word, wad, word};
use crate::pool::Pool;
use breakwater_liquidation::effects::Fact;
use breakwater_liquidation::rulebook::Saleable;
use breakwater_liquidation::{AssetKind, Call, ContractTerms, Rejection, StateKey};
use breakwater_margin::{Health, Ratio};
use breakwater_money::{AccountId, Amount, AssetId, Class, Holder, Price, Unit};
use num_traits::{One, Signed, Zero};
use std::collections::BTreeMap;

/// Account column: one for an account that holds a single contract.
const ISOLATED: u16 = 0;

/// One tier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tier {
    /// Largest notional, in whole units of the settle asset.
    pub cap: u64,
    /// Rate of the slice above the tier before, 1e-9.
    pub rate_e9: u64,
    /// Largest leverage of a new position.
    pub leverage: u32,
}

/// Parameters of one contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contract {
    /// Fee on the value liquidated, basis points.
    pub fee: u16,
    /// Tiers, lowest first.
    pub tiers: Vec<Tier>,
}

/// Parameters of an exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Name under which the rulebook tells itself.
    pub name: String,
    /// Symbol of the settle asset.
    pub settle: String,
    /// Contracts by symbol.
    pub contracts: BTreeMap<String, Contract>,
}

/// An account's sums.
struct Sums {
    cash: Int,
    equity: Int,
    maintenance: Int,
    initial: Int,
}

impl Terms {
    fn settle(&self, pool: &Pool) -> Option<AssetId> {
        let is = |a: &breakwater_liquidation::AssetInfo| {
            a.symbol == self.settle && a.kind == AssetKind::Token
        };
        let at = pool.assets.iter().position(is)?;
        u16::try_from(at).ok().map(AssetId)
    }

    /// Decimals of values: those of the settle asset.
    #[must_use]
    pub fn settle_decimals(&self, pool: &Pool) -> u8 {
        let settle = self.settle(pool).and_then(|asset| pool.assets.get(asset.index()));
        settle.map_or(0, |info| info.decimals)
    }

    fn settled(&self, pool: &Pool) -> Result<Unit> {
        self.settle(pool).map(Unit::token).ok_or(Rejection::UnknownAsset)
    }

    /// True if the settle asset is there and every contract of the pool, and nothing else, is
    /// listed as one settled in it.
    #[must_use]
    pub fn fits(&self, pool: &Pool) -> bool {
        let Some(own) = self.settle(pool) else { return false };
        pool.assets.iter().all(|asset| {
            let listed = self.contracts.contains_key(&asset.symbol);
            match asset.kind {
                AssetKind::Token => !listed,
                AssetKind::Contract(terms) => {
                    listed && terms == ContractTerms::linear_perpetual(own)
                }
            }
        })
    }

    /// True if the settle asset has no market and nobody holds another token.
    #[must_use]
    pub fn admits(&self, pool: &Pool) -> bool {
        let Some(own) = self.settle(pool) else { return false };
        let priced = pool.assets.get(own.index()).is_some_and(|a| a.market.is_some());
        let known = |unit: Unit| {
            let contract = pool.assets.get(unit.asset.index()).map(|a| a.kind);
            unit.class == Class::Token
                && (unit.asset == own || contract.is_some_and(|k| k != AssetKind::Token))
        };
        let all = |a: AccountId| pool.holdings(a).into_iter().all(|(_, unit, _)| known(unit));
        !priced && self.fits(pool) && pool.everybody().all(all)
    }

    fn contract(&self, pool: &Pool, asset: AssetId) -> Result<&Contract> {
        let info = pool.asset(asset)?;
        self.contracts.get(&info.symbol).ok_or(Rejection::BadParameter)
    }

    /// `quantity x price` in base units of the settle asset, before rounding: a fraction.
    fn worth(
        &self,
        pool: &Pool,
        asset: AssetId,
        quantity: &Int,
        price: Price,
    ) -> Result<(Int, Int)> {
        let settle = self.settled(pool)?.asset;
        let value = quantity * Int::from(price.raw) * ten(pool.asset(settle)?.decimals);
        Ok((value, ten(pool.asset(asset)?.decimals) * ten(price.decimals)))
    }

    /// Signed size of a position.
    fn size(pool: &Pool, account: AccountId, contract: AssetId) -> Int {
        pool.own(account, Unit::token(contract))
    }

    /// The account's positions by contract.
    fn sizes(&self, pool: &Pool, account: AccountId) -> Vec<(AssetId, Int)> {
        let held = pool.holdings(account).into_iter();
        let own = held.filter(|(holder, unit, _)| {
            let info = pool.assets.get(unit.asset.index());
            *holder == Holder::Account(account)
                && unit.class == Class::Token
                && info.is_some_and(|a| a.kind != AssetKind::Token)
        });
        own.map(|(_, unit, size)| (unit.asset, Int::from(size))).collect()
    }

    /// Notional at the mark, rounded up.
    fn notional(&self, pool: &Pool, asset: AssetId, size: &Int) -> Result<Int> {
        let (value, unit) = self.worth(pool, asset, &size.abs(), pool.price(asset)?)?;
        ceil(&value, &unit)
    }

    fn caps(&self, pool: &Pool, contract: &Contract) -> Result<Vec<Int>> {
        let unit = ten(pool.asset(self.settled(pool)?.asset)?.decimals);
        Ok(contract.tiers.iter().map(|tier| Int::from(tier.cap) * &unit).collect())
    }

    /// Sum over slices of notional of slice times rate, rounded up. What lies above the last cap
    /// is charged at the last rate.
    fn maintenance(&self, pool: &Pool, contract: &Contract, notional: &Int) -> Result<Int> {
        let caps = self.caps(pool, contract)?;
        let mut sum = Int::zero();
        let mut floor_of_slice = Int::zero();
        for (at, tier) in contract.tiers.iter().enumerate() {
            let last = at + 1 == contract.tiers.len();
            let top = if last { notional } else { notional.min(&caps[at]) };
            if *top > floor_of_slice {
                sum += (top - &floor_of_slice) * Int::from(tier.rate_e9);
            }
            floor_of_slice = caps[at].clone();
        }
        ceil(&sum, &Int::from(1_000_000_000))
    }

    fn initial(&self, pool: &Pool, contract: &Contract, notional: &Int) -> Result<Int> {
        let caps = self.caps(pool, contract)?;
        let mut leverage = Int::one();
        for (tier, cap) in contract.tiers.iter().zip(&caps) {
            leverage = Int::from(tier.leverage);
            if notional <= cap {
                break;
            }
        }
        ceil(notional, &leverage)
    }

    fn sums(&self, pool: &Pool, account: AccountId) -> Result<Sums> {
        let settled = self.settled(pool)?;
        let cash = pool.own(account, settled);
        let quotes = pool.holdings(account).into_iter().filter(|(_, unit, _)| *unit == settled);
        let mut sums = Sums {
            cash,
            equity: quotes.map(|(_, _, balance)| Int::from(balance)).sum(),
            maintenance: Int::zero(),
            initial: Int::zero(),
        };
        for (asset, size) in self.sizes(pool, account) {
            let contract = self.contract(pool, asset)?;
            let notional = self.notional(pool, asset, &size)?;
            let (value, unit) = self.worth(pool, asset, &size, pool.price(asset)?)?;
            // A long rounds down; a short is negative, so that down is against it as well.
            sums.equity += floor(&value, &unit)?;
            sums.maintenance += self.maintenance(pool, contract, &notional)?;
            sums.initial += self.initial(pool, contract, &notional)?;
        }
        Ok(sums)
    }

    /// Health of an account at the marks.
    ///
    /// # Errors
    /// A price that was never accepted.
    pub fn health(&self, pool: &Pool, account: AccountId) -> Result<Health> {
        let sums = self.sums(pool, account)?;
        let (equity, required) = (&sums.equity, &sums.maintenance);
        let ratio = if !required.is_zero() {
            floor(&(positive(equity.clone()) * wad()), required)?
        } else if equity.is_negative() {
            Int::zero()
        } else {
            largest_word()
        };
        let breach = equity < required || (equity == required && !required.is_zero());
        Ok(Health {
            equity: narrow_signed(equity)?,
            requirement: narrow(required)?,
            ratio: Ratio::from_raw(word(&ratio)?),
            shortfall: narrow(&positive(required - equity))?,
            breach,
        })
    }

    /// Every position, the largest notional first.
    ///
    /// # Errors
    /// A price that was never accepted.
    pub fn saleable(&self, pool: &Pool, account: AccountId) -> Result<Vec<Saleable>> {
        let proceeds_asset = self.settled(pool)?.asset;
        let mut found = Vec::new();
        for (asset, size) in self.sizes(pool, account) {
            let (quantity, buy_back) = (narrow(&size.abs())?, size.is_negative());
            let item = Saleable { asset, quantity, buy_back, proceeds_asset };
            found.push((-self.notional(pool, asset, &size)?, asset, item));
        }
        found.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
        Ok(found.into_iter().map(|(_, _, item)| item).collect())
    }

    /// Does what a call asks for.
    ///
    /// # Errors
    /// The venue's refusal.
    pub fn perform(&self, pool: &mut Pool, call: &Call) -> Result<Vec<Fact>> {
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
                if !switch || !self.sizes(pool, account).is_empty() {
                    return Err(Rejection::BadParameter);
                }
                let value = crate::number::of_word(value);
                pool.remember(StateKey::Account(account, column), value);
            }
            Call::Trade { buyer, seller, contract, quantity, price } => {
                return self.trade(pool, (buyer, seller), contract, quantity, price);
            }
            Call::Fill { account, asset, quantity, proceeds, .. } => {
                return self.fill(pool, account, asset, quantity, proceeds);
            }
            Call::Deleverage { account, contract, ref winners, price } => {
                return self.deleverage(pool, account, contract, winners, price);
            }
            Call::WriteOff { account } => return self.write_off(pool, account),
            _ => return Err(Rejection::Unsupported),
        }
        Ok(Vec::new())
    }

    fn margin_unit(&self, pool: &Pool, asset: AssetId, amount: u128) -> Result<Unit> {
        pool.asset(asset)?;
        let settled = self.settled(pool)?;
        if Unit::token(asset) != settled {
            return Err(Rejection::NotCollateral);
        }
        if amount == 0 { Err(Rejection::AmountZero) } else { Ok(settled) }
    }

    fn pay_in(&self, pool: &mut Pool, to: AccountId, asset: AssetId, amount: u128) -> Result<()> {
        let unit = self.margin_unit(pool, asset, amount)?;
        pool.transfer(Holder::External, Holder::Account(to), unit, &Int::from(amount))
    }

    /// At most the cash, and at most what equity has above the initial margin.
    fn withdraw(
        &self,
        pool: &mut Pool,
        account: AccountId,
        asset: AssetId,
        amount: u128,
    ) -> Result<()> {
        let unit = self.margin_unit(pool, asset, amount)?;
        let sums = self.sums(pool, account)?;
        let cash = positive(sums.cash);
        let free = positive(positive(sums.equity) - sums.initial).min(cash.clone());
        let wanted = if amount == u128::MAX { free.clone() } else { Int::from(amount) };
        if wanted.is_zero() || wanted > cash {
            return Err(Rejection::InsufficientBalance);
        }
        if wanted > free {
            return Err(Rejection::BelowInitial);
        }
        pool.transfer(Holder::Account(account), Holder::External, unit, &wanted)
    }

    /// Value of a deal: one integer for both sides, the nearest unit.
    fn value(&self, pool: &Pool, asset: AssetId, quantity: &Int, price: Price) -> Result<Int> {
        if quantity.is_zero() {
            return Err(Rejection::AmountZero);
        }
        self.contract(pool, asset)?;
        let market = pool.asset(asset)?.market.ok_or(Rejection::MarkMissing)?;
        let decimals = pool.markets.get(market.index()).map(|market| market.guard.decimals);
        if decimals != Some(price.decimals) || price.raw == 0 {
            return Err(Rejection::BadParameter);
        }
        let (value, unit) = self.worth(pool, asset, quantity, price)?;
        half_up(&value, &unit)
    }

    /// Moves a signed quantity into an account's position against its value, and realises what the
    /// closed part made. Its counterparty is moved by a second call. True if new risk was taken.
    fn take(
        &self,
        pool: &mut Pool,
        account: AccountId,
        contract: AssetId,
        change: &Int,
        value: &Int,
    ) -> Result<bool> {
        let settled = self.settled(pool)?;
        let (own, position) = (Holder::Account(account), Holder::Position(account, contract));
        let size = Self::size(pool, account, contract);
        let quote = pool.balance(position, settled);
        let (bought, moved) = (change.is_positive(), change.abs());

        // Against the outside, which nets to nothing when the counterparty does the same.
        let unit = Unit::token(contract);
        let (from, to) = if bought { (Holder::External, own) } else { (own, Holder::External) };
        pool.transfer(from, to, unit, &moved)?;
        let (from, to) =
            if bought { (position, Holder::External) } else { (Holder::External, position) };
        pool.transfer(from, to, settled, value)?;

        if size.is_zero() || size.is_positive() == bought {
            return Ok(true);
        }
        let closed = size.abs().min(moved.clone());
        let part_of_entry = quote.abs() * &closed;
        let part_of_value = value * &closed;
        let realised = if size.is_positive() {
            floor(&part_of_value, &moved)? - ceil(&part_of_entry, &size.abs())?
        } else {
            floor(&part_of_entry, &size.abs())? - ceil(&part_of_value, &moved)?
        };
        let (from, to) = if realised.is_positive() { (position, own) } else { (own, position) };
        pool.transfer(from, to, settled, &realised.abs())?;
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
        let units = Int::from(quantity);
        let value = self.value(pool, contract, &units, price)?;
        let mut growing = Vec::new();
        for (party, change) in [(buyer, units.clone()), (seller, -units)] {
            if let Some(account) = party
                && self.take(pool, account, contract, &change, &value)?
            {
                growing.push(account);
            }
        }
        for account in growing {
            self.may_grow(pool, account, contract)?;
        }
        let amount = Amount::new(contract, quantity);
        Ok(match (buyer, seller) {
            (Some(buyer), Some(seller)) => {
                vec![Fact::Traded { buyer, seller, quantity: amount, price }]
            }
            _ => Vec::new(),
        })
    }

    fn may_grow(&self, pool: &Pool, account: AccountId, contract: AssetId) -> Result<()> {
        let isolated = !pool.recall(StateKey::Account(account, ISOLATED)).is_zero();
        let sizes = self.sizes(pool, account);
        if isolated && sizes.iter().any(|(asset, _)| *asset != contract) {
            return Err(Rejection::IsolatedHoldsOne);
        }
        let notional = self.notional(pool, contract, &Self::size(pool, account, contract))?;
        let caps = self.caps(pool, self.contract(pool, contract)?)?;
        if caps.iter().all(|cap| notional > *cap) {
            return Err(Rejection::AboveLastTier);
        }
        let sums = self.sums(pool, account)?;
        if sums.equity < sums.initial { Err(Rejection::BelowInitial) } else { Ok(()) }
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
        let settled = self.settled(pool)?;
        let value = Int::from(proceeds);
        self.close(pool, account, asset, &Int::from(quantity), &value)?;
        let fee = ceil(&(value * Int::from(fee)), &Int::from(10_000))?;
        let fee = fee.min(positive(pool.own(account, settled)));
        pool.transfer(Holder::Account(account), Holder::Insurance, settled, &fee)?;
        let (sold, proceeds) = (Amount::new(asset, quantity), Amount::new(settled.asset, proceeds));
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
        let size = Self::size(pool, account, asset);
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
        if !self.sums(pool, account)?.equity.is_negative() {
            return Err(Rejection::Healthy);
        }
        let long = Self::size(pool, account, contract).is_positive();
        let mut facts = Vec::new();
        for (winner, quantity) in winners {
            if Self::size(pool, *winner, contract).is_positive() == long {
                return Err(Rejection::NotReduceOnly);
            }
            let units = Int::from(*quantity);
            let value = self.value(pool, contract, &units, price)?;
            self.close(pool, *winner, contract, &units, &value)?;
            self.close(pool, account, contract, &units, &value)?;
            let (buyer, seller) = if long { (*winner, account) } else { (account, *winner) };
            let quantity = Amount::new(contract, *quantity);
            facts.push(Fact::Traded { buyer, seller, quantity, price });
        }
        Ok(facts)
    }

    fn write_off(&self, pool: &mut Pool, account: AccountId) -> Result<Vec<Fact>> {
        let settled = self.settled(pool)?;
        let cash = pool.own(account, settled);
        if !self.sizes(pool, account).is_empty() || !cash.is_negative() {
            return Err(Rejection::NothingToSell);
        }
        pool.transfer(Holder::Outstanding, Holder::Account(account), settled, &cash.abs())?;
        let value = narrow(&cash.abs())?;
        let amount = Amount::new(settled.asset, value);
        Ok(vec![Fact::Deficit { account, amount, value }])
    }
}
