//! A pool of four assets and two accounts whose effects are carried out: what the tests of the
//! rulebooks on pooled reserves look at.

#![cfg(test)]

use breakwater_liquidation::{
    AssetInfo, AssetKind, Balances, Call, CallOption, Effects, MarketInfo, PoolState, Rejection,
    Rulebook, StateKey, View,
};
use breakwater_market::{Guard, GuardState, Mark, MarketId};
use breakwater_money::{AccountId, AssetId, Class, Holder, Holding, Price, Time, U256, Unit, Wad};
use std::collections::BTreeMap;

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

#[derive(Debug, Clone, Default)]
pub(crate) struct Rows {
    pub(crate) accounts: [Vec<Holding>; 2],
    pub(crate) pool: BTreeMap<(Holder, Unit), i128>,
}

impl Balances for Rows {
    fn holdings(&self, account: AccountId) -> &[Holding] {
        &self.accounts[account.index()]
    }

    fn balance(&self, holder: Holder, unit: Unit) -> i128 {
        match holder {
            Holder::Account(account) => {
                let held = self.accounts[account.index()].iter();
                held.filter(|h| h.unit == unit).map(|h| h.balance).sum()
            }
            other => self.pool.get(&(other, unit)).copied().unwrap_or(0),
        }
    }

    fn accounts(&self) -> u32 {
        2
    }
}

impl Rows {
    fn add(&mut self, holder: Holder, unit: Unit, change: i128) {
        let Holder::Account(account) = holder else {
            *self.pool.entry((holder, unit)).or_default() += change;
            return;
        };
        let rows = &mut self.accounts[account.index()];
        match rows.iter_mut().find(|h| h.unit == unit) {
            Some(row) => row.balance += change,
            None => rows.push(Holding { contract: None, unit, balance: change }),
        }
        rows.retain(|h| h.balance != 0);
        rows.sort_by_key(|h| h.unit);
    }
}

pub(crate) struct Book {
    pub(crate) rulebook: Box<dyn Rulebook>,
    pub(crate) assets: Vec<AssetInfo>,
    pub(crate) markets: Vec<MarketInfo>,
    pub(crate) marks: Vec<GuardState>,
    pub(crate) rows: Rows,
    pub(crate) state: PoolState,
}

impl Book {
    /// The pool under the rulebook of a parameter file.
    pub(crate) fn new(rule: &str, text: &str) -> Self {
        let info = |(number, (symbol, decimals)): (u16, (&str, u8))| AssetInfo {
            symbol: symbol.to_owned(),
            decimals,
            kind: AssetKind::Token,
            market: Some(MarketId(number)),
        };
        let assets = (0u16..).zip(LISTED.into_iter().chain([("NOPE", 18)])).map(info);
        let assets: Vec<AssetInfo> = assets.collect();
        let guard = Guard {
            decimals: 8,
            age_max_nanos: 60 * SECOND,
            ahead_max_nanos: 0,
            band_bps: 5_000,
            spread_max_bps: 100,
            grace_nanos: 0,
        };
        let market = |(number, info): (u16, &AssetInfo)| MarketInfo {
            symbol: format!("{}/USD", info.symbol),
            asset: AssetId(number),
            guard,
            volatility_weight: 1,
        };
        let markets = (0u16..).zip(&assets).map(market).collect();
        let rulebook = crate::build(rule, text, &assets).unwrap().unwrap();
        let state = PoolState::new(rulebook.layout());
        let marks = vec![GuardState::default(); 4];
        let mut book = Book { rulebook, assets, markets, marks, rows: Rows::default(), state };
        for (asset, dollars) in [(WETH, 2_000), (USDC, 1), (WBTC, 30_000), (NOPE, 1)] {
            book.price(asset, dollars * 100_000_000);
            book.index(asset, RAY, RAY);
        }
        book
    }

    pub(crate) fn price(&mut self, asset: AssetId, raw: u128) {
        let mark = Mark {
            price: Price::new(raw, 8),
            half_spread: 0,
            observed_at: NOW,
            accepted_at: NOW,
            sequence: 1,
        };
        self.marks[asset.index()].mark = Some(mark);
    }

    pub(crate) fn index(&mut self, asset: AssetId, supplied: u128, owed: u128) {
        for (column, value) in [(0, supplied), (1, owed)] {
            assert!(self.state.set(StateKey::Asset(asset, column), U256::from(value)));
        }
    }

    pub(crate) fn view(&self) -> View<'_> {
        View::new(NOW, &self.assets, &self.markets, &self.marks, &self.rows, &self.state)
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

    pub(crate) fn apply(&mut self, effects: &Effects) {
        for t in &effects.transfers {
            let amount = i128::try_from(t.amount).unwrap();
            self.rows.add(t.debit, t.unit, -amount);
            self.rows.add(t.credit, t.unit, amount);
        }
        for (key, value) in &effects.state {
            assert!(self.state.set(*key, *value));
        }
    }

    pub(crate) fn options(&self) -> Vec<CallOption> {
        let mut out = Vec::new();
        self.rulebook.calls(&self.view(), A, &mut out).unwrap();
        out
    }

    #[track_caller]
    pub(crate) fn execute(&self, call: &Call) -> Effects {
        self.rulebook.execute(&self.view(), call).unwrap()
    }

    #[track_caller]
    pub(crate) fn refuses(&self, call: Call) -> Rejection {
        self.rulebook.execute(&self.view(), &call).unwrap_err().rejection
    }

    pub(crate) fn health(&self) -> Wad {
        self.rulebook.assess(&self.view(), A).unwrap().ratio
    }
}

impl std::fmt::Debug for Book {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let prices: Vec<_> = self.marks.iter().map(|m| m.mark.map(|m| m.price)).collect();
        write!(f, "{:?} {prices:?} {:?}", self.rows, self.state)
    }
}
