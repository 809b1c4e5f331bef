//! A reserve over time: its indices carried forward to now, the rates that a call leaves behind,
//! what all accounts have in it, and what a policy adds to its borrow rate.

use super::{Reserves, column, seconds};
use crate::lending::aave_v3::{Accrued, Reserve, ReserveFlow, accrue, surcharged_rates};
use breakwater_liquidation::{AssetTotals, Effects, Rejected, Rejection, StateKey, Touched, View};
use breakwater_money::rounding::{Rounding, narrow_u128};
use breakwater_money::share::to_underlying;
use breakwater_money::{AssetId, Bps, Holder, Ray, U256, Unit};

impl Reserves {
    /// Sets the indices of new reserves to one.
    #[must_use]
    pub fn found(&self, view: &View<'_>) -> Effects {
        let mut effects = Effects::default();
        for asset in (0..).map(AssetId).take(view.assets.len()) {
            let key = StateKey::Asset(asset, column::LIQUIDITY_INDEX);
            if view.state(key).is_zero() {
                effects.set(key, Ray::one().raw);
                effects.set(StateKey::Asset(asset, column::BORROW_INDEX), Ray::one().raw);
                let seconds = U256::from(seconds(view.now));
                effects.set(StateKey::Asset(asset, column::UPDATED_AT), seconds);
            }
        }
        effects
    }

    /// The reserve of `asset` with its indices moved to the view's time, and its price.
    ///
    /// # Errors
    /// Unlisted asset, missing mark or overflow.
    pub fn reserve(&self, view: &View<'_>, asset: AssetId) -> Result<Reserve, Rejected> {
        self.parameters(view, asset)?;
        let price = view.price(asset)?;
        self.at_price(view, asset, U256::from(price.raw))
    }

    /// The reserve with its indices moved to the view's time, at a price; what its totals and rates
    /// are made of has none.
    fn at_price(&self, view: &View<'_>, asset: AssetId, price: U256) -> Result<Reserve, Rejected> {
        let parameters = self.parameters(view, asset)?;
        let state = |column| view.state(StateKey::Asset(asset, column));
        // Without a rate an index stays what it is, and most books of a stress have none.
        let still = state(column::LIQUIDITY_RATE).is_zero() && state(column::BORROW_RATE).is_zero();
        let accrued = if still {
            Accrued {
                liquidity_index: Ray::from_raw(state(column::LIQUIDITY_INDEX)),
                variable_borrow_index: Ray::from_raw(state(column::BORROW_INDEX)),
            }
        } else {
            accrue(&self.flow(view, asset), elapsed(view, asset))?
        };
        let cash = view.balances.balance(Holder::Reserve, Unit::token(asset));
        Ok(Reserve {
            liquidity_index: accrued.liquidity_index,
            variable_borrow_index: accrued.variable_borrow_index,
            available: Some(U256::from(u128::try_from(cash).unwrap_or(0))),
            ..parameters.reserve(price)
        })
    }

    fn flow(&self, view: &View<'_>, asset: AssetId) -> ReserveFlow {
        let state = |column| view.state(StateKey::Asset(asset, column));
        let balance = |holder, unit| {
            let balance = view.balances.balance(holder, unit).unsigned_abs();
            U256::from(balance)
        };
        let factor = self.assets.get(asset.index()).and_then(Option::as_ref);
        ReserveFlow {
            liquidity_index: Ray::from_raw(state(column::LIQUIDITY_INDEX)),
            liquidity_rate: Ray::from_raw(state(column::LIQUIDITY_RATE)),
            variable_borrow_index: Ray::from_raw(state(column::BORROW_INDEX)),
            variable_borrow_rate: Ray::from_raw(state(column::BORROW_RATE)),
            scaled_variable_debt: balance(Holder::Issuer, Unit::debt(asset)),
            virtual_underlying_balance: balance(Holder::Reserve, Unit::token(asset)),
            deficit: balance(Holder::Outstanding, Unit::deficit(asset)),
            reserve_factor_bps: factor.map_or(0, |p| p.reserve_factor_bps),
        }
    }

    /// Stores a reserve's indices at the view's time: the first thing a call on it does.
    pub fn store_indices(
        &self,
        view: &View<'_>,
        asset: AssetId,
        reserve: &Reserve,
        effects: &mut Effects,
    ) {
        let stored = view.state(StateKey::Asset(asset, column::LIQUIDITY_INDEX));
        let owed = view.state(StateKey::Asset(asset, column::BORROW_INDEX));
        let moved =
            stored != reserve.liquidity_index.raw || owed != reserve.variable_borrow_index.raw;
        if moved {
            let set = |column, value| (StateKey::Asset(asset, column), value);
            effects.state.extend([
                set(column::LIQUIDITY_INDEX, reserve.liquidity_index.raw),
                set(column::BORROW_INDEX, reserve.variable_borrow_index.raw),
            ]);
        }
        if moved || self.has_rates(asset) {
            let now = U256::from(seconds(view.now));
            effects.set(StateKey::Asset(asset, column::UPDATED_AT), now);
        }
    }

