//! A call in the making: accounts, contracts and the vault as they become, and what the ledger and
//! the state must be told of it.
//!
//! **The vault in the ledger.** Deposits are each account's own cash, the fund is the insurance
//! holder, and what both leave of the vault, the residual that profit is paid from, is the reserve.
//! So nobody but the reserve can be short, and it never is: only what is backed is paid from it.
//! Profit is a claim: shares of supply, one a unit, issued to the account. What an account has lost
//! beyond its deposit is a share of debt. The contract an account holds is the basis of its position,
//! issued to it: what indices have taken off since stays there until the account is touched.

use super::market::{Market, opposite, position_of, store_position};
use super::parameters::Book;
use super::warmup::Warmup;
use super::{LOST, WARMING};
use breakwater_liquidation::backstop::haircut::JuniorPool;
use breakwater_liquidation::backstop::side_index::{Direction, Position};
use breakwater_liquidation::effects::Bearer;
use breakwater_liquidation::{Effects, Fact, Rejected, Rejection, StateKey, Touched, View};
use breakwater_money::rounding::{Rounding, mul_div, narrow_i128, narrow_u128};
use breakwater_money::{AccountId, Amount, AssetId, Class, Holder, TransferCode, U256, Unit};
use std::collections::BTreeMap;

/// An account's position in one contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Held {
    pub asset: AssetId,
    pub direction: Direction,
    pub position: Position,
}

/// What an account has of the venue, base units of the settle asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Standing {
    pub account: AccountId,
    /// Its deposit, senior.
    pub capital: u128,
    /// Its profit, junior; below zero what it has lost beyond its deposit.
    pub pnl: i128,
    /// The part of its profit that waits.
    pub warmup: Warmup,
    /// Positions by contract.
    pub held: Vec<Held>,
}

/// Where an account's waiting profit is kept.
const WARMUP_COLUMNS: u16 = 5;

impl Standing {
    /// The account as the ledger and the state have it.
    pub fn of(book: &Book, view: &View<'_>, account: AccountId) -> Result<Self, Rejected> {
        let column = |column| view.state(StateKey::Account(account, column));
        let raw = |at| narrow_u128(column(at));
        let start_slot = u64::try_from(column(2)).map_err(|_| Rejection::Overflow)?;
        let warmup = Warmup {
            scheduled: raw(0)?,
            anchor: raw(1)?,
            start_slot,
            released: raw(3)?,
            pending: raw(4)?,
        };
        let mut it = Standing { account, capital: 0, pnl: 0, warmup, held: Vec::new() };
        for row in view.holdings(account)? {
            let Unit { asset, class } = row.unit;
            let size = row.balance.unsigned_abs();
            match class {
                Class::Token if asset == book.settle => it.capital = size,
                Class::Supply => it.pnl = plus(it.pnl, row.balance)?,
                Class::Debt => it.pnl = plus(it.pnl, -row.balance)?,
                Class::Token => {
                    if let Some(position) = position_of(view, account, asset, size)? {
                        let long = row.balance > 0;
                        let direction = if long { Direction::Long } else { Direction::Short };
                        it.held.push(Held { asset, direction, position });
                    }
                }
                Class::Deficit => {}
            }
        }
        Ok(it)
    }

    /// Profit, zero for a loss.
    pub fn profit(&self) -> u128 {
        self.pnl.max(0).unsigned_abs()
    }

    /// Profit that does not wait any more.
    pub fn released(&self) -> u128 {
        self.profit().saturating_sub(self.warmup.total())
    }

    /// What has been lost beyond the deposit.
    pub fn owed(&self) -> u128 {
        self.pnl.min(0).unsigned_abs()
    }

    /// Deposit and profit of a touched account: what maintenance is compared with.
    pub fn equity(&self) -> Result<i128, Rejected> {
        plus(signed(self.capital)?, self.pnl)
    }

