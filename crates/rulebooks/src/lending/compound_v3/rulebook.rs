//! The mirror behind the Rulebook trait: one pool with a market a base asset.

use super::pool::{Books, LAYOUT, Market, Pool, own_factor};
use super::{
    Base, Collateral, Parameters, Revert, debt_value, present_borrow, present_supply,
    present_value, reserves, weighted,
};
use crate::desk;
use breakwater_liquidation::plan::option_of;
use breakwater_liquidation::rulebook::Sides;
use breakwater_liquidation::{
    AccountShape, AssetInfo, AssetTotals, Call, CallOption, Effects, Exposures, Kept, Layout,
    Promise, Reach, Rejected, Rejection, Rulebook, Unsupported, View,
};
use breakwater_margin::Health;
use breakwater_margin::health::{Armed, Exposure};
use breakwater_money::rounding::{Rounding, div_wide, narrow_i128, narrow_u128, pow10, product};
use breakwater_money::time::NANOS_PER_SECOND;
use breakwater_money::{AccountId, AssetId, Class, Rational, Time, U256, Unit, Wad};

/// Name under which hosts plug the rule in.
pub const RULE: &str = "compound-v3";

/// What the venue promises by itself.
const PROMISES: &[(Promise, Kept)] = &[
    (Promise::HealthyUntouched, Kept::Keeps),
    // The contract reads a feed's answer and not its age.
    (Promise::FreshMarksOnly, Kept::Refuses),
    // It has no grace period.
    (Promise::GraceAfterOutage, Kept::Refuses),
    // A pause of supplying stops topping up and repaying too, while absorbing has its own switch.
    (Promise::CureStaysPossible, Kept::Refuses),
    // Nothing is owed after an absorption.
    (Promise::StepNeverHurts, Kept::Keeps),
    // Every absorption takes the whole account, however little is missing.
    (Promise::Minimal, Kept::Refuses),
    // Who was absorbed owes nothing that could be absorbed again.
    (Promise::OncePerTick, Kept::Keeps),
    (Promise::FundBeforeDeleveraging, Kept::NotApplicable),
    (Promise::NoUnbookedDebt, Kept::Keeps),
];

/// Longest time for which an arming of the watch list bounds interest; an hour keeps it small.
const ARM_SECONDS: u64 = 3_600;

/// How long a proposed purchase must stay acceptable, seconds.
const INCLUSION_SECONDS: u64 = 60;

struct CompoundV3 {
    pool: Pool,
}

/// Builds the rulebook from a parameter file, bound to the pool's assets by symbol.
///
/// # Errors
/// The first parameter refused, with its value and what would be right.
pub fn build(parameters: &str, assets: &[AssetInfo]) -> Result<Box<dyn Rulebook>, String> {
    let parameters = Parameters::parse(parameters, RULE)?;
    Ok(Box::new(CompoundV3 { pool: Pool::bind(&parameters, assets)? }))
}

/// Any number of collaterals of one market against its base asset. A debt may be smaller than the
/// least that a loan must reach: it may have been repaid down to that.
///
/// # Errors
/// As [`build`].
pub fn shape(parameters: &str) -> Result<AccountShape, String> {
    let parameters = Parameters::parse(parameters, RULE)?;
    let secured_by = parameters.comets.into_iter().map(|(base, comet)| (base, comet.order));
    Ok(AccountShape {
        collaterals: Reach::Many,
        debts: Reach::One,
        secured_by: secured_by.collect(),
        currency: None,
        debt_least: 0,
    })
}

impl Rulebook for CompoundV3 {
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

    /// Nothing: a market's indices move when a call touches it, and every balance is valued with
    /// indices carried forward to now, as an absorption would find it.
    fn accrue(&self, _: &View<'_>) -> Result<Effects, Rejected> {
        Ok(Effects::default())
    }

