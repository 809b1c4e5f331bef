//! Accounts in the vaults: what they owe, what secures it, and the connector's check of them.

use super::column;
use super::pool::{ASSETS_MAX, Books, Listed, Pool, Side, seconds};
use crate::desk;
use crate::lending::euler_v2::{
    Account, COLLATERALS_MAX, Collateral, Controller, Health, Ltv, Quote, Vault, current_owed,
    health, owed_units,
};
use breakwater_liquidation::{Effects, Overlay, Rejected, Rejection, StateKey, View};
use breakwater_money::rounding::Rounding;
use breakwater_money::{AccountId, AssetId, Bps, Class, TransferCode, U256, Unit};

/// What an account owes and what secures it, valued for one question.
pub(super) struct Position<'a> {
    pub listed: &'a Listed,
    /// What is owed.
    pub asset: AssetId,
    /// The debt's ledger balance.
    pub raw: u128,
    /// The vault that is owed.
    pub books: Books,
    /// What the debt has grown to (base units times 2^31).
    pub owed_exact: U256,
    /// The vault as a liquidation reads it.
    pub vault: Vault,
    pub seconds_since_check: u64,
    /// Assets whose shares are enabled, and the one asked for.
    pub assets: Vec<AssetId>,
    /// The shares of each, in the same order.
    pub collaterals: Vec<Collateral>,
}

impl Position<'_> {
    /// The account as a liquidation reads it.
    pub fn account(&self) -> Account<'_> {
        Account {
            controller: Controller::ThisVault,
            owed_exact: self.owed_exact,
            seconds_since_check: self.seconds_since_check,
            check_deferred: false,
            collaterals: &self.collaterals,
        }
    }

    /// Weighted collateral against liability at mid prices.
    pub fn health(&self) -> Result<Health, Rejected> {
        Ok(health(&self.vault, &self.account())?)
    }

    /// Place of an asset among the collaterals; one beyond them for what is none.
    pub fn place(&self, asset: AssetId) -> usize {
        self.assets.iter().position(|held| *held == asset).unwrap_or(self.assets.len())
    }
}

impl Pool {
    /// What the account owes: the asset, and the ledger's balance of it.
    ///
    /// # Errors
    /// Unknown account, or debts of two vaults, which the connector does not allow.
    pub fn debt(
        &self,
        view: &View<'_>,
        account: AccountId,
    ) -> Result<Option<(AssetId, u128)>, Rejected> {
        let mut debts = desk::held(view, account, Class::Debt)?;
        match (debts.next(), debts.next()) {
            (Some((first, _)), Some((second, _))) => {
                let detail = format!("{account} owes {first} and {second}: one vault an account");
                Err(Rejection::NotLendable.because(detail))
            }
            (debt, _) => Ok(debt),
        }
    }

    /// A debt's ledger balance as it stands under the vault's accumulator now.
    ///
    /// # Errors
    /// Overflow.
    pub fn owed(
        &self,
        view: &View<'_>,
        account: AccountId,
        raw: u128,
        books: &Books,
    ) -> Result<U256, Rejected> {
        let since = view.state(StateKey::Account(account, column::DEBT_ACCUMULATOR));
        Ok(current_owed(U256::from(raw), books.accumulator, since)?)
    }

    /// Assets whose shares the account lets secure its debt.
    pub fn enabled(view: &View<'_>, account: AccountId) -> impl Iterator<Item = AssetId> + use<> {
        let mut bits = view.state(StateKey::Account(account, column::COLLATERAL));
        std::iter::from_fn(move || {
            let lowest = bits.trailing_zeros();
            let asset = u16::try_from(lowest).ok().filter(|_| lowest < ASSETS_MAX)?;
            bits.set_bit(lowest, false);
            Some(AssetId(asset))
        })
    }

    /// Lets the shares of `asset` secure the account's debt, if that is not its eleventh.
    ///
    /// # Errors
    /// [`Rejection::LimitReached`].
    pub fn enable(
        view: &View<'_>,
        effects: &mut Effects,
        account: AccountId,
        asset: AssetId,
    ) -> Result<(), Rejected> {
        let key = StateKey::Account(account, column::COLLATERAL);
        let mut bits = view.state(key);
        if bits.bit(asset.index()) {
            return Ok(());
        }
        if bits.count_ones() >= COLLATERALS_MAX {
            let detail = format!("{account} has {COLLATERALS_MAX} collaterals enabled already");
            return Err(Rejection::LimitReached.because(detail));
        }
        bits.set_bit(asset.index(), true);
        effects.set(key, bits);
        Ok(())
    }

