//! The mirror behind the Rulebook trait: one vault an asset, and accounts that owe one vault.
//!
//! A liquidator from outside takes the debt over, repays it and redeems the shares in one batch, as
//! keepers do through the connector; one that is an account of the pool keeps both.

mod business;
mod pool;
mod position;
mod seizure;

use super::Revert;
use super::parameters::Parameters;
use crate::desk;
use breakwater_liquidation::rulebook::Sides;
use breakwater_liquidation::{
    AccountShape, AssetInfo, AssetTotals, Call, CallOption, Effects, Exposures, Kept, Layout,
    Promise, Reach, Rejected, Rejection, Rulebook, Unsupported, View,
};
use breakwater_margin::Health;
use breakwater_margin::health::{Armed, Exposure};
use breakwater_margin::liquidation_price::lending_root;
use breakwater_money::rounding::{Rounding, mul_div, narrow_i128, pow10};
use breakwater_money::time::NANOS_PER_SECOND;
use breakwater_money::{AccountId, AssetId, Bps, Class, Rational, Time, U256, Wad, rational};
use pool::{OTHERS_UNITS, Pool, seconds};
use position::Position;
use seizure::Ask;
use std::collections::BTreeMap;

/// Columns of the state, in the order of the layout.
pub mod column {
    /// Asset: what a debt of one has grown to (ray).
    pub const ACCUMULATOR: u16 = 0;
    /// Asset: rate since the last accrual (ray per second).
    pub const RATE: u16 = 1;
    /// Asset: when debts last grew (Unix seconds).
    pub const UPDATED_AT: u16 = 2;
    /// Asset: all debt of the vault (base units times 2^31).
    pub const BORROWS: u16 = 3;
    /// Account: bit `i` is set when shares of asset `i` secure its debt.
    pub const COLLATERAL: u16 = 0;
    /// Account: the accumulator as of which its debt stands in the ledger (ray).
    pub const DEBT_ACCUMULATOR: u16 = 1;
    /// Account: its last successful check (Unix seconds).
    pub const CHECKED_AT: u16 = 2;
    /// Account: a threshold of its own in basis points, zero for none.
    pub const OWN_THRESHOLD: u16 = 3;
}

static LAYOUT: Layout = Layout {
    pool: &[],
    asset: &[
        "accumulator (ray)",
        "rate (ray per second)",
        "updated at (Unix seconds)",
        "total borrows (base units times 2^31)",
    ],
    account: &[
        "collateral (bitmap)",
        "debt's accumulator (ray)",
        "checked at (Unix seconds)",
        desk::OWN_THRESHOLD,
    ],
    cells: &[],
};

const PROMISES: &[(Promise, Kept)] = &[
    // Exact equality counts as a violation there, and so is not healthy.
    (Promise::HealthyUntouched, Kept::Keeps),
    // The vault takes what its oracle answers; how old that may be is the oracle's own matter.
    (Promise::FreshMarksOnly, Kept::Refuses),
    // The cool-off counts from an account's last check, not from an outage of prices.
    (Promise::GraceAfterOutage, Kept::Refuses),
    // A governor may hook any operation, repaying and depositing included.
    (Promise::CureStaysPossible, Kept::Refuses),
    // A part of an account too far under water may be taken, which leaves the rest in worse health.
    (Promise::StepNeverHurts, Kept::Refuses),
    // There is no close factor: a call may take over everything.
    (Promise::Minimal, Kept::Refuses),
    // As often as it is in violation: the call resets no cool-off.
    (Promise::OncePerTick, Kept::Refuses),
    (Promise::FundBeforeDeleveraging, Kept::NotApplicable),
    // Socialising is a flag of the vault, and nothing below a million units of account is written
    // off.
    (Promise::NoUnbookedDebt, Kept::Refuses),
];

/// Longest time for which an arming of the watch list bounds interest and ramps; an hour keeps it
/// small.
const ARM_SECONDS: u64 = 3_600;

struct EulerV2 {
    pool: Pool,
}

/// Builds the rulebook from a parameter file, bound to the pool's assets by symbol.
///
/// # Errors
/// The first parameter refused, with its value and what would be right.
pub fn build(parameters: &str, assets: &[AssetInfo]) -> Result<Box<dyn Rulebook>, String> {
    let parameters = Parameters::parse(parameters)?;
    Ok(Box::new(EulerV2 { pool: Pool::bind(&parameters, assets)? }))
}

