//! Depth by bands: how much is bid and asked within so many per cent of a reference, cumulative.
//!
//! Archives publish books this way: a quantity and its value within 1 %, 2 %, ... of a reference on
//! each side. Cumulative pairs of quantity and value are points of the cost curve whatever the
//! bands' widths are, so the curve goes through each of them exactly and takes what lies between two
//! at the average price of that slice: a small sale pays what the whole nearest slice pays on
//! average, which overstates what it costs and never understates it. A slice never pays better than a nearer one, so bids are
//! concave and asks are convex. As measured quotes do, a side serves another mark by keeping its
//! prices as fractions of its reference.

use crate::band_guard::BandRefusal;
use crate::depth::{self, DECIMALS_MAX, Decimals, Depth, DepthError, Shift};
use breakwater_money::rounding::{div, div_wide, mul_div_full, narrow_u128, pow10};
use breakwater_money::{Price, Rounding, U256};
use serde::{Deserialize, Serialize};

/// One side of a book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum BookSide {
    /// Those who buy.
    Bids,
    /// Those who sell.
    Asks,
}

impl BookSide {
    /// The other one.
    #[must_use]
    pub const fn other(self) -> BookSide {
        match self {
            BookSide::Bids => BookSide::Asks,
            BookSide::Asks => BookSide::Bids,
        }
    }
}

impl std::fmt::Display for BookSide {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            BookSide::Bids => "bids",
            BookSide::Asks => "asks",
        })
    }
}

/// What stands within `width_bps` of the reference, nearer bands included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Band {
    /// Distance of the band's far edge from the reference, in basis points of it.
    pub width_bps: u32,
    /// Base units.
    pub quantity: u128,
    /// What they are worth at their own prices, in quote base units.
    pub value: u128,
}

/// A point of the curve: so much for so much. Worth is quantity times raw price, summed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Corner {
    quantity: u128,
    worth: u128,
}

/// One side of a book as a curve through its bands, around the reference it was measured at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BandSide {
    side: BookSide,
    decimals: Decimals,
    reference: u128,
    /// From (0, 0); quantities strictly ascending; slopes descending for bids, ascending for asks.
    corners: Vec<Corner>,
}

impl BandSide {
    /// The curve of `bands`, nearest first, around `reference` (raw, at the price decimals). Only
    /// the shape is judged here; whether the prices can be believed, [`crate::BandGuard`] judges.
    /// A band that adds nothing to the one before is accepted: nobody stands between their edges.
    ///
    /// # Errors
    /// The first band whose figures no book can have.
    pub fn new(
        side: BookSide,
        bands: &[Band],
        reference: u128,
        decimals: Decimals,
    ) -> Result<BandSide, BandRefusal> {
        if reference == 0 {
            return Err(BandRefusal::NoReference);
        }
        if bands.is_empty() {
            return Err(BandRefusal::Empty);
        }
        let to_worth = worth_unit(decimals)?;
        let mut corners = vec![Corner { quantity: 0, worth: 0 }];
        let mut width_before = 0;
        for band in bands {
            if band.width_bps <= width_before {
                let (width_bps, before_bps) = (band.width_bps, width_before);
                return Err(BandRefusal::NotAscending { width_bps, before_bps });
            }
            width_before = band.width_bps;
            extend(side, &mut corners, band, to_worth)?;
        }
        Ok(BandSide { side, decimals, reference, corners })
    }

    /// The same depth on the other side: every slice as far from the reference, in price, as it is
    /// here. For a side that was refused; whoever uses it says so.
    ///
    /// # Errors
    /// A slice of asks at twice the reference or more has no positive price below it.
    pub fn mirrored(&self) -> Result<BandSide, DepthError> {
        let twice = self
            .reference
            .checked_mul(2)
            .ok_or(DepthError::Overflow { what: "twice reference" })?;
        let mut corners = vec![Corner { quantity: 0, worth: 0 }];
        let mut worth = 0u128;
        for (index, (a, b)) in self.corners.iter().zip(self.corners.iter().skip(1)).enumerate() {
            let (run, rise) = (b.quantity - a.quantity, b.worth - a.worth);
            let whole = twice
                .checked_mul(run)
                .ok_or(DepthError::Overflow { what: "value of a mirrored slice" })?;
            let Some(image) = whole.checked_sub(rise).filter(|image| *image > 0) else {
                let (field, relation) =
                    ("average price of the slice", "below twice the reference,");
                let value = div(rise, run, Rounding::Floor).unwrap_or(u128::MAX);
                return Err(DepthError::Entry { field, index, value, relation, bound: twice });
            };
            worth = worth
                .checked_add(image)
                .ok_or(DepthError::Overflow { what: "value of the mirrored side" })?;
            corners.push(Corner { quantity: b.quantity, worth });
        }
        let (decimals, reference) = (self.decimals, self.reference);
        Ok(BandSide { side: self.side.other(), decimals, reference, corners })
    }

