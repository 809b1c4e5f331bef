//! What `breakwater defend` is asked.

use clap::Args;
use std::path::PathBuf;

/// Which scenario, and what to change.
#[derive(Debug, Args)]
pub struct Defend {
    /// Name of a scenario of defences (see `breakwater scenarios`), or path of a TOML file
    pub scenario: String,
    /// Seed of all draws, in place of the scenario's
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Paths, in place of the scenario's
    #[arg(long, value_name = "N")]
    pub paths: Option<u32>,
    /// Print the table as CSV
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
    /// Folder for the report, the tables and the answer; nothing is written without it
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}
