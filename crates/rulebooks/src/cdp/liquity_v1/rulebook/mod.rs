//! The mirror behind the Rulebook trait: one call over many accounts, a pool that bears losses, and
//! redistributions under everybody.
//!
//! A liquidation that names accounts is the venue's batch, of one as of many; the one that chooses
//! is its sequence. Whoever calls pays nothing and gets the compensation. Coins are worth one of the
//! numeraire always, whatever a market says of them.

mod business;
mod seizure;
mod state;
#[cfg(test)]
mod tests;

use super::{Mode, Parameters, Pool, Revert, Rule, System, Trove};
use crate::desk;
use breakwater_liquidation::rulebook::Sides;
use breakwater_liquidation::{
    AccountShape, AssetInfo, AssetKind, AssetTotals, Call, CallOption, Effects, Exposures, Kept,
    Layout, Promise, Reach, Rejected, Rejection, Rulebook, StateKey, Touched, Unsupported, View,
    plan,
};
use breakwater_margin::Health;
use breakwater_margin::health::{Armed, Exposure, Ratio};
use breakwater_money::rational::big;
use breakwater_money::rounding::{Rounding, div_wide, mul_div, mul_div_wide, narrow_i128, pow10};
use breakwater_money::{AccountId, AssetId, Holder, Rational, Time, U256, Unit, Wad, rational};
use state::{LAYOUT, Pair, Position, column};

/// What the venue promises by itself.
const PROMISES: &[(Promise, Kept)] = &[
    // A call over many troves compares with the running ratio of the system, which rises as it goes
    // on: in recovery mode it may take a trove that could not have been liquidated before it.
    (Promise::HealthyUntouched, Kept::Refuses),
    // The price feed falls back from source to source and takes the last good price in the end.
    (Promise::FreshMarksOnly, Kept::Refuses),
    // The venue knows no grace.
    (Promise::GraceAfterOutage, Kept::Refuses),
    // A payment that does not lift the trove over its minimum is refused in normal mode, and so is
    // a repayment that leaves less than the least debt.
    (Promise::CureStaysPossible, Kept::Refuses),
    // What the pool cannot take lowers the ratios of all other troves.
    (Promise::StepNeverHurts, Kept::Refuses),
    // A trove is taken whole.
    (Promise::Minimal, Kept::Refuses),
    (Promise::OncePerTick, Kept::Keeps),
    (Promise::FundBeforeDeleveraging, Kept::NotApplicable),
    (Promise::NoUnbookedDebt, Kept::Keeps),
];

/// Decimals of the contracts' prices, amounts and ratios.
const DECIMALS: u8 = 18;

/// How far above the critical price everybody is watched, and how far that line may stand above it
/// before it is moved: one part in these.
const WATCHED_ABOVE: u64 = 50;
const WATCHED_TOO_FAR: u64 = 8;

/// An error that fires at any move of a price.
const ANY_MOVE: u128 = u128::MAX >> 2;

/// Most that rounding takes off equity less requirement: a unit each of the two, and one for the
/// line in between.
const ROUNDING: u128 = 3;

struct LiquityV1 {
    name: String,
    numeraire_decimals: u8,
    rule: Rule,
    /// None where the pool lacks one of the two assets: then nothing can be held.
    pair: Option<Pair>,
}

/// Builds the rulebook from a parameter file, bound to the pool's assets by symbol.
///
/// # Errors
/// The first parameter refused, with its value and what would be right.
pub fn build(parameters: &str, assets: &[AssetInfo]) -> Result<Box<dyn Rulebook>, String> {
    let parameters = Parameters::parse(parameters)?;
    let find = |path: &str, symbol: &str| -> Result<Option<AssetId>, String> {
        let listed = (0..).map(AssetId).zip(assets);
        let mut known = listed.filter(|(_, a)| a.symbol == symbol && a.kind == AssetKind::Token);
        let Some((asset, info)) = known.next() else { return Ok(None) };
        if info.decimals != DECIMALS {
            let detail = format!("the pool's asset has {}", info.decimals);
            return Err(crate::parameters::refuse(&format!("{path}.decimals"), DECIMALS, &detail));
        }
        Ok(Some(asset))
    };
    let collateral = find("collateral", &parameters.collateral.symbol)?;
    let coin = find("coin", &parameters.coin.symbol)?;
    Ok(Box::new(LiquityV1 {
        rule: parameters.rule(),
        numeraire_decimals: parameters.numeraire_decimals,
        pair: collateral.zip(coin).map(|(collateral, coin)| Pair { collateral, coin }),
        name: parameters.name,
    }))
}

