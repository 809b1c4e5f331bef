//! What may be said of how sales share a market.

use clap::{Args, ValueEnum};

/// How sales share the market.
#[derive(Debug, Args)]
pub struct Sharing {
    /// Perpetuals only: how the venue's sales share the market [default: alone]
    #[arg(long, value_enum, value_name = "WAY")]
    pub schedule: Option<ScheduleName>,
}

/// How sales share the market.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ScheduleName {
    /// Each account sends its whole leg, in the order of the venue's orders
    Alone,
    /// All open legs together: opposite ones meet at the mark, the rest goes out at a pace
    Pooled,
}
