//! The contract's arithmetic case by case, and the rulebook over small pools.

mod business;
mod contract;
mod exposures;
mod options;
mod parameters;
mod seizure;

use super::{build, column};
use crate::test_pool::{START, TestPool, tokens};
use breakwater_liquidation::{AssetKind, Balances, Call, Effects, Rejection, StateKey};
use breakwater_margin::Health;
use breakwater_market::MarketId;
use breakwater_money::time::NANOS_PER_SECOND;
use breakwater_money::{AccountId, AssetId, Holder, Time, U256, Unit};

const SHIPPED: &str = include_str!("../../../../../../rulebooks/euler-v2.toml");

const STETH: AssetId = AssetId(0);
const WETH: AssetId = AssetId(1);
const USDC: AssetId = AssetId(2);
const DAI: AssetId = AssetId(3);
/// Two decimals; secures nothing by itself, and may be seized all the same.
const GUSD: AssetId = AssetId(4);
/// Without a vault.
const NOPE: AssetId = AssetId(5);

const A: AccountId = AccountId(0);
const B: AccountId = AccountId(1);
const C: AccountId = AccountId(2);

const ETHER: u128 = 1_000_000_000_000_000_000;
const DOLLAR: u128 = 1_000_000;
/// What one base unit of debt is in the ledger.
const UNIT: u128 = 1 << 31;

/// Vaults with and without interest, with a cool-off, a ramp that ends 10,000 seconds after the
/// pool's beginning, and one that writes nothing off.
const PARAMETERS: &str = r#"
name = "test"
rule = "euler-v2"
version = "5b98b420"
effective_from = "made"
numeraire_decimals = 8
[source]
[vaults.STETH]
decimals = 18
max_liquidation_discount_bps = 0
liquidation_cool_off_seconds = 0
socialises_debt = true
[vaults.WETH]
decimals = 18
max_liquidation_discount_bps = 1000
liquidation_cool_off_seconds = 100
socialises_debt = true
interest_fee_bps = 1000
[vaults.WETH.rates]
base_rate = 1000000000000000000
slope1 = 1000000000
slope2 = 20000000000
kink = 3435973836
[vaults.WETH.collaterals.STETH]
borrow_ltv_bps = 9000
liquidation_ltv_bps = 9300
[vaults.WETH.collaterals.USDC]
borrow_ltv_bps = 8000
liquidation_ltv_bps = 8300
[vaults.USDC]
decimals = 6
max_liquidation_discount_bps = 1500
liquidation_cool_off_seconds = 0
socialises_debt = true
[vaults.USDC.collaterals.STETH]
borrow_ltv_bps = 8000
liquidation_ltv_bps = 8500
[vaults.USDC.collaterals.WETH]
borrow_ltv_bps = 8000
liquidation_ltv_bps = 8500
[vaults.USDC.collaterals.DAI]
borrow_ltv_bps = 9000
liquidation_ltv_bps = 9500
[vaults.USDC.collaterals.GUSD]
borrow_ltv_bps = 0
liquidation_ltv_bps = 0
[vaults.DAI]
decimals = 18
max_liquidation_discount_bps = 500
liquidation_cool_off_seconds = 0
socialises_debt = false
interest_fee_bps = 2000
[vaults.DAI.rates]
base_rate = 5000000000000000000
slope1 = 1000000000
slope2 = 20000000000
kink = 3435973836
[vaults.DAI.collaterals.WETH]
borrow_ltv_bps = 8000
liquidation_ltv_bps = 8500
[vaults.DAI.collaterals.STETH]
borrow_ltv_bps = 6000
liquidation_ltv_bps = 6000
ramp = { initial_ltv_bps = 9000, ends_at_seconds = 1700010000, duration_seconds = 20000 }
[vaults.GUSD]
decimals = 2
max_liquidation_discount_bps = 2000
liquidation_cool_off_seconds = 0
socialises_debt = true
supply_cap = 6407
borrow_cap = 6406
[vaults.GUSD.collaterals.USDC]
borrow_ltv_bps = 9000
liquidation_ltv_bps = 9500
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
        let assets = tokens(&[
            ("STETH", 18),
            ("WETH", 18),
            ("USDC", 6),
            ("DAI", 18),
            ("GUSD", 2),
            ("NOPE", 18),
        ]);
        let prices = [(STETH, 2_000), (WETH, 2_000), (USDC, 1), (DAI, 1), (GUSD, 1), (NOPE, 1)];
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

    /// One of a vault's integers, as stored.
    fn vault(&self, asset: AssetId, column: u16) -> U256 {
        self.state.get(StateKey::Asset(asset, column))
    }
}

fn threshold(account: AccountId, bps: u64) -> Call {
    Call::Configure { account, column: column::OWN_THRESHOLD, value: U256::from(bps) }
}

/// The bits of these assets.
fn bits(assets: &[AssetId]) -> U256 {
    assets.iter().fold(U256::ZERO, |bits, asset| bits | (U256::ONE << asset.index()))
}

fn choose(account: AccountId, assets: &[AssetId]) -> Call {
    Call::Configure { account, column: column::COLLATERAL, value: bits(assets) }
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