    /// Writes what has changed since `before`.
    fn store(&self, before: &Standing, settle: AssetId, effects: &mut Effects, code: TransferCode) {
        let own = Holder::Account(self.account);
        let mut count = |unit: Unit, before: u128, after: u128, code: TransferCode| {
            effects.transfer(Holder::Issuer, own, unit, after.saturating_sub(before), code);
            effects.transfer(own, Holder::Issuer, unit, before.saturating_sub(after), code);
        };
        let code_of = |grows| if grows { TransferCode::Mint } else { TransferCode::Burn };
        let profit = (before.profit(), self.profit());
        count(Unit::supply(settle), profit.0, profit.1, code_of(profit.1 > profit.0));
        let owed = (before.owed(), self.owed());
        count(Unit::debt(settle), owed.0, owed.1, code_of(owed.1 > owed.0));
        let of = |held: &[Held], asset: AssetId| held.iter().find(|h| h.asset == asset).copied();
        let mut assets: Vec<AssetId> =
            before.held.iter().chain(&self.held).map(|held| held.asset).collect();
        assets.sort_unstable();
        assets.dedup();
        for asset in assets {
            let (old, new) = (of(&before.held, asset), of(&self.held, asset));
            let unit = Unit::token(asset);
            let basis = |held: Option<Held>, direction| {
                held.filter(|h| h.direction == direction).map_or(0, |h| h.position.basis)
            };
            // A short's units are owed: it gets none when it grows, it gives them.
            let long = (basis(old, Direction::Long), basis(new, Direction::Long));
            let short = (basis(old, Direction::Short), basis(new, Direction::Short));
            let (up, down) = (
                long.1.saturating_sub(long.0).saturating_add(short.0.saturating_sub(short.1)),
                long.0.saturating_sub(long.1).saturating_add(short.1.saturating_sub(short.0)),
            );
            effects.transfer(Holder::Issuer, own, unit, up, code);
            effects.transfer(own, Holder::Issuer, unit, down, code);
            let position = |held: Option<Held>| held.map(|h| h.position);
            store_position(effects, (self.account, asset), position(old), position(new));
        }
        let columns = |it: &Warmup| {
            let start = u128::from(it.start_slot);
            [it.scheduled, it.anchor, start, it.released, it.pending]
        };
        let values = columns(&before.warmup).into_iter().zip(columns(&self.warmup));
        for (column, (before, after)) in (0..WARMUP_COLUMNS).zip(values) {
            if before != after {
                effects.set(StateKey::Account(self.account, column), U256::from(after));
            }
        }
    }
}

/// A part of a position that was closed at the price in use.
#[derive(Debug, Clone, Copy)]
pub(super) struct Closed {
    pub asset: AssetId,
    /// The side it was closed on.
    pub direction: Direction,
    pub quantity: u128,
    /// Its value, rounded down.
    pub value: u128,
}

/// The pool as it becomes.
pub(super) struct Draft<'a> {
    pub book: &'a Book,
    pub view: &'a View<'a>,
    pub effects: Effects,
    markets: BTreeMap<AssetId, Market>,
    /// What profit is paid from.
    pub residual: u128,
    insurance: u128,
    /// Profit of all accounts.
    profits: u128,
    /// The part of it that waits.
    warming: u128,
    /// Losses that no side could be charged, since the beginning.
    lost: u128,
}

impl<'a> Draft<'a> {
    /// The pool as it is.
    pub fn new(book: &'a Book, view: &'a View<'a>) -> Result<Self, Rejected> {
        let has = |holder, unit| u128::try_from(view.balances.balance(holder, unit)).unwrap_or(0);
        let token = Unit::token(book.settle);
        Ok(Draft {
            book,
            view,
            effects: Effects::default(),
            markets: BTreeMap::new(),
            residual: has(Holder::Reserve, token),
            insurance: has(Holder::Insurance, token),
            profits: crate::desk::issued(view, Unit::supply(book.settle)),
            warming: narrow_u128(view.state(StateKey::Pool(WARMING)))?,
            lost: narrow_u128(view.state(StateKey::Pool(LOST)))?,
        })
    }

