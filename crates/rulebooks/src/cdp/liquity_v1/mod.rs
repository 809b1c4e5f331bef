//! Liquity v1: troves, the stability pool, and one liquidation call over many troves, to the last
//! unit.
//!
//! Mirrors `BorrowerOperations`, `TroveManager` and `StabilityPool` of `liquity/dev` at its head of
//! 2025 (commit 39f1f7f8): the pool always keeps one whole coin and has no epochs. The contracts
//! deployed in 2021 let the pool be emptied; they are not this rule. Amounts, prices, ratios and the
//! product `P` are in 1e18, the sums `S` in 1e36. Every division rounds down, except that the loss
//! of a unit deposited is one more than its floor.
//!
//! A liquidation call is one unit: every trove it takes is closed first, what they owe and hold is
//! summed, and there is one offset against the pool and then one redistribution over the stakes
//! that remain. So troves of one call never receive each other's redistribution.
//!
//! The functions are pure. They read a [`System`] and the troves or the deposit they concern, and
//! return what these are afterwards; a refusal changes nothing.
//!
//! What the venue does not promise: a trove is taken whole however small the breach, in recovery
//! mode troves well above the minimum are taken too, and a pool that is short leaves the rest to
//! the other borrowers, whose own ratios fall by it.

mod liquidation;
mod parameters;
mod rulebook;
mod stability;
#[cfg(test)]
mod tests;
mod trove;

pub use liquidation::{Liquidation, Mode, Taken, Treatment, Walk, liquidate};
pub use parameters::{AssetParameters, ConstantParameters, Parameters, RULE};
pub use rulebook::{build, shape};
pub use stability::{Deposit, PoolChange, StabilityPool, provide, withdraw};
pub use trove::{Adjustment, Entire, TroveChange, adjust, close, open, ratio, rising};

use breakwater_money::{MoneyError, U256, Wad};

/// The constants that the contracts fix at compile time, and the borrowing fee, which the venue
/// moves with redemptions and which stands at its floor here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Ratio below which a trove may always be liquidated (`MCR`). Equality is safe.
    pub minimum_ratio: Wad,
    /// Ratio of the whole system below which it is in recovery mode (`CCR`). Equality is not.
    pub critical_ratio: Wad,
    /// Coins owed beside what is borrowed, that go to whoever liquidates the trove (1e18).
    pub stable_compensation: U256,
    /// The share of the collateral that goes to whoever liquidates is one over this.
    pub collateral_compensation_divisor: U256,
    /// Least debt of a trove without the compensation (1e18).
    pub net_debt_least: U256,
    /// One-off fee on what is borrowed, none in recovery mode.
    pub borrowing_fee: Wad,
    /// Factor by which `P` is raised when it would fall below it (`SCALE_FACTOR`).
    pub scale_factor: U256,
    /// Coins that the stability pool always keeps (`MIN_LUSD_IN_SP`, 1e18).
    pub pool_least: U256,
}

impl Rule {
    /// The constants of the contracts: 110 %, 150 %, 200 coins, 0.5 %, 1,800 coins, 0.5 %, 1e9 and
    /// one coin.
    #[must_use]
    pub fn v1() -> Self {
        let coins = |whole: u64| U256::from(whole).saturating_mul(Wad::one().raw);
        Rule {
            minimum_ratio: Wad::new(1_100_000_000_000_000_000),
            critical_ratio: Wad::new(1_500_000_000_000_000_000),
            stable_compensation: coins(200),
            collateral_compensation_divisor: U256::from(200u64),
            net_debt_least: coins(1_800),
            borrowing_fee: Wad::new(5_000_000_000_000_000),
            scale_factor: U256::from(1_000_000_000u64),
            pool_least: coins(1),
        }
    }
}

/// A pool of collateral and of debt against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pool {
    /// Collateral (1e18).
    pub collateral: U256,
    /// Coins owed (1e18).
    pub debt: U256,
}

