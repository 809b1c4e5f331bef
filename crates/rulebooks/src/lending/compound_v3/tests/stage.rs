//! A pool of two markets: dollars against ether and bitcoin, ether against staked ether. Contracts
//! of the test are whole numbers where they can be.

use super::super::pool::{LAYOUT, column};
use super::super::{INDEX_ONE, RULE, build};
use breakwater_liquidation::{
    AssetInfo, AssetKind, Balances, Call, Effects, Fact, MarketInfo, PoolState, Rejected,
    Rejection, Rulebook, StateKey, View,
};
use breakwater_margin::Health;
use breakwater_market::{Guard, GuardState, Mark, MarketId};
use breakwater_money::{AccountId, AssetId, Class, Holder, Holding, Price, Time, U256, Unit};
use std::collections::BTreeMap;

pub const USD: AssetId = AssetId(0);
pub const ETH: AssetId = AssetId(1);
pub const BTC: AssetId = AssetId(2);
pub const LST: AssetId = AssetId(3);
/// Listed nowhere.
pub const NOPE: AssetId = AssetId(4);

pub const ONE_USD: u128 = 1_000_000;
pub const ONE_ETH: u128 = 1_000_000_000_000_000_000;
pub const ONE_BTC: u128 = 100_000_000;

pub const START: Time = Time(1_700_000_000_000_000_000);
pub const SECOND: u64 = 1_000_000_000;

pub fn who(number: u32) -> AccountId {
    AccountId(number)
}

/// The parameters of the two markets, with the rates given or without any.
pub fn parameters(rates: &str) -> String {
    format!(
        r#"
name = "two-comets"
rule = "{RULE}"
version = "test"
effective_from = "never"
numeraire_decimals = 8
[source]
[comets.USD]
decimals = 6
order = ["BTC", "ETH"]
borrow_least = "100"
target_reserves = "1000"
store_front_bps = 5000
{rates}
[comets.USD.collaterals.BTC]
decimals = 8
borrow_bps = 7000
liquidate_bps = 7500
liquidation_factor_bps = 9000
supply_cap = "10"
[comets.USD.collaterals.ETH]
decimals = 18
borrow_bps = 8000
liquidate_bps = 9000
liquidation_factor_bps = 9500
supply_cap = "1000"
[comets.ETH]
decimals = 18
order = ["LST"]
borrow_least = "0.1"
target_reserves = "5"
store_front_bps = 10000
{rates}
[comets.ETH.collaterals.LST]
decimals = 18
borrow_bps = 9000
liquidate_bps = 9300
liquidation_factor_bps = 9500
supply_cap = "1000"
"#
    )
}

/// Rates high enough to be seen within minutes.
pub const STEEP: &str = r#"
supply_rate = { base = "0", slope_low = "0.4", kink = "0.8", slope_high = "3" }
borrow_rate = { base = "0.1", slope_low = "0.5", kink = "0.8", slope_high = "4" }
"#;

#[derive(Default)]
pub struct Rows {
    accounts: Vec<Vec<Holding>>,
    others: BTreeMap<(Holder, Unit), i128>,
}

impl Balances for Rows {
    fn holdings(&self, account: AccountId) -> &[Holding] {
        &self.accounts[account.index()]
    }

    fn balance(&self, holder: Holder, unit: Unit) -> i128 {
        let Holder::Account(account) = holder else {
            return self.others.get(&(holder, unit)).copied().unwrap_or(0);
        };
        let held = self.accounts[account.index()].iter();
        held.filter(|h| h.unit == unit && h.contract.is_none()).map(|h| h.balance).sum()
    }

    fn accounts(&self) -> u32 {
        self.accounts.len() as u32
    }
}

impl Rows {
    fn add(&mut self, holder: Holder, unit: Unit, change: i128) {
        let Holder::Account(account) = holder else {
            *self.others.entry((holder, unit)).or_default() += change;
            return;
        };
        let rows = &mut self.accounts[account.index()];
        match rows.binary_search_by(|h| (h.contract, h.unit).cmp(&(None, unit))) {
            Ok(at) => {
                rows[at].balance += change;
                assert!(rows[at].balance >= 0, "{account} has {} of {unit:?}", rows[at].balance);
                if rows[at].balance == 0 {
                    rows.remove(at);
                }
            }
            Err(at) => {
                assert!(change > 0, "{account} would have {change} of {unit:?}");
                rows.insert(at, Holding { contract: None, unit, balance: change });
            }
        }
    }
}

