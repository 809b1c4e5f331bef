//! Ordinary business: collateral in and out, lending, borrowing, repayment, books carried over,
//! settings. Shares and units round as in the contract, against whoever asks.

use super::markets::{Listed, Place, Seat};
use super::{MorphoBlue, column};
use crate::desk;
use crate::lending::morpho_blue::VIRTUAL;
use breakwater_liquidation::{Call, Effects, Rejected, Rejection, StateKey, Touched, View};
use breakwater_money::rounding::Rounding;
use breakwater_money::{AccountId, AssetId, Class, Holder, TransferCode, U256, Unit};

impl MorphoBlue {
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
            Call::Configure { account, column: column::MARKET, value } => {
                self.choose(view, account, value)
            }
            Call::Configure { account, column: column::OWN_THRESHOLD, value } => {
                desk::set_own_threshold(view, account, column::OWN_THRESHOLD, value)
            }
            Call::Configure { column, .. } => {
                let detail = format!("column {column}: 0 (market) or 1 (own threshold)");
                Err(Rejection::BadParameter.because(detail))
            }
            _ => Err(desk::unsupported(&self.name, call)),
        }
    }

    /// The loan asset of the account's market is lent, a collateral becomes collateral, and an
    /// asset that only one market lends and none takes as collateral is lent there.
    fn deposit(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
        amount: u128,
    ) -> Result<Effects, Rejected> {
        self.asked(view, account, asset, amount)?;
        let place = self.markets.place(view, account)?;
        if let Some(listed) = place.listed.filter(|m| m.identity.loan == asset) {
            return self.lend(view, account, listed, amount);
        }
        if self.markets.secures(asset) || place.bound {
            return self.secure(view, account, asset, amount);
        }
        self.holds_nothing_else(view, account, asset)?;
        let mut lending = self.markets.iter().filter(|m| m.identity.loan == asset);
        match (lending.next(), lending.next()) {
            (Some(only), None) => self.lend(view, account, only, amount),
            _ => {
                let detail = format!(
                    "several markets lend {}: choose one by column 0 of the account, such as {}",
                    self.symbol(view, asset),
                    self.numbers(asset)
                );
                Err(Rejection::NotLendable.because(detail))
            }
        }
    }

    /// Collateral comes in (`Morpho.supplyCollateral`).
    fn secure(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
        amount: u128,
    ) -> Result<Effects, Rejected> {
        let mut effects = Effects::default();
        let place = self.markets.place(view, account)?;
        match place.listed {
            Some(listed) if listed.identity.collateral == asset => {}
            Some(listed) if place.bound => {
                let detail = format!(
                    "the account's market {} takes {}, not {}",
                    listed.name,
                    self.symbol(view, listed.identity.collateral),
                    self.symbol(view, asset)
                );
                return Err(Rejection::NotLendable.because(detail));
            }
            chosen => {
                if !self.markets.secures(asset) {
                    let detail = format!("no market takes {}", self.symbol(view, asset));
                    return Err(Rejection::NotCollateral.because(detail));
                }
                self.holds_nothing_else(view, account, asset)?;
                if chosen.is_some() {
                    // A choice that the collateral does not fit is none.
                    effects.set(StateKey::Account(account, column::MARKET), U256::ZERO);
                }
            }
        }
        desk::take_in(&mut effects, asset, amount, TransferCode::Deposit);
        desk::issue(&mut effects, account, Unit::supply(asset), amount, TransferCode::Mint);
        Ok(effects)
    }

    /// The loan asset comes in for supply shares, rounded down (`Morpho.supply`).
    fn lend(
        &self,
        view: &View<'_>,
        account: AccountId,
        listed: &Listed,
        amount: u128,
    ) -> Result<Effects, Rejected> {
        let (mut effects, loan) = (Effects::default(), listed.identity.loan);
        let accrued = listed.accrued(view)?;
        let mut after = accrued.market;
        let shares = VIRTUAL.to_shares(U256::from(amount), after.supply(), Rounding::Floor)?;
        let shares = desk::raw(shares)?;
        after.total_supply_assets = add(after.total_supply_assets, amount)?;
        after.total_supply_shares = add(after.total_supply_shares, shares)?;
        let others = after.total_borrow_shares;
        listed.store(view, &mut effects, &accrued, &after, others)?;
        desk::take_in(&mut effects, loan, amount, TransferCode::Deposit);
        desk::issue(&mut effects, account, Unit::supply(loan), shares, TransferCode::Mint);
        enter(&mut effects, account, listed);
        Ok(effects)
    }

    fn withdraw(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
        amount: u128,
    ) -> Result<Effects, Rejected> {
        self.asked(view, account, asset, amount)?;
        if let Some(seat) = self.markets.seat(view, account)?
            && seat.listed.identity.loan == asset
        {
            return withdraw_lent(view, account, &seat, amount);
        }
        let held = view.owned(account, Unit::supply(asset));
        let amount = if amount == u128::MAX { held } else { amount };
        if amount == 0 {
            return Err(Rejection::InsufficientBalance.because("balance 0"));
        }
        let mut effects = Effects::default();
        let (unit, code) = (Unit::supply(asset), TransferCode::Burn);
        desk::cancel(view, &mut effects, account, unit, amount, code)?;
        if let Some(seat) = self.markets.seat(view, account)?
            && seat.position.borrow_shares > 0
        {
            let (accrued, others) = (&seat.accrued, seat.others());
            seat.listed.store(view, &mut effects, accrued, &accrued.market, others)?;
            desk::stays_sound(self, view, account, &effects)?;
        }
        desk::pay_out(view, &mut effects, asset, amount, TransferCode::Withdraw)?;
        Ok(effects)
    }

    /// Debt shares rounded up; the position must be healthy and the market's debt within its supply
    /// (`Morpho.borrow`).
    fn borrow(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
        amount: u128,
    ) -> Result<Effects, Rejected> {
        self.asked(view, account, asset, amount)?;
        let seat = self.market_for(view, account, asset)?.seat(view, account)?;
        let mut effects = Effects::default();
        let after = owe(view, account, &seat, amount, TransferCode::Mint, &mut effects)?;
        seat.listed.store(view, &mut effects, &seat.accrued, &after, seat.others())?;
        desk::stays_sound(self, view, account, &effects)?;
        covered(after.total_borrow_assets, after.total_supply_assets)?;
        desk::pay_out(view, &mut effects, asset, amount, TransferCode::Borrow)?;
        Ok(effects)
    }

    /// An amount burns shares rounded down; all of the debt is repaid by its shares, for what they
    /// are worth rounded up (`Morpho.repay`).
    fn repay(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
        amount: u128,
    ) -> Result<Effects, Rejected> {
        self.asked(view, account, asset, amount)?;
        let seat = self.markets.seat(view, account)?;
        let owes = |s: &Seat<'_>| s.listed.identity.loan == asset && s.position.borrow_shares > 0;
        let Some(seat) = seat.filter(owes) else {
            let detail = format!("{account} owes no {}", self.symbol(view, asset));
            return Err(Rejection::NotBorrowed.because(detail));
        };
        let (owed, mut after) = (seat.owed()?, seat.accrued.market);
        let (paid, shares) = if U256::from(amount) >= owed {
            (desk::raw(owed)?, seat.position.borrow_shares)
        } else {
            let shares = VIRTUAL.to_shares(U256::from(amount), after.borrow(), Rounding::Floor)?;
            (amount, desk::raw(shares)?)
        };
        let mut effects = Effects::default();
        // All of the debt may be worth a unit more than the market's total.
        after.total_borrow_assets = after.total_borrow_assets.saturating_sub(paid);
        after.total_borrow_shares = take(after.total_borrow_shares, shares)?;
        seat.listed.store(view, &mut effects, &seat.accrued, &after, seat.others())?;
        let (unit, code) = (Unit::debt(asset), TransferCode::Burn);
        desk::cancel(view, &mut effects, account, unit, shares, code)?;
        desk::take_in(&mut effects, asset, paid, TransferCode::Repay);
        Ok(effects)
    }

    /// Carries a position over as it is. With a debt come its lenders, outside the pool, so that
    /// the market's supply covers its debt as before.
    fn import(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
        collateral: u128,
        debt: u128,
    ) -> Result<Effects, Rejected> {
        self.asked(view, account, asset, collateral.max(debt))?;
        if debt == 0 {
            return self.secure(view, account, asset, collateral);
        }
        if collateral > 0 {
            let detail = format!("no market lends {} against itself", self.symbol(view, asset));
            return Err(Rejection::NotLendable.because(detail));
        }
        let seat = self.market_for(view, account, asset)?.seat(view, account)?;
        let mut effects = Effects::default();
        let code = TransferCode::Import;
        let mut after = owe(view, account, &seat, debt, code, &mut effects)?;
        let lent = VIRTUAL.to_shares(U256::from(debt), after.supply(), Rounding::Floor)?;
        let lent = desk::raw(lent)?;
        after.total_supply_assets = add(after.total_supply_assets, debt)?;
        after.total_supply_shares = add(after.total_supply_shares, lent)?;
        let unit = Unit::supply(asset);
        effects.transfer(Holder::Issuer, Holder::External, unit, lent, code);
        seat.listed.store(view, &mut effects, &seat.accrued, &after, seat.others())?;
        Ok(effects)
    }

    /// Chooses the market of an account that neither owes nor lends; zero is no choice.
    fn choose(
        &self,
        view: &View<'_>,
        account: AccountId,
        value: U256,
    ) -> Result<Effects, Rejected> {
        let place = self.markets.place(view, account)?;
        if place.bound {
            let detail = format!("{account} owes or lends in its market");
            return Err(Rejection::NotLendable.because(detail));
        }
        if !value.is_zero() {
            let Some(listed) = self.markets.numbered(value) else {
                let known: Vec<String> = self.markets.iter().map(told).collect();
                let detail = format!("market {value}: must be one of {}", known.join(", "));
                return Err(Rejection::BadParameter.because(detail));
            };
            self.holds_nothing_else(view, account, listed.identity.collateral)?;
        }
        let mut effects = Effects::default();
        effects.set(StateKey::Account(account, column::MARKET), value);
        effects.touched = Touched::Accounts(vec![account]);
        Ok(effects)
    }

    /// The market in which the account owes `asset`, or would: its own, or the one between its
    /// collateral and the asset.
    fn market_for(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
    ) -> Result<&Listed, Rejected> {
        let Place { listed, bound } = self.markets.place(view, account)?;
        if let Some(own) = listed.filter(|m| m.identity.loan == asset) {
            return Ok(own);
        }
        if let Some(own) = listed.filter(|_| bound) {
            let detail = format!(
                "the account's market {} lends {}, not {}",
                own.name,
                self.symbol(view, own.identity.loan),
                self.symbol(view, asset)
            );
            return Err(Rejection::NotLendable.because(detail));
        }
        let Some((collateral, _)) = desk::held(view, account, Class::Supply)?.next() else {
            let detail = format!("{account} has no collateral, and so no market");
            return Err(Rejection::NotCollateral.because(detail));
        };
        self.markets.between(collateral, asset).ok_or_else(|| {
            let detail = format!(
                "no market lends {} against {}",
                self.symbol(view, asset),
                self.symbol(view, collateral)
            );
            Rejection::NotLendable.because(detail)
        })
    }

    fn asked(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
        amount: u128,
    ) -> Result<(), Rejected> {
        desk::asked(view, account, amount)?;
        let info = view.asset(asset)?;
        if self.markets.names(asset) {
            return Ok(());
        }
        let detail = format!("{} has no market with {}", self.name, info.symbol);
        Err(Rejection::NotLendable.because(detail))
    }

    /// An account that holds something else has no room for `asset`.
    fn holds_nothing_else(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
    ) -> Result<(), Rejected> {
        let mut others = desk::held(view, account, Class::Supply)?.filter(|(a, _)| *a != asset);
        let Some((other, _)) = others.next() else { return Ok(()) };
        let detail = format!(
            "{account} holds {}: one collateral an account, not {} as well",
            self.symbol(view, other),
            self.symbol(view, asset)
        );
        Err(Rejection::NotLendable.because(detail))
    }

    fn symbol<'v>(&self, view: &View<'v>, asset: AssetId) -> &'v str {
        view.asset(asset).map_or("?", |info| info.symbol.as_str())
    }

    /// Names and numbers of the markets that lend an asset.
    fn numbers(&self, asset: AssetId) -> String {
        let lending = self.markets.iter().filter(|m| m.identity.loan == asset);
        lending.map(told).collect::<Vec<_>>().join(", ")
    }
}

