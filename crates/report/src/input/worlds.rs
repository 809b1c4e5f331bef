//! Input of the charts of many paths.

use serde::{Deserialize, Serialize};

/// Quantiles of a price over time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fan {
    /// Unit of the price, such as `of the first price`.
    pub unit: String,
    /// Hours after the start, ascending.
    pub hours: Vec<f64>,
    /// Bands from the widest to the narrowest.
    pub bands: Vec<FanBand>,
    /// The median, one a moment.
    pub median: Vec<f64>,
}

/// One band of a fan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FanBand {
    /// What lies within, such as `90 % of paths`.
    pub name: String,
    /// Its lower edge, one a moment.
    pub low: Vec<f64>,
    /// Its upper edge.
    pub high: Vec<f64>,
}

/// Values over two axes, as shades.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HeatMap {
    /// Name of the horizontal axis.
    pub x_name: String,
    /// Name of the vertical axis.
    pub y_name: String,
    /// What the shade is, with its unit.
    pub value_name: String,
    /// Edges of the columns, ascending, one more than there are.
    pub x_edges: Vec<f64>,
    /// Edges of the rows, ascending, one more than there are.
    pub y_edges: Vec<f64>,
    /// Values zero or more, a row each from the lowest.
    pub rows: Vec<Vec<f64>>,
}

/// Choices by two aims, both to be small, and those that nothing beats.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Front {
    /// Name and unit of the horizontal aim.
    pub x_name: String,
    /// Name and unit of the vertical aim.
    pub y_name: String,
    /// The choices.
    pub points: Vec<FrontPoint>,
}

/// One choice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FrontPoint {
    /// Its name, as short as possible.
    pub name: String,
    /// The horizontal aim, zero or more.
    pub x: f64,
    /// The vertical aim, zero or more.
    pub y: f64,
    /// Whether nothing beats it.
    pub on_front: bool,
    /// Whether it is what the page is about.
    pub chosen: bool,
}