/// One collateral and the venue's own coin.
///
/// # Errors
/// As [`build`].
pub fn shape(parameters: &str) -> Result<AccountShape, String> {
    let parameters = Parameters::parse(parameters)?;
    let debt_least = parameters.debt_least_coins();
    let (collateral, coin) = (parameters.collateral, parameters.coin);
    Ok(AccountShape {
        collaterals: Reach::One,
        debts: Reach::One,
        secured_by: [(coin.symbol.clone(), vec![collateral.symbol])].into(),
        currency: Some((coin.symbol, coin.decimals)),
        debt_least,
    })
}

impl Rulebook for LiquityV1 {
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
            let known = self.pair.is_some_and(|p| asset == p.collateral || asset == p.coin);
            if held && !known {
                return Err(missing(format!("troves with {}", info.symbol)));
            }
        }
        Ok(())
    }

    /// A unit deposited is whole.
    fn found(&self, view: &View<'_>) -> Result<Effects, Rejected> {
        let mut effects = Effects::default();
        let key = StateKey::Pool(column::PRODUCT);
        if view.state(key).is_zero() {
            effects.set(key, Wad::one().raw);
        }
        Ok(effects)
    }

    /// Nothing: the venue charges a fee once and no interest.
    fn accrue(&self, _: &View<'_>) -> Result<Effects, Rejected> {
        Ok(Effects::default())
    }

    /// A trove's entire amounts against the line below which it is taken now: its minimum ratio, or
    /// in recovery mode, where the stability pool covers it, that of the whole system. Equality is
    /// safe, and the ratio is below one exactly where the trove is in breach, but for two: the last
    /// trove never is, and one at 100 % in recovery mode is whatever its own threshold.
    fn assess(&self, view: &View<'_>, account: AccountId) -> Result<Health, Rejected> {
        view.holdings(account)?;
        let Some(pair) = self.pair else { return Ok(Health::unencumbered(0)) };
        let Position { trove, waiting } = pair.position(view, account);
        if !trove.is_open() {
            if waiting == 0 {
                return Ok(Health::unencumbered(0));
            }
            let price = self.price(view, pair)?;
            let weighted = self.weighted(U256::from(waiting), trove.minimum(&self.rule), price)?;
            return Ok(Health::unencumbered(narrow_i128(weighted)?));
        }
        let system = pair.system(view);
        let price = self.price(view, pair)?;
        self.health(&system, &trove, price)
    }

    /// One market. In normal mode a fall below the price at which the system enters recovery mode
    /// may breach anybody, so that nobody is watched beyond it: the error takes the slack down to
    /// the line that is kept a little above that price. In recovery mode breach depends on the
    /// whole system, and any move of the price is looked at.
    fn exposures(
        &self,
        view: &View<'_>,
        account: AccountId,
        out: &mut Exposures,
    ) -> Result<Armed, Rejected> {
        let Some(pair) = self.pair else { return Ok(Armed { until: Time::MAX, error: 0 }) };
        let trove = pair.position(view, account).trove;
        if !trove.is_open() {
            return Ok(Armed { until: Time::MAX, error: 0 });
        }
        let health = self.assess(view, account)?;
        let market = view.market_of(pair.collateral)?;
        out.terms.push(Exposure { market, equity: health.equity, requirement: 0 });
        let price = self.price(view, pair)?;
        let watched = view.state(StateKey::Pool(column::WATCHED_PRICE));
        if price <= watched {
            return Ok(Armed { until: Time::MAX, error: ANY_MOVE });
        }
        let equity = U256::from(health.equity.unsigned_abs());
        let at_line = desk::raw(mul_div_wide(equity, watched, price, Rounding::Ceil)?)?;
        let error = at_line.saturating_sub(health.requirement).saturating_add(ROUNDING);
        Ok(Armed { until: Time::MAX, error })
    }

    /// The trove, taken alone and whole. Never toxic: nothing of it stays.
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
        // What the contract's arithmetic refuses is no option.
        out.extend(plan::option_of(self, view, &call, false));
        Ok(())
    }

    /// Those that the call would take: troves that it names and passes by are not liquidated.
    fn targets(&self, view: &View<'_>, call: &Call) -> Result<Vec<AccountId>, Rejected> {
        match (self.pair, call) {
            (Some(pair), Call::Absorb { .. } | Call::AbsorbWorst { .. }) => {
                // A call that is refused takes nobody; its refusal is told when it is executed.
                Ok(self
                    .liquidation(pair, view, call)
                    .map(|done| done.accounts())
                    .unwrap_or_default())
            }
            _ => Ok(call.liquidates().to_vec()),
        }
    }

    /// Entire amounts, pending ones included, and what waits or may be claimed.
    fn sides(&self, view: &View<'_>, account: AccountId) -> Result<Sides, Rejected> {
        view.holdings(account)?;
        let Some(pair) = self.pair else { return Ok(Sides::default()) };
        let Position { trove, waiting } = pair.position(view, account);
        let all = trove.entire(&pair.system(view))?.all;
        let held =
            all.collateral.saturating_add(trove.claimable).saturating_add(U256::from(waiting));
        if held.is_zero() && all.debt.is_zero() {
            return Ok(Sides::default());
        }
        let collateral = self.collateral_value(view, pair, desk::raw(held)?, Rounding::Floor)?;
        Ok(Sides { collateral, debt: self.coin_value(desk::raw(all.debt)?, Rounding::Ceil)? })
    }

    /// Of the collateral what open troves have, on record or pending, and what waits for one; of
    /// the coin what is left of the stability pool's deposits, and all debts.
    fn totals(&self, view: &View<'_>, asset: AssetId) -> Result<AssetTotals, Rejected> {
        let symbol = &view.asset(asset)?.symbol;
        let pair = self.pair()?;
        let system = pair.system(view);
        if asset == pair.coin {
            let supplied = desk::raw(system.stability.deposits)?;
            return Ok(AssetTotals { supplied, borrowed: desk::raw(system.entire()?.debt)? });
        }
        if asset != pair.collateral {
            let detail = format!("{} has no troves with {symbol}", self.name);
            return Err(Rejection::NotLendable.because(detail));
        }
        // In issue is what is active and what waits.
        let issued = desk::issued(view, Unit::supply(asset));
        let supplied = issued.checked_add(desk::raw(system.default.collateral)?);
        Ok(AssetTotals { supplied: supplied.ok_or(Rejection::Overflow)?, borrowed: 0 })
    }

    /// The contract's own call.
    fn arguments(&self, view: &View<'_>, call: &Call) -> String {
        let named = |accounts: &[AccountId]| {
            accounts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        };
        let symbol = |asset: &AssetId| view.asset(*asset).map_or("?", |a| a.symbol.as_str());
        match call {
            Call::Absorb { accounts } if accounts.len() == 1 => {
                format!("liquidate({})", named(accounts))
            }
            Call::Absorb { accounts } => format!("batchLiquidateTroves([{}])", named(accounts)),
            Call::AbsorbWorst { most } => format!("liquidateTroves({most})"),
            Call::Provide { asset, amount, .. } => {
                format!("provideToSP({amount} of {})", symbol(asset))
            }
            Call::Reclaim { asset, amount, .. } => {
                format!("withdrawFromSP({amount} of {})", symbol(asset))
            }
            other => other.kind().to_owned(),
        }
    }

    fn execute(&self, view: &View<'_>, call: &Call) -> Result<Effects, Rejected> {
        for account in call.accounts() {
            view.holdings(account)?;
        }
        match *call {
            Call::Deposit { account, asset, amount } => self.deposit(view, account, asset, amount),
            Call::Withdraw { account, asset, amount } => {
                self.withdraw(view, account, asset, amount)
            }
            Call::Borrow { account, asset, amount } => self.borrow(view, account, asset, amount),
            Call::Repay { account, asset, amount } => self.repay(view, account, asset, amount),
            Call::Import { account, asset, collateral, debt } => {
                self.import(view, account, asset, (collateral, debt))
            }
            Call::Configure { account, column: column::OWN_THRESHOLD, value } => {
                desk::set_own_threshold(view, account, column::OWN_THRESHOLD, value)
            }
            Call::Configure { column, .. } => {
                let own = column::OWN_THRESHOLD;
                let detail = format!("column {column}: only {own}, the own threshold, can be set");
                Err(Rejection::BadParameter.because(detail))
            }
            Call::Provide { account, asset, amount } => {
                self.provide(view, call, (account, asset, amount))
            }
            Call::Reclaim { account, asset, amount } => {
                self.reclaim(view, call, (account, asset, amount))
            }
            Call::Absorb { .. } | Call::AbsorbWorst { .. } => self.absorb(view, call),
            _ => Err(desk::unsupported(&self.name, call)),
        }
    }

    /// The price at which the trove's own ratio is its minimum, or, where the stability pool covers
    /// its debt and its ratio is below the system's, that at which the system enters recovery mode
    /// if it is higher. Exact but for the rounding of ratios to 1e-18.
    fn liquidation_price(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
    ) -> Result<Option<Rational>, Rejected> {
        view.holdings(account)?;
        let Some(pair) = self.pair.filter(|pair| pair.collateral == asset) else { return Ok(None) };
        let system = pair.system(view);
        let trove = pair.position(view, account).trove;
        let own = trove.entire(&system)?.all;
        if !trove.is_open() || own.collateral.is_zero() || system.troves <= 1 {
            return Ok(None);
        }
        let at = |ratio: Wad, pool: Pool| {
            let required = Rational::from_integer(big(ratio.raw).into())
                * Rational::from_integer(big(pool.debt).into());
            let held = Rational::from_integer(big(pool.collateral).into())
                * Rational::from_integer(big(Wad::one().raw).into());
            // division: exact, rationals do not round
            required / held
        };
        let alone = at(trove.minimum(&self.rule), own);
        let all = system.entire()?;
        let covered = own.debt <= system.stability.available(&self.rule);
        let together = at(self.rule.critical_ratio, all);
        // The contract compares ratios rounded to 1e-18: two that lie closer than that are equal to
        // it, and an equal one is safe. By more than a unit they differ at every price near here.
        let price = U256::from(rational::to_raw(&together, DECIMALS, Rounding::Floor)?);
        let ratio = |pool: Pool| super::ratio(pool.collateral, pool.debt, price);
        let below = ratio(own)?.raw.saturating_add(U256::ONE) < ratio(all)?.raw;
        Ok(Some(if covered && below { together.max(alone) } else { alone }))
    }
}

