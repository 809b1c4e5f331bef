//! Reading the small CSV tables: every refusal names file, line, field and value.

use crate::ScenarioError;
use breakwater_money::decimal;
use std::collections::BTreeMap;

pub(crate) struct Table {
    pub file: String,
    pub rows: Vec<Row>,
}

pub(crate) struct Row {
    file: String,
    pub line: u64,
    fields: BTreeMap<String, String>,
}

/// Largest exponent a rounded number may carry.
const EXPONENT_MAX: i32 = 40;

/// Most rows a table may have: a book of a million accounts with three positions each.
const ROWS_MAX: usize = 4_000_000;

/// Columns of an index by the minute.
const MINUTE: &str = "minute";
const CLOSE: &str = "close_cents";

/// Closes of an index by the minute, cents, from the first minute to the last: every minute once, in
/// order. Lines that tell where the table is from may stand before it.
pub(crate) fn closes(
    file: &str,
    text: &str,
    (from, to): (u32, u32),
) -> Result<Vec<u64>, ScenarioError> {
    let table = Table::read(file, &without_preamble(text), &[MINUTE, CLOSE])?;
    let mut path = Vec::new();
    for row in &table.rows {
        let minute = row.raw(MINUTE, 0)?;
        if minute < u128::from(from) || minute > u128::from(to) {
            continue;
        }
        let next = u128::from(from) + path.len() as u128;
        if minute != next {
            return Err(row.error(format!("{MINUTE} {minute}: {next} comes next")));
        }
        // A float holds it exactly, for those who draw or price with it.
        let cents = u64::try_from(row.positive(CLOSE, 0)?).ok().filter(|cents| *cents < 1 << 53);
        path.push(cents.ok_or_else(|| row.error(format!("{CLOSE}: below 2^53 is right")))?);
    }
    let wanted = to.saturating_sub(from) as usize + 1;
    if path.len() < wanted {
        let reason = format!("{to}: {file} has {} of {wanted} minutes from {from}", path.len());
        return Err(ScenarioError::setting("market.to_minute", reason));
    }
    Ok(path)
}

/// The text with its leading `#` lines blank, so that line numbers stay what they are.
pub(crate) fn without_preamble(text: &str) -> String {
    let mut preamble = true;
    let lines = text.split_inclusive('\n').map(|line| {
        preamble &= line.starts_with('#');
        if preamble { "\n" } else { line }
    });
    lines.collect()
}

impl Table {
    /// Reads a table whose header has at least the `needed` columns, each once.
    pub(crate) fn read(file: &str, text: &str, needed: &[&str]) -> Result<Table, ScenarioError> {
        let fail =
            |line: u64, reason: String| ScenarioError::Row { file: file.to_owned(), line, reason };
        let mut reader = csv::ReaderBuilder::new().flexible(false).from_reader(text.as_bytes());
        let header: Vec<String> = match reader.headers() {
            Ok(header) => header.iter().map(str::to_owned).collect(),
            Err(error) => return Err(fail(1, error.to_string())),
        };
        for column in needed {
            match header.iter().filter(|name| name == column).count() {
                1 => {}
                0 => return Err(fail(1, format!("no column '{column}'; found {header:?}"))),
                many => return Err(fail(1, format!("column '{column}' stands {many} times"))),
            }
        }
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|error| {
                let line = error.position().map_or(0, csv::Position::line);
                fail(line, format!("not a row of {} fields: {error}", header.len()))
            })?;
            let line = record.position().map_or(0, csv::Position::line);
            if rows.len() >= ROWS_MAX {
                return Err(fail(line, format!("more than {ROWS_MAX} rows")));
            }
            let fields = header.iter().cloned().zip(record.iter().map(str::to_owned)).collect();
            rows.push(Row { file: file.to_owned(), line, fields });
        }
        if rows.is_empty() {
            return Err(fail(2, "no rows; expected at least one".to_owned()));
        }
        Ok(Table { file: file.to_owned(), rows })
    }
}

impl Row {
    pub(crate) fn text(&self, column: &str) -> &str {
        self.fields.get(column).map_or("", |text| text.trim())
    }

    pub(crate) fn has(&self, column: &str) -> bool {
        self.fields.contains_key(column)
    }

    pub(crate) fn error(&self, reason: impl Into<String>) -> ScenarioError {
        ScenarioError::Row { file: self.file.clone(), line: self.line, reason: reason.into() }
    }

    /// A number of zero or more at `decimals`.
    pub(crate) fn raw(&self, column: &str, decimals: u8) -> Result<u128, ScenarioError> {
        decimal::parse_raw(self.text(column), decimals)
            .map_err(|error| self.error(format!("{column}: {error}")))
    }

    /// A number above zero at `decimals`.
    pub(crate) fn positive(&self, column: &str, decimals: u8) -> Result<u128, ScenarioError> {
        match self.raw(column, decimals)? {
            0 => Err(self.error(format!("{column} is {}; expected above zero", self.text(column)))),
            raw => Ok(raw),
        }
    }

    /// A number of zero or more with as many digits as it likes, rounded to `decimals`.
    pub(crate) fn rounded(
        &self,
        column: &str,
        decimals: u8,
        rounding: breakwater_money::Rounding,
    ) -> Result<u128, ScenarioError> {
        let wrong = |error: String| self.error(format!("{column}: {error}"));
        // Tables written by numerical programs put small numbers as 9.28e-07.
        let (digits, exponent) = match self.text(column).split_once(['e', 'E']) {
            None => (self.text(column), 0i32),
            Some((digits, exponent)) => match exponent.parse::<i32>() {
                Ok(exponent) if exponent.abs() <= EXPONENT_MAX => (digits, exponent),
                _ => {
                    let text = self.text(column);
                    let limit = EXPONENT_MAX;
                    return Err(wrong(format!(
                        "'{text}': the exponent must be -{limit} to {limit}"
                    )));
                }
            },
        };
        let parsed = decimal::Decimal::parse(digits).map_err(|error| wrong(error.to_string()))?;
        let ten = breakwater_money::Rational::from_integer(10.into());
        let exact = breakwater_money::rational::from_decimal(parsed) * ten.pow(exponent);
        breakwater_money::rational::to_raw(&exact, decimals, rounding)
            .map_err(|error| self.error(format!("{column} is {}: {error}", self.text(column))))
    }

    pub(crate) fn bps(&self, column: &str) -> Result<u16, ScenarioError> {
        let raw = self.raw(column, 0)?;
        match u16::try_from(raw) {
            Ok(bps) if bps <= 10_000 => Ok(bps),
            _ => Err(self.error(format!("{column} is {raw}; expected 0 to 10000 basis points"))),
        }
    }
}
