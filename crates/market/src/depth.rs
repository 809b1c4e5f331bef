//! What a sale of base for quote would fetch, whatever stands behind it.
//!
//! Every curve is the floor of an exact, non-decreasing and concave function of the quantity: more
//! sold never fetches less in total, and each further unit never fetches more than the one before.
//! Flooring takes less than one quote base unit from each cumulative figure.

use breakwater_money::rounding::{div_wide, mul_div_full, mul_div_wide, narrow_u128};
use breakwater_money::{MoneyError, Price, Rounding, U256};

/// Most decimals an asset or a price may have here: ten to the 38th still fits 128 bits.
pub const DECIMALS_MAX: u8 = 38;

/// Scales of a curve, each 0 to 38.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimals {
    /// Of the asset sold.
    pub base: u8,
    /// Of the asset received.
    pub quote: u8,
    /// Of the prices the curve states.
    pub price: u8,
}

/// A sale that the curve quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proceeds {
    /// Base units sold.
    pub sold: u128,
    /// Quote base units received, floored.
    pub out: u128,
    /// `out / sold` as a price, floored; of a sale of nothing, `marginal`.
    pub average: Price,
    /// Price of the next small unit after the sale, floored; at the end of the curve, where no
    /// next unit is quoted, that of the last one.
    pub marginal: Price,
}

/// Why a curve cannot be built or cannot quote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DepthError {
    /// More was asked than the curve knows a price for. Curves are never extrapolated.
    #[error("quantity is {asked}; beyond {last} there is no quote")]
    BeyondLastPoint {
        /// Base units asked for, those consumed before included.
        asked: u128,
        /// The most that is quoted.
        last: u128,
    },
    /// A list that needs at least one entry has none.
    #[error("{field} is empty; expected at least one entry")]
    Empty {
        /// The list.
        field: &'static str,
    },
    /// An entry of a list is not what it must be.
    #[error("{field} of entry {index} is {value}; expected {relation} {bound}")]
    Entry {
        /// The list's column.
        field: &'static str,
        /// Place in the list, counted from 0.
        index: usize,
        /// The value found.
        value: u128,
        /// How it should stand to `bound`.
        relation: &'static str,
        /// What it is measured against.
        bound: u128,
    },
    /// A parameter is not what it must be.
    #[error("{field} is {value}; expected {relation} {bound}")]
    Field {
        /// The parameter.
        field: &'static str,
        /// The value found.
        value: u128,
        /// How it should stand to `bound`.
        relation: &'static str,
        /// What it is measured against.
        bound: u128,
    },
    /// A figure does not fit its width. Nothing wraps.
    #[error("{what} does not fit 128 bits; expected smaller amounts, prices or decimals")]
    Overflow {
        /// The figure.
        what: &'static str,
    },
}

/// A curve of what selling base fetches in quote.
///
/// Quantities are base units, proceeds quote base units, both of the asset's own decimals.
pub trait Depth {
    /// Decimals of the asset sold.
    fn base_decimals(&self) -> u8;

    /// Decimals of the asset received.
    fn quote_decimals(&self) -> u8;

    /// Decimals of the prices that the curve states.
    fn price_decimals(&self) -> u8;

    /// Cumulative proceeds of selling `quantity` into fresh depth, floored once.
    ///
    /// # Errors
    /// [`DepthError::BeyondLastPoint`] above [`Depth::capacity`]; overflow.
    fn out(&self, quantity: u128) -> Result<u128, DepthError>;

    /// Price of the next small unit once `sold` is sold, floored; at the end of the curve, that
    /// of the last unit quoted. Exactly: the right derivative of the exact curve.
    ///
    /// # Errors
    /// [`DepthError::BeyondLastPoint`] above [`Depth::capacity`]; overflow.
    fn marginal(&self, sold: u128) -> Result<Price, DepthError>;

    /// Most base units that can be quoted.
    fn capacity(&self) -> u128;

    /// Largest quantity of which no part fetches less than `price`, which may have any scale up
    /// to 38 decimals (a finer one is comparable with nothing and sells nothing). Exactly: the
    /// largest at which the left derivative of the exact curve is at least `price`.
    fn sellable_above(&self, price: Price) -> u128;

    /// Selling `quantity` into fresh depth.
    ///
    /// # Errors
    /// As [`Depth::sell_after`].
    fn sell(&self, quantity: u128) -> Result<Proceeds, DepthError> {
        self.sell_after(0, quantity)
    }

    /// Selling `quantity` after `consumed` was eaten and has not recovered:
    /// `out(consumed + quantity) - out(consumed)`, so that a sale in parts fetches the same.
    ///
    /// # Errors
    /// [`DepthError::BeyondLastPoint`] if both together exceed [`Depth::capacity`]; overflow.
    fn sell_after(&self, consumed: u128, quantity: u128) -> Result<Proceeds, DepthError> {
        let total = consumed
            .checked_add(quantity)
            .ok_or(DepthError::BeyondLastPoint { asked: u128::MAX, last: self.capacity() })?;
        // A curve is non-decreasing, so the difference cannot be negative.
        let out = self.out(total)?.saturating_sub(self.out(consumed)?);
        let marginal = self.marginal(total)?;
        let average = match quantity {
            0 => marginal,
            sold => average_price(self, sold, out)?,
        };
        Ok(Proceeds { sold: quantity, out, average, marginal })
    }
}

