//! Why a round cannot be computed.

/// What is wrong with a round's input, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PooledError {
    /// A figure is not what it must be.
    #[error("{field} is {value}; expected {expected}")]
    Field {
        /// The figure.
        field: &'static str,
        /// What was found.
        value: u128,
        /// What would be right.
        expected: &'static str,
    },
    /// A figure of a leg is not what it must be.
    #[error("{field} of the leg of account {account} is {value}; expected {expected}")]
    Leg {
        /// Whose leg.
        account: u32,
        /// The figure.
        field: &'static str,
        /// What was found.
        value: u128,
        /// What would be right.
        expected: &'static str,
    },
    /// An entry of a list of steps is not what it must be.
    #[error("{field} of step {index} is {value}; expected {expected}")]
    Step {
        /// The figure.
        field: &'static str,
        /// Place in the list, from 0.
        index: usize,
        /// What was found.
        value: u128,
        /// What would be right.
        expected: &'static str,
    },
    /// A figure does not fit 128 bits. Nothing wraps.
    #[error("{what} does not fit 128 bits; expected smaller quantities or values")]
    Overflow {
        /// The figure.
        what: &'static str,
    },
}
