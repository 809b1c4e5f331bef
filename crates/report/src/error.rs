//! What can go wrong between the input structs and the page.

/// Why a report, chart or table could not be made.
///
/// Nothing is drawn from refused input: a chart that silently drops a value would mislead.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A number that an axis needs is NaN or infinite. Correct the producer of that field.
    #[error("{field} is {value}, but an axis needs a finite number")]
    NotFinite {
        /// Path of the field inside the input, such as `price.points[3].mark`.
        field: String,
        /// The value as it arrived.
        value: f64,
    },
    /// A number is finite but too large for the geometry of a chart (more than 1e100 in size).
    /// The producer most likely mixed up units.
    #[error("{field} is {value:e}, but the largest size that can be drawn is 1e100")]
    TooLarge {
        /// Path of the field inside the input.
        field: String,
        /// The value as it arrived.
        value: f64,
    },
    /// A number that must not be negative is. Correct the sign in the producer.
    #[error("{field} is {value}, but it must be zero or more")]
    Negative {
        /// Path of the field inside the input.
        field: String,
        /// The value as it arrived.
        value: f64,
    },
    /// A text that should be an exact decimal is not one.
    #[error(
        "{value:?} is not an exact decimal: write digits, at most one point and an optional \
         leading minus, such as -1234.50"
    )]
    NotDecimal {
        /// The text as it arrived.
        value: String,
    },
    /// A decimal with more places than this crate prints (255).
    #[error("{value} decimal places were asked for, but at most 255 can be printed")]
    TooManyPlaces {
        /// The number of places asked for.
        value: usize,
    },
    /// A list that must ascend does not. Sort it before handing it over.
    #[error("{field} is {value}, but it must not be less than {previous}, the value before it")]
    OutOfOrder {
        /// Path of the field inside the input.
        field: String,
        /// The value as it arrived.
        value: f64,
        /// The value before it in the list.
        previous: f64,
    },
    /// Two lists that belong together differ in length.
    #[error("{field} has {actual} entries, but {expected} are needed, one for each of {of}")]
    LengthMismatch {
        /// Path of the list inside the input.
        field: String,
        /// How many entries it has.
        actual: usize,
        /// How many entries it should have.
        expected: usize,
        /// The list that it must match.
        of: &'static str,
    },
    /// A position in a list points past its end.
    #[error("{field} is {value}, but it must be less than {limit}")]
    OutOfRange {
        /// Path of the field inside the input.
        field: String,
        /// The value as it arrived.
        value: usize,
        /// The first value that is too large.
        limit: usize,
    },
    /// A hash is not hexadecimal or is shorter than the 16 digits that a chart prints.
    #[error("{field} is {value:?}, but it must be at least 16 hexadecimal digits")]
    NotHash {
        /// Path of the field inside the input.
        field: String,
        /// The text as it arrived.
        value: String,
    },
    /// A bin in the middle of a histogram has no upper edge.
    #[error("{field} is missing, but only the last bin may be open; give its upper edge")]
    OpenBin {
        /// Path of the field inside the input.
        field: String,
    },
    /// A text that names the run is empty.
    #[error("{field} is empty, but every chart prints it, so it must say something")]
    EmptyText {
        /// Path of the field inside the input.
        field: String,
    },
    /// The chart asked for has no data; `why` is the reason the producer gave.
    #[error("the {chart} chart has no data: {why}")]
    Absent {
        /// Name of the chart.
        chart: &'static str,
        /// The reason, as a sentence.
        why: String,
    },
    /// The page template failed to render. This is a fault of this crate; please report it.
    #[error("the page template failed: {0}")]
    Template(#[from] askama::Error),
    /// The CSV could not be written. Check the disk and the permissions of the target.
    #[error("the CSV could not be written: {0}")]
    Csv(#[from] csv::Error),
    /// The CSV could not be flushed. Check the disk and the permissions of the target.
    #[error("the CSV could not be written out: {0}")]
    Io(#[from] std::io::Error),
}
