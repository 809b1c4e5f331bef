//! Input of the charts of auctions.

use serde::{Deserialize, Serialize};

/// The market's price over simulated time, and the lots opened along it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LotPath {
    /// The market, such as `ETH/USD`.
    pub pair: String,
    /// Unit of the prices, such as `USD`.
    pub unit: String,
    /// Hours and price, ascending in time. A price holds until the next point.
    pub points: Vec<(f64, f64)>,
    /// Moments at which lots were opened, in any order.
    pub lots: Vec<LotMark>,
}

/// Lots opened at one moment of a price path.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LotMark {
    /// Simulated hours since the start.
    pub at_hours: f64,
    /// Market's price at that moment, in the unit of the path.
    pub price: f64,
    /// Their value, in USD, zero or more: the area of the circle.
    pub value_usd: f64,
    /// Value of those that were won for next to nothing, at most the former: the area of a circle on it.
    pub at_zero_usd: f64,
    /// What is shown when the reader points at the circle.
    pub hint: String,
}

/// One lot's auction: bids, the price asked, and the market.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LotBids {
    /// One or two sentences on what is seen.
    pub caption: String,
    /// Unit of the prices, such as `USD for 1 ETH`.
    pub unit: String,
    /// Minutes since the opening and price of the market, ascending in time.
    pub market: Vec<(f64, f64)>,
    /// The same of the price asked, where the format asks one; may be empty.
    pub asked: Vec<(f64, f64)>,
    /// Bids, ascending in time.
    pub bids: Vec<BidMark>,
}

/// One bid.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BidMark {
    /// Minutes since the opening.
    pub at_minutes: f64,
    /// Price of a unit, in the unit of the chart.
    pub price: f64,
    /// Who.
    pub bidder: String,
    /// Whether it has bought.
    pub won: bool,
}

/// What lots fetched against what they were worth at the market's price.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Proceeds {
    /// One point a lot.
    pub points: Vec<ProceedsPoint>,
}

/// One lot.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ProceedsPoint {
    /// Its number.
    pub lot: u64,
    /// Value of what was sold, in USD, zero or more.
    pub value_usd: f64,
    /// What it fetched, in USD, zero or more.
    pub paid_usd: f64,
}
