//! The formula over a whole book, in integers.
//!
//! Amounts are minor units of one base currency, haircuts millionths. What an item counts for is a
//! whole number of millionths of a minor unit, so that every sum is exact and only the rounding of
//! what moves divides. Within the bounds that [`Book::push`] holds, nothing overflows 128 bits.

use super::formula::{Approach, Form};
use breakwater_money::Rounding;

/// Millionths in one.
const ONE: i128 = 1_000_000;
/// Largest amount, in minor units: ten thousand million million.
pub const AMOUNT_MAX: i64 = 10_000_000_000_000_000;
/// A threshold without bound.
pub const INFINITE: i64 = i64::MAX;
/// Most items an agreement may have posted.
pub const ITEMS_MAX: usize = 256;

/// One posted item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item {
    /// Market value in minor units.
    pub market_value: i64,
    /// Sum of its haircuts in millionths, from zero to a million.
    pub haircuts_ppm: u32,
}

/// One agreement, seen from the secured party.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Which annex.
    pub form: Form,
    /// How the margin amount and the independent amount come together (2018).
    pub approach: Approach,
    /// Exposure, or the margin amount under the form of 2018.
    pub exposure: i64,
    /// Independent amount of the pledgor less that of the secured party (1994), or the independent
    /// amount (2018).
    pub independent: i64,
    /// Threshold of the pledgor, or [`INFINITE`].
    pub threshold: i64,
    /// Deliveries on their way.
    pub pending_delivery: i64,
    /// Returns on their way.
    pub pending_return: i64,
    /// In dispute.
    pub disputed: i64,
    /// Minimum transfer amounts in force: of deliveries and of returns.
    pub minimum: [i64; 2],
    /// Multiple that amounts are rounded to, above zero.
    pub multiple: i64,
    /// Rounding of deliveries and of returns.
    pub rounding: [Rounding; 2],
}

/// What a row comes to, in minor units; what moves is a whole multiple.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Due {
    /// To be delivered.
    pub delivery: i64,
    /// To be returned.
    pub returning: i64,
}

/// Why a row was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BookError {
    /// A number out of its bounds. Scale the book down, or use the exact formula.
    #[error("{field} = {found}: {right}")]
    Bounds {
        /// Which.
        field: &'static str,
        /// What was found.
        found: i128,
        /// What would be right.
        right: &'static str,
    },
}

/// A book of agreements in columns.
#[derive(Debug, Clone, Default)]
pub struct Book {
    rows: Vec<Fixed>,
    items: Vec<Item>,
}

/// A row with what does not change from one valuation to the next worked out.
#[derive(Debug, Clone, Copy)]
struct Fixed {
    row: Row,
    first: u32,
    end: u32,
}

impl Book {
    /// An empty book.
    #[must_use]
    pub fn new() -> Self {
        Book::default()
    }

    /// Number of agreements.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Adds an agreement with what is posted under it.
    ///
    /// # Errors
    /// A number out of bounds.
    pub fn push(&mut self, row: Row, items: &[Item]) -> Result<(), BookError> {
        let within = |field, found: i64, low: i64| {
            let right = "within 10^16 minor units, and not below zero but for exposures";
            match (low..=AMOUNT_MAX).contains(&found) {
                true => Ok(()),
                false => Err(BookError::Bounds { field, found: i128::from(found), right }),
            }
        };
        within("exposure", row.exposure, -AMOUNT_MAX)?;
        within("independent", row.independent, -AMOUNT_MAX)?;
        if row.threshold != INFINITE {
            within("threshold", row.threshold, 0)?;
        }
        within("pending_delivery", row.pending_delivery, 0)?;
        within("pending_return", row.pending_return, 0)?;
        within("disputed", row.disputed, 0)?;
        within("minimum", row.minimum[0], 0)?;
        within("minimum", row.minimum[1], 0)?;
        within("multiple", row.multiple, 1)?;
        if items.len() > ITEMS_MAX || self.items.len() + items.len() > u32::MAX as usize {
            let found = items.len() as i128;
            return Err(BookError::Bounds { field: "items", found, right: "at most 256" });
        }
        for item in items {
            within("market_value", item.market_value, 0)?;
            if i128::from(item.haircuts_ppm) > ONE {
                let found = i128::from(item.haircuts_ppm);
                let right = "at most a million millionths";
                return Err(BookError::Bounds { field: "haircuts_ppm", found, right });
            }
        }
        let first = u32::try_from(self.items.len()).unwrap_or(u32::MAX);
        self.items.extend_from_slice(items);
        let end = u32::try_from(self.items.len()).unwrap_or(u32::MAX);
        self.rows.push(Fixed { row, first, end });
        Ok(())
    }

