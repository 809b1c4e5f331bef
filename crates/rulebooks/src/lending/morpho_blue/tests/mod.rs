//! The contract's arithmetic case by case, and the rulebook over small pools.

mod business;
mod contract;
mod exposures;
mod options;
mod parameters;
mod seizure;

use super::{Market, build, column, table};
use breakwater_liquidation::{
    AssetInfo, AssetKind, Balances, Call, Effects, MarketInfo, PoolState, Rejection, Rulebook,
    StateKey, View,
};
use breakwater_margin::Health;
use breakwater_market::{Guard, GuardState, Mark, MarketId};
use breakwater_money::time::NANOS_PER_SECOND;
use breakwater_money::{AccountId, AssetId, Class, Holder, Holding, Price, Time, U256, Unit};
use std::collections::BTreeMap;

const SHIPPED: &str = include_str!("../../../../../../rulebooks/morpho-blue.toml");

const STETH: AssetId = AssetId(0);
const WETH: AssetId = AssetId(1);
const USDC: AssetId = AssetId(2);
/// Lent in one market only, and secures nothing.
const DAI: AssetId = AssetId(3);
/// In no market.
const NOPE: AssetId = AssetId(4);

const A: AccountId = AccountId(0);
const B: AccountId = AccountId(1);
const C: AccountId = AccountId(2);

const ETHER: u128 = 1_000_000_000_000_000_000;
const DOLLAR: u128 = 1_000_000;

/// Two LLTVs of one pair, a market with interest and a fee, one between ethers, and one of
/// dollars.
const PARAMETERS: &str = r#"
name = "test"
rule = "morpho-blue"
version = "3085651"
effective_from = "made"
numeraire_decimals = 8
[source]
[assets.STETH]
decimals = 18
[assets.WETH]
decimals = 18
[assets.USDC]
decimals = 6
[assets.DAI]
decimals = 18
[markets.high]
collateral = "STETH"
loan = "USDC"
lltv_bps = 8600
[markets.low]
collateral = "STETH"
loan = "USDC"
lltv_bps = 7700
[markets.growing]
collateral = "WETH"
loan = "USDC"
lltv_bps = 8000
fee_bps = 1000
borrow_rate_per_second_wad = 31709791983
[markets.ethers]
collateral = "STETH"
loan = "WETH"
lltv_bps = 9450
[markets.dollars]
collateral = "WETH"
loan = "DAI"
lltv_bps = 8600
"#;

/// Balances in the simplest form that the trait can be read from.
#[derive(Debug, Clone, Default)]
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

/// A pool as an engine would keep it, without the engine.
struct Book {
    rulebook: Box<dyn Rulebook>,
    assets: Vec<AssetInfo>,
    markets: Vec<MarketInfo>,
    marks: Vec<GuardState>,
    rows: Rows,
    state: PoolState,
    now: Time,
}

impl Book {
    /// Three accounts; ether at 2,000 dollars, staked or not.
    fn new() -> Self {
        Book::with(PARAMETERS)
    }

    fn with(parameters: &str) -> Self {
        let listed = [("STETH", 18), ("WETH", 18), ("USDC", 6), ("DAI", 18), ("NOPE", 18)];
        let assets: Vec<AssetInfo> = (0u16..)
            .zip(listed)
            .map(|(number, (symbol, decimals))| AssetInfo {
                symbol: symbol.to_owned(),
                decimals,
                kind: AssetKind::Token,
                market: Some(MarketId(number)),
            })
            .collect();
        let guard = Guard {
            decimals: 8,
            age_max_nanos: 60_000_000_000,
            ahead_max_nanos: 0,
            band_bps: 5_000,
            spread_max_bps: 100,
            grace_nanos: 0,
        };
        let markets = (0u16..).zip(&assets).map(|(number, info)| MarketInfo {
            symbol: format!("{}/USD", info.symbol),
            asset: AssetId(number),
            guard,
            volatility_weight: 1,
        });
        let markets = markets.collect();
        let rulebook = build(parameters, &assets).unwrap();
        let state = PoolState::new(rulebook.layout());
        let rows = Rows { accounts: vec![vec![]; 3], ..Rows::default() };
        let now = Time::from_seconds(1_700_000_000);
        let marks = vec![GuardState::default(); assets.len()];
        let mut book = Book { rulebook, assets, markets, marks, rows, state, now };
        for (asset, dollars) in [(STETH, 2_000), (WETH, 2_000), (USDC, 1), (DAI, 1), (NOPE, 1)] {
            book.price(asset, dollars * 100_000_000);
        }
        let founded = book.rulebook.found(&book.view()).unwrap();
        book.commit(&founded);
        book
    }