    /// A contract as it becomes.
    pub fn market(&mut self, asset: AssetId) -> Result<&mut Market, Rejected> {
        if !self.markets.contains_key(&asset) {
            let market = Market::now(self.book, self.view, asset)?;
            self.markets.insert(asset, market);
        }
        let missing = || Rejection::UnknownAsset.because(asset.to_string());
        self.markets.get_mut(&asset).ok_or_else(missing)
    }

    /// What profit past its waiting time is paid by.
    pub fn matured(&self) -> JuniorPool {
        self.junior(self.profits.saturating_sub(self.warming))
    }

    /// The same with `claims` in place of what is past its waiting time.
    pub fn junior(&self, claims: u128) -> JuniorPool {
        JuniorPool { vault: self.residual, capital: 0, insurance: 0, matured: claims }
    }

    /// Profit of all accounts.
    pub fn profits(&self) -> u128 {
        self.profits
    }

    /// Whether any contract that somebody holds has a price that has yet to reach its mark.
    pub fn lags(&mut self) -> Result<bool, Rejected> {
        let assets: Vec<AssetId> = self.book.contracts().collect();
        for asset in assets {
            // A contract without a price has never been traded.
            if self.view.price(asset).is_err() {
                continue;
            }
            let market = self.market(asset)?;
            let held = market.long.open_interest > 0 || market.short.open_interest > 0;
            if held && market.lags() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Adds to an account's profit, or takes from it below zero. Fresh profit waits.
    pub fn gain(&mut self, standing: &mut Standing, change: i128) -> Result<(), Rejected> {
        let before = standing.profit();
        standing.pnl = plus(standing.pnl, change)?;
        let after = standing.profit();
        if after > before {
            let fresh = after - before;
            self.profits = more(self.profits, fresh)?;
            if self.book.warmup_slots > 0 {
                standing.warmup.add(fresh, self.book.slot(self.view))?;
                self.warming = more(self.warming, fresh)?;
            }
        } else {
            let gone = before - after;
            self.profits = less(self.profits, gone)?;
            self.warming = less(self.warming, standing.warmup.take(gone))?;
        }
        Ok(())
    }

    /// Profit that was past its waiting time is given up, whatever for.
    pub fn consume(&mut self, standing: &mut Standing, amount: u128) -> Result<(), Rejected> {
        if amount > standing.released() {
            let detail = format!("amount {amount}, released profit {}", standing.released());
            return Err(Rejection::InsufficientBalance.because(detail));
        }
        standing.pnl = plus(standing.pnl, -signed(amount)?)?;
        self.profits = less(self.profits, amount)?;
        Ok(())
    }

    /// Profit that is paid becomes capital.
    pub fn pay_profit(&mut self, standing: &mut Standing, amount: u128) -> Result<(), Rejected> {
        self.residual = less(self.residual, amount)?;
        standing.capital = more(standing.capital, amount)?;
        let to = Holder::Account(standing.account);
        let unit = Unit::token(self.book.settle);
        self.effects.transfer(Holder::Reserve, to, unit, amount, TransferCode::Realise);
        Ok(())
    }

    /// A loss is paid from the deposit as far as that reaches.
    pub fn pay_loss(&mut self, standing: &mut Standing) -> Result<(), Rejected> {
        let paid = standing.owed().min(standing.capital);
        standing.capital -= paid;
        standing.pnl = plus(standing.pnl, signed(paid)?)?;
        self.residual = more(self.residual, paid)?;
        let (from, unit) = (Holder::Account(standing.account), Unit::token(self.book.settle));
        self.effects.transfer(from, Holder::Reserve, unit, paid, TransferCode::Realise);
        Ok(())
    }

    /// A fee goes to the fund as far as the deposit reaches; the rest is dropped, so that no fee is
    /// ever somebody else's loss. What was paid.
    pub fn charge(&mut self, standing: &mut Standing, fee: u128) -> Result<u128, Rejected> {
        let paid = fee.min(standing.capital);
        standing.capital -= paid;
        self.insurance = more(self.insurance, paid)?;
        let (from, unit) = (Holder::Account(standing.account), Unit::token(self.book.settle));
        self.effects.transfer(from, Holder::Insurance, unit, paid, TransferCode::Fee);
        Ok(paid)
    }

    /// Brings an account up to date: what time has released, what indices have moved, and a loss paid
    /// from its deposit. A position of which nothing is left is closed, and what a flat account still
    /// owes then finds its bearers.
    pub fn touch(&mut self, standing: &mut Standing) -> Result<(), Rejected> {
        let slot = self.book.slot(self.view);
        let freed = standing.warmup.advance(slot, self.book.warmup_slots)?;
        self.warming = less(self.warming, freed)?;
        for held in std::mem::take(&mut standing.held) {
            let side = self.market(held.asset)?.side_mut(held.direction);
            let mut position = Some(held.position);
            let settled = side.settle(&mut position).map_err(super::market::refused)?;
            if settled.effective == 0 && position.is_some() {
                side.close(&mut position).map_err(super::market::refused)?;
            }
            self.gain(standing, settled.gain)?;
            if let Some(position) = position {
                standing.held.push(Held { position, ..held });
            }
        }
        self.pay_loss(standing)?;
        if standing.held.is_empty() && standing.owed() > 0 {
            self.bankrupt(standing, &[])?;
        }
        Ok(())
    }

    /// Units that the account holds of a contract, short below zero; of a touched account.
    pub fn effective(&mut self, standing: &Standing, asset: AssetId) -> Result<i128, Rejected> {
        let Some(held) = standing.held.iter().find(|held| held.asset == asset) else {
            return Ok(0);
        };
        let side = self.market(asset)?.side(held.direction);
        let size = side.worth(&held.position).map_err(super::market::refused)?.effective;
        let size = narrow_i128(U256::from(size))?;
        Ok(if held.direction == Direction::Short { -size } else { size })
    }

    /// Makes a touched account's position one of `size` units, short below zero.
    pub fn resize(
        &mut self,
        standing: &mut Standing,
        asset: AssetId,
        size: i128,
    ) -> Result<(), Rejected> {
        let at = standing.held.iter().position(|held| held.asset == asset);
        let before = at.map(|at| standing.held.remove(at));
        let wanted = if size < 0 { Direction::Short } else { Direction::Long };
        let market = self.market(asset)?;
        let resize = |market: &mut Market, direction, position: Option<Position>, quantity| {
            let mut position = position;
            let done = market.side_mut(direction).resize(&mut position, quantity);
            done.map(|_| position).map_err(super::market::refused)
        };
        let same = before.filter(|held| held.direction == wanted);
        if let Some(other) = before.filter(|held| held.direction != wanted) {
            resize(market, other.direction, Some(other.position), 0)?;
        }
        let position = same.map(|held| held.position);
        let position = resize(market, wanted, position, size.unsigned_abs())?;
        if let Some(position) = position {
            standing.held.push(Held { asset, direction: wanted, position });
            standing.held.sort_by_key(|held| held.asset);
        }
        Ok(())
    }

    /// What a touched account must keep, and what it must have to take on more.
    pub fn required(&mut self, standing: &Standing) -> Result<(u128, u128), Rejected> {
        let mut sums = (0u128, 0u128);
        for held in &standing.held {
            let size = self.effective(standing, held.asset)?.unsigned_abs();
            if size == 0 {
                continue;
            }
            let market = self.market(held.asset)?;
            let notional = market.notional(size)?;
            sums.0 = more(sums.0, market.terms.maintenance(notional)?)?;
            sums.1 = more(sums.1, market.terms.initial(notional)?)?;
        }
        Ok(sums)
    }

    /// Closed parts of an account's positions are taken off the other sides, and what a flat account
    /// lacks finds its bearers: the fund, then those sides in proportion to what was closed, then all
    /// who have profit.
    pub fn bankrupt(&mut self, standing: &mut Standing, closed: &[Closed]) -> Result<(), Rejected> {
        let deficit = if standing.held.is_empty() { standing.owed() } else { 0 };
        let settle = self.book.settle;
        let paid = deficit.min(self.insurance);
        self.insurance -= paid;
        self.residual = more(self.residual, paid)?;
        let (unit, code) = (Unit::token(settle), TransferCode::Insurance);
        self.effects.transfer(Holder::Insurance, Holder::Reserve, unit, paid, code);
        standing.pnl = plus(standing.pnl, signed(deficit)?)?;
        let rest = deficit - paid;
        let mut whole = 0u128;
        for part in closed {
            whole = more(whole, part.value)?;
        }
        let mut left = rest;
        for (place, part) in closed.iter().enumerate() {
            // The last takes what the floors have left, and all of it where nothing closed is worth
            // anything.
            let share = if place + 1 == closed.len() {
                left
            } else {
                mul_div(rest, part.value, whole, Rounding::Floor).unwrap_or(0)
            };
            left -= share;
            let market = self.market(part.asset)?;
            let unborne = market.deleverage(opposite(part.direction), part.quantity, share)?;
            self.lost = more(self.lost, unborne)?;
        }
        self.lost = more(self.lost, left)?;
        let account = standing.account;
        let amount = |raw| Amount::new(settle, raw);
        if deficit > 0 {
            let fact = Fact::Deficit { account, amount: amount(deficit), value: deficit };
            self.effects.facts.push(fact);
        }
        for (bearer, share) in [(Bearer::Insurance, paid), (Bearer::Winners, rest)] {
            if share > 0 {
                let fact = Fact::Borne { account, bearer, amount: amount(share) };
                self.effects.facts.push(fact);
            }
        }
        Ok(())
    }

    /// A flat account's released profit becomes capital where all of everybody's is backed in full.
    /// Not while a price has yet to reach its mark.
    pub fn convert(&mut self, standing: &mut Standing) -> Result<(), Rejected> {
        let released = standing.released();
        let pool = self.matured();
        let whole = pool.residual() >= pool.matured;
        if standing.held.is_empty() && released > 0 && whole && !self.lags()? {
            self.consume(standing, released)?;
            self.pay_profit(standing, released)?;
        }
        Ok(())
    }

    /// Notes what has become of an account.
    pub fn store(&mut self, standing: &Standing, before: &Standing, code: TransferCode) {
        standing.store(before, self.book.settle, &mut self.effects, code);
    }

    /// What should happen.
    pub fn finish(mut self) -> Result<Effects, Rejected> {
        for market in self.markets.values_mut() {
            market.clear()?;
            market.store(&mut self.effects);
            if market.touched {
                self.effects.touched = Touched::Everyone;
            }
        }
        for (column, value) in [(WARMING, self.warming), (LOST, self.lost)] {
            let (key, value) = (StateKey::Pool(column), U256::from(value));
            if self.view.state(key) != value {
                self.effects.set(key, value);
            }
        }
        Ok(self.effects)
    }
}

pub(super) fn signed(value: u128) -> Result<i128, Rejected> {
    i128::try_from(value).map_err(|_| Rejection::Overflow.into())
}

pub(super) fn plus(left: i128, right: i128) -> Result<i128, Rejected> {
    left.checked_add(right).ok_or_else(|| Rejection::Overflow.into())
}

pub(super) fn more(left: u128, right: u128) -> Result<u128, Rejected> {
    left.checked_add(right).ok_or_else(|| Rejection::Overflow.into())
}

fn less(left: u128, right: u128) -> Result<u128, Rejected> {
    left.checked_sub(right).ok_or_else(|| {
        let detail = format!("{right} of {left}");
        Rejection::InsufficientLiquidity.because(detail)
    })
}
