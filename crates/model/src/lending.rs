//! Pooled lending: reserves with scaled balances, and the liquidation that anyone may call.
//!
//! Written from the rule as text (Aave v3.7: health, close factor, sizing, dust, deficits, rates),
//! not from its mirror. Ordinary business follows what the pool of the engine documents: supplied
//! units round down, owed ones up, shares move in the pool's favour, and an account's business may
//! not leave its health below one.

mod interest;
mod keeper;
mod liquidation;
mod sale;

use crate::number::{Int, Result, ceil, floor, half_up, largest_word, narrow, narrow_signed};
use crate::number::{positive, ray, ten, wad, word};
use crate::pool::Pool;
use breakwater_liquidation::effects::Fact;
use breakwater_liquidation::{AssetKind, Call, Rejection, StateKey};
use breakwater_margin::{Health, Ratio};
use breakwater_money::{AccountId, AssetId, Class, Holder, Unit};
use num_traits::{Signed, Zero};
use std::collections::BTreeMap;

pub use interest::Kink;
pub use keeper::{KeeperOption, options};

/// Asset column: what a supplied share is worth (ray).
pub const SUPPLY_INDEX: u16 = 0;
/// Asset column: what an owed share has grown to (ray).
pub const DEBT_INDEX: u16 = 1;
/// Asset column: the suppliers' rate (ray a year).
pub const SUPPLY_RATE: u16 = 2;
/// Asset column: the borrowers' rate (ray a year).
pub const DEBT_RATE: u16 = 3;
/// Asset column: when the indices last moved (Unix seconds).
pub const UPDATED_AT: u16 = 4;
/// Asset column: what a policy adds to the borrowers' rate (ray a year).
pub const SURCHARGE: u16 = 5;
/// Account column: which assets count as collateral, a bit each.
pub const COUNTS: u16 = 0;
/// Account column: which assets are borrowed, a bit each.
pub const BORROWS: u16 = 1;
/// Account column: a threshold of its own, basis points; zero for none.
pub const OWN_THRESHOLD: u16 = 2;

/// Parameters of one reserve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reserve {
    /// Decimals of the asset.
    pub decimals: u8,
    /// Share of collateral value that counts, basis points.
    pub threshold: u16,
    /// Collateral per value repaid, basis points.
    pub bonus: u16,
    /// The protocol's share of the bonus, basis points.
    pub fee: u16,
    /// The protocol's share of the interest, basis points.
    pub reserve_factor: u16,
    /// Interest, if there is any.
    pub rates: Option<Kink>,
}

/// Parameters of a lending pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Name under which the rulebook tells itself.
    pub name: String,
    /// Decimals of values.
    pub numeraire_decimals: u8,
    /// Share of the whole debt that one call may repay, basis points.
    pub close_factor: u16,
    /// Health above which that share binds (1e18).
    pub close_factor_health: Int,
    /// Value on both sides from which it binds.
    pub close_factor_from: Int,
    /// Least value that may stay on both sides.
    pub least_leftover: Int,
    /// Reserves by symbol.
    pub reserves: BTreeMap<String, Reserve>,
    /// True where the venue sells collateral itself and takes no calls of outsiders.
    pub sold_by_venue: bool,
}

/// One reserve as an account is in it, its indices carried to now.
#[derive(Debug, Clone)]
struct Stake {
    asset: AssetId,
    terms: Reserve,
    price: Int,
    /// Base units of one whole token.
    unit: Int,
    supply_index: Int,
    debt_index: Int,
    supply_shares: Int,
    debt_shares: Int,
    counts: bool,
    borrows: bool,
    threshold: Int,
}

impl Stake {
    /// Units supplied, rounded down.
    fn supplied(&self) -> Result<Int> {
        floor(&(&self.supply_shares * &self.supply_index), &ray())
    }

    /// Units owed, rounded up.
    fn owed(&self) -> Result<Int> {
        ceil(&(&self.debt_shares * &self.debt_index), &ray())
    }