/// What `quantity` base units are worth in quote base units at `price`, with the rounding named.
///
/// # Errors
/// Decimals above 38, or the value does not fit 128 bits.
pub fn quote_value(
    quantity: u128,
    price: Price,
    base_decimals: u8,
    quote_decimals: u8,
    rounding: Rounding,
) -> Result<u128, DepthError> {
    check_decimals(Decimals { base: base_decimals, quote: quote_decimals, price: price.decimals })?;
    let exponent = i32::from(quote_decimals) - i32::from(base_decimals) - i32::from(price.decimals);
    let shift = Shift::new(exponent);
    // One of the two factors is one, so at most one of the steps rounds or overflows.
    mul_div_wide(U256::from(quantity) * U256::from(price.raw), shift.up, shift.down, rounding)
        .and_then(narrow_u128)
        .map_err(overflow("value at a price"))
}

fn average_price<D: Depth + ?Sized>(depth: &D, sold: u128, out: u128) -> Result<Price, DepthError> {
    let decimals = depth.price_decimals();
    let exponent =
        i32::from(decimals) + i32::from(depth.base_decimals()) - i32::from(depth.quote_decimals());
    let raw = Shift::new(exponent)
        .floor(U256::from(out), U256::from(sold))
        .and_then(narrow_u128)
        .map_err(overflow("average price"))?;
    Ok(Price::new(raw, decimals))
}

/// A curve of which the first `consumed` units are gone.
#[derive(Clone, Copy)]
pub struct After<'a> {
    depth: &'a dyn Depth,
    consumed: u128,
}

impl<'a> After<'a> {
    /// What is left of `depth`; more than its capacity consumed leaves nothing.
    #[must_use]
    pub fn new(depth: &'a dyn Depth, consumed: u128) -> Self {
        After { depth, consumed: consumed.min(depth.capacity()) }
    }

    fn beyond(&self, asked: u128) -> DepthError {
        DepthError::BeyondLastPoint { asked, last: self.capacity() }
    }
}

impl Depth for After<'_> {
    fn base_decimals(&self) -> u8 {
        self.depth.base_decimals()
    }

    fn quote_decimals(&self) -> u8 {
        self.depth.quote_decimals()
    }

    fn price_decimals(&self) -> u8 {
        self.depth.price_decimals()
    }

    fn out(&self, quantity: u128) -> Result<u128, DepthError> {
        let total = self.consumed.checked_add(quantity).ok_or_else(|| self.beyond(quantity))?;
        let before = self.depth.out(self.consumed)?;
        Ok(self.depth.out(total)?.saturating_sub(before))
    }

    fn marginal(&self, sold: u128) -> Result<Price, DepthError> {
        let total = self.consumed.checked_add(sold).ok_or_else(|| self.beyond(sold))?;
        self.depth.marginal(total)
    }

    fn capacity(&self) -> u128 {
        self.depth.capacity() - self.consumed
    }

    fn sellable_above(&self, price: Price) -> u128 {
        self.depth.sellable_above(price).saturating_sub(self.consumed)
    }
}

/// Ten to a whole power from -76 to 76, as a factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shift {
    up: U256,
    down: U256,
}

impl Shift {
    pub(crate) fn new(exponent: i32) -> Self {
        // Three decimals of at most 38 each, one of them with the other sign, add up to at most 76
        // either way. Two halves of at most the 38th power fit 128 bits each and 256 together.
        let exponent_abs = exponent.unsigned_abs();
        let half = exponent_abs.min(DECIMALS_MAX.into());
        let power = U256::from(10u128.pow(half)) * U256::from(10u128.pow(exponent_abs - half));
        match exponent >= 0 {
            true => Shift { up: power, down: U256::ONE },
            false => Shift { up: U256::ONE, down: power },
        }
    }

    /// `floor(n / d * 10^exponent)`, exact whatever the intermediate width.
    pub(crate) fn floor(&self, n: U256, d: U256) -> Result<U256, MoneyError> {
        // Of nested floors of whole divisors the outer one alone decides, so dividing twice is
        // dividing once.
        let inner = mul_div_exact(n, self.up, d)?;
        if self.down == U256::ONE { Ok(inner) } else { div_wide(inner, self.down, Rounding::Floor) }
    }

    /// The factor's numerator; one for a negative exponent.
    pub(crate) fn up(&self) -> U256 {
        self.up
    }

    /// The factor's denominator; one for an exponent of zero or more.
    pub(crate) fn down(&self) -> U256 {
        self.down
    }
}

/// `floor(a * b / d)`, through 512 bits only where 256 do not hold the product.
pub(crate) fn mul_div_exact(a: U256, b: U256, d: U256) -> Result<U256, MoneyError> {
    match mul_div_wide(a, b, d, Rounding::Floor) {
        Err(MoneyError::Overflow) => mul_div_full(a, b, d, Rounding::Floor),
        other => other,
    }
}

pub(crate) fn overflow(what: &'static str) -> impl Fn(MoneyError) -> DepthError {
    move |_| DepthError::Overflow { what }
}

pub(crate) fn check_decimals(decimals: Decimals) -> Result<(), DepthError> {
    let fields = [
        ("base decimals", decimals.base),
        ("quote decimals", decimals.quote),
        ("price decimals", decimals.price),
    ];
    for (field, value) in fields {
        if value > DECIMALS_MAX {
            let (value, bound) = (value.into(), DECIMALS_MAX.into());
            return Err(DepthError::Field { field, value, relation: "at most", bound });
        }
    }
    Ok(())
}
