//! Private sales of Germany: free after more than one year, below a limit free altogether.

use crate::error::Result;
use breakwater_accounting::{Date, Row, Value};
use std::collections::BTreeMap;

/// Exempt limits (par. 23 (3) sentence 5 EStG) from their first years on. Below the limit nothing
/// counts, from it on everything.
pub const LIMITS: [(i32, i64); 2] = [(0, 600), (2024, 1_000)];

/// Whether a disposal lies within the period: not later than the day one year after acquisition.
#[must_use]
pub fn is_taxable(acquired: Date, disposed: Date) -> bool {
    disposed <= acquired.plus_years(1)
}

/// The exempt limit of a year.
#[must_use]
pub fn limit(year: i32) -> Value {
    let in_force = LIMITS.iter().rev().find(|(from, _)| *from <= year);
    let units = in_force.map_or(0, |(_, limit)| *limit);
    Value(i128::from(units) * breakwater_accounting::number::ONE)
}

/// A year's private sales.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Year {
    /// Gains less losses of taxable rows.
    pub net: Value,
    /// What counts after the limit; a net loss stays negative.
    pub after_limit: Value,
}

/// Years with taxable rows.
///
/// # Errors
/// A sum does not fit.
pub fn years<'a>(rows: impl Iterator<Item = &'a Row>) -> Result<BTreeMap<i32, Year>> {
    let mut nets: BTreeMap<i32, Value> = BTreeMap::new();
    for row in rows {
        let Some(acquired) = row.acquired else { continue };
        let disposed = Date::of(row.at);
        if is_taxable(Date::of(acquired), disposed) {
            let net = nets.entry(disposed.year()).or_default();
            *net = net.plus(row.gain()?)?;
        }
    }
    let after = |(year, net): (i32, Value)| {
        let free = net >= Value::ZERO && net < limit(year);
        let after_limit = if free { Value::ZERO } else { net };
        (year, Year { net, after_limit })
    };
    Ok(nets.into_iter().map(after).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_the_one_of_the_year() {
        let whole = |value: Value| value.to_string();
        assert_eq!(whole(limit(2021)), "600");
        assert_eq!(whole(limit(2023)), "600");
        assert_eq!(whole(limit(2024)), "1000");
        assert_eq!(whole(limit(2030)), "1000");
    }

    #[test]
    fn the_anniversary_is_still_inside() {
        let date = |text| Date::parse(text).unwrap();
        assert!(is_taxable(date("2023-02-01"), date("2024-02-01")));
        assert!(!is_taxable(date("2023-02-01"), date("2024-02-02")));
        assert!(is_taxable(date("2024-02-29"), date("2025-03-01")));
        assert!(!is_taxable(date("2024-02-29"), date("2025-03-02")));
    }
}
