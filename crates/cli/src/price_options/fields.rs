//! Texts of one option by their names, and where they stand, so that each refusal can say it.

use crate::failure::Failure;
use std::collections::BTreeMap;

/// Every column that a book may have.
pub const COLUMNS: [&str; 17] = [
    "id",
    "underlying",
    "kind",
    "forward",
    "spot",
    "strike",
    "years",
    "expiry",
    "volatility",
    "rate",
    "dividend_yield",
    "style",
    "settlement",
    "quantity",
    "price",
    "bid",
    "ask",
];

/// The texts of one option.
#[derive(Debug, Clone)]
pub struct Fields {
    /// File and line; none for flags.
    place: Option<(String, u64)>,
    texts: BTreeMap<&'static str, String>,
}

impl Fields {
    /// Fields from flags.
    pub fn of_flags(stated: &[(&'static str, &str)]) -> Self {
        let texts = stated.iter().map(|(name, text)| (*name, (*text).to_owned())).collect();
        Fields { place: None, texts }
    }

    /// A field's text, if it is stated.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.texts.get(name).map(String::as_str)
    }

    /// The line of the file that they stand on; 0 for flags.
    pub fn line(&self) -> u64 {
        self.place.as_ref().map_or(0, |(_, line)| *line)
    }

    /// A refusal: the field, its text, what would be right.
    pub fn wrong(&self, name: &str, right: &str) -> Failure {
        let found = self.text(name).map_or("missing".to_owned(), |text| format!("'{text}'"));
        match &self.place {
            Some(_) => self.refused(&format!("{name} is {found}: expected {right}")),
            None => {
                let flag = name.replace('_', "-");
                Failure::Usage(format!("--{flag} is {found}: expected {right}"))
            }
        }
    }

    /// A refusal in words that name the field themselves.
    pub fn refused(&self, why: &str) -> Failure {
        match &self.place {
            Some((file, line)) => Failure::Data(format!("{file} line {line}: {why}")),
            None => Failure::Usage(why.to_owned()),
        }
    }

    /// A finite number.
    pub fn number(&self, name: &str) -> Result<Option<f64>, Failure> {
        let right = "a number, such as 0.5";
        self.text(name).map(|text| read(text).ok_or_else(|| self.wrong(name, right))).transpose()
    }

    /// A share, which may be stated in percent.
    pub fn share(&self, name: &str) -> Result<Option<f64>, Failure> {
        let right = "a number, such as 0.65 or 65%";
        let parse = |text: &str| match text.strip_suffix('%') {
            Some(percent) => read(percent.trim_end()).map(|value| value / 100.0),
            None => read(text),
        };
        self.text(name).map(|text| parse(text).ok_or_else(|| self.wrong(name, right))).transpose()
    }

    /// One of some words, the first if none is stated.
    pub fn word<T: Copy>(&self, name: &str, words: &[(&str, T)]) -> Result<T, Failure> {
        let text = self.text(name);
        let found = match text {
            None => words.first(),
            Some(text) => words.iter().find(|(word, _)| *word == text),
        };
        let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        found.map(|(_, value)| *value).ok_or_else(|| self.wrong(name, &names.join(" or ")))
    }
}

/// A decimal, with or without an exponent; nothing that is not finite.
fn read(text: &str) -> Option<f64> {
    let plain =
        |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+' | b'e' | b'E');
    let decimal = !text.is_empty() && text.bytes().all(plain);
    let value: f64 = text.parse().ok().filter(|_| decimal)?;
    value.is_finite().then_some(value)
}

/// Most options in a book: beyond, a wrong file is likelier.
const ROWS_MAX: usize = 1_000_000;

/// The options of a book; `defaults` stand for columns that a row leaves empty.
pub fn of_book(
    name: &str,
    text: &str,
    defaults: &[(&'static str, &str)],
) -> Result<Vec<Fields>, Failure> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .comment(Some(b'#'))
        .flexible(true)
        .from_reader(text.as_bytes());
    let unreadable = |error: &csv::Error| Failure::Data(format!("{name}: {error}"));
    let header = reader.headers().map_err(|error| unreadable(&error))?.clone();
    let columns = columns(name, &header)?;
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| unreadable(&error))?;
        let line = record.position().map_or(0, csv::Position::line);
        let mut fields =
            Fields { place: Some((name.to_owned(), line)), ..Fields::of_flags(defaults) };
        if record.len() != columns.len() {
            let why = format!("{} fields, expected {}", record.len(), columns.len());
            return Err(fields.refused(&why));
        }
        let stated = columns.iter().zip(&record).filter(|(_, text)| !text.is_empty());
        fields.texts.extend(stated.map(|(column, text)| (*column, text.to_owned())));
        rows.push(fields);
        if rows.len() > ROWS_MAX {
            return Err(Failure::Data(format!("{name}: more than {ROWS_MAX} options")));
        }
    }
    if rows.is_empty() {
        return Err(Failure::Data(format!("{name}: no option in it, expected at least one row")));
    }
    Ok(rows)
}

fn columns(name: &str, header: &csv::StringRecord) -> Result<Vec<&'static str>, Failure> {
    let mut columns: Vec<&'static str> = Vec::new();
    for text in header {
        let known = COLUMNS.iter().find(|column| **column == text);
        let Some(column) = known.filter(|column| !columns.contains(column)) else {
            let what = if known.is_some() { "stated twice" } else { "no column of a book" };
            let all = COLUMNS.join(", ");
            return Err(Failure::Data(format!(
                "{name} line 1: '{text}' is {what}: expected {all}"
            )));
        };
        columns.push(*column);
    }
    Ok(columns)
}
