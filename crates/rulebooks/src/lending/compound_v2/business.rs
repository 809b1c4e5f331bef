//! Ordinary business behind the trait: supplying, redeeming, borrowing, repaying, books carried
//! over, settings.
//!
//! What the venue does in two transactions is one call here: whoever deposits also enters the
//! market, since a deposit is collateral, and may leave it by a setting.

use super::health::{liquidity, may};
use super::market::{self, Part};
use super::pool::{CompoundV2, Held, column};
use super::{
    Market, Position, Revert, accrue, borrow_balance, exchange_rate, redeem, repay, supply,
};
use crate::desk;
use breakwater_liquidation::{Call, Effects, Rejected, Rejection, StateKey, Touched, View};
use breakwater_money::rounding::pow10;
use breakwater_money::{AccountId, AssetId, Holder, TransferCode, U256, Unit};

impl CompoundV2 {
    /// Business that is not a liquidation.
    pub(super) fn business(&self, view: &View<'_>, call: &Call) -> Result<Effects, Rejected> {
        match *call {
            Call::Deposit { account, asset, amount } => {
                desk::asked(view, account, amount)?;
                let mut effects = Effects::default();
                let (stored, market) = self.moved(view, asset)?;
                let after = self.add(view, account, asset, amount, &market, &mut effects)?;
                self.store(view, asset, (&stored, &after), &mut effects)?;
                Ok(effects)
            }
            Call::Withdraw { account, asset, amount } => {
                self.withdraw(view, account, asset, amount)
            }
            Call::Borrow { account, asset, amount } => self.borrow(view, account, asset, amount),
            Call::Repay { account, asset, amount } => self.repay(view, account, asset, amount),
            Call::Import { account, asset, collateral, debt } => {
                self.import(view, account, asset, collateral, debt)
            }
            Call::Configure { account, column: column::OWN_THRESHOLD, value } => {
                desk::set_own_threshold(view, account, column::OWN_THRESHOLD, value)
            }
            Call::Configure { account, column: column::ENTERED, value } => {
                self.enter(view, account, value)
            }
            Call::Configure { column, .. } => {
                let detail = format!("column {column}: 0 (entered) or 1 (own threshold)");
                Err(Rejection::BadParameter.because(detail))
            }
            _ => Err(desk::unsupported(self.named(), call)),
        }
    }

    /// The market as it stored itself and accrued to now.
    fn moved(&self, view: &View<'_>, asset: AssetId) -> Result<(Market, Market), Rejected> {
        let stored = self.market(view, asset)?;
        Ok((stored, accrue(&stored)?))
    }

    /// Assets come in from outside, shares are issued for them, and the market is entered.
    fn add(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
        amount: u128,
        market: &Market,
        effects: &mut Effects,
    ) -> Result<Market, Rejected> {
        let (after, shares) = supply(market, U256::from(amount))?;
        desk::take_in(effects, asset, amount, TransferCode::Deposit);
        let unit = Unit::supply(asset);
        desk::issue(effects, account, unit, desk::raw(shares)?, TransferCode::Mint);
        if view.owned(account, unit) == 0 {
            enter(view, account, asset, effects);
        }
        Ok(after)
    }

    fn withdraw(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
        amount: u128,
    ) -> Result<Effects, Rejected> {
        desk::asked(view, account, amount)?;
        let mut held = self.held(view, account)?;
        self.join(view, account, asset, &mut held)?;
        let (at, stored) = (held.place(asset)?, self.market(view, asset)?);
        let markets = held.accrued(at)?;
        let (market, position) = (markets[at], held.positions[at]);
        let asked = if amount == u128::MAX {
            Part::Shares(position.shares)
        } else {
            Part::Units(U256::from(amount))
        };
        let moves = market::part(&market, asked)?;
        if moves.shares > position.shares || position.shares.is_zero() {
            let detail = format!("{} shares, balance {}", moves.shares, position.shares);
            return Err(Rejection::InsufficientBalance.because(detail));
        }
        may(&markets, &held.positions, at, moves.shares, U256::ZERO)?;
        let (after, moves) = redeem(&market, asked)?;
        let mut effects = Effects::default();
        let (shares, units) = (desk::raw(moves.shares)?, desk::raw(moves.units)?);
        desk::cancel(view, &mut effects, account, Unit::supply(asset), shares, TransferCode::Burn)?;
        desk::pay_out(view, &mut effects, asset, units, TransferCode::Withdraw)?;
        self.store(view, asset, (&stored, &after), &mut effects)?;
        Ok(effects)
    }

