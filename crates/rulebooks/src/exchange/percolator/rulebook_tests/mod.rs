//! The rulebook over a small pool: sides that are never of one size or one scale, a fund that covers
//! a part, and every value looked at after every call.

mod business;
mod conservation;
mod deficits;
mod order;
mod parameters;
mod prices;

use super::draft::Standing;
use super::market::Market;
use super::parameters::{Book, Parameters};
use super::{LOST, WARMING, build};
use crate::test_pool::Rows;
use breakwater_liquidation::backstop::side_index::Direction;
use breakwater_liquidation::{
    AssetInfo, AssetKind, Balances, Call, Effects, MarketInfo, PoolState, Rejected, Rejection,
    Rulebook, StateKey, View,
};
use breakwater_margin::Health;
use breakwater_market::{Guard, GuardState, Mark, MarketId};
use breakwater_money::{
    AccountId, AssetId, Class, Holder, Price, Rational, Time, U256, Unit, rational,
};
use std::collections::BTreeMap;

const SHIPPED: &str = include_str!("../../../../../../rulebooks/percolator.toml");

const USDC: AssetId = AssetId(0);
/// A contract of no decimals, priced with two: one unit is worth a hundred million settle units.
const BIG: AssetId = AssetId(1);
/// Nine decimals, priced with six.
const FINE: AssetId = AssetId(2);
/// A token that settles nothing.
const COIN: AssetId = AssetId(3);

const A: AccountId = AccountId(0);
const B: AccountId = AccountId(1);
const C: AccountId = AccountId(2);
const D: AccountId = AccountId(3);

/// One USDC in base units.
const ONE: u128 = 1_000_000;

/// A slot of the shipped file.
const SLOT: u64 = 400_000_000;

struct Pool {
    rulebook: Box<dyn Rulebook>,
    book: Book,
    assets: Vec<AssetInfo>,
    markets: Vec<MarketInfo>,
    marks: Vec<GuardState>,
    rows: Rows,
    state: PoolState,
    now: Time,
}

/// The shipped numbers without waiting times and fees on trades, and with prices that follow at once
/// over a wait of a hundred slots.
fn plain() -> String {
    let text = SHIPPED.replace("warmup_slots = 100", "warmup_slots = 0");
    let text = text.replace("trading_fee_bps = 10\n", "trading_fee_bps = 0\n");
    text.replace("price_cap_bps_per_slot = 4\n", "price_cap_bps_per_slot = 99\n")
}

fn assets() -> Vec<AssetInfo> {
    let asset = |symbol: &str, decimals, kind, market| AssetInfo {
        symbol: symbol.to_owned(),
        decimals,
        kind,
        market,
    };
    let perpetual = AssetKind::linear_perpetual(USDC);
    vec![
        asset("USDC", 6, AssetKind::Token, None),
        asset("BIG-PERP", 0, perpetual, Some(MarketId(0))),
        asset("FINE-PERP", 9, perpetual, Some(MarketId(1))),
        asset("COIN", 6, AssetKind::Token, None),
    ]
}

impl Pool {
    /// So many accounts; BIG at 100.00, FINE at 20.000000.
    fn new(parameters: &str, accounts: usize) -> Pool {
        let assets = assets();
        let rulebook = build(parameters, &assets).unwrap();
        let book = Book::bind(&Parameters::parse(parameters).unwrap(), &assets).unwrap();
        let market = |asset: AssetId, decimals| MarketInfo {
            symbol: asset.to_string(),
            asset,
            guard: Guard {
                decimals,
                age_max_nanos: 1,
                ahead_max_nanos: 0,
                band_bps: 10_000,
                spread_max_bps: 0,
                grace_nanos: 0,
            },
            volatility_weight: 1,
        };
        let mut pool = Pool {
            state: PoolState::new(rulebook.layout()),
            rulebook,
            book,
            assets,
            markets: vec![market(BIG, 2), market(FINE, 6)],
            marks: vec![GuardState::default(); 2],
            rows: Rows { accounts: vec![Vec::new(); accounts], ..Rows::default() },
            now: Time(1_000_000 * SLOT),
        };
        pool.mark(BIG, 10_000);
        pool.mark(FINE, 20_000_000);
        pool
    }

