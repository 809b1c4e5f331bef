//! Pooled reserves: what lending rulebooks on scaled balances share.
//!
//! Supplied and owed balances are raw shares in the ledger; a reserve's indices and rates, and an
//! account's flags, are the rulebook's state. Supplied units round down, owed ones up, and a
//! share is burnt or issued in the pool's favour.

mod business;
#[cfg(test)]
pub(crate) mod test_book;

use super::aave_v3::{
    Accrued, AssetParameters, Emode, Reserve, ReserveFlow, Revert, Totals, UserReserve, accrue,
    rates, sum,
};
use super::aave_v4;
use super::index::SECONDS_PER_YEAR;
use breakwater_liquidation::{
    AssetInfo, AssetKind, Effects, Exposures, Layout, Rejected, Rejection, Sides, StateKey,
    Unsupported, View,
};
use breakwater_margin::Health;
use breakwater_margin::health::{Armed, Exposure};
use breakwater_money::rounding::{
    Rounding, div_wide, mul_div_full, narrow_i128, narrow_u128, pow10,
};
use breakwater_money::share::to_underlying;
use breakwater_money::{
    AccountId, AssetId, Bps, Class, Holder, Rational, Ray, Time, U256, Unit, Wad,
};

/// Columns of the state, in the order of the layout.
pub mod column {
    /// Asset: what a supplied share is worth (ray).
    pub const LIQUIDITY_INDEX: u16 = 0;
    /// Asset: what an owed share has grown to (ray).
    pub const BORROW_INDEX: u16 = 1;
    /// Asset: rate of suppliers since the last accrual (ray a year).
    pub const LIQUIDITY_RATE: u16 = 2;
    /// Asset: rate of borrowers since the last accrual (ray a year).
    pub const BORROW_RATE: u16 = 3;
    /// Asset: when the indices were last moved (Unix seconds).
    pub const UPDATED_AT: u16 = 4;
    /// Account: bit `i` is set when asset `i` counts as collateral.
    pub const COLLATERAL: u16 = 0;
    /// Account: bit `i` is set when asset `i` is borrowed.
    pub const BORROWING: u16 = 1;
    /// Account: a threshold of its own in basis points, zero for none.
    pub const OWN_THRESHOLD: u16 = 2;
}

/// The integers that the rulebooks of this family remember.
pub static LAYOUT: Layout = Layout {
    pool: &[],
    asset: &[
        "liquidity index (ray)",
        "variable borrow index (ray)",
        "liquidity rate (ray a year)",
        "variable borrow rate (ray a year)",
        "updated at (Unix seconds)",
    ],
    account: &["collateral (bitmap)", "borrowing (bitmap)", "own threshold (bps, 0 for none)"],
    cells: &[],
};

/// Assets a reserve pool can list: one bit each in an account's flags, as on the venue.
pub const RESERVES_MAX: usize = 128;

/// Longest time for which an arming of the watch list bounds accrued interest. The bound is that of
/// the highest rate a reserve can ask for, since others' business moves the rate under an account
/// that nothing touches; an hour keeps it small.
const ARM_SECONDS: u64 = 3_600;

/// How a venue of this family values balances and rounds the health they make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Valuation {
    /// In base units of the numeraire; health half up, then down (Aave v3).
    #[default]
    BaseUnits,
    /// At eighteen decimals more; health down twice (Aave v4).
    Fine,
}

impl Valuation {
    /// What one base unit of the numeraire is in it.
    fn unit(self) -> U256 {
        match self {
            Valuation::BaseUnits => U256::ONE,
            Valuation::Fine => Wad::one().raw,
        }
    }
}

/// The reserves of a pool: parameters by asset.
#[derive(Debug, Clone)]
pub struct Reserves {
    name: String,
    numeraire_decimals: u8,
    valuation: Valuation,
    assets: Vec<Option<AssetParameters>>,
}

impl From<Revert> for Rejected {
    fn from(revert: Revert) -> Self {
        let rejection = match revert {
            Revert::SelfLiquidation => Rejection::SelfDealing,
            Revert::ReserveInactive => Rejection::NotLendable,
            Revert::ReservePaused => Rejection::Paused,
            Revert::GracePeriod => Rejection::VenueGrace,
            Revert::Healthy => Rejection::Healthy,
            Revert::NotCollateral => Rejection::NotCollateral,
            Revert::NotBorrowed => Rejection::NotBorrowed,
            Revert::Dust => Rejection::DustLeft,
            Revert::ZeroBurn => Rejection::ZeroBurn,
            Revert::Arithmetic => Rejection::Overflow,
        };
        rejection.because(revert.to_string())
    }
}

