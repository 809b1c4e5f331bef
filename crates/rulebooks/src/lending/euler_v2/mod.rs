//! Euler v2 (the Euler Vault Kit): liquidation of one vault's borrower to the last unit.
//!
//! Mirrors the vault contracts of `euler-vault-kit` at commit 5b98b420 with `ethereum-vault-connector`
//! at 34bb788. Every asset has a vault; a vault lends its asset against shares of other vaults. An
//! account has one controller, the vault it owes, and up to ten enabled collaterals. Scales: loan to
//! value and discounts in basis points, values in units of account, debts in base units of the asset
//! times 2^31, the interest accumulator and the rate per second 1e27. Debts round up to base units,
//! collateral values down.
//!
//! The functions are pure and read plain structures. Accrued state goes in: [`accrue`] moves a
//! vault to the instant of a call, [`current_owed`] an account's debt.
//!
//! What the venue does that others do not: exact equality of weighted collateral and liability is a
//! violation (with no discount), the discount is what health lacks of one, the caller takes the debt
//! over rather than pays it, a healthy account is answered with a call of nothing instead of a
//! refusal, and a bad debt leaves the vault at once, through the price of its shares.

mod accrual;
mod amounts;
mod liquidation;
mod ltv;
mod parameters;
mod plan;
mod rulebook;
#[cfg(test)]
mod tests;

pub use accrual::{Accrued, LinearKink, MAX_INTEREST_RATE, VaultTotals, accrue, growth_factor};
pub use amounts::{
    Quote, VIRTUAL_DEPOSIT, assets_of_shares, cap_of, current_owed, owed_exact, owed_units,
    shares_for,
};
pub use liquidation::{Limits, Outcome, check_liquidation, liquidate};
pub use ltv::{Health, Ltv, health};
pub use parameters::{CollateralParameters, Parameters, RULE, RampParameters, VaultParameters};
pub use plan::largest_call;
pub use rulebook::{build, column, shape};

use breakwater_money::{MoneyError, U256};

/// Value of a liability from which what cannot be recovered leaves the vault (units of account,
/// `MIN_SOCIALIZATION_LIABILITY_VALUE` of `Liquidation.sol`).
pub const SOCIALISED_FROM: u64 = 1_000_000;

/// Largest number of collaterals that an account may enable (the connector's set of vaults).
pub const COLLATERALS_MAX: usize = 10;

/// The vault that a call liquidates for, accrued to the instant of the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vault {
    /// Largest discount on seized collateral, basis points; the venue refuses 10,000.
    pub discount_most_bps: u16,
    /// Whether debt without collateral leaves the vault.
    pub socialises: bool,
    /// Seconds that must pass after an account's last successful check.
    pub cool_off_seconds: u64,
    /// What the asset is worth; `None` where it is the unit of account itself.
    pub quote: Option<Quote>,
    /// All debt of the vault (base units times 2^31).
    pub total_borrows_exact: U256,
}

/// The vaults that an account has let control it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Controller {
    /// The vault of the call, and no other.
    ThisVault,
    /// Another vault.
    Another,
    /// No vault.
    Nobody,
    /// Several, which the connector allows within a batch only.
    Several,
}

/// The account to be liquidated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account<'a> {
    /// Who controls it.
    pub controller: Controller,
    /// What it owes the vault (base units times 2^31), accrued.
    pub owed_exact: U256,
    /// Seconds since its last successful check; the largest number for never.
    pub seconds_since_check: u64,
    /// Whether its check has been put off to the end of a batch that runs.
    pub check_deferred: bool,
    /// Shares of other vaults that it holds, enabled or not.
    pub collaterals: &'a [Collateral],
}

/// Shares of one vault that an account holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Collateral {
    /// Whether the account lets them secure its debt.
    pub enabled: bool,
    /// Whether the lending vault has ever set a loan to value for them.
    pub recognised: bool,
    /// Shares held.
    pub balance: U256,
    /// Base units of the vault's asset that the shares redeem for, rounded down.
    pub assets: U256,
    /// What the asset is worth.
    pub quote: Quote,
    /// Their weight in health.
    pub ltv: Ltv,
}