    fn has_rates(&self, asset: AssetId) -> bool {
        let parameters = self.assets.get(asset.index()).and_then(Option::as_ref);
        parameters.is_some_and(|p| p.rates.is_some())
    }

    /// Sets the rates that a reserve's state after `effects` calls for: the last thing a call on
    /// it does. Nothing for reserves without an interest model.
    ///
    /// # Errors
    /// Overflow.
    pub fn store_rates(
        &self,
        view: &View<'_>,
        asset: AssetId,
        reserve: &Reserve,
        effects: &mut Effects,
    ) -> Result<(), Rejected> {
        let parameters = self.parameters(view, asset)?;
        let Some(model) = parameters.rates else { return Ok(()) };
        let shift = |base: U256, unit: Unit, holder: Holder, sign: i128| {
            let change: i128 = effects
                .transfers
                .iter()
                .filter(|t| t.unit == unit)
                .map(|t| {
                    let amount = i128::try_from(t.amount).unwrap_or(i128::MAX);
                    let into = if t.credit == holder { amount } else { 0 };
                    let out = if t.debit == holder { amount } else { 0 };
                    sign * (into - out)
                })
                .sum();
            let size = U256::from(change.unsigned_abs());
            if change < 0 { base.saturating_sub(size) } else { base.saturating_add(size) }
        };
        let before = self.flow(view, asset);
        let after = ReserveFlow {
            liquidity_index: reserve.liquidity_index,
            variable_borrow_index: reserve.variable_borrow_index,
            // Shares in issue are what the issuer owes, so its balance falls as they grow.
            scaled_variable_debt: shift(
                before.scaled_variable_debt,
                Unit::debt(asset),
                Holder::Issuer,
                -1,
            ),
            virtual_underlying_balance: shift(
                before.virtual_underlying_balance,
                Unit::token(asset),
                Holder::Reserve,
                1,
            ),
            deficit: shift(before.deficit, Unit::deficit(asset), Holder::Outstanding, 1),
            ..before
        };
        let key = StateKey::Asset(asset, column::SURCHARGE);
        let staged = effects.state.iter().rev().find(|(k, _)| *k == key).map(|(_, v)| *v);
        let surcharge = staged.unwrap_or_else(|| view.state(key));
        let rates = surcharged_rates(&after, &model, surcharge)?;
        effects.set(StateKey::Asset(asset, column::LIQUIDITY_RATE), rates.liquidity.raw);
        effects.set(StateKey::Asset(asset, column::BORROW_RATE), rates.variable_borrow.raw);
        Ok(())
    }

    /// What all accounts have supplied, rounded down, and owe, rounded up, at the view's time.
    ///
    /// # Errors
    /// Unlisted asset or overflow.
    pub fn sums(&self, view: &View<'_>, asset: AssetId) -> Result<AssetTotals, Rejected> {
        let reserve = self.at_price(view, asset, U256::ZERO)?;
        let issued = |unit| {
            let balance = view.balances.balance(Holder::Issuer, unit);
            U256::from(if balance < 0 { balance.unsigned_abs() } else { 0 })
        };
        let (supply, debt) = (issued(Unit::supply(asset)), issued(Unit::debt(asset)));
        let supplied = to_underlying(supply, reserve.liquidity_index.raw, Rounding::Floor)?;
        let borrowed = to_underlying(debt, reserve.variable_borrow_index.raw, Rounding::Ceil)?;
        Ok(AssetTotals { supplied: narrow_u128(supplied)?, borrowed: narrow_u128(borrowed)? })
    }

    /// A surcharge on the borrow rate from now on, in place of the one before. A rise lets interest
    /// run ahead of what armed accounts were promised, so that it touches everyone.
    ///
    /// # Errors
    /// [`Rejection::Unsupported`] for a reserve without an interest model; unlisted asset or
    /// overflow.
    pub fn surcharge(
        &self,
        view: &View<'_>,
        asset: AssetId,
        bps_a_year: u32,
    ) -> Result<Effects, Rejected> {
        let reserve = self.at_price(view, asset, U256::ZERO)?;
        if !self.has_rates(asset) {
            let symbol = &view.asset(asset)?.symbol;
            let detail = format!("{} has no interest model for {symbol}", self.name);
            return Err(Rejection::Unsupported.because(detail));
        }
        let key = StateKey::Asset(asset, column::SURCHARGE);
        let surcharge = Bps::new(u128::from(bps_a_year)).of(Ray::one().raw, Rounding::Ceil)?;
        let mut effects = Effects::default();
        self.store_indices(view, asset, &reserve, &mut effects);
        if surcharge > view.state(key) {
            effects.touched = Touched::Everyone;
        }
        effects.set(key, surcharge);
        self.store_rates(view, asset, &reserve, &mut effects)?;
        Ok(effects)
    }
}

fn elapsed(view: &View<'_>, asset: AssetId) -> u64 {
    let updated = view.state(StateKey::Asset(asset, column::UPDATED_AT));
    let updated = u64::try_from(updated).unwrap_or(u64::MAX);
    seconds(view.now).saturating_sub(updated)
}