    fn borrow(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
        amount: u128,
    ) -> Result<Effects, Rejected> {
        desk::asked(view, account, amount)?;
        let mut held = self.held(view, account)?;
        self.join(view, account, asset, &mut held)?;
        let (at, stored) = (held.place(asset)?, self.market(view, asset)?);
        let markets = held.accrued(at)?;
        let market = markets[at];
        if market.borrow_paused {
            return Err(Revert::BorrowPaused.into());
        }
        held.positions[at].entered = true;
        if market.price.is_zero() {
            return Err(Revert::NoPrice.into());
        }
        let amount_wide = U256::from(amount);
        let total = market.total_borrows.checked_add(amount_wide).ok_or(Revert::Arithmetic)?;
        // The total must stay below the cap.
        if self.borrow_cap(asset)?.is_some_and(|cap| total >= cap) {
            return Err(Revert::CapReached.into());
        }
        may(&markets, &held.positions, at, U256::ZERO, amount_wide)?;
        let (after, position) = super::borrow(&market, &held.positions[at], amount_wide)?;
        let mut effects = Effects::default();
        desk::pay_out(view, &mut effects, asset, amount, TransferCode::Borrow)?;
        owes(view, account, asset, &position, TransferCode::Mint, &mut effects)?;
        enter(view, account, asset, &mut effects);
        self.store(view, asset, (&stored, &after), &mut effects)?;
        Ok(effects)
    }

    /// Repays all for the largest number. More than is owed is refused, as on the venue.
    fn repay(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
        amount: u128,
    ) -> Result<Effects, Rejected> {
        desk::asked(view, account, amount)?;
        let (stored, market) = self.moved(view, asset)?;
        let position = self.position(view, account, asset);
        let owed = desk::raw(borrow_balance(&market, &position)?)?;
        if owed == 0 {
            return Err(Rejection::NotBorrowed.because(asset.to_string()));
        }
        let paid = if amount == u128::MAX { owed } else { amount };
        if paid > owed {
            let detail = format!("amount {paid}, owed {owed}");
            return Err(Rejection::InsufficientBalance.because(detail));
        }
        let (after, position) = repay(&market, &position, U256::from(paid))?;
        let mut effects = Effects::default();
        desk::take_in(&mut effects, asset, paid, TransferCode::Repay);
        owes(view, account, asset, &position, TransferCode::Burn, &mut effects)?;
        self.store(view, asset, (&stored, &after), &mut effects)?;
        Ok(effects)
    }

    /// A book's collateral and debt as they are. What was borrowed elsewhere had lenders who are
    /// not in the book: their shares are issued to the outside, or the debt would be a present to
    /// the suppliers who are.
    fn import(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
        collateral: u128,
        debt: u128,
    ) -> Result<Effects, Rejected> {
        desk::asked(view, account, collateral.max(debt))?;
        let (stored, mut market) = self.moved(view, asset)?;
        let mut effects = Effects::default();
        if collateral > 0 {
            market = self.add(view, account, asset, collateral, &market, &mut effects)?;
        }
        if debt > 0 {
            let (lent, shares) = supply(&market, U256::from(debt))?;
            let cash = market.cash;
            let position = self.position(view, account, asset);
            let (after, position) = market::owe(&lent, &position, U256::from(debt))?;
            market = Market { cash, ..after };
            effects.transfer(
                Holder::Issuer,
                Holder::External,
                Unit::supply(asset),
                desk::raw(shares)?,
                TransferCode::Import,
            );
            owes(view, account, asset, &position, TransferCode::Import, &mut effects)?;
            enter(view, account, asset, &mut effects);
        }
        self.store(view, asset, (&stored, &market), &mut effects)?;
        Ok(effects)
    }

