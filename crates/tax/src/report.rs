//! What a profile results in: tables that become forms, elections, assumptions.

use crate::election::Stands;
use breakwater_accounting::{Quantity, Value};
use serde::Serialize;

/// Printed with every result.
pub const NOTICE: &str = "A calculation aid, not advice. It computes no tax due and files nothing.";

/// A column of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Column {
    /// Name in CSV.
    pub key: &'static str,
    /// Name on a page.
    pub name: &'static str,
    /// Whether its cells are exact decimals.
    pub numeric: bool,
}

/// A table that becomes a file and a part of a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Table {
    /// Name of the file, without its ending.
    pub name: &'static str,
    /// Title on a page.
    pub title: String,
    /// What it holds, in a sentence.
    pub note: String,
    /// Columns.
    pub columns: Vec<Column>,
    /// One cell a column.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows. Columns are written `key:Name`, with `#` before a numeric one.
    #[must_use]
    pub fn new(name: &'static str, title: &str, note: &str, columns: &[&'static str]) -> Self {
        let column = |text: &&'static str| {
            let numeric = text.starts_with('#');
            let text = text.trim_start_matches('#');
            let (key, name) = text.split_once(':').unwrap_or((text, text));
            Column { key, name, numeric }
        };
        Table {
            name,
            title: title.to_owned(),
            note: note.to_owned(),
            columns: columns.iter().map(column).collect(),
            rows: Vec::new(),
        }
    }
}

/// A figure of the headline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Figure {
    /// What it is.
    pub label: String,
    /// An exact decimal in the currency of the report.
    pub value: String,
}

/// An uncertain point that this holder's events hit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hit {
    /// The election that answers it.
    pub election: String,
    /// The choice in force.
    pub choice: String,
    /// How many events it decides.
    pub events: u64,
}

/// Proof that accounts close.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Closing {
    /// What is compared.
    pub what: String,
    /// One side.
    pub left: String,
    /// The other side.
    pub right: String,
}

/// The result of a profile for one year.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Profile.
    pub profile: &'static str,
    /// Its name in words.
    pub jurisdiction: &'static str,
    /// The tax year as the jurisdiction writes it.
    pub year: String,
    /// First and last date of the year.
    pub period: (String, String),
    /// Currency of every value.
    pub currency: String,
    /// [`NOTICE`].
    pub notice: &'static str,
    /// Headline.
    pub figures: Vec<Figure>,
    /// Tables, the forms first.
    pub tables: Vec<Table>,
    /// Elections in force, made or by default.
    pub elections: Vec<Stands>,
    /// Uncertain points that the year's events hit.
    pub uncertain: Vec<Hit>,
    /// What had to be assumed.
    pub assumptions: Vec<String>,
    /// Sums that close.
    pub closing: Vec<Closing>,
}

impl Report {
    /// A table by its name.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == name)
    }

    /// A figure by its label.
    #[must_use]
    pub fn figure(&self, label: &str) -> Option<&str> {
        self.figures.iter().find(|figure| figure.label == label).map(|figure| &*figure.value)
    }
}

/// A figure.
#[must_use]
pub fn figure(label: impl Into<String>, value: Value) -> Figure {
    Figure { label: label.into(), value: value.to_string() }
}

/// What is disposed of, as a form describes it.
#[must_use]
pub fn described(quantity: Quantity, asset: &str) -> String {
    format!("{quantity} {asset}")
}

/// Names of every table that a profile may have.
pub const TABLES: [&str; 18] = [
    "form-8949",
    "schedule-d",
    "form-6781",
    "income",
    "ordinary-funding",
    "expenses",
    "waived",
    "wash-sales",
    "given",
    "contracts",
    "lots-left",
    "matches",
    "pools",
    "derivatives",
    "sales",
    "cost-base-left",
    "disposals",
    "years",
];
