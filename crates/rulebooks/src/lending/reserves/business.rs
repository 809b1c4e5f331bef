//! Ordinary business of a reserve pool: supply, withdrawal, borrowing, repayment, books carried
//! over, settings. Shares are issued and burnt in the pool's favour.

use super::{Reserves, column};
use crate::lending::aave_v3::Reserve;
use breakwater_liquidation::{
    Call, Effects, Overlay, Rejected, Rejection, StateKey, Touched, View,
};
use breakwater_money::rounding::{Rounding, narrow_u128};
use breakwater_money::share::{to_shares, to_underlying};
use breakwater_money::{AccountId, AssetId, Bps, Holder, TransferCode, U256, Unit};

impl Reserves {
    /// Business that every pool of this family shares.
    ///
    /// # Errors
    /// The pool's refusal; [`Rejection::Unsupported`] for calls that are not ordinary business.
    pub fn business(&self, view: &View<'_>, call: &Call) -> Result<Effects, Rejected> {
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
            Call::Configure { account, column, value } => {
                self.configure(view, account, column, value)
            }
            _ => {
                let detail = format!("{} has no call '{}'", self.name, call.kind());
                Err(Rejection::Unsupported.because(detail))
            }
        }
    }

    fn deposit(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
        amount: u128,
    ) -> Result<Effects, Rejected> {
        let reserve = self.open(view, account, asset, amount)?;
        let mut effects = Effects::default();
        self.store_indices(view, asset, &reserve, &mut effects);
        self.supply(view, account, asset, amount, &reserve, &mut effects)?;
        self.store_rates(view, asset, &reserve, &mut effects)?;
        Ok(effects)
    }

    /// Assets come in from outside and shares are issued for them.
    fn supply(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
        amount: u128,
        reserve: &Reserve,
        effects: &mut Effects,
    ) -> Result<(), Rejected> {
        let index = reserve.liquidity_index.raw;
        let shares = narrow_u128(to_shares(U256::from(amount), index, Rounding::Floor)?)?;
        if shares == 0 {
            return Err(Rejection::ZeroBurn.because(format!("amount {amount} buys no share")));
        }
        let holder = Holder::Account(account);
        let (token, supply) = (Unit::token(asset), Unit::supply(asset));
        effects.transfer(Holder::External, Holder::Reserve, token, amount, TransferCode::Deposit);
        effects.transfer(Holder::Issuer, holder, supply, shares, TransferCode::Mint);
        if view.owned(account, supply) == 0 {
            self.flag(view, account, column::COLLATERAL, asset, true, effects);
        }
        Ok(())
    }

    fn withdraw(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
        amount: u128,
    ) -> Result<Effects, Rejected> {
        let reserve = self.open(view, account, asset, amount)?;
        let held = view.owned(account, Unit::supply(asset));
        let index = reserve.liquidity_index.raw;
        let balance = narrow_u128(to_underlying(U256::from(held), index, Rounding::Floor)?)?;
        let amount = if amount == u128::MAX { balance } else { amount };
        if amount > balance || amount == 0 {
            let detail = format!("amount {amount}, balance {balance}");
            return Err(Rejection::InsufficientBalance.because(detail));
        }
        let shares = narrow_u128(to_shares(U256::from(amount), index, Rounding::Ceil)?)?.min(held);
        let mut effects = Effects::default();
        self.store_indices(view, asset, &reserve, &mut effects);
        self.pay_out(view, asset, amount, TransferCode::Withdraw, &mut effects)?;
        let holder = Holder::Account(account);
        let unit = Unit::supply(asset);
        effects.transfer(holder, Holder::Issuer, unit, shares, TransferCode::Burn);
        if shares == held {
            self.flag(view, account, column::COLLATERAL, asset, false, &mut effects);
        }
        self.store_rates(view, asset, &reserve, &mut effects)?;
        self.stays_healthy(view, account, &effects)?;
        Ok(effects)
    }

    fn borrow(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
        amount: u128,
    ) -> Result<Effects, Rejected> {
        let reserve = self.open(view, account, asset, amount)?;
        let index = reserve.variable_borrow_index.raw;
        let shares = narrow_u128(to_shares(U256::from(amount), index, Rounding::Ceil)?)?;
        let mut effects = Effects::default();
        self.store_indices(view, asset, &reserve, &mut effects);
        self.pay_out(view, asset, amount, TransferCode::Borrow, &mut effects)?;
        let holder = Holder::Account(account);
        effects.transfer(Holder::Issuer, holder, Unit::debt(asset), shares, TransferCode::Mint);
        self.flag(view, account, column::BORROWING, asset, true, &mut effects);
        self.store_rates(view, asset, &reserve, &mut effects)?;
        self.stays_healthy(view, account, &effects)?;
        Ok(effects)
    }

    fn repay(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
        amount: u128,
    ) -> Result<Effects, Rejected> {
        let reserve = self.open(view, account, asset, amount)?;
        let mut effects = Effects::default();
        self.store_indices(view, asset, &reserve, &mut effects);
        let paid = self.pay_down(view, account, asset, amount, &reserve, &mut effects)?;
        effects.transfer(
            Holder::External,
            Holder::Reserve,
            Unit::token(asset),
            paid,
            TransferCode::Repay,
        );
        self.store_rates(view, asset, &reserve, &mut effects)?;
        Ok(effects)
    }

    /// Burns the debt that `amount` pays, at most all of it; returns the units that took.
    ///
    /// # Errors
    /// No debt, or an amount that burns no share.
    pub fn pay_down(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
        amount: u128,
        reserve: &Reserve,
        effects: &mut Effects,
    ) -> Result<u128, Rejected> {
        let owed = view.owned(account, Unit::debt(asset));
        if owed == 0 {
            return Err(Rejection::NotBorrowed.because(asset.to_string()));
        }
        let index = reserve.variable_borrow_index.raw;
        let debt = narrow_u128(to_underlying(U256::from(owed), index, Rounding::Ceil)?)?;
        let paid = amount.min(debt);
        let shares = if paid == debt {
            owed
        } else {
            narrow_u128(to_shares(U256::from(paid), index, Rounding::Floor)?)?
        };
        if shares == 0 {
            return Err(Rejection::ZeroBurn.because(format!("amount {paid} burns no share")));
        }
        let holder = Holder::Account(account);
        effects.transfer(holder, Holder::Issuer, Unit::debt(asset), shares, TransferCode::Burn);
        if shares == owed {
            self.flag(view, account, column::BORROWING, asset, false, effects);
        }
        Ok(paid)
    }

    fn import(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
        collateral: u128,
        debt: u128,
    ) -> Result<Effects, Rejected> {
        let reserve = self.open(view, account, asset, collateral.max(debt))?;
        let mut effects = Effects::default();
        self.store_indices(view, asset, &reserve, &mut effects);
        if collateral > 0 {
            self.supply(view, account, asset, collateral, &reserve, &mut effects)?;
        }
        if debt > 0 {
            // The borrowed units left long ago: only the claim is carried over.
            let index = reserve.variable_borrow_index.raw;
            let shares = narrow_u128(to_shares(U256::from(debt), index, Rounding::Ceil)?)?;
            let (holder, unit) = (Holder::Account(account), Unit::debt(asset));
            effects.transfer(Holder::Issuer, holder, unit, shares, TransferCode::Import);
            self.flag(view, account, column::BORROWING, asset, true, &mut effects);
        }
        self.store_rates(view, asset, &reserve, &mut effects)?;
        Ok(effects)
    }

    fn configure(
        &self,
        view: &View<'_>,
        account: AccountId,
        column: u16,
        value: U256,
    ) -> Result<Effects, Rejected> {
        view.holdings(account)?;
        match column {
            column::OWN_THRESHOLD if value > Bps::one().raw => {
                let detail = format!("own threshold {value}: at most 10000 (100 %)");
                return Err(Rejection::BadParameter.because(detail));
            }
            // Only what is supplied can be switched on, or a liquidation would seize nothing.
            column::COLLATERAL => {
                let supplied = |i: usize| {
                    let asset = u16::try_from(i).map(AssetId);
                    asset.is_ok_and(|asset| view.owned(account, Unit::supply(asset)) > 0)
                };
                if let Some(bit) = (0..256).find(|i| value.bit(*i) && !supplied(*i)) {
                    let detail = format!("collateral {value}: nothing of asset {bit} is supplied");
                    return Err(Rejection::NotCollateral.because(detail));
                }
            }
            column::OWN_THRESHOLD => {}
            _ => {
                let detail = format!("column {column}: 0 (collateral) or 2 (own threshold)");
                return Err(Rejection::BadParameter.because(detail));
            }
        }
        let mut effects = Effects::default();
        effects.set(StateKey::Account(account, column), value);
        effects.touched = Touched::Accounts(vec![account]);
        if column == column::COLLATERAL {
            self.stays_healthy(view, account, &effects)?;
        }
        Ok(effects)
    }

    fn open(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
        amount: u128,
    ) -> Result<Reserve, Rejected> {
        view.holdings(account)?;
        if amount == 0 {
            return Err(Rejection::AmountZero.because("amount 0: at least 1"));
        }
        self.reserve(view, asset)
    }

    fn pay_out(
        &self,
        view: &View<'_>,
        asset: AssetId,
        amount: u128,
        code: TransferCode,
        effects: &mut Effects,
    ) -> Result<(), Rejected> {
        let cash = view.balances.balance(Holder::Reserve, Unit::token(asset));
        if i128::try_from(amount).is_ok_and(|amount| amount <= cash) {
            let token = Unit::token(asset);
            effects.transfer(Holder::Reserve, Holder::External, token, amount, code);
            return Ok(());
        }
        let detail = format!("amount {amount}, cash {cash}");
        Err(Rejection::InsufficientLiquidity.because(detail))
    }

    /// Sets or clears one bit of an account's flags.
    pub fn flag(
        &self,
        view: &View<'_>,
        account: AccountId,
        column: u16,
        asset: AssetId,
        on: bool,
        effects: &mut Effects,
    ) {
        let key = StateKey::Account(account, column);
        let staged = effects.state.iter().rev().find(|(k, _)| *k == key).map(|(_, v)| *v);
        let mut bits = staged.unwrap_or_else(|| view.state(key));
        bits.set_bit(asset.index(), on);
        effects.set(key, bits);
    }

    fn stays_healthy(
        &self,
        view: &View<'_>,
        account: AccountId,
        effects: &Effects,
    ) -> Result<(), Rejected> {
        let overlay = Overlay::new(*view, account, effects)?;
        let totals = self.totals(&overlay.view(), account)?;
        if totals.is_liquidatable() {
            let detail = format!("health factor would be {}", totals.health_factor);
            return Err(Rejection::BelowInitial.because(detail));
        }
        Ok(())
    }
}