/// What the venue remembers of all troves together, and of the stability pool.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct System {
    /// What open troves have on record.
    pub active: Pool,
    /// What was redistributed and no trove has taken on record yet.
    pub default: Pool,
    /// Redistributed so far for each unit of stake (`L_ETH`, `L_LUSDDebt`, 1e18).
    pub per_stake: Pool,
    /// Rests of the last redistribution's two divisions.
    pub per_stake_rest: Pool,
    /// Stakes of the open troves.
    pub total_stakes: U256,
    /// Those after the last liquidation.
    pub stakes_snapshot: U256,
    /// Collateral of the system after the last liquidation.
    pub collateral_snapshot: U256,
    /// Number of open troves.
    pub troves: u64,
    /// The stability pool.
    pub stability: StabilityPool,
}

/// One owner's trove.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Trove {
    /// Collateral on record (1e18).
    pub collateral: U256,
    /// Debt on record, the compensation included (1e18). A trove is open while it owes something.
    pub debt: U256,
    /// Its part in redistributions.
    pub stake: U256,
    /// Redistributed for each unit of stake when the trove was last put on record.
    pub seen: Pool,
    /// Collateral left over from the owner's liquidations in recovery mode, free to be claimed.
    pub claimable: U256,
    /// A minimum ratio that replaces the rule's for this trove alone. The venue has none (`None`);
    /// it carries books that record an account's own threshold.
    pub own_minimum: Option<Wad>,
}

/// Why the venue refuses a call, by the reason that the contract gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Revert {
    /// The owner has an open trove already.
    #[error("the trove is open already")]
    TroveActive,
    /// There is no such open trove.
    #[error("the trove does not exist or is closed")]
    TroveClosed,
    /// Borrowing would leave a debt below the least.
    #[error("the debt without the compensation would be below the least allowed")]
    NetDebtTooSmall,
    /// The trove would be below the minimum ratio.
    #[error("the trove's ratio would be below the minimum")]
    BelowMinimum,
    /// In recovery mode the trove would be below the critical ratio.
    #[error("in recovery mode the trove's ratio must reach the critical ratio")]
    BelowCritical,
    /// The system would be below the critical ratio.
    #[error("the system's ratio would be below the critical ratio")]
    SystemBelowCritical,
    /// In recovery mode a loan would lower the trove's ratio.
    #[error("in recovery mode a trove's ratio must not fall")]
    RatioFalls,
    /// In recovery mode no collateral may be taken out.
    #[error("in recovery mode no collateral may be withdrawn")]
    NoWithdrawal,
    /// In recovery mode no trove may be closed by its owner.
    #[error("the call is not permitted in recovery mode")]
    Recovery,
    /// More collateral would be taken out than there is.
    #[error("more collateral is withdrawn than the trove has")]
    CollateralTooSmall,
    /// More would be repaid than is owed without the compensation.
    #[error("more is repaid than the trove owes")]
    RepaysTooMuch,
    /// A call that changes nothing.
    #[error("neither collateral nor debt would change")]
    NothingChanges,
    /// No trove may be closed while it is the only one.
    #[error("it is the only trove in the system")]
    OnlyTrove,
    /// None of the troves may be liquidated.
    #[error("there is nothing to liquidate")]
    NothingToLiquidate,
    /// A batch that names no trove.
    #[error("the call names no trove")]
    NothingNamed,
    /// A deposit of nothing.
    #[error("the amount must not be zero")]
    AmountZero,
    /// A withdrawal by somebody who has no deposit.
    #[error("there is no deposit")]
    NoDeposit,
    /// A deposit is wanted back while a trove waits to be liquidated against it.
    #[error("deposits stay while a trove's ratio is below the minimum")]
    TrovesBelowMinimum,
    /// The stability pool would keep less than it must.
    #[error("the stability pool would keep less than it must")]
    PoolTooSmall,
    /// A checked operation of the contract fails: overflow, more taken than there is, division by
    /// zero, or an assertion.
    #[error("arithmetic overflow, underflow or division by zero")]
    Arithmetic,
}