    /// Weighted collateral against debt, exact equality healthy: a ratio of one. Values are in the
    /// venue's scale, which is the numeraire's.
    fn assess(&self, view: &View<'_>, account: AccountId) -> Result<Health, Rejected> {
        let Some(position) = self.position(view, account)? else {
            return Ok(Health::unencumbered(narrow_i128(self.waiting(view, account)?)?));
        };
        let debt = debt_value(&position.books.base, position.principal)?;
        let mut equity = U256::ZERO;
        for (_, collateral, units) in position.held(view, account) {
            match weighted(&collateral, units, position.own_factor) {
                Ok(value) => equity = equity.checked_add(value).ok_or(Rejection::Overflow)?,
                // The venue reads no price once the assets before it suffice; what has none then
                // counts for nothing.
                Err(Revert::BadPrice) if equity >= debt => {}
                Err(revert) => return Err(revert.into()),
            }
        }
        if position.principal >= 0 {
            let supplied = equity.checked_add(position.supplied_value()?);
            return Ok(Health::unencumbered(narrow_i128(supplied.ok_or(Rejection::Overflow)?)?));
        }
        Ok(Health::of(narrow_i128(equity)?, narrow_u128(debt)?, false)?)
    }

    fn exposures(
        &self,
        view: &View<'_>,
        account: AccountId,
        out: &mut Exposures,
    ) -> Result<Armed, Rejected> {
        let position = self.position(view, account)?.filter(|position| position.principal < 0);
        // Without debt there is no line to cross.
        let Some(position) = position else { return Ok(Armed { until: Time::MAX, error: 0 }) };
        let Position { market, books, .. } = &position;
        let debt = debt_value(&books.base, position.principal)?;
        let requirement = narrow_u128(debt)?;
        out.terms.push(Exposure { market: view.market_of(market.base)?, equity: 0, requirement });
        let mut terms = 1u128;
        for (asset, collateral, units) in position.held(view, account) {
            match weighted(&collateral, units, position.own_factor) {
                Ok(value) => {
                    let (market, equity) = (view.market_of(asset)?, narrow_i128(value)?);
                    out.terms.push(Exposure { market, equity, requirement: 0 });
                    terms = terms.saturating_add(1);
                }
                // What has no price yet counts for nothing in health either.
                Err(Revert::BadPrice) => {}
                Err(revert) => return Err(revert.into()),
            }
        }
        // Twice simple interest bounds compounding at up to 1,000 % over an hour; twice that covers
        // lines up to two and moves up to double. Collateral earns nothing.
        let growth = market.interest(books, debt, 4 * ARM_SECONDS)?;
        let mut error = narrow_u128(growth)?;
        let until = if error == 0 {
            Time::MAX
        } else {
            // The first instant may already carry a balance to its next base unit.
            error = error.saturating_add(narrow_u128(books.base.value(U256::from(4))?)?);
            view.now.after(ARM_SECONDS * NANOS_PER_SECOND)
        };
        // Every value may be a unit off, now and at the next price, and so may its weighting; the
        // ratio is rounded at 1e-18 of the debt.
        let rounding = terms.saturating_mul(6).saturating_add(4).saturating_add(requirement >> 40);
        Ok(Armed { until, error: error.saturating_add(rounding) })
    }

    /// One option: the account whole. Its caller pays nothing and gets nothing; what there is to
    /// earn is earned later, from what the market then sells. Time only makes it more acceptable.
    fn calls(
        &self,
        view: &View<'_>,
        account: AccountId,
        out: &mut Vec<CallOption>,
    ) -> Result<(), Rejected> {
        if !self.assess(view, account)?.breach {
            return Ok(());
        }
        let call = Call::Absorb { accounts: vec![account] };
        // A call that the venue would refuse for another reason is not proposed.
        if let Ok(option) = option_of(self, view, &call, false) {
            out.push(option);
        }
        Ok(())
    }

    /// What every market sells of what it has absorbed, at the least payment that takes all of it,
    /// as far as whole base units do.
    fn pool_calls(&self, view: &View<'_>, out: &mut Vec<CallOption>) -> Result<(), Rejected> {
        let later = view.at(view.now.after(INCLUSION_SECONDS * NANOS_PER_SECOND));
        for market in &self.pool.markets {
            for listed in &market.list {
                let Some(amount) = self.whole_of(view, market, listed.asset)? else { continue };
                let (asset, pays) = (listed.asset, market.base);
                let call = Call::BuyReserves { asset, pays, amount, least: 0 };
                // Interest may bring the reserves to their target before the call is included.
                if self.execute(&later, &call).is_err() {
                    continue;
                }
                if let Ok(option) = option_of(self, view, &call, false) {
                    out.push(option);
                }
            }
        }
        out.sort_by_key(|option| std::cmp::Reverse((option.gain(), option.repaid_value)));
        Ok(())
    }

