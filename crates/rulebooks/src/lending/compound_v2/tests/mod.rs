//! The rule by itself, and the rule behind the trait over a small pool.

mod business;
mod calls;
mod health;
mod parameters;
mod rule;

use super::pool::column;
use super::{Market, Position, build};
use breakwater_liquidation::{
    AssetInfo, AssetKind, Balances, Call, CallOption, Effects, Exposures, MarketInfo, PoolState,
    Rejected, Rejection, Rulebook, StateKey, Touched, View,
};
use breakwater_margin::Health;
use breakwater_margin::health::Armed;
use breakwater_market::{Guard, GuardState, Mark, MarketId};
use breakwater_money::{AccountId, AssetId, Holder, Holding, Price, Time, U256, Unit, Wad};
use std::collections::BTreeMap;

/// 18 decimals, priced at 2,000.
const ETH: AssetId = AssetId(0);
/// 8 decimals, priced at 30,000.
const BTC: AssetId = AssetId(1);
/// 6 decimals, priced at 1.
const USD: AssetId = AssetId(2);
/// 6 decimals, priced at 1, and never listed.
const NOPE: AssetId = AssetId(3);

const A: AccountId = AccountId(0);
const B: AccountId = AccountId(1);
const L: AccountId = AccountId(2);

const ONE_ETH: u128 = 1_000_000_000_000_000_000;
const ONE_BTC: u128 = 100_000_000;
const ONE_USD: u128 = 1_000_000;

const START: Time = Time(1_700_000_000_000_000_000);

/// The constants of the venue and three markets; `usd` and `more` are added to the tables of the
/// dollar and of every market.
fn file(more: &str, usd: &str) -> String {
    let market = |symbol: &str, decimals: u8, factor: u16, more: &str| {
        format!(
            "[assets.{symbol}]\ndecimals = {decimals}\ncollateral_factor_bps = {factor}\n{more}\n"
        )
    };
    [
        "name = \"test\"\nrule = \"compound-v2\"\nversion = \"1\"\neffective_from = \"now\"\n\
         numeraire_decimals = 8\n[source]\n[constants]\nclose_factor_bps = 5000\n\
         incentive_bps = 10800\nprotocol_share_bps = 280\nshare_decimals = 8\n\
         initial_exchange_bps = 200\nseconds_per_block = 12\n",
        &market("ETH", 18, 8_000, more),
        &market("BTC", 8, 7_000, more),
        &market("USD", 6, 8_500, &format!("{more}\n{usd}")),
    ]
    .concat()
}

/// A model that asks for up to a seventh of the highest rate a block.
const RATES: &str = "rates = { base_per_block_wad = 10000000000, \
                     multiplier_per_block_wad = 100000000000, \
                     jump_multiplier_per_block_wad = 2000000000000, kink_wad = 800000000000000000 }";

/// Balances in the simplest form that the trait can be read from.
#[derive(Default, Clone)]
struct Rows {
    accounts: Vec<Vec<Holding>>,
    others: BTreeMap<(Holder, Unit), i128>,
}

impl Rows {
    fn add(&mut self, holder: Holder, unit: Unit, change: i128) {
        let Holder::Account(account) = holder else {
            *self.others.entry((holder, unit)).or_default() += change;
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
            return self.others.get(&(holder, unit)).copied().unwrap_or(0);
        };
        let row = self.accounts.get(account.index()).map_or(&[][..], Vec::as_slice);
        row.iter().find(|held| held.unit == unit).map_or(0, |held| held.balance)
    }

    fn accounts(&self) -> u32 {
        u32::try_from(self.accounts.len()).unwrap()
    }
}

struct Pool {
    rulebook: Box<dyn Rulebook>,
    assets: Vec<AssetInfo>,
    markets: Vec<MarketInfo>,
    marks: Vec<GuardState>,
    rows: Rows,
    state: PoolState,
    now: Time,
}

impl Pool {
    fn new() -> Pool {
        Pool::with(&file("", ""))
    }

    /// Three accounts, four assets with their marks, nothing held.
    fn with(parameters: &str) -> Pool {
        let listed = [("ETH", 18), ("BTC", 8), ("USD", 6), ("NOPE", 6)];
        let asset = |(number, (symbol, decimals)): (u16, (&str, u8))| AssetInfo {
            symbol: symbol.to_owned(),
            decimals,
            kind: AssetKind::Token,
            market: Some(MarketId(number)),
        };
        let assets: Vec<AssetInfo> = (0..).zip(listed).map(asset).collect();
        let guard = Guard {
            decimals: 8,
            age_max_nanos: 1,
            ahead_max_nanos: 0,
            band_bps: 10_000,
            spread_max_bps: 0,
            grace_nanos: 0,
        };
        let market = |(number, info): (u16, &AssetInfo)| MarketInfo {
            symbol: info.symbol.clone(),
            asset: AssetId(number),
            guard,
            volatility_weight: 1,
        };
        let markets = (0..).zip(&assets).map(market).collect();
        let rulebook = build(parameters, &assets).unwrap();
        let state = PoolState::new(rulebook.layout());
        let rows = Rows { accounts: vec![Vec::new(); 3], ..Rows::default() };
        let marks = vec![GuardState::default(); 4];
        let mut pool = Pool { rulebook, assets, markets, marks, rows, state, now: START };
        for (asset, whole) in [(ETH, 2_000), (BTC, 30_000), (USD, 1), (NOPE, 1)] {
            pool.mark(asset, whole * 100_000_000);
        }
        let effects = pool.look(|view| pool.rulebook.found(view)).unwrap();
        pool.post(&effects);
        pool
    }

