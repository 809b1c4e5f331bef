//! Defences side by side: one pool, one shock, one panic, and the same draws for every set of rules.
//!
//! A scenario of this kind states a lending pool that the engine runs under its own rulebook, people in
//! it, a market, a shock, how people panic, and a list of defence sets. Each set becomes a policy; each
//! is played on the same paths, and once more on the same paths without the shock and without panic: what
//! binds there binds falsely. One table scores them all ([`Scored`]). The other kind replays hourly flows
//! of a real drain ([`flows`]) through the rules that limit what leaves.
//!
//! People, prices and panic are floats and assumptions, each a field of the file; whatever happens to
//! money happens in the engine, and a run is its commands.

mod business;
mod draws;
pub mod flows;
mod keepers;
mod people;
mod play;
mod run;
mod scenario;
mod score;
mod sets;
mod settings;
#[cfg(test)]
mod tests;

pub use flows::{FlowHours, FlowSettings};
pub use run::{DefendOptions, Defended, run};
pub use scenario::DefendScenario;
pub use score::{Measure, Point, RunScore, Scored};
pub use sets::{BandSettings, DefenceSettings, OutflowSettings, StressSettings};
pub use settings::{
    BookSettings, BusinessSettings, DefendSettings, MarketSettings, PanicSettings, PoolSettings,
    PredatorSettings, RunSettings, RunThreshold, ShockSettings,
};