    /// Which side it is.
    #[must_use]
    pub fn side(&self) -> BookSide {
        self.side
    }

    /// The price it was measured around.
    #[must_use]
    pub fn reference(&self) -> Price {
        Price::new(self.reference, self.decimals.price)
    }

    /// Cumulative quantities at which the price changes, ascending.
    pub fn quantities(&self) -> impl Iterator<Item = u128> + '_ {
        self.corners.iter().skip(1).map(|corner| corner.quantity)
    }

    /// Base units of all bands together.
    #[must_use]
    pub fn capacity(&self) -> u128 {
        self.corners.last().map_or(0, |corner| corner.quantity)
    }

    /// The sides of the slice that the next unit after `quantity` comes from; at the end the last.
    fn slice(&self, quantity: u128) -> Result<(Corner, Corner), DepthError> {
        let last = self.capacity();
        if quantity > last {
            return Err(DepthError::BeyondLastPoint { asked: quantity, last });
        }
        let after = self.corners.partition_point(|corner| corner.quantity <= quantity);
        let right = after.min(self.corners.len().saturating_sub(1));
        match self.corners.get(right.saturating_sub(1)..=right) {
            Some([a, b]) => Ok((*a, *b)),
            _ => Err(DepthError::Empty { field: "bands" }),
        }
    }

    fn at(&self, mark: Price) -> Result<At<'_>, DepthError> {
        let (value, bound) = (mark.decimals.into(), self.decimals.price.into());
        if value != bound {
            let (field, relation) = ("decimals of the mark", "as the reference,");
            return Err(DepthError::Field { field, value, relation, bound });
        }
        let unit = worth_unit(self.decimals).map_err(|_| DepthError::Overflow { what: "unit" })?;
        let at = At { side: self, mark: mark.raw, unit };
        // Value grows with the quantity, and no slice is dearer than the dearest end.
        at.value(self.capacity(), Rounding::Ceil)?;
        at.price(0, Rounding::Ceil)?;
        at.price(self.capacity(), Rounding::Ceil)?;
        Ok(at)
    }
}

/// Worth (quantity times raw price) in one quote base unit. At least one, so that values of bands
/// become worth without rounding.
fn worth_unit(decimals: Decimals) -> Result<u128, BandRefusal> {
    let finer = u32::from(decimals.base) + u32::from(decimals.price);
    finer
        .checked_sub(decimals.quote.into())
        .and_then(|exponent| pow10(u8::try_from(exponent).ok()?).ok())
        .ok_or(BandRefusal::Scale(decimals))
}

fn extend(
    side: BookSide,
    corners: &mut Vec<Corner>,
    band: &Band,
    unit: u128,
) -> Result<(), BandRefusal> {
    let Band { width_bps, quantity, value } = *band;
    if quantity == 0 || value == 0 {
        return Err(BandRefusal::NotPositive { width_bps, quantity, value });
    }
    let worth = value.checked_mul(unit).ok_or(BandRefusal::TooLarge { width_bps })?;
    let [.., last] = corners.as_slice() else { return Err(BandRefusal::Empty) };
    let last = *last;
    let not_cumulative = BandRefusal::NotCumulative { width_bps, quantity, value };
    if quantity < last.quantity || worth < last.worth {
        return Err(not_cumulative);
    }
    let (more, paid) = (quantity - last.quantity, worth - last.worth);
    match (more, paid) {
        (0, 0) => return Ok(()),
        (0, _) | (_, 0) => return Err(not_cumulative),
        _ => {}
    }
    if let [.., before, _] = corners.as_slice() {
        // Slopes compare by cross products, exactly: 128 bits by 128 bits.
        let near = U256::from(last.worth - before.worth) * U256::from(more);
        let far = U256::from(paid) * U256::from(last.quantity - before.quantity);
        let better = match side {
            BookSide::Bids => far > near,
            BookSide::Asks => far < near,
        };
        if better {
            return Err(BandRefusal::BetterThanNearer { width_bps });
        }
    }
    corners.push(Corner { quantity, worth });
    Ok(())
}

