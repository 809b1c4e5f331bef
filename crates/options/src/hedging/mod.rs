//! Dynamic hedging: when to trade the underlying of a book of options, which way and how much.
//!
//! - [`Policy`] and [`decide`]: fixed interval, delta band, Whalley-Wilmott, Zakamouline, Leland. What
//!   is proposed is a float; [`in_lots`] makes whole lots of it.
//! - [`Neutral`] and [`target_delta`]: what a book settled in coin is neutral in, which its owner must
//!   say, and [`Instrument`]: what is traded for it.
//! - [`sign_of`]: which way a hedge trades, by side and kind. Selling as the option's price rises is
//!   right for a long call and a short put only.
//! - [`discrete`]: how far hedging at intervals misses, exactly and by its approximations.

mod bands;
pub mod discrete;
mod error;
mod instrument;
mod leland;
mod lots;
mod neutral;
mod policy;
mod quadrature;
mod sign;

#[cfg(test)]
mod tests;

pub use bands::{
    Band, ZAKAMOULINE, Zakamouline, ZakamoulineCoefficients, whalley_wilmott, zakamouline,
};
pub use error::HedgeError;
pub use instrument::Instrument;
pub use leland::{leland_number, leland_volatility};
pub use lots::{LOTS_MAX, Target, in_lots, nearest_lots};
pub use neutral::{BookDelta, Neutral, inverse_perpetual_gain, target_delta};
pub use policy::{Decision, Exposure, Policy, State, decide};
pub use sign::{Action, Direction, Effect, Sign, sign_of};