    fn sides(&self, view: &View<'_>, account: AccountId) -> Result<Sides, Rejected> {
        let Some(position) = self.position(view, account)? else {
            let collateral = narrow_u128(self.waiting(view, account)?)?;
            return Ok(Sides { collateral, debt: 0 });
        };
        let mut sides = Sides::default();
        let mut add = |value: U256| -> Result<(), Rejected> {
            let sum = sides.collateral.checked_add(narrow_u128(value)?);
            sides.collateral = sum.ok_or(Rejection::Overflow)?;
            Ok(())
        };
        for (_, collateral, units) in position.held(view, account) {
            add(collateral.value(units)?)?;
        }
        let worth = present_value(position.principal, position.books.base.indices)?;
        if worth > 0 {
            add(position.supplied_value()?)?;
        } else if worth < 0 {
            let base = position.market.base;
            let decimals = view.asset(base)?.decimals;
            let owed = worth.unsigned_abs();
            sides.debt = view.price(base)?.value(owed, decimals, Rounding::Ceil)?;
        }
        Ok(sides)
    }

    /// As the base asset of a market, its totals at their present value now, rounded as the venue
    /// tells them; as a collateral, the units that accounts have put up or keep for a market.
    fn totals(&self, view: &View<'_>, asset: AssetId) -> Result<AssetTotals, Rejected> {
        let (unit, takes) = (Unit::supply(asset), self.pool.takes(asset));
        if takes && self.pool.named(asset).is_none() {
            view.asset(asset)?;
            return Ok(AssetTotals { supplied: desk::issued(view, unit), borrowed: 0 });
        }
        let Base { indices, totals, .. } = self.pool.market(view, asset)?.books(view)?.base;
        // A supply is principal to the accounts of the market that lends it, and units to all others.
        let lends = |account| match self.pool.market_of(view, account) {
            Ok(Some(market)) => market.base == asset,
            _ => false,
        };
        let units = if takes { desk::held_by(view, unit, |account| !lends(account))? } else { 0 };
        let lent = narrow_u128(present_supply(totals.supply, indices)?)?;
        Ok(AssetTotals {
            supplied: lent.checked_add(units).ok_or(Rejection::Overflow)?,
            borrowed: narrow_u128(present_borrow(totals.borrow, indices)?)?,
        })
    }

    fn execute(&self, view: &View<'_>, call: &Call) -> Result<Effects, Rejected> {
        self.pool.execute(view, call)
    }

    /// The venue's two calls. It has no name for a market other than its base asset's.
    fn arguments(&self, view: &View<'_>, call: &Call) -> String {
        let symbol = |asset: AssetId| view.asset(asset).map_or("?", |info| info.symbol.as_str());
        match call {
            Call::Absorb { accounts } => {
                let named: Vec<String> = accounts.iter().map(ToString::to_string).collect();
                format!("absorb(absorber, [{}])", named.join(", "))
            }
            Call::BuyReserves { asset, pays, amount, least } => format!(
                "buyCollateral(asset {}, minAmount {least}, baseAmount {amount}, recipient) at the \
                 {} market",
                symbol(*asset),
                symbol(*pays)
            ),
            other => other.kind().to_owned(),
        }
    }

    /// The root of the line on the balances, before the venue rounds values.
    fn liquidation_price(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
    ) -> Result<Option<Rational>, Rejected> {
        use breakwater_money::rational::big;
        let position = self.position(view, account)?.filter(|position| position.principal < 0);
        let Some(position) = position else { return Ok(None) };
        let scale = pow10(self.pool.numeraire_decimals)?;
        let whole = |units: U256, decimals: u8| -> Result<Rational, Rejected> {
            Ok(Rational::new(big(units).into(), pow10(decimals)?.into()))
        };
        let priced = |price: U256| Rational::new(big(price).into(), scale.into());
        let zero = || Rational::from_integer(0.into());
        let (mut held, mut owed) = ((zero(), zero()), (zero(), zero()));
        let base = &position.books.base;
        let debt = present_value(position.principal, base.indices)?.unsigned_abs();
        let debt = whole(U256::from(debt), base.decimals)?;
        if position.market.base == asset {
            owed.1 = debt;
        } else {
            owed.0 = debt * priced(base.price);
        }
        for (other, collateral, units) in position.held(view, account) {
            let factor = position.own_factor.unwrap_or(collateral.liquidate_factor);
            let share = Rational::new(big(factor.raw).into(), big(Wad::one().raw).into());
            let amount = whole(units, collateral.decimals)? * share;
            if other == asset {
                held.1 += amount;
            } else {
                held.0 += amount * priced(collateral.price);
            }
        }
        Ok(breakwater_margin::liquidation_price::lending_root(&held.0, &held.1, &owed.0, &owed.1))
    }
}

