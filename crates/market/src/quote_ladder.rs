//! Depth from measured quotes, applied to the current mark.
//!
//! A quote says that selling an amount fetched some fraction of the mid price it was taken at. The
//! fractions are kept and the mid is replaced by the mark, so that one evening's measurement can
//! serve another price; what it cannot do is speak about amounts nobody asked for, so beyond the
//! last point there is no quote.

use crate::depth::{self, DECIMALS_MAX, Decimals, Depth, DepthError, Shift};
use breakwater_money::rounding::{div_wide, mul_div, narrow_u128};
use breakwater_money::{Price, Rounding, U256};
use serde::{Deserialize, Serialize};

/// One as a fraction of the mid.
pub const FRACTION_ONE: u64 = 1_000_000_000;

/// A measured quote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LadderPoint {
    /// Base units sold.
    pub amount: u128,
    /// Average price over the mid at the time, where one is 1e9.
    pub fraction: u64,
}

/// A corner of the hull: selling `amount` fetches `worth / 1e9` base units' worth at the mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Corner {
    amount: u128,
    worth: u128,
}

/// Measured quotes and the upper concave hull of what they fetch, from (0, 0).
///
/// Noise and poor routes make raw quotes dip: a larger amount may show a better average than a
/// smaller one. The hull of (amount, amount times fraction) is the least concave curve that pays
/// no less than any quote; amounts after which less is fetched in total than before count as
/// fetching what the best smaller amount did. It is built once and evaluated at any mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuoteLadder {
    base_decimals: u8,
    quote_decimals: u8,
    points: Vec<LadderPoint>,
    /// From (0, 0) to the last point, slopes strictly descending.
    hull: Vec<Corner>,
}

impl QuoteLadder {
    /// A ladder of `points` with amounts strictly ascending, amounts and fractions positive, and
    /// every product of the two within 128 bits.
    ///
    /// # Errors
    /// Names the point and what is wrong with it.
    pub fn new(
        points: &[LadderPoint],
        base_decimals: u8,
        quote_decimals: u8,
    ) -> Result<Self, DepthError> {
        depth::check_decimals(Decimals { base: base_decimals, quote: quote_decimals, price: 0 })?;
        if points.is_empty() {
            return Err(DepthError::Empty { field: "points" });
        }
        let mut hull = vec![Corner { amount: 0, worth: 0 }];
        let mut last = Corner { amount: 0, worth: 0 };
        for (index, point) in points.iter().enumerate() {
            last = next_corner(last, index, *point)?;
            extend_hull(&mut hull, last);
        }
        Ok(QuoteLadder { base_decimals, quote_decimals, points: points.to_vec(), hull })
    }

    /// The same fractions at amounts times `numer / denom`, floored: a market so much deeper or
    /// shallower.
    ///
    /// # Errors
    /// `denom` is zero, or the amounts become too large, zero or equal to each other.
    pub fn scaled(&self, numer: u128, denom: u128) -> Result<QuoteLadder, DepthError> {
        if denom == 0 {
            let (field, relation) = ("denom of the scale", "above");
            return Err(DepthError::Field { field, value: 0, relation, bound: 0 });
        }
        let mut points = self.points.clone();
        for point in &mut points {
            point.amount = mul_div(point.amount, numer, denom, Rounding::Floor)
                .map_err(depth::overflow("scaled amount"))?;
        }
        QuoteLadder::new(&points, self.base_decimals, self.quote_decimals)
    }

    /// The ladder at `mark`: a curve whose prices have the mark's decimals. Free of allocation.
    ///
    /// # Errors
    /// The mark has more than 38 decimals, or what the last point fetches does not fit 128 bits.
    pub fn at(&self, mark: Price) -> Result<QuoteLadderAt<'_>, DepthError> {
        let (base, quote, price) = (self.base_decimals, self.quote_decimals, mark.decimals);
        depth::check_decimals(Decimals { base, quote, price })?;
        let exponent = i32::from(quote) - i32::from(base) - i32::from(price);
        let at = QuoteLadderAt { ladder: self, mark, to_quote: Shift::new(exponent) };
        // Proceeds grow with the quantity and slopes fall with it: if the extremes fit, all do.
        at.out(at.capacity())?;
        at.marginal(0)?;
        Ok(at)
    }

    /// The quotes as measured (or scaled).
    #[must_use]
    pub fn points(&self) -> &[LadderPoint] {
        &self.points
    }

    /// Amounts of the quotes that lie on the hull, ascending.
    pub fn hull_amounts(&self) -> impl Iterator<Item = u128> + '_ {
        self.hull.iter().skip(1).map(|corner| corner.amount)
    }

    /// The last amount that is quoted.
    #[must_use]
    pub fn last_amount(&self) -> u128 {
        self.hull.last().map_or(0, |corner| corner.amount)
    }
}

