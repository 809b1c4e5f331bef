//! Packed tables, read as text, with numbers as the decimals they are written as.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use breakwater_money::rational::{self, Rational};
use breakwater_money::{Decimal, Rounding};
use flate2::read::GzDecoder;

use super::RecordError;

/// Largest file read once unpacked, 256 MiB: beyond, a wrong file is likelier than this one.
const BYTES_MAX: u64 = 256 << 20;

/// Largest exponent of a number that is read.
const EXPONENT_MAX: u32 = 400;

/// A table with its heading.
pub struct Table {
    name: String,
    heading: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// A row of a table.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    table: &'a Table,
    line: usize,
    cells: &'a [String],
}

impl Table {
    /// Opens a packed table of the folder.
    ///
    /// # Errors
    /// The file cannot be read, or is no table.
    pub fn open(folder: &Path, name: &str) -> Result<Table, RecordError> {
        let path = folder.join(name);
        let file = File::open(&path)
            .map_err(|source| RecordError::Disk { what: path.display().to_string(), source })?;
        Table::read(name, GzDecoder::new(file).take(BYTES_MAX))
    }

    /// Reads a table that is not packed.
    ///
    /// # Errors
    /// It is no table.
    pub fn read(name: &str, from: impl Read) -> Result<Table, RecordError> {
        let mut reader = csv::Reader::from_reader(from);
        let row = |error: csv::Error| RecordError::Row {
            file: name.to_owned(),
            reason: error.to_string(),
        };
        let cells = |record: &csv::StringRecord| record.iter().map(str::to_owned).collect();
        let heading = cells(reader.headers().map_err(row)?);
        let rows: Result<Vec<Vec<String>>, RecordError> =
            reader.records().map(|record| record.map(|r| cells(&r)).map_err(row)).collect();
        Ok(Table { name: name.to_owned(), heading, rows: rows? })
    }

    /// The rows below the heading.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        (2..).zip(&self.rows).map(|(line, cells)| Row { table: self, line, cells })
    }
}

impl<'a> Row<'a> {
    /// The text in a column.
    ///
    /// # Errors
    /// The table has no such column.
    pub fn text(&self, column: &'static str) -> Result<&'a str, RecordError> {
        let at = self.table.heading.iter().position(|name| name == column);
        at.and_then(|at| self.cells.get(at)).map(String::as_str).ok_or_else(|| {
            RecordError::Column {
                file: self.table.name.clone(),
                column,
                found: self.table.heading.join(", "),
            }
        })
    }

    /// The number in a column.
    ///
    /// # Errors
    /// No such column, or no number.
    pub fn number(&self, column: &'static str) -> Result<Rational, RecordError> {
        number(self.text(column)?).ok_or_else(|| self.wrong(column, "a number"))
    }

    /// The whole number in a column.
    ///
    /// # Errors
    /// No such column, or no whole number of 64 bits.
    pub fn count(&self, column: &'static str) -> Result<u64, RecordError> {
        self.text(column)?.parse().map_err(|_| self.wrong(column, "a whole number"))
    }

    /// The flag in a column.
    ///
    /// # Errors
    /// No such column, or neither true nor false.
    pub fn flag(&self, column: &'static str) -> Result<bool, RecordError> {
        match self.text(column)? {
            "True" | "true" => Ok(true),
            "False" | "false" => Ok(false),
            _ => Err(self.wrong(column, "True or False")),
        }
    }

    /// A refusal of what stands in a column.
    pub fn wrong(&self, column: &'static str, right: &'static str) -> RecordError {
        let value = self.text(column).unwrap_or_default().chars().take(60).collect();
        let file = self.table.name.clone();
        RecordError::Field { file, line: self.line, field: column, value, right }
    }
}

/// A decimal, with an exponent if it has one.
#[must_use]
pub fn number(text: &str) -> Option<Rational> {
    let (digits, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let exponent: i32 = exponent.parse().ok()?;
    let value = rational::from_decimal(Decimal::parse(digits).ok()?);
    (exponent.unsigned_abs() <= EXPONENT_MAX)
        .then(|| value * rational::from_raw(10, 0).pow(exponent))
}

/// Zero.
#[must_use]
pub fn zero() -> Rational {
    rational::from_raw(0, 0)
}

/// The size of a number.
#[must_use]
pub fn size(value: &Rational) -> Rational {
    if *value < zero() { -value } else { value.clone() }
}

/// How far `found` lies from `expected`, relative to the latter; to one where that is zero.
#[must_use]
pub fn deviation(found: &Rational, expected: &Rational) -> Rational {
    let apart = size(&(found - expected));
    if *expected == zero() { apart } else { apart / size(expected) }
}

/// Millionths of a dollar, nearest; nothing for what is below zero.
#[must_use]
pub fn micros(value: &Rational) -> u128 {
    rational::to_raw(value, 6, Rounding::HalfUp).unwrap_or(0)
}

/// Whole dollars with groups of three, the sign before.
#[must_use]
pub fn dollars(value: &Rational) -> String {
    let whole = rational::to_raw(&size(value), 0, Rounding::HalfUp).unwrap_or(u128::MAX);
    let digits = whole.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if *value < zero() && whole > 0 { format!("-{text}") } else { text }
}
