//! Times of events from a table.

use crate::error::ScenarioError;
use jiff::Timestamp;

/// Most events that are read: beyond, a wrong file is likelier than a list of liquidations.
pub const ROWS_MAX: usize = 2_000_000;

/// Largest number of seconds read as a time, the year 5138: beyond, it is milliseconds.
const SECONDS_MAX: f64 = 1e11;

/// Reads one column of a table with a heading as seconds since 1970: numbers as they are, and times with
/// their offset from UTC, such as `2020-12-17T14:19:27Z` or `2020-12-17 14:19:27+00:00`. With
/// `only`, rows count whose other column has that value. In the order of the file.
///
/// # Errors
/// A table that is none, a column that is missing, or a time that is none, by its line.
pub fn read_times(
    file: &str,
    text: &str,
    column: &str,
    only: Option<(&str, &str)>,
) -> Result<Vec<f64>, ScenarioError> {
    let wrong =
        |line: u64, reason: String| ScenarioError::Row { file: file.to_owned(), line, reason };
    let mut rows = csv::ReaderBuilder::new().from_reader(text.as_bytes());
    let heading = rows.headers().map_err(|error| wrong(1, error.to_string()))?.clone();
    let place = |name: &str| {
        let names: Vec<&str> = heading.iter().collect();
        let missing = || wrong(1, format!("no column '{name}': there are {}", names.join(", ")));
        names.iter().position(|found| *found == name).ok_or_else(missing)
    };
    let at = place(column)?;
    let only = only.map(|(name, value)| Ok((place(name)?, value))).transpose()?;
    let mut times = Vec::new();
    for row in rows.records() {
        let line = |row: &csv::StringRecord| row.position().map_or(0, csv::Position::line);
        let row = row.map_err(|error| {
            let line = error.position().map_or(0, csv::Position::line);
            wrong(line, error.to_string())
        })?;
        if only.is_some_and(|(place, value)| row.get(place) != Some(value)) {
            continue;
        }
        let cell = row.get(at).unwrap_or_default();
        let right = "seconds since 1970, or a time such as 2020-12-17T14:19:27Z";
        let time = time_of(cell)
            .ok_or_else(|| wrong(line(&row), format!("{column} '{cell}': {right}")))?;
        times.push(time);
        if times.len() > ROWS_MAX {
            return Err(wrong(line(&row), format!("more than {ROWS_MAX} events")));
        }
    }
    Ok(times)
}

fn time_of(cell: &str) -> Option<f64> {
    if let Ok(seconds) = cell.trim().parse::<f64>() {
        return (seconds.abs() <= SECONDS_MAX).then_some(seconds);
    }
    let stamp: Timestamp = cell.trim().parse().ok()?;
    Some(stamp.as_second() as f64 + f64::from(stamp.subsec_nanosecond()) / 1e9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_every_form_and_a_wrong_one_is_named_by_its_line() {
        let text =
            "kind,time\na,100.5\nb,1970-01-01 00:02:00+00:00\na,1970-01-01T01:00:00.25+01:00\n";
        assert_eq!(read_times("x", text, "time", None).unwrap(), [100.5, 120.0, 0.25]);
        assert_eq!(read_times("x", text, "time", Some(("kind", "a"))).unwrap(), [100.5, 0.25]);
        let told = |text: &str, column: &str, only| {
            read_times("x.csv", text, column, only).unwrap_err().to_string()
        };
        assert!(told(text, "at", None).contains("no column 'at': there are kind, time"));
        assert!(told(text, "time", Some(("market", "a"))).contains("no column 'market'"));
        assert!(told("time\n1\nsoon\n", "time", None).starts_with("x.csv, line 3: time 'soon'"));
        assert!(told("time\n1700000000000\n", "time", None).contains("line 2"));
        assert!(told("time\nNaN\n", "time", None).contains("line 2"));
        assert!(told("time,b\n1\n", "time", None).contains("line 2"));
    }
}
