//! Secured loans that their own venue liquidates: collateral sold at market, debt paid with it.

use super::{BORROWS, COUNTS, Terms, set_bit};
use crate::number::{Int, Result, ceil, floor, narrow, ray};
use crate::pool::Pool;
use breakwater_liquidation::effects::Fact;
use breakwater_liquidation::rulebook::Saleable;
use breakwater_liquidation::{Call, Rejection};
use breakwater_money::{AccountId, Amount, AssetId, Class, Holder, Unit};
use num_traits::Zero;

impl Terms {
    /// Every collateral for the largest debt, most valuable first.
    ///
    /// # Errors
    /// A price that was never accepted.
    pub fn saleable(&self, pool: &Pool, account: AccountId) -> Result<Vec<Saleable>> {
        let stakes = self.stakes(pool, account)?;
        let mut largest: Option<(Int, AssetId)> = None;
        let mut held: Vec<(Int, AssetId, Int)> = Vec::new();
        for stake in &stakes {
            let owed = stake.owed()?;
            let burden = stake.burden(&owed)?;
            // Stakes come in order of asset, so among equals the first stays.
            if !owed.is_zero() && largest.as_ref().is_none_or(|(value, _)| burden > *value) {
                largest = Some((burden, stake.asset));
            }
            // What others have borrowed of the collateral cannot be handed over.
            let cash = pool.balance(Holder::Reserve, Unit::token(stake.asset));
            let supplied = stake.supplied()?.min(cash);
            if stake.counts && !supplied.is_zero() {
                held.push((-stake.worth(&supplied)?, stake.asset, supplied));
            }
        }
        let Some((_, proceeds_asset)) = largest else { return Ok(Vec::new()) };
        held.sort();
        held.into_iter()
            .map(|(_, asset, supplied)| {
                let quantity = narrow(&supplied)?;
                Ok(Saleable { asset, quantity, buy_back: false, proceeds_asset })
            })
            .collect()
    }

    /// A fill of the engine's order, or a write-off.
    pub(super) fn sell(&self, pool: &mut Pool, call: &Call) -> Result<Vec<Fact>> {
        match *call {
            Call::Fill { account, asset, quantity, proceeds, proceeds_asset } => {
                let sold = Amount::new(asset, quantity);
                self.fill(pool, account, sold, Amount::new(proceeds_asset, proceeds))
            }
            Call::WriteOff { account } => self.write_off(pool, account),
            _ => Err(Rejection::Unsupported),
        }
    }

    fn fill(
        &self,
        pool: &mut Pool,
        account: AccountId,
        sold: Amount,
        proceeds: Amount,
    ) -> Result<Vec<Fact>> {
        let stake = self.stake(pool, account, sold.asset)?;
        self.stake(pool, account, proceeds.asset)?;
        self.carry(pool, &[sold.asset, proceeds.asset])?;
        let (units, balance) = (Int::from(sold.raw), stake.supplied()?);
        if units > balance {
            return Err(Rejection::NotReduceOnly);
        }
        self.pay_out(pool, sold.asset, &units)?;
        let shares = if units == balance {
            stake.supply_shares.clone()
        } else {
            ceil(&(&units * ray()), &stake.supply_index)?.min(stake.supply_shares.clone())
        };
        let (holder, supply) = (Holder::Account(account), Unit::supply(sold.asset));
        pool.transfer(holder, Holder::Issuer, supply, &shares)?;
        if shares == stake.supply_shares {
            set_bit(pool, account, COUNTS, sold.asset, false);
        }
        let income = Int::from(proceeds.raw);
        let token = Unit::token(proceeds.asset);
        pool.transfer(Holder::External, Holder::Reserve, token, &income)?;
        if !income.is_zero() {
            // An earlier sale may have paid this debt whole: then all of it stays.
            let owes = !pool.own(account, Unit::debt(proceeds.asset)).is_zero();
            let paid = match owes {
                true => self.pay_down(pool, account, proceeds.asset, &income)?,
                false => Int::zero(),
            };
            self.keep(pool, account, proceeds.asset, &(income - paid))?;
        }
        self.reprice(pool, &[sold.asset, proceeds.asset])?;
        Ok(vec![Fact::Sold { account, sold, proceeds }])
    }

    /// What is over after the debt is paid stays with the account as collateral.
    fn keep(&self, pool: &mut Pool, to: AccountId, asset: AssetId, units: &Int) -> Result<()> {
        let index = self.stake(pool, to, asset)?.supply_index;
        let shares = floor(&(units * ray()), &index)?;
        if !shares.is_zero() {
            pool.transfer(Holder::Issuer, Holder::Account(to), Unit::supply(asset), &shares)?;
            set_bit(pool, to, COUNTS, asset, true);
        }
        Ok(())
    }

    fn write_off(&self, pool: &mut Pool, account: AccountId) -> Result<Vec<Fact>> {
        if pool.holdings(account).iter().any(|(_, unit, _)| unit.class == Class::Supply) {
            return Err(Rejection::NotReduceOnly);
        }
        let mut facts = Vec::new();
        for stake in self.stakes(pool, account)? {
            let units = stake.owed()?;
            if units.is_zero() {
                continue;
            }
            self.carry(pool, &[stake.asset])?;
            let holder = Holder::Account(account);
            let debt = Unit::debt(stake.asset);
            pool.transfer(holder, Holder::Issuer, debt, &stake.debt_shares)?;
            set_bit(pool, account, BORROWS, stake.asset, false);
            let deficit = Unit::deficit(stake.asset);
            pool.transfer(Holder::Issuer, Holder::Outstanding, deficit, &units)?;
            self.reprice(pool, &[stake.asset])?;
            let amount = Amount::new(stake.asset, narrow(&units)?);
            facts.push(Fact::Deficit { account, amount, value: narrow(&stake.burden(&units)?)? });
        }
        if facts.is_empty() { Err(Rejection::NothingToSell) } else { Ok(facts) }
    }
}