impl LiquityV1 {
    /// The pair, for business that needs it.
    fn pair(&self) -> Result<Pair, Rejected> {
        let absent = || Rejection::NotLendable.because(format!("{}: not in this pool", self.name));
        self.pair.ok_or_else(absent)
    }

    /// Price of a whole unit of collateral in the contracts' scale (1e18), which is exact: the
    /// pool's marks have no more decimals.
    fn price(&self, view: &View<'_>, pair: Pair) -> Result<U256, Rejected> {
        let price = view.price(pair.collateral)?;
        let missing = DECIMALS.checked_sub(price.decimals).ok_or(Rejection::Overflow)?;
        let scale = U256::from(pow10(missing)?);
        Ok(U256::from(price.raw).checked_mul(scale).ok_or(Rejection::Overflow)?)
    }

    /// Units of 1e18 that make one of the numeraire.
    fn unit(&self) -> Result<u128, Rejected> {
        Ok(pow10(DECIMALS.saturating_sub(self.numeraire_decimals))?)
    }

    /// Value of coins in the numeraire, at par as the venue takes them.
    fn coin_value(&self, coins: u128, rounding: Rounding) -> Result<u128, Rejected> {
        Ok(mul_div(coins, 1, self.unit()?, rounding)?)
    }

    fn collateral_value(
        &self,
        view: &View<'_>,
        pair: Pair,
        amount: u128,
        rounding: Rounding,
    ) -> Result<u128, Rejected> {
        Ok(view.price(pair.collateral)?.value(amount, DECIMALS, rounding)?)
    }

