//! Runs on a pool: when it is right to run, how fast people do, how alike, and who profits.
//!
//! ```
//! use breakwater_simulate::stress::panic::{Deposit, Fundamental};
//!
//! let bank = Deposit { impatient: 0.25, gross_return: 2.0, aversion: 2.0 }.contract()?;
//! assert!((bank.served_in_a_run - 0.7803).abs() < 1e-4);
//! assert!((bank.stays_up_to - 0.5607).abs() < 1e-4);
//!
//! // With private signals of a fundamental there is one threshold instead of two equilibria.
//! let game = Fundamental::of(&bank)?;
//! assert!(game.withdrawal_probability(game.threshold - 0.01, 1e8)? > 0.999);
//! # Ok::<(), breakwater_simulate::stress::StressError>(())
//! ```

pub mod deposits;
pub mod hazard;
pub mod predator;
pub mod signals;
#[cfg(test)]
mod tests;

pub use deposits::{Contract, Deposit};
pub use hazard::{Drain, DrainRun, Hazard, Hour, Pressure};
pub use predator::{Predator, PredatorRun};
pub use signals::Fundamental;
