//! Where the profit of a hedged book came from.
//!
//! Each step's profit is expanded around its start: what the first and second derivative, time and
//! volatility explain, what trading and funding cost, and what is left. All are integers of a billionth
//! of the unit (quote currency or coin), and what is left is the total less the others, so that the parts
//! are the total by construction and not up to a rounding.

use crate::ScenarioError;
use serde::Serialize;

/// Parts of a unit in which profit is counted.
pub const NANOS: f64 = 1e9;

/// Explained parts of one step as floats.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Terms {
    /// By the first derivative of book and hedge together.
    pub delta: f64,
    /// By the second.
    pub gamma: f64,
    /// By time.
    pub theta: f64,
    /// By volatility.
    pub vega: f64,
    /// Paid for trading, zero or more.
    pub costs: f64,
    /// Paid for funding; below zero where it was received.
    pub funding: f64,
}

/// Profit by its sources, billionths of the unit; gains above zero.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Attribution {
    /// Of the first derivative that the hedge left.
    pub delta: i128,
    /// Of the second.
    pub gamma: i128,
    /// Of time.
    pub theta: i128,
    /// Of volatility.
    pub vega: i128,
    /// Of trading: zero or less.
    pub costs: i128,
    /// Of funding.
    pub funding: i128,
    /// What the others do not explain.
    pub residual: i128,
}

impl Attribution {
    /// The parts of one step of which `total` was gained.
    ///
    /// # Errors
    /// A number that is none, or too large for its billionths.
    pub fn of(total: f64, terms: &Terms) -> Result<Attribution, ScenarioError> {
        let mut parts = Attribution {
            delta: nanos("delta", terms.delta)?,
            gamma: nanos("gamma", terms.gamma)?,
            theta: nanos("theta", terms.theta)?,
            vega: nanos("vega", terms.vega)?,
            costs: -nanos("costs", terms.costs)?,
            funding: -nanos("funding", terms.funding)?,
            residual: 0,
        };
        parts.residual = nanos("total", total)? - parts.total();
        Ok(parts)
    }

    /// Every part with its name, in the order in which they are told.
    #[must_use]
    pub fn parts(&self) -> [(&'static str, i128); 7] {
        [
            ("delta", self.delta),
            ("gamma", self.gamma),
            ("theta", self.theta),
            ("vega", self.vega),
            ("costs", self.costs),
            ("funding", self.funding),
            ("residual", self.residual),
        ]
    }

    /// The sum of the parts.
    #[must_use]
    pub fn total(&self) -> i128 {
        self.parts().iter().map(|(_, part)| part).sum()
    }

    /// Adds another step.
    pub fn add(&mut self, step: &Attribution) {
        self.delta += step.delta;
        self.gamma += step.gamma;
        self.theta += step.theta;
        self.vega += step.vega;
        self.costs += step.costs;
        self.funding += step.funding;
        self.residual += step.residual;
    }
}

/// Largest amount of units: a thousand of them stay within 127 bits.
const UNITS_MAX: f64 = 1e25;

/// Billionths of `units`, to the nearest.
pub(super) fn nanos(field: &'static str, units: f64) -> Result<i128, ScenarioError> {
    if !units.is_finite() || units.abs() > UNITS_MAX {
        return Err(ScenarioError::setting(
            field,
            format!("{units}: a number within 1e25 is right"),
        ));
    }
    Ok(libm::round(units * NANOS) as i128)
}
