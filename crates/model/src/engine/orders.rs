//! The accounts' own orders: placed, filled, taken off.

use super::{InForce, Model};
use crate::number::{Int, Result};
use breakwater_engine::{Cause, What};
use breakwater_liquidation::{Call, Order, Rejection};
use breakwater_money::{AccountId, AssetId, Price, Unit};
use num_traits::Signed;

impl Model {
    pub(super) fn place(&mut self, order: Order) -> Result<()> {
        if order.account.0 >= self.pool.accounts {
            return Err(Rejection::UnknownAccount);
        }
        let InForce { rule, .. } = self.require_rule()?;
        let number = self.next_order;
        // The rule is asked of the pool as it would be.
        self.pool.orders.insert(number, order);
        rule.may_order(&self.pool, &order)?;
        self.next_order += 1;
        self.tell(Cause::Command, What::OrderPlaced { order: number, terms: order });
        Ok(())
    }

    pub(super) fn cancel(&mut self, number: u64, cause: Cause) -> Result<()> {
        let order = self.pool.orders.remove(&number).ok_or(Rejection::UnknownOrder)?;
        self.tell(cause, What::OrderCancelled { order: number, left: order.quantity });
        Ok(())
    }

    /// Takes every order of an account off.
    pub(super) fn cancel_all(&mut self, account: AccountId, cause: Cause) -> Result<()> {
        let own = self.pool.orders.iter().filter(|(_, order)| order.account == account);
        let own: Vec<u64> = own.map(|(number, _)| *number).collect();
        own.into_iter().try_for_each(|number| self.cancel(number, cause))
    }

    /// Takes every order in a contract off, account by account.
    pub(super) fn cancel_ended(&mut self, contract: AssetId, cause: Cause) -> Result<()> {
        let ended = self.pool.orders.iter().filter(|(_, order)| order.contract == contract);
        let mut ended: Vec<(AccountId, u64)> =
            ended.map(|(number, order)| (order.account, *number)).collect();
        ended.sort_unstable();
        ended.into_iter().try_for_each(|(_, number)| self.cancel(number, cause))
    }

    /// An order, or two against each other, become a trade; its margin is asked of the pool
    /// without what has filled.
    pub(super) fn fill_order(
        &mut self,
        number: u64,
        against: Option<u64>,
        quantity: u128,
        price: Price,
    ) -> Result<()> {
        if against == Some(number) {
            return Err(Rejection::SelfDealing);
        }
        let own = self.fillable(number, quantity, price)?;
        let mut sides = vec![(number, own)];
        if let Some(against) = against {
            let other = self.fillable(against, quantity, price)?;
            if other.contract != own.contract || other.buy == own.buy {
                return Err(Rejection::BadParameter);
            }
            sides.push((against, other));
        }
        let other = sides.get(1).map(|(_, order)| order.account);
        let (buyer, seller) =
            if own.buy { (Some(own.account), other) } else { (other, Some(own.account)) };
        for (number, order) in &sides {
            let left = Order { quantity: order.quantity - quantity, ..*order };
            if left.quantity == 0 {
                self.pool.orders.remove(number);
            } else {
                self.pool.orders.insert(*number, left);
            }
        }
        self.business(&Call::Trade { buyer, seller, contract: own.contract, quantity, price })?;
        for (order, before) in sides {
            let left = before.quantity - quantity;
            self.tell(Cause::Command, What::OrderFilled { order, quantity, price, left });
        }
        Ok(())
    }

    /// The order, if so much of it may fill at the price.
    fn fillable(&self, number: u64, quantity: u128, price: Price) -> Result<Order> {
        let order = *self.pool.orders.get(&number).ok_or(Rejection::UnknownOrder)?;
        if quantity == 0 || quantity > order.quantity {
            return Err(Rejection::ExceedsPlan);
        }
        let worse =
            if order.buy { price.raw > order.price.raw } else { price.raw < order.price.raw };
        if worse || price.decimals != order.price.decimals {
            return Err(Rejection::WorseThanLimit);
        }
        let size = self.pool.own(order.account, Unit::token(order.contract));
        let smaller = if order.buy { size.is_negative() } else { size.is_positive() };
        if order.reduce_only && !(smaller && Int::from(quantity) <= size.abs()) {
            return Err(Rejection::NotReduceOnly);
        }
        Ok(order)
    }
}
