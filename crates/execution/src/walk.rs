//! Selling into one curve, never beyond a worst price.

use crate::{ExecutionError, lots};
use breakwater_market::{Depth, quote_value};
use breakwater_money::{Price, Rounding};
use serde::{Deserialize, Serialize};

/// The worst price a sale accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Limit {
    /// Any price.
    None,
    /// No part of the sale fetches less.
    Marginal(Price),
    /// The sale as a whole fetches at least its value at this price, floored to a quote base unit.
    Average(Price),
}

/// Why a walk ended where it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum StoppedBy {
    /// All was sold.
    Quantity,
    /// All whole lots were sold; what is left is less than one.
    Lot,
    /// The curve quotes no further lot.
    Depth,
    /// One lot more would break the limit.
    Price,
}

/// What a sale fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Walk {
    /// Base units sold, whole lots.
    pub sold: u128,
    /// Quote base units received.
    pub out: u128,
    /// Base units left over.
    pub unsold: u128,
    /// `out / sold`, floored; of a sale of nothing, `marginal`.
    pub average: Price,
    /// Price of the next small unit, floored.
    pub marginal: Price,
    /// Why no more was sold.
    pub stopped_by: StoppedBy,
}

/// Sells at most `quantity` base units in whole lots of `lot` into what `consumed` has left of
/// `depth`, as many as `limit` allows. Never sells more than asked for.
///
/// # Errors
/// The lot is zero, a price of the limit has more than 38 decimals, or overflow.
pub fn walk(
    depth: &dyn Depth,
    consumed: u128,
    quantity: u128,
    limit: Limit,
    lot: u128,
) -> Result<Walk, ExecutionError> {
    let wanted = lots(quantity, lot)?;
    let consumed = consumed.min(depth.capacity());
    let reachable = wanted.min(lots(depth.capacity() - consumed, lot)?);
    let allowed = match limit {
        Limit::None => reachable,
        Limit::Marginal(worst) => {
            quote_value(0, worst, depth.base_decimals(), depth.quote_decimals(), Rounding::Floor)?;
            reachable.min(lots(depth.sellable_above(worst).saturating_sub(consumed), lot)?)
        }
        Limit::Average(worst) => lots_averaging(depth, consumed, worst, reachable, lot)?,
    };
    // At most `quantity`, since `allowed` is at most the whole lots in it.
    let sold = allowed * lot;
    let sale = depth.sell_after(consumed, sold)?;
    let stopped_by = match sold {
        _ if sold == quantity => StoppedBy::Quantity,
        _ if allowed == wanted => StoppedBy::Lot,
        _ if allowed == reachable => StoppedBy::Depth,
        _ => StoppedBy::Price,
    };
    Ok(Walk {
        sold,
        out: sale.out,
        unsold: quantity - sold,
        average: sale.average,
        marginal: sale.marginal,
        stopped_by,
    })
}

/// Most lots, up to `most`, that together fetch their floored value at `worst`.
///
/// Proceeds are concave in the quantity, so the exact average falls with it and there is one
/// quantity up to which it is good enough. Flooring the value as the proceeds are floored keeps
/// the test true at every quantity up to that one, whatever both floors take; beyond it, they can
/// make up for less than one quote base unit.
fn lots_averaging(
    depth: &dyn Depth,
    consumed: u128,
    worst: Price,
    most: u128,
    lot: u128,
) -> Result<u128, ExecutionError> {
    let (base, quote) = (depth.base_decimals(), depth.quote_decimals());
    // Only a wrong scale fails for a quantity of zero.
    quote_value(0, worst, base, quote, Rounding::Floor)?;
    let before = depth.out(consumed)?;
    let (mut low, mut high) = (0, most);
    while low < high {
        // The upper middle, so that the interval always shrinks; a shift halves and floors.
        let middle = high - ((high - low) >> 1);
        let out = depth.out(consumed + middle * lot)?.saturating_sub(before);
        // A value that does not fit is more than any proceeds.
        let enough = quote_value(middle * lot, worst, base, quote, Rounding::Floor)
            .is_ok_and(|value| out >= value);
        if enough { low = middle } else { high = middle - 1 }
    }
    Ok(low)
}
