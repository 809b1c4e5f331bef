//! What an account has of one margin asset pays what it owes of another.

use super::{Margin, Terms, cash};
use crate::number::{Int, Result, narrow};
use crate::pool::Pool;
use breakwater_liquidation::Rejection;
use breakwater_liquidation::effects::Fact;
use breakwater_liquidation::rulebook::Saleable;
use breakwater_money::{AccountId, Amount, AssetId, Holder, Unit};
use num_traits::{Signed, Zero};

impl Terms {
    /// Margin assets that the account has while it owes others, the dearest first: sold for the debt
    /// that is worth most. What is worth less than one unit of the numeraire is not there.
    pub(super) fn collateral(&self, pool: &Pool, account: AccountId) -> Result<Vec<Saleable>> {
        if matches!(self.margin, Margin::One(_)) {
            return Ok(Vec::new());
        }
        let (mut held, mut owed) = (Vec::new(), Vec::new());
        for asset in self.margin(pool) {
            let cash = cash(pool, account, asset);
            let worth = self.value(pool, asset, &cash.abs())?.down();
            if cash.is_negative() {
                owed.push((-worth, asset));
            } else if worth.is_positive() {
                held.push((-worth, asset, narrow(&cash)?));
            }
        }
        owed.sort();
        let Some((_, proceeds_asset)) = owed.into_iter().next() else { return Ok(Vec::new()) };
        held.sort();
        let item =
            |(_, asset, quantity)| Saleable { asset, quantity, buy_back: false, proceeds_asset };
        Ok(held.into_iter().map(item).collect())
    }

    /// Collateral was sold. Nothing is charged for it.
    pub(super) fn sell(
        &self,
        pool: &mut Pool,
        account: AccountId,
        sold: (AssetId, u128),
        proceeds: (AssetId, u128),
    ) -> Result<Vec<Fact>> {
        pool.asset(proceeds.0)?;
        if !self.margin(pool).contains(&proceeds.0) {
            return Err(Rejection::NotCollateral);
        }
        if sold.0 == proceeds.0 {
            return Err(Rejection::BadParameter);
        }
        let quantity = Int::from(sold.1);
        if quantity.is_zero() {
            return Err(Rejection::AmountZero);
        }
        if cash(pool, account, sold.0) < quantity {
            return Err(Rejection::NotReduceOnly);
        }
        let (own, out) = (Holder::Account(account), Holder::External);
        pool.transfer(own, out, Unit::token(sold.0), &quantity)?;
        pool.transfer(out, own, Unit::token(proceeds.0), &Int::from(proceeds.1))?;
        let (sold, proceeds) = (Amount::new(sold.0, sold.1), Amount::new(proceeds.0, proceeds.1));
        Ok(vec![Fact::Sold { account, sold, proceeds }])
    }
}
