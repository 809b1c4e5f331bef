//! A pool as an engine would keep it, without the engine: effects are carried out, and what no
//! pool may come to is asserted after each. A venue's tests put their own helpers on top.

#![cfg(test)]

use breakwater_liquidation::{
    AssetInfo, AssetKind, Balances, Call, CallOption, Effects, MarketInfo, PoolState, Rejected,
    Rejection, Rulebook, View,
};
use breakwater_margin::Health;
use breakwater_market::{Guard, GuardState, Mark, MarketId};
use breakwater_money::time::NANOS_PER_SECOND;
use breakwater_money::{AccountId, AssetId, Holder, Holding, Price, Time, Unit};
use std::collections::BTreeMap;
use std::marker::PhantomData;

/// When a pool begins (Unix seconds).
pub(crate) const START: u64 = 1_700_000_000;

/// Decimals of every price.
const PRICE_DECIMALS: u8 = 8;

/// Balances in the simplest form that the trait can be read from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rows {
    /// What each account holds, in the order of units and without empty rows.
    pub(crate) accounts: Vec<Vec<Holding>>,
    /// What everybody else holds.
    pub(crate) pool: BTreeMap<(Holder, Unit), i128>,
}

impl Rows {
    pub(crate) fn add(&mut self, holder: Holder, unit: Unit, change: i128) {
        let Holder::Account(account) = holder else {
            *self.pool.entry((holder, unit)).or_default() += change;
            return;
        };
        let row = &mut self.accounts[account.index()];
        match row.iter_mut().find(|held| held.unit == unit) {
            Some(held) => held.balance += change,
            None => row.push(Holding { contract: None, unit, balance: change }),
        }
        row.retain(|held| held.balance != 0);
        row.sort_by_key(|held| held.unit);
    }
}

impl Balances for Rows {
    fn holdings(&self, account: AccountId) -> &[Holding] {
        &self.accounts[account.index()]
    }

    fn balance(&self, holder: Holder, unit: Unit) -> i128 {
        let Holder::Account(account) = holder else {
            return self.pool.get(&(holder, unit)).copied().unwrap_or(0);
        };
        let row = self.accounts.get(account.index()).map_or(&[][..], Vec::as_slice);
        row.iter().find(|held| held.unit == unit).map_or(0, |held| held.balance)
    }

    fn accounts(&self) -> u32 {
        u32::try_from(self.accounts.len()).unwrap()
    }
}

/// Tokens by symbol and decimals, numbered in order, each priced by the market of its number.
pub(crate) fn tokens(listed: &[(&str, u8)]) -> Vec<AssetInfo> {
    let token = |(number, (symbol, decimals)): (u16, &(&str, u8))| AssetInfo {
        symbol: (*symbol).to_owned(),
        decimals: *decimals,
        kind: AssetKind::Token,
        market: Some(MarketId(number)),
    };
    (0..).zip(listed).map(token).collect()
}

/// Assets, their marks, balances and state under one rulebook. `Venue` tells the pools of venues
/// apart, so that each venue's tests can give theirs helpers of its own.
pub(crate) struct TestPool<Venue> {
    pub(crate) rulebook: Box<dyn Rulebook>,
    pub(crate) assets: Vec<AssetInfo>,
    pub(crate) markets: Vec<MarketInfo>,
    pub(crate) marks: Vec<GuardState>,
    pub(crate) rows: Rows,
    pub(crate) state: PoolState,
    pub(crate) now: Time,
    venue: PhantomData<Venue>,
}

impl<Venue> TestPool<Venue> {
    /// A pool in which nothing is held, priced or founded.
    pub(crate) fn bare(
        assets: Vec<AssetInfo>,
        accounts: usize,
        build: impl FnOnce(&[AssetInfo]) -> Result<Box<dyn Rulebook>, String>,
    ) -> Self {
        let guard = Guard {
            decimals: PRICE_DECIMALS,
            age_max_nanos: 60 * NANOS_PER_SECOND,
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
        let rulebook = build(&assets).unwrap();
        TestPool {
            markets: (0..).zip(&assets).map(market).collect(),
            marks: vec![GuardState::default(); assets.len()],
            rows: Rows { accounts: vec![Vec::new(); accounts], ..Rows::default() },
            state: PoolState::new(rulebook.layout()),
            now: Time::from_seconds(START),
            rulebook,
            assets,
            venue: PhantomData,
        }
    }

    /// With a mark for each of these assets, in whole units of the numeraire.
    pub(crate) fn priced(mut self, prices: &[(AssetId, u128)]) -> Self {
        for (asset, whole) in prices {
            self.price(*asset, whole * 10u128.pow(PRICE_DECIMALS.into()));
        }
        self
    }

    /// With what the rulebook founds a pool with.
    pub(crate) fn founded(mut self) -> Self {
        let effects = self.rulebook.found(&self.view()).unwrap();
        self.commit(&effects);
        self
    }

    /// Marks an asset as of now, in 1e-8 of the numeraire.
    pub(crate) fn price(&mut self, asset: AssetId, raw: u128) {
        self.marks[asset.index()].mark = Some(Mark {
            price: Price::new(raw, PRICE_DECIMALS),
            half_spread: 0,
            observed_at: self.now,
            accepted_at: self.now,
            sequence: 1,
        });
    }

    pub(crate) fn pass(&mut self, seconds: u64) {
        self.now = self.now.after(seconds * NANOS_PER_SECOND);
    }

    pub(crate) fn view(&self) -> View<'_> {
        View::new(self.now, &self.assets, &self.markets, &self.marks, &self.rows, &self.state)
    }