    /// The account's position if it owes: its debt, what it has enabled, and `named` as well.
    ///
    /// # Errors
    /// An unlisted vault, a missing mark of what counts or is named, or overflow.
    pub fn position(
        &self,
        view: &View<'_>,
        account: AccountId,
        named: Option<AssetId>,
    ) -> Result<Option<Position<'_>>, Rejected> {
        let Some((asset, raw)) = self.debt(view, account)? else { return Ok(None) };
        let (listed, books) = (self.listed(view, asset)?, self.books(view, asset)?);
        let mut assets: Vec<AssetId> = Pool::enabled(view, account).collect();
        let count = assets.len();
        assets.extend(named.filter(|named| !assets.contains(named)));
        let collaterals = assets.iter().enumerate().map(|(i, held)| {
            let wanted = named == Some(*held);
            let collateral = self.collateral(view, account, listed, *held, wanted)?;
            Ok(Collateral { enabled: i < count, ..collateral })
        });
        let checked = view.state(StateKey::Account(account, column::CHECKED_AT));
        let checked = u64::try_from(checked).unwrap_or(u64::MAX);
        Ok(Some(Position {
            listed,
            asset,
            raw,
            owed_exact: self.owed(view, account, raw, &books)?,
            vault: Vault {
                discount_most_bps: listed.terms.max_liquidation_discount_bps,
                socialises: listed.terms.socialises_debt,
                cool_off_seconds: u64::from(listed.terms.liquidation_cool_off_seconds),
                quote: Some(self.quote(view, asset, Side::Mid)?),
                total_borrows_exact: books.borrows,
            },
            books,
            seconds_since_check: seconds(view.now).saturating_sub(checked),
            collaterals: collaterals.collect::<Result<_, Rejected>>()?,
            assets,
        }))
    }

    /// Shares that the account holds of another vault. They are valued only if they count, or are
    /// asked for.
    fn collateral(
        &self,
        view: &View<'_>,
        account: AccountId,
        listed: &Listed,
        asset: AssetId,
        wanted: bool,
    ) -> Result<Collateral, Rejected> {
        let weights = listed.collaterals.iter().find(|(known, _)| *known == asset);
        let own = desk::own_threshold(view, account, column::OWN_THRESHOLD).map(Ltv::fixed);
        let ltv = weights.map(|(_, weights)| weights.ltv(seconds(view.now)));
        let shares = U256::from(view.owned(account, Unit::supply(asset)));
        let mut collateral = Collateral {
            enabled: true,
            recognised: weights.is_some(),
            balance: shares,
            assets: U256::ZERO,
            quote: Quote { price: U256::ZERO, scale: U256::ONE },
            ltv: ltv.map_or(Ltv::fixed(0), |ltv| own.unwrap_or(ltv)),
        };
        let counts = collateral.recognised && (wanted || collateral.ltv.now()? > 0);
        if counts && !shares.is_zero() {
            collateral.assets = self.books(view, asset)?.redeem(shares)?;
            collateral.quote = self.quote(view, asset, Side::Mid)?;
        }
        Ok(collateral)
    }

    /// The connector's check of an account at the end of a batch, after `effects`: what it owes must
    /// be LESS than its collateral at bid prices and borrowing weights, the debt at the ask. The
    /// instant of the check is remembered.
    ///
    /// An account's own threshold, which the venue does not have, bounds its borrowing weights too.
    ///
    /// # Errors
    /// [`Rejection::BelowInitial`], a missing mark, or overflow.
    pub fn check(
        &self,
        view: &View<'_>,
        effects: &mut Effects,
        account: AccountId,
    ) -> Result<(), Rejected> {
        let overlay = Overlay::new(*view, account, effects)?;
        let after = overlay.view();
        let Some((asset, raw)) = self.debt(&after, account)? else { return Ok(()) };
        let books = self.books(&after, asset)?;
        let owed = owed_units(self.owed(&after, account, raw, &books)?)?;
        let owed = self.quote(view, asset, Side::Ask)?.value(owed)?;
        let own = desk::own_threshold(&after, account, column::OWN_THRESHOLD);
        let listed = self.listed(view, asset)?;
        let mut held = U256::ZERO;
        for enabled in Pool::enabled(&after, account) {
            let weights = listed.collaterals.iter().find(|(known, _)| *known == enabled);
            let Some((_, weights)) = weights else { continue };
            let weight = own.map_or(weights.borrow_ltv_bps, |own| own.min(weights.borrow_ltv_bps));
            let shares = U256::from(after.owned(account, Unit::supply(enabled)));
            if weight == 0 || shares.is_zero() {
                continue;
            }
            let units = self.books(&after, enabled)?.redeem(shares)?;
            let value = self.quote(view, enabled, Side::Bid)?.value(units)?;
            let counts = Bps::new(u128::from(weight)).of(value, Rounding::Floor)?;
            held = held.checked_add(counts).ok_or(Rejection::Overflow)?;
        }
        if held <= owed {
            let detail = format!(
                "E_AccountLiquidity: collateral of {held} would be not more than debt of {owed}"
            );
            return Err(Rejection::BelowInitial.because(detail));
        }
        let now = U256::from(seconds(view.now));
        effects.set(StateKey::Account(account, column::CHECKED_AT), now);
        Ok(())
    }
}

/// A debt grows by its interest until now and counts under the vault's accumulator from here on.
pub(super) fn grow_debt(
    effects: &mut Effects,
    account: AccountId,
    books: &Books,
    raw: u128,
    owed_exact: U256,
) -> Result<(), Rejected> {
    let interest = desk::raw(owed_exact.saturating_sub(U256::from(raw)))?;
    let unit = Unit::debt(books.asset);
    desk::issue(effects, account, unit, interest, TransferCode::Interest);
    effects.set(StateKey::Account(account, column::DEBT_ACCUMULATOR), books.accumulator);
    Ok(())
}
