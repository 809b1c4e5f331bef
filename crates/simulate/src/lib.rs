//! Scenarios, paths, agents: a deterministic host that drives the engine through a crash.
//!
//! Simulate reads a scenario, sells what keepers take (or what the venue orders) through measured
//! depth, carries part of the impact into the next price, and emits everything a report draws. The
//! engine it drives is the engine that runs live; a run is its commands, and nothing here decides
//! what a rulebook decides. Only this crate may draw random numbers, always seeded: the
//! book of [`perpetuals`] is drawn, the lending scenario draws nothing. Models of cascades, panic and
//! drains, which need no engine, are in [`stress`].

pub mod agreements;
pub mod assess;
pub mod at_risk;
pub mod auctions;
pub mod book;
pub mod defending;
pub mod error;
mod files;
pub mod fitting;
pub mod hedging;
pub mod keeper;
pub mod keeper_plan;
pub mod listed;
pub mod market;
pub mod monte_carlo;
pub mod option_book;
pub mod options;
pub mod path;
pub mod perpetuals;
mod planning;
pub mod plugged;
pub mod pooled;
pub mod proposals;
pub mod real_market;
pub mod record;
pub mod replay;
pub mod risk;
pub mod scenario;
pub mod shipped;
mod stage;
mod story;
pub mod stress;
mod table;
pub mod watcher;
pub mod world;
pub mod worlds;

pub use error::ScenarioError;
pub use options::{PolicyChoice, RunOptions, Shock, Thresholds};
pub use plugged::{decode, encode, registry};
pub use record::*;
pub use replay::{SensitivityCell, Variant, compare, run, sensitivity};
pub use scenario::Scenario;
pub use watcher::{Nobody, Progress, Watcher};
