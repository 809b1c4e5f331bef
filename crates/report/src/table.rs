//! Tables: the same data as a chart, for the page and for CSV.

use crate::decimal::Decimal;
use crate::number::{full, grouped};

/// One cell.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// Words.
    Text(String),
    /// A number that only places ink.
    Number(f64),
    /// A number that is printed digit for digit.
    Exact(Decimal),
    /// A whole number.
    Whole(u64),
    /// Nothing known.
    Nothing,
}

impl Value {
    pub(crate) fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    pub(crate) fn exact(value: &Option<Decimal>) -> Self {
        value.clone().map_or(Self::Nothing, Self::Exact)
    }

    /// As a reader sees it.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(value) => full(*value),
            Self::Exact(value) => grouped(value.as_str()),
            Self::Whole(value) => grouped(&value.to_string()),
            Self::Nothing => "\u{2013}".to_owned(),
        }
    }
}

/// One column.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Column {
    /// Name in CSV, snake case with its unit.
    pub(crate) key: String,
    /// Name on the page.
    pub(crate) name: String,
    /// Whether its cells align as numbers.
    pub(crate) numeric: bool,
}

impl Column {
    pub(crate) fn words(key: &str, name: &str) -> Self {
        Self { key: key.to_owned(), name: name.to_owned(), numeric: false }
    }

    pub(crate) fn number(key: &str, name: &str) -> Self {
        Self { key: key.to_owned(), name: name.to_owned(), numeric: true }
    }
}

/// Columns and rows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Table {
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<Vec<Value>>,
}
