//! Files of exchanges and of chains, made into rows of the one shape that is imported.

mod aave;
mod binance;
mod bybit;
mod deribit;
#[cfg(test)]
mod tests;

use super::arguments::{Copies, MissingValue, Shape, Tax};
use crate::failure::Failure;
use breakwater_accounting::import::{
    Duplicates, ImportError, Imported, Importer, Prices, Record, Rules, Stated, instant,
};
use breakwater_simulate::scenario::read_file;
use std::path::Path;

/// Rows of a file, with its columns.
struct Rows {
    columns: Vec<String>,
    records: Vec<Record>,
}

/// Turns rows of one shape into rows of the generic one.
trait Shaped {
    /// Rows of the generic shape that a row becomes.
    fn rows(&mut self, row: &Record) -> Result<Vec<Record>, ImportError>;

    /// What had to be assumed, in words.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }
}

struct Generic;

impl Shaped for Generic {
    fn rows(&mut self, row: &Record) -> Result<Vec<Record>, ImportError> {
        Ok(vec![row.clone()])
    }
}

/// Columns that rows of the generic shape may have.
const COLUMNS: [&str; 25] = [
    "id",
    "time",
    "kind",
    "account",
    "asset",
    "quantity",
    "value",
    "price",
    "fee",
    "fee_asset",
    "market",
    "to",
    "received",
    "lots",
    "acquired",
    "contract",
    "venue",
    "form",
    "size",
    "settle",
    "settle_price",
    "accrued",
    "note",
    "value_asset",
    "value_quantity",
];

/// Entries of a CSV file.
pub fn read(asked: &Tax, currency: &str) -> Result<Imported, Failure> {
    let name = asked.file.display().to_string();
    let rows = rows_of(&asked.file)?;
    let shape = match asked.format {
        Shape::Auto => detect(&name, &rows.columns)?,
        stated => stated,
    };
    let mut shaped: Box<dyn Shaped> = match shape {
        Shape::Auto | Shape::Generic => {
            if let Some(strange) = rows.columns.iter().find(|c| !COLUMNS.contains(&c.as_str())) {
                return Err(Failure::Data(format!(
                    "{name}: column `{strange}` is unknown: {} are right",
                    COLUMNS.join(", ")
                )));
            }
            Box::new(Generic)
        }
        Shape::BinanceSpot => Box::new(binance::Spot),
        Shape::BinanceFutures => Box::new(binance::Futures),
        Shape::Bybit => Box::new(bybit::Log),
        Shape::Deribit => Box::new(deribit::Log),
        Shape::Aave => Box::new(aave::Events::new(asked.user.clone())),
    };
    let wrong = |error: ImportError| Failure::Data(format!("{name}: {error}"));
    let mut importer = Importer::new(rules(asked, currency)?, prices(asked)?);
    for row in &rows.records {
        for generic in shaped.rows(row).map_err(wrong)? {
            importer.take(&generic).map_err(wrong)?;
        }
    }
    let mut imported = importer.finish();
    imported.notes.extend(shaped.notes());
    if imported.entries.is_empty() {
        return Err(Failure::Data(format!("{name}: no row of it tells of this holder")));
    }
    Ok(imported)
}

fn rules(asked: &Tax, currency: &str) -> Result<Rules, Failure> {
    let mut rules = Rules::strict(currency);
    rules.cash.extend(asked.cash.iter().cloned());
    rules.zone_minutes = match asked.time_zone.as_deref() {
        None => None,
        Some(zone) => Some(zone_minutes(zone).ok_or_else(|| {
            Failure::Usage(format!("--time-zone is `{zone}`: utc or one like +02:00 is right"))
        })?),
    };
    rules.duplicates = match asked.duplicates {
        Copies::Refuse => Duplicates::Refuse,
        Copies::Skip => Duplicates::Skip,
        Copies::Keep => Duplicates::Keep,
    };
    if !asked.assets.is_empty() {
        rules.assets = Some(asked.assets.iter().cloned().collect());
    }
    rules.skip_unknown_assets = asked.skip_unknown_assets;
    rules.pledged = asked.pledged.clone();
    rules.zero_for_missing_value = asked.missing_value == MissingValue::Zero;
    Ok(rules)
}