/// An account in its market.
struct Position<'a> {
    market: &'a Market,
    books: Books,
    principal: i128,
    own_factor: Option<Wad>,
}

impl Position<'_> {
    /// What the account has put up, in the market's order: asset, terms and units.
    fn held<'a>(
        &'a self,
        view: &'a View<'_>,
        account: AccountId,
    ) -> impl Iterator<Item = (AssetId, Collateral, U256)> + 'a {
        self.market.list.iter().filter_map(move |listed| {
            let units = view.owned(account, Unit::supply(listed.asset));
            let collateral = || self.market.collateral(view, *listed);
            (units > 0).then(|| (listed.asset, collateral(), U256::from(units)))
        })
    }

    /// Value of a supplied balance, rounded down twice; nothing without a price.
    fn supplied_value(&self) -> Result<U256, Rejected> {
        let worth = present_value(self.principal, self.books.base.indices)?.max(0);
        match self.books.base.value(U256::from(worth.unsigned_abs())) {
            Ok(value) => Ok(value),
            Err(Revert::BadPrice) => Ok(U256::ZERO),
            Err(revert) => Err(revert.into()),
        }
    }
}

impl CompoundV3 {
    /// The account in its market, if it has one.
    fn position(
        &self,
        view: &View<'_>,
        account: AccountId,
    ) -> Result<Option<Position<'_>>, Rejected> {
        let Some(market) = self.pool.market_of(view, account)? else { return Ok(None) };
        Ok(Some(Position {
            market,
            books: market.books(view)?,
            principal: market.principal(view, account)?,
            own_factor: own_factor(view, account),
        }))
    }

    /// Unweighted value of what an account without a market has: no market says yet what of it
    /// counts. What has no price counts for nothing.
    fn waiting(&self, view: &View<'_>, account: AccountId) -> Result<U256, Rejected> {
        let mut sum = U256::ZERO;
        for (asset, units) in desk::held(view, account, Class::Supply)? {
            let Ok(price) = view.price(asset) else { continue };
            let value = price.value(units, view.asset(asset)?.decimals, Rounding::Floor)?;
            sum = sum.checked_add(U256::from(value)).ok_or(Rejection::Overflow)?;
        }
        Ok(sum)
    }

    /// The least payment in the base asset that buys all of a collateral that the market owns, or
    /// one unit less where that unit would buy more than there is; none if there is nothing to sell.
    fn whole_of(
        &self,
        view: &View<'_>,
        market: &Market,
        asset: AssetId,
    ) -> Result<Option<u128>, Rejected> {
        let owned = view.state(market.cell(super::pool::column::OWNED, asset));
        if owned.is_zero() {
            return Ok(None);
        }
        let books = market.books(view)?;
        let front = market.front(&books);
        let reserves = reserves(&books.base, front.base_balance)?;
        if reserves >= 0 && U256::from(reserves.unsigned_abs()) >= front.target_reserves {
            return Ok(None);
        }
        let (_, listed) = market.listed(view, asset)?;
        let collateral = market.collateral(view, listed);
        let ask = |amount| super::quote(&books.base, &collateral, front.price_factor, amount);
        let Ok(terms) = ask(U256::ZERO) else { return Ok(None) };
        let unit = |decimals| pow10(decimals).map(U256::from);
        // The inverse of the quote: price x amount x asset unit / discounted price / base unit.
        let up = product(&[owned, terms.discounted_price, unit(books.base.decimals)?])?;
        let down = product(&[books.base.price, unit(collateral.decimals)?])?;
        let amount = div_wide(up, down, Rounding::Ceil)?;
        let amount = match ask(amount)?.amount > owned {
            true => amount.saturating_sub(U256::ONE),
            false => amount,
        };
        Ok(Some(narrow_u128(amount)?).filter(|amount| *amount > 0))
    }
}
