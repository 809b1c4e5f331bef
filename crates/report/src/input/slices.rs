//! Input of the chart of an order worked in slices.

use serde::{Deserialize, Serialize};

/// The market's mid while an order is worked, and what its slices fetched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Slices {
    /// What is traded, such as `BTC/USDT`.
    pub pair: String,
    /// Unit of the prices.
    pub unit: String,
    /// Unit of the quantities.
    pub quantity_unit: String,
    /// The mid at each decision, ascending in time.
    pub mids: Vec<SliceMid>,
    /// The slices that filled something, ascending in time; may be empty.
    pub slices: Vec<SliceMark>,
}

/// The mid at a decision.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SliceMid {
    /// Seconds after the order arrived.
    pub at_seconds: f64,
    /// The mid.
    pub mid: f64,
}

/// What one slice fetched.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SliceMark {
    /// Seconds after the order arrived.
    pub at_seconds: f64,
    /// Average price.
    pub average: f64,
    /// Price of the worst level.
    pub worst: f64,
    /// Quantity filled: the area of the circle.
    pub quantity: f64,
}
