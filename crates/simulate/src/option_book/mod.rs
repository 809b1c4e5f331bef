//! An option portfolio under portfolio margin that must be liquidated, in three ways over the same path
//! and depth: options at market at once, options only as few as are needed, and hedged first.
//!
//! The host drives the rulebook itself, not the engine: an engine takes no trade that opens a position of
//! an account in breach, and [`Rulebook::hedge`](breakwater_liquidation::Rulebook::hedge) is the named
//! exception that a host of one account shows at work. Every trade of a plan is executed on the rulebook
//! again, and the account must end where the plan said.

mod pool;
mod runner;
mod settings;
#[cfg(test)]
mod tests;

pub use runner::{Point, Traded, Way, WayRun, compare};
pub use settings::{DepthStep, OptionBookScenario, OptionSettings, Settings};
