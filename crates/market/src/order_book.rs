//! Depth as a ladder of bids.

use crate::depth::{self, Decimals, Depth, DepthError, Shift};
use breakwater_money::rounding::{narrow_u128, pow10};
use breakwater_money::{Price, U256};
use serde::{Deserialize, Serialize};

/// A bid: somebody buys `quantity` at `price`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Level {
    /// Raw, at the book's price decimals.
    pub price: u128,
    /// Base units wanted.
    pub quantity: u128,
}

/// One step of the cumulative curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Step {
    price: u128,
    /// Base units up to the end of this level.
    quantity: u128,
    /// Sum of quantity times raw price up to the end of this level.
    value: U256,
}

/// The bids of a book, best first, as a curve that is exact at every unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderBook {
    decimals: Decimals,
    steps: Vec<Step>,
    /// From sums of quantity times raw price to quote base units.
    to_quote: Shift,
}

impl OrderBook {
    /// A book of `bids`, best first: prices strictly descending, prices and quantities positive.
    ///
    /// # Errors
    /// Names the entry that breaks the order, is zero, or makes the sums too large.
    pub fn new(bids: &[Level], decimals: Decimals) -> Result<Self, DepthError> {
        depth::check_decimals(decimals)?;
        let mut steps: Vec<Step> = Vec::with_capacity(bids.len());
        for (index, bid) in bids.iter().enumerate() {
            let step = next_step(steps.last(), index, *bid)?;
            steps.push(step);
        }
        let Some(last) = steps.last() else {
            return Err(DepthError::Empty { field: "bids" });
        };
        let exponent =
            i32::from(decimals.quote) - i32::from(decimals.base) - i32::from(decimals.price);
        let to_quote = Shift::new(exponent);
        // Proceeds grow with the quantity, so if those of the whole book fit, all do.
        to_quote
            .floor(last.value, U256::ONE)
            .and_then(narrow_u128)
            .map_err(depth::overflow("proceeds of the whole book"))?;
        Ok(OrderBook { decimals, steps, to_quote })
    }

    /// Number of levels.
    #[must_use]
    pub fn levels(&self) -> usize {
        self.steps.len()
    }

    /// The last step wholly sold when `quantity` is, and the level the next unit meets.
    fn locate(&self, quantity: u128) -> Result<(Option<&Step>, &Step), DepthError> {
        let last = self.capacity();
        let beyond = DepthError::BeyondLastPoint { asked: quantity, last };
        if quantity > last {
            return Err(beyond);
        }
        let done = self.steps.partition_point(|step| step.quantity <= quantity);
        let before = done.checked_sub(1).and_then(|i| self.steps.get(i));
        let current = self.steps.get(done).or(before).ok_or(beyond)?;
        Ok((before, current))
    }
}

fn next_step(last: Option<&Step>, index: usize, bid: Level) -> Result<Step, DepthError> {
    let entry =
        |field, value, relation, bound| DepthError::Entry { field, index, value, relation, bound };
    if bid.price == 0 {
        return Err(entry("bid price", 0, "above", 0));
    }
    if bid.quantity == 0 {
        return Err(entry("bid quantity", 0, "above", 0));
    }
    let (quantity, value) = match last {
        None => (0, U256::ZERO),
        Some(last) if bid.price >= last.price => {
            return Err(entry("bid price", bid.price, "below the one before,", last.price));
        }
        Some(last) => (last.quantity, last.value),
    };
    let room = u128::MAX - quantity;
    let total = quantity.checked_add(bid.quantity).ok_or(entry(
        "bid quantity",
        bid.quantity,
        "at most",
        room,
    ))?;
    let value = value
        .checked_add(U256::from(bid.quantity) * U256::from(bid.price))
        .ok_or(DepthError::Overflow { what: "proceeds of the whole book" })?;
    Ok(Step { price: bid.price, quantity: total, value })
}

impl Depth for OrderBook {
    fn base_decimals(&self) -> u8 {
        self.decimals.base
    }

    fn quote_decimals(&self) -> u8 {
        self.decimals.quote
    }

    fn price_decimals(&self) -> u8 {
        self.decimals.price
    }

    fn out(&self, quantity: u128) -> Result<u128, DepthError> {
        let (before, current) = self.locate(quantity)?;
        let (sold, value) = before.map_or((0, U256::ZERO), |step| (step.quantity, step.value));
        // The sum stays at most that of the whole book, which fits.
        let value = value + U256::from(quantity - sold) * U256::from(current.price);
        self.to_quote
            .floor(value, U256::ONE)
            .and_then(narrow_u128)
            .map_err(depth::overflow("proceeds"))
    }

    fn marginal(&self, sold: u128) -> Result<Price, DepthError> {
        let (_, current) = self.locate(sold)?;
        Ok(Price::new(current.price, self.decimals.price))
    }

    fn capacity(&self) -> u128 {
        self.steps.last().map_or(0, |step| step.quantity)
    }

    fn sellable_above(&self, price: Price) -> u128 {
        // Prices of two scales compare by cross-multiplication: 128 bits times 10^38 fits 256.
        let (Ok(asked_unit), Ok(own_unit)) = (pow10(price.decimals), pow10(self.decimals.price))
        else {
            return 0;
        };
        let asked = U256::from(price.raw) * U256::from(own_unit);
        let unit = U256::from(asked_unit);
        let taken = self.steps.partition_point(|step| U256::from(step.price) * unit >= asked);
        taken.checked_sub(1).and_then(|i| self.steps.get(i)).map_or(0, |step| step.quantity)
    }
}
