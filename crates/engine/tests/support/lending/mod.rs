//! A toy lending pool: asset 0 is cash, every other asset is collateral for borrowing it.
//!
//! ```text
//! equity      = sum of floor(floor(amount x mark) x threshold)
//! requirement = ceil(debt shares x index)
//! ```
//!
//! Exact equality is healthy. The index grows by simple interest at every accrual. Collateral
//! shares are one to one, so that only debt has an index. A keeper repays a share of the debt and
//! takes collateral with a bonus; `Absorb` takes accounts over whole, at the marks and without a
//! bonus. Whatever is owed with nothing left to take becomes a deficit at once. Prices and cash
//! have six decimals, and so have values.

mod business;

use super::parameters;
use breakwater_liquidation::rulebook::Saleable;
use breakwater_liquidation::{
    AssetKind, AssetTotals, Call, CallOption, Effects, Exposures, Kept, Layout, Promise, Rejected,
    Rejection, Rulebook, Sides, StateKey, Unsupported, View,
};
use breakwater_margin::Health;
use breakwater_margin::health::{Armed, Exposure};
use breakwater_money::rounding::{
    Rounding, mul_div, mul_div_full, narrow_i128, narrow_u128, pow10,
};
use breakwater_money::share::to_underlying;
use breakwater_money::{
    AccountId, Amount, AssetId, Class, Holder, Rational, Ray, Time, U256, Unit, rational,
};

pub const RULE: &str = "toy-lending";
pub const CASH: AssetId = AssetId(0);
pub const DECIMALS: u8 = 6;

const INDEX: StateKey = StateKey::Pool(0);
const ACCRUED_AT: StateKey = StateKey::Pool(1);
const SURCHARGE: StateKey = StateKey::Pool(2);
const LAYOUT: Layout = Layout {
    pool: &["debt index (ray)", "accrued at (ns)", "surcharge (bps a year)"],
    asset: &[],
    account: &["note (any number)"],
    cells: &[],
};

const YEAR_NANOS: u128 = 31_536_000_000_000_000;
/// How long an arming bounds interest.
const ARMED_NANOS: u64 = 3_600_000_000_000;

const PROMISES: &[(Promise, Kept)] = &[
    (Promise::HealthyUntouched, Kept::Keeps),
    (Promise::FreshMarksOnly, Kept::Refuses),
    (Promise::GraceAfterOutage, Kept::Refuses),
    (Promise::CureStaysPossible, Kept::Keeps),
    (Promise::StepNeverHurts, Kept::Refuses),
    (Promise::Minimal, Kept::Refuses),
    (Promise::OncePerTick, Kept::Refuses),
    (Promise::FundBeforeDeleveraging, Kept::NotApplicable),
    (Promise::NoUnbookedDebt, Kept::Keeps),
];

/// The rule with its parameters, all in basis points.
pub struct Lending {
    threshold: u128,
    bonus: u128,
    close: u128,
    rate: u128,
}

impl Lending {
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut it = Lending { threshold: 8_000, bonus: 500, close: 5_000, rate: 0 };
        parameters::read(
            text,
            &mut [
                ("threshold_bps", &mut it.threshold),
                ("bonus_bps", &mut it.bonus),
                ("close_bps", &mut it.close),
                ("rate_bps", &mut it.rate),
            ],
        )?;
        let within = |name: &str, value: u128, most: u128| {
            if value <= most { Ok(()) } else { Err(format!("{name} = {value}: at most {most}")) }
        };
        within("threshold_bps", it.threshold, 10_000)?;
        within("bonus_bps", it.bonus, 10_000)?;
        within("close_bps", it.close, 10_000)?;
        within("rate_bps", it.rate, 100_000)?;
        Ok(it)
    }

    /// Basis points a year, a policy's surcharge included.
    fn rate(&self, view: &View<'_>) -> u128 {
        self.rate + u128::try_from(view.state(SURCHARGE)).unwrap_or(0)
    }

    /// What an account owes, rounded up.
    pub fn owed(view: &View<'_>, account: AccountId) -> Result<u128, Rejected> {
        let shares = U256::from(view.owned(account, Unit::debt(CASH)));
        Ok(narrow_u128(to_underlying(shares, view.state(INDEX), Rounding::Ceil)?)?)
    }

    /// Collateral of an account, in order of asset.
    fn collateral(view: &View<'_>, account: AccountId) -> Result<Vec<(AssetId, u128)>, Rejected> {
        let held = view.holdings(account)?.iter();
        let own = held.filter(|h| h.unit.class == Class::Supply && h.unit.asset != CASH);
        Ok(own.map(|h| (h.unit.asset, h.balance.unsigned_abs())).collect())
    }

    fn value(view: &View<'_>, asset: AssetId, amount: u128) -> Result<u128, Rejected> {
        let decimals = view.asset(asset)?.decimals;
        Ok(view.price(asset)?.value(amount, decimals, Rounding::Floor)?)
    }

    fn weighted(&self, view: &View<'_>, asset: AssetId, amount: u128) -> Result<u128, Rejected> {
        let value = Self::value(view, asset, amount)?;
        Ok(mul_div(value, self.threshold, 10_000, Rounding::Floor)?)
    }
}