impl Reserves {
    /// Binds parameters to the pool's assets by symbol. An asset without parameters is refused
    /// only once somebody holds it.
    ///
    /// # Errors
    /// More assets than an account's flags have bits, or decimals that differ.
    pub fn bind(
        name: &str,
        numeraire_decimals: u8,
        parameters: &std::collections::BTreeMap<String, AssetParameters>,
        assets: &[AssetInfo],
    ) -> Result<Self, String> {
        if assets.len() > RESERVES_MAX {
            return Err(format!("{} assets: at most {RESERVES_MAX} in one pool", assets.len()));
        }
        let mut bound = Vec::with_capacity(assets.len());
        for info in assets {
            let found = parameters.get(&info.symbol).copied();
            if let Some(p) = found.filter(|p| p.decimals != info.decimals) {
                return Err(format!(
                    "assets.{}.decimals = {}: the pool's asset has {}",
                    info.symbol, p.decimals, info.decimals
                ));
            }
            bound.push(found.filter(|_| info.kind == AssetKind::Token));
        }
        let valuation = Valuation::default();
        Ok(Reserves { name: name.to_owned(), numeraire_decimals, valuation, assets: bound })
    }

    /// The same reserves, valued another way.
    #[must_use]
    pub fn valued(self, valuation: Valuation) -> Self {
        Reserves { valuation, ..self }
    }

    /// The rulebook's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Decimals of values.
    #[must_use]
    pub fn numeraire_decimals(&self) -> u8 {
        self.numeraire_decimals
    }

    /// Parameters of an asset.
    ///
    /// # Errors
    /// [`Rejection::NotLendable`] naming the asset.
    pub fn parameters(
        &self,
        view: &View<'_>,
        asset: AssetId,
    ) -> Result<&AssetParameters, Rejected> {
        let info = view.asset(asset)?;
        self.assets.get(asset.index()).and_then(Option::as_ref).ok_or_else(|| {
            Rejection::NotLendable.because(format!("{} lists no {}", self.name, info.symbol))
        })
    }

    /// The largest bonus of any reserve, basis points.
    #[must_use]
    pub fn bonus_most_bps(&self) -> Option<u32> {
        self.assets.iter().flatten().map(|p| u32::from(p.liquidation_bonus_bps)).max()
    }

    /// Refuses a book with something that has no parameters here.
    ///
    /// # Errors
    /// [`Unsupported`] naming it.
    pub fn admits(&self, view: &View<'_>) -> Result<(), Unsupported> {
        self.admits_but(view, |_| false)
    }

    /// The same, but what has no parameters is refused only where somebody has supplied or owes it:
    /// a pool may know of more than its venue lists.
    ///
    /// # Errors
    /// [`Unsupported`] naming it.
    pub fn admits_idle(&self, view: &View<'_>) -> Result<(), Unsupported> {
        self.admits_but(view, |asset| {
            let issued = |unit| view.balances.balance(Holder::Issuer, unit) != 0;
            !issued(Unit::supply(asset)) && !issued(Unit::debt(asset))
        })
    }

