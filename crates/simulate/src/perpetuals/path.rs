//! The day by the minute: the index as marks, and the depth that the guard believes.

use crate::ScenarioError;
use crate::table::{Row, Table, without_preamble};
use breakwater_market::{
    Band, BandDepth, BandGuard, BandRefusal, BandSnapshot, BookSide, RefusalCount,
};
use breakwater_money::{Price, Time};
use std::collections::BTreeMap;

use super::PRICE_DECIMALS;

/// A minute of the index, cents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bar {
    /// First price.
    pub open: u128,
    /// Highest.
    pub high: u128,
    /// Lowest.
    pub low: u128,
    /// Last.
    pub close: u128,
}

impl Bar {
    /// Its four prices in the order they are played: high first where it closes no higher than it
    /// opened, low first where it rises.
    #[must_use]
    pub fn in_order(&self) -> [u128; 4] {
        let Bar { open, high, low, close } = *self;
        if close <= open { [open, high, low, close] } else { [open, low, high, close] }
    }
}

/// One mark of the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MarkPoint {
    /// When: a quarter of a minute after the one before.
    pub at: Time,
    /// The index.
    pub mark: Price,
}

/// One minute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Minute {
    /// Its place in the day, from 0.
    pub number: u16,
    /// The index.
    pub bar: Bar,
    /// Open, the two extremes, close.
    pub marks: [MarkPoint; 4],
    /// When its depth was observed.
    pub observed_at: Time,
    /// Depth around the minute's close; none if neither side was believed.
    pub depth: Option<BandDepth>,
    /// Why a side was not believed.
    pub refused: Vec<(BookSide, BandRefusal)>,
}

/// A day by the minute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PerpetualPath {
    /// In order, none missing.
    pub minutes: Vec<Minute>,
}

/// What the guard did to the depth of a day.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DepthReport {
    /// Minutes judged.
    pub minutes: u64,
    /// Minutes whose bids were refused.
    pub bids: RefusalCount,
    /// Minutes whose asks were refused.
    pub asks: RefusalCount,
    /// How often each fault, by side and name.
    pub faults: BTreeMap<(String, &'static str), u64>,
    /// Minutes in which one side is the image of the other.
    pub mirrored: u64,
    /// Minutes without depth.
    pub without: u64,
}

/// Minutes in a day.
const MINUTES: usize = 1_440;

/// Seconds in a minute.
const SECONDS: u64 = 60;

/// Widths of the archive's bands, basis points.
const WIDTHS_BPS: [u32; 5] = [100, 200, 300, 400, 500];

const INDEX_COLUMNS: [&str; 5] = ["minute", "open_cents", "high_cents", "low_cents", "close_cents"];

impl PerpetualPath {
    /// Reads bars and depth of a day that starts at `start`, and judges each minute's depth at its
    /// end against its close. Both tables may open with lines that start with `#`.
    ///
    /// # Errors
    /// The first row that is wrong, or a minute that is missing, doubled or out of order.
    pub fn read(
        index: (&str, &str),
        depth: (&str, &str),
        start: Time,
        guard: &BandGuard,
    ) -> Result<PerpetualPath, ScenarioError> {
        let bars = read_bars(index.0, index.1)?;
        let snapshots = read_snapshots(depth.0, depth.1, start)?;
        let minutes = (0u16..)
            .zip(bars.into_iter().zip(&snapshots))
            .map(|(number, (bar, snapshot))| minute(number, bar, snapshot, start, guard))
            .collect();
        Ok(PerpetualPath { minutes })
    }

    /// The first mark, cents.
    #[must_use]
    pub fn first_cents(&self) -> u128 {
        self.minutes.first().map_or(0, |minute| minute.bar.open)
    }

    /// The lowest mark, cents.
    #[must_use]
    pub fn trough_cents(&self) -> u128 {
        self.minutes.iter().map(|minute| minute.bar.low).min().unwrap_or(0)
    }

    /// What the guard refused and what stands in for it.
    #[must_use]
    pub fn depth_report(&self) -> DepthReport {
        let mut report = DepthReport::default();
        for minute in &self.minutes {
            report.minutes += 1;
            for (side, refusal) in &minute.refused {
                match side {
                    BookSide::Bids => report.bids.add(minute.observed_at),
                    BookSide::Asks => report.asks.add(minute.observed_at),
                }
                *report.faults.entry((side.to_string(), refusal.name())).or_default() += 1;
            }
            match &minute.depth {
                None => report.without += 1,
                Some(depth) => report.mirrored += u64::from(depth.mirrored().is_some()),
            }
        }
        report
    }
}