    fn view(&self) -> View<'_> {
        View::new(self.now, &self.assets, &self.markets, &self.marks, &self.rows, &self.state)
    }

    /// Marks an asset in 1e-8 dollars.
    fn price(&mut self, asset: AssetId, raw: u128) {
        self.marks[asset.index()].mark = Some(Mark {
            price: Price::new(raw, 8),
            half_spread: 0,
            observed_at: self.now,
            accepted_at: self.now,
            sequence: 1,
        });
    }

    fn pass(&mut self, seconds: u64) {
        self.now = self.now.after(seconds * NANOS_PER_SECOND);
    }

    #[track_caller]
    fn commit(&mut self, effects: &Effects) {
        for t in &effects.transfers {
            let amount = i128::try_from(t.amount).unwrap();
            assert!(amount > 0 && t.debit != t.credit);
            self.rows.add(t.debit, t.unit, -amount);
            self.rows.add(t.credit, t.unit, amount);
        }
        for (key, value) in &effects.state {
            assert!(self.state.set(*key, *value), "{key:?} is not in the layout");
        }
        for held in self.rows.accounts.iter().flatten() {
            assert!(held.balance > 0, "{held:?}");
        }
        for ((holder, unit), balance) in &self.rows.others {
            let never_negative = matches!(holder, Holder::Reserve | Holder::Treasury);
            assert!(!never_negative || *balance >= 0, "{holder:?} has {balance} of {unit:?}");
        }
    }

    #[track_caller]
    fn does(&mut self, call: &Call) -> Effects {
        let effects = match self.rulebook.execute(&self.view(), call) {
            Ok(effects) => effects,
            Err(rejected) => panic!("{call:?}: {rejected}"),
        };
        self.commit(&effects);
        effects
    }

    #[track_caller]
    fn refuses(&self, call: &Call) -> Rejection {
        self.rulebook.execute(&self.view(), call).unwrap_err().rejection
    }

    /// `account` holds `collateral` units of one asset and owes `debt` of another.
    #[track_caller]
    fn import(&mut self, account: AccountId, held: (AssetId, u128), owed: (AssetId, u128)) {
        for (asset, collateral, debt) in [(held.0, held.1, 0), (owed.0, 0, owed.1)] {
            if collateral.max(debt) > 0 {
                self.does(&Call::Import { account, asset, collateral, debt });
            }
        }
    }

    #[track_caller]
    fn health(&self, account: AccountId) -> Health {
        self.rulebook.assess(&self.view(), account).unwrap()
    }

    fn owned(&self, account: AccountId, unit: Unit) -> u128 {
        self.view().owned(account, unit)
    }

    fn balance(&self, holder: Holder, unit: Unit) -> i128 {
        self.rows.balance(holder, unit)
    }

    /// The stored totals of a market.
    fn market(&self, collateral: AssetId, loan: AssetId, lltv_bps: u64) -> Market {
        let pair = (u64::from(collateral.0) << 16) | u64::from(loan.0);
        let total =
            |table| u128::try_from(self.state.get(StateKey::Cell(table, pair, lltv_bps))).unwrap();
        Market {
            total_supply_assets: total(table::SUPPLY_ASSETS),
            total_supply_shares: total(table::SUPPLY_SHARES),
            total_borrow_assets: total(table::BORROW_ASSETS),
            total_borrow_shares: total(table::BORROW_SHARES),
        }
    }
}

/// The number by which an account chooses a market.
fn number(collateral: AssetId, loan: AssetId, lltv_bps: u64) -> U256 {
    U256::from((u64::from(collateral.0) << 32) | (u64::from(loan.0) << 16) | lltv_bps)
}

fn choose(account: AccountId, value: U256) -> Call {
    Call::Configure { account, column: column::MARKET, value }
}

fn threshold(account: AccountId, bps: u64) -> Call {
    Call::Configure { account, column: column::OWN_THRESHOLD, value: U256::from(bps) }
}

fn deposit(account: AccountId, asset: AssetId, amount: u128) -> Call {
    Call::Deposit { account, asset, amount }
}

fn withdraw(account: AccountId, asset: AssetId, amount: u128) -> Call {
    Call::Withdraw { account, asset, amount }
}

fn borrow(account: AccountId, asset: AssetId, amount: u128) -> Call {
    Call::Borrow { account, asset, amount }
}

fn repay(account: AccountId, asset: AssetId, amount: u128) -> Call {
    Call::Repay { account, asset, amount }
}

fn seize(account: AccountId, debt: AssetId, collateral: AssetId, amount: u128) -> Call {
    Call::RepayAndSeize { account, debt, collateral, amount, shares: false, liquidator: None }
}

/// Every holder's balance of a unit, which must be nothing in sum.
fn sum(book: &Book, unit: Unit) -> i128 {
    let held = book.rows.accounts.iter().flatten().filter(|h| h.unit == unit);
    let others = book.rows.others.iter().filter(|((_, u), _)| *u == unit);
    held.map(|h| h.balance).sum::<i128>() + others.map(|(_, b)| *b).sum::<i128>()
}

#[track_caller]
fn balanced(book: &Book) {
    for asset in [STETH, WETH, USDC, DAI, NOPE] {
        for class in [Class::Token, Class::Supply, Class::Debt, Class::Deficit] {
            assert_eq!(sum(book, Unit { asset, class }), 0, "{asset} {class:?}");
        }
    }
}
