//! Arguments of `breakwater tax`.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// What was realised: of everybody in a journal, or of one holder as the forms of a profile.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:  breakwater tax out/black-thursday
           breakwater tax out/black-thursday --holder 664 --profile us --year 2020
           breakwater tax trades.csv --cash USDT --profile uk --year 2025 --out out/tax")]
pub struct Tax {
    /// A journal, the folder of a run with its journal in it, or a CSV file
    pub file: PathBuf,
    /// Of a journal: the account, by its number or its owner's name [default: everybody]
    #[arg(long, value_name = "ACCOUNT")]
    pub holder: Option<String>,
    /// Rules of which jurisdiction: us, uk, de, ca or au
    #[arg(long, value_name = "PROFILE")]
    pub profile: Option<String>,
    /// The tax year, by the calendar year in which it begins (au: ends)
    #[arg(long, value_name = "YEAR")]
    pub year: Option<i32>,
    /// Makes an election; may be given again
    #[arg(long, value_name = "NAME=CHOICE")]
    pub elect: Vec<String>,
    /// A standing order of lot choice (fifo, lifo, hifo, lofo); may be given again
    #[arg(long, value_name = "[ACCOUNT:]ORDER[@DATE]")]
    pub order: Vec<String>,
    /// How positions in contracts are matched
    #[arg(long, value_enum, default_value = "average")]
    pub matching: MatchingName,
    /// Folder for tables, a page and ledgers [default: none]
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
    /// Shape of the file
    #[arg(long, value_enum, default_value = "auto")]
    pub format: Shape,
    /// Events of a chain: whose
    #[arg(long, value_name = "ADDRESS")]
    pub user: Option<String>,
    /// Assets that count as the currency, such as a stablecoin
    #[arg(long, value_name = "ASSETS", value_delimiter = ',')]
    pub cash: Vec<String>,
    /// Assets that may occur [default: all]
    #[arg(long, value_name = "ASSETS", value_delimiter = ',')]
    pub assets: Vec<String>,
    /// Leave rows of other assets than those of --assets out
    #[arg(long)]
    pub skip_unknown_assets: bool,
    /// Accounts whose content is posted as collateral
    #[arg(long, value_name = "ACCOUNTS", value_delimiter = ',')]
    pub pledged: Vec<String>,
    /// Prices by date for what no row values: date, asset, price
    #[arg(long, value_name = "FILE")]
    pub prices: Option<PathBuf>,
    /// Zone of times that state none, such as utc or +02:00 [default: refuse them]
    #[arg(long, value_name = "ZONE", allow_hyphen_values = true)]
    pub time_zone: Option<String>,
    /// Rows that stand twice
    #[arg(long, value_enum, default_value = "refuse")]
    pub duplicates: Copies,
    /// More goes out than came in
    #[arg(long, value_enum, default_value = "refuse")]
    pub missing_basis: MissingBasis,
    /// Rows without value or price
    #[arg(long, value_enum, default_value = "refuse")]
    pub missing_value: MissingValue,
}

/// Shapes of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shape {
    /// By the columns
    Auto,
    /// One shape for everything
    Generic,
    /// Spot trades
    BinanceSpot,
    /// Trades of futures
    BinanceFutures,
    /// Log of transactions
    Bybit,
    /// Log of transactions
    Deribit,
    /// Liquidations and business of one user
    Aave,
}

/// What to do with rows that stand twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Copies {
    /// Refuse the file
    Refuse,
    /// Take the first
    Skip,
    /// Take all
    Keep,
}

/// What to do when more goes out than came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MissingBasis {
    /// Refuse the file
    Refuse,
    /// Acquired at that instant for nothing
    Zero,
    /// Acquired at that instant for what they bring
    Proceeds,
}

/// What to do with rows that nobody values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MissingValue {
    /// Refuse the file
    Refuse,
    /// Worth nothing
    Zero,
}

/// Which part of a position a reducing fill closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MatchingName {
    /// A share of the whole, at the average entry
    Average,
    /// The oldest fills first
    Fifo,
}
