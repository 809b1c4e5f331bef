//! A row and what may be wrong with it.

use std::collections::BTreeMap;

/// One row: its line, counted from 1, and its cells by column.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Record {
    /// Line of the file.
    pub line: u64,
    fields: BTreeMap<String, String>,
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {column} is `{found}`: {right} is right")]
pub struct ImportError {
    /// Line of the file.
    pub line: u64,
    /// Column.
    pub column: String,
    /// What stands there.
    pub found: String,
    /// What would be right.
    pub right: String,
}

impl Record {
    /// A row without cells.
    #[must_use]
    pub fn new(line: u64) -> Self {
        Record { line, fields: BTreeMap::new() }
    }

    /// With one more cell; blanks at its ends do not count, and an empty one is none.
    #[must_use]
    pub fn with(mut self, column: &str, cell: impl AsRef<str>) -> Self {
        self.set(column, cell);
        self
    }

    /// Sets a cell.
    pub fn set(&mut self, column: &str, cell: impl AsRef<str>) {
        let cell = cell.as_ref().trim();
        if !cell.is_empty() {
            self.fields.insert(column.to_owned(), cell.to_owned());
        }
    }

    /// A cell that is not empty.
    #[must_use]
    pub fn get(&self, column: &str) -> Option<&str> {
        self.fields.get(column).map(String::as_str)
    }

    /// A cell that must not be empty.
    ///
    /// # Errors
    /// It is.
    pub fn need(&self, column: &str, right: &str) -> Result<&str, ImportError> {
        self.get(column).ok_or_else(|| self.wrong(column, "", right))
    }

    /// The error of a cell.
    #[must_use]
    pub fn wrong(&self, column: &str, found: &str, right: &str) -> ImportError {
        ImportError {
            line: self.line,
            column: column.to_owned(),
            found: found.chars().take(60).collect(),
            right: right.to_owned(),
        }
    }

    /// All cells as one text: equal for rows that say the same.
    #[must_use]
    pub fn content(&self) -> String {
        let mut text = String::new();
        for (column, cell) in &self.fields {
            text.push_str(column);
            text.push('\u{1f}');
            text.push_str(cell);
            text.push('\u{1e}');
        }
        text
    }

    /// Columns that are set.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.fields.keys().map(String::as_str)
    }
}
