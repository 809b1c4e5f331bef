//! The day: the market's price and what transactions paid, bar by bar.

use crate::ScenarioError;
use crate::book::PRICE_DECIMALS;
use crate::market::overflow;
use crate::table::Table;
use breakwater_money::Time;
use breakwater_money::rounding::{Rounding, mul_div};
use breakwater_money::time::NANOS_PER_SECOND;

use super::chain::GasRow;

/// One price of the market.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PricePoint {
    /// Seconds since the day began.
    pub at_seconds: u64,
    /// Price of one whole unit of collateral, at [`PRICE_DECIMALS`].
    pub price: u128,
}

/// A day as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Day {
    /// When it began.
    pub start: Time,
    /// Four prices a bar, each holding until the next.
    pub prices: Vec<PricePoint>,
    /// Gas of each bar, with its start in seconds.
    pub gas: Vec<(u64, GasRow)>,
    /// Seconds until its last bar ends.
    pub seconds: u64,
}

/// Seconds of a bar.
const BAR_SECONDS: u64 = 600;

const COLUMNS: [&str; 8] =
    ["start_utc", "open", "high", "low", "close", "gas_p30_wei", "gas_p60_wei", "gas_p90_wei"];

impl Day {
    /// Reads bars of ten minutes into four prices each: open, then high and low in the order that
    /// the close suggests, then close.
    ///
    /// # Errors
    /// The first row that is wrong, or bars out of order.
    pub fn read(file: &str, text: &str) -> Result<Day, ScenarioError> {
        let table = Table::read(file, text, &COLUMNS)?;
        let (mut prices, mut gas) = (Vec::with_capacity(table.rows.len() * 4), Vec::new());
        let (mut start, mut last) = (None, None);
        for row in &table.rows {
            let text = row.text("start_utc");
            let at: jiff::Timestamp = text.parse().map_err(|_| {
                row.error(format!("start_utc is '{text}'; expected such as 2020-03-12T00:10:00Z"))
            })?;
            // Before 2500 the last nanosecond of a day is far from the end of time.
            let seconds = u64::try_from(at.as_second()).ok().filter(|at| *at < YEAR_2500);
            let Some(seconds) = seconds else {
                return Err(row.error(format!("start_utc is {text}; expected 1970 to 2500")));
            };
            if last.is_some_and(|last: u64| seconds < last + BAR_SECONDS) {
                return Err(
                    row.error(format!("start_utc is {text}; expected ten minutes later or more"))
                );
            }
            last = Some(seconds);
            let since = seconds - *start.get_or_insert(seconds);
            for (i, price) in (0u64..).zip(bar(row)?) {
                prices.push(PricePoint { at_seconds: since + i * (BAR_SECONDS >> 2), price });
            }
            let [p30, p60, p90] =
                ["gas_p30_wei", "gas_p60_wei", "gas_p90_wei"].map(|column| row.positive(column, 0));
            let (p30, p60, p90) = (p30?, p60?, p90?);
            if p30 > p60 || p60 > p90 {
                return Err(row.error(format!(
                    "gas_p30_wei, gas_p60_wei, gas_p90_wei are {p30}, {p60}, {p90}; expected \
                     ascending"
                )));
            }
            gas.push((since, GasRow { p30, p60, p90 }));
        }
        let start = start.unwrap_or(0);
        let seconds = last.unwrap_or(0) + BAR_SECONDS - start;
        Ok(Day { start: Time(start * NANOS_PER_SECOND), prices, gas, seconds })
    }

    /// The market's price at a moment; the last one holds after the day.
    #[must_use]
    pub fn price_at(&self, seconds: u64) -> u128 {
        let place = self.prices.partition_point(|point| point.at_seconds <= seconds);
        self.prices.get(place.saturating_sub(1)).map_or(0, |point| point.price)
    }

    /// What transactions pay at a moment; the last row holds after the day.
    #[must_use]
    pub fn gas_at(&self, seconds: u64) -> GasRow {
        let place = self.gas.partition_point(|(from, _)| *from <= seconds);
        self.gas.get(place.saturating_sub(1)).map_or(GasRow::FREE, |(_, row)| *row)
    }

    /// Fall of the lowest price from the first, basis points, rounded down.
    ///
    /// # Errors
    /// Overflow.
    pub fn falls_bps(&self) -> Result<u128, ScenarioError> {
        let first = self.price_at(0);
        let low = self.prices.iter().map(|point| point.price).min().unwrap_or(first);
        mul_div(first.saturating_sub(low), 10_000, first.max(1), Rounding::Floor).map_err(overflow)
    }
}

/// The first second of 2500.
const YEAR_2500: u64 = 16_725_225_600;

/// The four prices of a bar in order.
fn bar(row: &crate::table::Row) -> Result<[u128; 4], ScenarioError> {
    let [open, high, low, close] =
        ["open", "high", "low", "close"].map(|column| row.positive(column, PRICE_DECIMALS));
    let (open, high, low, close) = (open?, high?, low?, close?);
    if low > open.min(close) || high < open.max(close) {
        return Err(row.error(format!(
            "low {} and high {} do not enclose open and close",
            row.text("low"),
            row.text("high")
        )));
    }
    if high > PRICE_MAX {
        return Err(row.error(format!("high is {}; expected below a billion", row.text("high"))));
    }
    Ok(if close <= open { [open, high, low, close] } else { [open, low, high, close] })
}

/// Highest price: with it a lot of any size still fits 128 bits.
const PRICE_MAX: u128 = 100_000_000_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    const BARS: &str = "start_utc,open,high,low,close,gas_p30_wei,gas_p60_wei,gas_p90_wei\n\
        2020-03-12T00:00:00Z,100,101,80,90,1,2,3\n\
        2020-03-12T00:10:00Z,90,95,60,92,4,5,6\n";

    #[test]
    fn prices_and_gas_hold_until_the_next() {
        let day = Day::read("bars", BARS).unwrap();
        let at = |seconds| day.price_at(seconds) / 100_000_000;
        assert_eq!([0, 149, 150, 300, 450, 600, 750].map(at), [100, 100, 101, 80, 90, 90, 60]);
        assert_eq!(at(1_000_000), 92);
        assert_eq!((day.gas_at(599).p60, day.gas_at(600).p60, day.gas_at(9_999).p60), (2, 5, 5));
        assert_eq!((day.seconds, day.falls_bps().unwrap()), (1_200, 4_000));
    }

    #[test]
    fn broken_bars_are_named() {
        let broken = |from: &str, to: &str| {
            Day::read("bars", &BARS.replacen(from, to, 1)).unwrap_err().to_string()
        };
        assert!(broken("00:10", "00:05").contains("line 3: start_utc"));
        assert!(broken("80,90,1", "95,90,1").contains("do not enclose"));
        assert!(broken("1,2,3", "2,1,3").contains("expected ascending"));
        assert!(broken("1,2,3", "0,2,3").contains("gas_p30_wei is 0"));
        assert!(broken("gas_p90_wei", "gas").contains("no column 'gas_p90_wei'"));
        assert!(broken("100,101", "100,10000000000").contains("below a billion"));
    }
}
