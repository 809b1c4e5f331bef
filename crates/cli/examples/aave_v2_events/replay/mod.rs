//! The replay, apart from the program: `tests/aave_v2_events.rs` runs it on made-up rows.

pub mod events;
pub mod incentives;
pub mod judge;
pub mod neighbours;
pub mod seizure;
mod text;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use breakwater_money::U256;
use breakwater_money::decimal::Decimal;
use breakwater_money::rational::{Rational, from_decimal};
use flate2::read::GzDecoder;

use events::{AssetKey, Event, Reserve, Vintage, read_events, read_reserves};
use incentives::{Incentives, Table};

/// Names of the two files in the folder.
pub const FILES: [&str; 2] = ["liquidations.csv.gz", "reserves.csv.gz"];

/// Largest file read once unpacked, 256 MiB: beyond, a wrong file is likelier than this one.
const BYTES_MAX: u64 = 256 << 20;

/// The shipped table of incentives.
pub const TABLE: &str = include_str!("../../../../../rulebooks/history/aave-v2-incentives.toml");

/// Why the replay stopped.
#[derive(Debug, thiserror::Error)]
pub enum EventsError {
    /// A file cannot be read or the output not written: look at the path and its rights.
    #[error("{what}: {source}")]
    Disk {
        /// The path, or what was being done.
        what: String,
        /// What the operating system says.
        source: io::Error,
    },
    /// A column is not in the heading: the file is another one, or of another version.
    #[error("{file}: no column '{column}'; found {found}")]
    Column {
        /// The file.
        file: String,
        /// The column.
        column: &'static str,
        /// What the heading has.
        found: String,
    },
    /// A row is no row: a wrong number of fields, an open quote, bytes that are not UTF-8.
    #[error("{file}: {reason}")]
    Row {
        /// The file.
        file: String,
        /// The reader's sentence, which names the line.
        reason: String,
    },
    /// A field is not what its column says: correct the row.
    #[error("{file}, line {line}, field {field}: '{value}': {reason}")]
    Field {
        /// The file.
        file: String,
        /// Line, counted from 1, the heading included.
        line: u64,
        /// The column.
        field: &'static str,
        /// What stands there, its first sixty characters.
        value: String,
        /// What would be right.
        reason: String,
    },
    /// The table of incentives is not one: correct the file.
    #[error("table of incentives: {0}")]
    Table(String),
    /// A product of the rule beyond 256 bits: amounts or prices are absurd.
    #[error("the rule cannot be computed: {0}")]
    Money(#[from] breakwater_money::MoneyError),
}

/// How far `value` lies from `reference`, relative to the latter, which is above zero.
#[must_use]
pub fn deviation(value: &Rational, reference: &Rational) -> Rational {
    let difference = if value > reference { value - reference } else { reference - value };
    difference / reference
}

/// A whole number of smallest units as a fraction.
#[must_use]
pub fn exact(units: U256) -> Rational {
    from_decimal(Decimal { negative: false, digits: units, decimals: 0 })
}

/// Whether the folder has both files.
#[must_use]
pub fn is_present(folder: &Path) -> bool {
    FILES.iter().all(|name| folder.join(name).is_file())
}

/// What the two files hold.
pub struct Data {
    /// Events by time.
    pub events: Vec<Event>,
    /// Reserves of the snapshot and those the table adds.
    pub reserves: BTreeMap<AssetKey, Reserve>,
}

/// Reads both files of a folder.
///
/// # Errors
/// A file that cannot be read, or a row that cannot be used.
pub fn load(folder: &Path, table: &Table) -> Result<Data, EventsError> {
    let [events_name, reserves_name] = FILES;
    let unpacked = |name: &str| {
        let path = folder.join(name);
        let file = File::open(&path)
            .map_err(|source| EventsError::Disk { what: path.display().to_string(), source })?;
        Ok::<_, EventsError>(GzDecoder::new(file).take(BYTES_MAX))
    };
    let mut reserves = read_reserves(reserves_name, unpacked(reserves_name)?)?;
    for (key, reserve) in &table.outside_snapshot {
        reserves.entry(key.clone()).or_insert(*reserve);
    }
    let events = read_events(events_name, unpacked(events_name)?, &reserves)?;
    Ok(Data { events, reserves })
}

/// The priced events that incentives may be fitted on, even months or odd ones or both.
pub fn fit(events: &[Event], table: &Table, months: impl Fn(bool) -> bool) -> Incentives {
    Incentives::fit(events.iter().filter(|event| {
        event.vintage == Vintage::Priced
            && months(event.month_is_even())
            && judge::is_clean(event, &table.wrong_feeds)
    }))
}

/// Replays the folder by the table and prints what came out.
///
/// # Errors
/// As [`load`]; or the output cannot be written.
pub fn run(folder: &Path, table: &Table, out: &mut dyn Write) -> Result<(), EventsError> {
    let data = load(folder, table)?;
    text::print(&data, table, out)
}

/// Prints the rows of the table as a fit on the even months of the folder gives them.
///
/// # Errors
/// As [`run`].
pub fn print_fit(folder: &Path, table: &Table, out: &mut dyn Write) -> Result<(), EventsError> {
    let data = load(folder, table)?;
    let rows = fit(&data.events, table, |even| even).to_toml();
    out.write_all(rows.as_bytes())
        .map_err(|source| EventsError::Disk { what: "output".to_owned(), source })
}
