//! Impact from trades and the prices around them.

use super::regression::least_squares;
use super::{Estimate, check_many, check_samples};
use crate::ModelError;

/// Fewest trades or intervals.
pub const SAMPLES_LEAST: usize = 10;

/// Kyle's lambda: how far order flow moves the price.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KyleLambda {
    /// Quote per unit, per unit of net flow: permanent impact.
    pub lambda: Estimate,
    /// Quote per unit by which the price moves without flow.
    pub intercept: Estimate,
    /// Share of the moves' variance that flow explains.
    pub r_squared: f64,
}

/// Regresses changes of the mid price (quote per unit) on net flow (units bought less units sold)
/// over the same intervals: Kyle, "Continuous Auctions and Insider Trading" (1985).
///
/// # Errors
/// Fewer than 10 intervals; lists of different length; samples that are no numbers or all alike.
pub fn kyle_lambda(
    flows: &[f64],
    changes: &[f64],
    confidence: f64,
) -> Result<KyleLambda, ModelError> {
    if flows.len() != changes.len() {
        let (found, expected) = (changes.len(), flows.len());
        return Err(ModelError::Length { field: "changes", found, of: "flows", expected });
    }
    check_many("flows", flows.len(), SAMPLES_LEAST)?;
    check_samples("flows", flows.iter().copied(), false)?;
    check_samples("changes", changes.iter().copied(), false)?;
    let rows: Vec<_> =
        flows.iter().zip(changes).map(|(flow, change)| (1.0, *flow, *change)).collect();
    let fit = least_squares("lambda", &rows, confidence)?;
    Ok(KyleLambda { lambda: fit.second, intercept: fit.first, r_squared: fit.r_squared })
}

/// One trade with the mid price before it and at a set time after it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fill {
    /// Units, positive where bought, negative where sold; not 0.
    pub quantity: f64,
    /// Price paid or received, quote per unit.
    pub price: f64,
    /// Mid price just before.
    pub mid_before: f64,
    /// Mid price once the book has refilled.
    pub mid_after: f64,
}

/// What trades say about a market of linear impact.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TradeImpact {
    /// Quote per unit: what a small trade pays against the mid.
    pub half_spread: Estimate,
    /// Quote per unit, per unit of the trade: what it pays more for its size. Times the days a trade
    /// lasts it is `eta` of a [`crate::models::LinearMarket`].
    pub temporary: Estimate,
    /// Quote per unit, per unit of the trade: what of it is left afterwards, `gamma`.
    pub permanent: Estimate,
    /// Share of the variance of what was paid that both explain.
    pub temporary_r_squared: f64,
    /// Share of the variance of later moves that the trades explain.
    pub permanent_r_squared: f64,
}

/// Two regressions: what was paid against the mid before, on the side and the quantity; and the
/// later move of the mid, on a constant and the quantity.
///
/// # Errors
/// Fewer than 10 fills; a price that is not above 0; a quantity of 0; fills all alike.
pub fn impact_of_trades(fills: &[Fill], confidence: f64) -> Result<TradeImpact, ModelError> {
    check_many("fills", fills.len(), SAMPLES_LEAST)?;
    check_samples("price", fills.iter().map(|fill| fill.price), true)?;
    check_samples("mid_before", fills.iter().map(|fill| fill.mid_before), true)?;
    check_samples("mid_after", fills.iter().map(|fill| fill.mid_after), true)?;
    for (index, fill) in fills.iter().enumerate() {
        if !fill.quantity.is_finite() || fill.quantity == 0.0 {
            return Err(ModelError::entry(
                "quantity",
                index,
                fill.quantity,
                "a number other than 0",
            ));
        }
    }
    let side = |fill: &Fill| if fill.quantity > 0.0 { 1.0 } else { -1.0 };
    let paid: Vec<_> = fills
        .iter()
        .map(|fill| (side(fill), fill.quantity, fill.price - fill.mid_before))
        .collect();
    let moved: Vec<_> =
        fills.iter().map(|fill| (1.0, fill.quantity, fill.mid_after - fill.mid_before)).collect();
    let paid = least_squares("temporary impact", &paid, confidence)?;
    let moved = least_squares("permanent impact", &moved, confidence)?;
    Ok(TradeImpact {
        half_spread: paid.first,
        temporary: paid.second,
        permanent: moved.second,
        temporary_r_squared: paid.r_squared,
        permanent_r_squared: moved.r_squared,
    })
}
