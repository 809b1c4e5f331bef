//! How figures are printed: aligned tables, grouped numbers, times, and the machine's line.

use std::fmt::{Display, Formatter};
use std::time::Duration;

/// A table of text, aligned: the first column to the left, the others to the right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with its headings.
    #[must_use]
    pub fn new(headings: &[&str]) -> Table {
        Table { rows: vec![headings.iter().map(|heading| (*heading).to_owned()).collect()] }
    }

    /// Adds a row; cells without a heading are printed too.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }
}

impl Display for Table {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let cell =
            |row: &Vec<String>, column: usize| row.get(column).map_or(0, |c| c.chars().count());
        let widths: Vec<usize> = (0..columns)
            .map(|column| self.rows.iter().map(|row| cell(row, column)).max().unwrap_or(0))
            .collect();
        for (number, row) in self.rows.iter().enumerate() {
            let mut line = String::new();
            for (column, (text, width)) in row.iter().zip(&widths).enumerate() {
                let width = *width;
                line += &match column {
                    0 => format!("{text:<width$}"),
                    _ => format!("  {text:>width$}"),
                };
            }
            writeln!(f, "{}", line.trim_end())?;
            if number == 0 {
                let whole = widths.iter().sum::<usize>() + 2 * columns.saturating_sub(1);
                writeln!(f, "{}", "-".repeat(whole))?;
            }
        }
        Ok(())
    }
}

/// A whole number in groups of three.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// How many a second, from a count and the time it took.
#[must_use]
pub fn per_second(count: u64, took: Duration) -> String {
    // A clock that did not move gives infinity, which a cast carries to the largest number.
    grouped((count as f64 / took.as_secs_f64()).round() as u64)
}

/// Nanoseconds in the unit that leaves one to three digits before the point.
#[must_use]
pub fn nanos(nanos: u64) -> String {
    let value = nanos as f64;
    match nanos {
        0..1_000 => format!("{nanos} ns"),
        1_000..1_000_000 => format!("{:.1} us", value / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} ms", value / 1e6),
        _ => format!("{:.2} s", value / 1e9),
    }
}

/// A time as [`nanos`] prints it.
#[must_use]
pub fn time(duration: Duration) -> String {
    nanos(whole_nanos(duration))
}

/// A time in nanoseconds; more than five centuries count as the longest.
#[must_use]
pub fn whole_nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// The machine in one line: cores, model of the processor, and how busy it was at the start.
#[must_use]
pub fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let processors = read("/proc/cpuinfo");
    let model = processors
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("unknown processor", |(_, model)| model);
    let busy = read("/proc/loadavg");
    let load = busy.split_whitespace().next().unwrap_or("unknown");
    let build = if cfg!(debug_assertions) { ", debug build: times mean nothing" } else { "" };
    format!("{cores} cores, {model}, load average {load}{build}")
}

/// Memory that the process holds, bytes; zero where the system does not tell.
#[must_use]
pub fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = resident.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or(0).saturating_mul(1_024)
}

/// Bytes in whole megabytes.
#[must_use]
pub fn megabytes(bytes: u64) -> String {
    format!("{} MB", grouped(bytes.div_ceil(1_000_000)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_read_well() {
        let expected = [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")];
        for (number, text) in expected {
            assert_eq!(grouped(number), text);
        }
        for (number, text) in [(7, "7 ns"), (1_500, "1.5 us"), (2_000_000_000, "2.00 s")] {
            assert_eq!(nanos(number), text);
        }
        assert_eq!(per_second(10, Duration::from_millis(5)), "2,000");
    }

    #[test]
    fn a_table_is_aligned() {
        let mut table = Table::new(&["name", "n"]);
        table.row(vec!["a".to_owned(), "100".to_owned()]);
        assert_eq!(table.to_string(), "name    n\n---------\na     100\n");
    }
}
