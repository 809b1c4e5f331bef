//! A book of options and the market it is hedged in.

use crate::ScenarioError;
use breakwater_options::Kind;
use breakwater_options::hedging::{Instrument, Neutral};
use serde::{Deserialize, Serialize};

/// What options settle in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Settlement {
    /// The quote currency.
    Linear,
    /// The underlying coin.
    Inverse,
}

/// A position in one option.
#[derive(Debug, Clone, PartialEq)]
pub struct Position {
    /// How its owner calls it.
    pub instrument: String,
    /// Call or put.
    pub kind: Kind,
    /// Strike, quote units.
    pub strike: f64,
    /// When it expires, seconds of Unix time in the clock of the market.
    pub expiry_seconds: i64,
    /// Units of underlying; below zero for an option that was sold.
    pub quantity: f64,
    /// Volatility a year; a recorded chain brings its own.
    pub volatility: Option<f64>,
}

/// How a book is hedged, whatever the prices.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Market {
    /// What the options settle in.
    pub settlement: Settlement,
    /// What the book is neutral in.
    pub neutral: Neutral,
    /// What is traded.
    pub instrument: Instrument,
    /// Cost of a trade as a share of its value.
    pub cost_one_way: f64,
    /// Funding of eight hours as a share of the value held; longs pay where it is above zero.
    pub funding_8h: f64,
    /// Cash of the account: coins of an inverse book, which move against the quote currency.
    pub cash: f64,
}

/// Positions in their market.
#[derive(Debug, Clone, PartialEq)]
pub struct Book {
    /// At least one.
    pub positions: Vec<Position>,
    /// Their market.
    pub market: Market,
}

/// Most positions of a book.
pub const POSITIONS_MAX: usize = 100_000;

impl Market {
    /// Refuses a market that is none.
    ///
    /// # Errors
    /// The setting, its value and what would be right.
    pub fn check(&self) -> Result<(), ScenarioError> {
        let wrong = |field: &str, found: f64, right: &str| {
            Err(ScenarioError::setting(field, format!("{found}: {right} is right")))
        };
        self.instrument.check(self.neutral).map_err(|error| super::refused("instrument", error))?;
        if !(0.0..1.0).contains(&self.cost_one_way) {
            return wrong("cost_bps", self.cost_one_way * 1e4, "a cost from 0 to below 10000");
        }
        if self.funding_8h.is_nan() || self.funding_8h.abs() > 1.0 {
            return wrong("funding_bps", self.funding_8h * 1e4, "a rate within 10000");
        }
        if self.cash.is_nan() || self.cash.abs() > 1e15 {
            return wrong("cash", self.cash, "an amount within 1e15");
        }
        if self.settlement == Settlement::Linear && self.neutral == Neutral::Coin {
            let reason = "coin: quote is right for a linear book";
            return Err(ScenarioError::setting("neutral", reason));
        }
        Ok(())
    }

    /// The unit that profit is counted in.
    #[must_use]
    pub fn unit(&self) -> &'static str {
        if self.neutral == Neutral::Coin { "coin" } else { "quote" }
    }
}

impl Book {
    /// Refuses a book that is none.
    ///
    /// # Errors
    /// The position's field, its value and what would be right.
    pub fn check(&self) -> Result<(), ScenarioError> {
        self.market.check()?;
        if self.positions.is_empty() || self.positions.len() > POSITIONS_MAX {
            let found = self.positions.len();
            let reason = format!("{found} positions; 1 to {POSITIONS_MAX} are right");
            return Err(ScenarioError::setting("positions", reason));
        }
        for position in &self.positions {
            let wrong = |field: &str, found: f64, right: &str| {
                let reason = format!("{found}: {right} is right");
                Err(ScenarioError::setting(format!("{}.{field}", position.instrument), reason))
            };
            if !(1e-12..=1e12).contains(&position.strike) {
                return wrong("strike", position.strike, "a price from 1e-12 to 1e12");
            }
            let quantity = position.quantity;
            if quantity == 0.0 || quantity.is_nan() || quantity.abs() > 1e12 {
                return wrong("quantity", quantity, "a number but zero, within 1e12,");
            }
            if let Some(found) = position.volatility
                && !(1e-6..=100.0).contains(&found)
            {
                return wrong("volatility", found, "a volatility above zero, 1 for 100 %,");
            }
        }
        Ok(())
    }

    /// Sum of the sizes of the positions, units of underlying.
    #[must_use]
    pub fn gross(&self) -> f64 {
        self.positions.iter().map(|position| position.quantity.abs()).sum()
    }
}