    /// The same pool so many seconds from now.
    pub(crate) fn later(&self, seconds: u64) -> View<'_> {
        self.view().at(self.now.after(seconds * NANOS_PER_SECOND))
    }

    /// Carries effects out. Afterwards only the outside and the issuer, who are the other side of
    /// what the pool has and owes, may be below zero.
    #[track_caller]
    pub(crate) fn commit(&mut self, effects: &Effects) {
        for transfer in &effects.transfers {
            let amount = i128::try_from(transfer.amount).unwrap();
            assert!(amount > 0 && transfer.debit != transfer.credit, "{transfer:?}");
            self.rows.add(transfer.debit, transfer.unit, -amount);
            self.rows.add(transfer.credit, transfer.unit, amount);
        }
        for (key, value) in &effects.state {
            assert!(self.state.set(*key, *value), "{key:?} is not in the layout");
        }
        for held in self.rows.accounts.iter().flatten() {
            assert!(held.balance > 0, "{held:?}");
        }
        for ((holder, unit), balance) in &self.rows.pool {
            let owes = matches!(holder, Holder::External | Holder::Issuer);
            assert!(owes || *balance >= 0, "{holder:?} has {balance} of {unit:?}");
        }
    }

    /// What a call would do now.
    pub(crate) fn ask(&self, call: &Call) -> Result<Effects, Rejected> {
        self.rulebook.execute(&self.view(), call)
    }

    /// Executes and carries out.
    #[track_caller]
    pub(crate) fn call(&mut self, call: &Call) -> Result<Effects, Rejected> {
        let effects = self.ask(call)?;
        self.commit(&effects);
        Ok(effects)
    }

    /// Executes and carries out a call that must be taken.
    #[track_caller]
    pub(crate) fn does(&mut self, call: &Call) -> Effects {
        match self.call(call) {
            Ok(effects) => effects,
            Err(rejected) => panic!("{call:?}: {rejected}"),
        }
    }

    #[track_caller]
    pub(crate) fn refuses(&self, call: &Call) -> Rejection {
        self.ask(call).unwrap_err().rejection
    }

    #[track_caller]
    pub(crate) fn health(&self, account: AccountId) -> Health {
        self.rulebook.assess(&self.view(), account).unwrap()
    }

    #[track_caller]
    pub(crate) fn options(&self, account: AccountId) -> Vec<CallOption> {
        let mut options = Vec::new();
        self.rulebook.calls(&self.view(), account, &mut options).unwrap();
        options
    }

    #[track_caller]
    pub(crate) fn owned(&self, account: AccountId, unit: Unit) -> u128 {
        u128::try_from(self.rows.balance(Holder::Account(account), unit)).unwrap()
    }

    /// Every holder's balances of a unit are nothing in sum.
    #[track_caller]
    pub(crate) fn balanced(&self) {
        let mut sums: BTreeMap<Unit, i128> = BTreeMap::new();
        for held in self.rows.accounts.iter().flatten() {
            *sums.entry(held.unit).or_default() += held.balance;
        }
        for ((_, unit), balance) in &self.rows.pool {
            *sums.entry(*unit).or_default() += balance;
        }
        sums.retain(|_, sum| *sum != 0);
        assert_eq!(sums, BTreeMap::new());
    }
}

impl<Venue> std::fmt::Debug for TestPool<Venue> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let prices: Vec<_> = self.marks.iter().map(|m| m.mark.map(|m| m.price)).collect();
        write!(f, "{:?} {prices:?} {:?}", self.rows, self.state)
    }
}