    /// Value of units supplied, rounded down.
    fn worth(&self, units: &Int) -> Result<Int> {
        floor(&(units * &self.price), &self.unit)
    }

    /// Value of units owed, rounded up.
    fn burden(&self, units: &Int) -> Result<Int> {
        ceil(&(units * &self.price), &self.unit)
    }
}

/// An account's sums over its reserves.
struct Totals {
    collateral: Int,
    debt: Int,
    weighted: Int,
    health: Int,
}

impl Totals {
    fn liquidatable(&self) -> bool {
        self.health < wad()
    }
}

fn totals(stakes: &[Stake]) -> Result<Totals> {
    let (mut collateral, mut debt, mut weighted) = (Int::zero(), Int::zero(), Int::zero());
    for stake in stakes {
        if stake.counts {
            let value = stake.worth(&stake.supplied()?)?;
            weighted += &value * &stake.threshold;
            collateral += value;
        }
        if stake.borrows {
            debt += stake.burden(&stake.owed()?)?;
        }
    }
    let health = if debt.is_zero() {
        largest_word()
    } else {
        floor(&half_up(&(&weighted * wad()), &debt)?, &Int::from(10_000))?
    };
    Ok(Totals { collateral, debt, weighted, health })
}

fn seconds(pool: &Pool) -> u64 {
    // division: whole seconds, rounded down
    pool.now.0 / 1_000_000_000
}

fn has_bit(bits: &Int, asset: AssetId) -> bool {
    bits.bit(u64::from(asset.0))
}

fn set_bit(pool: &mut Pool, account: AccountId, column: u16, asset: AssetId, on: bool) {
    let key = StateKey::Account(account, column);
    let mut bits = pool.recall(key);
    bits.set_bit(u64::from(asset.0), on);
    pool.remember(key, bits);
    pool.moved.insert(account);
}

impl Terms {
    /// True if parameters and assets agree on decimals.
    #[must_use]
    pub fn fits(&self, pool: &Pool) -> bool {
        pool.assets
            .iter()
            .all(|a| self.reserves.get(&a.symbol).is_none_or(|r| r.decimals == a.decimals))
    }

    /// True if every asset of the pool is a token with a reserve, priced in the numeraire's scale.
    #[must_use]
    pub fn admits(&self, pool: &Pool) -> bool {
        pool.assets.iter().all(|asset| {
            let market = asset.market.and_then(|m| pool.markets.get(m.index()));
            asset.kind == AssetKind::Token
                && self.reserves.contains_key(&asset.symbol)
                && market.is_none_or(|m| m.guard.decimals == self.numeraire_decimals)
        })
    }

    /// Sets the indices of reserves that have none to one.
    pub fn found(&self, pool: &mut Pool) {
        let seconds = Int::from(seconds(pool));
        for asset in (0..pool.assets.len()).filter_map(|i| u16::try_from(i).ok()).map(AssetId) {
            if pool.recall(StateKey::Asset(asset, SUPPLY_INDEX)).is_zero() {
                pool.remember(StateKey::Asset(asset, SUPPLY_INDEX), ray());
                pool.remember(StateKey::Asset(asset, DEBT_INDEX), ray());
                pool.remember(StateKey::Asset(asset, UPDATED_AT), seconds.clone());
            }
        }
    }

    /// All that is supplied, rounded down, and owed, rounded up, of an asset.
    ///
    /// # Errors
    /// No such reserve, or a sum beyond 128 bits.
    pub fn sums(&self, pool: &Pool, asset: AssetId) -> Result<(Int, Int)> {
        self.terms_of(pool, asset)?;
        let (supply_index, debt_index) = interest::indices_now(pool, asset)?;
        let issued = |unit| positive(-pool.balance(Holder::Issuer, unit));
        let supplied = floor(&(issued(Unit::supply(asset)) * supply_index), &ray())?;
        let owed = ceil(&(issued(Unit::debt(asset)) * debt_index), &ray())?;
        narrow(&supplied)?;
        narrow(&owed)?;
        Ok((supplied, owed))
    }

