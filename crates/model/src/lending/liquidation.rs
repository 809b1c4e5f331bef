//! The liquidation call, in the venue's own order.

use super::{BORROWS, COUNTS};
use super::{Stake, Terms, Totals, checked, set_bit, totals};
use crate::number::{Int, Result, ceil, floor, half_up, narrow, ray};
use crate::pool::Pool;
use breakwater_liquidation::effects::Fact;
use breakwater_liquidation::{Call, Rejection};
use breakwater_money::{AccountId, Amount, AssetId, Holder, Unit};
use num_traits::Zero;

/// What one call would move, in units of each asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Size {
    /// Debt repaid.
    pub repaid: Int,
    /// Collateral for the liquidator.
    pub out: Int,
    /// Collateral for the protocol.
    pub fee: Int,
    /// True if the close factor lowered the most that may be repaid.
    pub capped: bool,
}

/// One debt and one collateral of an account.
pub(super) struct Pair {
    pub stakes: Vec<Stake>,
    pub debt: usize,
    pub collateral: usize,
}

impl Pair {
    pub fn debt(&self) -> &Stake {
        &self.stakes[self.debt]
    }

    pub fn collateral(&self) -> &Stake {
        &self.stakes[self.collateral]
    }
}

impl Terms {
    /// The account's stakes with these two among them, the account in them or not.
    pub(super) fn pair(
        &self,
        pool: &Pool,
        account: AccountId,
        debt: AssetId,
        collateral: AssetId,
    ) -> Result<Pair> {
        let mut stakes = self.stakes(pool, account)?;
        let mut place = |asset: AssetId| match stakes.iter().position(|s| s.asset == asset) {
            Some(at) => Ok(at),
            None => {
                stakes.push(self.stake(pool, account, asset)?);
                Ok(stakes.len() - 1)
            }
        };
        let debt = place(debt)?;
        let collateral = place(collateral)?;
        Ok(Pair { stakes, debt, collateral })
    }

    /// Refuses what may not be called at any amount.
    pub(super) fn may_call(&self, pair: &Pair) -> Result<Totals> {
        let totals = totals(&pair.stakes)?;
        if !totals.liquidatable() {
            return Err(Rejection::Healthy);
        }
        if !pair.collateral().counts {
            return Err(Rejection::NotCollateral);
        }
        if pair.debt().owed()?.is_zero() {
            return Err(Rejection::NotBorrowed);
        }
        Ok(totals)
    }

    /// The most debt one call may repay, and whether the close factor lowered it.
    pub(super) fn most(&self, pair: &Pair, totals: &Totals) -> Result<(Int, bool)> {
        let (debt, collateral) = (pair.debt(), pair.collateral());
        let owed = debt.owed()?;
        let debt_value = debt.burden(&owed)?;
        let collateral_value = collateral.worth(&collateral.supplied()?)?;
        let large = debt_value >= self.close_factor_from
            && collateral_value >= self.close_factor_from
            && totals.health > self.close_factor_health;
        if large {
            let cap = half_up(&(&totals.debt * self.close_factor), &Int::from(10_000))?;
            if debt_value > cap {
                return Ok((floor(&(cap * &debt.unit), &debt.price)?, true));
            }
        }
        Ok((owed, false))
    }

    /// What repaying `offered` units would move.
    pub(super) fn size(&self, pair: &Pair, totals: &Totals, offered: &Int) -> Result<Size> {
        let (debt, collateral) = (pair.debt(), pair.collateral());
        let (most, capped) = self.most(pair, totals)?;
        let one = Int::from(10_000);
        let bonus = Int::from(collateral.terms.bonus);
        let balance = collateral.supplied()?;

        let mut repaid = offered.min(&most).clone();
        let base =
            floor(&(&debt.price * &repaid * &collateral.unit), &(&collateral.price * &debt.unit))?;
        let mut taken = floor(&(base * &bonus), &one)?;
        if taken > balance {
            let covered = floor(
                &(&collateral.price * &balance * &debt.unit),
                &(&debt.price * &collateral.unit),
            )?;
            repaid = ceil(&(covered * &one), &bonus)?;
            taken = balance;
        }
        let bonus_part = &taken - floor(&(&taken * &one), &bonus)?;
        let fee = ceil(&(bonus_part * collateral.terms.fee), &one)?;
        Ok(Size { repaid, out: &taken - &fee, fee, capped })
    }

