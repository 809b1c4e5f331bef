//! The mirror behind the Rulebook trait: many isolated markets in one pool, one position an
//! account.
//!
//! In the ledger collateral is units of the asset, debts and what is lent are shares of one market;
//! the market is the account's `MARKET` column, its totals are cells. Cash of all markets lies
//! together, as in the contract, and each market's own totals bound what it pays out.

mod business;
mod markets;
mod seizure;

use super::parameters::{Parameters, wad};
use super::{PRICE_ONE, Revert};
use crate::desk;
use breakwater_liquidation::rulebook::Sides;
use breakwater_liquidation::{
    AccountShape, AssetInfo, AssetKind, AssetTotals, Call, CallOption, Effects, Exposures, Kept,
    Layout, Promise, Reach, Rejected, Rejection, Rulebook, StateKey, Unsupported, View,
};
use breakwater_margin::Health;
use breakwater_margin::health::{Armed, Exposure};
use breakwater_margin::liquidation_price::lending_root;
use breakwater_money::rounding::{
    Rounding, div_wide, mul_div_full, narrow_i128, narrow_u128, pow10,
};
use breakwater_money::time::NANOS_PER_SECOND;
use breakwater_money::{
    AccountId, AssetId, Class, Holder, Rational, Time, U256, Unit, Wad, rational,
};
use markets::{Markets, Seat, seconds, value};
use seizure::Ask;

/// Account columns of the state, in the order of the layout.
pub mod column {
    /// The market of the account's position: collateral, loan asset and LLTV (basis points), 16
    /// bits each from the left; zero for none. A choice as long as the account neither owes nor
    /// lends.
    pub const MARKET: u16 = 0;
    /// A threshold of its own in basis points, zero for none.
    pub const OWN_THRESHOLD: u16 = 1;
}

/// Cell tables of the state, in the order of the layout. A market's row is its collateral and loan
/// asset (16 bits each), its column its LLTV in basis points.
pub mod table {
    /// Loan units that suppliers have in the market.
    pub const SUPPLY_ASSETS: u16 = 0;
    /// Supply shares.
    pub const SUPPLY_SHARES: u16 = 1;
    /// Loan units owed.
    pub const BORROW_ASSETS: u16 = 2;
    /// Debt shares.
    pub const BORROW_SHARES: u16 = 3;
    /// When interest was last added (Unix seconds).
    pub const UPDATED_AT: u16 = 4;
}

static LAYOUT: Layout = Layout {
    pool: &[],
    asset: &[],
    account: &["market (collateral, loan and LLTV in bps, 16 bits each)", desk::OWN_THRESHOLD],
    cells: &[
        "total supply (loan units)",
        "total supply shares",
        "total borrow (loan units)",
        "total borrow shares",
        "updated at (Unix seconds)",
    ],
};

const PROMISES: &[(Promise, Kept)] = &[
    (Promise::HealthyUntouched, Kept::Keeps),
    // The contract takes what its oracle answers; how old that is, no rule of its own asks.
    (Promise::FreshMarksOnly, Kept::Refuses),
    // Nothing notices an outage.
    (Promise::GraceAfterOutage, Kept::Refuses),
    // Nothing can be paused.
    (Promise::CureStaysPossible, Kept::Keeps),
    // A part of a toxic position may be taken, which leaves the rest in worse health.
    (Promise::StepNeverHurts, Kept::Refuses),
    // There is no close factor: a call may take up to everything.
    (Promise::Minimal, Kept::Refuses),
    // As often as it is unhealthy.
    (Promise::OncePerTick, Kept::Refuses),
    (Promise::FundBeforeDeleveraging, Kept::NotApplicable),
    // At exactly no collateral the rest is written off in the same call. A unit left behind
    // postpones it, but then there is collateral.
    (Promise::NoUnbookedDebt, Kept::Keeps),
];

/// Longest time for which an arming of the watch list bounds interest.
const ARM_SECONDS: u64 = 3_600;

struct MorphoBlue {
    name: String,
    numeraire_decimals: u8,
    markets: Markets,
}

/// Builds the rulebook from a parameter file, bound to the pool's assets by symbol.
///
/// # Errors
/// The first parameter refused, with its value and what would be right.
pub fn build(parameters: &str, assets: &[AssetInfo]) -> Result<Box<dyn Rulebook>, String> {
    let parameters = Parameters::parse(parameters)?;
    Ok(Box::new(MorphoBlue {
        name: parameters.name.clone(),
        numeraire_decimals: parameters.numeraire_decimals,
        markets: Markets::bind(&parameters, assets)?,
    }))
}

