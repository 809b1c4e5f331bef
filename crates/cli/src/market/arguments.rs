//! What may be said after `breakwater market`.

use breakwater_simulate::real_market::{Refill, Way};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// What to do with a recorded market.
#[derive(Debug, Subcommand)]
pub enum MarketCommand {
    /// Work a sale or a purchase through a recorded feed in several ways, and compare what they cost
    Replay(Box<Replay>),
    /// Rebuild a feed's book, and say where it ends, what traded, and what is wrong with the feed
    Book {
        /// A feed that travels with the program (btc-spot-2024-08-08), or path of a CSV or .csv.gz file
        #[arg(default_value = SHIPPED)]
        feed: String,
    },
    /// Costs of selling into quote ladders of many pairs, at once and in slices
    Ladders(Ladders),
}

/// The feed that travels with the program.
pub const SHIPPED: &str = "btc-spot-2024-08-08";

/// Work an order through a feed.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:  breakwater market replay --sell 10,50,100
          breakwater market replay feed.csv.gz --buy 500 --horizon 60 --refill measured")]
pub struct Replay {
    /// A feed that travels with the program, or path of a CSV or .csv.gz file (docs/cli.md has its columns)
    #[arg(default_value = SHIPPED)]
    pub feed: String,
    /// Sizes to sell, in the feed's unit, separated by commas [default: 1,10,50,100]
    #[arg(long, value_name = "SIZES", value_delimiter = ',', conflicts_with = "buy")]
    pub sell: Vec<String>,
    /// Sizes to buy back
    #[arg(long, value_name = "SIZES", value_delimiter = ',')]
    pub buy: Vec<String>,
    /// Only this way to work the order; may be given again [default: all]
    #[arg(long, value_name = "NAME")]
    pub strategy: Vec<Way>,
    /// Seconds from arrival to the last decision
    #[arg(long, value_name = "S", default_value_t = 30.0)]
    pub horizon: f64,
    /// Seconds between two decisions
    #[arg(long, value_name = "S", default_value_t = 1.0)]
    pub step: f64,
    /// Seconds of the feed from which volatility, impact, volume and refilling are estimated first
    #[arg(long, value_name = "S", default_value_t = 25.0)]
    pub warmup: f64,
    /// Times of arrival, spread over the rest of the feed
    #[arg(long, value_name = "N", default_value_t = 8)]
    pub starts: usize,
    /// How what we ate comes back: observed, never, measured (half-life of the first part), or seconds
    #[arg(long, value_name = "HOW", default_value = "observed", value_parser = refilling)]
    pub refill: Refilled,
    /// Percent of the market's volume that `participation` sends
    #[arg(long, value_name = "%", default_value_t = 20.0)]
    pub participation: f64,
    /// Aversion of `almgren-chriss` to variance, in one over a quote unit
    #[arg(long, value_name = "LAMBDA", default_value_t = 1e-4)]
    pub risk_aversion: f64,
    /// Standard deviations that `planner` charges a slice's wait with
    #[arg(long, value_name = "Z", default_value_t = 0.5)]
    pub z: f64,
    /// Quantities are contracts of so many quote units, settled in the base (100 for a BTC contract of 100 USD)
    #[arg(long, value_name = "QUOTE")]
    pub contract: Option<u64>,
    /// Count faults of the feed and go on, in place of stopping at the first
    #[arg(long)]
    pub flag_faults: bool,
    /// Folder to write page, tables and slices to [default: nothing is written]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// Costs of quote ladders.
#[derive(Debug, Args)]
pub struct Ladders {
    /// CSV or .csv.gz file with columns src, dst, in_amount and price_impact
    pub file: PathBuf,
    /// Number of equal slices
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub slices: u32,
    /// Seconds between two slices
    #[arg(long, value_name = "S", default_value_t = 60.0)]
    pub gap: f64,
    /// Seconds after which half of what was sold is quoted again: assumed, no ladder can show it
    #[arg(long, value_name = "S", default_value_t = 300.0)]
    pub half_life: f64,
}

/// How what we ate comes back, as asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Refilled {
    /// By this rule.
    By(Refill),
    /// With the half-life of the first part.
    Measured,
}

fn refilling(text: &str) -> Result<Refilled, String> {
    match text {
        "observed" => Ok(Refilled::By(Refill::Observed)),
        "never" => Ok(Refilled::By(Refill::Never)),
        "measured" => Ok(Refilled::Measured),
        _ => match text.parse::<f64>() {
            // A cast takes what is beyond 584 years to the longest.
            Ok(seconds) if seconds.is_finite() && seconds >= 1e-9 => {
                Ok(Refilled::By(Refill::HalfLife((seconds * 1e9) as u64)))
            }
            _ => Err("expected observed, never, measured, or seconds above 0".to_owned()),
        },
    }
}
