//! Why a journal has no accounts.

use crate::AccountingError;
use crate::derivatives::DerivativeError;
use crate::identities::IdentityError;
use breakwater_liquidation::Rejected;

/// What stops the accounts of a journal.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The sums do not come out: the journal or this program is at fault. Report it.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// A position that cannot be kept: report it.
    #[error(transparent)]
    Derivative(#[from] DerivativeError),
    /// An entry cannot be written, such as of a number beyond eighteen decimals.
    #[error(transparent)]
    Entry(#[from] AccountingError),
    /// The engine would not say what was asked of it.
    #[error("frame {sequence}: {reason}")]
    Refused {
        /// Place of the command.
        sequence: u64,
        /// Why.
        reason: Rejected,
    },
    /// An asset has no price until the journal ends, so that what it was worth is not known.
    #[error("no price of {asset} was accepted before the journal ended: it has no basis")]
    Unpriced {
        /// Name of the asset.
        asset: String,
    },
}
