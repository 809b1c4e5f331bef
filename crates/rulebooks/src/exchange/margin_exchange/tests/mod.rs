//! The rule over a small pool, case by case and over random books. The venue's published
//! liquidation prices are also checked by the conformance crate, on the solver alone.

mod business;
mod collateral;
mod conservation;
mod exposures;
mod health;
mod ladder;
mod listed;
mod losses;
mod orders;
mod parameters;
mod places;
mod plan;
mod portfolio;
mod sessions;
mod takeover;
mod venues;
mod wide;
mod wide_conservation;
mod wide_health;
mod wide_parameters;

use super::build;
use breakwater_liquidation::{
    AssetInfo, AssetKind, Balances, Call, Effects, MarketInfo, Orders, PoolState, Rejected,
    Rejection, Rulebook, View,
};
use breakwater_margin::Health;
use breakwater_market::{Guard, GuardState, Mark, MarketId};
use breakwater_money::{AccountId, AssetId, Holder, Holding, Price, Time, Unit};
use std::collections::BTreeMap;

const PARAMETERS: &str = include_str!("../../../../../../rulebooks/binance-usdm.toml");

const USDT: AssetId = AssetId(0);
/// A token that is no margin here.
const COIN: AssetId = AssetId(1);
/// 3 decimals, priced with 1.
const BTC: AssetId = AssetId(2);
/// 8 decimals, priced with 2.
const ETH: AssetId = AssetId(3);
/// No decimals, priced with 7.
const PEPE: AssetId = AssetId(4);

const A: AccountId = AccountId(0);
const B: AccountId = AccountId(1);
const C: AccountId = AccountId(2);
const D: AccountId = AccountId(3);

/// One USDT in base units.
const ONE: u128 = 1_000_000;

/// Balances in the simplest form that the trait can be read from.
#[derive(Default)]
struct Rows {
    accounts: Vec<Vec<Holding>>,
    others: BTreeMap<(Holder, Unit), i128>,
}

impl Rows {
    fn add(&mut self, holder: Holder, unit: Unit, change: i128) {
        let (row, contract) = match holder {
            Holder::Account(account) => (&mut self.accounts[account.index()], None),
            Holder::Position(account, contract) => {
                (&mut self.accounts[account.index()], Some(contract))
            }
            _ => {
                *self.others.entry((holder, unit)).or_default() += change;
                return;
            }
        };
        match row.iter_mut().find(|held| held.contract == contract && held.unit == unit) {
            Some(held) => held.balance += change,
            None => row.push(Holding { contract, unit, balance: change }),
        }
        row.retain(|held| held.balance != 0);
        row.sort_by_key(|held| (held.contract, held.unit));
    }
}

impl Balances for Rows {
    fn holdings(&self, account: AccountId) -> &[Holding] {
        &self.accounts[account.index()]
    }

    fn balance(&self, holder: Holder, unit: Unit) -> i128 {
        let (account, contract) = match holder {
            Holder::Account(account) => (account, None),
            Holder::Position(account, contract) => (account, Some(contract)),
            _ => return self.others.get(&(holder, unit)).copied().unwrap_or(0),
        };
        let row = self.accounts.get(account.index()).map_or(&[][..], Vec::as_slice);
        let found = row.iter().find(|held| held.contract == contract && held.unit == unit);
        found.map_or(0, |held| held.balance)
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
    orders: Orders,
    now: Time,
}

fn asset(symbol: &str, decimals: u8, settle: Option<AssetId>) -> AssetInfo {
    let kind = match settle {
        Some(settle) => AssetKind::linear_perpetual(settle),
        None => AssetKind::Token,
    };
    AssetInfo { symbol: symbol.to_owned(), decimals, kind, market: None }
}

fn assets() -> Vec<AssetInfo> {
    vec![
        asset("USDT", 6, None),
        asset("BTC", 8, None),
        asset("BTCUSDT", 3, Some(USDT)),
        asset("ETHUSDT", 8, Some(USDT)),
        asset("1000PEPEUSDT", 0, Some(USDT)),
    ]
}

impl Pool {
    /// Four accounts; BTC at 50,000.0, ETH at 2,000.00, PEPE at 0.0123457.
    fn new() -> Pool {
        Pool::with(PARAMETERS, &[(BTC, 1, 500_000), (ETH, 2, 200_000), (PEPE, 7, 123_457)])
    }

    /// Four accounts and a market for each contract: its decimals and its mark.
    fn with(parameters: &str, markets: &[(AssetId, u8, u128)]) -> Pool {
        Pool::of(parameters, assets(), markets)
    }