fn next_corner(last: Corner, index: usize, point: LadderPoint) -> Result<Corner, DepthError> {
    let entry =
        |field, value, relation, bound| DepthError::Entry { field, index, value, relation, bound };
    let LadderPoint { amount, fraction } = point;
    if amount <= last.amount {
        return Err(entry("point amount", amount, "above the one before,", last.amount));
    }
    if fraction == 0 {
        return Err(entry("point fraction", 0, "above", 0));
    }
    // Corners within 128 bits keep the hull's cross products within 256.
    let worth = amount.checked_mul(u128::from(fraction)).ok_or(entry(
        "point amount times fraction",
        amount,
        "a product of at most",
        u128::MAX,
    ))?;
    Ok(Corner { amount, worth: worth.max(last.worth) })
}

/// Adds the next corner to the right and drops those it makes superfluous (the upper half of
/// Andrew's monotone chain, 1979), comparing slopes by exact cross products.
fn extend_hull(hull: &mut Vec<Corner>, new: Corner) {
    while let [.., a, b] = hull.as_slice() {
        let before = U256::from(b.worth - a.worth) * U256::from(new.amount - b.amount);
        let after = U256::from(new.worth - b.worth) * U256::from(b.amount - a.amount);
        if before > after {
            break;
        }
        hull.pop();
    }
    hull.push(new);
}

/// A [`QuoteLadder`] at one mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuoteLadderAt<'a> {
    ladder: &'a QuoteLadder,
    mark: Price,
    to_quote: Shift,
}

impl QuoteLadderAt<'_> {
    /// The side of the hull that the next unit after `quantity` lies on.
    fn side(&self, quantity: u128) -> Result<(Corner, Corner), DepthError> {
        let hull = &self.ladder.hull;
        let last = self.capacity();
        if quantity > last {
            return Err(DepthError::BeyondLastPoint { asked: quantity, last });
        }
        let after = hull.partition_point(|corner| corner.amount <= quantity);
        let right = after.min(hull.len() - 1);
        // A hull has at least the origin and one point, and the origin is never after `quantity`.
        match hull.get(right.saturating_sub(1)..=right) {
            Some([a, b]) => Ok((*a, *b)),
            _ => Err(DepthError::Empty { field: "points" }),
        }
    }

    /// Slope of a side as a price of `decimals`, floored; none if it does not fit 256 bits.
    fn slope(&self, a: Corner, b: Corner, to_scale: &Shift) -> Option<U256> {
        let rise = U256::from(b.worth - a.worth) * U256::from(self.mark.raw);
        let run = U256::from(b.amount - a.amount) * U256::from(FRACTION_ONE);
        to_scale.floor(rise, run).ok()
    }
}

impl Depth for QuoteLadderAt<'_> {
    fn base_decimals(&self) -> u8 {
        self.ladder.base_decimals
    }

    fn quote_decimals(&self) -> u8 {
        self.ladder.quote_decimals
    }

    fn price_decimals(&self) -> u8 {
        self.mark.decimals
    }

    fn out(&self, quantity: u128) -> Result<u128, DepthError> {
        let (a, b) = self.side(quantity)?;
        let run = U256::from(b.amount - a.amount);
        let rise = U256::from(b.worth - a.worth);
        // Worth times run: at most b.worth * run, a product of two 128-bit integers.
        let worth = U256::from(a.worth) * run + rise * U256::from(quantity - a.amount);
        let price = U256::from(self.mark.raw) * self.to_quote.up();
        let divisor = run * U256::from(FRACTION_ONE);
        depth::mul_div_exact(worth, price, divisor)
            .and_then(|scaled| div_wide(scaled, self.to_quote.down(), Rounding::Floor))
            .and_then(narrow_u128)
            .map_err(depth::overflow("proceeds"))
    }

    fn marginal(&self, sold: u128) -> Result<Price, DepthError> {
        let (a, b) = self.side(sold)?;
        let raw = self
            .slope(a, b, &Shift::new(0))
            .and_then(|slope| narrow_u128(slope).ok())
            .ok_or(DepthError::Overflow { what: "marginal price" })?;
        Ok(Price::new(raw, self.mark.decimals))
    }

    fn capacity(&self) -> u128 {
        self.ladder.last_amount()
    }

    fn sellable_above(&self, price: Price) -> u128 {
        if price.decimals > DECIMALS_MAX {
            return 0;
        }
        let to_scale = Shift::new(i32::from(price.decimals) - i32::from(self.mark.decimals));
        let asked = U256::from(price.raw);
        // Slopes descend, so the sides at or above the price come first; a floored slope is at
        // least an integer exactly when the slope is. A slope too large to hold is above.
        let hull = &self.ladder.hull;
        let (mut low, mut high) = (0, hull.len() - 1);
        while low < high {
            let middle = (low + high).div_ceil(2);
            let side = hull.get(middle - 1).zip(hull.get(middle));
            let above = side
                .and_then(|(a, b)| self.slope(*a, *b, &to_scale))
                .is_none_or(|slope| slope >= asked);
            if above { low = middle } else { high = middle - 1 }
        }
        hull.get(low).map_or(0, |corner| corner.amount)
    }
}
