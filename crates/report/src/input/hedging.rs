//! Input of the charts of hedged books.

use serde::{Deserialize, Serialize};

use crate::decimal::Decimal;

/// How far a hedge misses, and what it costs, against the width of its band.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HedgeError {
    /// One or two sentences on what is seen.
    pub caption: String,
    /// Unit of errors and costs, such as `USD`.
    pub unit: String,
    /// Unit of the widths, such as `units of the underlying`.
    pub width_unit: String,
    /// Ascending in width.
    pub rows: Vec<HedgeErrorRow>,
    /// Error of a hedge at every step without costs, drawn as a guide; zero or more.
    pub exact: Option<f64>,
}

/// One width.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct HedgeErrorRow {
    /// Half of the band's width.
    pub half_width: f64,
    /// Deviation of the profit, zero or more.
    pub deviation: f64,
    /// Mean cost of trading, zero or more.
    pub cost: f64,
}

/// Profit of several hedges by its sources.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttributionBars {
    /// One or two sentences on what is seen.
    pub caption: String,
    /// Unit of the amounts.
    pub unit: String,
    /// Names of the sources, in order.
    pub sources: Vec<String>,
    /// One hedge each.
    pub hedges: Vec<AttributedHedge>,
}

/// One hedge's profit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttributedHedge {
    /// Its name.
    pub name: String,
    /// One amount a source, losses below zero.
    pub amounts: Vec<Decimal>,
    /// What they add up to, as its owner states it.
    pub total: Decimal,
}