    fn of(parameters: &str, assets: Vec<AssetInfo>, markets: &[(AssetId, u8, u128)]) -> Pool {
        let rulebook = build(parameters, &assets).unwrap();
        let state = PoolState::new(rulebook.layout());
        let accounts = vec![Vec::new(); 4];
        let rows = Rows { accounts, ..Rows::default() };
        let (none, marks) = (Vec::new(), Vec::new());
        let (orders, now) = (Orders::default(), Time(0));
        let mut pool = Pool { rulebook, assets, markets: none, marks, rows, state, orders, now };
        for (asset, decimals, raw) in markets {
            let number = MarketId(u16::try_from(pool.markets.len()).unwrap());
            let guard = Guard {
                decimals: *decimals,
                age_max_nanos: 1,
                ahead_max_nanos: 0,
                band_bps: 10_000,
                spread_max_bps: 0,
                grace_nanos: 0,
            };
            pool.markets.push(MarketInfo {
                symbol: number.to_string(),
                asset: *asset,
                guard,
                volatility_weight: 1,
            });
            pool.marks.push(GuardState::default());
            pool.assets[asset.index()].market = Some(number);
            pool.mark(*asset, *raw);
        }
        pool
    }

    fn mark(&mut self, asset: AssetId, raw: u128) {
        let market = self.assets[asset.index()].market.unwrap();
        let price = Price::new(raw, self.markets[market.index()].guard.decimals);
        let at = Time(0);
        let (observed_at, accepted_at) = (at, at);
        let mark = Mark { price, half_spread: 0, observed_at, accepted_at, sequence: 0 };
        self.marks[market.index()] = GuardState { mark: Some(mark), grace_until: None };
    }

    fn look<T>(&self, look: impl FnOnce(&View<'_>) -> T) -> T {
        let (assets, markets, marks) = (&self.assets, &self.markets, &self.marks);
        let view = View::new(self.now, assets, markets, marks, &self.rows, &self.state);
        look(&view.with_orders(&self.orders))
    }

    /// Executes and posts.
    fn call(&mut self, call: &Call) -> Result<Effects, Rejected> {
        let effects = self.look(|view| self.rulebook.execute(view, call))?;
        for transfer in &effects.transfers {
            let amount = i128::try_from(transfer.amount).unwrap();
            assert!(amount > 0 && transfer.debit != transfer.credit);
            self.rows.add(transfer.debit, transfer.unit, -amount);
            self.rows.add(transfer.credit, transfer.unit, amount);
        }
        for (key, value) in &effects.state {
            assert!(self.state.set(*key, *value));
        }
        Ok(effects)
    }

    fn refused(&mut self, call: &Call) -> Rejection {
        self.call(call).unwrap_err().rejection
    }

    fn deposit(&mut self, account: AccountId, amount: u128) {
        self.call(&Call::Deposit { account, asset: USDT, amount }).unwrap();
    }

    fn health(&self, account: AccountId) -> Health {
        self.look(|view| self.rulebook.assess(view, account)).unwrap()
    }

    /// The account's own balance of an asset.
    fn own(&self, account: AccountId, asset: AssetId) -> i128 {
        self.rows.balance(Holder::Account(account), Unit::token(asset))
    }

    fn cash(&self, account: AccountId) -> i128 {
        self.rows.balance(Holder::Account(account), Unit::token(USDT))
    }

    fn size(&self, account: AccountId, contract: AssetId) -> i128 {
        self.rows.balance(Holder::Account(account), Unit::token(contract))
    }

    fn quote(&self, account: AccountId, contract: AssetId) -> i128 {
        self.rows.balance(Holder::Position(account, contract), Unit::token(USDT))
    }

    fn fund(&self) -> i128 {
        self.rows.balance(Holder::Insurance, Unit::token(USDT))
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
}

/// A trade with the outside: `change` above zero buys.
fn trade(account: AccountId, contract: AssetId, change: i128, price: Price) -> Call {
    let (buyer, seller) = if change > 0 { (Some(account), None) } else { (None, Some(account)) };
    Call::Trade { buyer, seller, contract, quantity: change.unsigned_abs(), price }
}

fn fill(account: AccountId, contract: AssetId, quantity: u128, proceeds: u128) -> Call {
    Call::Fill { account, asset: contract, quantity, proceeds, proceeds_asset: USDT }
}

fn btc(raw: u128) -> Price {
    Price::new(raw, 1)
}

fn eth(raw: u128) -> Price {
    Price::new(raw, 2)
}

fn pepe(raw: u128) -> Price {
    Price::new(raw, 7)
}