/// A side at a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct At<'a> {
    side: &'a BandSide,
    mark: u128,
    unit: u128,
}

impl At<'_> {
    /// Value of the first `quantity` units in quote base units.
    fn value(&self, quantity: u128, rounding: Rounding) -> Result<u128, DepthError> {
        let (a, b) = self.side.slice(quantity)?;
        let run = U256::from(b.quantity - a.quantity);
        // At most b.worth * run, a product of two 128-bit integers.
        let worth = U256::from(a.worth) * run
            + U256::from(b.worth - a.worth) * U256::from(quantity - a.quantity);
        // Nested roundings of one kind by whole divisors are one rounding.
        mul_div_full(worth, U256::from(self.mark), run * U256::from(self.side.reference), rounding)
            .and_then(|wide| div_wide(wide, U256::from(self.unit), rounding))
            .and_then(narrow_u128)
            .map_err(depth::overflow("value"))
    }

    /// Price of the next unit after `quantity`.
    fn price(&self, quantity: u128, rounding: Rounding) -> Result<Price, DepthError> {
        let (a, b) = self.side.slice(quantity)?;
        let raw = self
            .slope(a, b, &Shift::new(0), rounding)
            .and_then(|slope| narrow_u128(slope).ok())
            .ok_or(DepthError::Overflow { what: "marginal price" })?;
        Ok(Price::new(raw, self.side.decimals.price))
    }

    /// Price of a slice at another scale; none if it does not fit 256 bits.
    fn slope(&self, a: Corner, b: Corner, shift: &Shift, rounding: Rounding) -> Option<U256> {
        let rise = U256::from(b.worth - a.worth) * U256::from(self.mark);
        let run = U256::from(b.quantity - a.quantity) * U256::from(self.side.reference);
        let scaled = mul_div_full(rise, shift.up(), run, rounding).ok()?;
        div_wide(scaled, shift.down(), rounding).ok()
    }

    /// Quantity of the slices, nearest first, of which `wanted` says that their price will do.
    fn while_slices(&self, wanted: impl Fn(Corner, Corner) -> bool) -> u128 {
        let corners = &self.side.corners;
        let mut taken = 0;
        for (a, b) in corners.iter().zip(corners.iter().skip(1)) {
            if !wanted(*a, *b) {
                break;
            }
            taken = b.quantity;
        }
        taken
    }

    /// From the mark's scale to that of `price`; none if that is finer than can be compared.
    fn scale_of(&self, price: Price) -> Option<Shift> {
        let own = i32::from(self.side.decimals.price);
        (price.decimals <= DECIMALS_MAX).then(|| Shift::new(i32::from(price.decimals) - own))
    }
}

/// Both sides of a book by bands, each believed or mirrored from the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BandDepth {
    bids: BandSide,
    asks: BandSide,
    mirrored: Option<BookSide>,
}

impl BandDepth {
    /// Two sides that were both believed. None unless they are bids and asks, in this order, around
    /// one reference at one scale.
    #[must_use]
    pub fn new(bids: BandSide, asks: BandSide) -> Option<BandDepth> {
        let pair = (bids.side, asks.side) == (BookSide::Bids, BookSide::Asks);
        let together = bids.reference == asks.reference && bids.decimals == asks.decimals;
        (pair && together).then_some(BandDepth { bids, asks, mirrored: None })
    }

    /// One side that was believed, and its mirror image for the other.
    ///
    /// # Errors
    /// As [`BandSide::mirrored`].
    pub fn from_one(side: BandSide) -> Result<BandDepth, DepthError> {
        let image = side.mirrored()?;
        let mirrored = Some(image.side);
        Ok(match side.side {
            BookSide::Bids => BandDepth { bids: side, asks: image, mirrored },
            BookSide::Asks => BandDepth { bids: image, asks: side, mirrored },
        })
    }

    /// The side that is only the image of the other, if one is.
    #[must_use]
    pub fn mirrored(&self) -> Option<BookSide> {
        self.mirrored
    }

    /// The bids as measured or mirrored.
    #[must_use]
    pub fn bids(&self) -> &BandSide {
        &self.bids
    }

