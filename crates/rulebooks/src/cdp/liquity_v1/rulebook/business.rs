//! What owners do with their troves, and depositors with the stability pool.

use super::LiquityV1;
use super::state::{self, Pair, Position, column};
use crate::cdp::liquity_v1::trove::{enter, put_on_record, stake_anew};
use crate::cdp::liquity_v1::{
    Adjustment, Pool, PoolChange, System, Trove, TroveChange, adjust, close, open, provide,
    withdraw,
};
use crate::desk;
use breakwater_liquidation::{Call, Effects, Rejected, Rejection, StateKey, View};
use breakwater_money::{AccountId, AssetId, Holder, TransferCode, U256, Unit};

impl LiquityV1 {
    /// The pair, if `asset` is its collateral.
    fn collateral(&self, view: &View<'_>, asset: AssetId) -> Result<Pair, Rejected> {
        let pair = self.pair()?;
        if asset != pair.collateral {
            let symbol = &view.asset(asset)?.symbol;
            let detail = format!("{symbol} is no collateral of {}", self.name);
            return Err(Rejection::NotCollateral.because(detail));
        }
        Ok(pair)
    }

    /// The pair, if `asset` is its coin.
    fn coin(&self, view: &View<'_>, asset: AssetId) -> Result<Pair, Rejected> {
        let pair = self.pair()?;
        if asset != pair.coin {
            let symbol = &view.asset(asset)?.symbol;
            let detail = format!("{symbol} is not lent by {}", self.name);
            return Err(Rejection::NotLendable.because(detail));
        }
        Ok(pair)
    }

    /// Into the trove, or, without one, to wait for it.
    pub(super) fn deposit(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
        amount: u128,
    ) -> Result<Effects, Rejected> {
        desk::asked(view, account, amount)?;
        let pair = self.collateral(view, asset)?;
        let position = pair.position(view, account);
        let mut effects = Effects::default();
        desk::take_in(&mut effects, asset, amount, TransferCode::Deposit);
        if !position.trove.is_open() {
            desk::issue(&mut effects, account, Unit::supply(asset), amount, TransferCode::Mint);
            return Ok(effects);
        }
        let change = Adjustment { collateral_in: U256::from(amount), ..Adjustment::default() };
        self.adjusted(view, pair, (account, &position.trove), &change, &mut effects)?;
        Ok(effects)
    }

    /// What may be claimed goes out first. All of an open trove's collateral cannot, so that asking
    /// for all of it means what may be claimed, where there is any.
    pub(super) fn withdraw(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
        amount: u128,
    ) -> Result<Effects, Rejected> {
        desk::asked(view, account, amount)?;
        let pair = self.collateral(view, asset)?;
        let Position { trove, waiting } = pair.position(view, account);
        let claimable = desk::raw(trove.claimable)?;
        let claimed = amount.min(claimable);
        let mut effects = Effects::default();
        let (holder, token) = (Holder::Account(account), Unit::token(asset));
        let code = TransferCode::Withdraw;
        effects.transfer(holder, Holder::External, token, claimed, code);
        if trove.is_open() {
            let rest = match amount {
                u128::MAX if claimed > 0 => 0,
                u128::MAX => desk::raw(trove.entire(&pair.system(view))?.all.collateral)?,
                amount => amount - claimed,
            };
            if rest > 0 {
                desk::pay_out(view, &mut effects, asset, rest, code)?;
                let change =
                    Adjustment { collateral_out: U256::from(rest), ..Adjustment::default() };
                self.adjusted(view, pair, (account, &trove), &change, &mut effects)?;
            }
            return Ok(effects);
        }
        let rest = if amount == u128::MAX { waiting } else { amount - claimed };
        if rest > waiting || rest.saturating_add(claimed) == 0 {
            let detail = format!("amount {amount}, there are {claimable} to claim and {waiting}");
            return Err(Rejection::InsufficientBalance.because(detail));
        }
        desk::pay_out(view, &mut effects, asset, rest, code)?;
        desk::cancel(view, &mut effects, account, Unit::supply(asset), rest, TransferCode::Burn)?;
        Ok(effects)
    }

    /// Opens a trove with all collateral that waits, or adds to the debt of an open one.
    pub(super) fn borrow(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
        amount: u128,
    ) -> Result<Effects, Rejected> {
        desk::asked(view, account, amount)?;
        let pair = self.coin(view, asset)?;
        let Position { trove, waiting } = pair.position(view, account);
        let mut effects = Effects::default();
        let token = Unit::token(asset);
        let code = TransferCode::Borrow;
        effects.transfer(Holder::Issuer, Holder::External, token, amount, code);
        if trove.is_open() {
            let change = Adjustment { borrowed: U256::from(amount), ..Adjustment::default() };
            self.adjusted(view, pair, (account, &trove), &change, &mut effects)?;
            return Ok(effects);
        }
        let before = pair.system(view);
        let price = self.price(view, pair)?;
        let (collateral, borrowed) = (U256::from(waiting), U256::from(amount));
        let change = open(&self.rule, &before, &trove, collateral, borrowed, price)?;
        let set_aside = desk::raw(self.rule.stable_compensation)?;
        effects.transfer(Holder::Issuer, Holder::Reserve, token, set_aside, code);
        self.changed(view, pair, account, (&before, &change), &mut effects)?;
        Ok(effects)
    }

