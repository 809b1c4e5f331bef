//! A toy stability pool: debt in a coin that the pool issues, backed by one collateral, with
//! stakers who take liquidated collateral for their coins.
//!
//! The sums are those of the "scalable reward distribution" of Batog, Boca and Johnson (2018) as
//! stability pools use it, without their scales: a stake `d` entered at product `P0` and sum `S0`
//! is now `d x P / P0`, and has gained `d x (S - S0) / P0` of collateral. One liquidation that
//! takes `D` of `T` staked coins for `C` of collateral moves two integers and nobody's row:
//!
//! ```text
//! S += C x P / T        P = P x (T - D) / T
//! ```
//!
//! A pool that is emptied begins another era with `P` at one again; sums are kept by era.

use super::parameters;
use breakwater_liquidation::{
    AssetKind, Call, CallOption, Effects, Exposures, Fact, Kept, Layout, Overlay, Promise,
    Rejected, Rejection, Rulebook, StateKey, Touched, Unsupported, View,
};
use breakwater_margin::Health;
use breakwater_margin::health::{Armed, Exposure};
use breakwater_money::rounding::{
    Rounding, mul_div, mul_div_full, narrow_i128, narrow_u128, pow10,
};
use breakwater_money::{
    AccountId, Amount, AssetId, Holder, Rational, Ray, Time, TransferCode, U256, Unit, rational,
};

pub const RULE: &str = "toy-stability-pool";
pub const COIN: AssetId = AssetId(0);
pub const COLLATERAL: AssetId = AssetId(1);
pub const DECIMALS: u8 = 6;

pub const PRODUCT: StateKey = StateKey::Pool(0);
pub const ERA: StateKey = StateKey::Pool(1);
pub const STAKED: StateKey = StateKey::Pool(2);

const LAYOUT: Layout = Layout {
    pool: &["product (ray)", "era", "staked (coins)"],
    asset: &[],
    account: &["product at entry (ray)", "sum at entry (ray)", "era at entry"],
    cells: &["sum by era (collateral a coin, ray)"],
};

const PROMISES: &[(Promise, Kept)] = &[
    (Promise::HealthyUntouched, Kept::Keeps),
    (Promise::FreshMarksOnly, Kept::Refuses),
    (Promise::GraceAfterOutage, Kept::Refuses),
    (Promise::CureStaysPossible, Kept::Keeps),
    (Promise::StepNeverHurts, Kept::Keeps),
    (Promise::Minimal, Kept::NotApplicable),
    (Promise::OncePerTick, Kept::Keeps),
    (Promise::FundBeforeDeleveraging, Kept::NotApplicable),
    (Promise::NoUnbookedDebt, Kept::Keeps),
];

/// The rule with its threshold, basis points.
pub struct StabilityPool {
    threshold: u128,
}

/// What a staker has now.
#[derive(Debug, PartialEq, Eq)]
pub struct Claim {
    /// Coins left of the stake.
    pub coins: u128,
    /// Collateral gained.
    pub gained: u128,
}

/// The era's sum of collateral a coin.
pub fn sum_of(era: U256) -> StateKey {
    StateKey::Cell(0, u64::try_from(era).unwrap_or(u64::MAX), 0)
}

