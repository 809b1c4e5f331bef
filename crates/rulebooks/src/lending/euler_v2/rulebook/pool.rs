//! The vaults of a pool and their books at an instant.
//!
//! Shares of a vault are ledger balances (`Unit::supply`), and so are its uncollected fees, which
//! the treasury holds: the shares in issue are the vault's total. Its cash is the reserve's balance.
//! Debts are ledger balances in 2^-31 of a base unit, as of the accumulator that the account's column
//! remembers; a vault's total debt, which rounds by itself in the contract, is state.

use super::column;
use crate::desk;
use crate::lending::euler_v2::amounts::{amount_most, checked_debt, owed_units_down};
use crate::lending::euler_v2::parameters::{CollateralParameters, Parameters, VaultParameters};
use crate::lending::euler_v2::{
    Quote, Revert, VaultTotals, accrue, assets_of_shares, cap_of, owed_units, shares_for,
};
use breakwater_liquidation::{
    AssetInfo, AssetKind, Effects, Rejected, Rejection, StateKey, Touched, Unsupported, View,
};
use breakwater_money::rounding::{Rounding, div_wide, mul_div_full, pow10};
use breakwater_money::{AccountId, AssetId, Holder, Ray, Time, TransferCode, U256, Unit};

/// Decimals of the venue's unit of account, the US dollar (ISO 4217 number 840 stands for it, and
/// what is no token has 18).
const ACCOUNT_DECIMALS: u8 = 18;

/// Assets that an account's flags have room for.
pub(super) const ASSETS_MAX: usize = 256;

/// Base units by which one call may move the worth of all others' shares in a vault without
/// touching them. Rounding moves less than one where a share is worth less than one.
pub(super) const OTHERS_UNITS: u8 = 2;

/// A vault with its parameters, bound to the pool's assets.
#[derive(Debug, Clone)]
pub(super) struct Listed {
    pub terms: VaultParameters,
    /// What secures a debt here.
    pub collaterals: Vec<(AssetId, CollateralParameters)>,
}

/// The vaults of a pool, by asset.
#[derive(Debug, Clone)]
pub(super) struct Pool {
    pub name: String,
    pub numeraire_decimals: u8,
    vaults: Vec<Option<Listed>>,
}

/// A vault's totals at an instant.
#[derive(Debug, Clone, Copy)]
pub(super) struct Books {
    pub asset: AssetId,
    /// What a debt of one has grown to (ray).
    pub accumulator: U256,
    /// All debt (base units times 2^31).
    pub borrows: U256,
    /// Base units held.
    cash: U256,
    /// Shares in issue, the fees of the time until now included.
    pub shares: U256,
    /// Of these, the fees of the time until now.
    minted: U256,
    /// Whether that time counts as accrued.
    stored: bool,
}

impl Books {
    /// Cash and debt, base units, the debt rounded up.
    fn assets(&self) -> Result<U256, Rejected> {
        let owed = owed_units(self.borrows)?;
        self.cash.checked_add(owed).ok_or_else(|| Rejection::Overflow.into())
    }

    /// Base units that shares redeem for, rounded down.
    pub fn redeem(&self, shares: U256) -> Result<U256, Rejected> {
        Ok(assets_of_shares(shares, self.assets()?, self.shares)?)
    }

    /// Shares for base units.
    pub fn shares_for(&self, units: u128, rounding: Rounding) -> Result<u128, Rejected> {
        let shares = shares_for(U256::from(units), self.assets()?, self.shares, rounding)?;
        desk::raw(shares)
    }
}

/// Whether a call is bound by a vault's caps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Caps {
    Bind,
    /// Books carried over are taken as they are.
    Ignored,
}

/// Whole Unix seconds.
pub(super) fn seconds(now: Time) -> u64 {
    now.seconds_since(Time(0))
}