    /// Value of collateral over `line` in the numeraire, rounded down.
    fn weighted(&self, collateral: U256, line: Wad, price: U256) -> Result<U256, Rejected> {
        let value = mul_div_wide(collateral, price, line.raw, Rounding::Floor)?;
        Ok(div_wide(value, U256::from(self.unit()?), Rounding::Floor)?)
    }

    fn health(&self, system: &System, trove: &Trove, price: U256) -> Result<Health, Rejected> {
        let all = trove.entire(system)?.all;
        let mode = Mode::of(&self.rule, system, price)?;
        let line = mode.line(&self.rule, trove, all, price)?;
        let breach = system.troves > 1 && mode.treatment(&self.rule, trove, all, price)?.is_some();
        let own = super::ratio(all.collateral, all.debt, price)?;
        let equity = narrow_i128(self.weighted(all.collateral, line, price)?)?;
        let requirement = self.coin_value(desk::raw(all.debt)?, Rounding::Ceil)?;
        let missing = requirement.saturating_sub(equity.unsigned_abs());
        Ok(Health {
            equity,
            requirement,
            ratio: Ratio::ratio(own.raw, line.raw, Rounding::Floor)?,
            shortfall: if breach { missing.max(1) } else { 0 },
            breach,
        })
    }

    /// Says whose health may have changed, and moves the line from which everybody is watched where
    /// the price at which recovery begins has come too close to it or gone too far from it.
    ///
    /// In normal mode a trove depends on the price and on itself; in recovery mode it depends on the
    /// whole system and on the stability pool, and a redistribution is everybody's.
    fn touch(
        &self,
        view: &View<'_>,
        pair: Pair,
        (before, after): (&System, &System),
        effects: &mut Effects,
    ) -> Result<(), Rejected> {
        let critical = state::critical_price(&self.rule, after);
        let watched = view.state(StateKey::Pool(column::WATCHED_PRICE));
        let part = |of: U256, parts: u64| div_wide(of, U256::from(parts), Rounding::Floor);
        let near = critical > watched;
        let far = critical < watched.saturating_sub(part(watched, WATCHED_TOO_FAR)?);
        if near || far {
            let above = part(critical, WATCHED_ABOVE)?;
            let line = critical.saturating_add(above);
            state::set(view, effects, StateKey::Pool(column::WATCHED_PRICE), line);
        }
        // Without a price nobody can be judged, and everybody is once there is one.
        let recovering = match self.price(view, pair) {
            Ok(price) => {
                before.is_recovering(&self.rule, price)?
                    || after.is_recovering(&self.rule, price)?
            }
            Err(_) => false,
        };
        let last = (before.troves <= 1) != (after.troves <= 1);
        if near || far || recovering || last || before.per_stake != after.per_stake {
            effects.touched = Touched::Everyone;
        }
        Ok(())
    }
}

impl From<Revert> for Rejected {
    fn from(revert: Revert) -> Self {
        let class = match revert {
            Revert::TroveActive => Rejection::BadParameter,
            Revert::TroveClosed => Rejection::NotBorrowed,
            Revert::NetDebtTooSmall => Rejection::DustLeft,
            Revert::BelowMinimum
            | Revert::BelowCritical
            | Revert::SystemBelowCritical
            | Revert::RatioFalls
            | Revert::NoWithdrawal
            | Revert::Recovery
            | Revert::OnlyTrove => Rejection::BelowInitial,
            Revert::CollateralTooSmall | Revert::RepaysTooMuch | Revert::NoDeposit => {
                Rejection::InsufficientBalance
            }
            Revert::NothingChanges | Revert::NothingNamed | Revert::AmountZero => {
                Rejection::AmountZero
            }
            Revert::NothingToLiquidate => Rejection::Healthy,
            Revert::TrovesBelowMinimum | Revert::PoolTooSmall => Rejection::InsufficientLiquidity,
            Revert::Arithmetic => Rejection::Overflow,
        };
        class.because(revert.to_string())
    }
}
