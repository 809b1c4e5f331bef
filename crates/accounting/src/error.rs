//! Why a stream of entries has no accounts.

use crate::derivatives::DerivativeError;
use crate::number::Quantity;
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
    /// An entry names a contract that was never described: describe it first.
    #[error("a contract has no terms")]
    UnknownContract,
    /// A number that no position can take: correct the row.
    #[error(transparent)]
    Derivative(#[from] DerivativeError),
    /// A text is no date: write it as `2025-01-31`.
    #[error("`{found}` is no date: one like 2025-01-31 is right")]
    NoDate {
        /// What stands there.
        found: String,
    },
    /// A quantity must be above zero: correct the row.
    #[error("{field} {found}: above 0 is right")]
    NotAboveZero {
        /// Which number.
        field: &'static str,
        /// What it was.
        found: Quantity,
    },
    /// A transfer arrives with more than was sent, or with less than nothing: correct the row.
    #[error("received {got} of {sent} sent: from 0 to what was sent is right")]
    ReceivedMore {
        /// Units sent.
        sent: Quantity,
        /// Units received.
        got: Quantity,
    },
    /// More goes out than came in: add the missing rows, or choose an assumption about their basis.
    #[error(
        "{source_name}: {wanted} {asset} go out of {pool} and {held} are held there: add the rows that brought them, or choose an assumption"
    )]
    NotHeld {
        /// Row or event.
        source_name: String,
        /// Asset.
        asset: String,
        /// Wallet, or all wallets.
        pool: String,
        /// Units that should go out.
        wanted: Quantity,
        /// Units held.
        held: Quantity,
    },
    /// An identified lot is not there: correct the identification.
    #[error("{source_name}: lot `{lot}` is not held in {pool}")]
    NoSuchLot {
        /// Row or event.
        source_name: String,
        /// Name of the lot.
        lot: String,
        /// Wallet, or all wallets.
        pool: String,
    },
    /// Entries are not in time order: sort them.
    #[error("{source_name} is earlier than the entry before it: entries come in time order")]
    OutOfOrder {
        /// Row or event.
        source_name: String,
    },
    /// Lots of an average have no date that a ledger could name: export by another order.
    #[error("lots are pooled at an average: an order by lots is right for this export")]
    PooledExport,
    /// What was added is not what was removed and what is left: a fault of this program.
    #[error("accounts do not close: {what}")]
    DoesNotClose {
        /// Which sum.
        what: String,
    },
}

/// The usual result of this crate.
pub type Result<T> = std::result::Result<T, AccountingError>;
