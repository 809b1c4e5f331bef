//! Aave v3, from v3.5: the venue's liquidation call to the last unit.
//!
//! Mirrors the pool contracts of `aave-v3-origin` at v3.7 (commit fd1fbd91) and v3.6 (tag v3.6.0),
//! and v3.5 by its rule alone; [`Version`] says what separates them. Scales: base
//! currency 1e8, health factor 1e18, indices and yearly rates 1e27, thresholds, bonuses and fees
//! in basis points (a bonus of 10,500 means 5 %); a balance is a scaled balance times an index.
//! Supplied balances round down and owed ones up, wherever they are turned into units or value.
//!
//! The functions are pure and read two slices in the same order: the reserves of the pool and
//! one account's holdings in them. A reserve is named by its place in the slice.
//!
//! What the venue does not promise: it liquidates up to a fixed share rather than the least that
//! restores health, a call on a toxic position lowers its health, and collateral worth more than
//! a unit of the base currency that stays behind keeps bad debt unbooked.

mod accrual;
mod call;
mod health;
mod parameters;
mod plan;
mod rulebook;
#[cfg(test)]
mod rulebook_tests;
mod sizing;
#[cfg(test)]
mod tests;
mod version;

pub use accrual::{Accrued, Rates, ReserveFlow, accrue, rates};
pub use call::{Deficit, Outcome, liquidation_call};
pub use health::{Totals, sum, totals};
pub use parameters::{AssetParameters, BadParameter, ConstantParameters, Parameters};
pub use plan::{Proposal, accepted, largest_call};
pub use rulebook::{RULE, build, shape};
pub use sizing::{CloseFactor, Sizing};
pub use version::{UnknownVersion, Version};

use breakwater_money::{MoneyError, Ray, Rounding, U256, Wad, rounding};
use serde::{Deserialize, Serialize};

/// The version and the constants that the contracts fix at compile time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Whose roundings and tests apply.
    pub version: Version,
    /// Share of the whole debt that one call may repay while the close factor binds, basis points.
    pub close_factor_bps: u16,
    /// Health above which the close factor binds (wad).
    pub close_factor_health: Wad,
    /// Value of the named debt and of the named collateral from which the close factor binds
    /// (base currency).
    pub close_factor_from: U256,
    /// Least value that may stay on each side when neither is cleared (base currency).
    pub least_leftover: U256,
}

impl Rule {
    /// The constants of the contracts, the same in every version mirrored: 50 %, 0.95, 2,000 and
    /// 1,000 in a base currency of eight decimals.
    #[must_use]
    pub fn of(version: Version) -> Self {
        Rule {
            version,
            close_factor_bps: 5_000,
            close_factor_health: Wad::new(950_000_000_000_000_000),
            close_factor_from: U256::from(200_000_000_000u64),
            least_leftover: U256::from(100_000_000_000u64),
        }
    }

    /// [`Rule::of`] v3.7.
    #[must_use]
    pub fn v3_7() -> Self {
        Rule::of(Version::V3_7)
    }

    /// [`Rule::of`] v3.6.
    #[must_use]
    pub fn v3_6() -> Self {
        Rule::of(Version::V3_6)
    }
}

/// One reserve of the pool, its indices already accrued to the instant of the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reserve {
    /// Decimals of the asset.
    pub decimals: u8,
    /// Price of one whole token, base currency (1e8).
    pub price: U256,
    /// Share of the collateral's value that counts towards health, basis points.
    pub liquidation_threshold_bps: u16,
    /// Collateral per value repaid, basis points; 10,500 is a bonus of 5 %.
    pub liquidation_bonus_bps: u16,
    /// The protocol's share of the bonus, basis points.
    pub liquidation_protocol_fee_bps: u16,
    /// What a scaled supplied unit is worth (ray).
    pub liquidity_index: Ray,
    /// What a scaled owed unit has grown to (ray).
    pub variable_borrow_index: Ray,
    /// Whether the reserve is listed and active.
    pub active: bool,
    /// Whether the reserve is paused. A frozen reserve is not: it can be liquidated.
    pub paused: bool,
    /// Last second (Unix time) of the grace period in which nobody is liquidated, if there is one.
    pub grace_until: Option<u64>,
    /// Units that can leave the reserve now; `None` where the pool's cash is not modelled and
    /// never runs short.
    pub available: Option<U256>,
}

/// One account's holdings in one reserve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct UserReserve {
    /// Supplied balance in scaled units.
    pub scaled_collateral: U256,
    /// Owed balance in scaled units.
    pub scaled_debt: U256,
    /// Whether the account lets the supplied balance count as collateral.
    pub use_as_collateral: bool,
    /// Whether the account is marked as a borrower of the reserve.
    pub borrowing: bool,
    /// A threshold that replaces the reserve's and the category's for this account alone. The
    /// venue has none (`None`); it carries books that record an account's own average threshold.
    pub own_threshold_bps: Option<u16>,
}

