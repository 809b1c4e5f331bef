//! A day of listed contracts: funding, sessions, averaging of settlement prices, expiry and delivery,
//! early exercise, rolls and transfers of positions, in a pool under a venue's rulebook.
//!
//! The venue's parameter file states how its contracts live, `breakwater_agreement::listed` says what
//! happens when, and the rulebook executes it. This host knows the path and who asks for what; it sends
//! prices, hands events on as commands in their order, and fills what the engine sells. It decides
//! nothing that they decide, and every unit is counted after every minute.

mod marks;
mod record;
mod runner;
mod settings;
#[cfg(test)]
mod tests;
mod told;

pub use record::{AccountRow, ListedRun, Occurrence, Point};
pub use runner::run;
pub use settings::{ListedScenario, Settings};