    /// The asks as measured or mirrored.
    #[must_use]
    pub fn asks(&self) -> &BandSide {
        &self.asks
    }

    /// What selling fetches at `mark`. Free of allocation.
    ///
    /// # Errors
    /// The mark has other decimals than the reference, or a value does not fit 128 bits.
    pub fn bids_at(&self, mark: Price) -> Result<BandBidsAt<'_>, DepthError> {
        self.bids.at(mark).map(BandBidsAt)
    }

    /// What buying costs at `mark`. Free of allocation.
    ///
    /// # Errors
    /// As [`BandDepth::bids_at`].
    pub fn asks_at(&self, mark: Price) -> Result<BandAsksAt<'_>, DepthError> {
        self.asks.at(mark).map(BandAsksAt)
    }
}

/// The bids at one mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BandBidsAt<'a>(At<'a>);

impl Depth for BandBidsAt<'_> {
    fn base_decimals(&self) -> u8 {
        self.0.side.decimals.base
    }

    fn quote_decimals(&self) -> u8 {
        self.0.side.decimals.quote
    }

    fn price_decimals(&self) -> u8 {
        self.0.side.decimals.price
    }

    fn out(&self, quantity: u128) -> Result<u128, DepthError> {
        self.0.value(quantity, Rounding::Floor)
    }

    fn marginal(&self, sold: u128) -> Result<Price, DepthError> {
        self.0.price(sold, Rounding::Floor)
    }

    fn capacity(&self) -> u128 {
        self.0.side.capacity()
    }

    fn sellable_above(&self, price: Price) -> u128 {
        let Some(shift) = self.0.scale_of(price) else { return 0 };
        let asked = U256::from(price.raw);
        // A floored slope is at least an integer exactly when the slope is; one too large to hold
        // is above.
        self.0.while_slices(|a, b| {
            self.0.slope(a, b, &shift, Rounding::Floor).is_none_or(|slope| slope >= asked)
        })
    }
}

/// A purchase that the asks quote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purchase {
    /// Base units bought.
    pub bought: u128,
    /// Quote base units paid, raised.
    pub cost: u128,
    /// Price of the next small unit after it, raised; at the end that of the last one.
    pub marginal: Price,
}

/// The asks at one mark: [`Depth`] in the other direction, rounded against the buyer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BandAsksAt<'a>(At<'a>);

impl BandAsksAt<'_> {
    /// Cumulative cost of buying `quantity` from fresh depth, raised once.
    ///
    /// # Errors
    /// [`DepthError::BeyondLastPoint`] above [`BandAsksAt::capacity`]; overflow.
    pub fn cost(&self, quantity: u128) -> Result<u128, DepthError> {
        self.0.value(quantity, Rounding::Ceil)
    }

    /// Price of the next small unit once `bought` is bought, raised.
    ///
    /// # Errors
    /// As [`BandAsksAt::cost`].
    pub fn marginal(&self, bought: u128) -> Result<Price, DepthError> {
        self.0.price(bought, Rounding::Ceil)
    }

    /// Most base units that can be quoted.
    #[must_use]
    pub fn capacity(&self) -> u128 {
        self.0.side.capacity()
    }

    /// Largest quantity of which no part costs more than `price`, of any scale up to 38 decimals (a
    /// finer one is comparable with nothing and buys nothing).
    #[must_use]
    pub fn buyable_below(&self, price: Price) -> u128 {
        let Some(shift) = self.0.scale_of(price) else { return 0 };
        let asked = U256::from(price.raw);
        self.0.while_slices(|a, b| {
            self.0.slope(a, b, &shift, Rounding::Ceil).is_some_and(|slope| slope <= asked)
        })
    }

    /// Buying `quantity` after `consumed` was taken and has not recovered, so that a purchase in
    /// parts costs the same.
    ///
    /// # Errors
    /// [`DepthError::BeyondLastPoint`] if both together exceed [`BandAsksAt::capacity`]; overflow.
    pub fn buy_after(&self, consumed: u128, quantity: u128) -> Result<Purchase, DepthError> {
        let total = consumed
            .checked_add(quantity)
            .ok_or(DepthError::BeyondLastPoint { asked: u128::MAX, last: self.capacity() })?;
        // Costs are non-decreasing, so the difference cannot be negative.
        let cost = self.cost(total)?.saturating_sub(self.cost(consumed)?);
        Ok(Purchase { bought: quantity, cost, marginal: self.marginal(total)? })
    }
}