/// Several collaterals of one vault's choice against one debt. The connector's ten are more than
/// most vaults take.
///
/// # Errors
/// As [`build`].
pub fn shape(parameters: &str) -> Result<AccountShape, String> {
    let parameters = Parameters::parse(parameters)?;
    let mut secured_by = BTreeMap::new();
    for (symbol, vault) in &parameters.vaults {
        let counts =
            vault.collaterals.iter().filter(|(_, weights)| weights.liquidation_ltv_bps > 0);
        let collaterals: Vec<String> = counts.map(|(collateral, _)| collateral.clone()).collect();
        if !collaterals.is_empty() {
            secured_by.insert(symbol.clone(), collaterals);
        }
    }
    Ok(AccountShape {
        collaterals: Reach::Many,
        debts: Reach::One,
        secured_by,
        currency: None,
        debt_least: 0,
    })
}

impl From<Revert> for Rejected {
    fn from(revert: Revert) -> Self {
        let rejection = match revert {
            Revert::SelfLiquidation => Rejection::SelfDealing,
            Revert::BadCollateral | Revert::CollateralDisabled => Rejection::NotCollateral,
            Revert::TransientState
            | Revert::NoLiability
            | Revert::NotController
            | Revert::InsufficientDebt => Rejection::NotBorrowed,
            Revert::CheckDeferred | Revert::CoolOff => Rejection::VenueGrace,
            Revert::ExcessiveRepay => Rejection::ExceedsPlan,
            Revert::LeastYield => Rejection::WorseThanLimit,
            // A part less leaves nothing of that kind behind.
            Revert::RepayTooMuch => Rejection::DustLeft,
            Revert::AmountTooLarge | Revert::DebtTooLarge | Revert::Arithmetic => {
                Rejection::Overflow
            }
        };
        rejection.because(revert.to_string())
    }
}

impl Rulebook for EulerV2 {
    fn name(&self) -> &str {
        &self.pool.name
    }

