//! The price path: bars as they were, or the same shape with another trough.

use crate::ScenarioError;
use crate::options::FALL_ONE;
use crate::table::Table;
use breakwater_money::{Rounding, Time, rounding};

/// One price of the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PathPoint {
    /// When.
    pub at: Time,
    /// Price over the first open, at [`FACTOR_ONE`].
    pub factor: u128,
    /// Gas price of the bar, wei.
    pub gas_wei: u128,
    /// True for the first point of a bar.
    pub opens_bar: bool,
}

/// One as a factor of the path: 18 decimals.
pub const FACTOR_ONE: u128 = 1_000_000_000_000_000_000;

/// Seconds of a bar.
const BAR_SECONDS: u64 = 600;

/// Reads bars of ten minutes into four points each: open, then high and low in the order that the
/// close suggests, then close. A fall at 1e8 scales log returns so that the trough is that fall.
///
/// # Errors
/// The first row that is wrong, or bars out of order.
pub fn read(file: &str, text: &str, fall: Option<u128>) -> Result<Vec<PathPoint>, ScenarioError> {
    let table =
        Table::read(file, text, &["start_utc", "open", "high", "low", "close", "gas_p60_wei"])?;
    let mut points = Vec::with_capacity(table.rows.len() * 4);
    let (mut first, mut last) = (None, None);
    for row in &table.rows {
        let text = row.text("start_utc");
        let start: jiff::Timestamp = text.parse().map_err(|_| {
            row.error(format!("start_utc is '{text}'; expected such as 2020-03-12T00:10:00Z"))
        })?;
        let seconds = u64::try_from(start.as_second())
            .map_err(|_| row.error(format!("start_utc is {text}; expected 1970 or later")))?;
        if last.is_some_and(|last: u64| seconds < last + BAR_SECONDS) {
            return Err(
                row.error(format!("start_utc is {text}; expected ten minutes later or more"))
            );
        }
        last = Some(seconds);
        let [open, high, low, close] =
            ["open", "high", "low", "close"].map(|column| row.positive(column, 8));
        let (open, high, low, close) = (open?, high?, low?, close?);
        if low > open.min(close) || high < open.max(close) {
            return Err(row.error(format!(
                "low {} and high {} do not enclose open and close",
                row.text("low"),
                row.text("high")
            )));
        }
        let base = *first.get_or_insert(open);
        let gas_wei = row.raw("gas_p60_wei", 0)?;
        let order = if close <= open { [open, high, low, close] } else { [open, low, high, close] };
        for (i, price) in (0u64..).zip(order) {
            let factor = rounding::mul_div(price, FACTOR_ONE, base, Rounding::HalfUp)
                .map_err(|error| row.error(error.to_string()))?;
            let at = Time::from_seconds(seconds + i * (BAR_SECONDS >> 2));
            points.push(PathPoint { at, factor, gas_wei, opens_bar: i == 0 });
        }
    }
    if let Some(fall) = fall {
        deepen(&mut points, fall);
    }
    Ok(points)
}

/// Lowest factor of a path.
#[must_use]
pub fn trough(points: &[PathPoint]) -> u128 {
    points.iter().map(|p| p.factor).min().unwrap_or(FACTOR_ONE)
}

/// Raises every factor to one power, so that the trough becomes `1 - fall`. The exponent and the
/// powers come from the pinned libm; the result is rounded to the factor's scale once.
fn deepen(points: &mut [PathPoint], fall: u128) {
    let lowest = trough(points);
    if lowest >= FACTOR_ONE {
        return;
    }
    let one = FACTOR_ONE as f64;
    let target = 1.0 - fall as f64 / FALL_ONE as f64;
    let exponent = libm::log(target) / libm::log(lowest as f64 / one);
    for point in points {
        let scaled = libm::pow(point.factor as f64 / one, exponent) * one;
        point.factor = libm::round(scaled) as u128;
    }
}

/// The exact decimal of a factor times a start price, floored.
///
/// # Errors
/// Overflow.
pub fn price_at(start: u128, factor: u128) -> Result<u128, ScenarioError> {
    rounding::mul_div(start, factor, FACTOR_ONE, Rounding::Floor)
        .map_err(|error| ScenarioError::setting("price", error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BARS: &str = "start_utc,open,high,low,close,gas_p60_wei\n\
        2020-03-12T00:00:00Z,100,101,80,90,7\n\
        2020-03-12T00:10:00Z,90,95,60,92,8\n";

    #[test]
    fn a_falling_bar_goes_high_first_and_a_rising_one_low_first() {
        let points = read("bars", BARS, None).unwrap();
        let prices: Vec<u128> = points.iter().map(|p| p.factor / (FACTOR_ONE / 100)).collect();
        assert_eq!(prices, [100, 101, 80, 90, 90, 60, 95, 92]);
        assert_eq!(points[5].at.0 - points[0].at.0, 750 * 1_000_000_000);
        assert_eq!((points[3].gas_wei, points[4].gas_wei), (7, 8));
    }

    #[test]
    fn a_shock_moves_the_trough_and_keeps_the_start() {
        let points = read("bars", BARS, Some(20_000_000)).unwrap();
        assert_eq!(points[0].factor, FACTOR_ONE);
        let off = trough(&points).abs_diff(FACTOR_ONE / 10 * 8);
        assert!(off < 1_000, "{off}");
    }

    #[test]
    fn broken_bars_are_named() {
        let broken = |from: &str, to: &str| {
            read("bars", &BARS.replacen(from, to, 1), None).unwrap_err().to_string()
        };
        assert!(broken("00:10", "00:05").contains("line 3: start_utc"));
        assert!(broken("80,90,7", "95,90,7").contains("do not enclose"));
        assert!(broken("100,101", "-1,101").contains("open: '-1' is negative"));
        assert!(broken("100,101", "NaN,101").contains("open: 'NaN' is not a decimal"));
        assert!(broken("gas_p60_wei", "gas").contains("no column 'gas_p60_wei'"));
    }
}
