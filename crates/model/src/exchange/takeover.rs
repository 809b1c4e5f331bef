//! A vault takes an account over as it is.

use super::Terms;
use crate::contract;
use crate::number::{Result, narrow, narrow_signed};
use crate::pool::Pool;
use breakwater_liquidation::Rejection;
use breakwater_liquidation::effects::{Bearer, Fact};
use breakwater_money::{AccountId, Amount, AssetId, Holder, Unit};
use num_traits::Signed;

impl Terms {
    /// All cash and all positions move. Where the vault held the other side, it is as if it had
    /// traded at what the account had entered at. What the account lacks is the vault's loss, told in
    /// the first asset of which the account owes more than it has.
    pub(super) fn take_over(
        &self,
        pool: &mut Pool,
        account: AccountId,
        vault: AccountId,
    ) -> Result<Vec<Fact>> {
        if account == vault {
            return Err(Rejection::SelfDealing);
        }
        if !self.health(pool, account)?.breach {
            return Err(Rejection::Healthy);
        }
        let equity = self.sums(pool, account, false)?.equity;
        let mut owing = Vec::new();
        for (asset, side) in self.sides(pool, account, false)? {
            if side.own.is_negative() {
                owing.push(asset);
            }
        }
        let mut facts = vec![Fact::TakenOver { account, vault, equity: narrow_signed(&equity)? }];
        if let (true, Some(asset)) = (equity.is_negative(), owing.first()) {
            let missing = self.amount_for(pool, *asset, &equity.abs())?.up();
            let amount = Amount::new(*asset, narrow(&missing)?);
            facts.push(Fact::Deficit { account, amount, value: narrow(&equity.abs())? });
            facts.push(Fact::Borne { account, bearer: Bearer::Vault, amount });
        }
        for (asset, size) in pool.positions(account) {
            let settle = contract::terms(pool, asset)?.settle;
            let quote = pool.quote(account, asset, settle);
            let outside = Holder::External;
            // Through the outside, which is left with nothing of it.
            pool.transfer(Holder::Account(account), outside, Unit::token(asset), &size)?;
            let position = Holder::Position(account, asset);
            pool.transfer(position, outside, Unit::token(settle), &quote)?;
            self.take(pool, vault, asset, &size, &quote.abs())?;
            Self::recount(pool, asset);
        }
        let assets: Vec<AssetId> = self.margin(pool);
        for asset in assets {
            let cash = super::cash(pool, account, asset);
            let (from, to) = (Holder::Account(account), Holder::Account(vault));
            pool.transfer(from, to, Unit::token(asset), &cash)?;
        }
        Ok(facts)
    }
}