impl StabilityPool {
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut it = StabilityPool { threshold: 9_000 };
        parameters::read(text, &mut [("threshold_bps", &mut it.threshold)])?;
        if it.threshold > 10_000 {
            return Err(format!("threshold_bps = {}: at most 10000", it.threshold));
        }
        Ok(it)
    }

    /// A staker's claim, rounded down.
    pub fn claim(view: &View<'_>, account: AccountId) -> Result<Claim, Rejected> {
        let stake = U256::from(view.owned(account, Unit::supply(COIN)));
        let entry = |column| view.state(StateKey::Account(account, column));
        let (product, sum, era) = (entry(0), entry(1), entry(2));
        if stake.is_zero() || product.is_zero() {
            return Ok(Claim { coins: 0, gained: 0 });
        }
        let coins = if era == view.state(ERA) {
            mul_div_full(stake, view.state(PRODUCT), product, Rounding::Floor)?
        } else {
            U256::ZERO
        };
        let since = view.state(sum_of(era)).saturating_sub(sum);
        let gained = mul_div_full(stake, since, product, Rounding::Floor)?;
        Ok(Claim { coins: narrow_u128(coins)?, gained: narrow_u128(gained)? })
    }

    /// Pays the claim out of the pool's books: gains leave, the stake starts anew at `stake`.
    fn restake(
        view: &View<'_>,
        account: AccountId,
        claim: &Claim,
        stake: u128,
        effects: &mut Effects,
    ) {
        let (holder, unit) = (Holder::Account(account), Unit::supply(COIN));
        let old = view.owned(account, unit);
        effects.transfer(holder, Holder::Issuer, unit, old, TransferCode::Burn);
        effects.transfer(Holder::Issuer, holder, unit, stake, TransferCode::Mint);
        let gains = Unit::token(COLLATERAL);
        let code = TransferCode::Withdraw;
        effects.transfer(Holder::Reserve, Holder::External, gains, claim.gained, code);
        let era = view.state(ERA);
        effects.set(StateKey::Account(account, 0), view.state(PRODUCT));
        effects.set(StateKey::Account(account, 1), view.state(sum_of(era)));
        effects.set(StateKey::Account(account, 2), era);
    }

    fn deposit(
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
        amount: u128,
    ) -> Result<Effects, Rejected> {
        if amount == 0 {
            return Err(Rejection::AmountZero.because("amount 0: at least 1"));
        }
        let (mut effects, unit) = (Effects::default(), Unit::token(asset));
        effects.transfer(Holder::External, Holder::Reserve, unit, amount, TransferCode::Deposit);
        if asset == COLLATERAL {
            let (issuer, holder) = (Holder::Issuer, Holder::Account(account));
            effects.transfer(issuer, holder, Unit::supply(asset), amount, TransferCode::Mint);
            return Ok(effects);
        }
        let claim = Self::claim(view, account)?;
        let stake = claim.coins.checked_add(amount).ok_or(Rejection::Overflow)?;
        Self::restake(view, account, &claim, stake, &mut effects);
        let staked = view.state(STAKED).checked_add(U256::from(amount));
        effects.set(STAKED, staked.ok_or(Rejection::Overflow)?);
        Ok(effects)
    }

    fn withdraw(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
        amount: u128,
    ) -> Result<Effects, Rejected> {
        let (mut effects, code) = (Effects::default(), TransferCode::Withdraw);
        let claim = Self::claim(view, account)?;
        let unit = Unit::supply(asset);
        let held = if asset == COIN { claim.coins } else { view.owned(account, unit) };
        let wanted = if amount == u128::MAX { held } else { amount };
        if wanted > held {
            let detail = format!("amount {wanted}, there is {held}");
            return Err(Rejection::InsufficientBalance.because(detail));
        }
        effects.transfer(Holder::Reserve, Holder::External, Unit::token(asset), wanted, code);
        if asset == COIN {
            Self::restake(view, account, &claim, held - wanted, &mut effects);
            effects.set(STAKED, view.state(STAKED).saturating_sub(U256::from(wanted)));
            return Ok(effects);
        }
        let holder = Holder::Account(account);
        effects.transfer(holder, Holder::Issuer, unit, wanted, TransferCode::Burn);
        self.stays_healthy(view, account, effects)
    }

    fn stays_healthy(
        &self,
        view: &View<'_>,
        account: AccountId,
        effects: Effects,
    ) -> Result<Effects, Rejected> {
        let overlay = Overlay::new(*view, account, &effects)?;
        let health = self.assess(&overlay.view(), account)?;
        if health.breach {
            let detail = format!("ratio would be {}", health.ratio);
            return Err(Rejection::BelowInitial.because(detail));
        }
        Ok(effects)
    }

    /// The pool issues the coins that are borrowed.
    fn borrow(
        &self,
        view: &View<'_>,
        account: AccountId,
        amount: u128,
    ) -> Result<Effects, Rejected> {
        let (mut effects, code) = (Effects::default(), TransferCode::Borrow);
        let holder = Holder::Account(account);
        effects.transfer(Holder::Issuer, Holder::External, Unit::token(COIN), amount, code);
        effects.transfer(Holder::Issuer, holder, Unit::debt(COIN), amount, code);
        self.stays_healthy(view, account, effects)
    }

    /// Cancels accounts' debts against the stakes, and hands their collateral to the stakers.
    fn absorb(&self, view: &View<'_>, accounts: &[AccountId]) -> Result<Effects, Rejected> {
        let (mut effects, mut staked) = (Effects::default(), view.state(STAKED));
        let (mut product, mut era) = (view.state(PRODUCT), view.state(ERA));
        let mut sum = view.state(sum_of(era));
        for account in accounts {
            let health = self.assess(view, *account)?;
            if !health.breach {
                return Err(Rejection::Healthy.because(account.to_string()));
            }
            let debt = view.owned(*account, Unit::debt(COIN));
            let collateral = view.owned(*account, Unit::supply(COLLATERAL));
            if U256::from(debt) > staked {
                let detail = format!("debt {debt}, staked {staked}");
                return Err(Rejection::InsufficientLiquidity.because(detail));
            }
            let gained = mul_div_full(U256::from(collateral), product, staked, Rounding::Floor)?;
            sum = sum.checked_add(gained).ok_or(Rejection::Overflow)?;
            effects.set(sum_of(era), sum);
            let left = staked - U256::from(debt);
            product = mul_div_full(product, left, staked, Rounding::Floor)?;
            staked = left;
            if product.is_zero() && !left.is_zero() {
                let detail = format!("the product of {left} left is too small to tell");
                return Err(Rejection::Overflow.because(detail));
            }
            if left.is_zero() {
                (product, era, sum) = (Ray::one().raw, era + U256::ONE, U256::ZERO);
            }
            let (holder, burn) = (Holder::Account(*account), TransferCode::Burn);
            let code = TransferCode::Takeover;
            effects.transfer(holder, Holder::Issuer, Unit::debt(COIN), debt, burn);
            effects.transfer(Holder::Reserve, Holder::Issuer, Unit::token(COIN), debt, burn);
            effects.transfer(holder, Holder::Issuer, Unit::supply(COLLATERAL), collateral, code);
            let value = Self::value(view, collateral)?;
            effects.facts.push(Fact::Seized {
                account: *account,
                repaid: Amount::new(COIN, debt),
                seized: Amount::new(COLLATERAL, collateral),
                fee: Amount::zero(COLLATERAL),
                repaid_value: debt,
                seized_value: value,
                capped: false,
            });
        }
        effects.set(PRODUCT, product);
        effects.set(ERA, era);
        effects.set(STAKED, staked);
        effects.touched = Touched::Everyone;
        Ok(effects)
    }

    fn value(view: &View<'_>, amount: u128) -> Result<u128, Rejected> {
        let decimals = view.asset(COLLATERAL)?.decimals;
        Ok(view.price(COLLATERAL)?.value(amount, decimals, Rounding::Floor)?)
    }

    fn weighted(&self, view: &View<'_>, account: AccountId) -> Result<u128, Rejected> {
        let held = view.owned(account, Unit::supply(COLLATERAL));
        if held == 0 {
            return Ok(0);
        }
        Ok(mul_div(Self::value(view, held)?, self.threshold, 10_000, Rounding::Floor)?)
    }
}

