//! The discount of Australia: half of a gain on what was held at least twelve months.

use crate::error::Result;
use breakwater_accounting::{Civil, Date, Row, Value};
use std::collections::BTreeMap;

/// Whether a row is a discount gain: a gain on something held at least twelve months, both end
/// days left out (ITAA 1997 s. 115-25).
///
/// # Errors
/// The gain does not fit.
pub fn is_discounted(row: &Row) -> Result<bool> {
    let Some(acquired) = row.acquired else { return Ok(false) };
    let long = Date::of(row.at) > Date::of(acquired).plus_years(1);
    Ok(long && row.gain()? > Value::ZERO)
}

/// The income year of a date: the calendar year in which its 30 June falls.
#[must_use]
pub fn income_year(date: Date) -> i32 {
    let Civil { year, month, .. } = date.civil();
    if month >= 7 { year + 1 } else { year }
}

/// An income year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Year {
    /// Gains without discount, gross.
    pub undiscounted: Value,
    /// Gains with discount, gross.
    pub discounted: Value,
    /// Losses, above zero.
    pub losses: Value,
    /// Undiscounted gains and half of discounted ones, after the losses of the same year.
    pub net_capital_gain: Value,
    /// Losses of that year that met no gain.
    pub unused_loss: Value,
    /// Losses of earlier years that the year starts with, above zero.
    pub brought_forward: Value,
    /// Net capital gain when losses of earlier years are applied as well, in the same order.
    pub net_after_earlier: Value,
    /// Losses that are left for later years.
    pub carried_forward: Value,
}

/// Every income year with a disposal.
///
/// # Errors
/// A sum does not fit.
pub fn years<'a>(rows: impl Iterator<Item = &'a Row>) -> Result<BTreeMap<i32, Year>> {
    let mut years: BTreeMap<i32, Year> = BTreeMap::new();
    for row in rows {
        let year = years.entry(income_year(Date::of(row.at))).or_default();
        let gain = row.gain()?;
        let sum = match (gain < Value::ZERO, is_discounted(row)?) {
            (true, _) => &mut year.losses,
            (false, true) => &mut year.discounted,
            (false, false) => &mut year.undiscounted,
        };
        *sum = sum.plus(gain.magnitude())?;
    }
    let mut carried = Value::ZERO;
    for year in years.values_mut() {
        (year.net_capital_gain, year.unused_loss) = net(year, year.losses)?;
        year.brought_forward = carried;
        let (after, left) = net(year, year.losses.plus(carried)?)?;
        (year.net_after_earlier, year.carried_forward) = (after, left);
        carried = left;
    }
    Ok(years)
}

/// Losses go against undiscounted gains first, then against gross discount gains; what is left of
/// the latter counts by half.
fn net(year: &Year, losses: Value) -> Result<(Value, Value)> {
    let first = losses.min(year.undiscounted);
    let left = losses.minus(first)?;
    let second = left.min(year.discounted);
    let unused = left.minus(second)?;
    let discounted = year.discounted.minus(second)?;
    // Half of an odd last place goes down: to the eighteenth decimal.
    let half = Value(discounted.0 / 2);
    Ok((year.undiscounted.minus(first)?.plus(half)?, unused))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_year_turns_after_the_thirtieth_of_june() {
        let year = |text| income_year(Date::parse(text).unwrap());
        assert_eq!(year("2024-06-30"), 2024);
        assert_eq!(year("2024-07-01"), 2025);
        assert_eq!(year("2025-01-01"), 2025);
    }
}
