//! What rules look at and change: one map of balances, one map of the rule's own memory.

use crate::number::{Int, Result};
use breakwater_liquidation::{AssetInfo, AssetKind, MarketInfo, Order, Rejection, StateKey};
use breakwater_market::GuardState;
use breakwater_money::{AccountId, AssetId, Class, Holder, Price, Time, Unit};
use num_traits::Zero;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// The pool without its engine.
#[derive(Debug, Clone, Default)]
pub struct Pool {
    /// Time of the command under way.
    pub now: Time,
    /// Assets by number.
    pub assets: Rc<Vec<AssetInfo>>,
    /// Markets by number.
    pub markets: Rc<Vec<MarketInfo>>,
    /// What each market's guard remembers.
    pub seen: Vec<GuardState>,
    /// How many accounts are open.
    pub accounts: u32,
    /// Every balance that is not zero.
    pub book: BTreeMap<(Holder, Unit), i128>,
    /// What the rule remembers; what was never set is zero.
    pub memory: BTreeMap<StateKey, Int>,
    /// Accounts whose balances or settings this command has changed.
    pub moved: BTreeSet<AccountId>,
    /// True once anything was ever transferred.
    pub used: bool,
    /// Orders that wait, by number.
    pub orders: BTreeMap<u64, Order>,
    /// Assets of which the insurance fund's balance has moved since somebody looked.
    pub fund_moved: BTreeSet<AssetId>,
}

impl Pool {
    /// A balance.
    #[must_use]
    pub fn balance(&self, holder: Holder, unit: Unit) -> Int {
        Int::from(self.book.get(&(holder, unit)).copied().unwrap_or(0))
    }

    /// An account's own balance.
    #[must_use]
    pub fn own(&self, account: AccountId, unit: Unit) -> Int {
        self.balance(Holder::Account(account), unit)
    }

    /// Moves `amount` from one holder to another; nothing for zero.
    ///
    /// # Errors
    /// [`Rejection::Overflow`] when a balance leaves 127 bits.
    pub fn transfer(&mut self, from: Holder, to: Holder, unit: Unit, amount: &Int) -> Result<()> {
        if amount.is_zero() || from == to {
            return Ok(());
        }
        self.used = true;
        for (holder, change) in [(from, -amount), (to, amount.clone())] {
            let sum = i128::try_from(self.balance(holder, unit) + change)
                .ok()
                .filter(|sum| *sum != i128::MIN)
                .ok_or(Rejection::Overflow)?;
            if sum == 0 {
                self.book.remove(&(holder, unit));
            } else {
                self.book.insert((holder, unit), sum);
            }
            match holder {
                Holder::Account(account) | Holder::Position(account, _) => {
                    self.moved.insert(account);
                }
                Holder::Insurance => {
                    self.fund_moved.insert(unit.asset);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// What the rule remembers at `key`.
    #[must_use]
    pub fn recall(&self, key: StateKey) -> Int {
        self.memory.get(&key).cloned().unwrap_or_default()
    }

    /// Makes the rule remember `value` at `key`.
    pub fn remember(&mut self, key: StateKey, value: Int) {
        if value.is_zero() {
            self.memory.remove(&key);
        } else {
            self.memory.insert(key, value);
        }
    }

    /// What is known of an asset.
    ///
    /// # Errors
    /// [`Rejection::UnknownAsset`].
    pub fn asset(&self, asset: AssetId) -> Result<&AssetInfo> {
        self.assets.get(asset.index()).ok_or(Rejection::UnknownAsset)
    }

    /// The last accepted price of an asset.
    ///
    /// # Errors
    /// [`Rejection::UnknownAsset`], or [`Rejection::MarkMissing`] without market or price.
    pub fn price(&self, asset: AssetId) -> Result<Price> {
        let market = self.asset(asset)?.market.ok_or(Rejection::MarkMissing)?;
        let mark = self.seen.get(market.index()).and_then(|seen| seen.mark);
        Ok(mark.ok_or(Rejection::MarkMissing)?.price)
    }

    /// All accounts.
    pub fn everybody(&self) -> impl Iterator<Item = AccountId> + use<> {
        (0..self.accounts).map(AccountId)
    }

    /// Contracts that an account holds, with their signed sizes, in order.
    #[must_use]
    pub fn positions(&self, account: AccountId) -> Vec<(AssetId, Int)> {
        let held = self.holdings(account).into_iter();
        let own = held.filter(|(holder, unit, _)| {
            let info = self.assets.get(unit.asset.index());
            *holder == Holder::Account(account)
                && unit.class == Class::Token
                && info.is_some_and(|info| info.kind != AssetKind::Token)
        });
        own.map(|(_, unit, size)| (unit.asset, Int::from(size))).collect()
    }

    /// The quote side of a position in a contract that settles in `settle`.
    #[must_use]
    pub fn quote(&self, account: AccountId, contract: AssetId, settle: AssetId) -> Int {
        self.balance(Holder::Position(account, contract), Unit::token(settle))
    }

    /// Everything an account holds, its positions' quote sides included.
    #[must_use]
    pub fn holdings(&self, account: AccountId) -> Vec<(Holder, Unit, i128)> {
        let mine = |holder: Holder| match holder {
            Holder::Account(a) | Holder::Position(a, _) => a == account,
            _ => false,
        };
        let all = self.book.iter().filter(|((holder, _), _)| mine(*holder));
        all.map(|((holder, unit), balance)| (*holder, *unit, *balance)).collect()
    }

    /// True if the account owes anything or holds a position.
    #[must_use]
    pub fn exposed(&self, account: AccountId) -> bool {
        self.holdings(account).into_iter().any(|(holder, unit, balance)| {
            let is_contract =
                self.assets.get(unit.asset.index()).is_some_and(|a| a.kind != AssetKind::Token);
            let own_token = unit.class == Class::Token && holder == Holder::Account(account);
            matches!(holder, Holder::Position(..))
                || unit.class == Class::Debt
                || (own_token && (is_contract || balance < 0))
        })
    }
}