impl Pool {
    /// Binds vaults to the pool's assets by symbol. A vault whose asset the pool lacks is left out,
    /// as collateral too.
    ///
    /// # Errors
    /// More assets than an account's flags have bits, or decimals that differ.
    pub fn bind(parameters: &Parameters, assets: &[AssetInfo]) -> Result<Self, String> {
        if assets.len() > ASSETS_MAX {
            return Err(format!("{} assets: at most {ASSETS_MAX} in one pool", assets.len()));
        }
        let find = |symbol: &str| {
            let numbered = (0..).map(AssetId).zip(assets);
            let mut tokens = numbered.filter(|(_, info)| info.kind == AssetKind::Token);
            tokens.find(|(_, info)| info.symbol == *symbol).map(|(asset, _)| asset)
        };
        let mut vaults = Vec::with_capacity(assets.len());
        for info in assets {
            let found = parameters.vaults.get(&info.symbol);
            let Some(terms) = found.filter(|_| info.kind == AssetKind::Token) else {
                vaults.push(None);
                continue;
            };
            if terms.decimals != info.decimals {
                return Err(format!(
                    "vaults.{}.decimals = {}: the pool's asset has {}",
                    info.symbol, terms.decimals, info.decimals
                ));
            }
            let weights = terms.collaterals.iter();
            let collaterals = weights.filter_map(|(symbol, w)| Some((find(symbol)?, *w)));
            vaults.push(Some(Listed { terms: terms.clone(), collaterals: collaterals.collect() }));
        }
        Ok(Pool {
            name: parameters.name.clone(),
            numeraire_decimals: parameters.numeraire_decimals,
            vaults,
        })
    }

    /// The vaults with their assets.
    pub fn iter(&self) -> impl Iterator<Item = (AssetId, &Listed)> {
        let numbered = (0..).map(AssetId).zip(&self.vaults);
        numbered.filter_map(|(asset, vault)| Some((asset, vault.as_ref()?)))
    }

    /// The vault of an asset.
    ///
    /// # Errors
    /// [`Rejection::NotLendable`] naming the asset.
    pub fn listed(&self, view: &View<'_>, asset: AssetId) -> Result<&Listed, Rejected> {
        let info = view.asset(asset)?;
        self.vaults.get(asset.index()).and_then(Option::as_ref).ok_or_else(|| {
            Rejection::NotLendable.because(format!("{} has no vault of {}", self.name, info.symbol))
        })
    }

    /// Refuses contracts, prices of other decimals, and what is held without a vault.
    pub fn admits(&self, view: &View<'_>) -> Result<(), Unsupported> {
        let missing = |missing: String| Unsupported { rulebook: self.name.clone(), missing };
        for (asset, info) in (0..).map(AssetId).zip(view.assets) {
            if info.kind != AssetKind::Token {
                return Err(missing(format!("perpetual contracts, such as {}", info.symbol)));
            }
            if let Some(market) = info.market.and_then(|m| view.markets.get(m.index()))
                && market.guard.decimals != self.numeraire_decimals
            {
                return Err(missing(format!(
                    "prices of {} with {} decimals (market {}), its values have {}",
                    info.symbol, market.guard.decimals, market.symbol, self.numeraire_decimals
                )));
            }
            let issued = |unit| view.balances.balance(Holder::Issuer, unit) != 0;
            let held = issued(Unit::supply(asset)) || issued(Unit::debt(asset));
            if held && self.listed(view, asset).is_err() {
                return Err(missing(format!("a vault of {}", info.symbol)));
            }
        }
        for account in (0..view.balances.accounts()).map(AccountId) {
            self.debt(view, account).map_err(|rejected| missing(rejected.detail))?;
        }
        Ok(())
    }

    /// Accumulators begin at one, time where the vault is listed.
    pub fn found(&self, view: &View<'_>) -> Effects {
        let mut effects = Effects::default();
        for (asset, _) in self.iter() {
            let key = StateKey::Asset(asset, column::ACCUMULATOR);
            if view.state(key).is_zero() {
                effects.set(key, Ray::one().raw);
                let now = U256::from(seconds(view.now));
                effects.set(StateKey::Asset(asset, column::UPDATED_AT), now);
            }
        }
        effects
    }

