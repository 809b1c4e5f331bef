//! What `breakwater branching` is asked.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Which events to read, and how to look at them.
#[derive(Debug, Args)]
pub struct Branching {
    /// Table of events: a CSV file, `.gz` or not, with a heading
    pub file: PathBuf,
    /// Column with their times: seconds since 1970, or such as 2020-12-17T14:19:27Z
    #[arg(long, value_name = "NAME", default_value = "time")]
    pub column: String,
    /// Only rows in which a column has a value, such as market=main
    #[arg(long, value_name = "COLUMN=VALUE", value_parser = pair)]
    pub only: Option<(String, String)>,
    /// What becomes of events with the same stamp
    #[arg(long, value_name = "WAY", default_value = "spread")]
    pub ties: TiesName,
    /// Seconds that a stamp covers, such as 12 for a block: events are spread over it
    #[arg(long, value_name = "S", default_value_t = 1.0)]
    pub resolution: f64,
    /// Estimate by windows of so many days as well
    #[arg(long, value_name = "N")]
    pub days: Option<f64>,
    /// Seed of the spreading
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
}

/// What becomes of events that share a stamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TiesName {
    /// Each is drawn evenly over what the stamp covers
    Spread,
    /// They are one event, weighted by their number
    Merge,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((column, value)) if !column.is_empty() => Ok((column.to_owned(), value.to_owned())),
        _ => Err("a column and a value, such as market=main".to_owned()),
    }
}