fn zone_minutes(text: &str) -> Option<i32> {
    if text.eq_ignore_ascii_case("utc") {
        return Some(0);
    }
    // The zone of a known instant is read by the reader of times.
    match instant(&format!("2000-01-02T00:00:00{text}"))? {
        Stated::Utc(at) if text.starts_with(['+', '-']) => {
            let midnight = 946_771_200_i64;
            let seconds = i64::try_from(at.0 / 1_000_000_000).ok()?;
            i32::try_from((midnight - seconds) / 60).ok()
        }
        _ => None,
    }
}

fn prices(asked: &Tax) -> Result<Prices, Failure> {
    let mut prices = Prices::new();
    if let Some(path) = &asked.prices {
        for row in rows_of(path)?.records {
            prices
                .take(&row)
                .map_err(|error| Failure::Data(format!("{}: {error}", path.display())))?;
        }
    }
    Ok(prices)
}

/// Which shape has these columns.
fn detect(name: &str, columns: &[String]) -> Result<Shape, Failure> {
    let has = |wanted: &[&str]| wanted.iter().all(|column| columns.iter().any(|c| c == column));
    Ok(if has(&["time", "kind"]) {
        Shape::Generic
    } else if has(binance::SPOT) {
        Shape::BinanceSpot
    } else if has(binance::FUTURES) {
        Shape::BinanceFutures
    } else if has(bybit::COLUMNS) {
        Shape::Bybit
    } else if has(deribit::COLUMNS) {
        Shape::Deribit
    } else if has(aave::COLUMNS) {
        Shape::Aave
    } else {
        return Err(Failure::Data(format!(
            "{name}: its columns are of no shape that is known ({}): time and kind at least, as docs/tax.md \
             has them, are right",
            columns.join(", ").chars().take(120).collect::<String>()
        )));
    })
}

/// Every row of a CSV file.
fn rows_of(path: &Path) -> Result<Rows, Failure> {
    let text = read_file(path)?;
    let text = text.trim_start_matches('\u{feff}');
    let wrong = |error: csv::Error| Failure::Data(format!("{}: {error}", path.display()));
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let columns: Vec<String> = reader.headers().map_err(wrong)?.iter().map(str::to_owned).collect();
    let mut records = Vec::new();
    for record in reader.records() {
        let record = record.map_err(wrong)?;
        let line = record.position().map_or(0, csv::Position::line);
        let mut row = Record::new(line);
        for (column, cell) in columns.iter().zip(record.iter()) {
            row.set(column, cell);
        }
        records.push(row);
    }
    Ok(Rows { columns, records })
}

/// A number and the letters after it: `0.5BTC`, `1,500.00 USDT`.
fn with_unit(row: &Record, column: &str) -> Result<(String, String), ImportError> {
    let right = "a number and its asset, such as 0.5BTC";
    let text = row.need(column, right)?;
    let plain: String = text.chars().filter(|c| *c != ',' && *c != ' ').collect();
    let split = plain.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '-'));
    match split {
        Some(at) if at > 0 => Ok((plain[..at].to_owned(), plain[at..].to_owned())),
        _ => Err(row.wrong(column, text, right)),
    }
}

/// A number without the commas between its thousands.
fn plain(text: &str) -> String {
    text.chars().filter(|c| *c != ',').collect()
}

/// The number of the other sign.
fn negated(text: &str) -> String {
    let text = plain(text);
    match text.strip_prefix('-') {
        Some(positive) => positive.to_owned(),
        None => format!("-{}", text.trim_start_matches('+')),
    }
}

/// Whether a number is zero or missing.
fn is_nothing(text: Option<&str>) -> bool {
    text.is_none_or(|text| !text.bytes().any(|b| (b'1'..=b'9').contains(&b)))
}