pub struct Stage {
    pub rulebook: Box<dyn Rulebook>,
    pub assets: Vec<AssetInfo>,
    pub markets: Vec<MarketInfo>,
    pub marks: Vec<GuardState>,
    pub rows: Rows,
    pub state: PoolState,
    pub now: Time,
}

impl Stage {
    /// Eight accounts without anything, ether at 2,000, bitcoin at 30,000, staked ether at 2,000.
    pub fn new(rates: &str) -> Self {
        let listed = [("USD", 6), ("ETH", 18), ("BTC", 8), ("LST", 18), ("NOPE", 18)];
        let info = |(number, (symbol, decimals)): (u16, (&str, u8))| AssetInfo {
            symbol: symbol.to_owned(),
            decimals,
            kind: AssetKind::Token,
            market: Some(MarketId(number)),
        };
        let assets: Vec<AssetInfo> = (0u16..).zip(listed).map(info).collect();
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
        let markets: Vec<MarketInfo> = (0u16..).zip(&assets).map(market).collect();
        let rulebook = build(&parameters(rates), &assets).unwrap();
        let mut stage = Stage {
            marks: vec![GuardState::default(); assets.len()],
            state: PoolState::new(&LAYOUT),
            rows: Rows { accounts: vec![Vec::new(); 8], ..Rows::default() },
            now: START,
            rulebook,
            assets,
            markets,
        };
        for (asset, dollars) in [(USD, 1), (ETH, 2_000), (BTC, 30_000), (LST, 2_000), (NOPE, 1)] {
            stage.price(asset, dollars * 100_000_000);
        }
        let founded = stage.rulebook.found(&stage.view()).unwrap();
        stage.apply(founded);
        stage
    }

    /// A new price, at eight decimals.
    pub fn price(&mut self, asset: AssetId, raw: u128) {
        self.marks[asset.index()].mark = Some(Mark {
            price: Price::new(raw, 8),
            half_spread: 0,
            observed_at: self.now,
            accepted_at: self.now,
            sequence: 1,
        });
    }

    pub fn unpriced(&mut self, asset: AssetId) {
        self.marks[asset.index()].mark = None;
    }

    pub fn later(&mut self, seconds: u64) {
        self.now = self.now.after(seconds * SECOND);
    }