    /// A vault's totals with interest until the view's time.
    ///
    /// # Errors
    /// Unlisted asset, or overflow.
    pub fn books(&self, view: &View<'_>, asset: AssetId) -> Result<Books, Rejected> {
        let listed = self.listed(view, asset)?;
        let state = |column| view.state(StateKey::Asset(asset, column));
        let size = |holder, unit| U256::from(view.balances.balance(holder, unit).unsigned_abs());
        let before = VaultTotals {
            interest_rate: state(column::RATE),
            accumulator: state(column::ACCUMULATOR),
            total_borrows_exact: state(column::BORROWS),
            cash: size(Holder::Reserve, Unit::token(asset)),
            total_shares: size(Holder::Issuer, Unit::supply(asset)),
            accumulated_fees: size(Holder::Treasury, Unit::supply(asset)),
            interest_fee_bps: listed.terms.interest_fee_bps,
        };
        let updated = u64::try_from(state(column::UPDATED_AT)).unwrap_or(u64::MAX);
        // Without a rate nothing moves, and most books of a stress have none.
        let elapsed = match before.interest_rate.is_zero() {
            true => 0,
            false => seconds(view.now).saturating_sub(updated),
        };
        let after = accrue(&before, elapsed)?;
        Ok(Books {
            asset,
            accumulator: after.accumulator,
            borrows: after.total_borrows_exact,
            cash: before.cash,
            shares: after.total_shares,
            minted: after.total_shares.saturating_sub(before.total_shares),
            stored: after.stored,
        })
    }

    /// Stores a vault's totals and the rate that its state after `effects` calls for: the last
    /// thing that a call on it does. `borrows` is the total debt after the call.
    ///
    /// # Errors
    /// [`Rejection::LimitReached`] where a cap binds and is exceeded by growth, or overflow.
    pub fn store(
        &self,
        view: &View<'_>,
        effects: &mut Effects,
        books: &Books,
        borrows: U256,
        caps: Caps,
    ) -> Result<(), Rejected> {
        let (asset, listed) = (books.asset, self.listed(view, books.asset)?);
        let cash = U256::from(desk::cash(view, effects, asset));
        // The fees of the time before the call are not among its own transfers yet.
        let issued = issued(effects, Unit::supply(asset))?;
        let shares = match issued {
            (more, true) => books.shares.checked_add(more),
            (less, false) => books.shares.checked_sub(less),
        };
        let shares = shares.ok_or(Rejection::Overflow)?;
        let after = Books { borrows, cash, shares, ..*books };
        within_widths(&after)?;
        if caps == Caps::Bind {
            within_caps(listed, books, &after)?;
        }
        let key = |column| StateKey::Asset(asset, column);
        let grown = view.state(key(column::ACCUMULATOR)) != books.accumulator;
        if view.state(key(column::BORROWS)) != borrows {
            effects.set(key(column::BORROWS), borrows);
        }
        if books.stored && (grown || listed.terms.rates.is_some()) {
            effects.set(key(column::ACCUMULATOR), books.accumulator);
            effects.set(key(column::UPDATED_AT), U256::from(seconds(view.now)));
        }
        if let Some(model) = listed.terms.rates {
            effects.set(key(column::RATE), model.rate(cash, owed_units(borrows)?)?);
        }
        let (unit, minted) = (Unit::supply(asset), desk::raw(books.minted)?);
        effects.transfer(Holder::Issuer, Holder::Treasury, unit, minted, TransferCode::Fee);
        let shares = books.shares.min(after.shares);
        let moved = books.redeem(shares)?.abs_diff(after.redeem(shares)?);
        if moved > U256::from(OTHERS_UNITS) {
            effects.touched = Touched::Everyone;
        }
        Ok(())
    }

    /// What an asset is worth in the venue's unit of account: exact, since its 18 decimals are no
    /// fewer than the mark's.
    ///
    /// # Errors
    /// A missing mark, or overflow.
    pub fn quote(&self, view: &View<'_>, asset: AssetId, side: Side) -> Result<Quote, Rejected> {
        let (info, mark) = (view.asset(asset)?, view.mark(asset)?);
        let raw = match side {
            Side::Bid => mark.price.raw.saturating_sub(mark.half_spread),
            Side::Mid => mark.price.raw,
            Side::Ask => mark.price.raw.checked_add(mark.half_spread).ok_or(Rejection::Overflow)?,
        };
        let price = U256::from(raw).checked_mul(self.account_unit()?);
        let scale = U256::from(pow10(info.decimals)?);
        Ok(Quote { price: price.ok_or(Rejection::Overflow)?, scale })
    }

