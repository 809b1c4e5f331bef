//! Cascades: sales that lower the price at which the next account is sold.
//!
//! ```
//! use breakwater_simulate::stress::cascade::{Cascade, Impact, Position, Terms, amplification};
//!
//! let book = vec![Position { collateral: 10.0, debt: 8.0 }, Position { collateral: 10.0, debt: 6.0 }];
//! let terms = Terms { threshold: 0.825, close_factor: 0.5, bonus: 0.05 };
//! let cascade = Cascade::new(book, terms, 1.0, Impact::Exponential { depth: 100.0 })?;
//! let run = cascade.run(0.05)?;
//! assert_eq!(run.rounds.len(), 1);
//! assert!(run.final_price < 0.95);
//!
//! // In the small it is a geometric series: a gain of a half doubles a fall.
//! assert_eq!(amplification(0.5, 0.01)?.total_drop, Some(0.02));
//! # Ok::<(), breakwater_simulate::stress::StressError>(())
//! ```

pub mod amplify;
pub mod impact;
pub mod network;
pub mod rounds;
pub mod spill;
#[cfg(test)]
mod tests;
pub mod threshold;
pub mod toxic;

pub use amplify::{Amplified, amplification, gain};
pub use impact::{BookLevel, Impact, Market};
pub use network::{FireSale, Network};
pub use rounds::{Cascade, Position, Round, Run, Stopped, Terms};
pub use spill::{Spill, SpillRun, Venue};
pub use threshold::{AssetMarket, Bank, FireSaleRun, PriceResponse, Rule, System, Trouble};
pub use toxic::{ToxicStep, frontier, toxic_step};