    fn layout(&self) -> &'static Layout {
        &LAYOUT
    }

    fn promises(&self) -> &'static [(Promise, Kept)] {
        PROMISES
    }

    fn numeraire_decimals(&self) -> u8 {
        self.pool.numeraire_decimals
    }

    fn admits(&self, view: &View<'_>) -> Result<(), Unsupported> {
        self.pool.admits(view)
    }

    fn found(&self, view: &View<'_>) -> Result<Effects, Rejected> {
        Ok(self.pool.found(view))
    }

    /// Nothing: a vault's debts grow when a call touches it, and every balance is valued as if it
    /// had been.
    fn accrue(&self, _: &View<'_>) -> Result<Effects, Rejected> {
        Ok(Effects::default())
    }

    /// In breach exactly where the venue's own comparison says so, in its unit of account of 18
    /// decimals: at a ratio of one as well, the line itself being a violation. In the numeraire
    /// equity is rounded down and requirement up.
    fn assess(&self, view: &View<'_>, account: AccountId) -> Result<Health, Rejected> {
        let Some(position) = self.pool.position(view, account, None)? else {
            return self.unencumbered(view, account);
        };
        let health = position.health()?;
        let equity = self.pool.in_numeraire(health.adjusted, Rounding::Floor)?;
        let requirement = self.pool.in_numeraire(health.liability_value, Rounding::Ceil)?;
        let breach = health.is_violation();
        Ok(Health {
            equity: narrow_i128(U256::from(equity))?,
            requirement,
            ratio: health.score()?.map_or(Wad::max(), Wad::from_raw),
            shortfall: if breach { requirement.saturating_sub(equity) } else { 0 },
            breach,
        })
    }

    fn exposures(
        &self,
        view: &View<'_>,
        account: AccountId,
        out: &mut Exposures,
    ) -> Result<Armed, Rejected> {
        let Some(position) = self.pool.position(view, account, None)? else {
            // Without debt no price and no time crosses a line.
            return Ok(Armed { until: Time::MAX, error: 0 });
        };
        let health = position.health()?;
        let owed = self.pool.in_numeraire(health.liability_value, Rounding::Ceil)?;
        let mut error = self.drift(view, position.asset, owed)?;
        let mut moving = error.moving;
        // Every term is told with its own error on top, since that moves with the price as well.
        let requirement = owed.saturating_add(error.value);
        let market = view.market_of(position.asset)?;
        out.terms.push(Exposure { market, equity: 0, requirement });
        for (asset, collateral) in position.assets.iter().zip(&position.collaterals) {
            let weight = collateral.ltv.now()?;
            if !collateral.recognised || weight == 0 || collateral.balance.is_zero() {
                continue;
            }
            let value = collateral.quote.value(collateral.assets)?;
            let value = self.pool.in_numeraire(value, Rounding::Ceil)?;
            let ramp = self.ramp(view, &position, *asset, weight)?;
            let drift = self.drift(view, *asset, value)?;
            moving |= drift.moving || ramp > 0;
            let fall = mul_div(value, u128::from(ramp), 10_000, Rounding::Ceil)?;
            let lost = drift.value.saturating_add(fall);
            error.value = error.value.saturating_add(lost);
            let counts = mul_div(value, u128::from(weight), 10_000, Rounding::Ceil)?;
            out.terms.push(Exposure {
                market: view.market_of(*asset)?,
                equity: narrow_i128(U256::from(counts.saturating_add(lost)))?,
                requirement: 0,
            });
        }
        let until = if moving { view.now.after(ARM_SECONDS * NANOS_PER_SECOND) } else { Time::MAX };
        Ok(Armed { until, error: error.value.saturating_add(8) })
    }

    /// One call for each collateral that can be seized, of as much as the venue lets go.
    fn calls(
        &self,
        view: &View<'_>,
        account: AccountId,
        out: &mut Vec<CallOption>,
    ) -> Result<(), Rejected> {
        self.options(view, account, out)
    }

    /// What may be seized and what is owed: of an account that owes nothing, all of its shares.
    fn sides(&self, view: &View<'_>, account: AccountId) -> Result<Sides, Rejected> {
        let position = self.pool.position(view, account, None)?;
        let mut sides = Sides::default();
        for (asset, shares) in desk::held(view, account, Class::Supply)? {
            let counts = position.as_ref().is_none_or(|position| {
                let held = position.collaterals.get(position.place(asset));
                held.is_some_and(|held| held.enabled && held.recognised)
            });
            if counts {
                let units = self.pool.books(view, asset)?.redeem(U256::from(shares))?;
                let worth = self.pool.value(view, asset, units, Rounding::Floor)?;
                sides.collateral = sides.collateral.saturating_add(worth);
            }
        }
        if let Some(position) = position {
            let units = super::owed_units(position.owed_exact)?;
            sides.debt = self.pool.value(view, position.asset, units, Rounding::Ceil)?;
        }
        Ok(sides)
    }

    /// What the shares in issue redeem for, uncollected fees included, and the vault's own total of
    /// debts, both with interest until now.
    fn totals(&self, view: &View<'_>, asset: AssetId) -> Result<AssetTotals, Rejected> {
        let books = self.pool.books(view, asset)?;
        Ok(AssetTotals {
            supplied: desk::raw(books.redeem(books.shares)?)?,
            borrowed: desk::raw(super::owed_units(books.borrows)?)?,
        })
    }

    /// One over what the largest discount of any vault leaves, rounded up. Base units are not
    /// divisible: what one of them pays for may be worth more.
    fn incentive_most_bps(&self) -> Option<u32> {
        let discounts = self.pool.iter().map(|(_, vault)| vault.terms.max_liquidation_discount_bps);
        let left = 10_000 - u128::from(discounts.max()?);
        let most = mul_div(10_000, 10_000, left, Rounding::Ceil).ok()?;
        u32::try_from(most).ok()
    }

    /// The offer of `RepayAndSeize` becomes the venue's argument as
    /// [`largest_call`](super::largest_call) says, with no least yield.
    fn execute(&self, view: &View<'_>, call: &Call) -> Result<Effects, Rejected> {
        let Call::RepayAndSeize { account, debt, collateral, amount, shares, liquidator } = *call
        else {
            return self.business(view, call);
        };
        self.seize(view, &Ask { account, debt, collateral, amount, shares, liquidator })
    }

    fn arguments(&self, view: &View<'_>, call: &Call) -> String {
        self.told(view, call).unwrap_or_else(|| call.kind().to_owned())
    }

    /// Exact on the balances in base units, before the venue rounds values.
    fn liquidation_price(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
    ) -> Result<Option<Rational>, Rejected> {
        let Some(position) = self.pool.position(view, account, None)? else { return Ok(None) };
        let whole = |of: AssetId, units: U256| -> Result<Rational, Rejected> {
            let unit = pow10(view.asset(of)?.decimals)?;
            Ok(Rational::new(rational::big(units).into(), unit.into()))
        };
        let price = |of: AssetId| -> Result<Rational, Rejected> {
            let price = view.price(of)?;
            Ok(Rational::new(price.raw.into(), pow10(price.decimals)?.into()))
        };
        let zero = || Rational::from_integer(0.into());
        let (mut held, mut owed) = ((zero(), zero()), (zero(), zero()));
        for (of, collateral) in position.assets.iter().zip(&position.collaterals) {
            let weight = collateral.ltv.now()?;
            if !collateral.recognised || weight == 0 || collateral.balance.is_zero() {
                continue;
            }
            let counts =
                whole(*of, collateral.assets)? * Rational::new(weight.into(), 10_000.into());
            if *of == asset { held.1 += counts } else { held.0 += counts * price(*of)? }
        }
        let units = whole(position.asset, super::owed_units(position.owed_exact)?)?;
        if position.asset == asset {
            owed.1 += units;
        } else {
            owed.0 += units * price(position.asset)?;
        }
        Ok(lending_root(&held.0, &held.1, &owed.0, &owed.1))
    }
}