    /// True unless both sides stay and one of them is too small to.
    pub(super) fn leaves_no_dust(&self, pair: &Pair, size: &Size) -> Result<bool> {
        let (debt, collateral) = (pair.debt(), pair.collateral());
        let debt_left = debt.owed()? - &size.repaid;
        let collateral_left = collateral.supplied()? - &size.out - &size.fee;
        if debt_left <= Int::zero() || collateral_left <= Int::zero() {
            return Ok(true);
        }
        Ok(debt.burden(&debt_left)? >= self.least_leftover
            && collateral.worth(&collateral_left)? >= self.least_leftover)
    }

    /// A liquidator's call.
    pub(super) fn seize(&self, pool: &mut Pool, call: &Call) -> Result<Vec<Fact>> {
        let Call::RepayAndSeize { account, debt, collateral, amount, shares, liquidator } = *call
        else {
            return Err(Rejection::Unsupported);
        };
        if shares && liquidator.is_none() {
            return Err(Rejection::BadParameter);
        }
        let pair = self.pair(pool, account, debt, collateral)?;
        if liquidator == Some(account) {
            return Err(Rejection::SelfDealing);
        }
        let totals = self.may_call(&pair)?;
        self.carry(pool, &[debt, collateral])?;
        let size = self.size(&pair, &totals, &Int::from(amount))?;
        if !self.leaves_no_dust(&pair, &size)? {
            return Err(Rejection::DustLeft);
        }
        let nothing_left = self.take(pool, account, &pair, &totals, &size, (shares, liquidator))?;
        let fee = nothing_left.fee_units.clone();
        let mut facts = vec![seized(account, &pair, &size, &fee)?];
        let mut touched = vec![debt, collateral];
        for (at, units) in self.losses(&pair, &size, nothing_left.all)? {
            let stake = &pair.stakes[at];
            if stake.asset != debt && stake.asset != collateral {
                self.carry(pool, &[stake.asset])?;
            }
            touched.push(stake.asset);
            facts.push(book_loss(pool, account, stake, &units, at != pair.debt)?);
        }
        self.reprice(pool, &touched)?;
        Ok(facts)
    }

    /// Which debts become losses: what this one still owes, then every other, all of it.
    fn losses(&self, pair: &Pair, size: &Size, all_taken: bool) -> Result<Vec<(usize, Int)>> {
        let mut losses = Vec::new();
        if !all_taken {
            return Ok(losses);
        }
        let unpaid = pair.debt().owed()? - &size.repaid;
        if !unpaid.is_zero() {
            losses.push((pair.debt, unpaid));
        }
        for (at, stake) in pair.stakes.iter().enumerate() {
            let owed = stake.owed()?;
            if at != pair.debt && stake.borrows && !owed.is_zero() {
                losses.push((at, owed));
            }
        }
        Ok(losses)
    }

