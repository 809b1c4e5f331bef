//! A recorded chain of options: forwards and volatilities by time, expiry and strike.

use super::{daily, hourly, minutes};
use crate::ScenarioError;
use crate::table::{Row, Table};
use breakwater_options::Kind;
use breakwater_options::surface::{SmileQuote, SurfaceError, SviFit, fit_svi, points_of};
use std::collections::BTreeMap;

/// One option at one time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChainQuote {
    /// Strike.
    pub strike: f64,
    /// Volatility of the mark, a year.
    pub volatility: f64,
    /// Volatilities bid and asked, where both are known.
    pub sides: Option<(f64, f64)>,
}

/// One expiry at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct ExpiryQuotes {
    /// Forward for the expiry.
    pub forward: f64,
    /// Mean share by which single quotes say another forward.
    pub forward_spread: f64,
    /// Options by strike in thousandths and kind.
    pub quotes: BTreeMap<(i64, Kind), ChainQuote>,
}

/// A whole chain at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// Seconds of Unix time in the clock of the market.
    pub at_seconds: i64,
    /// By seconds of expiry.
    pub expiries: BTreeMap<i64, ExpiryQuotes>,
}

/// Snapshots in order of time.
#[derive(Debug, Clone, PartialEq)]
pub struct Chain {
    /// The file.
    pub file: String,
    /// At least two.
    pub snapshots: Vec<Snapshot>,
    /// Rows read.
    pub rows: usize,
    /// Rows that could not be used, by reason.
    pub left_out: BTreeMap<&'static str, usize>,
}

/// Seconds of a year.
const YEAR: f64 = super::legs::YEAR_SECONDS;

/// The key of a strike: its thousandths.
#[must_use]
pub fn strike_key(strike: f64) -> i64 {
    libm::round(strike * 1e3) as i64
}

impl Snapshot {
    /// Years until `expiry_seconds`.
    #[must_use]
    pub fn years_to(&self, expiry_seconds: i64) -> f64 {
        ((expiry_seconds - self.at_seconds) as f64 / YEAR).max(0.0)
    }

    /// The forward of the first expiry that both snapshots have and that is still ahead at the later one.
    #[must_use]
    pub fn front<'a>(&'a self, later: &'a Snapshot) -> Option<(f64, f64)> {
        let ahead = self.expiries.range(later.at_seconds + 1..);
        let mut both = ahead.filter_map(|(expiry, quotes)| {
            Some((quotes.forward, later.expiries.get(expiry)?.forward))
        });
        both.next()
    }

    /// The slice of one expiry: out-of-the-money quotes fitted.
    ///
    /// # Errors
    /// No such expiry, too few quotes, or a slice that can be arbitraged.
    pub fn fit(&self, expiry_seconds: i64) -> Result<SviFit, SurfaceError> {
        let found = self.expiries.get(&expiry_seconds);
        let none = SurfaceError::TooFew { field: "expiry", found: 0, right: 1 };
        let quotes = found.ok_or(none)?;
        let outside = |((_, kind), quote): &(&(i64, Kind), &ChainQuote)| {
            (quote.strike >= quotes.forward) == (*kind == Kind::Call)
        };
        let smile = quotes.quotes.iter().filter(outside).map(|(_, quote)| SmileQuote {
            strike: quote.strike,
            bid: quote.sides.map(|sides| sides.0),
            ask: quote.sides.map(|sides| sides.1),
            mark: quote.volatility,
        });
        let smile: Vec<SmileQuote> = smile.collect();
        fit_svi(&points_of(quotes.forward, self.years_to(expiry_seconds), &smile)?)
    }
}

/// A format of recorded chains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    /// Volatilities and deltas of marks.
    Marks,
    /// Bids and asks.
    Quotes,
    /// Closing prices.
    Closes,
}

/// Columns that tell the formats apart.
const FORMATS: [(Format, &[&str]); 3] = [
    (
        Format::Marks,
        &["time", "expiry_date", "strike", "type", "delta", "bid_iv", "ask_iv", "mark_iv"],
    ),
    (
        Format::Quotes,
        &["time_ny", "expiry", "strike", "right", "bid", "bid_size", "ask", "ask_size"],
    ),
    (Format::Closes, &["date", "expiry", "strike", "right", "close", "volume"]),
];

