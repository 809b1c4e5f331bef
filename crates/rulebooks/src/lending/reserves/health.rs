//! What an account is worth and how near its line: health, the slopes that prices move it along,
//! unweighted sides, and the price at which it is liquidated.

use super::{Reserves, Valuation, column, value_of};
use crate::lending::aave_v3::{Emode, Reserve, Totals, UserReserve, sum};
use crate::lending::aave_v4;
use crate::lending::index::SECONDS_PER_YEAR;
use breakwater_liquidation::{Exposures, Rejected, Rejection, Sides, StateKey, View};
use breakwater_margin::Health;
use breakwater_margin::health::{Armed, Exposure};
use breakwater_money::rounding::{
    Rounding, div_wide, mul_div_full, narrow_i128, narrow_u128, pow10,
};
use breakwater_money::share::to_underlying;
use breakwater_money::{AccountId, AssetId, Bps, Rational, Ray, Time, U256, Wad};

/// Longest time for which an arming of the watch list bounds accrued interest. The bound is that of
/// the highest rate a reserve can ask for, since others' business moves the rate under an account
/// that nothing touches; an hour keeps it small.
const ARM_SECONDS: u64 = 3_600;

impl Reserves {
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
                // What rounds to nothing now may be something at the next price.
                let dust = threshold > 0 && !user.scaled_collateral.is_zero();
                equity = narrow_i128(weighted)?.max(i128::from(dust));
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
        let steepest = Bps::new(bps).of(Ray::one().raw, Rounding::Ceil)?;
        let surcharge = view.state(StateKey::Asset(asset, column::SURCHARGE));
        let rate = stored.max(steepest.saturating_add(surcharge));
        if rate.is_zero() {
            return Ok(0);
        }
        // Suppliers never earn more than borrowers pay. Twice simple interest bounds compounding at
        // up to 1,000 % and a surcharge of as much over an hour; twice that covers lines up to two
        // and moves up to double.
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
