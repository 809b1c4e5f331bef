//! Why a stream of entries has no accounts.

use breakwater_money::{MoneyError, decimal::DecimalError};

/// What is wrong with an entry or with a sum.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AccountingError {
    /// A number does not fit 127 bits at 18 decimals: check the row for a misplaced point.
    #[error("a number does not fit 127 bits at 18 decimals")]
    Overflow,
    /// Arithmetic of money: check the row for a zero price or quantity.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// A text is no exact decimal of 18 places at most.
    #[error(transparent)]
    Decimal(#[from] DecimalError),
    /// A contract is stated with two sets of terms: give them different names.
    #[error("contract `{contract}` is known with other terms")]
    ContractDiffers {
        /// Name of the contract.
        contract: String,
    },
}

/// The usual result of this crate.
pub type Result<T> = std::result::Result<T, AccountingError>;
