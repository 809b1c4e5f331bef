//! What a sale is worth to somebody who pays a fixed price per unit and sells on.

use crate::ExecutionError;
use breakwater_market::{Depth, quote_value};
use breakwater_money::{Price, Rounding};
use serde::{Deserialize, Serialize};

/// The best a buyer can make of an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profitable {
    /// Base units to buy and sell on.
    pub quantity: u128,
    /// Quote base units kept: proceeds less cost, more than zero.
    pub profit: u128,
}

/// The quantity, up to `max_quantity`, that maximises proceeds less `quantity * cost_per_unit`
/// (rounded up) less `fixed_cost` (quote base units), or none if no quantity makes a profit.
///
/// `cost_per_unit` is what a unit of base costs the buyer: a mark over one plus the incentive.
/// Proceeds are concave, so the best quantity is the largest whose last part still fetches the
/// cost; units that fetch exactly the cost are taken along. Where flooring takes something, the
/// profit is within two quote base units of the best.
///
/// # Errors
/// The cost has more than 38 decimals, or overflow.
pub fn most_profitable(
    depth: &dyn Depth,
    consumed: u128,
    max_quantity: u128,
    cost_per_unit: Price,
    fixed_cost: u128,
) -> Result<Option<Profitable>, ExecutionError> {
    let offer = Offer::new(depth, consumed, max_quantity, cost_per_unit, fixed_cost)?;
    let last = depth.sellable_above(cost_per_unit).saturating_sub(offer.consumed).min(offer.most);
    // On a smooth curve the cost is met inside a unit, whose larger part may still be worth it.
    let mut best = None;
    for quantity in [last, last.saturating_add(1).min(offer.most)] {
        if let Some(profit) = offer.profit(quantity)? {
            let candidate = Profitable { quantity, profit };
            best = best.filter(|b: &Profitable| b.profit > profit).or(Some(candidate));
        }
    }
    Ok(best.filter(|b| b.profit > 0))
}

/// The largest quantity, up to `max_quantity`, that is not sold at a loss, or none if no quantity
/// makes a profit. Arguments as [`most_profitable`]; one unit more would lose, unless it is the
/// most that may be had.
///
/// # Errors
/// As [`most_profitable`].
pub fn break_even(
    depth: &dyn Depth,
    consumed: u128,
    max_quantity: u128,
    cost_per_unit: Price,
    fixed_cost: u128,
) -> Result<Option<u128>, ExecutionError> {
    let best = most_profitable(depth, consumed, max_quantity, cost_per_unit, fixed_cost)?;
    let Some(best) = best else {
        return Ok(None);
    };
    let offer = Offer::new(depth, consumed, max_quantity, cost_per_unit, fixed_cost)?;
    // Past the best quantity the profit only falls.
    let (mut low, mut high) = (best.quantity, offer.most);
    while low < high {
        let middle = high - ((high - low) >> 1);
        if offer.profit(middle)?.is_some() { low = middle } else { high = middle - 1 }
    }
    Ok(Some(low))
}

struct Offer<'a> {
    depth: &'a dyn Depth,
    consumed: u128,
    /// Proceeds of what is consumed already.
    before: u128,
    most: u128,
    cost_per_unit: Price,
    fixed_cost: u128,
}

impl<'a> Offer<'a> {
    fn new(
        depth: &'a dyn Depth,
        consumed: u128,
        max_quantity: u128,
        cost_per_unit: Price,
        fixed_cost: u128,
    ) -> Result<Self, ExecutionError> {
        let consumed = consumed.min(depth.capacity());
        let most = max_quantity.min(depth.capacity() - consumed);
        let before = depth.out(consumed)?;
        let offer = Offer { depth, consumed, before, most, cost_per_unit, fixed_cost };
        // Only a wrong scale fails for a quantity of zero.
        offer.cost(0)?;
        Ok(offer)
    }

    fn cost(&self, quantity: u128) -> Result<u128, ExecutionError> {
        let (base, quote) = (self.depth.base_decimals(), self.depth.quote_decimals());
        Ok(quote_value(quantity, self.cost_per_unit, base, quote, Rounding::Ceil)?)
    }

    /// Proceeds less all cost; none for a loss. A cost that does not fit is a loss.
    fn profit(&self, quantity: u128) -> Result<Option<u128>, ExecutionError> {
        let out = self.depth.out(self.consumed + quantity)?.saturating_sub(self.before);
        let cost = self.cost(quantity).ok().and_then(|cost| cost.checked_add(self.fixed_cost));
        Ok(cost.and_then(|cost| out.checked_sub(cost)))
    }
}
