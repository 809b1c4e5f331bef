//! Why no hedge can be said.

use crate::OptionError;

/// Why there is no hedge.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum HedgeError {
    /// An input that no hedge has. Correct the field.
    #[error(transparent)]
    Input(#[from] OptionError),
    /// Costs so large against volatility that a long option has no volatility to be hedged at. Hedge
    /// less often, or with another policy.
    #[error(
        "{model}: the adjustment of variance is {adjustment:?}; above -1 is right, or a long option has \
         no volatility to be hedged at"
    )]
    NoVolatility {
        /// Whose adjustment.
        model: &'static str,
        /// Share of variance that it adds.
        adjustment: f64,
    },
    /// A trade of more lots than any market has. Correct the lot, or the book.
    #[error("trade of {trade:?} in lots of {lot:?} is more than {LOTS_MAX} lots")]
    TooManyLots {
        /// The trade proposed.
        trade: f64,
        /// Size of a lot.
        lot: f64,
    },
    /// Neutral in coin, hedged by the coin itself, which does not move against itself. Hedge by a
    /// future or a perpetual, or be neutral in the quote currency.
    #[error("instrument is spot and neutral is coin; a future or a perpetual is right")]
    SpotInCoin,
}

use super::LOTS_MAX;