/// Reads a chain from a CSV file, which is told by its columns: marks (`time, expiry_date, strike, type,
/// delta, bid_iv, ask_iv, mark_iv`, percent), quotes (`time_ny, expiry, strike, right, bid, bid_size, ask,
/// ask_size`) or closes (`date, expiry, strike, right, close, volume`). Rows closer than `every_seconds`
/// to the snapshot before are passed over.
///
/// # Errors
/// Columns of no known format, a field that is no number or date with its line, or fewer than two
/// snapshots that can be used.
pub fn read(file: &str, text: &str, every_seconds: u64) -> Result<Chain, ScenarioError> {
    let first = text.lines().next().unwrap_or_default();
    let has = |name: &str| first.split(',').any(|column| column.trim() == name);
    let format = FORMATS.iter().find(|(_, columns)| columns.iter().all(|name| has(name)));
    let Some((format, columns)) = format else {
        let known = FORMATS.map(|(_, columns)| columns.join(", ")).join("; or ");
        let reason = format!("columns are {first:?}; right are {known}");
        return Err(ScenarioError::Row { file: file.to_owned(), line: 1, reason });
    };
    let table = Table::read(file, text, columns)?;
    let mut chain = Chain {
        file: table.file.clone(),
        snapshots: Vec::new(),
        rows: table.rows.len(),
        left_out: BTreeMap::new(),
    };
    let every = i64::try_from(every_seconds).unwrap_or(i64::MAX);
    match format {
        Format::Marks => hourly::read(&table, every, &mut chain)?,
        Format::Quotes => minutes::read(&table, every, &mut chain)?,
        Format::Closes => daily::read(&table, every, &mut chain)?,
    }
    if chain.snapshots.len() < 2 {
        let found = chain.snapshots.len();
        let reason = format!("{found} snapshots can be used; at least 2 are right");
        return Err(ScenarioError::setting(file, reason));
    }
    Ok(chain)
}

impl Chain {
    pub(super) fn leave_out(&mut self, why: &'static str) {
        *self.left_out.entry(why).or_default() += 1;
    }
}

/// A field as a number that is finite.
pub(super) fn float(row: &Row, name: &str) -> Result<f64, ScenarioError> {
    let text = row.text(name);
    let value = text.parse::<f64>().ok().filter(|value| value.is_finite());
    value.ok_or_else(|| row.error(format!("{name}: {text:?}; a number is right")))
}

/// A field as a number, none if it is empty.
pub(super) fn float_or_none(row: &Row, name: &str) -> Result<Option<f64>, ScenarioError> {
    if row.text(name).is_empty() { Ok(None) } else { float(row, name).map(Some) }
}

/// A date with or without a time, in the clock of the market, in seconds of Unix time.
pub(super) fn seconds(row: &Row, name: &str, hour: i8) -> Result<i64, ScenarioError> {
    let text = row.text(name);
    let wrong = || row.error(format!("{name}: {text:?}; such as 2021-01-04 09:30:00 is right"));
    clock_seconds(text, hour).ok_or_else(wrong)
}

/// `2021-01-04`, then at `hour`, or `2021-01-04 09:30:00`, with `+00:00` or without.
pub(super) fn clock_seconds(text: &str, hour: i8) -> Option<i64> {
    let plain = text.strip_suffix("+00:00").or_else(|| text.strip_suffix('Z')).unwrap_or(text);
    let at: jiff::civil::DateTime = match plain.len() {
        10 => plain.parse::<jiff::civil::Date>().ok()?.at(hour, 0, 0, 0),
        _ => plain.parse().ok()?,
    };
    Some(at.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second())
}

/// A field as call or put.
pub(super) fn kind(row: &Row, name: &str) -> Result<Kind, ScenarioError> {
    match row.text(name) {
        "call" | "C" => Ok(Kind::Call),
        "put" | "P" => Ok(Kind::Put),
        other => Err(row.error(format!("{name}: {other:?}; call, put, C or P is right"))),
    }
}

/// A strike above zero.
pub(super) fn strike(row: &Row) -> Result<f64, ScenarioError> {
    let strike = float(row, "strike")?;
    match (1e-3..=1e12).contains(&strike) {
        true => Ok(strike),
        false => Err(row.error(format!("strike: {strike}; a price from 0.001 to 1e12 is right"))),
    }
}

/// The middle of values that are not empty, and the mean share by which they differ from it.
pub(super) fn median(mut values: Vec<f64>) -> Option<(f64, f64)> {
    values.sort_by(f64::total_cmp);
    let upper = values.get(values.len() / 2).copied()?;
    let lower = values.get(values.len().saturating_sub(1) / 2).copied()?;
    let middle = 0.5 * (lower + upper);
    let off = values.iter().map(|value| (value / middle - 1.0).abs()).sum::<f64>();
    Some((middle, off / values.len() as f64))
}

/// Whether a snapshot at `at` is far enough from the one before.
pub(super) fn is_due(before: Option<i64>, at: i64, every: i64) -> bool {
    before.is_none_or(|before| at == before || at - before >= every)
}

/// A time as text.
#[must_use]
pub fn told(at_seconds: i64) -> String {
    let at = jiff::Timestamp::from_second(at_seconds).map(|at| at.to_string());
    at.unwrap_or_else(|_| at_seconds.to_string())
}
