//! The contract's arithmetic case by case, and the rulebook over small pools.

mod business;
mod contract;
mod exposures;
mod options;
mod parameters;
mod seizure;

use super::{Market, build, column, table};
use crate::test_pool::{TestPool, tokens};
use breakwater_liquidation::{AssetKind, Balances, Call, Effects, Rejection, StateKey};
use breakwater_margin::Health;
use breakwater_market::{GuardState, MarketId};
use breakwater_money::time::NANOS_PER_SECOND;
use breakwater_money::{AccountId, AssetId, Holder, Time, U256, Unit};

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

/// Marks the pools of this venue.
struct Venue;

type Book = TestPool<Venue>;

impl Book {
    /// Three accounts; ether at 2,000 dollars, staked or not.
    fn new() -> Self {
        Book::with(PARAMETERS)
    }

    fn with(parameters: &str) -> Self {
        let assets = tokens(&[("STETH", 18), ("WETH", 18), ("USDC", 6), ("DAI", 18), ("NOPE", 18)]);
        let prices = [(STETH, 2_000), (WETH, 2_000), (USDC, 1), (DAI, 1), (NOPE, 1)];
        Book::bare(assets, 3, |assets| build(parameters, assets)).priced(&prices).founded()
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
