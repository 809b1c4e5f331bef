//! Orders that wait in a market: what they ask of margin, not how they match.
//!
//! The engine matches nothing. Fills come from outside, or from depth in a replay; what the pool
//! must know of an order is whose it is and what it may still become.

use breakwater_money::{AccountId, AssetId, Price};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An order of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Whose.
    pub account: AccountId,
    /// In which contract.
    pub contract: AssetId,
    /// True to buy.
    pub buy: bool,
    /// Base units not filled yet.
    pub quantity: u128,
    /// Worst price.
    pub price: Price,
    /// Whether it may only make a position smaller.
    pub reduce_only: bool,
}

/// The open orders of a pool, by account and number.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Orders {
    open: BTreeMap<(AccountId, u64), Order>,
    accounts: BTreeMap<u64, AccountId>,
}

/// No orders.
pub static NO_ORDERS: Orders = Orders { open: BTreeMap::new(), accounts: BTreeMap::new() };

impl Orders {
    /// The account's orders with their numbers, in order.
    pub fn of(&self, account: AccountId) -> impl Iterator<Item = (u64, &Order)> {
        self.open
            .range((account, 0)..=(account, u64::MAX))
            .map(|((_, number), order)| (*number, order))
    }

    /// The order of that number.
    #[must_use]
    pub fn get(&self, number: u64) -> Option<&Order> {
        self.accounts.get(&number).and_then(|account| self.open.get(&(*account, number)))
    }

    /// Sets an order, or takes it off where nothing of it is left.
    pub fn set(&mut self, number: u64, order: Order) {
        if order.quantity == 0 {
            self.remove(number);
        } else {
            self.accounts.insert(number, order.account);
            self.open.insert((order.account, number), order);
        }
    }

    /// Takes an order off.
    pub fn remove(&mut self, number: u64) -> Option<Order> {
        let account = self.accounts.remove(&number)?;
        self.open.remove(&(account, number))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// True if there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(account: u32, quantity: u128) -> Order {
        let (account, contract) = (AccountId(account), AssetId(1));
        Order {
            account,
            contract,
            buy: true,
            quantity,
            price: Price::new(1, 0),
            reduce_only: false,
        }
    }

    #[test]
    fn orders_are_found_by_account_and_by_number() {
        let mut orders = Orders::default();
        for (number, account) in [(1, 4), (2, 3), (3, 4), (4, 5)] {
            orders.set(number, order(account, 10));
        }
        let numbers = |orders: &Orders, account| -> Vec<u64> {
            orders.of(AccountId(account)).map(|(number, _)| number).collect()
        };
        assert_eq!(numbers(&orders, 4), [1, 3]);
        assert_eq!(numbers(&orders, 9), [0u64; 0]);
        assert_eq!(orders.get(2), Some(&order(3, 10)));
        orders.set(3, order(4, 0));
        assert_eq!((numbers(&orders, 4), orders.len()), (vec![1], 3));
        assert_eq!(orders.remove(3), None);
        assert!(NO_ORDERS.is_empty());
    }
}
