//! Input of the charts of schedules.

use serde::{Deserialize, Serialize};

/// Expected cost against its deviation: what certainty costs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Frontier {
    /// Unit of both, such as `USD`.
    pub unit: String,
    /// The best schedules from the cheapest to the surest, as (deviation, expected cost), both zero
    /// or more but for a cost below zero; may be empty.
    pub points: Vec<(f64, f64)>,
    /// Schedules to mark.
    pub marks: Vec<FrontierMark>,
}

/// A schedule marked beside the frontier.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FrontierMark {
    /// Its name, as short as possible.
    pub name: String,
    /// Standard deviation of its cost, zero or more.
    pub deviation: f64,
    /// Its expected cost.
    pub expected: f64,
    /// Whether it is the one that the page is about.
    pub chosen: bool,
}

/// What is still held over time, under several schedules.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Holdings {
    /// Unit of what is held, such as `ETH`.
    pub unit: String,
    /// What the lines show, where they are not what schedules still hold.
    pub caption: Option<String>,
    /// The schedules; the first is the one that the page is about. At most six are drawn.
    pub lines: Vec<HoldingsLine>,
}

/// One schedule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HoldingsLine {
    /// Its name, as short as possible.
    pub name: String,
    /// Hours after the start, ascending, and what is held from then on, zero or more.
    pub points: Vec<(f64, f64)>,
}