/// One collateral and one debt an account, of a pair that some market has.
///
/// # Errors
/// As [`build`].
pub fn shape(parameters: &str) -> Result<AccountShape, String> {
    let parameters = Parameters::parse(parameters)?;
    let mut shape = AccountShape {
        collaterals: Reach::One,
        debts: Reach::One,
        secured_by: std::collections::BTreeMap::new(),
        currency: None,
        debt_least: 0,
    };
    for market in parameters.markets.values() {
        let securing = shape.secured_by.entry(market.loan.clone()).or_default();
        if !securing.contains(&market.collateral) {
            securing.push(market.collateral.clone());
        }
    }
    Ok(shape)
}

impl From<Revert> for Rejected {
    fn from(revert: Revert) -> Self {
        let rejection = match revert {
            Revert::InconsistentInput => Rejection::BadParameter,
            Revert::Healthy => Rejection::Healthy,
            Revert::TooWide | Revert::Arithmetic | Revert::DivisionByZero => Rejection::Overflow,
        };
        rejection.because(revert.to_string())
    }
}

impl Rulebook for MorphoBlue {
    fn name(&self) -> &str {
        &self.name
    }

    fn layout(&self) -> &'static Layout {
        &LAYOUT
    }

    fn promises(&self) -> &'static [(Promise, Kept)] {
        PROMISES
    }

    fn numeraire_decimals(&self) -> u8 {
        self.numeraire_decimals
    }

    fn admits(&self, view: &View<'_>) -> Result<(), Unsupported> {
        let missing = |missing: String| Unsupported { rulebook: self.name.clone(), missing };
        for (asset, info) in (0..).map(AssetId).zip(view.assets) {
            if info.kind != AssetKind::Token {
                let what = format!("perpetual contracts, such as {}", info.symbol);
                return Err(missing(what));
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
            if held && !self.markets.names(asset) {
                return Err(missing(format!("a market with {}", info.symbol)));
            }
        }
        for account in (0..view.balances.accounts()).map(AccountId) {
            let place = self.markets.place(view, account);
            place.map_err(|rejected| missing(rejected.detail))?;
        }
        Ok(())
    }

    /// Markets count their interest from the day they are listed.
    fn found(&self, view: &View<'_>) -> Result<Effects, Rejected> {
        let mut effects = Effects::default();
        for listed in self.markets.iter() {
            let key = listed.identity.cell(table::UPDATED_AT);
            if view.state(key).is_zero() {
                effects.set(key, U256::from(seconds(view.now)));
            }
        }
        Ok(effects)
    }

    /// Nothing: a market's interest is added when a call touches it, and every debt is valued as
    /// if it had been.
    fn accrue(&self, _: &View<'_>) -> Result<Effects, Rejected> {
        Ok(Effects::default())
    }

    /// In breach exactly where the contract's own comparison in loan units says so; the values in
    /// the numeraire are those two amounts at the loan's mark, so that the ratio is theirs.
    fn assess(&self, view: &View<'_>, account: AccountId) -> Result<Health, Rejected> {
        let seat = self.markets.seat(view, account)?;
        let Some(seat) = seat.filter(|seat| seat.position.borrow_shares > 0) else {
            return self.unencumbered(view, account);
        };
        let (health, loan) = (seat.health(view)?, seat.listed.identity.loan);
        let equity = value(view, loan, health.max_borrow, Rounding::Floor)?;
        let missing = health.borrowed.saturating_sub(health.max_borrow);
        let one = Wad::one().raw;
        let ratio = mul_div_full(health.max_borrow, one, health.borrowed, Rounding::Floor)?;
        Ok(Health {
            equity: narrow_i128(U256::from(equity))?,
            requirement: value(view, loan, health.borrowed, Rounding::Ceil)?,
            ratio: Wad::from_raw(ratio),
            shortfall: value(view, loan, missing, Rounding::Ceil)?,
            breach: !health.is_healthy(),
        })
    }

    fn exposures(
        &self,
        view: &View<'_>,
        account: AccountId,
        out: &mut Exposures,
    ) -> Result<Armed, Rejected> {
        let seat = self.markets.seat(view, account)?;
        let Some(seat) = seat.filter(|seat| seat.position.borrow_shares > 0) else {
            // Without debt no price and no time crosses a line.
            return Ok(Armed { until: Time::MAX, error: 0 });
        };
        let (health, market) = (seat.health(view)?, seat.listed.identity);
        // Loan units that rounding may move: the price by one of its own units, worth and ratio by
        // one each, the debt by one, others' rounding by a few; all of it once now and once then.
        let price_unit = U256::from(seat.position.collateral);
        let price_unit = div_wide(price_unit, U256::from(PRICE_ONE), Rounding::Ceil)?;
        let rounding = U256::from(2 * (4 + markets::OTHERS_UNITS)) + price_unit + price_unit;
        let (growth, until) = if seat.listed.has_rate() {
            let growth = seat.listed.interest_most(health.borrowed, ARM_SECONDS)?;
            (growth, view.now.after(ARM_SECONDS * NANOS_PER_SECOND))
        } else {
            (U256::ZERO, Time::MAX)
        };
        let error = rounding.checked_add(growth).ok_or(Rejection::Overflow)?;
        // Both sides are told with the error on top: it moves with the prices as they do.
        let with_error = |units: U256| {
            let units = units.checked_add(error).ok_or(Rejection::Overflow)?;
            value(view, market.loan, units, Rounding::Ceil)
        };
        out.terms.push(Exposure {
            market: view.market_of(market.collateral)?,
            equity: narrow_i128(U256::from(with_error(health.max_borrow)?))?,
            requirement: 0,
        });
        out.terms.push(Exposure {
            market: view.market_of(market.loan)?,
            equity: 0,
            requirement: with_error(health.borrowed)?,
        });
        // Each of the two values is rounded by one of the numeraire's units.
        let error = with_error(U256::ZERO)?.saturating_add(4);
        Ok(Armed { until, error })
    }

    /// One call at most: the market has one collateral and one loan asset.
    fn calls(
        &self,
        view: &View<'_>,
        account: AccountId,
        out: &mut Vec<CallOption>,
    ) -> Result<(), Rejected> {
        let health = self.assess(view, account)?;
        if health.breach {
            out.extend(self.option(view, account, health.ratio)?);
        }
        Ok(())
    }

    /// Collateral that secures, and debt. What the account has lent is neither: nobody may take it.
    fn sides(&self, view: &View<'_>, account: AccountId) -> Result<Sides, Rejected> {
        let Some(Seat { listed, position, accrued, .. }) = self.markets.seat(view, account)? else {
            let mut sides = Sides::default();
            for (asset, units) in desk::held(view, account, Class::Supply)? {
                let worth = value(view, asset, U256::from(units), Rounding::Floor)?;
                sides.collateral = sides.collateral.saturating_add(worth);
            }
            return Ok(sides);
        };
        let worth = |asset, units: U256, rounding| {
            if units.is_zero() { Ok(0) } else { value(view, asset, units, rounding) }
        };
        let (held, owed) =
            (U256::from(position.collateral), accrued.market.owed(position.borrow_shares)?);
        Ok(Sides {
            collateral: worth(listed.identity.collateral, held, Rounding::Floor)?,
            debt: worth(listed.identity.loan, owed, Rounding::Ceil)?,
        })
    }

    /// As a loan asset, the totals of its markets with interest until now; as a collateral, the
    /// units of those accounts whose market does not lend it.
    fn totals(&self, view: &View<'_>, asset: AssetId) -> Result<AssetTotals, Rejected> {
        let symbol = &view.asset(asset)?.symbol;
        if !self.markets.names(asset) {
            let detail = format!("{} has no market with {symbol}", self.name);
            return Err(Rejection::NotLendable.because(detail));
        }
        let lends = |account| {
            let number = view.state(StateKey::Account(account, column::MARKET));
            self.markets.numbered(number).is_some_and(|m| m.identity.loan == asset)
        };
        let (mut supplied, mut borrowed) = (0u128, 0u128);
        if self.markets.secures(asset) {
            supplied = desk::held_by(view, Unit::supply(asset), |account| !lends(account))?;
        }
        for listed in self.markets.iter().filter(|m| m.identity.loan == asset) {
            let market = listed.accrued(view)?.market;
            let sum = supplied.checked_add(market.total_supply_assets);
            supplied = sum.ok_or(Rejection::Overflow)?;
            let sum = borrowed.checked_add(market.total_borrow_assets);
            borrowed = sum.ok_or(Rejection::Overflow)?;
        }
        Ok(AssetTotals { supplied, borrowed })
    }

    fn arguments(&self, view: &View<'_>, call: &Call) -> String {
        match call {
            Call::RepayAndSeize { account, debt, collateral, amount, .. } => {
                let market = format!(
                    "market {}/{}",
                    desk::symbol(view, *collateral),
                    desk::symbol(view, *debt)
                );
                match self.argument(view, *account, *amount) {
                    Ok(ask) => format!(
                        "liquidate({market}, borrower {account}, seizedAssets {}, repaidShares {})",
                        ask.seized_assets, ask.repaid_shares
                    ),
                    Err(why) => format!("liquidate({market}, borrower {account}): {why}"),
                }
            }
            other => other.kind().to_owned(),
        }
    }

    /// The highest incentive of any market, rounded up.
    fn incentive_most_bps(&self) -> Option<u32> {
        let factors = self.markets.iter().filter_map(|m| m.terms.incentive_factor().ok());
        let most = factors.max()?;
        let bps = div_wide(most.raw, wad(1).raw, Rounding::Ceil).ok()?;
        u32::try_from(bps).ok()
    }

    /// The offer of `RepayAndSeize` becomes the contract's argument as
    /// [`largest_call`](super::largest_call) says. A liquidator that is an account of the pool pays
    /// and receives outside it, as everybody here.
    fn execute(&self, view: &View<'_>, call: &Call) -> Result<Effects, Rejected> {
        let Call::RepayAndSeize { account, debt, collateral, amount, shares, liquidator } = *call
        else {
            return self.business(view, call);
        };
        if let Some(liquidator) = liquidator {
            view.holdings(liquidator)?;
        }
        self.seize(view, &Ask { account, debt, collateral, amount, shares })
    }

    /// Exact on the balances, before the contract rounds to loan units.
    fn liquidation_price(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
    ) -> Result<Option<Rational>, Rejected> {
        let seat = self.markets.seat(view, account)?;
        let Some(seat) = seat.filter(|seat| seat.position.borrow_shares > 0) else {
            return Ok(None);
        };
        let market = seat.listed.identity;
        if asset != market.collateral && asset != market.loan {
            return Ok(None);
        }
        let whole = |asset, units: U256| -> Result<Rational, Rejected> {
            let unit = pow10(view.asset(asset)?.decimals)?;
            Ok(Rational::new(rational::big(units).into(), unit.into()))
        };
        let price = |asset| -> Result<Rational, Rejected> {
            let price = view.price(asset)?;
            Ok(Rational::new(price.raw.into(), pow10(price.decimals)?.into()))
        };
        let lltv = seat.position.own_lltv.unwrap_or(seat.listed.terms.lltv);
        let lltv =
            Rational::new(rational::big(lltv.raw).into(), rational::big(Wad::one().raw).into());
        let held = whole(market.collateral, U256::from(seat.position.collateral))? * lltv;
        let owed = whole(market.loan, seat.owed()?)?;
        let none = Rational::from_integer(0.into());
        Ok(if asset == market.collateral {
            lending_root(&none, &held, &(owed * price(market.loan)?), &none)
        } else {
            lending_root(&(held * price(market.collateral)?), &none, &none, &owed)
        })
    }
}

impl MorphoBlue {
    /// An account that owes nothing: its collateral at the LLTV of its market, or at the highest
    /// that it could have.
    fn unencumbered(&self, view: &View<'_>, account: AccountId) -> Result<Health, Rejected> {
        let place = self.markets.place(view, account)?;
        let mut equity = 0u128;
        for (asset, units) in desk::held(view, account, Class::Supply)? {
            let own = place.listed.filter(|m| m.identity.collateral == asset);
            let lent = place.listed.is_some_and(|m| m.identity.loan == asset);
            let Some(listed) = own.or_else(|| self.markets.best_lltv(asset)).filter(|_| !lent)
            else {
                continue;
            };
            let threshold = desk::own_threshold(view, account, column::OWN_THRESHOLD).map(wad);
            let worth = value(view, asset, U256::from(units), Rounding::Floor)?;
            let lltv = threshold.unwrap_or(listed.terms.lltv);
            let counts = narrow_u128(lltv.of(U256::from(worth), Rounding::Floor)?)?;
            equity = equity.saturating_add(counts);
        }
        Ok(Health::unencumbered(narrow_i128(U256::from(equity))?))
    }
}