    /// Moves the debt repaid, the collateral and the fee.
    fn take(
        &self,
        pool: &mut Pool,
        account: AccountId,
        pair: &Pair,
        totals: &Totals,
        size: &Size,
        (as_shares, liquidator): (bool, Option<AccountId>),
    ) -> Result<Taken> {
        let (debt, collateral) = (pair.debt(), pair.collateral());
        let holder = Holder::Account(account);
        let supply = Unit::supply(collateral.asset);
        let shares_up = |units: &Int| ceil(&(units * ray()), &collateral.supply_index);

        let (out_shares, fee_shares) = (shares_up(&size.out)?, shares_up(&size.fee)?);
        let consumed = (&out_shares + &fee_shares).min(collateral.supply_shares.clone());
        let used = floor(&(&consumed * &collateral.supply_index), &ray())?;
        let all = collateral.worth(&used)? == totals.collateral;
        if all || consumed == collateral.supply_shares {
            set_bit(pool, account, COUNTS, collateral.asset, false);
        }

        let burnt = if all {
            debt.debt_shares.clone()
        } else {
            floor(&(&size.repaid * ray()), &debt.debt_index)?
        };
        if burnt.is_zero() {
            return Err(Rejection::ZeroBurn);
        }
        pool.transfer(holder, Holder::Issuer, Unit::debt(debt.asset), &burnt)?;
        if burnt == debt.debt_shares {
            set_bit(pool, account, BORROWS, debt.asset, false);
        }

        let cash = Unit::token(debt.asset);
        pool.transfer(Holder::External, Holder::Reserve, cash, &size.repaid)?;
        let left = checked(&collateral.supply_shares - &out_shares)?;
        match liquidator.filter(|_| as_shares) {
            Some(to) => {
                let first = pool.own(to, supply).is_zero();
                pool.transfer(holder, Holder::Account(to), supply, &out_shares)?;
                if first && !out_shares.is_zero() {
                    set_bit(pool, to, COUNTS, collateral.asset, false);
                }
            }
            None => {
                let token = Unit::token(collateral.asset);
                checked(pool.balance(Holder::Reserve, token) - &size.out)?;
                if out_shares.is_zero() {
                    return Err(Rejection::ZeroBurn);
                }
                pool.transfer(holder, Holder::Issuer, supply, &out_shares)?;
                pool.transfer(Holder::Reserve, Holder::External, token, &size.out)?;
            }
        }

        // Two roundings up may ask for more shares than there are: the fee gives way.
        let (fee_shares, fee_units) = if fee_shares > left {
            let worth = floor(&(&left * &collateral.supply_index), &ray())?;
            (left, worth)
        } else {
            (fee_shares, size.fee.clone())
        };
        pool.transfer(holder, Holder::Treasury, supply, &fee_shares)?;
        Ok(Taken { all, fee_units })
    }
}

/// What is left after the collateral was taken.
struct Taken {
    /// No collateral of value remains.
    all: bool,
    /// The fee after it gave way.
    fee_units: Int,
}

/// Burns what is left of a debt and books it as a loss that nobody has borne yet.
fn book_loss(
    pool: &mut Pool,
    account: AccountId,
    stake: &Stake,
    units: &Int,
    burn: bool,
) -> Result<Fact> {
    if burn {
        let (holder, debt) = (Holder::Account(account), Unit::debt(stake.asset));
        pool.transfer(holder, Holder::Issuer, debt, &stake.debt_shares)?;
        set_bit(pool, account, BORROWS, stake.asset, false);
    }
    pool.transfer(Holder::Issuer, Holder::Outstanding, Unit::deficit(stake.asset), units)?;
    let amount = Amount::new(stake.asset, narrow(units)?);
    Ok(Fact::Deficit { account, amount, value: narrow(&stake.burden(units)?)? })
}

fn seized(account: AccountId, pair: &Pair, size: &Size, fee: &Int) -> Result<Fact> {
    let (debt, collateral) = (pair.debt(), pair.collateral());
    Ok(Fact::Seized {
        account,
        repaid: Amount::new(debt.asset, narrow(&size.repaid)?),
        seized: Amount::new(collateral.asset, narrow(&size.out)?),
        fee: Amount::new(collateral.asset, narrow(fee)?),
        repaid_value: narrow(&debt.burden(&size.repaid)?)?,
        seized_value: narrow(&collateral.worth(&(&size.out + fee))?)?,
        capped: size.capped,
    })
}