    /// Takes from the debt; all of it closes the trove and hands its collateral back.
    pub(super) fn repay(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
        amount: u128,
    ) -> Result<Effects, Rejected> {
        desk::asked(view, account, amount)?;
        let pair = self.coin(view, asset)?;
        let trove = pair.position(view, account).trove;
        if !trove.is_open() {
            return Err(Rejection::NotBorrowed.because(account.to_string()));
        }
        let mut effects = Effects::default();
        let (token, code) = (Unit::token(asset), TransferCode::Repay);
        if amount != u128::MAX {
            effects.transfer(Holder::External, Holder::Issuer, token, amount, code);
            let change = Adjustment { repaid: U256::from(amount), ..Adjustment::default() };
            self.adjusted(view, pair, (account, &trove), &change, &mut effects)?;
            return Ok(effects);
        }
        let before = pair.system(view);
        let entire = trove.entire(&before)?.all;
        let change = close(&self.rule, &before, &trove, self.price(view, pair)?)?;
        // The compensation was set aside when the trove was opened.
        let set_aside = desk::raw(self.rule.stable_compensation.min(entire.debt))?;
        let paid = desk::raw(entire.debt)? - set_aside;
        effects.transfer(Holder::External, Holder::Issuer, token, paid, code);
        effects.transfer(Holder::Reserve, Holder::Issuer, token, set_aside, code);
        let collateral = desk::raw(entire.collateral)?;
        let out = TransferCode::Withdraw;
        desk::pay_out(view, &mut effects, pair.collateral, collateral, out)?;
        self.changed(view, pair, account, (&before, &change), &mut effects)?;
        Ok(effects)
    }

    /// A trove as it is elsewhere, its debt with the compensation in it. The coins that were lent
    /// are outside; those that were set aside come along.
    pub(super) fn import(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
        (collateral, debt): (u128, u128),
    ) -> Result<Effects, Rejected> {
        desk::asked(view, account, collateral.max(debt))?;
        let pair = if debt > 0 { self.coin(view, asset)? } else { self.pair()? };
        if collateral > 0 {
            self.collateral(view, asset)?;
        }
        let code = TransferCode::Import;
        let mut effects = Effects::default();
        desk::take_in(&mut effects, asset, collateral, code);
        let position = pair.position(view, account);
        let trove = position.trove;
        if !trove.is_open() && debt == 0 {
            desk::issue(&mut effects, account, Unit::supply(asset), collateral, code);
            return Ok(effects);
        }
        let before = pair.system(view);
        let more = Pool { collateral: U256::from(collateral), debt: U256::from(debt) };
        let (system, trove) = if trove.is_open() {
            enlarged(&before, &trove, more)?
        } else {
            let set_aside = desk::raw(self.rule.stable_compensation)?;
            if debt < set_aside {
                let detail = format!("debt {debt}: at least the compensation of {set_aside} in it");
                return Err(Rejection::BadParameter.because(detail));
            }
            let token = Unit::token(asset);
            effects.transfer(Holder::Issuer, Holder::Reserve, token, set_aside, code);
            effects.transfer(Holder::Issuer, Holder::External, token, debt - set_aside, code);
            enter(&before, &trove, Pool { collateral: U256::from(position.waiting), ..more })?
        };
        if position.trove.is_open() {
            let token = Unit::token(pair.coin);
            effects.transfer(Holder::Issuer, Holder::External, token, debt, code);
        }
        let after = Position { trove, waiting: 0 };
        pair.store_trove(view, account, &after, (code, code), &mut effects)?;
        state::store_system(view, &system, &mut effects);
        self.touch(view, pair, (&before, &system), &mut effects)?;
        Ok(effects)
    }

    /// An owner's change of an open trove.
    fn adjusted(
        &self,
        view: &View<'_>,
        pair: Pair,
        (account, trove): (AccountId, &Trove),
        change: &Adjustment,
        effects: &mut Effects,
    ) -> Result<(), Rejected> {
        let before = pair.system(view);
        let price = self.price(view, pair)?;
        let done = adjust(&self.rule, &before, trove, change, price)?;
        self.changed(view, pair, account, (&before, &done), effects)
    }

