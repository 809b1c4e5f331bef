//! Models of cascades, fire sales, panic and drains, as pure functions.
//!
//! - [`cascade`]: rounds of liquidation that push the price, their amplification in closed form, the line
//!   beyond which a liquidation is toxic, fire sales over networks, spill-over between venues.
//! - [`hawkes`]: events that bring events: closed forms, exact simulation, and how endogenous a list of
//!   real liquidations is.
//! - [`panic`]: runs on a pool: thresholds, withdrawal as a hazard, herds, and a predator.
//! - [`defences`]: the integer rules of `breakwater_liquidation::solvency` scored against all of it.
//!
//! Floats are 64 bits wide and come from one pinned library, so that results are the same everywhere.
//! Draws are counted (see [`crate::perpetuals::draw`]): a seed gives the same path on any machine and
//! any number of threads. None of these models decides about money in the engine.

pub mod cascade;
pub mod defences;
pub mod draws;
pub mod error;
pub mod hawkes;
pub mod panic;

pub use error::StressError;
