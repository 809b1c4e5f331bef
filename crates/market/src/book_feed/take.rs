//! Eating into levels, best first.

use super::levels::FeedLevel;
use crate::band_depth::BookSide;

/// What an order that eats into a side gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// Quantity filled.
    pub taken: u64,
    /// Sum of quantity times raw price.
    pub value: u128,
    /// Price of the worst level eaten into; none if nothing was.
    pub worst: Option<u64>,
    /// Quantity that found no level at or better than the worst price allowed.
    pub missing: u64,
}

/// Takes up to `quantity` from `levels` of `side`, best first, none worse than `worst_price`. None
/// if the sum does not fit 128 bits, which takes more levels than can exist.
#[must_use]
pub fn take(
    levels: impl Iterator<Item = FeedLevel>,
    side: BookSide,
    quantity: u64,
    worst_price: Option<u64>,
) -> Option<Taken> {
    take_each(levels, side, quantity, worst_price, |_| {})
}

/// As [`take`], and tells `each` what was taken of every level.
#[must_use]
pub fn take_each(
    levels: impl Iterator<Item = FeedLevel>,
    side: BookSide,
    quantity: u64,
    worst_price: Option<u64>,
    mut each: impl FnMut(FeedLevel),
) -> Option<Taken> {
    let mut sale = Taken { taken: 0, value: 0, worst: None, missing: quantity };
    for level in levels {
        let allowed = match (worst_price, side) {
            (None, _) => true,
            (Some(worst), BookSide::Bids) => level.price >= worst,
            (Some(worst), BookSide::Asks) => level.price <= worst,
        };
        if sale.missing == 0 || !allowed {
            break;
        }
        let part = level.quantity.min(sale.missing);
        if part == 0 {
            continue;
        }
        sale.taken += part;
        sale.missing -= part;
        sale.value = sale.value.checked_add(u128::from(part) * u128::from(level.price))?;
        sale.worst = Some(level.price);
        each(FeedLevel { price: level.price, quantity: part });
    }
    Some(sale)
}