fn unsupported(call: &Call) -> Rejected {
    Rejection::Unsupported.because(format!("{RULE} has no call '{}'", call.kind()))
}

impl Rulebook for Lending {
    fn name(&self) -> &str {
        RULE
    }

    fn layout(&self) -> &'static Layout {
        &LAYOUT
    }

    fn promises(&self) -> &'static [(Promise, Kept)] {
        PROMISES
    }

    fn numeraire_decimals(&self) -> u8 {
        DECIMALS
    }

    fn admits(&self, view: &View<'_>) -> Result<(), Unsupported> {
        let missing = |what: String| Unsupported { rulebook: RULE.to_owned(), missing: what };
        if let Some(contract) = view.assets.iter().find(|a| a.kind != AssetKind::Token) {
            return Err(missing(format!("contracts, such as {}", contract.symbol)));
        }
        match view.markets.iter().find(|market| market.guard.decimals != DECIMALS) {
            Some(market) => Err(missing(format!("prices such as those of {}", market.symbol))),
            None => Ok(()),
        }
    }

    fn found(&self, view: &View<'_>) -> Result<Effects, Rejected> {
        let mut effects = Effects::default();
        if view.state(INDEX).is_zero() {
            effects.set(INDEX, Ray::one().raw);
            effects.set(ACCRUED_AT, U256::from(view.now.0));
        }
        Ok(effects)
    }

    fn accrue(&self, view: &View<'_>) -> Result<Effects, Rejected> {
        let since = u64::try_from(view.state(ACCRUED_AT)).unwrap_or(u64::MAX);
        let nanos = view.now.since(Time(since));
        let mut effects = Effects::default();
        if self.rate(view) == 0 || nanos == 0 {
            return Ok(effects);
        }
        let index = view.state(INDEX);
        let share = U256::from(self.rate(view)) * U256::from(nanos);
        let whole = U256::from(10_000) * U256::from(YEAR_NANOS);
        let grown = mul_div_full(index, share, whole, Rounding::Floor)?;
        effects.set(INDEX, index.checked_add(grown).ok_or(Rejection::Overflow)?);
        effects.set(ACCRUED_AT, U256::from(view.now.0));
        Ok(effects)
    }

    /// Cash is the numeraire and has no market.
    fn sides(&self, view: &View<'_>, account: AccountId) -> Result<Sides, Rejected> {
        let mut collateral = 0u128;
        for (asset, amount) in Self::collateral(view, account)? {
            let decimals = view.asset(asset)?.decimals;
            collateral += match view.asset(asset)?.market {
                Some(_) => view.price(asset)?.value(amount, decimals, Rounding::Floor)?,
                None => amount,
            };
        }
        Ok(Sides { collateral, debt: Self::owed(view, account)? })
    }

    fn totals(&self, view: &View<'_>, asset: AssetId) -> Result<AssetTotals, Rejected> {
        view.asset(asset)?;
        let issued = |unit| view.balances.balance(Holder::Issuer, unit).unsigned_abs();
        let shares = U256::from(issued(Unit::debt(asset)));
        let borrowed = narrow_u128(to_underlying(shares, view.state(INDEX), Rounding::Ceil)?)?;
        Ok(AssetTotals { supplied: issued(Unit::supply(asset)), borrowed })
    }

    /// Only cash is lent.
    fn surcharge(
        &self,
        view: &View<'_>,
        asset: AssetId,
        bps_a_year: u32,
    ) -> Result<Effects, Rejected> {
        if asset != CASH {
            return Err(Rejection::Unsupported.because(format!("{asset} is not lent")));
        }
        let mut effects = self.accrue(view)?;
        let surcharge = U256::from(bps_a_year);
        if surcharge > view.state(SURCHARGE) {
            effects.touched = breakwater_liquidation::Touched::Everyone;
        }
        effects.set(SURCHARGE, surcharge);
        Ok(effects)
    }

    fn assess(&self, view: &View<'_>, account: AccountId) -> Result<Health, Rejected> {
        let mut equity = U256::ZERO;
        for (asset, amount) in Self::collateral(view, account)? {
            equity += U256::from(self.weighted(view, asset, amount)?);
        }
        Ok(Health::of(narrow_i128(equity)?, Self::owed(view, account)?, false)?)
    }

    fn exposures(
        &self,
        view: &View<'_>,
        account: AccountId,
        out: &mut Exposures,
    ) -> Result<Armed, Rejected> {
        let held = Self::collateral(view, account)?;
        for (asset, amount) in &held {
            out.terms.push(Exposure {
                market: view.market_of(*asset)?,
                equity: narrow_i128(U256::from(self.weighted(view, *asset, *amount)?))?,
                requirement: 0,
            });
        }
        let owed = Self::owed(view, account)?;
        // Each value is floored twice, now and at the next price.
        let rounding = 4 * held.len() as u128 + 2;
        if self.rate(view) == 0 || owed == 0 {
            return Ok(Armed { until: Time::MAX, error: rounding });
        }
        // Twice simple interest bounds what compounds within the hour, at any rate allowed.
        let share = U256::from(2 * self.rate(view)) * U256::from(ARMED_NANOS);
        let whole = U256::from(10_000) * U256::from(YEAR_NANOS);
        let grown = narrow_u128(mul_div_full(U256::from(owed), share, whole, Rounding::Ceil)?)?;
        // The line may be a multiple of what is owed.
        let error = rounding.saturating_add(grown.saturating_mul(2));
        Ok(Armed { until: view.now.after(ARMED_NANOS), error })
    }

    fn calls(
        &self,
        view: &View<'_>,
        account: AccountId,
        out: &mut Vec<CallOption>,
    ) -> Result<(), Rejected> {
        let health = self.assess(view, account)?;
        if !health.breach {
            return Ok(());
        }
        // Threshold times (1 + bonus) against the ratio, both at 1e18.
        let line = U256::from(self.threshold * (10_000 + self.bonus)) * U256::from(10u64.pow(10));
        let owed = Self::owed(view, account)?;
        for (collateral, _) in Self::collateral(view, account)? {
            let most = mul_div(owed, self.close, 10_000, Rounding::Ceil)?;
            let Ok(size) = self.size(view, account, collateral, most) else { continue };
            out.push(CallOption {
                call: Call::RepayAndSeize {
                    account,
                    debt: CASH,
                    collateral,
                    amount: size.repaid,
                    shares: false,
                    liquidator: None,
                },
                repaid: Amount::new(CASH, size.repaid),
                seized: Amount::new(collateral, size.seized),
                repaid_value: size.repaid,
                seized_value: size.seized_value,
                reward_value: 0,
                toxic: line > health.ratio.raw,
            });
        }
        out.sort_by_key(|option| std::cmp::Reverse(option.seized_value));
        Ok(())
    }

    fn execute(&self, view: &View<'_>, call: &Call) -> Result<Effects, Rejected> {
        for account in call.accounts() {
            view.holdings(account)?;
        }
        match call {
            Call::Deposit { .. } | Call::Import { .. } => self.pay_in(call, view),
            Call::Withdraw { account, asset, amount } => {
                self.withdraw(view, *account, *asset, *amount)
            }
            Call::Borrow { account, asset, amount } => self.borrow(view, *account, *asset, *amount),
            Call::Repay { account, asset, amount } => {
                if *asset != CASH {
                    return Err(Rejection::NotBorrowed.because(asset.to_string()));
                }
                if *amount == 0 {
                    return Err(Rejection::AmountZero.because("amount 0: at least 1"));
                }
                let mut effects = Effects::default();
                Self::pay_down(view, *account, *amount, &mut effects)?;
                Ok(effects)
            }
            Call::Configure { account, column: 0, value } => {
                let mut effects = Effects::default();
                effects.set(StateKey::Account(*account, 0), *value);
                Ok(effects)
            }
            Call::Configure { column, .. } => {
                Err(Rejection::BadParameter.because(format!("column {column}: 0 is right")))
            }
            Call::RepayAndSeize { .. } => self.seize(view, call),
            Call::Absorb { accounts } => self.absorb(view, accounts),
            Call::Fill { .. } => self.fill(view, call),
            Call::WriteOff { account } => Self::write_off(view, *account),
            _ => Err(unsupported(call)),
        }
    }

    fn saleable(&self, view: &View<'_>, account: AccountId) -> Result<Vec<Saleable>, Rejected> {
        let held = Self::collateral(view, account)?.into_iter();
        let item =
            |(asset, quantity)| Saleable { asset, quantity, buy_back: false, proceeds_asset: CASH };
        Ok(held.map(item).collect())
    }

    /// Shares have an index.
    fn owes(&self, view: &View<'_>, account: AccountId, asset: AssetId) -> Result<u128, Rejected> {
        if asset == CASH { Self::owed(view, account) } else { Ok(0) }
    }

    fn liquidation_price(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
    ) -> Result<Option<Rational>, Rejected> {
        let none = || rational::from_raw(0, 0);
        let (mut fixed, mut units) = (none(), none());
        for (held, amount) in Self::collateral(view, account)? {
            let whole = pow10(view.asset(held)?.decimals)?;
            let amount = Rational::new(amount.into(), whole.into())
                * Rational::new(self.threshold.into(), 10_000.into());
            if held == asset {
                units += amount;
            } else {
                let price = view.price(held)?;
                fixed += amount * Rational::new(price.raw.into(), pow10(price.decimals)?.into());
            }
        }
        let owed = Rational::new(Self::owed(view, account)?.into(), pow10(DECIMALS)?.into());
        let root = breakwater_margin::liquidation_price::lending_root;
        Ok(root(&fixed, &units, &owed, &none()))
    }
}