    fn mark(&mut self, asset: AssetId, raw: u128) {
        let price = Price::new(raw, 8);
        let (observed_at, accepted_at) = (self.now, self.now);
        let mark = Mark { price, half_spread: 0, observed_at, accepted_at, sequence: 0 };
        self.marks[asset.index()] = GuardState { mark: Some(mark), grace_until: None };
    }

    fn pass(&mut self, seconds: u64) {
        self.now = self.now.after(seconds * breakwater_money::time::NANOS_PER_SECOND);
    }

    fn look<T>(&self, look: impl FnOnce(&View<'_>) -> T) -> T {
        let (assets, markets, marks) = (&self.assets, &self.markets, &self.marks);
        look(&View::new(self.now, assets, markets, marks, &self.rows, &self.state))
    }

    fn post(&mut self, effects: &Effects) {
        for transfer in &effects.transfers {
            let amount = i128::try_from(transfer.amount).unwrap();
            assert!(amount > 0 && transfer.debit != transfer.credit);
            self.rows.add(transfer.debit, transfer.unit, -amount);
            self.rows.add(transfer.credit, transfer.unit, amount);
        }
        for (key, value) in &effects.state {
            assert!(self.state.set(*key, *value));
        }
        for held in self.rows.accounts.iter().flatten() {
            assert!(held.balance > 0, "{held:?}");
        }
        for ((holder, unit), balance) in &self.rows.others {
            assert!(*holder != Holder::Reserve || *balance >= 0, "{unit:?} {balance}");
        }
    }

    /// What a call would do now.
    fn ask(&self, call: &Call) -> Result<Effects, Rejected> {
        self.look(|view| self.rulebook.execute(view, call))
    }

    /// Executes and posts.
    fn call(&mut self, call: &Call) -> Result<Effects, Rejected> {
        let effects = self.ask(call)?;
        self.post(&effects);
        Ok(effects)
    }

    #[track_caller]
    fn refused(&self, call: &Call) -> Rejection {
        self.ask(call).unwrap_err().rejection
    }

    #[track_caller]
    fn deposit(&mut self, account: AccountId, asset: AssetId, amount: u128) {
        self.call(&Call::Deposit { account, asset, amount }).unwrap();
    }

    #[track_caller]
    fn borrow(&mut self, account: AccountId, asset: AssetId, amount: u128) {
        self.call(&Call::Borrow { account, asset, amount }).unwrap();
    }

    #[track_caller]
    fn import(&mut self, account: AccountId, asset: AssetId, collateral: u128, debt: u128) {
        self.call(&Call::Import { account, asset, collateral, debt }).unwrap();
    }

    fn health(&self, account: AccountId) -> Health {
        self.look(|view| self.rulebook.assess(view, account)).unwrap()
    }

    fn options(&self, account: AccountId) -> Vec<CallOption> {
        let mut out = Vec::new();
        self.look(|view| self.rulebook.calls(view, account, &mut out)).unwrap();
        out
    }

    fn armed(&self, account: AccountId) -> (Exposures, Armed) {
        let mut out = Exposures::default();
        let armed = self.look(|view| self.rulebook.exposures(view, account, &mut out)).unwrap();
        (out, armed)
    }

    fn balance(&self, account: AccountId, unit: Unit) -> i128 {
        self.rows.balance(Holder::Account(account), unit)
    }

    fn cash(&self, asset: AssetId) -> i128 {
        self.rows.balance(Holder::Reserve, Unit::token(asset))
    }

    fn column(&self, asset: AssetId, column: u16) -> U256 {
        self.state.get(StateKey::Asset(asset, column))
    }

    /// Sum of every unit over all holders; zero is right.
    fn sums(&self) -> BTreeMap<Unit, i128> {
        let mut sums = BTreeMap::new();
        for held in self.rows.accounts.iter().flatten() {
            *sums.entry(held.unit).or_insert(0) += held.balance;
        }
        for ((_, unit), balance) in &self.rows.others {
            *sums.entry(*unit).or_insert(0) += balance;
        }
        sums
    }

    /// Writes a market and A's position in it into the pool, as if they had come about.
    fn put(&mut self, asset: AssetId, market: &Market, position: &Position) {
        let raw = |value: U256| i128::try_from(value).unwrap();
        let holder = Holder::Account(A);
        self.rows.add(Holder::Reserve, Unit::token(asset), raw(market.cash));
        self.rows.add(Holder::Issuer, Unit::supply(asset), -raw(market.total_supply));
        self.rows.add(holder, Unit::supply(asset), raw(position.shares));
        self.rows.add(Holder::Issuer, Unit::debt(asset), -raw(position.principal));
        self.rows.add(holder, Unit::debt(asset), raw(position.principal));
        let block = self.now.seconds_since(Time(0)) / 12;
        for (column, value) in [
            (column::TOTAL_BORROWS, market.total_borrows),
            (column::TOTAL_RESERVES, market.total_reserves),
            (column::BORROW_INDEX, market.borrow_index.raw),
            (column::ACCRUED_AT, U256::from(block) - market.blocks),
        ] {
            assert!(self.state.set(StateKey::Asset(asset, column), value));
        }
        let key = StateKey::Account(A, column::ENTERED);
        let mut bits = self.state.get(key);
        bits.set_bit(asset.index(), position.entered);
        assert!(self.state.set(key, bits));
        let index = position.interest_index.raw;
        assert!(self.state.set(column::interest_index(A, asset), index));
    }
}

fn seize(debt: AssetId, collateral: AssetId, amount: u128) -> Call {
    let (shares, liquidator) = (false, None);
    Call::RepayAndSeize { account: A, debt, collateral, amount, shares, liquidator }
}

fn wad(value: Wad) -> u128 {
    u128::try_from(value.raw).unwrap()
}