fn told(listed: &Listed) -> String {
    format!("{} ({})", listed.identity.number(), listed.name)
}

/// Supply shares rounded up for an amount; all of them for what they are worth rounded down
/// (`Morpho.withdraw`).
fn withdraw_lent(
    view: &View<'_>,
    account: AccountId,
    seat: &Seat<'_>,
    amount: u128,
) -> Result<Effects, Rejected> {
    let (loan, mut after) = (seat.listed.identity.loan, seat.accrued.market);
    let (amount, shares) = if amount == u128::MAX {
        let lent = U256::from(seat.lent);
        (desk::raw(VIRTUAL.to_assets(lent, after.supply(), Rounding::Floor)?)?, seat.lent)
    } else {
        let shares = VIRTUAL.to_shares(U256::from(amount), after.supply(), Rounding::Ceil)?;
        (amount, desk::raw(shares)?)
    };
    let mut effects = Effects::default();
    let (unit, code) = (Unit::supply(loan), TransferCode::Burn);
    desk::cancel(view, &mut effects, account, unit, shares, code)?;
    after.total_supply_assets = take(after.total_supply_assets, amount)?;
    after.total_supply_shares = take(after.total_supply_shares, shares)?;
    covered(after.total_borrow_assets, after.total_supply_assets)?;
    let others = after.total_borrow_shares;
    seat.listed.store(view, &mut effects, &seat.accrued, &after, others)?;
    desk::pay_out(view, &mut effects, loan, amount, TransferCode::Withdraw)?;
    Ok(effects)
}