    /// True for a reserve with an interest model.
    #[must_use]
    pub fn bears_interest(&self, pool: &Pool, asset: AssetId) -> bool {
        self.terms_of(pool, asset).is_ok_and(|terms| terms.rates.is_some())
    }

    /// Adds basis points a year to the borrowers' rate, in place of what was added before.
    ///
    /// # Errors
    /// No such reserve.
    pub fn surcharge(&self, pool: &mut Pool, asset: AssetId, bps: u32) -> Result<()> {
        self.carry(pool, &[asset])?;
        pool.remember(StateKey::Asset(asset, SURCHARGE), Int::from(bps) * ten(23));
        self.reprice(pool, &[asset])
    }

    /// Units owed of one reserve, rounded up.
    ///
    /// # Errors
    /// A price that was never accepted.
    pub fn owes(&self, pool: &Pool, account: AccountId, asset: AssetId) -> Result<Int> {
        self.stake(pool, account, asset)?.owed()
    }

    /// The account in one reserve.
    fn stake(&self, pool: &Pool, account: AccountId, asset: AssetId) -> Result<Stake> {
        let terms = self.terms_of(pool, asset)?;
        let price = Int::from(pool.price(asset)?.raw);
        let (supply_index, debt_index) = interest::indices_now(pool, asset)?;
        let own = pool.recall(StateKey::Account(account, OWN_THRESHOLD));
        let threshold = if own.is_zero() { Int::from(terms.threshold) } else { own };
        let flag = |column| has_bit(&pool.recall(StateKey::Account(account, column)), asset);
        Ok(Stake {
            asset,
            terms,
            price,
            unit: ten(terms.decimals),
            supply_index,
            debt_index,
            supply_shares: positive(pool.own(account, Unit::supply(asset))),
            debt_shares: positive(pool.own(account, Unit::debt(asset))),
            counts: flag(COUNTS),
            borrows: flag(BORROWS),
            threshold,
        })
    }

    /// Every reserve the account is in.
    fn stakes(&self, pool: &Pool, account: AccountId) -> Result<Vec<Stake>> {
        let mut assets: Vec<AssetId> = pool
            .holdings(account)
            .into_iter()
            .filter(|(_, unit, _)| matches!(unit.class, Class::Supply | Class::Debt))
            .map(|(_, unit, _)| unit.asset)
            .collect();
        assets.sort_unstable();
        assets.dedup();
        assets.into_iter().map(|asset| self.stake(pool, account, asset)).collect()
    }

    /// Health of an account: weighted collateral against debt; exact equality is healthy.
    ///
    /// # Errors
    /// A price that was never accepted.
    pub fn health(&self, pool: &Pool, account: AccountId) -> Result<Health> {
        let totals = totals(&self.stakes(pool, account)?)?;
        let equity = floor(&totals.weighted, &Int::from(10_000))?;
        let missing = positive(&totals.debt - &equity);
        Ok(Health {
            equity: narrow_signed(&equity)?,
            requirement: narrow(&totals.debt)?,
            ratio: Ratio::from_raw(word(&totals.health)?),
            shortfall: narrow(&missing)?,
            breach: totals.liquidatable(),
        })
    }

