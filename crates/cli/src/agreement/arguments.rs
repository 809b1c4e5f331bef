//! What may be said after `breakwater agreement`.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// What to do with an agreement.
#[derive(Debug, Subcommand)]
pub enum AgreementCommand {
    /// Events and cash flows of contracts: the schedule that their terms make, row by row; or what the
    /// clock will do to listed contracts
    Events(Events),
    /// Read contracts, and hold their events against the rows that the file states; or read a margin
    /// agreement or a scenario of listed contracts
    Check {
        /// A JSON file: terms of a contract, a case with observations, or an object of cases; or a TOML
        /// file: a margin agreement, or a scenario of listed contracts
        file: PathBuf,
    },
    /// The margin call due now under an agreement, with its arithmetic
    Call(MarginCall),
    /// Play a scenario over a path: a book of margin agreements from calls to close-out, or listed
    /// contracts from funding to delivery
    Run(BookRun),
}

/// The margin call of a document with a position.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:  breakwater agreement call scenarios/agreements/annex-1994.toml
          breakwater agreement call agreement.toml --csv call.csv")]
pub struct MarginCall {
    /// A TOML file: a margin agreement with a position
    pub file: PathBuf,
    /// Write the arithmetic to this file as well
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
}

/// Play a book of agreements.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:  breakwater agreement run margin-call
          breakwater agreement run margin-call --out march --json
          breakwater agreement run expiry-friday")]
pub struct BookRun {
    /// A scenario that travels with the program (margin-call, expiry-friday, early-exercise), or path of
    /// a TOML file
    pub scenario: String,
    /// Folder to write to [default: out/<scenario>]
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
}

/// Show the events of contracts.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:  breakwater agreement events scenarios/agreements/margin-loan.json
          breakwater agreement events loan.json --until 2027-01-01 --csv rows.csv
          breakwater agreement events expiry-friday")]
pub struct Events {
    /// A JSON file: terms of a contract, a case with observations, or an object of cases; or a scenario
    /// of listed contracts, by name or as a TOML file
    pub file: PathBuf,
    /// Only this case of the file; may be given again [default: all]
    #[arg(long, value_name = "NAME")]
    pub case: Vec<String>,
    /// The last time to ask for, as 2027-01-01 or 2027-01-01T12:00:00 [default: the case's own `to`,
    /// or the end of the contract]
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Write the rows to this file as well
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
}