/// Adds a debt of `amount` to the position and to the market's total, which is returned.
fn owe(
    view: &View<'_>,
    account: AccountId,
    seat: &Seat<'_>,
    amount: u128,
    code: TransferCode,
    effects: &mut Effects,
) -> Result<crate::lending::morpho_blue::Market, Rejected> {
    view.holdings(account)?;
    let mut after = seat.accrued.market;
    let shares = VIRTUAL.to_shares(U256::from(amount), after.borrow(), Rounding::Ceil)?;
    let shares = desk::raw(shares)?;
    after.total_borrow_assets = add(after.total_borrow_assets, amount)?;
    after.total_borrow_shares = add(after.total_borrow_shares, shares)?;
    desk::issue(effects, account, Unit::debt(seat.listed.identity.loan), shares, code);
    enter(effects, account, seat.listed);
    Ok(after)
}

/// The account's position is in this market from here on.
fn enter(effects: &mut Effects, account: AccountId, listed: &Listed) {
    let number = U256::from(listed.identity.number());
    effects.set(StateKey::Account(account, column::MARKET), number);
}

/// The market's debt is within its supply, exact equality included.
fn covered(borrowed: u128, supplied: u128) -> Result<(), Rejected> {
    if borrowed <= supplied {
        return Ok(());
    }
    let detail = format!("the market would have lent {borrowed} of {supplied}");
    Err(Rejection::InsufficientLiquidity.because(detail))
}

fn add(total: u128, more: u128) -> Result<u128, Rejected> {
    total.checked_add(more).ok_or_else(|| Rejection::Overflow.into())
}

fn take(total: u128, less: u128) -> Result<u128, Rejected> {
    total.checked_sub(less).ok_or_else(|| Rejection::Overflow.into())
}