impl Rulebook for StabilityPool {
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
        let tokens = view.assets.iter().filter(|a| a.kind == AssetKind::Token).count();
        if tokens == 2 && view.assets.len() == 2 {
            return Ok(());
        }
        let missing = "anything but a coin and one collateral".to_owned();
        Err(Unsupported { rulebook: RULE.to_owned(), missing })
    }

    fn found(&self, view: &View<'_>) -> Result<Effects, Rejected> {
        let mut effects = Effects::default();
        if view.state(PRODUCT).is_zero() {
            effects.set(PRODUCT, Ray::one().raw);
        }
        Ok(effects)
    }

    fn accrue(&self, _: &View<'_>) -> Result<Effects, Rejected> {
        Ok(Effects::default())
    }

    /// Weighted collateral and what is left of the stake, against debt.
    fn assess(&self, view: &View<'_>, account: AccountId) -> Result<Health, Rejected> {
        view.holdings(account)?;
        let claim = Self::claim(view, account)?;
        let equity = U256::from(self.weighted(view, account)?) + U256::from(claim.coins);
        let debt = view.owned(account, Unit::debt(COIN));
        Ok(Health::of(narrow_i128(equity)?, debt, false)?)
    }

    fn exposures(
        &self,
        view: &View<'_>,
        account: AccountId,
        out: &mut Exposures,
    ) -> Result<Armed, Rejected> {
        let weighted = self.weighted(view, account)?;
        if weighted > 0 {
            out.terms.push(Exposure {
                market: view.market_of(COLLATERAL)?,
                equity: narrow_i128(U256::from(weighted))?,
                requirement: 0,
            });
        }
        Ok(Armed { until: Time::MAX, error: 6 })
    }

    /// None: accounts are absorbed whole.
    fn calls(&self, _: &View<'_>, _: AccountId, _: &mut Vec<CallOption>) -> Result<(), Rejected> {
        Ok(())
    }

    fn execute(&self, view: &View<'_>, call: &Call) -> Result<Effects, Rejected> {
        for account in call.accounts() {
            view.holdings(account)?;
        }
        match call {
            Call::Deposit { account, asset, amount } => {
                Self::deposit(view, *account, *asset, *amount)
            }
            Call::Withdraw { account, asset, amount } => {
                self.withdraw(view, *account, *asset, *amount)
            }
            Call::Borrow { account, asset: COIN, amount } => self.borrow(view, *account, *amount),
            Call::Absorb { accounts } => self.absorb(view, accounts),
            _ => {
                let detail = format!("{RULE} has no call '{}'", call.kind());
                Err(Rejection::Unsupported.because(detail))
            }
        }
    }

    fn liquidation_price(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
    ) -> Result<Option<Rational>, Rejected> {
        let whole = pow10(view.asset(COLLATERAL)?.decimals)?;
        let held = view.owned(account, Unit::supply(COLLATERAL));
        let held = Rational::new(held.into(), whole.into())
            * Rational::new(self.threshold.into(), 10_000.into());
        let none = || rational::from_raw(0, 0);
        let units = if asset == COLLATERAL { held } else { none() };
        let stake = rational::from_raw(
            narrow_i128(U256::from(Self::claim(view, account)?.coins))?,
            DECIMALS,
        );
        let debt = view.owned(account, Unit::debt(COIN));
        let debt = rational::from_raw(narrow_i128(U256::from(debt))?, DECIMALS);
        let root = breakwater_margin::liquidation_price::lending_root;
        Ok(root(&stake, &units, &debt, &none()))
    }
}