    /// Does what a call asks for.
    ///
    /// # Errors
    /// The pool's refusal.
    pub fn perform(&self, pool: &mut Pool, call: &Call) -> Result<Vec<Fact>> {
        match *call {
            Call::Deposit { account, asset, amount } => {
                self.open(pool, account, asset, amount)?;
                self.deposit(pool, account, asset, &Int::from(amount))?;
                self.reprice(pool, &[asset])?;
            }
            Call::Withdraw { account, asset, amount } => {
                self.open(pool, account, asset, amount)?;
                self.withdraw(pool, account, asset, amount)?;
            }
            Call::Borrow { account, asset, amount } => {
                self.open(pool, account, asset, amount)?;
                self.pay_out(pool, asset, &Int::from(amount))?;
                self.lend(pool, account, asset, &Int::from(amount))?;
                self.reprice(pool, &[asset])?;
                self.still_healthy(pool, account)?;
            }
            Call::Repay { account, asset, amount } => {
                self.open(pool, account, asset, amount)?;
                let paid = self.pay_down(pool, account, asset, &Int::from(amount))?;
                pool.transfer(Holder::External, Holder::Reserve, Unit::token(asset), &paid)?;
                self.reprice(pool, &[asset])?;
            }
            Call::Import { account, asset, collateral, debt } => {
                self.open(pool, account, asset, collateral.max(debt))?;
                if collateral > 0 {
                    self.deposit(pool, account, asset, &Int::from(collateral))?;
                }
                if debt > 0 {
                    self.lend(pool, account, asset, &Int::from(debt))?;
                }
                self.reprice(pool, &[asset])?;
            }
            Call::Configure { account, column, value } => {
                return self.configure(pool, account, column, crate::number::of_word(value));
            }
            Call::RepayAndSeize { .. } if !self.sold_by_venue => return self.seize(pool, call),
            Call::Fill { .. } | Call::WriteOff { .. } if self.sold_by_venue => {
                return self.sell(pool, call);
            }
            _ => return Err(Rejection::Unsupported),
        }
        Ok(Vec::new())
    }

    /// What every call does first: ask for an amount and a reserve with a price, and carry the
    /// reserve's indices to now.
    fn open(
        &self,
        pool: &mut Pool,
        account: AccountId,
        asset: AssetId,
        amount: u128,
    ) -> Result<()> {
        if amount == 0 {
            return Err(Rejection::AmountZero);
        }
        self.stake(pool, account, asset)?;
        self.carry(pool, &[asset])
    }

    /// Units come in from outside and shares are issued for them, rounded down.
    fn deposit(&self, pool: &mut Pool, to: AccountId, asset: AssetId, units: &Int) -> Result<()> {
        let stake = self.stake(pool, to, asset)?;
        let shares = floor(&(units * ray()), &stake.supply_index)?;
        if shares.is_zero() {
            return Err(Rejection::ZeroBurn);
        }
        pool.transfer(Holder::External, Holder::Reserve, Unit::token(asset), units)?;
        pool.transfer(Holder::Issuer, Holder::Account(to), Unit::supply(asset), &shares)?;
        // The first units of a reserve count as collateral until the owner says otherwise.
        if stake.supply_shares.is_zero() {
            set_bit(pool, to, COUNTS, asset, true);
        }
        Ok(())
    }

    fn withdraw(
        &self,
        pool: &mut Pool,
        account: AccountId,
        asset: AssetId,
        amount: u128,
    ) -> Result<()> {
        let stake = self.stake(pool, account, asset)?;
        let balance = stake.supplied()?;
        let units = if amount == u128::MAX { balance.clone() } else { Int::from(amount) };
        if units > balance || units.is_zero() {
            return Err(Rejection::InsufficientBalance);
        }
        self.pay_out(pool, asset, &units)?;
        let shares = ceil(&(&units * ray()), &stake.supply_index)?.min(stake.supply_shares.clone());
        let holder = Holder::Account(account);
        pool.transfer(holder, Holder::Issuer, Unit::supply(asset), &shares)?;
        if shares == stake.supply_shares {
            set_bit(pool, account, COUNTS, asset, false);
        }
        self.reprice(pool, &[asset])?;
        self.still_healthy(pool, account)
    }

