//! Why a profile has no result.

use breakwater_accounting::AccountingError;

/// What stands in the way of a profile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TaxError {
    /// The accounts beneath: correct the row it names, or choose an assumption.
    #[error(transparent)]
    Accounting(#[from] AccountingError),
    /// More of an asset goes out than ever came in: add the missing rows, or choose an assumption
    /// about their basis.
    #[error(
        "{date}: {missing} {asset} more go out than came in: add the rows that brought them, or choose an assumption"
    )]
    NotHeld {
        /// Date of the disposal.
        date: String,
        /// Asset.
        asset: String,
        /// Units without an acquisition.
        missing: String,
    },
    /// A position is open at the end of a year and nothing says what it was worth: add a mark.
    #[error("contract `{contract}` is open at the end of {year} and has no mark: add one")]
    NoMark {
        /// Contract.
        contract: String,
        /// Year.
        year: i32,
    },
    /// A transfer that counts as a disposal has no price: add it, or keep ownership.
    #[error("{row}: collateral is posted without a price, which a disposal at posting needs")]
    NoPrice {
        /// Row or event.
        row: String,
    },
    /// There is no such election: choose one of those listed.
    #[error("`{found}` is no election of profile {profile}: one of {known} is right")]
    NoElection {
        /// Profile.
        profile: String,
        /// What stands there.
        found: String,
        /// Those that exist.
        known: String,
    },
    /// An election has no such choice: choose one of those listed.
    #[error("election `{election}` has no choice `{found}`: {known} is right")]
    NoChoice {
        /// Election.
        election: String,
        /// What stands there.
        found: String,
        /// Choices that exist.
        known: String,
    },
    /// Pools have one cost for all units, so that units without one cannot have their own.
    #[error(
        "missing basis from proceeds: profile {profile} pools costs; zero or a refusal is right"
    )]
    NoProceedsBasis {
        /// Profile.
        profile: String,
    },
    /// A year's shape is wrong: write `2025`.
    #[error("year {found}: one from 2009 to 2999 is right")]
    NoYear {
        /// What stands there.
        found: i32,
    },
}

/// The usual result of this crate.
pub type Result<T> = std::result::Result<T, TaxError>;