    fn mark(&mut self, asset: AssetId, raw: u128) {
        let market = self.assets[asset.index()].market.unwrap();
        let price = Price::new(raw, self.markets[market.index()].guard.decimals);
        let (observed_at, accepted_at) = (self.now, self.now);
        let mark = Mark { price, half_spread: 0, observed_at, accepted_at, sequence: 0 };
        self.marks[market.index()] = GuardState { mark: Some(mark), grace_until: None };
    }

    fn wait(&mut self, slots: u64) {
        self.now = self.now.after(slots * SLOT);
    }

    /// A mark, and time enough for the price in use to reach it.
    fn price(&mut self, asset: AssetId, raw: u128) {
        self.mark(asset, raw);
        for _ in 0..20 {
            self.wait(100);
            self.accrue();
        }
        assert!(!self.market(asset).lags());
    }

    fn accrue(&mut self) -> Effects {
        let effects = self.rulebook.accrue(&self.view()).unwrap();
        self.post(&effects);
        effects
    }

    fn view(&self) -> View<'_> {
        let (assets, markets, marks) = (&self.assets, &self.markets, &self.marks);
        View::new(self.now, assets, markets, marks, &self.rows, &self.state)
    }

    fn post(&mut self, effects: &Effects) {
        for transfer in &effects.transfers {
            let amount = i128::try_from(transfer.amount).unwrap();
            assert!(amount > 0 && transfer.debit != transfer.credit, "{transfer:?}");
            self.rows.add(transfer.debit, transfer.unit, -amount);
            self.rows.add(transfer.credit, transfer.unit, amount);
        }
        for (key, value) in &effects.state {
            assert!(self.state.set(*key, *value), "{key:?}");
        }
    }

    fn ask(&self, call: &Call) -> Result<Effects, Rejected> {
        self.rulebook.execute(&self.view(), call)
    }

    fn call(&mut self, call: &Call) -> Result<Effects, Rejected> {
        let effects = self.ask(call)?;
        self.post(&effects);
        Ok(effects)
    }

    #[track_caller]
    fn does(&mut self, call: &Call) -> Effects {
        self.call(call).unwrap_or_else(|rejected| panic!("{call:?}: {rejected}"))
    }

    #[track_caller]
    fn refuses(&self, call: &Call) -> Rejection {
        self.ask(call).unwrap_err().rejection
    }

    fn deposit(&mut self, account: AccountId, amount: u128) {
        self.does(&Call::Deposit { account, asset: USDC, amount });
    }

    fn fund_insurance(&mut self, amount: i128) {
        self.rows.add(Holder::External, Unit::token(USDC), -amount);
        self.rows.add(Holder::Insurance, Unit::token(USDC), amount);
    }

    /// A trade at the price in use.
    #[track_caller]
    fn trade(&mut self, buyer: AccountId, seller: AccountId, asset: AssetId, quantity: u128) {
        let price = self.market(asset).used();
        self.does(&trade(buyer, seller, asset, quantity, price));
    }

    fn health(&self, account: AccountId) -> Health {
        self.rulebook.assess(&self.view(), account).unwrap()
    }

    fn equity(&self, account: AccountId) -> i128 {
        self.health(account).equity
    }

    fn market(&self, asset: AssetId) -> Market {
        Market::now(&self.book, &self.view(), asset).unwrap()
    }

    fn standing(&self, account: AccountId) -> Standing {
        Standing::of(&self.book, &self.view(), account).unwrap()
    }

    fn balance(&self, holder: Holder, unit: Unit) -> i128 {
        self.rows.balance(holder, unit)
    }

    fn own(&self, account: AccountId) -> i128 {
        self.balance(Holder::Account(account), Unit::token(USDC))
    }

    fn residual(&self) -> i128 {
        self.balance(Holder::Reserve, Unit::token(USDC))
    }

    fn insurance(&self) -> i128 {
        self.balance(Holder::Insurance, Unit::token(USDC))
    }

    fn pool_column(&self, column: u16) -> u128 {
        u128::try_from(self.state.get(StateKey::Pool(column))).unwrap()
    }

    fn everybody(&self) -> impl Iterator<Item = AccountId> + use<> {
        (0..self.rows.accounts()).map(AccountId)
    }

    /// What the vault has beyond the fund and everything that accounts are worth, losses that no side
    /// could be charged counted as had: what rounding has left. Below zero value was made of nothing.
    fn dust(&self) -> i128 {
        let vault = -self.balance(Holder::External, Unit::token(USDC));
        let worth: i128 = self.everybody().map(|account| self.equity(account)).sum();
        vault + self.pool_column(LOST) as i128 - self.insurance() - worth
    }

    /// What must hold after every call.
    #[track_caller]
    fn judge(&self) {
        let mut sums: BTreeMap<Unit, i128> = BTreeMap::new();
        let (mut profits, mut waiting) = (0, 0);
        for account in self.everybody() {
            for held in self.rows.holdings(account) {
                *sums.entry(held.unit).or_default() += held.balance;
                let is_contract = [BIG, FINE].contains(&held.unit.asset);
                assert!(is_contract || held.balance > 0, "{account} has {held:?}");
            }
            let standing = self.standing(account);
            assert!(standing.warmup.total() <= standing.profit(), "{standing:?}");
            assert!(standing.owed() == 0 || standing.capital == 0, "{standing:?}");
            profits += standing.profit();
            waiting += standing.warmup.total();
        }
        for ((holder, unit), balance) in &self.rows.pool {
            *sums.entry(*unit).or_default() += balance;
            let owes = matches!(holder, Holder::External | Holder::Issuer);
            assert!(owes || *balance >= 0, "{holder:?} has {balance} of {unit:?}");
        }
        assert!(sums.values().all(|sum| *sum == 0), "{sums:?}");
        assert_eq!(self.pool_column(WARMING), waiting);
        assert_eq!(self.balance(Holder::Issuer, Unit::supply(USDC)), -(profits as i128));
        assert!(self.dust() >= 0, "{} minted", -self.dust());
        for asset in [BIG, FINE] {
            self.sides_agree(asset);
        }
    }

    /// Each side's counts and open interest against the positions themselves, in exact fractions.
    #[track_caller]
    fn sides_agree(&self, asset: AssetId) {
        let market = self.market(asset);
        for direction in [Direction::Long, Direction::Short] {
            let side = market.side(direction);
            let (mut exact, mut positions, mut stale) = (whole(0), 0, 0);
            for account in self.everybody() {
                for held in self.standing(account).held {
                    if held.asset != asset || held.direction != direction {
                        continue;
                    }
                    let position = held.position;
                    if position.epoch != side.epoch {
                        stale += 1;
                        continue;
                    }
                    positions += 1;
                    let scaled = whole(position.basis) * whole(side.scale_e15);
                    exact += scaled / whole(position.scale_e15);
                }
            }
            assert_eq!((positions, stale), (side.positions, side.stale), "{direction:?}");
            assert!(exact <= whole(side.open_interest), "{side:?} holds {exact}");
            assert!(exact >= whole(side.open_interest - side.unheld), "{side:?} holds {exact}");
        }
    }
}

fn whole(raw: u128) -> Rational {
    Rational::from_integer(rational::big(U256::from(raw)).into())
}

fn trade(
    buyer: AccountId,
    seller: AccountId,
    contract: AssetId,
    quantity: u128,
    price: Price,
) -> Call {
    Call::Trade { buyer: Some(buyer), seller: Some(seller), contract, quantity, price }
}

fn withdraw(account: AccountId, amount: u128) -> Call {
    Call::Withdraw { account, asset: USDC, amount }
}

fn fill(account: AccountId, asset: AssetId, quantity: u128) -> Call {
    Call::Fill { account, asset, quantity, proceeds: 1, proceeds_asset: USDC }
}

fn absorb(accounts: &[AccountId]) -> Call {
    Call::Absorb { accounts: accounts.to_vec() }
}

/// Whether the side's scale or the other's has moved.
fn scales(pool: &Pool, asset: AssetId) -> (u128, u128) {
    let market = pool.market(asset);
    (market.long.scale_e15, market.short.scale_e15)
}
