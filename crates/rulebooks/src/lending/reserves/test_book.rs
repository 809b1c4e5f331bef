//! A pool of four assets and two accounts whose effects are carried out: what the tests of the
//! rulebooks on pooled reserves look at.

#![cfg(test)]

use crate::test_pool::{TestPool, tokens};
use breakwater_liquidation::{Call, Effects, StateKey};
use breakwater_money::{AccountId, AssetId, Class, Holder, Time, U256, Unit, Wad};

pub(crate) const NOW: Time = Time(1_700_000_000_000_000_000);
pub(crate) const SECOND: u64 = 1_000_000_000;
pub(crate) const RAY: u128 = 1_000_000_000_000_000_000_000_000_000;

/// Three assets of the shipped file, by number.
pub(crate) const LISTED: [(&str, u8); 3] = [("WETH", 18), ("USDC", 6), ("WBTC", 8)];
pub(crate) const WETH: AssetId = AssetId(0);
pub(crate) const USDC: AssetId = AssetId(1);
pub(crate) const WBTC: AssetId = AssetId(2);
/// In the pool and in no file.
pub(crate) const NOPE: AssetId = AssetId(3);

/// The account that is liquidated, and one that liquidates.
pub(crate) const A: AccountId = AccountId(0);
pub(crate) const B: AccountId = AccountId(1);

pub(crate) const ONE_USDC: u128 = 1_000_000;
pub(crate) const ONE_WETH: u128 = 1_000_000_000_000_000_000;

/// Marks the pools of these venues.
pub(crate) struct Venue;

pub(crate) type Book = TestPool<Venue>;

impl Book {
    /// The pool under the rulebook of a parameter file.
    pub(crate) fn new(rule: &str, text: &str) -> Self {
        let [weth, usdc, wbtc] = LISTED;
        let assets = tokens(&[weth, usdc, wbtc, ("NOPE", 18)]);
        let prices = [(WETH, 2_000), (USDC, 1), (WBTC, 30_000), (NOPE, 1)];
        let build = |assets: &[_]| Ok(crate::build(rule, text, assets)?.unwrap());
        let mut book = Book::bare(assets, 2, build).priced(&prices);
        for (asset, _) in prices {
            book.index(asset, RAY, RAY);
        }
        book
    }

    pub(crate) fn index(&mut self, asset: AssetId, supplied: u128, owed: u128) {
        for (column, value) in [(0, supplied), (1, owed)] {
            assert!(self.state.set(StateKey::Asset(asset, column), U256::from(value)));
        }
    }

    /// Gives the account shares out of nothing, and the pool the cash of what is supplied.
    pub(crate) fn give(&mut self, account: AccountId, asset: AssetId, supplied: u128, owed: u128) {
        let row = |class| Unit { asset, class };
        let column = |of: Class| u16::from(of == Class::Debt);
        for (class, shares) in [(Class::Supply, supplied), (Class::Debt, owed)] {
            if shares > 0 {
                let shares = i128::try_from(shares).unwrap();
                self.rows.add(Holder::Account(account), row(class), shares);
                self.rows.add(Holder::Issuer, row(class), -shares);
                let key = StateKey::Account(account, column(class));
                let mut bits = self.state.get(key);
                bits.set_bit(asset.index(), true);
                assert!(self.state.set(key, bits));
            }
        }
        let cash = i128::try_from(supplied).unwrap() * 4;
        self.rows.add(Holder::Reserve, Unit::token(asset), cash);
    }

    #[track_caller]
    pub(crate) fn execute(&self, call: &Call) -> Effects {
        self.ask(call).unwrap()
    }

    /// What A's liquidation is judged by.
    pub(crate) fn ratio(&self) -> Wad {
        self.health(A).ratio
    }
}