    /// Debt shares are issued, rounded up.
    fn lend(&self, pool: &mut Pool, to: AccountId, asset: AssetId, units: &Int) -> Result<()> {
        let stake = self.stake(pool, to, asset)?;
        let shares = ceil(&(units * ray()), &stake.debt_index)?;
        pool.transfer(Holder::Issuer, Holder::Account(to), Unit::debt(asset), &shares)?;
        set_bit(pool, to, BORROWS, asset, true);
        Ok(())
    }

    /// Burns what `units` pay of the account's debt and returns how many were needed.
    fn pay_down(
        &self,
        pool: &mut Pool,
        account: AccountId,
        asset: AssetId,
        units: &Int,
    ) -> Result<Int> {
        let stake = self.stake(pool, account, asset)?;
        if stake.debt_shares.is_zero() {
            return Err(Rejection::NotBorrowed);
        }
        let owed = stake.owed()?;
        let (paid, shares) = if units >= &owed {
            (owed, stake.debt_shares.clone())
        } else {
            (units.clone(), floor(&(units * ray()), &stake.debt_index)?)
        };
        if shares.is_zero() {
            return Err(Rejection::ZeroBurn);
        }
        pool.transfer(Holder::Account(account), Holder::Issuer, Unit::debt(asset), &shares)?;
        if shares == stake.debt_shares {
            set_bit(pool, account, BORROWS, asset, false);
        }
        Ok(paid)
    }

    fn pay_out(&self, pool: &mut Pool, asset: AssetId, units: &Int) -> Result<()> {
        let token = Unit::token(asset);
        if units > &pool.balance(Holder::Reserve, token) {
            return Err(Rejection::InsufficientLiquidity);
        }
        pool.transfer(Holder::Reserve, Holder::External, token, units)
    }

    fn configure(
        &self,
        pool: &mut Pool,
        account: AccountId,
        column: u16,
        value: Int,
    ) -> Result<Vec<Fact>> {
        let known = column == COUNTS || column == OWN_THRESHOLD;
        if !known || (column == OWN_THRESHOLD && value > Int::from(10_000)) {
            return Err(Rejection::BadParameter);
        }
        if column == COUNTS {
            // Only what is supplied can be switched on.
            let supplied = |bit: u64| {
                let asset = u16::try_from(bit).map(AssetId);
                asset.is_ok_and(|a| pool.own(account, Unit::supply(a)).is_positive())
            };
            if (0..value.bits()).any(|bit| value.bit(bit) && !supplied(bit)) {
                return Err(Rejection::NotCollateral);
            }
        }
        pool.remember(StateKey::Account(account, column), value);
        pool.moved.insert(account);
        if column == COUNTS {
            self.still_healthy(pool, account)?;
        }
        Ok(Vec::new())
    }

    fn still_healthy(&self, pool: &Pool, account: AccountId) -> Result<()> {
        let health = totals(&self.stakes(pool, account)?)?;
        if health.liquidatable() { Err(Rejection::BelowInitial) } else { Ok(()) }
    }

    /// The first thing a call does to the reserves it uses: indices of now.
    fn carry(&self, pool: &mut Pool, assets: &[AssetId]) -> Result<()> {
        assets.iter().try_for_each(|a| interest::carry(pool, *a, &self.terms_of(pool, *a)?))
    }

    /// The last thing a call does to the reserves it used: the rates their balances ask for.
    fn reprice(&self, pool: &mut Pool, assets: &[AssetId]) -> Result<()> {
        assets.iter().try_for_each(|a| interest::reprice(pool, *a, &self.terms_of(pool, *a)?))
    }

    fn terms_of(&self, pool: &Pool, asset: AssetId) -> Result<Reserve> {
        let info = pool.asset(asset)?;
        let is_token = info.kind == AssetKind::Token;
        let terms = self.reserves.get(&info.symbol).filter(|_| is_token);
        terms.copied().ok_or(Rejection::NotLendable)
    }
}

/// A difference that the venue refuses to let fall below zero.
fn checked(difference: Int) -> Result<Int> {
    if difference.is_negative() { Err(Rejection::Overflow) } else { Ok(difference) }
}