    /// New exposures, in the order of the rows; those beyond the bounds are refused.
    ///
    /// # Errors
    /// A number out of bounds, or not one a row. Rows before it have their new exposure.
    pub fn expose(&mut self, exposures: &[i64]) -> Result<(), BookError> {
        if exposures.len() != self.rows.len() {
            let found = exposures.len() as i128;
            return Err(BookError::Bounds { field: "exposures", found, right: "one a row" });
        }
        for (fixed, exposure) in self.rows.iter_mut().zip(exposures) {
            if exposure.unsigned_abs() > AMOUNT_MAX.unsigned_abs() {
                let (found, right) = (i128::from(*exposure), "within 10^16 minor units");
                return Err(BookError::Bounds { field: "exposure", found, right });
            }
            fixed.row.exposure = *exposure;
        }
        Ok(())
    }

    /// What every agreement comes to, into `due`.
    pub fn evaluate(&self, due: &mut Vec<Due>) {
        due.clear();
        due.extend(self.rows.iter().map(|fixed| {
            let items = &self.items[fixed.first as usize..fixed.end as usize];
            evaluate(&fixed.row, items)
        }));
    }
}

/// 256 items of `10^16` minor units in millionths stay below `2^83`.
fn evaluate(row: &Row, items: &[Item]) -> Due {
    let mut posted = 0i128;
    for item in items {
        // At most 10^16 * 10^6, which passes 64 bits.
        posted += i128::from(item.market_value) * (ONE - i128::from(item.haircuts_ppm));
    }
    posted += (i128::from(row.pending_delivery) - i128::from(row.pending_return)) * ONE;
    let excess = i128::from(required(row)) * ONE - posted;
    let moved = |amount: i128, place: usize| {
        let undisputed = amount - i128::from(row.disputed) * ONE;
        let below = undisputed < i128::from(row.minimum[place]) * ONE;
        if undisputed <= 0 || below {
            return 0;
        }
        round(undisputed, row.multiple, row.rounding[place])
    };
    match excess {
        0 => Due::default(),
        1.. => Due { delivery: moved(excess, 0), returning: 0 },
        _ => Due { delivery: 0, returning: moved(-excess, 1) },
    }
}

/// The credit support amount in minor units.
fn required(row: &Row) -> i64 {
    let above = |amount: i64| match row.threshold {
        INFINITE => 0,
        threshold => (amount - threshold).max(0),
    };
    match row.form {
        Form::Annex1994 => above(row.exposure + row.independent),
        Form::Variation2016 => row.exposure.max(0),
        Form::Initial2018 => match row.approach {
            Approach::Distinct | Approach::Allocated => above(row.exposure),
            Approach::GreaterOf => above(row.exposure).max(row.independent),
        },
    }
}

/// `amount` millionths of minor units, above zero, as a whole multiple.
fn round(amount: i128, multiple: i64, rounding: Rounding) -> i64 {
    let step = i128::from(multiple) * ONE;
    // Whatever fits 64 bits is divided there, several times faster than in 128.
    let (whole, rest) = match (u64::try_from(amount), u64::try_from(step)) {
        (Ok(amount), Ok(step)) => (i128::from(amount / step), i128::from(amount % step)),
        _ => (amount / step, amount % step),
    };
    let up = match rounding {
        Rounding::Floor => false,
        Rounding::Ceil => rest > 0,
        Rounding::HalfUp => 2 * rest >= step,
    };
    let rounded = (whole + i128::from(up)) * i128::from(multiple);
    // 256 items of 10^16 and one multiple more stay below 2^63.
    i64::try_from(rounded).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
