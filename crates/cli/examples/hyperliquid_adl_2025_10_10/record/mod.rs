//! The reading of the record, apart from the program: `tests/hyperliquid_adl.rs` runs it on rows of its
//! own, and on the record where it is present.

pub mod fills;
pub mod table;
pub mod waves;

use std::io::{self, Write};
use std::path::Path;

use fills::Fill;
use table::Table;
use waves::{Shock, Wave};

/// Names of the files that are read.
pub const FILES: [&str; 6] = [
    "adl_rows_high_leverage.csv.gz",
    "adl_by_coin.csv.gz",
    "adl_by_user.csv.gz",
    "wave_coin_price_gap.csv.gz",
    "two_pass_by_wave_h0.csv.gz",
    "queue_shocks.csv.gz",
];

/// Why the record could not be read.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
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
    #[error("{file}, line {line}, field {field}: '{value}': expected {right}")]
    Field {
        /// The file.
        file: String,
        /// Line, counted from 1, the heading included.
        line: usize,
        /// The column.
        field: &'static str,
        /// What stands there, its first sixty characters.
        value: String,
        /// What would be right.
        right: &'static str,
    },
    /// Tables that should tell the same do not: one of them is of another version.
    #[error("{0}")]
    Disagree(String),
}

/// Whether the folder has every file.
#[must_use]
pub fn is_present(folder: &Path) -> bool {
    FILES.iter().all(|name| folder.join(name).is_file())
}

/// Reads the folder and prints what came out.
///
/// # Errors
/// A file that cannot be read, a row that cannot be used, sums that do not agree; or the output cannot
/// be written.
pub fn run(folder: &Path, out: &mut dyn Write) -> Result<(), RecordError> {
    let [fill_rows, by_coin, by_user, gaps, two_pass, shocks] =
        FILES.map(|name| Table::open(folder, name));
    let fills = Fill::read_all(&fill_rows?)?;
    let identities = fills::identities(&fills);
    let sums =
        [fills::Sums::of(&by_coin?, "num_events")?, fills::Sums::of(&by_user?, "num_adl_events")?];
    let waves = Wave::read_all(&two_pass?, &gaps?)?;
    let shocks = Shock::read_all(&shocks?)?;
    let mut text = fills::describe(fills.len(), &identities, &sums)?;
    text += &waves::describe(&waves)?;
    text += &waves::describe_shocks(&shocks)?;
    out.write_all(text.as_bytes())
        .map_err(|source| RecordError::Disk { what: "output".to_owned(), source })
}