    /// Enters and leaves markets: bit `i` of `value` says whether the account is in that of asset
    /// `i`. A market in which something is owed cannot be left, nor one that secures a debt
    /// elsewhere; nothing accrues.
    fn enter(&self, view: &View<'_>, account: AccountId, value: U256) -> Result<Effects, Rejected> {
        let held = self.held(view, account)?;
        let before = view.state(StateKey::Account(account, column::ENTERED));
        for bit in (0..256usize).filter(|bit| value.bit(*bit) && !before.bit(*bit)) {
            let asset = AssetId(u16::try_from(bit).unwrap_or(u16::MAX));
            self.parameters(view, asset)?;
        }
        let mut positions = held.positions.clone();
        let mut leaves = false;
        for (asset, position) in held.assets.iter().zip(&mut positions) {
            let entered = value.bit(asset.index());
            if position.entered && !entered {
                leaves = true;
                if !position.principal.is_zero() {
                    let detail = format!("entered {value}: {asset} is owed and cannot be left");
                    return Err(Rejection::BadParameter.because(detail));
                }
            }
            position.entered = entered;
        }
        if leaves && liquidity(&held.markets, &positions)?.is_liquidatable() {
            return Err(Revert::Insufficient.into());
        }
        let mut effects = Effects::default();
        effects.set(StateKey::Account(account, column::ENTERED), value);
        effects.touched = Touched::Accounts(vec![account]);
        Ok(effects)
    }

    /// Borrows that the market must stay below, base units; none where it has no cap.
    fn borrow_cap(&self, asset: AssetId) -> Result<Option<U256>, Rejected> {
        let Some(parameters) = self.listed(asset).filter(|p| p.borrow_cap > 0) else {
            return Ok(None);
        };
        let unit = U256::from(pow10(parameters.decimals)?);
        Ok(Some(U256::from(parameters.borrow_cap).saturating_mul(unit)))
    }

    /// Stores what a call made of a market, whose `(stored, after)` are given. Redeeming rounds
    /// against the pool: where that lowers what a share is worth by more than arming allows for,
    /// everybody is judged anew.
    pub(super) fn store(
        &self,
        view: &View<'_>,
        asset: AssetId,
        (stored, after): (&Market, &Market),
        effects: &mut Effects,
    ) -> Result<(), Rejected> {
        let columns = [
            (column::TOTAL_BORROWS, stored.total_borrows, after.total_borrows),
            (column::TOTAL_RESERVES, stored.total_reserves, after.total_reserves),
            (column::BORROW_INDEX, stored.borrow_index.raw, after.borrow_index.raw),
        ];
        for (column, before, now) in columns {
            if before != now {
                effects.set(StateKey::Asset(asset, column), now);
            }
        }
        if stored.earns() && !stored.blocks.is_zero() {
            effects.set(StateKey::Asset(asset, column::ACCRUED_AT), self.block(view.now));
        }
        let (before, now) = (exchange_rate(stored)?, exchange_rate(after)?);
        if !stored.total_supply.is_zero() && before.saturating_sub(now) > before >> RATE_FALL_SHIFT
        {
            effects.touched = Touched::Everyone;
        }
        Ok(())
    }
}

/// A fall of the exchange rate by rounding that needs no new judgement: one part in 2^30. Arming
/// allows for 2^12 of these.
const RATE_FALL_SHIFT: usize = 30;

/// Sets the account's debt to what the position says: the ledger holds the principal, which is
/// written up to the index whenever the position changes.
pub(super) fn owes(
    view: &View<'_>,
    account: AccountId,
    asset: AssetId,
    position: &Position,
    code: TransferCode,
    effects: &mut Effects,
) -> Result<(), Rejected> {
    let unit = Unit::debt(asset);
    let (before, now) = (view.owned(account, unit), desk::raw(position.principal)?);
    let holder = Holder::Account(account);
    if now >= before {
        effects.transfer(Holder::Issuer, holder, unit, now - before, code);
    } else {
        effects.transfer(holder, Holder::Issuer, unit, before - now, code);
    }
    // A position without a debt has no index worth keeping.
    let index = if now == 0 { U256::ZERO } else { position.interest_index.raw };
    effects.set(column::interest_index(account, asset), index);
    Ok(())
}

/// Enters the market of `asset`, after what `effects` already enter.
fn enter(view: &View<'_>, account: AccountId, asset: AssetId, effects: &mut Effects) {
    let key = StateKey::Account(account, column::ENTERED);
    let staged = effects.state.iter().rev().find(|(k, _)| *k == key).map(|(_, v)| *v);
    let before = staged.unwrap_or_else(|| view.state(key));
    if !before.bit(asset.index()) {
        let mut bits = before;
        bits.set_bit(asset.index(), true);
        effects.set(key, bits);
    }
}

impl Held {
    /// The markets with the one at `place` accrued, as business with it sees them.
    fn accrued(&self, place: usize) -> Result<Vec<Market>, Rejected> {
        let mut markets = self.markets.clone();
        if let Some(market) = markets.get_mut(place) {
            *market = accrue(market)?;
        }
        Ok(markets)
    }
}
