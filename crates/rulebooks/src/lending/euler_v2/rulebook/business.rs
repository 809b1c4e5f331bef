//! Ordinary business: shares bought and redeemed, borrowing, repayment, books carried over,
//! settings. Shares and debts round as in the contract, against whoever asks.

use super::pool::{Books, Caps, Pool};
use super::position::grow_debt;
use super::{EulerV2, column};
use crate::desk;
use crate::lending::euler_v2::{COLLATERALS_MAX, owed_exact, owed_units};
use breakwater_liquidation::{Call, Effects, Rejected, Rejection, StateKey, Touched, View};
use breakwater_money::rounding::Rounding;
use breakwater_money::{AccountId, AssetId, Holder, TransferCode, U256, Unit};

impl EulerV2 {
    pub(super) fn business(&self, view: &View<'_>, call: &Call) -> Result<Effects, Rejected> {
        match *call {
            Call::Deposit { account, asset, amount } => self.deposit(view, account, asset, amount),
            Call::Withdraw { account, asset, amount } => {
                self.withdraw(view, account, asset, amount)
            }
            Call::Borrow { account, asset, amount } => self.borrow(view, account, asset, amount),
            Call::Repay { account, asset, amount } => self.repay(view, account, asset, amount),
            Call::Import { account, asset, collateral, debt } => {
                self.import(view, account, asset, collateral, debt)
            }
            Call::Configure { account, column: column::COLLATERAL, value } => {
                self.choose(view, account, value)
            }
            Call::Configure { account, column: column::OWN_THRESHOLD, value } => {
                desk::set_own_threshold(view, account, column::OWN_THRESHOLD, value)
            }
            Call::Configure { column, .. } => {
                let detail = format!("column {column}: 0 (collateral) or 3 (own threshold)");
                Err(Rejection::BadParameter.because(detail))
            }
            _ => Err(desk::unsupported(&self.pool.name, call)),
        }
    }

    /// The first shares of an asset secure the account's debt from then on, if its ten collaterals
    /// leave room: what a depositor does in the same batch.
    fn deposit(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
        amount: u128,
    ) -> Result<Effects, Rejected> {
        let books = self.asked(view, account, asset, amount)?;
        let mut effects = Effects::default();
        supply(&mut effects, account, &books, amount)?;
        if view.owned(account, Unit::supply(asset)) == 0 {
            // An eleventh is held and secures nothing.
            let _ = Pool::enable(view, &mut effects, account, asset);
        }
        self.pool.store(view, &mut effects, &books, books.borrows, Caps::Bind)?;
        Ok(effects)
    }

    /// Units of the asset for shares rounded up; all shares for what they redeem for, rounded down.
    fn withdraw(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
        amount: u128,
    ) -> Result<Effects, Rejected> {
        let books = self.asked(view, account, asset, amount)?;
        let held = view.owned(account, Unit::supply(asset));
        if held == 0 {
            let detail = format!("amount {amount}, balance 0");
            return Err(Rejection::InsufficientBalance.because(detail));
        }
        let (units, shares) = if amount == u128::MAX {
            (desk::raw(books.redeem(U256::from(held))?)?, held)
        } else {
            (amount, books.shares_for(amount, Rounding::Ceil)?)
        };
        if units == 0 {
            let detail = format!("E_ZeroAssets: {held} shares redeem for nothing");
            return Err(Rejection::ZeroBurn.because(detail));
        }
        let mut effects = Effects::default();
        let (unit, code) = (Unit::supply(asset), TransferCode::Burn);
        desk::cancel(view, &mut effects, account, unit, shares, code)?;
        desk::pay_out(view, &mut effects, asset, units, TransferCode::Withdraw)?;
        if shares == held {
            let key = StateKey::Account(account, column::COLLATERAL);
            let mut bits = view.state(key);
            bits.set_bit(asset.index(), false);
            effects.set(key, bits);
        }
        self.pool.store(view, &mut effects, &books, books.borrows, Caps::Bind)?;
        self.pool.check(view, &mut effects, account)?;
        Ok(effects)
    }

    /// The largest number borrows all of the vault's cash.
    fn borrow(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
        amount: u128,
    ) -> Result<Effects, Rejected> {
        let books = self.asked(view, account, asset, amount)?;
        let mut effects = Effects::default();
        let amount = if amount == u128::MAX { desk::cash(view, &effects, asset) } else { amount };
        if amount == 0 {
            return Err(Rejection::InsufficientLiquidity.because("cash 0: nothing to borrow"));
        }
        let borrows =
            self.owe(view, &mut effects, account, &books, amount, TransferCode::Borrow)?;
        desk::pay_out(view, &mut effects, asset, amount, TransferCode::Borrow)?;
        self.pool.store(view, &mut effects, &books, borrows, Caps::Bind)?;
        self.pool.check(view, &mut effects, account)?;
        Ok(effects)
    }

