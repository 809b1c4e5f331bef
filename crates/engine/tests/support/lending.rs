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

use super::parameters;
use breakwater_liquidation::rulebook::Saleable;
use breakwater_liquidation::{
    AssetKind, Call, CallOption, Effects, Exposures, Fact, Kept, Layout, Overlay, Promise,
    Rejected, Rejection, Rulebook, StateKey, Unsupported, View,
};
use breakwater_margin::Health;
use breakwater_margin::health::{Armed, Exposure};
use breakwater_money::rounding::{
    Rounding, mul_div, mul_div_full, narrow_i128, narrow_u128, pow10,
};
use breakwater_money::share::{to_shares, to_underlying};
use breakwater_money::{
    AccountId, Amount, AssetId, Class, Holder, Rational, Ray, Time, TransferCode, U256, Unit,
    rational,
};

pub const RULE: &str = "toy-lending";
pub const CASH: AssetId = AssetId(0);
pub const DECIMALS: u8 = 6;

const INDEX: StateKey = StateKey::Pool(0);
const ACCRUED_AT: StateKey = StateKey::Pool(1);
const LAYOUT: Layout = Layout {
    pool: &["debt index (ray)", "accrued at (ns)"],
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

/// Sizes of a keeper's call.
struct Sizing {
    repaid: u128,
    seized: u128,
    seized_value: u128,
    capped: bool,
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

    fn health_after(
        &self,
        view: &View<'_>,
        account: AccountId,
        effects: &Effects,
    ) -> Result<(), Rejected> {
        let overlay = Overlay::new(*view, account, effects)?;
        let health = self.assess(&overlay.view(), account)?;
        if health.breach {
            let detail = format!("ratio would be {}", health.ratio);
            return Err(Rejection::BelowInitial.because(detail));
        }
        Ok(())
    }

    fn pay_in(&self, call: &Call, view: &View<'_>) -> Result<Effects, Rejected> {
        let (account, asset, collateral, debt, code) = match *call {
            Call::Deposit { account, asset, amount } => {
                (account, asset, amount, 0, TransferCode::Deposit)
            }
            Call::Import { account, asset, collateral, debt } => {
                (account, asset, collateral, debt, TransferCode::Import)
            }
            _ => return Err(unsupported(call)),
        };
        if collateral == 0 && debt == 0 {
            return Err(Rejection::AmountZero.because("amount 0: at least 1"));
        }
        view.asset(asset)?;
        let (holder, mut effects) = (Holder::Account(account), Effects::default());
        let token = Unit::token(asset);
        effects.transfer(Holder::External, Holder::Reserve, token, collateral, code);
        let mint = TransferCode::Mint;
        effects.transfer(Holder::Issuer, holder, Unit::supply(asset), collateral, mint);
        if debt > 0 {
            if asset != CASH {
                let detail = format!("{asset}: only {CASH} is lent");
                return Err(Rejection::NotLendable.because(detail));
            }
            // The cash left long ago; only the claim is carried over.
            self.lend(view, account, debt, &mut effects)?;
        }
        Ok(effects)
    }

    fn lend(
        &self,
        view: &View<'_>,
        account: AccountId,
        amount: u128,
        effects: &mut Effects,
    ) -> Result<(), Rejected> {
        let shares = to_shares(U256::from(amount), view.state(INDEX), Rounding::Ceil)?;
        let (issuer, holder) = (Holder::Issuer, Holder::Account(account));
        effects.transfer(
            issuer,
            holder,
            Unit::debt(CASH),
            narrow_u128(shares)?,
            TransferCode::Borrow,
        );
        Ok(())
    }

    fn withdraw(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
        amount: u128,
    ) -> Result<Effects, Rejected> {
        view.asset(asset)?;
        let unit = Unit::supply(asset);
        let held = view.owned(account, unit);
        let wanted = if amount == u128::MAX { held } else { amount };
        if amount == 0 {
            return Err(Rejection::AmountZero.because("amount 0: at least 1"));
        }
        if wanted > held || wanted == 0 {
            let detail = format!("amount {wanted}, held {held}");
            return Err(Rejection::InsufficientBalance.because(detail));
        }
        let mut effects = Effects::default();
        self.pay_out(view, asset, wanted, TransferCode::Withdraw, &mut effects)?;
        let holder = Holder::Account(account);
        effects.transfer(holder, Holder::Issuer, unit, wanted, TransferCode::Burn);
        self.health_after(view, account, &effects)?;
        Ok(effects)
    }

    fn pay_out(
        &self,
        view: &View<'_>,
        asset: AssetId,
        amount: u128,
        code: TransferCode,
        effects: &mut Effects,
    ) -> Result<(), Rejected> {
        let token = Unit::token(asset);
        let there = view.balances.balance(Holder::Reserve, token);
        if i128::try_from(amount).map_or(true, |amount| amount > there) {
            let detail = format!("amount {amount}, {there} in the reserve");
            return Err(Rejection::InsufficientLiquidity.because(detail));
        }
        effects.transfer(Holder::Reserve, Holder::External, token, amount, code);
        Ok(())
    }

    fn borrow(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
        amount: u128,
    ) -> Result<Effects, Rejected> {
        if asset != CASH {
            let detail = format!("{asset}: only {CASH} is lent");
            return Err(Rejection::NotLendable.because(detail));
        }
        if amount == 0 {
            return Err(Rejection::AmountZero.because("amount 0: at least 1"));
        }
        let mut effects = Effects::default();
        self.pay_out(view, asset, amount, TransferCode::Borrow, &mut effects)?;
        self.lend(view, account, amount, &mut effects)?;
        self.health_after(view, account, &effects)?;
        Ok(effects)
    }

    /// Burns the debt that `amount` pays, at most all of it; returns what that took.
    fn pay_down(
        view: &View<'_>,
        account: AccountId,
        amount: u128,
        effects: &mut Effects,
    ) -> Result<u128, Rejected> {
        let (owed, shares) = (Self::owed(view, account)?, view.owned(account, Unit::debt(CASH)));
        if owed == 0 {
            return Err(Rejection::NotBorrowed.because(account.to_string()));
        }
        let paid = amount.min(owed);
        let burnt = if paid == owed {
            shares
        } else {
            narrow_u128(to_shares(U256::from(paid), view.state(INDEX), Rounding::Floor)?)?
        };
        if burnt == 0 {
            return Err(Rejection::ZeroBurn.because(format!("amount {paid} burns no share")));
        }
        let holder = Holder::Account(account);
        let code = TransferCode::Repay;
        effects.transfer(Holder::External, Holder::Reserve, Unit::token(CASH), paid, code);
        effects.transfer(holder, Holder::Issuer, Unit::debt(CASH), burnt, TransferCode::Burn);
        Ok(paid)
    }

    fn size(
        &self,
        view: &View<'_>,
        account: AccountId,
        collateral: AssetId,
        amount: u128,
    ) -> Result<Sizing, Rejected> {
        let owed = Self::owed(view, account)?;
        let held = view.owned(account, Unit::supply(collateral));
        if owed == 0 {
            return Err(Rejection::NotBorrowed.because(account.to_string()));
        }
        if collateral == CASH || held == 0 {
            return Err(Rejection::NotCollateral.because(collateral.to_string()));
        }
        let most = mul_div(owed, self.close, 10_000, Rounding::Ceil)?;
        let (mut repaid, capped) = (amount.min(most), amount > most);
        let with_bonus = 10_000 + self.bonus;
        let value = mul_div(repaid, with_bonus, 10_000, Rounding::Floor)?;
        let decimals = view.asset(collateral)?.decimals;
        let mut seized = view.price(collateral)?.amount_for(value, decimals, Rounding::Floor)?;
        if seized > held {
            seized = held;
            let whole = Self::value(view, collateral, held)?;
            repaid = mul_div(whole, 10_000, with_bonus, Rounding::Ceil)?.min(repaid);
        }
        if seized == 0 || repaid == 0 {
            return Err(Rejection::ZeroBurn.because(format!("amount {amount} takes nothing")));
        }
        let seized_value = Self::value(view, collateral, seized)?;
        Ok(Sizing { repaid, seized, seized_value, capped })
    }

    fn seize(&self, view: &View<'_>, call: &Call) -> Result<Effects, Rejected> {
        let Call::RepayAndSeize { account, debt, collateral, amount, shares, liquidator } = *call
        else {
            return Err(unsupported(call));
        };
        if shares {
            return Err(Rejection::Unsupported.because("shares true: only collateral is paid out"));
        }
        if liquidator == Some(account) {
            return Err(Rejection::SelfDealing.because(account.to_string()));
        }
        if amount == 0 {
            return Err(Rejection::AmountZero.because("amount 0: at least 1"));
        }
        let health = self.assess(view, account)?;
        if !health.breach {
            return Err(Rejection::Healthy.because(format!("ratio {}", health.ratio)));
        }
        if debt != CASH {
            return Err(Rejection::NotBorrowed.because(debt.to_string()));
        }
        let sizing = self.size(view, account, collateral, amount)?;
        let mut effects = Effects::default();
        let paid = Self::pay_down(view, account, sizing.repaid, &mut effects)?;
        let unit = Unit::supply(collateral);
        let holder = Holder::Account(account);
        effects.transfer(holder, Holder::Issuer, unit, sizing.seized, TransferCode::Burn);
        self.pay_out(view, collateral, sizing.seized, TransferCode::Seize, &mut effects)?;
        effects.facts.push(Fact::Seized {
            account,
            repaid: Amount::new(CASH, paid),
            seized: Amount::new(collateral, sizing.seized),
            fee: Amount::zero(collateral),
            repaid_value: paid,
            seized_value: sizing.seized_value,
            capped: sizing.capped,
        });
        let overlay = Overlay::new(*view, account, &effects)?;
        let after = overlay.view();
        if Self::collateral(&after, account)?.is_empty() {
            let rest = Self::book(&after, account, 0)?;
            effects.then(rest);
        }
        Ok(effects)
    }

    /// Takes the rest of an account: its shares and its debt, with `credit` for what was taken.
    /// More than is owed comes back as a deposit, less is a deficit.
    fn book(view: &View<'_>, account: AccountId, credit: u128) -> Result<Effects, Rejected> {
        let (mut effects, holder) = (Effects::default(), Holder::Account(account));
        let (owed, shares) = (Self::owed(view, account)?, view.owned(account, Unit::debt(CASH)));
        if owed == 0 {
            return Ok(effects);
        }
        let deposit = view.owned(account, Unit::supply(CASH));
        let credit = credit.saturating_add(deposit);
        let (cash, burn) = (Unit::supply(CASH), TransferCode::Burn);
        effects.transfer(holder, Holder::Issuer, cash, deposit, burn);
        effects.transfer(holder, Holder::Issuer, Unit::debt(CASH), shares, burn);
        let back = credit.saturating_sub(owed);
        effects.transfer(Holder::Issuer, holder, cash, back, TransferCode::Mint);
        let missing = owed.saturating_sub(credit);
        if missing > 0 {
            effects.transfer(
                Holder::Issuer,
                Holder::Outstanding,
                Unit::deficit(CASH),
                missing,
                TransferCode::Deficit,
            );
            let amount = Amount::new(CASH, missing);
            effects.facts.push(Fact::Deficit { account, amount, value: missing });
        }
        Ok(effects)
    }

    /// Takes accounts over whole: all must be in breach, or none is touched.
    fn absorb(&self, view: &View<'_>, accounts: &[AccountId]) -> Result<Effects, Rejected> {
        if accounts.is_empty() {
            return Err(Rejection::AmountZero.because("no accounts: at least 1"));
        }
        let mut effects = Effects::default();
        for (at, account) in accounts.iter().enumerate() {
            if accounts[..at].contains(account) {
                let detail = format!("{account} is named twice: once is right");
                return Err(Rejection::BadParameter.because(detail));
            }
            let health = self.assess(view, *account)?;
            if !health.breach {
                let detail = format!("{account} has a ratio of {}", health.ratio);
                return Err(Rejection::Healthy.because(detail));
            }
            let mut credit = 0u128;
            for (asset, amount) in Self::collateral(view, *account)? {
                credit = credit.saturating_add(Self::value(view, asset, amount)?);
                let (holder, code) = (Holder::Account(*account), TransferCode::Takeover);
                effects.transfer(holder, Holder::Issuer, Unit::supply(asset), amount, code);
            }
            effects.then(Self::book(view, *account, credit)?);
        }
        Ok(effects)
    }

    fn fill(&self, view: &View<'_>, call: &Call) -> Result<Effects, Rejected> {
        let Call::Fill { account, asset, quantity, proceeds, proceeds_asset } = *call else {
            return Err(unsupported(call));
        };
        if proceeds_asset != CASH {
            let detail = format!("proceeds_asset {proceeds_asset}: {CASH} is right");
            return Err(Rejection::BadParameter.because(detail));
        }
        let (unit, holder) = (Unit::supply(asset), Holder::Account(account));
        let held = view.owned(account, unit);
        if asset == CASH || quantity > held {
            let detail = format!("quantity {quantity} of {asset}, held {held}");
            return Err(Rejection::NotReduceOnly.because(detail));
        }
        let mut effects = Effects::default();
        effects.transfer(holder, Holder::Issuer, unit, quantity, TransferCode::Sale);
        self.pay_out(view, asset, quantity, TransferCode::Sale, &mut effects)?;
        let owed = Self::owed(view, account)?;
        let paid = if owed > 0 && proceeds > 0 {
            Self::pay_down(view, account, proceeds, &mut effects)?
        } else {
            0
        };
        let (cash, rest) = (Unit::token(CASH), proceeds - paid);
        effects.transfer(Holder::External, Holder::Reserve, cash, rest, TransferCode::Sale);
        let mint = TransferCode::Mint;
        effects.transfer(Holder::Issuer, holder, Unit::supply(CASH), rest, mint);
        let (sold, proceeds) = (Amount::new(asset, quantity), Amount::new(CASH, proceeds));
        effects.facts.push(Fact::Sold { account, sold, proceeds });
        Ok(effects)
    }

    fn write_off(view: &View<'_>, account: AccountId) -> Result<Effects, Rejected> {
        if !Self::collateral(view, account)?.is_empty() || Self::owed(view, account)? == 0 {
            let detail = format!("{account} has collateral, or owes nothing");
            return Err(Rejection::BadParameter.because(detail));
        }
        Self::book(view, account, 0)
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
        if self.rate == 0 || nanos == 0 {
            return Ok(effects);
        }
        let index = view.state(INDEX);
        let share = U256::from(self.rate) * U256::from(nanos);
        let whole = U256::from(10_000) * U256::from(YEAR_NANOS);
        let grown = mul_div_full(index, share, whole, Rounding::Floor)?;
        effects.set(INDEX, index.checked_add(grown).ok_or(Rejection::Overflow)?);
        effects.set(ACCRUED_AT, U256::from(view.now.0));
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
        if self.rate == 0 || owed == 0 {
            return Ok(Armed { until: Time::MAX, error: rounding });
        }
        // Twice simple interest bounds what compounds within the hour, at any rate allowed.
        let share = U256::from(2 * self.rate) * U256::from(ARMED_NANOS);
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
                repaid: size.repaid,
                seized: size.seized,
                repaid_value: size.repaid,
                seized_value: size.seized_value,
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
            Call::Trade { .. } | Call::Deleverage { .. } => Err(unsupported(call)),
        }
    }

    fn saleable(&self, view: &View<'_>, account: AccountId) -> Result<Vec<Saleable>, Rejected> {
        let held = Self::collateral(view, account)?.into_iter();
        let item =
            |(asset, quantity)| Saleable { asset, quantity, buy_back: false, proceeds_asset: CASH };
        Ok(held.map(item).collect())
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