    /// Units of account in one unit of the numeraire.
    ///
    /// # Errors
    /// Never for a numeraire of at most 18 decimals.
    pub fn account_unit(&self) -> Result<U256, Rejected> {
        let decimals = ACCOUNT_DECIMALS.saturating_sub(self.numeraire_decimals);
        Ok(U256::from(pow10(decimals)?))
    }

    /// Units of account in the numeraire.
    ///
    /// # Errors
    /// Overflow of 128 bits.
    pub fn in_numeraire(&self, value: U256, rounding: Rounding) -> Result<u128, Rejected> {
        desk::raw(div_wide(value, self.account_unit()?, rounding)?)
    }

    /// Value of base units in the numeraire; nothing needs no price.
    ///
    /// # Errors
    /// A missing mark, or overflow.
    pub fn value(
        &self,
        view: &View<'_>,
        asset: AssetId,
        units: U256,
        rounding: Rounding,
    ) -> Result<u128, Rejected> {
        if units.is_zero() {
            return Ok(0);
        }
        let decimals = view.asset(asset)?.decimals;
        desk::raw(view.price(asset)?.value_wide(units, decimals, rounding)?)
    }

    /// Interest on `value` over `seconds`, bounded from above at the highest rate that the vault of
    /// `asset` can ask for: others' business moves its rate under an account that nothing touches.
    ///
    /// # Errors
    /// Overflow.
    pub fn interest_most(
        &self,
        view: &View<'_>,
        asset: AssetId,
        value: u128,
        seconds: u64,
    ) -> Result<u128, Rejected> {
        let stored = view.state(StateKey::Asset(asset, column::RATE));
        let rates = self.listed(view, asset)?.terms.rates;
        let most = rates.map_or(Ok(U256::ZERO), |model| model.rate_at_full_use())?.max(stored);
        // A rate is at most 1,000,000 % a year: over an hour twice simple interest covers the
        // compounding, and twice that moves of the price up to double.
        let share = most.saturating_mul(U256::from(seconds)).saturating_mul(U256::from(4u8));
        let grown = mul_div_full(U256::from(value), share, Ray::one().raw, Rounding::Ceil)?;
        desk::raw(grown)
    }
}

/// Which side of a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Bid,
    Mid,
    Ask,
}

/// What `effects` issue of a claim, and whether it is more; less otherwise.
fn issued(effects: &Effects, unit: Unit) -> Result<(U256, bool), Rejected> {
    let (mut more, mut less) = (U256::ZERO, U256::ZERO);
    for transfer in effects.transfers.iter().filter(|t| t.unit == unit) {
        let amount = U256::from(transfer.amount);
        if transfer.debit == Holder::Issuer {
            more = more.checked_add(amount).ok_or(Rejection::Overflow)?;
        }
        if transfer.credit == Holder::Issuer {
            less = less.checked_add(amount).ok_or(Rejection::Overflow)?;
        }
    }
    let difference = more.abs_diff(less);
    Ok((difference, more >= less))
}

/// The contract's widths: 112 bits of cash, of shares, and of debt in base units.
fn within_widths(after: &Books) -> Result<(), Rejected> {
    let most = amount_most();
    if after.cash > most || after.shares > most {
        return Err(Revert::AmountTooLarge.into());
    }
    checked_debt(after.borrows)?;
    Ok(())
}

/// The contract's caps: they bind only what grows, supply with its debt rounded down.
fn within_caps(listed: &Listed, before: &Books, after: &Books) -> Result<(), Rejected> {
    let above = |name: &str, cap: U256, now: U256| {
        let detail = format!("{name} would be {now}, its cap is {cap}");
        Err(Rejection::LimitReached.because(detail))
    };
    let (owed_before, owed) = (owed_units(before.borrows)?, owed_units(after.borrows)?);
    if let Some(cap) = cap_of(listed.terms.borrow_cap)
        && owed > cap
        && owed > owed_before
    {
        return above("debt", cap, owed);
    }
    let down = owed_units_down(after.borrows);
    let supply = after.cash.checked_add(down).ok_or(Rejection::Overflow)?;
    let supply_before = before.cash.checked_add(owed_before).ok_or(Rejection::Overflow)?;
    match cap_of(listed.terms.supply_cap) {
        Some(cap) if supply > cap && supply > supply_before => above("supply", cap, supply),
        _ => Ok(()),
    }
}