    fn admits_but(
        &self,
        view: &View<'_>,
        idle: impl Fn(AssetId) -> bool,
    ) -> Result<(), Unsupported> {
        let missing = |missing: String| Unsupported { rulebook: self.name.clone(), missing };
        for ((asset, info), known) in (0..).map(AssetId).zip(view.assets).zip(&self.assets) {
            if info.kind != AssetKind::Token {
                let what = format!("perpetual contracts, such as {}", info.symbol);
                return Err(missing(what));
            }
            if known.is_none() && idle(asset) {
                continue;
            }
            if known.is_none() {
                return Err(missing(format!("a reserve for {}", info.symbol)));
            }
            if let Some(market) = info.market.and_then(|m| view.markets.get(m.index()))
                && market.guard.decimals != self.numeraire_decimals
            {
                return Err(missing(format!(
                    "prices of {} with {} decimals (market {}), its values have {}",
                    info.symbol, market.guard.decimals, market.symbol, self.numeraire_decimals
                )));
            }
        }
        Ok(())
    }

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
        let parameters = self.parameters(view, asset)?;
        let price = view.price(asset)?;
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
            ..parameters.reserve(U256::from(price.raw))
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
        let rates = rates(&after, &model)?;
        effects.set(StateKey::Asset(asset, column::LIQUIDITY_RATE), rates.liquidity.raw);
        effects.set(StateKey::Asset(asset, column::BORROW_RATE), rates.variable_borrow.raw);
        Ok(())
    }

    /// The account's flags and its holding in one reserve.
    #[must_use]
    pub fn user(&self, view: &View<'_>, account: AccountId, asset: AssetId) -> UserReserve {
        let flag = |column| bit(view.state(StateKey::Account(account, column)), asset);
        UserReserve {
            scaled_collateral: U256::from(view.owned(account, Unit::supply(asset))),
            scaled_debt: U256::from(view.owned(account, Unit::debt(asset))),
            use_as_collateral: flag(column::COLLATERAL),
            borrowing: flag(column::BORROWING),
            own_threshold_bps: own_threshold(view, account),
        }
    }

    /// Assets that the account holds or owes, in order, each once.
    ///
    /// # Errors
    /// Unknown account.
    pub fn assets_of<'a>(
        &self,
        view: &View<'a>,
        account: AccountId,
    ) -> Result<impl Iterator<Item = AssetId> + use<'a>, Rejected> {
        let holdings = view.holdings(account)?;
        let mut last = None;
        let relevant = holdings
            .iter()
            .filter(|h| matches!(h.unit.class, Class::Supply | Class::Debt))
            .map(|h| h.unit.asset);
        // Holdings are in order of asset, so repeats stand together.
        Ok(relevant.filter(move |asset| last.replace(*asset) != Some(*asset)))
    }

    /// Totals and health factor at the view's time and marks, values in the units of the valuation.
    ///
    /// # Errors
    /// Unknown account, missing mark or overflow.
    pub fn totals(&self, view: &View<'_>, account: AccountId) -> Result<Totals, Rejected> {
        let mut failed = None;
        let emode: Option<&Emode> = None;
        let held =
            self.assets_of(view, account)?.map_while(|asset| match self.reserve(view, asset) {
                Ok(reserve) => Some((asset.index(), (reserve, self.user(view, account, asset)))),
                Err(rejected) => {
                    failed = Some(rejected);
                    None
                }
            });
        let totals = match self.valuation {
            Valuation::BaseUnits => sum(held, emode).map_err(Rejected::from),
            Valuation::Fine => fine(held),
        };
        match failed {
            Some(rejected) => Err(rejected),
            None => totals,
        }
    }

    /// Health: weighted collateral against debt, exact equality healthy.
    ///
    /// # Errors
    /// As [`Reserves::totals`].
    pub fn assess(&self, view: &View<'_>, account: AccountId) -> Result<Health, Rejected> {
        let totals = self.totals(view, account)?;
        let unit = self.valuation.unit();
        let weighted = div_wide(totals.weighted, Bps::one().raw, Rounding::Floor)?;
        let equity = narrow_i128(div_wide(weighted, unit, Rounding::Floor)?)?;
        let requirement = narrow_u128(div_wide(totals.debt_base, unit, Rounding::Ceil)?)?;
        let shortfall = requirement.saturating_sub(equity.unsigned_abs());
        let breach = totals.is_liquidatable();
        Ok(Health { equity, requirement, ratio: totals.health_factor, shortfall, breach })
    }

    /// How prices move the account's health: exact slopes, and a bound on rounding and interest.
    ///
    /// # Errors
    /// As [`Reserves::totals`].
    pub fn exposures(
        &self,
        view: &View<'_>,
        account: AccountId,
        out: &mut Exposures,
    ) -> Result<Armed, Rejected> {
        let (mut debt, mut growth, mut terms) = (0u128, 0u128, 0u128);
        for asset in self.assets_of(view, account)? {
            let market = view.market_of(asset)?;
            let reserve = self.reserve(view, asset)?;
            let user = self.user(view, account, asset);
            let (mut equity, mut requirement) = (0i128, 0u128);
            if user.use_as_collateral {
                let threshold = user.own_threshold_bps.unwrap_or(reserve.liquidation_threshold_bps);
                let value = self.collateral_value(&reserve, &user)?;
                let weighted = Bps::new(u128::from(threshold)).of(value, Rounding::Floor)?;
                equity = narrow_i128(weighted)?;
                // What suppliers earn can only cure, and a cure may not be late either.
                growth = growth.saturating_add(self.interest(
                    view,
                    &reserve,
                    asset,
                    equity.unsigned_abs(),
                )?);
            }
            if user.borrowing {
                requirement = narrow_u128(self.debt_value(&reserve, &user)?)?;
                growth =
                    growth.saturating_add(self.interest(view, &reserve, asset, requirement)?);
            }
            debt = debt.saturating_add(requirement);
            terms += 1;
            if equity != 0 || requirement != 0 {
                out.terms.push(Exposure { market, equity, requirement });
            }
        }
        // Without debt there is no line to cross.
        let until = if growth == 0 || debt == 0 {
            Time::MAX
        } else {
            view.now.after(ARM_SECONDS * breakwater_money::time::NANOS_PER_SECOND)
        };
        // Every value may be a unit off, now and at the next price, and so may its weighting; the
        // ratio is rounded at 1e-18 of the debt.
        let rounding = terms.saturating_mul(6).saturating_add(4).saturating_add(debt >> 40);
        Ok(Armed { until, error: rounding.saturating_add(growth) })
    }

    /// Interest on `value` over the time an arming holds, bounded from above.
    fn interest(
        &self,
        view: &View<'_>,
        reserve: &Reserve,
        asset: AssetId,
        value: u128,
    ) -> Result<u128, Rejected> {
        let stored = view.state(StateKey::Asset(asset, column::BORROW_RATE));
        let model = self.assets.get(asset.index()).and_then(|a| a.as_ref()?.rates);
        let bps = model.map_or(0, |m| {
            u128::from(m.base_bps) + u128::from(m.slope1_bps) + u128::from(m.slope2_bps)
        });
        let rate = stored.max(Bps::new(bps).of(Ray::one().raw, Rounding::Ceil)?);
        if rate.is_zero() {
            return Ok(0);
        }
        // Suppliers never earn more than borrowers pay. Twice simple interest bounds compounding at
        // up to 1,000 % over an hour; twice that covers lines up to two and moves up to double.
        let seconds = U256::from(4 * ARM_SECONDS);
        let year = U256::from(SECONDS_PER_YEAR);
        let share = mul_div_full(rate, seconds, year, Rounding::Ceil)?;
        let grown = mul_div_full(U256::from(value), share, Ray::one().raw, Rounding::Ceil)?;
        // The first instant may already round a balance to its next base unit.
        let unit = value_of(reserve, U256::from(4), Rounding::Ceil)?;
        Ok(narrow_u128(grown)?.saturating_add(narrow_u128(unit)?))
    }

    /// Unweighted values of what the account has supplied, counted as collateral or not, and of what
    /// it owes, with indices carried forward.
    ///
    /// # Errors
    /// As [`Reserves::totals`].
    pub fn sides(&self, view: &View<'_>, account: AccountId) -> Result<Sides, Rejected> {
        let mut sides = Sides::default();
        for asset in self.assets_of(view, account)? {
            let reserve = self.reserve(view, asset)?;
            let user = self.user(view, account, asset);
            let more = narrow_u128(self.collateral_value(&reserve, &user)?)?;
            sides.collateral = sides.collateral.checked_add(more).ok_or(Rejection::Overflow)?;
            let more = narrow_u128(self.debt_value(&reserve, &user)?)?;
            sides.debt = sides.debt.checked_add(more).ok_or(Rejection::Overflow)?;
        }
        Ok(sides)
    }

    fn collateral_value(&self, reserve: &Reserve, user: &UserReserve) -> Result<U256, Rejected> {
        let units =
            to_underlying(user.scaled_collateral, reserve.liquidity_index.raw, Rounding::Floor)?;
        value_of(reserve, units, Rounding::Floor)
    }

    fn debt_value(&self, reserve: &Reserve, user: &UserReserve) -> Result<U256, Rejected> {
        let units =
            to_underlying(user.scaled_debt, reserve.variable_borrow_index.raw, Rounding::Ceil)?;
        value_of(reserve, units, Rounding::Ceil)
    }

    /// Price of `asset` at which weighted collateral equals debt, other prices held: exact on the
    /// balances, before the venue rounds values to its base currency.
    ///
    /// # Errors
    /// As [`Reserves::totals`].
    pub fn liquidation_price(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
    ) -> Result<Option<Rational>, Rejected> {
        use breakwater_money::rational::big;
        let zero = || Rational::from_integer(0.into());
        let (mut held, mut owed) = ((zero(), zero()), (zero(), zero()));
        for other in self.assets_of(view, account)? {
            let reserve = self.reserve(view, other)?;
            let user = self.user(view, account, other);
            let unit = Rational::from_integer(pow10(reserve.decimals)?.into());
            let price =
                Rational::new(big(reserve.price).into(), pow10(self.numeraire_decimals)?.into());
            let units = |shares: U256, index: Ray, rounding| {
                let amount = to_underlying(shares, index.raw, rounding)?;
                // division: exact, rationals do not round
                Ok::<_, Rejected>(Rational::from_integer(big(amount).into()) / &unit)
            };
            if user.use_as_collateral {
                let threshold = user.own_threshold_bps.unwrap_or(reserve.liquidation_threshold_bps);
                let amount =
                    units(user.scaled_collateral, reserve.liquidity_index, Rounding::Floor)?
                        * Rational::new(threshold.into(), 10_000.into());
                if other == asset { held.1 += amount } else { held.0 += amount * &price }
            }
            if user.borrowing {
                let amount =
                    units(user.scaled_debt, reserve.variable_borrow_index, Rounding::Ceil)?;
                if other == asset { owed.1 += amount } else { owed.0 += amount * &price }
            }
        }
        Ok(breakwater_margin::liquidation_price::lending_root(&held.0, &held.1, &owed.0, &owed.1))
    }

    /// True if taking this collateral for debt at its terms lowers the account's health:
    /// threshold times (1 + incentive) exceeds the health factor.
    #[must_use]
    pub fn is_toxic(&self, reserve: &Reserve, user: &UserReserve, health: Wad) -> bool {
        let threshold = user.own_threshold_bps.unwrap_or(reserve.liquidation_threshold_bps);
        let product = u64::from(threshold) * u64::from(reserve.liquidation_bonus_bps);
        // Both sides at 1e26: basis points squared against a wad.
        let left = U256::from(product).saturating_mul(Wad::one().raw);
        left > health.raw.saturating_mul(U256::from(100_000_000u64))
    }
}

