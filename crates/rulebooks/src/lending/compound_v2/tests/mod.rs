//! The rule by itself, and the rule behind the trait over a small pool.

mod business;
mod calls;
mod health;
mod parameters;
mod rule;

use super::pool::column;
use super::{Market, Position, build};
use crate::test_pool::{TestPool, tokens};
use breakwater_liquidation::{
    AssetKind, Balances, Call, Exposures, Rejection, StateKey, Touched, View,
};
use breakwater_margin::health::Armed;
use breakwater_market::GuardState;
use breakwater_money::{AccountId, AssetId, Holder, Time, U256, Unit, Wad};

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

/// Marks the pools of this venue.
struct Venue;

type Pool = TestPool<Venue>;

impl Pool {
    fn new() -> Pool {
        Pool::with(&file("", ""))
    }

    /// Three accounts, four assets with their marks, nothing held.
    fn with(parameters: &str) -> Pool {
        let assets = tokens(&[("ETH", 18), ("BTC", 8), ("USD", 6), ("NOPE", 6)]);
        let prices = [(ETH, 2_000), (BTC, 30_000), (USD, 1), (NOPE, 1)];
        Pool::bare(assets, 3, |assets| build(parameters, assets)).priced(&prices).founded()
    }

    fn look<T>(&self, look: impl FnOnce(&View<'_>) -> T) -> T {
        look(&self.view())
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