/// What may move a value other than its price.
struct Drift {
    /// In the numeraire, at the most, while an arming holds.
    value: u128,
    /// Whether time moves it at all.
    moving: bool,
}

impl EulerV2 {
    /// Interest on a value of the vault of `asset` while an arming holds, the base units by which
    /// rounding may move an amount now and then, and the numeraire's own.
    fn drift(&self, view: &View<'_>, asset: AssetId, value: u128) -> Result<Drift, Rejected> {
        let interest = self.pool.interest_most(view, asset, value, ARM_SECONDS)?;
        let units = U256::from(2 * (1 + OTHERS_UNITS));
        let rounding = self.pool.value(view, asset, units, Rounding::Ceil)?;
        let value = interest.saturating_add(rounding).saturating_add(4);
        Ok(Drift { value, moving: interest > 0 })
    }

    /// By how much the weight of a collateral comes down while an arming holds, basis points.
    fn ramp(
        &self,
        view: &View<'_>,
        position: &Position<'_>,
        asset: AssetId,
        weight: u16,
    ) -> Result<u16, Rejected> {
        let listed = position.listed.collaterals.iter().find(|(known, _)| *known == asset);
        let Some((_, weights)) = listed.filter(|(_, weights)| weights.ramp.is_some()) else {
            return Ok(0);
        };
        let ltv = weights.ltv(seconds(view.now));
        // A threshold of the account's own is on no ramp.
        if ltv.now()? != weight {
            return Ok(0);
        }
        let then = weights.ltv(seconds(view.now).saturating_add(ARM_SECONDS)).now()?;
        Ok(weight.saturating_sub(then))
    }

    /// An account that owes nothing: its shares at the highest weight that any vault gives them.
    fn unencumbered(&self, view: &View<'_>, account: AccountId) -> Result<Health, Rejected> {
        let own = desk::own_threshold(view, account, column::OWN_THRESHOLD);
        let mut equity = 0u128;
        for (asset, shares) in desk::held(view, account, Class::Supply)? {
            let vaults = self.pool.iter().flat_map(|(_, vault)| &vault.collaterals);
            let weights = vaults.filter(|(known, _)| *known == asset);
            let weights = weights.filter_map(|(_, w)| w.ltv(seconds(view.now)).now().ok());
            let Some(most) = weights.max() else { continue };
            let units = self.pool.books(view, asset)?.redeem(U256::from(shares))?;
            let worth = self.pool.value(view, asset, units, Rounding::Floor)?;
            let weight = Bps::new(u128::from(own.unwrap_or(most)));
            let counts = desk::raw(weight.of(U256::from(worth), Rounding::Floor)?)?;
            equity = equity.saturating_add(counts);
        }
        Ok(Health::unencumbered(narrow_i128(U256::from(equity))?))
    }
}