    /// At most what is owed, rounded up to base units: the rest of one is paid as a whole one, and a
    /// debt that stays is whole.
    fn repay(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
        amount: u128,
    ) -> Result<Effects, Rejected> {
        let books = self.asked(view, account, asset, amount)?;
        let owes = self.pool.debt(view, account)?.filter(|(owed, _)| *owed == asset);
        let Some((_, raw)) = owes else {
            let detail = format!("{account} owes nothing of {asset}");
            return Err(Rejection::NotBorrowed.because(detail));
        };
        let exact = self.pool.owed(view, account, raw, &books)?;
        let owed = desk::raw(owed_units(exact)?)?;
        let paid = amount.min(owed);
        let left = owed_exact(U256::from(owed - paid))?;
        let mut effects = Effects::default();
        grow_debt(&mut effects, account, &books, raw, exact)?;
        desk::take_in(&mut effects, asset, paid, TransferCode::Repay);
        let (holder, unit) = (Holder::Account(account), Unit::debt(asset));
        // What is paid is at least one unit, and so no less than what rounding up added.
        let gone = desk::raw(exact.saturating_sub(left))?;
        effects.transfer(holder, Holder::Issuer, unit, gone, TransferCode::Burn);
        let borrows = books.borrows.saturating_sub(exact).checked_add(left);
        let borrows = borrows.ok_or(Rejection::Overflow)?;
        self.pool.store(view, &mut effects, &books, borrows, Caps::Bind)?;
        Ok(effects)
    }

    /// Carries a position over as it is. With a debt come its lenders, outside the pool, so that the
    /// price of the vault's shares stays what it was.
    fn import(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
        collateral: u128,
        debt: u128,
    ) -> Result<Effects, Rejected> {
        let books = self.asked(view, account, asset, collateral.max(debt))?;
        let (mut effects, code) = (Effects::default(), TransferCode::Import);
        if collateral > 0 {
            supply(&mut effects, account, &books, collateral)?;
            Pool::enable(view, &mut effects, account, asset)?;
        }
        let mut borrows = books.borrows;
        if debt > 0 {
            borrows = self.owe(view, &mut effects, account, &books, debt, code)?;
            let lent = books.shares_for(debt, Rounding::Floor)?;
            let unit = Unit::supply(asset);
            effects.transfer(Holder::Issuer, Holder::External, unit, lent, code);
        }
        self.pool.store(view, &mut effects, &books, borrows, Caps::Ignored)?;
        Ok(effects)
    }

    /// Adds to what the account owes a vault, which must be the only one; returns the vault's debt
    /// afterwards.
    fn owe(
        &self,
        view: &View<'_>,
        effects: &mut Effects,
        account: AccountId,
        books: &Books,
        amount: u128,
        code: TransferCode,
    ) -> Result<U256, Rejected> {
        let asset = books.asset;
        let raw = match self.pool.debt(view, account)? {
            None => 0,
            Some((owed, raw)) if owed == asset => raw,
            Some((owed, _)) => {
                let detail =
                    format!("{account} owes {owed}: one vault an account, not {asset} as well");
                return Err(Rejection::NotLendable.because(detail));
            }
        };
        let exact =
            if raw == 0 { U256::ZERO } else { self.pool.owed(view, account, raw, books)? };
        grow_debt(effects, account, books, raw, exact)?;
        let more = owed_exact(U256::from(amount))?;
        desk::issue(effects, account, Unit::debt(asset), desk::raw(more)?, code);
        books.borrows.checked_add(more).ok_or_else(|| Rejection::Overflow.into())
    }

    /// Chooses which shares secure the account's debt.
    fn choose(
        &self,
        view: &View<'_>,
        account: AccountId,
        value: U256,
    ) -> Result<Effects, Rejected> {
        view.holdings(account)?;
        if value.count_ones() > COLLATERALS_MAX {
            let detail = format!("collateral {value}: at most {COLLATERALS_MAX} vaults");
            return Err(Rejection::BadParameter.because(detail));
        }
        let known = |i: usize| {
            let asset = u16::try_from(i).map(AssetId);
            asset.is_ok_and(|asset| self.pool.listed(view, asset).is_ok())
        };
        if let Some(bit) = (0..256).find(|i| value.bit(*i) && !known(*i)) {
            let detail = format!("collateral {value}: there is no vault of asset {bit}");
            return Err(Rejection::BadParameter.because(detail));
        }
        let mut effects = Effects::default();
        effects.set(StateKey::Account(account, column::COLLATERAL), value);
        effects.touched = Touched::Accounts(vec![account]);
        self.pool.check(view, &mut effects, account)?;
        Ok(effects)
    }

    fn asked(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
        amount: u128,
    ) -> Result<Books, Rejected> {
        desk::asked(view, account, amount)?;
        self.pool.books(view, asset)
    }
}

/// Assets come in from outside, and shares are issued for them, rounded down.
fn supply(
    effects: &mut Effects,
    account: AccountId,
    books: &Books,
    amount: u128,
) -> Result<(), Rejected> {
    let shares = books.shares_for(amount, Rounding::Floor)?;
    if shares == 0 {
        let detail = format!("E_ZeroShares: amount {amount} buys no share");
        return Err(Rejection::ZeroBurn.because(detail));
    }
    desk::take_in(effects, books.asset, amount, TransferCode::Deposit);
    desk::issue(effects, account, Unit::supply(books.asset), shares, TransferCode::Mint);
    Ok(())
}