impl DepthReport {
    /// The report in sentences, for the page of a run.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        let minutes = self.minutes;
        let mut sentences = Vec::new();
        for (side, count) in [(BookSide::Bids, &self.bids), (BookSide::Asks, &self.asks)] {
            let (Some(first), Some(last)) = (count.first, count.last) else {
                sentences.push(format!("The {side} were believed in all {minutes} minutes."));
                continue;
            };
            let name = side.to_string();
            let faults: Vec<String> = self
                .faults
                .iter()
                .filter(|((of, _), _)| *of == name)
                .map(|((_, fault), times)| format!("{fault} {times}"))
                .collect();
            sentences.push(format!(
                "The {side} were refused in {} of {minutes} minutes, from {} to {}: {}.",
                count.refused,
                clock(first),
                clock(last),
                faults.join(", ")
            ));
        }
        if self.mirrored > 0 {
            let mirrored = self.mirrored;
            sentences.push(format!(
                "In {mirrored} minutes the refused side is the mirror image of the other."
            ));
        }
        if self.without > 0 {
            sentences.push(format!("In {} minutes there is no depth.", self.without));
        }
        sentences
    }
}

/// As `2025-10-10T15:30:42Z`.
fn clock(at: Time) -> String {
    let nanos = i128::from(at.0);
    jiff::Timestamp::from_nanosecond(nanos).map_or_else(|_| nanos.to_string(), |at| at.to_string())
}

fn minute(
    number: u16,
    bar: Bar,
    snapshot: &BandSnapshot,
    start: Time,
    guard: &BandGuard,
) -> Minute {
    let at = |seconds: u64| start.after((u64::from(number) * SECONDS + seconds) * NANOS);
    let marks = std::array::from_fn(|i| {
        let raw = bar.in_order().get(i).copied().unwrap_or(bar.close);
        MarkPoint { at: at(i as u64 * (SECONDS >> 2)), mark: Price::new(raw, PRICE_DECIMALS) }
    });
    let reference = Price::new(bar.close, PRICE_DECIMALS);
    let judged = guard.judge(snapshot, reference, at(SECONDS));
    let refused = [(BookSide::Bids, &judged.bids), (BookSide::Asks, &judged.asks)]
        .into_iter()
        .filter_map(|(side, found)| found.as_ref().err().map(|refusal| (side, *refusal)))
        .collect();
    let depth = judged.or_mirrored();
    Minute { number, bar, marks, observed_at: snapshot.observed_at, depth, refused }
}

const NANOS: u64 = 1_000_000_000;

fn read_bars(file: &str, text: &str) -> Result<Vec<Bar>, ScenarioError> {
    let table = Table::read(file, &without_preamble(text), &INDEX_COLUMNS)?;
    in_order(&table)?
        .map(|row| {
            let [open, high, low, close] = ["open_cents", "high_cents", "low_cents", "close_cents"]
                .map(|column| row.positive(column, 0));
            let (open, high, low, close) = (open?, high?, low?, close?);
            if low > open.min(close) || high < open.max(close) {
                return Err(row.error(format!(
                    "low_cents {low} and high_cents {high} do not enclose open_cents {open} and \
                     close_cents {close}"
                )));
            }
            Ok(Bar { open, high, low, close })
        })
        .collect()
}

fn read_snapshots(file: &str, text: &str, start: Time) -> Result<Vec<BandSnapshot>, ScenarioError> {
    let columns: Vec<String> = ["bid", "ask"]
        .iter()
        .flat_map(|side| WIDTHS_BPS.iter().map(move |width| format!("{side}_{width}")))
        .flat_map(|band| [format!("{band}_milli"), format!("{band}_cents")])
        .collect();
    let needed: Vec<&str> =
        ["minute", "second"].into_iter().chain(columns.iter().map(String::as_str)).collect();
    let table = Table::read(file, &without_preamble(text), &needed)?;
    (0u64..)
        .zip(in_order(&table)?)
        .map(|(minute, row)| {
            let second = row.raw("second", 0)?;
            let second = u64::try_from(second).ok().filter(|second| *second < SECONDS);
            let Some(second) = second else {
                return Err(
                    row.error(format!("second is {}; expected 0 to 59", row.text("second")))
                );
            };
            let observed_at = start.after((minute * SECONDS + second) * NANOS);
            let bids = bands(row, "bid")?;
            Ok(BandSnapshot { observed_at, bids, asks: bands(row, "ask")? })
        })
        .collect()
}

/// What the row states, right or wrong: that is for the guard to judge.
fn bands(row: &Row, side: &str) -> Result<Vec<Band>, ScenarioError> {
    WIDTHS_BPS
        .iter()
        .map(|width_bps| {
            let quantity = row.raw(&format!("{side}_{width_bps}_milli"), 0)?;
            let value = row.raw(&format!("{side}_{width_bps}_cents"), 0)?;
            Ok(Band { width_bps: *width_bps, quantity, value })
        })
        .collect()
}

/// The rows of a whole day, each minute once and in order.
fn in_order(table: &Table) -> Result<impl Iterator<Item = &Row>, ScenarioError> {
    for (expected, row) in (0u128..).zip(&table.rows) {
        let found = row.raw("minute", 0)?;
        if found != expected {
            return Err(row.error(format!("minute is {found}; expected {expected}")));
        }
    }
    match table.rows.len() {
        MINUTES => Ok(table.rows.iter()),
        found => Err(ScenarioError::Row {
            file: table.file.clone(),
            line: table.rows.last().map_or(0, |row| row.line),
            reason: format!("{found} rows; expected {MINUTES}, one a minute"),
        }),
    }
}