    pub fn view(&self) -> View<'_> {
        let Stage { assets, markets, marks, rows, state, .. } = self;
        View::new(self.now, assets, markets, marks, rows, state)
    }

    /// Applies effects as the engine does, holding what it holds of them.
    pub fn apply(&mut self, effects: Effects) -> Vec<Fact> {
        for transfer in &effects.transfers {
            let amount = i128::try_from(transfer.amount).unwrap();
            assert!(amount > 0 && transfer.debit != transfer.credit);
            self.rows.add(transfer.debit, transfer.unit, -amount);
            self.rows.add(transfer.credit, transfer.unit, amount);
        }
        for (key, value) in &effects.state {
            assert!(self.state.set(*key, *value), "{key:?} is not in the layout");
        }
        for ((holder, unit), balance) in &self.rows.others {
            let owes = matches!(holder, Holder::External | Holder::Issuer);
            assert!(owes || *balance >= 0, "{holder:?} has {balance} of {unit:?}");
        }
        self.agrees();
        effects.facts
    }

    /// What the state remembers is what the balances say.
    fn agrees(&self) {
        let view = self.view();
        let column = |asset, column| u128::try_from(self.state.get(StateKey::Asset(asset, column)));
        let cell = |table, base: AssetId, asset: AssetId| {
            let key = StateKey::Cell(table, u64::from(base.0), u64::from(asset.0));
            u128::try_from(self.state.get(key)).unwrap()
        };
        let mut tokens: BTreeMap<AssetId, u128> = BTreeMap::new();
        for (base, list) in [(USD, vec![BTC, ETH]), (ETH, vec![LST])] {
            *tokens.entry(base).or_default() += column(base, column::CASH).unwrap();
            let mut owed = 0;
            for account in (0..8).map(AccountId) {
                let market = self.state.get(StateKey::Account(account, column::MARKET));
                if market == U256::from(base.0) + U256::ONE {
                    owed += view.owned(account, Unit::debt(base));
                } else {
                    assert_eq!(view.owned(account, Unit::debt(base)), 0);
                }
            }
            assert_eq!(column(base, column::TOTAL_BORROW), Ok(owed));
            for asset in list {
                let member = |account: &AccountId| {
                    self.state.get(StateKey::Account(*account, column::MARKET))
                        == U256::from(base.0) + U256::ONE
                };
                let put_up: u128 = (0..8)
                    .map(AccountId)
                    .filter(member)
                    .map(|account| view.owned(account, Unit::supply(asset)))
                    .sum();
                assert_eq!(cell(column::PUT_UP, base, asset), put_up);
                *tokens.entry(asset).or_default() += put_up + cell(column::OWNED, base, asset);
            }
        }
        for account in (0..8).map(AccountId) {
            if self.state.get(StateKey::Account(account, column::MARKET)).is_zero() {
                for holding in self.rows.holdings(account) {
                    assert_eq!(holding.unit.class, Class::Supply);
                    *tokens.entry(holding.unit.asset).or_default() +=
                        holding.balance.unsigned_abs();
                }
            }
        }
        for (asset, expected) in tokens {
            let cash = self.rows.balance(Holder::Reserve, Unit::token(asset));
            assert_eq!(cash, i128::try_from(expected).unwrap(), "{asset} in the reserve");
        }
    }

    /// Executes and applies a call that must be taken.
    #[track_caller]
    pub fn done(&mut self, call: Call) -> Vec<Fact> {
        match self.rulebook.execute(&self.view(), &call) {
            Ok(effects) => self.apply(effects),
            Err(rejected) => panic!("{call:?}: {rejected}"),
        }
    }

    #[track_caller]
    pub fn refused(&self, call: &Call) -> Rejected {
        self.rulebook.execute(&self.view(), call).unwrap_err()
    }

    #[track_caller]
    pub fn refuses(&self, call: Call) -> Rejection {
        self.refused(&call).rejection
    }

    pub fn health(&self, account: u32) -> Result<Health, Rejected> {
        self.rulebook.assess(&self.view(), who(account))
    }

    pub fn owned(&self, account: u32, unit: Unit) -> u128 {
        self.view().owned(who(account), unit)
    }

    pub fn column(&self, asset: AssetId, column: u16) -> U256 {
        self.state.get(StateKey::Asset(asset, column))
    }

    pub fn cell(&self, table: u16, base: AssetId, asset: AssetId) -> u128 {
        let key = StateKey::Cell(table, u64::from(base.0), u64::from(asset.0));
        u128::try_from(self.state.get(key)).unwrap()
    }

    /// Carries an account over as it is found.
    #[track_caller]
    pub fn carry(&mut self, account: u32, collateral: &[(AssetId, u128)], debt: (AssetId, u128)) {
        for (asset, amount) in collateral {
            self.done(import(account, *asset, *amount, 0));
        }
        self.done(import(account, debt.0, 0, debt.1));
    }

    /// Something that the pool held before.
    pub fn hold(&mut self, asset: AssetId, amount: i128) {
        self.rows.add(Holder::Reserve, Unit::token(asset), amount);
    }

    /// Cash that a market has beside, as its reserves.
    pub fn give(&mut self, base: AssetId, amount: u128) {
        self.hold(base, i128::try_from(amount).unwrap());
        let key = StateKey::Asset(base, column::CASH);
        let cash = self.state.get(key) + U256::from(amount);
        self.state.set(key, cash);
    }

    /// Sets both indices of a market.
    pub fn grow(&mut self, base: AssetId, supply_bps: u64, borrow_bps: u64) {
        for (column, bps) in
            [(column::SUPPLY_INDEX, supply_bps), (column::BORROW_INDEX, borrow_bps)]
        {
            let index = U256::from(u128::from(INDEX_ONE) * u128::from(bps) / 10_000);
            self.state.set(StateKey::Asset(base, column), index);
        }
    }
}

pub fn deposit(account: u32, asset: AssetId, amount: u128) -> Call {
    Call::Deposit { account: who(account), asset, amount }
}

pub fn withdraw(account: u32, asset: AssetId, amount: u128) -> Call {
    Call::Withdraw { account: who(account), asset, amount }
}

pub fn borrow(account: u32, asset: AssetId, amount: u128) -> Call {
    Call::Borrow { account: who(account), asset, amount }
}

pub fn repay(account: u32, asset: AssetId, amount: u128) -> Call {
    Call::Repay { account: who(account), asset, amount }
}

pub fn import(account: u32, asset: AssetId, collateral: u128, debt: u128) -> Call {
    Call::Import { account: who(account), asset, collateral, debt }
}

pub fn configure(account: u32, column: u16, value: u64) -> Call {
    Call::Configure { account: who(account), column, value: U256::from(value) }
}

pub fn absorb(accounts: &[u32]) -> Call {
    Call::Absorb { accounts: accounts.iter().copied().map(AccountId).collect() }
}

pub fn buy(asset: AssetId, pays: AssetId, amount: u128, least: u128) -> Call {
    Call::BuyReserves { asset, pays, amount, least }
}