/// The finer totals in the shape of the others.
fn fine(held: impl Iterator<Item = (usize, (Reserve, UserReserve))>) -> Result<Totals, Rejected> {
    let totals = aave_v4::sum(held.map(|(_, holding)| holding))?;
    Ok(Totals {
        collateral_base: totals.collateral_value,
        debt_base: totals.debt_value,
        weighted: totals.weighted,
        health_factor: totals.health,
    })
}

/// Value of `units` in the base currency.
///
/// # Errors
/// Overflow.
pub fn value_of(reserve: &Reserve, units: U256, rounding: Rounding) -> Result<U256, Rejected> {
    let unit = U256::from(pow10(reserve.decimals)?);
    Ok(breakwater_money::rounding::mul_div_wide(units, reserve.price, unit, rounding)?)
}

/// The account's own threshold, if it has one.
#[must_use]
pub fn own_threshold(view: &View<'_>, account: AccountId) -> Option<u16> {
    let stored = view.state(StateKey::Account(account, column::OWN_THRESHOLD));
    u16::try_from(stored).ok().filter(|bps| *bps > 0)
}

/// Whole Unix seconds.
#[must_use]
pub fn seconds(now: Time) -> u64 {
    now.seconds_since(Time(0))
}

fn elapsed(view: &View<'_>, asset: AssetId) -> u64 {
    let updated = view.state(StateKey::Asset(asset, column::UPDATED_AT));
    let updated = u64::try_from(updated).unwrap_or(u64::MAX);
    seconds(view.now).saturating_sub(updated)
}

fn bit(bits: U256, asset: AssetId) -> bool {
    asset.index() < 256 && bits.bit(asset.index())
}