/// A liquidation as anyone may send it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    /// Place of the collateral among the account's; one beyond them is not recognised.
    pub collateral: usize,
    /// Base units of debt to take over; [`U256::MAX`] for as much as allowed.
    pub repay: U256,
    /// Fewest shares that must come out.
    pub least_yield: U256,
    /// Whether the caller is the account itself.
    pub self_liquidation: bool,
    /// What the caller owes the vault already (base units times 2^31), accrued.
    pub liquidator_owed_exact: U256,
}

/// Why the venue refuses a call, by the name of the contract's error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Revert {
    /// The caller is the account itself.
    #[error("E_SelfLiquidation: the caller is the account to be liquidated")]
    SelfLiquidation,
    /// The vault has never set a loan to value for the collateral.
    #[error("E_BadCollateral: the vault does not recognise the collateral")]
    BadCollateral,
    /// The account has several controllers.
    #[error("E_TransientState: the account has several controllers")]
    TransientState,
    /// The account has no controller.
    #[error("E_NoLiability: no vault controls the account")]
    NoLiability,
    /// Another vault controls the account.
    #[error("E_NotController: another vault controls the account")]
    NotController,
    /// The account has not enabled the collateral.
    #[error("E_CollateralDisabled: the account has not enabled the collateral")]
    CollateralDisabled,
    /// The account's check has been put off.
    #[error("E_ViolatorLiquidityDeferred: the account's check is put off to the end of a batch")]
    CheckDeferred,
    /// The account was checked too recently.
    #[error("E_LiquidationCoolOff: the account's last check is too recent")]
    CoolOff,
    /// More is offered than may be taken over.
    #[error("E_ExcessiveRepayAmount: more than may be taken over")]
    ExcessiveRepay,
    /// Fewer shares come out than the caller wants at the least.
    #[error("E_MinYield: fewer shares than the caller wants at the least")]
    LeastYield,
    /// More debt would move than is owed.
    #[error("E_InsufficientDebt: more than is owed")]
    InsufficientDebt,
    /// What is left to write off is more than is left owed: the part taken over was within a base
    /// unit of the whole, which therefore moved.
    #[error("E_RepayTooMuch: the debt moved whole, and nothing is left to write off")]
    RepayTooMuch,
    /// An amount does not fit the contract's 112 bits.
    #[error("E_AmountTooLargeToEncode: an amount does not fit 112 bits")]
    AmountTooLarge,
    /// A debt does not fit the contract's 112 bits of base units.
    #[error("E_DebtAmountTooLargeToEncode: a debt does not fit 112 bits of base units")]
    DebtTooLarge,
    /// A checked operation of the contract fails: overflow, underflow or division by zero.
    #[error("Panic: arithmetic overflow, underflow or division by zero")]
    Arithmetic,
}

impl Revert {
    /// The contract's own name of the error.
    #[must_use]
    pub const fn contract_name(self) -> &'static str {
        match self {
            Revert::SelfLiquidation => "E_SelfLiquidation",
            Revert::BadCollateral => "E_BadCollateral",
            Revert::TransientState => "E_TransientState",
            Revert::NoLiability => "E_NoLiability",
            Revert::NotController => "E_NotController",
            Revert::CollateralDisabled => "E_CollateralDisabled",
            Revert::CheckDeferred => "E_ViolatorLiquidityDeferred",
            Revert::CoolOff => "E_LiquidationCoolOff",
            Revert::ExcessiveRepay => "E_ExcessiveRepayAmount",
            Revert::LeastYield => "E_MinYield",
            Revert::InsufficientDebt => "E_InsufficientDebt",
            Revert::RepayTooMuch => "E_RepayTooMuch",
            Revert::AmountTooLarge => "E_AmountTooLargeToEncode",
            Revert::DebtTooLarge => "E_DebtAmountTooLargeToEncode",
            Revert::Arithmetic => "Panic",
        }
    }
}

impl From<MoneyError> for Revert {
    fn from(_: MoneyError) -> Self {
        Revert::Arithmetic
    }
}