impl Revert {
    /// Every reason that has a text of its own. The rest are failures of checked arithmetic, whose
    /// texts are many.
    pub const NAMED: [Revert; 18] = [
        Revert::TroveActive,
        Revert::TroveClosed,
        Revert::NetDebtTooSmall,
        Revert::BelowMinimum,
        Revert::BelowCritical,
        Revert::SystemBelowCritical,
        Revert::RatioFalls,
        Revert::NoWithdrawal,
        Revert::Recovery,
        Revert::RepaysTooMuch,
        Revert::NothingChanges,
        Revert::OnlyTrove,
        Revert::NothingToLiquidate,
        Revert::NothingNamed,
        Revert::AmountZero,
        Revert::NoDeposit,
        Revert::TrovesBelowMinimum,
        Revert::PoolTooSmall,
    ];

    /// The contract's own reason, without the contract's name before it.
    #[must_use]
    pub const fn contract_name(self) -> &'static str {
        match self {
            Revert::TroveActive => "Trove is active",
            Revert::TroveClosed => "Trove does not exist or is closed",
            Revert::NetDebtTooSmall => "Trove's net debt must be greater than minimum",
            Revert::BelowMinimum => "An operation that would result in ICR < MCR is not permitted",
            Revert::BelowCritical => "Operation must leave trove with ICR >= CCR",
            Revert::SystemBelowCritical => {
                "An operation that would result in TCR < CCR is not permitted"
            }
            Revert::RatioFalls => "Cannot decrease your Trove's ICR in Recovery Mode",
            Revert::NoWithdrawal => "Collateral withdrawal not permitted Recovery Mode",
            Revert::Recovery => "Operation not permitted during Recovery Mode",
            Revert::RepaysTooMuch => "Amount repaid must not be larger than the Trove's debt",
            Revert::NothingChanges => "There must be either a collateral change or a debt change",
            Revert::OnlyTrove => "Only one trove in the system",
            Revert::NothingToLiquidate => "nothing to liquidate",
            Revert::NothingNamed => "Calldata address array must not be empty",
            Revert::AmountZero => "Amount must be non-zero",
            Revert::NoDeposit => "User must have a non-zero deposit",
            Revert::TrovesBelowMinimum => "Cannot withdraw while there are troves with ICR < MCR",
            Revert::PoolTooSmall => "Withdrawal must leave totalBoldDeposits >= MIN_LUSD_IN_SP",
            Revert::CollateralTooSmall | Revert::Arithmetic => "SafeMath",
        }
    }
}

impl From<MoneyError> for Revert {
    fn from(_: MoneyError) -> Self {
        Revert::Arithmetic
    }
}

/// Checked operations of 256 bits, as the contracts' own.
fn add(a: U256, b: U256) -> Result<U256, Revert> {
    a.checked_add(b).ok_or(Revert::Arithmetic)
}

fn sub(a: U256, b: U256) -> Result<U256, Revert> {
    a.checked_sub(b).ok_or(Revert::Arithmetic)
}

fn mul(a: U256, b: U256) -> Result<U256, Revert> {
    a.checked_mul(b).ok_or(Revert::Arithmetic)
}

impl Pool {
    fn plus(self, more: Pool) -> Result<Pool, Revert> {
        Ok(Pool {
            collateral: add(self.collateral, more.collateral)?,
            debt: add(self.debt, more.debt)?,
        })
    }

    fn minus(self, less: Pool) -> Result<Pool, Revert> {
        Ok(Pool {
            collateral: sub(self.collateral, less.collateral)?,
            debt: sub(self.debt, less.debt)?,
        })
    }
}

impl System {
    /// Everything in the system, redistributed amounts included.
    ///
    /// # Errors
    /// [`Revert::Arithmetic`].
    pub fn entire(&self) -> Result<Pool, Revert> {
        self.active.plus(self.default)
    }

    /// The system's ratio (`TCR`).
    ///
    /// # Errors
    /// [`Revert::Arithmetic`].
    pub fn ratio(&self, price: U256) -> Result<Wad, Revert> {
        let all = self.entire()?;
        ratio(all.collateral, all.debt, price)
    }

    /// Whether the system is in recovery mode: its ratio is below the critical one.
    ///
    /// # Errors
    /// [`Revert::Arithmetic`].
    pub fn is_recovering(&self, rule: &Rule, price: U256) -> Result<bool, Revert> {
        Ok(self.ratio(price)? < rule.critical_ratio)
    }
}