    /// Books what an owner's call leaves, and its fee.
    fn changed(
        &self,
        view: &View<'_>,
        pair: Pair,
        account: AccountId,
        (before, change): (&System, &TroveChange),
        effects: &mut Effects,
    ) -> Result<(), Rejected> {
        let fee = desk::raw(change.fee)?;
        let coin = Unit::token(pair.coin);
        effects.transfer(Holder::Issuer, Holder::Treasury, coin, fee, TransferCode::Fee);
        let after = Position { trove: change.trove, waiting: 0 };
        let codes = (TransferCode::Mint, TransferCode::Burn);
        pair.store_trove(view, account, &after, codes, effects)?;
        state::store_system(view, &change.system, effects);
        self.touch(view, pair, (before, &change.system), effects)
    }

    /// Adds to a deposit in the stability pool.
    pub(super) fn provide(
        &self,
        view: &View<'_>,
        call: &Call,
        (account, asset, amount): (AccountId, AssetId, u128),
    ) -> Result<Effects, Rejected> {
        let pair = self.provided(call, asset)?;
        desk::asked(view, account, amount)?;
        let deposit = pair.deposit(view, account);
        let before = pair.system_with_sums(view, &deposit);
        let amount_in = U256::from(amount);
        let change = provide(&self.rule, &before.stability, &deposit, amount_in)?;
        let mut effects = Effects::default();
        let code = TransferCode::Provide;
        effects.transfer(Holder::External, Holder::Vault, Unit::token(asset), amount, code);
        self.settled(view, pair, account, (before, change), &mut effects)?;
        Ok(effects)
    }

    /// Takes from a deposit in the stability pool, and what it has gained. Refused, but for the gain
    /// alone, while a trove is below its minimum.
    pub(super) fn reclaim(
        &self,
        view: &View<'_>,
        call: &Call,
        (account, asset, amount): (AccountId, AssetId, u128),
    ) -> Result<Effects, Rejected> {
        let pair = self.provided(call, asset)?;
        view.holdings(account)?;
        let deposit = pair.deposit(view, account);
        let before = pair.system_with_sums(view, &deposit);
        let waiting = amount > 0 && self.is_anybody_below(view, pair, &before)?;
        let wanted = U256::from(amount);
        let change = withdraw(&self.rule, &before.stability, &deposit, wanted, waiting)?;
        let mut effects = Effects::default();
        let (token, code) = (Unit::token(asset), TransferCode::Provide);
        let paid = desk::raw(change.paid)?;
        effects.transfer(Holder::Vault, Holder::External, token, paid, code);
        self.settled(view, pair, account, (before, change), &mut effects)?;
        Ok(effects)
    }

    /// The pair, if `asset` is what the stability pool takes.
    fn provided(&self, call: &Call, asset: AssetId) -> Result<Pair, Rejected> {
        let pair = self.pair.filter(|pair| asset == pair.coin);
        pair.ok_or_else(|| desk::unsupported(&self.name, call))
    }

    /// Pays a gain out of the vault and books the deposit.
    fn settled(
        &self,
        view: &View<'_>,
        pair: Pair,
        account: AccountId,
        (before, change): (System, PoolChange),
        effects: &mut Effects,
    ) -> Result<(), Rejected> {
        let gain = desk::raw(change.gain)?;
        let token = Unit::token(pair.collateral);
        effects.transfer(Holder::Vault, Holder::External, token, gain, TransferCode::Provide);
        pair.store_deposit(view, account, &change.deposit, effects)?;
        let after = System { stability: change.pool, ..before.clone() };
        state::store_system(view, &after, effects);
        self.touch(view, pair, (&before, &after), effects)
    }

    fn is_anybody_below(
        &self,
        view: &View<'_>,
        pair: Pair,
        system: &System,
    ) -> Result<bool, Rejected> {
        let price = self.price(view, pair)?;
        for account in (0..view.balances.accounts()).map(AccountId) {
            let trove = pair.position(view, account).trove;
            if trove.ratio(system, price)? < trove.minimum(&self.rule) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The open troves of the pool in order of opening.
    pub(super) fn troves(&self, view: &View<'_>, pair: Pair) -> Vec<(AccountId, Trove)> {
        let accounts = (0..view.balances.accounts()).map(AccountId);
        let all = accounts.map(|account| (account, pair.position(view, account).trove));
        let mut open: Vec<_> = all.filter(|(_, trove)| trove.is_open()).collect();
        open.sort_by_key(|(account, _)| view.state(StateKey::Account(*account, column::OPENING)));
        open
    }
}

/// An open trove with more in it, unchecked.
fn enlarged(system: &System, trove: &Trove, more: Pool) -> Result<(System, Trove), Rejected> {
    let (mut system, recorded) = put_on_record(system, trove)?;
    let sum = |a: U256, b: U256| a.checked_add(b).ok_or(Rejection::Overflow);
    system.active = Pool {
        collateral: sum(system.active.collateral, more.collateral)?,
        debt: sum(system.active.debt, more.debt)?,
    };
    let enlarged = Trove {
        collateral: sum(recorded.collateral, more.collateral)?,
        debt: sum(recorded.debt, more.debt)?,
        ..recorded
    };
    Ok(stake_anew(&system, enlarged)?)
}