/// The efficiency category an account has chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Emode {
    /// Threshold of the category's collaterals, basis points.
    pub liquidation_threshold_bps: u16,
    /// Bonus on the category's collaterals, basis points.
    pub liquidation_bonus_bps: u16,
    /// Bit `i` is set when reserve `i` is a collateral of the category; the venue lists at most
    /// 128 reserves.
    pub collateral_bitmap: u128,
}

impl Emode {
    /// Whether reserve `reserve` is a collateral of the category.
    #[must_use]
    pub fn covers(&self, reserve: usize) -> bool {
        u32::try_from(reserve)
            .ok()
            .and_then(|bit| self.collateral_bitmap.checked_shr(bit))
            .is_some_and(|rest| rest & 1 == 1)
    }
}

/// A liquidation call as anyone may send it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    /// The reserve whose collateral is taken.
    pub collateral: usize,
    /// The reserve whose debt is repaid. May be the same.
    pub debt: usize,
    /// Units offered; clamped to the most that may be repaid, so [`U256::MAX`] asks for that.
    pub debt_to_cover: U256,
    /// Whether the caller takes the supplied balance instead of the underlying.
    pub receive_atoken: bool,
    /// Whether the caller is the borrower.
    pub self_liquidation: bool,
    /// Unix time of the call, seconds.
    pub now: u64,
}

/// Why the venue refuses a call, by the name of the contract's error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Revert {
    /// The caller is the borrower.
    #[error("SelfLiquidation: the caller is the borrower")]
    SelfLiquidation,
    /// A named reserve is not active, or not listed.
    #[error("ReserveInactive: the collateral or the debt reserve is not active")]
    ReserveInactive,
    /// A named reserve is paused.
    #[error("ReservePaused: the collateral or the debt reserve is paused")]
    ReservePaused,
    /// A named reserve is still in its grace period.
    #[error("LiquidationGraceSentinelCheckFailed: a grace period has not ended")]
    GracePeriod,
    /// The account is healthy. Exact equality is healthy.
    #[error("HealthFactorNotBelowThreshold: the health factor is not below 1")]
    Healthy,
    /// The account does not use the named reserve as collateral.
    #[error("CollateralCannotBeLiquidated: the account does not use it as collateral")]
    NotCollateral,
    /// The account owes nothing in the named reserve.
    #[error("SpecifiedCurrencyNotBorrowedByUser: the account does not owe it")]
    NotBorrowed,
    /// Debt and collateral would both stay, and one of them is too small to.
    #[error("MustNotLeaveDust: a leftover would be worth less than the least allowed")]
    Dust,
    /// Debt repaid or underlying taken rounds to no scaled unit.
    #[error("InvalidBurnAmount: the amount rounds to nothing")]
    ZeroBurn,
    /// A checked operation of the contract fails: overflow, division by zero, or more taken out
    /// of a reserve than it holds.
    #[error("Panic: arithmetic overflow, underflow or division by zero")]
    Arithmetic,
}

impl Revert {
    /// The contract's own name of the error.
    #[must_use]
    pub const fn contract_name(self) -> &'static str {
        match self {
            Revert::SelfLiquidation => "SelfLiquidation",
            Revert::ReserveInactive => "ReserveInactive",
            Revert::ReservePaused => "ReservePaused",
            Revert::GracePeriod => "LiquidationGraceSentinelCheckFailed",
            Revert::Healthy => "HealthFactorNotBelowThreshold",
            Revert::NotCollateral => "CollateralCannotBeLiquidated",
            Revert::NotBorrowed => "SpecifiedCurrencyNotBorrowedByUser",
            Revert::Dust => "MustNotLeaveDust",
            Revert::ZeroBurn => "InvalidBurnAmount",
            Revert::Arithmetic => "Panic",
        }
    }
}

impl From<MoneyError> for Revert {
    fn from(_: MoneyError) -> Self {
        Revert::Arithmetic
    }
}

impl Reserve {
    /// Whether a grace period covers the second `now`; its last second still belongs to it.
    fn in_grace(&self, now: u64) -> bool {
        self.grace_until.is_some_and(|until| until >= now)
    }

    /// Base units of one whole token.
    fn unit(&self) -> Result<U256, Revert> {
        Ok(U256::from(rounding::pow10(self.decimals)?))
    }

    /// Base currency worth of `amount` units supplied, rounded down.
    fn supplied_value(&self, amount: U256) -> Result<U256, Revert> {
        Ok(rounding::mul_div_wide(amount, self.price, self.unit()?, Rounding::Floor)?)
    }

    /// Base currency worth of `amount` units owed, rounded up: any debt is worth something.
    fn owed_value(&self, amount: U256) -> Result<U256, Revert> {
        Ok(rounding::mul_div_wide(amount, self.price, self.unit()?, Rounding::Ceil)?)
    }
}
